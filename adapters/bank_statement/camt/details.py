"""The payments of an entry (`TxDtls`): who, what for, how much of it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from adapters.bank_statement.camt.head import account
from adapters.bank_statement.camt.tree import Node, branches, money, text, under
from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.kit import statement_symbols as symbols
from hub.ports.bank_statement import Broken, Party, Transaction

_NOTHING = frozenset({"", "NOTPROVIDED", "NONREF", "NOT PROVIDED", "HR99"})
# Where Czech and Slovak banks write symbols, each with its name: `VS123` in one, `KS0308` and `SS19` in the others.
_SYMBOLS = ("EndToEndId", "InstrId", "PmtInfId")
_TELLINGS = 10
"""In so many blocks at most one booking is told; banks are seen to use two."""
_FULL = 140
"""The longest line of unstructured remittance information: one so long was cut, perhaps in a word."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a payment needs to know of its statement and entry."""

    account: str
    country: str
    amount: Money
    reversal: bool
    note: str
    """Free text of the entry: searched for symbols where the payment has none."""
    charges: int
    """What the entry tells of charges, in its currency's minor units."""


def transactions(listed: list[Node], said: int, context: Context) -> tuple[tuple[Transaction, ...], int | None, str]:
    """The payments of an entry, the number it stands for where it cannot be split, and how their amounts depart from
    the entry's. `said` is the number in its batch blocks, 0 where there is none. Raises Broken.
    """
    if not listed and said <= 1:
        return (_bare(context),), None, ""
    if len(listed) < said:
        return (), said, ""
    if len(listed) == 1:
        return (transaction(listed[0], context.amount, context),), None, _departs(listed[0], context)
    amounts = [_amount(one, context.amount) for one in listed]
    known = [amount for amount in amounts if amount is not None]
    if len(known) == 1 and len(listed) <= _TELLINGS and abs(known[0]) == abs(context.amount.minor):
        # One booking told in several blocks, only one of which has the amount: Tatra banka tells fees so.
        return (_merged([transaction(one, context.amount, context) for one in listed]),), None, ""
    if len(known) < len(amounts):
        return (), said or len(listed), ""
    minor = context.amount.minor
    if sum(known) != minor:
        # Some banks write of a payment whether it was one for the payer, and not for this account.
        same_side = [abs(one) if minor >= 0 else -abs(one) for one in known]
        if sum(same_side) == minor:
            known = same_side
    currency = context.amount.currency
    found = tuple(transaction(one, Money(amount, currency), context) for one, amount in zip(listed, known, strict=True))
    total = sum(known)
    if total == minor:
        return found, None, ""
    return (
        found,
        None,
        f"Its {len(found)} payments are {Money(total, currency)} together, the entry is {context.amount}.",
    )


def transaction(node: Node, amount: Money, context: Context) -> Transaction:
    references = under(node, "Refs")
    remittance = under(node, "RmtInf")
    end_to_end = text(references, "EndToEndId")
    found = _of_references(references)
    lines = [line for line in remittance.get("Ustrd", ()) if isinstance(line, str)]
    for structured in branches(remittance, "Strd"):
        reference = under(structured, "CdtrRefInf")
        if value := text(reference, "Ref") or text(reference, "CdtrRef"):
            label = text(reference, "Tp", "CdOrPrtry", "Prtry")
            found += symbols.of_labelled(label, value) or symbols.of_creditor_reference(value, context.country)
        found += [
            Reference("text", number)
            for document in branches(structured, "RfrdDocInf")
            if (number := text(document, "Nb"))
        ]
        lines += [line for line in structured.get("AddtlRmtInf", ()) if isinstance(line, str)]
    additional = " ".join(text(node, "AddtlTxInf").split())
    message = joined(lines)
    if message:
        found += symbols.of_text(message)
    if not found:
        for hint in (additional, context.note):
            if hint:
                found += symbols.of_text(hint)
    returned = under(node, "RtrInf")
    reason = under(returned, "Rsn") or under(returned, "RtrRsn")
    return Transaction(
        amount=amount,
        party=_party(under(node, "RltdPties"), context),
        references=symbols.unique(found),
        end_to_end="" if end_to_end.upper() in _NOTHING else end_to_end,
        text=message or additional,
        bank_reference=_first(references, ("AcctSvcrRef", "TxId", "InstrId")),
        returned=text(reason, "Cd") or text(reason, "Prtry"),
    )


def _of_references(references: Node) -> list[Reference]:
    """Symbols among the payment's own references."""
    found: list[Reference] = []
    for name in _SYMBOLS:
        if name in references:
            found += symbols.of_end_to_end(text(references, name))
    for label in (references.get("Prtry"), *references.get("Prtry+", ())):
        if isinstance(label, dict):
            found += symbols.of_labelled(text(label, "Tp"), text(label, "Ref"))
    return found


def joined(lines: list[str]) -> str:
    """Lines as one; a full line was cut anywhere and takes no blank."""
    if len(lines) == 1 and "\n" not in lines[0]:
        return lines[0]
    whole, before = [], " "
    for line in lines:
        whole.append(line if before.endswith(" ") or len(before) == _FULL else f" {line}")
        before = line or before
    return " ".join("".join(whole).split())


