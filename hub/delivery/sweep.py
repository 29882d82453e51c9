"""What is looked after now and then, whatever was lost on the way: what is due, deadlines, nouns to be told."""

from __future__ import annotations

from datetime import timedelta

from hub.alerts import service as alerts
from hub.delivery import journal, offices, queries
from hub.delivery.endings import DOUBLED, tell
from hub.delivery.model import Event, State, Town
from hub.delivery.moments import moment
from hub.delivery.service import DeliveryService
from hub.delivery.wake import LANES, PROBE, wake
from hub.kernel.clock import Clock
from hub.kernel.ids import public_id
from hub.storage.database import Database
from hub.storage.vault import Vault

EVERY = timedelta(minutes=1)
LATE = "deliveries_late"
UNTOLD = "deliveries_untold"
_AT_ONCE = 500

# A lane is called where something is due, or where it left something behind; of a paused one the lane that tries.
_TO_CALL = """
    with named as (
        select name from unnest($2::text[]) as o(name)
        union select distinct back_office from deliveries where city_id = $1 and state = 'waiting' and not behind)
    select o.name as back_office, n as lane
    from named o
    left join delivery_offices f on f.city_id = $1 and f.back_office = o.name
    cross join generate_series(1, $4::integer) as n
    where (n = $5 or f.paused_until is null or f.paused_until <= $3)
      and exists (
        select from deliveries d
        where d.city_id = $1 and d.back_office = o.name and d.state = 'waiting' and not d.behind and not d.untold
          and d.next_at <= $3)
    union
    select back_office, lane from deliveries where city_id = $1 and state = 'sending'"""

_LATE = """
    update deliveries set late_at = $2 where (city_id, delivery_id) in (
        select city_id, delivery_id from deliveries
        where city_id = $1 and state in ('waiting', 'sending') and late_at is null and deadline_at <= $2
        order by deadline_at limit $3)
    returning delivery_id, back_office, state, step"""

_NOT_LATE = """
    select about from alerts a
    where a.city_id = $1 and a.kind = $2 and a.settled_at is null and not exists (
        select from deliveries d
        where d.city_id = $1 and d.back_office = a.about and d.state in ('waiting', 'sending')
          and d.late_at is not null)"""


_NOT_DEAF = """
    select about from alerts a
    where a.city_id = $1 and a.kind = $2 and a.settled_at is null and not exists (
        select from deliveries d where d.city_id = $1 and d.noun = a.about and d.untold)"""


# What happened twice stays so; when somebody has said that he sees to it, there is nothing more to tell.
_SEEN_TO = """
    select about from alerts
    where city_id = $1 and kind = $2 and settled_at is null and acknowledged_at is not null"""


class Sweep:
    """The handler of `delivery.sweep` jobs, one for each town."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, service: DeliveryService) -> None:
        self._database, self._vault, self._clock, self._service = database, vault, clock, service

    async def run(self, town: Town, resumed: str | None = None) -> None:
        """`resumed`: somebody has seen to a delivery of this back office."""
        await self._tell_again(town)
        await self._tell_late(town)
        async with self._database.town(town.city.id) as connection:
            now = await moment(connection, self._clock)
            if resumed is not None:
                await offices.try_now(connection, town.city.id, resumed, now)
            await offices.forget(connection, town.city.id, now)
            rows = await connection.fetch(_TO_CALL, town.city.id, list(town.back_offices), now, LANES, PROBE)
            await wake(connection, town.city.id, [(row["back_office"], row["lane"]) for row in rows])

    async def _tell_again(self, town: Town) -> None:
        """Nouns that could not take what happened."""
        city_id = town.city.id
        async with self._database.town(city_id) as connection:
            rows = await connection.fetch(
                """select delivery_id from deliveries where city_id = $1 and untold and state <> 'sending'
                   order by random() limit $2""",
                city_id,
                _AT_ONCE,
            )
        deaf: set[str] = set()
        for row in rows:
            async with self._database.town(city_id) as connection:
                one = await queries.find(connection, city_id, row["delivery_id"], lock=True)
                if one is None or one.state is State.SENDING:
                    continue
                keys = await self._vault.keys(connection, city_id)
                receipts = await queries.receipts_of(connection, city_id, one.delivery_id)
                step = one.step or next(reversed(receipts), None)
                if await tell(self._service, connection, keys, queries.progress_of(one, one.state, step, receipts)):
                    await connection.execute(
                        "update deliveries set untold = false where city_id = $1 and delivery_id = $2",
                        city_id,
                        one.delivery_id,
                    )
                else:
                    deaf.add(one.noun)
        async with self._database.town(city_id) as connection:
            now = await moment(connection, self._clock)
            for noun in deaf:
                await alerts.raise_alert(connection, city_id, kind=UNTOLD, about=noun, detail={"noun": noun}, now=now)
            for kind, over in ((UNTOLD, _NOT_DEAF), (DOUBLED, _SEEN_TO), (offices.HELD, offices.NOT_HELD)):
                for told in await connection.fetch(over, city_id, kind):
                    await alerts.settle(connection, city_id, kind=kind, about=told["about"], now=now)

    async def _tell_late(self, town: Town) -> None:
        """Deadlines that have passed: told, once for each back office, and over when none is late any more."""
        city_id = town.city.id
        async with self._database.town(city_id) as connection:
            now = await moment(connection, self._clock)
            by_office: dict[str, list[str]] = {}
            for row in await connection.fetch(_LATE, city_id, now, _AT_ONCE):
                await journal.write(
                    connection, city_id, row["delivery_id"], Event.LATE, State(row["state"]), at=now, step=row["step"]
                )
                by_office.setdefault(row["back_office"], []).append(public_id("dlv", row["delivery_id"]))
            for back_office, late in by_office.items():
                detail = {"back_office": back_office, "deliveries": late[:10], "newly_late": len(late)}
                await alerts.raise_alert(connection, city_id, kind=LATE, about=back_office, detail=detail, now=now)
            for row in await connection.fetch(_NOT_LATE, city_id, LATE):
                await alerts.settle(connection, city_id, kind=LATE, about=row["about"], now=now)
