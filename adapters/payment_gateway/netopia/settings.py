"""The `settings:` of NETOPIA."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hub.kit.http import HttpSettings, Timeouts
from hub.kit.origins import BaseUrl
from hub.kit.secrets import SecretRef

API = "https://secure.mobilpay.ro/pay"
"""Version 2 as the documentation has it; NETOPIA's PHP and Go libraries call https://secure.netopia-payments.com/api."""
PAGE = "https://secure.mobilpay.ro"
"""Version 1."""
TEST_HOSTS = frozenset(
    {"secure.sandbox.netopia-payments.com", "secure-sandbox.netopia-payments.com", "sandboxsecure.mobilpay.ro"}
)

Cipher = Literal["aes-256-cbc", "rc4"]


class Seal(BaseModel):
    """Version 1: the two keys of the point of sale, both made by NETOPIA."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    certificate: Annotated[
        str, Field(description="NETOPIA's public.cer, PEM, in the town's folder: seals what we send.")
    ]
    private_key: Annotated[SecretRef, Field(description="private.key in PEM: opens what NETOPIA sends.")]
    cipher: Annotated[Cipher, Field(description="What we seal with, and the only one we open.")] = "aes-256-cbc"


class Buyer(BaseModel):
    """What NETOPIA is told of a payer who has not told it us; it documents every field as required."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    email: str = ""
    phone: str = ""
    first_name: str = ""
    last_name: str = ""
    city: str = ""
    state: Annotated[str, Field(description="The county, such as Cluj.")] = ""
    postal_code: str = ""
    details: Annotated[str, Field(description="Street and number.")] = ""
    country: Annotated[int, Field(ge=1, le=999, description="ISO 3166-1 numeric; Romania is 642.")] = 642


class NetopiaSettings(HttpSettings):
    protocol: Annotated[
        Literal["v2", "v1"], Field(description="v1 is mobilPay's: its notifications are not signed, see README.md.")
    ] = "v2"
    pos_signature: Annotated[
        str, Field(pattern=r"^[A-Z0-9]{4}(-[A-Z0-9]{4}){3,4}$", description="Of the point of sale; not a secret.")
    ]
    base_url: Annotated[BaseUrl | None, Field(description=f"Version 2: {API}.")] = None
    page_url: Annotated[BaseUrl | None, Field(description=f"Version 1, where the browser posts to: {PAGE}.")] = None
    api_key: Annotated[
        SecretRef | None, Field(description="For version 2; with v1, orders are asked about with it where it works.")
    ] = None
    public_keys: Annotated[
        tuple[str, ...], Field(description="Version 2: PEM files, public keys or certificates that sign notifications.")
    ] = ()
    times: Annotated[
        Literal["checked", "ignored"],
        Field(description="exp and nbf of a notification's token; in seconds or in milliseconds."),
    ] = "checked"
    seal: Annotated[Seal | None, Field(description="Version 1.")] = None
    buyer: Annotated[Buyer, Field(description="Sent where the payer has not told it us.")] = Buyer()
    timeout: Timeouts = Timeouts(connect=timedelta(seconds=5), read=timedelta(seconds=30), total=timedelta(seconds=45))
    max_reply_bytes: Annotated[int, Field(ge=1_000, le=10_000_000, description="A larger reply is refused.")] = 500_000

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if self.protocol == "v2" and (self.api_key is None or not self.public_keys):
            raise ValueError("protocol v2 needs api_key and public_keys")
        if self.protocol == "v2" and self.seal is not None:
            raise ValueError("seal is for protocol v1 only")
        if self.protocol == "v1" and self.seal is None:
            raise ValueError("protocol v1 needs seal: its certificate and private_key")
        if self.protocol == "v1" and self.public_keys:
            raise ValueError("public_keys is for protocol v2 only: nothing of version 1 is signed")
        return self

    @property
    def api(self) -> str:
        return self.base_url or API

    @property
    def page(self) -> str:
        return self.page_url or PAGE


def rehearsed(settings: NetopiaSettings) -> str | None:
    """Why these settings move no money, None where nothing speaks against them."""
    used = {"base_url": settings.api} if settings.api_key else {}
    if settings.protocol == "v1":
        used["page_url"] = settings.page
    for key, url in used.items():
        parts = urlsplit(url)
        if parts.hostname in TEST_HOSTS:
            return f"{key} is a test system of NETOPIA, {parts.hostname}; leave {key} out for production."
        if parts.scheme != "https":
            return f"{key} is not https; NETOPIA's production is."
    return None
