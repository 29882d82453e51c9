"""The SOAP connector against real servers on loopback that speak SOAP without any of our code."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import current_thread
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from lxml import etree
from pydantic import SecretStr

from connectors.soap.connector import SoapConnector
from hub.kernel.errors import (
    ConfigurationError,
    HubError,
    RemoteError,
    RemoteFault,
    RemoteGarbage,
    RemoteRefused,
    RemoteTimeout,
    RemoteUnavailable,
)
from hub.kit import xml
from hub.kit.manifest import scan
from hub.ports.back_office import Arguments, Page, Surroundings
from tests.support.http_server import Answer, Handler, Request, Server, serve
from tests.unit.soap.samples import (
    ENV_11,
    ENV_12,
    MESSAGES,
    NS,
    SCHEMA,
    binding,
    definitions,
    dogs,
    port,
    service,
    types,
    write,
)

PASSWORD = "pas-Mater-4711"
OWNER = "12345678903"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
TOKEN_PROFILE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0"
ARGUMENTS = Arguments(now=datetime(2026, 11, 21, 12, tzinfo=UTC), aliases={"hr.oib": OWNER})
FIND = {"operation": "FindDogs", "parameters": {"Owner": {"alias": "hr.oib"}}}
ONCE = {"attempts": 1}

Dog = tuple[str, str | None, str]
REX: Dog = ("T-1", "Rex", "20.00")
ZUCO: Dog = ("T-2", "Žućo", "15.50")


class Wrong(Exception):
    """A fault: its code, reason and detail."""


@dataclass
class DogService:
    """Answers FindDogs and Ping. `before` may answer instead; `found` says which dogs there are."""

    version: str = ENV_11
    encoding: str = "utf-8"
    declared: bool = True
    content_type: str | None = None
    found: Callable[[etree._Element], list[Dog]] = field(default=lambda _: [REX, ZUCO])
    before: Callable[[Request], Answer | None] = field(default=lambda _: None)
    total: int | None = None
    spoil: Callable[[etree._Element], None] = field(default=lambda _: None)

    async def __call__(self, request: Request) -> Answer:
        if (early := self.before(request)) is not None:
            return early
        if request.method == "GET":
            return Answer(b"POST only", 405)
        root = etree.fromstring(request.body)
        assert root.tag == f"{{{self.version}}}Envelope"
        (body,) = root.findall(f"{{{self.version}}}Body")
        status = 200
        try:
            content = self.answer(body)
        except Wrong as wrong:
            content, status = self.fault(*wrong.args), 500
        envelope = etree.Element(f"{{{self.version}}}Envelope", nsmap={"s": self.version})
        etree.SubElement(envelope, f"{{{self.version}}}Body").append(content)
        text = etree.tostring(envelope, encoding=self.encoding, xml_declaration=self.declared)
        media_type = "text/xml" if self.version == ENV_11 else "application/soap+xml"
        return Answer(text, status, {"content-type": self.content_type or f"{media_type}; charset={self.encoding}"})

    def answer(self, body: etree._Element) -> etree._Element:
        if not len(body):
            raise Wrong("Client", "No operation", "Empty")
        if body[0].tag == f"{{{NS}}}Ping":
            pong = etree.Element(f"{{{NS}}}PingResponse")
            pong.text = body[0].text
            return pong
        response = etree.Element(f"{{{NS}}}FindDogsResponse", nsmap={"d": NS})
        list_ = etree.SubElement(response, f"{{{NS}}}Dogs")
        for tag, name, fee in self.found(body[0]):
            dog = etree.SubElement(list_, f"{{{NS}}}Dog")
            etree.SubElement(dog, f"{{{NS}}}Tag").text = tag
            named = etree.SubElement(dog, f"{{{NS}}}Name")
            if name is None:
                named.set("{http://www.w3.org/2001/XMLSchema-instance}nil", "true")
            named.text = name
            etree.SubElement(dog, f"{{{NS}}}Fee").text = fee
        if self.total is not None:
            etree.SubElement(response, f"{{{NS}}}Total").text = str(self.total)
        self.spoil(response)
        return response

    def fault(self, code: str, reason: str, detail: str) -> etree._Element:
        fault = etree.Element(f"{{{self.version}}}Fault", nsmap={"s": self.version, "x": "urn:x"})
        if self.version == ENV_11:
            etree.SubElement(fault, "faultcode").text = f"s:{code}"
            etree.SubElement(fault, "faultstring").text = reason
            holder = etree.SubElement(fault, "detail")
        else:
            codes = etree.SubElement(fault, f"{{{self.version}}}Code")
            etree.SubElement(codes, f"{{{self.version}}}Value").text = "s:Receiver"
            sub = etree.SubElement(codes, f"{{{self.version}}}Subcode")
            etree.SubElement(sub, f"{{{self.version}}}Value").text = f"x:{code}"
            reasons = etree.SubElement(fault, f"{{{self.version}}}Reason")
            etree.SubElement(reasons, f"{{{self.version}}}Text").text = reason
            holder = etree.SubElement(fault, f"{{{self.version}}}Detail")
        etree.SubElement(holder, "{urn:x}Problem").text = detail
        return fault


def secret(name: str) -> SecretStr:
    assert name == "dogs"
    return SecretStr(PASSWORD)


@asynccontextmanager
async def connected(endpoint: str, folder: Path, **settings: Any) -> AsyncIterator[SoapConnector]:
    settings = {"wsdl": "dogs.wsdl", "endpoint": endpoint, "retries": ONCE, **settings}
    connector = SoapConnector(
        SoapConnector.Settings.model_validate(settings),
        Surroundings("vzorov", "psi", folder, ZoneInfo("Europe/Prague"), secret),
    )
    try:
        yield connector
    finally:
        await connector.close()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write(tmp_path, dogs_wsdl=dogs())


async def read(
    handler: Callable[[Request], Any], folder: Path, source: dict[str, Any] | None = None, **settings: Any
) -> tuple[list[Page], Server]:
    async with serve(handler) as server, connected(f"{server.url}/dogs", folder, **settings) as connector:
        pages = [page async for page in connector.feed(source or FIND).read(ARGUMENTS)]
    return pages, server


async def failure(
    handler: Callable[[Request], Any], folder: Path, source: dict[str, Any] | None = None, **settings: Any
) -> HubError:
    with pytest.raises(HubError) as caught:
        await read(handler, folder, source, **settings)
    return caught.value


def said(text: bytes, status: int = 200, content_type: str = "text/xml; charset=utf-8") -> Callable[[Request], Any]:
    async def handle(_: Request) -> Answer:
        return Answer(text, status, {"content-type": content_type})

    return handle


def names(page: Page) -> list[str | None]:
    return [name.text for name in page.document.iter(f"{{{NS}}}Name")]


def wsse(*, digest: bool) -> dict[str, Any]:
    return {"kind": "wsse", "username": "munihub", "password": {"secret": "dogs"}, "digest": digest}


def test_the_manifest_leads_to_the_connector() -> None:
    manifest = scan(Path(__file__).parents[3] / "connectors")["soap"]
    assert (manifest.kind, manifest.load()) == ("connector", SoapConnector)


class TestReading:
    async def test_soap_11(self, folder: Path) -> None:
        (page,), server = await read(DogService(), folder)
        assert page.document.tag == f"{{{NS}}}FindDogsResponse"
        assert names(page) == ["Rex", "Žućo"]
        assert page.media_type == "text/xml; charset=utf-8"
        assert page.source_time is None
        (request,) = server.requests
        assert request.headers["soapaction"] == f'"{NS}:FindDogs"'
        assert request.headers["content-type"] == "text/xml; charset=utf-8"
        sent = etree.fromstring(request.body)
        assert [(one.tag, one.text) for one in sent[0][0]] == [(f"{{{NS}}}Owner", OWNER)]

    async def test_soap_12(self, tmp_path: Path) -> None:
        write(tmp_path, dogs_wsdl=dogs(prefix="soap12"))
        (page,), server = await read(DogService(version=ENV_12), tmp_path)
        assert names(page) == ["Rex", "Žućo"]
        (request,) = server.requests
        assert "soapaction" not in request.headers
        assert request.headers["content-type"] == f'application/soap+xml; charset=utf-8; action="{NS}:FindDogs"'

    async def test_the_raw_bytes_are_kept_as_received(self, folder: Path) -> None:
        text = b"  " + (await DogService(encoding="windows-1250")(_request())).body
        (page,), _ = await read(said(text, content_type="text/xml; charset=windows-1250"), folder)
        assert page.raw == text
        assert page.media_type == "text/xml; charset=windows-1250"

    @pytest.mark.parametrize("declared", [True, False])
    @pytest.mark.parametrize("content_type", [None, "text/xml", "text/xml; charset=utf-8"])
    async def test_windows_1250(self, folder: Path, *, declared: bool, content_type: str | None) -> None:
        service = DogService(encoding="windows-1250", declared=declared, content_type=content_type)
        if not declared and content_type:
            assert isinstance(await failure(service, folder), RemoteGarbage)  # Nothing says what it is.
        else:
            assert names((await read(service, folder))[0][0]) == ["Rex", "Žućo"]

    async def test_header_values_are_bound_like_parameters(self, folder: Path) -> None:
        source = FIND | {"headers": {"session": {"Key": "k-1", "Town": {"now": "year"}}}}
        _, server = await read(DogService(), folder, source)
        header = etree.fromstring(server.requests[0].body)[0][0]
        assert [(part.tag, part.text) for part in header] == [(f"{{{NS}}}Key", "k-1"), (f"{{{NS}}}Town", "2026")]

    async def test_no_dogs_is_a_complete_answer(self, folder: Path) -> None:
        (page,), _ = await read(DogService(found=lambda _: []), folder)
        assert names(page) == []

    async def test_nil_where_it_may_be(self, folder: Path) -> None:
        (page,), _ = await read(DogService(found=lambda _: [("T-3", None, "1")]), folder)
        assert names(page) == [None]

    async def test_a_second_read_uses_what_is_loaded(self, folder: Path) -> None:
        async with serve(DogService()) as server, connected(server.url, folder) as connector:
            feed = connector.feed(FIND)
            (folder / "dogs.wsdl").unlink()
            for _ in range(2):
                assert len([page async for page in feed.read(ARGUMENTS)]) == 1
            connector.feed({"operation": "Ping", "parameters": {"value": "x"}})

    async def test_a_large_reply(self, folder: Path) -> None:
        many: list[Dog] = [(f"T-{number}", "Rex", "1") for number in range(20_000)]
        (page,), _ = await read(DogService(found=lambda _: many), folder)
        assert len(page.document[0]) == 20_000
        assert len(page.raw) > 1_000_000

    async def test_what_is_handed_out_belongs_to_the_loop(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        """Also what was read beside it: looking a name up in another thread's document may end the process."""
        copies, real = {}, xml.own

        def own(document: Any) -> Any:
            copy = real(document)
            copies[id(copy)] = copy, current_thread()
            return copy

        monkeypatch.setattr(xml, "own", own)
        many: list[Dog] = [(f"T-{number}", "Rex", "1") for number in range(5_000)]
        (page,), _ = await read(DogService(found=lambda _: many), folder)
        assert copies[id(page.document)] == (page.document, current_thread())


