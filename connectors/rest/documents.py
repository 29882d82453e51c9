"""Reads the body of a reply: JSON or XML, by its media type."""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import Any, NoReturn

from hub.kernel.errors import RemoteGarbage
from hub.kit import xml
from hub.kit.http import Reply
from hub.ports.back_office import Document

_UNSAID = ("", "text/plain", "application/octet-stream")
_SURROGATE = re.compile(r"\\u[dD][89abAB]|\\u[dD][c-fC-F]")


def read_document(reply: Reply) -> Document:
    """A JSON value, with fractions as Decimal so that no digit is lost, or the root of an XML document.

    Raises RemoteGarbage with the place of the first mistake.
    """
    kind = reply.media_type
    start = reply.content[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    what = f"reply to {reply.method} {reply.url}"
    # JSON under a wrong name is common (PHP says text/html unless told otherwise) and cannot be mistaken.
    if _is(kind, "json") or (not _is(kind, "xml") and start in (b"{", b"[")):
        return _json(reply, what)
    if _is(kind, "xml") or (kind in _UNSAID and start == b"<"):
        return xml.parse(reply.content, max_bytes=len(reply.content), what=what, charset=reply.charset)
    named = kind or "no media type"
    raise RemoteGarbage(f"The {what} is {named}; JSON or XML is expected.", evidence=reply.evidence)


def _is(media_type: str, syntax: str) -> bool:
    """`application/json`, `text/json`, `application/problem+json` (RFC 6839)."""
    return media_type.endswith((f"/{syntax}", f"+{syntax}"))


def _json(reply: Reply, what: str) -> Any:
    text = _text(reply, what)
    try:
        document = json.loads(text, parse_float=Decimal, parse_constant=_refuse)
        if _SURROGATE.search(text):
            # Half of a pair (RFC 7493 §2.1) could be stored nowhere.
            json.dumps(document, ensure_ascii=False, default=str).encode()
    except json.JSONDecodeError as error:
        place = f"line {error.lineno}, column {error.colno}"
        problem = f"{error.msg[0].lower()}{error.msg[1:]} ({place})"
    except UnicodeEncodeError:
        problem = "a text holds half of a surrogate pair"
    except RecursionError:
        problem = "it is nested too deep"
    except ValueError as error:  # NaN, Infinity, and integers of thousands of digits.
        problem = str(error).partition(";")[0].lower()
    else:
        return document
    raise RemoteGarbage(f"The {what} is not JSON: {problem}.", evidence=reply.evidence)


def _text(reply: Reply, what: str) -> str:
    """JSON is UTF-8 (RFC 8259 §8.1); where it is not, the charset of the media type is believed."""
    content = reply.content
    encoding = json.detect_encoding(content)
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        failure = error
    if reply.charset and reply.charset.replace("_", "-") not in ("utf-8", "utf8"):
        try:
            return content.decode(reply.charset)
        except (UnicodeDecodeError, LookupError):
            pass
    place = f"byte 0x{content[failure.start]:02X} at offset {failure.start}"
    raise RemoteGarbage(f"The {what} is not {failure.encoding} text: {place}.", evidence=reply.evidence)


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a number")
