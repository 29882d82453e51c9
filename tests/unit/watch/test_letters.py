"""Every alert has its texts in every language, with the same places to fill in."""

from __future__ import annotations

import re

import pytest

from hub.contracts import alarms
from hub.delivery import endings, offices, sweep
from hub.obligations import paid_here
from hub.watch import conditions
from hub.watch.letters import catalogues

LANGUAGES = ("hr", "cs", "uk", "ro", "sr", "sr-Latn", "en")
KINDS = {
    *(offices.PAUSED, offices.HELD, sweep.LATE, endings.REFUSED, endings.IN_DOUBT, alarms.KIND),
    *(endings.DOUBLED, sweep.UNTOLD, paid_here.DISAGREES),
    *(conditions.READING_FAILED, conditions.FEED_STALE, conditions.DEAD_LETTERS, conditions.PUSH_REFUSED),
    *(conditions.PUSH_UNPROVEN, conditions.DROPPED_FILES, conditions.JOB_GIVEN_UP),
    *(conditions.EID_CHECK, "webhook_stopped", "other"),
}


def places(text: str) -> list[str]:
    return sorted(re.findall(r"\{(\w+)\}", text))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_is_whole(language):
    one, english = catalogues()[language], catalogues()["en"]
    assert set(one.kinds) == KINDS
    assert set(one.texts) == set(english.texts)
    for key, text in english.texts.items():
        assert places(one.texts[key]) == places(text), key
    for kind, texts in one.kinds.items():
        assert set(texts) == {"title", "do"}
        assert places(texts["title"]) == ["name"], kind
        assert re.findall(r"munihub [a-z-]+", texts["do"]) == re.findall(r"munihub [a-z-]+", english.kinds[kind]["do"])
    if language in {"uk", "sr"}:
        commands = r"munihub[ a-z-]*|happened|did-not-happen|worker|\{\w+\}"
        left = re.sub(commands, "", " ".join(one.texts.values()) + " ".join(t["do"] for t in one.kinds.values()))
        assert not re.search(r"[A-Za-z]", left), left
    if language != "en":
        assert all(one.kinds[kind]["do"] != english.kinds[kind]["do"] for kind in KINDS)
