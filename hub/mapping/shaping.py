"""From what stands at a path to a value: converters, code tables, splitting, leniency.

A shape is made once per field. Where it needs nothing but the value it is `pure`; where it has to note
something about the document, or to look at another place of the record, it is `full`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from hub.kit import identifiers
from hub.mapping.block import Block, Code, nearest
from hub.mapping.context import Context
from hub.mapping.converters import CONVERTERS, Options
from hub.mapping.layout import Raw
from hub.mapping.model import Field, Kind
from hub.mapping.run import Run
from hub.mapping.scalars import Convert, shorten
from hub.mapping.tables import table_block

Pure = Callable[[Any], Any]
Full = Callable[[Any, Raw, Run], Any]

DEFAULT_CONVERTER = {
    Kind.TEXT: "text",
    Kind.LOCALISED: "text",
    Kind.CHOICE: "text",
    Kind.TEXTS: "text",
    Kind.DATE: "date",
    Kind.DATETIME: "datetime",
    Kind.INTEGER: "integer",
    Kind.BOOLEAN: "boolean",
}
WITH_TABLE = frozenset({Kind.TEXT, Kind.LOCALISED, Kind.CHOICE, Kind.INTEGER, Kind.BOOLEAN})
_ANY_CODE = "*"
_UNKNOWN = object()


@dataclass(frozen=True, slots=True)
class Shape:
    """`pure` and `full` do the same, and so does `quick` for texts; `slots` are other places that `full` looks at."""

    full: Full
    pure: Pure | None = None
    quick: Convert | None = None
    slots: tuple[int, ...] = ()


def pure_shape(pure: Pure, quick: Convert | None = None) -> Shape:
    return Shape(lambda value, _raw, _run: pure(value), pure, quick)


def converter_name(spec: Block, field: Field) -> str:
    """The converter of a value, given or by default. Refuses one whose result is not of the field's kind."""
    wanted = Kind.TEXT if DEFAULT_CONVERTER.get(field.kind) == "text" else field.kind
    fitting = [name for name, converter in CONVERTERS.items() if converter.kind is wanted]
    block = spec.get("as")
    if block is None:
        if field.kind in DEFAULT_CONVERTER:
            return DEFAULT_CONVERTER[field.kind]
        raise spec.error(f"does not say how a {field.kind} is written", remedy=f"Add as: one of {', '.join(fitting)}.")
    name = block.text()
    converter = CONVERTERS.get(name)
    if converter is None:
        raise block.error(f"unknown converter {name!r}", remedy=nearest(name, CONVERTERS))
    if converter.kind is not wanted:
        raise block.error(
            f"{name!r} makes a {converter.kind}, and this field is a {field.kind}",
            remedy=f"Allowed here: {', '.join(fitting)}.",
        )
    return name


def by_converter(context: Context, spec: Block, name: str) -> Shape:
    converter = CONVERTERS[name]
    try:
        convert = converter.make(Options(spec.value, context.timezone))
    except ValueError as error:
        given = [option for option in converter.options if option in spec.value]
        at = next((option for option in given if option in str(error) or repr(spec.value[option]) in str(error)), None)
        described = " ".join(f"{option}: {said}" for option, said in converter.options.items())
        raise spec.error(str(error), at=at, remedy=f"Options of {name} are {described}") from error
    pure = context.medium.convert(convert)
    scheme = identifiers.NATIONAL.get(spec.value.get("scheme", ""))
    if name == "identifier" and scheme is not None and scheme.number_loses_zeros:
        return pure_shape(_from_texts_only(pure))
    # Only a text could carry on what no text may have in it; see scalars.text_of.
    return pure_shape(pure, None if converter.kind is Kind.TEXT else convert)


def _from_texts_only(convert: Pure) -> Pure:
    def from_text(value: Any) -> Any:
        if not isinstance(value, str):
            raise ValueError("is written as a number, which loses leading zeros; the source must send a text")  # noqa: TRY004  (a complaint about the record)
        return convert(value)

    return from_text


def by_table(context: Context, block: Block, field: Field, path: str, *, language: str | None, strict: bool) -> Shape:
    """Looks a code up. A code that is not there is drift, and where `strict` the record is refused."""
    table = _table(block, field, language)
    otherwise = table.pop(_ANY_CODE, _UNKNOWN)
    text_of = context.medium.text_of

    def look_up(value: Any, _raw: Raw, run: Run) -> Any:
        if value.__class__ is str and (found := table.get(value, _UNKNOWN)) is not _UNKNOWN:
            return found
        text = text_of(value).strip()
        if not text:
            return None
        found = table.get(text, otherwise)
        if found is not _UNKNOWN:
            return found
        run.unknown_code(path, text)
        if strict:
            raise ValueError(f"the code {shorten(text)!r} is not in the table (known: {', '.join(table)})")
        return None

    return Shape(look_up)


def by_choices(context: Context, field: Field, path: str, *, strict: bool) -> Shape:
    """A choice that the source writes in our own words."""
    text_of = context.medium.text_of
    choices = {str(choice): str(choice) for choice in field.choices}

    def look_up(value: Any, _raw: Raw, run: Run) -> Any:
        text = text_of(value).strip()
        if text in choices or not text:
            return choices.get(text)
        run.unknown_code(path, text)
        if strict:
            raise ValueError(f"{shorten(text)!r} is not one of {', '.join(choices)}")
        return None

    return Shape(look_up)


