"""A mapping's `source:` compiled against the WSDL: one operation and how its messages are made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from lxml import etree

from connectors.soap.settings import Pages, Source
from hub.kernel.errors import ConfigurationError
from hub.kit.parameters import compile_parameters
from hub.kit.soap.contract import Contract
from hub.kit.soap.envelope import Fault
from hub.kit.soap.operation import Operation
from hub.kit.soap.schema import BodySchema
from hub.ports.back_office import Arguments


@dataclass(frozen=True, slots=True)
class Call:
    """One operation with everything that does not change from read to read."""

    operation: Operation
    reply: etree.QName
    schema: BodySchema | None
    values: Callable[[Arguments], Any]
    not_found: tuple[str, ...]
    pages: Pages | None

    def bind(self, arguments: Arguments) -> tuple[dict[str, Any], dict[str, Any]]:
        """Parameters and headers of one read. Raises ConfigurationError for an identifier it does not bring."""
        values = self.values(arguments)
        return values["parameters"], values["headers"]

    def means_nothing_found(self, fault: Fault) -> bool:
        return any(fault.says(word) for word in self.not_found)

    def check_request(self, envelope: etree._Element) -> None:
        """Raises ConfigurationError where the request does not fit the WSDL; values are not quoted."""
        body = envelope[-1]
        violations = self.schema.violations(body[0]) if self.schema and len(body) else []
        if violations:
            raise ConfigurationError(
                f"the request for {self.operation.name} does not fit the WSDL at {violations[0].path}: "
                f"{violations[0].reason}",
                key="source.parameters",
                remedy="Compare the parameters with the input message in the WSDL.",
            )


def compile_call(source: Source, contract: Contract, *, timezone: tzinfo, under: str = "source") -> Call:
    """Raises ConfigurationError: an operation, parameter or header the WSDL does not have, with those it has."""
    try:
        operation = contract.port.operation(source.operation)
        reply = operation.reply
        operation.check_names(_with_page(source.parameters, source.pages), source.headers)
        values = {"parameters": source.parameters, "headers": source.headers}
        bound = compile_parameters(values, timezone=timezone)
    except ConfigurationError as error:
        raise ConfigurationError(
            error.problem,
            file=error.file,
            line=error.line,
            key=".".join(part for part in (under, error.key) if part),
            remedy=error.remedy,
        ) from None
    return Call(operation, reply, contract.schema, bound, source.not_found, source.pages)


def put(values: Mapping[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy of nested `values` with `value` at the dotted `path`."""
    name, _, rest = path.partition(".")
    inner = values.get(name)
    new = put(inner if isinstance(inner, Mapping) else {}, rest, value) if rest else value
    return {**values, name: new}


def _with_page(parameters: Mapping[str, Any], pages: Pages | None) -> Mapping[str, Any]:
    paths = (pages.parameter, pages.size_parameter) if pages else ()
    for path in filter(None, paths):
        parameters = put(parameters, path, "")
    return parameters
