"""Payments through the API: what a citizen and what staff send and read, with the rights of their doors."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import httpx
import pytest

from hub.authorisation import Role
from hub.cities.money import Refunds
from hub.jobs.queue import Job
from hub.kernel.assurance import Assurance
from hub.kernel.errors import NotFound
from hub.kernel.ids import new_uuid, parse_public_id, public_id
from hub.kernel.money import Money
from hub.logins import resolution
from hub.obligations.projection import ObligationProjection
from hub.payments import views
from hub.payments.model import Source, Wanted
from hub.staff import service as staff
from hub.staff.model import Grant
from hub.storage import retention
from hub.subjects import rotation
from hub.subjects import service as subjects
from hub.tokens.service import AccessToken
from hub.worker import Work
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
        "Plaćeno. Od toga 0,50\N{NO-BREAK SPACE}€ nije potrebno. Gradska uprava će to vratiti ili uračunati u drugo."
    )
    assert good(await ana.get("payments/" + payment["id"], **{"Accept-Language": "uk"}))["text"] == "Сплачено."
    again = await ana.get(f"payments/{payment['id']}")
    assert (await ana.get(f"payments/{payment['id']}", **{"If-None-Match": again.headers["etag"]})).status_code == 304


async def test_what_was_paid_by_transfer_meanwhile_is_told(hub, ana):
    fee, other = await owe(hub), await owe(hub, "o2")
    alone = good(await ana.post("payments", content(fee)), 201)
    both = good(await ana.post("payments", content(fee, other)), 201)
    async with hub.worker.database.town(1) as connection:
        [charge] = await connection.fetch(
            "select charge_id from charges where payment_id = $1", parse_public_id("pay", alone["id"])
        )
        await hub.worker.payments.begin_attempt(connection, 1, charge["charge_id"], hub.clock.now())
        keys, now = await hub.worker.vault.keys(connection, 1), hub.clock.now()
        await hub.worker.payments.receive(
            connection, keys, hub.worker.towns.by_slug["pregrada"], payee="grad", amount=Money(12550, "EUR"),
            source=Source("statement_entry", new_uuid()), at=now, now=now,
            allocations=[Wanted(parse_public_id("obl", fee))],
        )  # fmt: skip
    for payment, state in (alone, "started"), (both, "open"):
        seen = good(await ana.get(f"payments/{payment['id']}", **{"Accept-Language": "en"}))
        said = "What this is for was paid another way meanwhile, or less of it is owed now: do not pay it here."
        assert (seen["state"], seen["text"].startswith(said)) == (state, True), seen["text"]
        assert seen["charges"][0]["text"] == seen["text"]
    refused(await ana.post(f"payments/{both['id']}/attempts"), 409, "conflict")
    await Work(hub.worker).expire_payments(Job(1, 1, "payments.expire", "payments.expire", {}, 1, 1, new_uuid()))
    seen = good(await ana.get(f"payments/{both['id']}", **{"Accept-Language": "en"}))
    assert (seen["status"], seen["state"], seen["text"].startswith(said)) == ("ended", "expired", True)


async def test_a_payment_is_begun_once_also_after_the_keys_of_the_town_were_rotated(hub, ana):
    fee, other = await owe(hub), await owe(hub, "o2")
    payment = good(await ana.post("payments", content(fee), key="mine"), 201)
    await rotation.rotate(hub.worker.database, hub.worker.vault, 1)
    assert good(await ana.post("payments", content(fee), key="mine"), 201)["id"] == payment["id"]
    refused(await ana.post("payments", content(other), key="mine"), 409, "conflict")
    # What is new is known by the new key.
    second = good(await ana.post("payments", content(other), key="next"), 201)
    assert good(await ana.post("payments", content(other), key="next"), 201)["id"] == second["id"]


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
    part = {"items": [{"obligation": other, "amount": {"minor": 200, "currency": "EUR"}}]}
    for _ in range(2):  # A double click is one.
        given = good(await office.post(f"charges/{charge['id']}/allocations", part, key="a1"))
        assert given["charges"][0]["unallocated"]["minor"] == 250
    part["items"][0]["amount"]["minor"] = 250
    given = good(await office.post(f"charges/{charge['id']}/allocations", part))
    assert given["charges"][0]["unallocated"]["minor"] == 0
    newest = next(one["id"] for one in given["charges"][0]["allocations"] if one["amount"]["minor"] == 250)
    taken = good(await office.post(f"allocations/{newest}/take-back", {"reason": "not for this"}))
    assert taken["charges"][0]["unallocated"]["minor"] == 250
    assert [one["event"] for one in taken["events"]] == ["created", "captured", *["allocated"] * 2, "unallocated"]
    assert taken["events"][-1]["by"] == "development"


async def test_a_request_at_the_counter_counts_once_also_after_it_was_taken_back(hub, office):
    fee = await owe(hub)
    money = {"payee": "grad", "amount": {"minor": 12550, "currency": "EUR"}, "items": [{"obligation": fee}]}
    [charge] = good(await office.post("payments", money, key="c1"), 201)["charges"]
    taken = {"reason": "the till was counted"}
    good(await office.post(f"captures/{charge['captures'][0]['id']}/take-back", taken))
    again = good(await office.post("payments", money, key="c1"), 201)
    assert (again["state"], len(again["charges"][0]["captures"])) == ("withdrawn", 1)
    assert len(good(await office.get("payments"))["items"]) == 1
    # Of a charge that was there before, the same.
    amount = {"amount": {"minor": 12550, "currency": "EUR"}}
    paid = good(await office.post(f"charges/{charge['id']}/counter", amount, key="c2"))
    [capture] = [one for one in paid["charges"][0]["captures"] if one["taken_back_at"] is None]
    good(await office.post(f"captures/{capture['id']}/take-back", taken))
    again = good(await office.post(f"charges/{charge['id']}/counter", amount, key="c2"))
    assert again["charges"][0]["captured"]["minor"] == 0
    assert good(await office.post(f"captures/{capture['id']}/take-back", taken)) == again


async def test_a_key_of_the_counter_is_for_one_content(hub, office):
    fee, other = await owe(hub), await owe(hub, "o2")
    money = {"payee": "grad", "amount": {"minor": 100, "currency": "EUR"}, "items": [{"obligation": fee}]}
    [charge] = good(await office.post("payments", money, key="c1"), 201)["charges"]
    refused(await office.post("payments", money | {"items": [{"obligation": other}]}, key="c1"), 409, "conflict")
    refused(await office.post("payments", money | {"items": []}, key="c1"), 409, "conflict")
    # What was paid for a charge under this key is no payment without one.
    good(await office.post(f"charges/{charge['id']}/counter", {"amount": money["amount"]}, key="c2"))
    refused(await office.post("payments", money | {"items": [{"obligation": other}]}, key="c2"), 409, "conflict")
    loose = good(await office.post("payments", money | {"items": []}), 201)["charges"][0]["id"]
    path = f"charges/{loose}/allocations"

    def part(obligation: str, minor: int | None) -> dict[str, Any]:
        return {"obligation": obligation} | ({"amount": {"minor": minor, "currency": "EUR"}} if minor else {})

    given = good(await office.post(path, {"items": [part(fee, 30), part(other, 20)]}, key="a1"))
    assert given["charges"][0]["unallocated"]["minor"] == 50
    for items in (
        [part(fee, 30), part(fee, 20)], [part(fee, 30), part(other, 21)], [part(fee, 30)],
        [part(fee, 30), part(other, 20), part(other, 20)], [part(other, 20), part(fee, 30)],
    ):  # fmt: skip
        refused(await office.post(path, {"items": items}, key="a1"), 409, "conflict")
    assert good(await office.post(path, {"items": [part(fee, 30), part(other, 20)]}, key="a1")) == given
    good(await office.post(path, {"items": [part(fee, None)]}, key="a2"))
    assert good(await office.post(path, {"items": [part(fee, None)]}, key="a2"))["charges"][0]["allocated"][
        "minor"
    ] == 100  # fmt: skip


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
    booked = good(await office.post(f"charges/{charge}/chargebacks", amount, key="letter"))
    assert (
        good(await office.post(f"charges/{charge}/chargebacks", amount, key="letter"))["charges"] == booked["charges"]
    )
    refused(await office.post(f"charges/{charge}/chargebacks", amount), 409, "conflict")
    [chargeback] = booked["charges"][0]["chargebacks"]
    told = good(await ana.get(f"payments/{payment['id']}"))
    assert told["status"] == "taken_back"
    assert f"Vaša je banka povukla {TEXT}." in told["charges"][0]["text"]
    assert {one["about"] for one in booked["events"] if "charge" in one["event"] or one["noun"] == "chargeback"} == {
        chargeback["id"]
    }
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
    # The last thing happened in 2026: eleven years from its end.
    hub.clock.move(datetime(2037, 12, 31, 23, 59, tzinfo=UTC) - hub.clock.now())
    assert await kept() == {paid["id"], too_much["id"]}
    hub.clock.move(timedelta(minutes=1))
    assert await kept() == {too_much["id"]}
    async with hub.worker.database.town(1) as connection:
        assert await connection.fetchval("select count(*) from ledger_entries") == 2


@pytest.fixture
async def cashier(hub, ana) -> Office:
    """Ana herself, at work: one account at an eID leads to both."""
    town, now = hub.worker.towns.by_slug["pregrada"].city, hub.clock.now()
    async with hub.hub.database.identity(town.id) as connection:
        keys = await hub.hub.vault.keys(connection, town.id)
        staff_id = await staff.add(connection, town, "Ana Blagajnik", [Grant(Role.CASHIER)], by="test", now=now)
        (own,) = (await subjects.identify(connection, keys, [("login.nias", "ana")])).values()
        await resolution.insert(connection, 1, "nias", own, now, by="new", subject_id=ana.subject_id)
        await resolution.insert(connection, 1, "nias", own, now, by="clerk", staff_id=staff_id, staff=True)
    text = secrets.token_urlsafe(32)
    # As if it had been verified a moment ago: signatures are tried in the tests of tokens.
    hub.hub.tokens._known[text, town.id] = AccessToken(
        city_id=town.id, scopes=frozenset({"money"}), expires_at=now + timedelta(minutes=5), client_id="console",
        assurance=Assurance.SUBSTANTIAL, subject_id=None, staff_id=staff_id,
    )  # fmt: skip
    return Office(hub, {"Authorization": f"Bearer {text}"})


async def test_no_cashier_books_money_for_herself(hub, ana, office, cashier):
    fee, money = await owe(hub), {"amount": {"minor": 12550, "currency": "EUR"}}
    named = {"payee": "grad", "reference": "HR68 5720-87582274224"}
    for item in ({"obligation": fee}, named):
        taken = money | {"payee": "grad", "items": [item]}
        refused(await cashier.post("payments", taken), 403, "forbidden")
    # Money that belongs to nothing yet, and hers to owe.
    unknown = good(await cashier.post("payments", money | {"payee": "grad"}), 201)["charges"][0]["id"]
    refused(await cashier.post(f"charges/{unknown}/allocations", {"items": [{"obligation": fee}]}), 403, "forbidden")
    charge = good(await ana.post("payments", content(fee)), 201)["charges"][0]["id"]
    refused(await cashier.post(f"charges/{charge}/counter", money), 403, "forbidden")
    other = await hub.subject("pregrada", "Ivo", hr_oib=IVO)
    friend = Person(hub, other, hub.token("pregrada", other))
    wanted = {"method": "counter", "items": [named | money]}
    for_her = good(await friend.post("payments", wanted), 201)["charges"][0]["id"]
    refused(await cashier.post(f"charges/{for_her}/counter", money), 403, "forbidden")
    good(await office.post(f"charges/{for_her}/counter", money))
    assert good(await office.get("payments?unallocated=true"))["items"][0]["charges"][0]["id"] == unknown


async def test_no_cashier_gives_money_back_to_herself(hub, ana, office, cashier):
    charge = good(await ana.post("payments", content(await owe(hub))), 201)["charges"][0]["id"]
    good(await office.post(f"charges/{charge}/counter", {"amount": {"minor": 12550, "currency": "EUR"}}))
    wanted = {"amount": {"minor": 550, "currency": "EUR"}, "reason": "assessed twice", "to": "bank"}
    refused(await cashier.post(f"charges/{charge}/refunds", wanted), 403, "forbidden")
    asked = good(await office.post(f"charges/{charge}/refunds", wanted), 201)
    refund = f"refunds/{asked['charges'][0]['refunds'][0]['id']}"
    refused(await cashier.post(f"{refund}/decision", {"decision": "approve"}), 403, "forbidden")
    refused(await cashier.post(f"{refund}/outcome", {"outcome": "done", "reason": "transferred"}), 403, "forbidden")


async def test_no_cashier_wins_her_own_chargeback(hub, ana, office, cashier):
    payment = good(await ana.post("payments", content(await owe(hub))), 201)
    charge, amount = payment["charges"][0]["id"], {"amount": {"minor": 12550, "currency": "EUR"}}
    await paid_by_card(hub, payment)
    booked = good(await office.post(f"charges/{charge}/chargebacks", amount))
    won = f"chargebacks/{booked['charges'][0]['chargebacks'][0]['id']}/won"
    refused(await cashier.post(won), 403, "forbidden")
    assert good(await office.post(won))["state"] == "paid"


async def test_a_slip_at_the_counter_is_taken_back_by_a_colleague(hub, office, cashier, ivo):
    fee = await owe(hub, oib=IVO)
    money = {"payee": "grad", "amount": {"minor": 125500, "currency": "EUR"}, "items": [{"obligation": fee}]}
    payment = good(await cashier.post("payments", money), 201)
    [capture] = payment["charges"][0]["captures"]
    path, why = f"captures/{capture['id']}/take-back", {"reason": "a nought too much"}
    city = hub.hub.towns.by_slug["pregrada"].city
    assert city.refunds.approval == "one"
    object.__setattr__(city, "refunds", Refunds(approval="two_people"))
    refused(await cashier.post(path, why), 403, "forbidden")
    for _ in range(2):
        corrected = good(await office.post(path, why))
    [charge] = corrected["charges"]
    assert (charge["state"], charge["captured"]["minor"], charge["counter"]["minor"]) == ("withdrawn", 0, 0)
    assert charge["captures"][0]["taken_back_at"] is not None
    assert (corrected["events"][-1]["event"], corrected["events"][-1]["reason"]) == ("taken_back", "a nought too much")
    card = good(await ivo.post("payments", content(fee)), 201)
    await paid_by_card(hub, card)
    by_card = good(await office.get(f"payments/{card['id']}"))["charges"][0]["captures"][0]["id"]
    refused(await office.post(f"captures/{by_card}/take-back", why), 409, "conflict")


async def test_a_transfer_that_came_back(hub, ana, office):
    payment = good(await ana.post("payments", content(await owe(hub))), 201)
    charge = payment["charges"][0]["id"]
    good(await office.post(f"charges/{charge}/counter", {"amount": {"minor": 12550, "currency": "EUR"}}))
    wanted = {"amount": {"minor": 550, "currency": "EUR"}, "reason": "assessed twice", "to": "bank"}
    asked = good(await office.post(f"charges/{charge}/refunds", wanted), 201)
    outcome = f"refunds/{asked['charges'][0]['refunds'][0]['id']}/outcome"
    refused(await office.post(outcome, {"outcome": "came_back", "reason": "account closed"}), 409, "conflict")
    good(await office.post(outcome, {"outcome": "done", "reason": "transferred"}))
    told = good(await office.post(outcome, {"outcome": "came_back", "reason": "account closed", "reference": "AC04"}))
    [row] = told["charges"][0]["refunds"]
    assert (row["state"], row["word"], row["reference"]) == ("came_back", "account closed", "AC04")
    assert (told["charges"][0]["unallocated"]["minor"], told["charges"][0]["bank"]["minor"]) == (550, 0)
    assert told["charges"][0]["ledger"][-1]["lines"] == {
        "refunded": -550, "unallocated": 550, "bank": 550, "payer": -550,
    }  # fmt: skip
    seen = good(await ana.get(f"payments/{payment['id']}"))["charges"][0]["refunds"][0]
    assert seen["status"] == "not_given"
    assert seen["text"].startswith("Povrat 5,50")
