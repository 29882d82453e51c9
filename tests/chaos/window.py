"""A payer's browser at the pages of a card gateway."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

import httpx
from lxml import etree, html

from tests.chaos.money_script import GATEWAYS
from tests.chaos.world import HOST, World

_BRIEF = 3.0


class Lost(Exception):
    """The page is not what it should be: the browser shows an error."""


class Window:
    """A browser's window. A gateway is reached past the wire, which is between it and the hub."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._page: Any = None
        self._url = ""

    async def open(self, url: str) -> dict[str, Any] | None:
        return await self._took(await self._send("GET", url))

    async def submit(self, **fields: str) -> dict[str, Any] | None:
        """The first form of the page; where the gateway sends the browser, None as long as it stays there."""
        if self._page is None or not self._page.forms:
            raise Lost
        form = self._page.forms[0]
        values = {name: value for name, value in form.form_values() if value is not None} | fields
        return await self._took(await self._send("POST", urljoin(self._url, form.get("action") or ""), data=values))

    async def follow(self, back: dict[str, Any]) -> None:
        fields = back["fields"]
        try:
            if back["method"] == "POST":
                await self._send("POST", back["url"], data=fields)
            else:
                joint = "&" if "?" in back["url"] else "?"
                await self._send("GET", back["url"] + joint + str(httpx.QueryParams(fields)))
        except httpx.HTTPError:
            return

    async def quietly(self, url: str) -> None:
        try:
            await self._send("GET", url)
        except httpx.HTTPError:
            return

    async def _send(self, method: str, url: str, **content: Any) -> httpx.Response:
        for name in GATEWAYS.values():
            url = url.replace(self._world.wires[name].url, f"http://{HOST}:{self._world.ports[name]}")
        headers = {"Accept": "text/html" if url.startswith(self._world.api) else "application/json"}
        answer = await self._world.client.request(method, url, headers=headers, timeout=_BRIEF, **content)
        self._url = url
        return answer

    async def _took(self, answer: httpx.Response) -> dict[str, Any] | None:
        if answer.is_error:
            raise Lost
        if answer.headers.get("content-type", "").startswith("application/json"):
            found: dict[str, Any] = answer.json()
            if "url" not in found:
                raise Lost
            return found
        try:
            self._page = html.fromstring(answer.text)
        except (ValueError, etree.ParserError) as error:
            raise Lost from error
        return None
