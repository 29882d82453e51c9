"""Values that blocks of city.yaml have in common, each with what a wrong one should have been."""

from __future__ import annotations

import re
from datetime import time
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict
from stdnum import iban
from stdnum.exceptions import ValidationError as StdnumError

from hub.kernel.money import NotExact, minor_units

_SLUG = re.compile(r"[a-z0-9]+(?:[_-][a-z0-9]+)*\Z")
_HOST = re.compile(
    r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?\Z"
)


def _slug(text: str) -> str:
    if not _SLUG.match(text):
        raise ValueError("use lower-case letters, digits, '-' and '_', such as 'pregrada'")
    return text


def _timezone(value: object) -> object:
    try:
        return ZoneInfo(str(value))
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:  # OSError: the name of a folder, such as Europe
        raise ValueError(f"{value!r} is not a time zone; write one such as Europe/Zagreb") from error


def _currency(text: str) -> str:
    try:
        minor_units(text)
    except NotExact as error:
        raise ValueError(f"{text!r} is not a currency; write its ISO 4217 code, such as EUR") from error
    return text


def _account(text: str) -> str:
    try:
        return str(iban.validate(text))
    except StdnumError as error:
        if not re.match(r"\s*[A-Za-z]{2}\s*\d\s*\d", text):
            raise ValueError(f"{text!r} is not an IBAN, which begins with a country and two digits (HR12…)") from error
        raise ValueError(f"{text!r} is not an IBAN: a digit or letter is missing, mistyped or too many") from error


def _clock_time(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", value):
        return time.fromisoformat(value)
    raise ValueError('write a time of day with hours and minutes, such as "03:30"')


def _host(text: str) -> str:
    if len(text) > 253 or not _HOST.match(text):
        raise ValueError(f"{text!r} is not a host name; write one such as moja.pregrada.hr, without https:// and port")
    return text.lower()


Slug = Annotated[str, AfterValidator(_slug)]
Currency = Annotated[str, AfterValidator(_currency)]
Account = Annotated[str, AfterValidator(_account)]
TimeZone = Annotated[ZoneInfo, BeforeValidator(_timezone)]
ClockTime = Annotated[time, BeforeValidator(_clock_time)]
Host = Annotated[str, AfterValidator(_host)]


class Strict(BaseModel):
    """A block of keys, without any other."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)
