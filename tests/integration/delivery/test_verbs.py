"""What staff do with deliveries that need somebody: each is journalled with who and why."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID, uuid4

import pytest

from hub.delivery.model import EDGES, Event, State
from hub.kernel.errors import Conflict, InvalidRequest, NotFound
from tests.integration.delivery.harness import CITY


async def in_doubt(town, mood: str = "drop_after") -> UUID:
    town.dumb.next(mood)
    delivery_id = await town.put("answer_case", files=["a.pdf"])
    await town.run("dumb")
    assert (await town.look(delivery_id)).state is State.IN_DOUBT
    return delivery_id


async def test_happened_goes_on_with_the_next_step(town):
    delivery_id = await in_doubt(town)
    async with town.desk() as desk:
        with pytest.raises(InvalidRequest, match="number") as caught:
            await desk.happened(delivery_id, {"num": "C1"}, "x")
        assert caught.value.field == "receipts.number"
        await desk.happened(delivery_id, {"number": "C1"}, "seen in the register")
    await town.run("dumb")
    assert (await town.look(delivery_id)).state is State.DELIVERED
    assert [one["path"] for one in town.dumb.documents] == ["/cases/C1/documents"]
    assert len(town.dumb.cases) == 1
    rows = await town.fetch("select source from delivery_receipts order by step")
    assert [row["source"] for row in rows] == ["staff", "reply"]
    [entry] = await town.fetch("select by, reason, step from deliveries_journal where event = 'happened'")
    assert tuple(entry) == ("stf_test", "seen in the register", "case")
    assert await town.alerts() == {}


async def test_did_not_happen_is_sent_again(town):
    delivery_id = await in_doubt(town, "drop_before")
    town.clock.move(timedelta(minutes=2))
    async with town.desk() as desk:
        await desk.did_not_happen(delivery_id, "not in the register")
    await town.run("dumb")
    assert (await town.look(delivery_id)).state is State.DELIVERED
    assert len(town.dumb.cases) == 1
    assert [one.headers["idempotency-key"] for one in town.dumb.writes[:1]] * 2 == [
        one.headers["idempotency-key"] for one in town.dumb.writes if one.path == "/cases"
    ]


async def test_a_doubt_is_not_retried_where_nobody_can_be_asked(town):
    delivery_id = await in_doubt(town)
    with pytest.raises(Conflict, match="cannot be asked"):
        async with town.desk() as desk:
            await desk.retry(delivery_id, "x")


async def test_a_doubt_is_asked_about_again_where_somebody_can(town):
    town.asked.next("drop_after")
    town.asked.asked = "other"
    delivery_id = await town.put()
    await town.run()
    town.clock.move(timedelta(minutes=1))
    await town.run()
    assert (await town.look(delivery_id)).state is State.IN_DOUBT
    town.asked.asked = None
    async with town.desk() as desk:
        await desk.retry(delivery_id, "their search works again")
    await town.run()
    assert ((await town.look(delivery_id)).state, len(town.asked.writes)) == (State.DELIVERED, 1)


async def test_refused_is_edited_and_those_behind_it_follow(town):
    town.asked.next("refuse")
    first = await town.put(title="much too long", order="one")
    await town.put(title="second", order="one")
    await town.run()
    async with town.desk() as desk:
        await desk.edit(first, {"title": "short", "documents": []}, "shortened on the phone with her")
    await town.run()
    await town.run()
    assert town.asked.titles == ["short", "second"]
    assert await town.alerts() == {}


async def test_refused_is_retried_as_it_is(town):
    town.asked.next("refuse")
    delivery_id = await town.put()
    await town.run()
    async with town.desk() as desk:
        await desk.retry(delivery_id, "they raised their limit")
    await town.run()
    assert (await town.look(delivery_id)).state is State.DELIVERED


async def test_discarded_lets_the_next_forward(town):
    town.asked.next("refuse")
    first = await town.put(title="first", order="one")
    second = await town.put(title="second", order="one")
    await town.run()
    async with town.desk() as desk:
        done = await desk.discard(first, "sent twice by mistake")
    assert (done.state, done.settled_at) == (State.DISCARDED, town.clock.now())
    assert town.told[-1].state is State.DISCARDED
    await town.run()
    assert (town.asked.titles, (await town.look(second)).state) == (["second"], State.DELIVERED)
    assert await town.alerts() == {}


async def test_every_verb_only_where_the_table_has_its_edge(town):
    waiting = await town.put(title="waits")
    town.asked.next("refuse")
    refused = await town.put(title="refused")
    done = await town.put(title="done")
    town.asked.always = None
    await town.fetch("update deliveries set next_at = next_at + interval '1 day' where delivery_id = $1", waiting)
    await town.run()
    doubt = await in_doubt(town)
    for delivery_id in (waiting, refused, done, doubt):
        state = (await town.look(delivery_id)).state
        verbs = {
            Event.HAPPENED: lambda desk, one: desk.happened(one, {"number": "1"}, "x"),
            Event.DID_NOT_HAPPEN: lambda desk, one: desk.did_not_happen(one, "x"),
            Event.EDIT: lambda desk, one: desk.edit(one, {"title": "x"}, "x"),
            Event.DISCARD: lambda desk, one: desk.discard(one, "x"),
        }
        for event, verb in verbs.items():
            if any(edge.event is event and edge.source is state for edge in EDGES):
                continue
            with pytest.raises(Conflict):
                async with town.desk() as desk:
                    await verb(desk, delivery_id)
        assert (await town.look(delivery_id)).state is state
    with pytest.raises(NotFound):
        async with town.desk() as desk:
            await desk.discard(uuid4(), "x")


async def test_progress_of_a_record(town):
    record = uuid4()
    await town.put("contact_change", "x", record_id=record)
    await town.run("asked")
    async with town.hub.database.town(CITY) as connection:
        found = await town.hub.deliveries.progress(connection, CITY, "submission", record)
    assert [(one.back_office, one.state, one.step, dict(one.receipts)) for one in found] == [
        ("asked", State.DELIVERED, "case", {"case": {"number": "C1"}}),
        ("dumb", State.WAITING, None, {}),
    ]
