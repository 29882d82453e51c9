"""`munihub soap inspect --skeleton`: what is written loads, and says what a person must look at."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import yaml

from hub.bootstrap.nouns import TARGETS
from hub.kernel.errors import ConfigurationError
from hub.kit.soap.guesses import identifier_scheme
from hub.kit.soap.inspect import inspect
from hub.kit.soap.shapes import Shape
from hub.kit.soap.wording import wording_of
from hub.mapping.compile import compile_mapping
from hub.mapping.mapping import Mapping
from hub.settings import PROJECT
from tests.unit.soap.samples import NS, SCHEMA, dogs, write
from tests.unit.soap.test_inspect import run

ZONE = ZoneInfo("Europe/Zagreb")


def written(folder: Path, operation: str, *options: str, wsdl: str | None = None) -> tuple[str, Mapping, dict]:
    """The mapping's text and what it compiles to, and the block of city.yaml."""
    write(folder, dogs_wsdl=wsdl or dogs())
    status, output = run(
        folder / "dogs.wsdl", "--skeleton", operation, "--name", "register", "--out", folder / "mappings", *options
    )
    assert status == 0, output
    target = options[options.index("--target") + 1] if "--target" in options else "obligation"
    file = folder / "mappings" / "register" / f"{target}.yaml"
    return file.read_text("utf-8"), compile_mapping(file, TARGETS, timezone=ZONE), yaml.safe_load(output)


def test_the_whole_of_a_skeleton(tmp_path: Path) -> None:
    text, mapping, block = written(tmp_path, "FindDogs", "--target", "subject")
    lines = text.splitlines()
    assert "  operation: FindDogs" in lines
    assert "    Owner: X    # CHECK: OwnerId, required" in lines
    assert "    # Since: { now: date }    # date, optional" in lines
    assert any(one.startswith("  # not_found: [CODE]    # ") for one in lines)
    assert "  records: Dogs.Dog    # CHECK: the first element of the reply that is repeated" in lines
    assert "  - Fee    # decimal, required → as: decimal, currency: EUR" in lines
    assert '  - "@sex"    # string, optional' in lines
    assert mapping.source_call == {"operation": "FindDogs", "parameters": {"Owner": "X"}}
    assert block["back_offices"]["register"]["settings"]["wsdl"] == "dogs.wsdl"
    assert block["back_offices"]["register"]["feeds"]["subjects"]["mapping"] == "subject.yaml"


@pytest.mark.parametrize("target", sorted(TARGETS))
def test_a_skeleton_loads_for_every_target(tmp_path: Path, target: str) -> None:
    assert written(tmp_path, "FindDogs", "--target", target)[1].target.name == target


def test_what_the_wsdl_imports_goes_along(tmp_path: Path) -> None:
    (tmp_path / "types").mkdir()
    write(tmp_path / "types", dogs_xsd=SCHEMA)
    schema = f'<xs:schema><xs:import namespace="{NS}" schemaLocation="types/dogs.xsd"/></xs:schema>'
    written(tmp_path, "FindDogs", wsdl=dogs().replace(SCHEMA, schema))
    assert (tmp_path / "mappings" / "register" / "types" / "dogs.xsd").read_text() == SCHEMA.lstrip()


def test_a_reply_without_a_list_is_one_record(tmp_path: Path) -> None:
    text, _, _ = written(tmp_path, "Ping")
    assert "  # records: nothing in the reply is repeated, so the reply is one record." in text


def test_an_identifier_is_bound_and_says_whose_the_records_are(tmp_path: Path) -> None:
    wsdl = dogs().replace('name="Owner" type="d:OwnerId"', 'name="OIBVlasnika" type="d:OwnerId"')
    text, mapping, _ = written(tmp_path, "FindDogs", wsdl=wsdl)
    assert mapping.source_call["parameters"] == {"OIBVlasnika": {"alias": "hr.oib"}}
    assert "subject: { scheme: hr.oib, asked: true }" in text


