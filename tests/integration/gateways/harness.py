"""A town with two card gateways behind real HTTP: the hub's doors, the sandbox's page, and what goes between them."""

from __future__ import annotations

import json
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx

from hub.gateways import queries
from hub.gateways.model import Attempt, Onward, Payer
from hub.hub import Hub, open_api, open_worker
from hub.kernel.clock import FixedClock
from hub.kernel.ids import new_uuid
from hub.storage.provision import DatabaseUrls
from hub.storage.vault import MasterKeys
from simulators import gateway_sandbox
from simulators.kit.serve import running
from tests.support.hub import application, make_settings

CITY_ID = 77
CARD = {"do": "pay", "card": "4111111111111111"}
THREE_DS = {"do": "pay", "card": "4000000000003063"}


def city(sandbox: str) -> dict[str, Any]:
    block = {
        "gateway": "sandbox",
        "payee": "grad",
        "name": {"hr": "Kartica"},
        "settings": {
            "base_url": sandbox,
            "merchant": "pregrada",
            "secret": {"secret": "pregrada-sandbox"},
            "retries": {"attempts": 1},
            "timeout": {"connect": "2s", "read": "2s", "total": "3s"},
            "breaker": {"failures": 100},
        },
    }
    vzorov = {**block["settings"], "merchant": "vzorov", "secret": {"secret": "vzorov-sandbox"}}
    return {
        "id": CITY_ID,
        "slug": "proba",
        "name": {"hr": "Proba", "en": "Trial"},
        "country": "HR",
        "currency": "EUR",
        "timezone": "Europe/Zagreb",
        "languages": ["hr", "en"],
        "payees": {
            "grad": {"name": {"hr": "Grad"}, "account": "HR1723600001101234565"},
            "voda": {"name": {"hr": "Voda"}, "account": "HR1210010051863000160"},
        },
        "back_offices": {},
        "passwords": {},
        "gateways": {"kartica": block, "voda": {**block, "payee": "voda", "logins": ["password"], "settings": vzorov}},
    }


