"""An `Ntry` as an Entry."""

from __future__ import annotations

from functools import lru_cache

from adapters.bank_statement.camt.details import Context, charges, joined, transactions
from adapters.bank_statement.camt.tree import Node, branches, day, money, signed, text, under
from hub.ports.bank_statement import Broken, Entry, Kind, Statement, Status

_STATUSES = {
    "BOOK": Status.BOOKED,
    "PDNG": Status.PENDING,
    "FUTR": Status.PENDING,
    "INFO": Status.INFORMATION,
}
_NOTHING = frozenset({"", "NONREF", "NOTPROVIDED"})


def entry(node: Node, statement: Statement, *, number: int, line: int) -> Entry:
    """The `number`-th entry of a statement. Raises Broken without a line."""
    amount = signed(money(node.get("Amt", ""), statement.currency), text(node, "CdtDbtInd"))
    reversal = _flag(text(node, "RvslInd"))
    listed: list[Node] = []
    said = 0
    # Version 1 has its batch beside the details and not in them.
    blocks = [*branches(node, "NtryDtls"), node]
    for block in blocks:
        listed += branches(block, "TxDtls")
        said += _number_of(under(block, "Btch"))
    note = " ".join(text(node, "AddtlNtryInf").split())
    context = Context(
        account=statement.account,
        country=_country(statement.account, statement.scheme),
        amount=amount,
        reversal=reversal,
        note=note,
        charges=charges(node, amount.currency),
    )
    payments, batch, disagrees = transactions(listed, said, context)
    if batch is not None and not note:
        note = joined(
            [line for one in listed for line in under(one, "RmtInf").get("Ustrd", ()) if isinstance(line, str)]
        )[:1000]
    reference = text(node, "AcctSvcrRef")
    if reference in _NOTHING:
        reference = text(node, "NtryRef")
    return Entry(
        key=str(number),
        amount=amount,
        booked_on=day(node, "BookgDt"),
        valued_on=day(node, "ValDt"),
        status=_status(text(node, "Sts", "Cd") or text(node, "Sts"), statement.kind),
        line=line,
        transactions=payments,
        reversal=reversal,
        batch=batch,
        code=_code(under(node, "BkTxCd")),
        bank_reference="" if reference in _NOTHING else reference,
        text=note,
        disagrees=disagrees,
    )


@lru_cache(maxsize=64)
def _country(account: str, scheme: str) -> str:
    """Of the account's bank; empty where the account does not tell."""
    return account[:2] if scheme == "iban" else {"cz": "CZ", "rs": "RS"}.get(scheme, "")


def _status(code: str, kind: Kind) -> Status:
    if not code:
        # A closed statement has nothing but bookings; the others must say.
        return Status.BOOKED if kind is Kind.STATEMENT else Status.PENDING
    return _STATUSES.get(code, Status.INFORMATION)


def _flag(said: str) -> bool:
    if said not in ("", "true", "false", "1", "0"):
        raise Broken("RvslInd is neither true nor false")
    return said in ("true", "1")


def _number_of(batch: Node) -> int:
    said = text(batch, "NbOfTxs")
    if not said:
        return 0
    if not (said.isascii() and said.isdigit()) or len(said) > 15:
        raise Broken(f"NbOfTxs {said[:20]!r} is not a number")
    return int(said)


def _code(node: Node) -> str:
    """`PMNT-RCDT-ESCT` of the ISO's domain, else the bank's own."""
    domain = under(node, "Domn")
    if domain:
        family = under(domain, "Fmly")
        return "-".join(filter(None, (text(domain, "Cd"), text(family, "Cd"), text(family, "SubFmlyCd"))))
    return text(node, "Prtry", "Cd") or text(node, "Prtry")
