"""The REST API of version 2: start, status, credit.

Sources: doc.netopia-payments.com "Starting a payment"; netopiapayments/sdk-php lib/status.php and go-sdk payment.go;
`/operation/credit` after NETOPIA's "Create a operation credit" (netopia-system.stoplight.io), as its CS-Cart module
calls it.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from adapters.payment_gateway.netopia import documents
from adapters.payment_gateway.netopia.countries import NUMERIC
from adapters.payment_gateway.netopia.documents import error_of, part, text_of
from adapters.payment_gateway.netopia.settings import NetopiaSettings
from adapters.payment_gateway.netopia.statuses import DONE, REDIRECT, UNKNOWN_ORDER
from hub.kernel.errors import ConfigurationError, RemoteFault, RemoteGarbage
from hub.kernel.money import Money
from hub.kit.http import Http, raise_for
from hub.kit.origins import origin
from hub.kit.redaction import redact
from hub.kit.reply import Reply
from hub.ports.payment_gateway import Asked, Order, Outcome, RefundOutcome, RefundReport, Report, Started, Unreadable

_JSON = {"content-type": "application/json", "accept": "application/json"}
_PAGE_LANGUAGES = frozenset({"ro", "en", "bg", "es", "hu", "it", "nl", "de", "fr"})
_PAGE_HOSTS = (".netopia-payments.com", ".mobilpay.ro")
_PLAIN_URL = re.compile(r"https?://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:[/?][!-~]*)?\Z")
_CREDIT = 8
_LONGEST_TITLE = 100


class Api:
    def __init__(self, http: Http, settings: NetopiaSettings) -> None:
        self._http, self._settings = http, settings

    async def start(self, order: Order, *, address: str) -> Started:
        """Raises RemoteError; `reached` is True where NETOPIA refused the order."""
        reply = await self._post("/payment/card/start", start_body(order, self._settings, address=address))
        document = _object(reply)
        code, message = error_of(document)
        payment = part(document, "payment")
        url = text_of(payment, "paymentURL")
        if not url or code not in DONE | {REDIRECT, ""}:
            raise_for(reply)
            said = redact(f"{code} {message}".strip()) or "no payment page"
            raise RemoteFault(f"NETOPIA refused the order: {said}.", evidence=reply.evidence, reached=True)
        if not self._is_page(url):
            raise RemoteGarbage("NETOPIA's payment page is on a host that is not NETOPIA's.", reached=True)
        return Started(url, reference=text_of(payment, "ntpID") or None)

    async def status(self, asked: Asked) -> Report:
        reply = await self._asked(asked.number, asked.reference)
        if reply.status == 404 and reply.media_type == "application/json":
            return Report(asked.number, Outcome.NOT_FOUND, "404")
        raise_for(reply)
        document = _object(reply)
        if not part(document, "payment"):
            code, message = error_of(document)
            if code == UNKNOWN_ORDER:
                return Report(asked.number, Outcome.NOT_FOUND, code)
            raise RemoteFault(f"NETOPIA told no payment: {redact(f'{code} {message}')}.", reached=True)
        try:
            report = documents.report_of(document, number=asked.number)
        except Unreadable as error:
            raise RemoteGarbage(f"NETOPIA's answer cannot be read: {error}", evidence=reply.evidence) from None
        if report.number != asked.number or (asked.reference and report.reference not in (None, asked.reference)):
            raise RemoteGarbage("NETOPIA answered about another order.", evidence=reply.evidence)
        if report.outcome is Outcome.CAPTURED and report.amount is None:
            raise RemoteGarbage("NETOPIA answered that it took money, and not how much.", evidence=reply.evidence)
        return report

    async def credit(self, reference: str, amount: Money) -> RefundReport:
        """Approved, in status 8 and for this very amount, or it did not happen.

        NETOPIA was seen to answer `00 Approved` with the untouched payment when it credited nothing, so that answer is
        a doubt (RemoteGarbage) and not a success.
        """
        body = documents.with_amount({"ntpID": reference, "split": []}, amount).encode()
        reply = await self._post("/operation/credit", body)
        document = _object(reply)
        code, message = error_of(document)
        if 400 <= reply.status < 500 and reply.status not in (401, 403, 408, 429) and code:
            return RefundReport(RefundOutcome.REFUSED, f"{reply.status} {code}", detail=redact(message))
        raise_for(reply)
        payment = part(document, "payment")
        status = text_of(payment, "status")
        if code and code not in DONE:
            return RefundReport(RefundOutcome.REFUSED, f"{status} {code}".strip(), detail=redact(message))
        try:
            told = documents.amount_of(payment)
        except Unreadable:
            told = None
        if code in DONE and status == str(_CREDIT) and told in (None, amount):
            return RefundReport(RefundOutcome.DONE, f"{status} credit", text_of(payment, "ntpID") or None)
        problem = f"NETOPIA approved a refund and answered status {status or 'none'} of another amount or payment."
        raise RemoteGarbage(problem, evidence=reply.evidence)

    async def probe(self) -> Reply:
        """A question about an order nobody has: what it answers shows whether the key is accepted."""
        return await self._asked("0000000000", None)

    async def _asked(self, number: str, reference: str | None) -> Reply:
        body = {"posID": self._settings.pos_signature, "ntpID": reference or "", "orderID": number}
        return await self._post("/operation/status", documents.written(body), repeatable=True)

    async def _post(self, path: str, body: bytes, *, repeatable: bool = False) -> Reply:
        url = f"{self._settings.api}{path}"
        return await self._http.send("POST", url, headers=_JSON, content=body, repeatable=repeatable)

    def _is_page(self, url: str) -> bool:
        """Whether the browser may be sent there: where we call, or over https to a host of NETOPIA's.

        A backslash is a slash to a browser (URL Standard, "special authority slashes state") and none to urllib.
        """
        if not _PLAIN_URL.match(url):
            return False
        try:
            parts = urlsplit(url)
            if origin(url) == origin(self._settings.api):
                return True
        except (ConfigurationError, ValueError):
            return False
        host = parts.hostname or ""
        return parts.scheme == "https" and parts.port in (None, 443) and host.endswith(_PAGE_HOSTS)


def start_body(order: Order, settings: NetopiaSettings, *, address: str) -> bytes:
    """Without card data, so that NETOPIA answers with the address of its page."""
    title = " ".join(order.title.split())[:_LONGEST_TITLE]
    ordered = {
        "ntpID": "",
        "posSignature": settings.pos_signature,
        "dateTime": _written(order.now),
        "description": title or order.number,
        "orderID": order.number,
        "currency": order.amount.currency,
        "billing": _billing(order, settings),
        "products": [],
        "installments": {"selected": 0, "available": [0]},
        "data": {},
    }
    config = {
        "emailTemplate": "",
        "emailSubject": "",
        "notifyUrl": f"{address}/notify",
        "redirectUrl": f"{address}{order.return_path}?order={order.number}",
        "language": order.language if order.language in _PAGE_LANGUAGES else "en",
    }
    payment = {
        "options": {"installments": 0, "bonus": 0},
        "instrument": {"type": "card"},
        "data": {"IP_ADDRESS": order.payer.ip} if order.payer.ip else {},
    }
    head = documents.written({"config": config, "payment": payment}).decode()
    return f'{head[:-1]}, "order": {documents.with_amount(ordered, order.amount)}}}'.encode()


def _billing(order: Order, settings: NetopiaSettings) -> dict[str, Any]:
    payer, instead = order.payer, settings.buyer
    first, _, last = payer.name.strip().rpartition(" ")
    return {
        "email": payer.email or instead.email,
        "phone": payer.phone or instead.phone,
        "firstName": first or instead.first_name or last,
        "lastName": last or instead.last_name,
        "city": payer.city or instead.city,
        "country": NUMERIC.get(payer.country.upper(), instead.country),
        "state": instead.state,
        "postalCode": payer.postcode or instead.postal_code,
        "details": payer.street or instead.details,
    }


def _written(at: datetime) -> str:
    return at.isoformat(timespec="seconds")


def _object(reply: Reply) -> dict[str, Any]:
    """The JSON object of a reply. Raises the error of its status, or RemoteGarbage."""
    try:
        return documents.read_object(reply.content)
    except ValueError:
        raise_for(reply)
        problem = f"{reply.method} {reply.url} answered {reply.status} with something that is not a JSON object."
        raise RemoteGarbage(problem, evidence=reply.evidence) from None
