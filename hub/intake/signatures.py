"""Signatures of pushed messages, as Standard Webhooks 1.0 writes them (standard-webhooks/spec, "Signature scheme").

HMAC-SHA256 over `{webhook-id}.{webhook-timestamp}.{body}` with a shared key; `webhook-signature` holds one or several,
`v1,` and base64, between blanks, so that a sender may sign with the old and the new key while one takes the other's
place.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from hub.intake.once import Signed
from hub.kernel.errors import Unauthenticated
from hub.kit.webhooks import ID, SIGNATURE, TIMESTAMP, sign

__all__ = ["ID", "SIGNATURE", "TIMESTAMP", "WINDOW", "NotSigned", "SignedHead", "read_head", "sign"]

WINDOW = timedelta(minutes=5)
"""How far a message's time may be from ours; what is older was signed once and is not believed twice."""

_MOST = 10
"""Signatures of one message."""

Owner = TypeVar("Owner")


class NotSigned(Unauthenticated):
    """The signature is not accepted. `reason` is stable and counted by the administrators' list."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(detail)
        self.reason = reason


@dataclass(frozen=True, slots=True)
class SignedHead:
    """The headers of a signed message, whose body is still to come."""

    webhook_id: str
    signed_at: datetime
    timestamp: str
    signatures: tuple[bytes, ...]

    def verify(self, body: bytes, keys: Iterable[tuple[Owner, bytes]]) -> tuple[Owner, Signed]:
        """Whose key signed it, and what for. Every key is tried, so that time tells nothing. Raises NotSigned."""
        content = f"{self.webhook_id}.{self.timestamp}.".encode() + body
        found: list[Owner] = []
        for owner, key in keys:
            wanted = hmac.new(key, content, hashlib.sha256).digest()
            if any([hmac.compare_digest(wanted, one) for one in self.signatures]):  # noqa: C419 - all of them
                found.append(owner)
        if not found:
            raise NotSigned("wrong_signature", "No key of this town made this signature of these bytes.")
        return found[0], Signed(self.webhook_id, self.signed_at, hashlib.sha256(body).digest())


def read_head(headers: Mapping[str, str], now: datetime) -> SignedHead:
    """Raises NotSigned for what cannot be a signature, or is too old or too new: before any body is read."""
    webhook_id = headers.get(ID, "")
    # A full stop would let parts of the signed text change their meaning.
    if not re.fullmatch(r"[!-~]{1,200}", webhook_id) or "." in webhook_id:
        raise NotSigned("malformed_signature", f"{ID} is an id of 1 to 200 characters without blanks and full stops.")
    timestamp = headers.get(TIMESTAMP, "")
    if not re.fullmatch(r"\d{1,11}", timestamp, re.ASCII):
        raise NotSigned("malformed_signature", f"{TIMESTAMP} is the time in whole seconds since 1970.")
    signed_at = datetime.fromtimestamp(int(timestamp), UTC)
    if now - signed_at > WINDOW:
        raise NotSigned("old_timestamp", f"It was signed more than {WINDOW.seconds // 60} minutes ago: sign it anew.")
    if signed_at - now > WINDOW:
        raise NotSigned("future_timestamp", f"{TIMESTAMP} is to come: set the clock of the sender.")
    return SignedHead(webhook_id, signed_at, timestamp, tuple(_signatures(headers.get(SIGNATURE, ""))))


def _signatures(text: str) -> list[bytes]:
    found = []
    for one in text.split(" ")[:_MOST]:
        version, _, value = one.partition(",")
        if version == "v1":
            try:
                found.append(base64.b64decode(value, validate=True))
            except (binascii.Error, ValueError):
                continue
    if not found:
        raise NotSigned("malformed_signature", f"{SIGNATURE} holds v1, and a signature in base64.")
    return found
