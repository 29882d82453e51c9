"""Appends to the log, and reads it: a citizen the rows about her, an auditor all of a town.

    async with database.town(city_id) as connection:
        …                                                             the read itself
        await record(connection, actor=…, subject_id=…, what="read_account", why="…", at=clock.now())

The row is appended in the transaction of the read, so that neither is there without the other. Recording is one
statement and waits for nobody.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import asyncpg

from hub.access_log.model import Actor, ActorKind, Entry
from hub.kernel.errors import NotFound
from hub.kernel.ids import new_uuid, public_id
from hub.storage.database import Connection

_APPEND = """
    insert into access_log (city_id, entry_id, at, subject, actor_kind, actor, role, department, what, why)
    values ((select munihub_current_city()), $1, $2, munihub_pseudonym($3), $4,
            case when $4 = 'subject' then munihub_pseudonym($6)::text else $5 end,
            $7, $8, left($9, 200), left($10, 500))"""


async def record(
    connection: Connection, *, actor: Actor, subject_id: UUID | None, what: str, why: str, at: datetime
) -> None:
    """Append one read, within the caller's transaction and town.

    `subject_id` is whose data it was; None only where personal data were opened in which nobody could be recognised.
    `at` is the hub's clock at the read. Neither `what` nor `why` may be empty, and neither may name a person: the log
    outlives an erasure. Raises NotFound for a subject the town does not have.
    """
    other = UUID(str(actor.id)) if actor.kind is ActorKind.SUBJECT else None
    who = public_id("stf", actor.id) if isinstance(actor.id, UUID) and other is None else str(actor.id)
    row = (new_uuid(), at, subject_id, actor.kind, who, other, actor.role, actor.department, what, why)
    try:
        await connection.execute(_APPEND, *row)
    except asyncpg.ForeignKeyViolationError:
        raise NotFound("There is no such subject here.") from None


Position = tuple[datetime, UUID]
"""Of the last entry of the page before: its time and id."""

# Who stands behind an actor's pseudonym is seen by an auditor alone; a citizen's walls leave that join empty.
_LISTED = """
    select l.entry_id, l.at, l.subject, whose.subject_id, l.actor_kind, who.subject_id as actor_id, l.actor, l.role,
           l.department, l.what, l.why
    from access_log l
    left join access_pseudonyms whose on whose.city_id = l.city_id and whose.pseudonym = l.subject
    left join access_pseudonyms who on who.city_id = l.city_id
      and who.pseudonym = case when l.actor_kind = 'subject' then l.actor::uuid end
    where l.city_id = (select munihub_current_city())
      and ($1::uuid[] is null or l.subject = any ($1)) and ($2::text is null or l.actor = $2)
      and ($3::timestamptz is null or (l.at, l.entry_id) < ($3, $4))
    order by l.at desc, l.entry_id desc limit $5"""


async def listed(
    connection: Connection, subject_id: UUID | None, after: Position | None, limit: int, *, actor: str | None = None
) -> list[Entry]:
    """Reads of the data of `subject_id` and, within a citizen's walls, of all merged into her; latest first.

    None: of everybody the walls show. `actor`: only those of this staff member, client or account.
    """
    pseudonyms = None if subject_id is None else await _pseudonyms(connection, subject_id)
    rows = await connection.fetch(_LISTED, pseudonyms, actor, *(after or (None, None)), limit)
    return [Entry(**{**row, "actor_kind": ActorKind(row["actor_kind"])}) for row in rows]


async def _pseudonyms(connection: Connection, subject_id: UUID) -> list[UUID]:
    rows = await connection.fetch(
        """select pseudonym from access_pseudonyms
           where city_id = (select munihub_current_city())
             and (subject_id = $1 or subject_id = any ((select munihub_current_subjects())::uuid[]))""",
        subject_id,
    )
    return [row["pseudonym"] for row in rows]
