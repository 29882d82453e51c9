from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic import BaseModel, ValidationError

from hub.kit.durations import Duration, format_duration, parse_duration


class Model(BaseModel):
    wait: Duration


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("30s", timedelta(seconds=30)),
        ("15m", timedelta(minutes=15)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("2d", timedelta(days=2)),
        ("1d2h3m4s", timedelta(days=1, hours=2, minutes=3, seconds=4)),
        ("90m", timedelta(minutes=90)),
    ],
)
def test_durations_are_read_and_written(text, duration):
    assert parse_duration(text) == duration
    assert parse_duration(format_duration(duration)) == duration


def test_the_written_form_is_the_shortest():
    assert format_duration(timedelta(minutes=90)) == "1h30m"
    assert format_duration(timedelta(seconds=0.25)) == "0.25s"
    assert Model(wait="1d").model_dump_json() == '{"wait":"1d"}'


@pytest.mark.parametrize("text", ["", "15", 15, "15 m", "1m1h", "-5m", "0s", "0m0s", "1.5h", "1w", "٣s", None, True])
def test_other_texts_are_refused_with_an_example(text):
    with pytest.raises(ValidationError, match=r"such as 30s, 15m, 1h30m or 2d"):
        Model(wait=text)
