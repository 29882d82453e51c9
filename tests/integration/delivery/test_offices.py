"""Back offices that fail: left alone, tried by one, resumed by themselves; and slow ones that hold up nobody else."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from hub.delivery import content, journal
from hub.delivery.model import Event, State
from hub.delivery.offices import FAILURES
from hub.delivery.wake import CARRY, LANES, PROBE, SWEEP
from hub.jobs.worker import Handler
from hub.kernel.errors import RemoteUnavailable
from hub.kernel.ids import public_id
from tests.integration.delivery.harness import CITY, patient
from tests.integration.jobs.harness import until, working


async def many(town, number: int) -> None:
    """As `put`, all at once."""
    async with town.hub.database.town(CITY) as connection:
        keys = await town.hub.vault.keys(connection, CITY)
        rows = await connection.fetch(
            """insert into deliveries (city_id, delivery_id, back_office, kind, noun, record_id, order_key, behind,
                                       next_at, deadline_at, created_at)
               select $1, gen_random_uuid(), 'asked', 'open_case', 'submission', gen_random_uuid(), n::text, false,
                      $2, $2::timestamptz + interval '1 day', $2 from generate_series(1, $3::integer) as n
               returning delivery_id""",
            CITY,
            town.clock.now(),
            number,
        )
        ids = [row["delivery_id"] for row in rows]
        await connection.execute(
            """insert into delivery_values (city_id, delivery_id, content)
               select $1, * from unnest($2::uuid[], $3::bytea[])""",
            CITY,
            ids,
            [content.seal(keys, one, {"title": "t"}) for one in ids],
        )


async def test_a_dead_back_office_is_tried_by_one_and_ten_thousand_wait_for_nothing(town, monkeypatch):
    await many(town, 10_000)
    http = town.town.back_offices["asked"].connector.http
    sent = 0

    async def dead(*_, **__):
        nonlocal sent
        sent += 1
        raise RemoteUnavailable("The connection was refused.", reached=False)

    with monkeypatch.context() as patch:
        patch.setattr(http, "send", dead)
        await town.run()
        failures = sent
        assert failures == FAILURES
        assert ("deliveries_paused", "asked") in await town.alerts()
        # An hour: each trial is one delivery, and the others are not touched.
        for _ in range(30):
            town.clock.move(timedelta(minutes=2))
            await town.sweep()
            await town.run()
        trials = sent - failures
        assert 8 <= trials <= 30
    tried = await town.fetch("select count(*) as n, max(attempts) as most from deliveries where attempts > 0")
    assert tried[0]["n"] <= sent
    assert len(await town.hub.database.pool.fetch("select from jobs where kind = $1", CARRY)) <= LANES
    # It comes back: one trial goes through, and every lane is called.
    await town.hub.database.pool.execute("delete from jobs")
    town.clock.move(timedelta(minutes=10))
    monkeypatch.setattr(town.lanes, "_stopping", lambda: True)
    await town.run(lanes=[PROBE])
    called = await town.hub.database.pool.fetch("select payload->>'lane' as lane from jobs where kind = $1", CARRY)
    assert sorted(row["lane"] for row in called) == ["1", "2", "3", "4"]
    assert await town.alerts() == {}
    assert len(town.asked.cases) == 1


async def test_while_paused_only_one_lane_tries_and_a_new_delivery_waits_like_the_others(town):
    town.asked.always = "busy"
    for number in range(3):
        await town.put(title=str(number))
    await town.run()
    assert len(town.asked.writes) == 1, "asked to come later, the others do not go either"
    await town.put(title="new")
    await town.run()
    assert len(town.asked.writes) == 1
    town.clock.move(timedelta(minutes=3))
    await town.run(lanes=[2, 3, 4])
    assert len(town.asked.writes) == 1
    await town.run(lanes=[1])
    assert len(town.asked.writes) == 2
    town.asked.always = None
    for _ in range(3):
        town.clock.move(timedelta(minutes=10))
        await town.run()
    assert await town.states() == ["delivered"] * 4
    # What only waited was never tried, and has no attempts.
    assert len(town.asked.writes) == 2 + 4


async def test_what_a_setting_of_ours_holds_up_is_told_for_as_long_as_it_does(town, monkeypatch):
    """Also while other things go through to the same back office."""
    held = ("deliveries_held", "asked")
    kinds = town.town.back_offices["asked"].deliveries
    waiting, _ = await town.put_all("contact_change", "a")
    with monkeypatch.context() as patch:
        patch.delitem(kinds, "contact_change")
        await town.run()
        assert held in await town.alerts()
        for _ in range(2):
            await town.put("open_case", "b")
            town.clock.move(timedelta(seconds=1))
            await town.run()
            await town.sweep()
            assert held in await town.alerts()
        assert await town.states() == ["waiting", "waiting", "delivered", "delivered"]
    town.clock.move(timedelta(minutes=15))
    await town.run()
    assert (await town.look(waiting)).state is State.DELIVERED
    await town.sweep()
    assert held not in await town.alerts()


async def test_the_deadline_is_told_once_and_drops_nothing(town):
    town.asked.always = "busy"
    delivery_id = await town.put(deadline=timedelta(hours=1))
    await town.run()
    await town.sweep()
    assert ("deliveries_late", "asked") not in await town.alerts()
    town.clock.move(timedelta(hours=1, seconds=1))
    for _ in range(3):
        await town.sweep()
    assert (await town.alerts())["deliveries_late", "asked"] == 1
    assert (await town.events(delivery_id)).count("late") == 1
    town.asked.always = None
    await town.run()
    assert (await town.look(delivery_id)).state is State.DELIVERED
    await town.sweep()
    assert await town.alerts() == {}


async def test_a_slow_back_office_holds_its_own_lanes_and_no_more(town):
    """With a real worker: many for one that hangs, and the other one's arrive at once."""
    patient(town, "asked")
    town.asked.always = "wait"
    handler = Handler(lambda job: town.lanes.run(job, town.town))
    async with working(town.hub.database.pool, {CARRY: handler}, concurrency=10):
        for number in range(20):
            await town.put(title=str(number))
        await until(lambda: town.asked.at_once == LANES)
        await town.put("answer_case", "quick")
        await until(lambda: town.dumb.titles == ["quick"])
        assert town.asked.most_at_once == LANES
        town.asked.always = None
        town.asked.gate.set()
        await until(lambda: _all_delivered(town, 21))
    assert sorted(town.asked.titles, key=int) == [str(number) for number in range(20)]


