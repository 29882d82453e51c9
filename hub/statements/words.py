"""What in an entry could be a reference of ours, in the one form in which references are compared.

The same form as munihub_plain_references (migrations/sql/0015): capitals and digits only, without zeros in front; of a
Croatian reference with and without its model.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from hub.kernel.references import Reference

_MODEL = re.compile(r"HR[0-9]{2}(.+)\Z")
_NOT_PLAIN = re.compile(r"[^A-Z0-9]")
# In a text: letters, digits and what stands inside numbers, and of it so many digits that it is no year and no amount.
_TOKEN = re.compile(r"[A-Z0-9](?:[A-Z0-9/.-]{3,33}[A-Z0-9])")
_DIGITS = 5
_MOST = 24
_LONGEST = 100


def forms(value: str) -> list[str]:
    """The comparable forms of one reference; none of one without a letter or digit other than 0."""
    plain = _NOT_PLAIN.sub("", value.upper())[:_LONGEST]
    found = [plain.lstrip("0")]
    if match := _MODEL.match(plain):
        found.append(match[1].lstrip("0"))
    return [one for one in found if one]


def of_references(references: Iterable[Reference]) -> list[str]:
    """Forms of symbols, each once. A constant symbol names the kind of payment and nobody's debt."""
    values = (one.value for one in references if one.scheme != "cz.constant_symbol")
    return list(dict.fromkeys(form for value in values for form in forms(value)))[:_MOST]


def of_text(text: str) -> list[str]:
    """Forms of what a payer wrote, where it could be a number from a bill."""
    tokens = (token for token in _TOKEN.findall(text.upper()) if sum(map(str.isdigit, token)) >= _DIGITS)
    return list(dict.fromkeys(form for token in tokens for form in forms(token)))[:_MOST]
