from __future__ import annotations

import asyncio
import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr, TypeAdapter, ValidationError

from hub.kernel.clock import FixedClock
from hub.kernel.errors import ConfigurationError, RemoteGarbage, RemoteRefused, RemoteTimeout, RemoteUnavailable
from hub.kit.auth import AuthSettings, HttpAuthSettings, build_auth
from hub.kit.breaker import Breaker, BreakerState
from hub.kit.http import Http, HttpSettings, raise_for
from hub.kit.retry import RetrySettings
from tests.support.http_server import Answer, Request, answer, serve

SECRET = "tajna+/=& 1"
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def settings(**values):
    return TypeAdapter(AuthSettings).validate_python(values)


def secret(name: str) -> SecretStr:
    assert name == "the-name"
    return SecretStr(SECRET)


REF = {"secret": "the-name"}


class Api:
    """An API that wants a token, and the server that gives it out. `tokens` are those that are good."""

    def __init__(self) -> None:
        self.tokens: set[str] = set()
        self.issued = 0
        self.token_requests: list[Request] = []
        self.calls: list[str | None] = []
        self.expires_in: object = 300
        self.token_answer: Answer | None = None
        self.token_delay = 0.0

    async def __call__(self, request: Request) -> Answer:
        if request.path == "/token":
            self.token_requests.append(request)
            await asyncio.sleep(self.token_delay)
            if self.token_answer:
                return self.token_answer
            self.issued += 1
            token = f"token-{self.issued}"
            self.tokens = {token}
            body = {"access_token": token, "token_type": "bearer", "expires_in": self.expires_in}
            return Answer(json.dumps(body).encode())
        sent = request.headers.get("authorization")
        self.calls.append(sent)
        good = sent is not None and sent.removeprefix("Bearer ") in self.tokens
        return Answer(b"[]" if good else b"", 200 if good else 401)


class World:
    def __init__(self, url, hosts=None, **more):
        self.clock = FixedClock(NOON)
        oauth = settings(kind="oauth2", token_url=f"{url}/token", client_id="mun:hub č", client_secret=REF, **more)
        self.http = Http(
            "ucetnictvi",
            hosts or [url],
            HttpSettings(retries=RetrySettings(attempts=1)),
            build_auth(oauth, secret=secret, clock=self.clock),
            Breaker("ucetnictvi", clock=self.clock),
            clock=self.clock,
        )
        self.url = f"{url}/api"

    async def send(self, **more):
        reply = await self.http.send("GET", self.url, **more)
        raise_for(reply)
        return reply


@pytest.fixture
def api():
    return Api()


@pytest.fixture
async def world(api):
    async with serve(api) as server:
        world = World(server.url)
        yield world
        await world.http.close()


async def headers_of(**values):
    async def exchange(*_: object, **__: object) -> None:
        pytest.fail("constants need no call")

    auth = build_auth(settings(**values), secret=secret)
    auth.prepare()
    assert auth.renew({}) is False
    return await auth.headers(exchange)


async def test_constants():
    basic = await headers_of(kind="basic", username="žena", password=REF)
    assert basic == {"authorization": "Basic " + base64.b64encode(f"žena:{SECRET}".encode()).decode()}
    assert await headers_of(kind="bearer", token=REF) == {"authorization": f"Bearer {SECRET}"}
    assert await headers_of(kind="api_key", header="X-API-Key", key=REF) == {"x-api-key": SECRET}


def test_none_and_wsse_are_nothing_to_http():
    assert build_auth(settings(kind="none"), secret=secret) is None
    wsse = settings(kind="wsse", username="u", password=REF, digest=True)
    assert build_auth(wsse, secret=secret) is None
    assert wsse.password.secret == "the-name"


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"kind": "ntlm"}, "'none', 'basic', 'bearer', 'api_key', 'oauth2', 'wsse'"),
        ({"kind": "basic", "username": "a:b", "password": REF}, "no colon"),
        ({"kind": "basic", "username": "a\nb", "password": REF}, "no control characters"),
        ({"kind": "basic", "username": "a", "password": "hunter2"}, "password"),
        ({"kind": "api_key", "header": "X Key", "key": REF}, "header"),
        ({"kind": "oauth2", "token_url": "ftp://x", "client_id": "a", "client_secret": REF}, "plain http or https"),
    ],
)
def test_wrong_settings(values, message):
    with pytest.raises(ValidationError) as caught:
        settings(**values)
    assert message in str(caught.value)


def test_the_kinds_of_a_rest_back_office_have_no_wsse():
    with pytest.raises(ValidationError, match="'none', 'basic', 'bearer', 'api_key', 'oauth2'"):
        TypeAdapter(HttpAuthSettings).validate_python(
            {"kind": "wsse", "username": "u", "password": REF, "digest": True}
        )


async def test_secrets_are_looked_up_at_each_use_and_by_prepare():
    values = iter(["old", "new"])
    auth = build_auth(settings(kind="bearer", token=REF), secret=lambda _: SecretStr(next(values)))
    assert [await auth.headers(None), await auth.headers(None)] == [
        {"authorization": "Bearer old"},
        {"authorization": "Bearer new"},
    ]

    def missing(_: str) -> SecretStr:
        raise ConfigurationError("nowhere")

    for kind in (
        settings(kind="bearer", token=REF),
        settings(kind="oauth2", token_url="http://x", client_id="a", client_secret=REF),
    ):
        with pytest.raises(ConfigurationError, match="nowhere"):
            build_auth(kind, secret=missing).prepare()


