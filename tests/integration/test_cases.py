"""Cases as back offices tell them, and as a citizen lists them."""

from datetime import UTC, datetime, timedelta

from hub.cases import service as cases
from hub.cases.model import PublicStatus
from hub.cases.projection import CaseProjection
from hub.cities.loader import load_city
from hub.settings import PROJECT
from hub.storage.database import NIL
from tests.support.records import ANA, IVO, NOW, case, make_subject, make_town, removal, source

PROJECTION = CaseProjection()
CITY = load_city(PROJECT / "config" / "cities" / "pregrada" / "city.yaml")
MINUTE = timedelta(minutes=1)


async def apply(worker, keys, *records, as_of=NOW, asked=True) -> set[str]:
    async with worker.town(1) as connection:
        return await PROJECTION.apply(connection, keys, source(as_of=as_of, asked=asked), records)


async def listed(api, subject, status=(), after=None, limit=50):
    async with api.citizen(1, subject) as connection:
        return await cases.listed(connection, CITY, status, after, limit)


async def test_newer_wins_and_what_is_gone_is_a_tombstone(worker, api, tmp_path):
    _, keys = await make_town(worker, tmp_path)
    ana, ivo = await make_subject(worker, keys, ANA), await make_subject(worker, keys, IVO)
    assert await apply(worker, keys, case("a", version=2), case("b", version=1)) == {"a", "b"}
    assert await apply(worker, keys, case("a", version=1, status="decided")) == set()
    assert await apply(worker, keys, case("a", IVO, version=3, status="needs_you"), as_of=NOW + MINUTE) == {"a"}
    # The applicant changed: it is his now, and hers no more.
    assert [(row["source_key"], row["status"]) for row in (await listed(api, ivo)).rows] == [("a", "needs_you")]
    assert [row["source_key"] for row in (await listed(api, ana)).rows] == ["b"]
    assert await apply(worker, keys, removal("a", 4), as_of=NOW + 2 * MINUTE) == {"a"}
    assert (await listed(api, ivo)).rows == []
    async with worker.town(1) as connection:
        assert await PROJECTION.bury_absent(connection, source(as_of=NOW + 3 * MINUTE), NIL, []) == 1
        rows = await connection.fetch("select source_key, version, gone_at from cases order by 1")
    assert [tuple(row) for row in rows] == [("a", 4, NOW + 2 * MINUTE), ("b", 1, NOW + 3 * MINUTE)]
    # Named again in a later answer it is there again, and so is her part in it.
    assert await apply(worker, keys, case("b", version=1), as_of=NOW + 4 * MINUTE) == {"b"}
    assert [row["source_key"] for row in (await listed(api, ana)).rows] == ["b"]


async def test_what_happened_is_told_oldest_first(worker, api, tmp_path):
    _, keys = await make_town(worker, tmp_path)
    ana = await make_subject(worker, keys, ANA)
    moments = [datetime(2026, 11, day, 8, tzinfo=UTC) for day in (3, 1, 2)]
    events = tuple({"at": at, "text": {"hr": f"{at.day}"}, "status": None} for at in moments)
    await apply(worker, keys, case("a", events=events))
    (row,) = (await listed(api, ana)).rows
    async with api.citizen(1, ana) as connection:
        opened = await cases.opened(connection, CITY, row["case_id"])
    assert [event["text"]["hr"] for event in opened["events"]] == ["1", "2", "3"]


async def test_pages_of_cases_changed_at_the_same_moment(worker, api, tmp_path):
    _, keys = await make_town(worker, tmp_path)
    ana = await make_subject(worker, keys, ANA)
    records = [case(f"{n:02}", changed_at=None if n % 3 else NOW - n * MINUTE, status="decided" if n % 2 else "needs_you") for n in range(20)]  # fmt: skip
    await apply(worker, keys, *records)
    for status, expected in (((), 20), ([PublicStatus.DECIDED], 10), ([PublicStatus.CLOSED], 0)):
        seen, after = [], None
        while True:
            page = await listed(api, ana, status, after, 3)
            assert len(page.rows) <= 3
            seen += [row["source_key"] for row in page.rows]
            if (after := page.next) is None:
                break
        assert len(seen) == len(set(seen)) == expected
    whole = (await listed(api, ana)).rows
    keys_of = [row["source_changed_at"] or row["changed_at"] for row in whole]
    assert keys_of == sorted(keys_of, reverse=True)


def test_a_department_the_town_does_not_have_is_refused():
    assert PROJECTION.refusal(case(department="x"), source()) == ("department", "the town has no department 'x'")
    assert PROJECTION.refusal(case(department="financije"), source()) is None
    assert PROJECTION.refusal(case(), source()) is None
    assert PROJECTION.refusal(removal("a", 1), source()) is None
