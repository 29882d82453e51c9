"""NBS IPS QR. Published samples stand in test_vectors.py."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum.iso7064 import mod_97_10

from adapters.bank_transfer.ips_rs import SCHEME
from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.kernel.transfer import PostalName, TransferOrder
from hub.ports.bank_transfer import CannotExpress, UnreadablePayload
from tests.unit.bank_transfer.orders import CROATIAN, amounts, digits, texts

VRSAC = TransferOrder(
    payee=PostalName("Општина Вршац", "Трг победе 1", "26300 Вршац"),
    account="RS35840000074332484318",
    amount=Money(359613, "RSD"),
    currency="RSD",
    references=(Reference("rs.poziv_na_broj", "97 20-12345"),),
    message="Порез на имовину 2026",
)
HEAD = "K:PR|V:01|C:1|R:840000074332484318|N:Općina|I:RSD1,00"


def test_the_written_form():
    assert SCHEME.encode(VRSAC) == (
        "K:PR|V:01|C:1|R:840000074332484318|N:Општина Вршац\nТрг победе 1\n26300 Вршац|I:RSD3596,13|SF:253"
        "|S:Порез на имовину 2026|RO:9720-12345"
    )


@pytest.mark.parametrize(
    ("change", "tag"),
    [
        ({"account": "RS35265000000000123488"}, "SF:289"),  # a bank's account: an order of a citizen
        ({"payment_code": "189"}, "SF:189"),
        ({"message": "a|b * c\td€"}, "S:a-b c d"),
        ({"message": "Ж" * 40}, "S:" + "Ж" * 35),
        ({"payee": PostalName("Š" * 80)}, "N:" + "Š" * 70),
        ({"payee": PostalName("Š" * 60, "Ulica 12", "26300 Vršac")}, "N:" + "Š" * 60 + "\nUlica 12"),
        ({"amount": Money(100, "RSD")}, "I:RSD1,00"),
        ({"amount": Money(5, "RSD")}, "I:RSD0,05"),
        ({"references": (Reference("rs.poziv_na_broj", "00 7-8"),)}, "RO:007-8"),
        ({"references": (Reference("rs.poziv_na_broj", "22-223-23456715"),)}, "RO:22223-23456715"),
        ({"references": (Reference("text", "Račun 7|8"),)}, "RL:Račun 7-8"),
        ({"payer": PostalName("Marko Marković", "", "Vršac")}, "P:Marko Marković\nVršac"),
    ],
)
def test_what_stands_in_a_tag(change, tag):
    assert tag in SCHEME.encode(replace(VRSAC, **change)).split("|")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"currency": "EUR", "amount": Money(1, "EUR")}, "in dinars"),
        ({"account": "HR1723600001101234565"}, "Serbian accounts"),
        ({"account": "RS35840000074332484319"}, "IBAN"),
        ({"amount": None}, "needs an amount"),
        ({"amount": Money(0, "RSD")}, "above zero"),
        ({"amount": Money(10**16, "RSD")}, "at most"),
        ({"payee": PostalName(" | ".replace("|", "\n"))}, "no name"),
        ({"payment_code": "353"}, "payment code"),
        ({"payment_code": "25"}, "payment code"),
        ({"references": (Reference("rs.poziv_na_broj", "97 20-123456"),)}, "check digits of model 97"),
        ({"references": (Reference("text", "x" * 141),)}, "140"),
    ],
)
def test_an_order_without_room_is_refused(change, reason):
    with pytest.raises(CannotExpress, match=reason):
        SCHEME.encode(replace(VRSAC, **change))


@pytest.mark.parametrize(
    ("text", "amount"),
    [("RSD1295,", 129500), ("RSD1295", 129500), ("RSD1295,5", 129550), ("RSD1295,05", 129505), ("RSD0,", None)],
)
def test_forms_of_the_amount(text, amount):
    order = SCHEME.decode(HEAD.replace("RSD1,00", text))
    assert order.amount == (None if amount is None else Money(amount, "RSD"))


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ("", "TAG:value"),
        (HEAD.replace("K:PR", "K:XX"), "K PR"),
        (HEAD.replace("V:01", "V:02"), "V 01"),
        (HEAD.replace("C:1", "C:2"), "C 1"),
        (f"{HEAD}|", "TAG:value"),
        (f"{HEAD}|XX:1", "tags of its specification"),
        (f"{HEAD}|I:RSD2,00", "I is given twice"),
        (HEAD.replace("|N:Općina", ""), "N is missing"),
        (HEAD.replace("Općina", " "), "N is missing"),
        (HEAD.replace("RSD1,00", "RSD1.00"), "RSD1234,50"),
        (HEAD.replace("RSD1,00", "EUR1,00"), "RSD1234,50"),
        (HEAD.replace("RSD1,00", "RSD1,005"), "RSD1234,50"),
        (HEAD.replace("840000074332484318", "840000074332484319"), "check digits"),
        (HEAD.replace("840000074332484318", "84000007433248431"), "18 digits"),
        (HEAD.replace("Općina", "a\nb\nc\nd"), "three lines"),
        (f"{HEAD}|SF:353", "payment code"),
    ],
)
def test_what_is_not_ips_qr_is_refused_with_the_reason(payload, reason):
    with pytest.raises(UnreadablePayload, match=reason):
        SCHEME.decode(payload)


def test_codes_of_shops_are_read():
    text = f"{HEAD}|O:265000000000123488|SF:221|M:5411|RP:1234567890123456789".replace("K:PR", "K:PT")
    assert SCHEME.decode(text) == replace(SCHEME.decode(HEAD), payment_code="221")


def test_a_reference_of_no_known_model_is_kept_as_text():
    assert SCHEME.decode(f"{HEAD}|RO:45-77").references == (Reference("text", "45-77"),)
    assert SCHEME.decode(f"{HEAD}|RO:1112-7").references == (Reference("rs.poziv_na_broj", "11 12-7"),)


def test_bytes_that_are_not_utf_8_are_refused():
    with pytest.raises(UnreadablePayload, match="UTF-8"):
        SCHEME.decode(HEAD.encode("cp1250"))


ALPHABET = CROATIAN + "абвгдђежзијклљмнњопрстћуфхцчџш0123456789 (){}[]</.,:;!@#$%^&?\"'~=+-_"
lines = texts(20, ALPHABET, 1).filter(lambda text: "  " not in text)


@given(
    st.builds(
        TransferOrder,
        payee=st.builds(PostalName, lines, lines, lines),
        account=digits(16, 16).map(lambda bban: f"RS35{bban}{98 - int(bban) * 100 % 97:02}"),
        amount=amounts("RSD", 10**16 - 1).filter(bool),
        currency=st.just("RSD"),
        references=digits(20).map(
            lambda number: (Reference("rs.poziv_na_broj", f"97 {mod_97_10.calc_check_digits(number)}{number}"),)
        ),
        message=texts(35, ALPHABET).filter(lambda text: "  " not in text),
        payer=st.none() | st.builds(PostalName, lines, lines),
        payment_code=st.sampled_from(["189", "221", "253", "289"]),
    )
)
def test_what_is_written_is_read_back(order):
    payload = SCHEME.encode(order)
    assert SCHEME.decode(payload) == order
    assert SCHEME.encode(SCHEME.decode(payload.replace("\n", "\r\n"))) == payload


@given(st.text(), st.integers(0, len(HEAD)), st.integers(0, 3))
def test_damaged_text_is_read_or_refused_and_nothing_else(noise, position, dropped):
    try:
        order = SCHEME.decode(HEAD[:position] + noise + HEAD[position + dropped :])
    except UnreadablePayload:
        return
    try:
        SCHEME.encode(order)
    except CannotExpress:
        return
