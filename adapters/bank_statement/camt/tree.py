"""Elements of a camt message as nested dictionaries of what is used of them, and the values in them.

Only known names are descended into; the namespace is the one of the message. A leaf is its text; amounts are
`(text, currency or None)`; names in MANY are lists.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any

from lxml import etree

from hub.kernel.money import Money, NotExact, minor_units
from hub.ports.bank_statement import Broken

Node = dict[str, Any]

AMOUNTS = frozenset({"Amt", "TtlAmt", "TtlChrgsAndTaxAmt"})
MANY = frozenset({"NtryDtls", "TxDtls", "Ustrd", "Strd", "AddtlRmtInf", "RfrdDocInf", "Othr", "Chrgs", "Rcrd"})
# Proprietary references of a payment may be many (v04 and later); a proprietary code is one.
_MANY_IN_REFS = "Prtry"
# Twice would mean that one of them is not counted, or that the account is not certain.
_ONCE = frozenset({"Acct", "Amt", "CdtDbtInd", "IBAN", "RvslInd", "Sts"})
_KNOWN = """
    Acct AcctSvcrRef AddtlNtryInf AddtlRmtInf AddtlTxInf Agt Amt AmtDtls BBAN BkTxCd BookgDt Btch Ccy Cd
    CdOrPrtry CdtDbtInd Cdtr CdtrAcct CdtrRef CdtrRefInf Chrgs CntrValAmt CreDtTm Dbtr DbtrAcct Domn Dt DtTm
    ElctrncSeqNb EndToEndId FinInstnId Fmly FrDtTm FrToDt IBAN Id InstdAmt InstrId LastPgInd LglSeqNb MsgPgntn
    Nb NbOfNtries NbOfTxs Nm NtfctnPgntn NtryDtls NtryRef OrgId Othr PgNb PmtInfId Prtry PrtryAcct PrtryId
    PrvtId Pty Rcrd Ref Refs RfrdDocInf RltdPties RmtInf RptPgntn Rsn RtrInf RtrRsn RvslInd StmtPgntn Strd Sts
    SubFmlyCd Sum ToDtTm Tp TtlAmt TtlCdtNtries TtlChrgsAndTaxAmt TtlDbtNtries TtlNtries TxAmt TxDtls TxId
    TxsSummry UPIC UltmtCdtr UltmtDbtr Ustrd ValDt
"""


# Never with elements of their own, so that they need not be looked at for them.
_LEAVES = """
    AcctSvcrRef AddtlNtryInf AddtlRmtInf AddtlTxInf BBAN Ccy CdtDbtInd CreDtTm DtTm ElctrncSeqNb EndToEndId
    FrDtTm IBAN InstrId LglSeqNb Nb NbOfNtries NbOfTxs Nm NtryRef PgNb PmtInfId Ref RvslInd SubFmlyCd Sum ToDtTm
    TxId UPIC Ustrd
"""

Names = dict[Any, tuple[str, bool]]


@lru_cache(maxsize=64)
def names(namespace: str) -> Names:
    """By the tags of a namespace, which may be none: the local name, and whether it is a leaf always."""
    leaves = frozenset(_LEAVES.split())
    return {tag(namespace, name): (name, name in leaves) for name in _KNOWN.split()}


def tag(namespace: str, name: str) -> str:
    """As lxml writes it."""
    return f"{{{namespace}}}{name}" if namespace else name


def tree(children: Iterable[etree._Element], known: Names) -> Node:
    """Of an element, which is its children, or of some of them. Raises Broken where a value that may stand once stands
    twice.
    """
    node: Node = {}
    for child in children:
        found = known.get(child.tag)
        if found is None:
            continue
        name, leaf = found
        value: Any
        if leaf or not len(child):
            value = (child.text or "", child.get("Ccy")) if name in AMOUNTS else (child.text or "").strip()
        else:
            value = tree(child, known)
        if name in MANY:
            node.setdefault(name, []).append(value)
        elif name not in node:
            node[name] = value
        elif name in _ONCE:
            raise Broken(f"{name} stands twice where it may stand once")
        elif name == _MANY_IN_REFS:
            node.setdefault("Prtry+", []).append(value)
    return node


def under(node: Node, *path: str) -> Node:
    """The branch at the path; an empty one where there is none, or a text in its place."""
    for name in path:
        found = node.get(name)
        if type(found) is not dict:
            return {}
        node = found
    return node


def text(node: Node, *path: str) -> str:
    """The text at the path, empty where there is none."""
    found: Any = node
    for name in path:
        if type(found) is not dict:
            return ""
        found = found.get(name)
    return found if type(found) is str else ""


def branches(node: Node, name: str) -> list[Node]:
    """The branches of a name that may repeat, without those that are empty elements."""
    return [one for one in node.get(name, ()) if isinstance(one, dict)]


_minor_units = lru_cache(maxsize=64)(minor_units)


def money(value: Any, currency: str = "") -> Money:
    """An amount without sign; `currency` where it names none. Raises Broken."""
    said, named = value if isinstance(value, tuple) else (value, None)
    currency = named or currency
    digits = said.strip() if isinstance(said, str) else ""
    if not currency:
        raise Broken("an amount has no currency, and neither has the account")
    whole, _, fraction = digits.partition(".")
    try:
        if (
            len(fraction) == _minor_units(currency)
            and (plain := whole + fraction).isdigit()
            and plain.isascii()
            and len(plain) < 18
        ):
            return Money(int(plain), currency)
        if not digits.isascii() or not digits.removeprefix("+").replace(".", "", 1).isdigit():
            raise Broken(
                f"{digits[:40]!r} is not an amount: digits with a decimal point and without a sign are expected"
            )
        return Money.from_decimal(Decimal(digits), currency)
    except (NotExact, InvalidOperation) as error:
        raise Broken(str(error)) from error


def signed(amount: Money, indicator: str) -> Money:
    """Raises Broken where the indicator is neither CRDT nor DBIT."""
    if indicator == "CRDT":
        return amount
    if indicator == "DBIT":
        return Money(-amount.minor, amount.currency)
    raise Broken(
        "an amount does not say whether it is CRDT or DBIT" if not indicator else "CdtDbtInd is neither CRDT nor DBIT"
    )


def day(node: Node, *path: str) -> date | None:
    """The day of a date or a time at the path, as the bank writes it, without its zone. Raises Broken."""
    at = under(node, *path)
    said = text(at, "Dt") or text(at, "DtTm") or text(node, *path)
    return _day(said[:10]) if said else None


@lru_cache(maxsize=512)
def _day(said: str) -> date:
    try:
        return date.fromisoformat(said)
    except ValueError:
        raise Broken(f"{said!r} is not a day written YYYY-MM-DD") from None


def moment(said: str) -> datetime | None:
    """A time, without a zone where the bank gives none; None where it cannot be read, since nothing rests on it."""
    for attempt in (said, said[:19]):
        try:
            return datetime.fromisoformat(attempt)
        except ValueError:
            continue
    return None
