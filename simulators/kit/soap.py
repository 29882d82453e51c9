"""The server side of SOAP, as far as a simulator needs it: document/literal, one operation per call.

SOAP 1.1 (W3C Note of 8 May 2000) and SOAP 1.2 (W3C Recommendation, second edition, part 1 §5.4 for
faults, part 2 §7.5.2.2 for their HTTP statuses).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lxml import etree
from starlette.requests import Request
from starlette.responses import Response

from simulators.kit.switches import Switchboard, Switches
from simulators.kit.writes import Failed, Ledger, Rejected

_SCHEMA = "{http://www.w3.org/2001/XMLSchema}schema"
_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_LANG = "{http://www.w3.org/XML/1998/namespace}lang"
_LARGEST_REQUEST = 1_000_000


@dataclass(frozen=True, slots=True)
class Version:
    """What differs between the two versions. `sender` and `receiver`: fault codes, by who is to blame."""

    namespace: str
    media_type: str
    sender: str
    receiver: str

    def name(self, local: str) -> str:
        return f"{{{self.namespace}}}{local}"


SOAP_11 = Version("http://schemas.xmlsoap.org/soap/envelope/", "text/xml", "Client", "Server")
SOAP_12 = Version("http://www.w3.org/2003/05/soap-envelope", "application/soap+xml", "Sender", "Receiver")


class Fault(Exception):
    """A fault to answer with. `code` is `{namespace}local`, or one of the version's own words."""

    def __init__(self, code: str, reason: str, detail: etree._Element | None = None) -> None:
        super().__init__(reason)
        self.code, self.reason, self.detail = code, reason, detail


def schema_of(wsdl: bytes) -> etree.XMLSchema:
    """The one schema inside a WSDL of ours."""
    return etree.XMLSchema(next(parse(wsdl).iter(_SCHEMA)))


