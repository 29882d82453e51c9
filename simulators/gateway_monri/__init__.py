"""Stand-in for Monri WebPay: the form at `/v2/form`, its page, callbacks and webhooks, and the XML API.

A refused card leaves the page open for another one, as Monri's does. Webhooks go where `POST /_control/webhooks` says:
at Monri, its support sets that.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from html import escape
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.gateway_monri import wire
from simulators.gateway_monri.orders import CODES, Order, Orders
from simulators.kit.control import simulator
from simulators.kit.gateway import (
    MAGIC,
    Card,
    GatewaySwitches,
    Messages,
    back,
    card_page,
    challenge_page,
    decision,
    done_by_control,
    leaving,
    wrong,
)
from simulators.kit.pages import NotAccepted, page, refusal
from simulators.kit.store import Refused
from simulators.kit.switches import CONTROL, Switchboard

PORT = 8122

_TITLE = "Monri WebPay (simulated)"
_CARDS: Mapping[str, Card] = {
    "4111111111111111": Card("approve", "approved"),
    "4341792000000044": Card("challenge", "its bank asks the payer to confirm (Monri's own test card)"),
    **MAGIC,
}
_TYPES = frozenset({"purchase", "authorize"})
_LENGTHS = {"ch_full_name": (3, 30), "ch_address": (3, 100), "ch_city": (3, 30), "ch_zip": (3, 9),
            "ch_phone": (3, 30), "ch_email": (3, 100), "order_info": (3, 100), "order_number": (1, 40),
            "amount": (1, 11), "currency": (3, 3), "authenticity_token": (40, 40), "digest": (128, 128)}  # fmt: skip
_NEEDED = ("order_info", "order_number", "amount", "currency", "language", "transaction_type", "authenticity_token",
           "digest")  # fmt: skip


def app(clock: Callable[[], datetime] = lambda: datetime.now(UTC), cards: int | None = None) -> Starlette:
    """The gateway with no order yet. The merchants it knows are those of `wire.MERCHANTS`.

    `cards`: after so many refused ones the page closes and the browser goes to the cancel address.
    """
    board = Switchboard(GatewaySwitches)
    gateway = _Gateway(Orders(clock), board, cards)
    return simulator(
        routes=[
            Route("/v2/form", gateway.form, methods=["POST"]),
            Route("/v2/form/{number}", gateway.paid, methods=["POST"]),
            Route("/orders/show", gateway.show, methods=["POST"]),
            Route("/transactions/{number}/{verb:str}.xml", gateway.change, methods=["POST"]),
            done_by_control("webhooks", gateway.set_webhooks),
            Route(f"{CONTROL}/settle", gateway.settle, methods=["POST"]),
            Route(f"{CONTROL}/console", gateway.console, methods=["POST"]),
            Route(f"{CONTROL}/orders", gateway.listed, methods=["GET"]),
            *gateway.messages.routes(),
        ],
        board=board,
        stores={},
    )


class _Gateway:
    def __init__(self, orders: Orders, board: Switchboard, cards: int | None) -> None:
        self._orders, self._board, self._cards = orders, board, cards
        self._webhooks: list[str] = []
        self.messages = Messages()

    # ── For the payer's browser ──

    async def form(self, request: Request) -> Response:
        given = {name: str(value) for name, value in (await request.form()).items()}
        try:
            key = _checked(given)
            known = self._orders.opened.get(given["order_number"])
            if known is not None and known.over:
                raise NotAccepted("The order is approved already.")
        except NotAccepted as error:
            return refusal(_TITLE, error)
        order = Order(given["order_number"], int(given["amount"]), given["currency"], key, given)
        if known is not None:
            order.transactions = known.transactions
        self._orders.opened[order.number] = order
        self._board.answered["form"] += 1
        return self._page(order)

    def _page(self, order: Order, problem: str = "") -> Response:
        total = f"{order.amount // 100},{order.amount % 100:02} {order.currency}"
        facts = {"Order": order.number, "For": order.form["order_info"], "Amount": total}
        facts |= {"Not paid": problem} if problem else {}
        return card_page(_TITLE, f"/v2/form/{order.number}", facts, _CARDS, order.form["language"])

    async def paid(self, request: Request) -> Response:
        order = self._orders.opened.get(request.path_params["number"])
        if order is None or order.over:
            return page(_TITLE, "<p>There is no such order, or it is paid.</p>", 404)
        decided = decision(await request.form(), _CARDS, refuse_3ds="three_d_secure_refused" in wrong(request))
        if decided.do == "challenge":
            return challenge_page(f"{_TITLE}: 3-D Secure", f"/v2/form/{order.number}", decided.card)
        if decided.do == "cancel":
            return self._cancelled(request, order)
        code = {"approve": "0000", "pending": "5000"}.get(decided.do) or CODES.get(decided.why, "1050")
        kind = order.form["transaction_type"]
        transaction = self._orders.transact(order, kind, code, order.amount, pan=decided.card)
        if code == "5000":
            return self._cancelled(request, order)
        await self._tell(request, order, transaction)
        if code != "0000":
            if self._cards is not None and len(order.transactions) >= self._cards:
                return self._cancelled(request, order)
            return self._page(order, str(transaction["response_message"]))
        url, told = order.form["success_url_override"], self._spoilt(request, transaction)
        return back(request, "GET", url, wire.returned(url, told, self._key(request, order)))

    def _cancelled(self, request: Request, order: Order) -> Response:
        """Nothing of this is signed."""
        return back(request, "GET", order.form["cancel_url_override"], {"order_number": order.number})

    # ── For the merchant's program ──

    async def show(self, request: Request) -> Response:
        given = await _read(request)
        problem = _unsigned(given, given.get("order-number", ""))
        if problem:
            return _xml(wire.errors_xml(problem), 406)
        if _switches(request).fault:
            return Response("Internal Server Error", 500, media_type="text/plain")
        order = self._orders.find(given["order-number"])
        if order is None:
            return _xml(wire.errors_xml("Order not found"), 404)
        self._board.answered["show"] += 1
        return await leaving(request, _xml(wire.transaction_xml(self._spoilt(request, order.shown))))

    async def change(self, request: Request) -> Response:
        given, verb = await _read(request), str(request.path_params["verb"])
        signed = given.get("order-number", "") + given.get("amount", "") + given.get("currency", "")
        problem = _unsigned(given, signed)
        if verb not in {"capture", "refund", "void"}:
            return Response("Not Found", 404, media_type="text/plain")
        if problem or given["order-number"] != request.path_params["number"]:
            return _xml(wire.errors_xml(problem or "Order number is invalid"), 406)
        if _switches(request).fault:
            return Response("Internal Server Error", 500, media_type="text/plain")
        order = self._orders.find(given["order-number"])
        if order is None:
            return _xml(wire.errors_xml("Order not found"), 404)
        if not given["amount"].isdigit() or given["currency"] != order.currency:
            return _xml(wire.errors_xml("Amount is invalid"), 406)
        transaction = self._orders.change(order, verb, int(given["amount"]))
        self._board.answered[verb] += 1
        await self._tell(request, order, transaction, callback=False)
        return await leaving(request, _xml(wire.transaction_xml(self._spoilt(request, transaction)), 201))

    # ── By itself ──

    async def set_webhooks(self, said: dict[str, Any]) -> dict[str, Any]:
        """Takes `{"urls": […]}`; an empty list sends none."""
        self._webhooks = [str(url) for url in said.get("urls", [])]
        return {"urls": self._webhooks}

    async def settle(self, request: Request) -> Response:
        """`{"order": …, "approve": true}`: a payment in progress comes to an end."""
        said = await request.json()
        order = self._orders.find(str(said.get("order")))
        if order is None or order.transactions[-1]["response_code"] != "5000":
            raise Refused("no such order is in progress")
        transaction = self._orders.settle(order, approve=bool(said.get("approve", True)))
        await self._tell(_without_switches(request), order, transaction)
        return JSONResponse(transaction)

    async def console(self, request: Request) -> Response:
        """`{"order": …, "do": "refund", "amount": …}`: somebody does it at Monri's own console."""
        said = await request.json()
        order = self._orders.find(str(said.get("order")))
        if order is None or said.get("do") not in {"capture", "refund", "void"}:
            raise Refused("order and do (capture, refund, void) are needed")
        transaction = self._orders.change(order, said["do"], int(said.get("amount", order.amount)))
        await self._tell(_without_switches(request), order, transaction, callback=False)
        return JSONResponse(transaction)

    async def listed(self, _: Request) -> Response:
        return JSONResponse({number: order.transactions for number, order in self._orders.opened.items()})

    async def _tell(
        self, request: Request, order: Order, transaction: Mapping[str, Any], *, callback: bool = True
    ) -> None:
        """The callback, for an approved payment only, then a webhook for everything."""
        told, key = self._spoilt(request, transaction), self._key(request, order)
        url = order.form.get("callback_url_override", "")
        if callback and url and transaction["status"] == "approved":
            await self.messages.notify(request, url, *wire.message(told, key))
        event = f"transaction:{transaction['transaction_type']}:{transaction['status']}"
        for hook in self._webhooks:
            await self.messages.notify(request, hook, *wire.message({"event": event, "payload": told}, key))

    def _key(self, request: Request, order: Order) -> str:
        return "stranger-secret" if "wrong_signature" in wrong(request) else order.key

    def _spoilt(self, request: Request, transaction: Mapping[str, Any]) -> dict[str, Any]:
        switches, told = _switches(request), dict(transaction)
        if "altered_amount" in switches.wrong:
            told["amount"] = told["outgoing_amount"] = transaction["amount"] - 1
        if "foreign_currency" in switches.wrong:
            told["currency"] = told["outgoing_currency"] = "HUF"
        if "unknown_state" in switches.wrong:
            told["status"], told["response_code"] = "munihub_new", "9999"
        if switches.wrong_schema == "renamed":
            told["order_no"] = told.pop("order_number")
        if switches.wrong_schema == "mistyped":
            told["amount"] = "sto eura"
        return told


