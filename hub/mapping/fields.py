"""Compiles the fields of a target, those with lists in them too, and who a record is about."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from hub.kernel.references import Reference
from hub.kit import identifiers
from hub.mapping.block import Block, nearest
from hub.mapping.context import Context
from hub.mapping.converters import BY_REFERENCE_SCHEME
from hub.mapping.group import Build, Direct, Group, Items, Refused, Value
from hub.mapping.layout import Layout, Raw
from hub.mapping.model import Field, Kind, PartyRef
from hub.mapping.paths import join_paths
from hub.mapping.run import Run
from hub.mapping.values import TEXT, compile_value


def compile_group(context: Context, block: Block | None, owner: Block, fields: Mapping[str, Field]) -> Group:
    """The `fields` block: every required one must be there, every other may be."""
    items = list(block.items()) if block is not None and isinstance(block.value, dict) else []
    if block is not None and not isinstance(block.value, dict):
        raise block.error("is not a block of fields", remedy=f"Fields there are: {', '.join(fields)}.")
    for name, part in items:
        if name not in fields:
            raise part.error(f"unknown field {name!r}", remedy=nearest(str(name), fields))
    missing = [name for name, field in fields.items() if field.required and name not in dict(items)]
    if missing:
        raise (block or owner).error(
            f"the required {'field is' if len(missing) == 1 else 'fields are'} missing: {', '.join(missing)}",
            remedy=f"Add {missing[0]}: {fields[missing[0]].help}",
        )
    values = {name: _compile_field(context, part, fields[name], name) for name, part in items}
    return Group(values, fields, context.layout.paths)


def _compile_field(context: Context, block: Block, field: Field, name: str) -> Value:
    if field.kind is Kind.REFERENCES:
        return _references(context, block)
    if field.kind is Kind.LIST:
        return _list(context, block, field, name)
    return compile_value(context, block, field, strict=field.required)


def _references(context: Context, block: Block) -> Value:
    """References and file numbers; those that come out empty are passed over."""
    parts: list[tuple[str, Value]] = []
    for entry in block.entries("Write a list: [{ scheme: cz.variable_symbol, from: path }]."):
        scheme = entry.get("scheme") if isinstance(entry.value, dict) else None
        if scheme is None:
            raise entry.error("has no scheme", remedy="Add scheme: text, or one such as cz.variable_symbol.")
        spec = {verb: said for verb, said in entry.value.items() if verb != "scheme"}
        if "as" not in spec and "table" not in spec and scheme.text() in BY_REFERENCE_SCHEME:
            spec["as"] = BY_REFERENCE_SCHEME[scheme.text()]
        parts.append((scheme.text(), compile_value(context, replace(entry, value=spec), TEXT)))
    builds = [(scheme, part.build) for scheme, part in parts]
    if len(parts) == 1 and (direct := parts[0][1].direct) is not None:
        return _one_reference(parts[0][0], direct)

    def build(raw: Raw, run: Run) -> tuple[Reference, ...]:
        found = []
        for scheme, get in builds:
            text = get(raw, run)
            if text is not None:
                found.append(Reference(scheme, text))
        return tuple(found)

    return Value(build, tuple(slot for _, part in parts for slot in part.slots))


def _one_reference(scheme: str, direct: Direct) -> Value:
    """The usual case, two calls shorter."""
    slot, _, convert = direct

    def build(raw: Raw, _run: Run) -> tuple[Reference, ...]:
        value = raw[slot]
        text = None if value is None else convert(value)
        return () if text is None else (Reference(scheme, text),)

    return Value(build, (slot,))


def _list(context: Context, block: Block, field: Field, name: str) -> Value:
    block.keys(("each", "fields"))
    each = block.get("each")
    if each is None:
        raise block.error("does not say what is repeated", remedy="Add each: path of the repeated element.")
    slot, layout = context.inner(each)
    group = compile_group(context.inside(layout), block.get("fields"), block, field.fields)
    raws, path = _raws(context, slot, layout), context.layout.paths[slot]

    def build(raw: Raw, run: Run) -> tuple[dict[str, Any], ...]:
        if raw[slot] is None:
            return ()
        made, refusals = [], []
        for index, item in enumerate(raws(raw, run)):
            try:
                if run.misfits:
                    raise Refused(group.misfits(run.take_misfits()))
                made.append(group.make(item, run))
            except Refused as refusal:
                refusals += [
                    complaint._replace(
                        field=f"{name}.{complaint.field}", path=join_paths(f"{path}[{index}]", complaint.path)
                    )
                    for complaint in refusal.complaints
                ]
        if refusals:
            raise Refused(refusals)
        return tuple(made)

    return Value(build, (slot,), items=Items(group, raws))


def _raws(context: Context, slot: int, layout: Layout) -> Callable[[Raw, Run], Iterator[Raw]]:
    """The slots of each item of a list. Their reader is made when first used: other fields may still add
    paths to the layout.
    """
    readers: list[Callable[[Any, Run], Raw]] = []
    children_of = context.medium.children_of

    def raws(raw: Raw, run: Run) -> Iterator[Raw]:
        if not readers:
            readers.append(context.medium.starter(layout))
        for element in children_of(raw, slot):
            yield readers[0](element, run)

    return raws


def compile_parties(context: Context, top: Block, roles: Sequence[str]) -> tuple[list[Value], frozenset[str]]:
    """Who a record is about, and by which schemes of identifiers.

    Each value makes a tuple of PartyRef. A party whose identifier is missing is left out: the record stays
    unassigned rather than guessed.
    """
    subject, parties = top.get("subject"), top.get("parties")
    if (subject is None) == (parties is None):
        said = "says both subject and parties" if subject else "does not say whose the records are"
        raise top.error(
            said,
            remedy="Write subject: { scheme: hr.oib, from: path }, or parties: [{ role: …, scheme: …, from: path }].",
        )
    if subject is not None:
        entries = [subject]
    else:
        assert parties is not None
        entries = parties.entries("Write a list: [{ role: …, scheme: …, from: path }].")
    values = [_party(context, entry, roles, with_role=subject is None) for entry in entries]
    return [value for value, _ in values], frozenset(scheme for _, scheme in values)


def _party(context: Context, block: Block, roles: Sequence[str], *, with_role: bool) -> tuple[Value, str]:
    if not isinstance(block.value, dict):
        raise block.error("is not a block of keys", remedy="Write { scheme: hr.oib, from: path }.")
    role = roles[0]
    if with_role and (said := block.get("role")) is not None:
        role = said.text()
        if role not in roles:
            raise said.error(f"unknown role {role!r}", remedy=nearest(role, roles))
    named = block.get("scheme")
    if named is None:
        raise block.error("has no scheme", remedy="Add scheme: hr.oib, or <back office>.<name> for one of its own.")
    scheme = named.text()
    try:
        identifiers.check_scheme(scheme)
    except ValueError as error:
        raise named.error(str(error), remedy="Correct the scheme.") from error
    taken = ("scheme", "role", "each", "asked") if with_role else ("scheme", "asked")
    rest = {verb: said for verb, said in block.value.items() if verb not in taken}
    if "asked" in block.value:
        block.keys(("scheme", "asked", *(("role",) if with_role else ())))
        if block.value["asked"] is not True:
            raise block.error("asked is not true", at="asked", remedy="Write asked: true, or from: path.")
        return _asked(role, scheme), scheme
    spec = replace(block, value={**rest, "as": "identifier", "scheme": scheme})
    if "as" in rest:
        raise block.error("has a converter", at="as", remedy="Remove it: the scheme says how it is read.")
    each = block.get("each") if with_role else None
    if each is None:
        return _one(role, scheme, compile_value(context, spec, TEXT)), scheme
    slot, layout = context.inner(each)
    one = _one(role, scheme, compile_value(context.inside(layout), spec, TEXT))
    return _each(context, slot, layout, one), scheme


def _asked(role: str, scheme: str) -> Value:
    def build(_raw: Raw, run: Run) -> tuple[PartyRef, ...]:
        value = run.asked.get(scheme)
        return () if value is None else (PartyRef(role, scheme, value),)

    return Value(build)


def _one(role: str, scheme: str, value: Value) -> Value:
    get: Build = value.build
    memory = value.direct

    def build(raw: Raw, run: Run) -> tuple[PartyRef, ...]:
        found = get(raw, run)
        return () if found is None else (PartyRef(role, scheme, found),)

    def remembered(raw: Raw, run: Run) -> tuple[PartyRef, ...]:
        """The items of one reply are often about one subject; checking digits takes long."""
        assert memory is not None
        text = raw[memory.slot]
        if text is None:
            return ()
        if isinstance(text, str) and (known := run.parties.get((role, scheme, text))) is not None:
            return known
        made = build(raw, run)
        if isinstance(text, str):
            run.parties[role, scheme, text] = made
        return made

    return Value(remembered if memory else build, value.slots, secret=True)


def _each(context: Context, slot: int, layout: Layout, one: Value) -> Value:
    raws = _raws(context, slot, layout)

    def build(raw: Raw, run: Run) -> tuple[PartyRef, ...]:
        found: list[PartyRef] = []
        for item in raws(raw, run):
            if misfits := run.take_misfits():
                raise ValueError(misfits[0][1])
            found += one.build(item, run)
        return tuple(found)

    return Value(build, (slot,), secret=True)
