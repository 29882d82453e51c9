"""NIAS, the Croatian national identification and authentication system, operated by FINA."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Annotated, ClassVar

from lxml import etree
from pydantic import Field, field_validator

from hub.kernel.assurance import Assurance
from hub.kernel.errors import LoginRefused
from hub.ports.back_office import CheckStep
from hub.ports.eid import EidSurroundings, Represented, Wanted
from identity.providers.nias.authorisations import Authorisations, EOvlastenja
from identity.saml.building import Maker
from identity.saml.claims import EIDAS, Claims, Table
from identity.saml.engine import SamlEid
from identity.saml.messages import Asking, instant
from identity.saml.names import ENTITY, PERSISTENT, SAML, X509_SUBJECT, XSI
from identity.saml.response import Statement
from identity.saml.settings import SamlSettings

_EXTENSION = "http://nias.eid.com.hr/2012/07/saml20Extension"
_HOLDS = timedelta(minutes=5)
_SAML = Maker(SAML, {"saml": SAML})


class NiasSettings(SamlSettings):
    security_levels: Annotated[
        dict[Assurance, int],
        Field(description="MinAuthenticationSecurityLevel that NIAS is asked for, by our level; all three are needed."),
    ] = Field(default={Assurance.LOW: 2, Assurance.SUBSTANTIAL: 3, Assurance.HIGH: 4})
    contexts: Annotated[
        dict[str, Assurance],
        Field(
            description="What NIAS writes as AuthnContextClassRef besides the eIDAS levels, and which level that is."
        ),
    ] = Field(default={"2": Assurance.LOW, "3": Assurance.SUBSTANTIAL, "4": Assurance.HIGH})
    e_ovlastenja: Annotated[
        EOvlastenja | None,
        Field(description="The register of mandates. Without it what NIAS says of a company is taken as it is."),
    ] = None

    @field_validator("security_levels")
    @classmethod
    def _all_levels(cls, levels: dict[Assurance, int]) -> dict[Assurance, int]:
        if set(levels) != set(Assurance):
            raise ValueError("write all three levels: low, substantial, high")
        return levels


class Nias(SamlEid):
    """Subject is `tid`, NIAS's own stable pseudonym; of a foreigner the PersonIdentifier of eIDAS, without an OIB."""

    Settings = NiasSettings
    settings: NiasSettings
    provider = "nias"
    logout_issuer_format: ClassVar[str | None] = X509_SUBJECT
    logout_by_soap: ClassVar[bool] = True
    asking: ClassVar[Asking] = Asking(name_id_format=PERSISTENT, issuer_format=ENTITY)
    table: ClassVar[Table] = {
        **EIDAS,
        "ime": "given_name",
        "prezime": "family_name",
        "oib": "oib",
        "dat_rod": "birth_date",
        "tid": "tid",
        "pos_oib": "company_oib",
        "pos_naziv": "company_name",
        "ips": "company_number",
        "izvor_reg": "company_register",
        "sesija_id": "session",
        "pos_id": None,
        "oib2": None,
        "dn": None,
        "oznaka_drzave_eid": None,
        "nav_token": None,
    }

    def __init__(self, settings: NiasSettings, surroundings: EidSurroundings) -> None:
        super().__init__(settings, surroundings)
        self._authorisations = (
            Authorisations(settings.e_ovlastenja, surroundings) if settings.e_ovlastenja is not None else None
        )

    def _own_entity_id(self) -> str:
        """NIAS knows a service by its application certificate and reads no metadata."""
        return self.keys[0].certificate.subject

    def _conditions(self, wanted: Wanted) -> etree._Element | None:
        level = etree.Element(f"{{{SAML}}}Condition", nsmap={"q1": _EXTENSION, "xsi": XSI})
        level.set(f"{{{XSI}}}type", "q1:NiasConditionType")
        level.set("MinAuthenticationSecurityLevel", str(self.settings.security_levels[wanted.assurance]))
        return _SAML(
            "Conditions",
            _SAML(
                "OneTimeUse",
            ),
            level,
            NotBefore=instant(wanted.now),
            NotOnOrAfter=instant(wanted.now + _HOLDS),
        )

    def _assurance(self, statement: Statement) -> Assurance | None:
        said = statement.authn_context or ""
        return Assurance.from_acr(said) or self.settings.contexts.get(said)

    def _subject(self, statement: Statement, claims: Claims) -> str:
        return claims.get("tid") or claims.get("person_identifier") or claims.need("tid", "tid")

    def _identifiers(self, claims: Claims) -> tuple[tuple[str, str], ...]:
        return claims.identifier("oib", "hr.oib")

    async def _represents(self, claims: Claims, statement: Statement, now: datetime) -> Represented | None:
        company = claims.identifier("company_oib", "hr.oib")
        if not company:
            return None
        name = claims.need("company_name", "pos_naziv")
        if self._authorisations is None:
            return Represented(company, name, "nias:pos_oib")
        session = claims.need("session", "sesija_id")
        person = claims.need("oib", "oib")
        number = claims.need("company_number", "ips")
        register = claims.need("company_register", "izvor_reg")
        if not await self._authorisations.may_represent(session, person, number, register, now):
            raise LoginRefused("e-Ovlaštenja knows no right of this person to act for the company.", reason="failed")
        return Represented(company, name, "e-ovlastenja")

    async def check(self) -> list[CheckStep]:
        found = await super().check()
        if self._authorisations is not None:
            found.append(self._authorisations.check())
        return found

    async def close(self) -> None:
        if self._authorisations is not None:
            await self._authorisations.close()
