"""What a stranger may send as a body: before anybody knows who it is, not much and not slowly."""

import asyncio
import json
from contextlib import suppress

import pytest

from portal_api import bodies
from tests.integration.portal_api.serving import connected, serving
from tests.support.hub import SECRETS, make_settings
from tests.support.records import ANA

JSON = b"Content-Type: application/json\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"
DOORS = [
    (b"/pregrada/v1/submissions", JSON),
    (b"/pregrada/v1/payments", JSON),
    (b"/pregrada/admin/v1/people", JSON),
    (b"/pregrada/admin/v1/dead-letters/dlt_01jd3v9k6cf3rs2k4w5m8q7x1t/corrections", JSON),
    (b"/pregrada/login/password", FORM),
    (b"/pregrada/oauth2/token", FORM),
    (b"/pregrada/payments/kartica/notify", JSON),
    (b"/pregrada/payments/pay_01jd3v9k6cf3rs2k4w5m8q7x1t/attempts", FORM),
]
REFUSED = (b"400", b"401", b"408", b"410", b"413")


@pytest.fixture
def address(hub, urls, clock, tmp_path):
    with serving(make_settings(tmp_path, urls), urls, clock) as address:
        yield address


async def status(reader) -> bytes:
    return (await asyncio.wait_for(reader.readline(), 10)).split()[1]


async def test_a_body_without_an_end_from_a_stranger(address):
    """FastAPI would keep all of it, and ask for the token then."""
    for path, kind in DOORS:
        async with connected(address) as (reader, writer):
            writer.write(b"POST %b HTTP/1.1\r\nHost: x\r\n%bTransfer-Encoding: chunked\r\n\r\n" % (path, kind))
            chunk, sent = b"10000\r\n" + b" " * 0x10000 + b"\r\n", 0
            with suppress(ConnectionError):
                while sent < 50_000_000 and not reader._buffer:
                    writer.write(chunk)
                    await writer.drain()
                    sent += 0x10000
                    await asyncio.sleep(0)
            assert await status(reader) in REFUSED, path
            # What is on the way is not kept anywhere.
            assert sent < 30_000_000, path


async def test_what_is_as_large_as_a_form_may_be_is_looked_at(address):
    path = b"/pregrada/v1/submissions"
    for size, expected in ((bodies.LARGEST, b"401"), (bodies.LARGEST + 1, b"413")):
        async with connected(address) as (reader, writer):
            content = json.dumps({"title": ""}).encode().ljust(size)
            head = b"POST %b HTTP/1.1\r\nHost: x\r\n%bIdempotency-Key: k\r\nContent-Length: %d\r\n\r\n"
            writer.write(head % (path, JSON, size) + content)
            assert await status(reader) == expected, size


async def test_a_body_that_drips(address, monkeypatch):
    """However often something comes, all of it has so long and no longer."""
    monkeypatch.setattr(bodies, "PATIENCE", 0.5)
    for path, kind in DOORS:
        async with connected(address) as (reader, writer):
            writer.write(b"POST %b HTTP/1.1\r\nHost: x\r\n%bContent-Length: 1000\r\n\r\n" % (path, kind))
            with suppress(ConnectionError):
                for _ in range(100):
                    writer.write(b" ")
                    await writer.drain()
                    await asyncio.sleep(0.05)
                    if reader._buffer:
                        break
            answer = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)
            assert answer.split()[1] in REFUSED, path
            if b"application/problem+json" in answer and answer.split()[1] == b"408":
                assert b"connection: close" in answer.lower(), path


async def test_doors_that_take_more_still_do(hub):
    """Files, statements, pushes and corrected letters have limits of their own, once it is known who sends them."""
    citizen, staff = hub.token("pregrada", await hub.subject("pregrada", hr_oib=ANA)), hub.staff("pregrada")
    large = b"a " * bodies.LARGEST
    headers = citizen | {"Idempotency-Key": "k", "Content-Type": "text/plain"}
    file = await hub.client.post("/pregrada/v1/attachments?name=a.txt", content=large, headers=headers)
    assert (file.status_code, file.json()["size"]) == (201, len(large))
    statement = await hub.client.post("/pregrada/admin/v1/statement-files?name=a", content=large, headers=staff)
    assert (statement.status_code, statement.json()["size"]) == (202, len(large))
    push = {"Authorization": f"Bearer {SECRETS['pregrada-financije-push']}"}
    kind = {"Content-Type": "application/cloudevents+json"}
    letter = await hub.client.post("/pregrada/push/v1/events", content=large, headers=push | kind)
    assert letter.status_code == 400, "no JSON, and kept"
    [kept] = (await hub.client.get("/pregrada/admin/v1/dead-letters", headers=staff)).json()["items"]
    path = f"/pregrada/admin/v1/dead-letters/{kept['id']}/corrections"
    copy = await hub.client.post(path, json={"text": large.decode() * 2, "why": "longer"}, headers=staff)
    assert copy.status_code == 201, copy.text[:200]
    assert (await hub.client.post(path, content=b'{"why": "\xff"}', headers=staff)).status_code == 422
    assert (await hub.client.post(path, json={"text": "x"}, headers=citizen)).status_code == 403
