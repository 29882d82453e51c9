"""The sandbox: a gateway without money that is spoken to like a real one. See README.md."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar

from adapters.payment_gateway.sandbox.settings import SandboxSettings
from adapters.payment_gateway.sandbox.states import REASONS, STATES
from hub.kernel.errors import RemoteError, RemoteFault, RemoteGarbage
from hub.kernel.money import Money, NotExact, minor_units
from hub.kit.auth import NoAuth
from hub.kit.http import build_http, raise_for
from hub.ports.back_office import CheckStep
from hub.ports.payment_gateway import (
    Acknowledgement,
    Asked,
    Forged,
    GatewaySurroundings,
    Incoming,
    Order,
    Outcome,
    RefundOrder,
    RefundOutcome,
    RefundReport,
    Report,
    Started,
    Unreadable,
)

_HEADER = "sandbox-signature"
_READABLE = frozenset({200, 201, 404, 409, 422})
_ANSWERS = CheckStep("connection", ok=True, detail="It answers.")


class Sandbox:
    Settings: ClassVar[type[SandboxSettings]] = SandboxSettings
    simulated: ClassVar[bool] = True
    lists: ClassVar[bool] = True
    refund_is_asked: ClassVar[bool] = True
    signs_by: ClassVar[str | None] = None

    def __init__(self, settings: SandboxSettings, surroundings: GatewaySurroundings) -> None:
        self._settings, self._surroundings = settings, surroundings
        self._http = build_http(
            surroundings.gateway,
            urls=[settings.base_url],
            settings=settings,
            auth=NoAuth(),
            secret=surroundings.secret,
            folder=surroundings.folder,
        )

    def rehearsal(self) -> str | None:
        return "the sandbox takes no money"

    async def start(self, order: Order) -> Started:
        answer = await self._call(
            "/v1/orders",
            {
                "number": order.number,
                "amount": order.amount.minor,
                "currency": order.amount.currency,
                "title": order.title,
                "language": order.language,
                "expires_at": order.expires_at.astimezone(UTC).isoformat(),
                "return_url": f"{self._surroundings.address}{order.return_path}",
                "notify_url": f"{self._surroundings.address}/notify",
            },
            repeatable=False,
        )
        url = answer.get("url")
        if not isinstance(url, str) or not url.startswith(f"{self._settings.base_url}/"):
            raise RemoteGarbage("The sandbox answered an order without its page.")
        return Started(url, reference=_text(answer, "id"))

    async def read_return(self, message: Incoming) -> Report:
        fields = message.query
        said = [fields.get(name, "") for name in ("merchant", "number", "id", "state")]
        if not all(said):
            raise Unreadable("merchant, number, id or state is missing")
        self._verify(fields.get("signature", ""), b"return", b"", "|".join(said).encode())
        self._is_ours(said[0])
        return Report(number=said[1], outcome=STATES.get(said[3], Outcome.UNKNOWN), word=said[3], reference=said[2])

    async def read_notification(self, message: Incoming) -> Report:
        self._verify(message.headers.get(_HEADER, ""), b"notification", b"", message.body)
        try:
            order = json.loads(message.body)
        except ValueError:
            raise Unreadable("it is not JSON") from None
        if not isinstance(order, dict):
            raise Unreadable("it is not a JSON object")
        self._is_ours(order.get("merchant"))
        try:
            return _report(order)
        except RemoteGarbage as error:
            raise Unreadable(str(error)) from None

    def acknowledge(self, *, accepted: bool) -> Acknowledgement:
        return Acknowledgement(200, b"ok") if accepted else Acknowledgement(400, b"not accepted")

    async def query(self, asked: Asked) -> Report:
        answer = await self._call("/v1/orders/query", {"number": asked.number}, missing=True)
        if answer.get("error") == "not_found":
            return Report(number=asked.number, outcome=Outcome.NOT_FOUND, word="not_found")
        return _report(answer)

    async def refund(self, order: RefundOrder) -> RefundReport:
        body = {"key": order.key, "number": order.number, "amount": order.amount.minor}
        answer = await self._call("/v1/refunds", body, repeatable=False)
        word = _text(answer, "state")
        try:
            outcome = RefundOutcome(word)
        except ValueError:
            raise RemoteGarbage(f"The sandbox answered a refund with the state {word[:40]!r}.") from None
        return RefundReport(outcome, word, reference=_text(answer, "key"), detail=str(answer.get("detail") or ""))

    async def listed(self, since: datetime, until: datetime) -> Sequence[Report]:
        body = {"since": since.astimezone(UTC).isoformat(), "until": until.astimezone(UTC).isoformat()}
        orders = (await self._call("/v1/orders/list", body)).get("orders")
        if not isinstance(orders, list) or not all(isinstance(one, dict) for one in orders):
            raise RemoteGarbage("The sandbox answered no list of orders.")
        return [_report(one) for one in orders]

    async def check(self) -> Sequence[CheckStep]:
        try:
            await self._call("/v1/ping", {})
        except RemoteError as error:
            if error.reached or isinstance(error, RemoteGarbage):
                return [_ANSWERS, CheckStep("credentials", ok=False, detail=str(error))]
            return [CheckStep("connection", ok=False, detail=str(error))]
        return [_ANSWERS, CheckStep("credentials", ok=True, detail="It knows the merchant.")]

    async def close(self) -> None:
        await self._http.close()

    async def _call(
        self, path: str, body: Mapping[str, Any], *, repeatable: bool = True, missing: bool = False
    ) -> dict[str, Any]:
        content = json.dumps({"merchant": self._settings.merchant, **body}, ensure_ascii=False).encode()
        signature = self._sign(b"request", path.encode(), content)
        reply = await self._http.send(
            "POST",
            f"{self._settings.base_url}{path}",
            headers={"content-type": "application/json", _HEADER: signature},
            content=content,
            repeatable=repeatable,
        )
        if reply.status not in _READABLE:
            raise_for(reply)
        try:
            self._verify(reply.headers.get(_HEADER, ""), b"answer", signature.encode(), reply.content)
            answer = json.loads(reply.content)
        except (Forged, ValueError) as error:
            raise RemoteGarbage(f"{path}: the sandbox's answer cannot be believed ({error}).") from None
        if not isinstance(answer, dict):
            raise RemoteGarbage(f"{path}: the sandbox's answer is no object.")
        if reply.status >= 400 and not (missing and reply.status == 404):
            raise RemoteFault(f"{path}: the sandbox refused it ({str(answer.get('error'))[:100]}).", reached=True)
        return answer

    def _sign(self, kind: bytes, context: bytes, body: bytes) -> str:
        secret = self._surroundings.secret(self._settings.secret.secret).get_secret_value().encode()
        return hmac.new(secret, b"\n".join((kind, context, body)), hashlib.sha256).hexdigest()

    def _verify(self, given: str, kind: bytes, context: bytes, body: bytes) -> None:
        if not hmac.compare_digest(self._sign(kind, context, body).encode(), given.encode()):
            raise Forged("the signature is not the sandbox's")

    def _is_ours(self, merchant: object) -> None:
        if merchant != self._settings.merchant:
            raise Forged("it is another merchant's")


def _report(order: Mapping[str, Any]) -> Report:
    word, currency = _text(order, "state"), _text(order, "currency")
    minor, refunded = order.get("amount"), order.get("refunded")
    try:
        minor_units(currency)
        at = datetime.fromisoformat(_text(order, "at"))
    except (NotExact, ValueError):
        raise RemoteGarbage("The order's currency or time cannot be read.") from None
    if type(minor) is not int or type(refunded) is not int or at.tzinfo is None:
        raise RemoteGarbage("The order's amounts or time cannot be read.")
    outcome = STATES.get(word, Outcome.UNKNOWN)
    return Report(
        number=_text(order, "number"),
        outcome=outcome,
        word=word,
        reference=_text(order, "id"),
        amount=Money(minor, currency),
        refunded=Money(refunded, currency),
        at=at,
        reason=REASONS.get(str(order.get("reason") or "")) if outcome is Outcome.DECLINED else None,
        approval=str(order["approval"]) if order.get("approval") else None,
        card=str(order["card"]) if order.get("card") else None,
        message_id=str(order["message_id"]) if order.get("message_id") else None,
    )


def _text(order: Mapping[str, Any], name: str) -> str:
    value = order.get(name)
    if not isinstance(value, str) or not value:
        raise RemoteGarbage(f"The sandbox's message has no {name}.")
    return value
