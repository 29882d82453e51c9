"""Pushed events: what they become, in whatever order, and what becomes of those that cannot be used."""

import itertools
import json
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest

from hub.accounts.service import Knowledge
from hub.kernel.freshness import Freshness, FreshnessStatus
from hub.obligations.projection import ObligationProjection
from tests.support.records import ANA, IVO, NOW
from tests.support.trial import OFFICE, debt, event, page

OF_ANA, PLAIN_OF_ANA = f"/debts?oib={ANA}", f"/plain?oib={ANA}"
MINUTE = timedelta(minutes=1)


async def outcomes(town) -> dict[str, tuple[str, str | None]]:
    """`{event id: (state, outcome)}`"""
    rows = await town.fetch("select external_id, state, outcome from messages order by sequence")
    return {row["external_id"].removeprefix("/knjige "): (row["state"], row["outcome"]) for row in rows}


async def test_events_become_records_of_their_feed(town):
    ana = await town.subject(ANA)
    await town.push(
        event("debt", 1, debt("a"), debt("b", owners=[IVO]), time="2026-11-21T09:00:00Z"),
        event("debt", 2, debt("a", rev=2, open="1.00"), time="2026-11-21T09:30:00Z"),
        event("debt", 3, debt("a", rev=1), time="2026-11-21T09:40:00Z"),
        event("debt", 4, debt("b", rev=2, gone=True), time="2026-11-21T09:50:00Z"),
    )
    # b came and went within one batch: what is kept of it is that it is gone.
    assert await town.obligations("debts") == {"a": (100, 2, False)}
    (stone,) = await town.fetch("select source_key, version, as_of from tombstones")
    assert tuple(stone) == ("b", 2, datetime(2026, 11, 21, 9, 50, tzinfo=UTC))
    assert await outcomes(town) == {
        "e1": ("applied", "applied"),
        "e2": ("applied", "applied"),
        "e3": ("applied", "applied"),
        "e4": ("applied", "unchanged"),
    }
    assert await town.letters() == []
    rows = await town.fetch("select source_key, as_of, gone_at from obligations order by source_key")
    assert [tuple(row) for row in rows] == [("a", datetime(2026, 11, 21, 9, 30, tzinfo=UTC), None)]
    # Nobody was asked: the list is what was told, and no more is claimed.
    account = await town.accounts.read(town.town, ana)
    assert account.knowledge("obligation") is Knowledge.PARTIAL
    assert [row["source_key"] for row in account.obligations] == ["a"]
    assert (await town.freshness(ana))["debts"] == (
        Freshness(FreshnessStatus.UNAVAILABLE, because="never_read"),
        False,
    )
    await town.push(event("debt", 5, debt("a", rev=2, open="1.00"), time="2026-11-21T09:30:00Z"))
    assert (await outcomes(town))["e5"] == ("applied", "unchanged")
    await town.push(event("debt", 6, debt("a", rev=3, gone=True), time="2026-11-21T09:55:00Z"))
    assert (await outcomes(town))["e6"] == ("applied", "applied")
    (row,) = await town.fetch("select version, gone_at from obligations")
    assert tuple(row) == (3, datetime(2026, 11, 21, 9, 55, tzinfo=UTC))


