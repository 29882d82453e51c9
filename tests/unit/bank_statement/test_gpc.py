"""ABO/GPC: published records, both forms of accounts, reversals, messages, control sums, and what is refused."""

from __future__ import annotations

import contextlib
import io
import tracemalloc
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.bank_statement.gpc import FORMAT
from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.ports.bank_statement import Balance, Broken, Entry, Kind, Options, Party, Statement, StatementEnd, Status

# jakubzapletal/bank-statements, Tests/Parser/ABOParserTest.php.
HEAD = "0740000000000012345Test s.r.o.         01011400000000100000+00000000080000+00000000060000+00000000040000+002010214              "
ITEM = "0750000000000012345000000000015678900000000020010000000400002000000001100100000120000000013050114Tran 1              01102050114"
OUT = ITEM.replace("0000000400002", "0000000600001", 1)


def read(*records: str, end: str = "\r\n", encoding: str = "cp1250", **options) -> list:
    data = "".join(f"{one}{end}" for one in records).encode(encoding)
    return list(FORMAT.read(io.BytesIO(data), Options(**options)))


def put(record: str, start: int, text: str) -> str:
    return record[:start] + text + record[start + len(text) :]


def entry(record: str, **options) -> Entry:
    return read(HEAD, record, **options)[1]


def test_the_published_records():
    statement, item, end = read(HEAD, ITEM)
    assert statement == Statement(
        kind=Kind.STATEMENT,
        format="gpc",
        id="12345/002/2014-02-01",
        account="12345",
        scheme="cz",
        currency="CZK",
        number="002",
        since=date(2014, 1, 1),
        until=date(2014, 2, 1),
        opening=Balance(Money(100000, "CZK"), date(2014, 1, 1)),
    )
    assert (item.amount, item.booked_on, item.valued_on, item.status) == (
        Money(40000, "CZK"), date(2014, 1, 5), date(2014, 1, 5), Status.BOOKED,
    )  # fmt: skip
    assert (item.key, item.line, item.code, item.reversal, item.bank_reference) == ("1", 2, "2", False, "2001")
    (payment,) = item.transactions
    assert payment.amount == item.amount
    assert payment.party == Party("Tran 1", "156789/1000")
    assert payment.references == (
        Reference("cz.variable_symbol", "11"),
        Reference("cz.constant_symbol", "12"),
        Reference("cz.specific_symbol", "13"),
    )
    assert payment.text == "Tran 1"
    assert end.closing == Balance(Money(80000, "CZK"), date(2014, 2, 1))
    assert (end.told.debits, end.told.credits) == (Money(60000, "CZK"), Money(40000, "CZK"))


def test_sums_and_balances_that_agree():
    *_, end = read(HEAD, ITEM, OUT)
    assert (end.entries, end.credits, end.debits, end.agrees, end.differences) == (
        2, Money(40000, "CZK"), Money(60000, "CZK"), True, (),
    )  # fmt: skip


def test_sums_and_balances_that_do_not():
    *_, end = read(HEAD, ITEM)
    assert end.agrees is False
    assert end.differences == (
        "The statement says its debits are 600.00 CZK; they are 0.00 CZK.",
        (
            "The closing balance is 800.00 CZK; the opening balance 1000.00 CZK and the booked entries give 1400.00 CZK: "
            "-600.00 CZK apart."
        ),
    )


@pytest.mark.parametrize(
    ("codes", "code", "minor", "reversal"),
    [
        (None, "1", -40000, False),
        (None, "2", 40000, False),
        (None, "4", 40000, True),
        (None, "5", -40000, True),
        ("45", "4", 40000, True),
        ("34", "3", 40000, True),
        ("34", "4", -40000, True),
    ],
)
def test_reversals_have_the_sign_of_where_the_money_went(codes, code, minor, reversal):
    found = entry(put(ITEM, 60, code), reversal_codes=codes)
    assert (found.amount.minor, found.reversal, found.code) == (minor, reversal, code)


