"""Who has a part in a record: kept as the source says it, by identifier (see the schema's `parties`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal
from uuid import UUID

from hub.mapping.model import PartyRef
from hub.storage.database import Connection
from hub.storage.vault import TownKeys
from hub.subjects.service import identify


async def replace(
    connection: Connection,
    keys: TownKeys,
    noun: Literal["obligation", "case"],
    parties: Mapping[UUID, Sequence[PartyRef]],
) -> None:
    """Set the parties of records; `parties` maps record ids to all of theirs."""
    known = await identify(
        connection, keys, ((party.scheme, party.value) for some in parties.values() for party in some)
    )
    await connection.execute(
        "delete from parties where city_id = $1 and record_id = any($2)", keys.city_id, list(parties)
    )
    rows = {
        (known[party.scheme, party.value], record_id, party.role)
        for record_id, some in parties.items()
        for party in some
    }
    await connection.execute(
        """insert into parties (city_id, identifier_id, noun, record_id, role)
           select $1, identifier_id, $2, record_id, role
           from unnest($3::uuid[], $4::uuid[], $5::text[]) as p(identifier_id, record_id, role)""",
        keys.city_id,
        noun,
        [row[0] for row in rows],
        [row[1] for row in rows],
        [row[2] for row in rows],
    )
