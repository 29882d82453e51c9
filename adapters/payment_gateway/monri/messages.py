"""What comes from Monri by itself: the browser's return and the signed messages.

Sources: docs.monri.com "Responses and notifications" (callback, webhooks), Monri's WooCommerce module
(includes/callback.php, includes/gateway-adapter-webpay-form.php) for what exactly is hashed.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn

from hub.ports.payment_gateway import Forged, Incoming, Unreadable

SCHEME = "WP3-callback"
_DIGEST = re.compile(r"[0-9a-fA-F]{128}")
_IN_QUERY = re.compile(r"&digest=([^&]*)")
_ORDER_IN_URL = re.compile(r"[?&]order_number=([0-9]{1,40})(?=[?&]|$)")


def verified_return(message: Incoming, key: str) -> Mapping[str, str] | None:
    """The parameters of a return whose digest is right; None where the browser brought none (the cancel link).

    The digest is over the address exactly as called, less `&digest=…`. Raises Forged.
    """
    found = _IN_QUERY.findall(message.url)
    if not found and "digest" not in message.query:
        return None
    if len(found) != 1 or not _DIGEST.fullmatch(found[0]):
        raise Forged("The digest of the return address is not one SHA-512.")
    signed = _IN_QUERY.sub("", message.url)
    if not _same(found[0], hashlib.sha512((key + signed).encode(errors="surrogateescape")).hexdigest()):
        raise Forged("The digest of the return address is not that of our merchant key.")
    return message.query


def order_in(url: str) -> str:
    """The order number in an address that nobody signed; Monri may append a second `?`. Raises Unreadable."""
    found = set(_ORDER_IN_URL.findall(url))
    if len(found) != 1:
        raise Unreadable("The return address names no order, or several.")
    return str(found.pop())


def verified_body(message: Incoming, key: str) -> dict[str, Any]:
    """The JSON object of a callback or webhook whose digest over the bytes received is right.

    Raises Forged, Unreadable.
    """
    scheme, _, digest = message.headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() != SCHEME.lower():
        raise Forged(f"The message has no Authorization of the kind {SCHEME}.")
    digest = digest.strip()
    if not _DIGEST.fullmatch(digest):
        raise Forged("The digest in Authorization is not one SHA-512.")
    if not _same(digest, hashlib.sha512(key.encode() + message.body).hexdigest()):
        raise Forged("The digest in Authorization is not that of our merchant key over this body.")
    try:
        document = json.loads(message.body, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise Unreadable("The body is not JSON.") from None
    if not isinstance(document, dict):
        raise Unreadable("The body is not a JSON object.")
    return document


def _same(received: str, computed: str) -> bool:
    return hmac.compare_digest(received.lower(), computed)


def _no_constant(name: str) -> NoReturn:
    raise ValueError(name)
