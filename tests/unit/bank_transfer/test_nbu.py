"""The National Bank of Ukraine's code, formats 002 and 003. Published samples stand in test_vectors.py."""

from __future__ import annotations

import base64
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.bank_transfer import nbu, nbu_002
from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.kernel.transfer import PostalName, TransferOrder
from hub.kit import nbu_link
from hub.ports.bank_transfer import CannotExpress, UnreadablePayload
from tests.unit.bank_transfer.orders import accounts, amounts, digits, texts

TOWN = TransferOrder(
    payee=PostalName("Пирятинська міська рада"),
    account="UA673005280000026500504354077",
    amount=Money(12350, "UAH"),
    currency="UAH",
    references=(Reference("text", "ORE-7"),),
    message="Оренда землі",
    purpose="GOVT",
    payee_identifier="04057333",
)
BOTH = pytest.mark.parametrize("scheme", [nbu.SCHEME, nbu_002.SCHEME], ids=["003", "002"])


def test_the_written_form_of_003():
    assert nbu_link.unpack(nbu.SCHEME.encode(TOWN)) == [
        "BCD",
        "003",
        "2",
        "UCT",
        "",
        "Пирятинська міська рада",
        "UA673005280000026500504354077",
        "UAH123.50",
        "04057333",
        "OTHR/GOVT",
        "ORE-7",
        "ORE-7 Оренда землі",
        "",
        "FEFF",
        "",
        "",
        "",
    ]


def test_the_written_form_of_002():
    assert nbu_link.unpack(nbu_002.SCHEME.encode(TOWN)) == [
        "BCD",
        "002",
        "2",
        "UCT",
        "",
        "Пирятинська міська рада",
        "UA673005280000026500504354077",
        "UAH123.50",
        "04057333",
        "",
        "",
        "ORE-7 Оренда землі",
        "",
        "",
    ]


@BOTH
def test_start_code_and_no_padding(scheme):
    link = scheme.encode(TOWN)
    assert link.startswith(nbu_link.START["003" if scheme is nbu.SCHEME else "002"])
    assert "=" not in link
    assert link.isascii()


@BOTH
@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"currency": "EUR", "amount": Money(1, "EUR")}, "in hryvnia"),
        ({"account": "HR1723600001101234565"}, "Ukrainian accounts"),
        ({"account": "UA683005280000026500504354077"}, "IBAN"),
        ({"amount": Money(0, "UAH")}, "above zero"),
        ({"amount": Money(10**11, "UAH")}, "at most"),
        ({"payee_identifier": "12345678901"}, "number"),
    ],
)
def test_an_order_without_room_is_refused(scheme, change, reason):
    with pytest.raises(CannotExpress, match=reason):
        scheme.encode(replace(TOWN, **change))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"payee": PostalName("")}, "no name"),
        ({"payee_identifier": ""}, "EDRPOU"),
        ({"purpose": "govt"}, "four letters"),
        ({"references": (Reference("text", "№ 7"),)}, "ASCII"),
        ({"references": (Reference("text", "x" * 36),)}, "35 characters"),
        ({"references": (), "message": ""}, "no message"),
    ],
)
def test_what_003_asks_for(change, reason):
    with pytest.raises(CannotExpress, match=reason):
        nbu.SCHEME.encode(replace(TOWN, **change))


@pytest.mark.parametrize(
    ("minor", "text"), [(100, "UAH1"), (10050, "UAH100.50"), (5, "UAH0.05"), (99999999999, "UAH999999999.99")]
)
def test_kopecks_are_two_digits_or_none(minor, text):
    assert nbu_link.unpack(nbu.SCHEME.encode(replace(TOWN, amount=Money(minor, "UAH"))))[7] == text


def test_an_amount_that_the_payer_fills_in():
    link = nbu.SCHEME.encode(replace(TOWN, amount=None))
    assert nbu_link.unpack(link)[7] == ""
    assert nbu.SCHEME.decode(link).amount is None


