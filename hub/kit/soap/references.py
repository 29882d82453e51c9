"""Names in a WSDL that refer to nothing, said with file and line: why a library cannot read it, for a person.

Looked for only after zeep has failed or left something out: its own errors name an attribute of one of
its objects more often than the mistake.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping

from lxml import etree

from hub.kernel.errors import ConfigurationError
from hub.kit.soap.documents import shown
from hub.kit.soap.names import WSDL, WSDL_SOAP_11, WSDL_SOAP_12, XML, XSD, line_of, local, nearest_first
from hub.kit.soap.outline import qualified

_BUILT_IN_TYPES = frozenset(
    [
        "anyType",
        "anySimpleType",
        "string",
        "normalizedString",
        "token",
        "language",
        "Name",
        "NMTOKEN",
        "NMTOKENS",
        "NCName",
        "ID",
        "IDREF",
        "IDREFS",
        "ENTITY",
        "ENTITIES",
        "QName",
        "NOTATION",
        "anyURI",
        "boolean",
        "decimal",
        "integer",
        "nonPositiveInteger",
        "negativeInteger",
        "long",
        "int",
        "short",
        "byte",
        "nonNegativeInteger",
        "unsignedLong",
        "unsignedInt",
        "unsignedShort",
        "unsignedByte",
        "positiveInteger",
        "float",
        "double",
        "duration",
        "dateTime",
        "time",
        "date",
        "gYearMonth",
        "gYear",
        "gMonthDay",
        "gDay",
        "gMonth",
        "hexBinary",
        "base64Binary",
    ]
)
_KINDS = {"complexType": "type", "simpleType": "type"}
_IN_SCHEMAS = {
    ("element", "ref"): "element",
    ("element", "substitutionGroup"): "element",
    ("element", "type"): "type",
    ("attribute", "ref"): "attribute",
    ("attribute", "type"): "type",
    ("extension", "base"): "type",
    ("restriction", "base"): "type",
    ("list", "itemType"): "type",
    ("union", "memberTypes"): "type",
    ("group", "ref"): "group",
    ("attributeGroup", "ref"): "attributeGroup",
}
_IN_WSDLS = {
    (WSDL, "part", "element"): "element",
    (WSDL, "part", "type"): "type",
    (WSDL, "input", "message"): "message",
    (WSDL, "output", "message"): "message",
    (WSDL, "fault", "message"): "message",
    (WSDL, "binding", "type"): "portType",
    (WSDL, "port", "binding"): "binding",
    (WSDL_SOAP_11, "header", "message"): "message",
    (WSDL_SOAP_12, "header", "message"): "message",
}
_REFERRING = {(XSD, *key): kind for key, kind in _IN_SCHEMAS.items()} | _IN_WSDLS
_ATTRIBUTES: Mapping[str, dict[str, str]] = defaultdict(dict)
for (_namespace, _name, _attribute), _kind in _REFERRING.items():
    _ATTRIBUTES[f"{{{_namespace}}}{_name}"][_attribute] = _kind


def broken_references(trees: Mapping[str, etree._Element]) -> Iterator[ConfigurationError]:
    """One error for each name that is not declared, or not where the document says, in document order."""
    declared = _declared(trees)
    operations = {
        f"{{{tree.get('targetNamespace', '')}}}{port_type.get('name', '')}": {
            operation.get("name", "") for operation in port_type.iterfind(f"{{{WSDL}}}operation")
        }
        for tree in trees.values()
        for port_type in tree.iterfind(f"{{{WSDL}}}portType")
    }
    for location, tree in trees.items():
        for element in tree.iter(*_ATTRIBUTES):
            for attribute, kind in _ATTRIBUTES[str(element.tag)].items():
                for name in element.get(attribute, "").split():
                    if (problem := _problem(element, kind, name, declared)) is not None:
                        yield _error(location, element, attribute, *problem)
        for binding in tree.iterfind(f"{{{WSDL}}}binding"):
            if not binding.get("type"):
                remedy = "A binding needs the name of its wsdl:portType."
                yield _error(location, binding, "type", f"the binding {binding.get('name')} has none", remedy)
            yield from _unknown_operations(location, binding, operations)


def _unknown_operations(
    location: str, binding: etree._Element, operations: Mapping[str, set[str]]
) -> Iterator[ConfigurationError]:
    offered = operations.get(qualified(binding.get("type", ""), binding))
    for operation in binding.iterfind(f"{{{WSDL}}}operation") if offered is not None else ():
        name = operation.get("name", "")
        if offered is not None and name not in offered:
            problem = f"the port type {binding.get('type')} has no operation {name}"
            yield _error(location, operation, "name", problem, f"It has: {nearest_first(name, offered)}.")


def _declared(trees: Mapping[str, etree._Element]) -> dict[str, dict[str, set[str]]]:
    """Declared names by kind and namespace ("" for none)."""
    found: dict[str, dict[str, set[str]]] = defaultdict(lambda: defaultdict(set))
    for tree in trees.values():
        if tree.tag == f"{{{XSD}}}schema":
            schemas = [tree]
        else:
            schemas = tree.findall(f"{{{WSDL}}}types/{{{XSD}}}schema")
            for kind in ("message", "portType", "binding"):
                names = found[kind][tree.get("targetNamespace", "")]
                names.update(one.get("name", "") for one in tree.iterfind(f"{{{WSDL}}}{kind}"))
        for schema in schemas:
            namespace = schema.get("targetNamespace", "")
            _declare(schema, namespace, found)
            for reference in schema.iterchildren(f"{{{XSD}}}include", f"{{{XSD}}}redefine"):
                included = trees.get(reference.get("schemaLocation", ""))
                # A schema without a namespace takes that of the one that includes it (XML Schema part 1 §4.2.1).
                if included is not None and included.get("targetNamespace") is None:
                    _declare(included, namespace, found)
    return found


def _declare(schema: etree._Element, namespace: str, found: dict[str, dict[str, set[str]]]) -> None:
    for child in schema.iterchildren(etree.Element):
        if name := child.get("name"):
            found[_KINDS.get(local(child), local(child))][namespace].add(name)


def _problem(
    element: etree._Element, kind: str, name: str, declared: Mapping[str, Mapping[str, set[str]]]
) -> tuple[str, str] | None:
    prefix, colon, plain = name.rpartition(":")
    if colon and prefix != "xml" and prefix not in element.nsmap:
        return f"the prefix of {name} is not declared", f"Declare it in the document: xmlns:{prefix}=…."
    namespace = XML if prefix == "xml" else element.nsmap.get(prefix if colon else None) or ""
    if namespace == XSD:
        known = _BUILT_IN_TYPES if kind == "type" else {"schema"}
        if plain in known:
            return None
        return f"XML Schema has no {kind} {plain}", f"It has: {nearest_first(plain, known)}."
    names = declared.get(kind, {}).get(namespace, set())
    if plain in names:
        return None
    if not any(namespace in namespaces for namespaces in declared.values()) and kind in _IN_SCHEMAS.values():
        return (
            f"{name} is of the namespace {namespace or '(none)'}, for which there is no schema here",
            (
                "Save that schema in the mapping folder and name it in the back office's settings: "
                f'catalogue: {{ "{namespace}": FILE }}.'
            ),
        )
    elsewhere = [one for one, found in declared.get(kind, {}).items() if plain in found]
    if elsewhere:
        return f"there is no {kind} {name} in {namespace or 'no namespace'}", f"There is one in {', '.join(elsewhere)}."
    return f"there is no {kind} {name}", f"Declared there: {nearest_first(plain, names)}."


def _error(location: str, element: etree._Element, attribute: str, problem: str, remedy: str) -> ConfigurationError:
    return ConfigurationError(
        f"{local(element)} {attribute}: {problem}",
        file=shown(location),
        line=line_of(element),
        key="wsdl",
        remedy=remedy,
    )
