"""…/admin/v1/dead-letters/…: look into one, correct a copy of it, try again, give up, and whom it concerns."""

from __future__ import annotations

from collections import Counter
from typing import Annotated, Any
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Path, Query, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from pydantic import ValidationError

from hub.back_offices.inspection import inspect
from hub.intake import corrections, dead_letters, replays
from hub.intake.corrections import Correction
from hub.intake.replays import Replay, Wanted
from hub.kernel.errors import Conflict, NotFound
from hub.kernel.ids import parse_public_id, public_id
from portal_api.admin.letter_forms import (
    EXAMPLE,
    AffectedList,
    CopyOut,
    CorrectionIn,
    DiscardedOut,
    DiscardIn,
    InspectionOut,
    ReplayOut,
    Selection,
)
from portal_api.admin.looking import Reason
from portal_api.admin.messages import letter_out, offices_of, page_before
from portal_api.admin.opening import bytes_of, open_letter, written
from portal_api.bodies import refused
from portal_api.errors import responses
from portal_api.pages import Cursor, write_cursor
from portal_api.parameters import Slug
from portal_api.push.door import whole
from portal_api.render import moment
from portal_api.requests import AsStaff, Staff

router = APIRouter(tags=["admin"])

_NO_STORE = {"Cache-Control": "no-store"}
_LOOKED_THROUGH = 50
"""Letters that one answer about affected subjects looks through: each is opened, and its bytes searched."""

_LARGEST = 26_000_000
"""Bytes in which a copy of the size of the largest call is sent, written in base64 or with escapes."""

LetterId = Annotated[str, Path(description="from the list", examples=[EXAMPLE])]


@router.get(
    "/dead-letters/{dead_letter_id}",
    summary="Look into a dead letter",
    response_model=InspectionOut,
    response_description="All of it",
    responses=responses(401, 403, 404, 422),
)
async def read_dead_letter(staff: AsStaff, dead_letter_id: LetterId, reason: Reason = None) -> Response:
    """As it was received, and field by field what becomes of it. Recorded for everybody whose identifiers stand in it,
    who can see it.
    """
    opened = await open_letter(staff, dead_letter_id, reason, "read_dead_letter")
    found = inspect(staff.town, opened.letter, opened.copies[0].body if opened.copies else opened.body)
    content = {
        **letter_out(opened.letter),
        "media_type": opened.letter.media_type,
        **written(opened.body),
        "copies": [_copy_out(one) for one in opened.copies],
        "mapped": {
            "read_by": found.read_by,
            "because": found.because,
            "places": [
                {"field": one.field, "path": one.path, "found": one.found, "value": one.value, "error": one.error}
                for one in found.places
            ],
        },
    }
    return Response(orjson.dumps(content, default=str), media_type="application/json", headers=_NO_STORE)


async def _correction(request: Request, _: AsStaff) -> CorrectionIn:
    """Read here and not by FastAPI: something so large only from somebody who may."""
    try:
        body = await whole(request, _LARGEST)
    except TimeoutError:
        raise refused(408) from None
    try:
        return CorrectionIn.model_validate_json(body)
    except ValidationError as error:
        faults = [{**one, "loc": ("body", *one["loc"])} for one in error.errors(include_input=False)]
        raise RequestValidationError(faults) from None


@router.post(
    "/dead-letters/{dead_letter_id}/corrections",
    summary="Keep a corrected copy",
    status_code=201,
    response_model=CopyOut,
    response_description="Kept beside the original",
    responses=responses(400, 401, 403, 404, 408, 409, 413, 415, 422),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": CorrectionIn.model_json_schema()}},
        }
    },
)
async def correct_dead_letter(
    staff: AsStaff, dead_letter_id: LetterId, correction: Annotated[CorrectionIn, Depends(_correction)]
) -> Response:
    """The original stays as it was; a replay interprets the latest copy. Who, when and why stay with it. Recorded for
    everybody in either.
    """
    body = bytes_of(correction.text, correction.base64)
    opened = await open_letter(staff, dead_letter_id, None, "correct_dead_letter", more=body)
    hub, city_id = staff.hub, staff.town.city.id
    async with hub.database.town(city_id) as connection:
        keys = await hub.vault.keys(connection, city_id)
        await corrections.correct(
            connection,
            keys,
            opened.letter.dead_letter_id,
            body,
            who=staff.name,
            why=correction.why,
            now=hub.clock.now(),
        )
        copy = await corrections.latest_of(connection, keys, opened.letter.dead_letter_id)
    assert copy is not None
    return Response(orjson.dumps(_copy_out(copy)), status_code=201, media_type="application/json", headers=_NO_STORE)


@router.post(
    "/discards",
    summary="Give dead letters up",
    response_model=DiscardedOut,
    response_description="Given up",
    responses=responses(400, 401, 403, 404, 409, 422),
)
async def discard_dead_letters(staff: AsStaff, discard: DiscardIn) -> Response:
    """Their bytes stay for their time, and who gave them up and why. What waits to be tried again is not tried any
    more; 409 for a file that is being read again.
    """
    wanted = [parse_public_id("dlt", one) for one in discard.ids]
    hub, city_id = staff.hub, staff.town.city.id
    async with hub.database.town(city_id) as connection:
        await _all_of_hers(connection, staff, wanted)
        count = await corrections.discard(
            connection, city_id, wanted, who=staff.name, why=discard.why, now=hub.clock.now()
        )
    return Response(orjson.dumps({"discarded": count}), media_type="application/json", headers=_NO_STORE)


