"""Reads a record from a JSON object."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from hub.mapping.layout import Layout, Node, Raw
from hub.mapping.paths import Path, Step, join_paths, show_path
from hub.mapping.run import REPEATED, Run

Read = Callable[[Any, Raw, Run], None]

_ABSENT = object()  # A key no object has.


def select(document: Any, path: Path, run: Run, known: Collection[str]) -> list[Any]:
    """The records at `path` from the document's root: the items of a list there, or the one object.

    Where a step is missing although something not `known` (shown paths) is there that could be it, that is
    noted as drift: the source may have renamed it.
    """
    found = _items(document)
    for depth, step in enumerate(path):
        below = [item for value in found if isinstance(value, dict) for item in _items(value.get(_key(step)))]
        if not any(isinstance(value, dict) and _key(step) in value for value in found):
            _note_other_names(found, show_path(path[:depth]), run, known)
        found = below
    return found


def values_at(document: Any, path: Path) -> list[Any]:
    """The values at `path` from an object; lists on the way and at the end count as repetition."""
    found = _items(document)
    for step in path:
        found = [item for value in found if isinstance(value, dict) for item in _items(value.get(_key(step)))]
    return found


def _note_other_names(parents: list[Any], path: str, run: Run, known: Collection[str]) -> None:
    for parent in parents:
        if not isinstance(parent, dict):
            run.unknown_field(path, "")
            continue
        for key, value in parent.items():
            name = join_paths(path, show_path((Step(key),)))
            if isinstance(value, (dict, list)) and value and name not in known:
                run.unknown_field(name, "")


def starter(layout: Layout) -> Callable[[Any, Run], Raw]:
    """A function that makes the slots of a record from its object, and notes what the mapping does not know."""
    # The keys of the outermost fields by slot: all are fetched by one call into C.
    keys: list[Any] = [_ABSENT] * len(layout.paths)
    for key, node in _named(layout.root):
        if _is_leaf(node):
            assert node.slot is not None
            keys[node.slot] = key
    for step, slot in layout.root.attributes.items():
        if slot is not None:
            keys[slot] = _key(step)
    rest = _reader(layout.root, skip_leaves=True)

    def start(value: Any, run: Run) -> Raw:
        raw: Raw = list(map(value.get, keys)) if isinstance(value, dict) else [None] * len(keys)
        rest(value, raw, run)
        return raw

    return start


def node_reader(node: Node) -> Read:
    """A function that fills the slots below `node` from its value."""
    return _reader(node, skip_leaves=False)


def _reader(node: Node, *, skip_leaves: bool) -> Read:
    leaves: list[tuple[str, int]] = []
    actions: list[tuple[str, Read]] = []
    for key, child in _named(node):
        if not _is_leaf(child):
            actions.append((key, _action(child)))
        elif not skip_leaves:
            assert child.slot is not None
            leaves.append((key, child.slot))
    if not skip_leaves:
        leaves += [(_key(step), slot) for step, slot in node.attributes.items() if slot is not None]
    known = frozenset(key for key, _ in _named(node)) | {_key(step) for step in node.attributes}
    own, subtree = node.slot, node.subtree

    def read(value: Any, raw: Raw, run: Run) -> None:
        if not isinstance(value, dict):
            if own is not None:
                raw[own] = value
            elif not subtree:
                run.unknown_field(node.path or ".", _sample(value))
            return
        for key, slot in leaves:
            raw[slot] = value.get(key)
        for key, act in actions:
            if (part := value.get(key)) is not None:
                act(part, raw, run)
        if not (subtree or value.keys() <= known):
            for key in value.keys() - known:
                run.unknown_field(join_paths(node.path, show_path((Step(key),))), _sample(value[key]))

    return read


def _is_leaf(node: Node) -> bool:
    wanted_more = node.many is not None or node.container or node.inner is not None or node.copies is not None
    return node.slot is not None and not wanted_more


def _action(node: Node) -> Read:
    """What to do with the value of a key that is not simply kept."""
    slot, many = node.slot, node.many
    kept = [place for place in (node.inner and node.inner[0], node.copies) if place is not None]
    read = _reader(node, skip_leaves=False) if node.container and node.copies is None else None

    def act(value: Any, raw: Raw, run: Run) -> None:
        if slot is not None and not (read and isinstance(value, (dict, list))):
            raw[slot] = value
        if many is not None:
            raw[many] = _items(value)
        for place in kept:
            raw[place] = _items(value)
        if read is None:
            wanted = slot is not None or many is not None or kept or node.subtree
            if not wanted:
                _note_unknown(value, node, run)
        elif not isinstance(value, list):
            if isinstance(value, dict) or slot is None:
                read(value, raw, run)
        else:
            for item in value:
                _read_beside(read, item, raw, run)

    return act


def _read_beside(read: Read, value: Any, raw: Raw, run: Run) -> None:
    """Reads one of several objects where a path expects one: values of lists add up, single ones must agree on
    who gives them."""
    part: Raw = [None] * len(raw)
    read(value, part, run)
    for slot, new in enumerate(part):
        if new is None:
            continue
        if raw[slot] is None:
            raw[slot] = new
        elif isinstance(new, list) and isinstance(raw[slot], list):
            raw[slot] = raw[slot] + new
        else:
            run.misfits.append((slot, REPEATED))


def _note_unknown(value: Any, node: Node, run: Run) -> None:
    """What stands below a key that is ignored as a single value."""
    for item in value if isinstance(value, list) else [value]:
        if isinstance(item, dict):
            for key, inner in item.items():
                run.unknown_field(join_paths(node.path, show_path((Step(key),))), _sample(inner))


def _named(node: Node) -> list[tuple[str, Node]]:
    """Children by key. Keys of JSON are in no namespace, so a step with one never fits."""
    return [(_key(step), child) for step, child in node.children.items() if step.uri is None]


def _key(step: Step) -> str:
    return f"@{step.name}" if step.attribute else step.name


def _items(value: Any) -> list[Any]:
    """A list's items, one level deep; one value alone; nothing for null."""
    if isinstance(value, list):
        return [item for item in value if item is not None]
    return [] if value is None else [value]


def _sample(value: Any) -> str:
    return value if isinstance(value, str) else "" if isinstance(value, (dict, list)) else str(value)


def children_of(raw: Raw, place: int) -> Iterator[Any]:
    """The values kept in a slot, without nulls."""
    yield from raw[place] or ()
