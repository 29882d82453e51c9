"""The server side of a JSON API, as far as a simulator needs it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulators.kit.switches import Switches


def bearer_refusal(request: Request, accepts: Callable[[str], bool]) -> Response | None:
    """The answer to a request without an accepted bearer token (RFC 6750 §3); None where it has one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return unauthorized("Bearer")
    if not accepts(token.strip()):
        return unauthorized('Bearer error="invalid_token"')
    return None


def problem(status: int, code: str, text: str) -> Response:
    """An error as RFC 9457 writes it; `code` is for programs."""
    body = {"type": "about:blank", "status": status, "code": code, "title": text}
    return JSONResponse(body, status, media_type="application/problem+json")


def simulated_fault(request: Request) -> Response | None:
    """The answer while the switch `fault` is on."""
    switches: Switches = request.scope["switches"]
    return problem(500, "internal_error", "Internal error (simulated).") if switches.fault else None


def whole_number(request: Request, name: str, default: int, largest: int) -> int:
    """A positive query parameter, at most `largest`; `default` where it is missing or is no such number."""
    text = request.query_params.get(name, "")
    return min(int(text), largest) if text.isascii() and text.isdigit() and int(text) > 0 else default


def unauthorized(challenge: str) -> Response:
    """401 with a `WWW-Authenticate` of `challenge`."""
    answer = problem(401, "unauthorized", "A valid access token is needed.")
    answer.headers["WWW-Authenticate"] = challenge
    return answer


def spoil(item: dict[str, Any], how: str | None, field: str, renamed: str) -> dict[str, Any]:
    """`item` whose `field` has another name (`renamed`) or holds words (`mistyped`); unchanged for None."""
    if how == "renamed":
        return {(renamed if name == field else name): value for name, value in item.items()}
    return {**item, field: "neuvedeno"} if how == "mistyped" else item
