"""SQL of entries: found, listed, and moved along the edges of `hub.statements.model`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

import orjson

from hub.kernel.errors import NotFound
from hub.kernel.ids import new_uuid
from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.ports.bank_statement import Party
from hub.statements.model import Decision, Details, Event, State, StatementEntry, allow
from hub.storage.database import Connection
from hub.storage.vault import TownKeys

_COLUMNS = """entry_id, statement_id, account, place, part, amount, currency, booked_on, valued_on, reversal, batch,
    code, bank_reference, references_, words, party_key, state, state_at, reason, kind, payment_id"""


async def find(connection: Connection, keys: TownKeys, entry_id: UUID, *, lock: bool = False) -> StatementEntry:
    """One entry with its details. `lock`: nobody else decides about it until this transaction ends. Raises NotFound."""
    row = await connection.fetchrow(
        f"""select {_COLUMNS}, details from statement_entries where city_id = $1 and entry_id = $2
            {"for update" if lock else ""}""",  # noqa: S608 - names of ours
        keys.city_id,
        entry_id,
    )
    if row is None:
        raise NotFound("There is no such entry.")
    return opened(keys, _entry(row), row["details"])


def opened(keys: TownKeys, entry: StatementEntry, sealed: bytes) -> StatementEntry:
    """The same with its details."""
    kept = orjson.loads(keys.decrypt("statement_entries", "details", str(entry.entry_id), sealed))
    party = Party(kept["name"], kept["account"], kept["identifier"])
    return replace(entry, details=Details(party, kept["text"], kept["end_to_end"], kept["returned"]))


async def waiting(
    connection: Connection,
    city_id: int,
    *,
    states: Sequence[State],
    since: datetime,
    but: Sequence[str],
    after: UUID | None,
    limit: int,
) -> list[StatementEntry]:
    """Entries to be looked at, without their details, in the order of their ids.

    Queued ones only since a time, for another reason than `but`, and not those that somebody of the staff has queued.
    """
    rows = await connection.fetch(
        f"""select {_COLUMNS} from statement_entries
            where city_id = $1 and state = any ($2)
              and (state = 'new' or state_at >= $3 and reason is not null and reason <> all ($6))
              and ($4::uuid is null or entry_id > $4)
            order by entry_id limit $5""",  # noqa: S608 - names of ours
        city_id, [str(one) for one in states], since, after, limit, list(but),
    )  # fmt: skip
    return [_entry(row) for row in rows]


async def listed(
    connection: Connection,
    keys: TownKeys,
    *,
    state: Sequence[State] = (),
    reason: str | None = None,
    accounts: Sequence[str] | None = None,
    statement_id: UUID | None = None,
    entry_ids: Sequence[UUID] | None = None,
    amount: Money | None = None,
    booked_from: date | None = None,
    booked_to: date | None = None,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 50,
) -> list[StatementEntry]:
    """Entries with their details, those last changed first. `accounts` None: of every account."""
    arguments: list[object] = [keys.city_id]

    def bind(value: object) -> str:
        arguments.append(value)
        return f"${len(arguments)}"

    where = ["city_id = $1"]
    several = (("state", [str(one) for one in state] or None), ("account", accounts), ("entry_id", entry_ids))
    for column, values in several:
        if values is not None:
            where.append(f"{column} = any ({bind(list(values))})")
    for column, value in (("reason", reason), ("statement_id", statement_id)):
        if value is not None:
            where.append(f"{column} = {bind(value)}")
    if amount is not None:
        where.append(f"amount = {bind(amount.minor)} and currency = {bind(amount.currency)}")
    if booked_from is not None:
        where.append(f"booked_on >= {bind(booked_from)}")
    if booked_to is not None:
        where.append(f"booked_on <= {bind(booked_to)}")
    if before is not None:
        where.append(f"(state_at, entry_id) < ({bind(before[0])}, {bind(before[1])})")
    rows = await connection.fetch(
        f"""select {_COLUMNS}, details from statement_entries where {" and ".join(where)}
            order by state_at desc, entry_id desc limit {bind(limit)}""",  # noqa: S608 - parts are ours
        *arguments,
    )
    return [opened(keys, _entry(row), row["details"]) for row in rows]


async def move(
    connection: Connection,
    city_id: int,
    entry: StatementEntry,
    event: Event,
    target: State,
    *,
    by: str,
    now: datetime,
    reason: str | None = None,
    kind: str | None = None,
    payment_id: UUID | None = None,
    score: int | None = None,
    why: Sequence[str] = (),
    targets: Sequence[Mapping[str, Any]] = (),
) -> None:
    """Along an edge, with its line in `matches`. Raises Conflict where there is none. The entry is locked before."""
    allow(event, entry.state, target)
    code = reason if by == "hub" else None
    await connection.execute(
        """update statement_entries set state = $3, state_at = $4, reason = $5, kind = $6, payment_id = $7
           where city_id = $1 and entry_id = $2""",
        city_id, entry.entry_id, target, now, code, kind, payment_id,
    )  # fmt: skip
    await connection.execute(
        """insert into matches (city_id, match_id, entry_id, event, from_state, to_state, at, by, reason, score, why,
                                targets)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)""",
        city_id, new_uuid(), entry.entry_id, event, entry.state, target, now, by, reason, score, list(why),
        orjson.dumps(list(targets)).decode(),
    )  # fmt: skip


async def decisions(connection: Connection, city_id: int, entry_id: UUID) -> list[Decision]:
    """What was decided of it, oldest first."""
    rows = await connection.fetch(
        """select at, event, from_state, to_state, by, reason, score, why, targets from matches
           where city_id = $1 and entry_id = $2 order by at, match_id""",
        city_id,
        entry_id,
    )
    return [
        Decision(
            row["at"], Event(row["event"]), State(row["from_state"]) if row["from_state"] else None,
            State(row["to_state"]), row["by"], row["reason"], row["score"], row["why"], orjson.loads(row["targets"]),
        )
        for row in rows
    ]  # fmt: skip


async def numbers(
    connection: Connection, city_id: int, accounts: Sequence[str] | None
) -> Mapping[tuple[str, str], int]:
    """How many entries wait, by (reason, currency)."""
    rows = await connection.fetch(
        """select coalesce(reason, 'new') as reason, currency, count(*) as number from statement_entries
           where city_id = $1 and state in ('new', 'queued') and ($2::text[] is null or account = any ($2))
           group by 1, 2""",
        city_id,
        None if accounts is None else list(accounts),
    )
    return {(row["reason"], row["currency"]): row["number"] for row in rows}


def _entry(row: Any) -> StatementEntry:
    values = {name: value for name, value in dict(row).items() if name not in ("details", "references_", "currency")}
    references = tuple(Reference(one["scheme"], one["value"]) for one in orjson.loads(row["references_"]))
    values |= {"amount": Money(row["amount"], row["currency"]), "references": references, "words": tuple(row["words"])}
    return StatementEntry(**(values | {"state": State(row["state"])}))
