"""Tries a back office step by step and changes nothing in it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, tzinfo

from connectors.soap.call import compile_call
from connectors.soap.line import Line
from connectors.soap.settings import SoapSettings, Source
from hub.kernel.errors import HubError, RemoteError, RemoteRefused
from hub.kit.auth import NoAuth
from hub.kit.soap.contract import Contract
from hub.ports.back_office import Arguments, CheckStep


class Check:
    """Settings (the WSDL), connection (the endpoint), credentials.

    The connection is tried with an envelope whose Body is empty: it names no operation, so it can change
    nothing. A service that looks at credentials before anything else refuses wrong ones already then;
    the others are tried with the operation named in `check`.
    """

    def __init__(
        self, settings: SoapSettings, line: Line, load: Callable[[], Awaitable[Contract]], timezone: tzinfo
    ) -> None:
        self._settings = settings
        self._line = line
        self._load = load
        self._timezone = timezone
        self._refusal: RemoteRefused | None = None

    async def run(self) -> list[CheckStep]:
        """The steps in order, ending with the first that failed."""
        steps: list[CheckStep] = []
        for attempt in (self._try_settings, self._try_connection, self._try_credentials):
            started = time.monotonic()
            try:
                detail, ok = await attempt(), True
            except HubError as error:
                detail, ok = _told(error), False
            took = timedelta(seconds=time.monotonic() - started)
            steps.append(CheckStep(attempt.__name__.removeprefix("_try_"), ok, detail, took))
            if not ok:
                break
        return steps

    async def _try_settings(self) -> str:
        self._line.prepare()
        contract = await self._load()
        operations = len(contract.port.operations())
        checked = "schema compiled" if contract.schema else "replies are not checked against the schema"
        if contract.schema and contract.schema.unchecked:
            checked += f"; not checked: {'; '.join(contract.schema.unchecked[:3])}"
        return f"{self._settings.wsdl}: port {contract.port.name} with {operations} operations, {checked}"

    async def _try_connection(self) -> str:
        contract = await self._load()
        spoken = "SOAP"
        try:
            if await self._line.probe(soap_12=contract.port.soap_12) is None:
                spoken = "an error without SOAP, as some services do to an empty request"
        except RemoteRefused as error:
            self._refusal = error
        return f"{self._settings.endpoint} answers {spoken}"

    async def _try_credentials(self) -> str:
        if self._refusal is not None:
            raise self._refusal
        if self._settings.check is not None:
            wanted = self._settings.check
            source = Source(operation=wanted.operation, parameters=wanted.parameters)
            contract = await self._load()
            call = compile_call(source, contract, self._settings, timezone=self._timezone, under="check")
            await self._line.exchange(call, *call.bind(Arguments(now=datetime.now(UTC))))
            return f"{call.operation.name} answered"
        if isinstance(self._settings.auth, NoAuth):
            return "none are configured"
        return (
            "not refused, but an empty request need not show it: add check: { operation: … } to settings, with an "
            "operation that changes nothing"
        )


def _told(error: HubError) -> str:
    evidence = error.evidence if isinstance(error, RemoteError) else None
    return f"{error} ({evidence})" if evidence and evidence not in str(error) else str(error)
