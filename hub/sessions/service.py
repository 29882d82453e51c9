"""Opens sessions, finds them by the browser's cookie and ends them.

The cookie carries 256 random bits and nothing else; here only their SHA-256 is kept. A new login in the same browser
gives the session a new token, so that one planted or overheard before is worth nothing after it (session fixation,
OWASP Session Management Cheat Sheet, "Renew the Session ID After Any Privilege Level Change").
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from hub.kernel.assurance import Assurance
from hub.kernel.clock import Clock
from hub.kernel.errors import NotFound
from hub.kernel.ids import new_uuid
from hub.sessions.model import IDLE, IDLE_OF_STAFF, LONGEST, Session
from hub.storage.database import Connection, Database
from hub.storage.vault import TownKeys, Vault

NAME_ID = "name_id"
SESSION_INDEX = "session_index"
"""Keys of `Identity.logout` by which an eID ends a session itself."""

_SEEN_EVERY = timedelta(minutes=1)


class SessionService:
    """Everything about sessions. Methods that take a connection run in the transaction of an identity door."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database, self._vault, self._clock = database, vault, clock

    async def open(
        self,
        connection: Connection,
        keys: TownKeys,
        *,
        subject_id: UUID | None,
        staff_id: UUID | None,
        login_id: UUID | None,
        provider: str,
        assurance: Assurance,
        methods: tuple[str, ...],
        authenticated_at: datetime,
        logout: Mapping[str, str],
    ) -> tuple[Session, str]:
        """A new session and the token of its cookie. `logout` is what the eID said a logout needs later, or empty."""
        now = self._clock.now()
        session = Session(
            session_id=new_uuid(),
            city_id=keys.city_id,
            subject_id=subject_id,
            staff_id=staff_id,
            login_id=login_id,
            provider=provider,
            assurance=assurance,
            methods=methods,
            authenticated_at=authenticated_at,
            created_at=now,
            expires_at=now + LONGEST,
        )
        token = secrets.token_urlsafe(32)
        await connection.execute(
            """insert into sessions (city_id, session_id, token_hash, subject_id, staff_id, login_id, provider,
                                     assurance, methods, authenticated_at, created_at, seen_at, expires_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11, $12)""",
            session.city_id,
            session.session_id,
            _hash(token),
            subject_id,
            staff_id,
            login_id,
            provider,
            assurance,
            list(methods),
            authenticated_at,
            now,
            session.expires_at,
        )
        await self._remember_eid(connection, keys, session.session_id, provider, logout)
        return session, token

    async def step_up(
        self,
        connection: Connection,
        session_id: UUID,
        *,
        assurance: Assurance,
        methods: tuple[str, ...],
        authenticated_at: datetime,
        keys: TownKeys | None = None,
        provider: str | None = None,
        login_id: UUID | None = None,
        logout: Mapping[str, str] | None = None,
    ) -> str:
        """The person of a session logged in anew; returns the new token of its cookie, the old one is void.

        With `keys` also the provider, the login and what that eID's logout needs become those of the new login. The
        session does not last longer for it. Raises NotFound for a session that has ended.
        """
        token = secrets.token_urlsafe(32)
        city_id = await connection.fetchval(
            """update sessions set token_hash = $3, assurance = $4, methods = $5, authenticated_at = $6, seen_at = $2,
                   provider = coalesce($7, provider), login_id = coalesce($8, login_id)
               where city_id = munihub_current_city() and session_id = $1 and ended_at is null and expires_at > $2
               returning city_id""",
            session_id,
            self._clock.now(),
            _hash(token),
            assurance,
            list(methods),
            authenticated_at,
            provider,
            login_id,
        )
        if city_id is None:
            raise NotFound("This session has ended.")
        if keys is not None and provider is not None:
            await self._remember_eid(connection, keys, session_id, provider, logout or {})
        return token

    async def find(self, city_id: int, cookie_token: str) -> Session | None:
        """The session of a browser's cookie, which is in use by this; None where it has ended, expired or lain idle."""
        async with self._database.identity(city_id) as connection:
            return await self.find_in(connection, city_id, cookie_token)

    async def find_in(self, connection: Connection, city_id: int, cookie_token: str) -> Session | None:
        """As `find`, in the caller's transaction."""
        now = self._clock.now()
        row = await connection.fetchrow(
            "select * from sessions where city_id = $1 and token_hash = $2 and ended_at is null and expires_at > $3",
            city_id,
            _hash(cookie_token),
            now,
        )
        if row is None or now - row["seen_at"] >= (IDLE if row["staff_id"] is None else IDLE_OF_STAFF):
            return None
        if now - row["seen_at"] >= _SEEN_EVERY:
            await connection.execute(
                "update sessions set seen_at = $3 where city_id = $1 and session_id = $2",
                city_id,
                row["session_id"],
                now,
            )
        return _session(row)

    async def get(self, city_id: int, session_id: UUID) -> Session | None:
        """A session by its id; None where it has ended or expired. What asks is not the browser: idleness is not
        looked at, and this does not count as use.
        """
        async with self._database.identity(city_id) as connection:
            row = await connection.fetchrow(
                """select * from sessions where city_id = $1 and session_id = $2 and ended_at is null
                   and expires_at > $3""",
                city_id,
                session_id,
                self._clock.now(),
            )
        return _session(row) if row else None

    async def end(self, connection: Connection, city_id: int, session_id: UUID, why: str) -> Session | None:
        """End a session; `why` is a short word for the record (`logout`, `eid`, …). None where it had ended."""
        row = await connection.fetchrow(
            """update sessions set ended_at = $3, ended_for = $4
                where city_id = $1 and session_id = $2 and ended_at is null and expires_at > $3 returning *""",
            city_id,
            session_id,
            self._clock.now(),
            why,
        )
        return _session(row) if row else None

    async def of_login(self, city_id: int, login_id: UUID) -> list[Session]:
        """Sessions in force that were opened by a login."""
        async with self._database.identity(city_id) as connection:
            rows = await connection.fetch(
                """select * from sessions where city_id = $1 and login_id = $2 and ended_at is null and expires_at > $3
                    order by created_at""",
                city_id,
                login_id,
                self._clock.now(),
            )
        return [_session(row) for row in rows]

    async def at_provider(self, city_id: int, provider: str, name_id: str, session_index: str | None) -> list[Session]:
        """Sessions in force that an eID means by `name_id` and, where it says one, `session_index`."""
        async with self._database.identity(city_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            indexes = keys.blind_indexes(_scheme(provider), name_id)
            # A session that was opened before the index key was replaced is found by opening what it keeps.
            rows = await connection.fetch(
                """select s.*, e.handle from session_eids e join sessions s using (city_id, session_id)
                    where e.city_id = $1 and e.provider = $2 and s.ended_at is null and s.expires_at > $3
                      and (e.name_index = any($4) or e.key_id <> all($5::smallint[]))
                    order by s.created_at""",
                city_id,
                provider,
                self._clock.now(),
                [index for _, index in indexes],
                [key_id for key_id, _ in indexes],
            )
        found = []
        for row in rows:
            handle = _open(keys, row["session_id"], provider, row["handle"])
            same_session = session_index is None or handle.get(SESSION_INDEX, session_index) == session_index
            if handle.get(NAME_ID) == name_id and same_session:
                found.append(_session(row))
        return found

    async def logouts_of(self, session: Session) -> dict[str, dict[str, str]]:
        """What every eID of a session's logins needs to be told that it ends, by the name of its block."""
        async with self._database.identity(session.city_id) as connection:
            keys = await self._vault.keys(connection, session.city_id)
            rows = await connection.fetch(
                "select provider, handle from session_eids where city_id = $1 and session_id = $2",
                session.city_id,
                session.session_id,
            )
        return {row["provider"]: _open(keys, session.session_id, row["provider"], row["handle"]) for row in rows}

    @staticmethod
    async def _remember_eid(
        connection: Connection, keys: TownKeys, session_id: UUID, provider: str, logout: Mapping[str, str]
    ) -> None:
        if not logout:
            return
        # One without a NameID can be told by us of a logout, and tells us of none.
        key_id, index = keys.blind_indexes(_scheme(provider), logout.get(NAME_ID, ""))[0]
        await connection.execute(
            """insert into session_eids (city_id, session_id, provider, key_id, name_index, handle)
               values ($1, $2, $3, $4, $5, $6)
               on conflict (city_id, session_id, provider) do update
               set key_id = excluded.key_id, name_index = excluded.name_index, handle = excluded.handle""",
            keys.city_id,
            session_id,
            provider,
            key_id,
            index,
            keys.encrypt("session_eids", "handle", f"{session_id}/{provider}", json.dumps(dict(logout)).encode()),
        )


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


def _scheme(provider: str) -> str:
    return f"logout.{provider}"


def _open(keys: TownKeys, session_id: UUID, provider: str, handle: bytes) -> dict[str, str]:
    opened: dict[str, str] = json.loads(keys.decrypt("session_eids", "handle", f"{session_id}/{provider}", handle))
    return opened


def _session(row: asyncpg.Record) -> Session:
    return Session(
        session_id=row["session_id"],
        city_id=row["city_id"],
        subject_id=row["subject_id"],
        staff_id=row["staff_id"],
        login_id=row["login_id"],
        provider=row["provider"],
        assurance=Assurance(row["assurance"]),
        methods=tuple(row["methods"]),
        authenticated_at=row["authenticated_at"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
    )
