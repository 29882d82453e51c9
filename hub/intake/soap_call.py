"""A call at the SOAP push door, cut into single messages: one for each item, in the bytes it is written with."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from lxml import etree

from hub.intake.cloudevents import Piece, UnreadableBody, digest_id
from hub.intake.soap_contract import NAMESPACE, Misfit, misfits
from hub.kernel.errors import RemoteGarbage
from hub.kit import xml

MEDIA_TYPE = "application/vnd.munihub.push+xml"
"""Of a kept item: an element of the contract."""

SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"

_UNDERSTOOD = frozenset({
    "http://www.w3.org/2005/08/addressing", "http://schemas.xmlsoap.org/ws/2004/08/addressing",
})  # fmt: skip
"""Headers that may insist on being understood: of WS-Addressing nothing follows here that HTTP does not say already."""


_MOST_NAMES = 50
_CROWDED = f"an element has more than {_MOST_NAMES} attributes or namespaces"


class NotUnderstood(Exception):
    """A header insists on being understood (SOAP 1.1 §4.2.3, SOAP 1.2 part 1 §5.2.3), and is not."""


class OtherVersion(Exception):
    """The envelope is of no version of SOAP we speak (SOAP 1.1 §4.4.1 VersionMismatch)."""


@dataclass(frozen=True, slots=True)
class Item:
    """One item of a call. `misfits` is empty where it keeps the contract; its piece then has no fault."""

    id: str | None
    piece: Piece
    misfits: tuple[Misfit, ...]
    line: int = 1


def version_of(root: etree._Element) -> str:
    """The namespace of the envelope. Raises OtherVersion and UnreadableBody."""
    name = etree.QName(root)
    if name.localname != "Envelope":
        raise UnreadableBody(f"the call is no SOAP envelope: its root is {name.localname!r}")
    if name.namespace not in {SOAP_11, SOAP_12}:
        raise OtherVersion
    return str(name.namespace)


def parse(body: bytes, charset: str | None, largest: int) -> etree._Element:
    """The root of a call. Raises UnreadableBody, whose text quotes nothing of it."""
    try:
        return xml.parse(body, max_bytes=largest, what="call", charset=charset)
    except RemoteGarbage as error:
        raise UnreadableBody(str(error).rstrip(".")) from None


def items_of(root: etree._Element, version: str) -> list[Item]:
    """The items of a call, in order. Raises NotUnderstood, and UnreadableBody where there is no `push` in it."""
    if _crowded(root):
        raise UnreadableBody(_CROWDED)
    soap = f"{{{version}}}"
    for header in root.iterfind(f"{soap}Header/*"):
        insists = header.get(f"{soap}mustUnderstand") in {"1", "true"}
        if insists and etree.QName(header).namespace not in _UNDERSTOOD:
            raise NotUnderstood(etree.QName(header).localname)
    bodies = root.findall(f"{soap}Body")
    if len(bodies) != 1:
        raise UnreadableBody("the envelope has no Body, or several")
    calls = list(bodies[0].iterchildren(etree.Element))
    if len(calls) != 1 or calls[0].tag != f"{{{NAMESPACE}}}push":
        raise UnreadableBody(f"the Body holds one element, push in the namespace {NAMESPACE}")
    items = list(calls[0].iterchildren(etree.Element))
    if not 1 <= len(items) <= 1000:
        raise UnreadableBody(f"a call has 1 to 1000 items; this one has {len(items)}")
    return [_item(one) for one in items]


def kept_item(body: bytes) -> Item:
    """One item that stands alone, as it is kept or somebody has corrected it. Raises UnreadableBody."""
    root = parse(body, "utf-8", len(body))
    if _crowded(root):
        raise UnreadableBody(_CROWDED)
    return _item(root)


def id_used(item: Item) -> Misfit:
    """What is wrong with an item that keeps the contract, and whose id came before with other content."""
    return Misfit("id", "@id", item.line, "it came before with other content", "an id of its own for whatever is new")


def _crowded(root: etree._Element) -> bool:
    """Whether an element has so many attributes or namespaces that comparing them with each other takes minutes."""
    events: Any = etree.iterwalk(root, events=("start-ns", "start"))
    many = 0
    for event, found in events:
        if event == "start-ns":
            many += 1
        elif many > _MOST_NAMES or len(found.attrib) > _MOST_NAMES:
            return True
        else:
            many = 0
    return False


def _item(element: etree._Element) -> Item:
    alone = deepcopy(element)
    # Names of the envelope are no part of it: the same item in another envelope is the same bytes.
    etree.cleanup_namespaces(alone)
    body = etree.tostring(alone, encoding="utf-8", with_tail=False)
    wrong = tuple(misfits(element))
    given = element.get("id")
    line: Any = element.sourceline
    if wrong:
        return Item(given, Piece(digest_id(body), body, MEDIA_TYPE, str(wrong[0])), wrong)
    # In front of it what no source of a CloudEvent can begin with: ids of two doors are never taken for each other.
    return Item(given, Piece(f"soap> {given}", body, MEDIA_TYPE), (), line or 1)
