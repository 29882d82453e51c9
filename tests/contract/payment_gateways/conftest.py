"""One suite for every card gateway: what the hub may expect of any of them, against its simulator over real HTTP.

A gateway joins by its manifest and a driver in tests/support/gateways; without one the suite fails.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from importlib import import_module

import pytest
import pytest_asyncio

from tests.support.gateways.driver import MANIFESTS, Driving, Ground, Stage, grounded, staged


@pytest.fixture(params=sorted(MANIFESTS))
def driver(request: pytest.FixtureRequest) -> Driving:
    driver: Driving = import_module(f"tests.support.gateways.{request.param}").Driver()
    return driver


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def grounds() -> AsyncIterator[Callable[[Driving], Awaitable[Ground]]]:
    """One simulator of each gateway serves the whole suite: to stop one takes longer than most tests."""
    async with AsyncExitStack() as stack:
        started: dict[str, Ground] = {}

        async def ground(driver: Driving) -> Ground:
            if driver.id not in started:
                started[driver.id] = await stack.enter_async_context(grounded(driver))
            return started[driver.id]

        yield ground


@pytest_asyncio.fixture(loop_scope="session")
async def stage(driver: Driving, grounds: Callable[[Driving], Awaitable[Ground]]) -> AsyncIterator[Stage]:
    async with staged(driver, await grounds(driver)) as stage:
        yield stage
