"""What lasts too long: looked for every minute, and an alert as long as it does.

Deliveries, changed interfaces and front ends raise their alerts themselves, when it happens (hub.delivery,
hub.contracts, hub.webhooks). What is watched here is not an event: a source that goes on failing, data that nobody
renews, letters and files that wait for somebody, jobs that were given up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import asyncpg

from hub.alerts import service as alerts
from hub.back_offices.model import Town
from hub.intake import drop_folder
from hub.kernel.clock import Clock
from hub.storage.database import NIL, Connection, Database

WATCH = "watch"
EVERY = timedelta(minutes=1)
CHECK_EIDS = "watch.eids"

READING_FAILED = "reading_failed"
FEED_STALE = "feed_stale"
DEAD_LETTERS = "dead_letters"
PUSH_REFUSED = "push_refused"
PUSH_UNPROVEN = "push_unproven"
DROPPED_FILES = "dropped_files"
JOB_GIVEN_UP = "job_given_up"
EID_CHECK = "eid_check"

_WATCHED = (READING_FAILED, FEED_STALE, DEAD_LETTERS, PUSH_REFUSED, PUSH_UNPROVEN, DROPPED_FILES, JOB_GIVEN_UP)

_PATIENCE = timedelta(minutes=10)
"""What is over within this time is told to nobody: a restart, a short cut of the line."""

_ASKED_LATELY = timedelta(hours=25)
"""A question about somebody that nobody has asked again for so long tells nothing of today; a daily sweep asks it anew.
What is read for everybody by a schedule fails until it is read, however seldom that is.
"""

_REFUSED_WITHIN = timedelta(hours=1)
_REFUSED_OFTEN = 10

# What could be read and not be used is a letter, of which there is an alert of its own.
_FAILING = """
    select back_office, feed, min(failing_since) as since, sum(failures)::bigint as times,
           count(*) filter (where identifier_id <> $4) as people, mode() within group (order by failure) as failure,
           max(attempted_at) > $3 as lately
    from feed_states
    where city_id = $1 and failing_since is not null and failure <> 'unreadable_records'
      and (attempted_at > $3 or identifier_id = $4)
    group by back_office, feed having min(failing_since) <= $2"""

_READ = """
    select back_office, feed, read_at from feed_states
    where city_id = $1 and identifier_id = $2 and read_at is not null and failing_since is null"""

_LETTERS = """
    select back_office, count(*) as times, min(first_at) as since, mode() within group (order by reason) as reason
    from dead_letters where city_id = $1 and settled_at is null group by back_office having min(first_at) <= $2"""

# Counted by day, and beyond midnight: what goes on is no other thing in the morning.
_REFUSALS = """
    select back_office, sum(times)::bigint as times, min(first_at) as since,
           mode() within group (order by reason) as reason
    from push_refusals
    where city_id = $1 and day >= ($2::timestamptz at time zone 'UTC')::date - 1 and back_office <> ''
      and last_at > $2::timestamptz - interval '1 day'
    group by back_office having max(last_at) > $2 and sum(times) >= $3"""

# A wrong secret tells of nobody whose it is: what is known is the door, and from how many places it was tried.
_UNPROVEN = """
    select door, sum(times)::bigint as times, min(first_at) as since, count(distinct address) as addresses,
           mode() within group (order by reason) as reason
    from push_refusals
    where city_id = $1 and day >= ($2::timestamptz at time zone 'UTC')::date - 1 and back_office = ''
      and last_at > $2::timestamptz - interval '1 day'
    group by door having max(last_at) > $2 and sum(times) >= $3"""

# What lies in a drop folder and is not taken, for as long as it lies there (hub.intake.drop_folder).
_DROPPED = """
    select back_office, count(*) as times, min(seen_at) as since from push_drops
    where city_id = $1 and file_id is null and problem is not null group by back_office having min(seen_at) <= $2"""

_GIVEN_UP = """
    select kind, count(*) as times, min(failed_at) as since,
           mode() within group (order by split_part(last_error, ':', 1)) as reason
    from jobs where city_id = $1 and state = 'failed' group by kind"""


@dataclass(frozen=True, slots=True)
class _Condition:
    """Something that lasts. `times` of the alert is what is counted in it."""

    kind: str
    about: str
    times: int
    detail: Mapping[str, Any]


class Conditions:
    """The handlers of `watch` and `watch.eids` jobs, one for each town."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def watch(self, town: Town) -> None:
        """Raise what lasts, settle what does not any more."""
        now, city_id = self._clock.now(), town.city.id
        async with self._database.town(city_id) as connection:
            found = [
                *await _failing(connection, town, now),
                *await _stale(connection, town, now),
                *await _letters(connection, city_id, now),
                *await _refusals(connection, city_id, now),
                *await _unproven(connection, city_id, now),
                *await _dropped(connection, town, now),
                *await _given_up(connection, city_id),
            ]
            await _note(connection, city_id, _WATCHED, found, now)

    async def check_eids(self, town: Town) -> None:
        """Certificates and metadata that end soon, or have; once a day."""
        found = []
        for name, eid in town.eids.items():
            wrong = [step for step in await eid.check() if not step.ok]
            if wrong:
                detail = {"eid": name, "steps": [f"{one.name}: {one.detail}"[:200] for one in wrong[:5]]}
                found.append(_Condition(EID_CHECK, name, len(wrong), detail))
        async with self._database.town(town.city.id) as connection:
            await _note(connection, town.city.id, (EID_CHECK,), found, self._clock.now())


