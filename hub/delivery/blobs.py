"""Puts the content of blobs where a record names them, right before it is sent."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from uuid import UUID

from hub.kernel.errors import InvalidRequest


def named(value: Any) -> set[str]:
    """The ids of all blobs that a record names."""
    if isinstance(value, Mapping):
        here = {str(value["blob"])} if "blob" in value else set()
        return here.union(*(named(one) for one in value.values()))
    return set().union(*(named(one) for one in value)) if isinstance(value, (list, tuple)) else set()


Fetch = Callable[[UUID], Awaitable[bytes]]


async def opened(value: Any, fetch: Fetch, *, except_lists: frozenset[int] = frozenset()) -> Any:
    """`value` with `content` beside what else stands in each block that has `blob: id`.

    `except_lists`: lists (by `id()`) that stay closed. Raises InvalidRequest for an id that is none; what `fetch`
    raises passes.
    """
    if isinstance(value, Mapping):
        found = {
            name: await opened(one, fetch, except_lists=except_lists) for name, one in value.items() if name != "blob"
        }
        if "blob" in value:
            try:
                blob_id = UUID(str(value["blob"]))
            except ValueError:
                raise InvalidRequest("A blob is named by its id.", field="blob") from None
            found["content"] = await fetch(blob_id)
        return found
    if isinstance(value, list) and id(value) not in except_lists:
        return [await opened(one, fetch, except_lists=except_lists) for one in value]
    return value
