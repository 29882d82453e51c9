"""`munihub`: run the hub, look after its towns, help whoever connects a back office."""

from __future__ import annotations

import asyncio
import shlex
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import Annotated, Any, TypeVar, get_args
from uuid import UUID

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from hub.kernel.errors import HubError, InvalidRequest, NotFound

app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)
database_app = typer.Typer(no_args_is_help=True, help="The database that somebody else runs.")
city_app = typer.Typer(no_args_is_help=True, help="Towns and their configuration.")
keys_app = typer.Typer(no_args_is_help=True, help="Keys of a town.")
app.add_typer(database_app, name="database")
app.add_typer(city_app, name="city")
app.add_typer(keys_app, name="keys")

out = Console()
err = Console(stderr=True)
T = TypeVar("T")
CityOption = Annotated[str, typer.Option("--city", help="The town's slug.")]
HostOption = Annotated[str, typer.Option(help="Address to listen on.")]
PortOption = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")]


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def main() -> None:
    """Entry point: an error of the hub is one readable sentence, not a stack."""
    from hub.logging import set_up

    set_up(level="warning")
    program()
    # A private database is given back also when a command is told to end; `serve` and its like have their own way.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        app()
    except HubError as error:
        sentence = " ".join(str(error).split())
        err.print(f"[bold red]{type(error).__name__}[/]: {_plain(sentence)}", highlight=False, soft_wrap=True)
        sys.exit(2)


@cache
def program() -> typer.Typer:
    """The whole command line: these commands, those of nouns, of eID engines and of connectors."""
    _join_nouns()
    _join_engines()
    _join_connectors()
    return app


def _join_nouns() -> None:
    from hub.access_log import command as access_log
    from hub.alerts import command as alerts
    from hub.back_offices import letters_command as opened_letters
    from hub.bootstrap import TARGETS, bank_statement_formats, bank_transfer_schemes
    from hub.cities.model import DeliveryKind
    from hub.contracts import command as contracts
    from hub.contracts import record_command
    from hub.delivery import command as deliveries
    from hub.intake import command as dead_letters
    from hub.intake import doors_command as doors
    from hub.jobs import command as jobs
    from hub.logins import command as logins
    from hub.mapping.command import register
    from hub.passwords import command as passwords
    from hub.personal_data import command as personal_data
    from hub.staff import command as staff
    from hub.statements import command as statements
    from hub.tokens import command as signing_keys
    from hub.transfers import command as transfers
    from hub.webhooks import command as webhooks

    register(app, TARGETS, get_args(DeliveryKind))
    opened_letters.register(dead_letters.register(app, _with_hub, _town), _with_hub, _town)
    alerts.register(app, _with_hub, _town)
    doors.register(app, _with_hub, _town)
    jobs.register(app, _with_hub, _town)
    webhooks.register(app, _with_hub, _town)
    deliveries.register(app, _with_hub, _town)
    contracts.register(app, _with_hub, _town)
    record_command.register(app, _with_hub, _town)
    staff.register(app, _with_hub, _town)
    logins.register(app, _with_hub, _town)
    signing_keys.register(keys_app, _with_hub, _town)
    passwords.register(app, _with_hub, _town)
    access_log.register(app, _with_hub, _town)
    personal_data.register(app, _with_hub, _town)
    statements.register(app, bank_statement_formats)
    transfers.register(app, bank_transfer_schemes())


def _join_engines() -> None:
    """Commands of eID engines: found in their folders, since nothing here names a plug-in."""
    from importlib import import_module

    from hub.settings import PROJECT

    for file in sorted((PROJECT / "identity").glob("*/command.py")):
        import_module(f"identity.{file.parent.name}.command").register(app)


def _join_connectors() -> None:
    """Commands of connectors, found in their folders like those of eID engines."""
    from importlib import import_module

    from hub.bootstrap import TARGETS
    from hub.settings import PROJECT

    for file in sorted((PROJECT / "connectors").glob("*/command.py")):
        import_module(f"connectors.{file.parent.name}.command").register(app, TARGETS)


# ── Running ──────────────────────────────────────────────────────────────────────────────────────


@app.command()
def serve(
    host: HostOption = "127.0.0.1",
    port: PortOption = 8000,
    log_level: LogLevel = LogLevel.INFO,
) -> None:
    """Everything for a town with one server: database, API and worker. Ctrl-C or SIGTERM ends it gracefully."""
    from hub import processes
    from hub.logging import set_up

    set_up(level=log_level)
    sys.exit(processes.serve(host, port, log_level))


@app.command()
def api(
    host: HostOption = "127.0.0.1",
    port: PortOption = 8000,
    log_level: LogLevel = LogLevel.INFO,
) -> None:
    """Only the API. Start as many as you like."""
    from hub import processes
    from hub.logging import set_up

    set_up(level=log_level)
    processes.run_api(host, port, log_level)


