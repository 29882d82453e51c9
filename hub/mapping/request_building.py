"""How the parts of a request are filled: what is noted on the way, and a single key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from hub.mapping.group import Complaint
from hub.mapping.our_record import OurPath, Scope
from hub.mapping.request_values import Made

MISSING = "is needed, and the record does not have it"
NIL = object()
"""Stands for `xsi:nil` while None stands for nothing."""


class Sent(NamedTuple):
    """One key of a request, as the preview shows it: its place, the paths of our record, what became of them."""

    place: str
    paths: tuple[str, ...]
    value: Any
    error: str | None


class Building(NamedTuple):
    """What is noted while one request is built; `sent` None where nobody looks."""

    faults: list[Complaint]
    sent: list[Sent] | None


Fill = Callable[[Scope, str, Building], Any]
"""What is sent for one key, None for nothing; faults are noted under the place given."""


def leaf(made: Made) -> Fill:
    """One key with one value."""

    def fill(scope: Scope, place: str, building: Building) -> Any:
        value, error = None, None
        try:
            value = made.make(scope)
            if value is None and made.required:
                error = MISSING
        except ValueError as refused:
            error = str(refused)
        if error is not None:
            building.faults.append(_complaint(made.paths, scope, place, error))
        if building.sent is not None:
            building.sent.append(Sent(place, tuple(path.shown(scope) for path in made.paths), value, error))
        return NIL if value is None and made.nil else value

    return fill


def _complaint(paths: tuple[OurPath, ...], scope: Scope, place: str, reason: str) -> Complaint:
    return Complaint(paths[0].shown(scope) if paths else place, place, None, reason)


def silently(make: Callable[[Scope], Any]) -> Callable[[Scope], Any]:
    """Of what fills a key beside another the fault is told once, by that one."""

    def get(scope: Scope) -> Any:
        try:
            return make(scope)
        except ValueError:
            return None

    return get


def refuse(building: Building, field: str, place: str, reason: str) -> None:
    """Notes a fault of a list or of one of its items."""
    building.faults.append(Complaint(field, place, None, reason))
    if building.sent is not None:
        building.sent.append(Sent(place, (field,), None, reason))
