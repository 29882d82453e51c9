"""Reading a feed: what is stored, what is claimed, and what becomes of what cannot be used (invariants 2 to 5)."""

import asyncio
import json
from copy import deepcopy
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import current_thread, main_thread

import asyncpg
import pytest
from structlog.testing import capture_logs

from connectors.rest import connector as rest
from hub.accounts.service import Knowledge
from hub.back_offices import queries, refusals
from hub.back_offices.service import ReadReport
from hub.kernel.errors import NotFound
from hub.kernel.freshness import Freshness, FreshnessStatus
from hub.kit import xml
from hub.mapping.mapping import Mapping
from hub.mapping.model import Drift
from hub.ports.back_office import Forgiven
from hub.subjects import service as subjects
from tests.support.http_server import Answer
from tests.support.records import ANA, IVO, NOW
from tests.support.trial import CITY_ID, JSON, OFFICE, debt, page

OF_ANA, OF_IVO = f"/debts?oib={ANA}", f"/debts?oib={IVO}"
PAGE_2 = "/debts/2"
MINUTE = timedelta(minutes=1)


async def test_a_complete_read_of_a_subject(town):
    ana = await town.subject(ANA)
    town.office.says(
        OF_ANA,
        page(debt("a", open="7.50", due="2026-12-01", year=2026), debt("b", kind="T", owners=[IVO]),
             true_for="2026-11-21T10:59:00+01:00", next=PAGE_2),
    )  # fmt: skip
    town.office.says(PAGE_2, page(debt("c", rev=3), true_for="2026-11-21T10:59:30+01:00"))
    assert await town.read("debts", ANA) == ReadReport(records=3, changed=3, gone=0, rejected=0, failure=None)
    assert town.office.asked == [OF_ANA, PAGE_2]
    assert await town.obligations("debts") == {"a": (750, 1, False), "b": (None, 1, False), "c": (None, 3, False)}
    state = await town.state("debts", ANA)
    del state["identifier_id"]
    assert state == {
        "city_id": CITY_ID,
        "back_office": OFFICE,
        "feed": "debts",
        "attempted_at": NOW,
        "read_at": NOW,
        "complete_at": NOW,
        "failing_since": None,
        "failure": None,
        "failure_detail": None,
        # Payments between the two pages are not counted in the first.
        "caught_up_to": datetime(2026, 11, 21, 9, 59, tzinfo=UTC),
        "cursor": None,
        "records": 3,
        "rejected": 0,
        "failures": 0,
    }
    assert (await town.freshness(ana))["debts"] == (Freshness(FreshnessStatus.FRESH, NOW), True)
    assert await town.letters() == []
    assert await town.fetch("select * from drift") == []
    account = await town.accounts.read(town.town, ana)
    assert [(row["source_key"], row["outstanding"], row["original"]) for row in account.obligations] == [
        ("a", 750, 1000),
        ("b", None, 1000),
        ("c", None, 1000),
    ]
    # The same again changes nothing but the age.
    town.clock.move(MINUTE)
    assert await town.read("debts", ANA) == ReadReport(3, 0, 0, 0, None)
    assert (await town.state("debts", ANA))["read_at"] == NOW + MINUTE
    assert {row["changed_at"] for row in await town.fetch("select changed_at from obligations")} == {NOW}


async def test_a_page_is_looked_into_by_the_thread_that_made_its_copy(town, monkeypatch):
    """Looking a name up in a document of another thread may end the process (hub.kit.one_thread)."""
    await town.subject(ANA)
    copies, looks = {}, []

    def own(document):
        copy = deepcopy(document)
        copies[id(copy)] = copy, current_thread()
        return copy

    def watched(owner, name):
        real = getattr(owner, name)

        def look(mapping, document, *more, **named):
            looks.append((name, copies.get(id(document), (None, None))[1] is current_thread() is not main_thread()))
            return real(mapping, document, *more, **named)

        monkeypatch.setattr(owner, name, look)

    monkeypatch.setattr(xml, "own", own)
    for name in ("map", "caught_up_to", "cursor"):
        watched(Mapping, name)
    watched(refusals, "fragments")
    town.office.says(OF_ANA, page(debt("a"), debt("b", open="much"), true_for="2026-11-21T10:59:00+01:00"))
    assert (await town.read("debts", ANA)).rejected == 1
    assert looks == [("map", True), ("caught_up_to", True), ("cursor", True), ("fragments", True)]


