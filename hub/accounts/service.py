"""Reading an account never calls a back office: it reads the projection and says how old each part is."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson

from hub.back_offices import service as feeds
from hub.back_offices.freshness import FeedFreshness, judge
from hub.back_offices.model import Feed, Town
from hub.kernel.clock import Clock
from hub.kernel.errors import NotFound
from hub.kernel.freshness import FreshnessStatus
from hub.matters.model import Matter
from hub.matters.service import matter_of
from hub.storage.database import Connection, Database

_MOST = 20
_TIMES = ("read_at", "complete_at", "failing_since", "caught_up_to")
_ROW_DATES = ("issued_on", "due_on", "opened_on", "closed_on")
_ROW_TIMES = ("as_of", "changed_at", "caught_up_to", "source_changed_at", "gone_at")


class Knowledge(StrEnum):
    """Whether a part of an answer may be taken as all there is."""

    COMPLETE = "complete"  # every source was read completely: an empty list means there is none
    PARTIAL = "partial"  # some source could not be asked, or not all of its answer be read
    UNKNOWN = "unknown"  # no source could be asked and none told anything: nothing may be concluded, there is no list


@dataclass(frozen=True, slots=True)
class Account:
    """One citizen's account as of `at`. `obligations` and `cases` are rows of the first few open ones.

    `sent`: the latest of what she has sent, unless it is closed or has become one of the cases.
    """

    at: datetime
    today: date
    subject_id: UUID
    kind: str
    name: str | None
    sources: list[FeedFreshness]
    totals: list[dict[str, Any]]
    obligations: list[dict[str, Any]]
    statuses: dict[str, int]
    cases: list[dict[str, Any]]
    sent: list[Matter]

    def knowledge(self, noun: str) -> Knowledge:
        told = self.obligations or self.totals if noun == "obligation" else self.cases or self.statuses
        return knowledge([one for one in self.sources if one.feed.noun == noun], told=bool(told))


def knowledge(sources: list[FeedFreshness], *, told: bool) -> Knowledge:
    """What may be concluded from the lists of these sources.

    `told`: there is something in them, which a source may have pushed, or given before its first read broke.
    """
    read = [one for one in sources if one.freshness.status is not FreshnessStatus.UNAVAILABLE]
    if not read:
        return Knowledge.PARTIAL if told else Knowledge.UNKNOWN
    if len(read) < len(sources) or not all(one.complete for one in read):
        return Knowledge.PARTIAL
    return Knowledge.COMPLETE


class AccountService:
    """Accounts of all towns of this process."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def read(self, town: Town, subject_id: UUID) -> Account:
        """The account, in one call to the database and none to anybody else. Raises NotFound."""
        now = self._clock.now()
        today = now.astimezone(town.city.timezone).date()
        found = await self._database.pool.fetchval(
            "select munihub_account($1, $2, $3, $4)", town.city.id, subject_id, today, _MOST
        )
        if found is None:
            raise NotFound("This subject has no account here.")
        data = orjson.loads(found)
        standing = next(one for one in data["subjects"] if one["merged_into"] is None)
        identifiers = dict(data["identifiers"] or ())
        states = [_timed(state, _TIMES) for state in data["feeds"] or ()]
        return Account(
            at=now,
            today=today,
            subject_id=UUID(standing["subject_id"]),
            kind=standing["kind"],
            name=standing["name"],
            sources=_judged(town, states, identifiers, now),
            totals=data["totals"] or [],
            obligations=[_dated(row) for row in data["obligations"] or ()],
            statuses=data["statuses"] or {},
            cases=[_dated(row) for row in data["cases"] or ()],
            sent=[_sent(row) for row in data["sent"] or ()],
        )

    async def sources(self, connection: Connection, town: Town, noun: str | None = None) -> list[FeedFreshness]:
        """Freshness of the feeds (of one noun), within the walls of the citizen who asks."""
        identifiers = {str(one): scheme for one, scheme in (await self.identifiers(connection, town)).items()}
        noted = await feeds.states(connection, town.city.id)
        states = [row | {"identifier_id": str(row["identifier_id"])} for row in noted]
        judged = _judged(town, states, identifiers, self._clock.now())
        return [one for one in judged if noun is None or one.feed.noun == noun]

    async def identifiers(self, connection: Connection, town: Town) -> dict[UUID, str]:
        """Scheme by identifier id, of the citizen who asks."""
        rows = await connection.fetch("select identifier_id, scheme from identifiers where city_id = $1", town.city.id)
        return {row["identifier_id"]: row["scheme"] for row in rows}

    async def request_refresh(self, town: Town, subject_id: UUID) -> list[tuple[Feed, UUID]]:
        """Queue a read of everything that can be asked about this citizen; see back_offices.request_reads."""
        async with self._database.citizen(town.city.id, subject_id) as connection:
            identifiers = await self.identifiers(connection, town)
            return await feeds.request_reads(connection, town, identifiers, self._clock.now())


def _judged(
    town: Town, states: list[dict[str, Any]], identifiers: Mapping[str, str], now: datetime
) -> list[FeedFreshness]:
    by_feed: dict[tuple[str, str], dict[str, Mapping[str, Any]]] = defaultdict(dict)
    for state in states:
        by_feed[state["back_office"], state["feed"]][state["identifier_id"]] = state
    return [
        judge(feed, by_feed[feed.back_office, feed.feed], identifiers, now)
        for feed in town.feeds()
        if feed.noun != "subject"
    ]


def _sent(row: dict[str, Any]) -> Matter:
    offices = [_timed(office, ("since", "failing_since")) for office in row["offices"] or ()]
    ids = {name: UUID(row[name]) for name in ("matter_id", "case_id") if row[name]}
    return matter_of(_timed(row | ids, ("opened_at", "state_at")), offices)


def _timed(row: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    for name in names:
        if row.get(name) is not None:
            row[name] = datetime.fromisoformat(row[name])
    return row


def _dated(row: dict[str, Any]) -> dict[str, Any]:
    for name in _ROW_DATES:
        if row.get(name) is not None:
            row[name] = date.fromisoformat(row[name])
    return _timed(row, _ROW_TIMES)
