"""Rewrites what zeep 4.3 (or libxml2) reads wrongly although its meaning is clear. One place for each.

Each repair changes how a document says something, never what it says. Numbers are issues of
https://github.com/mvantellingen/python-zeep. What cannot be said differently in the text is in patches.py.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from lxml import etree

from hub.kit.soap.names import SOAP_ENCODING, WSDL, WSDL_SOAP_11, WSDL_SOAP_12, XSD

ORIGINAL_NAME = "{urn:munihub}name"
"""Attribute of an overloaded wsdl:operation: what it is called in messages."""

_BODIES = (f"{{{WSDL_SOAP_11}}}body", f"{{{WSDL_SOAP_12}}}body")
_OPERATION = f"{{{WSDL}}}operation"
_CONTAINERS = tuple(f"{{{XSD}}}{name}" for name in ("complexType", "extension", "restriction"))
_ATTRIBUTES = tuple(f"{{{XSD}}}{name}" for name in ("attribute", "attributeGroup", "anyAttribute"))


def repair(trees: Mapping[str, etree._Element]) -> None:
    """Applies all repairs in place; `trees` are documents by canonical location."""
    for tree in trees.values():
        _namespaces_of_wsdl_imports(tree, trees)
        _namespaces_of_schema_imports(tree, trees)
        _includes_without_location(tree)
        _bodies(tree)
        _outputs_without_message(tree)
        _namespaces_of_bodies(tree)
        _schema_as_a_value(tree)
        _attributes_last(tree)
        _arrays(tree)
    _overloaded_operations(trees)


def _namespaces_of_wsdl_imports(tree: etree._Element, trees: Mapping[str, etree._Element]) -> None:
    """An import that gives a WSDL another namespace than it has, or none (WSDL 1.1 section 2.1.1).

    zeep loses its definitions, and never returns where two such documents import each other (356, fixed
    there for one level only).
    """
    for reference in tree.iter(f"{{{WSDL}}}import"):
        target = trees.get(reference.get("location", ""))
        if target is not None and (namespace := target.get("targetNamespace")):
            reference.set("namespace", namespace)


def _namespaces_of_schema_imports(tree: etree._Element, trees: Mapping[str, etree._Element]) -> None:
    """An xs:import that gives a schema another namespace than it has, or none; an xs:include of another namespace.

    zeep refuses the whole WSDL ("doesn't match the imported targetNamespace", 204) and libxml2 leaves the
    schema out. What such an include means is an import, and an import of the own namespace is an include.
    """
    for reference in tree.iter(f"{{{XSD}}}import", f"{{{XSD}}}include"):
        target = trees.get(reference.get("schemaLocation", ""))
        if target is None or target.tag != f"{{{XSD}}}schema" or not (namespace := target.get("targetNamespace")):
            continue
        schema = reference.getparent()
        own = schema.get("targetNamespace") if schema is not None else None
        if namespace == own:
            reference.tag = f"{{{XSD}}}include"
            if "namespace" in reference.attrib:
                del reference.attrib["namespace"]
        else:
            reference.tag = f"{{{XSD}}}import"
            reference.set("namespace", namespace)


def _includes_without_location(tree: etree._Element) -> None:
    """An include of nothing, as some generators leave behind: zeep and libxml2 refuse the whole schema."""
    for reference in [one for one in tree.iter(f"{{{XSD}}}include") if not one.get("schemaLocation", "").strip()]:
        parent = reference.getparent()
        if parent is not None:
            parent.remove(reference)


def _bodies(tree: etree._Element) -> None:
    """`soap:body parts="x"` (WSDL 1.1 section 3.5) where other parts of the message go into the header.

    zeep looks for an attribute `part`, which does not exist, and would put all parts into the body. It
    also looks for soap:body and soap:header beside mime:multipartRelated only, not inside (1289): they
    are repeated there, where it finds them. MIME parts stay known to the outline.
    """
    for related in tree.iter("{http://schemas.xmlsoap.org/wsdl/mime/}multipartRelated"):
        message = related.getparent()
        if message is None or any(True for _ in message.iterchildren(*_BODIES)):
            continue
        for one in related.iter(*_BODIES, f"{{{WSDL_SOAP_11}}}header", f"{{{WSDL_SOAP_12}}}header"):
            message.append(etree.fromstring(etree.tostring(one, with_tail=False)))
    for body in tree.iter(*_BODIES):
        parts = body.get("parts", "").split()
        if len(parts) == 1:
            body.set("part", parts[0])


def _outputs_without_message(tree: etree._Element) -> None:
    """`<wsdl:output/>` of an operation without an answer: zeep refuses the whole WSDL (IncompleteMessage)."""
    for output in tree.iterfind(f"{{{WSDL}}}portType/{_OPERATION}/{{{WSDL}}}output"):
        parent = output.getparent()
        if output.get("message") is None and parent is not None:
            parent.remove(output)


def _namespaces_of_bodies(tree: etree._Element) -> None:
    """`soap:body namespace=""` of an RPC operation: the wrapper is in no namespace; zeep: Empty tag name."""
    for body in tree.iter(*_BODIES):
        if body.get("namespace") == "":
            del body.attrib["namespace"]


def _schema_as_a_value(tree: etree._Element) -> None:
    """`<xs:element ref="xs:schema"/><xs:any/>`, how .NET describes a DataSet: a schema and data that follows it.

    libxml2 knows no declaration of xs:schema, and the two together are ambiguous. They become "anything", and
    nothing inside is checked; zeep sends nothing of this kind either way.
    """
    for reference in [one for one in tree.iter(f"{{{XSD}}}element") if one.get("ref")]:
        prefix, colon, name = reference.get("ref", "").rpartition(":")
        if name != "schema" or reference.nsmap.get(prefix if colon else None) != XSD:
            continue
        following = reference.getnext()
        parent = reference.getparent()
        assert parent is not None
        if following is not None and following.tag == f"{{{XSD}}}any":
            parent.remove(following)
        anything = etree.Element(f"{{{XSD}}}any", minOccurs="0", maxOccurs="unbounded", processContents="skip")
        anything.tail = reference.tail
        parent.replace(reference, anything)


def _attributes_last(tree: etree._Element) -> None:
    """Attributes declared before the content of a type, which drafts of XML Schema allowed; zeep: Unexpected tag."""
    for content in tree.iter(*(f"{{{XSD}}}{name}" for name in ("sequence", "all", "choice", "group"))):
        parent = content.getparent()
        if parent is None or parent.tag not in _CONTAINERS:
            continue
        for attribute in list(content.itersiblings(*_ATTRIBUTES, preceding=True))[::-1]:
            parent.append(attribute)


def _arrays(tree: etree._Element) -> None:
    """A restriction of the SOAP encoding's Array that says the type of its items only (WSDL 1.1 section 2.2).

    By XML Schema a restriction that repeats no content has none, so that libxml2 would let no item stand in it.
    """
    for restriction in tree.iter(f"{{{XSD}}}restriction"):
        prefix, colon, name = restriction.get("base", "").rpartition(":")
        encoded = name == "Array" and restriction.nsmap.get(prefix if colon else None) == SOAP_ENCODING
        parent = restriction.getparent()
        if not encoded or parent is None or parent.tag != f"{{{XSD}}}complexContent":
            continue
        models = (f"{{{XSD}}}{kind}" for kind in ("sequence", "all", "choice", "group"))
        if next(restriction.iterchildren(*models), None) is None:
            items = etree.Element(f"{{{XSD}}}sequence")
            occurs = {"minOccurs": "0", "maxOccurs": "unbounded", "processContents": "lax"}
            etree.SubElement(items, f"{{{XSD}}}any", occurs)
            annotated = restriction.find(f"{{{XSD}}}annotation") is not None
            restriction.insert(1 if annotated else 0, items)


def _overloaded_operations(trees: Mapping[str, etree._Element]) -> None:
    """Operations of one port type with the same name (WSDL 1.1 section 2.4.5): zeep keeps the last one only (785).

    The second gets the name `Name.InputName`, with a number where that is taken too, in its port type and in
    its bindings; ORIGINAL_NAME keeps what messages call it.
    """
    renamed: dict[str, dict[str, list[tuple[str | None, str]]]] = {}
    for tree in trees.values():
        for port_type in tree.iterfind(f"{{{WSDL}}}portType"):
            names = _distinct_names(port_type)
            if names:
                renamed[f"{{{tree.get('targetNamespace', '')}}}{port_type.get('name', '')}"] = names
    for tree in trees.values() if renamed else ():
        for binding in tree.iterfind(f"{{{WSDL}}}binding"):
            prefix, colon, name = binding.get("type", "").rpartition(":")
            names = renamed.get(f"{{{binding.nsmap.get(prefix if colon else None) or ''}}}{name}", {})
            waiting = {name: list(found) for name, found in names.items()}
            for operation in binding.iterchildren(_OPERATION):
                if choices := waiting.get(operation.get("name", "")):
                    asked = _input_name(operation)
                    chosen = next((one for one in choices if asked is not None and one[0] == asked), choices[0])
                    choices.remove(chosen)
                    operation.set(ORIGINAL_NAME, operation.get("name", ""))
                    operation.set("name", chosen[1])


def _distinct_names(port_type: etree._Element) -> dict[str, list[tuple[str | None, str]]]:
    """Renames overloads of a port type; for each overloaded name the input names and new names, in order."""
    same: dict[str, list[etree._Element]] = defaultdict(list)
    for operation in port_type.iterchildren(_OPERATION):
        same[operation.get("name", "")].append(operation)
    taken = set(same)
    result: dict[str, list[tuple[str | None, str]]] = {}
    for name, operations in same.items():
        if len(operations) == 1:
            continue
        result[name] = []
        for number, operation in enumerate(operations, 1):
            given = _input_name(operation)
            new = name if number == 1 else f"{name}.{given if given not in {None, name} else number}"
            if new != name and new in taken:
                new = f"{new}.{number}"
            taken.add(new)
            result[name].append((given, new))
            operation.set("name", new)
    return result


def _input_name(operation: etree._Element) -> str | None:
    found = operation.find(f"{{{WSDL}}}input")
    return found.get("name") if found is not None else None
