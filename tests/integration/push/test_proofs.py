"""Who may push: every way a back office can prove itself, and every way of pretending to be one."""

from __future__ import annotations

import asyncio
import base64
import json
import ssl
from datetime import timedelta
from ipaddress import ip_network
from urllib.parse import quote

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from hub.intake import doors_command, signatures
from hub.kernel.clock import SystemClock
from hub.storage.vault import MasterKeys
from portal_api.app import create_server
from tests.integration.push.conftest import KEYS, OFFICE, SIGNED, configured, with_keys
from tests.support.certificates import Authority
from tests.support.commands import commands_on
from tests.support.hub import make_settings

EVENTS, SOAP, FILES = (f"/pregrada/push/v1/{door}" for door in ("events", "soap", "files?name=stavke-1.csv"))
SINGLE = "application/cloudevents+json"
TYPES = {EVENTS: SINGLE, SOAP: "text/xml", FILES: "text/csv"}


def event(number: int = 1) -> bytes:
    return json.dumps({"specversion": "1.0", "id": str(number), "source": "/f", "type": "t", "data": {}}).encode()


async def post(door, body: bytes, headers: dict[str, str], path: str = EVENTS):
    return await door.api.client.post(path, content=body, headers={"Content-Type": TYPES[path]} | headers)


def signed(door, body: bytes, *, key: str = "financije-new", webhook_id: str = "msg_1", ago: int = 0) -> dict[str, str]:
    return signatures.sign(KEYS[key], webhook_id, door.api.clock.now() - timedelta(seconds=ago), body)


async def test_signatures(opening):
    async with opening(SIGNED) as door:
        body = event()
        assert (await post(door, body, signed(door, body))).json()["accepted"] == 1
        # While one key takes the other's place both count; a sender may sign with both.
        assert (
            await post(door, event(2), signed(door, event(2), key="financije-old", webhook_id="msg_2"))
        ).status_code == 202
        both = signed(door, event(3), webhook_id="msg_3")
        strangers = signed(door, event(3), key="urudzbeni", webhook_id="msg_3")[signatures.SIGNATURE]
        both[signatures.SIGNATURE] = f"v1a,xx {strangers} {both[signatures.SIGNATURE]}"
        assert (await post(door, event(3), both)).status_code == 202
        assert await door.refused() == {}

        # Replayed word for word: refused. Asked again by the sender, signed anew: known.
        answer = await post(door, body, signed(door, body))
        assert (answer.status_code, answer.json()["type"]) == (409, "urn:munihub:problem:replayed")
        door.api.clock.move(timedelta(seconds=30))
        assert (await post(door, body, signed(door, body))).json() == {
            "accepted": 0,
            "duplicates": 1,
            "dead_letters": [],
        }
        other = await post(door, event(4), signed(door, event(4)))
        assert (other.status_code, other.json()["type"]) == (409, "urn:munihub:problem:webhook_id_used")
        assert await door.value("select count(*) from messages") == 3

        wrong = {
            "wrong_signature": signed(door, body, key="urudzbeni", webhook_id="w1"),
            "old_timestamp": signed(door, body, webhook_id="w2", ago=301),
            "future_timestamp": signed(door, body, webhook_id="w3", ago=-301),
            "malformed_signature": signed(door, body, webhook_id="w4") | {signatures.SIGNATURE: "v1,%%"},
        }
        for path in (EVENTS, SOAP, FILES):
            for reason, headers in wrong.items():
                answer = await post(door, body, headers, path)
                assert (answer.status_code, path, reason) == (401, path, reason), answer.text
            # What was signed is these bytes, and no others.
            tampered = await post(door, body.replace(b"/f", b"/g"), signed(door, body, webhook_id="w5"), path)
            assert tampered.status_code == 401
            assert (await post(door, body, {}, path)).status_code == 401
            answer = await post(door, body, {"Authorization": "Bearer wrong"}, path)
            assert answer.status_code == 401
            assert answer.json()["detail"].startswith("No back office of this town has this push secret")
        for dotted in ("a.b", "", "é"):
            answer = await post(door, body, signed(door, body) | {signatures.ID: dotted.encode("latin-1")})
            assert answer.status_code == 401
        assert await door.value("select count(*) from messages") == 3
        assert await door.letters() == []

        # All of it is what an administrator sees, and nothing of what was in it.
        found = await door.refused()
        for name in ("events", "soap", "files"):
            assert found[name, "wrong_signature"] == 2
            for reason in ("old_timestamp", "future_timestamp", "no_proof", "wrong_secret"):
                assert found[name, reason] == 1
        assert (found["events", "replayed"], found["events", "webhook_id_used"]) == (1, 1)
        listed = await door.api.client.get("/pregrada/admin/v1/refused-attempts", headers=door.api.staff("pregrada"))
        rows = {(one["door"], one["reason"]): one for one in listed.json()["items"]}
        assert rows["events", "replayed"]["back_office"] == "financije"
        assert rows["soap", "no_proof"]["back_office"] is None
        assert rows["soap", "no_proof"]["address"] == "127.0.0.1"
        munihub = commands_on(door.api.worker, doors_command)
        printed = (await munihub("doors", "refused", "--city", "pregrada", "--json")).splitlines()
        shown = {(one["door"], one["reason"]): one for one in map(json.loads, printed)}
        assert shown.keys() == rows.keys()
        assert (shown["soap", "no_proof"]["address"], shown["soap", "no_proof"]["times"]) == ("127.0.0.1", 1)
        table = await munihub("doors", "refused", "--city", "pregrada")
        assert {"events", "soap", "files"} <= set(table.splitlines())  # a paragraph for each on a narrow screen


