"""Joins the provider's doors to the application."""

from __future__ import annotations

from fastapi import FastAPI

from portal_api.oauth2 import authorize, discovery, forms, logout, token
from portal_api.oauth2.cors import Cors


def install(app: FastAPI) -> None:
    """Before TownByHost is added, which must stand around it: its paths begin with the town."""
    for module in (discovery, authorize, token, logout):
        app.include_router(module.router, prefix="/{city}")
    app.include_router(discovery.at_the_root)
    forms.install(app)
    app.add_middleware(Cors, app)
