"""Requests to be erased: the person asks, a clerk decides within a month, a job does it.

The town answers within one month of the request, which may be extended by two more where that is necessary; of an
extension and of a refusal the person is told the reason (GDPR art. 12(3) and (4)). A decision to erase is carried out
by a job, since the API's role may not delete anybody.
"""

from __future__ import annotations

import calendar
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from hub.cities.model import City
from hub.grants import ending
from hub.jobs.queue import enqueue
from hub.kernel.errors import Conflict, InvalidRequest, NotFound
from hub.kernel.ids import new_uuid
from hub.personal_data import erasure, person
from hub.personal_data.erasure import Report
from hub.storage.database import Connection

ERASE = "personal_data.erase"
"""Kind of the job; its payload names the request."""


class State(StrEnum):
    OPEN = "open"  # waits for a clerk
    GRANTED = "granted"  # waits for the job
    REFUSED = "refused"
    ERASED = "erased"


MOVES: Mapping[tuple[State, State], str] = {
    (State.OPEN, State.GRANTED): "a clerk grants it",
    (State.OPEN, State.REFUSED): "a clerk refuses it, with the reason",
    (State.GRANTED, State.ERASED): "the job has erased the person",
}
"""Every change of a request's state."""


class Decision(StrEnum):
    GRANT = "grant"
    REFUSE = "refuse"
    EXTEND = "extend"  # the request stays open, for two months more


@dataclass(frozen=True, slots=True)
class Request:
    """One request. `due_on` is the last day for an answer, in the town; `subject_id`, `words` and `reason` go
    with the person.
    """

    request_id: UUID
    subject_id: UUID | None
    words: str | None
    asked_at: datetime
    due_on: date
    extended_at: datetime | None
    state: State
    decided_at: datetime | None
    decided_by: str | None
    reason: str | None
    erased_at: datetime | None
    report: dict[str, Any] | None


_COLUMNS = """request_id, subject_id, words, asked_at, due_on, extended_at, state, decided_at, decided_by, reason,
              erased_at, report::text as report"""


async def ask(connection: Connection, city: City, subject_id: UUID, words: str | None, now: datetime) -> Request:
    """A request of this person; the one that waits already, where there is one. Within walls that show her."""
    asked_on = now.astimezone(city.timezone).date()
    await connection.execute(
        """insert into erasure_requests (city_id, request_id, subject_id, words, asked_at, due_on)
           values ($1, $2, $3, $4, $5, $6)
           on conflict (city_id, subject_id) where state in ('open', 'granted') do nothing""",
        city.id,
        new_uuid(),
        subject_id,
        words,
        now,
        months_later(asked_on, 1),
    )
    return (await asked(connection, city.id, subject_id))[0]


async def asked(connection: Connection, city_id: int, subject_id: UUID) -> list[Request]:
    """The requests of this person, latest first."""
    rows = await connection.fetch(
        f"""select {_COLUMNS} from erasure_requests where city_id = $1 and subject_id = $2
            order by request_id desc""",  # noqa: S608 - names of ours
        city_id,
        subject_id,
    )
    return [_request(row) for row in rows]


async def waiting(connection: Connection, city_id: int, *, limit: int = 100) -> list[Request]:
    """What a clerk must decide or the job must do, the soonest due first."""
    rows = await connection.fetch(
        f"""select {_COLUMNS} from erasure_requests where city_id = $1 and state in ('open', 'granted')
            order by due_on, request_id limit $2""",  # noqa: S608 - names of ours
        city_id,
        limit,
    )
    return [_request(row) for row in rows]


async def opened(connection: Connection, city_id: int, request_id: UUID, *, lock: bool = False) -> Request:
    """One request. Raises NotFound."""
    row = await connection.fetchrow(
        f"""select {_COLUMNS} from erasure_requests where city_id = $1 and request_id = $2
            {"for update" if lock else ""}""",  # noqa: S608 - names of ours
        city_id,
        request_id,
    )
    if row is None:
        raise NotFound("There is no such request to be erased.")
    return _request(row)


