"""What a citizen is told of a source, in seven languages: who does not answer since when, how old what she sees is."""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest

from hub.back_offices.freshness import FeedFreshness
from hub.kernel.freshness import Freshness, FreshnessStatus
from portal_api import source_texts
from portal_api.render import Reader

CITY = SimpleNamespace(languages=["hr"], language="hr", timezone=ZoneInfo("Europe/Zagreb"))
READ, DOWN = datetime(2026, 11, 21, 12, 50, tzinfo=UTC), datetime(2026, 11, 21, 13, 5, 40, tzinfo=UTC)
TEXTS = [value for name, value in vars(source_texts).items() if name.isupper() and isinstance(value, dict)]


def says(language: str, freshness: Freshness, deliveries=()) -> str:
    office = SimpleNamespace(name={"hr": "Financijska kartica", "en": "Financial card"}, deliveries=deliveries)
    feed = SimpleNamespace(office=office, back_office="financije", feed="obligations")
    reader = Reader(CITY, language)
    return reader.source(FeedFreshness(feed, freshness, complete=True, caught_up_to=None))["says"]


FAILING = Freshness(FreshnessStatus.STALE, READ, DOWN, "back_office_down")


@pytest.mark.parametrize(
    ("language", "expected"),
    [
        ("hr", "Sustav „Financijska kartica” ne odgovara od 21. 11. 2026. 14:05. Ono što vidite jest stanje 21. 11. 2026. 13:50. Što pošaljete, čeka i bit će dostavljeno."),
        ("cs", "Systém „Financijska kartica“ neodpovídá od 21.11.26 14:05. To, co vidíte, je stav 21.11.26 13:50. Co pošlete, počká a bude doručeno."),
        ("uk", "Система «Financijska kartica» не відповідає з 21.11.26, 14:05. Ви бачите стан на 21.11.26, 13:50. Те, що ви надішлете, почекає й буде доставлено."),
        ("ro", "Sistemul „Financijska kartica” nu răspunde din 21.11.2026, 14:05. Ceea ce vedeți este starea de la 21.11.2026, 13:50. Ce trimiteți așteaptă și va fi livrat."),
        ("sr", "Систем „Financijska kartica” не одговара од 21. 11. 2026. 14:05. Оно што видите је стање 21. 11. 2026. 13:50. Што пошаљете, чека и биће достављено."),
        ("sr-Latn", "Sistem „Financijska kartica” ne odgovara od 21. 11. 2026. 14:05. Ono što vidite je stanje 21. 11. 2026. 13:50. Što pošaljete, čeka i biće dostavljeno."),
        ("en", "“Financial card” has not answered since 21/11/2026, 14:05. What you see is from 21/11/2026, 13:50. What you send waits and will be delivered."),
    ],
)  # fmt: skip
def test_a_source_that_does_not_answer(language, expected):
    assert says(language, FAILING, deliveries=("open_case",)) == expected
    assert says(language, FAILING) == expected.rpartition(". ")[0] + "."


@pytest.mark.parametrize(
    ("freshness", "texts"),
    [
        (Freshness(FreshnessStatus.FRESH, READ), source_texts.FRESH),
        (Freshness(FreshnessStatus.STALE, READ, DOWN, "too_old"), source_texts.TOO_OLD),
        (Freshness(FreshnessStatus.STALE, READ, DOWN, "unreadable_records"), source_texts.UNREADABLE),
        (Freshness(FreshnessStatus.UNAVAILABLE, None, DOWN, "back_office_timeout"), source_texts.NOTHING_KNOWN),
        (Freshness(FreshnessStatus.UNAVAILABLE, None, None, "never_read"), source_texts.NEVER_READ),
        (Freshness(FreshnessStatus.UNAVAILABLE, because="no_identifier"), source_texts.NO_IDENTIFIER),
    ],
)
def test_each_state_has_its_own_words(freshness, texts):
    times = {"as_of": "21. 11. 2026. 13:50", "since": "21. 11. 2026. 14:05"}
    assert says("hr", freshness) == texts["hr"].format(office="Financijska kartica", **times)


def test_every_language_has_every_text():
    assert len(TEXTS) == 8
    for texts in TEXTS:
        assert set(texts) == {"hr", "cs", "uk", "ro", "sr-Cyrl", "sr-Latn", "en"}
        for language, text in texts.items():
            assert ("{as_of}" in text, "{since}" in text, "{office}" in text) == (
                "{as_of}" in texts["en"], "{since}" in texts["en"], "{office}" in texts["en"]
            ), language  # fmt: skip
