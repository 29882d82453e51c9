"""CloudEvents 1.0 as they come over HTTP, cut into single messages without losing a byte.

Single (structured and binary mode) and batch: cloudevents/spec, bindings/http-protocol-binding.md §3;
NDJSON, one structured event a line, for sources that stream. Only the envelope is looked at here; what an
event's data mean is found out later, from the stored bytes.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any, NamedTuple
from urllib.parse import unquote

from hub.kernel.errors import TooLarge, UnsupportedMedia

SINGLE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"
NDJSON = ("application/x-ndjson", "application/cloudevents+ndjson", "application/jsonl")
_LONGEST_ID = 500

MOST = 20_000
"""Messages in one request: more would hold the database and the other callers up for seconds."""

_BLANK = re.compile(r"[ \t\r\n]*")
_BETWEEN = re.compile(r"[ \t\r\n]*([],]?)[ \t\r\n]*")

# What a String may not hold (CloudEvents 1.0.2 §"Type System"): control characters, halves of a surrogate pair,
# noncharacters. PostgreSQL would refuse some of them, and with them the whole request.
_NOT_IN_A_STRING = re.compile(
    "[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef"
    + "".join(chr(plane << 16 | last) for plane in range(17) for last in (0xFFFE, 0xFFFF))
    + "]"
)


class Piece(NamedTuple):
    """One message cut out of a body. `fault` says why its envelope is no CloudEvent, None where it is one.

    `external_id` is the event's source and id, which together are unique (CloudEvents §2.1); for a faulty
    piece the digest of its bytes, so that the same garbage sent again is the same piece.
    """

    external_id: str
    body: bytes
    media_type: str
    fault: str | None = None


class UnreadableBody(ValueError):
    """The body cannot be cut into messages; the text says where it departs."""


def cut(body: bytes, media_type: str, headers: Mapping[str, str]) -> list[Piece]:
    """The messages in a request body, in order. Raises UnreadableBody, UnsupportedMedia, or TooLarge for over MOST."""
    if is_binary(headers):
        return [_binary(body, media_type, headers)]
    if media_type == SINGLE:
        return [_piece(_loads(body, "the event"), body)]
    if media_type == BATCH:
        return _counted(_batch(body))
    if media_type in NDJSON:
        return _counted(_lines(body))
    raise UnsupportedMedia(
        f"Send {SINGLE}, {BATCH}, {NDJSON[0]}, or an event in binary mode (ce-* headers); "
        f"this was {media_type[:100]!r}."
    )


def is_binary(headers: Mapping[str, str]) -> bool:
    """Whether the attributes of an event are in the headers (http-protocol-binding.md §3.1)."""
    return "ce-specversion" in headers


def _counted(pieces: Iterator[Piece]) -> list[Piece]:
    found = list(islice(pieces, MOST + 1))
    if len(found) > MOST:
        raise TooLarge(f"One request may have {MOST:,} events: send several.")
    return found


def read_envelope(body: bytes) -> dict[str, Any]:
    """The attributes and `data` of a stored piece. Raises UnreadableBody."""
    event = _loads(body, "the event")
    if not isinstance(event, dict):
        raise UnreadableBody("an event is a JSON object")
    return event


def _lines(body: bytes) -> Iterator[Piece]:
    for number, line in enumerate(body.splitlines(), 1):
        if not line.strip():
            continue
        try:
            yield _piece(_loads(line, f"line {number}"), line)
        except UnreadableBody as fault:
            yield _faulty(line, str(fault))


def _batch(body: bytes) -> Iterator[Piece]:
    """Cut a JSON array into its elements' own bytes."""
    text = _text(body, "the batch")
    position = _skip(text, 0)
    if text[position : position + 1] != "[":
        raise UnreadableBody("a batch is a JSON array of events")
    position = _skip(text, position + 1)
    count = 0
    if text[position : position + 1] == "]":
        position += 1
    else:
        while True:
            try:
                event, end = _DECODER.raw_decode(text, position)
            except (ValueError, RecursionError) as error:
                raise UnreadableBody(f"event {count + 1} of the batch is not JSON: {_reason(error)}") from error
            yield _piece(event, text[position:end].encode())
            count += 1
            between = _BETWEEN.match(text, end)
            assert between is not None
            position = between.end()
            if between[1] == "]":
                break
            if not between[1]:
                raise UnreadableBody(f"after event {count} of the batch there is neither ',' nor ']'")
    if _skip(text, position) != len(text):
        raise UnreadableBody("there is more text after the batch's last bracket")


def _binary(body: bytes, media_type: str, headers: Mapping[str, str]) -> Piece:
    """Binary mode: attributes in headers, data in the body; kept in structured form."""
    event: dict[str, Any] = {name[3:]: unquote(value) for name, value in headers.items() if name.startswith("ce-")}
    event["datacontenttype"] = media_type
    if media_type == "application/json" or media_type.endswith("+json"):
        try:
            event["data"] = _loads(body, "the data")
        except UnreadableBody as fault:
            return _faulty(body, str(fault), media_type)
    else:
        event["data"] = _text(body, "the data")
    # Half a surrogate pair, which JSON can escape, has no UTF-8: then everything beyond ASCII stays escaped.
    try:
        kept = json.dumps(event, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        kept = json.dumps(event).encode()
    return _piece(event, kept)


def _piece(event: Any, body: bytes) -> Piece:
    if not isinstance(event, dict):
        return _faulty(body, "an event is a JSON object")
    for name in ("specversion", "id", "source", "type"):
        value = event.get(name)
        if not isinstance(value, str) or not value or len(value) > _LONGEST_ID:
            return _faulty(body, f"the attribute {name!r} is needed: a text of 1 to {_LONGEST_ID} characters")
        # None of them is printable, which is known ten times as fast.
        if not value.isprintable() and _NOT_IN_A_STRING.search(value):
            return _faulty(body, f"the attribute {name!r} holds a character that CloudEvents does not allow")
    if event["specversion"] != "1.0":
        return _faulty(body, f"specversion {event['specversion']!r} is not 1.0")
    # A source is a URI reference; one with a blank must not be taken for another with the beginning of an id.
    return Piece(f"{event['source'].replace(' ', '%20')} {event['id']}", body, SINGLE)


def _faulty(body: bytes, fault: str, media_type: str = SINGLE) -> Piece:
    return Piece(digest_id(body), body, media_type, fault)


def digest_id(body: bytes) -> str:
    """The external id of something that has none."""
    return "sha256:" + hashlib.sha256(body).hexdigest()


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse_constant)


def _loads(body: bytes, what: str) -> Any:
    try:
        return _DECODER.decode(_text(body, what))
    except UnreadableBody:
        raise
    except (ValueError, RecursionError) as error:
        raise UnreadableBody(f"{what} is not JSON: {_reason(error)}") from error


def _text(body: bytes, what: str) -> str:
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableBody(f"{what} is not UTF-8 (byte {error.start})") from error
    if "\0" in text:
        raise UnreadableBody(f"{what} holds a NUL character")
    return text


def _reason(error: BaseException) -> str:
    return "nested too deep" if isinstance(error, RecursionError) else str(error)


def _skip(text: str, position: int) -> int:
    found = _BLANK.match(text, position)
    assert found is not None
    return found.end()
