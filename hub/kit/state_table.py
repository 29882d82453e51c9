"""States of a noun as its document shows them, written between two marks: `make tables`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Protocol

BEGIN, END = "<!-- generated: make tables -->\n", "\n<!-- end -->"


class Edge(Protocol):
    """What leads from one state to another; `source` None: it is new."""

    @property
    def event(self) -> str: ...

    @property
    def source(self) -> str | None: ...

    @property
    def target(self) -> str: ...


def rows(titles: Iterable[str], lines: Iterable[Iterable[str | None]]) -> str:
    """A table in Markdown; None is an empty cell."""
    titles = list(titles)
    return "\n".join(_row(cells) for cells in (titles, ["---"] * len(titles), *lines))


def _row(cells: Iterable[str | None]) -> str:
    return "|" + "".join(f" {cell} |" if cell else " |" for cell in cells)


def diagram(edges: Iterable[Edge]) -> str:
    """Mermaid of every edge that leads to another state; several events between the same two stand on one arrow."""
    arrows: dict[tuple[str, str], dict[str, None]] = {}
    for edge in edges:
        if edge.source != edge.target:
            arrows.setdefault((edge.source or "[*]", edge.target), {})[edge.event] = None
    lines = (f"    {source} --> {target}: {', '.join(events)}" for (source, target), events in arrows.items())
    return "\n".join(["```mermaid", "stateDiagram-v2", *lines, "```"])


def written(file: Path) -> str:
    """What stands between the marks. Raises ValueError where `file` has none."""
    return _split(file)[1]


def write(file: Path, text: str) -> None:
    """Put `text` between the marks. Raises ValueError where `file` has none."""
    before, _, after = _split(file)
    file.write_text(f"{before}{BEGIN}{text}{END}{after}", "utf-8")


def _split(file: Path) -> tuple[str, str, str]:
    before, begin, rest = file.read_text("utf-8").partition(BEGIN)
    between, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError(f"{file} lacks the marks {BEGIN.strip()} and {END.strip()}.")
    return before, between, after
