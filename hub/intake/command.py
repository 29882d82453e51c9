"""`munihub dead-letters list|replay|discard`: what could not be processed, trying again, giving up."""

from __future__ import annotations

import getpass
import json
from typing import Annotated, Any

import typer
from rich.console import Console

from hub.intake import corrections, dead_letters
from hub.kernel.errors import NotFound
from hub.kernel.ids import parse_public_id, public_id
from hub.kit import csv_out
from hub.kit.commands import CityOption, TownOf, WithHub, print_rows

out = Console()
_HEAD = ("id", "back office", "from", "times", "last", "reason", "where", "detail", "settled")


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
            rows = []
            for one in letters:
                name = public_id("dlt", one.dead_letter_id)
                last = one.last_at.astimezone(town.city.timezone).strftime("%Y-%m-%d %H:%M")
                if as_json:
                    where = {"field": one.field, "path": one.path, "reason": one.reason, "detail": one.detail}
                    told = {"id": name, "back_office": one.back_office} | where | {"settled_by": one.settled_by}
                    typer.echo(json.dumps(told, ensure_ascii=False))
                place = one.path or one.field or ""
                cells = (one.origin, one.times, last, one.reason, place, one.detail, one.settled_by or "")
                rows.append((name, one.back_office, *map(str, cells)))
            if as_csv:
                typer.echo(csv_out.lines(_HEAD, rows), nl=False)
            elif not as_json:
                print_rows(_HEAD, rows)

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
                count = await corrections.discard(
                    connection, city_id, wanted, who=operator(), why=why, now=hub.clock.now()
                )
            if not count:
                raise NotFound("None of these is here and open: `munihub dead-letters list` shows those that are.")
            return count

        out.print(f"{with_hub(discard)} given up")

    app.add_typer(commands, name="dead-letters")
    return commands


def operator() -> str:
    """Who does it, as it is kept."""
    return f"command line ({getpass.getuser()})"
