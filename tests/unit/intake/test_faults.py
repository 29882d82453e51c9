"""What a fault says of a citizen's data: enough to find the cause, nothing that names somebody."""

from __future__ import annotations

import pytest

from hub.intake.model import Fault, discreet


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("'87582274224' is not a date", "'[digits]' is not a date"),
        ("'8758 2274 224' is not a date", "'[digits]' is not a date"),
        ("'710319/2745' is not a date", "'[digits]' is not a date"),
        ("time 'x123456y' is wrong", "time 'x[digits]y' is wrong"),
        ("'Ana Horvat' is not a date", "'Xxx Xxxxxx' is not a date"),
        ("\"Ana O'Brien\" is not a date", "\"Xxx X'Xxxxx\" is not a date"),
        ("'HORVAT, ANA, 12 Ulica' is not a date", "'XXXXXX, XXX, 99 Xxxxx' is not a date"),
        ("'ana.horvat@example.hr' is not a date", "'[e-mail]' is not a date"),
        ("the town has no payee 'Đuro Čavrić'; it has grad", "the town has no payee 'Xxxx Xxxxxx'; it has grad"),
        # What stays.
        ("'12,5o' is not an amount", "'12,5o' is not an amount"),
        ("'31.11.2026' is not a date such as 29.11.2026", "'31.11.2026' is not a date such as 29.11.2026"),
        ("'12345' is not a date", "'12345' is not a date"),
        ("the code 'U radu' is not in the table (known: F, T)", "the code 'U radu' is not in the table (known: F, T)"),
        ("'hr.grad.stavka nova' is not configured", "'xx.xxxx.xxxxxx xxxx' is not configured"),
        ("'hr.grad.stavka' is not configured", "'hr.grad.stavka' is not configured"),
        ("after event 3 of the batch there is neither ',' nor ']'", "after event 3 of the batch there is neither ',' nor ']'"),
        ("there is more text after the batch's last bracket", "there is more text after the batch's last bracket"),
        ("", ""),
    ],
)  # fmt: skip
def test_discreet(text, shown):
    assert discreet(text) == shown
    assert Fault("reason", text).detail == shown


def test_a_detail_is_short_whatever_it_quotes():
    assert len(Fault("reason", "x" * 10_000).detail) == 500
    assert Fault("reason", "'" + "ab cd " * 30 + "'").detail == "'" + "xx xx " * 9 + "xx xx…'"
