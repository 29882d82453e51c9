"""MT940 and MT942: statements, lines, dialects of `:86:`, and what is refused."""

from __future__ import annotations

import io
import time
from datetime import UTC, date, datetime

import pytest

from adapters.bank_statement.mt940 import FORMAT
from hub.kernel.money import Money
from hub.kit import statement_text
from hub.ports.bank_statement import Entry, Kind, Options, Party, Status, Told, Transaction
from tests.unit.bank_statement.writing import CZ_IBAN, IBAN, items, mt940, only, parts, refs, refusal, told

RO = "RO40RZBR0000060001111111"
BCR, ALPHA = "RO48RNCB0090000506460001", "RO87BUCU1052235283028RON"


def read(
    *lines: str, account: str = IBAN, currency: str = "EUR", options: Options | None = None
) -> tuple[Entry, Transaction]:
    return only(items(FORMAT, mt940(*lines, account=account, opening=f"C260301{currency}100,"), options))


# ── Statements ───────────────────────────────────────────────────────────────────────────────────


def test_a_statement() -> None:
    content = mt940(":61:2603010301C5,50NTRFREF1//BANK1", ":86:text", closing="C260302EUR105,50")
    assert FORMAT.recognises(content.encode(), "x")
    ((head, (entry,), end),) = parts(items(FORMAT, content))
    assert (head.kind, head.format, head.account, head.scheme) == (Kind.STATEMENT, "mt940", IBAN, "iban")
    assert (head.number, head.currency, head.since) == ("7/1", "EUR", date(2026, 3, 1))
    assert head.id == f"{IBAN}/7/1/2026-03-01/100.00 EUR"
    assert (entry.key, entry.line, entry.code, entry.bank_reference) == ("1", 5, "NTRF", "BANK1")
    assert (entry.booked_on, entry.valued_on) == (date(2026, 3, 1), date(2026, 3, 1))
    assert end.closing is not None
    assert (end.closing.on, end.agrees) == (date(2026, 3, 2), True)


def test_several_statements_and_pages_of_one() -> None:
    page = mt940(":61:260301C1,NMSCNONREF", closing="C260301EUR101,")
    page = page.replace(":62F:", ":62M:")
    rest = (
        mt940(opening="C260301EUR101,00", account="123/4567 EUR")
        .replace(":60F:", ":60M:")
        .replace(":28C:7/1", ":28C:7/2")
    )
    first, second = parts(items(FORMAT, page + "\n" + rest))
    assert (told(first[2])["agrees"], told(second[2])["agrees"]) == (True, True)
    assert (second[0].id, second[0].scheme) == ("123/4567/7/2/2026-03-01/101.00 EUR", "cz")


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_blocks_of_swift_and_lines_between(end: str) -> None:
    begin, stop = "{1:F01ASNBNL21XXXX0000000000}{2:O940ASNBNL21XXXXN}{3:}{4:", "-}{5:}"
    one = [begin, *mt940(":61:260301C1,NMSCNONREF", ":86:a", "", "b").rstrip("-\n").split("\n"), stop]
    content = end.join(
        ["\x01", *one, " " + begin, *one[1:-1], "-}", "ABNANL2A", "940 00", ":940:", *one[1:-1], "-XXX", "\x03"]
    )
    assert FORMAT.recognises(content.encode(), "x")
    found = parts(items(FORMAT, content))
    assert [[entry.transactions[0].text for entry in entries] for _, entries, _ in found] == [["a b"]] * 3


def test_an_interim_report() -> None:
    content = ":20:R1\n:25:51230800/7055\n:28C:1/1\n:34F:PLND0,00\n:34F:PLNC0,00\n:13D:2603011815+0130\n"
    content += ":61:260301CN0,01NTRFNONREF\n:86:x\n:61:260301EDN5,00NTRFNONREF\n:90D:0PLN0,00\n:90C:1PLN0,01\n-\n"
    ((head, (first, second), end),) = parts(items(FORMAT, content))
    assert (head.kind, head.format, head.currency, head.opening) == (Kind.REPORT, "mt942", "PLN", None)
    assert head.created_at == datetime(2026, 3, 1, 16, 45, tzinfo=UTC)
    assert head.id == "51230800/7055/1/1/R1/2026-03-01T18:15:00+01:30"
    assert [(str(one.amount), one.status) for one in (first, second)] == [
        ("0.01 PLN", Status.BOOKED),
        ("-5.00 PLN", Status.PENDING),
    ]
    assert (end.told, end.agrees) == (Told(None, Money(1, "PLN"), Money(0, "PLN"), 1, 0), True)


