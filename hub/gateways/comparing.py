"""Every day, what a gateway lists is compared with what is known here: where it lists its orders at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

import structlog

from hub.alerts import service as alerts
from hub.back_offices.model import Town
from hub.gateways import queries
from hub.gateways.judge import Way, judge
from hub.gateways.model import Attempt, Verdict
from hub.gateways.wake import ASK, call
from hub.kernel.clock import Clock
from hub.kernel.errors import HubError, NotFound
from hub.kernel.ids import new_uuid
from hub.ports.payment_gateway import Outcome, Report
from hub.storage.database import Connection, Database

log = structlog.get_logger(__name__)

DIFFERS = "gateway_differs"
"""About a gateway: what it lists is not what is known here."""

_COLUMNS = """gateway, kind, number, attempt_id, here, there, found_at, settled_at, settled_by, settled_for,
    difference_id"""
_FIRST = timedelta(days=2)
_OVERLAP = timedelta(hours=6)
"""Compared twice: what had just happened, and may have stood on one side only."""
_MOST = timedelta(days=31)
_WITHOUT_MONEY = frozenset({Outcome.OPEN, Outcome.DECLINED, Outcome.CANCELLED, Outcome.EXPIRED, Outcome.NOT_FOUND})

Kind = Literal["missing_here", "missing_there", "amount", "state"]


@dataclass(frozen=True, slots=True)
class Difference:
    """`here` and `there`: state and amount on both sides, None where there is nothing."""

    gateway: str
    kind: Kind
    number: str
    attempt_id: UUID | None
    here: str | None
    there: str | None
    found_at: datetime | None = None
    settled_at: datetime | None = None
    settled_by: str | None = None
    settled_for: str | None = None
    difference_id: UUID | None = None


class Comparing:
    """The handler of `gateways.compare` jobs of all towns."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def run(self, town: Town) -> None:
        """Raises what the first gateway that could not be compared did, when all have been tried."""
        failed: HubError | None = None
        for name, gateway in town.gateways.items():
            if not gateway.lists:
                continue
            try:
                await self.compare(town, name)
            except HubError as error:
                log.warning("gateway_not_compared", city=town.city.slug, gateway=name, because=str(error))
                failed = failed or error
        if failed is not None:
            raise failed

    async def compare(self, town: Town, name: str) -> list[Difference]:
        """What differs of what changed since the last comparison."""
        city_id, until = town.city.id, self._clock.now()
        async with self._database.town(city_id) as connection:
            last = await connection.fetchval(
                "select compared_to from gateway_comparisons where city_id = $1 and gateway = $2", city_id, name
            )
        since = max(last - _OVERLAP if last else until - _FIRST, until - _MOST)
        reports = await town.gateways[name].listed(since, until)
        async with self._database.town(city_id) as connection:
            now = self._clock.now()
            found = await _differences(connection, city_id, name, reports, (since, until - _OVERLAP), now)
            await _record(connection, city_id, name, found, {one.number for one in reports}, now)
            await connection.execute(
                """insert into gateway_comparisons (city_id, gateway, compared_to, compared_at, listed)
                   values ($1, $2, $3, $4, $5) on conflict (city_id, gateway) do update set
                   compared_to = excluded.compared_to, compared_at = excluded.compared_at, listed = excluded.listed""",
                city_id,
                name,
                until,
                now,
                len(reports),
            )
            if late := [one.attempt_id for one in found if one.attempt_id is not None]:
                # Not believed for being on a list: asked about.
                await connection.execute(
                    "update gateway_attempts set ask_at = $3 where city_id = $1 and attempt_id = any ($2)",
                    city_id,
                    late,
                    now,
                )
                await call(connection, city_id, ASK)
        return found


