"""Settings of a SOAP back office, and the connector's part of a mapping's `source:` block."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hub.kernel.errors import ConfigurationError
from hub.kit.auth import AuthSettings, NoAuth
from hub.kit.http import HttpSettings
from hub.kit.soap.envelope import GENERIC_CODES
from hub.kit.soap.names import nearest_first
from hub.kit.soap.wss import SecuritySettings


class CheckCall(BaseModel):
    """A harmless operation that `check` may call to try credentials and rights."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    operation: str
    parameters: dict[str, Any] = Field(default_factory=dict)


class SoapSettings(HttpSettings):
    """One service of one back office."""

    wsdl: Annotated[
        str,
        Field(
            title="WSDL",
            description="A file in the mapping folder (recommended: the recorded contract), or a URL.",
        ),
    ]
    endpoint: Annotated[
        str,
        Field(title="Address", description="Where requests are sent; the WSDL's own address is not used."),
    ]
    service: Annotated[str | None, Field(description="Needed where the WSDL has several.")] = None
    port: Annotated[str | None, Field(description="Needed where the service has several.")] = None
    auth: Annotated[AuthSettings, Field(title="Credentials")] = NoAuth()
    wsdl_hosts: Annotated[
        tuple[str, ...],
        Field(
            description="Origins, such as https://schemas.example.org, from which a WSDL given by URL and what it "
            "imports may come, besides that of the endpoint. They get no credentials."
        ),
    ] = ()
    catalogue: dict[str, str] = Field(
        default_factory=dict,
        description="Files in the mapping folder that stand for addresses the WSDL imports.",
    )
    published: Annotated[
        str | None,
        Field(
            description="Where the back office publishes its WSDL, for `munihub contract check`; the endpoint with "
            "?wsdl where absent. On another host, that host stands in wsdl_hosts."
        ),
    ] = None
    check_schema: Annotated[bool, Field(description="Whether requests and replies must fit the WSDL's schema.")] = True
    check: CheckCall | None = None
    addressing: Annotated[
        Literal["2005-08", "2004-08", "none"] | None,
        Field(title="WS-Addressing", description="Its version; without it what the WSDL asks for."),
    ] = None
    security: Annotated[SecuritySettings, Field(title="WS-Security")] = SecuritySettings()
    mtom: Annotated[bool, Field(description="Whether larger binary values are sent beside the envelope (MTOM).")] = (
        False
    )
    lenient: Annotated[
        tuple[str, ...],
        Field(
            description="Paths below the reply's element, without positions, where a reply may break the schema; "
            "it is then told as drift."
        ),
    ] = ()


class Pages(BaseModel):
    """How the pages of an answer are asked for: by position, until its `items` have all come; or by a token (`next`).

    The paths are dotted names below the reply's element, without prefixes.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    parameter: Annotated[str, Field(description="Gets the position, or the token; dotted where it is nested.")]
    size_parameter: Annotated[str | None, Field(description="Gets `size`.")] = None
    size: Annotated[int | None, Field(ge=1, le=100_000, description="Records in a page.")] = None
    first: Annotated[int, Field(ge=0, description="The position of the first page.")] = 0
    step: Annotated[
        int | None, Field(ge=1, description="From page to page; without it as many as records were received.")
    ] = None
    items: Annotated[str | None, Field(description="Path of the records; a page without any ends the answer.")] = None
    total: Annotated[str | None, Field(description="Path of the number of all records, where it is told.")] = None
    next: Annotated[str | None, Field(description="Path of the token of the next page; none ends it.")] = None

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if bool(self.items) == bool(self.next):
            raise ValueError("write either items or next")
        if self.size_parameter and self.size is None:
            raise ValueError("size_parameter needs a size")
        if self.total and not self.items:
            raise ValueError("total needs items, which are counted")
        return self


class OperationCall(BaseModel):
    """The keys of a delivery step's `call:`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    operation: str
    headers: dict[str, Any] = Field(default_factory=dict, description="Header parts that the WSDL declares, by name.")
    key_header: Annotated[
        str | None,
        Field(pattern=r"^[A-Za-z0-9-]{1,60}$", description="HTTP header that gets our key of the step."),
    ] = None
    refusals: Annotated[
        tuple[str, ...],
        Field(description="Words of faults of the server that mean: surely nothing was done."),
    ] = ()
    lenient: Annotated[tuple[str, ...], Field(description="As in the settings, for this operation.")] = ()

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        _refuse_generic("refusals", self.refusals)
        return self


class Source(BaseModel):
    """The keys of `source:` that are the connector's."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    operation: str
    parameters: dict[str, Any] = Field(default_factory=dict)
    headers: dict[str, Any] = Field(default_factory=dict, description="Header parts that the WSDL declares, by name.")
    not_found: Annotated[
        tuple[str, ...],
        Field(description="Fault codes, or names or texts in a fault's detail, that mean: nothing is known."),
    ] = ()
    pages: Pages | None = None
    lenient: Annotated[tuple[str, ...], Field(description="As in the settings, for this feed.")] = ()

    @model_validator(mode="after")
    def _says_why(self) -> Self:
        _refuse_generic("not_found", self.not_found)
        return self


def _refuse_generic(key: str, words: tuple[str, ...]) -> None:
    if generic := GENERIC_CODES.intersection(words):
        wrong = "an empty answer" if key == "not_found" else "a refusal"
        raise ValueError(
            f"{key} has {', '.join(sorted(generic))}, which every fault may carry; "
            f"a broken service would look like {wrong}"
        )


def parse_source(source: Any) -> Source:
    """Raises ConfigurationError naming the key."""
    return _parsed(Source, source, "source")


def parse_call(call: Any) -> OperationCall:
    """Raises ConfigurationError naming the key."""
    return _parsed(OperationCall, call, "call")


_Model = TypeVar("_Model", Source, OperationCall)


def _parsed(model: type[_Model], block: Any, under: str) -> _Model:
    try:
        return model.model_validate(block)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        place: list[str] = [str(part) for part in first["loc"]]
        if first["type"] == "extra_forbidden":
            known: Any = Pages if place[0] == "pages" and len(place) > 1 else model
            problem, remedy = "unknown key", f"Known are: {nearest_first(place[-1], known.model_fields)}."
        else:
            problem, remedy = first["msg"].removeprefix("Value error, "), None
        raise ConfigurationError(problem, key=".".join([under, *place]), remedy=remedy) from None
