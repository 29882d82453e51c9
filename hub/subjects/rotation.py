"""Replaces the keys of a town's identifiers while the hub runs.

A new key is added and used at once; every identifier is brought to it in batches, each a transaction of its own, and
found under both keys meanwhile; then the old index key is retired. An old data key stays while a stored message needs
it. All of them come under the current master key. Whatever is interrupted is taken up by running it again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from uuid import UUID

from hub.storage.database import NIL, Connection, Database
from hub.storage.vault import TownKeys, Vault
from hub.subjects import queries
from hub.subjects.service import value_of

_BATCH = 500


Rekey = Callable[[Connection, TownKeys, UUID], Awaitable[UUID | None]]
"""Brings the next rows after an id to the newest key; returns the last one's id, None at the end."""


async def rotate(database: Database, vault: Vault, city_id: int, others: Sequence[Rekey] = ()) -> int:
    """Both kinds of keys; returns how many identifiers were brought to the new ones. `others`: what else is found by
    an index key for longer than it lives.
    """
    async with database.town(city_id) as connection:
        await vault.alone(connection, city_id)
        keys = await vault.reload(connection, city_id)
        await vault.rewrap(connection, city_id)
        newest = max(keys.index)
        # A rotation that was interrupted is finished first; one more key would not hurry it.
        if len(keys.index) == 1:
            newest = await vault.add_key(connection, city_id, "index")
            await vault.add_key(connection, city_id, "data")
    moved = 0
    after: UUID | None = NIL
    while after is not None:
        async with database.town(city_id) as connection:
            keys = await vault.keys(connection, city_id)
            # A rotation that began later has added a newer key: it brings everything to that one.
            if max(keys.index) != newest:
                return moved
            after, changed = await _batch(connection, keys, after)
            moved += changed
    for rekey in others:
        after = NIL
        while after is not None:
            async with database.town(city_id) as connection:
                keys = await vault.keys(connection, city_id)
                if max(keys.index) != newest:
                    return moved
                after = await rekey(connection, keys, after)
    async with database.town(city_id) as connection:
        # Whoever began before the new key was there has ended by now, so nothing is found by the old one alone.
        await vault.alone(connection, city_id)
        keys = await vault.reload(connection, city_id)
        if max(keys.index) != newest:
            return moved
        await connection.execute("delete from identifier_indexes where city_id = $1 and key_id <> $2", city_id, newest)
        await vault.retire_indexes(connection, city_id, [one for one in keys.index if one != newest])
    return moved


async def _batch(connection: Connection, keys: TownKeys, after: UUID) -> tuple[UUID | None, int]:
    """The next identifiers after `after`; returns the last one looked at, None at the end, and how many changed."""
    rows = await queries.identifiers_after(connection, keys.city_id, after, _BATCH)
    index_key, data_key = max(keys.index), max(keys.data)
    changed = 0
    for identifier_id, scheme, sealed in rows:
        value = value_of(keys, identifier_id, sealed)
        added = await queries.add_index(
            connection,
            keys.city_id,
            scheme,
            index_key,
            dict(keys.blind_indexes(scheme, value))[index_key],
            identifier_id,
        )
        if TownKeys.data_key_id(sealed) != data_key:
            renewed = keys.encrypt("identifiers", "value", str(identifier_id), value.encode())
            await queries.reseal(connection, keys.city_id, identifier_id, renewed)
            added = True
        changed += added
    return (rows[-1][0] if len(rows) == _BATCH else None), changed
