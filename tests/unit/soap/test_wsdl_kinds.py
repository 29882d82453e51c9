"""One WSDL for each shape the field knows: all its operations are there, and messages are built and checked."""

from __future__ import annotations

from pathlib import Path

import pytest
from lxml import etree

from hub.kernel.errors import ConfigurationError
from hub.kit.soap.contract import load_contract
from hub.kit.soap.description import Description
from hub.kit.soap.documents import collect_from_folder
from hub.kit.soap.schema import BodySchema
from tests.unit.soap.samples import MESSAGES, NS, SCHEMA, binding, definitions, dogs, port, service, types, write

XS = 'xmlns:xs="http://www.w3.org/2001/XMLSchema"'


def describe(folder: Path, wsdl: str, **files: str) -> Description:
    write(folder, dogs_wsdl=wsdl, **files)
    return Description(collect_from_folder(folder, "dogs.wsdl"))


def compiled(folder: Path, wsdl: str, **files: str) -> BodySchema:
    write(folder, dogs_wsdl=wsdl, **files)
    documents = collect_from_folder(folder, "dogs.wsdl")
    return BodySchema(documents, Description(documents).wrappers())


def refusal(folder: Path, wsdl: str, **files: str) -> ConfigurationError:
    with pytest.raises(ConfigurationError) as caught:
        describe(folder, wsdl, **files)
    return caught.value


def asking(schema: str, *, element: str = "d:Ask", more: str = "") -> str:
    """A WSDL with one operation whose message is `element`, of the schemas given."""
    return definitions(
        more,
        types(schema),
        f'<wsdl:message name="In"><wsdl:part name="p" element="{element}"/></wsdl:message>'
        '<wsdl:message name="Out"><wsdl:part name="p" element="d:Answer"/></wsdl:message>'
        '<wsdl:portType name="Dogs"><wsdl:operation name="Ask"><wsdl:input message="d:In"/>'
        '<wsdl:output message="d:Out"/></wsdl:operation></wsdl:portType>'
        '<wsdl:binding name="DogsSoap" type="d:Dogs">'
        '<soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>'
        '<wsdl:operation name="Ask"><soap:operation soapAction=""/><wsdl:input><soap:body use="literal"/></wsdl:input>'
        '<wsdl:output><soap:body use="literal"/></wsdl:output></wsdl:operation></wsdl:binding>',
        service(port()),
    )


def schema(*content: str, head: str = "", ask: str = 'type="xs:string"') -> str:
    """A schema of our namespace that declares Ask and Answer."""
    return (
        f'<xs:schema {XS} xmlns:d="{NS}" targetNamespace="{NS}" elementFormDefault="qualified">{head}'
        f'<xs:element name="Ask" {ask}/><xs:element name="Answer" type="xs:string"/>{"".join(content)}</xs:schema>'
    )


def body(text: str) -> etree._Element:
    return etree.fromstring(f'<Ask xmlns="{NS}">{text}</Ask>')


