"""Records of a JSON file: a list of objects, which is the file itself or stands at a path of keys in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from hub.intake.file_text import DECODER, LONGEST, BrokenFile, FileRecord, FileText, why


class JsonFile:
    """A list of objects: the file itself, or what stands at a path of keys in it."""

    media_type = "application/json"

    def __init__(self, encoding: str, path: str) -> None:
        self._text, self._path = FileText(encoding), path.split(".") if path else []
        self._wanted, self._depth = path, 0
        self._rest, self._line = "", 1
        self._state = "value"  # value · key · item · comma · end

    def feed(self, data: bytes) -> Iterator[FileRecord]:
        return self._records(self._text.decode(data), final=False)

    def close(self) -> Iterator[FileRecord]:
        yield from self._records(self._text.decode(b"", final=True), final=True)
        if self._state != "end":
            raise BrokenFile(self._line, "the file ends too soon", self._rest)

    def _records(self, text: str, *, final: bool) -> Iterator[FileRecord]:
        self._rest += text
        while (step := self._step(final=final)) is not None:
            if isinstance(step, FileRecord):
                yield step
        if len(self._rest) > LONGEST:
            raise BrokenFile(self._line, f"one value has more than {LONGEST:,} characters", self._rest)

    def _step(self, *, final: bool) -> FileRecord | bool | None:
        """One token further: a record, or True. None where more bytes are needed, or nothing is left."""
        self._drop(len(self._rest) - len(self._rest.lstrip(" \t\r\n")))
        if not self._rest or self._state == "end":
            # What follows the list belongs to objects around it, and holds no record.
            self._rest = ""
            return None
        match self._state:
            case "value":
                return self._enter()
            case "key":
                return self._key(final=final)
            case "item" if self._rest[0] == "]":
                self._state = "end"
                return True
            case "item":
                return self._item(final=final)
            case _:
                return self._comma()

    def _enter(self) -> bool:
        wanted = "{" if self._depth < len(self._path) else "["
        if self._rest[0] != wanted:
            what = "an object" if wanted == "{" else "a list"
            at = ".".join(self._path[: self._depth]) or "the file"
            raise BrokenFile(self._line, f"{at} is no {what.split()[1]}", self._rest)
        self._drop(1)
        self._state = "key" if wanted == "{" else "item"
        return True

    def _key(self, *, final: bool) -> bool | None:
        if self._rest[0] == "}":
            raise BrokenFile(self._line, f"there is no {self._wanted!r} in it")
        if self._rest[0] == ",":
            self._drop(1)
            return True
        found = self._decoded(0, final=final)
        if found is None:
            return None
        key, end = found
        colon = len(self._rest) - len(self._rest[end:].lstrip())
        if colon >= len(self._rest) and not final:
            return None
        if not isinstance(key, str) or self._rest[colon : colon + 1] != ":":
            raise BrokenFile(self._line, "a key and a colon are expected", self._rest)
        if key == self._path[self._depth]:
            self._drop(colon + 1)
            self._depth += 1
            self._state = "value"
            return True
        start = len(self._rest) - len(self._rest[colon + 1 :].lstrip())
        passed = self._decoded(start, final=final) if start < len(self._rest) else None
        if passed is None:
            if final:
                raise BrokenFile(self._line, "the file ends too soon", self._rest)
            return None
        self._drop(passed[1])
        return True

    def _item(self, *, final: bool) -> FileRecord | None:
        found = self._decoded(0, final=final)
        if found is None:
            return None
        value, end = found
        if not isinstance(value, dict):
            raise BrokenFile(self._line, "a record is an object", self._rest[:end])
        record = FileRecord(self._line, self._rest[:end])
        self._drop(end)
        self._state = "comma"
        return record

    def _comma(self) -> bool:
        mark = self._rest[0]
        if mark not in {",", "]"}:
            raise BrokenFile(self._line, "after a record there is neither ',' nor ']'", self._rest)
        self._drop(1)
        self._state = "item" if mark == "," else "end"
        return True

    def _decoded(self, start: int, *, final: bool) -> tuple[Any, int] | None:
        """The value that begins there, and where it ends; None where more bytes may complete it."""
        try:
            value, end = DECODER.raw_decode(self._rest, start)
        except (ValueError, RecursionError) as error:
            if not final and len(self._rest) <= LONGEST:
                return None
            at = getattr(error, "pos", start)
            raise BrokenFile(self._line + self._rest.count("\n", 0, at), f"it is no JSON: {why(error)}") from None
        # A number may go on in the next bytes.
        return (value, end) if end < len(self._rest) or final else None

    def _drop(self, length: int) -> None:
        self._line += self._rest.count("\n", 0, length)
        self._rest = self._rest[length:]
