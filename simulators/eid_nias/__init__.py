"""Stand-in for NIAS, the Croatian National Identification and Authentication System (SAML 2.0, operated by FINA).

NIAS reads no metadata of services: one is registered with its certificate, and its entityID is the subject of that
certificate. Where the answer states the level is not published; here it is the eIDAS class.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import ClassVar
from uuid import NAMESPACE_URL, uuid4, uuid5

from lxml import etree
from starlette.applications import Starlette

from simulators.eidas import MANDATORY, attributes
from simulators.eids import ABROAD, CROATIA, Holder
from simulators.kit.keys import certificate
from simulators.kit.pages import NotAccepted
from simulators.kit.saml import BASIC_NAME, ENTITY, PERSISTENT, X509_SUBJECT, Message, moment_of, saml, samlp
from simulators.kit.saml_answer import Attribute
from simulators.kit.saml_asked import Asked
from simulators.kit.saml_logout import LogoutProvider

PORT = 8111

_HOLDERS = {**CROATIA, "jurgen": ABROAD["jurgen"]}
# The scale is not published. 1 stands in public code, 2 to 4 in public texts.
_LEVELS = {"1": "low", "2": "low", "3": "substantial", "4": "high"}
_ENTITY_FORMATS = {ENTITY, "urn:oasis:names:tc:SAML:1.1:nameid-format:entity"}


def app(clock: Callable[[], datetime] = lambda: datetime.now(UTC), hub: str = "http://127.0.0.1:8000") -> Starlette:
    """The simulator; at `hub` it knows the town of Pregrada."""
    pregrada = {
        "entity_id": "CN=moja_pregrada, L=PREGRADA, OID.2.5.4.97=HR99999999990, O=munihub simulator, C=HR",
        "certificates": [certificate("pregrada-nias").decode()],
        "acs": [],
        "logout": f"{hub}/pregrada/login/nias/slo",
        "logout_soap": f"{hub}/pregrada/login/nias/slo-soap",
    }
    return Nias(clock, [pregrada]).app()


class Nias(LogoutProvider):
    title = "NIAS (simulator)"
    language = "hr"
    entity_id = "CN=niasaptst, L=ZAGREB, OID.2.5.4.97=HR85821130368, O=FINA, C=HR"
    key = "nias"
    metadata_path = "/metadata"
    sso_path = "/sso-http"
    slo_path = "/ssout-http"
    slo_soap_path = "/ssout-soap"
    name_id_formats = (ENTITY, PERSISTENT)
    issuer_format = X509_SUBJECT
    reason = "urn:oasis:names:tc:SAML:2.0:logout:user"
    people: ClassVar = {key: holder.label for key, holder in _HOLDERS.items()}

    def check(self, message: Message) -> None:
        root = message.root
        issuer = root.find(saml("Issuer"))
        if issuer is None or issuer.get("Format") not in _ENTITY_FORMATS:
            raise NotAccepted(f"The Issuer's Format must be {ENTITY}.")
        policy = root.find(samlp("NameIDPolicy"))
        if policy is None or policy.get("Format") not in {PERSISTENT, ENTITY}:
            raise NotAccepted(f"The NameIDPolicy's Format must be {PERSISTENT} or {ENTITY}.")
        conditions = root.find(saml("Conditions"))
        if conditions is None or conditions.find(saml("OneTimeUse")) is None:
            raise NotAccepted("The request needs Conditions with OneTimeUse.")
        begins, ends = (moment_of(conditions.get(name, "")) for name in ("NotBefore", "NotOnOrAfter"))
        if not begins <= self.clock() < ends:
            raise NotAccepted("The Conditions of the request do not hold now.")

    def minimum(self, root: etree._Element) -> str:
        """NIAS has no RequestedAuthnContext but a condition of its own (NiasConditionType)."""
        levels = [
            condition.get("MinAuthenticationSecurityLevel", "")
            for condition in root.iterfind(f"{saml('Conditions')}/{saml('Condition')}")
        ]
        if not levels:
            return "low"
        if len(levels) > 1 or levels[0] not in _LEVELS:
            raise NotAccepted(f"MinAuthenticationSecurityLevel must be one of {', '.join(_LEVELS)}.")
        return _LEVELS[levels[0]]

    def name_id(self, person: str, asked: Asked) -> tuple[str, str]:
        return _tid(_HOLDERS[person]), asked.name_id_format

    def attributes(self, person: str, asked: Asked) -> list[Attribute]:
        holder = _HOLDERS[person]
        if holder.country != "HR":
            return attributes(holder, MANDATORY, f"{holder.country}/HR/{holder.number}")
        values = {
            "ime": holder.given,
            "prezime": holder.family,
            "oib": holder.number,
            "oznaka_drzave_eid": "HR",
            "tid": _tid(holder),
            "nav_token": uuid4().hex,
        }
        if holder.acts_for:
            # 1: the court register, which has companies.
            values |= {"pos_oib": holder.acts_for.number, "pos_naziv": holder.acts_for.name, "pos_id": "1402"}
            values |= {"ips": "080012345", "izvor_reg": "1", "sesija_id": str(uuid4())}
        return [Attribute(name, value, BASIC_NAME, identifying=name == "oib") for name, value in values.items()]


def _tid(holder: Holder) -> str:
    """The stable pseudonym NIAS gives a person; the same for whomever she acts."""
    return str(uuid5(NAMESPACE_URL, f"nias:{holder.country}:{holder.number}"))
