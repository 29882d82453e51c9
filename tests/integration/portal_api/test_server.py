"""The server itself, without an application worth the name: what it lets a stranger send before it is a request."""

import asyncio
import socket

import asyncpg
import pytest

from portal_api import server as module
from portal_api.app import _no_database
from portal_api.server import LARGEST_HEAD, server
from tests.integration.portal_api.serving import connected

OK = b"HTTP/1.1 200 OK"
TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large"


async def application(scope, receive, send):
    """Reads a body where it is asked to, and answers."""
    if scope["type"] != "http":
        return
    size = 0
    while scope["path"] == "/body":
        message = await receive()
        size += len(message.get("body", b""))
        if not message.get("more_body"):
            break
    if scope["path"] == "/slow":
        await asyncio.sleep(0.5)
    content = b"%d" % size
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(content))]})
    await send({"type": "http.response.body", "body": content})


@pytest.fixture
async def address():
    one = server(application, log_level="critical", lifespan="off", timeout_keep_alive=1)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        task = asyncio.create_task(one.serve([listener]))
        yield listener.getsockname()
        one.should_exit = True
        await task


async def first_line(reader, seconds: float = 10) -> bytes:
    try:
        return (await asyncio.wait_for(reader.readline(), seconds)).strip()
    except ConnectionError:
        return b""


async def flood(address, before: bytes, piece: bytes, most: int = 30_000_000) -> tuple[bytes, int]:
    """The first line of the answer, and how much was sent until the connection was cut."""
    async with connected(address) as (reader, writer):
        writer.write(before)
        sent = 0
        try:
            while sent < most and not reader.at_eof():
                writer.write(piece)
                await writer.drain()
                sent += len(piece)
                await asyncio.sleep(0)
        except ConnectionError:
            pass
        return await first_line(reader), sent


@pytest.mark.parametrize(
    ("before", "piece"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ", b"a" * 10_000),
        (b"GET / HTTP/1.1\r\nHost: x\r\n", b"X-A: 1\r\n" * 1_000),
        (b"GET /", b"a" * 10_000),
        (b"GET /?", b"a=1&" * 2_000),
        (b"GET / HTTP/1.1\r\nCookie: ", b"a=1;" * 2_000),
    ],
)
async def test_a_head_without_an_end_is_cut_off(address, before, piece):
    line, sent = await flood(address, before, piece)
    assert line in {TOO_LARGE, b""}  # the answer may be lost with the connection that is reset
    assert sent < 20 * LARGEST_HEAD


@pytest.mark.parametrize("piece", [b"X-A: 1\r\n" * 1_000, b"X-A: " + b"a" * 10_000])
async def test_trailers_without_an_end_are_cut_off(address, piece):
    before = b"POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n"
    _, sent = await flood(address, before, piece)
    assert sent < 20 * LARGEST_HEAD


async def test_a_large_head_is_answered_with_431(address):
    async with connected(address) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-A: ")
        for _ in range(9):
            writer.write(b"a" * (LARGEST_HEAD // 8))
            await writer.drain()
            await asyncio.sleep(0.02)
        assert await first_line(reader) == TOO_LARGE


async def test_what_is_large_but_in_order_is_served(address):
    async with connected(address) as (reader, writer):
        for n in range(3):
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\nX-A: " + b"a" * (LARGEST_HEAD - 1_000) + b"\r\n\r\n")
            assert await first_line(reader) == OK, n
            await reader.readuntil(b"\r\n\r\n0")
        body = b"a" * 5_000_000
        writer.write(b"POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % len(body) + body)
        assert await first_line(reader) == OK
        assert (await reader.readuntil(b"5000000")).endswith(b"5000000")
        writer.write(b"POST /body HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(200):
            writer.write(b"400\r\n" + b"a" * 0x400 + b"\r\n")
            await asyncio.sleep(0)
        writer.write(b"0\r\nX-Trailer: 1\r\n\r\n")
        assert await first_line(reader) == OK


async def test_many_requests_at_once_on_one_connection(address):
    async with connected(address) as (reader, writer):
        one = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
        writer.write(one * 5_000)
        for _ in range(5_000):
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n0"), 20)
            assert head.startswith(OK)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /",
        b"GET / HTTP/1.1\r\nHost: x\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\nGET /",
        b"POST / HTTP/1.1\r\nContent-Length: 100\r\n\r\n",
    ],
)
async def test_a_slow_caller_is_not_waited_for(address, monkeypatch, sent):
    """One byte at a time: however often something comes, a head has so long and no longer."""
    monkeypatch.setattr(module, "PATIENCE", 0.5)
    async with connected(address) as (reader, writer):
        writer.write(sent)
        began = asyncio.get_running_loop().time()
        try:
            while not reader.at_eof() and asyncio.get_running_loop().time() - began < 10:
                await asyncio.sleep(0.05)
                if reader._buffer:
                    reader._buffer.clear()
                writer.write(b"a" if sent else b"")
                await writer.drain()
        except ConnectionError:
            pass
        assert 0.4 < asyncio.get_running_loop().time() - began < 5


async def test_an_answer_that_takes_longer_is_waited_for(address, monkeypatch):
    monkeypatch.setattr(module, "PATIENCE", 0.2)
    async with connected(address) as (reader, writer):
        for _ in range(2):
            writer.write(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n")
            assert await first_line(reader) == OK
            await reader.readuntil(b"\r\n\r\n0")


async def test_no_other_protocol_is_spoken(address):
    upgrade = b"Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Version: 13\r\n"
    async with connected(address) as (reader, writer):
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n" + upgrade + b"\r\n")
        assert await first_line(reader) == OK
        head = await reader.readuntil(b"\r\n\r\n")
        assert b"server:" not in head.lower(), "which server it is, is nobody's business"


async def test_only_what_the_database_driver_says_is_told_as_its_absence() -> None:
    """A file of ours that is missing is our mistake: hidden behind a 503 nobody would look for it."""
    for error in (FileNotFoundError("a logo"), ConnectionResetError("somebody else")):
        with pytest.raises(type(error)):
            await _no_database(None, error)
    with pytest.raises(OSError) as away:  # noqa: PT011 - refused or not there, as the machine has it
        await asyncpg.connect("postgresql:///munihub?host=/nowhere")
    assert (await _no_database(None, away.value)).status_code == 503


async def test_what_the_driver_says_of_a_lost_connection_is_told_as_the_databases_absence(urls) -> None:
    """asyncpg's word for a connection that went away in the middle, seen when servers restart, is no InterfaceError."""
    async with asyncpg.create_pool(urls.app, min_size=1, max_size=1) as pool:
        with pytest.raises(asyncpg.InternalClientError) as lost:
            await pool._holders[0].release(None)
    assert (await _no_database(None, lost.value)).status_code == 503


async def test_what_a_server_says_while_it_is_connected_to_is_told_as_its_absence(urls) -> None:
    """One that has come back from a full disk answers XX000 for a while; there it may be any code."""
    with pytest.raises(asyncpg.PostgresError) as refused:
        await asyncpg.connect(urls.app, server_settings={"nonsense": "1"})
    assert (await _no_database(None, refused.value)).status_code == 503
