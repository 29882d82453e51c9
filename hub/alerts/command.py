"""`munihub alerts list|acknowledge`: what somebody should know of."""

from __future__ import annotations

import getpass
import json
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, Any

import typer

from hub.alerts import service as alerts
from hub.alerts.model import Alert
from hub.kernel.ids import parse_public_id, public_id
from hub.kit.commands import CityOption, TownOf, WithHub, printable

LinesOf = Callable[[Any, Any, Alert], Awaitable[Sequence[str]]]
"""What an alert is and what to do, in the town's language: of a connection within its walls, the town and the alert."""


def register(app: typer.Typer, with_hub: WithHub, town_of: TownOf, lines_of: LinesOf) -> None:
    """Adds the commands of `munihub alerts`: `with_hub` runs work with an opened hub, `town_of` finds a town."""
    commands = typer.Typer(no_args_is_help=True, help="What somebody who runs the town should know of.")

    @commands.command("list")
    def list_alerts(
        city: CityOption,
        settled: Annotated[bool, typer.Option("--settled", help="Those that are over too.")] = False,  # noqa: FBT002
        as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,  # noqa: FBT002
    ) -> None:
        """What is open, newest first: what it is, since when, and what to do."""

        async def show(hub: Any) -> None:
            town = town_of(hub, city)
            async with hub.database.town(town.city.id) as connection:
                found = await alerts.list_alerts(connection, town.city.id, settled=settled, limit=1000)
                for one in found:
                    if as_json:
                        typer.echo(json.dumps(as_plain(one), ensure_ascii=False))
                        continue
                    seen_to = f", {one.acknowledged_by} sees to it" if one.acknowledged_by else ""
                    typer.echo(f"{public_id('alt', one.alert_id)}  {one.kind}{seen_to}")
                    # What others wrote is for this screen only; no message has it.
                    for line in (*await lines_of(connection, town, one), one.detail.get("says")):
                        if line:
                            typer.echo(f"  {printable(line)}")
            if not found and not as_json:
                typer.echo("Nothing.")

        with_hub(show)

    @commands.command("acknowledge")
    def acknowledge(
        city: CityOption,
        alert: Annotated[str, typer.Argument(help="alt_…, as the list shows it.", show_default=False)],
    ) -> None:
        """Say that you see to it. It stays open until it is over."""

        async def note(hub: Any) -> None:
            town = town_of(hub, city).city
            async with hub.database.town(town.id) as connection:
                await alerts.acknowledge(
                    connection, town.id, parse_public_id("alt", alert), by=getpass.getuser(), now=hub.clock.now()
                )

        with_hub(note)

    app.add_typer(commands, name="alerts")


def as_plain(alert: Alert) -> dict[str, Any]:
    """An alert in JSON values; times as RFC 3339."""
    times = ("opened_at", "last_at", "acknowledged_at", "settled_at")
    moments = {name: value.isoformat() if (value := getattr(alert, name)) else None for name in times}
    return {
        "id": public_id("alt", alert.alert_id),
        "kind": alert.kind,
        "about": alert.about,
        "detail": dict(alert.detail),
        "times": alert.times,
        "acknowledged_by": alert.acknowledged_by,
        **moments,
    }
