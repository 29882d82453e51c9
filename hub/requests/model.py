"""The one kind of request and its states: those of every matter; at the office it goes on and so waits there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from hub.cases.model import PublicStatus
from hub.matters.model import Kind, statuses

PROBLEM_REPORT = Kind("problem_report", "request", statuses(registered=PublicStatus.WAITING_FOR_OFFICE))
KINDS = (PROBLEM_REPORT,)

LONGEST_TEXT = 3_000
LONGEST_ADDRESS = 300
MOST_PHOTOS = 6


@dataclass(frozen=True, slots=True)
class Place:
    """A point (WGS 84, degrees), an address in words, or both."""

    lat: float | None = None
    lon: float | None = None
    address: str | None = None

    def as_json(self) -> dict[str, Any]:
        """What is known of it: `{lat, lon, address}` without what is not."""
        known = {"lat": self.lat, "lon": self.lon, "address": self.address}
        return {name: value for name, value in known.items() if value is not None}


@dataclass(frozen=True, slots=True)
class Report:
    """What a citizen reports. `category`: a key of `problems` in city.yaml; `photos`: files she uploaded before."""

    category: str
    text: str
    place: Place
    photos: Sequence[UUID] = ()


@dataclass(frozen=True, slots=True)
class Reported:
    """Her own words and the place, as kept."""

    text: str
    place: Place
