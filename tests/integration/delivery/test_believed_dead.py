"""A worker that is believed dead and lives: its reply is not lost, its step not sent twice, and a person not misled."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import asyncpg
import pytest

from hub.delivery import claims, queries
from hub.delivery.model import State
from hub.kernel.errors import Conflict, InvalidRequest
from hub.kernel.ids import public_id
from tests.integration.delivery.harness import CITY, patient
from tests.integration.jobs.harness import until

SOON, LATER = timedelta(minutes=1), timedelta(minutes=5)


async def running(town, office: str, lane: int) -> asyncio.Task[None]:
    """A run of this lane that has sent something and hears nothing yet."""
    registry = town.asked if office == "asked" else town.dumb
    registry.always = "wait"
    task = asyncio.create_task(town.run(office, lanes=[lane]))
    await until(lambda: registry.at_once == 1)
    registry.always = None
    return task


async def test_a_reply_that_comes_too_late_is_the_truth_and_ends_the_doubt(town):
    patient(town, "dumb")
    delivery_id = await town.put("answer_case", files=["a.pdf"])
    first = await running(town, "dumb", 1)
    await town.run("dumb", lanes=[1])
    assert (await town.look(delivery_id)).state is State.IN_DOUBT
    town.dumb.gate.set()
    await first
    assert (await town.receipts(delivery_id)) == {"case": {"number": "C1"}}
    assert ((await town.look(delivery_id)).state, (await town.look(delivery_id)).step) == (State.WAITING, None)
    await town.sweep()
    await town.run("dumb")
    assert (await town.look(delivery_id)).state is State.DELIVERED
    assert (len(town.dumb.cases), len(town.dumb.documents)) == (1, 1)
    assert await town.alerts() == {}
    assert "heard" in await town.events(delivery_id)


async def test_what_a_live_worker_may_still_be_sending_is_not_sent_by_another_one(town):
    """The back office has nothing yet, and the time it needs is over: but not for what is still on its way to it."""
    patient(town, "asked")
    delivery_id = await town.put()
    first = await running(town, "asked", 1)
    town.clock.move(timedelta(seconds=119))
    await town.run(lanes=[1])
    town.clock.move(timedelta(seconds=2))
    await town.run()
    assert (len(town.asked.writes), len(town.asked.questions)) == (1, 1)
    town.asked.gate.set()
    await first
    await town.sweep()
    town.clock.move(LATER)
    await town.run()
    assert (await town.look(delivery_id)).state is State.DELIVERED
    assert len(town.asked.cases) == 1


async def test_a_worker_stops_sending_when_it_learns_that_it_is_believed_dead(town, monkeypatch):
    monkeypatch.setattr(claims, "_SURE_EVERY", 0.05)
    patient(town, "dumb")
    await town.put("answer_case")
    first = await running(town, "dumb", 1)
    await town.run("dumb", lanes=[1])
    async with asyncio.timeout(5):
        await first


async def test_a_worker_that_stood_still_sends_nothing(town, monkeypatch):
    """Its machine slept between the intent and the sending."""
    delivery_id = await town.put("answer_case")
    times = iter([100.0, 100.0 + 5])
    monkeypatch.setattr(claims, "passed", lambda: next(times))
    monkeypatch.setattr("hub.delivery.outcomes.passed", lambda: next(times))
    await town.run("dumb", lanes=[1])
    one = await town.look(delivery_id)
    assert (one.state, one.step, one.reason, town.dumb.writes) == (State.WAITING, None, "worker_stood_still", [])


async def test_what_happened_meanwhile_is_not_sent(town):
    """The late reply comes between the answer "not there" and the intent to send again."""
    town.asked.next("drop_before")
    delivery_id = await town.put()
    await town.run()
    town.clock.move(LATER)
    late = await town.lanes._next(town.town, "asked", 1, first=True)
    taken = await town.lanes._next(town.town, "asked", 1, first=True)
    assert taken is not None
    town.clock.move(LATER)
    await town.lanes._outcomes.heard(late, "case", {"number": "C77"})
    await town.lanes._carry(taken, town.town.back_offices["asked"].deliveries["open_case"])
    await town.sweep()
    await town.run()
    assert (await town.look(delivery_id)).state is State.DELIVERED
    assert (len(town.asked.writes), await town.receipts(delivery_id)) == (1, {"case": {"number": "C77"}})


async def test_two_replies_that_differ_are_told_to_somebody(town):
    delivery_id = await town.put()
    late = await town.lanes._next(town.town, "asked", 1, first=True)
    await town.run(lanes=[1])
    await town.lanes._outcomes.heard(late, "case", {"number": "C99"})
    assert await town.receipts(delivery_id) == {"case": {"number": "C1"}}
    assert await town.alerts() == {("delivery_doubled", public_id("dlv", delivery_id)): 1}


@pytest.mark.parametrize(
    "error", [asyncpg.DeadlockDetectedError, asyncpg.AdminShutdownError, asyncpg.DiskFullError, OSError]
)
async def test_a_receipt_survives_a_database_that_is_away_for_a_moment(town, monkeypatch, error):
    monkeypatch.setattr(claims, "_WAITS", (0.0,))
    store, failures = queries.store_receipt, iter([error("away")])

    async def stumble(*arguments, **more):
        for failure in failures:
            raise failure
        return await store(*arguments, **more)

    monkeypatch.setattr(queries, "store_receipt", stumble)
    delivery_id = await town.put("answer_case")
    await town.run("dumb", lanes=[1])
    assert (await town.look(delivery_id)).state is State.DELIVERED


async def test_a_receipt_is_written_by_a_worker_that_is_told_to_end(town, monkeypatch):
    entered, go = asyncio.Event(), asyncio.Event()
    store = queries.store_receipt

    async def slow(*arguments, **more):
        entered.set()
        await go.wait()
        return await store(*arguments, **more)

    monkeypatch.setattr(queries, "store_receipt", slow)
    delivery_id = await town.put("answer_case")
    task = asyncio.create_task(town.run("dumb", lanes=[1]))
    await entered.wait()
    task.cancel()
    await asyncio.sleep(0)
    go.set()
    await asyncio.wait([task])
    assert (await town.look(delivery_id)).state is State.DELIVERED


async def test_what_was_left_behind_by_a_paused_back_office_is_tried_by_the_lane_that_tries(town):
    """Another lane may not try it, and the one that may would find nothing to try: it would be paused for ever."""
    delivery_id = await town.put()
    await town.killed_in("asked", lane=3)
    await town.fetch(
        """insert into delivery_offices (city_id, back_office, failures, failing_since, paused_until, last_failure)
           values ($1, 'asked', 9, $2, $2, 'x') returning 1""",
        CITY,
        town.clock.now(),
    )
    town.clock.move(LATER)
    await town.run(lanes=[3])
    await town.run(lanes=[1])
    assert (await town.look(delivery_id)).state is State.DELIVERED
    assert len(town.asked.cases) == 1


async def test_not_there_is_not_said_of_what_may_still_be_on_its_way(town):
    town.dumb.next("drop_after")
    delivery_id = await town.put("answer_case")
    await town.run("dumb")
    with pytest.raises(Conflict, match="look again after"):
        async with town.desk() as desk:
            await desk.did_not_happen(delivery_id, "it is not there")
    town.clock.move(SOON)
    async with town.desk() as desk:
        await desk.did_not_happen(delivery_id, "it is not there")


async def test_one_that_cannot_be_opened_stops_only_its_own_line(town):
    broken = await town.put(title="broken")
    await town.fetch("update delivery_values set content = 'nonsense' returning 1")
    other = await town.put(title="other")
    await town.run(lanes=[1])
    assert [(await town.look(one)).state for one in (broken, other)] == [State.WAITING, State.DELIVERED]
    assert (await town.look(broken)).reason == "configuration"


async def test_edited_documents_stay_where_those_that_arrived_are(town):
    """The second document is refused; taking the first away would have the second taken for it, and never sent."""
    delivery_id = await town.put(files=["a.pdf", "b.pdf"])
    town.asked.next("ok", "ok", "refuse")
    await town.run()
    one = await town.look(delivery_id)
    assert (one.state, list(await town.receipts(delivery_id))) == (State.REFUSED, ["case", "document.1"])
    async with town.hub.database.town(CITY) as connection:
        keys = await town.hub.vault.keys(connection, CITY)
        values = await town.hub.deliveries.open_values(connection, keys, delivery_id)
    first, second = values["documents"]
    for wrong in ([second], [second, first], [first, {**second, "blob": "06a3b1c2-0000-7000-8000-000000000000"}]):
        with pytest.raises(InvalidRequest) as caught:
            async with town.desk() as desk:
                await desk.edit(delivery_id, values | {"documents": wrong}, "x y z")
        assert caught.value.field == "values"
    async with town.desk() as desk:
        await desk.edit(delivery_id, values | {"documents": [first, {**second, "name": "c.pdf"}]}, "a better name")
    await town.run()
    assert [one["name"] for one in town.asked.documents] == ["a.pdf", "c.pdf"]


async def test_discarding_and_arriving_in_one_line_do_not_wait_for_each_other(town):
    """Both hold the line before the row of the one behind."""
    first = await town.put("answer_case", order="one")
    second = await town.put("answer_case", order="one")
    taken = await town.lanes._next(town.town, "dumb", 1, first=True)
    assert taken is not None
    async with town.hub.database.town(CITY) as connection:
        row = await connection.fetchrow("select order_key from deliveries where delivery_id = $1", first)
        await queries.lock_line(connection, "dumb", row["order_key"])

        async def discard() -> None:
            async with town.desk() as desk:
                await desk.discard(second, "sent twice")

        discarding = asyncio.create_task(discard())
        waiting = "select exists (select from pg_locks where locktype = 'advisory' and not granted)"
        async with asyncio.timeout(10):
            while not await town.hub.database.pool.fetchval(waiting):
                await asyncio.sleep(0.01)
        await connection.execute("set local lock_timeout = '200ms'")
        await queries.let_forward(connection, CITY, "dumb", row["order_key"], town.clock.now())
        assert await connection.fetchval("select true from deliveries where delivery_id = $1 for update nowait", second)
    await discarding
    assert (await town.look(second)).state is State.DISCARDED


async def test_an_hour_is_the_longest_it_is_left_alone(town):
    town.asked.next("milliseconds")
    delivery_id = await town.put()
    await town.run()
    town.clock.move(timedelta(hours=2))
    await town.run()
    assert (await town.look(delivery_id)).state is State.DELIVERED


async def test_what_failed_once_is_forgotten_when_nothing_waits(town):
    town.dumb.next("drop_after")
    await town.put("answer_case")
    await town.run("dumb")
    assert len(await town.fetch("select from delivery_offices")) == 1
    await town.sweep()
    assert await town.fetch("select from delivery_offices") == []


async def test_refused_because_it_is_there_already_it_is_there(town):
    """It knows our key, and answers 409 to it; nobody had heard its first answer."""
    town.asked.next("conflict_after")
    delivery_id = await town.put()
    await town.run()
    assert (await town.look(delivery_id)).state is State.DELIVERED
    assert (await town.receipts(delivery_id), len(town.asked.cases)) == ({"case": {"number": "C1"}}, 1)
