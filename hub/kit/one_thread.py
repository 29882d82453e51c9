"""A thread of its own for work beside the loop that must not wander between threads.

What libxml2 parses takes its names from a dictionary of the thread it is parsed in, and no lock guards that. A parser
fed, or a document changed, in another thread writes there while its own thread may be parsing something else: then
names are wrong, or the process is aborted. So a document belongs to the thread that parsed, made or copied it, which
alone looks things up in it by name or changes it; others pass it on, write it out, copy it (`hub.kit.xml.own`) and
drop it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from traceback import clear_frames
from types import TracebackType
from typing import Self, TypeVar, TypeVarTuple

T = TypeVar("T")
Ts = TypeVarTuple("Ts")


class OneThread:
    """Calls from within its `with`. The thread ends with the block; a call that runs then is run to its end, and nobody
    waits for it.
    """

    def __init__(self, name: str) -> None:
        self._executor = ThreadPoolExecutor(1, name)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._executor.shutdown(wait=False)

    async def run(self, call: Callable[[*Ts], T], *arguments: *Ts) -> T:
        """What `call` gives. Raises what it raises, but for StopIteration, which no future can hold."""
        return await asyncio.get_running_loop().run_in_executor(self._executor, partial(_whole, call, *arguments))


def _whole(call: Callable[[*Ts], T], *arguments: *Ts) -> T:
    """What `call` gives; where it fails nothing of a parser outlives its thread in the error."""
    try:
        return call(*arguments)
    except BaseException as error:
        clear_frames(error.__traceback__)
        raise
