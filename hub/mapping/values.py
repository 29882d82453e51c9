"""Compiles the block of one value: where it is read, and how it becomes a value of its field's kind."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from hub.mapping import money_values, shaping
from hub.mapping.block import Block
from hub.mapping.context import Context, path_block, spec_of
from hub.mapping.group import Build, Direct, Value
from hub.mapping.layout import Raw
from hub.mapping.model import Field, Kind
from hub.mapping.run import Run
from hub.mapping.shaping import Shape

TEXT = Field(Kind.TEXT, "A text.")
_SHAPING = ("as", "table", "split", "empty", "lenient", "default")
_BESIDE_CONSTANT = {Kind.MONEY: ("currency",), Kind.LOCALISED: ("language",)}
_OF_KIND = {Kind.MONEY: ("currency", "sign"), Kind.LOCALISED: ("language",)}


def compile_value(context: Context, block: Block, field: Field, *, strict: bool = False, whole: bool = False) -> Value:
    """`strict`: the record cannot do without it, so an unknown code refuses the record.
    `whole`: a `join` gives nothing where one of its parts is missing; keys are joined so.
    """
    spec = spec_of(block)
    source = _source(spec, field)
    strict = strict and "default" not in spec.value
    if source == "constant":
        value = _constant(context, spec, field)
    elif source == "languages":
        value = _languages(context, spec)
    elif source == "first_of":
        value = _first_of(context, spec, field, whole=whole)
    elif field.kind is Kind.TEXTS:
        value = _texts(context, spec, field)
    else:
        value = _single(context, spec, field, source, strict=strict, whole=whole)
    if spec.value.get("as") == "identifier":
        value = replace(value, secret=True)
    default = spec.get("default")
    if default is None:
        return value
    return _with_default(value, _constant_of(context, default, spec, field))


def _source(spec: Block, field: Field) -> str:
    """The one verb that says where the value is from. Refuses verbs that mean nothing beside it."""
    allowed = ["from", "constant", "first_of"]
    if field.kind is not Kind.TEXTS:
        allowed.append("join")
    if field.kind is Kind.LOCALISED:
        allowed.append("languages")
    found = [verb for verb in allowed if verb in spec.value]
    if len(found) != 1:
        said = f"has {' and '.join(found)}" if found else "does not say where the value is from"
        spec.keys((*allowed, *_verbs(spec, field), "with"), what="verb")
        raise spec.error(said, remedy=f"Write exactly one of: {', '.join(allowed)}.")
    source = found[0]
    beside: tuple[str, ...] = _verbs(spec, field)
    if source == "constant":
        beside = _BESIDE_CONSTANT.get(field.kind, ())
    elif source == "languages":
        beside = ("default",)
    elif source == "join":
        beside += ("with",)
    spec.keys((source, *beside), what="verb")
    return source


def _verbs(spec: Block, field: Field) -> tuple[str, ...]:
    shapes = [verb for verb in _SHAPING if verb != "table" or field.kind in shaping.WITH_TABLE]
    name = shaping.converter_name(spec, field) if "as" in spec.value else None
    return (*shapes, *_OF_KIND.get(field.kind, ()), *shaping.options_of(name))


def _constant(context: Context, spec: Block, field: Field) -> Value:
    block = spec.get("constant")
    if block is None:
        raise spec.error("constant is empty", remedy="Write a value, or leave the field out.")
    constant = _constant_of(context, block, spec, field)
    return Value(lambda _raw, _run: constant)


def _constant_of(context: Context, block: Block, spec: Block, field: Field) -> Any:
    if field.kind is Kind.MONEY:
        return money_values.constant(block, spec)
    return shaping.constant(context, block, field, spec)


def _languages(context: Context, spec: Block) -> Value:
    block = spec.get("languages")
    if block is None or not isinstance(block.value, dict) or not block.value:
        raise spec.error("languages is empty", remedy="Write { hr: { from: … }, en: { from: … } }.")
    parts = [(str(tag), compile_value(context, part, TEXT)) for tag, part in block.items()]

    def build(raw: Raw, run: Run) -> dict[str, str] | None:
        return {tag: text for tag, part in parts if (text := part.build(raw, run)) is not None} or None

    return Value(build, tuple(slot for _, part in parts for slot in part.slots))


def _first_of(context: Context, spec: Block, field: Field, *, whole: bool) -> Value:
    """Each alternative is read with the verbs beside `first_of`, unless it says otherwise itself."""
    block = spec.get("first_of")
    entries = block.entries("Write a list: [PathA, { from: PathB }].") if block else []
    if not entries:
        raise spec.error("first_of is empty", remedy="Write a list: [PathA, { from: PathB }].")
    shared = {verb: said for verb, said in spec.value.items() if verb not in ("first_of", "default")}
    reading = {"as", "table", *shaping.options_of(shared.get("as"))}
    parts = []
    for entry in entries:
        own = spec_of(entry)
        given = shared
        if "languages" in own.value:
            given = {}
        elif "constant" in own.value:
            given = {verb: said for verb, said in shared.items() if verb in _BESIDE_CONSTANT.get(field.kind, ())}
        elif "as" in own.value or "table" in own.value:
            given = {verb: said for verb, said in shared.items() if verb not in reading}
        parts.append(compile_value(context, replace(own, value={**given, **own.value}), field, whole=whole))
    builds = [part.build for part in parts]

    def build(raw: Raw, run: Run) -> Any:
        for alternative in builds:
            value = alternative(raw, run)
            if value is not None and value != ():
                return value
        return None

    return Value(build, tuple(slot for part in parts for slot in part.slots))


def _texts(context: Context, spec: Block, field: Field) -> Value:
    """All values at a path, or the parts of each."""
    slot = context.slot(path_block(spec, "from"), many=True)
    name = shaping.converter_name(spec, field)
    split = spec.get("split")
    mark = split.text() if split else None
    shape = shaping.prepared(
        context,
        replace(spec, value={verb: said for verb, said in spec.value.items() if verb != "split"}),
        shaping.by_converter(context, spec, name),
    )
    if (flag := spec.get("lenient")) is not None and flag.flag():
        shape = shaping.lenient(shape, context.shown(slot))
    full, text_of = shape.full, context.medium.text_of

    def build(raw: Raw, run: Run) -> tuple[str, ...]:
        found = []
        for value in raw[slot] or ():
            if value is not None:
                parts = text_of(value).split(mark) if mark else (value,)
                found += [text for part in parts if (text := full(part, raw, run)) is not None]
        return tuple(found)

    return Value(build, (slot,))


def _single(context: Context, spec: Block, field: Field, source: str, *, strict: bool, whole: bool) -> Value:
    fetch: Build | None = None
    if source == "from":
        slots: tuple[int, ...] = (context.slot(path_block(spec, "from")),)
    else:
        fetch, slots = _join(context, spec, whole=whole)
    path = context.shown(slots[0]) if slots else ""
    shape = _shape(context, spec, field, path, strict=strict)
    shape = shaping.prepared(context, spec, shape)
    if (flag := spec.get("lenient")) is not None and flag.flag():
        shape = shaping.lenient(shape, path)
    slots += shape.slots
    if fetch is None:
        return _fetched(shape, slots)
    full, get = shape.full, fetch

    def build(raw: Raw, run: Run) -> Any:
        value = get(raw, run)
        return None if value is None else full(value, raw, run)

    return Value(build, slots)


def _fetched(shape: Shape, slots: tuple[int, ...]) -> Value:
    full, pure, slot = shape.full, shape.pure, slots[0]
    if pure is not None:

        def build_pure(raw: Raw, _run: Run) -> Any:
            value = raw[slot]
            return None if value is None else pure(value)

        return Value(build_pure, slots, Direct(slot, shape.quick or pure, pure))

    def build(raw: Raw, run: Run) -> Any:
        value = raw[slot]
        return None if value is None else full(value, raw, run)

    return Value(build, slots)


def _shape(context: Context, spec: Block, field: Field, path: str, *, strict: bool) -> Shape:
    if field.kind is Kind.MONEY:
        return money_values.shape(context, spec, field, compile_value)
    table, language_block = spec.get("table"), spec.get("language")
    language = language_block.text() if language_block else None
    if table is not None:
        if "as" in spec.value:
            raise spec.error(
                "has a table and a converter", remedy="Keep one: a table reads the text as it is.", at="as"
            )
        return shaping.by_table(context, table, field, path, language=language, strict=strict)
    if field.kind is Kind.CHOICE:
        return shaping.by_choices(context, field, path, strict=strict)
    shape = shaping.by_converter(context, spec, shaping.converter_name(spec, field))
    if field.kind is not Kind.LOCALISED:
        return shape
    if language is None:
        raise spec.error(
            "does not say in which language the text is",
            remedy="Add language: hr, or write languages: { hr: { from: … }, en: { from: … } }.",
        )
    return shaping.in_language(shape, language)


def _join(context: Context, spec: Block, *, whole: bool) -> tuple[Build, tuple[int, ...]]:
    """The texts of several places put together. Missing ones are passed over; where all that is read is
    missing there is no text, even if constants stand between.
    """
    block = spec.get("join")
    entries = block.entries("Write a list: [PathA, PathB].") if block else []
    if not entries:
        raise spec.error("join is empty", remedy="Write a list: [PathA, PathB].")
    parts = [compile_value(context, entry, TEXT) for entry in entries]
    between = spec.get("with")
    mark = " " if between is None else between.value
    if not isinstance(mark, str):
        raise spec.error("with is not a text", at="with", remedy='Write what stands between the parts: "-".')
    builds: list[tuple[Build, bool]] = [(part.build, bool(part.slots)) for part in parts]

    def build(raw: Raw, run: Run) -> str | None:
        texts: list[str] = []
        something = False
        for get, read in builds:
            text = get(raw, run)
            if text is not None:
                texts.append(text)
                something = something or read
            elif whole:
                return None
        return mark.join(texts) if something else None

    return build, tuple(slot for part in parts for slot in part.slots)


def _with_default(value: Value, default: Any) -> Value:
    inner: Callable[[Raw, Run], Any] = value.build

    def build(raw: Raw, run: Run) -> Any:
        found = inner(raw, run)
        return default if found is None or found == () else found

    return Value(build, value.slots, secret=value.secret)
