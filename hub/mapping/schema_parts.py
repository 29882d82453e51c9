"""Small parts of the JSON Schema of mapping files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from hub.kit.encodings import ALSO, ENCODINGS
from hub.mapping.date_formats import COUNTED

Schema = dict[str, Any]

_STEP = r"(?:[^\\.:]|\\[.:@\\])+"
_ELEMENT = rf"(?!@){_STEP}(?::{_STEP})?"
PATH: Schema = {
    "type": "string",
    "pattern": rf"^(?:\.|(?:{_ELEMENT}\.)*@?{_ELEMENT})$",
    "description": "Names with dots between them: Items.Item.Total, Total.@currency; . is the element itself.",
}
ELEMENT: Schema = {
    "type": "string",
    "pattern": rf"^(?:{_ELEMENT}\.)*{_ELEMENT}$",
    "description": "Names with dots between them, the last one of an element: Items.Item.",
}
_NAME = r"(?:[^\\.]|\\.)+"
KEY: Schema = {"pattern": rf"^{_NAME}(?:\.{_NAME})*$"}
TEXT: Schema = {"type": "string", "minLength": 1}
FLAG: Schema = {"type": "boolean"}
_CODE: Schema = {"type": ["string", "integer", "boolean"]}
CODES: Schema = {"anyOf": [_CODE, {"type": "array", "items": _CODE}]}
_OPTION_SHAPES: Mapping[str, Schema] = {
    "true": CODES,
    "false": CODES,
    "negative": CODES,
    "positive": CODES,
    "format": {"type": "string", "pattern": f"%|^(?:{'|'.join(COUNTED)})$"},
    "encoding": {"enum": [*ENCODINGS, *ALSO]},
    "pivot": {"type": "integer", "minimum": 1, "maximum": 9900},
    "check": FLAG,
    "number": FLAG,
    "separators": FLAG,
    "group": {"type": "string", "minLength": 1, "maxLength": 1},
}


def ref(name: str) -> Schema:
    return {"$ref": f"#/$defs/{name}"}


def block(properties: Mapping[str, Schema], required: Sequence[str] = ()) -> Schema:
    """A block with these keys and no others."""
    return {
        "type": "object",
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


def alternatives(*schemas: Schema) -> Schema:
    return {"anyOf": list(schemas)}


def nullable(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


def only_one(words: Iterable[str]) -> list[Schema]:
    return [{"required": [word]} for word in words]


def table_of(entry: Schema) -> Schema:
    """Codes, or the file that holds them."""
    file = block({"file": {"type": "string", "pattern": r"\.ya?ml$"}}, ["file"])
    codes = {"type": "object", "minProperties": 1, "additionalProperties": entry}
    return {"anyOf": [file, codes], "description": "Codes of the source and what they mean; '*' is all others."}


def options_schema(options_by_converter: Mapping[str, Mapping[str, str]]) -> dict[str, Schema]:
    """The keys that converters understand beside `as`, with their help."""
    found: dict[str, Schema] = {}
    for options in options_by_converter.values():
        for option, said in options.items():
            found[option] = _OPTION_SHAPES.get(option, TEXT) | {"description": said}
    return found


def identifier_has_scheme() -> Schema:
    identifier = {"properties": {"as": {"const": "identifier"}}, "required": ["as"]}
    return {"if": identifier, "then": {"required": ["scheme"], "properties": {"scheme": ref("scheme")}}}


WHERE: Schema = block({"from": ref("path"), "in": CODES, "not_in": CODES}, ["from"]) | {
    "oneOf": only_one(("in", "not_in"))
}
SPLIT: Schema = block({"by": TEXT, "part": {"type": "integer", "not": {"const": 0}}}, ["by", "part"])
