"""Opening a dead letter: whose data are in it, and that it is recorded for each of them."""

from __future__ import annotations

from base64 import b64decode, b64encode
from binascii import Error as NotBase64
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from hub.access_log import service as access_log
from hub.intake import corrections, dead_letters
from hub.intake.corrections import Correction
from hub.intake.dead_letters import DeadLetter
from hub.kernel.errors import InvalidRequest, NotFound
from hub.kernel.ids import parse_public_id
from hub.kit import identifiers
from hub.subjects.mentions import mentioned
from portal_api.admin.looking import actor_of, why
from portal_api.requests import Staff


@dataclass(frozen=True, slots=True)
class Opened:
    """A letter with its bytes, its corrected copies (latest first) and the subjects whose identifiers stand in them.

    `complete`: all of it was looked through for identifiers.
    """

    letter: DeadLetter
    body: bytes
    copies: Sequence[Correction]
    subjects: frozenset[UUID]
    complete: bool


async def open_letter(staff: Staff, dead_letter_id: str, reason: str | None, what: str, *, more: bytes = b"") -> Opened:
    """Open one, for a person to see; recorded as `what` for everybody in it, and in `more`.

    Raises NotFound, also for a letter that is not the asking person's to look after.
    """
    letter_id, hub, city_id = parse_public_id("dlt", dead_letter_id), staff.hub, staff.town.city.id
    schemes = frozenset(identifiers.NATIONAL).union(*(feed.schemes for feed in staff.town.feeds()))
    # Through the door that can look for people: nobody is in scope before the bytes have been read.
    async with hub.database.identity(city_id) as connection:
        keys = await hub.vault.keys(connection, city_id)
        letter, body = await dead_letters.body_of(connection, keys, letter_id)
        if not staff.everywhere and not staff.sees(letter.back_office):
            raise NotFound("There is no such dead letter.")
        copies = await corrections.history(connection, keys, letter_id)
        everything = b"\n".join([body, more, *(one.body for one in copies)])
        found, complete = await mentioned(connection, keys, schemes, everything)
        # Whom nobody recognised may be in there all the same, so it is recorded without a subject then.
        for subject_id in sorted(found) if found and complete else [*sorted(found), None]:
            await access_log.record(
                connection,
                actor=actor_of(staff),
                subject_id=subject_id,
                what=what,
                why=why(staff, reason, dead_letter_id),
                at=hub.clock.now(),
            )
    return Opened(letter, body, copies, frozenset(found), complete)


def written(body: bytes) -> dict[str, str | None]:
    """Bytes as they are answered: `text` where they are UTF-8, else `base64`."""
    try:
        return {"text": body.decode(), "base64": None}
    except UnicodeDecodeError:
        return {"text": None, "base64": b64encode(body).decode()}


def bytes_of(text: str | None, base64: str | None) -> bytes:
    """As they are given. Raises InvalidRequest unless exactly one of the two is there."""
    if (text is None) == (base64 is None):
        raise InvalidRequest("Send either text or base64.", field="body.text")
    if text is not None:
        try:
            return text.encode()
        except UnicodeEncodeError:
            raise InvalidRequest("This is no text that UTF-8 can write.", field="body.text") from None
    try:
        return b64decode(str(base64), validate=True)
    except (NotBase64, ValueError):
        raise InvalidRequest("This is no base64.", field="body.base64") from None
