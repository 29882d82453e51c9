"""/payments/{gateway}/return and /notify: what browsers and gateways bring, exactly as it came.

A return never pays: it leads the browser to the page of its payment, and has the gateway asked. A notification is kept
before it is understood; how it is answered is the gateway's way.
"""

from __future__ import annotations

import asyncio
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Path, Request
from fastapi.responses import RedirectResponse
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from hub.back_offices.model import Town
from hub.gateways.model import Incoming
from hub.kernel.errors import MalformedRequest
from portal_api.login import cookies
from portal_api.login.failures import PageRoute
from portal_api.login.forms import path_of, read_body
from portal_api.login.languages import catalogues
from portal_api.login.pages import language_of
from portal_api.payments import pages
from portal_api.requests import AtTown, hub_of

LARGEST = 128 * 1024
"""Bytes of a message: the largest there are, encrypted XML of an order with its products, have some 20 KB."""

PATIENCE = 20.0
"""Seconds in which a message must have come."""

_MOST_FIELDS = 100
_FORM = "application/x-www-form-urlencoded"

browser = APIRouter(prefix="/payments", route_class=PageRoute, include_in_schema=False)
machine = APIRouter(prefix="/payments", include_in_schema=False)

Gateway = Annotated[str, Path(max_length=60)]


@browser.get("/{gateway}/return")
@browser.get("/{gateway}/return/{language}")
async def return_from_gateway(request: Request, town: AtTown, gateway: Gateway) -> Response:
    return await _returned(request, town, gateway)


@browser.post("/{gateway}/return")
@browser.post("/{gateway}/return/{language}")
async def return_from_gateway_by_post(request: Request, town: AtTown, gateway: Gateway) -> Response:
    """From another site, without cookies: nothing here looks at one."""
    return await _returned(request, town, gateway)


@machine.post("/{gateway}/notify")
async def hear_gateway(request: Request, town: AtTown, gateway: Gateway) -> Response:
    """Any content type. The answer is the gateway's way to be told that its message was kept, or is none of it."""
    message = await _incoming(request, town)
    answer = await hub_of(request).gateways.notified(town, gateway, message)
    return Response(answer.body, answer.status, media_type=answer.media_type)


async def _returned(request: Request, town: Town, gateway: str) -> Response:
    """The language of the page from which she went is in the address that the gateway was given."""
    hub, language = hub_of(request), request.path_params.get("language", "")
    known = language in catalogues()
    payment_id = await hub.gateways.returned(town, gateway, await _incoming(request, town))
    if payment_id is None:
        shown = language if known and "lang" not in request.query_params else language_of(request, town)
        return pages.page(request, town, shown, "somewhere.html")
    path = cookies.base(request, town) + await hub.gateways.page_path(town, payment_id)
    return RedirectResponse(path + (f"&lang={language}" if known else ""), 303)


async def _incoming(request: Request, town: Town) -> Incoming:
    """Raises TooLarge, and MalformedRequest for what did not come whole or in time."""
    try:
        async with asyncio.timeout(PATIENCE):
            body = await read_body(request, LARGEST)
    except (TimeoutError, ClientDisconnect):
        raise MalformedRequest(f"The message did not come within {PATIENCE:.0f} seconds.") from None
    query = request.scope["query_string"].decode("latin-1")
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return Incoming(
        method=request.method,
        url=f"{town.address}{path_of(request, town)}" + (f"?{query}" if query else ""),
        headers={name.lower(): value for name, value in request.headers.items()},
        body=body,
        query=_fields(query),
        form=_fields(body.decode("utf-8", errors="replace")) if media_type == _FORM else {},
    )


def _fields(text: str) -> dict[str, str]:
    """Nothing where a name comes twice or there are too many: readers differ on which one counts."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError:
        return {}
    fields = dict(pairs)
    return fields if len(fields) == len(pairs) else {}
