"""Measures the goals of the design, each as a ratio to a floor or a peer of the same run; see benchmarks/README.md.

    python -m benchmarks [--quick] [ROW…]

Prints a table and writes `var/bench/<when>.json`. A missed goal is a figure and not a failure: the exit status is 1
only where a row crashed.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import platform
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import structlog
from rich.console import Console
from rich.table import Table

from benchmarks import (
    account,
    delivery,
    intake,
    matching,
    passwords,
    payments,
    printed,
    refresh,
    saml,
    scale,
    statement,
    tokens,
    towns,
    wsdl,
)
from benchmarks.row import Row
from hub.settings import PROJECT

ROWS: dict[str, Callable[[bool], list[Row]]] = {
    "account": account.run,
    "soap": lambda quick: printed.run("soap", quick=quick),
    "mapping": lambda quick: printed.run("mapping", quick=quick),
    "wsdl": wsdl.run,
    "intake": intake.run,
    "refresh": refresh.run,
    "delivery": delivery.run,
    "payments": payments.run,
    "queue": lambda quick: printed.run("queue", quick=quick),
    "tokens": tokens.run,
    "saml": saml.run,
    "scale": scale.run,
    "towns": towns.run,
    "passwords": passwords.run,
    "statement": statement.run,
    "matching": matching.run,
}

out = Console(width=None if sys.stdout.isatty() else 160)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Ratios beside floors and peers.")
    parser.add_argument("rows", nargs="*", metavar="ROW", help=f"any of: {', '.join(ROWS)}; all where absent")
    parser.add_argument("--quick", action="store_true", help="seconds instead of minutes; the figures mean little")
    asked = parser.parse_args()
    if unknown := set(asked.rows) - ROWS.keys():
        parser.error(f"there is no row {', '.join(sorted(unknown))}; there are {', '.join(ROWS)}")
    # So that the servers a row has started end with it.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    began = datetime.now(UTC)
    measured: dict[str, list[Row]] = {}
    seconds: dict[str, float] = {}
    crashed: list[str] = []
    for name in dict.fromkeys(asked.rows) or ROWS:
        out.print(f"[dim]{name} …[/]")
        begun = time.monotonic()
        try:
            measured[name] = ROWS[name](asked.quick)
        except Exception:  # noqa: BLE001 - the other rows are worth having
            traceback.print_exc()
            crashed.append(name)
        seconds[name] = round(time.monotonic() - begun, 1)
    out.print(_table([row for rows in measured.values() for row in rows]))
    out.print(f"Written to {_write(began, asked.quick, measured, seconds, crashed)}")
    if crashed:
        out.print(f"[bold red]Crashed: {', '.join(crashed)}[/]")
    return 1 if crashed else 0


def _table(rows: list[Row]) -> Table:
    table = Table(title="Beside a floor or a peer of the same run", title_justify="left")
    table.add_column("row")
    for name in ("ours", "against", "ratio", "goal"):
        table.add_column(name, justify="right")
    table.add_column("met")
    for row in rows:
        unit = row.ours[1] if row.ours else ""
        table.add_row(
            row.name,
            _figure(row.ours[0], unit) if row.ours else "",
            f"{row.against[0]} {_figure(row.against[1], unit)}" if row.against else "",
            "" if row.ratio is None else f"{row.ratio:.2f}",
            row.goal,
            row.note if row.met is None else "[green]yes[/]" if row.met else "[red]no[/]",
        )
    return table


def _figure(value: float, unit: str) -> str:
    digits = f"{value:,.0f}" if value >= 100 else f"{value:,.1f}"
    return f"{digits}{unit}" if unit.startswith("/") else f"{digits} {unit}"


def _write(
    began: datetime, quick: bool, measured: dict[str, list[Row]], seconds: dict[str, float], crashed: list[str]
) -> Path:
    file = PROJECT / "var" / "bench" / f"{began:%Y-%m-%dT%H%M%SZ}.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    content = {
        "began": began.isoformat(timespec="seconds"),
        "quick": quick,
        "commit": _commit(),
        "machine": {
            "processors": os.cpu_count(),
            "load": os.getloadavg(),
            "platform": platform.platform(),
            "python": platform.python_version(),
        },
        "seconds": seconds,
        "crashed": crashed,
        "rows": {name: [asdict(row) for row in rows] for name, rows in measured.items()},
    }
    file.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return file.relative_to(PROJECT)


def _commit() -> str | None:
    """The commit that is checked out, with a mark where files differ from it; None outside a checkout."""
    try:
        git = partial(subprocess.run, cwd=PROJECT, capture_output=True, text=True, check=True)
        commit = git(["git", "rev-parse", "--short=12", "HEAD"]).stdout.strip()
        return commit + ("+changes" if git(["git", "status", "--porcelain"]).stdout.strip() else "")
    except (OSError, subprocess.CalledProcessError):
        return None


if __name__ == "__main__":
    sys.exit(main())