@pytest.mark.parametrize(("codes", "code"), [("45", "3"), ("34", "5"), ("45", "0"), ("45", "9"), ("34", " ")])
def test_a_code_that_the_bank_does_not_have_is_refused(codes, code):
    with pytest.raises(Broken, match=f"the posting code '{code}'; with reversal_codes {codes} there are") as refused:
        entry(put(ITEM, 60, code), reversal_codes=codes)
    assert refused.value.line == 2


def test_turnovers_count_a_reversal_against_its_side():
    """new = old - OD + OK with OD = code 1 less code 4, OK = code 2 less code 5 (Komerční banka)."""
    reversed_debit = put(put(ITEM, 48, "000000010000"), 60, "4")
    reversed_credit = put(put(ITEM, 48, "000000005000"), 60, "5")
    head = put(put(put(HEAD, 60, "00000000085000"), 75, "00000000050000"), 90, "00000000035000")
    *_, end = read(head, ITEM, OUT, reversed_debit, reversed_credit)
    assert (end.credits.minor, end.debits.minor, end.agrees) == (50000, 65000, True)
    *_, end = read(put(HEAD, 60, "00000000085000"), ITEM, OUT, reversed_debit, reversed_credit)
    assert end.differences == (
        "The statement says its debits are 600.00 CZK; they are 500.00 CZK. There are 2 reversals, read by the codes 45.",
        "The statement says its credits are 400.00 CZK; they are 350.00 CZK. There are 2 reversals, read by the codes 45.",
    )


@pytest.mark.parametrize(("sign", "minor"), [("0", 60000), ("+", 60000), (" ", 60000), ("-", -60000)])
def test_signs_of_turnovers(sign, minor):
    assert read(put(HEAD, 89, sign))[-1].told.debits.minor == minor


def test_an_overdrawn_account():
    statement, end = read(put(put(HEAD, 59, "-"), 74, "-"))
    assert (statement.opening.amount.minor, end.closing.amount.minor) == (-100000, -80000)


def test_what_a_note_and_messages_say():
    first, second = "078Poplatek za psa", "079Příjmení Nováková, Žďár"
    found = read(HEAD, ITEM, first, second, OUT, "0760000", OUT)
    assert [one.transactions[0].text for one in found[1:4]] == [
        "Poplatek za psa Příjmení Nováková, Žďár", "Tran 1", "Tran 1",
    ]  # fmt: skip
    assert [one.line for one in found[1:4]] == [2, 5, 7]
    assert [one.key for one in found[1:4]] == ["1", "2", "3"]
    assert entry(put(ITEM, 97, " " * 20)).transactions[0].text == ""


def test_the_extended_form_has_four_messages():
    long = ITEM + "".join(f"{text:35}" for text in ("prvni cast", "druha cast", "", "ctvrta", "zprava platce", "dal"))
    assert entry(long).transactions[0].text == "prvni cast druha cast ctvrta"


def test_both_line_ends_the_mark_at_the_end_and_blanks():
    data = f"{HEAD.rstrip()}\n{ITEM}\n\n\x1a".encode("cp1250")
    assert [type(one) for one in FORMAT.read(io.BytesIO(data))] == [Statement, Entry, StatementEnd]


def test_two_statements_in_one_file():
    found = read(HEAD, ITEM, put(HEAD, 105, "003"), OUT, OUT)
    assert [type(one) for one in found] == [Statement, Entry, StatementEnd, Statement, Entry, Entry, StatementEnd]
    assert [one.id for one in found if isinstance(one, Statement)] == ["12345/002/2014-02-01", "12345/003/2014-02-01"]
    assert [one.key for one in found if isinstance(one, Entry)] == ["1", "1", "2"]


def internal(digits: str) -> str:
    """The stored order C0 C8 C9 C6 C1 C2 C3 C4 C5 C7 P1 … P6 of the digits P1 … P6 C1 … C9 C0."""
    prefix, c = digits[:6], digits[6:]
    return "".join(c[at] for at in (9, 7, 8, 5, 0, 1, 2, 3, 4, 6)) + prefix


PLAIN = "0000192000145399"  # 19-2000145399


