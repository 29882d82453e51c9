"""What can be made of a message nobody could apply: field by field, for whoever has to find out why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import orjson
from lxml import etree

from hub.back_offices.events import data_of
from hub.back_offices.model import BackOffice, Town
from hub.intake import soap_call, soap_contract
from hub.intake.cloudevents import UnreadableBody, read_envelope
from hub.intake.dead_letters import DeadLetter
from hub.kernel.errors import RemoteGarbage
from hub.kit import xml
from hub.mapping.explain import explain
from hub.mapping.mapping import Mapping


@dataclass(frozen=True, slots=True)
class Place:
    """One field: where it was looked for, what stands there, what it became or why it became nothing."""

    field: str
    path: str
    found: str | None
    value: Any
    error: str | None


@dataclass(frozen=True, slots=True)
class Inspection:
    """`read_by` is the mapping file or `the contract of the SOAP door`; None, with a reason, where nothing reads it."""

    read_by: str | None
    because: str | None
    places: Sequence[Place] = ()


def inspect(town: Town, letter: DeadLetter, body: bytes) -> Inspection:
    """What the present configuration makes of `body`, the letter's own or a corrected copy. Raises nothing."""
    office = town.back_offices.get(letter.back_office)
    if office is None:
        return Inspection(None, f"the town has no back office {letter.back_office!r} any more")
    if letter.reason == "broken_file":
        return Inspection(None, "it is a line of a file that could not be cut into records")
    try:
        if letter.media_type == soap_call.MEDIA_TYPE:
            return _item(body)
        if letter.origin == "pull":
            return _record(office, letter, body)
        return _event(office, body)
    except (UnreadableBody, RemoteGarbage) as error:
        return Inspection(None, str(error))
    except Exception as error:  # noqa: BLE001 - what is looked at here has broken something before
        return Inspection(None, f"it cannot be looked at either: {type(error).__name__}")


def _event(office: BackOffice, body: bytes) -> Inspection:
    envelope = read_envelope(body)
    event = office.events.get(str(envelope.get("type")))
    if event is None:
        return Inspection(None, f"the event type {str(envelope.get('type'))[:100]!r} is not configured")
    if event.mapping is None:
        return Inspection(None, "an event of this type only says that everything was sent")
    return _explained(event.mapping, data_of(envelope))


def _record(office: BackOffice, letter: DeadLetter, body: bytes) -> Inspection:
    feed = office.feeds.get(letter.feed or "")
    if feed is None or feed.mapping is None:
        return Inspection(None, f"the back office has no feed {letter.feed!r} that is read")
    mapping = feed.mapping
    # The letter holds the record alone: it is the document, and not somewhere in it.
    alone = replace(mapping, xml=replace(mapping.xml, records=()), json=replace(mapping.json, records=()))
    is_xml = letter.media_type == "application/xml"
    return _explained(alone, xml.parse(body, what="record", charset="utf-8") if is_xml else orjson.loads(body))


def _explained(mapping: Mapping, document: Any) -> Inspection:
    found = explain(mapping, document)
    places = [Place(one.field, one.path, one.raw, one.value, one.error or one.drift) for one in found.rows]
    return Inspection(mapping.file.name, None, places)


def _item(body: bytes) -> Inspection:
    root = xml.parse(body, what="item", charset="utf-8")
    wrong = {one.place: one for one in soap_contract.misfits(root)}
    places = [Place(one.field, one.place, None, None, f"{one.reason}: write {one.write}") for one in wrong.values()]
    for element in root.iter(etree.Element):
        if not len(element) and element is not root:
            name = etree.QName(element).localname
            places.append(Place(name, name, element.text, element.text, None))
    return Inspection("the contract of the SOAP door", None, places)
