"""A town on trial: its one back office speaks HTTP on loopback, and a test writes every word of it.

async with trial(tmp_path, urls, clock) as town:
    town.office.says("/debts?oib=87582274224", page(debt("a")))
    report = await town.read("debts", ANA)
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import unquote
from uuid import UUID

import asyncpg
import yaml

from hub.accounts.service import AccountService
from hub.back_offices.events import EventInterpreter
from hub.back_offices.model import Feed, Town
from hub.back_offices.service import ReadReport
from hub.hub import Hub, open_worker
from hub.intake import dead_letters
from hub.intake.cloudevents import BATCH
from hub.kernel.clock import Clock, FixedClock
from hub.kernel.freshness import Freshness
from hub.storage.database import NIL, Database
from hub.storage.provision import DatabaseUrls
from hub.storage.vault import MasterKeys
from hub.subjects import service as subjects
from hub.subjects.model import Proof, SubjectKind
from tests.support.http_server import Answer, Request, serve
from tests.support.hub import make_settings

CITY_ID = 7
OFFICE = "knjige"
JSON = {"content-type": "application/json"}

_FIELDS = """
parties:
  - { role: debtor, scheme: hr.oib, from: oib }
  - { role: co_owner, scheme: hr.oib, each: owners, from: . }
fields:
  kind: { from: kind, table: { F: fee, T: tax } }
  title: { from: text, language: hr }
  original: { from: amount, as: decimal, currency: EUR }
  outstanding: { from: open, as: decimal, currency: EUR }
  due_on: due
  year: year
  payee: payee
  message: message
"""
_PER_SUBJECT = """
  request: GET /{feed}
  parameters: {{ oib: {{ alias: hr.oib }} }}
  pages: {{ next: next }}
  records: items
  caught_up_to: true_for
"""
MAPPINGS = {
    "debts.yaml": "target: obligation\nsource:" + _PER_SUBJECT.format(feed="debts") + "key: id\nversion: rev" + _FIELDS,
    # A source that gives no versions.
    "plain.yaml": "target: obligation\nsource:" + _PER_SUBJECT.format(feed="plain") + "key: id" + _FIELDS,
    "changes.yaml": """target: obligation
source:
  request: GET /changes
  parameters: { since: { cursor: true } }
  pages: { cursor: more, parameter: from }
  records: items
  cursor: mark
