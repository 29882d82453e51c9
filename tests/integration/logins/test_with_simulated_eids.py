"""The whole way by the real engines and the simulated NIAS and Identita občana, message by message."""

from __future__ import annotations

import html
import re
from contextlib import asynccontextmanager
from urllib.parse import urljoin
from zoneinfo import ZoneInfo

import httpx
import pytest
from pydantic import SecretStr

from hub.cities.logins import Eid
from hub.kernel.assurance import Assurance
from hub.kit import manifest
from hub.ports.eid import EidSurroundings
from hub.settings import PROJECT
from simulators.kit.secrets import secret
from simulators.people import ZELJKA
from tests.integration.logins.conftest import text_of
from tests.integration.simulators.harness import start

METADATA = {"nias": "/metadata", "nia": "/fpsts/FederationMetadata/2007-06/FederationMetadata.xml"}
TOWNS = {"nias": "pregrada", "nia": "vzorov"}


@asynccontextmanager
async def simulated(house, tmp_path, name):
    """Pregrada with the simulator `name`, whose address differs from run to run."""
    town = TOWNS[name]
    async with start(f"eid_{name}") as simulator:
        house.hub.clock.at = simulator.clock.at
        folder = tmp_path / "eid"
        folder.mkdir()
        (folder / "metadata.xml").write_bytes((await simulator.client.get(METADATA[name])).content)
        (folder / "own.crt").write_bytes((PROJECT / "config" / "cities" / town / f"{name}.crt").read_bytes())
        entry = manifest.scan(PROJECT / "identity" / "providers", "identity.providers")[name].load()
        keys = [{"certificate": "own.crt", "key": {"secret": f"{town}-{name}-key"}}]
        settings = entry.Settings.model_validate({"metadata": "metadata.xml", "keys": keys})
        surroundings = EidSurroundings(
            city=town,
            eid=name,
            address=f"http://127.0.0.1:8000/{town}/login/{name}",
            folder=folder,
            timezone=ZoneInfo("Europe/Zagreb"),
            live=False,
            secret=lambda key: SecretStr(secret(key)),
        )
        known = house.hub.hub.towns.by_slug[town]
        before = known.eids.get(name)
        known.eids[name] = entry(settings, surroundings)
        known.city.eids[name] = Eid(provider=name, name={"hr": name, "cs": name})
        try:
            yield known, simulator
        finally:
            await known.eids[name].close()
            if before is not None:
                known.eids[name] = before
            else:
                del known.eids[name]


def form_in(page: httpx.Response) -> tuple[str, dict[str, str]]:
    assert "<form" in page.text, page.text
    action = html.unescape(re.search(r'<form[^>]* action="([^"]*)"', page.text)[1])
    fields = re.findall(r'<input[^>]*type="hidden"[^>]*name="([^"]+)"[^>]*value="([^"]*)"', page.text)
    return urljoin(str(page.url), action), {name: html.unescape(value) for name, value in fields}


async def to_the_eid(house, town, name, simulator, browser, **wanted) -> httpx.Response:
    """From the choice to the eID's own page."""
    slug = town.city.slug
    browser.cookies.set(f"munihub_login_{slug}", "s" * 43, domain="hub.test", path=f"/{slug}")
    given = {
        "continue_to": "/login/session",
        "assurance": Assurance.SUBSTANTIAL,
        "client_name": None,
        "staff": False,
        "force": False,
        "language": None,
    }
    relay = await house.hub.hub.logins.begin(town.city.id, **(given | wanted), browser="s" * 43)
    sent = await browser.get(f"/{slug}/login/{name}/start", params={"t": relay})
    if sent.status_code == 303:
        return await simulator.client.get(sent.headers["location"])
    action, fields = form_in(sent)
    return await simulator.client.post(action, data=fields)


async def answered(simulator, page, **said) -> dict[str, str]:
    _, fields = form_in(page)
    answer = await simulator.client.post("/login", data=fields | {"level": "high", "do": "login"} | said)
    return form_in(answer)[1]


async def test_nias(house, tmp_path):
    async with simulated(house, tmp_path, "nias") as (town, simulator):
        known = await house.hub.subject("pregrada", "KOVAČIĆ ŽELJKA", hr_oib=ZELJKA.number)
        browser = house.browser()
        page = await to_the_eid(house, town, "nias", simulator, browser)
        fields = await answered(simulator, page, person="zeljka")
        brought = await house.bring(browser, fields, eid="nias")
        assert brought.status_code == 303, text_of(brought)
        arrived = await browser.get(brought.headers["location"])
        assert (arrived.status_code, arrived.headers["location"]) == (303, "/pregrada/login/session")
        session = await house.session(browser)
        assert session.subject_id == known
        assert session.provider == "nias"
        assert session.assurance is Assurance.HIGH
        # The same message again, in a login of its own, which it does not answer.
        page = await to_the_eid(house, town, "nias", simulator, browser)
        relay = form_in(page)[1].get("RelayState") or (await answered(simulator, page, person="zeljka"))["RelayState"]
        again = await house.bring(browser, {"SAMLResponse": fields["SAMLResponse"], "RelayState": relay}, eid="nias")
        assert again.status_code == 403
        # Sign out there and here.
        page = await browser.get("/pregrada/logout")
        token = page.text.split('name="form" value="')[1].split('"')[0]
        done = await browser.post("/pregrada/logout", data={"form": token})
        assert "Odjavljeni ste" in text_of(done)
        assert 'id="onward"' in done.text
        assert await house.session(browser) is None


async def test_nias_cancelled(house, tmp_path):
    async with simulated(house, tmp_path, "nias") as (town, simulator):
        browser = house.browser()
        page = await to_the_eid(house, town, "nias", simulator, browser, assurance=Assurance.HIGH)
        fields = await answered(simulator, page, person="zeljka", do="cancel")
        refused = await house.bring(browser, fields, eid="nias")
        assert refused.status_code == 403
        assert "je prekinuta" in text_of(refused)
        assert await house.count("sessions") == 0


@pytest.mark.parametrize("do", ["login", "cancel"])
async def test_nia(house, tmp_path, do):
    """A pseudonym and no birth number; and a cancelled login that says Success."""
    async with simulated(house, tmp_path, "nia") as (town, simulator):
        browser = house.browser()
        page = await to_the_eid(house, town, "nia", simulator, browser)
        person = re.search(r'name="person"[^>]*value="([^"]+)"', page.text)[1]
        fields = await answered(simulator, page, person=person, do=do)
        async with httpx.AsyncClient(transport=browser._transport, base_url="http://hub.test") as without_cookies:
            brought = await without_cookies.post("/vzorov/login/nia/acs", data=fields)
        if do == "cancel":
            assert brought.status_code == 403
            assert "bylo zrušeno" in text_of(brought)
            return
        assert brought.status_code == 303, text_of(brought)
        arrived = await browser.get(brought.headers["location"])
        assert arrived.status_code == 303
        session = await house.hub.hub.sessions.find(town.city.id, browser.cookies["munihub_session_vzorov"])
        assert session.provider == "nia"
        async with house.hub.worker.database.town(town.city.id) as connection:
            assert await connection.fetchval("select count(*) from aliases") == 0
            assert await connection.fetchval("select count(*) from logins") == 1