async def test_a_token_is_fetched_once_and_kept(world, api):
    for _ in range(3):
        await world.send()
    assert api.calls == ["Bearer token-1"] * 3
    (request,) = api.token_requests
    assert (request.method, request.body) == ("POST", b"grant_type=client_credentials")
    assert request.headers["content-type"] == "application/x-www-form-urlencoded"
    pair = base64.b64decode(request.headers["authorization"].removeprefix("Basic ")).decode()
    assert pair == "mun%3Ahub+%C4%8D:tajna%2B%2F%3D%26+1"


async def test_the_scope_is_asked_for(api):
    async with serve(api) as server:
        world = World(server.url, scope="read accounts")
        await world.send()
        await world.http.close()
    assert api.token_requests[0].body == b"grant_type=client_credentials&scope=read+accounts"


async def test_many_callers_wait_for_one_fetch(world, api):
    api.token_delay = 0.05
    await asyncio.gather(*(world.send() for _ in range(30)))
    assert len(api.token_requests) == 1
    assert api.calls == ["Bearer token-1"] * 30


async def test_a_caller_that_gives_up_does_not_take_the_others_along(world, api):
    api.token_delay = 0.05
    first = asyncio.create_task(world.send())
    while not api.token_requests:
        await asyncio.sleep(0.001)
    others = [asyncio.create_task(world.send()) for _ in range(3)]
    await asyncio.sleep(0)
    first.cancel()
    assert [reply.status for reply in await asyncio.gather(*others)] == [200, 200, 200]
    # The first one's fetch died with it, unless it had just come through.
    assert len(api.token_requests) <= 2


@pytest.mark.parametrize(("expires_in", "good_for"), [(300, 270), ("300", 270), (20, 10)])
async def test_a_token_is_renewed_before_it_expires(world, api, expires_in, good_for):
    api.expires_in = expires_in
    await world.send()
    world.clock.move(timedelta(seconds=good_for - 1))
    await world.send()
    assert len(api.token_requests) == 1
    world.clock.move(timedelta(seconds=1))
    await world.send()
    assert api.calls == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]


async def test_a_token_without_a_lifetime_is_good_until_it_is_refused(world, api):
    api.expires_in = None
    await world.send()
    world.clock.move(timedelta(days=30))
    await world.send()
    assert len(api.token_requests) == 1


async def test_a_401_renews_the_token_once(world, api):
    await world.send()
    api.tokens = set()
    await world.send()
    assert api.calls == ["Bearer token-1", "Bearer token-1", "Bearer token-2"]
    api.tokens = set()
    reply = await world.http.send("POST", world.url, content=b"{}", repeatable=False)
    assert reply.status == 200
    assert len(api.token_requests) == 3


async def test_many_401_at_once_renew_the_token_once(world, api):
    await world.send()
    api.tokens = set()
    api.token_delay = 0.05
    await asyncio.gather(*(world.send() for _ in range(10)))
    assert len(api.token_requests) == 2
    assert api.calls.count("Bearer token-2") == 10


async def test_a_401_with_a_fresh_token_is_a_refusal(world, api):
    async def refuse(request: Request) -> Answer:
        reply = await api(request)
        return reply if request.path == "/token" else Answer(b"", 401)

    async with serve(refuse) as server:
        world = World(server.url)
        with pytest.raises(RemoteRefused, match="answered 401"):
            await world.send()
        await world.http.close()
    assert len(api.token_requests) == 2
    assert len(api.calls) == 2


@pytest.mark.parametrize(
    ("reply", "error", "message"),
    [
        (
            Answer(b'{"error": "invalid_client"}', 401),
            RemoteRefused,
            "gives no token to the client 'mun:hub č': invalid_client.",
        ),
        (Answer(b'{"error": "invalid_scope"}', 400), RemoteRefused, "invalid_scope"),
        (Answer(b"<html>", 403), RemoteRefused, "no error code"),
        (Answer(b"", 503), RemoteUnavailable, "/token answered 503"),
        (Answer(b"<html>"), RemoteGarbage, "without a bearer token"),
        (Answer(b"[]"), RemoteGarbage, "without a bearer token"),
        (Answer(b'{"access_token": "a b", "token_type": "bearer"}'), RemoteGarbage, "without a bearer token"),
        (Answer(b'{"access_token": "a\\r\\nX: y", "token_type": "bearer"}'), RemoteGarbage, "without a bearer token"),
        (Answer(b'{"access_token": "a", "token_type": "mac"}'), RemoteGarbage, "without a bearer token"),
    ],
)
async def test_what_the_token_server_may_say(world, api, reply, error, message):
    api.token_answer = reply
    with pytest.raises(error) as caught:
        await world.send()
    assert message in str(caught.value)
    assert api.calls == []
    for hidden in (SECRET, "tajna"):
        assert hidden not in f"{caught.value}{caught.value.evidence}"
    assert world.http.breaker.state is BreakerState.CLOSED
    api.token_answer = None
    await world.send()
    assert api.calls == ["Bearer token-1"]


async def test_the_token_server_must_be_an_allowed_host(api):
    async with serve(api) as tokens, serve(answer(b"[]")) as server:
        world = World(tokens.url, hosts=[server.url])
        world.url = server.url
        with pytest.raises(ConfigurationError, match=f"may not call {tokens.url}"):
            await world.send()
        assert (tokens.requests, server.requests) == ([], [])


async def test_a_slow_token_server_is_under_the_same_deadline(api):
    api.token_delay = 30
    async with serve(api) as server:
        world = World(server.url)
        world.http._settings = HttpSettings.model_validate(
            {"timeout": {"total": timedelta(seconds=0.2)}, "retries": {"attempts": 1}}
        )
        with pytest.raises(RemoteTimeout, match="no complete answer within"):
            await world.send()
        assert world.http.breaker.failing_since == NOON
        await world.http.close()
