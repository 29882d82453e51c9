"""What must not be booked by itself, nor by whom it is no business of; and what must not stop everything else."""

from __future__ import annotations

import asyncio
import json
import re
from dataclasses import replace

import pytest

from hub.kernel.errors import Conflict, InvalidRequest, NotReady
from hub.kernel.ids import public_id
from hub.statements.rotation import rekey
from hub.subjects.rotation import rotate
from tests.integration.payments.till import of
from tests.integration.reconciliation.books import GRAD, Line, bill, camt, pieces
from tests.integration.reconciliation.test_verbs import anybody, confirm, queued, taken_at_gateway, with_payouts

UTILITY = "HR1210010051863000160"

__all__ = ["with_payouts"]


async def test_a_payout_that_the_bank_takes_back_waits_and_stops_nothing_else(with_payouts):
    bank = with_payouts
    await taken_at_gateway(bank, 10000)
    owed = await bank.till.owe(1000, references=bill("HR00 9-9"))
    await bank.take(
        camt(Line("100.00", text="Kartice d.d. isplata", bank_reference="P1"), number="1", day="2026-11-22")
    )
    assert (await bank.entry()).kind == "payout"
    lines = [Line("-100.00", bank_reference="P1", reversal=True), Line("10.00", "HR00 9-9")]
    await bank.take(camt(*lines, number="2", opening="100.00", day="2026-11-22"))
    assert await bank.states() == [("booked", None), ("queued", "reversal"), ("booked", None)]
    assert await bank.due([owed]) == [0]


async def test_what_takes_money_back_from_one_account_takes_back_no_entry_of_another(bank):
    theirs = await bank.till.owe(10000, references=bill("HR00 9-9"))
    await bank.take(camt(Line("100.00", "HR00 9-9"), number="1"))
    original = await bank.entry()
    await bank.take(camt(Line("-100.00", reversal=True), number="2", account=UTILITY, opening="100.00"))
    [_, back] = await bank.entries()
    with pytest.raises(InvalidRequest):
        await bank.reconciliation.takes_back(
            bank.till.town, back.entry_id, original.entry_id, by="stf_1", reason=None, allowed=anybody
        )
    assert await bank.due([theirs]) == [0]


async def test_a_refund_of_one_payee_is_not_done_by_a_transfer_from_another_ones_account(bank):
    await bank.till.owe(1000, references=bill("HR00 9-9"))
    await bank.take(camt(Line("12.00", "HR00 9-9"), number="1"))
    [charge] = await bank.till.rows("charges")
    refund_id = await bank.till.ask(charge["charge_id"], 200, to="bank")
    named = Line("-2.00", text=f"povrat {public_id('rfd', refund_id)}")
    await bank.take(camt(named, number="2", account=UTILITY, opening="12.00"))
    [refund] = await bank.till.rows("refunds")
    assert refund["state"] == "approved"


async def test_a_transfer_of_ours_that_comes_back_is_no_payment_of_what_its_symbol_names(bank):
    owed = await bank.till.owe(1000, references=bill("HR00 9-9"))
    content = camt(Line("2.00", "HR00 9-9", text="povrat preplate"))
    returned = content.replace(b"<RmtInf>", b"<RtrInf><Rsn><Cd>AC04</Cd></Rsn></RtrInf><RmtInf>", 1)
    await bank.take(returned)
    assert await bank.states() == [("queued", "returned")]
    assert await bank.due([owed]) == [1000]


async def test_who_gives_less_to_an_obligation_than_its_payment_waits_for_is_believed(bank):
    owed = await bank.till.owe(10000)
    await bank.till.pay(of(owed), method="transfer")
    entry_id = await queued(bank)
    await confirm(bank, entry_id, of(owed, 4000), reason="the rest is for something else")
    assert await bank.due([owed]) == [6000]


async def test_a_file_refused_to_one_cashier_is_taken_from_another_one(bank):
    content, service = camt(Line("1.00")), bank.statements.files
    first = await service.receive(1, "a.xml", pieces(content), by="stf_2", payees=["niskogradnja"])
    await bank.reconciliation.read(bank.till.town, first.file.file_id)
    assert (await bank.file(first.file.file_id)).state == "refused"
    second = await service.receive(1, "b.xml", pieces(content), by="stf_1")
    await bank.reconciliation.read(bank.till.town, second.file.file_id)
    taken = await bank.file(second.file.file_id)
    assert (second.known, taken.state, taken.by) == (False, "read", "stf_1")


async def test_a_month_after_its_days_counts_nothing_twice_when_keys_were_rotated_in_between(bank):
    owed = await bank.till.owe(1000, references=bill("HR00 9-9"))
    await bank.take(camt(Line("4.00", "HR00 9-9", bank_reference="B1"), number="1"))
    await rotate(bank.till.database, bank.till.payments._vault, 1, [rekey])
    await bank.take(camt(Line("4.00", "HR00 9-9", bank_reference="B1"), Line("1.00", "HR00 9-9"), number="M11"))
    assert await bank.due([owed]) == [500]