@app.command()
def worker(log_level: LogLevel = LogLevel.INFO) -> None:
    """Only the jobs: reading back offices and applying what they push. Start as many as you like."""
    from hub import processes
    from hub.logging import set_up

    set_up(level=log_level)
    processes.run_worker()


@app.command()
def migrate() -> None:
    """Bring the database to this version's schema, and give new towns their keys."""
    from hub.settings import Settings
    from hub.storage import migrate as migrations

    settings = Settings.from_environment()
    if settings.owner_url:
        migrations.upgrade(settings.owner_url)
    from hub.storage.vault import MasterKeys

    MasterKeys.load(settings.master_key, create=True)

    async def report(hub: Any) -> None:
        out.print(f"Ready: {', '.join(sorted(hub.towns.by_slug))}")

    _with_hub(report)


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="A guided tour that ends by itself.")] = False,
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the API.")] = 8000,
) -> None:
    """Two towns with simulated back offices, all on this machine."""
    from hub.demo import tour

    sys.exit(tour.run(once=once, port=port))


# ── Towns ────────────────────────────────────────────────────────────────────────────────────────


@city_app.command("check")
def check_cities(slug: Annotated[str | None, typer.Argument(help="One town; all where absent.")] = None) -> None:
    """Read the configuration of towns with everything it names; calls no back office. Exit 1 where one is wrong."""
    from hub.bootstrap import examine_towns
    from hub.settings import Settings

    towns = examine_towns(Settings.from_environment(), connect=True)
    asyncio.run(towns.close())
    names = sorted({*towns.by_slug, *towns.broken})
    if slug is not None and slug not in names:
        raise NotFound(f"There is no town {slug!r}; there are {', '.join(names)}.")
    asked = names if slug is None else [slug]
    for name in asked:
        if error := towns.broken.get(name):
            out.print(f"[red]wrong[/] {name}: {_plain(error)}", soft_wrap=True, highlight=False)
        else:
            out.print(f"[green]ok[/] {name}")
    raise typer.Exit(1 if towns.broken.keys() & set(asked) else 0)


@app.command()
def doctor(city: CityOption) -> None:
    """Try every back office, eID and card gateway of a town, changing nothing: settings, connection, credentials, ends.

    Exit 1 where one fails.
    """
    from hub.watch.tellings import check as tellings_check

    async def check(hub: Any) -> bool:
        town = _town(hub, city)
        table = Table("back office, eID or gateway", "step", "", "detail")
        fine = True
        offices = {name: office.connector for name, office in town.back_offices.items() if office.connector}
        for name, checked in (*offices.items(), *town.eids.items(), *town.gateways.items()):
            for step in await checked.check():
                fine = fine and step.ok
                table.add_row(name, step.name, "[green]ok[/]" if step.ok else "[red]fails[/]", _plain(step.detail))
        for step in await tellings_check(hub.database, town, hub.settings):
            fine = fine and step.ok
            table.add_row("alerts", step.name, "[green]ok[/]" if step.ok else "[red]fails[/]", _plain(step.detail))
        out.print(table)
        return fine

    if not _with_hub(check, connect=True):
        raise typer.Exit(1)


@app.command()
def token(
    city: CityOption,
    identifier: Annotated[
        str | None, typer.Option(help="Who it speaks for, such as hr.oib=87582274224; made where nobody has it.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of a subject that is made.")] = None,
    staff: Annotated[bool, typer.Option("--staff", help="For an administrator instead of a citizen.")] = False,
    hours: Annotated[int, typer.Option(min=1, max=720)] = 12,
) -> None:
    """Sign an access token for development; a live town refuses it."""
    from hub.subjects import service as subjects
    from hub.subjects.model import Proof, SubjectKind
    from hub.tokens.service import CITIZEN_SCOPES, STAFF_SCOPES

    if (identifier is None) != staff:
        raise typer.BadParameter("Give either --identifier SCHEME=VALUE or --staff.")

    async def sign(hub: Any) -> str:
        town = _town(hub, city)
        lifetime = timedelta(hours=hours)
        if identifier is None:
            return str(hub.tokens.sign(town.city, None, STAFF_SCOPES, lifetime))
        scheme, value = _identifier(identifier)
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

    typer.echo(_with_hub(sign))


@app.command()
def unassigned(city: CityOption) -> None:
    """Identifiers that have records but belong to nobody yet (masked)."""
    from hub.subjects import service as subjects

    async def show(hub: Any) -> None:
        town = _town(hub, city)
        table = Table("scheme", "value", "records")
        after = UUID(int=0)
        async with hub.database.town(town.city.id) as connection:
            keys = await hub.vault.keys(connection, town.city.id)
            while page := await subjects.unassigned(connection, keys, after=after):
                for one in page:
                    table.add_row(_plain(one.scheme), _plain(one.value), str(one.records))
                after = page[-1].identifier_id
        out.print(table)

    _with_hub(show)


