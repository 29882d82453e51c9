"""camt.052, .053 and .054: versions, statements, balances, entries, payments."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from time import process_time

import pytest

from adapters.bank_statement.camt import FORMAT
from hub.kernel.money import Money
from hub.ports.bank_statement import Kind, Party, Status, Told
from tests.unit.bank_statement.writing import (
    IBAN,
    TAGS,
    bal,
    camt,
    eur,
    items,
    ntry,
    only,
    parts,
    refusal,
    stmt,
    told,
    tx,
)

DAY = bal("OPBD", "100.00") + bal("CLBD", "90.00")


# ── Versions and heads ───────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("number", range(1, 14))
@pytest.mark.parametrize("message", TAGS)
def test_every_version_is_read_by_its_prefix(message: str, number: int) -> None:
    version = f"{message}.001.{number:02}"
    content = camt(stmt(ntry(), tag=TAGS[message][1]), version=version)
    assert FORMAT.recognises(content.encode(), "x")
    ((head, (entry,), _),) = parts(items(FORMAT, content))
    assert (head.format, head.kind) == (
        f"camt.{version}",
        {"052": Kind.REPORT, "053": Kind.STATEMENT, "054": Kind.NOTIFICATION}[message],
    )
    assert entry.amount == eur("10.00")


def test_version_1_has_its_account_and_batch_in_other_places() -> None:
    content = camt(
        stmt(
            ntry(status="<Sts>BOOK</Sts>", after="<Btch><MsgId>B</MsgId><NbOfTxs>20</NbOfTxs></Btch>"),
            account="<PrtryAcct><Id>4711 0815</Id></PrtryAcct>", currency="", tag="Rpt",
        ), version="052.001.01",
    ).replace("BkToCstmrAcctRpt>", "BkToCstmrAcctRptV01>")  # fmt: skip
    ((head, (entry,), end),) = parts(items(FORMAT, content))
    assert (head.account, head.scheme, head.currency) == ("47110815", "other", "EUR")
    assert (entry.status, entry.batch, entry.transactions) == (Status.BOOKED, 20, ())
    assert told(end) == {"credits": "10.00 EUR", "debits": "0.00 EUR", "entries": 1, "agrees": None}


def test_the_head_of_a_statement() -> None:
    head = "<ElctrncSeqNb>5</ElctrncSeqNb><LglSeqNb>41</LglSeqNb><CreDtTm>2026-03-02T06:00:00+01:00</CreDtTm>"
    head += "<FrToDt><FrDtTm>2026-03-01T00:00:00</FrDtTm><ToDtTm>2026-03-01T23:59:59</ToDtTm></FrToDt>"
    ((found, entries, end),) = parts(items(FORMAT, camt(stmt(balances=DAY, head=head))))
    assert (found.account, found.scheme, found.currency, found.number) == (IBAN, "iban", "EUR", "41")
    assert found.created_at == datetime(2026, 3, 2, 6, tzinfo=timezone(timedelta(hours=1)))
    assert (found.since, found.until) == (date(2026, 3, 1), date(2026, 3, 1))
    assert found.id == f"{IBAN}/S1/2026-03-01/1"
    assert found.opening is not None
    assert (found.opening.amount, found.opening.on) == (eur("100.00"), date(2026, 3, 1))
    assert entries == []
    assert end.differences == (
        (
            "The closing balance is 90.00 EUR; the opening balance 100.00 EUR and the booked entries give 100.00 EUR: "
            "-10.00 EUR apart."
        ),
    )


def test_a_statement_is_another_one_in_another_year_and_on_another_page() -> None:
    def id_of(on: str, page: str) -> str:
        head = f"<StmtPgntn><PgNb>{page}</PgNb><LastPgInd>true</LastPgInd></StmtPgntn>"
        ((found, _, _),) = parts(items(FORMAT, camt(stmt(head=head, balances=bal("CLBD", "1.00", on=on), id_="1"))))
        return found.id

    assert id_of("2025-03-01", "1") == f"{IBAN}/1/2025-03-01/1"
    assert id_of("2026-03-01", "1") == f"{IBAN}/1/2026-03-01/1"
    assert id_of("2026-03-01", "2") == f"{IBAN}/1/2026-03-01/2"


def test_several_statements_in_one_file_keep_apart() -> None:
    other = "<Othr><Id>19-2000145399/0800</Id></Othr>"
    content = camt(
        stmt(ntry("1.00"), ntry("2.00"), balances=bal("OPBD", "0.00") + bal("CLBD", "3.00")),
        stmt(ntry("40.00", side="DBIT", currency="CZK"), account=other, currency="CZK", id_="S2"),
        stmt(id_="S3", currency="", balances=bal("OPBD", "5", currency="USD")),
    )
    first, second, third = parts(items(FORMAT, content))
    assert [entry.key for entry in first[1]] == ["1", "2"]
    assert told(first[2]) == {"credits": "3.00 EUR", "debits": "0.00 EUR", "entries": 2, "agrees": True}
    assert (second[0].account, second[0].scheme) == ("19-2000145399/0800", "cz")
    assert [entry.key for entry in second[1]] == ["1"]
    assert told(second[2]) == {"credits": "0.00 CZK", "debits": "40.00 CZK", "entries": 1, "agrees": None}
    assert (third[0].currency, third[1]) == ("USD", [])


@pytest.mark.parametrize(
    ("written", "account", "scheme"),
    [
        ("<IBAN>hr17 2360 0001 1012 3456 5</IBAN>", IBAN, "iban"),
        (f"<Othr><Id>{IBAN}</Id></Othr>", IBAN, "iban"),
        ("<Othr><Id>160-0000000265651-75</Id></Othr>", "160-0000000265651-75", "rs"),
        ("<Othr><SchmeNm><Cd>BBAN</Cd></SchmeNm><Id>00123</Id></Othr>", "00123", "other"),
        ("<BBAN>AB 12</BBAN>", "AB12", "other"),
        # An anonymised number in the field for IBANs is told as one: the bank says so.
        ("<IBAN>LV12TEST000000000001</IBAN>", "LV12TEST000000000001", "iban"),
    ],
)  # fmt: skip
def test_accounts(written: str, account: str, scheme: str) -> None:
    ((found, _, _),) = parts(items(FORMAT, camt(stmt(account=written))))
    assert (found.account, found.scheme) == (account, scheme)


# ── Balances and totals ──────────────────────────────────────────────────────────────────────────


def test_a_pair_of_balances_for_each_day_of_a_month() -> None:
    days = [("2026-03-02", "30.00", "60.00"), ("2026-03-03", "60.00", "55.00"), ("2026-03-01", "10.00", "30.00")]
    balances = "".join(bal("CLBD", close, on=on) + bal("OPBD", begin, on=on) for on, begin, close in days)
    content = camt(stmt(ntry("50.00"), ntry("5.00", side="DBIT"), balances=balances))
    ((head, _, end),) = parts(items(FORMAT, content))
    assert head.opening is not None
    assert end.closing is not None
    assert (head.opening.amount, head.opening.on) == (eur("10.00"), date(2026, 3, 1))
    assert (end.closing.amount, end.closing.on) == (eur("55.00"), date(2026, 3, 3))
    assert (end.agrees, end.differences) == (True, ())


def test_days_that_do_not_join_are_told() -> None:
    balances = bal("OPBD", "10.00") + bal("CLBD", "30.00") + bal("OPBD", "31.00", on="2026-03-02")
    balances += bal("CLBD", "31.00", on="2026-03-02")
    ((_, _, end),) = parts(items(FORMAT, camt(stmt(ntry("21.00"), balances=balances))))
    assert (end.agrees, end.differences) == (
        False,
        ("The balance of 2026-03-01 is 30.00 EUR at its end and 31.00 EUR at the next beginning.",),
    )


def test_a_statement_that_ends_in_another_currency() -> None:
    balances = bal("OPBD", "18.15") + bal("CLBD", "27.00", currency="SEK", side="DBIT")
    ((_, _, end),) = parts(items(FORMAT, camt(stmt(ntry("8.85"), balances=balances))))
    assert (end.closing, end.agrees) == (None, False)
    assert end.differences == ("The closing balance is in SEK, the opening balance in EUR.",)


def test_balances_and_totals_behind_the_entries_and_between_them() -> None:
    summary = "<TxsSummry><TtlNtries><NbOfNtries>2</NbOfNtries></TtlNtries></TxsSummry>"
    content = camt(stmt(ntry("1.00"), bal("OPBD", "5.00"), summary, ntry("2.00"), after=bal("CLBD", "8.00")))
    ((head, entries, end),) = parts(items(FORMAT, content))
    assert (head.opening, len(entries)) == (None, 2)
    assert (end.closing and end.closing.amount, end.agrees, end.told.entries) == (eur("8.00"), True, 2)


def test_an_overdrawn_account() -> None:
    balances = bal("OPBD", "5.00", side="DBIT") + bal("CLBD", "15.50", side="DBIT")
    ((head, _, end),) = parts(items(FORMAT, camt(stmt(ntry("10.50", side="DBIT"), balances=balances))))
    assert head.opening is not None
    assert (head.opening.amount, end.agrees) == (eur("-5.00"), True)


def test_the_previous_closing_stands_in_for_an_opening() -> None:
    ((_, _, end),) = parts(items(FORMAT, camt(stmt(ntry(), balances=bal("PRCD", "1") + bal("CLBD", "12")))))
    assert end.differences == (
        (
            "The closing balance is 12.00 EUR; the opening balance 1.00 EUR and the booked entries give 11.00 EUR: "
            "1.00 EUR apart."
        ),
    )


def test_an_interim_balance_is_told_and_not_compared() -> None:
    balances = bal("OPBD", "1.00") + bal("ITBD", "500.00") + bal("CLAV", "7.00") + bal("INFO", "8.00")
    ((_, _, end),) = parts(items(FORMAT, camt(stmt(ntry(), balances=balances, tag="Rpt"), version="052.001.08")))
    assert (end.closing and end.closing.amount, end.agrees) == (eur("500.00"), None)


def test_totals_are_compared_with_what_is_there() -> None:
    summary = (
        "<TxsSummry><TtlNtries><NbOfNtries>3</NbOfNtries><Sum>99</Sum></TtlNtries>"
        "<TtlCdtNtries><NbOfNtries>1</NbOfNtries><Sum>10.00</Sum></TtlCdtNtries>"
        "<TtlDbtNtries><NbOfNtries>1</NbOfNtries><Sum>4.01</Sum></TtlDbtNtries></TxsSummry>"
    )
    ((_, _, end),) = parts(items(FORMAT, camt(stmt(ntry(), ntry("4.00", side="DBIT"), balances=summary))))
    assert end.told == Told(3, eur("10.00"), eur("4.01"), 1, 1)
    assert end.differences == (
        "The statement says it has 3 entries; there are 2.",
        "The statement says its debits are 4.01 EUR; they are 4.00 EUR: 0.01 EUR apart.",
    )


def test_totals_may_count_what_is_not_booked() -> None:
    summary = "<TxsSummry><TtlCdtNtries><NbOfNtries>{}</NbOfNtries><Sum>{}</Sum></TtlCdtNtries></TxsSummry>"
    entries = (ntry("10.00"), ntry("5.00", status="<Sts>PDNG</Sts>"))
    for number, total in (("1", "10.00"), ("2", "15.00")):
        ((_, _, end),) = parts(items(FORMAT, camt(stmt(*entries, balances=summary.format(number, total)))))
        assert (end.agrees, str(end.credits)) == (True, "10.00 EUR")


def test_sums_of_debits_with_a_minus_sign_are_sums_of_debits() -> None:
    summary = "<TxsSummry><TtlDbtNtries><NbOfNtries>1</NbOfNtries><Sum>{}</Sum></TtlDbtNtries></TxsSummry>"
    for said, agrees in (("-4.00", True), ("4.00", True), ("-4.01", False)):
        ((_, _, end),) = parts(items(FORMAT, camt(stmt(ntry("4.00", side="DBIT"), balances=summary.format(said)))))
        assert end.agrees is agrees
    assert end.told.debits == eur("4.01")


def pages(number: str, last: str, name: str = "StmtPgntn") -> str:
    return f"<{name}><PgNb>{number}</PgNb><LastPgInd>{last}</LastPgInd></{name}>"


@pytest.mark.parametrize(
    ("number", "last", "agrees"),
    [("1", "true", False), ("01", "1", False), ("1", "false", None), ("2", "true", None), ("0002", "0", None)],
)
@pytest.mark.parametrize("message", [True, False])
def test_a_page_is_not_compared_with_what_stands_on_others(
    *, message: bool, number: str, last: str, agrees: bool | None
) -> None:
    summary = "<TxsSummry><TtlNtries><NbOfNtries>900</NbOfNtries></TtlNtries></TxsSummry>"
    name = "MsgPgntn" if message else "StmtPgntn"
    page = pages(number, last, name)
    content = camt(stmt(ntry(), balances=DAY + summary, head="" if message else page))
    content = content.replace("</GrpHdr>", f"{page}</GrpHdr>") if message else content
    ((head, _, end),) = parts(items(FORMAT, content))
    assert head.id.endswith(f"/{number}")
    assert (end.agrees, len(end.differences)) == (agrees, 2)
    assert [one.startswith("On this page alone: The ") for one in end.differences] == [agrees is None] * 2


def test_a_page_that_agrees_says_so() -> None:
    content = camt(stmt(ntry(), balances=bal("OPBD", "1") + bal("CLBD", "11"), head=pages("2", "true")))
    ((_, _, end),) = parts(items(FORMAT, content))
    assert end.agrees is True


def test_a_balance_that_is_not_exact_is_told_and_not_compared() -> None:
    """Sums of floating numbers. Money of an entry would be refused so."""
    balances = bal("OPBD", "100.0000000000005") + bal("CLBD", "66.00")
    ((head, (entry,), end),) = parts(items(FORMAT, camt(stmt(ntry("34.00", side="DBIT"), balances=balances))))
    assert (head.opening, str(entry.amount), end.agrees) == (None, "-34.00 EUR", False)
    assert end.differences == (
        "The balance OPBD is not compared: 100.0000000000005 EUR has fractions of the smallest unit.",
    )


def test_balances_that_are_not_compared_may_be_anything() -> None:
    balances = bal("OPBD", "1") + bal("CLBD", "11") + bal("INFO", "1", currency="XAU") + bal("XPCD", "-,5", side="?")
    ((_, _, end),) = parts(items(FORMAT, camt(stmt(ntry(), balances=balances))))
    assert end.agrees is True


def test_other_currencies_have_sums_of_their_own() -> None:
    entries = (
        ntry("1.00"),
        ntry("20.00", currency="USD"),
        ntry("30.00", currency="USD", side="DBIT"),
        ntry("300", currency="JPY"),
    )
    balances = bal("OPBD", "1.00") + bal("CLBD", "2.00") + bal("CLBD", "9.00", currency="USD", on="2026-03-09")
    ((_, found, end),) = parts(items(FORMAT, camt(stmt(*entries, balances=balances))))
    assert [str(entry.amount) for entry in found] == ["1.00 EUR", "20.00 USD", "-30.00 USD", "300 JPY"]
    assert end.other_currencies == (Money(300, "JPY"), Money(2000, "USD"), Money(-3000, "USD"))
    assert told(end) == {"credits": "1.00 EUR", "debits": "0.00 EUR", "entries": 4, "agrees": True}


# ── Entries ──────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("written", "message", "status"),
    [
        ("<Sts>BOOK</Sts>", "053", Status.BOOKED),
        ("<Sts><Cd>BOOK</Cd></Sts>", "054", Status.BOOKED),
        ("<Sts>PDNG</Sts>", "053", Status.PENDING),
        ("<Sts><Cd>FUTR</Cd></Sts>", "053", Status.PENDING),
        ("<Sts><Cd>INFO</Cd></Sts>", "053", Status.INFORMATION),
        ("<Sts><Prtry>BOOKED</Prtry></Sts>", "054", Status.PENDING),
        ("<Sts><Cd>XXXX</Cd></Sts>", "053", Status.INFORMATION),
        ("", "053", Status.BOOKED),
        ("", "052", Status.PENDING),
    ],
)
def test_only_what_is_booked_is_booked(written: str, message: str, status: Status) -> None:
    content = camt(stmt(ntry(status=written), tag=TAGS[message][1]), version=f"{message}.001.08")
    ((_, (entry,), end),) = parts(items(FORMAT, content))
    assert entry.status is status
    assert end.credits == (eur("10.00") if status is Status.BOOKED else eur("0.00"))


def test_a_reversal_keeps_the_sign_of_where_the_money_went() -> None:
    back = ntry("5.00", side="DBIT", extra="<RvslInd>true</RvslInd>")
    ((_, found, end),) = parts(items(FORMAT, camt(stmt(back, ntry("7.00", extra="<RvslInd>1</RvslInd>")))))
    assert [(str(entry.amount), entry.reversal) for entry in found] == [("-5.00 EUR", True), ("7.00 EUR", True)]
    assert told(end)["debits"] == "5.00 EUR"


def test_days_references_codes_and_the_line() -> None:
    extra = "<NtryRef>N1</NtryRef><AcctSvcrRef>{}</AcctSvcrRef>"
    iso = "<BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>"
    own = "<BkTxCd><Prtry><Cd>544</Cd><Issr>X</Issr></Prtry></BkTxCd>"
    entries = [ntry(extra=extra.format("A1") + iso), ntry(extra=extra.format("NONREF") + own)]
    entries.append(ntry().replace("<Dt>2026-03-01</Dt>", "<DtTm>2026-03-01T23:30:00-05:00</DtTm>"))
    ((_, (first, second, third), _),) = parts(items(FORMAT, camt(stmt(*entries))))
    assert (first.code, first.bank_reference, first.line) == ("PMNT-RCDT-ESCT", "A1", 5)
    assert (second.code, second.bank_reference, second.line) == ("544", "N1", 6)
    # The day as the bank writes it, in the zone it writes.
    assert (third.booked_on, third.valued_on, third.line) == (date(2026, 3, 1), date(2026, 3, 2), 7)


def test_lines_beyond_sixty_five_thousand() -> None:
    content = camt(stmt(ntry("1.00"), "\n" * 70_000, ntry("2.00"), ntry("x")))
    error = refusal(FORMAT, content)
    assert error.line == 70_007


@pytest.mark.parametrize(
    ("written", "currency", "minor"),
    [("18.15000", "EUR", 1815), ("7", "EUR", 700), ("7.", "EUR", 700), (".5", "EUR", 50), ("+3.10", "EUR", 310),
     (" 128.2\n ", "USD", 12820), ("0012.50", "EUR", 1250), ("500", "JPY", 500), ("500.00", "JPY", 500),
     ("1.234", "KWD", 1234), ("92233720368547758.07", "EUR", 2**63 - 1), ("0", "EUR", 0)],
)  # fmt: skip
def test_amounts(written: str, currency: str, minor: int) -> None:
    ((_, (entry,), _),) = parts(items(FORMAT, camt(stmt(ntry(written, currency=currency), currency=currency))))
    assert entry.amount == Money(minor, currency)


def test_an_amount_without_currency_has_the_account_s() -> None:
    ((_, (entry,), _),) = parts(items(FORMAT, camt(stmt(ntry("0").replace(' Ccy="EUR"', "")))))
    assert entry.amount == eur("0")


def test_comments_and_sections_inside_values() -> None:
    content = camt(stmt(ntry("1<!-- x -->2.<![CDATA[5]]>0", tx("<AddtlTxInf>a<!-- & -->b<?p i?>c</AddtlTxInf>"))))
    entry, transaction = only(items(FORMAT, content))
    assert (entry.amount, transaction.text) == (eur("12.50"), "abc")


# ── Payments of an entry ─────────────────────────────────────────────────────────────────────────


def amount(value: str, side: str = "", currency: str = "EUR") -> str:
    said = f"<CdtDbtInd>{side}</CdtDbtInd>" if side else ""
    return f'<TxDtls><Amt Ccy="{currency}">{value}</Amt>{said}</TxDtls>'


def amounts_of(details: str, total: str = "10.00", side: str = "CRDT") -> tuple[list[str], int | None, str]:
    ((_, (entry,), _),) = parts(items(FORMAT, camt(stmt(ntry(total, details, side=side)))))
    return [str(one.amount) for one in entry.transactions], entry.batch, entry.disagrees


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        # Nothing said: one payment. One listed: the entry's amount, whatever was instructed.
        ("", (["10.00 EUR"], None, "")),
        ("<NtryDtls/>", (["10.00 EUR"], None, "")),
        ("<NtryDtls><Btch><NbOfTxs>1</NbOfTxs></Btch></NtryDtls>", (["10.00 EUR"], None, "")),
        (f"<NtryDtls>{amount('0')}</NtryDtls>", (["10.00 EUR"], None, "")),
        (f"<NtryDtls>{amount('1.005')}</NtryDtls>", (["10.00 EUR"], None, "")),
        (f"<NtryDtls>{amount('250', currency='CZK')}</NtryDtls>", (["10.00 EUR"], None, "")),
        # Listed, in one block or two.
        (f"<NtryDtls><Btch><NbOfTxs>2</NbOfTxs></Btch>{amount('4')}{amount('6')}</NtryDtls>", (["4.00 EUR", "6.00 EUR"], None, "")),
        (f"<NtryDtls>{amount('4')}</NtryDtls><NtryDtls>{amount('6')}</NtryDtls>", (["4.00 EUR", "6.00 EUR"], None, "")),
        # The older place of amounts, and the instructed one as the last.
        ("<NtryDtls>" + '<TxDtls><AmtDtls><InstdAmt><Amt Ccy="EUR">9</Amt></InstdAmt><TxAmt><Amt Ccy="EUR">5</Amt></TxAmt></AmtDtls></TxDtls>'
         + '<TxDtls><AmtDtls><InstdAmt><Amt Ccy="EUR">5</Amt></InstdAmt></AmtDtls></TxDtls>' + "</NtryDtls>", (["5.00 EUR", "5.00 EUR"], None, "")),
        # Summarised: more than are listed, none listed, or listed without amounts.
        ("<NtryDtls><Btch><NbOfTxs>80</NbOfTxs></Btch></NtryDtls>", ([], 80, "")),
        (f"<NtryDtls><Btch><NbOfTxs>80</NbOfTxs></Btch>{amount('10')}</NtryDtls>", ([], 80, "")),
        ("<NtryDtls><TxDtls/><TxDtls><Refs><EndToEndId>1</EndToEndId></Refs></TxDtls><TxDtls><Refs><EndToEndId>2</EndToEndId></Refs></TxDtls></NtryDtls>", ([], 2, "")),
        (f"<NtryDtls>{amount('4')}{amount('150', currency='CZK')}</NtryDtls>", ([], 2, "")),
        # A balance of both sides, and a bank that tells the payer's side.
        (f"<NtryDtls>{amount('12', 'CRDT')}{amount('2', 'DBIT')}</NtryDtls>", (["12.00 EUR", "-2.00 EUR"], None, "")),
        (f"<NtryDtls>{amount('4', 'DBIT')}{amount('6', 'DBIT')}</NtryDtls>", (["4.00 EUR", "6.00 EUR"], None, "")),
        # One booking told twice, with the amount in one of them.
        (f"<NtryDtls>{amount('10')}</NtryDtls><NtryDtls><TxDtls><AddtlTxInf>fee</AddtlTxInf></TxDtls></NtryDtls>", (["10.00 EUR"], None, "")),
        (f"<NtryDtls>{amount('4')}{amount('5.90')}</NtryDtls>",
         (["4.00 EUR", "5.90 EUR"], None, "Its 2 payments are 9.90 EUR together, the entry is 10.00 EUR.")),
    ],
)  # fmt: skip
def test_payments_of_an_entry(details: str, expected: tuple[list[str], int | None, str]) -> None:
    assert amounts_of(details) == expected


CHARGES = "<Chrgs><TtlChrgsAndTaxAmt Ccy='EUR'>2.50</TtlChrgsAndTaxAmt>{}</Chrgs>"
RECORDS = "<Rcrd><Amt Ccy='EUR'>2</Amt></Rcrd><Rcrd><Amt Ccy='EUR'>.5</Amt></Rcrd><Rcrd><Amt Ccy='CZK'>7</Amt></Rcrd>"
ONCE = "<Chrgs><Amt Ccy='EUR'>2.00</Amt></Chrgs><Chrgs><Amt Ccy='EUR'>0.50</Amt></Chrgs>"


@pytest.mark.parametrize(
    "place", ["<Amt Ccy='EUR'>{}</Amt>", "<AmtDtls><TxAmt><Amt Ccy='EUR'>{}</Amt></TxAmt></AmtDtls>"]
)
@pytest.mark.parametrize(
    ("said", "charges", "told"),
    [
        ("10.00", "", ""),
        ("10.40", "", "Its payment is 10.40 EUR, the entry is 10.00 EUR."),
        ("4", "", "Its payment is 4.00 EUR, the entry is 10.00 EUR."),
        # What charges explain, taken from what came in or added; however the version writes them.
        ("12.50", CHARGES.format(""), ""),
        ("7.50", CHARGES.format(RECORDS), ""),
        ("12.50", "<Chrgs>" + RECORDS + "</Chrgs>", ""),
        ("12.50", ONCE, ""),
        ("12.40", ONCE, "Its payment is 12.40 EUR, the entry is 10.00 EUR."),
        ("12.50", "<Chrgs><Amt Ccy='EUR'>2,50</Amt></Chrgs>", "Its payment is 12.50 EUR, the entry is 10.00 EUR."),
    ],
)  # fmt: skip
def test_the_only_payment_of_an_entry_has_another_amount(place: str, said: str, charges: str, told: str) -> None:
    """Others may be missing, or banks have taken something: which of them is for somebody to say."""
    payment = tx(place.format(said) + "<RltdPties><Dbtr><Nm>Ana</Nm></Dbtr></RltdPties>{}")
    for entry_s, payment_s in ((charges, ""), ("", charges)):
        details = entry_s + payment.format(payment_s)
        ((_, (entry,), _),) = parts(items(FORMAT, camt(stmt(ntry("10.00", details)))))
        assert (entry.disagrees, str(entry.transactions[0].amount)) == (told, "10.00 EUR")
        assert entry.transactions[0].party == Party("Ana")


def test_the_payment_of_money_that_went_is_told_with_its_sign() -> None:
    assert amounts_of(f"<NtryDtls>{amount('9')}</NtryDtls>", side="DBIT") == (
        ["-10.00 EUR"], None, "Its payment is -9.00 EUR, the entry is -10.00 EUR.",
    )  # fmt: skip


def test_what_was_instructed_is_the_payer_s_and_in_whatever_currency() -> None:
    def instructed(value: str, currency: str) -> str:
        return f'<TxDtls><AmtDtls><InstdAmt><Amt Ccy="{currency}">{value}</Amt></InstdAmt></AmtDtls></TxDtls>'

    assert amounts_of(f"<NtryDtls>{instructed('12', 'EUR')}</NtryDtls>") == (["10.00 EUR"], None, "")
    # Gold and the Belarusian rouble before 2016 are no currencies of entries; those of a payer may be.
    details = f"<NtryDtls>{instructed('1', 'XAU')}{instructed('20000', 'BYR')}</NtryDtls>"
    assert amounts_of(details) == ([], 2, "")


def test_payments_that_went_out() -> None:
    details = f"<NtryDtls>{amount('4', 'CRDT')}{amount('6', 'CRDT')}</NtryDtls>"
    assert amounts_of(details, side="DBIT") == (["-4.00 EUR", "-6.00 EUR"], None, "")


def test_a_fee_told_in_two_blocks_stays_one_booking() -> None:
    """Tatra banka: text in one block, amount in the other, there as the instructed one only."""
    details = tx("<Refs><MsgId>X</MsgId></Refs><AddtlTxInf>Poplatok</AddtlTxInf>")
    details += tx(
        '<AmtDtls><InstdAmt><Amt Ccy="EUR">10.00</Amt></InstdAmt></AmtDtls><RmtInf><Ustrd>za účet</Ustrd></RmtInf>'
    )
    _, transaction = only(items(FORMAT, camt(stmt(ntry(details=details, side="DBIT")))))
    assert (transaction.amount, transaction.text) == (eur("-10.00"), "Poplatok za účet")


def test_many_payments_of_which_one_has_an_amount_are_not_one() -> None:
    details = f"<NtryDtls>{amount('10')}{'<TxDtls><AddtlTxInf>x</AddtlTxInf></TxDtls>' * 10}</NtryDtls>"
    assert amounts_of(details) == ([], 11, "")


def party(side: str, name: str, account: str, *, v8: bool) -> str:
    said = f"<Pty><Nm>{name}</Nm></Pty>" if v8 else f"<Nm>{name}</Nm>"
    return f"<{side}>{said}</{side}><{side}Acct><Id><IBAN>{account}</IBAN></Id></{side}Acct>"


OTHER = "HR8924020061100069352"


@pytest.mark.parametrize("v8", [True, False])
@pytest.mark.parametrize(
    ("side", "reversal", "parties", "name"),
    [
        ("CRDT", "false", ("Dbtr", "Cdtr"), "Ana"),
        ("DBIT", "false", ("Cdtr", "Dbtr"), "Ana"),
        # A returned payment of ours comes in, and we are still the debtor.
        ("CRDT", "true", ("Cdtr", "Dbtr"), "Ana"),
        ("DBIT", "true", ("Dbtr", "Cdtr"), "Ana"),
        # A bank that turns the sides of a reversal: the account tells.
        ("CRDT", "true", ("Dbtr", "Cdtr"), "Ana"),
        ("DBIT", "false", ("Dbtr", "Cdtr"), "Ana"),
    ],
)
def test_the_other_side(*, v8: bool, side: str, reversal: str, parties: tuple[str, str], name: str) -> None:
    related = party(parties[0], "Ana", OTHER, v8=v8) + party(parties[1], "Grad", IBAN, v8=v8)
    extra = f"<RvslInd>{reversal}</RvslInd>"
    details = tx(f"<RltdPties>{related}</RltdPties>")
    _, transaction = only(items(FORMAT, camt(stmt(ntry(details=details, side=side, extra=extra)))))
    assert transaction.party == Party(name, OTHER)


@pytest.mark.parametrize(("reversal", "name"), [("false", "Ana"), ("true", "Grad")])
def test_the_sides_of_a_reversal_without_accounts(reversal: str, name: str) -> None:
    related = "<RltdPties><Dbtr><Nm>Ana</Nm></Dbtr><Cdtr><Nm>Grad</Nm></Cdtr></RltdPties>"
    extra = f"<RvslInd>{reversal}</RvslInd>"
    _, transaction = only(items(FORMAT, camt(stmt(ntry(details=tx(related), extra=extra)))))
    assert transaction.party == Party(name)


@pytest.mark.parametrize(
    ("related", "expected"),
    [
        ("<Dbtr><Pty><Nm>  Ana\n Horvat </Nm><Id><PrvtId><Othr><Id>87582274224</Id></Othr></PrvtId></Id></Pty></Dbtr>", Party("Ana Horvat", "", "87582274224")),
        ("<Dbtr><Nm>Firma</Nm><Id><OrgId><BICOrBEI>X</BICOrBEI><Othr><Id>A1</Id></Othr><Othr><Id>A2</Id></Othr></OrgId></Id></Dbtr>", Party("Firma", "", "A1")),
        ("<Dbtr><Agt><FinInstnId><BICFI>ZABAHR2X</BICFI><Nm>Banka</Nm></FinInstnId></Agt></Dbtr>", Party("Banka")),
        ("<DbtrAcct><Id><Othr><Id>123</Id></Othr></Id><Nm>Account of Ana</Nm></DbtrAcct>", Party("Account of Ana", "123")),
        ("<Dbtr><Pty/></Dbtr><UltmtDbtr><Pty><Nm>Baka</Nm></Pty></UltmtDbtr>", Party("Baka")),
        # Only the side where the own account should be, with another account: some banks know one side only.
        (f"<Cdtr><Nm>Someone</Nm></Cdtr><CdtrAcct><Id><IBAN>{OTHER}</IBAN></Id></CdtrAcct>", Party("Someone", OTHER)),
        (f"<Cdtr><Nm>Grad</Nm></Cdtr><CdtrAcct><Id><IBAN>{IBAN}</IBAN></Id></CdtrAcct>", Party()),
        ("", Party()),
    ],
)  # fmt: skip
def test_parties(related: str, expected: Party) -> None:
    _, transaction = only(items(FORMAT, camt(stmt(ntry(details=tx(f"<RltdPties>{related}</RltdPties>"))))))
    assert transaction.party == expected


def test_texts_references_and_a_returned_payment() -> None:
    details = tx(
        "<Refs><AcctSvcrRef>NONREF</AcctSvcrRef><InstrId>I1</InstrId><EndToEndId>NOTPROVIDED</EndToEndId></Refs>"
        "<RmtInf><Ustrd>first</Ustrd><Ustrd>second\n line</Ustrd><Strd><AddtlRmtInf>third</AddtlRmtInf></Strd></RmtInf>"
        "<RtrInf><Rsn><Cd>AC06</Cd></Rsn></RtrInf><AddtlTxInf>not this</AddtlTxInf>"
    )
    entry, transaction = only(
        items(FORMAT, camt(stmt(ntry(details=details, after="<AddtlNtryInf>note</AddtlNtryInf>"))))
    )
    assert (transaction.text, entry.text) == ("first second line third", "note")
    assert (transaction.end_to_end, transaction.bank_reference, transaction.returned) == ("", "I1", "AC06")


def test_a_full_line_was_cut_in_a_word() -> None:
    lines = ("x" * 135 + " obve", "znost")
    assert all(len(line) == 140 for line in lines[:1])
    _, transaction = only(
        items(
            FORMAT,
            camt(stmt(ntry(details=tx("<RmtInf>" + "".join(f"<Ustrd>{one}</Ustrd>" for one in lines) + "</RmtInf>")))),
        )
    )
    assert transaction.text.endswith(" obveznost")


@pytest.mark.parametrize("written", ["NOTPROVIDED", "NotProvided", "notprovided", "NONREF", "HR99"])
def test_words_for_no_reference(written: str) -> None:
    refs = f"<Refs><AcctSvcrRef>{written}</AcctSvcrRef><EndToEndId>{written}</EndToEndId></Refs>"
    _, transaction = only(items(FORMAT, camt(stmt(ntry(details=tx(refs))))))
    assert (transaction.end_to_end, transaction.bank_reference) == ("", "")


def test_lines_that_only_the_file_breaks() -> None:
    details = tx("<AddtlTxInf>one\n            two</AddtlTxInf>")
    entry, transaction = only(
        items(FORMAT, camt(stmt(ntry(details=details, after="<AddtlNtryInf>a\n   b</AddtlNtryInf>"))))
    )
    assert (transaction.text, entry.text) == ("one two", "a b")


def test_lines_are_joined_in_one_go() -> None:
    lines = ["a", "", "b" * 140, "c", "b" * 140, "", "d"] * 5_000
    begun = process_time()
    _, transaction = only(
        items(
            FORMAT,
            camt(stmt(ntry(details=tx(f"<RmtInf>{''.join(f'<Ustrd>{one}</Ustrd>' for one in lines)}</RmtInf>")))),
        )
    )
    assert transaction.text == " ".join([f"a {'b' * 140}c {'b' * 140}d"] * 5_000)
    assert process_time() - begun < 10
