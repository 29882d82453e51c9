"""The reverse direction: from a record of ours to the input of a back office's operation.

    request:
      Predmet.Naziv: { from: title, language: hr, required: true }
      Iznos: { from: fee, as: decimal_comma, currency: { to: Valuta } }
      Prilozi.Prilog: { each: documents, fields: { Naziv: name, Sadrzaj: { from: content, as: base64 } } }
      Kljuc: key

The same words as for reading, turned round; keys are those of the back office, dotted or nested, and stay in the
order of the block. What is not there is not sent.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from hub.kit.yaml_document import YamlDocument
from hub.mapping.block import Block
from hub.mapping.our_record import OurPath, Scope, our_path
from hub.mapping.paths import join_paths
from hub.mapping.problems import MappingProblem
from hub.mapping.request_building import MISSING, NIL, Building, Fill, Sent, leaf, refuse, silently
from hub.mapping.request_values import SOURCES, Made, compile_made
from hub.mapping.shaping import code_texts

_BARE_VERBS = frozenset({"as", "table", "required", "nil", "default"})
_LIST_VERBS = ("each", "fields", "where", "required", "default")


@dataclass(frozen=True, slots=True)
class CompiledRequest:
    """One `request:` block. Safe to share between threads and tasks."""

    _fill: Fill
    paths: frozenset[str]
    """All paths of our record that it reads, from the record's top."""

    def build(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """The nested input of an operation: dicts, lists, texts, numbers, booleans and bytes.

        `values` is the noun's record, with `key` and `receipts` beside its fields; see hub.mapping.our_record for what
        may stand in it. A key that has no value is absent, and so is a block of which nothing is there; None stands
        only for `nil: true` (`xsi:nil`, null). Raises MappingProblem with every fault; it quotes no value.
        """
        building = Building([], None)
        built = self._fill(Scope(values, values), "", building)
        if building.faults:
            raise MappingProblem(building.faults)
        return {} if built is None else built

    def explain(self, values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Sent]]:
        """What can be built, whatever is wrong, and every key with its source and its fault."""
        building = Building([], [])
        built = self._fill(Scope(values, values), "", building)
        assert building.sent is not None
        return built or {}, building.sent


def compile_request(block: Block | Mapping[str, Any], *, file: str | Path, timezone: ZoneInfo) -> CompiledRequest:
    """Compile a `request:` block of `file`; a Block knows its lines, a plain dict is taken as the whole of `file`.

    Moments are written in `timezone` unless the block says otherwise. Raises ConfigurationError naming file, line,
    key, the allowed words and the remedy.
    """
    if not isinstance(block, Block):
        block = Block(YamlDocument(Path(file), block), (), block)
    paths: set[str] = set()
    return CompiledRequest(_block(block, timezone, "", paths), frozenset(paths))


def _block(block: Block, timezone: ZoneInfo, above: str, paths: set[str]) -> Fill:
    """A block of keys: a tree of dicts, each leaf of which fills one key."""
    if not isinstance(block.value, dict) or not block.value:
        raise block.error("is not a block of keys", remedy="Write { key of the back office: path of ours, … }.")
    tree: dict[str, Any] = {}
    for key, part in block.items():
        for names, owner, fill in _fills(str(key), part, timezone, above, paths):
            _plant(tree, names, owner, fill)
    return _branch(tree)


def _fills(
    key: str, part: Block, timezone: ZoneInfo, above: str, paths: set[str]
) -> Iterator[tuple[list[str], Block, Fill]]:
    names = _names(key, part)
    value = part.value
    if isinstance(value, dict) and "each" in value:
        yield names, part, _each(part, timezone, above, paths)
    elif isinstance(value, dict) and not any(verb in value for verb in SOURCES):
        _refuse_bare_verbs(part)
        for inner_key, inner in part.items():
            for more, owner, fill in _fills(str(inner_key), inner, timezone, above, paths):
                yield [*names, *more], owner, fill
        if not value:
            raise part.error("is empty", remedy="Write keys, or leave it out.")
    else:
        made = compile_made(part, timezone)
        paths.update(_from_the_top(path, above) for path in made.paths)
        yield names, part, leaf(made)
        for beside in made.beside:
            other = leaf(Made(silently(beside.make), made.paths))
            yield [*names[:-1], *_names(beside.to.text(), beside.to)], beside.to, other


def _from_the_top(path: OurPath, above: str) -> str:
    return path.text if path.shared else join_paths(above, path.text)


def _refuse_bare_verbs(part: Block) -> None:
    bare = [verb for verb in part.value if verb in _BARE_VERBS]
    if bare:
        raise part.error(
            "does not say where the value is from",
            at=bare[0],
            remedy=f"Add exactly one of: {', '.join(SOURCES)}, each; an element that is called {bare[0]!r} is written "
            f'with what is above it: "Parent.{bare[0]}".',
        )


