"""`munihub mapping try FILE SAMPLE`: what a mapping makes of a recorded reply."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hub.mapping.compile import compile_mapping
from hub.mapping.explain import Explanation, explain
from hub.mapping.model import Target
from hub.mapping.plain import plain_record
from hub.mapping.samples import load_sample
from hub.mapping.times import zone


def register(app: typer.Typer, targets: Mapping[str, Target]) -> None:
    """Adds the commands of `munihub mapping` to the program."""
    commands = typer.Typer(no_args_is_help=True, help="Mappings of back offices.")

    @commands.callback()
    def mapping() -> None:
        """Try what mappings make of documents."""

    @commands.command("try")
    def try_mapping(
        file: Annotated[Path, typer.Argument(help="The mapping, a .yaml file.", show_default=False)],
        sample: Annotated[
            Path, typer.Argument(help="A reply as received: .xml (SOAP envelopes too) or .json.", show_default=False)
        ],
        timezone: Annotated[str, typer.Option(help="The town's time zone, for times without an offset.")] = "UTC",
        *,
        as_json: Annotated[
            bool, typer.Option("--json", help="Print records, problems, drift and rows as JSON.")
        ] = False,
    ) -> None:
        """Show every field with its source, every error, and everything the mapping does not know.

        Ends with 1 where a record is refused, and with 2 where a file cannot be used.
        """
        try:
            where = zone(timezone)
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--timezone") from error
        explanation = explain(compile_mapping(file, targets, timezone=where), load_sample(sample))
        if as_json:
            typer.echo(json.dumps(_as_json(explanation), ensure_ascii=False, indent=2))
        else:
            _print(explanation)
        if explanation.mapped.problems:
            raise typer.Exit(1)

    app.add_typer(commands, name="mapping")


def _as_json(explanation: Explanation) -> dict[str, Any]:
    mapped = explanation.mapped
    return {
        "records": [plain_record(record) for record in mapped.records],
        "problems": [problem._asdict() for problem in mapped.problems],
        "drift": [drift._asdict() for drift in mapped.drift],
        "rows": [row._asdict() for row in explanation.rows],
    }


def _print(explanation: Explanation) -> None:
    console, mapped = Console(), explanation.mapped
    table = Table("record", "field", "source", "raw", "value", "error", highlight=False)
    unknown = Table("drift", "source", "raw", highlight=False)
    for row in explanation.rows:
        if row.record is None:
            unknown.add_row(*map(_cell, (row.drift, row.path, row.raw)))
        else:
            table.add_row(*map(_cell, (row.record, row.field, row.path, row.raw, row.value, row.error)))
    console.print(table)
    if unknown.row_count:
        console.print(unknown)
    console.print(
        f"{len(mapped.records)} records, {len(mapped.problems)} problems, {len(mapped.drift)} unknown places",
        highlight=False,
    )


def _cell(value: Any) -> Text:
    """A cell as it is: square brackets in a value are no markup, and control characters do nothing."""
    if value is None:
        return Text("")
    return Text(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
