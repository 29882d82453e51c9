"""Statements as staff and the hub's other parts see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson

from hub.kernel.clock import Clock
from hub.kernel.errors import NotFound
from hub.ports.bank_statement import StatementFormat
from hub.statements import entries, files
from hub.statements.accounts import payees_of
from hub.statements.files import StatementFiles
from hub.statements.importing import Importing
from hub.statements.model import StatementRow
from hub.storage.database import Connection, Database
from hub.storage.vault import Vault

__all__ = ["StatementService", "entries", "files", "listed", "one", "payees_of"]

_COLUMNS = """statement_id, file_id, kind, format, account, currency, number, since, until, opening, closing, entries,
    credits, debits, agrees, differences, imported_at,
    (select count(*) from statement_entries e where e.city_id = s.city_id and e.statement_id = s.statement_id
        and e.state in ('new', 'queued')) as waiting"""


class StatementService:
    """One for a process; of all towns. `files` takes them in, `importing` reads them."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, formats: Mapping[str, StatementFormat]) -> None:
        self.files = StatementFiles(database, vault, clock)
        self.importing = Importing(database, vault, clock, formats)


async def listed(
    connection: Connection,
    city_id: int,
    *,
    accounts: Sequence[str] | None = None,
    file_id: UUID | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> list[StatementRow]:
    """Statements, the last imported first. `accounts` None: of every account."""
    rows = await connection.fetch(
        f"""select {_COLUMNS} from statements s
            where city_id = $1 and ($2::text[] is null or account = any ($2)) and ($3::uuid is null or file_id = $3)
              and ($4::uuid is null or statement_id < $4)
            order by statement_id desc limit $5""",  # noqa: S608 - names of ours
        city_id, None if accounts is None else list(accounts), file_id, before, limit,
    )  # fmt: skip
    return [_statement(row) for row in rows]


async def one(connection: Connection, city_id: int, statement_id: UUID) -> StatementRow:
    """Raises NotFound."""
    row = await connection.fetchrow(
        f"select {_COLUMNS} from statements s where city_id = $1 and statement_id = $2",  # noqa: S608 - names of ours
        city_id,
        statement_id,
    )
    if row is None:
        raise NotFound("There is no such statement.")
    return _statement(row)


def _statement(row: Any) -> StatementRow:
    return StatementRow(**(dict(row) | {"differences": orjson.loads(row["differences"])}))
