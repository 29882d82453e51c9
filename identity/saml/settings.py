"""What a town writes about one SAML eID under `eids: <name>: settings:`."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from hub.kit.certificates import OwnKey
from hub.kit.durations import Duration

Kind = Literal["response", "assertion", "logout"]


class SamlSettings(BaseModel):
    """Common to all SAML eIDs; a provider adds its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    metadata: Annotated[str, Field(description="Metadata of the identity provider: an XML file beside city.yaml.")]
    idp: Annotated[
        str | None, Field(description="entityID of the identity provider, where the file describes several.")
    ] = None
    entity_id: Annotated[
        str | None,
        Field(description="Our own entityID as registered there. Without it the one the provider's README names."),
    ] = None
    keys: Annotated[
        list[OwnKey],
        Field(
            min_length=1,
            max_length=4,
            description="Our keys. The first signs; all of them decrypt and stand in our metadata, so that the "
            "next one is known over there before it is used.",
        ),
    ]
    binding: Annotated[
        Literal["redirect", "post"] | None, Field(description="How the browser carries our messages.")
    ] = None
    skew: Annotated[
        Duration, Field(le=timedelta(seconds=180), description="By how much clocks may differ; at most 180s.")
    ] = timedelta(seconds=60)
    sha1: Annotated[
        dict[Kind, date],
        Field(
            description="Exceptions for signatures with SHA-1: kind of message and the last day on which they are "
            "accepted, such as {logout: 2026-12-31}. doctor shows them.",
        ),
    ] = Field(default={})
