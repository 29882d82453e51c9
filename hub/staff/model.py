"""What somebody on the staff may do, and where."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub.authorisation import Role


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """A role in the whole town, or at one payee, or in one department."""

    role: Role
    payee: str | None = None
    department: str | None = None

    @property
    def whole_town(self) -> bool:
        return self.payee is None and self.department is None

    def covers(self, payee: str | None, department: str | None) -> bool:
        """Whether it holds for something of that payee and department."""
        if self.whole_town:
            return True
        return self.payee == payee if self.payee is not None else self.department == department

    def __str__(self) -> str:
        """As the command line reads it: `clerk`, `support@payee=grad`."""
        place = f"payee={self.payee}" if self.payee else f"department={self.department}" if self.department else ""
        return f"{self.role}@{place}" if place else str(self.role)


@dataclass(frozen=True, slots=True)
class Member:
    """One on the staff. `ended_at`: since when no longer."""

    staff_id: UUID
    name: str
    grants: tuple[Grant, ...]
    ended_at: datetime | None
