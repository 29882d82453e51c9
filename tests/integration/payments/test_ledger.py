"""What the database itself refuses, whoever asks: the rules of the ledger do not rest on the program."""

from __future__ import annotations

from uuid import UUID

import asyncpg
import pytest

from hub.kernel.ids import new_uuid
from tests.integration.payments.till import Till, of

REFUSED = (asyncpg.InsufficientPrivilegeError, asyncpg.CheckViolationError)


@pytest.fixture
async def charge(desk: Till) -> UUID:
    charge = await desk.charge(of(await desk.owe(10000)))
    await desk.capture(charge, 12000)
    return charge


async def book(desk: Till, charge: UUID, currency: str = "EUR", **lines: int) -> None:
    """As a program would that does not know the rules."""
    async with desk.database.town(1) as connection:
        entry = new_uuid()
        await connection.execute(
            "insert into ledger_entries values (1, $1, $2, $3, 'captured', 'capture', $1, now())",
            entry,
            charge,
            currency,
        )
        await connection.execute(
            """insert into ledger_lines (city_id, entry_id, account, charge_id, currency, amount)
               select 1, $1, l.account, $2, $3, l.amount from unnest($4::text[], $5::bigint[]) as l (account, amount)""",
            entry, charge, currency, list(lines), list(lines.values()),
        )  # fmt: skip


@pytest.mark.parametrize(
    ("lines", "rule"),
    [
        ({"captured": -1, "unallocated": 2}, "every_coin_is_somewhere"),
        ({"captured": -1, "unallocated": 1}, "what_we_have_is_what_we_owe"),
        ({"gateway": -1, "bank": 1, "payer": 1}, "entry_adds_up_to_nothing"),
        ({"allocated": -10001, "unallocated": 10001}, "charge_balances_allocated_check"),
        ({"unallocated": -2001, "allocated": 2001}, "charge_balances_unallocated_check"),
        ({"unallocated": -2000, "allocated": 2000}, "ledger_and_rows_agree"),
        ({"unallocated": -2000, "refunding": 2000}, "ledger_and_rows_agree"),
        ({"captured": -1, "unallocated": 1, "gateway": 1, "payer": -1}, "ledger_and_rows_agree"),
    ],
)
async def test_an_entry_that_is_wrong(desk: Till, charge, lines, rule):
    before = await desk.balances(charge)
    with pytest.raises(asyncpg.CheckViolationError) as refused:
        await book(desk, charge, **lines)
    assert refused.value.constraint_name == rule
    assert await desk.balances(charge) == before


async def test_a_charge_has_one_currency(desk: Till, charge):
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await book(desk, charge, "CZK", captured=-1, unallocated=1, gateway=1, payer=-1)


async def test_rows_that_the_ledger_does_not_know(desk: Till, charge):
    for statement in (
        (
            "insert into captures (city_id, capture_id, charge_id, source_kind, source_id, amount, at, booked_at)"
            " values (1, $2, $1, 'counter', $2, 5, now(), now())"
        ),
        (
            "insert into allocations (city_id, allocation_id, charge_id, obligation_id, amount, at, by)"
            " values (1, $2, $1, $2, 5, now(), 'x')"
        ),
        (
            "insert into refunds (city_id, refund_id, charge_id, amount, way, state, state_at, reason, asked_by, asked_at)"
            " values (1, $2, $1, 5, 'bank', 'done', now(), 'x', 'x', now())"
        ),
        (
            "insert into chargebacks (city_id, chargeback_id, charge_id, amount, state, at, source_kind, source_id)"
            " values (1, $2, $1, 5, 'taken', now(), 'attempt', $2)"
        ),
    ):
        with pytest.raises(asyncpg.CheckViolationError) as refused:
            async with desk.database.town(1) as connection:
                await connection.execute(statement, charge, new_uuid())
        assert refused.value.constraint_name == "ledger_and_rows_agree", statement


@pytest.mark.parametrize("role", ["worker", "app"])
async def test_nothing_is_changed_or_taken_out(desk: Till, charge, role):
    database = desk.database if role == "worker" else desk.app
    for statement in (
        "update ledger_lines set amount = 1",
        "update ledger_entries set at = now()",
        "delete from ledger_lines",
        "delete from ledger_entries",
        "update allocations set amount = 1",
        "delete from allocations",
        "update payment_events set at = now()",
        "delete from payment_events",
        "update charge_balances set captured = 1",
        "insert into charge_balances (city_id, charge_id) values (1, gen_random_uuid())",
        "delete from charge_balances",
        "update captures set amount = 1",
        "delete from captures",
        "update charges set amount = 1",
        "delete from charges",
        "update refunds set amount = 1",
        "truncate payments",
        "alter table ledger_lines disable trigger all",
    ):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            async with database.town(1) as connection:
                await connection.execute(statement)


async def test_nor_by_the_owner(desk: Till, charge, urls):
    owner = await asyncpg.connect(urls.owner)
    try:
        await owner.execute("alter table ledger_lines no force row level security")
        for statement in (
            "update ledger_lines set amount = 1",
            "delete from ledger_lines",
            "truncate ledger_lines",
            "truncate payments cascade",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError, match="counter-entry"):
                await owner.execute(statement)
    finally:
        await owner.execute("alter table ledger_lines force row level security")
        await owner.close()


async def test_money_that_is_nobodys_is_not_forgotten(desk: Till, charge):
    with pytest.raises(asyncpg.InsufficientPrivilegeError, match="nobody's"):
        async with desk.database.town(1) as connection:
            await connection.execute("delete from payments")
    await desk.allocate(charge, of(await desk.owe(2000)))
    async with desk.database.town(1) as connection:
        await connection.execute("delete from payments")
        for table in ("charges", "ledger_entries", "ledger_lines", "captures", "allocations", "payment_events"):
            assert await connection.fetchval(f"select count(*) from {table}") == 0, table


async def test_of_another_town_nothing_is_seen(desk: Till, charge):
    async with desk.database.town(2) as connection:
        for table in ("payments", "charges", "ledger_entries", "ledger_lines", "charge_balances", "captures"):
            assert await connection.fetchval(f"select count(*) from {table}") == 0, table
