"""Statements that a bank tells once more and otherwise: nothing counts twice, nothing is lost, and somebody says so."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from hub.kernel.errors import Conflict
from hub.reconciliation.service import ReconciliationService
from hub.statements import corrections
from hub.statements import service as statements
from hub.statements.service import StatementService
from tests.integration.payments.till import of
from tests.integration.reconciliation.books import Line, bill, camt
from tests.integration.reconciliation.test_verbs import anybody, confirm

ANA = Line("100.00", "HR00 1-1", text="prva", bank_reference="B1")
IVO = Line("5.00", text="druga", bank_reference="B2")
EVA = Line("7.00", "HR00 2-2", text="treca", bank_reference="B3")


async def listed(bank):
    """All there are, the first one first."""
    async with bank.till.database.town(1) as connection:
        return (await statements.listed(connection, 1))[::-1]


async def differences(bank, one):
    """What it tells otherwise: amounts before and after."""
    async with bank.till.database.town(1) as connection:
        before = await corrections.told_instead_of(connection, 1, one)
        found = await corrections.differences(connection, 1, before, one.statement_id)
    amounts = {entry.entry_id: entry.amount.minor for entry in await bank.entries()}
    return [(amounts.get(each.before), amounts.get(each.after)) for each in found]


async def accept(bank, one):
    await bank.reconciliation.accept(1, one.statement_id, by="stf_1", reason="the bank wrote so")
    await bank.reconciliation.match(bank.till.town, queued=False)


async def dismiss(bank, one):
    await bank.statements.dismiss(1, one.statement_id, by="stf_1", reason="the bank took it back")


async def look_at(bank, one):
    await bank.statements.looked_at(1, one.statement_id, by="stf_1", reason="the bank was asked")


async def undo(bank, entry_id):
    await bank.reconciliation.undo(bank.till.town, entry_id, by="stf_1", reason="the bank", allowed=anybody)


async def of_statement(bank, one):
    """Amounts, states and reasons of its entries in their places."""
    found = [entry for entry in await bank.entries() if entry.statement_id == one.statement_id]
    return [(entry.amount.minor, str(entry.state), entry.reason) for entry in found]


async def corrected(bank, before, after, **changes):
    """A statement with entries `before`, and the same with `after`, which is held."""
    await bank.take(camt(*before, **changes))
    await bank.take(camt(*after, **changes))
    [first, second] = await listed(bank)
    assert (first.state, second.state, second.corrects) == ("counts", "held", first.statement_id)
    return first, second


async def test_a_corrected_statement_is_held_and_changes_nothing(bank):
    owed = [
        await bank.till.owe(10000, references=bill("HR00 1-1")),
        await bank.till.owe(700, references=bill("HR00 2-2")),
    ]
    _, second = await corrected(bank, [ANA, IVO], [ANA, EVA])
    assert await bank.states() == [("booked", None), ("queued", "no_reference"), ("held", None), ("held", None)]
    assert await bank.due(owed) == [0, 700]
    assert await differences(bank, second) == [(500, None), (None, 700)]
    assert await bank.till.alerts() == {"statement_corrected", "statement_entries_waiting"}
    [held] = [entry for entry in await bank.entries() if entry.state == "held" and entry.amount.minor == 700]
    with pytest.raises(Conflict, match="accepted first"):
        await confirm(bank, held.entry_id, of(owed[1]))


async def test_accepted_what_was_added_comes_in_and_what_is_gone_is_set_aside(bank):
    owed = [
        await bank.till.owe(10000, references=bill("HR00 1-1")),
        await bank.till.owe(700, references=bill("HR00 2-2")),
    ]
    first, second = await corrected(bank, [ANA, IVO], [ANA, EVA])
    [booked] = [entry.entry_id for entry in await bank.entries() if entry.state == "booked"]
    await accept(bank, second)
    assert await bank.due(owed) == [0, 0]
    assert await of_statement(bank, second) == [(10000, "booked", None), (700, "booked", None)]
    assert await of_statement(bank, first) == [(10000, "set_aside", "repeated"), (500, "set_aside", "vanished")]
    [kept] = [entry for entry in await bank.entries() if entry.state == "booked" and entry.amount.minor == 10000]
    assert (kept.entry_id, kept.statement_id) == (booked, second.statement_id), "the same one, which nobody touched"
    assert await bank.till.alerts() == set()
    first, second = await listed(bank)
    assert (first.state, first.corrected_by, second.state) == ("corrected", second.statement_id, "counts")
    assert await differences(bank, second) == [(500, None), (None, 700)], "it can still be seen"
    said = await bank.till.rows("statement_decisions", "true order by event")
    assert [(row["event"], row["by"], row["reason"]) for row in said] == [
        ("accepted", "stf_1", "the bank wrote so"),
        ("corrected", "stf_1", "the bank wrote so"),
    ]
    with pytest.raises(Conflict, match="This statement counts"):
        await accept(bank, second)


async def test_what_is_booked_and_altered_is_to_be_undone_before_the_other_one_counts(bank):
    owed = await bank.till.owe(10000, references=bill("HR00 1-1"))
    first, second = await corrected(bank, [ANA], [replace(ANA, amount="10.00")])
    assert await differences(bank, second) == [(10000, 1000)]
    await accept(bank, second)
    assert await bank.due([owed]) == [0], "nothing that is booked changes by itself, and nothing counts twice"
    assert await of_statement(bank, first) == [(10000, "booked", None)]
    assert await of_statement(bank, second) == [(1000, "queued", "perhaps_repeated")]
    assert await bank.till.alerts() == {"statement_entries_vanished", "statement_entries_waiting"}
    assert [one.to_undo for one in await listed(bank)] == [1, 0]
    [gone, now] = await bank.entries()
    await undo(bank, gone.entry_id)
    assert await bank.till.alerts() == {"statement_entries_waiting"}
    await confirm(bank, now.entry_id, of(owed))
    assert await bank.due([owed]) == [9000]


async def test_that_something_stays_booked_is_somebodys_decision(bank):
    await bank.till.owe(10000, references=bill("HR00 1-1"))
    first, second = await corrected(bank, [ANA], [IVO])
    await accept(bank, second)
    assert "statement_entries_vanished" in await bank.till.alerts()
    await look_at(bank, first)
    await bank.reconciliation.match(bank.till.town, queued=True)
    assert "statement_entries_vanished" not in await bank.till.alerts()


async def test_dismissed_the_one_before_it_stays_and_the_same_again_is_known(bank):
    owed = await bank.till.owe(10000, references=bill("HR00 1-1"))
    first, second = await corrected(bank, [ANA], [IVO])
    await dismiss(bank, second)
    await bank.take(camt(IVO) + b"\n")
    assert [one.state for one in await listed(bank)] == ["counts", "dismissed"]
    assert await bank.states() == [("booked", None), ("held", None)]
    assert await bank.till.alerts() == set()
    with pytest.raises(Conflict, match="was dismissed"):
        await dismiss(bank, second)
    await accept(bank, second)
    assert [one.state for one in await listed(bank)] == ["corrected", "counts"], "it had been a mistake"
    assert await of_statement(bank, first) == [(10000, "booked", None)]
    assert await bank.due([owed]) == [0]


async def test_a_correction_is_known_by_its_number_though_its_id_is_another(bank):
    owed = await bank.till.owe(10000, references=bill("HR00 1-1"))
    await bank.take(camt(ANA))
    # As ISO 20022 has it: Stmt/Id is every message's own, ElctrncSeqNb the statement's.
    await bank.take(camt(replace(ANA, amount="10.00")).replace(b"<Id>CAMT053/1<", b"<Id>CAMT053/1-2<"))
    assert [one.state for one in await listed(bank)] == ["counts", "held"]
    assert await bank.due([owed]) == [0]
    # A duplicate says the same once more, under whatever id.
    duplicate = camt(ANA).replace(b"<Id>CAMT053/1<", b"<Id>CAMT053/1-3<")
    duplicate = duplicate.replace(b"<Acct>", b"<CpyDplctInd>DUPL</CpyDplctInd><Acct>")
    await bank.take(duplicate)
    assert len(await listed(bank)) == 2
    # What begins with another balance is another statement of that day.
    await bank.take(camt(IVO, opening="100.00").replace(b"<Id>CAMT053/1<", b"<Id>CAMT053/1-4<"))
    assert [one.state for one in await listed(bank)] == ["counts", "held", "counts"]


MT940 = """:20:STARTUMS
:25:HR1723600001101234565
:28C:00221/001
:60F:C261120EUR0,00
:61:2611201120C{amount},00NTRFNONREF//A77
:86:166?20HR00 1-1
:62F:C261120EUR{amount},00
-
"""


async def test_an_mt940_that_comes_again_is_the_same_or_a_correction(bank):
    await bank.till.owe(10000, references=bill("HR00 1-1"))
    await bank.take(MT940.format(amount=3).encode(), "a.sta")
    await bank.take(MT940.format(amount=3).encode().replace(b"STARTUMS", b"RESENT"), "b.sta")
    assert [one.state for one in await listed(bank)] == ["counts"]
    await bank.take(MT940.format(amount=4).encode(), "c.sta")
    [_, second] = await listed(bank)
    assert (second.state, await differences(bank, second)) == ("held", [(300, 400)])


async def test_in_another_order_it_is_the_same(bank):
    await bank.take(camt(IVO, EVA))
    await bank.take(camt(EVA, IVO))
    assert len(await listed(bank)) == 1


async def test_other_balances_are_a_correction_too_and_what_was_told_of_them_is_over(bank):
    wrong = camt(IVO).replace(
        b">5.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt>", b">6.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Dt>"
    )
    await bank.take(wrong)
    assert "statement_disagrees" in await bank.till.alerts()
    await bank.take(camt(IVO))
    [_, second] = await listed(bank)
    assert (second.state, second.agrees, await differences(bank, second)) == ("held", True, [])
    await accept(bank, second)
    assert await bank.till.alerts() == {"statement_entries_waiting"}
    assert await of_statement(bank, second) == [(500, "queued", "no_reference")]


async def test_several_corrections_one_after_the_other(bank):
    owed = [
        await bank.till.owe(10000, references=bill("HR00 1-1")),
        await bank.till.owe(700, references=bill("HR00 2-2")),
    ]
    await corrected(bank, [ANA, IVO], [ANA, EVA])
    await bank.take(camt(ANA, IVO, EVA))
    _, second, third = await listed(bank)
    assert await differences(bank, third) == [(None, 700)]
    await accept(bank, second)
    assert await differences(bank, third) == [(None, 500)], "than the one that counts now"
    await bank.take(camt(ANA, IVO, EVA) + b"\n")
    assert len(await listed(bank)) == 3, "it is known"
    await accept(bank, third)
    assert await of_statement(bank, third) == [
        (10000, "booked", None), (500, "queued", "no_reference"), (700, "booked", None)
    ]  # fmt: skip
    assert await bank.due(owed) == [0, 0]
    assert [one.state for one in await listed(bank)] == ["corrected", "corrected", "counts"]
    # What counted first is told again: the bank may mean it.
    await bank.take(camt(ANA, IVO) + b"\n")
    assert [one.state for one in await listed(bank)] == ["corrected", "corrected", "counts", "held"]
    booked = [entry for entry in await bank.entries() if entry.state == "booked"]
    assert sorted(entry.amount.minor for entry in booked) == [700, 10000]


async def test_two_who_accept_at_the_same_time(bank):
    await corrected(bank, [ANA], [ANA, EVA])
    await bank.take(camt(ANA, IVO))
    _, second, third = await listed(bank)
    done = await asyncio.gather(
        *(bank.reconciliation.accept(1, one.statement_id, by="stf_1", reason="both") for one in (second, third)),
        return_exceptions=True,
    )
    assert sorted(type(one).__name__ for one in done) in (["Conflict", "NoneType"], ["NoneType", "NoneType"])
    assert [one.state for one in await listed(bank)].count("counts") == 1


async def test_what_a_month_tells_too_is_not_lost_with_the_day_that_tells_it_no_more(bank):
    await bank.take(camt(IVO))
    await bank.take(camt(IVO, EVA, number="M11"))
    assert await bank.states() == [
        ("queued", "no_reference"),
        ("set_aside", "repeated"),
        ("queued", "unknown_reference"),
    ]
    await bank.take(camt(ANA))
    second = next(one for one in await listed(bank) if one.state == "held")
    await accept(bank, second)
    assert [
        (entry.amount.minor, str(entry.state), entry.reason)
        for entry in await bank.entries()
        if entry.amount.minor == 500
    ] == [(500, "set_aside", "vanished"), (500, "queued", "perhaps_repeated")]


async def test_what_a_month_tells_twice_is_told_twice_by_the_corrected_day(bank):
    owed = await bank.till.owe(3000, references=bill("HR00 1-1"))
    line = Line("10.00", "HR00 1-1", bank_reference="B1")
    await bank.take(camt(line))
    await bank.take(camt(line, EVA, number="M11"))
    await bank.take(camt(line, line))
    second = next(one for one in await listed(bank) if one.state == "held")
    await accept(bank, second)
    assert await of_statement(bank, second) == [(1000, "booked", None), (1000, "booked", None)]
    assert await bank.due([owed]) == [1000]


async def test_what_was_pending_and_is_booked_in_the_corrected_statement_counts(bank):
    owed = await bank.till.owe(10000, references=bill("HR00 1-1"))
    await bank.take(camt(ANA).replace(b"BOOK", b"PDNG"))
    await bank.take(camt(ANA))
    [_, second] = await listed(bank)
    assert second.state == "held"
    await accept(bank, second)
    assert await bank.due([owed]) == [0]
    assert "statement_entries_vanished" not in await bank.till.alerts()


async def test_a_statement_that_is_held_hides_and_repeats_nothing(bank):
    owed = await bank.till.owe(700, references=bill("HR00 2-2"))
    await corrected(bank, [IVO], [IVO, EVA, Line("5.00", text="cetvrta")])
    await bank.take(camt(EVA, number="2", opening="5.00", day="2026-11-20"))
    assert await bank.due([owed]) == [0]
    assert "statement_missing" not in await bank.till.alerts()
    await bank.take(camt(ANA, number="4", opening="17.00", day="2026-11-22"))
    assert "statement_missing" in await bank.till.alerts(), "its balances are not the account's"


async def test_what_the_bank_takes_back_is_not_of_a_statement_that_is_held(bank):
    owed = await bank.till.owe(10000, references=bill("HR00 1-1"))
    await corrected(bank, [ANA], [ANA, EVA])
    back = Line("-100.00", reversal=True, bank_reference="B1")
    await bank.take(camt(back, number="2", opening="100.00", day="2026-11-21"))
    assert await bank.due([owed]) == [10000], "there is one that it may take back, and not two"


async def test_what_is_gone_and_booked_does_not_hide_what_another_statement_tells(bank):
    await bank.till.owe(10000, references=bill("HR00 1-1"))
    _, second = await corrected(bank, [ANA], [IVO])
    await accept(bank, second)
    await bank.take(camt(ANA, number="M11"))
    [again] = [entry for entry in await bank.entries() if entry.state == "queued" and entry.amount.minor == 10000]
    assert again.reason == "perhaps_repeated"


async def test_a_statement_that_is_held_is_no_other_formats_word(bank):
    owed = await bank.till.owe(700, references=bill("HR00 1-1"))
    await corrected(bank, [IVO], [EVA])
    await bank.take(MT940.format(amount=7).encode(), "izvod.sta")
    assert await bank.due([owed]) == [0]


async def test_one_number_for_every_statement_makes_no_correction_of_the_next_one(bank):
    await bank.take(camt(number="0"))
    await bank.take(camt(IVO, number="0").replace(b"<Id>CAMT053/0<", b"<Id>CAMT053/0-2<"))
    assert [one.state for one in await listed(bank)] == ["counts", "counts"]


async def test_the_other_statements_of_the_file_count(bank):
    owed = await bank.till.owe(700, references=bill("HR00 2-2"))
    await bank.take(camt(IVO))
    head, tail = b"<Stmt>", b"</Stmt>"
    other = camt(EVA, number="2", opening="5.00", day="2026-11-21")
    whole = camt(ANA).replace(tail, tail + head + other.partition(head)[2].partition(tail)[0] + tail)
    assert (await bank.take(whole)).state == "read"
    assert sorted(str(one.state) for one in await listed(bank)) == ["counts", "counts", "held"]
    assert await bank.due([owed]) == [0]


async def test_the_door_of_staff_may_do_all_of_it(bank):
    """With the rights of its role."""
    await bank.till.owe(10000, references=bill("HR00 1-1"))
    first, second = await corrected(bank, [ANA, IVO], [EVA, IVO])
    vault, clock = bank.till.payments._vault, bank.till.clock
    service = StatementService(bank.till.app, vault, clock, {})
    door = ReconciliationService(bank.till.app, vault, clock, bank.till.api, service)
    await door.accept(1, second.statement_id, by="stf_1", reason="the bank wrote so")
    await service.looked_at(1, first.statement_id, by="stf_1", reason="she paid it at the counter")
    assert [one.state for one in await listed(bank)] == ["corrected", "counts"]
    async with bank.till.app.town(1) as connection:
        found = await corrections.differences(connection, 1, first.statement_id, second.statement_id)
    assert len(found) == 2


async def test_when_the_one_before_is_past_its_retention_the_other_one_stays(bank):
    first, second = await corrected(bank, [ANA], [IVO])
    await accept(bank, second)
    await bank.take(camt(ANA, IVO))
    third = next(one for one in await listed(bank) if one.state == "held")
    async with bank.till.database.town(1) as connection:
        await connection.execute("delete from statements where statement_id = $1", first.statement_id)
    assert [(one.state, one.corrects) for one in await listed(bank)] == [
        ("counts", None),
        ("held", second.statement_id),
    ]
    async with bank.till.database.town(1) as connection:
        await connection.execute("delete from statements where statement_id = $1", second.statement_id)
    await accept(bank, third)
    assert [entry.state for entry in await bank.entries()] == ["queued", "queued"]


# ── Balances that do not agree ───────────────────────────────────────────────────────────────────


def page(number: str, line: Line) -> bytes:
    """One of two statements with the balances of both, and without saying that it is a page."""
    both = camt(IVO, EVA)
    alone = camt(line).replace(b"<Id>CAMT053/1<", f"<Id>CAMT053/1-{number}<".encode())
    closing = both.partition(b"CLBD")[2].partition(b"</Bal>")[0]
    return alone.replace(alone.partition(b"CLBD")[2].partition(b"</Bal>")[0], closing)


async def test_pages_that_do_not_say_so_agree_when_all_of_them_are_there(bank):
    await bank.take(page("1", IVO))
    assert "statement_disagrees" in await bank.till.alerts()
    await bank.take(page("2", EVA))
    assert [(one.state, one.agrees) for one in await listed(bank)] == [("counts", False), ("counts", False)]
    assert "statement_disagrees" not in await bank.till.alerts()


async def test_somebody_who_has_looked_ends_what_is_told_of_balances(bank):
    await bank.take(page("1", IVO))
    [one] = await listed(bank)
    await look_at(bank, one)
    assert "statement_disagrees" not in await bank.till.alerts()
    [said] = await bank.till.rows("statement_decisions")
    assert (said["event"], said["by"], said["reason"]) == ("looked_at", "stf_1", "the bank was asked")
    with pytest.raises(Conflict, match="somebody has seen to it"):
        await look_at(bank, one)
