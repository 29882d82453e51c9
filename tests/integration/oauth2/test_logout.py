"""The end of a session: asked for by a front end, told to the others, and by nobody else's trick."""

from __future__ import annotations

import json
import re
from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs

import pytest
from joserfc import jwt

from hub.cities.clients import Client
from hub.grants import ending
from hub.grants.backchannel import LOGOUT
from hub.jobs.queue import Job
from hub.kernel.errors import ConfigurationError, RemoteFault, RemoteGarbage, RemoteUnavailable
from hub.kernel.ids import new_uuid, public_id
from hub.worker import Work
from tests.integration.oauth2.front_ends import ADDRESS, CLIENTS, Provider, parameters_of
from tests.support.http_server import Answer, Request, answer, serve

BYE = "https://portal.example/bye"


async def in_use(provider: Provider, session) -> bool:
    return await provider.api.hub.sessions.get(session.city_id, session.session_id) is not None


async def logged_in(provider: Provider, client: str = "portal"):
    browser, session = await provider.login()
    return browser, session, await provider.tokens(client, browser)


async def test_a_front_end_logs_its_user_out(provider):
    browser, session, tokens = await logged_in(provider, "spa")
    done = await browser.get(
        "/oauth2/logout",
        id_token_hint=tokens["id_token"],
        post_logout_redirect_uri="https://spa.example/",
        state="a&b=ö",
    )
    assert done.status_code == 303
    assert done.headers["location"] == "https://spa.example/?state=a%26b%3D%C3%B6"
    assert 'munihub_session_pregrada=""' in done.headers["set-cookie"]
    assert not await in_use(provider, session)
    assert (await provider.refresh(tokens["refresh_token"], "spa")).json()["error"] == "invalid_grant"
    header = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert (await provider.api.client.get("/pregrada/v1/account", headers=header)).status_code == 401


async def test_a_session_whose_front_ends_cannot_be_told_has_not_ended(provider, monkeypatch):
    """Both are in one transaction: whoever asks again ends it, and they hear of it then."""
    _, session, _ = await logged_in(provider)
    town = provider.api.hub.towns.by_slug["pregrada"]
    queue = ending.enqueue_many

    async def broken(*_):
        raise ConnectionError("the database is gone")

    monkeypatch.setattr(ending, "enqueue_many", broken)
    with pytest.raises(ConnectionError):
        await provider.api.hub.grants.end_session(town, session.session_id, "logout")
    assert await in_use(provider, session)
    monkeypatch.setattr(ending, "enqueue_many", queue)
    await provider.api.hub.grants.end_session(town, session.session_id, "logout")
    assert not await in_use(provider, session)
    rows = await provider.api.worker.database.pool.fetch("select 1 from jobs where kind = $1", LOGOUT)
    assert len(rows) == 1


async def test_front_ends_with_a_front_channel_are_visited(provider):
    browser, session, tokens = await logged_in(provider)
    await provider.tokens("spa", browser)
    page = await browser.get("/oauth2/logout", id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE)
    assert page.status_code == 200
    sid = public_id("ses", session.session_id)
    visited = re.findall(r'<iframe[^>]* src="([^"]*)"', page.text)
    assert visited == [
        f"https://portal.example/front-logout?iss=http%3A%2F%2F127.0.0.1%3A8000%2Fpregrada&amp;sid={sid}"
    ]
    assert f'href="{BYE}"' in page.text
    assert "frame-src https://portal.example;" in page.headers["content-security-policy"]
    assert not await in_use(provider, session)


async def test_by_post_too(provider):
    browser, session, tokens = await logged_in(provider, "spa")
    form = {"id_token_hint": tokens["id_token"], "post_logout_redirect_uri": "https://spa.example/"}
    moved = await provider.post("logout", form)
    assert moved.status_code == 303
    assert moved.headers["location"].startswith(f"{ADDRESS}/pregrada/oauth2/logout?id_token_hint=")
    assert await in_use(provider, session)
    done = await browser.get("/oauth2/logout", **parameters_of(moved.headers["location"]))
    assert done.headers["location"] == "https://spa.example/"
    assert not await in_use(provider, session)


