"""What NETOPIA tells about a payment: answers, notifications of version 2, signed, and of version 1, sealed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from simulators.gateway_netopia import payments as states
from simulators.gateway_netopia import sealed
from simulators.gateway_netopia.payments import Payment, Payments
from simulators.gateway_netopia.signing import token
from simulators.kit.gateway import GatewaySwitches, Messages, wrong

POS = "MUNI-HUBS-IMUL-ATOR-POS1"
"""The one point of sale; its API key is the secret `netopia-api`, its certificate of version 1 keys/netopia-pos."""

_ACTIONS = {states.PAID: "confirmed", states.CONFIRMED: "confirmed", states.CREDIT: "credit",
            states.CANCELED: "canceled", states.PENDING_AUTH: "confirmed_pending", states.OPENED: "paid",
            states.DECLINED: "confirmed", states.EXPIRED: "canceled"}  # fmt: skip


class Teller:
    def __init__(self, payments: Payments) -> None:
        self._payments = payments
        self.messages = Messages()

    async def notify(self, request: Request, payment: Payment) -> None:
        if payment.document is not None:
            await self._sealed(request, payment)
        elif payment.notify_url:
            body = number_json(self.told(request, payment)).body
            by = "stranger" if "wrong_signature" in wrong(request) else "netopia"
            signed = token(bytes(body), POS, self._payments.clock(), by=by)
            headers = {"Content-Type": "application/json", "Verification-token": signed}
            await self.messages.notify(request, payment.notify_url, headers, bytes(body))

    async def _sealed(self, request: Request, payment: Payment) -> None:
        """Version 1: nothing is signed. `wrong_signature` seals to another merchant's key."""
        assert payment.document is not None
        switched = wrong(request)
        amount = payment.last_credit if payment.status == states.CREDIT else payment.amount
        if "altered_amount" in switched:
            amount -= Decimal("0.01")
        code, message = payment.error
        document, _ = sealed.notification(
            payment.document,
            action="munihub_new" if "unknown_state" in switched else _ACTIONS.get(payment.status, "paid_pending"),
            code="0" if code == "00" else code,
            message=message,
            processed=f"{amount:.2f}",
            purchase=payment.ntp_id,
            pan=payment.pan,
            at=self._payments.clock(),
        )
        if "foreign_currency" in switched:
            document = document.replace(f'currency="{payment.currency}"'.encode(), b'currency="HUF"')
        fields = sealed.sealed(document, payment.cipher, to="oidc" if "wrong_signature" in switched else "netopia-pos")
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        await self.messages.notify(request, payment.notify_url, headers, urlencode(fields).encode())

    def told(self, request: Request, payment: Payment) -> dict[str, Any]:
        """A notification, or the answer to a question, as the switches have it."""
        switches: GatewaySwitches = request.scope["switches"]
        amount = payment.last_credit if payment.status == states.CREDIT else payment.amount
        told = told_of(payment, amount - (Decimal("0.01") if "altered_amount" in switches.wrong else 0))
        told |= {"code": payment.error[0], "message": payment.error[1], "instrument": {"panMasked": payment.pan}}
        if "foreign_currency" in switches.wrong:
            told["currency"] = "HUF"
        if "unknown_state" in switches.wrong:
            told["status"] = 42
        if switches.wrong_schema == "renamed":
            told["state"] = told.pop("status")
        if switches.wrong_schema == "mistyped":
            told["amount"] = "o sută"
        order = {"orderID": payment.order_id, "posSignature": payment.pos, "ntpID": payment.ntp_id}
        return {"error": {"code": payment.error[0], "message": payment.error[1]}, "order": order, "payment": told}


def told_of(payment: Payment, amount: Decimal) -> dict[str, Any]:
    return {
        "ntpID": payment.ntp_id,
        "status": payment.status,
        "amount": amount,
        "currency": payment.currency,
        "data": {"AuthCode": payment.auth, "RRN": payment.ntp_id.zfill(12)} if payment.auth else {},
    }


def number_json(document: Mapping[str, Any]) -> Response:
    """Amounts are JSON numbers; two decimals are exact as doubles up to NETOPIA's limit of 99 999."""
    body = json.dumps(document, default=float, ensure_ascii=False, separators=(",", ":")).encode()
    return Response(body, media_type="application/json")