async def test_what_is_read_while_keys_are_rotated_is_read_again_and_counts_nothing_twice(bank, monkeypatch):
    from adapters.bank_statement.camt import FORMAT

    owed = await bank.till.owe(1000, references=bill("HR00 9-9"))
    await bank.take(camt(Line("4.00", "HR00 9-9", bank_reference="B1"), number="1"))
    month = camt(Line("4.00", "HR00 9-9", bank_reference="B1"), Line("1.00", "HR00 9-9"), number="M11")
    received = await bank.statements.files.receive(1, "month.xml", pieces(month), by="stf_1")
    loop, read = asyncio.get_running_loop(), FORMAT.read

    def keys_are_rotated_meanwhile(*arguments):
        rotation = rotate(bank.till.database, bank.till.payments._vault, 1, [rekey])
        asyncio.run_coroutine_threadsafe(rotation, loop).result(timeout=30)
        yield from read(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr("adapters.bank_statement.camt.FORMAT.read", keys_are_rotated_meanwhile, raising=False)
        with pytest.raises(NotReady):
            await bank.reconciliation.read(bank.till.town, received.file.file_id)
    async with bank.till.database.town(1) as connection:
        bank.till.keys = await bank.till.payments._vault.keys(connection, 1)
    assert len(await bank.entries()) == 1
    await bank.reconciliation.read(bank.till.town, received.file.file_id)
    await bank.reconciliation.match(bank.till.town, queued=False)
    assert await bank.states() == [("booked", None), ("set_aside", "repeated"), ("booked", None)]
    assert await bank.due([owed]) == [500]


def privatbank(**fields) -> bytes:
    known = {
        "AUT_MY_ACC": GRAD, "TRANTYPE": "C", "PR_PR": "r", "FL_REAL": "r", "REF": "A1", "SUM": "1.00", "CCY": "EUR",
        "DAT_OD": "20.11.2026", "OSND": "uplata",
    }  # fmt: skip
    return json.dumps({"status": "SUCCESS", "transactions": [known | fields]}).encode()


@pytest.mark.parametrize(
    "content",
    [
        privatbank(REF="A\0"),
        privatbank(OSND="\ud800"),
        privatbank(AUT_CNTR_ACC="\udc00"),
    ],
)
async def test_a_file_that_holds_what_nobody_can_store_is_refused_and_stops_no_other(bank, content):
    file = await bank.take(content, "privat.json")
    assert (file.state, bool(file.problem)) == ("refused", True)
    assert "statement_refused" in await bank.till.alerts()


async def test_who_writes_a_gateways_name_into_her_transfer_pays_what_its_symbol_says(with_payouts):
    bank = with_payouts
    [charge] = await taken_at_gateway(bank, 3500)
    owed = await bank.till.owe(3500, references=bill("HR00 9-9"))
    await bank.take(camt(Line("35.00", "HR00 9-9", text="za Kartice d.d. sam platila dvaput"), day="2026-11-22"))
    assert (await bank.entry()).kind == "payment"
    assert await bank.due([owed]) == [0]
    assert (await bank.till.balances(charge))["gateway"] == 3500


async def test_two_workers_and_a_clerk_at_once_book_each_entry_once(bank):
    owed = [await bank.till.owe(1000, references=bill(f"HR00 {number}-1")) for number in range(11, 17)]
    received = await bank.statements.files.receive(
        1, "x.xml", pieces(camt(*(Line("10.00", f"HR00 {number}-1") for number in range(11, 17)))), by="stf_1"
    )
    await bank.statements.importing.read(bank.till.town, received.file.file_id)
    matching = [bank.matching.run(bank.till.town, queued=True) for _ in range(2)]
    clerk = [confirm(bank, one.entry_id, of(to)) for one, to in zip(await bank.entries(), owed, strict=True)]
    done = await asyncio.gather(*matching, *clerk, return_exceptions=True)
    assert all(isinstance(one, Conflict) or one is None for one in done[2:]), done
    assert {one.state for one in await bank.entries()} == {"booked"}
    assert await bank.due(owed) == [0] * 6
    assert len(await bank.till.rows("captures")) == 6


async def test_the_same_statement_read_by_two_at_once_counts_once(bank):
    owed = await bank.till.owe(1000, references=bill("HR00 9-9"))
    content = camt(Line("4.00", "HR00 9-9"))
    files = [
        await bank.statements.files.receive(1, f"{n}.xml", pieces(content + b"\n" * n), by="stf_1") for n in range(3)
    ]
    reading = [bank.statements.importing.read(bank.till.town, one.file.file_id) for one in files]
    await asyncio.gather(*reading, return_exceptions=True)
    for one in files:
        await bank.statements.importing.read(bank.till.town, one.file.file_id)
    await bank.matching.run(bank.till.town)
    assert await bank.due([owed]) == [600]
    assert len(await bank.entries()) == 1


async def test_undone_after_it_was_given_back_the_money_is_lost_and_told(bank):
    owed = await bank.till.owe(1000, references=bill("HR00 9-9"))
    await bank.take(camt(Line("10.00", "HR00 9-9")))
    [charge] = await bank.till.rows("charges")
    refund = await bank.till.ask(charge["charge_id"], 700, to="bank")
    await bank.till.heard(refund, "done")
    entry = await bank.entry()
    await bank.reconciliation.undo(bank.till.town, entry.entry_id, by="stf_1", reason="hers", allowed=anybody)
    assert await bank.till.balances(charge["charge_id"]) == {
        "captured": 700, "refunded": 700, "bank": -700, "lost": 700,
    }  # fmt: skip
    assert "payment_money_lost" in await bank.till.alerts()
    assert await bank.due([owed]) == [1000]


async def test_what_the_one_source_of_an_account_tells_counts_and_once(bank):
    owed = await bank.till.owe(1000, references=bill("HR00 2026-004711"))
    await bank.take(privatbank(SUM="10.00", OSND="racun 2026-004711"), "privat.json")
    assert await bank.due([owed]) == [0]
    again = json.loads(privatbank(SUM="10.00", OSND="racun 2026-004711"))
    more = json.loads(privatbank(REF="A2", SUM="3.00"))
    await bank.take(json.dumps({"transactions": again["transactions"] + more["transactions"]}).encode(), "p2.json")
    assert await bank.states() == [("booked", None), ("set_aside", "repeated"), ("queued", "no_reference")]


async def test_what_may_be_a_repetition_is_not_booked_at_night(bank):
    owed = await bank.till.owe(1000, references=bill("HR00 9-9"))
    await bank.take(camt(Line("3.00", "HR00 9-9"), number="1"))
    await bank.take(camt(Line("3.00", "HR00 9-9"), number="M11"))
    await bank.reconciliation.match(bank.till.town, queued=True)
    assert await bank.states() == [("booked", None), ("queued", "perhaps_repeated")]
    assert await bank.due([owed]) == [700]


async def test_what_somebody_has_undone_is_not_booked_again_at_night(bank):
    owed = await bank.till.owe(1000, references=bill("HR00 9-9"))
    await bank.take(camt(Line("10.00", "HR00 9-9")))
    entry = await bank.entry()
    await bank.reconciliation.undo(bank.till.town, entry.entry_id, by="stf_1", reason="not hers", allowed=anybody)
    await bank.reconciliation.match(bank.till.town, queued=True)
    assert (await bank.entry()).state == "queued"
    assert await bank.due([owed]) == [1000]


async def test_what_somebody_has_reopened_is_hers_to_decide(bank):
    await bank.take(camt(Line("10.00", "HR00 9-9")))
    entry, by = await bank.entry(), {"by": "stf_1", "reason": "it is ours after all", "allowed": anybody}
    await bank.reconciliation.set_aside(bank.till.town, entry.entry_id, **by)
    await bank.reconciliation.reopen(bank.till.town, entry.entry_id, **by)
    owed = await bank.till.owe(1000, references=bill("HR00 9-9"))
    await bank.reconciliation.match(bank.till.town, queued=True)
    assert await bank.due([owed]) == [1000]


async def test_what_does_not_add_up_is_not_booked_at_night(bank):
    owed = await bank.till.owe(1000, references=bill("HR00 9-9"))
    content = camt(Line("10.00", "HR00 9-9"))
    [part] = re.findall(b"<TxDtls>.*</TxDtls>", content)
    await bank.take(content.replace(part, part.replace(b"10.00", b"6.00") + part.replace(b"10.00", b"3.00")))
    assert await bank.states() == [("queued", "disagrees")]
    await bank.reconciliation.match(bank.till.town, queued=True)
    assert await bank.due([owed]) == [1000]


async def test_a_file_that_is_taken_after_all_is_nobodys_worry_any_more(bank):
    account = "HR2423400091110000001"
    refused = await bank.take(camt(Line("1.00"), account=account))
    assert (refused.state, await bank.till.alerts()) == ("refused", {"statement_refused"})
    payees = {**bank.till.town.city.payees}
    payees["grad"] = payees["grad"].model_copy(update={"account": account})
    bank.till.town = replace(bank.till.town, city=bank.till.town.city.model_copy(update={"payees": payees}))
    await bank.statements.files.read_again(1, refused.file_id)
    assert await bank.statements.importing.read(bank.till.town, refused.file_id)
    assert await bank.till.alerts() == set()