def test_an_interim_report_without_time_and_number_is_known_by_its_first_entry() -> None:
    """ČSOB: the reference is the owner's name, so that the reports of all days would be one."""
    one = "CEKOCZPPAXXX 00000\n942 01\n\n:20:MESTO\n:25:0300/226047602\n:34F:CZKD0,\n:61:2603010301C5,00FMSC //26642\n"
    ids = [items(FORMAT, one.replace("26642", number))[0].id for number in ("26642", "26642", "26643")]  # type: ignore[union-attr]
    assert ids[0] == ids[1] == "226047602/0300//MESTO/2603010301C5,00FMSC //26642"
    assert ids[2] != ids[0]


def test_a_block_of_swift_ends_a_text() -> None:
    one = ":20:R1\n:25:1\n:28C:1/1\n:34F:PLN0\n:61:260301CN1,NTRFNONREF\n:86:x\n"
    found = parts(items(FORMAT, one + "{1:F01X}{4:\n" + one))
    assert [[entry.transactions[0].text for entry in entries] for _, entries, _ in found] == [["x"], ["x"]]


def test_a_stroke_alone_is_text_where_a_field_follows_and_the_end_where_a_message_does() -> None:
    """Rabobank and mBank cut texts after a blank or stroke, so that the next line is `-`."""
    cut = mt940(":61:260301C1,NTRFNONREF", "more", "-", ":86:plat", "-", "", "-", "ba", closing="C260301EUR102,00")
    cut = cut.replace(":62F:", ":61:260301C1,NTRFNONREF\n:86:second\n-\n:62F:")
    for content in (cut, cut.replace("\n", "\r\n"), cut + cut, f"{cut}940 00\n{cut}"):
        for _, (first, second), end in parts(items(FORMAT, content)):
            assert (first.text, first.transactions[0].text) == ("more -", "plat - - ba")
            assert (second.transactions[0].text, told(end)["agrees"]) == ("second -", True)
    report = ":20:R1\n:25:1\n:28C:1/1\n:34F:PLN0\n:61:260301CN1,NTRFNONREF\n:86:x\n-\n"
    found = parts(items(FORMAT, report + "ABNANL2A\n940 00\n" + report + "{1:F01X}{4:\n" + report + "-}\n"))
    assert [entries[0].transactions[0].text for _, entries, _ in found] == ["x", "x", "x"]


def test_texts_around_messages_are_left_out_and_damaged_fields_are_not() -> None:
    one = mt940(":61:260301C1,NTRFNONREF", ":86:x")
    content = f"Vážený klient, výpis z 12:20:15 je nižšie.\n\n------\n{one}Ďakujeme.\n{one}"
    assert FORMAT.recognises(content.encode(), "x")
    assert len(parts(items(FORMAT, content))) == 2
    for damage in ("> :20:REF", "    :20:REF", ".:61:260301C1,NTRF", ":86 :x"):
        error = refusal(FORMAT, f"{one}{damage}\n{one}")
        assert (error.problem, error.line) == ("a line belongs to no field", 9)
    # Within a message every line counts.
    error = refusal(FORMAT, one.replace(":61:", ":6l:"))
    assert (error.problem, error.line) == ("a line belongs to no field", 5)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1252"])
def test_braces_as_nordic_banks_write_them(encoding: str) -> None:
    one = mt940(":61:260301C1,NTRFNONREF", ":86:x").removesuffix("-\n")
    content = f"ä4:\n{one}-å\nä1:F01X\nä4:\n{one}:86:free\n-å\n"
    assert len(parts(items(FORMAT, content.encode(encoding)))) == 2


def test_balances_and_totals_that_do_not_agree() -> None:
    content = mt940(":61:260301C1,NMSCNONREF", closing="D260301EUR1,").replace(
        "\n-\n", "\n:86:D000001C000002D5,00C1,00\n-\n"
    )
    ((_, _, end),) = parts(items(FORMAT, content))
    assert end.differences == (
        (
            "The closing balance is -1.00 EUR; the opening balance 100.00 EUR and the booked entries give 101.00 EUR: "
            "-102.00 EUR apart."
        ),
        "The statement says it has 2 credits; there are 1.",
        "The statement says it has 1 debits; there are 0.",
        "The statement says its debits are 5.00 EUR; they are 0.00 EUR: 5.00 EUR apart.",
    )
    ((_, _, end),) = parts(items(FORMAT, mt940(opening="C260301RON1,00", closing="C260301EUR1,00")))
    assert (end.agrees, end.differences) == (False, ("The closing balance is in EUR, the opening balance in RON.",))


