"""Sentences that BCR and Alpha Bank Romania write into `:86:`.

BCR:   `…-Platitor  NAME  IBAN  CODFISC n-Beneficiar  NAME  IBAN  CODFISC n-Detalii  /ROC/text /RFB/…`
Alpha: `Incasare … PLATITOR  NAME BIC IBAN DETALII INCASARE  text END TO END ID  x CUST REFERENCE y`
"""

from __future__ import annotations

import re

from hub.ports.bank_statement import Party

_BCR = re.compile(r"-\s?Platitor (?P<payer>.*?)-\s?Beneficiar (?P<payee>.*?)(?:-\s?Detalii (?P<text>.*))?", re.DOTALL)
_ALPHA = re.compile(
    r"(?P<who>PLATITOR|BENEFICIAR) (?P<party>.*?) DETALII (?:INCASARE|PLATA)? ?(?P<text>.*?)"
    r"(?: END TO END ID (?P<end>\S+))?(?: CUST REFERENCE (?P<reference>\S+))?",
    re.DOTALL,
)
_ACCOUNT = re.compile(r"\b([A-Z]{2}[0-9]{2}[A-Z]{4}[A-Z0-9]{10,26}?)(RON|EUR|USD)?(?= |$)")
_BANK = re.compile(r"(?<= )[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?(?= |$)")
_TAX_NUMBER = re.compile(r"\bCODFISC ?(\S*)")
_ORIGINATOR = re.compile(r"/ROC/(.*?)\s*(?:/RFB/.*)?", re.DOTALL)
_NOTHING = ("NOTPROVIDED", "NONREF", "")


def sentence(text: str, *, credit: bool) -> tuple[Party, str, str] | None:
    """The other side, the payer's text and the end-to-end reference; None where the text is no such sentence."""
    start = text.find("-Platitor")
    if start < 0:
        start = text.find("- Platitor")
    if start >= 0 and (match := _BCR.fullmatch(text[start:])):
        said = (match["text"] or "").strip()
        original = _ORIGINATOR.fullmatch(said)
        return _party(match["payer"] if credit else match["payee"]), original[1] if original else said, ""
    if (
        start := min((at for word in ("PLATITOR ", "BENEFICIAR ") if (at := text.find(word)) >= 0), default=-1)
    ) >= 0 and (match := _ALPHA.fullmatch(text[start:])):
        end = match["end"] or ""
        return _party(match["party"]), match["text"].strip(), "" if end in _NOTHING else end
    return None


def _party(said: str) -> Party:
    number = _TAX_NUMBER.search(said)
    account = _ACCOUNT.search(said)
    name = said[: number.start()] if number else said
    if account:
        name = name.replace(account[0], " ")
    name = _BANK.sub(" ", name)
    identifier = number[1] if number else ""
    return Party(" ".join(name.split()), account[1] if account else "", "" if not identifier.strip("0") else identifier)
