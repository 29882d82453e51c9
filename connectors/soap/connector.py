"""Back offices that speak SOAP: one service, described by a WSDL on disk or at a URL."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Protocol

from connectors.soap.call import Call, compile_call, compile_operation
from connectors.soap.check import Check
from connectors.soap.feed import SoapFeed
from connectors.soap.line import Line
from connectors.soap.operation import SoapOperation
from connectors.soap.published import Published
from connectors.soap.settings import SoapSettings, parse_call, parse_source
from hub.kernel.clock import SystemClock
from hub.kit.soap.contract import Contract, load_contract
from hub.kit.soap.documents import Documents, collect_by_url, collect_from_folder
from hub.ports.back_office import CheckStep, Surroundings
from hub.ports.interface import Interface


class _Compile(Protocol):
    def __call__(self, *, contract: Contract, settings: SoapSettings) -> Call: ...


class SoapConnector:
    """One service of one back office; `settings.py` has its settings, README.md says how to choose them.

    A WSDL on disk is loaded by the first `feed()`, so that a mistake in it or in a mapping shows at
    start. One at a URL is loaded by the first read or check: a back office that is down is no reason
    not to start, and mistakes then show as the ConfigurationError of that read.
    """

    Settings = SoapSettings

    def __init__(self, settings: SoapSettings, surroundings: Surroundings) -> None:
        self._settings = settings
        self._surroundings = surroundings
        self._clock = SystemClock()
        self._line = Line(settings, surroundings, self._clock)
        self._published = Published(settings, self._line, surroundings.folder)
        self._contract: Contract | None = None
        self._loading = asyncio.Lock()
        self._by_url = settings.wsdl.lower().startswith(("http://", "https://"))

    def feed(self, source: Mapping[str, Any]) -> SoapFeed:
        parsed = parse_source(source)
        zone = self._surroundings.timezone
        return SoapFeed(self._line, self._when_loaded(partial(compile_call, parsed, timezone=zone)))

    def operation(self, call: Mapping[str, Any]) -> SoapOperation:
        parsed = parse_call(call)
        compiled = self._when_loaded(partial(compile_operation, parsed, timezone=self._surroundings.timezone))
        return SoapOperation(self._line, compiled, parsed.key_header, self._clock)

    async def check(self) -> list[CheckStep]:
        return await Check(self._settings, self._line, self.contract, self._surroundings.timezone).run()

    def description(self) -> str | None:
        return None if self._by_url else "wsdl"

    async def recorded(self) -> Interface:
        return await self._published.recorded()

    async def published(self) -> Interface:
        return await self._published.published()

    async def published_files(self) -> Mapping[str, bytes]:
        return await self._published.published_files()

    async def close(self) -> None:
        await self._line.close()

    async def contract(self) -> Contract:
        """The WSDL, loaded once; after a failure the next call tries again.

        Raises ConfigurationError, and RemoteError for a WSDL at a URL.
        """
        async with self._loading:
            if self._contract is None:
                documents = await self._from_url() if self._by_url else await asyncio.to_thread(self._from_disk)
                self._contract = await asyncio.to_thread(self._load, documents)
            return self._contract

    def _from_disk(self) -> Documents:
        folder, settings = self._surroundings.folder, self._settings
        return collect_from_folder(folder, settings.wsdl, catalogue=settings.catalogue)

    async def _from_url(self) -> Documents:
        folder, settings = self._surroundings.folder, self._settings
        return await collect_by_url(settings.wsdl, self._line.fetch, folder=folder, catalogue=settings.catalogue)

    def _load(self, documents: Documents) -> Contract:
        settings = self._settings
        return load_contract(
            documents.own(), service=settings.service, port=settings.port, check_schema=settings.check_schema
        )

    def _when_loaded(self, compile_: _Compile) -> Callable[[], Awaitable[Call]]:
        """The call, compiled now where the WSDL is on disk, else once it is loaded."""
        if not self._by_url:
            self._contract = self._contract or self._load(self._from_disk())
        call = compile_(contract=self._contract, settings=self._settings) if self._contract else None

        async def compiled() -> Call:
            nonlocal call
            call = call or compile_(contract=await self.contract(), settings=self._settings)
            return call

        return compiled
