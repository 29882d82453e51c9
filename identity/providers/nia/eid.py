"""NIA, the Czech national identity point (Identita občana): eIDAS messages with attributes and habits of its own."""

from __future__ import annotations

from typing import ClassVar

from hub.kernel.assurance import Assurance
from identity.saml.claims import EIDAS, Claims, Table
from identity.saml.engine import SamlEid
from identity.saml.messages import Asking, RequestedAttribute
from identity.saml.names import NATURAL_PERSON, PERSISTENT, SAMLP, STATUS, SUCCESS
from identity.saml.response import Statement, failure

_STORK = "http://www.stork.gov.eu/1.0/"
_STATUS_CODE = f"{SAMLP}/statuscode"
# Three hosts are in use in published code for the same claims.
_CLAIMS = tuple(
    f"http://schemas.{host}/moris/2016/identity/claims/"
    for host in ("eidentita.cz", "eidentity.cz", "identitaobcana.cz")
)
_EMAIL = f"{_STORK}eMail"
_PHONE = f"{_CLAIMS[0]}phonenumber"


class Nia(SamlEid):
    """Subject is a pseudonym that only this town sees, `CZ/CZ/<uuid>`; no birth number is ever given."""

    provider = "nia"
    table: ClassVar[Table] = {
        **EIDAS,
        _EMAIL: "email",
        f"{_STORK}countryCodeOfBirth": None,
        f"{_STORK}age": None,
        f"{_STORK}isAgeOver": None,
        "http://eidas.europa.eu/LoA": None,
        _STATUS_CODE: None,
        **{f"{one}phonenumber": "phone" for one in _CLAIMS},
        **{f"{one}{name}": None for one in _CLAIMS for name in ("tradresaid", "idtype", "idnumber")},
    }
    asking: ClassVar[Asking] = Asking(
        name_id_format=PERSISTENT,
        classes={level: level.acr for level in Assurance},
        sp_type="public",
        attributes=(
            RequestedAttribute(f"{NATURAL_PERSON}PersonIdentifier", "PersonIdentifier", required=True),
            RequestedAttribute(f"{NATURAL_PERSON}CurrentGivenName", "FirstName", required=True),
            RequestedAttribute(f"{NATURAL_PERSON}CurrentFamilyName", "FamilyName", required=True),
            RequestedAttribute(f"{NATURAL_PERSON}DateOfBirth", "DateOfBirth"),
            RequestedAttribute(_EMAIL),
            RequestedAttribute(_PHONE),
        ),
    )

    def _refused(self, statement: Statement) -> None:
        """A login that failed or was given up comes as Success, with what really happened as an attribute."""
        for said in statement.attributes.get(_STATUS_CODE, ()):
            if said != SUCCESS:
                raise failure([said.removeprefix(STATUS)[:60]])

    def _subject(self, statement: Statement, claims: Claims) -> str:
        """The NameID where the attribute was not handed over: it is the same pseudonym."""
        pseudonym = claims.get("person_identifier")
        if pseudonym is None and statement.name_id_format == PERSISTENT:
            return statement.name_id
        return claims.need("person_identifier", "PersonIdentifier")
