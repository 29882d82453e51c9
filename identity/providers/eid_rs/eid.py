"""eID.gov.rs, as far as public clients of it show: see README.md for what is unconfirmed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hub.kernel.assurance import Assurance
from hub.ports.eid import EidSurroundings
from identity.oidc.claims import ClaimTable
from identity.oidc.relying_party import RelyingParty
from identity.oidc.settings import OidcSettings, Scope

_CLAIM = "http://schema.id.rs/claims/"

_TABLE = ClaimTable(
    given_name=f"{_CLAIM}givenname",
    family_name=f"{_CLAIM}familyname",
    email=f"{_CLAIM}mail",
    identifiers={f"{_CLAIM}umcn": "rs.jmbg"},  # foreigners may have none
    others=frozenset({f"{_CLAIM}city", f"{_CLAIM}country", f"{_CLAIM}aal", f"{_CLAIM}ial"}),
)


class Level(BaseModel):
    """One row: a login whose `aal` and `ial` are these is worth `assurance`. One left out says nothing."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    aal: str | None = None
    ial: str | None = None
    assurance: Assurance

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if self.aal is None and self.ial is None:
            raise ValueError("write aal, ial or both; a row without them would be worth that for everybody")
        return self

    def fits(self, aal: str | None, ial: str | None) -> bool:
        return self.aal in (None, aal) and self.ial in (None, ial)


class EidRsSettings(OidcSettings):
    scopes: tuple[Scope, ...] = ("openid",)
    levels: Annotated[
        tuple[Level, ...],
        Field(description="The first row that fits counts; a login no row fits is low. The scale is not published."),
    ] = ()


class EidRs(RelyingParty):
    Settings: type[BaseModel] = EidRsSettings

    def __init__(self, settings: EidRsSettings, surroundings: EidSurroundings) -> None:
        super().__init__(settings, surroundings)
        self._levels = settings.levels

    def table(self) -> ClaimTable:
        return _TABLE

    def assurance(self, claims: Mapping[str, Any]) -> Assurance:
        """By `aal` (how she proved herself) and `ial` (how she was once identified); `acr` is not looked at."""
        aal, ial = (_level(claims.get(f"{_CLAIM}{name}")) for name in ("aal", "ial"))
        return next((row.assurance for row in self._levels if row.fits(aal, ial)), Assurance.LOW)


def _level(value: Any) -> str | None:
    """As it is written in the settings: whether it comes as a number or a text is not published."""
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else None
