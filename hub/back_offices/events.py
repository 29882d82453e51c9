"""What a pushed event means: its data, read by the mapping its type names, become records of a feed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from hub.back_offices import queries, records
from hub.back_offices.model import Event, Town
from hub.intake.cloudevents import UnreadableBody, read_envelope
from hub.intake.model import Fault, Message
from hub.mapping.model import Drift, Record
from hub.storage.database import Connection
from hub.storage.vault import TownKeys

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class EventInterpreter:
    """See hub.intake.model.Interpreter. One for a town."""

    def __init__(self, town: Town) -> None:
        self._town = town

    async def __call__(
        self, connection: Connection, keys: TownKeys, back_office: str, messages: Sequence[Message]
    ) -> dict[UUID, Fault | str]:
        outcomes: dict[UUID, Fault | str] = {}
        # Events of one type are stored together: one statement for a batch, in the order they came.
        groups: dict[tuple[str, datetime], list[tuple[Message, list[Record], list[Drift]]]] = defaultdict(list)
        events = self._town.back_offices[back_office].events
        for message in messages:
            read = _read(events, message)
            if isinstance(read, Fault):
                outcomes[message.message_id] = read
            elif isinstance(read, datetime):
                event = events[str(read_envelope(message.body)["type"])]
                await queries.declare_complete(connection, keys.city_id, back_office, event.feed.feed, read)
                outcomes[message.message_id] = "complete"
            else:
                kind, found, drift = read
                groups[kind, message.received_at].append((message, found, drift))
        for (kind, received_at), members in groups.items():
            feed = events[kind].feed
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
        return outcomes


def _read(events: Any, message: Message) -> Fault | datetime | tuple[str, list[Record], list[Drift]]:
    """The records in one message; for an event that says `complete`, its time; or why it cannot be read."""
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
        said_at = _time(envelope.get("time"), message.received_at)
    except (ValueError, OverflowError):
        return Fault("bad_time", f"time {str(envelope.get('time'))[:60]!r} is not RFC 3339", feed, "time")
    if event.mapping is None:
        return said_at or message.received_at
    if "data" not in envelope:
        return Fault("no_data", "the event has no data in JSON", feed, "data")
    mapped = event.mapping.map(envelope["data"])
    if mapped.problems:
        problem = mapped.problems[0]
        more = f" (and {len(mapped.problems) - 1} more)" if len(mapped.problems) > 1 else ""
        return Fault("unreadable_record", problem.reason + more, feed, problem.field, problem.path)
    if not mapped.records:
        return Fault("no_records", "the data hold no record where the mapping looks for them", feed, "data")
    if said_at is None and any(record.version is None for record in mapped.records):
        return Fault(
            "no_version",
            "without a version in the data or a time on the event, its order cannot be known",
            feed,
            "time",
        )
    return kind, [_ordered(record, said_at) for record in mapped.records], mapped.drift


def _ordered(record: Record, said_at: datetime | None) -> Record:
    """Pushed events arrive in any order; where the data carry no version the event's time is one."""
    if said_at is None:
        return record
    if record.version is None:
        return replace(record, version=(said_at - _EPOCH) // (_EPOCH.resolution), said_at=said_at)
    return replace(record, said_at=said_at)


def _time(value: Any, received_at: datetime) -> datetime | None:
    """The event's own time; a clock that runs ahead of ours is not believed beyond the moment of receipt."""
    if value is None:
        return None
    time = datetime.fromisoformat(str(value))
    if time.tzinfo is None:
        raise ValueError("a time needs a zone")
    return min(time.astimezone(UTC), received_at)
