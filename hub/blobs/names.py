"""File names as people and their devices give them, made harmless without losing a letter of any alphabet.

Taken away: everything before the last slash or backslash (a path, of whatever system), control characters and the
Unicode format characters by which a name is shown in another order than it has (`gpj.exe` for `exe.jpg`; UAX #9), the
characters Windows forbids (`< > : " | ? *`), leading dots and spaces, which hide a file, and trailing ones, which
Windows drops. A name that a spreadsheet or a shell would take for a formula or an option (`= + - @`) gets an
underscore before it. Kept: everything else, composed (Unicode NFC), so that č is the same letter from every device.
"""

from __future__ import annotations

import re
import unicodedata

LONGEST = 120
"""Characters; file systems count bytes, 255 of them, and a character of ours has at most two in these alphabets."""

_FORBIDDEN = re.compile(r'[<>:"|?*]')
# Device names of Windows, with and without an ending (learn.microsoft.com, Naming Files, Paths, and Namespaces).
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)", re.IGNORECASE)


def clean(name: str, *, otherwise: str) -> str:
    """The name as it is kept; `otherwise` where nothing of it is left."""
    text = unicodedata.normalize("NFC", name)
    text = re.split(r"[/\\]", text)[-1]
    # Cc, Cf, Cs, Co, Cn: control, format (bidirectional marks and zero-width ones among it), and what is no character.
    text = "".join(one for one in text if not unicodedata.category(one).startswith("C"))
    text = _FORBIDDEN.sub("_", re.sub(r"\s+", " ", text)).strip(" .")
    if not text:
        return otherwise
    if text[0] in "=+-@" or _DEVICE.match(text):
        text = f"_{text}"
    return _shortened(text)


def _shortened(text: str) -> str:
    """Cut before the ending, which says what to open it with."""
    if len(text) <= LONGEST:
        return text
    stem, dot, ending = text.rpartition(".")
    if dot and 0 < len(ending) <= 10:
        return f"{stem[: LONGEST - len(ending) - 1].rstrip(' .')}.{ending}"
    return text[:LONGEST].rstrip(" .")
