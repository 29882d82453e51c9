"""Rows of the benchmarks that print their own lines: benchmarks.mapping, benchmarks.soap and benchmarks.queue.

Each runs in a process of its own, as it would by `python -m`, and what it prints is read. A line that tells a ratio and
is not understood is an error, so that no figure is lost when a benchmark words its lines anew.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from typing import Any

from benchmarks.row import Row, at_least, at_most, for_information, skipped
from hub.settings import PROJECT

_FASTER = {
    "mapping": {},
    "soap": {"ROUNDS": 5, "CALLS": 5},
    "queue": {"ROUNDS": 1, "SINGLE": 100, "BATCH": 100, "BATCHES": 4, "BACKLOG": 400, "TOWNS": 50, "QUIET_JOBS": 60,
              "FLOOD": 5_000},
}  # fmt: skip
"""Constants of the modules for a quick run."""

_NUMBER = r"([\d,]+(?:\.\d+)?)"
_MAPPING = re.compile(
    rf"mapping (\w+) +(.*?) +engine +{_NUMBER} µs +by hand +{_NUMBER} µs +ratio {_NUMBER} +goal <= {_NUMBER}"
)
_SOAP_OURS = re.compile(rf"SOAP reply .* to records: {_NUMBER} µs")
_SOAP_PEER = re.compile(rf" +(\S.*?) +{_NUMBER} µs +hub/.*? +{_NUMBER} +goal <= {_NUMBER}")
_SOAP_SKIPPED = re.compile(r" +(\S+) +skipped: (.*)")
_QUEUE_FLOOR = re.compile(rf"(\S.*?) +{_NUMBER}/s +floor +{_NUMBER}/s +ratio {_NUMBER}")
_QUEUE_SECOND = re.compile(rf"(\S.*?) +{_NUMBER}/s +one +{_NUMBER}/s +ratio {_NUMBER} \(goal {_NUMBER}\)")
_QUEUE_DAYS = re.compile(rf".* done after +{_NUMBER} ms \(p95 {_NUMBER}\)")
_QUEUE_FLOOD = re.compile(rf" +(\S.*?) +ratio {_NUMBER} \(goal {_NUMBER}\)")


def run(module: str, *, quick: bool) -> list[Row]:
    """The rows of `benchmarks.<module>`. Raises RuntimeError where it fails or says something unheard of."""
    changes = "".join(f"m.{name} = {value}\n" for name, value in (_FASTER[module] if quick else {}).items())
    program = f"import benchmarks.{module} as m\n{changes}m.main()"
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"benchmarks.{module} failed:\n{done.stderr[-3000:]}")
    rows = _READERS[module](done.stdout.splitlines())
    if len(rows) < sum("ratio" in line or "hub/" in line for line in done.stdout.splitlines()) or not rows:
        raise RuntimeError(f"benchmarks.{module} prints lines that are not understood:\n{done.stdout}")
    return rows


def _mapping(lines: list[str]) -> list[Row]:
    return [
        at_most(
            f"mapping {kind}, {what}",
            (_value(ours), "µs"),
            ("reader by hand", _value(other)),
            _value(ratio),
            _value(goal),
        )
        for kind, what, ours, other, ratio, goal in _found(_MAPPING, lines)
    ]


def _soap(lines: list[str]) -> list[Row]:
    ((ours,),) = _found(_SOAP_OURS, lines)
    name, rows = "SOAP reply of 50 items to records", []
    for peer, other, ratio, goal in _found(_SOAP_PEER, lines):
        rows.append(at_most(name, (_value(ours), "µs"), (peer, _value(other)), _value(ratio), _value(goal)))
    return rows + [skipped(f"{name}, beside {peer}", why) for peer, why in _found(_SOAP_SKIPPED, lines)]


def _queue(lines: list[str]) -> list[Row]:
    rows = [
        for_information(f"jobs: {what}", (_value(ours), "/s"), ("bare table", _value(floor)))
        for what, ours, floor, _ in _found(_QUEUE_FLOOR, lines)
    ]
    days = _found(_QUEUE_DAYS, lines)
    for what, ratio, goal in _found(_QUEUE_FLOOD, lines):
        (_, quiet), (_, flooded) = days
        rows.append(
            at_most(
                f"jobs: {what}", (_value(flooded), "ms"), ("a quiet day", _value(quiet)), _value(ratio), _value(goal)
            )
        )
    for what, two, one, ratio, goal in _found(_QUEUE_SECOND, lines):
        rows.append(
            at_least(f"jobs: {what}", (_value(two), "/s"), ("one worker", _value(one)), _value(ratio), _value(goal))
        )
    return rows


def _found(pattern: re.Pattern[str], lines: list[str]) -> list[tuple[str, ...]]:
    return [match.groups() for line in lines if (match := pattern.fullmatch(line))]


def _value(text: str) -> float:
    return float(text.replace(",", ""))


_READERS: Mapping[str, Callable[[list[str]], list[Any]]] = {"mapping": _mapping, "soap": _soap, "queue": _queue}
