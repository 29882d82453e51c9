"""What a file of bank statements holds, without a database: the answer of `munihub statement inspect`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from hub.kernel.money import Money
from hub.ports.bank_statement import (
    Balance,
    Broken,
    Entry,
    Options,
    Statement,
    StatementEnd,
    StatementFormat,
    Status,
)
from hub.statements.formats import recognised


def files(path: Path) -> Iterator[Path]:
    """The file, or all in and below a folder but hidden ones, in the order of their names."""
    if path.is_file():
        yield path
        return
    for one in sorted(path.rglob("*")):
        if one.is_file() and not any(part.startswith(".") for part in one.relative_to(path).parts):
            yield one


def inspect(path: Path, formats: Mapping[str, StatementFormat], options: Options) -> dict[str, Any]:
    """As plain values for JSON; amounts are texts such as `1250.00`. A file that is refused tells why, and in which
    line; `before` is how many entries were read until there, none of which counts.
    """
    result: dict[str, Any] = {"path": str(path), "ok": False, "format": None, "statements": []}
    result |= {"reason": None, "line": None, "before": 0}
    statements: list[dict[str, Any]] = []
    counted = _Counted()
    try:
        with path.open("rb") as file:
            chosen = recognised(file, path.name, formats)
            result["format"] = chosen.id
            for item in chosen.read(file, options):
                if isinstance(item, Statement):
                    head, counted = item, _Counted(result["before"])
                elif isinstance(item, Entry):
                    counted.add(item)
                    result["before"] = counted.before
                else:
                    statements.append(_head(head) | counted.told(item) | _end(item))
    except Broken as error:
        return result | {"reason": error.problem, "line": error.line}
    except OSError as error:
        return result | {"reason": f"cannot be read: {error.strerror}"}
    return result | {"ok": True, "statements": statements, "before": 0}


class _Counted:
    """What the end of a statement does not say of its entries."""

    def __init__(self, before: int = 0) -> None:
        self.before = before
        """Entries of the whole file until now."""
        self.booked = self.reversals = self.summarised = self.transactions = self.returned = 0
        self.sums: Counter[str] = Counter()
        self.references: Counter[str] = Counter()
        self.disagreeing: list[dict[str, Any]] = []

    def add(self, entry: Entry) -> None:
        self.before += 1
        if entry.status is Status.BOOKED:
            self.booked += 1
        else:
            side = "credits" if entry.amount.minor >= 0 else "debits"
            self.sums[f"{entry.status}/{entry.amount.currency}/{side}"] += abs(entry.amount.minor)
            self.sums[f"{entry.status}/{entry.amount.currency}/entries"] += 1
        self.reversals += entry.reversal
        self.summarised += entry.batch is not None
        self.transactions += len(entry.transactions)
        for transaction in entry.transactions:
            self.returned += bool(transaction.returned)
            self.references.update(one.scheme for one in transaction.references)
        if entry.disagrees:
            self.disagreeing.append({"line": entry.line, "problem": entry.disagrees})

    def told(self, end: StatementEnd) -> dict[str, Any]:
        pairs = sorted({key.rpartition("/")[0] for key in self.sums})
        not_booked = [
            {
                "status": (pair := key.partition("/"))[0],
                "currency": pair[2],
                "entries": self.sums[f"{key}/entries"],
                "credits": _number(Money(self.sums[f"{key}/credits"], pair[2])),
                "debits": _number(Money(self.sums[f"{key}/debits"], pair[2])),
            }
            for key in pairs
        ]
        return {
            "entries": end.entries,
            "booked": self.booked,
            "not_booked": not_booked,
            "transactions": self.transactions,
            "summarised": self.summarised,
            "reversals": self.reversals,
            "returned": self.returned,
            "references": dict(sorted(self.references.items())),
            "disagreeing": self.disagreeing,
        }


def _head(head: Statement) -> dict[str, Any]:
    return {
        "kind": str(head.kind),
        "format": head.format,
        "id": head.id,
        "account": head.account,
        "scheme": head.scheme,
        "currency": head.currency,
        "number": head.number,
        "since": head.since.isoformat() if head.since else None,
        "until": head.until.isoformat() if head.until else None,
        "opening": _balance(head.opening),
    }


def _end(end: StatementEnd) -> dict[str, Any]:
    return {
        "closing": _balance(end.closing),
        "credits": _number(end.credits),
        "debits": _number(end.debits),
        "other_currencies": [{"amount": _number(one), "currency": one.currency} for one in end.other_currencies],
        "agrees": end.agrees,
        "differences": list(end.differences),
    }


def _balance(balance: Balance | None) -> dict[str, Any] | None:
    if balance is None:
        return None
    on = balance.on.isoformat() if balance.on else None
    return {"amount": _number(balance.amount), "currency": balance.amount.currency, "on": on}


def _number(amount: Money) -> str:
    return f"{amount.to_decimal():f}"
