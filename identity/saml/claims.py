"""Turns attributes into what the hub knows of a person, by a provider's table. What is not in the table is reported."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from hub.kernel.errors import LoginRefused
from hub.kit.identifiers import normalise
from identity.saml.names import LEGAL_PERSON, NATURAL_PERSON
from identity.saml.response import Statement

Table = Mapping[str, str | None]
"""Attribute name → our name of it, or None for one that is known and of no use to a town (nothing is kept of it)."""

EIDAS: Table = {
    f"{NATURAL_PERSON}PersonIdentifier": "person_identifier",
    f"{NATURAL_PERSON}CurrentFamilyName": "family_name",
    f"{NATURAL_PERSON}CurrentGivenName": "given_name",
    f"{NATURAL_PERSON}DateOfBirth": "birth_date",
    f"{NATURAL_PERSON}BirthName": None,
    f"{NATURAL_PERSON}PlaceOfBirth": None,
    f"{NATURAL_PERSON}CurrentAddress": None,
    f"{NATURAL_PERSON}Gender": None,
    f"{LEGAL_PERSON}LegalPersonIdentifier": "legal_identifier",
    f"{LEGAL_PERSON}LegalName": "legal_name",
    f"{LEGAL_PERSON}LegalPersonAddress": None,
    f"{LEGAL_PERSON}VATRegistrationNumber": None,
    f"{LEGAL_PERSON}TaxReference": None,
    f"{LEGAL_PERSON}D-2012-17-EUIdentifier": None,
    f"{LEGAL_PERSON}LEI": None,
    f"{LEGAL_PERSON}EORI": None,
    f"{LEGAL_PERSON}SEED": None,
    f"{LEGAL_PERSON}SIC": None,
}
"""The minimum data sets (Regulation (EU) 2015/1501, annex; eIDAS SAML Attribute Profile 1.2 §2.2, §2.3)."""

_ISO = re.compile(r"(\d{4})-(\d\d)-(\d\d)(?:Z|[+-]\d\d:\d\d)?", re.ASCII)
_DOTTED = re.compile(r"(\d\d?)\.\s?(\d\d?)\.\s?(\d{4})\.?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Claims:
    """One value for each of our names; `unknown` are names of attributes nobody expected or that cannot be read."""

    values: Mapping[str, str]
    unknown: tuple[str, ...]

    def get(self, name: str) -> str | None:
        return self.values.get(name)

    def need(self, name: str, attribute: str) -> str:
        """Raises LoginRefused naming the attribute that is missing."""
        value = self.values.get(name)
        if value is None:
            raise LoginRefused(f"The attribute {attribute} is missing.", reason="missing_attribute")
        return value

    def identifier(self, name: str, scheme: str) -> tuple[tuple[str, str], ...]:
        """`((scheme, number),)`, or nothing where it was not given. Raises LoginRefused for an impossible number."""
        value = self.values.get(name)
        if value is None:
            return ()
        try:
            return ((scheme, normalise(scheme, value)),)
        except ValueError as error:
            raise LoginRefused(f"The value of {name} {error}.", reason="malformed") from None

    def date(self, name: str) -> date | None:
        value = self.values.get(name)
        return None if value is None else read_date(value)


def read_claims(statement: Statement, table: Table) -> Claims:
    """Raises LoginRefused where one thing has two different values: which of them holds is not ours to guess."""
    values: dict[str, str] = {}
    unknown = [name for name in statement.structured if name not in table]
    for attribute, given in statement.attributes.items():
        if attribute not in table:
            unknown.append(attribute)
            continue
        name = table[attribute]
        found = dict.fromkeys(value for value in given if value)
        if name is None or not found:
            continue
        if len(found) > 1 or values.get(name, *found) not in found:
            raise LoginRefused(f"There are different values for {name}.", reason="malformed")
        values[name] = next(iter(found))
    born = values.get("birth_date")
    if born is not None and read_date(born) is None:
        unknown.extend(name for name in statement.attributes if table.get(name) == "birth_date")
        del values["birth_date"]
    return Claims(values, tuple(_shown(name) for name in dict.fromkeys(unknown)))


def read_date(text: str) -> date | None:
    """`1980-02-29` or `29.02.1980.`; None for anything else, such as a year alone."""
    try:
        if match := _ISO.fullmatch(text):
            return date(int(match[1]), int(match[2]), int(match[3]))
        if match := _DOTTED.fullmatch(text):
            return date(int(match[3]), int(match[2]), int(match[1]))
    except ValueError:
        return None
    return None


def _shown(name: str) -> str:
    """A name as a log may show it: it comes from outside."""
    return "".join(letter if letter.isprintable() else "?" for letter in name[:200])
