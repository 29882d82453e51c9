"""Which format a file is of, by what it holds; its name only helps formats that hold nothing of the kind."""

from __future__ import annotations

from collections.abc import Mapping
from typing import BinaryIO

from hub.ports.bank_statement import Broken, StatementFormat

_HEAD = 16 * 1024
_PACKED = {b"PK\x03\x04": "ZIP", b"\x1f\x8b": "gzip", b"BZh": "bzip2", b"%PDF": "PDF"}


def recognised(file: BinaryIO, name: str, formats: Mapping[str, StatementFormat]) -> StatementFormat:
    """The format of a file at its beginning, which it stands at afterwards too. Raises Broken where none is meant, or
    more than one.
    """
    head = file.read(_HEAD)
    file.seek(0)
    if not head.strip(b"\0 \t\r\n\xef\xbb\xbf\x1a"):
        raise Broken("is empty")
    fitting = [one for one in formats.values() if one.recognises(head, name)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise Broken(f"could be of several formats: {', '.join(one.id for one in fitting)}")
    kind = next((kind for beginning, kind in _PACKED.items() if head.startswith(beginning)), None)
    if kind:
        raise Broken(f"is a {kind} file and no statement: unpack or export it first")
    raise Broken(f"is of no known format ({', '.join(sorted(formats))})")
