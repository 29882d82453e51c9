"""Messages at the doors of gateways that no gateway sent, or that say something else than was ordered."""

from __future__ import annotations

import asyncio
import json
import random
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from simulators.gateway_monri import wire
from simulators.gateway_monri.orders import Order, Orders
from simulators.gateway_netopia import signing
from simulators.gateway_netopia.telling import POS
from simulators.gateway_sandbox import _sign
from tests.chaos.money_script import GATEWAYS, TOWN_OF, Attack, MoneyScript
from tests.chaos.script import Script
from tests.chaos.world import World

REFUSED = frozenset({"forged", "altered", "foreign", "stranger", "return"})
"""Those of which nothing may be believed. What was said before and is said again is recognised."""
_TRIES = 200
_TOKEN = next(iter(wire.MERCHANTS))


@dataclass
class Attacks:
    """`told`: those that were answered, which have to be recorded, each with whether it was said to be accepted."""

    world: World
    script: Script
    money: MoneyScript
    findings: list[str] = field(default_factory=list)
    told: list[tuple[Attack, bool]] = field(default_factory=list)

    async def make_all(self) -> None:
        began, chosen = time.monotonic(), random.Random(f"attack {self.money.seed}")
        await asyncio.gather(*(self._make(one, began, chosen) for one in self.money.attacks))

    async def _make(self, attack: Attack, began: float, chosen: random.Random) -> None:
        await asyncio.sleep(max(0.0, began + attack.at - time.monotonic()))
        number, minor, currency = await self._order(attack, chosen)
        door = f"{self.world.api}/{TOWN_OF[attack.gateway]}/payments/{attack.gateway}"
        if attack.kind == "replayed":
            sent = await self._heard_before(attack, chosen)
        elif attack.kind == "return":
            sent = _return(attack.gateway, door, number)
        else:
            minor = minor - 1 if attack.kind == "altered" and minor > 1 else minor
            currency = "HUF" if attack.kind == "foreign" else currency
            headers, body = _message(attack, number, minor, currency)
            sent = {"method": "POST", "url": f"{door}/notify", "headers": headers, "content": body}
        if sent is None:
            return
        for _ in range(_TRIES):
            # Whoever attacks comes back when the hub does.
            try:
                answer = await self.world.client.request(**sent, timeout=10)
            except httpx.HTTPError:
                if not self.script.shaken:
                    self.findings.append(f"{sent['url']} was not answered, though nothing was wrong with the hub")
            else:
                if not (answer.status_code == 503 and self.script.shaken):
                    self._told(attack, answer)
                    return
            await asyncio.sleep(0.1)

    def _told(self, attack: Attack, answer: httpx.Response) -> None:
        if answer.status_code >= 500:
            self.findings.append(f"ANSWERED {answer.status_code} to a {attack.kind} message: {answer.text[:300]}")
            return
        accepted = answer.status_code < 400
        if accepted and attack.gateway == "netopia" and attack.kind != "return":
            accepted = answer.json()["errorType"] == 0  # it is always answered 200
        self.told.append((attack, accepted))

    async def _order(self, attack: Attack, chosen: random.Random) -> tuple[str, int, str]:
        """An order of this seed, in whatever state it is; one of nobody where there is none."""
        rows = await self.world.rows(
            """select number, minor, a.currency from gateway_attempts a join payments p using (city_id, payment_id)
               where gateway = $1 and settled_at is null order by p.created_at desc limit 3""",
            attack.gateway,
        )
        if not rows or attack.kind == "stranger":
            return str(chosen.randrange(10**9, 10**10)), 1000, "EUR"
        row = chosen.choice(rows)
        return row["number"], row["minor"], row["currency"]

    async def _heard_before(self, attack: Attack, chosen: random.Random) -> dict[str, Any] | None:
        made = (await self.world.look(GATEWAYS[attack.gateway], "messages"))["messages"]
        if not made:
            return None
        one = chosen.choice(made[-5:])
        return {"method": "POST", "url": one["url"], "headers": one["headers"], "content": one["body"].encode()}


def _message(attack: Attack, number: str, minor: int, currency: str) -> tuple[dict[str, str], bytes]:
    """It was paid, it says."""
    forged = attack.kind == "forged"
    now = datetime.now(UTC)
    if attack.gateway == "kartica":
        secret = wire.key_of(_TOKEN)
        assert secret
        order = Order(number, minor, currency, secret, {})
        told = Orders(lambda: now).transact(order, "purchase", "0000", minor, pan="4111111111111111")
        return wire.message(told, "somebody else's key" if forged else secret)
    if attack.gateway == "netopia":
        payment = {"status": 3, "amount": minor / 100, "currency": currency, "data": {"AuthCode": "ab12"}}
        body = json.dumps({"order": {"orderID": number, "posSignature": POS}, "payment": payment}).encode()
        signed = signing.token(body, POS, now, by="stranger" if forged else "netopia")
        return {"content-type": "application/json", "verification-token": signed}, body
    said = {
        "merchant": "vzorov", "id": "", "number": number, "state": "captured", "amount": minor, "currency": currency,
        "refunded": 0, "reason": "", "approval": "ABC123", "card": "411111******1111", "at": now.isoformat(),
        "message_id": f"a{number}",
    }  # fmt: skip
    # The attacker has seen no id of the order; who knows the key writes one all the same.
    body = json.dumps(said | {"id": "0123456789abcdef"}).encode()
    signer = "stranger" if forged else "vzorov"
    return {"content-type": "application/json", "sandbox-signature": _sign(signer, b"notification", b"", body)}, body


def _return(gateway: str, door: str, number: str) -> dict[str, Any]:
    """Somebody writes the address in her browser that says she has paid."""
    fields = {
        "kartica": {"order_number": number, "response_code": "0000", "approval_code": "123456", "digest": "0" * 128},
        "komunalije": {"merchant": "pregrada", "number": number, "id": "x", "state": "captured", "signature": "0" * 64},
        "sluzby": {"merchant": "vzorov", "number": number, "id": "x", "state": "captured", "signature": "0" * 64},
        # Nothing of this one is signed, so that any order may be named: it is asked about. Two of them are refused.
        "netopia": {"order": number, "orderId": "1000000000"},
        "karta": {"payId": "000000000000@SM", "dttm": f"{datetime.now(UTC):%Y%m%d%H%M%S}", "resultCode": "0",
                  "resultMessage": "OK", "paymentStatus": "7", "signature": "AAAA"},
    }[gateway]  # fmt: skip
    if gateway == "karta":
        return {"method": "POST", "url": f"{door}/return", "data": fields}
    return {"method": "GET", "url": f"{door}/return", "params": fields}
