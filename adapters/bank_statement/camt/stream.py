"""Entries of an XML statement one after the other, in flat memory, from a file nobody vouches for.

No DTD, no entities, nothing fetched; encodings from a closed list, taken from the byte order mark, the town's setting
or the prolog; elements deeper than 256 and texts over 10 MB are refused by libxml2, files over 2 GiB and single entries
over 64 MiB here. Every fault is Broken with its line.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from lxml import etree

from hub.ports.bank_statement import Broken

LARGEST_FILE = 2 * 1024**3
LARGEST_ENTRY = 64 * 1024**2
_CHUNK = 64 * 1024
_HEAD = 64 * 1024

_ENCODINGS = frozenset({
    "ascii", "utf-8", "utf-16", "utf-16-le", "utf-16-be", "cp852", "cp1250", "cp1251", "cp1252", "iso8859-1",
    "iso8859-2", "iso8859-5", "iso8859-15", "iso8859-16", "koi8-u",
})  # fmt: skip
_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_DECLARED = re.compile(rb"""\A\s*<\?xml\s[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._:-]{1,40})["']""")
# Comments, processing instructions and white space may stand before the root or a DOCTYPE (XML 1.0 §2.8). Possessive,
# so that a hostile prolog cannot make the search exponential.
_PROLOG = re.compile(r"(?:\s++|<\?.*?\?>|<!--.*?-->)*+", re.DOTALL)
_PLACE = re.compile(r",? line \d+(?:, column \d+)?")

CONTAINERS = ("Stmt", "Rpt", "Ntfctn")
_TAGS = tuple(f"{{*}}{name}" for name in (*CONTAINERS, "Ntry"))


class Stream:
    """Iterate it: every entry and every statement at its end, entries before the statement they stand in."""

    def __init__(self, file: BinaryIO, encoding: str | None) -> None:
        self._file = file
        self._encoding = encoding
        self._lines_before = 0

    def line(self, element: etree._Element) -> int:
        """Where the element begins in the file; 1 is the first line."""
        found: Any = element.sourceline
        return int(found or 1) + self._lines_before

    def __iter__(self) -> Iterator[etree._Element]:
        parser = etree.XMLPullParser(
            events=("end",), tag=_TAGS, encoding="utf-8", resolve_entities=False, no_network=True,
            load_dtd=False, huge_tree=False, remove_comments=True, remove_pis=True,
        )  # fmt: skip
        since_entry, first = 0, True
        try:
            for chunk in self._utf8():
                since_entry += len(chunk)
                parser.feed(chunk)
                for element in _elements(parser):
                    if first:
                        self._refuse_dtd(element)
                        first = False
                    yield element
                    since_entry = 0
                if since_entry > LARGEST_ENTRY:
                    raise Broken(f"more than {LARGEST_ENTRY // 1024**2} MiB without an end of an entry")
            parser.close()
            yield from _elements(parser)
        except etree.XMLSyntaxError as error:
            raise self._broken(error) from None

    def _broken(self, error: etree.XMLSyntaxError) -> Broken:
        """The parser's own error is not chained: its text may quote the document. An entity that is not defined stands
        in the log only.
        """
        line, message = error.lineno, error.msg
        errors: Any = error.error_log
        log = list(errors)
        if not line and log:
            line, message = log[-1].line, log[-1].message
        reason = _PLACE.sub("", message or "syntax error").strip()[:160]
        at = line + self._lines_before if line else None
        if reason.startswith("XML declaration allowed only"):
            return Broken("holds several XML documents, or one in another: each must be a file of its own", line=at)
        return Broken(f"is not well-formed XML, or was cut off: {reason}", line=at)

    def _refuse_dtd(self, element: etree._Element) -> None:
        if element.getroottree().docinfo.internalDTD is not None:
            raise Broken("carries a DTD, which is not accepted", line=1)

    def _utf8(self) -> Iterator[bytes]:
        head = self._file.read(_HEAD)
        codec, head = self._codec(head)
        decoder = codecs.getincrementaldecoder(codec)()
        text = _decoded(decoder, head, 1)
        plain = text.lstrip()
        self._lines_before = text[: len(text) - len(plain)].count("\n")
        _check_prolog(plain)
        yield plain.encode()
        size, line = len(head), 1 + text.count("\n")
        while chunk := self._file.read(_CHUNK):
            size += len(chunk)
            if size > LARGEST_FILE:
                raise Broken(f"is larger than {LARGEST_FILE // 1024**3} GiB", line=line)
            if codec in ("utf-8", "ascii"):
                # libxml2 checks the encoding itself and tells the line.
                yield b"".join((_pending(decoder), chunk))
                continue
            text = _decoded(decoder, chunk, line)
            line += text.count("\n")
            yield text.encode()
        _decoded(decoder, b"", line, final=True)

    def _codec(self, head: bytes) -> tuple[str, bytes]:
        """The codec, and the head without its mark. A declaration of UTF-16 over single bytes is wrong: a text was
        written as UTF-16 and saved as something else.
        """
        for mark, codec in _MARKS:
            if head.startswith(mark):
                return codec, head[len(mark) :]
        if head.startswith((b"<\0", b"\0<")):
            return ("utf-16-le" if head[0] else "utf-16-be"), head
        declared = match[1].decode() if (match := _DECLARED.match(head)) else "utf-8"
        named = self._encoding or declared
        try:
            codec = codecs.lookup(named).name
        except LookupError:
            codec = ""
        if codec not in _ENCODINGS:
            raise Broken(f"says it is in the encoding {named!r}, which is not known here", line=1)
        return ("utf-8" if codec.startswith("utf-16") else codec), head


def remove(element: etree._Element) -> None:
    """Lets go of an element that the parser has left behind."""
    parent = element.getparent()
    assert parent is not None
    parent.remove(element)


def _elements(parser: etree.XMLPullParser) -> Iterator[etree._Element]:
    events: Iterator[Any] = parser.read_events()
    for _, element in events:
        yield element


def _pending(decoder: codecs.IncrementalDecoder) -> bytes:
    """Bytes of a character that the last chunk cut; from now on the decoder is out of the way."""
    pending = decoder.getstate()[0]
    decoder.reset()
    return pending


def _decoded(decoder: codecs.IncrementalDecoder, data: bytes, line: int, *, final: bool = False) -> str:
    try:
        return decoder.decode(data, final)
    except UnicodeDecodeError as error:
        line += error.object[: error.start].count(b"\n")
        raise Broken(
            f"is not {error.encoding} text as it says (byte 0x{error.object[error.start]:02X})", line=line
        ) from None


def _check_prolog(text: str) -> None:
    if not text:
        raise Broken("is empty", line=1)
    prolog = _PROLOG.match(text)
    assert prolog is not None
    rest = text[prolog.end() :]
    if rest.startswith("<!"):
        raise Broken("carries a DTD, which is not accepted", line=1 + prolog[0].count("\n"))
    if not rest.startswith("<") or len(rest) < 2:
        raise Broken("has no XML element at its beginning", line=1)
