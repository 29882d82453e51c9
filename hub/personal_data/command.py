"""`munihub personal-data export|erase`: for somebody who asks on paper."""

from __future__ import annotations

import getpass
import json
import sys
from typing import Annotated, Any
from uuid import UUID

import typer

from hub.access_log.model import Actor, ActorKind
from hub.access_log.service import record
from hub.kernel.errors import InvalidRequest, NotFound
from hub.kit import identifiers
from hub.kit.commands import CityOption, TownOf, WithHub
from hub.personal_data import export as exports
from hub.personal_data import requests
from hub.personal_data.requests import Decision, State
from hub.subjects import service as subjects

IdentifierOption = Annotated[str, typer.Option("--identifier", help="Whose, such as hr.oib=87582274224.")]
WhyOption = Annotated[
    str, typer.Option(help="Who asked and how, such as the number of the letter. The person reads it.")
]


def register(
    app: typer.Typer,
    with_hub: WithHub,
    town_of: TownOf,
) -> None:
    """Adds the commands of `munihub personal-data`: `with_hub` runs work with an opened hub, `town_of` finds a town."""
    commands = typer.Typer(no_args_is_help=True, help="Everything about a person: given out, or erased.")

    @commands.command("export")
    def export(city: CityOption, identifier: IdentifierOption, why: WhyOption) -> None:
        """Print everything about a person as one JSON document (GDPR art. 15 and 20). The access log shows it."""

        async def give(hub: Any) -> None:
            town, now = town_of(hub, city).city, hub.clock.now()
            subject_id = await _subject(hub, town.id, identifier)

            async def said(connection: Any, _: Any) -> None:
                actor = Actor(ActorKind.PROGRAM, getpass.getuser(), "munihub personal-data export")
                await record(
                    connection, actor=actor, subject_id=subject_id, what="export_personal_data", why=why, at=now
                )

            opened = exports.of_the_worker(hub.database, town.id)
            async for piece in exports.export(opened, hub.vault, town.id, town.slug, subject_id, now, before=said):
                sys.stdout.buffer.write(piece)
            sys.stdout.buffer.flush()

        with_hub(give)

    @commands.command("erase")
    def erase(
        city: CityOption,
        identifier: IdentifierOption,
        why: WhyOption,
        *,
        yes: Annotated[bool, typer.Option("--yes", help="Do not ask whether it is meant.")] = False,
    ) -> None:
        """Erase a person (GDPR art. 17) and print what was erased and what was kept, and why. It cannot be undone."""
        if not yes:
            typer.confirm(f"Erase the person with {identifier.partition('=')[0]} in {city}?", abort=True)

        async def do(hub: Any) -> Any:
            town, now = town_of(hub, city).city, hub.clock.now()
            subject_id = await _subject(hub, town.id, identifier)
            by = f"{getpass.getuser()}, munihub personal-data erase"
            async with hub.database.town(town.id) as connection:
                one = await requests.ask(connection, town, subject_id, None, now)
                if one.state is State.OPEN:
                    await requests.decide(connection, town, one.request_id, Decision.GRANT, reason=why, by=by, now=now)
                # Also where a clerk granted it and the job has not come to it yet: the job then finds it done.
                return await requests.carry_out(connection, town, one.request_id, now)

        report = with_hub(do)
        typer.echo(json.dumps(report.as_json(), ensure_ascii=False, indent=2))

    app.add_typer(commands, name="personal-data")


async def _subject(hub: Any, city_id: int, identifier: str) -> UUID:
    scheme, mark, value = identifier.partition("=")
    if not mark:
        raise InvalidRequest("Write --identifier SCHEME=VALUE, such as hr.oib=87582274224.")
    try:
        normal = identifiers.normalise(scheme, value)
    except ValueError as error:
        raise InvalidRequest(f"--identifier {error}.") from error
    async with hub.database.town(city_id) as connection:
        keys = await hub.vault.keys(connection, city_id)
        subject_id = await subjects.subject_of(connection, keys, scheme, normal)
    if subject_id is None:
        raise NotFound(f"Nobody here has proven this {scheme}.")
    return subject_id
