"""What callers have a back office do, and what goes wrong with it on demand.

A back office recognises the caller's own key: asked to do the same again under it, it does nothing and gives the same
number as before. A `Ledger` notes everything that happened, so that a test can count it and see its order.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulators.kit.serve import drop_connection

_PAGE = b"<!DOCTYPE html><html><body><h1>Application error</h1></body></html>"


class Misdeeds(BaseModel):
    """What goes wrong with writes; what a request to set it leaves out is off.

    `do`          `error_before`, `drop_before`: status 500 or a closed connection, and nothing was done; `error_after`,
                  `drop_after`, `garbage_after`, `half_after`: it was done, and the answer is a 500, no answer at all, a
                  page with status 200, or its first half; `refuse`: it is refused, naming the field of `field`
    `wait_after`  seconds between doing it and the answer
    `uncounted`   of a payment: it is taken and answered, and counted nowhere
    `forget`      the caller's key is not recognised: what is asked for again is done again
    `operations`  only these; empty: all
    `only_next`   after so many writes everything is off again
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    do: (
        Literal["error_before", "drop_before", "error_after", "drop_after", "garbage_after", "half_after", "refuse"]
        | None
    ) = None
    field: str = "opis"
    wait_after: float = Field(0, ge=0, le=600)
    uncounted: bool = False
    forget: bool = False
    operations: frozenset[str] = frozenset()
    only_next: int | None = Field(None, ge=1)


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that was done, or (`repeated`) recognised by its key as done before."""

    sequence: int
    operation: str
    key: str
    number: str
    about: str
    repeated: bool
    at: str


class Rejected(Exception):
    """The request makes no sense to the back office; `field` is the one that is wrong, in its own words."""

    def __init__(self, field: str, text: str) -> None:
        super().__init__(text)
        self.field, self.text = field, text


class Failed(Exception):
    """It broke before anything was done."""

    def __init__(self, how: str) -> None:
        super().__init__(how)
        self.how = how


class Ledger:
    """What happened at one back office."""

    def __init__(self, clock: Callable[[], datetime]) -> None:
        self._clock = clock
        self.misdeeds = Misdeeds()
        self.entries: list[Entry] = []
        self._done: dict[tuple[str, str], dict[str, Any]] = {}
        self._numbers: dict[tuple[str, str], str] = {}
        self._after: Misdeeds | None = None

    def perform(
        self,
        operation: str,
        key: str,
        about: str,
        act: Callable[[], tuple[str, dict[str, Any]]],
        *,
        recognises: bool = True,
    ) -> dict[str, Any]:
        """Do it, or recognise it; returns what is answered. `act` gives the number of what it made, and the answer.

        `about` says whose it is, for the order of the ledger. `recognises`: whether this back office looks at the key
        at all. Raises Failed and Rejected as the misdeeds say, and what `act` raises.
        """
        misdeeds = self._take(operation)
        if misdeeds.do in {"error_before", "drop_before"}:
            raise Failed(misdeeds.do)
        if misdeeds.do == "refuse":
            raise Rejected(misdeeds.field, f"{misdeeds.field}: refused (simulated)")
        self._after = misdeeds
        known = None if misdeeds.forget or not recognises or not key else self._done.get((operation, key))
        if known is None:
            number, known = act()
            if key:
                self._done[operation, key], self._numbers[operation, key] = known, number
            self._note(operation, key, number, about, repeated=False)
        else:
            self._note(operation, key, self._numbers[operation, key], about, repeated=True)
        return known

    @property
    def uncounted(self) -> bool:
        """Whether what is being performed is to be taken and not counted."""
        return self._after is not None and self._after.uncounted

    def asked(self, key: str, operation: str | None = None) -> dict[str, Any] | None:
        """What was done under this key, as it was answered then; None where nothing was."""
        return next(
            (answer for (of, under), answer in self._done.items() if under == key and operation in {None, of}), None
        )

    async def answer(self, request: Request, response: Response) -> Response:
        """`response` to the write that was just performed, or what the misdeeds make of it."""
        after, self._after = self._after, None
        if after is None:
            return response
        await asyncio.sleep(after.wait_after)
        match after.do:
            case "drop_after":
                await drop_connection(request.scope, request.receive)
            case "error_after":
                return Response("Internal Server Error", 500, media_type="text/plain")
            case "garbage_after":
                return Response(_PAGE, 200, media_type="text/html")
            case "half_after":
                body = bytes(response.body)
                return Response(
                    body[: len(body) // 2], response.status_code, media_type=response.headers["content-type"]
                )
        return response

    async def failed(self, request: Request, error: Failed) -> Response:
        """The answer to a write that broke before anything was done."""
        if error.how == "drop_before":
            await drop_connection(request.scope, request.receive)
        return Response("Internal Server Error", 500, media_type="text/plain")

    def reset(self) -> None:
        self.misdeeds = Misdeeds()
        self.entries.clear()
        self._done.clear()
        self._numbers.clear()

    def state(self) -> dict[str, Any]:
        """`entries` in their order; `counts` says by key how often something was really done under it."""
        counts: dict[str, int] = {}
        for entry in self.entries:
            counts[entry.key] = counts.get(entry.key, 0) + (not entry.repeated)
        return {"entries": [asdict(entry) for entry in self.entries], "counts": counts}

    async def door(self, request: Request) -> Response:
        """`GET /_control/writes`: the ledger. `POST`: set the misdeeds."""
        if request.method == "POST":
            self.misdeeds = Misdeeds.model_validate_json(await request.body() or b"{}")
        return JSONResponse({"misdeeds": self.misdeeds.model_dump(mode="json"), **self.state()})

    def _take(self, operation: str) -> Misdeeds:
        now = self.misdeeds
        if now.operations and operation not in now.operations:
            return Misdeeds()
        if now.only_next == 1:
            self.misdeeds = Misdeeds()
        elif now.only_next:
            self.misdeeds = now.model_copy(update={"only_next": now.only_next - 1})
        return now

    def _note(self, operation: str, key: str, number: str, about: str, *, repeated: bool) -> None:
        at = self._clock().isoformat(timespec="seconds")
        self.entries.append(Entry(len(self.entries) + 1, operation, key, number, about, repeated, at))
