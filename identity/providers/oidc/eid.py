"""Any issuer of OpenID Connect: which claim is what stands in the settings."""

from __future__ import annotations

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from hub.kit.identifiers import NATIONAL
from hub.ports.eid import EidSurroundings
from identity.oidc.claims import ClaimTable
from identity.oidc.relying_party import RelyingParty
from identity.oidc.settings import OidcSettings

# The standard claims (OpenID Connect Core 1.0 §5.1) that are not used.
_STANDARD = frozenset({
    "name", "given_name", "family_name", "middle_name", "nickname", "preferred_username", "profile", "picture",
    "website", "email", "email_verified", "gender", "birthdate", "zoneinfo", "locale", "phone_number",
    "phone_number_verified", "address", "updated_at",
})  # fmt: skip


def _national(schemes: dict[str, str]) -> dict[str, str]:
    for claim, scheme in schemes.items():
        if scheme not in NATIONAL:
            raise ValueError(f"{claim}: {scheme!r} is not a national identifier; those are {', '.join(NATIONAL)}")
    return schemes


class Claims(BaseModel):
    """Names of claims, for an issuer that has its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    given_name: str = "given_name"
    family_name: str = "family_name"
    birth_date: str = "birthdate"
    email: str = "email"
    phone: str = "phone_number"
    identifiers: Annotated[
        dict[str, str],
        AfterValidator(_national),
        Field(default_factory=dict, description="Claims that are national identifiers, such as { oib: hr.oib }."),
    ]
    required: Annotated[
        tuple[str, ...], Field(description="Claims without which a login is refused, such as [oib].")
    ] = ()
    ignored: Annotated[tuple[str, ...], Field(description="Claims that are expected and not used.")] = ()


class OidcProviderSettings(OidcSettings):
    claims: Annotated[Claims, Field(default_factory=lambda: Claims.model_validate({}))]


class Oidc(RelyingParty):
    Settings: type[BaseModel] = OidcProviderSettings

    def __init__(self, settings: OidcProviderSettings, surroundings: EidSurroundings) -> None:
        super().__init__(settings, surroundings)
        claims = settings.claims
        self._table = ClaimTable(
            given_name=claims.given_name,
            family_name=claims.family_name,
            birth_date=claims.birth_date,
            email=claims.email,
            phone=claims.phone,
            identifiers=claims.identifiers,
            required=frozenset(claims.required),
            others=_STANDARD | frozenset(claims.ignored),
        )

    def table(self) -> ClaimTable:
        return self._table
