"""Turns a mapping file into functions, once; everything that can be wrong with the file is said here."""

from __future__ import annotations

import collections.abc
from dataclasses import replace
from pathlib import Path as File
from typing import Any
from zoneinfo import ZoneInfo

from hub.kit.yaml_document import YamlDocument, load
from hub.mapping import times
from hub.mapping.block import Block, nearest
from hub.mapping.context import Context, path_block, spec_of
from hub.mapping.detail import Detail, compile_detail, leads_into, shown
from hub.mapping.fields import compile_group, compile_parties
from hub.mapping.group import Value
from hub.mapping.layout import Layout
from hub.mapping.mapping import CaughtUpTo, Cursor, Mapping
from hub.mapping.medium import JSON, XML, Medium
from hub.mapping.model import Target
from hub.mapping.paths import Path, show_path
from hub.mapping.plan import Plan, Test
from hub.mapping.shaping import code_texts
from hub.mapping.values import TEXT, compile_value

_KEYS = (
    "target", "source", "namespaces", "key", "version", "subject", "parties", "removed", "where",
    "fields", "ignore", "examples",
)  # fmt: skip
OWN_SOURCE_KEYS = frozenset({"records", "each", "caught_up_to", "cursor", "timezone", "complete", "detail"})
"""Keys of `source:` that the engine reads; all others are the connector's."""

_ORDERS = ("datetime", "integer", "text")


def compile_mapping(
    document: YamlDocument | File | str, targets: collections.abc.Mapping[str, Target], *, timezone: ZoneInfo
) -> Mapping:
    """Compile a mapping file against the targets there are. Times without an offset are in `timezone`.

    Raises ConfigurationError naming file, line, key, the allowed values and the remedy.
    """
    if not isinstance(document, YamlDocument):
        document = load(document)
    top = Block(document, (), document.data)
    top.keys(_KEYS)
    target = _target(top, targets)
    source = top.get("source") or Block(document, ("source",), {})
    if not isinstance(source.value, dict):
        raise source.error("is not a block of keys", remedy="Write source: { records: path }.")
    zone = _zone(source, timezone)
    context = Context(Layout(), XML, _namespaces(top), zone)
    complete, examples = source.get("complete"), top.get("examples")
    detail = compile_detail(context, source)
    xml, schemes = _plan(context, XML, top, source, target, detail)
    json, _ = _plan(context, JSON, top, source, target, detail)
    return Mapping(
        file=document.path,
        target=target,
        source_call={key: value for key, value in source.value.items() if key not in OWN_SOURCE_KEYS},
        schemes=schemes,
        versions=_versions(top),
        complete=complete.flag() if complete else True,
        examples=document.path.parent / examples.text() if examples else None,
        xml=xml,
        json=json,
        cursor_at=_cursor(context, source),
        caught_up_at=_caught_up_to(context, source),
        detail=detail,
    )


def _target(top: Block, targets: collections.abc.Mapping[str, Target]) -> Target:
    block = top.get("target")
    if block is None:
        raise top.error("says no target", remedy=f"Add target: one of {', '.join(targets)}.")
    name = block.text()
    if name not in targets:
        raise block.error(f"unknown target {name!r}", remedy=nearest(name, targets))
    return targets[name]


def _zone(source: Block, timezone: ZoneInfo) -> ZoneInfo:
    block = source.get("timezone")
    if block is None:
        return timezone
    try:
        return times.zone(block.text())
    except ValueError as error:
        raise block.error(str(error), remedy="Write a name of the time zone database.") from error


def _namespaces(top: Block) -> dict[str, str]:
    block = top.get("namespaces")
    if block is None:
        return {}
    if not isinstance(block.value, dict):
        raise block.error("is not a block of prefixes", remedy='Write { a: "http://…" }.')
    return {str(prefix): entry.text() for prefix, entry in block.items()}


def _plan(
    context: Context, medium: Medium, top: Block, source: Block, target: Target, detail: Detail | None
) -> tuple[Plan, frozenset[str]]:
    layout = Layout()
    context = replace(context, layout=layout, medium=medium)
    records, each = source.get("records"), source.get("each")
    records_path = context.path(records) if records else ()
    if records_path and records_path[-1].attribute:
        assert records is not None
        raise records.error("is an attribute", remedy="Name the element that holds one record.")
    try:
        levels = layout.copies(context.path(each), each.value) if each else []
    except ValueError as error:
        assert each is not None
        raise each.error(str(error), remedy="Name an element inside a record.") from error
    key = top.get("key")
    if key is None:
        raise top.error("has no key", remedy="Add key: path of what identifies a record at the source.")
    parties, schemes = compile_parties(context, top, target.roles)
    plan = Plan(
        medium=medium,
        records=records_path,
        records_path=show_path(records_path),
        known=_known(context, source),
        levels=[],
        start=lambda _element, _run: [],
        key=compile_value(context, key, TEXT, strict=True, whole=True),
        version=_version(context, top),
        parties=parties,
        where=_where(context, top, detail),
        removed=_removed(context, top, detail),
        fields=compile_group(context, top.get("fields"), top, target.fields),
        detail=None if detail is None else (detail, layout.slot(detail.asked_path, shown(detail))),
    )
    _ignore(context, top)
    try:
        layout.finish()
    except ValueError as error:
        raise top.error(str(error), remedy="Read it inside that each.") from error
    plan.start = medium.starter(layout)
    plan.levels = [(node.copies, medium.node_reader(node)) for node in levels if node.copies is not None]
    return plan, schemes