class TestSchemas:
    @pytest.mark.parametrize("year", ["1999", "2000/08", "2000/10"])
    def test_a_draft_of_xml_schema(self, tmp_path: Path, year: str) -> None:
        draft = schema(
            '<xs:simpleType name="Tag" base="xs:string"><xs:maxLength value="3"/></xs:simpleType>'
            '<xs:complexType name="Dog"><xs:attribute name="sex" type="xs:string" minOccurs="1"/>'
            '<xs:element name="Tag" type="d:Tag" maxOccurs="*"/>'
            '<xs:element name="Born" type="xs:timeInstant" minOccurs="0"/></xs:complexType>',
            ask='type="d:Dog"',
        ).replace(XS, f'xmlns:xs="http://www.w3.org/{year}/XMLSchema"')
        check = compiled(tmp_path, asking(draft))
        (ask,) = describe(tmp_path, asking(draft)).port().operations()
        assert ask == "Ask"
        valid = f'<Ask xmlns="{NS}" sex="f"><Tag>abc</Tag><Tag>d</Tag><Born>2026-01-31T10:00:00Z</Born></Ask>'
        assert check.violations(etree.fromstring(valid)) == []
        assert [one.path for one in check.violations(etree.fromstring(valid.replace("abc", "abcd")))] == ["Tag[1]"]
        assert check.violations(etree.fromstring(valid.replace(' sex="f"', ""))) != []

    def test_a_restricted_list(self, tmp_path: Path) -> None:
        listed = schema(
            '<xs:simpleType name="Numbers"><xs:list itemType="xs:decimal"/></xs:simpleType>'
            '<xs:simpleType name="Pair"><xs:restriction base="d:Numbers"><xs:length value="2"/></xs:restriction>'
            "</xs:simpleType>",
            ask='type="d:Pair"',
        )
        operation = describe(tmp_path, asking(listed)).port().operation("Ask")
        envelope = operation.request({"value": ["1", "2.5"]}, {})
        assert envelope.findtext(f".//{{{NS}}}Ask") == "1 2.5"

    def test_redefined_types(self, tmp_path: Path) -> None:
        redefining = schema(
            head='<xs:redefine schemaLocation="base.xsd"><xs:complexType name="Dog"><xs:complexContent>'
            '<xs:extension base="d:Dog"><xs:sequence><xs:element name="Chip" type="xs:string"/></xs:sequence>'
            "</xs:extension></xs:complexContent></xs:complexType></xs:redefine>",
            ask='type="d:Dog"',
        )
        base = (
            f'<xs:schema {XS} targetNamespace="{NS}" elementFormDefault="qualified"><xs:complexType name="Dog">'
            '<xs:sequence><xs:element name="Tag" type="xs:string"/></xs:sequence></xs:complexType></xs:schema>'
        )
        operation = describe(tmp_path, asking(redefining), base_xsd=base).port().operation("Ask")
        envelope = operation.request({"Tag": "a", "Chip": "b"}, {})
        assert compiled(tmp_path, asking(redefining)).violations(envelope[0][0]) == []

    def test_an_import_that_says_another_namespace_than_the_schema_has(self, tmp_path: Path) -> None:
        head = '<xs:import namespace="common.xsd" schemaLocation="common.xsd"/>'
        common = f'<xs:schema {XS} targetNamespace="urn:c"><xs:simpleType name="C"><xs:restriction base="xs:int"/></xs:simpleType></xs:schema>'
        wsdl = asking(schema(head=head, ask='type="c:C" xmlns:c="urn:c"'))
        assert describe(tmp_path, wsdl, common_xsd=common).outline.operations == 1
        check = compiled(tmp_path, wsdl)
        assert (check.violations(body("1")), len(check.violations(body("x")))) == ([], 1)

    @pytest.mark.parametrize("included", ["", f' targetNamespace="{NS}"'])
    def test_an_include_takes_the_namespace_of_the_one_that_includes(self, tmp_path: Path, included: str) -> None:
        part = f'<xs:schema {XS} xmlns="{NS}"{included}><xs:simpleType name="C"><xs:restriction base="xs:int"/></xs:simpleType></xs:schema>'
        wsdl = asking(schema(head='<xs:include schemaLocation="part.xsd"/>', ask='type="d:C"'))
        check = compiled(tmp_path, wsdl, part_xsd=part)
        assert (check.violations(body("1")), len(check.violations(body("x")))) == ([], 1)

    def test_an_include_of_another_namespace_is_an_import_and_one_of_nothing_is_left_out(self, tmp_path: Path) -> None:
        part = f'<xs:schema {XS} targetNamespace="urn:c"><xs:simpleType name="C"><xs:restriction base="xs:int"/></xs:simpleType></xs:schema>'
        head = '<xs:include/><xs:include schemaLocation="part.xsd"/>'
        wsdl = asking(schema(head=head, ask='type="c:C" xmlns:c="urn:c"'))
        assert len(compiled(tmp_path, wsdl, part_xsd=part).violations(body("x"))) == 1

    def test_one_namespace_from_two_files(self, tmp_path: Path) -> None:
        head = "".join(f'<xs:import namespace="urn:c" schemaLocation="{name}.xsd"/>' for name in ("one", "two"))
        one = f'<xs:schema {XS} targetNamespace="urn:c"><xs:element name="One" type="xs:int"/></xs:schema>'
        content = (
            '<xs:element name="Ask"><xs:complexType><xs:sequence><xs:element ref="c:One"/><xs:element ref="c:Two"/>'
            "</xs:sequence></xs:complexType></xs:element>"
        )
        wsdl = asking(
            schema(head=head)
            .replace('<xs:element name="Ask" type="xs:string"/>', content)
            .replace("<xs:schema", '<xs:schema xmlns:c="urn:c"')
        )
        check = compiled(tmp_path, wsdl, one_xsd=one, two_xsd=one.replace("One", "Two"))
        inner = '<One xmlns="urn:c">1</One><Two xmlns="urn:c">2</Two>'
        assert check.violations(body(inner)) == []
        assert [found.path for found in check.violations(body(inner.replace(">2<", ">x<")))] == ["Two"]

    def test_an_import_without_a_namespace_leads_to_names_without_one(self, tmp_path: Path) -> None:
        plain = f'<xs:schema {XS}><xs:element name="Plain" type="xs:int"/></xs:schema>'
        head = '<xs:import schemaLocation="plain.xsd"/>'
        wsdl = asking(schema(head=head), element="Plain")
        assert describe(tmp_path, wsdl, plain_xsd=plain).port().operations() == ["Ask"]

    def test_attributes_before_the_content(self, tmp_path: Path) -> None:
        disorderly = schema(
            '<xs:complexType name="Dog"><xs:attribute name="sex" type="xs:string"/><xs:sequence>'
            '<xs:element name="Tag" type="xs:string"/></xs:sequence></xs:complexType>',
            ask='type="d:Dog"',
        )
        assert compiled(tmp_path, asking(disorderly)).violations(body("<Tag>x</Tag>")) == []

    def test_a_dataset_of_dotnet_is_anything(self, tmp_path: Path) -> None:
        dataset = schema(
            '<xs:complexType name="Set"><xs:sequence><xs:element ref="xs:schema"/><xs:any/></xs:sequence></xs:complexType>',
            ask='type="d:Set"',
        )
        check = compiled(tmp_path, asking(dataset))
        assert check.violations(body(f'<xs:schema {XS}/><diffgram xmlns="urn:d"/>')) == []

    def test_a_type_that_cannot_be_compiled_is_taken_for_anything_and_told(self, tmp_path: Path) -> None:
        ambiguous = schema(
            '<xs:complexType name="Odd"><xs:sequence><xs:element name="a" minOccurs="0" type="xs:int"/><xs:any/>'
            "</xs:sequence></xs:complexType>",
            '<xs:complexType name="Fine"><xs:sequence><xs:element name="Odd" type="d:Odd"/>'
            '<xs:element name="n" type="xs:int"/></xs:sequence></xs:complexType>',
            ask='type="d:Fine"',
        )
        check = compiled(tmp_path, asking(ambiguous))
        assert check.unchecked == (
            "complexType Odd (dogs.wsdl:5): complex type 'Odd': The content model is not determinist",
        )
        assert check.violations(body("<Odd><what/></Odd><n>1</n>")) == []
        assert [found.path for found in check.violations(body("<Odd/><n>x</n>"))] == ["n"]

    def test_a_component_declared_twice_is_one(self, tmp_path: Path) -> None:
        same = schema()
        check = compiled(tmp_path, asking(same + same))
        assert check.unchecked == ()
        other = same.replace('name="Ask" type="xs:string"', 'name="Ask" type="xs:int"')
        assert compiled(tmp_path, asking(same + other)).unchecked == (
            "element Ask (dogs.wsdl#2): declared before, in another way",
        )


