from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor


class EachInANewThread(ThreadPoolExecutor):
    """The executor behind asyncio.to_thread on its worst day: no two calls share a thread."""

    def submit(self, call, /, *arguments, **named):
        with_own = ThreadPoolExecutor(1, "another")
        future = with_own.submit(call, *arguments, **named)
        with_own.shutdown(wait=False)
        return future


def hop() -> None:
    asyncio.get_running_loop().set_default_executor(EachInANewThread())
