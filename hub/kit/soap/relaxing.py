"""Takes out of a schema what libxml2 cannot compile, component by component, and remembers what that was.

A mistake in one type is no reason to check nothing: the type becomes "anything", all others are checked.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from lxml import etree

from hub.kit.soap.documents import shown
from hub.kit.soap.names import XSD, line_of, local
from hub.kit.soap.violations import plain

_ANY = (
    '<xs:sequence xmlns:xs="http://www.w3.org/2001/XMLSchema">'
    '<xs:any minOccurs="0" maxOccurs="unbounded" processContents="skip"/></xs:sequence>'
)
_ANY_ATTRIBUTE = '<xs:anyAttribute xmlns:xs="http://www.w3.org/2001/XMLSchema" processContents="skip"/>'
_CONTENTS = {
    "complexType": (_ANY, _ANY_ATTRIBUTE),
    "group": (_ANY,),
    "attributeGroup": (_ANY_ATTRIBUTE,),
    "simpleType": (),
    "element": (),
    "attribute": (),
}


class Relaxing:
    """The documents of a schema, each component on a line of its own, by which libxml2's errors tell them apart."""

    def __init__(self, texts: Mapping[str, bytes]) -> None:
        self._trees = {location: etree.fromstring(text) for location, text in texts.items()}
        self._components = {
            location: [(child, line_of(child)) for child in tree.iterchildren(etree.Element)]
            for location, tree in self._trees.items()
        }
        for tree in self._trees.values():
            _flatten(tree)

    def texts(self) -> dict[str, bytes]:
        return {location: etree.tostring(tree) for location, tree in self._trees.items()}

    def relax(self, log: Iterable[Any]) -> list[str]:
        """Replaces the components that libxml2's errors are about; what they were, with place and reason.

        Empty where an error is in no component: nothing can be done then.
        """
        relaxed: list[str] = []
        replaced: set[tuple[str, int]] = set()
        for entry in log:
            index = entry.line - _FIRST_LINE
            components = self._components.get(entry.filename, [])
            if entry.level_name == "WARNING" or not 0 <= index < len(components) or (entry.filename, index) in replaced:
                continue
            component, line = components[index]
            if local(component) in {"import", "include"}:
                continue
            replaced.add((entry.filename, index))
            place = _place(entry.filename, line)
            relaxed.append(f"{local(component)} {component.get('name', '')} ({place}): {plain(entry.message)}")
            _replace(component)
        return relaxed


_FIRST_LINE = 2


def _flatten(tree: etree._Element) -> None:
    """One line for the root, one for each child."""
    etree.strip_tags(tree, etree.Comment, etree.ProcessingInstruction)
    for annotation in list(tree.iter(f"{{{XSD}}}annotation")):
        parent = annotation.getparent()
        if parent is not None and parent is not tree:
            parent.remove(annotation)
    for element in tree.iter(etree.Element):
        element.text = None
        element.tail = None
    tree.text = "\n"
    for child in tree:
        child.tail = "\n"


def _replace(component: etree._Element) -> None:
    contents = _CONTENTS.get(local(component))
    name = component.get("name")
    if contents is None or name is None or _is_relaxed(component):
        # A notation, an annotation, or a component that cannot stay even as anything: its line stays, empty.
        _clear(component)
        component.tag = f"{{{XSD}}}annotation"
        return
    _clear(component)
    component.set("name", name)
    if local(component) == "complexType":
        component.set("mixed", "true")
    component.extend(etree.fromstring(content) for content in contents)
    if local(component) == "simpleType":
        # lxml knows one prefix of a namespace in a place, and keeps that: the name must use it too.
        prefix = component.prefix
        etree.SubElement(component, f"{{{XSD}}}restriction", base=f"{prefix}:string" if prefix else "string")


def _clear(component: etree._Element) -> None:
    """Empties an element without its tail, which is the end of its line."""
    tail = component.tail
    component.clear()
    component.tail = tail


def _is_relaxed(component: etree._Element) -> bool:
    any_content = component.find(f".//{{{XSD}}}any[@processContents='skip']")
    return (
        component.get("mixed") == "true" and any_content is not None and len(component) == len(_CONTENTS["complexType"])
    )


def _place(location: str, line: int) -> str:
    return (
        "the message of an RPC operation" if location.startswith("urn:") else f"{shown(location).split('#')[0]}:{line}"
    )
