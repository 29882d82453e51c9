"""One operation: builds its request and says which element its reply must be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lxml import etree
from zeep.exceptions import Error as ZeepError
from zeep.wsa import WsAddressingPlugin
from zeep.xsd import ComplexType

from hub.kernel.errors import ConfigurationError
from hub.kit.soap.names import ENVELOPE_12, nearest_first
from hub.kit.soap.schema import Wrapper

Values = Mapping[str, Any]

_NOTHING = object()  # The type of a message without a body.


class Operation:
    """An operation of a port; zeep knows its messages.

    `uses` are the encodings of its bodies; only literal ones can be called.
    """

    def __init__(self, zeep_operation: Any, uses: frozenset[str]) -> None:
        self._zeep = zeep_operation
        self._uses = uses
        self.name = str(zeep_operation.name)
        self.soap_12 = zeep_operation.nsmap["soap-env"] == ENVELOPE_12

    @property
    def reply(self) -> etree.QName:
        """The name that the child of a reply's Body must have.

        Document style: the element of the output message. RPC: the operation's name with `Response` in
        the namespace of the soap:body (WS-I Basic Profile 1.1, R2729).

        Raises ConfigurationError for operations that cannot be called.
        """
        self._refuse_unless_callable()
        body = self._zeep.output.body
        name = etree.QName(body.qname)
        return etree.QName(name.namespace, f"{self.name}Response") if self._rpc else name

    def http_headers(self) -> dict[str, str]:
        return http_headers(self._zeep.soapaction or "", soap_12=self.soap_12)

    def check_names(self, parameters: Values, headers: Values) -> None:
        """Raises ConfigurationError for a name the WSDL does not have, with the ones it has."""
        body = self._zeep.input.body
        _check(parameters, body.type if body is not None else _NOTHING, "parameters")
        _check(headers, self._zeep.input.header.type, "headers")

    def request(self, parameters: Values, headers: Values, *, endpoint: str) -> etree._Element:
        """The envelope for these values, without security headers.

        WS-Addressing headers are added where the WSDL asks for them (wsam:Action).
        Raises ConfigurationError where a required value is missing or has a wrong form; values are not quoted.
        """
        arguments = dict(parameters)
        if headers:
            arguments["_soapheaders"] = dict(headers)
        try:
            message = self._zeep.create(**arguments)
        except (ZeepError, TypeError, ValueError, ArithmeticError, AttributeError, KeyError) as error:
            # Not chained and mostly not quoted: only zeep's validation errors are known to hold no values.
            reason = (
                str(error)
                if isinstance(error, ZeepError)
                else f"a value does not fit its type ({type(error).__name__})"
            )
            raise ConfigurationError(
                f"no request for {self.name} can be built: {reason}",
                key="parameters",
                remedy="Compare the parameters with the input message in the WSDL.",
            ) from None
        envelope: etree._Element = message.content
        if self._zeep.abstract.wsa_action:
            addressing: Any = WsAddressingPlugin(address_url=endpoint)
            addressing.egress(envelope, {}, self._zeep, {})
        return envelope

    def wrappers(self) -> list[Wrapper]:
        """The elements that no schema declares: those of an RPC request and reply."""
        if not self._rpc or "encoded" in self._uses:
            return []
        messages = ((self._zeep.input, self.name), (self._zeep.output, f"{self.name}Response"))
        return [
            Wrapper(etree.QName(etree.QName(message.body.qname).namespace, name), parts)
            for message, name in messages
            if message is not None and message.body is not None and (parts := _typed_parts(message)) is not None
        ]

    @property
    def _rpc(self) -> bool:
        return bool(self._zeep.style == "rpc")

    def _refuse_unless_callable(self) -> None:
        output = self._zeep.output
        problem = None
        if "encoded" in self._uses:
            problem = "uses the SOAP encoding, which is not supported (WS-I Basic Profile 1.1, R2706, forbids it)"
        elif output is None or output.body is None:
            problem = "declares no reply"
        elif not self._rpc and (output._is_body_wrapped or output.abstract is None or _by_type(output)):  # noqa: SLF001
            problem = "has a reply whose body is not exactly one element (WS-I Basic Profile 1.1, R2201)"
        if problem:
            raise ConfigurationError(
                f"the operation {self.name} {problem}",
                key="operation",
                remedy="Use another operation, or ask the back office's vendor for a document/literal one.",
            )


def http_headers(action: str, *, soap_12: bool) -> dict[str, str]:
    """Content type and action (SOAP 1.1 section 6.1.1; SOAP 1.2 part 2 section 6.5.3)."""
    if not soap_12:
        return {"content-type": "text/xml; charset=utf-8", "soapaction": f'"{action}"'}
    suffix = f'; action="{action}"' if action else ""
    return {"content-type": f"application/soap+xml; charset=utf-8{suffix}"}


def _by_type(message: Any) -> bool:
    return any(part.element is None for part in message.abstract.parts.values())


def _typed_parts(message: Any) -> tuple[tuple[str, etree.QName], ...] | None:
    """Accessors of an RPC message with their types; None where a part is an element (not WS-I)."""
    parts = list(message.abstract.parts.items()) if message.abstract is not None else []
    names = {name for name, _ in message.body.type.elements}
    if any(part.element is not None and part.element.name in names for _, part in parts):
        return None
    kept = [(name, part) for name, part in parts if name in names]
    return tuple((name, etree.QName(part.type.qname)) for name, part in kept)


def _check(values: Any, kind: Any, path: str) -> None:
    """Walks nested values along the types of the WSDL; lists are walked item by item."""
    known = _names(kind)
    if isinstance(values, list):
        for value in values:
            _check(value, kind, path)
    elif known is None or values is None:
        return
    elif isinstance(values, Mapping):
        for name, value in values.items():
            if name not in known:
                raise ConfigurationError(
                    f"the WSDL knows no {name} here",
                    key=f"{path}.{name}",
                    remedy=f"It has: {nearest_first(str(name), known)}.",
                )
            _check(value, known[name], f"{path}.{name}")
    elif "_value_1" not in known:
        # zeep would put the value into the first part.
        remedy = f"Write its parts: {nearest_first('', known)}."
        raise ConfigurationError("the WSDL has parts here, not one value", key=path, remedy=remedy)


def _names(kind: Any) -> dict[str, Any] | None:
    """What may stand inside a type, with the type of each; None for a type that holds a plain value or anything.

    `_value_1` is zeep's name for the text of an element that has attributes.
    """
    if kind is _NOTHING:
        return {}
    if not isinstance(kind, ComplexType):
        return None
    elements = {name: getattr(element, "type", None) for name, element in kind.elements}
    return elements | {name: attribute.type for name, attribute in kind.attributes}