@pytest.mark.parametrize(
    ("written", "account", "scheme"),
    [
        (IBAN, IBAN, "iban"), (f"/{IBAN}", IBAN, "iban"), (f" {IBAN} ", IBAN, "iban"), (f"{IBAN} EUR", IBAN, "iban"),
        (f"{IBAN}EUR", IBAN, "iban"), (f"ZABAHR2X/{IBAN}", IBAN, "iban"), (ALPHA, ALPHA, "iban"),
        ("51210600/9223382012EUR", "51210600/9223382012", "other"), ("BPHKPLPK/320000546101", "BPHKPLPK/320000546101", "other"),
        ("UBRTHUHB/12345/HUF", "UBRTHUHB/12345", "other"), ("19-2000145399/0800", "19-2000145399/0800", "cz"),
        # Czech banks write the bank's code first.
        ("0800/192000145399", "19-2000145399/0800", "cz"), ("0800/9944040012345671", "994404-12345671/0800", "cz"),
        ("5500/0112233088", "112233088/5500", "cz"), ("0300/226047602", "226047602/0300", "cz"), ("0300/1234", "0300/1234", "cz"),
        ("000123456789", "000123456789", "other"),
    ],
)  # fmt: skip
def test_accounts(written: str, account: str, scheme: str) -> None:
    ((head, _, _),) = parts(items(FORMAT, mt940(account=written)))
    assert (head.account, head.scheme) == (account, scheme)


# ── Lines ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("value", "amount", "reversal", "currency"),
    [
        ("2603010301C5,50NTRFNONREF", "5.50", False, "EUR"),
        ("2603010301D5,50NTRFNONREF", "-5.50", False, "EUR"),
        # The third letter of the currency.
        ("2603010301CR5,50NTRFNONREF", "5.50", False, "EUR"),
        ("2603010301DR5,50NTRFNONREF", "-5.50", False, "EUR"),
        ("260301CN5,50NTRFNONREF", "5.50", False, "RON"),
        ("260301CK5,50NTRFNONREF", "5.50", False, "CZK"),
        ("260301DD5,50NTRFNONREF", "-5.50", False, "USD"),
        # RC takes a credit back, RD a debit.
        ("2603010301RC5,50NTRFNONREF", "-5.50", True, "EUR"),
        ("2603010301RCR5,50NTRFNONREF", "-5.50", True, "EUR"),
        ("2603010301RD5,50NTRFNONREF", "5.50", True, "EUR"),
        ("2603010301RDN5,50NTRFNONREF", "5.50", True, "RON"),
        ("260301C5,NTRFNONREF", "5.00", False, "EUR"),
        ("260301C5NTRFNONREF", "5.00", False, "EUR"),
        ("260301C5,5NTRFNONREF", "5.50", False, "EUR"),
        ("260301C,50NTRFNONREF", "0.50", False, "EUR"),
        ("260301C000000000005,50NTRFNONREF", "5.50", False, "EUR"),
        ("260301C00000000000000000005,50NTRFNONREF", "5.50", False, "EUR"),
        ("260301C5.50NTRFNONREF", "5.50", False, "EUR"),
        ("260301    C5,50NTRFNONREF", "5.50", False, "EUR"),
        ("260301CF5,00S   X", "5.00", False, "HUF"),
        ("260301C500,NTRFX", "500", False, "JPY"),
        ("260301C00000000000500.N001", "500", False, "JPY"),
        ("260301C5.N001", "5.00", False, "EUR"),
        ("2603010301C5,50 NTRFNONREF", "5.50", False, "EUR"),
        ("260301C0,00NDEFNONREF", "0.00", False, "EUR"),
    ],
)  # fmt: skip
def test_signs_and_amounts(*, value: str, amount: str, reversal: bool, currency: str) -> None:
    entry, transaction = read(f":61:{value}", currency=currency)
    assert (entry.amount, entry.reversal) == (Money.parse(amount, currency), reversal)
    assert transaction.amount == entry.amount


