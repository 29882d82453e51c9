"""A login at which the eID said that the person acts for a company."""

from __future__ import annotations

import structlog

from hub.back_offices.model import Town
from hub.hub import Hub
from hub.kernel.errors import Conflict, InvalidRequest
from hub.logins.model import Arrived
from hub.mandates import service as mandates

log = structlog.get_logger(__name__)


async def remember(hub: Hub, town: Town, found: Arrived) -> None:
    """Let her act for it today (hub.mandates). Where its numbers say two things a clerk decides, and she is logged in
    all the same, for herself.
    """
    if found.represents is None or found.subject_id is None:
        return
    city_id = town.city.id
    try:
        async with hub.database.identity(city_id) as connection:
            keys = await hub.vault.keys(connection, city_id)
            await mandates.record_represented(
                connection, keys, found.subject_id, found.represents, found.provider, hub.clock.now()
            )
    except (Conflict, InvalidRequest) as error:
        log.warning("represented_left_out", city=town.city.slug, eid=found.provider, because=str(error))
