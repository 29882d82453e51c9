"""Croatian payment references: the model and the number ("poziv na broj"), `HR68 5720-87892589782`.

Source: FINA and HUB, "Jedinstveni pregled osnovnih modela poziva na broj" (list of models, applied from
April 2022), read through public validators that quote it. The number is one to three elements (four in
some models) of digits joined by `-`, each of at most 12 digits, at most 22 characters together.

Check digits, always the last digit of what they protect:

    MOD11INI          weights 2, 3, 4, … from the right; r = sum mod 11; the digit is 0 where r <= 1, else 11 - r.
                      One public repository uses r itself; four others and the published revenue codes
                      (8214, 5436, 5720) say 11 - r.
    ISO 7064 MOD 11,10  as in the OIB
    JMBG              weights 7 6 5 4 3 2 7 6 5 4 3 2, the digit is 11 - sum mod 11

Models whose rule is not published well enough are known but unchecked: only their layout is tested,
because refusing a good reference stops a payment and passing a bad one leaves it to the bank.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from stdnum.iso7064 import mod_11_10

_REFERENCE = re.compile(r"(HR[0-9]{2}) ?([0-9-]*)", re.ASCII)
_NUMBER = re.compile(r"[0-9]+(?:-[0-9]+){0,3}", re.ASCII)
_LONGEST_NUMBER, _LONGEST_ELEMENT = 22, 12

# The models of the national list as they are seen in use.
_MODELS = frozenset(
    f"HR{number:02}"
    for number in (*range(19), *range(23, 32), 33, 34, *range(40, 44), 50, 55, *range(62, 66), 67, 68, 69, 83, 84, 99)
)


def mod11ini(digits: str) -> str:
    """The MOD11INI check digit of `digits` (which do not include it)."""
    remainder = sum(int(digit) * weight for weight, digit in enumerate(reversed(digits), start=2)) % 11
    return "0" if remainder <= 1 else str(11 - remainder)


def _passes_mod11ini(digits: str) -> bool:
    return len(digits) > 1 and mod11ini(digits[:-1]) == digits[-1]


def _passes_jmbg(digits: str) -> bool:
    remainder = sum(int(digit) * weight for digit, weight in zip(digits, (7, 6, 5, 4, 3, 2) * 2, strict=False)) % 11
    # A sum that leaves 1 would need the digit 10, which no number has.
    return (11 - remainder) % 11 == int(digits[-1])


class _Element(NamedTuple):
    """What is known of one element. `length` is exact where given."""

    required: bool = False
    length: int | None = None
    longest: int = _LONGEST_ELEMENT
    passes: Callable[[str], bool] | None = None
    starts: str = ""


_FREE = _Element()
_MOD11 = _Element(passes=_passes_mod11ini)
_REVENUE = _Element(required=True, length=4, passes=_passes_mod11ini)
_OIB = _Element(required=True, length=11, passes=mod_11_10.is_valid)
_UNCHECKED = (_FREE,) * 4

# Elements P1, P2, … of each model whose rule is known; HR01 protects its elements together, see validate.
_RULES: dict[str, tuple[_Element, ...]] = {
    "HR00": (_FREE,) * 3,
    "HR01": (_FREE,) * 3,
    "HR02": (_FREE, _MOD11, _MOD11),
    "HR05": (_MOD11, _FREE, _FREE),
    "HR11": (_MOD11, _MOD11, _FREE),
    "HR12": (_Element(length=13, longest=13, passes=_passes_jmbg), _FREE, _FREE),
    "HR23": (_REVENUE._replace(starts="6"), *_UNCHECKED[1:]),
    "HR24": (_REVENUE, *_UNCHECKED[1:]),
    # P2 and P3 may be a JMBG of 13 digits; which check belongs to which length is contradicted in public.
    "HR26": (_FREE, _Element(longest=13), _Element(longest=13), _FREE),
    "HR28": (
        _REVENUE,
        _Element(required=True, length=3, passes=_passes_mod11ini),
        _Element(required=True, length=6, passes=_passes_mod11ini),
        _FREE,  # at most 6 digits: the 22 characters have no room for more
    ),
    # Revenues of municipalities: the check of P2 (municipality) is stated by one source only.
    **dict.fromkeys(("HR62", "HR63", "HR64", "HR65"), (_REVENUE, *_UNCHECKED[1:])),
    "HR67": (_OIB, _FREE, _FREE),
    "HR68": (_REVENUE, _OIB, _FREE),  # P3 at most 5 digits, for the same reason
}


def split(reference: str) -> tuple[str, str]:
    """`HR01 123-456-789` → `("HR01", "123-456-789")`, checking the layout and not the check digits.

    The space may be missing (bank statements glue both). The number is empty for HR99 only.
    Raises ValueError with the reason.
    """
    parts = _REFERENCE.fullmatch(reference)
    if not parts:
        raise ValueError("a reference is a model and a number of digits and dashes, such as HR01 123-456-789")
    model, number = parts[1], parts[2]
    if model == "HR99":
        if number:
            raise ValueError("the model HR99 says that there is no reference")
    elif not _NUMBER.fullmatch(number):
        raise ValueError(f"the number of {model} is one to four groups of digits joined by dashes")
    elif len(number) > _LONGEST_NUMBER:
        raise ValueError(f"the number of {model} has more than {_LONGEST_NUMBER} characters")
    return model, number


def validate(reference: str) -> None:
    """Check a reference by the rule of its model. Raises ValueError with the reason; never quotes the number."""
    model, number = split(reference)
    if model not in _MODELS:
        raise ValueError(f"there is no model {model}")
    elements = number.split("-") if number else []
    rules = _RULES.get(model, _UNCHECKED)
    if len(elements) > len(rules):
        raise ValueError(f"{model} has at most {len(rules)} elements")
    for position, rule in enumerate(rules, start=1):
        element = elements[position - 1] if position <= len(elements) else None
        if reason := _fault(rule, element):
            raise ValueError(f"element P{position} of {model} {reason}")
    if model == "HR01" and not _passes_mod11ini("".join(elements)):
        raise ValueError("the check digit of HR01 is wrong")


def _fault(rule: _Element, element: str | None) -> str | None:
    if element is None:
        return "is missing" if rule.required else None
    if rule.length is not None and len(element) != rule.length:
        return f"must have {rule.length} digits"
    if len(element) > rule.longest:
        return f"has more than {rule.longest} digits"
    if not element.startswith(rule.starts):
        return f"must start with {rule.starts}"
    if rule.passes and not rule.passes(element):
        return "has a wrong check digit"
    return None