@pytest.mark.parametrize(
    ("stored", "form", "account"),
    [
        (PLAIN, None, "19-2000145399"),
        (internal(PLAIN), None, "19-2000145399"),
        (PLAIN, "plain", "19-2000145399"),
        (internal(PLAIN), "internal", "19-2000145399"),
        (internal(PLAIN), "plain", internal(PLAIN)[:6].lstrip("0") + "-" + internal(PLAIN)[6:].lstrip("0")),
        ("0000000000012345", None, "12345"),  # passes the check in neither form: as it stands
    ],
)
def test_both_forms_of_an_account(stored, form, account):
    statement, item, _ = read(put(HEAD, 3, stored), put(put(ITEM, 3, stored), 19, stored), account_form=form)
    assert (statement.account, statement.scheme) == (account, "cz")
    assert item.transactions[0].party.account == f"{account}/1000"


def test_the_head_of_an_iban_in_the_filler():
    head = put(put(HEAD, 3, PLAIN), 114, "CZ650800PB")
    statement, *_ = read(head)
    assert (statement.account, statement.scheme) == ("CZ6508000000192000145399", "iban")
    assert read(put(head, 114, "CZ660800PB"))[0].account == "19-2000145399"
    assert read(put(head, 114, "FIO       "))[0].account == "19-2000145399"


def test_a_currency_told_by_the_data_type():
    found = read(HEAD, put(ITEM, 118, "0978"), put(OUT, 118, "0978"))
    assert {one.amount.currency for one in found[1:3]} == {found[0].currency} == {"EUR"}
    assert found[0].opening.amount == Money(100000, "EUR")
    assert read(HEAD, put(ITEM, 118, "0203"))[0].currency == "CZK"
    with pytest.raises(Broken, match="is in CZK, the statement's first entry in EUR") as refused:
        read(HEAD, put(ITEM, 118, "0978"), ITEM)
    assert refused.value.line == 3


def test_an_entry_without_another_account_symbols_and_days():
    bare = put(put(put(put(ITEM, 19, "0" * 16), 61, "0" * 30), 91, "000000"), 122, "000000")
    found = entry(bare)
    assert found.transactions[0].party == Party("Tran 1")
    assert found.transactions[0].references == ()
    assert (found.booked_on, found.valued_on) == (date(2014, 2, 1), date(2014, 2, 1))


@pytest.mark.parametrize(
    ("records", "line", "problem"),
    [
        ([], 1, "no record 074"),
        ([ITEM], 1, "does not begin with a record 074"),
        (["Hello"], 1, "does not begin with a record 074"),
        ([HEAD[:100]], 1, "a record 074 has 114 characters"),
        ([HEAD, ITEM[:127]], 2, "a record 075 has 128 characters"),
        ([HEAD, "075short"], 2, "a record 075 has 128 characters"),
        ([HEAD, "078text"], 2, "a message, and there is no entry before it"),
        ([HEAD, ITEM, *["078text"] * 101], 103, "more than 100 messages of an entry"),
        ([HEAD, ITEM, "short"], 3, "no record of three digits"),
        # The published file that departs from the norm: its head is shifted by two columns.
        ([HEAD[:39] + "  " + HEAD[39:]], 1, "where a day is written ddmmyy"),
        ([put(HEAD, 3, "12A")], 1, "where the account is, in the columns 4 to 19"),
        ([put(HEAD, 45, "X")], 1, "where an amount is"),
        ([put(HEAD, 59, "*")], 1, "sign of an amount"),
        ([put(HEAD, 59, "0")], 1, "sign of an amount"),
        ([put(HEAD, 108, "310214")], 1, "ddmmyy"),
        ([put(HEAD, 108, "000000")], 1, "no day of posting"),
        ([HEAD, put(ITEM, 48, " " * 12)], 2, "where the amount is"),
        ([HEAD, ITEM, put(ITEM, 3, "0000000000012346")], 3, "of the account 12346, its record 074 of 12345"),
        ([HEAD, ITEM, put(ITEM, 61, "000000001A")], 3, "a symbol"),
        ([HEAD, put(ITEM, 122, "991399")], 2, "ddmmyy"),
        ([HEAD, "x" * 5000], 2, "more than 4096 bytes"),
    ],
)
def test_a_broken_file_is_refused_with_its_line(records, line, problem):
    with pytest.raises(Broken, match=problem) as refused:
        read(*records)
    assert refused.value.line == line


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"reversal_codes": "56"}, "reversal_codes is '56', and may be 45 or 34"),
        ({"account_form": "x"}, "account_form is 'x', and may be plain or internal"),
        ({"encoding": "klingon"}, "there is no encoding 'klingon'"),
        ({"encoding": "ascii"}, "a byte that ascii does not have"),
    ],
)
def test_settings_that_are_wrong(options, problem):
    with pytest.raises(Broken, match=problem):
        list(FORMAT.read(io.BytesIO(f"{put(HEAD, 19, 'Ž')}\r\n".encode("cp1250")), Options(**options)))


