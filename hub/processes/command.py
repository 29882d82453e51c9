"""`munihub serve|api|worker`: run the hub."""

from __future__ import annotations

import sys
from enum import StrEnum
from typing import Annotated

import typer

from hub.logging import set_up

HostOption = Annotated[str, typer.Option(help="Address to listen on.")]
PortOption = Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")]


class LogLevel(StrEnum):
    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


def register(app: typer.Typer) -> None:
    """Adds the commands."""

    @app.command()
    def serve(
        host: HostOption = "127.0.0.1",
        port: PortOption = 8000,
        log_level: LogLevel = LogLevel.INFO,
    ) -> None:
        """Everything for a town with one server: database, API and worker. Ctrl-C or SIGTERM ends it gracefully."""
        from hub.processes import parent

        set_up(level=log_level)
        sys.exit(parent.serve(host, port, log_level))

    @app.command()
    def api(
        host: HostOption = "127.0.0.1",
        port: PortOption = 8000,
        log_level: LogLevel = LogLevel.INFO,
    ) -> None:
        """Only the API. Start as many as you like."""
        from hub.processes import single

        set_up(level=log_level)
        single.run_api(host, port, log_level)

    @app.command()
    def worker(log_level: LogLevel = LogLevel.INFO) -> None:
        """Only the jobs: reading back offices and applying what they push. Start as many as you like."""
        from hub.processes import single

        set_up(level=log_level)
        single.run_worker()
