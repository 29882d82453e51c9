"""Writes the table of states into docs/postings.md: `python -m hub.postings.table docs/postings.md`."""

from __future__ import annotations

import sys
from pathlib import Path

from hub.kit import state_table
from hub.postings.model import EDGES


def table() -> str:
    """Markdown of every edge, in the order of the table in the code."""
    lines = ((edge.source, edge.target, edge.by, edge.when) for edge in EDGES)
    return state_table.rows(("from", "to", "by", ""), lines)


if __name__ == "__main__":
    state_table.write(Path(sys.argv[1]), table())