async def test_absence_is_a_tombstone_only_after_a_complete_read(town):
    ana = await town.subject(ANA)
    town.office.says(OF_ANA, page(debt("a"), debt("b")))
    town.office.says(OF_IVO, page(debt("c", IVO)))
    await town.read("debts", ANA)
    await town.read("debts", IVO)
    town.clock.move(MINUTE)
    town.office.says(OF_ANA, Answer(b"", 500))
    assert await town.read("debts", ANA) == ReadReport(0, 0, 0, 0, "back_office_fault")
    assert {gone for *_, gone in (await town.obligations("debts")).values()} == {False}
    town.office.says(OF_ANA, page(debt("a")))
    assert await town.read("debts", ANA) == ReadReport(1, 0, 1, 0, None)
    assert await town.obligations("debts") == {"a": (None, 1, False), "b": (None, 1, True), "c": (None, 1, False)}
    (row,) = await town.fetch("select gone_at, changed_at from obligations where source_key = 'b'")
    assert tuple(row) == (NOW + MINUTE, NOW + MINUTE)
    account = await town.accounts.read(town.town, ana)
    assert [row["source_key"] for row in account.obligations] == ["a"]
    # It is named again, as it was: it is there again.
    town.clock.move(MINUTE)
    town.office.says(OF_ANA, page(debt("a"), debt("b")))
    assert await town.read("debts", ANA) == ReadReport(2, 1, 0, 0, None)
    assert (await town.obligations("debts"))["b"] == (None, 1, False)


async def test_nothing_owed_is_an_answer_and_an_error_is_none(town):
    ana = await town.subject(ANA)
    town.office.says(OF_ANA, page())
    assert await town.read("debts", ANA) == ReadReport(0, 0, 0, 0, None)
    account = await town.accounts.read(town.town, ana)
    (source,) = [one for one in account.sources if one.feed.feed == "debts"]
    assert (source.freshness.status, source.complete) == ("fresh", True)
    # The other feeds of the noun were never read: nothing may be concluded for all of them.
    assert account.knowledge("obligation") is Knowledge.PARTIAL


async def test_a_read_that_breaks_on_its_second_page(town):
    ana = await town.subject(ANA)
    town.office.says(OF_ANA, page(debt("a"), debt("b"), next=PAGE_2))
    town.office.says(PAGE_2, page(debt("c"), debt("d")))
    await town.read("debts", ANA)
    town.clock.move(MINUTE)
    town.office.says(OF_ANA, page(debt("a", rev=2, open="1.00"), next=PAGE_2))
    town.office.says(PAGE_2, Answer(b"", 503))
    first_failure = town.clock.now()
    assert await town.read("debts", ANA) == ReadReport(1, 1, 0, 0, "back_office_down")
    assert await town.obligations("debts") == {
        "a": (100, 2, False), "b": (None, 1, False), "c": (None, 1, False), "d": (None, 1, False)
    }  # fmt: skip
    town.clock.move(MINUTE)
    town.office.says(PAGE_2, Answer(b"<html>", 200, {"content-type": "text/html"}))
    assert (await town.read("debts", ANA)).failure == "back_office_garbage"
    assert (await town.freshness(ana))["debts"] == (
        Freshness(FreshnessStatus.STALE, NOW, first_failure, "back_office_garbage"),
        True,
    )
    town.clock.move(MINUTE)
    town.office.says(PAGE_2, page(debt("c")))
    assert await town.read("debts", ANA) == ReadReport(2, 0, 2, 0, None)
    assert (await town.freshness(ana))["debts"] == (Freshness(FreshnessStatus.FRESH, town.clock.now()), True)
    assert {key for key, (*_, gone) in (await town.obligations("debts")).items() if gone} == {"b", "d"}


async def test_what_a_first_read_brought_before_it_broke_is_shown(town):
    ana = await town.subject(ANA)
    town.office.says(OF_ANA, page(debt("a"), next=PAGE_2))
    town.office.says(PAGE_2, Answer(b"", 500))
    await town.read("debts", ANA)
    account = await town.accounts.read(town.town, ana)
    assert account.knowledge("obligation") is Knowledge.PARTIAL
    assert account.knowledge("case") is Knowledge.UNKNOWN
    assert [row["source_key"] for row in account.obligations] == ["a"]
    assert (await town.freshness(ana))["debts"] == (
        Freshness(FreshnessStatus.UNAVAILABLE, None, NOW, "back_office_fault"),
        False,
    )