def _request() -> Request:
    body = f'<e:Envelope xmlns:e="{ENV_11}"><e:Body><FindDogs xmlns="{NS}"/></e:Body></e:Envelope>'
    return Request("POST", "/", {}, body.encode(), None)  # type: ignore[arg-type]


class TestCredentials:
    def security(self, request: Request) -> dict[str, etree._Element]:
        (header,) = etree.fromstring(request.body).iter(f"{{{WSSE}}}UsernameToken")
        return {etree.QName(part).localname: part for part in header}

    async def test_username_token_as_text(self, folder: Path) -> None:
        _, server = await read(DogService(), folder, auth=wsse(digest=False))
        parts = self.security(server.requests[0])
        assert (parts["Username"].text, parts["Password"].text) == ("munihub", PASSWORD)
        assert parts["Password"].get("Type") == f"{TOKEN_PROFILE}#PasswordText"

    async def test_username_token_with_digest(self, folder: Path) -> None:
        _, server = await read(DogService(), folder, auth=wsse(digest=True))
        parts = self.security(server.requests[0])
        nonce, created = base64.b64decode(parts["Nonce"].text or ""), (parts["Created"].text or "")
        expected = hashlib.sha1(nonce + created.encode() + PASSWORD.encode()).digest()
        assert base64.b64decode(parts["Password"].text or "") == expected
        assert parts["Password"].get("Type") == f"{TOKEN_PROFILE}#PasswordDigest"
        assert created.endswith("Z")
        assert abs(datetime.fromisoformat(created) - datetime.now(UTC)) < timedelta(minutes=1)
        assert PASSWORD.encode() not in server.requests[0].body

    async def test_each_repetition_has_a_nonce_of_its_own(self, folder: Path) -> None:
        answers = iter([Answer(b"", 503), None])
        service = DogService(before=lambda _: next(answers))
        retries = {"attempts": 2, "first_wait": "1s", "longest_wait": "1s"}
        _, server = await read(service, folder, auth=wsse(digest=True), retries=retries)
        first, second = (self.security(request) for request in server.requests)
        assert first["Nonce"].text != second["Nonce"].text

    async def test_http_basic(self, folder: Path) -> None:
        auth = {"kind": "basic", "username": "munihub", "password": {"secret": "dogs"}}
        _, server = await read(DogService(), folder, auth=auth)
        assert server.requests[0].headers["authorization"] == (
            "Basic " + base64.b64encode(f"munihub:{PASSWORD}".encode()).decode()
        )

    async def test_a_refusal_by_status(self, folder: Path) -> None:
        assert isinstance(await failure(said(b"no", 401), folder), RemoteRefused)

    async def test_a_refusal_by_fault(self, folder: Path) -> None:
        def refuse(_: etree._Element) -> list[Dog]:
            raise Wrong("FailedAuthentication", f"{PASSWORD} is wrong", PASSWORD)

        error = await failure(DogService(found=refuse), folder, auth=wsse(digest=False))
        assert isinstance(error, RemoteRefused)
        assert str(error) == "FindDogs answered with the fault FailedAuthentication."

    async def test_a_password_that_xml_cannot_hold(self, folder: Path) -> None:
        auth = wsse(digest=False) | {"username": "muni\x00hub"}
        error = await failure(DogService(), folder, auth=auth)
        assert isinstance(error, ConfigurationError)
        assert error.key == "auth"


