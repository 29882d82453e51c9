"""What can be done with subjects: recognise them, prove an alias, merge two and take it back.

Nothing here guesses. An identifier belongs to a subject only by an alias with a proof, and a record
whose identifiers nobody has proven stays unassigned until somebody does.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from hub.kernel.errors import Conflict, InvalidRequest, NotFound
from hub.kernel.ids import new_uuid
from hub.kit import identifiers
from hub.mapping.model import Record
from hub.ports.projection import Source
from hub.storage.database import NIL, Connection
from hub.storage.vault import TownKeys
from hub.subjects import queries
from hub.subjects.model import TARGET, Proof, SubjectKind


@dataclass(frozen=True, slots=True)
class Unassigned:
    """An identifier with records that belong to nobody yet; `value` is masked."""

    identifier_id: UUID
    scheme: str
    value: str
    records: int


async def identify(
    connection: Connection, keys: TownKeys, wanted: Iterable[tuple[str, str]]
) -> dict[tuple[str, str], UUID]:
    """Identifier ids for `(scheme, normalised value)`, making those never seen before."""
    # Sorted, so that two transactions that meet the same new identifiers wait in the same order.
    pairs = sorted(set(wanted))
    known = await recognise(connection, keys, pairs)
    for scheme, value in pairs:
        if (scheme, value) not in known:
            identifier_id = new_uuid()
            sealed = keys.encrypt("identifiers", "value", str(identifier_id), value.encode())
            known[scheme, value] = await queries.insert_identifier(
                connection, keys.city_id, identifier_id, scheme, sealed, keys.blind_indexes(scheme, value)
            )
    return known


async def recognise(
    connection: Connection, keys: TownKeys, pairs: Sequence[tuple[str, str]]
) -> dict[tuple[str, str], UUID]:
    """Like `identify`, without making any."""
    asked = [(pair, index) for pair in pairs for index in keys.blind_indexes(*pair)]
    found = await queries.find_identifiers(
        connection, keys.city_id, [pair[0] for pair, _ in asked], [index for _, index in asked]
    )
    known: dict[tuple[str, str], UUID] = {}
    for pair, index in asked:
        if identifier_id := found.get((pair[0], *index)):
            known.setdefault(pair, identifier_id)
    return known


async def subject_of(connection: Connection, keys: TownKeys, scheme: str, value: str) -> UUID | None:
    """The subject that has proven this identifier (whoever stands for it), or None."""
    known = await recognise(connection, keys, [(scheme, value)])
    if (scheme, value) not in known:
        return None
    alias = await connection.fetchrow(queries.FIND_ALIAS, keys.city_id, known[scheme, value])
    return await queries.merge_of(connection, keys.city_id, alias["subject_id"]) if alias else None


async def create(connection: Connection, city_id: int, kind: SubjectKind, name: str | None) -> UUID:
    subject_id = new_uuid()
    await connection.execute(queries.INSERT_SUBJECT, city_id, subject_id, kind, name, None, None)
    return subject_id


async def prove(
    connection: Connection,
    keys: TownKeys,
    subject_id: UUID,
    scheme: str,
    value: str,
    *,
    proof: Proof,
    source: str,
    now: datetime,
) -> UUID:
    """Give the identifier to the subject; its records appear in the account at the next read.

    Raises InvalidRequest for a value its scheme refuses and Conflict when somebody else has proven it:
    that is for a clerk, who merges the two or revokes one.
    """
    try:
        normal = identifiers.normalise(scheme, value)
    except ValueError as error:
        raise InvalidRequest(f"This is not a valid {scheme}: {error}", field=scheme) from error
    identifier_id = (await identify(connection, keys, [(scheme, normal)]))[scheme, normal]
    existing = await connection.fetchrow(queries.FIND_ALIAS, keys.city_id, identifier_id)
    if existing is not None:
        if existing["subject_id"] != subject_id:
            raise Conflict(f"This {scheme} was proven by another subject ({existing['proof']}, {existing['source']}).")
        return UUID(str(existing["alias_id"]))
    await connection.execute(queries.NOT_ERASED, keys.city_id, identifier_id)
    alias_id = new_uuid()
    await connection.execute(
        queries.INSERT_ALIAS, keys.city_id, alias_id, identifier_id, subject_id, proof, source, now
    )
    return alias_id


async def revoke(connection: Connection, city_id: int, alias_id: UUID, *, why: str, now: datetime) -> None:
    """Take an alias back: its records are unassigned again, none is lost."""
    if await connection.execute(queries.REVOKE_ALIAS, city_id, alias_id, now, why) == "UPDATE 0":
        raise NotFound("There is no such alias in force.")


async def merge(
    connection: Connection,
    city_id: int,
    subject_id: UUID,
    into: UUID,
    *,
    reason: str,
    actor: str,
    now: datetime,
) -> UUID:
    """Let `into` stand for `subject_id` too; returns the merge's id, by which it can be undone."""
    standing = await queries.merge_of(connection, city_id, into)
    if standing is None or await queries.merge_of(connection, city_id, subject_id) is None:
        raise NotFound("One of the two subjects does not exist.")
    if standing == await queries.merge_of(connection, city_id, subject_id):
        raise Conflict("The two are one already.")
    # Somebody who is merged already is stood for by another; that one is merged, so that an undone merge
    # always splits exactly what it joined.
    subject_id = await queries.merge_of(connection, city_id, subject_id) or subject_id
    merge_id = new_uuid()
    await connection.execute(queries.INSERT_MERGE, city_id, merge_id, subject_id, standing, reason, actor, now)
    await queries.restand(connection, city_id, subject_id)
    return merge_id


