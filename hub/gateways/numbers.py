"""Order numbers: ten random digits, the first not 0, which every gateway takes (ČSOB has the shortest: 10 digits).

Random, because a number stands on statements and receipts and must not tell how many payments there were.
"""

from __future__ import annotations

import secrets

_FIRST, _COUNT = 10**9, 9 * 10**9


def new_number() -> str:
    """One of 9,000,000,000; whoever writes it down sees that it is new for the town and the block."""
    return str(_FIRST + secrets.randbelow(_COUNT))
