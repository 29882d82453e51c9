"""Serbian from Cyrillic to Latin script.

Only this way: Latin `nj` in `injekcija` is two letters and in `konj` one, so the other way corrupts
(Правопис српскога језика: each Cyrillic letter has one Latin letter or digraph).
"""

from __future__ import annotations

import re

_LETTERS = dict(
    zip(
        "абвгдђежзијклмнопрстћуфхцчш",
        ("a", "b", "v", "g", "d", "đ", "e", "ž", "z", "i", "j", "k", "l", "m", "n", "o", "p", "r", "s", "t", "ć", "u",
         "f", "h", "c", "č", "š"),
        strict=True,
    )
)  # fmt: skip
_DIGRAPHS = {"љ": "lj", "њ": "nj", "џ": "dž"}
_PLAIN = str.maketrans(
    {
        **_LETTERS,
        **{cyrillic.upper(): latin.upper() for cyrillic, latin in _LETTERS.items()},
        **_DIGRAPHS,
    }
)
_CAPITAL = re.compile("[ЉЊЏ]")


def serbian_latin(text: str) -> str:
    """`Љиљана ЊЕГОШ` → `Ljiljana NJEGOŠ`. What is not a Serbian Cyrillic letter stays as it is."""
    return _CAPITAL.sub(_capital, text).translate(_PLAIN)


def _capital(found: re.Match[str]) -> str:
    """A capital digraph is `Nj`, and `NJ` among capitals: after one, or before one where nothing small precedes."""
    text, latin = found.string, _DIGRAPHS[found[0].lower()]
    before, after = text[found.start() - 1 : found.start()], text[found.end() : found.end() + 1]
    among_capitals = after.isupper() or (not after.isalpha() and before.isupper())
    return latin.upper() if among_capitals else latin.capitalize()