async def test_an_unreadable_record_is_a_letter_and_the_others_are_applied(town):
    ana = await town.subject(ANA)
    town.office.says(OF_ANA, page(debt("a"), debt("b"), debt("c")))
    await town.read("debts", ANA)
    town.clock.move(MINUTE)
    broken = debt("b", rev=2, amount="12,5o", due="yesterday", text="Šuma")
    town.office.says(OF_ANA, page(debt("a", rev=2, open="1.00"), broken))
    assert await town.read("debts", ANA) == ReadReport(2, 1, 0, 1, "unreadable_records")
    # One record, one letter, whatever is wrong with it; the record that is not named stays: not all was understood.
    assert await town.obligations("debts") == {"a": (100, 2, False), "b": (None, 1, False), "c": (None, 1, False)}
    (letter,) = await town.letters()
    assert (letter.reason, letter.origin, letter.feed, letter.external_id, letter.times) == (
        "unreadable_record", "pull", "debts", "debts/b", 1,
    )  # fmt: skip
    assert (letter.field, letter.path) == ("original", "items[1].amount")
    assert letter.detail == "'12,5o' is not an amount (and 1 more)"
    state = await town.state("debts", ANA)
    assert (state["failure"], state["failing_since"], state["rejected"], state["records"]) == (
        "unreadable_records", NOW + MINUTE, 1, 2,
    )  # fmt: skip
    assert state["failure_detail"] == "1 refused; the first: original: '12,5o' is not an amount (and 1 more)"
    assert (state["read_at"], state["complete_at"]) == (NOW + MINUTE, NOW)
    assert (await town.freshness(ana))["debts"] == (
        Freshness(FreshnessStatus.STALE, NOW + MINUTE, NOW + MINUTE, "unreadable_records"),
        False,
    )
    # Its own bytes are kept, not the page's with everybody else's.
    assert json.loads(await town.body_of(letter)) == broken
    assert letter.media_type == "application/json"

    town.clock.move(MINUTE)
    worse = broken | {"amount": "2.00", "due": "tomorrow"}
    town.office.says(OF_ANA, page(debt("a", rev=2, open="1.00"), worse))
    await town.read("debts", ANA)
    (letter,) = await town.letters()
    assert (letter.times, letter.field, letter.path) == (2, "due_on", "items[1].due")
    assert json.loads(await town.body_of(letter)) == worse
    assert (await town.state("debts", ANA))["failing_since"] == NOW + MINUTE

    town.clock.move(MINUTE)
    town.office.says(OF_ANA, page(debt("a", rev=2, open="1.00"), debt("b", rev=3, open="2.00")))
    assert await town.read("debts", ANA) == ReadReport(2, 1, 1, 0, None)
    assert await town.letters() == []
    settled = await town.fetch("select external_id, settled_by, settled_at, times from dead_letters")
    assert [tuple(row) for row in settled] == [("debts/b", "superseded", town.clock.now(), 2)]
    assert (await town.freshness(ana))["debts"] == (Freshness(FreshnessStatus.FRESH, town.clock.now()), True)


async def test_a_record_without_a_key_is_a_letter_of_its_own_reader(town):
    keyless = debt("a")
    del keyless["id"]
    town.office.says(OF_ANA, page(debt("x"), keyless, next=PAGE_2))
    town.office.says(PAGE_2, page(debt("y"), keyless))
    town.office.says(OF_IVO, page(debt("z", IVO), keyless))
    assert (await town.read("debts", ANA)).rejected == 2
    assert (await town.read("debts", IVO)).rejected == 1
    letters = await town.letters()
    assert [(one.field, one.path, one.times) for one in letters] == [("key", "items[1].id", 1)] * 3
    ana, ivo = await town.identifier(ANA), await town.identifier(IVO)
    assert [one.external_id for one in letters] == [f"debts/{ana}/1.1", f"debts/{ana}/2.1", f"debts/{ivo}/1.1"]
    # What Ana's next read no longer has is settled; Ivo's was not read again.
    town.clock.move(MINUTE)
    town.office.says(OF_ANA, page(debt("x")))
    assert (await town.read("debts", ANA)).gone == 1
    assert await town.letters() == letters[2:]


