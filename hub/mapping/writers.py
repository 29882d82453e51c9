"""Converters turned round: from a value of ours to what a back office reads, exact or an error.

A writer is made once per place from the same options as its converter, and what it writes is read back by that very
converter: where the two differ nothing is sent. It raises ValueError with a sentence that fits behind the field's
name and quotes no value.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from hub.kernel.money import Money
from hub.kit import encodings, identifiers
from hub.kit.transliteration import serbian_latin
from hub.mapping import amount_writers as amounts
from hub.mapping import times
from hub.mapping.converters import CONVERTERS, Options

# What XML 1.0 cannot hold in any form (production Char), but for the surrogates.
_FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")

Write = Callable[[Any], Any]
"""From a value of ours, which is not None, to what is sent; None for a blank text."""


@dataclass(frozen=True, slots=True)
class Writer:
    """`money`: it writes amounts. `options` are those that only writing has; its converter's own hold too."""

    make: Callable[[Options], Write]
    money: bool = False
    options: Mapping[str, str] = field(default_factory=dict)


def plainly(value: Any, timezone: ZoneInfo) -> Any:
    """A value for which no converter is named, by what it is. Raises ValueError for what needs one."""
    if isinstance(value, bool) or value.__class__ is int or isinstance(value, bytes):
        return value
    if isinstance(value, str):
        return _sendable(value)
    if isinstance(value, datetime):
        return _iso_moment(value, timezone)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):  # noqa: PLR0124  (NaN is not equal to itself)
            raise ValueError("is not a number")
        return value
    if isinstance(value, (int, UUID, Decimal)):
        return format(value, "f") if isinstance(value, Decimal) else str(value) if isinstance(value, UUID) else value
    if isinstance(value, Money):
        raise ValueError("is an amount; add `as: decimal` and `currency:`")  # noqa: TRY004
    if isinstance(value, (list, tuple)):
        raise ValueError("is a list; repeat it with `each`")  # noqa: TRY004
    raise ValueError("is a block of values; name one inside it, or for texts by language add `language:`")


def _sendable(text: str) -> str | None:
    """A text as it is, with every letter and space; None where there is nothing but white space."""
    if not text.isprintable() and _FORBIDDEN.search(text):
        raise ValueError("has control characters in it, which no document can carry")
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ValueError("has half a surrogate pair in it") from None
    return text if text.strip() else None


def _text(options: Options) -> Write:
    encoding = encodings.check(name) if (name := options.text("encoding")) else None

    def write(value: Any) -> str | None:
        if isinstance(value, bool):
            raise ValueError("is a boolean; add `as: boolean`, or a table")  # noqa: TRY004
        plain = plainly(value, options.timezone)
        if isinstance(plain, bytes):
            raise ValueError("is a document; add `as: base64`")  # noqa: TRY004
        if plain is None:
            return None
        if encoding is not None:
            encodings.encode(str(plain), encoding)
        return str(plain)

    return write


def _integer(options: Options) -> Write:
    read = CONVERTERS["integer"].make(options)

    def write(value: Any) -> int | None:
        if isinstance(value, bool) or not isinstance(value, (int, str)):
            raise ValueError("is not a whole number")  # noqa: TRY004
        try:
            number: int | None = read(str(value))
        except ValueError:
            raise ValueError("is not a whole number of at most 64 bits") from None
        return number

    return write


def _year(options: Options) -> Write:
    if options.text("format") is not None:
        raise ValueError("format is not for writing: a year has no day")
    read = CONVERTERS["year"].make(options)

    def write(value: Any) -> int | None:
        try:
            year: int | None = read(value.isoformat() if isinstance(value, date) else str(value))
        except ValueError:
            raise ValueError("is not a year") from None
        return year

    return write


def _boolean(options: Options) -> Write:
    read = CONVERTERS["boolean"].make(options)
    words = {meant: _first_word(options, meant=meant) for meant in (True, False)}
    for meant, word in words.items():
        if read(str(word).lower() if isinstance(word, bool) else word) is not meant:
            raise ValueError(f"{word} does not say {str(meant).lower()}")

    def write(value: Any) -> Any:
        if not isinstance(value, bool):
            raise ValueError("is neither true nor false")  # noqa: TRY004
        return words[value]

    return write


def _first_word(options: Options, *, meant: bool) -> Any:
    """The first of the words written; where only those for the other are, the one XML Schema has."""
    name, other = ("true", "false") if meant else ("false", "true")
    given = options.values.get(name)
    if given is None:
        return meant if options.values.get(other) is None else name
    return str(given[0] if isinstance(given, list) else given)


