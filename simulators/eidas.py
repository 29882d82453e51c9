"""Attributes of the eIDAS SAML Attribute Profile 1.2 for the holders of a simulated eID."""

from __future__ import annotations

import base64
from collections.abc import Collection

from lxml import etree

from simulators.eids import Holder
from simulators.kit.pages import NotAccepted
from simulators.kit.saml import EIDAS, URI_NAME
from simulators.kit.saml_answer import Attribute

NATURAL = "http://eidas.europa.eu/attributes/naturalperson"
LEGAL = "http://eidas.europa.eu/attributes/legalperson"

MANDATORY = tuple(
    f"{NATURAL}/{name}" for name in ("PersonIdentifier", "CurrentFamilyName", "CurrentGivenName", "DateOfBirth")
)
MANDATORY_LEGAL = (f"{LEGAL}/LegalPersonIdentifier", f"{LEGAL}/LegalName")

# Friendly names of the profile where they are not the name itself.
_FRIENDLY = {"CurrentFamilyName": "FamilyName", "CurrentGivenName": "FirstName", "LegalPersonAddress": "LegalAddress"}
_ADDRESS = (
    f'<eidas:CurrentAddress xmlns:eidas="{NATURAL}"><eidas:LocatorDesignator>12a</eidas:LocatorDesignator>'
    "<eidas:Thoroughfare>Nádražní</eidas:Thoroughfare><eidas:PostName>Vzorov</eidas:PostName>"
    "<eidas:PostCode>10000</eidas:PostCode></eidas:CurrentAddress>"
)


def attributes(holder: Holder, wished: Collection[str], identifier: str, legal_identifier: str = "") -> list[Attribute]:
    """Those of `wished` that `holder` has, in the order of the request.

    `identifier` is the PersonIdentifier, which each scheme makes in its own way; `legal_identifier` that of the legal
    entity she acts for.
    """
    found = []
    for name in wished:
        space, _, local = name.rpartition("/")
        value = ""
        if space == NATURAL:
            value = identifier if local == "PersonIdentifier" else _of(holder, local)
        elif space == LEGAL and holder.acts_for:
            value = {"LegalPersonIdentifier": legal_identifier, "LegalName": holder.acts_for.name}.get(local, "")
        if value:
            found.append(
                Attribute(
                    name,
                    value,
                    URI_NAME,
                    _FRIENDLY.get(local, local),
                    f"{{{space}}}{local}Type",
                    identifying=local == "PersonIdentifier",
                )
            )
    return found


def _of(holder: Holder, local: str) -> str:
    return {
        "CurrentFamilyName": holder.family,
        "CurrentGivenName": holder.given,
        "DateOfBirth": holder.born.isoformat(),
        "BirthName": holder.full_name,
        "PlaceOfBirth": "Vzorov",
        "CurrentAddress": base64.b64encode(_ADDRESS.encode()).decode(),
        "Gender": holder.sex,
    }.get(local, "")


def check_request(root: etree._Element) -> None:
    """What the eIDAS message format asks of an AuthnRequest beyond SAML; raises NotAccepted."""
    kinds = [(element.text or "").strip() for element in root.iter(f"{{{EIDAS}}}SPType")]
    if kinds not in (["public"], ["private"]):
        raise NotAccepted("The Extensions must say eidas:SPType public or private.")
