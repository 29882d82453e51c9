"""The programs registered with a town's provider: which one asks, and whether it is the one it says it is.

They are registered by the town itself, in its configuration, so nobody is asked for consent: the town gives its
citizens its own front ends, and what these may ask for is decided there (OpenID Connect Core 1.0 §3.1.2.4 leaves it to
the provider). There is no dynamic registration.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from pydantic import SecretStr

from hub.back_offices.model import Town
from hub.cities.clients import Client
from hub.grants.model import IDENTITY_SCOPES, OAuthError
from hub.kernel.errors import ConfigurationError, NotReady

FindSecret = Callable[[str], SecretStr]

_LOOPBACK = frozenset({"127.0.0.1", "[::1]"})


@dataclass(frozen=True, slots=True)
class Registered:
    """A client and the name it is registered under, which is its `client_id`."""

    client_id: str
    client: Client

    @property
    def scopes(self) -> tuple[str, ...]:
        """What it may ask for."""
        extra = () if self.client.kind == "machine" else IDENTITY_SCOPES
        return tuple(dict.fromkeys((*extra, *self.client.scopes)))

    def redirects_to(self, uri: str) -> bool:
        """Whether `uri` is one of its own, letter by letter (RFC 9700 §4.1.3).

        The one exception is RFC 8252 §7.3: an address of a program on the user's own machine that is registered
        without a port, `http://127.0.0.1/callback`, stands for every port of it.
        """
        if uri in self.client.redirect_uris:
            return True
        if self.client.kind != "public":
            return False
        without = _without_port(uri)
        return without is not None and without in self.client.redirect_uris


def _without_port(uri: str) -> str | None:
    """`http://127.0.0.1:51004/callback` without the port; None for everything but such an address."""
    try:
        parts = urlsplit(uri)
        port = parts.port
    except ValueError:
        return None
    for host in _LOOPBACK:
        head = f"http://{host}:{port}"
        # The text is compared again: an address that reads otherwise than it is written is none of these.
        if port is not None and uri.startswith(f"{head}/") and parts.netloc == f"{host}:{port}":
            return f"http://{host}{uri.removeprefix(head)}"
    return None


def find(town: Town, client_id: str | None) -> Registered | None:
    client = town.city.clients.get(client_id) if client_id else None
    return Registered(client_id, client) if client_id and client else None


def authenticate(town: Town, client_id: str | None, secret: str | None, find_secret: FindSecret) -> Registered:
    """The client that `client_id` and `secret` prove, or a public one, which proves itself by PKCE alone.

    Raises OAuthError `invalid_client`, with the same words and the same work for a client that does not exist.
    """
    registered = find(town, client_id)
    wanted = ""
    if registered is not None and registered.client.secret is not None:
        try:
            wanted = find_secret(registered.client.secret.secret).get_secret_value()
        except ConfigurationError as error:
            raise NotReady("This front end's secret is being set up. Its operator can see why.") from error
    same = hmac.compare_digest((secret or "").encode(), wanted.encode())
    if registered is not None and registered.client.kind == "public" and secret is None:
        return registered
    if registered is None or not wanted or not same:
        raise OAuthError("invalid_client", "This client is not known here, or its secret is wrong.")
    return registered
