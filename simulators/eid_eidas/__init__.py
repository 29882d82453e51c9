"""Stand-in for an eIDAS node: people from other member states (eIDAS SAML Message Format 1.2)."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import UTC, datetime
from typing import ClassVar

from starlette.applications import Starlette

from simulators.eidas import MANDATORY, MANDATORY_LEGAL, attributes, check_request
from simulators.eids import ABROAD, CROATIA, CZECHIA, Holder
from simulators.kit.pages import NotAccepted
from simulators.kit.saml import PERSISTENT, Message, samlp
from simulators.kit.saml_answer import Attribute, Issuing, failure
from simulators.kit.saml_asked import Asked
from simulators.kit.saml_logout import LogoutProvider

PORT = 8113

_HOLDERS = {**ABROAD, "sime": CROATIA["sime"], "ruzena": CZECHIA["ruzena"]}
_TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
_UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"


def app(clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Starlette:
    """The simulator. It knows no service: each is registered by its metadata, as at a real node."""
    return Eidas(clock, []).app()


class Eidas(LogoutProvider):
    title = "eIDAS node (simulator)"
    entity_id = "https://eidas.simulator.example/EidasNode/ServiceMetadata"
    key = "eidas"
    metadata_path = "/EidasNode/ServiceMetadata"
    sso_path = "/EidasNode/ColleagueRequest"
    slo_path = "/EidasNode/Logout"
    name_id_formats = (PERSISTENT, _TRANSIENT, _UNSPECIFIED)
    signs_assertion = True
    people: ClassVar = {key: f"{holder.country}: {holder.label}" for key, holder in _HOLDERS.items()}

    def check(self, message: Message) -> None:
        check_request(message.root)
        if message.root.get("ForceAuthn") not in {"true", "1"}:
            raise NotAccepted("ForceAuthn must be true.")
        if message.root.find(samlp("RequestedAuthnContext")) is None:
            raise NotAccepted("The request needs a RequestedAuthnContext with the level of assurance.")
        wished = {one.get("Name") for one in message.root.iter("{*}RequestedAttribute")}
        if not (set(MANDATORY) <= wished or set(MANDATORY_LEGAL) <= wished):
            raise NotAccepted("The request must ask for a whole minimum data set, of a person or a legal person.")

    def name_id(self, person: str, asked: Asked) -> tuple[str, str]:
        return _identifier(_HOLDERS[person]), asked.name_id_format or _UNSPECIFIED

    def attributes(self, person: str, asked: Asked) -> list[Attribute]:
        holder = _HOLDERS[person]
        legal = f"{holder.country}/HR/{holder.acts_for.number}" if holder.acts_for else ""
        return attributes(holder, [wish.name for wish in asked.wishes], _identifier(holder), legal)

    def refusable(self, asked: Asked) -> Mapping[str, str]:
        return {wish.name: wish.name.rpartition("/")[2] for wish in asked.wishes if not wish.required}

    def cancelled(self, issuing: Issuing, wrong: Collection[str]) -> bytes:
        return failure(issuing, wrong, "Responder", "RequestDenied", text="Citizen consent not given.")


def _identifier(holder: Holder) -> str:
    """From which country, for which country, who (eIDAS SAML Attribute Profile §2.2.3); the services here are in HR."""
    return f"{holder.country}/HR/{holder.number}"
