"""What is sent to a SOAP service and comes back beside the plain: writes, attachments, addressing, signatures."""

from __future__ import annotations

import base64
import gzip
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from lxml import etree
from pydantic import SecretStr

from connectors.soap.connector import SoapConnector
from hub.kernel.errors import (
    ConfigurationError,
    RemoteError,
    RemoteFault,
    RemoteGarbage,
    RemoteRefused,
    RemoteTimeout,
    RemoteUnavailable,
)
from hub.kit import xml_encryption
from hub.kit.soap import multipart
from hub.kit.soap.addressing import NAMESPACES
from hub.kit.xml_signature import canonical_octets, made_by, read_signature
from hub.ports.back_office import Arguments, Page, Surroundings
from tests.support.http_server import Answer, Request, Server, serve
from tests.support.saml_idp import key, pem
from tests.support.soap_signer import DS, WSSE, WSU, XENC, envelope, signed, stamp
from tests.unit.soap.files_samples import FILES, files_wsdl
from tests.unit.soap.samples import ENV_11, ENV_12, write

OURS, PEER = key("munihub"), key("registry")
XOP = "{http://www.w3.org/2004/08/xop/include}Include"
ADDED = f'<AddFileResponse xmlns="{FILES}"><Number>7</Number></AddFileResponse>'
BIG = bytes(range(256)) * 8
Handler = Callable[[Request], Any]


def secret(name: str) -> SecretStr:
    return SecretStr({"hub-key": pem(OURS.private).decode(), "files": "pas-Mater-4711"}[name])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "hub.pem").write_text(OURS.certificate.pem)
    (tmp_path / "registry.pem").write_text(PEER.certificate.pem)
    return write(tmp_path, files_wsdl=files_wsdl(), files12_wsdl=files_wsdl(prefix="soap12"))


@asynccontextmanager
async def connected(endpoint: str, folder: Path, **settings: Any) -> AsyncIterator[SoapConnector]:
    settings = {"wsdl": "files.wsdl", "endpoint": endpoint, "retries": {"attempts": 1}, **settings}
    connector = SoapConnector(
        SoapConnector.Settings.model_validate(settings),
        Surroundings("vzorov", "spisy", folder, ZoneInfo("Europe/Prague"), secret),
    )
    try:
        yield connector
    finally:
        await connector.close()


def soap(body: str, *, version: str = ENV_11, header: str = "", kind: str = "text/xml", status: int = 200) -> Answer:
    text = f'<s:Envelope xmlns:s="{version}">{header}<s:Body>{body}</s:Body></s:Envelope>'
    return Answer(text.encode(), status, {"content-type": f"{kind}; charset=utf-8"})


def saying(answer: Answer) -> Handler:
    async def handle(_: Request) -> Answer:
        return answer

    return handle


async def send(
    handler: Handler,
    folder: Path,
    values: dict[str, Any] | None = None,
    call: dict[str, Any] | None = None,
    **settings: Any,
) -> tuple[Page, Server]:
    async with serve(handler) as server, connected(f"{server.url}/files", folder, **settings) as connector:
        operation = connector.operation({"operation": "AddFile", **(call or {})})
        page = await operation.send({"Name": "a.pdf"} if values is None else values, key="k-1")
    return page, server


async def failure(handler: Handler, folder: Path, **how: Any) -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        await send(handler, folder, **how)
    return caught.value


def body_of(request: Request) -> etree._Element:
    root = etree.fromstring(request.body)
    return root[-1][0]


