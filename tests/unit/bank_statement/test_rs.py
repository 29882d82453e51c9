"""Serbian statements: Halcom in fixed columns, Asseco and ROL in XML. The samples are ours, in the published layouts."""

from __future__ import annotations

import io
from datetime import date

import pytest

from adapters.bank_statement.asseco import FORMAT as ASSECO
from adapters.bank_statement.halcom import FORMAT as HALCOM
from adapters.bank_statement.halcom_extended import FORMAT as EXTENDED
from adapters.bank_statement.rol import FORMAT as ROL
from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.kit import rs_reference
from hub.ports.bank_statement import Balance, Broken, Entry, Kind, Options, Party, Statement, StatementEnd

OWN = f"2050000000010804{98 - 2050000000010804 * 100 % 97:02}"
OWN_IBAN = f"RS35{OWN}"


def line(
    code: str = "20", amount: int = 6980880, day: str = "27.12.11", *, other: str = "160000000026565175", own: str = OWN,
    debit: tuple[str, str] = ("0 ", ""), credit: tuple[str, str] = ("00", "P1194-11"), value: str = "271211",
    name: str = "LIFTOVI DOO",
) -> str:  # fmt: skip
    storno = "S " if code in ("30", "40") else "  "
    text = (
        f"{other:18}{code}{day}{storno}{'OPSTINA DOO':35} {value}{own:18}{amount:015} 221  {debit[0]:2}{debit[1]:22}"
        f"{credit[0]:2}{credit[1]:22}{'PROMET ROBE I USLUGA':36}{'SIMANOVCI':10}{name:35}{'087000793707972':22}{'':18}"
    )
    assert len(text) == 280
    return text


def recap(debits=(0, 0), credits_=(1, 6980880), opening=306440645, closing=None, own=OWN, number="247") -> str:
    closing = opening - debits[1] + credits_[1] if closing is None else closing
    text = (
        f"01{own}2712201126122011{opening:018}{debits[0]:06}{debits[1]:018}{credits_[0]:06}{credits_[1]:018}{closing:018}"
        f"{0:06}{0:018}{number}"
    )
    assert len(text) == 147
    return text


def halcom(*lines: str, encoding: str = "cp1250", **options) -> list:
    data = "".join(f"{one}\r\n" for one in lines).encode(encoding)
    assert HALCOM.recognises(data[:4096], "izvod.txt")
    return list(HALCOM.read(io.BytesIO(data), Options(**options)))


def test_halcom_an_entry_in_its_columns():
    statement, entry, end = halcom(line(), encoding="cp1250")
    assert statement == Statement(
        kind=Kind.STATEMENT, format="halcom", id=f"{OWN_IBAN}/2011-12-27", account=OWN_IBAN, scheme="iban",
        currency="RSD", since=date(2011, 12, 27), until=date(2011, 12, 27),
    )  # fmt: skip
    assert (entry.amount, entry.booked_on, entry.valued_on, entry.code, entry.line) == (
        Money(6980880, "RSD"), date(2011, 12, 27), date(2011, 12, 27), "20 221", 1,
    )  # fmt: skip
    (payment,) = entry.transactions
    assert payment.party == Party("LIFTOVI DOO", "160-0000000265651-75")
    assert payment.references == (Reference("rs.poziv_na_broj", "00 P1194-11"),)
    assert (payment.text, payment.bank_reference) == ("PROMET ROBE I USLUGA", "087000793707972")
    assert (end.agrees, end.closing, end.credits) == (None, None, Money(6980880, "RSD"))


@pytest.mark.parametrize("behind", [False, True])
def test_halcom_the_recap_in_the_same_file(behind):
    told = recap(debits=(1, 3216625))
    entries = [line(), line("10", 3216625)]
    statement, _, _, end = halcom(*([*entries, told] if behind else [told, *entries]))
    assert (statement.number, statement.opening) == (
        (None, None) if behind else ("247", Balance(Money(306440645, "RSD"), date(2011, 12, 26)))
    )
    assert end.closing == Balance(Money(310204900, "RSD"), date(2011, 12, 27))
    assert (end.agrees, end.differences) == (True, ())
    assert (end.told.number_of_debits, end.told.debits) == (1, Money(3216625, "RSD"))


