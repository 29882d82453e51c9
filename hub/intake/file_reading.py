"""Records of a file, cut out of it piece by piece: what is in memory is one record, however long the file is.

A reader is fed the bytes as they come and gives the records that are whole by then. `close` says that this was all.
Whatever is wrong ends it with BrokenFile, which names the line.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from lxml import etree

from hub.intake.file_json import JsonFile
from hub.intake.file_text import DECODER, LONGEST, BrokenFile, FileRecord, FileText, why

JSON = "application/json"
XML = "application/xml"

_MOST_COLUMNS = 1_000
_LONGEST_NAME = 200


@dataclass(frozen=True, slots=True)
class FileKind:
    """One kind of file a back office pushes, as its configuration says (hub.cities.push.PushFile)."""

    kind: str
    names: str
    feed: str
    format: Literal["csv", "ndjson", "json", "xml"]
    encoding: str
    delimiter: str
    records: str
    complete: bool

    @property
    def event_type(self) -> str:
        """The type of the messages its records become."""
        return f"file/{self.kind}"


class Reader(Protocol):
    """See the module. `media_type` is that of the records' content."""

    media_type: str

    def feed(self, data: bytes) -> Iterator[FileRecord]: ...

    def close(self) -> Iterator[FileRecord]: ...


def reader_of(kind: FileKind, charset: str | None) -> Reader:
    """For one file of a kind; `charset` is what its sender declared, which goes before what is configured."""
    encoding = charset or kind.encoding
    in_ours = f"write `encoding: utf-8` at push.files.{kind.kind}, and replay it"
    remedy = "have it sent again with `charset=utf-8`" if charset else in_ours
    match kind.format:
        case "csv":
            return _Csv(_Lines(encoding, remedy), kind.delimiter)
        case "ndjson":
            return _Ndjson(_Lines(encoding, remedy))
        case "json":
            return JsonFile(encoding, kind.records, remedy)
        case "xml":
            return _Xml(kind.records)


class _Lines:
    """Whole lines of a text that comes in pieces, without their ends."""

    def __init__(self, encoding: str, remedy: str) -> None:
        self._text, self._rest, self._number = FileText(encoding, remedy), "", 0

    def feed(self, data: bytes, *, final: bool = False) -> Iterator[tuple[int, str]]:
        *whole, self._rest = (self._rest + self._text.decode(data, final=final)).split("\n")
        if final and self._rest:
            whole.append(self._rest)
        for line in whole:
            self._number += 1
            yield self._number, line.removesuffix("\r")
        if len(self._rest) > LONGEST:
            raise BrokenFile(self._number + 1, f"there is no end of a line in {LONGEST:,} characters", self._rest)


class _Csv:
    """RFC 4180 with a delimiter of its own; the first line has the names of the columns."""

    media_type = JSON

    def __init__(self, lines: _Lines, delimiter: str) -> None:
        self._lines, self._delimiter = lines, delimiter
        self._names: list[str] | None = None
        self._open: list[str] = []
        self._since, self._length, self._quoted = 1, 0, False

    def feed(self, data: bytes) -> Iterator[FileRecord]:
        return self._records(self._lines.feed(data))

    def close(self) -> Iterator[FileRecord]:
        yield from self._records(self._lines.feed(b"", final=True))
        if self._open:
            raise BrokenFile(self._since, "a quotation mark opens a value and none closes it", self._open[0])
        if self._names is None:
            raise BrokenFile(1, "the file is empty; its first line has the names of the columns")

    def _records(self, lines: Iterator[tuple[int, str]]) -> Iterator[FileRecord]:
        for number, line in lines:
            if not self._open:
                if not line.strip():
                    continue
                self._since, self._length = number, 0
            self._open.append(line)
            # With the end of the line, so that empty ones are bounded too.
            self._length += len(line) + 1
            # A value may go over several lines between quotation marks; inside they are doubled, so an odd number of
            # them means that one is open.
            self._quoted ^= bool(line.count('"') % 2)
            if self._quoted:
                if self._length > LONGEST:
                    reason = "a quotation mark opens a value and none closes it for very long"
                    raise BrokenFile(self._since, reason, self._open[0])
                continue
            text, self._open = "\n".join(self._open), []
            if (record := self._record(text)) is not None:
                yield record

    def _record(self, text: str) -> FileRecord | None:
        try:
            (values,) = csv.reader([text + "\n"], delimiter=self._delimiter, strict=True)
        except (csv.Error, ValueError) as error:
            raise BrokenFile(self._since, f"it is no CSV: {error}", text) from None
        if self._names is None:
            self._names = self._columns([value.strip() for value in values], text)
            return None
        if len(values) != len(self._names):
            reason = f"{len(values)} values where the first line names {len(self._names)} columns"
            raise BrokenFile(self._since, reason, text)
        row = dict(zip(self._names, values, strict=True))
        return FileRecord(self._since, json.dumps(row, ensure_ascii=False))

    def _columns(self, names: list[str], text: str) -> list[str]:
        if "" in names:
            raise BrokenFile(self._since, f"column {names.index('') + 1} has no name", text)
        if len(names) > _MOST_COLUMNS or any(len(name) > _LONGEST_NAME for name in names):
            # Every record is kept with the names of its columns: a long first line would make each of them as long.
            reason = f"there are at most {_MOST_COLUMNS:,} columns, with names of at most {_LONGEST_NAME} characters"
            raise BrokenFile(self._since, reason, text)
        twice = next((name for place, name in enumerate(names) if name in names[:place]), None)
        if twice is not None:
            raise BrokenFile(self._since, f"two columns are called {twice[:60]!r}", text)
        return names


