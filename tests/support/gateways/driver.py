"""Drives a card gateway of ours against its simulator over real HTTP, with a shop that keeps what it is sent.

A gateway joins tests/contract/payment_gateways by a module of its own name here with a class `Driver(Driving)`.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from html import unescape
from itertools import count
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

import httpx
import yaml
from pydantic import SecretStr
from starlette.types import ASGIApp

from hub.kernel.clock import FixedClock
from hub.kernel.money import Money
from hub.kit import manifest
from hub.ports.payment_gateway import (
    Asked,
    GatewaySurroundings,
    Incoming,
    Order,
    Outcome,
    Payer,
    RefundOrder,
    Started,
)
from simulators.kit.serve import running
from tests.support.http_server import Answer, Request, serve

ROOT = Path(__file__).resolve().parents[3]
SECRETS: Mapping[str, str] = yaml.safe_load((ROOT / "simulators" / "secrets.yaml").read_text("utf-8"))
MANIFESTS = manifest.scan(ROOT / "adapters" / "payment_gateway", "adapters.payment_gateway")
_NO_TLS = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)  # Reading the authorities would take longer than a test.
_NUMBERS = count(1_000_000_001)
RETURN_PATH = "/return/cs"
"""No other path is a door of the shop's: every gateway brings the browser back to the one that the order says."""
PAYER = Payer(name="Růžena Příhodová", email="ruzena@example.com", phone="+420 603 123 456")


class Driving:
    """What differs between gateways; everything else is the suite's."""

    id: ClassVar[str]
    currency: ClassVar[str] = "EUR"
    starts_by_call: ClassVar[bool] = True
    """`start` asks the gateway; else the browser brings the order there."""
    notifies: ClassVar[bool] = True
    """The gateway sends messages of its own to `/notify`."""
    signed_notifications: ClassVar[bool] = True
    """Where not, a report of one is not believed, whatever stands in it."""
    signed_return: ClassVar[bool] = True
    """The browser brings something signed; where not, `read_return` is not believed."""
    refund_asks_first: ClassVar[bool] = False
    """A refund begins with a question, so that it surely did not happen where that fails."""
    query_tells_amount: ClassVar[bool] = True
    signed_fields: ClassVar[Sequence[str]] = ()
    """Names in what the browser brings which nobody may change."""
    unknown_reference: ClassVar[str | None] = None
    """A reference that looks right and is nobody's."""
    states: ClassVar[Mapping[str, Outcome]] = {}
    """Every state that is published, with what it must become."""
    secrets: ClassVar[Mapping[str, str]] = SECRETS
    wrong_secrets: ClassVar[Mapping[str, str]] = {}
    """Values of secrets with which the gateway accepts nothing."""

    def app(self, clock: FixedClock) -> ASGIApp:
        """The simulator, as of the clock."""
        raise NotImplementedError

    def settings(self, url: str) -> dict[str, Any]:
        """As in city.yaml, for the simulator at `url`; as lean as they may be."""
        raise NotImplementedError

    def outcome_of(self, word: str) -> Outcome:
        """What the plug-in's own table makes of a state, `word` being a key of `states` or nonsense."""
        raise NotImplementedError

    async def settle(self, stage: Stage) -> None:
        """What must pass before a part can be given back."""

    def forged(self, message: Incoming) -> Iterator[Incoming]:
        """A browser's message with something changed in it."""
        for name in self.signed_fields:
            yield altered(message, name)

    def forged_notifications(self, message: Incoming) -> Iterator[Incoming]:
        """A gateway's message with a byte changed, at five places of its body."""
        body = message.body
        for part in range(1, 6):
            at = len(body) * part // 6
            yield replace(message, body=body[:at] + bytes([body[at] ^ 1]) + body[at + 1 :])


def altered(message: Incoming, name: str) -> Incoming:
    """`message` whose parameter `name` has another last character."""

    def changed(values: Mapping[str, str]) -> dict[str, str]:
        value = values.get(name, "")
        return {**values, name: f"{value[:-1]}{'1' if value[-1:] != '1' else '2'}"}

    if message.method == "POST":
        return replace(message, form=changed(message.form))
    query = changed(message.query)
    return replace(message, query=query, url=str(httpx.URL(message.url).copy_with(params=query)))


@dataclass
class Shop:
    """Our doors, as the world sees them: everything that came, exactly as it came."""

    url: str = ""
    returned: list[Incoming] = field(default_factory=list)
    notified: list[Incoming] = field(default_factory=list)

    @property
    def address(self) -> str:
        return f"{self.url}/payments/kartica"

    async def take(self, request: Request) -> Answer:
        """RETURN_PATH and `/notify`, by GET or POST; anything else is no door of ours."""
        doors = {f"/payments/kartica{RETURN_PATH}": self.returned, "/payments/kartica/notify": self.notified}
        kept = doors.get(request.path)
        if kept is None:
            return Answer(status=404)
        kept.append(_incoming(request, f"{self.url}{request.target}"))
        return Answer(b"thank you")


def _incoming(request: Request, url: str) -> Incoming:
    is_form = request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded")
    return Incoming(
        method=request.method,
        url=url,
        headers=request.headers,
        body=request.body,
        query=dict(parse_qsl(request.query, keep_blank_values=True)),
        form=dict(parse_qsl(request.body.decode(), keep_blank_values=True)) if is_form else {},
    )


