"""The XSD check: which WSDLs it can compile, and what it says about a body."""

from __future__ import annotations

import threading
import time
from pathlib import Path
from types import SimpleNamespace

import pytest
from lxml import etree

from hub.kit.soap.contract import load_contract
from hub.kit.soap.documents import collect_from_folder
from hub.kit.soap.schema import BodySchema
from hub.kit.soap.violations import Violation, explain
from tests.unit.soap.samples import MESSAGES, NS, SCHEMA, binding, definitions, dogs, port, service, types, write
from tests.unit.soap.test_soap_description import rpc

XS = 'xmlns:xs="http://www.w3.org/2001/XMLSchema"'
DOG = "<d:Dog><d:Tag>T-1</d:Tag><d:Name>Žućo</d:Name><d:Fee>20.00</d:Fee></d:Dog>"


def compiled(folder: Path, wsdl: str | None = None, **files: str) -> BodySchema:
    write(folder, dogs_wsdl=wsdl or dogs(), **files)
    schema = load_contract(collect_from_folder(folder, "dogs.wsdl")).schema
    assert schema is not None
    return schema


def answer(content: str = DOG, after: str = "") -> etree._Element:
    text = (
        f'<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/" xmlns:d="{NS}"\n'
        f' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:xs="http://www.w3.org/2001/XMLSchema">\n'
        f"<e:Body>\n<d:FindDogsResponse>\n<d:Dogs>\n{content}\n</d:Dogs>{after}\n</d:FindDogsResponse></e:Body></e:Envelope>"
    )
    return etree.fromstring(text)[0][0]


def register(*schemas: str, imports: str = "") -> str:
    return definitions(imports, types(*schemas), MESSAGES, binding(), service(port()))


class TestWhatIsWrong:
    @pytest.fixture
    def schema(self, tmp_path: Path) -> BodySchema:
        return compiled(tmp_path)

    def test_nothing(self, schema: BodySchema) -> None:
        assert schema.violations(answer()) == []

    def test_a_value(self, schema: BodySchema) -> None:
        dogs = DOG + "\n" + DOG.replace("20.00", "dvadeset")
        (found,) = schema.violations(answer(dogs))
        assert (found.path, found.line, found.reason, found.value) == (
            "Dogs.Dog[2].Fee",
            7,
            "is not a valid value of the atomic type 'xs:decimal'",
            "dvadeset",
        )

    def test_a_long_value_is_shortened(self, schema: BodySchema) -> None:
        (found,) = schema.violations(answer(DOG.replace("20.00", "x" * 100)))
        assert found.value == "x" * 40 + "…"

    def test_a_missing_element(self, schema: BodySchema) -> None:
        (found,) = schema.violations(answer(DOG.replace("<d:Fee>20.00</d:Fee>", "")))
        assert (found.path, found.reason, found.value) == (
            "Dogs.Dog",
            "Missing child element(s). Expected is ( Fee )",
            None,
        )

    def test_a_renamed_element(self, schema: BodySchema) -> None:
        (found,) = schema.violations(answer(DOG.replace("d:Fee", "d:Price")))
        assert (found.path, found.reason, found.value) == (
            "Dogs.Dog.Price",
            "This element is not expected. Expected is ( Fee )",
            "20.00",
        )

    def test_an_attribute(self, schema: BodySchema) -> None:
        (found,) = schema.violations(answer(DOG.replace("<d:Dog>", '<d:Dog breed="pulin">')))
        assert (found.path, found.reason, found.value) == (
            "Dogs.Dog.@breed",
            "The attribute 'breed' is not allowed",
            "pulin",
        )

    def test_order(self, schema: BodySchema) -> None:
        dog = "<d:Dog><d:Name>x</d:Name><d:Tag>1</d:Tag><d:Fee>1</d:Fee></d:Dog>"
        (found,) = schema.violations(answer(dog))
        assert (found.path, found.reason) == ("Dogs.Dog.Name", "This element is not expected. Expected is ( Tag )")

    def test_nil_only_where_it_may_be(self, schema: BodySchema) -> None:
        nil = '<d:{0} xsi:nil="true"/>'
        assert schema.violations(answer(DOG.replace("<d:Name>Žućo</d:Name>", nil.format("Name")))) == []
        (found,) = schema.violations(answer(DOG.replace("<d:Fee>20.00</d:Fee>", nil.format("Fee"))))
        assert (found.path, found.reason) == ("Dogs.Dog.Fee", "The element is not 'nillable'")

    def test_the_type_named_by_a_prefix_of_the_envelope(self, schema: BodySchema) -> None:
        assert schema.violations(answer(DOG.replace("<d:Fee>", '<d:Fee xsi:type="xs:decimal">'))) == []
        (found,) = schema.violations(answer(DOG.replace("<d:Fee>", '<d:Fee xsi:type="xs:string">')))
        assert found.path == "Dogs.Dog.Fee.@type"

    def test_names_made_up_by_a_reply_do_not_fill_the_log(self, schema: BodySchema) -> None:
        (found,) = schema.violations(answer(f"<d:{'x' * 5000}/>"))
        assert (found.path, len(found.reason)) == ("FindDogsResponse", len(found.reason[:300]))

    def test_the_first_few_only(self, schema: BodySchema) -> None:
        wrong = "".join(DOG.replace("20.00", f"x{number}") for number in range(30))
        assert [found.value for found in schema.violations(answer(wrong), limit=3)] == ["x0", "x1", "x2"]

    @pytest.mark.parametrize("value", ["12345", "it's a 'quote' is not a valid value", "  padded\n value "])
    def test_reasons_never_quote_the_value(self, tmp_path: Path, value: str) -> None:
        schema = compiled(tmp_path)
        request = etree.fromstring(f'<FindDogs xmlns="{NS}"><Owner>{value}</Owner></FindDogs>')
        (found,) = schema.violations(request)
        assert (found.path, found.reason) == (
            "Owner",
            r"[facet 'pattern'] The value is not accepted by the pattern '\d{11}'",
        )

    def test_a_hint_where_a_schema_lies_is_not_followed(self, schema: BodySchema, tmp_path: Path) -> None:
        (tmp_path / "any.xsd").write_text(
            f'<xs:schema {XS} targetNamespace="{NS}"><xs:element name="Anything"/></xs:schema>'
        )
        body = etree.fromstring(
            f'<d:Anything xmlns:d="{NS}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
            f'xsi:schemaLocation="{NS} {tmp_path}/any.xsd"/>'
        )
        assert [found.reason for found in schema.violations(body)] == [
            "No matching global declaration available for the validation root"
        ]


