"""Towns in the database: a row and keys for each, given once."""

from __future__ import annotations

from collections.abc import Collection, Iterable

import asyncpg

from hub.cities.model import City
from hub.kernel.errors import ConfigurationError
from hub.storage import retention
from hub.storage.database import Connection, Database
from hub.storage.vault import Vault


async def prepare(database: Database, vault: Vault, cities: Iterable[City], slugs: Collection[str]) -> None:
    """Give every town its row and first keys; follow a slug that changed. Runs as the worker role.

    `slugs` are those of all towns on the configuration path, left out or not. Raises ConfigurationError where a town
    has the id of another one, since its rows would become the other's, and for another installation's master key.
    """
    cities = list(cities)
    for city in cities:
        async with database.town(city.id) as connection:
            known = await connection.fetchval("select slug from cities where city_id = $1", city.id)
            if known != city.slug:
                if known in slugs:
                    raise ConfigurationError(
                        f"the id {city.id} of {city.slug} belongs to {known}",
                        key="id",
                        remedy="An id is given once and for all: give the newer town one that nobody had.",
                    )
                await _name(connection, city)
            elif await connection.fetchval("select exists (select from city_keys where city_id = $1)", city.id):
                # A master key that is not this database's shows here, before it wraps a new town's keys.
                await vault.keys(connection, city.id)
    for city in cities:
        async with database.town(city.id) as connection:
            await vault.ensure(connection, city.id)
    await retention.keep_months(database)


async def _name(connection: Connection, city: City) -> None:
    try:
        await connection.execute(
            """insert into cities (city_id, slug) values ($1, $2)
               on conflict (city_id) do update set slug = excluded.slug""",
            city.id,
            city.slug,
        )
    except asyncpg.UniqueViolationError as error:
        raise ConfigurationError(
            f"{city.slug} had another id than {city.id} before",
            key="id",
            remedy="Write the one it had: its rows carry it.",
        ) from error