FAULTS = {
    "unknown type": (event("nothing", 1, debt()), "unknown_event_type", None, "type", None,
        "'nothing' is not configured; configured are: debt, plain, told, told.all"),
    "no RFC 3339": (event("debt", 1, debt(), time="yesterday"), "bad_time", "debts", "time", None,
        "time 'yesterday' is not RFC 3339"),
    "no zone": (event("debt", 1, debt(), time="2026-11-21T09:00:00"), "bad_time", "debts", "time", None,
        "time '2026-11-21T09:00:00' is not RFC 3339"),
    "before all time": (event("debt", 1, debt(), time="0001-01-01T00:00:00+10:00"), "bad_time", "debts", "time", None,
        "time '0001-01-01T00:00:00+10:00' is not RFC 3339"),
    "a number for a time": (event("debt", 1, debt()) | {"time": 5}, "bad_time", "debts", "time", None,
        "time '5' is not RFC 3339"),
    "no data": ({k: v for k, v in event("debt", 1).items() if k != "data"}, "no_data", "debts", "data", None,
        "the event has no data in JSON"),
    "data in base64": ({k: v for k, v in event("debt", 1).items() if k != "data"} | {"data_base64": "eA=="}, "no_data",
        "debts", "data", None, "the event has no data in JSON"),
    "null for data": (event("debt", 1, data=None), "no_records", "debts", "data", None,
        "the data hold no record where the mapping looks for them"),
    "no records in data": (event("debt", 1), "no_records", "debts", "data", None,
        "the data hold no record where the mapping looks for them"),
    "no version at all": (event("plain", 1, debt(rev=None)), "no_version", "plain", "time", None,
        "without a version in the data or a time on the event, its order cannot be known"),
    "to come": (event("plain", 1, debt(rev=None), time="2026-11-21T10:05:00.000001Z"), "future_time", "plain", "time",
        None, "2026-11-21T10:05:00+00:00 is to come, and with no version in the data it would outdo all that follows"),
    "unreadable": (event("debt", 1, debt("a"), debt("b", amount="12,5o")), "unreadable_record", "debts", "original",
        "items[1].amount", "'12,5o' is not an amount"),
    "contradicting": (event("debt", 1, debt(payee="voda")), "contradicts_configuration", "debts", "payee", None,
        "the town has no payee 'voda'; it has grad"),
    "too large for a row": (event("debt", 1, debt(year=99_999)), "cannot_be_stored", "debts", None, None,
        "the database refuses it: NumericValueOutOfRangeError"),
    "about somebody": (event("debt", 1, debt(oib="87582274225"), time="2026-11-21T09:00:00Z"), "unreadable_record",
        "debts", "parties", "items[0].oib", "is not a hr.oib: the check digit does not match"),
}  # fmt: skip


async def test_every_fault_is_a_letter_with_its_reason_and_stops_no_other(town):
    """One batch: each faulty event between two good ones."""
    events, good = [], 0
    for number, (faulty, *_) in enumerate(FAULTS.values()):
        events += [faulty | {"id": f"f{number:02}"}, event("debt", 1000 + number, debt(f"g{number}"))]
        good += 1
    await town.push(*events)
    letters = await town.letters()
    assert [
        (one.external_id, one.reason, one.feed, one.field, one.path, one.detail, one.origin, one.times)
        for one in letters
    ] == [(f"/knjige f{n:02}", *expected, "push", 1) for n, (_, *expected) in enumerate(FAULTS.values())]
    assert await town.obligations("debts") == {f"g{number}": (None, 1, False) for number in range(good)}
    assert await town.obligations("plain") == {}
    states = await outcomes(town)
    assert {key: state for key, (state, _) in states.items()} == {
        **{f"f{n:02}": "dead" for n in range(good)},
        **{f"e{1000 + n}": "applied" for n in range(good)},
    }
    assert json.loads(await town.body_of(letters[0])) == json.loads(json.dumps(events[0]))


async def test_a_clock_ahead_of_ours(town):
    """Where the data carry a version the time is only an age; where not, small errors keep the order of events."""
    await town.push(event("debt", 1, debt("a"), time="2030-01-01T00:00:00Z"))
    (row,) = await town.fetch("select as_of, version from obligations")
    assert tuple(row) == (NOW, 1)
    # Two minutes ahead, the later one first.
    await town.push(event("plain", 2, debt("p", rev=None, open="2.00"), time="2026-11-21T10:02:00Z"))
    await town.push(event("plain", 3, debt("p", rev=None, open="1.00"), time="2026-11-21T10:01:59Z"))
    assert {key: owed for key, (owed, *_) in (await town.obligations("plain")).items()} == {"p": 200}
    await town.push(event("plain", 4, debt("p", rev=None, open="3.00"), time="2026-11-21T10:02:01Z"))
    assert {key: owed for key, (owed, *_) in (await town.obligations("plain")).items()} == {"p": 300}
    (row,) = await town.fetch("select as_of from obligations where feed = 'plain'")
    assert row["as_of"] == NOW
    # Our own question, asked later, is answered by what is true then.
    town.clock.move(MINUTE)
    town.office.says(PLAIN_OF_ANA, page(debt("p", rev=None, open="4.00")))
    await town.read("plain", ANA)
    assert {key: owed for key, (owed, *_) in (await town.obligations("plain")).items()} == {"p": 400}
    assert await town.letters() == []


