"""Rows as a terminal shows them: as a table where there is room, else one below the other, and whole."""

from __future__ import annotations

import pytest

from hub.kit.commands import print_rows

HEAD = ("id", "what", "why")
ROW = ("dlv_01m829x5vge81t5qkn2x2hxcjy", None, "the connection was closed before the answer was complete: [b]\x1b[2J")


@pytest.mark.parametrize("columns", [20, 80, 98, 200])
def test_nothing_is_cut_off_whatever_the_width(columns, monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", str(columns))
    print_rows(HEAD, [ROW, ("short", 3, "")])
    shown = capsys.readouterr().out
    assert ROW[0] in shown
    assert "\x1b" not in shown
    if columns < 120:
        assert shown.splitlines() == [
            ROW[0],
            "  why: the connection was closed before the answer was complete: [b] [2J",
            "short",
            "  what: 3",
        ]
    else:
        assert len({len(line) for line in shown.splitlines()}) == 1
        assert "the connection was closed before the answer was complete: [b] [2J" in shown


def test_no_rows_are_a_head_alone(monkeypatch, capsys):
    monkeypatch.setenv("COLUMNS", "10")
    print_rows(HEAD, [])
    assert len(capsys.readouterr().out.splitlines()) == 4