key: id
version: rev
removed: { from: gone, values: [true] }"""
    + _FIELDS,
    "event.yaml": "target: obligation\nsource: { records: items }\nkey: id\nversion: rev\n"
    "removed: { from: gone, values: [true] }" + _FIELDS,
    "plain.event.yaml": "target: obligation\nsource: { records: items }\nkey: id\n"
    "removed: { from: gone, values: [true] }" + _FIELDS,
}
_CITY = {
    "id": CITY_ID,
    "slug": "proba",
    "name": {"hr": "Proba"},
    "country": "HR",
    "currency": "EUR",
    "timezone": "Europe/Zagreb",
    "languages": ["hr"],
    "payees": {"grad": {"name": {"hr": "Grad Proba"}, "account": "HR1723600001101234565"}},
    "back_offices": {
        OFFICE: {
            "name": {"hr": "Knjige"},
            "connector": "rest",
            "mapping": "proba_knjige",
            "payee": "grad",
            "settings": {
                "base_url": "",
                "timeout": {"connect": "2s", "read": "20s", "total": "30s"},
                "retries": {"attempts": 1},
                "breaker": {"failures": 1000},
            },
            "feeds": {
                "debts": {"mapping": "debts.yaml", "refresh": {"every": "15m"}, "max_age": "1h"},
                "plain": {"mapping": "plain.yaml", "max_age": "1h"},
                "changes": {"mapping": "changes.yaml", "refresh": {"daily": "03:30"}, "max_age": "1d"},
                "told": {"max_age": "1h"},
            },
            "push": {
                "secret": {"secret": "pregrada-financije-push"},
                "events": {
                    "debt": {"feed": "debts", "mapping": "event.yaml"},
                    "plain": {"feed": "plain", "mapping": "plain.event.yaml"},
                    "told": {"feed": "told", "mapping": "event.yaml"},
                    "told.all": {"feed": "told", "says": "complete"},
                },
            },
        }
    },
}


def debt(key: str = "a", oib: str = "87582274224", rev: int | None = 1, **values: Any) -> dict[str, Any]:
    """An item as the back office writes it: 10 euros due, unless said otherwise."""
    item = {"id": key, "oib": oib, "kind": "F", "text": "Komunalna naknada", "amount": "10.00"}
    return {**item, **({} if rev is None else {"rev": rev}), **values}


def page(*items: Any, **more: Any) -> Answer:
    """A page of items; `next`, `true_for`, `mark`, `more` stand beside them."""
    return Answer(json.dumps({"items": items, **more}, ensure_ascii=False).encode(), 200, JSON)


Reply = Answer | Callable[[Request], Awaitable[Answer | None]]


class Office:
    """Answers what a test wrote for an address, each once but the last; 404 for any other address."""

    def __init__(self) -> None:
        self._replies: dict[str, list[Reply]] = {}
        self.asked: list[str] = []
        self.requests: list[Request] = []

    def says(self, target: str, *replies: Reply) -> None:
        self._replies[target] = list(replies)

    async def __call__(self, request: Request) -> Answer | None:
        target = unquote(request.target)
        self.asked.append(target)
        replies = self._replies.get(target)
        if replies is None:
            return Answer(b'{"error": "no such address"}', 404, JSON)
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        return reply if isinstance(reply, Answer) else await reply(request)


@dataclass
class Trial:
    """`hub` is the worker's, with connectors; `accounts` are behind the walls of the API."""

    hub: Hub
    accounts: AccountService
    office: Office
    clock: FixedClock
    config: Path

    @property
    def town(self) -> Town:
        return self.hub.towns.by_slug["proba"]

    def feed(self, name: str) -> Feed:
        return self.town.back_offices[OFFICE].feeds[name]

    async def read(self, feed: str, oib: str | None = None) -> ReadReport:
        identifier_id = NIL if oib is None else await self.identifier(oib)
        return await self.hub.feeds.read(self.town, self.feed(feed), identifier_id)

    async def identifier(self, oib: str) -> UUID:
        async with self.hub.database.town(CITY_ID) as connection:
            keys = await self.hub.vault.keys(connection, CITY_ID)
            return (await subjects.identify(connection, keys, [("hr.oib", oib)]))["hr.oib", oib]

    async def subject(self, *oibs: str) -> UUID:
        async with self.hub.database.town(CITY_ID) as connection:
            keys = await self.hub.vault.keys(connection, CITY_ID)
            subject_id = await subjects.create(connection, CITY_ID, SubjectKind.PERSON, "Ana Šćrbačić")
            for oib in oibs:
                await subjects.prove(
                    connection, keys, subject_id, "hr.oib", oib, proof=Proof.CLERK, source="counter", now=self.clock.at
                )
            return subject_id

    async def fetch(self, query: str, *arguments: Any) -> list[asyncpg.Record]:
        async with self.hub.database.town(CITY_ID) as connection:
            return await connection.fetch(query, *arguments)

    async def obligations(self, feed: str) -> dict[str, tuple[int | None, int | None, bool]]:
        """`{key: (outstanding, version, gone)}`"""
        rows = await self.fetch("select * from obligations where feed = $1 order by source_key", feed)
        return {row["source_key"]: (row["outstanding"], row["version"], row["gone_at"] is not None) for row in rows}

    async def state(self, feed: str, oib: str | None = None) -> dict[str, Any] | None:
        """What is noted of a feed's reads for somebody, or for everybody."""
        identifier_id = NIL if oib is None else await self.identifier(oib)
        rows = await self.fetch("select * from feed_states where feed = $1 and identifier_id = $2", feed, identifier_id)
        return dict(rows[0]) if rows else None

    async def freshness(self, subject_id: UUID) -> dict[str, tuple[Freshness, bool]]:
        """`{feed: (freshness, complete)}` as the subject's account tells it."""
        account = await self.accounts.read(self.town, subject_id)
        return {one.feed.feed: (one.freshness, one.complete) for one in account.sources}

    async def push(self, *events: dict[str, Any]) -> None:
        """Events as they come through the door, one batch, and read by the worker."""
        await self.accept(*events)
        await self.hub.intake.apply_waiting(CITY_ID, OFFICE, EventInterpreter(self.town))

    async def accept(self, *events: dict[str, Any]) -> None:
        body = json.dumps(events, ensure_ascii=False).encode()
        await self.hub.intake.accept(CITY_ID, OFFICE, body, BATCH, {})

    async def letters(self) -> list[dead_letters.DeadLetter]:
        """Open ones by their names: those of one moment have no order of their own."""
        async with self.hub.database.town(CITY_ID) as connection:
            found = await dead_letters.listed(connection, CITY_ID, dead_letters.Filters())
        return sorted(found, key=lambda one: one.external_id)

    async def body_of(self, letter: dead_letters.DeadLetter) -> bytes:
        async with self.hub.database.town(CITY_ID) as connection:
            keys = await self.hub.vault.keys(connection, CITY_ID)
            row = await dead_letters.find(connection, CITY_ID, letter.dead_letter_id)
        assert row is not None
        return keys.decrypt("dead_letters", "body", str(letter.dead_letter_id), row["body"])

    async def jobs(self) -> list[tuple[str, str, int]]:
        """`(kind, dedupe, priority)` of those in the queue."""
        rows = await self.hub.database.pool.fetch("select kind, dedupe, priority from jobs order by kind, dedupe")
        return [tuple(row) for row in rows]


