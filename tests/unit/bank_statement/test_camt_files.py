"""camt as bytes: encodings and envelopes that are read, and everything that is refused whole, with its line."""

from __future__ import annotations

import codecs
import io

import pytest
from lxml import etree

from adapters.bank_statement.camt import FORMAT, reader, stream
from hub.ports.bank_statement import Broken, Kind, Options
from tests.unit.bank_statement.writing import bal, camt, eur, items, ntry, only, parts, refusal, rmt, stmt, tx

NAME = "Žižkov šćđ Брежице"


def named(encoding: str | None, name: str = "Žižkov š") -> str:
    declared = f' encoding="{encoding}"' if encoding else ""
    return camt(stmt(ntry(details=rmt(f"<Ustrd>{name}</Ustrd>"))), prolog=f'<?xml version="1.0"{declared}?>\n')


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (named("UTF-8", NAME).encode(), NAME),
        (named(None, NAME).encode(), NAME),
        (codecs.BOM_UTF8 + named("utf-8", NAME).encode(), NAME),
        (b"\n \r\n" + named("UTF-8", NAME).encode(), NAME),
        (named("windows-1250").encode("cp1250"), "Žižkov š"),
        (named("ISO-8859-2").encode("latin2"), "Žižkov š"),
        (named("windows-1251", "Брежице").encode("cp1251"), "Брежице"),
        (named("UTF-16", NAME).encode("utf-16"), NAME),
        (named("UTF-16", NAME).encode("utf-16-le"), NAME),
        (named("UTF-16", NAME).encode("utf-16-be"), NAME),
        # A text written as UTF-16 and saved as something else, as .NET leads people to do.
        (named("utf-16", NAME).encode(), NAME),
    ],
)
def test_encodings(content: bytes, name: str) -> None:
    assert FORMAT.recognises(content[:4096], "x")
    _, transaction = only(items(FORMAT, content))
    assert transaction.text == name


def test_the_town_s_encoding_is_stronger_than_the_prolog() -> None:
    content = named("UTF-8").encode("cp1250")
    assert "UTF-8" in refusal(FORMAT, content).problem or "utf-8" in refusal(FORMAT, content).problem
    _, transaction = only(items(FORMAT, content, Options(encoding="windows-1250")))
    assert transaction.text == "Žižkov š"


@pytest.mark.parametrize("encoding", ["UTF-8", "UTF-16", "windows-1250"])
def test_letters_that_pieces_of_the_file_cut(encoding: str) -> None:
    entries = [ntry(details=rmt(f"<Ustrd>{'ž' * length}</Ustrd>")) for length in range(1, 130)] * 6
    content = camt(stmt(*entries), prolog=f'<?xml version="1.0" encoding="{encoding}"?>\n').encode(encoding)
    assert len(content) > 2 * 64 * 1024
    ((_, found, _),) = parts(items(FORMAT, content))
    assert [len(one.transactions[0].text) for one in found] == list(range(1, 130)) * 6


def test_a_prefix_an_envelope_and_foreign_elements() -> None:
    foreign = '<SplmtryData><x:Ntry2 xmlns:x="urn:x"><x:Amt Ccy="EUR">9</x:Amt></x:Ntry2></SplmtryData>'
    inner = camt(stmt(ntry(extra='<y:Amt xmlns:y="urn:y" Ccy="EUR">7</y:Amt>', after=foreign)), prolog="")
    content = f'<?xml version="1.0"?>\n<Msg xmlns="urn:envelope"><AppHdr><Stmt2/></AppHdr>{inner}</Msg>'
    entry, _ = only(items(FORMAT, content))
    assert entry.amount == eur("10.00")
    space = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"
    prefixed = (
        camt(stmt(ntry())).replace("</", "</n:").replace("<", "<n:").replace("<n:/n:", "</n:").replace("<n:?", "<?")
    )
    prefixed = prefixed.replace(f'xmlns="{space}"', f'xmlns:n="{space}"')
    assert FORMAT.recognises(prefixed.encode(), "x")
    entry, _ = only(items(FORMAT, prefixed))
    assert entry.amount == eur("10.00")


ISO = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"


@pytest.mark.parametrize(
    ("space", "version"),
    [
        ("ISO:camt.053.001.02:APC:STUZZA:payments:003", "camt.053.001.02"),
        ("urn:swift:xsd:$camt.053.001.02", "camt.053.001.02"),
        ("urn:example", "camt.053"),
        ("", "camt.053"),
    ],
)
def test_namespaces_of_their_own(space: str, version: str) -> None:
    content = camt(stmt(ntry(), balances=bal("OPBD", "1") + bal("CLBD", "11")))
    content = content.replace(f' xmlns="{ISO}"', f' xmlns="{space}"' if space else "")
    assert FORMAT.recognises(content.encode(), "x")
    ((head, (entry,), end),) = parts(items(FORMAT, content))
    assert (head.format, head.kind, entry.amount, end.agrees) == (version, Kind.STATEMENT, eur("10.00"), True)


