"""The form by which the browser is sent to Monri, and its digest.

Sources: docs.monri.com "Form (redirect)", "How to calculate digest"; variables with lengths: ipg.monri.com
"Transactions API".
"""

from __future__ import annotations

import hashlib

from adapters.payment_gateway.monri.settings import LANGUAGES, Buyer, MonriSettings
from hub.kernel.money import Money
from hub.ports.payment_gateway import Order, Payer

_SHORTEST, _LONGEST_INFO = 3, 100


def order_digest(key: str, number: str, amount: Money) -> str:
    """Hexadecimal SHA-512 of key, order number, minor units and currency, one after another."""
    return hashlib.sha512(f"{key}{number}{amount.minor}{amount.currency}".encode()).hexdigest()


def form_fields(order: Order, settings: MonriSettings, *, key: str, address: str) -> dict[str, str]:
    """What is posted to `/v2/form`.

    The success URL has no query of its own, so that what Monri appends is all there is to sign; the cancel URL, to
    which it appends nothing that is signed, names the order.
    """
    fields = {
        **_buyer(order.payer, settings.buyer),
        "order_number": order.number,
        "order_info": _info(order),
        "amount": str(order.amount.minor),
        "currency": order.amount.currency,
        "language": LANGUAGES.get(order.language, "en"),
        "transaction_type": settings.transaction_type,
        "authenticity_token": settings.authenticity_token,
        "digest": order_digest(key, order.number, order.amount),
        "supported_payment_methods": "card",
        "success_url_override": f"{address}{order.return_path}",
        "cancel_url_override": f"{address}{order.return_path}?order_number={order.number}",
        "callback_url_override": f"{address}/notify",
    }
    if order.payer.ip:
        fields["ip"] = order.payer.ip
    return fields


def _info(order: Order) -> str:
    title = _plain(order.title)[:_LONGEST_INFO].strip()
    return title if len(title) >= _SHORTEST else f"{title} {order.number}".strip()


def _buyer(payer: Payer, instead: Buyer) -> dict[str, str]:
    """What is known of the payer, cut to Monri's lengths; what is shorter than these goes unsaid."""
    known = {
        "ch_full_name": (payer.name, instead.full_name, 30),
        "ch_address": (payer.street, instead.address, 100),
        "ch_city": (payer.city, instead.city, 30),
        "ch_zip": (payer.postcode, instead.zip, 9),
        "ch_country": (payer.country, instead.country, 30),
        "ch_phone": (payer.phone, instead.phone, 30),
        "ch_email": (payer.email, instead.email, 100),
    }
    fields = {}
    for name, (told, other, longest) in known.items():
        # A country is two letters (ISO 3166-1), whatever the table of lengths says.
        shortest = 2 if name == "ch_country" else _SHORTEST
        for value in (_plain(told)[:longest].strip(), other):
            if len(value) >= shortest:
                fields[name] = value
                break
    return fields


def _plain(text: str) -> str:
    return " ".join("".join(char if char.isprintable() else " " for char in text).split())
