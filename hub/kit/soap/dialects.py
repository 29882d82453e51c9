"""XML Schema as it was before it was a standard: the drafts of 1999 and 2000, read as XML Schema 1.0 of 2001.

WSDLs of the first years name the namespace of a draft, and mostly mean the types they share with the
standard. Neither zeep nor libxml2 knows the drafts. What a draft said differently is said in the words
of the standard (https://www.w3.org/TR/xmlschema-1/#changes, Working Drafts of 17 December 1999 and
Candidate Recommendation of 24 October 2000).
"""

from __future__ import annotations

import re

from lxml import etree

from hub.kit.soap.names import XSD

_DRAFTS = re.compile(rb"http://www\.w3\.org/(?:1999|2000/08|2000/10)/XMLSchema(?=(?:-instance)?[\"'])")
# Types that the standard names differently (XML Schema part 2, working draft of 17 December 1999, section 3).
_TYPES = {
    "timeInstant": "dateTime",
    "timeDuration": "duration",
    "recurringDate": "string",
    "recurringDay": "string",
    "recurringDuration": "string",
    "uriReference": "anyURI",
    "uri": "anyURI",
    "binary": "base64Binary",
    "CDATA": "normalizedString",
    "ur-type": "anyType",
    "century": "string",
    "year": "gYear",
    "month": "gYearMonth",
    "real": "double",
}
_FACETS = (
    "enumeration", "pattern", "length", "minLength", "maxLength", "minInclusive", "maxInclusive", "minExclusive",
    "maxExclusive", "totalDigits", "fractionDigits", "whiteSpace", "precision", "scale",
)  # fmt: skip
_PARTICLES = ("element", "group", "any")


def standard(content: bytes) -> tuple[bytes, bool]:
    """A document with the namespace of a draft replaced by the standard's, and whether there was one."""
    replaced, count = _DRAFTS.subn(XSD.encode(), content)
    return replaced, count > 0


def modernise(tree: etree._Element) -> None:
    """Says in the standard's words what the document says in those of a draft, in place."""
    for element in tree.iter(etree.Element):
        _types(element)
        name = etree.QName(element)
        if name.namespace == XSD:
            for occurrence in ("minOccurs", "maxOccurs"):
                if element.get(occurrence) == "*":
                    element.set(occurrence, "unbounded")
            if name.localname == "attribute":
                _attribute(element)
            elif name.localname == "simpleType" and element.get("base"):
                _simple_type(element)
            elif name.localname == "complexType":
                _complex_type(element)


def _types(element: etree._Element) -> None:
    for attribute in ("type", "base", "itemType"):
        prefix, colon, local = element.get(attribute, "").rpartition(":")
        if local in _TYPES and element.nsmap.get(prefix if colon else None) == XSD:
            element.set(attribute, f"{prefix}{colon}{_TYPES[local]}")


def _attribute(element: etree._Element) -> None:
    """Attributes said `minOccurs="1"` where they now say `use="required"`."""
    if _taken(element, "minOccurs") == "1" and "use" not in element.attrib:
        element.set("use", "required")
    _taken(element, "maxOccurs")


def _taken(element: etree._Element, attribute: str) -> str | None:
    """An attribute's value, which the element then no longer has."""
    value = element.get(attribute)
    if value is not None:
        del element.attrib[attribute]
    return value


def _simple_type(element: etree._Element) -> None:
    """`<simpleType base="x"><facets/></simpleType>`: the restriction had no element of its own."""
    restriction = etree.Element(f"{{{XSD}}}restriction", base=_taken(element, "base") or "")
    for child in element.iterchildren(*(f"{{{XSD}}}{facet}" for facet in _FACETS)):
        restriction.append(child)
    element.append(restriction)


def _complex_type(element: etree._Element) -> None:
    """`<complexType base= derivedBy= content=>` with bare particles: derivation and model had no elements."""
    base, derived = _taken(element, "base"), _taken(element, "derivedBy") or "extension"
    content = _taken(element, "content")
    if content == "mixed":
        element.set("mixed", "true")
    particles = list(element.iterchildren(*(f"{{{XSD}}}{particle}" for particle in _PARTICLES)))
    if particles:
        sequence = etree.Element(f"{{{XSD}}}sequence")
        particles[0].addprevious(sequence)
        for particle in particles:
            sequence.append(particle)
    if base is not None:
        inner = [child for child in element.iterchildren(etree.Element) if etree.QName(child).localname != "annotation"]
        kind = "simpleContent" if content == "textOnly" or _is_simple(base, element) else "complexContent"
        derivation = etree.SubElement(etree.SubElement(element, f"{{{XSD}}}{kind}"), f"{{{XSD}}}{derived}", base=base)
        derivation.extend(inner)


def _is_simple(base: str, element: etree._Element) -> bool:
    prefix, colon, local = base.rpartition(":")
    return element.nsmap.get(prefix if colon else None) == XSD and local != "anyType"
