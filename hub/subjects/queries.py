"""SQL of subjects, identifiers and aliases. Every function runs within the caller's transaction and walls."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from hub.storage.database import Connection

INSERT_SUBJECT = """
    insert into subjects (city_id, subject_id, kind, name, back_office, version)
    values ($1, $2, $3, $4, $5, $6)"""

# A register's newer word replaces its older one; a name nobody told is filled by the first that does.
NAME_SUBJECT = """
    update subjects set kind = $3, name = $4, back_office = $5, version = $6
    where city_id = $1 and subject_id = $2
      and (back_office is distinct from $5 or version is null or $6::bigint is null or version < $6)
      and (kind, name) is distinct from ($3, $4)"""

FIND_ALIAS = """
    select alias_id, subject_id, proof, source from aliases
    where city_id = $1 and identifier_id = $2 and revoked_at is null"""

INSERT_ALIAS = """
    insert into aliases (city_id, alias_id, identifier_id, subject_id, proof, source, proven_at)
    values ($1, $2, $3, $4, $5, $6, $7)"""

# Whom an erasure left a mark on (hub.personal_data): a register that names them does not bring them back, she herself
# or a clerk does.
ERASED = """
    select identifier_id from identifiers
    where city_id = $1 and identifier_id = any ($2) and erased_at is not null"""

NOT_ERASED = """
    update identifiers set erased_at = null
    where city_id = $1 and identifier_id = $2 and erased_at is not null"""

REVOKE_ALIAS = """
    update aliases set revoked_at = $3, revoked_for = $4
    where city_id = $1 and alias_id = $2 and revoked_at is null"""

# Identifiers of one scheme that somebody has proven, for scheduled reads.
IDENTIFIERS_IN_USE = """
    select a.identifier_id from aliases a
    join identifiers i on i.city_id = a.city_id and i.identifier_id = a.identifier_id
    where a.city_id = $1 and i.scheme = $2 and a.revoked_at is null
    order by a.identifier_id"""

# Who is meant by records that nobody can see yet.
UNASSIGNED = """
    select p.identifier_id, i.scheme, i.value, count(*) as records from parties p
    join identifiers i on i.city_id = p.city_id and i.identifier_id = p.identifier_id
    where p.city_id = $1 and p.identifier_id > $2 and not exists (
        select from aliases a
        where a.city_id = p.city_id and a.identifier_id = p.identifier_id and a.revoked_at is null)
    group by p.identifier_id, i.scheme, i.value order by p.identifier_id limit $3"""

INSERT_MERGE = """
    insert into subject_merges (city_id, merge_id, subject_id, into_id, reason, actor, merged_at)
    values ($1, $2, $3, $4, $5, $6, $7)"""

UNDO_MERGE = """
    update subject_merges set undone_at = $3, undone_for = $4
    where city_id = $1 and merge_id = $2 and undone_at is null returning subject_id, into_id"""

# Everybody's representative, following the merges in force to their end. Circles cannot be entered:
# `merge` refuses to merge into somebody who already stands under the subject.
STANDING = """
    with recursive chain as (
        select subject_id, subject_id as standing from subjects where city_id = $1 and subject_id = any($2)
        union all
        select c.subject_id, m.into_id from chain c
        join subject_merges m on m.city_id = $1 and m.subject_id = c.standing and m.undone_at is null
    )
    update subjects s set merged_into = nullif(last.standing, s.subject_id)
    from (select c.subject_id, c.standing from chain c where not exists (
              select from subject_merges m
              where m.city_id = $1 and m.subject_id = c.standing and m.undone_at is null)) last
    where s.city_id = $1 and s.subject_id = last.subject_id
      and s.merged_into is distinct from nullif(last.standing, s.subject_id)"""

TOGETHER = """
    with recursive together as (
        select $2::uuid as subject_id
        union
        select m.subject_id from together t
        join subject_merges m on m.city_id = $1 and m.into_id = t.subject_id and m.undone_at is null
    )
    select array_agg(subject_id) from together"""


async def find_identifiers(
    connection: Connection, city_id: int, schemes: Sequence[str], indexes: Sequence[tuple[int, bytes]]
) -> dict[tuple[str, int, bytes], UUID]:
    """Identifier ids by (scheme, key number, blind index); `schemes[i]` goes with `indexes[i]`."""
    rows = await connection.fetch(
        """select f.scheme, f.key_id, f.blind_index, x.identifier_id
           from unnest($2::text[], $3::smallint[], $4::bytea[]) as f(scheme, key_id, blind_index)
           join identifier_indexes x on x.city_id = $1 and x.scheme = f.scheme
             and x.key_id = f.key_id and x.blind_index = f.blind_index""",
        city_id,
        list(schemes),
        [key_id for key_id, _ in indexes],
        [index for _, index in indexes],
    )
    return {(row["scheme"], row["key_id"], row["blind_index"]): row["identifier_id"] for row in rows}


async def insert_identifier(
    connection: Connection,
    city_id: int,
    identifier_id: UUID,
    scheme: str,
    value: bytes,
    indexes: Sequence[tuple[int, bytes]],
) -> UUID:
    """Store a new identifier under all its indexes; where another process was first, its id is returned."""
    await connection.execute(
        "insert into identifiers (city_id, identifier_id, scheme, value) values ($1, $2, $3, $4)",
        city_id,
        identifier_id,
        scheme,
        value,
    )
    for key_id, index in indexes:
        first = await connection.fetchval(
            """insert into identifier_indexes (city_id, scheme, key_id, blind_index, identifier_id)
               values ($1, $2, $3, $4, $5)
               on conflict (city_id, scheme, key_id, blind_index) do update set scheme = excluded.scheme
               returning identifier_id""",
            city_id,
            scheme,
            key_id,
            index,
            identifier_id,
        )
        if first != identifier_id:
            await connection.execute(
                "delete from identifiers where city_id = $1 and identifier_id = $2", city_id, identifier_id
            )
            return UUID(str(first))
    return identifier_id


async def identifiers_after(
    connection: Connection, city_id: int, after: UUID, limit: int
) -> list[tuple[UUID, str, bytes]]:
    """`(id, scheme, sealed value)` in the order of ids, locked against a deletion and other changes of the value.

    Not against rows that refer to them: those lock them in another order.
    """
    rows = await connection.fetch(
        """select identifier_id, scheme, value from identifiers
           where city_id = $1 and identifier_id > $2 order by identifier_id limit $3
           for no key update""",
        city_id,
        after,
        limit,
    )
    return [(row["identifier_id"], row["scheme"], row["value"]) for row in rows]


async def add_index(
    connection: Connection, city_id: int, scheme: str, key_id: int, index: bytes, identifier_id: UUID
) -> bool:
    """Whether it was not there before."""
    done = await connection.execute(
        """insert into identifier_indexes (city_id, scheme, key_id, blind_index, identifier_id)
           values ($1, $2, $3, $4, $5) on conflict do nothing""",
        city_id,
        scheme,
        key_id,
        index,
        identifier_id,
    )
    return done != "INSERT 0 0"


async def reseal(connection: Connection, city_id: int, identifier_id: UUID, value: bytes) -> None:
    await connection.execute(
        "update identifiers set value = $3 where city_id = $1 and identifier_id = $2", city_id, identifier_id, value
    )


async def merge_of(connection: Connection, city_id: int, subject_id: UUID) -> UUID | None:
    value = await connection.fetchval(
        "select coalesce(merged_into, subject_id) from subjects where city_id = $1 and subject_id = $2",
        city_id,
        subject_id,
    )
    return UUID(str(value)) if value else None


async def restand(connection: Connection, city_id: int, *roots: UUID) -> None:
    """Recompute who stands for `roots` and everybody merged under them."""
    for root in roots:
        together = await connection.fetchval(TOGETHER, city_id, root)
        await connection.execute(STANDING, city_id, together)


async def merged_at(
    connection: Connection, city_id: int, merge_id: UUID, at: datetime, why: str
) -> tuple[UUID, UUID] | None:
    row = await connection.fetchrow(UNDO_MERGE, city_id, merge_id, at, why)
    return (row["subject_id"], row["into_id"]) if row else None
