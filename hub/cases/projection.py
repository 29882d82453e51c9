"""Cases as back offices tell them: records in, rows out."""

from __future__ import annotations

from hub.cases.model import TARGET
from hub.mapping.model import Record
from hub.ports.projection import Source
from hub.storage.projected import ProjectedTable, Row
from hub.subjects.projected import RecordProjection

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


class CaseProjection(RecordProjection):
    """See hub.ports.projection.Projection."""

    target = TARGET
    noun = "case"
    table = _TABLE

    def refusal(self, record: Record, source: Source) -> tuple[str, str] | None:
        department = None if record.removed else record.values.get("department")
        if department is not None and department not in source.departments:
            return "department", f"the town has no department {department!r}"
        return None

    def row(self, record: Record, source: Source) -> Row:
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
