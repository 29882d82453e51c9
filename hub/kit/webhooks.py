"""Standard Webhooks 1.0: keys, signatures and sending (standard-webhooks/spec, "Signature scheme").

HMAC-SHA256 over `{webhook-id}.{webhook-timestamp}.{body}`. `webhook-signature` holds one or several, `v1,` and base64,
between blanks: whoever changes keys signs with the old and the new one for a while.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta

from pydantic import SecretStr

from hub.kernel.clock import Clock
from hub.kernel.errors import ConfigurationError, RemoteFault
from hub.kit.breaker import Breaker, BreakerSettings
from hub.kit.http import Http, HttpSettings, Timeouts, raise_for
from hub.kit.secrets import SecretRef

ID, TIMESTAMP, SIGNATURE = "webhook-id", "webhook-timestamp", "webhook-signature"

_PREFIX = "whsec_"
_MAKE_ONE = 'Write `whsec_` and 32 random bytes in base64: echo "whsec_$(openssl rand -base64 32)".'


_SETTINGS = HttpSettings(
    timeout=Timeouts(connect=timedelta(seconds=5), read=timedelta(seconds=15), total=timedelta(seconds=20)),
    max_reply_bytes=100_000,
    connections=2,
)


class WebhookGone(RemoteFault):
    """The receiver wants no more messages: 410 (standard-webhooks/spec, "Status codes")."""


def signing_key(found: SecretStr, place: str) -> bytes:
    """24 to 64 bytes, in base64 behind `whsec_`. Raises ConfigurationError with the key `place` for what is none."""
    value = found.get_secret_value()
    if not value.startswith(_PREFIX):
        raise ConfigurationError("this signing secret does not begin with whsec_", key=place, remedy=_MAKE_ONE)
    try:
        key = base64.b64decode(value.removeprefix(_PREFIX), validate=True)
    except (binascii.Error, ValueError):
        # Not its cause: it could quote the secret.
        raise ConfigurationError("this signing secret is not base64", key=place, remedy=_MAKE_ONE) from None
    if not 24 <= len(key) <= 64:
        raise ConfigurationError(f"this signing secret has {len(key)} bytes, not 24 to 64", key=place, remedy=_MAKE_ONE)
    return key


def sign(keys: bytes | Sequence[bytes], webhook_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The headers of a message, signed with every one of `keys`."""
    timestamp = str(int(at.timestamp()))
    content = f"{webhook_id}.{timestamp}.".encode() + body
    every = [keys] if isinstance(keys, bytes) else keys
    signatures = (base64.b64encode(hmac.new(key, content, hashlib.sha256).digest()).decode() for key in every)
    return {ID: webhook_id, TIMESTAMP: timestamp, SIGNATURE: " ".join(f"v1,{one}" for one in signatures)}


def signing_keys(
    new: SecretRef, previous: SecretRef | None, secret: Callable[[str], SecretStr], place: str
) -> list[bytes]:
    """What a message is signed with, the new key first; `place` is where they are named. Raises ConfigurationError."""
    named = {"secret": new, "previous_secret": previous}
    return [signing_key(secret(one.secret), f"{place}.{key}") for key, one in named.items() if one is not None]


async def post(url: str, body: bytes, headers: Mapping[str, str], clock: Clock) -> None:
    """One attempt at a JSON `body`. Raises WebhookGone for 410 and a RemoteError for anything else but 2xx; redirects
    are not followed.
    """
    http = Http("webhook", [url], _SETTINGS, None, Breaker("webhook", BreakerSettings(), clock=clock))
    try:
        headers = {"Content-Type": "application/json", **headers}
        reply = await http.send("POST", url, headers=headers, content=body, repeatable=False)
    finally:
        await http.close()
    if reply.status == 410:
        raise WebhookGone(f"{reply.method} {reply.url} answered 410: it wants no more messages.", reached=True)
    raise_for(reply)