async def test_what_the_configuration_contradicts_is_a_letter_too(town):
    stranger = debt("b", payee="voda", text="Račun")
    town.office.says("/changes", page(debt("a"), stranger, mark="m1"))
    assert await town.read("changes") == ReadReport(2, 1, 0, 1, "unreadable_records")
    (letter,) = await town.letters()
    assert (letter.reason, letter.field, letter.path, letter.detail, letter.external_id) == (
        "contradicts_configuration", "payee", None, "the town has no payee 'voda'; it has grad", "changes/b",
    )  # fmt: skip
    assert json.loads(await town.body_of(letter)) == stranger
    state = await town.state("changes")
    # What was refused must come again: the mark of this answer is not kept.
    assert (state["cursor"], state["failure"], state["complete_at"]) == (None, "unreadable_records", None)
    assert await town.obligations("changes") == {"a": (None, 1, False)}
    town.office.says("/changes", page(debt("a"), debt("b"), mark="m1"))
    assert await town.read("changes") == ReadReport(2, 1, 0, 0, None)
    assert await town.letters() == []
    assert (await town.state("changes"))["cursor"] == "m1"
    assert town.office.asked == ["/changes", "/changes"]


async def test_a_record_the_database_cannot_hold_stops_no_other(town):
    town.office.says(OF_ANA, page(debt("a"), debt("b", year=99_999), debt("c"), debt("d", year=-40_000), debt("e")))
    assert await town.read("debts", ANA) == ReadReport(5, 3, 0, 2, "unreadable_records")
    assert await town.obligations("debts") == dict.fromkeys("ace", (None, 1, False))
    letters = await town.letters()
    assert [(one.reason, one.external_id) for one in letters] == [
        ("cannot_be_stored", "debts/b"),
        ("cannot_be_stored", "debts/d"),
    ]
    assert {one.detail for one in letters} == {"the database refuses it: NumericValueOutOfRangeError"}
    assert [json.loads(await town.body_of(one))["year"] for one in letters] == [99_999, -40_000]


async def test_a_bulk_read_that_continues_from_a_mark(town):
    town.office.says("/changes", page(debt("a"), debt("b"), mark="m1", more="p2"))
    town.office.says("/changes?from=p2", page(debt("c"), mark="m2"))
    assert await town.read("changes") == ReadReport(3, 3, 0, 0, None)
    assert (await town.state("changes"))["cursor"] == "m2"
    town.clock.move(MINUTE)
    town.office.says("/changes?since=m2", page(debt("a", rev=2, open="1.00"), debt("b", rev=2, gone=True), mark="m3"))
    assert await town.read("changes") == ReadReport(2, 2, 0, 0, None)
    # What an answer of changes leaves out has not changed; what is gone is said to be.
    assert await town.obligations("changes") == {"a": (100, 2, False), "b": (None, 2, True), "c": (None, 1, False)}
    (stone,) = await town.fetch("select source_key, version, as_of from tombstones")
    assert tuple(stone) == ("b", 2, NOW + MINUTE)
    state = await town.state("changes")
    assert (state["cursor"], state["complete_at"], state["records"]) == ("m3", NOW + MINUTE, 2)
    # A read that fails leaves the mark where it was, and so does one with something to refuse.
    town.clock.move(MINUTE)
    town.office.says(
        "/changes?since=m3", page(debt("c", rev=2), mark="m4", more="p9"), page(debt("c", amount="?"), mark="m4")
    )
    town.office.says("/changes?from=p9&since=m3", Answer(b"", 500))
    town.office.says("/changes?since=m3&from=p9", Answer(b"", 500))
    assert (await town.read("changes")).failure == "back_office_fault"
    assert (await town.state("changes"))["cursor"] == "m3"
    assert (await town.read("changes")).failure == "unreadable_records"
    assert (await town.state("changes"))["cursor"] == "m3"
    assert (await town.state("changes"))["complete_at"] == NOW + MINUTE
    town.office.says("/changes?since=m3", page(mark="m4"))
    assert await town.read("changes") == ReadReport(0, 0, 0, 0, None)
    assert (await town.state("changes"))["cursor"] == "m4"
    assert await town.obligations("changes") == {"a": (100, 2, False), "b": (None, 2, True), "c": (None, 2, False)}


