"""What staff said of a statement or of a file, and why: `statement_decisions`, to which lines are only added."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from hub.kernel.ids import new_uuid
from hub.statements.model import FileState, StatementDecision, StatementEvent, StatementState
from hub.storage.database import Connection


async def note(
    connection: Connection,
    city_id: int,
    event: StatementEvent,
    source: StatementState | FileState,
    target: StatementState | FileState,
    *,
    statement_id: UUID | None = None,
    file_id: UUID | None = None,
    by: str,
    reason: str,
    now: datetime,
) -> None:
    """Of a statement, or of a file."""
    await connection.execute(
        """insert into statement_decisions (city_id, decision_id, statement_id, file_id, event, from_state, to_state,
                                            at, by, reason)
           values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)""",
        city_id, new_uuid(), statement_id, file_id, event, source, target, now, by, reason,
    )  # fmt: skip


async def listed(
    connection: Connection, city_id: int, *, statement_id: UUID | None = None, file_id: UUID | None = None
) -> list[StatementDecision]:
    """Of a statement, or of a file; oldest first."""
    rows = await connection.fetch(
        """select at, event, by, reason from statement_decisions
           where city_id = $1 and (statement_id = $2 or file_id = $3) order by at, decision_id""",
        city_id,
        statement_id,
        file_id,
    )
    return [StatementDecision(row["at"], StatementEvent(row["event"]), row["by"], row["reason"]) for row in rows]
