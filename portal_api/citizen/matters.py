"""What a citizen has sent, in the form all kinds of it share."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any
from uuid import UUID

import orjson
from babel import Locale
from babel.dates import format_datetime
from fastapi import Header, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field, StringConstraints

from hub.blobs.model import Blob, Remark
from hub.cases.model import PublicStatus
from hub.delivery.model import State as Delivered
from hub.kernel.ids import parse_public_id, public_id
from hub.kernel.text import choose_language
from hub.matters.model import Event, Matter, Office, State, Told
from hub.matters.service import Sender
from portal_api.answers import answer
from portal_api.citizen import matter_texts as texts
from portal_api.envelope import outward_path
from portal_api.render import Reader, moment
from portal_api.requests import Citizen

PREFIX = {"open_case": "sbm", "answer_case": "sbm", "problem_report": "req", "contact_change": "cch"}
"""Of the public id, by kind of matter."""

# C0 but tab and line ends, DEL, and what is no character: XML cannot carry them, and nobody types them.
_CONTROL = r"\x00-\x08\x0B\x0C\x0E-\x1F\x7F\uFFFE\uFFFF"
WORDS = rf"^[^{_CONTROL}]*[^\s{_CONTROL}][^{_CONTROL}]*$"
"""Pattern of a text that says something, and that every back office can be sent."""

Words = Annotated[str, StringConstraints(pattern=WORDS)]

IdempotencyKey = Annotated[
    str,
    Header(
        alias="Idempotency-Key",
        min_length=1,
        max_length=255,
        pattern=r"^[!-~]+$",
        description="chosen by the client, another one for each new thing: sent again with the same content it is "
        "answered the same and nothing is done twice; with other content it is refused (409). Good for 7 days",
        examples=["8e03978e-40d5-43e8-bc93-6894a57f9324"],
    ),
]


def _one_of(words: type[StrEnum]) -> str:
    """Pattern of a word of a table. Several nouns have a table of that name; the document would not keep them apart."""
    return f"^({'|'.join(words)})$"


class MatterOffice(BaseModel):
    """What one back office made of it."""

    back_office: str = Field(examples=["urudzbeni"])
    name: str = Field(examples=["Urudžbeni zapisnik"])
    state: str = Field(examples=["delivered"], pattern=_one_of(Delivered))
    text: str = Field(description="the same in plain words", examples=["Zaprimljeno pod brojem 363-03/26-01/201."])
    since: datetime
    not_answering_since: datetime | None
    number: str | None = Field(description="under which the office has it", examples=["363-03/26-01/201"])


class MatterItem(BaseModel):
    """Something the citizen has sent. `state` is how far it has come, `text` the same in plain words."""

    id: str = Field(examples=["sbm_01jd3v9k6cf3rs2k4w5m8q7x1t"])
    kind: str = Field(examples=["open_case"], pattern="^(open_case|answer_case|problem_report|contact_change)$")
    number: str = Field(description="to write on paper; made of chance", examples=["7KQM-4P9T-XW"])
    title: str = Field(examples=["Zahtjev za priključenje na vodovod"])
    status: PublicStatus = Field(description="whose turn it is")
    state: str = Field(examples=["registered"], pattern=_one_of(State))
    text: str
    case: str | None = Field(
        description="the case that was made of it, or that an answer is for",
        examples=["cas_01jd3v9k6cf3rs2k4w5m8q7x1t"],
    )
    sent_at: datetime
    changed_at: datetime
    offices: list[MatterOffice] = Field(description="where it goes to; empty: it stays here")


class MatterEvent(BaseModel):
    at: datetime
    event: str = Field(examples=["received"], pattern=_one_of(Event))
    text: str
    back_office: str | None


class FileOut(BaseModel):
    """A file as it is kept."""

    id: str = Field(examples=["att_01jd3v9k6cf3rs2k4w5m8q7x1t"])
    name: str = Field(description="without path and control characters", examples=["vlasnički list.pdf"])
    media_type: str = Field(description="by its content", examples=["application/pdf"])
    size: int = Field(description="bytes", examples=[48213])
    sha256: str = Field(pattern="^[0-9a-f]{64}$", examples=["9f86d081884c7d659a2feaa0c55ad015" * 2])
    viewable: bool = Field(description="whether a browser may show it; else it is only given to be stored")
    remark: Remark | None = Field(description="why it is not shown")


class MatterList(BaseModel):
    items: list[MatterItem]
    next_cursor: str | None


def sender(citizen: Citizen, key: str) -> Sender:
    return Sender(citizen.subject_id, citizen.actor_id, citizen.reader.language, key)


def attachment_ids(given: Sequence[str]) -> tuple[UUID, ...]:
    """Raises NotFound for what is no id of a file."""
    return tuple(parse_public_id("att", one) for one in given)


def created(request: Request, citizen: Citizen, content: dict[str, Any], collection: str) -> Response:
    """201 with where it is found from now on."""
    path = outward_path(request.scope)
    where = f"{path[: path.index('/v1/')]}/v1/{collection}/{content['id']}"
    body = answer(request, citizen.reader, content)
    return Response(
        orjson.dumps(content),
        status_code=201,
        media_type="application/json",
        headers={
            "Location": where,
            "Cache-Control": "no-store",
            "Content-Language": citizen.reader.language,
            "ETag": body.headers["etag"],
        },
    )


def file_out(blob: Blob) -> dict[str, Any]:
    return {
        "id": public_id("att", blob.blob_id),
        "name": blob.name,
        "media_type": blob.media_type,
        "size": blob.size,
        "sha256": blob.sha256.hex(),
        "viewable": blob.viewable,
        "remark": blob.remark,
    }


def matter_item(reader: Reader, matter: Matter) -> dict[str, Any]:
    offices = [_office(reader, one) for one in matter.offices]
    return {
        "id": public_id(PREFIX[matter.kind], matter.matter_id),
        "kind": matter.kind,
        "number": matter.number,
        "title": _title(reader, matter),
        "status": matter.status,
        "state": matter.state,
        "text": " ".join(one["text"] for one in offices) or _words(reader, texts.KEPT_HERE),
        "case": public_id("cas", matter.case_id) if matter.case_id else None,
        "sent_at": moment(matter.opened_at),
        "changed_at": moment(matter.state_at),
        "offices": offices,
    }


def matter_events(reader: Reader, told: Sequence[Told]) -> list[dict[str, Any]]:
    return [
        {
            "at": moment(one.at),
            "event": one.event,
            "text": _words(
                reader, _of_event(one), office=_office_name(reader, one.back_office), number=one.number or ""
            ),
            "back_office": one.back_office,
        }
        for one in told
    ]


_EVENTS: dict[Event, texts.Texts] = {
    Event.SENT: texts.SENT,
    Event.RECEIVED: texts.RECEIVED,
    Event.IN_DOUBT: texts.IN_DOUBT,
    Event.REFUSED: texts.REFUSED,
    Event.GOES_ON: texts.GOES_ON,
    Event.REGISTERED: texts.ARRIVED,
    Event.DISCARDED: texts.DISCARDED,
}


_IN_PART: dict[Event, texts.Texts] = {
    Event.IN_DOUBT: texts.IN_DOUBT_IN_PART,
    Event.REFUSED: texts.REFUSED_IN_PART,
    Event.DISCARDED: texts.DISCARDED_IN_PART,
}


def _of_event(told: Told) -> texts.Texts:
    """The words for what has happened; of something that had a number already they are about the rest of it."""
    return (_IN_PART if told.number else {}).get(told.event) or _EVENTS[told.event]


def _office(reader: Reader, office: Office) -> dict[str, Any]:
    name = _office_name(reader, office.back_office)
    number, field = office.number or "", office.field or ""
    text = _words(reader, _of_state(office), office=name, number=number, field=field, since=office.failing_since)
    return {
        "back_office": office.back_office,
        "name": name,
        "state": office.state,
        "text": text,
        "since": moment(office.since),
        "not_answering_since": moment(office.failing_since),
        "number": office.number,
    }


def _of_state(office: Office) -> texts.Texts:
    """The text for where it stands with one office. A number is told as soon as there is one."""
    match office.state:
        case Delivered.DELIVERED:
            return texts.RECEIVED if office.number else texts.KNOWN
        case Delivered.IN_DOUBT:
            return texts.IN_DOUBT_IN_PART if office.number else texts.IN_DOUBT
        case Delivered.REFUSED:
            if office.number:
                return texts.REFUSED_IN_PART
            return texts.REFUSED_FIELD if office.field else texts.REFUSED
        case Delivered.DISCARDED:
            return texts.DISCARDED_IN_PART if office.number else texts.DISCARDED
    if office.number:
        return texts.RECEIVED_IN_PART
    if office.failing_since is not None:
        return texts.NOT_ANSWERING
    return texts.SENDING if office.state is Delivered.SENDING else texts.WAITING


def _title(reader: Reader, matter: Matter) -> str:
    if matter.title is not None:
        return matter.title
    if matter.category is not None:
        return reader.text(reader.city.problems.get(matter.category, {"": matter.category})) or matter.category
    return _words(reader, texts.ANSWER if matter.kind == "answer_case" else texts.CONTACT)


def _office_name(reader: Reader, back_office: str | None) -> str:
    """As the town calls it; one that has left the configuration by its id."""
    configured = reader.city.back_offices.get(back_office or "")
    return (reader.text(configured.name) if configured else back_office) or ""


def _words(reader: Reader, of: texts.Texts, *, since: datetime | None = None, **values: str) -> str:
    language = choose_language(of, reader.wanted, reader.city.language) or "en"
    at = ""
    if since is not None:
        local = since.astimezone(reader.city.timezone)
        at = format_datetime(local, "short", locale=Locale.parse(language.replace("-", "_")))
    return of[language].format(since=at, **values)
