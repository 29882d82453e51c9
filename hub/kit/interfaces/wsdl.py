"""The interface a WSDL 1.1 describes, with the facets of XML Schema 1.0 that decide what may stand in a message."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from lxml import etree

from hub.kit.soap.documents import Documents
from hub.kit.soap.names import WSDL, XSD
from hub.ports.interface import Interface, Operation, Part

_MOST_PARTS = 20_000
_DEEPEST = 24
_TYPES = {
    **dict.fromkeys(
        ("string", "normalizedString", "token", "anyURI", "NMTOKEN", "Name", "NCName", "ID", "QName"), "text"
    ),
    **dict.fromkeys(
        ("integer", "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger", "unsignedInt",
         "unsignedLong", "unsignedShort", "unsignedByte", "negativeInteger", "nonPositiveInteger"), "integer",
    ),
    **dict.fromkeys(("decimal", "double", "float"), "number"),
    **dict.fromkeys(("base64Binary", "hexBinary"), "bytes"),
    "boolean": "boolean", "date": "date", "dateTime": "datetime", "anyType": "any", "anySimpleType": "text",
}  # fmt: skip
_FACETS = (
    "pattern", "length", "minLength", "maxLength", "minInclusive", "maxInclusive", "minExclusive", "maxExclusive",
    "totalDigits", "fractionDigits",
)  # fmt: skip


_WORDS = re.compile(r"\w+(\|\w+)+")


class _Name(NamedTuple):
    namespace: str
    local: str


def interface_of(documents: Documents, port_type: str, *, strict: bool) -> Interface:
    """The operations of the port type of that name (`{namespace}local`, or a local name)."""
    reading = _Reading(documents)
    wanted = etree.QName(port_type)
    operations: dict[str, Operation] = {}
    for tree in documents.trees.values():
        for found in tree.iterfind(f"{{{WSDL}}}portType"):
            there = tree.get("targetNamespace")
            if found.get("name") == wanted.localname and wanted.namespace in (None, there):
                for operation in found.iterfind(f"{{{WSDL}}}operation"):
                    operations[operation.get("name", "")] = reading.operation(operation)
    return Interface(operations, strict)


class _Reading:
    def __init__(self, documents: Documents) -> None:
        self._messages: dict[_Name, etree._Element] = {}
        self._globals: dict[tuple[str, _Name], etree._Element] = {}
        self._left = _MOST_PARTS
        for tree in documents.trees.values():
            for message in tree.iterfind(f"{{{WSDL}}}message"):
                self._messages[_Name(tree.get("targetNamespace", ""), message.get("name", ""))] = message
            for schema in tree.iter(f"{{{XSD}}}schema"):
                for child in schema.iterchildren(etree.Element):
                    kind, name = etree.QName(child).localname, child.get("name", "")
                    self._globals.setdefault((kind, _Name(schema.get("targetNamespace", ""), name)), child)

    def operation(self, operation: etree._Element) -> Operation:
        self._left = _MOST_PARTS
        (request, asked), (reply, told) = (self._message(operation, side) for side in ("input", "output"))
        return Operation(request, reply, asked, told)

    def _message(self, operation: etree._Element, side: str) -> tuple[dict[str, Part], str]:
        """Its parts, and the elements they stand in."""
        reference = operation.find(f"{{{WSDL}}}{side}")
        message = self._messages.get(_resolve(reference, "message")) if reference is not None else None
        parts: dict[str, Part] = {}
        elements: list[str] = []
        for part in message.iterfind(f"{{{WSDL}}}part") if message is not None else ():
            if part.get("element"):
                name = _resolve(part, "element")
                elements.append(f"{{{name.namespace}}}{name.local}")
                element = self._globals.get(("element", name))
                if element is not None:
                    # What stands in the Body: paths begin below it.
                    parts |= dict(self._inside(element, "", ()))
            elif part.get("type"):
                parts |= dict(self._typed(part, part.get("name", ""), Part("any"), ()))
        return parts, ", ".join(elements)

    def _element(self, element: etree._Element, path: str, stack: tuple[str, ...]) -> Iterator[tuple[str, Part]]:
        """One particle: itself, and what stands inside."""
        least, most = int(element.get("minOccurs", "1")), element.get("maxOccurs", "1")
        if element.get("ref"):
            target = self._globals.get(("element", _resolve(element, "ref")))
            if target is None:
                return
            name, declared = target.get("name", ""), target
        else:
            name, declared = element.get("name", ""), element
        own = f"{path}.{name}" if path else name
        part = Part("parts", least, None if most == "unbounded" else int(most), _true(declared.get("nillable")))
        yield from self._typed(declared, own, part, stack)

    def _typed(
        self, declared: etree._Element, path: str, part: Part, stack: tuple[str, ...]
    ) -> Iterator[tuple[str, Part]]:
        self._left -= 1
        if self._left < 0:
            return
        simple = self._simple(declared)
        yield path, simple_part(part, simple) if simple else part
        yield from self._inside(declared, path, stack)

    def _inside(self, declared: etree._Element, path: str, stack: tuple[str, ...]) -> Iterator[tuple[str, Part]]:
        content, mark = self._complex(declared)
        if content is None or mark in stack or len(stack) > _DEEPEST:
            return
        yield from self._content(content, path, (*stack, mark), optional=False)

    def _content(
        self, content: etree._Element, path: str, stack: tuple[str, ...], *, optional: bool
    ) -> Iterator[tuple[str, Part]]:
        for child in content.iterchildren(etree.Element):
            kind = etree.QName(child).localname
            if kind == "element":
                for place, part in self._element(child, path, stack):
                    outermost = place.rpartition(".")[0] == path
                    yield place, replace(part, least=0) if optional and outermost else part
            elif kind == "attribute":
                yield from self._attribute(child, path)
            elif kind in ("sequence", "all", "choice", "complexContent", "simpleContent"):
                # Of a choice each part may be missing; so it may where the whole group is optional.
                loose = optional or kind == "choice" or child.get("minOccurs") == "0"
                yield from self._content(child, path, stack, optional=loose)
            elif kind in ("extension", "restriction"):
                base = self._globals.get(("complexType", _resolve(child, "base"))) if child.get("base") else None
                if base is not None and kind == "extension":
                    yield from self._content(base, path, stack, optional=optional)
                yield from self._content(child, path, stack, optional=optional)
            elif kind in ("group", "attributeGroup") and child.get("ref"):
                group = self._globals.get((kind, _resolve(child, "ref")))
                if group is not None and len(stack) < _DEEPEST:
                    loose = optional or child.get("minOccurs") == "0"
                    yield from self._content(group, path, (*stack, kind), optional=loose)

    def _attribute(self, attribute: etree._Element, path: str) -> Iterator[tuple[str, Part]]:
        declared = self._globals.get(("attribute", _resolve(attribute, "ref"))) if attribute.get("ref") else attribute
        if declared is not None and attribute.get("use") != "prohibited":
            part = Part("text", 1 if attribute.get("use") == "required" else 0)
            name = f"@{declared.get('name', '')}"
            simple = self._simple(declared) or Part("text")
            yield (f"{path}.{name}" if path else name), simple_part(part, simple)

    def _complex(self, declared: etree._Element) -> tuple[etree._Element | None, str]:
        """Its complex type and a mark to know it again by."""
        local = declared.find(f"{{{XSD}}}complexType")
        if local is not None:
            return local, f"local {id(local)}"
        name = _resolve(declared, "type") if declared.get("type") else None
        found = self._globals.get(("complexType", name)) if name else None
        return found, f"{name}"

    def _simple(self, declared: etree._Element) -> Part | None:
        """What may stand in it as a text; None where it has parts instead."""
        local = declared.find(f"{{{XSD}}}simpleType")
        if local is not None:
            return self._simple_type(local, 0)
        if declared.get("type"):
            return self._named(_resolve(declared, "type"), 0)
        content, _ = self._complex(declared)
        if content is not None:
            return self._simple_content(content, 0)
        return Part("any") if declared.tag == f"{{{XSD}}}element" else None

    def _named(self, name: _Name, depth: int) -> Part | None:
        if name.namespace == XSD:
            return Part(_TYPES.get(name.local, name.local))
        if depth > _DEEPEST:
            return Part("any")
        simple = self._globals.get(("simpleType", name))
        if simple is not None:
            return self._simple_type(simple, depth + 1)
        content = self._globals.get(("complexType", name))
        return None if content is None else self._simple_content(content, depth + 1)

    def _simple_content(self, content: etree._Element, depth: int) -> Part | None:
        inner = content.find(f"{{{XSD}}}simpleContent/*")
        return None if inner is None else self._derived(inner, depth)

    def _simple_type(self, simple: etree._Element, depth: int) -> Part:
        restriction = simple.find(f"{{{XSD}}}restriction")
        if restriction is not None:
            return self._derived(restriction, depth) or Part("text")
        items = simple.find(f"{{{XSD}}}list")
        return Part("text" if items is None else "list")

    def _derived(self, derived: etree._Element, depth: int) -> Part | None:
        local = derived.find(f"{{{XSD}}}simpleType")
        base = (
            self._simple_type(local, depth + 1) if local is not None else self._named(_resolve(derived, "base"), depth)
        )
        values = frozenset(one.get("value", "") for one in derived.iterfind(f"{{{XSD}}}enumeration"))
        patterns = [one.get("value", "") for one in derived.iterfind(f"{{{XSD}}}pattern")]
        if len(patterns) == 1 and _WORDS.fullmatch(patterns[0]):
            # `A|P|S` is a list of values too.
            values = values or frozenset(patterns[0].split("|"))
        form = {
            f"{facet}={one.get('value', '')}"
            for facet in _FACETS
            for one in derived.iterfind(f"{{{XSD}}}{facet}")
            if facet != "pattern" or not values
        }
        base = base or Part("text")
        return replace(base, values=values or base.values, form=tuple(sorted({*base.form, *form})))


def simple_part(part: Part, simple: Part) -> Part:
    """`part`, with the type and the rules of what may stand in it."""
    return replace(part, type=simple.type, values=simple.values, form=simple.form)


def _resolve(element: etree._Element, attribute: str) -> _Name:
    """A QName in an attribute, by the namespaces in scope there."""
    prefix, colon, local = element.get(attribute, "").strip().rpartition(":")
    namespaces = element.nsmap
    return _Name((namespaces.get(prefix) if colon else namespaces.get(None)) or "", local)


def _true(text: str | None) -> bool:
    return text in ("true", "1")
