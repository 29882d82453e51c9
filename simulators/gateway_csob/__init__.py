"""Stand-in for the card gateway of ČSOB: eAPI 1.9 at `/api/v1.9`, its page, and the browser's way back."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.gateway_csob.eapi import is_from_merchant, signed, stamp
from simulators.gateway_csob.payments import (
    CANCELLED,
    IN_PROGRESS,
    MESSAGES,
    REJECTED,
    Payment,
    Payments,
    Refused,
)
from simulators.kit.control import simulator
from simulators.kit.gateway import (
    MAGIC,
    Card,
    GatewaySwitches,
    back,
    card_page,
    challenge_page,
    decision,
    done_by_control,
    leaving,
    wrong,
)
from simulators.kit.pages import page
from simulators.kit.switches import CONTROL, Switchboard

PORT = 8121
_BASE = "/api/v1.9"
_CARDS: Mapping[str, Card] = {"4000007000010006": Card("approve", "approved (the bank's own test card)"), **MAGIC}
_DETAILS = {"funds": "insufficient funds", "expired": "expired card", "authentication": "authentication failed"}


def app(clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> Starlette:
    """The gateway with no payment yet. The merchants it knows are those of `eapi.MERCHANTS`."""
    board = Switchboard(GatewaySwitches)
    gateway = _Gateway(Payments(clock), clock, board)
    at = "{merchantId}/{payId}/{dttm}/{signature:path}"
    return simulator(
        routes=[
            Route(f"{_BASE}/echo", gateway.echo, methods=["POST"]),
            Route(f"{_BASE}/echo/{{merchantId}}/{{dttm}}/{{signature:path}}", gateway.echo, methods=["GET"]),
            Route(f"{_BASE}/payment/init", gateway.init, methods=["POST"]),
            Route(f"{_BASE}/payment/process/{at}", gateway.process, methods=["GET"]),
            Route(f"{_BASE}/payment/status/{at}", gateway.status, methods=["GET"]),
            Route(f"{_BASE}/payment/close", gateway.close, methods=["PUT"]),
            Route(f"{_BASE}/payment/reverse", gateway.reverse, methods=["PUT"]),
            Route(f"{_BASE}/payment/refund", gateway.refund, methods=["PUT"]),
            Route("/pay/{payId}", gateway.paid, methods=["POST"]),
            done_by_control("day-end", gateway.end_day),
            Route(f"{CONTROL}/payments", gateway.listed, methods=["GET"]),
        ],
        board=board,
        stores={},
    )


class _Gateway:
    def __init__(self, payments: Payments, clock: Callable[[], datetime], board: Switchboard) -> None:
        self._payments = payments
        self._clock = clock
        self._board = board

    # ── For the merchant's program ──

    async def echo(self, request: Request) -> Response:
        return await self._answered(request, "echo", "echo", lambda _: None)

    async def init(self, request: Request) -> Response:
        return await self._answered(request, "init", "payment/init", self._payments.init)

    async def status(self, request: Request) -> Response:
        return await self._answered(
            request, "payment", "payment/status", lambda asked: self._payments.status(asked["payId"])
        )

    async def close(self, request: Request) -> Response:
        return await self._answered(
            request,
            "close",
            "payment/close",
            lambda asked: self._payments.close(asked.get("payId"), asked.get("totalAmount")),
        )

    async def reverse(self, request: Request) -> Response:
        return await self._answered(
            request, "payment", "payment/reverse", lambda asked: self._payments.reverse(asked.get("payId"))
        )

    async def refund(self, request: Request) -> Response:
        return await self._answered(
            request,
            "refund",
            "payment/refund",
            lambda asked: self._payments.refund(asked.get("payId"), asked.get("amount")),
        )

    async def _answered(
        self, request: Request, what: str, operation: str, act: Callable[[dict[str, Any]], Payment | None]
    ) -> Response:
        """401 for a signature that is none, else 200 with a resultCode, signed."""
        asked: Any = dict(request.path_params) if request.method == "GET" else await request.json()
        if not isinstance(asked, dict) or not is_from_merchant(what, asked):
            return JSONResponse({"message": f"Invalid signature of {operation}"}, 401)
        switches: GatewaySwitches = request.scope["switches"]
        payment, code, message = None, 0, MESSAGES[0]
        try:
            if switches.fault:
                raise Refused(900)
            payment = act(asked)
            self._board.answered[operation] += 1
        except Refused as refused:
            code, message = refused.code, refused.message
            if code == 150:
                payment = self._payments.find(asked["payId"])
        said = {"payId": payment.pay_id if payment else asked.get("payId")} if what != "echo" else {}
        said |= {"dttm": stamp(self._clock()), "resultCode": code, "resultMessage": message}
        if payment is not None:
            said |= {"paymentStatus": payment.status, "authCode": payment.auth_code, "statusDetail": payment.detail}
        answer = JSONResponse(self._signed(request, said))
        return answer if request.method == "GET" or what == "echo" else await leaving(request, answer)

    # ── For the payer's browser ──

    async def process(self, request: Request) -> Response:
        asked = dict(request.path_params)
        if not is_from_merchant("payment", asked):
            return page("ČSOB (simulated)", "<p>The payment cannot be made: technical error in the request.</p>", 401)
        try:
            payment = self._payments.find(asked["payId"])
        except Refused:
            return page("ČSOB (simulated)", "<p>The payment was not found.</p>", 404)
        if payment.over:
            return self._back(request, payment)
        payment.status = IN_PROGRESS
        total = f"{payment.total // 100},{payment.total % 100:02} {payment.order['currency']}"
        what = "; ".join(str(item["name"]) for item in payment.order["cart"])
        facts = {"Merchant": asked["merchantId"], "Order": payment.order["orderNo"], "For": what, "Amount": total}
        return card_page("ČSOB (simulated)", f"/pay/{payment.pay_id}", facts, _CARDS)

    async def paid(self, request: Request) -> Response:
        try:
            payment = self._payments.find(request.path_params["payId"])
        except Refused:
            return page("ČSOB (simulated)", "<p>The payment was not found.</p>", 404)
        if payment.over:
            return self._back(request, payment)
        form = await request.form()
        decided = decision(form, _CARDS, refuse_3ds="three_d_secure_refused" in wrong(request))
        if decided.do == "challenge":
            return challenge_page("ČSOB (simulated): 3-D Secure", f"/pay/{payment.pay_id}", decided.card)
        if decided.do == "approve":
            payment.approve()
        elif decided.do == "cancel":
            payment.status = CANCELLED
        elif decided.do == "decline":
            payment.status, payment.detail = REJECTED, _DETAILS.get(decided.why, "declined by the card issuer")
        return self._back(request, payment)

    def _back(self, request: Request, payment: Payment) -> Response:
        """To returnUrl, by the method the merchant chose."""
        late = payment.status == REJECTED and payment.detail is None
        code = 130 if late else 0
        said = {
            "payId": payment.pay_id,
            "dttm": stamp(self._clock()),
            "resultCode": code,
            "resultMessage": MESSAGES[code],
            "paymentStatus": payment.status,
            "authCode": payment.auth_code,
            "merchantData": _echoed(payment, wrong(request)),
            "statusDetail": payment.detail,
        }
        fields = {name: str(value) for name, value in self._signed(request, said).items()}
        return back(request, str(payment.order["returnMethod"]), str(payment.order["returnUrl"]), fields)

    def _signed(self, request: Request, said: Mapping[str, Any]) -> dict[str, Any]:
        switches: GatewaySwitches = request.scope["switches"]
        message = dict(said)
        if message.get("paymentStatus") and "unknown_state" in switches.wrong:
            message["paymentStatus"] = 42
        if message.get("paymentStatus") and switches.wrong_schema == "mistyped":
            message["paymentStatus"] = "neuvedeno"
        if switches.wrong_schema == "renamed":
            message["code"] = message.pop("resultCode")
        return signed(message, by="stranger" if "wrong_signature" in switches.wrong else "csob")

    # ── By itself ──

    async def end_day(self, _: dict[str, Any]) -> dict[str, int]:
        return {"settled": self._payments.end_day()}

    async def listed(self, _: Request) -> Response:
        return JSONResponse(self._payments.listed())


def _echoed(payment: Payment, switched: frozenset[str]) -> str | None:
    """The merchantData as given; with the switches, an amount or currency it holds is another one."""
    data = payment.order.get("merchantData")
    if data is None or not switched & {"altered_amount", "foreign_currency"}:
        return data if data is None else str(data)
    try:
        text = base64.b64decode(str(data), validate=True).decode()
    except (binascii.Error, ValueError):
        return str(data)
    if "altered_amount" in switched:
        text = re.sub(rf"(?<!\d){payment.total}(?!\d)", str(payment.total - 1), text)
    if "foreign_currency" in switched:
        text = text.replace(str(payment.order["currency"]), "HUF")
    return base64.b64encode(text.encode()).decode()