def _date(options: Options) -> Write:
    pattern = options.text("format")
    read = CONVERTERS["date"].make(options)
    put = times.date_writer(pattern, options.whole("pivot"))

    def write(value: Any) -> Any:
        day = _day(value, options.timezone)
        text = put(day)
        if _read_back(read, str(text)) != day:
            raise ValueError(f"cannot be written as {pattern or 'ISO 8601'} without loss")
        return text

    return write


def _day(value: Any, timezone: ZoneInfo) -> date:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value) if "T" in value else date.fromisoformat(value)
        except ValueError:
            raise ValueError("is not a date") from None
    if isinstance(value, datetime):
        return (value.astimezone(timezone) if value.tzinfo else value).date()
    if isinstance(value, date):
        return value
    raise ValueError("is not a date")


def _datetime(options: Options) -> Write:
    pattern = options.text("format")
    zone = times.zone(name) if (name := options.text("timezone")) else options.timezone
    read = CONVERTERS["datetime"].make(options)
    put, unit = times.datetime_writer(pattern, zone, options.whole("pivot"))

    def write(value: Any) -> Any:
        moment = _moment(value)
        text = put(moment)
        back = _read_back(read, str(text))
        # What is finer than the format says is cut off, and nothing else is lost.
        if back is None or not back <= moment < back + unit:
            raise ValueError(f"cannot be written as {pattern or 'ISO 8601'} without meaning another moment")
        return text

    return write


def _moment(value: Any) -> datetime:
    if isinstance(value, str):
        try:
            value = datetime.fromisoformat(value)
        except ValueError:
            raise ValueError("is not a moment") from None
    if not isinstance(value, datetime) or value.tzinfo is None:
        raise ValueError("is not a moment with an offset")
    return value.astimezone(UTC)


def _iso_moment(moment: datetime, timezone: ZoneInfo) -> str:
    if moment.tzinfo is None:
        raise ValueError("is not a moment with an offset")
    return moment.astimezone(timezone).isoformat()


def _checked(name: str) -> Callable[[Options], Write]:
    """Texts that a converter checks and normalises: references and identifiers."""

    def make(options: Options) -> Write:
        read = CONVERTERS[name].make(options)

        def write(value: Any) -> str | None:
            if not isinstance(value, str):
                raise ValueError("is not a text")  # noqa: TRY004
            try:
                text: str | None = read(value)
            except ValueError:
                what = options.values.get("scheme", name)
                raise ValueError(f"is not a {what}") from None
            return text

        return write

    return make


def _identifier(options: Options) -> Write:
    check = _checked("identifier")(options)
    known = identifiers.NATIONAL.get(str(options.text("scheme")))
    if not options.flag("separators"):
        return check
    if known is None or known.separated is None:
        raise ValueError(f"separators: {options.text('scheme')} is written without any")
    separated = known.separated

    def write(value: Any) -> str | None:
        text = check(value)
        return None if text is None else separated(text)

    return write


def _serbian_latin(options: Options) -> Write:
    text = _text(options)

    def write(value: Any) -> str | None:
        plain = text(value)
        return None if plain is None else serbian_latin(plain)

    return write


def _base64(_options: Options) -> Write:
    def write(value: Any) -> str:
        if not isinstance(value, (bytes, bytearray, memoryview)):
            raise ValueError("is not a document (bytes)")  # noqa: TRY004
        return base64.b64encode(value).decode("ascii")

    return write


def _read_back(read: Callable[[str], Any], text: str) -> Any:
    try:
        return read(text)
    except ValueError:
        return None


WRITERS: Mapping[str, Writer] = {
    "text": Writer(
        _text, options={"encoding": "Of what the back office can keep, such as `windows-1250`; else it is refused."}
    ),
    "integer": Writer(_integer),
    "year": Writer(_year),
    "boolean": Writer(_boolean),
    "date": Writer(_date),
    "datetime": Writer(_datetime),
    "decimal": Writer(
        amounts.amount("decimal", amounts.decimal),
        money=True,
        options={"number": "`true`: a number of JSON, not a text."},
    ),
    "decimal_comma": Writer(amounts.amount("decimal_comma", amounts.decimal_comma), money=True),
    "minor_units": Writer(amounts.amount("minor_units", amounts.in_minor_units), money=True),
    "base64": Writer(_base64),
    **{name: Writer(_checked(name)) for name in ("hr_reference", "rs_reference", "cz_symbol", "iso11649")},
    "identifier": Writer(
        _identifier,
        options={"separators": "`true`: as people write it, such as `710319/2745` of a Czech birth number."},
    ),
    "serbian_latin": Writer(_serbian_latin),
}
"""By the name of the converter. `base64` writes only: what is read of a document goes to the blob store."""
