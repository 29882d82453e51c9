"""One seed: everything is sent while everything goes wrong, then it is quiet until all has settled, then it is judged."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import dataclass, field
from datetime import timedelta

import httpx

from hub.hub import open_worker
from hub.settings import Settings
from hub.storage.provision import WORKER
from tests.chaos.attacks import Attacks
from tests.chaos.cashier import Cashier
from tests.chaos.citizens import Citizens
from tests.chaos.clerk import Clerk
from tests.chaos.disputes import Disputes
from tests.chaos.judge import HUMAN, Judge
from tests.chaos.money_judge import MoneyJudge
from tests.chaos.money_script import money_script
from tests.chaos.money_told import Waiting
from tests.chaos.payers import Payers
from tests.chaos.pushes import Pushes
from tests.chaos.script import Script, script
from tests.chaos.trouble import Trouble
from tests.chaos.world import WORKERS, World

QUIET, LOOKS = 30.0, 100
"""Seconds, and looks of the judge (each lets time pass), after which what has not settled counts as stuck."""
_STEP = timedelta(seconds=20)
"""How much time passes in the world while the judge takes a breath."""
_MINUTE = timedelta(minutes=1)
"""The same for what is under way at gateways."""
_BREATH = 0.12


@dataclass
class Outcome:
    """`journal` tells of the deliveries that findings name."""

    script: Script
    findings: list[str]
    journal: str
    seconds: float
    counts: Counter[str] = field(default_factory=Counter)

    @property
    def line(self) -> str:
        counts = self.counts
        word = "ok  " if not self.findings else "FAIL"
        faults = Counter(one.what for one in self.script.faults)
        shown = ", ".join(f"{what}{f' ×{times}' if times > 1 else ''}" for what, times in sorted(faults.items()))
        return (
            f"{word} seed {self.script.seed:<6} {self.seconds:5.1f} s  sent {counts['sent']:>2}"
            f"  steps {counts['steps']:>2}  samples {counts['samples']:>3}  human {counts['human']:>2}"
            f"  asked {counts['asked']:>2}  paid {counts['captured']:>2}+{counts['counter']}+{counts['transfers']}"
            f"  refunds {counts['refunded']}  disputes {counts['disputed']}  attacks {counts['attacks']}  {shown}"
        )


async def run_seed(world: World, number: int, cases: list[str]) -> Outcome:
    made, money = script(number), money_script(number)
    made.faults = [*made.faults, *money.faults]
    began = time.monotonic()
    since = await (await world.db()).fetchval("select clock_timestamp()")
    citizens, pushes = Citizens(world, made, cases), Pushes(world, made)
    judge, trouble = Judge(world, made, citizens, pushes, since), Trouble(world, made)
    payers = Payers(world, made, money)
    attacks, disputes = Attacks(world, made, money), Disputes(world, money, payers)
    cash, waiting = MoneyJudge(world, money, payers, attacks, disputes, since), Waiting(world, since)
    await payers.owe()
    findings, human = citizens.findings, 0
    over = asyncio.Event()
    watching = asyncio.create_task(citizens.watch(over, number))
    try:
        await asyncio.gather(
            citizens.send_all(),
            pushes.send_all(),
            trouble.make_all(),
            payers.pay_all(),
            attacks.make_all(),
            disputes.soon(),
            *(_refresh(world, one, at) for at, one in made.refreshes),
        )
        await world.forgive()
        await _revive(world, trouble)
        for away in made.faults_of("outage gateway"):
            findings += await trouble.hours_away(away, waiting)
        if made.forgetful:
            await world.control("pregrada_urudzbeni", "/_control/writes", forget=True)
        findings += await _settle(world, judge, trouble, waiting)
        await payers.refund_the_rest()
        await disputes.later()
        await waiting.a_day_later()
        findings += await _settle(world, judge, trouble, waiting)
        findings += await judge.humans()
        findings += await waiting.humans()
        if await disputes.win():
            findings += await _settle(world, judge, trouble, waiting)
        if any(row["state"] in HUMAN for row in await judge.rows()) or await waiting.someone_is_needed():
            human = await _see_to_all(world, judge, trouble, waiting, payers, findings)
    finally:
        over.set()
        await watching
    for person in world.people:
        for _ in range(50):
            if await citizens.look(person):
                break
            await asyncio.sleep(0.1)
        else:
            findings.append(f"{person.name} cannot see her account, though all is quiet")
    findings += await judge.end()
    findings += await cash.end()
    connection = await world.db()
    counts = Counter(sent=len(citizens.accepted), samples=citizens.samples, human=human)
    counts["steps"] = await connection.fetchval("select count(*) from delivery_receipts where at >= $1", since)
    counts["asked"] = await connection.fetchval(
        "select count(*) from deliveries_journal where at >= $1 and event in ('found', 'not_found')", since
    )
    counts.update(cash.counts)
    findings = list(dict.fromkeys(findings))
    journal = await judge.journal(" ".join(findings)) if findings else ""
    return Outcome(made, findings, journal, time.monotonic() - began, counts)


async def _settle(world: World, judge: Judge, trouble: Trouble, money: Waiting) -> list[str]:
    """Let time pass until nothing waits any more but for humans, or what stands behind it; else say what does."""
    await _revive(world, trouble)
    began, looks = time.monotonic(), 0
    waiting: list[str] = []
    while time.monotonic() - began < QUIET or looks < LOOKS:
        looks += 1
        rows = await judge.rows()
        waiting = [
            f"{row['title'] or row['kind']} → {row['back_office']}: {row['state']} ({row['reason']})"
            for row in rows
            if (row["state"] in {"waiting", "sending"} and not row["behind"]) or row["untold"]
        ]
        waiting += await money.waiting()
        if not waiting and not await judge.pushes.pending(judge.since):
            return []
        # What the wire still has in hand must arrive first: a back office keeps what its file promises.
        if not any(wire.late for wire in world.wires.values()):
            await world.pass_time(_STEP)
            await world.pass_money_time(_MINUTE)
        await asyncio.sleep(_BREATH)
    return [f"STUCK after {QUIET:.0f} seconds of quiet: {waiting or 'messages that are not applied'}"]


async def _revive(world: World, trouble: Trouble) -> None:
    for name in WORKERS:
        if world.running[name].poll() is not None:
            world.start(name)
    # Of what was done while the database was hit nobody may know that it ended: its lease is over, and it is begun again.
    if trouble.killed or trouble.script.faults_of("database", "disk full"):
        await world.expire_leases()
        trouble.killed.clear()


async def _see_to_all(
    world: World, judge: Judge, trouble: Trouble, waiting: Waiting, payers: Payers, findings: list[str]
) -> int:
    hub = await open_worker(Settings.from_environment(world.environment), world.server.url(WORKER), connect=False)
    try:
        clerk, cashier = Clerk(world, hub), Cashier(world, hub, payers, waiting.since)
        for _ in range(10):
            if not (await clerk.work(await judge.rows()) + await cashier.work()):
                break
            findings += await _settle(world, judge, trouble, waiting)
        return clerk.looked + cashier.looked
    finally:
        await hub.close()


async def _refresh(world: World, person: int, at: float) -> None:
    """Somebody presses the button, and does not wait for long."""
    await asyncio.sleep(at)
    who = world.people[person]
    headers = {"Authorization": f"Bearer {who.token}"}
    try:
        async with (
            asyncio.timeout(0.8),
            world.client.stream("POST", f"{world.api}/{who.city}/v1/refresh", headers=headers) as answer,
        ):
            async for _ in answer.aiter_bytes():
                pass
    except (httpx.HTTPError, TimeoutError):
        pass