@pytest.mark.parametrize(
    ("value", "booked", "valued"),
    [
        ("2603010303", date(2026, 3, 3), date(2026, 3, 1)),
        ("260301", date(2026, 3, 1), date(2026, 3, 1)),
        # The turn of the year, both ways.
        ("2512310102", date(2026, 1, 2), date(2025, 12, 31)),
        ("2601021230", date(2025, 12, 30), date(2026, 1, 2)),
        ("2512311230", date(2025, 12, 30), date(2025, 12, 31)),
        # Banks that count thirty days a month.
        ("1602300301", date(2016, 3, 1), date(2016, 2, 29)),
        ("2302300301", date(2023, 3, 1), date(2023, 2, 28)),
        ("2302290229", date(2023, 2, 28), date(2023, 2, 28)),
        ("2402290229", date(2024, 2, 29), date(2024, 2, 29)),
        ("9912310102", date(2100, 1, 2), date(2099, 12, 31)),
    ],
)  # fmt: skip
def test_days(value: str, booked: date, valued: date) -> None:
    entry, _ = read(f":61:{value}C1,NTRFNONREF")
    assert (entry.booked_on, entry.valued_on) == (booked, valued)


def test_the_century_is_a_setting() -> None:
    entry, _ = read(":61:9912310102C1,NTRFNONREF", options=Options(century=1900))
    assert (entry.booked_on, entry.valued_on) == (date(2000, 1, 2), date(1999, 12, 31))


@pytest.mark.parametrize(
    ("value", "more", "kind", "banks", "payers", "text"),
    [
        ("NTRFNONREF//B1", (), "NTRF", "B1", "", ""),
        ("NTRF.//2022103180931993", ("Test Partner",), "NTRF", "2022103180931993", "", "Test Partner"),
        ("NTRFCUSTOMER1//B1", (), "NTRF", "B1", "CUSTOMER1", ""),
        # What the payer writes is no reference of the bank's own.
        ("NTRFCUSTOMER1", (), "NTRF", "", "CUSTOMER1", ""),
        ("NTRF2023-02-09-08.37.18.054696", (), "NTRF", "", "2023-02-09-08.37.18.054696", ""),
        ("FMSC01916//NONREF", ("2013",), "FMSC", "", "01916", "2013"),
        ("N0600733959555                         T-MOBILE", (), "N060", "", "0733959555", "T-MOBILE"),
        ("N0600733959555      T-MOBILE NETHERLANDS", ("BV",), "N060", "", "0733959555", "T-MOBILE NETHERLANDS BV"),
        ("N030NONREF          TOMTE TUMMETOT AMERSFOORT", (), "N030", "", "", "TOMTE TUMMETOT AMERSFOORT"),
        ("N0302023-02-09-08.37.18.054696", (), "N030", "", "2023-02-09-08.37.18.054696", ""),
        # ING and Triodos, a blank in front, and none at all.
        ("NOV NONREF", (), "NOV", "", "", ""),
        ("NGT TMG TANGO", (), "NGT", "", "TMG TANGO", ""),
        (" NRTIKREF+//2016", (), "NRTI", "2016", "", ""),
        ("NONREF", (), "", "", "", ""),
        ("//19239782213", (), "", "19239782213", "", ""),
        ("NTRFNONREF", ("first", "", " second "), "NTRF", "", "", "first second"),
    ],
)
def test_references_of_a_line(value: str, more: tuple[str, ...], kind: str, banks: str, payers: str, text: str) -> None:
    entry, transaction = read(f":61:260301C1,{value}", *more)
    assert (entry.code, entry.text, transaction.text) == (kind, text, text)
    assert (entry.bank_reference, transaction.bank_reference, transaction.end_to_end) == (banks, banks, payers)


# ── Dialects of :86: ─────────────────────────────────────────────────────────────────────────────

FULL = "1234567890 Gemeindesteuer 27"
assert len(FULL[:27]) == 27


