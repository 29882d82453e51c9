"""Guessing is slowed and nobody is locked out: growing delays, counted in the database for all processes.

NIST SP 800-63B-4 §3.2.2 asks for a limit on consecutive failures and names growing waits and known devices as ways to
keep the owner in. We count by account and network together, by account, by network, and a browser in which the account
was entered before by itself alone, so that guesses made elsewhere do not reach it. Each count halves in twelve hours.
Instead of the standard's end after 100 failures, which would let anybody close anybody's account, the longest delay
bounds the guesses: 24 a day for one network, 96 a day for all of them, against passwords of 15 signs and first
passwords of 79 bits.

A guess is counted before it is judged: a thousand at the same time are not one.
"""

from __future__ import annotations

import ipaddress
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from hub.kernel.errors import TooManyRequests
from hub.passwords import queries
from hub.storage.database import Connection
from hub.storage.vault import TownKeys

HALVES_IN = timedelta(hours=12)


@dataclass(frozen=True, slots=True)
class Count:
    """`free` failures cost nothing; each further one doubles the wait, from a second up to `longest`."""

    kind: str
    free: int
    longest: timedelta

    def until(self, level: float, now: datetime) -> datetime | None:
        """When the next guess is heard; None: at once, also for one that came a little before this one."""
        over = level - self.free
        if over <= 0:
            return None
        return now + min(self.longest, timedelta(seconds=2 ** min(over - 1, 20)))


PAIR = Count("pair", 3, timedelta(hours=1))
ACCOUNT = Count("account", 20, timedelta(minutes=15))
NETWORK = Count("network", 30, timedelta(minutes=15))
BROWSER = Count("browser", 5, timedelta(minutes=15))
FACTOR = Count("factor", 5, timedelta(hours=1))

Bucket = tuple[Count, bytes]


def of_guess(keys: TownKeys, username: str, address: str) -> list[Bucket]:
    """What a guess from a browser nobody knows is counted by."""
    network = network_of(address)
    return [
        _bucket(keys, PAIR, f"{network}|{username}"),
        _bucket(keys, ACCOUNT, username),
        _bucket(keys, NETWORK, network),
    ]


def of_known_browser(keys: TownKeys, browser: bytes, account_id: UUID) -> list[Bucket]:
    return [_bucket(keys, BROWSER, f"{browser.hex()}|{account_id}")]


def of_factor(keys: TownKeys, account_id: UUID) -> list[Bucket]:
    """Guesses after the right password: of codes, and of the password in use when it is changed."""
    return [_bucket(keys, FACTOR, str(account_id))]


def network_of(address: str) -> str:
    """An IPv4 address, or the /64 of an IPv6 address: the least one customer has."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return "unknown"
    if isinstance(parsed, ipaddress.IPv6Address):
        if parsed.ipv4_mapped is not None:
            return str(parsed.ipv4_mapped)
        return str(ipaddress.ip_network((int(parsed) >> 64 << 64, 64)))
    return str(parsed)


async def count(connection: Connection, city_id: int, buckets: Sequence[Bucket], now: datetime) -> None:
    """Count one guess. Raises TooManyRequests, with nothing counted, while one of the buckets is to be waited for."""
    # In one order, so that two guesses wait for each other instead of standing in each other's way.
    ordered = sorted(buckets, key=lambda one: one[1])
    known = await queries.lock_throttles(connection, city_id, [key for _, key in ordered], now)
    wait = max((row.blocked_until - now for row in known.values() if row.blocked_until), default=timedelta())
    if wait > timedelta():
        raise TooManyRequests("Too many attempts.", retry_after=math.ceil(wait.total_seconds()))
    for counted, key in ordered:
        level = _decayed(known[key].level, known[key].counted_at, now) + 1
        await queries.set_throttle(connection, city_id, key, level, now, counted.until(level, now))


async def forgive(connection: Connection, city_id: int, buckets: Sequence[Bucket], now: datetime) -> None:
    """The guess was right: it does not count, nor do earlier ones of the same person in the same place (§3.2.2)."""
    ordered = sorted(buckets, key=lambda one: one[1])
    known = await queries.lock_throttles(connection, city_id, [key for _, key in ordered], now)
    for counted, key in ordered:
        shared = counted in {ACCOUNT, NETWORK}
        level = max(0.0, _decayed(known[key].level, known[key].counted_at, now) - 1) if shared else 0.0
        await queries.set_throttle(connection, city_id, key, level, now, counted.until(level, now))


def _decayed(level: float, at: datetime, now: datetime) -> float:
    return level * math.pow(0.5, max(timedelta(), now - at) / HALVES_IN)


def _bucket(keys: TownKeys, counted: Count, what: str) -> Bucket:
    # Keyed, so that the table tells nobody which names and addresses were tried; a new key forgets the counts.
    return counted, keys.blind_indexes(f"throttle.{counted.kind}", what)[0][1]
