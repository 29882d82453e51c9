"""Writes the table of states into docs/deliveries.md: `python -m hub.delivery.table docs/deliveries.md`."""

from __future__ import annotations

import sys
from pathlib import Path

from hub.delivery.model import EDGES
from hub.kit import state_table


def table() -> str:
    """Markdown of every edge, in the order of the table in the code."""
    lines = ((edge.source, edge.event, edge.target, edge.by, edge.meaning) for edge in EDGES)
    return state_table.rows(("from", "event", "to", "by", ""), lines)


if __name__ == "__main__":
    state_table.write(Path(sys.argv[1]), table())
