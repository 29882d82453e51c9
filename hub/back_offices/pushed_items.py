"""Items of the SOAP push door, which come in the hub's own words: from the generated bindings to records.

The contract (hub/intake/push.xsd) says what a record may hold; `RECORD_OF` beside it says where each value goes. A test
compares both with the targets of the nouns.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import cache
from threading import Lock
from typing import Any

from lxml import etree

from hub.back_offices.model import BackOffice, Feed
from hub.intake import soap_contract
from hub.intake.model import Fault, Message
from hub.kernel.errors import RemoteGarbage
from hub.kernel.money import Money, NotExact
from hub.kernel.references import Reference
from hub.kit import identifiers, xml
from hub.mapping.model import Drift, PartyRef, Record

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(minutes=5)
"""How far a source's clock may run ahead of ours: what is dated later would outdo all that follows."""

# The generated code keeps what it is building in places of the module's own.
_one_at_a_time = Lock()


@dataclass(frozen=True, slots=True)
class Read:
    """What a message says about a feed: its records, or that everything up to `complete` has been sent."""

    feed: str
    records: list[Record] = field(default_factory=list)
    drift: list[Drift] = field(default_factory=list)
    complete: datetime | None = None


def read(office: BackOffice, message: Message) -> Fault | Read:
    """The record in one item, or why it cannot be used. Raises nothing."""
    try:
        root = xml.parse(message.body, what="item", charset="utf-8")
    except RemoteGarbage as error:
        return Fault("unreadable_body", str(error))
    if wrong := soap_contract.misfits(root):
        first = wrong[0]
        more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        return Fault("breaks_contract", f"{first.reason}: write {first.write}{more}", None, first.field, first.place)
    try:
        with _one_at_a_time:
            item = _bindings().CreateFromDocument(etree.tostring(root))
    except (ValueError, OverflowError, _bindings().pyxb.PyXBException):
        # Not its text: it quotes the value.
        return Fault("unreadable_record", "a value that the contract allows cannot be read, such as the hour 24")
    kind = etree.QName(root).localname
    noun = str(item.of) if kind in {"removal", "complete"} else kind
    feed = _feed_of(office, noun, None if item.feed is None else str(item.feed))
    if isinstance(feed, Fault):
        return feed
    if kind == "complete":
        return Read(feed.feed, complete=min(_moment(item.at), message.received_at))
    try:
        record = _record(item, kind, removed=kind == "removal")
    except _Wrong as wrong_value:
        return Fault("unreadable_record", wrong_value.reason, feed.feed, wrong_value.field, wrong_value.field)
    said_at = _moment(item.changedAt)
    if said_at > message.received_at + _AHEAD:
        detail = f"{said_at.isoformat(timespec='seconds')} is to come, and would outdo all that follows"
        return Fault("future_time", detail, feed.feed, "changedAt", "changedAt")
    record.said_at = min(said_at, message.received_at)
    return Read(feed.feed, [record])


def _feed_of(office: BackOffice, noun: str, named: str | None) -> Feed | Fault:
    """Where records of a noun go: the feed that takes them, which the item names where there are several."""
    push = office.configuration.push
    takers = [name for name, takes in (push.soap if push else {}).items() if takes == noun]
    if named is not None:
        takers = [name for name in takers if name == named]
    if len(takers) == 1:
        return office.feeds[takers[0]]
    if named is not None:
        return Fault("unknown_feed", f"no feed {named!r} takes {noun} records (push.soap)", None, "feed", "@feed")
    if takers:
        detail = f"several feeds take {noun} records: name one of {', '.join(takers)}"
        return Fault("unknown_feed", detail, None, "feed", "@feed")
    return Fault("unknown_feed", f"no feed of this back office takes {noun} records (push.soap)", None, "feed")


