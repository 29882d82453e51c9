"""The SOAP encoding: graphs read as trees, without circles and bombs."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from hub.kernel.errors import RemoteGarbage
from hub.kit.reply import Reply
from hub.kit.soap import encoding
from hub.kit.soap.contract import Contract, load_contract
from hub.kit.soap.documents import collect_from_folder
from hub.kit.soap.reply import Reading, check_body, open_reply
from tests.support.soap_signer import NOW
from tests.unit.soap.samples import ENV_11, ENV_12, definitions, port, service, types, write

ENC, ENC_12 = "http://schemas.xmlsoap.org/soap/encoding/", "http://www.w3.org/2003/05/soap-encoding"
RPC = "urn:rpc"
EXPECTED = etree.QName(RPC, "ListResponse")
TYPES = f"""
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:r="{RPC}" xmlns:enc="{ENC}"
    xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/" targetNamespace="{RPC}">
  <xs:import namespace="{ENC}"/>
  <xs:complexType name="Dog"><xs:sequence>
    <xs:element name="Tag" type="xs:string"/><xs:element name="Fee" type="xs:decimal" nillable="true"/>
  </xs:sequence></xs:complexType>
  <xs:complexType name="Dogs"><xs:complexContent><xs:restriction base="enc:Array">
    <xs:attribute ref="enc:arrayType" wsdl:arrayType="r:Dog[]"/>
  </xs:restriction></xs:complexContent></xs:complexType>
