"""Reads a record from an XML element in one pass over its children.

Asking an element for a child by its name walks the children again for each field; a pass with a table from
tag to slot is several times cheaper. Tags are learned when they are first met, because a path without a
prefix matches in any namespace.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from copy import deepcopy
from typing import Any

from lxml import etree

from hub.mapping.layout import Layout, Node, Raw
from hub.mapping.paths import Path, Step, join_paths, show_path
from hub.mapping.run import NESTED, REPEATED, Run

Read = Callable[[Any, Raw, Run], None]

_XSI_PREFIX = "{http://www.w3.org/2001/XMLSchema-instance}"
_NIL = f"{_XSI_PREFIX}nil"
_TRUE = ("true", "1")
_MOST_TAGS = 1000  # A source that makes up tags must not fill the memory.


def without_comments(document: etree._Element) -> etree._Element:
    """The document, or a copy where comments or processing instructions could split a text in two."""
    if next(document.iter(etree.Comment, etree.ProcessingInstruction), None) is None:
        return document
    document = deepcopy(document)
    etree.strip_tags(document, etree.Comment, etree.ProcessingInstruction)
    return document


def select(document: etree._Element, path: Path, run: Run, known: Collection[str]) -> list[etree._Element]:
    """The elements at `path` from the document's root.

    Where a step is missing although something not `known` (shown paths) is there that could be it, that is
    noted as drift: the source may have renamed it.
    """
    found = [document]
    for depth, step in enumerate(path):
        below = [child for element in found for child in element.iterchildren(_pattern(step))]
        if not below:
            _note_other_names(found, show_path(path[:depth]), run, known)
        found = below
    return [element for element in found if element.get(_NIL) not in _TRUE]


def values_at(document: etree._Element, path: Path) -> list[str | None]:
    """The texts or attributes at `path` from an element."""
    attribute = path[-1] if path and path[-1].attribute else None
    found = [document]
    for step in path[:-1] if attribute else path:
        found = [child for element in found for child in element.iterchildren(_pattern(step))]
    return [element.get(_attribute(attribute)) if attribute else element.text for element in found]


def _note_other_names(parents: Iterable[etree._Element], path: str, run: Run, known: Collection[str]) -> None:
    for child in (child for parent in parents for child in parent):
        name = join_paths(path, _local(child))
        could_be_it = len(child) or any(not str(key).startswith(_XSI_PREFIX) for key, _ in child.items())
        if could_be_it and name not in known:
            run.unknown_field(name, "")


def starter(layout: Layout) -> Callable[[etree._Element, Run], Raw]:
    """A function that makes the slots of a record from its element."""
    size, read = len(layout.paths), node_reader(layout.root)

    def start(element: etree._Element, run: Run) -> Raw:
        raw: Raw = [None] * size
        read(element, raw, run)
        return raw

    return start


def node_reader(node: Node) -> Read:
    """A function that fills the slots of a record from its element, and notes what the mapping does not know."""
    slots: dict[Any, int] = {}
    actions: dict[Any, Read] = {}
    learn = _learner(node, slots, actions)
    own, subtree, read_attributes = node.slot, node.subtree, _attribute_reader(node)

    def read(element: etree._Element, raw: Raw, run: Run) -> None:
        for child in element:
            tag = child.tag
            slot = slots.get(tag)
            if slot is not None and raw[slot] is None and not len(child):
                raw[slot] = child.text
            else:
                (actions.get(tag) or learn)(child, raw, run)
        if own is not None:
            raw[own] = element.text
        elif not (subtree or len(element)) and (text := (element.text or "").strip()):
            run.unknown_field(node.path or ".", text)
        if attributes := element.items():
            read_attributes(attributes, raw, run)

    return read


def _learner(node: Node, slots: dict[Any, int], actions: dict[Any, Read]) -> Read:
    """Reads a child whose tag was not met before, and remembers what to do with the next one."""

    def learn(child: etree._Element, raw: Raw, run: Run) -> None:
        known = _find(node, child)
        if known is not None:
            act = _action(known)
            if len(actions) < _MOST_TAGS:
                actions[child.tag] = act
                if known.leaf and known.slot is not None:
                    slots[child.tag] = known.slot
            act(child, raw, run)
        elif not node.subtree:
            _note_unknown(child, node.path, run)

    return learn


def _attribute_reader(node: Node) -> Callable[[Iterable[tuple[Any, Any]], Raw, Run], None]:
    wanted = {_attribute(step): slot for step, slot in node.attributes.items()}

    def read_attributes(attributes: Iterable[tuple[Any, Any]], raw: Raw, run: Run) -> None:
        for name, value in attributes:
            slot = wanted.get(name)
            if slot is not None:
                raw[slot] = value
            elif name not in wanted and not node.subtree and not name.startswith(_XSI_PREFIX):
                step = Step(etree.QName(name).localname, attribute=True)
                run.unknown_field(join_paths(node.path, show_path((step,))), value)

    return read_attributes


def _action(node: Node) -> Read:
    """What to do with one occurrence of `node`."""
    wanted: list[Read] = []
    if node.slot is not None:
        wanted.append(_keep_text(node.slot))
    if node.many is not None:
        wanted.append(_keep_one_more(node.many, lambda child: child.text))
    if node.inner is not None:
        wanted.append(_keep_one_more(node.inner[0], lambda child: child))
    if node.copies is not None:
        wanted.append(_keep_one_more(node.copies, lambda child: child))
    if node.container and node.copies is None:
        wanted.append(node_reader(node))
    elif node.inner is None and node.copies is None:
        wanted.append(_expect_nothing_inside(node))
    if len(wanted) == 1:
        return wanted[0]

    def act(child: etree._Element, raw: Raw, run: Run) -> None:
        for part in wanted:
            part(child, raw, run)

    return act


def _keep_text(slot: int) -> Read:
    def act(child: etree._Element, raw: Raw, run: Run) -> None:
        if raw[slot] is None:
            raw[slot] = child.text
        elif (child.text or "").strip():
            run.misfits.append((slot, REPEATED))

    return act


def _keep_one_more(slot: int, what: Callable[[etree._Element], Any]) -> Read:
    def act(child: etree._Element, raw: Raw, _run: Run) -> None:
        if raw[slot] is None:
            raw[slot] = []
        raw[slot].append(what(child))

    return act


def _expect_nothing_inside(node: Node) -> Read:
    """A place that holds one value, or is ignored as one, has no elements of its own."""
    slot, subtree = node.slot, node.subtree

    def act(child: etree._Element, _raw: Raw, run: Run) -> None:
        if len(child) and not subtree:
            for inner in child:
                _note_unknown(inner, node.path, run)
            if slot is not None:
                run.misfits.append((slot, NESTED))

    return act


def _find(node: Node, child: etree._Element) -> Node | None:
    name = etree.QName(child)
    return node.children.get(Step(name.localname, name.namespace)) or node.children.get(Step(name.localname))


def _note_unknown(child: etree._Element, path: str, run: Run) -> None:
    run.unknown_field(join_paths(path, _local(child)), (child.text or "").strip())


def _local(element: etree._Element) -> str:
    return show_path((Step(etree.QName(element).localname),))


def _pattern(step: Step) -> str:
    return f"{{*}}{step.name}" if step.uri is None else f"{{{step.uri}}}{step.name}"


def _attribute(step: Step) -> str:
    return step.name if step.uri is None else f"{{{step.uri}}}{step.name}"


def children_of(raw: Raw, place: int) -> Iterator[etree._Element]:
    """The elements kept in a slot, without those the source says are nothing (`xsi:nil`)."""
    for element in raw[place] or ():
        if element.get(_NIL) not in _TRUE:
            yield element
