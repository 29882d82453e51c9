"""Stand-in for NIA, the Czech National Point for Identification and Authentication (SAML 2.0 with eIDAS extensions).

It gives a pseudonym of its own to each service and never a birth number. Whoever gives up is reported by a Success.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import ClassVar
from uuid import NAMESPACE_URL, uuid5

from starlette.applications import Starlette

from simulators.eidas import NATURAL, attributes, check_request
from simulators.eids import CZECHIA, Holder
from simulators.kit.keys import certificate
from simulators.kit.saml import PERSISTENT, REDIRECT, STATUS, URI_NAME, Message
from simulators.kit.saml_answer import Attribute, Issuing, good_or_wrong
from simulators.kit.saml_asked import Asked
from simulators.kit.saml_logout import LogoutProvider

PORT = 8112

_STORK = "http://www.stork.gov.eu/1.0"
_CLAIMS = "http://schemas.eidentita.cz/moris/2016/identity/claims"
_STATUS_ATTRIBUTE = "urn:oasis:names:tc:SAML:2.0:protocol/statuscode"
_ADDRESS = (
    "<TRadresaID><okresKod>3702</okresKod><obecKod>582786</obecKod><castObceKod>411582</castObceKod>"
    "<uliceKod>22829</uliceKod><postaKod>60200</postaKod><stavebniObjektKod>19065094</stavebniObjektKod>"
    "<adresniMistoKod>19142471</adresniMistoKod><cisloDomovni>196</cisloDomovni>"
    "<cisloOrientacni>1</cisloOrientacni></TRadresaID>"
)


def app(clock: Callable[[], datetime] = lambda: datetime.now(UTC), hub: str = "http://127.0.0.1:8000") -> Starlette:
    """The simulator; at `hub` it knows the town of Vzorov."""
    address = f"{hub}/vzorov/login/nia"
    vzorov = {
        "entity_id": f"{address}/metadata",
        "certificates": [certificate("vzorov-nia").decode()],
        "acs": [f"{address}/acs"],
        "logout": f"{address}/slo",
        "logout_soap": "",
    }
    return Nia(clock, [vzorov]).app()


class Nia(LogoutProvider):
    title = "Identita občana (simulátor)"
    language = "cs"
    entity_id = "urn:microsoft:cgg2010:fpsts"
    key = "nia"
    metadata_path = "/fpsts/FederationMetadata/2007-06/FederationMetadata.xml"
    sso_path = "/FPSTS/saml2/basic"
    slo_path = "/FPSTS/saml2/basic"
    slo_bindings = (REDIRECT,)
    people: ClassVar = {key: holder.full_name for key, holder in CZECHIA.items()}

    def check(self, message: Message) -> None:
        check_request(message.root)

    def name_id(self, person: str, asked: Asked) -> tuple[str, str]:
        return pseudonym(CZECHIA[person], asked.service.entity_id), PERSISTENT

    def attributes(self, person: str, asked: Asked) -> list[Attribute]:
        """Those asked for and nothing else."""
        holder = CZECHIA[person]
        given = []
        for wish in asked.wishes:
            if wish.name.startswith(f"{NATURAL}/"):
                found = attributes(holder, [wish.name], pseudonym(holder, asked.service.entity_id))
                # NIA's friendly names are not those of the profile.
                given += [replace(one, friendly=one.name.rpartition("/")[2]) for one in found]
            elif value := self._own(holder, wish.name):
                given.append(Attribute(wish.name, value, URI_NAME, wish.name.rpartition("/")[2]))
        return given

    def _own(self, holder: Holder, name: str) -> str:
        today = self.clock().date()
        age = today.year - holder.born.year - ((today.month, today.day) < (holder.born.month, holder.born.day))
        return {
            f"{_STORK}/countryCodeOfBirth": "CZ",
            f"{_STORK}/eMail": f"{holder.given.lower()}@vzorov.example",
            f"{_STORK}/age": str(age),
            f"{_STORK}/isAgeOver": str(age >= 18),
            f"{_CLAIMS}/tradresaid": base64.b64encode(_ADDRESS.encode()).decode(),
            f"{_CLAIMS}/idtype": "ID",
            f"{_CLAIMS}/idnumber": "200000001",
            f"{_CLAIMS}/phonenumber": "+420601000001",
            # Both spellings are live.
            f"{_CLAIMS.replace('eidentita', 'eidentity')}/phonenumber": "+420601000001",
        }.get(name, "")

    def refusable(self, asked: Asked) -> Mapping[str, str]:
        return {wish.name: wish.name.rpartition("/")[2] for wish in asked.wishes if not wish.required}

    def cancelled(self, issuing: Issuing, wrong: Collection[str]) -> bytes:
        """A Success with an assertion; an attribute says that it was none."""
        failed = Attribute(_STATUS_ATTRIBUTE, f"{STATUS}AuthnFailed", URI_NAME, "StatusCode")
        return good_or_wrong(replace(issuing, attributes=(failed,)), wrong)


def pseudonym(holder: Holder, service: str) -> str:
    """What this service, and no other, knows the person by."""
    return f"CZ/CZ/{uuid5(NAMESPACE_URL, f'nia:{service}:{holder.number}')}"
