"""`munihub dead-letters show|correct|affected`: what needs a letter to be opened, which is in the access log."""

from __future__ import annotations

import getpass
import sys
from collections import Counter
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console
from rich.table import Column, Table

from hub.access_log.model import Actor, ActorKind
from hub.access_log.service import record
from hub.back_offices.inspection import inspect
from hub.intake import corrections, dead_letters
from hub.intake.command import operator
from hub.intake.dead_letters import DeadLetter
from hub.kernel.ids import parse_public_id, public_id
from hub.kit import identifiers
from hub.kit.commands import CityOption, TownOf, WithHub, plain
from hub.subjects.mentions import mentioned

LetterArgument = Annotated[str, typer.Argument(help="dlt_…")]
WhyOption = Annotated[str, typer.Option(help="Why you look; the people in it read it, so no names.")]
out = Console()


def register(  # noqa: C901 - one function for each command
    commands: typer.Typer,
    with_hub: WithHub,
    town_of: TownOf,
) -> None:
    """Adds them to the group `dead-letters`."""

    @commands.command("show")
    def show(
        city: CityOption,
        letter: LetterArgument,
        why: WhyOption,
        raw: Annotated[bool, typer.Option("--raw", help="Only the bytes, as they were received.")] = False,  # noqa: FBT002
    ) -> None:
        """A letter as it was received, and field by field what becomes of it."""

        async def look(hub: Any) -> None:
            town = town_of(hub, city)
            found, body, _ = await open_letter(hub, town, parse_public_id("dlt", letter), "read_dead_letter", why)
            if raw:
                sys.stdout.buffer.write(body)
                sys.stdout.buffer.flush()
                return
            async with hub.database.town(town.city.id) as connection:
                keys = await hub.vault.keys(connection, town.city.id)
                copy = await corrections.latest_of(connection, keys, found.dead_letter_id)
            seen = inspect(town, found, copy.body if copy else body)
            out.print(plain(f"{found.reason}: {found.detail}"))
            columns = ("field", "path", "found", "value", "error")
            table = Table(*(Column(name, overflow="fold") for name in columns))
            for one in seen.places:
                cells = (one.field, one.path, one.found, one.value, one.error)
                table.add_row(*("" if value is None else plain(value) for value in cells))
            out.print(table if seen.read_by else plain(seen.because))

        with_hub(look)

    @commands.command("correct")
    def correct(
        city: CityOption,
        letter: LetterArgument,
        file: Annotated[Path, typer.Argument(help="The whole message, corrected.", exists=True, dir_okay=False)],
        why: Annotated[str, typer.Option(help="Why; it stays with the copy.")],
    ) -> None:
        """Keep a corrected copy beside the original; `replay` interprets the latest one."""
        body = file.read_bytes()

        async def keep(hub: Any) -> None:
            town, letter_id = town_of(hub, city), parse_public_id("dlt", letter)
            await open_letter(hub, town, letter_id, "correct_dead_letter", why, more=body)
            async with hub.database.town(town.city.id) as connection:
                keys = await hub.vault.keys(connection, town.city.id)
                await corrections.correct(
                    connection, keys, letter_id, body, who=operator(), why=why, now=hub.clock.now()
                )

        with_hub(keep)
        out.print("Kept. Replay it now.")

    @commands.command("affected")
    def affected(
        city: CityOption,
        why: WhyOption,
        back_office: Annotated[str | None, typer.Option(help="Only letters of this one.")] = None,
    ) -> None:
        """Whose data open letters hold back: everybody whose identifiers stand in them."""

        async def list_them(hub: Any) -> None:
            town, found = town_of(hub, city), Counter[UUID]()
            filters = dead_letters.Filters(back_offices=None if back_office is None else [back_office])
            async with hub.database.town(town.city.id) as connection:
                letters = await dead_letters.listed(connection, town.city.id, filters, limit=10_000)
            for one in letters:
                *_, subjects = await open_letter(hub, town, one.dead_letter_id, "list_affected_subjects", why)
                found.update(subjects)
            for subject_id, times in found.most_common():
                typer.echo(f"{public_id('sub', subject_id)}\t{times}")

        with_hub(list_them)


async def open_letter(
    hub: Any, town: Any, letter_id: UUID, what: str, why: str, *, more: bytes = b""
) -> tuple[DeadLetter, bytes, set[UUID]]:
    """Open one, recorded for everybody in it. Raises NotFound."""
    schemes = frozenset(identifiers.NATIONAL).union(*(feed.schemes for feed in town.feeds()))
    async with hub.database.identity(town.city.id) as connection:
        keys = await hub.vault.keys(connection, town.city.id)
        letter, body = await dead_letters.body_of(connection, keys, letter_id)
        found, complete = await mentioned(connection, keys, schemes, b"\n".join([body, more]))
        actor = Actor(ActorKind.PROGRAM, getpass.getuser(), "munihub dead-letters")
        for subject_id in sorted(found) if found and complete else [*sorted(found), None]:
            await record(
                connection,
                actor=actor,
                subject_id=subject_id,
                what=what,
                why=f"{why}, {public_id('dlt', letter_id)}",
                at=hub.clock.now(),
            )
    return letter, body, found
