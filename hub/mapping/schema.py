"""The JSON Schema of mappings and delivery files, made from the words the engine knows.

An editor completes a file by it and marks what is misspelt. It says what a schema can say: which words there are, where
they stand, what is needed and what excludes what. Whether paths fit a document only trying tells.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from hub.kit.identifiers import NATIONAL
from hub.mapping.converters import CONVERTERS
from hub.mapping.model import Field, Kind, Target
from hub.mapping.schema_parts import (
    CODES,
    ELEMENT,
    FLAG,
    PATH,
    TEXT,
    WHERE,
    Schema,
    alternatives,
    block,
    identifier_has_scheme,
    nullable,
    only_one,
    options_schema,
    ref,
    table_of,
)
from hub.mapping.schema_sending import delivery_schema
from hub.mapping.shaping import DEFAULT_CONVERTER, WITH_TABLE

_SCALARS: Mapping[Kind, Schema] = {
    Kind.TEXT: {"type": ["string", "integer"]},
    Kind.INTEGER: {"type": "integer"},
    Kind.BOOLEAN: {"type": "boolean"},
    Kind.DATE: {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$"},
    Kind.DATETIME: {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d"},
    Kind.MONEY: {"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^-?\d+(?:\.\d+)?$"}]},
    Kind.TEXTS: {"type": "array", "items": TEXT},
    Kind.LOCALISED: {"anyOf": [TEXT, {"type": "object", "minProperties": 1, "additionalProperties": TEXT}]},
}
_ORDERS = ("datetime", "integer")


def mapping_schema(targets: Mapping[str, Target], deliveries: Sequence[str] = ()) -> Schema:
    """JSON Schema 2020-12. `deliveries` are the kinds a delivery file may name."""
    definitions: dict[str, Schema] = {
        "path": PATH,
        "element": ELEMENT,
        **{kind.value: _value(kind) for kind in _SCALARS},
    }
    definitions |= {"text_part": _value(Kind.TEXT, part=True), "reference": _reference(), "scheme": _scheme()}
    definitions["party"] = _party(())
    definitions["mapping"] = _mapping(targets, definitions)
    sending = delivery_schema(deliveries, _value(Kind.TEXT, more={"required": FLAG}))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A mapping or a delivery file of munihub",
        "type": "object",
        "if": {"required": ["steps"]},
        "then": ref("delivery"),
        "else": ref("mapping"),
        "$defs": dict(sorted((definitions | sending).items())),
    }


def _mapping(targets: Mapping[str, Target], definitions: dict[str, Schema]) -> Schema:
    schema = block(
        {
            "target": {"enum": list(targets), "description": "What the records are."},
            "source": ref("source"),
            "namespaces": {"type": "object", "additionalProperties": TEXT, "description": "Prefixes for paths."},
            "key": {"anyOf": [ref("path"), ref("text")], "description": "What identifies a record at the source."},
            "version": _moment("What grows with every change."),
            "subject": ref("party") | {"description": "Whose the record is."},
            "parties": {"type": "array", "minItems": 1, "description": "The same for several."},
            "removed": block({"from": ref("path"), "values": CODES}, ["from", "values"]),
            "where": {"anyOf": [WHERE, {"type": "array", "items": WHERE}]},
            "fields": {"type": "object"},
            "ignore": {"type": "array", "items": ref("path"), "description": "Paths that are known and not wanted."},
            "examples": {"type": "string", "minLength": 1, "description": "A file of documents and what they become."},
        },
        ["target", "key"],
    )
    schema["oneOf"] = [{"required": ["subject"]}, {"required": ["parties"]}]
    schema["allOf"] = []
    definitions["source"] = _source()
    for name, target in targets.items():
        fields = _fields(target.fields, definitions, name)
        definitions[f"{name}_fields"] = fields
        then: Schema = {
            "properties": {"fields": ref(f"{name}_fields"), "parties": {"items": _party(target.roles)}},
            **({"required": ["fields"]} if fields["required"] else {}),
        }
        schema["allOf"].append({"if": {"properties": {"target": {"const": name}}}, "then": then})
    return schema


def _fields(fields: Mapping[str, Field], definitions: dict[str, Schema], prefix: str) -> Schema:
    made: dict[str, Schema] = {}
    for name, field in fields.items():
        if field.kind is Kind.LIST:
            inner = _fields(field.fields, definitions, f"{prefix}_{name}")
            needed = ["each", *(["fields"] if inner["required"] else [])]
            shape = block({"each": ref("element"), "fields": inner}, needed)
        elif field.kind is Kind.REFERENCES:
            shape = {"type": "array", "items": ref("reference")}
        else:
            value = _value(field.kind, field.choices) if field.kind is Kind.CHOICE else ref(field.kind.value)
            # An amount has a currency and a text a language, which a path alone does not say.
            shape = value if field.kind in (Kind.MONEY, Kind.LOCALISED) else {"anyOf": [ref("path"), value]}
        made[name] = shape | {"description": field.help}
    return block(made, [name for name, field in fields.items() if field.required])


def _value(
    kind: Kind, choices: Sequence[str] = (), *, part: bool = False, more: Mapping[str, Schema] | None = None
) -> Schema:
    """The block of one value. `part`: one of `first_of`, which has what stands beside that for its own."""
    scalar: Schema = {"enum": list(map(str, choices))} if kind is Kind.CHOICE else _SCALARS[kind]
    wanted = Kind.TEXT if DEFAULT_CONVERTER.get(kind) == "text" else kind
    fitting = [name for name, converter in CONVERTERS.items() if converter.kind is wanted]
    sources: dict[str, Schema] = {
        "from": ref("element" if kind is Kind.TEXTS else "path"),
        "constant": scalar,
        "first_of": {
            "type": "array",
            "minItems": 1,
            "items": {"anyOf": [ref("path"), {"type": "object", "properties": {"as": {"enum": fitting}}}]},
        },
    }
    if kind is not Kind.TEXTS:
        sources["join"] = {"type": "array", "minItems": 1, "items": {"anyOf": [ref("path"), ref("text_part")]}}
    if kind is Kind.LOCALISED:
        texts = {"anyOf": [ref("path"), ref("text")]}
        sources["languages"] = {"type": "object", "minProperties": 1, "additionalProperties": texts}
    if kind is Kind.TEXT and not part:
        sources["first_of"]["items"] = {"anyOf": [ref("path"), ref("text_part")]}
    beside: dict[str, Schema] = {
        "as": {"enum": fitting, "description": "How it is written."},
        "split": TEXT if kind is Kind.TEXTS else ref("split"),
        "empty": CODES | {"description": "Texts that mean nothing."},
        "lenient": FLAG | {"description": "What cannot be read becomes nothing, and drift."},
        "default": scalar | {"description": "In place of nothing."},
        **options_schema({name: CONVERTERS[name].options for name in fitting}),
        **(more or {}),
    }
    if "join" in sources:
        beside["with"] = {"type": "string", "description": "What stands between the parts."}
    if kind in WITH_TABLE:
        beside["table"] = table_of(nullable(scalar))
    if kind is Kind.MONEY:
        beside["currency"] = {"anyOf": [{"type": "string", "pattern": "^[A-Z]{3}$"}, ref("text")]}
        beside["sign"] = block({"from": ref("path"), "negative": CODES}, ["from", "negative"])
    if kind is Kind.LOCALISED:
        beside["language"] = TEXT | {"description": "A BCP 47 tag: hr, sr-Cyrl."}
    schema = block(sources | beside)
    schema["oneOf"] = only_one(sources)
    schema["dependentSchemas"] = _excluded(kind, sources, beside, fitting, part=part)
    if kind is Kind.TEXT:
        schema |= identifier_has_scheme()
    return schema


def _excluded(
    kind: Kind, sources: Mapping[str, Schema], beside: Mapping[str, Schema], fitting: Sequence[str], *, part: bool
) -> dict[str, Schema]:
    """What a word needs or does not go with."""
    allowed = {"constant": {"currency", "language", "required"}, "languages": {"default", "required"}}
    rules: dict[str, Schema] = {
        source: {"properties": {verb: False for verb in beside if verb not in free}}
        for source, free in allowed.items()
        if source in sources
    }
    if "join" in sources:
        rules["with"] = {"required": ["join"]}
    if "table" in beside:
        rules["table"] = {"properties": {"as": False}}
    if not part:
        rules |= _needed(kind)
    given = {option for name in fitting for option in CONVERTERS[name].options}
    for option in sorted(given):
        having = [name for name in fitting if option in CONVERTERS[name].options]
        by_default = DEFAULT_CONVERTER.get(kind) in having
        needs: Schema = {"properties": {"as": {"enum": having}}}
        rules[option] = needs if by_default else needs | {"required": ["as"]}
    return rules


def _needed(kind: Kind) -> dict[str, Schema]:
    """What an amount and a text in a language cannot do without."""
    if kind is Kind.MONEY:
        known_here: Schema = {"required": ["currency"], "properties": {"currency": {"type": "string"}}}
        needs: Schema = {"required": ["as", "currency"]}
        alone = dict.fromkeys(("as", "split", "empty", "lenient", "default", "sign", "with"), False)
        constant = {**known_here, "properties": {**alone, **known_here["properties"]}}
        return {"from": needs, "join": needs, "default": known_here, "constant": constant}
    if kind is not Kind.LOCALISED:
        return {}
    told: Schema = {"anyOf": [{"required": ["language"]}, {"required": ["table"]}]}
    by_language: Schema = {"additionalProperties": {"type": ["object", "null"]}}
    plain_constant: Schema = {"properties": {"constant": {"type": "string"}}}
    return {
        "from": told,
        "join": told,
        "table": {
            "properties": {"as": False},
            "anyOf": [{"required": ["language"]}, {"properties": {"table": {"anyOf": [_IN_FILE, by_language]}}}],
        },
        "constant": {
            "properties": dict.fromkeys(("as", "table", "split", "empty", "lenient", "default", "with"), False),
            "if": plain_constant,
            "then": {"required": ["language"]},
        },
    }


_IN_FILE: Schema = {"required": ["file"], "maxProperties": 1}


def _reference() -> Schema:
    schema = _value(Kind.TEXT)
    schema["properties"] = {"scheme": TEXT, **schema["properties"]}
    schema["required"] = ["scheme"]
    # Known schemes bring their own converter, and `scheme` is an option of another one.
    schema["dependentSchemas"] = {
        word: rule for word, rule in schema["dependentSchemas"].items() if word in ("constant", "with", "table")
    }
    schema["dependentSchemas"]["constant"]["properties"].pop("scheme", None)
    del schema["if"], schema["then"]
    return schema


def _scheme() -> Schema:
    return {
        "anyOf": [
            {"enum": list(NATIONAL)},
            {"type": "string", "pattern": r"^(?![a-z]{2}\.)[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*$"},
        ],
        "description": "A national scheme, or <back office>.<name> for a number only that one knows.",
    }


def _party(roles: Sequence[str]) -> Schema:
    value = _value(Kind.TEXT)
    verbs = {name: part for name, part in value["properties"].items() if name not in ("as", *_options_of_texts())}
    own: dict[str, Schema] = {"scheme": ref("scheme"), "asked": {"const": True}}
    if roles:
        own |= {"role": {"enum": list(roles)}, "each": ref("element")}
    schema = block(own | verbs, ["scheme"])
    sources = [name for name in ("from", "constant", "first_of", "join") if name in verbs]
    schema["oneOf"] = only_one(["asked", *sources])
    schema["dependentSchemas"] = {"with": {"required": ["join"]}}
    return schema


def _options_of_texts() -> Iterable[str]:
    return (option for one in CONVERTERS.values() if one.kind is Kind.TEXT for option in one.options)


def _moment(help_text: str) -> Schema:
    spec = block({"from": ref("path"), "as": {"enum": list(_ORDERS)}, "format": TEXT}, ["from"])
    spec["dependentSchemas"] = {"format": {"properties": {"as": {"const": "datetime"}}}}
    return {"anyOf": [ref("path"), spec], "description": help_text}


def _source() -> Schema:
    cursor = block({"max": ref("path"), "as": {"enum": [*_ORDERS, "text"]}, "format": TEXT}, ["max", "as"])
    caught_up = block({"from": ref("path"), "format": TEXT}, ["from"])
    detail = {
        "type": "object",
        "description": "A second call for each record; its other keys are the connector's.",
        "properties": {
            "records": ref("path"),
            "name": {"type": "string", "pattern": r"^[^\W\d]\w*$"},
            "at_once": {"type": "integer", "minimum": 1, "maximum": 16},
            "most": {"type": "integer", "minimum": 1, "maximum": 100_000},
        },
    }
    return {
        "type": "object",
        "description": "Where the records are; its other keys are the connector's.",
        "properties": {
            "records": {
                "anyOf": [ref("element"), {"const": "."}],
                "description": "Path of one record from the document's root.",
            },
            "each": ref("element") | {"description": "A record is made of every element at this path inside."},
            "caught_up_to": alternatives(ref("path"), caught_up),
            "cursor": alternatives(ref("path"), cursor),
            "timezone": TEXT,
            "complete": FLAG,
            "detail": detail,
        },
    }
