"""`munihub transfer SCHEME --json '{…}'` writes a payment code, `munihub transfer read FILE-or-TEXT` reads one."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated

import typer

from hub.kernel.errors import InvalidRequest
from hub.kit import barcode
from hub.ports.bank_transfer import BankTransferScheme, CannotExpress
from hub.transfers.order_json import EXAMPLE, json_of, order_of
from hub.transfers.reading import NotRecognised, Recognised, doubts, payloads, recognise

_SVG_SCALE = 4


def register(app: typer.Typer, schemes: Mapping[str, BankTransferScheme]) -> None:
    """Adds `munihub transfer` to the program, with a command for each scheme."""
    commands = typer.Typer(no_args_is_help=True, help="Codes to pay by bank transfer (no database needed).")
    for scheme in schemes.values():
        commands.command(scheme.id, help=f"Write the code {scheme.id}.")(_writer(scheme))

    @commands.command("read")
    def read(
        what: Annotated[
            str,
            typer.Argument(metavar="FILE-or-TEXT", help="A picture, an SVG of ours, a text file, or the text itself."),
        ],
        *,
        as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
    ) -> None:
        """Show of which scheme a payment code is and what it says. Ends with 1 where no scheme reads it, saying why."""
        try:
            found = [recognise(one, schemes) for one in _contents(what)]
        except NotRecognised as error:
            typer.echo(json.dumps({"refused": str(error)}, ensure_ascii=False) if as_json else f"Refused: {error}")
            raise typer.Exit(1) from None
        for one in found:
            typer.echo(json.dumps(_told(one), ensure_ascii=False, indent=2) if as_json else _readable(one))

    app.add_typer(commands, name="transfer")


def _writer(scheme: BankTransferScheme) -> Callable[..., None]:
    def write(
        order: Annotated[str, typer.Option("--json", help=f"What to pay, such as {EXAMPLE}")],
        svg: Annotated[Path | None, typer.Option(help="Draw it here.")] = None,
    ) -> None:
        """The text of the code goes to the output, doubts about it to the error output."""
        wanted = order_of(order)
        try:
            payload = scheme.encode(wanted)
            if svg is not None:
                svg.write_bytes(barcode.draw(payload, scheme.symbol, "svg", scale=_SVG_SCALE))
        except CannotExpress as error:
            raise InvalidRequest(f"{scheme.id} cannot express this: {error}.") from error
        for doubt in doubts(wanted):
            typer.echo(f"A bank may refuse this: {doubt}.", err=True)
        typer.echo(payload, nl=not payload.endswith("\n"))

    return write


def _contents(what: str) -> list[str | bytes]:
    try:
        file = Path(what)
        if file.is_file():
            return [*payloads(file)]
    except (OSError, ValueError):  # too long for a name, or with a NUL in it: then it is the text itself
        pass
    return [what]


def _told(one: Recognised) -> dict[str, object]:
    return {"scheme": one.scheme, "order": json_of(one.order), "doubts": list(one.doubts)}


def _readable(one: Recognised) -> str:
    order = json_of(one.order)
    lines = [("scheme", one.scheme)]
    for name, value in order.items():
        if isinstance(value, dict):
            lines.append((name, ", ".join(filter(None, value.values()))))
        elif isinstance(value, list):
            lines += [(each["scheme"], each["value"]) for each in value]
        else:
            lines.append((name, "the payer fills it in" if value is None else str(value)))
    lines += [("doubt", doubt) for doubt in one.doubts]
    width = max(len(name) for name, _ in lines)
    return "\n".join(f"{name:<{width}}  {value}" for name, value in lines)
