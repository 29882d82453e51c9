"""The OpenAPI document (3.1): FastAPI's, with our problems in place of its own shape of a validation error."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from hub.authorisation import HEADER, OPERATIONS, Audience, Rule
from portal_api.errors import Problem, responses

TITLE = "munihub"
VERSION = "0.1.0"
DESCRIPTION = """One citizen account over a town's back offices.

Every part of an answer carries its age. `knowledge` says what an empty list means: with `complete` there is none,
with `partial` there is none that we know of, and with `unknown` the list is null, because no source could be asked.
Errors are problems (RFC 9457) with a stable `type`. HEAD is answered wherever GET is.
"""
SERVERS = [
    {
        "url": "/",
        "description": "The town is the first part of the path. A live town has a host of its own and answers only "
        "there: its addresses begin with `/v1`, `/push` and `/admin`, without `/{city}`.",
    }
]
TAGS = [
    {"name": "citizen", "description": "What a citizen's front end asks, with the citizen's access token."},
    {"name": "push", "description": "Where back offices send what has changed."},
    {"name": "admin", "description": "What the town's own staff see."},
    {"name": "operators", "description": "Whether this process and its towns are well."},
]
SECURITY = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "An access token (RFC 9068) for one town. Each operation names the scope it needs.",
    },
    "push": {"type": "http", "scheme": "bearer", "description": "The secret one back office pushes with."},
}


ACTING_FOR = {
    "name": HEADER,
    "in": "header",
    "description": "whom it is for, where the citizen acts by a mandate: `sub_…` from the list of mandates",
    "schema": {"type": "string", "examples": ["sub_01jd3v9k6cf3rs2k4w5m8q7x1t"]},
}


def _security(rule: Rule) -> list[dict[str, list[str]]]:
    """As OpenAPI 3.1 §4.8.30 writes it; any one of the list will do."""
    if rule.audience is Audience.ANYONE:
        return []
    token = {"bearer": [rule.scope]}
    return [{"push": []}, token] if rule.audience is Audience.MACHINE else [token]


def operation_id(route: APIRoute) -> str:
    """The handler's name, which generated clients call their method by; a test sees to it that no two are equal."""
    return route.name


def document(app: FastAPI) -> dict[str, Any]:
    """The document of `app`, made once."""
    if app.openapi_schema is None:
        schema = get_openapi(
            title=TITLE,
            version=VERSION,
            description=DESCRIPTION,
            license_info={"name": "European Union Public Licence 1.2", "identifier": "EUPL-1.2"},
            servers=SERVERS,
            tags=TAGS,
            routes=app.routes,
        )
        components = schema.setdefault("components", {})
        components["securitySchemes"] = SECURITY
        definition = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
        components["schemas"] |= definition.pop("$defs", {}) | {"Problem": definition}
        # FastAPI lets every operation with a parameter answer 422 in its own shape. Ours is a problem, and is written
        # at the operations where a value can be wrong: a town or an id that does not exist is a 404.
        for path in schema["paths"].values():
            for operation in path.values():
                rule = OPERATIONS.get(operation["operationId"])
                if rule and (security := _security(rule)):
                    operation["security"] = security
                if rule and rule.acting_for:
                    operation["parameters"] = [*operation.get("parameters", []), ACTING_FOR]
                if "requestBody" in operation:
                    # A body that is no text at all is refused before anybody knows what it was to be.
                    # So is what is too large or too slow.
                    for status, problem in responses(400, 408, 413).items():
                        operation["responses"].setdefault(str(status), problem)
                if "HTTPValidationError" in str(operation["responses"].get("422")):
                    del operation["responses"]["422"]
        for name in ("HTTPValidationError", "ValidationError"):
            components["schemas"].pop(name, None)
        app.openapi_schema = schema
    return app.openapi_schema