async def _all_delivered(town, number: int) -> bool:
    return await town.states() == ["delivered"] * number


async def test_the_time_in_which_the_back_office_has_it_is_no_work_of_the_town(town, monkeypatch):
    """Neither while something is sent, nor while it is asked what became of it."""
    worked: list[float] = []
    monkeypatch.setattr(town.lanes._courtesy, "rest", lambda _, seconds: worked.append(seconds) or 0.0)
    http = town.town.back_offices["asked"].connector.http
    send = http.send

    async def slow(*arguments, **more):
        await asyncio.sleep(2.0)
        return await send(*arguments, **more)

    town.asked.next("fail_after")
    delivery_id = await town.put()
    await town.run()
    town.clock.move(timedelta(minutes=1))
    monkeypatch.setattr(http, "send", slow)
    await town.run()
    assert (await town.look(delivery_id)).state is State.DELIVERED
    assert "found" in await town.events(delivery_id)
    assert len(worked) == 2
    assert max(worked) < 2.0


async def test_two_workers_do_nothing_twice(town):
    town.asked.delay = 0.005
    handlers = {CARRY: Handler(lambda job: town.lanes.run(job, town.town)), SWEEP: Handler(lambda _: town.sweep())}
    pool = town.hub.database.pool
    async with working(pool, handlers, concurrency=4), working(pool, handlers, concurrency=4):
        await asyncio.gather(*(town.put(title=str(number), order=str(number % 7)) for number in range(60)))
        await until(lambda: _all_delivered(town, 60))
    assert len(town.asked.keys) == len(set(town.asked.keys)) == 60
    by_order: dict[str, list[int]] = {}
    rows = await town.fetch("select delivery_id, order_key, sequence from deliveries")
    where = {f"{public_id('dlv', row['delivery_id'])}:case": row for row in rows}
    for key in town.asked.keys:
        by_order.setdefault(where[key]["order_key"], []).append(where[key]["sequence"])
    assert all(found == sorted(found) for found in by_order.values())


async def test_the_journal_cannot_be_changed(town):
    delivery_id = await town.put()
    async with town.hub.database.town(CITY) as connection:
        await journal.write(connection, CITY, delivery_id, Event.RETRY, State.WAITING, at=town.clock.now(), by="x")
    for statement in ("update deliveries_journal set by = 'y'", "delete from deliveries_journal"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await town.fetch(statement)
