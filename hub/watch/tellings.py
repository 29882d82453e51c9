"""Sends alerts: at once, again at growing intervals while it lasts, and once more when it is over.

What an address is to be told is computed from the alerts when it is sent, never put into a line: a mail server that was
away for a night gets one mail of what is true in the morning. How far each address is told stands in the database; a
worker that dies between sending and writing it down sends the same mail, with the same Message-ID, once more.

No storm: one run sends one message to an address, whatever there is to tell, and no more than `at_most` go in an hour.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

import structlog

from hub.alerts.model import Alert
from hub.alerts.service import COLUMNS, alert_of
from hub.back_offices.model import Town
from hub.jobs.failures import describe
from hub.jobs.handler import Backoff
from hub.kernel.clock import Clock
from hub.kernel.errors import HubError
from hub.kit.redaction import shown_url
from hub.ports.back_office import CheckStep
from hub.settings import Settings
from hub.storage.database import Connection, Database
from hub.watch.facts import facts_of
from hub.watch.model import Item, Letter, Sender, What
from hub.watch.senders import Senders, destinations

log = structlog.get_logger(__name__)

EVERY = timedelta(minutes=1)
_HOUR = timedelta(hours=1)
_LONGEST = timedelta(days=1)
_BACKOFF = Backoff(first=timedelta(seconds=30), longest=timedelta(minutes=15))
_MOST = 500

# Only what is due: what lasts and was told must not stand before what is new.
_DUE = f"""
    select {", ".join(f"a.{name.strip()}" for name in COLUMNS.split(","))}, t.number, t.last_at as told_at
    from alerts a
    left join alert_tellings t on t.city_id = a.city_id and t.alert_id = a.alert_id and t.destination = $2
    where a.city_id = $1 and (a.settled_at is null or a.settled_at >= $3 and t.over_at is null)
      and (t.number is null or a.settled_at is not null
           or t.last_at <= $4::timestamptz - case when a.acknowledged_at is null
                  then least($5::interval * power(2, least(t.number - 1, 16)), interval '1 day')
                  else interval '1 day' end)
    order by a.opened_at limit {_MOST}"""  # noqa: S608 - names are ours


class Tellings:
    """The handler of `alerts.tell` jobs, of which one runs at a time in a town."""

    def __init__(self, database: Database, clock: Clock, senders: Senders) -> None:
        self._database, self._clock, self._senders = database, clock, senders

    async def tell(self, town: Town) -> None:
        """One message to each address that is to be told something. What fails is tried again later, by itself."""
        senders = self._senders.of(town)
        await self._forget(town, [one.destination for one in senders])
        for sender in senders:
            now = self._clock.now()
            items = await self._due(town, sender, now)
            if not items:
                continue
            letter = Letter(_letter_id(sender.destination, items), now, items)
            try:
                await sender.send(town, letter)
            except HubError as error:
                log.warning(
                    "alert_not_sent", city=town.city.slug, to=shown_url(sender.destination), error=describe(error)
                )
                await self._failed(town.city.id, sender.destination, describe(error), now)
            else:
                await self._sent(town.city.id, sender.destination, letter)

    async def _due(self, town: Town, sender: Sender, now: datetime) -> list[Item]:
        city_id = town.city.id
        configured = town.city.alerts
        assert configured is not None
        async with self._database.town(city_id) as connection:
            row = await connection.fetchrow(
                """insert into alert_destinations as d (city_id, destination, since) values ($1, $2, $3)
                   on conflict (city_id, destination) do update set since = d.since
                   returning since, sent_at, next_at""",
                city_id,
                sender.destination,
                now,
            )
            assert row is not None
            lately = [at for at in row["sent_at"] if now - at < _HOUR]
            if len(lately) >= configured.at_most or (row["next_at"] and row["next_at"] > now):
                return []
            rows = await connection.fetch(_DUE, city_id, sender.destination, row["since"], now, configured.repeat)
            due = []
            for one in rows:
                alert, number = alert_of({name: one[name] for name in Alert.__slots__}), one["number"]
                what = _what(alert, number, one["told_at"], configured.repeat, now)
                if what is not None:
                    due.append(Item(alert, what, (number or 0) + 1, await facts_of(connection, town, alert)))
            return due

    async def _sent(self, city_id: int, destination: str, letter: Letter) -> None:
        async with self._database.town(city_id) as connection:
            await connection.executemany(
                """insert into alert_tellings (city_id, alert_id, destination, last_at, number, over_at)
                   values ($1, $2, $3, $4, $5, $6)
                   on conflict (city_id, alert_id, destination) do update
                   set last_at = excluded.last_at, number = excluded.number, over_at = excluded.over_at""",
                [
                    (city_id, one.alert.alert_id, destination, letter.at, one.number, _over(one, letter.at))
                    for one in letter.items
                ],
            )
            await connection.execute(
                """update alert_destinations
                   set sent_at = array(select at from unnest(sent_at) as at
                                       where at > $3::timestamptz - interval '1 hour') || $3::timestamptz,
                       last_sent_at = $3::timestamptz, next_at = null, failing_since = null, failures = 0,
                       last_failure = null
                   where city_id = $1 and destination = $2""",
                city_id,
                destination,
                letter.at,
            )

    async def _failed(self, city_id: int, destination: str, why: str, now: datetime) -> None:
        async with self._database.town(city_id) as connection:
            failures = await connection.fetchval(
                """update alert_destinations set failures = failures + 1, last_failure = $3,
                          failing_since = coalesce(failing_since, $4)
                   where city_id = $1 and destination = $2 returning failures""",
                city_id,
                destination,
                why,
                now,
            )
            await connection.execute(
                "update alert_destinations set next_at = $3 where city_id = $1 and destination = $2",
                city_id,
                destination,
                now + _BACKOFF.after(failures or 1),
            )

    async def _forget(self, town: Town, destinations: list[str]) -> None:
        """Addresses that have left the configuration: who comes back later is not told of what was in between."""
        async with self._database.town(town.city.id) as connection:
            for table in ("alert_tellings", "alert_destinations"):
                await connection.execute(
                    f"delete from {table} where city_id = $1 and destination <> all ($2)",  # noqa: S608 - names are ours
                    town.city.id,
                    destinations,
                )


async def how_it_goes(connection: Connection, city_id: int) -> list[dict[str, Any]]:
    """One row for each address that was told something, or is to be: when last, and since when it fails."""
    rows = await connection.fetch(
        """select destination, last_sent_at, failing_since, failures, last_failure from alert_destinations
           where city_id = $1 order by destination""",
        city_id,
    )
    return [dict(row) for row in rows]


async def check(database: Database, town: Town, settings: Settings) -> list[CheckStep]:
    """For `munihub doctor`: whether there is a mail server for the addresses, and whom nothing reaches."""
    configured = town.city.alerts
    if configured is None:
        return [CheckStep("addresses", ok=True, detail="nobody is told: city.yaml has no alerts")]
    steps = []
    if configured.email:
        detail = f"{settings.mail.host}:{settings.mail.port}" if settings.mail else "MUNIHUB_SMTP_URL is not set"
        steps.append(CheckStep("mail server", ok=settings.mail is not None, detail=detail))
    async with database.town(town.city.id) as connection:
        rows = {row["destination"]: row for row in await how_it_goes(connection, town.city.id)}
    for name in destinations(configured):
        row = rows.get(name)
        if row is None or (row["failing_since"] is None and row["last_sent_at"] is None):
            steps.append(CheckStep(name, ok=True, detail="nothing was to be told yet"))
        elif row["failing_since"] is None:
            steps.append(CheckStep(name, ok=True, detail=f"last told {row['last_sent_at']:%Y-%m-%d %H:%M} UTC"))
        else:
            since = f"{row['failing_since']:%Y-%m-%d %H:%M} UTC"
            steps.append(CheckStep(name, ok=False, detail=f"since {since}: {row['last_failure']}"))
    return steps


def _what(alert: Alert, number: int | None, told_at: datetime | None, repeat: timedelta, now: datetime) -> What | None:
    if alert.settled_at is not None:
        return "over"
    if number is None or told_at is None:
        return "new"
    # Whoever sees to it is reminded, and not pressed.
    wait = _LONGEST if alert.acknowledged_at else min(repeat * 2 ** min(number - 1, 16), _LONGEST)
    return "again" if now - told_at >= wait else None


def _over(item: Item, at: datetime) -> datetime | None:
    return at if item.what == "over" else None


def _letter_id(destination: str, items: Sequence[Item]) -> str:
    told = [[str(one.alert.alert_id), one.what, one.number] for one in items]
    return sha256(json.dumps([destination, told]).encode()).hexdigest()[:32]
