"""What Monri WebPay signs and how it writes a transaction: digests of a shared key, JSON and XML.

After docs.monri.com "Form (redirect)", "How to calculate digest", "Responses and notifications", "Transaction
management".
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode
from xml.sax.saxutils import escape

from lxml import etree

from simulators.kit.secrets import secret

MERCHANTS: Mapping[str, str] = {"5f1c0de5ba5eba11c0ffee00decaf0bad0cafe42": "pregrada-monri"}
"""authenticity_token → the secret that is the merchant's key."""

_RETURNED = ("acquirer", "amount", "approval_code", "authentication", "cc_type", "ch_full_name", "currency",
             "custom_params", "enrollment", "language", "masked_pan", "number_of_installments", "order_number",
             "response_code")  # fmt: skip
_TOLD_IN_XML = ("id", "acquirer", "order-number", "amount", "currency", "response-code", "approval-code",
                "response-message", "reference-number", "systan", "cc-type", "masked-pan", "status",
                "transaction-type", "created-at")  # fmt: skip
_TYPES = {"id": "integer", "amount": "integer", "created-at": "datetime"}


def key_of(token: str) -> str | None:
    name = MERCHANTS.get(token)
    return secret(name) if name else None


def is_signed(digest: str, text: str, algorithm: str) -> bool:
    """`algorithm`: sha1, sha512."""
    expected = hashlib.new(algorithm, text.encode(), usedforsecurity=False).hexdigest()
    return hmac.compare_digest(digest.encode(), expected.encode())


def returned(url: str, transaction: Mapping[str, Any], key: str) -> dict[str, str]:
    """What is appended to the success URL; the digest, over the address with all of the rest, comes last."""
    fields = {name: str(transaction.get(name) or "") for name in _RETURNED}
    joint = "&" if "?" in url else "?"
    text = f"{key}{url}{joint}{urlencode(fields)}"
    return fields | {"digest": hashlib.sha512(text.encode()).hexdigest()}


def message(document: Mapping[str, Any], key: str) -> tuple[dict[str, str], bytes]:
    """Headers and body of a callback or webhook."""
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    digest = hashlib.sha512(key.encode() + body).hexdigest()
    return {"Content-Type": "application/json", "Authorization": f"WP3-callback {digest}"}, body


def read_xml(body: bytes) -> dict[str, str]:
    """The children of the root. Raises ValueError."""
    try:
        root = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
    except etree.XMLSyntaxError as error:
        raise ValueError(str(error)) from None
    return {str(child.tag): (child.text or "").strip() for child in root}


def transaction_xml(transaction: Mapping[str, Any]) -> bytes:
    lines = []
    for name in _TOLD_IN_XML:
        value = transaction.get(name.replace("-", "_"))
        kind = f' type="{_TYPES[name]}"' if name in _TYPES else ""
        lines.append(f'<{name} nil="true"/>' if value is None else f"<{name}{kind}>{escape(str(value))}</{name}>")
    return b'<?xml version="1.0" encoding="UTF-8"?>\n<transaction>' + "".join(lines).encode() + b"</transaction>"


def errors_xml(*texts: str) -> bytes:
    errors = "".join(f"<error>{escape(text)}</error>" for text in texts)
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<errors>{errors}</errors>'.encode()
