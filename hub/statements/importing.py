"""A file of a bank becomes statements and entries: all of it, or nothing of it.

A statement is known by its account, its currency and the bank's own id. One that comes again with the same entries is
left as it is, one with others is refused. An entry that another statement had already (a month after its days, say) is
not counted again where the bank gives it the same reference of its own; where it does not, somebody looks. So does
somebody where a statement of another format tells the same days.
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

from hub.alerts import service as alerts
from hub.back_offices.model import Town
from hub.kernel.clock import Clock
from hub.kernel.errors import NotReady
from hub.kernel.ids import new_uuid, public_id
from hub.kit.one_thread import OneThread
from hub.ports.bank_statement import (
    Broken,
    Item,
    Options,
    Statement,
    StatementEnd,
    StatementFormat,
)
from hub.statements import files, gaps
from hub.statements.accounts import iban_of, payees_of
from hub.statements.formats import recognised
from hub.statements.model import StatementFile
from hub.statements.rows import Rows
from hub.statements.ways import ways_for, ways_of
from hub.storage.database import Connection, Database
from hub.storage.vault import TownKeys, Vault

log = structlog.get_logger(__name__)


REFUSED = "statement_refused"
"""Alert: a file of a bank could not be taken."""

DISAGREES = "statement_disagrees"
"""Alert: the bank's own totals and balances do not agree with the entries it tells."""

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
            if file.state != "received":
                return file.state == "read"
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
                await connection.execute(
                    """update statement_files set state = 'read', format = $3, read_at = $4
                       where city_id = $1 and file_id = $2""",
                    city_id, file_id, known.id, now,
                )  # fmt: skip
                await alerts.settle(connection, city_id, kind=REFUSED, about=public_id("bsf", file_id), now=now)
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
            await connection.execute(
                """update statement_files set state = 'refused', problem = $3, line = $4, read_at = $5
                   where city_id = $1 and file_id = $2""",
                town.city.id, file_id, broken.problem, broken.line, now,
            )  # fmt: skip
            place = f", line {broken.line}" if broken.line else ""
            detail = {"says": f"the bank statement {name} was refused{place}: {broken.problem}", "file": name}
            about = public_id("bsf", file_id)
            await alerts.raise_alert(connection, town.city.id, kind=REFUSED, about=about, detail=detail, now=now)


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
        known = await self._connection.fetchrow(
            """select s.digest, f.name from statements s join statement_files f using (city_id, file_id)
               where s.city_id = $1 and s.account = $2 and s.kind = $3 and s.bank_id = $4 and s.currency = $5""",
            city_id, account, statement.kind, statement.id, statement.currency,
        )  # fmt: skip
        rows = Rows(self._keys, statement, new_uuid(), account, self._now)
        end: StatementEnd | None = None
        while end is None:
            batch = await self._thread.run(lambda: list(itertools.islice(self._items, _AT_ONCE)))
            number = next((place for place, one in enumerate(batch) if isinstance(one, StatementEnd)), None)
            if number is not None:
                end = batch[number]  # type: ignore[assignment] # it was looked for
                self._items = itertools.chain(batch[number + 1 :], self._items)
            elif not batch:
                raise Broken("ends before its statement does")
            made = [row for one in batch[:number] for row in rows.of(one)]
            if known is None and made:
                await self._connection.execute(_INSERT, *zip(*made, strict=True))
        if known is None:
            await self._insert(statement, rows, end)
            self._taken.add((account, statement.currency))
        elif known["digest"] != rows.digest.digest():
            raise Broken(
                f"has the statement {statement.number or statement.id}, which came in {known['name']} with other"
                " entries: ask the bank which of them is right"
            )

    async def _insert(self, statement: Statement, rows: Rows, end: StatementEnd) -> None:
        city_id = self._keys.city_id
        opening, closing = statement.opening, end.closing
        await self._connection.execute(
            """insert into statements (city_id, statement_id, file_id, kind, format, bank_id, account, currency, number,
                   since, until, opening, closing, entries, credits, debits, agrees, differences, digest, imported_at)
               values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)""",
            city_id, rows.statement_id, self._file.file_id, statement.kind, statement.format, statement.id,
            rows.account, statement.currency, statement.number, statement.since, statement.until,
            None if opening is None else opening.amount.minor, None if closing is None else closing.amount.minor,
            end.entries, end.credits.minor, end.debits.minor, end.agrees, orjson.dumps(end.differences).decode(),
            rows.digest.digest(), self._now,
        )  # fmt: skip
        await self._connection.execute(_REPEATED, city_id, rows.statement_id, rows.account, self._now, statement.format)
        if end.agrees is False:
            about = public_id("bst", rows.statement_id)
            says = f"the statement {statement.number or statement.id} of {rows.account}: {'; '.join(end.differences)}"
            await alerts.raise_alert(
                self._connection, city_id, kind=DISAGREES, about=about, detail={"says": says}, now=self._now
            )


# So many as another statement of the account has of the same, this one repeats: surely, where the bank gave it a
# reference of its own. In another format banks write references and texts otherwise: what came in the same amount on
# the same day may be the same there. So it may where somebody has reopened what was told early, by a report say (it was
# set aside at once, so its first decision is that): she may book that one or set it aside again, so she is shown both.
_REPEATED = """
    with mine as (
        select entry_id, likeness, bank_reference, currency, amount, booked_on,
               row_number() over (partition by likeness order by place, part) as nth,
               amount > 0 or reversal as counted,
               row_number() over (partition by currency, amount, booked_on, amount > 0 or reversal
                                  order by place, part) as nth_of_day
        from statement_entries where city_id = $1 and statement_id = $2 and state in ('new', 'queued')),
    alike as (
        select likeness, max(number) as number, max(surely) as surely from (
            select e.likeness, count(*) as number, count(*) filter (where not early) as surely
            from statement_entries e, lateral (
                select coalesce(e.reason, '') in ('report', 'notification', 'pending', 'information')
                       or 'reopened' = (select m.event from matches m where m.city_id = e.city_id
                                        and m.entry_id = e.entry_id order by m.at, m.match_id limit 1) as early) told
            where e.city_id = $1 and e.account = $3 and e.statement_id <> $2
              and e.likeness in (select likeness from mine)
              and (e.state <> 'set_aside' or not early)
            group by e.likeness, e.statement_id) each
        group by likeness),
    of_another_format as (
        select currency, amount, booked_on, max(number) as number from (
            select e.currency, e.amount, e.booked_on, count(*) as number
            from statements s join statement_entries e on e.city_id = s.city_id and e.statement_id = s.statement_id
            where s.city_id = $1 and s.account = $3 and s.format <> $5
              and (s.kind = 'statement' or e.state <> 'set_aside')
              and (s.until is null or s.until >= (select min(booked_on) from mine))
              and (e.amount > 0 or e.reversal) and e.booked_on in (select booked_on from mine)
              and coalesce(e.reason, '') not in ('pending', 'information', 'repeated', 'perhaps_repeated')
            group by e.currency, e.amount, e.booked_on, e.statement_id) each
        group by currency, amount, booked_on),
    found as (
        select mine.entry_id, mine.nth <= alike.surely and mine.bank_reference <> '' as surely
        from mine left join alike using (likeness) left join of_another_format o using (currency, amount, booked_on)
        where mine.nth <= alike.number or mine.counted and mine.nth_of_day <= o.number)
    update statement_entries e
    set state = case when found.surely then 'set_aside' else 'queued' end,
        reason = case when found.surely then 'repeated' else 'perhaps_repeated' end, state_at = $4
    from found where e.city_id = $1 and e.entry_id = found.entry_id
"""
