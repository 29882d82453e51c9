"""`munihub demo`: what there is, to be seen at work."""

from __future__ import annotations

import sys
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Adds the command."""

    @app.command()
    def demo(
        *,
        once: Annotated[bool, typer.Option("--once", help="A guided tour that ends by itself.")] = False,
        port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the API.")] = 8000,
    ) -> None:
        """Two towns with simulated back offices, all on this machine."""
        from hub.demo import tour

        sys.exit(tour.run(once=once, port=port))
