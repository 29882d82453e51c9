"""Every alert that the hub raises has its texts in every language, with the same places to fill in, and says of money
how much, where and what to do.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

import pytest

from hub.alerts.model import Alert
from hub.back_offices.model import Town
from hub.cities.loader import load_city
from hub.kernel.ids import new_uuid
from hub.kit.transliteration import serbian_latin
from hub.watch.letters import catalogues, subject_of, text_of
from hub.watch.model import Facts, Item, Letter
from tests.unit.watch.kinds import KINDS, PROJECT, RAISED

LANGUAGES = ("hr", "cs", "uk", "ro", "sr-Cyrl", "sr-Latn", "en")
COMMANDS = r"munihub [a-z-]+|(?:GET|POST) /admin/v1/[\w/?=…-]+"
"""What is written the same in every language."""


def test_the_kinds_are_found_in_the_code():
    assert [file for file, calls in RAISED.items() if not all(calls)] == []
    assert {"drift", "delivery_in_doubt", "eid_check", "gateway_contradiction", "refund_to_transfer"} <= KINDS
    assert len(KINDS) == 39


def places(text: str) -> list[str]:
    return sorted(re.findall(r"\{(\w+)\}", text))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_is_whole(language):
    one, english = catalogues()[language], catalogues()["en"]
    assert set(one.kinds) == KINDS | {"other"}
    assert set(one.texts) == set(english.texts)
    for key, text in english.texts.items():
        assert places(one.texts[key]) == places(text), key
    for kind, texts in one.kinds.items():
        assert set(texts) == {"title", "do"}
        # What is not of one back office, gateway or payee names none.
        assert places(texts["title"]) == ([] if kind.startswith("statement_entries_") else ["name"]), kind
        assert sorted(re.findall(COMMANDS, texts["do"])) == sorted(re.findall(COMMANDS, english.kinds[kind]["do"])), (
            kind
        )
    for kind, texts in english.postings.items():
        own = one.postings[kind]
        assert ({key: places(text) for key, text in own.items()}, one.postings.keys()) == (
            {key: places(text) for key, text in texts.items()}, english.postings.keys(),
        )  # fmt: skip
        assert re.findall(COMMANDS, own.get("do", "")) == re.findall(COMMANDS, texts.get("do", ""))
        assert not {*own.values()} & ({*one.kinds[kind].values()} | ({*texts.values()} if language != "en" else set()))
    if language in {"uk", "sr-Cyrl"}:
        commands = r"munihub[ a-z-]*|happened|did-not-happen|worker|done|refused|again|\{\w+\}|" + COMMANDS
        left = re.sub(commands, "", " ".join(one.texts.values()) + " ".join(t["do"] for t in one.kinds.values()))
        assert not re.search(r"[A-Za-z]", left), left
    if language != "en":
        assert all(one.kinds[kind]["do"] != english.kinds[kind]["do"] for kind in one.kinds)


def test_latin_is_the_cyrillic_text_written_in_latin():
    cyrillic, latin = catalogues()["sr-Cyrl"], catalogues()["sr-Latn"]
    for kind, texts in cyrillic.kinds.items():
        assert latin.kinds[kind] == {key: serbian_latin(text) for key, text in texts.items()}
    for kind, texts in cyrillic.postings.items():
        assert latin.postings[kind] == {key: serbian_latin(text) for key, text in texts.items()}


def test_the_languages_are_those():
    assert set(catalogues()) == set(LANGUAGES)


def test_every_kind_stands_in_the_table_of_operations():
    table = (PROJECT / "docs/operations.md").read_text(encoding="utf-8").partition("| alert | when |")[2]
    rows = re.findall(r"^\| (`.+?`) \|", table.partition("\n\n")[0], re.MULTILINE)
    assert {kind for row in rows for kind in re.findall(r"`(\w+)`", row)} == KINDS


# ── Money ──

AT = datetime(2026, 11, 21, 13, 5, tzinfo=UTC)
PAY, CBK, RFD, TRA = (f"{one}_01jd3v9k6cf3rs2k4w5m8q7x1t" for one in ("pay", "cbk", "rfd", "tra"))


def written(language: str, alert: str, about: str, slug: str = "pregrada", **detail) -> tuple[str, list[str]]:
    """Subject and lines of a letter about one new alert."""
    town = Town(load_city(PROJECT / f"config/cities/{slug}/city.yaml"), {})
    items = [Item(Alert(new_uuid(), alert, about, detail, AT, AT, 1), "new", 1, Facts(1, AT))]
    catalogue = catalogues()[language]
    return subject_of(catalogue, town, items), text_of(catalogue, town, Letter("x", AT, items)).splitlines()


@pytest.mark.parametrize(
    ("language", "subject", "amount", "payment", "what", "do"),
    [
        (
            "en", "Town of Pregrada: a payer's bank has taken a payment back (Town of Pregrada)", "Amount: €1,293.23",
            f"Payment: {PAY}", f"What: {CBK}", "What to do: What was paid by it is owed again.",
        ),
        (
            "hr", "Grad Pregrada: banka platitelja povukla je uplatu natrag (Grad Pregrada)", "Iznos: 1.293,23 €",
            f"Plaćanje: {PAY}", f"Što: {CBK}", "Što učiniti: Ono što je njome plaćeno ponovno se duguje.",
        ),
    ],
)  # fmt: skip
def test_money_that_was_taken_back(language, subject, amount, payment, what, do):
    says = "the payer's bank took 1293.23 EUR back: Ana Šćrbačić"
    money = {"minor": 129323, "currency": "EUR"}
    told, lines = written(language, "payment_charged_back", CBK, says=says, amount=money, payment=PAY, payee="grad")
    assert told == subject
    assert [amount, payment, what] == [line.replace("\xa0", " ") for line in lines[2:5]]
    assert lines[5].startswith(do)
    assert lines[5].endswith("POST /admin/v1/chargebacks/cbk_…/won.")
    assert "Ana" not in "".join(lines)


def test_decimals_are_those_of_the_currency():
    money = {"minor": 100005, "currency": "RSD"}
    _, lines = written("sr-Cyrl", "refund_to_transfer", RFD, amount=money, payment=PAY, payee="grad", refund=RFD)
    assert lines[2].replace("\xa0", " ") == "Износ: 1.000,05 RSD"


def test_a_gateway_has_the_name_that_citizens_know_and_the_reason_its_code():
    detail = {"gateway": "kartica", "payee": "grad", "state": "open", "word": "Ana", "why": "no_end"}
    subject, lines = written("hr", "attempt_unknown", TRA, **detail)
    assert subject == "Grad Pregrada: ne zna se što je s plaćanjem (Platna kartica)"
    assert lines[2:4] == [f"Što: {TRA}", "Razlog: no_end"]
    assert "Ana" not in "".join(lines)
    _, lines = written("hr", "gateway_differs", "kartica", gateway="kartica", open=3, found_now=["state"])
    assert lines[2] == "Još otvoreno: 3."
    assert lines[3].startswith("Što učiniti: ")


def test_a_posting_is_nothing_that_a_citizen_sent():
    detail = {"back_office": "financije", "delivery": "dlv_1", "reason": "refused", "says": "Ana"}
    told, lines = written("en", "delivery_refused", "financije", kind="post_payment", **detail)
    assert told.endswith(" has refused to be told of a payment")
    assert lines[3].endswith("counted there by hand. The citizen has paid, and need do nothing.")
    told, lines = written("en", "delivery_in_doubt", "dlv_1", kind="post_payment", **detail)
    assert "nobody knows whether " in told
    assert told.endswith(" was told of a payment")
    assert "deliveries happened or did-not-happen" in lines[4]
    told, _ = written("en", "delivery_refused", "financije", kind="submit_case", **detail)
    assert told.endswith(" has refused something a citizen sent")


def test_what_disagrees_is_named_below():
    latest = [{"posting": "pst_1", "obligation": "obl_1"}]
    _, lines = written("en", "posting_disagrees", "financije", back_office="financije", postings=1, latest=latest)
    assert (lines[2].partition(" the ")[0], lines[3]) == ("What to do: Compare what it shows with", "  pst_1  obl_1")
