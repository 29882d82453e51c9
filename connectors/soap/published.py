"""The WSDL as the back office publishes it now, beside the one that was recorded."""

from __future__ import annotations

import asyncio
import posixpath
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from connectors.soap.line import Line
from connectors.soap.settings import SoapSettings
from hub.kit.interfaces.wsdl import interface_of
from hub.kit.soap.contract import load_contract
from hub.kit.soap.documents import Documents, Wanted, collect_by_url, collect_from_folder
from hub.ports.interface import Interface


class Published:
    """See hub.ports.interface.Described."""

    def __init__(self, settings: SoapSettings, line: Line, folder: Path) -> None:
        self._settings, self._line, self._folder = settings, line, folder

    async def recorded(self) -> Interface:
        settings = self._settings
        documents = await asyncio.to_thread(
            collect_from_folder, self._folder, settings.wsdl, catalogue=settings.catalogue
        )
        return await asyncio.to_thread(self._interface, documents)

    async def published(self) -> Interface:
        documents = await collect_by_url(
            self._address, self._line.fetch, folder=self._folder, catalogue=self._settings.catalogue
        )
        return await asyncio.to_thread(self._interface, documents)

    async def published_files(self) -> Mapping[str, bytes]:
        """The WSDL under the name it has in the settings, what it imports from the same place under its own."""
        files: dict[str, bytes] = {}

        async def fetch(wanted: Wanted) -> bytes:
            content = await self._line.fetch(wanted)
            files[self._name(wanted.location)] = content
            return content

        await collect_by_url(self._address, fetch, folder=self._folder, catalogue=self._settings.catalogue)
        return files

    @property
    def _address(self) -> str:
        return self._settings.published or f"{self._settings.endpoint}?wsdl"

    def _name(self, location: str) -> str:
        if location == self._address:
            return self._settings.wsdl
        return posixpath.basename(unquote(urlsplit(location).path)) or "document.xsd"

    def _interface(self, documents: Documents) -> Interface:
        settings, documents = self._settings, documents.own()
        port = load_contract(documents, service=settings.service, port=settings.port, check_schema=False).port
        return interface_of(documents, port.port_type, strict=settings.check_schema)
