"""Adds what a worker counted of its calls to what all have counted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

import structlog

from hub.back_offices.model import Town
from hub.jobs.failures import describe
from hub.storage.database import Database
from hub.storage.failures import FAILED

log = structlog.get_logger(__name__)

EVERY = 5.0
"""Seconds. What a worker that is killed had counted meanwhile is missing from the figures, and from nothing else."""

_ADD = """
    insert into call_statistics as s (city_id, back_office, what, code, calls, seconds, buckets)
    values ($1, $2, $3, $4, $5, $6, $7)
    on conflict (city_id, back_office, what, code) do update
    set calls = s.calls + excluded.calls, seconds = s.seconds + excluded.seconds,
        buckets = array(select coalesce(a, 0) + coalesce(b, 0)
                        from unnest(s.buckets, excluded.buckets) with ordinality as both_of(a, b, n) order by n)"""


async def keep_counting(database: Database, towns: Iterable[Town]) -> None:
    """Every few seconds, until cancelled. What cannot be written now is written with the next."""
    every = list(towns)
    while True:
        await asyncio.sleep(EVERY)
        await count(database, every)


async def count(database: Database, towns: Iterable[Town]) -> None:
    """Write down what was counted since the last time."""
    for town in towns:
        rows = [
            (town.city.id, name, what, code, one.calls, one.seconds, one.buckets)
            for name, office in town.back_offices.items()
            for (what, code), one in office.measures.take().items()
        ]
        if not rows:
            continue
        try:
            async with database.town(town.city.id) as connection:
                await connection.executemany(_ADD, sorted(rows))
        except FAILED as error:
            log.warning("calls_not_counted", city=town.city.slug, error=describe(error))
            for _, name, what, code, calls, seconds, buckets in rows:
                town.back_offices[name].measures.give_back(what, code, calls, seconds, buckets)
