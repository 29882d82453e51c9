"""EPC069-12. Published samples are cited by repository; see the sources in the module's docstring."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.bank_transfer.epc import SCHEME
from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.kernel.transfer import PostalName, TransferOrder
from hub.ports.bank_transfer import CannotExpress, UnreadablePayload
from tests.unit.bank_transfer.orders import (
    PREGRADA,
    amounts,
    bics,
    croatian_accounts,
    czech_accounts,
    digits,
    purposes,
    texts,
)

# Example 2 of the guidelines, quoted by heuer/segno, tests/test_helpers_epcqr.py: 103 bytes.
FRENCH = (
    "BCD\n002\n2\nSCT\n\nFrançois D'Alsace S.A.\nFR1420041010050500013M02606\nEUR12.3\n\n\nClient:Marie Louise La Lune"
)
FRENCH_ORDER = TransferOrder(
    payee=PostalName("François D'Alsace S.A."),
    account="FR1420041010050500013M02606",
    amount=Money(1230, "EUR"),
    currency="EUR",
    message="Client:Marie Louise La Lune",
)


def test_example_2_of_the_guidelines():
    assert len(FRENCH.encode("latin-1")) == 103
    assert SCHEME.decode(FRENCH) == FRENCH_ORDER
    assert SCHEME.decode(FRENCH.encode("latin-1")) == FRENCH_ORDER
    # Our form differs in two points: character set 1, and two decimals.
    assert SCHEME.encode(FRENCH_ORDER) == FRENCH.replace("\n2\n", "\n1\n").replace("EUR12.3\n", "EUR12.30\n")


def test_example_1_of_the_guidelines():
    # heuer/segno, the same file: purpose, BIC and a creditor reference.
    payload = "BCD\n002\n1\nSCT\nBHBLDEHHXXX\nFranz Mustermänn\nDE71110220330123456789\nEUR12.3\nGDDS\nRF18539007547034"
    order = TransferOrder(
        payee=PostalName("Franz Mustermänn"),
        account="DE71110220330123456789",
        amount=Money(1230, "EUR"),
        currency="EUR",
        references=(Reference("iso11649", "RF18539007547034"),),
        bic="BHBLDEHHXXX",
        purpose="GDDS",
    )
    assert len(payload.encode()) == 96
    assert SCHEME.decode(payload) == order
    assert SCHEME.encode(order) == payload.replace("EUR12.3\n", "EUR12.30\n")


def test_the_sample_of_wikimedia():
    payload = (
        "BCD\n002\n2\nSCT\n\nWikimedia Foerdergesellschaft\nDE33100205000001194700\nEUR20\n\n\nSpende fuer Wikipedia"
    )
    order = TransferOrder(
        payee=PostalName("Wikimedia Foerdergesellschaft"),
        account="DE33100205000001194700",
        amount=Money(2000, "EUR"),
        currency="EUR",
        message="Spende fuer Wikipedia",
    )
    assert SCHEME.decode(payload) == order
    assert SCHEME.encode(order) == payload.replace("\n2\n", "\n1\n").replace("EUR20\n", "EUR20.00\n")


def test_version_001_with_a_belgian_structured_reference():
    # Seen on an invoice in a public repository: the reference is not ISO 11649.
    order = SCHEME.decode("BCD\n001\n1\nSCT\nGABBBEBB\nMusic and Food\nBE89375104780085\nEUR120.45\n\n483513812577")
    assert order == TransferOrder(
        payee=PostalName("Music and Food"),
        account="BE89375104780085",
        amount=Money(12045, "EUR"),
        currency="EUR",
        references=(Reference("text", "483513812577"),),
        bic="GABBBEBB",
    )
    # We write such a reference as free text: the structured line is for ISO 11649 only.
    assert SCHEME.encode(order).split("\n")[8:] == ["", "", "483513812577"]


def test_line_ends_of_windows_and_empty_lines_at_the_end_are_read():
    payload = FRENCH.replace("\n", "\r\n")
    assert SCHEME.decode(payload) == FRENCH_ORDER
    assert SCHEME.decode(f"{payload}\r\n\r\n") == FRENCH_ORDER
    assert SCHEME.decode(f"{payload}\r\nBring your own bag") == FRENCH_ORDER
    assert SCHEME.decode(payload.encode("latin-1")) == FRENCH_ORDER


@pytest.mark.parametrize(
    ("charset", "encoding", "name"),
    [
        ("1", "utf-8", "Grad Šibenik"),
        ("2", "iso8859-1", "Müller Crème"),
        ("3", "iso8859-2", "Grad Šibenik, Đurđevac"),
        ("4", "iso8859-4", "Āboliņš"),
        ("5", "iso8859-5", "Община Ловеч"),
        ("6", "iso8859-7", "Δήμος Αθηναίων"),
        ("7", "iso8859-10", "Þingvellir"),
        ("8", "iso8859-15", "Œuvres à 5 €"),
    ],
)
def test_bytes_in_every_character_set(charset, encoding, name):
    payload = f"BCD\n002\n{charset}\nSCT\n\n{name}\nHR1723600001101234565\nEUR1"
    assert SCHEME.decode(payload.encode(encoding)).payee.name == name
    assert SCHEME.decode(payload).payee.name == name


def test_croatian_reference_and_message_share_the_free_text():
    order = replace(PREGRADA, references=(Reference("hr.poziv_na_broj", "HR01 123-456-789"),), purpose="GOVT")
    payload = (
        "BCD\n002\n1\nSCT\n\nGrad Pregrada\nHR1723600001101234565\nEUR123.55\nGOVT\n\n"
        "HR01 123-456-789 Komunalna naknada 7/2026"
    )
    assert SCHEME.encode(order) == payload
    back = SCHEME.decode(payload)
    assert back.references == order.references
    assert back.message == order.message


def test_czech_symbols_share_the_free_text():
    references = (
        Reference("cz.variable_symbol", "0123456789"),
        Reference("cz.specific_symbol", "7"),
        Reference("cz.constant_symbol", "0308"),
    )
    payload = SCHEME.encode(replace(PREGRADA, references=references, message=""))
    assert payload.split("\n")[10] == "/VS/0123456789/SS/7/KS/0308"
    assert SCHEME.decode(payload).references == references


def test_a_creditor_reference_leaves_no_room_for_a_message():
    order = replace(
        PREGRADA,
        references=(Reference("hr.poziv_na_broj", "HR00 1"), Reference("iso11649", "RF96 TU06 FX")),
    )
    lines = SCHEME.encode(order).split("\n")
    assert lines[9:] == ["RF96TU06FX"]


@pytest.mark.parametrize("value", ["HR99", "HR99 "])
def test_a_model_that_says_no_reference_leaves_the_message_alone(value):
    order = replace(PREGRADA, references=(Reference("hr.poziv_na_broj", value),))
    assert SCHEME.encode(order).split("\n")[10] == "Komunalna naknada 7/2026"


def test_empty_lines_at_the_end_are_left_out():
    order = replace(PREGRADA, message="", amount=None)
    assert SCHEME.encode(order) == "BCD\n002\n1\nSCT\n\nGrad Pregrada\nHR1723600001101234565"
    assert SCHEME.decode(SCHEME.encode(order)) == replace(order, payee=PostalName("Grad Pregrada"))


def test_the_message_gives_way_to_140_characters_and_331_bytes():
    reference = Reference("hr.poziv_na_broj", "HR00 123456789012-34567890")
    latin = replace(PREGRADA, references=(reference,), message="x" * 200)
    text = SCHEME.encode(latin).split("\n")[10]
    assert len(text) == 140
    assert text == "HR00 123456789012-34567890 " + "x" * 113
    cyrillic = replace(latin, payee=PostalName("Ж" * 80), message="я" * 140)
    payload = SCHEME.encode(cyrillic)
    assert len(payload.encode()) in {330, 331}
    assert payload.split("\n")[5] == "Ж" * 70
    assert payload.split("\n")[10].startswith("HR00 123456789012-34567890 яяя")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"currency": "CZK", "amount": None}, "in euro, the transfer in CZK"),
        ({"payee": PostalName(" ")}, "no name"),
        ({"account": "HR1723600001101234566"}, "IBAN"),
        ({"bic": "ZABA"}, "BIC"),
        ({"purpose": "X"}, "purpose"),
        ({"amount": Money(0, "EUR")}, "above zero"),
        ({"amount": Money(100_000_000_000, "EUR")}, "at most 999999999.99"),
        # A6: two references whose check digits are wrong.
        ({"references": (Reference("iso11649", "RF17539007547034"),)}, "ISO 11649"),
        ({"references": (Reference("iso11649", "RF19GAX8WS5JYOOUJ87"),)}, "ISO 11649"),
        ({"references": (Reference("iso11649", "RF1٨539007547034"),)}, "ISO 11649"),
        ({"references": (Reference("hr.poziv_na_broj", "HR01"),)}, "groups of digits"),
        ({"references": (Reference("cz.variable_symbol", "12345678901"),)}, "10 digits"),
        ({"references": (Reference("text", "x" * 141),)}, "331 bytes and 140 characters"),
        ({"payee": PostalName("😀" * 70), "references": (Reference("text", "x" * 40),)}, "331 bytes"),
    ],
)
def test_an_order_without_room_is_refused(change, reason):
    with pytest.raises(CannotExpress, match=reason):
        SCHEME.encode(replace(PREGRADA, **change))


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ("", "seven to twelve lines"),
        ("BCD\n002\n1\nSCT\n\nName", "seven to twelve lines"),
        (f"{FRENCH}\na\nb", "seven to twelve lines"),
        (FRENCH.replace("BCD", "BCE"), "starts with"),
        (FRENCH.replace("002", "003"), "starts with"),
        (FRENCH.replace("\n2\n", "\n9\n"), "starts with"),
        (FRENCH.replace("SCT", "SDD"), "starts with"),
        (FRENCH.replace("SCT\n\n", "SCT\nBHBL\n"), "BIC"),
        (FRENCH.replace("François D'Alsace S.A.", ""), "no name"),
        (FRENCH.replace("FR14", "FR15"), "IBAN"),
        (FRENCH.replace("EUR12.3", "EUR12,3"), "amount"),
        (FRENCH.replace("EUR12.3", "12.3"), "amount"),
        (FRENCH.replace("EUR12.3", "EUR0.00"), "amount"),
        (FRENCH.replace("EUR12.3", "EUR12.345"), "amount"),
        (FRENCH.replace("EUR12.3", "EUR1000000000"), "amount"),
        (FRENCH.replace("EUR12.3\n", "EUR12.3\nCHARITY"), "purpose"),
        (FRENCH.replace("\n\nClient", "\nRF18539007547034\nClient"), "exclude each other"),
        (b"BCD\n002", "third line"),
        (b"BCD\n002\n\xff\nSCT", "third line"),
        (FRENCH.replace("\n2\n", "\n1\n").encode("latin-1"), "not in character set 1"),
    ],
)
def test_what_is_not_an_epc_code_is_refused_with_the_reason(payload, reason):
    with pytest.raises(UnreadablePayload, match=reason):
        SCHEME.decode(payload)


@pytest.mark.parametrize("number", ["RF18539007547034", "RF96TU06FX", "RF14X2HU4TC28XTYLHASYWT91"])
def test_published_creditor_references_are_carried(number):
    # A6: python-stdnum, npm iso-11649 and node-iso11649.
    order = replace(
        PREGRADA, references=(Reference("iso11649", number),), message="", payee=PostalName("Grad Pregrada")
    )
    assert SCHEME.encode(order).endswith(f"\n{number}")
    assert SCHEME.decode(SCHEME.encode(order)) == order


croatian = st.builds(
    lambda model, parts: (Reference("hr.poziv_na_broj", f"HR{model} {'-'.join(parts)}"),),
    digits(2, 2).filter(lambda model: model != "99"),
    st.lists(digits(7), min_size=1, max_size=2),
)
czech = st.lists(st.sampled_from(["variable", "specific", "constant"]), min_size=1, unique=True).flatmap(
    lambda names: st.tuples(*(digits(10) for _ in names)).map(
        lambda values: tuple(
            Reference(f"cz.{name}_symbol", dict(zip(names, values, strict=True))[name])
            for name in ("variable", "specific", "constant")
            if name in names
        )
    )
)
remittances = st.one_of(
    st.tuples(st.just(()) | croatian | czech, texts(40).filter(lambda text: not text.startswith(("HR", "/")))),
    st.just(((Reference("iso11649", "RF96TU06FX"),), "")),
)


@given(
    order=st.builds(
        lambda remittance, **fields: TransferOrder(references=remittance[0], message=remittance[1], **fields),
        remittances,
        payee=texts(25, shortest=1).map(PostalName),
        account=croatian_accounts | czech_accounts,
        amount=amounts("EUR", 99_999_999_999),
        currency=st.just("EUR"),
        bic=bics,
        purpose=purposes,
    )
)
def test_what_is_written_is_read_back(order):
    payload = SCHEME.encode(order)
    assert SCHEME.decode(payload) == order
    assert SCHEME.decode(payload.replace("\n", "\r\n").encode()) == order
    assert len(payload.encode()) <= 331
    assert not payload.endswith("\n")


@given(texts(90, shortest=1), texts(200), st.just(()) | croatian | czech)
def test_texts_of_any_length_stay_within_the_limits(name, message, references):
    order = replace(PREGRADA, payee=PostalName(name), message=message, references=references)
    if len(name[:70].encode()) > 140:
        # Letters of three and more bytes: the name alone may leave no room for the reference.
        with suppress(CannotExpress):
            assert len(SCHEME.encode(order).encode()) <= 331
        return
    payload = SCHEME.encode(order)
    lines = payload.split("\n") + [""] * 6
    assert len(payload.encode()) <= 331
    assert len(lines[5]) <= 70
    assert len(lines[10]) <= 140


@given(st.text(), st.integers(0, len(FRENCH)), st.integers(0, 3))
def test_damaged_text_is_read_or_refused_and_nothing_else(noise, position, dropped):
    damaged = FRENCH[:position] + noise + FRENCH[position + dropped :]
    try:
        order = SCHEME.decode(damaged)
    except UnreadablePayload:
        return
    try:
        SCHEME.encode(order)
    except CannotExpress:
        return


@given(st.binary(max_size=40), st.integers(0, len(FRENCH)), st.integers(0, 3))
def test_damaged_bytes_are_read_or_refused_and_nothing_else(noise, position, dropped):
    sound = FRENCH.encode("latin-1")
    try:
        order = SCHEME.decode(sound[:position] + noise + sound[position + dropped :])
    except UnreadablePayload:
        return
    assert order.currency == "EUR"
