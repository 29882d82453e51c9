"""What reads have in common: JSON in the language of the reader, with an ETag of its content; and its documentation."""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import orjson
from fastapi import Request
from fastapi.responses import Response

from hub.authorisation import HEADER
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


READER: dict[str, Any] = {"parameters": _HEADERS_OF_A_READER}
"""Documentation of an operation that `answer` answers."""


def answer(request: Request, reader: Reader, content: Any) -> Response:
    """JSON with an ETag of its content; 304 where the client has just that."""
    body = orjson.dumps(content)
    etag = f'"{blake2b(body, digest_size=12).hexdigest()}"'
    headers = {
        "ETag": etag,
        "Cache-Control": "private, no-cache",
        "Vary": f"Accept-Language, Authorization, {HEADER}",
        "Content-Language": reader.language,
    }
    had = request.headers.get("if-none-match")
    if had and etag in (tag.strip().removeprefix("W/") for tag in had.split(",")):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type="application/json", headers=headers)
