"""What a session is and how long it lasts."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from hub.kernel.assurance import Assurance

LONGEST = timedelta(hours=12)
"""From the login on, however busy the browser is."""

IDLE = timedelta(minutes=30)
"""Without a request of the browser."""

IDLE_OF_STAFF = timedelta(minutes=15)

PASSWORD = "password"  # noqa: S105 - the name of a way to log in
"""`Session.provider` of a login by the town's own password; every other one is the name of a block of `eids:`."""


@dataclass(frozen=True, slots=True)
class Session:
    """Somebody logged in: a citizen (`subject_id`) or a member of staff (`staff_id`), never both.

    `provider`, `assurance`, `methods` (`amr`, RFC 8176) and `authenticated_at` are of the last login in this session:
    it says what that one proved, not the best of all.
    """

    session_id: UUID
    city_id: int
    subject_id: UUID | None
    staff_id: UUID | None
    login_id: UUID | None
    provider: str
    assurance: Assurance
    methods: tuple[str, ...]
    authenticated_at: datetime
    created_at: datetime
    expires_at: datetime