async def test_a_signed_body_gets_no_meaning_from_headers_that_are_not_signed(opening):
    """Whoever carries a signed message could make an event of his own of it."""
    async with opening(SIGNED) as door:
        forged = {"ce-specversion": "1.0", "ce-id": "e9", "ce-source": "/f", "ce-type": "hr.pregrada.financije.stavka"}
        answer = await post(door, event(), signed(door, event()) | forged)
        assert (answer.status_code, answer.json()["type"]) == (415, "urn:munihub:problem:unsupported_media")
        assert await door.value("select count(*) from messages") == 0
        # It was not taken, so it still counts as the sender meant it.
        assert (await post(door, event(), signed(door, event()))).json()["accepted"] == 1


async def test_every_key_of_the_town_is_compared(opening, monkeypatch):
    compared = []
    real = signatures.hmac.compare_digest
    monkeypatch.setattr("hub.intake.signatures.hmac.compare_digest", lambda a, b: compared.append(b) or real(a, b))
    async with opening(SIGNED) as door:
        for key in ("financije-new", "urudzbeni"):
            compared.clear()
            await post(door, event(), signed(door, event(), key=key, webhook_id=key))
            assert len(compared) == 2


@pytest.fixture
def issued(tmp_path):
    return Authority(tmp_path).issue("financije")


def certificate_of(issued) -> x509.Certificate:
    return x509.load_pem_x509_certificate(issued.certificate.read_bytes())


async def test_a_client_certificate_told_by_a_trusted_proxy(opening, issued, tmp_path, clock):
    certificate = certificate_of(issued)
    clock.move(certificate.not_valid_before_utc - clock.now() + timedelta(minutes=1))
    content = certificate.public_bytes(serialization.Encoding.DER)
    der = base64.b64encode(content).decode()
    told = {"Client-Cert": f":{der}:"}
    # Of no version there is, and with a subject that is no text: a proxy that verifies nothing passes them on.
    version, subject = content.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x09"), b"financije"
    nameless = content.replace(subject, b"\xff" * len(subject))
    broken = [{"Client-Cert": f":{base64.b64encode(one).decode()}:"} for one in (version, nameless)]
    assert content not in (version, nameless)
    pinned = {"certificates": [{"sha256": certificate.fingerprint(hashes.SHA256()).hex(":").upper()}]}
    async with opening(pinned, trusted_proxies=(ip_network("127.0.0.0/8"),)) as door:
        assert (await post(door, event(), told)).json()["accepted"] == 1
        other = certificate_of(Authority(tmp_path, "Other CA").issue("somebody"))
        stranger = base64.b64encode(other.public_bytes(serialization.Encoding.DER)).decode()
        for headers in (
            {"Client-Cert": f":{stranger}:"},
            {"Client-Cert": "::"},
            {"Client-Cert": ":%%:"},
            {"X-SSL-Client-Cert": f":{der}:"},
            *broken,
        ):
            assert (await post(door, event(2), headers)).status_code == 401, headers
        twice = [("Content-Type", SINGLE), ("Client-Cert", f":{der}:"), ("Client-Cert", f":{stranger}:")]
        assert (await door.api.client.post(EVENTS, content=event(2), headers=twice)).status_code == 401
        clock.move(timedelta(days=4000))
        assert (await post(door, event(2), told)).status_code == 401
        found = await door.refused()
        assert found["events", "wrong_certificate"] == 1
        assert found["events", "malformed_certificate"] == 5
        assert found["events", "expired_certificate"] == 1
        assert await door.value("select count(*) from messages") == 1


