"""A bank's XML statement as a whole, for formats that come a day of one account at a time."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, BinaryIO

from lxml import etree

from hub.kernel.errors import RemoteGarbage
from hub.kernel.money import Money, NotExact
from hub.kit import xml
from hub.ports.bank_statement import Broken

LARGEST = 32 * 1024**2
_PLACE = re.compile(r"\(line ([0-9]+), column [0-9]+\)")
_DECLARED = re.compile(rb"\A[\s\xef\xbb\xbf]*<\?xml\s[^>]{0,200}encoding")


def root(file: BinaryIO, encoding: str | None) -> etree._Element:
    """The root element; no DTD, no entities (hub.kit.xml). Without a declared encoding, and with bytes that are not
    UTF-8, windows-1250 is taken, which Serbian banks write. Raises Broken.
    """
    data = file.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise Broken(f"is larger than {LARGEST // 1024**2} MiB")
    if encoding is None and not _DECLARED.match(data) and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            encoding = "cp1250"
    try:
        return xml.parse(data, max_bytes=LARGEST, what="file", charset=encoding)
    except RemoteGarbage as error:
        place = _PLACE.search(str(error))
        problem = str(error).removeprefix("The file ").rstrip(".")
        raise Broken(problem, line=int(place[1]) if place else 1) from None


def line_of(element: etree._Element) -> int:
    found: Any = element.sourceline
    return int(found or 1)


def text_of(element: etree._Element, path: str) -> str:
    """The text at `path`, on one line; empty where there is none."""
    return " ".join((element.findtext(path) or "").split())


def amount_of(text: str, currency: str, element: etree._Element, what: str) -> Money:
    """A number with a decimal point, or as people write it in Serbia: a comma and two digits, points before every
    three (`1.250,50`). One point or comma before three digits could be either, and is refused. Raises Broken.
    """
    try:
        if re.fullmatch(r"-?(?:[0-9]{1,15}|[0-9]{1,3}(?:\.[0-9]{3}){1,4}),[0-9]{1,2}", text, re.ASCII):
            text = text.replace(".", "").replace(",", ".")
        if not re.fullmatch(r"-?[0-9]{1,15}(?:\.(?:[0-9]{1,2}|[0-9]{4}))?", text, re.ASCII):
            raise InvalidOperation
        return Money.from_decimal(Decimal(text), currency)
    except (InvalidOperation, NotExact) as error:
        raise Broken(f"has {text[:20]!r} where {what} is", line=line_of(element)) from error


def day_of(text: str, form: str, element: etree._Element, what: str) -> date:
    """`iso`: YYYY-MM-DD, a time may follow; `dotted`: DD.MM.YYYY. Raises Broken."""
    try:
        if form == "iso":
            return date.fromisoformat(text[:10])
        day, month, year = text.rstrip(".").split(".")
        return date(int(year), int(month), int(day))
    except ValueError as error:
        raise Broken(f"has {text[:20]!r} where {what} is", line=line_of(element)) from error