async def test_without_an_id_token_the_person_is_asked(provider):
    """CSRF: any site can send a browser here."""
    browser, session, _ = await logged_in(provider)
    _, _, others = await logged_in(provider)
    asked: list[dict[str, str]] = [
        {},
        {"client_id": "portal"},
        {"client_id": "portal", "post_logout_redirect_uri": BYE},
        {"id_token_hint": others["id_token"], "post_logout_redirect_uri": BYE},
    ]
    for parameters in asked:
        answer_ = await browser.get("/oauth2/logout", **parameters)
        assert (answer_.status_code, answer_.headers["location"]) == (303, f"{ADDRESS}/pregrada/logout")
        assert await in_use(provider, session)
    page = await browser.get("/logout")
    assert page.status_code == 200
    assert await in_use(provider, session)
    posted = await provider.api.client.post(
        "/pregrada/logout", data={"form": "guess"}, headers={"Cookie": f"munihub_session_pregrada={browser.cookies}"}
    )
    assert posted.status_code == 403
    assert await in_use(provider, session)


async def test_nobody_is_led_to_another_address_afterwards(provider):
    browser, session, tokens = await logged_in(provider)
    _, _, spa = await logged_in(provider, "spa")
    uris = ["https://evil.example/", f"{BYE}/", f"{BYE}?x", f"{BYE}#x", "https://portal.example/callback",
            "https://PORTAL.example/bye", "//portal.example/bye", "javascript:alert(1)", "https://spa.example/"]  # fmt: skip
    for uri in uris:
        for parameters in ({"id_token_hint": tokens["id_token"]}, {"client_id": "portal"}, {}):
            refused = await browser.get("/oauth2/logout", post_logout_redirect_uri=uri, **parameters)
            assert (refused.status_code, "location" in refused.headers) == (400, False), uri
    wrong: list[dict[str, Any]] = [
        {"id_token_hint": tokens["id_token"], "client_id": "spa", "post_logout_redirect_uri": "https://spa.example/"},
        {"id_token_hint": spa["id_token"], "post_logout_redirect_uri": BYE},
        {"id_token_hint": tokens["access_token"], "post_logout_redirect_uri": BYE},
        {"id_token_hint": tokens["id_token"][:-3] + "abc", "post_logout_redirect_uri": BYE},
        {"id_token_hint": "x", "post_logout_redirect_uri": BYE},
        {"client_id": "nobody", "post_logout_redirect_uri": BYE},
    ]
    for parameters in wrong:
        refused = await browser.get("/oauth2/logout", **parameters)
        assert (refused.status_code, "location" in refused.headers) == (400, False), parameters
    elsewhere, _ = await provider.login(city="vzorov")
    refused = await elsewhere.get("/oauth2/logout", id_token_hint=tokens["id_token"], post_logout_redirect_uri=BYE)
    assert (refused.status_code, "location" in refused.headers) == (400, False)
    assert await in_use(provider, session)


async def test_an_id_token_of_long_ago_still_ends_its_session(provider, clock):
    """OpenID Connect RP-Initiated Logout 1.0 §4; the browser that lost its cookie is logged out all the same."""
    browser, session, tokens = await logged_in(provider, "spa")
    clock.move(timedelta(hours=11))
    browser.cookies.clear()
    done = await browser.get(
        "/oauth2/logout", id_token_hint=tokens["id_token"], post_logout_redirect_uri="https://spa.example/"
    )
    assert done.headers["location"] == "https://spa.example/"
    assert not await in_use(provider, session)
    again = await browser.get(
        "/oauth2/logout", id_token_hint=tokens["id_token"], post_logout_redirect_uri="https://spa.example/"
    )
    assert again.headers["location"] == "https://spa.example/"


# ── The back channel ─────────────────────────────────────────────────────────────────────────────


