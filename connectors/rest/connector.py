"""Reads from and writes to a back office that answers JSON or XML over HTTP."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from datetime import timedelta
from hashlib import sha256
from typing import Any

import httpx

from connectors.rest.documents import read_document
from connectors.rest.operation import compile_operation
from connectors.rest.pages import Link, Parameters
from connectors.rest.published import Published
from connectors.rest.settings import RestSettings
from connectors.rest.source import BoundRequest, CompiledSource, compile_source
from hub.kernel.errors import ConfigurationError, HubError, RemoteFault, RemoteGarbage, RemoteRefused
from hub.kit.auth import OAuth2Auth
from hub.kit.http import Http, Reply, build_http, origin, raise_for
from hub.ports.back_office import Arguments, CheckStep, FeedReader, Page, RemoteOperation, Surroundings
from hub.ports.interface import Interface

_ACCEPT = "application/json, application/xml;q=0.9, */*;q=0.1"


class RestConnector:
    """See README.md for settings and source keys. `http` gives the breaker's state and the wire log."""

    Settings = RestSettings

    def __init__(self, settings: RestSettings, surroundings: Surroundings) -> None:
        self._settings = settings
        self._surroundings = surroundings
        urls = [settings.base_url]
        if isinstance(settings.auth, OAuth2Auth):
            urls.append(settings.auth.token_url)
        self.http = build_http(
            surroundings.back_office,
            urls=urls,
            settings=settings,
            auth=settings.auth,
            secret=surroundings.secret,
            folder=surroundings.folder,
        )
        self._published = Published(settings, self.http, surroundings.folder)

    def feed(self, source: Mapping[str, Any]) -> FeedReader:
        return _RestFeed(self.http, self._settings, compile_source(source, timezone=self._surroundings.timezone))

    def operation(self, call: Mapping[str, Any]) -> RemoteOperation:
        headers = {"accept": _ACCEPT} | dict(self._settings.headers)
        return compile_operation(call, self.http, self._settings.base_url, headers)

    async def check(self) -> list[CheckStep]:
        """Settings: secrets and files are there. Connection: it answers. Credentials: it does not refuse them.

        Without `check` in the settings the base URL is asked, which some back offices answer without
        looking at credentials; the last step then says so.
        """
        started = asyncio.get_running_loop().time()
        try:
            self.http.prepare()
        except ConfigurationError as error:
            return [CheckStep("settings", ok=False, detail=str(error))]
        steps = [CheckStep("settings", ok=True, detail=f"Calls {origin(self._settings.base_url)}.")]
        try:
            reply = await self._probe()
        except RemoteRefused as error:
            took = _since(started)
            steps.append(CheckStep("connection", ok=True, detail="It answers.", took=took))
            return [*steps, CheckStep("credentials", ok=False, detail=str(error))]
        except HubError as error:
            return [*steps, CheckStep("connection", ok=False, detail=str(error), took=_since(started))]
        answered = f"{reply.method} {reply.url} answered {reply.status}."
        steps.append(CheckStep("connection", ok=True, detail=answered, took=_since(started)))
        sure = "Accepted." if self._settings.check else "Not refused; name a request under check to be sure."
        return [*steps, CheckStep("credentials", ok=True, detail=sure)]

    def description(self) -> str | None:
        return "openapi" if self._published.there else None

    async def recorded(self) -> Interface:
        return await self._published.recorded()

    async def published(self) -> Interface:
        return await self._published.published()

    async def published_files(self) -> Mapping[str, bytes]:
        return await self._published.published_files()

    async def close(self) -> None:
        await self.http.close()

    async def _probe(self) -> Reply:
        method, _, path = (self._settings.check or "HEAD ").partition(" ")
        url = self._settings.base_url + path
        reply = await self._ask(method, url)
        if not self._settings.check and reply.status in (404, 405, 501):
            # Many APIs know neither HEAD nor their own root: that it says so shows that it is there.
            reply = await self._ask("GET", url)
            if reply.status in (404, 405):
                return reply
        raise_for(reply)
        return reply

    async def _ask(self, method: str, url: str) -> Reply:
        # Once only: whoever looks at a check wants to see the failure and not wait for repetitions.
        headers = {"accept": _ACCEPT} | self._settings.headers
        return await self.http.send(method, url, headers=headers, repeatable=False)


