"""`munihub deliveries …`: what is on its way into back offices, and what is done where it needs somebody."""

from __future__ import annotations

import getpass
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

import typer

from hub.access_log import service as access_log
from hub.access_log.model import Actor, ActorKind
from hub.delivery import queries
from hub.delivery.model import Delivery, State
from hub.delivery.verbs import Desk
from hub.kernel.errors import Gone, InvalidRequest
from hub.kernel.ids import parse_public_id, public_id
from hub.kit.commands import CityOption, TownOf, WithHub, print_rows

DeliveryArgument = Annotated[str, typer.Argument(help="dlv_…, as the list shows it.", show_default=False)]
WhyOption = Annotated[str, typer.Option(help="It is kept, so name no citizen in it.", show_default=False)]
_PROGRAM = "munihub deliveries"


def register(
    app: typer.Typer,
    with_hub: WithHub,
    town_of: TownOf,
) -> None:
    """Adds the commands of `munihub deliveries`: `with_hub` runs work with an opened hub, `town_of` finds a town."""
    commands = typer.Typer(no_args_is_help=True, help="What is on its way into back offices.")
    _register_looks(commands, with_hub, town_of)
    _register_verbs(commands, with_hub, town_of)
    app.add_typer(commands, name="deliveries")


def _register_looks(
    commands: typer.Typer,
    with_hub: WithHub,
    town_of: TownOf,
) -> None:
    @commands.command("list")
    def list_deliveries(
        city: CityOption,
        state: Annotated[State | None, typer.Option(help="Only in this state.")] = None,
        back_office: Annotated[str | None, typer.Option(help="Only to this one.")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,  # noqa: FBT002
    ) -> None:
        """The latest thousand, newest first."""

        async def show(hub: Any) -> None:
            town = town_of(hub, city).city
            offices = None if back_office is None else [back_office]
            async with hub.database.town(town.id) as connection:
                found = await queries.listed(connection, town.id, state=state, back_offices=offices, limit=1000)
            rows = []
            for one in found:
                if as_json:
                    typer.echo(json.dumps(as_plain(one), ensure_ascii=False))
                    continue
                since = one.created_at.astimezone(town.timezone).strftime("%Y-%m-%d %H:%M")
                why = " ".join(part for part in (one.reason, one.field, one.detail) if part)
                cells = (one.back_office, one.kind, one.state, one.step, since, one.attempts or None, why)
                rows.append((public_id("dlv", one.delivery_id), *cells))
            if not as_json:
                print_rows(("id", "back office", "kind", "state", "step", "since", "tries", "why"), rows)

        with_hub(show)

    @commands.command("show")
    def show_delivery(
        city: CityOption,
        delivery: DeliveryArgument,
        values: Annotated[bool, typer.Option("--values", help="What is sent too; that is recorded.")] = False,  # noqa: FBT002
        why: Annotated[str, typer.Option(help="Why what is sent is opened.")] = "",
    ) -> None:
        """One delivery with its receipts and its journal, as JSON."""

        async def show(hub: Any) -> None:
            town, delivery_id = town_of(hub, city).city, parse_public_id("dlv", delivery)
            async with hub.database.town(town.id) as connection:
                one, journal = await hub.deliveries.inspect(connection, town.id, delivery_id)
                shown = as_plain(one) | {
                    "receipts": await hub.deliveries.receipts(connection, town.id, delivery_id),
                    "journal": [
                        {name: str(value) for name in line.__slots__ if (value := getattr(line, name)) is not None}
                        for line in journal
                    ],
                }
                if values:
                    shown["values"] = await _values(hub, connection, town.id, one, why)
            typer.echo(json.dumps(shown, ensure_ascii=False, indent=2))

        with_hub(show)


async def _values(hub: Any, connection: Any, city_id: int, one: Delivery, why: str) -> dict[str, Any]:
    await _record(hub, connection, one, "read_delivery_values", why)
    keys = await hub.vault.keys(connection, city_id)
    found: dict[str, Any] | None = await hub.deliveries.open_values(connection, keys, one.delivery_id)
    if found is None:
        raise Gone("What was sent is not kept any more; its journal is.")
    return found


async def _record(hub: Any, connection: Any, one: Delivery, what: str, why: str) -> None:
    if len(why.strip()) < 3:
        raise InvalidRequest("Say with --why what somebody's data are opened for: she reads it.", field="why")
    actor = Actor(ActorKind.PROGRAM, getpass.getuser(), role=_PROGRAM)
    about = f"{why}, {public_id('dlv', one.delivery_id)}"
    now = hub.clock.now()
    await access_log.record(connection, actor=actor, subject_id=one.subject_id, what=what, why=about, at=now)


def _register_verbs(
    commands: typer.Typer,
    with_hub: WithHub,
    town_of: TownOf,
) -> None:
    def do(
        city: str, delivery: str, work: Callable[[Desk, UUID], Awaitable[Delivery]], edits: str | None = None
    ) -> None:
        async def run(hub: Any) -> Delivery:
            town, delivery_id = town_of(hub, city), parse_public_id("dlv", delivery)
            async with hub.database.town(town.city.id) as connection:
                if edits is not None:
                    one, _ = await hub.deliveries.inspect(connection, town.city.id, delivery_id)
                    await _record(hub, connection, one, "edit_delivery", edits)
                keys = await hub.vault.keys(connection, town.city.id)
                return await work(Desk(connection, keys, town, hub.clock, getpass.getuser()), delivery_id)

        typer.echo(f"{delivery} is {with_hub(run).state}")

    @commands.command("happened")
    def happened(
        city: CityOption,
        delivery: DeliveryArgument,
        why: WhyOption,
        receipt: Annotated[list[str] | None, typer.Option(help="What its reply would have told: name=value.")] = None,
    ) -> None:
        """The step in doubt is done there: somebody looked. It goes on with the next one."""
        pairs = [one.partition("=") for one in receipt or []]
        do(city, delivery, lambda desk, one: desk.happened(one, {name: value for name, _, value in pairs}, why))

    @commands.command("did-not-happen")
    def did_not_happen(city: CityOption, delivery: DeliveryArgument, why: WhyOption) -> None:
        """The step in doubt is not done there: somebody looked. It is sent again."""
        do(city, delivery, lambda desk, one: desk.did_not_happen(one, why))

    @commands.command("retry")
    def retry(city: CityOption, delivery: DeliveryArgument, why: WhyOption) -> None:
        """Send what was refused as it is; ask about what is in doubt."""
        do(city, delivery, lambda desk, one: desk.retry(one, why))

    @commands.command("edit")
    def edit(
        city: CityOption,
        delivery: DeliveryArgument,
        file: Annotated[Path, typer.Argument(help="JSON of all values: what `show --values` has under `values`.")],
        why: WhyOption,
    ) -> None:
        """Put other values in the place of those that were refused, and send them."""
        values = _object_in(file)
        do(city, delivery, lambda desk, one: desk.edit(one, values, why), edits=why)

    @commands.command("discard")
    def discard(city: CityOption, delivery: DeliveryArgument, why: WhyOption) -> None:
        """Give it up; those behind it go on."""
        do(city, delivery, lambda desk, one: desk.discard(one, why))


def _object_in(file: Path) -> dict[str, Any]:
    try:
        values = json.loads(file.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidRequest(f"{file} cannot be read: {error}") from None
    if not isinstance(values, dict):
        raise InvalidRequest(f"{file} holds no JSON object.")
    return values


def as_plain(one: Delivery) -> dict[str, Any]:
    """A delivery in JSON values; times as RFC 3339."""
    shown = {name: getattr(one, name) for name in Delivery.__slots__ if name not in ("sequence", "subject_id")}
    shown |= {name: value.isoformat() for name, value in shown.items() if hasattr(value, "isoformat")}
    shown |= {"record_id": str(one.record_id), "delivery_id": public_id("dlv", one.delivery_id)}
    return {"id": shown.pop("delivery_id"), **shown}
