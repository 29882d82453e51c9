"""One suite for every connector: what any back office behind it may expect, over real HTTP on loopback.

A connector is tried on each back office of our own towns that is configured with it, against that back office's
simulator; a new connector joins by its manifest and a back office in a town. What a connector cannot do stands in
EXEMPT with the reason, or the suite fails.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml
from pydantic import SecretStr, ValidationError

from hub.bootstrap.nouns import TARGETS
from hub.cities.loader import load_city, town_files
from hub.cities.model import City
from hub.demo.stage import TOWNS as SIMULATORS
from hub.kernel.errors import (
    ConfigurationError,
    RemoteError,
    RemoteGarbage,
    RemoteRefused,
    RemoteTimeout,
    RemoteUnavailable,
)
from hub.kit import manifest
from hub.kit.parameters import aliases_needed
from hub.mapping.compile import compile_mapping
from hub.ports.back_office import Arguments, CheckStep, Connector, Page, Surroundings
from simulators.kit.serve import running

ROOT = Path(__file__).resolve().parents[2]
MANIFESTS = manifest.scan(ROOT / "connectors")
TOWNS = {slug: load_city(file) for slug, file in town_files([ROOT / "config"]).items()}
SECRETS: Mapping[str, str] = yaml.safe_load((ROOT / "simulators" / "secrets.yaml").read_text("utf-8"))

EXEMPT: Mapping[tuple[str, str], str] = {}
"""(connector, name of a test): why that cannot be asked of it."""

SOMEBODY = {"hr.oib": "83100426579", "cz.birth_number": "0572127050"}
NOBODY = {"hr.oib": "00000000001", "cz.birth_number": "0001010009"}
WRONG = "not-the-right-secret"


@dataclass(frozen=True)
class Case:
    """One configured back office of a town of ours."""

    town: str
    back_office: str
    connector: str

    @property
    def city(self) -> City:
        return TOWNS[self.town]

    @property
    def folder(self) -> Path:
        return ROOT / "mappings" / self.city.back_offices[self.back_office].mapping

    @property
    def source(self) -> Mapping[str, Any]:
        """The connector's part of its first feed."""
        feed = next(one for one in self.city.back_offices[self.back_office].feeds.values() if one.mapping)
        return compile_mapping(self.folder / str(feed.mapping), TARGETS, timezone=self.city.timezone).source_call

    def settings(self, url: str, patience: float = 20) -> dict[str, Any]:
        """As configured, but at the address of the simulator, and tried only once, for so many seconds."""
        moved = at(self.city.back_offices[self.back_office].settings, url)
        return moved | {
            "timeout": dict.fromkeys(("connect", "read", "total"), timedelta(seconds=patience)),
            "retries": {"attempts": 1},
            "breaker": {"failures": 100, "pause": "30s"},
        }


CASES = [
    Case(slug, name, office.connector)
    for slug, city in TOWNS.items()
    for name, office in city.back_offices.items()
    # One that only takes things has no feed to be tried by; its deliveries are tried with the nouns that make them.
    if office.connector and any(feed.mapping for feed in office.feeds.values())
]


@pytest.fixture(params=CASES, ids=lambda case: f"{case.connector}-{case.town}-{case.back_office}")
def case(request: pytest.FixtureRequest) -> Case:
    chosen: Case = request.param
    if reason := EXEMPT.get((chosen.connector, request.node.originalname)):
        pytest.skip(reason)
    return chosen


def at(value: Any, url: str) -> Any:
    """Configured addresses, moved to where the simulator listens."""
    if isinstance(value, dict):
        return {key: at(inner, url) for key, inner in value.items()}
    return re.sub(r"^http://127\.0\.0\.1:\d+", url, value) if isinstance(value, str) else value


@dataclass
class Bench:
    """A simulator and the connector that speaks to it."""

    case: Case
    connector: Connector
    client: httpx.AsyncClient

    async def read(self, identifiers: Mapping[str, str] = SOMEBODY) -> list[Page]:
        wanted = aliases_needed(self.case.source)
        aliases = {scheme: value for scheme, value in identifiers.items() if scheme in wanted}
        arguments = Arguments(now=datetime.now(UTC), aliases=aliases)
        return [page async for page in self.connector.feed(self.case.source).read(arguments)]

    async def switch(self, **switches: object) -> None:
        (await self.client.post("/_control", json=switches)).raise_for_status()

    async def state(self) -> dict[str, Any]:
        return (await self.client.get("/_control")).raise_for_status().json()

    async def data(self) -> list[Any]:
        """Everything the back office has, of all its kinds."""
        answers = [await self.client.get(f"/_control/{store}") for store in ("items", "people")]
        return [answer.json() for answer in answers if answer.status_code == 200]


