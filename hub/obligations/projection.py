"""Obligations as back offices tell them: records in, rows out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from hub.kernel.money import Money
from hub.mapping.model import Record
from hub.obligations import paid_here
from hub.obligations.model import TARGET
from hub.obligations.paid_here import Known
from hub.ports.projection import Source
from hub.storage.database import Connection
from hub.storage.projected import ProjectedTable, Row, as_json
from hub.subjects.projected import RecordProjection

_TABLE = ProjectedTable(
    "obligations",
    "obligation_id",
    "obligation",
    {
        "kind": "text",
        "title": "jsonb",
        "payee": "text",
        "department": "text",
        "year": "smallint",
        "issued_on": "date",
        "due_on": "date",
        "currency": "text",
        "original": "bigint",
        "outstanding": "bigint",
        "interest": "bigint",
        "cancelled": "boolean",
        "reference": "jsonb",
        "document_number": "text",
        "message": "text",
        "caught_up_to": "timestamptz",
        "counted_writes": "text[]",
    },
    moment="caught_up_to",
)


class ObligationProjection(RecordProjection):
    """See hub.ports.projection.Projection."""

    target = TARGET
    noun = "obligation"
    table = _TABLE

    def refusal(self, record: Record, source: Source) -> tuple[str, str] | None:
        """One currency per obligation, a payee and a department the town has."""
        if record.removed:
            return None
        values = record.values
        payee = values.get("payee") or source.payee
        if payee not in source.payees:
            known = ", ".join(sorted(source.payees))
            if payee is None:
                return "payee", f"it names no payee and its back office has none; the town has {known}"
            return "payee", f"the town has no payee {payee!r}; it has {known}"
        department = values.get("department")
        if department is not None and department not in source.departments:
            return "department", f"the town has no department {department!r}"
        currency = values["original"].currency
        amounts: list[tuple[str, Money | None]] = [(name, values.get(name)) for name in ("outstanding", "interest")]
        for part in values.get("instalments") or ():
            amounts += [
                ("instalments.amount", part["amount"]),
                ("instalments.outstanding", part.get("outstanding")),
            ]
        for name, amount in amounts:
            if amount is not None and amount.currency != currency:
                return name, f"{amount.currency} beside an original amount in {currency}"
        numbers = [part["number"] for part in values.get("instalments") or ()]
        if len(numbers) != len(set(numbers)):
            return "instalments.number", "two instalments have the same number"
        return None

    def row(self, record: Record, source: Source) -> Row:
        values = record.values
        original: Money = values["original"]
        due_on = values.get("due_on")
        return Row(
            record,
            {
                "kind": values["kind"],
                "title": values["title"],
                "payee": values.get("payee") or source.payee,
                "department": values.get("department") or source.department,
                "year": values.get("year") or (due_on.year if due_on else None),
                "issued_on": values.get("issued_on"),
                "due_on": due_on,
                "currency": original.currency,
                "original": original.minor,
                "outstanding": _minor(values.get("outstanding")),
                "interest": _minor(values.get("interest")),
                "cancelled": bool(values.get("cancelled")),
                "reference": [reference._asdict() for reference in values.get("references") or ()],
                "document_number": values.get("document_number"),
                "message": values.get("message"),
                "caught_up_to": _true_for(record, source),
                "counted_writes": _keys(record),
            },
            [values, record.parties],
        )

    async def stored(self, connection: Connection, city_id: int, won: Mapping[UUID, Record]) -> None:
        await _replace_instalments(connection, city_id, won)

    async def before(self, connection: Connection, source: Source, keys: Sequence[str]) -> dict[str, Known]:
        return await paid_here.known(connection, source.city_id, source.back_office, source.feed, keys)

    async def after(
        self, connection: Connection, source: Source, known: dict[str, Known], told: Sequence[Record]
    ) -> set[str]:
        reaches = {one.key: (_reach(one, source), _keys(one)) for one in told if one.key in known}
        return await paid_here.refreshed(connection, source.city_id, source.back_office, known, reaches, source.as_of)

    async def caught_up(self, connection: Connection, source: Source) -> set[str]:
        """Only of those it matters for, something of which was paid here: no feed's rows are written all at once."""
        where = (source.city_id, source.back_office, source.feed)
        known = await paid_here.known(connection, *where, None)
        rows = await connection.fetch(
            """update obligations set caught_up_to = $5
               where city_id = $1 and back_office = $2 and feed = $3 and source_key = any ($4)
                 and caught_up_to < $5 and gone_at is null
               returning source_key, counted_writes""",
            *where,
            list(known),
            source.caught_up_to,
        )
        reach = min(source.caught_up_to, source.as_of)
        reaches = {row["source_key"]: (reach, row["counted_writes"]) for row in rows}
        return await paid_here.refreshed(connection, *where[:2], known, reaches, source.as_of)


def _true_for(record: Record, source: Source) -> datetime:
    """Up to which moment payments are in what a record says, as its source tells: a push is no younger than it says."""
    at: datetime = record.values.get("caught_up_to") or source.caught_up_to
    return at if source.asked or record.said_at is None else min(at, record.said_at)


def _reach(record: Record, source: Source) -> datetime | None:
    """The same by its clock and by ours, whichever is behind; None for a push that does not say how old it is."""
    if not source.asked and record.said_at is None:
        return None
    return min(_true_for(record, source), source.as_of)


def _keys(record: Record) -> list[str] | None:
    """Our keys that it lists; None where its source has no place for them."""
    return list(record.values["counted_writes"] or ()) if "counted_writes" in record.values else None


async def _replace_instalments(connection: Connection, city_id: int, won: Mapping[UUID, Record]) -> None:
    await connection.execute(
        "delete from instalments where city_id = $1 and obligation_id = any($2)", city_id, list(won)
    )
    rows: list[dict[str, Any]] = [
        {
            "obligation_id": obligation_id,
            "number": part["number"],
            "due_on": part["due_on"],
            "currency": part["amount"].currency,
            "amount": part["amount"].minor,
            "outstanding": _minor(part.get("outstanding")),
            "reference": [reference._asdict() for reference in part.get("references") or ()],
        }
        for obligation_id, record in won.items()
        for part in record.values.get("instalments") or ()
    ]
    if rows:
        await connection.execute(
            """insert into instalments
               select $1, obligation_id, number, due_on, currency, amount, outstanding, reference
               from jsonb_to_recordset($2::jsonb) as r(obligation_id uuid, number smallint, due_on date,
                   currency text, amount bigint, outstanding bigint, reference jsonb)""",
            city_id,
            as_json(rows),
        )


def _minor(amount: Money | None) -> int | None:
    return None if amount is None else amount.minor