@pytest.mark.parametrize(
    ("account", "lines", "party", "text", "end_to_end"),
    [
        # Germany and neighbours, cut inside a code, a word and a name.
        (IBAN, ("166?00GUTSCHRIFT?109245?20Kommunalabgabe VS:123 KS:0308?3", "0ZABAHR2X?31HR8924020061100069352?32Ana?33Horvat?34000"),
         Party("Ana Horvat", "HR8924020061100069352"), "Kommunalabgabe VS:123 KS:0308", ""),
        (IBAN, (f"166?20{FULL[:27]}?21Fortsetzung?22Ende?32{'N' * 27}?33ame",), Party("N" * 27 + "ame"), FULL[:27] + "Fortsetzung Ende", ""),
        (IBAN, ("166?00SEPA?20EREF+E-77?21MREF+M1?22SVWZ+Miete Mai?23IBAN+ DE1?32Eva",), Party("Eva", "DE1?".strip("?")), "Miete Mai", "E-77"),
        (IBAN, ("166?20EREF+NOTPROVIDED?21SVWZ+x",), Party(), "x", ""),
        (IBAN, (" 020?00Wyplata?20Info?38PL081060007600007777777", "77777"), Party("", "PL08106000760000777777777777"), "Info", ""),
        (IBAN, ("020?00Platba?20VS:55?300800?3119-2000145399?32Jan",), Party("Jan", "19-2000145399/0800"), "VS:55", ""),
        (IBAN, ("105?20A?60B?61C",), Party(), "A B C", ""),
        (IBAN, ("105?20EREF+E1?60more",), Party(), "EREF+E1 more", "E1"),
        (IBAN, ("105?20EREF+E1?29x?60more",), Party(), "EREF+E1 x more", "E1 x more"),
        (IBAN, ("091",), Party(), "091", ""),
        (IBAN, ("",), Party(), "", ""),
        # Triodos, Raiffeisen and ING of Romania, BRD.
        (IBAN, ("000>100987654321", ">20ALGEMENE TUSSENREKENING KOS>21TEN VAN 01-10>310390123456"), Party("", "0390123456"), "ALGEMENE TUSSENREKENING KOSTEN VAN 01-10", ""),
        (RO, ("000^20F.2059628^24Ref.Doc 2268/OPMC^30RAIFFEIS", "EN BANK S.A.^31RO05RZBR0000060003144073^32QUEHENBE", "RGER LOGISTICS ROU"),
         Party("QUEHENBERGER LOGISTICS ROU", "RO05RZBR0000060003144073"), "F.2059628 Ref.Doc 2268/OPMC", ""),
        (RO, ("110~20AMT RCD RON 1000,00        ~21                           ~", "22                           ~32NUME SRL    ~33RO2", "5INGB0014000031948911   ~25CVF 2020/0060", "   ~29     ~60     ~61     ~"),
         Party("NUME SRL", "RO25INGB0014000031948911"), "AMT RCD RON 1000,00 CVF 2020/0060", ""),
        (RO, ("000+20Plata           +30302410000+31RO89RZBR0000060003480121", "+32NUME SRL+33RO39187746", "+23PLATA FACT +40722123456 4603309"),
         Party("NUME SRL", "RO89RZBR0000060003480121", "RO39187746"), "Plata PLATA FACT +40722123456 4603309", ""),
        (RO, ("000+20Plata+31RO89RZBR0000060003480121+32NUME+33/",), Party("NUME", "RO89RZBR0000060003480121"), "Plata", ""),
        # BCR and Alpha: sentences, cut in words.
        (BCR, ("Referinta 221031S029321541, data valutei 31-10-2022, Decontare -P", "latitor  Test Partner BCR  RO24BREL0002002472400100  CO", "DFISC 0-Beneficiar  GRAD SRL  RO48RNCB0", "090000506460001  CODFISC RO39187746-Detalii  /ROC/SERIA BTLAM NR 2", "1036843 . . /RFB/31/20221028"),
         Party("Test Partner BCR", "RO24BREL0002002472400100"), "SERIA BTLAM NR 21036843 . .", ""),
        (ALPHA, ("Incasare intrabancara PLATITOR  T", "est Partener BUCUROBU RO39BUCU2481304266464RON", "DETALII INCASARE  FN CVAL CTR NR E000408"),
         Party("Test Partener", "RO39BUCU2481304266464"), "FN CVAL CTR NR E000408", ""),
        (ALPHA, ("Incasare interbancara mica valoar", "e PLATITOR  NUMELE LUNG AL UNEI FIRME SRL RO88BTRLRONCRT0301398801 BTRLRO22 D", "ETALII INCASARE  rata SIS 2026 pentru apartamentul 12 si garaj 3 END TO END I", "D  E2E-7 CUST REFERENCE   032"),
         Party("NUMELE LUNG AL UNEI FIRME SRL", "RO88BTRLRONCRT0301398801"), "rata SIS 2026 pentru apartamentul 12 si garaj 3", "E2E-7"),
        # Dutch words, and plain text.
        (IBAN, ("/EREF/E1/ORDP//NAME/R. SMITH/ADDR/Green market 74 Nederl", "and NL/IBAN/NL66RABO0160878799/REMI/Test money/ISDT/2014-01-02"), Party("R. SMITH", "NL66RABO0160878799"), "Test money", "E1"),
        (IBAN, ("/CNTP/NL57ABNA0876543211/ABNANL2A/G. Bert/3000AA WEST///REMI/USTD//Factuur 7/",), Party("G. Bert", "NL57ABNA0876543211"), "Factuur 7", ""),
        (IBAN, ("/EREF/E1//CNTP///B Vries/Delft//REMI/USTD//x/",), Party("B Vries", ""), "x", "E1"),
        (IBAN, ("/CNTP/NL57ABNA0876543211//REMI/x",), Party("", "NL57ABNA0876543211"), "x", ""),
        (IBAN, ("/EREF/E1/ORDP//NAME/STG/ADDR/x/REMI//REMI/AFREK. 11",), Party("STG", ""), "AFREK. 11", "E1"),
        # ČSOB, Česká spořitelna and Raiffeisenbank: symbols in sub-fields, in three orders, and accounts in three places.
        (CZ_IBAN, ("111?00JANA NOVÁ?20ZAUCT.PLATBA?21000019-0000000019/0800", "?22VS:0225805852?23SS:?24KS:0308", "?25poplatek?26.", "?27.?28.", "?29VS:0225805852?30SS:"),
         Party("JANA NOVÁ", "19-19/0800"), "ZAUCT.PLATBA 000019-0000000019/0800 VS:0225805852 SS: KS:0308 poplatek VS:0225805852", ""),
        (CZ_IBAN, ("020?00TUZEMSKA?20KS:308?21VS:42?22.?23.?24VS2: /SS2: ?25FAKTURA 7?26.?300300?31000000019012333?32ODBERATEL AS?33.",),
         Party("ODBERATEL AS", "19012333/0300"), "KS:308 VS:42 VS2: /SS2: FAKTURA 7", ""),
        (CZ_IBAN, (f"020?20{'x' * 27}?21KS0308?22VS0045135784?23-?306800?310000190032103210?32STAVBY",), Party("STAVBY", "19-32103210/6800"), f"{'x' * 27} KS0308 VS0045135784", ""),
        # Words of another bank: nothing of what it says is left out.
        (IBAN, ("/ORDP/300000000460495", "/OPSTINA DOOEL", "/747//747", "/Uplata po faktura 747"), Party(), "/ORDP/300000000460495 /OPSTINA DOOEL /747//747 /Uplata po faktura 747", ""),
        # Triodos writes our own account there.
        ("TRIODOSBANK/0390123456", ("000>100987654321", ">20HUUR>310390123456"), Party(), "HUUR", ""),
        ("TRIODOSBANK/0390123456", ("000>100987654321", ">20HUUR>310123456"), Party("", "0123456"), "HUUR", ""),
        (IBAN, ("105?20A?20B?21C",), Party(), "AB C", ""),
        (IBAN, ("Uplata komunalne naknade", "HR69 40002-875-190"), Party(), "Uplata komunalne naknade HR69 40002-875-190", ""),
        (IBAN, ("x" * 60 + " kom" + "u", "nalna"), Party(), "x" * 60 + " komunalna", ""),
    ],
)  # fmt: skip
def test_dialects(account: str, lines: tuple[str, ...], party: Party, text: str, end_to_end: str) -> None:
    _, transaction = read(":61:260301C1,NTRFNONREF", ":86:" + lines[0], *lines[1:], account=account)
    assert (transaction.party, transaction.text, transaction.end_to_end) == (party, text, end_to_end)