async def test_push_and_pull_of_one_item_agree_in_any_order(town):
    """Versions 1 and 3 come by push, 2 by pull, then 4 is a removal: every order ends in the same row."""
    words = {
        "push 1": lambda: town.push(event("debt", next(numbers), debt("a", rev=1), time="2026-11-21T09:00:00Z")),
        "pull 2": lambda: town.read("debts", ANA),
        "push 3": lambda: town.push(event("debt", next(numbers), debt("a", rev=3, open="3.00"), time="2026-11-21T09:20:00Z")),
        "gone 4": lambda: town.push(event("debt", next(numbers), debt("a", rev=4, gone=True), time="2026-11-21T09:30:00Z")),
    }  # fmt: skip
    numbers = itertools.count()
    town.office.says(OF_ANA, page(debt("a", rev=2, open="2.00")))
    for order in itertools.permutations(words):
        async with town.hub.database.town(7) as connection:
            for table in ("obligations", "tombstones", "feed_states"):
                await connection.execute(f"delete from {table}")
        for number, word in enumerate(order):
            await words[word]()
            town.clock.move(MINUTE)
            seen = order[: number + 1]
            newest = max(int(one[-1]) for one in seen)
            found = await town.obligations("debts")
            if newest == 4:
                assert all(gone for *_, gone in found.values()), seen
            else:
                owed = {1: None, 2: 200, 3: 300}[newest]
                assert found == {"a": (owed, newest, False)}, seen
    assert await town.letters() == []


async def test_without_versions_push_and_pull_agree_by_time(town):
    orders = itertools.permutations(("early", "late"))
    for number, order in enumerate(orders):
        async with town.hub.database.town(7) as connection:
            await connection.execute("delete from obligations")
        town.clock.at = NOW
        town.office.says(PLAIN_OF_ANA, page(debt("p", rev=None, open="1.00")))
        for word in order:
            if word == "early":
                said = event("plain", number, debt("p", rev=None, open="9.00"), time="2026-11-21T09:59:59Z")
                await town.push(said)
            else:
                await town.read("plain", ANA)
        assert {key: owed for key, (owed, *_) in (await town.obligations("plain")).items()} == {"p": 100}, order
        # What is pushed after the answer is newer than it.
        town.clock.move(MINUTE)
        said = event("plain", 10 + number, debt("p", rev=None, open="7.00"), time="2026-11-21T10:00:30Z")
        await town.push(said)
        assert {key: owed for key, (owed, *_) in (await town.obligations("plain")).items()} == {"p": 700}, order


async def test_a_source_says_that_it_has_told_all(town):
    ana = await town.subject(ANA)
    await town.push(event("told", 1, debt("a"), time="2026-11-21T09:00:00Z"))
    assert (await town.freshness(ana))["told"] == (Freshness(FreshnessStatus.UNAVAILABLE, because="never_read"), False)
    await town.push(event("told.all", 2, time="2026-11-21T09:59:00Z"))
    told_at = datetime(2026, 11, 21, 9, 59, tzinfo=UTC)
    assert (await town.freshness(ana))["told"] == (Freshness(FreshnessStatus.FRESH, told_at), True)
    assert (await outcomes(town))["e2"] == ("applied", "complete")
    # An older word that comes late, and one from the future: neither moves it to where it is not.
    await town.push(
        event("told.all", 3, time="2026-11-21T09:00:00Z"), event("told.all", 4, time="2031-01-01T00:00:00Z")
    )
    assert (await town.freshness(ana))["told"] == (Freshness(FreshnessStatus.FRESH, NOW), True)
    town.clock.move(timedelta(minutes=61))
    await town.push(event("told.all", 5, time="2026-11-21T09:00:00Z"))
    assert (await town.freshness(ana))["told"] == (
        Freshness(FreshnessStatus.STALE, NOW, NOW + timedelta(hours=1), "too_old"),
        True,
    )
    # Without a time it is the moment we heard it.
    await town.push(event("told.all", 6))
    assert (await town.freshness(ana))["told"] == (Freshness(FreshnessStatus.FRESH, town.clock.at), True)


