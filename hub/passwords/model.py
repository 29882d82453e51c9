"""What an account with a password is, what a login by it gives, and how surely it says who somebody is.

Assurance (Commission Implementing Regulation (EU) 2015/1502, annex). A password alone is `low`: one factor (2.2.1).
Password and second factor are `substantial` where the second factor belongs to the person as surely as the password
does: two factors of different categories (2.2.1), a dynamic authentication (2.3.1), a document checked and the means
handed over at the counter (2.1.2, 2.2.2). Whoever enrols a factor in the login with the password from the paper, or in
a session of at least that assurance, carries it over. A factor added later in a login by password alone was perhaps
added by whoever had guessed the password: it protects the account, and the login stays `low`. `high` is for eIDs.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from hub.kernel.assurance import Assurance

FIRST_PASSWORD_VALID = timedelta(days=14)
STEP_VALID = timedelta(minutes=10)
"""Between the right password and the end of the login: the lifetime of a login transaction."""


class Factor(StrEnum):
    """A kind of second factor, with its `amr` value (RFC 8176 §2)."""

    TOTP = "totp"
    PASSKEY = "passkey"

    @property
    def method(self) -> str:
        return "otp" if self is Factor.TOTP else "hwk"


@dataclass(frozen=True, slots=True)
class Account:
    """`must_change`: the password is the one on the paper. `person`: her name, None of staff or where none is known."""

    account_id: UUID
    subject_id: UUID | None
    staff_id: UUID | None
    username: str
    must_change: bool
    person: str | None = None


@dataclass(frozen=True, slots=True)
class PasswordLogin:
    """The password was right. `factors`: kinds of second factors the account has, one of which must follow.

    `browser` is what the browser keeps to be known the next time (a cookie's value).
    """

    login_id: UUID
    subject_id: UUID | None
    staff_id: UUID | None
    must_change: bool
    factors: tuple[Factor, ...]
    browser: str


@dataclass(frozen=True, slots=True)
class Step:
    """How far a login by password has come, kept beside its login transaction."""

    account: Account
    first: bool
    method: str | None
    """`amr` of the second factor shown, None before one was."""
    assurance: Assurance
    """Of the login as it stands."""

    @property
    def methods(self) -> tuple[str, ...]:
        """`amr` values of the login as it stands (RFC 8176 §2)."""
        return ("pwd",) if self.method is None else ("pwd", self.method, "mfa")

    @property
    def binds(self) -> Assurance:
        """The assurance of a factor that is enrolled now."""
        return Assurance.SUBSTANTIAL if self.first else self.assurance


@dataclass(frozen=True, slots=True)
class FirstPassword:
    """A password for the paper: `text` as printed, `hash` as stored (still to be sealed)."""

    text: str = field(repr=False)
    hash: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Issued:
    """What the counter hands over; nobody can read the password again."""

    account_id: UUID
    username: str
    password: str = field(repr=False)
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class EnrolledFactor:
    """A second factor as its owner sees it."""

    factor_id: UUID
    kind: Factor
    name: str
    created_at: datetime
    used_at: datetime | None
