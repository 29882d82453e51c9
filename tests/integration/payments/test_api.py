"""Payments through the API: what a citizen and what staff send and read, with the rights of their doors."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import UUID

import httpx
import pytest

from hub.authorisation import Role
from hub.kernel.errors import NotFound
from hub.kernel.ids import new_uuid, parse_public_id, public_id
from hub.kernel.money import Money
from hub.obligations.projection import ObligationProjection
from hub.payments import views
from hub.payments.model import Source
from hub.staff.model import Grant
from hub.storage import retention
from portal_api.admin import till
from portal_api.requests import Staff
from tests.support.hub import Api, make_settings, opened
from tests.support.records import ANA, IVO, obligation, source

_keys = count(1)
TEXT = "125,50\N{NO-BREAK SPACE}€"


@pytest.fixture
async def hub(tmp_path, urls, clock) -> AsyncIterator[Api]:
    async with opened(make_settings(tmp_path, urls), urls, clock) as api:
        yield api


@dataclass
class Person:
    api: Api
    subject_id: UUID
    headers: dict[str, str]

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.api.client.get(f"/pregrada/v1/{path}", headers=self.headers | headers)

    async def post(self, path: str, json: Any = None, key: str | None = None, **headers: str) -> httpx.Response:
        wanted = self.headers | {"Idempotency-Key": key or f"k{next(_keys)}"} | headers
        return await self.api.client.post(f"/pregrada/v1/{path}", json=json, headers=wanted)


@pytest.fixture
async def ana(hub) -> Person:
    subject_id = await hub.subject("pregrada", hr_oib=ANA)
    return Person(hub, subject_id, hub.token("pregrada", subject_id))


@pytest.fixture
async def ivo(hub) -> Person:
    subject_id = await hub.subject("pregrada", "Ivo", hr_oib=IVO)
    return Person(hub, subject_id, hub.token("pregrada", subject_id))


@dataclass
class Office:
    api: Api
    headers: dict[str, str]

    async def get(self, path: str) -> httpx.Response:
        return await self.api.client.get(f"/pregrada/admin/v1/{path}", headers=self.headers)

    async def post(self, path: str, json: Any = None, key: str | None = None) -> httpx.Response:
        wanted = self.headers | {"Idempotency-Key": key or f"k{next(_keys)}"}
        return await self.api.client.post(f"/pregrada/admin/v1/{path}", json=json, headers=wanted)


@pytest.fixture
def office(hub) -> Office:
    return Office(hub, hub.staff("pregrada"))


async def owe(hub: Api, key: str = "o1", oib: str = ANA, payee: str = "grad") -> str:
    async with hub.worker.database.town(1) as connection:
        keys = await hub.worker.vault.keys(connection, 1)
        told = source(1, hub.clock.now(), payees=frozenset({"grad", "niskogradnja"}))
        await ObligationProjection().apply(connection, keys, told, [obligation(key, oib, payee=payee)])
        found = await connection.fetchval("select obligation_id from obligations where source_key = $1", key)
    return public_id("obl", found)


async def paid_by_card(hub: Api, payment: dict[str, Any], minor: int = 12550) -> None:
    """As a gateway's notification does it: at a door of the API."""
    charge_id = parse_public_id("chg", payment["charges"][0]["id"])
    async with hub.hub.database.town(1) as connection:
        keys = await hub.hub.vault.keys(connection, 1)
        town, now = hub.hub.towns.by_slug["pregrada"], hub.clock.now()
        where = Source("attempt", new_uuid())
        await hub.hub.payments.captured(connection, keys, town, charge_id, Money(minor, "EUR"), where, now, now)


