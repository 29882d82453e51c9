"""Writes the tables of states into docs/reconciliation.md: `python -m hub.statements.table docs/reconciliation.md`."""

from __future__ import annotations

import sys
from pathlib import Path

from hub.kit import state_table
from hub.statements.model import EDGES, STATEMENT_EDGES


def table() -> str:
    """Markdown of every edge of entries and of statements, in the order of the tables in the code."""
    of_entries = ((edge.source, edge.event, edge.target, edge.by, edge.meaning) for edge in EDGES)
    entries = state_table.rows(("from", "event", "to", "by", ""), of_entries)
    of_statements = ((edge.source, edge.event, edge.target, edge.meaning) for edge in STATEMENT_EDGES)
    statements = state_table.rows(("from", "event", "to", ""), of_statements)
    return f"{entries}\n\n## States of a statement\n\n{statements}"


if __name__ == "__main__":
    state_table.write(Path(sys.argv[1]), table())
