"""A transfer order as JSON, for the command line: the names of hub.kernel.transfer.TransferOrder."""

from __future__ import annotations

import json
from datetime import date
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.kernel.errors import InvalidRequest
from hub.kernel.money import Money, NotExact, minor_units
from hub.kernel.references import Reference
from hub.kernel.transfer import PostalName, TransferOrder
from hub.kit import cz_account, rs_account

EXAMPLE = (
    '{"payee": {"name": "Město Vzorov"}, "account": "19-2000145399/0800", "amount": "500.00", "currency": "CZK", '
    '"references": [{"scheme": "cz.variable_symbol", "value": "1234567890"}], "message": "Poplatek za psa"}'
)
_CURRENCIES = {"CZ": "CZK", "RS": "RSD", "UA": "UAH"}


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Name(_Strict):
    name: str
    street: str = ""
    place: str = ""


class _Reference(_Strict):
    scheme: str
    value: str


class _Order(_Strict):
    payee: _Name
    account: str
    amount: str | int | Decimal | None = None
    currency: str = ""
    references: list[_Reference] = Field(default_factory=list)
    message: str = ""
    due_on: str | None = None
    bic: str = ""
    purpose: str = ""
    payer: _Name | None = None
    payee_identifier: str = ""
    payment_code: str = ""


def order_of(text: str) -> TransferOrder:
    """The order in `text`. `account` is an IBAN, or a Czech or Serbian national form; `amount` has a decimal
    point; `due_on` is YYYY-MM-DD; the currency may be absent, and is then that of the account's country.

    Raises InvalidRequest with the key and what is allowed there.
    """
    try:
        given = _Order.model_validate(json.loads(text, parse_float=Decimal))
    except ValidationError as error:
        raise InvalidRequest(_reason(error)) from None
    except ValueError as error:
        raise InvalidRequest(f"This is not JSON: {error}. Write such as: {EXAMPLE}") from error
    account = _account(given.account)
    currency = given.currency or _CURRENCIES.get(account[:2], "EUR")
    try:
        minor_units(currency)
        amount = Money.parse(str(given.amount), currency) if given.amount is not None else None
    except NotExact as error:
        raise InvalidRequest(f"amount: {error}.", field="amount") from error
    try:
        due_on = date.fromisoformat(given.due_on) if given.due_on is not None else None
    except ValueError as error:
        raise InvalidRequest("due_on: write YYYY-MM-DD.", field="due_on") from error
    return TransferOrder(
        payee=PostalName(**given.payee.model_dump()),
        account=account,
        amount=amount,
        currency=currency,
        references=tuple(Reference(one.scheme, one.value) for one in given.references),
        message=given.message,
        due_on=due_on,
        bic=given.bic,
        purpose=given.purpose,
        payer=PostalName(**given.payer.model_dump()) if given.payer else None,
        payee_identifier=given.payee_identifier,
        payment_code=given.payment_code,
    )


def json_of(order: TransferOrder) -> dict[str, Any]:
    """What `order_of` reads, without what is empty."""
    fields: dict[str, Any] = {
        "payee": _name(order.payee),
        "account": order.account,
        "local_account": local_account(order.account),
        "amount": f"{order.amount.to_decimal():f}" if order.amount else None,
        "currency": order.currency,
        "references": [one._asdict() for one in order.references],
        "message": order.message,
        "due_on": order.due_on.isoformat() if order.due_on else None,
        "bic": order.bic,
        "purpose": order.purpose,
        "payer": _name(order.payer) if order.payer else None,
        "payee_identifier": order.payee_identifier,
        "payment_code": order.payment_code,
    }
    return {name: value for name, value in fields.items() if value or name in {"payee", "amount"}}


def local_account(account: str) -> str | None:
    """The national form of an IBAN where people write one; None elsewhere."""
    return cz_account.local_account(account) or rs_account.local_account(account)


def _name(party: PostalName) -> dict[str, str]:
    return {"name": party.name, "street": party.street, "place": party.place}


def _account(text: str) -> str:
    plain = "".join(text.split())
    try:
        if "/" in plain:
            cz_account.validate(plain)
            return cz_account.iban_of(plain)
        return rs_account.iban_of(plain) if plain[:1].isdigit() else plain
    except ValueError as error:
        raise InvalidRequest(f"account: {error}.", field="account") from error


def _reason(error: ValidationError) -> str:
    first = error.errors(include_url=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"])) or "--json"
    if first["type"] == "extra_forbidden":
        return f"{place} is no field of an order. There are: {', '.join(_Order.model_fields)}. Such as: {EXAMPLE}"
    return f"{place}: {first['msg']}. Such as: {EXAMPLE}"
