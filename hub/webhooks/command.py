"""`munihub webhooks list|replay`: what front ends' servers are told."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from hub.kit.commands import CityOption, TownOf, WithHub, print_rows
from hub.webhooks import service as webhooks


def register(
    app: typer.Typer,
    with_hub: WithHub,
    town_of: TownOf,
) -> None:
    """Adds the commands of `munihub webhooks`: `with_hub` runs work with an opened hub, `town_of` finds a town."""
    commands = typer.Typer(no_args_is_help=True, help="What front ends' servers are told.")

    @commands.command("list")
    def list_clients(city: CityOption) -> None:
        """How it goes with every front end that is told."""

        async def show(hub: Any) -> None:
            town = town_of(hub, city)
            async with hub.database.town(town.city.id) as connection:
                found = await webhooks.states(connection, town)
            rows = []
            for one in found:
                since = one.failing_since.astimezone(town.city.timezone) if one.failing_since else None
                shown = since.strftime("%Y-%m-%d %H:%M") if since else ""
                cells = (one.client, one.waiting, shown, one.failures or "", one.last_failure, one.stopped_for)
                rows.append(cells)
            print_rows(("front end", "waiting", "since", "failures", "last failure", "stopped for"), rows)

        with_hub(show)

    @commands.command("replay")
    def replay(
        city: CityOption,
        client: Annotated[str, typer.Argument(help="The front end, as city.yaml names it.", show_default=False)],
        since: Annotated[
            datetime | None,
            typer.Option(help="Send what is not older again, UTC. Absent: what waits.", formats=["%Y-%m-%dT%H:%M:%S"]),
        ] = None,
    ) -> None:
        """Send messages again; a front end that was stopped goes on."""

        async def again(hub: Any) -> int:
            town = town_of(hub, city)
            async with hub.database.town(town.city.id) as connection:
                at = since.replace(tzinfo=UTC) if since else None
                return await webhooks.replay(connection, town, client, since=at, now=hub.clock.now())

        waiting = with_hub(again)
        typer.echo(f"{waiting} messages wait to be sent.")

    app.add_typer(commands, name="webhooks")
