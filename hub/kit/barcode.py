"""Draws the text of a payment code as a QR code or PDF417, as SVG or PNG. The same input gives the same bytes.

QR (ISO/IEC 18004): text as UTF-8 without an ECI mark (readers of payment codes expect none), never
Micro QR, quiet zone of 4 modules. Upper-case text within the alphanumeric set is written in
alphanumeric mode unless the scheme forces bytes. A scheme's sign stands in a white circle in the middle,
drawn in modules; it hides under two per cent of the code, of which level M restores fifteen.

PDF417 (ISO/IEC 15438): bytes in UTF-8 without an ECI mark, rows three modules high, quiet zone of
2 modules. The SVG's width in modules is in its viewBox; MILLIMETRES says how large a module is on paper.
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

MILLIMETRES = {"qr": 0.5, "pdf417": 0.254}
"""How large a module is printed: of PDF417 by HUB 3A, of QR by us."""

_QR_ALPHANUMERIC = re.compile(r"[0-9A-Z $%*+\-./:]*\Z")
_QR_QUIET, _PDF417_QUIET = 4, 2
_PDF417_ROW_HEIGHT = 3

_SIGNS = {
    "hryvnia": (
        " 11111 ",
        "1     1",
        "      1",
        "1111111",
        "   1   ",
        "1111111",
        "1      ",
        "1     1",
        " 11111 ",
    )
}
_CIRCLE = 6.2  # radius in modules: half a module of white around the corners of the sign


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
    return _svg(rows, scale, "").encode() if format == "svg" else _png(rows, scale)


def on_paper(payload: str, symbol: Symbol) -> str:
    """An SVG element of the size it is printed in. Raises CannotExpress."""
    return _svg(modules(payload, symbol), MILLIMETRES[symbol.kind], "mm")


def modules(payload: str, symbol: Symbol) -> list[str]:
    """The picture as rows of `1` (dark) and `0` modules, quiet zone included."""
    if symbol.kind == "qr":
        return _with_quiet_zone(_qr(payload, symbol), _QR_QUIET)
    return _with_quiet_zone(_pdf417(payload, symbol), _PDF417_QUIET)


def _qr(payload: str, symbol: Symbol) -> list[str]:
    alphanumeric = not symbol.binary and _QR_ALPHANUMERIC.match(payload)
    try:
        qr = _made(payload, symbol, None, compact=bool(alphanumeric))
        if symbol.min_version is not None and int(qr.version) < symbol.min_version:
            qr = _made(payload, symbol, symbol.min_version, compact=bool(alphanumeric))
    except DataOverflowError as error:
        raise CannotExpress("the text is too long for a QR code") from error
    if symbol.max_version is not None and int(qr.version) > symbol.max_version:
        raise CannotExpress(f"the QR code would be of version {qr.version}; this scheme allows {symbol.max_version}")
    rows = ["".join(map(str, row)) for row in qr.matrix]
    return _with_sign(rows, _SIGNS[symbol.sign]) if symbol.sign else rows


def _made(payload: str, symbol: Symbol, version: int | None, *, compact: bool) -> segno.QRCode:
    return segno.make_qr(
        payload,
        error=symbol.error_correction,
        version=version,
        mode=None if compact else "byte",
        encoding=None if compact else "utf-8",
        boost_error=symbol.boost,
    )


def _with_sign(rows: list[str], sign: tuple[str, ...]) -> list[str]:
    middle, top, left = len(rows) // 2, (len(rows) - len(sign)) // 2, (len(rows) - len(sign[0])) // 2
    signed = [list(row) for row in rows]
    for y, row in enumerate(signed):
        for x in range(len(row)):
            if (x - middle) ** 2 + (y - middle) ** 2 <= _CIRCLE**2:
                row[x] = "0"
    for y, line in enumerate(sign, start=top):
        for x, module in enumerate(line, start=left):
            if module == "1":
                signed[y][x] = module
    return ["".join(row) for row in signed]


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


def _svg(rows: list[str], scale: float, unit: str) -> str:
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
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width * scale:.6g}{unit}" height="{height * scale:.6g}{unit}"'
        f' viewBox="0 0 {width} {height}" shape-rendering="crispEdges">'
        f'<path fill="#fff" d="M0 0h{width}v{height}H0z"/><path d="{"".join(bars)}"/></svg>\n'
    )


def _png(rows: list[str], scale: int) -> bytes:
    pixels = bytes(0 if module == "1" else 255 for row in rows for module in row)
    small = Image.frombytes("L", (len(rows[0]), len(rows)), pixels)
    large = small.resize((small.width * scale, small.height * scale), Image.Resampling.NEAREST)
    out = io.BytesIO()
    large.convert("1", dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()
