"""`:86:` and `:NS:` in their dialects: who, from which account, what for."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from functools import cache

from adapters.bank_statement.mt940 import romanian
from adapters.bank_statement.mt940.values import czech_account
from hub.kit.statement_text import settle
from hub.ports.bank_statement import Party

# A code of three digits, a mark and the number of a sub-field; the code is left out by a few.
_MARKED = re.compile(r"(?:[0-9A-Z]{3})?\s*(?P<mark>[?^~+>@|#&])[0-9]{2}")
# What a `+` or `>` in a text may not be taken for: telephone numbers and sums.
_NUMBERS = r"(00|10|2[0-9]|3[0-8]|6[0-9])"
_FULL_LINE, _FULL_PART = 64, 27
"""Characters of a full line of `:86:` and of a full sub-field: what is so long was cut anywhere."""

_WORDS = re.compile(r"(?<![A-Z])(EREF|KREF|MREF|CRED|DEBT|COAM|OAMT|SVWZ|ABWA|ABWE|IBAN|BIC|RREF|RTRN|PURP)\+ ?")
_DUTCH = re.compile(
    r"/(CNTP|EREF|PREF|IREF|MARF|CSID|BENM|ORDP|NAME|ADDR|IBAN|BIC|REMI|ISDT|TRCD|TRTP|ID|PURP|RTRN|SVCL|ULTD|ULTB)/"
)
_REASON = re.compile(r"[A-Z]{2}[0-9]{2}|NARR|[0-9]{3}")
_IBAN = re.compile(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{8,30}")
_CZECH_BANK, _CZECH_NUMBER = re.compile(r"[0-9]{4}"), re.compile(r"(?:[0-9]{1,6}-)?[0-9]{2,10}|[0-9]{11,16}")
_PARTY = ("30", "31", "32", "33")
_CZECH_ACCOUNT = re.compile(r"((?:[0-9]{1,6}-)?[0-9]{2,10})/([0-9]{4})")
# Czech banks fill a sub-field each with a symbol, and one that they do not need with `.` or `-`.
_SYMBOL, _UNFILLED = re.compile(r"[VSK]S2?:? ?[0-9]"), frozenset({".", "-"})
_TAX_NUMBER = re.compile(r"(?:RO)?[0-9]{2,13}")
_NS_LINE = re.compile(r"([0-9]{2})(.*)", re.DOTALL)


NOBODY = Party()


@dataclass(frozen=True, slots=True)
class Details:
    party: Party = NOBODY
    text: str = ""
    end_to_end: str = ""
    returned: str = ""


def details(lines: list[str], account: str, *, credit: bool) -> Details:
    """Of the lines of all `:86:` of an entry. `account` is the own one: its bank tells some dialects."""
    whole = settle("".join(lines)).strip()
    if marked := _MARKED.match(whole):
        return _marked(whole, marked["mark"])
    text = settle(joined(lines, account))
    if not text:
        return Details()
    if found := romanian.sentence(text, credit=credit):
        party, text, end_to_end = found
        return Details(party, text, end_to_end)
    if _DUTCH.match(text):
        return _dutch(text)
    return _worded(NOBODY, text)


def ns(lines: list[str]) -> Details:
    """Sub-fields of MultiCash, one a line: 01 to 14 purpose, 15 and 16 name, 17 kind, 18 and 33 bank, 34 account."""
    parts: dict[str, str] = {}
    for line in lines:
        if match := _NS_LINE.match(settle(line)):
            parts[match[1]] = match[2].strip()
    purpose = [parts[number] for number in sorted(parts) if number <= "14"]
    name = " ".join(filter(None, (parts.get("15"), parts.get("16"))))
    return Details(Party(name, parts.get("34", "").lstrip("0")), " ".join(filter(None, purpose)))


def joined(lines: list[str], account: str = "") -> str:
    """Lines as one: without a blank after a full one. BCR fills its lines otherwise, Alpha cuts the first at 33."""
    bank = account[4:8] if account.startswith("RO") else ""
    text = ""
    for number, line in enumerate(lines):
        was_cut = len(line) >= _FULL_LINE or bank == "RNCB" or (bank == "BUCU" and number == 0)
        text += line if was_cut else f"{line} "
    return " ".join(text.split())


def _marked(whole: str, mark: str) -> Details:
    _, *rest = _at(mark).split(whole)
    purpose: dict[str, list[str]] = {}
    parts: dict[str, str] = {}
    for code, value in zip(rest[::2], rest[1::2], strict=True):
        if "20" <= code <= "29" or "60" <= code <= "69":
            purpose.setdefault(code, []).append(value.removesuffix(mark))
        else:
            parts.setdefault(code, value.strip(f" {mark}"))
    # 60 goes on where 29 ends, and is something else where there is no 29.
    goes_on = "29" in purpose
    main = ["".join(values) for code, values in purpose.items() if code < "60" or goes_on]
    party = _party(parts)
    if not party.account and (found := next(filter(None, map(_CZECH_ACCOUNT.fullmatch, map(str.strip, main))), None)):
        # ČSOB: the other side's account is a part of its own, and its name stands where others name the booking.
        party = Party(party.name or " ".join(parts.get("00", "").split()), czech_account(found[1], found[2]))
    said = _worded(party, _parts_joined(main))
    more = _parts_joined(["".join(values) for code, values in purpose.items() if code >= "60" and not goes_on])
    return replace(said, text=f"{said.text} {more}".strip()) if more else said


@cache
def _at(mark: str) -> re.Pattern[str]:
    return re.compile(re.escape(mark) + ("([0-9]{2})" if mark in "?^~" else _NUMBERS))


def _parts_joined(parts: list[str]) -> str:
    text = ""
    for one in parts:
        if one.strip() not in _UNFILLED:
            text += f" {one}" if _SYMBOL.match(one) else one
            text += "" if len(one) >= _FULL_PART else " "
    return " ".join(text.split())


def _party(parts: dict[str, str]) -> Party:
    bank, account, name, more = ("" if (said := parts.get(code, "")) in _UNFILLED else said for code in _PARTY)
    identifier = ""
    compact = "".join(more.split())
    if _IBAN.fullmatch(compact) and not account:
        account = compact
    elif more == "/" or _TAX_NUMBER.fullmatch(compact):
        # BRD writes the number of a firm or person there, or a stroke.
        identifier = compact.strip("/")
    else:
        # A name of 27 characters was cut anywhere.
        name += more if len(name) >= _FULL_PART else f" {more}"
    account = "".join((parts.get("38", "") or account).split())
    if _CZECH_BANK.fullmatch(bank) and _CZECH_NUMBER.fullmatch(account):
        account = czech_account(account, bank)
    return Party(" ".join(name.split()), account, identifier)


def _worded(party: Party, text: str) -> Details:
    """Text with the words of the German agreement: the purpose is SVWZ, or all where there are no words."""
    before, *rest = _WORDS.split(text)
    if not rest:
        return Details(party, text)
    words = {word: value.strip() for word, value in zip(rest[::2], rest[1::2], strict=True)}
    if "IBAN" in words and not party.account:
        party = Party(party.name or words.get("ABWA", ""), words["IBAN"], party.identifier)
    end_to_end = words.get("EREF", "")
    reason = words.get("RTRN", "").split(" ")[0]
    return Details(
        party,
        words.get("SVWZ") or " ".join(filter(None, (before.strip(), words.get("KREF", "")))) or text,
        "" if end_to_end.upper() in ("NOTPROVIDED", "NONREF") else end_to_end,
        reason if _REASON.fullmatch(reason) else "",
    )


def _dutch(text: str) -> Details:
    """Words between strokes. A text that has no REMI is told whole: other banks write theirs in words of their own."""
    _, *rest = _DUTCH.split(text)
    words: dict[str, str] = {}
    for word, value in zip(rest[::2], rest[1::2], strict=True):
        words[word] = words.get(word) or value
    # ING and Triodos: account, BIC, name and town of the other side.
    account, _, name, *_ = [*words.pop("CNTP", "").split("/"), "", "", ""]
    said = {word: value.strip("/ ") for word, value in words.items()}
    end_to_end, reason = said.get("EREF", ""), said.get("RTRN", "")
    return Details(
        Party(said.get("NAME") or name.strip(), said.get("IBAN") or account.strip()),
        said.get("REMI", "").removeprefix("USTD//") or text,
        "" if end_to_end.upper() in ("NOTPROVIDED", "NONREF") else end_to_end,
        reason if _REASON.fullmatch(reason) else "",
    )
