"""Named converters: from a text of the source to a value of the city, exact or an error.

A converter is made once per field from its options and then called with a text, not stripped. It returns
None for a blank text and raises ValueError with a sentence that fits behind the field's name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from stdnum import iso11649

from hub.kit import identifiers
from hub.mapping import amounts, times
from hub.mapping.model import Kind
from hub.mapping.scalars import Convert, shorten, text_or_none

_LARGEST_INTEGER = 2**63 - 1  # PostgreSQL bigint
_SAFE_DIGITS = 18  # Any number of 18 digits fits into it.
_TRUE, _FALSE = frozenset({"true", "1"}), frozenset({"false", "0"})  # XML Schema Part 2, 3.2.2.1


class Options(NamedTuple):
    """What a converter is made from: the keys written beside `as`, and the zone of times without one."""

    values: Mapping[str, Any]
    timezone: ZoneInfo

    def text(self, name: str) -> str | None:
        value = self.values.get(name)
        if value is not None and not (isinstance(value, str) and value):
            raise ValueError(f"{name} is not a text")
        return value

    def words(self, name: str) -> frozenset[str] | None:
        value = self.values.get(name)
        if value is None:
            return None
        words = value if isinstance(value, list) else [value]
        if not words or not all(isinstance(word, (str, int)) and not isinstance(word, bool) for word in words):
            raise ValueError(f"{name} is not a list of words")
        return frozenset(str(word) for word in words)


@dataclass(frozen=True, slots=True)
class Converter:
    """`kind` is what comes out; a converter of text also serves localised texts, choices and references.

    `make` gives a Convert, and for amounts an AmountReader; it raises ValueError for an option it cannot use.
    `options` maps the keys it understands to what they say.
    """

    kind: Kind
    help: str
    make: Callable[[Options], Any]
    options: Mapping[str, str] = field(default_factory=dict)


def _integer(options: Options) -> Convert:  # noqa: ARG001  (the signature of every `make`)
    def convert(text: str) -> int | None:
        if text.isdigit() and text.isascii() and len(text) <= _SAFE_DIGITS:
            return int(text)
        plain = text.strip()
        if not plain:
            return None
        digits = plain[1:] if plain[0] in "+-" else plain
        if digits.isascii() and digits.isdigit() and len(digits) < 20 and abs(number := int(plain)) <= _LARGEST_INTEGER:
            return number
        raise ValueError(f"{shorten(plain)!r} is not a whole number")

    return convert


def _boolean(options: Options) -> Convert:
    true, false = options.words("true"), options.words("false")
    fold = true is None and false is None
    yes, no = true or _TRUE, false or _FALSE
    if both := yes & no:
        raise ValueError(f"{', '.join(sorted(both))} stands for true and for false")

    words = dict.fromkeys(yes, True) | dict.fromkeys(no, False)

    def convert(text: str) -> bool | None:
        if (known_word := words.get(text)) is not None:
            return known_word
        word = text.strip()
        if not word:
            return None
        folded = word.lower() if fold else word  # .NET writes True.
        if folded in words:
            return words[folded]
        known = ", ".join((*sorted(yes), *sorted(no)))
        raise ValueError(f"{shorten(word)!r} is neither true nor false (known: {known})")

    return convert


def _date(options: Options) -> Convert:
    return times.date_reader(options.text("format"), options.timezone)


def _datetime(options: Options) -> Convert:
    return times.datetime_reader(options.text("format"), _zone(options))


def _year(options: Options) -> Convert:
    return times.year_reader(options.text("format"))


def _zone(options: Options) -> ZoneInfo:
    name = options.text("timezone")
    return times.zone(name) if name else options.timezone


_HR_REFERENCE = re.compile(r"HR(?!99)\d\d \d{1,12}(?:-\d{1,12}){0,3}", re.ASCII)


def _hr_reference(options: Options) -> Convert:  # noqa: ARG001
    """Model and number: `HR01 123-456-789`. The layout is that of HUB's list of models: two digits of model;
    a number of up to 22 characters, in parts of up to 12 digits between hyphens. Model 99 has no number.
    Check digits are left to the payee's bank: references in use do not always pass them.
    """

    def convert(text: str) -> str | None:
        if len(text) <= 27 and _HR_REFERENCE.fullmatch(text):
            return text
        plain = " ".join(text.upper().split())
        if not plain:
            return None
        rest = plain[2:].lstrip() if plain.startswith("HR") else plain
        model, number = rest[:2], rest[2:].replace(" ", "")
        apart = plain.startswith("HR") or rest[2:3] in (" ", "")
        if not (apart and len(model) == 2 and model.isascii() and model.isdigit()):
            raise ValueError(f"{shorten(plain)!r} has no model in front of the number, such as HR01")
        if not number and model == "99":
            return "HR99"
        parts = number.split("-")
        good = len(number) <= 22 and len(parts) <= 4 and model != "99"
        if not good or not all(part.isascii() and part.isdigit() and len(part) <= 12 for part in parts):
            raise ValueError(f"{shorten(plain)!r} is not a model and a number of digits and hyphens")
        return f"HR{model} {number}"

    return convert


def _cz_symbol(options: Options) -> Convert:  # noqa: ARG001
    """A variable, specific or constant symbol: up to 10 digits (SPAYD, keys X-VS, X-SS, X-KS), zeros kept."""

    def convert(text: str) -> str | None:
        plain = "".join(text.split())
        if not plain:
            return None
        if len(plain) > 10 or not (plain.isascii() and plain.isdigit()):
            raise ValueError(f"{shorten(plain)!r} is not a symbol of up to 10 digits")
        return plain

    return convert


def _iso11649(options: Options) -> Convert:  # noqa: ARG001
    """A structured creditor reference, its check digits verified, without spaces (ISO 11649)."""

    def convert(text: str) -> str | None:
        if not text.strip():
            return None
        compact = iso11649.compact(text)
        if not compact[4:].isascii() or not iso11649.is_valid(compact):
            raise ValueError(f"{shorten(text.strip())!r} is not an ISO 11649 reference")
        return compact

    return convert


def _identifier(options: Options) -> Convert:
    scheme = options.text("scheme")
    if scheme is None:
        raise ValueError("scheme is missing")
    return identifier_reader(scheme)


def identifier_reader(scheme: str) -> Convert:
    """Normalises numbers of `scheme`; raises ValueError where there is no such scheme."""
    identifiers.check_scheme(scheme)

    def convert(text: str) -> str | None:
        return identifiers.normalise(scheme, text) if text.strip() else None

    return convert


_FORMAT = {"format": "As in strptime, such as `%d.%m.%Y`; ISO 8601 where there is none."}
_GROUP = {"group": "What stands between groups of three digits."}

CONVERTERS: Mapping[str, Converter] = {
    "text": Converter(Kind.TEXT, "The text, without white space around it.", lambda _: text_or_none),
    "decimal": Converter(
        Kind.MONEY,
        "`1250.00`; with `group: ','` also `1,250.00`.",
        lambda o: amounts.decimal_point(o.text("group")),
        _GROUP,
    ),
    "decimal_comma": Converter(
        Kind.MONEY,
        "`1.250,00`, `1 250,00` or `1250,00`.",
        lambda o: amounts.decimal_comma(o.text("group")),
        _GROUP,
    ),
    "minor_units": Converter(Kind.MONEY, "`125000`: a whole number of cents.", lambda _: amounts.in_minor_units),
    "integer": Converter(Kind.INTEGER, "A whole number of at most 64 bits.", _integer),
    "boolean": Converter(
        Kind.BOOLEAN,
        "`true`, `1`, `false`, `0`, in any case of letters; or exactly the words given.",
        _boolean,
        {"true": "Words that mean yes.", "false": "Words that mean no."},
    ),
    "date": Converter(Kind.DATE, "A date. Of a moment with an offset, the day it is in the town.", _date, _FORMAT),
    "datetime": Converter(
        Kind.DATETIME,
        "A moment, kept in UTC, with any number of digits of a second. Without an offset it is local time.",
        _datetime,
        {**_FORMAT, "timezone": "Where local times are from, such as `Europe/Zagreb`."},
    ),
    "year": Converter(Kind.INTEGER, "`2026`, or the year of a date.", _year, _FORMAT),
    "hr_reference": Converter(
        Kind.TEXT, "Croatian model and number: `HR01 123-456-789`, from `01 123-456-789` too.", _hr_reference
    ),
    "cz_symbol": Converter(Kind.TEXT, "A Czech payment symbol: up to 10 digits, zeros kept.", _cz_symbol),
    "iso11649": Converter(Kind.TEXT, "A creditor reference `RF…`, checked, without spaces.", _iso11649),
    "identifier": Converter(
        Kind.TEXT,
        "An identifier, checked and normalised by its scheme.",
        _identifier,
        {"scheme": "Such as `hr.oib`, `cz.ico`, or `<back office>.<name>`."},
    ),
}

BY_REFERENCE_SCHEME = {
    "hr.poziv_na_broj": "hr_reference",
    "cz.variable_symbol": "cz_symbol",
    "cz.specific_symbol": "cz_symbol",
    "cz.constant_symbol": "cz_symbol",
    "iso11649": "iso11649",
}
"""The converter a reference gets where its mapping names none."""
