"""Who may act for whom, and how that is recorded and ended.

A mandate is only ever between the two subjects it names: it is not inherited, not handed on, and not guessed from a
name. Where either was merged with another subject, the mandate holds for the one person they are; when the merge is
undone it is again with the one it was recorded for.

Functions run in a transaction of the caller's: `Database.citizen` (behind whose walls only the mandates the citizen
holds are seen) to ask, `Database.identity` or `Database.town` to record.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from hub.kernel.errors import Conflict, InvalidRequest, NotFound
from hub.kernel.ids import new_uuid, public_id
from hub.mandates.model import Mandate, MandateKind, MandateProof
from hub.ports.eid import Represented
from hub.storage.database import Connection
from hub.storage.vault import TownKeys
from hub.subjects import service as subjects
from hub.subjects.model import Proof, SubjectKind

WORKING_DAY = timedelta(hours=12)
"""How long an eID's word holds: as long as the longest session it can have been said for."""

_COLUMNS = "mandate_id, holder_id, represented_id, kind, proof, source, valid_from, valid_until"
# Asked at every request in somebody else's name. Whoever stands for the holder, or is stood for by her, is the same
# person. Of the represented only the one is meant that the mandate names: records of all are shown with that one.
_HELD = f"""
    select {_COLUMNS} from mandates
    where city_id = (select munihub_current_city()) and ended_at is null
      and valid_from <= $2 and (valid_until is null or valid_until > $2)
      and holder_id in (
          select s.subject_id from subjects s
          where s.city_id = (select munihub_current_city()) and coalesce(s.merged_into, s.subject_id) = (
              select coalesce(h.merged_into, h.subject_id) from subjects h
              where h.city_id = (select munihub_current_city()) and h.subject_id = $1))"""  # noqa: S608 - names are ours
_IN_FORCE = f"{_HELD} and represented_id = $3 order by valid_until desc nulls first limit 1"
_ALL_HELD = f"{_HELD} order by mandate_id"

_INSERT = """
    insert into mandates (city_id, mandate_id, holder_id, represented_id, kind, proof, source, recorded_at, recorded_by,
                          valid_from, valid_until)
    values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"""

# What is said again while it holds holds longer, without a gap that would be filled by it.
_SAID_AGAIN = f"""
    update mandates set valid_until = $6
    where city_id = $1 and holder_id = $2 and represented_id = $3 and proof = 'eid' and source = $4
      and ended_at is null and valid_until > $5
    returning {_COLUMNS}"""  # noqa: S608 - names are ours

_END = """
    update mandates set ended_at = $3, ended_by = $4, ended_for = $5
    where city_id = $1 and mandate_id = $2 and ended_at is null"""


@dataclass(frozen=True, slots=True)
class Named:
    """A mandate with the name of whom it is for."""

    mandate: Mandate
    kind: SubjectKind
    name: str | None


async def in_force(connection: Connection, subject_id: UUID, for_subject_id: UUID, now: datetime) -> Mandate | None:
    """The mandate by which the one may act for the other at this moment; `connection` says in which town."""
    row = await connection.fetchrow(_IN_FORCE, subject_id, now, for_subject_id)
    return _mandate(row) if row else None


async def held(connection: Connection, subject_id: UUID, now: datetime) -> list[Mandate]:
    """Every mandate the subject holds at this moment, oldest first."""
    return [_mandate(row) for row in await connection.fetch(_ALL_HELD, subject_id, now)]


async def named(connection: Connection, city_id: int, mandates: Sequence[Mandate]) -> list[Named]:
    """With kind and name of the represented, as whoever stands for them has it; through the identity door, since the
    holder's own walls end before them.
    """
    rows = await connection.fetch(
        """select s.subject_id, coalesce(t.kind, s.kind) as kind, coalesce(t.name, s.name) as name from subjects s
           left join subjects t on t.city_id = s.city_id and t.subject_id = s.merged_into
           where s.city_id = $1 and s.subject_id = any($2)""",
        city_id,
        [one.represented_id for one in mandates],
    )
    known = {row["subject_id"]: row for row in rows}
    return [
        Named(one, SubjectKind(known[one.represented_id]["kind"]), known[one.represented_id]["name"])
        for one in mandates
    ]


