"""Values for the reader: the one place where amounts, texts, references and ages get their outward form."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from babel import Locale, UnknownLocaleError
from babel.dates import format_datetime
from babel.numbers import format_currency
from pydantic import BaseModel, Field

from hub.back_offices.freshness import FeedFreshness
from hub.cities.model import City
from hub.kernel.freshness import Freshness, FreshnessStatus
from hub.kernel.ids import public_id
from hub.kernel.money import minor_units
from hub.kernel.text import choose, choose_language, preferred_languages
from portal_api import source_texts


class Amount(BaseModel):
    """Whole minor units; `text` is for reading and never for calculating."""

    minor: int = Field(examples=[125000])
    currency: str = Field(examples=["EUR"])
    text: str = Field(examples=["1.250,00 €"])


class Named(BaseModel):
    id: str = Field(examples=["grad"])
    name: str = Field(examples=["Grad Pregrada"])


class ReferenceOut(BaseModel):
    scheme: str = Field(examples=["hr.poziv_na_broj"])
    label: str = Field(examples=["Model i poziv na broj"])
    value: str = Field(examples=["HR68 5720-87892589782"])


class SourceFreshness(BaseModel):
    """How far this part can be trusted."""

    status: str = Field(examples=["stale"], pattern="^(fresh|stale|unavailable)$")
    as_of: datetime | None = Field(default=None, description="the figures are true for this moment")
    since: datetime | None = Field(default=None, description="stale or failing since")
    because: str | None = Field(default=None, examples=["back_office_down"])


class SourceOut(BaseModel):
    """One back office's part of an answer."""

    back_office: str = Field(examples=["financije"])
    feed: str = Field(examples=["obligations"])
    name: str = Field(examples=["Financijska kartica"])
    freshness: SourceFreshness
    says: str = Field(
        description="the same in plain words, in the reader's language",
        examples=["Podaci sustava „Financijska kartica”: stanje 21. 11. 2026. 13:50."],
    )
    complete: bool = Field(description="whether an absence here means that there is none")
    caught_up_to: datetime | None = Field(default=None, description="payments up to here are counted by the source")


# Labels as they are printed on slips and files; anything else is shown by its value alone.
_LABELS: dict[str, dict[str, str]] = {
    "hr.poziv_na_broj": {"hr": "Model i poziv na broj", "en": "Model and reference number"},
    "cz.variable_symbol": {"cs": "Variabilní symbol", "en": "Variable symbol"},
    "cz.specific_symbol": {"cs": "Specifický symbol", "en": "Specific symbol"},
    "cz.constant_symbol": {"cs": "Konstantní symbol", "en": "Constant symbol"},
    "iso11649": {"en": "RF creditor reference"},
    "rs.poziv_na_broj": {"sr": "Позив на број", "en": "Reference number"},
    "hr.klasa": {"hr": "KLASA", "en": "KLASA"},
    "hr.urbroj": {"hr": "URBROJ", "en": "URBROJ"},
    "cz.cj": {"cs": "Číslo jednací", "en": "File number"},
    "cz.spzn": {"cs": "Spisová značka", "en": "File mark"},
}


class Reader:
    """Who reads: the languages wanted, and the town's own one that the answer as a whole is in."""

    __slots__ = ("city", "language", "wanted")

    def __init__(self, city: City, accept_language: str | None) -> None:
        self.city = city
        # Cut before it is remembered: what browsers send has some fifty characters, what others send has any number.
        self.wanted = _wanted(accept_language[:200] if accept_language else None)
        self.language = _language((*city.languages, "en"), self.wanted, city.language) or "en"

    def text(self, texts: Mapping[str, str] | None) -> str | None:
        """The text in the reader's language; None stays None."""
        return None if texts is None else self._choose(texts)

    def _choose(self, texts: Mapping[str, str]) -> str:
        language = _language(tuple(texts), self.wanted, self.city.language)
        return texts[language] if language else ""

    def amount(self, minor: int | None, currency: str) -> dict[str, Any] | None:
        if minor is None:
            return None
        return {"minor": minor, "currency": currency, "text": _money(minor, currency, self.language)}

    def references(self, stored: Sequence[Mapping[str, str]]) -> list[dict[str, str]]:
        return [
            {
                "scheme": one["scheme"],
                "label": _label(one["scheme"], self.language, self.city.language),
                "value": one["value"],
            }
            for one in stored
        ]

    def named(self, id_: str | None, of: Mapping[str, Any]) -> dict[str, str] | None:
        """A payee or department; one that has left the configuration is shown by its id."""
        if id_ is None:
            return None
        found = of.get(id_)
        if found is None:
            return {"id": id_, "name": id_}
        return {"id": id_, "name": self._choose(getattr(found, "name", found))}

    def source(self, one: FeedFreshness) -> dict[str, Any]:
        freshness = one.freshness
        office = one.feed.office
        return {
            "back_office": one.feed.back_office,
            "feed": one.feed.feed,
            "name": self._choose(office.name),
            "freshness": {
                "status": freshness.status,
                "as_of": moment(freshness.as_of),
                "since": moment(freshness.since),
                "because": freshness.because,
            },
            "says": self._says(one),
            "complete": one.complete,
            "caught_up_to": moment(one.caught_up_to),
        }

    def _says(self, one: FeedFreshness) -> str:
        freshness, office = one.freshness, one.feed.office
        of = [_state(freshness)]
        # A source that does not answer does not take anything either; what is sent meanwhile is kept here.
        if of[0] in (source_texts.NOT_ANSWERING, source_texts.NOTHING_KNOWN) and office.deliveries:
            of.append(source_texts.WHAT_YOU_SEND)
        return " ".join(self._words(texts, office.name, freshness) for texts in of)

    def _words(self, texts: source_texts.Texts, office: Mapping[str, str], freshness: Freshness) -> str:
        language = _language(tuple(texts), self.wanted, self.city.language) or "en"
        times = {
            name: _written(at.replace(second=0, microsecond=0), self.city.timezone, language) if at else ""
            for name, at in (("as_of", freshness.as_of), ("since", freshness.since))
        }
        return texts[language].format(office=self._choose(office), **times)


