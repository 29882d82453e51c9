"""What lasts too long becomes an alert that knows how often, since when and for how many; and ends by itself."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from types import SimpleNamespace
from uuid import UUID

import pytest

from hub.alerts import service as alerts
from hub.jobs import queue
from hub.kernel.errors import NotFound
from hub.ports.back_office import CheckStep
from hub.storage.database import NIL
from hub.watch.conditions import Conditions
from hub.watch.facts import facts_of
from hub.watch.letters import catalogues, text_of
from hub.watch.model import Item, Letter
from tests.support.hub import Api

MINUTE = timedelta(minutes=1)
_STATE = """
    insert into feed_states as s (city_id, back_office, feed, identifier_id, attempted_at, read_at, failing_since,
                                  failure, failures)
    values ($9, $1, $2, $3, $4, $5, $6, $7, $8)
    on conflict (city_id, back_office, feed, identifier_id) do update
    set attempted_at = excluded.attempted_at, read_at = excluded.read_at, failing_since = excluded.failing_since,
        failure = excluded.failure, failures = excluded.failures"""


async def state(
    hub: Api, feed: str, who: UUID = NIL, *, read=None, failing=None, why="back_office_down", times=0, city="pregrada"
):
    office, _, name = feed.partition("/")
    city_id, now = hub.worker.towns.by_slug[city].city.id, hub.clock.now()
    async with hub.worker.database.town(city_id) as connection:
        why = why if failing else None
        await connection.execute(_STATE, office, name, who, now, read, failing, why, times, city_id)


async def watched(hub: Api, city: str = "pregrada") -> dict[tuple[str, str], tuple[int, object, object]]:
    town = hub.worker.towns.by_slug[city]
    await Conditions(hub.worker.database, hub.clock).watch(town)
    async with hub.worker.database.town(town.city.id) as connection:
        found = await alerts.open_alerts(connection, town.city.id)
        facts = [await facts_of(connection, town, one) for one in found]
    return {
        (alert.kind, alert.about): (fact.times, fact.since, fact.affected)
        for alert, fact in zip(found, facts, strict=True)
    }


async def test_a_source_that_goes_on_failing(hub: Api):
    since = hub.clock.now()
    for number in (1, 2, 3):
        await state(hub, "financije/obligations", UUID(int=number), failing=since, times=80)
    await state(hub, "urudzbeni/cases", read=since, failing=since, why="unreadable_records", times=3)
    hub.clock.at += 9 * MINUTE
    assert await watched(hub) == {}
    hub.clock.at += MINUTE
    about = ("reading_failed", "financije/obligations")
    assert await watched(hub) == {about: (240, since, 3)}
    assert await watched(hub) == {about: (240, since, 3)}
    for number in (1, 2, 3):
        await state(hub, "financije/obligations", UUID(int=number), read=hub.clock.now())
    assert await watched(hub) == {}


async def test_what_nobody_asks_again_is_no_failure_of_today(hub: Api):
    await state(hub, "financije/obligations", UUID(int=1), failing=hub.clock.now(), times=1)
    # Of a sweep that comes once a day, and not at the same second.
    hub.clock.at += timedelta(hours=24, minutes=5)
    assert len(await watched(hub)) == 1
    hub.clock.at += timedelta(minutes=55)
    assert await watched(hub) == {}


async def test_what_is_read_for_everybody_goes_on_failing_until_it_is_read(hub: Api):
    """Also where it is read once a day, a moment later than the day before, or once a week."""
    since = hub.clock.now()
    await state(hub, "registr/subjects", failing=since, times=1, city="vzorov")
    for hours in (1, 24, 25, 160):
        hub.clock.at = since + timedelta(hours=hours, seconds=30)
        assert await watched(hub, "vzorov") == {("reading_failed", "registr/subjects"): (1, since, None)}, hours
    await state(hub, "registr/subjects", read=hub.clock.now(), city="vzorov")
    assert await watched(hub, "vzorov") == {}


async def test_data_that_nobody_renews(hub: Api):
    read = hub.clock.now()
    await state(hub, "ucetnictvi/obligations", read=read, city="vzorov")  # may be an hour old
    hub.clock.at += timedelta(hours=2)
    assert await watched(hub, "vzorov") == {}
    hub.clock.at += MINUTE
    expected = (1, read + timedelta(hours=1), None)
    assert await watched(hub, "vzorov") == {("feed_stale", "ucetnictvi/obligations"): expected}
    await state(hub, "ucetnictvi/obligations", read=hub.clock.now(), city="vzorov")
    assert await watched(hub, "vzorov") == {}


async def test_letters_and_refusals_at_the_door(hub: Api):
    now = hub.clock.now()
    async with hub.worker.database.town(1) as connection:
        for number in (1, 2):
            await connection.execute(
                """insert into dead_letters (city_id, dead_letter_id, back_office, origin, external_id, reason, detail,
                                             body, media_type, first_at, last_at)
                   values (1, $1, 'financije', 'push', $2, 'unreadable_record', '', '', 'text/plain', $3, $3)""",
                UUID(int=number),
                str(number),
                now,
            )
        await connection.execute(
            """insert into push_refusals (city_id, day, door, reason, address, back_office, first_at, last_at, times)
               values (1, $1, 'events', 'wrong_signature', '192.0.2.1', 'financije', $2, $2, 10),
                      (1, $1, 'files', 'wrong_signature', '192.0.2.1', '', $2, $2, 9)""",
            now.date(),
            now,
        )
    assert await watched(hub) == {("push_refused", "financije"): (10, now, None)}
    hub.clock.at += 10 * MINUTE
    assert (await watched(hub))["dead_letters", "financije"] == (2, now, None)
    hub.clock.at += 60 * MINUTE
    async with hub.worker.database.town(1) as connection:
        await connection.execute("update dead_letters set settled_at = $1, settled_by = 'replayed'", now)
    assert await watched(hub) == {}


async def test_a_wrong_secret_at_a_door_is_told_with_the_door_and_the_number_of_addresses(hub: Api):
    wrong = {"Authorization": "Bearer wrong", "Content-Type": "application/cloudevents+json"}
    since = hub.clock.now()
    for _ in range(9):
        assert (await hub.client.post("/pregrada/push/v1/events", headers=wrong, content=b"{}")).status_code == 401
    assert await watched(hub) == {}
    await hub.hub.doors.refused(1, "events", "no_proof", "192.0.2.9", None)
    hub.clock.at += MINUTE
    about = ("push_unproven", "events")
    assert await watched(hub) == {about: (10, since, None)}
    await hub.hub.doors.refused(1, "events", "wrong_secret", "192.0.2.9", None)
    assert await watched(hub) == {about: (11, since, None)}
    async with hub.worker.database.town(1) as connection:
        (alert,) = await alerts.open_alerts(connection, 1)
        item = Item(alert, "new", 1, await facts_of(connection, hub.worker.towns.by_slug["pregrada"], alert))
    assert alert.detail == {
        "door": "events", "addresses": 2, "since": since.isoformat(), "reason": "wrong_secret"
    }  # fmt: skip
    town, letter = hub.worker.towns.by_slug["pregrada"], Letter("x", since, [item])
    told = text_of(catalogues()["en"], town, letter).splitlines()
    assert told[0] == "somebody without a valid proof is refused at the door events"
    assert "Network addresses it came from: 2." in told
    assert "192.0.2.9" not in str(told)
    hub.clock.at += 60 * MINUTE
    assert await watched(hub) == {}


async def test_midnight_is_no_end_of_what_is_refused_at_a_door(hub: Api):
    midnight = hub.clock.now().replace(hour=0) + timedelta(days=1)
    first = midnight - timedelta(hours=20)
    hub.clock.at = midnight + 51 * MINUTE
    async with hub.worker.database.town(1) as connection:
        for office in ("", "financije"):
            await connection.execute(
                """insert into push_refusals (city_id, day, door, reason, address, back_office, first_at, last_at, times)
                   values (1, $1, 'events', 'wrong_secret', '192.0.2.1', $2, $3, $4, 119),
                          (1, $5, 'events', 'wrong_secret', '192.0.2.1', $2, $6, $7, 6)""",
                first.date(),
                office,
                first,
                midnight - 10 * MINUTE,
                midnight.date(),
                midnight,
                midnight + 50 * MINUTE,
            )
    expected = (125, first, None)
    assert await watched(hub) == {("push_unproven", "events"): expected, ("push_refused", "financije"): expected}
    hub.clock.at += 60 * MINUTE
    assert await watched(hub) == {}


async def test_a_certificate_of_an_eid_that_ends_soon(hub: Api):
    town = hub.worker.towns.by_slug["pregrada"]
    steps = [CheckStep("metadata", ok=True, detail="x"), CheckStep("their certificate", ok=False, detail="9 days")]

    async def check():
        return steps

    watch = Conditions(hub.worker.database, hub.clock)
    asked = SimpleNamespace(city=town.city, eids={"nias": SimpleNamespace(check=check)})
    await watch.check_eids(asked)
    async with hub.worker.database.town(1) as connection:
        (alert,) = await alerts.open_alerts(connection, 1)
    assert (alert.kind, alert.about) == ("eid_check", "nias")
    assert alert.detail["steps"] == ["their certificate: 9 days"]
    steps[1] = CheckStep("their certificate", ok=True, detail="")
    await watch.check_eids(asked)
    async with hub.worker.database.town(1) as connection:
        assert await alerts.open_alerts(connection, 1) == []


def with_folders(hub: Api, *folders: str) -> None:
    """Of Pregrada's back offices these have a drop folder."""
    town = hub.worker.towns.by_slug["pregrada"]
    push, offices = town.back_offices["financije"].configuration.push, {}
    for name, office in town.back_offices.items():
        with_folder = push.model_copy(update={"folder": "/srv/drop"}) if name in folders else None
        offices[name] = replace(office, configuration=office.configuration.model_copy(update={"push": with_folder}))
    hub.worker.towns.by_slug["pregrada"] = replace(town, back_offices=offices)


