"""Turns at the push doors: one back office that sends a lot at once takes no more than its share of a process.

What is taken in costs processor time and a connection to the database. Of one back office `AT_ONCE` requests are worked
on at a time, one while other towns are there, and a few more wait for their turn, in the order they came; whoever comes
on top of them is asked to come again. The requests of all the others pass by. While other towns are there a turn of one
that floods is followed by a rest (`hub.kernel.courtesy`), before which its answer has gone.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from hub.kernel.courtesy import LONGEST, Courtesy
from hub.kernel.errors import TooManyRequests

AT_ONCE = 2
WAITING = 8
"""As many may wait; each holds its body in memory."""
PATIENCE = LONGEST + 6.0
"""Seconds; whoever waits longer is asked to come again, which is better than a connection that breaks. It is longer
than a rest, so that whoever sends one after the other comes in.
"""
_COME_AGAIN = 5


class NotYourTurn(TooManyRequests):
    """Too many requests of one back office at the same moment."""

    reason = "too_many_at_once"

    def __init__(self) -> None:
        detail = "Too many requests at once: send one after the other. Nothing of this one was kept."
        super().__init__(detail, retry_after=_COME_AGAIN)


class Turns:
    """Those of one process. A back office is (town's id, name)."""

    def __init__(self, courtesy: Courtesy) -> None:
        self._courtesy = courtesy
        self._busy: dict[tuple[int, str], int] = {}
        self._lines: dict[tuple[int, str], deque[asyncio.Future[None]]] = {}

    @asynccontextmanager
    async def turn(self, city_id: int, back_office: str) -> AsyncIterator[None]:
        """Wait for the turn of a request, and have it. Raises NotYourTurn."""
        who = (city_id, back_office)
        await self._wait(who)
        began = time.monotonic()
        try:
            yield
        finally:
            if rest := self._courtesy.rest(city_id, time.monotonic() - began):
                asyncio.get_running_loop().call_later(rest, self._pass_on, who)
            else:
                self._pass_on(who)
                # So that whoever else is ready comes before the next one of the same back office.
                await asyncio.sleep(0)

    async def _wait(self, who: tuple[int, str]) -> None:
        if not self._lines.get(who) and self._free(who):
            self._busy[who] = self._busy.get(who, 0) + 1
            return
        line = self._lines.setdefault(who, deque())
        if len(line) >= WAITING:
            raise NotYourTurn
        mine: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        line.append(mine)
        try:
            async with asyncio.timeout(PATIENCE):
                await mine
        except BaseException as error:
            if mine.done() and not mine.cancelled():
                # It was given the turn in the same moment.
                self._pass_on(who)
            elif mine in line:
                line.remove(mine)
            if isinstance(error, TimeoutError):
                raise NotYourTurn from None
            raise

    def _free(self, who: tuple[int, str]) -> bool:
        return self._busy.get(who, 0) < (1 if self._courtesy.company(who[0]) else AT_ONCE)

    def _pass_on(self, who: tuple[int, str]) -> None:
        """A turn ends, and goes to the first of those who wait; to the next as well if the others have left."""
        self._busy[who] -= 1
        line = self._lines.get(who)
        while line and self._free(who):
            following = line.popleft()
            if not following.done():
                following.set_result(None)
                self._busy[who] += 1
        if not line:
            self._lines.pop(who, None)
        if not self._busy[who]:
            del self._busy[who]
