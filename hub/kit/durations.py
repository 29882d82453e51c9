"""Durations as people write them in configuration: `30s`, `15m`, `1h30m`, `2d`."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_DURATION = re.compile(r"(?:(\d{1,4})d)?(?:(\d{1,4})h)?(?:(\d{1,5})m)?(?:(\d{1,6})s)?", re.ASCII)
_HELP = "write a duration longer than zero with units, largest first, such as 30s, 15m, 1h30m or 2d"


def parse_duration(text: Any) -> timedelta:
    """The timedelta that `text` writes; a timedelta is passed through. Raises ValueError with an example."""
    if isinstance(text, timedelta):
        duration = text
    elif isinstance(text, str) and (match := _DURATION.fullmatch(text.strip())):
        days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
        duration = timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds)
    else:
        raise ValueError(f"{text!r} is not a duration: {_HELP}")
    if duration <= timedelta():
        raise ValueError(f"{text!r} is not longer than zero: {_HELP}")
    return duration


def format_duration(duration: timedelta) -> str:
    """`1h30m`; fractions of a second only below a minute (`0.25s`)."""
    if duration < timedelta(minutes=1):
        return f"{duration.total_seconds():g}s"
    seconds = round(duration.total_seconds())
    parts = (
        (seconds // 86400, "d"),
        (seconds // 3600 % 24, "h"),
        (seconds // 60 % 60, "m"),
        (seconds % 60, "s"),
    )
    return "".join(f"{number}{unit}" for number, unit in parts if number)


Duration = Annotated[
    timedelta,
    BeforeValidator(parse_duration),
    PlainSerializer(format_duration, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^(\d+d)?(\d+h)?(\d+m)?(\d+s)?$", "examples": ["15m", "1h30m"]}),
]
