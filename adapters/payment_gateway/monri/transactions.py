"""A transaction as Monri tells it, in JSON (callbacks) or XML (its API), and the requests of the XML API.

Sources: docs.monri.com "Transaction management" (API v1); Monri's WooCommerce module, includes/monri-api.php, for
`/orders/show`.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from lxml import etree

from adapters.payment_gateway.monri.statuses import ORDERED, judge
from hub.kernel.money import Money, NotExact, minor_units
from hub.ports.payment_gateway import Outcome, Report, Unreadable

Verb = Literal["capture", "refund", "void"]

_NUMBER = re.compile(r"[0-9]{1,40}")
_TOLD = ("event", "id", "transaction_type", "response_message", "acquirer", "issuer", "cc_type", "reference_number",
         "systan", "eci", "outgoing_amount", "outgoing_currency")  # fmt: skip
_LONGEST = 200


def show_request(number: str, *, token: str, key: str) -> bytes:
    """The body for `/orders/show`; its digest is SHA-1 of key and order number."""
    digest = hashlib.sha1(f"{key}{number}".encode(), usedforsecurity=False).hexdigest()
    return _document("order", {"order-number": number, "authenticity-token": token, "digest": digest})


def change_request(number: str, amount: Money, *, token: str, key: str) -> bytes:
    """The body for `/transactions/<number>/<verb>.xml`: SHA-1 of key, order number, minor units and currency."""
    text = f"{key}{number}{amount.minor}{amount.currency}"
    fields = {
        "amount": str(amount.minor),
        "currency": amount.currency,
        "digest": hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest(),
        "authenticity-token": token,
        "order-number": number,
    }
    return _document("transaction", fields)


def _document(name: str, fields: Mapping[str, str]) -> bytes:
    root = etree.Element(name)
    for child, value in fields.items():
        etree.SubElement(root, child).text = value
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def xml_fields(root: etree._Element) -> dict[str, str]:
    """The children of an answer by their names in JSON (`order-number` is `order_number`), without empty ones."""
    return {
        etree.QName(child).localname.replace("-", "_"): text
        for child in root.iterchildren(etree.Element)
        if (text := (child.text or "").strip())
    }


def report_of(
    fields: Mapping[str, Any], *, ordered: str, currency: str | None = None, one_refund: bool = True
) -> Report:
    """What a transaction says of its order.

    `ordered` (purchase, authorize) and `currency` are the order's, for answers that leave them out. The amount of a
    refund is `refunded` only where Monri gives back once (`one_refund`). Raises Unreadable.
    """
    number = _text(fields, "order_number")
    if not _NUMBER.fullmatch(number):
        raise Unreadable("order_number is missing or not a number of ours.")
    kind = _text(fields, "transaction_type") or ordered
    status, code = _text(fields, "status"), _text(fields, "response_code")
    judged = judge(kind, status, code)
    amount = _amount(fields, currency)
    refunded = amount if kind == "refund" and judged.outcome is Outcome.REFUNDED and one_refund else None
    told = {name: _text(fields, name)[:_LONGEST] for name in _TOLD if _text(fields, name)}
    if kind not in ORDERED and amount is not None:
        told["transaction_amount"] = str(amount)
    return Report(
        number=number,
        outcome=judged.outcome,
        word=judged.word,
        # Monri's id is of a transaction, and an order has several; its own name for the order is our number.
        reference=number,
        amount=amount if kind in ORDERED else None,
        refunded=refunded,
        at=_at(fields),
        reason=judged.reason,
        approval=_text(fields, "approval_code") or None,
        card=_text(fields, "masked_pan") or None,
        message_id=_text(fields, "id") or None,
        details=told,
    )


def _text(fields: Mapping[str, Any], name: str) -> str:
    """A text or whole number as text; empty for null, absent and anything else."""
    value = fields.get(name)
    if isinstance(value, bool) or not isinstance(value, str | int):
        return ""
    return str(value).strip()


def _amount(fields: Mapping[str, Any], currency: str | None) -> Money | None:
    minor, named = _text(fields, "amount"), _text(fields, "currency") or currency
    if fields.get("amount") is None or not named:
        return None
    if not re.fullmatch(r"[0-9]{1,11}", minor):
        raise Unreadable("amount is not a whole number of minor units.")
    try:
        minor_units(named)
    except NotExact:
        raise Unreadable("currency is not one of ISO 4217.") from None
    return Money(int(minor), named)


def _at(fields: Mapping[str, Any]) -> datetime | None:
    try:
        at = datetime.fromisoformat(_text(fields, "created_at"))
    except ValueError:
        return None
    return at if at.tzinfo else None
