"""One way to store what back offices say: newer wins, twice is once, gone is a tombstone.

A projected table has the columns of `_ENVELOPE` beside its own. This module builds its statements once, so
that the rule which row wins is written in one place (SQL function `munihub_newer`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import orjson

from hub.kernel.ids import new_uuid
from hub.kernel.money import Money
from hub.mapping.model import Record
from hub.storage.database import NIL, Connection

_ENVELOPE = {
    "source_key": "text",
    "version": "bigint",
    "digest": "bytea",
}


@dataclass(frozen=True, slots=True)
class Row:
    """One record as columns. `content` is everything the source said, for the digest."""

    record: Record
    columns: Mapping[str, Any]
    content: Any


@dataclass(frozen=True, slots=True)
class Origin:
    """Which feed rows come from, and when the source said so. `asked`: an answer, not a push."""

    city_id: int
    back_office: str
    feed: str
    as_of: datetime
    asked: bool


class ProjectedTable:
    """Statements of one projected table. `columns` maps its own columns to their SQL types.

    `moment` is the column that says for when a row is true: it moves on where a record is told again unchanged.
    """

    def __init__(
        self, table: str, id_column: str, noun: str, columns: Mapping[str, str], *, moment: str | None = None
    ) -> None:
        names = [*_ENVELOPE, *columns]
        types = ", ".join(
            f"{name} {kind}"
            for name, kind in ({id_column: "uuid", "said_at": "timestamptz"} | _ENVELOPE | dict(columns)).items()
        )
        taken = ", ".join(f"{name} = excluded.{name}" for name in names if name != "source_key")
        self._id_key = id_column
        self._upsert = f"""
            insert into {table} as old (city_id, back_office, feed, as_of, changed_at, {id_column}, {", ".join(names)})
            select $1, $2, $3, coalesce(r.said_at, $4), $4, {id_column}, {", ".join("r." + name for name in names)}
            from jsonb_to_recordset($5::jsonb) as r({types})
            where not exists (
                select from tombstones t where t.city_id = $1 and t.back_office = $2 and t.feed = $3
                  and t.source_key = r.source_key
                  and not munihub_newer(r.version, t.version, coalesce(r.said_at, $4), t.as_of,
                                        r.digest, '', t.as_of, $6))
            on conflict (city_id, back_office, feed, source_key) do update
            set as_of = excluded.as_of, {taken}, gone_at = null,
                changed_at = case when excluded.digest <> old.digest or old.gone_at is not null
                             then excluded.changed_at else old.changed_at end
            where munihub_newer(excluded.version, old.version, excluded.as_of, old.as_of,
                                excluded.digest, old.digest, old.gone_at, $6)
            returning {id_column} as record_id, source_key, changed_at = $4 as changed"""  # noqa: S608 - names are ours
        renewal = f"""
            update {table} old set {moment} = r.{moment}
            from jsonb_to_recordset($4::jsonb) as r({types})
            where old.city_id = $1 and old.back_office = $2 and old.feed = $3 and old.source_key = r.source_key
              and old.version is not distinct from r.version and old.digest = r.digest and old.gone_at is null
              and old.{moment} < r.{moment}
            returning old.source_key"""  # noqa: S608 - names are ours
        self._renew = renewal if moment else None
        self._bury = f"""
            with stone as (
                insert into tombstones as old (city_id, back_office, feed, as_of, source_key, version)
                select $1, $2, $3, coalesce(r.said_at, $4), r.source_key, r.version
                from jsonb_to_recordset($5::jsonb) as r(source_key text, version bigint, said_at timestamptz)
                on conflict (city_id, back_office, feed, source_key) do update
                set as_of = excluded.as_of, version = excluded.version
                where munihub_newer(excluded.version, old.version, excluded.as_of, old.as_of, '', '', null, $6)
                returning source_key, version, as_of)
            update {table} old
            set gone_at = s.as_of, changed_at = $4, as_of = s.as_of, version = coalesce(s.version, old.version)
            from stone s where old.city_id = $1 and old.back_office = $2 and old.feed = $3
              and old.source_key = s.source_key and old.gone_at is null
              and munihub_newer(s.version, old.version, s.as_of, old.as_of, '', old.digest, null, true)
            returning old.source_key"""  # noqa: S608 - names are ours
        # A record of several (co-owners, parents) that one of them no longer has is still the others': who was asked
        # about leaves it. Others are those whom the same question can be asked about: parties known by another scheme
        # would keep for ever what nobody ever asks for again.
        self._bury_absent = f"""
            with absent as materialized (
                select {id_column} as record_id from {table}
                where city_id = $1 and back_office = $2 and feed = $3 and gone_at is null and as_of < $4
                  and source_key <> all ($5::text[])
                  and ($6::uuid = '{NIL}' or {id_column} in (
                      select record_id from parties
                      where city_id = $1 and identifier_id = $6 and noun = '{noun}'))),
            shared as materialized (
                select p.record_id from absent join parties p using (record_id)
                join identifiers i on i.city_id = $1 and i.identifier_id = p.identifier_id
                join identifiers asked on asked.city_id = $1 and asked.identifier_id = $6 and asked.scheme = i.scheme
                where p.city_id = $1 and p.noun = '{noun}' and p.identifier_id <> $6),
            left_by as (
                delete from parties where city_id = $1 and identifier_id = $6 and noun = '{noun}'
                  and record_id in (select record_id from shared))
            update {table} old set gone_at = $4, changed_at = $4
            where city_id = $1 and {id_column} in (select record_id from absent except select record_id from shared)
            returning source_key"""  # noqa: S608 - names are ours

    async def upsert(self, connection: Connection, origin: Origin, rows: Sequence[Row]) -> dict[str, tuple[UUID, bool]]:
        """`{source_key: (record id, content changed)}` for the rows that won; one row a key."""
        payload = as_json([self._told(row) | {self._id_key: new_uuid()} for row in rows])
        found = await connection.fetch(
            self._upsert,
            origin.city_id,
            origin.back_office,
            origin.feed,
            origin.as_of,
            payload,
            origin.asked,
        )
        return {row["source_key"]: (row["record_id"], row["changed"]) for row in found}

    async def renew(self, connection: Connection, origin: Origin, rows: Sequence[Row]) -> set[str]:
        """The keys of rows that are as these records say and whose moment moved on to theirs; one row a key."""
        if self._renew is None or not rows:
            return set()
        payload = as_json([self._told(row) for row in rows])
        found = await connection.fetch(self._renew, origin.city_id, origin.back_office, origin.feed, payload)
        return {row["source_key"] for row in found}

    @staticmethod
    def _told(row: Row) -> dict[str, Any]:
        return {
            "source_key": row.record.key,
            "version": row.record.version,
            "said_at": row.record.said_at,
            "digest": "\\x" + hashlib.blake2b(_canonical(row.content), digest_size=16).hexdigest(),
            **row.columns,
        }

    async def bury(self, connection: Connection, origin: Origin, gone: Sequence[Record]) -> set[str]:
        """The source says these are gone; returns the keys of rows that were there."""
        payload = as_json([{"source_key": one.key, "version": one.version, "said_at": one.said_at} for one in gone])
        found = await connection.fetch(
            self._bury,
            origin.city_id,
            origin.back_office,
            origin.feed,
            origin.as_of,
            payload,
            origin.asked,
        )
        return {row["source_key"] for row in found}

    async def bury_absent(
        self, connection: Connection, origin: Origin, identifier_id: UUID, present: Sequence[str]
    ) -> set[str]:
        """After a complete read begun at `origin.as_of`: what it did not name is gone."""
        found = await connection.fetch(
            self._bury_absent,
            origin.city_id,
            origin.back_office,
            origin.feed,
            origin.as_of,
            list(present),
            identifier_id,
        )
        return {row["source_key"] for row in found}


def newest_of_each(records: Sequence[Record]) -> list[Record]:
    """One record a key: the newest version, of equal versions the last. One statement may not touch a row twice."""
    best: dict[str, Record] = {}
    for record in records:
        other = best.get(record.key)
        if other is None or other.version is None or record.version is None or record.version >= other.version:
            best[record.key] = record
    return list(best.values())


def as_json(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as the argument of `jsonb_to_recordset`."""
    return orjson.dumps(rows, default=_plain).decode()


def _canonical(content: Any) -> bytes:
    return orjson.dumps(content, default=_plain, option=orjson.OPT_SORT_KEYS)


def _plain(value: object) -> object:
    if isinstance(value, Money):
        return [value.minor, value.currency]
    if isinstance(value, UUID):  # asyncpg gives its own subclass
        return str(value)
    if isinstance(value, (tuple, frozenset, set)):
        return list(value)
    raise TypeError(f"{type(value).__name__} has no place in a record")