class TestWriting:
    async def test_the_reply_is_the_page(self, folder: Path) -> None:
        page, server = await send(saying(soap(ADDED)), folder, {"Name": "a.pdf", "Content": b"abc", "Closed": None})
        assert page.document.findtext(f"{{{FILES}}}Number") == "7"
        (request,) = server.requests
        sent = body_of(request)
        assert [(etree.QName(one).localname, one.text) for one in sent] == [
            ("Name", "a.pdf"),
            ("Content", "YWJj"),
            ("Closed", None),
        ]
        assert sent[2].get("{http://www.w3.org/2001/XMLSchema-instance}nil") == "true"
        assert request.headers["soapaction"] == f'"{FILES}:AddFile"'

    async def test_our_key_where_the_call_names_a_header(self, folder: Path) -> None:
        _, server = await send(saying(soap(ADDED)), folder, call={"key_header": "Idempotency-Key"})
        assert server.requests[0].headers["idempotency-key"] == "k-1"

    @pytest.mark.parametrize("status", [200, 202, 204])
    async def test_an_operation_without_an_answer(self, folder: Path, status: int) -> None:
        page, server = await send(saying(Answer(b"", status)), folder, {"Number": 7}, {"operation": "ForgetFile"})
        assert (page.document.tag, len(page.document), page.raw) == ("ForgetFileResponse", 0, b"")
        assert body_of(server.requests[0]).tag == f"{{{FILES}}}ForgetFile"

    async def test_an_empty_body_where_none_is_declared(self, folder: Path) -> None:
        page, _ = await send(saying(soap("")), folder, {"Number": 7}, {"operation": "ForgetFile"})
        assert len(page.document) == 0

    async def test_something_else_where_none_is_declared(self, folder: Path) -> None:
        call = {"operation": "ForgetFile"}
        error = await failure(saying(soap("<Error>not forgotten</Error>")), folder, values={"Number": 7}, call=call)
        assert (type(error), error.reached) == (RemoteGarbage, None)
        assert "not forgotten" not in str(error)
        page, _ = await send(saying(soap("<ForgetFileResponse/>")), folder, {"Number": 7}, call)
        assert page.document.tag == "ForgetFileResponse"

    async def test_nothing_where_an_answer_is_declared(self, folder: Path) -> None:
        error = await failure(saying(Answer(b"", 200)), folder)
        assert (type(error), error.reached) == (RemoteGarbage, None)

    async def test_nothing_is_repeated(self, folder: Path) -> None:
        asked = 0

        async def busy(_: Request) -> Answer:
            nonlocal asked
            asked += 1
            return Answer(b"", 502)

        error = await failure(busy, folder, retries={"attempts": 5})
        assert (type(error), error.reached, asked) == (RemoteUnavailable, None, 1)

    @pytest.mark.parametrize(
        ("code", "kind", "reached"),
        [
            ("s:Client", RemoteFault, True),
            ("s:Client.NoName", RemoteFault, True),
            ("s:Server", RemoteFault, None),
            ("s:Server.Full", RemoteFault, None),
            ("s:MustUnderstand", RemoteFault, True),
            ("wsse:FailedAuthentication", RemoteRefused, True),
        ],
    )
    async def test_what_a_fault_says_of_the_request(
        self, folder: Path, code: str, kind: type[RemoteError], reached: object
    ) -> None:
        fault = f"<s:Fault><faultcode>{code}</faultcode><faultstring>no</faultstring></s:Fault>"
        error = await failure(saying(soap(fault, status=500)), folder)
        assert (type(error), error.reached) == (kind, reached)

    @pytest.mark.parametrize(("code", "reached"), [("Sender", True), ("Receiver", None)])
    async def test_a_fault_of_soap_12(self, folder: Path, code: str, reached: object) -> None:
        fault = f"<s:Fault><s:Code><s:Value>s:{code}</s:Value></s:Code><s:Reason><s:Text xml:lang='en'>no</s:Text></s:Reason></s:Fault>"
        answer = soap(fault, version=ENV_12, kind="application/soap+xml", status=500)
        assert (await failure(saying(answer), folder, wsdl="files12.wsdl")).reached is reached

    async def test_a_refusal_the_town_knows(self, folder: Path) -> None:
        fault = "<s:Fault><faultcode>s:Server</faultcode><faultstring>no</faultstring><detail><x>E-17</x></detail></s:Fault>"
        answer = saying(soap(fault, status=500))
        assert (await failure(answer, folder, call={"refusals": ["E-17"]})).reached is True
        assert (await failure(answer, folder, call={"refusals": ["E-18"]})).reached is None

    async def test_nobody_there(self, folder: Path) -> None:
        async with connected("http://127.0.0.1:1/files", folder) as connector:
            with pytest.raises(RemoteUnavailable) as caught:
                await connector.operation({"operation": "AddFile"}).send({"Name": "a"}, key="k")
        assert caught.value.reached is False

    async def test_no_answer_in_time(self, folder: Path) -> None:
        async def closed(request: Request) -> None:
            return None

        error = await failure(closed, folder, timeout={"read": "1s", "total": "2s"})
        assert isinstance(error, RemoteTimeout | RemoteUnavailable)
        assert error.reached is None

    async def test_a_wsdl_that_cannot_be_had_reached_nobody(self, folder: Path) -> None:
        async with (
            serve(saying(Answer(b"", 500))) as server,
            connected(f"{server.url}/files", folder, wsdl=f"{server.url}/files.wsdl") as connector,
        ):
            with pytest.raises(RemoteFault) as caught:
                await connector.operation({"operation": "AddFile"}).send({"Name": "a"}, key="k")
        assert caught.value.reached is False

    @pytest.mark.parametrize(
        ("call", "key", "problem"),
        [
            ({"operation": "AddFiles"}, "call.operation", "the WSDL has no operation AddFiles"),
            ({"headers": {"x": 1}}, "call.headers.x", "the WSDL knows no x here"),
            ({"body": 1}, "call.body", "unknown key"),
            ({"refusals": ["Server"]}, "call", "a broken service would look like a refusal"),
        ],
    )
    async def test_mistakes_in_the_call(self, folder: Path, call: dict[str, Any], key: str, problem: str) -> None:
        async with connected("http://127.0.0.1:1/files", folder) as connector:
            with pytest.raises(ConfigurationError) as caught:
                connector.operation({"operation": "AddFile", **call})
        assert caught.value.key == key
        assert problem in caught.value.problem

    @pytest.mark.parametrize(
        ("values", "key"),
        [
            ({"Name": "a", "Number": 1}, "request.parameters.Number"),
            ({}, "request"),
            ({"Name": b"bytes"}, "request"),
            ({"Name": "a", "Closed": "soon"}, "request"),
        ],
    )
    async def test_values_that_do_not_fit_are_not_sent(self, folder: Path, values: dict[str, Any], key: str) -> None:
        async with serve(saying(soap(ADDED))) as server, connected(server.url, folder) as connector:
            with pytest.raises(ConfigurationError) as caught:
                await connector.operation({"operation": "AddFile"}).send(values, key="k")
        assert server.requests == []
        assert caught.value.key == key


