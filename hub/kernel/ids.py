"""Public ids: a prefix that says what it is, and 128 random-looking bits (`obl_06h3…`).

Inside the database an id is a UUID (version 7 layout, RFC 9562 §5.7, so that new rows stand together
in an index); outside it is the prefix and the UUID in Crockford's base 32, lower case.
"""

from __future__ import annotations

import os
import time
from uuid import UUID

from hub.kernel.errors import NotFound

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]
_VALUES = {letter: value for value, letter in enumerate(_ALPHABET)}


def new_uuid() -> UUID:
    """A UUID version 7: 48 bits of Unix milliseconds, 12 bits of their fraction, then random.

    By the fraction (RFC 9562 §6.2, method 3) what one process makes within a millisecond sorts as it was made.
    """
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    value = milliseconds << 80 | 0x7 << 76 | rest * 4096 // 1_000_000 << 64 | int.from_bytes(os.urandom(8))
    return UUID(int=value & ~(0x3 << 62) | 0x2 << 62)


def public_id(prefix: str, uuid: UUID | str) -> str:
    """`public_id("obl", …)` → `obl_` and 26 characters; a text is a UUID as PostgreSQL writes it."""
    value = int(uuid.replace("-", ""), 16) if isinstance(uuid, str) else uuid.int
    letters = [_PAIRS[value >> shift & 1023] for shift in range(120, -1, -10)]
    return f"{prefix}_{''.join(letters)}"


def parse_public_id(prefix: str, text: str) -> UUID:
    """The UUID in a public id; raises NotFound for another prefix or a misspelt id."""
    head, _, tail = text.partition("_")
    if head == prefix and len(tail) == 26 and tail[0] <= "7":
        try:
            value = 0
            for letter in tail:
                value = value << 5 | _VALUES[letter]
            return UUID(int=value)
        except KeyError:
            pass
    raise NotFound(f"There is no {prefix}_… with the id {text[:40]!r}.")
