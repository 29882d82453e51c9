"""Statements written for tests: camt and MT940, as small as a case needs."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any

from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.ports.bank_statement import Broken, Entry, Item, Options, Statement, StatementEnd, StatementFormat, Transaction

IBAN = "HR1723600001101234565"
CZ_IBAN = "CZ6508000000192000145399"
RS_IBAN = "RS35260005601001611379"
TAGS = {
    "052": ("BkToCstmrAcctRpt", "Rpt"),
    "053": ("BkToCstmrStmt", "Stmt"),
    "054": ("BkToCstmrDbtCdtNtfctn", "Ntfctn"),
}


def eur(text: str) -> Money:
    return Money.parse(text, "EUR")


def items(format_: StatementFormat, content: bytes | str, options: Options | None = None) -> list[Item]:
    file = io.BytesIO(content.encode() if isinstance(content, str) else content)
    return list(format_.read(file, options) if options else format_.read(file))


def parts(found: Iterable[Item]) -> list[tuple[Statement, list[Entry], StatementEnd]]:
    """The statements of a file, each with its entries and its end; the order of the port is checked on the way."""
    result: list[tuple[Statement, list[Entry], StatementEnd]] = []
    head: Statement | None = None
    entries: list[Entry] = []
    for item in found:
        if isinstance(item, Statement):
            assert head is None, "a statement begins before the last has ended"
            head, entries = item, []
        else:
            assert head is not None, "something stands outside a statement"
            if isinstance(item, Entry):
                entries.append(item)
            else:
                result.append((head, entries, item))
                head = None
    assert head is None, "a statement has no end"
    return result


def refusal(format_: StatementFormat, content: bytes | str, options: Options | None = None) -> Broken:
    """How a file is refused; fails where it is not."""
    try:
        found = items(format_, content, options)
    except Broken as error:
        return error
    raise AssertionError(f"it was read: {found}")


# ── camt ─────────────────────────────────────────────────────────────────────────────────────────


def camt(
    *statements: str, version: str = "053.001.08", prolog: str = '<?xml version="1.0" encoding="UTF-8"?>\n'
) -> str:
    message, _ = TAGS[version[:3]]
    return (
        f'{prolog}<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.{version}">\n<{message}>'
        f"<GrpHdr><MsgId>M1</MsgId><CreDtTm>2026-03-02T06:00:00+01:00</CreDtTm></GrpHdr>\n"
        f"{''.join(statements)}</{message}>\n</Document>\n"
    )


def stmt(
    *entries: str,
    account: str = f"<IBAN>{IBAN}</IBAN>",
    currency: str = "EUR",
    balances: str = "",
    head: str = "",
    after: str = "",
    id_: str = "S1",
    tag: str = "Stmt",
) -> str:
    named = f"<Ccy>{currency}</Ccy>" if currency else ""
    return (
        f"<{tag}><Id>{id_}</Id>{head}<Acct><Id>{account}</Id>{named}</Acct>{balances}\n"
        f"{''.join(entries)}{after}</{tag}>\n"
    )


def bal(code: str, amount: str, *, side: str = "CRDT", on: str = "2026-03-01", currency: str = "EUR") -> str:
    return (
        f'<Bal><Tp><CdOrPrtry><Cd>{code}</Cd></CdOrPrtry></Tp><Amt Ccy="{currency}">{amount}</Amt>'
        f"<CdtDbtInd>{side}</CdtDbtInd><Dt><Dt>{on}</Dt></Dt></Bal>"
    )


def ntry(
    amount: str = "10.00",
    details: str = "",
    *,
    side: str = "CRDT",
    status: str = "<Sts><Cd>BOOK</Cd></Sts>",
    currency: str = "EUR",
    extra: str = "",
    after: str = "",
) -> str:
    """`extra` stands before the details, `after` behind them."""
    return (
        f'<Ntry><Amt Ccy="{currency}">{amount}</Amt><CdtDbtInd>{side}</CdtDbtInd>{status}'
        f"<BookgDt><Dt>2026-03-01</Dt></BookgDt><ValDt><Dt>2026-03-02</Dt></ValDt>{extra}{details}{after}</Ntry>\n"
    )


def tx(inner: str = "") -> str:
    return f"<NtryDtls><TxDtls>{inner}</TxDtls></NtryDtls>"


def rmt(inner: str) -> str:
    return tx(f"<RmtInf>{inner}</RmtInf>")


def ref(value: str) -> str:
    return f"<Strd><CdtrRefInf><Tp><CdOrPrtry><Cd>SCOR</Cd></CdOrPrtry></Tp><Ref>{value}</Ref></CdtrRefInf></Strd>"


# ── MT940 ────────────────────────────────────────────────────────────────────────────────────────


def mt940(
    *lines: str,
    account: str = IBAN,
    opening: str = "C260301EUR100,00",
    closing: str | None = None,
    end: str = "\n",
) -> str:
    """One statement; without `closing` its amount is that of the opening, which need not agree."""
    written = [":20:REF", f":25:{account}", ":28C:7/1", f":60F:{opening}", *lines, f":62F:{closing or opening}", "-"]
    return end.join(written) + end


def only(found: list[Item]) -> tuple[Entry, Transaction]:
    """The one entry of the one statement, with its one payment."""
    ((_, (entry,), _),) = parts(found)
    (transaction,) = entry.transactions
    return entry, transaction


def refs(found: list[Item]) -> list[tuple[str, str]]:
    """The references of all payments."""
    return [
        (one.scheme, one.value)
        for _, entries, _ in parts(found)
        for e in entries
        for t in e.transactions
        for one in t.references
    ]


def reference(scheme: str, value: str) -> Reference:
    return Reference(scheme, value)


def told(end: StatementEnd) -> dict[str, Any]:
    return {"credits": str(end.credits), "debits": str(end.debits), "entries": end.entries, "agrees": end.agrees}
