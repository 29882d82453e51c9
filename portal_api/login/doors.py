"""Every address of a login, put into the application."""

from __future__ import annotations

from fastapi import FastAPI

from portal_api.login import assets, claims, eids, passkey, password, routes, security, totp


def install(app: FastAPI) -> None:
    """What has a name of its own comes before what an eID's name stands for."""
    for one in (routes, assets, claims, password, passkey, totp, security, eids):
        app.include_router(one.router, prefix="/{city}")
