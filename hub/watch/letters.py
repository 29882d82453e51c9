"""What a message says, in the town's own language: what it is, how often and since when, whom it concerns, what to do.

Nothing in it is personal data: of an alert's detail only names of our configuration, codes, our own ids and figures are
taken, never a text that a back office, a gateway or a bank wrote.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from babel import Locale
from babel.dates import format_datetime
from babel.numbers import format_currency
from babel.units import format_unit

from hub.alerts.model import Alert
from hub.back_offices.model import Town
from hub.cities.model import City
from hub.intake.model import discreet
from hub.kernel.ids import public_id
from hub.kernel.money import Money
from hub.kernel.text import choose, choose_language
from hub.postings.model import KIND as POSTING
from hub.watch.model import Item, Letter

FOLDER = Path(__file__).parent / "texts"
_IN_FULL = 20
"""Alerts of one message that are told in full; of the others, how many of each kind."""
_OTHER = "other"


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The texts of one language; `kinds` have `title` and `do` each, `postings` what is otherwise of them where it is
    about a posting.
    """

    language: str
    locale: Locale
    texts: Mapping[str, str]
    kinds: Mapping[str, Mapping[str, str]]
    postings: Mapping[str, Mapping[str, str]]


@cache
def catalogues() -> Mapping[str, Catalogue]:
    """Every language there is, by its tag: `texts/<tag>.yaml`."""
    found = {}
    for file in sorted(FOLDER.glob("*.yaml")):
        document = yaml.safe_load(file.read_text(encoding="utf-8"))
        locale = Locale.parse({"en": "en_GB"}.get(file.stem, file.stem.replace("-", "_")))
        found[file.stem] = Catalogue(file.stem, locale, **document)
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
    told = [
        "\n".join([*lines_of(catalogue, town, item), f"  {public_id('alt', item.alert.alert_id)}"])
        for item in items[:_IN_FULL]
    ]
    if more := items[_IN_FULL:]:
        counted = Counter(_title(catalogue, town, item) for item in more)
        told.append("\n".join([catalogue.texts["more"], *(f"  {number} × {one}" for one, number in counted.items())]))
    told.append(catalogue.texts["look"].format(command=f"munihub alerts list --city {town.city.slug}"))
    return "\n\n".join(told) + "\n"


def lines_of(catalogue: Catalogue, town: Town, item: Item) -> list[str]:
    """One alert: what it is, since when and how often, whom and what it concerns, what to do."""
    alert, facts, texts = item.alert, item.facts, catalogue.texts
    title = _title(catalogue, town, item)
    since = _moment(catalogue, town, facts.since)
    lines = [texts[f"head_{item.what}"].format(title=title)]
    if alert.settled_at is not None:
        lines.append(texts["lasted"].format(since=since, duration=_duration(catalogue, alert.settled_at - facts.since)))
        return lines
    lines.append(texts["since"].format(since=since, times=facts.times))
    if facts.affected:
        lines.append(texts["affected"].format(number=facts.affected))
    if addresses := alert.detail.get("addresses"):
        lines.append(texts["addresses"].format(number=addresses))
    lines.extend(_money_lines(catalogue, alert.detail))
    if alert.about not in (alert.detail.get("back_office"), alert.detail.get("gateway"), _name(catalogue, town, alert)):
        lines.append(texts["about"].format(about=discreet(alert.about)))
    # Gateways' alerts name the code `why`, the others `reason`.
    if reason := alert.detail.get("reason") or alert.detail.get("why"):
        lines.append(texts["reason"].format(reason=discreet(str(reason))))
    lines.append(texts["do"].format(do=_kind(catalogue, alert)["do"]))
    # What to do speaks of these as being below.
    lines.extend(f"  {discreet(str(one))}" for one in alert.detail.get("steps", ()))
    lines.extend(f"  {one['posting']}  {one['obligation']}" for one in alert.detail.get("latest", ()))
    return lines


def _money_lines(catalogue: Catalogue, detail: Mapping[str, Any]) -> list[str]:
    """How much it is about, of which payment, and how many differences or entries are left."""
    lines = []
    if amount := detail.get("amount"):
        money = Money(amount["minor"], amount["currency"])
        # With the decimals of ISO 4217: CLDR would round RSD to whole dinars.
        shown = format_currency(money.to_decimal(), money.currency, locale=catalogue.locale, currency_digits=False)
        lines.append(catalogue.texts["amount"].format(amount=shown))
    if payment := detail.get("payment"):
        lines.append(catalogue.texts["payment"].format(payment=payment))
    if number := detail.get("open") or detail.get("waiting"):
        lines.append(catalogue.texts["open"].format(number=number))
    return lines


def _title(catalogue: Catalogue, town: Town, item: Item) -> str:
    return _kind(catalogue, item.alert)["title"].format(name=_name(catalogue, town, item.alert))


def _name(catalogue: Catalogue, town: Town, alert: Alert) -> str:
    """Of the back office, gateway or payee that it is about, as the town calls it; else what stands in the alert."""
    city, detail = town.city, alert.detail
    for key, blocks in (("back_office", city.back_offices), ("gateway", city.gateways), ("payee", city.payees)):
        if block := blocks.get(detail.get(key, "")):
            return choose(block.name, [catalogue.language], city.language)
    named = (detail.get(key) for key in ("back_office", "eid", "client", "gateway", "payee"))
    return str(next(filter(None, named), alert.about))


def _kind(catalogue: Catalogue, alert: Alert) -> Mapping[str, str]:
    texts = catalogue.kinds.get(alert.kind, catalogue.kinds[_OTHER])
    if alert.detail.get("kind") == POSTING:
        return {**texts, **catalogue.postings.get(alert.kind, {})}
    return texts


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
