"""Parameters of calls."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from hub.kernel.errors import ConfigurationError
from hub.kit.parameters import aliases_needed, compile_parameters
from hub.ports.back_office import Arguments

NOW = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)


def bound(spec: Any, *, cursor: str | None = None, timezone: ZoneInfo | None = None, **aliases: str) -> Any:
    renamed = {name.replace("_", ".", 1): value for name, value in aliases.items()}
    return compile_parameters(spec, timezone=timezone)(Arguments(NOW, renamed, cursor))


def test_constants_stay_what_they_are() -> None:
    spec = {"a": 1, "b": ["x", None, True], "c": {"d": {}}, "e": "text"}
    assert bound(spec) == spec


def test_aliases() -> None:
    spec = {"Taxpayer": {"OIB": {"alias": "hr.oib"}}, "also": [{"alias": "cz.ico"}]}
    assert bound(spec, hr_oib="87582274224", cz_ico="25123891") == {
        "Taxpayer": {"OIB": "87582274224"},
        "also": ["25123891"],
    }
    assert aliases_needed(spec) == {"hr.oib", "cz.ico"}
    assert aliases_needed({"a": [1, {"cursor": True}]}) == frozenset()
    assert aliases_needed("plain") == frozenset()


def test_a_missing_alias_says_what_to_do() -> None:
    with pytest.raises(ConfigurationError) as caught:
        bound({"a": {"b": {"alias": "hr.oib"}}})
    assert str(caught.value) == (
        "a.b: the call needs the identifier hr.oib, and this read is about nobody who has one. "
        "Read this feed per subject, or leave the parameter out."
    )


def test_a_missing_cursor_leaves_its_key_out() -> None:
    spec = {"since": {"cursor": True}, "list": [{"cursor": True}, 1], "inside": {"x": {"cursor": True}}}
    assert bound(spec) == {"list": [1], "inside": {}}
    assert bound(spec, cursor="42") == {"since": "42", "list": ["42", 1], "inside": {"x": "42"}}
    assert bound({"cursor": True}) is None
    assert bound({"cursor": True}, cursor="") == ""


@pytest.mark.parametrize(
    ("spec", "value"),
    [
        ({"now": "date"}, "2026-12-31"),
        ({"now": "datetime"}, "2026-12-31T23:30:00+00:00"),
        ({"now": "year"}, 2026),
        ({"now": "year", "shift_years": -1}, 2025),
        ({"now": "date", "shift_years": 1}, "2027-12-31"),
        ({"now": "date", "format": "%d.%m.%Y"}, "31.12.2026"),
        ({"now": "year", "format": "%y"}, "26"),
    ],
)
def test_now(spec: Any, value: Any) -> None:
    assert bound(spec) == value


def test_now_in_the_town() -> None:
    zagreb = ZoneInfo("Europe/Zagreb")
    assert bound({"now": "date"}, timezone=zagreb) == "2027-01-01"
    assert bound({"now": "datetime"}, timezone=zagreb) == "2027-01-01T00:30:00+01:00"


def test_a_leap_day_moves_to_the_28th() -> None:
    leap = Arguments(datetime(2028, 2, 29, tzinfo=UTC))
    assert compile_parameters({"now": "date", "shift_years": -1})(leap) == "2027-02-28"
    assert compile_parameters({"now": "date", "shift_years": 4})(leap) == "2032-02-29"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ({"a": {"alias": "hr.oibb"}}, "a: 'hr.oibb' is not a scheme of identifiers (did you mean hr.oib?)"),
        ({"a": [{"alias": "hr.oib", "cursor": True}]}, "a[0]: has alias and cursor. Keep one of them."),
        ({"a": {"cursor": False}}, "a: cursor is not true. Write { cursor: true }."),
        ({"a": {"cursor": True, "format": "x"}}, "a: unknown key 'format'. Remove it."),
        ({"a": {"now": "today"}}, "a: now is 'today'. Write one of: date, datetime, year."),
        ({"a": {"now": "date", "shift_year": 1}}, "a: unknown key 'shift_year'. Did you mean 'shift_years'?"),
        ({"a": {"now": "date", "days": 1}}, "a: unknown key 'days'. Beside 'now' there may be: shift_years, format."),
        ({"a": {"now": "date", "shift_years": "1"}}, "a: shift_years is '1'. Write a whole number of years"),
        ({"a": {"now": "date", "shift_years": True}}, "a: shift_years is True."),
        ({"now": "date", "format": 1}, "format is not a text."),
    ],
)
def test_what_is_refused(spec: Any, message: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        compile_parameters(spec)
    assert str(caught.value).startswith(message)
