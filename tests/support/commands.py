"""Commands of munihub as an administrator types them, on a hub that is open already."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import typer
from typer.testing import CliRunner

from hub.hub import Hub


def commands_on(hub: Hub, *modules: Any) -> Callable[..., Awaitable[str]]:
    """Runs a command of one of these modules in a thread, and its work in this loop; answers what it printed.

    An error of the hub is raised as it is.
    """
    loop = asyncio.get_running_loop()
    app = typer.Typer()

    @app.callback()
    def munihub() -> None: ...

    def with_hub(work: Callable[[Hub], Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work(hub), loop).result(30)

    for module in modules:
        module.register(app, with_hub, lambda opened, slug: opened.towns.by_slug[slug])

    async def run(*arguments: str) -> str:
        done = await asyncio.to_thread(CliRunner().invoke, app, arguments)
        if done.exception is not None:
            raise done.exception
        return done.output

    return run


def column(printed: str, number: int) -> list[str]:
    """The cells of a column of a table that a command printed; the first column is 1."""
    return [line.split("│")[number].strip() for line in printed.splitlines() if "│" in line]
