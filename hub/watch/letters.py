"""What a message says, in the town's own language: what it is, how often and since when, whom it concerns, what to do.

Nothing in it is personal data: of an alert's detail only names of our configuration, codes and figures are taken, never
a text that a back office wrote.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path

import yaml
from babel import Locale
from babel.dates import format_datetime
from babel.units import format_unit

from hub.back_offices.model import Town
from hub.cities.model import City
from hub.intake.model import discreet
from hub.kernel.ids import public_id
from hub.kernel.text import choose, choose_language
from hub.watch.model import Item, Letter

FOLDER = Path(__file__).parent / "texts"
_IN_FULL = 20
"""Alerts of one message that are told in full; of the others, how many of each kind."""
_OTHER = "other"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The texts of one language; `kinds` have `title` and `do` each."""

    language: str
    locale: Locale
    texts: Mapping[str, str]
    kinds: Mapping[str, Mapping[str, str]]


@cache
def catalogues() -> Mapping[str, Catalogue]:
    """Every language there is, by its tag: `texts/<tag>.yaml`."""
    found = {}
    for file in sorted(FOLDER.glob("*.yaml")):
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        locale = Locale.parse({"en": "en_GB"}.get(file.stem, file.stem.replace("-", "_")))
        found[file.stem] = Catalogue(file.stem, locale, document["texts"], document["kinds"])
    return found


def catalogue_of(city: City) -> Catalogue:
    """The town's own language, else one of its others, else English."""
    return catalogues()[choose_language(catalogues(), city.languages, "en") or "en"]


def subject_of(catalogue: Catalogue, town: Town, items: Sequence[Item]) -> str:
    name = choose(town.city.name, [catalogue.language], town.city.language)
    if len(items) == 1:
        (item,) = items
        title = _title(catalogue, town, item)
        return catalogue.texts[f"subject_{item.what}"].format(town=name, title=title)
    return catalogue.texts["subject_many"].format(town=name, number=len(items))


def text_of(catalogue: Catalogue, town: Town, letter: Letter) -> str:
    """Paragraphs of plain text, those that are new first."""
    order = {"new": 0, "again": 1, "over": 2}
    items = sorted(letter.items, key=lambda one: order[one.what])
    told = ["\n".join(_lines(catalogue, town, item)) for item in items[:_IN_FULL]]
    if more := items[_IN_FULL:]:
        counted = Counter(_title(catalogue, town, item) for item in more)
        told.append("\n".join([catalogue.texts["more"], *(f"  {number} × {one}" for one, number in counted.items())]))
    told.append(catalogue.texts["look"].format(command=f"munihub alerts list --city {town.city.slug}"))
    return "\n\n".join(told) + "\n"


def _lines(catalogue: Catalogue, town: Town, item: Item) -> list[str]:
    alert, facts, texts = item.alert, item.facts, catalogue.texts
    title = _title(catalogue, town, item)
    since = _moment(catalogue, town, facts.since)
    lines = [texts[f"head_{item.what}"].format(title=title)]
    if alert.settled_at is not None:
        lines.append(texts["lasted"].format(since=since, duration=_duration(catalogue, alert.settled_at - facts.since)))
        return [*lines, f"  {public_id('alt', alert.alert_id)}"]
    lines.append(texts["since"].format(since=since, times=facts.times))
    if facts.affected:
        lines.append(texts["affected"].format(number=facts.affected))
    if addresses := alert.detail.get("addresses"):
        lines.append(texts["addresses"].format(number=addresses))
    if alert.about != alert.detail.get("back_office"):
        lines.append(texts["about"].format(about=discreet(alert.about)))
    if reason := alert.detail.get("reason"):
        lines.append(texts["reason"].format(reason=discreet(str(reason))))
    lines.extend(f"  {discreet(str(one))}" for one in alert.detail.get("steps", ()))
    lines.append(texts["do"].format(do=_kind(catalogue, alert.kind)["do"]))
    lines.append(f"  {public_id('alt', alert.alert_id)}")
    return lines


def _title(catalogue: Catalogue, town: Town, item: Item) -> str:
    detail = item.alert.detail
    office = town.city.back_offices.get(detail.get("back_office", ""))
    name = choose(office.name, [catalogue.language], town.city.language) if office else ""
    name = name or str(detail.get("back_office") or detail.get("eid") or detail.get("client") or item.alert.about)
    return _kind(catalogue, item.alert.kind)["title"].format(name=name)


def _kind(catalogue: Catalogue, kind: str) -> Mapping[str, str]:
    return catalogue.kinds.get(kind, catalogue.kinds[_OTHER])


def _moment(catalogue: Catalogue, town: Town, at: datetime) -> str:
    return format_datetime(at, "short", tzinfo=town.city.timezone, locale=catalogue.locale)


def _duration(catalogue: Catalogue, lasted: timedelta) -> str:
    """The two largest units: `2 d 5 h`, `14 min`."""
    minutes = max(int(lasted.total_seconds() // 60), 0)
    parts = (
        ("duration-day", minutes // 1440),
        ("duration-hour", minutes // 60 % 24),
        ("duration-minute", minutes % 60),
    )
    shown = [(unit, number) for unit, number in parts if number][:2] or [("duration-minute", 0)]
    return " ".join(format_unit(number, unit, length="short", locale=catalogue.locale) for unit, number in shown)
