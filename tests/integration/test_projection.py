"""Invariant 3: newer wins, twice is once, and a removal is a tombstone, in whatever order things arrive."""

from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.kernel.money import Money
from hub.mapping.model import PartyRef
from hub.obligations.projection import ObligationProjection
from hub.storage.database import NIL, Database
from hub.subjects import service as subjects
from tests.support.records import ANA, IVO, NOW, make_subject, make_town, obligation, removal, source

PROJECTION = ObligationProjection()


async def apply(worker: Database, keys, *records, as_of=NOW, asked=False) -> set[str]:
    async with worker.town(1) as connection:
        return await PROJECTION.apply(connection, keys, source(as_of=as_of, asked=asked), records)


async def rows(worker: Database) -> dict[str, tuple[int, int | None, bool]]:
    """`{key: (outstanding, version, gone)}`"""
    async with worker.town(1) as connection:
        found = await connection.fetch("select source_key, outstanding, version, gone_at from obligations")
    return {row["source_key"]: (row["outstanding"], row["version"], row["gone_at"] is not None) for row in found}


def owed(minor: int, version: int | None, key: str = "a", **values) -> object:
    return obligation(key, version=version, outstanding=Money(minor, "EUR"), **values)


async def test_newer_wins_and_older_changes_nothing(worker, tmp_path):
    _, keys = await make_town(worker, tmp_path)
    assert await apply(worker, keys, owed(300, 3)) == {"a"}
    assert await apply(worker, keys, owed(200, 2)) == set()
    assert await apply(worker, keys, owed(300, 3)) == set()
    assert await rows(worker) == {"a": (300, 3, False)}
    assert await apply(worker, keys, owed(400, 4)) == {"a"}
    assert await rows(worker) == {"a": (400, 4, False)}


async def test_equal_versions_the_answer_outweighs_the_push(worker, tmp_path):
    _, keys = await make_town(worker, tmp_path)
    await apply(worker, keys, owed(300, 3))
    assert await apply(worker, keys, owed(299, 3), as_of=NOW + timedelta(minutes=1)) == set()
    assert await apply(worker, keys, owed(298, 3), as_of=NOW + timedelta(minutes=2), asked=True) == {"a"}
    assert await rows(worker) == {"a": (298, 3, False)}


async def test_without_versions_the_later_word_wins(worker, tmp_path):
    _, keys = await make_town(worker, tmp_path)
    await apply(worker, keys, owed(300, None), as_of=NOW, asked=True)
    assert await apply(worker, keys, owed(200, None), as_of=NOW - timedelta(seconds=1)) == set()
    assert await apply(worker, keys, owed(100, None), as_of=NOW + timedelta(seconds=1)) == {"a"}
    assert await rows(worker) == {"a": (100, None, False)}
    late = replace(owed(50, 7), said_at=NOW - timedelta(hours=1))
    assert await apply(worker, keys, late, as_of=NOW + timedelta(hours=1)) == set()


async def test_a_removal_known_before_its_record(worker, tmp_path):
    _, keys = await make_town(worker, tmp_path)
    await apply(worker, keys, removal("a", 5))
    await apply(worker, keys, owed(300, 3))
    assert await rows(worker) == {}
    await apply(worker, keys, owed(600, 6))
    assert await rows(worker) == {"a": (600, 6, False)}


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(data=st.data())
async def test_any_order_ends_in_the_newest(worker, tmp_path, data):
    """Events of one record, each sent one to three times, in any order and in any batches."""
    async with worker.town(1) as connection:
        first = not await connection.fetchval("select count(*) from cities")
    if first:
        await make_town(worker, tmp_path)
    from hub.storage.vault import MasterKeys, Vault

    vault = Vault(MasterKeys.load(tmp_path / "master.json", create=False))
    async with worker.town(1) as connection:
        keys = await vault.keys(connection, 1)
        await connection.execute("delete from obligations")
        await connection.execute("delete from tombstones")
    removed = data.draw(st.lists(st.booleans(), min_size=1, max_size=6), label="removed, by version")
    events = [removal("a", n) if gone else owed(n * 100, n) for n, gone in enumerate(removed, 1)]
    sent = data.draw(
        st.lists(st.sampled_from(range(len(events))), min_size=len(events), max_size=3 * len(events)).filter(
            lambda order: set(order) == set(range(len(events)))
        ),
        label="order",
    )
    batches = data.draw(st.integers(1, len(sent)), label="batch size")
    for start in range(0, len(sent), batches):
        chosen = [events[one] for one in sent[start : start + batches]]
        await apply(worker, keys, *chosen, as_of=NOW + timedelta(seconds=start))
    last = len(events)
    found = await rows(worker)
    if removed[-1]:
        assert "a" not in found or found["a"][2], found
    else:
        assert found == {"a": (last * 100, last, False)}


