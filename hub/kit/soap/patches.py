"""Corrections of zeep 4.3's own code, for what no rewriting of documents reaches (see repairs.py).

Importing this module applies them, once for the process. Numbers are issues of
https://github.com/mvantellingen/python-zeep.
"""

from __future__ import annotations

from typing import Any

from lxml import etree
from zeep.xsd.types.collection import ListType
from zeep.xsd.types.unresolved import UnresolvedCustomType
from zeep.xsd.visitor import SchemaVisitor

from hub.kit.soap.names import XSD

_REDEFINABLE = {
    "complexType": "_types",
    "simpleType": "_types",
    "group": "_groups",
    "attributeGroup": "_attribute_groups",
}


def _resolve_restricted_list(self: Any, *, original: Any = UnresolvedCustomType.resolve) -> Any:
    """A restriction of an xs:list: zeep takes the new type's name for the type of the list's items (803, 987, 1019)."""
    base = self.base_type.resolve()
    list_of: Any = ListType
    return list_of(base.item_type) if isinstance(base, ListType) else original(self)


def _visit_import(self: Any, node: Any, parent: Any, *, original: Any = SchemaVisitor.visit_import) -> Any:
    """xs:import without a namespace, of a schema that has none (XML Schema part 1 section 4.2.3).

    zeep gives it the namespace of the importing schema, so that its elements are not found (600, 662, 1488), and
    refuses a schema without a namespace that imports one (4.2.3 forbids it; generators write it for an include).
    """
    document = self.document
    location = node.get("schemaLocation")
    if node.get("namespace") or (not location and document._target_namespace):  # noqa: SLF001
        return original(self, node, parent)
    if not location:
        return None
    imported = self.schema.documents.get_by_namespace_and_location(None, location)
    if imported is None:
        tree = self._retrieve_data(location, base_url=document._location)  # noqa: SLF001
        imported = self.schema.create_new_document(tree, location)
    self.register_import(None, imported)
    return imported


def _visit_redefine(self: Any, node: Any, parent: Any) -> None:
    """xs:redefine (XML Schema part 1 section 4.2.2), which zeep does not know: No visitor defined.

    The included component stays under another name, for the one that replaces it and refers to itself.
    """
    self.visit_include(node, parent)
    namespace = self.document._target_namespace  # noqa: SLF001
    for child in node.iterchildren(*(f"{{{XSD}}}{name}" for name in _REDEFINABLE)):
        name = child.get("name")
        components = getattr(self.document, _REDEFINABLE[etree.QName(child).localname])
        qname = str(etree.QName(namespace, name))
        if qname not in components:
            continue
        components[f"{qname}.redefined"] = components.pop(qname)
        copy = etree.fromstring(etree.tostring(child, with_tail=False))
        for element in copy.iter(etree.Element):
            for attribute in ("base", "ref"):
                prefix, colon, local = element.get(attribute, "").rpartition(":")
                if local == name and element.nsmap.get(prefix if colon else None) == namespace:
                    element.set(attribute, f"{element.get(attribute)}.redefined")
        self.process(copy, parent)


UnresolvedCustomType.resolve = _resolve_restricted_list  # type: ignore[method-assign]
_VISITORS: Any = SchemaVisitor.visitors
_VISITORS[f"{{{XSD}}}import"] = _visit_import
_VISITORS[f"{{{XSD}}}redefine"] = _visit_redefine
