"""What is printed on paper and typed again: user names, first passwords and recovery codes."""

from __future__ import annotations

import secrets
import unicodedata

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
"""31 signs, without those that look like others in print (0 o, 1 i l)."""


def draw(length: int) -> str:
    return "".join(secrets.choice(ALPHABET) for _ in range(length))


def grouped(text: str) -> str:
    """In fours, as people read them: `k7mp-3xqn`."""
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def canonical(text: str) -> str:
    """As it was drawn, however it was typed: capitals, spaces and hyphens do not matter."""
    normal = unicodedata.normalize("NFKC", text[:300]).casefold()
    return "".join(sign for sign in normal if not (sign.isspace() or unicodedata.category(sign) == "Pd"))