async def test_a_complete_read_buries_what_it_does_not_name(worker, tmp_path):
    _, keys = await make_town(worker, tmp_path)
    ana = await make_subject(worker, keys, ANA)
    await apply(worker, keys, owed(1, 1, "a"), owed(1, 1, "b"), obligation("c", IVO))
    async with worker.town(1) as connection:
        known = await subjects.recognise(connection, keys, [("hr.oib", ANA)])
        mine = known["hr.oib", ANA]
        later = source(as_of=NOW + timedelta(minutes=1))
        assert await PROJECTION.bury_absent(connection, later, mine, ["a"]) == 1
    assert {key: gone for key, (_, _, gone) in (await rows(worker)).items()} == {"a": False, "b": True, "c": False}
    assert ana
    # The source names it again, with the same version: it is back.
    await apply(worker, keys, owed(1, 1, "b"), as_of=NOW + timedelta(minutes=2), asked=True)
    assert (await rows(worker))["b"] == (1, 1, False)
    # For everybody at once.
    async with worker.town(1) as connection:
        assert await PROJECTION.bury_absent(connection, source(as_of=NOW + timedelta(hours=1)), NIL, []) == 3


async def test_what_one_owner_no_longer_has_stays_the_others(worker, tmp_path):
    """A sold half of a house: her answer does not name it any more, his still does."""
    _, keys = await make_town(worker, tmp_path)
    her, his = (PartyRef("debtor", "hr.oib", one) for one in (ANA, IVO))
    await apply(worker, keys, replace(owed(1, 1, "house"), parties=(her, his)))

    async def absent_for(value: str, minutes: int) -> tuple[int, list[str]]:
        async with worker.town(1) as connection:
            whose = (await subjects.recognise(connection, keys, [("hr.oib", value)]))["hr.oib", value]
            later = source(as_of=NOW + timedelta(minutes=minutes))
            gone = await PROJECTION.bury_absent(connection, later, whose, [])
            left = await connection.fetch("select identifier_id from parties")
            ids = await subjects.recognise(connection, keys, [("hr.oib", ANA), ("hr.oib", IVO)])
            return gone, [value for (_, value), one in ids.items() if one in {row["identifier_id"] for row in left}]

    assert await absent_for(ANA, 1) == (0, [IVO])
    assert (await rows(worker))["house"] == (1, 1, False)
    # The last one's part is not taken away: she can see since when it is gone.
    assert await absent_for(IVO, 2) == (1, [IVO])
    assert (await rows(worker))["house"] == (1, 1, True)


async def test_what_was_told_after_the_read_began_is_not_absent(worker, tmp_path):
    _, keys = await make_town(worker, tmp_path)
    await apply(worker, keys, owed(1, 1, "new"), as_of=NOW + timedelta(seconds=5))
    async with worker.town(1) as connection:
        assert await PROJECTION.bury_absent(connection, source(as_of=NOW), NIL, []) == 0
    assert (await rows(worker))["new"] == (1, 1, False)


async def test_instalments_and_parties_follow_the_newest_word(worker, api, tmp_path):
    _, keys = await make_town(worker, tmp_path)
    ana, ivo = await make_subject(worker, keys, ANA), await make_subject(worker, keys, IVO)
    parts = tuple(
        {"number": n, "due_on": date(2026, n, 15), "amount": Money(n * 100, "EUR"), "outstanding": None} for n in (1, 2)
    )
    await apply(worker, keys, owed(300, 1, instalments=parts))
    async with api.citizen(1, ana) as connection:
        found = await connection.fetch("select number, amount, currency, outstanding from instalments order by number")
    assert [tuple(row) for row in found] == [(1, 100, "EUR", None), (2, 200, "EUR", None)]

    await apply(worker, keys, replace(owed(300, 2, instalments=parts[1:]), parties=obligation(oib=IVO).parties))
    async with api.citizen(1, ana) as connection:
        assert await connection.fetchval("select count(*) from obligations") == 0
        assert await connection.fetchval("select count(*) from instalments") == 0
    async with api.citizen(1, ivo) as connection:
        assert await connection.fetchval("select count(*) from instalments") == 1


@pytest.mark.parametrize(
    ("changes", "field", "reason"),
    [
        ({"payee": "nobody"}, "payee", "the town has no payee 'nobody'; it has grad, voda"),
        ({"department": "x"}, "department", "the town has no department 'x'"),
        ({"outstanding": Money(1, "HRK")}, "outstanding", "HRK beside an original amount in EUR"),
        (
            {"instalments": ({"number": 1, "amount": Money(1, "USD")},)},
            "instalments.amount",
            "USD beside an original amount in EUR",
        ),
        (
            {"instalments": ({"number": 1, "amount": Money(1, "EUR")}, {"number": 1, "amount": Money(1, "EUR")})},
            "instalments.number",
            "two instalments have the same number",
        ),
    ],
)
def test_what_contradicts_the_town_is_refused(changes, field, reason):
    assert PROJECTION.refusal(obligation(**changes), source()) == (field, reason)
    assert PROJECTION.refusal(obligation(), source()) is None
