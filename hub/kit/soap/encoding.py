"""The SOAP encoding (SOAP 1.1 section 5, SOAP 1.2 part 2 section 3): graphs written as XML, read as if literal.

Values that several places share stand once and are pointed to (`href="#id"`, in SOAP 1.2 `enc:ref="id"`). They are
put into every place, so that schema and mapping see a tree. A graph with a cycle has no tree and is refused; one that
would grow beyond the size of a reply is refused too.
"""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from lxml import etree
from zeep.xsd import ComplexType

from hub.kernel.errors import RemoteGarbage
from hub.kit.soap.names import ENVELOPE_11, ENVELOPE_12, SOAP_ENCODING, XSD, XSI, declared_namespaces

ENCODING_12 = "http://www.w3.org/2003/05/soap-encoding"
_XSI_1999 = "http://www.w3.org/1999/XMLSchema-instance"
_XSD_OLD = frozenset({"http://www.w3.org/1999/XMLSchema", "http://www.w3.org/2000/10/XMLSchema"})
_ENCODINGS = frozenset({SOAP_ENCODING, ENCODING_12})
_STYLES = (f"{{{ENVELOPE_11}}}encodingStyle", f"{{{ENVELOPE_12}}}encodingStyle")
_TYPE = f"{{{XSI}}}type"
_PER_ELEMENT = 100
"""Bytes an element counts for besides its text."""
_DEEPEST = 200
_MOST_NAMESPACES = 100


def decode(body: etree._Element, expected: etree.QName, *, max_bytes: int) -> etree._Element:
    """The reply's element as a literal service would write it, named as `expected`.

    The name of the element itself says nothing in an encoded reply (SOAP 1.1 section 7.1). Raises RemoteGarbage.
    """
    children = list(body.iterchildren(etree.Element))
    roots = [one for one in children if one.get(f"{{{SOAP_ENCODING}}}root") != "0" and _id(one) is None]
    root = next((one for one in children if one.tag == expected.text), roots[0] if len(roots) == 1 else None)
    # Its name says nothing, so that a fault of another version would be read as an answer, and an empty one.
    if any(etree.QName(one).localname == "Fault" for one in children):
        raise RemoteGarbage("The reply's Body holds a Fault that is not one of its envelope's version, or not alone.")
    if root is None:
        raise RemoteGarbage(f"The reply's Body holds {len(roots)} elements where one must be the reply.")
    # Prefixes are looked up for every value: their number is bounded, for the work grows with the product of both.
    if len(declared_namespaces(body)) > _MOST_NAMESPACES:
        raise RemoteGarbage(f"The reply uses more than {_MOST_NAMESPACES} namespaces.")
    for element in body.iter(etree.Element):
        _spell_out_type(element)
    graph = _Graph(body, max_bytes)
    for child in list(root.iterchildren(etree.Element)):
        graph.fill(child, (), 1)
    return _made_plain(root, expected, graph.pointed_to)


class _Graph:
    def __init__(self, body: etree._Element, budget: int) -> None:
        self._budget = budget
        self._by_id: dict[str, list[etree._Element]] = {}
        self.pointed_to: set[str] = set()
        for element in body.iter(etree.Element):
            if (name := _id(element)) is not None:
                self._by_id.setdefault(name, []).append(element)

    def fill(self, element: etree._Element, above: tuple[str, ...], depth: int) -> None:
        """Puts into `element` and all within it what they point to; `above` are the values it already stands in."""
        if depth > _DEEPEST:
            raise RemoteGarbage(f"The reply's values are nested more than {_DEEPEST} deep.")
        name = _pointer(element)
        if name is not None:
            if name in above:
                raise RemoteGarbage("The reply's values point to each other in a circle.")
            self.pointed_to.add(name)
            element = self._replaced(element, self._value(name))
            above = (*above, name)
        for child in list(element.iterchildren(etree.Element)):
            self.fill(child, above, depth + 1)

    def _value(self, name: str) -> etree._Element:
        found = self._by_id.get(name, ())
        if len(found) != 1:
            raise RemoteGarbage(f"The reply points to a value that stands there {len(found)} times instead of once.")
        self._budget -= sum(
            _PER_ELEMENT + len(one.text or "") + len(one.tail or "") for one in found[0].iter(etree.Element)
        )
        if self._budget < 0:
            raise RemoteGarbage("The reply's values repeat each other beyond what max_reply_bytes allows.")
        return found[0]

    def _replaced(self, element: etree._Element, value: etree._Element) -> etree._Element:
        parent = element.getparent()
        assert parent is not None
        new = etree.Element(element.tag, nsmap=element.nsmap)  # type: ignore[arg-type]
        new.text, new.tail = value.text, element.tail
        for name, text in value.attrib.items():
            if name not in {"id", f"{{{ENCODING_12}}}id"}:
                new.set(name, text)
        new.extend(deepcopy(child) for child in value)
        element.tail = None
        parent.replace(element, new)
        return new


def _id(element: etree._Element) -> str | None:
    return element.get(f"{{{ENCODING_12}}}id") or element.get("id")


def _pointer(element: etree._Element) -> str | None:
    """The id an element points to; an attribute `href` beside contents is the service's own."""
    if (name := element.get(f"{{{ENCODING_12}}}ref")) is not None:
        return name.removeprefix("#")
    href = element.get("href", "")
    return href[1:] if href.startswith("#") and not len(element) and not (element.text or "").strip() else None