def test_a_message_without_namespace_is_known_by_its_name() -> None:
    for message, tag, kind in (("BkToCstmrAcctRptV01", "Rpt", Kind.REPORT),
                               ("BkToCstmrDbtCdtNtfctn", "Ntfctn", Kind.NOTIFICATION)):  # fmt: skip
        content = f"<{message}>{stmt(ntry(), tag=tag)}</{message}>"
        assert FORMAT.recognises(content.encode("utf-16"), "x")
        ((head, _, _),) = parts(items(FORMAT, content))
        assert head.kind is kind


def test_what_is_not_recognised() -> None:
    for content in (b"", b"<Document/>", b"<a xmlns='urn:pain.001.001.03'/>", b":20:X\n:25:Y\n", b"camt.053.001.02"):
        assert not FORMAT.recognises(content, "camt053.xml")


BOMB = '<!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">]>\n'
FETCH = '<!DOCTYPE d SYSTEM "http://127.0.0.1:1/x.dtd">\n'
FILE = '<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n'
XML = '<?xml version="1.0"?>\n'
CUT = camt(stmt(ntry(), ntry()))


@pytest.mark.parametrize(
    ("content", "line", "problem"),
    [
        ("", 1, "is empty"),
        (" \n ", 1, "is empty"),
        ("not XML", 1, "has no XML element at its beginning"),
        (camt(prolog=XML + BOMB), 2, "carries a DTD, which is not accepted"),
        (camt(prolog=XML + "<!-- <a> -->\n<?x y?>\n" + FETCH), 4, "carries a DTD, which is not accepted"),
        (camt(prolog=FILE), 1, "carries a DTD, which is not accepted"),
        (camt(stmt(ntry(details=rmt("<Ustrd>&x;</Ustrd>")))), 5, "Entity 'x' not defined"),
        (CUT[: CUT.index("</Stmt>")], 7, "is not well-formed XML, or was cut off"),
        (CUT[: CUT.rindex("<Amt")], 6, "is not well-formed XML, or was cut off"),
        (CUT + "<more/>", 10, "is not well-formed XML, or was cut off"),
        (CUT.replace("</CdtDbtInd>", "</CdtDbt>", 1), 5, "is not well-formed XML, or was cut off"),
        (camt(), 1, "holds no statement of camt.052, camt.053 or camt.054"),
        ("<Document><BkToCstmrStmt/></Document>", 1, "holds no statement"),
        ("<Document>\n<Stmt/></Document>", 2, "in no namespace of camt"),
        ('<Document xmlns="urn:pain.001.001.03">\n<Stmt/></Document>', 2, "in no namespace of camt"),
        (camt(stmt(ntry(), account="")), 5, "a statement names no account"),
        (camt(stmt(currency="")), 4, "names no currency"),
        (camt(stmt(ntry(), ntry().replace(' Ccy="EUR"', ' Ccy="KČS"'))), 6, "not an ISO 4217"),
        (camt(stmt(ntry("1"), ntry("1,50"))), 6, "'1,50' is not an amount"),
        (camt(stmt(ntry("-1"))), 5, "'-1' is not an amount"),
        (camt(stmt(ntry("1e3"))), 5, "'1e3' is not an amount"),
        (camt(stmt(ntry("NaN"))), 5, "'NaN' is not an amount"),
        (camt(stmt(ntry("١٢"))), 5, "is not an amount"),
        (camt(stmt(ntry(""))), 5, "'' is not an amount"),
        (camt(stmt(ntry("1.005"))), 5, "fractions of the smallest unit"),
        (camt(stmt(ntry("9" * 25))), 5, "too large"),
        (camt(stmt(ntry().replace('<Amt Ccy="EUR">10.00</Amt>', ""))), 5, "is not an amount"),
        (camt(stmt(ntry(extra='<Amt Ccy="EUR">1</Amt>'))), 5, "Amt stands twice"),
        (camt(stmt(ntry(extra="<CdtDbtInd>DBIT</CdtDbtInd>"))), 5, "CdtDbtInd stands twice"),
        (camt(stmt(ntry(side=""))), 5, "does not say whether it is CRDT or DBIT"),
        (camt(stmt(ntry(side="C"))), 5, "CdtDbtInd is neither CRDT nor DBIT"),
        (camt(stmt(ntry(extra="<RvslInd>maybe</RvslInd>"))), 5, "RvslInd is neither true nor false"),
        (camt(stmt(ntry(), ntry().replace("2026-03-01", "2026-02-30"))), 6, "'2026-02-30' is not a day"),
        (camt(stmt(ntry().replace("2026-03-01", "01.03.2026"))), 5, "'01.03.2026' is not a day"),
        (camt(stmt(ntry(details="<NtryDtls><Btch><NbOfTxs>many</NbOfTxs></Btch></NtryDtls>"))), 5, "NbOfTxs 'many'"),
        (camt(stmt(balances=bal("OPBD", "x"))), 4, "'x' is not an amount"),
        (camt(stmt(balances=bal("OPBD", "1", side="?"))), 4, "CdtDbtInd is neither"),
        (camt(stmt(balances="<TxsSummry><TtlNtries><NbOfNtries>-1</NbOfNtries></TtlNtries></TxsSummry>")), 4, "NbOfNtries '-1'"),
        # A balance is told with its own line, and one that is used must be one.
        (camt(stmt(ntry(), balances=bal("INFO", "x") + "\n" + bal("CLBD", "x"))), 5, "'x' is not an amount"),
        (camt(stmt(ntry(), after="\n" + bal("CLBD", "-1"))), 7, "'-1' is not an amount"),
        (camt(stmt(currency="KČS")), 4, "not an ISO 4217"),
        # Whose account it is must be certain.
        (camt(stmt(ntry())).replace("<Acct>", "<Acct><Id><IBAN>X</IBAN></Id></Acct><Acct>"), 5, "Acct stands twice"),
        (camt(stmt(ntry(), account="<IBAN>X</IBAN><IBAN>Y</IBAN>")), 5, "IBAN stands twice"),
        (CUT + CUT, 10, "holds several XML documents, or one in another: each must be a file of its own"),
        (camt(ntry()), 4, "an entry stands outside a statement"),
        (camt(stmt(stmt())), 5, "a statement stands inside a statement"),
        (camt(stmt('<x:Ntry xmlns:x="urn:x"/>')), 5, "in another namespace than its statement"),
        (camt(stmt()).replace("UTF-8", "EBCDIC"), 1, "encoding 'EBCDIC', which is not known here"),
        (camt(stmt(ntry(details=tx("<a>" * 300 + "</a>" * 300)))), 5, "is not well-formed XML"),
    ],
)  # fmt: skip
def test_what_is_refused(content: str, line: int, problem: str) -> None:
    error = refusal(FORMAT, content)
    assert problem in error.problem
    assert error.line == line