async def test_files_that_nobody_takes(hub: Api):
    with_folders(hub, "financije", "urudzbeni")
    city_id, since = hub.worker.towns.by_slug["pregrada"].city.id, hub.clock.now()
    async with hub.worker.database.town(city_id) as connection:
        for name, problem in (("a.csv", "no kind"), ("b.csv", "no kind"), ("c.csv", None)):
            await connection.execute(
                """insert into push_drops (city_id, back_office, name, size, modified_at, seen_at, problem)
                   values ($1, 'financije', $2, 1, $3, $3, $4)""",
                city_id,
                name,
                since,
                problem,
            )
    hub.clock.at += 9 * MINUTE
    assert await watched(hub) == {}
    hub.clock.at += MINUTE
    assert await watched(hub) == {("dropped_files", "financije"): (2, since, None)}
    async with hub.worker.database.town(city_id) as connection:
        await connection.execute("update push_drops set problem = null where city_id = $1", city_id)
    assert await watched(hub) == {}


async def test_a_folder_that_is_configured_no_more_troubles_nobody(hub: Api):
    city_id, since = hub.worker.towns.by_slug["pregrada"].city.id, hub.clock.now()
    async with hub.worker.database.town(city_id) as connection:
        for office in ("financije", "urudzbeni"):
            await connection.execute(
                """insert into push_drops (city_id, back_office, name, size, modified_at, seen_at, problem)
                   values ($1, $2, '.', 0, $3, $3, 'it is away')""",
                city_id,
                office,
                since,
            )
    hub.clock.at += 10 * MINUTE
    with_folders(hub, "financije", "urudzbeni")
    assert set(await watched(hub)) == {("dropped_files", "financije"), ("dropped_files", "urudzbeni")}
    with_folders(hub, "urudzbeni")
    assert await watched(hub) == {("dropped_files", "urudzbeni"): (1, since, None)}