def test_halcom_a_recap_alone_and_one_of_another_account():
    other = f"2050000000099904{98 - 2050000000099904 * 100 % 97:02}"
    statement, end = halcom(recap())
    assert (statement.id, statement.number, end.agrees, end.entries) == (f"{OWN_IBAN}/2011-12-27/recap", "247", None, 0)
    found = halcom(recap(own=other), line())
    assert [one.id for one in found if isinstance(one, Statement)] == [
        f"RS35{other}/2011-12-27/recap", f"{OWN_IBAN}/2011-12-27",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("told", "differences"),
    [
        (
            {"credits_": (1, 100), "closing": 313421525},
            ("The recap says its credits are 1.00 RSD; they are 69808.80 RSD.",),
        ),
        ({"credits_": (2, 6980880)}, ("The recap says there are 2 entries; there are 1.",)),
        (
            {"closing": 1},
            (
                (
                    "The closing balance is 0.01 RSD; the opening balance 3064406.45 RSD and the booked entries give "
                    "3134215.25 RSD: -3134215.24 RSD apart."
                ),
            ),
        ),
    ],
)
def test_halcom_a_recap_that_does_not_agree(told, differences):
    *_, end = halcom(recap(**told), line())
    assert (end.agrees, end.differences) == (False, differences)


@pytest.mark.parametrize(
    ("code", "minor", "reversal"), [("10", -500, False), ("20", 500, False), ("30", 500, True), ("40", -500, True)]
)
def test_halcom_posting_codes(code, minor, reversal):
    _, entry, _ = halcom(line(code, 500))
    assert (entry.amount.minor, entry.reversal) == (minor, reversal)


@pytest.mark.parametrize(("debits", "told"), [((2, 400), "net"), ((2, 500), "plain"), ((2, -400), "minus")])
def test_halcom_turnovers_with_reversals_may_be_told_either_way(debits, told):
    text = recap(debits=(2, 500), credits_=(0, 100 if told == "plain" else 0), opening=1000, closing=600)
    number = f"-{abs(debits[1]):017}" if debits[1] < 0 else f"{debits[1]:018}"
    *_, end = halcom(text[:60] + number + text[78:], line("10", 500), line("30", 100))
    assert (end.agrees, end.differences) == (True, ())


def test_halcom_our_reference_is_that_of_the_side_that_is_ours():
    sides = {"debit": ("97", "20-12345"), "credit": ("00", "77")}
    ours, theirs = Reference("rs.poziv_na_broj", "97 20-12345"), Reference("rs.poziv_na_broj", "00 77")
    assert halcom(line("10", **sides))[1].transactions[0].references == (ours, theirs)
    assert halcom(line("20", **sides))[1].transactions[0].references == (theirs, ours)


def test_halcom_accounts_days_and_characters():
    found = halcom(
        line(name="ЂОРЂЕ Д.О.О."),
        line(other=""),
        line(day="28.12.11"),
        line(own="205000000001080499"),
        encoding="utf-8",
    )
    assert [one.account for one in found if isinstance(one, Statement)] == [OWN_IBAN, OWN_IBAN, "205-0000000010804-99"]
    entries = [one for one in found if isinstance(one, Entry)]
    assert entries[0].transactions[0].party.name == "ЂОРЂЕ Д.О.О."
    assert entries[1].transactions[0].party.account == ""
    assert halcom(line(name="ČAČAK ŽITO"))[1].transactions[0].party.name == "ČAČAK ŽITO"
    cyrillic = f"{line(name='ЋИРИЛИЦА')}\r\n".encode("cp1251")
    _, entry, _ = HALCOM.read(io.BytesIO(cyrillic), Options(encoding="cp1251"))
    assert entry.transactions[0].party.name == "ЋИРИЛИЦА"


