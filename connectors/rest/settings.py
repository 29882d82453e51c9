"""The `settings:` of a back office with `connector: rest`."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, Field

from hub.kit.auth import HttpAuthSettings, NoAuth
from hub.kit.http import HttpSettings
from hub.kit.origins import HttpUrl

# Headers that are made from the message, or that carry credentials, which belong under `auth`.
_NOT_CONSTANT = frozenset({
    "authorization", "connection", "content-encoding", "content-length", "content-type", "cookie", "host",
    "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade",
})  # fmt: skip


def _base_url(url: str) -> str:
    if "?" in url or "#" in url:
        raise ValueError("the base URL ends with its path; a query belongs to parameters of a mapping")
    return url.rstrip("/")


def constant_headers(headers: dict[str, str]) -> dict[str, str]:
    """`headers` if they may be constants of the configuration; raises ValueError otherwise."""
    for name, value in headers.items():
        if name.lower() in _NOT_CONSTANT:
            raise ValueError(f"{name} is written by the hub; credentials belong under auth")
        if not (name.isascii() and name.replace("-", "").replace("_", "").isalnum()):
            raise ValueError(f"{name!r} is not a name of a header")
        if not (value.isascii() and value.isprintable()):
            raise ValueError(f"the value of {name} must be printable ASCII on one line")
    return headers


Headers = Annotated[dict[str, str], AfterValidator(constant_headers)]


class RestSettings(HttpSettings):
    base_url: Annotated[
        HttpUrl,
        AfterValidator(_base_url),
        Field(title="Base URL", description="Scheme, host and the common start of all paths."),
    ]
    auth: HttpAuthSettings = NoAuth()
    headers: Annotated[Headers, Field(default_factory=dict, description="Constants sent with every request.")]
    check: Annotated[
        str | None,
        Field(
            title="Request of the check",
            description="Something that needs the credentials and changes nothing, such as GET /health.",
            pattern=r"^(GET|HEAD) /[^\s#]*$",
        ),
    ] = None
    openapi: Annotated[
        str | None,
        Field(
            title="OpenAPI",
            description="Path below base_url where the back office publishes its OpenAPI document in JSON, such as "
            "/openapi.json. `munihub contract check` compares it with openapi.json in the mapping folder.",
            pattern=r"^/[^\s#]*$",
        ),
    ] = None
