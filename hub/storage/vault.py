"""Keys of a town: what encrypts its identifiers and raw messages, and what finds them again.

A master key (from a file outside the database, `MUNIHUB_MASTER_KEY_FILE`) wraps each town's keys; the
wrapped keys lie in `city_keys`. Per town there are

    data keys    AES-256-GCM (NIST SP 800-38D), a fresh 96-bit nonce for every value; the associated
                 data are town, table, column and row, so that a value cannot be moved to another row
    index keys   HMAC-SHA-256 cut to 128 bits, over scheme and normalised value: equal identifiers are
                 found, and nothing is learnt without the key

Each has a number. A value or an index carries the number of its key, so that keys rotate while the
hub runs: while an index key is being replaced both indexes are present and both are asked for. One that
was replaced makes nothing new, and is kept for comparing what was given or stored under it.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.kernel.errors import ConfigurationError, NotReady
from hub.kit.private_file import make_once
from hub.storage.database import Connection

_FORMAT = b"\x01"
_NONCE = 12
# Any number, the same in every hub: whoever uses a town's keys shares this lock of that town, whoever changes them
# has it alone.
_TURN = int.from_bytes(b"keys")


class MasterKeys:
    """The keys that wrap the towns' keys. The file holds `{"current": id, "keys": {id: base64}}`.

    It is read again where a key is wrapped by one that was not in it: another process may have seen a newer file.
    """

    current: str
    _keys: dict[str, AESGCM]

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read()

    @classmethod
    def load(cls, path: Path, *, create: bool) -> MasterKeys:
        """Read the file; with `create`, make it (mode 0600) where there is none.

        Raises ConfigurationError for a missing, unreadable or world-readable file. Losing this file
        loses every identifier and stored message of every town: it belongs into the backup.
        """
        if create:
            key = base64.b64encode(secrets.token_bytes(32)).decode()
            make_once(path, json.dumps({"current": "1", "keys": {"1": key}}))
        return cls(path)

    def _read(self) -> None:
        path = self._path
        try:
            if path.stat().st_mode & 0o077:
                raise ConfigurationError(
                    "the master key can be read by others", file=str(path), remedy=f"Run `chmod 600 {path}`."
                )
            content = json.loads(path.read_text(encoding="ascii"))
            keys = {name: AESGCM(base64.b64decode(key, validate=True)) for name, key in content["keys"].items()}
            if content["current"] not in keys:
                raise ValueError("`current` names none of its keys")
            self.current, self._keys = content["current"], keys
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ConfigurationError(
                f"the master key cannot be read ({error})",
                file=str(path),
                key="MUNIHUB_MASTER_KEY_FILE",
                remedy="Restore it from the backup; without it identifiers and stored messages stay unreadable.",
            ) from error

    def wrap(self, key: bytes, about: bytes) -> tuple[str, bytes]:
        nonce = os.urandom(_NONCE)
        return self.current, nonce + self._keys[self.current].encrypt(nonce, key, about)

    def unwrap(self, master_id: str, wrapped: bytes, about: bytes) -> bytes:
        if master_id not in self._keys:
            self._read()
        if master_id not in self._keys:
            raise ConfigurationError(
                f"the master key {master_id!r} that wraps this town's keys is not in the file",
                key="MUNIHUB_MASTER_KEY_FILE",
                remedy="Add it to `keys` again; it can go when `munihub keys rotate` has run for every town since "
                "another one is `current`.",
            )
        try:
            return self._keys[master_id].decrypt(wrapped[:_NONCE], wrapped[_NONCE:], about)
        except InvalidTag as error:
            raise ConfigurationError(
                "the master key does not open this town's keys",
                key="MUNIHUB_MASTER_KEY_FILE",
                remedy="Use the master key that belongs to this database.",
            ) from error


@dataclass(frozen=True, slots=True)
class TownKeys:
    """The opened keys of one town. The highest data and index numbers are used for new values.

    `retired`: the index keys of before.
    """

    city_id: int
    data: dict[int, AESGCM] = field(repr=False)
    index: dict[int, bytes] = field(repr=False)
    retired: dict[int, bytes] = field(repr=False)

    def encrypt(self, table: str, column: str, row: str, value: bytes) -> bytes:
        """`row` is the row's own id; the value opens only in that place."""
        key_id = max(self.data)
        head = _FORMAT + key_id.to_bytes(2)
        nonce = os.urandom(_NONCE)
        return head + nonce + self.data[key_id].encrypt(nonce, value, self._about(table, column, row))

    def decrypt(self, table: str, column: str, row: str, stored: bytes) -> bytes:
        """Raises ConfigurationError when the value belongs elsewhere or its key is gone."""
        key_id = self.data_key_id(stored)
        try:
            return self.data[key_id].decrypt(stored[3:15], stored[15:], self._about(table, column, row))
        except (KeyError, ValueError, InvalidTag) as error:
            raise ConfigurationError(
                f"a value of {table}.{column} cannot be opened with the town's keys (key {key_id})",
                remedy="It was moved from another row, or the keys of the backup do not belong to its data.",
            ) from error

    @staticmethod
    def data_key_id(stored: bytes) -> int:
        return int.from_bytes(stored[1:3])

    def _about(self, table: str, column: str, row: str) -> bytes:
        return f"{self.city_id}|{table}|{column}|{row}".encode()

    def blind_indexes(self, scheme: str, value: str) -> list[tuple[int, bytes]]:
        """`(key number, 16 bytes)` for every live index key, newest first. `value` is normalised."""
        return _indexes(self.index, scheme, value)

    def known_indexes(self, scheme: str, value: str) -> list[bytes]:
        """16 bytes for every index key there ever was, that for new values first.

        For comparing with what outlives its key, since nothing brings that to a newer one.
        """
        return [index for _, index in _indexes(self.retired | self.index, scheme, value)]


