"""Checking a WS-Security UsernameToken with a digest.

OASIS Web Services Security UsernameToken Profile 1.1.1, §3.1:
`PasswordDigest = Base64(SHA-1(nonce + created + password))`; nonce and created are required, a token is
fresh for five minutes, and a nonce is accepted once in that time.
Fault codes: OASIS SOAP Message Security 1.1.1, §12.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from lxml import etree

from simulators.kit.soap import Fault

_OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
_WSSE = f"{_OASIS}wssecurity-secext-1.0.xsd"
_WSU = f"{_OASIS}wssecurity-utility-1.0.xsd"
_DIGEST = f"{_OASIS}username-token-profile-1.0#PasswordDigest"
_FRESH = timedelta(minutes=5)


def digest(nonce: bytes, created: str, password: str) -> str:
    """The profile prescribes SHA-1; what protects the password is TLS, not the digest."""
    sha1 = hashlib.sha1(nonce + created.encode() + password.encode(), usedforsecurity=False)
    return base64.b64encode(sha1.digest()).decode()


class UsernameTokens:
    """Knows one user and the nonces of the last five minutes."""

    def __init__(self, username: str, password: str, clock: Callable[[], datetime]) -> None:
        self._username = username
        self._password = password
        self._clock = clock
        self._seen: dict[bytes, datetime] = {}

    def check(self, header: etree._Element | None) -> None:
        """Raises Fault: InvalidSecurity where the token is missing or incomplete, MessageExpired where it
        is not of now, FailedAuthentication where user, digest or nonce are not accepted.
        """
        token = None if header is None else header.find(f"{{{_WSSE}}}Security/{{{_WSSE}}}UsernameToken")
        if token is None:
            raise _fault("InvalidSecurity", "A wsse:UsernameToken is required.")
        password = token.find(f"{{{_WSSE}}}Password")
        created = token.findtext(f"{{{_WSU}}}Created", "").strip()
        if password is None or password.get("Type") != _DIGEST or not created:
            raise _fault("InvalidSecurity", "The token must have a PasswordDigest, a Nonce and a Created.")
        try:
            nonce = base64.b64decode(token.findtext(f"{{{_WSSE}}}Nonce", "").strip(), validate=True)
            at = datetime.fromisoformat(created)
        except (binascii.Error, ValueError) as error:
            raise _fault("InvalidSecurity", "The Nonce or the Created cannot be read.") from error
        if at.tzinfo is None or not nonce:
            raise _fault("InvalidSecurity", "The Nonce is empty or the Created has no time zone.")
        self._refuse_stale(at)
        expected = digest(nonce, created, self._password)
        user = token.findtext(f"{{{_WSSE}}}Username", "").strip()
        right_user = hmac.compare_digest(user.encode(), self._username.encode())
        if not hmac.compare_digest((password.text or "").strip().encode(), expected.encode()) or not right_user:
            raise _fault("FailedAuthentication", "The security token could not be authenticated.")
        self._take(nonce)

    def _refuse_stale(self, at: datetime) -> None:
        if abs(self._clock().astimezone(UTC) - at) > _FRESH:
            raise _fault("MessageExpired", "The message has expired.")

    def _take(self, nonce: bytes) -> None:
        now = self._clock()
        # A token may be up to five minutes early, so its nonce is remembered for twice that long.
        self._seen = {seen: at for seen, at in self._seen.items() if now - at <= 2 * _FRESH}
        if nonce in self._seen:
            raise _fault("FailedAuthentication", "The nonce was used before.")
        self._seen[nonce] = now


def _fault(code: str, reason: str) -> Fault:
    return Fault(f"{{{_WSSE}}}{code}", reason)
