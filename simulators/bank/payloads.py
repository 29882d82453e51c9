"""What a banking app reads of a payment code: SPAYD, HUB 3A and EPC, as far as a transfer needs it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import unquote


class Unreadable(ValueError):
    """The text is no code that this bank reads."""


@dataclass(frozen=True, slots=True)
class Code:
    """`amount` in minor units; None where the payer says it. `references` as in simulators.bank.accounts.Booking."""

    account: str
    amount: int | None
    currency: str
    message: str
    references: Mapping[str, str]


def read(payload: str) -> Code:
    """Raises Unreadable."""
    if payload.startswith("SPD*1."):
        return _spayd(payload)
    lines = payload.replace("\r\n", "\n").rstrip("\n").split("\n")
    if lines[0] == "HRVHUB30" and 10 <= len(lines) <= 14:
        return _hub3(lines + [""] * (14 - len(lines)))
    if lines[0] == "BCD" and 7 <= len(lines) <= 12 and lines[3] == "SCT":
        return _epc(lines + [""] * (12 - len(lines)))
    raise Unreadable("this is neither SPAYD nor HUB 3A nor EPC")


def _spayd(payload: str) -> Code:
    pairs = dict(pair.split(":", 1) for pair in payload.strip().split("*")[2:] if ":" in pair)
    if "ACC" not in pairs:
        raise Unreadable("there is no account in this SPAYD")
    names = {"X-VS": "vs", "X-SS": "ss", "X-KS": "ks"}
    return Code(
        account=pairs["ACC"].partition("+")[0],
        amount=_decimal(pairs["AM"]) if "AM" in pairs else None,
        currency=pairs.get("CC", "CZK"),
        message=unquote(pairs.get("MSG", "")),
        references={name: pairs[key] for key, name in names.items() if pairs.get(key)},
    )


def _hub3(lines: list[str]) -> Code:
    if not lines[2].isdigit():
        raise Unreadable("the amount of this HUB 3A is no number")
    references = {"model": f"{lines[10]}{lines[11]}"} if lines[11] else {}
    return Code(lines[9], int(lines[2]) or None, lines[1], lines[13], references)


def _epc(lines: list[str]) -> Code:
    if lines[7] and not lines[7].startswith("EUR"):
        raise Unreadable("the amount of this EPC code is not in euro")
    references = {"rf": lines[9]} if lines[9] else {}
    return Code(lines[6], _decimal(lines[7][3:]) if lines[7] else None, "EUR", lines[10], references)


def _decimal(text: str) -> int:
    parts = re.fullmatch(r"([0-9]{1,10})(?:\.([0-9]{1,2}))?", text)
    if not parts:
        raise Unreadable("the amount is no number with a decimal point")
    return int(parts[1]) * 100 + int(f"{parts[2] or '':0<2}")