@app.command()
def read(
    city: CityOption,
    feed: Annotated[str | None, typer.Argument(help="back_office/feed; all that can be read where absent.")] = None,
    identifier: Annotated[
        str | None, typer.Option(help="Whose, for feeds asked about one subject, such as hr.oib=83100426579.")
    ] = None,
) -> None:
    """Read feeds now and show what came of it. Exit 1 where one failed."""
    from hub.storage.database import NIL
    from hub.subjects import service as subjects

    async def read_feeds(hub: Any) -> bool:
        town = _town(hub, city)
        wanted = [one for one in town.feeds() if feed in {None, f"{one.back_office}/{one.feed}"} and one.reader]
        if not wanted:
            there = ", ".join(f"{one.back_office}/{one.feed}" for one in town.feeds() if one.reader) or "none"
            raise NotFound(f"There is no feed {feed!r} to read; there are: {there}.")
        scheme, value = _identifier(identifier) if identifier else ("", "")
        table = Table("feed", "records", "changed", "gone", "rejected", "failure")
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
            out.print(_plain(reason), highlight=False, soft_wrap=True)
        return fine

    if not _with_hub(read_feeds, connect=True):
        raise typer.Exit(1)


def _reasons(feed: Any, report: Any, city: str) -> list[str]:
    """Why a read gave less than it should, and where to look."""
    return [
        *([f"{feed.back_office}/{feed.feed}: {report.because}"] if report.because else []),
        *([f"Each with its reason:  munihub dead-letters list --city {city}"] if report.rejected else []),
    ]


# ── Keys and database ────────────────────────────────────────────────────────────────────────────


@keys_app.command("rotate")
def rotate_keys(city: CityOption) -> None:
    """New keys for a town's identifiers, while the hub runs: nobody is locked out meanwhile."""
    from hub.statements.rotation import rekey
    from hub.subjects import rotation

    async def rotate(hub: Any) -> int:
        return int(await rotation.rotate(hub.database, hub.vault, _town(hub, city).city.id, [rekey]))

    out.print(f"{_with_hub(rotate)} identifiers under new keys")


@database_app.command("prepare")
def prepare_database(
    admin_url: Annotated[str, typer.Argument(help="postgresql://…, a role that may create roles and databases.")],
    env_file: Annotated[Path, typer.Option(help="Where to write the three addresses (mode 0600).")],
) -> None:
    """Make the three roles and the database in a PostgreSQL that you run, once."""
    from hub.storage.provision import prepare

    prepare(admin_url, env_file)
    file = shlex.quote(str(env_file))
    # Not `. file`: a shell would take the & of an address for a command in the background.
    typer.echo(f"Wrote {file}. Start with:  export $(cat {file}); munihub migrate; munihub serve")


# ── Helpers ──────────────────────────────────────────────────────────────────────────────────────


def _with_hub(work: Callable[[Any], Awaitable[T]], *, connect: bool = False) -> T:
    """Run `work` with an opened hub (worker role) on the database of this installation."""
    from hub.hub import open_worker
    from hub.running import running
    from hub.settings import Settings

    settings = Settings.from_environment()

    @asynccontextmanager
    async def opened(url: str) -> AsyncIterator[Any]:
        hub = await open_worker(settings, url, connect=connect)
        try:
            yield hub
        finally:
            await hub.close()

    async def run(url: str) -> T:
        async with opened(url) as hub:
            return await work(hub)

    with running(settings) as database:
        return asyncio.run(run(database.worker_url))


def _plain(text: object) -> str:
    """As a cell or a sentence: nothing in it is taken for our markup, or by the terminal for a command."""
    return escape("".join(letter if letter.isprintable() else " " for letter in str(text)))


def _identifier(text: str) -> tuple[str, str]:
    """`hr.oib=87582274224` as scheme and normalised value."""
    from hub.kit import identifiers

    scheme, mark, value = text.partition("=")
    if not mark:
        raise InvalidRequest("Write --identifier SCHEME=VALUE, such as hr.oib=87582274224.")
    try:
        return scheme, identifiers.normalise(scheme, value)
    except ValueError as error:
        raise InvalidRequest(f"--identifier {error}.") from error


def _town(hub: Any, slug: str) -> Any:
    if slug in hub.towns.broken:
        raise hub.towns.broken[slug]
    if slug not in hub.towns.by_slug:
        raise NotFound(f"There is no town {slug!r}; there are {', '.join(sorted(hub.towns.by_slug))}.")
    return hub.towns.by_slug[slug]


if __name__ == "__main__":
    main()
