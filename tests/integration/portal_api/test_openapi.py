"""The OpenAPI document, as somebody who has nothing else reads it."""

import json
import re
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from fastapi.routing import iter_route_contexts

from tests.support.openapi import APP, DOCUMENT

OPERATIONS = [
    pytest.param(path, method, operation, id=f"{method.upper()} {path}")
    for path, operations in DOCUMENT["paths"].items()
    for method, operation in operations.items()
]
OPEN = {"/healthz", "/readyz", "/metrics"}


def examples(node: Any, where: str = "#") -> Iterator[tuple[str, Any, Any]]:
    """Place, schema and value of every example: of media types, parameters, headers and schemas."""
    if isinstance(node, list):
        node = {str(number): one for number, one in enumerate(node)}
    if not isinstance(node, dict):
        return
    schema = node.get("schema", node)
    found = list(node.get("examples", [])) + [node[one] for one in ("example",) if one in node]
    yield from ((f"{where}/examples/{number}", schema, value) for number, value in enumerate(found))
    for name, value in node.items():
        # What stands in an example is a value, and what stands in `properties` are names, `example` among them.
        if name not in {"example", "examples", "const", "default", "enum"}:
            yield from examples(value, f"{where}/{name}")


# Compiled with each of the hundreds of examples, the components would be most of the work.
COMPONENTS = jsonschema_rs.Registry([("urn:openapi", {"components": DOCUMENT["components"]})])


def faults(schema: Any, value: Any) -> list[str]:
    alone = json.loads(json.dumps(schema).replace('"#/components/', '"urn:openapi#/components/'))
    validator = jsonschema_rs.Draft202012Validator(alone, registry=COMPONENTS, validate_formats=True)
    return [one.message for one in validator.iter_errors(value)]


def test_every_example_is_what_its_schema_says():
    found = list(examples(DOCUMENT))
    assert len(found) > 100
    wrong = {where: said for where, schema, value in found if (said := faults(schema, value))}
    assert wrong == {}


@pytest.mark.parametrize(
    ("schema", "value"), [({"type": "integer"}, "1"), ({"$ref": "#/components/schemas/Problem"}, {})]
)
def test_an_example_that_is_wrong_would_be_found(schema, value):
    ((where, found, given),) = examples({"paths": {"schema": schema, "example": value}})
    assert where == "#/paths/examples/0"
    assert faults(found, given)


def test_it_is_openapi_3_1_and_says_where_it_applies():
    assert DOCUMENT["openapi"] == "3.1.0"
    assert DOCUMENT["info"]["license"]["identifier"] == "EUPL-1.2"
    assert [one["url"] for one in DOCUMENT["servers"]] == ["/"]
    assert "host of its own" in DOCUMENT["servers"][0]["description"]
    assert sorted(DOCUMENT["components"]["securitySchemes"]) == ["bearer", "push"]


def test_every_route_is_in_it_but_pages_and_protocols_of_others():
    """Pages of logins and payments are for people; OpenID Connect, SAML and card gateways have documents of their own."""
    outside = re.compile(r"/openapi\.json|/{city}/(login|logout|oauth2|payments|\.well-known)(/.*)?|/\.well-known/.*")
    routes = {
        (context.path, method.lower())
        for context in iter_route_contexts(APP.routes)
        if not outside.fullmatch(context.path)
        for method in context.methods
    }
    assert routes == {(path, method) for path, found in DOCUMENT["paths"].items() for method in found}


def test_references_lead_somewhere_and_every_schema_is_used():
    text = repr(DOCUMENT)
    named = set(re.findall(r"#/components/schemas/(\w+)", text))
    assert named == set(DOCUMENT["components"]["schemas"])
    assert "HTTPValidationError" not in text


def test_clients_can_call_operations_by_their_names():
    names = [one.values[2]["operationId"] for one in OPERATIONS]
    assert len(set(names)) == len(names)
    assert [name for name in names if not re.fullmatch(r"[a-z]+(_[a-z]+)*", name)] == []


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_an_operation_says_what_it_is(path, method, operation):
    assert operation["summary"]
    assert {one["name"] for one in DOCUMENT["tags"]} >= set(operation["tags"])
    assert len(operation["tags"]) == 1
    if path in OPEN or operation["operationId"] == "read_soap_contract":
        assert "security" not in operation
    else:
        ((scheme, scopes),) = operation["security"][0].items()
        assert (scheme, len(scopes)) == (("push", 0) if path.startswith("/{city}/push/") else ("bearer", 1))
        assert {"401", "403", "404", "500", "503"} <= set(operation["responses"])
    for status, answer in operation["responses"].items():
        assert answer["description"] not in {"", "Successful Response"}
        if status >= "400":
            faults = operation["operationId"] == "push_soap" and status in {"400", "500"}
            envelopes = ["text/xml", "application/soap+xml"] if faults else []
            assert list(answer["content"]) == ["application/problem+json", *envelopes]
            assert answer["content"]["application/problem+json"]["example"]["status"] == int(status)
        elif status not in {"204", "304"}:
            assert all(one.get("schema") for one in answer["content"].values())


@pytest.mark.parametrize(("path", "method", "operation"), OPERATIONS)
def test_a_parameter_says_what_it_is(path, method, operation):
    for one in operation.get("parameters", []):
        assert one.get("description"), one["name"]


def test_every_problem_in_it_has_a_type_of_its_own():
    types = {value["type"] for _, _, value in examples(DOCUMENT) if isinstance(value, dict) and "status" in value}
    assert "urn:munihub:problem:request_timeout" in types
    assert "urn:munihub:problem:error" not in types


async def test_it_is_served_and_pages_that_load_from_elsewhere_are_not(hub):
    served = await hub.client.get("/openapi.json")
    assert served.json() == DOCUMENT
    for path in ("/docs", "/redoc", "/docs/oauth2-redirect"):
        assert (await hub.client.get(path)).status_code == 404
