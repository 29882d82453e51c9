"""Corrected statements beside other statements of the account, and beside others who do something at the same time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest

from hub.kernel.errors import Conflict, NotReady
from hub.statements import corrections
from hub.statements.rotation import rekey
from hub.subjects.rotation import rotate
from tests.integration.payments.till import of
from tests.integration.reconciliation.books import GRAD, bill, camt
from tests.integration.reconciliation.test_corrected import ANA, EVA, IVO, accept, corrected, listed, of_statement
from tests.integration.reconciliation.test_verbs import confirm

MT942 = """:20:GRAD
:25:HR1723600001101234565
:28C:0
:34F:EUR0,00
:61:2611201120C3,00NTRFNONREF//A77
:86:166?20HR00 1-1
"""


async def test_what_a_corrected_month_tells_otherwise_than_its_day_waits(bank):
    owed = await bank.till.owe(20000, references=bill("HR00 1-1"))
    await bank.take(camt(ANA))
    await bank.take(camt(ANA, EVA, number="M11"))
    await bank.take(camt(replace(ANA, amount="10.00"), EVA, number="M11"))
    third = (await listed(bank))[-1]
    await accept(bank, third)
    assert await bank.due([owed]) == [10000], "its day has told it, and is booked"
    assert await of_statement(bank, third) == [
        (1000, "queued", "perhaps_repeated"), (700, "queued", "unknown_reference")
    ]  # fmt: skip


async def test_of_two_alike_the_one_that_is_booked_stays(bank):
    owed = await bank.till.owe(500, references=bill("HR00 3-3"))
    await bank.take(camt(IVO, IVO))
    booked = (await bank.entries())[1].entry_id
    await confirm(bank, booked, of(owed))
    await bank.take(camt(IVO))
    _, second = await listed(bank)
    await accept(bank, second)
    assert await of_statement(bank, second) == [(500, "booked", None)]
    assert await bank.till.alerts() == set()
    assert await bank.due([owed]) == [0]


async def test_reports_that_come_again_with_more_are_no_news(bank):
    await bank.take(MT942.encode(), "a.sta")
    later = MT942 + ":61:2611201120C4,00NTRFNONREF//A78\n:86:166?20HR00 2-2\n"
    await bank.take(later.encode(), "b.sta")
    assert [(one.kind, one.state) for one in await listed(bank)] == [("report", "counts"), ("report", "held")]
    assert await bank.states() == [("set_aside", "report")] * 3
    assert await bank.till.alerts() == set()


async def test_what_somebody_books_meanwhile_stays_booked(bank):
    await bank.take(camt(IVO))
    await bank.take(camt(IVO, EVA, number="M11"))
    await bank.take(camt(ANA))
    second = next(one for one in await listed(bank) if one.state == "held")
    [told] = [one for one in await bank.entries() if one.reason == "repeated"]
    async with bank.till.app.town(1) as connection:
        await connection.execute(
            "update statement_entries set state = 'booked', reason = null, kind = 'payment' where entry_id = $1",
            told.entry_id,
        )
        accepting = asyncio.create_task(accept(bank, second))
        await waits(bank)
    await accepting
    [state] = [one.state for one in await bank.entries() if one.entry_id == told.entry_id]
    assert state == "booked"


async def test_nobody_accepts_a_statement_while_another_one_of_the_account_is_read(bank):
    _, second = await corrected(bank, [ANA], [IVO])
    async with reading(bank):
        with pytest.raises(Conflict, match="try again in a moment"):
            await accept(bank, second)
    await accept(bank, second)


async def test_no_statement_is_read_while_another_one_of_the_account_is_accepted(bank):
    async with reading(bank):
        taking = asyncio.create_task(bank.take(camt(ANA)))
        await waits(bank)
        assert await listed(bank) == []
    assert (await taking).state == "read"


async def test_nobody_accepts_a_statement_while_keys_are_replaced(bank):
    _, second = await corrected(bank, [IVO, EVA], [IVO, ANA])
    vault = bank.till.payments._vault
    async with bank.till.database.town(1) as connection:
        await vault.add_key(connection, 1, "index")
    with pytest.raises(NotReady, match="keys are being replaced"):
        await accept(bank, second)
    await rotate(bank.till.database, vault, 1, [rekey])
    await accept(bank, second)
    assert await of_statement(bank, second) == [(500, "queued", "no_reference"), (10000, "queued", "unknown_reference")]


@asynccontextmanager
async def reading(bank) -> AsyncIterator[None]:
    """As whoever reads or accepts statements of the account."""
    async with bank.till.database.town(1) as connection:
        await corrections.alone(connection, 1, GRAD)
        yield


async def waits(bank) -> None:
    """Until somebody waits for a lock."""
    async with asyncio.timeout(10), bank.till.database.town(1) as connection:
        while not await connection.fetchval(
            """select exists (select from pg_locks l join pg_stat_activity a using (pid)
                              where not l.granted and a.datname = current_database())"""
        ):
            await asyncio.sleep(0.02)
