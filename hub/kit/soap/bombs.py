"""Refuses schemas that are small to send and enormous to compile, before zeep or libxml2 see them.

Both copy what a type inherits and what a group refers to into every place that uses it: 15 groups of two
references each are 32,768 elements, and 3,000 types that each extend the next take all memory there is.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from lxml import etree

from hub.kernel.errors import ConfigurationError
from hub.kit.soap.names import WSDL, XSD

_DEEPEST = 64
"""Types that extend each other and groups within groups; the deepest seen among 1,100 public WSDLs is 5."""
_LARGEST = 20_000
"""Elements and attributes of one type with all it inherits; the largest type seen has 287."""
_MOST = 2_000_000
"""The same over all types and elements of a WSDL; the largest WSDL seen has 46,857."""
_MOST_OPTIONAL = 500
"""Optional elements of one sequence: libxml2's time grows with the cube, 0.4 s for 500 and 25 s for 2,000."""
_COUNTED = frozenset(f"{{{XSD}}}{name}" for name in ("element", "any", "attribute", "anyAttribute"))
_NAMED = frozenset(f"{{{XSD}}}{name}" for name in ("complexType", "group", "attributeGroup"))


def refuse_bombs(trees: Mapping[str, etree._Element]) -> None:
    """Raises ConfigurationError naming the type. Recursion through elements is harmless and allowed."""
    measuring = _Measuring()
    for tree in trees.values():
        for sequence in tree.iter(f"{{{XSD}}}sequence"):
            optional = sum(one.get("minOccurs") == "0" for one in sequence.iterchildren(f"{{{XSD}}}element"))
            if optional > _MOST_OPTIONAL:
                raise _refusal(f"A sequence has {optional} elements that may be missing, more than {_MOST_OPTIONAL}")
        schemas = [tree] if tree.tag == f"{{{XSD}}}schema" else tree.iterfind(f"{{{WSDL}}}types/{{{XSD}}}schema")
        for schema in schemas:
            namespace = schema.get("targetNamespace", "")
            for component in schema.iterchildren(*_NAMED):
                measuring.named[(str(component.tag), namespace, component.get("name", ""))] = component
    total = sum(measuring.size(component, 0) for component in measuring.named.values())
    if total > _MOST:
        raise _refusal(f"The types of the WSDL have {total} elements with all they inherit, more than {_MOST}")


@dataclass
class _Measuring:
    named: dict[tuple[str, str, str], etree._Element] = field(default_factory=dict)
    sizes: dict[etree._Element, int] = field(default_factory=dict)
    open: set[etree._Element] = field(default_factory=set)

    def size(self, component: etree._Element, depth: int) -> int:
        """How many elements and attributes a component has with all it inherits and refers to."""
        if (known := self.sizes.get(component)) is not None:
            return known
        if component in self.open:  # It contains itself; both libraries say so in their own words.
            return 0
        if depth > _DEEPEST:
            raise _refusal(f"{component.get('name')} inherits from or refers to more than {_DEEPEST} others in a row")
        self.open.add(component)
        size = 0
        for element in component.iter(etree.Element):
            if element.tag in _COUNTED:
                size += 1
            size += sum(self.size(one, depth + 1) for one in self._referred(element) if one is not component)
            if size > _LARGEST:
                raise _refusal(f"{component.get('name')} has more than {_LARGEST} elements with all it inherits")
        self.open.discard(component)
        self.sizes[component] = size
        return size

    def _referred(self, element: etree._Element) -> list[etree._Element]:
        attribute = "base" if element.tag in {f"{{{XSD}}}extension", f"{{{XSD}}}restriction"} else "ref"
        name = element.get(attribute)
        if name is None or element.tag == f"{{{XSD}}}element":
            return []
        prefix, colon, local = name.rpartition(":")
        kind = f"{{{XSD}}}complexType" if attribute == "base" else str(element.tag)
        found = self.named.get((kind, element.nsmap.get(prefix if colon else None) or "", local))
        return [] if found is None else [found]


def _refusal(problem: str) -> ConfigurationError:
    return ConfigurationError(
        problem,
        key="wsdl",
        remedy="No real interface needs that; if this one does, save a copy of the schema with the types you use.",
    )
