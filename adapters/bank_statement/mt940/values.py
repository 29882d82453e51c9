"""Values of MT940 fields: days, amounts, balances, accounts and the statement line `:61:`. All raise Broken."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import lru_cache

from stdnum import iban

from hub.kernel.money import Money, NotExact, minor_units
from hub.kit.statement_symbols import account_scheme
from hub.ports.bank_statement import Balance, Broken

_AMOUNT = re.compile(r"0{0,30}[0-9]{0,15}(?:,[0-9]*|\.[0-9]{0,2})?", re.ASCII)
_BALANCE = re.compile(r"([CD])([0-9]{6})([A-Z]{3})?([0-9,.]+)", re.ASCII)
# Third in the row is the entry date, which some banks leave out with blanks. The letter after the sign is the third of
# the currency. The kind of booking is absent where a bank has none; ING and Triodos have kinds of two letters after
# the N, and a blank.
_LINE = re.compile(
    r"(?P<value>[0-9]{6})(?P<entry>[0-9]{4}| {4})? ?(?P<sign>[RE]?[CD])(?P<letter>[A-Z])? ?(?P<amount>[0-9.,]+)"
    r"(?: (?=[FNS]))?(?P<kind>(?!NONREF)(?:[A-Z][A-Z0-9]{3}|[FNS][A-Z0-9]{2} |[A-Z] {3}))?(?P<rest>.*)",
    re.ASCII | re.DOTALL,
)
_TOTAL = re.compile(r"([0-9]{1,9}) ?([A-Z]{3}) ?([0-9,.]+)", re.ASCII)
_ING_TOTAL = re.compile(r"D([0-9]{6})C([0-9]{6})D([0-9,]+)C([0-9,]+)", re.ASCII)
_TIME = re.compile(r"([0-9]{6})([0-9]{4})(?:([+-])([0-9]{2})([0-9]{2}))?", re.ASCII)
# Czech banks: the bank's code, then prefix and number run together, or the number alone.
_CZECH = re.compile(r"([0-9]{4})/([0-9]{0,6}?)([0-9]{5,10})", re.ASCII)
_HALF_A_YEAR = timedelta(days=180)
_NOTHING = frozenset({"", "NONREF", "NOTPROVIDED", "EREF", "EREF+", "KREF", "KREF+", ".", "-"})


@dataclass(frozen=True, slots=True)
class Line:
    """`:61:`. `amount` has the sign of where the money went."""

    amount: Money
    booked_on: date
    valued_on: date
    reversal: bool
    expected: bool
    kind: str
    reference: str
    bank_reference: str
    supplement: str


def day(text: str, century: int) -> date:
    """`YYMMDD`."""
    year, month, number = century + int(text[:2]), int(text[2:4]), int(text[4:])
    found = _day(year, month, number)
    if found is None:
        raise Broken(f"{text} is not a day written YYMMDD")
    return found


@lru_cache(maxsize=2048)
def _day(year: int, month: int, number: int) -> date | None:
    if month == 2 and number in (29, 30):
        return date(year, 3, 1) - timedelta(days=1)
    try:
        return date(year, month, number)
    except ValueError:
        return None


def entry_day(text: str, valued_on: date) -> date:
    """`MMDD` in the year that brings it nearest to the value date."""
    year, month, number = valued_on.year, int(text[:2]), int(text[2:])
    same = _day(year, month, number)
    if same and abs(same - valued_on) < _HALF_A_YEAR:
        return same
    found = [one for one in (same, _day(year - 1, month, number), _day(year + 1, month, number)) if one]
    if not found:
        raise Broken(f"{text} is not a day written MMDD")
    return min(found, key=lambda one: abs(one - valued_on))


def amount(text: str, currency: str) -> Money:
    """With a decimal comma; a point is understood where two digits at most follow it."""
    if not _AMOUNT.fullmatch(text) or not text.strip(",."):
        raise Broken(f"{text[:40]!r} is not an amount with a decimal comma")
    whole, _, fraction = text.replace(".", ",").partition(",")
    try:
        if len(fraction) == minor_units(currency):
            return Money(int(whole + fraction), currency)
        return Money.parse(f"{whole or '0'}.{fraction or '0'}", currency)
    except NotExact as error:
        raise Broken(str(error)) from error


def balance(text: str, century: int, currency: str = "") -> Balance:
    match = _BALANCE.fullmatch(text.replace(" ", ""))
    if not match:
        raise Broken("a balance is C or D, a day, a currency and an amount, such as C221031RON1000,00")
    said = match[3] or currency
    if not said:
        raise Broken("a balance has no currency")
    found = amount(match[4], said)
    return Balance(found if match[1] == "C" else Money(-found.minor, said), day(match[2], century))


def line(lines: list[str], currency: str, century: int) -> Line:
    match = _LINE.fullmatch(lines[0])
    if not match:
        raise Broken(":61: is a value date, C or D, an amount and a kind, such as 2210311031C1000,00NTRF")
    valued_on = day(match["value"], century)
    entry = (match["entry"] or "").strip()
    sign = match["sign"]
    found = amount(match["amount"], currency)
    # RC takes a credit back, RD a debit.
    out = sign in ("D", "RC", "ED")
    reference, _, bank_reference = match["rest"].partition("//")
    # Rabobank fills the first reference to its sixteen characters with blanks and goes on with a name.
    longest = 16 if reference[15:16] == " " else 34
    reference, name = (reference, "") if bank_reference else (reference[:longest].strip(), reference[longest:])
    return Line(
        amount=Money(-found.minor, currency) if out else found,
        booked_on=entry_day(entry, valued_on) if entry else valued_on,
        valued_on=valued_on,
        reversal=sign[0] == "R",
        expected=sign[0] == "E",
        kind=(match["kind"] or "").strip(),
        reference=_said(reference),
        bank_reference=_said(bank_reference),
        supplement=" ".join(" ".join([name, *lines[1:]]).split()),
    )


def total(text: str) -> tuple[int, Money]:
    """`:90C:` and `:90D:`: number and sum."""
    match = _TOTAL.fullmatch(text)
    if not match:
        raise Broken("a total is a number, a currency and a sum, such as 2EUR47,11")
    return int(match[1]), amount(match[3], match[2])


def ing_totals(text: str, currency: str) -> tuple[int, int, Money, Money] | None:
    """Numbers and sums of debits and credits that ING Netherlands writes into the last `:86:`."""
    match = _ING_TOTAL.fullmatch(text)
    if not match:
        return None
    return int(match[1]), int(match[2]), amount(match[3], currency), amount(match[4], currency)


def moment(text: str, century: int) -> datetime:
    """`:13D:`: day, hour and minute, and the distance from UTC."""
    match = _TIME.fullmatch(text)
    on = day(match[1], century) if match else None
    if not match or not on or int(match[2][:2]) > 23 or int(match[2][2:]) > 59:
        raise Broken("a time is YYMMDDhhmm and the distance from UTC, such as 2210311730+0100")
    ahead = timedelta(hours=int(match[4] or 0), minutes=int(match[5] or 0))
    zone = timezone(-ahead if match[3] == "-" else ahead) if match[3] and ahead < timedelta(hours=24) else None
    return datetime(on.year, on.month, on.day, int(match[2][:2]), int(match[2][2:]), tzinfo=zone)


def account(text: str) -> tuple[str, str, str]:
    """Number, scheme and currency (empty where it is not told) of `:25:`.

    An IBAN is found behind a BIC and before a currency, and `0800/192000145399` is `19-2000145399/0800`; anything else
    is left as the bank writes it, without a currency.
    """
    plain = "".join(text.split()).removeprefix("/")
    currency = ""
    if (
        len(plain) > 7
        and plain[-3:].isalpha()
        and (plain[-4].isdigit() or plain[-4] == "/")
        and _is_currency(plain[-3:])
    ):
        shorter = plain[:-3].rstrip("/")
        # The letters may be the end of the IBAN itself.
        if not iban.is_valid(plain):
            plain, currency = shorter, shorter and plain[-3:]
    last = plain.rpartition("/")[2]
    if account_scheme(last) == "iban":
        return last, "iban", currency
    if not plain:
        raise Broken(":25: names no account")
    if czech := _CZECH.fullmatch(plain):
        plain = czech_account(czech[2] + czech[3], czech[1])
    return plain, account_scheme(plain), currency


def czech_account(number: str, bank: str) -> str:
    """`000019-0000000019` or up to sixteen digits, and the bank's code, as people write it: `19-19/0300`."""
    prefix, _, plain = number.rpartition("-") if "-" in number else (number[:-10], "", number[-10:])
    prefix, plain = prefix.lstrip("0"), plain.lstrip("0")
    return f"{prefix}-{plain}/{bank}" if prefix else f"{plain}/{bank}"


def _is_currency(text: str) -> bool:
    try:
        return minor_units(text) >= 0
    except NotExact:
        return False


def _said(text: str) -> str:
    text = text.strip()
    return "" if text.upper() in _NOTHING else text
