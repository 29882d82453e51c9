"""`munihub soap inspect`: what a WSDL offers, as JSON and as text, and why one is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from connectors.soap.command import register
from hub.bootstrap.nouns import TARGETS
from hub.kit.soap.inspect import inspect, wsdls
from tests.unit.soap.samples import MESSAGES, NS, SCHEMA, binding, definitions, dogs, port, service, types, write

POLICY = """
<p:Policy xmlns:p="http://www.w3.org/ns/ws-policy" xmlns:u="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd" u:Id="secure">
  <s:UsernameToken xmlns:s="http://docs.oasis-open.org/ws-sx/ws-securitypolicy/200702"/>
  <a:Addressing xmlns:a="http://www.w3.org/2007/05/addressing/metadata" p:Optional="true"/>
  <m:OptimizedMimeSerialization xmlns:m="http://schemas.xmlsoap.org/ws/2004/09/policy/optimizedmimeserialization"/>
</p:Policy>"""


def run(*arguments: object) -> tuple[int, str]:
    app = typer.Typer()
    register(app, TARGETS)
    result = CliRunner().invoke(app, ["soap", "inspect", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def operation(result: dict[str, Any], name: str) -> dict[str, Any]:
    (found,) = (one for one in result["services"][0]["ports"][0]["operations"] if one["name"] == name)
    assert isinstance(found, dict)
    return found


def test_the_form_of_the_json(tmp_path: Path) -> None:
    write(tmp_path, dogs_wsdl=dogs())
    status, output = run(tmp_path / "dogs.wsdl", "--json")
    (result,) = json.loads(output)
    assert status == 0
    assert {key: result[key] for key in ("path", "ok", "operations", "ignored", "unchecked", "reason", "remedy")} == {
        "path": str(tmp_path / "dogs.wsdl"),
        "ok": True,
        "operations": 3,
        "ignored": [],
        "unchecked": [],
        "reason": None,
        "remedy": None,
    }
    (found,) = result["services"]
    (offered,) = found["ports"]
    assert found["name"] == "DogRegister"
    assert {key: value for key, value in offered.items() if key != "operations"} == {
        "name": "DogsSoap",
        "binding": f"{{{NS}}}DogsSoap",
        "address": "No target address",
        "soap": "1.1",
        "style": "document",
        "policies": [],
    }
    find = operation(result, "FindDogs")
    (asked,) = find["input"]
    assert asked["content"][0] == {"name": "Owner", "type": "OwnerId", "base": "string", "min": 1, "max": 1}
    (answered,) = find["output"]
    dog = answered["content"][0]["content"][0]
    assert (dog["name"], dog["type"], dog["min"], dog["max"]) == ("Dog", "Dog", 0, "unbounded")
    assert [one["name"] for one in dog["content"]] == ["Tag", "Name", "Fee", "Born", "@sex"]
    assert dog["content"][1]["nillable"] is True
    assert [(one["direction"], one["part"], one["name"]) for one in find["headers"]] == [
        ("input", "session", "Session")
    ]
    assert (operation(result, "Forget")["one_way"], operation(result, "Ping")["one_way"]) == (True, False)


def test_documentation_choices_codes_and_faults(tmp_path: Path) -> None:
    schema = SCHEMA.replace(
        '<xs:element name="Ping" type="xs:string"/>',
        '<xs:element name="Ping"><xs:annotation><xs:documentation>Is it\n there?</xs:documentation></xs:annotation>'
        '<xs:complexType><xs:choice><xs:element name="a" type="d:Code"/><xs:element name="b" type="xs:int"/></xs:choice>'
        '</xs:complexType></xs:element><xs:simpleType name="Code"><xs:restriction base="xs:string">'
        '<xs:enumeration value="K"/><xs:enumeration value="P"/></xs:restriction></xs:simpleType>',
    )
    messages = MESSAGES.replace(
        '<wsdl:output message="d:PingOut"/>',
        '<wsdl:output message="d:PingOut"/><wsdl:fault name="No" message="d:PingOut"/>',
    )
    write(tmp_path, dogs_wsdl=definitions(types(schema), messages, binding(), service(port())))
    ping = operation(inspect(tmp_path / "dogs.wsdl"), "Ping")
    (asked,) = ping["input"]
    assert asked["documentation"] == "Is it there?"
    assert asked["content"] == [
        {"name": "a", "type": "Code", "base": "string", "min": 0, "max": 1, "choice": True, "values": ["K", "P"]},
        {"name": "b", "type": "int", "base": "int", "min": 0, "max": 1, "choice": True},
    ]
    assert [(fault["name"], fault["detail"][0]["name"]) for fault in ping["faults"]] == [("No", "PingResponse")]
    assert "        fault No\n          PingResponse: string\n" in run(tmp_path / "dogs.wsdl")[1]


def test_a_type_that_contains_itself_is_cut(tmp_path: Path) -> None:
    schema = SCHEMA.replace(
        '<xs:element name="Ping" type="xs:string"/>',
        '<xs:element name="Ping" type="d:Node"/><xs:complexType name="Node"><xs:sequence>'
        '<xs:element name="Node" type="d:Node" minOccurs="0"/></xs:sequence></xs:complexType>',
    )
    write(tmp_path, dogs_wsdl=definitions(types(schema), MESSAGES, binding(), service(port())))
    (asked,) = operation(inspect(tmp_path / "dogs.wsdl"), "Ping")["input"]
    assert asked["content"] == [{"name": "Node", "type": "Node", "base": None, "min": 0, "max": 1, "cut": True}]


def test_policies_in_words(tmp_path: Path) -> None:
    reference = '<p:PolicyReference xmlns:p="http://www.w3.org/ns/ws-policy" URI="#secure"/>'
    bound = binding().replace("<soap:binding style", f"{reference}<soap:binding style", 1)
    write(tmp_path, dogs_wsdl=definitions(POLICY, types(SCHEMA), MESSAGES, bound, service(port())))
    (found,) = inspect(tmp_path / "dogs.wsdl")["services"][0]["ports"]
    assert found["policies"] == ["MTOM", "WS-Addressing (optional)", "WS-Security: user name token"]
    assert "asks for MTOM; WS-Addressing (optional); WS-Security: user name token" in run(tmp_path / "dogs.wsdl")[1]


def test_a_folder_without_the_parts_that_others_import(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    write(tmp_path / "parts", interface_wsdl=definitions(types(SCHEMA), MESSAGES))
    importing = f'<wsdl:import namespace="{NS}" location="parts/interface.wsdl"/>'
    write(tmp_path, dogs_wsdl=definitions(importing, binding(), service(port())), cats_wsdl=dogs(), notes_txt="")
    assert wsdls(tmp_path) == [tmp_path / "cats.wsdl", tmp_path / "dogs.wsdl"]
    status, output = run(tmp_path)
    assert (status, output.splitlines()[-1]) == (0, "2 of 2 WSDLs load.")


def test_wsdls_that_import_each_other_are_one(tmp_path: Path) -> None:
    for name, other in (("a", "b"), ("b", "a")):
        text = definitions(f'<wsdl:import namespace="urn:{other}" location="{other}.wsdl"/>', namespace=f"urn:{name}")
        (tmp_path / f"{name}.wsdl").write_text(text)
    assert wsdls(tmp_path) == [tmp_path / "a.wsdl"]


def test_imports_may_lead_above_the_folder_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "wsdl" / "deep").mkdir(parents=True)
    write(tmp_path, dogs_xsd=SCHEMA)
    schema = f'<xs:schema><xs:import namespace="{NS}" schemaLocation="../../dogs.xsd"/></xs:schema>'
    write(tmp_path / "wsdl" / "deep", dogs_wsdl=definitions(types(schema), MESSAGES, binding(), service(port())))
    assert inspect(tmp_path / "wsdl" / "deep" / "dogs.wsdl")["ok"] is True


def test_a_refusal_names_the_reason_and_the_remedy(tmp_path: Path) -> None:
    schema = '<xs:schema><xs:import namespace="urn:c" schemaLocation="http://schemas.example/c.xsd"/></xs:schema>'
    write(tmp_path, dogs_wsdl=definitions(types(schema), MESSAGES, binding(), service(port())), good_wsdl=dogs())
    status, output = run(tmp_path, "--json")
    refused, good = json.loads(output)
    assert (status, good["ok"], refused["ok"], refused["operations"]) == (1, True, False, 0)
    assert refused["reason"] == (
        "dogs.wsdl:5: http://schemas.example/c.xsd is imported by its address; a WSDL on disk is read from disk only"
    )
    assert 'catalogue: { "http://schemas.example/c.xsd": FILE }' in refused["remedy"]
    assert "remedy: Save that document" in run(tmp_path)[1]


def test_the_catalogue_of_the_command_line(tmp_path: Path) -> None:
    schema = f'<xs:schema><xs:import namespace="{NS}" schemaLocation="http://schemas.example/c.xsd?a=1"/></xs:schema>'
    write(tmp_path, dogs_wsdl=definitions(types(schema), MESSAGES, binding(), service(port())), own_xsd=SCHEMA)
    assert run(tmp_path / "dogs.wsdl", "--catalogue", "http://schemas.example/c.xsd?a=1=own.xsd")[0] == 0
    assert run(tmp_path / "dogs.wsdl", "--catalogue", "own.xsd")[0] == 2


def test_operations_that_cannot_be_used_are_named(tmp_path: Path) -> None:
    write(tmp_path, dogs_wsdl=dogs().replace('element="d:Ping"', 'element="d:Pong"'))
    result = inspect(tmp_path / "dogs.wsdl")
    assert (result["ok"], result["operations"]) == (False, 3)
    assert result["reason"].startswith("these operations cannot be used: Ping, Forget: dogs.wsdl:")
    assert result["reason"].endswith("part element: there is no element d:Pong")


@pytest.mark.parametrize("head", ["<!DOCTYPE x>", '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'])
def test_a_dtd_is_refused(tmp_path: Path, head: str) -> None:
    write(tmp_path, dogs_wsdl=definitions(types(SCHEMA), head=head))
    assert inspect(tmp_path / "dogs.wsdl")["reason"] == "The document dogs.wsdl carries a DTD, which is not accepted"


def test_letters_that_command_the_terminal_are_not_shown(tmp_path: Path) -> None:
    wsdl = dogs().replace(
        '<wsdl:operation name="Ping">',
        '<wsdl:operation name="Ping"><wsdl:documentation>a\u009b31mb</wsdl:documentation>',
        1,
    )
    write(tmp_path, dogs_wsdl=wsdl)
    assert "\u009b" not in run(tmp_path / "dogs.wsdl")[1]
