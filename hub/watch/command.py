"""`munihub doctor`: everything a town calls, tried."""

from __future__ import annotations

from typing import Any

import typer
from rich.console import Console
from rich.table import Column, Table

from hub.kit.commands import CityOption, TownOf, WithHub, plain
from hub.watch.tellings import check as tellings_check


def register(app: typer.Typer, with_hub: WithHub, town_of: TownOf) -> None:
    """Adds the command."""

    @app.command()
    def doctor(city: CityOption) -> None:
        """Try every back office, eID and card gateway of a town, changing nothing: settings, connection, credentials, ends.

        Exit 1 where one fails.
        """  # noqa: E501 - the terminal wraps the line, and shows a line break

        async def check(hub: Any) -> bool:
            town = town_of(hub, city)
            # An address or a reason is folded on a narrow screen, never cut off.
            table = Table("back office, eID or gateway", "step", "", Column("detail", overflow="fold"))
            fine = True
            offices = {name: office.connector for name, office in town.back_offices.items() if office.connector}
            for name, checked in (*offices.items(), *town.eids.items(), *town.gateways.items()):
                for step in await checked.check():
                    fine = fine and step.ok
                    table.add_row(name, step.name, "[green]ok[/]" if step.ok else "[red]fails[/]", plain(step.detail))
            for step in await tellings_check(hub.database, town, hub.settings):
                fine = fine and step.ok
                table.add_row("alerts", step.name, "[green]ok[/]" if step.ok else "[red]fails[/]", plain(step.detail))
            Console().print(table)
            return fine

        if not with_hub(check, connect=True):
            raise typer.Exit(1)
