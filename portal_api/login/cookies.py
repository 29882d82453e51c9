"""The two cookies of a town: which browser this is, and who is logged in in it.

Both are SameSite=Lax: the eID's answer comes as a cross-site POST without them, and the GET that follows it brings
them. A town with a host of its own has names that begin with `__Host-`, which no other host can plant; towns that share
a host are kept apart by name and path (RFC 6265bis §4.1.3).
"""

from __future__ import annotations

import secrets
from typing import NamedTuple
from urllib.parse import urlsplit

from fastapi import Request
from starlette.responses import Response

from hub.back_offices.model import Town
from portal_api.envelope import BY_HOST

_LONGEST = 100
"""Characters; ours have 43."""


class _Place(NamedTuple):
    name: str
    path: str
    secure: bool


def base(request: Request, town: Town) -> str:
    """What stands before a path of the town on this server: nothing for a town with a host of its own."""
    if request.scope.get(BY_HOST):
        return ""
    return urlsplit(town.address).path or f"/{town.city.slug}"


def browser_of(request: Request, town: Town) -> str | None:
    """Which browser this is; None for one that was never here."""
    return _read(request, town, "login")


def new_browser() -> str:
    return secrets.token_urlsafe(32)


def keep_browser(response: Response, request: Request, town: Town, browser: str) -> None:
    """Until the browser is closed."""
    _write(response, request, town, "login", browser)


def session_of(request: Request, town: Town) -> str | None:
    """The token of this browser's session, for `hub.sessions.find`."""
    return _read(request, town, "session")


def keep_session(response: Response, request: Request, town: Town, token: str) -> None:
    """Until the browser is closed; how long the session lasts is known to the hub alone."""
    _write(response, request, town, "session", token)


def forget_session(response: Response, request: Request, town: Town) -> None:
    place = _place(request, town, "session")
    response.delete_cookie(place.name, path=place.path, secure=place.secure, httponly=True, samesite="lax")


def known_browser_of(request: Request, town: Town) -> str | None:
    """What hub.passwords knows this browser by; None where no right password was given in it."""
    return _read(request, town, "password")


def keep_known_browser(response: Response, request: Request, town: Town, browser: str) -> None:
    """For a year from the last login by password, as long as the hub remembers it."""
    _write(response, request, town, "password", browser, max_age=365 * 24 * 3600)


def _place(request: Request, town: Town, kind: str) -> _Place:
    path, secure = base(request, town), town.address.startswith("https://")
    if secure and not path:
        return _Place(f"__Host-munihub_{kind}", "/", secure)
    return _Place(f"{'__Secure-' if secure else ''}munihub_{kind}_{town.city.slug}", path or "/", secure)


def _read(request: Request, town: Town, kind: str) -> str | None:
    value = request.cookies.get(_place(request, town, kind).name)
    return value if value and len(value) <= _LONGEST else None


def _write(
    response: Response, request: Request, town: Town, kind: str, value: str, *, max_age: int | None = None
) -> None:
    place = _place(request, town, kind)
    response.set_cookie(
        place.name, value, max_age=max_age, path=place.path, secure=place.secure, httponly=True, samesite="lax"
    )
