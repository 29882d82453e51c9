"""What arrives in parts of any length becomes pieces of one length: a file of any size costs the memory of one."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator

from hub.kernel.errors import TooLarge


class Pieces:
    """`async for number, body in Pieces(…)`: from 1 on, all but the last of `length` bytes.

    `size` and `digest` (SHA-256) are of what has come so far; after the last piece, of the whole. Raises TooLarge with
    the `remedy` above `largest` bytes, and whatever `parts` does.
    """

    def __init__(self, parts: AsyncIterator[bytes], *, length: int, largest: int, remedy: str) -> None:
        self._parts, self._length, self._largest, self._remedy = parts, length, largest, remedy
        self._digest, self.size = hashlib.sha256(), 0

    @property
    def digest(self) -> bytes:
        return self._digest.digest()

    async def __aiter__(self) -> AsyncIterator[tuple[int, bytes]]:
        number, held = 0, bytearray()
        async for part in self._parts:
            self.size += len(part)
            if self.size > self._largest:
                raise TooLarge(f"A file may have {self._largest:,} bytes: {self._remedy}.")
            self._digest.update(part)
            held += part
            while len(held) >= self._length:
                number += 1
                yield number, bytes(held[: self._length])
                del held[: self._length]
        if held:
            yield number + 1, bytes(held)
