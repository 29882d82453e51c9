"""Named converters: from a text of the source to a value of the city, exact or an error.

A converter is made once per field from its options and then called with a text, not stripped. It returns
None for a blank text and raises ValueError with a sentence that fits behind the field's name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from hub.kit import identifiers
from hub.kit.transliteration import serbian_latin
from hub.mapping import amounts, times
from hub.mapping import reference_converters as references
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

    def whole(self, name: str) -> int | None:
        value = self.values.get(name)
        if value is not None and (isinstance(value, bool) or not isinstance(value, int)):
            raise ValueError(f"{name} is not a whole number")
        return value

    def flag(self, name: str) -> bool:
        value = self.values.get(name, False)
        if not isinstance(value, bool):
            raise ValueError(f"{name} is neither true nor false")  # noqa: TRY004
        return value

    def words(self, name: str) -> frozenset[str] | None:
        return frozenset(words) if (words := self.words_in_order(name)) else None

    def words_in_order(self, name: str) -> list[str]:
        value = self.values.get(name)
        if value is None:
            return []
        words = value if isinstance(value, list) else [value]
        if not words or not all(isinstance(word, (str, int)) and not isinstance(word, bool) for word in words):
            raise ValueError(f"{name} is not a list of words")
        return [str(word) for word in words]


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
    return times.date_reader(options.text("format"), options.timezone, options.whole("pivot"))


def _datetime(options: Options) -> Convert:
    return times.datetime_reader(options.text("format"), _zone(options), options.whole("pivot"))


def _year(options: Options) -> Convert:
    return times.year_reader(options.text("format"), options.whole("pivot"))


def _zone(options: Options) -> ZoneInfo:
    name = options.text("timezone")
    return times.zone(name) if name else options.timezone


def _serbian_latin(options: Options) -> Convert:  # noqa: ARG001
    def convert(text: str) -> str | None:
        return serbian_latin(text.strip()) or None

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


_FORMAT = {
    "format": "As in strptime, such as `%d.%m.%Y`, or one of `excel`, `dotnet`, `unix`, `unix_ms`; "
    "ISO 8601 where there is none.",
    "pivot": "The first of the hundred years that two digits (`%y`) stand for, such as 1950.",
}
_MARKED = {
    "group": "What stands between groups of three digits.",
    "negative": "Marks in the text that say credit, such as `CR`.",
    "positive": "Marks that say debit; with them an amount without a mark is refused.",
}

CONVERTERS: Mapping[str, Converter] = {
    "text": Converter(Kind.TEXT, "The text, without white space around it.", lambda _: text_or_none),
    "decimal": Converter(
        Kind.MONEY,
        "`1250.00`; with `group: ','` also `1,250.00`.",
        lambda o: amounts.marked(amounts.decimal_point(o.text("group")), o.words("negative"), o.words("positive")),
        _MARKED,
    ),
    "decimal_comma": Converter(
        Kind.MONEY,
        "`1.250,00`, `1 250,00` or `1250,00`.",
        lambda o: amounts.marked(amounts.decimal_comma(o.text("group")), o.words("negative"), o.words("positive")),
        _MARKED,
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
        Kind.TEXT,
        "Croatian model and number: `HR01 123-456-789`, from `01 123-456-789` too.",
        lambda o: references.hr_reference(check=o.flag("check")),
        {"check": "`true`: check digits are verified by the model's rule."},
    ),
    "rs_reference": Converter(
        Kind.TEXT,
        "Serbian model and number: `97 20-12345`, check digits of models 97 and 22 verified.",
        lambda _: references.rs_reference(),
    ),
    "serbian_latin": Converter(Kind.TEXT, "Serbian text in Latin script, from Cyrillic too.", _serbian_latin),
    "cz_symbol": Converter(
        Kind.TEXT, "A Czech payment symbol: up to 10 digits, zeros kept.", lambda _: references.cz_symbol()
    ),
    "iso11649": Converter(
        Kind.TEXT, "A creditor reference `RF…`, checked, without spaces.", lambda _: references.iso11649()
    ),
    "identifier": Converter(
        Kind.TEXT,
        "An identifier, checked and normalised by its scheme.",
        _identifier,
        {"scheme": "Such as `hr.oib`, `cz.ico`, or `<back office>.<name>`."},
    ),
}

BY_REFERENCE_SCHEME = {
    "hr.poziv_na_broj": "hr_reference",
    "rs.poziv_na_broj": "rs_reference",
    "cz.variable_symbol": "cz_symbol",
    "cz.specific_symbol": "cz_symbol",
    "cz.constant_symbol": "cz_symbol",
    "iso11649": "iso11649",
}
"""The converter a reference gets where its mapping names none."""
