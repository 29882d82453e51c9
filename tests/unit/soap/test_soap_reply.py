"""From the bytes of a reply to the element in its Body, its fault, or an error."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from lxml import etree

from hub.kernel.errors import RemoteError, RemoteFault, RemoteGarbage, RemoteRefused
from hub.kit.reply import Reply
from hub.kit.soap.envelope import Fault
from hub.kit.soap.reply import check_body, error_of, read_reply
from tests.unit.soap.samples import ENV_11, ENV_12, NS

FAULT_11 = (
    "<e:Fault><faultcode>e:Server.NoSuchDog</faultcode><faultstring>Nema psa 12345678903</faultstring>"
    "<detail><x:Problem><x:Code>D-404</x:Code><x:Text xml:lang='hr'>Nema</x:Text></x:Problem></detail></e:Fault>"
)
FAULT_12 = (
    "<e:Fault><e:Code><e:Value>e:Sender</e:Value><e:Subcode><e:Value>x:NoSuchDog</e:Value>"
    "<e:Subcode><e:Value>x:Chipped</e:Value></e:Subcode></e:Subcode></e:Code>"
    "<e:Reason><e:Text xml:lang='hr'>Nema psa</e:Text><e:Text xml:lang='en'>No dog</e:Text></e:Reason>"
    "<e:Detail><x:Code>D-404</x:Code></e:Detail></e:Fault>"
)


def envelope(body: str, version: str = ENV_11, header: str = "") -> bytes:
    text = (
        f"<e:Envelope xmlns:e='{version}' xmlns:x='urn:x' xmlns:d='{NS}'>{header}<e:Body>{body}</e:Body></e:Envelope>"
    )
    return text.encode()


def reply(content: bytes, status: int = 200, content_type: str = "text/xml; charset=utf-8") -> Reply:
    return Reply(
        method="POST",
        url="http://dogs.example/",
        status=status,
        headers={"content-type": content_type},
        content=content,
        received_at=datetime(2026, 11, 21, tzinfo=UTC),
    )


def read(content: bytes, status: int = 200, content_type: str = "text/xml; charset=utf-8"):
    return read_reply(reply(content, status, content_type), max_bytes=1_000_000)


def refused(content: bytes, status: int = 200, content_type: str = "text/xml") -> RemoteError:
    with pytest.raises(RemoteError) as caught:
        read(content, status, content_type)
    return caught.value


@pytest.mark.parametrize("version", [ENV_11, ENV_12])
def test_the_one_child_of_the_body(version: str) -> None:
    body = read(
        envelope("<!-- x --><d:Pong>yes</d:Pong>\n", version, "<e:Header><x:Any e:mustUnderstand='1'/></e:Header>")
    )
    assert (body.tag, body.text) == (f"{{{NS}}}Pong", "yes")


class TestFaults:
    @pytest.mark.parametrize("status", [200, 400, 500])
    def test_soap_11(self, status: int) -> None:
        assert read(envelope(FAULT_11), status) == Fault(
            ("Server", "NoSuchDog"),
            "Nema psa 12345678903",
            (("Problem", ""), ("Code", "D-404"), ("Text", "Nema")),
            (("", "Nema psa 12345678903"),),
        )

    @pytest.mark.parametrize("status", [200, 400, 500])
    def test_soap_12(self, status: int) -> None:
        assert read(envelope(FAULT_12, ENV_12), status, "application/soap+xml") == Fault(
            ("Sender", "NoSuchDog", "Chipped"),
            "Nema psa",
            (("Code", "D-404"),),
            (("hr", "Nema psa"), ("en", "No dog")),
        )

    def test_children_wrongly_in_the_envelopes_namespace(self) -> None:
        fault = "<e:Fault><e:faultcode>e:Client</e:faultcode><e:faultstring>no</e:faultstring></e:Fault>"
        assert read(envelope(fault), 500) == Fault(("Client",), "no", (), (("", "no"),))

    def test_an_empty_fault(self) -> None:
        found = read(envelope("<e:Fault/>"), 500)
        assert found == Fault((), "", ())
        assert str(error_of(found, "FindDogs")) == "FindDogs answered with the fault no code."

    @pytest.mark.parametrize("word", ["NoSuchDog", "Problem", "D-404", "Nema psa 12345678903"])
    def test_what_a_fault_says(self, word: str) -> None:
        assert read(envelope(FAULT_11), 500).says(word)

    @pytest.mark.parametrize("word", ["NoSuch", "nosuchdog", "D-40", "", "Fault"])
    def test_what_it_does_not_say(self, word: str) -> None:
        assert word == "" or not read(envelope(FAULT_11), 500).says(word)

    def test_the_error_names_the_code_and_keeps_people_out_of_it(self) -> None:
        error = error_of(read(envelope(FAULT_11), 500), "FindDogs")
        assert type(error) is RemoteFault
        assert str(error) == "FindDogs answered with the fault Server.NoSuchDog."
        assert error.evidence == "Server.NoSuchDog · Nema psa [digits] · Code = D-404; Text = Nema"

    def test_a_giant_detail_is_read_in_part(self) -> None:
        fault = f"<e:Fault><detail>{'<x:A>1</x:A>' * 10_000}</detail></e:Fault>"
        assert read(envelope(fault), 500).details == (("A", "1"),) * 200

    def test_long_evidence_is_cut(self) -> None:
        fault = Fault(("Server",), "x" * 1000, ())
        assert fault.evidence() == f"Server · {'x' * 391}…"

    @pytest.mark.parametrize(
        "code", ["FailedAuthentication", "InvalidSecurityToken", "InvalidSecurity", "MessageExpired"]
    )
    @pytest.mark.parametrize("status", [200, 500])
    def test_those_about_credentials_are_refusals(self, code: str, status: int) -> None:
        fault = f"<e:Fault><faultcode>wsse:{code}</faultcode><faultstring>no</faultstring></e:Fault>"
        assert type(error_of(read(envelope(fault), status), "FindDogs")) is RemoteRefused


class TestWhatIsNotSoap:
    def test_other_xml(self) -> None:
        error = refused(b"<dogs/>")
        assert str(error) == "The reply is no SOAP envelope but an element dogs."
        assert type(error) is RemoteGarbage

    def test_an_envelope_of_another_namespace(self) -> None:
        error = refused(envelope("<d:Pong/>", "urn:soap"))
        assert str(error) == "The reply is no SOAP envelope but an element {urn:soap}Envelope."

    @pytest.mark.parametrize(
        ("content", "text"),
        [
            (envelope(""), "The reply's Body must hold one element but holds nothing."),
            (envelope("just text"), "The reply's Body must hold one element but holds nothing."),
            (envelope("<d:A/><x:B/>"), f"The reply's Body must hold one element but holds {{{NS}}}A, {{urn:x}}B."),
            (f"<e:Envelope xmlns:e='{ENV_11}'/>".encode(), "The reply's envelope has 0 Body elements instead of one."),
            (
                envelope("<d:A/></e:Body><e:Body><d:B/>"),
                "The reply's envelope has 2 Body elements instead of one.",
            ),
            (b"", "POST http://dogs.example/ answered 200 without content."),
            (b"   ", "The reply of POST http://dogs.example/ is empty where XML is expected."),
        ],
    )
    def test_broken_envelopes(self, content: bytes, text: str) -> None:
        error = refused(content)
        assert (type(error), str(error)) == (RemoteGarbage, text)

    def test_a_web_page(self) -> None:
        page = b"<!DOCTYPE html><html><head><title>Prijava</title></head><body>tajna</body></html>"
        error = refused(page, 200, "text/html; charset=utf-8")
        assert str(error) == "POST http://dogs.example/ answered a web page instead of SOAP."
        assert (type(error), error.evidence) == (RemoteGarbage, "HTML page “Prijava”")

    @pytest.mark.parametrize(
        ("status", "kind"),
        [(500, RemoteFault), (404, RemoteFault), (401, RemoteRefused), (403, RemoteRefused), (302, RemoteFault)],
    )
    def test_an_unsuccessful_status_speaks_for_itself(self, status: int, kind: type[RemoteError]) -> None:
        error = refused(b"<html><title>Oops</title></html>", status, "text/html")
        assert type(error) is kind
        assert str(error).startswith(f"POST http://dogs.example/ answered {status}")
        assert error.evidence == "HTML page “Oops”"

    def test_an_unsuccessful_status_with_a_body_that_is_no_fault(self) -> None:
        assert type(refused(envelope("<d:Pong/>"), 500)) is RemoteFault

    def test_a_fault_behind_a_refusal_does_not_hide_it(self) -> None:
        assert type(refused(envelope(FAULT_11), 401)) is RemoteRefused


class TestHostileXml:
    @pytest.mark.parametrize(
        "dtd",
        [
            '<!DOCTYPE x [<!ENTITY file SYSTEM "file:///etc/passwd">]>',
            '<!DOCTYPE x SYSTEM "http://127.0.0.1:1/x.dtd">',
            '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>',
            "<!DOCTYPE x [<!ENTITY % p SYSTEM 'http://127.0.0.1:1/'> %p;]>",
        ],
    )
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-16"])
    def test_a_dtd_is_refused_before_anything_is_read(self, dtd: str, encoding: str) -> None:
        body = envelope("<d:Pong>&file;</d:Pong>").decode()
        error = refused(f'<?xml version="1.0" encoding="{encoding}"?>{dtd}{body}'.encode(encoding))
        assert str(error) == "The reply of POST http://dogs.example/ carries a DTD, which is not accepted."

    def test_an_undeclared_entity(self) -> None:
        assert type(refused(envelope("<d:Pong>&nbsp;</d:Pong>"))) is RemoteGarbage

    def test_more_than_may_be_read(self) -> None:
        content = envelope(f"<d:Pong>{'x' * 1000}</d:Pong>")
        with pytest.raises(RemoteGarbage, match=f"has {len(content)} bytes; at most 1000 are read"):
            read_reply(reply(content), max_bytes=1000)

    def test_deep_nesting(self) -> None:
        assert type(refused(envelope("<d:a>" * 300 + "</d:a>" * 300))) is RemoteGarbage


class TestEncodings:
    """RFC 7303 section 3.2: byte order mark, then charset, then declaration; the bytes settle a dispute over UTF-8."""

    TEXT = "Žućo i Šarko"

    def said(self, declared: str | None, charset: str | None, encoding: str) -> str:
        declaration = f'<?xml version="1.0" encoding="{declared}"?>' if declared else ""
        content = (declaration + envelope("<d:Pong>{}</d:Pong>").decode().format(self.TEXT)).encode(encoding)
        text = read(content, 200, f"text/xml; charset={charset}" if charset else "text/xml").text
        assert isinstance(text, str)
        return text

    @pytest.mark.parametrize(
        ("declared", "charset", "encoding"),
        [
            (None, None, "utf-8"),
            ("utf-8", None, "utf-8"),
            ("windows-1250", None, "cp1250"),
            (None, "windows-1250", "cp1250"),
            ("windows-1250", "windows-1250", "cp1250"),
            ("iso-8859-2", None, "iso8859-2"),
            ("utf-16", None, "utf-16"),
            (None, "utf-8", "utf-8-sig"),
            # The charset is authoritative over the declaration (RFC 7303 section 3.2) …
            ("iso-8859-1", "windows-1250", "cp1250"),
            # … but where one of the two is UTF-8, valid UTF-8 is UTF-8 and anything else is not.
            ("windows-1250", "utf-8", "cp1250"),
            ("windows-1250", "utf-8", "utf-8"),
            ("utf-8", "windows-1250", "utf-8"),
            ("utf-8", "windows-1250", "cp1250"),
        ],
    )
    def test_umlauts_survive(self, declared: str | None, charset: str | None, encoding: str) -> None:
        assert self.said(declared, charset, encoding) == self.TEXT

    def test_a_declaration_nobody_knows(self) -> None:
        assert type(refused(b'<?xml version="1.0" encoding="x-secret"?><a/>')) is RemoteGarbage

    def test_bytes_that_are_not_what_they_say(self) -> None:
        error = refused(envelope("<d:Pong>{}</d:Pong>").decode().format(self.TEXT).encode("cp1250"))
        assert "is not utf-8 text as it says" in str(error)


def test_the_body_must_be_the_reply_of_the_operation() -> None:
    body = etree.fromstring("<Pong xmlns='urn:other'/>")
    with pytest.raises(RemoteGarbage) as caught:
        check_body(body, etree.QName(NS, "Pong"), None, size=0)
    assert str(caught.value) == f"The reply must be {{{NS}}}Pong but is {{urn:other}}Pong."
    check_body(body, etree.QName("urn:other", "Pong"), None, size=0)
