"""Draws the text of a payment code as a QR code or PDF417, as SVG or PNG. The same input gives the same bytes.

QR (ISO/IEC 18004): text as UTF-8 without an ECI mark (readers of payment codes expect none), never
Micro QR, quiet zone of 4 modules. Upper-case text within the alphanumeric set is written in
alphanumeric mode unless the scheme forces bytes.

PDF417 (ISO/IEC 15438): bytes in UTF-8 without an ECI mark, rows three modules high, quiet zone of
2 modules. On paper HUB 3A wants a module of 0.254 mm: the SVG's width in modules is in its viewBox.
"""

from __future__ import annotations

import io
import itertools
import re
from typing import Literal

import segno
from PIL import Image
from segno.encoder import DataOverflowError

from hub.kernel.errors import InvalidRequest
from hub.kit import pdf417
from hub.ports.bank_transfer import CannotExpress, Symbol

LARGEST_SCALE = 20
"""Pixels per module. A PDF417 of 9 columns is then 4,520 pixels wide: enough for print at 1,200 dpi."""

_QR_ALPHANUMERIC = re.compile(r"[0-9A-Z $%*+\-./:]*\Z")
_QR_QUIET, _PDF417_QUIET = 4, 2
_PDF417_ROW_HEIGHT = 3


def draw(
    payload: str,
    symbol: Symbol,
    format: Literal["svg", "png"],  # noqa: A002 the word of the API
    *,
    scale: int,
) -> bytes:
    """An SVG document (UTF-8) or a PNG image (grey, 1 bit) of `payload`, `scale` pixels per module.

    Raises CannotExpress where the symbol has no room for the payload, and InvalidRequest for a scale
    outside 1 to LARGEST_SCALE.
    """
    if not 1 <= scale <= LARGEST_SCALE:
        raise InvalidRequest(f"scale must be a whole number from 1 to {LARGEST_SCALE}", field="scale")
    rows = modules(payload, symbol)
    return _svg(rows, scale) if format == "svg" else _png(rows, scale)


def modules(payload: str, symbol: Symbol) -> list[str]:
    """The picture as rows of `1` (dark) and `0` modules, quiet zone included."""
    if symbol.kind == "qr":
        return _with_quiet_zone(_qr(payload, symbol), _QR_QUIET)
    return _with_quiet_zone(_pdf417(payload, symbol), _PDF417_QUIET)


def _qr(payload: str, symbol: Symbol) -> list[str]:
    alphanumeric = not symbol.binary and _QR_ALPHANUMERIC.match(payload)
    try:
        qr = segno.make_qr(
            payload,
            error=symbol.error_correction,
            mode=None if alphanumeric else "byte",
            encoding=None if alphanumeric else "utf-8",
            boost_error=symbol.boost,
        )
    except DataOverflowError as error:
        raise CannotExpress("the text is too long for a QR code") from error
    if symbol.max_version is not None and int(qr.version) > symbol.max_version:
        raise CannotExpress(f"the QR code would be of version {qr.version}; this scheme allows {symbol.max_version}")
    return ["".join(map(str, row)) for row in qr.matrix]


def _pdf417(payload: str, symbol: Symbol) -> list[str]:
    if symbol.columns is None:
        raise ValueError("a scheme drawn as PDF417 states the number of its columns")
    try:
        rows = pdf417.encode(payload.encode(), columns=symbol.columns, level=int(symbol.error_correction))
    except pdf417.TooMuchForPdf417 as error:
        raise CannotExpress(str(error)) from error
    return [row for row in rows for _ in range(_PDF417_ROW_HEIGHT)]


def _with_quiet_zone(rows: list[str], quiet: int) -> list[str]:
    side = "0" * quiet
    empty = ["0" * (len(rows[0]) + 2 * quiet)] * quiet
    return [*empty, *(f"{side}{row}{side}" for row in rows), *empty]


def _svg(rows: list[str], scale: int) -> bytes:
    """Black bars on a white ground, so that the code can be read on a dark page too."""
    width, height = len(rows[0]), len(rows)
    bars, top = [], 0
    for row, equal in itertools.groupby(rows):
        tall = len(list(equal))
        for run in re.finditer("1+", row):
            long = len(run[0])
            bars.append(f"M{run.start()} {top}h{long}v{tall}h-{long}z")
        top += tall
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * scale}" height="{height * scale}"'
        f' viewBox="0 0 {width} {height}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{width}v{height}H0z"/><path d="{"".join(bars)}"/></svg>\n'
    ).encode()


def _png(rows: list[str], scale: int) -> bytes:
    pixels = bytes(0 if module == "1" else 255 for row in rows for module in row)
    small = Image.frombytes("L", (len(rows[0]), len(rows)), pixels)
    large = small.resize((small.width * scale, small.height * scale), Image.Resampling.NEAREST)
    out = io.BytesIO()
    large.convert("1", dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()
