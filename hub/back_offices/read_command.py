"""`munihub read`: read feeds now."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

from hub.kernel.errors import InvalidRequest, NotFound
from hub.kit.commands import CityOption, TownOf, WithHub, plain
from hub.kit.commands import identifier as identifier_of
from hub.storage.database import NIL
from hub.subjects import service as subjects


def register(app: typer.Typer, with_hub: WithHub, town_of: TownOf) -> None:
    """Adds the command."""

    @app.command()
    def read(
        city: CityOption,
        feed: Annotated[str | None, typer.Argument(help="back_office/feed; all that can be read where absent.")] = None,
        identifier: Annotated[
            str | None, typer.Option(help="Whose, for feeds asked about one subject, such as hr.oib=83100426579.")
        ] = None,
    ) -> None:
        """Read feeds now and show what came of it. Exit 1 where one failed."""
        out = Console()

        async def read_feeds(hub: Any) -> bool:
            town = town_of(hub, city)
            wanted = [one for one in town.feeds() if feed in {None, f"{one.back_office}/{one.feed}"} and one.reader]
            if not wanted:
                there = ", ".join(f"{one.back_office}/{one.feed}" for one in town.feeds() if one.reader) or "none"
                raise NotFound(f"There is no feed {feed!r} to read; there are: {there}.")
            scheme, value = identifier_of(identifier) if identifier else ("", "")
            table = Table(Column("feed", overflow="fold"), "records", "changed", "gone", "rejected", "failure")
            fine, reasons = True, list[str]()
            for one in wanted:
                whose = NIL
                if one.needs and one.needs != scheme:
                    missing = f"asked about one subject: add --identifier {one.needs}=…"
                    if feed is not None:
                        raise InvalidRequest(f"{feed} is {missing}")
                    table.add_row(f"{one.back_office}/{one.feed}", "", "", "", "", missing)
                    continue
                if one.needs:
                    async with hub.database.town(town.city.id) as connection:
                        keys = await hub.vault.keys(connection, town.city.id)
                        whose = (await subjects.identify(connection, keys, [(scheme, value)]))[scheme, value]
                with out.status(f"Reading {one.back_office}/{one.feed} …"):
                    report = await hub.feeds.read(town, one, whose)
                fine = fine and report.failure is None
                numbers = (report.records, report.changed, report.gone, report.rejected)
                table.add_row(f"{one.back_office}/{one.feed}", *map(str, numbers), report.failure or "")
                reasons += _reasons(one, report, city)
            out.print(table)
            for reason in dict.fromkeys(reasons):
                out.print(plain(reason), highlight=False, soft_wrap=True)
            return fine

        if not with_hub(read_feeds, connect=True):
            raise typer.Exit(1)


def _reasons(feed: Any, report: Any, city: str) -> list[str]:
    """Why a read gave less than it should, and where to look."""
    return [
        *([f"{feed.back_office}/{feed.feed}: {report.because}"] if report.because else []),
        *([f"Each with its reason:  munihub dead-letters list --city {city}"] if report.rejected else []),
    ]
