"""Payments that others announce to the accounting: counted at once, under the key of whoever announces them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from simulators.kit.accounts import Balance, Part, after
from simulators.kit.rest import problem, simulated_fault
from simulators.kit.store import Item, Refused, Store
from simulators.kit.writes import Failed, Ledger, Rejected


class Postings:
    """`POST /v1/uhrady` with the caller's key in `Idempotency-Key`, and `GET /v1/uhrady?klic=`."""

    def __init__(self, items: Store, ledger: Ledger, refusal: Callable[[Request], Response | None]) -> None:
        self._items, self._ledger, self._refusal = items, ledger, refusal

    async def door(self, request: Request) -> Response:
        if refused := self._refusal(request) or simulated_fault(request):
            return refused
        if request.method == "GET":
            found = self._ledger.asked(request.query_params.get("klic", ""))
            return JSONResponse({"uhrady": [found["uhrada"]] if found else []})
        try:
            body = json.loads(await request.body())
        except ValueError:
            return problem(400, "neplatny_json", "Tělo požadavku není JSON.")
        key = request.headers.get("idempotency-key", "")
        if not isinstance(body, dict) or not key:
            return problem(400, "neplatny_pozadavek", "Chybí objekt nebo hlavička Idempotency-Key.")

        def act() -> tuple[str, dict[str, Any]]:
            self._count(body, key)
            number = f"UHR-{sum(not one.repeated for one in self._ledger.entries) + 1:05d}"
            return number, {"uhrada": {"klic": key, "doklad": number}}

        try:
            done = self._ledger.perform("uhrada", key, str(body.get("predpis") or ""), act)
        except Failed as failed:
            return await self._ledger.failed(request, failed)
        except Rejected as rejected:
            answer = {
                "type": "about:blank", "status": 422, "code": "neplatne_pole", "title": rejected.text,
                "pole": rejected.field,
            }  # fmt: skip
            return JSONResponse(answer, 422, media_type="application/problem+json")
        return await self._ledger.answer(request, JSONResponse(done, 201))

    def _count(self, body: dict[str, Any], key: str) -> None:
        try:
            state = self._items.states(str(body.get("predpis")))[-1]
        except Refused:
            raise Rejected("predpis", "Takový předpis není.") from None
        item, amount = state.data, body.get("castka")
        if state.removed or item["stornovano"]:
            raise Rejected("predpis", "Předpis je stornován nebo už není.")
        if body.get("mena") != item["mena"]:
            raise Rejected("mena", f"Předpis je v měně {item['mena']}.")
        if isinstance(amount, bool) or not isinstance(amount, (int, float)) or amount <= 0:
            raise Rejected("castka", "Částka musí být kladné číslo.")
        part = body.get("splatka")
        if part is not None and all(one["poradi"] != part for one in item.get("splatky") or ()):
            raise Rejected("splatka", "Předpis takovou splátku nemá.")
        if not self._ledger.uncounted:
            paid = _haler(amount) * (-1 if body.get("storno") else 1)
            self._items.put(_paid(item, paid, part, key))


def _paid(item: Item, paid: int, part: int | None, key: str) -> Item:
    parts = item.get("splatky") or []
    balance = Balance(
        None if item["zbyva"] is None else _haler(item["zbyva"]),
        _haler(item.get("prislusenstvi") or 0),
        tuple(Part(one["poradi"], _haler(one["zbyva"]), _haler(one["castka"])) for one in parts),
    )
    now = after(balance, paid, part)
    changed: Item = {"id": item["id"], "zapoctene_uhrady": [*item.get("zapoctene_uhrady", []), key]}
    if now.left is not None:
        changed["zbyva"] = now.left / 100
    if item.get("prislusenstvi") is not None:
        changed["prislusenstvi"] = now.interest / 100
    if parts:
        changed["splatky"] = [
            {**one, "zbyva": (each.left or 0) / 100} for one, each in zip(parts, now.parts, strict=True)
        ]
    return changed


def _haler(amount: float) -> int:
    return round(amount * 100)