class TestAttachmentsOut:
    async def test_mtom(self, folder: Path) -> None:
        values = {"Name": "a.pdf", "Content": BIG}
        _, server = await send(saying(soap(ADDED)), folder, values, mtom=True)
        (request,) = server.requests
        assert request.headers["content-type"].startswith('multipart/related; boundary="munihub-')
        assert request.headers["content-type"].endswith('type="application/xop+xml"; start-info="text/xml"')
        assert request.headers["soapaction"] == f'"{FILES}:AddFile"'
        message = multipart.parse(request.body, request.headers["content-type"], max_bytes=10_000, what="it")
        assert message.root.media_type == "application/xop+xml"
        include = etree.fromstring(message.root.content).find(f".//{XOP}")
        (part,) = message.parts
        assert include.get("href") == f"cid:{part.content_id}"
        assert part.content == BIG

    async def test_mtom_of_soap_12(self, folder: Path) -> None:
        answer = soap(ADDED, version=ENV_12, kind="application/soap+xml")
        _, server = await send(saying(answer), folder, {"Name": "a", "Content": BIG}, mtom=True, wsdl="files12.wsdl")
        kind = server.requests[0].headers["content-type"]
        assert f'start-info="application/soap+xml"; action="{FILES}:AddFile"' in kind

    async def test_small_values_stay(self, folder: Path) -> None:
        _, server = await send(saying(soap(ADDED)), folder, {"Name": "a.pdf", "Content": b"abc"}, mtom=True)
        assert server.requests[0].headers["content-type"] == "text/xml; charset=utf-8"

    async def test_large_values_stay_where_mtom_is_off(self, folder: Path) -> None:
        _, server = await send(saying(soap(ADDED)), folder, {"Name": "a.pdf", "Content": BIG})
        content = body_of(server.requests[0]).findtext(f"{{{FILES}}}Content")
        assert base64.b64decode(content or "") == BIG

    async def test_a_reference(self, folder: Path) -> None:
        _, server = await send(saying(soap(ADDED)), folder, {"Name": "a.pdf", "Copy": b"abc"})
        (request,) = server.requests
        assert request.headers["content-type"].endswith('type="text/xml"')
        message = multipart.parse(request.body, request.headers["content-type"], max_bytes=10_000, what="it")
        (part,) = message.parts
        assert etree.fromstring(message.root.content).findtext(f".//{{{FILES}}}Copy") == f"cid:{part.content_id}"
        assert part.content == b"abc"


