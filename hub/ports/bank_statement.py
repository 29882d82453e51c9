"""Bank statements: one module per format in `adapters/bank_statement/`, each with one object `FORMAT`.

    with path.open("rb") as file:
        for item in FORMAT.read(file, options):      a Statement, its Entries, its StatementEnd; the next Statement, …

Memory stays flat: a statement is told piece by piece. A file that is broken raises Broken at the first fault, and
whoever stores what was told before it takes all of it back: a file counts whole, or not at all.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import BinaryIO, Protocol

from hub.kernel.money import Money
from hub.kernel.references import Reference


class Kind(StrEnum):
    STATEMENT = "statement"  # closed day or period: camt.053, MT940, GPC
    REPORT = "report"  # intraday, not final: camt.052, MT942
    NOTIFICATION = "notification"  # single bookings without balances: camt.054


@dataclass(frozen=True, slots=True)
class Balance:
    """`amount` negative where the account is overdrawn."""

    amount: Money
    on: date | None


@dataclass(frozen=True, slots=True)
class Statement:
    """The head. `account` is an IBAN, else as the bank writes it (`scheme` says which: iban, cz, rs, other).

    `number` is the bank's own, `id` what makes it known when it comes twice (built by the format, documented there).
    """

    kind: Kind
    format: str  # such as camt.053.001.08, mt940, gpc, halcom
    id: str
    account: str
    scheme: str
    currency: str
    number: str | None = None
    created_at: datetime | None = None
    since: date | None = None
    until: date | None = None
    opening: Balance | None = None


class Status(StrEnum):
    BOOKED = "booked"
    PENDING = "pending"
    INFORMATION = "information"


@dataclass(frozen=True, slots=True)
class Party:
    """The other side. `identifier` is its national number (EDRPOU, CUI, …) where the bank tells it."""

    name: str = ""
    account: str = ""
    identifier: str = ""


@dataclass(frozen=True, slots=True)
class Transaction:
    """One payment inside an entry. `amount` has the entry's sign, unless the bank books a
    balance of both. `references`: every symbol found, wherever the format
    hides it, with the schemes of hub.kernel.references (cz.variable_symbol, hr.poziv_na_broj, rs.poziv_na_broj,
    iso11649, …; `text` where the bank gives a creditor reference that fits none); symbols have only digits, with the
    zeros in front as the bank writes them. `end_to_end` the payer's own reference, empty for NOTPROVIDED and NONREF;
    `text` what the payer wrote, lines joined as the format says.
    """

    amount: Money
    party: Party = Party()
    references: tuple[Reference, ...] = ()
    end_to_end: str = ""
    text: str = ""
    bank_reference: str = ""
    returned: str = ""  # reason code of a returned payment (ISO 20022), else empty


@dataclass(frozen=True, slots=True)
class Entry:
    """One booking. `amount` is positive where money came in, negative where it went; a reversal has the sign of where
    the money went, never flipped by us. `line` is where it begins in the file (1 is the first).

    `key` is unique within the statement and the same when the file comes again (the entry's place, unless the format
    has better). A batch that the bank summarises has `batch` = the number of payments it stands for and no
    `transactions`: it is not split. Otherwise there is at least one transaction, and their amounts add up to `amount`
    unless `disagrees` tells that the bank's own do not.
    """

    key: str
    amount: Money
    booked_on: date | None
    valued_on: date | None
    status: Status
    line: int
    transactions: tuple[Transaction, ...]
    reversal: bool = False
    batch: int | None = None
    code: str = ""  # the bank's kind of booking: PMNT-RCDT-ESCT, NTRF, 1, …
    bank_reference: str = ""
    text: str = ""
    disagrees: str = ""


@dataclass(frozen=True, slots=True)
class Told:
    """What a statement says of its own entries; None where it says nothing. Amounts as they are told, never negative
    where the format has no sign for them.
    """

    entries: int | None = None
    credits: Money | None = None
    debits: Money | None = None
    number_of_credits: int | None = None
    number_of_debits: int | None = None


@dataclass(frozen=True, slots=True)
class StatementEnd:
    """`credits` and `debits` are sums of booked entries in the statement's currency as counted by us, both positive or
    zero; `entries` is the number of all entries that were told, of any status and currency. `other_currencies`: sums of
    booked entries in other currencies, credits positive and debits negative, each apart.

    `agrees` None: nothing to compare. `differences` are sentences: which total or balance departs by how much.
    """

    closing: Balance | None
    entries: int
    credits: Money
    debits: Money
    agrees: bool | None
    differences: tuple[str, ...] = ()
    other_currencies: tuple[Money, ...] = ()
    told: Told = Told()


Item = Statement | Entry | StatementEnd


class Broken(ValueError):
    """The file cannot be read; nothing of it counts. `line` is where, None where there are no lines."""

    def __init__(self, problem: str, *, line: int | None = None, path: str | None = None) -> None:
        super().__init__(problem)
        self.problem, self.line, self.path = problem, line, path


@dataclass(frozen=True, slots=True)
class Options:
    """What a bank does its own way, from `statements:` of city.yaml. Absent: what the format says is usual."""

    encoding: str | None = None
    reversal_codes: str | None = None  # of ABO/GPC: "45" (KB, Fio) or "34" (Česká spořitelna)
    account_form: str | None = None  # of ABO/GPC: "plain" or "internal"
    century: int = 2000


class StatementFormat(Protocol):
    id: str

    def recognises(self, head: bytes, name: str) -> bool:
        """Whether a file that begins so (at least 4 KiB, or all of it) is of this format; `name` is its file name."""

    def read(self, file: BinaryIO, options: Options = Options()) -> Iterator[Item]:
        """Raises Broken."""
