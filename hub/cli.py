"""`munihub`: run the hub, look after its towns, help whoever connects a back office."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import cache
from importlib import import_module
from typing import Any, TypeVar, get_args

import typer
from rich.console import Console

from hub.kernel.errors import HubError, NotFound
from hub.kit.commands import plain

T = TypeVar("T")


def main() -> None:
    """Entry point: an error of the hub is one readable sentence, not a stack."""
    from hub.logging import set_up

    set_up(level="warning")
    app = program()
    # A private database is given back also when a command is told to end; `serve` and its like have their own way.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        app()
    except HubError as error:
        sentence = " ".join(str(error).split())
        err = Console(stderr=True)
        err.print(f"[bold red]{type(error).__name__}[/]: {plain(sentence)}", highlight=False, soft_wrap=True)
        sys.exit(2)


@cache
def program() -> typer.Typer:
    """The whole command line. Each command stands beside what it commands; help lists them in this order."""
    app = typer.Typer(no_args_is_help=True, add_completion=False, help=__doc__, pretty_exceptions_enable=False)
    keys_app = typer.Typer(no_args_is_help=True, help="Keys of a town.")
    _join_installation(app)
    app.add_typer(keys_app, name="keys")
    _join_nouns(app, keys_app)
    _join_plug_ins(app)
    return app


def _join_installation(app: typer.Typer) -> None:
    from hub.bootstrap import command as towns
    from hub.demo import command as demo
    from hub.processes import command as processes
    from hub.storage import command as database
    from hub.watch import command as doctor

    processes.register(app)
    database.register(app, with_hub)
    demo.register(app)
    towns.register(app)
    doctor.register(app, with_hub, town_of)


def _join_nouns(app: typer.Typer, keys_app: typer.Typer) -> None:
    from hub.access_log import command as access_log
    from hub.alerts import command as alerts
    from hub.back_offices import letters_command as opened_letters
    from hub.back_offices import read_command as reads
    from hub.bootstrap.nouns import TARGETS
    from hub.bootstrap.plug_ins import bank_statement_formats, bank_transfer_schemes
    from hub.cities.back_offices import DeliveryKind
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
    from hub.statements.rotation import rekey
    from hub.subjects import command as subjects
    from hub.tokens import command as signing_keys
    from hub.tokens import token_command as tokens
    from hub.transfers import command as transfers
    from hub.watch.facts import lines_of
    from hub.webhooks import command as webhooks

    tokens.register(app, with_hub, town_of)
    subjects.register(app, keys_app, with_hub, town_of, [rekey])
    reads.register(app, with_hub, town_of)
    register(app, TARGETS, get_args(DeliveryKind))
    opened_letters.register(dead_letters.register(app, with_hub, town_of), with_hub, town_of)
    alerts.register(app, with_hub, town_of, lines_of)
    doors.register(app, with_hub, town_of)
    jobs.register(app, with_hub, town_of)
    webhooks.register(app, with_hub, town_of)
    deliveries.register(app, with_hub, town_of)
    contracts.register(app, with_hub, town_of)
    record_command.register(app, with_hub, town_of)
    staff.register(app, with_hub, town_of)
    logins.register(app, with_hub, town_of)
    signing_keys.register(keys_app, with_hub, town_of)
    passwords.register(app, with_hub, town_of)
    access_log.register(app, with_hub, town_of)
    personal_data.register(app, with_hub, town_of)
    statements.register(app, bank_statement_formats)
    transfers.register(app, bank_transfer_schemes())


def _join_plug_ins(app: typer.Typer) -> None:
    """Commands of eID engines and of connectors: found in their folders, since nothing here names a plug-in."""
    from hub.bootstrap.nouns import TARGETS
    from hub.settings import PROJECT

    for file in sorted((PROJECT / "identity").glob("*/command.py")):
        import_module(f"identity.{file.parent.name}.command").register(app)
    for file in sorted((PROJECT / "connectors").glob("*/command.py")):
        import_module(f"connectors.{file.parent.name}.command").register(app, TARGETS)


def with_hub(work: Callable[[Any], Awaitable[T]], *, connect: bool = False) -> T:
    """As hub.kit.commands.WithHub says."""
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


def town_of(hub: Any, slug: str) -> Any:
    """As hub.kit.commands.TownOf says."""
    if slug in hub.towns.broken:
        raise hub.towns.broken[slug]
    if slug not in hub.towns.by_slug:
        raise NotFound(f"There is no town {slug!r}; there are {', '.join(sorted(hub.towns.by_slug))}.")
    return hub.towns.by_slug[slug]


if __name__ == "__main__":
    main()
