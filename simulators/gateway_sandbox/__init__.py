"""Stand-in for a card gateway: signed JSON under `/v1`, a page that knows magic cards, notifications, the way back.

The protocol is its own: adapters/payment_gateway/sandbox/README.md.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.gateway_sandbox.orders import Order, Orders, Refused
from simulators.kit.control import simulator
from simulators.kit.gateway import (
    GatewaySwitches,
    Messages,
    back,
    card_page,
    challenge_page,
    decision,
    leaving,
    wrong,
)
from simulators.kit.pages import page
from simulators.kit.secrets import secret
from simulators.kit.switches import CONTROL, Switchboard

PORT = 8120
MERCHANTS: Mapping[str, str] = {"pregrada": "pregrada-sandbox", "vzorov": "vzorov-sandbox"}
"""merchant → the name of its secret in simulators/secrets.yaml."""
_HEADER = "sandbox-signature"
_TITLE = "Sandbox (simulated)"
_STATES = {"approve": "captured", "decline": "declined", "cancel": "cancelled", "pending": "pending"}


def app(clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Starlette:
    """The gateway with no order yet."""
    board = Switchboard(GatewaySwitches)
    messages = Messages()
    gateway = _Gateway(Orders(clock), board, messages)
    operations = {
        "/v1/orders": gateway.create,
        "/v1/orders/query": gateway.query,
        "/v1/orders/list": gateway.listed,
        "/v1/refunds": gateway.refund,
        "/v1/ping": gateway.ping,
    }
    return simulator(
        routes=[
            *(Route(path, gateway.door(act), methods=["POST"]) for path, act in operations.items()),
            Route("/pay/{id}", gateway.page, methods=["GET"]),
            Route("/pay/{id}", gateway.paid, methods=["POST"]),
            Route(f"{CONTROL}/happen", gateway.happen, methods=["POST"]),
            Route(f"{CONTROL}/orders", gateway.shown, methods=["GET"]),
            *messages.routes(),
        ],
        board=board,
        stores={},
    )


class _Gateway:
    def __init__(self, orders: Orders, board: Switchboard, messages: Messages) -> None:
        self._orders, self._board, self._messages = orders, board, messages

    # ── For the merchant's program ──

    def door(self, act: Callable[[Request, str, dict[str, Any]], dict[str, Any]]) -> Any:
        async def answered(request: Request) -> Response:
            body = await request.body()
            asked = json.loads(body)
            merchant = str(asked.get("merchant"))
            given = request.headers.get(_HEADER, "")
            path = request.url.path.encode()
            if merchant not in MERCHANTS or not hmac.compare_digest(_sign(merchant, b"request", path, body), given):
                return JSONResponse({"error": "bad_signature"}, 401)
            switches: GatewaySwitches = request.scope["switches"]
            if switches.fault:
                return JSONResponse({"error": "internal"}, 500)
            status = 201 if request.url.path == "/v1/orders" else 200
            try:
                said = act(request, merchant, asked)
                self._board.answered[request.url.path.removeprefix("/v1/")] += 1
            except Refused as refused:
                status, said = refused.status, {"error": refused.code}
            content = json.dumps(said, ensure_ascii=False).encode()
            signer = "stranger" if "wrong_signature" in switches.wrong else merchant
            headers = {_HEADER: _sign(signer, b"answer", given.encode(), content)}
            return await leaving(request, Response(content, status, headers, "application/json"))

        return answered

    def create(self, request: Request, merchant: str, asked: dict[str, Any]) -> dict[str, Any]:
        order = self._orders.create(merchant, asked)
        root = f"{request.url.scheme}://{request.url.netloc}"
        return {**self._said(order, wrong(request)), "url": f"{root}/pay/{order.id}"}

    def query(self, request: Request, merchant: str, asked: dict[str, Any]) -> dict[str, Any]:
        return self._said(self._orders.by_number(merchant, str(asked.get("number"))), wrong(request))

    def listed(self, request: Request, merchant: str, asked: dict[str, Any]) -> dict[str, Any]:
        since, until = (datetime.fromisoformat(asked[name]) for name in ("since", "until"))
        found = self._orders.changed(merchant, since, until)
        return {"orders": [self._said(one, wrong(request)) for one in found]}

    def refund(self, request: Request, merchant: str, asked: dict[str, Any]) -> dict[str, Any]:
        number, key, amount = str(asked.get("number")), str(asked.get("key")), asked.get("amount")
        state, detail = self._orders.refund(merchant, number, key, int(amount or 0))
        return {"key": key, "number": number, "state": state, "detail": detail}

    def ping(self, request: Request, merchant: str, asked: dict[str, Any]) -> dict[str, Any]:
        return {"merchant": merchant}

    # ── For the payer's browser ──

    async def page(self, request: Request) -> Response:
        order = self._orders.by_id(request.path_params["id"])
        if order is None:
            return page(_TITLE, "<p>There is no such order.</p>", 404)
        if order.over:
            return self._back(request, order)
        facts = {"Merchant": order.merchant, "Order": order.number, "For": order.title, "Amount": order.price}
        return card_page(_TITLE, f"/pay/{order.id}", facts, language=order.language)

    async def paid(self, request: Request) -> Response:
        order = self._orders.by_id(request.path_params["id"])
        if order is None:
            return page(_TITLE, "<p>There is no such order.</p>", 404)
        if not order.over:
            decided = decision(await request.form(), refuse_3ds="three_d_secure_refused" in wrong(request))
            if decided.do == "challenge":
                self._orders.move(order, "pending")
                return challenge_page(f"{_TITLE}: 3-D Secure", f"/pay/{order.id}", decided.card)
            state = _STATES[decided.do]
            self._orders.move(order, state, card=decided.masked, reason=decided.why)
            await self._notify(request, order)
        return self._back(request, order)

    def _back(self, request: Request, order: Order) -> Response:
        said = {"merchant": order.merchant, "number": order.number, "id": order.id, "state": order.state}
        signer = "stranger" if "wrong_signature" in wrong(request) else order.merchant
        signature = _sign(signer, b"return", b"", "|".join(said.values()).encode())
        return back(request, "GET", order.return_url, {**said, "signature": signature})

    async def _notify(self, request: Request, order: Order) -> None:
        switched = wrong(request)
        self._orders.messages += 1
        said = {**self._said(order, switched), "message_id": f"m{self._orders.messages}"}
        body = json.dumps(said, ensure_ascii=False).encode()
        signer = "stranger" if "wrong_signature" in switched else order.merchant
        headers = {"content-type": "application/json", _HEADER: _sign(signer, b"notification", b"", body)}
        await self._messages.notify(request, order.notify_url, headers, body)

    # ── By itself ──

    async def happen(self, request: Request) -> Response:
        """`{"number": …, "state": …, "refunded": …}`: done at the gateway's own console, or by a card's bank.

        The merchant is told where `tell` is true.
        """
        said = await request.json()
        order = next(one for one in self._orders.all if one.number == said["number"])
        self._orders.move(order, said.get("state", order.state), refunded=said.get("refunded"))
        if said.get("tell"):
            request.scope.setdefault("switches", GatewaySwitches())
            await self._notify(request, order)
        return JSONResponse(self._said(order, frozenset()))

    async def shown(self, _: Request) -> Response:
        return JSONResponse([self._said(one, frozenset()) for one in self._orders.all])

    @staticmethod
    def _said(order: Order, switched: frozenset[str]) -> dict[str, Any]:
        said = order.said()
        if "altered_amount" in switched:
            said["amount"] -= 1
        if "foreign_currency" in switched:
            said["currency"] = "HUF"
        if "unknown_state" in switched:
            said["state"] = "teleported"
        return said


def _sign(merchant: str, kind: bytes, context: bytes, body: bytes) -> str:
    key = secret(MERCHANTS[merchant]) if merchant in MERCHANTS else "a stranger's key"
    return hmac.new(key.encode(), b"\n".join((kind, context, body)), hashlib.sha256).hexdigest()
