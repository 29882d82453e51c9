"""`munihub logins …`: what a clerk or an administrator does with logins, from the machine of the administrator."""

from __future__ import annotations

import getpass
from collections.abc import Awaitable, Callable
from typing import Annotated, Any, TypeVar
from uuid import UUID

import typer

from hub.kernel.ids import parse_public_id, public_id
from hub.kit.commands import CityOption, TownOf, WithHub, print_rows
from hub.logins.linking import Login

T = TypeVar("T")
Run = Callable[[str, Callable[[Any, Any], Awaitable[Any]]], Any]
LoginArgument = Annotated[str, typer.Argument(help="Which: lgn_…, as the list shows it.", show_default=False)]
WhyOption = Annotated[str, typer.Option("--why", help="The reason, for the record.")]


def register(
    app: typer.Typer,
    with_hub: WithHub,
    town_of: TownOf,
) -> None:
    """Adds the commands of `munihub logins`. `with_hub` runs work with an opened hub, `town_of` finds a town in it."""
    commands = typer.Typer(no_args_is_help=True, help="Ways people prove themselves, and whose they are.")

    def run(slug: str, work: Callable[[Any, Any], Awaitable[T]]) -> T:
        async def inside(hub: Any) -> T:
            return await work(hub, town_of(hub, slug))

        done: T = with_hub(inside)
        return done

    _links(commands, run)
    _claims(commands, run)
    app.add_typer(commands, name="logins")


def _links(commands: typer.Typer, run: Run) -> None:
    @commands.command("list")
    def list_logins(
        city: CityOption, subject: Annotated[str, typer.Argument(help="Whose: sub_….", show_default=False)]
    ) -> None:
        """Every login of a person, also revoked ones."""

        async def work(hub: Any, town: Any) -> list[Login]:
            found: list[Login] = await hub.linking.logins_of(town.city.id, parse_public_id("sub", subject))
            return found

        rows = []
        for one in run(city, work):
            linked = f"{one.linked_by} ({one.linked_for})" if one.linked_for else one.linked_by
            used = f"{one.used_at:%Y-%m-%d}"
            rows.append((public_id("lgn", one.login_id), one.provider, linked, used, one.revoked_for))
        print_rows(("login", "eID", "linked by", "used", "revoked"), rows)

    @commands.command("link")
    def link(
        city: CityOption,
        login: LoginArgument,
        to: Annotated[str, typer.Option("--to", help="sub_… of a citizen, or stf_… of somebody on the staff.")],
    ) -> None:
        """Say whose a login is, after a document was seen. Its sessions end. Prints the id it has from now on."""

        async def work(hub: Any, town: Any) -> UUID:
            login_id, by = parse_public_id("lgn", login), _operator()
            if to.startswith("stf_"):
                linked: UUID = await hub.linking.link_staff(town.city.id, login_id, parse_public_id("stf", to), by=by)
            else:
                linked = await hub.linking.link(town.city.id, login_id, parse_public_id("sub", to), by=by)
            await _end_sessions(hub, town, login_id, "login_linked")
            return linked

        typer.echo(public_id("lgn", run(city, work)))

    @commands.command("revoke")
    def revoke(city: CityOption, login: LoginArgument, why: WhyOption) -> None:
        """Let a login lead nowhere any more, and end its sessions."""

        async def work(hub: Any, town: Any) -> None:
            login_id = parse_public_id("lgn", login)
            await hub.linking.revoke(town.city.id, login_id, why=why)
            await _end_sessions(hub, town, login_id, "login_revoked")

        run(city, work)


def _claims(commands: typer.Typer, run: Run) -> None:
    @commands.command("code")
    def code(
        city: CityOption,
        scheme: Annotated[str, typer.Argument(help="<back office>.<name> of the number.", show_default=False)],
        number: Annotated[str, typer.Argument(help="Such as the number of a contract.", show_default=False)],
    ) -> None:
        """A code to be sent on paper with a number: whoever writes both joins it with her account."""

        async def work(hub: Any, town: Any) -> str:
            issued: str = await hub.linking.issue_claim(town.city.id, scheme, number, by=_operator())
            return issued

        typer.echo(run(city, work))

    @commands.command("undo-code")
    def undo(
        city: CityOption,
        claim: Annotated[str, typer.Argument(help="clm_…, the source of the alias or merge.", show_default=False)],
        why: WhyOption,
    ) -> None:
        """Take back what somebody joined with a code. Sessions of two who were one for it end."""

        async def work(hub: Any, town: Any) -> None:
            for session_id in await hub.linking.undo_claim(town.city.id, parse_public_id("clm", claim), why=why):
                await hub.grants.end_session(town, session_id, "claim_undone")

        run(city, work)


async def _end_sessions(hub: Any, town: Any, login_id: UUID, why: str) -> None:
    for session in await hub.sessions.of_login(town.city.id, login_id):
        await hub.grants.end_session(town, session.session_id, why)


def _operator() -> str:
    """Who is at the machine, as far as it knows."""
    return f"command line ({getpass.getuser()})"
