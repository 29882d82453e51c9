"""Cases as back offices tell them: records in, rows out."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from hub.cases.model import TARGET
from hub.mapping.model import Record
from hub.ports.projection import Source
from hub.storage.database import Connection
from hub.storage.projected import Origin, ProjectedTable, Row, newest_of_each
from hub.storage.vault import TownKeys
from hub.subjects import parties

_TABLE = ProjectedTable(
    "cases",
    "case_id",
    "case",
    {
        "title": "jsonb",
        "kind": "text",
        "status": "text",
        "office_status": "jsonb",
        "number": "jsonb",
        "department": "text",
        "opened_on": "date",
        "due_on": "date",
        "closed_on": "date",
        "source_changed_at": "timestamptz",
        "result": "jsonb",
        "events": "jsonb",
    },
)


class CaseProjection:
    """See hub.ports.projection.Projection."""

    target = TARGET

    def refusal(self, record: Record, source: Source) -> tuple[str, str] | None:
        department = None if record.removed else record.values.get("department")
        if department is not None and department not in source.departments:
            return "department", f"the town has no department {department!r}"
        return None

    async def apply(
        self, connection: Connection, keys: TownKeys, source: Source, records: Sequence[Record]
    ) -> set[str]:
        origin = Origin(source.city_id, source.back_office, source.feed, source.as_of, source.asked)
        # By key, so that two answers that name the same records wait for each other in the same order.
        ordered = sorted(records, key=lambda one: one.key)
        present = {one.key: one for one in newest_of_each([one for one in ordered if not one.removed])}
        gone = newest_of_each([one for one in ordered if one.removed])
        changed = await _TABLE.bury(connection, origin, gone) if gone else set()
        if not present:
            return changed
        stored = await _TABLE.upsert(connection, origin, [_row(record, source) for record in present.values()])
        won = {record_id: present[key].parties for key, (record_id, _) in stored.items()}
        if won:
            await parties.replace(connection, keys, "case", won)
        return changed | {key for key, (_, different) in stored.items() if different}

    async def bury_absent(
        self, connection: Connection, source: Source, identifier_id: UUID, present: Sequence[str]
    ) -> int:
        origin = Origin(source.city_id, source.back_office, source.feed, source.as_of, source.asked)
        return len(await _TABLE.bury_absent(connection, origin, identifier_id, present))


def _row(record: Record, source: Source) -> Row:
    values = record.values
    return Row(
        record,
        {
            "title": values["title"],
            "kind": values.get("kind"),
            "status": values["status"],
            "office_status": values.get("office_status"),
            "number": [reference._asdict() for reference in values.get("numbers") or ()],
            "department": values.get("department") or source.department,
            "opened_on": values.get("opened_on"),
            "due_on": values.get("due_on"),
            "closed_on": values.get("closed_on"),
            "source_changed_at": values.get("changed_at"),
            "result": values.get("result"),
            "events": sorted(values.get("events") or (), key=lambda event: event["at"]),
        },
        [values, record.parties],
    )
