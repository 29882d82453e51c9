"""What staff decide is booked, can be undone, and has its line with who and why."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from hub.kernel.errors import Conflict, InvalidRequest, NotFound
from hub.kernel.ids import new_uuid
from hub.reconciliation import payouts
from tests.integration.payments.till import eur, of
from tests.integration.reconciliation.books import Line, bill, camt


def anybody(_entry):
    return None


async def queued(bank, amount="100.00", **line):
    await bank.take(camt(Line(amount, **line)))
    entry = await bank.entry()
    assert entry.state == "queued"
    return entry.entry_id


async def confirm(bank, entry_id, *wanted, **more):
    values = {"payee": None, "by": "stf_1", "reason": None, "allowed": anybody, **more}
    await bank.reconciliation.confirm(bank.till.town, entry_id, wanted, **values)


async def test_one_entry_is_split_over_several_obligations(bank):
    one, other = await bank.till.owe(6000), await bank.till.owe(9000)
    entry_id = await queued(bank)
    await confirm(bank, entry_id, of(one), of(other), reason="she called")
    assert await bank.due([one, other]) == [0, 5000]
    entry = await bank.entry()
    assert (entry.state, entry.kind) == ("booked", "payment")
    last = (await bank.decisions(entry_id))[-1]
    assert (last.by, last.reason, [one["amount"] for one in last.targets]) == ("stf_1", "she called", [6000, 4000])
    # Asked again after no answer it says what it is, and not that nothing is due any more.
    with pytest.raises(Conflict, match="This entry is booked: undo that first, or reassign it"):
        await confirm(bank, entry_id, of(one), of(other), reason="she called")


async def test_who_says_that_it_was_announced_is_named_with_the_payment(bank):
    owed = await bank.till.owe(10000)
    payment_id = await bank.till.pay(of(owed), method="transfer")
    await confirm(bank, await queued(bank), of(owed))
    assert (await bank.entry()).payment_id == payment_id
    [event] = await bank.till.rows("payment_events", "event = 'captured'")
    assert (event["payment_id"], event["by"]) == (payment_id, "stf_1")


async def test_what_nobody_knows_is_kept_and_allocated_later(bank):
    entry_id = await queued(bank)
    await confirm(bank, entry_id)
    [charge] = await bank.till.rows("charges")
    assert await bank.till.balances(charge["charge_id"]) == {"captured": 10000, "unallocated": 10000, "bank": 10000}


@pytest.mark.parametrize(
    ("wanted", "error"),
    [
        (lambda one, _: [of(one, 6001)], Conflict),
        (lambda one, other: [of(one, 6000), of(other, 4001)], Conflict),
        (lambda one, _: [of(one, 6000), of(one, 6000)], Conflict),
        (lambda one, _: [of(one, None, 7)], InvalidRequest),
        (lambda _, __: [of(new_uuid())], NotFound),
    ],
)
async def test_more_than_came_or_than_is_due_is_refused_and_nothing_is_booked(bank, wanted, error):
    one, other = await bank.till.owe(6000), await bank.till.owe(9000)
    entry_id = await queued(bank)
    with pytest.raises(error):
        await confirm(bank, entry_id, *wanted(one, other))
    assert await bank.due([one, other]) == [6000, 9000]
    assert (await bank.entry()).state == "queued"
    assert await bank.till.rows("captures") == []


async def test_another_payees_obligation_is_not_paid_from_this_account(bank):
    theirs = await bank.till.owe(6000, payee="niskogradnja")
    entry_id = await queued(bank)
    with pytest.raises(InvalidRequest):
        await confirm(bank, entry_id, of(theirs))


async def test_undone_it_waits_again_and_can_be_booked_for_something_else(bank):
    one, other = await bank.till.owe(10000), await bank.till.owe(10000)
    entry_id = await queued(bank)
    await confirm(bank, entry_id, of(one))
    await bank.reconciliation.undo(bank.till.town, entry_id, by="stf_1", reason="wrong person", allowed=anybody)
    assert await bank.due([one, other]) == [10000, 10000]
    await confirm(bank, entry_id, of(other))
    assert await bank.due([one, other]) == [10000, 0]
    assert [str(one.event) for one in await bank.decisions(entry_id)] == [
        "unclear", "confirmed", "undone", "confirmed",
    ]  # fmt: skip
    totals = [sum(row[name] for row in await bank.till.rows("charge_balances")) for name in ("bank", "captured")]
    assert totals == [10000, 10000]


async def test_reassigned_at_once(bank):
    one, other = await bank.till.owe(10000, references=bill("HR00 1-2")), await bank.till.owe(10000)
    await bank.take(camt(Line("100.00", "HR00 1-2")))
    entry = await bank.entry()
    await bank.reconciliation.reassign(
        bank.till.town, entry.entry_id, [of(other)], payee=None, by="stf_1", reason="his brother's", allowed=anybody
    )
    assert await bank.due([one, other]) == [10000, 0]


async def test_a_reassignment_that_cannot_be_leaves_all_as_it_was(bank):
    one, other = await bank.till.owe(10000, references=bill("HR00 1-2")), await bank.till.owe(500)
    await bank.take(camt(Line("100.00", "HR00 1-2")))
    entry = await bank.entry()
    with pytest.raises(Conflict):
        await bank.reconciliation.reassign(
            bank.till.town, entry.entry_id, [of(other, 10000)], payee=None, by="stf_1", reason="hers", allowed=anybody
        )
    assert await bank.due([one, other]) == [0, 500]
    assert (await bank.entry()).state == "booked"


async def test_what_is_not_the_hubs_is_set_aside_and_reopened(bank):
    entry_id = await queued(bank, text="kamata")
    await bank.reconciliation.set_aside(bank.till.town, entry_id, by="stf_1", reason="interest", allowed=anybody)
    with pytest.raises(Conflict):
        await confirm(bank, entry_id)
    await bank.reconciliation.reopen(bank.till.town, entry_id, by="stf_1", reason="it is not", allowed=anybody)
    await confirm(bank, entry_id)
    assert (await bank.entry()).state == "booked"


async def test_a_reversal_nobody_can_place_is_placed_by_somebody(bank):
    owed = await bank.till.owe(10000, references=bill("HR00 1-2"))
    await bank.take(camt(Line("100.00", "HR00 1-2"), number="1"))
    original = await bank.entry()
    await bank.take(camt(Line("-100.00", account="", reversal=True), number="2", opening="100.00"))
    reversal = (await bank.entries())[1]
    assert (reversal.state, reversal.reason) == ("queued", "reversal")
    await bank.reconciliation.takes_back(
        bank.till.town, reversal.entry_id, original.entry_id, by="stf_1", reason="the bank said so", allowed=anybody
    )
    assert await bank.due([owed]) == [10000]
    assert [str(one.state) for one in await bank.entries()] == ["reversed", "booked"]


async def test_whoever_it_is_not_of_decides_nothing(bank):
    entry_id = await queued(bank)

    def refused(_entry):
        raise NotFound("There is no such entry.")

    with pytest.raises(NotFound):
        await confirm(bank, entry_id, allowed=refused)
    assert (await bank.entry()).state == "queued"


# ── Payouts of gateways ──────────────────────────────────────────────────────────────────────────


async def taken_at_gateway(bank, *amounts):
    """Charges a gateway has taken, each on a day of its own."""
    charges = []
    for minor in amounts:
        charge = await bank.till.charge(of(await bank.till.owe(minor)))
        attempt = new_uuid()
        async with bank.till.database.town(1) as connection:
            await connection.execute(
                """insert into gateway_attempts (city_id, attempt_id, charge_id, payment_id, gateway, payee, number, minor,
                       currency, state, created_at, expires_at, captured_at, settled_at, changed_at)
                   select 1, $1, charge_id, payment_id, 'kartica', payee, $3, amount, currency, 'captured', $4, $4, $4,
                          $4, $4 from charges where charge_id = $2""",
                attempt, charge, str(10**9 + attempt.int % 10**9), bank.till.now,
            )  # fmt: skip
        await bank.till.capture(charge, minor, source_id=attempt)
        charges.append(charge)
        bank.till.clock.move(timedelta(days=1))
    return charges


@pytest.fixture
def with_payouts(bank):
    from dataclasses import replace

    from hub.cities.money import CardGateway

    block = CardGateway(gateway="sandbox", name={"hr": "Kartica"}, payee="grad", payouts=["Kartice d.d."], settings={})
    city = bank.till.town.city.model_copy(update={"gateways": {"kartica": block}})
    bank.till.town = replace(bank.till.town, city=city)
    return bank


async def test_the_payout_of_whole_days_is_recognised(with_payouts):
    bank = with_payouts
    charges = await taken_at_gateway(bank, 1000, 2500, 4000)
    await bank.take(camt(Line("35.00", name="KARTICE  d.d."), day="2026-11-24"))
    assert (await bank.entry()).kind == "payout"
    assert [await bank.till.balances(one) for one in charges] == [
        {"captured": 1000, "allocated": 1000, "bank": 1000},
        {"captured": 2500, "allocated": 2500, "bank": 2500},
        {"captured": 4000, "allocated": 4000, "gateway": 4000},
    ]


async def test_a_payout_without_its_fee_is_suggested_and_confirmed(with_payouts):
    bank = with_payouts
    charges = await taken_at_gateway(bank, 1000, 2000)
    await bank.take(camt(Line("29.50", name="Kartice d.d."), day="2026-11-23"))
    entry = await bank.entry()
    assert entry.state == "queued"
    best = (await bank.likely(entry)).payouts[0]
    assert (best.gateway, best.fee, len(best.charges)) == ("kartica", 50, 2)
    said = {"since": best.since, "until": best.until, "by": "stf_1", "reason": None, "allowed": anybody}
    with pytest.raises(InvalidRequest, match="look at the entry again"):
        await bank.reconciliation.payout(bank.till.town, entry.entry_id, fee=49, **said)
    await bank.reconciliation.payout(bank.till.town, entry.entry_id, fee=50, **said)
    balances = [await bank.till.balances(one) for one in charges]
    assert balances == [
        {"captured": 1000, "allocated": 1000, "bank": 984, "fee": 16},
        {"captured": 2000, "allocated": 2000, "bank": 1966, "fee": 34},
    ]
    assert eur(984 + 1966) == entry.amount


async def as_payout(bank, entry, best):
    await bank.reconciliation.payout(
        bank.till.town, entry.entry_id, since=best.since, until=best.until, fee=best.fee,
        by="stf_1", reason=None, allowed=anybody,
    )  # fmt: skip


async def undo(bank, entry):
    await bank.reconciliation.undo(bank.till.town, entry.entry_id, by="stf_1", reason="another day's", allowed=anybody)


async def test_two_who_say_the_same_days_of_two_payouts_do_not_book_them_twice(with_payouts):
    bank = with_payouts
    first, second = await taken_at_gateway(bank, 1000, 1000)
    payout = Line("10.00", name="Kartice d.d.")
    await bank.take(camt(payout, payout, day="2026-11-24"))
    one, other = await bank.entries()
    assert [one.state, other.state] == ["queued", "queued"]
    before, after = (await bank.likely(one)).payouts
    async with bank.till.database.town(1) as connection:
        await payouts.book(connection, bank.till.town, bank.till.payments, one, before, by="stf_2", now=bank.till.now)
        at_once = asyncio.create_task(as_payout(bank, other, before))
        while not await connection.fetchval("select exists (select from pg_locks where not granted)"):
            assert not at_once.done(), "it waits for the charge"
            await asyncio.sleep(0.02)
    with pytest.raises(Conflict, match="look at the entry again"):
        await at_once
    assert [entry.state for entry in await bank.entries()] == ["booked", "queued"]
    await as_payout(bank, other, after)
    for charge in (first, second):
        assert await bank.till.balances(charge) == {"captured": 1000, "allocated": 1000, "bank": 1000}


async def test_a_payout_is_undone_and_booked_again_as_often_as_it_takes(with_payouts):
    bank = with_payouts
    charges = await taken_at_gateway(bank, 1000, 2000)
    await bank.take(camt(Line("29.50", name="Kartice d.d."), day="2026-11-23"))
    entry = await bank.entry()
    [best] = (await bank.likely(entry)).payouts
    for _ in range(3):
        await as_payout(bank, entry, best)
        assert [await bank.till.balances(one) for one in charges] == [
            {"captured": 1000, "allocated": 1000, "bank": 984, "fee": 16},
            {"captured": 2000, "allocated": 2000, "bank": 1966, "fee": 34},
        ]
        await undo(bank, entry)
        assert [await bank.till.balances(one) for one in charges] == [
            {"captured": 1000, "allocated": 1000, "gateway": 1000},
            {"captured": 2000, "allocated": 2000, "gateway": 2000},
        ]
        assert (await bank.entry()).state == "queued"
        assert (await bank.likely(entry)).payouts == [best]


@pytest.mark.parametrize(("came", "fee"), [("17.00", 0), ("16.50", 50)])
async def test_what_was_given_back_after_its_payout_is_kept_from_the_next_one(with_payouts, came, fee):
    bank = with_payouts
    [given_back] = await taken_at_gateway(bank, 1000)
    await bank.take(camt(Line("10.00", name="Kartice d.d."), number="1", day="2026-11-22"))
    assert (await bank.entry()).kind == "payout"
    await bank.till.charged_back(given_back, 300)
    [taken] = await taken_at_gateway(bank, 2000)
    await bank.take(camt(Line(came, name="Kartice d.d."), number="2", opening="10.00", day="2026-11-24"))
    _, entry = await bank.entries()
    if fee:
        [best] = (await bank.likely(entry)).payouts
        assert (best.fee, len(best.charges)) == (fee, 2)
        await as_payout(bank, entry, best)
    assert (await bank.entries())[1].kind == "payout"
    theirs = {"captured": 1000, "allocated": 700, "charged_back": 300}
    assert await bank.till.balances(given_back) == {**theirs, "bank": 700}
    kept = {"fee": fee} if fee else {}
    assert await bank.till.balances(taken) == {"captured": 2000, "allocated": 2000, "bank": 2000 - fee, **kept}
    await undo(bank, entry)
    assert await bank.till.balances(given_back) == {**theirs, "gateway": -300, "bank": 1000}
    assert await bank.till.balances(taken) == {"captured": 2000, "allocated": 2000, "gateway": 2000}