def parts(root: str, *others: tuple[str, bytes], kind: str = "application/xop+xml", start: str = "") -> Answer:
    pieces = [f'--b\r\nContent-Type: {kind}; charset=utf-8; type="text/xml"\r\nContent-ID: <r@x>\r\n\r\n'.encode()]
    pieces.append(f'<s:Envelope xmlns:s="{ENV_11}"><s:Body>{root}</s:Body></s:Envelope>'.encode())
    for head, content in others:
        pieces.append(b"\r\n--b\r\n" + head.replace("\n", "\r\n").encode() + b"\r\n\r\n" + content)
    pieces.append(b"\r\n--b--\r\n")
    return Answer(b"".join(pieces), 200, {"content-type": f"multipart/related; boundary=b{start}"})


def include(name: str, tag: str = "Content") -> str:
    return f'<{tag}><xop:Include xmlns:xop="http://www.w3.org/2004/08/xop/include" href="{name}"/></{tag}>'


def file(inside: str) -> str:
    return f'<GetFileResponse xmlns="{FILES}">{inside}</GetFileResponse>'


GET = {"operation": "GetFile", "parameters": {"Number": 7}}


class TestAttachmentsIn:
    async def read(self, answer: Answer, folder: Path, **settings: Any) -> list[bytes]:
        async with serve(saying(answer)) as server, connected(server.url, folder, **settings) as connector:
            feed = connector.feed(GET)
            (page,) = [page async for page in feed.read(Arguments(now=datetime.now(UTC)))]
        assert page.raw == answer.body
        return [base64.b64decode(one.text or "") for one in page.document]

    async def refused(self, answer: Answer, folder: Path, **settings: Any) -> str:
        with pytest.raises(RemoteGarbage) as caught:
            await self.read(answer, folder, **settings)
        return str(caught.value)

    async def test_mtom(self, folder: Path) -> None:
        answer = parts(file(include("cid:a%40x")), ("Content-ID: <a@x>\nContent-Type: application/pdf", BIG))
        assert await self.read(answer, folder) == [BIG]

    async def test_references(self, folder: Path) -> None:
        answer = parts(file("<Copy>cid:a@x</Copy>"), ("Content-ID: <a@x>", b"abc"), kind="text/xml")
        assert await self.read(answer, folder) == [b"abc"]

    async def test_the_part_that_start_names(self, folder: Path) -> None:
        answer = parts(file(""), start='; start="<r@x>"; type="application/xop+xml"')
        assert await self.read(answer, folder) == []

    async def test_an_attachment_nobody_names_is_harmless(self, folder: Path) -> None:
        assert await self.read(parts(file(""), ("Content-ID: <a@x>", b"abc")), folder) == []

    @pytest.mark.parametrize(
        ("inside", "why"),
        [
            (include("cid:b@x"), "names an attachment that is not there"),
            (include("http://169.254.169.254/latest"), "points outside of itself"),
            (include("file:///etc/passwd"), "points outside of itself"),
            (include(""), "points outside of itself"),
            (f"<Content>x{include('cid:a@x')}</Content>", "is not the only content"),
            (include("cid:a@x", "Copy") + "<Copy>cid:gone@x</Copy>", "names an attachment that is not there"),
        ],
    )
    async def test_what_is_named(self, folder: Path, inside: str, why: str) -> None:
        inside = inside.replace("<Content>x<Content>", "<Content>x").replace("</Content></Content>", "</Content>")
        assert why in await self.refused(parts(file(inside), ("Content-ID: <a@x>", b"YWJj")), folder)

    async def test_one_named_often_is_a_bomb(self, folder: Path) -> None:
        answer = parts(file(include("cid:a@x") * 30), ("Content-ID: <a@x>", b"x" * 50_000))
        assert "repeats its attachments" in await self.refused(answer, folder, max_reply_bytes=100_000)

    async def test_a_signature_does_not_cover_references(self, folder: Path) -> None:
        body = file("<Copy>cid:a@x</Copy>")
        message = signed(envelope(body, timestamp=stamp(datetime.now(UTC))), PEER)
        head = b"--b\r\nContent-Type: text/xml\r\n\r\n"
        content = head + message + b"\r\n--b\r\nContent-ID: <a@x>\r\n\r\nabc\r\n--b--"
        answer = Answer(content, 200, {"content-type": "multipart/related; boundary=b"})
        why = await self.refused(answer, folder, security={"verify": {"certificates": ["registry.pem"]}})
        assert "its signature does not cover" in why

    async def test_a_signature_covers_what_stands_in_the_envelope(self, folder: Path) -> None:
        whole = file(f"<Content>{base64.b64encode(BIG).decode()}</Content>")
        message = signed(envelope(whole, timestamp=stamp(datetime.now(UTC))), PEER).decode()
        moved = message.replace(f"<Content>{base64.b64encode(BIG).decode()}</Content>", include("cid:a@x"))
        assert moved != message
        head = b"--b\r\nContent-Type: application/xop+xml\r\n\r\n"
        for content, good in ((BIG, True), (BIG[:-1] + b"!", False)):
            raw = head + moved.encode() + b"\r\n--b\r\nContent-ID: <a@x>\r\n\r\n" + content + b"\r\n--b--"
            answer = Answer(raw, 200, {"content-type": "multipart/related; boundary=b"})
            security = {"verify": {"certificates": ["registry.pem"]}}
            if good:
                assert await self.read(answer, folder, security=security) == [BIG]
            else:
                assert "changed after it was signed" in await self.refused(answer, folder, security=security)


