"""Reading back offices: for one citizen when asked, for everybody on schedule, and how old it all is."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from hub.back_offices import queries, records, refusals
from hub.back_offices.model import READ, Feed, Town
from hub.changes import service as changes
from hub.intake import dead_letters
from hub.intake.model import Fault
from hub.jobs.queue import NewJob, enqueue_many
from hub.kernel.clock import Clock
from hub.kernel.errors import ConfigurationError, HubError, NotFound, RemoteError
from hub.kit import xml
from hub.mapping.mapping import Mapping as RecordMapping
from hub.mapping.model import Drift, Mapped
from hub.ports.back_office import Arguments, FeedReader, Page
from hub.ports.projection import Source
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

    identifier_id: UUID
    cursor: str | None
    pages: int = 0
    present: list[str] = field(default_factory=list)
    changed: int = 0
    faults: list[Fault] = field(default_factory=list)
    caught_up_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class ReadReport:
    """What one read gave. `failure` is None where the source answered and all of it could be used; else a code, and
    `because` says it for the operator.
    """

    records: int
    changed: int
    gone: int
    rejected: int
    failure: str | None
    because: str | None = field(default=None, compare=False)


class FeedService:
    """Reads the feeds of towns."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database, self._vault, self._clock = database, vault, clock

    async def read(self, town: Town, feed: Feed, identifier_id: UUID = NIL) -> ReadReport:
        """Ask the back office and store what it says; what it fails to give is stored as a failure, not raised.

        For a feed that `needs` an identifier, `identifier_id` says whose; otherwise it is NIL.
        No transaction is open while the back office is asked. Raises ConfigurationError for a feed that is only pushed,
        NotFound for an identifier that is no more, and after noting it whatever is a fault of ours.
        """
        if feed.reader is None or feed.mapping is None:
            raise ConfigurationError(f"{feed.back_office}/{feed.feed} of {feed.city.slug} is not read, only pushed")
        began = self._clock.now()
        city_id = feed.city.id
        async with self._database.town(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            cursor = await queries.begin_read(connection, city_id, feed.back_office, feed.feed, identifier_id, began)
            asked = await _asked(connection, keys, feed, identifier_id)
        progress = _Progress(identifier_id, cursor)
        try:
            async with town.back_offices[feed.back_office].at_once:
                await self._read_pages(feed, feed.reader, feed.mapping, Arguments(began, asked, cursor), progress)
        except RemoteError as error:
            return await self._failed(feed, began, error.code, str(error), progress)
        except HubError as error:
            return await self._failed(feed, began, "configuration", str(error), progress)
        except Exception as error:
            await self._failed(feed, began, "hub_error", f"{type(error).__name__} while it was read", progress)
            raise
        # What is absent from an answer of changes only has not changed.
        everything = feed.mapping.complete and cursor is None
        return await self._finished(feed, began, progress, everything=everything, complete=feed.mapping.complete)

    async def _read_pages(
        self,
        feed: Feed,
        reader: FeedReader,
        mapping: RecordMapping,
        arguments: Arguments,
        progress: _Progress,
    ) -> None:
        async for page in reader.read(arguments):
            # Mapping is pure computation: beside the loop, so that other reads go on meanwhile.
            mapped, caught_up_to, cursor = await asyncio.to_thread(
                _mapped, mapping, page.document, arguments.aliases, progress.cursor
            )
            mapped.drift.extend(Drift("lenient", path, sample) for path, sample in page.forgiven)
            true_for = caught_up_to or page.source_time
            if true_for is not None:
                # Of what was paid between two pages the first knows nothing.
                progress.caught_up_to = min(true_for, progress.caught_up_to or true_for)
            progress.cursor = cursor
            progress.pages += 1
            source = feed.source(arguments.now, asked=True, caught_up_to=true_for or progress.caught_up_to)
            async with self._database.town(feed.city.id) as connection:
                # Asked for again, since they may have been rotated while the back office took its time.
                keys = await self._vault.keys(connection, feed.city.id)
                await self._store_page(connection, keys, feed, mapping, source, page, mapped, progress)

    async def _store_page(
        self,
        connection: Connection,
        keys: TownKeys,
        feed: Feed,
        mapping: RecordMapping,
        source: Source,
        page: Page,
        mapped: Mapped,
        progress: _Progress,
    ) -> None:
        stored = await records.store(connection, keys, feed, source, mapped.records, mapped.drift)
        refused = refusals.of_page(feed, mapped, stored.refused)
        progress.changed += len(stored.changed)
        # A record that could not be used is not an absent one.
        progress.present += [record.key for record in mapped.records]
        progress.present += [one.key for one in refused if isinstance(one.at, int) and one.key is not None]
        progress.faults += [one.fault for one in refused]
        now = self._clock.now()
        await refusals.keep(
            connection,
            keys,
            feed,
            mapping,
            page,
            refused,
            identifier_id=progress.identifier_id,
            number=progress.pages,
            now=now,
        )
        contradicted = {record.key for record, _ in stored.refused}
        good = [refusals.key_name(feed, one.key) for one in mapped.records if one.key not in contradicted]
        await dead_letters.settle(connection, keys.city_id, feed.back_office, good, "superseded", now)

    async def _finished(
        self, feed: Feed, began: datetime, progress: _Progress, *, everything: bool, complete: bool
    ) -> ReadReport:
        failure = None
        if progress.faults:
            first = progress.faults[0]
            count = len(progress.faults)
            failure = ("unreadable_records", f"{count} refused; the first: {first.field or 'record'}: {first.detail}")
        gone, now = 0, self._clock.now()
        async with self._database.town(feed.city.id) as connection:
            latest = await queries.succeed(
                connection,
                feed.city.id,
                feed.back_office,
                feed.feed,
                progress.identifier_id,
                began=began,
                now=now,
                complete=complete and not progress.faults,
                caught_up_to=progress.caught_up_to,
                # What was refused must come again: the cursor stays where it was.
                cursor=None if progress.faults else progress.cursor,
                failure=failure,
                records=len(progress.present),
                rejected=len(progress.faults),
            )
            # Nothing is concluded from what is absent here where a later answer is known already.
            if latest and everything:
                if not progress.faults:
                    source = feed.source(began, asked=True)
                    gone = await feed.projection.bury_absent(
                        connection, source, progress.identifier_id, progress.present
                    )
                    if gone:
                        noted = (feed.noun, feed.back_office, feed.feed, now)
                        await changes.of_records(connection, feed.city, *noted, gone_at=began)
                # Of letters about single subjects only those without a key are surely this reader's.
                of = "" if progress.identifier_id == NIL else refusals.nameless(feed, progress.identifier_id)
                await dead_letters.settle_feed(connection, feed.city.id, feed.back_office, feed.feed, of, began, now)
            if latest and complete and not everything and not progress.faults and progress.identifier_id == NIL:
                source = feed.source(began, asked=True, caught_up_to=progress.caught_up_to)
                settled = await feed.projection.caught_up(connection, source)
                await changes.of_records(
                    connection, feed.city, feed.noun, feed.back_office, feed.feed, now, keys=settled
                )
            await _tell_landed(connection, feed, progress.identifier_id)
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
            *(failure or (None,)),
        )

    async def _failed(self, feed: Feed, began: datetime, code: str, detail: str, progress: _Progress) -> ReadReport:
        log.warning("feed_not_read", city=feed.city.slug, back_office=feed.back_office, feed=feed.feed,
                    because=code, detail=detail)  # fmt: skip
        async with self._database.town(feed.city.id) as connection:
            await queries.fail(
                connection,
                feed.city.id,
                feed.back_office,
                feed.feed,
                progress.identifier_id,
                began=began,
                now=self._clock.now(),
                code=code,
                detail=detail,
            )
            await _tell_landed(connection, feed, progress.identifier_id)
        return ReadReport(len(progress.present), progress.changed, 0, len(progress.faults), code, detail)

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


async def states(connection: Connection, city_id: int) -> list[dict[str, Any]]:
    """What was noted of the reads of feeds, within the walls of whoever asks: rows of `feed_states`."""
    return [dict(row) for row in await queries.states(connection, city_id)]


async def drift(connection: Connection, city_id: int) -> list[dict[str, Any]]:
    """Fields and codes of the live interfaces that no mapping names, last seen first."""
    return [dict(row) for row in await queries.drift(connection, city_id)]


def _mapped(
    mapping: RecordMapping, document: Any, asked: Mapping[str, str], cursor: str | None
) -> tuple[Mapped, datetime | None, str | None]:
    """All a page says: its records, the moment it has counted our writes up to, and where the next read begins."""
    document = xml.own(document)
    return mapping.map(document, asked=asked), mapping.caught_up_to(document), mapping.cursor(document, cursor)
