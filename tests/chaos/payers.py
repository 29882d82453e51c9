"""People who pay: by card, at the counter, by bank transfer; with browsers that come back, or do not."""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from hub.kernel.ids import parse_public_id
from tests.chaos.bills import owed
from tests.chaos.money_script import GATEWAYS, Bill, CardPayment, CounterPayment, MoneyScript
from tests.chaos.script import Script
from tests.chaos.towns import Person
from tests.chaos.window import Lost, Window
from tests.chaos.world import HOST, World

PATIENCE = 120.0
_CARDS = {
    "approve": "4111111111111111",
    "challenge": "4000000000003063",
    "decline": "4000000000000002",
    "pending": "4000000000000119",
}
_UNTIL_PAID, _UNTIL_SENT = 2.0, 3.0


@dataclass
class Payers:
    """`payments` are those that the API has confirmed, by the public id; `taken` and `transferred` what came otherwise.

    `taken`: by name of the counter's payment, what was taken.
    """

    world: World
    script: Script
    money: MoneyScript
    findings: list[str] = field(default_factory=list)
    obligations: dict[str, str] = field(default_factory=dict)
    payments: set[str] = field(default_factory=set)
    taken: dict[str, int] = field(default_factory=dict)
    transferred: list[tuple[str, int]] = field(default_factory=list)
    entered: int = 0
    unpaid: list[tuple[str, CardPayment, dict[str, Any]]] = field(default_factory=list)

    # ── Before anything goes wrong ──

    async def owe(self) -> None:
        """The accounting has the bills of this seed, the hub knows of them, and some of them are paid by transfer."""
        self.obligations = await owed(self.world, self.money)
        await asyncio.gather(*(self._transfer(self.money.bills[one.bill], one.more) for one in self.money.transfers))

    async def _transfer(self, bill: Bill, more: int) -> None:
        """Scans the code and pays at her bank; the statement comes later."""
        person = self.world.people[bill.person]
        url = f"{self.world.api}/{bill.town}/v1/obligations/{self.obligations[bill.key]}/transfer"
        answer = await self.world.client.get(url, headers=_bearer(person.token))
        if not answer.is_success:
            self.findings.append(
                f"ANSWERED {answer.status_code} to {url}, though nothing was wrong: {answer.text[:200]}"
            )
            return
        code = answer.json()["codes"][0]
        booked = await self.world.client.post(
            f"http://{HOST}:{self.world.ports['bank']}/transfers",
            json={"payload": code["payload"], "amount": f"{(bill.cents + more) / 100:.2f}"},
        )
        booked.raise_for_status()
        self.transferred.append((booked.json()["account"], bill.cents + more))

    # ── While everything goes wrong ──

    async def pay_all(self) -> None:
        began = time.monotonic()
        await asyncio.gather(
            *(self._later(began + one.at, self._by_card(one)) for one in self.money.cards),
            *(self._later(began + one.at, self._at_counter(one)) for one in self.money.counter),
            self._later(began + self.money.uploads_at, self._upload()),
        )

    async def _later(self, moment: float, what: Any) -> None:
        await asyncio.sleep(max(0.0, moment - time.monotonic()))
        await what

    async def _by_card(self, one: CardPayment) -> None:
        person = self.world.people[one.person]
        items = [self._wanted(self.money.bills[number], part=one.part) for number in one.bills]
        url = f"{self.world.api}/{person.city}/v1/payments"
        # Of a bill of which a part is paid by now the whole is refused, with what is left of it.
        others = {bill for other in self.money.cards if other is not one for bill in other.bills}
        allowed = {409, 422} if others.intersection(one.bills) else {409}
        answer = await self.ask(person.token, "POST", url, one.name, {"method": "card", "items": items}, allowed)
        if answer is None:
            return
        self.payments.add(answer["id"])
        charges = answer["charges"]
        await asyncio.gather(*(self._charge(person, one, answer["id"], charge) for charge in charges))
        if one.refund and charges:
            await self._refund(person.city, one, charges[0])

    def _wanted(self, bill: Bill, *, part: bool = False) -> dict[str, Any]:
        minor = max(bill.cents // 3, 1) if part else bill.cents
        return {"obligation": self.obligations[bill.key], "amount": {"minor": minor, "currency": bill.currency}}

    async def _charge(self, person: Person, one: CardPayment, payment: str, charge: dict[str, Any]) -> None:
        """Tries the script's cards at the gateway, until one is not refused or she has no more."""
        url = f"{self.world.api}/{person.city}/v1/payments/{payment}/attempts"
        for card in one.cards:
            begun = await self._begin(person, url, charge["id"])
            if begun is None or card == "never":
                return
            try:
                await self._at_gateway(begun, card, one.back)
            except (httpx.HTTPError, Lost):
                # The page did not come: she gives up, or the next card is a new try.
                continue
            if card in {"approve", "challenge"}:
                return

    async def _begin(self, person: Person, url: str, charge: str) -> dict[str, Any] | None:
        """She presses the button a few times; None where the gateway does not answer or another try is under way."""
        for _ in range(3):
            try:
                answer = await self.world.client.post(
                    url, headers=_bearer(person.token), json={"charge": charge}, timeout=10
                )
            except httpx.HTTPError:
                self._unanswered(url)
            else:
                if answer.is_success:
                    begun: dict[str, Any] = answer.json()
                    return begun
                if answer.status_code == 409:
                    return None
                if answer.status_code != 503:
                    self.findings.append(f"ANSWERED {answer.status_code} to {url}: {answer.text[:200]}")
                    return None
            await asyncio.sleep(0.15)
        return None

    async def _at_gateway(self, begun: dict[str, Any], card: str, back: str) -> None:
        browser = Window(self.world)
        if back == "soon":
            await browser.quietly(begun["page"])
        found = await browser.open(begun["url"])
        if found is None and begun["url"] == begun["page"]:
            found = await browser.submit()
        if found is None:
            if card == "cancel":
                found = await browser.submit(do="cancel")
            else:
                found = await browser.submit(do="pay", card=_CARDS[card])
            if found is None and card == "challenge":
                found = await browser.submit(do="confirm")
            self.entered += 1
        if found is not None and back != "no":
            for _ in range(2 if back == "twice" else 1):
                await browser.follow(found)
            await browser.quietly(begun["page"])

    async def _refund(self, town: str, one: CardPayment, charge: dict[str, Any], patience: float = _UNTIL_PAID) -> None:
        """Once it is paid, a clerk gives back some of it, while whatever goes wrong goes on."""
        charge_id, deadline = parse_public_id("chg", charge["id"]), time.monotonic() + patience
        while True:
            (row,) = await self.world.rows(
                "select coalesce(sum(amount), 0)::bigint from captures where charge_id = $1 and source_kind = 'attempt'",
                charge_id,
            )
            came = row[0]
            if came:
                break
            if time.monotonic() > deadline:
                self.unpaid.append((town, one, charge))
                return
            await asyncio.sleep(0.05)
        minor = max(came * one.refund // 100, 1)
        body = {
            "amount": {"minor": minor, "currency": charge["amount"]["currency"]},
            "reason": "paid by mistake",
            "to": "gateway",
        }
        url = f"{self.world.api}/{town}/admin/v1/charges/{charge['id']}/refunds"
        if await self.ask(self.world.staff[town], "POST", url, f"{one.name}r", body, {409}) is None:
            return
        if one.doubt:
            await self._sent_and_not_answered(charge_id, one.doubt)
        else:
            await self.world.take_up_refunds()

    async def refund_the_rest(self) -> None:
        """What was not paid yet when it was to be given back, and is now."""
        waited, self.unpaid = self.unpaid, []
        await asyncio.gather(*(self._refund(*one, patience=0) for one in waited))

    async def _sent_and_not_answered(self, charge_id: UUID, how: str) -> None:
        """The gateway gives the money back and does not say so, the first time."""
        (row,) = await self.world.rows(
            "select gateway from gateway_attempts where charge_id = $1 and captured_at is not null limit 1", charge_id
        )
        simulator, deadline = GATEWAYS[row["gateway"]], time.monotonic() + _UNTIL_SENT
        await self.world.control(simulator, wrong=[how])
        while time.monotonic() < deadline:
            await self.world.take_up_refunds()
            sent = await self.world.rows(
                """select g.state <> 'sending' as over from gateway_refunds g join refunds using (city_id, refund_id)
                   where charge_id = $1 and sends > 0""",
                charge_id,
            )
            if sent and all(one["over"] for one in sent):
                break
            await asyncio.sleep(0.1)
        await self.world.control(simulator)

    async def _at_counter(self, one: CounterPayment) -> None:
        """Whoever presses twice, because nothing seems to happen, has taken the money once."""
        bill = self.money.bills[one.bill]
        minor = bill.cents + one.more
        body = {
            "payee": bill.payee,
            "amount": {"minor": minor, "currency": bill.currency},
            "items": [self._wanted(bill)],
        }
        url = f"{self.world.api}/{bill.town}/admin/v1/payments"
        pressed = [self.ask(self.world.staff[bill.town], "POST", url, one.name, body, set()) for _ in range(one.times)]
        answers = [found for found in await asyncio.gather(*pressed) if found is not None]
        if answers:
            self.taken[one.name] = minor
            self.payments.update(found["id"] for found in answers)
        if len({found["id"] for found in answers}) > 1:
            self.findings.append(f"DOUBLED at the counter: {one.name} is {len(answers)} payments")

    async def _upload(self) -> None:
        """The day's statements, each of them twice at the same time."""
        bank = f"http://{HOST}:{self.world.ports['bank']}"
        for account in sorted({account for account, _ in self.transferred}):
            closed = (await self.world.client.post(f"{bank}/accounts/{account}/close")).json()
            content = (await self.world.client.get(f"{bank}{closed['file']}")).content
            town = "pregrada" if account.startswith("HR") else "vzorov"
            url = f"{self.world.api}/{town}/admin/v1/statement-files?name=m{self.money.seed}-{account}"
            token = self.world.staff[town]
            await asyncio.gather(
                *(self.ask(token, "POST", url, f"m{self.money.seed}s{account}", content, set()) for _ in range(2))
            )

    async def ask(
        self, token: str, method: str, url: str, key: str, content: Any, allowed: set[int]
    ) -> dict[str, Any] | None:
        """Until it is answered, with the same key; None for a status of `allowed`. Anything else is a finding."""
        headers = _bearer(token) | {"Idempotency-Key": key}
        if isinstance(content, bytes):
            headers["Content-Type"] = "application/octet-stream"
        sent = {"content": content} if isinstance(content, bytes) else {"json": content}
        deadline, last = time.monotonic() + PATIENCE, ""
        while time.monotonic() < deadline:
            try:
                answer = await self.world.client.request(method, url, headers=headers, timeout=10, **sent)
            except httpx.HTTPError as error:
                last = repr(error)
                self._unanswered(url)
            else:
                last = f"{answer.status_code} {answer.text[:300]}"
                if answer.is_success:
                    found: dict[str, Any] = answer.json()
                    return found
                if answer.status_code in allowed:
                    return None
                if answer.status_code not in {429, 503}:
                    path = url.partition("/v1/")[2]
                    said = self.world.log_tail("api") if answer.status_code == 500 else answer.text[:300]
                    self.findings.append(f"ANSWERED {answer.status_code} to {method} {path}: {said}")
                    return None
            await asyncio.sleep(0.1)
        self.findings.append(f"{method} {url} was not accepted within {PATIENCE:.0f} seconds: {last}")
        return None

    def _unanswered(self, url: str) -> None:
        if not self.script.shaken:
            self.findings.append(f"{url} was not answered, though nothing was wrong with the hub itself")


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
