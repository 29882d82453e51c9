"""Reading back offices: for one citizen when asked, for everybody on schedule, and how old it all is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from hub.back_offices import queries, records
from hub.back_offices.model import READ, Feed, Town
from hub.intake import dead_letters
from hub.intake.model import Fault
from hub.jobs.queue import NewJob, enqueue_many
from hub.kernel.clock import Clock
from hub.kernel.errors import HubError, NotFound, RemoteError
from hub.kernel.freshness import Freshness, FreshnessStatus
from hub.mapping.model import Mapped
from hub.ports.back_office import Arguments, Page
from hub.storage.database import NIL, Connection, Database
from hub.storage.vault import TownKeys, Vault
from hub.subjects import service as subjects

log = structlog.get_logger(__name__)

LANDED = "munihub_landed"
"""PostgreSQL channel on which a finished read is told: `city back_office feed identifier`."""

_SOONEST = timedelta(seconds=10)
"""A citizen who asks again within this time is shown what was just read."""


@dataclass(slots=True)
class _Progress:
    """What one read has seen so far."""

    present: list[str] = field(default_factory=list)
    changed: int = 0
    faults: list[Fault] = field(default_factory=list)
    caught_up_to: datetime | None = None
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class ReadReport:
    """What one read gave. `failure` is None where the source answered and all of it could be used."""

    records: int
    changed: int
    gone: int
    rejected: int
    failure: str | None


class FeedService:
    """Reads the feeds of towns."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database, self._vault, self._clock = database, vault, clock

    async def read(self, town: Town, feed: Feed, identifier_id: UUID = NIL) -> ReadReport:
        """Ask the back office and store what it says; a failure is stored as such, never raised.

        For a feed that `needs` an identifier, `identifier_id` says whose; otherwise it is NIL.
        No transaction is open while the back office is asked.
        """
        began = self._clock.now()
        city_id = feed.city.id
        async with self._database.town(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            cursor = await queries.begin_read(connection, city_id, feed.back_office, feed.feed, identifier_id, began)
            asked = await _asked(connection, keys, feed, identifier_id)
        progress = _Progress(cursor=cursor)
        try:
            async with town.back_offices[feed.back_office].at_once:
                await self._read_pages(keys, feed, Arguments(began, asked, cursor), progress)
        except RemoteError as error:
            return await self._failed(feed, identifier_id, began, error.code, str(error), progress)
        except HubError as error:
            return await self._failed(feed, identifier_id, began, "configuration", str(error), progress)
        return await self._finished(keys, feed, identifier_id, began, progress, incremental=cursor is not None)

    async def _read_pages(self, keys: TownKeys, feed: Feed, arguments: Arguments, progress: _Progress) -> None:
        assert feed.reader is not None
        assert feed.mapping is not None
        async for page in feed.reader.read(arguments):
            # Mapping is pure computation: beside the loop, so that other reads go on meanwhile.
            mapped = await asyncio.to_thread(feed.mapping.map, page.document, asked=arguments.aliases)
            progress.caught_up_to = (
                feed.mapping.caught_up_to(page.document) or page.source_time or progress.caught_up_to
            )
            progress.cursor = feed.mapping.cursor(page.document, progress.cursor)
            async with self._database.town(feed.city.id) as connection:
                await self._store_page(connection, keys, feed, arguments.now, page, mapped, progress)

    async def _store_page(
        self,
        connection: Connection,
        keys: TownKeys,
        feed: Feed,
        began: datetime,
        page: Page,
        mapped: Mapped,
        progress: _Progress,
    ) -> None:
        source = feed.source(began, asked=True, caught_up_to=progress.caught_up_to)
        stored = await records.store(connection, keys, feed, source, mapped.records, mapped.drift)
        refused = {record.key: fault for record, fault in stored.refused}
        progress.changed += len(stored.changed)
        progress.present += [record.key for record in mapped.records]
        faults = [
            (
                problem.key or f"record {problem.position + 1}",
                Fault("unreadable_record", problem.reason, feed.feed, problem.field, problem.path),
            )
            for problem in mapped.problems
        ] + list(refused.items())
        now = self._clock.now()
        for key, fault in faults:
            progress.faults.append(fault)
            await dead_letters.write(
                connection,
                keys,
                feed.back_office,
                "pull",
                f"{feed.feed}/{key}",
                fault,
                page.raw,
                page.media_type,
                now=now,
            )
        # A record that could not be read is not an absent one.
        progress.present += [key for key, _ in faults]
        good = [f"{feed.feed}/{record.key}" for record in mapped.records if record.key not in refused]
        await dead_letters.settle(connection, keys.city_id, feed.back_office, good, "superseded", now)

    async def _finished(
        self,
        keys: TownKeys,
        feed: Feed,
        identifier_id: UUID,
        began: datetime,
        progress: _Progress,
        *,
        incremental: bool,
    ) -> ReadReport:
        assert feed.mapping is not None
        complete = feed.mapping.complete and not progress.faults
        failure = None
        if progress.faults:
            first = progress.faults[0]
            count = len(progress.faults)
            failure = ("unreadable_records", f"{count} refused; the first: {first.field}: {first.detail}")
        gone = 0
        async with self._database.town(feed.city.id) as connection:
            if complete and not incremental:
                source = feed.source(began, asked=True)
                gone = await feed.projection.bury_absent(connection, source, identifier_id, progress.present)
            await queries.succeed(
                connection,
                feed.city.id,
                feed.back_office,
                feed.feed,
                identifier_id,
                began=began,
                now=self._clock.now(),
                complete=complete,
                caught_up_to=progress.caught_up_to,
                # What was refused must come again: the cursor stays where it was.
                cursor=None if progress.faults else progress.cursor,
                failure=failure,
                records=len(progress.present),
                rejected=len(progress.faults),
            )
            await _tell_landed(connection, feed, identifier_id)
        log.info(
            "feed_read",
            city=feed.city.slug,
            back_office=feed.back_office,
            feed=feed.feed,
            records=len(progress.present),
            changed=progress.changed,
            gone=gone,
            rejected=len(progress.faults),
        )
        return ReadReport(
            len(progress.present),
            progress.changed,
            gone,
            len(progress.faults),
            failure[0] if failure else None,
        )

    async def _failed(
        self, feed: Feed, identifier_id: UUID, began: datetime, code: str, detail: str, progress: _Progress
    ) -> ReadReport:
        log.warning("feed_not_read", city=feed.city.slug, back_office=feed.back_office, feed=feed.feed,
                    because=code, detail=detail)  # fmt: skip
        async with self._database.town(feed.city.id) as connection:
            await queries.fail(
                connection,
                feed.city.id,
                feed.back_office,
                feed.feed,
                identifier_id,
                began=began,
                now=self._clock.now(),
                code=code,
                detail=detail,
            )
            await _tell_landed(connection, feed, identifier_id)
        return ReadReport(len(progress.present), progress.changed, 0, len(progress.faults), code)

    async def sweep(self, feed: Feed) -> int:
        """Have a feed read for every subject it can be asked about; returns how many reads were queued."""
        if feed.needs is None:
            raise NotFound(f"{feed.back_office}/{feed.feed} is read for everybody at once")
        async with self._database.town(feed.city.id) as connection:
            rows = await subjects.identifiers_in_use(connection, feed.city.id, feed.needs)
            await enqueue_many(connection, [_read_job(feed, identifier_id, priority=0) for identifier_id in rows])
        return len(rows)


def _read_job(feed: Feed, identifier_id: UUID, *, priority: int) -> NewJob:
    return {
        "city_id": feed.city.id,
        "kind": READ,
        "payload": {"back_office": feed.back_office, "feed": feed.feed, "identifier": str(identifier_id)},
        "dedupe": f"{feed.back_office}/{feed.feed}/{identifier_id}",
        "priority": priority,
    }


async def _asked(connection: Connection, keys: TownKeys, feed: Feed, identifier_id: UUID) -> dict[str, str]:
    if feed.needs is None:
        return {}
    return {feed.needs: await subjects.reveal(connection, keys, identifier_id)}


async def _tell_landed(connection: Connection, feed: Feed, identifier_id: UUID) -> None:
    await connection.execute(
        "select pg_notify($1, $2)", LANDED, f"{feed.city.id} {feed.back_office} {feed.feed} {identifier_id}"
    )


@dataclass(frozen=True, slots=True)
class FeedFreshness:
    """How old one feed is for the subjects in scope. `complete` is False where absence may not be claimed."""

    feed: Feed
    freshness: Freshness
    complete: bool
    caught_up_to: datetime | None


def judge(feed: Feed, states: Iterable[Mapping[str, Any]], schemes: frozenset[str], now: datetime) -> FeedFreshness:
    """Freshness of one feed from its states; with several identifiers the worst one counts.

    `states` are rows of `feed_states` for this feed: by identifier where it is asked per subject, else the one for
    everybody. `schemes` are those of the identifiers the subject has proven.
    """
    recognised = {feed.needs} if feed.needs else feed.schemes
    rows = list(states)
    if recognised and not recognised & schemes:
        unknown = Freshness(FreshnessStatus.UNAVAILABLE, because="no_identifier")
        return FeedFreshness(feed, unknown, complete=False, caught_up_to=None)
    judged = [
        Freshness.judge(
            now=now,
            max_age=feed.configuration.max_age,
            read_at=row["read_at"],
            failing_since=row["failing_since"],
            failure=row["failure"],
        )
        for row in rows
    ] or [Freshness(FreshnessStatus.UNAVAILABLE, because="never_read")]
    order = [FreshnessStatus.FRESH, FreshnessStatus.STALE, FreshnessStatus.UNAVAILABLE]
    worst = max(judged, key=lambda one: order.index(one.status))
    caught_up = [row["caught_up_to"] for row in rows if row["caught_up_to"]]
    complete = bool(rows) and all(row["complete_at"] for row in rows)
    return FeedFreshness(feed, worst, complete, min(caught_up, default=None))


async def request_reads(
    connection: Connection, town: Town, identifiers: Mapping[UUID, str], now: datetime
) -> list[tuple[Feed, UUID]]:
    """Queue a read of every feed that can tell news of these identifiers (id → scheme).

    That is each feed asked per subject, and those read for everybody that continue from a cursor; a whole bulk read is
    not a citizen's to order. Returns what will land: queued now or by somebody before, not what was read within the
    last seconds. Runs within the walls of the citizen who asks.
    """
    states = {
        (row["back_office"], row["feed"], row["identifier_id"]): row
        for row in await queries.states(connection, town.city.id)
    }
    wanted = []
    for feed in town.feeds():
        if feed.mapping is None:
            continue
        about = [one for one, scheme in identifiers.items() if scheme == feed.needs] if feed.needs else [NIL]
        for identifier_id in about:
            state = states.get((feed.back_office, feed.feed, identifier_id))
            if state and state["read_at"] and not state["failing_since"] and now - state["read_at"] < _SOONEST:
                continue
            if feed.needs or (state and state["cursor"]):
                wanted.append((feed, identifier_id))
    await enqueue_many(connection, [_read_job(feed, identifier_id, priority=10) for feed, identifier_id in wanted])
    return wanted
