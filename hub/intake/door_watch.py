"""What goes on at the push doors: how much each back office sends, and who was refused."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from hub.intake.turns import Turns
from hub.kernel.clock import Clock
from hub.kernel.courtesy import Courtesy
from hub.kernel.errors import TooManyRequests
from hub.storage.database import Database

_LOOK_AGAIN = timedelta(seconds=5)
"""How old the number of waiting messages may be that a limit is compared with."""

_MOST_ADDRESSES = 2000
"""Refusals of a town told apart in a day; beyond them all count as one address, so that nobody fills the table."""


@dataclass(frozen=True, slots=True)
class Limits:
    """In a minute; `waiting`: messages kept and not applied yet."""

    requests: int
    bytes: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Standing:
    """What is left of a back office's minute, which ends in `resets` seconds."""

    limits: Limits
    requests_left: int
    bytes_left: int
    resets: int

    def headers(self) -> dict[str, str]:
        """As draft-ietf-httpapi-ratelimit-headers-10 writes them (§3, §4)."""
        return {
            "RateLimit-Policy": f'"requests";q={self.limits.requests};w=60, '
            f'"bytes";q={self.limits.bytes};w=60;qu="content-bytes"',
            "RateLimit": f'"requests";r={self.requests_left};t={self.resets}, '
            f'"bytes";r={self.bytes_left};t={self.resets}',
        }


class OverLimit(TooManyRequests):
    """Beyond a back office's limit; `standing` says how it stands."""

    def __init__(self, detail: str, *, retry_after: int, standing: Standing, reason: str) -> None:
        super().__init__(detail, retry_after=retry_after)
        self.standing, self.reason = standing, reason


@dataclass(frozen=True, slots=True)
class Refusal:
    """Attempts of one kind from one address in one day. `back_office`: whose, where that was proven."""

    day: str
    door: str
    reason: str
    address: str
    back_office: str | None
    first_at: datetime
    last_at: datetime
    times: int


class DoorWatch:
    """Counts in the database, for all processes of the API together. `turns` are those of this one."""

    def __init__(self, database: Database, clock: Clock, courtesy: Courtesy) -> None:
        self._database, self._clock = database, clock
        self.turns = Turns(courtesy)
        self._waiting: dict[tuple[int, str], tuple[datetime, int]] = {}

    async def count(self, city_id: int, back_office: str, limits: Limits, length: int) -> Standing:
        """Count a request of `length` bytes. Raises OverLimit, before anything of it was read.

        One request may go over the limit of bytes, or what is larger than a minute's would never come in.
        """
        now = self._clock.now()
        row = await self._database.pool.fetchrow(
            "select * from munihub_count_push($1, $2, $3, $4)", city_id, back_office, now, length
        )
        assert row is not None
        requests, counted = int(row["counted_requests"]), int(row["counted_bytes"])
        resets = 60 - now.second
        standing = Standing(limits, max(0, limits.requests - requests), max(0, limits.bytes - counted), resets)
        if requests > limits.requests:
            detail = f"More than {limits.requests:,} requests in a minute: go on in {resets} seconds."
            raise OverLimit(detail, retry_after=resets, standing=standing, reason="too_many_requests")
        if counted - length >= limits.bytes:
            detail = f"More than {limits.bytes:,} bytes in a minute: go on in {resets} seconds."
            raise OverLimit(detail, retry_after=resets, standing=standing, reason="too_many_bytes")
        waiting = await self._waiting_of(city_id, back_office, limits.waiting, now)
        if waiting >= limits.waiting:
            detail = (
                f"{limits.waiting:,} messages wait to be applied. What was accepted is safe: go on in half a minute."
            )
            raise OverLimit(detail, retry_after=30, standing=standing, reason="too_many_waiting")
        return standing

    async def add_bytes(self, city_id: int, back_office: str, length: int) -> None:
        """Count what came of a request that had not said its length."""
        async with self._database.town(city_id) as connection:
            await connection.execute(
                "update push_usage set bytes = bytes + $3 where city_id = $1 and back_office = $2",
                city_id,
                back_office,
                length,
            )

    async def _waiting_of(self, city_id: int, back_office: str, most: int, now: datetime) -> int:
        at, count = self._waiting.get((city_id, back_office), (None, 0))
        if at is None or not timedelta() <= now - at < _LOOK_AGAIN:
            async with self._database.town(city_id) as connection:
                count = await connection.fetchval(
                    """select count(*) from (select from messages
                       where city_id = $1 and back_office = $2 and state = 'received' limit $3) m""",
                    city_id,
                    back_office,
                    most,
                )
            self._waiting[city_id, back_office] = (now, count)
        return count

    async def refused(self, city_id: int, door: str, reason: str, address: str, back_office: str | None) -> None:
        """Count an attempt that was refused."""
        now = self._clock.now()
        async with self._database.town(city_id) as connection:
            await connection.execute("set local synchronous_commit = off")
            await connection.execute(
                """insert into push_refusals as r (city_id, day, door, reason, address, back_office, first_at, last_at,
                       times)
                   select $1, $2, $3, $4,
                          case when (select count(*) from (select from push_refusals
                                     where city_id = $1 and day = $2 limit $8) p) < $8 then $5 else 'others' end,
                          $6, $7, $7, 1
                   on conflict (city_id, day, door, reason, address, back_office) do update
                   set last_at = excluded.last_at, times = r.times + 1""",
                city_id,
                now.date(),
                door,
                reason,
                _network(address),
                back_office or "",
                now,
                _MOST_ADDRESSES,
            )

    async def refusals(
        self,
        city_id: int,
        *,
        since: datetime | None = None,
        back_offices: Sequence[str] | None = None,
        limit: int = 200,
    ) -> list[Refusal]:
        """Attempts that were refused, the latest first; with `back_offices`, those proven to be of one of them."""
        async with self._database.town(city_id) as connection:
            rows = await connection.fetch(
                """select day::text as day, door, reason, address, nullif(back_office, '') as back_office, first_at,
                          last_at, times
                   from push_refusals where city_id = $1 and ($2::timestamptz is null or last_at >= $2)
                     and ($3::text[] is null or back_office = any ($3))
                   order by last_at desc, door, reason, address limit $4""",
                city_id,
                since,
                None if back_offices is None else list(back_offices),
                limit,
            )
        return [Refusal(**dict(row)) for row in rows]


def _network(address: str) -> str:
    """An address, of IPv6 the network: one sender has 2⁶⁴ of them."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is None:
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)
