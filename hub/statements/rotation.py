"""Brings what entries are found by to a new key of their town (hub.subjects.rotation)."""

from __future__ import annotations

from uuid import UUID

import orjson

from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.statements.likeness import likeness_key, likeness_of, party_key
from hub.storage.database import Connection
from hub.storage.vault import TownKeys

_BATCH = 500


async def rekey(connection: Connection, keys: TownKeys, after: UUID) -> UUID | None:
    """The next entries after `after`; returns the last one, None at the end."""
    rows = await connection.fetch(
        """select entry_id, amount, currency, booked_on, valued_on, bank_reference, references_, details
           from statement_entries where city_id = $1 and entry_id > $2 order by entry_id limit $3""",
        keys.city_id,
        after,
        _BATCH,
    )
    found = []
    for row in rows:
        kept = orjson.loads(keys.decrypt("statement_entries", "details", str(row["entry_id"]), row["details"]))
        alike = likeness_of(
            Money(row["amount"], row["currency"]), row["booked_on"], row["valued_on"], row["bank_reference"],
            [Reference(one["scheme"], one["value"]) for one in orjson.loads(row["references_"])],
            account=kept["account"], end_to_end=kept["end_to_end"], text=kept["text"],
        )  # fmt: skip
        found.append((keys.city_id, row["entry_id"], likeness_key(keys, alike), party_key(keys, kept["account"])))
    await connection.executemany(
        "update statement_entries set likeness = $3, party_key = $4 where city_id = $1 and entry_id = $2", found
    )
    return rows[-1]["entry_id"] if len(rows) == _BATCH else None
