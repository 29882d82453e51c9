"""Writes a PDF417 symbol (ISO/IEC 15438:2015) in byte compaction with a fixed number of columns.

Why not a library: HUB 3A prescribes binary encoding, and the writers at hand choose the compaction
themselves. zxing-cpp (zint) was seen to write the two bytes of one `š` as two separate byte shifts between
runs of text; a reader that decodes run by run then shows two wrong letters. Byte compaction keeps the
whole UTF-8 text in one run, as the norm wants it. Reading is left to zxing-cpp, which checks this writer
in the tests.
"""

from __future__ import annotations

import math

from hub.kit.pdf417_patterns import CODEWORDS, PATTERNS

_START, _STOP = "11111111010101000", "111111101000101001"
_LATCH_BYTES, _LATCH_BYTES_IN_SIXES = 901, 924  # the second for whole groups of six bytes only
_PAD = 900
_LEAST_ROWS, _MOST_ROWS, _MOST_CODEWORDS = 3, 90, 928


class TooMuchForPdf417(ValueError):
    """The data does not fit a symbol of this width and error correction."""


def encode(data: bytes, *, columns: int, level: int) -> list[str]:
    """The rows of the symbol, top first, as strings of `1` (bar) and `0` (space) modules.

    `columns` data columns (1 to 30) make a row of 17 x columns + 69 modules; `level` is the error
    correction level (0 to 8, `2 ** (level + 1)` codewords). Without quiet zone and row height, which
    belong to drawing. Raises TooMuchForPdf417.
    """
    compacted = _compact(data)
    corrections = 2 << level
    rows = max(_LEAST_ROWS, math.ceil((1 + len(compacted) + corrections) / columns))
    if rows > _MOST_ROWS or rows * columns > _MOST_CODEWORDS:
        raise TooMuchForPdf417(f"{len(data)} bytes do not fit a PDF417 symbol of {columns} columns at level {level}")
    length = rows * columns - corrections
    words = [length, *compacted, *[_PAD] * (length - 1 - len(compacted))]
    words += _error_correction(words, corrections)
    return [
        _row(number, words[number * columns : (number + 1) * columns], rows, columns, level) for number in range(rows)
    ]


def _compact(data: bytes) -> list[int]:
    """Byte compaction: six bytes become five digits to the base 900; bytes left over stand for themselves."""
    whole = len(data) - len(data) % 6
    words = [_LATCH_BYTES if whole < len(data) else _LATCH_BYTES_IN_SIXES]
    for start in range(0, whole, 6):
        value = int.from_bytes(data[start : start + 6])
        words += [value // 900**power % 900 for power in (4, 3, 2, 1, 0)]
    return [*words, *data[whole:]]


def _error_correction(words: list[int], count: int) -> list[int]:
    """Reed-Solomon codewords over GF(929) with the roots 3, 3**2, … 3**count."""
    generator = [1]
    for power in range(1, count + 1):
        root = pow(3, power, CODEWORDS)
        shifted, scaled = [*generator, 0], [0, *(root * factor for factor in generator)]
        generator = [(high - low) % CODEWORDS for high, low in zip(shifted, scaled, strict=True)]
    remainder = [0] * count
    for word in words:
        lead = (word + remainder[0]) % CODEWORDS
        remainder = [
            (carried - lead * factor) % CODEWORDS
            for carried, factor in zip([*remainder[1:], 0], generator[1:], strict=True)
        ]
    return [-word % CODEWORDS for word in remainder]


def _row(number: int, words: list[int], rows: int, columns: int, level: int) -> str:
    """One row: the indicators left and right tell size and level, each of three rows another part of it."""
    cluster = number % 3
    told = ((rows - 1) // 3, level * 3 + (rows - 1) % 3, columns - 1)
    left, right = told[cluster], told[(cluster + 2) % 3]
    base = 30 * (number // 3)
    patterns = PATTERNS[cluster]
    modules = "".join(f"{patterns[word]:b}" for word in (base + left, *words, base + right))
    return f"{_START}{modules}{_STOP}"
