"""Connections that say for whom they speak.

Every transaction names its town, and on citizen paths the subjects in scope; row-level security
(migrations/sql/0001) shows nothing else, whatever the query forgets.

    async with database.town(city_id) as connection:               a job, a push, an administrator
    async with database.citizen(city_id, subject_id) as connection:     a citizen's request
    async with database.identity(city_id) as connection:                a login: who is it?
    async with database.audit(city_id) as connection:                   an auditor: who looked at whom?
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self, TypeAlias
from uuid import UUID

import asyncpg

from hub.kernel.errors import ConfigurationError, NotReady

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | asyncpg.pool.PoolConnectionProxy[asyncpg.Record]"

NIL = UUID(int=0)
"""Stands for "all subjects" where a column cannot be null."""


class Database:
    """A pool of connections of one program role."""

    def __init__(self, pool: asyncpg.Pool[asyncpg.Record]) -> None:
        self.pool = pool

    @classmethod
    async def open(cls, url: str, *, size: int = 8, application: str = "munihub") -> Self:
        """Connect and refuse a role that could look over the walls.

        Raises NotReady when the database does not answer and ConfigurationError for a superuser, the
        owner of the tables, or a role that bypasses row-level security.
        """
        try:
            pool = await asyncpg.create_pool(
                url,
                min_size=1,
                max_size=size,
                command_timeout=60,
                server_settings={"application_name": application, "timezone": "UTC", "jit": "off"},
            )
        except (OSError, asyncpg.PostgresError) as error:
            raise NotReady(f"The database does not answer: {error}") from error
        database = cls(pool)
        try:
            await database._refuse_privileges()
        except BaseException:
            await pool.close()
            raise
        return database

    async def _refuse_privileges(self) -> None:
        row = await self.pool.fetchrow(
            """select current_user as name, r.rolsuper or r.rolbypassrls as bypasses,
                      exists (select from pg_class c where c.relname = 'cities' and pg_has_role(c.relowner, 'member'))
                      as owns
               from pg_roles r where r.rolname = current_user"""
        )
        if row is None or row["bypasses"] or row["owns"]:
            who = row["name"] if row else "this role"
            raise ConfigurationError(
                f"the database role {who!r} can look over the walls between towns",
                key="MUNIHUB_DATABASE_URL",
                remedy="Run `munihub database prepare ADMIN_URL --env-file munihub.env` once and start with "
                "the addresses it writes.",
            )

    async def close(self) -> None:
        await self.pool.close()

    @asynccontextmanager
    async def town(self, city_id: int) -> AsyncIterator[Connection]:
        """A transaction within the walls of one town."""
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute("select set_config('munihub.city', $1, true)", str(city_id))
            yield connection

    @asynccontextmanager
    async def citizen(self, city_id: int, subject_id: UUID) -> AsyncIterator[Connection]:
        """A transaction within the walls of one town and of one subject (with all that were merged into it)."""
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute("select munihub_enter($1, $2)", city_id, subject_id)
            yield connection

    @asynccontextmanager
    async def identity(self, city_id: int) -> AsyncIterator[Connection]:
        """A transaction within the walls of one town that may look for a person, and sees no record of anybody."""
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "select set_config('munihub.city', $1, true), set_config('munihub.door', 'identity', true)",
                str(city_id),
            )
            yield connection

    @asynccontextmanager
    async def audit(self, city_id: int) -> AsyncIterator[Connection]:
        """A transaction within the walls of one town that reads who looked at whom, and no record of anybody."""
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute(
                "select set_config('munihub.city', $1, true), set_config('munihub.door', 'audit', true)",
                str(city_id),
            )
            yield connection
