"""What a token must say, once its signature is right. All refusals are LoginRefused; no text holds a value of a claim.

OpenID Connect Core 1.0 §3.1.3.7 (id_token), Back-Channel Logout 1.0 §2.6 (logout token).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from hub.kernel.errors import LoginRefused
from identity.oidc.documents import time_in

_LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"
_HASHES = {"256": hashlib.sha256, "384": hashlib.sha384, "512": hashlib.sha512}
# A logout token is sent at once; an older one was kept by somebody.
_LOGOUT_LATEST = timedelta(minutes=10)

Claims = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Expected:
    """Who speaks to whom, and when."""

    issuer: str
    client_id: str
    trusted_audiences: tuple[str, ...]
    skew: timedelta
    now: datetime


@dataclass(frozen=True, slots=True)
class Asked:
    """What one request to log in asked for. `max_age`: how long before it the person may have proven herself."""

    nonce: str
    begun: datetime
    max_age: timedelta | None


def check_id_token(
    claims: Claims, expected: Expected, asked: Asked, *, algorithm: str, access_token: str | None
) -> datetime:
    """When the person proved herself: `auth_time`, or `iat` where nobody asked. Raises LoginRefused."""
    what = "id_token"
    check_parties(claims, expected, what)
    issued_at = _check_times(claims, expected, what)
    # Issued before we asked, it is the answer to another question.
    if issued_at < asked.begun - expected.skew:
        raise LoginRefused("The id_token was issued before the login began.", reason="expired")
    if not same(claims.get("nonce"), asked.nonce):
        raise LoginRefused("The id_token's nonce is not that of this login.", reason="unsolicited")
    if "at_hash" in claims and not same(claims["at_hash"], _half_hash(access_token or "", algorithm)):
        raise LoginRefused("The id_token's at_hash is not that of the access token.", reason="bad_signature")
    subject_of(claims, what)
    authenticated_at = _time(claims, "auth_time", what)
    if asked.max_age is not None:
        if authenticated_at is None:
            problem = "The id_token has no auth_time although max_age was asked for (OpenID Connect Core 1.0 §2)."
            raise LoginRefused(problem, reason="missing_attribute")
        if authenticated_at < asked.begun - asked.max_age - expected.skew:
            raise LoginRefused("The person did not prove herself as lately as asked for.", reason="expired")
    if authenticated_at is not None and authenticated_at > expected.now + expected.skew:
        raise LoginRefused("The id_token's auth_time lies in the future.", reason="not_yet_valid")
    return authenticated_at or issued_at


@dataclass(frozen=True, slots=True)
class LogoutToken:
    """Whose sessions end: all of `subject`, or the one named `session`. `until`: worth nothing afterwards."""

    subject: str
    session: str | None
    token_id: str
    until: datetime


def check_logout_token(claims: Claims, expected: Expected) -> LogoutToken:
    """Raises LoginRefused."""
    what = "logout token"
    check_parties(claims, expected, what)
    issued_at = _check_times(claims, expected, what)
    if issued_at < expected.now - _LOGOUT_LATEST - expected.skew:
        raise LoginRefused("The logout token was issued too long ago.", reason="expired")
    events = claims.get("events")
    if not isinstance(events, dict) or not isinstance(events.get(_LOGOUT_EVENT), dict):
        raise LoginRefused("The token is not about a logout.", reason="malformed")
    # §2.4: so that an id_token can never be passed off as a logout token.
    if "nonce" in claims:
        raise LoginRefused("The logout token has a nonce, which it must not.", reason="malformed")
    for name in ("sub", "sid", "jti"):
        value = claims.get(name)
        if value is not None and not (isinstance(value, str) and 0 < len(value) <= 255):
            raise LoginRefused(f"The logout token's {name} is not a text.", reason="malformed")
    if claims.get("jti") is None or (claims.get("sub") is None and claims.get("sid") is None):
        raise LoginRefused("The logout token lacks its jti, or both sub and sid.", reason="malformed")
    # The norm lets an issuer name the session alone. Sessions are found by person here, and the issuer shall not
    # believe that one has ended which has not.
    if claims.get("sub") is None:
        raise LoginRefused("The logout token has a sid and no sub, which is needed.", reason="missing_attribute")
    until = min(_required(claims, "exp", what), expected.now + timedelta(days=1)) + expected.skew
    return LogoutToken(claims["sub"], claims.get("sid"), claims["jti"], until)


def check_parties(claims: Claims, expected: Expected, what: str) -> None:
    """`iss`, `aud`, `azp`. Raises LoginRefused."""
    if claims.get("iss") != expected.issuer:
        raise LoginRefused(f"The {what} is of another issuer.", reason="wrong_issuer")
    audience = claims.get("aud")
    audiences = audience if isinstance(audience, list) else [audience]
    if expected.client_id not in audiences:
        raise LoginRefused(f"The {what} is not for us.", reason="wrong_audience")
    # §3.1.3.7 (3): also for somebody we do not know, it could have been given to that one first.
    if any(one != expected.client_id and one not in expected.trusted_audiences for one in audiences):
        problem = f"The {what} is also for others than us; trusted_audiences may name them."
        raise LoginRefused(problem, reason="wrong_audience")
    party = claims.get("azp")
    if (party is None and len(audiences) > 1) or (party is not None and party != expected.client_id):
        raise LoginRefused(f"The {what} was issued to another client (azp).", reason="wrong_audience")


def subject_of(claims: Claims, what: str) -> str:
    """`sub`: at most 255 ASCII characters (Core §2). Raises LoginRefused."""
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject.isascii() or not 0 < len(subject) <= 255:
        raise LoginRefused(f"The {what} has no usable sub.", reason="malformed")
    return subject


def same(given: Any, expected: str) -> bool:
    """Equal texts, compared in constant time."""
    return isinstance(given, str) and hmac.compare_digest(
        given.encode(errors="surrogatepass"), expected.encode(errors="surrogatepass")
    )


def _check_times(claims: Claims, expected: Expected, what: str) -> datetime:
    """`iat`, with `exp` and `nbf` checked."""
    if _required(claims, "exp", what) + expected.skew <= expected.now:
        raise LoginRefused(f"The {what} has expired.", reason="expired")
    issued_at = _required(claims, "iat", what)
    not_before = _time(claims, "nbf", what) or issued_at
    if max(issued_at, not_before) > expected.now + expected.skew:
        raise LoginRefused(f"The {what} is of the future; are both clocks right?", reason="not_yet_valid")
    return issued_at


def _required(claims: Claims, name: str, what: str) -> datetime:
    moment = _time(claims, name, what)
    if moment is None:
        raise LoginRefused(f"The {what} has no {name}.", reason="malformed")
    return moment


def _time(claims: Claims, name: str, what: str) -> datetime | None:
    try:
        return time_in(claims, name)
    except ValueError as error:
        raise LoginRefused(f"In the {what} {error}.", reason="malformed") from None


def _half_hash(text: str, algorithm: str) -> str:
    """`at_hash` (Core §3.1.3.6): the left half of the algorithm's own hash; Ed25519's is SHA-512 (RFC 8032 §5.1)."""
    digest = _HASHES.get(algorithm[2:], hashlib.sha512)(text.encode()).digest()
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()