class TestLargeDocuments:
    def many(self, count: int, wrong: dict[int, str]) -> etree._Element:
        return answer("\n".join(DOG.replace("20.00", wrong.get(number, "20.00")) for number in range(count)))

    def test_valid(self, tmp_path: Path) -> None:
        assert compiled(tmp_path).violations(self.many(20_000, {}), size=2_000_000) == []

    def test_the_first_violation_is_told_with_its_place(self, tmp_path: Path) -> None:
        body = self.many(20_000, {11_000: "mnogo", 15_000: "više"})
        (found,) = compiled(tmp_path).violations(body, size=2_000_000)
        assert (found.path, found.line, found.value) == ("Dogs.Dog[11001].Fee", 11_006, "mnogo")

    def test_a_violation_at_the_very_end(self, tmp_path: Path) -> None:
        body = self.many(20_000, {})
        body.remove(body[0])
        body.append(etree.Element(f"{{{NS}}}Total"))
        (found,) = compiled(tmp_path).violations(body, size=2_000_000)
        assert (found.path, found.reason) == ("Total", "This element is not expected. Expected is ( Dogs )")

    def test_small_ones_do_not_wait_for_its_end(self, tmp_path: Path) -> None:
        """It is checked in a thread, they are in the event loop."""
        schema = compiled(tmp_path)
        done: list[list[Violation]] = []

        def check() -> None:
            body = self.many(60_000, {})
            done.append(schema.violations(body, size=6_000_000))

        thread = threading.Thread(target=check)
        thread.start()
        while not schema._lock.locked():
            time.sleep(0.0001)
        assert schema.violations(answer()) == []
        assert not done
        thread.join()
        assert done == [[]]

    def test_each_record_wrong_takes_no_longer_than_one(self, tmp_path: Path) -> None:
        schema = compiled(tmp_path)
        body = self.many(50_000, dict.fromkeys(range(50_000), "x"))
        started = time.process_time()
        (found,) = schema.violations(body, size=5_000_000)
        assert found.path == "Dogs.Dog[1].Fee"
        assert time.process_time() - started < 3  # 30 s where libxml2 is left to report all of them.


