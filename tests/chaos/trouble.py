"""Makes the faults of a script happen, and ends them."""

from __future__ import annotations

import asyncio
import signal
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from hub.storage.failures import FAILED
from tests.chaos.money_told import Waiting
from tests.chaos.script import Fault, Script
from tests.chaos.towns import WRITES
from tests.chaos.world import World

_MOMENT, _BREATH = timedelta(seconds=10), 0.1
_HOURS, _WHILE = 20, timedelta(minutes=10)
"""A gateway is away for so many times so long, or longer: until what must be told has been."""
_MOST, _ANSWERED = 100, 2.0


@dataclass
class Trouble:
    """`killed` are workers that died or slept: what they had in their hands is begun anew by somebody."""

    world: World
    script: Script
    killed: set[str] = field(default_factory=set)
    _busy: dict[str, asyncio.Lock] = field(default_factory=dict)

    async def make_all(self) -> None:
        if self.script.forgetful:
            await self.world.control("pregrada_urudzbeni", "/_control/writes", forget=True)
        began = time.monotonic()
        # That a gateway is away for hours comes when everything else is over.
        await asyncio.gather(*(self._make(one, began) for one in self.script.faults if one.what != "outage gateway"))

    async def _make(self, fault: Fault, began: float) -> None:
        await _until(began + fault.at)
        # Two faults at one place come one after the other: the second would end with the first.
        async with self._busy.setdefault(
            f"{fault.what.partition(' ')[2] or fault.what} {fault.target}", asyncio.Lock()
        ):
            await self._one(fault, max(began + fault.until, time.monotonic()))

    async def _one(self, fault: Fault, until: float) -> None:
        world, target = self.world, fault.target
        match fault.what:
            case "wire" | "outage wire":
                await world.wires[target].break_it(fault.detail)
                await (_until(until) if fault.what == "wire" else self._minutes(target, until))
                await world.wires[target].break_it(None)
            case "switch":
                await world.control(target, **fault.detail)
                await _until(until)
                await world.control(target)
            case "writes":
                await world.control(target, "/_control/writes", **self._forgetful(target), **fault.detail)
                await _until(until)
                await world.control(target, "/_control/writes", **self._forgetful(target))
            case "skew":
                await world.skew(target, fault.detail)
                await _until(until)
                await world.skew(target, 0)
            case "kill api":
                await world.kill("api")
                world.start("api")
                await world.until_answering()
            case "kill worker":
                await world.kill(target)
                self.killed.add(target)
                await _until(until)
                world.start(target)
            case "stall worker":
                world.running[target].send_signal(signal.SIGSTOP)
                self.killed.add(target)
                await world.expire_leases()
                await _until(until)
                world.running[target].send_signal(signal.SIGCONT)
            case "database":
                world.stop_database(immediate=fault.detail == "immediate")
            case "disk full":
                world.disk.narrow()
                await _until(until)
                world.disk.widen()

    async def _minutes(self, target: str, until: float) -> None:
        """Half of the time nothing can be sent there, and the other half is minutes: nothing is on its way to it."""
        await _until((time.monotonic() + until) / 2)
        office = next(name for name, simulator in WRITES.items() if simulator == target)
        while time.monotonic() < until:
            # The database may be hit meanwhile.
            with suppress(*FAILED):
                await self.world.pass_time(_MOMENT, of=office)
            await asyncio.sleep(_BREATH)

    async def hours_away(self, fault: Fault, waiting: Waiting) -> list[str]:
        """The gateway does not answer for hours, in which the hub and all others are well."""
        if fault.detail == "503":
            await self.world.control(fault.target, down="503")
        else:
            await self.world.wires[fault.target].break_it("refuse")
        await asyncio.sleep(_ANSWERED)  # what it has answered before is written by then: no time passes over it
        since = await (await self.world.db()).fetchval("select clock_timestamp()")
        found: list[str] = []
        for look in range(_MOST):
            if look >= _HOURS and not (found := await waiting.untold(fault.target)):
                break
            if not any(wire.late for wire in self.world.wires.values()):
                await self.world.pass_time(_MOMENT)
                await self.world.pass_money_time(_WHILE)
            await asyncio.sleep(_BREATH)
        found += await waiting.given_up(fault.target, since)
        await self.world.wires[fault.target].break_it(None)
        await self.world.control(fault.target)
        return found

    def _forgetful(self, target: str) -> dict[str, Any]:
        return {"forget": True} if self.script.forgetful and target == "pregrada_urudzbeni" else {}


async def _until(moment: float) -> None:
    await asyncio.sleep(max(0.0, moment - time.monotonic()))