class _Wrong(Exception):
    """A value that the contract allows and the hub cannot use."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(field)
        self.field, self.reason = field, reason


def _record(item: Any, kind: str, *, removed: bool) -> Record:
    version = (_moment(item.changedAt) - _EPOCH) // _EPOCH.resolution
    if removed:
        return Record(str(item.key), version, (), {}, removed=True)
    parties = tuple(dict.fromkeys(_party(one) for one in item.party))
    values = {name: _value(name, read, getattr(item, element)) for name, (element, read) in RECORD_OF[kind].items()}
    return Record(str(item.key), version, parties, values)


def _value(name: str, read: Callable[[Any], Any], found: Any) -> Any:
    try:
        return None if found is None else read(found)
    except (NotExact, ValueError) as error:
        raise _Wrong(name, str(error)) from None


def _party(found: Any) -> PartyRef:
    scheme = str(found.scheme)
    try:
        value = identifiers.normalise(scheme, str(found.value()))
    except ValueError as error:
        raise _Wrong("party", str(error)) from None
    return PartyRef(str(found.role), scheme, value)


def _moment(found: Any) -> datetime:
    aware: datetime = found.astimezone(UTC)
    return datetime(*aware.timetuple()[:6], aware.microsecond, tzinfo=UTC)


def _day(found: Any) -> date:
    return date(found.year, found.month, found.day)


def _money(found: Any) -> Money:
    return Money.from_decimal(Decimal(str(found.value())), str(found.currency))


def _localised(found: Iterable[Any]) -> dict[str, str] | None:
    return {str(one.lang): str(one.value()) for one in found} or None


def _references(found: Iterable[Any]) -> tuple[Reference, ...]:
    return tuple(Reference(str(one.scheme), str(one.value())) for one in found)


def _texts(found: Iterable[Any]) -> tuple[str, ...]:
    return tuple(map(str, found))


def _instalments(found: Iterable[Any]) -> tuple[dict[str, Any], ...]:
    return tuple(_part(one, _INSTALMENT) for one in found)


def _events(found: Iterable[Any]) -> tuple[dict[str, Any], ...]:
    return tuple(_part(one, _EVENT) for one in found)


def _part(found: Any, fields: Mapping[str, tuple[str, Callable[[Any], Any]]]) -> dict[str, Any]:
    return {name: _value(name, read, getattr(found, element)) for name, (element, read) in fields.items()}


_INSTALMENT: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "number": ("number", int),
    "due_on": ("dueOn", _day),
    "amount": ("amount", _money),
    "outstanding": ("outstanding", _money),
    "references": ("reference", _references),
}
_EVENT: Mapping[str, tuple[str, Callable[[Any], Any]]] = {
    "at": ("at", _moment),
    "text": ("text", _localised),
    "status": ("status", str),
}

RECORD_OF: Mapping[str, Mapping[str, tuple[str, Callable[[Any], Any]]]] = {
    "obligation": {
        "kind": ("kind", str),
        "title": ("title", _localised),
        "original": ("original", _money),
        "outstanding": ("outstanding", _money),
        "interest": ("interest", _money),
        "issued_on": ("issuedOn", _day),
        "due_on": ("dueOn", _day),
        "year": ("year", int),
        "payee": ("payee", str),
        "department": ("department", str),
        "references": ("reference", _references),
        "document_number": ("documentNumber", str),
        "message": ("message", str),
        "cancelled": ("cancelled", bool),
        "counted_writes": ("countedWrite", _texts),
        "instalments": ("instalment", _instalments),
    },
    "case": {
        "title": ("title", _localised),
        "kind": ("kind", str),
        "status": ("status", str),
        "office_status": ("officeStatus", _localised),
        "numbers": ("number", _references),
        "department": ("department", str),
        "opened_on": ("openedOn", _day),
        "due_on": ("dueOn", _day),
        "closed_on": ("closedOn", _day),
        "changed_at": ("changedAt", _moment),
        "result": ("result", _localised),
        "events": ("event", _events),
    },
    "subject": {"kind": ("kind", str), "name": ("name", str)},
}
"""Field of a noun → element of the contract, and what makes the field's value of it."""


@cache
def _bindings() -> Any:
    # Its import takes a while and is needed only where somebody pushes by SOAP.
    import bindings.push as generated

    return generated
