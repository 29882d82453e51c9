"""What a pushed event means: its data, read by the mapping its type names, become records of a feed."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from hub.back_offices import pushed_items, queries, records, refusals
from hub.back_offices.model import BackOffice, Event, Town
from hub.back_offices.pushed_items import Read
from hub.intake import soap_call
from hub.intake.cloudevents import UnreadableBody, read_envelope
from hub.intake.model import Fault, Message
from hub.kernel.errors import RemoteGarbage
from hub.kit import xml
from hub.mapping.model import Drift, Mapped, Record
from hub.storage.database import Connection
from hub.storage.vault import TownKeys

_AT_ONCE = 20
"""Messages that are read one after the other before others have their turn."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_AHEAD = timedelta(minutes=5)
"""How far a source's clock may run ahead of ours where its time alone says what is newer."""


class EventInterpreter:
    """See hub.intake.model.Interpreter. One for a town."""

    def __init__(self, town: Town) -> None:
        self._town = town

    async def __call__(
        self, connection: Connection, keys: TownKeys, back_office: str, messages: Sequence[Message]
    ) -> dict[UUID, Fault | str]:
        outcomes: dict[UUID, Fault | str] = {}
        complete: list[tuple[str, datetime]] = []
        # Messages about one feed are stored together: one statement for a batch, in the order they came.
        groups: dict[tuple[str, datetime], list[tuple[Message, list[Record], list[Drift]]]] = defaultdict(list)
        office = self._town.back_offices[back_office]
        for number, message in enumerate(messages):
            if number % _AT_ONCE == 0:
                # To read is pure computation: whoever else is ready has a turn in between.
                await asyncio.sleep(0)
            read = await self._read(office, message)
            if isinstance(read, Fault):
                outcomes[message.message_id] = read
            elif read.complete is not None:
                complete.append((read.feed, read.complete))
                outcomes[message.message_id] = "complete"
            else:
                groups[read.feed, message.received_at].append((message, read.records, read.drift))
        for (name, received_at), members in groups.items():
            feed = office.feeds[name]
            stored = await records.store(
                connection,
                keys,
                feed,
                feed.source(received_at, asked=False),
                [record for _, found, _ in members for record in found],
                [one for _, _, drift in members for one in drift],
            )
            refused = {id(record): fault for record, fault in stored.refused}
            for message, found, _ in members:
                faults = [refused[id(record)] for record in found if id(record) in refused]
                applied = any(record.key in stored.changed for record in found)
                outcomes[message.message_id] = faults[0] if faults else ("applied" if applied else "unchanged")
        faulty = {outcome.feed for outcome in outcomes.values() if isinstance(outcome, Fault)}
        for name, at in complete:
            await queries.declare_complete(connection, keys.city_id, back_office, name, at, refused=name in faulty)
        return outcomes

    async def _read(self, office: BackOffice, message: Message) -> Fault | Read:
        if message.media_type == soap_call.MEDIA_TYPE:
            # Bindings take their time, so they do it beside the loop.
            return await asyncio.to_thread(pushed_items.read, office, message)
        return _read(office.events, message)


def _read(events: Mapping[str, Event], message: Message) -> Fault | Read:
    """The records in one event; for one that says `complete`, its time; or why it cannot be read."""
    try:
        envelope = read_envelope(message.body)
    except UnreadableBody as fault:
        return Fault("unreadable_body", str(fault))
    kind = str(envelope.get("type"))
    event: Event | None = events.get(kind)
    if event is None:
        known = ", ".join(sorted(events)) or "none"
        return Fault("unknown_event_type", f"{kind!r} is not configured; configured are: {known}", field="type")
    feed = event.feed.feed
    try:
        time = _time(envelope.get("time"))
    except (ValueError, OverflowError):
        return Fault("bad_time", f"time {str(envelope.get('time'))[:60]!r} is not RFC 3339", feed, "time")
    # A clock that runs ahead of ours is not believed beyond the moment of receipt.
    said_at = None if time is None else min(time, message.received_at)
    if event.mapping is None:
        return Read(feed, complete=said_at or message.received_at)
    try:
        mapped = event.mapping.map(data_of(envelope))
    except (UnreadableBody, RemoteGarbage) as fault:
        return Fault("no_data", str(fault), feed, "data")
    why_not = _fault_in(mapped, feed, time, message.received_at)
    return why_not or Read(feed, [_ordered(record, time, said_at) for record in mapped.records], mapped.drift)


def data_of(envelope: Mapping[str, Any]) -> Any:
    """The document an event is about, in JSON or as the root of an XML text. Raises UnreadableBody, RemoteGarbage."""
    if "data" not in envelope:
        raise UnreadableBody("the event has no data in JSON")
    data, media_type = envelope["data"], str(envelope.get("datacontenttype") or "").partition(";")[0].strip().lower()
    if isinstance(data, str) and (media_type in {"application/xml", "text/xml"} or media_type.endswith("+xml")):
        return xml.parse(data.encode(), what="data", charset="utf-8")
    return data


def _fault_in(mapped: Mapped, feed: str, time: datetime | None, received_at: datetime) -> Fault | None:
    """Why the records of an event cannot be used."""
    if mapped.problems:
        return refusals.unreadable_record(feed, mapped.problems)
    if not mapped.records:
        return Fault("no_records", "the data hold no record where the mapping looks for them", feed, "data")
    if all(record.version is not None for record in mapped.records):
        return None
    if time is None:
        detail = "without a version in the data or a time on the event, its order cannot be known"
        return Fault("no_version", detail, feed, "time")
    if time > received_at + _AHEAD:
        said = time.isoformat(timespec="seconds")
        detail = f"{said} is to come, and with no version in the data it would outdo all that follows"
        return Fault("future_time", detail, feed, "time")
    return None


def _ordered(record: Record, time: datetime | None, said_at: datetime | None) -> Record:
    """Pushed events arrive in any order; where the data carry no version the event's time is one."""
    if time is not None and record.version is None:
        record = replace(record, version=(time - _EPOCH) // _EPOCH.resolution)
    return replace(record, said_at=said_at)


def _time(value: Any) -> datetime | None:
    """The event's own time, in UTC. Raises ValueError or OverflowError for what is none."""
    if value is None:
        return None
    time = datetime.fromisoformat(str(value))
    if time.tzinfo is None:
        raise ValueError("a time needs a zone")
    return time.astimezone(UTC)
