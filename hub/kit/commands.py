"""What commands of the command line share: how they reach the hub, and text as a terminal may show it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any, Protocol, TypeVar

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from hub.kernel.errors import InvalidRequest
from hub.kit import identifiers

T = TypeVar("T")
_ANY_WIDTH = 1_000_000
"""Wider than any screen: as wide as a table would like to be."""
CityOption = Annotated[str, typer.Option("--city", help="The town's slug.")]
TownOf = Callable[[Any, str], Any]
"""Finds a town of an opened hub by its slug. Raises NotFound, or why the town could not be opened."""


class WithHub(Protocol):
    """Runs `work` with an opened hub (worker role) on the database of this installation.

    `connect` builds the connectors of its towns, too.
    """

    def __call__(self, work: Callable[[Any], Awaitable[T]], *, connect: bool = False) -> T: ...


def plain(text: object) -> str:
    """As a cell or a sentence: nothing in it is taken for our markup, or by the terminal for a command."""
    return escape(printable(text))


def printable(text: object) -> str:
    """What a terminal shows and does not take for a command; a line break becomes a blank."""
    return "".join(letter if letter.isprintable() else " " for letter in str(text))


def print_rows(head: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """A table where the screen has room for it, else a paragraph for each row: an id or a reason is never cut off.

    Cells are texts as they are, without markup; what is None or empty has no line in a paragraph.
    """
    out = Console()
    table = Table(*head)
    cells = [["" if cell is None else printable(cell) for cell in row] for row in rows]
    for row in cells:
        table.add_row(*map(Text, row))
    if not rows or out.measure(table, options=out.options.update(max_width=_ANY_WIDTH)).maximum <= out.width:
        out.print(table)
        return
    for first, *others in cells:
        typer.echo(first)
        for name, cell in zip(head[1:], others, strict=True):
            if cell:
                typer.echo(f"  {name}: {cell}")


def identifier(text: str, option: str = "--identifier", example: str = "hr.oib=87582274224") -> tuple[str, str]:
    """`hr.oib=87582274224`, as an option brings it: scheme and normalised value. Raises InvalidRequest."""
    scheme, mark, value = text.partition("=")
    if not mark:
        raise InvalidRequest(f"Write {option} SCHEME=VALUE, such as {example}.")
    try:
        return scheme, identifiers.normalise(scheme, value)
    except ValueError as error:
        raise InvalidRequest(f"{option} {error}.") from error
