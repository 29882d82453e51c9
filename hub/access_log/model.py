"""Who looked at whose data, what at, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID


class ActorKind(StrEnum):
    STAFF = "staff"  # somebody who works for the town
    SUBJECT = "subject"  # another person or legal entity, acting for the one it is about
    MACHINE = "machine"  # a program of others, by its client credentials
    PROGRAM = "program"  # a program of ours, run by an operator of the installation


@dataclass(frozen=True, slots=True)
class Actor:
    """Who reads.

    `id` is the staff id, the subject id, the client's name in the town's configuration, or the account an operator is
    logged in with on the machine. A subject is kept by pseudonym, a staff id as `stf_…`.
    `role`: of staff, the role used; of a program, its name. `department`: of a role for one department.
    """

    kind: ActorKind
    id: UUID | str
    role: str | None = None
    department: str | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One read.

    `subject` and the `actor` of another subject are pseudonyms; `subject_id` and `actor_id` are who that is, for
    whoever may see it and as long as it is known: None after an erasure, and for a citizen the actor always.
    `what` is an operation (hub.authorisation) or a command, `why` the case, role, mandate or reason in words.
    """

    entry_id: UUID
    at: datetime
    subject: UUID | None
    subject_id: UUID | None
    actor_kind: ActorKind
    actor_id: UUID | None
    actor: str
    role: str | None
    department: str | None
    what: str
    why: str
