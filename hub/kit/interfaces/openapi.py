"""The interface an OpenAPI document (3.0, 3.1) in JSON describes."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from hub.kernel.errors import RemoteGarbage
from hub.ports.interface import Interface, Operation, Part

_METHODS = ("get", "post", "put", "patch", "delete", "head")
_DEEPEST = 24
_MOST_PARTS = 20_000
_FORMATS = {"date": "date", "date-time": "datetime", "byte": "bytes", "binary": "bytes"}
_TYPES = {"string": "text", "integer": "integer", "number": "number", "boolean": "boolean", "object": "parts"}
_RULES = ("pattern", "minLength", "maxLength", "minimum", "maximum", "multipleOf", "format")


def interface_of(content: bytes, *, what: str = "OpenAPI document") -> Interface:
    """Operations are named as a mapping's `request:` writes them: `GET /cases/{id}`. Raises RemoteGarbage."""
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise RemoteGarbage(f"The {what} is not JSON: {error}.") from None
    if not isinstance(document, dict) or not isinstance(document.get("paths"), dict):
        raise RemoteGarbage(f"The {what} has no paths; is it an OpenAPI document of version 3?")
    reading = _Reading(document)
    operations = {
        f"{method.upper()} {path}": reading.operation(item, item[method])
        for path, item in document["paths"].items()
        if isinstance(item, dict)
        for method in _METHODS
        if isinstance(item.get(method), dict)
    }
    return Interface(operations)


class _Reading:
    def __init__(self, document: Mapping[str, Any]) -> None:
        self._document = document
        self._left = _MOST_PARTS

    def operation(self, item: Mapping[str, Any], operation: Mapping[str, Any]) -> Operation:
        self._left = _MOST_PARTS
        request: dict[str, Part] = {}
        for one in [*_list(item.get("parameters")), *_list(operation.get("parameters"))]:
            parameter = self._resolved(one)
            # Headers and cookies are the connector's settings, not a mapping's parameters.
            if parameter.get("in") in ("query", "path"):
                name = str(parameter.get("name"))
                least = 1 if parameter.get("required") is True else 0
                request |= dict(self._schema(parameter.get("schema"), name, least, ()))
        body = self._resolved(operation.get("requestBody"))
        request |= dict(self._inside(_json_schema(body), "", ()))
        reply: dict[str, Part] = {}
        answers = _dict(operation.get("responses"))
        for status in sorted(answers):
            if str(status).startswith("2"):
                reply |= dict(self._inside(_json_schema(self._resolved(answers[status])), "", ()))
        return Operation(request, reply)

    def _schema(self, schema: Any, path: str, least: int, stack: tuple[int, ...]) -> Iterator[tuple[str, Part]]:
        self._left -= 1
        if self._left < 0:
            return
        schema = self._merged(schema)
        kinds, most = _kinds(schema), 1
        item = schema
        if "array" in kinds:
            # A list is its items, repeated: mappings write one path for both.
            item, most = self._merged(schema.get("items")), 0
        plain = [kind for kind in _kinds(item) if kind != "null"]
        kind = _TYPES.get(plain[0], plain[0]) if len(plain) == 1 else "any"
        if kind == "any" and item.get("properties"):
            kind = "parts"
        kind = _FORMATS.get(str(item.get("format")), kind) if kind == "text" else kind
        yield (
            path,
            Part(
                kind,
                least,
                None if most == 0 else 1,
                "null" in kinds or schema.get("nullable") is True,
                frozenset(str(value) for value in _list(item.get("enum")) if value is not None),
                tuple(sorted(f"{rule}={item[rule]}" for rule in _RULES if rule in item)),
            ),
        )
        yield from self._inside(item, path, stack)

    def _inside(self, schema: Any, path: str, stack: tuple[int, ...]) -> Iterator[tuple[str, Part]]:
        schema = self._merged(schema)
        if "array" in _kinds(schema):
            schema = self._merged(schema.get("items"))
        properties = _dict(schema.get("properties"))
        if id(properties) in stack or len(stack) > _DEEPEST:
            return
        required = set(map(str, _list(schema.get("required"))))
        for name, inner in properties.items():
            own = f"{path}.{name}" if path else str(name)
            yield from self._schema(inner, own, 1 if name in required else 0, (*stack, id(properties)))

    def _merged(self, schema: Any) -> Mapping[str, Any]:
        """Without references; of `allOf` the sum, of `oneOf` and `anyOf` every property, none of them required."""
        whole: dict[str, Any] = dict(self._resolved(schema))
        if not any(word in whole for word in ("allOf", "oneOf", "anyOf")):
            return whole
        merged: dict[str, Any] = {key: value for key, value in whole.items() if key not in ("allOf", "oneOf", "anyOf")}
        properties, required = dict(_dict(whole.get("properties"))), _list(whole.get("required"))
        for word in ("allOf", "oneOf", "anyOf"):
            for one in _list(whole.get(word)):
                inner = self._resolved(one)
                properties |= _dict(inner.get("properties"))
                required = [*required, *_list(inner.get("required"))] if word == "allOf" else required
                for key, value in inner.items():
                    if key not in ("properties", "required"):
                        merged.setdefault(key, value)
        return (
            merged | ({"properties": properties} if properties else {}) | ({"required": required} if required else {})
        )

    def _resolved(self, value: Any) -> Mapping[str, Any]:
        for _ in range(_DEEPEST):
            value = _dict(value)
            reference = value.get("$ref")
            if not isinstance(reference, str) or not reference.startswith("#/"):
                return _dict(value)
            found: Any = self._document
            for step in reference[2:].split("/"):
                found = _dict(found).get(step.replace("~1", "/").replace("~0", "~"))
            value = found
        return {}


def _json_schema(holder: Mapping[str, Any]) -> Any:
    for kind, content in _dict(holder.get("content")).items():
        if "json" in str(kind):
            return _dict(content).get("schema")
    return None


def _kinds(schema: Mapping[str, Any]) -> list[str]:
    kind = schema.get("type")
    return [str(one) for one in kind] if isinstance(kind, list) else [str(kind)] if kind else []


def _dict(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
