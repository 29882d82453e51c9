"""A running hub, as its doors and jobs see it: the services of one process, opened once."""

from __future__ import annotations

from dataclasses import dataclass

from hub.accounts.service import AccountService
from hub.back_offices.service import FeedService
from hub.bootstrap import Towns, open_towns
from hub.cities import service as cities
from hub.intake.service import Intake
from hub.kernel.clock import Clock, SystemClock
from hub.settings import Settings
from hub.storage.database import Database
from hub.storage.vault import MasterKeys, Vault
from hub.tokens.service import Tokens


@dataclass(frozen=True)
class Hub:
    """Open one with `open_api` or `open_worker`, and `close` it."""

    settings: Settings
    clock: Clock
    database: Database
    vault: Vault
    towns: Towns
    tokens: Tokens
    accounts: AccountService
    feeds: FeedService
    intake: Intake

    async def close(self) -> None:
        await self.towns.close()
        await self.database.close()


async def open_api(settings: Settings, url: str, *, clock: Clock | None = None) -> Hub:
    """For the API: the app role, no connectors."""
    return await _open(settings, url, connect=False, clock=clock or SystemClock(), size=8)


async def open_worker(settings: Settings, url: str, *, connect: bool = True, clock: Clock | None = None) -> Hub:
    """For jobs and commands: the worker role; new towns get their row and keys. `connect`: with connectors."""
    hub = await _open(settings, url, connect=connect, clock=clock or SystemClock(), size=16)
    try:
        towns = hub.towns
        configured = (town.city for town in towns.by_slug.values())
        await cities.prepare(hub.database, hub.vault, configured, {*towns.by_slug, *towns.broken})
    except BaseException:
        await hub.close()
        raise
    return hub


async def _open(settings: Settings, url: str, *, connect: bool, clock: Clock, size: int) -> Hub:
    master = MasterKeys.load(settings.master_key, create=settings.embedded)
    towns = open_towns(settings, connect=connect)
    try:
        database = await Database.open(url, size=size)
    except BaseException:
        await towns.close()
        raise
    vault = Vault(master)
    return Hub(
        settings=settings,
        clock=clock,
        database=database,
        vault=vault,
        towns=towns,
        tokens=Tokens.load(settings.token_key, clock),
        accounts=AccountService(database, clock),
        feeds=FeedService(database, vault, clock),
        intake=Intake(database, vault, clock),
    )
