"""What commands of the command line share: how they reach the hub, and text as a terminal may show it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Annotated, Any, Protocol, TypeVar

import typer
from rich.markup import escape

from hub.kernel.errors import InvalidRequest
from hub.kit import identifiers

T = TypeVar("T")
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
    return escape("".join(letter if letter.isprintable() else " " for letter in str(text)))


def identifier(text: str, option: str = "--identifier", example: str = "hr.oib=87582274224") -> tuple[str, str]:
    """`hr.oib=87582274224`, as an option brings it: scheme and normalised value. Raises InvalidRequest."""
    scheme, mark, value = text.partition("=")
    if not mark:
        raise InvalidRequest(f"Write {option} SCHEME=VALUE, such as {example}.")
    try:
        return scheme, identifiers.normalise(scheme, value)
    except ValueError as error:
        raise InvalidRequest(f"{option} {error}.") from error