class TestShippedSchemas:
    @pytest.mark.parametrize(
        ("namespace", "element"),
        [
            ("http://www.w3.org/2000/09/xmldsig#", "Signature"),
            ("http://www.w3.org/2001/04/xmlenc#", "EncryptedData"),
            ("http://schemas.xmlsoap.org/ws/2004/08/addressing", "EndpointReference"),
            ("http://www.w3.org/2005/08/addressing", "EndpointReference"),
            ("http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd", "Security"),
            ("http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd", "Timestamp"),
            ("http://schemas.xmlsoap.org/soap/envelope/", "Fault"),
            ("http://www.w3.org/2003/05/soap-envelope", "Fault"),
            ("http://www.w3.org/2001/12/soap-encoding", "Array"),
            ("http://www.w3.org/2004/08/xop/include", "Include"),
            ("http://schemas.microsoft.com/2003/10/Serialization/", "guid"),
        ],
    )
    @pytest.mark.parametrize(
        "location", ["", ' schemaLocation="https://schemas.example/x.xsd"', ' schemaLocation="x.xsd"']
    )
    def test_a_schema_that_nobody_ships(self, tmp_path: Path, namespace: str, element: str, location: str) -> None:
        content = f'<xs:element name="Ask"><xs:complexType><xs:sequence><xs:element ref="s:{element}"/></xs:sequence></xs:complexType></xs:element>'
        text = schema(head=f'<xs:import namespace="{namespace}"{location}/>')
        text = text.replace('<xs:element name="Ask" type="xs:string"/>', content)
        wsdl = asking(text.replace("<xs:schema", f'<xs:schema xmlns:s="{namespace}"'))
        assert describe(tmp_path, wsdl).outline.operations == 1
        check = compiled(tmp_path, wsdl)
        assert check.unchecked == ()
        assert check.violations(body(""))[0].reason.startswith("Missing child element")

    def test_a_file_beside_the_wsdl_goes_first(self, tmp_path: Path) -> None:
        own = f'<xs:schema {XS} targetNamespace="http://www.w3.org/2000/09/xmldsig#"><xs:element name="Ours" type="xs:int"/></xs:schema>'
        head = '<xs:import namespace="http://www.w3.org/2000/09/xmldsig#" schemaLocation="sig.xsd"/>'
        text = asking(schema(head=head), element="s:Ours").replace(
            "<wsdl:definitions", '<wsdl:definitions xmlns:s="http://www.w3.org/2000/09/xmldsig#"'
        )
        assert describe(tmp_path, text, sig_xsd=own).port().operations() == ["Ask"]

    def test_names_used_without_any_import(self, tmp_path: Path) -> None:
        encoded = schema(
            '<xs:complexType name="Tags"><xs:complexContent><xs:restriction base="soapenc:Array">'
            '<xs:attribute ref="soapenc:arrayType" xmlns:w="http://schemas.xmlsoap.org/wsdl/" w:arrayType="xs:string[]"/>'
            "</xs:restriction></xs:complexContent></xs:complexType>",
            ask='type="d:Tags"',
        ).replace("<xs:schema", '<xs:schema xmlns:soapenc="http://schemas.xmlsoap.org/soap/encoding/"')
        assert compiled(tmp_path, asking(encoded)).violations(body("<item>x</item>")) == []