async def decide(
    connection: Connection,
    city: City,
    request_id: UUID,
    decision: Decision,
    *,
    reason: str | None,
    by: str,
    now: datetime,
) -> Request:
    """Decide an open request; a granted one is carried out by a job that is queued with it.

    Raises NotFound, Conflict where it is decided already (or extended once), InvalidRequest for a refusal or an
    extension without a reason, and for an extension after the month is over.
    """
    one = await opened(connection, city.id, request_id, lock=True)
    if decision is not Decision.GRANT and not (reason and reason.strip()):
        raise InvalidRequest("Say why: the person is told (GDPR art. 12(3) and (4)).", field="body.reason")
    if decision is Decision.EXTEND:
        return await _extend(connection, city, one, reason, now)
    new = State.GRANTED if decision is Decision.GRANT else State.REFUSED
    _move(one, new)
    await connection.execute(
        """update erasure_requests set state = $3, decided_at = $4, decided_by = $5, reason = coalesce($6, reason)
           where city_id = $1 and request_id = $2""",
        city.id,
        request_id,
        new,
        now,
        by,
        reason,
    )
    if new is State.GRANTED:
        await enqueue(
            connection,
            city_id=city.id,
            kind=ERASE,
            payload={"request": str(request_id)},
            dedupe=str(request_id),
        )
    return await opened(connection, city.id, request_id)


async def _extend(connection: Connection, city: City, one: Request, reason: str | None, now: datetime) -> Request:
    if one.state is not State.OPEN or one.extended_at is not None:
        raise Conflict("This request is decided already, or was extended before.")
    if now.astimezone(city.timezone).date() > one.due_on:
        raise InvalidRequest("The month in which it could be extended is over.", field="body.decision")
    asked_on = one.asked_at.astimezone(city.timezone).date()
    await connection.execute(
        """update erasure_requests set extended_at = $3, due_on = $4, reason = $5
           where city_id = $1 and request_id = $2""",
        city.id,
        one.request_id,
        now,
        months_later(asked_on, 3),
        reason,
    )
    return await opened(connection, city.id, one.request_id)


async def carry_out(connection: Connection, city: City, request_id: UUID, now: datetime) -> Report | None:
    """Erase the person of a granted request; None where that was done before. Within the worker's walls.

    Her sessions end with it, and the front ends that are told of an end by their address are told of this one.
    Raises NotFound and Conflict for a request that is not granted.
    """
    one = await opened(connection, city.id, request_id, lock=True)
    if one.state is State.ERASED:
        return None
    _move(one, State.ERASED)
    assert one.subject_id is not None
    for session_id in await _sessions(connection, city.id, one.subject_id):
        await ending.end(connection, city, session_id, "erased", now)
    report = await erasure.erase(connection, city.id, one.subject_id, now)
    await connection.execute(
        """update erasure_requests set state = 'erased', subject_id = null, words = null, reason = null,
                  erased_at = $3, report = $4::text::jsonb
           where city_id = $1 and request_id = $2""",
        city.id,
        request_id,
        now,
        json.dumps(report.as_json(), ensure_ascii=False),
    )
    return report


async def _sessions(connection: Connection, city_id: int, subject_id: UUID) -> list[UUID]:
    """Those in which the person is logged in."""
    whose = await person.find(connection, city_id, subject_id)
    rows = await connection.fetch(
        "select session_id from sessions where city_id = $1 and subject_id = any ($2) and ended_at is null",
        city_id,
        whose.subjects,
    )
    return [row["session_id"] for row in rows]


def months_later(day: date, months: int) -> date:
    """The same day of a later month, or that month's last one (Regulation (EEC, Euratom) 1182/71, art. 3(2)(c))."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _move(one: Request, to: State) -> None:
    if (one.state, to) not in MOVES:
        raise Conflict(f"This request is {one.state} and cannot become {to}.")


def _request(row: Any) -> Request:
    report = json.loads(row["report"]) if row["report"] else None
    return Request(**{**row, "state": State(row["state"]), "report": report})
