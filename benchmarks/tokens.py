"""What it costs to know who asks: one access token checked per request.

A town of 2048-bit RSA keys, a thousand tokens of as many citizens. The peer is `joserfc.jwt.decode` alone with the right
key at hand: no claims looked at, no town, nothing refused. Measured in one process without a database, CPU of this
thread; rounds of ours and of the peer alternate, and the ratio is the median of neighbouring rounds.

    first       a token this process has not seen: signature, claims, issuer, audience, whose it is
    remembered  the same token at the next requests, which is what almost every request is
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from statistics import median
from typing import Any

from joserfc import jwt
from joserfc.jwk import RSAKey

from benchmarks.row import Row, at_most
from hub.cities.loader import load_city
from hub.kernel.assurance import Assurance
from hub.kernel.clock import SystemClock
from hub.kernel.ids import new_uuid
from hub.settings import PROJECT
from hub.tokens.keys import ALGORITHM, BITS, KeyRing, SigningKey
from hub.tokens.service import LIFE, AccessToken, Tokens

FIRST, REMEMBERED = 2.0, 0.1


class _Keys:
    """As SigningKeys of one town, with its keys read."""

    def __init__(self) -> None:
        now = SystemClock().now()
        self.ring = KeyRing([SigningKey(now - timedelta(days=1), RSAKey.generate_key(BITS, {"kid": "a"}))], now)

    def remembered(self, _: int) -> KeyRing:
        return self.ring

    async def of(self, _: int, *, kid: object = None) -> KeyRing:
        return self.ring


def run(quick: bool) -> list[Row]:
    return asyncio.run(_run(count=100 if quick else 1_000, rounds=3 if quick else 15))


async def _run(count: int, rounds: int) -> list[Row]:
    clock, keys = SystemClock(), _Keys()
    city = load_city(PROJECT / "config" / "cities" / "pregrada" / "city.yaml")

    async def in_force(_: int, __: object) -> bool:
        return True

    provider: dict[str, Any] = {"keys": keys, "issuer": lambda _: "https://moja.pregrada.example", "in_force": in_force}
    with tempfile.TemporaryDirectory() as folder:
        tokens = Tokens.load(Path(folder) / "key.json", clock, **provider)
    signed = [await tokens.access(city, _token(city.id, clock)) for _ in range(count)]
    key = keys.ring.keys[0].key

    async def bare() -> None:
        for one in signed:
            jwt.decode(one, key, algorithms=[ALGORITHM])

    async def check() -> None:
        for one in signed:
            await tokens.check(one, city)

    async def first() -> None:
        tokens._known.clear()  # noqa: SLF001 - as a process that has just started
        tokens._recheck.clear()  # noqa: SLF001
        await check()

    await check()
    return [
        await _beside("token check per request, first", first, bare, count, rounds, FIRST),
        await _beside("token check per request, remembered", check, bare, count, rounds, REMEMBERED),
    ]


def _token(city_id: int, clock: SystemClock) -> AccessToken:
    return AccessToken(
        city_id=city_id,
        subject_id=new_uuid(),
        scopes=frozenset({"openid", "account", "refresh"}),
        # A run takes less than a token lives.
        expires_at=clock.now() + LIFE,
        client_id="portal",
        assurance=Assurance.SUBSTANTIAL,
        methods=("pwd", "otp"),
        session_id=new_uuid(),
        grant_id=new_uuid(),
        authenticated_at=clock.now(),
    )


async def _beside(
    name: str,
    ours: Callable[[], Awaitable[None]],
    peer: Callable[[], Awaitable[None]],
    count: int,
    rounds: int,
    goal: float,
) -> Row:
    async def spent(work: Callable[[], Awaitable[None]]) -> float:
        began = time.thread_time()
        await work()
        return (time.thread_time() - began) / count * 1e6

    pairs = [(await spent(ours), await spent(peer)) for _ in range(rounds)]
    ratio = median(one / other for one, other in pairs)
    figures = [median(side) for side in zip(*pairs, strict=True)]
    return at_most(name, (figures[0], "µs"), ("joserfc", figures[1]), ratio, goal)
