"""Schemas that half the world's WSDLs import by an address and nobody ships: munihub does, in `schemas/`.

They are found by namespace, because the addresses in imports are many. A file beside the WSDL, or one
named in the settings' `catalogue`, goes before them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from functools import cache
from importlib.resources import files

from lxml import etree

from hub.kit import xml
from hub.kit.soap.names import SOAP_ENCODING, WSDL, XML, XSD, declared_namespaces

LOCATIONS: Mapping[str, str] = {
    # The first two are the locations zeep asks for where an import names the namespace only.
    XML: "https://www.w3.org/2001/xml.xsd",
    SOAP_ENCODING: SOAP_ENCODING,
    "http://www.w3.org/2003/05/soap-encoding": "https://munihub.invalid/schemas/soap12_encoding.xsd",
    "http://www.w3.org/2001/12/soap-encoding": "https://munihub.invalid/schemas/soap12_encoding_2001_12.xsd",
    "http://www.w3.org/2001/09/soap-encoding": "https://munihub.invalid/schemas/soap12_encoding_2001_09.xsd",
    "http://schemas.xmlsoap.org/soap/envelope/": "https://munihub.invalid/schemas/soap11_envelope.xsd",
    "http://www.w3.org/2003/05/soap-envelope": "https://munihub.invalid/schemas/soap12_envelope.xsd",
    "http://www.w3.org/2000/09/xmldsig#": "https://munihub.invalid/schemas/xmldsig.xsd",
    "http://www.w3.org/2001/04/xmlenc#": "https://munihub.invalid/schemas/xmlenc.xsd",
    "http://schemas.xmlsoap.org/ws/2004/08/addressing": "https://munihub.invalid/schemas/addressing_2004_08.xsd",
    "http://schemas.xmlsoap.org/ws/2004/03/addressing": "https://munihub.invalid/schemas/addressing_2004_03.xsd",
    "http://www.w3.org/2005/08/addressing": "https://munihub.invalid/schemas/addressing_2005_08.xsd",
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd": (
        "https://munihub.invalid/schemas/wss_secext.xsd"
    ),
    "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd": (
        "https://munihub.invalid/schemas/wss_utility.xsd"
    ),
    "http://www.w3.org/2005/05/xmlmime": "https://munihub.invalid/schemas/xmlmime.xsd",
    "http://www.w3.org/2004/11/xmlmime": "https://munihub.invalid/schemas/xmlmime_2004_11.xsd",
    "http://www.w3.org/2004/08/xop/include": "https://munihub.invalid/schemas/xop_include.xsd",
    "http://ws-i.org/profiles/basic/1.1/xsd": "https://munihub.invalid/schemas/wsi_reference.xsd",
    "http://xml.apache.org/xml-soap": "https://munihub.invalid/schemas/apache_soap.xsd",
    "http://www.w3.org/1999/xlink": "https://munihub.invalid/schemas/xlink.xsd",
    "http://schemas.microsoft.com/2003/10/Serialization/": "https://munihub.invalid/schemas/microsoft_serialization.xsd",
}
_FILES = {XML: "xml.xsd", SOAP_ENCODING: "soap_encoding.xsd"}
# Several versions of one vocabulary share a file: only the namespace differs.
_VARIANTS = {
    "soap12_encoding_2001_12.xsd": "soap12_encoding.xsd",
    "soap12_encoding_2001_09.xsd": "soap12_encoding.xsd",
    "addressing_2004_03.xsd": "addressing_2004_08.xsd",
    "xmlmime_2004_11.xsd": "xmlmime.xsd",
}
_NAMESPACES = {location: namespace for namespace, location in LOCATIONS.items()}
_QNAMES = ("type", "ref", "base", "itemType", "memberTypes", "substitutionGroup", "element")


def is_shipped(location: str) -> bool:
    return location in _NAMESPACES


def shipped(location: str) -> etree._Element:
    """A new copy of the schema at one of LOCATIONS, its imports pointing to others of them."""
    tree = xml.parse(_text(location))
    for reference in tree.iterchildren(f"{{{XSD}}}import"):
        reference.set("schemaLocation", LOCATIONS[reference.get("namespace", "")])
    return tree


@cache
def _text(location: str) -> bytes:
    namespace = _NAMESPACES[location]
    name = _FILES.get(namespace) or location.removeprefix("https://munihub.invalid/schemas/")
    content = (files("hub.kit.soap") / "schemas" / _VARIANTS.get(name, name)).read_bytes()
    if name in _VARIANTS:
        # The file names its own namespace as targetNamespace and for its prefix, nowhere else.
        base = xml.parse(content).get("targetNamespace", "")
        content = content.replace(f'"{base}"'.encode(), f'"{namespace}"'.encode())
    return content


def complete(trees: dict[str, etree._Element]) -> None:
    """Adds what documents refer to without saying where it is: shipped schemas that nothing else provides.

    That is done for imports without a location and for names used without any import, which is not
    allowed (XML Schema part 1 section 4.2.3) and common.
    """
    provided = {schema.get("targetNamespace") for tree in trees.values() for schema in _schemas(tree)}
    missing = LOCATIONS.keys() - provided
    for tree in list(trees.values()):
        for schema in _schemas(tree):
            _complete_imports(schema, missing)
        if tree.tag == f"{{{WSDL}}}definitions":
            parts = {name for part in tree.iterfind(f"{{{WSDL}}}message/{{{WSDL}}}part") for name in _names(part)}
            for namespace in sorted(parts & missing):
                _types_of(tree).insert(0, _importing_schema(namespace))
    waiting = [location for tree in trees.values() for location in _shipped_locations(tree)]
    while waiting:
        if (location := waiting.pop()) not in trees:
            trees[location] = tree = shipped(location)
            waiting += _shipped_locations(tree)


def _complete_imports(schema: etree._Element, missing: AbstractSet[str]) -> None:
    imports = list(schema.iterchildren(f"{{{XSD}}}import"))
    for reference in imports:
        namespace = reference.get("namespace", "")
        if namespace in missing and not reference.get("schemaLocation"):
            reference.set("schemaLocation", LOCATIONS[namespace])
    if not missing & declared_namespaces(schema) and not schema.xpath(".//@ref[starts-with(., 'xml:')]"):
        return
    imported = {reference.get("namespace") for reference in imports}
    for namespace in sorted((_namespaces_used(schema) - imported - {schema.get("targetNamespace")}) & missing):
        schema.insert(0, _import(namespace))


def _schemas(tree: etree._Element) -> list[etree._Element]:
    return [tree] if tree.tag == f"{{{XSD}}}schema" else tree.findall(f"{{{WSDL}}}types/{{{XSD}}}schema")


def _shipped_locations(tree: etree._Element) -> list[str]:
    found = (reference.get("schemaLocation", "") for reference in tree.iter(f"{{{XSD}}}import"))
    return [location for location in found if is_shipped(location)]


def _namespaces_used(schema: etree._Element) -> set[str]:
    return {namespace for element in schema.iter(etree.Element) for namespace in _names(element)}


def _names(element: etree._Element) -> Iterator[str]:
    """The namespaces of the names that an element's attributes refer to."""
    for attribute in _QNAMES:
        for name in element.get(attribute, "").split():
            prefix, colon, _ = name.rpartition(":")
            # The prefix xml is bound without a declaration (Namespaces in XML 1.0 section 3).
            namespace = XML if prefix == "xml" else element.nsmap.get(prefix if colon else None)
            if namespace is not None:
                yield namespace


def _import(namespace: str) -> etree._Element:
    return etree.Element(f"{{{XSD}}}import", namespace=namespace, schemaLocation=LOCATIONS[namespace])


def _importing_schema(namespace: str) -> etree._Element:
    schema = etree.Element(f"{{{XSD}}}schema", targetNamespace="urn:munihub:imports", nsmap={"xs": XSD})
    schema.append(_import(namespace))
    return schema


def _types_of(tree: etree._Element) -> etree._Element:
    found = tree.find(f"{{{WSDL}}}types")
    if found is None:
        found = etree.Element(f"{{{WSDL}}}types")
        # Before messages, after imports and documentation, as WSDL 1.1 section 2.1 has it.
        first = tree.find(f"{{{WSDL}}}message")
        if first is not None:
            first.addprevious(found)
        else:
            tree.append(found)
    return found