def _table(block: Block, field: Field, language: str | None) -> dict[str, Any]:
    block = table_block(block)
    table: dict[str, Any] = {}
    for key, entry in block.items():
        value = _of_kind(entry, field, language)
        for code in code_texts(entry.code(key)):
            table.setdefault(code, value)
    # A code written out wins over one of the forms of a boolean.
    table.update({key: _of_kind(entry, field, language) for key, entry in block.items() if isinstance(key, str)})
    return table


_BOOLEAN_TEXTS = {True: ("true", "True", "1"), False: ("false", "False", "0")}


def code_texts(code: Code) -> tuple[str, ...]:
    """The texts a code may be written as: a boolean in XML has two forms, and .NET has a third."""
    return _BOOLEAN_TEXTS[code] if isinstance(code, bool) else (code,)


def _of_kind(entry: Block, field: Field, language: str | None) -> Any:
    """A value of a table, or a constant, as the field holds it; null for nothing."""
    value = entry.value
    if value is None:
        return None
    match field.kind:
        case Kind.CHOICE if value not in field.choices:
            raise entry.error(f"{value!r} is not a choice", remedy=nearest(str(value), map(str, field.choices)))
        case Kind.TEXT if isinstance(value, bool) or not isinstance(value, (str, int)):
            raise entry.error(f"{value!r} is not a text", remedy="Write a text, in quotes.")
        case Kind.INTEGER if isinstance(value, bool) or not isinstance(value, int):
            raise entry.error(f"{value!r} is not a whole number", remedy="Write a whole number.")
        case Kind.BOOLEAN if not isinstance(value, bool):
            raise entry.error(f"{value!r} is not a boolean", remedy="Write true or false.")
        case Kind.LOCALISED:
            return localised(entry, language)
    return str(value) if field.kind in (Kind.TEXT, Kind.CHOICE) else value


def localised(entry: Block, language: str | None) -> dict[str, str]:
    if isinstance(entry.value, str) and entry.value.strip() and language is not None:
        return {language: entry.value}
    texts = entry.value
    if isinstance(texts, dict) and texts and all(isinstance(text, str) and text for text in texts.values()):
        return {str(tag): text for tag, text in texts.items()}
    raise entry.error("does not say in which language", remedy="Write { hr: …, en: … }, or add language: hr beside it.")


def constant(context: Context, entry: Block, field: Field, spec: Block) -> Any:
    """What stands behind `constant` or `default`, as the field holds it."""
    if field.kind is Kind.TEXTS:
        return tuple(part.text() for part in entry.entries("Write a list of texts."))
    if field.kind in WITH_TABLE:
        language = spec.get("language")
        return _of_kind(entry, field, language.text() if language else None)
    try:
        value = CONVERTERS[DEFAULT_CONVERTER[field.kind]].make(Options({}, context.timezone))(str(entry.value))
    except ValueError as error:
        raise entry.error(str(error), remedy=f"Write a {field.kind}.") from error
    if value is None:
        raise entry.error(f"is not a {field.kind}", remedy="Write a value, or leave the key out.")
    return value


def prepared(context: Context, spec: Block, shape: Shape) -> Shape:
    """`shape` behind `split` and `empty`, which look at the text before anything else does."""
    before = _before(context, spec)
    if before is None:
        return shape
    full, pure = shape.full, shape.pure

    def run_full(value: Any, raw: Raw, run: Run) -> Any:
        rest = before(value)
        return None if rest is None else full(rest, raw, run)

    if pure is None:
        return Shape(run_full, slots=shape.slots)

    def run_pure(value: Any) -> Any:
        rest = before(value)
        return None if rest is None else pure(rest)

    return Shape(run_full, run_pure, slots=shape.slots)


def _before(context: Context, spec: Block) -> Pure | None:
    empty_block, split_block = spec.get("empty"), spec.get("split")
    if empty_block is None and split_block is None:
        return None
    empty = {text for code in (empty_block.codes() if empty_block else ()) for text in code_texts(code)}
    mark, part = split_part(split_block) if split_block else ("", 0)
    text_of = context.medium.text_of

    def before(value: Any) -> Any:
        text = text_of(value).strip()
        if not mark:
            return None if text in empty else value  # A number of JSON stays one.
        parts = text.split(mark)
        if not -len(parts) <= part < len(parts):
            return None
        text = parts[part].strip()
        return None if not text or text in empty else text

    return before


def split_part(block: Block) -> tuple[str, int]:
    """`{ by: "/", part: 1 }` as the mark and a list index: parts count from 1, or from -1 at the end."""
    block.keys(("by", "part"))
    mark, part = block.get("by"), block.get("part")
    if (
        mark is None
        or part is None
        or isinstance(part.value, bool)
        or not isinstance(part.value, int)
        or not part.value
    ):
        raise block.error("is not complete", remedy='Write { by: "/", part: 1 }; part -1 is the last one.')
    return mark.text(), part.value - 1 if part.value > 0 else part.value


def in_language(shape: Shape, language: str) -> Shape:
    """The text of a converter under its language."""
    convert = shape.pure
    assert convert is not None

    def run_pure(value: Any) -> dict[str, str] | None:
        text = convert(value)
        return None if text is None else {language: text}

    return pure_shape(run_pure)


def lenient(shape: Shape, path: str) -> Shape:
    """What cannot be read becomes nothing, and drift says so."""
    full = shape.full

    def try_full(value: Any, raw: Raw, run: Run) -> Any:
        try:
            return full(value, raw, run)
        except ValueError:
            run.lenient(path, value if isinstance(value, str) else str(value))
            return None

    return Shape(try_full, slots=shape.slots)


def options_of(name: str | None) -> tuple[str, ...]:
    """The keys that a converter understands beside `as`."""
    return tuple(CONVERTERS[name].options) if name else ()
