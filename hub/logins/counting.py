"""Mild limits on what a stranger may begin, counted in the database: every process sees only its share."""

from __future__ import annotations

import ipaddress
from datetime import datetime, timedelta

from hub.kernel.errors import TooManyRequests
from hub.storage.database import Connection
from hub.storage.vault import TownKeys


async def count(
    connection: Connection, keys: TownKeys, kind: str, who: str, now: datetime, *, most: int, window: timedelta
) -> None:
    """Count one more of `kind` by `who`. Raises TooManyRequests where there were `most` in this window.

    Windows stand one beside the other, so that at their border twice as many are let through.
    """
    began = datetime.fromtimestamp(now.timestamp() // window.total_seconds() * window.total_seconds(), tz=now.tzinfo)
    times = await connection.fetchval(
        """insert into login_attempts as a (city_id, kind, who, window_at, times) values ($1, $2, $3, $4, 1)
           on conflict (city_id, kind, who, window_at) do update set times = a.times + 1 returning times""",
        keys.city_id,
        kind,
        keys.blind_indexes(f"attempt.{kind}", who)[0][1],
        began,
    )
    if times > most:
        wait = began + window - now
        raise TooManyRequests("Too many attempts from there.", retry_after=max(1, int(wait.total_seconds())))


def network(address: str) -> str:
    """What is counted as one: an IPv4 address, or the /64 of an IPv6 address, which one household has."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped  # as a socket for both kinds names it
    if parsed.version == 4:
        return str(parsed)
    return str(ipaddress.ip_network((parsed, 64), strict=False))
