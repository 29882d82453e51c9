"""The OpenAPI document as the back office publishes it now, beside the one that was recorded."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path

from connectors.rest.settings import RestSettings
from hub.kernel.errors import ConfigurationError
from hub.kit.http import Http, raise_for
from hub.kit.interfaces.openapi import interface_of
from hub.ports.interface import Interface

FILE = "openapi.json"
"""Its name in the mapping folder."""


class Published:
    """See hub.ports.interface.Described."""

    def __init__(self, settings: RestSettings, http: Http, folder: Path) -> None:
        self._settings, self._http, self._file = settings, http, folder / FILE

    @property
    def there(self) -> bool:
        """Whether there is something to compare."""
        return self._settings.openapi is not None and self._file.is_file()

    async def recorded(self) -> Interface:
        try:
            content = await asyncio.to_thread(self._file.read_bytes)
        except OSError as error:
            remedy = "Save it there with `munihub contract save CITY/BACK_OFFICE`."
            raise ConfigurationError(
                f"{FILE} cannot be read: {error.strerror}", key="openapi", remedy=remedy
            ) from error
        return interface_of(content, what=f"recorded {FILE}")

    async def published(self) -> Interface:
        return interface_of(await self._fetch())

    async def published_files(self) -> Mapping[str, bytes]:
        content = await self._fetch()
        interface_of(content)
        return {FILE: content}

    async def _fetch(self) -> bytes:
        if self._settings.openapi is None:
            remedy = "Write openapi: /openapi.json, the path below base_url where the back office publishes it."
            raise ConfigurationError("no OpenAPI document is configured", key="openapi", remedy=remedy)
        headers = {"accept": "application/json"} | dict(self._settings.headers)
        reply = await self._http.send("GET", self._settings.base_url + self._settings.openapi, headers=headers)
        raise_for(reply)
        return reply.content
