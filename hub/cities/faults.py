"""Faults of a town's configuration in words its administrator can act on: file, line, key, what to write instead."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, PydanticCustomError

from hub.kernel.errors import ConfigurationError
from hub.kit.yaml_document import YamlDocument, YamlPath

_BLOCK = ("{found} stands where a block of keys is needed", "Write a line `key: value` for each, indented.")
_LIST = ("{found} stands where a list is needed", "Write [one, two], or a line `- one` for each.")
_YES_OR_NO = ("{found} stands where a yes or no is needed", "Write true or false.")
_WHOLE = ("{found} stands where a whole number is needed", "Write digits only.")

# Pydantic's kinds of faults, and what is wrong and what helps.
_PLAIN = {
    "at_place": ("{problem}", "{remedy}"),
    "missing": ("this key is needed", "Add it{about}."),
    "dict_type": _BLOCK,
    "model_type": _BLOCK,
    "model_attributes_type": _BLOCK,
    "list_type": _LIST,
    "tuple_type": _LIST,
    "string_type": ("{found} stands where a text is needed", "Write one; put numbers into quotes."),
    "bool_type": _YES_OR_NO,
    "bool_parsing": _YES_OR_NO,
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": _WHOLE,
    "string_pattern_mismatch": ("this is not written as it has to be", "Write{wanted}."),
    "union_tag_invalid": ("there is no such {discriminator}", "Use one of: {expected_tags}."),
    "union_tag_not_found": ("the key {discriminator} is needed", "Write it first: it says which other keys there are."),
    "literal_error": ("there is no such value", "Write {expected}."),
    "too_short": ("this is empty", "Write at least one."),
    "greater_than": ("this number is too small", "Write one greater than {gt}."),
    "greater_than_equal": ("this number is too small", "Write {ge} or more."),
    "less_than": ("this number is too large", "Write one less than {lt}."),
    "less_than_equal": ("this number is too large", "Write {le} or less."),
}


def fault_at(problem: str, *place: str, remedy: str) -> PydanticCustomError:
    """For validators that compare several keys: the fault is at `place` below the model that finds it."""
    return PydanticCustomError("at_place", "{problem}", {"problem": problem, "place": place, "remedy": remedy})


def explain(
    error: ValidationError,
    documents: Sequence[YamlDocument],
    data: Any,
    model: type[BaseModel],
    at: YamlPath = (),
) -> ConfigurationError:
    """The topmost fault of `error`; those behind it are counted.

    `documents` are a town's own file and the blocks it extends; `data` is what `model` was to be made of, and stands
    `at` that place in them. What was written is not repeated, since it may be a secret at a wrong place.
    """
    faults = [_Fault(one, data, model, at) for one in error.errors(include_url=False)]
    meant = {one.meant for one in faults}
    # A misspelt key is one mistake, though there is then one key too many and one too few.
    faults = [one for one in faults if not (one.kind == "missing" and one.place in meant)]
    first = min(faults, key=lambda one: _position(documents, one.place))
    others = len(faults) - 1
    more = {0: "", 1: " One more fault follows."}.get(others, f" {others} more faults follow.")
    file, line = locate(documents, first.place)
    return ConfigurationError(
        first.problem, file=file, line=line, key=dotted(first.place), remedy=f"{first.remedy}{more}"
    )


def locate(documents: Sequence[YamlDocument], place: YamlPath) -> tuple[str, int]:
    """File and line where `place` was written, else the nearest key around it."""
    number, line, _ = _position(documents, place)
    return str(documents[number].path), line


def dotted(place: YamlPath) -> str | None:
    return ".".join(str(part) for part in place) or None


def _position(documents: Sequence[YamlDocument], place: YamlPath) -> tuple[int, int, int]:
    for length in range(len(place), -1, -1):
        for number, document in enumerate(documents):
            if (line := document.line(place[:length])) is not None:
                return number, line, -length
    return 0, 1, 0


class _Fault:
    """One fault: where it stands, what is wrong and what helps. `meant` is the key that a misspelt one stands for."""

    def __init__(self, told: ErrorDetails, data: Any, model: type[BaseModel], at: YamlPath) -> None:
        inside = _written(told["loc"], data)
        context = told.get("ctx", {})
        self.kind = told["type"]
        self.place: YamlPath = (*at, *inside, *context.get("place", ()))
        self.meant: YamlPath | None = None
        if self.kind == "extra_forbidden":
            known = sorted(_known_keys(model, inside[:-1]))
            near = get_close_matches(str(inside[-1]), known, n=1)
            self.meant = (*self.place[:-1], near[0]) if near else None
            self.problem = "there is no such key here"
            self.remedy = f"Did you mean {near[0]}?" if near else f"Remove it; there are {', '.join(known)}."
        else:
            self.problem, self.remedy = _told(told, context, _description(model, inside))


def _told(told: ErrorDetails, context: Mapping[str, Any], description: str) -> tuple[str, str]:
    """What is wrong and what helps."""
    if told["type"] not in _PLAIN:
        return told["msg"].removeprefix("Value error, "), ""
    words = {
        "found": _found(told["input"]),
        "about": f": {description}" if description else "",
        "wanted": f": {description}" if description else f" something that matches {context.get('pattern')}",
        **context,
    }
    problem, remedy = _PLAIN[told["type"]]
    return problem.format_map(words), remedy.format_map(words)


def _found(value: Any) -> str:
    match value:
        case None:
            return "nothing"
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case list():
            return "a list"
        case Mapping():
            return "a block of keys"
    return "a text"


def _written(loc: Sequence[int | str], data: Any) -> YamlPath:
    """The place that `loc` means: pydantic adds the tags of unions and its own words, which nobody wrote."""
    place: list[int | str] = []
    for number, part in enumerate(loc, 1):
        if isinstance(data, (Mapping, list)) and part in (data if isinstance(data, Mapping) else range(len(data))):
            data = data[part]  # type: ignore[index] # a list is asked by its positions only
            place.append(part)
        elif number == len(loc) and not str(part).startswith(("[", "function-")):
            place.append(part)
    return tuple(place)


def _known_keys(model: type[BaseModel], place: YamlPath) -> set[str]:
    whole = model.model_json_schema()
    schemas = (one for schema in _schemas(model, place) for one in _alternatives(schema, whole))
    return {key for one in schemas for key in one.get("properties", {})}


def _description(model: type[BaseModel], place: YamlPath) -> str:
    """What the model says of the key itself; empty where it says nothing."""
    found: list[str] = [one["description"] for one in _schemas(model, place) if place and "description" in one]
    return found[0].rstrip(".") if found else ""


def _schemas(model: type[BaseModel], place: YamlPath) -> list[dict[str, Any]]:
    """The JSON schemas of what may stand at `place`."""
    whole = model.model_json_schema()
    found = [whole]
    for part in place:
        inner = (_below(one, part) for schema in found for one in _alternatives(schema, whole))
        found = [schema for schema in inner if isinstance(schema, dict)]
    return found


def _below(schema: Mapping[str, Any], part: int | str) -> Any:
    if isinstance(part, int):
        return schema.get("items")
    return schema.get("properties", {}).get(part) or schema.get("additionalProperties")


def _alternatives(schema: dict[str, Any], whole: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """A schema with its reference followed and its alternatives apart."""
    if reference := schema.get("$ref"):
        yield from _alternatives(whole["$defs"][reference.rpartition("/")[2]], whole)
    for one in (*schema.get("anyOf", ()), *schema.get("oneOf", ()), *schema.get("allOf", ())):
        yield from _alternatives(one, whole)
    yield schema