class TestAttacks:
    """What a service, or somebody on the way, could answer instead."""

    async def refused(self, answer: Answer, folder: Path, **settings: Any) -> str:
        error = await failure(saying(answer), folder, max_reply_bytes=100_000, **settings)
        return f"{type(error).__name__}: {error}"

    @pytest.mark.parametrize("kind", ["text/xml", "multipart/related; boundary=b"])
    async def test_a_gzip_bomb(self, folder: Path, kind: str) -> None:
        answer = Answer(gzip.compress(bytes(50_000_000)), 200, {"content-type": kind, "content-encoding": "gzip"})
        assert "more than the 100000 bytes that max_reply_bytes allows" in await self.refused(answer, folder)

    async def test_a_gzip_bomb_within_a_part(self, folder: Path) -> None:
        head = "Content-ID: <a@x>\nContent-Transfer-Encoding: gzip"
        answer = parts(file(include("cid:a@x")), (head, gzip.compress(bytes(1_000_000))))
        assert "'gzip', which is not known" in await self.refused(answer, folder)

    @pytest.mark.parametrize(
        "dtd",
        [
            '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>',
            '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY e "&a;&a;&a;&a;&a;&a;">]>',
        ],
    )
    async def test_entities_within_the_part_with_the_envelope(self, folder: Path, dtd: str) -> None:
        answer = parts(file("&e;"))
        body = answer.body.replace(b"<s:Envelope", dtd.encode() + b"<s:Envelope", 1)
        assert "carries a DTD" in await self.refused(Answer(body, 200, answer.headers), folder)

    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    async def test_a_redirect_is_not_followed(self, folder: Path, status: int) -> None:
        async with serve(saying(soap(ADDED))) as other:
            answer = Answer(b"", status, {"location": f"{other.url}/latest/meta-data"})
            assert "redirects are not followed" in await self.refused(answer, folder)
        assert other.requests == []

    async def test_a_reply_that_names_parts_elsewhere_fetches_nothing(self, folder: Path) -> None:
        async with serve(saying(soap(ADDED))) as other:
            answer = parts(file(include(f"{other.url}/a") + f"<Copy>{other.url}/b</Copy>"))
            assert "points outside of itself" in await self.refused(answer, folder)
        assert other.requests == []

    @pytest.mark.parametrize(
        ("content", "kind", "said"),
        [
            (b"<html><title>Oops</title><body>Ana Novak</body></html>", "text/html", "it said: HTML page “Oops”"),
            (b'{"error": "Ana Novak", "code": 17}', "application/json", 'it said: {"error": …, "code": …}'),
            (b"Out of memory\nAna Novak", "text/plain", "it said: Out of memory"),
        ],
    )
    async def test_errors_without_soap_are_shown_shortened(
        self, folder: Path, content: bytes, kind: str, said: str
    ) -> None:
        text = await self.refused(Answer(content, 500, {"content-type": kind}), folder)
        assert said in text
        assert "Novak" not in text

    async def test_a_password_that_is_sent_back(self, folder: Path) -> None:
        auth = {"kind": "wsse", "username": "munihub", "password": {"secret": "files"}, "digest": False}
        for kind in ("text/plain", "text/html"):
            page = b"<html><title>pas-Mater-4711</title></html>" if kind == "text/html" else b"pas-Mater-4711 is wrong"
            error = await failure(saying(Answer(page, 500, {"content-type": kind})), folder, auth=auth)
            assert "pas-Mater" not in f"{error} {error.evidence} {error.args}"
            assert "[secret]" in str(error)


