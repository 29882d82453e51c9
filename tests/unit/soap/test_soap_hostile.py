"""Replies and WSDLs made to be misread, or to cost far more than they weigh."""

from __future__ import annotations

import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ed25519
from cryptography.x509.oid import NameOID
from lxml import etree

from hub.kernel.errors import ConfigurationError, HubError, RemoteGarbage
from hub.kit.certificates import Certificate
from hub.kit.reply import Reply
from hub.kit.soap import encoding
from hub.kit.soap.bombs import refuse_bombs
from hub.kit.soap.contract import load_contract
from hub.kit.soap.documents import collect_from_folder
from hub.kit.soap.envelope import Fault, body_of, open_body
from hub.kit.soap.reply import Reading, open_reply
from hub.kit.soap.verifying import Guard
from hub.kit.soap.wss import Material, SecuritySettings, Verify, load_material
from tests.support.saml_idp import key
from tests.support.soap_signer import ENV, NOW, WSSE, envelope, sealed, signed, stamp
from tests.unit.soap.samples import MESSAGES, NS, SCHEMA, binding, definitions, dogs, port, service, types, write

PEER, OURS = key("registry"), key("munihub")
PONG = "<d:Pong>yes</d:Pong>"
ADDRESSING = "http://www.w3.org/2005/08/addressing"
ATTRIBUTES = " ".join(f'a{number}="1"' for number in range(20_000))
SOON = 2.0
"""Seconds; what is refused here took from 5 seconds to minutes."""


def read(message: bytes, *, message_id: str | None = None, **verify: Any) -> Any:
    settings = Verify.model_validate({"certificates": ["registry.pem"], **verify})
    guard = Guard(settings, Material(None, (PEER.certificate,), None, (OURS.private,)))
    reply = Reply("POST", "http://dogs.example/", 200, {"content-type": "text/xml"}, message, NOW)
    return open_reply(reply, Reading(20_000_000, guard=guard, message_id=message_id)).found


def refused(message: bytes, **more: Any) -> str:
    started = time.monotonic()
    with pytest.raises(RemoteGarbage) as caught:
        read(message, **more)
    assert time.monotonic() - started < SOON
    return str(caught.value)


class TestSignedReplies:
    def test_one_thing_signed_many_times_is_not_digested_many_times(self) -> None:
        large = "<d:Pong>" + "<d:x/>" * 20_000 + "</d:Pong>"
        assert "covers one thing twice" in refused(signed(envelope(large), PEER, ids=("body",) * 30))

    def test_attributes_that_are_costly_to_sort(self) -> None:
        message = signed(envelope(PONG), PEER)
        for place in (b"<d:Pong", b"<ds:SignedInfo"):
            crowded = message.replace(place, place + b" " + ATTRIBUTES.encode(), 1)
            assert "an element of more than 500 attributes" in refused(crowded)

    def test_many_encrypted_keys(self) -> None:
        data, wrapped = sealed(b"<x/>", OURS)
        root = etree.fromstring(signed(envelope(data), PEER))
        security = root.find(f".//{{{WSSE}}}Security")
        for _ in range(5):
            security.insert(0, etree.fromstring(wrapped.replace("ReferenceList", "Other")))
        assert "more than 4 encrypted keys" in refused(etree.tostring(root))

    def test_an_old_answer_that_calls_itself_good_for_a_year(self) -> None:
        old = stamp(NOW - timedelta(minutes=11), timedelta(days=365))
        assert "is too old" in refused(signed(envelope(PONG, timestamp=old), PEER))

    @pytest.mark.parametrize(("related", "ids"), [("", ()), ("urn:uuid:1", ()), ("urn:uuid:2", ("rel",))])
    def test_the_recorded_answer_to_another_question(self, related: str, ids: tuple[str, ...]) -> None:
        header = f'<a:RelatesTo xmlns:a="{ADDRESSING}" wsu:Id="rel">{related}</a:RelatesTo>' if related else ""
        message = signed(envelope(PONG, header=header), PEER, ids=("ts", "body", *ids))
        assert "wsa:RelatesTo" in refused(message, message_id="urn:uuid:1")

    def test_the_answer_to_ours(self) -> None:
        header = f'<a:RelatesTo xmlns:a="{ADDRESSING}" wsu:Id="rel">urn:uuid:1</a:RelatesTo>'
        message = signed(envelope(PONG, header=header), PEER, ids=("ts", "body", "rel"))
        assert read(message, message_id="urn:uuid:1").text == "yes"
        plain = signed(envelope(PONG), PEER)
        assert read(plain, message_id="urn:uuid:1", relates_to=False).text == "yes"

    def test_a_certificate_whose_key_nobody_can_verify_with(self, tmp_path: Path) -> None:
        private = ed25519.Ed25519PrivateKey.generate()
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "odd")])
        builder = x509.CertificateBuilder(name, name, private.public_key(), 1, NOW, NOW + timedelta(days=1))
        (tmp_path / "odd.pem").write_text(Certificate.of(builder.sign(private, None)).pem)
        settings = SecuritySettings.model_validate({"verify": {"certificates": ["odd.pem"]}})
        with pytest.raises(ConfigurationError, match="another key than RSA or EC"):
            load_material(settings, folder=tmp_path, secret=lambda _: pytest.fail("no secret is named"))


