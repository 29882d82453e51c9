"""Aliases with proof, records that belong to nobody yet, merges that can be taken back, keys that rotate."""

from uuid import UUID

import pytest

from hub.kernel.errors import ConfigurationError, Conflict, InvalidRequest, NotFound
from hub.obligations.projection import ObligationProjection
from hub.storage.database import Database
from hub.storage.vault import MasterKeys, Vault
from hub.subjects import rotation
from hub.subjects import service as subjects
from hub.subjects.model import Proof
from tests.support.records import ANA, EVA, IVO, NOW, make_subject, make_town, obligation, source


async def seen(api: Database, subject_id: UUID) -> list[str]:
    async with api.citizen(1, subject_id) as connection:
        rows = await connection.fetch("select source_key from obligations where gone_at is null order by source_key")
    return [row["source_key"] for row in rows]


async def apply(worker: Database, keys, *records) -> None:
    async with worker.town(1) as connection:
        await ObligationProjection().apply(connection, keys, source(), records)


async def prove(worker: Database, keys, subject_id: UUID, oib: str) -> UUID:
    async with worker.town(1) as connection:
        return await subjects.prove(
            connection, keys, subject_id, "hr.oib", oib, proof=Proof.EID, source="nias", now=NOW
        )


async def test_a_record_belongs_to_nobody_until_its_identifier_is_proven(worker, api, tmp_path):
    _, keys = await make_town(worker, tmp_path)
    ana = await make_subject(worker, keys)
    await apply(worker, keys, obligation("a", ANA))
    assert await seen(api, ana) == []
    async with worker.town(1) as connection:
        (waiting,) = await subjects.unassigned(connection, keys)
    assert (waiting.scheme, waiting.records) == ("hr.oib", 1)
    assert ANA not in waiting.value

    alias = await prove(worker, keys, ana, ANA)
    assert await seen(api, ana) == ["a"]

    async with worker.town(1) as connection:
        assert await subjects.unassigned(connection, keys) == []
        await subjects.revoke(connection, 1, alias, why="clerk's mistake", now=NOW)
    assert await seen(api, ana) == []


async def test_an_identifier_has_one_owner(worker, api, tmp_path):
    _, keys = await make_town(worker, tmp_path)
    await make_subject(worker, keys, ANA)
    other = await make_subject(worker, keys)
    with pytest.raises(Conflict, match=r"proven by another subject \(clerk, counter\)"):
        await prove(worker, keys, other, ANA)


async def test_a_wrong_check_digit_proves_nothing(worker, tmp_path):
    _, keys = await make_town(worker, tmp_path)
    ana = await make_subject(worker, keys)
    with pytest.raises(InvalidRequest, match=r"not a valid hr\.oib"):
        await prove(worker, keys, ana, "87582274225")


async def test_identifiers_are_not_readable_in_the_database(worker, tmp_path):
    _, keys = await make_town(worker, tmp_path)
    await make_subject(worker, keys, ANA)
    async with worker.town(1) as connection:
        stored = await connection.fetchval("select string_agg(t::text, ' ') from identifiers t")
        indexes = await connection.fetchval("select string_agg(t::text, ' ') from identifier_indexes t")
        sealed = await connection.fetchval("select value from identifiers")
    assert ANA not in stored + indexes
    assert ANA.encode().hex() not in stored + indexes
    with pytest.raises(ConfigurationError, match="moved from another row"):
        keys.decrypt("identifiers", "value", str(UUID(int=7)), sealed)


async def test_a_merge_joins_and_its_undoing_splits_exactly_that(worker, api, tmp_path):
    _, keys = await make_town(worker, tmp_path)
    ana, double, third = [await make_subject(worker, keys, oib) for oib in (ANA, IVO, EVA)]
    await apply(worker, keys, obligation("a", ANA), obligation("b", IVO), obligation("c", EVA))
    async with worker.town(1) as connection:
        first = await subjects.merge(connection, 1, double, ana, reason="two files", actor="clerk 7", now=NOW)
        second = await subjects.merge(connection, 1, ana, third, reason="three files", actor="clerk 7", now=NOW)
    for one in (ana, double, third):
        assert await seen(api, one) == ["a", "b", "c"]

    async with worker.town(1) as connection:
        await subjects.undo_merge(connection, 1, first, why="they are sisters", now=NOW)
    assert await seen(api, double) == ["b"]
    assert await seen(api, ana) == await seen(api, third) == ["a", "c"]

    await apply(worker, keys, obligation("d", IVO))
    async with worker.town(1) as connection:
        await subjects.undo_merge(connection, 1, second, why="another mistake", now=NOW)
    assert [await seen(api, one) for one in (ana, double, third)] == [["a"], ["b", "d"], ["c"]]


