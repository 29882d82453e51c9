"""What a citizen can do with obligations: list them, open one, get what is needed to pay one by transfer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import asyncpg
import orjson

from hub.cities.model import City
from hub.kernel.errors import Conflict, InvalidRequest, NotFound
from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.kernel.text import choose
from hub.kernel.transfer import PostalName, TransferOrder
from hub.obligations import queries
from hub.obligations.model import Filters, ObligationState, Sort
from hub.ports.bank_transfer import BankTransferScheme, CannotExpress
from hub.storage.database import Connection


@dataclass(frozen=True, slots=True)
class ObligationPage:
    """One page. `next` continues after its last row, None where there is no more."""

    rows: list[dict[str, Any]]
    next: tuple[str, UUID] | None


@dataclass(frozen=True, slots=True)
class Instalment:
    """One part with a due date of its own."""

    number: int
    due_on: date
    amount: Money
    outstanding: Money | None
    references: tuple[Reference, ...]


@dataclass(frozen=True, slots=True)
class Transfer:
    """An order, and its payload in each scheme of the town; `refused` says why a scheme has none."""

    order: TransferOrder
    payloads: Mapping[str, str]
    refused: Mapping[str, str]


def state_of(row: Mapping[str, Any], today: date) -> ObligationState:
    """Derived, never stored: an obligation becomes overdue by the calendar, not by a job."""
    if row["cancelled"]:
        return ObligationState.CANCELLED
    due = amount_due(row)
    if due <= 0:
        return ObligationState.CREDIT if due < 0 else ObligationState.PAID
    if row["due_on"] is not None and row["due_on"] < today:
        return ObligationState.OVERDUE
    return ObligationState.OPEN


def amount_due(row: Mapping[str, Any]) -> int:
    """Minor units still to be paid; where the source does not say, the amount as assessed."""
    value = row["outstanding"] if row["outstanding"] is not None else row["original"]
    return int(value)


async def listed(
    connection: Connection,
    city: City,
    today: date,
    filters: Filters,
    sort: Sort,
    after: tuple[str, UUID] | None,
    limit: int,
) -> ObligationPage:
    rows = await queries.page(connection, city.id, today, filters, sort, after, limit + 1)
    shown = [_plain(row) for row in rows[:limit]]
    more = len(rows) > limit
    return ObligationPage(shown, (rows[limit - 1]["sort_key"], rows[limit - 1]["obligation_id"]) if more else None)


async def opened(
    connection: Connection, city: City, obligation_id: UUID
) -> tuple[dict[str, Any], list[Instalment], list[str]]:
    """The row, its instalments and the citizen's roles in it. Raises NotFound, also for another person's."""
    row = await queries.one(connection, city.id, obligation_id)
    if row is None:
        raise NotFound("There is no such obligation in this account.")
    parts = [
        Instalment(
            part["number"],
            part["due_on"],
            Money(part["amount"], part["currency"]),
            None if part["outstanding"] is None else Money(part["outstanding"], part["currency"]),
            references(part["reference"]),
        )
        for part in await queries.instalments(connection, city.id, obligation_id)
    ]
    return _plain(row), parts, await queries.parties(connection, city.id, obligation_id)


def transfer(
    city: City,
    row: Mapping[str, Any],
    parts: Sequence[Instalment],
    schemes: Sequence[BankTransferScheme],
    today: date,
    *,
    instalment: int | None = None,
) -> Transfer:
    """What to write on a transfer for the whole or for one instalment.

    A due date that has passed is left out: banks read the date of a code as the day to execute the payment.

    Raises Conflict when nothing is to be paid, also of a part whose own balance the source does not tell, or when the
    town no longer has the payee; InvalidRequest for an instalment that does not exist.
    """
    part = next((one for one in parts if one.number == instalment), None)
    if instalment is not None and part is None:
        raise InvalidRequest(f"This obligation has no instalment {instalment}.", field="instalment")
    if row["gone_at"] is not None or row["cancelled"]:
        raise Conflict("The office has cancelled or withdrawn this obligation: there is nothing to pay.")
    if part is not None:
        amount = part.amount if part.outstanding is None else part.outstanding
        due_on, own = part.due_on, part.references
    else:
        amount, due_on, own = Money(amount_due(row), row["currency"]), row["due_on"], ()
    if amount.minor <= 0 or amount_due(row) <= 0:
        raise Conflict("This is paid: there is nothing to transfer.")
    payee = city.payees.get(row["payee"])
    if payee is None:
        raise Conflict("The town no longer says where to pay this: ask the office.")
    order = TransferOrder(
        payee=PostalName(choose(payee.name, [city.language], city.language), payee.street, payee.place),
        account=payee.account,
        bic=payee.bic,
        amount=amount,
        currency=amount.currency,
        references=own or references(row["reference"]),
        message=row["message"] or choose(row["title"], [city.language], city.language),
        due_on=due_on if due_on is not None and due_on >= today else None,
        purpose=payee.purpose,
    )
    payloads: dict[str, str] = {}
    refused: dict[str, str] = {}
    for scheme in schemes:
        try:
            payloads[scheme.id] = scheme.encode(order)
        except CannotExpress as error:
            refused[scheme.id] = str(error)
    return Transfer(order, payloads, refused)


def references(stored: Any) -> tuple[Reference, ...]:
    """References from their column."""
    return tuple(Reference(one["scheme"], one["value"]) for one in _json(stored))


def _plain(row: asyncpg.Record) -> dict[str, Any]:
    return {**dict(row), "title": _json(row["title"]), "reference": _json(row["reference"])}


def _json(value: Any) -> Any:
    return orjson.loads(value) if isinstance(value, str) else value
