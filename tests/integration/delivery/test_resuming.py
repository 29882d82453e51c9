"""After an outage everything goes on by itself and soon; what fails on its own keeps its pace; somebody may say "now"."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from hub.delivery.model import State
from hub.delivery.offices import FAILURES
from hub.kernel.errors import RemoteUnavailable
from tests.integration.delivery.test_believed_dead import patient, running
from tests.support.http_server import Answer

SOON, LATER = timedelta(seconds=10), timedelta(minutes=10)


@contextmanager
def away(town) -> Iterator[list[str]]:
    """Nobody answers at its address; what was tried there."""
    http, tried = town.town.back_offices["asked"].connector.http, []

    async def refused(*_, **__):
        tried.append("tried")
        raise RemoteUnavailable("The connection was refused.", reached=False)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http, "send", refused)
        yield tried


async def outage(town, number: int) -> None:
    """So many lines, which have been tried in vain until they wait for minutes."""
    for title in range(number):
        await town.put(title=str(title))
    await town.run()
    await town.fetch(
        "update deliveries set next_at = $1::timestamptz + interval '14 min', attempts = 9 where state = 'waiting'",
        town.clock.now(),
    )


async def paused(town) -> bool:
    rows = await town.fetch("select paused_until from delivery_offices where paused_until > $1", town.clock.now())
    return bool(rows)


async def test_when_one_goes_through_all_the_others_follow_soon(town):
    with away(town):
        await outage(town, 12)
    assert await paused(town)
    # The trial: one of them has waited long enough.
    town.clock.move(LATER)
    await town.put(title="trial", order="trial")
    await town.put(title="behind", order="trial")
    waited = await town.fetch("select next_at from deliveries where state = 'waiting' and not behind order by 1")
    assert waited[1]["next_at"] > town.clock.now() + timedelta(minutes=3)
    await town.run(lanes=[1])
    assert await town.fetch("select from delivery_offices") == []
    due = {row["next_at"] for row in await town.fetch("select next_at from deliveries where state = 'waiting'")}
    assert max(due) <= town.clock.now() + SOON
    assert len(due) > 6, "they do not all come in the same moment"
    town.clock.move(SOON)
    await town.run()
    assert set(await town.states()) == {"delivered"}
    assert len(town.asked.cases) == 14


async def test_what_fails_on_its_own_keeps_its_pace_though_others_go_through(town):
    """Otherwise each of the others would call it, and it would be sent again as often as anything is."""
    with away(town):
        stubborn = await town.put(title="stubborn")
        await town.run()
    waits_until = (await town.look(stubborn)).next_at
    assert waits_until > town.clock.now()
    await town.put(title="other")
    await town.run()
    assert town.asked.titles == ["other"]
    assert (await town.look(stubborn)).next_at == waits_until


async def test_what_the_back_office_may_still_be_working_on_is_not_hurried(town):
    town.asked.next("drop_before")
    asked = await town.put(title="asked")
    await town.run()
    town.clock.move(timedelta(seconds=5))
    await town.run()
    one = await town.look(asked)
    assert (one.reason, len(town.asked.questions)) == ("not_found_yet", 1)
    with away(town):
        for number in range(FAILURES):
            await town.put(title=str(number))
        await town.run()
    assert await paused(town)
    town.clock.move(timedelta(seconds=60))
    await town.run(lanes=[1])
    assert await town.fetch("select from delivery_offices") == []
    assert (await town.look(asked)).next_at == one.next_at


async def test_somebody_who_sees_to_one_ends_the_pause(town):
    with away(town):
        await outage(town, FAILURES)
    [first, *_] = await town.fetch("select delivery_id from deliveries order by sequence")
    async with town.desk() as desk:
        await desk.retry(first["delivery_id"], "they say it works again")
    assert not await paused(town)
    await town.run(lanes=[1])
    town.clock.move(SOON)
    await town.run()
    assert await town.states() == ["delivered"] * FAILURES
    assert await town.alerts() == {}


async def test_while_it_is_still_away_one_is_tried_for_somebody_and_the_pause_goes_on(town):
    with away(town) as tried:
        await outage(town, FAILURES + 3)
        assert len(tried) == FAILURES
        [first, *_] = await town.fetch("select delivery_id from deliveries order by sequence")
        async with town.desk() as desk:
            await desk.retry(first["delivery_id"], "is it back?")
        await town.run()
        assert len(tried) == FAILURES + 1
    assert await paused(town)


async def test_when_the_last_doubt_is_settled_nothing_fails_any_more(town):
    """Its one step happened, as somebody found out: nothing is left to send, so no exchange says that it works."""
    town.dumb.always = "drop_after"
    doubts = [await town.put("answer_case", str(number)) for number in range(FAILURES)]
    await town.run("dumb")
    [row] = await town.fetch("select paused_until from delivery_offices")
    assert row["paused_until"] > town.clock.now()
    for delivery_id in doubts:
        async with town.desk() as desk:
            await desk.happened(delivery_id, {"number": "C1"}, "it is in their list")
    await town.run("dumb")
    assert await town.states() == ["delivered"] * FAILURES
    assert await town.fetch("select from delivery_offices") == []
    assert await town.alerts() == {}


async def test_discarding_the_last_doubt_does_the_same(town):
    town.dumb.always = "drop_after"
    doubts = [await town.put("answer_case", str(number)) for number in range(FAILURES)]
    await town.run("dumb")
    for delivery_id in doubts:
        async with town.desk() as desk:
            await desk.discard(delivery_id, "sent by letter")
    assert await town.fetch("select from delivery_offices") == []
    assert await town.alerts() == {}


async def test_what_is_heard_while_another_worker_asks_about_it_is_no_doubt(town):
    """A worker believed dead gets its answer while the next one asks and is told "not there yet".

    The step stays in question for that one; the run after it finds the receipt and goes on with the next step.
    """
    patient(town, "asked")
    delivery_id = await town.put(files=["a.pdf"])
    first = await running(town, "asked", 1)
    asking, answer = asyncio.Event(), asyncio.Event()
    found = type(town.asked).__call__

    async def hold(registry, request):
        if request.method != "GET":
            return await found(registry, request)
        registry.questions.append(request)
        asking.set()
        await answer.wait()
        return Answer(b'{"found": []}', 200, {"content-type": "application/json"})

    type(town.asked).__call__ = hold
    try:
        second = asyncio.create_task(town.run(lanes=[1]))
        # Its step was put back into question when it was taken; time passes so that it is asked about.
        await asyncio.wait_for(asking.wait(), 5)
        town.asked.gate.set()
        await first
        assert await town.receipts(delivery_id) == {"case": {"number": "C1"}}
        answer.set()
        await second
    finally:
        type(town.asked).__call__ = found
    one = await town.look(delivery_id)
    assert (one.state, one.step) == (State.WAITING, "case")
    town.clock.move(LATER)
    await town.run()
    one = await town.look(delivery_id)
    assert (one.state, one.reason) == (State.DELIVERED, None)
    assert (len(town.asked.cases), len(town.asked.documents)) == (1, 1)
    assert await town.alerts() == {}
