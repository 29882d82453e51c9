"""The two kinds of submission and their states.

Of both the inner states are those of every matter (hub.matters.model). A case that was opened goes on at the office, so
it waits there; an answer that has arrived is done, and what follows is told by its case.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from hub.cases.model import PublicStatus
from hub.matters.model import Kind, statuses

OPEN_CASE = Kind("open_case", "submission", statuses(registered=PublicStatus.WAITING_FOR_OFFICE))
ANSWER_CASE = Kind("answer_case", "submission", statuses(registered=PublicStatus.CLOSED))
KINDS = (OPEN_CASE, ANSWER_CASE)

LONGEST_TITLE = 200
LONGEST_TEXT = 10_000
MOST_DOCUMENTS = 20


@dataclass(frozen=True, slots=True)
class NewCase:
    """What a citizen writes to open a case; `documents` are ids of files she uploaded before, in her order."""

    title: str
    text: str
    documents: Sequence[UUID] = ()


@dataclass(frozen=True, slots=True)
class Answer:
    """What she writes on a case that is open."""

    text: str
    documents: Sequence[UUID] = ()