def test_a_reference_that_the_message_has_is_not_repeated():
    link = nbu.SCHEME.encode(replace(TOWN, message="Рахунок ORE-7"))
    assert nbu_link.unpack(link)[11] == "Рахунок ORE-7"


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("Їжак ґанок ЄДРПОУ №", "Їжак ґанок ЄДРПОУ №"),
        ("Škola č. 7", "Skola c. 7"),
        ("сімʼя", "сім’я"),
        ("a\nb\N{NO-BREAK SPACE}c", "a b c"),
        ("漢字 7", "7"),
    ],
)
def test_letters_are_those_of_windows_1251(text, written):
    assert nbu_link.unpack(nbu_002.SCHEME.encode(replace(TOWN, message=text, references=())))[11] == written


@BOTH
def test_the_message_gives_way_and_the_reference_does_not(scheme):
    order = replace(TOWN, payee=PostalName("Ж" * 200), message="Земля " * 100)
    link = scheme.encode(order)
    assert len(link.rpartition("/")[2]) <= 475
    assert len(base64.urlsafe_b64decode(link.rpartition("/")[2] + "==")) <= (356 if scheme is nbu.SCHEME else 331)
    assert "ORE-7 Земля" in nbu_link.unpack(link)[11]


FIELDS = nbu_link.unpack(nbu.SCHEME.encode(TOWN))


def changed(place: int, value: str) -> str:
    return nbu_link.pack([*FIELDS[:place], value, *FIELDS[place + 1 :]])


@pytest.mark.parametrize(
    ("link", "reason"),
    [
        ("", "https link"),
        ("http://qr.bank.gov.ua/QkNECjAwMwo", "https link"),
        ("https://qr.bank.gov.ua/QkNECjAwMwo!", "https link"),
        ("https://qr.bank.gov.ua/Q", "base64url"),
        ("https://qr.bank.gov.ua/QkNECjAwMwo", "BCD"),
        (changed(0, "BCE"), "BCD"),
        (changed(3, "SCT"), "credit transfer"),
        (changed(6, "UA683005280000026500504354077"), "IBAN"),
        (changed(6, "HR1723600001101234565"), "IBAN"),
        (changed(7, "UAH1.5"), "UAH100.50"),
        (changed(7, "100.50"), "UAH100.50"),
        (changed(9, "GOVT"), "CCCC/PPPP"),
        (nbu_link.pack([*FIELDS, ""]), "17 fields"),
    ],
)
def test_what_is_not_format_003_is_refused_with_the_reason(link, reason):
    with pytest.raises(UnreadablePayload, match=reason):
        nbu.SCHEME.decode(link)


def test_bytes_that_are_not_in_the_character_set_they_name():
    content = "\n".join(FIELDS).replace("\n2\n", "\n1\n", 1).encode("cp1251")
    with pytest.raises(UnreadablePayload, match="the content is not in utf-8, as it says"):
        nbu.SCHEME.decode("https://qr.bank.gov.ua/" + base64.urlsafe_b64encode(content).decode())


@pytest.mark.parametrize("start", ["https://mbnk.app/qr/", "https://www.privat24.ua/rd/send_qr/nbu/"])
@pytest.mark.parametrize("charset", ["1", "2"])
def test_links_of_banks_utf_8_crlf_and_padding_are_read(start, charset):
    fields = [*FIELDS[:2], charset, *FIELDS[3:]]
    content = "\r\n".join(fields).encode("utf-8" if charset == "1" else "cp1251")
    order = nbu.SCHEME.decode(start + base64.urlsafe_b64encode(content).decode())
    assert order == replace(TOWN, message="ORE-7 Оренда землі")


LETTERS = "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя№«»’ 0123456789-.,/"


@BOTH
@given(
    order=st.builds(
        TransferOrder,
        payee=texts(70, LETTERS, 1).map(PostalName),
        account=accounts("UA", 25),
        amount=amounts("UAH", 99_999_999_999),
        currency=st.just("UAH"),
        message=texts(120, LETTERS, 1),
        payee_identifier=digits(10, 8),
    )
)
def test_what_is_written_is_read_back(scheme, order):
    link = scheme.encode(order)
    assert scheme.decode(link) == order
    assert scheme.decode(link.encode()) == order


@given(st.text(max_size=10), st.integers(0, 250), st.integers(0, 3))
def test_damaged_links_are_read_or_refused_and_nothing_else(noise, position, dropped):
    link = nbu.SCHEME.encode(TOWN)
    try:
        nbu.SCHEME.decode(link[:position] + noise + link[position + dropped :])
    except UnreadablePayload:
        return
