"""What a second look at statements and reconciliation found: money to the wrong bill, twice, or stuck."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import timedelta

import pytest

from hub.kernel.errors import Conflict, InvalidRequest
from hub.kernel.ids import new_uuid
from hub.kernel.references import Reference
from hub.payments.model import Source
from tests.integration.payments.till import eur, of
from tests.integration.reconciliation.books import GRAD, Line, bill, camt, pieces
from tests.integration.reconciliation.test_verbs import anybody, confirm, queued, taken_at_gateway, with_payouts

__all__ = ["with_payouts"]

CZECH = "CZ6508000000192000145399"


async def set_aside(bank, entry_id):
    await bank.reconciliation.set_aside(bank.till.town, entry_id, by="stf_1", reason="not ours", allowed=anybody)


async def reassign(bank, entry_id, *wanted, payee=None):
    await bank.reconciliation.reassign(
        bank.till.town, entry_id, wanted, payee=payee, by="stf_1", reason="hers", allowed=anybody
    )


async def undo(bank, entry_id):
    await bank.reconciliation.undo(bank.till.town, entry_id, by="stf_1", reason="a mistake", allowed=anybody)


def with_accounts(bank, **accounts: str) -> None:
    """The town as if these were its payees' accounts."""
    city = bank.till.town.city
    payees = {
        name: one.model_copy(update={"account": accounts.get(name, one.account)}) for name, one in city.payees.items()
    }
    bank.till.town = replace(bank.till.town, city=city.model_copy(update={"payees": payees}))


# ── Twice, or for the wrong bill ─────────────────────────────────────────────────────────────────


async def test_what_somebody_set_aside_does_not_come_back_with_the_months_statement(bank):
    line = Line("10.00", "HR00 9-9", bank_reference="B1")
    await bank.take(camt(line, number="1"))
    await set_aside(bank, (await bank.entry()).entry_id)
    owed = await bank.till.owe(1000, references=bill("HR00 9-9"))
    await bank.take(camt(line, number="M11"))
    assert await bank.states() == [("set_aside", None), ("set_aside", "repeated")]
    assert await bank.due([owed]) == [1000]


MT940 = """:20:STARTUMS
:25:{account}
:28C:00221/001
:60F:C261120EUR0,00
:61:2611201120C3,00NTRFNONREF//A77
:86:166?20{text}
:62F:C261120EUR3,00
-
"""


async def test_the_same_day_in_another_format_waits_for_somebody(bank):
    owed = await bank.till.owe(1000, references=bill("HR00 2026-004711"))
    await bank.take(camt(Line("3.00", "HR00 2026-004711", bank_reference="B1"), number="1"))
    assert await bank.due([owed]) == [700]
    await bank.take(MT940.format(account=GRAD, text="HR00 2026-004711").encode(), "izvod.sta")
    assert await bank.states() == [("booked", None), ("queued", "perhaps_repeated")]
    assert await bank.due([owed]) == [700]
    await bank.take(camt(Line("3.00", "HR00 2026-004711", bank_reference="B2"), number="2"))
    assert await bank.due([owed]) == [400], "in the same format it is another one"


def as_report(statement: bytes) -> bytes:
    """The same as the day's camt.052 tells it."""
    report = statement.replace(b"camt.053", b"camt.052").replace(b"BkToCstmrStmt", b"BkToCstmrAcctRpt")
    return report.replace(b"Stmt>", b"Rpt>")


async def reopen(bank, entry_id):
    await bank.reconciliation.reopen(bank.till.town, entry_id, by="stf_1", reason="she waits here", allowed=anybody)


async def from_report(bank, statement: bytes):
    """Its entry as the day's report tells it, reopened by somebody."""
    await bank.take(as_report(statement))
    early = await bank.entry()
    assert (early.state, early.reason) == ("set_aside", "report")
    await reopen(bank, early.entry_id)
    return early.entry_id


