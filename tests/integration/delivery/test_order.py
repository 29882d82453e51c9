"""Order per key, different keys side by side, and what holds a line up until somebody looks."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from uuid import uuid4

from hub.delivery.model import State
from tests.integration.delivery.harness import CITY
from tests.integration.jobs.harness import until


async def test_one_key_goes_in_order_through_failures_and_restarts(town):
    ids = [await town.put(title=f"n{number}", order="one") for number in range(6)]
    town.asked.next("drop_after", "fail_before", "closed", "drop_before")
    for _ in range(40):
        # Each round is a worker of its own, with its lanes in another order.
        await asyncio.gather(*(town.run(lanes=[lane]) for lane in (3, 1, 4, 2)))
        town.clock.move(timedelta(seconds=70))
    assert town.asked.titles == [f"n{number}" for number in range(6)]
    assert [(await town.look(one)).state for one in ids] == [State.DELIVERED] * 6


async def test_those_of_one_record_stay_in_order_and_records_go_side_by_side(town):
    record = uuid4()
    town.asked.always = "wait"
    for title in ("a1", "a2"):
        await town.put(title=title, record_id=record)
    for title in ("b", "c", "d"):
        await town.put(title=title)
    runs = [asyncio.create_task(town.run(lanes=[lane])) for lane in (1, 2, 3, 4)]
    await until(lambda: town.asked.at_once == 4)
    town.asked.gate.set()
    await asyncio.gather(*runs)
    assert sorted(town.asked.titles) == ["a1", "a2", "b", "c", "d"]
    assert town.asked.titles.index("a1") < town.asked.titles.index("a2")


async def test_two_that_come_at_once_are_put_one_behind_the_other(town):
    """Neither transaction sees the other's row, and yet only one of them is the first."""
    begun, go = asyncio.Event(), asyncio.Event()

    async def first():
        async with town.hub.database.town(CITY) as connection:
            await enqueue(town, connection, "first")
            begun.set()
            await go.wait()

    async def second():
        await begun.wait()
        async with town.hub.database.town(CITY) as connection:
            await enqueue(town, connection, "second")

    tasks = [asyncio.create_task(first()), asyncio.create_task(second())]
    await begun.wait()
    waiting = "select exists (select from pg_locks where locktype = 'advisory' and not granted)"
    async with asyncio.timeout(10):
        while not await town.hub.database.pool.fetchval(waiting):
            await asyncio.sleep(0)
    go.set()
    await asyncio.gather(*tasks)
    rows = await town.fetch("select behind from deliveries order by sequence")
    assert [row["behind"] for row in rows] == [False, True]
    await asyncio.gather(*(town.run(lanes=[lane]) for lane in (1, 2, 3, 4)))
    await town.run()
    assert town.asked.titles == ["first", "second"]


async def enqueue(town, connection, title: str) -> None:
    await town.hub.deliveries.enqueue(
        connection,
        await town.hub.vault.keys(connection, CITY),
        town=town.town,
        kind="open_case",
        noun="submission",
        record_id=uuid4(),
        values={"title": title},
        order="one",
    )


async def test_a_doubt_holds_its_line_and_no_other(town):
    town.dumb.next("drop_after")
    first = await town.put("answer_case", "a", order="one")
    second = await town.put("answer_case", "b", order="one")
    other = await town.put("answer_case", "c", order="two")
    for _ in range(3):
        await town.run("dumb")
        town.clock.move(timedelta(hours=2))
        await town.sweep()
    states = [(await town.look(one)).state for one in (first, second, other)]
    assert states == [State.IN_DOUBT, State.WAITING, State.DELIVERED]
    async with town.desk() as desk:
        await desk.happened(first, {"number": "C1"}, "looked it up")
    await town.run("dumb")
    await town.run("dumb")
    assert [(await town.look(one)).state for one in (first, second)] == [State.DELIVERED] * 2
    assert town.dumb.titles == ["a", "c", "b"]


async def test_one_event_at_two_back_offices_is_two_deliveries(town):
    ids = await town.put_all("contact_change", "new address")
    assert len(ids) == 2
    town.dumb.always = "refuse"
    for office in ("asked", "dumb"):
        await town.run(office)
    assert [((await town.look(one)).back_office, (await town.look(one)).state) for one in ids] == [
        ("asked", State.DELIVERED),
        ("dumb", State.REFUSED),
    ]
