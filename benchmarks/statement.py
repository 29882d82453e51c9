"""Reading bank statements: a camt.053 of 100,000 entries, and an MT940 of 10,000.

Ours is `FORMAT.read` to its end: hardened parsing, every value checked and typed, symbols found, sums compared with the
balances. Beside it
    lxml.iterparse   the least one could write: the same fields as texts, nothing checked, nothing converted
    camt053, mt-940  the packages of these names, on their own ways to read a file; where they are installed, here or in
                     `var/peers` (python -m venv var/peers && var/peers/bin/pip install camt053 mt-940)
Each reading is a process of its own, so that its memory at the peak is its own: processor seconds without the start,
the smallest of interleaved rounds. What is counted must be the same everywhere, or the row is an error.
"""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from benchmarks.row import Row, at_least, at_most, for_information, skipped
from hub.settings import PROJECT

ENTRIES, FOR_PEERS, ROUNDS = 100_000, 10_000, 3
NS = "urn:iso:std:iso:20022:tech:xsd:camt.053.001.08"

_MEASURE = """
import json, resource, sys, time
began = time.process_time()
entries, minor = read(sys.argv[1])
took = time.process_time() - began
print(json.dumps([took, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, entries, minor]))
"""
_OURS = """
from hub.bootstrap.plug_ins import bank_statement_formats
from hub.ports.bank_statement import Entry
FORMAT = bank_statement_formats()["%s"]
def read(path):
    entries = minor = 0
    with open(path, "rb") as file:
        for item in FORMAT.read(file):
            if isinstance(item, Entry):
                entries, minor = entries + 1, minor + item.amount.minor
    return entries, minor
"""
_FLOOR = """
from lxml import etree
N = "{NAMESPACE}"
def at(path):
    return "/".join(N + name for name in path.split("/"))
ENTRY = [at(path) for path in ("Sts/Cd", "RvslInd", "BookgDt/Dt", "ValDt/Dt", "AcctSvcrRef", "NtryRef", "BkTxCd/Domn/Cd",
    "BkTxCd/Domn/Fmly/Cd", "BkTxCd/Domn/Fmly/SubFmlyCd", "NtryDtls/Btch/NbOfTxs", "AddtlNtryInf")]
PAYMENT = [at(path) for path in ("Refs/EndToEndId", "Refs/InstrId", "Refs/AcctSvcrRef", "Amt", "CdtDbtInd",
    "RltdPties/Dbtr/Pty/Nm", "RltdPties/DbtrAcct/Id/IBAN", "RltdPties/Cdtr/Pty/Nm", "RltdPties/CdtrAcct/Id/IBAN",
    "RmtInf/Strd/CdtrRefInf/Ref", "RmtInf/Strd/AddtlRmtInf", "RtrInf/Rsn/Cd", "AddtlTxInf")]
AMT, SIDE, DETAILS, LINES = at("Amt"), at("CdtDbtInd"), at("NtryDtls/TxDtls"), at("RmtInf/Ustrd")
def read(path):
    entries = minor = 0
    for _, element in etree.iterparse(path, tag=N + "Ntry"):
        amount = element.find(AMT)
        told = [amount.get("Ccy"), *[element.findtext(one) for one in ENTRY]]
        for payment in element.iterfind(DETAILS):
            told += [payment.findtext(one) for one in PAYMENT]
            told += [line.text for line in payment.iterfind(LINES)]
        size = int(amount.text.replace(".", ""))
        minor += size if element.findtext(SIDE) == "CRDT" else -size
        entries += 1
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
    return entries, minor
""".replace("NAMESPACE", NS)
_BARE = """
from lxml import etree
def read(path):
    entries = minor = 0
    for _, element in etree.iterparse(path, tag="{NAMESPACE}Ntry"):
        size = int(element[1].text.replace(".", ""))
        minor += size if element[2].text == "CRDT" else -size
        entries += 1
        element.clear()
        while element.getprevious() is not None:
            del element.getparent()[0]
    return entries, minor
""".replace("NAMESPACE", NS)
_CAMT053 = """
from camt053 import parse_document
def read(path):
    entries = minor = 0
    with open(path, encoding="utf-8") as file:
        document = parse_document(file.read())
    for statement in document.statements:
        for entry in statement.entries:
            size = int(entry.amount.replace(".", ""))
            entries, minor = entries + 1, minor + (size if entry.credit_debit_indicator == "CRDT" else -size)
    return entries, minor
"""
_MT940 = """
import mt940
def read(path):
    entries = minor = 0
    for transaction in mt940.parse(path):
        entries, minor = entries + 1, minor + int(transaction.data["amount"].amount * 100)
    return entries, minor
"""