async def test_a_full_bulk_read_settles_letters_of_records_that_are_no_more(town):
    town.office.says("/changes", page(debt("a"), debt("b", amount="?"), mark="m1"))
    await town.read("changes")
    town.office.says(OF_ANA, page(debt("z", amount="?")))
    await town.read("debts", ANA)
    town.clock.move(MINUTE)
    town.office.says("/changes", page(debt("a"), mark="m1"))
    await town.read("changes")
    # Of this feed only: the other was not read again.
    assert [one.external_id for one in await town.letters()] == ["debts/z"]


async def test_drift_is_noted_with_the_outline_of_what_was_there(town):
    strange = debt("a", kind="Z", clerk="Ivo Ivić 87582274224", note={"inner": ["x"]})
    town.office.says(OF_ANA, page(strange, debt("b", clerk="Eva"), debt("c")))
    await town.read("debts", ANA)
    town.clock.move(MINUTE)
    town.office.says(OF_ANA, page(debt("a", kind="Q", clerk="Ivo Ivić 87582274224")))
    await town.read("debts", ANA)
    rows = await town.fetch(
        "select back_office, feed, what, path, sample, first_seen, last_seen, times from drift order by path"
    )
    assert [tuple(row) for row in rows] == [
        (OFFICE, "debts", "unknown_field", "clerk", "Xxx Xxxx 99999999999", NOW, NOW + MINUTE, 2),
        # A code is shown, since the table lacks it: the one that was seen last.
        (OFFICE, "debts", "unknown_code", "kind", "Q", NOW, NOW + MINUTE, 2),
        (OFFICE, "debts", "unknown_field", "note", "", NOW, NOW, 1),
    ]


async def test_reads_that_meet_the_same_drift_in_another_order_wait_for_each_other(worker):
    async def note(*paths: str) -> None:
        async with worker.town(1) as connection:
            drift = [Drift("unknown_field", path, "text") for path in paths]
            await queries.note_drift(connection, 1, OFFICE, "debts", drift, NOW)

    async with worker.town(1) as connection:
        await connection.execute("insert into cities (city_id, slug) values (1, 'proba')")
    await note("a", "b", "c")
    async with worker.town(1) as connection:
        # Each holds its first one, and waits.
        await connection.execute("select from drift where path = 'b' for update")
        reads = asyncio.gather(note("a", "b", "c"), note("c", "b", "a"))
        await asyncio.sleep(0.3)
    await reads
    async with worker.town(1) as connection:
        assert [row["times"] for row in await connection.fetch("select times from drift")] == [3, 3, 3]


async def test_what_a_contract_was_broken_by_and_forgiven_is_drift(town, monkeypatch):
    honest = rest._RestFeed.read

    async def forgiving(self, arguments):
        async for one in honest(self, arguments):
            yield replace(one, forgiven=(Forgiven("debts.fee", "is not a number"),))

    monkeypatch.setattr(rest._RestFeed, "read", forgiving)
    town.office.says(OF_ANA, page(debt("a")))
    await town.read("debts", ANA)
    rows = await town.fetch("select what, path, sample from drift")
    assert [tuple(row) for row in rows] == [("lenient", "debts.fee", "is not a number")]


async def test_no_transaction_is_open_while_a_back_office_is_asked(town, postgres):
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def hold(_request):
        asked.set()
        await go_on.wait()
        return page(debt("b"))

    town.office.says(OF_ANA, page(debt("a"), next=PAGE_2))
    town.office.says(PAGE_2, hold)
    name = await town.hub.database.pool.fetchval("select current_database()")
    reading = asyncio.create_task(town.read("debts", ANA))
    try:
        async with asyncio.timeout(10):
            await asked.wait()
        watcher = await asyncpg.connect(postgres.url("postgres", "postgres"))
        try:
            states = await watcher.fetch(
                "select state, xact_start from pg_stat_activity where datname = $1 and backend_type = 'client backend'",
                name,
            )
        finally:
            await watcher.close()
        assert states
        assert {tuple(row) for row in states} == {("idle", None)}
        # The first page is there already.
        assert await town.obligations("debts") == {"a": (None, 1, False)}
    finally:
        go_on.set()
        report = await reading
    assert report == ReadReport(2, 2, 0, 0, None)


