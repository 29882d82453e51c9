"""The JSON Schema of what is sent: `request:` and `receipt:` blocks, and the delivery files they stand in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.kit.identifiers import NATIONAL
from hub.mapping.converters import CONVERTERS
from hub.mapping.request_values import SOURCES
from hub.mapping.schema_parts import (
    CODES,
    FLAG,
    KEY,
    SPLIT,
    TEXT,
    WHERE,
    Schema,
    block,
    identifier_has_scheme,
    only_one,
    options_schema,
    ref,
    table_of,
)
from hub.mapping.writers import WRITERS

_SCALAR: Schema = {"type": ["string", "number", "boolean"]}
_CONSTANT: Schema = {"anyOf": [_SCALAR, {"type": "array", "items": _SCALAR}]}
_BESIDE_CONSTANT = ("constant",)


def delivery_schema(kinds: Sequence[str], receipt_value: Schema) -> dict[str, Schema]:
    """Definitions by name. `receipt_value` is the block of one text of a reply."""
    connector = {"type": "object", "description": "The connector's: which call is made."}
    receipt = {
        "type": "object",
        "minProperties": 1,
        "additionalProperties": {"anyOf": [ref("path"), receipt_value]},
        "description": "Named texts of the reply, kept before the next step.",
    }
    ask = block(
        {
            "call": connector,
            "request": ref("request"),
            "found": ref("path"),
            "key": ref("path")
            | {"description": "Where what is found carries our key; what carries another is not ours."},
            "receipt": ref("receipt"),
            "settle": {"type": ["string", "integer"], "description": "How long it may still be working: 2m."},
        },
        ["call", "request"],
    )
    step = block(
        {
            "name": {"type": "string", "pattern": "^[a-z0-9_]+$"},
            "call": connector,
            "request": ref("request"),
            "receipt": ref("receipt"),
            "ask": ask | {"description": "How it is asked, after a doubt, what became of our key."},
            "each": ref("path") | {"description": "Once for each of this list of our record, as `item`."},
        },
        ["name", "call", "request"],
    )
    delivers: Schema = {"enum": list(kinds)} if kinds else TEXT
    delivery = block(
        {
            "delivers": delivers,
            "order": {"type": "array", "items": ref("path")},
            "steps": {"type": "array", "minItems": 1, "items": step},
        },
        ["delivers", "steps"],
    )
    return {
        "delivery": delivery,
        "receipt": receipt,
        "request": _block(ref("request_entry")),
        "request_entry": _entry(),
        "request_list": _list(),
        "request_part": _part(),
        "request_value": _value(),
        "split": SPLIT,
    }


def _block(entry: Schema) -> Schema:
    return {"type": "object", "minProperties": 1, "propertyNames": KEY, "additionalProperties": entry}


def _entry() -> Schema:
    """A path, a value, a list, or a block of further keys: which of them is told by its words."""
    bare = ("as", "table", "required", "nil", "default")
    keys = _block(ref("request_entry")) | {"not": {"anyOf": only_one(bare)}}
    has_source = {"type": "object", "anyOf": only_one(SOURCES)}
    return {
        "if": {"type": "object"},
        "then": {
            "if": {"required": ["each"]},
            "then": ref("request_list"),
            "else": {"if": has_source, "then": ref("request_value"), "else": keys},
        },
        "else": ref("path"),
    }


def _verbs() -> dict[str, Schema]:
    options = {name: {**(CONVERTERS[name].options if name in CONVERTERS else {}), **one.options}
               for name, one in WRITERS.items()}  # fmt: skip
    value = {"anyOf": [ref("path"), ref("request_part")]}
    alternative = {"anyOf": [ref("path"), {"allOf": [ref("request_part"), {"properties": {"required": False}}]}]}
    to = {"to": TEXT}
    return {
        "from": ref("path") | {"description": "A path in our record; key; receipts.<step>.<name>."},
        "constant": _CONSTANT,
        "first_of": {"type": "array", "minItems": 1, "items": alternative},
        "join": {"type": "array", "minItems": 1, "items": value},
        "with": {"type": "string", "description": "What stands between the parts."},
        "as": {"enum": list(WRITERS), "description": "How it is written."},
        "table": table_of({"type": ["string", "integer", "boolean", "null"]}),
        "split": ref("split"),
        "empty": CODES,
        "default": _CONSTANT,
        "language": {"anyOf": [TEXT, {"type": "array", "minItems": 1, "items": TEXT}]},
        "required": FLAG | {"description": "Nothing is sent where it is missing."},
        "nil": FLAG | {"description": "Sent as xsi:nil, or null, where there is nothing."},
        "currency": {"anyOf": [{"type": "string", "pattern": "^[A-Z]{3}$"}, block(to, ["to"])]},
        "sign": block(
            {**to, "negative": {"type": ["string", "integer"]}, "positive": {"type": ["string", "integer"]}},
            ["to", "negative"],
        ),
        **options_schema(options),
    }


def _value() -> Schema:
    verbs = _verbs()
    money = [name for name, writer in WRITERS.items() if writer.money]
    schema = block(verbs)
    schema["oneOf"] = only_one(SOURCES)
    rules: dict[str, Schema] = {
        "constant": {"properties": {verb: False for verb in verbs if verb not in _BESIDE_CONSTANT}},
        "with": {"required": ["join"]},
        "table": {"properties": {"as": False}},
        "currency": _only_with(money),
        "sign": _only_with(money),
        "required": {"properties": {"nil": {"const": False}, "default": False}},
    }
    for option in _options():
        if option != "scheme":  # Without `as` it picks one of a list.
            rules[option] = _only_with([name for name in WRITERS if option in _options_of(name)])
    schema["dependentSchemas"] = rules
    separated = [name for name, scheme in NATIONAL.items() if scheme.separated is not None]
    schema["allOf"] = [
        # An amount says of which currency it is.
        {"if": {"properties": {"as": {"enum": money}}, "required": ["as"]}, "then": {"required": ["currency"]}},
        {
            "if": {"properties": {"as": {"const": "year"}}, "required": ["as"]},
            "then": {"properties": {"format": False}},
        },
        {
            "if": {"properties": {"separators": {"const": True}}, "required": ["separators"]},
            "then": {"properties": {"scheme": {"enum": separated}}},
        },
        identifier_has_scheme(),
    ]
    return schema


def _part() -> Schema:
    """One of `join` or `first_of`: it fills no key of its own, nor one beside."""
    verbs = _verbs()
    schema = block({name: verb for name, verb in verbs.items() if name not in ("nil", "sign")})
    schema["properties"]["currency"] = {"type": "string", "pattern": "^[A-Z]{3}$"}
    schema["oneOf"] = only_one(SOURCES)
    return schema


def _only_with(converters: Sequence[str]) -> Schema:
    return {"required": ["as"], "properties": {"as": {"enum": list(converters)}}}


def _options_of(name: str) -> set[str]:
    return {*(CONVERTERS[name].options if name in CONVERTERS else ()), *WRITERS[name].options}


def _options() -> list[str]:
    return sorted({option for name in WRITERS for option in _options_of(name)})


def _list() -> Schema:
    verbs: dict[str, Any] = {
        **_verbs(),
        "each": ref("path") | {"description": "A list of our record."},
        "fields": ref("request"),
        "where": WHERE,
        "default": {"const": []},
    }
    schema = block(verbs, ["each"])
    schema["oneOf"] = only_one(("fields", *SOURCES))
    schema["dependentSchemas"] = {
        "fields": {"properties": {verb: False for verb in verbs if verb not in (
            "each", "fields", "where", "required", "default")}},
    }  # fmt: skip
    return schema