BILL = r"""
<xs:element name="BrojRacuna" type="xs:string"/>
<xs:element name="OIB" type="xs:string"/>
<xs:element name="Dospijece"><xs:simpleType><xs:restriction base="xs:string">
  <xs:pattern value="[0-9]{2}\.[0-9]{2}\.[0-9]{4}\."/></xs:restriction></xs:simpleType></xs:element>
<xs:element name="Iznos" type="xs:string">
  <xs:annotation><xs:documentation>Iznos s decimalnim zarezom, npr. 1.250,00</xs:documentation></xs:annotation>
</xs:element>
<xs:element name="Otvoreno" type="xs:decimal"/>
<xs:element name="Model" type="xs:string" minOccurs="0"/>
<xs:element name="PozivNaBroj" type="xs:string" minOccurs="0"/>
<xs:element name="ZadnjaIzmjena"><xs:simpleType><xs:restriction base="xs:string">
  <xs:pattern value="\d{2}\.\d{2}\.\d{4}\. \d{2}:\d{2}:\d{2}"/></xs:restriction></xs:simpleType></xs:element>
<xs:element name="Rata" minOccurs="0" maxOccurs="unbounded"><xs:complexType><xs:sequence>
  <xs:element name="RedniBroj" type="xs:int"/><xs:element name="Rok" type="xs:date"/>
  <xs:element name="Iznos" type="xs:decimal"/></xs:sequence></xs:complexType></xs:element>
"""


def test_what_the_schema_says_of_texts_is_written_down(tmp_path: Path) -> None:
    fee = '<xs:element name="Fee" type="xs:decimal"/>'
    text, mapping, _ = written(tmp_path, "FindDogs", wsdl=dogs().replace(fee, BILL))
    lines = text.splitlines()
    assert "  original: { from: Iznos, as: decimal_comma, currency: EUR }    # CHECK: The amount as assessed." in lines
    assert mapping.versions == "datetime"
    assert any(
        one.startswith('version: { from: ZadnjaIzmjena, as: datetime, format: "%d.%m.%Y. %H:%M:%S" }') for one in lines
    )
    suggested = [one.removeprefix("  # ").partition("    #")[0] for one in lines if one.startswith("  # ")]
    assert 'due_on: { from: Dospijece, as: date, format: "%d.%m.%Y." }' in suggested
    assert "outstanding: { from: Otvoreno, as: decimal, currency: EUR }" in suggested
    assert "references: [{ scheme: hr.poziv_na_broj, join: [Model, PozivNaBroj] }]" in suggested
    assert (
        "instalments: { each: Rata, fields: { number: RedniBroj, due_on: Rok, "
        "amount: { from: Iznos, as: decimal, currency: EUR } } }"
    ) in suggested


def test_suggestions_load_when_their_mark_is_taken_away(tmp_path: Path) -> None:
    fee = '<xs:element name="Fee" type="xs:decimal"/>'
    text, _, _ = written(tmp_path, "FindDogs", wsdl=dogs().replace(fee, BILL))
    wanted = ("outstanding", "due_on", "references", "document_number", "instalments")
    lines = [
        one.replace("# ", "", 1) if one.startswith(tuple(f"  # {name}:" for name in wanted)) else one
        for one in text.splitlines()
    ]
    file = tmp_path / "mappings" / "register" / "obligation.yaml"
    file.write_text("\n".join(lines), "utf-8")
    assert set(wanted) <= set(compile_mapping(file, TARGETS, timezone=ZONE).xml.fields.values)


def test_the_block_for_the_town_has_all_that_a_town_needs(tmp_path: Path) -> None:
    _, _, block = written(tmp_path, "FindDogs")
    office = block["back_offices"]["register"]
    assert office["name"] == {"en": "register"}
    assert office["payee"] == "PAYEE"
    assert "check" not in office["settings"]  # Ping wants a text.
    (tmp_path / "other").mkdir()
    _, _, block = written(tmp_path / "other", "FindDogs", "--target", "subject")
    assert "payee" not in block["back_offices"]["register"]