@pytest.mark.parametrize("ends", [page(debt("x", rev=1)), Answer(b"", 500)])
async def test_a_slow_older_read_takes_nothing_back(town, ends):
    """The older read began before the newer one and ends after it: with an answer of before, or with an error."""
    ana = await town.subject(ANA)
    town.office.says(OF_ANA, page(debt("x", rev=1), debt("y", rev=1)))
    await town.read("debts", ANA)
    asked, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_request):
        asked.set()
        await go_on.wait()
        return ends

    town.clock.move(MINUTE)
    town.office.says(
        OF_ANA, slow, page(debt("x", rev=2, open="1.00"), debt("y", rev=1), true_for="2026-11-21T10:02:00Z")
    )
    older = asyncio.create_task(town.read("debts", ANA))
    async with asyncio.timeout(10):
        await asked.wait()
    town.clock.move(MINUTE)
    newer = await town.read("debts", ANA)
    assert (newer.changed, newer.gone) == (1, 0)
    state = await town.state("debts", ANA)
    town.clock.move(MINUTE)
    go_on.set()
    assert (await older).gone == 0
    # y did not change and was named by the newer answer: the older one cannot bury it.
    assert await town.obligations("debts") == {"x": (100, 2, False), "y": (None, 1, False)}
    assert await town.state("debts", ANA) == state
    assert state["read_at"] == NOW + 2 * MINUTE
    assert (await town.freshness(ana))["debts"] == (Freshness(FreshnessStatus.FRESH, NOW + 2 * MINUTE), True)


async def test_two_reads_at_once_of_shared_records_do_not_wait_for_each_other_forever(town, postgres):
    """Two co-owners' answers name the same records in opposite orders, and meet in the middle of them."""
    owned = [debt(key, ANA, owners=[IVO]) for key in "abcde"]
    town.office.says(OF_ANA, page(*owned))
    await town.read("debts", ANA)
    town.clock.move(MINUTE)
    newer = [one | {"rev": 2, "open": "2.00"} for one in owned]
    town.office.says(OF_ANA, page(*newer))
    town.office.says(OF_IVO, page(*reversed(newer)))
    watcher = await asyncpg.connect(postgres.url("postgres", "postgres"))
    name = await town.hub.database.pool.fetchval("select current_database()")
    try:
        async with (
            asyncio.timeout(20),
            asyncio.TaskGroup() as tasks,
            town.hub.database.town(CITY_ID) as connection,
        ):
            await connection.execute("select from obligations where source_key = 'c' for update")
            reads = [tasks.create_task(town.read("debts", oib)) for oib in (ANA, IVO)]
            waiting = "select count(*) = 2 from pg_stat_activity where datname = $1 and wait_event_type = 'Lock'"
            while not await watcher.fetchval(waiting, name):
                await asyncio.sleep(0.02)
    finally:
        await watcher.close()
    assert sorted(read.result().changed for read in reads) == [0, 5]
    assert await town.obligations("debts") == dict.fromkeys("abcde", (200, 2, False))


async def test_two_identifiers_of_one_subject(town):
    ana = await town.subject(ANA, IVO)
    town.office.says(OF_ANA, page(debt("a"), true_for="2026-11-21T10:00:00Z"))
    town.office.says(OF_IVO, page(debt("b", IVO), true_for="2026-11-21T10:01:00Z"))
    await town.read("debts", ANA)
    # Half of her is known, and it is shown; about the other half nobody was asked.
    assert (await town.freshness(ana))["debts"] == (Freshness(FreshnessStatus.STALE, NOW, None, "never_read"), False)
    account = await town.accounts.read(town.town, ana)
    assert account.knowledge("obligation") is Knowledge.PARTIAL
    assert [row["source_key"] for row in account.obligations] == ["a"]
    town.clock.move(MINUTE)
    await town.read("debts", IVO)
    # Both were read: the figures are true for the earlier moment.
    assert (await town.freshness(ana))["debts"] == (Freshness(FreshnessStatus.FRESH, NOW), True)
    (source,) = [one for one in (await town.accounts.read(town.town, ana)).sources if one.feed.feed == "debts"]
    assert source.caught_up_to == NOW
    town.office.says(OF_IVO, Answer(b"", 503))
    town.clock.move(MINUTE)
    await town.read("debts", IVO)
    assert (await town.freshness(ana))["debts"] == (
        Freshness(FreshnessStatus.STALE, NOW, NOW + 2 * MINUTE, "back_office_down"),
        True,
    )


