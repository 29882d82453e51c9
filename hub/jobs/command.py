"""`munihub jobs list|retry|discard`: work that was given up after all its attempts."""

from __future__ import annotations

import json
from typing import Annotated, Any

import typer

from hub.jobs import queue
from hub.kit.commands import CityOption, TownOf, WithHub, print_rows

JobArgument = Annotated[int, typer.Argument(help="Its number, as `list` shows it.", show_default=False)]


def register(
    app: typer.Typer,
    with_hub: WithHub,
    town_of: TownOf,
) -> None:
    """Adds the commands of `munihub jobs`: `with_hub` runs work with an opened hub, `town_of` finds a town."""
    commands = typer.Typer(no_args_is_help=True, help="Work of the hub that was given up.")

    @commands.command("list")
    def list_jobs(
        city: CityOption,
        as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,  # noqa: FBT002
    ) -> None:
        """What was given up and why, the latest first."""

        async def show(hub: Any) -> None:
            town = town_of(hub, city).city
            async with hub.database.town(town.id) as connection:
                found = await queue.failed_jobs(connection, town.id, most=1000)
            rows = []
            for one in found:
                at = one.failed_at.astimezone(town.timezone)
                what = json.dumps(dict(one.payload), ensure_ascii=False)
                if as_json:
                    told = {"job": one.id, "kind": one.kind, "payload": dict(one.payload), "attempts": one.attempts}
                    typer.echo(json.dumps(told | {"failed_at": at.isoformat(), "error": one.last_error}))
                    continue
                cells = (one.id, one.kind, what, one.attempts, at.strftime("%Y-%m-%d %H:%M"), one.last_error)
                rows.append(cells)
            if not as_json:
                print_rows(("job", "kind", "what", "attempts", "given up", "why"), rows)

        with_hub(show)

    @commands.command("retry")
    def retry(city: CityOption, job: JobArgument) -> None:
        """Put it back into the queue with all its attempts."""

        async def put_back(hub: Any) -> None:
            city_id = town_of(hub, city).city.id
            async with hub.database.town(city_id) as connection:
                await queue.retry_failed(connection, city_id, job)

        with_hub(put_back)
        typer.echo(f"Job {job} is in the queue.")

    @commands.command("discard")
    def discard(city: CityOption, job: JobArgument) -> None:
        """Forget it, as when another job has done meanwhile what it was for."""

        async def forget(hub: Any) -> None:
            city_id = town_of(hub, city).city.id
            async with hub.database.town(city_id) as connection:
                await queue.discard_failed(connection, city_id, job)

        with_hub(forget)
        typer.echo(f"Job {job} is forgotten.")

    app.add_typer(commands, name="jobs")