</xs:schema>"""
WSDL = definitions(
    types(TYPES),
    '<wsdl:message name="In"><wsdl:part name="town" type="xs:string"/><wsdl:part name="dogs" type="r:Dogs"/></wsdl:message>'
    '<wsdl:message name="Out"><wsdl:part name="dogs" type="r:Dogs"/></wsdl:message>'
    '<wsdl:portType name="Dogs"><wsdl:operation name="List"><wsdl:input message="d:In"/>'
    '<wsdl:output message="d:Out"/></wsdl:operation></wsdl:portType>',
    '<wsdl:binding name="DogsSoap" type="d:Dogs"><soap:binding style="rpc" '
    'transport="http://schemas.xmlsoap.org/soap/http"/><wsdl:operation name="List">'
    '<soap:operation soapAction="urn:list"/>'
    + "".join(
        f'<wsdl:{way}><soap:body use="encoded" namespace="{RPC}" encodingStyle="{ENC}"/></wsdl:{way}>'
        for way in ("input", "output")
    )
    + "</wsdl:operation></wsdl:binding>",
    service(port()),
).replace("<wsdl:definitions", f'<wsdl:definitions xmlns:r="{RPC}"', 1)


def contract(folder: Path) -> Contract:
    return load_contract(collect_from_folder(write(folder, dogs_wsdl=WSDL), "dogs.wsdl"))


def read(body: str, *, version: str = ENV_11, max_bytes: int = 100_000) -> etree._Element:
    text = (
        f'<s:Envelope xmlns:s="{version}" xmlns:enc="{ENC}" xmlns:enc12="{ENC_12}" xmlns:r="{RPC}" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xsd="http://www.w3.org/2001/XMLSchema">'
        f"<s:Body>{body}</s:Body></s:Envelope>"
    )
    reply = Reply("POST", "http://dogs.example/", 200, {"content-type": "text/xml"}, text.encode(), NOW)
    found = open_reply(reply, Reading(max_bytes, encoded=EXPECTED)).found
    assert isinstance(found, etree._Element)
    return found


def refused(body: str, max_bytes: int = 100_000) -> str:
    with pytest.raises(RemoteGarbage) as caught:
        read(body, max_bytes=max_bytes)
    return str(caught.value)


def plain(element: etree._Element) -> str:
    copy = etree.fromstring(etree.tostring(element, with_tail=False))
    etree.cleanup_namespaces(copy)
    return etree.tostring(copy).decode()


AXIS = (
    '<r:listReply enc:root="1"><dogs href="#id0"/></r:listReply>'
    '<multiRef id="id0" enc:root="0" xsi:type="enc:Array" enc:arrayType="r:Dog[2]">'
    '<item href="#id1"/><item href="#id1"/></multiRef>'
    '<multiRef id="id1" enc:root="0" xsi:type="n:Dog" xmlns:n="urn:rpc" '
    f'enc:encodingStyle="{ENC}"><Tag href="#id2"/><Fee xsi:type="xsd:decimal">1.5</Fee></multiRef>'
    '<multiRef id="id2" xsi:type="xsd:string">T-1</multiRef>'
)


class TestReading:
    def test_values_that_are_shared(self, tmp_path: Path) -> None:
        found = read(AXIS)
        assert found.tag == EXPECTED.text
        assert [one.findtext("Tag") for one in found[0]] == ["T-1", "T-1"]
        assert [one.findtext("Fee") for one in found[0]] == ["1.5", "1.5"]
        assert not [name for one in found.iter() for name in one.attrib if "encoding" in name or name in {"id", "href"}]
        check_body(found, EXPECTED, contract(tmp_path).schema, size=0)

    def test_of_soap_12(self) -> None:
        body = (
            f'<r:ListResponse s:encodingStyle="{ENC_12}"><dogs enc12:itemType="r:Dog" enc12:arraySize="2">'
            '<d enc12:id="a"><Tag>T-1</Tag></d><d enc12:ref="a"/></dogs></r:ListResponse>'
        )
        found = read(body, version=ENV_12)
        assert [one.findtext("Tag") for one in found[0]] == ["T-1", "T-1"]

    def test_inline_values_shared_within(self) -> None:
        found = read('<r:ListResponse><a id="x"><Tag>1</Tag></a><b href="#x"/></r:ListResponse>')
        assert (
            plain(found) == '<r:ListResponse xmlns:r="urn:rpc"><a><Tag>1</Tag></a><b><Tag>1</Tag></b></r:ListResponse>'
        )

    def test_types_of_1999(self) -> None:
        body = (
            '<r:ListResponse xmlns:x="http://www.w3.org/1999/XMLSchema-instance" '
            'xmlns:y="http://www.w3.org/1999/XMLSchema"><a x:type="y:string">b</a><c x:null="1"/></r:ListResponse>'
        )
        found = read(body)
        assert dict(found[0].attrib) == {}
        assert found[1].get("{http://www.w3.org/2001/XMLSchema-instance}nil") == "true"

    def test_an_href_of_the_services_own(self) -> None:
        found = read('<r:ListResponse><a href="#top">text</a><a href="http://x/"/></r:ListResponse>')
        assert [one.get("href") for one in found] == ["#top", "http://x/"]

    def test_a_violation_is_told(self, tmp_path: Path) -> None:
        with pytest.raises(RemoteGarbage, match="is not a valid value of the atomic type"):
            check_body(read(AXIS.replace("1.5", "much")), EXPECTED, contract(tmp_path).schema, size=0)


class TestRefused:
    @pytest.mark.parametrize(
        ("body", "why"),
        [
            ('<r:L><a href="#x"/></r:L><m id="x"><b href="#x"/></m>', "in a circle"),
            ('<r:L><a href="#x"/></r:L><m id="x"><b href="#y"/></m><m id="y"><c href="#x"/></m>', "in a circle"),
            ('<r:L><a id="x"><b href="#x"/></a><c href="#x"/></r:L>', "in a circle"),
            ('<r:L><a href="#x"/></r:L>', "0 times instead of once"),
            ('<r:L><a href="#x"/></r:L><m id="x"/><m id="x"/>', "2 times instead of once"),
            ("<r:L/><r:M/>", "holds 2 elements where one must be the reply"),
            ('<m id="x"/>', "holds 0 elements"),
        ],
    )
    def test_graphs(self, body: str, why: str) -> None:
        assert why in refused(body)

    def test_a_bomb_of_elements(self) -> None:
        doubling = "".join(
            f'<m id="i{number}"><a href="#i{number + 1}"/><b href="#i{number + 1}"/></m>' for number in range(40)
        )
        assert "repeat each other" in refused(f'<r:L><a href="#i0"/></r:L>{doubling}<m id="i40">x</m>')

    def test_a_bomb_of_text(self) -> None:
        body = f"<r:L>{'<a href=' + chr(34) + '#x' + chr(34) + '/>'}"
        body = f'<r:L>{body.removeprefix("<r:L>") * 100}</r:L><m id="x">{"x" * 10_000}</m>'
        assert "repeat each other" in refused(body)

    def test_depth(self) -> None:
        chain = "".join(f'<m id="i{number}"><a href="#i{number + 1}"/></m>' for number in range(300))
        assert "nested more than 200 deep" in refused(f'<r:L><a href="#i0"/></r:L>{chain}<m id="i300">x</m>')


class TestWriting:
    def test_types_and_arrays(self, tmp_path: Path) -> None:
        loaded = contract(tmp_path)
        operation = loaded.port.operation("List")
        values = {"town": "Vzorov", "dogs": [{"Tag": "T-1", "Fee": None}, {"Tag": "T-2", "Fee": "2.5"}]}
        operation.check_names(values, {})
        envelope = operation.request(values, {})
        call = envelope[-1][0]
        xsi_type = "{http://www.w3.org/2001/XMLSchema-instance}type"
        assert (call.tag, call[0].get(xsi_type), call[0].text) == (f"{{{RPC}}}List", "t:string", "Vzorov")
        assert (call[1].get(xsi_type), call[1].get(f"{{{ENC}}}arrayType")) == ("t:Dogs", "t:Dog[2]")
        assert [one.get(xsi_type) for one in call[1]] == ["t:Dog", "t:Dog"]
        assert call[1][0][1].get("{http://www.w3.org/2001/XMLSchema-instance}nil") == "true"
        assert loaded.schema is not None
        assert loaded.schema.violations(call) == []
        encoding.mark(envelope, soap_12=False)
        assert call.get(f"{{{ENV_11}}}encodingStyle") == ENC

    def test_unknown_parts_of_items(self, tmp_path: Path) -> None:
        operation = contract(tmp_path).port.operation("List")
        with pytest.raises(Exception, match="the WSDL knows no Name here"):
            operation.check_names({"dogs": [{"Name": "Rex"}]}, {})
