"""Checks what back offices offer against what we recorded and use, and raises the alarm where it changed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import structlog

from hub.back_offices.model import BackOffice, Feed, Town
from hub.contracts import alarms, live, queries
from hub.contracts.judge import Reader, changes_judged, office_name
from hub.contracts.model import Checked, Compared, Finding, Severity
from hub.contracts.replies import document_of
from hub.contracts.uses import uses_of_delivery
from hub.jobs.queue import NewJob, enqueue_many
from hub.kernel.clock import Clock
from hub.kernel.errors import HubError, NotFound, RemoteFault, RemoteGarbage
from hub.kit.exchanges import Exchange, listening
from hub.kit.interfaces.diff import changes
from hub.mapping.model import Drift
from hub.ports.back_office import Arguments, Page
from hub.ports.interface import Described
from hub.storage.database import Connection, Database
from hub.storage.vault import Vault
from hub.subjects import service as subjects

log = structlog.get_logger(__name__)

CHECK = "contract.check"
_PEOPLE = 3
"""For so many subjects a feed asked per subject is read in a check."""
_PAGES = 2
_NOT_AGAIN = timedelta(hours=1)
"""A failed read asks for a check; one that was made within this time is enough."""
_SUSPICIOUS = frozenset({"back_office_garbage", "unreadable_records", "back_office_fault"})
_GONE = frozenset({404, 405, 410, 501})


def job(city_id: int, back_office: str, *, failure: bool = False) -> NewJob:
    """A check by the worker. `failure`: a read asks for it, so that one made just now is enough."""
    return {
        "city_id": city_id,
        "kind": CHECK,
        "payload": {"back_office": back_office, "failure": failure},
        "dedupe": f"{CHECK}/{back_office}",
    }


@dataclass(frozen=True, slots=True)
class _Read:
    """One live read: its replies as documents, and why the connector or the back office refused."""

    asked: Mapping[str, str]
    heard: Sequence[Exchange]
    error: HubError | None

    @property
    def documents(self) -> list[Any]:
        found = [document_of(one) for one in self.heard if 200 <= one.status < 300]
        return [one for one in found if one is not None]


class ContractService:
    """One for a process. Only a hub opened with connectors can check."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database, self._vault, self._clock = database, vault, clock

    async def check(self, town: Town, back_office: str, identifiers: Mapping[str, str] | None = None) -> Checked:
        """Compare, store what was found, raise and settle alarms. `identifiers` (by scheme) say whom live reads are
        about; without them it is those who were read last.

        What cannot be reached is told in `compared`, not raised. Raises NotFound for a back office the town does not
        have, or that is not called from here.
        """
        office = town.back_offices.get(back_office)
        if office is None or office.connector is None:
            there = ", ".join(name for name, one in town.back_offices.items() if one.connector) or "none"
            raise NotFound(f"There is no back office {back_office!r} that is called; there are: {there}.")
        readers = [await self._reader(feed) for feed in office.feeds.values() if feed.mapping is not None]
        every = [*readers, *_deliveries(office)]
        compared: list[Compared] = []
        findings: list[Finding] = []
        for made, found in (
            await self._described(office, every),
            *[r async for r in self._live(office, readers, identifiers)],
        ):
            compared.append(made)
            findings += found
        checked = Checked(back_office, self._clock.now(), tuple(compared), tuple(_without_repetition(findings)))
        async with self._database.town(town.city.id) as connection:
            await queries.save(connection, town.city.id, checked)
            await alarms.of_check(connection, town.city.id, checked)
        worst = min((list(Severity).index(one.severity) for one in checked.findings), default=None)
        log.info("contract_checked", city=town.city.slug, back_office=back_office, findings=len(checked.findings),
                 worst=None if worst is None else list(Severity)[worst].value)  # fmt: skip
        return checked

    async def check_if_due(self, town: Town, back_office: str, *, asked_by_a_failure: bool) -> Checked | None:
        """For the worker: after a failed read only where the last check is not fresh."""
        if asked_by_a_failure:
            async with self._database.town(town.city.id) as connection:
                last = await queries.last(connection, town.city.id, back_office)
            if last is not None and self._clock.now() - last.at < _NOT_AGAIN:
                return None
        return await self.check(town, back_office)

    async def last(self, city_id: int, back_office: str) -> Checked | None:
        """The last check of that back office."""
        async with self._database.town(city_id) as connection:
            return await queries.last(connection, city_id, back_office)

    async def after_reading(self, feed: Feed, since: datetime, failure: str | None) -> None:
        """Told by the worker of each read (and of each batch of pushes): what the mapping did not know becomes an
        alarm, and a reply that could not be used asks for a check.
        """
        city_id = feed.city.id
        async with self._database.town(city_id) as connection:
            rows = await connection.fetch(
                """select what, path, sample from drift
                   where city_id = $1 and back_office = $2 and feed = $3 and last_seen >= $4 order by what, path""",
                city_id,
                feed.back_office,
                feed.feed,
                since,
            )
            if rows and feed.mapping is not None:
                reader = Reader.of(feed, await queries.affected(connection, feed))
                found = [(drift, live.of_drift(reader, drift, "reading")) for drift in (Drift(*row) for row in rows)]
                await alarms.of_reading(connection, feed, found, self._clock.now())
            if failure in _SUSPICIOUS:
                await enqueue_many(connection, [job(city_id, feed.back_office, failure=True)])

    async def settle_unchecked(self, town: Town) -> None:
        """Settle alarms about back offices that are not called, so that no check does, where they are over."""
        checked = {name for name, office in town.back_offices.items() if office.connector is not None}
        async with self._database.town(town.city.id) as connection:
            await alarms.of_unchecked(connection, town.city.id, checked, self._clock.now())

    async def _reader(self, feed: Feed) -> Reader:
        async with self._database.town(feed.city.id) as connection:
            return Reader.of(feed, await queries.affected(connection, feed))

    async def _described(self, office: BackOffice, readers: Sequence[Reader]) -> tuple[Compared, list[Finding]]:
        """The recorded description against the published one."""
        connector: Any = office.connector
        described: Described | None = connector if hasattr(connector, "published_files") else None
        name = described.description() if described is not None else None
        if described is None or name is None:
            return Compared("description", ok=False, detail="No WSDL or OpenAPI document of it is recorded."), []
        try:
            recorded, published = await described.recorded(), await described.published()
        except HubError as error:
            return Compared(name, ok=False, detail=str(error)), []
        found = list(changes_judged(changes(recorded, published), name, readers, strict=recorded.strict))
        detail = f"{len(published.operations)} operations; {len(found)} differences"
        return Compared(name, ok=True, detail=detail), found

    async def _live(
        self, office: BackOffice, readers: Sequence[Reader], identifiers: Mapping[str, str] | None
    ) -> AsyncIterator[tuple[Compared, list[Finding]]]:
        for reader in readers:
            if reader.feed.reader is None:
                continue
            name = f"records {reader.feed.feed}"
            people = await self._whom(reader.feed, identifiers)
            if not people:
                yield Compared(name, ok=False, detail=f"nobody to ask about: give --alias {reader.feed.needs}=…"), []
                continue
            reads = [await self._read(office, reader.feed, asked) for asked in people]
            yield await asyncio.to_thread(_judged, name, reader, reads)

    async def _whom(self, feed: Feed, identifiers: Mapping[str, str] | None) -> list[dict[str, str]]:
        if feed.needs is None:
            return [{}]
        if identifiers is not None:
            return [{feed.needs: identifiers[feed.needs]}] if feed.needs in identifiers else []
        async with self._database.town(feed.city.id) as connection:
            keys = await self._vault.keys(connection, feed.city.id)
            ids: list[UUID] = await queries.read_last(connection, feed, _PEOPLE)
            return [{feed.needs: await subjects.reveal(connection, keys, one)} for one in ids]

    async def _read(self, office: BackOffice, feed: Feed, asked: Mapping[str, str]) -> _Read:
        """The first pages, as they would be read; nothing of them is stored."""
        assert feed.reader is not None
        error: HubError | None = None
        with listening() as heard:
            try:
                async with office.at_once, aclosing(_pages(feed, Arguments(self._clock.now(), asked))) as pages:
                    count = 0
                    async for _ in pages:
                        count += 1
                        if count == _PAGES:
                            break
            except HubError as raised:
                error = raised
        return _Read(asked, tuple(heard), error)