@asynccontextmanager
async def bench(case: Case, *, secret: str | None = None, patience: float = 20) -> AsyncIterator[Bench]:
    """`secret` stands for every right one."""
    app = import_module(f"simulators.{SIMULATORS[case.town][case.back_office]}").app()
    async with running(app) as url, httpx.AsyncClient(base_url=url, trust_env=False) as client:
        connector = build(case, url, secret, patience)
        try:
            yield Bench(case, connector, client)
        finally:
            await connector.close()


def build(case: Case, url: str, secret: str | None = None, patience: float = 20) -> Connector:
    entry: type[Connector] = MANIFESTS[case.connector].load()
    surroundings = Surroundings(
        case.town, case.back_office, case.folder, case.city.timezone, lambda name: SecretStr(secret or SECRETS[name])
    )
    return entry(entry.Settings.model_validate(case.settings(url, patience)), surroundings)


def text_of(error: BaseException) -> str:
    """All that a log or an administrator may see of an error, its causes included."""
    parts = []
    cause: BaseException | None = error
    while cause is not None:
        parts += [str(cause), repr(cause), str(getattr(cause, "evidence", ""))]
        cause = cause.__cause__
    return "\n".join(parts)


# ── The suite itself ─────────────────────────────────────────────────────────────────────────────


def test_every_connector_is_tried() -> None:
    assert {case.connector for case in CASES} == set(MANIFESTS)


def test_every_exemption_has_a_test_and_a_reason() -> None:
    for (connector, test), reason in EXEMPT.items():
        assert connector in MANIFESTS
        assert callable(globals().get(test)), test
        assert len(reason) > 20, (connector, test)


# ── Settings ─────────────────────────────────────────────────────────────────────────────────────


def test_an_unknown_setting_is_refused_by_its_name(case: Case) -> None:
    settings = case.settings("http://127.0.0.1:1") | {"retrys": 3}
    with pytest.raises(ValidationError) as raised:
        MANIFESTS[case.connector].load().Settings.model_validate(settings)
    assert [(fault["loc"], fault["type"]) for fault in raised.value.errors()] == [(("retrys",), "extra_forbidden")]


def test_a_secret_written_into_the_settings_is_refused(case: Case) -> None:
    """Every reference to a secret, replaced by a value, is an error that does not repeat the value."""
    settings = case.settings("http://127.0.0.1:1")
    written = {
        key: WRONG if isinstance(value, dict) and set(value) == {"secret"} else value
        for key, value in settings["auth"].items()
    }
    assert written != settings["auth"]
    with pytest.raises(ValidationError) as raised:
        MANIFESTS[case.connector].load().Settings.model_validate(settings | {"auth": written})
    assert all(fault["loc"][0] == "auth" for fault in raised.value.errors())


def test_an_unknown_key_of_a_source_is_refused_by_its_name(case: Case) -> None:
    with pytest.raises(ConfigurationError, match="wherever") as raised:
        build(case, "http://127.0.0.1:1").feed({**case.source, "wherever": 1})
    assert raised.value.remedy


def test_secrets_are_not_shown_by_what_holds_them(case: Case) -> None:
    connector = build(case, "http://127.0.0.1:1")
    settings = connector.Settings.model_validate(case.settings("http://127.0.0.1:1"))
    shown = "\n".join([repr(connector), str(connector), repr(settings), str(settings), settings.model_dump_json()])
    for name, value in SECRETS.items():
        assert value not in shown, name


# ── Reading ──────────────────────────────────────────────────────────────────────────────────────


async def test_a_feed_is_read(case: Case) -> None:
    async with bench(case) as one:
        pages = await one.read()
        assert pages
        assert all(page.raw and page.media_type for page in pages)
        assert sum((await one.state())["answered"].values()) >= len(pages)


async def test_a_read_changes_nothing(case: Case) -> None:
    async with bench(case) as one:
        before = await one.data()
        assert before
        await one.read()
        assert await one.data() == before


async def test_nobody_known_is_an_answer_and_no_error(case: Case) -> None:
    async with bench(case) as one:
        known, unknown = await one.read(), await one.read(NOBODY)
        assert sum(len(page.raw) for page in unknown) <= sum(len(page.raw) for page in known)


async def test_wrong_credentials_are_refused_and_not_told(case: Case) -> None:
    async with bench(case, secret=WRONG) as one:
        with pytest.raises(RemoteRefused) as raised:
            await one.read()
        assert not raised.value.transient
        assert WRONG not in text_of(raised.value)
        assert not (await one.state())["answered"]