async def _differences(
    connection: Connection,
    city_id: int,
    name: str,
    reports: Sequence[Report],
    between: tuple[datetime, datetime],
    now: datetime,
) -> list[Difference]:
    found = []
    for report in reports:
        attempt = await queries.by_number(connection, city_id, name, report.number)
        there = _there(report)
        if attempt is None:
            found.append(Difference(name, "missing_here", report.number, None, None, there))
            continue
        judgement = judge(attempt, report, Way.QUERY, now)
        if judgement.why in {"other_amount", "other_currency"}:
            found.append(Difference(name, "amount", report.number, attempt.attempt_id, _here(attempt), there))
        elif judgement.events or judgement.verdict is Verdict.REFUSED or _more_given_back(attempt, report):
            found.append(Difference(name, "state", report.number, attempt.attempt_id, _here(attempt), there))
    listed = {one.number for one in reports if one.outcome not in _WITHOUT_MONEY}
    ours = await queries.captured_between(connection, city_id, name, *between)
    found += [
        Difference(name, "missing_there", attempt.number, attempt.attempt_id, _here(attempt), None)
        for attempt in ours
        if attempt.number not in listed
    ]
    return found


async def _record(
    connection: Connection, city_id: int, name: str, found: Sequence[Difference], listed: set[str], now: datetime
) -> None:
    for one in found:
        await connection.execute(
            """insert into gateway_differences
                   (city_id, difference_id, gateway, kind, number, attempt_id, here, there, found_at, last_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $9)
               on conflict (city_id, gateway, kind, number) where settled_at is null
               do update set here = excluded.here, there = excluded.there, last_at = excluded.last_at""",
            city_id,
            new_uuid(),
            name,
            one.kind,
            one.number[:100].replace("\0", ""),
            one.attempt_id,
            one.here,
            one.there,
            now,
        )
    # What does not differ any more is over: it is listed again, or what is known here has changed since.
    await connection.execute(
        """update gateway_differences d set settled_at = $3
           where city_id = $1 and gateway = $2 and settled_at is null
             and not exists (select from unnest($4::text[], $5::text[]) as f(kind, number)
                             where f.kind = d.kind and f.number = d.number)
             and (number = any ($6) or kind = 'state' and exists (
                  select from gateway_attempts a where a.city_id = $1 and a.attempt_id = d.attempt_id
                                                   and a.changed_at >= d.found_at))""",
        city_id,
        name,
        now,
        [one.kind for one in found],
        [one.number for one in found],
        list(listed),
    )
    await _tell(connection, city_id, name, sorted({one.kind for one in found}), now)


async def _tell(connection: Connection, city_id: int, name: str, kinds: Sequence[str], now: datetime) -> None:
    left = await connection.fetchval(
        "select count(*) from gateway_differences where city_id = $1 and gateway = $2 and settled_at is null",
        city_id,
        name,
    )
    if left:
        detail: Mapping[str, object] = {"gateway": name, "open": left, "found_now": list(kinds)}
        await alerts.raise_alert(connection, city_id, kind=DIFFERS, about=name, detail=detail, now=now)
    else:
        await alerts.settle(connection, city_id, kind=DIFFERS, about=name, now=now)


async def listed(
    connection: Connection, city_id: int, *, gateways: Sequence[str] | None, settled: bool, limit: int
) -> list[Difference]:
    """The newest first."""
    rows = await connection.fetch(
        f"""select {_COLUMNS} from gateway_differences
           where city_id = $1 and ($2::text[] is null or gateway = any ($2)) and (settled_at is null or $3)
           order by found_at desc, difference_id desc limit $4""",  # noqa: S608 - names are ours
        city_id,
        None if gateways is None else list(gateways),
        settled,
        limit,
    )
    return [Difference(**dict(row)) for row in rows]


async def seen_to(
    connection: Connection, city_id: int, difference_id: UUID, *, by: str, reason: str, now: datetime
) -> Difference:
    """Somebody has seen to it. Raises NotFound, also where it is over."""
    row = await connection.fetchrow(
        f"""update gateway_differences set settled_at = $3, settled_by = $4, settled_for = $5
            where city_id = $1 and difference_id = $2 and settled_at is null returning {_COLUMNS}""",  # noqa: S608 - names are ours
        city_id,
        difference_id,
        now,
        by,
        reason,
    )
    if row is None:
        raise NotFound("There is no such difference here that is still open.")
    await _tell(connection, city_id, row["gateway"], (), now)
    return Difference(**dict(row))


def _more_given_back(attempt: Attempt, report: Report) -> bool:
    return report.refunded is not None and report.refunded.minor > attempt.refunded


def _here(attempt: Attempt) -> str:
    return f"{attempt.state} {attempt.amount}"


def _there(report: Report) -> str:
    return f"{report.outcome} {report.amount or ''}".strip()
