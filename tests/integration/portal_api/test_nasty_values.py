"""Every parameter and every field of every operation, with values that break programs, where the records exist.

Generated requests (test_schema) seldom get past an id that does not exist. Here everything about a request is right
but one value, so that it gets as far as the database: refused or taken, never a 500, and nothing of ours in a text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from itertools import count
from typing import Any
from urllib.parse import quote

import pytest

from hub.alerts import service as alerts
from hub.gateways import queries
from hub.gateways.model import Attempt, State
from hub.kernel.ids import new_uuid, parse_public_id, public_id
from hub.kernel.money import Money
from portal_api.citizen import refresh
from tests.integration.payments.test_api import owe, paid_by_card
from tests.integration.portal_api.test_account import read
from tests.integration.portal_api.test_leaks import INTERNAL
from tests.integration.reconciliation.books import Line, camt
from tests.integration.reconciliation.test_api import upload
from tests.integration.submissions.conftest import CASE, PDF, PROBLEM
from tests.support.hub import SECRETS, Api
from tests.support.openapi import DOCUMENT
from tests.support.records import ANA, IVO, case

_keys = count(1)
HERE = "<here>"


class House:
    """Ana's records, and those of the town that are about her; `ids` by what their public ids begin with."""

    def __init__(self, hub: Api, ana: Any) -> None:
        self.hub, self.ids, self.other = hub, dict[str, str](), ""
        push = {"Authorization": f"Bearer {SECRETS['pregrada-financije-push']}"}
        self.headers = {"citizen": hub.token("pregrada", ana), "admin": hub.staff("pregrada"), "push": push}
        self.headers["operators"] = {}

    def known(self, example: Any) -> Any:
        """An example of the document, with an id that exists in the place of one that does not."""
        if isinstance(example, str) and re.fullmatch(r"[a-z]{3}_[0-9a-z]{26}", example):
            return self.ids.get(example[:3], example)
        return example

    async def post(self, path: str, status: int, who: str = "admin", **sent: Any) -> dict[str, Any]:
        headers = self.headers[who] | {"Idempotency-Key": f"k{next(_keys)}"} | sent.pop("headers", {})
        answer = await self.hub.client.post(f"/pregrada/{path}", headers=headers, **sent)
        assert answer.status_code == status, answer.text
        return answer.json()