@router.post(
    "/replays",
    summary="Try dead letters again",
    status_code=202,
    response_model=ReplayOut,
    response_description="A job does it",
    responses=responses(400, 401, 403, 404, 409, 422),
)
async def replay_dead_letters(staff: AsStaff, selection: Selection) -> Response:
    """What was pushed is interpreted again, oldest first, in its corrected copy where there is one; feeds of what came
    with an answer are read again. To ask twice does nothing twice. 409 where none of them is open.
    """
    hub, city_id = staff.hub, staff.town.city.id
    wanted = None if selection.ids is None else [parse_public_id("dlt", one) for one in selection.ids]
    offices = None
    if wanted is None or selection.back_office is not None:
        offices = offices_of(staff, selection.back_office)
    filters = dead_letters.Filters(back_offices=offices, feed=selection.feed, reason=selection.reason)
    async with hub.database.town(city_id) as connection:
        if wanted is not None:
            await _all_of_hers(connection, staff, wanted)
        replay = await replays.begin(connection, city_id, Wanted(wanted, filters), staff.name, hub.clock.now())
        if replay is None:
            raise Conflict("None of these letters is open.")
        await replays.enqueue_replay(connection, city_id, replay.replay_id)
    return _replay(replay, [], 202)


@router.get(
    "/replays/{replay_id}",
    summary="How far a replay is",
    response_model=ReplayOut,
    response_description="As of now",
    responses=responses(401, 403, 404),
)
async def read_replay(
    staff: AsStaff,
    replay_id: Annotated[str, Path(description="as it was told", examples=["rpl_01jd3v9k6cf3rs2k4w5m8q7x1t"])],
) -> Response:
    """Counted from its letters. Somebody with a role for a part of the town sees her own."""
    wanted, hub, city_id = parse_public_id("rpl", replay_id), staff.hub, staff.town.city.id
    async with hub.database.town(city_id) as connection:
        replay = await replays.progress(connection, city_id, wanted)
        if not staff.everywhere and replay.asked_by != staff.name:
            raise NotFound("There is no such replay.")
        notes = await replays.notes(connection, city_id, wanted)
    return _replay(replay, notes, 200)


@router.get(
    "/affected-subjects",
    summary="Whose data dead letters hold back",
    response_model=AffectedList,
    response_description="Of one page of letters",
    responses=responses(401, 403, 404, 422),
)
async def list_affected_subjects(
    staff: AsStaff,
    dead_letter: Annotated[str | None, Query(description="of this letter alone", examples=[EXAMPLE])] = None,
    back_office: Annotated[Slug | None, Query(description="of the open letters of this one")] = None,
    reason: Reason = None,
    cursor: Cursor = None,
) -> Response:
    """Everybody whose identifiers stand in the letters: theirs are the accounts in which something is missing. Each
    letter is opened for it, which is recorded for everybody in it.
    """
    hub, city_id = staff.hub, staff.town.city.id
    before = page_before(cursor)
    if dead_letter is not None:
        names, more = [dead_letter], False
    else:
        filters = dead_letters.Filters(back_offices=offices_of(staff, back_office))
        async with hub.database.town(city_id) as connection:
            letters = await dead_letters.listed(connection, city_id, filters, before=before, limit=_LOOKED_THROUGH + 1)
        names = [public_id("dlt", one.dead_letter_id) for one in letters[:_LOOKED_THROUGH]]
        more = len(letters) > _LOOKED_THROUGH
    found: Counter[UUID] = Counter()
    complete = True
    for name in names:
        opened = await open_letter(staff, name, reason, "list_affected_subjects")
        found.update(opened.subjects)
        complete = complete and opened.complete
    content = {
        "items": [{"subject": public_id("sub", one), "letters": times} for one, times in found.most_common()],
        "letters": len(names),
        "complete": complete,
        "next_cursor": write_cursor(names[-1]) if more else None,
    }
    return Response(orjson.dumps(content), media_type="application/json", headers=_NO_STORE)


async def _all_of_hers(connection: Any, staff: Staff, letters: list[UUID]) -> None:
    """Raises NotFound for a letter that is not there, or not hers to look after."""
    found = await dead_letters.offices(connection, staff.town.city.id, letters)
    for one in letters:
        if one not in found or not (staff.everywhere or staff.sees(found[one])):
            raise NotFound(f"There is no dead letter {public_id('dlt', one)}.")


def _copy_out(copy: Correction) -> dict[str, Any]:
    return {
        "id": public_id("cor", copy.edit_id),
        "at": moment(copy.at),
        "who": copy.who,
        "why": copy.why,
        **written(copy.body),
    }


def _replay(replay: Replay, notes: list[tuple[UUID, str]], status: int) -> Response:
    content = {
        "id": public_id("rpl", replay.replay_id),
        "asked_at": moment(replay.asked_at),
        "asked_by": replay.asked_by,
        "done": replay.done,
        "total": replay.total,
        "waiting": replay.waiting,
        "through": replay.through,
        "again": replay.again,
        "cannot": replay.cannot,
        "notes": [{"id": public_id("dlt", one), "because": because} for one, because in notes],
    }
    return Response(orjson.dumps(content), status_code=status, media_type="application/json", headers=_NO_STORE)
