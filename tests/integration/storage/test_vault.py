"""Keys: wrapped by the master key, bound to their place, and replaced under everybody's hands without losing anybody."""

from __future__ import annotations

import asyncio
import base64
import json
import stat
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.kernel.errors import ConfigurationError, NotReady
from hub.obligations.projection import ObligationProjection
from hub.storage.database import Connection, Database
from hub.storage.vault import MasterKeys, TownKeys, Vault
from hub.subjects import rotation
from hub.subjects import service as subjects
from tests.support.records import ANA, IVO, make_subject, make_town, obligation, source

# ── The master key ───────────────────────────────────────────────────────────────────────────────


def write_keys(path: Path, content: object) -> Path:
    path.touch(0o600)
    path.write_text(content if isinstance(content, str) else json.dumps(content), "utf-8")
    return path


def key(letter: bytes = b"k", length: int = 32) -> str:
    return base64.b64encode(letter * length).decode()


def test_processes_that_start_together_have_one_master_key(tmp_path):
    path = tmp_path / "keys" / "master.json"
    loaded: list[MasterKeys] = []
    threads = [threading.Thread(target=lambda: loaded.append(MasterKeys.load(path, create=True))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    master_id, wrapped = loaded[0].wrap(b"secret", b"about")
    assert [one.unwrap(master_id, wrapped, b"about") for one in loaded] == [b"secret"] * 8
    assert list(path.parent.iterdir()) == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        {"keys": {"1": key()}},
        {"current": "1"},
        {"current": "1", "keys": []},
        {"current": "1", "keys": {"1": 7}},
        {"current": "1", "keys": {"1": "no base64!"}},
        {"current": "1", "keys": {"1": key(length=31)}},
        {"current": "2", "keys": {"1": key()}},
        {"current": ["1"], "keys": {"1": key()}},
    ],
)
def test_a_master_key_that_cannot_be_read(tmp_path, content):
    path = write_keys(tmp_path / "master.json", content)
    for create in (True, False):
        with pytest.raises(ConfigurationError) as caught:
            MasterKeys.load(path, create=create)
        assert str(caught.value).startswith(f"{path}: MUNIHUB_MASTER_KEY_FILE: the master key cannot be read (")
        assert str(caught.value).endswith("without it identifiers and stored messages stay unreadable.")


def test_a_place_where_no_master_key_can_be_made(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(ConfigurationError, match=r"cannot be written: .*\. Let the hub's user write there\."):
        MasterKeys.load(tmp_path / "file" / "master.json", create=True)


def test_a_new_master_key_opens_what_the_old_one_wrapped(tmp_path):
    old = MasterKeys.load(write_keys(tmp_path / "old", {"current": "1", "keys": {"1": key(b"a")}}), create=False)
    wrapped = old.wrap(b"secret", b"about")
    both = {"current": "2", "keys": {"1": key(b"a"), "2": key(b"b")}}
    new = MasterKeys.load(write_keys(tmp_path / "new", both), create=False)
    assert new.unwrap(*wrapped, b"about") == b"secret"
    assert new.wrap(b"secret", b"about")[0] == "2"
    with pytest.raises(ConfigurationError, match="does not open this town's keys"):
        new.unwrap(*wrapped, b"another town")
    with pytest.raises(ConfigurationError, match="the master key '2' that wraps this town's keys is not in the file"):
        old.unwrap(*new.wrap(b"secret", b"about"), b"about")


# ── Values and indexes ───────────────────────────────────────────────────────────────────────────


@pytest.fixture
async def keys(worker: Database, tmp_path) -> TownKeys:
    return (await make_town(worker, tmp_path))[1]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow], max_examples=30)
@given(value=st.binary(max_size=50), place=st.tuples(st.text(max_size=5), st.text(max_size=5), st.text(max_size=5)))
def test_a_value_opens_only_in_its_place(keys, value, place):
    stored = keys.encrypt("messages", "body", "row", value)
    assert keys.decrypt("messages", "body", "row", stored) == value
    assert stored != keys.encrypt("messages", "body", "row", value)
    if place != ("messages", "body", "row"):
        with pytest.raises(ConfigurationError, match="cannot be opened with the town's keys"):
            keys.decrypt(*place, stored)


def test_a_damaged_value_does_not_open(keys):
    stored = keys.encrypt("messages", "body", "row", b"value")
    for place in range(1, len(stored)):
        damaged = stored[:place] + bytes([stored[place] ^ 1]) + stored[place + 1 :]
        with pytest.raises(ConfigurationError, match="cannot be opened"):
            keys.decrypt("messages", "body", "row", damaged)
    for length in range(len(stored)):
        with pytest.raises(ConfigurationError, match="cannot be opened"):
            keys.decrypt("messages", "body", "row", stored[:length])


