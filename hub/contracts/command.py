"""`munihub contract check|save`: whether a back office still offers what we recorded of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.text import Text

from hub.contracts.model import Checked, Severity, plain_finding
from hub.kernel.errors import NotFound
from hub.kit.commands import TownOf, WithHub, identifier

AliasOption = Annotated[
    list[str] | None,
    typer.Option("--alias", help="Whom live reads ask about, such as hr.oib=83100426579; those read last otherwise."),
]


def register(app: typer.Typer, with_hub: WithHub, town_of: TownOf) -> None:
    """Adds the commands of `munihub contract`: `with_hub` runs work with an opened hub, `town_of` finds a town."""
    commands = typer.Typer(no_args_is_help=True, help="Interfaces of back offices, as recorded and as they are.")

    @commands.command("check")
    def check(
        which: Annotated[str | None, typer.Argument(metavar="[CITY[/BACK_OFFICE]]", help="All where absent.")] = None,
        alias: AliasOption = None,
        as_json: Annotated[bool, typer.Option("--json", help="One JSON object for each back office.")] = False,  # noqa: FBT002
    ) -> None:
        """Compare the WSDL or OpenAPI and live replies with what was recorded; raises the alarm where they differ.

        Changes nothing in a back office. Exit 1 where something breaks or is lost.
        """
        aliases = read_aliases(alias) if alias else None

        async def run(hub: Any) -> list[tuple[str, Checked]]:
            slug, _, office = (which or "").partition("/")
            towns = [town_of(hub, slug)] if slug else list(hub.towns.by_slug.values())
            return [
                (town.city.slug, await hub.contracts.check(town, name, aliases))
                for town in towns
                for name, one in town.back_offices.items()
                if (name == office if office else one.connector is not None)
            ]

        found: list[tuple[str, Checked]] = with_hub(run, connect=True)
        if not found:
            raise NotFound(f"There is no back office {which!r} that is called.")
        for slug, checked in found:
            if as_json:
                typer.echo(json.dumps(as_plain(slug, checked), ensure_ascii=False))
            else:
                _print(slug, checked)
        if any(one.severity is not Severity.NEW for _, checked in found for one in checked.findings):
            raise typer.Exit(1)

    _save(commands, with_hub, town_of)
    app.add_typer(commands, name="contract")


def _save(commands: typer.Typer, with_hub: WithHub, town_of: TownOf) -> None:
    @commands.command("save")
    def save(which: Annotated[str, typer.Argument(metavar="CITY/BACK_OFFICE", show_default=False)]) -> None:
        """Take the published WSDL or OpenAPI for the recorded one: it is written into the mapping folder."""

        async def run(hub: Any) -> list[Path]:
            slug, _, name = which.partition("/")
            office = town_of(hub, slug).back_offices.get(name)
            if office is None or not hasattr(office.connector, "published_files"):
                raise NotFound(f"There is no back office {which!r} that describes itself.")
            files = await office.connector.published_files()
            written = []
            for file, content in files.items():
                path = office.folder / Path(file).name
                path.write_bytes(content)
                written.append(path)
            return written

        for path in with_hub(run, connect=True):
            typer.echo(f"Wrote {path}")


def read_aliases(given: list[str]) -> dict[str, str]:
    """`hr.oib=83100426579` each, as scheme and normalised number. Raises InvalidRequest."""
    return dict(identifier(one, "--alias", "hr.oib=83100426579") for one in given)


def as_plain(slug: str, checked: Checked) -> dict[str, Any]:
    return {
        "city": slug,
        "back_office": checked.back_office,
        "checked_at": checked.at.isoformat(),
        "compared": [{"name": one.name, "ok": one.ok, "detail": one.detail} for one in checked.compared],
        "findings": [plain_finding(one, checked.back_office) for one in checked.findings],
    }


_COLOURS = {Severity.BREAKS: "bold red", Severity.LOSES: "yellow", Severity.NEW: "dim"}


def _print(slug: str, checked: Checked) -> None:
    console = Console(highlight=False, soft_wrap=True)
    console.print(Text(f"{slug}/{checked.back_office}", "bold"))
    for one in checked.compared:
        console.print(Text(f"  {'compared' if one.ok else 'not compared'}: {one.name}: {one.detail}"))
    for found in checked.findings:
        line = Text("  ")
        line.append(found.severity.value, _COLOURS[found.severity])
        line.append(f"  {found.says(checked.back_office)}")
        console.print(line)
        if found.severity is not Severity.NEW:
            console.print(Text(f"          {found.citizens} {found.affected} people."))
    if not checked.findings:
        console.print(Text("  nothing has changed", "green"))