@pytest.mark.parametrize(
    ("lines", "number", "problem"),
    [
        ([line(), line()[:100]], 2, "cut off"),
        ([line(), "x" * 280], 2, "the own account"),
        ([line().replace("20" + "27.12.11", "50" + "27.12.11")], 1, "posting code '50'"),
        ([line(day="31.02.11")], 1, "DD.MM.YY"),
        ([line(value="310211")], 1, "DDMMYY"),
        ([line()[:90] + "00000000000A880" + line()[105:]], 1, "the amount"),
        ([line(), line()[:28] + "S " + line()[30:]], 2, "marked as a storno and has the posting code 20"),
        ([recap()[:20] + "31022011" + recap()[28:]], 1, "DDMMYYYY"),
        ([line(), "x" * 2000], 2, "more than 1024 bytes"),
        ([""], 1, "neither entries nor a recap"),
    ],
)
def test_halcom_a_broken_file_is_refused_with_its_line(lines, number, problem):
    data = "".join(f"{one}\r\n" for one in lines).encode("cp1250")
    with pytest.raises(Broken, match=problem) as refused:
        list(HALCOM.read(io.BytesIO(data)))
    assert refused.value.line == number


def test_halcom_letters_behind_the_first_thousand_entries_decide_the_encoding():
    many = [line() for _ in range(300)]
    found = halcom(*many, line(name="ČAČAK ŽITO", amount=77), encoding="utf-8")
    last = [one for one in found if isinstance(one, Entry)][-1]
    assert (last.amount.minor, last.transactions[0].party.name) == (77, "ČAČAK ŽITO")
    assert last.transactions[0].bank_reference == "087000793707972"


HEADING = (
    "ST_RACUNA#DATUM_OBD#ST_IZPISKA#VALUTA#DATUM_VAL#ZNESEK_V_BREME#ZNESEK_V_DOBRO#OZNAKA_KNJ#OPIS#DATUM_KNJ"
    "#RAC_NAL_PREJ#NAZIV_NAL_PREJ#NAMEN#OZN_VRSTE_POSLA#SKLIC_ODOBR#SKLIC_OBREM#MODEL_ODOBR#MODEL_OBREM#ID_NALOGA#NUJNI"
)
NAMES = HEADING.split("#")


def row(**values: str) -> str:
    usual = {
        "ST_RACUNA": f"{OWN[:3]}-{OWN[3:]}", "DATUM_OBD": "05.11.2026", "ST_IZPISKA": "247", "VALUTA": "RSD",
        "DATUM_VAL": "04.11.2026", "ZNESEK_V_DOBRO": "1.069.808,80", "OZNAKA_KNJ": "2", "OPIS": "opis",
        "DATUM_KNJ": "05.11.2026", "RAC_NAL_PREJ": "160-000000026565175", "NAZIV_NAL_PREJ": "  LIFTOVI ŠID; ;    ",
        "NAMEN": "KOMUNALNA  NAKNADA", "OZN_VRSTE_POSLA": "221", "SKLIC_ODOBR": "20-12345", "SKLIC_OBREM": "398249",
        "MODEL_ODOBR": "97", "MODEL_OBREM": "0", "ID_NALOGA": "1000561S",
    }  # fmt: skip
    return "#".join((usual | values).get(name, "") for name in NAMES)


def extended(*rows: str, names: str = HEADING, encoding: str = "cp1250") -> list:
    data = "".join(f"{one}\r\n" for one in (names, *rows)).encode(encoding)
    assert EXTENDED.recognises(data, "izvod.txt")
    return list(EXTENDED.read(io.BytesIO(data)))