async def test_a_merge_in_a_circle_is_refused(worker, tmp_path):
    _, keys = await make_town(worker, tmp_path)
    ana, double = await make_subject(worker, keys, ANA), await make_subject(worker, keys, IVO)
    async with worker.town(1) as connection:
        await subjects.merge(connection, 1, double, ana, reason="r", actor="a", now=NOW)
    for one, other in ((ana, double), (double, ana), (ana, ana)):
        with pytest.raises(Conflict):
            async with worker.town(1) as connection:
                await subjects.merge(connection, 1, one, other, reason="r", actor="a", now=NOW)
    with pytest.raises(NotFound):
        async with worker.town(1) as connection:
            await subjects.merge(connection, 1, ana, UUID(int=9), reason="r", actor="a", now=NOW)


async def test_keys_rotate_while_everybody_is_found(worker, api, tmp_path, monkeypatch):
    vault, keys = await make_town(worker, tmp_path)
    monkeypatch.setattr(rotation, "_BATCH", 2)
    people = [await make_subject(worker, keys, oib) for oib in (ANA, IVO, EVA)]
    await apply(worker, keys, obligation("a", ANA))

    # In the middle of a rotation both keys find, and a new identifier is written under both.
    async with worker.town(1) as connection:
        await vault.add_key(connection, 1, "index")
        keys = await vault.reload(connection, 1)
        assert await subjects.subject_of(connection, keys, "hr.oib", IVO) == people[1]
        await subjects.identify(connection, keys, [("hr.oib", "99999999990")])
        written = await connection.fetch(
            "select key_id, count(*) as n from identifier_indexes group by key_id order by 1"
        )
    assert [tuple(row) for row in written] == [(1, 4), (2, 1)]

    # Running it takes the interrupted rotation up; a process that knows only the old keys cannot write meanwhile.
    assert await rotation.rotate(worker, vault, 1) == 3
    async with worker.town(1) as connection:
        keys = await vault.reload(connection, 1)
        assert sorted(keys.index) == [2]
        assert [await subjects.subject_of(connection, keys, "hr.oib", oib) for oib in (ANA, IVO, EVA)] == people
        counts = await connection.fetch("select key_id, count(*) as n from identifier_indexes group by key_id")
        assert [tuple(row) for row in counts] == [(2, 4)]
    assert await seen(api, people[0]) == ["a"]

    # A second rotation changes the data key too.
    assert await rotation.rotate(worker, vault, 1) == 4
    async with worker.town(1) as connection:
        sealed = [row["value"] for row in await connection.fetch("select value from identifiers")]
        keys = await vault.reload(connection, 1)
        assert {keys.data_key_id(one) for one in sealed} == {2}
        assert await subjects.subject_of(connection, keys, "hr.oib", EVA) == people[2]


async def test_a_foreign_master_key_opens_nothing(worker, tmp_path):
    await make_town(worker, tmp_path)
    foreign = Vault(MasterKeys.load(tmp_path / "other.json", create=True))
    async with worker.town(1) as connection:
        with pytest.raises(ConfigurationError, match="does not open this town's keys"):
            await foreign.keys(connection, 1)


def test_the_master_key_is_private_and_made_once(tmp_path):
    path = tmp_path / "keys" / "master.json"
    MasterKeys.load(path, create=True)
    first = path.read_text()
    MasterKeys.load(path, create=True)
    assert path.read_text() == first
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    with pytest.raises(ConfigurationError, match="can be read by others"):
        MasterKeys.load(path, create=True)
    with pytest.raises(ConfigurationError, match="Restore it from the backup"):
        MasterKeys.load(tmp_path / "missing.json", create=False)
