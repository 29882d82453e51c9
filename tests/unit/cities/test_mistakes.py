"""What an administrator reads after a slip in city.yaml: file, line, key, and what to write instead."""

from __future__ import annotations

import traceback

import pytest

from hub.cities.loader import load_city
from hub.kernel.errors import ConfigurationError
from tests.unit.cities.samples import TOWN, changed, refusal, write

BLOCK = "stands where a block of keys is needed. Write a line `key: value` for each, indented."
LIST = "stands where a list is needed. Write [one, two], or a line `- one` for each."
TEXT = "stands where a text is needed. Write one; put numbers into quotes."
NUMBER = "stands where a whole number is needed. Write digits only."
NO_KEY = "there is no such key here."
WRONG_FORM = "this is not written as it has to be. Write:"
NOT_YAML = "is not YAML:"
INDENTATION = "Give lines that belong together the same indentation; lists have a - on each line, blocks none."
DURATION = "write a duration longer than zero with units, largest first, such as 30s, 15m, 1h30m or 2d"
TIME = 'write a time of day with hours and minutes, such as "03:30"'
ZONE = "is not a time zone; write one such as Europe/Zagreb"
SLUG = "use lower-case letters, digits, '-' and '_', such as 'pregrada'"

TOP_LEVEL = (
    "alerts, attachments, back_offices, bank_transfer, clients, country, currency, departments, eids, gateways, hosts, id, languages, live, "
    "look, name, passwords, payees, problems, refunds"
)
OFFICE = "back_offices.porez"
FEED = f"{OFFICE}.feeds.obligations"
EVENT = f"{OFFICE}.push.events.hr.dolina.stavka"

TEN_MOST_LIKELY = {
    "bad indentation": (
        ("    street: Trg 1", "   street: Trg 1"),
        f"13: {NOT_YAML} this does not continue the block that begins on line 11. {INDENTATION}",
    ),
    "unknown key": (
        ("currency: EUR", "currency: EUR\nwebsite: https://dolina.hr"),
        f"6: website: {NO_KEY} Remove it; there are {TOP_LEVEL}, slug, statements, timezone.",
    ),
    "misspelt key": (("currency: EUR", "curency: EUR"), f"5: curency: {NO_KEY} Did you mean currency?"),
    "wrong IBAN": (
        ("3456 5", "3456 6"),
        (
            "14: payees.grad.account: 'HR17 2360 0001 1012 3456 6' is not an IBAN: "
            "a digit or letter is missing, mistyped or too many"
        ),
    ),
    "unknown payee": (
        ("payee: grad", "payee: grd"),
        f"28: {OFFICE}.payee: there is no payee 'grd'. Use one of: grad, voda; or add it under payees.",
    ),
    "missing mapping": (
        ("    mapping: dolina_porez\n", ""),
        f"24: {OFFICE}.mapping: this key is needed. Add it: folder in mappings/.",
    ),
    "tab character": (
        ("    purpose: GOVT", "\tpurpose: GOVT"),
        f"15: {NOT_YAML} a tab stands where only spaces may. Indent with spaces.",
    ),
    "duplicate key": (
        ("    purpose: GOVT", "    purpose: GOVT\n    street: Trg 2"),
        "16: the key 'street' stands here already, on line 13. Remove one of them.",
    ),
    "wrong duration": (
        ("max_age: 1h", "max_age: 1 hour"),
        f"35: {FEED}.max_age: '1 hour' is not a duration: {DURATION}",
    ),
    "list instead of mapping": (
        ("  financije: { hr: Financije }", "  - financije"),
        f"20: departments: a list {BLOCK}",
    ),
}

SHAPES = [
    (
        ("  grad:\n", "  - grad:\n"),
        f"16: {NOT_YAML} this does not continue the block that begins on line 11. {INDENTATION}",
    ),
    (("{ hr: Dolina, en: Dolina }", "Dolina"), "3: name: write the text by language, such as {en: …}"),
    (("hr: Grad Dolina", "hr: ' '"), "12: payees.grad.name: the text for language 'hr' is empty"),
    (("languages: [hr, en]", "languages: hr, en"), f"7: languages: a text {LIST}"),
    (("languages: [hr, en]", "languages: []"), "7: languages: this is empty. Write at least one."),
    (("departments:\n  financije: { hr: Financije }", "departments:"), f"20: departments: nothing {BLOCK}"),
    (("refresh: { every: 15m }", "refresh: 15m"), f"34: {FEED}.refresh: a text {BLOCK}"),
    (("street: Trg 1", "street: 1"), f"13: payees.grad.street: a number {TEXT}"),
    (("street: Trg 1", "street: true"), f"13: payees.grad.street: true or false {TEXT}"),
    (("street: Trg 1", "street: { ulica: Trg }"), f"13: payees.grad.street: a block of keys {TEXT}"),
]