@pytest.mark.parametrize("together", [True, False])
async def test_all_is_not_told_while_some_of_it_is_a_letter(town, together):
    ana = await town.subject(ANA)
    broken = event("told", 1, debt("a", amount="?"), time="2026-11-21T09:00:00Z")
    all_told = event("told.all", 2, time="2026-11-21T09:59:00Z")
    for some in [[all_told, broken]] if together else [[broken], [all_told]]:
        await town.push(*some)
    told_at = datetime(2026, 11, 21, 9, 59, tzinfo=UTC)
    assert (await town.freshness(ana))["told"] == (Freshness(FreshnessStatus.FRESH, told_at), False)
    account = await town.accounts.read(town.town, ana)
    assert account.knowledge("obligation") is Knowledge.PARTIAL
    # It is mended at the source and sent again: the next time all is told, it is.
    (letter,) = await town.letters()
    async with town.hub.database.town(7) as connection:
        await connection.execute("update dead_letters set settled_at = now(), settled_by = 'replayed'")
    await town.push(event("told.all", 3, time="2026-11-21T10:00:00Z"))
    assert (await town.freshness(ana))["told"] == (Freshness(FreshnessStatus.FRESH, NOW), True)
    assert letter.feed == "told"


async def test_a_pushed_word_does_not_heal_a_later_failure(town):
    """A feed that is pulled and pushed: `complete` of before the failure is no answer to the failed question."""
    from hub.back_offices import queries
    from hub.storage.database import NIL

    for said_at, failure in ((NOW - MINUTE, "back_office_down"), (NOW, None)):
        async with town.hub.database.town(7) as connection:
            await queries.begin_read(connection, 7, OFFICE, "changes", NIL, NOW)
            await queries.fail(
                connection, 7, OFFICE, "changes", NIL, began=NOW, now=NOW, code="back_office_down", detail="x"
            )
            await queries.declare_complete(connection, 7, OFFICE, "changes", said_at, refused=False)
        state = await town.state("changes")
        assert (state["failure"], state["read_at"]) == (failure, said_at)


async def test_a_deadlock_says_nothing_about_a_message(town, monkeypatch):
    """It is raised, so that the job is tried again: no letter, nothing half done."""
    await town.accept(event("debt", 1, debt("a")))
    apply = ObligationProjection.apply
    times = itertools.count()

    async def sometimes(self, connection, *rest):
        changed = await apply(self, connection, *rest)
        if next(times) == 0:
            raise asyncpg.DeadlockDetectedError("Key (oib)=(87582274224)")
        return changed

    monkeypatch.setattr(ObligationProjection, "apply", sometimes)
    with pytest.raises(asyncpg.DeadlockDetectedError):
        await town.push()
    assert await town.letters() == []
    assert await town.obligations("debts") == {}
    assert await outcomes(town) == {"e1": ("received", None)}
    await town.push()
    assert await outcomes(town) == {"e1": ("applied", "applied")}
    assert await town.obligations("debts") == {"a": (None, 1, False)}


async def test_messages_whose_job_was_given_up_are_taken_up_again(town):
    await town.accept(event("debt", 1, debt("a")))
    await town.hub.database.pool.execute("update jobs set state = 'failed', failed_at = now()")
    assert await town.hub.intake.rearm(7) == [OFFICE]
    rows = await town.hub.database.pool.fetch("select kind, key, state from jobs order by id")
    assert [tuple(row) for row in rows] == [
        ("intake.apply", f"intake.apply/{OFFICE}", "failed"),
        ("intake.apply", f"intake.apply/{OFFICE}", "queued"),
    ]
    assert await town.hub.intake.rearm(7) == [OFFICE]
    assert await town.hub.database.pool.fetchval("select count(*) from jobs") == 2
    await town.push()
    await town.hub.database.pool.execute("delete from jobs")
    assert await town.hub.intake.rearm(7) == []
    assert await town.jobs() == []
