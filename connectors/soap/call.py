"""A mapping's `source:` or a delivery's `call:` compiled against the WSDL: one operation and how to ask it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import tzinfo
from typing import Any

from lxml import etree

from connectors.soap.outgoing import Message
from connectors.soap.settings import OperationCall, Pages, SoapSettings, Source
from hub.kernel.errors import ConfigurationError
from hub.kit.parameters import compile_parameters
from hub.kit.soap import encoding
from hub.kit.soap.addressing import Version, action_of, asked_for
from hub.kit.soap.attachments import binary_values
from hub.kit.soap.contract import Contract
from hub.kit.soap.envelope import Fault
from hub.kit.soap.operation import Operation
from hub.kit.soap.schema import BodySchema
from hub.kit.soap.values import Parts
from hub.ports.back_office import Arguments


@dataclass(frozen=True, slots=True)
class Call:
    """One operation with everything that does not change from call to call.

    `reply` is None for an operation of a delivery that declares none; `addressed` is the version of WS-Addressing.
    """

    operation: Operation
    reply: etree.QName | None
    schema: BodySchema | None
    values: Callable[[Arguments], Any]
    addressed: Version | None = None
    wsa_action: str = ""
    not_found: tuple[str, ...] = ()
    refusals: tuple[str, ...] = ()
    lenient: frozenset[str] = frozenset()
    pages: Pages | None = None
    under: str = "source.parameters"

    def bind(self, arguments: Arguments) -> tuple[dict[str, Any], dict[str, Any]]:
        """Parameters and headers of one read. Raises ConfigurationError for an identifier it does not bring."""
        values = self.values(arguments)
        return values["parameters"], values["headers"]

    def means_nothing_found(self, fault: Fault) -> bool:
        return any(fault.says(word) for word in self.not_found)

    def message(
        self,
        parameters: Mapping[str, Any],
        headers: Mapping[str, Any],
        *,
        mtom: bool = False,
        parts: Mapping[str, tuple[str, bytes]] | None = None,
    ) -> Message:
        """The request for these values. Raises ConfigurationError where they do not fit the WSDL."""
        operation = self.operation
        try:
            envelope = operation.request(parameters, headers)
        except ConfigurationError as error:
            raise ConfigurationError(error.problem, key=self.under, remedy=error.remedy) from None
        self._check_request(envelope)
        if operation.encoded:
            encoding.mark(envelope, soap_12=operation.soap_12)
        return Message(
            envelope,
            operation.action,
            operation.soap_12,
            addressed=self.addressed,
            wsa_action=self.wsa_action,
            binary=tuple(binary_values(parameters)) if mtom else (),
            parts=parts or {},
        )

    def written(self, values: Mapping[str, Any], headers: Mapping[str, Any], *, mtom: bool) -> Message:
        """As `message`, for a delivery: None is xsi:nil, bytes may be attachments, names are looked at now."""
        with _placed(self.under):
            self.operation.check_names(values, headers)
            parts: Parts = {}
            prepared = self.operation.prepared(values, parts)
        return self.message(prepared, headers, mtom=mtom, parts=parts)

    def _check_request(self, envelope: etree._Element) -> None:
        """Raises ConfigurationError where the request does not fit the WSDL; values are not quoted."""
        body = envelope[-1]
        violations = self.schema.violations(body[0]) if self.schema and len(body) else []
        if violations:
            raise ConfigurationError(
                f"the request for {self.operation.name} does not fit the WSDL at {violations[0].path}: "
                f"{violations[0].reason}",
                key=self.under,
                remedy="Compare the parameters with the input message in the WSDL.",
            )


def compile_call(
    source: Source, contract: Contract, settings: SoapSettings, *, timezone: tzinfo, under: str = "source"
) -> Call:
    """Raises ConfigurationError: an operation, parameter or header the WSDL does not have, with those it has."""
    with _placed(under):
        operation = contract.port.operation(source.operation)
        reply = operation.reply
        operation.check_names(_with_page(source.parameters, source.pages), source.headers)
        values = {"parameters": source.parameters, "headers": source.headers}
        bound = compile_parameters(values, timezone=timezone)
        version, action = _addressing(settings, contract, operation)
    return Call(
        operation,
        reply,
        contract.schema,
        bound,
        addressed=version,
        wsa_action=action,
        not_found=source.not_found,
        lenient=frozenset({*settings.lenient, *source.lenient}),
        pages=source.pages,
    )


def compile_operation(wanted: OperationCall, contract: Contract, settings: SoapSettings, *, timezone: tzinfo) -> Call:
    """A call of a delivery's step; its parameters come with each. Raises ConfigurationError, as `compile_call`."""
    with _placed("call"):
        operation = contract.port.operation(wanted.operation)
        reply = operation.answer
        operation.check_names({}, wanted.headers)
        bound = compile_parameters({"parameters": {}, "headers": wanted.headers}, timezone=timezone)
        version, action = _addressing(settings, contract, operation)
    return Call(
        operation,
        reply,
        contract.schema,
        bound,
        addressed=version,
        wsa_action=action,
        refusals=wanted.refusals,
        under="request",
        lenient=frozenset({*settings.lenient, *wanted.lenient}),
    )


@contextmanager
def _placed(under: str) -> Iterator[None]:
    """Puts the key an error is about below `under`."""
    try:
        yield
    except ConfigurationError as error:
        raise ConfigurationError(
            error.problem,
            file=error.file,
            line=error.line,
            key=".".join(part for part in (under, error.key) if part),
            remedy=error.remedy,
        ) from None


def _addressing(settings: SoapSettings, contract: Contract, operation: Operation) -> tuple[Version | None, str]:
    version = asked_for(contract.port) if settings.addressing is None else settings.addressing
    if version is None or version == "none":
        return None, ""
    return version, action_of(operation.zeep, contract.port)


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
