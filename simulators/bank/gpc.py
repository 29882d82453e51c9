"""ABO/GPC as Czech banks write it: records 074, 075, 078 and 079, windows-1250, lines ended by CR LF.

Source: documents of Komerční banka (BDSK) and Fio. Reversals have the codes 4 (of a debit) and 5 (of a credit). A batch
is one entry without symbols. The filler holds the head of the IBAN, as at Komerční banka.
"""

from __future__ import annotations

from datetime import date

from simulators.bank.accounts import Account, Booking, Closed

ENDING, MEDIA_TYPE = "gpc", "application/octet-stream"


def written(account: Account, closed: Closed) -> bytes:
    own = account.iban[8:]
    # A reversal counts against the side that it reverses.
    credits_ = sum(one.amount for one in closed.bookings if (one.amount >= 0) != (one.reverses is not None))
    debits = -sum(one.amount for one in closed.bookings if (one.amount < 0) != (one.reverses is not None))
    head = (
        f"074{own}{'Město Vzorov':20.20}{_day(closed.since or closed.on)}{_signed(closed.opening)}"
        f"{_signed(closed.closing)}{abs(debits):014}{_turnover(debits)}{abs(credits_):014}{_turnover(credits_)}"
        f"{closed.number % 1000:03}{_day(closed.on)}{account.iban[:8]}PB    "
    )
    lines = [head, *(line for group in closed.groups() for line in _entry(own, group))]
    return "".join(f"{line}\r\n" for line in lines).encode("cp1250", "replace")


def _entry(own: str, group: list[Booking]) -> list[str]:
    """Of a batch the sum, and how many they are: the format has no place for the payments in it."""
    first = group[0]
    if first.summed:
        note = f"Hromadne {len(group)} plateb"
        return [_record(own, "0" * 16, "0000", first, sum(one.amount for one in group), {}, note)]
    other, bank = _account(first.payer.account)
    symbols = {name: first.references.get(name, "") for name in ("vs", "ks", "ss")}
    message = (("078", first.message[:70]), ("079", first.message[70:140]))
    return [
        _record(own, other, bank, first, first.amount, symbols, first.payer.name),
        *(f"{kind}{part:70}" for kind, part in message if part.strip()),
    ]


def _record(own: str, other: str, bank: str, one: Booking, amount: int, symbols: dict[str, str], note: str) -> str:
    plain, reversal = ("2", "4") if amount >= 0 else ("1", "5")
    code = plain if one.reverses is None else reversal
    day = _day(one.at.date())
    return (
        f"075{own}{other}{one.number:013}{abs(amount):012}{code}{symbols.get('vs', ''):0>10}00{bank}"
        f"{symbols.get('ks', ''):0>4}{symbols.get('ss', ''):0>10}{day}{note:20.20}01102{day}"
    )


def _account(iban: str) -> tuple[str, str]:
    """Prefix and number in sixteen digits, and the bank; an account abroad has none."""
    return (iban[8:], iban[4:8]) if iban.startswith("CZ") else ("0" * 16, "0000")


def _signed(minor: int) -> str:
    return f"{abs(minor):014}{'-' if minor < 0 else '+'}"


def _turnover(minor: int) -> str:
    return "-" if minor < 0 else "0"


def _day(day: date) -> str:
    return f"{day:%d%m%y}"