@pytest.mark.parametrize("bank_reference", ["", "B1"])
async def test_what_somebody_booked_from_the_days_report_is_not_booked_again_from_its_statement(bank, bank_reference):
    owed = await bank.till.owe(1000, references=bill("HR00 9-9"))
    statement = camt(Line("3.00", "HR00 9-9", bank_reference=bank_reference))
    early = await from_report(bank, statement)
    await confirm(bank, early, of(owed, 300))
    await bank.take(statement)
    assert await bank.states() == [("booked", None), ("queued", "perhaps_repeated")]
    assert await bank.due([owed]) == [700]
    await undo(bank, early)
    await set_aside(bank, early)
    assert await bank.states() == [("set_aside", None), ("queued", "perhaps_repeated")], "one of them is seen"


async def test_what_a_report_told_and_somebody_set_aside_again_counts_when_its_statement_tells_it(bank):
    owed = await bank.till.owe(1000, references=bill("HR00 9-9"))
    statement = camt(Line("3.00", "HR00 9-9", bank_reference="B1"))
    await set_aside(bank, await from_report(bank, statement))
    await bank.take(statement)
    assert await bank.states() == [("set_aside", None), ("booked", None)]
    assert await bank.due([owed]) == [700]


async def test_what_is_reopened_from_a_report_hides_no_entry_of_the_statement(bank):
    statement = camt(Line("3.00", "HR00 9-9", bank_reference="B1"))
    early = await from_report(bank, statement)
    await bank.take(statement)
    await set_aside(bank, early)
    assert await bank.states() == [("set_aside", None), ("queued", "perhaps_repeated")]


async def test_a_pending_entry_that_somebody_reopened_and_set_aside_counts_when_it_is_booked(bank):
    owed = await bank.till.owe(1000, references=bill("HR00 9-9"))
    line = Line("3.00", "HR00 9-9", bank_reference="B1")
    await bank.take(camt(line, number="1").replace(b"BOOK", b"PDNG"))
    pending = await bank.entry()
    assert (pending.state, pending.reason) == ("set_aside", "pending")
    await reopen(bank, pending.entry_id)
    await set_aside(bank, pending.entry_id)
    await bank.take(camt(line, number="2"))
    assert await bank.due([owed]) == [700]


PAGE = """:20:STARTUMS
:25:{account}
:28C:00221/{page}
:60{of}:C261120EUR{before},00
:61:2611201120C3,00NTRFRACUN7
:86:166?20HR00 2026-004711?31HR1210010051863000160?32ANA HORVAT
:62{to}:C261120EUR{after},00
-
"""


async def test_the_same_on_the_next_page_of_an_mt940_without_the_banks_reference_is_looked_at(bank):
    owed = await bank.till.owe(1000, references=bill("HR00 2026-004711"))
    first = PAGE.format(account=GRAD, page=1, of="F", to="M", before=0, after=3)
    await bank.take(
        (first + PAGE.format(account=GRAD, page=2, of="M", to="F", before=3, after=6)).encode(), "izvod.sta"
    )
    assert await bank.states() == [("booked", None), ("queued", "perhaps_repeated")]
    assert await bank.due([owed]) == [700]


async def test_two_of_the_same_in_one_statement_are_one_booked_and_one_to_look_at(bank):
    owed = await bank.till.owe(1000, references=bill("HR00 9-9"))
    await bank.take(camt(Line("10.00", "HR00 9-9", name="ANA"), Line("10.00", "HR00 9-9", name="IVO")))
    assert await bank.states() == [("booked", None), ("queued", "nothing_due")]
    assert await bank.due([owed]) == [0]
    assert await bank.till.alerts() == {"statement_entries_waiting"}


def czech(variable: str, specific: str = "") -> tuple[Reference, ...]:
    symbols = [Reference("cz.variable_symbol", variable)]
    return (*symbols, Reference("cz.specific_symbol", specific)) if specific else tuple(symbols)


@pytest.mark.parametrize(
    ("symbols", "states", "due"),
    [
        ("/VS111/SS2026/KS", [("booked", None)], [0, 60000]),
        ("/VS999/SS2026/KS", [("queued", "unknown_reference")], [50000, 60000]),
    ],
)
async def test_a_specific_symbol_that_others_have_too_does_not_take_the_money(bank, symbols, states, due):
    with_accounts(bank, grad=CZECH)
    owed = [
        await bank.till.owe(50000, references=czech("111", "2026")),
        await bank.till.owe(60000, references=czech("222", "2026")),
    ]
    await bank.take(camt(Line("600.00", end_to_end=symbols), account=CZECH))
    assert (await bank.states(), await bank.due(owed)) == (states, due)


