"""A worker that is killed anywhere: what may have happened is asked about or given to somebody, never sent again."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest

from hub.delivery import lanes as lanes_module
from hub.delivery.model import State
from hub.delivery.outcomes import Outcomes
from hub.delivery.taken import ClaimLost
from tests.integration.delivery.harness import CITY


class Killed(BaseException):
    """As `kill -9`: nothing of ours runs after it."""


def kill(*_, **__):
    raise Killed


async def killed(town, monkeypatch, where, office: str, **lanes) -> None:
    """Run until the worker comes to `where`, and is killed there."""
    with monkeypatch.context() as patch:
        patch.setattr(*where, kill)
        with pytest.raises(Killed):
            await town.run(office, **lanes)


async def test_killed_before_anything_was_intended_it_is_simply_sent(town, monkeypatch):
    delivery_id = await town.put("answer_case")
    await killed(town, monkeypatch, (Outcomes, "intend"), "dumb")
    assert ((await town.look(delivery_id)).state, town.dumb.writes) == (State.SENDING, [])
    await town.run("dumb")
    assert (await town.look(delivery_id)).state is State.DELIVERED
    assert len(town.dumb.cases) == 1


@pytest.mark.parametrize(("office", "kind"), [("asked", "open_case"), ("dumb", "answer_case")])
async def test_killed_between_intent_and_sending(town, monkeypatch, office, kind):
    delivery_id = await town.put(kind)
    await killed(town, monkeypatch, (lanes_module, "send"), office)
    await town.run(office)
    registry = town.asked if office == "asked" else town.dumb
    assert registry.writes == [], "nobody knows that nothing was sent"
    if office == "dumb":
        assert (await town.look(delivery_id)).state is State.IN_DOUBT
        return
    town.clock.move(timedelta(minutes=3))
    await town.run()
    assert (await town.look(delivery_id)).state is State.DELIVERED
    assert len(registry.cases) == 1


@pytest.mark.parametrize(("office", "kind"), [("asked", "open_case"), ("dumb", "answer_case")])
async def test_killed_while_it_is_being_sent(town, office, kind):
    delivery_id = await town.put(kind)
    lane = 2
    await town.killed_in(office, lane)
    registry = town.asked if office == "asked" else town.dumb
    assert (await town.look(delivery_id)).state is State.SENDING
    await town.run(office, lanes=[1, 3])
    assert (await town.look(delivery_id)).state is State.SENDING, "another lane does not take what is this one's"
    await town.run(office, lanes=[lane])
    town.clock.move(timedelta(minutes=3))
    await town.run(office)
    assert (await town.look(delivery_id)).state is (State.DELIVERED if office == "asked" else State.IN_DOUBT)
    assert len(registry.cases) == 1
    assert "taken" in await town.events(delivery_id)


@pytest.mark.parametrize(("office", "kind"), [("asked", "open_case"), ("dumb", "answer_case")])
async def test_killed_with_the_reply_in_hand(town, monkeypatch, office, kind):
    delivery_id = await town.put(kind, files=["a.pdf"])
    await killed(town, monkeypatch, (Outcomes, "happened"), office)
    for _ in range(4):
        await town.run(office)
        town.clock.move(timedelta(minutes=3))
    registry = town.asked if office == "asked" else town.dumb
    assert len(registry.cases) == 1
    if office == "asked":
        assert (await town.look(delivery_id)).state is State.DELIVERED
        assert len(registry.documents) == 1
    else:
        assert (await town.look(delivery_id)).state is State.IN_DOUBT


async def test_a_delivery_that_kills_workers_is_given_to_somebody(town, monkeypatch):
    delivery_id = await town.put()
    behind = await town.put()
    for _ in range(3):
        await killed(town, monkeypatch, (lanes_module, "build"), "asked", lanes=[1])
    await town.run()
    assert ((await town.look(delivery_id)).state, (await town.look(delivery_id)).reason) == (
        State.REFUSED,
        "worker_died",
    )
    assert (await town.look(behind)).state is State.DELIVERED


async def test_a_worker_believed_dead_changes_nothing_any_more(town):
    """Another run has taken its delivery and ended it: what the first one heard comes too late."""
    delivery_id = await town.put()
    taken = await town.lanes._next(town.town, "asked", 1, first=True)
    await town.run(lanes=[1])
    assert (await town.look(delivery_id)).state is State.DELIVERED
    with pytest.raises(ClaimLost):
        await town.lanes._outcomes.happened(taken, "case", {"number": "C99"}, asked=False, last=True)
    with pytest.raises(ClaimLost):
        await town.lanes._outcomes.intend(taken, "case")
    assert await town.receipts(delivery_id) == {"case": {"number": "C1"}}


class Undone(Exception):
    pass


async def test_the_job_and_the_row_are_there_together_or_not_at_all(town):
    with pytest.raises(Undone):
        await _put_and_undo(town)
    assert (await town.states(), await town.hub.database.pool.fetch("select from jobs")) == ([], [])
    await town.put()
    jobs = await town.hub.database.pool.fetch("select kind from jobs")
    assert (await town.states(), [row["kind"] for row in jobs]) == (["waiting"], ["delivery.carry"])


async def _put_and_undo(town) -> None:
    async with town.hub.database.town(CITY) as connection:
        await town.hub.deliveries.enqueue(
            connection,
            await town.hub.vault.keys(connection, CITY),
            town=town.town,
            kind="open_case",
            noun="submission",
            record_id=uuid4(),
            values={"title": "a"},
        )
        raise Undone
