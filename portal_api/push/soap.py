"""POST /push/v1/soap: where back offices push by SOAP 1.1 or 1.2; GET gives the contract (`?wsdl`, `?xsd`).

A call answers when all of its items are kept, with a receipt for each. An item that breaks the contract is refused in
its receipt and kept as a dead letter, the others are accepted; where nothing of a call can be accepted it is a fault,
whose detail names for each place the field, what is wrong, and what to write.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from lxml import etree

from hub.intake import soap_call, soap_contract
from hub.intake.cloudevents import UnreadableBody
from hub.intake.keeping import Kept
from hub.intake.soap_call import SOAP_11, SOAP_12, Item
from hub.intake.soap_contract import NAMESPACE, Misfit
from hub.kernel.errors import MalformedRequest, UnsupportedMedia
from hub.kernel.ids import public_id
from hub.kit.one_thread import OneThread
from portal_api.envelope import outward_path
from portal_api.errors import responses
from portal_api.push.door import LARGEST, AsBackOffice, DoorRoute, Pushing, body_of
from portal_api.requests import AtTown

router = APIRouter(tags=["push"], route_class=DoorRoute)

_TYPES = {SOAP_11: "text/xml", SOAP_12: "application/soap+xml"}
_CONTRACT: dict[int | str, dict[str, Any]] = {
    200: {"description": "The WSDL, or with `?xsd` its schema", "content": {"text/xml": {"schema": {"type": "string"}}}}
}
_ENVELOPE = {"schema": {"type": "string"}, "example": "<soap:Envelope …>"}
_ENVELOPES = {media_type: {"schema": {"type": "string"}} for media_type in _TYPES.values()}
_REFUSED = responses(400, 401, 403, 404, 408, 409, 413, 415, 429)
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Everything that keeps the contract is kept", "content": _ENVELOPES},
    # A fault of SOAP 1.1 has the status 500, whosever the fault is.
    **{status: {**_REFUSED[status], "content": {**_REFUSED[status]["content"], **_ENVELOPES}} for status in (400, 500)},
}


@router.get(
    "/soap", summary="The contract of the SOAP door", response_class=Response, responses={**responses(404), **_CONTRACT}
)
async def read_soap_contract(request: Request, town: AtTown) -> Response:
    """`?wsdl` (and without anything) gives the WSDL, `?xsd` the schema it imports."""
    asked = {name.lower() for name in request.query_params}
    address = f"{town.address}/push/v1/soap"
    if request.url.hostname in {"127.0.0.1", "localhost", "::1"} and not town.city.live:
        # On a developer's machine the contract names the address it was asked at.
        address = f"{request.url.scheme}://{request.url.netloc}{outward_path(request.scope)}"
    content = soap_contract.xsd() if "xsd" in asked else soap_contract.wsdl(address)
    return Response(content, media_type="text/xml", headers={"Cache-Control": "public, max-age=300"})


@router.post(
    "/soap",
    summary="Push records by SOAP",
    response_class=Response,
    responses={**_REFUSED, **_ANSWERS},
    openapi_extra={
        "requestBody": {"required": True, "content": {"text/xml": _ENVELOPE, "application/soap+xml": _ENVELOPE}}
    },
)
async def push_soap(request: Request, pushing: AsBackOffice) -> Response:
    """Document/literal, one operation, `push`; the WSDL is at `?wsdl`. Faults are SOAP faults; who may not come in gets
    a problem, as everywhere.
    """
    given = request.headers.get("content-type", "")
    media_type = given.partition(";")[0].strip().lower()
    if media_type not in _TYPES.values():
        raise UnsupportedMedia(
            f"Send text/xml (SOAP 1.1) or application/soap+xml (1.2); this was {media_type[:100]!r}."
        )
    body = await body_of(request, pushing)
    async with pushing.turn():
        return await _taken(pushing, body, given, media_type)


async def _taken(pushing: Pushing, body: bytes, given: str, media_type: str) -> Response:
    """The answer to an envelope of this content type, as `given` and without its parameters."""
    version = SOAP_12 if media_type == _TYPES[SOAP_12] else SOAP_11
    hub, city_id, office = pushing.hub, pushing.town.city.id, pushing.back_office.back_office
    try:
        # Beside the loop, so that nobody waits for a long one to be compared with the contract.
        with OneThread("call") as thread:
            root = await thread.run(soap_call.parse, body, _charset(given), LARGEST)
            version = soap_call.version_of(root)
            items = await thread.run(soap_call.items_of, root, version)
    except soap_call.OtherVersion:
        return _fault(
            version, "VersionMismatch", "The envelope is of no version of SOAP that is spoken here: 1.1 or 1.2."
        )
    except soap_call.NotUnderstood as header:
        return _fault(
            version, "MustUnderstand", f"The header {str(header)[:60]!r} is not understood here: leave it out."
        )
    except UnreadableBody as fault:
        error: MalformedRequest = await hub.intake.keep_unreadable(city_id, office, body, media_type, str(fault))
        return _fault(version, "Client", error.detail)
    pieces = [item.piece for item in items]
    kept = await hub.intake.keep(city_id, office, pieces, reason="breaks_contract", signed=pushing.signed)
    items = [
        replace(item, misfits=(soap_call.id_used(item),)) if letter is not None and not item.misfits else item
        for item, letter in zip(items, kept.letters, strict=True)
    ]
    if all(item.misfits for item in items):
        first = items[0].misfits[0]
        more = sum(len(item.misfits) for item in items) - 1
        text = f"{first}" + (f" And {more} more." if more else "")
        numbered = [(number, item) for number, item in enumerate(items, 1)]
        return _fault(version, "Client", text, [(number, one) for number, item in numbered for one in item.misfits])
    return _answer(version, 200, _receipts(items, kept))


def _charset(content_type: str) -> str | None:
    _, _, parameters = content_type.partition(";")
    for one in parameters.split(";"):
        name, _, value = one.partition("=")
        if name.strip().lower() == "charset":
            return value.strip().strip("\"'") or None
    return None


def _receipts(items: Sequence[Item], kept: Kept) -> etree._Element:
    answer = etree.Element(f"{{{NAMESPACE}}}pushResponse", nsmap={"p": NAMESPACE})
    for number, (item, message, letter) in enumerate(zip(items, kept.messages, kept.letters, strict=True), 1):
        result = "refused" if item.misfits else "duplicate" if message is None else "accepted"
        receipt = etree.SubElement(answer, f"{{{NAMESPACE}}}receipt", item=str(number), result=result)
        if item.id is not None:
            receipt.set("id", item.id)
        if letter is not None:
            etree.SubElement(receipt, f"{{{NAMESPACE}}}deadLetter").text = public_id("dlt", letter)
        for misfit in item.misfits:
            _add_misfit(receipt, misfit, misfit.place)
    return answer


def _add_misfit(parent: etree._Element, misfit: Misfit, place: str) -> None:
    element = etree.SubElement(parent, f"{{{NAMESPACE}}}misfit")
    for name, value in (
        ("field", misfit.field),
        ("place", place),
        ("line", str(misfit.line)),
        ("reason", misfit.reason),
        ("write", misfit.write),
    ):
        etree.SubElement(element, f"{{{NAMESPACE}}}{name}").text = value


def _fault(version: str, code: str, text: str, misfits: Sequence[tuple[int, Misfit]] = ()) -> Response:
    """SOAP 1.1 §4.4 and 1.2 part 1 §5.4; statuses by 1.1 §6.2 (500) and 1.2 part 2 §7.5.2.2 (400 for Sender)."""
    detail = etree.Element(f"{{{NAMESPACE}}}misfits", nsmap={"p": NAMESPACE})
    for number, misfit in misfits:
        _add_misfit(detail, misfit, f"item[{number}].{misfit.place}")
    if version == SOAP_12:
        fault = etree.Element(f"{{{SOAP_12}}}Fault", nsmap={"soap": SOAP_12})
        named = etree.SubElement(etree.SubElement(fault, f"{{{SOAP_12}}}Code"), f"{{{SOAP_12}}}Value")
        named.text = f"soap:{'Sender' if code == 'Client' else code}"
        reason = etree.SubElement(etree.SubElement(fault, f"{{{SOAP_12}}}Reason"), f"{{{SOAP_12}}}Text")
        reason.set("{http://www.w3.org/XML/1998/namespace}lang", "en")
        reason.text = text
        holder = f"{{{SOAP_12}}}Detail"
        status = 400 if code == "Client" else 500
    else:
        fault = etree.Element(f"{{{SOAP_11}}}Fault", nsmap={"soap": SOAP_11})
        etree.SubElement(fault, "faultcode").text = f"soap:{code}"
        etree.SubElement(fault, "faultstring").text = text
        holder, status = "detail", 500
    if misfits:
        etree.SubElement(fault, holder).append(detail)
    return _answer(version, status, fault)


def _answer(version: str, status: int, content: etree._Element) -> Response:
    envelope = etree.Element(f"{{{version}}}Envelope", nsmap={"soap": version})
    etree.SubElement(envelope, f"{{{version}}}Body").append(content)
    body = etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
    return Response(body, status_code=status, media_type=f"{_TYPES[version]}; charset=utf-8")
