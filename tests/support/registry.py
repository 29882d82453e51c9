"""A back office on loopback that keeps cases, has no idea of doing things once, and misbehaves as a test says.

registry.next("drop_after")        what it does with the next write; then it behaves again
registry.always = "refuse"         what it does with every write until this is None

`drop_before` hangs up without having done it, `drop_after` having done it; `slow_after` does it and never answers;
`fail_before`, `fail_after` answer 500; `conflict_after` 409 for what it has just done; `garbage_after` something that is no JSON; `refuse` 422 with the field;
`busy` 429, `milliseconds` the same for three years; `closed` 503; `unauthorised` 401; `wait` does it when `gate` is set.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from tests.support.http_server import Answer, Request, Server, serve

JSON = {"content-type": "application/json"}


def _json(value: Any, status: int = 200, **headers: str) -> Answer:
    return Answer(json.dumps(value).encode(), status, JSON | headers)


@dataclass
class Registry:
    """`cases` and `documents` in the order they were made; the same key twice is a mistake of the hub, not of ours."""

    url: str = ""
    cases: list[dict[str, Any]] = field(default_factory=list)
    documents: list[dict[str, Any]] = field(default_factory=list)
    writes: list[Request] = field(default_factory=list)
    questions: list[Request] = field(default_factory=list)
    always: str | None = None
    asked: str | None = None
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    at_once: int = 0
    most_at_once: int = 0
    delay: float = 0.0
    on_write: Callable[[Request], None] | None = None
    _moods: list[str] = field(default_factory=list)

    def next(self, *moods: str) -> None:
        self._moods += moods

    @property
    def titles(self) -> list[str]:
        return [one["title"] for one in self.cases]

    @property
    def keys(self) -> list[str]:
        return [one["key"] for one in [*self.cases, *self.documents]]

    async def __call__(self, request: Request) -> Answer | None:
        if request.method == "GET":
            return self._found(request)
        self.writes.append(request)
        if self.on_write:
            self.on_write(request)
        mood = self._moods.pop(0) if self._moods else self.always
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        try:
            return await self._write(request, mood)
        finally:
            self.at_once -= 1

    async def _write(self, request: Request, mood: str | None) -> Answer | None:
        await asyncio.sleep(self.delay)
        refusals = {
            "drop_before": None,
            "fail_before": Answer(b"", 500),
            "refuse": _json({"field": "title", "message": "too long"}, 422),
            "busy": _json({}, 429, **{"retry-after": "120"}),
            "milliseconds": _json({}, 429, **{"retry-after": "90000000"}),
            "closed": Answer(b"", 503),
            "unauthorised": Answer(b"", 401),
        }
        if mood in refusals:
            return refusals[mood]
        if mood == "wait":
            await self.gate.wait()
        made = self._made(request)
        match mood:
            case "drop_after":
                return None
            case "slow_after":
                await asyncio.sleep(60)
            case "fail_after":
                return Answer(b"", 500)
            case "conflict_after":
                return _json({"message": "it is there already"}, 409)
            case "garbage_after":
                return Answer(b"<html>fine</html>", 200, {"content-type": "text/html"})
        return _json(made, 201)

    def _made(self, request: Request) -> dict[str, Any]:
        said = json.loads(request.body)
        shelf = self.documents if request.path.endswith("/documents") else self.cases
        kept = {**said, "number": f"{'D' if shelf is self.documents else 'C'}{len(shelf) + 1}", "path": request.path}
        shelf.append(kept)
        return kept

    def _found(self, request: Request) -> Answer | None:
        self.questions.append(request)
        match self.asked:
            case "drop":
                return None
            case "fail":
                return Answer(b"", 500)
            case "other":
                return _json({"error": "what?"})
            case "unauthorised":
                return Answer(b"", 401)
        shelf = {"/cases": self.cases, "/documents": self.documents}[request.path]
        [key] = parse_qs(request.query)["key"]
        return _json({"found": [one for one in shelf if one["key"] == key]})


@asynccontextmanager
async def registry() -> AsyncIterator[tuple[Registry, Server]]:
    office = Registry()
    async with serve(office) as server:
        office.url = server.url
        yield office, server
