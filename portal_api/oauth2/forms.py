"""Parameters as OAuth sends them, and refusals as OAuth words them (RFC 6749 §3.2, §5.2, appendix B)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode

import orjson
from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse, Response

from hub.back_offices.model import Town
from hub.grants import assertions
from hub.grants.clients import Registered
from hub.grants.model import OAuthError
from portal_api.requests import hub_of

LARGEST = 64 * 1024
"""Bytes of a form; the largest thing in one is a token."""

_MOST_FIELDS = 50
_MEDIA_TYPE = "application/x-www-form-urlencoded"
# RFC 6749 appendix A.7, A.8: what an error_description may hold.
_UNSPEAKABLE = re.compile(r'[^\x20-\x7e]|["\\]')
NO_STORE = {"Cache-Control": "no-store", "Pragma": "no-cache"}


def pairs(text: str) -> list[tuple[str, str]]:
    """The parameters of a query or a form. Raises OAuthError for more than anybody needs."""
    try:
        return parse_qsl(text, keep_blank_values=True, max_num_fields=_MOST_FIELDS)
    except ValueError as error:
        raise OAuthError("invalid_request", f"There are more than {_MOST_FIELDS} parameters.") from error


def query(request: Request) -> list[tuple[str, str]]:
    return pairs(request.scope["query_string"].decode("latin-1"))


async def form(request: Request) -> list[tuple[str, str]]:
    """The parameters of the body. Raises OAuthError for one that is no form, or too large."""
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type != _MEDIA_TYPE:
        raise OAuthError("invalid_request", f"Send the parameters as {_MEDIA_TYPE}.")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise OAuthError("invalid_request", f"The form has more than {LARGEST} bytes.")
    try:
        return pairs(body.decode("ascii"))
    except UnicodeDecodeError as error:
        raise OAuthError("invalid_request", "The form is not percent-encoded.") from error


def once(parameters: Sequence[tuple[str, str]]) -> dict[str, str]:
    """By name; those without a value are as if they were not there. Raises OAuthError for one that is given twice."""
    given: dict[str, str] = {}
    seen: set[str] = set()
    for name, value in parameters:
        if name in seen:
            raise OAuthError("invalid_request", f"{name[:40]} is given twice.")
        seen.add(name)
        if value:
            given[name] = value
    return given


def needed(given: Mapping[str, str], name: str) -> str:
    if name not in given:
        raise OAuthError("invalid_request", f"{name} is missing.")
    return given[name]


async def client_of(request: Request, town: Town, given: Mapping[str, str]) -> Registered:
    """Who sent this form: client_secret_basic, client_secret_post, private_key_jwt or none (RFC 6749 §2.3.1, RFC 7523
    §2.2). Raises OAuthError.
    """
    client_id, secret = given.get("client_id"), given.get("client_secret")
    scheme, _, credentials = request.headers.get("authorization", "").partition(" ")
    if "client_assertion" in given or "client_assertion_type" in given:
        if scheme or secret is not None:
            raise OAuthError("invalid_request", "Authenticate in one way only.")
        if given.get("client_assertion_type") != assertions.KIND:
            raise OAuthError("invalid_client", f"client_assertion_type must be {assertions.KIND}.")
        return await hub_of(request).grants.signing_client(town, client_id, needed(given, "client_assertion"))
    if scheme:
        if scheme.lower() != "basic":
            raise OAuthError("invalid_client", "Authenticate with HTTP Basic or with client_secret.")
        if secret is not None:
            raise OAuthError("invalid_request", "Authenticate in one way only.")
        named, secret = _basic(credentials)
        if client_id not in {None, named}:
            raise OAuthError("invalid_request", "client_id is another one than in the Authorization header.")
        client_id = named
    return hub_of(request).grants.client(town, client_id, secret)


def _basic(credentials: str) -> tuple[str, str]:
    """Both parts are form-encoded before they are joined (RFC 6749 §2.3.1), which most secrets look the same by."""
    try:
        text = base64.b64decode(credentials.strip(), validate=True).decode("ascii")
    except (binascii.Error, ValueError) as error:
        raise OAuthError("invalid_client", "The Authorization header cannot be read.") from error
    client_id, mark, secret = text.partition(":")
    if not mark:
        raise OAuthError("invalid_client", "The Authorization header cannot be read.")
    return unquote_plus(client_id), unquote_plus(secret)


def answer(content: Mapping[str, Any], status: int = 200, **headers: str) -> Response:
    """JSON that nobody keeps."""
    return Response(orjson.dumps(content), status, {**NO_STORE, **headers}, media_type="application/json")


def go(
    address: str, parameters: Mapping[str, str | None] | Sequence[tuple[str, str]] | None = None
) -> RedirectResponse:
    """To an address with these parameters added to its query; 303 leaves a form behind (RFC 9700 §4.12)."""
    named = parameters.items() if isinstance(parameters, Mapping) else parameters or ()
    given = [(name, value) for name, value in named if value is not None]
    joined = f"{address}{'&' if '?' in address else '?'}{urlencode(given)}" if given else address
    answer_ = RedirectResponse(joined, 303, NO_STORE)
    # As it was registered and compared: Starlette would write some characters of it otherwise.
    answer_.headers["location"] = joined
    return answer_


def install(app: FastAPI) -> None:
    """How a front end that asks without a browser is told of a refusal."""

    async def refused(_: Request, error: Exception) -> Response:
        assert isinstance(error, OAuthError)
        headers = {}
        if error.status == 401:
            headers["WWW-Authenticate"] = 'Basic realm="OpenID provider", charset="UTF-8"'
        return answer({"error": error.error, "error_description": speakable(error.detail)}, error.status, **headers)

    app.add_exception_handler(OAuthError, refused)


def speakable(text: str) -> str:
    return _UNSPEAKABLE.sub("'", text)
