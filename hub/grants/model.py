"""What a front end asks for, what it was granted, and how it is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from hub.kernel.assurance import Assurance
from hub.kernel.errors import RequestError
from hub.tokens.service import LIFE

OPENID = "openid"
PROFILE = "profile"
IDENTITY_SCOPES = (OPENID, PROFILE)
"""Scopes every front end in which people log in may ask for; all others are listed in its configuration."""

CODE_LIFE = timedelta(seconds=60)
"""RFC 6749 §4.1.2 allows ten minutes; a front end redeems its code at once."""

REQUEST_LIFE = timedelta(hours=1)
"""A request waits so long for a login; a login itself takes ten minutes, and may be begun anew."""

GRACE = timedelta(seconds=10)
"""A refresh token that was used may be used again within it, as long as what it gave was not: the answer got lost."""

ID_TOKEN = "JWT"  # noqa: S105 - the header type of an id_token
ID_TOKEN_LIFE = timedelta(minutes=10)
LOGOUT_TOKEN = "logout+jwt"  # noqa: S105 - OpenID Connect Back-Channel Logout 1.0 §2.4
LOGOUT_TOKEN_LIFE = timedelta(minutes=2)


class OAuthError(RequestError):
    """A refusal in the words of RFC 6749 §5.2 and §4.1.2.1: `error` is one of its codes, `detail` for a developer."""

    code = "oauth"

    def __init__(self, error: str, detail: str) -> None:
        super().__init__(detail)
        self.error = error

    @property
    def status(self) -> int:
        return {"invalid_client": 401, "temporarily_unavailable": 503}.get(self.error, 400)


class AuthorizationRefused(OAuthError):
    """A refusal that the front end hears of through the browser: its address was found to be its own."""

    def __init__(self, error: str, detail: str, *, redirect_uri: str, state: str | None) -> None:
        super().__init__(error, detail)
        self.redirect_uri, self.state = redirect_uri, state


@dataclass(frozen=True, slots=True)
class AuthorizationRequest:
    """A request that was found to be in order (RFC 6749 §4.1.1, RFC 7636 §4.3, OpenID Connect Core 1.0 §3.1.2.1).

    `assurance` is the least a session needs, by the front end's configuration and by `acr_values`. `max_age` is in
    seconds.
    """

    client_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    code_challenge: str
    assurance: Assurance
    state: str | None = None
    nonce: str | None = None
    prompt: tuple[str, ...] = ()
    max_age: int | None = None
    language: str | None = None

    def refused(self, error: str, detail: str) -> AuthorizationRefused:
        return AuthorizationRefused(error, detail, redirect_uri=self.redirect_uri, state=self.state)


@dataclass(frozen=True, slots=True)
class Grant:
    """One login at one front end. `revoked_at` ends it with everything it gave."""

    grant_id: UUID
    client: str
    session_id: UUID
    subject_id: UUID | None
    staff_id: UUID | None
    scopes: tuple[str, ...]
    nonce: str | None
    assurance: Assurance
    methods: tuple[str, ...]
    authenticated_at: datetime
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None

    def in_force(self, now: datetime) -> bool:
        return self.revoked_at is None and now < self.expires_at


@dataclass(frozen=True, slots=True)
class Issued:
    """What the token endpoint gives (RFC 6749 §5.1)."""

    access_token: str
    scopes: tuple[str, ...]
    refresh_token: str | None = None
    id_token: str | None = None
    expires_in: timedelta = LIFE

    def body(self) -> dict[str, Any]:
        content: Mapping[str, Any] = {
            "access_token": self.access_token,
            "token_type": "Bearer",
            "expires_in": int(self.expires_in.total_seconds()),
            "scope": " ".join(self.scopes),
            "refresh_token": self.refresh_token,
            "id_token": self.id_token,
        }
        return {name: value for name, value in content.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Ended:
    """What is left to do when a session has ended: addresses of front ends the browser must visit
    (OpenID Connect Front-Channel Logout 1.0 §2); the others are told by jobs.
    """

    frontchannel: tuple[str, ...] = ()