def good(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    return answer.json()


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.json()["type"] == f"urn:munihub:problem:{code}"
    return answer.json()


def content(*obligations: str, method: str = "card") -> dict[str, Any]:
    return {"method": method, "items": [{"obligation": one} for one in obligations]}


async def test_a_citizen_pays(hub, ana):
    fee = await owe(hub)
    answer = await ana.post("payments", content(fee), key="mine")
    payment = good(answer, 201)
    assert answer.headers["location"] == f"/pregrada/v1/payments/{payment['id']}"
    assert (payment["status"], payment["state"], payment["text"]) == ("to_pay", "open", "Još nije plaćeno.")
    [charge] = payment["charges"]
    assert charge["amount"] == {"minor": 12550, "currency": "EUR", "text": TEXT}
    assert charge["payee"] == {"id": "grad", "name": "Grad Pregrada"}
    [item] = charge["items"]
    assert (item["obligation"], item["title"]) == (fee, "Komunalna naknada")
    assert good(await ana.post("payments", content(fee), key="mine"), 201) == payment
    refused(await ana.post("payments", content(fee, method="counter"), key="mine"), 409, "conflict")
    await paid_by_card(hub, payment, 12600)
    paid = good(await ana.get(f"payments/{payment['id']}"))
    assert (paid["status"], paid["state"]) == ("paid", "paid")
    assert paid["charges"][0]["text"] == (
        "Plaćeno. Stiglo je 0,50\N{NO-BREAK SPACE}€ više nego što je trebalo. Gradska uprava će to vratiti ili uračunati."
    )
    assert good(await ana.get("payments/" + payment["id"], **{"Accept-Language": "uk"}))["text"] == "Сплачено."
    again = await ana.get(f"payments/{payment['id']}")
    assert (await ana.get(f"payments/{payment['id']}", **{"If-None-Match": again.headers["etag"]})).status_code == 304


async def test_a_list_in_pages(hub, ana):
    fee = await owe(hub)
    made = [good(await ana.post("payments", content(fee)), 201)["id"] for _ in range(3)]
    first = good(await ana.get("payments?limit=2"))
    assert [one["id"] for one in first["items"]] == made[:0:-1]
    rest = good(await ana.get(f"payments?limit=2&cursor={first['next_cursor']}"))
    assert ([one["id"] for one in rest["items"]], rest["next_cursor"]) == (made[:1], None)
    assert good(await ana.get("payments?status=paid"))["items"] == []
    assert len(good(await ana.get("payments?status=to_pay&status=ended"))["items"]) == 3
    refused(await ana.get("payments?cursor=x"), 422, "invalid_request")


async def test_of_another_person_nothing_is_there(hub, ana, ivo):
    fee = await owe(hub)
    payment = good(await ana.post("payments", content(fee)), 201)
    refused(await ivo.get(f"payments/{payment['id']}"), 404, "not_found")
    refused(await ivo.post(f"payments/{payment['id']}/cancel"), 404, "not_found")
    refused(await ivo.post("payments", content(fee)), 404, "not_found")
    assert good(await ivo.get("payments"))["items"] == []
    assert good(await ana.get(f"payments/{payment['id']}"))["state"] == "open"
    async with hub.hub.database.citizen(1, ivo.subject_id) as connection:
        for table in ("payments", "charges", "charge_items", "charge_balances", "payment_events"):
            assert await connection.fetch(f"select * from {table}") == [], table


async def test_for_somebody_else_nothing_of_his_is_shown(hub, ana, ivo):
    await owe(hub, oib=IVO)
    wanted = {
        "payee": "grad",
        "reference": "HR68 5720-87582274224",
        "amount": {"minor": 12550, "currency": "EUR"},
    }
    payment = good(await ana.post("payments", {"method": "card", "items": [wanted]}), 201)
    [item] = payment["charges"][0]["items"]
    assert (item["obligation"], item["title"], item["reference"]) == (None, None, "HR68 5720-87582274224")
    await paid_by_card(hub, payment)
    assert good(await ana.get(f"payments/{payment['id']}"))["state"] == "paid"


async def test_giving_up(hub, ana):
    payment = good(await ana.post("payments", content(await owe(hub))), 201)
    given_up = good(await ana.post(f"payments/{payment['id']}/cancel"))
    assert (given_up["status"], given_up["text"]) == ("ended", "Odustali ste od ovog plaćanja. Ništa nije naplaćeno.")
    assert good(await ana.post(f"payments/{payment['id']}/cancel"))["state"] == "cancelled"
    # Money that comes all the same is money.
    await paid_by_card(hub, payment)
    refused(await ana.post(f"payments/{payment['id']}/cancel"), 409, "conflict")
    assert good(await ana.get(f"payments/{payment['id']}"))["state"] == "paid"


async def test_what_cannot_be_read(hub, ana):
    fee = await owe(hub)
    for wrong in (
        {"method": "card", "items": []},
        {"method": "cheque", "items": [{"obligation": fee}]},
        {"method": "card", "items": [{"obligation": fee, "amount": {"minor": 0, "currency": "EUR"}}]},
        {"method": "card", "items": [{"obligation": fee, "amount": {"minor": 1.5, "currency": "EUR"}}]},
        {"method": "card", "items": [{"obligation": fee, "amount": {"minor": 12551, "currency": "EUR"}}]},
        {"method": "card", "items": [{}]},
    ):
        refused(await ana.post("payments", wrong), 422, "invalid_request")
    refused(await ana.post("payments", {"method": "card", "items": [{"obligation": "x"}]}), 404, "not_found")
    assert good(await ana.get("payments"))["items"] == []


async def test_staff_see_all_of_it_and_she_sees_who_looked(hub, ana, office):
    payment = good(await ana.post("payments", content(await owe(hub))), 201)
    await paid_by_card(hub, payment)
    listed = good(await office.get("payments"))
    assert [one["id"] for one in listed["items"]] == [payment["id"]]
    assert "subject" not in listed["items"][0]
    whole = good(await office.get(f"payments/{payment['id']}?reason=KLASA+7"))
    assert whole["subject"] == public_id("sub", ana.subject_id)
    [charge] = whole["charges"]
    assert [(one["event"], one["lines"]) for one in charge["ledger"]] == [
        ("captured", {"captured": -12550, "unallocated": 12550, "gateway": 12550, "payer": -12550}),
        ("allocated", {"allocated": 12550, "unallocated": -12550}),
    ]
    assert [(one["amount"]["minor"], one["posting"]) for one in charge["allocations"]] in (
        [(12550, "being_posted")],
        [(12550, "not_told")],
    )
    assert [(one["event"], one["state"]) for one in whole["events"]] == [("created", "open"), ("captured", "paid")]
    async with hub.worker.database.town(1) as connection:
        rows = await connection.fetch("select what, why from access_log order by at, entry_id")
    assert [tuple(row) for row in rows] == [("read_any_payment", f"KLASA 7, {payment['id']}")]
    assert len(good(await ana.get("access-log"))["items"]) == 1


async def test_filters_of_staff(hub, ana, office):
    fee = await owe(hub)
    payment = good(await ana.post("payments", content(fee)), 201)
    for query, found in (
        ("state=open", 1), ("state=paid", 0), ("method=card", 1), ("method=counter", 0), ("payee=grad", 1),
        ("payee=niskogradnja", 0), ("unallocated=true", 0), (f"obligation={fee}", 1),
    ):  # fmt: skip
        assert len(good(await office.get(f"payments?{query}"))["items"]) == found, query
    await paid_by_card(hub, payment, 12551)
    assert len(good(await office.get("payments?unallocated=true"))["items"]) == 1


async def test_the_counter(hub, office):
    fee = await owe(hub)
    money = {"payee": "grad", "amount": {"minor": 13000, "currency": "EUR"}, "items": [{"obligation": fee}]}
    payment = good(await office.post("payments", money, key="c1"), 201)
    assert good(await office.post("payments", money, key="c1"), 201)["id"] == payment["id"]
    refused(
        await office.post("payments", money | {"amount": {"minor": 1, "currency": "EUR"}}, key="c1"), 409, "conflict"
    )
    [charge] = payment["charges"]
    assert (charge["counter"]["minor"], charge["allocated"]["minor"], charge["unallocated"]["minor"]) == (
        13000, 12550, 450,
    )  # fmt: skip
    other = await owe(hub, "o2")
    given = good(await office.post(f"charges/{charge['id']}/allocations", {"items": [{"obligation": other}]}))
    assert given["charges"][0]["unallocated"]["minor"] == 0
    newest = given["charges"][0]["allocations"][-1]["id"]
    taken = good(await office.post(f"allocations/{newest}/take-back", {"reason": "not for this"}))
    assert taken["charges"][0]["unallocated"]["minor"] == 450
    assert [one["event"] for one in taken["events"]] == ["created", "captured", "allocated", "unallocated"]
    assert taken["events"][-1]["by"] == "development"


async def test_a_refund_by_two_people(hub, ana, office):
    payment = good(await ana.post("payments", content(await owe(hub))), 201)
    charge = payment["charges"][0]["id"]
    paid = good(await office.post(f"charges/{charge}/counter", {"amount": {"minor": 12550, "currency": "EUR"}}))
    assert paid["state"] == "paid"
    wanted = {"amount": {"minor": 550, "currency": "EUR"}, "reason": "assessed twice", "to": "bank"}
    asked = good(await office.post(f"charges/{charge}/refunds", wanted, key="r1"), 201)
    assert good(await office.post(f"charges/{charge}/refunds", wanted, key="r1"), 201) == asked
    refused(await office.post(f"charges/{charge}/refunds", wanted | {"to": "gateway"}), 409, "conflict")
    [refund] = asked["charges"][0]["refunds"]
    assert refund["state"] == "approved"
    assert [one["id"] for one in good(await office.get("refunds?state=approved"))["items"]] == [refund["id"]]
    told = good(await ana.get(f"payments/{payment['id']}"))["charges"][0]
    assert (told["refunding"]["minor"], told["refunds"][0]["text"]) == (550, "5,50\N{NO-BREAK SPACE}€ se vraća.")
    done = good(await office.post(f"refunds/{refund['id']}/outcome", {"outcome": "done", "reason": "transferred"}))
    assert done["charges"][0]["refunded"]["minor"] == 550
    refused(
        await office.post(f"refunds/{refund['id']}/decision", {"decision": "approve", "reason": "late"}),
        409,
        "conflict",
    )


async def test_a_chargeback_told_by_letter(hub, ana, office):
    payment = good(await ana.post("payments", content(await owe(hub))), 201)
    charge, amount = payment["charges"][0]["id"], {"amount": {"minor": 12550, "currency": "EUR"}}
    refused(await office.post(f"charges/{charge}/chargebacks", amount), 409, "conflict")
    await paid_by_card(hub, payment)
    more = {"amount": {"minor": 12551, "currency": "EUR"}}
    refused(await office.post(f"charges/{charge}/chargebacks", more), 409, "conflict")
    booked = good(await office.post(f"charges/{charge}/chargebacks", amount))
    assert good(await office.post(f"charges/{charge}/chargebacks", amount))["charges"] == booked["charges"]
    [chargeback] = booked["charges"][0]["chargebacks"]
    told = good(await ana.get(f"payments/{payment['id']}"))
    assert told["status"] == "taken_back"
    assert f"Vaša je banka povukla {TEXT}." in told["charges"][0]["text"]
    won = good(await office.post(f"chargebacks/{chargeback['id']}/won"))
    assert (won["state"], won["charges"][0]["allocated"]["minor"]) == ("paid", 12550)


async def test_a_cashier_of_one_payee_sees_his_charges_alone(hub, ana, office):
    mine, other = await owe(hub), await owe(hub, "o2", payee="niskogradnja")
    payment = good(await ana.post("payments", content(mine, other)), 201)
    alone = good(await ana.post("payments", content(other)), 201)
    async with hub.hub.database.town(1) as connection:
        seen = await views.one(connection, 1, parse_public_id("pay", payment["id"]))
    town = hub.hub.towns.by_slug["pregrada"]
    cashier = Staff(hub.hub, town, None, (Grant(Role.CASHIER, payee="grad"),), None, None)  # type: ignore[arg-type]
    assert [one.row["payee"] for one in till.theirs(cashier, seen).charges] == ["grad"]
    with pytest.raises(NotFound, match="no such payment"):
        async with till.looking(cashier, "read_any_payment", parse_public_id("pay", alone["id"])):
            pass
    hidden = next(one for one in payment["charges"] if one["payee"]["id"] == "niskogradnja")
    with pytest.raises(NotFound, match="no such charge"):
        async with till.at_charge(cashier, "allocate_money", parse_public_id("chg", hidden["id"])):
            pass
    await paid_by_card(hub, {"charges": [hidden]}, 12551)
    assert len(good(await office.get("payments?unallocated=true&payee=niskogradnja"))["items"]) == 1
    assert good(await office.get("payments?unallocated=true&payee=grad"))["items"] == []
    assert good(await office.get(f"payments?obligation={other}&payee=grad"))["items"] == []


async def test_how_long_it_is_kept(hub, ana):
    never = good(await ana.post("payments", content(await owe(hub))), 201)
    paid = good(await ana.post("payments", content(await owe(hub, "o2"))), 201)
    too_much = good(await ana.post("payments", content(await owe(hub, "o3"))), 201)
    await paid_by_card(hub, paid)
    await paid_by_card(hub, too_much, 12551)

    async def kept() -> set[str]:
        await retention.keep(hub.worker.database, [1], hub.clock.now())
        async with hub.worker.database.town(1) as connection:
            return {public_id("pay", row[0]) for row in await connection.fetch("select payment_id from payments")}

    hub.clock.move(timedelta(days=360))
    assert await kept() == {never["id"], paid["id"], too_much["id"]}
    hub.clock.move(timedelta(days=6))
    assert await kept() == {paid["id"], too_much["id"]}
    hub.clock.move(timedelta(days=3650))
    assert await kept() == {too_much["id"]}
    async with hub.worker.database.town(1) as connection:
        assert await connection.fetchval("select count(*) from ledger_entries") == 2
