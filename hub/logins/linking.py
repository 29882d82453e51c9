"""What joins a login with a person beside the eID itself: a clerk, or a code from a bill. All can be taken back."""

from __future__ import annotations

from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from uuid import UUID

from hub.kernel.clock import Clock
from hub.kernel.errors import NotFound
from hub.logins import claims, resolution
from hub.logins.claims import Claimed
from hub.logins.counting import count
from hub.storage.database import Connection, Database
from hub.storage.vault import Vault

CLAIM_GOOD_FOR = timedelta(days=60)
"""A code goes out with a bill; the next one brings another."""

_MOST_TRIES = 10
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Login:
    """One way somebody proves herself, as a clerk sees it. `linked_by`: new, identifier, clerk, nobody."""

    login_id: UUID
    provider: str
    staff: bool
    subject_id: UUID | None
    staff_id: UUID | None
    linked_by: str
    linked_for: str | None
    created_at: datetime
    used_at: datetime
    revoked_at: datetime | None
    revoked_for: str | None


class Linking:
    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database, self._vault, self._clock = database, vault, clock

    async def logins_of(self, city_id: int, subject_id: UUID) -> list[Login]:
        """Logins of a subject and of all it stands for, the newest first; revoked ones too."""
        async with self._database.identity(city_id) as connection:
            rows = await connection.fetch(
                """select l.* from logins l join subjects s on s.city_id = l.city_id and s.subject_id = l.subject_id
                   where l.city_id = $1 and (s.subject_id = $2 or s.merged_into = $2)
                   order by l.created_at desc, l.login_id desc""",
                city_id,
                subject_id,
            )
        # The columns have the names of the fields.
        return [Login(**{field.name: row[field.name] for field in fields(Login)}) for row in rows]

    async def link(self, city_id: int, login_id: UUID, subject_id: UUID, *, by: str) -> UUID:
        """A clerk says whose a citizen's login is; returns the id of the login it is from now on.

        The old one is revoked and kept, so that linking back undoes it. Sessions are for the caller to end. Raises
        NotFound.
        """
        async with self._database.identity(city_id) as connection:
            found = await connection.fetchval(
                "select subject_id from subjects where city_id = $1 and subject_id = $2", city_id, subject_id
            )
            if found is None:
                raise NotFound("There is no such subject.")
            provider, identifier_id = await self._revoke(
                connection, city_id, login_id, f"linked anew by {by}", staff=False
            )
            return await resolution.insert(
                connection,
                city_id,
                provider,
                identifier_id,
                self._clock.now(),
                by="clerk",
                why=by,
                subject_id=subject_id,
            )

    async def link_staff(self, city_id: int, login_id: UUID, staff_id: UUID, *, by: str) -> UUID:
        """An administrator says whose a staff login is; as `link`."""
        async with self._database.identity(city_id) as connection:
            provider, identifier_id = await self._revoke(
                connection, city_id, login_id, f"linked anew by {by}", staff=True
            )
            return await resolution.insert(
                connection,
                city_id,
                provider,
                identifier_id,
                self._clock.now(),
                by="clerk",
                why=by,
                staff_id=staff_id,
                staff=True,
            )

    async def revoke(self, city_id: int, login_id: UUID, *, why: str) -> None:
        """The login leads nowhere any more; used again, it is a new one. Raises NotFound."""
        async with self._database.identity(city_id) as connection:
            await self._revoke(connection, city_id, login_id, why)

    async def issue_claim(self, city_id: int, scheme: str, number: str, *, by: str) -> str:
        """A code to be sent with a number on paper, see hub.logins.claims.issue."""
        async with self._database.identity(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            return await claims.issue(
                connection, keys, scheme, number, by=by, valid_for=CLAIM_GOOD_FOR, now=self._clock.now()
            )

    async def claim(self, city_id: int, subject_id: UUID, number: str, code: str) -> Claimed:
        """Give a number to whoever has its code. Raises TooManyRequests after ten tries a day."""
        now = self._clock.now()
        async with self._database.identity(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            await count(connection, keys, "claim", str(subject_id), now, most=_MOST_TRIES, window=_DAY)
            return await claims.claim(connection, keys, subject_id, number, code, now)

    async def undo_claim(self, city_id: int, claim_id: UUID, *, why: str) -> list[UUID]:
        """Returns sessions that the caller must end, see hub.logins.claims.undo. Raises NotFound."""
        async with self._database.identity(city_id) as connection:
            return await claims.undo(connection, city_id, claim_id, why=why, now=self._clock.now())

    async def _revoke(
        self, connection: Connection, city_id: int, login_id: UUID, why: str, *, staff: bool | None = None
    ) -> tuple[str, UUID]:
        row = await connection.fetchrow(
            """update logins set revoked_at = $3, revoked_for = $4
               where city_id = $1 and login_id = $2 and revoked_at is null and ($5::boolean is null or staff = $5)
               returning provider, identifier_id""",
            city_id,
            login_id,
            self._clock.now(),
            why,
            staff,
        )
        if row is None:
            raise NotFound("There is no such login in force.")
        return row["provider"], row["identifier_id"]