def _version(context: Context, top: Block) -> Value | None:
    block = top.get("version")
    if block is None:
        return None
    spec = spec_of(block)
    spec.keys(("from", "as", "format"))
    if "from" not in spec.value:
        raise spec.error(
            "does not say where the version is from", remedy="Write version: path, or { from: path, as: datetime }."
        )
    order = spec.get("as")
    if order is not None and order.value not in ("datetime", "integer"):
        raise order.error(f"{order.value!r} is no order of versions", remedy=nearest(str(order.value), _ORDERS[:2]))
    slot = context.slot(path_block(spec, "from"))
    convert = context.medium.convert(_order(context, spec))
    return Value(lambda raw, _run: None if raw[slot] is None else convert(raw[slot]), (slot,))


def _versions(top: Block) -> str | None:
    block = top.get("version")
    if block is None:
        return None
    order = spec_of(block).get("as")
    return order.text() if order else "integer"


def _order(context: Context, spec: Block) -> collections.abc.Callable[[str], Any]:
    order, pattern = spec.get("as"), spec.get("format")
    try:
        return times.version_reader(
            order.value if order else None, pattern.text() if pattern else None, context.timezone
        )
    except ValueError as error:
        raise spec.error(str(error), at="format", remedy='Write it as in strptime: "%d.%m.%Y %H:%M".') from error


def _where(context: Context, top: Block, detail: Detail | None) -> list[Test]:
    block = top.get("where")
    if block is None:
        return []
    entries = (
        [block]
        if isinstance(block.value, dict)
        else block.entries("Write { from: path, in: [codes] }, or a list of them.")
    )
    tests = []
    for entry in entries:
        entry.keys(("from", "in", "not_in"))
        found = [verb for verb in ("in", "not_in") if entry.get(verb) is not None]
        if len(found) != 1 or entry.get("from") is None:
            raise entry.error(
                "is not complete", remedy="Write { from: path, in: [codes] } or { from: path, not_in: [codes] }."
            )
        tests.append(_test(context, entry, found[0], detail, negated=found[0] == "not_in"))
    return tests


def _removed(context: Context, top: Block, detail: Detail | None) -> Test | None:
    block = top.get("removed")
    if block is None:
        return None
    block.keys(("from", "values"))
    if block.get("from") is None or block.get("values") is None:
        raise block.error("is not complete", remedy="Write { from: path, values: [true] }.")
    return _test(context, block, "values", detail, negated=False)


def _test(context: Context, block: Block, verb: str, detail: Detail | None, *, negated: bool) -> Test:
    at = block.get("from")
    if at is not None and isinstance(at.value, str) and leads_into(detail, context.path(at)):
        raise at.error(
            "is known only after the second call, and decides whether it is made", remedy="Name a place of the list."
        )
    listed = block.get(verb)
    assert listed is not None
    codes = frozenset(text for code in listed.codes() for text in code_texts(code))
    value = compile_value(context, replace(block, value={"from": block.value["from"]}), TEXT)
    return Test(value, codes, negated)


def _ignore(context: Context, top: Block) -> None:
    block = top.get("ignore")
    if block is None:
        return
    for entry in block.entries("Write a list of paths: [ClerkCode, Audit.*]."):
        text = entry.text()
        subtree = text == "*" or text.endswith(".*")
        path = () if text == "*" else context.path(replace(entry, value=text[:-2] if subtree else text))
        try:
            context.layout.ignore(path, subtree=subtree)
        except ValueError as error:
            raise entry.error(str(error), remedy="Write the path as the fields do.") from error


def _cursor(context: Context, source: Block) -> Cursor | None:
    block = source.get("cursor")
    if block is None:
        return None
    if isinstance(block.value, str):
        return Cursor(context.path(block))
    block.keys(("max", "as", "format"))
    at, order = block.get("max"), block.get("as")
    if at is None:
        raise block.error("does not say where it stands", remedy="Write cursor: path, or { max: path, as: datetime }.")
    if order is None or order.value not in _ORDERS:
        said = f"{order.value!r} is no order" if order else "does not say in which order"
        raise block.error(said, at="as" if order else None, remedy=f"Add as: one of {', '.join(_ORDERS)}.")
    path = context.path(at)
    return Cursor(path, str if order.value == "text" else _order(context, block))


def _caught_up_to(context: Context, source: Block) -> CaughtUpTo | None:
    block = source.get("caught_up_to")
    if block is None:
        return None
    spec = spec_of(block)
    spec.keys(("from", "format"))
    if "from" not in spec.value:
        raise spec.error(
            "does not say where it stands", remedy="Write caught_up_to: path, or { from: path, format: … }."
        )
    pattern = spec.get("format")
    try:
        read = times.datetime_reader(pattern.text() if pattern else None, context.timezone)
    except ValueError as error:
        raise spec.error(str(error), at="format", remedy='Write it as in strptime: "%d.%m.%Y %H:%M".') from error
    return CaughtUpTo(context.path(path_block(spec, "from")), read)


def _known(context: Context, source: Block) -> frozenset[str]:
    """The shown paths, and all above them, of what is read outside the records."""
    paths: list[Path] = []
    if (cursor := _cursor(context, source)) is not None and cursor.order is None:
        paths.append(cursor.path)
    if (caught_up := _caught_up_to(context, source)) is not None:
        paths.append(caught_up.path)
    return frozenset(show_path(path[:length]) for path in paths for length in range(1, len(path) + 1))
