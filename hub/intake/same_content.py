"""Whether two messages of one id say the same: byte for byte, or written otherwise, as in a batch and alone."""

from __future__ import annotations

import json
from typing import Any

from lxml import etree

from hub.intake.cloudevents import SINGLE
from hub.kernel.errors import RemoteGarbage
from hub.kit import xml

ROOM = (4, 1000)
"""What says the same as n bytes has at most 4 n + 1000, however it is written: a longer message is not looked at, so
that whoever sends little has little read."""


def same(one: bytes, other: bytes, media_type: str) -> bool:
    """Blanks between values, the order of names and prefixes of namespaces are no content; a number's digits are."""
    if one == other:
        return True
    try:
        return bool(_content(one, media_type) == _content(other, media_type))
    except (ValueError, RecursionError, RemoteGarbage):
        return False


def _content(body: bytes, media_type: str) -> Any:
    if media_type == SINGLE:
        # To Python 1, 1.0 and true are equal; a tuple is nothing that JSON has otherwise.
        return json.loads(body.decode("utf-8-sig"), parse_int=_number, parse_float=_number)
    return _told(xml.parse(body, what="item", charset="utf-8"))


def _number(text: str) -> tuple[str]:
    return (text,)


def _told(element: etree._Element) -> tuple[Any, ...]:
    children = [_told(child) for child in element.iterchildren(etree.Element)]
    return (element.tag, dict(element.attrib), (element.text or "").strip(), children)