def test_indexes_are_equal_for_equal_identifiers_only(keys):
    ((number, index),) = keys.blind_indexes("hr.oib", ANA)
    assert (number, len(index)) == (1, 16)
    assert keys.blind_indexes("hr.oib", ANA) == [(1, index)]
    assert keys.blind_indexes("hr.oib", IVO) != [(1, index)]
    assert keys.blind_indexes("hr.oi", f"b{ANA}") != [(1, index)]
    assert ANA.encode() not in index


def test_keys_are_in_no_text(keys):
    for secret in keys.index.values():
        assert repr(secret) not in repr(keys)
        assert secret.hex() not in repr(keys)


async def test_towns_have_keys_of_their_own(worker, tmp_path):
    vault, first = await make_town(worker, tmp_path, 1)
    _, second = await make_town(worker, tmp_path, 2)
    assert first.blind_indexes("hr.oib", ANA) != second.blind_indexes("hr.oib", ANA)
    with pytest.raises(ConfigurationError, match="cannot be opened"):
        second.decrypt("messages", "body", "row", first.encrypt("messages", "body", "row", b"value"))
    # Within the walls of one town there are no keys of another.
    async with worker.town(1) as connection:
        with pytest.raises(NotReady, match="The town 2 is being prepared"):
            await vault.reload(connection, 2)


# ── Rotation ─────────────────────────────────────────────────────────────────────────────────────


class Paused(Database):
    """Waits before its `at`-th transaction until it may go on."""

    def __init__(self, database: Database, at: int) -> None:
        super().__init__(database.pool)
        self.left, self.reached, self.go_on = at, asyncio.Event(), asyncio.Event()

    @asynccontextmanager
    async def town(self, city_id: int) -> AsyncIterator[Connection]:
        self.left -= 1
        if self.left == 0:
            self.reached.set()
            await self.go_on.wait()
        async with super().town(city_id) as connection:
            yield connection


async def rotating(database: Paused, vault: Vault) -> asyncio.Task[int]:
    """A rotation that has come to where it waits."""
    task = asyncio.create_task(rotation.rotate(database, vault, 1))
    await database.reached.wait()
    return task


async def owner(worker: Database, vault: Vault, oib: str = ANA) -> object:
    """As any job: the subject of an identifier, by whatever keys the vault now gives."""
    async with worker.town(1) as connection:
        keys = await vault.keys(connection, 1)
        await subjects.identify(connection, keys, [("hr.oib", oib)])
        return await subjects.subject_of(connection, keys, "hr.oib", oib)


async def count(worker: Database, table: str) -> int:
    async with worker.town(1) as connection:
        return await connection.fetchval(f"select count(*) from {table}")


async def test_a_process_that_runs_during_a_rotation_finds_everybody_after_it(worker, tmp_path):
    here, keys = await make_town(worker, tmp_path)
    ana = await make_subject(worker, keys, ANA)
    there = Vault(MasterKeys.load(tmp_path / "master.json", create=False))
    assert await owner(worker, there) == ana
    for _ in range(2):
        await rotation.rotate(worker, here, 1)
        assert await owner(worker, there) == ana
        assert (await count(worker, "identifiers"), await count(worker, "identifier_indexes")) == (1, 1)


async def test_a_transaction_that_began_before_a_rotation_is_waited_for(worker, tmp_path):
    """It writes under the old key alone what the rotation has already passed, or so it would."""
    vault, _ = await make_town(worker, tmp_path)
    there = Vault(MasterKeys.load(tmp_path / "master.json", create=False))
    async with worker.town(1) as connection:
        keys = await there.keys(connection, 1)
        rotating = asyncio.create_task(rotation.rotate(worker, vault, 1))
        await asyncio.sleep(0.3)
        assert not rotating.done()
        known = await subjects.identify(connection, keys, [("hr.oib", ANA)])
    assert await rotating == 1
    async with worker.town(1) as connection:
        keys = await there.keys(connection, 1)
        assert sorted(keys.index) == [2]
        assert await subjects.identify(connection, keys, [("hr.oib", ANA)]) == known


async def test_rotations_at_once_lose_nobody(worker, tmp_path):
    vault, keys = await make_town(worker, tmp_path)
    people = {oib: await make_subject(worker, keys, oib) for oib in (ANA, IVO)}
    others = [Vault(MasterKeys.load(tmp_path / "master.json", create=False)) for _ in range(2)]
    await asyncio.gather(*(rotation.rotate(worker, one, 1) for one in others))
    for oib, subject_id in people.items():
        assert await owner(worker, vault, oib) == subject_id
    assert await count(worker, "identifiers") == 2


async def test_a_key_that_was_taken_back_is_forgotten(worker, tmp_path):
    vault, _ = await make_town(worker, tmp_path)
    async with worker.pool.acquire() as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("select set_config('munihub.city', '1', true)")
        await vault.add_key(connection, 1, "index")
        await transaction.rollback()
    # Somebody else makes a key of the same number.
    there = Vault(MasterKeys.load(tmp_path / "master.json", create=False))
    async with worker.town(1) as connection:
        await there.add_key(connection, 1, "index")
    async with worker.town(1) as connection:
        assert (await vault.keys(connection, 1)).index == (await there.keys(connection, 1)).index


