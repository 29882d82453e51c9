"""The head of a statement: account, period, balances and what it says of itself."""

from __future__ import annotations

from datetime import date

from adapters.bank_statement.camt.tree import Node, day, moment, money, signed, text, under
from hub.kernel.money import Money, NotExact
from hub.kit.statement_symbols import account_scheme
from hub.ports.bank_statement import Balance, Broken, Kind, Statement, Told

Said = tuple[str, Balance]
"""Code of a balance, and the balance."""

# Earliest first where there are several: an opening is the first day's, a closing the last day's.
_OPENING, _CLOSING = ("OPBD", "PRCD"), ("CLBD", "ITBD")
USED = frozenset((*_OPENING, *_CLOSING))


def account(node: Node) -> tuple[str, str]:
    """The account's number and its scheme; both empty where there is none."""
    said = under(node, "Id")
    number = text(said, "IBAN") or text(said, "BBAN") or text(said, "UPIC") or text(said, "PrtryAcct", "Id")
    for other in said.get("Othr", ()):
        number = number or (text(other, "Id") if isinstance(other, dict) else "")
    plain = "".join(number.split())
    if not plain:
        return "", ""
    if text(said, "IBAN"):
        return plain.upper(), "iban"
    return plain, account_scheme(plain)


def code_of(node: Node) -> str:
    """Which balance it is."""
    return text(node, "Tp", "CdOrPrtry", "Cd") or text(node, "Tp", "Cd") or text(node, "Tp")


def balance(node: Node, currency: str) -> Said:
    """A balance without an indicator is not overdrawn. Raises Broken."""
    amount = signed(money(node.get("Amt", ""), currency), text(node, "CdtDbtInd") or "CRDT")
    return code_of(node), Balance(amount, day(node, "Dt"))


def opening(balances: list[Said], currency: str) -> Balance | None:
    for code in _OPENING:
        if found := _of(balances, code, currency):
            return min(found, key=_on)
    return None


def closing(balances: list[Said], currency: str) -> tuple[Balance | None, bool]:
    """The balance, and whether it is the one that opening and entries lead to."""
    for code in _CLOSING:
        if found := _of(balances, code, currency):
            # The last of several of one day, hence the reversal: max keeps the first.
            return max(reversed(found), key=_on), code == "CLBD"
    return None, False


def breaks(balances: list[Said], currency: str) -> list[str]:
    """Where a statement with a pair of balances for each day does not join from day to day, or ends in another currency
    than it begins.
    """
    opened = sorted(_of(balances, "OPBD", currency), key=_on)
    closed = sorted(_of(balances, "CLBD", currency), key=_on)
    elsewhere = [one.amount.currency for code, one in balances if code == "CLBD"]
    if opened and elsewhere and not closed:
        return [f"The closing balance is in {elsewhere[0]}, the opening balance in {currency}."]
    if len(opened) != len(closed):
        return []
    return [
        f"The balance of {evening.on} is {evening.amount} at its end and {morning.amount} at the next beginning."
        for evening, morning in zip(closed[:-1], opened[1:], strict=True)
        if evening.amount != morning.amount
    ]


def told(node: Node, currency: str) -> Told:
    """`TxsSummry`. Sums have no currency of their own: they are of the account's. Raises Broken."""
    credits_, debits = under(node, "TtlCdtNtries"), under(node, "TtlDbtNtries")
    return Told(
        entries=_number(under(node, "TtlNtries")),
        credits=_sum(credits_, currency),
        debits=_sum(debits, currency),
        number_of_credits=_number(credits_),
        number_of_debits=_number(debits),
    )


def statement(node: Node, group: Node, kind: Kind, version: str, balances: list[Said], currency: str) -> Statement:
    """Raises Broken where it has no account."""
    number, scheme = account(under(node, "Acct"))
    if not number:
        raise Broken("a statement names no account")
    first = opening(balances, currency)
    since = day(node, "FrToDt", "FrDtTm") or (first.on if first else None)
    last, _ = closing(balances, currency)
    until = day(node, "FrToDt", "ToDtTm") or (last.on if last else None)
    created = text(node, "CreDtTm") or text(group, "CreDtTm")
    page, _ = page_of(node, group)
    return Statement(
        kind=kind,
        format=version,
        id="/".join((number, text(node, "Id"), str(until or created[:10]), page)),
        account=number,
        scheme=scheme,
        currency=currency,
        number=text(node, "LglSeqNb") or text(node, "ElctrncSeqNb") or None,
        created_at=moment(created),
        since=since,
        until=until,
        opening=first,
    )


def page_of(node: Node, group: Node) -> tuple[str, bool]:
    """The number of the page, and whether there are others: of the statement, else of the message it came in."""
    for pagination in (
        *(under(node, name) for name in ("StmtPgntn", "RptPgntn", "NtfctnPgntn")),
        under(group, "MsgPgntn"),
    ):
        if pagination:
            page = text(pagination, "PgNb") or "1"
            return page, page.lstrip("0") != "1" or text(pagination, "LastPgInd") in ("false", "0")
    return "1", False


def _of(balances: list[Said], code: str, currency: str) -> list[Balance]:
    return [one for name, one in balances if name == code and one.amount.currency == currency]


def _on(one: Balance) -> date:
    return one.on or date.min


def _number(node: Node) -> int | None:
    said = text(node, "NbOfNtries")
    if not said:
        return None
    if not (said.isascii() and said.isdigit()) or len(said) > 15:
        raise Broken(f"NbOfNtries {said[:20]!r} is not a number")
    return int(said)


def _sum(node: Node, currency: str) -> Money | None:
    said = text(node, "Sum")
    if not said:
        return None
    try:
        # Some banks write sums of debits, or of a reversal's side, with a minus sign: it is a sum of that side.
        return money(said.removeprefix("-"), currency)
    except NotExact as error:
        raise Broken(str(error)) from error
