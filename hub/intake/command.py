"""`munihub dead-letters list|replay|discard`: what could not be processed, trying again, giving up."""

from __future__ import annotations

import getpass
import json
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from hub.intake import corrections, dead_letters
from hub.kernel.errors import NotFound
from hub.kernel.ids import parse_public_id, public_id
from hub.kit import csv_out
from hub.kit.commands import CityOption, TownOf, WithHub

out = Console()
# Below that, a table of eight columns has no room for its reasons.
_WIDE = 150


def register(  # noqa: C901 - one function for each command
    app: typer.Typer,
    with_hub: WithHub,
    town_of: TownOf,
) -> typer.Typer:
    """Adds the commands: `with_hub` runs work with an opened hub, `town_of` finds a town. Returns their group."""
    commands = typer.Typer(no_args_is_help=True, help="Messages that could not be processed.")

    @commands.command("list")
    def list_letters(
        city: CityOption,
        as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,  # noqa: FBT002
        as_csv: Annotated[bool, typer.Option("--csv", help="For a spreadsheet.")] = False,  # noqa: FBT002
        back_office: Annotated[str | None, typer.Option(help="Only of this one.")] = None,
        reason: Annotated[str | None, typer.Option(help="Only for this reason, such as unreadable_record.")] = None,
        everything: Annotated[bool, typer.Option("--all", help="Settled ones too.")] = False,  # noqa: FBT002
    ) -> None:
        """What could not be processed, newest first, and why."""
        filters = dead_letters.Filters(
            back_offices=None if back_office is None else [back_office],
            reason=reason,
            state="all" if everything else "open",
        )

        async def show(hub: Any) -> None:
            town = town_of(hub, city)
            async with hub.database.town(town.city.id) as connection:
                letters = await dead_letters.listed(connection, town.city.id, filters, limit=1000)
            # The id whole, however narrow the screen: it is what `replay` is told.
            table = Table(
                Column("id", no_wrap=True), "back office", "from", "times", "last", "reason", "where", "detail"
            )
            rows = []
            for one in letters:
                name = public_id("dlt", one.dead_letter_id)
                last = one.last_at.astimezone(town.city.timezone).strftime("%Y-%m-%d %H:%M")
                if as_json:
                    where = {"field": one.field, "path": one.path, "reason": one.reason, "detail": one.detail}
                    typer.echo(json.dumps({"id": name, "back_office": one.back_office} | where, ensure_ascii=False))
                cells = (one.origin, str(one.times), last, one.reason, one.path or one.field or "", one.detail)
                table.add_row(name, one.back_office, *map(_plain, cells))
                rows.append((name, one.back_office, *cells))
            if as_csv:
                head = ("id", "back office", "from", "times", "last", "reason", "where", "detail")
                typer.echo(csv_out.lines(head, rows), nl=False)
            elif not as_json and out.width >= _WIDE:
                out.print(table)
            elif not as_json:
                for name, office, origin, times, last, why, place, detail in rows:
                    typer.echo(f"{name}  {office}, {origin}, {times} times, the last {last}")
                    typer.echo(_printable(f"  {why}{f' at {place}' if place else ''}: {detail}"))

        with_hub(show)

    @commands.command("replay")
    def replay_letter(city: CityOption, letter: Annotated[str, typer.Argument(help="dlt_…, or all")]) -> None:
        """Have pushed messages interpreted again, after a mapping was corrected.

        Pulled records come with the next read.
        """

        async def replay(hub: Any) -> int:
            only = None if letter == "all" else parse_public_id("dlt", letter)
            count = int(await hub.intake.replay(town_of(hub, city).city.id, only, who=operator()))
            if only and not count:
                raise NotFound(f"There is no message of {letter} that waits here to be interpreted again.")
            return count

        out.print(f"{with_hub(replay)} to be interpreted again")

    @commands.command("discard")
    def discard_letters(
        city: CityOption,
        letters: Annotated[list[str], typer.Argument(help="dlt_…, one or several")],
        why: Annotated[str, typer.Option(help="Why; it stays with them.")],
    ) -> None:
        """Give letters up. Their bytes stay for their time."""
        wanted = [parse_public_id("dlt", one) for one in letters]

        async def discard(hub: Any) -> int:
            city_id = town_of(hub, city).city.id
            async with hub.database.town(city_id) as connection:
                return await corrections.discard(
                    connection, city_id, wanted, who=operator(), why=why, now=hub.clock.now()
                )

        out.print(f"{with_hub(discard)} given up")

    app.add_typer(commands, name="dead-letters")
    return commands


def operator() -> str:
    """Who does it, as it is kept."""
    return f"command line ({getpass.getuser()})"


def _plain(text: object) -> str:
    """As a cell: nothing in it is taken for our markup, or by the terminal for a command."""
    return escape(_printable(text))


def _printable(text: object) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in str(text))
