"""The clients of a simulated OpenID provider, and how they say who they are."""

from __future__ import annotations

import base64
import binascii
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from starlette.requests import Request

from simulators.kit.pages import NotAccepted
from simulators.kit.store import Store

FIELDS = ("client_id", "client_secret", "redirect_uris", "post_logout_redirect_uris", "backchannel_logout_uri")
_MOST = 1000


class NotAuthenticated(Exception):
    """The client is unknown or its secret is wrong."""


def client_store(clients: Sequence[Mapping[str, Any]], clock: Callable[[], datetime]) -> Store:
    return Store(key="client_id", fields=FIELDS, initial=lambda: [(dict(one), clock()) for one in clients], clock=clock)


def client_of(clients: Store, client_id: str) -> Mapping[str, Any]:
    """Raises NotAccepted for an unknown one."""
    for item in clients.items():
        if item["client_id"] == client_id:
            return item
    raise NotAccepted(f"There is no client {client_id!r}.")


def authenticated(clients: Store, request: Request, form: Mapping[str, str]) -> Mapping[str, Any]:
    """By HTTP Basic or in the form (RFC 6749 §2.3.1); raises NotAuthenticated."""
    client_id, given = _basic(request) or (form.get("client_id", ""), form.get("client_secret", ""))
    try:
        client = client_of(clients, client_id)
    except NotAccepted as error:
        raise NotAuthenticated from error
    if not hmac.compare_digest(given.encode(), client["client_secret"].encode()):
        raise NotAuthenticated
    return client


async def form_of(request: Request) -> dict[str, str]:
    return dict(parse_qsl((await request.body()).decode("utf-8", "replace"), keep_blank_values=True))


def trim(memory: dict[str, Any]) -> None:
    """Forget the oldest, so that a simulator that runs for weeks does not fill up."""
    while len(memory) >= _MOST:
        del memory[next(iter(memory))]


def _basic(request: Request) -> tuple[str, str] | None:
    scheme, _, given = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        client, _, password = base64.b64decode(given, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return unquote_plus(client), unquote_plus(password)