@pytest.mark.parametrize(
    ("pattern", "said", "amount", "moment"),
    [
        (r"\d{2}\.\d{2}\.\d{4}", None, None, ("date", "%d.%m.%Y")),
        (r"\d{8}", None, None, ("date", "%Y%m%d")),
        (r"-?[0-9.]+,[0-9]{2}", None, "decimal_comma", None),
        (r"[0-9]+\.[0-9]{2}", None, "decimal", None),
        (r"\i\c*", "dd.mm.gggg.", None, ("date", "%d.%m.%Y")),
        (None, "oblika dd.mm.gggg. (s točkom)", None, ("date", "%d.%m.%Y.")),
        (None, "dd/mm/yyyy hh:mm:ss", None, ("datetime", "%d/%m/%Y %H:%M:%S")),
        (None, "Iznos s decimalnim zarezom", "decimal_comma", None),
        (None, "npr. 12.50", None, None),
        (".*", None, None, None),
        ("(x+x+)+y" * 20, None, None, None),
    ],
)
def test_how_texts_are_written(
    pattern: str | None, said: str | None, amount: str | None, moment: tuple[str, str] | None
) -> None:
    told = wording_of(Shape("A", None, "string", pattern=pattern, documentation=said))
    assert (told.amount, told.moment) == (amount, moment)


def test_what_is_there_is_not_written_over(tmp_path: Path) -> None:
    written(tmp_path, "FindDogs")
    with pytest.raises(ConfigurationError, match=r"obligation\.yaml exists already"):
        written(tmp_path, "FindDogs")


def test_an_unknown_operation_lists_those_there_are(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError) as caught:
        written(tmp_path, "FindDog")
    assert caught.value.remedy == "It has: FindDogs, Ping, Forget."


def test_an_operation_without_a_reply(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="Forget declares no reply"):
        written(tmp_path, "Forget")


def test_texts_of_a_wsdl_cannot_add_keys(tmp_path: Path) -> None:
    said = "<xs:annotation><xs:documentation>x\nkey: evil&#x2028;target: case</xs:documentation></xs:annotation>"
    wsdl = dogs().replace(
        '<xs:element name="Fee" type="xs:decimal"/>', f'<xs:element name="Fee" type="xs:decimal">{said}</xs:element>'
    )
    text, _, _ = written(tmp_path, "FindDogs", wsdl=wsdl)
    assert "\nkey: evil" not in text
    assert "\u2028" not in text


@pytest.mark.parametrize("file", sorted((PROJECT / "mappings").glob("*/*.wsdl")), ids=lambda file: file.stem)
def test_every_operation_of_the_demonstration_makes_a_mapping_that_loads(tmp_path: Path, file: Path) -> None:
    (port, *_) = inspect(file)["services"][0]["ports"]
    answered = [operation["name"] for operation in port["operations"] if operation["output"]]
    assert answered
    for operation in answered:
        status, output = run(file, "--skeleton", operation, "--name", operation.lower(), "--out", tmp_path)
        assert status == 0, output
        mapping = compile_mapping(tmp_path / operation.lower() / "obligation.yaml", TARGETS, timezone=ZONE)
        assert mapping.source_call["operation"] == operation


@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        ("OIB", "hr.oib"), ("SuvlasnikOIB", "hr.oib"), ("RodneCislo", "cz.birth_number"), ("ICO", "cz.ico"),
        ("icon", None), ("Pibar", None), ("maticniBroj", "rs.mb"), ("EDRPOU", "ua.edrpou"), ("Owner", None),
    ],
)  # fmt: skip
def test_identifiers_by_their_name(name: str, scheme: str | None) -> None:
    assert identifier_scheme(name) == scheme
