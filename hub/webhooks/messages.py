"""Makes messages of changes: one for each front end the subject has logged in with, and each noun that changed.

A change that comes while the message about the one before it still waits for its first attempt is told by that message:
whoever is told reads the account, not the message.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from hub.back_offices.model import Town
from hub.changes.service import ACCOUNT, wanted
from hub.kernel.ids import new_uuid, public_id
from hub.storage.database import Connection, Database

DETAILS = "webhooks.details"
"""Scope of a client that may be told which record changed, and into which state."""

_AT_ONCE = 200
_TABLES = {"obligation": ("obligations", "obligation_id", "obl"), "case": ("cases", "case_id", "cas")}
_PREFIXES = {"submission": "sbm", "request": "req", "contact_change": "cch"}

# Every subject that has a part in the records, as it is known today, and what of them is hers.
_PARTS = """
    select coalesce(s.merged_into, s.subject_id) as subject_id, array_agg(distinct t.{id}) as records
    from {table} t
    join parties p on p.city_id = t.city_id and p.record_id = t.{id} and p.noun = $5
    join aliases a on a.city_id = p.city_id and a.identifier_id = p.identifier_id and a.revoked_at is null
    join subjects s on s.city_id = a.city_id and s.subject_id = a.subject_id
    where t.city_id = $1 and t.back_office = $2 and t.feed = $3
      and (t.source_key = any ($4) or $6::timestamptz is not null and t.gone_at = $6)
    group by 1"""

_KNOWN_TO = """
    select distinct g.client, g.subject_id from grants g
    join subjects s on s.city_id = g.city_id and s.subject_id = g.subject_id
    where g.city_id = $1 and coalesce(s.merged_into, s.subject_id) = any ($2) and g.client = any ($3)"""

_INSERT = """
    insert into webhook_messages (city_id, message_id, client, type, noun, subject_id, body, at)
    select $1, $2, $3, $4, $5, $6, $7, $8
    where $4 <> 'account.changed' or $9 or not exists (
        select from webhook_messages w
        where w.city_id = $1 and w.client = $3 and w.delivered_at is null and w.attempts = 0 and w.type = $4
          and w.noun = $5 and w.subject_id = $6)"""


async def make(database: Database, town: Town) -> int:
    """Messages of what was noted; how many changes that was."""
    made = 0
    while True:
        async with database.town(town.city.id) as connection:
            rows = await connection.fetch(
                """delete from webhook_changes where (city_id, change_id) in (
                       select city_id, change_id from webhook_changes where city_id = $1
                       order by change_id limit $2 for update skip locked)
                   returning *""",
                town.city.id,
                _AT_ONCE,
            )
            for row in sorted(rows, key=lambda one: one["change_id"]):
                await _tell(connection, town, row)
        made += len(rows)
        if len(rows) < _AT_ONCE:
            return made


async def _tell(connection: Connection, town: Town, change: asyncpg.Record) -> None:
    clients = wanted(town.city, change["type"])
    concerned = await _concerned(connection, town.city.id, change)
    if not clients or not concerned:
        return
    known = await connection.fetch(_KNOWN_TO, town.city.id, list(concerned), clients)
    standing = await _standing(connection, town.city.id, [row["subject_id"] for row in known])
    for row in known:
        client, subject_id = row["client"], row["subject_id"]
        detailed = DETAILS in town.city.clients[client].scopes
        details = concerned[standing[subject_id]] if detailed else {}
        data = {"sub": public_id("sub", subject_id), "noun": change["noun"], **details}
        message_id = new_uuid()
        await connection.execute(
            _INSERT,
            town.city.id,
            message_id,
            client,
            change["type"],
            change["noun"],
            subject_id,
            _body(town, change["type"], change["at"], data),
            change["at"],
            detailed,
        )


async def _concerned(connection: Connection, city_id: int, change: asyncpg.Record) -> dict[UUID, dict[str, Any]]:
    """Subjects, and what whoever may know is told of each."""
    if change["type"] != ACCOUNT:
        details = {"id": public_id(_PREFIXES[change["noun"]], change["record_id"]), "state": change["state"]}
        standing = await _standing(connection, city_id, [change["subject_id"]])
        return {standing[change["subject_id"]]: details} if standing else {}
    if change["noun"] not in _TABLES:
        return {}
    table, column, prefix = _TABLES[change["noun"]]
    rows = await connection.fetch(
        _PARTS.format(table=table, id=column),
        city_id,
        change["back_office"],
        change["feed"],
        change["keys"],
        change["noun"],
        change["gone_at"],
    )
    return {row["subject_id"]: {"ids": sorted(public_id(prefix, one) for one in row["records"])} for row in rows}


async def _standing(connection: Connection, city_id: int, subject_ids: list[UUID]) -> Mapping[UUID, UUID]:
    """As whom each is known today; one that was erased is missing."""
    rows = await connection.fetch(
        """select subject_id, coalesce(merged_into, subject_id) as now from subjects
           where city_id = $1 and subject_id = any ($2)""",
        city_id,
        subject_ids,
    )
    return {row["subject_id"]: row["now"] for row in rows}


def _body(town: Town, kind: str, at: datetime, data: Mapping[str, Any]) -> str:
    """As Standard Webhooks recommends ("Payload structure"): type, timestamp, data."""
    return json.dumps(
        {"type": kind, "timestamp": at.isoformat(), "data": {"city": town.city.slug, **data}}, ensure_ascii=False
    )
