"""Who an eID's identity is: one person, by proof.

In this order, and nothing else: the login itself was seen before; a national identifier the eID proves belongs to
somebody; nobody is known by either, so there is a new subject. A name or a date of birth decides nothing. What would
join or split two persons who are both known by something is no machine's decision: it is a conflict, for a clerk.
Runs in the transaction of an identity door.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

import asyncpg

from hub.kernel.errors import LoginRefused
from hub.kernel.ids import new_uuid
from hub.kit import identifiers
from hub.logins.model import Resolved
from hub.ports.eid import Identity
from hub.storage.database import Connection
from hub.storage.vault import TownKeys
from hub.subjects import service as subjects
from hub.subjects.model import Proof, SubjectKind

_HELD = """
    select distinct i.scheme from aliases a
    join identifiers i on i.city_id = a.city_id and i.identifier_id = a.identifier_id
    join subjects s on s.city_id = a.city_id and s.subject_id = a.subject_id
    where a.city_id = $1 and a.revoked_at is null and (s.subject_id = $2 or s.merged_into = $2)"""


_ONLY_REPRESENTED = """
    select s.back_office is null
       and exists (select from mandates m where m.city_id = $1 and m.represented_id = $2 and m.proof = 'eid')
       and not exists (select from aliases a
                       where a.city_id = $1 and a.subject_id = $2 and a.revoked_at is null and a.proof <> 'eid')
       and not exists (select from logins l where l.city_id = $1 and l.subject_id = $2)
       and not exists (select from subjects m where m.city_id = $1 and m.merged_into = $2)
    from subjects s where s.city_id = $1 and s.subject_id = $2"""


async def resolve(connection: Connection, keys: TownKeys, identity: Identity, now: datetime) -> Resolved:
    """A citizen's login. Raises LoginRefused (`malformed`) for an identifier its scheme refuses."""
    proven = _normalised(identity)
    ids = await _recognise(connection, keys, identity, proven)
    login = await _login(connection, keys.city_id, ids[_own(identity)], staff=False)
    of_login = await standing(connection, keys.city_id, login["subject_id"]) if login else None
    owners = {pair: await subjects.subject_of(connection, keys, *pair) for pair in proven}
    others = {owner for owner in owners.values() if owner is not None} - {of_login}
    if why := await _conflict(connection, keys.city_id, identity, owners, of_login, others):
        return Resolved(None, None, created=False, conflict=why)
    source, other = f"eid:{identity.provider}", next(iter(others), None)
    if of_login is not None and other is not None:
        # Until now only the login was known of her: the identifier says who she was all along.
        reason = "the eID of this login proved an identifier"
        await subjects.merge(connection, keys.city_id, of_login, other, reason=reason, actor=source, now=now)
    subject_id = other or of_login
    created = subject_id is None
    if other is not None and await kind_of(connection, keys.city_id, other) != identity.kind:
        await connection.execute(
            "update subjects set kind = $3, name = coalesce($4, name) where city_id = $1 and subject_id = $2",
            keys.city_id,
            other,
            identity.kind,
            identity.name,
        )
    if subject_id is None:
        subject_id = await subjects.create(connection, keys.city_id, SubjectKind(identity.kind), identity.name)
    for pair, owner in owners.items():
        if owner is None:
            await subjects.prove(connection, keys, subject_id, *pair, proof=Proof.EID, source=source, now=now)
    if login:
        await used(connection, keys.city_id, login["login_id"], now)
        return Resolved(subject_id, login["login_id"], created)
    login_id = await insert(
        connection,
        keys.city_id,
        identity.provider,
        ids[_own(identity)],
        now,
        subject_id=subject_id,
        by="new" if created else "identifier",
    )
    return Resolved(subject_id, login_id, created)


async def _conflict(
    connection: Connection,
    city_id: int,
    identity: Identity,
    owners: Mapping[tuple[str, str], UUID | None],
    of_login: UUID | None,
    others: set[UUID],
) -> str | None:
    """Why a clerk must decide; None where nothing contradicts."""
    if len({scheme for scheme, _ in owners}) < len(owners):
        return "the eID states two values of one scheme"
    if len(others) > 1:
        return "the identifiers it proves belong to two subjects"
    other = next(iter(others), None)
    if of_login is not None and other is not None and await held_by(connection, city_id, of_login):
        return "the login is one subject's and an identifier it proves is another's"
    known = other or of_login
    if known is None:
        return None
    held = await held_by(connection, city_id, known)
    for (scheme, _), owner in owners.items():
        if owner is None and scheme in held:
            return f"its {scheme} is another than the subject has"
    if await kind_of(connection, city_id, known) != identity.kind and not await _is_trader(
        connection, city_id, identity, other
    ):
        return f"the eID says {identity.kind}, the subject is none"
    return None


