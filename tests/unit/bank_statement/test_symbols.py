"""Every place where a payment symbol hides in a camt file, and symbols in plain text."""

from __future__ import annotations

import pytest

from adapters.bank_statement.camt import FORMAT
from hub.kit import statement_symbols
from hub.kit.statement_symbols import account_scheme, of_creditor_reference, of_end_to_end, of_labelled, of_text
from tests.unit.bank_statement.writing import CZ_IBAN, IBAN, RS_IBAN, camt, items, ntry, only, ref, refs, rmt, stmt, tx

VS, SS, KS, HR, RS = (
    "cz.variable_symbol", "cz.specific_symbol", "cz.constant_symbol", "hr.poziv_na_broj", "rs.poziv_na_broj",
)  # fmt: skip


def found(details: str, iban: str = IBAN, after: str = "") -> list[tuple[str, str]]:
    return refs(items(FORMAT, camt(stmt(ntry(details=details, after=after), account=f"<IBAN>{iban}</IBAN>"))))


def e2e(value: str) -> str:
    return tx(f"<Refs><EndToEndId>{value}</EndToEndId></Refs>")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("/VS1234567890/SS1234567890/KS1234", [(VS, "1234567890"), (SS, "1234567890"), (KS, "1234")]),
        ("/VS123/SS/KS", [(VS, "123")]),
        ("/VS20270005", [(VS, "20270005")]),
        ("/VS123/KS0308", [(VS, "123"), (KS, "0308")]),
        ("\n  /VS123/SS/KS0308 \n", [(VS, "123"), (KS, "0308")]),
        ("/VS0000000000/SS0/KS0000", []),
        ("/VS0000000123/SS0000000000/KS0000000308", [(VS, "0000000123"), (KS, "0308")]),
        ("/vs123/", [(VS, "123")]),
        ("/VS12345678901/KS0308", [(KS, "0308")]),
        ("RF18539007547034", [("iso11649", "RF18539007547034")]),
        ("HR99", []),
        # The payer's own reference is not the payee's.
        ("HR69123", []),
        ("INVS123", []),
        ("NOTPROVIDED", []),
    ],
)
def test_end_to_end(value: str, expected: list[tuple[str, str]]) -> None:
    assert found(e2e(value), CZ_IBAN) == expected
    assert [tuple(one) for one in of_end_to_end(value)] == expected


def test_proprietary_references_of_slovak_banks() -> None:
    labels = "".join(
        f"<Prtry><Tp>{tp}</Tp><Ref>{value}</Ref></Prtry>"
        for tp, value in (("FOO", "9"), ("VS", "123"), (" ss ", "0"), ("KS", "0308"), ("VS", "12a"))
    )
    assert found(tx(f"<Refs>{labels}</Refs>"), CZ_IBAN) == [(VS, "123"), (KS, "0308")]
    assert found(tx("<Refs><Prtry><Tp>VS</Tp><Ref>77</Ref></Prtry></Refs>")) == [(VS, "77")]
    assert of_labelled("VS", "12 3") == []


def test_symbols_of_czech_banks_in_three_places() -> None:
    """The bank's own reference is none of them."""
    given = "<InstrId>KS0308</InstrId><EndToEndId>VS20260001</EndToEndId><PmtInfId>SS19</PmtInfId>"
    assert found(tx(f"<Refs>{given}</Refs>"), CZ_IBAN) == [(VS, "20260001"), (KS, "0308"), (SS, "19")]
    _, transaction = only(items(FORMAT, camt(stmt(ntry(details=tx(f"<Refs>{given}</Refs>"))))))
    assert (transaction.bank_reference, transaction.end_to_end) == ("", "VS20260001")
    assert found(tx("<Refs><InstrId>I1</InstrId><PmtInfId>B/VS/1</PmtInfId></Refs>"), CZ_IBAN) == []


def test_a_creditor_reference_that_says_which_symbol_it_is() -> None:
    def named(label: str, value: str) -> str:
        kind = f"<Tp><CdOrPrtry><Prtry>{label}</Prtry></CdOrPrtry></Tp>"
        return f"<Strd><CdtrRefInf>{kind}<Ref>{value}</Ref></CdtrRefInf></Strd>"

    details = rmt(named("VS", "123") + named("KS", "0308") + named("SS", "7") + named("QRR", "000210"))
    assert found(details, CZ_IBAN) == [(VS, "123"), (KS, "0308"), (SS, "7"), (VS, "000210")]