class TestFaults:
    def lost(self, version: str = ENV_11) -> DogService:
        def nobody(_: etree._Element) -> list[Dog]:
            raise Wrong("NoSuchOwner", f"Owner {OWNER} is unknown", "D-404")

        return DogService(version=version, found=nobody)

    async def test_a_fault_is_the_back_offices_error(self, folder: Path) -> None:
        error = await failure(self.lost(), folder)
        assert isinstance(error, RemoteFault)
        assert str(error) == "FindDogs answered with the fault NoSuchOwner."
        assert error.evidence == "NoSuchOwner · Owner [digits] is unknown · Problem = D-404"
        assert error.transient is False

    async def test_soap_12(self, tmp_path: Path) -> None:
        write(tmp_path, dogs_wsdl=dogs(prefix="soap12"))
        error = await failure(self.lost(ENV_12), tmp_path)
        assert str(error) == "FindDogs answered with the fault Receiver.NoSuchOwner."

    @pytest.mark.parametrize("word", ["NoSuchOwner", "D-404", "Problem"])
    async def test_an_unknown_citizen_is_an_empty_answer(self, folder: Path, word: str) -> None:
        pages, server = await read(self.lost(), folder, FIND | {"not_found": ["Other", word]})
        assert pages == []
        assert len(server.requests) == 1

    async def test_another_fault_is_not_an_empty_answer(self, folder: Path) -> None:
        assert isinstance(await failure(self.lost(), folder, FIND | {"not_found": ["NoSuchDog"]}), RemoteFault)

    async def test_on_a_later_page_it_is_an_error(self, folder: Path) -> None:
        def second_fails(request: etree._Element) -> list[Dog]:
            if request.findtext(f".//{{{NS}}}Start") != "0":
                raise Wrong("NoSuchOwner", "gone", "D-404")
            return [REX]

        source = FIND | {
            "not_found": ["NoSuchOwner"],
            "pages": {"parameter": "Page.Start", "size": 1, "items": "Dogs.Dog"},
        }
        async with serve(DogService(found=second_fails)) as server, connected(server.url, folder) as connector:
            answer = aiter(connector.feed(source).read(ARGUMENTS))
            assert names(await anext(answer)) == ["Rex"]
            with pytest.raises(RemoteFault):
                await anext(answer)


