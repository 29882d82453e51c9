"""Tries a back office step by step and changes nothing in it."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta, tzinfo

from connectors.soap.call import compile_call
from connectors.soap.line import Line
from connectors.soap.settings import SoapSettings, Source
from hub.kernel.errors import HubError, RemoteFault, RemoteGarbage
from hub.kit.auth import NoAuth
from hub.kit.soap.contract import Contract
from hub.kit.soap.envelope import Fault
from hub.kit.soap.reply import error_of, read_reply
from hub.ports.back_office import Arguments, CheckStep


async def run_check(
    settings: SoapSettings, line: Line, load: Callable[[], Awaitable[Contract]], timezone: tzinfo
) -> list[CheckStep]:
    """Settings (the WSDL), connection (the endpoint), credentials; stops at the first failure.

    Credentials are tried with the operation named in `check`. Without one, an envelope with an empty Body
    is sent: it names no operation, so it can change nothing, but a service that looks at credentials
    does so first.
    """

    async def configured() -> str:
        line.prepare()
        contract = await load()
        operations = len(contract.port.operations())
        checked = "schema compiled" if contract.schema else "replies are not checked against the schema"
        return f"{settings.wsdl}: port {contract.port.name} with {operations} operations, {checked}"

    async def connection() -> str:
        reply = await line.reach()
        return f"{reply.url} answers (HTTP {reply.status} to a GET)"

    async def credentials() -> str:
        if settings.check is not None:
            source = Source(operation=settings.check.operation, parameters=settings.check.parameters)
            call = compile_call(source, await load(), timezone=timezone, under="check")
            _, found = await line.exchange(call, *call.bind(Arguments(now=datetime.now(UTC))))
            if isinstance(found, Fault):
                raise error_of(found, call.operation.name)
            return f"{call.operation.name} answered"
        if isinstance(settings.auth, NoAuth):
            return "none are configured"
        return await _probe(settings, line)

    steps: list[CheckStep] = []
    for name, attempt in (("settings", configured), ("connection", connection), ("credentials", credentials)):
        started = time.monotonic()
        try:
            detail, ok = await attempt(), True
        except HubError as error:
            evidence = getattr(error, "evidence", None)
            detail, ok = f"{error} ({evidence})" if evidence else str(error), False
        took = timedelta(seconds=time.monotonic() - started)
        steps.append(CheckStep(name, ok, detail, took))
        if not ok:
            break
    return steps


async def _probe(settings: SoapSettings, line: Line) -> str:
    reply = await line.probe()
    try:
        found = read_reply(reply, max_bytes=settings.max_reply_bytes)
    except (RemoteGarbage, RemoteFault):
        # Anything but a refusal: the service objects to the empty request, not to who sent it.
        found = None
    if isinstance(found, Fault):
        error = error_of(found, "The service")
        if not isinstance(error, RemoteFault):
            raise error
    return "not refused; name a harmless operation under `check` to try rights as well"
