"""Numbers a citizen writes on paper or says on the telephone: `7KQM-4P9T-XW`, made of nothing but chance.

Ten of Crockford's base 32 letters are 50 bits: among a million matters of a town two are equal with a chance of one in
two thousand, and the key of the table refuses it. No letter is another one misread (no I, L, O, U).
"""

from __future__ import annotations

import secrets

_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def new_number() -> str:
    letters = "".join(secrets.choice(_LETTERS) for _ in range(10))
    return f"{letters[:4]}-{letters[4:8]}-{letters[8:]}"
