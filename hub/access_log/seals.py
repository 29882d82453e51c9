"""Seals make it show when somebody has changed the log, who could because the database is his.

Every few minutes a job seals what was recorded since: it hashes the rows of a span of time, and that hash together with
the seal before. Spans follow one another without a gap, so that a row that is changed, removed, or put into the past
breaks the seal of its span, and a seal that is written anew breaks the next one.

    rows_hash  SHA-256 over the rows of the span, ordered by time and id, each as a JSON array and a line feed
    seal       SHA-256 over the seal before (32 zero bytes for the first) and a JSON array of
               [city id, number, since, until, rows, rows_hash, sealed_at]

JSON without spaces (RFC 8259), in UTF-8; times in UTC to the microsecond; ids and hashes as lower-case text.

Whoever may change rows may also write all later seals anew. That shows against a seal that was kept elsewhere before:
`munihub access-log seals` gives them out, `munihub access-log verify --anchor` compares. What is not sealed yet (the
last `GRACE` and what came since the job ran) is guarded by nothing but the rights of the roles.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from hub.storage.database import Connection

SEAL = "access_log.seal"
"""Kind of the job."""

EVERY = timedelta(minutes=15)

GRACE = timedelta(minutes=10)
"""A span ends this long before it is sealed. A row carries the time of the request and appears when its transaction
ends: no transaction that records lasts nearly as long, nor do the clocks of an installation differ by as much."""

QUIET = timedelta(hours=1)
"""A span in which nobody looked is sealed when it is as long as this."""

_FIRST = bytes(32)

_ROWS = """
    select entry_id, at, subject, actor_kind, actor, role, department, what, why from access_log
    where city_id = $1 and ($2::timestamptz is null or at >= $2) and ($3::timestamptz is null or at < $3)
    order by at, entry_id"""


@dataclass(frozen=True, slots=True)
class Seal:
    """One batch: `rows` rows from `since` up to but without `until`. `rows_hash` and `seal` are 32 bytes."""

    number: int
    since: datetime
    until: datetime
    rows: int
    rows_hash: bytes
    seal: bytes
    sealed_at: datetime


@dataclass(frozen=True, slots=True)
class Broken:
    """The first batch that is not as it was sealed; `seal` is None where there is none."""

    number: int
    seal: Seal | None
    reason: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """`batches` were found as sealed up to the first broken one, of which `pruned` are past their time and have no
    rows to compare; `rows` were compared, `unsealed` are too young.
    """

    batches: int
    pruned: int
    rows: int
    unsealed: int
    broken: Broken | None


async def seal(connection: Connection, city_id: int, now: datetime) -> Seal | None:
    """Seal what was recorded since the last seal, within the caller's transaction; None where there is nothing to do.

    Of two that seal at once the second fails: numbers are unique.
    """
    last = await connection.fetchrow(
        "select number, until, seal from access_seals where city_id = $1 order by number desc limit 1", city_id
    )
    since: datetime | None = (
        last["until"]
        if last
        else await connection.fetchval("select min(at) from access_log where city_id = $1", city_id)
    )
    until = now - GRACE
    if since is None or until <= since:
        return None
    rows, rows_hash = 0, hashlib.sha256()
    async for row in connection.cursor(_ROWS, city_id, since, until):
        rows_hash.update(_canonical(row))
        rows += 1
    if not rows and until - since < QUIET:
        return None
    number = last["number"] + 1 if last else 1
    made = _sealed(city_id, last["seal"] if last else _FIRST, number, since, until, rows, rows_hash.digest(), now)
    await connection.execute(
        """insert into access_seals (city_id, number, since, until, rows, rows_hash, seal, sealed_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8)""",
        city_id,
        made.number,
        made.since,
        made.until,
        made.rows,
        made.rows_hash,
        made.seal,
        made.sealed_at,
    )
    return made


async def seals(connection: Connection, city_id: int, *, after: int = 0) -> AsyncIterator[Seal]:
    """The seals of a town in their order; `after` is the number of the last one already known."""
    async for row in connection.cursor(
        """select number, since, until, rows, rows_hash, seal, sealed_at from access_seals
           where city_id = $1 and number > $2 order by number""",
        city_id,
        after,
    ):
        yield Seal(**row)


async def verify(
    connection: Connection, city_id: int, now: datetime, anchors: Mapping[int, bytes] | None = None
) -> Verdict:
    """Hash everything again, up to the first batch that is not as it was sealed.

    `anchors` are seals by number that were kept elsewhere. Rows past their retention go as whole months; of batches
    that lost some to it the chain alone is followed. Whatever is still there is compared, however old: the retention is
    in the database too.
    """
    # Seals before rows: what is sealed meanwhile is not looked at, and of what is looked at all rows are there.
    chain = seals(connection, city_id)
    one = await anext(chain, None)
    horizon = await connection.fetchval(
        "select $1::timestamptz - keep from retention where table_name = 'access_log'", now
    )
    rows = _Rows(aiter(connection.cursor(_ROWS, city_id, None, None)))
    missing = dict(anchors or {})
    batches = pruned = compared = 0
    before: Seal | None = None
    while one is not None:
        reason = _fault(city_id, before, one, missing.pop(one.number, one.seal))
        strayed = await rows.before(one.since)
        found, rows_hash = await rows.until(one.until)
        if one.since < horizon and _months_went(one, found):
            pruned += 1
        else:
            reason = reason or _difference(one, strayed, found, rows_hash)
            compared += found
        if reason:
            # Where a seal is missing it is that one which is broken, not the next that is there.
            number = before.number + 1 if before else 1
            there = one if one.number == number else None
            return Verdict(batches, pruned, compared, 0, Broken(number, there, reason))
        batches, before = batches + 1, one
        one = await anext(chain, None)
    if missing:
        reason = "its seal was kept elsewhere and is missing here"
        return Verdict(batches, pruned, compared, 0, Broken(min(missing), None, reason))
    unsealed, _ = await rows.until(None)
    return Verdict(batches, pruned, compared, unsealed, None)


def _fault(city_id: int, before: Seal | None, one: Seal, anchor: bytes) -> str | None:
    """What is wrong with the seal itself."""
    if one.number != (before.number + 1 if before else 1):
        return "its seal is missing"
    if before is not None and one.since != before.until:
        return "it does not begin where the one before ended"
    previous = before.seal if before else _FIRST
    fields = (one.number, one.since, one.until, one.rows, one.rows_hash, one.sealed_at)
    if _sealed(city_id, previous, *fields).seal != one.seal:
        return "the seal does not fit what it says, or the seal before it"
    return None if anchor == one.seal else "the seal is not the one that was kept elsewhere"


def _months_went(one: Seal, found: int) -> bool:
    """Whether the rows of a batch can be fewer because the months at its beginning are gone."""
    since, last = (at.astimezone(UTC) for at in (one.since, one.until))
    several = (since.year, since.month) != (last.year, last.month)
    return found < one.rows and (found == 0 or several)


def _difference(one: Seal, strayed: int, found: int, rows_hash: bytes) -> str | None:
    """What is wrong with the rows of a batch."""
    if strayed:
        return "there is a row from before the log began"
    if found != one.rows:
        return f"{one.rows} rows were sealed, {found} are there"
    return None if rows_hash == one.rows_hash else "a row was changed"


class _Rows:
    """The rows of the log in their order, taken span by span."""

    def __init__(self, rows: AsyncIterator[Any]) -> None:
        self._rows = rows
        self._next: Any = None
        self._begun = False

    async def before(self, since: datetime) -> int:
        return (await self.until(since))[0]

    async def until(self, end: datetime | None) -> tuple[int, bytes]:
        """How many there are before `end` (None: at all), and their hash."""
        if not self._begun:
            self._begun, self._next = True, await anext(self._rows, None)
        found, digest = 0, hashlib.sha256()
        while self._next is not None and (end is None or self._next["at"] < end):
            digest.update(_canonical(self._next))
            found += 1
            self._next = await anext(self._rows, None)
        return found, digest.digest()


def _sealed(
    city_id: int,
    previous: bytes,
    number: int,
    since: datetime,
    until: datetime,
    rows: int,
    rows_hash: bytes,
    sealed_at: datetime,
) -> Seal:
    head = [city_id, number, moment(since), moment(until), rows, rows_hash.hex(), moment(sealed_at)]
    digest = hashlib.sha256(previous + _json(head)).digest()
    return Seal(number, since, until, rows, rows_hash, digest, sealed_at)


def _canonical(row: Any) -> bytes:
    text = [row["actor_kind"], row["actor"], row["role"], row["department"], row["what"], row["why"]]
    subject = None if row["subject"] is None else str(row["subject"])
    return _json([str(row["entry_id"]), moment(row["at"]), subject, *text]) + b"\n"


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def moment(at: datetime) -> str:
    """As it is hashed and given out."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")
