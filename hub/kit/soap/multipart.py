"""Messages of several parts: SOAP with Attachments, MTOM (multipart/related, RFC 2387; MIME, RFC 2045 and 2046).

Read by a parser of our own: that of the standard library forgives what should be refused (parts without an end, two
parts of one name, nesting without bound) and copies every part several times.
"""

from __future__ import annotations

import base64
import binascii
import quopri
import re
from collections.abc import Mapping
from dataclasses import dataclass
from email.message import Message
from email.utils import collapse_rfc2231_value
from urllib.parse import unquote
from uuid import uuid4

from hub.kernel.errors import RemoteGarbage

_ROOT = "root@munihub"
_MOST_PARTS = 200
_MOST_HEADER_BYTES = 8_000
_MOST_HEADERS = 30
_LONGEST_TYPE = 2_000
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,69}[0-9A-Za-z'()+_,./:=?-]")  # RFC 2046 §5.1.1
_HEADER = re.compile(rb"([!-9;-~]{1,100}):[ \t]*(.*)", re.DOTALL)
_XML_TYPES = frozenset({"application/xop+xml", "text/xml", "application/soap+xml", "application/xml"})


@dataclass(frozen=True, slots=True)
class Part:
    """One part, its transfer encoding undone. `content_id` is without the angle brackets, empty where it has none."""

    content_id: str
    media_type: str
    charset: str | None
    content: bytes
    location: str = ""


@dataclass(frozen=True, slots=True)
class Multipart:
    """The part with the envelope, and the others in their order."""

    root: Part
    parts: tuple[Part, ...]


def parse(content: bytes, content_type: str, *, max_bytes: int, what: str) -> Multipart:
    """Raises RemoteGarbage, where it is not exactly what MIME says: no end, no root, two parts of one name, parts
    within parts, more than 200 parts, a part's header of more than 30 lines or 8,000 bytes.
    """
    header = _content_type(content_type, what)
    boundary = _parameter(header, "boundary")
    if not _BOUNDARY.fullmatch(boundary):
        raise RemoteGarbage(f"{what} has parts, and its boundary is missing or not one (RFC 2046 §5.1.1).")
    parts: list[Part] = []
    budget = max_bytes
    for raw in _split(content, boundary.encode("ascii"), what):
        part = _part(raw, what)
        budget -= len(part.content)
        if budget < 0:
            raise RemoteGarbage(f"{what} has parts of more than {max_bytes} bytes together.")
        parts.append(part)
    _refuse_namesakes(parts, what)
    start = _parameter(header, "start").strip("<> ")
    # Without `start` the first part is the root (RFC 2387 §3.2).
    root = next((part for part in parts if part.content_id == start), None) if start else parts[0]
    if root is None:
        raise RemoteGarbage(f"{what} has no part of the name its start parameter gives.")
    if root.media_type not in _XML_TYPES:
        raise RemoteGarbage(f"{what} has parts, and the first to read is {root.media_type[:60]!r} instead of SOAP.")
    return Multipart(root, tuple(part for part in parts if part is not root))


def new_boundary() -> str:
    return f"munihub-{uuid4().hex}"


def content_type(boundary: str, parameters: str) -> str:
    """`parameters` follow, such as `type="application/xop+xml"; start-info="text/xml"`."""
    return f'multipart/related; boundary="{boundary}"; start="<{_ROOT}>"; {parameters}'


def build(root: bytes, root_type: str, parts: Mapping[str, tuple[str, bytes]], *, boundary: str) -> bytes:
    """A multipart/related message; `parts` are media type and content by Content-ID."""
    pieces = [_head(boundary, root_type, _ROOT, "8bit"), root]
    for content_id, (media_type, content) in parts.items():
        pieces += [b"\r\n", _head(boundary, media_type, content_id, "binary"), content]
    pieces.append(f"\r\n--{boundary}--\r\n".encode())
    return b"".join(pieces)


def _head(boundary: str, media_type: str, content_id: str, encoding: str) -> bytes:
    return (
        f"--{boundary}\r\nContent-Type: {media_type}\r\nContent-Transfer-Encoding: {encoding}\r\n"
        f"Content-ID: <{content_id}>\r\n\r\n"
    ).encode()


def _split(content: bytes, boundary: bytes, what: str) -> list[bytes]:
    """What stands between the boundaries; text before the first and after the last is no part (RFC 2046 §5.1.1)."""
    delimiter = re.compile(rb"(?:\A|\r?\n)--" + re.escape(boundary) + rb"(--)?[ \t]*(?:\r?\n|\Z)")
    parts: list[bytes] = []
    start: int | None = None
    position = 0
    while (found := delimiter.search(content, position)) is not None:
        if start is not None:
            parts.append(content[start : found.start()])
        if len(parts) > _MOST_PARTS:
            raise RemoteGarbage(f"{what} has more than {_MOST_PARTS} parts.")
        if found[1]:
            if not parts:
                break
            return parts
        start = found.end()
        # The line end of one boundary may begin the next where a part is empty.
        position = max(found.end() - 2, found.start() + 1)
    raise RemoteGarbage(f"{what} has parts, and {'breaks off before its last boundary' if start else 'no boundary'}.")


def _part(raw: bytes, what: str) -> Part:
    blank = re.match(rb"\r?\n", raw) or re.search(rb"\r?\n\r?\n", raw[: _MOST_HEADER_BYTES + 4])
    if blank is None:
        raise RemoteGarbage(f"{what} has a part whose header has no end within {_MOST_HEADER_BYTES} bytes.")
    headers = _headers(raw[: blank.start()], what)
    body = _decoded(raw[blank.end() :], headers.get("content-transfer-encoding", "binary"), what)
    kind = _content_type(headers.get("content-type", "text/plain"), what)
    if kind.get_content_maintype() in {"multipart", "message"}:
        raise RemoteGarbage(f"{what} has parts within parts, which are not read.")
    content_id = headers.get("content-id", "").strip().removeprefix("<").removesuffix(">")
    location = headers.get("content-location", "").strip()
    return Part(content_id, kind.get_content_type(), kind.get_content_charset(), body, location)


def _headers(raw: bytes, what: str) -> dict[str, str]:
    lines = re.sub(rb"\r?\n[ \t]+", b" ", raw).splitlines() if raw.strip() else []
    if len(lines) > _MOST_HEADERS:
        raise RemoteGarbage(f"{what} has a part with more than {_MOST_HEADERS} header lines.")
    headers: dict[str, str] = {}
    for line in lines:
        found = _HEADER.fullmatch(line)
        if found is None:
            raise RemoteGarbage(f"{what} has a part with a header line that is none.")
        name = found[1].decode("ascii").lower()
        if name in headers and name.startswith("content-"):
            raise RemoteGarbage(f"{what} has a part with two headers {name}.")
        headers[name] = found[2].decode("latin-1").strip()
    return headers


def _decoded(body: bytes, encoding: str, what: str) -> bytes:
    """RFC 2045 §6.1."""
    encoding = encoding.lower().strip()
    if encoding in {"binary", "8bit", "7bit"}:
        return body
    if encoding == "quoted-printable":
        return quopri.decodestring(body)
    if encoding == "base64":
        try:
            return base64.b64decode(body.translate(None, b" \t\r\n"), validate=True)
        except binascii.Error:
            raise RemoteGarbage(f"{what} has a part that is not base64 as it says.") from None
    raise RemoteGarbage(f"{what} has a part in the transfer encoding {encoding[:40]!r}, which is not known.")


def _refuse_namesakes(parts: list[Part], what: str) -> None:
    """Of two parts with one name nobody can say which is meant."""
    names = [unquote(part.content_id) for part in parts if part.content_id]
    if len(names) != len(set(names)):
        raise RemoteGarbage(f"{what} has two parts of the same name (Content-ID).")


def _content_type(value: str, what: str) -> Message:
    if len(value) > _LONGEST_TYPE:
        raise RemoteGarbage(f"{what} has a Content-Type of more than {_LONGEST_TYPE} letters.")
    header = Message()
    header["content-type"] = value.replace("\r", " ").replace("\n", " ")
    return header


def _parameter(header: Message, name: str) -> str:
    value = header.get_param(name)
    try:
        return "" if value is None else collapse_rfc2231_value(value).strip()
    except UnicodeError:  # RFC 2231 lets the sender name any codec, also those that are none for text.
        return ""