VALUES = [
    (("id: 7", "id: seven"), f"1: id: a text {NUMBER}"),
    (("id: 7", "id: 0"), "1: id: this number is too small. Write one greater than 0."),
    (("id: 7", "id: 2147483648"), "1: id: this number is too large. Write one less than 2147483648."),
    (("id: 7\n", ""), "1: id: this key is needed. Add it: a number that no other town ever had."),
    (("slug: dolina", "slug: Dolina"), f"2: slug: {SLUG}"),
    (("slug: dolina", "slug: gora"), "2: slug: the slug 'gora' is not the folder's name 'dolina'. Rename one of them."),
    (
        ("country: HR", "country: Croatia"),
        f"4: country: {WRONG_FORM} ISO 3166 code of two capital letters, such as HR.",
    ),
    (("EUR", "Euro"), "5: currency: 'Euro' is not a currency; write its ISO 4217 code, such as EUR"),
    (("Europe/Zagreb", "Zagreb"), f"6: timezone: 'Zagreb' {ZONE}"),
    (("Europe/Zagreb", "Europe"), f"6: timezone: 'Europe' {ZONE}"),
    (("Europe/Zagreb", ""), f"6: timezone: None {ZONE}"),
    (("Europe/Zagreb", "../passwd"), f"6: timezone: '../passwd' {ZONE}"),
    (
        ("languages:", "live: maybe\nlanguages:"),
        "7: live: a text stands where a yes or no is needed. Write true or false.",
    ),
    (
        ("languages:", "hosts: [https://moja.dolina.hr]\nlanguages:"),
        (
            "7: hosts.0: 'https://moja.dolina.hr' is not a host name; "
            "write one such as moja.pregrada.hr, without https:// and port"
        ),
    ),
    (
        ("HR1210010051863000160", "1001005-1863000160"),
        (
            "18: payees.voda.account: '1001005-1863000160' is not an IBAN, "
            "which begins with a country and two digits (HR12…)"
        ),
    ),
    (
        ("purpose: GOVT", "purpose: gov"),
        f"15: payees.grad.purpose: {WRONG_FORM} ISO 20022 purpose code of four capital letters, such as GOVT.",
    ),
    (("  voda:", "  Voda:"), f"16: payees.Voda: {SLUG}"),
]

BACK_OFFICES = [
    (
        ("department: financije", "department: financij"),
        (
            f"29: {OFFICE}.department: there is no department 'financij'. "
            "Use one of: financije; or add it under departments."
        ),
    ),
    (("connector: rest", "conector: rest"), f"26: {OFFICE}.conector: {NO_KEY} Did you mean connector?"),
    (
        ("    connector: rest\n", ""),
        (
            f"24: {OFFICE}.connector: this key is needed, since the feed obligations is read by a mapping. "
            "Add it, or remove the feed's mapping if it is only pushed."
        ),
    ),
    (
        ("        mapping: obligation.yaml\n", ""),
        f"33: {FEED}.refresh: there is a refresh but no mapping to read by. Add mapping.",
    ),
    (
        ("every: 15m", 'every: 15m, daily: "03:30"'),
        f'34: {FEED}.refresh: write either every (15m, 2h) or daily ("03:30")',
    ),
    (("every: 15m", "daily: 3:30"), f"34: {FEED}.refresh.daily: {TIME}"),
    (("every: 15m", "daily: 24:00"), f"34: {FEED}.refresh.daily: {TIME}"),
    (
        ("{ feed: obligations", "{ feed: obligation"),
        f"40: {EVENT}.feed: there is no feed 'obligation' here. Use one of: obligations, cases.",
    ),
    (
        ("says: complete", "says: complet"),
        f"42: {OFFICE}.push.events.hr.dolina.sve.says: there is no such value. Write 'records' or 'complete'.",
    ),
    (
        (", says: complete", ""),
        f"42: {OFFICE}.push.events.hr.dolina.sve: records need a mapping; `says: complete` has none",
    ),
    (
        ("{ secret: dolina-porez }", "{ secret: Dolina_Porez }"),
        (
            f"38: {OFFICE}.push.secret.secret: {WRONG_FORM} Lower-case letters, digits and hyphens. "
            "The value is kept elsewhere."
        ),
    ),
]


@pytest.mark.parametrize("mistake", TEN_MOST_LIKELY)
def test_the_ten_most_likely_mistakes(tmp_path, mistake):
    change, message = TEN_MOST_LIKELY[mistake]
    assert refusal(tmp_path, changed(change)) == f"city.yaml:{message}"


@pytest.mark.parametrize(("change", "message"), [*SHAPES, *VALUES, *BACK_OFFICES])
def test_one_mistake(tmp_path, change, message):
    assert refusal(tmp_path, changed(change)) == f"city.yaml:{message}"


def test_a_secret_at_a_wrong_place_is_not_repeated(tmp_path):
    text = changed(("{ secret: dolina-porez }", "Sup3rGeheim!"))
    with pytest.raises(ConfigurationError) as caught:
        load_city(write(tmp_path, text))
    assert str(caught.value).endswith(
        f":38: {OFFICE}.push.secret: a secret is only named here, {{ secret: its-name }}; its value is kept outside"
    )
    assert "Sup3rGeheim!" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.parametrize(
    ("changes", "end"),
    [
        # Too little alike: one key too many and one too few.
        ([("country: HR", "staat: HR")], " One more fault follows."),
        (
            [("languages:", "live: x\nlanguages:"), ("id: 7", "id: x")],
            f"1: id: a text {NUMBER} One more fault follows.",
        ),
        (
            [("languages:", "live: x\nlanguages:"), ("id: 7", "id: x"), ("1h", "1")],
            f"1: id: a text {NUMBER} 2 more faults follow.",
        ),
    ],
)
def test_of_several_mistakes_the_topmost_is_told_and_the_others_are_counted(tmp_path, changes, end):
    assert refusal(tmp_path, changed(*changes)).endswith(end)


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "dolina\n", "- id: 7\n"])
def test_a_file_without_keys_is_no_town(tmp_path, text):
    assert refusal(tmp_path, text) == (
        "city.yaml:1: this is not a town: it has no keys. "
        "Write lines such as `slug: pregrada`; begin with a copy of another town's file."
    )


def test_the_town_without_mistakes_is_read(tmp_path):
    assert load_city(write(tmp_path, TOWN)).slug == "dolina"