def parse(body: bytes) -> etree._Element:
    """Raises ValueError for what is not XML, or has a document type: nothing in one is ever resolved."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise ValueError(str(error)) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise ValueError("a document type is not accepted")
    return root


@dataclass(frozen=True, slots=True)
class Writer:
    """Writes our data as elements of a namespace.

    `items` names the element of each item of a list, by the name of the list; `orders` gives the children
    of an element in the order of the schema, by the name of the element; others keep the order of the data.
    """

    namespace: str
    items: Mapping[str, str]
    orders: Mapping[str, Sequence[str]]

    def element(self, name: str, value: Any) -> etree._Element:
        """None is nil, a dict has children (and attributes, `@name`), a list has items; the rest is text."""
        result = etree.Element(f"{{{self.namespace}}}{name}")
        if value is None:
            result.set(_NIL, "true")
        elif isinstance(value, dict):
            order = {child: place for place, child in enumerate(self.orders.get(name, ()))}
            for child in sorted(value, key=lambda child: order.get(child, len(order))):
                if child.startswith("@"):
                    result.set(child[1:], str(value[child]))
                else:
                    result.append(self.element(child, value[child]))
        elif isinstance(value, list):
            for item in value:
                result.append(self.element(self.items[name], item))
        elif isinstance(value, bool):
            result.text = "true" if value else "false"
        else:
            result.text = str(value)
        return result


class SoapDoor:
    """An endpoint: `GET …?wsdl` gives the contract, `POST` calls the operation named by the Body's child.

    `operations` are called with the request element, which is valid against the contract's schema, and
    the switches of the call; they return the reply's element or raise Fault, and those that do something what
    `ledger` raises. `authenticate` raises Fault or returns an HTTP answer to give instead.
    """

    def __init__(
        self,
        *,
        version: Version,
        wsdl: bytes,
        encoding: str,
        operations: Mapping[str, Callable[[etree._Element, Switches], etree._Element]],
        authenticate: Callable[[Request, etree._Element | None], Response | None],
        board: Switchboard,
        ledger: Ledger | None = None,
        largest: int = _LARGEST_REQUEST,
    ) -> None:
        self._ledger, self._largest = ledger, largest
        self._version = version
        self._wsdl = wsdl
        self._schema = schema_of(wsdl)
        self._encoding = encoding
        self._operations = operations
        self._authenticate = authenticate
        self._board = board

    async def answer(self, request: Request) -> Response:
        if request.method == "GET":
            if "wsdl" not in {name.lower() for name in request.query_params}:
                return Response("Add ?wsdl for the contract, or POST a SOAP request.", 404, media_type="text/plain")
            return Response(self._wsdl, media_type="text/xml; charset=utf-8")
        if not request.headers.get("content-type", "").startswith(self._version.media_type):
            return Response(f"Send {self._version.media_type}.", 415, media_type="text/plain")
        body = await request.body()
        try:
            response = self._reply(request, body)
        except Fault as fault:
            return self._fault(fault)
        except Failed as failed:
            assert self._ledger is not None
            return await self._ledger.failed(request, failed)
        except Rejected as rejected:
            return self._fault(_refusal(self._version.sender, rejected))
        return response if self._ledger is None else await self._ledger.answer(request, response)

    def _reply(self, request: Request, body: bytes) -> Response:
        version = self._version
        header, child = self._open(body)
        if refusal := self._authenticate(request, header):
            return refusal
        switches: Switches = request.scope["switches"]
        if switches.fault:
            raise Fault(version.receiver, "Internal error (simulated).")
        name = etree.QName(child).localname
        if name not in self._operations:
            raise Fault(version.sender, f"Unknown operation {name}; there are {', '.join(self._operations)}.")
        try:
            self._schema.assertValid(child)
        except etree.DocumentInvalid as error:
            raise Fault(version.sender, f"The request is not valid: {error}") from error
        reply = self._operations[name](child, switches)
        self._board.answered[name] += 1
        return self._envelope(reply, 200)

    def _open(self, body: bytes) -> tuple[etree._Element | None, etree._Element]:
        version = self._version
        if len(body) > self._largest:
            raise Fault(version.sender, "The request is too large.")
        try:
            envelope = parse(body)
        except ValueError as error:
            raise Fault(version.sender, f"The request is not XML: {error}") from error
        if envelope.tag != version.name("Envelope"):
            raise Fault(f"{{{version.namespace}}}VersionMismatch", f"Expected {version.name('Envelope')}.")
        children = envelope.findall(f"{version.name('Body')}/*")
        if len(children) != 1:
            raise Fault(version.sender, "The Body must have exactly one element.")
        return envelope.find(version.name("Header")), children[0]

    def _envelope(self, child: etree._Element, status: int) -> Response:
        version = self._version
        envelope = etree.Element(version.name("Envelope"), nsmap={"soap": version.namespace})
        etree.SubElement(envelope, version.name("Body")).append(child)
        etree.cleanup_namespaces(envelope, keep_ns_prefixes=["soap", "code"])
        return Response(
            etree.tostring(envelope, xml_declaration=True, encoding=self._encoding),
            status,
            {"Content-Type": f"{version.media_type}; charset={self._encoding}"},
        )

    def _fault(self, fault: Fault) -> Response:
        version = self._version
        own = version.namespace
        code = etree.QName(fault.code if fault.code.startswith("{") else f"{{{own}}}{fault.code}")
        element = etree.Element(version.name("Fault"), nsmap={"soap": own, "code": str(code.namespace)})
        qname = f"{'soap' if code.namespace == own else 'code'}:{code.localname}"
        if version is SOAP_11:
            etree.SubElement(element, "faultcode").text = qname
            etree.SubElement(element, "faultstring").text = fault.reason
            detail_name = "detail"
        else:
            outer = etree.SubElement(element, version.name("Code"))
            # A code of our own is a subcode of the sender's: the list of outer codes is closed.
            outer_code = qname if code.namespace == own else f"soap:{version.sender}"
            etree.SubElement(outer, version.name("Value")).text = outer_code
            if code.namespace != own:
                subcode = etree.SubElement(outer, version.name("Subcode"))
                etree.SubElement(subcode, version.name("Value")).text = qname
            reason = etree.SubElement(etree.SubElement(element, version.name("Reason")), version.name("Text"))
            reason.text = fault.reason
            reason.set(_LANG, "en")
            detail_name = version.name("Detail")
        if fault.detail is not None:
            etree.SubElement(element, detail_name).append(fault.detail)
        blames_caller = version is SOAP_12 and code.localname not in {version.receiver, "VersionMismatch"}
        return self._envelope(element, 400 if blames_caller else 500)


def _refusal(code: str, rejected: Rejected) -> Fault:
    """As a back office says which field it does not like: in the detail, in no namespace."""
    detail = etree.Element("Neispravno")
    etree.SubElement(detail, "Polje").text = rejected.field
    etree.SubElement(detail, "Poruka").text = rejected.text
    return Fault(code, rejected.text, detail)
