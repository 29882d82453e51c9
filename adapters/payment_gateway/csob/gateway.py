"""ČSOB payment gateway, eAPI 1.9. See README.md."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import ClassVar
from urllib.parse import urlsplit

from adapters.payment_gateway.csob import messages, signing
from adapters.payment_gateway.csob.keys import bank_keys, is_for_rehearsals, own_key
from adapters.payment_gateway.csob.settings import CsobSettings
from adapters.payment_gateway.csob.states import (
    AWAITING_SETTLEMENT,
    CHARGED,
    CONFIRMED,
    REFUND_PROCESSING,
    REFUNDED,
    REVOKED,
    Meaning,
    Said,
    said,
)
from adapters.payment_gateway.csob.wire import Answer, Wire, refuse_unless_done
from hub.kernel.clock import SystemClock
from hub.kernel.errors import ConfigurationError, HubError, RemoteError, RemoteFault, RemoteGarbage, RemoteRefused
from hub.kit.auth import NoAuth
from hub.kit.http import build_http, origin
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

_PRODUCTION = "https://api.platebnibrana.csob.cz:443"
_LONGEST_RETURN_URL = 300
_RETURNED = (
    "payId",
    "dttm",
    "resultCode",
    "resultMessage",
    "paymentStatus",
    "authCode",
    "merchantData",
    "statusDetail",
)


class Csob:
    """`reference` is the payId. The gateway sends no notifications: what happened is learned by asking."""

    Settings: ClassVar[type[CsobSettings]] = CsobSettings
    simulated: ClassVar[bool] = False
    lists: ClassVar[bool] = False
    refund_is_asked: ClassVar[bool] = True
    signs_by: ClassVar[str | None] = None

    def __init__(self, settings: CsobSettings, surroundings: GatewaySurroundings) -> None:
        self._settings = settings
        self._address = surroundings.address
        longest = f"{self._address}/return/sr-Cyrl"
        if len(longest) > _LONGEST_RETURN_URL:
            problem = f"{longest} has more than {_LONGEST_RETURN_URL} characters"
            raise ConfigurationError(problem, remedy="Shorten the name of the gateway in city.yaml.")
        self._bank = bank_keys(settings.bank_keys, surroundings.folder)
        key = own_key(settings.key.secret, surroundings.secret)
        self._http = build_http(
            surroundings.gateway,
            urls=[settings.base_url],
            settings=settings,
            auth=NoAuth(),
            secret=surroundings.secret,
            folder=surroundings.folder,
        )
        self._wire = Wire(settings, self._http, key, self._bank, SystemClock())

    def rehearsal(self) -> str | None:
        if origin(self._settings.base_url) != _PRODUCTION:
            host = urlsplit(self._settings.base_url).hostname
            return f"base_url: {host} moves no money; the production is {_PRODUCTION.removesuffix(':443')}/api/v1.9"
        for number, key in enumerate(self._bank):
            if is_for_rehearsals(key):
                return f"bank_keys.{number}: this key signs rehearsals; take mips_platebnibrana.csob.cz.pub"
        return None

    async def start(self, order: Order) -> Started:
        """payment/init. Raises ConfigurationError for a currency the bank does not take.

        Where no payId came back nobody can pay: the page is found by it alone.
        """
        if order.amount.currency not in messages.CURRENCIES:
            takes = ", ".join(sorted(messages.CURRENCIES))
            problem = f"ČSOB takes no {order.amount.currency}"
            raise ConfigurationError(problem, remedy=f"It takes {takes}; use another gateway for this payee.")
        body = messages.init(
            order,
            return_url=f"{self._address}{order.return_path}",
            return_method=self._settings.return_method,
            close_at_once=self._settings.close == "at_once",
            with_customer=self._settings.customer,
        )
        answer = await self._wire.tell("POST", "payment/init", signing.INIT, signing.INIT_ANSWER, body)
        refuse_unless_done(answer, "payment/init")
        pay_id = answer.text("payId")
        if pay_id is None:
            raise RemoteGarbage("ČSOB answered payment/init without a payId.")
        return Started(self._wire.address("payment/process", signing.PAYMENT, payId=pay_id), reference=pay_id)

    async def read_return(self, message: Incoming) -> Report:
        """Which order it is about, and its amount, stand in merchantData, which the bank has signed."""
        given = message.form if message.method == "POST" else message.query
        told = {name: given[name] for name in (*_RETURNED, "signature") if name in given}
        if missing := [name for name in ("payId", "dttm", "resultCode", "signature") if not told.get(name)]:
            raise Unreadable(f"{', '.join(missing)} is missing")
        if any("|" in value for value in told.values()):
            # The bank's text could be cut in another place and still be the same text.
            raise Forged("a value holds the separator of the signed text")
        if not self._wire.is_signed(told, signing.RETURN):
            raise Forged("the signature is not of the bank's key over these values")
        try:
            state = said(told)
        except ValueError as error:
            raise Unreadable(str(error)) from None
        ours = messages.our_order(told.get("merchantData", ""))
        if ours is None:
            raise Unreadable("merchantData is not what we gave along")
        report = self._report(ours.number, told["payId"], state, told)
        return replace(report, amount=ours.amount)

    async def read_notification(self, message: Incoming) -> Report:
        raise Unreadable("ČSOB sends no notifications")

    def acknowledge(self, *, accepted: bool) -> Acknowledgement:
        return Acknowledgement(200 if accepted else 404)

    async def query(self, asked: Asked) -> Report:
        """payment/status. It tells no amount; the payId is the bank's answer to the amount we signed.

        An order without a payId was never begun over there, or nobody was told where to pay it.
        """
        if not asked.reference:
            return Report(asked.number, Outcome.NOT_FOUND, "no payId", signed_order=True)
        answer = await self._status(asked.reference)
        if answer.said.status == CONFIRMED and self._settings.close == "by_us":
            closing = {"payId": asked.reference, "totalAmount": asked.amount.minor}
            answer = await self._wire.tell("PUT", "payment/close", signing.CLOSE, signing.ANSWER, closing)
            if answer.said.meaning is not Meaning.WRONG_STATE:  # Somebody closed it meanwhile.
                refuse_unless_done(answer, "payment/close")
        return replace(self._report(asked.number, asked.reference, answer.said, answer), signed_order=True)

    async def refund(self, order: RefundOrder) -> RefundReport:
        """payment/reverse before settlement, payment/refund after it; which one the state says.

        Only the whole can be reversed. The bank knows no key of ours: a payment that was given back to without our
        knowing is not given back to again, but is in doubt (RemoteFault, `reached` None).
        """
        if not order.reference:
            return RefundReport(RefundOutcome.REFUSED, "no payId", detail="ČSOB never took this order.")
        try:
            status = await self._status(order.reference)
        except RemoteError as error:
            # It was only a question, so nothing was given back: the same may be tried again.
            error.reached = error.reached or False
            raise
        state = status.said.status
        whole = order.amount == order.captured
        if state == REFUND_PROCESSING:
            return _pending(status.said, "A refund of this payment is being processed.")
        if state == REVOKED and whole:
            return RefundReport(RefundOutcome.DONE, status.said.word, order.reference)
        if state == REFUNDED and order.already.minor == 0:
            detail = "ČSOB has given something back that is not known here, and does not tell how much."
            raise RemoteFault(detail, reached=None)
        if state is not None and (state in {CHARGED, REFUNDED} or state == self._settings.refund_from):
            return await self._give_back(order, order.reference)
        if state in {CONFIRMED, AWAITING_SETTLEMENT}:
            if whole:
                return await self._reverse(order.reference)
            detail = "Before settlement, as a rule until the next day, only the whole can be given back."
            return RefundReport(RefundOutcome.REFUSED, status.said.word, detail=detail)
        return RefundReport(RefundOutcome.REFUSED, status.said.word, detail="Nothing of it can be given back.")

    async def listed(self, since: datetime, until: datetime) -> Sequence[Report]:
        return ()

    async def check(self) -> Sequence[CheckStep]:
        """echo, which the bank answers only to a signature of a merchant it knows."""
        started = asyncio.get_running_loop().time()
        steps = [CheckStep("settings", ok=True, detail=f"Merchant {self._settings.merchant}; the keys can be read.")]
        try:
            answer = await self._wire.ask("echo", signing.ECHO, signing.ECHO_ANSWER)
            refuse_unless_done(answer, "echo")
        except (RemoteRefused, RemoteFault) as error:
            steps.append(CheckStep("connection", ok=True, detail="It answers.", took=_since(started)))
            remedy = "Is the public half of the key confirmed in POS Merchant for this merchant and environment?"
            return [*steps, CheckStep("credentials", ok=False, detail=f"{error} {remedy}")]
        except RemoteGarbage as error:
            steps.append(CheckStep("connection", ok=True, detail="It answers.", took=_since(started)))
            remedy = "Is bank_keys the key of this environment?"
            return [*steps, CheckStep("credentials", ok=False, detail=f"{error} {remedy}")]
        except HubError as error:
            return [*steps, CheckStep("connection", ok=False, detail=str(error), took=_since(started))]
        steps.append(CheckStep("connection", ok=True, detail="It answers.", took=_since(started)))
        return [*steps, CheckStep("credentials", ok=True, detail="Both signatures are accepted.")]

    async def close(self) -> None:
        await self._http.close()

    async def _status(self, pay_id: str) -> Answer:
        """Raises RemoteError, also for an answer about another payment."""
        answer = await self._wire.ask("payment/status", signing.PAYMENT, signing.ANSWER, payId=pay_id)
        if answer.said.meaning in {Meaning.REFUSED, Meaning.BROKEN}:
            refuse_unless_done(answer, "payment/status")
        if answer.text("payId") not in {pay_id, None}:
            raise RemoteGarbage("ČSOB answered payment/status about another payment.")
        return answer

    async def _reverse(self, pay_id: str) -> RefundReport:
        values = {"payId": pay_id}
        answer = await self._wire.tell("PUT", "payment/reverse", signing.PAYMENT, signing.ANSWER, values)
        return _given_back(answer, "payment/reverse", pay_id, surely=True)

    async def _give_back(self, order: RefundOrder, pay_id: str) -> RefundReport:
        values = {"payId": pay_id, "amount": order.amount.minor}
        answer = await self._wire.tell("PUT", "payment/refund", signing.REFUND, signing.ANSWER, values)
        # A payment that was given back to before says "refunded" from the start, so that asking would tell no more.
        return _given_back(answer, "payment/refund", pay_id, surely=order.already.minor > 0)

    def _report(self, number: str, pay_id: str, state: Said, told: Mapping[str, object]) -> Report:
        outcome = state.outcome(self._settings.captured_from)
        detail = str(told.get("statusDetail") or "")
        reasons = {Outcome.CANCELLED: "cancelled_by_payer", Outcome.EXPIRED: "timed_out"}
        # Without a detail it may also have expired: the bank has one state for both.
        reason = "declined_by_bank" if outcome is Outcome.DECLINED and detail else reasons.get(outcome)
        details = {"resultCode": str(state.result)} | ({"statusDetail": detail} if detail else {})
        approval = str(told.get("authCode") or "") or None
        return Report(number, outcome, state.word, reference=pay_id, reason=reason, approval=approval, details=details)


def _given_back(answer: Answer, operation: str, pay_id: str, *, surely: bool) -> RefundReport:
    """`surely`: what was accepted is done; else the state says when (9, then 10, within seconds as a rule)."""
    told = answer.said
    if told.meaning in {Meaning.WRONG_STATE, Meaning.REFUSED}:
        detail = answer.text("resultMessage") or ""
        return RefundReport(RefundOutcome.REFUSED, told.word, detail=detail)
    refuse_unless_done(answer, operation)
    if surely or told.status in {REVOKED, REFUNDED}:
        return RefundReport(RefundOutcome.DONE, told.word, pay_id)
    return _pending(told, "")


def _pending(told: Said, detail: str) -> RefundReport:
    return RefundReport(RefundOutcome.PENDING, told.word, detail=detail)


def _since(started: float) -> timedelta:
    return timedelta(seconds=asyncio.get_running_loop().time() - started)