async def test_a_header_from_anybody_else_is_only_a_claim(opening, issued):
    der = base64.b64encode(certificate_of(issued).public_bytes(serialization.Encoding.DER)).decode()
    named = {"certificates": [{"subject": "CN=financije"}]}
    async with opening(named, trusted_proxies=(ip_network("10.0.0.1/32"),)) as door:
        headers = {"Client-Cert": f":{der}:", "X-Forwarded-For": "10.0.0.1"}
        assert (await post(door, event(), headers)).status_code == 401
        assert await door.refused() == {("events", "untrusted_proxy"): 1}


async def test_a_subject_and_a_header_as_nginx_writes_it(opening, issued, clock):
    certificate = certificate_of(issued)
    clock.move(certificate.not_valid_before_utc - clock.now() + timedelta(minutes=1))
    header = {"X-SSL-Client-Cert": quote(issued.certificate.read_text())}
    named = {"certificates": [{"subject": certificate.subject.rfc4514_string()}]}
    trusted = {"trusted_proxies": (ip_network("127.0.0.1"),), "client_certificate_header": "X-SSL-Client-Cert"}
    async with opening(named, **trusted) as door:
        assert (await post(door, event(), header)).json()["accepted"] == 1


def test_a_client_certificate_shown_to_the_server_itself(tmp_path, urls, monkeypatch):
    """TLS on loopback: with the certificate it comes in, without it or with another one it does not."""
    import asyncio
    import socket
    import threading
    import time

    from hub.hub import open_api, open_worker

    authority = Authority(tmp_path)
    server_side, client, other = authority.issue("hub"), authority.issue("financije"), authority.issue("somebody")
    named = {"certificates": [{"subject": certificate_of(client).subject.rfc4514_string()}]}
    settings = with_keys(make_settings(tmp_path, urls, configured(tmp_path / "config", named)))
    MasterKeys.load(settings.master_key, create=True)

    async def prepare() -> None:
        await (await open_worker(settings, urls.worker, connect=False)).close()

    asyncio.run(prepare())
    tls = {"certificate": str(server_side.certificate), "key": str(server_side.key), "client_ca": str(authority.file)}
    server = create_server(lambda: open_api(settings, urls.app, clock=SystemClock()), log_level="warning", tls=tls)
    listener = socket.create_server(("127.0.0.1", 0))
    thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])))
    thread.start()
    try:
        end = time.monotonic() + 20
        while not server.started and time.monotonic() < end:
            time.sleep(0.02)
        address = f"https://127.0.0.1:{listener.getsockname()[1]}{EVENTS}"
        statuses = []
        for shown in (client, other, None):
            context = ssl.create_default_context(cafile=str(authority.file))
            if shown is not None:
                context.load_cert_chain(shown.certificate, shown.key)
            with httpx.Client(verify=context) as caller:
                statuses.append(caller.post(address, content=event(), headers={"Content-Type": SINGLE}).status_code)
        assert statuses == [202, 401, 401]
    finally:
        server.should_exit = True
        thread.join(20)
        listener.close()


async def test_limits_refuse_and_lose_nothing(opening):
    async with opening({"limits": {"requests": 3, "bytes": 1000, "waiting": 3}}) as door:
        first = await post(door, event(1), OFFICE)
        assert first.headers["ratelimit-policy"] == '"requests";q=3;w=60, "bytes";q=1000;w=60;qu="content-bytes"'
        assert first.headers["ratelimit"] == f'"requests";r=2;t=60, "bytes";r={1000 - len(event(1))};t=60'
        assert [(await post(door, event(number), OFFICE)).status_code for number in (2, 3)] == [202, 202]
        door.api.clock.move(timedelta(seconds=20))
        refused = await post(door, event(4), OFFICE)
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "40")
        assert refused.headers["ratelimit"].startswith('"requests";r=0;t=40')
        door.api.clock.move(timedelta(seconds=40))
        # Three messages wait: a fourth one comes in only when they have been applied.
        waiting = await post(door, event(4), OFFICE)
        assert (waiting.status_code, waiting.headers["retry-after"]) == (429, "30")
        assert "What was accepted is safe" in waiting.json()["detail"]
        await door.work()
        door.api.clock.move(timedelta(seconds=60))
        assert (await post(door, event(4), OFFICE)).status_code == 202
        # One request may be larger than a minute's bytes; what follows it waits.
        door.api.clock.move(timedelta(seconds=60))
        large = json.dumps({"specversion": "1.0", "id": "5", "source": "/f", "type": "t", "data": "x" * 2000}).encode()
        assert [(await post(door, body, OFFICE)).status_code for body in (large, event(6))] == [202, 429]
        found = await door.refused()
        assert found == {
            ("events", "too_many_requests"): 1,
            ("events", "too_many_waiting"): 1,
            ("events", "too_many_bytes"): 1,
        }
        assert await door.value("select count(*) from messages") == 5