@dataclass
class Ground:
    """A running simulator; its time stands still where the last test left it."""

    url: str
    clock: FixedClock


@asynccontextmanager
async def grounded(driver: Driving) -> AsyncIterator[Ground]:
    clock = FixedClock(datetime.now(UTC).replace(microsecond=0))
    async with running(driver.app(clock)) as url:
        yield Ground(url, clock)


@dataclass
class Stage:
    """A gateway of ours, its simulator, a shop and a browser."""

    driver: Driving
    gateway: Any
    url: str
    shop: Shop
    clock: FixedClock
    http: httpx.AsyncClient

    def order(self, minor: int = 123456, **changes: Any) -> Order:
        now = self.clock.now()
        return replace(
            Order(
                number=str(next(_NUMBERS)),
                amount=Money(minor, self.driver.currency),
                title="Poplatek za komunální odpad 2026",
                language="cs",
                now=now,
                expires_at=now + timedelta(minutes=20),
                payer=PAYER,
                return_path=RETURN_PATH,
            ),
            **changes,
        )

    async def switch(self, **switches: Any) -> None:
        """The whole state of the simulator's switches; none turns everything off."""
        (await self.http.post(f"{self.url}/_control", json=switches)).raise_for_status()

    async def control(self, path: str, **said: Any) -> Any:
        answer = await self.http.post(f"{self.url}/_control/{path}", json=said)
        return answer.raise_for_status().json()

    async def open(self, started: Started) -> httpx.Response:
        """The page of cards, as the payer's browser gets there."""
        if started.form is None:
            return await self.http.get(started.url)
        return await self.http.post(started.url, data=dict(started.form))

    async def press(self, page: httpx.Response, **fields: str) -> httpx.Response:
        """Fills in the form of `page` and follows where it leads, home to the shop in the end."""
        found = re.search(r'<form method="post" action="([^"]+)"', page.text)
        assert found, f"{page.status_code} without a form: {page.text[:300]}"
        hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page.text)
        data = {unescape(name): unescape(value) for name, value in hidden} | fields
        url = page.url.join(unescape(found[1]))
        answer = await self.http.post(url, data=data, headers={"accept": "application/json"})
        if answer.headers.get("content-type", "").startswith("application/json"):
            home = answer.json()
            given = {"data": home["fields"]} if home["method"] == "POST" else {"params": home["fields"]}
            return await self.http.request(home["method"], home["url"], **given)
        return answer

    async def pay(self, started: Started, **fields: str) -> Incoming:
        """Presses a button of the page (`do="approve"`, or `card=`), and gives what the browser brought home."""
        seen = len(self.shop.returned)
        await self.press(await self.open(started), **fields)
        assert len(self.shop.returned) == seen + 1, "the browser did not come home"
        return self.shop.returned[-1]

    async def paid(self, minor: int = 123456) -> tuple[Order, Asked]:
        """An order that is paid, and how to ask about it."""
        order = self.order(minor)
        started = await self.gateway.start(order)
        await self.pay(started, do="approve")
        return order, await self.asked(order, started)

    async def asked(self, order: Order, started: Started) -> Asked:
        """As the hub would ask: with the reference it was told at the start, or in the browser's or gateway's message."""
        return Asked(order.number, started.reference, order.amount)

    def refund(self, order: Order, asked: Asked, minor: int, already: int = 0) -> RefundOrder:
        return RefundOrder(
            key=f"rfd-{order.number}-{already}",
            number=order.number,
            reference=asked.reference,
            amount=Money(minor, order.amount.currency),
            captured=order.amount,
            already=Money(already, order.amount.currency),
        )


def surroundings(
    driver: Driving, address: str, secrets: Mapping[str, str], *, live: bool = False
) -> GatewaySurroundings:
    return GatewaySurroundings(
        city="vzorov",
        gateway="kartica",
        address=address,
        folder=ROOT / "simulators" / "keys",
        timezone=ZoneInfo("Europe/Prague"),
        live=live,
        secret=lambda name: SecretStr(secrets[name]),
    )


def made(driver: Driving, url: str, address: str, secrets: Mapping[str, str] | None = None, **settings: Any) -> Any:
    """The plug-in, as its manifest names it. Calls are tried once."""
    plugin = MANIFESTS[driver.id].load()
    lean = {"retries": {"attempts": 1}} if "retries" in plugin.Settings.model_fields else {}
    given = plugin.Settings.model_validate(lean | driver.settings(url) | settings)
    return plugin(given, surroundings(driver, address, driver.secrets if secrets is None else secrets))


@asynccontextmanager
async def staged(driver: Driving, ground: Ground, **settings: Any) -> AsyncIterator[Stage]:
    """On a ground others may have used before: with its switches off, and the time of today."""
    ground.clock.move(datetime.now(UTC).replace(microsecond=0) - ground.clock.now())
    shop = Shop()
    async with AsyncExitStack() as stack:
        shop.url = (await stack.enter_async_context(serve(shop.take))).url
        http = await stack.enter_async_context(
            httpx.AsyncClient(verify=_NO_TLS, trust_env=False, follow_redirects=True)
        )
        gateway = made(driver, ground.url, shop.address, **settings)
        stack.push_async_callback(gateway.close)
        stage = Stage(driver, gateway, ground.url, shop, ground.clock, http)
        await stage.switch()
        yield stage