def decoded(inner: str, *, declared: str = "") -> etree._Element:
    xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    body = etree.fromstring(f'<s:Body xmlns:s="{ENV}" {xsi} {declared}>{inner}</s:Body>')
    return encoding.decode(body, etree.QName(NS, "R"), max_bytes=20_000_000)


class TestEncodedReplies:
    @pytest.mark.parametrize(
        "body",
        [
            '<f:Fault xmlns:f="http://www.w3.org/2003/05/soap-envelope"/>',
            "<Fault><faultcode>Server</faultcode></Fault>",
            f'<d:R xmlns:d="{NS}"/><s:Fault/>',
        ],
    )
    def test_a_fault_is_never_an_answer(self, body: str) -> None:
        with pytest.raises(RemoteGarbage, match="holds a Fault"):
            decoded(body)

    @pytest.mark.parametrize("value", ['<i href="#1"/>', '<i xsi:type="a1:b"/>'])
    def test_prefixes_for_every_value(self, value: str) -> None:
        declared = " ".join(f'xmlns:a{number}="urn:{number}"' for number in range(2_000))
        started = time.monotonic()
        with pytest.raises(RemoteGarbage, match="more than 100 namespaces"):
            decoded(f"<r>{value * 2_000}</r><m id='1'>x</m>", declared=declared)
        assert time.monotonic() - started < SOON


class TestHeaders:
    def opened(self, content_type: str) -> str:
        reply = Reply("POST", "http://dogs.example/", 200, {"content-type": content_type}, b"--x--", NOW)
        started = time.monotonic()
        with pytest.raises(RemoteGarbage) as caught:
            open_reply(reply, Reading(1_000_000))
        assert time.monotonic() - started < SOON
        return str(caught.value)

    @pytest.mark.parametrize("codec", ["idna", "undefined", "nobody-knows"])
    def test_a_boundary_in_a_codec_that_is_none_for_text(self, codec: str) -> None:
        assert "boundary" in self.opened(f"multipart/related; boundary*={codec}''x")

    @pytest.mark.parametrize("kind", ["multipart/related", "text/xml"])
    def test_a_content_type_without_end(self, kind: str) -> None:
        self.opened(f'{kind}; boundary=x; "' + ";" * 90_000)


def test_a_comment_does_not_shorten_what_a_fault_says() -> None:
    body = "<s:Fault><faultcode>s:Server<!-- -->.NoSuchDog</faultcode><faultstring>no<?x?>ne</faultstring></s:Fault>"
    root = etree.fromstring(f'<s:Envelope xmlns:s="{ENV}"><s:Body>{body}</s:Body></s:Envelope>')
    fault = open_body(body_of(root))
    assert isinstance(fault, Fault)
    assert (fault.codes, fault.text) == (("Server", "NoSuchDog"), "none")


class TestSchemas:
    def test_a_violation_is_explained_in_no_time_whatever_is_declared(self, tmp_path: Path) -> None:
        write(tmp_path, dogs_wsdl=dogs())
        schema = load_contract(collect_from_folder(tmp_path, "dogs.wsdl")).schema
        assert schema is not None
        declared = " ".join(f'xmlns:a{number}="urn:{number}"' for number in range(2_000))
        good = "<Dog><Tag>1</Tag><Name>x</Name><Fee>1</Fee></Dog>"
        reply = f'<FindDogsResponse xmlns="{NS}" {declared}><Dogs>{good * 3_000}<Dog/></Dogs></FindDogsResponse>'
        element, started = etree.fromstring(reply), time.monotonic()
        assert [one.path for one in schema.violations(element)] == ["Dogs.Dog[3001]"]
        assert time.monotonic() - started < SOON

    def test_a_value_on_which_a_pattern_explodes_is_a_violation(self, tmp_path: Path) -> None:
        pattern = '<xs:restriction base="xs:string"><xs:pattern value="(a|aa)+b"/></xs:restriction>'
        element = f'<xs:element name="P"><xs:simpleType>{pattern}</xs:simpleType></xs:element></xs:schema>'
        extended = SCHEMA.replace("</xs:schema>", element)
        write(tmp_path, dogs_wsdl=definitions(types(extended), MESSAGES, binding(), service(port())))
        schema = load_contract(collect_from_folder(tmp_path, "dogs.wsdl")).schema
        assert schema is not None
        (violation,) = schema.violations(etree.fromstring(f'<P xmlns="{NS}">{"a" * 5_000}</P>'))
        assert "a pattern takes too long" in violation.reason
        assert violation.value is None

    def test_a_thousand_optional_elements(self) -> None:
        many = "".join(f'<xs:element name="e{number}" minOccurs="0"/>' for number in range(501))
        schema = f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:sequence>{many}</xs:sequence></xs:schema>'
        with pytest.raises(ConfigurationError, match="501 elements that may be missing"):
            refuse_bombs({"x": etree.fromstring(schema)})

    @pytest.mark.parametrize("name", ["a%00b.xsd", "loop.xsd", "pipe.xsd"])
    def test_an_import_of_what_is_no_file(self, tmp_path: Path, name: str) -> None:
        (tmp_path / "loop.xsd").symlink_to("loop.xsd")
        os.mkfifo(tmp_path / "pipe.xsd")
        imported = (
            f'<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema"><xs:import schemaLocation="{name}"/></xs:schema>'
        )
        write(tmp_path, dogs_wsdl=definitions(types(SCHEMA, imported), MESSAGES, binding(), service(port())))
        with pytest.raises(HubError, match="is no file"):
            collect_from_folder(tmp_path, "dogs.wsdl")
