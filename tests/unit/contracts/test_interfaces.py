"""Two descriptions of one interface: what differs, in the words of whoever calls it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from hub.kernel.errors import RemoteGarbage
from hub.kit.interfaces.diff import What, changes
from hub.kit.interfaces.openapi import interface_of as openapi
from hub.kit.interfaces.wsdl import interface_of as wsdl
from hub.kit.soap.documents import collect_from_folder
from hub.ports.interface import Interface

WSDL = """<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/" xmlns:xs="http://www.w3.org/2001/XMLSchema"
  xmlns:t="urn:t" targetNamespace="urn:t">
 <w:types><xs:schema targetNamespace="urn:t" elementFormDefault="qualified">
  <xs:element name="Ask"><xs:complexType><xs:sequence>
    <xs:element name="Who" type="xs:string"/><xs:element name="Since" type="xs:date" minOccurs="0"/>
  </xs:sequence></xs:complexType></xs:element>
  <xs:element name="Answer" type="t:Answer"/>
  <xs:complexType name="Answer"><xs:sequence>
    <xs:element name="Item" type="t:Item" minOccurs="0" maxOccurs="unbounded"/>
  </xs:sequence></xs:complexType>
  <xs:complexType name="Item"><xs:complexContent><xs:extension base="t:Base"><xs:sequence>
    <xs:element name="State"><xs:simpleType><xs:restriction base="xs:string">
      <xs:enumeration value="A"/><xs:enumeration value="B"/></xs:restriction></xs:simpleType></xs:element>
    <xs:choice><xs:element name="Fee" type="xs:decimal"/><xs:element name="Tax" type="t:Money" nillable="true"/></xs:choice>
    <xs:element ref="t:Note" minOccurs="0"/>
    <xs:element name="Child" type="t:Item" minOccurs="0"/>
    <xs:group ref="t:Dates"/>
  </xs:sequence><xs:attribute name="id" use="required" type="xs:string"/></xs:extension></xs:complexContent></xs:complexType>
  <xs:complexType name="Base"><xs:sequence><xs:element name="Key" type="xs:int"/></xs:sequence></xs:complexType>
  <xs:simpleType name="Money"><xs:restriction base="xs:decimal"><xs:fractionDigits value="2"/></xs:restriction></xs:simpleType>
  <xs:element name="Note" type="xs:string"/>
  <xs:group name="Dates"><xs:sequence><xs:element name="Due" type="xs:date"/></xs:sequence></xs:group>
 </xs:schema></w:types>
 <w:message name="In"><w:part name="p" element="t:Ask"/></w:message>
 <w:message name="Out"><w:part name="p" element="t:Answer"/></w:message>
 <w:portType name="P"><w:operation name="Find"><w:input message="t:In"/><w:output message="t:Out"/></w:operation>
 <w:operation name="Other"><w:input message="t:In"/><w:output message="t:Out"/></w:operation></w:portType>
