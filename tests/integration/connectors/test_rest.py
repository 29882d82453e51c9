"""The REST connector against real servers on loopback."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree
from pydantic import SecretStr, ValidationError

from connectors.rest.connector import RestConnector
from connectors.rest.documents import read_document
from connectors.rest.settings import RestSettings
from connectors.rest.source import fill_path
from hub.kernel.errors import (
    ConfigurationError,
    InvalidRequest,
    RemoteFault,
    RemoteGarbage,
    RemoteRefused,
    RemoteTimeout,
    RemoteUnavailable,
)
from hub.kit.http import Reply
from hub.ports.back_office import Arguments, Connector, Surroundings
from tests.support.http_server import Answer, Request, answer, serve

NOON = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
OIB = "69435151530"
TOKEN = "t0ken-Of-The-Registry"
WHO = Arguments(now=NOON, aliases={"hr.oib": OIB})
ONE = {"request": "GET /cases"}
BEARER = {"kind": "bearer", "token": {"secret": "registry"}}


def secret(name: str) -> SecretStr:
    if name != "registry":
        raise ConfigurationError(f"the secret {name!r} is in none of these places: …")
    return SecretStr(TOKEN)


@pytest.fixture
async def connect():
    """Connectors that are closed at the end, without waits between repetitions."""
    opened: list[RestConnector] = []

    def build(url: str, **settings: object) -> RestConnector:
        settings.setdefault("retries", {"attempts": 1})
        checked = RestSettings.model_validate({"base_url": url, **settings})
        surroundings = Surroundings("pregrada", "urudzbeni", Path("/nowhere"), ZoneInfo("Europe/Zagreb"), secret)
        connector: Connector = RestConnector(checked, surroundings)
        assert isinstance(connector, RestConnector)
        connector.http._sleep = no_sleep
        opened.append(connector)
        return connector

    yield build
    for connector in opened:
        await connector.close()


async def no_sleep(_: float) -> None:
    return None


async def read(connector: RestConnector, source: dict, arguments: Arguments = WHO) -> list:
    return [page.document async for page in connector.feed(source).read(arguments)]


async def partial_read(connector: RestConnector, source: dict, error: type[Exception], match: str) -> list:
    """The documents that came before the error."""
    documents: list = []

    async def collect() -> None:
        async for page in connector.feed(source).read(WHO):
            documents.append(page.document)  # noqa: PERF401 — a comprehension would lose them

    with pytest.raises(error, match=match):
        await collect()
    return documents


def json_answer(value: object, status: int = 200, **headers: str) -> Answer:
    return Answer(json.dumps(value).encode(), status, {"content-type": "application/json", **headers})


def targets(server) -> list[str]:
    return [request.target for request in server.requests]


class TestRequests:
    async def test_path_query_and_headers(self, connect):
        async with serve(answer(b"[]", content_type="application/json")) as server:
            connector = connect(
                f"{server.url}/api/v1/",
                auth={"kind": "bearer", "token": {"secret": "registry"}},
                headers={"X-Client": "munihub", "Accept-Language": "en"},
            )
            source = {
                "request": "GET /citizens/{oib}/cases",
                "parameters": {
                    "oib": {"alias": "hr.oib"},
                    "since": {"cursor": True},
                    "year": {"now": "year"},
                    "kind": ["K 1", "P&G"],
                    "closed": False,
                    "max": 500,
                },
                "headers": {"Accept-Language": "hr"},
            }
            assert await read(connector, source) == [[]]
            await read(connector, source, Arguments(now=NOON, aliases={"hr.oib": OIB}, cursor="a/b+c"))
        first, second = server.requests
        assert first.target == (f"/api/v1/citizens/{OIB}/cases?year=2026&kind=K+1&kind=P%26G&closed=false&max=500")
        assert dict(parse_qsl(second.query))["since"] == "a/b+c"
        assert first.headers["authorization"] == f"Bearer {TOKEN}"
        assert first.headers["x-client"] == "munihub"
        assert first.headers["accept-language"] == "hr"

    @pytest.mark.parametrize(
        ("value", "segment"),
        [
            ("a/b", "a%2Fb"),
            ("../../admin", "..%2F..%2Fadmin"),
            ("a?x=1#y", "a%3Fx%3D1%23y"),
            ("a;b&c=d", "a%3Bb%26c%3Dd"),
            ("%2e%2e%2f", "%252e%252e%252f"),
            ("č ž\r\nX: y", "%C4%8D%20%C5%BE%0D%0AX%3A%20y"),
            ("\\..\\", "%5C..%5C"),
            ("...", "..."),
            ("http://evil.example/", "http%3A%2F%2Fevil.example%2F"),
        ],
    )
    async def test_a_value_stays_within_its_segment(self, connect, value, segment):
        async with serve(answer(b"[]", content_type="application/json")) as server:
            source = {"request": "GET /a/{id}/cases", "parameters": {"id": {"alias": "urudzbeni.id"}}}
            arguments = Arguments(now=NOON, aliases={"urudzbeni.id": value})
            assert await read(connect(server.url), source, arguments) == [[]]
            assert targets(server) == [f"/a/{segment}/cases"]

    @pytest.mark.parametrize(
        ("path", "value"), [("/a/{id}/b", ".."), ("/a/{id}", "."), ("/a/.{id}", "."), ("/a/{id}/b", "")]
    )
    async def test_a_value_that_would_change_the_path_is_refused(self, connect, path, value):
        async with serve(answer(b"[]", content_type="application/json")) as server:
            source = {"request": f"GET {path}", "parameters": {"id": {"alias": "urudzbeni.id"}}}
            arguments = Arguments(now=NOON, aliases={"urudzbeni.id": value})
            with pytest.raises(InvalidRequest) as caught:
                await read(connect(server.url), source, arguments)
            assert server.requests == []
        assert caught.value.field is not None

    async def test_post_sends_json(self, connect):
        async with serve(answer(b"[]", content_type="application/json")) as server:
            source = {
                "request": "POST /search",
                "parameters": {"tenant": "7"},
                "body": {
                    "filter": {"oib": {"alias": "hr.oib"}, "kinds": ["č"]},
                    "since": {"cursor": True},
                    "all": True,
                },
            }
            await read(connect(server.url), source)
        (request,) = server.requests
        assert (request.method, request.target) == ("POST", "/search?tenant=7")
        assert json.loads(request.body) == {"filter": {"oib": OIB, "kinds": ["č"]}, "all": True}
        assert request.headers["content-type"] == "application/json"

    @pytest.mark.parametrize(
        ("source", "message"),
        [
            ({}, "request: Field required"),
            ({"request": "DELETE /a"}, "request: 'DELETE /a' is not a request. Write a method and a path"),
            ({"request": "GET /a?b=1"}, "a query belongs under parameters"),
            ({"request": "GET a"}, "is not a request"),
            ({"request": "GET http://host/a"}, "is not a request"),
            ({"request": "GET /{oib}"}, "the path names {oib}, which is no parameter. Add oib to parameters"),
            ({"request": "GET /{o-b}"}, "has a brace that is no placeholder"),
            ({**ONE, "parametres": {}}, "parametres: is not known. Did you mean 'parameters'?"),
            ({**ONE, "parameters": {"a": {"b": 1}}}, "parameters.a: is nested"),
            ({**ONE, "parameters": {"a": {"alias": "hr.obi"}}}, "parameters.a: "),
            ({**ONE, "body": {}}, "body: only POST has a body"),
            ({**ONE, "not_found": "ignore"}, "not_found: Input should be 'empty' or 'fault'"),
            ({**ONE, "headers": {"Authorization": "Basic x"}}, "headers: Authorization is written by the hub"),
            ({**ONE, "headers": {"X": "a\r\nY: b"}}, "headers: the value of X must be printable"),
            (
                {**ONE, "pages": {}},
                "pages: says no kind of pages. Use exactly one of: next, cursor, page, offset, link_header",
            ),
            ({**ONE, "pages": {"next": "a", "page": "p"}}, "pages: has next and page"),
            ({**ONE, "pages": {"next": "a..b"}}, "pages.next: 'a..b' is not a dotted path"),
            ({**ONE, "pages": {"cursor": "a"}}, "pages.parameter: Field required"),
            ({**ONE, "pages": {"page": "p"}}, "pages: name either last"),
            ({**ONE, "pages": {"page": "p", "last": "a", "until_empty": "b"}}, "pages: name either last"),
            (
                {**ONE, "pages": {"page": "p", "last": "a", "size": {"parameter": "s"}}},
                "pages.size.value: Field required",
            ),
            ({**ONE, "pages": {"link_header": False}}, "pages.link_header: "),
            ({"request": "POST /a", "pages": {"next": "a"}}, "pages: cannot be used with POST"),
        ],
    )
    async def test_a_wrong_source_is_refused_when_compiled(self, connect, source, message):
        with pytest.raises(ConfigurationError) as caught:
            connect("http://127.0.0.1:1").feed(source)
        assert message in str(caught.value)

    async def test_a_missing_identifier_is_told(self, connect):
        source = {"request": "GET /{oib}", "parameters": {"oib": {"alias": "hr.oib"}}}
        with pytest.raises(ConfigurationError, match=r"hr\.oib"):
            await read(connect("http://127.0.0.1:1"), source, Arguments(now=NOON))


class TestSettings:
    @pytest.mark.parametrize(
        ("settings", "message"),
        [
            ({"base_url": "ftp://x"}, "plain http or https"),
            ({"base_url": "http://u:p@x"}, "plain http or https"),
            ({"base_url": "http://x/?a=1"}, "ends with its path"),
            ({"auth": {"kind": "wsse", "username": "u", "password": {"secret": "a"}, "digest": True}}, "'basic'"),
            ({"headers": {"X Y": "a"}}, "'X Y' is not a name of a header"),
            ({"headers": {"Cookie": "a"}}, "Cookie is written by the hub"),
            ({"check": "POST /x"}, "check"),
            ({"timeouts": {}}, "timeouts"),
            ({"timeout": {"read": "20"}}, "such as 30s"),
        ],
    )
    def test_wrong_settings(self, settings, message):
        with pytest.raises(ValidationError) as caught:
            RestSettings.model_validate({"base_url": "http://x", **settings})
        assert message in str(caught.value)

    def test_everything_that_can_be_set(self):
        settings = RestSettings.model_validate(
            {
                "base_url": "https://registry.example/api/",
                "auth": {
                    "kind": "oauth2",
                    "token_url": "https://id.example/t",
                    "client_id": "m",
                    "client_secret": {"secret": "s"},
                },
                "timeout": {"connect": "2s", "read": "10s", "total": "1m30s"},
                "retries": {"attempts": 5, "first_wait": "1s", "longest_wait": "30s"},
                "breaker": {"failures": 3, "pause": "1m"},
                "tls": {"ca_file": "ca.pem", "client_certificate": {"certificate": "m.pem", "key": {"secret": "k"}}},
                "max_reply_bytes": 1_000_000,
                "connections": 4,
                "headers": {"X-Client": "munihub"},
                "check": "GET /health",
            }
        )
        assert settings.base_url == "https://registry.example/api"


class TestDocuments:
    async def document(self, connect, body: bytes, content_type: str | None):
        headers = {"content_type": content_type} if content_type else {}
        async with serve(answer(body, **headers)) as server:
            pages = [page async for page in connect(server.url).feed(ONE).read(WHO)]
        (page,) = pages
        assert page.raw == body
        return page

    async def test_json_keeps_every_digit(self, connect):
        page = await self.document(
            connect, b'{"a": 1250.10, "b": 0.1, "c": 12345678901234567890, "a2": 1e2}', "application/json"
        )
        assert page.document == {
            "a": Decimal("1250.10"),
            "b": Decimal("0.1"),
            "c": 12345678901234567890,
            "a2": Decimal("1e2"),
        }
        assert str(page.document["a"]) == "1250.10"
        assert page.media_type == "application/json"

    @pytest.mark.parametrize(
        ("body", "content_type"),
        [
            ('["č"]'.encode(), "application/json"),
            ('\ufeff["č"]'.encode(), "application/json; charset=utf-8"),
            ('["č"]'.encode(), "application/hal+json"),
            ('["č"]'.encode("cp1250"), "application/json; charset=windows-1250"),
            ('["č"]'.encode(), "application/json; charset=iso-8859-1"),
            ('["č"]'.encode("utf-16"), "application/json"),
            ('["č"]'.encode(), "text/html"),
            ('["č"]'.encode(), "text/plain"),
            ('["č"]'.encode(), None),
            (b'["\\u010d"]', "application/json"),
        ],
    )
    async def test_json_by_its_media_type_or_its_look(self, connect, body, content_type):
        assert (await self.document(connect, body, content_type)).document == ["č"]

    async def test_of_a_key_written_twice_the_last_counts(self, connect):
        assert (await self.document(connect, b'{"a": 1, "a": 2}', "application/json")).document == {"a": 2}

    @pytest.mark.parametrize(
        ("body", "content_type"),
        [
            ("<a>č</a>".encode(), "application/xml"),
            ("<a>č</a>".encode(), "text/xml;charset=utf-8"),
            ("<a>č</a>".encode("cp1250"), "text/xml; charset=windows-1250"),
            ("<?xml version='1.0' encoding='windows-1250'?><a>č</a>".encode("cp1250"), "application/problem+xml"),
            ("<a>č</a>".encode(), None),
        ],
    )
    async def test_xml(self, connect, body, content_type):
        document = (await self.document(connect, body, content_type)).document
        assert isinstance(document, etree._Element)
        assert document.text == "č"

    @pytest.mark.parametrize(
        ("body", "content_type", "message"),
        [
            (b'{"name": "Ana", ', "application/json", r"not JSON: expecting property name .* \(line 1, column 17\)"),
            (b'{"name": NaN}', "application/json", "not JSON: nan is not a number"),
            (b"[-Infinity]", "application/json", "not JSON: -infinity is not a number"),
            (b"", "application/json", r"not JSON: expecting value \(line 1, column 1\)"),
            (b'["\\ud800"]', "application/json", "half of a surrogate pair"),
            (b"[" * 100_000, "application/json", "nested too deep"),
            (b"1" * 5000, "application/json", "not JSON: exceeds the limit"),
            ('{"a": "Ana Horvatić"}'.encode("cp1250"), "application/json", "not utf-8 text: byte 0xE6 at offset 18"),
            ('["č"]'.encode("cp1250"), "application/json; charset=nonsense", "not utf-8 text"),
            (b"<a>Ana", "application/xml", "not well-formed XML"),
            (b"<!DOCTYPE a><a/>", "text/xml", "carries a DTD"),
            (b"<html><title>Sign in</title>", "text/html; charset=utf-8", "is text/html; JSON or XML is expected"),
            (b"%PDF-1.4", "application/pdf", "is application/pdf"),
            (b"hello", None, "is no media type"),
        ],
    )
    async def test_what_cannot_be_read_is_garbage(self, connect, body, content_type, message):
        headers = {"content_type": content_type} if content_type else {}
        async with serve(answer(body, **headers)) as server:
            connector = connect(server.url)
            with pytest.raises(RemoteGarbage, match=message) as caught:
                await read(connector, ONE)
        assert "reply to GET /cases" in str(caught.value)
        assert "Ana" not in f"{caught.value}{caught.value.evidence}"


class TestPages:
    """Each kind gives all pages, in order, and stops by itself."""

    async def test_next_in_the_document_absolute_and_relative(self, connect):
        async def handle(request: Request) -> Answer:
            follow = {
                "/api/cases?oib=1": f"{server.url}/api/cases?cursor=a%2Fb",
                "/api/cases?cursor=a%2Fb": "?cursor=c",
                "/api/cases?cursor=c": "/api/more",
                "/api/more": None,
            }[request.target]
            return json_answer({"n": len(server.requests), "links": {"next": follow}})

        async with serve(handle) as server:
            connector = connect(f"{server.url}/api", headers={"X-Client": "m"})
            source = {**ONE, "parameters": {"oib": "1"}, "pages": {"next": "links.next"}}
            assert [page["n"] for page in await read(connector, source)] == [1, 2, 3, 4]
            assert all(request.headers["x-client"] == "m" for request in server.requests)

    @pytest.mark.parametrize("last", [{"links": {}}, {"links": {"next": None}}, {"links": {"next": ""}}])
    async def test_no_next_is_the_end(self, connect, last):
        async with serve(answer(json.dumps(last).encode(), content_type="application/json")) as server:
            assert await read(connect(server.url), {**ONE, "pages": {"next": "links.next"}}) == [last]

    async def test_a_renamed_field_is_not_the_end(self, connect):
        async with serve(answer(b'{"_links": {}}', content_type="application/json")) as server:
            got = await partial_read(
                connect(server.url), {**ONE, "pages": {"next": "links.next"}}, RemoteGarbage, "has no 'links'"
            )
            assert got == [{"_links": {}}]

    @pytest.mark.parametrize(
        "elsewhere",
        [
            "http://evil.example/x",
            "//evil.example/x",
            "https://127.0.0.1/x",
            "file:///etc/passwd",
            "http://[",
            "http://u:p@127.0.0.1/",
        ],
    )
    async def test_next_on_another_host_is_not_followed(self, connect, elsewhere):
        async def handle(_: Request) -> Answer:
            return json_answer({"next": elsewhere})

        async with serve(handle) as server:
            auth = {"kind": "bearer", "token": {"secret": "registry"}}
            got = await partial_read(
                connect(server.url, auth=auth),
                {**ONE, "pages": {"next": "next"}},
                RemoteGarbage,
                r"GET /cases: .*page 2",
            )
            assert (len(got), len(server.requests)) == (1, 1)

    async def test_a_loop_is_found(self, connect):
        async def handle(request: Request) -> Answer:
            return json_answer({"next": "/cases?b" if request.query == "a" else "/cases?a", "n": len(server.requests)})

        async with serve(handle) as server:
            await partial_read(connect(server.url), {**ONE, "pages": {"next": "next"}}, RemoteGarbage, "leads back")
            assert targets(server) == ["/cases", "/cases?a", "/cases?b"]

    @pytest.mark.parametrize(
        ("pages", "body", "message"),
        [
            ({"next": "next"}, b'{"next": 5}', "'next' of the reply is not an address"),
            ({"cursor": "next", "parameter": "c"}, b'{"next": {"a": 1}}', "'next' of the reply is not a cursor"),
            ({"cursor": "next", "parameter": "c"}, b'{"next": true}', "'next' of the reply is not a cursor"),
        ],
    )
    async def test_a_mark_of_another_type_is_garbage(self, connect, pages, body, message):
        async with serve(answer(body, content_type="application/json")) as server:
            await partial_read(connect(server.url), {**ONE, "pages": pages}, RemoteGarbage, message)

    async def test_items_may_be_null(self, connect):
        async with serve(answer(b'{"data": null}', content_type="application/json")) as server:
            source = {**ONE, "pages": {"page": "p", "until_empty": "data"}}
            assert await read(connect(server.url), source) == [{"data": None}]

    async def test_too_many_pages_are_an_error(self, connect):
        async def handle(_: Request) -> Answer:
            return json_answer({"next": f"?{len(server.requests)}"})

        async with serve(handle) as server:
            source = {**ONE, "pages": {"next": "next", "at_most": 3}}
            got = await partial_read(connect(server.url), source, RemoteGarbage, "more than 3 pages")
            assert (len(got), len(server.requests)) == (3, 3)

    async def test_cursor(self, connect):
        async def handle(request: Request) -> Answer:
            cursor = dict(parse_qsl(request.query)).get("kurzor")
            return json_answer({"n": cursor, "meta": {"next": {None: "a+b", "a+b": 7, "7": None}[cursor]}})

        async with serve(handle) as server:
            source = {
                **ONE,
                "parameters": {"since": {"cursor": True}, "limit": 2},
                "pages": {"cursor": "meta.next", "parameter": "kurzor"},
            }
            got = await read(connect(server.url), source, Arguments(now=NOON, cursor="x"))
            assert [page["n"] for page in got] == [None, "a+b", "7"]
            assert targets(server) == [
                "/cases?since=x&limit=2",
                "/cases?since=x&limit=2&kurzor=a%2Bb",
                "/cases?since=x&limit=2&kurzor=7",
            ]

    async def test_a_page_parameter_replaces_one_of_the_mapping(self, connect):
        async def handle(request: Request) -> Answer:
            return json_answer({"next": None if "c2" in request.query else "c2"})

        async with serve(handle) as server:
            source = {
                **ONE,
                "parameters": {"cursor": {"cursor": True}},
                "pages": {"cursor": "next", "parameter": "cursor"},
            }
            await read(connect(server.url), source, Arguments(now=NOON, cursor="c1"))
            assert targets(server) == ["/cases?cursor=c1", "/cases?cursor=c2"]

    async def test_cursor_in_the_body_of_a_post(self, connect):
        async def handle(request: Request) -> Answer:
            return json_answer({"next": None if "cursor" in json.loads(request.body) else "z"})

        async with serve(handle) as server:
            source = {"request": "POST /s", "body": {"a": 1}, "pages": {"cursor": "next", "parameter": "cursor"}}
            assert len(await read(connect(server.url), source)) == 2
            assert [json.loads(request.body) for request in server.requests] == [{"a": 1}, {"a": 1, "cursor": "z"}]
            assert targets(server) == ["/s", "/s"]

    @pytest.mark.parametrize("last", [3, "3"])
    async def test_numbered_pages_until_the_last(self, connect, last):
        async def handle(request: Request) -> Answer:
            return json_answer({"page": dict(parse_qsl(request.query))["page"], "meta": {"pages": last}})

        async with serve(handle) as server:
            pages = {"page": "page", "size": {"parameter": "per_page", "value": 100}, "last": "meta.pages"}
            got = await read(connect(server.url), {**ONE, "parameters": {"oib": "1"}, "pages": pages})
            assert [page["page"] for page in got] == ["1", "2", "3"]
            assert server.requests[2].target == "/cases?oib=1&page=3&per_page=100"

    @pytest.mark.parametrize("last", [None, "x", -1, 1.5, True])
    async def test_a_last_page_that_is_no_number_is_garbage(self, connect, last):
        async with serve(answer(json.dumps({"pages": last}).encode(), content_type="application/json")) as server:
            source = {**ONE, "pages": {"page": "page", "last": "pages"}}
            await partial_read(connect(server.url), source, RemoteGarbage, "'pages' of the reply is not a whole number")

    async def test_numbered_pages_until_one_is_empty(self, connect):
        async def handle(request: Request) -> Answer:
            number = int(dict(parse_qsl(request.query))["p"])
            return json_answer({"data": {"items": [number] if number < 2 else []}})

        async with serve(handle) as server:
            source = {**ONE, "pages": {"page": "p", "first": 0, "until_empty": "data.items"}}
            assert len(await read(connect(server.url), source)) == 3
            assert targets(server) == ["/cases?p=0", "/cases?p=1", "/cases?p=2"]

    async def test_a_server_that_ignores_the_page_number_is_found(self, connect):
        async with serve(answer(b'{"data": [1]}', content_type="application/json")) as server:
            source = {**ONE, "pages": {"page": "p", "until_empty": "data"}}
            got = await partial_read(connect(server.url), source, RemoteGarbage, "page 2 is the same as the one before")
            assert (len(got), len(server.requests)) == (1, 2)

    @pytest.mark.parametrize(
        ("body", "message"), [(b'{"dta": []}', "has no 'data'"), (b'{"data": {}}', "is not a list")]
    )
    async def test_items_that_are_missing_are_not_an_empty_page(self, connect, body, message):
        async with serve(answer(body, content_type="application/json")) as server:
            source = {**ONE, "pages": {"page": "p", "until_empty": "data"}}
            await partial_read(connect(server.url), source, RemoteGarbage, message)

    @pytest.mark.parametrize("total", [None, "meta.total"])
    async def test_offsets_follow_what_was_received(self, connect, total):
        async def handle(request: Request) -> Answer:
            offset = int(dict(parse_qsl(request.query))["from"])
            items = list(range(7))[offset : offset + 3]  # Gives three, whatever the limit is.
            return json_answer({"items": items, "meta": {"total": 7}})

        async with serve(handle) as server:
            pages = {"offset": "from", "limit": {"parameter": "max", "value": 5}, "items": "items"}
            source = {**ONE, "pages": pages | ({"total": total} if total else {})}
            got = await read(connect(server.url), source)
            assert [item for page in got for item in page["items"]] == [0, 1, 2, 3, 4, 5, 6]
            expected = [f"/cases?from={offset}&max=5" for offset in (0, 3, 6, 7)]
            assert targets(server) == (expected[:3] if total else expected)

    async def test_fewer_items_than_the_total_is_garbage(self, connect):
        async with serve(answer(b'{"items": [], "total": 3}', content_type="application/json")) as server:
            pages = {"offset": "o", "limit": {"parameter": "l", "value": 5}, "items": "items", "total": "total"}
            await partial_read(connect(server.url), {**ONE, "pages": pages}, RemoteGarbage, "ended after 0 of the 3")

    async def test_link_header(self, connect):
        async def handle(request: Request) -> Answer:
            links = {
                "/cases": '<https://x.example/>; rel="prev", '
                '</cases?page=2&q=a,b>; title="rel=\\"last\\", x"; REL="last Next"',
                "/cases?page=2&q=a,b": '</cases?page=9>; rel=next; anchor="#x", <?page=3>; rel=next',
                "/cases?page=3": '</cases>; rel="first"; rel="next"',
            }[request.target]
            return json_answer([request.target], link=links)

        async with serve(handle) as server:
            got = await read(connect(server.url), {**ONE, "pages": {"link_header": True}})
            assert got == [["/cases"], ["/cases?page=2&q=a,b"], ["/cases?page=3"]]

    async def test_pages_of_xml(self, connect):
        async def handle(request: Request) -> Answer:
            number = int(dict(parse_qsl(request.query)).get("p", "0"))
            items = "<Item/>" * (2 - number)
            paging = f'<Paging last="3"><Next>/cases?p={number + 1}</Next></Paging>'
            body = f'<r xmlns="urn:x"><Items>{items}</Items>{paging}</r>'
            return Answer(
                body.encode() if number < 2 else body.replace("/cases?p=3", " ").encode(),
                200,
                {"content-type": "text/xml"},
            )

        for pages, expected in (
            ({"next": "Paging.Next"}, 3),
            ({"page": "p", "first": 0, "until_empty": "Items.Item"}, 3),
            ({"page": "p", "last": "Paging.@last"}, 3),
        ):
            async with serve(handle) as server:
                assert len(await read(connect(server.url), {**ONE, "pages": pages})) == expected

    async def test_pages_before_an_error_are_good_and_the_error_ends_it(self, connect):
        async def handle(_: Request) -> Answer:
            return json_answer({"next": "?2"}) if len(server.requests) == 1 else Answer(b"", 500)

        async with serve(handle) as server:
            got = await partial_read(
                connect(server.url), {**ONE, "pages": {"next": "next"}}, RemoteFault, "answered 500"
            )
            assert got == [{"next": "?2"}]


class TestNotFound:
    problem = json.dumps({"status": 404, "code": "nepoznata_stranka"}).encode()

    async def test_by_default_it_is_a_fault(self, connect):
        async with serve(answer(self.problem, 404, content_type="application/problem+json")) as server:
            with pytest.raises(RemoteFault, match="GET /cases answered 404"):
                await read(connect(server.url), ONE)

    @pytest.mark.parametrize(("status", "body"), [(404, problem), (404, b""), (204, b"")])
    async def test_it_may_mean_that_there_is_nothing(self, connect, status, body):
        async with serve(answer(body, status)) as server:
            assert await read(connect(server.url), {**ONE, "not_found": "empty"}) == []

    async def test_a_web_page_is_not_an_answer_about_a_citizen(self, connect):
        async with serve(answer(b"<html>nginx</html>", 404, content_type="text/html")) as server:
            with pytest.raises(RemoteFault, match="are base_url and request right"):
                await read(connect(server.url), {**ONE, "not_found": "empty"})

    async def test_on_a_later_page_it_is_a_fault(self, connect):
        async def handle(_: Request) -> Answer:
            return json_answer({"next": "?2"}) if len(server.requests) == 1 else Answer(b"", 404)

        async with serve(handle) as server:
            source = {**ONE, "not_found": "empty", "pages": {"next": "next"}}
            assert len(await partial_read(connect(server.url), source, RemoteFault, "answered 404")) == 1


SECRETIVE = {"request": "GET /citizens/{oib}", "parameters": {"oib": {"alias": "hr.oib"}, "key": "k3y"}}


class TestErrors:
    async def errors(self, connect):
        """Every way to fail, as (name, error)."""

        async def hang(_: Request) -> None:
            await asyncio.sleep(30)

        async def rude(request: Request) -> None:
            await request.write(b"whatever\r\n\r\n")

        handlers = {
            "refused": answer(b'{"token": "%s", "oib": "%s"}' % (TOKEN.encode(), OIB.encode()), 401),
            "fault": answer(f"{OIB} {TOKEN}".encode(), 500),
            "busy": answer(b"", 503),
            "redirect": answer(b"", 302, location=f"http://elsewhere.example/{OIB}?t={TOKEN}"),
            "garbage": answer(f"{{'{OIB}': {TOKEN}".encode(), content_type="application/json"),
            "hang": hang,
            "rude": rude,
        }
        for name, handler in handlers.items():
            async with serve(handler) as server:
                connector = connect(server.url, auth=BEARER, timeout={"read": "1s", "total": "1s"})
                with pytest.raises(Exception) as caught:  # noqa: PT011 — which one is compared below
                    await read(connector, SECRETIVE)
                yield name, caught.value
        with pytest.raises(RemoteUnavailable) as caught:
            await read(connect(server.url, auth=BEARER), SECRETIVE)
        yield "down", caught.value

    async def test_each_says_who_must_act_and_shows_nothing_secret(self, connect):
        kinds = {}
        async for name, error in self.errors(connect):
            kinds[name] = type(error)
            text = f"{error} {error.evidence} {error!r} {error.__cause__!r}"
            for hidden in (TOKEN, OIB, "k3y", "?"):
                assert hidden not in text, name
            assert "GET /citizens/{oib}" in str(error), name
        assert kinds == {
            "refused": RemoteRefused,
            "fault": RemoteFault,
            "busy": RemoteUnavailable,
            "redirect": RemoteFault,
            "garbage": RemoteGarbage,
            "hang": RemoteTimeout,
            "rude": RemoteGarbage,
            "down": RemoteUnavailable,
        }

    async def test_reads_are_repeated_posts_too(self, connect):
        async def handle(_: Request) -> Answer:
            return json_answer([]) if len(server.requests) == 3 else Answer(b"", 503)

        for request in ("GET /a", "POST /a"):
            async with serve(handle) as server:
                assert await read(connect(server.url, retries={"attempts": 3}), {"request": request}) == [[]]
                assert len(server.requests) == 3


class TestCheck:
    @staticmethod
    def told(steps) -> list[tuple[str, bool]]:
        return [(step.name, step.ok) for step in steps]

    async def test_all_good(self, connect):
        async with serve(answer(b"ok")) as server:
            connector = connect(f"{server.url}/api", auth=BEARER, check="GET /health")
            steps = await connector.check()
            assert targets(server) == ["/api/health"]
        assert self.told(steps) == [("settings", True), ("connection", True), ("credentials", True)]
        assert steps[1].detail == f"GET {server.url}/api/health answered 200."
        assert steps[1].took is not None
        assert steps[1].took.total_seconds() > 0
        assert steps[2].detail == "Accepted."

    async def test_by_default_the_base_url_is_asked_and_may_be_unknown_itself(self, connect):
        async with serve(answer(b"", 404)) as server:
            steps = await connect(f"{server.url}/api").check()
            assert [(request.method, request.target) for request in server.requests] == [
                ("HEAD", "/api"),
                ("GET", "/api"),
            ]
        assert self.told(steps) == [("settings", True), ("connection", True), ("credentials", True)]
        assert "name a request under check" in steps[2].detail

    async def test_a_server_without_head_is_asked_with_get(self, connect):
        async def handle(request: Request) -> Answer:
            return Answer(b"", 501 if request.method == "HEAD" else 200)

        async with serve(handle) as server:
            steps = await connect(f"{server.url}/api").check()
        assert self.told(steps) == [("settings", True), ("connection", True), ("credentials", True)]
        assert steps[1].detail == f"GET {server.url}/api answered 200."

    async def test_a_missing_secret_stops_it_before_any_call(self, connect):
        async with serve(answer(b"ok")) as server:
            steps = await connect(server.url, auth={"kind": "bearer", "token": {"secret": "other"}}).check()
            assert server.requests == []
        assert self.told(steps) == [("settings", False)]
        assert "'other'" in steps[0].detail

    async def test_wrong_credentials(self, connect):
        async with serve(answer(b"", 401)) as server:
            steps = await connect(server.url, auth=BEARER, check="GET /health").check()
        assert self.told(steps) == [("settings", True), ("connection", True), ("credentials", False)]
        assert "answered 401" in steps[2].detail
        assert TOKEN not in str(steps)

    @pytest.mark.parametrize("status", [404, 500, 503, 302])
    async def test_a_named_request_must_succeed_and_is_not_repeated(self, connect, status):
        async with serve(answer(b"", status)) as server:
            steps = await connect(server.url, check="GET /health", retries={"attempts": 3}).check()
            assert len(server.requests) == 1
        assert self.told(steps) == [("settings", True), ("connection", False)]
        assert f"answered {status}" in steps[1].detail

    async def test_nobody_there(self, connect):
        async with serve(answer(b"")) as server:
            pass
        steps = await connect(server.url).check()
        assert self.told(steps) == [("settings", True), ("connection", False)]
        assert steps[1].detail == f"HEAD {server.url}: the connection was refused."

    async def test_a_token_that_is_not_given(self, connect):
        async with serve(answer(b'{"error": "invalid_client"}', 401)) as server:
            auth = {
                "kind": "oauth2",
                "token_url": f"{server.url}/t",
                "client_id": "m",
                "client_secret": {"secret": "registry"},
            }
            steps = await connect(server.url, auth=auth).check()
            assert targets(server) == ["/t"]
        assert self.told(steps) == [("settings", True), ("connection", True), ("credentials", False)]
        assert "invalid_client" in steps[2].detail


async def test_the_token_server_may_be_another_configured_host(connect):
    token = json.dumps({"access_token": "abc", "token_type": "Bearer"}).encode()
    async with serve(answer(token)) as tokens, serve(answer(b"[]", content_type="application/json")) as server:
        auth = {
            "kind": "oauth2",
            "token_url": f"{tokens.url}/t",
            "client_id": "m",
            "client_secret": {"secret": "registry"},
        }
        assert await read(connect(server.url, auth=auth), ONE) == [[]]
        assert server.requests[0].headers["authorization"] == "Bearer abc"


@given(
    st.text(alphabet=st.one_of(st.sampled_from("./\\%?#;&{}:@ "), st.characters(exclude_categories=["Cs"])), max_size=8)
)
def test_no_value_leaves_its_segment(value):
    try:
        path = fill_path("/a/{id}/.{id}/c", {"id": value})
    except InvalidRequest:
        assert value in ("", ".", "..")
        return
    assert httpx.URL(f"http://host{path}").raw_path.decode() == path
    assert path.count("/") == 4
    assert not {".", ".."} & set(path.split("/"))


@given(st.one_of(st.binary(max_size=30), st.text(alphabet='{}[]",:0e+-.\\udNa<>/&; ', max_size=30).map(str.encode)))
def test_whatever_comes_it_is_a_document_or_garbage(content):
    for kind in ("application/json", "application/xml", "text/plain; charset=x"):
        reply = Reply("GET", "/a", 200, {"content-type": kind}, content, NOON)
        with suppress(RemoteGarbage):
            read_document(reply)
