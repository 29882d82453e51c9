"""The contract of the SOAP push door: its WSDL and XSD, and what in a message departs from them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any
from xml.sax.saxutils import quoteattr

from lxml import etree

from hub.kit import xml
from hub.kit.soap import violations

NAMESPACE = "urn:munihub:push:1"
ITEMS = ("obligation", "case", "subject", "removal", "complete")
XSD = Path(__file__).with_name("push.xsd")

_WSDL = Path(__file__).with_name("push.wsdl")
_XS = "{http://www.w3.org/2001/XMLSchema}"
_MOST = 20
_ONE_AT_A_TIME = Lock()
_EXPECTED = re.compile(r"Expected is(?: one of)? \( (?:\{[^}]*\})?(\w+)")
_MISSING = re.compile(r"The attribute '(\w+)' is required")

_FACET = re.compile(r"^\[facet '\w+'\] ")
_PATTERN = re.compile(r"The value is not accepted by the pattern '.*'$")


@dataclass(frozen=True, slots=True)
class Misfit:
    """One place where an item departs from the contract.

    `field` is the name of the element or attribute, `place` the way to it from the item (`instalment[2].dueOn`,
    `party.@scheme`), `line` counts in the document as received. `reason` is the schema's and quotes no value of the
    document; `write` says what belongs there.
    """

    field: str
    place: str
    line: int
    reason: str
    write: str

    def __str__(self) -> str:
        return f"{self.place} (line {self.line}): {self.reason}. Write {self.write}."


def xsd() -> bytes:
    return XSD.read_bytes()


def wsdl(address: str) -> bytes:
    """The WSDL of the door at `address`."""
    escaped = quoteattr(address)[1:-1]
    return _WSDL.read_text("utf-8").replace("ADDRESS", escaped).encode()


def misfits(item: etree._Element) -> list[Misfit]:
    """Where the item departs from the contract, at most 20 places; nothing where it keeps it."""
    schema = _schema()
    name = etree.QName(item)
    line: Any = item.sourceline
    if name.namespace != NAMESPACE or name.localname not in ITEMS:
        wanted = f"one of {', '.join(ITEMS)}, in the namespace {NAMESPACE}"
        return [Misfit(name.localname, name.localname, line or 1, "there is no such item", wanted)]
    # What a schema found wrong last it keeps for whoever asks, of all threads.
    with _ONE_AT_A_TIME:
        # A copy is checked: as part of a call the item is not the root that a schema looks at.
        if schema.validate(etree.ElementTree(item)):
            return []
        log = schema.error_log
    return [_misfit(name.localname, one) for one in violations.explain(item, log, _MOST)]


def _misfit(item: str, found: violations.Violation) -> Misfit:
    place, reason = found.path, found.reason
    # A schema points at what stands where something else is missing, and at the element whose attribute is.
    stands = re.sub(r"\[\d+\]", "", place)
    known = stands == item or (item, stands) in _words()
    if known and (expected := _EXPECTED.search(reason)):
        parent = place if "Missing child" in reason else place.rpartition(".")[0]
        parent = "" if parent == item else parent
        place = f"{parent}.{expected[1]}" if parent else expected[1]
        reason = "it is missing here, or something else stands in its place"
    elif missing := _MISSING.search(reason):
        place = f"@{missing[1]}" if place == item else f"{place}.@{missing[1]}"
        reason = "it is missing"
    field = place.rpartition(".")[2]
    reason = _PATTERN.sub("it is written in another way", _FACET.sub("", reason))
    plain = re.sub(r"\[\d+\]", "", place)
    write = _words().get((item, plain), "nothing here: the contract has no such place")
    return Misfit(re.sub(r"\[\d+\]|@", "", field), place, found.line, reason, write)


@cache
def _schema() -> etree.XMLSchema:
    return etree.XMLSchema(xml.parse(xsd(), what="contract"))


@cache
def _words() -> dict[tuple[str, str], str]:
    """What the contract's documentation says to write, by item and place."""
    root = xml.parse(xsd(), what="contract")
    return {
        (item, place): words for item in ITEMS for place, words in _described(root, _named(root, "element", item), "")
    }


def _described(root: etree._Element, node: etree._Element, at: str) -> Iterator[tuple[str, str]]:
    """Places below a node of the schema with their documentation; named types and groups are followed."""
    for named in (node.get("type"), node.get("base")):
        if named and ":" not in named and (kind := _find(root, "complexType", named)) is not None:
            yield from _described(root, kind, at)
    for child in node.iterchildren(etree.Element):
        tag = etree.QName(child).localname
        if tag in {"element", "attribute"}:
            name = f"@{child.get('name')}" if tag == "attribute" else str(child.get("name"))
            place = f"{at}.{name}" if at else name
            if words := child.findtext(f"{_XS}annotation/{_XS}documentation"):
                yield place, " ".join(words.split())
            yield from _described(root, child, place)
        elif (reference := child.get("ref")) is not None:
            yield from _described(root, _named(root, tag, reference), at)
        else:
            yield from _described(root, child, at)


def _find(root: etree._Element, tag: str, name: str) -> etree._Element | None:
    return next((one for one in root.iterchildren(f"{_XS}{tag}") if one.get("name") == name), None)


def _named(root: etree._Element, tag: str, name: str) -> etree._Element:
    found = _find(root, tag, name)
    assert found is not None, f"{tag} {name}"
    return found