def run(quick: bool) -> list[Row]:
    entries, for_peers, rounds = (2_000, 500, 1) if quick else (ENTRIES, FOR_PEERS, ROUNDS)
    with tempfile.TemporaryDirectory(prefix="munihub-bench-") as name:
        folder = Path(name)
        large, small, mt940 = folder / "large.xml", folder / "small.xml", folder / "peers.sta"
        _write(large, _camt(entries))
        _write(small, _camt(for_peers))
        _write(mt940, _mt940(for_peers))
        ours_camt = _OURS % "camt"
        ours, floor, bare, few = _rounds(
            rounds, (ours_camt, large), (_FLOOR, large), (_BARE, large), (ours_camt, small), python=sys.executable
        )
        same = ours.seconds / floor.seconds
        size = large.stat().st_size / 1024**2
        rows = [
            at_most(
                f"statement: camt.053 of {entries:,} entries, {size:,.0f} MB",
                (ours.seconds, "s"), ("lxml.iterparse", floor.seconds), same, 2,
            ),
            for_information(
                "statement: the same, nothing read but the amounts", (ours.seconds, "s"), ("lxml.iterparse", bare.seconds)
            ),
            at_most(
                f"statement: memory at the peak, {entries:,} entries",
                (ours.megabytes, "MB"), (f"{for_peers:,} entries", few.megabytes), ours.megabytes / few.megabytes, 1.1,
            ),
        ]  # fmt: skip
        rows.append(_beside("camt053", _CAMT053, ours_camt, small, for_peers, rounds))
        rows.append(_beside("mt940", _MT940, _OURS % "mt940", mt940, for_peers, rounds))
    return rows


def _beside(module: str, program: str, ours: str, file: Path, entries: int, rounds: int) -> Row:
    package = {"mt940": "mt-940"}.get(module, module)
    name = f"statement: {file.suffix.removeprefix('.')} of {entries:,} entries read"
    python = _python(module)
    if python is None:
        return skipped(f"{name}, beside {package}", f"{package} is not installed, here or in var/peers")
    (mine,) = _rounds(rounds, (ours, file), python=sys.executable)
    (theirs,) = _rounds(rounds, (program, file), python=python)
    if mine.told != theirs.told:
        raise RuntimeError(f"{package} counts {theirs.told} (entries, minor units) and we {mine.told}")
    return at_least(
        name, (entries / mine.seconds, "/s"), (package, entries / theirs.seconds), theirs.seconds / mine.seconds, 10
    )


@dataclass(frozen=True)
class _Measured:
    seconds: float
    megabytes: float
    told: tuple[int, int]


def _rounds(rounds: int, *work: tuple[str, Path], python: str) -> list[_Measured]:
    """The smallest seconds and memory of each; all must tell the same of the same file."""
    found: list[list[_Measured]] = [[] for _ in work]
    for _ in range(rounds):
        for place, (program, file) in enumerate(work):
            found[place].append(_measure(program, file, python))
    told = {
        file: {one.told for place, (_, same) in enumerate(work) if same == file for one in found[place]}
        for _, file in work
    }
    if any(len(ways) > 1 for ways in told.values()):
        raise RuntimeError(f"the same statement is counted in several ways: {told}")
    return [
        _Measured(min(one.seconds for one in many), min(one.megabytes for one in many), many[0].told) for many in found
    ]


def _measure(program: str, file: Path, python: str) -> _Measured:
    done = subprocess.run(
        [python, "-c", program + _MEASURE, str(file)], cwd=PROJECT, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"reading {file.name} failed:\n{done.stderr[-3000:]}")
    seconds, megabytes, entries, minor = json.loads(done.stdout)
    return _Measured(seconds, megabytes, (entries, minor))


def _python(module: str) -> str | None:
    """An interpreter that has the package."""
    if importlib.util.find_spec(module):
        return sys.executable
    beside = PROJECT / "var" / "peers" / "bin" / "python"
    if (
        beside.exists()
        and not subprocess.run([beside, "-c", f"import {module}"], capture_output=True, check=False).returncode
    ):
        return str(beside)
    return None


def _write(file: Path, lines: Iterator[str]) -> None:
    with file.open("w", encoding="utf-8") as out:
        out.writelines(lines)


def _amount(number: int) -> tuple[int, bool]:
    """Minor units, and whether it comes in: of ten entries one goes out."""
    return 100 + (number * 7919) % 250_000, number % 10 != 9


