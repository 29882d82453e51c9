"""Serbian payment references: model and number ("poziv na broj"), kept as `97 20-12345`.

Source: NBS, IPS QR specification (tag RO) and the public validators that quote it. The models with a published rule:

    97   ISO 7064 MOD 97-10 over digits and letters (A is 10 … Z is 35): the two check digits stand in front
    22   the last digit; weights 1, 2, 3 … from the right, (11 - sum mod 11) mod 10; the first three digits of the
         number are the municipality and are not counted
    11   its rule is not published, 00 has none: only the layout is tested
"""

from __future__ import annotations

import re

from stdnum.iso7064 import mod_97_10

from hub.kernel.references import Reference

_NUMBER = re.compile(r"[0-9A-Z]+(?:-[0-9A-Z]+)*", re.ASCII)
_LONGEST = 33  # 35 characters with the model, IPS QR, tag RO.
_CHECKED = ("97", "22")
MODELS = ("00", "11", *_CHECKED)


def normalise(text: str) -> str:
    """`9720-12345`, `97 20-12345` → `97 20-12345`; letters become capitals.

    A model may be glued to its number where check digits show that it is one. Raises ValueError with the reason,
    which never quotes the number.
    """
    model, number = split(text)
    compact = number.replace("-", "")
    if (model == "97" and not passes_97(compact)) or (model == "22" and not passes_22(compact)):
        raise ValueError(f"does not pass the check digits of model {model}")
    return f"{model} {number}"


def split(text: str) -> tuple[str, str]:
    """Model and number, checking the layout and not the check digits. Raises ValueError with the reason."""
    plain = " ".join(text.upper().split())
    model, rest = plain[:2], plain[2:]
    apart = rest[:1] in (" ", "-")
    number = rest.lstrip(" -").replace(" ", "")
    if model not in MODELS or not (apart or model in _CHECKED):
        raise ValueError(f"has no model in front of the number, one of {', '.join(MODELS)}")
    if not _NUMBER.fullmatch(number) or len(number) > _LONGEST:
        raise ValueError(f"is not model {model} and a number of digits, letters and hyphens")
    return model, number


def passes_97(compact: str) -> bool:
    """Whether the two digits in front are those of what follows."""
    check, rest = compact[:2], compact[2:]
    return bool(rest) and check.isdigit() and bool(mod_97_10.is_valid(rest + check))


def passes_22(compact: str) -> bool:
    if not compact.isdigit() or len(compact) < 5:
        return False
    digits, check = compact[3:-1], int(compact[-1])
    total = sum(weight * int(digit) for weight, digit in enumerate(reversed(digits), start=1))
    return (11 - total % 11) % 10 == check


def told(model: str, number: str) -> Reference | None:
    """The reference in a bank's statement, None for an empty one. Check digits are not asked: the bank let it through.

    Model and number stand apart, and the model may be missing, `0` or unknown; a number that has none is a `text`.
    """
    number = " ".join(number.split())
    if not number.strip("0 -/"):
        return None
    for candidate in (f"{model.strip().rjust(2, '0')} {number}" if model.strip() else "", number):
        try:
            return Reference("rs.poziv_na_broj", " ".join(split(candidate)))
        except ValueError:
            continue
    return Reference("text", number)
