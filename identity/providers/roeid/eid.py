"""ROeID by OpenID Connect, as the operator's README describes it (roeid-ro/integrare, 2025-04-04)."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import BaseModel, Field, model_validator

from hub.kernel.assurance import Assurance
from hub.kernel.errors import ConfigurationError
from hub.ports.eid import EidSurroundings
from identity.oidc.claims import ClaimTable
from identity.oidc.relying_party import RelyingParty
from identity.oidc.settings import OidcSettings

# The trap: `nume` is the family name and `prenume` the given one. The operator's own example for one product has
# the two the wrong way round.
_TABLE = ClaimTable(
    given_name="prenume",
    family_name="nume",
    birth_date="datanasterii",
    email="email",
    phone="telefon",
    identifiers={"cnp": "ro.cnp"},
    required=frozenset({"cnp"}),
    others=frozenset({
        "nume complet", "preferred_username", "adresa", "strada", "nr", "bloc", "scara", "etaj", "apartament",
        "localitate", "judet", "sector", "tipact", "serie", "autoritateaemitenta", "valabilitatedocument",
    }),
)  # fmt: skip
_TEST_HOST = "beta.roeid.ro"


class RoeidSettings(OidcSettings):
    """`scopes` are `openid profile` and the client's own, which has the client's name, where nothing else stands."""

    without_acr: Annotated[
        Assurance, Field(description="What a login is worth: the operator publishes no levels, so low.")
    ] = Assurance.LOW
    end_session: Annotated[bool, Field(description="The operator recommends to end one's own session only.")] = False

    @model_validator(mode="before")
    @classmethod
    def _own_scope(cls, written: Any) -> Any:
        if isinstance(written, dict) and "scopes" not in written and isinstance(written.get("client_id"), str):
            return written | {"scopes": ["openid", "profile", written["client_id"]]}
        return written


class Roeid(RelyingParty):
    Settings: type[BaseModel] = RoeidSettings

    def __init__(self, settings: RoeidSettings, surroundings: EidSurroundings) -> None:
        if surroundings.live and (urlsplit(settings.issuer).hostname or "").endswith(_TEST_HOST):
            raise ConfigurationError(
                "this is the test system of ROeID, and the town is live",
                key="issuer",
                remedy="Write the production issuer, https://sso.roeid.ro/affwebservices/CASSO/oidc/<client>.",
            )
        super().__init__(settings, surroundings)

    def table(self) -> ClaimTable:
        return _TABLE
