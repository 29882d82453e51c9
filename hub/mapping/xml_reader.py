"""Reads a record from an XML element in one pass over its children.

Asking an element for a child by its name walks the children again for each field; a pass with a table from
tag to slot is several times cheaper. Tags are learned when they are first met, because a path without a
prefix matches in any namespace.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from copy import deepcopy
from typing import Any, cast

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
    for parent in parents:
        for child in parent:
            name = join_paths(path, _local(child))
            could_be_it = len(child) or any(not attribute.startswith(_XSI_PREFIX) for attribute in child.keys())
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
    attributes = {_attribute(step): slot for step, slot in node.attributes.items()}
    own = node.slot

    def learn(child: etree._Element, raw: Raw, run: Run) -> None:
        known = _find(node, child)
        if known is None:
            if not node.subtree:
                _note_unknown(child, node.path, run)
        elif len(actions) + len(slots) < _MOST_TAGS:
            actions[child.tag] = _action(known)
            if _is_leaf(known):
                slots[child.tag] = cast("int", known.slot)
            actions[child.tag](child, raw, run)
        else:
            _action(known)(child, raw, run)

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
        elif not len(element) and (text := (element.text or "").strip()):
            run.unknown_field(node.path or ".", text)
        for name in element.keys():
            if name in attributes:
                if (slot := attributes[name]) is not None:
                    raw[slot] = element.get(name)
            elif not node.subtree and not name.startswith(_XSI_PREFIX):
                step = Step(etree.QName(name).localname, attribute=True)
                run.unknown_field(join_paths(node.path, show_path((step,))), element.get(name) or "")

    return read


def _is_leaf(node: Node) -> bool:
    return node.slot is not None and node.many is None and not (node.container or node.inner or node.copies)


def _action(node: Node) -> Read:
    """What to do with one occurrence of `node`, whatever is wanted of it."""
    slot, many = node.slot, node.many
    kept = [place for place in (node.inner and node.inner[0], node.copies) if place is not None]
    read = node_reader(node) if node.container and node.copies is None else None

    def act(child: etree._Element, raw: Raw, run: Run) -> None:
        if slot is not None:
            if raw[slot] is None:
                raw[slot] = child.text
            elif child.text and child.text.strip():
                run.misfits.append((slot, REPEATED))
            if read is None and len(child) and not kept:
                run.misfits.append((slot, NESTED))
        for place in (many, *kept):
            if place is not None:
                value = child.text if place is many else child
                if raw[place] is None:
                    raw[place] = [value]
                else:
                    raw[place].append(value)
        if read is not None:
            read(child, raw, run)
        elif len(child) and not (kept or node.subtree):
            for inner in child:
                _note_unknown(inner, node.path, run)

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
