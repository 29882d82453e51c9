"""Ports and operations of a WSDL, and the requests built for them."""

from __future__ import annotations

import warnings
from pathlib import Path

import pytest
from lxml import etree

from hub.kernel.errors import ConfigurationError
from hub.kit.soap.description import Description
from hub.kit.soap.documents import collect_from_folder
from hub.kit.soap.names import XSI
from hub.kit.soap.operation import Operation
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

OWNER = "12345678903"


def describe(folder: Path, wsdl: str | None = None, **files: str) -> Description:
    write(folder, dogs_wsdl=wsdl or dogs(), **files)
    return Description(collect_from_folder(folder, "dogs.wsdl"))


def find_dogs(folder: Path, wsdl: str | None = None) -> Operation:
    return describe(folder, wsdl).port().operation("FindDogs")


def body_of(envelope: etree._Element) -> etree._Element:
    (body,) = envelope.findall(f"{{{etree.QName(envelope).namespace}}}Body")
    return body


def as_text(element: etree._Element) -> bytes:
    return etree.tostring(element, method="c14n", exclusive=True)


def test_ports_and_operations(tmp_path: Path) -> None:
    description = describe(tmp_path)
    assert [(one.service, one.name, one.operations()) for one in description.ports] == [
        ("DogRegister", "DogsSoap", ["FindDogs", "Forget", "Ping"])
    ]


def test_loading_gives_no_warnings(tmp_path: Path) -> None:
    wsdl = definitions(types(SCHEMA), MESSAGES.replace("d:PingOut", "d:PingAway"), binding(), service(port()))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        description = describe(tmp_path, wsdl)
    assert description.ports[0].operations() == ["FindDogs", "Forget"]
    assert len(description.left_out) == 1
    assert "Ping" in description.left_out[0]


def test_a_wrapped_request(tmp_path: Path) -> None:
    operation = find_dogs(tmp_path)
    envelope = operation.request({"Owner": OWNER, "Since": "2026-01-31", "Page": {"Start": 20, "Count": 10}}, {})
    assert (
        as_text(envelope)
        == (
            f'<soap-env:Envelope xmlns:soap-env="{ENV_11}"><soap-env:Body><ns0:FindDogs xmlns:ns0="{NS}">'
            f"<ns0:Owner>{OWNER}</ns0:Owner><ns0:Since>2026-01-31</ns0:Since>"
            "<ns0:Page><ns0:Start>20</ns0:Start><ns0:Count>10</ns0:Count></ns0:Page>"
            "</ns0:FindDogs></soap-env:Body></soap-env:Envelope>"
        ).encode()
    )
    assert operation.reply.text == f"{{{NS}}}FindDogsResponse"


def test_a_bare_request(tmp_path: Path) -> None:
    operation = describe(tmp_path).port().operation("Ping")
    operation.check_names({"value": "anybody there?"}, {})
    envelope = operation.request({"value": "anybody there?"}, {})
    assert as_text(body_of(envelope)[0]) == f'<ns0:Ping xmlns:ns0="{NS}">anybody there?</ns0:Ping>'.encode()
    assert operation.reply.text == f"{{{NS}}}PingResponse"


def test_header_parts(tmp_path: Path) -> None:
    envelope = find_dogs(tmp_path).request({"Owner": OWNER}, {"session": {"Key": "k-1", "Town": "Vzorov"}})
    assert as_text(envelope[0][0]) == (
        f'<ns0:Session xmlns:ns0="{NS}"><ns0:Key>k-1</ns0:Key><ns0:Town>Vzorov</ns0:Town></ns0:Session>'.encode()
    )


def test_http_headers_of_soap_11(tmp_path: Path) -> None:
    offered = describe(tmp_path).port()
    assert offered.operation("FindDogs").http_headers() == {
        "content-type": "text/xml; charset=utf-8",
        "soapaction": f'"{NS}:FindDogs"',
    }
    assert offered.operation("Ping").http_headers()["soapaction"] == '""'


