"""Any node or identity provider of the eIDAS SAML profile (eIDAS Message Format 1.2, SAML Attribute Profile 1.2)."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from hub.kernel.assurance import Assurance
from hub.ports.eid import EidSurroundings, Represented
from identity.saml.claims import EIDAS, Claims, Table
from identity.saml.engine import SamlEid
from identity.saml.messages import Asking, RequestedAttribute
from identity.saml.names import LEGAL_PERSON, NATURAL_PERSON
from identity.saml.response import Statement
from identity.saml.settings import SamlSettings

NATURAL = (
    RequestedAttribute(f"{NATURAL_PERSON}PersonIdentifier", "PersonIdentifier", required=True),
    RequestedAttribute(f"{NATURAL_PERSON}CurrentFamilyName", "FamilyName", required=True),
    RequestedAttribute(f"{NATURAL_PERSON}CurrentGivenName", "FirstName", required=True),
    RequestedAttribute(f"{NATURAL_PERSON}DateOfBirth", "DateOfBirth", required=True),
)
"""The four mandatory ones: a node refuses a request without them."""
LEGAL = (
    RequestedAttribute(f"{LEGAL_PERSON}LegalPersonIdentifier", "LegalPersonIdentifier", required=True),
    RequestedAttribute(f"{LEGAL_PERSON}LegalName", "LegalName", required=True),
)


class EidasSettings(SamlSettings):
    sp_type: Annotated[Literal["public", "private"], Field(description="Sector of the service (eIDAS SPType).")] = (
        "public"
    )
    legal_persons: Annotated[
        bool, Field(description="Ask for the legal person too; only where the node is set up for it.")
    ] = False


class Eidas(SamlEid):
    """Subject is the PersonIdentifier, `<from>/<to>/<id>`: stable per pair of countries, and no national number."""

    Settings = EidasSettings
    settings: EidasSettings
    provider = "eidas"
    table: ClassVar[Table] = EIDAS
    asking: ClassVar[Asking] = Asking(
        classes={level: level.acr for level in Assurance}, sp_type="public", attributes=NATURAL, always_force=True
    )

    def __init__(self, settings: EidasSettings, surroundings: EidSurroundings) -> None:
        super().__init__(settings, surroundings)
        attributes = NATURAL + LEGAL if settings.legal_persons else NATURAL
        self._asking = replace(self.asking, sp_type=settings.sp_type, attributes=attributes)

    def _ask(self) -> Asking:
        return self._asking

    def _subject(self, statement: Statement, claims: Claims) -> str:
        if claims.get("person_identifier") is None:
            return claims.need("legal_identifier", "PersonIdentifier")
        return claims.need("person_identifier", "PersonIdentifier")

    def _kind(self, claims: Claims) -> Literal["person", "entity"]:
        return "person" if claims.get("person_identifier") else "entity"

    async def _represents(self, claims: Claims, statement: Statement, now: datetime) -> Represented | None:
        """A natural person together with a legal one acts for it (SAML Attribute Profile 1.2 §2.8)."""
        legal = claims.get("legal_identifier")
        if legal is None or claims.get("person_identifier") is None:
            return None
        name = claims.need("legal_name", "LegalName")
        return Represented((("eidas.legal_person", legal),), name, "eidas")
