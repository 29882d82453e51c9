"""`munihub doors dropped`: what lies in the folders of back offices and is not taken."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hub.intake.drop_folder import dropped


def register(
    app: typer.Typer,
    with_hub: Callable[[Callable[[Any], Awaitable[Any]]], Any],
    town_of: Callable[[Any, str], Any],
) -> None:
    """Adds the commands of `munihub doors`: `with_hub` runs work with an opened hub, `town_of` finds a town."""
    commands = typer.Typer(no_args_is_help=True, help="What comes from back offices by themselves.")

    @commands.command("dropped")
    def list_dropped(
        city: Annotated[str, typer.Option("--city", help="The town's slug.")],
        as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,  # noqa: FBT002
    ) -> None:
        """Files that lie in a drop folder and cannot be taken, and why; the oldest first."""

        async def show(hub: Any) -> None:
            town = town_of(hub, city).city
            async with hub.database.town(town.id) as connection:
                found = await dropped(connection, town.id)
            table = Table("back office", "file", "bytes", "since", "why")
            for one in found:
                since = one.seen_at.astimezone(town.timezone)
                if as_json:
                    told = {"back_office": one.back_office, "name": one.name, "size": one.size}
                    more = {"since": since.isoformat(), "problem": one.problem}
                    typer.echo(json.dumps(told | more, ensure_ascii=False))
                    continue
                cells = (one.back_office, one.name, f"{one.size:,}", since.strftime("%Y-%m-%d %H:%M"), one.problem)
                table.add_row(*(Text(cell) for cell in cells))
            if not as_json:
                Console().print(table)

        with_hub(show)

    @commands.callback()
    def doors() -> None:
        """What comes from back offices by themselves."""

    app.add_typer(commands, name="doors")