class TestPages:
    STOCK: tuple[Dog, ...] = tuple((f"T-{number}", "Rex", "1") for number in range(5))

    def part(self, request: etree._Element) -> list[Dog]:
        start = int(request.findtext(f".//{{{NS}}}Start") or 0)
        count = int(request.findtext(f".//{{{NS}}}Count") or 0)
        return list(self.STOCK[start : start + count])

    @pytest.mark.parametrize(("end", "calls"), [({"total": "Total"}, 3), ({}, 4)], ids=["total", "until none is left"])
    async def test_all_of_them(self, folder: Path, end: dict[str, str], calls: int) -> None:
        pages = {"parameter": "Page.Start", "size_parameter": "Page.Count", "size": 2, "items": "Dogs.Dog", **end}
        read_pages, server = await read(DogService(found=self.part, total=5), folder, FIND | {"pages": pages})
        assert len(server.requests) == calls
        tags = [tag.text for page in read_pages for tag in page.document.iter(f"{{{NS}}}Tag")]
        assert tags == ["T-0", "T-1", "T-2", "T-3", "T-4"]

    async def test_a_page_parameter_the_wsdl_does_not_have(self, folder: Path) -> None:
        pages = {"parameter": "Page.Begin", "size": 2, "items": "Dogs.Dog"}
        async with connected("http://127.0.0.1:1/", folder) as connector:
            with pytest.raises(ConfigurationError) as caught:
                connector.feed(FIND | {"pages": pages})
        assert str(caught.value) == (
            "source.parameters.Page.Begin: the WSDL knows no Begin here. It has: Token, Count, Start."
        )


