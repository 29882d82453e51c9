"""The door through which whoever takes money sees what is owed, whoever owes it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hub.storage.database import Connection


@asynccontextmanager
async def money(connection: Connection) -> AsyncIterator[None]:
    """Obligations of the town are readable within it, on a town connection of the API; on a citizen's nothing changes,
    and the worker sees them anyway (migrations/sql/0015).

    Where something fails in it the transaction does, and with it what was said.
    """
    before = await connection.fetchval("select current_setting('munihub.door', true)")
    await connection.execute("select set_config('munihub.door', 'money', true)")
    yield
    await connection.execute("select set_config('munihub.door', $1, true)", before or "")