class TestWhatCompiles:
    def check(self, folder: Path, wsdl: str, **files: str) -> None:
        schema = compiled(folder, wsdl, **files)
        assert schema.violations(answer()) == []
        assert [found.path for found in schema.violations(answer(DOG.replace("20.00", "?")))] == ["Dogs.Dog.Fee"]

    def test_prefixes_declared_outside_the_schema(self, tmp_path: Path) -> None:
        bare = SCHEMA.replace(' xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:d="urn:example:dogs:1"', "")
        assert "xmlns" not in bare
        self.check(tmp_path, register(bare))

    def test_a_schema_that_only_imports(self, tmp_path: Path) -> None:
        wrapper = f'<xs:schema><xs:import namespace="{NS}" schemaLocation="dogs.xsd"/></xs:schema>'
        self.check(tmp_path, register(wrapper), dogs_xsd=SCHEMA)

    def test_a_schema_that_only_includes(self, tmp_path: Path) -> None:
        wrapper = f'<xs:schema targetNamespace="{NS}"><xs:include schemaLocation="dogs.xsd"/></xs:schema>'
        self.check(tmp_path, register(wrapper), dogs_xsd=SCHEMA)

    def test_a_schema_imported_by_wsdl_import(self, tmp_path: Path) -> None:
        self.check(tmp_path, register(imports=f'<wsdl:import namespace="{NS}" location="dogs.xsd"/>'), dogs_xsd=SCHEMA)

    def test_an_included_schema_without_a_namespace_takes_on_that_of_the_includer(self, tmp_path: Path) -> None:
        included = '<xs:include schemaLocation="dogs.xsd"/>'
        wrapper = f'<xs:schema targetNamespace="{NS}" elementFormDefault="qualified">{included}</xs:schema>'
        chameleon = (
            SCHEMA.replace(f'targetNamespace="{NS}"', "")
            .replace('type="d:', 'type="')
            .replace("xmlns:d", "xmlns:unused")
        )
        self.check(tmp_path, register(wrapper), dogs_xsd=chameleon)

    def test_one_namespace_in_several_inline_schemas(self, tmp_path: Path) -> None:
        start = SCHEMA.index('<xs:complexType name="Dog">')
        end = SCHEMA.index('<xs:element name="FindDogs">')
        head = SCHEMA[: SCHEMA.index("<xs:simpleType")]
        one = SCHEMA[:start] + SCHEMA[end:]
        other = head + SCHEMA[start:end] + "</xs:schema>"
        self.check(tmp_path, register(one, other))

    def split(self, how: str) -> tuple[str, str]:
        """The register with its dogs in a namespace of their own, imported as `how` says."""
        start = SCHEMA.index('<xs:complexType name="Dog">')
        end = SCHEMA.index('<xs:element name="FindDogs">')
        kinds = (
            f'<xs:schema {XS} targetNamespace="urn:kinds" elementFormDefault="qualified">'
            '<xs:complexType name="Fee"><xs:simpleContent><xs:extension base="xs:decimal"/></xs:simpleContent>'
            "</xs:complexType></xs:schema>"
        )
        main = SCHEMA.replace("<xs:simpleType", how + "<xs:simpleType", 1)
        main = main.replace(
            '<xs:element name="Fee" type="xs:decimal"/>', '<xs:element name="Fee" type="k:Fee" xmlns:k="urn:kinds"/>'
        )
        assert start < end
        return main, kinds

    def test_inline_schemas_import_each_other_without_a_location(self, tmp_path: Path) -> None:
        main, kinds = self.split('<xs:import namespace="urn:kinds"/>')
        self.check(
            tmp_path, register(main, kinds.replace("<xs:complexType", f'<xs:import namespace="{NS}"/><xs:complexType'))
        )

    def test_inline_schemas_use_each_other_without_an_import(self, tmp_path: Path) -> None:
        self.check(tmp_path, register(*self.split("")))

    def test_an_import_of_its_own_namespace(self, tmp_path: Path) -> None:
        main, kinds = self.split(
            f'<xs:import namespace="{NS}"/><xs:import namespace="urn:kinds" schemaLocation="kinds.xsd"/>'
        )
        self.check(tmp_path, register(main), kinds_xsd=kinds)

    def test_files_that_import_each_other(self, tmp_path: Path) -> None:
        main, kinds = self.split('<xs:import namespace="urn:kinds" schemaLocation="kinds.xsd"/>')
        kinds = kinds.replace(
            "<xs:complexType", f'<xs:import namespace="{NS}" schemaLocation="dogs.xsd"/><xs:complexType'
        )
        wrapper = f'<xs:schema><xs:import namespace="{NS}" schemaLocation="dogs.xsd"/></xs:schema>'
        self.check(tmp_path, register(wrapper), dogs_xsd=main, kinds_xsd=kinds)

    def test_an_import_of_what_nobody_has(self, tmp_path: Path) -> None:
        main, kinds = self.split('<xs:import namespace="urn:kinds"/><xs:import namespace="urn:nowhere"/>')
        self.check(tmp_path, register(main, kinds))

    def test_elements_without_a_namespace(self, tmp_path: Path) -> None:
        extra = "<xs:schema><xs:element name='Loose' type='xs:int'/></xs:schema>"
        schema = compiled(tmp_path, register(SCHEMA, extra))
        assert schema.violations(answer()) == []
        assert schema.violations(etree.fromstring("<Loose>1</Loose>")) == []
        assert len(schema.violations(etree.fromstring("<Loose>x</Loose>"))) == 1

    def test_the_attributes_of_xml(self, tmp_path: Path) -> None:
        schema = SCHEMA.replace(
            "<xs:simpleType", '<xs:import namespace="http://www.w3.org/XML/1998/namespace"/><xs:simpleType', 1
        ).replace('<xs:attribute name="sex" type="xs:string"/>', '<xs:attribute ref="xml:lang"/>')
        check = compiled(tmp_path, register(schema))
        assert check.violations(answer(DOG.replace("<d:Dog>", '<d:Dog xml:lang="hr">'))) == []
        assert len(check.violations(answer(DOG.replace("<d:Dog>", '<d:Dog xml:lang="a b">')))) == 1

    def test_the_wrappers_of_rpc(self, tmp_path: Path) -> None:
        schema = compiled(tmp_path, rpc())
        good = '<r:CountResponse xmlns:r="urn:rpc"><count>3</count></r:CountResponse>'
        assert schema.violations(etree.fromstring(good)) == []
        (found,) = schema.violations(etree.fromstring(good.replace(">3<", ">three<")))
        assert (found.path, found.value) == ("count", "three")
        request = '<r:Count xmlns:r="urn:rpc"><town>x</town><dog><Tag>x</Tag></dog></r:Count>'
        assert [one.path for one in schema.violations(etree.fromstring(request))] == ["dog.Tag"]


