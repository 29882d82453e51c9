"""Stand-in for NETOPIA Payments: REST of version 2, the sealed form of version 1 (mobilPay), one page for both.

It sends one notification per end of a payment, as the sandbox does; that 3-D Secure is asked for is not told.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.gateway_netopia import payments as states
from simulators.gateway_netopia import sealed
from simulators.gateway_netopia.payments import Payment, Payments
from simulators.gateway_netopia.telling import POS, Teller, number_json, told_of
from simulators.kit.control import simulator
from simulators.kit.gateway import (
    MAGIC,
    Card,
    GatewaySwitches,
    back,
    card_page,
    challenge_page,
    decision,
    leaving,
    wrong,
)
from simulators.kit.pages import NotAccepted, page, refusal
from simulators.kit.secrets import secret
from simulators.kit.store import Refused
from simulators.kit.switches import CONTROL, Switchboard

PORT = 8123
_TITLE = "NETOPIA Payments (simulated)"
_CARDS: Mapping[str, Card] = {
    "9900004810225098": Card("approve", "approved (NETOPIA's own test card)"),
    "9900009184214768": Card("challenge", "its bank asks the payer to confirm (NETOPIA's own test card)"),
    "9900541631437790": Card("decline", "expired card (NETOPIA's own test card)", "expired"),
    "9900518572831942": Card("decline", "not enough money (NETOPIA's own test card)", "funds"),
    **MAGIC,
}


def app(clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Starlette:
    """The gateway with no payment yet."""
    board = Switchboard(GatewaySwitches)
    gateway = _Gateway(Payments(clock), board)
    return simulator(
        routes=[
            Route("/payment/card/start", gateway.start, methods=["POST"]),
            Route("/operation/status", gateway.status, methods=["POST"]),
            Route("/operation/credit", gateway.credit, methods=["POST"]),
            Route("/ui/card", gateway.page, methods=["GET"]),
            Route("/ui/card/{ntp_id}", gateway.paid, methods=["POST"]),
            Route("/", gateway.form, methods=["POST"]),
            Route("/en", gateway.form, methods=["POST"]),
            Route(f"{CONTROL}/become", gateway.become, methods=["POST"]),
            Route(f"{CONTROL}/payments", gateway.listed, methods=["GET"]),
            *gateway.teller.messages.routes(),
        ],
        board=board,
        stores={},
    )


class _Gateway:
    def __init__(self, payments: Payments, board: Switchboard) -> None:
        self._payments, self._board = payments, board
        self.teller = Teller(payments)

    # ── For the merchant's program: version 2 ──

    async def start(self, request: Request) -> Response:
        if refused := _refused(request):
            return refused
        said = await _json(request)
        config, order = _part(said, "config"), _part(said, "order")
        amount = _decimal(order.get("amount"))
        if order.get("posSignature") != POS or not order.get("orderID") or amount is None or not order.get("currency"):
            return _error(400, "400", "order: posSignature, orderID, amount and currency are needed")
        known = self._payments.find(order_id=str(order["orderID"]))
        if known is not None:
            code, message = ("56", "Order closed") if known.amount == amount else ("99", "Another price")
            told = told_of(known, known.amount)
            return number_json({"error": {"code": code, "message": message}, "payment": told})
        payment = self._payments.add(
            Payment(
                self._payments.next_id(),
                POS,
                str(order["orderID"]),
                amount,
                str(order["currency"]),
                str(order.get("description", "")),
                str(config.get("notifyUrl", "")),
                str(config.get("redirectUrl", "")),
                ordered=order,
            )
        )
        self._board.answered["start"] += 1
        told = told_of(payment, payment.amount) | {"paymentURL": f"{_base(request)}/ui/card?p={payment.ntp_id}"}
        answer = {"customerAction": {}, "error": {"code": "101", "message": "Redirect user to payment page"}}
        return await leaving(request, number_json(answer | {"payment": told}))

    async def status(self, request: Request) -> Response:
        if refused := _refused(request):
            return refused
        said = await _json(request)
        payment = self._payments.find(ntp_id=str(said.get("ntpID") or ""), order_id=str(said.get("orderID") or ""))
        if said.get("posID") != POS or payment is None:
            return _error(404, "404", "Order not found")
        self._board.answered["status"] += 1
        return await leaving(request, number_json(self.teller.told(request, payment)))

    async def credit(self, request: Request) -> Response:
        if refused := _refused(request):
            return refused
        said = await _json(request)
        payment, amount = self._payments.find(ntp_id=str(said.get("ntpID") or "")), _decimal(said.get("amount"))
        if payment is None or amount is None:
            return _error(404, "404", "Payment not found")
        code, message = payment.credit(amount)
        answer = {"error": {"code": code, "message": message}, "payment": told_of(payment, amount)}
        if code == "00":
            self._board.answered["credit"] += 1
            await self.teller.notify(request, payment)
        return await leaving(request, number_json(answer))

    # ── For the payer's browser ──

    async def form(self, request: Request) -> Response:
        """Version 1: the order comes sealed, by the browser."""
        given = {name: str(value) for name, value in (await request.form()).items()}
        try:
            order = sealed.opened(given)
            invoice = order.find("invoice")
            amount = _decimal(invoice.get("amount")) if invoice is not None else None
            if sealed.text(order, "signature") != POS or invoice is None or amount is None or not order.get("id"):
                raise NotAccepted("signature, id, invoice and amount are needed.")
            known = self._payments.find(order_id=order.get("id", ""))
            if known is not None and not known.open:
                raise NotAccepted("The order is closed (56).")
        except ValueError as error:
            return refusal(_TITLE, NotAccepted(f"The order cannot be opened: {error}"))
        except NotAccepted as error:
            return refusal(_TITLE, error)
        payment = known or self._payments.add(
            Payment(
                self._payments.next_id(),
                POS,
                order.get("id", ""),
                amount,
                invoice.get("currency", ""),
                sealed.text(order, "invoice/details"),
                sealed.text(order, "url/confirm"),
                (order.findtext("url/return") or "").strip(),
                cipher=sealed.text(order, "ipn_cipher") or "rc4",
                document=order,
            )
        )
        self._board.answered["form"] += 1
        return self._page(payment)

    async def page(self, request: Request) -> Response:
        payment = self._payments.find(ntp_id=request.query_params.get("p", "-"))
        if payment is None:
            return page(_TITLE, "<p>There is no such payment.</p>", 404)
        return self._page(payment) if payment.open else self._back(request, payment)

    def _page(self, payment: Payment) -> Response:
        facts = {
            "Order": payment.order_id,
            "For": payment.description,
            "Amount": f"{payment.amount} {payment.currency}",
        }
        return card_page(_TITLE, f"/ui/card/{payment.ntp_id}", facts, _CARDS, "ro")

    async def paid(self, request: Request) -> Response:
        payment = self._payments.find(ntp_id=request.path_params["ntp_id"])
        if payment is None:
            return page(_TITLE, "<p>There is no such payment.</p>", 404)
        if not payment.open:
            return self._back(request, payment)
        decided = decision(await request.form(), _CARDS, refuse_3ds="three_d_secure_refused" in wrong(request))
        if decided.do == "challenge":
            payment.status = states.THREE_D
            return challenge_page(f"{_TITLE}: 3-D Secure", f"/ui/card/{payment.ntp_id}", decided.card)
        if decided.do == "approve":
            payment.approve(decided.masked)
        elif decided.do == "decline":
            payment.decline(decided.why, decided.masked)
        elif decided.do == "pending":
            payment.status = states.PENDING_AUTH
        else:
            payment.status = states.CANCELED
        if decided.do != "pending":
            await self.teller.notify(request, payment)
        return self._back(request, payment)

    def _back(self, request: Request, payment: Payment) -> Response:
        return back(request, "GET", payment.redirect_url, {"orderId": payment.order_id})

    # ── By itself ──

    async def become(self, request: Request) -> Response:
        """`{"order": …, "status": 9}`: a payment takes a state by itself, and NETOPIA tells, unless `tell` is false."""
        said = await request.json()
        payment = self._payments.find(order_id=str(said.get("order")))
        if payment is None or not isinstance(said.get("status"), int):
            raise Refused("order and status are needed")
        payment.status = said["status"]
        payment.error = ("00", "Approved")
        if said.get("tell", True):
            request.scope.setdefault("switches", GatewaySwitches())
            await self.teller.notify(request, payment)
        return JSONResponse({"status": payment.status})

    async def listed(self, _: Request) -> Response:
        every = self._payments.by_order.values()
        return number_json({one.order_id: told_of(one, one.amount) | {"credited": one.credited} for one in every})


def _refused(request: Request) -> Response | None:
    switches: GatewaySwitches = request.scope["switches"]
    if not hmac.compare_digest(request.headers.get("authorization", "").encode(), secret("netopia-api").encode()):
        return JSONResponse({"code": "401", "message": "Unauthorized"}, 401)
    return JSONResponse({"code": "500", "message": "Internal error"}, 500) if switches.fault else None


def _error(status: int, code: str, message: str) -> Response:
    return JSONResponse({"code": code, "message": message}, status)


async def _json(request: Request) -> dict[str, Any]:
    try:
        document = json.loads(await request.body(), parse_float=Decimal)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}


def _part(document: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = document.get(name)
    return found if isinstance(found, dict) else {}


def _decimal(value: Any) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | str | Decimal):
        return None
    try:
        amount = Decimal(value)
    except InvalidOperation:
        return None
    return amount if amount.is_finite() and amount > 0 else None


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")