async def test_who_pays_more_than_the_part_she_names_pays_the_next_one_too(bank):
    day = bank.till.now.date()
    parts = [
        {
            "number": n,
            "due_on": day + timedelta(days=30 * n),
            "amount": of(None, 2500).amount,
            "references": bill(f"HR00 7-{n}"),
        }
        for n in (1, 2, 3, 4)
    ]
    owed = await bank.till.owe(10000, references=bill("HR00 7-0"), instalments=parts)
    await bank.take(camt(Line("60.00", "HR00 7-1")))
    assert await bank.due([owed]) == [4000]
    [balance] = await bank.till.rows("charge_balances")
    assert (balance["allocated"], balance["unallocated"]) == (6000, 0)


async def in_two_parts(bank):
    """Owed in two parts of 50.00, each with a reference of its own; the payer has announced the second one."""
    parts = [
        {
            "number": n,
            "due_on": bank.till.now.date(),
            "amount": of(None, 5000).amount,
            "references": bill(f"HR00 7-{n}"),
        }
        for n in (1, 2)
    ]
    owed = await bank.till.owe(10000, instalments=parts)
    return owed, await bank.till.pay(of(owed, None, 2), method="transfer")


async def parts_due(bank, owed) -> list[int]:
    from hub.obligations import service as obligations

    async with bank.till.database.town(1) as connection:
        found = await obligations.open_amount(connection, 1, owed, lock=False)
    return [one.due.minor for one in found.instalments]


@pytest.mark.parametrize(("named", "due"), [("HR00 7-1", [0, 5000]), ("HR00 7-2", [5000, 0])])
async def test_what_names_one_part_pays_that_one_though_another_was_announced(bank, named, due):
    owed, announced = await in_two_parts(bank)
    await bank.take(camt(Line("50.00", named)))
    assert await parts_due(bank, owed) == due
    entry = await bank.entry()
    assert (entry.payment_id == announced) is (due == [5000, 0])
    [decision] = await bank.decisions(entry.entry_id)
    assert [one["instalment"] for one in decision.targets] == [due.index(0) + 1]


async def test_a_clerks_part_goes_before_that_which_was_announced(bank):
    owed, _ = await in_two_parts(bank)
    await confirm(bank, await queued(bank, "50.00"), of(owed, 5000, 1))
    assert await parts_due(bank, owed) == [0, 5000]


async def test_what_was_announced_is_paid_by_it_though_less_is_due_by_now(bank):
    owed = await bank.till.owe(5000, references=bill("HR00 6-6"))
    announced = await bank.till.pay(of(owed), method="transfer")
    await bank.till.receive(1000, of(owed), kind="counter")
    await bank.take(camt(Line("50.00", "HR00 6-6")))
    assert (await bank.entry()).payment_id == announced
    [balance] = await bank.till.rows("charge_balances", "bank > 0")
    assert (balance["allocated"], balance["unallocated"]) == (4000, 1000)


async def test_two_transfers_for_one_announced_payment_are_not_both_booked_for_it(bank):
    """The one is booked by the hub, uncommitted yet, while a cashier confirms the other."""
    owed = await bank.till.owe(10000)
    payment_id = await bank.till.pay(of(owed), method="transfer")
    [charge] = await bank.till.charges(payment_id)
    entry_id = await queued(bank)
    till = bank.till
    async with till.database.town(1) as connection:
        where = Source("statement_entry", new_uuid())
        await till.payments.captured(connection, till.keys, till.town, charge, eur(10000), where, till.now, till.now)
        confirming = asyncio.create_task(confirm(bank, entry_id, of(owed, 10000)))
        while not await connection.fetchval("select exists (select from pg_locks where not granted)"):
            assert not confirming.done(), "it waits for the charge"
            await asyncio.sleep(0.02)
    with pytest.raises(Conflict, match="look at the entry again"):
        await confirming
    assert ((await bank.entry()).state, await bank.due([owed])) == ("queued", [0])
    assert len(await bank.till.rows("captures")) == 1


