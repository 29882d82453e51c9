"""How the hub proves itself to a back office: settings of each kind, and the headers they become."""

from __future__ import annotations

import asyncio
import base64
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Literal, Protocol
from urllib.parse import quote_plus, urlencode

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator

from hub.kernel.clock import Clock, SystemClock
from hub.kernel.errors import RemoteGarbage, RemoteRefused
from hub.kit.origins import HttpUrl
from hub.kit.redaction import redact, shown_url
from hub.kit.reply import Reply, raise_for
from hub.kit.secrets import SecretRef

_Secret = Callable[[str], SecretStr]


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class NoAuth(_Settings):
    kind: Literal["none"] = "none"


class BasicAuth(_Settings):
    """HTTP Basic (RFC 7617), in UTF-8."""

    kind: Literal["basic"]
    username: str
    password: SecretRef

    @field_validator("username")
    @classmethod
    def _without_colon(cls, username: str) -> str:
        if ":" in username or not username.isprintable():
            raise ValueError("a user name of HTTP Basic has no colon and no control characters (RFC 7617 §2)")
        return username


class BearerAuth(_Settings):
    """A token that does not change (RFC 6750 §2.1)."""

    kind: Literal["bearer"]
    token: SecretRef


class ApiKeyAuth(_Settings):
    """A key in a header of the back office's own, such as `X-API-Key`."""

    kind: Literal["api_key"]
    header: Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,60}$")]
    key: SecretRef


class OAuth2Auth(_Settings):
    """Client credentials (RFC 6749 §4.4); the client proves itself by HTTP Basic (§2.3.1)."""

    kind: Literal["oauth2"]
    token_url: HttpUrl
    client_id: str
    client_secret: SecretRef
    scope: str | None = None


class WsseAuth(_Settings):
    """A UsernameToken in the SOAP header (WS-Security UsernameToken Profile 1.1.1)."""

    kind: Literal["wsse"]
    username: str
    password: SecretRef
    digest: bool


HttpAuthSettings = Annotated[NoAuth | BasicAuth | BearerAuth | ApiKeyAuth | OAuth2Auth, Field(discriminator="kind")]
"""Kinds that are HTTP headers: what a REST back office may use."""

AuthSettings = Annotated[
    NoAuth | BasicAuth | BearerAuth | ApiKeyAuth | OAuth2Auth | WsseAuth, Field(discriminator="kind")
]
"""All kinds. `wsse` is written into the envelope by the SOAP connector and is nothing to HTTP."""


class Exchange(Protocol):
    """One request and its reply, without credentials: what an Auth may use to fetch a token."""

    def __call__(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> Awaitable[Reply]: ...


class Auth(Protocol):
    def prepare(self) -> None:
        """Looks up the secrets. Raises ConfigurationError."""

    async def headers(self, exchange: Exchange) -> Mapping[str, str]:
        """The headers that prove who we are. Raises RemoteError, ConfigurationError."""

    def renew(self, refused: Mapping[str, str]) -> bool:
        """Told that `refused` were answered with 401: whether other headers can be had now."""


def build_auth(settings: AuthSettings, *, secret: _Secret, clock: Clock | None = None) -> Auth | None:
    """The HTTP side of `settings`; None for `none` and `wsse`.

    Secrets are looked up at each use, so that a rotated one works without a restart.
    """
    if isinstance(settings, OAuth2Auth):
        return _OAuth2(settings, secret, clock or SystemClock())
    if isinstance(settings, BasicAuth | BearerAuth | ApiKeyAuth):
        return _Constant(settings, secret)
    return None


class _Constant:
    def __init__(self, settings: BasicAuth | BearerAuth | ApiKeyAuth, secret: _Secret) -> None:
        self._settings = settings
        self._secret = secret

    def prepare(self) -> None:
        self._headers()

    async def headers(self, exchange: Exchange) -> Mapping[str, str]:
        return self._headers()

    def _headers(self) -> dict[str, str]:
        settings = self._settings
        if isinstance(settings, BasicAuth):
            return {"authorization": _basic(settings.username, self._secret(settings.password.secret))}
        if isinstance(settings, BearerAuth):
            return {"authorization": f"Bearer {self._secret(settings.token.secret).get_secret_value()}"}
        return {settings.header.lower(): self._secret(settings.key.secret).get_secret_value()}

    def renew(self, refused: Mapping[str, str]) -> bool:
        return False


class _OAuth2:
    """One token for all calls, fetched by the first that needs it while the others wait."""

    # A token is given up a little before its end: it has to survive the way and differing clocks.
    _SKEW = timedelta(seconds=30)

    def __init__(self, settings: OAuth2Auth, secret: _Secret, clock: Clock) -> None:
        self._settings = settings
        self._secret = secret
        self._clock = clock
        self._lock = asyncio.Lock()
        self._token: str | None = None
        self._until: datetime | None = None  # None: the server did not say; good until it is refused.

    def prepare(self) -> None:
        self._secret(self._settings.client_secret.secret)

    async def headers(self, exchange: Exchange) -> Mapping[str, str]:
        async with self._lock:
            if self._token is None or (self._until is not None and self._clock.now() >= self._until):
                self._token, self._until = await self._fetch(exchange)
            return {"authorization": f"Bearer {self._token}"}

    def renew(self, refused: Mapping[str, str]) -> bool:
        # Only the token that was refused is thrown away, not the one another call has fetched since.
        if refused.get("authorization") == f"Bearer {self._token}":
            self._token = None
        return True

    async def _fetch(self, exchange: Exchange) -> tuple[str, datetime | None]:
        settings = self._settings
        secret = self._secret(settings.client_secret.secret)
        form = {"grant_type": "client_credentials"} | ({"scope": settings.scope} if settings.scope else {})
        # RFC 6749 §2.3.1: both parts are form-encoded before they are joined.
        credentials = _basic(quote_plus(settings.client_id), SecretStr(quote_plus(secret.get_secret_value())))
        reply = await exchange(
            "POST",
            settings.token_url,
            headers={
                "authorization": credentials,
                "content-type": "application/x-www-form-urlencoded",
                "accept": "application/json",
            },
            content=urlencode(form).encode(),
        )
        where = shown_url(settings.token_url)
        try:
            answer = json.loads(reply.content)
        except ValueError:
            answer = None
        answer = answer if isinstance(answer, dict) else {}
        if reply.status in (400, 401, 403):  # RFC 6749 §5.2
            code = redact(str(answer.get("error", "no error code")))[:60]
            raise RemoteRefused(f"{where} gives no token to the client {settings.client_id!r}: {code}.")
        raise_for(reply)
        token, kind = answer.get("access_token"), str(answer.get("token_type", ""))
        # RFC 6750 §2.1: b64token; anything else could break out of the header.
        if not isinstance(token, str) or not re.fullmatch(r"[A-Za-z0-9._~+/-]+=*", token) or kind.lower() != "bearer":
            raise RemoteGarbage(f"{where} answered without a bearer token (RFC 6749 §5.1).")
        lifetime = _seconds(answer.get("expires_in"))
        if lifetime is None:
            return token, None
        return token, self._clock.now() + max(lifetime - self._SKEW, lifetime / 2)


def _basic(username: str, password: SecretStr) -> str:
    pair = f"{username}:{password.get_secret_value()}".encode()
    return f"Basic {base64.b64encode(pair).decode()}"


def _seconds(value: object) -> timedelta | None:
    """`expires_in`; some servers write the number as a text."""
    try:
        seconds = float(str(value))
    except ValueError:
        return None
    return timedelta(seconds=seconds) if 0 < seconds < 10**8 else None