</w:definitions>"""


def of(tmp_path: Path, text: str) -> Interface:
    (tmp_path / "x.wsdl").write_text(text)
    return wsdl(collect_from_folder(tmp_path, "x.wsdl"), "{urn:t}P", strict=True)


def test_what_a_wsdl_describes(tmp_path):
    find = of(tmp_path, WSDL).operations["Find"]
    assert {path: (part.type, part.least) for path, part in find.request.items()} == {
        "Who": ("text", 1), "Since": ("date", 0)
    }  # fmt: skip
    reply = find.reply
    assert reply["Item"].most is None
    assert (reply["Item.Key"].type, reply["Item.@id"].least, reply["Item.Due"].type) == ("integer", 1, "date")
    assert reply["Item.State"].values == {"A", "B"}
    assert (reply["Item.Fee"].least, reply["Item.Tax"].nillable, reply["Item.Tax"].form) == (
        0,
        True,
        ("fractionDigits=2",),
    )
    assert (reply["Item.Note"].type, reply["Item.Child"].type) == ("text", "parts")
    assert "Item.Child.Key" not in reply  # it holds itself


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('<xs:element name="Key" ', '<xs:element name="Number" ', (What.RENAMED, "reply", "Item.Key", "Item.Number")),
        ('<xs:element ref="t:Note" minOccurs="0"/>', "", (What.GONE, "reply", "Item.Note", "")),
        ('name="Due" type="xs:date"', 'name="Due" type="xs:string"', (What.TYPE, "reply", "Item.Due", "text")),
        (
            '<xs:enumeration value="B"/>',
            '<xs:enumeration value="B"/><xs:enumeration value="C"/>',
            (What.VALUE_NEW, "reply", "Item.State", "C"),
        ),
        ('<xs:enumeration value="B"/>', "", (What.VALUE_GONE, "reply", "Item.State", "A")),
        ('fractionDigits value="2"', 'fractionDigits value="4"', (What.FORM, "reply", "Item.Tax", "fractionDigits=4")),
        ('"xs:date" minOccurs="0"', '"xs:date"', (What.OCCURRENCE, "request", "Since", "1")),
        ('name="Since"', 'name="From"', (What.RENAMED, "request", "Since", "From")),
        ('<w:operation name="Find">', '<w:operation name="Search">', (What.OPERATION_GONE, "", "", "")),
    ],
)
def test_one_change_of_a_wsdl(tmp_path, old: str, new: str, expected: tuple):
    assert old in WSDL
    before, after = of(tmp_path, WSDL), of(tmp_path, WSDL.replace(old, new, 1))
    found = [one for one in changes(before, after) if one.operation == "Find"]
    assert [(one.what, one.side, one.path, one.now) for one in found] == [expected]


def test_other_prefixes_and_another_order_are_no_changes(tmp_path):
    text = (
        WSDL.replace("xmlns:t=", "xmlns:tns=")
        .replace('"t:', '"tns:')
        .replace("xs:", "s:")
        .replace("xmlns:xs=", "xmlns:s=")
    )
    item = '<s:attribute name="id" use="required" type="s:string"/>'
    assert item in text
    text = text.replace(item, item.replace('name="id" use="required"', 'use="required" name="id"'))
    assert text != WSDL
    assert list(changes(of(tmp_path, WSDL), of(tmp_path, text))) == []


DOCUMENT = {
    "openapi": "3.1.0",
    "paths": {
        "/cases": {
            "parameters": [{"name": "oib", "in": "query", "required": True, "schema": {"type": "string"}}],
            "get": {
                "parameters": [{"$ref": "#/components/parameters/Page"}],
                "responses": {
                    "200": {
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "object",
                                    "required": ["data"],
                                    "properties": {
                                        "data": {"type": "array", "items": {"$ref": "#/components/schemas/Case"}}
                                    },
                                }
                            }
                        }
                    }
                },
            },
        }
    },
    "components": {
        "parameters": {"Page": {"name": "page", "in": "query", "schema": {"type": "integer"}}},
        "schemas": {
            "Case": {
                "allOf": [
                    {"type": "object", "required": ["id"], "properties": {"id": {"type": "integer"}}},
                    {
                        "properties": {
                            "due": {"type": ["string", "null"], "format": "date"},
                            "child": {"$ref": "#/components/schemas/Case"},
                        }
                    },
                ]
            }
        },
    },
}


def test_what_an_openapi_document_describes():
    get = openapi(json.dumps(DOCUMENT).encode()).operations["GET /cases"]
    assert {path: (part.type, part.least) for path, part in get.request.items()} == {
        "oib": ("text", 1), "page": ("integer", 0)
    }  # fmt: skip
    assert (get.reply["data"].most, get.reply["data"].least) == (None, 1)
    assert (get.reply["data.id"].type, get.reply["data.id"].least) == ("integer", 1)
    assert (get.reply["data.due"].type, get.reply["data.due"].nillable, get.reply["data.due"].least) == (
        "date",
        True,
        0,
    )


def test_a_property_that_is_renamed_in_an_openapi_document():
    text = json.dumps(DOCUMENT)
    found = list(changes(openapi(text.encode()), openapi(text.replace('"due"', '"rok"').encode())))
    assert [(one.what, one.path, one.now) for one in found if one.path == "data.due"] == [
        (What.RENAMED, "data.due", "data.rok")
    ]


@pytest.mark.parametrize("content", [b"<html>", b"[]", b'{"swagger": "2.0"}', b"[" * 100_000])
def test_what_is_no_openapi_document_is_refused(content: bytes):
    with pytest.raises(RemoteGarbage):
        openapi(content)


def test_another_namespace_is_a_change_of_every_message_and_other_words_about_it_are_none(tmp_path):
    recorded = of(tmp_path, WSDL)
    said = "<xs:annotation><xs:documentation>Other words</xs:documentation></xs:annotation>"
    told = WSDL.replace('<xs:complexType name="Base">', f'<xs:complexType name="Base">{said}')
    assert told != WSDL
    assert list(changes(recorded, of(tmp_path, told))) == []
    (tmp_path / "x.wsdl").write_text(WSDL.replace("urn:t", "urn:t:2"))
    moved = wsdl(collect_from_folder(tmp_path, "x.wsdl"), "{urn:t:2}P", strict=True)
    found = list(changes(recorded, moved))
    assert [(one.what, one.operation, one.side) for one in found] == [
        (What.ELEMENT, operation, side) for operation in ("Find", "Other") for side in ("request", "reply")
    ]
    assert (found[0].was, found[0].now) == ("{urn:t}Ask", "{urn:t:2}Ask")
