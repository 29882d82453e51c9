"""From an issuer's claims to an identity, by a table. What is not in the table is reported by name and left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from hub.kernel.errors import LoginRefused
from hub.kit import identifiers

_LONGEST_TEXT = 200

# Claims of the protocol itself: OpenID Connect Core 1.0 §2, §3.1.3.6 and §3.3.2.11, Front-Channel Logout 1.0 §3.
PROTOCOL = frozenset({
    "iss", "sub", "aud", "exp", "iat", "nbf", "jti", "nonce", "auth_time", "acr", "amr", "azp", "at_hash", "c_hash",
    "s_hash", "sid",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class ClaimTable:
    """Which claim holds what. Names are the issuer's; schemes are those of hub.kit.identifiers.

    `required` must be there, or the login is refused. `others` are expected and not used.
    """

    given_name: str | None = None
    family_name: str | None = None
    birth_date: str | None = None
    email: str | None = None
    phone: str | None = None
    identifiers: Mapping[str, str] = field(default_factory=dict)
    required: frozenset[str] = frozenset()
    others: frozenset[str] = frozenset()

    def known(self) -> frozenset[str]:
        named = (self.given_name, self.family_name, self.birth_date, self.email, self.phone)
        return PROTOCOL | self.others | frozenset(self.identifiers) | {name for name in named if name}


@dataclass(frozen=True, slots=True)
class Person:
    """What the claims say, in our words."""

    given_name: str | None
    family_name: str | None
    birth_date: date | None
    email: str | None
    phone: str | None
    identifiers: tuple[tuple[str, str], ...]
    unknown: tuple[str, ...]


def read_person(claims: Mapping[str, Any], table: ClaimTable) -> Person:
    """Raises LoginRefused: `missing_attribute`, `malformed`; the text names the claim, never its value."""
    for name in sorted(table.required):
        if text_of(claims, name) is None:
            raise LoginRefused(f"The eID did not say {name!r}.", reason="missing_attribute")
    return Person(
        given_name=text_of(claims, table.given_name),
        family_name=text_of(claims, table.family_name),
        birth_date=_date_of(claims, table.birth_date),
        # An address the issuer itself has not verified proves nothing.
        email=text_of(claims, table.email) if claims.get("email_verified") is not False else None,
        phone=text_of(claims, table.phone) if claims.get("phone_number_verified") is not False else None,
        identifiers=tuple(
            (scheme, identifier_of(scheme, value, name))
            for name, scheme in table.identifiers.items()
            if (value := text_of(claims, name)) is not None
        ),
        unknown=tuple(sorted(str(name)[:100] for name in claims.keys() - table.known())),
    )


def text_of(claims: Mapping[str, Any], name: str | None) -> str | None:
    """A claim that is one line of text; None where it is absent or empty. Raises LoginRefused."""
    value = claims.get(name) if name else None
    if value is None:
        return None
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT or not value.isprintable():
        raise LoginRefused(f"The claim {name!r} is not a line of text.", reason="malformed")
    return value.strip() or None


def identifier_of(scheme: str, value: str, name: str) -> str:
    """The one written form. Raises LoginRefused."""
    try:
        return identifiers.normalise(scheme, value)
    except ValueError as error:
        raise LoginRefused(f"The claim {name!r} {error}.", reason="malformed") from None


def _date_of(claims: Mapping[str, Any], name: str | None) -> date | None:
    """A whole date, YYYY-MM-DD; a bare year or a date without one (Core §5.1 allows both) is no birth date."""
    value = text_of(claims, name)
    if value is None or len(value) != 10:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError:
        return None
