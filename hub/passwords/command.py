"""`munihub password issue`: a first password from the machine of the town's administrator, above all for staff."""

from __future__ import annotations

import getpass
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hub.kernel.errors import NotFound
from hub.kernel.ids import parse_public_id
from hub.kit.commands import CityOption, TownOf, WithHub
from hub.passwords.model import Issued
from hub.staff import service as staff


def register(
    app: typer.Typer,
    with_hub: WithHub,
    town_of: TownOf,
) -> None:
    """Adds the commands of `munihub password`; `with_hub` runs work with an opened hub, `town_of` finds a town."""
    commands = typer.Typer(no_args_is_help=True, help="Passwords the town gives.")

    @commands.callback()
    def passwords() -> None:
        """Citizens get theirs at the counter: POST /admin/v1/people."""

    @commands.command("issue")
    def issue(
        city: CityOption,
        owner: Annotated[
            str,
            typer.Argument(help="stf_… (munihub staff list), or sub_… of a person who has one.", show_default=False),
        ],
    ) -> None:
        """A user name and a first password, shown once and valid for 14 days; what was there before is void."""

        async def work(hub: Any) -> Issued:
            town = town_of(hub, city)
            if town.city.passwords is None:
                raise NotFound(f"{city} gives no passwords: its city.yaml has no `passwords:`.")
            issued = await _issue(hub, town.city.id, owner)
            for session in await hub.sessions.of_login(town.city.id, issued.account_id):
                await hub.grants.end_session(town, session.session_id, "password_issued")
            return issued

        done: Issued = with_hub(work)
        table = Table(show_header=False)
        for name, value in (("user name", done.username), ("password", done.password), ("until", done.expires_at)):
            table.add_row(name, Text(str(value)))
        Console().print(table)

    app.add_typer(commands, name="password")


async def _issue(hub: Any, city_id: int, owner: str) -> Issued:
    first = await hub.passwords.first_password()
    by = f"command line: {getpass.getuser()}"
    async with hub.database.town(city_id) as connection:
        keys = await hub.vault.keys(connection, city_id)
        if owner.startswith("sub_"):
            subject_id, staff_id = parse_public_id("sub", owner), None
            if await hub.passwords.account_of(city_id, subject_id=subject_id) is None:
                raise NotFound("There is no such person with a password: register her at the counter.")
        else:
            subject_id, staff_id = None, parse_public_id("stf", owner)
            if not await staff.grants_of(connection, staff_id):
                raise NotFound(f"Nobody on the staff has a role and the id {owner[:40]}.")
        issued: Issued = await hub.passwords.issue_first_password(
            connection, keys, subject_id=subject_id, staff_id=staff_id, by=by, first=first
        )
    return issued
