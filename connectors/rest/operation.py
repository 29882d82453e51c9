"""Compiles the `call:` of a delivery's step: one request that changes something, or asks what became of one.

call:
  request: POST /api/v1/predmeti/{number}/prilozi     # names in braces are taken from the values
  body: multipart                                     # json (the default), form, multipart; the other values
  key_header: Idempotency-Key                         # our key goes there
  headers: { Accept-Language: hr }
  not_found: empty                                    # 404 and 204 are an answer: there is no such thing
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, ValidationError

from connectors.rest.bodies import BODIES, Body, text
from connectors.rest.complaints import refuse
from connectors.rest.documents import read_document
from connectors.rest.settings import Headers, constant_headers
from connectors.rest.source import configuration_error, fill_path
from hub.kernel.errors import ConfigurationError, InvalidRequest, RemoteFault, RemoteGarbage
from hub.kit.http import Http, Reply
from hub.ports.back_office import Page

_REQUEST = re.compile(r"(GET|POST|PUT|PATCH|DELETE) (/[^\s?#]*)(?:\?([^\s?#]+))?")
_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_WITHOUT_BODY = frozenset({"GET", "DELETE"})


def _header_name(name: str) -> str:
    constant_headers({name: ""})
    return name


class _Call(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    request: str
    body: Literal["json", "form", "multipart"] = "json"
    headers: Headers = {}
    key_header: Annotated[str, AfterValidator(_header_name)] | None = None
    not_found: Literal["empty", "fault"] = "fault"


@dataclass(frozen=True, slots=True)
class RestOperation:
    """`shown` is the path as the file writes it, without identifiers; `query` its pairs, still with placeholders."""

    http: Http
    base_url: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    body: Callable[[Mapping[str, Any]], Body] | None
    headers: Mapping[str, str]
    key_header: str | None
    not_found_is_empty: bool

    async def send(self, values: Mapping[str, Any], *, key: str) -> Page:
        """See hub.ports.back_office.RemoteOperation. A reply without a body has the document None.

        Raises InvalidRequest naming the value that is missing or has no place in the request.
        """
        path = fill_path(self.path, values)
        query = [(name, _PLACEHOLDER.sub(lambda found: _filled(found[1], values), one)) for name, one in self.query]
        named = {name for one in (self.path, *(one for _, one in self.query)) for name in _PLACEHOLDER.findall(one)}
        rest = {name: value for name, value in values.items() if name not in named}
        headers = dict(self.headers)
        if self.key_header is not None:
            headers[self.key_header] = key
        content = None
        if self.body is not None:
            content, headers["content-type"] = self.body(rest)
        else:
            query += [
                (name, text(one, name))
                for name, value in rest.items()
                for one in (value if isinstance(value, list) else [value])
                if one is not None
            ]
        reply = await self.http.send(
            self.method,
            self.base_url + path,
            headers=headers,
            params=query,
            content=content,
            repeatable=False,
            shown=self.path,
        )
        if self.not_found_is_empty and reply.status == 404:
            _refuse_web_page(reply)
            return Page(None, b"", reply.media_type)
        refuse(reply)
        empty = not reply.content.strip()
        if empty and self.method == "GET" and not (self.not_found_is_empty and reply.status == 204):
            # An answer without a body to a question: "nothing there" is not to be read out of it.
            raise RemoteGarbage(f"{reply.method} {reply.url} answered {reply.status} with nothing in it.")
        document = None if empty else read_document(reply)
        return Page(document, reply.content, reply.media_type)


def compile_operation(call: Mapping[str, Any], http: Http, base_url: str, headers: Mapping[str, str]) -> RestOperation:
    """Raises ConfigurationError naming the key and what may stand there. `headers` go with every request."""
    try:
        checked = _Call.model_validate(dict(call))
    except ValidationError as error:
        raise configuration_error(error, "", _Call) from None
    if not (match := _REQUEST.fullmatch(checked.request)):
        remedy = "Write a method and a path, such as POST /cases/{number}/documents or GET /cases?key={key}."
        raise ConfigurationError(f"{checked.request!r} is not a request", key="request", remedy=remedy)
    method, path, query = match.groups()
    if re.search(r"[{}]", _PLACEHOLDER.sub("", checked.request)):
        remedy = "Write placeholders as {name}: letters, digits and underscores."
        raise ConfigurationError(
            f"{checked.request!r} has a brace that is no placeholder", key="request", remedy=remedy
        )
    if method in _WITHOUT_BODY and "body" in checked.model_fields_set:
        remedy = "Leave body out: what is not in the path goes into the query."
        raise ConfigurationError(f"{method} has no body", key="body", remedy=remedy)
    pairs = [one.partition("=") for one in (query or "").split("&") if one]
    return RestOperation(
        http=http,
        base_url=base_url,
        method=method,
        path=path,
        query=tuple((name, value) for name, _, value in pairs),
        body=None if method in _WITHOUT_BODY else BODIES[checked.body],
        headers=dict(headers) | dict(checked.headers),
        key_header=checked.key_header,
        not_found_is_empty=checked.not_found == "empty",
    )


def _filled(name: str, values: Mapping[str, Any]) -> str:
    if values.get(name) is None:
        raise InvalidRequest(f"There is no value for {{{name}}} in the request.", field=name)
    return text(values[name], name)


def _refuse_web_page(reply: Reply) -> None:
    """A web server's own page says that the path is wrong. Taken as "nothing there" it has things done twice."""
    if reply.media_type == "text/html":
        detail = f"{reply.method} {reply.url} answered 404 with a page; are base_url and request right?"
        raise RemoteFault(detail, reached=True)
