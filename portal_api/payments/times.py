"""Times as a page writes them: in the town's zone, in the form of the page's language."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time, get_datetime_format


class When(NamedTuple):
    """`machine` is for the attribute of `<time>` (RFC 3339, or a day alone), `text` for the reader."""

    machine: str
    text: str


def moment(at: datetime, zone: ZoneInfo, language: str) -> When:
    """`21. studenoga 2026. 13:05`: the long form of the day, as short ones are read otherwise abroad."""
    form = str(get_datetime_format("long", locale=_locale(language))).replace("'", "")
    text = form.replace("{0}", clock(at, zone, language)).replace("{1}", day(at, zone, language).text)
    return When(at.astimezone(zone).isoformat(timespec="minutes"), text)


def day(at: datetime, zone: ZoneInfo, language: str) -> When:
    """The day alone: `21. studenoga 2026.` in Croatian."""
    local = at.astimezone(zone).date()
    return When(local.isoformat(), format_date(local, format="long", locale=_locale(language)))


def clock(at: datetime, zone: ZoneInfo, language: str) -> str:
    """The time alone: `13:05`."""
    return format_time(at.astimezone(zone).time(), format="short", locale=_locale(language))


def _locale(language: str) -> str:
    # English is read here by Europeans, who write the day before the month and have no 2:05 PM.
    return "en_GB" if language == "en" else language.replace("-", "_")
