"""What becomes of a step: done, surely not done, refused, in doubt; and that nothing is ever done twice."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest

from hub.delivery.model import State
from hub.kernel.ids import public_id
from hub.storage import retention


async def test_every_step_once_with_its_receipt_and_the_noun_is_told(town):
    delivery_id = await town.put(title="Prijava rupe", files=["a.pdf", "b.pdf"])
    await town.run()
    name = public_id("dlv", delivery_id)
    assert town.asked.cases == [{"title": "Prijava rupe", "key": f"{name}:case", "number": "C1", "path": "/cases"}]
    assert [(one["key"], one["path"], one["name"]) for one in town.asked.documents] == [
        (f"{name}:document.1", "/cases/C1/documents", "a.pdf"),
        (f"{name}:document.2", "/cases/C1/documents", "b.pdf"),
    ]
    assert base64.b64decode(town.asked.documents[1]["content"]) == b"content of b.pdf"
    assert town.asked.writes[0].headers["idempotency-key"] == f"{name}:case"
    receipts = {"case": {"number": "C1"}, "document.1": {"id": "D1"}, "document.2": {"id": "D2"}}
    assert await town.receipts(delivery_id) == receipts
    assert (await town.look(delivery_id)).state is State.DELIVERED
    assert [(one.state, one.step, dict(one.receipts)) for one in town.told] == [
        (State.SENDING, "case", {"case": {"number": "C1"}}),
        (State.SENDING, "document.1", {name: receipts[name] for name in ("case", "document.1")}),
        (State.DELIVERED, "document.2", receipts),
    ]
    assert await town.events(delivery_id) == ["queued", *(["sent", "receipt"] * 3), "delivered"]
    assert await town.alerts() == {}


@pytest.mark.parametrize("mood", ["drop_after", "slow_after", "fail_after", "garbage_after"])
async def test_done_but_not_heard_of_is_asked_about_and_counts(town, mood):
    town.asked.next(mood)
    delivery_id = await town.put(files=["a.pdf"])
    await town.run()
    assert (await town.look(delivery_id)).step == "case"
    town.clock.move(timedelta(seconds=10))
    await town.run()
    assert (await town.look(delivery_id)).state is State.DELIVERED
    assert await town.receipts(delivery_id) == {"case": {"number": "C1"}, "document.1": {"id": "D1"}}
    assert len(town.asked.cases) == 1
    assert "found" in await town.events(delivery_id)


@pytest.mark.parametrize("mood", ["drop_before", "fail_before", "closed"])
async def test_not_done_and_not_heard_of_is_sent_again_only_when_settled(town, mood):
    town.asked.next(mood)
    delivery_id = await town.put()
    await town.run()
    town.clock.move(timedelta(seconds=60))
    await town.run()
    # It could still be working on it: asked, not found, not sent.
    assert (len(town.asked.writes), len(town.asked.questions)) == (1, 1)
    town.clock.move(timedelta(seconds=65))
    await town.run()
    assert (await town.look(delivery_id)).state is State.DELIVERED
    assert (len(town.asked.writes), len(town.asked.questions), len(town.asked.cases)) == (2, 2, 1)
    assert [one.headers["idempotency-key"] for one in town.asked.writes] == [
        f"{public_id('dlv', delivery_id)}:case"
    ] * 2


async def test_what_appears_while_it_settles_is_found(town):
    town.asked.next("drop_before")
    delivery_id = await town.put()
    await town.run()
    town.clock.move(timedelta(seconds=10))
    await town.run()
    # It was slow, and has it now.
    town.asked.cases.append({"key": f"{public_id('dlv', delivery_id)}:case", "number": "C77", "title": "a"})
    town.clock.move(timedelta(minutes=3))
    await town.run()
    assert (await town.look(delivery_id)).state is State.DELIVERED
    assert (await town.receipts(delivery_id))["case"] == {"number": "C77"}
    assert len(town.asked.writes) == 1


@pytest.mark.parametrize("mood", ["drop_before", "drop_after", "slow_after", "fail_before", "garbage_after", "closed"])
async def test_where_nobody_can_be_asked_a_doubt_is_a_persons(town, mood):
    town.dumb.next(mood)
    delivery_id = await town.put("answer_case")
    for _ in range(3):
        await town.run("dumb")
        town.clock.move(timedelta(hours=1))
        await town.sweep()
    one = await town.look(delivery_id)
    assert (one.state, one.step) == (State.IN_DOUBT, "case")
    assert len(town.dumb.writes) == 1
    assert ("delivery_in_doubt", public_id("dlv", delivery_id)) in await town.alerts()
    assert town.told[-1].state is State.IN_DOUBT


@pytest.mark.parametrize(("asked", "reason"), [("other", "unreadable_answer"), ("fail", "back_office_fault")])
async def test_an_answer_that_tells_nothing_is_a_doubt(town, asked, reason):
    town.asked.next("drop_before")
    town.asked.asked = asked
    delivery_id = await town.put()
    await town.run()
    town.clock.move(timedelta(minutes=5))
    await town.run()
    one = await town.look(delivery_id)
    assert (one.state, one.reason, len(town.asked.writes)) == (State.IN_DOUBT, reason, 1)


async def test_two_under_one_key_is_a_doubt(town):
    town.asked.next("drop_after")
    delivery_id = await town.put()
    await town.run()
    town.asked.cases.append(dict(town.asked.cases[0], number="C9"))
    town.clock.move(timedelta(minutes=5))
    await town.run()
    assert (await town.look(delivery_id)).reason == "several_found"


@pytest.mark.parametrize("asked", ["drop", "unauthorised"])
async def test_a_question_that_does_not_get_through_is_asked_again(town, asked):
    town.asked.next("drop_after")
    town.asked.asked = asked
    delivery_id = await town.put()
    await town.run()
    town.clock.move(timedelta(minutes=5))
    await town.run()
    assert ((await town.look(delivery_id)).state, len(town.asked.questions)) == (State.WAITING, 1)
    town.asked.asked = None
    town.clock.move(timedelta(minutes=5))
    await town.run()
    assert (await town.look(delivery_id)).state is State.DELIVERED
    assert len(town.asked.writes) == 1


async def test_refused_is_a_dead_letter_with_its_field_and_nothing_else_stops(town):
    town.asked.next("refuse")
    first = await town.put(title="x", order="one")
    behind = await town.put(title="y", order="one")
    other = await town.put(title="z", order="two")
    await town.run(lanes=[1])
    one = await town.look(first)
    assert (one.state, one.reason, one.field) == (State.REFUSED, "back_office_fault", "title")
    assert [(await town.look(each)).state for each in (behind, other)] == [State.WAITING, State.DELIVERED]
    assert await town.alerts() == {("delivery_refused", "asked"): 1}
    assert town.told[0].state is State.REFUSED


async def test_a_record_that_lacks_something_is_refused_before_anything_is_sent(town):
    delivery_id = await town.put(title="")
    await town.run()
    one = await town.look(delivery_id)
    assert (one.state, one.reason, one.field, one.step) == (State.REFUSED, "unmappable", "title", None)
    assert town.asked.writes == []


async def test_wrong_credentials_hold_and_tell_and_resume(town):
    town.asked.always = "unauthorised"
    delivery_id = await town.put()
    await town.run()
    one = await town.look(delivery_id)
    assert (one.state, one.reason, one.step) == (State.WAITING, "back_office_refused", None)
    assert ("deliveries_held", "asked") in await town.alerts()
    town.asked.always = None
    town.clock.move(timedelta(minutes=1))
    await town.run()
    assert (await town.look(delivery_id)).state is State.DELIVERED
    assert await town.alerts() == {}


async def test_asked_to_come_later_it_comes_later(town):
    town.asked.next("busy")
    delivery_id = await town.put()
    await town.run()
    town.clock.move(timedelta(seconds=115))
    await town.run()
    assert len(town.asked.writes) == 1
    town.clock.move(timedelta(seconds=10))
    await town.run()
    assert (await town.look(delivery_id)).state is State.DELIVERED
    # 429 says that nothing was done, so nobody needs to be asked.
    assert (len(town.asked.writes), len(town.asked.questions)) == (2, 0)


async def test_a_noun_that_stumbles_loses_no_receipt_and_is_told_again(town):
    broken = True
    told = []

    async def stumbles(connection, _, progress):
        await connection.execute("select 1")
        if broken:
            raise RuntimeError("a mistake of ours")
        told.append((progress.state, dict(progress.receipts)))

    town.hub.deliveries.on("submission", stumbles)
    delivery_id = await town.put(files=["a.pdf"])
    await town.run()
    assert (await town.look(delivery_id)).state is State.WAITING
    assert await town.receipts(delivery_id) == {"case": {"number": "C1"}}
    await town.sweep()
    await town.run()
    assert len(town.asked.writes) == 1, "it goes no further before its noun knows"
    broken = False
    await town.sweep()
    await town.run()
    assert (await town.look(delivery_id)).state is State.DELIVERED
    assert (len(town.asked.cases), len(town.asked.documents)) == (1, 1)
    assert told[0] == (State.WAITING, {"case": {"number": "C1"}})
    assert told[-1][0] is State.DELIVERED


async def test_what_a_noun_was_not_told_of_is_found_without_reading_every_delivery(town):
    """The sweep asks every minute, and a town's deliveries stay."""
    async with town.hub.database.town(town.town.city.id) as connection:
        await connection.execute("set local enable_seqscan = off")
        plan = await connection.fetch(
            """explain select delivery_id from deliveries where city_id = $1 and untold and state <> 'sending'
               order by random() limit 500""",
            town.town.city.id,
        )
    assert "deliveries_untold" in "\n".join(row[0] for row in plan)