async def test_a_rotation_that_ends_late_leaves_a_newer_one_alone(worker, tmp_path):
    """Whom that one has passed already is found by its key alone: without it she logs in as somebody new."""
    vault, keys = await make_town(worker, tmp_path)
    ana = await make_subject(worker, keys, ANA)
    first, late, newer = (Paused(worker, at=3) for _ in range(3))  # Before it deletes what the old key finds.
    one, two = await rotating(first, vault), await rotating(late, vault)
    first.go_on.set()
    await one
    three = await rotating(newer, vault)
    late.go_on.set()
    await two
    newer.go_on.set()
    await three
    assert await owner(worker, vault) == ana
    async with worker.town(1) as connection:
        assert sorted((await vault.keys(connection, 1)).index) == [3]
    assert await count(worker, "identifier_indexes") == 1


async def test_no_newer_key_comes_while_something_is_brought_to_the_newest(worker, tmp_path):
    vault, _ = await make_town(worker, tmp_path)
    others: list[asyncio.Task[None]] = []

    async def twice() -> None:
        for _ in range(2):  # The first joins, the second adds a key.
            await rotation.rotate(worker, vault, 1)

    async def rekey(connection: Connection, keys: TownKeys, _: object) -> None:
        others.append(asyncio.create_task(twice()))
        await asyncio.sleep(0.5)
        assert sorted((await vault.reload(connection, 1)).index) == sorted(keys.index)

    await rotation.rotate(worker, vault, 1, [rekey])
    await others[0]


async def test_records_of_many_people_are_stored_while_keys_rotate(worker, tmp_path):
    """In whatever order they name them: a record's rows refer to identifiers that the rotation holds."""
    vault, keys = await make_town(worker, tmp_path)
    async with worker.town(1) as connection:
        known = await subjects.identify(connection, keys, [("hr.oib", ANA), ("hr.oib", IVO)])
    lower, higher = (oib for (_, oib), _ in sorted(known.items(), key=lambda one: one[1]))
    paused = Paused(worker, at=2)  # Before the identifiers.
    task = await rotating(paused, vault)
    async with worker.town(1) as connection:
        keys = await vault.keys(connection, 1)
        await ObligationProjection().apply(connection, keys, source(), [obligation("a", higher)])
        paused.go_on.set()
        await asyncio.sleep(0.3)
        await ObligationProjection().apply(connection, keys, source(), [obligation("b", lower)])
    assert await task == 2
    assert await count(worker, "parties") == 2


# ── Another master key ───────────────────────────────────────────────────────────────────────────


async def masters(worker: Database) -> set[str]:
    async with worker.town(1) as connection:
        return {row["master_id"] for row in await connection.fetch("select master_id from city_keys")}


async def test_the_master_key_is_replaced_under_a_running_hub(worker, tmp_path):
    here, keys = await make_town(worker, tmp_path)
    ana = await make_subject(worker, keys, ANA)
    path, sealed = tmp_path / "master.json", keys.encrypt("messages", "body", "row", b"value")
    await rotation.rotate(worker, here, 1)  # A retired key is opened, too.
    one, two = json.loads(path.read_text())["keys"]["1"], key(b"2")
    write_keys(path, {"current": "2", "keys": {"1": one, "2": two}})
    await rotation.rotate(worker, Vault(MasterKeys.load(path, create=False)), 1)
    assert await masters(worker) == {"2"}
    # This one has read the file once, before there was a second key.
    assert await owner(worker, here) == ana
    # The old one is needed for nothing.
    write_keys(path, {"current": "2", "keys": {"2": two}})
    there = Vault(MasterKeys.load(path, create=False))
    assert await owner(worker, there) == ana
    async with worker.town(1) as connection:
        opened = await there.keys(connection, 1)
    assert opened.decrypt("messages", "body", "row", sealed) == b"value"
    assert keys.blind_indexes("hr.oib", ANA)[0][1] == opened.known_indexes("hr.oib", ANA)[-1]


async def test_a_master_key_that_is_nowhere_yet_is_looked_for_again(worker, tmp_path):
    here, keys = await make_town(worker, tmp_path)
    ana = await make_subject(worker, keys, ANA)
    path = tmp_path / "master.json"
    old = path.read_text()
    both = {"current": "2", "keys": json.loads(old)["keys"] | {"2": key(b"2")}}
    write_keys(path, both)
    await rotation.rotate(worker, Vault(MasterKeys.load(path, create=False)), 1)
    # Another machine, which has the old file, then half of the new one, then all of it.
    for wrong, problem in ((old, "is not in the file"), ("{", "cannot be read")):
        write_keys(path, wrong)
        with pytest.raises(ConfigurationError, match=problem):
            await owner(worker, here)
    write_keys(path, both)
    assert await owner(worker, here) == ana
