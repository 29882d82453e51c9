"""When a payment was paid, as each reader of its page writes it."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from portal_api.login.languages import catalogues
from portal_api.payments import times

WRITTEN = {
    "en": ("21 November 2026, 00:05", "00:05"),
    "hr": ("21. studenoga 2026. 00:05", "00:05"),
    "cs": ("21. listopadu 2026 0:05", "0:05"),
    "uk": ("21 листопада 2026 р., 00:05", "00:05"),
    "ro": ("21 noiembrie 2026, 00:05", "00:05"),
    "sr-Cyrl": ("21. новембар 2026. 00:05", "00:05"),
    "sr-Latn": ("21. novembar 2026. 00:05", "00:05"),
}


@pytest.mark.parametrize("language", sorted(catalogues()))
def test_in_the_form_of_the_language_and_the_zone_of_the_town(language: str) -> None:
    at, zone = datetime(2026, 11, 20, 23, 5, 59, tzinfo=UTC), ZoneInfo("Europe/Zagreb")
    moment, clock = WRITTEN[language]
    written = times.moment(at, zone, language)
    assert written.machine == "2026-11-21T00:05+01:00"
    assert " ".join(written.text.split()) == moment
    assert times.clock(at, zone, language) == clock
    day = times.day(at, zone, language)
    assert (day.machine, day.text in written.text) == ("2026-11-21", True)


def test_in_summer_the_same_hour_is_another_one() -> None:
    at = datetime(2026, 6, 20, 22, 5, tzinfo=UTC)
    assert times.moment(at, ZoneInfo("Europe/Kyiv"), "uk").machine == "2026-06-21T01:05+03:00"
