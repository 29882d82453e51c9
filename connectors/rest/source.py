"""Compiles the `source:` of a mapping into requests.

request: GET /citizens/{oib}/cases        # placeholders are taken from the parameters
parameters: { oib: { alias: hr.oib }, since: { cursor: true } }
headers: { Accept-Language: hr }
pages: { page: page, last: meta.last_page }
not_found: empty
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import tzinfo
from decimal import Decimal
from difflib import get_close_matches
from typing import Annotated, Any, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from connectors.rest.pages import KINDS, OnePage, Pager
from connectors.rest.settings import Headers
from hub.kernel.errors import ConfigurationError, InvalidRequest
from hub.kit.parameters import compile_parameters
from hub.ports.back_office import Arguments

_REQUEST = re.compile(r"(GET|POST) (/[^\s?#]*)")
_PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_VERBS = frozenset({"alias", "cursor", "now", "record"})


class _Source(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    request: str
    parameters: dict[str, Any] = {}
    body: dict[str, Any] | None = None
    headers: Headers = {}
    pages: dict[str, Any] | None = None
    not_found: Annotated[Literal["empty", "fault"], Field()] = "fault"


@dataclass(frozen=True, slots=True)
class BoundRequest:
    """A request about somebody. `shown` is its path as the mapping writes it, without identifiers."""

    method: str
    path: str
    shown: str
    query: list[tuple[str, str]]
    body: dict[str, Any] | None

    def content(self, more: Mapping[str, str | int]) -> bytes | None:
        return None if self.body is None else json.dumps(self.body | dict(more)).encode()


@dataclass(frozen=True, slots=True)
class CompiledSource:
    bind: Callable[[Arguments], BoundRequest]
    pager: Pager
    headers: Mapping[str, str]
    not_found_is_empty: bool


def compile_source(source: Mapping[str, Any], *, timezone: tzinfo) -> CompiledSource:
    """Raises ConfigurationError naming the key and what may stand there."""
    try:
        checked = _Source.model_validate(dict(source))
    except ValidationError as error:
        raise configuration_error(error, "", _Source) from None
    if not (match := _REQUEST.fullmatch(checked.request)):
        remedy = "Write a method and a path, such as GET /citizens/{oib}/cases; a query belongs under parameters."
        raise ConfigurationError(f"{checked.request!r} is not a request", key="request", remedy=remedy)
    method, path = match.groups()
    placeholders = _PLACEHOLDER.findall(path)
    if re.search(r"[{}]", _PLACEHOLDER.sub("", path)):
        remedy = "Write placeholders as {name}: letters, digits and underscores."
        raise ConfigurationError(f"{path!r} has a brace that is no placeholder", key="request", remedy=remedy)
    for name in placeholders:
        if name not in checked.parameters:
            remedy = f"Add {name} to parameters, for example {name}: {{ alias: hr.oib }}."
            raise ConfigurationError(f"the path names {{{name}}}, which is no parameter", key="request", remedy=remedy)
    for name, spec in checked.parameters.items():
        if isinstance(spec, dict) and not _VERBS & spec.keys():
            remedy = "A parameter is a text, a number or a list of them; nested values belong under body."
            raise ConfigurationError("is nested", key=f"parameters.{name}", remedy=remedy)
    if checked.body is not None and method != "POST":
        raise ConfigurationError("only POST has a body", key="body", remedy="Use parameters, or write request: POST …")
    pager = _pager(checked.pages)
    if pager.get_only and method != "GET":
        remedy = "Links to a next page are followed for GET only; use cursor, page or offset."
        raise ConfigurationError("cannot be used with POST", key="pages", remedy=remedy)
    return CompiledSource(
        bind=_binder(method, path, checked, timezone),
        pager=pager,
        headers=checked.headers,
        not_found_is_empty=checked.not_found == "empty",
    )


def _binder(method: str, path: str, source: _Source, timezone: tzinfo) -> Callable[[Arguments], BoundRequest]:
    # One by one, because a parameter may itself be called `cursor` or `now`.
    parameters = {name: _compiled(spec, f"parameters.{name}", timezone) for name, spec in source.parameters.items()}
    body = _compiled(source.body, "body", timezone)
    placeholders = frozenset(_PLACEHOLDER.findall(path))

    def bind(arguments: Arguments) -> BoundRequest:
        values = {name: value(arguments) for name, value in parameters.items()}
        filled = fill_path(path, values)
        query = [pair for name, value in values.items() if name not in placeholders for pair in _pairs(name, value)]
        return BoundRequest(method, filled, path, query, body(arguments))

    return bind


def _compiled(spec: Any, key: str, timezone: tzinfo) -> Callable[[Arguments], Any]:
    try:
        return compile_parameters(spec, timezone=timezone)
    except ConfigurationError as error:
        place = f"{key}.{error.key}" if error.key else key
        raise ConfigurationError(error.problem, key=place, remedy=error.remedy) from None


def fill_path(path: str, values: Mapping[str, Any]) -> str:
    """`path` with its placeholders filled so that a value stays within its segment.

    Everything but unreserved characters is percent-encoded (RFC 3986 §2.3). That leaves the dot, so a
    segment that would become `.` or `..` is refused, as is an empty one. Raises InvalidRequest without
    the value.
    """
    segments = []
    for segment in path.split("/"):
        filled = _PLACEHOLDER.sub(lambda found: quote(_text(found[1], values.get(found[1])), safe=""), segment)
        if filled != segment and filled in (".", ".."):
            raise InvalidRequest(f"A value for {segment} is not possible in a path.", field=segment.strip("{}"))
        segments.append(filled)
    return "/".join(segments)


def _text(name: str, value: Any) -> str:
    text = "" if value is None or isinstance(value, (list, dict)) else _plain(value)
    if not text:
        raise InvalidRequest(f"There is no value for {{{name}}} in the path.", field=name)
    return text


def _pairs(name: str, value: Any) -> list[tuple[str, str]]:
    """A list becomes the parameter repeated; null is left out."""
    values = value if isinstance(value, list) else [value]
    return [(name, _plain(one)) for one in values if one is not None]


def _plain(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


def _pager(spec: dict[str, Any] | None) -> Pager:
    if spec is None:
        return OnePage()
    kinds = [key for key in KINDS if key in spec]
    if len(kinds) != 1:
        problem = f"has {' and '.join(kinds)}" if kinds else "says no kind of pages"
        remedy = f"Use exactly one of: {', '.join(KINDS)}."
        raise ConfigurationError(problem, key="pages", remedy=remedy)
    model = KINDS[kinds[0]]
    try:
        return model.model_validate(spec)
    except ValidationError as error:
        raise configuration_error(error, "pages.", model) from None


def configuration_error(error: ValidationError, prefix: str, model: type[BaseModel]) -> ConfigurationError:
    """The first of pydantic's complaints about `model`, as one about the file."""
    first = error.errors(include_url=False)[0]
    place = prefix + ".".join(map(str, first["loc"]))
    known = ", ".join(model.model_fields)
    remedy = f"Known here: {known}."
    if first["type"] == "extra_forbidden":
        near = get_close_matches(str(first["loc"][-1]), model.model_fields, n=1)
        remedy = f"Did you mean {near[0]!r}? {remedy}" if near else remedy
        return ConfigurationError("is not known", key=place, remedy=remedy)
    return ConfigurationError(first["msg"].removeprefix("Value error, "), key=place.rstrip("."), remedy=remedy)