def _state(freshness: Freshness) -> source_texts.Texts:
    """The text for how a source stands."""
    if freshness.status is FreshnessStatus.FRESH:
        return source_texts.FRESH
    if freshness.because == "no_identifier":
        return source_texts.NO_IDENTIFIER
    if freshness.as_of is None:
        return source_texts.NEVER_READ if freshness.since is None else source_texts.NOTHING_KNOWN
    plain = {
        "too_old": source_texts.TOO_OLD,
        "unreadable_records": source_texts.UNREADABLE,
        "never_read": source_texts.UNREADABLE,  # for one of several identifiers
    }
    return plain.get(freshness.because or "too_old", source_texts.NOT_ANSWERING)


def moment(at: datetime | None) -> str | None:
    """RFC 3339 in UTC, to the second; `at` is in UTC."""
    return None if at is None else at.isoformat()[:19] + "Z"


def outward(prefix: str, uuid: UUID | str) -> str:
    return public_id(prefix, uuid)


# An account has dozens of texts in the same few sets of languages, and most readers ask for the same few.
@lru_cache(maxsize=1_000)
def _wanted(accept_language: str | None) -> tuple[str, ...]:
    return tuple(preferred_languages(accept_language))


@lru_cache(maxsize=10_000)
def _language(available: tuple[str, ...], wanted: tuple[str, ...], default: str) -> str | None:
    return choose_language(dict.fromkeys(available), wanted, default)


@lru_cache(maxsize=1_000)
def _label(scheme: str, language: str, default: str) -> str:
    return choose(_LABELS.get(scheme, {"": ""}), [language], default)


_CLOCKS = {"en": "en-GB"}
"""Whose way of writing a time: English is read here by Europeans, who have no 2:05 PM."""


# All who look within a minute are told of the same few reads.
@lru_cache(maxsize=10_000)
def _written(at: datetime, timezone: ZoneInfo, language: str) -> str:
    return str(format_datetime(at, "short", tzinfo=timezone, locale=_locale(_CLOCKS.get(language, language))))


@lru_cache(maxsize=64)
def _locale(language: str) -> Locale:
    try:
        return Locale.parse(language.replace("-", "_"))
    except (UnknownLocaleError, ValueError):
        return Locale("en")


# Fees and instalments are the same few amounts again and again.
@lru_cache(maxsize=10_000)
def _money(minor: int, currency: str, language: str) -> str:
    """CLDR's pattern with the decimals of ISO 4217: CLDR would round RSD to whole dinars."""
    form = _money_form(currency, language)
    return _by_babel(minor, minor_units(currency), currency, language) if form is None else form.write(minor)


def _by_babel(minor: int, digits: int, currency: str, language: str) -> str:
    amount = Decimal(minor).scaleb(-digits)
    return str(format_currency(amount, currency, locale=_locale(language), currency_digits=False))


class _MoneyForm(NamedTuple):
    """How amounts of one currency are written in one language: what Babel writes, without asking it every time."""

    digits: int
    group: str
    mark: str
    positive: tuple[str, str]
    negative: tuple[str, str]

    def write(self, minor: int) -> str:
        digits, group, mark, positive, negative = self
        before, after = positive if minor >= 0 else negative
        whole, part = divmod(abs(minor), 10**digits)
        fraction = f"{mark}{part:0{digits}}" if digits else ""
        return f"{before}{f'{whole:,}'.replace(',', group)}{fraction}{after}"


_SAMPLE = 123456789
_WRITTEN = re.compile(r"(?P<before>\D*)1(?P<group>\D*)234(?P=group)567(?P<mark>\D+)89(?P<after>\D*)")


@lru_cache(maxsize=256)
def _money_form(currency: str, language: str) -> _MoneyForm | None:
    """Read off two samples; None where the language does not group by three digits (India)."""
    positive, negative = (_WRITTEN.fullmatch(_by_babel(minor, 2, currency, language)) for minor in (_SAMPLE, -_SAMPLE))
    if positive is None or negative is None:
        return None
    form = _MoneyForm(
        minor_units(currency),
        positive["group"],
        positive["mark"],
        (positive["before"], positive["after"]),
        (negative["before"], negative["after"]),
    )
    # Some languages begin to group at five digits.
    alike = all(
        form._replace(digits=2).write(minor) == _by_babel(minor, 2, currency, language)
        for minor in (0, 5, 99999, -123456, 1234567)
    )
    return form if alike else None
