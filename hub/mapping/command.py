"""`munihub mapping try FILE SAMPLE`: what a mapping makes of a recorded reply."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Column, Table

from hub.kit.yaml_document import load
from hub.mapping.command_tables import cell, try_a_delivery
from hub.mapping.compile import compile_mapping
from hub.mapping.explain import Explanation, explain
from hub.mapping.model import Target
from hub.mapping.plain import plain_record
from hub.mapping.samples import load_sample, with_detail
from hub.mapping.schema import mapping_schema
from hub.mapping.times import zone
from hub.mapping.try_delivery import is_delivery


def register(app: typer.Typer, targets: Mapping[str, Target], deliveries: Sequence[str] = ()) -> None:
    """Adds the commands of `munihub mapping` to the program. `deliveries` are the kinds of delivery files."""
    commands = typer.Typer(no_args_is_help=True, help="Mappings of back offices.")

    @commands.callback()
    def mapping() -> None:
        """Try what mappings make of documents, and what they send."""

    @commands.command("try")
    def try_mapping(
        file: Annotated[Path, typer.Argument(help="The mapping or delivery file, .yaml.", show_default=False)],
        sample: Annotated[
            Path,
            typer.Argument(
                help="A reply as received: .xml (SOAP envelopes too) or .json. For a delivery, a record of ours in "
                '.json, where {"base64": "…"} stands for a document.',
                show_default=False,
            ),
        ],
        timezone: Annotated[str, typer.Option(help="The town's time zone, for times without an offset.")] = "UTC",
        detail: Annotated[
            Path | None, typer.Option(help="The reply to the second call; it is taken for every record.")
        ] = None,
        reply_to: Annotated[
            str | None, typer.Option(help="The sample is the reply to this step of a delivery: show its receipt.")
        ] = None,
        *,
        as_json: Annotated[bool, typer.Option("--json", help="Print everything as JSON.")] = False,
    ) -> None:
        """Show every field with its source, every error, and everything the mapping does not know.

        Of a delivery file: what each step would send of a record, or the receipt of a reply. Ends with 1 where a record
        is refused, and with 2 where a file cannot be used.
        """
        try:
            where = zone(timezone)
        except ValueError as error:
            raise typer.BadParameter(str(error), param_hint="--timezone") from error
        document = load(file)
        if is_delivery(document):
            refused = try_a_delivery(document, sample, where, reply_to, as_json=as_json)
        elif reply_to is not None:
            raise typer.BadParameter("is for delivery files, and this is a mapping", param_hint="--reply-to")
        else:
            compiled = compile_mapping(document, targets, timezone=where)
            reply = load_sample(sample) if detail is None else with_detail(compiled, sample, detail)
            refused = _try_mapping(explain(compiled, reply), as_json=as_json)
        if refused:
            raise typer.Exit(1)

    @commands.command("schema")
    def schema() -> None:
        """Print the JSON Schema of mappings and delivery files, by which an editor completes them."""
        typer.echo(json.dumps(mapping_schema(targets, deliveries), ensure_ascii=False, indent=2))

    app.add_typer(commands, name="mapping")


def _try_mapping(explanation: Explanation, *, as_json: bool) -> bool:
    """Whether a record is refused."""
    if as_json:
        typer.echo(json.dumps(_as_json(explanation), ensure_ascii=False, indent=2))
    else:
        _print(explanation)
    return bool(explanation.mapped.problems)


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
    folded = [Column(name, overflow="fold") for name in ("field", "source", "raw", "value", "error")]
    table = Table("record", *folded, highlight=False)
    unknown = Table("drift", "source", "raw", highlight=False)
    for row in explanation.rows:
        if row.record is None:
            unknown.add_row(*map(cell, (row.drift, row.path, row.raw)))
        else:
            # A sample says nothing of whom it was asked about.
            value = "whoever is asked about" if row.field == "parties" and not (row.path or row.value) else row.value
            table.add_row(*map(cell, (row.record, row.field, row.path, row.raw, value, row.error)))
    console.print(table)
    if unknown.row_count:
        console.print(unknown)
    console.print(
        f"{len(mapped.records)} records, {len(mapped.problems)} problems, {len(mapped.drift)} unknown places",
        highlight=False,
    )