class TestBindings:
    def test_overloaded_operations_are_all_there(self, tmp_path: Path) -> None:
        messages = MESSAGES.replace(
            '<wsdl:operation name="Forget"><wsdl:input message="d:PingIn"/></wsdl:operation>',
            '<wsdl:operation name="Ping"><wsdl:input name="Other" message="d:FindDogsIn"/>'
            '<wsdl:output message="d:PingOut"/></wsdl:operation>',
        )
        bound = binding().replace('<wsdl:operation name="Forget">', '<wsdl:operation name="Ping">')
        bound = bound.replace(
            '<soap:operation soapAction="urn:forget"/><wsdl:input>',
            '<soap:operation soapAction="urn:other"/><wsdl:input name="Other">',
        )
        offered = describe(tmp_path, definitions(types(SCHEMA), messages, bound, service(port()))).port()
        assert offered.operations() == ["FindDogs", "Ping", "Ping.Other"]
        assert offered.operation("Ping.Other").http_headers()["soapaction"] == '"urn:other"'
        request = offered.operation("Ping.Other").request({"Owner": "12345678903"}, {})
        assert request[0][0].tag == f"{{{NS}}}FindDogs"

    def test_overloaded_rpc_operations_are_called_by_their_own_name(self, tmp_path: Path) -> None:
        both = "".join(
            f'<wsdl:operation name="Count"><wsdl:input name="{name}" message="d:{name}"/></wsdl:operation>'
            for name in ("ByTown", "ByYear")
        )
        bound = "".join(
            f'<wsdl:operation name="Count"><soap:operation soapAction=""/><wsdl:input name="{name}">'
            '<soap:body use="literal" namespace="urn:rpc"/></wsdl:input></wsdl:operation>'
            for name in ("ByTown", "ByYear")
        )
        wsdl = definitions(
            '<wsdl:message name="ByTown"><wsdl:part name="town" type="xs:string"/></wsdl:message>'
            '<wsdl:message name="ByYear"><wsdl:part name="year" type="xs:int"/></wsdl:message>'
            f'<wsdl:portType name="Dogs">{both}</wsdl:portType><wsdl:binding name="DogsSoap" type="d:Dogs">'
            '<soap:binding style="rpc" transport="http://schemas.xmlsoap.org/soap/http"/>'
            f"{bound}</wsdl:binding>",
            service(port()),
        )
        offered = describe(tmp_path, wsdl).port()
        assert offered.operations() == ["Count", "Count.ByYear"]
        request = offered.operation("Count.ByYear").request({"year": 2026}, {})
        assert (request[0][0].tag, request[0][0].findtext("year")) == ("{urn:rpc}Count", "2026")

    def test_a_binding_that_no_port_offers_counts_and_is_chosen_by_name_only(self, tmp_path: Path) -> None:
        other = binding("DogsOther").replace('type="d:Dogs"', 'type="d:Dogs"')
        description = describe(tmp_path, definitions(types(SCHEMA), MESSAGES, binding(), other, service(port())))
        assert description.outline.operations == 6
        assert description.port().name == "DogsSoap"
        assert description.port(name="DogsOther").operations() == ["FindDogs", "Forget", "Ping"]

    def test_a_binding_that_two_ports_offer_counts_once(self, tmp_path: Path) -> None:
        second = port().replace('name="DogsSoap"', 'name="Second"')
        description = describe(tmp_path, definitions(types(SCHEMA), MESSAGES, binding(), service(port(), second)))
        assert (description.outline.operations, len(description.ports)) == (3, 2)

    def test_other_transports_and_http_are_ignored_and_said(self, tmp_path: Path) -> None:
        jms = binding("DogsJms").replace("http://schemas.xmlsoap.org/soap/http", "http://www.w3.org/2010/soapjms/")
        http = '<wsdl:binding name="DogsGet" type="d:Dogs"><h:binding xmlns:h="http://schemas.xmlsoap.org/wsdl/http/" verb="GET"/></wsdl:binding>'
        description = describe(tmp_path, definitions(types(SCHEMA), MESSAGES, binding(), jms, http, service(port())))
        assert description.outline.ignored == (
            "binding DogsJms is SOAP over http://www.w3.org/2010/soapjms/, not over HTTP",
            "binding DogsGet is HTTP GET, not SOAP",
        )

    def test_a_body_inside_mime_parts(self, tmp_path: Path) -> None:
        mime = 'xmlns:mime="http://schemas.xmlsoap.org/wsdl/mime/"'
        inside = (
            f'<mime:multipartRelated {mime}><mime:part><soap:body use="literal"/></mime:part></mime:multipartRelated>'
        )
        wsdl = asking(schema()).replace('<wsdl:input><soap:body use="literal"/>', f"<wsdl:input>{inside}")
        request = describe(tmp_path, wsdl).port().operation("Ask").request({"value": "x"}, {})
        assert request[0][0].text == "x"

    def test_an_rpc_wrapper_in_no_namespace(self, tmp_path: Path) -> None:
        wsdl = definitions(
            '<wsdl:message name="In"><wsdl:part name="town" type="xs:string"/></wsdl:message>'
            '<wsdl:portType name="Dogs"><wsdl:operation name="Count"><wsdl:input message="d:In"/></wsdl:operation>'
            '</wsdl:portType><wsdl:binding name="DogsSoap" type="d:Dogs">'
            '<soap:binding style="rpc" transport="http://schemas.xmlsoap.org/soap/http"/><wsdl:operation name="Count">'
            '<soap:operation soapAction=""/><wsdl:input><soap:body use="literal" namespace=""/></wsdl:input>'
            "</wsdl:operation></wsdl:binding>",
            service(port()),
        )
        request = describe(tmp_path, wsdl).port().operation("Count").request({"town": "x"}, {})
        assert request[0][0].tag == "Count"


