"""JSON of NETOPIA's version 2: numbers keep their decimals, and an amount leaves as it is written on a bill."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, NoReturn

from adapters.payment_gateway.netopia.statuses import outcome_of, reason_of, status_word
from hub.kernel.money import Money, NotExact
from hub.ports.payment_gateway import Outcome, Report, Unreadable

_NUMBER = re.compile(r"[0-9]{1,40}")
_REFERENCE = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_LONGEST = 200


def read_object(content: bytes) -> dict[str, Any]:
    """One JSON object; decimals are exact. Raises ValueError."""
    try:
        document = json.loads(content, parse_float=Decimal, parse_constant=_no_constant)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if not isinstance(document, dict):
        raise ValueError("not a JSON object")  # noqa: TRY004 - of what was read, as for the others
    return document


def written(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, ensure_ascii=False).encode()


def with_amount(document: Mapping[str, Any], amount: Money) -> str:
    """`document`, which is not empty, in JSON with `amount` in major units as its last member: without a float."""
    return f'{written(document).decode()[:-1]}, "amount": {amount.to_decimal():f}}}'


def part(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def text_of(document: Mapping[str, Any], name: str) -> str:
    """A text or whole number as text; empty for null, absent and anything else."""
    value = document.get(name)
    return str(value).strip() if isinstance(value, str | int) and not isinstance(value, bool) else ""


def error_of(document: Mapping[str, Any]) -> tuple[str, str]:
    """Code and message, which stand under `error`, or at the top for errors of the gateway's own door."""
    for place in (part(document, "error"), document):
        if code := text_of(place, "code"):
            return code, text_of(place, "message")[:_LONGEST]
    return "", ""


def amount_of(payment: Mapping[str, Any]) -> Money | None:
    """Raises Unreadable."""
    value, currency = payment.get("amount"), text_of(payment, "currency")
    if value is None or not currency:
        return None
    try:
        decimal = Decimal(value) if isinstance(value, str | int | Decimal) and not isinstance(value, bool) else None
        if decimal is None or not decimal.is_finite() or decimal < 0:
            raise NotExact("not an amount")
        return Money.from_decimal(decimal, currency)
    except (ArithmeticError, NotExact):
        raise Unreadable("payment.amount and payment.currency are not an amount of money.") from None


def report_of(document: Mapping[str, Any], *, number: str | None = None) -> Report:
    """What `payment` and `order` say, in a notification or in the answer to a question about `number`.

    Raises Unreadable.
    """
    payment, order = part(document, "payment"), part(document, "order")
    told = text_of(order, "orderID") or (number or "")
    if not _NUMBER.fullmatch(told):
        raise Unreadable("order.orderID is missing or not a number of ours.")
    status = payment.get("status")
    if isinstance(status, bool) or not isinstance(status, int):
        raise Unreadable("payment.status is not a whole number.")
    reference = text_of(payment, "ntpID")
    if reference and not _REFERENCE.fullmatch(reference):
        raise Unreadable("payment.ntpID is not an id.")
    code = text_of(payment, "code") or error_of(document)[0] or text_of(part(payment, "error"), "code")
    data, instrument = part(payment, "data"), part(payment, "instrument")
    approval = text_of(data, "AuthCode") or None
    outcome = outcome_of(status, authorised=approval is not None)
    return Report(
        number=told,
        outcome=outcome,
        word=status_word(status, code),
        reference=reference or None,
        # After a credit the amount is that of the credit: a part of what was ordered.
        amount=None if outcome is Outcome.REFUNDED else amount_of(payment),
        reason=reason_of(outcome, code),
        approval=approval,
        card=text_of(instrument, "panMasked") or None,
        details=_details(payment, data, document, credited=outcome is Outcome.REFUNDED),
    )


def _details(
    payment: Mapping[str, Any], data: Mapping[str, Any], document: Mapping[str, Any], *, credited: bool
) -> Mapping[str, str]:
    told = {
        "message": text_of(payment, "message") or error_of(document)[1],
        "rrn": text_of(data, "RRN"),
        "issuer": text_of(data, "ISSUER"),
        "operation_date": text_of(payment, "operationDate"),
    }
    if credited and (amount := amount_of(payment)):
        told["payment_amount"] = str(amount)
    return {name: value[:_LONGEST] for name, value in told.items() if value}


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")
