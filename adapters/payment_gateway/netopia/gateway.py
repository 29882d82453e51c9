"""NETOPIA Payments. Version 2 is REST with signed notifications; version 1 is mobilPay's sealed form.

Nothing of version 1 is signed: a notification is sealed with a certificate that anybody may have, so it is never
believed. Orders of version 1 are asked about by the status call of version 2 where the merchant has an API key; where
there is none, only NETOPIA's panel and the bank statement can say that money came.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import ClassVar

from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc.jwk import RSAKey

from adapters.payment_gateway.netopia import documents, envelope, order_xml, verification
from adapters.payment_gateway.netopia.api import Api
from adapters.payment_gateway.netopia.settings import NetopiaSettings, Seal, rehearsed
from hub.kernel.clock import Clock, SystemClock
from hub.kernel.errors import ConfigurationError, HubError, RemoteError, RemoteFault
from hub.kit.auth import ApiKeyAuth, NoAuth
from hub.kit.certificates import load_certificates, read_private_key
from hub.kit.http import build_http
from hub.kit.redaction import shown_url
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

# `order` is ours, `orderId` what NETOPIA appends (mobilpay/composer examples/cardReturn.php).
_ORDER_IN_URL = re.compile(r"[?&]order(?:Id)?=([0-9]{1,40})(?=[?&]|$)")
_TEMPORARY = 1
# NETOPIA's own number for “verification failed” (sdk-php lib/ipn.php).
_REFUSED = 0x10000101


class Netopia:
    """See hub/ports/payment_gateway.py for the methods."""

    Settings: ClassVar[type[NetopiaSettings]] = NetopiaSettings
    simulated: ClassVar[bool] = False
    lists: ClassVar[bool] = False
    # Status 8 tells that some was given back, not how much: a second part of a payment cannot be seen.
    refund_is_asked: ClassVar[bool] = False
    signs_by: ClassVar[str | None] = None

    def __init__(
        self, settings: NetopiaSettings, surroundings: GatewaySurroundings, clock: Clock | None = None
    ) -> None:
        self.settings = settings
        self._surroundings = surroundings
        self._clock = clock or SystemClock()
        self._keys: tuple[RSAKey, ...] | None = None
        key = settings.api_key
        self._http = build_http(
            surroundings.gateway,
            urls=[settings.api],
            settings=settings,
            auth=ApiKeyAuth(kind="api_key", header="Authorization", key=key) if key else NoAuth(),
            secret=surroundings.secret,
            folder=surroundings.folder,
            clock=self._clock,
        )
        self._api = Api(self._http, settings) if key else None
        if settings.seal:
            self._certificate(settings.seal)
        else:
            self._public_keys()

    def rehearsal(self) -> str | None:
        return rehearsed(self.settings)

    async def start(self, order: Order) -> Started:
        """Version 1 calls nobody: NETOPIA first hears of the order from the browser."""
        seal = self.settings.seal
        if seal is None:
            return await self._asking().start(order, address=self._surroundings.address)
        document = order_xml.order_document(
            order,
            self.settings,
            address=self._surroundings.address,
            zone=self._surroundings.timezone,
            cipher=seal.cipher,
        )
        fields = envelope.seal(document, cipher=seal.cipher, to=self._certificate(seal))
        language = "" if order.language == "ro" else "/en"
        return Started(f"{self.settings.page}{language}", form=fields)

    async def read_return(self, message: Incoming) -> Report:
        """Nothing about the browser's return is signed, in either version."""
        found = set(_ORDER_IN_URL.findall(message.url))
        if len(found) != 1:
            raise Unreadable("The return address names no order, or several.")
        return Report(str(found.pop()), Outcome.PENDING, "returned", believed=False)

    async def read_notification(self, message: Incoming) -> Report:
        seal = self.settings.seal
        if seal is not None:
            content = envelope.unseal(message.form, cipher=seal.cipher, key=self._private_key(seal))
            return order_xml.read_notification(content, self.settings, zone=self._surroundings.timezone)
        verification.verify(
            message.headers.get("verification-token", "").strip(),
            message.body,
            keys=self._public_keys(),
            audience=self.settings.pos_signature,
            now=self._clock.now(),
            times=self.settings.times,
        )
        try:
            document = documents.read_object(message.body)
        except ValueError as error:
            raise Unreadable(f"The body is {error}.") from None
        pos = documents.text_of(documents.part(document, "order"), "posSignature")
        if pos not in ("", self.settings.pos_signature):
            raise Unreadable("The order is of another point of sale.")
        # NETOPIA numbers no notification; one that is repeated has the same bytes.
        return replace(documents.report_of(document), message_id=hashlib.sha256(message.body).hexdigest())

    def acknowledge(self, *, accepted: bool) -> Acknowledgement:
        """What is not accepted is called a temporary error, after which NETOPIA sends it again.

        Only NETOPIA acts on that. A message of its own that was refused because a key of ours is wrong comes again
        once the key is right.
        """
        if self.settings.protocol == "v1":
            body = "<crc>OK</crc>" if accepted else _crc_error("the message was not accepted")
            head = '<?xml version="1.0" encoding="utf-8"?>\n'
            return Acknowledgement(200, f"{head}{body}".encode(), "application/xml")
        answer = {"errorType": 0, "errorCode": 0, "errorMessage": ""}
        if not accepted:
            answer = {"errorType": _TEMPORARY, "errorCode": _REFUSED, "errorMessage": "the message was not accepted"}
        return Acknowledgement(200, documents.written(answer), "application/json")

    async def query(self, asked: Asked) -> Report:
        """Version 1 without an API key cannot be asked (RemoteFault): somebody must look into NETOPIA's panel."""
        if self._api is None:
            detail = "Orders of NETOPIA's version 1 cannot be asked about without api_key; look into NETOPIA's panel."
            raise RemoteFault(detail, reached=False)
        return await self._api.status(asked)

    async def refund(self, order: RefundOrder) -> RefundReport:
        """By the API of version 2; NETOPIA takes no key of ours, so nothing is sent a second time in doubt."""
        if self._api is None or self.settings.protocol == "v1":
            detail = "Version 1 has no documented way to give money back; do it in NETOPIA's panel."
            return RefundReport(RefundOutcome.REFUSED, "v1", detail=detail)
        reference = order.reference
        if reference is None:
            try:
                reference = (await self._api.status(Asked(order.number, None, order.captured))).reference
            except RemoteError as error:
                # It was only a question, so nothing was given back: the same may be tried again.
                error.reached = error.reached or False
                raise
        if reference is None:
            return RefundReport(RefundOutcome.REFUSED, "no ntpID", detail="NETOPIA knows no payment of this order.")
        return await self._api.credit(reference, order.amount)

    async def listed(self, since: datetime, until: datetime) -> Sequence[Report]:
        """NETOPIA publishes no list: nothing."""
        return ()

    async def check(self) -> Sequence[CheckStep]:
        """Settings with their keys, then connection and credentials by a question about an order nobody has."""
        try:
            self._http.prepare()
            if self.settings.seal:
                self._private_key(self.settings.seal)
        except ConfigurationError as error:
            return [CheckStep("settings", ok=False, detail=str(error))]
        steps = [CheckStep("settings", ok=True, detail=f"Protocol {self.settings.protocol}; keys are readable.")]
        if self._api is None:
            detail = "Version 1 without api_key: nothing can be asked, and no payment is confirmed but by a person."
            return [*steps, CheckStep("connection", ok=False, detail=detail)]
        try:
            reply = await self._api.probe()
        except HubError as error:
            return [*steps, CheckStep("connection", ok=False, detail=str(error))]
        detail = f"{shown_url(self.settings.api)} answers ({reply.status})."
        steps.append(CheckStep("connection", ok=True, detail=detail))
        accepted = reply.status not in (401, 403) and reply.status < 500 and reply.media_type == "application/json"
        detail = "The API key is accepted." if accepted else f"The API key is not accepted ({reply.status})."
        return [*steps, CheckStep("credentials", ok=accepted, detail=detail)]

    async def close(self) -> None:
        await self._http.close()

    def _asking(self) -> Api:
        assert self._api is not None, "protocol v2 has an api_key, see NetopiaSettings"
        return self._api

    def _public_keys(self) -> tuple[RSAKey, ...]:
        if self._keys is None:
            self._keys = verification.load_public_keys(self.settings.public_keys, self._surroundings.folder)
        return self._keys

    def _certificate(self, seal: Seal) -> rsa.RSAPublicKey:
        """NETOPIA's key. Raises ConfigurationError."""
        found = load_certificates(seal.certificate, folder=self._surroundings.folder, at="seal.certificate")
        public = found[0].parsed.public_key()
        if not isinstance(public, rsa.RSAPublicKey):
            remedy = "Store NETOPIA's public.cer of the point of sale."
            raise ConfigurationError("it is not an RSA certificate", key="seal.certificate", remedy=remedy)
        return public

    def _private_key(self, seal: Seal) -> rsa.RSAPrivateKey:
        """Ours. Raises ConfigurationError."""
        name = seal.private_key.secret
        try:
            return read_private_key(self._surroundings.secret(name).get_secret_value().encode())
        except ValueError as error:
            problem = f"the secret {name!r} cannot be used: {error}"
            raise ConfigurationError(problem, key="seal.private_key", remedy="Store an RSA key in PEM.") from None


def _crc_error(message: str) -> str:
    return f'<crc error_type="{_TEMPORARY}" error_code="{_REFUSED}">{message}</crc>'
