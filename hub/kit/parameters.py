"""What a connector sends with a call: constants of the mapping, and values that each call brings.

parameters:
  taxpayer: { alias: hr.oib }             the identifier of the subject asked about
  since:    { cursor: true }              what the last complete read left; left out of a first one
  id:       { record: Id }                in a `detail:`, what stands at this path of the record
  from:     { now: date, shift_years: -1, format: "%d.%m.%Y" }
  maxItems: 500
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, tzinfo
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any

from hub.kernel.errors import ConfigurationError
from hub.kit import identifiers

if TYPE_CHECKING:
    from hub.ports.back_office import Arguments

_LEFT_OUT = object()
_VERBS = ("alias", "cursor", "now", "record")
_MOMENTS = ("date", "datetime", "year")


def compile_parameters(spec: Any, *, timezone: tzinfo | None = None) -> Callable[[Arguments], Any]:
    """A function that fills `spec`, nested dicts and lists, for one call.

    A dict with `alias`, `cursor`, `now` or `record` stands for a value; everything else is sent as it is written. A
    key or list item whose value is a missing cursor is left out; if `spec` itself is one, the result is None.
    `now` is told in `timezone`, or where there is none in the zone of the arguments: `date` and `datetime`
    as ISO 8601 text unless `format` (strftime) says otherwise, `year` as a number.

    Raises ConfigurationError naming the key here; and when called, for an identifier the call does not bring.
    """
    fill = _compile(spec, "", timezone)

    def bind(arguments: Arguments) -> Any:
        value = fill(arguments)
        return None if value is _LEFT_OUT else value

    return bind


def aliases_needed(spec: Any) -> frozenset[str]:
    """The schemes of all identifiers that `spec` asks for."""
    if isinstance(spec, dict):
        if isinstance(scheme := spec.get("alias"), str):
            return frozenset({scheme})
        return frozenset().union(*(aliases_needed(part) for part in spec.values()))
    if isinstance(spec, list):
        return frozenset().union(*(aliases_needed(part) for part in spec))
    return frozenset()


def _compile(spec: Any, key: str, timezone: tzinfo | None) -> Callable[[Arguments], Any]:
    if isinstance(spec, dict):
        verbs = [verb for verb in _VERBS if verb in spec]
        return _value(verbs, spec, key, timezone) if verbs else _dict(spec, key, timezone)
    if isinstance(spec, list):
        parts = [_compile(part, f"{key}[{index}]", timezone) for index, part in enumerate(spec)]
        return lambda arguments: [value for part in parts if (value := part(arguments)) is not _LEFT_OUT]
    return lambda _: spec


def _dict(spec: Mapping[str, Any], key: str, timezone: tzinfo | None) -> Callable[[Arguments], Any]:
    parts = {name: _compile(part, f"{key}.{name}".lstrip("."), timezone) for name, part in spec.items()}
    return lambda arguments: {
        name: value for name, part in parts.items() if (value := part(arguments)) is not _LEFT_OUT
    }


def _value(verbs: list[str], spec: Mapping[str, Any], key: str, timezone: tzinfo | None) -> Callable[[Arguments], Any]:
    if len(verbs) > 1:
        raise ConfigurationError(f"has {' and '.join(verbs)}", key=key, remedy="Keep one of them.")
    verb, argument = verbs[0], spec[verbs[0]]
    allowed = (verb, "shift_years", "format") if verb == "now" else (verb,)
    for name in spec:
        if name not in allowed:
            near = get_close_matches(str(name), allowed, n=1)
            remedy = (
                f"Did you mean {near[0]!r}?" if near else f"Beside {verb!r} there may be: {', '.join(allowed[1:])}."
            )
            raise ConfigurationError(f"unknown key {name!r}", key=key, remedy=remedy if allowed[1:] else "Remove it.")
    if verb == "alias":
        return _alias(argument, key)
    if verb == "record":
        return _record(argument, key)
    if verb == "cursor":
        if argument is not True:
            raise ConfigurationError("cursor is not true", key=key, remedy="Write { cursor: true }.")
        return lambda arguments: _LEFT_OUT if arguments.cursor is None else arguments.cursor
    return _now(spec, key, timezone)


def _alias(scheme: Any, key: str) -> Callable[[Arguments], Any]:
    try:
        identifiers.check_scheme(str(scheme))
    except ValueError as error:
        raise ConfigurationError(str(error), key=key, remedy="Write { alias: hr.oib }, for example.") from error

    def fill(arguments: Arguments) -> str:
        try:
            return arguments.aliases[scheme]
        except KeyError:
            raise ConfigurationError(
                f"the call needs the identifier {scheme}, and this read is about nobody who has one",
                key=key,
                remedy="Read this feed per subject, or leave the parameter out.",
            ) from None

    return fill


def _record(path: Any, key: str) -> Callable[[Arguments], Any]:
    if not isinstance(path, str) or not path:
        raise ConfigurationError("record is not a path", key=key, remedy="Write { record: Id }, for example.")

    def fill(arguments: Arguments) -> str:
        try:
            return arguments.record[path]
        except KeyError:
            raise ConfigurationError(
                f"the call names {path} of a record, and it is about none",
                key=key,
                remedy="Use record in a `detail:` only.",
            ) from None

    return fill


def _now(spec: Mapping[str, Any], key: str, timezone: tzinfo | None) -> Callable[[Arguments], Any]:
    moment, years, pattern = spec["now"], spec.get("shift_years", 0), spec.get("format")
    if moment not in _MOMENTS:
        raise ConfigurationError(f"now is {moment!r}", key=key, remedy=f"Write one of: {', '.join(_MOMENTS)}.")
    if isinstance(years, bool) or not isinstance(years, int) or abs(years) > 200:
        raise ConfigurationError(
            f"shift_years is {years!r}", key=key, remedy="Write a whole number of years, such as -1."
        )
    if pattern is not None and not isinstance(pattern, str):
        raise ConfigurationError("format is not a text", key=key, remedy='Write it as in strftime: "%d.%m.%Y".')

    def fill(arguments: Arguments) -> str | int:
        now = _shifted(arguments.now.astimezone(timezone) if timezone else arguments.now, years)
        if pattern is not None:
            return now.strftime(pattern)
        if moment == "year":
            return now.year
        return now.date().isoformat() if moment == "date" else now.isoformat(timespec="seconds")

    return fill


def _shifted(moment: datetime, years: int) -> datetime:
    """The same day `years` later; the 29th of February becomes the 28th where there is none."""
    try:
        return moment.replace(year=moment.year + years)
    except ValueError:
        return moment.replace(year=moment.year + years, day=28)
