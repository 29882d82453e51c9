"""`munihub doors dropped|refused`: what lies in the folders of back offices and is not taken, and who was refused."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from hub.intake.drop_folder import dropped
from hub.kit.commands import CityOption, TownOf, WithHub, print_rows


def register(
    app: typer.Typer,
    with_hub: WithHub,
    town_of: TownOf,
) -> None:
    """Adds the commands of `munihub doors`: `with_hub` runs work with an opened hub, `town_of` finds a town."""
    commands = typer.Typer(no_args_is_help=True, help="What comes from back offices by themselves.")

    @commands.command("dropped")
    def list_dropped(
        city: CityOption,
        as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,  # noqa: FBT002
    ) -> None:
        """Files that lie in a drop folder and cannot be taken, and why; the oldest first."""

        async def show(hub: Any) -> None:
            town = town_of(hub, city).city
            async with hub.database.town(town.id) as connection:
                found = await dropped(connection, town.id)
            rows = []
            for one in found:
                since = one.seen_at.astimezone(town.timezone)
                if as_json:
                    told = {"back_office": one.back_office, "name": one.name, "size": one.size}
                    more = {"since": since.isoformat(), "problem": one.problem}
                    typer.echo(json.dumps(told | more, ensure_ascii=False))
                    continue
                cells = (one.back_office, one.name, f"{one.size:,}", since.strftime("%Y-%m-%d %H:%M"), one.problem)
                rows.append(cells)
            if not as_json:
                print_rows(("back office", "file", "bytes", "since", "why"), rows)

        with_hub(show)

    _register_refused(commands, with_hub, town_of)
    app.add_typer(commands, name="doors")


def _register_refused(
    commands: typer.Typer,
    with_hub: WithHub,
    town_of: TownOf,
) -> None:
    @commands.command("refused")
    def list_refused(
        city: CityOption,
        as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,  # noqa: FBT002
    ) -> None:
        """Attempts that were refused at the doors, the latest thousand first, counted by address and day."""

        async def show(hub: Any) -> None:
            town = town_of(hub, city).city
            rows = []
            for one in await hub.doors.refusals(town.id, limit=1000):
                first, last = (at.astimezone(town.timezone) for at in (one.first_at, one.last_at))
                if as_json:
                    told = {"door": one.door, "reason": one.reason, "address": one.address}
                    more = {"back_office": one.back_office, "times": one.times}
                    moments = {"first_at": first.isoformat(), "last_at": last.isoformat()}
                    typer.echo(json.dumps(told | more | moments))
                    continue
                shown = (f"{at:%Y-%m-%d %H:%M}" for at in (first, last))
                cells = (one.door, one.reason, one.address, one.back_office or "", one.times, *shown)
                rows.append(cells)
            if not as_json:
                print_rows(("door", "why", "address", "back office", "times", "first", "last"), rows)

        with_hub(show)