@pytest.mark.parametrize("encoding", ["cp1250", "utf-8", "utf-8-sig"])
def test_halcom_extended_an_entry_by_the_names_of_its_columns(encoding):
    statement, entry, end = extended(row(), encoding=encoding)
    assert statement == Statement(
        kind=Kind.STATEMENT, format="halcom_extended", id=f"{OWN_IBAN}/247/2026-11-05", account=OWN_IBAN,
        scheme="iban", currency="RSD", number="247", since=date(2026, 11, 5), until=date(2026, 11, 5),
    )  # fmt: skip
    assert (entry.amount, entry.booked_on, entry.valued_on, entry.line, entry.code, entry.bank_reference) == (
        Money(106980880, "RSD"), date(2026, 11, 5), date(2026, 11, 4), 2, "221", "1000561S",
    )  # fmt: skip
    (payment,) = entry.transactions
    assert (payment.party, payment.text) == (Party("LIFTOVI ŠID", "160-000000026565175"), "KOMUNALNA NAKNADA")
    assert payment.references == (
        Reference("rs.poziv_na_broj", "97 20-12345"),
        Reference("rs.poziv_na_broj", "00 398249"),
    )
    assert (end.entries, end.credits, end.agrees) == (1, Money(106980880, "RSD"), None)


def test_halcom_extended_debits_days_and_statements():
    out = {"ZNESEK_V_DOBRO": "", "ZNESEK_V_BREME": "359,25", "OZNAKA_KNJ": "1"}
    found = extended(
        row(**out, NAMEN="", DATUM_KNJ="", DATUM_VAL=""), "", row(DATUM_OBD="06.11.2026", VALUTA="EUR", ST_IZPISKA="")
    )
    first, entry, _, second, _, _ = found
    assert (entry.amount, entry.booked_on, entry.valued_on, entry.transactions[0].text) == (
        Money(-35925, "RSD"), date(2026, 11, 5), date(2026, 11, 5), "opis",
    )  # fmt: skip
    assert entry.transactions[0].references[0] == Reference("rs.poziv_na_broj", "00 398249")
    assert [one.id for one in (first, second)] == [f"{OWN_IBAN}/247/2026-11-05", f"{OWN_IBAN}//2026-11-06"]
    assert (second.currency, second.number) == ("EUR", None)


@pytest.mark.parametrize(
    ("make", "number", "problem"),
    [
        (lambda: extended(row(), row() + "#"), 3, "has 21 columns, and the first line names 20"),
        (lambda: extended(row()[:60]), 2, "columns, and the first line names 20"),
        (lambda: extended(names="ST_RACUNA#VALUTA"), 1, "has no column DATUM_OBD"),
        (lambda: extended(names=f"{HEADING}#OPIS"), 1, "names a column twice"),
        (lambda: extended(row(ZNESEK_V_BREME="1,00")), 2, "no amount, or both"),
        (lambda: extended(row(ZNESEK_V_DOBRO="")), 2, "no amount, or both"),
        (lambda: extended(row(OZNAKA_KNJ="1")), 2, "has '1' where OZNAKA_KNJ is 2"),
        (lambda: extended(row(OZNAKA_KNJ="4")), 2, "has '4' where OZNAKA_KNJ is 2"),
        (lambda: extended(row(ZNESEK_V_DOBRO="1,250.00")), 2, "such as 1.250,00"),
        (lambda: extended(row(ZNESEK_V_DOBRO="-1,00")), 2, "such as 1.250,00"),
        (lambda: extended(row(ZNESEK_V_DOBRO="9" + ".999" * 7 + ",00")), 2, "such as 1.250,00"),
        (lambda: extended(row(VALUTA="DIN")), 2, "has 'DIN' where VALUTA is"),
        (lambda: extended(row(ST_RACUNA="")), 2, "no account"),
        (lambda: extended(row(DATUM_OBD="2026-11-05")), 2, "DATUM_OBD is, DD.MM.YYYY"),
        (lambda: extended(row(DATUM_KNJ="31.02.2026")), 2, "DATUM_KNJ is, DD.MM.YYYY"),
    ],
)
def test_halcom_extended_a_broken_file_is_refused_with_its_line(make, number, problem):
    with pytest.raises(Broken, match=problem) as refused:
        make()
    assert refused.value.line == number


