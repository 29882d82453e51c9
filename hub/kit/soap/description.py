"""What a WSDL offers: its SOAP ports and their operations, as zeep understands them."""

from __future__ import annotations

import threading
import warnings
from dataclasses import dataclass
from itertools import islice
from typing import Any

from zeep import Settings
from zeep.wsdl import Document
from zeep.wsdl.bindings import Soap11Binding, Soap12Binding

from hub.kernel.errors import ConfigurationError
from hub.kit.soap import patches  # noqa: F401 — corrects zeep
from hub.kit.soap.documents import Documents, shown
from hub.kit.soap.names import ENVELOPE_12, WSDL, nearest_first
from hub.kit.soap.operation import Operation
from hub.kit.soap.outline import Outline, ServicePort, outline
from hub.kit.soap.references import broken_references
from hub.kit.soap.schema import Wrapper

# zeep reports parts of a WSDL it leaves out as warnings, and Python collects warnings per process.
_LOADING = threading.Lock()
_MOST_BROKEN = 20


class Description:
    """The ports of one WSDL. Loading takes 5 ms to 2 s of processor time: do it at start or in a thread.

    `outline` is what the text binds; `left_out` says why operations of it cannot be used, and what
    zeep has left out besides.
    """

    def __init__(self, documents: Documents) -> None:
        """Raises ConfigurationError where zeep cannot make sense of the documents."""
        self._documents = documents
        self.outline = outline(documents.trees)
        if not self.outline.bindings:
            raise _without_soap(documents, self.outline)
        document, self.left_out = _load(documents)
        self._schema = document.types
        definitions = document._definitions.values()  # noqa: SLF001 — imported services are found nowhere else
        bindings = {name: binding for definition in definitions for name, binding in definition.bindings.items()}
        self.ports = tuple(
            Port(port.service, port.name, bindings[port.binding.name], documents, port) for port in self.outline.ports
        )
        missing = sum(len(port.missing()) for port in self.ports)
        self.broken = tuple(islice(broken_references(documents.trees), _MOST_BROKEN)) if missing else ()

    def port(self, service: str | None = None, name: str | None = None) -> Port:
        """The port that operations are called on.

        Without names: the only one, or the first of several that offer the same port type (such as one
        for SOAP 1.1 and one for 1.2, or production and test). A binding that no service offers has its
        own name as that of its port, and is chosen by name or where there is nothing else: the address comes
        from the settings anyway. Raises ConfigurationError with the list.
        """
        offered = [port for port in self.ports if port.service]
        found = [
            port
            for port in (self.ports if name is not None else offered or self.ports)
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
    """One binding of operations to SOAP over HTTP. `binding` is zeep's, `outlined` what the text says."""

    service: str
    name: str
    binding: Any
    documents: Documents
    outlined: ServicePort

    @property
    def port_type(self) -> str:
        return str(self.binding.port_name.text)

    @property
    def soap_12(self) -> bool:
        return bool(self.binding.nsmap["soap-env"] == ENVELOPE_12)

    def operations(self) -> list[str]:
        return sorted(self.binding.all())

    def missing(self) -> list[str]:
        """Operations that the text binds and zeep could not resolve."""
        known = self.binding.all()
        return [one.name for one in self.outlined.binding.operations if one.name not in known]

    def operation(self, name: str) -> Operation:
        """Raises ConfigurationError: unknown (with the existing ones, nearest first), or broken in the WSDL."""
        found = self.binding.all().get(name)
        if found is None and name in self.missing():
            raise next(
                broken_references(self.documents.trees),
                ConfigurationError(f"the operation {name} of {self.name} cannot be read", key="operation"),
            )
        if found is None:
            raise ConfigurationError(
                f"the WSDL has no operation {name}",
                key="operation",
                remedy=f"Operations of {self.name}: {nearest_first(name, self.operations())}.",
            )
        return self._operation(name, found)

    def wrappers(self) -> list[Wrapper]:
        operations = (self._operation(name, found) for name, found in self.binding.all().items())
        return [wrapper for operation in operations for wrapper in operation.wrappers()]

    def _operation(self, name: str, found: Any) -> Operation:
        """With what zeep forgets: `literal` and `encoded`, and the name in messages of an overloaded operation."""
        outlined = next(one for one in self.outlined.binding.operations if one.name == name)
        return Operation(found, outlined.uses, outlined.wire_name)


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
        if (broken := next(broken_references(documents.trees), None)) is not None:
            raise broken from error
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


def _without_soap(documents: Documents, found: Outline) -> ConfigurationError:
    start = documents.trees[documents.start]
    if found.ignored:
        problem, remedy = f"the WSDL describes no SOAP over HTTP: {'; '.join(found.ignored[:3])}", None
    elif any(True for _ in start.iterchildren(f"{{{WSDL}}}service", f"{{{WSDL}}}binding")):
        problem, remedy = "the WSDL describes no SOAP over HTTP", None
    else:
        problem = "the WSDL describes no SOAP over HTTP: it has no binding and is a part that another WSDL imports"
        remedy = "Name the WSDL that holds the wsdl:service; it may import the one named now."
    return ConfigurationError(
        problem,
        file=shown(documents.start),
        key="wsdl",
        remedy=remedy or "Ask for a WSDL with a SOAP binding, or use the connector of the protocol it describes.",
    )