class Vault:
    """Opens the keys of towns, and remembers them opened for as long as a town has just these."""

    def __init__(self, master: MasterKeys) -> None:
        self._master = master
        self._towns: dict[int, tuple[list[tuple[object, ...]], TownKeys]] = {}

    async def keys(self, connection: Connection, city_id: int) -> TownKeys:
        """The town's keys, good until the end of the transaction; `connection` must be within the town's walls.

        Nobody adds or retires a key before that end. A process that went on with keys it remembers would write
        identifiers that nobody finds, and not find those that others have written.
        """
        await connection.execute("select pg_advisory_xact_lock_shared($1, $2)", _TURN, city_id)
        return await self.reload(connection, city_id)

    async def alone(self, connection: Connection, city_id: int) -> None:
        """Wait until no other transaction uses the town's keys, and keep others waiting until this one ends."""
        await connection.execute("select pg_advisory_xact_lock($1, $2)", _TURN, city_id)

    async def reload(self, connection: Connection, city_id: int) -> TownKeys:
        """As `keys`, without a promise for how long they are good."""
        rows = await connection.fetch(
            """select case when retired_at is null then purpose else 'retired' end, purpose, key_id, master_id, wrapped
               from city_keys where city_id = $1 order by purpose, key_id""",
            city_id,
        )
        stored = [tuple(row) for row in rows]
        known = self._towns.get(city_id)
        if known and known[0] == stored:
            return known[1]
        opened: dict[str, dict[int, bytes]] = {"data": {}, "index": {}, "retired": {}}
        for use, purpose, key_id, master_id, wrapped in stored:
            opened[use][key_id] = self._master.unwrap(master_id, wrapped, _about_key(city_id, purpose, key_id))
        if not (opened["data"] and opened["index"]):
            # The worker, or `munihub migrate`, prepares a new town; until then its doors say "not right now".
            raise NotReady(f"The town {city_id} is being prepared; try again in a moment.")
        data = {key_id: AESGCM(key) for key_id, key in opened["data"].items()}
        keys = TownKeys(city_id, data, opened["index"], opened["retired"])
        self._towns[city_id] = stored, keys
        return keys

    async def ensure(self, connection: Connection, city_id: int) -> None:
        """First keys of a new town."""
        for purpose in ("data", "index"):
            await self._add(connection, city_id, purpose, 1)

    async def add_key(self, connection: Connection, city_id: int, purpose: str) -> int:
        """A further key, used from now on; returns its number. `alone` comes before."""
        last = await connection.fetchval(
            "select max(key_id) from city_keys where city_id = $1 and purpose = $2", city_id, purpose
        )
        await self._add(connection, city_id, purpose, last + 1)
        await self.reload(connection, city_id)
        return int(last) + 1

    async def retire_indexes(self, connection: Connection, city_id: int, key_ids: Iterable[int]) -> None:
        """Write by these index keys no more. `alone` comes before."""
        await connection.execute(
            "update city_keys set retired_at = now() where city_id = $1 and purpose = 'index' and key_id = any($2)",
            city_id,
            list(key_ids),
        )
        await self.reload(connection, city_id)

    async def rewrap(self, connection: Connection, city_id: int) -> None:
        """Bring all keys of the town under the current master key. `alone` comes before."""
        rows = await connection.fetch(
            "select purpose, key_id, master_id, wrapped from city_keys where city_id = $1 and master_id <> $2",
            city_id,
            self._master.current,
        )
        for purpose, key_id, master_id, wrapped in rows:
            about = _about_key(city_id, purpose, key_id)
            await connection.execute(
                """update city_keys set master_id = $4, wrapped = $5
                   where city_id = $1 and purpose = $2 and key_id = $3""",
                city_id,
                purpose,
                key_id,
                *self._master.wrap(self._master.unwrap(master_id, wrapped, about), about),
            )

    async def _add(self, connection: Connection, city_id: int, purpose: str, key_id: int) -> None:
        master_id, wrapped = self._master.wrap(secrets.token_bytes(32), _about_key(city_id, purpose, key_id))
        await connection.execute(
            """insert into city_keys (city_id, purpose, key_id, master_id, wrapped)
               values ($1, $2, $3, $4, $5) on conflict do nothing""",
            city_id,
            purpose,
            key_id,
            master_id,
            wrapped,
        )


def _indexes(keys: dict[int, bytes], scheme: str, value: str) -> list[tuple[int, bytes]]:
    text = f"{scheme}\0{value}".encode()
    found = []
    for key_id in sorted(keys, reverse=True):
        mac = hmac.HMAC(keys[key_id], hashes.SHA256())
        mac.update(text)
        found.append((key_id, mac.finalize()[:16]))
    return found


def _about_key(city_id: int, purpose: str, key_id: int) -> bytes:
    return f"city_keys|{city_id}|{purpose}|{key_id}".encode()
