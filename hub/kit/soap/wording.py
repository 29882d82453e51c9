"""How a schema says that texts are written: amounts with a comma, dates. For a first mapping only."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

from hub.kit.soap.shapes import Shape

# A pattern is a stranger's program: longer ones are not tried, and what they are tried with is short.
_LONGEST_PATTERN = 120
_DATES = {
    "31.12.2026.": "%d.%m.%Y.",
    "31.12.2026": "%d.%m.%Y",
    "31/12/2026": "%d/%m/%Y",
    "31-12-2026": "%d-%m-%Y",
    "20261231": "%Y%m%d",
}
_TIMES = {" 23:58:59": " %H:%M:%S", " 23:58": " %H:%M", "235859": "%H%M%S"}
_MOMENTS = {day + time: (_DATES[day] + _TIMES[time]) for day, time in product(_DATES, _TIMES)}
_SAID_DATE = re.compile(
    r"\bdd(?P<mark>[./-])mm(?P=mark)(?:yyyy|gggg|rrrr|aaaa|рррр|гггг)(?P<dot>\.(?=.))?"
    r"(?P<time> hh:mm(?P<s>:ss)?)?",
    re.IGNORECASE,
)
_SAID_COMMA = re.compile(
    r"(?<![\d.,])\d{1,3}(?:[. ]?\d{3})*,\d\d(?!\d)|decimaln\w* zarez|desetinn\w* čárk|decimal comma|virgul",
    re.IGNORECASE,
)


class Moment(NamedTuple):
    """`converter` is date or datetime."""

    converter: str
    format: str


@dataclass(frozen=True, slots=True)
class Wording:
    """What the schema lets expect of a text. `amount` is a converter of amounts, or None where it says nothing."""

    amount: str | None = None
    moment: Moment | None = None


def wording_of(shape: Shape) -> Wording:
    """Of a text, by the pattern of its type, else by its documentation; of anything else nothing."""
    if shape.base != "string" or shape.values:
        return Wording()
    said = shape.documentation or ""
    if (fits := _pattern(shape.pattern)) is not None:
        moments = [Moment("date", form) for text, form in _DATES.items() if fits.fullmatch(text)]
        moments += [Moment("datetime", form) for text, form in _MOMENTS.items() if fits.fullmatch(text)]
        if len(moments) == 1:
            return Wording(moment=moments[0])
        comma, point = (any(fits.fullmatch(text) for text in texts) for texts in (("12,50", "1250,00"), ("12.50",)))
        if comma != point and not moments:
            return Wording(amount="decimal_comma" if comma else "decimal")
    if found := _SAID_DATE.search(said):
        mark, time = found["mark"], found["time"]
        form = f"%d{mark}%m{mark}%Y{found['dot'] or ''}"
        if time:
            return Wording(moment=Moment("datetime", f"{form} %H:%M{':%S' if found['s'] else ''}"))
        return Wording(moment=Moment("date", form))
    return Wording(amount="decimal_comma" if _SAID_COMMA.search(said) else None)


def _pattern(text: str | None) -> re.Pattern[str] | None:
    if text is None or len(text) > _LONGEST_PATTERN:
        return None
    try:
        return re.compile(text)
    except re.error:
        return None  # XML Schema has words that Python has not, such as \i and \p.
