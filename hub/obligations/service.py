"""What can be done with obligations: list them, open one, get what is needed to pay one; and what is still to be paid.

Rows have `due`, `overdue`, `paid` and `paid_standing` beside what the source says (munihub_due, migrations/sql/0015).
"""

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
from hub.obligations import door, paid_here, queries
from hub.obligations.model import Filters, ObligationState, Sort
from hub.ports.bank_transfer import BankTransferScheme, CannotExpress
from hub.storage.database import Connection

_LONGEST_REFERENCE = 100


@dataclass(frozen=True, slots=True)
class ObligationPage:
    """One page. `next` continues after its last row, None where there is no more."""

    rows: list[dict[str, Any]]
    next: tuple[str, UUID] | None


@dataclass(frozen=True, slots=True)
class Instalment:
    """One part with a due date of its own. `due` is what is still to be paid of it, without what was paid here."""

    number: int
    due_on: date
    amount: Money
    outstanding: Money | None
    references: tuple[Reference, ...]
    due: Money


@dataclass(frozen=True, slots=True)
class Open:
    """What is still to be paid of an obligation: what its source says without what was paid here and is not in that.

    `due` is below zero where the town owes. `back_office`, `feed` and `source_key` say whose record it is.
    """

    obligation_id: UUID
    back_office: str
    feed: str
    source_key: str
    payee: str
    currency: str
    due: Money
    instalments: tuple[Instalment, ...]
    cancelled: bool
    gone: bool
    title: Mapping[str, str]
    references: tuple[Reference, ...]
    document_number: str | None

    @property
    def payable(self) -> Money:
        """How much may be taken for it now; nothing of what is cancelled or gone."""
        return Money(0 if self.cancelled or self.gone else max(self.due.minor, 0), self.currency)


@dataclass(frozen=True, slots=True)
class Transfer:
    """An order, and its payload in each scheme of the town; `refused` says why a scheme has none."""

    order: TransferOrder
    payloads: Mapping[str, str]
    refused: Mapping[str, str]


def state_of(row: Mapping[str, Any]) -> ObligationState:
    """Derived, never stored: an obligation becomes overdue by the calendar, not by a job."""
    if row["cancelled"]:
        return ObligationState.CANCELLED
    if row["due"] <= 0:
        return ObligationState.CREDIT if row["due"] < 0 else ObligationState.PAID
    return ObligationState.OVERDUE if row["overdue"] > 0 else ObligationState.OPEN


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
    connection: Connection, city: City, today: date, obligation_id: UUID
) -> tuple[dict[str, Any], list[Instalment], list[str]]:
    """The row, its instalments and the citizen's roles in it. Raises NotFound, also for another person's."""
    row = await queries.one(connection, city.id, today, obligation_id)
    if row is None:
        raise NotFound("There is no such obligation in this account.")
    parts = await _parts(connection, city.id, obligation_id, row["due"])
    return _plain(row), parts, await queries.parties(connection, city.id, obligation_id)


async def open_amount(connection: Connection, city_id: int, obligation_id: UUID, *, lock: bool) -> Open:
    """What is still to be paid of it. Raises NotFound.

    `lock`: nobody else takes money for it before this transaction ends; a town connection only. Of several obligations
    take the locks in the order of their ids, as whoever else wants more than one does.
    """
    if lock:
        await paid_here.lock(connection, city_id, obligation_id)
    async with door.money(connection):
        row = await queries.one(connection, city_id, None, obligation_id)
        parts = await _parts(connection, city_id, obligation_id, row["due"]) if row else []
    if row is None:
        raise NotFound("There is no such obligation.")
    return Open(
        obligation_id=obligation_id,
        back_office=row["back_office"],
        feed=row["feed"],
        source_key=row["source_key"],
        payee=row["payee"],
        currency=row["currency"],
        due=Money(row["due"], row["currency"]),
        instalments=tuple(parts),
        cancelled=row["cancelled"],
        gone=row["gone_at"] is not None,
        title=_json(row["title"]),
        references=references(row["reference"]),
        document_number=row["document_number"],
    )


async def find_by_reference(connection: Connection, city_id: int, payee: str, reference: str) -> UUID | None:
    """The obligation that is paid under a reference to a payee, where something is to be paid of exactly one such.

    Written as anybody copies it from a bill: case, spaces, dashes and leading zeros make no difference, nor does a
    Croatian model (HR68) that is left out. On a town connection: whose it is does not matter.
    """
    plain = "".join(letter for letter in reference.upper() if letter.isascii() and letter.isalnum()).lstrip("0")
    if not plain or len(plain) > _LONGEST_REFERENCE:
        return None
    async with door.money(connection):
        found = await queries.by_reference(connection, city_id, payee, plain)
    return found[0] if len(found) == 1 else None


async def _parts(connection: Connection, city_id: int, obligation_id: UUID, due: int) -> list[Instalment]:
    rows = await queries.instalments(connection, city_id, obligation_id)
    # What was paid and meant for no part, here or at the office, goes to the first ones: no more is due of all of them
    # than of the whole.
    over = max(0, sum(row["rest"] for row in rows) - max(due, 0))
    parts = []
    for row in rows:
        paid = min(over, row["rest"])
        over -= paid
        parts.append(
            Instalment(
                row["number"],
                row["due_on"],
                Money(row["amount"], row["currency"]),
                None if row["outstanding"] is None else Money(row["outstanding"], row["currency"]),
                references(row["reference"]),
                Money(row["rest"] - paid, row["currency"]),
            )
        )
    return parts


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

    Raises Conflict when nothing is to be paid, be it that it was paid here and the office does not show it yet, or when
    the town no longer has the payee; InvalidRequest for an instalment that does not exist.
    """
    part = next((one for one in parts if one.number == instalment), None)
    if instalment is not None and part is None:
        raise InvalidRequest(f"This obligation has no instalment {instalment}.", field="instalment")
    if row["gone_at"] is not None or row["cancelled"]:
        raise Conflict("The office has cancelled or withdrawn this obligation: there is nothing to pay.")
    if part is not None:
        amount, due_on, own = part.due, part.due_on, part.references
    else:
        amount, due_on, own = Money(row["due"], row["currency"]), row["due_on"], ()
    if amount.minor <= 0 or row["due"] <= 0:
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
        payee_identifier=payee.identifier,
        payment_code=payee.payment_code,
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
