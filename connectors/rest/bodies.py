"""Bodies of requests that change something: JSON, form, multipart."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import orjson

from hub.kernel.errors import InvalidRequest

Body = tuple[bytes, str]
"""Content and its `Content-Type`."""

_MEDIA_TYPE = re.compile(r"[A-Za-z0-9!#$&^_.+-]{1,80}/[A-Za-z0-9!#$&^_.+-]{1,80}\Z")


def json_body(values: Mapping[str, Any]) -> Body:
    """A JSON object (RFC 8259). Fractions keep every digit; raises InvalidRequest for bytes."""
    try:
        return orjson.dumps(dict(values), default=_number), "application/json"
    except orjson.JSONEncodeError:
        name = next((name for name, value in values.items() if _has_bytes(value)), None)
        detail = "JSON holds no bytes and no numbers of more than 64 bits; write them as a text (as: base64)."
        raise InvalidRequest(detail, field=name) from None


def form_body(values: Mapping[str, Any]) -> Body:
    """`application/x-www-form-urlencoded` (WHATWG URL §5.2). A list repeats its name. Raises InvalidRequest."""
    pairs = [(name, text(one, name)) for name, one in _each(values)]
    return urlencode(pairs).encode(), "application/x-www-form-urlencoded"


def multipart_body(values: Mapping[str, Any]) -> Body:
    """`multipart/form-data` (RFC 7578). Bytes, and a block of `content`, `name` and `media_type`, become a file.

    A list repeats its name. Raises InvalidRequest for values that are nested otherwise.
    """
    boundary = f"munihub-{secrets.token_hex(16)}"
    pieces: list[bytes] = []
    for name, value in _each(values):
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"'
        file = {"content": value} if isinstance(value, bytes) else value
        if isinstance(file, Mapping):
            content = file.get("content")
            if not isinstance(content, bytes) or file.keys() - {"content", "name", "media_type"}:
                raise InvalidRequest(
                    f"{name} is neither a text nor a file of content, name and media_type.", field=name
                )
            kind = str(file.get("media_type") or "")
            kind = kind if _MEDIA_TYPE.match(kind) else "application/octet-stream"
            head += f'; filename="{_quoted(str(file.get("name") or "file"))}"\r\nContent-Type: {kind}'
        else:
            content = text(value, name).encode()
        pieces += [head.encode(), b"\r\n\r\n", content, b"\r\n"]
    pieces.append(f"--{boundary}--\r\n".encode())
    return b"".join(pieces), f"multipart/form-data; boundary={boundary}"


BODIES: Mapping[str, Callable[[Mapping[str, Any]], Body]] = {
    "json": json_body,
    "form": form_body,
    "multipart": multipart_body,
}


def text(value: Any, name: str) -> str:
    """A value as it stands in a query, a form or a path. Raises InvalidRequest for what is none."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value:f}"
    if not isinstance(value, (str, int)):
        raise InvalidRequest(f"{name} is not a single value.", field=name)
    return str(value)


def _each(values: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Null is left out, a list is repeated."""
    found = [(name, one) for name, value in values.items() for one in (value if isinstance(value, list) else [value])]
    return [(name, one) for name, one in found if one is not None]


def _quoted(name: str) -> str:
    """As HTML writes names of fields and files into multipart (WHATWG HTML §4.10.21.8)."""
    return name.replace('"', "%22").replace("\r", "%0D").replace("\n", "%0A")


def _number(value: Any) -> Any:
    if isinstance(value, Decimal) and value.is_finite():
        return orjson.Fragment(f"{value:f}")
    raise TypeError


def _has_bytes(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(map(_has_bytes, value.values()))
    return any(map(_has_bytes, value)) if isinstance(value, list) else isinstance(value, bytes)
