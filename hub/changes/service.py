"""Notes what changed, in the transaction that changed it, where a front end of the town wants to know."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from hub.cities.model import City
from hub.cities.told import WebhookEvent
from hub.storage.database import Connection

ACCOUNT: WebhookEvent = "account.changed"
SUBMISSION: WebhookEvent = "submission.state_changed"


def wanted(city: City, event: WebhookEvent) -> list[str]:
    """The front ends that want to know of it, by name."""
    return [name for name, client in city.clients.items() if client.webhook and event in client.webhook.events]


async def of_records(
    connection: Connection,
    city: City,
    noun: str,
    back_office: str,
    feed: str,
    at: datetime,
    *,
    keys: Collection[str] = (),
    gone_at: datetime | None = None,
) -> None:
    """Records of a feed: those with these keys, or those that a read begun at `gone_at` found to be gone."""
    if (keys or gone_at) and wanted(city, ACCOUNT):
        await connection.execute(
            """insert into webhook_changes (city_id, type, noun, at, back_office, feed, keys, gone_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8)""",
            city.id,
            ACCOUNT,
            noun,
            at,
            back_office,
            feed,
            list(keys),
            gone_at,
        )


async def of_matter(
    connection: Connection, city_id: int, noun: str, record_id: UUID, subject_id: UUID, state: str, at: datetime
) -> None:
    """Something a citizen has sent is in another state; noted in every town, since it is seldom enough."""
    await connection.execute(
        """insert into webhook_changes (city_id, type, noun, at, record_id, subject_id, state)
           values ($1, $2, $3, $4, $5, $6, $7)""",
        city_id,
        SUBMISSION,
        noun,
        at,
        record_id,
        subject_id,
        state,
    )
