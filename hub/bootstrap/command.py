"""`munihub city check`: whether the configuration of towns can be opened."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer
from rich.console import Console

from hub.bootstrap.towns import examine_towns
from hub.kernel.errors import NotFound
from hub.kit.commands import plain
from hub.settings import Settings


def register(app: typer.Typer) -> None:
    """Adds the commands of `munihub city`."""
    commands = typer.Typer(no_args_is_help=True, help="Towns and their configuration.")

    @commands.command("check")
    def check_cities(slug: Annotated[str | None, typer.Argument(help="One town; all where absent.")] = None) -> None:
        """Read the configuration of towns with everything it names; calls no back office. Exit 1 where one is wrong."""
        towns = examine_towns(Settings.from_environment(), connect=True)
        asyncio.run(towns.close())
        names = sorted({*towns.by_slug, *towns.broken})
        if slug is not None and slug not in names:
            raise NotFound(f"There is no town {slug!r}; there are {', '.join(names)}.")
        asked = names if slug is None else [slug]
        out = Console()
        for name in asked:
            if error := towns.broken.get(name):
                out.print(f"[red]wrong[/] {name}: {plain(error)}", soft_wrap=True, highlight=False)
            else:
                out.print(f"[green]ok[/] {name}")
        raise typer.Exit(1 if towns.broken.keys() & set(asked) else 0)

    app.add_typer(commands, name="city")
