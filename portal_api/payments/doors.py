"""Every address of payments that needs no token, put into the application."""

from __future__ import annotations

from fastapi import FastAPI

from portal_api.payments import gateways, stable


def install(app: FastAPI) -> None:
    for one in (gateways.browser, gateways.machine, stable.router):
        app.include_router(one, prefix="/{city}")
