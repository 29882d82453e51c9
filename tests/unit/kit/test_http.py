"""The leash of outgoing calls, against real servers on loopback."""

from __future__ import annotations

import asyncio
import gzip
import socket
import ssl
import time
import zlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import SecretStr

from hub.kernel.clock import FixedClock
from hub.kernel.errors import (
    ConfigurationError,
    RemoteFault,
    RemoteGarbage,
    RemoteRefused,
    RemoteTimeout,
    RemoteUnavailable,
)
from hub.kit.auth import BearerAuth, NoAuth, build_auth
from hub.kit.breaker import Breaker, BreakerOpen, BreakerSettings, BreakerState
from hub.kit.http import Http, HttpSettings, Timeouts, build_http, origin, raise_for
from hub.kit.retry import AskedToWait, RetrySettings
from hub.kit.secrets import SecretRef
from hub.kit.tls import ClientCertificate, TlsSettings
from tests.support.certificates import Authority
from tests.support.http_server import Answer, Request, Server, answer, serve

SECRET = "s3cr3t-Of-The-Town"
NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


def secret(_: str) -> SecretStr:
    return SecretStr(SECRET)


class Leash:
    """Builds an Http without real waits: what it would have slept is written down."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.clock = FixedClock(NOON)
        self.log: list[str] = []
        self.open: list[Http] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)

    def __call__(self, *hosts: str, auth=None, tls=None, **settings) -> Http:
        settings.setdefault("retries", RetrySettings(attempts=1))
        checked = HttpSettings(**settings)
        more = {"tls": tls} if tls else {}
        http = Http(
            "registar",
            hosts,
            checked,
            auth,
            Breaker("registar", checked.breaker, clock=self.clock),
            clock=self.clock,
            sleep=self.sleep,
            wire_log=self.log.append,
            **more,
        )
        self.open.append(http)
        return http


@pytest.fixture
async def leash():
    leash = Leash()
    yield leash
    for http in leash.open:
        await http.close()


async def test_a_reply_comes_whole_and_the_request_as_asked(leash):
    async with serve(answer("{“č”}".encode(), content_type='Application/JSON; charset="UTF-8"', etag="1")) as server:
        reply = await leash(server.url).send(
            "post", f"{server.url}/a%2Fb?x=1#part", headers={"X-One": "1"}, params={"y": "č &"}, content=b"<q/>"
        )
    assert (reply.status, reply.content, reply.media_type, reply.charset) == (
        200,
        "{“č”}".encode(),
        "application/json",
        "utf-8",
    )
    assert reply.headers["etag"] == "1"
    assert reply.url == f"{server.url}/a%2Fb"
    assert reply.received_at == NOON
    (request,) = server.requests
    assert (request.method, request.target, request.body) == ("POST", "/a%2Fb?x=1&y=%C4%8D+%26", b"<q/>")
    assert request.headers["x-one"] == "1"
    assert request.headers["user-agent"] == "munihub"
    assert "python" not in str(request.headers)


async def test_connections_are_reused_and_cookies_are_not_kept(leash):
    async with serve(answer(b"ok", set_cookie="session=1; Path=/")) as server:
        http = leash(server.url)
        for _ in range(3):
            await http.send("GET", server.url)
        assert server.connections == 1
        assert [request.headers.get("cookie") for request in server.requests] == [None, None, None]


async def test_the_environment_is_not_looked_at(leash, monkeypatch):
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:1")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:1")
    async with serve(answer(b"direct")) as server:
        assert (await leash(server.url).send("GET", server.url)).content == b"direct"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("HTTPS://Registar.Example/a?b", "https://registar.example:443"),
        ("http://registar.example:80", "http://registar.example:80"),
        ("http://čakovec.example:8080/", "http://xn--akovec-h2a.example:8080"),
        ("http://[::1]:8080/", "http://[::1]:8080"),
    ],
)
def test_an_origin_is_scheme_host_and_port(url, expected):
    assert origin(url) == expected


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example/",
        "registar.example",
        "http:///x",
        "",
        "http://u:p@a.example/",
        "file:///etc/passwd",
        "http://host:abc/",
    ],
)
def test_only_plain_http_urls_have_an_origin(url):
    with pytest.raises(ConfigurationError, match="URL") as caught:
        origin(url)
    assert "u:p" not in str(caught.value)


@pytest.mark.parametrize(
    "other", ["http://127.0.0.1:{other}/", "https://127.0.0.1:{port}/", "http://localhost:{port}/"]
)
async def test_no_other_host_port_or_scheme_is_called(leash, other):
    async with serve(answer()) as server, serve(answer()) as elsewhere:
        port, far = server.url.rsplit(":")[-1], elsewhere.url.rsplit(":")[-1]
        with pytest.raises(ConfigurationError, match="registar may not call"):
            await leash(server.url).send("GET", other.format(port=port, other=far))
        assert (server.requests, elsewhere.requests) == ([], [])


async def test_a_redirect_is_not_followed_even_to_the_same_host(leash):
    async with serve(answer()) as elsewhere:
        target = f"{elsewhere.url}/login?return=1"
        async with serve(answer(b"", 302, location=target)) as server:
            reply = await leash(server.url).send("GET", f"{server.url}/a")
            with pytest.raises(RemoteFault) as caught:
                raise_for(reply)
    assert str(caught.value) == (
        f"GET {server.url}/a answered 302 and points to {elsewhere.url}/login; redirects are not followed."
    )
    assert elsewhere.requests == []
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "error", "transient"),
    [
        (401, RemoteRefused, False),
        (403, RemoteRefused, False),
        (400, RemoteFault, False),
        (404, RemoteFault, False),
        (500, RemoteFault, False),
    ],
)
async def test_final_statuses_come_back_and_raise_for_names_them(leash, status, error, transient):
    body = b'{"message": "Ana Horvat", "oib": "69435151530"}'
    async with serve(answer(body, status)) as server:
        reply = await leash(server.url, retries=RetrySettings(attempts=3)).send(
            "GET", f"{server.url}/x/69435151530?k=v"
        )
        assert len(server.requests) == 1
    assert reply.status == status
    with pytest.raises(error) as caught:
        raise_for(reply)
    assert type(caught.value) is error
    assert caught.value.transient is transient
    assert str(caught.value).startswith(f"GET {server.url}/x/[digits] answered {status}")
    assert caught.value.evidence == '{"message": …, "oib": …}'


@pytest.mark.parametrize(
    ("status", "error"), [(408, RemoteTimeout), (502, RemoteUnavailable), (503, RemoteUnavailable)]
)
async def test_transient_statuses_are_tried_exactly_as_often_as_configured(leash, status, error):
    async with serve(answer(b"busy", status)) as server:
        with pytest.raises(error, match=f"answered {status}") as caught:
            await leash(server.url, retries=RetrySettings(attempts=3)).send("GET", server.url)
        assert len(server.requests) == 3
    assert len(leash.slept) == 2
    assert 0 <= leash.slept[0] <= 1
    assert 0 <= leash.slept[1] <= 2
    assert caught.value.evidence == "busy"


async def test_what_is_not_repeatable_is_sent_once(leash):
    async with serve(answer(b"", 503)) as server:
        with pytest.raises(RemoteUnavailable):
            await leash(server.url, retries=RetrySettings(attempts=3)).send("POST", server.url, repeatable=False)
        assert len(server.requests) == 1
    assert leash.slept == []


async def test_a_later_attempt_may_succeed(leash):
    async def handle(_: Request) -> Answer:
        return Answer(b"ok", 503 if len(server.requests) < 3 else 200)

    async with serve(handle) as server:
        reply = await leash(server.url, retries=RetrySettings(attempts=5)).send("GET", server.url)
        assert (reply.status, len(server.requests)) == (200, 3)


async def test_a_body_made_by_a_function_is_made_anew_for_each_attempt(leash):
    made = []

    def make() -> bytes:
        made.append(b"nonce %d" % len(made))
        return made[-1]

    async with serve(answer(b"", 503)) as server:
        with pytest.raises(RemoteUnavailable):
            await leash(server.url, retries=RetrySettings(attempts=2)).send("POST", server.url, content=make)
        assert [request.body for request in server.requests] == made == [b"nonce 0", b"nonce 1"]


@pytest.mark.parametrize("value", ["7", "Sat, 21 Nov 2026 12:00:07 GMT"])
async def test_retry_after_is_waited_out(leash, value):
    async def handle(_: Request) -> Answer:
        first = len(server.requests) == 1
        return Answer(b"", 429 if first else 200, {"retry-after": value} if first else {})

    async with serve(handle) as server:
        http = leash(server.url, retries=RetrySettings(attempts=2, first_wait="1s"))
        assert (await http.send("GET", server.url)).status == 200
    assert leash.slept == [7.0]


async def test_a_retry_after_beyond_the_deadline_is_not_waited_for(leash):
    async with serve(answer(b"", 503, retry_after="3600")) as server:
        with pytest.raises(AskedToWait, match="asks to wait 3600 seconds") as caught:
            await leash(server.url, retries=RetrySettings(attempts=3)).send("GET", server.url)
        assert len(server.requests) == 1
    assert caught.value.retry_after == timedelta(hours=1)
    assert leash.slept == []


async def test_a_refused_connection_is_transient(leash):
    async with serve(answer()) as server:
        pass
    with pytest.raises(RemoteUnavailable, match="the connection was refused") as caught:
        await leash(server.url).send("GET", f"{server.url}/a?token=x")
    assert str(caught.value) == f"GET {server.url}/a: the connection was refused."


async def test_all_addresses_of_a_host_may_refuse(leash):
    async with serve(answer()) as server:
        url = server.url.replace("127.0.0.1", "localhost")
    with pytest.raises(RemoteUnavailable, match="the connection was refused"):
        await leash(url).send("GET", url)


async def test_an_unknown_host_is_transient(leash):
    with pytest.raises(RemoteUnavailable, match=r"the name of the host cannot be resolved \(.+\)"):
        await leash("http://registar.invalid").send("GET", "http://registar.invalid/a")


async def test_a_connection_that_breaks_is_transient(leash):
    async def close(_: Request) -> None:
        return None

    async def half(request: Request) -> None:
        await request.write(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")

    async def reset(request: Request) -> None:
        request.writer.transport.abort()

    for handler in (close, half, reset):
        async with serve(handler) as server:
            with pytest.raises(RemoteUnavailable, match=r"connection (was closed|broke)"):
                await leash(server.url, retries=RetrySettings(attempts=2)).send("GET", server.url)
            assert len(server.requests) == 2


async def test_what_is_not_http_is_garbage_and_not_repeated(leash):
    async def handle(request: Request) -> None:
        await request.write(b"220 mail.example ESMTP\r\n\r\n")

    async with serve(handle) as server:
        with pytest.raises(RemoteGarbage, match="not HTTP"):
            await leash(server.url, retries=RetrySettings(attempts=3)).send("GET", server.url)
        assert len(server.requests) == 1


async def test_silence_is_a_timeout(leash):
    async def handle(_: Request) -> None:
        await asyncio.sleep(30)

    async with serve(handle) as server:
        started = time.monotonic()
        http = leash(server.url, timeout=Timeouts(read=timedelta(seconds=0.2)), retries=RetrySettings(attempts=2))
        with pytest.raises(RemoteTimeout, match=r"nothing was heard for 0.2s") as caught:
            await http.send("GET", f"{server.url}/slow?x=1")
        assert time.monotonic() - started < 5
        assert len(server.requests) == 2
    assert f"{server.url}/slow:" in str(caught.value)


async def test_busy_connections_are_a_timeout(leash):
    asked, refused = asyncio.Event(), asyncio.Event()

    async def drip(request: Request) -> None:
        asked.set()
        await request.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while not refused.is_set():
            await request.write(b"1\r\n.\r\n")
            await asyncio.sleep(0.05)
        await request.write(b"0\r\n\r\n")

    async with serve(drip) as server:
        http = leash(server.url, connections=1, timeout=Timeouts(read=timedelta(seconds=1)))
        first = asyncio.create_task(http.send("GET", server.url))
        await asyncio.wait_for(asked.wait(), 20)
        with pytest.raises(RemoteTimeout, match="all connections to this back office stayed busy"):
            await http.send("GET", server.url)
        refused.set()
        assert set((await first).content) == set(b".")
        assert len(server.requests) == 1


async def test_a_slow_drip_ends_at_the_total_deadline_and_counts_as_failure(leash):
    async def handle(request: Request) -> None:
        await request.write(b"HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")
        while True:
            await request.write(b".")
            await asyncio.sleep(0.05)

    async with serve(handle) as server:
        started = time.monotonic()
        http = leash(
            server.url,
            timeout=Timeouts(read=timedelta(seconds=5), total=timedelta(seconds=0.4)),
            retries=RetrySettings(attempts=3),
            breaker=BreakerSettings(failures=1),
        )
        with pytest.raises(RemoteTimeout, match=r"no complete answer within 0.4s"):
            await http.send("GET", server.url)
        assert 0.3 < time.monotonic() - started < 3
        assert len(server.requests) == 1
    assert http.breaker.state is BreakerState.OPEN


async def test_a_large_reply_is_cut_off_while_it_arrives(leash):
    written = 0

    async def handle(request: Request) -> None:
        nonlocal written
        await request.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        for _ in range(4000):
            await request.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")
            written += 65536

    async with serve(handle) as server:
        http = leash(server.url, max_reply_bytes=100_000)
        with pytest.raises(RemoteGarbage, match="more than the 100000 bytes"):
            await http.send("GET", server.url)
    assert written < 50_000_000


async def test_a_reply_of_exactly_the_limit_passes_and_one_byte_more_does_not(leash):
    for length, packed in ((5000, False), (5000, True), (5001, False), (5001, True)):
        body = b"a" * length
        headers = {"content_encoding": "gzip"} if packed else {}
        async with serve(answer(gzip.compress(body, mtime=0) if packed else body, **headers)) as server:
            http = leash(server.url, max_reply_bytes=5000)
            if length == 5000:
                assert (await http.send("GET", server.url)).content == body
            else:
                with pytest.raises(RemoteGarbage, match="more than the 5000 bytes"):
                    await http.send("GET", server.url)


async def test_a_gzip_bomb_is_not_unpacked(leash):
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = b"".join(packer.compress(bytes(1_000_000)) for _ in range(60)) + packer.flush()
    assert len(bomb) < 70_000
    async with serve(answer(bomb, content_encoding="gzip")) as server:
        with pytest.raises(RemoteGarbage, match="more than the 1000000 bytes"):
            await leash(server.url, max_reply_bytes=1_000_000).send("GET", server.url)


@pytest.mark.parametrize(
    ("body", "encoding", "message"),
    [
        (b"not gzip at all", "gzip", "broken compression"),
        (gzip.compress(b"x" * 1000, mtime=0)[:-12], "gzip", "breaks off"),
        (gzip.compress(b"x", mtime=0) + b"tail", "gzip", "after the end"),
        (b"anything", "br", "'br', which nobody asked for"),
    ],
)
async def test_broken_compression_is_garbage(leash, body, encoding, message):
    async with serve(answer(body, content_encoding=encoding)) as server:
        with pytest.raises(RemoteGarbage, match=message):
            await leash(server.url).send("GET", server.url)


async def test_the_breaker_opens_tries_once_and_closes(leash):
    status = 503

    async def handle(_: Request) -> Answer:
        return Answer(b"", status)

    async with serve(handle) as server:
        http = leash(server.url, breaker=BreakerSettings(failures=2, pause="30s"))
        for _ in range(2):
            with pytest.raises(RemoteUnavailable, match="503"):
                await http.send("GET", server.url)
        with pytest.raises(BreakerOpen, match="failing since 2026-11-21T12:00:00Z"):
            await http.send("GET", server.url)
        assert len(server.requests) == 2
        leash.clock.move(timedelta(seconds=30))
        status = 200
        assert (await http.send("GET", server.url)).status == 200
        assert http.breaker.state is BreakerState.CLOSED
        assert len(server.requests) == 3


async def test_the_breaker_that_opens_ends_the_repetitions(leash):
    async with serve(answer(b"", 503)) as server:
        http = leash(server.url, breaker=BreakerSettings(failures=2), retries=RetrySettings(attempts=5))
        with pytest.raises(BreakerOpen, match="503"):
            await http.send("GET", server.url)
        assert len(server.requests) == 2


async def test_a_header_that_cannot_be_sent_is_not_quoted(leash):
    async with serve(answer()) as server:
        auth = build_auth(
            BearerAuth(kind="bearer", token=SecretRef(secret="t")), secret=lambda _: SecretStr(f"{SECRET}\nx")
        )
        for bad in (
            auth,
            build_auth(BearerAuth(kind="bearer", token=SecretRef(secret="t")), secret=lambda _: SecretStr("žeton")),
        ):
            with pytest.raises(ConfigurationError, match="a header holds a character") as caught:
                await leash(server.url, auth=bad).send("GET", server.url)
            assert SECRET not in str(caught.value)
            assert caught.value.__cause__ is None
        assert server.requests == []


async def test_the_wire_log_shows_no_secrets_and_no_identifiers(leash):
    auth = build_auth(BearerAuth(kind="bearer", token=SecretRef(secret="t")), secret=secret)
    async with serve(answer(b'{"oib": "69435151530", "kind": "fee", "echo": "%s"}' % SECRET.encode())) as server:
        await leash(server.url, auth=auth).send("POST", f"{server.url}/a?password=hunter2", content=b"OIB 69435151530")
        assert server.requests[0].headers["authorization"] == f"Bearer {SECRET}"
    sent, received = leash.log
    assert sent.startswith(f"→ POST {server.url}/a\n")
    assert received.startswith(f"← 200 POST {server.url}/a\n")
    assert received.endswith('{"oib": "[digits]", "kind": "fee", "echo": "[secret]"}')
    for text in leash.log:
        assert SECRET not in text
        assert "69435151530" not in text
        assert "hunter2" not in text


async def test_a_shown_name_replaces_the_url_in_errors(leash):
    async with serve(answer(b"", 503)) as server:
        with pytest.raises(RemoteUnavailable) as caught:
            await leash(server.url).send("GET", f"{server.url}/people/ana", shown="/people/{name}")
    assert str(caught.value) == "GET /people/{name} answered 503."


class TestTls:
    @pytest.fixture
    def authority(self, tmp_path):
        return Authority(tmp_path)

    def http(self, leash, server, folder: Path, find=secret, **tls) -> Http:
        http = build_http(
            "registar",
            urls=[server.url],
            settings=HttpSettings(tls=TlsSettings(**tls), retries=RetrySettings(attempts=1)),
            auth=NoAuth(),
            secret=find,
            folder=folder,
        )
        leash.open.append(http)
        return http

    async def test_a_named_authority_is_trusted(self, leash, authority, tmp_path):
        async with serve(answer(b"ok"), tls=authority.server_context(authority.issue("server"))) as server:
            http = self.http(leash, server, tmp_path, ca_file="test-ca.pem")
            assert (await http.send("GET", server.url)).content == b"ok"

    async def test_an_unknown_authority_is_not(self, leash, authority, tmp_path):
        async with serve(answer(b"ok"), tls=authority.server_context(authority.issue("server"))) as server:
            for tls in ({}, {"ca_file": Authority(tmp_path, "Other CA").file.name}):
                with pytest.raises(RemoteFault, match=r"certificate is not accepted: .*tls.ca_file"):
                    await self.http(leash, server, tmp_path, **tls).send("GET", server.url)
            assert server.requests == []

    async def test_a_client_certificate_is_shown(self, leash, authority, tmp_path):
        client = authority.issue("munihub")
        names = []

        async def handle(request: Request) -> Answer:
            names.append(request.writer.get_extra_info("peercert")["subject"])
            return Answer(b"ok")

        context = authority.server_context(authority.issue("server"), demand_certificate=True)
        async with serve(handle, tls=context) as server:
            http = self.http(
                leash,
                server,
                tmp_path,
                find={"munihub-key": SecretStr(client.key_pem)}.__getitem__,
                ca_file="test-ca.pem",
                client_certificate=ClientCertificate(certificate="munihub.pem", key=SecretRef(secret="munihub-key")),
            )
            client.key.unlink()
            assert (await http.send("GET", server.url)).content == b"ok"
        assert names == [((("commonName", "munihub"),),)]

    @pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
    async def test_without_the_certificate_asked_for_we_are_refused(self, leash, authority, tmp_path, version):
        context = authority.server_context(authority.issue("server"), demand_certificate=True)
        context.minimum_version = context.maximum_version = version
        with socket.create_server(("127.0.0.1", 0)) as listener:
            refusal = asyncio.create_task(asyncio.to_thread(refuse_one, listener, context))
            server = Server(f"https://127.0.0.1:{listener.getsockname()[1]}", [])
            with pytest.raises(RemoteRefused, match=r"does not accept our certificate.*tls.client_certificate"):
                await self.http(leash, server, tmp_path, ca_file="test-ca.pem").send("GET", server.url)
            await refusal

    async def test_a_handshake_that_never_comes_or_breaks(self, leash, tmp_path):
        async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.read()
            writer.close()

        async def closing(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.close()

        for handler, error, message in (
            (silent, RemoteTimeout, "no connection in time"),
            (closing, RemoteUnavailable, r"the connection broke|no connection could be made"),
        ):
            async with await asyncio.start_server(handler, "127.0.0.1", 0) as listener:
                url = f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}"
                http = leash(url, timeout=Timeouts(connect=timedelta(seconds=0.2)))
                with pytest.raises(error, match=message):
                    await http.send("GET", url)

    async def test_a_port_that_does_not_speak_tls_is_a_fault(self, leash, tmp_path):
        async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            writer.close()
            await writer.wait_closed()

        async with await asyncio.start_server(greet, "127.0.0.1", 0) as listener:
            server = Server(f"https://127.0.0.1:{listener.sockets[0].getsockname()[1]}", [])
            with pytest.raises(RemoteFault, match="no TLS connection: WRONG_VERSION_NUMBER"):
                await self.http(leash, server, tmp_path).send("GET", server.url)

    @pytest.mark.parametrize(
        ("make", "message"),
        [
            (lambda authority: authority.issue("a", passphrase=b"x").key_pem, "a key with a passphrase"),
            (lambda authority: authority.issue("b").key_pem, "KEY_VALUES_MISMATCH"),
            (lambda authority: f"{SECRET}", "do not fit"),
        ],
    )
    async def test_a_wrong_key_is_a_configuration_error_without_the_key(
        self, leash, authority, tmp_path, make, message
    ):
        key = make(authority)
        authority.issue("munihub")
        async with serve(answer(b"ok"), tls=authority.server_context(authority.issue("server"))) as server:
            certificate = ClientCertificate(certificate="munihub.pem", key=SecretRef(secret="k"))
            http = self.http(leash, server, tmp_path, find=lambda _: SecretStr(key), client_certificate=certificate)
            with pytest.raises(ConfigurationError, match=message) as caught:
                await http.send("GET", server.url)
        assert key not in str(caught.value)
        assert http.breaker.failing_since is None

    async def test_missing_files_are_named(self, leash, authority, tmp_path):
        certificate = ClientCertificate(certificate="nowhere.pem", key=SecretRef(secret="k"))
        async with serve(answer(b"ok"), tls=authority.server_context(authority.issue("server"))) as server:
            for tls, key in (
                ({"ca_file": "nowhere.pem"}, "tls.ca_file"),
                ({"client_certificate": certificate}, "tls.client_certificate.certificate"),
            ):
                with pytest.raises(ConfigurationError, match=r"nowhere\.pem") as caught:
                    await self.http(leash, server, tmp_path, **tls).send("GET", server.url)
                assert caught.value.key == key


def refuse_one(listener: socket.socket, context: ssl.SSLContext) -> None:
    """A TLS server that ends politely: asyncio's drops the connection before its alert is sent."""
    connection, _ = listener.accept()
    with (
        connection.dup() as plain,
        context.wrap_socket(connection, server_side=True, do_handshake_on_connect=False) as secure,
    ):
        with pytest.raises(ssl.SSLError, match="PEER_DID_NOT_RETURN_A_CERTIFICATE"):
            secure.do_handshake()
        plain.shutdown(socket.SHUT_WR)
        while plain.recv(4096):
            pass
