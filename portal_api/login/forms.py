"""Forms that browsers send us: read within bounds, and known to be drawn by us for this browser.

Every form of ours carries `form`, an HMAC of its path by the browser's cookie: another site can make a browser send a
form, and can neither read that cookie nor make one of ours where it is `__Host-`.
"""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import parse_qsl

from fastapi import Request

from hub.back_offices.model import Town
from hub.kernel.errors import Forbidden, MalformedRequest, TooLarge, UnsupportedMedia
from portal_api.login import cookies

LARGEST_ANSWER = 512 * 1024
"""Bytes of an eID's answer: a signed and encrypted SAML response with a long certificate chain has some 60 KB."""

LARGEST_FORM = 16 * 1024
_MOST_FIELDS = 50


def form_token(browser: str, path: str) -> str:
    """`path` is below the town's address, such as `/login/password`."""
    return hmac.new(browser.encode(), path.encode(), hashlib.sha256).hexdigest()


def path_of(request: Request, town: Town) -> str:
    """The path that was asked, below the town's address."""
    path: str = request.scope["path"]
    return path.removeprefix(f"/{town.city.slug}")


async def check_form(request: Request, town: Town) -> dict[str, str]:
    """The fields of a form that we drew for this browser and this path.

    Raises Forbidden for any other, MalformedRequest, TooLarge and UnsupportedMedia.
    """
    fields = await read_form(request, LARGEST_FORM)
    browser = cookies.browser_of(request, town)
    site = request.headers.get("sec-fetch-site", "same-origin")
    expected = form_token(browser or "", path_of(request, town))
    ours = hmac.compare_digest(expected.encode(), fields.get("form", "").encode())
    if browser is None or not ours or site != "same-origin":
        raise Forbidden("This form was not drawn for this browser.")
    return fields


async def read_form(request: Request, largest: int) -> dict[str, str]:
    """The fields of an urlencoded body; a name that comes twice is refused: readers differ on which one counts."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/x-www-form-urlencoded":
        raise UnsupportedMedia("Send application/x-www-form-urlencoded.")
    return fields_of((await read_body(request, largest)).decode("utf-8", errors="replace"))


async def read_body(request: Request, largest: int) -> bytes:
    """Raises TooLarge."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > largest:
            raise TooLarge(f"At most {largest} bytes are read here.")
    return bytes(body)


def fields_of(text: str) -> dict[str, str]:
    """Fields of a form or a query. Raises MalformedRequest."""
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise MalformedRequest("There are too many fields.") from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise MalformedRequest("A field comes more than once.")
    if "\0" in "".join(fields.values()):
        raise MalformedRequest("A field has a character that no text has.")
    return fields
