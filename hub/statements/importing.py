"""A file of a bank becomes statements and entries: all of it, or nothing of it.

A statement is known by its account, its currency and the bank's own id. One that comes again with the same entries is
left as it is, one with others is held (hub.statements.corrections). What another one has told before is judged entry by
entry (hub.statements.repeated).
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Generator, Iterator, Mapping
from datetime import datetime
from uuid import UUID

import asyncpg
import orjson
import structlog

from hub.back_offices.model import Town
from hub.kernel.clock import Clock
from hub.kernel.errors import NotReady
from hub.kernel.ids import new_uuid
from hub.kit.one_thread import OneThread
from hub.ports.bank_statement import (
    Broken,
    Item,
    Options,
    Statement,
    StatementEnd,
    StatementFormat,
)
from hub.statements import corrections, file_ends, files, gaps, repeated
from hub.statements.accounts import iban_of, payees_of
from hub.statements.formats import recognised
from hub.statements.model import FileState, StatementFile, StatementState
from hub.statements.rows import Rows
from hub.statements.ways import ways_for, ways_of
from hub.storage.database import Connection, Database
from hub.storage.vault import TownKeys, Vault

log = structlog.get_logger(__name__)


_UNHEARD = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError, asyncpg.DataError)
_AT_ONCE = 1000
_COLUMNS = """city_id integer, entry_id uuid, statement_id uuid, account text, place integer, part integer,
    currency text, amount bigint, booked_on date, valued_on date, reversal boolean, batch integer, code text,
    bank_reference text, references_ jsonb, words text, details bytea, party_key bytea, likeness bytea, state text,
    state_at timestamptz, reason text"""
_TYPES = dict(column.split() for column in _COLUMNS.split(","))
# Whoever is behind walls cannot COPY. Words have no blanks, and an array of arrays could not be taken apart.
_INSERT = f"""
    insert into statement_entries ({", ".join(_TYPES)})
    select {", ".join("string_to_array(words, ' ')" if name == "words" else name for name in _TYPES)}
    from unnest({", ".join(f"${number}::{of}[]" for number, of in enumerate(_TYPES.values(), start=1))})
         as e ({", ".join(_TYPES)})"""  # noqa: S608 - names of ours


class Importing:
    """Reads files that were received."""

    def __init__(self, database: Database, vault: Vault, clock: Clock, formats: Mapping[str, StatementFormat]) -> None:
        self._database, self._vault, self._clock, self._formats = database, vault, clock, formats

    async def read(self, town: Town, file_id: UUID) -> bool:
        """Whether it was taken; what is wrong is with the file. One that was read or refused is left as it is.

        Raises NotReady while the town's keys are being replaced.
        """
        city_id = town.city.id
        async with self._database.town(city_id) as connection:
            file = await files.find(connection, city_id, file_id)
            if file.state is not FileState.RECEIVED:
                return file.state is FileState.READ
            keys = await self._vault.keys(connection, city_id)
            if len(keys.index) > 1:
                # What came before is known by the old key still, and would be counted again.
                raise NotReady("The town's keys are being replaced: statements are read when that is done.")
            content = await files.content(connection, keys, file_id)
        now = self._clock.now()
        try:
            known = recognised(content, file.name, self._formats)
            async with self._database.town(city_id) as connection:
                ways = await asyncio.to_thread(ways_for, town.city, content, known)
                await _Taking(connection, keys, town, file, ways, known.read(content, ways), now).take()
                await file_ends.was_read(connection, city_id, file_id, known.id, now)
                # Keys that were replaced meanwhile: what was here is known by the new one, and these entries would
                # never be. Asked last, since a rotation waits from here to the commit, and all of the town behind it.
                if (await self._vault.keys(connection, city_id)).index != keys.index:
                    raise NotReady("The town's keys were replaced meanwhile: the file is read again.")
        except Broken as broken:
            await self._refuse(town, file.name, file_id, broken, now)
            return False
        except _UNHEARD as error:
            # What nobody can store, or a mistake of our own: a file that cannot be read holds up no other.
            log.exception("statement_not_read", city=town.city.slug, file=str(file_id), error=type(error).__name__)
            unheard = Broken(
                "could not be read: it has a sign or a number that nobody can store, or the hub makes a mistake; its"
                " operator sees which"
            )
            await self._refuse(town, file.name, file_id, unheard, now)
            return False
        return True

    async def _refuse(self, town: Town, name: str, file_id: UUID, broken: Broken, now: datetime) -> None:
        async with self._database.town(town.city.id) as connection:
            await file_ends.end_unread(
                connection, town.city.id, file_id, name, FileState.REFUSED, broken.problem, line=broken.line, now=now
            )


class _Known(Exception):
    """The statement came before."""


class _Taking:
    """One file, in one transaction."""

    def __init__(
        self,
        connection: Connection,
        keys: TownKeys,
        town: Town,
        file: StatementFile,
        ways: Options,
        items: Iterator[Item],
        now: datetime,
    ) -> None:
        self._connection, self._keys, self._town, self._file, self._now = connection, keys, town, file, now
        self._ways, self._items = ways, items
        self._taken: set[tuple[str, str]] = set()

    async def take(self) -> None:
        """Raises Broken."""
        source = self._items
        # Parsing is pure computation: beside the loop, so that other jobs go on meanwhile.
        with OneThread("statement") as self._thread:
            try:
                while (first := await self._thread.run(next, self._items, None)) is not None:
                    if not isinstance(first, Statement):
                        raise Broken("has entries before its first statement")
                    await self._statement(first)
            finally:
                if isinstance(source, Generator):
                    await self._thread.run(source.close)
        for account, currency in sorted(self._taken):
            await gaps.tell(self._connection, self._keys.city_id, account, currency, self._now)
            await gaps.tell_joined(self._connection, self._keys.city_id, account, currency, self._now)

    async def _statement(self, statement: Statement) -> None:
        city_id, account = self._keys.city_id, iban_of(self._town.city, statement.account)
        if account is None:
            problem = f"is of the account {statement.account}, which is no payee's: compare it with payees in city.yaml"
            raise Broken(problem)
        allowed = self._file.payees
        if allowed is not None and not set(payees_of(self._town.city, account)) <= set(allowed):
            raise Broken(f"is of the account {account}, for which who sent it does not answer")
        if ways_of(self._town.city, account) != self._ways:
            problem = f"is of the account {account}, whose bank has other ways than the file was read by: compare"
            raise Broken(f"{problem} `statements` of its payee in city.yaml, and send other banks' statements apart")
        await corrections.alone(self._connection, city_id, account)
        before = await corrections.told_before(self._connection, city_id, account, statement)
        rows = Rows(self._keys, statement, new_uuid(), account, self._now)
        try:
            async with self._connection.transaction():
                end = await self._entries(rows)
                if before is not None and await corrections.same(
                    self._connection, city_id, before, rows, statement, end
                ):
                    raise _Known
        except _Known:
            return
        if before is not None and before.told_otherwise(end):
            await self._insert(statement, rows, end, StatementState.HELD, before.statement_id)
            await corrections.hold(self._connection, city_id, rows.statement_id, statement, account, self._now)
            return
        await self._insert(statement, rows, end, StatementState.COUNTS, None)
        await repeated.judge(self._connection, city_id, rows.statement_id, account, statement.format, self._now)
        if end.agrees is False:
            name = statement.number or statement.id
            await gaps.tell_disagrees(
                self._connection, city_id, rows.statement_id, name, account, end.differences, self._now
            )
        self._taken.add((account, statement.currency))

    async def _entries(self, rows: Rows) -> StatementEnd:
        while True:
            batch = await self._thread.run(lambda: list(itertools.islice(self._items, _AT_ONCE)))
            ends = ((place, one) for place, one in enumerate(batch) if isinstance(one, StatementEnd))
            number, end = next(ends, (len(batch), None))
            if not batch:
                raise Broken("ends before its statement does")
            made = [row for one in batch[:number] for row in rows.of(one)]
            if made:
                await self._connection.execute(_INSERT, *zip(*made, strict=True))
            if end is not None:
                self._items = itertools.chain(batch[number + 1 :], self._items)
                return end

    async def _insert(
        self,
        statement: Statement,
        rows: Rows,
        end: StatementEnd,
        state: StatementState,
        corrects: UUID | None,
    ) -> None:
        opening, closing = statement.opening, end.closing
        await self._connection.execute(
            """insert into statements (city_id, statement_id, file_id, kind, format, bank_id, account, currency, number,
                   since, until, opening, closing, entries, credits, debits, agrees, differences, digest, imported_at,
                   state, corrects)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21,
                       $22)""",
            self._keys.city_id, rows.statement_id, self._file.file_id, statement.kind, statement.format, statement.id,
            rows.account, statement.currency, statement.number, statement.since, statement.until,
            None if opening is None else opening.amount.minor, None if closing is None else closing.amount.minor,
            end.entries, end.credits.minor, end.debits.minor, end.agrees, orjson.dumps(end.differences).decode(),
            rows.digest.digest(), self._now, state, corrects,
        )  # fmt: skip
