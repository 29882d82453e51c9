"""The `settings:` of id.gov.ua."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from hub.kernel.assurance import Assurance
from hub.kit.http import HttpSettings, Timeouts
from hub.kit.origins import HttpUrl
from hub.kit.secrets import SecretRef

AuthType = Literal["dig_sign", "bank_id", "mobile_id"]


class Levels(BaseModel):
    """What a login is worth by its `auth_type`. Nothing is published about levels of eIDAS, so all start low."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    dig_sign: Annotated[Assurance, Field(description="An electronic signature (КЕП or УЕП).")] = Assurance.LOW
    dig_sign_qualified: Annotated[
        Assurance | None, Field(description="The same with its key in a qualified device (isqscd); as dig_sign.")
    ] = None
    bank_id: Assurance = Assurance.LOW
    mobile_id: Assurance = Assurance.LOW

    def best(self, auth_type: AuthType) -> list[Assurance]:
        """Every level a login by `auth_type` can come to."""
        if auth_type == "dig_sign" and self.dig_sign_qualified is not None:
            return [self.dig_sign, self.dig_sign_qualified]
        return [getattr(self, auth_type)]

    def of(self, auth_type: str | None, *, qualified: bool) -> Assurance:
        """Low for an `auth_type` nobody has valued."""
        if auth_type == "dig_sign" and qualified and self.dig_sign_qualified is not None:
            return self.dig_sign_qualified
        value = getattr(self, auth_type) if auth_type in ("dig_sign", "bank_id", "mobile_id") else Assurance.LOW
        assert isinstance(value, Assurance)
        return value


class Decryptor(BaseModel):
    """A program of the town that opens what id.gov.ua encrypts by DSTU, such as one built on EUSignCP or UAPKI.

    It gets the CMS envelope by POST (`application/pkcs7-mime`, DER) and answers the person's data as JSON, having
    checked the sender's certificate.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    url: HttpUrl
    certificate: Annotated[str, Field(description="Our certificate for encryption: PEM file in the town's folder.")]


def _base(url: str) -> str:
    if "?" in url or "#" in url:
        raise ValueError("the base URL has no query and no fragment")
    return url.rstrip("/")


class IdGovUaSettings(HttpSettings):
    base_url: Annotated[HttpUrl, AfterValidator(_base)] = "https://id.gov.ua"
    client_id: Annotated[str, Field(min_length=1, max_length=255, pattern=r"^[\x20-\x7e]+$")]
    client_secret: SecretRef
    auth_types: Annotated[
        tuple[AuthType, ...], Field(min_length=1, description="Ways to prove oneself that citizens are offered.")
    ] = ("dig_sign",)
    assurance: Annotated[Levels, Field(default_factory=Levels)]
    decryptor: Annotated[
        Decryptor | None, Field(description="Where the operator demands that personal data be encrypted to us.")
    ] = None
    organisations: Annotated[
        bool,
        Field(
            description="Whoever signs with a certificate that names an organisation (edrpoucode) acts for it. "
            "Certificates of ordinary employees name their employer as well."
        ),
    ] = False
    timeout: Timeouts = Timeouts(connect=timedelta(seconds=3), read=timedelta(seconds=10), total=timedelta(seconds=20))
    max_reply_bytes: Annotated[int, Field(ge=1_000, le=10_000_000, description="A larger reply is refused.")] = 500_000
