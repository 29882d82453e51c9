"""Figures for a message: counted when it is sent, so that they are those of the moment it is read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from hub.alerts.model import Alert
from hub.back_offices.model import Feed, Town
from hub.contracts import service as contracts
from hub.storage.database import Connection
from hub.watch import letters
from hub.watch.model import Facts, Item


async def lines_of(connection: Connection, town: Town, alert: Alert) -> Sequence[str]:
    """What a message would say of it now, in the town's own language. Within the walls of the town."""
    item = Item(alert, "new" if alert.settled_at is None else "over", 1, await facts_of(connection, town, alert))
    return letters.lines_of(letters.catalogue_of(town.city), town, item)


async def facts_of(connection: Connection, town: Town, alert: Alert) -> Facts:
    """Within the walls of the town."""
    detail, times = alert.detail, alert.times
    since = datetime.fromisoformat(detail["since"]) if "since" in detail else alert.opened_at
    affected = detail.get("people") or detail.get("affected") or None
    office = detail.get("back_office")
    if office is None or alert.settled_at is not None:
        return Facts(times, since, affected)
    if alert.kind.startswith("deliver"):
        row = await connection.fetchrow(
            """select coalesce((select failures from delivery_offices where city_id = $1 and back_office = $2), 0) as n,
                      (select count(distinct subject_id) from deliveries
                       where city_id = $1 and back_office = $2
                         and state in ('waiting', 'sending', 'in_doubt', 'refused')) as people""",
            town.city.id,
            office,
        )
        assert row is not None
        paused = alert.kind == "deliveries_paused"
        return Facts(max(row["n"], times) if paused else times, since, row["people"] or None)
    if affected is None and (feed := _feed(town, office, detail.get("feed"))) is not None:
        affected = await contracts.affected(connection, feed) or None
    return Facts(times, since, affected)


def _feed(town: Town, office: str, feed: str | None) -> Feed | None:
    known = town.back_offices.get(office)
    return known.feeds.get(feed) if known and feed else None