async def test_a_clerks_amounts_go_before_those_that_were_announced(bank):
    one, other = await bank.till.owe(10000), await bank.till.owe(10000)
    await bank.till.pay(of(one, 6000), of(other, 4000), method="transfer")
    entry_id = await queued(bank)
    await confirm(bank, entry_id, of(one, 4000), of(other, 6000))
    assert await bank.due([one, other]) == [6000, 4000]


async def test_what_a_gateway_took_later_is_not_what_it_has_paid_out(with_payouts):
    bank = with_payouts
    charges = await taken_at_gateway(bank, 10200, 10000)
    await bank.take(camt(Line("100.00", name="Kartice d.d."), day="2026-11-21"))
    entry = await bank.entry()
    assert entry.state == "queued"
    before, after = (await bank.likely(entry)).payouts
    assert (before.fee, [one.charge_id for one in before.charges]) == (200, charges[:1])
    assert (after.fee, [one.charge_id for one in after.charges]) == (0, charges[1:]), "it may have been heard of late"


async def test_a_payout_is_found_though_its_statement_comes_late(with_payouts):
    bank = with_payouts
    await taken_at_gateway(bank, 10000)
    bank.till.clock.move(timedelta(days=60))
    await bank.take(camt(Line("100.00", name="Kartice d.d."), day="2026-11-22"))
    assert (await bank.entry()).kind == "payout"


async def test_statements_of_an_account_in_two_currencies_are_two_though_the_bank_numbers_them_alike(bank):
    owed = await bank.till.owe(1000, references=bill("HR00 9-9"))
    await bank.take(camt(Line("4.00", "HR00 9-9")), "eur.xml")
    other = camt(Line("7.00", "HR00 9-9")).replace(b"EUR", b"USD")
    assert (await bank.take(other, "usd.xml")).state == "read"
    assert await bank.states() == [("booked", None), ("queued", "other_currency")]
    assert await bank.due([owed]) == [600]


# ── What somebody decides ────────────────────────────────────────────────────────────────────────


async def test_the_same_bill_twice_takes_no_more_than_is_due_of_it(bank):
    owed = await bank.till.owe(6000)
    entry_id = await queued(bank, "120.00")
    with pytest.raises(Conflict, match=r"0\.00 EUR are due"):
        await confirm(bank, entry_id, of(owed, 6000), of(owed, 6000))
    assert await bank.due([owed]) == [6000]


async def test_a_part_of_what_was_cancelled_takes_nothing(bank):
    part = {"number": 1, "due_on": bank.till.now.date(), "amount": of(None, 10000).amount, "references": ()}
    owed = await bank.till.owe(10000, instalments=[part])
    await bank.till.cancel_obligation(owed)
    entry_id = await queued(bank)
    with pytest.raises(Conflict, match=r"0\.00 EUR are due"):
        await confirm(bank, entry_id, of(owed, 10000, 1))
    assert (await bank.entry()).state == "queued"


async def test_who_was_slower_hears_it_and_books_nothing(bank, monkeypatch):
    from hub.obligations import service as obligations

    owed = await bank.till.owe(10000)
    entry_id, looked = await queued(bank), obligations.open_amount

    async def and_somebody_pays_at_the_counter(connection, city_id, obligation_id, *, lock):
        found = await looked(connection, city_id, obligation_id, lock=lock)
        if not lock and not await bank.till.rows("captures"):
            await bank.till.receive(9000, of(owed), kind="counter")
        return found

    monkeypatch.setattr(obligations, "open_amount", and_somebody_pays_at_the_counter)
    with pytest.raises(Conflict, match="look at the entry again"):
        await confirm(bank, entry_id, of(owed))
    assert ((await bank.entry()).state, await bank.due([owed])) == ("queued", [1000])
    assert len(await bank.till.rows("captures")) == 1


