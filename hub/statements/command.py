"""`munihub statement inspect`: what bank statements hold, or why they are refused."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from hub.ports.bank_statement import StatementFormat


def register(app: typer.Typer, formats: Callable[[], Mapping[str, StatementFormat]]) -> None:
    """Adds the commands of `munihub statement`; `formats` gives all formats of the installation by id."""
    commands = typer.Typer(no_args_is_help=True, help="Bank statements.")

    @commands.callback()
    def statement() -> None:
        """Look into files of banks before they are imported."""

    @commands.command("inspect")
    def inspect_command(
        paths: Annotated[
            list[Path], typer.Argument(help="Statements, or folders with them.", metavar="PATH…", exists=True)
        ],
        encoding: Annotated[
            str | None, typer.Option(help="Of files that do not say it themselves; told by the format where absent.")
        ] = None,
        reversal_codes: Annotated[
            Literal["45", "34"] | None, typer.Option(help="Of ABO/GPC: reversals, 34 at Česká spořitelna.")
        ] = None,
        account_form: Annotated[
            Literal["plain", "internal"] | None, typer.Option(help="Of ABO/GPC: how accounts are written.")
        ] = None,
        *,
        as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    ) -> None:
        """Show format, account, currency, entries and sums, and whether balances agree; or the reason of refusal.

        Works without a database and changes nothing. Ends with 0 where all files are read, with 1 where one is refused.
        Balances that do not agree are told and are no refusal. The options are those of `statements` in city.yaml.
        """
        from hub.kit import encodings
        from hub.ports.bank_statement import Options
        from hub.statements.inspection import files, inspect

        try:
            options = Options(encodings.check(encoding) if encoding else None, reversal_codes, account_form)
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--encoding") from None
        known = formats()
        results = [inspect(file, known, options) for path in paths for file in files(path)]
        if as_json:
            typer.echo(json.dumps(results, ensure_ascii=False, indent=2))
        else:
            for result in results:
                for line in _told(result):
                    typer.echo(_plain(line))
            read = sum(result["ok"] for result in results)
            typer.echo(f"{read} of {len(results)} files are read.")
        if not all(result["ok"] for result in results):
            raise typer.Exit(1)

    app.add_typer(commands, name="statement")


def _told(result: dict[str, Any]) -> Iterator[str]:
    if not result["ok"]:
        place = f", line {result['line']}" if result["line"] else ""
        kind = f" ({result['format']})" if result["format"] else ""
        yield f"{result['path']}{kind}"
        yield f"  refused{place}: {result['reason']}"
        if result["before"]:
            yield f"  {result['before']} entries before that place do not count"
        return
    yield result["path"]
    for one in result["statements"]:
        yield from _statement(one)


def _statement(one: dict[str, Any]) -> Iterator[str]:
    number = f" no. {one['number']}" if one["number"] else ""
    period = f" {one['since'] or '…'} to {one['until'] or '…'}" if one["since"] or one["until"] else ""
    yield f"  {one['format']} {one['account']} {one['currency']}{number}{period}"
    sums = f"credits {one['credits']}, debits {one['debits']}"
    yield f"    {one['booked']} of {one['entries']} entries are booked: {sums}{_extras(one)}"
    for other in one["other_currencies"]:
        yield f"    in {other['currency']}: {other['amount']}"
    for other in one["not_booked"]:
        yield (
            f"    {other['status']}: {other['entries']} entries, credits {other['credits']}, "
            f"debits {other['debits']} {other['currency']}"
        )
    yield f"    balances: {_balances(one)}"
    for difference in one["differences"]:
        yield f"      {difference}"
    for other in one["disagreeing"]:
        yield f"    line {other['line']}: {other['problem']}"


def _extras(one: dict[str, Any]) -> str:
    named = (("transactions", "payments"), ("summarised", "summarised"), ("reversals", "reversals"))
    said = [f"{one[key]} {name}" for key, name in named if one[key]]
    said += [f"{count} {scheme}" for scheme, count in one["references"].items()]
    return f" ({', '.join(said)})" if said else ""


def _balances(one: dict[str, Any]) -> str:
    opening, closing = (one[name]["amount"] if one[name] else "none" for name in ("opening", "closing"))
    judged = {True: "agree", False: "do not agree", None: "nothing to compare"}[one["agrees"]]
    return f"{opening} to {closing}, {judged}"


def _plain(text: str) -> str:
    """What a bank wrote may hold control characters, which a terminal would obey."""
    return "".join(character if character.isprintable() else "\N{REPLACEMENT CHARACTER}" for character in text)