async def test_work_that_was_given_up(hub: Api):
    city_id, since = hub.worker.towns.by_slug["pregrada"].city.id, hub.clock.now()
    async with hub.worker.database.town(city_id) as connection:
        ids = [
            await connection.fetchval(
                """insert into jobs (city_id, kind, payload, state, failed_at, last_error, attempts)
                   values ($1, 'intake.apply', '{}', 'failed', $2, 'hub_error: Ana is in no list.', 5) returning id""",
                city_id,
                since,
            )
            for _ in range(3)
        ]
    assert await watched(hub) == {("job_given_up", "intake.apply"): (3, since, None)}
    async with hub.worker.database.town(city_id) as connection:
        (alert,) = await alerts.open_alerts(connection, city_id)
        assert alert.detail == {"since": since.isoformat(), "reason": "hub_error"}, "what it says may name somebody"
        await queue.retry_failed(connection, city_id, ids[0])
        await queue.discard_failed(connection, city_id, ids[1])
        with pytest.raises(NotFound):
            await queue.discard_failed(connection, city_id, ids[0])
    assert await watched(hub) == {("job_given_up", "intake.apply"): (1, since, None)}
    async with hub.worker.database.town(city_id) as connection:
        await queue.discard_failed(connection, city_id, ids[2])
    assert await watched(hub) == {}
