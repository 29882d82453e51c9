"""Names of character sets that somebody outside writes."""

from __future__ import annotations

import codecs

# They turn bytes into text and are no character sets of files: they unpack, unescape, or refuse everything.
_NONE = frozenset({"charmap", "idna", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"})


def charset_of(name: str) -> str:
    """The codec's own name of a character set.

    Raises LookupError for what is none: also for codecs of Python that are something else, such as zlib, which makes
    a gigabyte of a megabyte.
    """
    found = codecs.lookup(name).name
    if found.replace("_", "-") in _NONE:
        raise LookupError(f"{found} is no character set")
    # Raises LookupError for a codec that is not between text and bytes.
    "".encode(found)
    return found
