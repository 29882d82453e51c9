"""Numbers a citizen writes on paper or says on the telephone: `7KQM-4P9T-XW`, made of nothing but chance.

Ten of Crockford's base 32 letters are 50 bits: among a million matters of a town two are equal with a chance of one in
two thousand, and the key of the table refuses it. No letter is another one misread (no I, L, O, U), so what is said in
lower case, with spaces, or with O for 0, is found all the same.
"""

from __future__ import annotations

import re
import secrets

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_MEANT = str.maketrans({"O": "0", "I": "1", "L": "1"})


def new_number() -> str:
    return _grouped("".join(secrets.choice(_LETTERS) for _ in range(10)))


def read_number(text: str) -> str | None:
    """The number as it is kept, of how somebody wrote it; None where it is none."""
    letters = re.sub(r"[\s-]", "", text).upper().translate(_MEANT)
    return _grouped(letters) if len(letters) == 10 and set(letters) <= set(_LETTERS) else None


def _grouped(letters: str) -> str:
    return f"{letters[:4]}-{letters[4:8]}-{letters[8:]}"