async def test_money_of_an_account_of_several_payees_is_nobodys_by_chance(bank):
    with_accounts(bank, niskogradnja=GRAD)
    theirs = await bank.till.owe(10000, payee="niskogradnja", references=bill("HR00 1-2"))
    await bank.take(camt(Line("100.00", "HR00 1-2")))
    entry = await bank.entry()
    with pytest.raises(InvalidRequest, match="grad, niskogradnja"):
        await reassign(bank, entry.entry_id)
    assert await bank.due([theirs]) == [0]
    await reassign(bank, entry.entry_id, payee="niskogradnja")
    charges = {row["state"]: row["payee"] for row in await bank.till.rows("charges")}
    assert charges == {"withdrawn": "niskogradnja", "paid": "niskogradnja"}


async def test_money_of_an_account_that_is_nobodys_any_more_is_told(bank):
    entry_id = await queued(bank)
    with_accounts(bank, grad="HR2423400091110000001")
    with pytest.raises(Conflict, match="no payee's any more: write it under payees"):
        await confirm(bank, entry_id)


async def test_what_was_taken_back_by_mistake_can_be_undone_and_booked_again(bank):
    owed = await bank.till.owe(1000, references=bill("HR00 9-9"))
    await bank.take(camt(Line("10.00", "HR00 9-9", bank_reference="B1"), number="1"))
    original = await bank.entry()
    await bank.take(camt(Line("-10.00", bank_reference="B1", reversal=True), number="2", opening="10.00"))
    [_, back] = await bank.entries()
    assert (back.kind, await bank.due([owed])) == ("reversal", [1000])
    with pytest.raises(Conflict, match="undo the entry that took it back"):
        await confirm(bank, original.entry_id, of(owed))
    await undo(bank, back.entry_id)
    assert await bank.states() == [("queued", None), ("queued", None)]
    await confirm(bank, original.entry_id, of(owed))
    assert await bank.due([owed]) == [0]
    totals = [sum(row[name] for row in await bank.till.rows("charge_balances")) for name in ("bank", "captured")]
    assert totals == [1000, 1000]


# ── Stuck ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("error", [Conflict("no"), LookupError("a mistake of ours")])
async def test_what_cannot_be_booked_waits_for_somebody_and_stops_nothing_else(bank, monkeypatch, error):
    bad, good = [await bank.till.owe(1000, references=bill(f"HR00 {n}-9")) for n in (8, 9)]
    receive = bank.matching._payments.receive

    async def refuses_the_first(*arguments, allocations, **more):
        if allocations[0].obligation_id == bad:
            raise error
        return await receive(*arguments, allocations=allocations, **more)

    monkeypatch.setattr(bank.matching._payments, "receive", refuses_the_first)
    await bank.take(camt(Line("10.00", "HR00 8-9"), Line("10.00", "HR00 9-9")))
    assert await bank.states() == [("queued", "not_booked"), ("booked", None)]
    assert await bank.due([bad, good]) == [1000, 0]
    monkeypatch.undo()
    await confirm(bank, (await bank.entries())[0].entry_id, of(bad))
    assert await bank.due([bad]) == [0]


@pytest.mark.parametrize("error", [IndexError, OverflowError])
async def test_a_reader_that_fails_refuses_its_file_and_holds_up_no_other(bank, monkeypatch, error):
    def fails(*_):
        raise error("a mistake of ours")
        yield

    with monkeypatch.context() as patch:
        patch.setattr("adapters.bank_statement.camt.FORMAT.read", fails, raising=False)
        file = await bank.take(camt(Line("1.00")))
    assert (file.state, "the hub makes a mistake" in file.problem) == ("refused", True)
    assert "statement_refused" in await bank.till.alerts()


async def test_of_a_known_file_no_second_copy_stays_and_one_that_was_given_up_is_read(bank):
    content = camt(Line("1.00"))
    service = bank.statements.files
    first = await service.receive(1, "a.xml", pieces(content), by="stf_1")
    async with bank.till.database.town(1) as connection:
        await connection.execute("delete from jobs where city_id = 1 and kind = 'statements.read'")
    again = await service.receive(1, "b.xml", pieces(content), by="stf_2")
    assert (again.known, again.file.file_id) == (True, first.file.file_id)
    assert [row["name"] for row in await bank.till.rows("statement_files")] == ["a.xml"]
    assert {row["file_id"] for row in await bank.till.rows("statement_file_chunks")} == {first.file.file_id}
    assert len(await bank.till.rows("jobs", "kind = 'statements.read' and state = 'queued'")) == 1