def test_the_other_side_of_what_went_out_in_a_sentence() -> None:
    text = "x-Platitor  GRAD  RO48RNCB0090000506460001  CODFISC 1-Beneficiar  FIRMA SRL  RO24BREL0002002472400100  CODFISC 39187746-Detalii  plata"
    for sign, name in (("D", "FIRMA SRL"), ("C", "GRAD"), ("RC", "GRAD")):
        _, transaction = read(f":61:260301{sign}1,NTRFNONREF", f":86:{text}", account=BCR)
        assert transaction.party.name == name


def test_symbols_in_references_and_texts() -> None:
    lines = (":61:260301C1,NTRF/VS123/SS/KS0308", "VS:77", ":86:platba VS 123 a SS:9")
    assert refs(items(FORMAT, mt940(*lines))) == [
        ("cz.variable_symbol", "123"), ("cz.constant_symbol", "0308"), ("cz.specific_symbol", "9"), ("cz.variable_symbol", "77"),
    ]  # fmt: skip


def test_pieces_of_a_time_are_no_tags_and_several_86_are_one() -> None:
    lines = (
        ":61:260301C1,NTRFNONREF",
        ":86:106?20T16",
        ":26:37 Fo?25lgenr. 007",
        ":61:260301C2,NTRFNONREF",
        ":86:a",
        ":86:b",
        ":12:11",
    )
    ((_, (first, second), _),) = parts(items(FORMAT, mt940(*lines)))
    assert first.transactions[0].text == "T16:26:37 Fo lgenr. 007"
    assert second.transactions[0].text == "a b :12:11"


