"""Pregrada with an eID of the test's own, and browsers that log in there."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from hub.cities.logins import Eid
from hub.kernel.assurance import Assurance
from hub.ports.eid import Identity
from tests.integration.logins.eid import TrialEid, identity
from tests.support.hub import Api, make_settings, opened

CITY = 1  # of Pregrada, see its city.yaml


@dataclass
class House:
    """The hub with Pregrada's eIDs `card` (by GET) and `post` (by POST)."""

    hub: Api
    card: TrialEid
    post: TrialEid
    browsers: list[httpx.AsyncClient] = field(default_factory=list)

    @property
    def town(self) -> Any:
        return self.hub.hub.towns.by_slug["pregrada"]

    @property
    def city_id(self) -> int:
        return self.town.city.id

    def browser(self, **headers: str) -> httpx.AsyncClient:
        """A browser of its own: with its own cookies, and it is led nowhere by itself."""
        transport = self.hub.client._transport
        browser = httpx.AsyncClient(transport=transport, base_url="http://hub.test", headers=headers)
        self.browsers.append(browser)
        return browser

    async def begin(self, browser: httpx.AsyncClient, **wanted: Any) -> str:
        """As a front end's authorization endpoint does; returns the relay."""
        given: dict[str, Any] = {
            "continue_to": "/oauth2/authorize?client_id=portal",
            "assurance": Assurance.LOW,
            "client_name": {"hr": "Moja Pregrada"},
            "staff": False,
            "force": False,
            "language": None,
        }
        cookie = browser.cookies.get("munihub_login_pregrada")
        if cookie is None:
            cookie = "c" * 43
            browser.cookies.set("munihub_login_pregrada", cookie, domain="hub.test", path="/pregrada")
        return await self.hub.hub.logins.begin(self.city_id, **(given | wanted), browser=cookie)

    async def answer(
        self, browser: httpx.AsyncClient, relay: str, said: Identity | None = None, *, eid: str = "card"
    ) -> httpx.Response:
        """From the choice to the eID's answer; returns what the browser gets that brings the answer."""
        start = await browser.get(f"/pregrada/login/{eid}/start", params={"t": relay})
        assert start.status_code in {200, 303}, start.text
        fields = getattr(self, eid).answer(said or identity())
        return await self.bring(browser, fields, eid=eid)

    async def bring(self, browser: httpx.AsyncClient, fields: dict[str, str], *, eid: str = "card") -> httpx.Response:
        """The cross-site POST, which has no cookies."""
        async with httpx.AsyncClient(transport=browser._transport, base_url="http://hub.test") as without_cookies:
            return await without_cookies.post(f"/pregrada/login/{eid}/acs", data=fields)

    async def log_in(
        self, browser: httpx.AsyncClient, said: Identity | None = None, *, eid: str = "card", **wanted: Any
    ) -> httpx.Response:
        """All the way; returns the last answer, which has the session's cookie."""
        relay = await self.begin(browser, **wanted)
        answered = await self.answer(browser, relay, said, eid=eid)
        assert answered.status_code == 303, answered.text
        return await browser.get(answered.headers["location"])

    async def session(self, browser: httpx.AsyncClient) -> Any:
        """The session of a browser, None where it has none in force."""
        token = browser.cookies.get("munihub_session_pregrada")
        return await self.hub.hub.sessions.find(self.city_id, token) if token else None

    async def row(self, query: str, *values: Any) -> Any:
        async with self.hub.worker.database.town(self.city_id) as connection:
            return await connection.fetchrow(query, *values)

    async def count(self, table: str, where: str = "true") -> int:
        async with self.hub.worker.database.town(self.city_id) as connection:
            return await connection.fetchval(f"select count(*) from {table} where {where}")


def add_eids(hub: Any, **eids: TrialEid) -> None:
    town = hub.towns.by_slug["pregrada"]
    for name, eid in eids.items():
        town.eids[name] = eid
        town.city.eids[name] = Eid(provider="trial", name={"hr": f"e-{name}", "en": f"e-{name}"})


@pytest.fixture
async def house(tmp_path, urls, clock) -> AsyncIterator[House]:
    async with opened(make_settings(tmp_path, urls), urls, clock) as hub:
        house = House(hub, TrialEid(), TrialEid(by_post=True))
        for name in list(house.town.eids):
            await house.town.eids[name].close()
            del house.town.eids[name], house.town.city.eids[name]
        add_eids(hub.hub, card=house.card, post=house.post)
        yield house
        for browser in house.browsers:
            await browser.aclose()


def query_of(address: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def text_of(answer: httpx.Response) -> str:
    """The page's text, without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.text)).strip()
