"""What is known of a request that failed: whoever must not send it twice relies on `reached`."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from hub.kernel.errors import RemoteError, RemoteFault
from hub.kit.auth import NoAuth, OAuth2Auth
from hub.kit.breaker import BreakerOpen, BreakerSettings
from hub.kit.http import Http, HttpSettings, Timeouts, build_http, raise_for
from hub.kit.secrets import SecretRef
from hub.kit.tls import TlsSettings
from tests.support.certificates import Authority
from tests.support.http_server import Answer, Request, answer, serve

SECOND = timedelta(seconds=1)


def http(url: str, *more: str, auth: OAuth2Auth | NoAuth | None = None, **settings: object) -> Http:
    wanted = HttpSettings(timeout=Timeouts(connect=SECOND, read=SECOND, total=SECOND), **settings)  # type: ignore[arg-type]
    return build_http(
        "office",
        urls=[url, *more],
        settings=wanted,
        auth=auth or NoAuth(),
        secret=lambda _: SecretStr("x"),
        folder=Path(),
    )


async def reached(client: Http, url: str) -> bool | None:
    try:
        raise_for(await client.send("POST", url, content=b"{}", repeatable=False))
    except RemoteError as error:
        return error.reached
    finally:
        await client.close()
    raise AssertionError("it did not fail")


@pytest.mark.parametrize(
    ("status", "headers", "expected"),
    [
        (400, {}, True),
        (401, {}, True),
        (403, {}, True),
        (404, {}, True),
        (409, {}, True),
        (422, {}, True),
        (408, {}, None),
        (429, {}, False),
        (429, {"retry-after": "5"}, False),
        (303, {"location": "/x"}, None),
        (307, {"location": "/x"}, True),
        (500, {}, None),
        (502, {}, None),
        (502, {"retry-after": "5"}, None),
        (503, {}, None),
        (503, {"retry-after": "5"}, False),
        (504, {}, None),
    ],
)
async def test_by_status(status, headers, expected):
    async def handle(_: Request) -> Answer:
        return Answer(b"", status, headers)

    async with serve(handle) as server:
        assert await reached(http(server.url), server.url) is expected


async def test_nobody_listens():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        assert await reached(http(url), url) is False


async def test_no_such_host(monkeypatch):
    async def unknown(*_: object, **__: object) -> object:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", unknown)
    assert await reached(http("http://nowhere.test"), "http://nowhere.test") is False


async def test_no_trust(tmp_path):
    authority, other = Authority(tmp_path, "Theirs"), Authority(tmp_path, "Ours")
    context = authority.server_context(authority.issue("127.0.0.1"))
    async with serve(answer(b"{}"), tls=context) as server:
        client = http(server.url, tls=TlsSettings(ca_file=str(other.file)))
        assert await reached(client, server.url) is False
        assert server.requests == []


def hang_up(after: bytes = b"") -> Callable[[Request], Awaitable[None]]:
    async def handle(request: Request) -> None:
        if after:
            await request.write(after)

    return handle


async def never(_: Request) -> None:
    await asyncio.sleep(60)


@pytest.mark.parametrize(
    "handle",
    [
        hang_up(),
        hang_up(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf"),
        hang_up(b"what?\r\n\r\n"),
        never,
    ],
    ids=["hung up", "half an answer", "no HTTP", "no answer"],
)
async def test_sent_and_not_heard_of(handle):
    async with serve(handle) as server:
        assert await reached(http(server.url), server.url) is None
        assert len(server.requests) == 1


async def test_an_answer_that_is_too_large_is_a_doubt():
    async with serve(answer(b"x" * 2000)) as server:
        assert await reached(http(server.url, max_reply_bytes=1000), server.url) is None


async def test_an_open_breaker_lets_nothing_through():
    async with serve(answer(b"", status=503)) as server:
        client = http(server.url, breaker=BreakerSettings(failures=1))
        with pytest.raises(RemoteError):
            raise_for(await client.send("POST", server.url, repeatable=False))
        with pytest.raises(BreakerOpen) as caught:
            await client.send("POST", server.url, repeatable=False)
        await client.close()
        assert (caught.value.reached, len(server.requests)) == (False, 1)


async def test_without_a_token_nothing_was_sent():
    """The token's server fails, in whatever way: of the request itself nothing left."""
    async with serve(answer(b"", status=500)) as tokens, serve(answer(b"{}")) as server:
        auth = OAuth2Auth(
            kind="oauth2", token_url=tokens.url, client_id="hub", client_secret=SecretRef(secret="x"), scope=None
        )
        assert await reached(http(server.url, tokens.url, auth=auth), server.url) is False
        assert (len(tokens.requests), server.requests) == (1, [])


async def test_too_slow_before_it_is_sent_is_not_too_slow_after():
    """`total` passes while a token is fetched."""
    async with serve(never) as tokens, serve(answer(b"{}")) as server:
        auth = OAuth2Auth(
            kind="oauth2", token_url=tokens.url, client_id="hub", client_secret=SecretRef(secret="x"), scope=None
        )
        assert await reached(http(server.url, tokens.url, auth=auth), server.url) is False


async def test_a_repeated_call_stays_in_doubt_though_the_last_try_found_nobody():
    async with serve(hang_up()) as server:
        client = http(server.url)
        with pytest.raises(RemoteError) as caught:
            await client.send("POST", server.url, repeatable=True)
        await client.close()
        assert caught.value.reached is None


def test_what_nobody_says_is_a_doubt():
    assert RemoteFault("x").reached is None