class TestBrokenReplies:
    async def test_a_value_outside_the_schema_fails_the_page(self, folder: Path) -> None:
        service = DogService(found=lambda _: [REX, ("T-9", "Ana Novak", "besplatno 12345678903")])
        error = await failure(service, folder)
        assert isinstance(error, RemoteGarbage)
        assert str(error) == (
            "The reply FindDogsResponse breaks the WSDL's schema at Dogs.Dog[2].Fee: "
            "is not a valid value of the atomic type 'xs:decimal' (line 2)."
        )
        assert error.evidence == "Dogs.Dog[2].Fee = 'besplatno [digits]'"

    async def test_a_missing_element_fails_the_page(self, folder: Path) -> None:
        def lose(response: etree._Element) -> None:
            response[0][1].remove(response[0][1][2])

        error = await failure(DogService(spoil=lose), folder)
        assert str(error) == (
            "The reply FindDogsResponse breaks the WSDL's schema at Dogs.Dog[2]: "
            "Missing child element(s). Expected is ( Fee ) (line 2)."
        )
        assert isinstance(error, RemoteGarbage)
        assert error.evidence is None

    async def test_several_mistakes_are_told_up_to_a_limit(self, folder: Path) -> None:
        service = DogService(found=lambda _: [(f"T-{number}", "Rex", "?") for number in range(50)])
        error = await failure(service, folder)
        assert str(error).count("not a valid value") == 5

    async def test_a_large_reply_with_every_record_wrong(self, folder: Path) -> None:
        many: list[Dog] = [(f"T-{number}", "Rex", "?") for number in range(30_000)]
        started = time.monotonic()
        error = await failure(DogService(found=lambda _: many), folder)
        assert "Dogs.Dog[1].Fee" in str(error)
        assert time.monotonic() - started < 10

    @pytest.mark.parametrize("where", ["settings", "source"])
    async def test_forgiven_where_the_town_says_so(self, folder: Path, where: str) -> None:
        service = DogService(found=lambda _: [REX, ("T-9", "Rex", "?")])
        lenient = {"lenient": ["Dogs.Dog.Fee"]}
        source, settings = (FIND, lenient) if where == "settings" else (FIND | lenient, {})
        (page,), _ = await read(service, folder, source, **settings)
        assert page.forgiven == (("Dogs.Dog.Fee", "is not a valid value of the atomic type 'xs:decimal'"),)
        assert [one.text for one in page.document.iter(f"{{{NS}}}Fee")] == ["20.00", "?"]
        (page,), _ = await read(DogService(), folder, source, **settings)
        assert page.forgiven == ()

    async def test_unchecked_where_the_town_says_so(self, folder: Path) -> None:
        service = DogService(found=lambda _: [("T-9", "Rex", "?")])
        (page,), _ = await read(service, folder, check_schema=False)
        assert page.document.findtext(f".//{{{NS}}}Fee") == "?"

    async def test_the_reply_of_another_operation(self, folder: Path) -> None:
        text = (
            f'<e:Envelope xmlns:e="{ENV_11}"><e:Body><PingResponse xmlns="{NS}">x</PingResponse></e:Body></e:Envelope>'
        )
        for checked in (True, False):
            error = await failure(said(text.encode()), folder, check_schema=checked)
            assert str(error) == f"The reply must be {{{NS}}}FindDogsResponse but is {{{NS}}}PingResponse."

    async def test_a_web_page(self, folder: Path) -> None:
        error = await failure(said(b"<html><title>Oops</title></html>", content_type="text/html"), folder)
        assert isinstance(error, RemoteGarbage)
        assert error.evidence == "HTML page “Oops”"

    async def test_a_proxys_page_with_status_502(self, folder: Path) -> None:
        error = await failure(said(b"<html><title>Bad</title></html>", 502, "text/html"), folder)
        assert isinstance(error, RemoteUnavailable)
        assert error.transient

    @pytest.mark.parametrize("text", [b"", b"\x00\x01", b"{}", b"<a", b"<?xml version='1.0'?><a/>"])
    async def test_garbage(self, folder: Path, text: bytes) -> None:
        assert isinstance(await failure(said(text), folder), RemoteGarbage)

    @pytest.mark.parametrize(
        "dtd",
        [
            '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>',
            '<!DOCTYPE x SYSTEM "http://127.0.0.1:9/x.dtd">',
            '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY e "&b;&b;&b;&b;">]>',
        ],
    )
    async def test_entities_are_not_expanded(self, folder: Path, dtd: str) -> None:
        body = f'<FindDogsResponse xmlns="{NS}">&e;</FindDogsResponse>'
        text = f'{dtd}<e:Envelope xmlns:e="{ENV_11}"><e:Body>{body}</e:Body></e:Envelope>'
        error = await failure(said(text.encode()), folder)
        assert isinstance(error, RemoteGarbage)
        assert "carries a DTD" in str(error)

    async def test_a_giant_reply_is_cut_off(self, folder: Path) -> None:
        error = await failure(said(b"<a>" + b"x" * 3_000_000), folder, max_reply_bytes=1_000_000)
        assert isinstance(error, RemoteGarbage)
        assert "1000000" in str(error)

    async def test_silence(self, folder: Path) -> None:
        async def wait(_: Request) -> None:
            await asyncio.sleep(30)

        assert isinstance(await failure(wait, folder, timeout={"read": "1s", "total": "2s"}), RemoteTimeout)

    async def test_nobody_there(self, folder: Path) -> None:
        async with connected("http://127.0.0.1:1/dogs", folder) as connector:
            feed = connector.feed(FIND)
            with pytest.raises(RemoteUnavailable):
                await anext(aiter(feed.read(ARGUMENTS)))


