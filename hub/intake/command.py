"""`munihub dead-letters list|replay`: what could not be processed, and trying again."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from hub.intake import dead_letters
from hub.kernel.errors import NotFound
from hub.kernel.ids import parse_public_id, public_id

CityOption = Annotated[str, typer.Option("--city", help="The town's slug.")]
out = Console()


def register(
    app: typer.Typer,
    with_hub: Callable[[Callable[[Any], Awaitable[Any]]], Any],
    town_of: Callable[[Any, str], Any],
) -> None:
    """Adds the commands: `with_hub` runs work with an opened hub, `town_of` finds a town."""
    commands = typer.Typer(no_args_is_help=True, help="Messages that could not be processed.")

    @commands.command("list")
    def list_letters(
        city: CityOption,
        as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,  # noqa: FBT002
    ) -> None:
        """What could not be processed, newest first, and why."""

        async def show(hub: Any) -> None:
            town = town_of(hub, city)
            async with hub.database.town(town.city.id) as connection:
                letters = await dead_letters.open_letters(connection, town.city.id, limit=1000)
            # The id whole, however narrow the screen: it is what `replay` is told.
            table = Table(
                Column("id", no_wrap=True), "back office", "from", "times", "last", "reason", "where", "detail"
            )
            for one in letters:
                name = public_id("dlt", one.dead_letter_id)
                last = one.last_at.astimezone(town.city.timezone).strftime("%Y-%m-%d %H:%M")
                if as_json:
                    where = {"field": one.field, "path": one.path, "reason": one.reason, "detail": one.detail}
                    typer.echo(json.dumps({"id": name, "back_office": one.back_office} | where, ensure_ascii=False))
                else:
                    cells = (one.origin, str(one.times), last, one.reason, one.path or one.field or "", one.detail)
                    table.add_row(name, one.back_office, *map(_plain, cells))
            if not as_json:
                out.print(table)

        with_hub(show)

    @commands.command("replay")
    def replay_letter(city: CityOption, letter: Annotated[str, typer.Argument(help="dlt_…, or all")]) -> None:
        """Have pushed messages interpreted again, after a mapping was corrected.

        Pulled records come with the next read.
        """

        async def replay(hub: Any) -> int:
            only = None if letter == "all" else parse_public_id("dlt", letter)
            count = int(await hub.intake.replay(town_of(hub, city).city.id, only))
            if only and not count:
                raise NotFound(f"There is no message of {letter} that waits here to be interpreted again.")
            return count

        out.print(f"{with_hub(replay)} to be interpreted again")

    app.add_typer(commands, name="dead-letters")


def _plain(text: object) -> str:
    """As a cell: nothing in it is taken for our markup, or by the terminal for a command."""
    return escape("".join(letter if letter.isprintable() else " " for letter in str(text)))
