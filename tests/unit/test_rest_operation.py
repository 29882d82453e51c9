"""Writes of the REST connector: what is sent, byte by byte, over real HTTP."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from decimal import Decimal
from email.parser import BytesParser
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from pydantic import SecretStr

from connectors.rest.complaints import field_in
from connectors.rest.connector import RestConnector
from connectors.rest.settings import RestSettings
from hub.kernel.errors import ConfigurationError, InvalidRequest, RemoteFault, RemoteGarbage
from hub.ports.back_office import Surroundings
from tests.support.http_server import Server, answer, serve


def connector(url: str = "http://127.0.0.1:9") -> RestConnector:
    settings = RestSettings(base_url=f"{url}/api", headers={"X-Town": "1"})
    zone = ZoneInfo("Europe/Zagreb")
    return RestConnector(settings, Surroundings("proba", "ured", Path(), zone, lambda _: SecretStr("x")))


@asynccontextmanager
async def back_office(
    call: Mapping[str, Any], *, body: bytes = b'{"ok": 1}', status: int = 200, kind: str = "application/json"
) -> AsyncIterator[tuple[Any, Server]]:
    async with serve(answer(body, status, content_type=kind)) as server:
        office = connector(server.url)
        try:
            yield office.operation(call), server
        finally:
            await office.close()


async def test_json_with_path_key_and_headers():
    call = {"request": "POST /cases/{number}", "key_header": "Idempotency-Key", "headers": {"Accept-Language": "hr"}}
    async with back_office(call, status=201) as (operation, server):
        values = {"number": "a/b č", "title": "Šuma", "amount": Decimal("10.10"), "list": [1, None], "no": None}
        page = await operation.send(values, key="dlv_1:case")
        [request] = server.requests
        assert (request.method, request.target) == ("POST", "/api/cases/a%2Fb%20%C4%8D")
        assert request.body == '{"title":"Šuma","amount":10.10,"list":[1,null],"no":null}'.encode()
        sent = {
            name: request.headers[name] for name in ("idempotency-key", "accept-language", "x-town", "content-type")
        }
        assert list(sent.values()) == ["dlv_1:case", "hr", "1", "application/json"]
        assert (page.document, page.raw) == ({"ok": 1}, b'{"ok": 1}')


async def test_a_question():
    async with back_office({"request": "GET /cases?key={key}&exact=1"}) as (operation, server):
        await operation.send({"key": "dlv_1:case&x", "of": ["a", "b"], "open": True}, key="unused")
        assert server.requests[0].target == "/api/cases?key=dlv_1%3Acase%26x&exact=1&of=a&of=b&open=true"
        assert server.requests[0].body == b""


async def test_a_form():
    async with back_office({"request": "PUT /cases", "body": "form"}) as (operation, server):
        await operation.send({"title": "A & Š", "tag": ["x", "y"], "no": None}, key="k")
        assert server.requests[0].body == b"title=A+%26+%C5%A0&tag=x&tag=y"


async def test_multipart():
    call = {"request": "POST /files", "body": "multipart"}
    async with back_office(call) as (operation, server):
        file = {"name": 'a"\r\nX: 1.pdf', "content": b"%PDF\r\n--", "media_type": "application/pdf"}
        await operation.send({"title": "Š", "file": file, "raw": b"\0"}, key="k")
        [request] = server.requests
        head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
        parts = BytesParser().parsebytes(head + request.body).get_payload()
        assert [part.get_param("name", header="content-disposition") for part in parts] == ["title", "file", "raw"]
        assert [part.get_payload(decode=True) for part in parts] == ["Š".encode(), b"%PDF\r\n--", b"\0"]
        assert parts[1].get_filename() == "a%22%0D%0AX: 1.pdf"
        assert parts[1].get_content_type() == "application/pdf"


@pytest.mark.parametrize(
    ("values", "field"),
    [({"title": "x"}, "number"), ({"number": "..", "a": 1}, "number"), ({"number": "1", "a": b"x"}, "a")],
)
async def test_what_cannot_be_sent_names_the_value(values, field):
    async with back_office({"request": "POST /cases/{number}"}) as (operation, server):
        with pytest.raises(InvalidRequest) as caught:
            await operation.send(values, key="k")
        assert (caught.value.field, server.requests) == (field, [])


async def test_404_is_an_answer_only_where_it_is_said_and_from_no_web_server():
    asked = {"request": "GET /cases", "not_found": "empty"}
    async with back_office(asked, status=404) as (operation, _):
        assert (await operation.send({}, key="k")).document is None
    async with back_office(asked, status=404, kind="text/html") as (operation, _):
        with pytest.raises(RemoteFault, match="with a page"):
            await operation.send({}, key="k")
    async with back_office({"request": "GET /cases"}, status=404) as (operation, _):
        with pytest.raises(RemoteFault):
            await operation.send({}, key="k")


async def test_no_body_is_fine_and_garbage_is_a_doubt():
    async with back_office({"request": "DELETE /cases"}, body=b"", status=204) as (operation, _):
        assert (await operation.send({}, key="k")).document is None
    async with back_office({"request": "POST /cases"}, body=b"<html>", kind="text/html") as (operation, _):
        with pytest.raises(RemoteGarbage) as caught:
            await operation.send({}, key="k")
        assert caught.value.reached is None


async def test_nothing_is_repeated():
    async with back_office({"request": "POST /cases"}, status=503) as (operation, server):
        with pytest.raises(Exception, match="503"):
            await operation.send({}, key="k")
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"field": "title"}, "title"),
        ({"errors": [{"pointer": "#/applicant/oib", "detail": "x"}]}, "applicant/oib"),
        ({"errors": [{"source": {"pointer": "/data/title"}}]}, "data/title"),
        ({"errors": {"title": ["too long"]}}, "title"),
        ({"detail": [{"loc": ["body", "title"], "msg": "x"}]}, "title"),
        ({"violations": [{"propertyPath": "email"}]}, "email"),
        ({"invalid-params": [{"name": "age"}]}, "age"),
        ({"message": "no"}, None),
        ({"field": {"deep": 1}}, None),
        ([1], None),
    ],
)
async def test_the_field_a_refusal_names(body, field):
    async with back_office({"request": "POST /cases"}, body=json.dumps(body).encode(), status=422) as (operation, _):
        with pytest.raises(RemoteFault) as caught:
            await operation.send({}, key="k")
        assert (caught.value.reached, caught.value.field) == (True, field)


def test_a_body_that_is_none():
    assert field_in(b"<html>") is None


@pytest.mark.parametrize(
    ("call", "key"),
    [
        ({"request": "PATCHY /x"}, "request"),
        ({"request": "POST x"}, "request"),
        ({"request": "POST /x/{a b}"}, "request"),
        ({"request": "GET /x", "body": "json"}, "body"),
        ({"request": "POST /x", "body": "xml"}, "body"),
        ({"request": "POST /x", "headers": {"Authorization": "x"}}, "headers"),
        ({"request": "POST /x", "key_header": "Content-Type"}, "key_header"),
        ({"request": "POST /x", "keyheader": "X"}, "keyheader"),
        ({}, "request"),
    ],
)
def test_a_call_that_is_wrong_names_its_key(call, key):
    with pytest.raises(ConfigurationError) as caught:
        connector().operation(call)
    assert (caught.value.key, bool(caught.value.remedy)) == (key, True)
