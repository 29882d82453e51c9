"""Compiles one value of a request: where it stands in our record, and how it is written for the back office."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from hub.mapping.block import Block, nearest
from hub.mapping.context import path_block, spec_of
from hub.mapping.converters import CONVERTERS, Options
from hub.mapping.our_record import OurPath, Scope, our_path
from hub.mapping.request_amounts import Beside, amount_writer
from hub.mapping.request_texts import in_language, of_scheme
from hub.mapping.shaping import split_part
from hub.mapping.tables import turned_round
from hub.mapping.writers import WRITERS, Write, plainly

SOURCES = ("from", "constant", "first_of", "join")
_SHAPING = ("as", "table", "split", "empty", "default", "language", "scheme", "required", "nil")
_MONEY = ("currency", "sign")


class Made(NamedTuple):
    """`make` gives what is sent, None for nothing; raises ValueError. `paths` are those it reads, the main one first.

    `beside` are further keys that the same value fills: its sign, its currency.
    """

    make: Callable[[Scope], Any]
    paths: tuple[OurPath, ...] = ()
    required: bool = False
    nil: bool = False
    beside: tuple[Beside, ...] = ()


def compile_made(block: Block, timezone: ZoneInfo) -> Made:
    """Raises ConfigurationError naming the verb, what is allowed and what to write."""
    spec = spec_of(block)
    source = _source(spec)
    if source == "constant":
        return _constant(spec)
    made = _first_of(spec, timezone) if source == "first_of" else _single(spec, source, timezone)
    default, required, nil = spec.get("default"), spec.get("required"), spec.get("nil")
    if default is not None:
        made = made._replace(make=_or_default(made.make, _scalar(default)))
    made = made._replace(required=required.flag() if required else False, nil=nil.flag() if nil else False)
    if made.required and (made.nil or default is not None):
        beside = "nil" if made.nil else "default"
        raise spec.error(f"is required and has {beside}", at=beside, remedy="Keep one of them.")
    return made


def _source(spec: Block) -> str:
    found = [verb for verb in SOURCES if verb in spec.value]
    if len(found) != 1:
        said = f"has {' and '.join(found)}" if found else "does not say where the value is from"
        raise spec.error(said, remedy=f"Write exactly one of: {', '.join(SOURCES)}.")
    name = _converter(spec)
    beside: tuple[str, ...] = (*_SHAPING, *_options_of(name))
    if name is not None and WRITERS[name].money:
        beside += _MONEY
    if found[0] == "constant":
        beside = ()
    elif found[0] == "join":
        beside += ("with",)
    for verb, instead in _NOT_HERE.items():
        if verb in spec.value:
            raise spec.error(f"{verb!r} is for reading only", at=verb, remedy=instead)
    spec.keys((found[0], *beside), what="verb")
    return found[0]


_NOT_HERE = {
    "lenient": "Remove it: what cannot be written is not sent.",
    "languages": "Write a key for each text, with language: hr and so on.",
}


def _converter(spec: Block) -> str | None:
    block = spec.get("as")
    if block is None:
        return None
    name = block.text()
    if name not in WRITERS:
        raise block.error(f"unknown converter {name!r}", remedy=nearest(name, WRITERS))
    return name


def _options_of(name: str | None) -> tuple[str, ...]:
    if name is None:
        return ()
    return (*(CONVERTERS[name].options if name in CONVERTERS else ()), *WRITERS[name].options)


def _constant(spec: Block) -> Made:
    block = spec.get("constant")
    if block is None:
        raise spec.error("constant is empty", remedy="Write a value, or leave the key out.")
    value = _scalar(block)
    return Made(lambda _scope: value)


def _scalar(block: Block) -> Any:
    """A value as it is sent: a text, a number, a boolean, or a list of these."""
    values = block.value if isinstance(block.value, list) else [block.value]
    if not all(isinstance(value, (str, int, float)) for value in values):
        raise block.error("is not a value", remedy="Write a text, a number, true or false, or a list of them.")
    return block.value


def _or_default(make: Callable[[Scope], Any], default: Any) -> Callable[[Scope], Any]:
    def get(scope: Scope) -> Any:
        value = make(scope)
        return default if value is None else value

    return get


def _first_of(spec: Block, timezone: ZoneInfo) -> Made:
    """Each alternative is written with the verbs beside `first_of`, unless it says otherwise itself."""
    block = spec.get("first_of")
    entries = block.entries("Write a list: [PathA, { from: PathB }].") if block else []
    if not entries:
        raise spec.error("first_of is empty", remedy="Write a list: [PathA, { from: PathB }].")
    own_words = ("first_of", "default", "required", "nil")
    shared = {verb: said for verb, said in spec.value.items() if verb not in own_words}
    parts = []
    for entry in entries:
        own = spec_of(entry)
        given = {} if {"constant", "as", "table"} & own.value.keys() else shared
        part = _part(entry, compile_made(replace(own, value={**given, **own.value}), timezone))
        if part.required:
            raise entry.error("is required", at="required", remedy="Write it beside first_of.")
        parts.append(part)
    makes = [part.make for part in parts]

    def make(scope: Scope) -> Any:
        return next((value for get in makes if (value := get(scope)) is not None), None)

    return Made(make, tuple(path for part in parts for path in part.paths))


def _part(entry: Block, made: Made) -> Made:
    """One of several: it fills no key of its own, nor one beside."""
    if made.beside:
        raise entry.error("fills other keys too", remedy="Write sign and currency with a single `from`.")
    if made.nil:
        raise entry.error("is a part, which cannot be nil", at="nil", remedy="Write it beside first_of or join.")
    return made


def _single(spec: Block, source: str, timezone: ZoneInfo) -> Made:
    beside: tuple[Beside, ...] = ()
    if source == "join":
        fetch, paths = _join(spec, timezone)
    else:
        path = our_path(path_block(spec, "from"))
        fetch, paths = path.read, (path,)
    fetch = _chosen(spec, fetch)
    name = _converter(spec)
    if name is not None and WRITERS[name].money:
        write, beside = amount_writer(spec, name, timezone)
    else:
        write = _writer(spec, name, timezone)
    write = _prepared(spec, write)

    def make(scope: Scope) -> Any:
        value = fetch(scope)
        return None if value is None or value in ("", b"") else write(value)

    beside = tuple(one._replace(make=_after(fetch, one.make)) for one in beside)
    return Made(make, paths, beside=beside)


def _after(fetch: Callable[[Scope], Any], write: Callable[[Any], Any]) -> Callable[[Scope], Any]:
    def make(scope: Scope) -> Any:
        value = fetch(scope)
        return None if value is None else write(value)

    return make


def _chosen(spec: Block, fetch: Callable[[Scope], Any]) -> Callable[[Scope], Any]:
    """One of several texts: by its language, or of a list of numbers by its scheme."""
    language, scheme = spec.get("language"), spec.get("scheme")
    choose: Callable[[Any], Any] | None = None
    if language is not None:
        choose = in_language(language)
    elif scheme is not None and spec.value.get("as") != "identifier":
        choose = of_scheme(scheme)
    if choose is None:
        return fetch
    return _after(fetch, choose)


def _writer(spec: Block, name: str | None, timezone: ZoneInfo) -> Write:
    table = spec.get("table")
    if table is not None:
        if name is not None:
            raise spec.error("has a table and a converter", remedy="Keep one: a table says what is sent.", at="as")
        return turned_round(table)
    if name is None:
        return lambda value: plainly(value, timezone)
    return written(spec, name, timezone)


def written(spec: Block, name: str, timezone: ZoneInfo) -> Write:
    """The writer of a converter, with the options beside it."""
    try:
        return WRITERS[name].make(Options(spec.value, timezone))
    except ValueError as error:
        described = {**(CONVERTERS[name].options if name in CONVERTERS else {}), **WRITERS[name].options}
        at = next((option for option in described if option in spec.value and option in str(error)), None)
        told = " ".join(f"{option}: {said}" for option, said in described.items())
        raise spec.error(str(error), at=at, remedy=f"Options of {name} are {told}") from error


def _prepared(spec: Block, write: Write) -> Write:
    """`write` behind `split` and `empty`, which look at the text before anything else does."""
    empty_block, split_block = spec.get("empty"), spec.get("split")
    if empty_block is None and split_block is None:
        return write
    empty = frozenset(map(str, empty_block.codes())) if empty_block else frozenset()
    mark, part = split_part(split_block) if split_block else ("", 0)

    def prepared(value: Any) -> Any:
        if isinstance(value, str):
            text = value
            if mark:
                parts = value.split(mark)
                text = parts[part].strip() if -len(parts) <= part < len(parts) else ""
            if not text.strip() or text.strip() in empty:
                return None
            value = text
        return write(value)

    return prepared


def _join(spec: Block, timezone: ZoneInfo) -> tuple[Callable[[Scope], Any], tuple[OurPath, ...]]:
    """Texts put together. Missing ones are passed over; where all that is read is missing there is no text."""
    block = spec.get("join")
    entries = block.entries("Write a list: [path, path].") if block else []
    if not entries:
        raise spec.error("join is empty", remedy="Write a list: [path, path].")
    parts = [_part(entry, compile_made(entry, timezone)) for entry in entries]
    between = spec.get("with")
    mark = " " if between is None else between.value
    if not isinstance(mark, str):
        raise spec.error("with is not a text", at="with", remedy='Write what stands between the parts: "-".')

    def get(scope: Scope) -> str | None:
        texts, something = [], False
        for part in parts:
            value = part.make(scope)
            if value is None:
                if part.required:
                    raise ValueError(f"needs {part.paths[0].text}, which is missing")
                continue
            if isinstance(value, bool) or not isinstance(value, (str, int)):
                raise ValueError("has a part that is no text")  # noqa: TRY004
            texts.append(str(value))
            something = something or bool(part.paths)
        return mark.join(texts) if something else None

    return get, tuple(path for part in parts for path in part.paths)
