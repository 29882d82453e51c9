"""Requests in the form in which two that say the same are the same."""

from __future__ import annotations

import json
import re
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

from lxml import etree

from hub.contracts.recording import Recorded, kept_headers
from hub.kit import xml

# By local name, wherever they stand: each request makes them anew.
_VOLATILE = frozenset({
    "Nonce", "Created", "Expires", "Password", "MessageID", "RelatesTo", "BinarySecurityToken", "SignatureValue",
    "DigestValue", "CipherValue", "X509Certificate", "Timestamp",
})  # fmt: skip
_VOLATILE_ATTRIBUTES = frozenset({"Id", "ID", "URI", "wsu:Id"})
_BOUNDARY = re.compile(r"boundary=\"?([^\";]+)\"?")


class Canonical(NamedTuple):
    """What matters of a request."""

    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: tuple[tuple[str, str], ...]
    body: str


def canonical(request: Recorded) -> Canonical:
    """Method, path, query in any order, the headers that are ours, and the body as its syntax means it: XML by
    canonical form (W3C C14N 1.0, exclusive) without space between elements and with nonces, times, ids and signatures
    blanked; JSON and forms by their values.
    """
    parts = urlsplit(request.target)
    headers = kept_headers({name.lower(): value for name, value in request.headers.items()}, ours=True)
    media_type = headers.get("content-type", "")
    body = request.body
    if found := _BOUNDARY.search(media_type):
        headers["content-type"] = media_type.replace(found[1], "boundary")
        body = body.replace(found[1].encode(), b"boundary")
    return Canonical(
        request.method.upper(),
        parts.path,
        tuple(sorted(parse_qsl(parts.query, keep_blank_values=True))),
        tuple(sorted((name, " ".join(value.lower().split())) for name, value in headers.items())),
        _body(body, media_type),
    )


def differences(recorded: Recorded, sent: Recorded) -> list[str]:
    """What we send now and did not send then, and the other way round; nothing where both say the same."""
    was, now = canonical(recorded), canonical(sent)
    return [
        f"{name}: recorded {before!r}, sent {after!r}"
        for name, before, after in zip(Canonical._fields, was, now, strict=True)
        if before != after
    ]


def _body(content: bytes, media_type: str) -> str:
    start = content[:64].lstrip(b"\xef\xbb\xbf \t\r\n")[:1]
    if start == b"<":
        root = xml.parse(content, max_bytes=len(content) + 1, what="request")
        for element in root.iter(etree.Element):
            if etree.QName(element).localname in _VOLATILE and not len(element):
                element.text = "…"
            for name in list(element.attrib):
                if etree.QName(name).localname in _VOLATILE_ATTRIBUTES:
                    element.set(name, "…")
            element.text = (element.text or "").strip()
            element.tail = ""
        return etree.tostring(root, method="c14n", exclusive=True).decode()
    if start in (b"{", b"["):
        return json.dumps(json.loads(content), sort_keys=True, ensure_ascii=False)
    if "form" in media_type:
        return repr(sorted(parse_qsl(content.decode("ascii", "replace"), keep_blank_values=True)))
    return content.decode("utf-8", "backslashreplace")
