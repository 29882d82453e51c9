"""Joining an account by a number and a code that came on paper: for eIDs that give a pseudonym and no national number.

A clerk, or whoever prints the bills, has a code issued for a number of a back office (a contract, a partner). It is
sent to the person that number belongs to; whoever writes both is that person. Wrong tries are counted, an undone claim
leaves things as they were before. Runs in the transaction of an identity door.
"""

from __future__ import annotations

import hmac
import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from hub.kernel.errors import InvalidRequest, NotFound
from hub.kernel.ids import new_uuid, public_id
from hub.kit import identifiers
from hub.logins.resolution import held_by, kind_of, standing
from hub.storage.database import Connection
from hub.storage.vault import TownKeys
from hub.subjects import service as subjects
from hub.subjects.model import Proof

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's: none looks like another
_LENGTH = 12
_MOST_WRONG = 10
"""Tries of one code. 60 random bits are not guessed in them, nor in any number; what is stopped is the trying."""


_LOGINS_OF = """
    select l.provider from logins l join subjects s on s.city_id = l.city_id and s.subject_id = l.subject_id
    where l.city_id = $1 and l.revoked_at is null and """
_PROVIDERS_OF_BOTH = f"""{_LOGINS_OF} (s.subject_id = $2 or s.merged_into = $2)
    intersect {_LOGINS_OF} (s.subject_id = $3 or s.merged_into = $3)"""

_SESSIONS_OF_ALL = """
    select t.session_id from sessions t join subjects s on s.city_id = t.city_id and s.subject_id = t.subject_id
    where t.city_id = $1 and t.ended_at is null and t.expires_at > $3 and coalesce(s.merged_into, s.subject_id) = (
        select coalesce(merged_into, subject_id) from subjects where city_id = $1 and subject_id = $2)"""


class Claimed(StrEnum):
    YES = "yes"
    WRONG = "wrong"  # no such number, another code, too late, or tried too often: never told which
    CONFLICT = "conflict"  # the number is somebody's who is known not to be the same person


async def issue(
    connection: Connection,
    keys: TownKeys,
    scheme: str,
    number: str,
    *,
    by: str,
    valid_for: timedelta,
    now: datetime,
) -> str:
    """A code for a number, as it is printed (`K7F3-9QXM-2B4D`); an earlier one that nobody used is void.

    Raises InvalidRequest for a number its scheme refuses, and for a national scheme: such a number is no secret
    between the town and one person, and an eID or a clerk proves it.
    """
    if scheme in identifiers.NATIONAL:
        raise InvalidRequest(
            f"A code is sent for a number of a back office; {scheme} is proven by eID.", field="scheme"
        )
    try:
        pair = scheme, identifiers.normalise(scheme, number)
    except ValueError as error:
        raise InvalidRequest(f"This number {error}.", field="number") from error
    identifier_id = (await subjects.identify(connection, keys, [pair]))[pair]
    await connection.execute(
        "delete from claims where city_id = $1 and identifier_id = $2 and claimed_at is null",
        keys.city_id,
        identifier_id,
    )
    code = "".join(secrets.choice(_LETTERS) for _ in range(_LENGTH))
    claim_id = new_uuid()
    await connection.execute(
        """insert into claims (city_id, claim_id, identifier_id, code, issued_by, issued_at, expires_at)
           values ($1, $2, $3, $4, $5, $6, $7)""",
        keys.city_id,
        claim_id,
        identifier_id,
        keys.encrypt("claims", "code", str(claim_id), code.encode()),
        by,
        now,
        now + valid_for,
    )
    return "-".join(code[at : at + 4] for at in range(0, _LENGTH, 4))


