"""What `munihub mapping try` prints of a delivery file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from hub.kernel.errors import ConfigurationError
from hub.kit.yaml_document import YamlDocument
from hub.mapping.samples import load_sample
from hub.mapping.try_delivery import TriedReceipt, TriedStep, shown, try_receipt, try_requests


def try_a_delivery(
    document: YamlDocument, sample: Path, timezone: ZoneInfo, reply_to: str | None, *, as_json: bool
) -> bool:
    """Prints what would be sent, or the receipt of a reply; returns whether anything is refused."""
    content = load_sample(sample)
    if reply_to is not None:
        receipt = try_receipt(document, reply_to, content, timezone)
        _say(receipt._asdict()) if as_json else _print_receipt(receipt)
        return bool(receipt.problems)
    if not isinstance(content, dict):
        raise ConfigurationError(
            "is not a record of ours", file=str(sample), remedy="Save it as a JSON object, or say --reply-to STEP."
        )
    steps = try_requests(document, content, timezone)
    if as_json:
        _say([
            {"step": one.step, "request": shown(one.request), "rows": [shown(row._asdict()) for row in one.rows]}
            for one in steps
        ])  # fmt: skip
    else:
        _print_steps(steps)
    return any(one.refused for one in steps)


def _say(value: Any) -> None:
    typer.echo(json.dumps(value, ensure_ascii=False, indent=2))


def _print_steps(steps: list[TriedStep]) -> None:
    console = Console()
    for step in steps:
        table = Table("step", "key", "source", "sent", "error", highlight=False)
        for row in step.rows:
            table.add_row(*map(cell, (step.step, row.place, ", ".join(row.paths), shown(row.value), row.error)))
        console.print(table)
    console.print(f"{len(steps)} requests, {sum(one.refused for one in steps)} of them refused", highlight=False)


def _print_receipt(receipt: TriedReceipt) -> None:
    table = Table("step", "receipt", "source", "text", "error", highlight=False)
    for name, text in receipt.receipt.items():
        table.add_row(*map(cell, (receipt.step, name, None, text, None)))
    for problem in receipt.problems:
        table.add_row(
            *map(cell, (receipt.step, problem["field"], problem["path"], problem["value"], problem["reason"]))
        )
    Console().print(table)


def cell(value: Any) -> Text:
    """A cell as it is: square brackets in a value are no markup, and control characters do nothing."""
    if value is None:
        return Text("")
    return Text(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False))