def addressing(request: Request) -> dict[str, str | None]:
    namespaces = set(NAMESPACES.values())
    header = etree.fromstring(request.body)[0]
    return {
        etree.QName(one).localname: "".join(one.itertext())
        for one in header
        if etree.QName(one).namespace in namespaces
    }


class TestAddressing:
    async def test_where_the_settings_say_so(self, folder: Path) -> None:
        for version, namespace in NAMESPACES.items():
            _, server = await send(saying(soap(ADDED)), folder, addressing=version)
            (request,) = server.requests
            said = addressing(request)
            anonymous = "anonymous" if version == "2005-08" else "role/anonymous"
            assert (said["Action"], said["To"], said["ReplyTo"]) == (
                f"{FILES}:AddFile",
                f"{server.url}/files",
                f"{namespace}/{anonymous}",
            )
            assert (said["MessageID"] or "").startswith("urn:uuid:")

    @pytest.mark.parametrize(
        ("asks", "sent"),
        [
            ("", False),
            ('<x:UsingAddressing xmlns:x="http://www.w3.org/2006/05/addressing/wsdl"/>', True),
            (
                """<wsp:Policy xmlns:wsp="http://www.w3.org/ns/ws-policy">
                <x:Addressing xmlns:x="http://www.w3.org/2007/05/addressing/metadata"/></wsp:Policy>""",
                True,
            ),
        ],
    )
    async def test_where_the_wsdl_asks(self, folder: Path, asks: str, sent: object) -> None:
        write(folder, files_wsdl=files_wsdl(addressing=asks))
        _, server = await send(saying(soap(ADDED)), folder)
        assert (b"MessageID" in server.requests[0].body) is sent
        if sent:
            _, server = await send(saying(soap(ADDED)), folder, addressing="none")
            assert b"MessageID" not in server.requests[0].body

    @pytest.mark.parametrize("fits", [True, False, None])
    async def test_a_reply_to_another_message(self, folder: Path, fits: object) -> None:
        async def answer(request: Request) -> Answer:
            related = addressing(request)["MessageID"] if fits else "urn:uuid:other"
            block = f'<a:RelatesTo xmlns:a="{NAMESPACES["2005-08"]}">{related}</a:RelatesTo>'
            return soap(ADDED, header="" if fits is None else f"<s:Header>{block}</s:Header>")

        if fits is False:
            error = await failure(answer, folder, addressing="2005-08")
            assert "answers another message" in str(error)
        else:
            page, _ = await send(answer, folder, addressing="2005-08")
            assert page.document.findtext(f"{{{FILES}}}Number") == "7"


