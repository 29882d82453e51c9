"""The one table from the hub's errors to HTTP problems (RFC 9457), and their place in the OpenAPI.

A problem's `type` is `urn:munihub:problem:<code>` and stable; `detail` is one English sentence that says what to do.
Nothing of ours, no stack and no configuration, is told to a caller.
"""

from __future__ import annotations

from typing import Any

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.routing import iter_route_contexts
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.routing import compile_path

from hub.kernel import errors

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"

STATUS: dict[type[errors.HubError], int] = {
    errors.MalformedRequest: 400,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.LoginRefused: 403,
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Gone: 410,
    errors.TooLarge: 413,
    errors.UnsupportedMedia: 415,
    errors.InvalidRequest: 422,
    errors.TooManyRequests: 429,
    errors.NotReady: 503,
}

_TITLES = {
    400: "The request cannot be read",
    401: "A valid access token is needed",
    403: "Not allowed",
    404: "Not found",
    405: "This address does not do that",
    408: "The request did not come in time",
    409: "That contradicts the present state",
    410: "No longer there",
    413: "Too large",
    415: "That content type is not read here",
    422: "A value is missing or wrong",
    429: "Too many requests",
    500: "The hub made a mistake",
    503: "Not right now",
}
_CODES = {
    404: "not_found",
    405: "method_not_allowed",
    408: "request_timeout",
    413: "too_large",
    415: "unsupported_media",
    500: "hub_error",
}
_HEADERS = {
    401: {"WWW-Authenticate": "how to authenticate (RFC 6750)"},
    429: {"Retry-After": "seconds after which to try again"},
    503: {"Retry-After": "seconds after which to try again"},
}


class Fault(BaseModel):
    """One wrong value."""

    at: str = Field(description="where: query.limit, path.obligation_id, body.…", examples=["query.limit"])
    detail: str = Field(examples=["Input should be less than or equal to 100"])


class Problem(BaseModel):
    """RFC 9457. `type` is stable: decide by it, never by the texts."""

    type: str = Field(examples=["urn:munihub:problem:not_found"])
    title: str = Field(examples=["Not found"])
    status: int = Field(examples=[404])
    detail: str = Field(examples=["There is no such obligation in this account."])
    faults: list[Fault] | None = Field(default=None, description="wrong values, where there are several")


def responses(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Documentation of the problems a route can answer; 500 and 503 are everywhere."""
    return {
        status: {
            "description": _TITLES[status],
            "headers": {
                name: {"description": text, "required": True, "schema": {"type": "string"}}
                for name, text in _HEADERS.get(status, {}).items()
            },
            "content": {
                MEDIA_TYPE: {
                    "schema": {"$ref": "#/components/schemas/Problem"},
                    "example": {
                        "type": f"urn:munihub:problem:{_code(status)}",
                        "title": _TITLES[status],
                        "status": status,
                        "detail": f"{_TITLES[status]}.",
                    },
                }
            },
        }
        for status in sorted({*statuses, 500, 503})
    }


def _code(status: int) -> str:
    return next((kind.code for kind, value in STATUS.items() if value == status), _CODES.get(status, "error"))


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    headers: dict[str, str] | None = None,
    faults: list[Fault] | None = None,
) -> Response:
    body = Problem(
        type=f"urn:munihub:problem:{code}",
        title=_TITLES.get(status, "Error"),
        status=status,
        detail=detail,
        faults=faults,
    )
    return Response(
        orjson.dumps(body.model_dump(exclude_none=True)), status_code=status, media_type=MEDIA_TYPE, headers=headers
    )


def status_of(error: errors.HubError) -> int:
    return next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)


def of_hub_error(error: errors.HubError) -> Response:
    """A caller's mistake is explained to the caller; anything else is logged and only said to be so."""
    status = status_of(error)
    headers: dict[str, str] = {}
    if status == 401:
        headers["WWW-Authenticate"] = 'Bearer error="invalid_token"'
    if isinstance(error, errors.NotSureEnough):
        headers["WWW-Authenticate"] = f'Bearer error="{error.code}", acr_values="{error.acr}"'  # RFC 9470 §3
    if isinstance(error, errors.TooManyRequests):
        headers["Retry-After"] = str(error.retry_after)
    if status == 503:
        headers["Retry-After"] = "5"
    if status == 500:
        log.error("request_failed", error=type(error).__name__, detail=str(error))
        return of_a_mistake()
    faults = None
    if isinstance(error, errors.InvalidRequest) and error.field:
        faults = [Fault(at=error.field, detail=error.detail)]
    return problem(status, error.code, error.detail, headers=headers, faults=faults)


def of_a_mistake() -> Response:
    """What a caller is told of an error that is nobody's but ours."""
    return problem(500, "hub_error", "The hub could not answer. Its operator can see why.")


def _methods_of(request: Request) -> set[str]:
    """Of every route at that address: the one that was found first knows only its own (RFC 9110 §15.5.6)."""
    path: str = request.scope["path"]
    routes = iter_route_contexts(request.app.routes)
    found = set().union(*(one.methods or () for one in routes if compile_path(one.path or "")[0].match(path)))
    return found | ({"HEAD"} if "GET" in found else set())


def install(app: FastAPI) -> None:
    """Every way a request can be refused ends in a problem; what nobody foresaw is caught by the envelope."""

    async def hub_error(_: Request, error: Exception) -> Response:
        assert isinstance(error, errors.HubError)
        return of_hub_error(error)

    async def invalid(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        faults = [Fault(at=".".join(map(str, one["loc"])), detail=str(one["msg"])) for one in error.errors()]
        return problem(422, "invalid_request", f"{faults[0].at}: {faults[0].detail}.", faults=faults)

    async def http(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        title = _TITLES.get(error.status_code, "Error")
        headers = dict(error.headers or {})
        if error.status_code == 405:
            headers["Allow"] = ", ".join(sorted(_methods_of(request)))
        return problem(error.status_code, _code(error.status_code), f"{title}.", headers=headers)

    app.add_exception_handler(errors.HubError, hub_error)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)
