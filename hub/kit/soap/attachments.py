"""What a message carries beside its envelope: MTOM/XOP, and SOAP with Attachments by reference.

XOP (W3C, XML-binary Optimized Packaging) moves the octets of an xs:base64Binary out of the envelope; here they are put
back before anything looks at the envelope, for schema, signature and mapping are about the whole infoset (§3.2, §5).
References (WS-I Attachments Profile 1.0 §4, `ref:swaRef`; SOAP with Attachments, `href="cid:…"`) stay references until
the envelope is checked, and are then replaced by the part in base64, so that a mapping reads both alike.

Only parts of the same message can be named: any other address is refused and nothing is ever fetched.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, unquote
from uuid import uuid4

from lxml import etree

from hub.kernel.errors import RemoteGarbage
from hub.kit.soap.multipart import Part

XOP = "http://www.w3.org/2004/08/xop/include"
INCLUDE = f"{{{XOP}}}Include"
_SMALLEST = 1_000
"""Bytes from which a value is worth a part of its own."""
_BINARY = "application/octet-stream"


class Attachments:
    """The parts of one message that are not its envelope. Each may be named often, within `max_bytes` in all."""

    def __init__(self, parts: Iterable[Part], *, max_bytes: int, what: str) -> None:
        self._parts = {unquote(part.content_id): part for part in parts if part.content_id}
        self._budget = max_bytes
        self._what = what

    def put_back(self, root: etree._Element) -> None:
        """Replaces every xop:Include by what it stands for. Raises RemoteGarbage."""
        for include in list(root.iter(INCLUDE)):
            parent = include.getparent()
            alone = parent is not None and len(parent) == 1 and not f"{parent.text or ''}{include.tail or ''}".strip()
            if parent is None or not alone or len(include):
                # XOP §3.2: it is the sole child of the element whose value it holds.
                raise RemoteGarbage(f"{self._what} has an xop:Include that is not the only content of its element.")
            parent.remove(include)
            parent.text = self._base64(include.get("href", ""))

    def fill_references(self, body: etree._Element, *, covered: bool = True) -> None:
        """Replaces texts `cid:…` and attributes `href="cid:…"` by the parts they name, in place.

        `covered` is False where a signature was required, which is then over the envelope and not over the parts.
        Raises RemoteGarbage.
        """
        for element in list(body.iter(etree.Element)):
            if len(element):
                continue
            text = (element.text or "").strip()
            reference = text or element.get("href", "")
            if not reference.startswith("cid:"):
                continue
            if not covered:
                raise RemoteGarbage(f"{self._what} names an attachment, which its signature does not cover.")
            element.text = self._base64(reference)
            if not text:
                del element.attrib["href"]

    def _base64(self, reference: str) -> str:
        scheme, colon, name = reference.partition(":")
        if not colon or scheme.lower() != "cid":
            raise RemoteGarbage(f"{self._what} points outside of itself for an attachment; nothing is fetched.")
        part = self._parts.get(unquote(name))
        if part is None:
            raise RemoteGarbage(f"{self._what} names an attachment that is not there.")
        self._budget -= len(part.content)
        if self._budget < 0:
            raise RemoteGarbage(f"{self._what} repeats its attachments beyond what max_reply_bytes allows.")
        return base64.b64encode(part.content).decode("ascii")


def binary_values(values: Any) -> Iterator[bytes]:
    """The values of an operation's input that are worth a part of their own."""
    if isinstance(values, bytes | bytearray):
        if len(values) >= _SMALLEST:
            yield bytes(values)
    elif isinstance(values, Mapping):
        for value in values.values():
            yield from binary_values(value)
    elif isinstance(values, list | tuple):
        for value in values:
            yield from binary_values(value)


def take_out(body: etree._Element, values: Iterable[bytes]) -> dict[str, tuple[str, bytes]]:
    """Replaces the base64 of `values` in `body` by xop:Include; media type and content by Content-ID."""
    wanted = {base64.b64encode(value).decode("ascii"): value for value in values}
    parts: dict[str, tuple[str, bytes]] = {}
    for element in list(body.iter(etree.Element)) if wanted else ():
        content = wanted.get(element.text or "") if not len(element) else None
        if content is not None:
            name = new_name()
            parts[name] = (_BINARY, content)
            element.text = None
            etree.SubElement(element, INCLUDE, nsmap={"xop": XOP}).set("href", f"cid:{quote(name, safe='@')}")
    return parts


def attach(value: bytes, parts: dict[str, tuple[str, bytes]]) -> str:
    """Adds a part to `parts`; what to write where it is referred to."""
    name = new_name()
    parts[name] = (_BINARY, value)
    return f"cid:{name}"


def new_name() -> str:
    return f"{uuid4().hex}@munihub"
