"""What every handler needs to know of a request: which town, who asks, in which language, from which page on."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass
from datetime import date
from hashlib import blake2b
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import Depends, Path, Query, Request
from fastapi.responses import Response
from pydantic import BeforeValidator, Field

from hub.back_offices.model import Town
from hub.hub import Hub
from hub.kernel.errors import Forbidden, InvalidRequest, NotFound, NotReady, Unauthenticated
from hub.tokens.service import AccessToken
from portal_api.envelope import BY_HOST
from portal_api.render import Reader

_HEADERS_OF_A_READER = [
    {
        "name": "Accept-Language",
        "in": "header",
        "description": "languages the reader wants, best first; the town's own where it has none of them",
        "schema": {"type": "string", "examples": ["hr, en;q=0.5"]},
    },
    {
        "name": "If-None-Match",
        "in": "header",
        "description": "ETag of the answer the client has",
        "schema": {"type": "string", "examples": ['"5f1d7a84db00c5ad1f1f0ab7"']},
    },
]

READ: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "As of now, in the reader's language",
        "headers": {
            "ETag": {"description": "changes with the content", "required": True, "schema": {"type": "string"}},
            "Content-Language": {
                "description": "the language of its texts",
                "required": True,
                "schema": {"type": "string", "examples": ["hr"]},
            },
        },
    },
    304: {"description": "The client has just that"},
}
"""Documentation of what `answer` answers."""


def bearer(scope: str, *, reads: bool = False) -> dict[str, Any]:
    """Documentation of an operation that needs a token with `scope` (role names: OpenAPI 3.1 §4.8.30)."""
    return {"security": [{"bearer": [scope]}], **({"parameters": _HEADERS_OF_A_READER} if reads else {})}


MOST_VALUES = 20
"""Values of one filter: each is a condition of the query."""

Slug = Annotated[str, Field(pattern=r"^[a-z0-9]+([_-][a-z0-9]+)*$", max_length=60)]
"""A name given in the town's configuration: of a payee, a back office."""


@dataclass(frozen=True, slots=True)
class Citizen:
    """A citizen's request. `subject_id` is who it is about, `reader` in which language it is answered."""

    hub: Hub
    town: Town
    subject_id: UUID
    reader: Reader


# Dependencies are asynchronous though they wait for nothing: FastAPI runs plain functions in another thread, and each
# such detour costs about as much as rendering an account.


def hub_of(request: Request) -> Hub:
    hub: Hub = request.app.state.hub
    return hub


TownSlug = Annotated[str, Path(description="the town's slug", examples=["pregrada"])]


async def town_of(request: Request, city: TownSlug) -> Town:
    """The town in the path. Raises NotFound, and NotReady for one whose configuration is broken."""
    hub = hub_of(request)
    town = hub.towns.by_slug.get(city)
    if town is None:
        if city in hub.towns.broken:
            raise NotReady("This town's configuration is being corrected. Its operator can see why.")
        raise NotFound(f"There is no town {city[:60]!r} here.")
    if town.city.live and town.city.hosts and request.scope.get(BY_HOST) != city:
        raise NotFound(f"This town answers at {town.city.hosts[0]}.")
    return town


AtTown = Annotated[Town, Depends(town_of)]


def token_of(request: Request, town: Town, scope: str) -> AccessToken:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise Unauthenticated("Send an access token: `Authorization: Bearer …`.")
    verified = hub_of(request).tokens.verify(token.strip(), town.city)
    if scope not in verified.scopes:
        raise Forbidden(f"The access token lacks the scope {scope!r}.")
    return verified


def citizen_with(scope: str) -> Any:
    """A dependency: the citizen of a token with `scope`."""

    # It asks for the slug and not for the town: one dependency is solved per request instead of two.
    async def citizen(request: Request, city: TownSlug) -> Citizen:
        town = await town_of(request, city)
        token = token_of(request, town, scope)
        if token.subject_id is None:
            raise Forbidden("The access token speaks for no citizen.")
        reader = Reader(town.city, request.headers.get("accept-language"))
        return Citizen(hub_of(request), town, token.subject_id, reader)

    return Depends(citizen)


def staff_with(scope: str) -> Any:
    """A dependency: the town, for staff whose token has `scope`."""

    async def staff(request: Request, city: TownSlug) -> Town:
        town = await town_of(request, city)
        token_of(request, town, scope)
        return town

    return Depends(staff)


def answer(request: Request, reader: Reader, content: Any) -> Response:
    """JSON with an ETag of its content; 304 where the client has just that."""
    body = orjson.dumps(content)
    etag = f'"{blake2b(body, digest_size=12).hexdigest()}"'
    headers = {
        "ETag": etag,
        "Cache-Control": "private, no-cache",
        "Vary": "Accept-Language, Authorization",
        "Content-Language": reader.language,
    }
    had = request.headers.get("if-none-match")
    if had and etag in (tag.strip().removeprefix("W/") for tag in had.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)


Cursor = Annotated[
    str | None, Query(max_length=300, description="`next_cursor` of the page before, with the same other parameters")
]
Limit = Annotated[int, Query(ge=1, le=100, description="rows of a page")]


def _written_out(value: object) -> object:
    # Pydantic would take `0` for the first second of 1970.
    if isinstance(value, str) and not re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        raise ValueError("write a date such as 2026-12-31")
    return value


CalendarDate = Annotated[date, BeforeValidator(_written_out)]
"""A date as RFC 3339 writes it (full-date), and no other way."""


def write_cursor(*parts: object) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([str(part) for part in parts])).decode().rstrip("=")


def read_cursor(text: str, length: int) -> list[str]:
    """The parts of a cursor. Raises InvalidRequest for one that is not ours."""
    try:
        parts = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        parts = None
    if not isinstance(parts, list) or len(parts) != length or not all(isinstance(part, str) for part in parts):
        raise InvalidRequest("This cursor is not one of ours: use `next_cursor` as it was given.", field="query.cursor")
    return parts