def test_a_creditor_reference_is_not_looked_for_in_all_of_a_long_text(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(statement_symbols.iso11649, "is_valid", lambda text: bool(asked.append(text)))
    assert of_creditor_reference("RF00 " + "A " * 1_000, "CZ")[0].scheme == "text"
    assert len(asked) == 25


@pytest.mark.parametrize(
    ("value", "iban", "expected"),
    [
        ("VS:7777777777", CZ_IBAN, [(VS, "7777777777")]),
        ("KS:0308", CZ_IBAN, [(KS, "0308")]),
        ("SS: 22", CZ_IBAN, [(SS, "22")]),
        ("20270005", CZ_IBAN, [(VS, "20270005")]),
        ("20270005", IBAN, [("text", "20270005")]),
        ("12345678901", CZ_IBAN, [("text", "12345678901")]),
        ("HR6940002-87582274224-190", IBAN, [(HR, "HR69 40002-87582274224-190")]),
        ("HR6900000-222", IBAN, [(HR, "HR69 00000-222")]),
        ("HR0000-00000000001", IBAN, [(HR, "HR00 00-00000000001")]),
        ("hr68 5720-87582274224", IBAN, [(HR, "HR68 5720-87582274224")]),
        ("HR99", IBAN, []),
        ("HR00", IBAN, [("text", "HR00")]),
        ("HR01A/5", IBAN, [("text", "HR01A/5")]),
        ("RF18 5390 0754 7034", IBAN, [("iso11649", "RF18539007547034")]),
        ("RF19539007547034", IBAN, [("text", "RF19539007547034")]),
        ("97 20-12345", RS_IBAN, [(RS, "97 20-12345")]),
        ("9720-12345", RS_IBAN, [(RS, "97 20-12345")]),
        ("97 21-12345", RS_IBAN, [("text", "97 21-12345")]),
        ("00 P1194-11", RS_IBAN, [(RS, "00 P1194-11")]),
        ("9720-12345", IBAN, [("text", "9720-12345")]),
        ("  ", IBAN, []),
    ],
)
def test_creditor_references(value: str, iban: str, expected: list[tuple[str, str]]) -> None:
    assert found(rmt(ref(value)), iban) == expected
    assert [tuple(one) for one in of_creditor_reference(value, iban[:2])] == expected


def test_three_structured_references_and_the_number_of_a_document() -> None:
    document = "<Strd><RfrdDocInf><Tp><CdOrPrtry><Cd>CINV</Cd></CdOrPrtry></Tp><Nb>2026-17</Nb></RfrdDocInf></Strd>"
    details = rmt(ref("VS:7777777777") + ref("KS:0308") + ref("SS:2222222222") + document)
    assert found(details, CZ_IBAN) == [(VS, "7777777777"), (KS, "0308"), (SS, "2222222222"), ("text", "2026-17")]


def test_the_same_symbol_in_several_places_is_told_once() -> None:
    details = tx("<Refs><EndToEndId>/VS123/SS/KS</EndToEndId></Refs><RmtInf><Ustrd>VS 123, VS:124</Ustrd></RmtInf>")
    assert found(details, CZ_IBAN) == [(VS, "123"), (VS, "124")]


def test_the_bank_s_own_texts_are_searched_where_nothing_else_is_found() -> None:
    own = "<AddtlTxInf>platba VS:55 KS:0308</AddtlTxInf>"
    assert found(tx(own), CZ_IBAN) == [(VS, "55"), (KS, "0308")]
    assert found("", CZ_IBAN, after="<AddtlNtryInf>/VS66/SS/KS</AddtlNtryInf>") == [(VS, "66")]
    assert found(tx(f"<Refs><EndToEndId>/VS1</EndToEndId></Refs>{own}"), CZ_IBAN) == [(VS, "1")]


def test_a_symbol_that_the_end_of_a_line_cuts() -> None:
    first = "Poplatek za komunální odpad".ljust(136) + "VS12"
    assert len(first) == 140
    lines = f"<Ustrd>{first}</Ustrd><Ustrd>345678 za rok</Ustrd>"
    assert found(rmt(lines), CZ_IBAN) == [(VS, "12345678")]
    assert found(rmt(lines.replace("komunální", "")), CZ_IBAN) == [(VS, "12")]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("VS 123", [(VS, "123")]),
        ("platba vs:0000123 ks:0308 ss:77", [(VS, "0000123"), (KS, "0308"), (SS, "77")]),
        ("v.s. 123, k.s. 0308", [(VS, "123"), (KS, "0308")]),
        ("V. S.: 123", [(VS, "123")]),
        ("variabilní symbol: 123", [(VS, "123")]),
        ("VAR.SYM.123", [(VS, "123")]),
        ("var symbol 123 spec. symbol 7 konst. symbol 0558", [(VS, "123"), (SS, "7"), (KS, "0558")]),
        ("variable symbol 99", [(VS, "99")]),
        ("10 ks 250", []),
        ("SS 2026", []),
        ("ks0308", [(KS, "0308")]),
        ("VS 12345678901", []),
        ("VS 000000000012345", [(VS, "0000012345")]),
        ("VS abc", []),
        ("IVS 123", []),
        ("děkuji, VS123.", [(VS, "123")]),
        ("HR69 40002-875-190 komunalna", [(HR, "HR69 40002-875-190")]),
        ("poziv HR6940002-875-190", [(HR, "HR69 40002-875-190")]),
        ("racun HR1723600001101234565", []),
        ("HR99 HR00", []),
        ("RF18 5390 0754 7034 hvala lijepa", [("iso11649", "RF18539007547034")]),
        ("plata RF18539007547034", [("iso11649", "RF18539007547034")]),
        ("RF18 5390 0754 7035", []),
        ("nothing here", []),
        ("", []),
        ("KS:308 VS:42 VS2: /SS2: x", [(KS, "308"), (VS, "42")]),
        ("VS2:99 SS2:98", []),
        ("VS2 VS:7", [(VS, "2"), (VS, "7")]),
        ("variabilním symbolem: 5", [(VS, "5")]),
    ],
)
def test_words_in_a_text(text: str, expected: list[tuple[str, str]]) -> None:
    assert [tuple(one) for one in of_text(text)] == expected


@pytest.mark.parametrize(
    ("account", "scheme"),
    [(IBAN, "iban"), ("HR1723600001101234566", "other"), ("19-2000145399/0800", "cz"), ("2000145399/0800", "cz"),
     ("160-0000000265651-75", "rs"), ("1234", "other"), ("", "other")],
)  # fmt: skip
def test_forms_of_accounts(account: str, scheme: str) -> None:
    assert account_scheme(account) == scheme