async def test_the_api_may_drop_a_second_copy_and_nothing_else(bank):
    """With the rights of its door."""
    content = camt(Line("1.00"))
    await bank.take(content, "a.xml")
    door = type(bank.statements.files)(bank.till.app, bank.till.payments._vault, bank.till.clock)
    assert (await door.receive(1, "b.xml", pieces(content), by="stf_2")).known
    assert [row["name"] for row in await bank.till.rows("statement_files")] == ["a.xml"]
    async with bank.till.app.town(1) as connection:
        assert await connection.execute("delete from statement_files where city_id = 1") == "DELETE 0"


async def test_what_no_office_counts_for_a_month_is_told_until_it_does(bank):
    owed = await bank.till.owe(1000)
    await bank.till.receive(1000, of(owed))
    bank.till.clock.move(timedelta(days=29))
    await bank.reconciliation.match(bank.till.town, queued=True)
    assert await bank.till.alerts() == set()
    bank.till.clock.move(timedelta(days=2))
    await bank.reconciliation.match(bank.till.town, queued=True)
    [alert] = await bank.till.rows("alerts", "settled_at is null")
    assert (alert["kind"], alert["about"]) == ("posting_not_counted", "financije")
    async with bank.till.database.town(1) as connection:
        await connection.execute(
            "update paid_here set standing = 'counted', uncounted = 0, settled_at = $1", bank.till.clock.now()
        )
    await bank.reconciliation.match(bank.till.town, queued=True)
    assert await bank.till.alerts() == set()


async def test_a_day_that_nobody_sent_is_told_until_it_is_there(bank):
    one, other = Line("10.00", text="prva"), Line("5.00", text="druga")
    await bank.take(camt(one, number="1", opening="100.00", day="2026-11-17"))
    await bank.take(camt(one, number="3", opening="115.00", day="2026-11-19"))
    [alert] = await bank.till.rows("alerts", "kind = 'statement_missing' and settled_at is null")
    assert (
        "one ended on 2026-11-17 with 110.00 EUR, and the next one begins on 2026-11-19 with 115.00" in alert["detail"]
    )
    await bank.take(camt(other, number="2", opening="110.00", day="2026-11-18"))
    assert await bank.till.alerts() == {"statement_entries_waiting"}


async def test_no_day_is_missing_where_statements_overlap_or_several_are_of_one_day(bank):
    one = Line("10.00", text="prva")
    await bank.take(camt(one, number="1", opening="100.00", day="2026-11-17"))
    await bank.take(camt(one, number="2", opening="120.00", day="2026-11-20"))
    await bank.take(camt(one, number="3", opening="110.00", day="2026-11-20"))
    month = camt(one, number="M11", opening="100.00", day="2026-11-20")
    for name in (b"FrDtTm", b"OPBD"):
        assert name in month
    month = month.replace(b"<FrDtTm>2026-11-20", b"<FrDtTm>2026-11-17")
    await bank.take(month)
    assert await bank.till.alerts() == {"statement_entries_waiting"}


async def test_a_month_of_thousands_is_compared_with_its_days_in_a_moment(bank):
    """PostgreSQL knows nothing yet of what is compared: each with each, a large month came to no end."""
    lines = [
        Line(f"{number % 900 + 1}.00", text=f"uplata {number}", bank_reference=f"B{number}") for number in range(2000)
    ]

    async def seconds(number: str) -> float:
        name = f"{number}.xml"
        received = await bank.statements.files.receive(
            1, name, pieces(camt(*lines, number=number), 100_000), by="stf_1"
        )
        began = time.monotonic()
        assert await bank.statements.importing.read(bank.till.town, received.file.file_id)
        return time.monotonic() - began

    day, month = await seconds("1"), await seconds("M11")
    assert month < 6 * day + 1
    assert [row["reason"] for row in await bank.till.rows("statement_entries", "state = 'set_aside'")] == [
        "repeated"
    ] * 2000