def event(kind: str, number: int, *items: dict[str, Any], time: str | None = None, **changes: Any) -> dict[str, Any]:
    """A CloudEvent with these items; `time` as it would be written."""
    found = {"specversion": "1.0", "id": f"e{number}", "source": "/knjige", "type": kind, "data": {"items": items}}
    return found | ({} if time is None else {"time": time}) | changes


def write_config(folder: Path, base_url: str, **changes: Any) -> Path:
    """The configuration of the town; `changes` replace keys of its back office."""
    (folder / "mappings" / "proba_knjige").mkdir(parents=True, exist_ok=True)
    for name, text in MAPPINGS.items():
        (folder / "mappings" / "proba_knjige" / name).write_text(text, "utf-8")
    city = json.loads(json.dumps(_CITY))
    city["back_offices"][OFFICE]["settings"]["base_url"] = base_url
    city["back_offices"][OFFICE] |= changes
    file = folder / "cities" / "proba" / "city.yaml"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(city, allow_unicode=True, sort_keys=False), "utf-8")
    return folder


@asynccontextmanager
async def trial(folder: Path, urls: DatabaseUrls, clock: FixedClock, **changes: Any) -> AsyncIterator[Trial]:
    office = Office()
    async with serve(office) as server:
        config = write_config(folder / "config", server.url, **changes)
        office.requests = server.requests
        async with opened_worker(folder / "var", urls, config, clock) as hub:
            database = await Database.open(urls.app, size=2)
            try:
                yield Trial(hub, AccountService(database, clock), office, clock, config)
            finally:
                await database.close()


@asynccontextmanager
async def opened_worker(
    var: Path, urls: DatabaseUrls, config: Path, clock: Clock | None = None, *, connect: bool = True
) -> AsyncIterator[Hub]:
    """A worker's hub on an installation of its own, its keys made at the first time."""
    settings = make_settings(var, urls, config)
    MasterKeys.load(settings.master_key, create=True)
    hub = await open_worker(settings, urls.worker, connect=connect, clock=clock)
    try:
        yield hub
    finally:
        await hub.close()