def test_bytes_that_are_no_letters_of_the_encoding() -> None:
    content = named("UTF-16").encode("utf-16-le")[:-1]
    assert (refusal(FORMAT, content).line, "utf-16" in refusal(FORMAT, content).problem) == (8, True)
    error = refusal(FORMAT, named("windows-1250", "x" * 70_000).encode("cp1250") + b"\x81")
    assert "0x81" in error.problem
    assert error.line == 9


def test_limits(monkeypatch: pytest.MonkeyPatch) -> None:
    content = camt(stmt(*[ntry()] * 2_000))
    assert len(content) > 300_000
    monkeypatch.setattr(stream, "LARGEST_FILE", 100_000)
    assert "is larger than" in refusal(FORMAT, content).problem
    monkeypatch.setattr(stream, "LARGEST_FILE", 10**9)
    monkeypatch.setattr(stream, "LARGEST_ENTRY", 200_000)
    assert len(items(FORMAT, content)) == 2_002
    one_large = camt(
        stmt(ntry(details="<NtryDtls>" + "<TxDtls><AddtlTxInf>x</AddtlTxInf></TxDtls>" * 9_000 + "</NtryDtls>"))
    )
    assert "without an end of an entry" in refusal(FORMAT, one_large).problem
    monkeypatch.setattr(reader, "_MOST_BALANCES", 3)
    assert "balances" in refusal(FORMAT, camt(stmt(balances=bal("CLBD", "1") * 4))).problem
    assert "balances" in refusal(FORMAT, camt(stmt(ntry(), *[bal("CLBD", "1")] * 4, ntry()))).problem


def test_a_fault_at_the_end_comes_after_the_entries_before_it() -> None:
    """Told piece by piece: whoever stores takes back."""
    content = camt(stmt(*[ntry()] * 5, ntry("x")))
    reading = FORMAT.read(io.BytesIO(content.encode()))
    assert [type(next(reading)).__name__ for _ in range(6)] == ["Statement", *["Entry"] * 5]
    with pytest.raises(Broken):
        next(reading)


def test_the_tree_lets_go_of_what_was_read() -> None:
    """libxml2's own memory, which Python does not see: elements still in the tree."""
    file = io.BytesIO(camt(stmt(*[ntry(details=rmt("<Ustrd>text</Ustrd>"))] * 3_000)).encode())
    sizes = []
    spied = stream.remove

    def spy(element: etree._Element) -> None:
        if len(sizes) % 500 == 0:
            sizes.append(sum(1 for _ in element.getroottree().iter()))
        else:
            sizes.append(0)
        spied(element)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reader, "remove", spy)
        assert sum(1 for _ in FORMAT.read(file)) == 3_002
    assert len(sizes) > 2_900
    assert max(sizes) < 64 * 1024 / 10
