"""Parses XML that came from outside: no DTD, no entities, no network, bounded size and depth.

The text is decoded here and not by libxml2, so that what is looked at for a DTD is exactly what is
parsed, in an encoding from a closed list.
"""

from __future__ import annotations

import codecs
import re
from copy import deepcopy
from typing import Any

from lxml import etree

from hub.kernel.errors import RemoteGarbage
from hub.kit.redaction import redact, snippet

_ENCODINGS = frozenset({
    "ascii", "utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp852", "cp1250", "cp1251", "cp1252",
    "iso8859-1", "iso8859-2", "iso8859-5", "iso8859-15", "iso8859-16", "koi8-r", "koi8-u",
})  # fmt: skip
_UTF16 = frozenset({"utf-16", "utf-16-le", "utf-16-be"})
_DECLARED = re.compile(rb"""\A[\s\xef\xbb\xbf]*<\?xml\s[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
# Comments, processing instructions and white space may stand before a DOCTYPE (XML 1.0 §2.8). The
# repetition is possessive: without that, a hostile prolog could make the search exponential.
_DOCTYPE = re.compile(r"(?:\s++|<\?.*?\?>|<!--.*?-->)*+<!DOCTYPE", re.DOTALL)
_POSITION = re.compile(r",? line \d+, column \d+")
_LEADING = "\ufeff \t\r\n"


def parse(
    data: bytes, *, max_bytes: int = 20_000_000, what: str = "reply", charset: str | None = None
) -> etree._Element:
    """The root element of an XML document received from a back office.

    `charset` is the one of the media type, if it had any. `what` names the document in errors.
    Tolerates a byte order mark and white space before the XML declaration. Nesting deeper than 256
    and texts over 10 MB are refused by libxml2 itself.

    Raises RemoteGarbage with the reason and the position; its evidence is an outline of the start of
    the document without contents.
    """
    if len(data) > max_bytes:
        raise RemoteGarbage(f"The {what} has {len(data)} bytes; at most {max_bytes} are read.")
    text = _decode(data, what, charset)
    plain = text.lstrip(_LEADING)
    if not plain:
        raise RemoteGarbage(f"The {what} is empty where XML is expected.")
    if _DOCTYPE.match(plain):
        raise RemoteGarbage(f"The {what} carries a DTD, which is not accepted.", evidence=snippet(data))
    try:
        root = _root(plain.encode())
    except etree.XMLSyntaxError as error:
        line, column = error.position
        line += text[: len(text) - len(plain)].count("\n")
        reason = redact(_POSITION.sub("", error.msg or "syntax error"))[:200]
        message = f"The {what} is not well-formed XML: {reason} (line {line}, column {column})."
        # The parser's own error is not chained: its text may quote the document.
        raise RemoteGarbage(message, evidence=snippet(data)) from None
    if root.getroottree().docinfo.internalDTD is not None:  # pragma: no cover — a second lock on the same door
        raise RemoteGarbage(f"The {what} carries a DTD, which is not accepted.", evidence=snippet(data))
    return root


def own(document: Any) -> Any:
    """A document of the thread this is called in (hub.kit.one_thread); what is no XML belongs to nobody."""
    return deepcopy(document) if etree.iselement(document) else document


def _root(data: bytes) -> etree._Element:
    parser = _parser(recover=False)
    try:
        return etree.fromstring(data, parser)
    except etree.XMLSyntaxError:
        # Namespace names with letters beyond ASCII, such as those of the Czech open formal norms, are
        # IRIs (Namespaces in XML 1.1 §2.3). libxml2 knows 1.0 only and calls the document malformed,
        # although it has read all of it.
        if not _only_iris(parser):
            raise
        lenient = _parser(recover=True)
        root = etree.fromstring(data, lenient)
        if not _only_iris(lenient):  # pragma: no cover — the same parser found nothing else before
            raise
        return root


def _parser(*, recover: bool) -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8", resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, recover=recover
    )


def _only_iris(parser: etree.XMLParser) -> bool:
    types = {entry.type for entry in parser.error_log}
    return types == {etree.ErrorTypes.WAR_NS_URI}


def _decode(data: bytes, what: str, charset: str | None) -> str:
    """Byte order mark first, then the media type, then the XML declaration (RFC 7303 §3).

    With one departure: where one of the latter two says UTF-8, the bytes themselves decide whether
    that is true. Valid UTF-8 beyond ASCII is practically never anything else, and servers that add
    `charset=iso-8859-1` or `charset=utf-8` to everything are common.
    """
    declared = match[1].decode() if (match := _DECLARED.match(data)) else None
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        candidates = ["utf-16"]
    elif data.startswith((b"<\0", b"\0<")):
        candidates = ["utf-16-le" if data[0] else "utf-16-be"]
    elif data.startswith(codecs.BOM_UTF8):
        candidates = ["utf-8"]
    else:
        named = [_known(name, what) for name in (charset, declared) if name]
        # A declaration of UTF-16 that could be read as single bytes is wrong: a text was written to
        # a string as UTF-16 and sent as something else, as .NET's StringWriter leads people to do.
        candidates = [name for name in named if name not in _UTF16] or ["utf-8"]
        candidates.sort(key=lambda name: name not in ("utf-8", "ascii"))
    failure: UnicodeDecodeError | None = None
    for name in candidates:
        try:
            return data.decode(name)
        except UnicodeDecodeError as error:
            failure = failure or error
    assert failure is not None
    line = data.count(b"\n", 0, failure.start) + 1
    message = (
        f"The {what} is not {failure.encoding} text as it says: byte 0x{data[failure.start]:02X} "
        f"at offset {failure.start} (line {line})."
    )
    raise RemoteGarbage(message, evidence=snippet(data)) from None


def _known(name: str, what: str) -> str:
    try:
        codec = codecs.lookup(name).name
    except LookupError:
        codec = ""
    if codec not in _ENCODINGS:
        known = ", ".join(sorted(_ENCODINGS))
        raise RemoteGarbage(f"The {what} says it is in the encoding {name[:40]!r}; known are {known}.")
    return codec
