"""Chaos: everything goes wrong at random, and at the end nothing is lost, doubled, out of order or silent.

    python -m tests.chaos --seeds 20          seeds 1 to 20
    python -m tests.chaos --seed 17           this one alone
    python -m tests.chaos --plants            plants every bug of tests/chaos/plants.py and sees it found

See docs/chaos.md. The exit status is 1 where something was found (or where a planted bug was not).
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
import time
from collections import Counter

import structlog

from hub.kernel.errors import HubError
from tests.chaos.plants import PLANTS
from tests.chaos.seed import Outcome, run_seed
from tests.chaos.world import Broken, World, world

_RESET_EVERY = 25
_HUNTED = 12
"""Seeds within which a planted bug has to be found."""


def say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description="Chaos; see docs/chaos.md.")
    parser.add_argument("--seeds", type=int, default=20, help="how many, from --first on")
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--seed", type=int, help="this one alone, with its script")
    parser.add_argument("--plants", nargs="*", metavar="NAME", help=f"plant these bugs, or all: {', '.join(PLANTS)}")
    asked = parser.parse_args()
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    logging.getLogger("asyncio").setLevel(logging.CRITICAL)  # broken wires are what this is about
    try:
        if asked.plants is not None:
            return asyncio.run(hunt(asked.plants or list(PLANTS)))
        seeds = [asked.seed] if asked.seed is not None else list(range(asked.first, asked.first + asked.seeds))
        return asyncio.run(campaign(seeds, shown=asked.seed is not None))
    except (Broken, HubError) as error:
        say(f"The world could not be built: {error}")
        return 2


async def campaign(seeds: list[int], *, shown: bool) -> int:
    """Run these seeds in one world; the exit status."""
    began = time.monotonic()
    done: list[Outcome] = []
    async with world(None) as place:
        if place.disk.because:
            say(f"disk full: skipped here, {place.disk.because}")
        cases = await _cases(place)
        say(f"the world stands after {time.monotonic() - began:.1f} s")
        for number, seed in enumerate(seeds, 1):
            outcome = await run_seed(place, seed, cases)
            done.append(outcome)
            say(outcome.line)
            if shown:
                say("".join(f"    {fault}\n" for fault in outcome.script.faults).rstrip())
            if outcome.findings:
                _tell(outcome)
            if number % _RESET_EVERY == 0:
                for name in place.offices:
                    await place.control(name, "/_control/reset")
                await place.forget_attacks()
    say(_table(done, time.monotonic() - began))
    return 1 if any(one.findings for one in done) else 0


def _tell(outcome: Outcome) -> None:
    for finding in outcome.findings:
        say(f"     • {finding}")
    if outcome.journal:
        say("     journal of the hub:\n" + outcome.journal)
    say(f"     alone: make chaos SEED={outcome.script.seed}")


def _table(done: list[Outcome], seconds: float) -> str:
    total: Counter[str] = sum((one.counts for one in done), Counter())
    words = Counter(word for one in done for word in {finding.split()[0] for finding in one.findings})
    failed = [one.script.seed for one in done if one.findings]
    each = sorted(one.seconds for one in done)
    lines = [
        "",
        f"{len(done)} seeds in {seconds:.0f} s; the median one {each[len(each) // 2]:.1f} s, the longest {each[-1]:.1f} s",
        f"  sent by citizens        {total['sent']:>7}",
        f"  steps in back offices   {total['steps']:>7}",
        f"  lost                    {words['LOST']:>7}",
        f"  doubled                 {words['DOUBLED']:>7}",
        f"  out of order            {words['ORDER']:>7}",
        f"  stuck                   {words['STUCK']:>7}",
        f"  wrongly taken in        {words['INTAKE']:>7}",
        f"  money not as it is there{words['MONEY'] + words['REFUND'] + words['CHARGEBACK'] + words['LEDGER']:>7}",
        f"  posted wrongly          {words['POSTING'] + words['OWED']:>7}",
        f"  attacks not recorded    {words['ATTACK']:>7}",
        f"  paid by card            {total['captured']:>7}",
        f"  paid otherwise          {total['counter'] + total['transfers']:>7}",
        f"  given back              {total['refunded']:>7}",
        f"  charged back            {total['disputed']:>7}",
        f"  … and won again         {total['won']:>7}",
        f"  posted                  {total['posted']:>7}",
        f"  messages nobody sent    {total['attacks']:>7}",
        f"  doubts cleared by asking{total['asked']:>7}",
        f"  seen to by a human      {total['human']:>7}",
        f"  samples of accounts     {total['samples']:>7}",
        f"  seeds with a finding    {len(failed):>7}" + (f": {', '.join(map(str, failed))}" if failed else ""),
    ]
    return "\n".join(lines)


async def hunt(names: list[str]) -> int:
    """Every planted bug is found, by the check that is there for it."""
    missed = []
    for name in names:
        plant = PLANTS[name]
        say(f"{name}: {plant.does}")
        async with world(name) as place:
            cases = await _cases(place)
            for seed in range(1, _HUNTED + 1):
                outcome = await run_seed(place, seed, cases)
                found = [one for one in outcome.findings if plant.seen in one]
                if found:
                    say(f"    found at seed {seed}: {found[0][:150]}")
                    break
                if outcome.findings:
                    say(f"    seed {seed} found something else: {outcome.findings[0][:150]}")
            else:
                say(f"    NOT FOUND in {_HUNTED} seeds")
                missed.append(name)
    say(f"\n{len(names) - len(missed)} of {len(names)} planted bugs found" + (f"; not: {missed}" if missed else ""))
    return 1 if missed else 0


async def _cases(place: World) -> list[str]:
    """The cases of the first citizen that take answers, as the API calls them."""
    who = place.people[0]
    headers = {"Authorization": f"Bearer {who.token}"}
    for _ in range(100):
        await place.client.post(f"{place.api}/{who.city}/v1/refresh", headers=headers, timeout=70)
        found = (await place.client.get(f"{place.api}/{who.city}/v1/cases", headers=headers)).json()["items"]
        if len(found) >= 2:
            return [one["id"] for one in found[:2]]
        await asyncio.sleep(0.2)
    raise Broken(f"{who.name} has no cases")


if __name__ == "__main__":
    sys.exit(main())
