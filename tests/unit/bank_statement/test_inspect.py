"""`munihub statement inspect`: what files hold, as text and as JSON, and why one is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from hub.bootstrap.plug_ins import bank_statement_formats
from hub.ports.bank_statement import Broken
from hub.statements.command import register
from hub.statements.formats import recognised
from tests.unit.bank_statement.writing import IBAN, bal, camt, mt940, ntry, stmt


def run(*arguments: object) -> tuple[int, str]:
    app = typer.Typer()
    register(app, bank_statement_formats)
    result = CliRunner().invoke(app, ["statement", "inspect", *map(str, arguments)])
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result.exit_code, result.output


def inspected(*arguments: object) -> tuple[int, list[dict[str, Any]]]:
    status, output = run(*arguments, "--json")
    return status, json.loads(output)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    balances = bal("OPBD", "100.00") + bal("CLBD", "106.00")
    batch = "<NtryDtls><Btch><NbOfTxs>9</NbOfTxs></Btch></NtryDtls>"
    entries = (
        ntry("10.00", after="<AddtlNtryInf>VS 77</AddtlNtryInf>"),
        ntry("4.00", batch, side="DBIT", extra="<RvslInd>true</RvslInd>"),
        ntry("3.00", status="<Sts>PDNG</Sts>"),
        ntry("8.00", currency="USD"),
    )
    (tmp_path / "day.xml").write_text(camt(stmt(*entries, balances=balances)))
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "day.STA").write_text(mt940(":61:260301C1,00NTRFNONREF"))
    (tmp_path / ".hidden").write_text("x")
    return tmp_path


def test_the_form_of_the_json(folder: Path) -> None:
    status, (below, day) = inspected(folder)
    assert status == 0
    assert (below["path"], below["format"]) == (str(folder / "below" / "day.STA"), "mt940")
    assert {key: value for key, value in day.items() if key != "statements"} == {
        "path": str(folder / "day.xml"), "ok": True, "format": "camt", "reason": None, "line": None, "before": 0,
    }  # fmt: skip
    assert day["statements"] == [
        {
            "kind": "statement", "format": "camt.053.001.08", "id": f"{IBAN}/S1/2026-03-01/1", "account": IBAN,
            "scheme": "iban", "currency": "EUR", "number": None, "since": "2026-03-01", "until": "2026-03-01",
            "opening": {"amount": "100.00", "currency": "EUR", "on": "2026-03-01"},
            "closing": {"amount": "106.00", "currency": "EUR", "on": "2026-03-01"},
            "entries": 4, "booked": 3, "transactions": 3, "summarised": 1, "reversals": 1, "returned": 0,
            "not_booked": [{"status": "pending", "currency": "EUR", "entries": 1, "credits": "3.00", "debits": "0.00"}],
            "references": {"cz.variable_symbol": 1}, "disagreeing": [],
            "credits": "10.00", "debits": "4.00", "other_currencies": [{"amount": "8.00", "currency": "USD"}],
            "agrees": True, "differences": [],
        }
    ]  # fmt: skip


def test_the_text(folder: Path) -> None:
    status, output = run(folder)
    assert status == 0
    assert output.splitlines() == [
        f"{folder}/below/day.STA",
        f"  mt940 {IBAN} EUR no. 7/1 2026-03-01 to …",
        "    1 of 1 entries are booked: credits 1.00, debits 0.00 (1 payments)",
        "    balances: 100.00 to 100.00, do not agree",
        (
            "      The closing balance is 100.00 EUR; the opening balance 100.00 EUR and the booked entries give 101.00 EUR: "
            "-1.00 EUR apart."
        ),
        f"{folder}/day.xml",
        f"  camt.053.001.08 {IBAN} EUR 2026-03-01 to 2026-03-01",
        (
            "    3 of 4 entries are booked: credits 10.00, debits 4.00 (3 payments, 1 summarised, 1 reversals, "
            "1 cz.variable_symbol)"
        ),
        "    in USD: 8.00",
        "    pending: 1 entries, credits 3.00, debits 0.00 EUR",
        "    balances: 100.00 to 106.00, agree",
        "2 of 2 files are read.",
    ]


def test_a_refused_file_tells_why_and_where_and_counts_nothing(tmp_path: Path) -> None:
    file = tmp_path / "cut.sta"
    file.write_text(mt940(":61:260301C1,00NTRFNONREF").partition(":62F:")[0])
    status, output = run(file)
    assert status == 1
    assert output.splitlines() == [
        f"{file} (mt940)",
        "  refused, line 1: was cut off: the statement that begins here has no closing balance :62F:",
        "  1 entries before that place do not count",
        "0 of 1 files are read.",
    ]
    status, (result,) = inspected(file)
    assert (status, result["ok"], result["statements"], result["line"], result["before"]) == (1, False, [], 1, 1)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is empty"),
        (b"\r\n \x1a", "is empty"),
        (b"PK\x03\x04 camt", "is a ZIP file and no statement: unpack or export it first"),
        (b"\x1f\x8b....", "is a gzip file and no statement: unpack or export it first"),
        (b"%PDF-1.7", "is a PDF file and no statement: unpack or export it first"),
        (b"1;2;3", f"is of no known format ({', '.join(sorted(bank_statement_formats()))})"),
    ],
)  # fmt: skip
def test_files_of_no_format(tmp_path: Path, content: bytes, reason: str) -> None:
    (tmp_path / "x").write_bytes(content)
    status, (result,) = inspected(tmp_path / "x")
    assert (status, result["format"], result["reason"]) == (1, None, reason)


def test_a_file_of_two_formats_is_refused(tmp_path: Path) -> None:
    formats = bank_statement_formats()
    file = tmp_path / "x"
    file.write_text(mt940() + "<!-- xmlns='camt.053.001.02' -->")
    with file.open("rb") as opened, pytest.raises(Broken, match="could be of several formats: camt, mt940"):
        recognised(opened, "x", {name: formats[name] for name in ("camt", "mt940")})


def test_the_encoding_may_be_told_and_must_be_known(tmp_path: Path) -> None:
    file = tmp_path / "x.sta"
    file.write_bytes(mt940(":61:260301C1,00NTRFNONREF", ":86:VS 1 Žižkov").encode("cp852"))
    assert inspected(file, "--encoding", "cp852")[0] == 0
    status, output = run(file, "--encoding", "cp999")
    assert status == 2
    assert "is not an encoding" in output


def test_what_a_bank_wrote_does_not_reach_the_terminal_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "x.sta"
    file.write_text(mt940(account="12\u202e34"))
    assert "12\N{REPLACEMENT CHARACTER}34" in run(file)[1]


def test_every_format_is_found_by_its_folder() -> None:
    formats = bank_statement_formats()
    assert {"camt", "mt940"} <= formats.keys()
    assert all(one.id == name for name, one in formats.items())


def test_a_banks_own_ways_are_options_too(tmp_path: Path) -> None:
    head = (
        "0740000000000012345Test s.r.o.         01011400000000100000+00000000080000+00000000060000+"
        "00000000040000+002010214"
    )
    item = (
        "0750000000000012345000000000015678900000000020010000000400004000000001100100000120000000013050114"
        "Tran 1              01102050114"
    )
    file = tmp_path / "vypis.gpc"
    file.write_bytes(f"{head:<128}\r\n{item}\r\n".encode("cp1250"))
    sums = {
        codes: inspected(file, *codes)[1][0]["statements"][0]["debits"]
        for codes in ((), ("--reversal-codes", "45"), ("--reversal-codes", "34", "--account-form", "plain"))
    }
    assert list(sums.values()) == ["0.00", "0.00", "400.00"]
    assert run(file, "--reversal-codes", "43")[0] == 2
