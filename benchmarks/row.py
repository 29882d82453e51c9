"""One line of the table: a figure of ours beside a floor or a peer of the same run, and the goal for their ratio."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """`ours` is (value, unit), `against` (who, value in the same unit).

    `ratio` is written so that `goal` reads from it: "≥ 0.8" or "≤ 1.2"; an empty goal is there for information.
    `met` is None without a goal, and where `note` says why there is no figure.
    """

    name: str
    ours: tuple[float, str] | None = None
    against: tuple[str, float] | None = None
    ratio: float | None = None
    goal: str = ""
    met: bool | None = None
    note: str = ""


def at_least(
    name: str, ours: tuple[float, str], against: tuple[str, float], ratio: float, goal: float, note: str = ""
) -> Row:
    """A row whose ratio should be `goal` or more."""
    return Row(name, ours, against, ratio, f"≥ {goal:g}", ratio >= goal, note)


def at_most(
    name: str, ours: tuple[float, str], against: tuple[str, float], ratio: float, goal: float, note: str = ""
) -> Row:
    """A row whose ratio should be `goal` or less."""
    return Row(name, ours, against, ratio, f"≤ {goal:g}", ratio <= goal, note)


def for_information(
    name: str, ours: tuple[float, str], against: tuple[str, float] | None = None, note: str = ""
) -> Row:
    """A row without a goal: ours divided by the other."""
    return Row(name, ours, against, ours[0] / against[1] if against else None, note=note)


def skipped(name: str, because: str) -> Row:
    """A row that could not be measured here."""
    return Row(name, note=f"skipped: {because}")