def _amount(node: Node, entry: Money) -> int | None:
    """Of one payment among several, with its sign, in the entry's currency; None where nothing tells it."""
    details = under(node, "AmtDtls")
    for value in (node.get("Amt"), under(details, "TxAmt").get("Amt"), under(details, "CntrValAmt").get("Amt"),
                  under(details, "InstdAmt").get("Amt")):  # fmt: skip
        minor = _minor(value, entry.currency)
        if minor is not None:
            indicator = text(node, "CdtDbtInd")
            if indicator not in ("", "CRDT", "DBIT"):
                raise Broken("CdtDbtInd is neither CRDT nor DBIT")
            out = indicator == "DBIT" if indicator else entry.minor < 0
            return -minor if out else minor
    return None


def _minor(value: Any, currency: str) -> int | None:
    """An amount in minor units; None where there is none, or one in another currency, whatever that is called. Raises
    Broken.
    """
    if value is None or (isinstance(value, tuple) and value[1] not in (None, "", currency)):
        return None
    return money(value, currency).minor


def _departs(node: Node, context: Context) -> str:
    """How an entry's only payment departs from it, unless by the charges that are told: then others may be missing.

    The instructed amount is not looked at: it is the payer's, before whatever banks on the way took. Neither is one
    that is nothing or cannot be read: what was booked is the entry's.
    """
    amount, currency = context.amount, context.amount.currency
    for value in (node.get("Amt"), under(node, "AmtDtls", "TxAmt").get("Amt")):
        try:
            said = _minor(value, currency)
        except Broken:
            continue
        if said:
            apart = abs(said - abs(amount.minor))
            if apart and apart not in (context.charges, charges(node, currency)):
                return f"Its payment is {Money(said if amount.minor >= 0 else -said, currency)}, the entry is {amount}."
            return ""
    return ""


def charges(node: Node, currency: str) -> int:
    """What an entry or a payment tells of charges in a currency, in minor units; 0 where that cannot be read."""
    total = 0
    if "Chrgs" not in node:
        return total
    try:
        for one in branches(node, "Chrgs"):
            # One charge each up to version 3, then records of them; a total beside them is theirs.
            each = [one.get("Amt"), *(record.get("Amt") for record in branches(one, "Rcrd"))]
            known = [minor for value in each if (minor := _minor(value, currency)) is not None]
            total += sum(known) if known else _minor(one.get("TtlChrgsAndTaxAmt"), currency) or 0
    except Broken:
        return 0
    return total


def _party(parties: Node, context: Context) -> Party:
    if not parties:
        return Party()
    came = (context.amount.minor >= 0) is not context.reversal
    side, other = ("Dbtr", "Cdtr") if came else ("Cdtr", "Dbtr")
    theirs, number = _side(parties, side)
    if (number and number == context.account) or not (theirs or number):
        # The bank names who ordered and who received, and the account is on the side where the other was expected.
        opposite, its_number = _side(parties, other)
        if (opposite or its_number) and its_number != context.account:
            side, theirs, number = other, opposite, its_number
    name = text(theirs, "Nm") or text(theirs, "FinInstnId", "Nm") or text(under(parties, f"{side}Acct"), "Nm")
    if not name:
        ultimate = under(parties, f"Ultmt{side}")
        name = text(under(ultimate, "Pty") or ultimate, "Nm")
    return Party(name=" ".join(name.split()), account=number, identifier=_identifier(theirs))


def _side(parties: Node, side: str) -> tuple[Node, str]:
    """Person or bank (`Pty`, `Agt` from v08 on), and the account."""
    node = under(parties, side)
    return under(node, "Pty") or under(node, "Agt") or node, account(under(parties, f"{side}Acct"))[0]


def _identifier(party: Node) -> str:
    for kind in ("OrgId", "PrvtId"):
        said = under(party, "Id", kind)
        if said:
            for other in branches(said, "Othr"):
                if number := text(other, "Id"):
                    return number
            return text(said, "PrtryId", "Id")
    return ""


def _bare(context: Context) -> Transaction:
    """An entry without details is one payment of which the bank says nothing more."""
    return Transaction(
        amount=context.amount, references=symbols.unique(symbols.of_text(context.note)), text=context.note
    )


def _merged(parts: list[Transaction]) -> Transaction:
    """One payment of several tellings: the first that says something counts, references of all."""
    whole = parts[0]
    for part in parts[1:]:
        whole = replace(
            whole,
            party=whole.party if whole.party != Party() else part.party,
            references=symbols.unique((*whole.references, *part.references)),
            end_to_end=whole.end_to_end or part.end_to_end,
            text=whole.text if part.text in whole.text else f"{whole.text} {part.text}".strip(),
            bank_reference=whole.bank_reference or part.bank_reference,
            returned=whole.returned or part.returned,
        )
    return whole


def _first(node: Node, names: tuple[str, ...]) -> str:
    for name in names:
        value = text(node, name)
        if value.upper() not in _NOTHING and not (name in _SYMBOLS and symbols.of_end_to_end(value)):
            return value
    return ""