async def test_merged_subjects_are_read_and_told_as_one(town):
    ana, other = await town.subject(ANA), await town.subject(IVO)
    town.office.says(OF_ANA, page(debt("a")))
    town.office.says(OF_IVO, page(debt("b", IVO)))
    await town.read("debts", ANA)
    async with town.hub.database.town(CITY_ID) as connection:
        merge = await subjects.merge(connection, CITY_ID, other, ana, reason="two rows", actor="clerk", now=NOW)
    assert (await town.freshness(ana))["debts"] == (Freshness(FreshnessStatus.STALE, NOW, None, "never_read"), False)
    queued = await town.accounts.request_refresh(town.town, other)
    wanted = {(await town.identifier(oib)) for oib in (ANA, IVO)}
    # Ana's debts were read this very moment.
    assert {(feed.feed, identifier_id) for feed, identifier_id in queued} == {
        ("debts", await town.identifier(IVO)),
        *(("plain", one) for one in wanted),
    }
    await town.read("debts", IVO)
    account = await town.accounts.read(town.town, other)
    assert (account.subject_id, [row["source_key"] for row in account.obligations]) == (ana, ["a", "b"])
    async with town.hub.database.town(CITY_ID) as connection:
        await subjects.undo_merge(connection, CITY_ID, merge, why="wrong", now=NOW)
    account = await town.accounts.read(town.town, ana)
    assert [row["source_key"] for row in account.obligations] == ["a"]
    assert (await town.freshness(ana))["debts"] == (Freshness(FreshnessStatus.FRESH, NOW), True)


async def test_a_sweep_asks_for_everybody_whose_identifier_is_proven(town):
    async with town.hub.database.town(CITY_ID) as connection:
        await connection.execute("insert into subjects (city_id, subject_id, kind) select $1, gen_random_uuid(), 'person'"
                                 " from generate_series(1, 2000)", CITY_ID)  # fmt: skip
        await connection.execute(
            "insert into identifiers (city_id, identifier_id, scheme, value)"
            " select city_id, subject_id, case when row_number() over () <= 1500 then 'hr.oib' else 'cz.ico' end, '' from subjects"
        )
        await connection.execute(
            """insert into aliases (city_id, alias_id, identifier_id, subject_id, proof, source, proven_at, revoked_at)
               select city_id, gen_random_uuid(), identifier_id, identifier_id, 'clerk', 'x', now(),
                      case when row_number() over (partition by scheme) = 1 then now() end from identifiers"""
        )
    await town.identifier(ANA)  # Known to a source, proven by nobody.
    assert await town.hub.feeds.sweep(town.feed("debts")) == 1499
    jobs = await town.jobs()
    assert len(jobs) == 1499
    assert {(kind, dedupe.rpartition("/")[0], priority) for kind, dedupe, priority in jobs} == {
        ("feed.read", f"{OFFICE}/debts", 0)
    }
    # A sweep that comes before the last one is through asks nobody twice.
    assert await town.hub.feeds.sweep(town.feed("debts")) == 1499
    assert await town.jobs() == jobs
    with pytest.raises(NotFound, match="knjige/changes is read for everybody at once"):
        await town.hub.feeds.sweep(town.feed("changes"))


async def test_what_a_refresh_asks(town):
    ana = await town.subject(ANA)
    town.office.says(OF_ANA, page())
    town.office.says("/changes", page(mark="m1"))
    mine = await town.identifier(ANA)

    async def asked() -> set[str]:
        queued = await town.accounts.request_refresh(town.town, ana)
        assert {identifier_id for feed, identifier_id in queued if feed.needs} <= {mine}
        return {feed.feed for feed, _ in queued}

    # The bulk feed was never read: a whole bulk read is not a citizen's to order. `told` is only pushed.
    assert await asked() == {"debts", "plain"}
    assert await town.jobs() == [
        ("feed.read", f"{OFFICE}/debts/{mine}", 10),
        ("feed.read", f"{OFFICE}/plain/{mine}", 10),
    ]
    await town.read("debts", ANA)
    await town.read("changes")
    assert await asked() == {"plain"}
    town.clock.move(timedelta(seconds=9, milliseconds=999))
    assert await asked() == {"plain"}
    town.clock.move(timedelta(milliseconds=1))
    assert await asked() == {"debts", "plain", "changes"}
    # What fails is asked again at once.
    town.office.says(OF_ANA, Answer(b"", 503))
    await town.read("debts", ANA)
    assert "debts" in await asked()
    stranger = await town.subject()
    assert {feed.feed for feed, _ in await town.accounts.request_refresh(town.town, stranger)} == {"changes"}


