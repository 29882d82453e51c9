"""One operation: builds its request and says which element its reply must be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lxml import etree
from zeep.exceptions import Error as ZeepError
from zeep.xsd import ComplexType

from hub.kernel.errors import ConfigurationError
from hub.kit.soap import encoding
from hub.kit.soap.names import ENVELOPE_12, nearest_first
from hub.kit.soap.schema import Wrapper
from hub.kit.soap.values import Parts, prepare

Values = Mapping[str, Any]

_NOTHING = object()  # The type of a message without a body.


class Operation:
    """An operation of a port; zeep knows its messages.

    `uses` are the encodings of its bodies (`literal`, `encoded`); `wire_name` is what messages call it, where a WSDL
    overloads its name.
    """

    def __init__(self, zeep_operation: Any, uses: frozenset[str], wire_name: str | None = None) -> None:
        self.zeep = zeep_operation
        self.encoded = "encoded" in uses
        self.name = str(zeep_operation.name)
        self.wire_name = wire_name or self.name
        self.soap_12 = zeep_operation.nsmap["soap-env"] == ENVELOPE_12

    @property
    def reply(self) -> etree.QName:
        """The name that the child of a reply's Body must have.

        Document style: the element of the output message. RPC: the operation's name with `Response` in
        the namespace of the soap:body (WS-I Basic Profile 1.1, R2729).

        Raises ConfigurationError for operations that cannot be called, or declare no reply.
        """
        answer = self.answer
        if answer is None:
            raise self._refusal("declares no reply")
        return answer

    @property
    def answer(self) -> etree.QName | None:
        """As `reply`; None for a one-way operation, and for one whose reply has no parts."""
        if self.encoded and not self._rpc:
            raise self._refusal("is document style with the SOAP encoding, which nobody defines (WSDL 1.1 section 3.5)")
        output = self.zeep.output
        body = getattr(output, "body", None)
        if body is None:
            return None
        if not self._rpc and (output._is_body_wrapped or output.abstract is None or _by_type(output)):  # noqa: SLF001
            raise self._refusal("has a reply whose body is not exactly one element (WS-I Basic Profile 1.1, R2201)")
        name = etree.QName(body.qname)
        return etree.QName(name.namespace, f"{self.wire_name}Response") if self._rpc else name

    def http_headers(self) -> dict[str, str]:
        return http_headers(self.action, soap_12=self.soap_12)

    @property
    def action(self) -> str:
        """The SOAPAction; empty where the WSDL names none."""
        return str(self.zeep.soapaction or "")

    def check_names(self, parameters: Values, headers: Values) -> None:
        """Raises ConfigurationError for a name the WSDL does not have, with the ones it has."""
        body = self.zeep.input.body
        _check(parameters, body.type if body is not None else _NOTHING, "parameters")
        _check(headers, self.zeep.input.header.type, "headers")

    def prepared(self, values: Values, parts: Parts) -> Values:
        """As hub.kit.soap.values.prepare. Raises ConfigurationError for bytes where the WSDL has nothing binary."""
        body = self.zeep.input.body
        try:
            found: Values = prepare(values, body.type if body is not None else None, parts)
        except TypeError as error:
            remedy = "Compare the values with the input message in the WSDL."
            raise ConfigurationError(f"no request for {self.name} can be built: {error}", remedy=remedy) from None
        return found

    def request(self, parameters: Values, headers: Values) -> etree._Element:
        """The envelope for these values, without addressing and security headers.

        Raises ConfigurationError where a required value is missing or has a wrong form; values are not quoted.
        """
        arguments = dict(parameters) | ({"_soapheaders": dict(headers)} if headers else {})
        try:
            envelope: etree._Element = (
                self._encoded(parameters, headers) if self.encoded else self.zeep.create(**arguments).content
            )
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
        if self._rpc and self.wire_name != self.name:
            envelope[-1][0].tag = etree.QName(etree.QName(envelope[-1][0]).namespace, self.wire_name).text
        return envelope

    def wrappers(self) -> list[Wrapper]:
        """The elements that no schema declares: those of an RPC request and reply."""
        if not self._rpc:
            return []
        messages = ((self.zeep.input, self.wire_name), (self.zeep.output, f"{self.wire_name}Response"))
        return [
            Wrapper(etree.QName(etree.QName(message.body.qname).namespace, name), parts)
            for message, name in messages
            if getattr(message, "body", None) is not None and (parts := _typed_parts(message)) is not None
        ]

    @property
    def _rpc(self) -> bool:
        return bool(self.zeep.style == "rpc")

    def _encoded(self, parameters: Values, headers: Values) -> etree._Element:
        namespace = self.zeep.nsmap["soap-env"]
        envelope = etree.Element(f"{{{namespace}}}Envelope", nsmap={"soap-env": namespace, **encoding.PREFIXES})
        if headers:
            envelope.append(self.zeep.input._serialize_header(dict(headers), {}))  # noqa: SLF001
        body = etree.SubElement(envelope, f"{{{namespace}}}Body")
        kind = self.zeep.input.body
        wrapper = etree.QName(etree.QName(kind.qname).namespace, self.name)
        encoding.encode_call(body, wrapper, kind.type, parameters, soap_12=self.soap_12)
        return envelope

    def _refusal(self, problem: str) -> ConfigurationError:
        return ConfigurationError(
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
    # xs:anyType is the one type that zeep gives no name of its own.
    return tuple((name, etree.QName(part.type.qname or part.type._default_qname)) for name, part in kept)  # noqa: SLF001


def _check(values: Any, kind: Any, path: str) -> None:
    """Walks nested values along the types of the WSDL; lists are walked item by item."""
    known = _names(kind)
    if isinstance(values, list):
        item = encoding.item_of(kind)
        for value in values:
            _check(value, kind if item is None else item, path)
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
    return elements | {name: getattr(attribute, "type", None) for name, attribute in kind.attributes}
