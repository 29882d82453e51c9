"""Prints the table of states for docs/reconciliation.md: `python -m hub.statements.table`."""

from __future__ import annotations

from hub.statements.model import EDGES


def table() -> str:
    """Markdown of every edge, in the order of the table in the code."""
    head = ["| from | event | to | by | |", "| --- | --- | --- | --- | --- |"]
    rows = [f"| {edge.source} | {edge.event} | {edge.target} | {edge.by} | {edge.meaning} |" for edge in EDGES]
    return "\n".join([*head, *rows])


if __name__ == "__main__":
    print(table())  # noqa: T201 - that is what it is for