def test_lines_of_multicash() -> None:
    lines = (
        ":61:260301C1,S051X",
        ":NS:01Zweck 1",
        "02VS:123",
        "15Empf",
        "16nger",
        "17Buchung",
        "3310918001",
        "34000000427907",
    )
    entry, transaction = read(*lines)
    assert (transaction.party, transaction.text) == (Party("Empf nger", "427907"), "Zweck 1 VS:123")
    assert [one.value for one in transaction.references] == ["123"]
    assert entry.code == "S051"


# ── Encodings ────────────────────────────────────────────────────────────────────────────────────


def test_encodings() -> None:
    content = mt940(":61:260301C1,NTRFNONREF", ":86:Žižkov š")
    for encoded in (
        content.encode(),
        content.encode("cp1250"),
        b"\xef\xbb\xbf" + content.encode(),
        content.encode("utf-16"),
    ):
        assert FORMAT.recognises(encoded[:4096], "x")
        assert only(items(FORMAT, encoded))[1].text == "Žižkov š"
    assert only(items(FORMAT, content.encode("cp852"), Options(encoding="cp852")))[1].text == "Žižkov š"
    assert only(items(FORMAT, content.encode("cp852")))[1].text != "Žižkov š"
    assert "is not an encoding" in refusal(FORMAT, content, Options(encoding="ebcdic")).problem
    error = refusal(FORMAT, content.encode("cp1250"), Options(encoding="utf-8"))
    assert error.problem == "has a byte that is no character of utf-8"


def test_a_letter_that_the_end_of_a_line_cuts() -> None:
    text = ("x" * 63 + "Ž" + "ena").encode()
    content = mt940(":61:260301C1,NTRFNONREF", ":86:@").encode().replace(b"@", text[:64] + b"\n" + text[64:])
    assert only(items(FORMAT, content))[1].text == "x" * 63 + "Žena"


def test_control_characters_are_left_out() -> None:
    _, transaction = read(":61:260301C1,NTRFNONREF", ":86:a\x00b\x07c\x1a")
    assert transaction.text == "abc"


def test_the_file_stays_open_for_whoever_opened_it() -> None:
    file = io.BytesIO(mt940().encode())
    assert len(list(FORMAT.read(file))) == 2
    assert not file.closed


# ── Refused ──────────────────────────────────────────────────────────────────────────────────────