def test_a_file_in_utf_8_is_told_from_one_in_windows_1250():
    for encoding in ("utf-8", "utf-8-sig", "cp1250"):
        named = put(HEAD, 19, "Město Žďár n. Sáz.  ")
        last = put(put(ITEM, 97, "Černá Žofie          "[:20]), 118, "0203010226")
        _, *entries, _ = read(named, *[ITEM] * 600, last, encoding=encoding)
        assert (entries[-1].transactions[0].party.name, entries[-1].booked_on) == ("Černá Žofie", date(2026, 2, 1))
    # Bytes that look like a letter of UTF-8 in a file that is none.
    _, one, two, _ = read(HEAD, put(ITEM, 97, "Ĺľ"), put(ITEM, 97, "š"))
    assert [entry.text[:2] for entry in (one, two)] == ["Ĺľ", "šr"]


def test_a_period_that_somebody_chose_is_known_by_its_first_day_too():
    """Fio writes the number 000: two exports that end on the same day are two."""
    chosen = put(HEAD, 105, "000")
    assert read(chosen)[0].id == "12345/000/2014-01-01/2014-02-01"
    assert read(put(chosen, 39, "150114"))[0].id == "12345/000/2014-01-15/2014-02-01"


def test_an_entry_may_leave_out_the_own_account():
    for own in (" " * 16, "0" * 16):
        assert entry(put(ITEM, 3, own)).amount == Money(40000, "CZK")


def test_a_nul_is_a_blank_and_no_column_shifts():
    found = entry(put(ITEM, 97, "Tran\x001"))
    assert (found.text, found.booked_on) == ("Tran 1", date(2014, 1, 5))


@pytest.mark.parametrize(
    ("head", "known"),
    [
        (HEAD.encode(), True),
        (b"\r\n" + HEAD.encode(), True),
        (b"074invalid_data_format", True),
        (b"", False),
        (b"0742000000000265752027.12.11  ", False),
        (ITEM.encode(), False),
    ],
)
def test_recognition(head, known):
    assert FORMAT.recognises(head, "x.gpc") is known


def test_memory_stays_flat():
    class Endless(io.RawIOBase):
        def __init__(self) -> None:
            self.left = 20_000

        def read(self, size=-1):
            return b""

        def seek(self, offset, whence=0):
            return 0

        def readline(self, size=-1):
            self.left -= 1
            return b"" if self.left < 0 else f"{HEAD if self.left == 19_999 else ITEM}\r\n".encode()

    tracemalloc.start()
    count = sum(isinstance(one, Entry) for one in FORMAT.read(Endless()))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert count == 19_999
    assert peak < 500_000


@given(st.binary(max_size=40), st.integers(0, 280), st.integers(0, 20))
def test_damaged_files_are_read_or_refused_and_nothing_else(noise, position, dropped):
    data = f"{HEAD}\r\n{ITEM}\r\n".encode("cp1250")
    with contextlib.suppress(Broken):
        list(FORMAT.read(io.BytesIO(data[:position] + noise + data[position + dropped :])))
