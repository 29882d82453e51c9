"""Writes diagrams and tables of states into docs/payments.md: `python -m hub.payments.table docs/payments.md`."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

from hub.payments.states import FACES, REFUND_FACES, TABLES, Edge

BEGIN, END = "<!-- generated: make payments -->\n", "\n<!-- end -->"


def table() -> str:
    """Markdown of every noun: a Mermaid state diagram, and each edge as a row, in the order of the code."""
    parts = []
    for noun, edges in TABLES.items():
        parts += [f"### {noun.capitalize()}", "", "```mermaid", *_diagram(edges), "```", "", *_rows(edges), ""]
    for title, states in (("Charge and payment", FACES), ("Refund", REFUND_FACES)):
        parts += [f"### {title}: what the payer reads", "", "| state | status |", "| --- | --- |"]
        parts += [f"| {state} | {face} |" for state, face in states.items()]
        parts.append("")
    return "\n".join(parts).rstrip()


def _diagram(edges: Iterable[Edge]) -> list[str]:
    """Arrows that lead somewhere else; several events between the same two stand on one."""
    arrows: dict[tuple[str, str], list[str]] = defaultdict(list)
    for edge in edges:
        if edge.source is not edge.target:
            arrows[edge.source or "[*]", edge.target].append(edge.event)
    return ["stateDiagram-v2", *(f"    {a} --> {b}: {', '.join(events)}" for (a, b), events in arrows.items())]


def _rows(edges: Iterable[Edge]) -> list[str]:
    """Edges that differ only in where they come from or lead to, in one row."""
    grouped: dict[tuple[str, str, str], list[Edge]] = defaultdict(list)
    for edge in edges:
        grouped[edge.event, edge.by, edge.meaning].append(edge)
    rows = ["| event | from → to | by | |", "| --- | --- | --- | --- |"]
    for (event, by, meaning), group in grouped.items():
        ways: dict[str, list[str]] = defaultdict(list)
        for edge in group:
            ways["the same" if edge.source is edge.target else str(edge.target)].append(str(edge.source or "·"))
        moves = "; ".join(f"{', '.join(dict.fromkeys(old))} → {new}" for new, old in ways.items())
        rows.append(f"| {event} | {moves} | {by} | {meaning} |")
    return rows


def write(file: Path) -> None:
    text = file.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    file.write_text(before + BEGIN + table() + END + rest.partition(END)[2], "utf-8")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
