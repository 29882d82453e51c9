"""Towns in the database: a row and keys, once; a new slug is followed, another town's id is not taken."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from hub.cities.loader import load_city
from hub.cities.model import City
from hub.cities.service import prepare
from hub.kernel.errors import ConfigurationError
from hub.storage.database import Database
from hub.storage.vault import MasterKeys, Vault
from tests.unit.cities.samples import TOWN, write


@pytest.fixture
def dolina(tmp_path) -> City:
    return load_city(write(tmp_path, TOWN))


@pytest.fixture
def vault(tmp_path) -> Vault:
    return Vault(MasterKeys.load(tmp_path / "master.json", create=True))


def renamed(city: City, **changes: object) -> City:
    return city.model_copy(update=changes)


async def stored(worker: Database, *city_ids: int) -> list[tuple[int, str, int]]:
    """Id, slug and number of keys of each town there is."""
    found = []
    for city_id in city_ids:
        async with worker.town(city_id) as connection:
            rows = await connection.fetch(
                "select city_id, slug, (select count(*) from city_keys) as keys from cities order by 1"
            )
            found += [tuple(row) for row in rows]
    return found


async def test_a_town_gets_its_row_and_keys_once(worker, vault, dolina):
    gora = renamed(dolina, id=8, slug="gora")
    for _ in range(2):
        await prepare(worker, vault, [dolina, gora], {"dolina", "gora"})
        assert await stored(worker, 7, 8) == [(7, "dolina", 2), (8, "gora", 2)]
        async with worker.town(7) as connection:
            keys = await vault.keys(connection, 7)
            sealed = keys.encrypt("t", "c", "r", b"value")
    async with worker.town(7) as connection:
        again = await Vault(vault._master).keys(connection, 7)
    assert again.decrypt("t", "c", "r", sealed) == b"value"
    # Months of messages are made ahead.
    assert await worker.pool.fetchval("select count(*) from pg_inherits where inhparent = 'messages'::regclass") >= 4


async def test_a_dump_does_not_keep_a_worker_from_starting(worker, vault, dolina, urls):
    """It holds every table to its end, and the months can be made later."""
    owner = await asyncpg.connect(urls.owner)
    try:
        name = "messages_" + str(await owner.fetchval("select to_char(now() at time zone 'UTC', 'YYYY_MM')"))
        await owner.execute(f"drop table {name}")
        async with owner.transaction():
            await owner.execute("lock table messages in access share mode")
            await asyncio.wait_for(prepare(worker, vault, [dolina], {"dolina"}), 20)
            assert await worker.pool.fetchval("select to_regclass($1)", name) is None
        await prepare(worker, vault, [dolina], {"dolina"})
        assert await worker.pool.fetchval("select to_regclass($1)::text", name) == name
    finally:
        await owner.close()
    assert await stored(worker, 7) == [(7, "dolina", 2)]


async def test_a_new_slug_is_followed(worker, vault, dolina):
    await prepare(worker, vault, [dolina], {"dolina"})
    await prepare(worker, vault, [renamed(dolina, slug="nova-dolina")], {"nova-dolina"})
    assert await stored(worker, 7) == [(7, "nova-dolina", 2)]


async def test_the_id_of_another_town_is_not_taken(worker, vault, dolina):
    """A copied folder whose id was forgotten, while the town it was copied from is left out for a mistake."""
    await prepare(worker, vault, [dolina], {"dolina"})
    with pytest.raises(ConfigurationError) as caught:
        await prepare(worker, vault, [renamed(dolina, slug="bistra")], {"bistra", "dolina"})
    assert str(caught.value) == (
        "id: the id 7 of bistra belongs to dolina. "
        "An id is given once and for all: give the newer town one that nobody had."
    )
    assert await stored(worker, 7) == [(7, "dolina", 2)]


async def test_a_town_keeps_its_id(worker, vault, dolina):
    await prepare(worker, vault, [dolina], {"dolina"})
    with pytest.raises(ConfigurationError) as caught:
        await prepare(worker, vault, [renamed(dolina, id=9)], {"dolina"})
    assert str(caught.value) == ("id: dolina had another id than 9 before. Write the one it had: its rows carry it.")
    assert await stored(worker, 7, 9) == [(7, "dolina", 2)]