def _deliveries(office: BackOffice) -> list[Reader]:
    """What this back office takes, step by step."""
    name = office_name(office.configuration, office.back_office)
    return [
        Reader(uses, name, delivery=kind)
        for kind, file in office.configuration.deliveries.items()
        for uses in uses_of_delivery(office.folder / file)
    ]


async def _pages(feed: Feed, arguments: Arguments) -> AsyncGenerator[Page]:
    assert feed.reader is not None
    async for page in feed.reader.read(arguments):
        yield page


def _judged(name: str, reader: Reader, reads: Sequence[_Read]) -> tuple[Compared, list[Finding]]:
    """What live reads of one feed show. A back office that is away shows nothing."""
    garbage = next((one.error for one in reads if isinstance(one.error, RemoteGarbage)), None)
    refused = next((one for one in reads if isinstance(one.error, RemoteFault) and _blames_us(one)), None)
    away = next((one.error for one in reads if one.error and not isinstance(one.error, RemoteGarbage)), None)
    documents = [document for one in reads for document in one.documents]
    findings = []
    if documents or garbage:
        asked = reads[0].asked
        findings = live.compared(reader, documents, asked, refused=str(garbage) if garbage else None)
    if refused is not None:
        gone = refused.heard[-1].status in _GONE
        change = replace(live.unreadable(reader, str(refused.error)), what="operation_gone" if gone else "refused")
        findings.append(change)
    if away is not None and not findings:
        return Compared(name, ok=False, detail=str(away)), []
    return Compared(name, ok=True, detail=f"{len(documents)} replies read"), findings


def _blames_us(read: _Read) -> bool:
    return bool(read.heard) and 400 <= read.heard[-1].status < 500


def _without_repetition(findings: Sequence[Finding]) -> list[Finding]:
    """Of two that say the same of one place, the first: a description is surer than replies. The worst come first."""
    kept: dict[tuple[str, str, str], Finding] = {}
    for one in findings:
        kept.setdefault((one.operation, one.path, one.what), one)
    return sorted(kept.values(), key=lambda one: list(Severity).index(one.severity))


async def affected(connection: Connection, feed: Feed) -> int:
    """How many subjects have something from this feed: records of theirs, or their name."""
    return await queries.affected(connection, feed)
