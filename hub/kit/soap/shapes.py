"""What the messages of a WSDL look like, for people: elements with type, occurrence and documentation.

Read from the text of the schemas; nothing here decides whether a message is valid.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from lxml import etree

from hub.kit.soap.names import WSDL, XSD, local
from hub.kit.soap.outline import qualified

_DEEPEST = 12
_MOST = 2_000
_LONGEST_DOCUMENTATION = 500
_MOST_VALUES = 50


@dataclass(frozen=True, slots=True)
class Shape:
    """One element or attribute (`@name`) of a message.

    `type` is its name in the schema (None for an anonymous one) and `base` the type of XML Schema its text has,
    None for one with parts. `most` is None for unbounded. `content` ends where a type contains itself or is
    deeper than 12; `cut` says so. `pattern` is the regular expression that the nearest restriction gives, if any.
    """

    name: str
    type: str | None
    base: str | None
    least: int = 1
    most: int | None = 1
    nillable: bool = False
    choice: bool = False
    documentation: str | None = None
    values: tuple[str, ...] = ()
    pattern: str | None = None
    content: tuple[Shape, ...] = ()
    cut: bool = False

    @property
    def repeated(self) -> bool:
        return self.most is None or self.most > 1

    def walk(self, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Shape]]:
        """All that is inside, in document order, each with the path of names that leads to it."""
        for one in self.content:
            yield (*path, one.name), one
            yield from one.walk((*path, one.name))


class Shapes:
    """The schemas of a WSDL by name."""

    def __init__(self, trees: Mapping[str, etree._Element]) -> None:
        self._components: dict[tuple[str, str], etree._Element] = {}
        self._left = _MOST
        for tree in trees.values():
            inline = tree.iterfind(f"{{{WSDL}}}types/{{{XSD}}}schema")
            for schema in [tree] if tree.tag == f"{{{XSD}}}schema" else inline:
                self._add(schema, schema.get("targetNamespace", ""))
                for reference in schema.iterchildren(f"{{{XSD}}}include", f"{{{XSD}}}redefine"):
                    included = trees.get(reference.get("schemaLocation", ""))
                    self._add(reference, schema.get("targetNamespace", ""))
                    if included is not None and included.get("targetNamespace") is None:
                        self._add(included, schema.get("targetNamespace", ""))

    def element(self, qname: str) -> Shape | None:
        """A declared element, `{namespace}local`; None for an unknown one."""
        declared = self._components.get(("element", qname))
        self._left = _MOST
        return self._element(declared, ()) if declared is not None else None

    def typed(self, name: str, qname: str) -> Shape:
        """Something called `name` of the type `qname`: a part of an RPC message."""
        self._left = _MOST
        return self._of_type(Shape(name, _plain(qname), None), qname, ())

    def _add(self, schema: etree._Element, namespace: str) -> None:
        for child in schema.iterchildren(etree.Element):
            if name := child.get("name"):
                kind = "type" if local(child).endswith("Type") else local(child)
                self._components[kind, f"{{{namespace}}}{name}"] = child

    def _element(self, element: etree._Element, within: tuple[str, ...]) -> Shape:
        reference = element.get("ref")
        declared = element
        if reference is not None:
            found = self._components.get((local(element), qualified(reference, element)))
            if found is None:
                return replace(_occurrence(element), name=reference.rpartition(":")[2])
            declared = found
        shape = replace(
            _occurrence(element),
            name=declared.get("name", ""),
            nillable=declared.get("nillable") == "true",
            documentation=_documentation(element) or _documentation(declared),
        )
        self._left -= 1
        if self._left < 0:
            return replace(shape, cut=True)
        if (type_name := declared.get("type")) is not None:
            qname = qualified(type_name, declared)
            return self._of_type(replace(shape, type=_plain(qname)), qname, within)
        inline = next(declared.iterchildren(f"{{{XSD}}}complexType", f"{{{XSD}}}simpleType"), None)
        if inline is None:
            return replace(shape, base="anyType")
        return self._filled(shape, inline, within)

    def _of_type(self, shape: Shape, qname: str, within: tuple[str, ...]) -> Shape:
        if qname.startswith(f"{{{XSD}}}"):
            return replace(shape, base=_plain(qname))
        found = self._components.get(("type", qname))
        if found is None:
            return replace(shape, base="anyType")
        if qname in within or len(within) >= _DEEPEST:
            return replace(shape, cut=True)
        documentation = shape.documentation or _documentation(found)
        return self._filled(replace(shape, documentation=documentation), found, (*within, qname))

    def _filled(self, shape: Shape, definition: etree._Element, within: tuple[str, ...]) -> Shape:
        if local(definition) == "simpleType":
            simple, values = self._simple(definition, 0)
            return replace(shape, base=simple, values=values, pattern=self._pattern(definition, 0))
        content = tuple(self._content(definition, within, choice=False))
        base, values = self._text(definition, 0)
        return replace(shape, base=base, values=values, content=content)

    def _content(self, parent: etree._Element, within: tuple[str, ...], *, choice: bool) -> Iterator[Shape]:
        """Elements and attributes below a complexType, model group or derivation; attributes after elements."""
        for child in parent.iterchildren(etree.Element):
            kind = local(child)
            if kind == "element":
                shape = self._element(child, within)
                yield replace(shape, choice=True, least=0) if choice else shape
            elif kind == "attribute" and child.get("use") != "prohibited":
                shape = self._element(child, within)
                least = 1 if child.get("use") == "required" else 0
                yield replace(shape, name=f"@{shape.name}", least=least, base=shape.base or "string")
            elif kind == "any":
                yield replace(_occurrence(child), name="*", base="anyType")
            else:
                yield from self._inside(child, kind, within, choice=choice)

    def _inside(self, child: etree._Element, kind: str, within: tuple[str, ...], *, choice: bool) -> Iterator[Shape]:
        """What a model group, a derivation or a reference to a group brings in."""
        if kind in {"sequence", "all", "choice"}:
            for shape in self._content(child, within, choice=choice or kind == "choice"):
                yield _times(shape, _occurrence(child))
        elif kind in {"complexContent", "simpleContent", "restriction"}:
            yield from self._content(child, within, choice=choice)
        elif kind == "extension":
            qname = qualified(child.get("base", ""), child)
            base = self._components.get(("type", qname))
            # What a type is an extension of may be the type itself where it is redefined, or by mistake.
            if base is not None and local(base) == "complexType" and (extended := f"extends {qname}") not in within:
                yield from self._content(base, (*within, extended), choice=choice)
            yield from self._content(child, within, choice=choice)
        elif kind in {"group", "attributeGroup"} and child.get("ref"):
            qname = qualified(child.get("ref", ""), child)
            group = self._components.get((kind, qname))
            if group is not None and (inside := f"{kind} {qname}") not in within:
                for shape in self._content(group, (*within, inside), choice=choice):
                    yield _times(shape, _occurrence(child))

    def _text(self, definition: etree._Element, depth: int) -> tuple[str | None, tuple[str, ...]]:
        """The type of the text beside the attributes of a complexType; None where it has elements."""
        derived = next(definition.iterfind(f"{{{XSD}}}simpleContent/*[@base]"), None)
        if derived is None:
            mixed = definition.get("mixed") == "true"
            return ("string" if mixed else None), ()
        return self._derived(derived, depth)

    def _simple(self, definition: etree._Element, depth: int) -> tuple[str, tuple[str, ...]]:
        restriction = definition.find(f"{{{XSD}}}restriction")
        if restriction is None:
            return "string", ()  # A list or a union: text with inner rules.
        return self._derived(restriction, depth)

    def _pattern(self, definition: etree._Element, depth: int) -> str | None:
        restriction = definition.find(f"{{{XSD}}}restriction")
        if restriction is None or depth > _DEEPEST:
            return None
        if (found := restriction.find(f"{{{XSD}}}pattern")) is not None:
            return str(found.get("value", ""))
        base = self._components.get(("type", qualified(restriction.get("base", ""), restriction)))
        return self._pattern(base, depth + 1) if base is not None and local(base) == "simpleType" else None

    def _derived(self, derived: etree._Element, depth: int) -> tuple[str, tuple[str, ...]]:
        found = derived.iterfind(f"{{{XSD}}}enumeration")
        values = tuple(one.get("value", "") for _, one in zip(range(_MOST_VALUES), found, strict=False))
        qname = qualified(derived.get("base", ""), derived)
        if qname.startswith(f"{{{XSD}}}"):
            return _plain(qname), values
        base = self._components.get(("type", qname))
        if base is None or depth > _DEEPEST:
            return "string", values
        simple = local(base) == "simpleType"
        inner, inherited = self._simple(base, depth + 1) if simple else self._text(base, depth + 1)
        return inner or "string", values or inherited


def _plain(qname: str) -> str:
    return qname.rpartition("}")[2]


def _occurrence(element: etree._Element) -> Shape:
    least, most = element.get("minOccurs", "1"), element.get("maxOccurs", "1")
    return Shape(
        "",
        None,
        None,
        least=int(least) if least.isdecimal() else 1,
        most=None if most == "unbounded" else int(most) if most.isdecimal() else 1,
    )


def _times(shape: Shape, outer: Shape) -> Shape:
    """The occurrence of something inside a group that itself occurs so many times; attributes are not in groups."""
    if shape.name.startswith("@"):
        return shape
    most = None if shape.most is None or outer.most is None else shape.most * outer.most
    return replace(shape, least=shape.least * outer.least, most=most)


def _documentation(element: etree._Element) -> str | None:
    found = element.find(f"{{{XSD}}}annotation/{{{XSD}}}documentation")
    text = " ".join("".join(str(part) for part in found.itertext()).split()) if found is not None else ""
    return text[:_LONGEST_DOCUMENTATION] or None
