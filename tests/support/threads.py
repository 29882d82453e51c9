from __future__ import annotations

import asyncio
import threading
from concurrent.futures import Future, ThreadPoolExecutor


class EachInANewThread(ThreadPoolExecutor):
    """The executor behind asyncio.to_thread on its worst day: no two calls share a thread."""

    def submit(self, call, /, *arguments, **named):
        future = Future()

        def run():
            try:
                future.set_result(call(*arguments, **named))
            except Exception as error:  # noqa: BLE001 — whatever it is, it is the caller's
                future.set_exception(error)

        threading.Thread(target=run, name="another").start()
        return future


def hop() -> None:
    asyncio.get_running_loop().set_default_executor(EachInANewThread())