@dataclass
class Stage:
    """`api` speaks as the API does, `worker` as jobs do; `client` is a browser, `sandbox` the gateway's address."""

    api: Hub
    worker: Hub
    client: httpx.AsyncClient
    clock: FixedClock
    sandbox: str
    url: str

    @property
    def town(self) -> Any:
        return self.api.towns.by_slug["proba"]

    async def charge(
        self, minor: int = 12550, payee: str = "grad", login: str | None = None, subject: Any = None
    ) -> UUID:
        """A payment by card of one charge."""
        payment_id, charge_id = new_uuid(), new_uuid()
        async with self.worker.database.town(CITY_ID) as connection:
            await connection.execute(
                """insert into payments (city_id, payment_id, subject_id, actor_id, currency, method, login, language,
                                         state, created_at, changed_at, expires_at)
                   values ($1, $2, $3, $3, 'EUR', 'card', $4, 'hr', 'open', $5, $5, $6)""",
                CITY_ID, payment_id, subject, login, self.clock.now(), self.clock.now() + timedelta(days=1),
            )  # fmt: skip
            await connection.execute(
                """insert into charges (city_id, charge_id, payment_id, payee, currency, amount, title, state, state_at)
                   values ($1, $2, $3, $4, 'EUR', $5, 'Komunalna naknada', 'open', $6)""",
                CITY_ID, charge_id, payment_id, payee, minor, self.clock.now(),
            )  # fmt: skip
        return charge_id

    async def start(self, charge_id: UUID) -> Onward:
        return await self.api.gateways.start(self.town, charge_id, language="hr", payer=Payer())

    async def begun(self, minor: int = 12550) -> tuple[UUID, Onward]:
        charge_id = await self.charge(minor)
        return charge_id, await self.start(charge_id)

    async def pay(self, onward: Onward, form: dict[str, str] = CARD, *, back: bool = False) -> httpx.Response:
        """Enter a card on the gateway's page; `back`: let the browser come back."""
        answer = await self.client.post(onward.url, data=form, headers={"accept": "application/json"})
        if not back:
            return answer
        said = answer.json()
        return await self.client.get(said["url"], params=said["fields"])

    async def control(self, path: str, **said: Any) -> Any:
        answer = await self.client.post(f"{self.sandbox}/_control{path}", json=said)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def wrong(self, *what: str, **more: Any) -> None:
        await self.control("", wrong=list(what), **more)

    async def happen(self, number: str, **said: Any) -> None:
        await self.control("/happen", number=number, **said)

    async def judge(self) -> None:
        await self.worker.gateways.judge(self.town_of(self.worker))

    async def ask(self, after: timedelta | None = None) -> None:
        """Let time pass, and ask what is due."""
        self.clock.move(timedelta(minutes=2) if after is None else after)
        await self.worker.gateways.ask(self.town_of(self.worker))

    async def refund(self) -> None:
        await self.worker.gateways.refund(self.town_of(self.worker))

    async def compare(self) -> None:
        await self.worker.gateways.compare(self.town_of(self.worker))

    @staticmethod
    def town_of(hub: Hub) -> Any:
        return hub.towns.by_slug["proba"]

    async def attempts(self, charge_id: UUID) -> list[Attempt]:
        rows = await self.rows(
            "select attempt_id from gateway_attempts where charge_id = $1 order by attempt_id", charge_id
        )
        async with self.worker.database.town(CITY_ID) as connection:
            found = [await queries.find(connection, CITY_ID, row["attempt_id"]) for row in rows]
        return [one for one in found if one is not None]

    async def attempt(self, charge_id: UUID) -> Attempt:
        [one] = await self.attempts(charge_id)
        return one

    async def rows(self, sql: str, *values: Any) -> list[Any]:
        async with self.worker.database.town(CITY_ID) as connection:
            return list(await connection.fetch(sql, *values))

    async def paid(self, charge_id: UUID) -> tuple[str, int]:
        """State of the charge, and what was captured for it, minor units."""
        [row] = await self.rows(
            """select c.state, b.captured::bigint as captured from charges c join charge_balances b using (city_id, charge_id)
               where charge_id = $1""",
            charge_id,
        )
        return row["state"], row["captured"]

    async def balances(self, charge_id: UUID) -> dict[str, int]:
        [row] = await self.rows("select * from charge_balances where charge_id = $1", charge_id)
        names = ("captured", "allocated", "unallocated", "refunding", "refunded", "charged_back")
        return {name: row[name] for name in names if row[name]}

    async def messages(self) -> list[tuple[str, str, str | None]]:
        rows = await self.rows("select kind, verdict, why from gateway_messages order by received_at, message_id")
        return [tuple(row) for row in rows]

    async def alerts(self, *kinds: str) -> list[tuple[str, str]]:
        """Open ones of ours: kind and why."""
        rows = await self.rows("select kind, detail from alerts where settled_at is null order by kind")
        found = [(row["kind"], json.loads(row["detail"]).get("why")) for row in rows]
        ours = kinds or ("gateway_message_refused", "gateway_contradiction", "attempt_unknown", "gateway_differs")
        return [one for one in found if one[0] in ours]

    async def events(self, charge_id: UUID) -> list[tuple[str, str]]:
        rows = await self.rows(
            """select event, j.state from gateway_journal j join gateway_attempts a using (city_id, attempt_id)
               where charge_id = $1 order by entry_id""",
            charge_id,
        )
        return [tuple(row) for row in rows]


@asynccontextmanager
async def stage(folder: Path, urls: DatabaseUrls, clock: FixedClock) -> AsyncIterator[Stage]:
    async with application() as app, running(gateway_sandbox.app(clock.now)) as sandbox, running(app) as url:
        file = folder / "config" / "cities" / "proba" / "city.yaml"
        file.parent.mkdir(parents=True)
        file.write_text(json.dumps(city(sandbox), ensure_ascii=False), "utf-8")
        settings = replace(make_settings(folder / "var", urls, folder / "config"), public_url=url)
        app.state.open_hub = lambda: open_api(settings, urls.app, clock=clock)
        MasterKeys.load(settings.master_key, create=True)
        worker = await open_worker(settings, urls.worker, connect=False, clock=clock)
        # Nothing here speaks TLS, and to load whom the machine trusts takes a tenth of a second each time.
        nobody = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        try:
            async with app.router.lifespan_context(app), httpx.AsyncClient(timeout=20, verify=nobody) as client:
                yield Stage(app.state.hub, worker, client, clock, sandbox, url)
        finally:
            await worker.close()
