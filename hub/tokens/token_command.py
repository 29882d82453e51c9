"""`munihub token`: an access token for development."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

import typer

from hub.kit.commands import CityOption, TownOf, WithHub
from hub.kit.commands import identifier as identifier_of
from hub.subjects import service as subjects
from hub.subjects.model import Proof, SubjectKind
from hub.tokens.service import CITIZEN_SCOPES, STAFF_SCOPES


def register(app: typer.Typer, with_hub: WithHub, town_of: TownOf) -> None:
    """Adds the command."""

    @app.command()
    def token(
        *,
        city: CityOption,
        identifier: Annotated[
            str | None, typer.Option(help="Who it speaks for, such as hr.oib=87582274224; made where nobody has it.")
        ] = None,
        name: Annotated[str | None, typer.Option(help="Name of a subject that is made.")] = None,
        staff: Annotated[bool, typer.Option("--staff", help="For an administrator instead of a citizen.")] = False,
        hours: Annotated[int, typer.Option(min=1, max=720)] = 12,
    ) -> None:
        """Sign an access token for development; a live town refuses it."""
        if (identifier is None) != staff:
            raise typer.BadParameter("Give either --identifier SCHEME=VALUE or --staff.")

        async def sign(hub: Any) -> str:
            town = town_of(hub, city)
            lifetime = timedelta(hours=hours)
            if identifier is None:
                return str(hub.tokens.sign(town.city, None, STAFF_SCOPES, lifetime))
            scheme, value = identifier_of(identifier)
            hub.tokens.refuse_live(town.city)
            async with hub.database.town(town.city.id) as connection:
                keys = await hub.vault.keys(connection, town.city.id)
                subject_id = await subjects.subject_of(connection, keys, scheme, value)
                if subject_id is None:
                    subject_id = await subjects.create(connection, town.city.id, SubjectKind.PERSON, name)
                    await subjects.prove(
                        connection,
                        keys,
                        subject_id,
                        scheme,
                        value,
                        proof=Proof.DEVELOPMENT,
                        source="munihub token",
                        now=hub.clock.now(),
                    )
            return str(hub.tokens.sign(town.city, subject_id, CITIZEN_SCOPES, lifetime))

        typer.echo(with_hub(sign))
