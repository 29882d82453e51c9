"""`munihub access-log verify|seals`: whether the log of a town is as it was written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from hub.access_log import seals
from hub.kernel.errors import InvalidRequest
from hub.kit.commands import CityOption, TownOf, WithHub


def register(
    app: typer.Typer,
    with_hub: WithHub,
    town_of: TownOf,
) -> None:
    """Adds the commands of `munihub access-log`: `with_hub` runs work with an opened hub, `town_of` finds a town."""
    commands = typer.Typer(no_args_is_help=True, help="Who looked at whose data.")

    @commands.callback()
    def access_log() -> None:
        """The log itself is read by auditors, at the API."""

    @commands.command("verify")
    def verify(
        city: CityOption,
        anchor: Annotated[
            Path | None, typer.Option(help="Seals as `munihub access-log seals` gave them out before.")
        ] = None,
    ) -> None:
        """Hash the whole log again. Exit 1 where it is not as it was sealed, naming the first batch that is not."""
        known = None if anchor is None else read_anchors(anchor)

        async def look(hub: Any) -> seals.Verdict:
            town = town_of(hub, city).city
            async with hub.database.town(town.id) as connection:
                return await seals.verify(connection, town.id, hub.clock.now(), known)

        verdict: seals.Verdict = with_hub(look)
        broken = verdict.broken
        if broken is not None:
            there = broken.seal
            span = f" ({seals.moment(there.since)} to {seals.moment(there.until)})" if there else ""
            typer.echo(f"Batch {broken.number}{span}: {broken.reason}.")
            typer.echo(f"The {verdict.batches} batches before it are as they were sealed.")
            raise typer.Exit(1)
        typer.echo(
            f"{verdict.batches} batches with {verdict.rows} rows are as they were sealed; {verdict.pruned} of the "
            f"batches are past their time, {verdict.unsealed} rows are not sealed yet."
        )

    @commands.command("seals")
    def give_out(
        city: CityOption,
        after: Annotated[int, typer.Option(min=0, help="Only those with a higher number.")] = 0,
    ) -> None:
        """Print the seals, one JSON object a line, to be kept where whoever can change the database cannot reach."""

        async def give(hub: Any) -> None:
            town = town_of(hub, city).city
            async with hub.database.town(town.id) as connection:
                async for one in seals.seals(connection, town.id, after=after):
                    line = {
                        "city": town.id,
                        "number": one.number,
                        "since": seals.moment(one.since),
                        "until": seals.moment(one.until),
                        "rows": one.rows,
                        "rows_hash": one.rows_hash.hex(),
                        "sealed_at": seals.moment(one.sealed_at),
                        "seal": one.seal.hex(),
                    }
                    typer.echo(json.dumps(line))

        with_hub(give)

    app.add_typer(commands, name="access-log")


def read_anchors(file: Path) -> dict[int, bytes]:
    """Seals by number. Raises InvalidRequest for a file that does not hold them."""
    found: dict[int, bytes] = {}
    try:
        for line in file.read_text(encoding="utf-8").splitlines():
            if line.strip():
                one = json.loads(line)
                found[int(one["number"])] = bytes.fromhex(one["seal"])
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise InvalidRequest(
            f"{file} does not hold seals as `munihub access-log seals` prints them ({error})."
        ) from None
    return found
