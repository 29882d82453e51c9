"""Single values as documents hold them: texts in XML; texts, numbers and booleans in JSON."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

Convert = Callable[[str], Any]
"""From a text to a value, None for a blank one; raises ValueError."""

_LONGEST_SHOWN = 60
_LARGEST_EXPONENT = 400  # Binary fractions end before; `1e999999` would become a text of a million digits.


def printable(text: str) -> str:
    """`text` as it may be kept in a report: JSON can hold characters that PostgreSQL and UTF-8 cannot."""
    return text if text.isprintable() else "".join(sign if sign.isprintable() else "\ufffd" for sign in text)


def shorten(text: str) -> str:
    """The start of a text, to be shown."""
    return printable(text if len(text) <= _LONGEST_SHOWN else text[: _LONGEST_SHOWN - 1] + "…")


def outline(text: str) -> str:
    """What a text looks like without what it says: `Xxxx 99.9.`; drift reports hold no personal data."""
    short = shorten(" ".join(text[: 2 * _LONGEST_SHOWN].split()))
    return "".join(
        "9" if sign.isnumeric() else "X" if sign.isupper() else "x" if sign.isalpha() else sign for sign in short
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
    if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) <= _LARGEST_EXPONENT:
        return format(value, "f")
    what = "an object" if isinstance(value, dict) else "a list" if isinstance(value, list) else shorten(str(value))
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


def text_or_none(text: str) -> str | None:
    return text.strip() or None


def for_json(convert: Convert) -> Callable[[Any], Any]:
    """`convert` for values of JSON."""
    if convert is text_or_none:
        return _text_from_json

    def from_json(value: Any) -> Any:
        # What can be printed holds neither a NUL nor half a surrogate pair.
        return convert(value if value.__class__ is str and value.isprintable() else text_of(value))

    return from_json


def _text_from_json(value: Any) -> str | None:
    """As the general case, a call shorter: most fields are texts."""
    text = value if value.__class__ is str and value.isprintable() else text_of(value)
    return text.strip() or None


def shown(value: Any) -> str | None:
    """Any value of a document, as a problem shows it."""
    if value is None:
        return None
    if isinstance(value, dict):
        return f"an object of {len(value)} keys"
    if isinstance(value, list):
        return f"a list of {len(value)}"
    return shorten(value if isinstance(value, str) else str(value))