class TestMistakesOfConfiguration:
    async def refusal(self, folder: Path, source: dict[str, Any], **settings: Any) -> ConfigurationError:
        async with connected("http://127.0.0.1:1/dogs", folder, **settings) as connector:
            with pytest.raises(ConfigurationError) as caught:
                connector.feed(source)
        return caught.value

    async def test_an_unknown_operation(self, folder: Path) -> None:
        error = await self.refusal(folder, {"operation": "FindCats"})
        assert str(error) == (
            "source.operation: the WSDL has no operation FindCats. Operations of DogsSoap: FindDogs, Ping, Forget."
        )

    async def test_an_unknown_parameter(self, folder: Path) -> None:
        error = await self.refusal(folder, {"operation": "FindDogs", "parameters": {"Oib": {"alias": "hr.oib"}}})
        assert error.key == "source.parameters.Oib"

    async def test_a_wrong_binding(self, folder: Path) -> None:
        error = await self.refusal(folder, {"operation": "FindDogs", "parameters": {"Owner": {"now": "yesterday"}}})
        assert error.key == "source.parameters.Owner"

    async def test_a_missing_wsdl(self, folder: Path) -> None:
        assert (await self.refusal(folder, FIND, wsdl="cats.wsdl")).key == "wsdl"

    async def test_a_schema_that_names_what_is_not_there(self, folder: Path) -> None:
        write(folder, dogs_wsdl=dogs().replace('type="d:Dog"', 'type="d:Dgo"'))
        assert (await self.refusal(folder, FIND)).file == "dogs.wsdl"

    async def test_an_endpoint_that_is_no_address(self, folder: Path) -> None:
        with pytest.raises(ConfigurationError):
            async with connected("dogs.example/soap", folder):
                pass

    async def test_a_read_about_nobody(self, folder: Path) -> None:
        async with serve(DogService()) as server, connected(server.url, folder) as connector:
            feed = connector.feed(FIND)
            with pytest.raises(ConfigurationError, match=r"hr\.oib"):
                await anext(aiter(feed.read(Arguments(now=ARGUMENTS.now))))
        assert server.requests == []

    async def test_a_request_that_does_not_fit_is_not_sent_and_not_quoted(self, folder: Path) -> None:
        async with serve(DogService()) as server, connected(server.url, folder) as connector:
            feed = connector.feed(FIND)
            with pytest.raises(ConfigurationError) as caught:
                await anext(aiter(feed.read(Arguments(now=ARGUMENTS.now, aliases={"hr.oib": "123-456"}))))
        assert server.requests == []
        assert str(caught.value) == (
            "source.parameters: the request for FindDogs does not fit the WSDL at Owner: [facet 'pattern'] The value "
            r"is not accepted by the pattern '\d{11}'. Compare the parameters with the input message in the WSDL."
        )


class Site:
    """A server that hands out documents by path and answers SOAP on /dogs."""

    def __init__(self, **documents: str) -> None:
        self.documents = {f"/{name.replace('_', '.')}": text for name, text in documents.items()}
        self.service = DogService()

    async def __call__(self, request: Request) -> Answer:
        if request.method == "GET" and request.path in self.documents:
            return Answer(self.documents[request.path].encode(), 200, {"content-type": "text/xml"})
        if request.method == "GET":
            return Answer(b"", 404)
        return await self.service(request)


def importing(location: str) -> str:
    schema = f'<xs:schema><xs:import namespace="{NS}" schemaLocation="{location}"/></xs:schema>'
    return definitions(types(schema), MESSAGES, binding(), service(port()))


@asynccontextmanager
async def described_at(site: Handler, folder: Path, **settings: Any) -> AsyncIterator[tuple[Server, SoapConnector]]:
    """A connector whose WSDL is `/dogs.wsdl` of the endpoint's own server."""
    async with (
        serve(site) as server,
        connected(f"{server.url}/dogs", folder, wsdl=f"{server.url}/dogs.wsdl", **settings) as connector,
    ):
        yield server, connector


async def all_names(connector: SoapConnector) -> list[list[str | None]]:
    return [names(page) async for page in connector.feed(FIND).read(ARGUMENTS)]


