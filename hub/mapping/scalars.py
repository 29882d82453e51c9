"""Single values as documents hold them: texts in XML; texts, numbers and booleans in JSON."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

Convert = Callable[[str], Any]
"""From a text to a value, None for a blank one; raises ValueError."""

_LONGEST_SHOWN = 60


def shorten(text: str) -> str:
    return text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…"


def outline(text: str) -> str:
    """What a text looks like without what it says: `Xxxx 99.9.`; drift reports hold no personal data."""
    short = shorten(" ".join(text.split()))
    return "".join(
        "9" if sign.isdigit() else "X" if sign.isupper() else "x" if sign.isalpha() else sign for sign in short
    )


def text_of(value: Any) -> str:
    """A JSON scalar as the text a converter reads. Raises ValueError for anything else."""
    if isinstance(value, str):
        return _storable(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float) and math.isfinite(value):
        return format(Decimal(repr(value)), "f")
    if isinstance(value, Decimal) and value.is_finite():
        return format(value, "f")
    what = "an object" if isinstance(value, dict) else "a list" if isinstance(value, list) else repr(value)
    raise ValueError(f"{what} stands where one value is expected")


def _storable(text: str) -> str:
    """JSON can hold what neither UTF-8 nor PostgreSQL can: half a surrogate pair, and the character NUL."""
    if "\0" in text:
        raise ValueError("has the character NUL in it")
    if not text.isascii():
        try:
            text.encode()
        except UnicodeEncodeError:
            raise ValueError("has half a surrogate pair in it") from None
    return text


def for_json(convert: Convert) -> Callable[[Any], Any]:
    """`convert` for values of JSON."""

    def from_json(value: Any) -> Any:
        return convert(text_of(value))

    return from_json


def shown(value: Any) -> str | None:
    """Any value of a document, as a problem shows it."""
    if value is None:
        return None
    if isinstance(value, dict):
        return f"an object of {len(value)} keys"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return shorten(value if isinstance(value, str) else str(value))
