"""What a citizen can do: say how to reach her, and see which office knows it by now."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from uuid import UUID

from hub.back_offices.model import Town
from hub.contact_details.model import CONTACT_CHANGE, Detail, Known, Values
from hub.kernel.clock import Clock
from hub.kernel.ids import new_uuid
from hub.matters import repeated
from hub.matters.people import person
from hub.matters.record import common
from hub.matters.repeated import Asked
from hub.matters.service import MatterService, Sender
from hub.storage.database import Connection, Database
from hub.storage.vault import TownKeys, Vault


class ContactService:
    """Contact details of all towns."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, matters: MatterService) -> None:
        self._database, self._vault, self._clock, self._matters = database, vault, clock, matters

    async def change(self, town: Town, sender: Sender, changes: Values) -> UUID:
        """Keep what is said, and tell every back office that wants to know. Returns the change's id.

        The changes of one person arrive in their order. Raises Conflict for a key that was used for something else.
        """
        city_id, change_id, now = town.city.id, new_uuid(), self._clock.now()
        content = {str(detail): value for detail, value in changes.items()}
        async with self._database.citizen(city_id, sender.subject_id) as connection:
            keys = await self._vault.keys(connection, city_id)
            asked = Asked(sender.key, CONTACT_CHANGE.name, sender.actor_id, sender.subject_id, content)
            first = await repeated.begin(connection, keys, asked, record_id=change_id, now=now)
            if first is not None:
                return first
            number = await self._matters.begin(connection, town, CONTACT_CHANGE, change_id, sender)
            await connection.execute(
                "insert into contact_changes (city_id, matter_id, subject_id, changes) values ($1, $2, $3, $4)",
                city_id,
                change_id,
                sender.subject_id,
                keys.encrypt("contact_changes", "changes", str(change_id), _text(content)),
            )
            for detail, value in changes.items():
                await self._keep(connection, keys, sender.subject_id, detail, value)
            values = {
                **common(change_id, number, sender.language, now),
                "person": await person(connection, keys, sender.subject_id),
                **content,
            }
            order = f"contact/{sender.subject_id}"
            await self._matters.deliver(connection, keys, town, CONTACT_CHANGE, change_id, values, order=order)
        return change_id

    async def known(self, connection: Connection, city_id: int) -> Known:
        """Within her walls. Of several subjects merged into one, what was said last."""
        keys = await self._vault.keys(connection, city_id)
        rows = await connection.fetch(
            "select detail_id, kind, value, changed_at from contact_details where city_id = $1 order by changed_at",
            city_id,
        )
        values: dict[Detail, object] = {}
        changed_at = {}
        for row in rows:
            detail = Detail(row["kind"])
            opened = keys.decrypt("contact_details", "value", str(row["detail_id"]), row["value"])
            values[detail] = json.loads(opened)
            changed_at[detail] = row["changed_at"]
        return Known(values, changed_at)

    async def changed(self, connection: Connection, city_id: int, ids: Sequence[UUID]) -> Mapping[UUID, Values]:
        """What was changed, by change; within her walls."""
        keys = await self._vault.keys(connection, city_id)
        rows = await connection.fetch(
            "select matter_id, changes from contact_changes where city_id = $1 and matter_id = any ($2)",
            city_id,
            list(ids),
        )
        found: dict[UUID, Values] = {}
        for row in rows:
            opened = json.loads(keys.decrypt("contact_changes", "changes", str(row["matter_id"]), row["changes"]))
            found[row["matter_id"]] = {Detail(name): value for name, value in opened.items()}
        return found

    async def _keep(
        self, connection: Connection, keys: TownKeys, subject_id: UUID, detail: Detail, value: object
    ) -> None:
        known = await connection.fetchval(
            "select detail_id from contact_details where city_id = $1 and subject_id = $2 and kind = $3 for update",
            keys.city_id,
            subject_id,
            detail,
        )
        # The row keeps its id, which its value is bound to.
        detail_id = known or new_uuid()
        await connection.execute(
            """insert into contact_details (city_id, detail_id, subject_id, kind, value, changed_at)
               values ($1, $2, $3, $4, $5, $6)
               on conflict (city_id, subject_id, kind) do update
               set detail_id = excluded.detail_id, value = excluded.value, changed_at = excluded.changed_at""",
            keys.city_id,
            detail_id,
            subject_id,
            detail,
            keys.encrypt("contact_details", "value", str(detail_id), _text(value)),
            self._clock.now(),
        )


def _text(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode()