async def claim(
    connection: Connection, keys: TownKeys, subject_id: UUID, number: str, code: str, now: datetime
) -> Claimed:
    """Give a number to whoever has its code. A wrong try is counted, so the caller commits whatever comes of it."""
    subject_id = await standing(connection, keys.city_id, subject_id)
    pairs = []
    for scheme in await _schemes(connection, keys.city_id, now):
        try:
            pairs.append((scheme, identifiers.normalise(scheme, number)))
        except ValueError:
            continue
    known = await subjects.recognise(connection, keys, pairs)
    given = _plain(code).encode()
    for pair, identifier_id in known.items():
        row = await connection.fetchrow(
            """select claim_id, code from claims where city_id = $1 and identifier_id = $2 and claimed_at is null
               and expires_at > $3 and wrong < $4 for update""",
            keys.city_id,
            identifier_id,
            now,
            _MOST_WRONG,
        )
        if row is None:
            continue
        right = keys.decrypt("claims", "code", str(row["claim_id"]), row["code"])
        if hmac.compare_digest(right, given):
            return await _give(connection, keys, row["claim_id"], subject_id, pair, now)
        await connection.execute(
            "update claims set wrong = wrong + 1 where city_id = $1 and claim_id = $2", keys.city_id, row["claim_id"]
        )
    return Claimed.WRONG


async def undo(connection: Connection, city_id: int, claim_id: UUID, *, why: str, now: datetime) -> list[UUID]:
    """Take a claim back: the number is whose it was before. Raises NotFound for one that is not in force.

    Returns the sessions of whoever are two again: for which of them each was opened is not known from it.
    """
    row = await connection.fetchrow(
        """update claims set undone_at = $3, undone_for = $4
           where city_id = $1 and claim_id = $2 and claimed_at is not null and undone_at is null
           returning subject_id, alias_id, merge_id""",
        city_id,
        claim_id,
        now,
        why,
    )
    if row is None:
        raise NotFound("There is no such claim in force.")
    if row["alias_id"] is not None:
        await subjects.revoke(connection, city_id, row["alias_id"], why=why, now=now)
    if row["merge_id"] is None:
        return []
    sessions = await connection.fetch(_SESSIONS_OF_ALL, city_id, row["subject_id"], now)
    await subjects.undo_merge(connection, city_id, row["merge_id"], why=why, now=now)
    return [session["session_id"] for session in sessions]


async def _give(
    connection: Connection, keys: TownKeys, claim_id: UUID, subject_id: UUID, pair: tuple[str, str], now: datetime
) -> Claimed:
    owner = await subjects.subject_of(connection, keys, *pair)
    alias_id = merge_id = None
    if owner is None:
        source = public_id("clm", claim_id)
        alias_id = await subjects.prove(connection, keys, subject_id, *pair, proof=Proof.CLAIM, source=source, now=now)
    elif owner != subject_id:
        if await _are_two(connection, keys.city_id, subject_id, owner):
            return Claimed.CONFLICT
        reason, actor = "a number was claimed with its code", public_id("clm", claim_id)
        merge_id = await subjects.merge(
            connection, keys.city_id, subject_id, owner, reason=reason, actor=actor, now=now
        )
    await connection.execute(
        """update claims set claimed_at = $3, subject_id = $4, alias_id = $5, merge_id = $6
           where city_id = $1 and claim_id = $2""",
        keys.city_id,
        claim_id,
        now,
        subject_id,
        alias_id,
        merge_id,
    )
    return Claimed.YES


async def _are_two(connection: Connection, city_id: int, one: UUID, other: UUID) -> bool:
    """Whether the two are known not to be the same: a person and a company, both with a national number of one scheme,
    or both with an id of the same eID, which has one for each person.
    """
    if await kind_of(connection, city_id, one) != await kind_of(connection, city_id, other):
        return True
    national = await held_by(connection, city_id, one) & identifiers.NATIONAL.keys()
    if national & await held_by(connection, city_id, other):
        return True
    rows = await connection.fetch(_PROVIDERS_OF_BOTH, city_id, one, other)
    return bool(rows)


async def _schemes(connection: Connection, city_id: int, now: datetime) -> list[str]:
    rows = await connection.fetch(
        """select distinct i.scheme from claims c
           join identifiers i on i.city_id = c.city_id and i.identifier_id = c.identifier_id
           where c.city_id = $1 and c.claimed_at is null and c.expires_at > $2 order by 1""",
        city_id,
        now,
    )
    return [row["scheme"] for row in rows]


def _plain(code: str) -> str:
    """As it was printed, however it is written down: small letters, spaces, and letters mistaken for digits."""
    letters = code[:100].upper().replace("O", "0").replace("I", "1").replace("L", "1")
    return "".join(letter for letter in letters if letter.isascii() and letter.isalnum())
