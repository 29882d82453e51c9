"""What a WSDL offers: its SOAP ports and their operations, as zeep understands them."""

from __future__ import annotations

import threading
import warnings
from dataclasses import dataclass
from typing import Any

from lxml import etree
from zeep import Settings
from zeep.wsdl import Document
from zeep.wsdl.bindings import Soap11Binding, Soap12Binding
from zeep.xsd.types.collection import ListType
from zeep.xsd.types.unresolved import UnresolvedCustomType

from hub.kernel.errors import ConfigurationError
from hub.kit.soap.documents import Documents, shown
from hub.kit.soap.names import ENVELOPE_12, WSDL, WSDL_SOAP_11, WSDL_SOAP_12, nearest_first
from hub.kit.soap.operation import Operation
from hub.kit.soap.schema import Wrapper

# zeep reports parts of a WSDL it leaves out as warnings, and Python collects warnings per process.
_LOADING = threading.Lock()


class Description:
    """The ports of one WSDL. Loading takes 5 ms to 1 s of processor time: do it at start or in a thread."""

    def __init__(self, documents: Documents) -> None:
        """Raises ConfigurationError where zeep cannot make sense of the documents."""
        self._documents = documents
        document, self.left_out = _load(documents)
        definitions = document._definitions.values()  # noqa: SLF001 — imported services are found nowhere else
        self.ports = tuple(
            Port(str(service.name), str(port.name), port.binding, documents)
            for definition in definitions
            for service in definition.services.values()
            for port in service.ports.values()
        ) or tuple(
            # A WSDL of interfaces only: the address comes from the settings anyway.
            Port("", etree.QName(binding.name).localname, binding, documents)
            for definition in definitions
            for binding in definition.bindings.values()
        )
        if not self.ports:
            raise ConfigurationError(
                "the WSDL describes no SOAP over HTTP",
                file=shown(documents.start),
                key="wsdl",
                remedy="Name the WSDL that holds the wsdl:service; it may import the one named now.",
            )

    def port(self, service: str | None = None, name: str | None = None) -> Port:
        """The port that operations are called on.

        Without names: the only one, or the first of several that offer the same port type (such as one
        for SOAP 1.1 and one for 1.2, or production and test). Raises ConfigurationError with the list.
        """
        found = [
            port
            for port in self.ports
            if (service is None or port.service == service) and (name is None or port.name == name)
        ]
        if found and len({port.port_type for port in found}) == 1:
            return found[0]
        key = "service" if service is not None else "port"
        listed = nearest_first(
            ".".join(filter(None, (service, name))), (f"{port.service}.{port.name}" for port in self.ports)
        )
        raise ConfigurationError(
            "the WSDL has several ports with different operations"
            if found
            else f"the WSDL has no port {name or 'at all'!s} in service {service or 'of any name'}",
            key=key,
            remedy=f"Set service and port to one of (service.port): {listed}.",
        )

    def wrappers(self) -> list[Wrapper]:
        """The wrapper elements of all RPC operations, for the schema."""
        return [wrapper for port in self.ports for wrapper in port.wrappers()]


@dataclass(frozen=True, slots=True)
class Port:
    """One binding of operations to SOAP over HTTP. `binding` is zeep's."""

    service: str
    name: str
    binding: Any
    documents: Documents

    @property
    def port_type(self) -> str:
        return str(self.binding.port_name.text)

    @property
    def soap_12(self) -> bool:
        return bool(self.binding.nsmap["soap-env"] == ENVELOPE_12)

    def operations(self) -> list[str]:
        return sorted(self.binding.all())

    def operation(self, name: str) -> Operation:
        """Raises ConfigurationError: unknown (with the existing ones, nearest first), encoded, without a reply."""
        found = self.binding.all().get(name)
        if found is None:
            raise ConfigurationError(
                f"the WSDL has no operation {name}",
                key="operation",
                remedy=f"Operations of {self.name}: {nearest_first(name, self.operations())}.",
            )
        return Operation(found, self._uses(name))

    def wrappers(self) -> list[Wrapper]:
        operations = (Operation(found, self._uses(name)) for name, found in self.binding.all().items())
        return [wrapper for operation in operations for wrapper in operation.wrappers()]

    def _uses(self, operation: str) -> frozenset[str]:
        """`literal` and `encoded` as the binding's soap:body elements say; zeep forgets it."""
        name = etree.QName(self.binding.name)
        path = f"{{{WSDL}}}operation[@name='{operation}']/*"
        bodies = [
            body
            for tree in self.documents.trees.values()
            if tree.get("targetNamespace") == name.namespace
            for binding in tree.iterfind(f"{{{WSDL}}}binding[@name='{name.localname}']")
            for direction in binding.iterfind(path)
            for body in direction.iterchildren(f"{{{WSDL_SOAP_11}}}body", f"{{{WSDL_SOAP_12}}}body")
        ]
        return frozenset(body.get("use", "literal") for body in bodies)


class _Transport:
    """Hands zeep the collected documents; it can fetch nothing."""

    binding_classes = (Soap11Binding, Soap12Binding)

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def load(self, url: str) -> bytes:
        return self._documents.content(url)


def _load(documents: Documents) -> tuple[Any, tuple[str, ...]]:
    settings = Settings(strict=True, forbid_dtd=True, forbid_entities=True, force_https=False)
    try:
        with _LOADING, warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            transport: Any = _Transport(documents)
            document = Document(documents.start, transport, settings=settings)
    except ConfigurationError:
        raise
    except Exception as error:  # zeep lets KeyError, AttributeError and RecursionError of its own escape
        raise ConfigurationError(
            f"the WSDL cannot be read: {type(error).__name__}: {_plain(error)}",
            file=shown(documents.start),
            key="wsdl",
            remedy="Save a copy in the mapping folder and correct it there.",
        ) from error
    return document, tuple(str(warning.message) for warning in caught)


def _plain(error: Exception) -> str:
    """The text of zeep's error with locations as people know them."""
    return str(error).replace("file:///", "").rstrip(".")[:300]


def _resolve_restricted_list(self: Any, *, original: Any = UnresolvedCustomType.resolve) -> Any:
    """A restriction of an xs:list. zeep 4.3.3 passes the new type's name as the type of the list's items."""
    base = self.base_type.resolve()
    list_of: Any = ListType
    return list_of(base.item_type) if isinstance(base, ListType) else original(self)


UnresolvedCustomType.resolve = _resolve_restricted_list  # type: ignore[method-assign]
