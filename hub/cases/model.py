"""What a case is, and what a mapping may fill in."""

from __future__ import annotations

from enum import StrEnum

from hub.mapping.model import Field, Kind, Target


class PublicStatus(StrEnum):
    """The six words every matter of a citizen is told in; each says whose turn it is."""

    DRAFT = "draft"
    WAITING_FOR_OFFICE = "waiting_for_office"
    NEEDS_YOU = "needs_you"
    DECIDED = "decided"
    CLOSED = "closed"
    WITHDRAWN = "withdrawn"


TARGET = Target(
    name="case",
    roles=("applicant", "party", "representative", "parent"),
    fields={
        "title": Field(Kind.LOCALISED, "What the matter is about.", required=True),
        "kind": Field(Kind.TEXT, "The office's own type of matter."),
        "status": Field(Kind.CHOICE, "Whose turn it is, in six words.", required=True, choices=tuple(PublicStatus)),
        "office_status": Field(Kind.LOCALISED, "The office's own word for where it stands."),
        "numbers": Field(Kind.REFERENCES, "File numbers: KLASA and URBROJ, č.j. and sp. zn."),
        "department": Field(Kind.TEXT, "Id of a department in city.yaml."),
        "opened_on": Field(Kind.DATE, "When it was registered."),
        "due_on": Field(Kind.DATE, "Until when the office must decide."),
        "closed_on": Field(Kind.DATE, "When it ended."),
        "changed_at": Field(Kind.DATETIME, "When the office last changed it."),
        "result": Field(Kind.LOCALISED, "What was decided."),
        "events": Field(
            Kind.LIST,
            "What happened, oldest first.",
            fields={
                "at": Field(Kind.DATETIME, "When.", required=True),
                "text": Field(Kind.LOCALISED, "What happened, for the citizen.", required=True),
                "status": Field(Kind.CHOICE, "The public status from then on.", choices=tuple(PublicStatus)),
            },
        ),
    },
)