async def jobs(provider: Provider, city: str = "pregrada") -> list[dict[str, Any]]:
    town = provider.api.hub.towns.by_slug[city].city
    async with provider.api.worker.database.town(town.id) as connection:
        rows = await connection.fetch("select payload from jobs where city_id = $1 and kind = $2", town.id, LOGOUT)
    return [json.loads(row["payload"]) for row in rows]


def job(payload: dict[str, Any], city_id: int) -> Job:
    return Job(city_id, 1, LOGOUT, None, payload, 1, 10, new_uuid())


def reachable(provider: Provider, url: str) -> None:
    """The portal's back-channel address is `url`."""
    town = provider.api.worker.towns.by_slug["pregrada"]
    town.city.clients["portal"] = Client.model_validate(CLIENTS["portal"] | {"backchannel_logout_uri": url})


async def test_front_ends_with_a_back_channel_are_told_by_a_job(provider, clock):
    browser, session, tokens = await logged_in(provider)
    await provider.tokens("other", browser)
    await browser.get("/oauth2/logout", id_token_hint=tokens["id_token"])
    (payload,) = await jobs(provider)
    assert payload == {"client": "portal", "session": str(session.session_id)}
    # Ended once, told once.
    town = provider.api.hub.towns.by_slug["pregrada"]
    assert (await provider.api.hub.grants.end_session(town, session.session_id, "again")).frontchannel == ()
    assert len(await jobs(provider)) == 1

    handlers = Work(provider.api.worker).handlers()
    async with serve(answer()) as server:
        reachable(provider, f"{server.url}/back-logout?x=1")
        await handlers[LOGOUT].run(job(payload, town.city.id))
    (request,) = server.requests
    assert (request.method, request.target) == ("POST", "/back-logout?x=1")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    (token,) = parse_qs(request.body.decode())["logout_token"]
    read = jwt.decode(token, await provider.key_set(), algorithms=["RS256"])
    now = int(clock.now().timestamp())
    assert read.header["typ"] == "logout+jwt"
    assert read.claims.pop("jti")
    assert read.claims == {
        "iss": f"{ADDRESS}/pregrada",
        "aud": "portal",
        "iat": now,
        "exp": now + 120,
        "sid": public_id("ses", session.session_id),
        "events": {"http://schemas.openid.net/event/backchannel-logout": {}},
    }
    # It is for telling and for nothing else.
    assert (await browser.get("/oauth2/logout", id_token_hint=token)).status_code == 400
    header = {"Authorization": f"Bearer {token}"}
    assert (await provider.api.client.get("/pregrada/v1/account", headers=header)).status_code == 401


async def test_a_front_end_that_does_not_answer_is_told_again(provider):
    town = provider.api.worker.towns.by_slug["pregrada"].city
    handler = Work(provider.api.worker).handlers()[LOGOUT]
    told = job({"client": "portal", "session": str(new_uuid())}, town.id)
    assert (handler.max_attempts, handler.backoff.longest) == (10, timedelta(minutes=30))
    for status, expected in (
        (500, RemoteUnavailable),
        (503, RemoteUnavailable),
        (400, RemoteFault),
        (302, RemoteFault),
    ):
        async with serve(answer(status=status, location="http://127.0.0.1:1/evil")) as server:
            reachable(provider, f"{server.url}/back")
            with pytest.raises(expected):
                await handler.run(told)
            assert [request.target for request in server.requests] == ["/back"]
    reachable(provider, "http://127.0.0.1:1/back")
    with pytest.raises(RemoteUnavailable):
        await handler.run(told)

    async def large(request: Request) -> Answer:
        return Answer(b"x" * 20_000)

    async with serve(large) as server:
        reachable(provider, f"{server.url}/back")
        with pytest.raises(RemoteGarbage):
            await handler.run(told)
    # A front end that has left is told nothing; a town that has left cannot tell.
    await handler.run(job({"client": "left", "session": str(new_uuid())}, town.id))
    await handler.run(job({"client": "spa", "session": str(new_uuid())}, town.id))
    with pytest.raises(ConfigurationError):
        await handler.run(job({"client": "portal", "session": str(new_uuid())}, 999))
