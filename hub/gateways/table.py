"""Prints the diagram and the table of states for docs/gateways.md: `python -m hub.gateways.table`."""

from __future__ import annotations

from collections.abc import Mapping

from hub.gateways.model import EDGES


def diagram() -> str:
    """Mermaid of every edge that leads to another state."""
    arrows: dict[tuple[str, str], list[str]] = {}
    for edge in EDGES:
        if edge.source is not edge.target:
            arrows.setdefault((edge.source or "[*]", edge.target), []).append(edge.event)
    return "\n".join(["```mermaid", "stateDiagram-v2", *_lines(arrows), "```"])


def _lines(arrows: Mapping[tuple[str, str], list[str]]) -> list[str]:
    return [
        f"    {source} --> {target}: {', '.join(dict.fromkeys(events))}" for (source, target), events in arrows.items()
    ]


def table() -> str:
    """Markdown of every edge, in the order of the table in the code."""
    head = ["| from | event | to | by | |", "| --- | --- | --- | --- | --- |"]
    rows = [f"| {edge.source or ''} | {edge.event} | {edge.target} | {edge.by} | {edge.meaning} |" for edge in EDGES]
    return "\n".join([*head, *rows])


if __name__ == "__main__":
    print(diagram(), table(), sep="\n\n")  # noqa: T201 - that is what it is for