class TestWsdlByUrl:
    async def test_with_relative_imports_from_the_endpoints_origin(self, tmp_path: Path) -> None:
        site = Site(dogs_wsdl=importing("dogs.xsd"), dogs_xsd=SCHEMA)
        async with described_at(site, tmp_path) as (server, connector):
            feed = connector.feed(FIND)
            assert server.requests == []
            for _ in range(2):
                assert [names(page) async for page in feed.read(ARGUMENTS)] == [["Rex", "Žućo"]]
        assert [request.path for request in server.requests] == ["/dogs.wsdl", "/dogs.xsd", "/dogs", "/dogs"]

    async def test_mistakes_show_at_the_first_read(self, tmp_path: Path) -> None:
        async with described_at(Site(dogs_wsdl=dogs()), tmp_path) as (_, connector):
            feed = connector.feed({"operation": "FindCats"})
            with pytest.raises(ConfigurationError, match=r"source\.operation: the WSDL has no operation FindCats"):
                await anext(aiter(feed.read(ARGUMENTS)))

    async def test_an_import_from_another_host_is_not_followed(self, tmp_path: Path) -> None:
        async with (
            serve(Site(dogs_xsd=SCHEMA)) as foreign,
            described_at(Site(dogs_wsdl=importing(f"{foreign.url}/dogs.xsd")), tmp_path) as (server, connector),
        ):
            with pytest.raises(ConfigurationError) as caught:
                await connector.contract()
        assert foreign.requests == []
        assert caught.value.problem == f"{foreign.url}/dogs.xsd is on {foreign.url}, from which nothing may be fetched"
        assert caught.value.file == f"{server.url}/dogs.wsdl"
        assert f"Add {foreign.url} to wsdl_hosts" in (caught.value.remedy or "")

    async def test_a_configured_host_gets_no_credentials(self, tmp_path: Path) -> None:
        auth = {"kind": "basic", "username": "munihub", "password": {"secret": "dogs"}}
        async with serve(Site(dogs_xsd=SCHEMA)) as foreign:
            site = Site(dogs_wsdl=importing(f"{foreign.url}/dogs.xsd"))
            async with described_at(site, tmp_path, wsdl_hosts=[foreign.url], auth=auth) as (server, connector):
                assert await all_names(connector) == [["Rex", "Žućo"]]
        assert ["authorization" in request.headers for request in foreign.requests] == [False]
        assert ["authorization" in request.headers for request in server.requests] == [True, True]

    async def test_the_wsdls_own_host_must_be_allowed_too(self, tmp_path: Path) -> None:
        async with (
            serve(Site(dogs_wsdl=dogs())) as foreign,
            connected("http://127.0.0.1:1/dogs", tmp_path, wsdl=f"{foreign.url}/dogs.wsdl") as connector,
        ):
            with pytest.raises(ConfigurationError, match="from which nothing may be fetched"):
                await connector.contract()
        assert foreign.requests == []

    async def test_a_redirect_is_not_followed(self, tmp_path: Path) -> None:
        async with serve(Site(dogs_wsdl=dogs())) as foreign:

            async def redirect(_: Request) -> Answer:
                return Answer(b"", 302, {"location": f"{foreign.url}/dogs.wsdl"})

            async with described_at(redirect, tmp_path) as (_, connector):
                with pytest.raises(RemoteFault, match="redirects are not followed"):
                    await connector.contract()
        assert foreign.requests == []

    async def test_a_file_of_the_catalogue_takes_the_place_of_an_address(self, tmp_path: Path) -> None:
        write(tmp_path, own_xsd=SCHEMA)
        address = "http://schemas.example.org/dogs.xsd"
        site = Site(dogs_wsdl=importing(address))
        async with described_at(site, tmp_path, catalogue={address: "own.xsd"}) as (_, connector):
            assert await all_names(connector) == [["Rex", "Žućo"]]

    async def test_after_a_failure_it_is_tried_again(self, tmp_path: Path) -> None:
        site = Site()
        async with described_at(site, tmp_path) as (_, connector):
            with pytest.raises(RemoteError):
                await all_names(connector)
            site.documents["/dogs.wsdl"] = dogs()
            assert await all_names(connector) == [["Rex", "Žućo"]]

    async def test_loading_does_not_hold_up_the_event_loop(self, tmp_path: Path) -> None:
        parts = "".join(f'<xs:element name="Part{part}" type="xs:string"/>' for part in range(20))
        kinds = "".join(
            f'<xs:complexType name="Kind{number}"><xs:sequence>{parts}</xs:sequence></xs:complexType>'
            for number in range(1500)
        )
        large = dogs().replace('<xs:element name="FindDogs">', kinds + '<xs:element name="FindDogs">', 1)
        async with described_at(Site(dogs_wsdl=large), tmp_path) as (_, connector):
            loading = asyncio.create_task(connector.contract())
            turns = 0
            started = time.monotonic()
            while not loading.done():
                await asyncio.sleep(0.01)
                turns += 1
            took = time.monotonic() - started
            await loading
        assert took > 0.2
        assert turns > 10


