"""`munihub keys rotate-signing`: another key for the tokens of a town."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console

from hub.kit.commands import CityOption, TownOf, WithHub


def register(
    keys_app: typer.Typer,
    with_hub: WithHub,
    town_of: TownOf,
) -> None:
    """Adds the command to `munihub keys`. `with_hub` runs work with an opened hub, `town_of` finds a town in it."""

    @keys_app.command("rotate-signing")
    def rotate_signing(
        city: CityOption,
        *,
        compromised: Annotated[
            bool,
            typer.Option("--compromised", help="Somebody else has the key: everything it signed ends within a minute."),
        ] = False,
    ) -> None:
        """A new key signs the town's tokens, an hour after it was published; by itself this happens every 90 days."""

        async def rotate(hub: Any) -> datetime:
            town = town_of(hub, city)
            signs_from: datetime = await hub.tokens.provider.rotate(town.city.id, compromised=compromised)
            return signs_from.astimezone(town.city.timezone)

        signs_from = with_hub(rotate)
        Console().print(f"The new key signs from {signs_from:%Y-%m-%d %H:%M} on.", highlight=False)
