from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from tests.integration.simulators.harness import Simulator, start


@pytest.fixture
async def financije() -> AsyncIterator[Simulator]:
    async with start("pregrada_financije") as simulator:
        yield simulator


@pytest.fixture
async def urudzbeni() -> AsyncIterator[Simulator]:
    async with start("pregrada_urudzbeni") as simulator:
        yield simulator


@pytest.fixture
async def ucetnictvi() -> AsyncIterator[Simulator]:
    async with start("vzorov_ucetnictvi") as simulator:
        yield simulator


@pytest.fixture
async def registr() -> AsyncIterator[Simulator]:
    async with start("vzorov_registr") as simulator:
        yield simulator