class _RestFeed:
    def __init__(self, http: Http, settings: RestSettings, source: CompiledSource) -> None:
        self._http = http
        self._base_url = settings.base_url
        self._origin = origin(settings.base_url)
        self._source = source
        self._headers = {"accept": _ACCEPT} | dict(settings.headers) | dict(source.headers)

    async def read(self, arguments: Arguments) -> AsyncIterator[Page]:
        request = self._source.bind(arguments)
        pager = self._source.pager
        following: Link | Parameters = Parameters(pager.begin())
        sent: dict[str, str | int] = {}
        address = self._base_url + request.path
        seen: set[str] = set()
        previous = b""
        for number in range(1, pager.at_most + 1):
            if isinstance(following, Parameters):
                sent = following.values
                reply = await self._send(request, sent)
            else:
                address = self._same_host(address, following, request, number)
                reply = await self._http.send("GET", address, headers=self._headers, shown=request.shown)
            if number == 1 and self._is_empty(reply):
                return
            raise_for(reply)
            digest = sha256(reply.content).digest()
            if digest == previous:
                problem = f"page {number} is the same as the one before; the parameters of pages have no effect."
                raise RemoteGarbage(f"{request.method} {request.shown}: {problem}")
            previous = digest
            document = read_document(reply)
            yield Page(document, reply.content, reply.media_type)
            upcoming = pager.after(document, reply, sent)
            if upcoming is None:
                return
            mark = str(upcoming)
            if mark in seen:
                raise RemoteGarbage(f"{request.method} {request.shown}: page {number} leads back to an earlier one.")
            seen.add(mark)
            following = upcoming
        raise RemoteGarbage(
            f"{request.method} {request.shown} has more than {pager.at_most} pages (pages.at_most allows no more)."
        )

    async def _send(self, request: BoundRequest, more: Mapping[str, str | int]) -> Reply:
        """With a body the page's parameters go into the body, otherwise into the query."""
        content = request.content(more)
        in_query = [(name, str(value)) for name, value in more.items()] if content is None else []
        headers = self._headers | ({"content-type": "application/json"} if content is not None else {})
        return await self._http.send(
            request.method,
            self._base_url + request.path,
            headers=headers,
            # A page's own parameter replaces one of the same name, such as a cursor of the mapping.
            params=[pair for pair in request.query if pair[0] not in dict(in_query)] + in_query,
            content=content,
            shown=request.shown,
        )

    def _same_host(self, address: str, link: Link, request: BoundRequest, number: int) -> str:
        """The absolute address of a next page, which must not lead to another host, port or scheme."""
        try:
            url = str(httpx.URL(address).join(link.url))
            elsewhere = origin(url) != self._origin
        except (httpx.InvalidURL, ConfigurationError):
            raise RemoteGarbage(f"{request.method} {request.shown}: the address of page {number} is none.") from None
        if elsewhere:
            raise RemoteGarbage(
                f"{request.method} {request.shown}: page {number} is said to be at {origin(url)}; "
                f"only {self._origin} is asked."
            )
        return url

    def _is_empty(self, reply: Reply) -> bool:
        """Whether the back office says that it knows nothing of the subject (`not_found: empty`)."""
        if not self._source.not_found_is_empty or reply.status not in (204, 404):
            return False
        if reply.media_type == "text/html":
            # A web server's own page: the path is wrong. Taken as “nothing there”, it would erase everybody.
            raise RemoteFault(f"{reply.method} {reply.url} answered 404 with a page; are base_url and request right?")
        return True


def _since(started: float) -> timedelta:
    return timedelta(seconds=asyncio.get_running_loop().time() - started)