async def test_a_slow_back_office_is_left_in_time(case: Case) -> None:
    async with bench(case, patience=0.3) as one:
        await one.switch(delay=1)
        with pytest.raises(RemoteTimeout) as raised:
            await one.read()
        assert raised.value.transient


async def test_a_dripping_back_office_is_left_in_time(case: Case) -> None:
    """No pause between two pieces is long; only the whole is."""
    async with bench(case, patience=0.6) as one:
        await one.switch(drip=1.2)
        with pytest.raises(RemoteTimeout):
            await one.read()


@pytest.mark.parametrize("down", ["close", "503"])
async def test_a_back_office_that_is_down_is_unavailable(case: Case, down: str) -> None:
    async with bench(case) as one:
        await one.switch(down=down)
        with pytest.raises(RemoteUnavailable) as raised:
            await one.read()
        assert raised.value.transient


async def test_nobody_listening_is_unavailable(case: Case) -> None:
    connector = build(case, "http://127.0.0.1:1")
    wanted = {scheme: SOMEBODY[scheme] for scheme in aliases_needed(case.source)}
    with pytest.raises(RemoteUnavailable):
        async for _ in connector.feed(case.source).read(Arguments(now=datetime.now(UTC), aliases=wanted)):
            pass
    await connector.close()


@pytest.mark.parametrize("garbage", ["html", "truncated", "bytes"])
async def test_garbage_is_no_answer(case: Case, garbage: str) -> None:
    async with bench(case) as one:
        await one.switch(garbage=garbage)
        with pytest.raises(RemoteGarbage) as raised:
            await one.read()
        assert not raised.value.transient
        assert not set(SECRETS.values()) & set(text_of(raised.value).split())


async def test_an_error_of_the_back_office_is_told_as_its_own(case: Case) -> None:
    async with bench(case) as one:
        await one.switch(fault=True)
        with pytest.raises(RemoteError) as raised:
            await one.read()
        assert raised.value.code in {"back_office_fault", "back_office_down"}
        assert not any(secret in text_of(raised.value) for secret in SECRETS.values())


async def test_a_failure_leaves_no_mark_on_the_next_read(case: Case) -> None:
    async with bench(case) as one:
        await one.switch(down="close")
        with pytest.raises(RemoteUnavailable):
            await one.read()
        await one.switch()
        assert await one.read()


# ── Check ────────────────────────────────────────────────────────────────────────────────────────


async def checked(one: Bench) -> list[CheckStep]:
    before = await one.data()
    steps = await one.connector.check()
    assert await one.data() == before
    told = "\n".join(step.detail for step in steps)
    assert not any(secret in told for secret in (*SECRETS.values(), WRONG))
    return steps


async def test_check_goes_through_settings_connection_credentials(case: Case) -> None:
    async with bench(case) as one:
        steps = await checked(one)
        assert [(step.name, step.ok) for step in steps] == [
            ("settings", True),
            ("connection", True),
            ("credentials", True),
        ]
        assert all(step.detail for step in steps)


async def test_check_tells_wrong_credentials_from_a_broken_line(case: Case) -> None:
    async with bench(case, secret=WRONG) as one:
        steps = await checked(one)
    assert [(step.name, step.ok) for step in steps] == [
        ("settings", True),
        ("connection", True),
        ("credentials", False),
    ]


@pytest.mark.parametrize("switches", [{"down": "close"}, {"down": "503"}, {"delay": 1}])
async def test_check_stops_at_the_connection(case: Case, switches: dict[str, object]) -> None:
    async with bench(case, patience=0.3) as one:
        await one.switch(**switches)
        steps = await checked(one)
    assert [(step.name, step.ok) for step in steps] == [("settings", True), ("connection", False)]


async def test_check_names_a_missing_secret(case: Case) -> None:
    def missing(name: str) -> SecretStr:
        raise ConfigurationError(f"the secret {name!r} is nowhere", key="secret")

    entry: type[Connector] = MANIFESTS[case.connector].load()
    known = Surroundings(case.town, case.back_office, case.folder, case.city.timezone, missing)
    connector = entry(entry.Settings.model_validate(case.settings("http://127.0.0.1:1")), known)
    steps = await connector.check()
    await connector.close()
    assert [(step.name, step.ok) for step in steps] == [("settings", False)]
    assert "is nowhere" in steps[0].detail


async def test_closing_twice_is_closing(case: Case) -> None:
    async with bench(case) as one:
        await one.read()
        await one.connector.close()
