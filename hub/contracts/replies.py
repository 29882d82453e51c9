"""Replies as they came, looked at as records whatever a schema or a mapping thinks of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from lxml import etree

from hub.kernel.errors import HubError
from hub.kit import xml
from hub.kit.exchanges import Exchange

_ENVELOPES = ("http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope")
_XSI = "{http://www.w3.org/2001/XMLSchema-instance}"
_CHARSET = re.compile(r"charset\s*=\s*\"?([\w.:-]+)", re.IGNORECASE)


def document_of(exchange: Exchange) -> Any:
    """The JSON value, the XML root, or of an envelope the first child of its Body; None for anything else."""
    return read_document(exchange.content, exchange.reply_headers.get("content-type", ""))


def read_document(content: bytes, media_type: str) -> Any:
    start = content[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    try:
        if start in (b"{", b"["):
            return json.loads(content, parse_float=Decimal)
        if start != b"<":
            return None
        charset = _CHARSET.search(media_type)
        root = xml.parse(content, max_bytes=len(content) + 1, charset=charset[1] if charset else None)
    except (HubError, ValueError, RecursionError):
        return None
    tag = etree.QName(root)
    if tag.localname == "Envelope" and tag.namespace in _ENVELOPES:
        body = root.find(f"{{{tag.namespace}}}Body")
        return next(body.iterchildren(etree.Element), None) if body is not None else None
    return root


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str | None]]:
    """Every place that holds a value, dotted, with its text; None where it is null or nil."""
    if etree.iselement(value):
        yield from _xml_leaves(value, path)
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner, path)
    else:
        yield path, _text(value)


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return str(value).lower() if isinstance(value, bool) else str(value)


def _xml_leaves(element: etree._Element, path: str) -> Iterator[tuple[str, str | None]]:
    for name, text in element.attrib.items():
        if not str(name).startswith(_XSI):
            yield (f"{path}.@{_local(name)}" if path else f"@{_local(name)}"), str(text)
    children = list(element.iterchildren(etree.Element))
    for child in children:
        yield from _xml_leaves(child, f"{path}.{_local(child.tag)}" if path else _local(child.tag))
    if not children and path:
        nil = element.get(f"{_XSI}nil") in ("true", "1")
        yield path, None if nil else (element.text or "").strip()


def _local(name: Any) -> str:
    return etree.QName(name).localname


def below(document: Any, path: str) -> list[Any]:
    """The elements or values at a dotted path, lists taken apart."""
    found = [document]
    for step in path.split(".") if path else ():
        found = [inner for value in found for inner in _children(value, step)]
    return [inner for value in found for inner in (value if isinstance(value, list) else [value])]


def _children(value: Any, step: str) -> list[Any]:
    if etree.iselement(value):
        return [child for child in value.iterchildren(etree.Element) if _local(child.tag) == step]
    if isinstance(value, list):
        return [inner for item in value for inner in _children(item, step)]
    return [value[step]] if isinstance(value, dict) and value.get(step) is not None else []


# ── Forms ────────────────────────────────────────────────────────────────────────────────────────

_FORMS = (
    ("true or false", re.compile(r"true|false")),
    ("a whole number", re.compile(r"-?\d+")),
    ("a date like 2026-12-31", re.compile(r"\d{4}-\d\d-\d\d")),
    (
        "a moment like 2026-12-31T08:00:00",
        re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?"),
    ),
    ("a date like 31.12.2026", re.compile(r"\d{1,2}\. ?\d{1,2}\. ?\d{4}\.?")),
    ("a moment like 31.12.2026 08:00:00", re.compile(r"\d{1,2}\. ?\d{1,2}\. ?\d{4}\.? \d\d:\d\d(:\d\d)?")),
    ("a date like 31/12/2026", re.compile(r"\d{1,2}/\d{1,2}/\d{4}")),
    ("an amount like 1250.00", re.compile(r"-?\d+\.\d+")),
    ("an amount like 1.250,00", re.compile(r"-?\d{1,3}([. \u00a0]?\d{3})*,\d+")),
    ("an amount like 1,250.00", re.compile(r"-?\d{1,3}(,\d{3})+\.\d+")),
)  # fmt: skip


def form_of(text: str) -> str:
    """How a value is written, without what it says."""
    for name, pattern in _FORMS:
        if pattern.fullmatch(text):
            return name
    return "words"


@dataclass(slots=True)
class Place:
    """What was seen at one path: `times` in how many records, and the forms of its values."""

    times: int = 0
    forms: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Shape:
    """The places of some records, by path from the record."""

    records: int = 0
    places: dict[str, Place] = field(default_factory=dict)

    def add(self, record: Any) -> None:
        self.records += 1
        seen: set[str] = set()
        for path, text in leaves(record):
            place = self.places.setdefault(path, Place())
            if path not in seen:
                place.times += 1
                seen.add(path)
            if text:
                place.forms.add(form_of(text))

    def under(self, path: str) -> bool:
        """Whether this place, or one below it, was seen."""
        return any(place == path or place.startswith(f"{path}.") for place in self.places)
