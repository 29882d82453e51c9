"""Writes the table of states into docs/reconciliation.md: `python -m hub.statements.table docs/reconciliation.md`."""

from __future__ import annotations

import sys
from pathlib import Path

from hub.kit import state_table
from hub.statements.model import EDGES


def table() -> str:
    """Markdown of every edge, in the order of the table in the code."""
    lines = ((edge.source, edge.event, edge.target, edge.by, edge.meaning) for edge in EDGES)
    return state_table.rows(("from", "event", "to", "by", ""), lines)


if __name__ == "__main__":
    state_table.write(Path(sys.argv[1]), table())
