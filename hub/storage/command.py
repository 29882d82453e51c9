"""`munihub migrate` and `munihub database prepare`: the database of an installation."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from hub.kit.commands import WithHub


def register(app: typer.Typer, with_hub: WithHub) -> None:
    """Adds the commands."""
    database_app = typer.Typer(no_args_is_help=True, help="The database that somebody else runs.")

    @app.command()
    def migrate() -> None:
        """Bring the database to this version's schema, and give new towns their keys."""
        from hub.settings import Settings
        from hub.storage import migrate as migrations
        from hub.storage.vault import MasterKeys

        settings = Settings.from_environment()
        if settings.owner_url:
            migrations.upgrade(settings.owner_url)
        MasterKeys.load(settings.master_key, create=True)

        async def report(hub: Any) -> None:
            Console().print(f"Ready: {', '.join(sorted(hub.towns.by_slug))}")

        with_hub(report)

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

    app.add_typer(database_app, name="database")
