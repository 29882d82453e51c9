"""Reads a record from a JSON object."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
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
        objects = [value for value in found if isinstance(value, dict)]
        if not any(_key(step) in value for value in objects):
            _note_other_names(objects, show_path(path[:depth]), run, known)
        found = [item for value in objects for item in _items(value.get(_key(step)))]
    return found


def values_at(document: Any, path: Path) -> list[Any]:
    """The values at `path` from an object; lists on the way and at the end count as repetition."""
    found = _items(document)
    for step in path:
        found = [item for value in found if isinstance(value, dict) for item in _items(value.get(_key(step)))]
    return found


def _note_other_names(objects: Iterable[dict[str, Any]], path: str, run: Run, known: Collection[str]) -> None:
    for value in objects:
        for key, part in value.items():
            name = join_paths(path, _shown(key))
            if isinstance(part, (dict, list)) and part and name not in known:
                run.unknown_field(name, "")


def starter(layout: Layout) -> Callable[[Any, Run], Raw]:
    """A function that makes the slots of a record from its object, and notes what the mapping does not know."""
    # The keys of the outermost fields by slot: all are fetched by one call into C.
    keys: list[Any] = [_ABSENT] * len(layout.paths)
    for key, slot in _leaves(layout.root).items():
        keys[slot] = key
    actions, known = _actions(layout.root), _known(layout.root)
    other = node_reader(layout.root)

    def start(value: Any, run: Run) -> Raw:
        if not isinstance(value, dict):
            raw: Raw = [None] * len(keys)
            other(value, raw, run)
            return raw
        raw = list(map(value.get, keys))
        for key, act in actions:
            part = value.get(key)
            if part is not None:
                act(part, raw, run)
        if known is not None and not known.issuperset(value):
            _note_unknown(value, known, layout.root.path, run)
        return raw

    return start


def node_reader(node: Node) -> Read:
    """A function that fills the slots below `node` from its value."""
    leaves = tuple(_leaves(node).items())
    actions, known, own = _actions(node), _known(node), node.slot

    def read(value: Any, raw: Raw, run: Run) -> None:
        if not isinstance(value, dict):
            if own is not None:
                raw[own] = value
            elif known is not None:
                run.unknown_field(node.path or ".", _sample(value))
            return
        for key, slot in leaves:
            raw[slot] = value.get(key)
        for key, act in actions:
            part = value.get(key)
            if part is not None:
                act(part, raw, run)
        if known is not None and not known.issuperset(value):
            _note_unknown(value, known, node.path, run)

    return read


def children_of(raw: Raw, place: int) -> Iterator[Any]:
    """The values kept in a slot, without nulls."""
    yield from raw[place] or ()


def _actions(node: Node) -> tuple[tuple[str, Read], ...]:
    return tuple((key, _action(child)) for key, child in _named(node).items() if not child.leaf)


def _known(node: Node) -> frozenset[str] | None:
    """The keys the mapping names; None where there may be any."""
    return None if node.subtree else frozenset(_named(node)) | {_key(step) for step in node.attributes}


def _action(node: Node) -> Read:
    """What to do with the value of a key that is not simply kept."""
    wanted: list[Read] = []
    if node.slot is not None:
        wanted.append(_keep_scalar(node.slot) if node.container else _keep(node.slot))
    if node.many is not None:
        wanted.append(_keep_items(node.many))
    if node.inner is not None:
        wanted.append(_keep_items(node.inner[0]))
    if node.copies is not None:
        wanted.append(_keep_items(node.copies))
    elif node.container:
        wanted.append(_read_inside(node))
    if not wanted:
        return _pass_over(node)
    if len(wanted) == 1:
        return wanted[0]

    def act(value: Any, raw: Raw, run: Run) -> None:
        for part in wanted:
            part(value, raw, run)

    return act


def _keep(slot: int) -> Read:
    def act(value: Any, raw: Raw, _run: Run) -> None:
        raw[slot] = value

    return act


def _keep_scalar(slot: int) -> Read:
    def act(value: Any, raw: Raw, _run: Run) -> None:
        if not isinstance(value, (dict, list)):
            raw[slot] = value

    return act


def _keep_items(slot: int) -> Read:
    def act(value: Any, raw: Raw, _run: Run) -> None:
        raw[slot] = _items(value)

    return act


def _read_inside(node: Node) -> Read:
    read, has_value = node_reader(node), node.slot is not None

    def act(value: Any, raw: Raw, run: Run) -> None:
        if isinstance(value, dict):
            read(value, raw, run)
        elif isinstance(value, list):
            for item in value:
                _read_beside(read, item, raw, run)
        elif not has_value:
            read(value, raw, run)

    return act


def _read_beside(read: Read, value: Any, raw: Raw, run: Run) -> None:
    """Reads one of several objects where a path expects one: lists add up, a single value comes from one only."""
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


def _pass_over(node: Node) -> Read:
    """A key that is ignored as a single value has nothing below it."""

    def act(value: Any, _raw: Raw, run: Run) -> None:
        for item in () if node.subtree else _items(value):
            if isinstance(item, dict):
                _note_unknown(item, frozenset(), node.path, run)

    return act


def _note_unknown(value: Mapping[str, Any], known: Collection[str], path: str, run: Run) -> None:
    for key, part in value.items():
        if key not in known:
            run.unknown_field(join_paths(path, _shown(key)), _sample(part))


def _named(node: Node) -> dict[str, Node]:
    """Children by key. Keys of JSON are in no namespace, so a step with one never fits."""
    return {_key(step): child for step, child in node.children.items() if step.uri is None}


def _leaves(node: Node) -> dict[str, int]:
    """The slots that simply hold the value of a key."""
    found = {key: child.slot for key, child in _named(node).items() if child.leaf and child.slot is not None}
    return found | {_key(step): slot for step, slot in node.attributes.items() if slot is not None}


def _key(step: Step) -> str:
    return f"@{step.name}" if step.attribute else step.name


def _shown(key: str) -> str:
    step = Step(key[1:], attribute=True) if key.startswith("@") and key != "@" else Step(key)
    return show_path((step,))


def _items(value: Any) -> list[Any]:
    """A list's items, one level deep; one value alone; nothing for null."""
    if isinstance(value, list):
        return [item for item in value if item is not None]
    return [] if value is None else [value]


def _sample(value: Any) -> str:
    if isinstance(value, (dict, list)):
        return ""
    return value if isinstance(value, str) else str(value)