class _Ndjson:
    """One JSON object a line."""

    media_type = JSON

    def __init__(self, lines: _Lines) -> None:
        self._lines = lines

    def feed(self, data: bytes) -> Iterator[FileRecord]:
        return self._records(self._lines.feed(data))

    def close(self) -> Iterator[FileRecord]:
        return self._records(self._lines.feed(b"", final=True))

    def _records(self, lines: Iterator[tuple[int, str]]) -> Iterator[FileRecord]:
        for number, line in lines:
            if line.strip():
                _object(number, line)
                yield FileRecord(number, line.strip())


class _Xml:
    """Elements at a path below the root; names without prefixes. No DTD, no entities, no network."""

    media_type = XML

    def __init__(self, path: str) -> None:
        self._path = path.split(".")
        self._names: list[str] = []
        self._since, self._held = 1, 0
        # Comments and instructions hold no data, and would be kept wherever they stand.
        self._parser = etree.XMLPullParser(
            events=("start", "end"),
            resolve_entities=False,
            no_network=True,
            load_dtd=False,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )

    def feed(self, data: bytes) -> Iterator[FileRecord]:
        try:
            self._parser.feed(data)
        except etree.XMLSyntaxError as error:
            raise self._broken(error) from None
        yield from self._records()
        # Of a record that has not ended all is in memory.
        self._held = self._held + len(data) if self._names[1:][: len(self._path)] == self._path else 0
        if self._held > LONGEST:
            raise BrokenFile(self._since, f"one record has more than {LONGEST:,} bytes")

    def close(self) -> Iterator[FileRecord]:
        try:
            self._parser.close()
        except etree.XMLSyntaxError as error:
            raise self._broken(error) from None
        yield from self._records()

    def _records(self) -> Iterator[FileRecord]:
        events: Iterator[tuple[str, Any]] = self._parser.read_events()
        while True:
            try:
                event, element = next(events)
            except StopIteration:
                return
            except etree.XMLSyntaxError as error:
                raise self._broken(error) from None
            if event == "start":
                if not self._names and element.getroottree().docinfo.internalDTD is not None:
                    raise BrokenFile(1, "it carries a DTD, which is not accepted")
                self._names.append(etree.QName(element).localname)
                if self._names[1:] == self._path:
                    self._since = element.sourceline or 1
                continue
            place = self._names[1:]
            if place == self._path:
                text = etree.tostring(element, encoding="utf-8", with_tail=False).decode()
                yield FileRecord(element.sourceline or 1, text)
            # What is not part of a record that is still open has been seen; it would be kept to the end of the file.
            if len(place) <= len(self._path) or place[: len(self._path)] != self._path:
                _forget(element)
            self._names.pop()

    @staticmethod
    def _broken(error: etree.XMLSyntaxError) -> BrokenFile:
        # The parser's own words may quote the document; the start of them does not.
        reason = (error.msg or "syntax error").partition(":")[0]
        return BrokenFile(error.lineno or 1, f"it is not well-formed XML ({reason[:60]})")


def _forget(element: etree._Element) -> None:
    element.clear()
    while (before := element.getprevious()) is not None:
        parent = before.getparent()
        if parent is None:
            return
        parent.remove(before)


def _object(line: int, text: str) -> None:
    try:
        value = DECODER.decode(text)
    except (ValueError, RecursionError) as error:
        raise BrokenFile(line, f"it is no JSON: {why(error)}", text) from None
    if not isinstance(value, dict):
        raise BrokenFile(line, "a record is an object", text)