async def test_no_transaction_is_open_while_it_is_sent(town):
    seen = []

    def look(_):
        seen.append(town.hub.database.pool.get_idle_size() == town.hub.database.pool.get_size())

    town.asked.on_write = look
    await town.put(files=["a.pdf"])
    await town.run()
    assert seen == [True, True]


async def test_values_are_sealed_and_dropped_and_the_journal_stays(town):
    secret = "Kata Rupa 0911234567"
    delivery_id = await town.put(title=secret)
    rows = await town.fetch("select content from delivery_values")
    assert secret.encode() not in rows[0]["content"]
    await town.run()
    assert town.asked.titles == [secret]
    town.clock.move(timedelta(days=29))
    await retention.keep(town.hub.database, [town.town.city.id], town.clock.now())
    assert len(await town.fetch("select from delivery_values")) == 1
    town.clock.move(timedelta(days=2))
    await retention.keep(town.hub.database, [town.town.city.id], town.clock.now())
    assert len(await town.fetch("select from delivery_values")) == 0
    assert await town.events(delivery_id) == ["queued", "sent", "receipt", "delivered"]
    for table in ("deliveries", "delivery_receipts", "deliveries_journal"):
        rows = await town.fetch(f"select to_jsonb(t)::text as row from {table} t")
        assert rows
        assert not any("Kata" in row["row"] for row in rows), table
    assert json.loads(town.asked.writes[0].body)["title"] == secret