def item(benefit="credit", amount="1000.50", fitid="1", ref=("97", "20-12345"), other=("", ""), curdef="DIN") -> str:
    return f"""<stmttrn><trntype>ibank.payment.pp3</trntype><fitid>{fitid}</fitid><benefit>{benefit}</benefit>
<payeeinfo><name>Ђорђе</name><city>Niš</city></payeeinfo><payeeaccountinfo><acctid>160-0000000005081-62</acctid></payeeaccountinfo>
<dtposted>2026-11-05T00:00:00</dtposted><trnamt>{amount}</trnamt><purpose>Porez na imovinu</purpose><purposecode>253</purposecode>
<curdef>{curdef}</curdef><dtavail>2026-11-06T00:00:00</dtavail><refmodel>{ref[0]}</refmodel><refnumber>{ref[1]}</refnumber>
<payeerefmodel>{other[0]}</payeerefmodel><payeerefnumber>{other[1]}</payeerefnumber></stmttrn>"""


def asseco(
    *items: str, closing="1000.50", root="stmtrs", kind="ibank.payment.stmtrs.ledger", count="", code="0", **options
) -> list:
    type_ = "rstype" if root == "stmtrs" else "notiftype"
    text = f"""<?xml version="1.0" encoding="utf-8"?>
<{root}><{type_}>{kind}</{type_}><status><code>{code}</code></status><curdef>DIN</curdef>
<acctid>160-0000000015722-52</acctid><stmtnumber>7</stmtnumber>
<ledgerbal><balamt>0</balamt><dtasof>2026-11-04T00:00:00</dtasof></ledgerbal>
<availbal><balamt>{closing}</balamt><dtasof>2026-11-05T00:00:00</dtasof></availbal>
<trnlist count="{count or len(items)}">{"".join(items)}</trnlist></{root}>"""
    return xml(ASSECO, text, **options)


def xml(scheme, text: str, encoding: str = "utf-8", **options) -> list:
    data = text.encode(encoding)
    assert scheme.recognises(data[:4096], "izvod.xml")
    return list(scheme.read(io.BytesIO(data), Options(**options)))


def test_asseco_a_statement():
    statement, entry, end = asseco(item())
    assert statement == Statement(
        kind=Kind.STATEMENT, format="asseco", id="RS35160000000001572252/7/2026-11-05",
        account="RS35160000000001572252", scheme="iban", currency="RSD", number="7", until=date(2026, 11, 5),
        opening=Balance(Money(0, "RSD"), date(2026, 11, 4)),
    )  # fmt: skip
    assert (entry.key, entry.amount, entry.booked_on, entry.valued_on, entry.code) == (
        "1", Money(100050, "RSD"), date(2026, 11, 5), date(2026, 11, 6), "ibank.payment.pp3 253",
    )  # fmt: skip
    (payment,) = entry.transactions
    assert payment.party == Party("Ђорђе", "160-0000000005081-62")
    assert (payment.references, payment.text) == ((Reference("rs.poziv_na_broj", "97 20-12345"),), "Porez na imovinu")
    assert (end.closing, end.agrees, end.told.entries) == (Balance(Money(100050, "RSD"), date(2026, 11, 5)), True, 1)


def test_asseco_both_references_ours_first_and_a_debit():
    _, entry, _ = asseco(item("debit", ref=("", "555"), other=("97", "20-12345")), closing="-1000.50")
    assert entry.amount == Money(-100050, "RSD")
    assert entry.transactions[0].references == (
        Reference("text", "555"),
        Reference("rs.poziv_na_broj", "97 20-12345"),
    )


def test_asseco_a_notification_and_a_list():
    notification = asseco(item(), root="pmtnotification", kind="ibank.payment.notification.ledger")
    assert notification[0].kind is Kind.NOTIFICATION
    assert notification[1].key == asseco(item())[1].key
    one = "<stmtrs><acctid>160-0000000015722-52</acctid></stmtrs>"
    assert [type(part) for part in xml(ASSECO, f"<stmtrslist>{one}{one}</stmtrslist>")] == [Statement, StatementEnd] * 2