async def _is_trader(connection: Connection, city_id: int, identity: Identity, other: UUID | None) -> bool:
    """Whether the subject an identifier leads to is a sole trader who logs in for the first time: somebody acted for
    her trade before, by an eID that named it by her own number, and took it for a company. Nothing else is known of it.
    """
    if other is None or identity.kind != "person":
        return False
    return bool(await connection.fetchval(_ONLY_REPRESENTED, city_id, other))


async def resolve_staff(
    connection: Connection, keys: TownKeys, identity: Identity, now: datetime
) -> tuple[UUID | None, UUID]:
    """`(staff_id, login_id)` of somebody who works for the town; the first is None until an administrator links it."""
    ids = await _recognise(connection, keys, identity, [])
    login = await _login(connection, keys.city_id, ids[_own(identity)], staff=True)
    if login:
        await used(connection, keys.city_id, login["login_id"], now)
        return login["staff_id"], login["login_id"]
    return None, await insert(
        connection, keys.city_id, identity.provider, ids[_own(identity)], now, by="nobody", staff=True
    )


async def standing(connection: Connection, city_id: int, subject_id: UUID) -> UUID:
    """Who stands for a subject."""
    found = await connection.fetchval(
        "select coalesce(merged_into, subject_id) from subjects where city_id = $1 and subject_id = $2",
        city_id,
        subject_id,
    )
    return UUID(str(found))


async def same_person(connection: Connection, city_id: int, staff_id: UUID, subject_id: UUID) -> bool:
    """Whether a member of staff is known to be that citizen: both come in by one account at an eID."""
    return bool(
        await connection.fetchval(
            """select exists (
                   select from logins at_work
                   join logins at_home on at_home.city_id = at_work.city_id
                     and at_home.identifier_id = at_work.identifier_id and not at_home.staff
                   join subjects s on s.city_id = at_home.city_id and s.subject_id = at_home.subject_id
                   join subjects w on w.city_id = s.city_id
                     and coalesce(w.merged_into, w.subject_id) = coalesce(s.merged_into, s.subject_id)
                   where at_work.city_id = $1 and at_work.staff and at_work.staff_id = $2 and w.subject_id = $3)""",
            city_id,
            staff_id,
            subject_id,
        )
    )


async def held_by(connection: Connection, city_id: int, subject_id: UUID) -> set[str]:
    """Schemes of the identifiers in force of a subject and of all it stands for."""
    return {row["scheme"] for row in await connection.fetch(_HELD, city_id, subject_id)}


async def insert(
    connection: Connection,
    city_id: int,
    provider: str,
    identifier_id: UUID,
    now: datetime,
    *,
    by: str,
    why: str | None = None,
    subject_id: UUID | None = None,
    staff_id: UUID | None = None,
    staff: bool = False,
) -> UUID:
    login_id = new_uuid()
    await connection.execute(
        """insert into logins (city_id, login_id, provider, identifier_id, staff, subject_id, staff_id, linked_by,
                               linked_for, created_at, used_at)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)""",
        city_id,
        login_id,
        provider,
        identifier_id,
        staff,
        subject_id,
        staff_id,
        by,
        why,
        now,
    )
    return login_id


async def used(connection: Connection, city_id: int, login_id: UUID, now: datetime) -> None:
    await connection.execute(
        "update logins set used_at = $3 where city_id = $1 and login_id = $2", city_id, login_id, now
    )


def _own(identity: Identity) -> tuple[str, str]:
    return f"login.{identity.provider}", identity.subject


def _normalised(identity: Identity) -> list[tuple[str, str]]:
    try:
        return [(scheme, identifiers.normalise(scheme, value)) for scheme, value in dict.fromkeys(identity.identifiers)]
    except ValueError as error:
        raise LoginRefused(f"an identifier of the identity {error}", reason="malformed") from error


async def _recognise(
    connection: Connection, keys: TownKeys, identity: Identity, proven: list[tuple[str, str]]
) -> Mapping[tuple[str, str], UUID]:
    ids = await subjects.identify(connection, keys, [_own(identity), *proven])
    # Two logins of one person at once would both find nobody, and make her twice.
    await connection.fetch(
        """select from identifiers where city_id = $1 and identifier_id = any($2)
           order by identifier_id for update""",
        keys.city_id,
        list(ids.values()),
    )
    return ids


async def _login(connection: Connection, city_id: int, identifier_id: UUID, *, staff: bool) -> asyncpg.Record | None:
    return await connection.fetchrow(
        "select * from logins where city_id = $1 and identifier_id = $2 and staff = $3 and revoked_at is null",
        city_id,
        identifier_id,
        staff,
    )


async def kind_of(connection: Connection, city_id: int, subject_id: UUID) -> str:
    return str(
        await connection.fetchval(
            "select kind from subjects where city_id = $1 and subject_id = $2", city_id, subject_id
        )
    )