class TestCheck:
    async def steps(
        self, handler: Callable[[Request], Any], folder: Path, **settings: Any
    ) -> tuple[list[tuple[str, bool, str]], Server]:
        async with serve(handler) as server, connected(f"{server.url}/dogs", folder, **settings) as connector:
            steps = await connector.check()
        assert all(step.took is not None for step in steps)
        return [(step.name, step.ok, step.detail.replace(server.url, "URL")) for step in steps], server

    async def test_everything_well(self, folder: Path) -> None:
        steps, server = await self.steps(DogService(), folder, auth=wsse(digest=False))
        assert steps == [
            ("settings", True, "dogs.wsdl: port DogsSoap with 3 operations, schema compiled"),
            ("connection", True, "URL/dogs answers SOAP"),
            (
                "credentials",
                True,
                (
                    "not refused, but an empty request need not show it: add check: { operation: … } to settings, with an "
                    "operation that changes nothing"
                ),
            ),
        ]
        (post,) = server.requests
        assert (post.method, post.headers["soapaction"]) == ("POST", '""')
        (body,) = etree.fromstring(post.body).findall(f"{{{ENV_11}}}Body")
        assert len(body) == 0

    async def test_the_empty_request_is_of_the_services_version(self, tmp_path: Path) -> None:
        write(tmp_path, dogs_wsdl=dogs(prefix="soap12"))
        steps, server = await self.steps(DogService(version=ENV_12), tmp_path, auth=wsse(digest=False))
        assert [ok for _, ok, _ in steps] == [True, True, True]
        (post,) = server.requests
        assert post.headers["content-type"] == "application/soap+xml; charset=utf-8"
        assert etree.fromstring(post.body).tag == f"{{{ENV_12}}}Envelope"

    async def test_without_credentials(self, folder: Path) -> None:
        steps, _ = await self.steps(DogService(), folder)
        assert steps[2] == ("credentials", True, "none are configured")

    async def test_an_error_without_soap_shows_that_somebody_is_there(self, folder: Path) -> None:
        steps, _ = await self.steps(said(b"<html/>", 400, "text/html"), folder)
        assert steps[1] == (
            "connection",
            True,
            "URL/dogs answers an error without SOAP, as some services do to an empty request",
        )

    @pytest.mark.parametrize("status", [302, 404, 405, 410])
    async def test_no_service_at_this_address(self, folder: Path, status: int) -> None:
        steps, _ = await self.steps(said(b"", status), folder)
        assert [(name, ok) for name, ok, _ in steps] == [("settings", True), ("connection", False)]
        assert f"POST URL/dogs answered {status}" in steps[1][2]

    async def test_a_web_page_at_this_address(self, folder: Path) -> None:
        steps, _ = await self.steps(said(b"<html><title>Prijava</title></html>", 200, "text/html"), folder)
        assert steps[1] == (
            "connection",
            False,
            "POST URL/dogs answered a web page instead of SOAP. (HTML page “Prijava”)",
        )

    async def test_with_a_harmless_operation(self, folder: Path) -> None:
        check = {"operation": "Ping", "parameters": {"value": "hello"}}
        steps, server = await self.steps(DogService(), folder, check=check)
        assert steps[2] == ("credentials", True, "Ping answered")
        assert etree.fromstring(server.requests[1].body)[0][0].text == "hello"

    async def test_a_harmless_operation_that_does_not_exist(self, folder: Path) -> None:
        steps, _ = await self.steps(DogService(), folder, check={"operation": "Pong"})
        assert steps[2][:2] == ("credentials", False)
        assert steps[2][2].startswith("check.operation: the WSDL has no operation Pong")

    async def test_wrong_credentials(self, folder: Path) -> None:
        def before(request: Request) -> Answer | None:
            return Answer(b"no", 401) if request.method == "POST" else None

        steps, _ = await self.steps(DogService(before=before), folder, auth=wsse(digest=True))
        assert steps[2] == (
            "credentials",
            False,
            "POST URL/dogs answered 401: the credentials or rights are not accepted; it said: no",
        )

    async def test_wrong_credentials_by_fault(self, folder: Path) -> None:
        service = DogService()
        fault = etree.Element(f"{{{ENV_11}}}Envelope")
        etree.SubElement(fault, f"{{{ENV_11}}}Body").append(service.fault("InvalidSecurityToken", "no", "x"))

        async def refuse(request: Request) -> Answer:
            return Answer(etree.tostring(fault), 500, {"content-type": "text/xml"})

        steps, _ = await self.steps(refuse, folder, auth=wsse(digest=True))
        assert steps[2] == (
            "credentials",
            False,
            "The service answered with the fault InvalidSecurityToken. (InvalidSecurityToken · no · Problem = x)",
        )

    async def test_nobody_there(self, folder: Path) -> None:
        async with connected("http://127.0.0.1:1/dogs", folder) as connector:
            steps = await connector.check()
        assert [(step.name, step.ok) for step in steps] == [("settings", True), ("connection", False)]

    async def test_a_broken_wsdl_is_found_before_anything_is_called(self, folder: Path) -> None:
        write(folder, dogs_wsdl="<html/>")
        steps, server = await self.steps(DogService(), folder)
        assert steps == [
            (
                "settings",
                False,
                (
                    "wsdl: dogs.wsdl is no WSDL 1.1: it starts with the element html. "
                    "Name the file or address of the WSDL itself."
                ),
            )
        ]
        assert server.requests == []


async def test_secrets_are_in_no_error(folder: Path) -> None:
    """Whatever a back office sends back, the password it was given is not repeated."""
    echo = (
        f'<e:Envelope xmlns:e="{ENV_11}"><e:Body><e:Fault><faultcode>e:Server</faultcode>'
        f"<faultstring>{PASSWORD} is wrong</faultstring></e:Fault></e:Body></e:Envelope>"
    )
    for auth in (wsse(digest=False), {"kind": "basic", "username": "munihub", "password": {"secret": "dogs"}}):
        for handler in (said(echo.encode(), 500), said(f"password: {PASSWORD}".encode(), 403), said(b"<a>", 200)):
            error = await failure(handler, folder, auth=auth)
            assert isinstance(error, RemoteError)
            shown = f"{error!r} {error} {error.evidence}"
            chain = error.__cause__ or error.__context__
            assert PASSWORD not in f"{shown} {chain!r}"