def _names(key: str, block: Block) -> list[str]:
    r"""The names of a dotted key; `a\.b` is one name with a dot."""
    names = [name.replace("\\.", ".").replace("\\\\", "\\") for name in _split(key)]
    if not all(names):
        raise block.error("a name is missing in the key", remedy="Write names with dots between them: Case.Title.")
    return names


def _split(key: str) -> Iterator[str]:
    name, escaped = "", False
    for sign in key:
        if sign == "." and not escaped:
            yield name
            name = ""
        else:
            name += sign
        escaped = sign == "\\" and not escaped
    yield name


def _plant(tree: dict[str, Any], names: list[str], block: Block, fill: Fill) -> None:
    node = tree
    for name in names[:-1]:
        node = node.setdefault(name, {})
        if not isinstance(node, dict):
            raise block.error(f"{name!r} holds a value already, and keys cannot stand in it", remedy="Keep one.")
    if names[-1] in node:
        raise block.error(f"the key {'.'.join(names)!r} stands here already", remedy="Remove one of them.")
    node[names[-1]] = fill


def _branch(tree: dict[str, Any]) -> Fill:
    parts: list[tuple[str, Fill]] = [
        (name, _branch(part) if isinstance(part, dict) else part) for name, part in tree.items()
    ]

    def fill(scope: Scope, place: str, building: Building) -> dict[str, Any] | None:
        built: dict[str, Any] = {}
        for name, part in parts:
            value = part(scope, f"{place}.{name}" if place else name, building)
            if value is not None:
                built[name] = None if value is NIL else value
        return built or None

    return fill


def _each(block: Block, timezone: ZoneInfo, above: str, paths: set[str]) -> Fill:
    """A list: a block of keys for each item, or with `from` a single value."""
    each = block.get("each")
    if each is None:
        raise block.error("each is empty", remedy="Add each: path of a list in the record.")
    path = our_path(each)
    inside = _from_the_top(path, above)
    paths.add(inside)
    fields, where = block.get("fields"), block.get("where")
    required, default = block.get("required"), block.get("default")
    if fields is not None:
        block.keys(_LIST_VERBS, what="verb")
        one = _block(fields, timezone, inside, paths)
    else:
        own = {verb: said for verb, said in block.value.items() if verb not in _LIST_VERBS}
        if not any(verb in own for verb in SOURCES):
            raise block.error(
                "does not say what is sent of each", remedy="Add fields: { … }, or from: . for the item itself."
            )
        made = compile_made(replace(block, value=own), timezone)
        paths.update(_from_the_top(one, inside) for one in made.paths)
        if made.beside:
            raise block.error("fills other keys too", remedy="Use fields, so that they stand beside it.")
        one = leaf(made)
    keep = _where(where, timezone) if where is not None else None
    if default is not None and default.value != []:
        raise default.error("is not an empty list", remedy="Write default: [] to send an empty one, or leave it out.")
    return _repeated(path, one, keep, required=required.flag() if required else False, empty=default is not None)


def _repeated(path: OurPath, one: Fill, keep: Callable[[Scope], bool] | None, *, required: bool, empty: bool) -> Fill:
    def fill(scope: Scope, place: str, building: Building) -> list[Any] | None:
        shown = path.shown(scope)
        try:
            items = path.read(scope)
        except ValueError as error:
            refuse(building, shown, place, str(error))
            return None
        if items is not None and not isinstance(items, (list, tuple)):
            refuse(building, shown, place, "is not a list")
            return None
        built: list[Any] = []
        for index, item in enumerate(items or ()):
            inner = Scope(item, scope.top, f"{shown}[{index}]")
            try:
                if keep is not None and not keep(inner):
                    continue
            except ValueError as error:
                refuse(building, inner.place, place, f"cannot be chosen: {error}")
                continue
            known = len(building.faults)
            value = one(inner, f"{place}[{len(built)}]", building)
            if value is None and len(building.faults) == known:
                refuse(building, inner.place, f"{place}[{len(built)}]", "has nothing that is sent")
            built.append(None if value is NIL else value)
        if not built and required:
            refuse(building, shown, place, MISSING)
        return built if built or empty else None

    return fill


def _where(block: Block, timezone: ZoneInfo) -> Callable[[Scope], bool]:
    """`{ from: path, in: [codes] }` or `{ from: path, not_in: [codes] }`: which items are sent."""
    block.keys(("from", "in", "not_in"))
    verbs = [verb for verb in ("in", "not_in") if block.get(verb) is not None]
    if len(verbs) != 1 or block.get("from") is None:
        raise block.error(
            "is not complete", remedy="Write { from: path, in: [codes] } or { from: path, not_in: [codes] }."
        )
    listed = block.get(verbs[0])
    assert listed is not None
    codes = frozenset(text for code in listed.codes() for text in code_texts(code))
    value = compile_made(replace(block, value={"from": block.value["from"]}), timezone)
    negated = verbs[0] == "not_in"

    def keep(scope: Scope) -> bool:
        found = value.make(scope)
        text = str(found).lower() if isinstance(found, bool) else str(found)
        return (found is not None and text in codes) is not negated

    return keep