async def test_a_fault_of_ours_is_told_and_raised(town, monkeypatch):
    """The queue tries again; meanwhile the account does not call the feed fresh, and whoever waits is told."""
    ana = await town.subject(ANA)
    town.office.says(OF_ANA, page(debt("a")))
    await town.read("debts", ANA)
    town.clock.move(MINUTE)

    def broken(*_args, **_more):
        raise RuntimeError("about 87582274224")

    monkeypatch.setattr("hub.mapping.mapping.Mapping.map", broken)
    landed = asyncio.Queue()

    def hear(*told):
        landed.put_nowait(told[3])

    async with town.hub.database.pool.acquire() as connection:
        await connection.add_listener("munihub_landed", hear)
        with pytest.raises(RuntimeError), capture_logs() as logs:
            await town.read("debts", ANA)
        async with asyncio.timeout(10):
            assert await landed.get() == f"{CITY_ID} {OFFICE} debts {await town.identifier(ANA)}"
        await connection.remove_listener("munihub_landed", hear)
    assert (await town.freshness(ana))["debts"] == (
        Freshness(FreshnessStatus.STALE, NOW, NOW + MINUTE, "hub_error"),
        True,
    )
    assert (await town.state("debts", ANA))["failure_detail"] == "RuntimeError while it was read"
    assert "87582274224" not in str(logs)


SHOWN = {
    # An identifier with a wrong check digit, in its own place and in others.
    "is not a hr.oib: the check digit does not match": {"oib": "87582274225"},
    "'[digits]' is not a date such as 2026-01-31": {"due": "87582274224"},
    "'[digits]' is not a date such as 2026-01-31 (and 1 more)": {"due": "710319/2745", "year": "?"},
    "'HR[digits]' is not an amount": {"amount": "HR87582274224"},
    "'Xxx Xxxxxxxx' is not a date such as 2026-01-31": {"due": "Ana Šćrbačić"},
    "'XXX XXXXXXXX, Xxxxx 9' is not a date such as 2026-01-31": {"due": "ANA ŠĆRBAČIĆ, Ulica 7"},
    "the code '[digits]' is not in the table (known: F, T)": {"kind": "87582274224"},
    "the town has no payee 'Xxx Xxxxxxxx'; it has grad": {"payee": "Ana Šćrbačić"},
    "the town has no payee '[digits]'; it has grad": {"payee": "87582274224"},
    # What an operator needs stays.
    "'1.250,5o' is not an amount": {"amount": "1.250,5o"},
    "the code 'U radu' is not in the table (known: F, T)": {"kind": "U radu"},
}


async def test_no_personal_data_in_what_operators_read(town):
    items = [debt(f"{n:02}", **item) for n, item in enumerate(SHOWN.values())]
    items.append(debt("x", note={"87582274224": "Ana"}, **{"710319/2745": "Ana"}))
    town.office.says(OF_ANA, page(*items))
    with capture_logs() as logs:
        await town.read("debts", ANA)
    letters = {one.external_id: one.detail for one in await town.letters()}
    assert [letters[f"debts/{n:02}"] for n in range(len(SHOWN))] == list(SHOWN)
    state = await town.state("debts", ANA)
    assert state["failure_detail"] == f"{len(SHOWN)} refused; the first: parties: {next(iter(SHOWN))}"
    drift = await town.fetch("select what, path, sample from drift order by what, path")
    assert [tuple(row) for row in drift] == [
        ("unknown_code", "kind", "U radu"),
        ("unknown_field", "[digits]", "Xxx"),
        ("unknown_field", "note", ""),
    ]
    said = f"{letters} {state['failure_detail']} {drift} {logs}"
    for secret in ("8758227422", "Šćrbačić", "ŠĆRBAČIĆ", "710319"):
        assert secret not in said


async def test_no_personal_data_in_the_error_of_a_back_office(town):
    for number, answer in enumerate((
        Answer(json.dumps({"error": f"OIB {ANA} Ana Horvat"}).encode(), 404, JSON),
        Answer(f"no {ANA} Horvat".encode(), 500, {"content-type": "text/plain"}),
        page(debt("a"), next=f"/debts?oib={ANA}&page=2"),
    )):  # fmt: skip
        town.office.says(OF_ANA, answer)
        with capture_logs() as logs:
            assert (await town.read("debts", ANA)).failure
        said = f"{(await town.state('debts', ANA))['failure_detail']} {logs}"
        assert ANA not in said, number
        assert "Horvat" not in said, number