def test_asseco_sums_that_do_not_agree_and_keys_that_repeat():
    found = asseco(item(), item(), count="3", closing="5")
    assert [one.key for one in found[1:3]] == ["1", "1/2"]
    assert found[-1].agrees is False
    assert len(found[-1].differences) == 2


@pytest.mark.parametrize(
    ("written", "minor"), [("1250,50", 125050), ("1.250,50", 125050), ("1.000.000,5", 100000050), ("7.0000", 700)]
)
def test_amounts_as_people_write_them_in_serbia(written, minor):
    assert asseco(item(amount=written))[1].amount == Money(minor, "RSD")
    assert rol(stavka(credit=f"-{written}"), credits_=f"-{written}")[1].amount == Money(-minor, "RSD")


def test_asseco_a_number_of_entries_that_nobody_can_count():
    text = f"<stmtrs><acctid>{OWN}</acctid><trnlist count='{'9' * 9000}'/></stmtrs>"
    assert xml(ASSECO, text)[-1].told.entries is None


DTD = '<?xml version="1.0"?>\n<!DOCTYPE stmtrs [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n<stmtrs> <acctid>&x;</acctid></stmtrs>'


@pytest.mark.parametrize(
    ("make", "number", "problem"),
    [
        (lambda: asseco(item(), kind="ibank.fps.stmtrs.statement"), 2, "of the type 'ibank.fps.stmtrs.statement'"),
        (lambda: asseco(item(), code="2000"), 2, "error of the bank: code '2000'"),
        (lambda: asseco(item("both")), 6, "benefit is credit or debit"),
        (lambda: asseco(item(amount="1,000")), 6, "the amount"),
        (lambda: asseco(item(amount="1.000")), 6, "the amount"),
        (lambda: asseco(item(amount="10.00,50")), 6, "the amount"),
        (lambda: asseco(item(amount="1,000.50")), 6, "the amount"),
        (lambda: asseco(item(amount="0.005")), 6, "the amount"),
        (lambda: asseco(item(curdef="EUR")), 6, "another currency"),
        (lambda: asseco(item().replace("2026-11-05T", "2026-13-05T")), 6, "the day of booking"),
        (lambda: xml(ASSECO, "<stmtrs>\n<acctid>"), 2, "not well-formed XML"),
        (lambda: xml(ASSECO, "<stmtrs></stmtrs>"), 1, "no account"),
        (lambda: xml(ASSECO, "<stmtrslist></stmtrslist>"), 1, "no stmtrs"),
        (lambda: xml(ASSECO, DTD), 1, "DTD"),
        (lambda: xml(ROL, "<RacunPrivredaIzvod></RacunPrivredaIzvod>"), 1, "with a Zaglavlje"),
        (lambda: rol(stavka(), closing="1,500"), 1, "NovoStanje"),
        (lambda: rol(stavka(), day="2026-11-05"), 1, "DatumIzvoda"),
        (lambda: rol("\n" + stavka(credit="x")), 2, "Potrazuje"),
        (lambda: rol(stavka(), currency="XXX"), 1, "currency"),
    ],
)
def test_xml_that_is_broken_is_refused_with_its_line(make, number, problem):
    with pytest.raises(Broken, match=problem) as refused:
        make()
    assert refused.value.line == number


def stavka(debit="0", credit="363.44", ours=("97", "20-12345"), other=("0", "9009206"), extra="") -> str:
    return (
        f'<Stavke NalogKorisnik="LIDER ŠPED" BrojRacunaPrimaocaPosiljaoca="220000000005682934" Opis="POREZ" SifraPlacanja="253"'
        f' Duguje="{debit}" Potrazuje="{credit}" ModelZaduzenjaOdobrenja="{ours[0]}" PozivNaBrojZaduzenjaOdobrenja="{ours[1]}"'
        f' ModelKorisnika="{other[0]}" PozivNaBrojKorisnika="{other[1]}" BrojZaReklamaciju="11" Referenca="5131" {extra}'
        ' DatumValute="04.11.2026"/>'
    )


