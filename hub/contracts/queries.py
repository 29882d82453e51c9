"""SQL of contract checks. Every function runs within the caller's transaction and walls."""

from __future__ import annotations

import json
from datetime import datetime
from uuid import UUID

from hub.back_offices.model import Feed
from hub.contracts.model import Checked, Compared, finding_of, plain_finding
from hub.storage.database import Connection

_TABLES = {"obligation": ("obligations", "obligation_id"), "case": ("cases", "case_id")}


async def affected(connection: Connection, feed: Feed) -> int:
    """How many subjects have something from this feed: records of theirs, or their name."""
    if feed.noun not in _TABLES:
        count = await connection.fetchval(
            "select count(*) from subjects where city_id = $1 and back_office = $2", feed.city.id, feed.back_office
        )
        return int(count)
    table, key = _TABLES[feed.noun]
    count = await connection.fetchval(
        f"""select count(distinct coalesce(s.merged_into, s.subject_id)) from {table} t
            join parties p on p.city_id = t.city_id and p.noun = $4 and p.record_id = t.{key}
            join aliases a on a.city_id = p.city_id and a.identifier_id = p.identifier_id and a.revoked_at is null
            join subjects s on s.city_id = a.city_id and s.subject_id = a.subject_id
            where t.city_id = $1 and t.back_office = $2 and t.feed = $3 and t.gone_at is null""",  # noqa: S608 - names are ours
        feed.city.id,
        feed.back_office,
        feed.feed,
        feed.noun,
    )
    return int(count)


async def read_last(connection: Connection, feed: Feed, limit: int) -> list[UUID]:
    """The identifiers for which this feed gave records last: whom a live read can be tried with."""
    rows = await connection.fetch(
        """select identifier_id from feed_states
           where city_id = $1 and back_office = $2 and feed = $3 and read_at is not null
             and identifier_id <> '00000000-0000-0000-0000-000000000000'
           order by records desc, read_at desc limit $4""",
        feed.city.id,
        feed.back_office,
        feed.feed,
        limit,
    )
    return [row["identifier_id"] for row in rows]


async def save(connection: Connection, city_id: int, checked: Checked) -> None:
    compared = [{"name": one.name, "ok": one.ok, "detail": one.detail} for one in checked.compared]
    findings = [plain_finding(one, checked.back_office) for one in checked.findings]
    await connection.execute(
        """insert into contract_checks (city_id, back_office, checked_at, compared, findings)
           values ($1, $2, $3, $4::jsonb, $5::jsonb)
           on conflict (city_id, back_office) do update
           set checked_at = excluded.checked_at, compared = excluded.compared, findings = excluded.findings""",
        city_id,
        checked.back_office,
        checked.at,
        json.dumps(compared, ensure_ascii=False),
        json.dumps(findings, ensure_ascii=False),
    )


async def last(connection: Connection, city_id: int, back_office: str) -> Checked | None:
    """The last check; None where there was none."""
    row = await connection.fetchrow(
        "select checked_at, compared, findings from contract_checks where city_id = $1 and back_office = $2",
        city_id,
        back_office,
    )
    if row is None:
        return None
    compared = tuple(Compared(**one) for one in json.loads(row["compared"]))
    return Checked(back_office, row["checked_at"], compared, tuple(map(finding_of, json.loads(row["findings"]))))


async def still_drifting(
    connection: Connection, city_id: int, back_office: str, since: datetime
) -> set[tuple[str, str, str]]:
    """Feed, kind and path of what ordinary reads and pushes met since then."""
    rows = await connection.fetch(
        "select feed, what, path from drift where city_id = $1 and back_office = $2 and last_seen >= $3",
        city_id,
        back_office,
        since,
    )
    return {(row["feed"], row["what"], row["path"]) for row in rows}
