"""Whose a delivery is while it is sent, and how what is known of it gets written down.

A run of a lane that is believed dead may live: its machine stood still, or only the database lost sight of it. Three
things keep its delivery from being sent twice.

Every outcome names the claim of the run, so that a run that lost it changes nothing. A run sends only within `FENCE`
after it was last sure of its claim, and gives up a sending that goes on when it is not sure any more. And whoever takes
the delivery from it counts what was sent as under way for as long: only then begins the time after which "not there" is
believed.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from typing import Any

import structlog

from hub.delivery.moments import believed, moment
from hub.delivery.steps import Doubt, NotReached, Sent
from hub.delivery.taken import ClaimLost, Taken
from hub.jobs.failures import describe
from hub.kernel.clock import Clock
from hub.storage.database import Connection, Database
from hub.storage.failures import PASSING
from hub.storage.vault import TownKeys, Vault

log = structlog.get_logger(__name__)

FENCE = timedelta(seconds=8)
_SURE_EVERY = 2.5
_LATEST_START = 4.0
_LAST_WORDS = 3.0
"""Seconds in which a worker that ends may still write down what it has heard."""
_WAITS = (0.2, 1.0, 2.0, 4.0, 8.0)
"""Seconds between tries to write down what is known, while the database is away: what is not written is in doubt."""

_MINE = "select clock_timestamp() from deliveries where city_id = $1 and delivery_id = $2 and claim = $3"
Write = Callable[[Connection, TownKeys, datetime], Awaitable[Any]]


def passed() -> float:
    """Seconds of a clock that nobody sets, and that goes on while the machine sleeps (clock_gettime(2))."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class Claims:
    """The claims of the lanes of one process."""

    def __init__(self, database: Database, vault: Vault, clock: Clock) -> None:
        self._database, self._vault, self._clock = database, vault, clock

    @asynccontextmanager
    async def mine(self, one: Taken) -> AsyncIterator[tuple[Connection, TownKeys, datetime]]:
        """A transaction in which the delivery is this run's, and the time. Raises ClaimLost."""
        async with self._database.town(one.city_id) as connection:
            at = await connection.fetchval(f"{_MINE} for update", one.city_id, one.delivery_id, one.claim)
            if at is None:
                raise ClaimLost
            yield connection, await self._vault.keys(connection, one.city_id), believed(at, self._clock)

    async def persist(self, one: Taken, write: Write) -> Any:
        """Write what is known, also where the database is away for some seconds or this worker is told to end."""

        async def attempt() -> Any:
            async with self.mine(one) as (connection, keys, now):
                return await write(connection, keys, now)

        return await self._insist(one, attempt)

    async def persist_anyway(self, one: Taken, write: Write) -> Any:
        """The same, whoever has the delivery by now."""

        async def attempt() -> Any:
            async with self._database.town(one.city_id) as connection:
                keys = await self._vault.keys(connection, one.city_id)
                return await write(connection, keys, await moment(connection, self._clock))

        return await self._insist(one, attempt)

    async def _insist(self, one: Taken, attempt: Callable[[], Awaitable[Any]]) -> Any:
        task = asyncio.ensure_future(self._tries(one, attempt))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            await asyncio.wait([task], timeout=_LAST_WORDS)
            task.cancel()
            raise

    async def _tries(self, one: Taken, attempt: Callable[[], Awaitable[Any]]) -> Any:
        for wait in _WAITS:
            try:
                return await attempt()
            except PASSING as error:
                log.warning("delivery_not_written", delivery=one.name, error=describe(error), waiting=wait)
            await asyncio.sleep(wait)
        return await attempt()

    async def sending(self, one: Taken, sure_at: float, send: Callable[[], Awaitable[Sent]]) -> Sent:
        """Send, as long as nobody else can believe this run dead; `sure_at`, by `passed()`: when it was last sure."""
        old = passed() - sure_at
        if old > _LATEST_START:
            return NotReached("worker_stood_still", f"{old:.1f} seconds passed before it could be sent.")
        loop = asyncio.get_running_loop()
        began = loop.time()
        try:
            async with asyncio.timeout_at(began + FENCE.total_seconds() - old) as limit:
                sure = asyncio.create_task(self._stay_sure(one, limit))
                try:
                    return await send()
                finally:
                    sure.cancel()
        except TimeoutError:
            return Doubt("claim_unsure", "Given up while it was sent: another worker may have taken it.")
        finally:
            one.away += loop.time() - began

    async def _stay_sure(self, one: Taken, limit: asyncio.Timeout) -> None:
        loop = asyncio.get_running_loop()
        # The limit may pass in the same moment; then there is nothing to move any more.
        with suppress(RuntimeError):
            while True:
                await asyncio.sleep(_SURE_EVERY)
                asked_at = loop.time()
                try:
                    async with self._database.town(one.city_id) as connection:
                        mine = await connection.fetchval(_MINE, one.city_id, one.delivery_id, one.claim)
                except PASSING:
                    continue
                if not mine:
                    limit.reschedule(loop.time())
                    return
                limit.reschedule(asked_at + FENCE.total_seconds())