def _checked(given: Mapping[str, str]) -> str:
    """The merchant's key, for a form that is complete and signed with it. Raises NotAccepted."""
    if missing := [name for name in _NEEDED if not given.get(name)]:
        raise NotAccepted(f"Missing: {', '.join(missing)}.")
    for name, (shortest, longest) in _LENGTHS.items():
        if name in given and not shortest <= len(given[name]) <= longest:
            raise NotAccepted(f"{escape(name)} has {len(given[name])} characters, not {shortest} to {longest}.")
    if given["transaction_type"] not in _TYPES or not given["amount"].isdigit():
        raise NotAccepted("transaction_type or amount is invalid.")
    key = wire.key_of(given["authenticity_token"])
    text = f"{key}{given['order_number']}{given['amount']}{given['currency']}"
    if key is None or not wire.is_signed(given["digest"], text, "sha512"):
        raise NotAccepted("The digest is invalid.")
    return key


def _unsigned(given: Mapping[str, str], signed: str) -> str:
    """What is wrong with a request of the XML API; empty where nothing is."""
    key = wire.key_of(given.get("authenticity-token", ""))
    if key is None:
        return "Authenticity token is invalid"
    return "" if wire.is_signed(given.get("digest", ""), key + signed, "sha1") else "Digest is invalid"


async def _read(request: Request) -> dict[str, str]:
    try:
        return wire.read_xml(await request.body())
    except ValueError:
        return {}


def _xml(body: bytes, status: int = 200) -> Response:
    return Response(body, status, media_type="application/xml")


def _switches(request: Request) -> GatewaySwitches:
    switches: GatewaySwitches = request.scope["switches"]
    return switches


def _without_switches(request: Request) -> Request:
    """The control door is not behind the switches."""
    request.scope.setdefault("switches", GatewaySwitches())
    return request