class TestReasons:
    @pytest.mark.parametrize(
        ("old", "new", "text"),
        [
            ('type="d:Dog" minOccurs', 'type="d:Dgo" minOccurs', "element type: there is no type d:Dgo"),
            ('type="d:OwnerId"', 'type="x:OwnerId"', "element type: the prefix of x:OwnerId is not declared"),
            ('name="Fee" type="xs:decimal"', 'name="Fee" type="xs:decimel"', "element type: XML Schema has no type decimel"),
            ('type="d:Dogs">', ">", "binding type: the binding DogsSoap has none"),
            ('<wsdl:binding name="DogsSoap" type="d:Dogs">', '<wsdl:binding name="DogsSoap" type="d:Dog">', "binding type: there is no portType d:Dog"),
        ],
    )  # fmt: skip
    def test_what_is_broken_has_a_line(self, tmp_path: Path, old: str, new: str, text: str) -> None:
        wsdl = dogs().replace(old, new, 1)
        assert wsdl != dogs()
        error = refusal(tmp_path, wsdl)
        line = next(
            number
            for number, one in enumerate(wsdl.lstrip().splitlines(), 1)
            if new in one and (new != ">" or "<wsdl:binding" in one)
        )
        assert (error.problem, error.file, error.line) == (text, "dogs.wsdl", line)

    def test_a_namespace_without_a_schema_names_the_line_of_the_catalogue(self, tmp_path: Path) -> None:
        text = schema(head='<xs:import namespace="urn:c"/>', ask='type="c:C" xmlns:c="urn:c"')
        error = refusal(tmp_path, asking(text))
        assert error.problem == "element type: c:C is of the namespace urn:c, for which there is no schema here"
        assert 'catalogue: { "urn:c": FILE }' in (error.remedy or "")
        common = f'<xs:schema {XS} targetNamespace="urn:c"><xs:simpleType name="C"><xs:restriction base="xs:int"/></xs:simpleType></xs:schema>'
        write(tmp_path, c_xsd=common)
        documents = collect_from_folder(tmp_path, "dogs.wsdl", catalogue={"urn:c": "c.xsd"})
        assert load_contract(documents).port.operations() == ["Ask"]

    def test_an_operation_that_is_broken_does_not_take_the_others_along(self, tmp_path: Path) -> None:
        wsdl = dogs().replace('element="d:Ping"', 'element="d:Pong"')
        description = describe(tmp_path, wsdl)
        offered = description.port()
        assert (offered.operations(), offered.missing()) == (["FindDogs"], ["Ping", "Forget"])
        with pytest.raises(ConfigurationError, match="there is no element d:Pong"):
            offered.operation("Ping")

    def test_wsdl_2(self, tmp_path: Path) -> None:
        write(tmp_path, dogs_wsdl='<description xmlns="http://www.w3.org/ns/wsdl" targetNamespace="urn:x"/>')
        with pytest.raises(ConfigurationError) as caught:
            collect_from_folder(tmp_path, "dogs.wsdl")
        assert caught.value.problem == "dogs.wsdl is a WSDL 2.0, which is another language; WSDL 1.1 is read"
        assert "?wsdl2" in (caught.value.remedy or "")

    @pytest.mark.parametrize("start", ["\n\n", "\ufeff", "\ufeff\n  "])
    def test_what_stands_before_the_declaration(self, tmp_path: Path, start: str) -> None:
        (tmp_path / "dogs.wsdl").write_text(start + dogs().lstrip(), "utf-8")
        assert Description(collect_from_folder(tmp_path, "dogs.wsdl")).outline.operations == 3


