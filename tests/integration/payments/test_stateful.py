"""Everything that can happen to money, in any order: after each step the ledger agrees with itself and with what came.

A few short histories in every run. Many long ones by hand:

    MUNIHUB_PAYMENTS_EXAMPLES=500 pytest tests/integration/payments/test_stateful.py
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Coroutine
from contextlib import AsyncExitStack, suppress
from datetime import timedelta
from typing import Any, TypeVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from hub.kernel.clock import FixedClock
from hub.kernel.errors import Conflict, Forbidden, InvalidRequest, NotFound
from hub.kernel.ids import new_uuid, public_id
from hub.payments.charges import LOST, UNALLOCATED
from hub.payments.refund_rows import DOUBT
from hub.payments.states import TABLES, Balances, Event, State, state_of, together
from hub.storage.provision import DatabaseUrls
from tests.integration.payments.till import Till, eur, of, till

EXAMPLES = int(os.environ.get("MUNIHUB_PAYMENTS_EXAMPLES", "3"))
STEPS = 50 if EXAMPLES > 3 else 18
SAID_NO = (Conflict, Forbidden, InvalidRequest, NotFound)
OWED = (10_000, 700, 3)
T = TypeVar("T")

AMOUNTS = st.sampled_from([1, 2, 3, 350, 699, 700, 703, 5_000, 9_999, 10_000, 10_003, 10_703, 25_000])
KINDS = st.sampled_from(["attempt", "statement_entry", "counter"])
INDEX = st.integers(0, 50)


class Money(RuleBasedStateMachine):
    """`came` and `went`: what the world outside knows of, whatever the hub makes of it."""

    loop: asyncio.AbstractEventLoop
    desk: Till

    def __init__(self) -> None:
        super().__init__()
        self.obligations: list[UUID] = []
        self.payments: list[UUID] = []
        self.charges: list[UUID] = []
        self.sources: dict[UUID, tuple[str, UUID | None, int]] = {}
        self.refunds: dict[UUID, tuple[UUID, int]] = {}
        self.chargebacks: dict[UUID, int] = {}
        self.came = self.went = 0
        self.refused = False
        self.before: list[tuple[UUID, UUID, str]] = []

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        return self.loop.run_until_complete(work)

    def tried(self, work: Coroutine[Any, Any, T]) -> T | None:
        """None where it was refused, which has to leave everything as it was."""
        before = self.run(self.lines())
        try:
            return self.run(work)
        except SAID_NO:
            assert self.run(self.lines()) == before, "refused, and something was booked"
            return None

    async def lines(self) -> int:
        return len(await self.desk.rows("ledger_lines", "charge_id = any ($1)", self.charges))

    @staticmethod
    def one(of_them: Any, index: int) -> Any:
        them = list(of_them)
        return them[index % len(them)]

    @initialize()
    def owe(self) -> None:
        self.obligations = [self.run(self.desk.owe(minor)) for minor in OWED]
        self.desk.with_approval("two_people")
        self.mean_to_pay(0, None)

    @rule(index=INDEX, minor=st.none() | AMOUNTS)
    def mean_to_pay(self, index: int, minor: int | None) -> None:
        wanted = [of(self.one(self.obligations, index), minor)]
        if minor is None and index % 2 == 0:
            wanted = [of(one) for one in self.obligations[: 1 + index % 3]]
        payment = self.tried(self.desk.pay(*wanted))
        if payment is not None:
            self.payments.append(payment)
            self.charges += self.run(self.desk.charges(payment))

    @rule(index=INDEX, what=st.sampled_from(["begin", "pending", "end"]))
    def a_try_at_the_gateway(self, index: int, what: str) -> None:
        if self.charges:
            self.tried(getattr(self.desk, what)(self.one(self.charges, index)))

    @rule(index=INDEX, what=st.sampled_from(["cancel", "expire"]))
    def give_up(self, index: int, what: str) -> None:
        if what == "expire":
            self.desk.clock.move(timedelta(hours=13))
            self.run(self.desk.expire())
        elif self.payments:
            self.tried(self.desk.cancel(self.one(self.payments, index)))

    @rule(index=INDEX, minor=AMOUNTS, kind=KINDS)
    def money_comes_for_a_charge(self, index: int, minor: int, kind: str) -> None:
        if self.charges:
            charge, where = self.one(self.charges, index), new_uuid()
            captured = self.tried(self.desk.capture(charge, minor, kind, where))
            assert captured is not None, "money is never refused"
            assert captured.first
            assert captured.allocated.minor + captured.unallocated.minor == minor
            self.sources[where] = (kind, charge, minor)
            self.came += minor

    @rule(index=INDEX, minor=AMOUNTS, named=st.booleans())
    def money_comes_of_itself(self, index: int, minor: int, *, named: bool) -> None:
        where = new_uuid()
        wanted = [of(self.one(self.obligations, index))] if named else []
        payment = self.run(self.desk.receive(minor, *wanted, source_id=where))
        self.payments.append(payment)
        self.charges += self.run(self.desk.charges(payment))
        self.sources[where] = ("statement_entry", None, minor)
        self.came += minor

    @precondition(lambda self: self.sources)
    @rule(index=INDEX)
    def it_is_told_again(self, index: int) -> None:
        where = self.one(self.sources, index)
        kind, charge, minor = self.sources[where]
        before = self.run(self.lines())
        if charge is None:
            self.run(self.desk.receive(minor, source_id=where))
        else:
            assert not self.run(self.desk.capture(charge, minor, kind, where)).first
        assert self.run(self.lines()) == before

    @precondition(lambda self: any(kind != "attempt" for kind, _, _ in self.sources.values()))
    @rule(index=INDEX, twice=st.booleans())
    def it_was_booked_by_mistake(self, index: int, *, twice: bool) -> None:
        where = self.one([one for one, (kind, _, _) in self.sources.items() if kind != "attempt"], index)
        kind, _, minor = self.sources.pop(where)
        for _ in range(1 + twice):
            self.run(self.desk.take_back(where, kind))
        self.went += minor

    @rule(index=INDEX, other=INDEX, minor=st.none() | AMOUNTS)
    def staff_allocate(self, index: int, other: int, minor: int | None) -> None:
        if self.charges:
            wanted = of(self.one(self.obligations, other), minor)
            self.tried(self.desk.allocate(self.one(self.charges, index), wanted))

    @rule(index=INDEX)
    def staff_take_an_allocation_back(self, index: int) -> None:
        rows = self.run(self.desk.rows("allocations", "charge_id = any ($1) and amount > 0", self.charges))
        if rows:
            self.tried(self.desk.unallocate(self.one(rows, index)["allocation_id"]))

    @rule(index=INDEX, minor=AMOUNTS, to=st.sampled_from(["gateway", "bank"]), chosen=st.booleans())
    def ask_for_a_refund(self, index: int, minor: int, to: str, *, chosen: bool) -> None:
        if not self.charges:
            return
        charge = self.one(self.charges, index)
        rows = self.run(self.desk.rows("allocations", "charge_id = $1 and amount > 0 order by at", charge))
        first = [row["allocation_id"] for row in rows[:1]] if chosen else []
        refund = self.tried(self.desk.ask(charge, minor, to, first))
        if refund is not None:
            self.refunds[refund] = (charge, minor)

    @precondition(lambda self: self.refunds)
    @rule(index=INDEX, decision=st.sampled_from(["approve", "approve", "refuse"]))
    def decide(self, index: int, decision: str) -> None:
        self.tried(self.desk.decide(self.one(self.refunds, index), decision))

    @precondition(lambda self: self.refunds)
    @rule(index=INDEX, what=st.sampled_from(["sent", "again"]))
    def send(self, index: int, what: str) -> None:
        self.tried(getattr(self.desk, what)(self.one(self.refunds, index)))

    @precondition(lambda self: self.refunds)
    @rule(index=INDEX, outcome=st.sampled_from(["done", "done", "pending", "refused", "in_doubt"]))
    def hear_of_a_refund(self, index: int, outcome: str) -> None:
        refund = self.one(self.refunds, index)
        [before] = self.run(self.desk.rows("refunds", "refund_id = $1", refund))
        self.tried(self.desk.heard(refund, outcome))
        [after] = self.run(self.desk.rows("refunds", "refund_id = $1", refund))
        if (before["state"], after["state"]) != ("done", "done") and after["state"] == "done":
            self.went += after["amount"]

    @precondition(lambda self: self.refunds)
    @rule(index=INDEX)
    def a_transfer_comes_back(self, index: int) -> None:
        refund = self.one(self.refunds, index)
        [before] = self.run(self.desk.rows("refunds", "refund_id = $1", refund))
        self.tried(self.desk.came_back(refund))
        [after] = self.run(self.desk.rows("refunds", "refund_id = $1", refund))
        if before["state"] != after["state"]:
            assert (before["way"], before["state"], after["state"]) == ("bank", "done", "came_back")
            self.went -= after["amount"]

    @rule(index=INDEX, minor=AMOUNTS)
    def charged_back_by_letter(self, index: int, minor: int) -> None:
        if self.charges:
            chargeback = self.tried(self.desk.letter(self.one(self.charges, index), minor))
            if chargeback is not None:
                self.chargebacks[chargeback] = minor
                self.went += minor

    @rule(index=INDEX, minor=AMOUNTS)
    def given_back_at_the_console(self, index: int, minor: int) -> None:
        if self.charges:
            charge = self.one(self.charges, index)
            there = self.run(self.desk.rows("captures", "charge_id = $1", charge))
            done = self.tried(self.desk.reversed(charge, minor))
            assert (done is not None) == bool(there), "what happened is booked, whatever is left"
            self.went += minor if there else 0

    @rule(index=INDEX, minor=AMOUNTS)
    def charged_back(self, index: int, minor: int) -> None:
        if self.charges:
            charge = self.one(self.charges, index)
            there = self.run(self.desk.rows("captures", "charge_id = $1", charge))
            chargeback = self.tried(self.desk.charged_back(charge, minor))
            assert (chargeback is not None) == bool(there), "what happened is booked, whatever is left"
            if chargeback is not None:
                self.chargebacks[chargeback] = minor
                self.went += minor

    @precondition(lambda self: self.chargebacks)
    @rule(index=INDEX)
    def win(self, index: int) -> None:
        chargeback = self.one(self.chargebacks, index)
        self.run(self.desk.won(chargeback))
        self.came += self.chargebacks.pop(chargeback)

    @rule(index=INDEX, cancelled=st.booleans())
    def the_office_cancels(self, index: int, *, cancelled: bool) -> None:
        self.run(self.desk.cancel_obligation(self.one(self.obligations, index), cancelled=cancelled))

    @rule(index=INDEX)
    def the_gateway_pays_out(self, index: int) -> None:
        if self.charges:
            charge = self.one(self.charges, index)
            if (there := self.run(self.desk.balances(charge)).get("gateway", 0)) > 1:
                self.run(self.desk.paid_out((charge, eur(there - 1)), entry=new_uuid(), fees=[(charge, eur(1))]))

    # ── What always holds ──

    @invariant()
    def every_coin_is_somewhere(self) -> None:
        """By the lines alone, which are the truth; the balances are only their sum."""
        rows = self.run(
            self.desk.rows(
                """(select charge_id, json_object_agg(account, amount) as sums from (
                        select charge_id, account, sum(amount) as amount from ledger_lines group by 1, 2) l
                    group by charge_id) s join charge_balances b using (charge_id)""",
                "charge_id = any ($1)",
                self.charges,
            )
        )
        here = 0
        for row in rows:
            sums = json.loads(row["sums"])
            named = {name: sums.get(name, 0) for name in sums}
            for account, amount in named.items():
                if account == "payer":
                    continue
                assert row[account] == (-amount if account == "captured" else amount), account
            parts = ("allocated", "unallocated", "refunding", "refunded", "charged_back")
            assert min(row[name] for name in parts) >= 0
            assert row["captured"] == sum(row[name] for name in parts)
            here += row["gateway"] + row["bank"] + row["counter"] + row["fee"]
        assert here == self.came - self.went, "what the world gave and took is what we have"
        odd = (
            self.run(
                self.desk.rows(
                    """(select entry_id, account in ('gateway', 'bank', 'counter', 'fee', 'lost', 'payer') as side,
                           sum(amount) as amount from ledger_lines where charge_id = any ($1) group by 1, 2) e""",
                    "amount <> 0",
                    self.charges,
                )
            )
            if self.charges
            else []
        )
        assert odd == []

    @invariant()
    def nothing_is_paid_twice(self) -> None:
        for obligation, owed in zip(self.obligations, OWED, strict=False):
            rows = self.run(self.desk.rows("allocations", "obligation_id = $1", obligation))
            given = sum(row["amount"] for row in rows)
            assert 0 <= given <= owed
            posted = self.run(self.desk.rows("postings", "obligation_id = $1", obligation))
            assert sum(row["amount"] for row in posted) == given, "what is allocated is posted"

    @invariant()
    def states_follow(self) -> None:
        of_payment: dict[UUID, set[State]] = {}
        rows = self.run(
            self.desk.rows(
                "charges c join charge_balances b using (city_id, charge_id)", "charge_id = any ($1)", self.charges
            )
        )
        had = {row["charge_id"] for row in self.run(self.desk.rows("captures"))}
        for row in rows:
            names = ("captured", "allocated", "unallocated", "refunding", "refunded", "charged_back", "lost")
            state = state_of(
                row["amount"],
                Balances(*(row[name] for name in names)),
                attempt=row["attempt"],
                closed=row["closed"],
                had_money=row["charge_id"] in had,
            )
            assert row["state"] == state
            of_payment.setdefault(row["payment_id"], set()).add(state)
        for row in self.run(self.desk.rows("payments", "payment_id = any ($1)", self.payments)):
            assert row["state"] == together(of_payment[row["payment_id"]])

    @invariant()
    def every_change_is_an_edge(self) -> None:
        last: dict[tuple[str, UUID], str | None] = {}
        edges = {noun: {edge[:3] for edge in table} for noun, table in TABLES.items()}
        rows = self.run(self.desk.rows("payment_events", "charge_id = any ($1) order by event_id", self.charges))
        for row in rows:
            assert (row["event"], row["from_state"], row["to_state"]) in edges[row["noun"]]
            about = (row["noun"], row["charge_id"] if row["noun"] == "charge" else row["about_id"])
            assert last.get(about) == row["from_state"]
            last[about] = row["to_state"]
            if row["noun"] == "charge" and row["from_state"] == State.PAID and row["event"] != Event.TAKEN_BACK:
                assert row["to_state"] in {State.PAID, State.RETURNED, State.CHARGED_BACK}

    @invariant()
    def somebody_is_told(self) -> None:
        told = {
            kind: {row["about"] for row in self.run(self.desk.rows("alerts", "settled_at is null and kind = $1", kind))}
            for kind in (UNALLOCATED, LOST, DOUBT)
        }
        for row in self.run(self.desk.rows("charge_balances", "charge_id = any ($1)", self.charges)):
            about = public_id("chg", row["charge_id"])
            assert (about in told[UNALLOCATED]) == (row["unallocated"] > 0)
            assert (about in told[LOST]) == (row["lost"] > 0)
        for row in self.run(self.desk.rows("refunds", "charge_id = any ($1)", self.charges)):
            assert (public_id("rfd", row["refund_id"]) in told[DOUBT]) == (row["state"] == "in_doubt")


@pytest.mark.timeout(0 if EXAMPLES > 3 else 120)
def test_money_in_any_order(tmp_path, urls: DatabaseUrls, clock: FixedClock):
    loop = asyncio.new_event_loop()

    async def open_till(stack: AsyncExitStack) -> Till:
        return await stack.enter_async_context(till(tmp_path, urls, clock))

    stack = AsyncExitStack()
    machine = type("MoneyHere", (Money,), {"loop": loop, "desk": loop.run_until_complete(open_till(stack))})
    try:
        run_state_machine_as_test(
            machine,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=STEPS,
                database=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
    finally:
        loop.run_until_complete(stack.aclose())
        with suppress(RuntimeError):
            loop.close()
