"""argon2id off the event loop.

Parameters are argon2-cffi's defaults, the low-memory profile of RFC 9106 §4: 3 passes, 64 MiB, 4 lanes. Two at once
hold 128 MiB; what waits is bounded, so that a flood of logins is told to come again instead of filling the memory.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from argon2 import PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError

from hub.kernel.errors import NotReady

AT_ONCE = 2
MOST_WAITING = 32
"""Some five seconds of work."""

T = TypeVar("T")


class Hasher:
    """One per process; `close` it. `verifications` counts the work done, for whoever doubts that it is the same."""

    def __init__(self, *, time_cost: int = 3, memory_cost: int = 65_536, parallelism: int = 4) -> None:
        """`memory_cost` in KiB."""
        self._argon2 = PasswordHasher(
            time_cost=time_cost, memory_cost=memory_cost, parallelism=parallelism, type=Type.ID
        )
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="argon2", initializer=_yielding)
        self._asked = 0
        self._nobody: str | None = None
        self.verifications = 0

    async def hash(self, password: str) -> str:
        """A PHC string. Raises NotReady when too many wait."""
        return await self._run(lambda: self._argon2.hash(password))

    async def verify(self, stored: str | None, password: str) -> bool:
        """Whether `password` is the one hashed. `stored` None (nobody has that name): the same work for nothing.

        Raises NotReady when too many wait.
        """
        return await self._run(lambda: self._verify(stored, password))

    def outdated(self, stored: str) -> bool:
        """Whether it was hashed with other parameters than today's."""
        return self._argon2.check_needs_rehash(stored)

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _verify(self, stored: str | None, password: str) -> bool:
        if self._nobody is None:
            self._nobody = self._argon2.hash(os.urandom(16).hex())
        self.verifications += 1
        try:
            right = self._argon2.verify(stored or self._nobody or "", password)
        except (VerificationError, InvalidHashError):
            return False
        return right and stored is not None

    async def _run(self, work: Callable[[], T]) -> T:
        if self._asked >= AT_ONCE + MOST_WAITING:
            raise NotReady("Too many logins at once; try again in a moment.")
        self._asked += 1
        done = asyncio.get_running_loop().run_in_executor(self._threads, work)
        # Counted by the work and not by who waits: a caller who leaves does not make it stop.
        done.add_done_callback(self._finished)
        return await done

    def _finished(self, _: object) -> None:
        self._asked -= 1


def _yielding() -> None:
    """Threads of a hash give way to the event loop without starving; Linux inherits the value to the lanes they start.

    Twenty logins at once on two busy processors: the loop was late by 95 and 51 ms (p99) without, 35 and 41 ms with it.
    """
    with contextlib.suppress(OSError, AttributeError):
        os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), 5)
