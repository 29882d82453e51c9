"""Records of a JSON file: a list of objects, which is the file itself or stands at a path of keys in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from hub.intake.file_text import DECODER, LONGEST, BrokenFile, FileRecord, FileText, why

_CUT_OFF = re.compile(r"[.eE+-]{0,2}")
_BLANK = re.compile(r"[ \t\r\n]*")


class JsonFile:
    """A list of objects: the file itself, or what stands at a path of keys in it."""

    media_type = "application/json"

    def __init__(self, encoding: str, path: str, remedy: str) -> None:
        self._text, self._path = FileText(encoding, remedy), path.split(".") if path else []
        self._wanted, self._depth = path, 0
        # What has not become a record yet begins at `_at`: cut off once a piece, since each cut copies all of the rest.
        self._rest, self._at, self._line = "", 0, 1
        self._state = "value"  # value · key · item · comma · end

    def feed(self, data: bytes) -> Iterator[FileRecord]:
        return self._records(self._text.decode(data), final=False)

    def close(self) -> Iterator[FileRecord]:
        yield from self._records(self._text.decode(b"", final=True), final=True)
        if self._state != "end":
            raise BrokenFile(self._line, "the file ends too soon", self._found())

    def _records(self, text: str, *, final: bool) -> Iterator[FileRecord]:
        self._rest += text
        while (step := self._step(final=final)) is not None:
            if isinstance(step, FileRecord):
                yield step
        self._rest, self._at = self._rest[self._at :], 0
        if len(self._rest) > LONGEST:
            raise BrokenFile(self._line, f"one value has more than {LONGEST:,} characters", self._found())

    def _step(self, *, final: bool) -> FileRecord | bool | None:
        """One token further: a record, or True. None where more bytes are needed, or nothing is left."""
        self._drop(self._blank(self._at))
        if self._at == len(self._rest) or self._state == "end":
            # What follows the list belongs to objects around it, and holds no record.
            self._at = len(self._rest)
            return None
        match self._state:
            case "value":
                return self._enter()
            case "key":
                return self._key(final=final)
            case "item" if self._rest[self._at] == "]":
                self._state = "end"
                return True
            case "item":
                return self._item(final=final)
            case _:
                return self._comma()

    def _enter(self) -> bool:
        wanted = "{" if self._depth < len(self._path) else "["
        if self._rest[self._at] != wanted:
            what = "an object" if wanted == "{" else "a list"
            at = ".".join(self._path[: self._depth]) or "the file"
            raise BrokenFile(self._line, f"{at} is no {what.split()[1]}", self._found())
        self._drop(self._at + 1)
        self._state = "key" if wanted == "{" else "item"
        return True

    def _key(self, *, final: bool) -> bool | None:
        if self._rest[self._at] == "}":
            raise BrokenFile(self._line, f"there is no {self._wanted!r} in it")
        if self._rest[self._at] == ",":
            self._drop(self._at + 1)
            return True
        found = self._decoded(self._at, final=final)
        if found is None:
            return None
        key, end = found
        colon = self._blank(end)
        if colon >= len(self._rest) and not final:
            return None
        if not isinstance(key, str) or self._rest[colon : colon + 1] != ":":
            raise BrokenFile(self._line, "a key and a colon are expected", self._found())
        if key == self._path[self._depth]:
            self._drop(colon + 1)
            self._depth += 1
            self._state = "value"
            return True
        start = self._blank(colon + 1)
        passed = self._decoded(start, final=final) if start < len(self._rest) else None
        if passed is None:
            if final:
                raise BrokenFile(self._line, "the file ends too soon", self._found())
            return None
        self._drop(passed[1])
        return True

    def _item(self, *, final: bool) -> FileRecord | None:
        found = self._decoded(self._at, final=final)
        if found is None:
            return None
        value, end = found
        if not isinstance(value, dict):
            raise BrokenFile(self._line, "a record is an object", self._found())
        record = FileRecord(self._line, self._rest[self._at : end])
        self._drop(end)
        self._state = "comma"
        return record

    def _comma(self) -> bool:
        mark = self._rest[self._at]
        if mark not in {",", "]"}:
            raise BrokenFile(self._line, "after a record there is neither ',' nor ']'", self._found())
        self._drop(self._at + 1)
        self._state = "item" if mark == "," else "end"
        return True

    def _decoded(self, start: int, *, final: bool) -> tuple[Any, int] | None:
        """The value that begins there, and where it ends; None where more bytes may complete it."""
        try:
            value, end = DECODER.raw_decode(self._rest, start)
        except (ValueError, RecursionError) as error:
            if not final and len(self._rest) - start <= LONGEST:
                return None
            at = getattr(error, "pos", start)
            raise BrokenFile(
                self._line + self._rest.count("\n", self._at, at), f"it is no JSON: {why(error)}"
            ) from None
        # A number may go on in the next bytes, also behind a point or an exponent's letter.
        return (value, end) if final or not _CUT_OFF.fullmatch(self._rest, end) else None

    def _blank(self, at: int) -> int:
        """Where something stands again, from there on."""
        found = _BLANK.match(self._rest, at)
        assert found is not None
        return found.end()

    def _found(self) -> str:
        return self._rest[self._at : self._at + 2000]

    def _drop(self, end: int) -> None:
        """Be done with everything before `end`."""
        self._line += self._rest.count("\n", self._at, end)
        self._at = end
