"""The SQL of grants. Every function runs in a transaction of the identity door; tokens come in as their SHA-256."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from hub.grants.model import Grant
from hub.kernel.assurance import Assurance
from hub.storage.database import Connection

_GRANT = """g.grant_id, g.client, g.session_id, g.subject_id, g.staff_id, g.scopes, g.nonce, g.assurance, g.methods,
            g.authenticated_at, g.created_at, g.expires_at, g.revoked_at"""


def digest(token: str) -> bytes:
    """As a token is kept."""
    return hashlib.sha256(token.encode()).digest()


def _grant(row: asyncpg.Record) -> Grant:
    return Grant(
        grant_id=row["grant_id"],
        client=row["client"],
        session_id=row["session_id"],
        subject_id=row["subject_id"],
        staff_id=row["staff_id"],
        scopes=tuple(row["scopes"]),
        nonce=row["nonce"],
        assurance=Assurance(row["assurance"]),
        methods=tuple(row["methods"]),
        authenticated_at=row["authenticated_at"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        revoked_at=row["revoked_at"],
    )


# ── Requests that wait for a login ───────────────────────────────────────────────────────────────


async def add_request(
    connection: Connection,
    city_id: int,
    token: str,
    client: str,
    request: Mapping[str, Any],
    cookie: str | None,
    expires_at: datetime,
) -> None:
    await connection.execute(
        """insert into authorization_requests (city_id, request_hash, client, request, cookie_hash, expires_at)
           values ($1, $2, $3, $4, $5, $6)""",
        city_id,
        digest(token),
        client,
        json.dumps(request),
        digest(cookie) if cookie else None,
        expires_at,
    )


async def request(
    connection: Connection, city_id: int, token: str, cookie: str | None, now: datetime
) -> tuple[dict[str, Any], bool, datetime] | None:
    """The request, whether the browser's session cookie is another one than it was then, and when it expires."""
    row = await connection.fetchrow(
        """select request::text as request, cookie_hash is distinct from $4 as changed, expires_at
           from authorization_requests where city_id = $1 and request_hash = $2 and expires_at > $3""",
        city_id,
        digest(token),
        now,
        digest(cookie) if cookie else None,
    )
    return (json.loads(row["request"]), row["changed"], row["expires_at"]) if row else None


async def drop_request(connection: Connection, city_id: int, token: str) -> bool:
    """False where it was answered before."""
    done = await connection.execute(
        "delete from authorization_requests where city_id = $1 and request_hash = $2", city_id, digest(token)
    )
    return bool(done == "DELETE 1")


# ── Grants and codes ─────────────────────────────────────────────────────────────────────────────


async def add_grant(connection: Connection, city_id: int, grant: Grant) -> None:
    await connection.execute(
        """insert into grants (city_id, grant_id, client, session_id, subject_id, staff_id, scopes, nonce, assurance,
                               methods, authenticated_at, created_at, expires_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)""",
        city_id,
        grant.grant_id,
        grant.client,
        grant.session_id,
        grant.subject_id,
        grant.staff_id,
        list(grant.scopes),
        grant.nonce,
        grant.assurance,
        list(grant.methods),
        grant.authenticated_at,
        grant.created_at,
        grant.expires_at,
    )


async def add_code(
    connection: Connection,
    city_id: int,
    code: str,
    grant_id: UUID,
    redirect_uri: str,
    code_challenge: str,
    expires_at: datetime,
) -> None:
    await connection.execute(
        """insert into authorization_codes (city_id, code_hash, grant_id, redirect_uri, code_challenge, expires_at)
           values ($1, $2, $3, $4, $5, $6)""",
        city_id,
        digest(code),
        grant_id,
        redirect_uri,
        code_challenge,
        expires_at,
    )


@dataclass(frozen=True, slots=True)
class ShownCode:
    """A code as it was found when it was shown; `fresh`: for the first time and in time."""

    grant: Grant
    redirect_uri: str
    code_challenge: str
    fresh: bool


async def show_code(connection: Connection, city_id: int, code: str, now: datetime) -> ShownCode | None:
    """Use a code up. Of two that show it at once the second one waits and finds it used."""
    row = await connection.fetchrow(
        """select redirect_uri, code_challenge, grant_id, used_at is null and expires_at > $3 as fresh
           from authorization_codes where city_id = $1 and code_hash = $2 for update""",
        city_id,
        digest(code),
        now,
    )
    if row is None:
        return None
    await connection.execute(
        "update authorization_codes set used_at = coalesce(used_at, $3) where city_id = $1 and code_hash = $2",
        city_id,
        digest(code),
        now,
    )
    found = await grant(connection, city_id, row["grant_id"])
    assert found is not None
    return ShownCode(found, row["redirect_uri"], row["code_challenge"], row["fresh"])


