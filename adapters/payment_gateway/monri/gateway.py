"""Monri WebPay: the browser posts an order signed with our key, Monri answers signed with the same key.

The page shows the form again after a refused card (Monri, "WebPay Form integration manual"), so a refusal ends an
order only when `retry_window` has passed, and only the question to `/orders/show` can say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from adapters.payment_gateway.monri import messages, transactions
from adapters.payment_gateway.monri.form import form_fields
from adapters.payment_gateway.monri.settings import MonriSettings, rehearsed
from adapters.payment_gateway.monri.statuses import APPROVED, IN_PROGRESS
from adapters.payment_gateway.monri.transactions import Verb, report_of
from hub.kernel.errors import ConfigurationError, HubError, RemoteGarbage
from hub.kernel.money import Money
from hub.kit import xml
from hub.kit.auth import NoAuth
from hub.kit.http import build_http, raise_for
from hub.kit.redaction import redact, shown_url
from hub.kit.reply import Reply
from hub.ports.back_office import CheckStep
from hub.ports.payment_gateway import (
    Acknowledgement,
    Asked,
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

_XML = {"content-type": "application/xml", "accept": "application/xml"}
# No order has it: the hub's begin with another digit than 0.
_NO_ORDER = "0000000000"
_LONGEST = 300
_RESERVED = frozenset(f"authorize approved {code}" for code in APPROVED)


class Monri:
    """See hub/ports/payment_gateway.py for the methods."""

    Settings: ClassVar[type[MonriSettings]] = MonriSettings
    simulated: ClassVar[bool] = False
    lists: ClassVar[bool] = False
    # `/orders/show` is not documented to tell refunds. What became of one is told by the webhook, or by a person.
    refund_is_asked: ClassVar[bool] = False
    signs_by: ClassVar[str | None] = messages.SCHEME

    def __init__(self, settings: MonriSettings, surroundings: GatewaySurroundings) -> None:
        self.settings = settings
        self._surroundings = surroundings
        self._http = build_http(
            surroundings.gateway,
            urls=[settings.base_url],
            settings=settings,
            auth=NoAuth(),
            secret=surroundings.secret,
            folder=surroundings.folder,
        )

    def rehearsal(self) -> str | None:
        return rehearsed(self.settings, self._surroundings.secret(self.settings.merchant_key.secret))

    async def start(self, order: Order) -> Started:
        """Calls nobody: Monri first hears of the order from the browser. Raises ConfigurationError."""
        fields = form_fields(order, self.settings, key=self._key, address=self._surroundings.address)
        return Started(f"{self.settings.base_url}/v2/form", form=fields)

    async def read_return(self, message: Incoming) -> Report:
        """The success address is signed; the cancel link is not, and proves nothing."""
        fields = messages.verified_return(message, self._key)
        if fields is None:
            number = messages.order_in(message.url)
            word = "returned without a digest"
            return Report(number, Outcome.CANCELLED, word, reason="cancelled_by_payer", believed=False)
        status = "approved" if fields.get("response_code") in APPROVED else "declined"
        return self._report({"status": status, **fields})

    async def read_notification(self, message: Incoming) -> Report:
        """A callback is a transaction, a webhook `{event, payload: transaction}`; both carry the same digest."""
        document = messages.verified_body(message, self._key)
        if "event" not in document:
            return self._report(document)
        payload = document.get("payload")
        if not isinstance(payload, dict):
            raise Unreadable("The webhook has no payload.")
        return self._report({**payload, "event": document["event"]})

    def acknowledge(self, *, accepted: bool) -> Acknowledgement:
        """200 ends the repetitions; anything else brings the message again (Monri, "Callback")."""
        return Acknowledgement(200, b"OK") if accepted else Acknowledgement(400, b"not accepted")

    async def query(self, asked: Asked) -> Report:
        """With `transaction_type: authorize`, an order that is reserved is captured here.

        A capture is done once per reservation, so a doubt is cleared by asking again.
        """
        report, told_at = await self._shown(asked)
        if self.settings.transaction_type == "authorize" and report.word in _RESERVED:
            return await self._captured(asked, report)
        window = self.settings.retry_window
        if report.outcome is Outcome.DECLINED and window and report.at and told_at - report.at < window:
            return replace(report, outcome=Outcome.OPEN)
        return report

    async def refund(self, order: RefundOrder) -> RefundReport:
        if order.already.minor and not self.settings.several_refunds:
            detail = "Monri gives back once per payment; the rest has to be arranged with Monri, or by bank transfer."
            return RefundReport(RefundOutcome.REFUSED, "second refund", detail=detail)
        if self.settings.void_first and order.amount == order.captured and not order.already.minor:
            voided = await self._given_back("void", order)
            if voided.outcome is not RefundOutcome.REFUSED:
                return voided
        return await self._given_back("refund", order)

    async def listed(self, since: datetime, until: datetime) -> Sequence[Report]:
        """Monri publishes no list: nothing."""
        return ()

    async def check(self) -> Sequence[CheckStep]:
        """Settings, connection, then credentials: an order nobody has must be unknown, and not a wrong digest."""
        try:
            self._http.prepare()
            body = transactions.show_request(_NO_ORDER, token=self.settings.authenticity_token, key=self._key)
        except ConfigurationError as error:
            return [CheckStep("settings", ok=False, detail=str(error))]
        shown = shown_url(self.settings.base_url)
        steps = [CheckStep("settings", ok=True, detail=f"Calls {shown} for {self.settings.transaction_type}.")]
        try:
            reply = await self._http.send("POST", f"{self.settings.base_url}/orders/show", headers=_XML, content=body)
        except HubError as error:
            return [*steps, CheckStep("connection", ok=False, detail=str(error))]
        steps.append(CheckStep("connection", ok=True, detail=f"It answers ({reply.status})."))
        if _unknown(reply) or 200 <= reply.status < 300:
            return [*steps, CheckStep("credentials", ok=True, detail="Token and key are accepted.")]
        detail = f"Asked about an order nobody has, it answered {reply.status}: {_complaint(reply) or 'no reason'}."
        return [*steps, CheckStep("credentials", ok=False, detail=detail)]

    async def close(self) -> None:
        await self._http.close()

    @property
    def _key(self) -> str:
        return self._surroundings.secret(self.settings.merchant_key.secret).get_secret_value()

    def _report(self, fields: dict[str, str], currency: str | None = None) -> Report:
        """Of a message; a refused card leaves the page open, see `retry_window`."""
        report = report_of(
            fields,
            ordered=self.settings.transaction_type,
            currency=currency,
            one_refund=not self.settings.several_refunds,
        )
        if report.outcome is Outcome.DECLINED and self.settings.retry_window:
            return replace(report, outcome=Outcome.OPEN)
        return report

    async def _shown(self, asked: Asked) -> tuple[Report, datetime]:
        """What Monri knows of an order, and when it said so."""
        body = transactions.show_request(asked.number, token=self.settings.authenticity_token, key=self._key)
        reply = await self._http.send("POST", f"{self.settings.base_url}/orders/show", headers=_XML, content=body)
        if _unknown(reply):
            return Report(asked.number, Outcome.NOT_FOUND, f"{reply.status}"), reply.received_at
        raise_for(reply)
        return self._answered(reply, asked.number, asked.amount.currency), reply.received_at

    async def _captured(self, asked: Asked, reserved: Report) -> Report:
        if reserved.amount != asked.amount:
            return reserved  # the hub compares, and nothing is taken on other terms than ordered
        reply = await self._change("capture", asked.number, asked.amount)
        raise_for(reply)
        captured = self._answered(reply, asked.number, asked.amount.currency)
        return replace(captured, card=captured.card or reserved.card)

    async def _given_back(self, verb: Verb, order: RefundOrder) -> RefundReport:
        reply = await self._change(verb, order.number, order.amount)
        if reply.status in (400, 404, 406, 409, 422) and (complaint := _complaint(reply)):
            return RefundReport(RefundOutcome.REFUSED, f"{verb} {reply.status}", detail=complaint)
        raise_for(reply)
        report = self._answered(reply, order.number, order.amount.currency)
        reference = report.message_id
        if report.outcome in (Outcome.REFUNDED, Outcome.REVERSED):
            return RefundReport(RefundOutcome.DONE, report.word, reference)
        if report.word.endswith(f" {IN_PROGRESS}"):
            return RefundReport(RefundOutcome.PENDING, report.word, reference)
        if not report.word.startswith((f"{verb} declined", f"{verb} invalid")):
            raise RemoteGarbage(f"Monri answered a {verb} with '{redact(report.word)}'.", evidence=reply.evidence)
        said = report.details.get("response_message", "")
        return RefundReport(RefundOutcome.REFUSED, report.word, reference, detail=said)

    async def _change(self, verb: Verb, number: str, amount: Money) -> Reply:
        url = f"{self.settings.base_url}/transactions/{number}/{verb}.xml"
        body = transactions.change_request(number, amount, token=self.settings.authenticity_token, key=self._key)
        return await self._http.send(
            "POST", url, headers=_XML, content=body, repeatable=False, shown=f"{self.settings.base_url}/transactions"
        )

    def _answered(self, reply: Reply, number: str, currency: str) -> Report:
        """The transaction in `reply`, of that order. Raises RemoteGarbage."""
        root = xml.parse(reply.content, what="answer of Monri", charset=reply.charset)
        fields = transactions.xml_fields(root)
        try:
            report = report_of(
                fields,
                ordered=self.settings.transaction_type,
                currency=currency,
                one_refund=not self.settings.several_refunds,
            )
        except Unreadable as error:
            raise RemoteGarbage(f"Monri's answer cannot be read: {error}", evidence=reply.evidence) from None
        if report.number != number:
            raise RemoteGarbage("Monri answered about another order.", evidence=reply.evidence)
        if report.outcome is Outcome.CAPTURED and report.amount is None:
            raise RemoteGarbage("Monri answered that it took money, and not how much.", evidence=reply.evidence)
        return report


def _unknown(reply: Reply) -> bool:
    """404 in XML, or without a body, is about the order; an HTML page is about the address."""
    return reply.status == 404 and (not reply.content.strip() or reply.media_type.endswith("xml"))


def _complaint(reply: Reply) -> str:
    """The texts of `<errors><error>…`, in one line; empty where the answer is no such thing."""
    try:
        root = xml.parse(reply.content, what="answer of Monri", max_bytes=100_000)
    except RemoteGarbage:
        return ""
    texts = [" ".join((node.text or "").split()) for node in root.iter("error", "message", "response-message")]
    return redact("; ".join(text for text in texts if text))[:_LONGEST]
