"""What the text of a WSDL binds to SOAP over HTTP, counted before any library makes objects of it.

It says how many operations there must be, which zeep then has to have, and what a person is shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from lxml import etree

from hub.kit.soap.names import WSDL, WSDL_SOAP_11, WSDL_SOAP_12
from hub.kit.soap.repairs import ORIGINAL_NAME

HTTP_TRANSPORTS = frozenset({
    "http://schemas.xmlsoap.org/soap/http",  # WSDL 1.1 section 3.3
    "http://www.w3.org/2003/05/soap/bindings/HTTP/",  # SOAP 1.2 part 2 section 7
})  # fmt: skip
_SOAP: Mapping[str, Literal["1.1", "1.2"]] = {WSDL_SOAP_11: "1.1", WSDL_SOAP_12: "1.2"}
_SOAP_NAMESPACES = tuple(_SOAP)


@dataclass(frozen=True, slots=True)
class BoundOperation:
    """One wsdl:operation of a binding.

    `name` is the one it is called by here, which differs from `wire_name` where a WSDL overloads it.
    `uses` are `literal` and `encoded` as its soap:body elements say. `element` is the binding's.
    """

    name: str
    wire_name: str
    action: str
    style: str
    uses: frozenset[str]
    element: etree._Element


@dataclass(frozen=True, slots=True)
class Binding:
    """One wsdl:binding to SOAP over HTTP; names are `{namespace}local`."""

    name: str
    port_type: str
    soap: Literal["1.1", "1.2"]
    style: str
    operations: tuple[BoundOperation, ...]
    location: str
    element: etree._Element


@dataclass(frozen=True, slots=True)
class ServicePort:
    """One wsdl:port; `service` is empty for a binding that no port offers, and `address` None."""

    service: str
    name: str
    binding: Binding
    address: str | None
    element: etree._Element | None


@dataclass(frozen=True, slots=True)
class Outline:
    """All bindings and ports of the documents of a WSDL; `ignored` says what is bound to something else."""

    bindings: Mapping[str, Binding]
    ports: tuple[ServicePort, ...]
    ignored: tuple[str, ...]

    @property
    def operations(self) -> int:
        """The number of bound SOAP operations: a binding counts once, however many ports offer it."""
        return sum(len(binding.operations) for binding in self.bindings.values())


def outline(trees: Mapping[str, etree._Element]) -> Outline:
    """`trees` are the documents by location. Nothing is raised: what makes no sense is left to who interprets it."""
    bindings: dict[str, Binding] = {}
    ignored: dict[str, str] = {}
    definitions = [(place, tree) for place, tree in trees.items() if tree.tag == f"{{{WSDL}}}definitions"]
    for location, tree in definitions:
        for element in tree.iterfind(f"{{{WSDL}}}binding"):
            name = f"{{{tree.get('targetNamespace', '')}}}{element.get('name', '')}"
            soap = next(element.iterchildren(*(f"{{{namespace}}}binding" for namespace in _SOAP_NAMESPACES)), None)
            if soap is None:
                ignored[name] = f"binding {element.get('name')} is {_kind(element)}, not SOAP"
            elif soap.get("transport") not in HTTP_TRANSPORTS:
                ignored[name] = f"binding {element.get('name')} is SOAP over {soap.get('transport')}, not over HTTP"
            elif name not in bindings:
                bindings[name] = _binding(name, element, soap, location)
    ports = [port for _, tree in definitions for port in _ports(tree, bindings)]
    offered = {port.binding.name for port in ports}
    ports += [
        ServicePort("", name.rpartition("}")[2], binding, None, None)
        for name, binding in bindings.items()
        if name not in offered
    ]
    return Outline(bindings, tuple(ports), tuple(ignored.values()))


def qualified(text: str, element: etree._Element) -> str:
    """`prefix:local` as written in an attribute of `element`, as `{namespace}local`."""
    prefix, colon, local = text.strip().rpartition(":")
    namespace = element.nsmap.get(prefix if colon else None)
    return f"{{{namespace or ''}}}{local}"


def _binding(name: str, element: etree._Element, soap: etree._Element, location: str) -> Binding:
    style = soap.get("style", "document")
    operations = tuple(_operation(one, style) for one in element.iterfind(f"{{{WSDL}}}operation"))
    version = _SOAP[str(etree.QName(soap).namespace)]
    return Binding(name, qualified(element.get("type", ""), element), version, style, operations, location, element)


def _operation(element: etree._Element, style: str) -> BoundOperation:
    soap = next(element.iterchildren(*(f"{{{namespace}}}operation" for namespace in _SOAP_NAMESPACES)), None)
    # soap:body may stand inside mime:multipartRelated (WSDL 1.1 section 5).
    bodies = element.iter(*(f"{{{namespace}}}body" for namespace in _SOAP_NAMESPACES))
    name = element.get("name", "")
    return BoundOperation(
        name=name,
        wire_name=element.get(ORIGINAL_NAME, name),
        action=soap.get("soapAction", "") if soap is not None else "",
        style=soap.get("style", style) if soap is not None else style,
        uses=frozenset(body.get("use", "literal") for body in bodies),
        element=element,
    )


def _ports(tree: etree._Element, bindings: Mapping[str, Binding]) -> Iterator[ServicePort]:
    for service in tree.iterfind(f"{{{WSDL}}}service"):
        for port in service.iterfind(f"{{{WSDL}}}port"):
            binding = bindings.get(qualified(port.get("binding", ""), port))
            address = next(port.iterchildren(*(f"{{{namespace}}}address" for namespace in _SOAP_NAMESPACES)), None)
            if binding is not None:
                location = address.get("location") if address is not None else None
                yield ServicePort(service.get("name", ""), port.get("name", ""), binding, location, port)


def _kind(binding: etree._Element) -> str:
    """What a binding is instead, from its first foreign child: HTTP, MIME, or the namespace of an extension."""
    for child in binding.iterchildren(etree.Element):
        name = etree.QName(child)
        if name.localname == "binding":
            verb = child.get("verb")
            return f"HTTP {verb}" if verb else str(name.namespace)
    return "of a kind not named"
