"""Staff the whole way, in a demo town as it is: from the command line of the town's administrator to the access log of
the person a clerk has registered.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from html import unescape

import httpx
import pyotp
import pytest

from hub.passwords import command as passwords
from hub.passwords.hashing import Hasher
from hub.staff import command as staff
from tests.integration.oauth2.front_ends import VERIFIER, challenge, parameters_of
from tests.integration.passwords.test_counter import ANA
from tests.integration.passwords.test_pages import ORIGIN, Browser, heading
from tests.support.commands import column, commands_on
from tests.support.hub import Api, make_settings, opened

CONSOLE = ("console", "http://127.0.0.1:8081/callback", "people mandates audit messages")
PORTAL = ("portal", "http://127.0.0.1:8080/callback", "account refresh")
CLERKS = "ruža vjetrova nad Kostelom"
HERS = "tri zelene jabuke padaju"


@pytest.fixture
async def api(tmp_path, urls, clock, monkeypatch) -> AsyncIterator[Api]:
    cheap = {"time_cost": 1, "memory_cost": 8, "parallelism": 1}
    monkeypatch.setattr("hub.passwords.service.Hasher", lambda: Hasher(**cheap))
    settings = replace(make_settings(tmp_path / "var", urls), public_url=ORIGIN)
    async with opened(settings, urls, clock) as opened_api:
        yield opened_api


async def ask(browser: Browser, front_end: tuple[str, str, str]) -> httpx.Response:
    """A front end sends its user to log in; the page she sees, or the redirect back."""
    client, redirect_uri, scopes = front_end
    wanted = {
        "response_type": "code",
        "client_id": client,
        "redirect_uri": redirect_uri,
        "scope": f"openid profile {scopes}",
        "state": "st-ate",
        "code_challenge": challenge(),
        "code_challenge_method": "S256",
    }
    return await browser.get(f"/oauth2/authorize?{httpx.QueryParams(wanted)}")


async def redeemed(api: Api, back: httpx.Response, front_end: tuple[str, str, str]) -> dict[str, str]:
    """Headers with the access token that the browser's code is good for."""
    client, redirect_uri, scopes = front_end
    assert back.status_code == 303, back.text
    assert back.headers["location"].startswith(f"{redirect_uri}?")
    form = {
        "grant_type": "authorization_code",
        "code": parameters_of(back.headers["location"])["code"],
        "redirect_uri": redirect_uri,
        "client_id": client,
        "code_verifier": VERIFIER,
    }
    tokens = (await api.client.post("/pregrada/oauth2/token", data=form)).json()
    assert set(tokens["scope"].split()) == {"openid", "profile", *scopes.split()}
    return {"Authorization": f"Bearer {tokens['access_token']}", "Accept-Language": "en"}


def link(page: httpx.Response, path: str) -> str:
    return unescape(re.search(rf'href="([^"]*{path}[^"]*)"', page.text)[1])


async def test_a_clerk_is_let_in_registers_a_person_and_she_sees_who_looked(api: Api, clock) -> None:
    munihub = commands_on(api.worker, staff, passwords)
    # The administrator of the machine.
    clerk = (await munihub("staff", "add", "Petra Kunović", "--role", "clerk", "--city", "pregrada")).strip()
    username, paper, _ = column(await munihub("password", "issue", clerk, "--city", "pregrada"), 2)

    # The clerk: her console sends her to log in; the paper, an app for codes, a password of her own.
    at_the_office = Browser(api)
    page = await ask(at_the_office, CONSOLE)
    assert "This sign-in is for staff of the town." in page.text
    page = await at_the_office.get(link(page, "/login/password"))
    page = await at_the_office.send(page, username=username, password=paper)
    assert heading(page) == "Protect your sign-in with a second step"
    page = await at_the_office.get(link(page, "/login/totp/enrol"))
    codes = pyotp.TOTP(re.search(r'class="copied">([A-Z2-7 ]+)<', page.text)[1].replace(" ", ""))
    page = await at_the_office.send(page, code=codes.at(clock.now()))
    assert heading(page) == "Recovery codes"
    page = await at_the_office.send(page)
    assert heading(page) == "Choose a new password"
    back = await at_the_office.send(page, password=CLERKS, again=CLERKS)
    counter = await redeemed(api, back, CONSOLE)
    claims = await api.client.get("/pregrada/oauth2/userinfo", headers=counter)
    assert claims.json() == {"sub": clerk, "name": "Petra Kunović"}

    # At the counter. She is known by her number already: a case names her. The clerk is shown whose it is.
    await api.subject("pregrada", ANA["name"], hr_oib=ANA["identifiers"][0]["value"])
    handed = await api.client.post("/pregrada/admin/v1/people", json=ANA, headers=counter)
    assert handed.status_code == 201, handed.text
    sheet = handed.json()
    assert sheet["created"] is False
    # A clerk is no auditor, however much her console may ask for.
    refused = await api.client.get("/pregrada/admin/v1/access-log", headers=counter)
    assert refused.status_code == 403

    # The person, at home, with the sheet.
    at_home = Browser(api)
    page = await at_home.get(link(await ask(at_home, PORTAL), "/login/password"))
    page = await at_home.send(page, username=sheet["username"], password=sheet["password"])
    page = await at_home.send(page, password=HERS, again=HERS)
    assert heading(page) == "Protect your sign-in with a second step"
    citizen = await redeemed(api, await at_home.send(page), PORTAL)
    account = await api.client.get("/pregrada/v1/account", headers=citizen)
    assert account.status_code == 200, account.text
    assert [one["name"] for one in account.json()["sources"]] == ["Financial card", "Registry of cases"]
    assert (await api.client.get("/pregrada/oauth2/userinfo", headers=citizen)).json() == {
        "sub": sheet["id"],
        "name": "Ana Šćrbačić",
    }
    log = (await api.client.get("/pregrada/v1/access-log", headers=citizen)).json()["items"]
    assert [(one["who"]["kind"], one["who"]["name"], one["what"], one["why"]) for one in log] == [
        ("staff", "Clerk", "Your login data", "role clerk")
    ]
    assert "Petra" not in str(log)

    # Each is at home in one place only: the clerk's token opens no account, the citizen's no counter.
    assert (await api.client.get("/pregrada/v1/account", headers=counter)).status_code == 403
    assert (await api.client.post("/pregrada/admin/v1/people", json=ANA, headers=citizen)).status_code == 403
    # Taken off the staff, she is out at her next request.
    await munihub("staff", "end", clerk, "--why", "left the office", "--city", "pregrada")
    gone = await api.client.post("/pregrada/admin/v1/people", json=ANA, headers=counter)
    assert gone.status_code == 403
    for one in (at_the_office, at_home):
        await one.client.aclose()
