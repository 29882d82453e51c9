"""Reads the body of a reply without ever holding more than was agreed."""

from __future__ import annotations

import zlib

import httpx

from hub.kernel.errors import RemoteGarbage

ACCEPTED_ENCODINGS = "gzip"


async def read_body(response: httpx.Response, *, limit: int, what: str) -> bytes:
    """The body, unpacked piece by piece and never beyond `limit` bytes, whatever lengths it claims.

    `what` names the request in errors. Raises RemoteGarbage; what goes wrong on the wire as httpx does.
    """
    encoding = response.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("identity", "gzip", "x-gzip", ""):
        raise RemoteGarbage(f"{what} answered in the encoding {encoding[:40]!r}, which nobody asked for.")
    unpack = _Gunzip(what) if "gzip" in encoding else None
    pieces: list[bytes] = []
    size = on_wire = 0
    async for chunk in response.aiter_raw():
        piece = unpack(chunk, limit + 1 - size) if unpack else chunk
        size += len(piece)
        on_wire += len(chunk)
        if max(size, on_wire) > limit:
            raise RemoteGarbage(f"{what} answered more than the {limit} bytes that max_reply_bytes allows.")
        pieces.append(piece)
    if unpack:
        unpack.finish()
    return b"".join(pieces)


class _Gunzip:
    """Unpacks gzip (RFC 1952) with a bound on what one call may yield."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._stream = zlib.decompressobj(zlib.MAX_WBITS | 16)
        self._begun = False

    def __call__(self, chunk: bytes, most: int) -> bytes:
        """At most `most` bytes; what lies beyond is dropped, for the caller then refuses the whole."""
        self._begun = self._begun or bool(chunk)
        try:
            unpacked = self._stream.decompress(chunk, most)
        except zlib.error as error:
            raise RemoteGarbage(f"{self._what} answered with broken compression: {error}.") from None
        if self._stream.unused_data:
            raise RemoteGarbage(f"{self._what} answered with something after the end of its compression.")
        return unpacked

    def finish(self) -> None:
        if self._begun and not self._stream.eof:
            raise RemoteGarbage(f"{self._what} answered with compression that breaks off.")
