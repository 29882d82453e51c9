"""Whose data some bytes are, when nobody could make sense of them: by the identifiers that stand in them.

A mapping would say it exactly, but what is looked at here is what a mapping has refused. So everything that could be an
identifier is looked up. A national number is recognised anywhere in the text, since its check digits leave little to
chance; a number that only a back office knows (`1250`) only where it is a whole value. A value that happens to be
somebody else's number is taken for it: better one person too many is told than one too few.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable
from uuid import UUID

from hub.kit import identifiers
from hub.storage.database import Connection
from hub.storage.vault import TownKeys
from hub.subjects import queries
from hub.subjects.service import recognise

MOST = 20_000
"""Values of one body that are looked up."""

# A number with the marks it may be written with, and what stands alone between quotes, brackets of tags or commas.
_NUMBER = re.compile(r"[0-9A-Za-z][0-9A-Za-z./-]{3,30}")
_WHOLE = re.compile(r"[\"'>:;,\t\n]\s*([^\"'<>:;,\t\n{}\[\]]{1,200}?)\s*(?=[\"'<;,\t\n}\]])")


async def mentioned(
    connection: Connection, keys: TownKeys, schemes: Iterable[str], body: bytes
) -> tuple[set[UUID], bool]:
    """The subjects whose identifiers of these schemes stand in `body`, and whether all of it was looked through.

    Whoever is merged into another one is answered as the other one. The connection must be able to look for people.
    """
    text = body.decode("utf-8", "replace")
    pairs, complete = await asyncio.to_thread(_pairs, sorted(schemes), text)
    known = await recognise(connection, keys, pairs)
    found = set()
    for identifier_id in set(known.values()):
        alias = await connection.fetchrow(queries.FIND_ALIAS, keys.city_id, identifier_id)
        if alias and (standing := await queries.merge_of(connection, keys.city_id, alias["subject_id"])):
            found.add(standing)
    return found, complete


def _pairs(schemes: list[str], text: str) -> tuple[list[tuple[str, str]], bool]:
    numbers = set(_NUMBER.findall(text))
    whole = {match.strip() for match in _WHOLE.findall(f"\n{text}\n")}
    pairs: set[tuple[str, str]] = set()
    for scheme in schemes:
        for value in (numbers | whole) if scheme in identifiers.NATIONAL else whole:
            try:
                pairs.add((scheme, identifiers.normalise(scheme, value)))
            except ValueError:
                continue
            if len(pairs) >= MOST:
                return sorted(pairs), False
    return sorted(pairs), True
