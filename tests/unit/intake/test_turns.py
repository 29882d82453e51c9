"""One back office that sends a lot at once waits for itself; nobody else does, and no turn is lost."""

from __future__ import annotations

import asyncio
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.intake import turns
from hub.intake.turns import AT_ONCE, WAITING, NotYourTurn, Turns
from hub.kernel.courtesy import Courtesy

FLOOD, OTHER = (1, "financije"), (2, "financije")


async def hold(doors: Turns, who: tuple[int, str], until: asyncio.Event, order: list[int], number: int) -> None:
    async with doors.turn(*who):
        order.append(number)
        await until.wait()


async def begun(doors: Turns, number: int, until: asyncio.Event, order: list[int]) -> list[asyncio.Task[None]]:
    tasks = [asyncio.create_task(hold(doors, FLOOD, until, order, one)) for one in range(number)]
    await asyncio.sleep(0)
    return tasks


async def test_so_many_at_once_the_others_in_the_order_they_came():
    doors, until, order = Turns(Courtesy()), asyncio.Event(), []
    tasks = await begun(doors, AT_ONCE + WAITING, until, order)
    assert order == list(range(AT_ONCE))
    until.set()
    await asyncio.gather(*tasks)
    assert order == list(range(AT_ONCE + WAITING))
    assert (doors._busy, doors._lines) == ({}, {})


async def test_whoever_comes_on_top_is_asked_to_come_again_and_the_others_pass_by():
    doors, until, order = Turns(Courtesy()), asyncio.Event(), []
    tasks = await begun(doors, AT_ONCE + WAITING, until, order)
    with pytest.raises(NotYourTurn) as caught:
        async with doors.turn(*FLOOD):
            pass
    assert (caught.value.retry_after, caught.value.reason) == (5, "too_many_at_once")
    async with asyncio.timeout(1), doors.turn(*OTHER):
        pass
    until.set()
    await asyncio.gather(*tasks)


async def test_nobody_waits_for_ever(monkeypatch):
    monkeypatch.setattr(turns, "PATIENCE", 0.01)
    doors, until, order = Turns(Courtesy()), asyncio.Event(), []
    tasks = await begun(doors, AT_ONCE, until, order)
    with pytest.raises(NotYourTurn):
        async with doors.turn(*FLOOD):
            pass
    until.set()
    await asyncio.gather(*tasks)
    assert (doors._busy, doors._lines) == ({}, {})


async def test_a_town_that_floods_rests_between_its_turns_while_others_are_there(monkeypatch):
    courtesy = Courtesy()
    monkeypatch.setattr(courtesy, "rest", lambda city_id, worked: 0.05 if city_id == FLOOD[0] else 0.0)
    doors, until, order = Turns(courtesy), asyncio.Event(), []
    until.set()
    tasks = await begun(doors, AT_ONCE + 1, until, order)
    await asyncio.gather(*tasks[:AT_ONCE])
    assert (order, tasks[AT_ONCE].done()) == (list(range(AT_ONCE)), False)  # answered, and nobody in their place yet
    async with asyncio.timeout(1), doors.turn(*OTHER):
        pass
    async with asyncio.timeout(5):
        await tasks[AT_ONCE]
    assert order == list(range(AT_ONCE + 1))


class Beside(Courtesy):
    """Others are there when the test says so."""

    others = False

    def company(self, city_id: int) -> bool:
        return self.others


async def test_one_at_a_time_while_others_are_there_and_both_again_once_they_have_left():
    courtesy = Beside()
    courtesy.others = True
    doors, order = Turns(courtesy), []
    ends = [asyncio.Event() for _ in range(4)]
    tasks = [asyncio.create_task(hold(doors, FLOOD, end, order, number)) for number, end in enumerate(ends)]
    await asyncio.sleep(0)
    assert order == [0]
    ends[0].set()
    await tasks[0]
    assert order == [0, 1]
    courtesy.others = False
    late = asyncio.create_task(hold(doors, FLOOD, ends[3], order, 4))
    await asyncio.sleep(0)
    assert order == [0, 1]  # nobody passes those who wait already
    ends[1].set()
    await tasks[1]
    await asyncio.sleep(0)
    assert order == [0, 1, 2, 3]
    ends[2].set()
    ends[3].set()
    await asyncio.gather(tasks[2], tasks[3], late)
    assert (order, doors._busy, doors._lines) == ([0, 1, 2, 3, 4], {}, {})


@settings(max_examples=60)
@given(st.lists(st.tuples(st.sampled_from(["come", "end", "leave"]), st.integers(0, 20)), max_size=40))
def test_no_turn_is_lost_whoever_leaves_when(steps):
    """Senders come, end, and hang up at any moment, beside others or alone: no turn is lost, none too many given."""

    async def play() -> None:
        courtesy, there, most = Beside(), 0, 0
        doors = Turns(courtesy)
        ends: list[asyncio.Event] = []
        tasks: list[asyncio.Task[None]] = []

        async def one(end: asyncio.Event) -> None:
            nonlocal there, most
            async with doors.turn(*FLOOD):
                there += 1
                most = max(most, there)
                try:
                    await end.wait()
                finally:
                    there -= 1

        for what, which in steps:
            courtesy.others = which % 3 == 0
            if what == "come":
                ends.append(asyncio.Event())
                tasks.append(asyncio.create_task(one(ends[-1])))
            elif tasks and what == "end":
                ends[which % len(ends)].set()
            elif tasks:
                tasks[which % len(tasks)].cancel()
            if which % 2:
                await asyncio.sleep(0)
        for end in ends:
            end.set()
        for task in tasks:
            with suppress(asyncio.CancelledError, NotYourTurn):
                await task
        assert most <= AT_ONCE
        assert (there, doors._busy, doors._lines) == (0, {}, {})

    asyncio.run(play())