def test_http_headers_and_envelope_of_soap_12(tmp_path: Path) -> None:
    offered = describe(tmp_path, dogs(prefix="soap12")).port()
    operation = offered.operation("FindDogs")
    assert operation.http_headers() == {"content-type": f'application/soap+xml; charset=utf-8; action="{NS}:FindDogs"'}
    assert offered.operation("Ping").http_headers() == {"content-type": "application/soap+xml; charset=utf-8"}
    assert operation.request({"Owner": OWNER}, {}).tag == f"{{{ENV_12}}}Envelope"


def test_an_unknown_operation_lists_the_nearest_first(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        describe(tmp_path).port().operation("FindDog")
    assert str(caught.value) == (
        "operation: the WSDL has no operation FindDog. Operations of DogsSoap: FindDogs, Ping, Forget."
    )


def test_an_operation_without_a_reply(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="the operation Forget declares no reply"):
        _ = describe(tmp_path).port().operation("Forget").reply


@pytest.mark.parametrize(
    ("parameters", "headers", "text"),
    [
        (
            {"Ownr": "1"},
            {},
            "parameters.Ownr: the WSDL knows no Ownr here. It has: Owner, Since, Page.",
        ),
        (
            {"Page": {"Strat": 1}},
            {},
            "parameters.Page.Strat: the WSDL knows no Strat here. It has: Start, Count, Token.",
        ),
        (
            {"Page": {"alias": "hr.oib"}},
            {},
            "parameters.Page.alias: the WSDL knows no alias here. It has: Start, Count, Token.",
        ),
        (
            {"Page": 3},
            {},
            "parameters.Page: the WSDL has parts here, not one value. Write its parts: Count, Start, Token.",
        ),
        ({}, {"Session": {}}, "headers.Session: the WSDL knows no Session here. It has: session."),
        (
            {},
            {"session": {"key": "x"}},
            "headers.session.key: the WSDL knows no key here. It has: Key, Town.",
        ),
    ],
)
def test_unknown_names_list_the_nearest_first(tmp_path: Path, parameters, headers, text: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        find_dogs(tmp_path).check_names(parameters, headers)
    assert str(caught.value) == text


def test_known_names_and_bindings_pass(tmp_path: Path) -> None:
    find_dogs(tmp_path).check_names(
        {"Owner": {"alias": "hr.oib"}, "Page": {"Start": 1, "Token": {"cursor": True}}}, {"session": {"Key": "x"}}
    )


def test_a_missing_required_parameter_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        find_dogs(tmp_path).request({"Since": "2026-01-31"}, {})
    assert caught.value.problem == "no request for FindDogs can be built: Missing element Owner (FindDogs.Owner)"


def test_a_value_of_a_wrong_form_is_not_quoted(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        find_dogs(tmp_path).request({"Owner": {"first": OWNER}}, {})
    assert caught.value.problem == "no request for FindDogs can be built: a value does not fit its type (ValueError)"
    assert OWNER not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


class TestPorts:
    def test_the_first_of_several_with_the_same_operations(self, tmp_path: Path) -> None:
        wsdl = definitions(
            types(SCHEMA),
            MESSAGES,
            binding("DogsSoap12", "soap12"),
            binding(),
            service(port("DogsSoap12", "soap12"), port()),
        )
        description = describe(tmp_path, wsdl)
        assert description.port().name == "DogsSoap12"
        assert description.port(name="DogsSoap").operation("Ping").soap_12 is False

    def test_different_operations_must_be_chosen_from(self, tmp_path: Path) -> None:
        cats = (
            '<wsdl:portType name="Cats"/><wsdl:binding name="CatsSoap" type="d:Cats">'
            '<soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/></wsdl:binding>'
        )
        wsdl = definitions(
            types(SCHEMA), MESSAGES, cats, binding(), service(port()), service(port("CatsSoap"), name="CatRegister")
        )
        description = describe(tmp_path, wsdl)
        with pytest.raises(ConfigurationError) as caught:
            description.port()
        assert caught.value.problem == "the WSDL has several ports with different operations"
        assert caught.value.remedy == (
            "Set service and port to one of (service.port): CatRegister.CatsSoap, DogRegister.DogsSoap."
        )
        assert description.port("DogRegister").name == "DogsSoap"
        assert description.port(name="CatsSoap").service == "CatRegister"

    def test_unknown_names_list_what_there_is(self, tmp_path: Path) -> None:
        with pytest.raises(ConfigurationError) as caught:
            describe(tmp_path).port("CatRegister")
        assert caught.value.key == "service"
        assert caught.value.remedy == "Set service and port to one of (service.port): DogRegister.DogsSoap."

    def test_http_get_bindings_are_no_ports(self, tmp_path: Path) -> None:
        http = (
            '<wsdl:binding name="DogsGet" type="d:Dogs">'
            '<http:binding xmlns:http="http://schemas.xmlsoap.org/wsdl/http/" verb="GET"/></wsdl:binding>'
        )
        wsdl = definitions(types(SCHEMA), MESSAGES, http, binding(), service(port(), port("DogsGet", "soap")))
        assert [one.name for one in describe(tmp_path, wsdl).ports] == ["DogsSoap"]

    def test_a_wsdl_without_services_offers_its_bindings(self, tmp_path: Path) -> None:
        wsdl = definitions(types(SCHEMA), MESSAGES, binding())
        assert [one.name for one in describe(tmp_path, wsdl).ports] == ["DogsSoap"]

    def test_a_wsdl_without_soap(self, tmp_path: Path) -> None:
        with pytest.raises(
            ConfigurationError, match=r"dogs\.wsdl: wsdl: the WSDL describes no SOAP over HTTP: it has no binding"
        ):
            describe(tmp_path, definitions(types(SCHEMA), MESSAGES))

    def test_service_and_binding_in_wsdls_that_import_each_other(self, tmp_path: Path) -> None:
        description = describe(
            tmp_path,
            definitions(
                '<wsdl:import namespace="urn:example:dogs:binding" location="binding.wsdl"/>', types(SCHEMA), MESSAGES
            ),
            binding_wsdl=definitions(
                f'<wsdl:import namespace="{NS}" location="dogs.wsdl"/>',
                binding(),
                service(port())
                .replace("d:", "b:")
                .replace("<wsdl:service", '<wsdl:service xmlns:b="urn:example:dogs:binding"'),
                namespace="urn:example:dogs:binding",
            ),
        )
        assert description.port().operations() == ["FindDogs", "Forget", "Ping"]
        assert description.port().operation("FindDogs").reply.text == f"{{{NS}}}FindDogsResponse"


RPC_TYPES = """
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="urn:example:dogs:1">
  <xs:complexType name="Dog"><xs:sequence><xs:element name="Tag" type="xs:int"/></xs:sequence></xs:complexType>
</xs:schema>"""


def rpc(use: str = "literal") -> str:
    return definitions(
        types(RPC_TYPES),
        '<wsdl:message name="CountIn"><wsdl:part name="town" type="xs:string"/>'
        '<wsdl:part name="dog" type="d:Dog"/></wsdl:message>'
        '<wsdl:message name="CountAnswer"><wsdl:part name="count" type="xs:int"/></wsdl:message>'
        '<wsdl:portType name="Dogs"><wsdl:operation name="Count"><wsdl:input message="d:CountIn"/>'
        '<wsdl:output message="d:CountAnswer"/></wsdl:operation></wsdl:portType>'
        '<wsdl:binding name="DogsSoap" type="d:Dogs">'
        '<soap:binding style="rpc" transport="http://schemas.xmlsoap.org/soap/http"/>'
        '<wsdl:operation name="Count"><soap:operation soapAction="urn:count"/>'
        f'<wsdl:input><soap:body use="{use}" namespace="urn:rpc"/></wsdl:input>'
        f'<wsdl:output><soap:body use="{use}" namespace="urn:rpc"/></wsdl:output></wsdl:operation></wsdl:binding>',
        service(port()),
    )


class TestRpc:
    def test_literal(self, tmp_path: Path) -> None:
        operation = describe(tmp_path, rpc()).port().operation("Count")
        operation.check_names({"town": "Vzorov", "dog": {"Tag": 1}}, {})
        envelope = operation.request({"town": "Vzorov", "dog": {"Tag": 1}}, {})
        assert as_text(body_of(envelope)[0]) == (
            b'<ns0:Count xmlns:ns0="urn:rpc"><town>Vzorov</town><dog><Tag>1</Tag></dog></ns0:Count>'
        )
        assert operation.reply.text == "{urn:rpc}CountResponse"
        assert [(one.name.text, [name for name, _ in one.parts]) for one in operation.wrappers()] == [
            ("{urn:rpc}Count", ["town", "dog"]),
            ("{urn:rpc}CountResponse", ["count"]),
        ]

    def test_encoded(self, tmp_path: Path) -> None:
        operation = describe(tmp_path, rpc("encoded")).port().operation("Count")
        operation.check_names({"town": "Vzorov", "dog": {"Tag": 1}}, {})
        envelope = operation.request({"town": "Vzorov", "dog": {"Tag": 1}}, {})
        call = body_of(envelope)[0]
        assert call.tag == "{urn:rpc}Count"
        assert [(one.tag, one.get(f"{{{XSI}}}type"), one.text) for one in call] == [
            ("town", "t:string", "Vzorov"),
            ("dog", "t:Dog", None),
        ]
        assert operation.reply.text == "{urn:rpc}CountResponse"
        assert len(operation.wrappers()) == 2

    def test_a_document_in_the_soap_encoding_is_refused(self, tmp_path: Path) -> None:
        wsdl = dogs().replace('<soap:body use="literal"/>', '<soap:body use="encoded"/>')
        with pytest.raises(ConfigurationError, match="document style with the SOAP encoding"):
            _ = describe(tmp_path, wsdl).port().operation("FindDogs").reply


def test_a_restricted_list_type_is_understood(tmp_path: Path) -> None:
    schema = SCHEMA.replace(
        '<xs:element name="Ping" type="xs:string"/>',
        '<xs:simpleType name="Tags"><xs:list itemType="xs:int"/></xs:simpleType><xs:simpleType name="TwoTags">'
        '<xs:restriction base="d:Tags"><xs:length value="2"/></xs:restriction></xs:simpleType>'
        '<xs:element name="Ping" type="d:TwoTags"/>',
    )
    wsdl = definitions(types(schema), MESSAGES, binding(), service(port()))
    envelope = describe(tmp_path, wsdl).port().operation("Ping").request({"value": [7, 8]}, {})
    assert body_of(envelope)[0].text == "7 8"


def test_a_broken_wsdl_is_a_mistake_of_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        describe(tmp_path, dogs().replace('type="d:Dog"', 'type="d:Dgo"'))
    assert caught.value.file == "dogs.wsdl"
    assert caught.value.problem == "element type: there is no type d:Dgo"
    assert caught.value.remedy == "Declared there: Dog, OwnerId."


class TestUnusualMessages:
    def wsdl(self, messages: str, *, head: str = "") -> str:
        return definitions(types(SCHEMA), head, messages, binding(), service(port()))

    def test_a_reply_of_two_parts_is_refused(self, tmp_path: Path) -> None:
        messages = MESSAGES.replace(
            '<wsdl:part name="text" element="d:PingResponse"/>',
            '<wsdl:part name="a" element="d:PingResponse"/><wsdl:part name="b" element="d:Session"/>',
        )
        with pytest.raises(ConfigurationError, match="has a reply whose body is not exactly one element"):
            _ = describe(tmp_path, self.wsdl(messages)).port().operation("Ping").reply

    def test_a_reply_given_as_a_type_is_refused(self, tmp_path: Path) -> None:
        messages = MESSAGES.replace('name="text" element="d:PingResponse"', 'name="text" type="xs:string"')
        with pytest.raises(ConfigurationError, match="has a reply whose body is not exactly one element"):
            _ = describe(tmp_path, self.wsdl(messages)).port().operation("Ping").reply

    def test_a_request_of_several_parts_of_which_one_goes_into_the_body(self, tmp_path: Path) -> None:
        messages = MESSAGES.replace(
            '<wsdl:part name="text" element="d:Ping"/>',
            '<wsdl:part name="text" element="d:Ping"/><wsdl:part name="more" element="d:Session"/>',
        )
        wsdl = self.wsdl(messages).replace(
            '<soap:operation soapAction=""/>\n    <wsdl:input><soap:body use="literal"/>',
            '<soap:operation soapAction=""/>\n    <wsdl:input><soap:body parts="text" use="literal"/>',
        )
        assert 'parts="text"' in wsdl
        envelope = describe(tmp_path, wsdl).port().operation("Ping").request({"value": "x"}, {})
        assert [part.tag for part in body_of(envelope)] == [f"{{{NS}}}Ping"]

    def test_a_request_without_a_body(self, tmp_path: Path) -> None:
        messages = MESSAGES.replace('<wsdl:part name="text" element="d:Ping"/>', "")
        operation = describe(tmp_path, self.wsdl(messages)).port().operation("Ping")
        assert len(body_of(operation.request({}, {}))) == 0
        with pytest.raises(
            ConfigurationError, match=r"parameters\.value: the WSDL knows no value here\. It has: none\."
        ):
            operation.check_names({"value": 1}, {})

    def test_an_output_without_a_message(self, tmp_path: Path) -> None:
        messages = MESSAGES.replace('<wsdl:output message="d:PingOut"/>', "<wsdl:output/>")
        description = describe(tmp_path, self.wsdl(messages))
        assert description.port().operations() == ["FindDogs", "Forget", "Ping"]
        with pytest.raises(ConfigurationError, match="the operation Ping declares no reply"):
            _ = description.port().operation("Ping").reply

    def test_parts_of_rpc_that_are_elements_have_no_wrapper(self, tmp_path: Path) -> None:
        wsdl = rpc().replace('name="town" type="xs:string"', 'name="town" element="d:Ping"')
        wsdl = wsdl.replace("<xs:complexType", '<xs:element name="Ping" type="xs:string"/><xs:complexType', 1)
        operation = describe(tmp_path, wsdl).port().operation("Count")
        assert [one.name.localname for one in operation.wrappers()] == ["CountResponse"]


def test_names_inside_lists_and_beside_a_text(tmp_path: Path) -> None:
    wsdl = dogs().replace(
        '<xs:element name="Ping" type="xs:string"/>',
        '<xs:element name="Ping"><xs:complexType><xs:sequence><xs:element name="Word" maxOccurs="unbounded">'
        '<xs:complexType><xs:simpleContent><xs:extension base="xs:string"><xs:attribute name="lang"/></xs:extension>'
        "</xs:simpleContent></xs:complexType></xs:element></xs:sequence></xs:complexType></xs:element>",
    )
    operation = describe(tmp_path, wsdl).port().operation("Ping")
    words = [{"_value_1": "bok", "lang": "hr"}, "ahoj"]
    operation.check_names({"Word": words}, {})
    envelope = operation.request({"Word": words}, {})
    assert [(word.text, word.get("lang")) for word in body_of(envelope)[0]] == [("bok", "hr"), ("ahoj", None)]
    with pytest.raises(ConfigurationError, match=r"parameters\.Word\.long: the WSDL knows no long here"):
        operation.check_names({"Word": [{"long": "hr"}]}, {})
