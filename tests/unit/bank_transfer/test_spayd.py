"""SPAYD. Published samples are cited by repository; see the sources in the module's docstring."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.bank_transfer.spayd import SCHEME
from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.kernel.transfer import PostalName, TransferOrder
from hub.ports.bank_transfer import CannotExpress, UnreadablePayload
from tests.unit.bank_transfer.orders import VZOROV, amounts, bics, czech_accounts, digits, texts

HEAD = "SPD*1.0*ACC:CZ0608000000192235210247"
SYMBOLS = ("cz.variable_symbol", "cz.specific_symbol", "cz.constant_symbol", "cz.payee_reference")


def meaning(payload: str) -> list[str]:
    """Published texts differ in the order of attributes and in the star at the end; neither means anything."""
    return sorted(payload.removesuffix("*").split("*"))


@pytest.mark.parametrize(
    ("order", "payload"),
    [
        # kraxnet/rspayd, test/czech_payment_test.rb; that library writes the message in capitals.
        (
            TransferOrder(
                payee=PostalName(""),
                account="CZ9555000000000810883001",
                amount=Money(43000, "CZK"),
                currency="CZK",
                references=(Reference("cz.variable_symbol", "31030001"),),
                message="PLATBA ZA DOMENU",
            ),
            "SPD*1.0*ACC:CZ9555000000000810883001*AM:430.00*CC:CZK*MSG:PLATBA ZA DOMENU*X-VS:31030001",
        ),
        # kraxnet/rspayd, the same file.
        (
            TransferOrder(
                payee=PostalName(""),
                account="CZ5607100077550077628031",
                amount=Money(50000, "CZK"),
                currency="CZK",
                references=(Reference("cz.variable_symbol", "1234567890"),),
            ),
            "SPD*1.0*ACC:CZ5607100077550077628031*AM:500.00*CC:CZK*X-VS:1234567890",
        ),
        # The sample of the norm, in inmite/spayd-sdk and kraxnet/rspayd: another order of attributes.
        (
            TransferOrder(
                payee=PostalName(""),
                account="CZ5855000000001265098001",
                amount=Money(48050, "CZK"),
                currency="CZK",
                references=(Reference("cz.payee_reference", "1234567890123456"),),
                message="PLATBA ZA ZBOZI",
                due_on=date(2012, 5, 24),
                bic="RZBCCZPP",
            ),
            (
                "SPD*1.0*ACC:CZ5855000000001265098001+RZBCCZPP*AM:480.50*CC:CZK*RF:1234567890123456*DT:20120524"
                "*MSG:PLATBA ZA ZBOZI"
            ),
        ),
    ],
)
def test_published_samples_both_ways(order, payload):
    assert SCHEME.decode(payload) == order
    assert meaning(SCHEME.encode(order)) == meaning(payload)


def test_sorted_attributes_and_no_star_at_the_end_are_the_written_form():
    order = replace(
        VZOROV,
        references=(
            Reference("cz.payee_reference", "42"),
            Reference("cz.variable_symbol", "0123456789"),
            Reference("cz.specific_symbol", "007"),
            Reference("cz.constant_symbol", "0308"),
        ),
        message="Poplatek za psa",
        due_on=date(2026, 9, 30),
        bic="GIBACZPX",
    )
    assert SCHEME.encode(order) == (
        "SPD*1.0*ACC:CZ6508000000192000145399+GIBACZPX*AM:500.00*CC:CZK*DT:20260930*MSG:Poplatek za psa*RF:42"
        "*RN:M%C4%9Bsto Vzorov*X-KS:0308*X-SS:007*X-VS:0123456789"
    )


def test_sample_with_alternative_accounts_and_private_attributes():
    # okarmazin/spayd-kotlin, SpaydTest.kt. Hexadecimal digits may be small (the same file has %2a).
    payload = (
        "SPD*1.0*ACC:CZ0608000000192235210247*ALT-ACC:CZ9003000000192235210247,CZ4601000000192235210247*AM:399.01"
        "*CC:CZK*MSG:T-Mobile - QR platba123%C3%A1%C3%A9 %E2%80%B0%2A*RN:T-Mobile Czech Republic a.s."
        "*X-CUSTOM:ayyy*X-CUSTOM:ayyyy*X-CUSTOM:orang utan*X-SS:11*X-VS:1113334445*"
    )
    order = TransferOrder(
        payee=PostalName("T-Mobile Czech Republic a.s."),
        account="CZ0608000000192235210247",
        amount=Money(39901, "CZK"),
        currency="CZK",
        references=(Reference("cz.variable_symbol", "1113334445"), Reference("cz.specific_symbol", "11")),
        message="T-Mobile - QR platba123áé ‰*",
    )
    assert SCHEME.decode(payload) == order
    assert SCHEME.decode(payload.replace("%C3%A1%C3%A9 %E2%80%B0%2A", "%c3%a1%c3%a9 %e2%80%b0%2a")) == order
    carried = [pair for pair in meaning(payload) if not pair.startswith(("ALT-ACC", "X-CUSTOM"))]
    assert meaning(SCHEME.encode(order)) == carried


def test_escaping_of_the_published_encoder():
    # spayd/spayd-java, SpaydTest.java.
    text = "abc  123♥☠**123  abc-+ěščřžýáíé---%20"
    escaped = (
        "abc  123%E2%99%A5%E2%98%A0%2A%2A123  abc-%2B%C4%9B%C5%A1%C4%8D%C5%99%C5%BE%C3%BD%C3%A1%C3%AD%C3%A9---%2520"
    )
    payload = SCHEME.encode(replace(VZOROV, message=text))
    assert f"*MSG:{escaped}*" in payload
    assert SCHEME.decode(payload).message == text


@pytest.mark.parametrize(
    ("payload", "message"),
    [
        # Komerční banka's page for developers shows letters that are not escaped, and a star at the end.
        (f"{HEAD}*MSG:MIMOŘÁDNÝ VKLAD*", "MIMOŘÁDNÝ VKLAD"),
        (f"{HEAD}*MSG:sleva 100%*X-URL:a", "sleva 100%"),
        (f"{HEAD}*MSG:a:b:c", "a:b:c"),
        (f"{HEAD}*MSG:radek%0Adruhy", "radek druhy"),
        (f"{HEAD}*MSG:\r\n", ""),
        (f"{HEAD}*MSG:{'x' * 90}", "x" * 90),
    ],
)
def test_what_published_generators_emit_is_read(payload, message):
    assert SCHEME.decode(payload).message == message


def test_the_merged_invoice_of_the_norm_is_read_and_the_invoice_alone_is_not():
    # qr-faktura.cz/popis-formatu/priklady, example 1.
    order = SCHEME.decode(
        "SPD*1.0*CC:CZK*ACC:CZ3103000000270016060243*AM:495.00*DT:20151217*X-VS:012150672*X-INV:SID%2A1.0%2AID:012150672"
        "%2ADD:20151201%2ATP:0%2AVII:CZ60194383%2AINI:60194383%2AVIR:CZ12345678%2ADUZP:20151201%2ATB0:409.09%2AT0:85.91*"
    )
    assert (order.account, order.amount, order.due_on, order.references) == (
        "CZ3103000000270016060243",
        Money(49500, "CZK"),
        date(2015, 12, 17),
        (Reference("cz.variable_symbol", "012150672"),),
    )
    with pytest.raises(UnreadablePayload, match="starts with"):
        SCHEME.decode("SID*1.0*ID:012150672*DD:20151201*TP:0*AM:495.00*CC:CZK*ACC:CZ3103000000270016060243*")


KOTLIN = (
    "SPD*1.0*ACC:CZ5207100007210077628031*ALT-ACC:CZ5207100007210077628031,CZ4601000000192235210247*AM:599*CC:CZK"
    "*MSG:T-Mobile - QR platba*RN:T-Mobile Czech Republic a.s.*X-CUSTOM:orang utan*X-SS:11*X-VS:1113334445"
)


@pytest.mark.parametrize(
    "payload",
    [
        # kraxnet/rspayd, test/parser_test.rb: over the sorted text without the last star.
        "SPD*1.0*CC:CZK*ACC:CZ5855000000001265098001*AM:100.00*CRC32:AAD80227",
        "SPD*1.0*CC:CZK*CRC32:aad80227*ACC:CZ5855000000001265098001*AM:100.00*",
        # okarmazin/spayd-kotlin, SpaydTest.kt: over the sorted text with the last star.
        f"{KOTLIN}*CRC32:D7A7B86C*",
    ],
)
def test_both_published_checksums_are_accepted_and_a_wrong_one_is_not(payload):
    assert SCHEME.decode(payload).currency == "CZK"
    with pytest.raises(UnreadablePayload, match="CRC32"):
        SCHEME.decode(payload.replace("AM:", "AM:1"))


@pytest.mark.parametrize("checksum", ["", "xyz", "0AAD80227"])
def test_a_checksum_that_is_none_is_refused(checksum):
    with pytest.raises(UnreadablePayload, match="CRC32"):
        SCHEME.decode(f"SPD*1.0*CC:CZK*ACC:CZ5855000000001265098001*AM:100.00*CRC32:{checksum}")


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        # okarmazin/spayd-kotlin, SpaydTest.kt: headers and pairs that are not SPAYD.
        (f"spd{HEAD[3:]}", "starts with"),
        (HEAD.replace("1.0", "1,0"), "starts with"),
        (HEAD.replace("1.0", "1"), "starts with"),
        (HEAD.replace("1.0", ""), "starts with"),
        (f" {HEAD}", "starts with"),
        ("", "starts with"),
        ("SPD*1.0*", "KEY:value"),
        (f"{HEAD}**", "KEY:value"),
        (f"{HEAD}**AM:1", "KEY:value"),
        (f"{HEAD}*X-A:123*MSG", "KEY:value"),
        (f"{HEAD}*X-A1:a", "neither"),
        (f"{HEAD}*AB:c", "neither"),
        (f"{HEAD}*XX-A:a", "neither"),
        (f"{HEAD}*am:1", "neither"),
        (f"{HEAD}*AM:399*AM:399", "AM is given twice"),
        (f"{HEAD}*X-VS:1*X-VS:2", "X-VS is given twice"),
        # The other header of the norm asks for a direct debit.
        (HEAD.replace("SPD", "SCD"), "starts with"),
        (HEAD.replace("SPD*1.0", "SPD*2.0"), "starts with"),
        # Values.
        ("SPD*1.0*AM:1", "IBAN"),
        ("SPD*1.0*ACC:", "IBAN"),
        (HEAD.replace("CZ06", "CZ07"), "IBAN"),
        (f"{HEAD}+KOMB", "BIC"),
        (f"{HEAD}*ALT-ACC:CZ9003000000192235210247,CZ00", "IBAN"),
        (f"{HEAD}*AM:1.234", "AM"),
        (f"{HEAD}*AM:1,50", "AM"),
        (f"{HEAD}*AM:-1", "AM"),
        (f"{HEAD}*AM:10000000", "AM"),
        (f"{HEAD}*CC:JPY*AM:1.50", "AM has more decimals than JPY"),
        (f"{HEAD}*CC:czk", "CC"),
        (f"{HEAD}*DT:20260229", "DT"),
        (f"{HEAD}*DT:2026-02-1", "DT"),
        (f"{HEAD}*DT:260201", "DT"),
        (f"{HEAD}*MSG:%C4", "MSG is not percent-encoded UTF-8"),
        (f"{HEAD}*PT:P2PX", "PT"),
        (f"{HEAD}*RF:RF18539007547034", "RF must be at most 16 digits"),
        (f"{HEAD}*RF:12345678901234567", "RF must be at most 16 digits"),
        (f"{HEAD}*X-VS:12345678901", "X-VS must be at most 10 digits"),
        (f"{HEAD}*X-SS:12A", "X-SS must be at most 10 digits"),
        (f"{HEAD}*X-KS:١٢", "X-KS must be at most 10 digits"),
    ],
)
def test_what_is_not_spayd_is_refused_with_the_reason(payload, reason):
    with pytest.raises(UnreadablePayload, match=reason):
        SCHEME.decode(payload)


def test_defaults_of_an_account_alone():
    assert SCHEME.decode(HEAD) == TransferOrder(
        payee=PostalName(""), account="CZ0608000000192235210247", amount=None, currency="CZK"
    )
    assert SCHEME.decode(f"{HEAD}*AM:0.00*X-VS:*PT:IP").amount is None


def test_a_foreign_currency_is_written_and_read():
    order = replace(VZOROV, amount=Money(3900, "EUR"), currency="EUR")
    payload = SCHEME.encode(order)
    assert payload == "SPD*1.0*ACC:CZ6508000000192000145399*AM:39.00*CC:EUR*RN:M%C4%9Bsto Vzorov"
    assert SCHEME.decode(payload) == order


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"account": "CZ6608000000192000145399"}, "IBAN"),
        ({"account": ""}, "IBAN"),
        ({"bic": "GIBA"}, "BIC"),
        ({"amount": Money(0, "CZK")}, "above zero"),
        ({"amount": Money(-100, "CZK")}, "above zero"),
        ({"amount": Money(1_000_000_000, "CZK")}, "at most 9999999.99"),
        ({"amount": Money(100, "EUR")}, "the amount is in EUR, the transfer in CZK"),
        ({"amount": Money(100, "JPY"), "currency": "JPY"}, "two decimals, JPY has 0"),
        ({"amount": None, "currency": "Kč"}, "ISO 4217"),
        ({"references": (Reference("cz.variable_symbol", "12345678901"),)}, "cz.variable_symbol must be at most 10"),
        ({"references": (Reference("cz.specific_symbol", "12-3"),)}, "cz.specific_symbol must be at most 10"),
        ({"references": (Reference("cz.constant_symbol", ""),)}, "cz.constant_symbol must be at most 10"),
        ({"references": (Reference("cz.payee_reference", "RF18"),)}, "cz.payee_reference must be at most 16"),
    ],
)
def test_an_order_without_room_in_spayd_is_refused(change, reason):
    with pytest.raises(CannotExpress, match=reason):
        SCHEME.encode(replace(VZOROV, **change))


def test_texts_are_one_line_and_cut_by_characters_not_by_escapes():
    order = replace(VZOROV, payee=PostalName("ř" * 36), message=" a\n\tb " + "ž" * 70)
    back = SCHEME.decode(SCHEME.encode(order))
    assert back.payee.name == "ř" * 35
    assert back.message == "a b " + "ž" * 56


def test_the_largest_amount_fits_ten_characters():
    assert "*AM:9999999.99*" in SCHEME.encode(replace(VZOROV, amount=Money(999_999_999, "CZK")))


def test_references_of_other_schemes_and_repeated_ones_are_left_out():
    order = replace(
        VZOROV,
        references=(
            Reference("iso11649", "RF18539007547034"),
            Reference("cz.variable_symbol", "1"),
            Reference("cz.variable_symbol", "2"),
        ),
    )
    assert SCHEME.decode(SCHEME.encode(order)).references == (Reference("cz.variable_symbol", "1"),)


@given(
    order=st.builds(
        TransferOrder,
        payee=texts(35).map(PostalName),
        account=czech_accounts,
        amount=amounts("CZK", 999_999_999),
        currency=st.just("CZK"),
        references=st.tuples(
            *(st.none() | digits(10 if scheme != "cz.payee_reference" else 16) for scheme in SYMBOLS)
        ).map(lambda values: tuple(Reference(s, v) for s, v in zip(SYMBOLS, values, strict=True) if v)),
        message=texts(60),
        due_on=st.none() | st.dates(),
        bic=bics,
    )
)
def test_what_is_written_is_read_back(order):
    payload = SCHEME.encode(order)
    assert SCHEME.decode(payload) == order
    assert SCHEME.decode(f"{payload}*") == order
    assert payload.isascii()
    assert SCHEME.encode(SCHEME.decode(payload)) == payload


@given(st.text(), st.integers(0, len(KOTLIN)), st.integers(0, 3))
def test_damaged_text_is_read_or_refused_and_nothing_else(noise, position, dropped):
    damaged = KOTLIN[:position] + noise + KOTLIN[position + dropped :]
    try:
        order = SCHEME.decode(damaged)
    except UnreadablePayload:
        return
    try:
        SCHEME.encode(order)
    except CannotExpress:
        return
