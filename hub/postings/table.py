"""Prints the table of states for docs/postings.md: `python -m hub.postings.table`."""

from __future__ import annotations

from hub.postings.model import EDGES


def table() -> str:
    """Markdown of every edge, in the order of the table in the code."""
    head = ["| from | to | by | |", "| --- | --- | --- | --- |"]
    rows = [f"| {edge.source or ''} | {edge.target} | {edge.by} | {edge.when} |" for edge in EDGES]
    return "\n".join([*head, *rows])


if __name__ == "__main__":
    print(table())  # noqa: T201 - that is what it is for
