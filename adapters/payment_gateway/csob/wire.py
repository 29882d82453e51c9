"""Calls of the eAPI: signed requests, verified answers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Literal
from urllib.parse import quote
from zoneinfo import ZoneInfo

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey

from adapters.payment_gateway.csob import signing
from adapters.payment_gateway.csob.settings import CsobSettings
from adapters.payment_gateway.csob.signing import Fields
from adapters.payment_gateway.csob.states import RESULTS, Meaning, Said, said
from hub.kernel.clock import Clock
from hub.kernel.errors import RemoteFault, RemoteGarbage, RemoteRefused
from hub.kit.http import Http, Reply, raise_for

_JSON = {"content-type": "application/json; charset=utf-8", "accept": "application/json"}
_ZONE = ZoneInfo("Europe/Prague")
_BLOCKED = 120


class Answer(dict[str, Any]):
    """The values of a verified answer, as received."""

    @property
    def said(self) -> Said:
        return said(self)

    def text(self, name: str) -> str | None:
        value = self.get(name)
        return value if isinstance(value, str) and value else None


class Wire:
    """One merchant at the eAPI. Errors are RemoteError; `reached` is None where the gateway may have acted."""

    def __init__(
        self, settings: CsobSettings, http: Http, key: RSAPrivateKey, bank: Sequence[RSAPublicKey], clock: Clock
    ) -> None:
        self._settings = settings
        self._http = http
        self._key = key
        self._bank = bank
        self._clock = clock

    def address(self, operation: str, fields: Fields, **values: str) -> str:
        """Where `operation` is by GET: its values and their signature are the path.

        The signed values are those the path stands for; the signature has `+`, `/` and `=`, which are escaped.
        """
        message = self._signed(values, fields)
        parts = [*(str(message[str(name)]) for name in fields), message["signature"]]
        return f"{self._settings.base_url}/{operation}/{'/'.join(quote(part, safe='') for part in parts)}"

    async def ask(self, operation: str, fields: Fields, answer: Fields, **values: str) -> Answer:
        """A question, repeated after a transient failure."""
        shown = f"{self._settings.base_url}/{operation}"
        reply = await self._http.send("GET", self.address(operation, fields, **values), headers=_JSON, shown=shown)
        return self._read(reply, answer)

    async def tell(
        self, method: Literal["POST", "PUT"], operation: str, fields: Fields, answer: Fields, values: dict[str, Any]
    ) -> Answer:
        """Something the gateway does; never repeated."""
        content = json.dumps(self._signed(values, fields), ensure_ascii=False).encode()
        url = f"{self._settings.base_url}/{operation}"
        return self._read(await self._http.send(method, url, headers=_JSON, content=content, repeatable=False), answer)

    def is_signed(self, message: dict[str, Any], fields: Fields) -> bool:
        return signing.signed_by(message, fields, self._bank)

    def _signed(self, values: dict[str, Any], fields: Fields) -> dict[str, Any]:
        now = self._clock.now().astimezone(_ZONE)
        message = {"merchantId": self._settings.merchant, "dttm": f"{now:%Y%m%d%H%M%S}"} | values
        text = signing.signed_text(message, fields, empty_slots=self._settings.empty_slots)
        return message | {"signature": signing.sign(text, self._key)}

    def _read(self, reply: Reply, fields: Fields) -> Answer:
        raise_for(reply)
        what = f"{reply.method} {reply.url}"
        try:
            message = json.loads(reply.content, parse_float=str)
        except (ValueError, RecursionError):
            raise RemoteGarbage(f"{what} did not answer JSON.", evidence=reply.evidence) from None
        if not isinstance(message, dict):
            raise RemoteGarbage(f"{what} did not answer an object.", evidence=reply.evidence)
        if not self.is_signed(message, fields):
            raise RemoteGarbage(f"{what}: the answer is not signed by the bank's key.", evidence=reply.evidence)
        try:
            said(message)
        except ValueError as error:
            raise RemoteGarbage(f"{what}: {error}.", evidence=reply.evidence) from None
        return Answer(message)


def refuse_unless_done(answer: Answer, operation: str) -> None:
    """Raises for a resultCode other than 0: RemoteRefused for a blocked merchant, RemoteFault for the rest.

    `reached` is None after a failure over there (900, 999, unpublished codes), else True: nothing was done.
    """
    told = answer.said
    if told.meaning is Meaning.DONE:
        return
    known = RESULTS.get(told.result, ("unpublished code",))[0]
    detail = f"ČSOB answered {operation} with resultCode {told.result} ({known})."
    evidence = answer.text("resultMessage")
    if told.result == _BLOCKED:
        raise RemoteRefused(detail, evidence=evidence, reached=True)
    raise RemoteFault(detail, evidence=evidence, reached=None if told.meaning is Meaning.BROKEN else True)