def _spell_out_type(element: etree._Element) -> None:
    """xsi:type as `{namespace}name`, because prefixes do not survive when elements are copied to other places."""
    value = element.get(_TYPE)
    if value is None:
        return
    prefix, colon, name = value.strip().rpartition(":")
    namespace = element.nsmap.get(prefix if colon else None)
    if (colon and namespace is None) or namespace in _XSD_OLD or namespace in _ENCODINGS:
        del element.attrib[_TYPE]
    else:
        element.set(_TYPE, f"{{{namespace or ''}}}{name}")


def _made_plain(root: etree._Element, expected: etree.QName, pointed_to: set[str]) -> etree._Element:
    """`root` as a new element called `expected`, without anything of the encoding, and types with prefixes again."""
    for element in root.iter(etree.Element):
        for name, value in list(element.attrib.items()):
            qname = etree.QName(name)
            if qname.namespace in _ENCODINGS or name in _STYLES or (name == "id" and value in pointed_to):
                del element.attrib[name]
            elif qname.namespace == _XSI_1999:
                del element.attrib[name]
                if qname.localname in {"null", "nil"} and value in {"1", "true"}:
                    element.set(f"{{{XSI}}}nil", "true")
    types = {str(etree.QName(one.get(_TYPE, "")).namespace or "") for one in root.iter(etree.Element) if one.get(_TYPE)}
    prefixes = {namespace: f"t{number}" for number, namespace in enumerate(sorted(types))}
    declared = {prefix: namespace for namespace, prefix in prefixes.items() if namespace}
    new = etree.Element(expected.text, root.attrib, nsmap=root.nsmap | declared)  # type: ignore[arg-type]
    new.text = root.text
    new.extend(list(root))
    for element in new.iter(etree.Element):
        if (spelt := element.get(_TYPE)) is not None:
            qname = etree.QName(spelt)
            prefix = f"{prefixes[qname.namespace]}:" if qname.namespace else ""
            element.set(_TYPE, f"{prefix}{qname.localname}")
    return new


PREFIXES = {"xsi": XSI, "xsd": XSD, "enc": SOAP_ENCODING}
"""Declared on the envelope of an encoded message, for types and arrays."""


def encode_call(parent: etree._Element, name: etree.QName, kind: Any, values: Any, *, soap_12: bool) -> None:
    """Appends the struct of a call (SOAP 1.1 section 7.1); `kind` is zeep's type of it."""
    _encode_parts(etree.SubElement(parent, name.text), kind, dict(values), soap_12=soap_12)


def mark(envelope: etree._Element, *, soap_12: bool) -> None:
    """Says at the call which encoding it uses; after the check, for no schema declares the attribute there."""
    style, uri = (_STYLES[1], ENCODING_12) if soap_12 else (_STYLES[0], SOAP_ENCODING)
    envelope[-1][0].set(style, uri)


def encode(parent: etree._Element, name: str, kind: Any, value: Any, *, soap_12: bool) -> None:
    """Appends an accessor: with xsi:type, arrays with their size. `kind` is zeep's type.

    Raises zeep's errors and ValueError, TypeError for a value that does not fit.
    """
    qname = etree.QName(kind.qname) if kind.qname is not None and kind.is_global else None
    bound = {"t": qname.namespace} if qname is not None and qname.namespace else None
    node = etree.SubElement(parent, name, nsmap=bound)
    if qname is not None:
        node.set(f"{{{XSI}}}type", f"t:{qname.localname}" if qname.namespace else qname.localname)
    if value is None:
        node.set(f"{{{XSI}}}nil", "true")
    elif not isinstance(kind, ComplexType):
        node.text = kind.xmlvalue(value)
    elif (item := item_of(kind)) is not None:
        _encode_items(node, item, value, soap_12=soap_12)
    else:
        _encode_parts(node, kind, value, soap_12=soap_12)


def _encode_parts(node: etree._Element, kind: Any, value: Any, *, soap_12: bool) -> None:
    if not isinstance(value, dict):
        raise TypeError("a value has no parts where the WSDL has some")
    for name, element in kind.elements:
        if name in value:
            values = value[name] if isinstance(value[name], list) and element.accepts_multiple else [value[name]]
            for one in values:
                encode(node, element.qname.text, element.type, one, soap_12=soap_12)


def _encode_items(node: etree._Element, item: Any, values: Any, *, soap_12: bool) -> None:
    if not isinstance(values, list | tuple):
        raise TypeError("a value is no list where the WSDL has an array")
    qname = etree.QName(item.qname)
    prefix = next((prefix for prefix, uri in node.nsmap.items() if prefix and uri == qname.namespace), None)
    for value in values:
        encode(node, "item", item, value, soap_12=soap_12)
    if prefix is None:  # Only the types of the items say it then.
        return
    if soap_12:
        node.set(f"{{{ENCODING_12}}}itemType", f"{prefix}:{qname.localname}")
        node.set(f"{{{ENCODING_12}}}arraySize", str(len(values)))
    else:
        node.set(f"{{{SOAP_ENCODING}}}arrayType", f"{prefix}:{qname.localname}[{len(values)}]")


def item_of(kind: Any) -> Any:
    """The type of an array's items, None where `kind` is no array."""
    array = getattr(kind, "_array_type", None)
    if array is None:
        return None
    item = array.array_type
    return item.resolve() if hasattr(item, "resolve") else item
