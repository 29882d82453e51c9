"""Payment symbols as bank statements carry them: in a field of their own, glued to another one, or in the payer's text.

Places seen, and read here (camt.05x; the texts of MT940 and others carry the same words):

    CZ, SK  EndToEndId `/VS1234567890/SS1234567890/KS1234`, any part empty or missing, blanks and lines around it;
            or `VS1`, `SS19`, `KS0308` in EndToEndId, InstrId and PmtInfId, one in each;
            creditor references `VS:7777777777`, `KS:0308`, `SS:2222222222`; proprietary references of type VS, SS, KS;
            a creditor reference of digits alone; words in the text: `VS 123`, `v.s.: 123`, `var. symbol 123`
    HR      creditor reference with the model glued to the number: `HR6940002-87582274224-190`; `HR99` is none
    RS      creditor reference with model: `97 20-12345`, `9720-12345`
    all     `RF18 5390 0754 7034` (ISO 11649), as a creditor reference or in the text

Symbols keep the zeros in front that the bank writes; compare without them. A symbol of zeros alone is none.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from stdnum import iban, iso11649

from hub.kernel.references import Reference
from hub.kit import hr_reference, rs_reference

_CZECH = {"VS": ("cz.variable_symbol", 10), "SS": ("cz.specific_symbol", 10), "KS": ("cz.constant_symbol", 4)}
# Words before a symbol, in capitals: VS, V.S., VAR. SYMBOL, VARIABILNÍ SYMBOL, VARIABLE SYMBOL; the same of S and K.
# `VS2:` is the other side's (Česká spořitelna). The longest words are VARIABILNÍHO and SYMBOLEM: without an end, a long
# text of them would take hours.
_WORD = re.compile(
    r"(?<![^\W_])(?:([VSK])\.? ?S\.?(?!2:)|(VAR|SPEC|KON[SŠ]T)[A-ZÍÝÁ.]{0,9}\s?SYM[A-Z.]{0,5})"
    r"([\s:=./#-]{0,4})([0-9]{1,20})(?![0-9])"
)
_CROATIAN = re.compile(r"(?<![A-Z0-9])HR ?([0-9]{2})[ -]?([0-9](?:[0-9-]{0,20}[0-9])?)(?![0-9A-Z])")
_CREDITOR = re.compile(r"(?<![A-Z0-9])RF[0-9]{2}(?:[A-Z0-9]{1,21}|(?: [A-Z0-9]{1,4}){1,6})(?![A-Z0-9])")
_LABEL = re.compile(r"(VS|SS|KS)\s*[:=/ ]?\s*([0-9]{1,20})")


def of_end_to_end(text: str) -> list[Reference]:
    """Symbols that a Czech or Slovak bank writes into the end-to-end reference."""
    upper = text.upper()
    if "VS" in upper or "SS" in upper or "KS" in upper:
        return [
            one
            for part in upper.split("/")
            if (match := _LABEL.fullmatch(part.strip()))
            for one in _czech(*match.groups())
        ]
    return _creditor(upper) if upper.startswith("RF") else []


def of_labelled(label: str, value: str) -> list[Reference]:
    """A proprietary reference whose type is the symbol's name."""
    label, value = label.strip().upper(), value.strip()
    return _czech(label, value) if label in _CZECH and value.isascii() and value.isdigit() else []


def of_creditor_reference(value: str, country: str) -> list[Reference]:
    """The payee's reference in its own field; `country` is that of the account (two capitals). One that fits no scheme
    is a `text`.
    """
    plain = " ".join(value.upper().split())
    if not plain:
        return []
    if match := _LABEL.fullmatch(plain):
        return _czech(*match.groups())
    if plain.startswith("HR"):
        return _croatian(plain)
    if plain.startswith("RF") and (found := _creditor(plain)):
        return found
    if country == "RS":
        try:
            return [Reference("rs.poziv_na_broj", rs_reference.normalise(plain))]
        except ValueError:
            pass
    if country in ("CZ", "SK") and plain.isascii() and plain.isdigit() and len(plain) <= 10:
        return _czech("VS", plain)
    return [Reference("text", value.strip())]


def of_text(text: str) -> list[Reference]:
    """Symbols that a payer wrote into the message, only where a word or a form of their own shows what they are."""
    upper = text.upper()
    found: list[Reference] = []
    if "S" in upper:
        words = [(match[1] or match[2][0], match[3], match[4]) for match in _WORD.finditer(upper)]
        # `10 ks 250` are ten pieces, and SS begins many a name: such words count beside a VS or joined to their digits.
        certain = any(letter == "V" for letter, _, _ in words)
        for letter, between, digits in words:
            if certain or not between.isspace():
                found += _czech(f"{letter}S", digits)
    if "HR" in upper:
        for match in _CROATIAN.finditer(upper):
            if not iban.is_valid(match[0]):
                found += _croatian(f"HR{match[1]} {match[2]}")
    if "RF" in upper:
        for match in _CREDITOR.finditer(upper):
            found += _creditor(match[0])
    return found


def unique(references: Iterable[Reference]) -> tuple[Reference, ...]:
    """Each once, in the order of finding; a `text` only where it says something that no other does."""
    return tuple(dict.fromkeys(references))


def _czech(label: str, digits: str) -> list[Reference]:
    scheme, longest = _CZECH[label]
    # Banks fill symbols with zeros to ten digits, and some to more.
    kept = digits[-longest:] if not digits[:-longest].strip("0") else ""
    return [Reference(scheme, kept)] if kept.strip("0") else []


def _croatian(plain: str) -> list[Reference]:
    try:
        model, number = hr_reference.split(plain)
    except ValueError:
        # What a bank let through in the field for it is worth a look, though no scheme reads it.
        return [Reference("text", plain)] if plain[2:].strip() else []
    return [Reference("hr.poziv_na_broj", f"{model} {number}")] if number else []


def _creditor(plain: str) -> list[Reference]:
    """The longest beginning that passes its check digits: the words after it are not part of it."""
    words = plain.split(" ")
    # ISO 11649 has 25 characters at most.
    for end in range(min(len(words), 25), 0, -1):
        if iso11649.is_valid(candidate := "".join(words[:end])):
            return [Reference("iso11649", candidate)]
    return []


@lru_cache(maxsize=256)
def account_scheme(account: str) -> str:
    """Which form an account has: iban, cz (`19-2000145399/0800`), rs (`160-0000000265651-75`) or other."""
    if re.fullmatch(r"[A-Z]{2}[0-9]{2}[A-Z0-9]{4,30}", account) and iban.is_valid(account):
        return "iban"
    if re.fullmatch(r"(?:[0-9]{1,6}-)?[0-9]{2,10}/[0-9]{4}", account):
        return "cz"
    return "rs" if re.fullmatch(r"[0-9]{3}-[0-9]{1,13}-[0-9]{2}", account) else "other"
