"""HUB 3A. Published samples are cited by repository; see the sources in the module's docstring."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.bank_transfer.hub3 import SCHEME
from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.kernel.transfer import PostalName, TransferOrder
from hub.ports.bank_transfer import CannotExpress, UnreadablePayload
from tests.unit.bank_transfer.orders import PREGRADA, amounts, croatian_accounts, digits, purposes, slip_texts

# The sample of HUB itself, as iivanic/Hub3a prints it (ConsoleApp/Program.cs), in euro. Its reference
# does not pass the check of its own model, so it is a sample of the layout only.
SAMPLE = (
    "HRVHUB30\nEUR\n000000000012355\nŽELJKO SENEKOVIĆ\nIVANEČKA ULICA 125\n42000 VARAŽDIN\n2DBK d.d.\n"
    "ALKARSKI PROLAZ 13B\n21230 SINJ\nHR1210010051863000160\nHR01\n7269-68949637676-00019\nCOST\n"
    "Troškovi za 1. mjesec\n"
)
SAMPLE_ORDER = TransferOrder(
    payee=PostalName("2DBK d.d.", "ALKARSKI PROLAZ 13B", "21230 SINJ"),
    account="HR1210010051863000160",
    amount=Money(12355, "EUR"),
    currency="EUR",
    references=(Reference("hr.poziv_na_broj", "HR01 7269-68949637676-00019"),),
    message="Troškovi za 1. mjesec",
    purpose="COST",
    payer=PostalName("ŽELJKO SENEKOVIĆ", "IVANEČKA ULICA 125", "42000 VARAŽDIN"),
)


def test_the_sample_of_the_norm_both_ways():
    assert SCHEME.encode(SAMPLE_ORDER) == SAMPLE
    assert SCHEME.decode(SAMPLE) == SAMPLE_ORDER


@pytest.mark.parametrize(
    "payload",
    [
        # The ends of lines seen on real invoices, and the space one issuer puts after the description.
        SAMPLE[:-1],
        SAMPLE.replace("\n", "\r\n"),
        SAMPLE.replace("\n", "\r\n")[:-2],
        f"{SAMPLE[:-1]} \n",
        f"{SAMPLE}\n",
        SAMPLE.replace("HR01\n", "hr01\n").replace("COST", "cost"),
        SAMPLE.replace("000000000012355", "12355"),
    ],
)
def test_other_line_ends_and_spellings_are_read(payload):
    assert SCHEME.decode(payload) == SAMPLE_ORDER


def test_the_minimal_published_payload():
    # monorkin/croatia, test/croatia/payment_barcode_test.rb; that library omits the last line feed.
    published = (
        "HRVHUB30\nEUR\n000000000005000\nJane Smith\n\n\nTest Company\n\n\nHR9876543210987654321\n\n\n\nTest payment"
    )
    with pytest.raises(UnreadablePayload, match="IBAN"):
        SCHEME.decode(published)  # its account is a placeholder that does not pass the check of an IBAN
    order = SCHEME.decode(published.replace("HR9876543210987654321", "HR1723600001101234565"))
    assert order == TransferOrder(
        payee=PostalName("Test Company"),
        account="HR1723600001101234565",
        amount=Money(5000, "EUR"),
        currency="EUR",
        message="Test payment",
        payer=PostalName("Jane Smith"),
    )
    assert SCHEME.encode(order) == (
        "HRVHUB30\nEUR\n000000000005000\nJane Smith\n\n\nTest Company\n\n\nHR1723600001101234565\nHR99\n\n\n"
        "Test payment\n"
    )


def test_every_field_ends_with_a_line_feed_also_the_empty_ones():
    order = replace(PREGRADA, message="", amount=None)
    assert SCHEME.encode(order) == (
        "HRVHUB30\nEUR\n000000000000000\n\n\n\nGrad Pregrada\nJosipa Karla Tuškana 2\n49218 Pregrada\n"
        "HR1723600001101234565\nHR99\n\n\n\n"
    )
    assert SCHEME.decode(SCHEME.encode(order)) == order


def test_codes_in_kuna_are_still_read_and_never_written():
    order = SCHEME.decode(SAMPLE.replace("EUR", "HRK"))
    assert (order.amount, order.currency) == (Money(12355, "HRK"), "HRK")
    with pytest.raises(CannotExpress, match="in euro, the transfer in HRK"):
        SCHEME.encode(order)


@pytest.mark.parametrize(
    ("model", "number", "references"),
    [
        ("HR99", "", ()),
        ("", "", ()),
        ("HR00", "", ()),
        ("", "123-4", (Reference("text", "123-4"),)),
        ("HR99", "123-4", (Reference("text", "123-4"),)),
        ("HR68", "5720-87892589782", (Reference("hr.poziv_na_broj", "HR68 5720-87892589782"),)),
    ],
)
def test_reading_model_and_number(model, number, references):
    payload = SAMPLE.replace("HR01\n7269-68949637676-00019", f"{model}\n{number}")
    assert SCHEME.decode(payload).references == references


def test_texts_are_cut_and_cleaned_by_the_alphabet_of_the_slip():
    order = replace(
        PREGRADA,
        payee=PostalName(
            "Komunalno „Čista & zelena“ d.o.o. Pregrada",
            "Ulica_Kőrösi 5; kat\t2 desno i gore",
            "49218 PREGRADA – HRVATSKA, EU",
        ),
        payer=PostalName("Đurđa  Strauß-Łukasz @ Co" + "X" * 30, "Ulica " * 9, "x" * 28),
        message="Naknada: 1/2026\n[obročno] €5!… Київ",
    )
    lines = SCHEME.encode(order).split("\n")
    assert lines[3:9] == [
        "Đurđa Strauss-Lukasz CoXXXXXXX",
        "Ulica Ulica Ulica Ulica Uli",
        "x" * 27,
        "Komunalno 'Čista + zelena",
        "Ulica-Korosi 5, kat 2 des",
        "49218 PREGRADA - HRVATSKA,",
    ]
    assert lines[13] == "Naknada: 1/2026 (obročno) EUR5...."
    assert [len(line) for line in lines[3:9]] == [30, 27, 27, 25, 25, 26]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"account": "HR1723600001101234566"}, "IBAN"),
        ({"account": "HR١٧23600001101234565"}, "IBAN"),  # digits of another script
        ({"account": "DE33100205000001194700"}, "Croatian accounts only"),
        ({"amount": Money(0, "EUR")}, "above zero"),
        ({"amount": Money(10**15, "EUR")}, "at most 9999999999999.99"),
        ({"amount": Money(100, "CZK")}, "the amount is in CZK, the transfer in EUR"),
        ({"purpose": "cost"}, "purpose"),
        ({"purpose": "COSTS"}, "purpose"),
        ({"payee": PostalName("Київ")}, "no name"),
        ({"references": (Reference("hr.poziv_na_broj", "123"),)}, "a model and a number"),
        ({"references": (Reference("hr.poziv_na_broj", "HR00 " + "1" * 23),)}, "more than 22 characters"),
        ({"references": (Reference("hr.poziv_na_broj", "HR99 1"),)}, "there is no reference"),
    ],
)
def test_an_order_without_room_on_the_slip_is_refused(change, reason):
    with pytest.raises(CannotExpress, match=reason):
        SCHEME.encode(replace(PREGRADA, **change))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (("HRVHUB30", "HRVHUB31"), "starts with HRVHUB30"),
        (("HRVHUB30\n", ""), "fourteen fields"),
        (("COST", "COST\nX"), "fourteen fields"),
        (("EUR", "USD"), "neither EUR nor HRK"),
        (("000000000012355", "0000000000012355"), "fifteen digits"),
        (("000000000012355", "123,55"), "fifteen digits"),
        (("HR12100", "HR13100"), "IBAN"),
        (("COST", "C0ST"), "purpose"),
        (("7269-68949637676-00019", "7269/1"), "a model and a number"),
        (("7269-68949637676-00019", "7269-"), "groups of digits"),
    ],
)
def test_what_is_not_a_hub3_code_is_refused_with_the_reason(change, reason):
    with pytest.raises(UnreadablePayload, match=reason):
        SCHEME.decode(SAMPLE.replace(*change))


def test_an_empty_text_is_refused():
    with pytest.raises(UnreadablePayload, match="fourteen fields"):
        SCHEME.decode("")


def postal_names(name: int, street: int, place: int, shortest: int) -> st.SearchStrategy[PostalName]:
    return st.builds(PostalName, slip_texts(name, shortest), slip_texts(street), slip_texts(place))


numbers = st.lists(digits(12), min_size=1, max_size=3).map("-".join).filter(lambda number: len(number) <= 22)
references = st.builds(
    lambda model, number: (Reference("hr.poziv_na_broj", f"HR{model} {number}"),), digits(2, 2), numbers
).filter(lambda given: not given[0].value.startswith("HR99"))


@given(
    order=st.builds(
        TransferOrder,
        payee=postal_names(25, 25, 27, 1),
        account=croatian_accounts,
        amount=amounts("EUR", 10**15 - 1),
        currency=st.just("EUR"),
        references=st.just(()) | references,
        message=slip_texts(35),
        purpose=purposes,
        payer=st.none() | postal_names(30, 27, 27, 1),
    )
)
def test_what_is_written_is_read_back(order):
    payload = SCHEME.encode(order)
    assert SCHEME.decode(payload) == order
    assert SCHEME.decode(payload[:-1].replace("\n", "\r\n")) == order
    assert payload.count("\n") == 14
    assert len(payload) <= 273
    assert SCHEME.encode(SCHEME.decode(payload)) == payload


@given(st.text(), st.integers(0, len(SAMPLE)), st.integers(0, 3))
def test_damaged_text_is_read_or_refused_and_nothing_else(noise, position, dropped):
    damaged = SAMPLE[:position] + noise + SAMPLE[position + dropped :]
    try:
        order = SCHEME.decode(damaged)
    except UnreadablePayload:
        return
    try:
        SCHEME.encode(order)
    except CannotExpress:
        return


@given(st.text(), st.text(), st.text())
def test_any_text_becomes_lines_the_slip_allows(name, street, message):
    order = replace(PREGRADA, payee=PostalName(f"A{name}", street), message=message)
    lines = SCHEME.encode(order).split("\n")
    assert len(lines) == 15
    for line, limit in ((lines[6], 25), (lines[7], 25), (lines[13], 35)):
        assert len(line) <= limit
        assert line == " ".join(line.split())
        assert set(line) <= set("0123456789abcčćdđefghijklmnopqrsštuvwxyzžABCČĆDĐEFGHIJKLMNOPQRSŠTUVWXYZŽ ,.:-+?'/()")