def test_a_type_that_cannot_be_compiled_is_told_with_its_place(tmp_path: Path) -> None:
    wrapper = f'<xs:schema><xs:import namespace="{NS}" schemaLocation="types/dogs.xsd"/></xs:schema>'
    (tmp_path / "types").mkdir()
    write(tmp_path / "types", dogs_xsd=SCHEMA.replace('value="\\d{11}"', 'value="[0-9"'))
    write(tmp_path, dogs_wsdl=register(wrapper))
    documents = collect_from_folder(tmp_path, "dogs.wsdl")
    schema = load_contract(documents).schema
    assert schema is not None
    (told,) = schema.unchecked
    assert told.startswith("simpleType OwnerId (types/dogs.xsd:3): Element 'pattern': The value '[0-9'")
    assert load_contract(documents, check_schema=False).schema is None


def test_the_line_of_a_mistake_in_an_inline_schema_is_that_of_the_wsdl(tmp_path: Path) -> None:
    wsdl = register(SCHEMA.replace('value="\\d{11}"', 'value="[0-9"'))
    line = next(number for number, text in enumerate(wsdl.splitlines(), 1) if 'simpleType name="OwnerId"' in text)
    write(tmp_path, dogs_wsdl=wsdl)
    schema = load_contract(collect_from_folder(tmp_path, "dogs.wsdl")).schema
    assert schema is not None
    assert f"(dogs.wsdl:{line})" in schema.unchecked[0]


def test_a_place_that_cannot_be_found_is_told_as_the_whole() -> None:
    body = etree.fromstring("<a>x</a>")
    entry = SimpleNamespace(path="/p:a/p:b", message="Element 'b': 'x' is not a valid value of the type.", line=3)
    assert explain(body, [entry], 5) == [Violation("a", 3, "is not a valid value of the type", "x")]


def test_a_long_path_is_cut() -> None:
    step = "x" * 90
    body = etree.fromstring(f"<a><{step}><{step}><{step}/></{step}></{step}></a>")
    entry = SimpleNamespace(path=f"/a/{step}/{step}/{step}", message="Element 'x': wrong.", line=1)
    (found,) = explain(body, [entry], 5)
    assert found.path == f"{step}.{step}.{step}"[:200]
