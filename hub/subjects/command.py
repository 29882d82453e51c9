"""`munihub unassigned` and `munihub keys rotate`: the identifiers of a town."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Table

from hub.kit.commands import CityOption, TownOf, WithHub, plain
from hub.subjects import rotation
from hub.subjects import service as subjects
from hub.subjects.rotation import Rekey


def register(
    app: typer.Typer, keys_app: typer.Typer, with_hub: WithHub, town_of: TownOf, others: Sequence[Rekey]
) -> None:
    """Adds the commands, one of them to `munihub keys`. `others` is what else a rotation of keys has to write anew."""

    @app.command()
    def unassigned(city: CityOption) -> None:
        """Identifiers that have records but belong to nobody yet (masked)."""

        async def show(hub: Any) -> None:
            town = town_of(hub, city)
            table = Table("scheme", "value", "records")
            after = UUID(int=0)
            async with hub.database.town(town.city.id) as connection:
                keys = await hub.vault.keys(connection, town.city.id)
                while page := await subjects.unassigned(connection, keys, after=after):
                    for one in page:
                        table.add_row(plain(one.scheme), plain(one.value), str(one.records))
                    after = page[-1].identifier_id
            Console().print(table)

        with_hub(show)

    @keys_app.command("rotate")
    def rotate_keys(city: CityOption) -> None:
        """New keys for a town's identifiers, while the hub runs: nobody is locked out meanwhile."""

        async def rotate(hub: Any) -> int:
            return await rotation.rotate(hub.database, hub.vault, town_of(hub, city).city.id, others)

        Console().print(f"{with_hub(rotate)} identifiers under new keys")