def _total(entries: int) -> int:
    return sum(size if comes else -size for size, comes in map(_amount, range(entries)))


def _camt(entries: int) -> Iterator[str]:
    closing = 10_000_000_00 + _total(entries)
    yield f"""<?xml version="1.0" encoding="UTF-8"?>
<Document xmlns="{NS}"><BkToCstmrStmt><GrpHdr><MsgId>BENCH-1</MsgId><CreDtTm>2026-03-02T06:00:00+01:00</CreDtTm></GrpHdr>
<Stmt><Id>BENCH-1</Id><LglSeqNb>41</LglSeqNb><CreDtTm>2026-03-02T06:00:00+01:00</CreDtTm>
<Acct><Id><IBAN>HR1723600001101234565</IBAN></Id><Ccy>EUR</Ccy></Acct>
<Bal><Tp><CdOrPrtry><Cd>OPBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">10000000.00</Amt><CdtDbtInd>CRDT</CdtDbtInd>
<Dt><Dt>2026-03-01</Dt></Dt></Bal>
<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{closing / 100:.2f}</Amt><CdtDbtInd>CRDT</CdtDbtInd>
<Dt><Dt>2026-03-01</Dt></Dt></Bal>
<TxsSummry><TtlNtries><NbOfNtries>{entries}</NbOfNtries></TtlNtries></TxsSummry>
"""
    for number in range(entries):
        size, comes = _amount(number)
        side, own, other = ("CRDT", "Cdtr", "Dbtr") if comes else ("DBIT", "Dbtr", "Cdtr")
        yield f"""<Ntry>
 <NtryRef>{number + 1}</NtryRef>
 <Amt Ccy="EUR">{size / 100:.2f}</Amt>
 <CdtDbtInd>{side}</CdtDbtInd>
 <Sts><Cd>BOOK</Cd></Sts>
 <BookgDt><Dt>2026-03-01</Dt></BookgDt>
 <ValDt><Dt>2026-03-01</Dt></ValDt>
 <AcctSvcrRef>2026030100{number:09}</AcctSvcrRef>
 <BkTxCd><Domn><Cd>PMNT</Cd><Fmly><Cd>RCDT</Cd><SubFmlyCd>ESCT</SubFmlyCd></Fmly></Domn></BkTxCd>
 <NtryDtls><TxDtls>
  <Refs><AcctSvcrRef>2026030100{number:09}</AcctSvcrRef><InstrId>I{number:09}</InstrId><EndToEndId>HR99</EndToEndId></Refs>
  <Amt Ccy="EUR">{size / 100:.2f}</Amt><CdtDbtInd>{side}</CdtDbtInd>
  <RltdPties>
   <{other}><Pty><Nm>Ime i prezime {number}</Nm><PstlAdr><Ctry>HR</Ctry><AdrLine>Ulica {number % 900}, Pregrada</AdrLine></PstlAdr></Pty></{other}>
   <{other}Acct><Id><IBAN>HR12{number:017}</IBAN></Id></{other}Acct>
   <{own}><Pty><Nm>Grad Pregrada</Nm></Pty></{own}>
   <{own}Acct><Id><IBAN>HR1723600001101234565</IBAN></Id></{own}Acct>
  </RltdPties>
  <RltdAgts><{other}Agt><FinInstnId><BICFI>ZABAHR2X</BICFI></FinInstnId></{other}Agt></RltdAgts>
  <RmtInf><Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp><Ref>HR005720-{number:09}</Ref></CdtrRefInf>
  <AddtlRmtInf>Komunalna naknada za ožujak {number}</AddtlRmtInf></Strd></RmtInf>
 </TxDtls></NtryDtls>
</Ntry>
"""
    yield "</Stmt></BkToCstmrStmt></Document>\n"


def _mt940(entries: int) -> Iterator[str]:
    closing = 10_000_000_00 + _total(entries)
    yield ":20:BENCH1\n:25:RO40RZBR0000060001111111\n:28C:41/1\n:60F:C260301RON10000000,00\n"
    for number in range(entries):
        size, comes = _amount(number)
        yield f":61:2603010301{'C' if comes else 'D'}{size // 100},{size % 100:02}NTRFNONREF//B{number:012}\n"
        yield f":86:000^20Impozit cladiri {number:09}^30BANCA^31RO05RZBR0000060003144073^32Nume si prenume\n"
    yield f":62F:C260301RON{closing // 100},{closing % 100:02}\n-\n"
