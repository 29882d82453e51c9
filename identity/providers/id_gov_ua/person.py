"""Whom id.gov.ua speaks of. Field names are those of its document IDInfoProcessingD, version 15 (2026-01-14)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.kernel.errors import LoginRefused
from hub.kit import identifiers
from hub.ports.eid import Represented
from identity.oidc.claims import ClaimTable, identifier_of, text_of

ASKED = (
    "lastname", "givenname", "middlename", "email", "phone", "drfocode", "edrpoucode", "unzr", "o", "isqscd",
)  # fmt: skip
"""Fields we ask for: nothing that is not used."""

TABLE = ClaimTable(
    given_name="givenname",
    family_name="lastname",
    email="email",
    phone="phone",
    others=frozenset(ASKED) | {
        "issuer", "issuercn", "serial", "subject", "subjectcn", "locality", "state", "ou", "title", "address", "dns",
        "auth_type", "error", "error_description", "message",
    },
)  # fmt: skip


def person_of(fields: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Her identifiers, RNOKPP (or the passport in its place) before UNZR; at least one.

    `drfocode` is hers and `edrpoucode` her organisation's. Some certificates have hers in `edrpoucode` (a sole
    trader's EDRPOU is her RNOKPP), so that one is taken where it passes her number's check and `drfocode` has nothing
    of a person. Raises LoginRefused: `missing_attribute` for a seal, which names no person; `malformed`.
    """
    drfo, edrpou = text_of(fields, "drfocode"), text_of(fields, "edrpoucode")
    found: list[tuple[str, str]] = []
    if drfo is not None and not _is("ua.edrpou", drfo):
        found.append(("ua.rnokpp", identifier_of("ua.rnokpp", drfo, "drfocode")))
    elif edrpou is not None and len(edrpou) == 10 and _is("ua.rnokpp", edrpou):
        found.append(("ua.rnokpp", identifiers.normalise("ua.rnokpp", edrpou)))
    if (unzr := text_of(fields, "unzr")) is not None:
        found.append(("ua.unzr", identifier_of("ua.unzr", unzr, "unzr")))
    if not found:
        problem = "id.gov.ua named no person (drfocode, unzr); a seal of an organisation does not log in."
        raise LoginRefused(problem, reason="missing_attribute")
    return found


def organisation_of(fields: Mapping[str, Any]) -> Represented | None:
    """The organisation in her certificate; None for a number that is not one's."""
    code, name = text_of(fields, "edrpoucode"), text_of(fields, "o")
    if code is None or not _is("ua.edrpou", code):
        return None
    number = identifiers.normalise("ua.edrpou", code)
    return Represented((("ua.edrpou", number),), name or number, "id_gov_ua:edrpoucode")


def is_qualified(fields: Mapping[str, Any]) -> bool:
    """Whether the key is in a qualified device. How `isqscd` is written is not published; these are the usual ways."""
    value = fields.get("isqscd")
    return value is True or value == 1 or (isinstance(value, str) and value.strip().lower() in ("1", "true"))


def _is(scheme: str, text: str) -> bool:
    try:
        identifiers.normalise(scheme, text)
    except ValueError:
        return False
    return True