async def record(
    connection: Connection,
    city_id: int,
    holder_id: UUID,
    represented_id: UUID,
    *,
    kind: MandateKind,
    source: str,
    by: str,
    valid_from: datetime,
    valid_until: datetime | None,
    now: datetime,
) -> Mandate:
    """What a clerk saw a document for: `source` says which. `by` is the clerk.

    Raises NotFound for a subject that does not exist, InvalidRequest for one that is both or a time that is over, and
    Conflict where the same mandate is in force.
    """
    # The holder's row is the turnstile: two clerks who record the same do so one after the other.
    ids = [holder_id, represented_id]
    there = await connection.fetch(
        "select subject_id, kind from subjects where city_id = $1 and subject_id = any($2) order by 1 for update",
        city_id,
        ids,
    )
    kinds = {row["subject_id"]: row["kind"] for row in there}
    if not {holder_id, represented_id} <= kinds.keys():
        raise NotFound("One of the two subjects does not exist.")
    if holder_id == represented_id:
        raise InvalidRequest("Nobody needs a mandate for herself.", field="body.represented")
    if (kind is MandateKind.COMPANY) != (kinds[represented_id] == SubjectKind.ENTITY):
        wanted = "a legal entity" if kind is MandateKind.COMPANY else "a person"
        raise InvalidRequest(f"A mandate of the kind {kind} is for {wanted}.", field="body.kind")
    if valid_until is not None and valid_until <= max(valid_from, now):
        raise InvalidRequest("It would be over already.", field="body.valid_until")
    same = await connection.fetchval(
        """select mandate_id from mandates
           where city_id = $1 and holder_id = $2 and represented_id = $3 and proof = 'clerk' and ended_at is null
             and (valid_until is null or valid_until > $4)""",
        city_id,
        holder_id,
        represented_id,
        now,
    )
    if same:
        raise Conflict(f"There is such a mandate: {public_id('man', same)}. End it first if this one is to replace it.")
    return await _insert(
        connection,
        city_id,
        Mandate(new_uuid(), holder_id, represented_id, kind, MandateProof.CLERK, source, valid_from, valid_until),
        by,
        now,
    )


async def record_represented(
    connection: Connection, keys: TownKeys, subject_id: UUID, represented: Represented, provider: str, now: datetime
) -> Mandate | None:
    """What an eID said at a login: the person acts for this company. Called by the arrival, in its transaction.

    The company becomes a subject with its identifiers proven by the eID, and the person has a mandate for WORKING_DAY,
    which the next login renews. None where the company is the person herself (a sole trader under her own number).
    Raises Conflict where the identifiers belong to several subjects, to another person, or one belongs to somebody else
    in between: that is for a clerk. Raises InvalidRequest for identifiers that their scheme refuses, or none.
    """
    if not represented.identifiers:
        raise InvalidRequest("The eID named a company without a number by which it could be known.")
    owners = {await subjects.subject_of(connection, keys, *one) for one in represented.identifiers} - {None}
    if len(owners) > 1:
        schemes = " and ".join(scheme for scheme, _ in represented.identifiers)
        raise Conflict(f"The numbers of this company ({schemes}) belong to several subjects.")
    company = owners.pop() if owners else None
    if company is None:
        company = await subjects.create(connection, keys.city_id, SubjectKind.ENTITY, represented.name)
    for scheme, value in represented.identifiers:
        if await subjects.subject_of(connection, keys, scheme, value) is None:
            await subjects.prove(connection, keys, company, scheme, value, proof=Proof.EID, source=provider, now=now)
    if company == await _standing(connection, keys.city_id, subject_id):
        return None
    kind = await connection.fetchval(
        "select kind from subjects where city_id = $1 and subject_id = $2", keys.city_id, company
    )
    if kind != SubjectKind.ENTITY:
        raise Conflict("The number of this company is a person's, who is more than her trade.")
    until = now + WORKING_DAY
    row = await connection.fetchrow(_SAID_AGAIN, keys.city_id, subject_id, company, represented.source, now, until)
    if row:
        return _mandate(row)
    said = Mandate(
        new_uuid(), subject_id, company, MandateKind.COMPANY, MandateProof.EID, represented.source, now, until
    )
    return await _insert(connection, keys.city_id, said, provider, now)


async def end(connection: Connection, city_id: int, mandate_id: UUID, *, by: str, why: str, now: datetime) -> None:
    """From the next request on nobody acts by it. Raises NotFound where there is none, or none any more."""
    if await connection.execute(_END, city_id, mandate_id, now, by, why) == "UPDATE 0":
        raise NotFound("There is no such mandate in force.")


async def _insert(connection: Connection, city_id: int, one: Mandate, by: str, now: datetime) -> Mandate:
    await connection.execute(
        _INSERT,
        city_id,
        one.mandate_id,
        one.holder_id,
        one.represented_id,
        one.kind,
        one.proof,
        one.source,
        now,
        by,
        one.valid_from,
        one.valid_until,
    )
    return one


async def _standing(connection: Connection, city_id: int, subject_id: UUID) -> UUID:
    found = await connection.fetchval(
        "select coalesce(merged_into, subject_id) from subjects where city_id = $1 and subject_id = $2",
        city_id,
        subject_id,
    )
    return UUID(str(found)) if found else subject_id


def _mandate(row: object) -> Mandate:
    values = dict(row)  # type: ignore[call-overload]
    return Mandate(**values | {"kind": MandateKind(values["kind"]), "proof": MandateProof(values["proof"])})
