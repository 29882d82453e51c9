"""What is certain is booked by itself; everything else waits, and nothing is lost."""

from __future__ import annotations

import pytest

from hub.kernel.money import Money
from hub.obligations.candidates import Candidate
from tests.integration.payments.till import eur, of
from tests.integration.reconciliation.books import Line, bill, camt


async def test_a_symbol_of_one_bill_is_booked_and_the_obligation_is_paid(bank):
    owed = await bank.till.owe(12550, references=bill("HR68 5720-87582274224"))
    file = await bank.take(camt(Line("125.50", "HR68 5720-87582274224")))
    assert (file.state, file.format) == ("read", "camt")
    entry = await bank.entry()
    assert (entry.state, entry.kind, entry.amount) == ("booked", "payment", eur(12550))
    assert await bank.due([owed]) == [0]
    [decision] = await bank.decisions(entry.entry_id)
    assert (decision.by, decision.score, list(decision.why)) == ("hub", 100, ["symbol", "amount"])
    [payment] = await bank.till.rows("payments")
    assert (payment["payment_id"], payment["method"], payment["state"]) == (entry.payment_id, "transfer", "paid")


async def test_the_same_file_and_the_same_statement_count_once(bank):
    owed = await bank.till.owe(12550, references=bill("HR68 5720-87582274224"))
    content = camt(Line("100.00", "HR68 5720-87582274224"))
    first, again = await bank.take(content), await bank.take(content, "other name.xml")
    assert first.file_id == again.file_id
    # The same statement in a file that is not the same to the last byte.
    assert (await bank.take(content.replace(b"<GrpHdr>", b"<GrpHdr >"))).state == "read"
    assert await bank.due([owed]) == [2550]
    assert len(await bank.entries()) == 1


async def test_a_broken_file_is_refused_whole_with_its_place(bank):
    content = camt(Line("100.00"), Line("5.00"))
    refused = await bank.take(content[:-300])
    assert (refused.state, refused.line) == ("refused", 1)
    assert await bank.entries() == []


async def test_an_account_that_is_nobodys_is_named(bank):
    refused = await bank.take(camt(Line("1.00"), account="HR9223400091110000000"))
    assert refused.state == "refused"
    assert "HR9223400091110000000" in refused.problem


async def test_a_part_is_booked_and_what_is_too_much_stays_unallocated(bank):
    owed = await bank.till.owe(10000, references=bill("HR00 1-1"))
    await bank.take(camt(Line("30.00", "HR00 1-1"), number="1"))
    assert await bank.due([owed]) == [7000]
    await bank.take(camt(Line("90.00", "HR00 1-1"), number="2"))
    assert await bank.due([owed]) == [0]
    assert [one.state for one in await bank.entries()] == ["booked", "booked"]
    balances = [row["unallocated"] for row in await bank.till.rows("charge_balances")]
    assert sorted(balances) == [0, 2000]


async def test_the_amount_says_which_of_several_bills_with_one_symbol(bank):
    this, other = [await bank.till.owe(minor, references=bill("HR00 77-5")) for minor in (5000, 6000)]
    await bank.take(camt(Line("60.00", "HR00 77-5"), number="1"))
    assert await bank.due([this, other]) == [5000, 0]


async def test_all_of_several_bills_with_one_symbol_are_paid_at_once(bank):
    both = [await bank.till.owe(minor, references=bill("HR00 77-5")) for minor in (5000, 6000)]
    await bank.take(camt(Line("110.00", "HR00 77-5")))
    assert await bank.due(both) == [0, 0]


async def test_several_bills_that_do_not_tell_wait_for_somebody(bank):
    both = [await bank.till.owe(minor, references=bill("HR00 77-5")) for minor in (5000, 6000)]
    await bank.take(camt(Line("40.00", "HR00 77-5")))
    assert await bank.states() == [("queued", "several_obligations")]
    assert await bank.due(both) == [5000, 6000]
    assert "statement_entries_waiting" in await bank.till.alerts()


async def test_a_number_in_the_text_needs_the_amount(bank):
    owed = await bank.till.owe(12345, references=bill("HR00 2026-004711"))
    await bank.take(camt(Line("100.00", text="uplata po racunu 2026-004711 hvala"), number="1"))
    assert await bank.states() == [("queued", "amount_differs")]
    await bank.take(camt(Line("123.45", text="uplata po racunu 2026-004711 hvala"), number="2"))
    assert await bank.due([owed]) == [0]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (Line("10.00"), "no_reference"),
        (Line("10.00", "HR00 999-999"), "unknown_reference"),
        (Line("10.00", batch=3), "summarised"),
    ],
)
async def test_what_nobody_can_tell_waits_with_its_reason(bank, line, reason):
    await bank.take(camt(line))
    assert await bank.states() == [("queued", reason)]