@pytest.fixture
async def house(hub, monkeypatch) -> House:
    monkeypatch.setattr(refresh, "PATIENCE", 0.05)
    # What goes wrong is told at the end, once and without every local variable.
    monkeypatch.setattr("portal_api.envelope.log.error", lambda *_, **__: None, raising=False)
    ana, ivo = await hub.subject("pregrada", hr_oib=ANA), await hub.subject("pregrada", "Ivo", hr_oib=IVO)
    house = House(hub, ana)
    ids, post = house.ids, house.post
    ids["sub"], ids["obl"] = public_id("sub", ana), await owe(hub)
    house.other = public_id("sub", ivo)
    await read(hub, "cases", ANA, case())
    [one] = (await hub.client.get("/pregrada/v1/cases", headers=house.headers["citizen"])).json()["items"]
    ids["cas"] = one["id"]
    # Money: one payment by card, with a chargeback, a refund and something that is not allocated.
    paid = {"method": "card", "items": [{"obligation": ids["obl"]}]}
    payment = await post("v1/payments", 201, "citizen", json=paid)
    await paid_by_card(hub, payment, 50_000)
    ids["pay"], ids["chg"] = payment["id"], payment["charges"][0]["id"]
    part = {"amount": {"minor": 100, "currency": "EUR"}}
    await post(f"admin/v1/charges/{ids['chg']}/chargebacks", 200, json=part)
    whole = await post(f"admin/v1/charges/{ids['chg']}/refunds", 201, json=part | {"reason": "double", "to": "bank"})
    [charge] = whole["charges"]
    for name, rows in (("cap", "captures"), ("alc", "allocations"), ("rfd", "refunds"), ("cbk", "chargebacks")):
        ids[name] = charge[rows][0]["id"]
    file = await upload(hub, house.headers["admin"], camt(Line("1.00", text="x"), Line("2.00", text="y")))
    page = (await hub.client.get("/pregrada/admin/v1/statement-entries", headers=house.headers["admin"])).json()
    ids["bsf"], ids["bse"], ids["bst"] = file["id"], page["items"][0]["id"], page["items"][0]["statement"]
    # What she has sent, on its way.
    sent = await post("v1/submissions", 201, "citizen", json=CASE)
    ids["sbm"], ids["req"] = sent["id"], (await post("v1/requests", 201, "citizen", json=PROBLEM))["id"]
    ids["att"] = (await post("v1/attachments", 201, "citizen", params={"name": "a.pdf"}, content=PDF))["id"]
    page = (await hub.client.get("/pregrada/admin/v1/deliveries", headers=house.headers["admin"])).json()
    ids["dlv"] = page["items"][0]["id"]
    await post("v1/personal-data/erasure", 200, "citizen", json={})
    page = (await hub.client.get("/pregrada/admin/v1/erasures", headers=house.headers["admin"])).json()
    ids["era"] = page["items"][0]["id"]
    mandate = {"holder": ids["sub"], "represented": public_id("sub", ivo), "kind": "guardianship", "source": "12/2026"}
    ids["man"] = (await post("admin/v1/mandates", 201, json=mandate))["id"]
    # A letter, a message and an attempt.
    await post("push/v1/events", 400, "push", content=b"{", headers={"Content-Type": "application/cloudevents+json"})
    page = (await hub.client.get("/pregrada/admin/v1/dead-letters", headers=house.headers["admin"])).json()
    ids["dlt"] = page["items"][0]["id"]
    await hub.client.post("/pregrada/payments/kartica/notify", content=b"{}")
    page = (await hub.client.get("/pregrada/admin/v1/gateway-messages", headers=house.headers["admin"])).json()
    ids["gwm"] = page["items"][0]["id"]
    now, attempt_id = hub.clock.now(), new_uuid()
    attempt = Attempt(
        attempt_id=attempt_id, charge_id=parse_public_id("chg", ids["chg"]),
        payment_id=parse_public_id("pay", ids["pay"]), gateway="kartica", payee="grad", number="1234567890",
        amount=Money(12550, "EUR"), state=State.PENDING, reference=None, word=None, reason=None, refunded=0, asks=0,
        ask_at=now, created_at=now, expires_at=now, returned_at=None, captured_at=None, settled_at=None, changed_at=now,
    )  # fmt: skip
    async with hub.worker.database.town(1) as connection:
        await queries.insert(connection, 1, attempt)
        await alerts.raise_alert(connection, 1, kind="drift", about="financije", detail={}, now=now)
    ids["tra"] = public_id("tra", attempt_id)
    page = (await hub.client.get("/pregrada/admin/v1/alerts", headers=house.headers["admin"])).json()
    ids["alt"] = page["items"][0]["id"]
    return house


def schema_of(schema: dict[str, Any]) -> dict[str, Any]:
    """What a reference, or the first that is not null of several, stands for."""
    while True:
        if "$ref" in schema:
            schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        elif "anyOf" in schema and "properties" not in schema:
            wanted = next(one for one in schema["anyOf"] if one.get("type") != "null")
            schema = {name: value for name, value in schema.items() if name != "anyOf"} | wanted
        else:
            return schema


def breaking(schema: dict[str, Any]) -> list[str]:
    """What breaks programs in the place of such a value, as JSON."""
    schema = schema_of(schema)
    if schema.get("format") in {"date", "date-time"}:
        return ['"0001-01-01T00:00:00+14:00"', '"9999-12-31T23:59:59-14:00"', '"0001-01-01"', '"9999-12-31"']
    if schema.get("type") in {"integer", "number"}:
        return ["1" + "0" * 30, "9223372036854775808", "-1", "NaN", "1e400"]
    if schema.get("type") == "string":
        return ['"a\\u0000b"', '"\\ud800"']
    return ['{"a\\u0000b": "\\u0000"}', '"\\ud800"', "[" * 500 + "]" * 500]


