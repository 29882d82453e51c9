"""Namespaces of SOAP, WSDL and XML Schema, and how an operator is shown a name."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import SequenceMatcher
from typing import cast

from lxml import etree

ENVELOPE_11 = "http://schemas.xmlsoap.org/soap/envelope/"  # SOAP 1.1, section 4
ENVELOPE_12 = "http://www.w3.org/2003/05/soap-envelope"  # SOAP 1.2 part 1, section 5
WSDL = "http://schemas.xmlsoap.org/wsdl/"  # WSDL 1.1
WSDL_SOAP_11 = "http://schemas.xmlsoap.org/wsdl/soap/"
WSDL_SOAP_12 = "http://schemas.xmlsoap.org/wsdl/soap12/"
WSDL_20 = "http://www.w3.org/ns/wsdl"  # WSDL 2.0, which is another language
XSD = "http://www.w3.org/2001/XMLSchema"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
XML = "http://www.w3.org/XML/1998/namespace"
SOAP_ENCODING = "http://schemas.xmlsoap.org/soap/encoding/"


def declared_namespaces(element: etree._Element) -> set[str]:
    """All namespaces with a prefix in scope somewhere in `element`; much faster than asking each element's nsmap."""
    inside = {uri for _, (_, uri) in etree.iterwalk(element, events=("start-ns",))}
    return inside | set(element.nsmap.values())


def declared_prefixes(element: etree._Element) -> dict[str, str]:
    """Prefixes with their namespaces, of those in scope somewhere in `element` the innermost and last."""
    inside = {prefix: uri for _, (prefix, uri) in etree.iterwalk(element, events=("start-ns",)) if prefix}
    return {prefix: uri for prefix, uri in element.nsmap.items() if prefix} | inside


def text_of(element: etree._Element) -> str:
    """The text before the first child element. A comment or an instruction within does not cut it short."""
    parts = [element.text or ""]
    for node in element:
        if isinstance(node.tag, str):
            break
        parts.append(node.tail or "")
    return "".join(parts)


def local(element: etree._Element) -> str:
    """The element's name without its namespace."""
    return etree.QName(element).localname


def line_of(element: etree._Element) -> int:
    """The line of the document the element starts on, from 1; 1 for an element made by hand."""
    return int(cast("int | None", element.sourceline) or 1)


def nearest_first(wanted: str, names: Iterable[str], *, limit: int = 12) -> str:
    """`names` as one text for an error message, those most like `wanted` first."""

    def likeness(name: str) -> float:
        return SequenceMatcher(None, wanted.lower(), name.lower()).ratio()

    ordered = sorted(set(names), key=lambda name: (-likeness(name), name))
    shown = ", ".join(ordered[:limit]) or "none"
    return f"{shown} and {len(ordered) - limit} more" if len(ordered) > limit else shown