class TestBombs:
    def test_groups_that_double(self, tmp_path: Path) -> None:
        groups = "".join(
            f'<xs:group name="g{n}"><xs:sequence><xs:group ref="d:g{n + 1}"/><xs:group ref="d:g{n + 1}"/></xs:sequence></xs:group>'
            for n in range(40)
        )
        last = '<xs:group name="g40"><xs:sequence><xs:element name="e" type="xs:int"/></xs:sequence></xs:group>'
        error = refusal(tmp_path, asking(schema(groups, last)))
        assert "more than 20000 elements with all it inherits" in error.problem

    def test_types_that_extend_each_other_without_end(self, tmp_path: Path) -> None:
        chain = "".join(
            f'<xs:complexType name="t{n}"><xs:complexContent><xs:extension base="d:t{n + 1}"><xs:sequence>'
            f'<xs:element name="e{n}" type="xs:int"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>'
            for n in range(3000)
        )
        error = refusal(tmp_path, asking(schema(chain, '<xs:complexType name="t3000"/>')))
        assert (
            error.problem == "t64 inherits from or refers to more than 64 others in a row"
            or "others in a row" in error.problem
        )

    def test_enormous_occurrences_cost_nothing(self, tmp_path: Path) -> None:
        huge = schema(
            '<xs:complexType name="Huge"><xs:sequence maxOccurs="999999999"><xs:element name="e" type="xs:int" '
            'minOccurs="500000" maxOccurs="999999999"/></xs:sequence></xs:complexType>',
            ask='type="d:Huge"',
        )
        assert len(compiled(tmp_path, asking(huge)).violations(body("<e>1</e>"))) == 1

    def test_recursion_through_elements_is_no_bomb(self, tmp_path: Path) -> None:
        tree = schema(
            '<xs:complexType name="Node"><xs:sequence><xs:element name="Node" type="d:Node" minOccurs="0" '
            'maxOccurs="unbounded"/></xs:sequence></xs:complexType>',
            ask='type="d:Node"',
        )
        assert compiled(tmp_path, asking(tree)).violations(body("<Node><Node/></Node>")) == []

    def test_elements_nested_too_deep(self, tmp_path: Path) -> None:
        deep = "<xs:sequence>" * 300 + "</xs:sequence>" * 300
        write(tmp_path, dogs_wsdl=asking(schema(f"<xs:complexType name='x'>{deep}</xs:complexType>")))
        with pytest.raises(ConfigurationError, match="not well-formed XML: Excessive depth"):
            collect_from_folder(tmp_path, "dogs.wsdl")

    def test_too_large_a_document(self, tmp_path: Path) -> None:
        with (tmp_path / "dogs.wsdl").open("wb") as file:
            file.truncate(30_000_001)
        with pytest.raises(ConfigurationError, match="has more than 30000000 bytes"):
            collect_from_folder(tmp_path, "dogs.wsdl")
