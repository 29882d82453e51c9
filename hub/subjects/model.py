"""What a subject is, how an alias is proven, and what a registry may tell about a subject."""

from __future__ import annotations

from enum import StrEnum

from hub.mapping.model import Field, Kind, Target


class SubjectKind(StrEnum):
    PERSON = "person"
    ENTITY = "entity"  # a legal entity


class Proof(StrEnum):
    """Why we believe that an identifier belongs to a subject. There is no proof by name or birth date."""

    REGISTRY = "registry"  # a register of persons configured as authoritative says so
    EID = "eid"  # the national eID asserted it at login
    CLERK = "clerk"  # a clerk saw a document
    CLAIM = "claim"  # whoever wrote the number also wrote the code that was sent with it on paper
    DEVELOPMENT = "development"  # `munihub token`; refused in a live town


TARGET = Target(
    name="subject",
    roles=("self",),
    fields={
        "kind": Field(Kind.CHOICE, "A person or a legal entity.", required=True, choices=tuple(SubjectKind)),
        "name": Field(Kind.TEXT, "The full name as the register writes it.", required=True),
    },
)
