"""Recorded contracts, replayed offline: what we send is what we sent, and what comes of the reply is what came of it.

A loopback server stands for the back office. It answers with the recorded reply only where the request says the same
as the recorded one (hub.contracts.canonical).
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from hub.bootstrap.nouns import TARGETS
from hub.cities.loader import load_city, town_files
from hub.cities.model import City
from hub.contracts import recording
from hub.contracts.canonical import canonical, differences
from hub.contracts.recording import Recorded, Recording
from hub.kernel.errors import RemoteError
from hub.kit import manifest
from hub.kit.origins import origin
from hub.mapping.compile import compile_mapping
from hub.mapping.plain import plain_record
from hub.ports.back_office import Arguments, Connector, Surroundings
from simulators import people
from tests.support.http_server import Answer, Request, serve

ROOT = Path(__file__).resolve().parents[2]
MANIFESTS = manifest.scan(ROOT / "connectors")
TOWNS = {slug: load_city(file) for slug, file in town_files([ROOT / "config"]).items()}
FILES = sorted(path.relative_to(ROOT).as_posix() for path in ROOT.glob("mappings/*/recordings/*.yaml"))
TOKEN = b'{"access_token": "token-of-a-replay", "token_type": "Bearer", "expires_in": 300}'
JSON = {"content-type": "application/json"}


@dataclass
class Neighbour:
    """Answers as recorded, one exchange after the other; `complaints` are requests that say something else."""

    recorded: Recording
    token_path: str | None
    complaints: list[str] = field(default_factory=list)
    answered: int = 0

    async def __call__(self, request: Request) -> Answer:
        if self.token_path is not None and request.target == self.token_path:
            return Answer(TOKEN, 200, JSON)
        if self.answered == len(self.recorded.exchanges):
            self.complaints.append(f"asked once more: {request.target}")
            return Answer(b"", 500)
        expected = self.recorded.exchanges[self.answered]
        headers = {name.lower(): value for name, value in dict(request.headers).items()}
        sent = Recorded(request.method, request.target, headers, request.body, 0, {}, b"")
        found = differences(expected, sent)
        if found:
            self.complaints += found
            return Answer(b"", 500)
        self.answered += 1
        return Answer(expected.content, expected.status, dict(expected.reply_headers))


def user_of(file: str) -> tuple[City, str]:
    """A town with a back office that uses this mapping folder."""
    folder = file.split("/")[1]
    users = (
        (town, name) for town in TOWNS.values() for name, one in town.back_offices.items() if one.mapping == folder
    )
    return next(users)


@asynccontextmanager
async def replaying(file: str, made: Recording, **changes: Any) -> AsyncIterator[tuple[Neighbour, Connector, City]]:
    town, name = user_of(file)
    office = town.back_offices[name]
    settings: dict[str, Any] = {**office.settings, "retries": {"attempts": 1}, **changes}
    real = origin(settings.get("endpoint") or settings["base_url"])
    auth = settings.get("auth") or {}
    token = auth.get("token_url", "").removeprefix(real) if auth.get("kind") == "oauth2" else None
    neighbour = Neighbour(made, token)
    async with serve(neighbour) as server:
        entry: type[Connector] = MANIFESTS[str(office.connector)].load()
        surroundings = Surroundings(
            town.slug, name, ROOT / "mappings" / office.mapping, town.timezone, lambda _: SecretStr("only-for-a-replay")
        )
        connector = entry(entry.Settings.model_validate(moved(settings, real, server.url)), surroundings)
        try:
            yield neighbour, connector, town
        finally:
            await connector.close()


def moved(value: Any, real: str, url: str) -> Any:
    if isinstance(value, dict):
        return {key: moved(inner, real, url) for key, inner in value.items()}
    return value.replace(real, url) if isinstance(value, str) else value


async def replayed(file: str, made: Recording, **changes: Any) -> tuple[list[Mapping[str, Any]], list[str]]:
    """The records, and what was sent that was not recorded."""
    async with replaying(file, made, **changes) as (neighbour, connector, town):
        mapping = None
        if made.mapping is not None:
            path = ROOT / Path(file).parent.parent / made.mapping
            mapping = compile_mapping(path, TARGETS, timezone=town.timezone)
        arguments = Arguments(now=datetime.fromisoformat(made.recorded_at), aliases=made.asked)
        records: list[Mapping[str, Any]] = []
        try:
            async for page in connector.feed(made.source).read(arguments):
                mapped = mapping.map(page.document, asked=made.asked) if mapping else None
                records += [plain_record(one) for one in mapped.records] if mapped else []
        except RemoteError:
            if not neighbour.complaints:
                raise
        if neighbour.answered < len(made.exchanges) and not neighbour.complaints:
            neighbour.complaints.append(f"only {neighbour.answered} of {len(made.exchanges)} were asked")
        return records, neighbour.complaints


def as_text(value: Any) -> Any:
    """YAML leaves open whether 40017 is a number."""
    if isinstance(value, dict):
        return {str(key): as_text(inner) for key, inner in value.items()}
    return [as_text(one) for one in value] if isinstance(value, list) else str(value)


def test_every_back_office_of_the_demonstration_that_is_read_has_a_recording() -> None:
    recorded = {file.split("/")[1] for file in FILES}
    read = {
        office.mapping
        for town in TOWNS.values()
        for office in town.back_offices.values()
        if office.connector and any(feed.mapping for feed in office.feeds.values())
    }
    assert len(read) >= 4
    assert read <= recorded


@pytest.mark.parametrize("file", FILES)
async def test_a_recording_replays(file: str) -> None:
    made = recording.read(ROOT / file)
    records, complaints = await replayed(file, made)
    assert complaints == []
    assert as_text(records) == as_text(list(made.records))
    assert records


@pytest.mark.parametrize("file", FILES)
async def test_a_recording_holds_for_the_mappings_own_source(file: str) -> None:
    """What is recorded is what the feed asks today."""
    made = recording.read(ROOT / file)
    assert made.mapping is not None
    town, _ = user_of(file)
    mapping = compile_mapping(ROOT / Path(file).parent.parent / made.mapping, TARGETS, timezone=town.timezone)
    assert dict(mapping.source_call) == dict(made.source)


@pytest.mark.parametrize("file", FILES)
def test_a_recording_says_that_nothing_personal_is_in_it(file: str) -> None:
    made = recording.read(ROOT / file)
    assert not made.personal_data
    assert made.replaced
    whole = b"".join(one.body + one.content + str(dict(one.headers)).encode() for one in made.exchanges)
    citizens = [one.number for one in vars(people).values() if isinstance(one, people.Person)]
    assert len(citizens) > 10
    assert not [number for number in citizens if number.encode() in whole]


@pytest.mark.parametrize("file", FILES)
async def test_another_question_is_noticed(file: str) -> None:
    """Each of: another identifier or cursor, another header, another method."""
    made = recording.read(ROOT / file)
    first = made.exchanges[0]
    for other in (
        replace(first, target=f"{first.target}{'&' if '?' in first.target else '?'}more=1"),
        replace(first, headers={**first.headers, "authorization": "Another [secret]"}),
        replace(first, method="PUT"),
        replace(first, body=re.sub(rb"(?<=>)[^<>\s]+(?=</ns0)", b"other", first.body, count=1) or b'{"a": 1}'),
    ):
        _, complaints = await replayed(file, replace(made, exchanges=[other, *made.exchanges[1:]]))
        assert complaints, other


def test_what_each_request_makes_anew_is_no_difference() -> None:
    made = recording.read(ROOT / "mappings/pregrada_financije/recordings/obligation.recorded.yaml")
    first = made.exchanges[0]
    later = replace(
        first,
        body=re.sub(rb"<wsu:Created([^>]*)>[^<]*", rb"<wsu:Created\1>2031-01-01T00:00:00Z", first.body).replace(
            b"[secret]", b"bm9uY2U="
        ),
    )
    assert later.body != first.body
    assert canonical(later) == canonical(first)
    reordered = replace(first, target="/x?b=2&a=1", body=b'{"b": 1, "a": [1, 2]}')
    assert canonical(reordered) == canonical(replace(first, target="/x?a=1&b=2", body=b'{ "a": [1,2], "b": 1 }'))
    assert canonical(reordered) != canonical(replace(reordered, body=b'{"b": 1, "a": [2, 1]}'))
