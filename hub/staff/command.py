"""`munihub staff add|list|give|take|end`: who works for the town, from the machine of its administrator."""

from __future__ import annotations

import getpass
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any, Protocol, TypeVar
from uuid import UUID

import typer

from hub.cities.model import City
from hub.kernel.ids import parse_public_id, public_id
from hub.kit.commands import CityOption, TownOf, WithHub, print_rows
from hub.staff import service as staff
from hub.staff.model import Member
from hub.storage.database import Connection

T = TypeVar("T")
MemberArgument = Annotated[str, typer.Argument(help="Whose: stf_…, as the list shows it.", show_default=False)]
RoleArgument = Annotated[
    str,
    typer.Argument(
        help="administrator, clerk, auditor or support; of a part of the town with @payee=… or @department=….",
        show_default=False,
    ),
]


class _Runs(Protocol):
    """Runs `work(connection, city, now)` within the walls of the town of that slug."""

    def __call__(self, slug: str, work: Callable[[Connection, City, datetime], Awaitable[T]]) -> T: ...


def register(
    app: typer.Typer,
    with_hub: WithHub,
    town_of: TownOf,
) -> None:
    """Adds the commands of `munihub staff`. `with_hub` runs work with an opened hub, `town_of` finds a town in it."""
    commands = typer.Typer(no_args_is_help=True, help="Who works for the town, and what they may do.")

    def run(slug: str, work: Callable[[Connection, City, datetime], Awaitable[T]]) -> T:
        async def inside(hub: Any) -> T:
            city: City = town_of(hub, slug).city
            async with hub.database.town(city.id) as connection:
                return await work(connection, city, hub.clock.now())

        done: T = with_hub(inside)
        return done

    _who(commands, run)
    _what(commands, run)
    app.add_typer(commands, name="staff")


def _who(commands: typer.Typer, run: _Runs) -> None:
    @commands.command("add")
    def add(
        city: CityOption,
        name: Annotated[str, typer.Argument(help="As colleagues know them.", show_default=False)],
        roles: Annotated[list[str], typer.Option("--role", help="As for give; may be repeated.")],
    ) -> None:
        """Somebody new. Prints their id; a password or an eID lets them in."""

        async def work(connection: Connection, town: City, now: datetime) -> UUID:
            grants = [staff.read_grant(one, town) for one in roles]
            return await staff.add(connection, town, name, grants, by=_operator(), now=now)

        typer.echo(public_id("stf", run(city, work)))

    @commands.command("list")
    def list_staff(city: CityOption) -> None:
        """Everybody with their roles, also those who have left."""

        async def work(connection: Connection, town: City, _: datetime) -> list[Member]:
            return await staff.listed(connection, town.id)

        rows = []
        for one in run(city, work):
            until = f"{one.ended_at:%Y-%m-%d %H:%M}" if one.ended_at else ""
            roles = ", ".join(map(str, one.grants))
            rows.append((public_id("stf", one.staff_id), one.name, roles, until))
        print_rows(("id", "name", "roles", "until"), rows)

    @commands.command("end")
    def end(
        city: CityOption,
        member: MemberArgument,
        why: Annotated[str, typer.Option(help="Kept with it, such as: left the office.")],
    ) -> None:
        """No longer on the staff: from the next request on nothing of theirs opens anything."""

        async def work(connection: Connection, town: City, now: datetime) -> None:
            await staff.end(connection, town.id, parse_public_id("stf", member), by=_operator(), why=why, now=now)

        run(city, work)


def _what(commands: typer.Typer, run: _Runs) -> None:
    @commands.command("give")
    def give(city: CityOption, member: MemberArgument, role: RoleArgument) -> None:
        """One role more, from the next request on."""

        async def work(connection: Connection, town: City, now: datetime) -> None:
            grant = staff.read_grant(role, town)
            await staff.give(connection, town.id, parse_public_id("stf", member), grant, by=_operator(), now=now)

        run(city, work)

    @commands.command("take")
    def take(city: CityOption, member: MemberArgument, role: RoleArgument) -> None:
        """One role less, from the next request on."""

        async def work(connection: Connection, town: City, now: datetime) -> None:
            grant = staff.read_grant(role, town)
            await staff.take(connection, town.id, parse_public_id("stf", member), grant, by=_operator(), now=now)

        run(city, work)


def _operator() -> str:
    """Who is at the machine, as far as it knows."""
    return f"command line ({getpass.getuser()})"