async def _note(
    connection: Connection, city_id: int, kinds: tuple[str, ...], found: list[_Condition], now: datetime
) -> None:
    last = {(one.kind, one.about) for one in found}
    for one in found:
        await alerts.raise_alert(
            connection, city_id, kind=one.kind, about=one.about, detail=one.detail, now=now, times=one.times
        )
    for alert in await alerts.open_alerts(connection, city_id):
        if alert.kind in kinds and (alert.kind, alert.about) not in last:
            await alerts.settle(connection, city_id, kind=alert.kind, about=alert.about, now=now)


async def _failing(connection: Connection, town: Town, now: datetime) -> list[_Condition]:
    rows = await connection.fetch(_FAILING, town.city.id, now - _PATIENCE, now - _ASKED_LATELY, NIL)
    feeds = {(feed.back_office, feed.feed): feed.configuration for feed in town.feeds()}
    return [
        _Condition(
            READING_FAILED,
            f"{row['back_office']}/{row['feed']}",
            max(row["times"], 1),
            {**_since(row), "feed": row["feed"], "reason": row["failure"], "people": row["people"] or None},
        )
        for row in rows
        if (feed := feeds.get((row["back_office"], row["feed"]))) and (row["lately"] or feed.refresh)
    ]


async def _stale(connection: Connection, town: Town, now: datetime) -> list[_Condition]:
    """Feeds of everybody that nobody has renewed for twice the age they may have, though nothing failed."""
    read = {(row["back_office"], row["feed"]): row for row in await connection.fetch(_READ, town.city.id, NIL)}
    found = []
    for feed in town.feeds():
        row = read.get((feed.back_office, feed.feed))
        if row is None or feed.needs is not None:
            continue
        old = row["read_at"] + feed.configuration.max_age
        if now - old > max(feed.configuration.max_age, _PATIENCE):
            detail = {"back_office": feed.back_office, "feed": feed.feed, "since": old.isoformat()}
            found.append(_Condition(FEED_STALE, f"{feed.back_office}/{feed.feed}", 1, detail))
    return found


async def _letters(connection: Connection, city_id: int, now: datetime) -> list[_Condition]:
    rows = await connection.fetch(_LETTERS, city_id, now - _PATIENCE)
    return [
        _Condition(DEAD_LETTERS, row["back_office"], row["times"], {**_since(row), "reason": row["reason"]})
        for row in rows
    ]


async def _refusals(connection: Connection, city_id: int, now: datetime) -> list[_Condition]:
    rows = await connection.fetch(_REFUSALS, city_id, now - _REFUSED_WITHIN, _REFUSED_OFTEN)
    return [
        _Condition(PUSH_REFUSED, row["back_office"], row["times"], {**_since(row), "reason": row["reason"]})
        for row in rows
    ]


async def _unproven(connection: Connection, city_id: int, now: datetime) -> list[_Condition]:
    """By door: attempts of whoever has not proven who it is, such as with a wrong secret or signature."""
    rows = await connection.fetch(_UNPROVEN, city_id, now - _REFUSED_WITHIN, _REFUSED_OFTEN)
    return [
        _Condition(
            PUSH_UNPROVEN,
            row["door"],
            row["times"],
            {
                "door": row["door"],
                "addresses": row["addresses"],
                "since": row["since"].isoformat(),
                "reason": row["reason"],
            },
        )
        for row in rows
    ]


async def _dropped(connection: Connection, town: Town, now: datetime) -> list[_Condition]:
    offices = {name: office.configuration.push for name, office in town.back_offices.items()}
    folders = [name for name, push in offices.items() if push is not None and push.folder is not None]
    await drop_folder.forget_folders(connection, town.city.id, folders)
    rows = await connection.fetch(_DROPPED, town.city.id, now - _PATIENCE)
    return [_Condition(DROPPED_FILES, row["back_office"], row["times"], _since(row)) for row in rows]


async def _given_up(connection: Connection, city_id: int) -> list[_Condition]:
    """By kind of job: which one it is only its payload tells, and that is nobody's to read in a mail."""
    rows = await connection.fetch(_GIVEN_UP, city_id)
    return [
        _Condition(
            JOB_GIVEN_UP, row["kind"], row["times"], {"since": row["since"].isoformat(), "reason": row["reason"]}
        )
        for row in rows
    ]


def _since(row: asyncpg.Record) -> dict[str, Any]:
    return {"back_office": row["back_office"], "since": row["since"].isoformat()}