def rol(
    *items: str,
    opening="100",
    debits="0",
    credits_="363.44",
    closing="463.44",
    day="05.11.2026",
    currency="",
    encoding="utf-8",
) -> list:
    return xml(
        ROL,
        f'<TransakcioniRacunPrivredaIzvod><Zaglavlje BrojIzvoda="181" DatumIzvoda="{day}" Partija="{OWN}"'
        f' OznakaValute="{currency}" PrethodnoStanje="{opening}" DugovniPromet="{debits}" PotrazniPromet="{credits_}"'
        f' NovoStanje="{closing}"/>{"".join(items)}</TransakcioniRacunPrivredaIzvod>',
        encoding,
    )


@pytest.mark.parametrize("encoding", ["utf-8", "cp1250", "utf-8-sig"])
def test_rol_a_statement(encoding):
    statement, entry, end = rol(stavka(), encoding=encoding)
    assert statement == Statement(
        kind=Kind.STATEMENT, format="rol", id=f"{OWN_IBAN}/181/2026-11-05", account=OWN_IBAN, scheme="iban",
        currency="RSD", number="181", since=date(2026, 11, 5), until=date(2026, 11, 5),
        opening=Balance(Money(10000, "RSD"), None),
    )  # fmt: skip
    assert (entry.amount, entry.booked_on, entry.valued_on, entry.code, entry.bank_reference) == (
        Money(36344, "RSD"), date(2026, 11, 5), date(2026, 11, 4), "253", "5131",
    )  # fmt: skip
    (payment,) = entry.transactions
    assert payment.party == Party("LIDER ŠPED", "220-0000000056829-34")
    assert payment.references == (
        Reference("rs.poziv_na_broj", "97 20-12345"),
        Reference("rs.poziv_na_broj", "00 9009206"),
    )
    assert (end.closing, end.agrees) == (Balance(Money(46344, "RSD"), date(2026, 11, 5)), True)


def test_rol_a_correction_is_negative_in_its_column():
    found = rol(stavka(), stavka(credit="-63.44"), stavka("100", "0"), debits="100", credits_="300", closing="300")
    assert [one.amount.minor for one in found[1:4]] == [36344, -6344, -10000]
    assert (found[-1].agrees, found[-1].credits.minor, found[-1].debits.minor) == (True, 36344, 16344)


def test_rol_turnovers_that_do_not_agree():
    *_, end = rol(stavka(), credits_="1")
    assert end.differences == ("The statement says its credits are 1.00 RSD; they are 363.44 RSD.",)


def test_rol_another_currency_and_a_day_of_booking():
    statement, entry, _ = rol(stavka(extra='DatumObrade="03.11.2026"'), currency="EUR")
    assert (statement.currency, entry.amount, entry.booked_on) == ("EUR", Money(36344, "EUR"), date(2026, 11, 3))


@pytest.mark.parametrize(
    ("model", "number", "reference"),
    [
        ("97", "20-12345", Reference("rs.poziv_na_broj", "97 20-12345")),
        ("97", "20-99999", Reference("rs.poziv_na_broj", "97 20-99999")),  # the bank let it through
        ("", "9720-12345", Reference("rs.poziv_na_broj", "97 20-12345")),
        ("0", "77", Reference("rs.poziv_na_broj", "00 77")),
        ("99", "398249", Reference("text", "398249")),
        ("", "1234", Reference("text", "1234")),
        ("", "a/b", Reference("text", "a/b")),
        ("00", "0", None),
        ("97", "", None),
    ],
)
def test_references_as_statements_tell_them(model, number, reference):
    assert rs_reference.told(model, number) == reference