WHOLE = mt940(":61:260301C1,NTRFNONREF", ":86:x")


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        ("", 1, "holds no field"),
        ("\n\n", 1, "holds no field"),
        (":61:260301C1,NTRFNONREF\n", 1, ":61: stands outside a statement"),
        (":25:123\n", 1, ":25: stands outside a statement"),
        ("\n:20:X\n", 2, "it has no balances"),
        (":20:X\n:25:1\n", 1, "it has no balances"),
        (WHOLE[: WHOLE.index(":62F:")], 1, "was cut off: the statement that begins here has no closing balance"),
        (WHOLE[: WHOLE.index(":62F:")] + WHOLE, 1, "was cut off"),
        (WHOLE + WHOLE[: WHOLE.index(":62F:")], 9, "was cut off"),
        (WHOLE.replace(":25:", ":21:"), 1, "a statement has no account :25:"),
        (WHOLE.replace(":28C:", ":25:"), 3, "the account stands twice"),
        (WHOLE.replace(f":25:{IBAN}", ":25: "), 2, ":25: names no account"),
        (WHOLE.replace(":60F:", ":64:"), 1, "has no opening balance :60F:"),
        (":20:X\n:25:1\n:62F:C260301EUR1,\n", 3, "a closing balance and no opening one"),
        (mt940(":62F:C260301EUR1,"), 6, "two closing balances"),
        (mt940(":62F:C260301EUR1,", ":61:260301C1,NTRF").replace("\n:62F:C260301EUR100,00", ""), 6, "an entry stands after the closing balance"),
        (mt940(":61:260301C1,NTRF", ":25:9"), 6, ":25: stands after an entry"),
        (mt940(":61:260301C1,NTRF", ":60F:C260301EUR1,"), 6, ":60F: stands after an entry"),
        (mt940(":61:261301C1,NTRF"), 5, "261301 is not a day"),
        (mt940(":61:2603010231C1,NTRF"), 5, "0231 is not a day written MMDD"),
        (mt940(":61:X"), 5, ":61: is a value date"),
        (mt940(":61:260301C1.000NTRF"), 5, "'1.000' is not an amount"),
        (mt940(":61:260301C" + "9" * 16 + ",00NTRF"), 5, "is not an amount"),
        (mt940(":61:260301C1.000,00NTRF"), 5, "'1.000,00' is not an amount"),
        (mt940(":61:260301C1,005NTRF"), 5, "fractions of the smallest unit"),
        (mt940(":61:260301C,NTRF"), 5, "',' is not an amount"),
        (mt940(opening="X260301EUR1,"), 4, "a balance is C or D"),
        (mt940(opening="C260301EUR1,00x"), 4, "a balance is C or D"),
        (mt940(opening="C2603011,00"), 4, "a balance has no currency"),
        (mt940(opening="C260301ABC1,00"), 4, "'ABC' is not an ISO 4217"),
        (mt940(":90C:two"), 5, "a total is a number"),
        (WHOLE.replace(":28C:7/1", ":13D:2603012500"), 3, "a time is YYMMDDhhmm"),
        (mt940(":64:C260301EUR1,", "a line of text that belongs to nothing, and is longer than names"), 6, "belongs to no field"),
        (mt940(":61:260301C1,NTRF", ":86:a", *["b"] * 500), 506, ":86: has more than 500 lines"),
        (mt940(":61:260301C1,NTRF", *[":86:a"] * 501), 506, ":86: of one entry have more than 500 lines"),
        (mt940(":61:260301C1,NTRF", *[":NS:01a"] * 501), 506, ":NS: of one entry have more than 500 lines"),
        (mt940(":61:260301C1,NTRF", ":86:a", *["b" * 9000] * 8), 6, ":86: of one entry have more than 500 lines or 64 KiB"),
        (mt940(":61:260301C1,NTRF", ":86:a", *["-"] * 501), 507, "more than 500 lines stand between two messages"),
    ],
)  # fmt: skip
def test_what_is_refused(content: str, line: int, problem: str) -> None:
    error = refusal(FORMAT, content)
    assert problem in error.problem
    assert error.line == line


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    error = refusal(FORMAT, mt940(":61:260301C1,NTRF", ":86:" + "x" * 20_000))
    assert (error.problem, error.line) == ("has a line of more than 16384 characters", 6)
    monkeypatch.setattr(statement_text, "LARGEST_FILE", 300)
    assert "is larger than" in refusal(FORMAT, mt940(*[":61:260301C1,NTRF"] * 20)).problem


@pytest.mark.parametrize("text", ["VAR.", "VAR ", " ", "RF18 5390 ", "?20a"])
def test_long_texts_take_no_longer_for_what_they_repeat(text: str) -> None:
    content = mt940(":61:260301C1,NTRF", ":86:166", *[text * (6000 // len(text))] * 10)
    begun = time.process_time()
    assert len(items(FORMAT, content)) == 3
    assert time.process_time() - begun < 20


def test_blanks_between_messages_take_no_time() -> None:
    begun = time.process_time()
    assert refusal(FORMAT, mt940().removesuffix("-\n") + " " * 16_000 + "é\n").line == 6
    assert time.process_time() - begun < 20


def test_what_is_not_recognised() -> None:
    for content in (b"", b"1\n2\n3\n", b"<Document/>", b"0740000000000012345", b"text :20: inside\n"):
        assert not FORMAT.recognises(content, "x.sta")
