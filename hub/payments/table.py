"""Writes diagrams and tables of states into docs/payments.md: `python -m hub.payments.table docs/payments.md`."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from hub.kit import state_table
from hub.payments.states import FACES, REFUND_FACES, TABLES, Edge


def table() -> str:
    """Markdown of every noun: a Mermaid state diagram, and each edge as a row, in the order of the code."""
    parts = []
    for noun, edges in TABLES.items():
        parts += [f"### {noun.capitalize()}", state_table.diagram(edges), _rows(edges)]
    for title, states in (("Charge and payment", FACES), ("Refund", REFUND_FACES)):
        parts += [f"### {title}: what the payer reads", state_table.rows(("state", "status"), states.items())]
    return "\n\n".join(parts)


def _rows(edges: Iterable[Edge]) -> str:
    """Edges that differ only in where they come from or lead to, in one row."""
    grouped: dict[tuple[str, str, str], list[Edge]] = defaultdict(list)
    for edge in edges:
        grouped[edge.event, edge.by, edge.meaning].append(edge)
    lines = []
    for (event, by, meaning), group in grouped.items():
        ways: dict[str, list[str]] = defaultdict(list)
        for edge in group:
            ways["the same" if edge.source is edge.target else str(edge.target)].append(str(edge.source or "·"))
        moves = "; ".join(f"{', '.join(dict.fromkeys(old))} → {new}" for new, old in ways.items())
        lines.append((event, moves, by, meaning))
    return state_table.rows(("event", "from → to", "by", ""), lines)


if __name__ == "__main__":
    state_table.write(Path(sys.argv[1]), table())