VERIFY = {"verify": {"certificates": ["registry.pem"]}}
SIGN = {"certificate": "hub.pem", "key": {"secret": "hub-key"}}


class TestSecurityOut:
    def verified(self, request: Request) -> dict[str, etree._Element]:
        """What the signature of a request covers, by name, verified."""
        root = etree.fromstring(request.body)
        (signature,) = root.iter(f"{{{DS}}}Signature")
        info = read_signature(signature, "request")
        assert info.method == "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
        found = {}
        for reference in info.references:
            name = (reference.uri or "")[1:]
            (element,) = [one for one in root.iter() if one.get(f"{{{WSU}}}Id") == name]
            assert reference.used == ("http://www.w3.org/2001/10/xml-exc-c14n#",)
            assert reference.fits(canonical_octets(element, ()), "sha256")
            found[etree.QName(element).localname] = element
        registered = [(element, "Id", WSU) for element in found.values()]
        assert made_by(signature, [OURS.certificate], registered)
        assert not made_by(signature, [PEER.certificate], registered)
        return found

    @pytest.mark.parametrize("token", ["certificate", "issuer_serial"])
    async def test_signed(self, folder: Path, token: str) -> None:
        auth = {"kind": "wsse", "username": "munihub", "password": {"secret": "files"}, "digest": True}
        _, server = await send(
            saying(soap(ADDED)), folder, security={"sign": SIGN | {"token": token}}, addressing="2005-08", auth=auth
        )
        (request,) = server.requests
        covered = self.verified(request)
        assert set(covered) == {"Body", "Timestamp", "UsernameToken", "Action", "MessageID", "To", "ReplyTo"}
        root = etree.fromstring(request.body)
        tokens = list(root.iter(f"{{{WSSE}}}BinarySecurityToken"))
        if token == "certificate":
            assert [one.text for one in tokens] == [OURS.certificate.base64]
        else:
            assert tokens == []
            assert root.findtext(f".//{{{DS}}}X509SerialNumber") == str(OURS.certificate.parsed.serial_number)
        created, expires = (datetime.fromisoformat(one.text or "") for one in covered["Timestamp"])
        assert (expires - created).total_seconds() == 300
        assert abs((datetime.now(UTC) - created).total_seconds()) < 60

    async def test_a_timestamp_alone(self, folder: Path) -> None:
        _, server = await send(saying(soap(ADDED)), folder, security={"timestamp": "1m"})
        root = etree.fromstring(server.requests[0].body)
        assert len(list(root.iter(f"{{{WSU}}}Timestamp"))) == 1
        assert list(root.iter(f"{{{DS}}}Signature")) == []

    @pytest.mark.parametrize("cipher", ["aes256-gcm", "aes128-gcm", "aes256-cbc", "aes128-cbc"])
    async def test_encrypted(self, folder: Path, cipher: str) -> None:
        encrypt = {"certificate": "registry.pem", "cipher": cipher}
        values = {"Name": "tajna.pdf", "Content": BIG}
        _, server = await send(saying(soap(ADDED)), folder, values, security={"sign": SIGN, "encrypt": encrypt})
        (request,) = server.requests
        assert b"tajna" not in request.body
        root = etree.fromstring(request.body)
        security = root.find(f".//{{{WSSE}}}Security")
        assert security[0].tag == f"{{{XENC}}}EncryptedKey"
        (data,) = root[-1]
        plain = xml_encryption.decrypt(data, [security[0]], [PEER.private], what="request")
        root[-1].replace(data, etree.fromstring(plain))
        assert root[-1][0].findtext(f"{{{FILES}}}Name") == "tajna.pdf"
        again = Request(request.method, request.target, request.headers, etree.tostring(root), None)  # type: ignore[arg-type]
        assert "Body" in self.verified(again)

    async def test_mtom_and_a_signature(self, folder: Path) -> None:
        values = {"Name": "a", "Content": BIG}
        _, server = await send(saying(soap(ADDED)), folder, values, mtom=True, security={"sign": SIGN})
        (request,) = server.requests
        message = multipart.parse(request.body, request.headers["content-type"], max_bytes=20_000, what="it")
        root = etree.fromstring(message.root.content)
        include_ = root.find(f".//{XOP}")
        holder = include_.getparent()
        holder.remove(include_)
        holder.text = base64.b64encode(message.parts[0].content).decode()
        again = Request(request.method, request.target, request.headers, etree.tostring(root), None)  # type: ignore[arg-type]
        assert "Body" in self.verified(again)

    @pytest.mark.parametrize(
        ("security", "key"),
        [
            ({"sign": SIGN | {"certificate": "gone.pem"}}, "security.sign.certificate"),
            ({"sign": SIGN | {"certificate": "registry.pem"}}, "security.sign.key"),
            ({"sign": SIGN | {"key": {"secret": "files"}}}, "security.sign.key"),
            ({"verify": {"certificates": ["files.wsdl"]}}, "security.verify.certificates.0"),
            ({"encrypt": {"certificate": "gone.pem"}}, "security.encrypt.certificate"),
        ],
    )
    async def test_keys_that_cannot_be_used(self, folder: Path, security: dict[str, Any], key: str) -> None:
        async with serve(saying(soap(ADDED))) as server, connected(server.url, folder, security=security) as connector:
            with pytest.raises(ConfigurationError) as caught:
                await connector.operation({"operation": "AddFile"}).send({"Name": "a"}, key="k")
            steps = await connector.check()
        assert caught.value.key == key
        assert [(step.name, step.ok) for step in steps] == [("settings", False)]
        assert server.requests == []

    def test_who_decrypts_must_verify(self) -> None:
        settings = {"wsdl": "x", "endpoint": "http://127.0.0.1:1/", "security": {"decrypt": [SIGN]}}
        with pytest.raises(ValueError, match="decrypt needs verify"):
            SoapConnector.Settings.model_validate(settings)


