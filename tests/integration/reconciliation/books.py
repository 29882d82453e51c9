"""A town whose bank sends statements: what the tests of reconciliation speak to."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID
from xml.sax.saxutils import escape

from hub.bootstrap.plug_ins import bank_statement_formats
from hub.kernel.clock import FixedClock
from hub.kernel.references import Reference
from hub.reconciliation.matching import Matching
from hub.reconciliation.service import ReconciliationService
from hub.statements import entries
from hub.statements.model import StatementEntry, StatementFile
from hub.statements.service import StatementService
from hub.storage.provision import DatabaseUrls
from hub.storage.vault import Vault
from tests.integration.payments.till import Till, till

GRAD = "HR1723600001101234565"
_numbers = count(1)


def bill(value: str) -> tuple[Reference, ...]:
    return (Reference("hr.poziv_na_broj", value),)


@dataclass
class Line:
    """One booking as the bank tells it; `amount` below zero where money went."""

    amount: str
    reference: str = ""  # with its model: HR68 5720-87582274224
    text: str = ""
    name: str = "HORVAT ANA"
    account: str = "HR1210010051863000160"
    bank_reference: str = ""
    reversal: bool = False
    end_to_end: str = "NOTPROVIDED"
    batch: int = 0


def camt(*lines: Line, number: str = "1", account: str = GRAD, opening: str = "0.00", day: str = "2026-11-20") -> bytes:
    """One camt.053.001.08 statement whose balances agree."""
    total = sum((Decimal(one.amount) for one in lines), Decimal(opening))
    told = "".join(_entry(one, day) for one in lines)
    return (
        '<?xml version="1.0" encoding="UTF-8"?><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">'
        f"<BkToCstmrStmt><GrpHdr><MsgId>{number}</MsgId><CreDtTm>{day}T20:00:00</CreDtTm></GrpHdr><Stmt>"
        f"<Id>CAMT053/{number}</Id><ElctrncSeqNb>{number}</ElctrncSeqNb><CreDtTm>{day}T20:00:00</CreDtTm>"
        f"<FrToDt><FrDtTm>{day}T00:00:00</FrDtTm><ToDtTm>{day}T23:59:59</ToDtTm></FrToDt>"
        f"<Acct><Id><IBAN>{account}</IBAN></Id><Ccy>EUR</Ccy></Acct>"
        f"{_balance('OPBD', Decimal(opening), day)}{_balance('CLBD', total, day)}{told}"
        "</Stmt></BkToCstmrStmt></Document>"
    ).encode()


def _balance(code: str, amount: Decimal, day: str) -> str:
    side = "CRDT" if amount >= 0 else "DBIT"
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="EUR">{abs(amount):.2f}</Amt>'
        f"<CdtDbtInd>{side}</CdtDbtInd><Dt><Dt>{day}</Dt></Dt></Bal>"
    )


def _entry(one: Line, day: str) -> str:
    amount, side = one.amount.lstrip("-"), "DBIT" if one.amount.startswith("-") else "CRDT"
    symbol = (
        f"<Strd><CdtrRefInf><Ref>{one.reference.replace(' ', '')}</Ref></CdtrRefInf></Strd>" if one.reference else ""
    )
    words = f"<Ustrd>{escape(one.text)}</Ustrd>" if one.text else ""
    party = "Dbtr" if side == "CRDT" else "Cdtr"
    detail = (
        f'<TxDtls><Refs><EndToEndId>{escape(one.end_to_end)}</EndToEndId></Refs><Amt Ccy="EUR">{amount}</Amt>'
        f"<CdtDbtInd>{side}</CdtDbtInd><RltdPties><{party}><Pty><Nm>{escape(one.name)}</Nm></Pty></{party}>"
        f"<{party}Acct><Id><IBAN>{one.account}</IBAN></Id></{party}Acct></RltdPties>"
        f"<RmtInf>{words}{symbol}</RmtInf></TxDtls>"
    )
    details = f"<Btch><NbOfTxs>{one.batch}</NbOfTxs></Btch>" if one.batch else detail
    bank = f"<AcctSvcrRef>{one.bank_reference}</AcctSvcrRef>" if one.bank_reference else ""
    return (
        f'<Ntry><Amt Ccy="EUR">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd>'
        f"{'<RvslInd>true</RvslInd>' if one.reversal else ''}<Sts><Cd>BOOK</Cd></Sts>"
        f"<BookgDt><Dt>{day}</Dt></BookgDt><ValDt><Dt>{day}</Dt></ValDt>{bank}"
        f"<BkTxCd><Prtry><Cd>NTAV</Cd></Prtry></BkTxCd><NtryDtls>{details}</NtryDtls></Ntry>"
    )


async def pieces(content: bytes, size: int = 1000) -> AsyncIterator[bytes]:
    for begin in range(0, len(content), size):
        yield content[begin : begin + size]


@dataclass
class Books:
    """A till, and the statements of its bank."""

    till: Till
    statements: StatementService
    reconciliation: ReconciliationService
    matching: Matching

    async def take(self, content: bytes, name: str | None = None) -> StatementFile:
        """A file as staff upload it, read by the worker and matched; what became of it."""
        received = await self.statements.files.receive(1, name or f"{next(_numbers)}.xml", pieces(content), by="stf_1")
        await self.reconciliation.read(self.till.town, received.file.file_id)
        await self.reconciliation.match(self.till.town, queued=False)
        return await self.file(received.file.file_id)

    async def file(self, file_id: UUID) -> StatementFile:
        async with self.till.database.town(1) as connection:
            return await self.statements_files().find(connection, 1, file_id)

    @staticmethod
    def statements_files() -> Any:
        from hub.statements import files

        return files

    async def entries(self) -> list[StatementEntry]:
        """All there are, in the order of their statements and places."""
        async with self.till.database.town(1) as connection:
            found = await entries.listed(connection, self.till.keys, limit=1000)
        return sorted(found, key=lambda one: (one.statement_id, one.place, one.part))

    async def entry(self) -> StatementEntry:
        [one] = await self.entries()
        return one

    async def states(self) -> list[tuple[str, str | None]]:
        return [(str(one.state), one.reason) for one in await self.entries()]

    async def decisions(self, entry_id: UUID) -> list[Any]:
        async with self.till.database.town(1) as connection:
            return await entries.decisions(connection, 1, entry_id)

    async def likely(self, entry: StatementEntry) -> Any:
        async with self.till.database.town(1) as connection:
            return await self.reconciliation.likely(connection, self.till.town, entry)

    async def due(self, obligations: Sequence[UUID]) -> list[int]:
        return [await self.till.open_amount(one) for one in obligations]


@asynccontextmanager
async def books(folder: Path, urls: DatabaseUrls, clock: FixedClock) -> AsyncIterator[Books]:
    async with till(folder, urls, clock) as desk:
        vault: Vault = desk.payments._vault
        statements = StatementService(desk.database, vault, clock, bank_statement_formats())
        parts = (desk.database, vault, clock, desk.payments)
        yield Books(desk, statements, ReconciliationService(*parts, statements), Matching(*parts))
