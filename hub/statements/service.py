"""Statements as staff and the hub's other parts see them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import orjson

from hub.kernel.clock import Clock
from hub.kernel.errors import NotFound
from hub.ports.bank_statement import StatementFormat
from hub.statements import accepting, corrections, decisions, entries, files
from hub.statements.accounts import payees_of
from hub.statements.files import StatementFiles
from hub.statements.importing import Importing
from hub.statements.model import StatementRow, StatementState
from hub.storage.database import Connection, Database
from hub.storage.vault import Vault

__all__ = ["StatementService", "corrections", "decisions", "entries", "files", "listed", "one", "payees_of"]

_COLUMNS = """statement_id, file_id, state, corrects, kind, format, account, currency, number, since, until, opening,
    closing, entries, credits, debits, agrees, differences, imported_at,
    (select count(*) from statement_entries e where e.city_id = s.city_id and e.statement_id = s.statement_id
        and e.state in ('new', 'queued')) as waiting,
    (select count(*) from statement_entries e where s.state = 'corrected' and e.city_id = s.city_id
        and e.statement_id = s.statement_id and e.state = 'booked') as to_undo,
    (select n.statement_id from statements n where n.city_id = s.city_id and n.corrects = s.statement_id
        and n.state in ('counts', 'corrected')) as corrected_by"""


class StatementService:
    """One for a process; of all towns. `files` takes them in, `importing` reads them."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, formats: Mapping[str, StatementFormat]) -> None:
        self.files = StatementFiles(database, vault, clock)
        self.importing = Importing(database, vault, clock, formats)
        self._database, self._clock = database, clock

    async def dismiss(self, city_id: int, statement_id: UUID, *, by: str, reason: str) -> None:
        """A statement that is held does not count. Raises NotFound, Conflict."""
        async with self._database.town(city_id) as connection:
            await accepting.dismiss(connection, city_id, statement_id, by=by, reason=reason, now=self._clock.now())

    async def looked_at(self, city_id: int, statement_id: UUID, *, by: str, reason: str) -> None:
        """Somebody has seen to what was told of a statement. Raises NotFound, Conflict."""
        async with self._database.town(city_id) as connection:
            await accepting.looked_at(connection, city_id, statement_id, by=by, reason=reason, now=self._clock.now())


async def listed(
    connection: Connection,
    city_id: int,
    *,
    accounts: Sequence[str] | None = None,
    file_id: UUID | None = None,
    state: StatementState | None = None,
    before: UUID | None = None,
    limit: int = 50,
) -> list[StatementRow]:
    """Statements, the last imported first. `accounts` None: of every account."""
    rows = await connection.fetch(
        f"""select {_COLUMNS} from statements s
            where city_id = $1 and ($2::text[] is null or account = any ($2)) and ($3::uuid is null or file_id = $3)
              and ($6::text is null or state = $6) and ($4::uuid is null or statement_id < $4)
            order by statement_id desc limit $5""",  # noqa: S608 - names of ours
        city_id, None if accounts is None else list(accounts), file_id, before, limit, state,
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
    plain = {"state": StatementState(row["state"]), "differences": orjson.loads(row["differences"])}
    return StatementRow(**(dict(row) | plain))