async def test_a_body_that_stops_coming_is_given_up(door, monkeypatch):
    monkeypatch.setattr("portal_api.push.door.SILENCE", 0.05)

    async def dripping():
        yield b"{"
        await asyncio.sleep(0.2)

    answer = await door.api.client.post(EVENTS, content=dripping(), headers=OFFICE | {"Content-Type": SINGLE})
    assert (answer.status_code, answer.headers["connection"]) == (408, "close")
    assert await door.refused() == {("events", "too_slow"): 1}


async def test_a_body_that_never_pauses_and_never_ends(door, monkeypatch):
    """What is held in memory is not held for hours: a signed one is read before anybody has proven who it is."""
    monkeypatch.setattr("portal_api.push.door.parts.__defaults__", (0.1,))

    async def drips():
        for _ in range(20):
            yield b" "
            await asyncio.sleep(0.02)

    answer = await door.api.client.post(EVENTS, content=drips(), headers=OFFICE | {"Content-Type": SINGLE})
    assert (answer.status_code, answer.headers["connection"]) == (408, "close")
    assert await door.refused() == {("events", "too_slow"): 1}
    assert await door.value("select count(*) from dead_letters") == 0


async def test_so_many_at_once_and_the_others_are_asked_to_come_again(door, monkeypatch):
    """Nothing of those is kept, and whoever comes later comes in."""
    monkeypatch.setattr("hub.intake.turns.AT_ONCE", 1)
    monkeypatch.setattr("hub.intake.turns.WAITING", 1)
    accept, arrived, go = door.api.hub.intake.accept, asyncio.Event(), asyncio.Event()

    async def slowly(*arguments, **more):
        arrived.set()
        await go.wait()
        return await accept(*arguments, **more)

    monkeypatch.setattr(door.api.hub.intake, "accept", slowly)
    first = asyncio.create_task(post(door, event(1), OFFICE))
    await arrived.wait()
    second = asyncio.create_task(post(door, event(2), OFFICE))
    while not door.api.hub.doors.turns._lines:
        await asyncio.sleep(0.01)
    refused = await post(door, event(3), OFFICE)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "5")
    assert refused.json()["type"] == "urn:munihub:problem:too_many_requests"
    go.set()
    assert [(await one).json()["accepted"] for one in (first, second)] == [1, 1]
    assert (await post(door, event(3), OFFICE)).json()["accepted"] == 1
    assert await door.refused() == {("events", "too_many_at_once"): 1}
    assert await door.value("select count(*) from messages") == 3


async def test_too_large(door):
    headers = OFFICE | {"Content-Length": "10000001"}
    for path in (EVENTS, SOAP):
        answer = await post(door, b"x", headers, path)
        assert (answer.status_code, "10,000,000 bytes" in answer.json()["detail"]) == (413, True)
    answer = await post(door, b"x", OFFICE | {"Content-Length": "2000000001"}, FILES)
    assert answer.status_code == 413
    assert await door.refused() == {(one, "too_large"): 1 for one in ("events", "soap", "files")}


async def test_strangers_bodies_fill_no_memory(opening, monkeypatch):
    """A signed body is read before anybody knows whose it is: of all that come at once so much is held, and no more."""
    monkeypatch.setattr("portal_api.push.door.MOST_UNPROVEN", 1_000)
    async with opening(SIGNED) as door:
        head = signed(door, b"other bytes") | {"Content-Type": SINGLE}
        held, end = asyncio.Event(), asyncio.Event()

        async def dripping():
            yield b" " * 900
            held.set()
            await end.wait()

        first = asyncio.create_task(door.api.client.post(EVENTS, content=dripping(), headers=head))
        await held.wait()
        answer = await post(door, b" " * 200, head)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert (await post(door, event(), OFFICE)).status_code == 202, "whoever has proven it beforehand comes in"
        end.set()
        assert (await first).status_code == 401
        assert (await post(door, b" " * 200, head)).status_code == 401
        assert (await post(door, event(2), signed(door, event(2), webhook_id="msg_2"))).status_code == 202
