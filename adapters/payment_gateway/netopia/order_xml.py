"""The XML of version 1: the order that is sealed, and what NETOPIA adds to it.

Sources: doc.netopia-payments.com "Version 1.x"; mobilpay/composer src/Request/Card.php, Invoice.php, Address.php (texts
are URL-encoded in CDATA) and Notify.php.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime
from urllib.parse import quote_plus
from zoneinfo import ZoneInfo

from lxml import etree

from adapters.payment_gateway.netopia.settings import NetopiaSettings
from adapters.payment_gateway.netopia.statuses import ACTIONS, DONE, REASONS
from hub.kernel.errors import RemoteGarbage
from hub.kernel.money import Money, NotExact
from hub.kit import xml
from hub.ports.payment_gateway import Forged, Order, Outcome, Report, Unreadable

_NUMBER = re.compile(r"[0-9]{1,40}")
_STAMP = "%Y%m%d%H%M%S"
_LONGEST_TITLE = 100
_LONGEST = 200


def order_document(order: Order, settings: NetopiaSettings, *, address: str, zone: ZoneInfo, cipher: str) -> bytes:
    """`<order type="card">` with the elements in the order of NETOPIA's own library."""
    root = etree.Element("order", type="card", id=order.number, timestamp=order.now.astimezone(zone).strftime(_STAMP))
    _child(root, "signature").text = settings.pos_signature
    amount = f"{order.amount.to_decimal():f}"
    invoice = etree.SubElement(root, "invoice", currency=order.amount.currency, amount=amount)
    _encoded(invoice, "details", " ".join(order.title.split())[:_LONGEST_TITLE])
    _billing(invoice, order, settings)
    _child(root, "ipn_cipher").text = cipher
    url = _child(root, "url")
    _child(url, "return").text = f"{address}{order.return_path}?order={order.number}"
    _child(url, "confirm").text = f"{address}/notify"
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def read_notification(content: bytes, settings: NetopiaSettings, *, zone: ZoneInfo) -> Report:
    """What NETOPIA, or whoever has its certificate, says of an order: it is not believed.

    Raises Unreadable, and Forged for the point of sale of somebody else.
    """
    try:
        root = xml.parse(content, what="notification", max_bytes=500_000)
    except RemoteGarbage as error:
        raise Unreadable(str(error)) from None
    if root.tag != "order":
        raise Unreadable("The root is not an order.")
    if _text(root, "signature") != settings.pos_signature:
        raise Forged("The order is of another point of sale.")
    number = root.get("id", "")
    told, invoice = root.find("mobilpay"), root.find("invoice")
    if not _NUMBER.fullmatch(number) or told is None or invoice is None:
        raise Unreadable("The order has no id of ours, no invoice or no mobilpay.")
    action, code = _text(told, "action"), _code(told)
    succeeded, failed = ACTIONS.get(action, (Outcome.UNKNOWN, Outcome.UNKNOWN))
    outcome = succeeded if code in DONE else failed
    return Report(
        number=number,
        outcome=outcome,
        word=f"{action} {code}".strip(),
        reference=_text(told, "purchase") or None,
        amount=None if action == "credit" else _amount(told, invoice),
        at=_at(told.get("timestamp", ""), zone),
        reason=REASONS.get(code) if outcome is Outcome.DECLINED else None,
        card=_text(told, "pan_masked") or None,
        message_id=told.get("crc") or None,
        believed=False,
        details=_details(told),
    )


def _billing(invoice: etree._Element, order: Order, settings: NetopiaSettings) -> None:
    payer, instead = order.payer, settings.buyer
    first, _, last = payer.name.strip().rpartition(" ")
    known = {
        "first_name": first or instead.first_name,
        "last_name": last or instead.last_name,
        "address": payer.street or instead.details,
        "email": payer.email or instead.email,
        "mobile_phone": payer.phone or instead.phone,
    }
    if any(known.values()):
        billing = etree.SubElement(_child(invoice, "contact_info"), "billing", type="person")
        for name, value in known.items():
            if value:
                _encoded(billing, name, value)


def _child(parent: etree._Element, name: str) -> etree._Element:
    return etree.SubElement(parent, name)


def _encoded(parent: etree._Element, name: str, text: str) -> None:
    _child(parent, name).text = etree.CDATA(quote_plus(text))


def _text(parent: etree._Element, name: str) -> str:
    return (parent.findtext(name) or "").strip()


def _code(told: etree._Element) -> str:
    """The error code; a missing one is none that succeeded."""
    error = told.find("error")
    return (error.get("code", "") if error is not None else "").strip() or "missing"


def _amount(told: etree._Element, invoice: etree._Element) -> Money | None:
    """What was processed, which may be less than ordered; what was ordered, where it does not say."""
    written = _text(told, "processed_amount") or invoice.get("amount", "")
    try:
        return Money.parse(written, invoice.get("currency", "")) if written else None
    except NotExact:
        raise Unreadable("processed_amount and currency are not an amount of money.") from None


def _at(stamp: str, zone: ZoneInfo) -> datetime | None:
    """NETOPIA's own time, which is Romania's; the town's zone stands for it."""
    try:
        return datetime.strptime(stamp, _STAMP).replace(tzinfo=zone).astimezone(UTC)
    except ValueError:
        return None


def _details(told: etree._Element) -> dict[str, str]:
    named = {name: _text(told, name) for name in ("original_amount", "processed_amount", "rrn", "issuer")}
    error = told.find("error")
    named["message"] = " ".join(str(text).strip() for text in error.itertext()).strip() if error is not None else ""
    return {name: value[:_LONGEST] for name, value in named.items() if value}