class TestSecurityIn:
    async def test_a_signed_reply(self, folder: Path) -> None:
        message = signed(envelope(ADDED, timestamp=stamp(datetime.now(UTC))), PEER)
        answer = Answer(message, 200, {"content-type": "text/xml"})
        page, _ = await send(saying(answer), folder, security=VERIFY)
        assert page.document.findtext(f"{{{FILES}}}Number") == "7"

    async def test_an_unsigned_one_leaves_doubt(self, folder: Path) -> None:
        error = await failure(saying(soap(ADDED)), folder, security=VERIFY)
        assert (type(error), error.reached) == (RemoteGarbage, None)
        assert "must be signed" in str(error)

    async def test_an_unsigned_fault_never_means_that_nothing_is_known(self, folder: Path) -> None:
        fault = "<s:Fault><faultcode>s:Client.NoSuchFile</faultcode><faultstring>no</faultstring></s:Fault>"
        source = {"operation": "GetFile", "parameters": {"Number": 7}, "not_found": ["NoSuchFile"]}
        answer = saying(soap(fault, status=500))
        async with serve(answer) as server, connected(server.url, folder, security=VERIFY) as connector:
            with pytest.raises(RemoteFault, match="not signed"):
                await anext(aiter(connector.feed(source).read(Arguments(now=datetime.now(UTC)))))