def right(schema: dict[str, Any], house: House) -> Any:
    """A value that fits, without what may be left out."""
    schema = schema_of(schema)
    if schema.get("type") == "object":
        made = {name: right(schema["properties"][name], house) for name in schema.get("required", [])}
        return made | {"represented": house.other} if "represented" in made else made
    if schema.get("examples"):
        example = schema["examples"][0]
        return [house.known(one) for one in example] if isinstance(example, list) else house.known(example)
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "array":
        return [right(schema["items"], house)]
    return {"integer": 1, "number": 1.5, "boolean": True}.get(schema.get("type", ""), "razlog")


def places(schema: dict[str, Any], base: Any, house: House) -> Iterator[tuple[Any, dict[str, Any]]]:
    """Bodies in which one thing is HERE, and what should be there: the whole of it, and each field wherever it lies."""
    yield HERE, schema
    schema = schema_of(schema)
    if schema.get("type") == "array":
        for one, meant in places(schema["items"], right(schema["items"], house), house):
            yield [one], meant
    for name, inner in schema.get("properties", {}).items():
        value = base.get(name) if isinstance(base, dict) else None
        for one, meant in places(inner, right(inner, house) if value is None else value, house):
            yield {**base, name: one}, meant


def requests(path: str, operation: dict[str, Any], house: House) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Requests with one thing wrong each: which, at which address, and what is sent."""
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema")
    body = None if schema is None else right(schema, house)
    kind = "application/json" if schema else next(iter(content), None)
    headers = house.headers[operation["tags"][0]] | ({"Content-Type": kind} if kind else {})
    sent = json.dumps(body).encode() if schema else b"x" if content else b""
    for parameter in parameters(operation):
        for nasty in breaking(parameter["schema"]):
            text = json.loads(nasty)
            raw = (text if isinstance(text, str) else nasty).encode("utf-8", "surrogatepass")
            address, own = filled(path, operation, house, parameter["name"], raw)
            yield parameter["name"], address, {"headers": headers | own, "content": sent}
    for whole, meant in places(schema, body, house) if schema else ():
        for nasty in breaking(meant):
            address, own = filled(path, operation, house)
            written = json.dumps(whole).replace(json.dumps(HERE), nasty).encode()
            yield f"{written[:200]!r}", address, {"headers": headers | own, "content": written}


def parameters(operation: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for one in operation.get("parameters", []) if one["name"] != "city"]


def filled(
    path: str, operation: dict[str, Any], house: House, wrong: str = "", value: bytes = b""
) -> tuple[str, dict[str, bytes]]:
    """Address and headers with what is needed, and `value` as the parameter `wrong`."""
    address, query, headers = path.replace("{city}", "pregrada"), [], {"Idempotency-Key": b"k%d" % next(_keys)}
    for one in parameters(operation):
        name = one["name"]
        said = value if name == wrong else str(house.known(one.get("example") or right(one["schema"], house))).encode()
        if one["in"] == "path":
            address = address.replace(f"{{{name}}}", quote(said, safe=""))
        elif one["in"] == "query" and (name == wrong or one.get("required")):
            query.append(f"{name}={quote(said, safe='')}")
        elif one["in"] == "header" and name == wrong:
            headers[name] = said.replace(b"\0", b"")  # no client and no server lets it through
    return f"{address}?{'&'.join(query)}", headers


@pytest.mark.parametrize("tag", ["citizen", "admin", "push"])
async def test_every_value_of_every_operation(house, tag):
    wrong = []
    for path, methods in DOCUMENT["paths"].items():
        for method, operation in methods.items():
            for what, address, sent in requests(path, operation, house) if operation["tags"] == [tag] else ():
                answer = await house.hub.client.request(method.upper(), address, **sent)
                told = answer.text if answer.status_code >= 400 else ""
                # A fault of SOAP 1.1 has the status 500.
                ours = answer.status_code >= 500 and not operation["operationId"].endswith("_soap")
                if ours or INTERNAL.search(told):
                    wrong.append(f"{operation['operationId']} {what}: {answer.status_code} {told[:200]}")
    assert not wrong, "\n".join(wrong)