async def grant(connection: Connection, city_id: int, grant_id: UUID) -> Grant | None:
    """The grant, held until the end of the transaction."""
    row = await connection.fetchrow(
        f"select {_GRANT} from grants g where g.city_id = $1 and g.grant_id = $2 for update",  # noqa: S608 - ours
        city_id,
        grant_id,
    )
    return _grant(row) if row else None


async def in_force(connection: Connection, city_id: int, grant_id: UUID, now: datetime) -> bool:
    """Whether neither the grant nor its session has ended."""
    return bool(
        await connection.fetchval(
            """select exists (
                   select from grants g join sessions s on s.city_id = g.city_id and s.session_id = g.session_id
                   where g.city_id = $1 and g.grant_id = $2 and g.revoked_at is null and g.expires_at > $3
                     and s.ended_at is null)""",
            city_id,
            grant_id,
            now,
        )
    )


async def revoke(connection: Connection, city_id: int, grant_id: UUID, why: str, now: datetime) -> bool:
    """False where it had been revoked."""
    done = await connection.execute(
        """update grants set revoked_at = $3, revoked_for = $4
           where city_id = $1 and grant_id = $2 and revoked_at is null""",
        city_id,
        grant_id,
        now,
        why,
    )
    return bool(done == "UPDATE 1")


async def revoke_of_session(
    connection: Connection, city_id: int, session_id: UUID, why: str, now: datetime
) -> list[str]:
    """Revoke what a session gave; the clients that ever had something of it, also where they gave it back."""
    await connection.execute(
        """update grants set revoked_at = $3, revoked_for = $4
           where city_id = $1 and session_id = $2 and revoked_at is null""",
        city_id,
        session_id,
        now,
        why,
    )
    rows = await connection.fetch(
        "select distinct client from grants where city_id = $1 and session_id = $2 order by client", city_id, session_id
    )
    return [row["client"] for row in rows]


# ── Refresh tokens ───────────────────────────────────────────────────────────────────────────────


@dataclass(frozen=True, slots=True)
class ShownToken:
    """A refresh token as it was found. `used_at` is when it was exchanged first; `followed`: what it gave was used;
    `passed_over`: another one that was given for the same token was used.
    """

    grant: Grant
    expires_at: datetime
    used_at: datetime | None
    followed: bool
    passed_over: bool


async def add_refresh_token(
    connection: Connection,
    city_id: int,
    token: str,
    grant_id: UUID,
    parent: str | None,
    now: datetime,
    expires_at: datetime,
) -> None:
    await connection.execute(
        """insert into refresh_tokens (city_id, token_hash, grant_id, parent, issued_at, expires_at)
           values ($1, $2, $3, $4, $5, $6)""",
        city_id,
        digest(token),
        grant_id,
        digest(parent) if parent else None,
        now,
        expires_at,
    )


async def refresh_token(connection: Connection, city_id: int, token: str) -> ShownToken | None:
    """A refresh token; its grant is held until the end of the transaction, so that its tokens are used in turn."""
    grant_id = await connection.fetchval(
        "select grant_id from refresh_tokens where city_id = $1 and token_hash = $2", city_id, digest(token)
    )
    held = await grant(connection, city_id, grant_id) if grant_id else None
    if held is None:
        return None
    row = await connection.fetchrow(
        """select expires_at, used_at,
                  exists (select from refresh_tokens n
                          where n.city_id = t.city_id and n.used_at is not null
                            and n.parent = t.token_hash) as followed,
                  exists (select from refresh_tokens n
                          where n.city_id = t.city_id and n.used_at is not null
                            and n.parent = t.parent and n.token_hash <> t.token_hash) as passed_over
           from refresh_tokens t where city_id = $1 and token_hash = $2""",
        city_id,
        digest(token),
    )
    assert row is not None
    return ShownToken(held, row["expires_at"], row["used_at"], row["followed"], row["passed_over"])


async def use_refresh_token(connection: Connection, city_id: int, token: str, now: datetime) -> None:
    await connection.execute(
        "update refresh_tokens set used_at = coalesce(used_at, $3) where city_id = $1 and token_hash = $2",
        city_id,
        digest(token),
        now,
    )


# ── Names ────────────────────────────────────────────────────────────────────────────────────────


async def name_of_subject(connection: Connection, city_id: int, subject_id: UUID) -> str | None:
    """The name of whoever stands for the subject, where a register or an eID told one."""
    found = await connection.fetchval(
        """select coalesce(m.name, s.name) from subjects s
           left join subjects m on m.city_id = s.city_id and m.subject_id = s.merged_into
           where s.city_id = $1 and s.subject_id = $2""",
        city_id,
        subject_id,
    )
    return str(found) if found else None


async def name_of_staff(connection: Connection, city_id: int, staff_id: UUID) -> str | None:
    found = await connection.fetchval("select name from staff where city_id = $1 and staff_id = $2", city_id, staff_id)
    return str(found) if found else None