async def test_what_is_paid_already_waits_since_the_office_may_have_booked_it(bank):
    await bank.till.owe(1000, references=bill("HR00 5-5"), outstanding=Money(0, "EUR"))
    await bank.take(camt(Line("10.00", "HR00 5-5")))
    assert await bank.states() == [("queued", "nothing_due")]


async def test_money_that_went_is_set_aside(bank):
    await bank.take(camt(Line("-40.00", name="Hrvatske ceste"), opening="100.00"))
    assert await bank.states() == [("set_aside", "went")]


async def test_a_payment_that_waits_for_this_transfer_is_the_one_that_is_paid(bank):
    owed = await bank.till.owe(5000, references=bill("HR00 6-6"))
    payment_id = await bank.till.pay(of(owed), method="transfer")
    await bank.take(camt(Line("50.00", "HR00 6-6")))
    assert (await bank.entry()).payment_id == payment_id
    [payment] = await bank.till.rows("payments")
    assert payment["state"] == "paid"


async def test_what_becomes_due_later_is_found_at_night(bank):
    await bank.take(camt(Line("10.00", "HR00 8-8")))
    owed = await bank.till.owe(1000, references=bill("HR00 8-8"))
    await bank.reconciliation.match(bank.till.town, queued=True)
    assert await bank.due([owed]) == [0]
    assert "statement_entries_waiting" not in await bank.till.alerts()


async def test_the_bank_takes_an_entry_back(bank):
    owed = await bank.till.owe(1000, references=bill("HR00 9-9"))
    await bank.take(camt(Line("10.00", "HR00 9-9", bank_reference="B1"), number="1"))
    assert await bank.due([owed]) == [0]
    await bank.take(camt(Line("-10.00", bank_reference="B1", reversal=True), number="2", opening="10.00"))
    assert await bank.due([owed]) == [1000]
    assert sorted(one.state for one in await bank.entries()) == ["booked", "reversed"]


async def test_a_month_after_its_days_counts_nothing_twice(bank):
    owed = await bank.till.owe(1000, references=bill("HR00 9-9"))
    lines = [Line("4.00", "HR00 9-9", bank_reference="B1"), Line("3.00", "HR00 9-9")]
    await bank.take(camt(*lines, number="1"))
    await bank.take(camt(*lines, Line("1.00", "HR00 9-9"), number="M11"))
    assert await bank.due([owed]) == [200]
    states = await bank.states()
    assert states[2:] == [("set_aside", "repeated"), ("queued", "perhaps_repeated"), ("booked", None)]


async def test_a_refund_by_transfer_is_done_when_the_bank_says_so(bank):
    owed = await bank.till.owe(1000, references=bill("HR00 9-9"))
    await bank.take(camt(Line("12.00", "HR00 9-9"), number="1"))
    [charge] = await bank.till.rows("charges")
    refund_id = await bank.till.ask(charge["charge_id"], 200, to="bank")
    from hub.kernel.ids import public_id

    named = Line("-2.00", text=f"povrat {public_id('rfd', refund_id)}")
    await bank.take(camt(named, number="2", opening="12.00"))
    [refund] = await bank.till.rows("refunds")
    assert refund["state"] == "done"
    assert await bank.due([owed]) == [0]


async def test_suggestions_have_reasons_and_the_likeliest_is_first(bank):
    meant = await bank.till.owe(4200, references=bill("HR00 123456-7"))
    await bank.till.owe(9900, references=bill("HR00 123456-8"))
    await bank.take(camt(Line("42.00", text="racun 1234567 za vodu", reference="HR00 132456-7", name="Horvat, Ana")))
    entry = await bank.entry()
    assert entry.state == "booked", "the number in the text and the amount agree"
    assert await bank.due([meant]) == [0]


async def test_a_slip_of_the_finger_is_suggested_and_not_booked(bank):
    meant = await bank.till.owe(4200, references=bill("HR00 123456-7"))
    await bank.take(camt(Line("42.00", "HR00 132456-7")))
    entry = await bank.entry()
    assert entry.reason == "unknown_reference"
    first = (await bank.likely(entry)).obligations[0]
    assert first.candidate == Candidate(meant, "grad", "EUR", 4200, False, word="1234567")
    assert {"nearly_reference", "amount"} <= first.why
    assert first.score >= 55
