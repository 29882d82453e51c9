"""What belongs to more than one ending: the noun is told, the alarm is over, the next one of the line goes."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

import structlog

from hub.alerts import service as alerts
from hub.delivery import queries
from hub.delivery.model import Progress
from hub.delivery.service import DeliveryService
from hub.delivery.wake import lane_for, wake
from hub.jobs.failures import describe, places_of
from hub.kernel.ids import public_id
from hub.storage.database import Connection
from hub.storage.failures import PASSING
from hub.storage.vault import TownKeys

log = structlog.get_logger(__name__)

REFUSED = "delivery_refused"
IN_DOUBT = "delivery_in_doubt"
DOUBLED = "delivery_doubled"


async def tell(service: DeliveryService, connection: Connection, keys: TownKeys, progress: Progress) -> bool:
    """Tell the noun, and undo what it did where it raises; whether it took it."""
    try:
        async with connection.transaction():
            await service.tell(connection, keys, progress)
    except PASSING:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a noun raises must not lose a receipt
        name = public_id("dlv", progress.delivery_id)
        log.error("delivery_untold", delivery=name, noun=progress.noun, error=describe(error), places=places_of(error))
        return False
    return True


async def seen_to(connection: Connection, city_id: int, delivery_id: UUID, back_office: str, now: datetime) -> None:
    """Nobody needs to look at it any more: what was told of it is over."""
    await alerts.settle(connection, city_id, kind=IN_DOUBT, about=public_id("dlv", delivery_id), now=now)
    left = await connection.fetchval(
        """select exists (select from deliveries
                          where city_id = $1 and back_office = $2 and state = 'refused' and delivery_id <> $3)""",
        city_id,
        back_office,
        delivery_id,
    )
    if not left:
        await alerts.settle(connection, city_id, kind=REFUSED, about=back_office, now=now)


async def leave(
    connection: Connection, city_id: int, delivery_id: UUID, back_office: str, line: str, now: datetime
) -> None:
    """A delivery is over: the time of its values begins, what was told of it is over, the next of its line goes."""
    await connection.execute(
        "update delivery_values set done_at = $3 where city_id = $1 and delivery_id = $2", city_id, delivery_id, now
    )
    await seen_to(connection, city_id, delivery_id, back_office, now)
    await queries.lock_line(connection, back_office, line)
    if await queries.let_forward(connection, city_id, back_office, line, now):
        await wake(connection, city_id, [(back_office, lane_for(delivery_id))])