async def undo_merge(connection: Connection, city_id: int, merge_id: UUID, *, why: str, now: datetime) -> None:
    """Split two subjects again: each has the aliases and so the records it had, and those it got since."""
    ends = await queries.merged_at(connection, city_id, merge_id, now, why)
    if ends is None:
        raise NotFound("There is no such merge in force.")
    await queries.restand(connection, city_id, *ends)


async def identifiers_in_use(connection: Connection, city_id: int, scheme: str) -> list[UUID]:
    """Identifiers of this scheme that some subject has proven."""
    rows = await connection.fetch(queries.IDENTIFIERS_IN_USE, city_id, scheme)
    return [row["identifier_id"] for row in rows]


async def reveal(connection: Connection, keys: TownKeys, identifier_id: UUID) -> str:
    """The value of an identifier, for asking a back office. Raises NotFound."""
    sealed = await connection.fetchval(
        "select value from identifiers where city_id = $1 and identifier_id = $2", keys.city_id, identifier_id
    )
    if sealed is None:
        raise NotFound("There is no such identifier.")
    return value_of(keys, identifier_id, sealed)


async def unassigned(
    connection: Connection, keys: TownKeys, *, after: UUID = NIL, limit: int = 100
) -> list[Unassigned]:
    """Identifiers with records that nobody has proven, in pages."""
    rows = await connection.fetch(queries.UNASSIGNED, keys.city_id, after, limit)
    return [
        Unassigned(
            row["identifier_id"],
            row["scheme"],
            identifiers.mask(row["scheme"], value_of(keys, row["identifier_id"], row["value"])),
            row["records"],
        )
        for row in rows
    ]


def value_of(keys: TownKeys, identifier_id: UUID, sealed: bytes) -> str:
    return keys.decrypt("identifiers", "value", str(identifier_id), sealed).decode()


class SubjectProjection:
    """Records of a register of persons: whoever it names becomes a subject with that alias proven."""

    target = TARGET

    def refusal(self, record: Record, source: Source) -> tuple[str, str] | None:
        if not record.parties and not record.removed:
            return "subject", "the record names nobody"
        return None

    async def apply(
        self, connection: Connection, keys: TownKeys, source: Source, records: Sequence[Record]
    ) -> set[str]:
        known = await identify(
            connection, keys, ((party.scheme, party.value) for record in records for party in record.parties)
        )
        rows = await connection.fetch(queries.ERASED, keys.city_id, list(known.values()))
        erased = {row["identifier_id"] for row in rows}
        changed: set[str] = set()
        for record in records:
            if await self._apply_one(connection, keys, source, record, known, erased):
                changed.add(record.key)
        return changed

    async def _apply_one(
        self,
        connection: Connection,
        keys: TownKeys,
        source: Source,
        record: Record,
        known: dict[tuple[str, str], UUID],
        erased: set[UUID],
    ) -> bool:
        identifier_ids = [known[party.scheme, party.value] for party in record.parties]
        identifier_ids = [one for one in identifier_ids if one not in erased]
        owners = [await connection.fetchrow(queries.FIND_ALIAS, keys.city_id, one) for one in identifier_ids]
        if record.removed:
            # The register no longer lists the person; what she owes and what was proven stays.
            return False
        if not identifier_ids:
            return False
        subject_id = next((owner["subject_id"] for owner in owners if owner), None)
        name = (keys.city_id, record.values["kind"], record.values["name"])
        changed = subject_id is None
        if subject_id is None:
            subject_id = new_uuid()
            await connection.execute(
                queries.INSERT_SUBJECT, name[0], subject_id, *name[1:], source.back_office, record.version
            )
        else:
            done = await connection.execute(
                queries.NAME_SUBJECT, name[0], subject_id, *name[1:], source.back_office, record.version
            )
            changed = done != "UPDATE 0"
        for identifier_id, owner in zip(identifier_ids, owners, strict=True):
            if owner is None:
                await connection.execute(
                    queries.INSERT_ALIAS,
                    keys.city_id,
                    new_uuid(),
                    identifier_id,
                    subject_id,
                    Proof.REGISTRY,
                    source.back_office,
                    source.as_of,
                )
                changed = True
        return changed

    async def bury_absent(
        self, connection: Connection, source: Source, identifier_id: UUID, present: Sequence[str]
    ) -> int:
        """A register that no longer lists somebody takes nothing away: subjects are not deleted by absence."""
        return 0

    async def caught_up(self, connection: Connection, source: Source) -> set[str]:
        return set()
