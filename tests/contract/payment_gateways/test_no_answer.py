"""The gateway does not answer, or makes no sense: whether it acted is said as far as it is known."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from hub.kernel.errors import RemoteError, RemoteGarbage, RemoteTimeout, RemoteUnavailable
from tests.support.gateways.driver import Driving, Ground, Stage, made, staged

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def calls(stage: Stage) -> list[tuple[Any, bool | None]]:
    """Each call a gateway makes, not begun yet, and what is known of it where nothing was answered."""
    order, asked = await stage.paid()
    await stage.driver.settle(stage)
    refund = False if stage.driver.refund_asks_first else None
    made_calls: list[tuple[Any, bool | None]] = [
        (lambda: stage.gateway.query(asked), None),
        (lambda: stage.gateway.refund(stage.refund(order, asked, order.amount.minor)), refund),
    ]
    if stage.driver.starts_by_call:
        made_calls.append((lambda: stage.gateway.start(stage.order()), None))
    return made_calls


@pytest.mark.parametrize(
    ("switches", "error"),
    [
        ({"down": "close"}, RemoteUnavailable),
        ({"down": "503"}, RemoteUnavailable),
        ({"garbage": "html"}, RemoteError),
        ({"garbage": "truncated"}, RemoteError),
    ],
)
async def test_whether_it_acted_is_not_known(stage: Stage, switches: dict[str, Any], error: type[RemoteError]) -> None:
    for call, known in await calls(stage):
        await stage.switch(**switches)
        with pytest.raises(error) as caught:
            await call()
        assert caught.value.reached is known
        await stage.switch()


async def test_too_slow(driver: Driving, grounds: Callable[[Driving], Awaitable[Ground]]) -> None:
    quick = {"timeout": {"connect": "5s", "read": "1s", "total": "1s"}, "retries": {"attempts": 1}}
    async with staged(driver, await grounds(driver), **quick) as stage:
        # All at once, so that the test waits once.
        wanted = await calls(stage)
        await stage.switch(delay=1.2)
        failed = await asyncio.gather(*(call() for call, _ in wanted), return_exceptions=True)
        assert [type(error) for error in failed] == [RemoteTimeout] * len(wanted)
        assert [error.reached for error in failed if isinstance(error, RemoteError)] == [known for _, known in wanted]


async def test_nobody_listens(stage: Stage) -> None:
    order, asked = await stage.paid()
    gone = made(stage.driver, "http://127.0.0.1:9", stage.shop.address)
    wanted = [gone.query(asked), gone.refund(stage.refund(order, asked, order.amount.minor))]
    if stage.driver.starts_by_call:
        wanted.append(gone.start(stage.order()))
    for call in wanted:
        with pytest.raises(RemoteUnavailable) as caught:
            await call
        assert caught.value.reached is False
    await gone.close()


async def test_an_answer_that_makes_no_sense(stage: Stage) -> None:
    _, asked = await stage.paid()
    await stage.switch(garbage="bytes")
    with pytest.raises(RemoteGarbage):
        await stage.gateway.query(asked)
