"""Which scheme a payment code is of, and what it says; also from a picture of it."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import zxingcpp
from PIL import Image, UnidentifiedImageError
from stdnum import iso11649

from hub.kernel.errors import InvalidRequest
from hub.kernel.transfer import TransferOrder
from hub.kit import hr_reference, rs_reference
from hub.ports.bank_transfer import BankTransferScheme, UnreadablePayload

_LARGEST_FILE = 20_000_000
_LARGEST_PICTURE = 60_000_000  # pixels: a page of A4 at 600 dpi has 35 million
_TURNS = (0, *(sign * step for step in range(4, 46, 4) for sign in (1, -1)))
_SVG_SIZE = re.compile(r'viewBox="0 0 ([0-9]{1,4}) ([0-9]{1,4})"', re.ASCII)
_SVG_BAR = re.compile(r"M([0-9]+) ([0-9]+)h([0-9]+)v([0-9]+)h-[0-9]+z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Recognised:
    """`doubts` are sentences: what a bank may refuse though the code itself is well formed."""

    scheme: str
    order: TransferOrder
    doubts: tuple[str, ...]


class NotRecognised(InvalidRequest):
    """No scheme reads this; the message says why."""


def recognise(payload: str | bytes, schemes: Mapping[str, BankTransferScheme]) -> Recognised:
    """Raises NotRecognised with the reason of each scheme whose beginning the payload has."""
    reasons: list[str] = []
    for name, scheme in schemes.items():
        head = scheme.begins if isinstance(payload, str) else scheme.begins.encode()
        if not payload.startswith(head):  # type: ignore[arg-type] # both are of the payload's own type
            continue
        try:
            order = scheme.decode(payload)
        except UnreadablePayload as error:
            reasons.append(f"{name}: {error}")
        else:
            return Recognised(name, order, doubts(order))
    if not reasons:
        known = ", ".join(f"{name} begins with {scheme.begins}" for name, scheme in schemes.items())
        raise NotRecognised(f"This begins like no scheme: {known}.")
    raise NotRecognised("; ".join(reasons) + ".")


def doubts(order: TransferOrder) -> tuple[str, ...]:
    """References that do not pass the check digits of their scheme: the payer's bank may refuse them."""
    found: list[str] = []
    for one in order.references:
        try:
            if one.scheme == "hr.poziv_na_broj":
                hr_reference.validate(one.value)
            elif one.scheme == "rs.poziv_na_broj":
                rs_reference.normalise(one.value)
            elif one.scheme == "iso11649" and not iso11649.is_valid(one.value):
                raise ValueError("it does not pass ISO 11649")
        except ValueError as error:
            found.append(f"{one.scheme}: {error}")
    return tuple(found)


def payloads(file: Path) -> Sequence[bytes]:
    """What is written in a picture (PNG, JPEG, GIF, …, or an SVG that we drew), one for each code in it, or the text
    itself of a text file.

    Raises NotRecognised for a picture without a code and a file that is too large.
    """
    if file.stat().st_size > _LARGEST_FILE:
        raise NotRecognised(f"The file has more than {_LARGEST_FILE} bytes.")
    data = file.read_bytes()
    if data.lstrip()[:5] in {b"<svg ", b"<?xml"}:
        return codes(_drawn(data.decode("utf-8", "replace")))
    try:
        with Image.open(io.BytesIO(data)) as picture:
            if picture.width * picture.height > _LARGEST_PICTURE:
                raise NotRecognised(f"The picture has more than {_LARGEST_PICTURE} pixels.")
            return codes(picture.convert("L"))
    except UnidentifiedImageError:
        return [data]
    except (OSError, Image.DecompressionBombError) as error:
        raise NotRecognised("The picture is broken or too large.") from error


def codes(picture: Image.Image) -> Sequence[bytes]:
    """What is written in the QR codes and PDF417 symbols of a grey picture.

    zxing-cpp reads QR codes at any angle, a PDF417 of nine columns up to three degrees askew. So a picture in which
    nothing is found is turned step by step, by up to half of a right angle to either side.
    Raises NotRecognised.
    """
    for angle in _TURNS:
        turned = picture.rotate(angle, Image.Resampling.BICUBIC, expand=True, fillcolor=255) if angle else picture
        if found := [one.bytes for one in zxingcpp.read_barcodes(turned) if one.bytes]:
            return found
    raise NotRecognised("There is no QR code and no PDF417 in this picture that can be read.")


def _drawn(svg: str) -> Image.Image:
    """Our own SVG holds nothing but rectangles of whole modules (hub.kit.barcode)."""
    size, bars = _SVG_SIZE.search(svg), _SVG_BAR.findall(svg)
    if not size or not bars:
        raise NotRecognised("Of XML only an SVG drawn by munihub is read: make a PNG of another code.")
    small = Image.new("L", (int(size[1]), int(size[2])), 255)
    for x, y, wide, high in (map(int, bar) for bar in bars):
        small.paste(0, (x, y, x + wide, y + high))
    return small.resize((small.width * 3, small.height * 3), Image.Resampling.NEAREST)
