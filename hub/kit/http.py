"""Outgoing HTTP on a leash: configured hosts, timeouts, size limits, verified TLS, bounded retry, a breaker.

    http = build_http("financije", urls=[endpoint], settings=settings, auth=auth, secret=find, folder=folder)
    reply = await http.send("POST", endpoint, headers={…}, content=body, repeatable=False)
    raise_for(reply)         # unless the caller reads that status itself, as SOAP does with 500
    await http.close()

The environment is not looked at (no proxies, no .netrc), redirects are not followed, cookies are not kept.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import timedelta
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from typing import Annotated
from urllib.parse import urlencode

import httpx
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from hub.kernel.clock import Clock, SystemClock
from hub.kernel.errors import ConfigurationError, RemoteError, RemoteTimeout
from hub.kit.auth import Auth, AuthSettings, build_auth
from hub.kit.breaker import Breaker, BreakerSettings
from hub.kit.durations import Duration, format_duration
from hub.kit.exchanges import Exchange, tell, unheard
from hub.kit.http_body import ACCEPTED_ENCODINGS, read_body
from hub.kit.http_errors import translated
from hub.kit.origins import origin, parse_url
from hub.kit.redaction import secrets_in, shown_url
from hub.kit.reply import TRANSIENT_STATUSES, Reply, raise_for
from hub.kit.retry import RetrySettings, retrying
from hub.kit.tls import TlsSettings, client_context
from hub.kit.wire_log import WireLog, wire_text

__all__ = ["Http", "HttpSettings", "Reply", "Timeouts", "build_http", "origin", "raise_for"]

_USER_AGENT = "munihub"
Params = Mapping[str, str] | Sequence[tuple[str, str]]


class Timeouts(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    connect: Annotated[Duration, Field(description="For the connection, TLS included.")] = timedelta(seconds=5)
    read: Annotated[Duration, Field(description="Between two pieces of the reply.")] = timedelta(seconds=20)
    total: Annotated[Duration, Field(description="For one call with all its repetitions and waits.")] = timedelta(
        seconds=60
    )


class HttpSettings(BaseModel):
    """What every back office reached by HTTP may set. Connectors inherit it for their own settings."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    timeout: Timeouts = Timeouts()
    retries: RetrySettings = RetrySettings()
    breaker: BreakerSettings = BreakerSettings()
    tls: TlsSettings = TlsSettings()
    max_reply_bytes: Annotated[
        int,
        Field(ge=1_000, le=500_000_000, description="A larger reply is refused; counted after unpacking."),
    ] = 20_000_000
    connections: Annotated[int, Field(ge=1, le=100, description="Open at the same time to this back office.")] = 10


class Http:
    """The one way out to one back office. Safe for concurrent use within one event loop.

    `hosts` are the allowed origins, each as `origin()` writes them or as any URL with that origin.
    """

    def __init__(
        self,
        name: str,
        hosts: Collection[str],
        settings: HttpSettings,
        auth: Auth | None,
        breaker: Breaker,
        *,
        tls: Callable[[], ssl.SSLContext] = ssl.create_default_context,
        clock: Clock | None = None,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        wire_log: WireLog | None = None,
    ) -> None:
        self.name = name
        self.breaker = breaker
        self.wire_log = wire_log
        self._hosts = frozenset(origin(host) for host in hosts)
        self._settings = settings
        self._auth = auth
        self._tls = tls
        self._clock = clock or SystemClock()
        self._sleep = sleep
        self._client: httpx.AsyncClient | None = None

    async def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        params: Params | None = None,
        content: bytes | Callable[[], bytes] | None = None,
        repeatable: bool = True,
        shown: str | None = None,
    ) -> Reply:
        """One call, repeated after transient failures where it is `repeatable`.

        `params` are added to the query of `url`. `content` may be a function that makes the body anew for
        each repetition, for one that holds a nonce. `shown` replaces the URL in error texts, for a path
        that holds identifiers.

        Returns the reply for every status that is not transient: what the caller does not read
        itself it hands to `raise_for`. Raises RemoteTimeout, RemoteUnavailable (refused, reset, no such
        host, 429, 502, 503, 504, breaker open), RemoteRefused (TLS), RemoteGarbage (too large, broken
        compression, not HTTP), ConfigurationError (host not allowed, secret missing). The `reached` of a
        RemoteError says whether the back office may have acted on it.
        """
        request = _Request(method, self._allowed(url, params), dict(headers or {}), content, shown or shown_url(url))
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._settings.timeout.total.total_seconds()

        async def attempt() -> Reply:
            # The deadline lies within the guard: a back office that drips until it passes has failed.
            with self.breaker.guard():
                try:
                    async with asyncio.timeout_at(deadline):
                        reply = await self._authenticated(request)
                except TimeoutError:
                    total = format_duration(self._settings.timeout.total)
                    reached = None if request.begun else False
                    raise RemoteTimeout(f"{request} gave no complete answer within {total}.", reached=reached) from None
                except RemoteError as error:
                    # Of the request nothing was sent: no connection, or no token to send with it.
                    if not request.begun:
                        error.reached = False
                    raise
                if reply.status in TRANSIENT_STATUSES:
                    raise_for(reply)
                return reply

        if not repeatable:
            return await attempt()
        return await retrying(
            attempt, self._settings.retries, deadline=deadline, sleep=self._sleep, monotonic=loop.time
        )

    def prepare(self) -> None:
        """Looks up secrets and reads files without calling anybody. Raises ConfigurationError."""
        if self._auth:
            self._auth.prepare()
        self._opened()

    async def close(self) -> None:
        if self._client is not None:
            await self._client.aclose()
            self._client = None

    def _allowed(self, url: str, params: Params | None = None) -> httpx.URL:
        target = url.partition("#")[0]
        if params:
            pairs = params.items() if isinstance(params, Mapping) else params
            target += f"{'&' if '?' in target else '?'}{urlencode(list(pairs))}"
        parsed, asked = parse_url(target)
        if asked not in self._hosts:
            raise ConfigurationError(
                f"{self.name} may not call {asked}",
                remedy=f"Allowed by its settings: {', '.join(sorted(self._hosts))}.",
            )
        return parsed

    async def _authenticated(self, request: _Request) -> Reply:
        """The reply with our credentials; once more with new ones where a 401 says they were too old."""
        if self._auth is None:
            return await self._exchange(request)
        proof = await self._auth.headers(self._plain)
        reply = await self._exchange(request, proof)
        if reply.status == 401 and self._auth.renew(proof):
            request.begun = False
            reply = await self._exchange(request, await self._auth.headers(self._plain))
        return reply

    async def _plain(self, method: str, url: str, *, headers: Mapping[str, str], content: bytes) -> Reply:
        """For an Auth that fetches tokens: the same leash, no credentials added, no repetition."""
        with unheard():
            return await self._exchange(_Request(method, self._allowed(url), dict(headers), content, shown_url(url)))

    async def _exchange(self, request: _Request, proof: Mapping[str, str] | None = None) -> Reply:
        headers = {"user-agent": _USER_AGENT, "accept": "*/*", "accept-encoding": ACCEPTED_ENCODINGS}
        headers |= {name.lower(): value for name, value in (request.headers | dict(proof or {})).items()}
        secrets = secrets_in(proof or {})
        body = request.content() if callable(request.content) else request.content
        if self.wire_log:
            self.wire_log(wire_text(f"→ {request}", headers, body or b"", secrets=secrets))
        client = self._opened()
        with translated(str(request), self._settings.timeout.read):
            outgoing = client.build_request(
                request.method, request.url, headers=headers, content=body, extensions={"trace": request.trace}
            )
            response = await client.send(outgoing, stream=True)
            try:
                content = await read_body(response, limit=self._settings.max_reply_bytes, what=str(request))
            finally:
                await response.aclose()
        reply = Reply(
            method=request.method,
            url=request.shown,
            status=response.status_code,
            headers={name: response.headers[name] for name in response.headers},
            content=content,
            received_at=self._clock.now(),
            secrets=secrets,
        )
        sent = (reply.method, str(request.url), headers, body or b"")
        tell(Exchange(*sent, reply.status, reply.headers, content, secrets))
        if self.wire_log:
            line = f"← {reply.status} {request}"
            self.wire_log(wire_text(line, reply.headers, content, secrets=secrets))
        return reply

    def _opened(self) -> httpx.AsyncClient:
        if self._client is None:
            timeouts = self._settings.timeout
            read = timeouts.read.total_seconds()
            limits = httpx.Limits(max_connections=self._settings.connections, keepalive_expiry=15)
            secure = any(host.startswith("https:") for host in self._hosts)
            self._client = httpx.AsyncClient(
                # Reading the authorities takes milliseconds, so it is left out where nothing uses TLS.
                verify=self._tls() if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT),
                trust_env=False,
                http2=False,
                follow_redirects=False,
                timeout=httpx.Timeout(read, connect=timeouts.connect.total_seconds()),
                limits=limits,
                # Back offices keep sessions in cookies; one citizen's must not reach another's request.
                cookies=CookieJar(policy=DefaultCookiePolicy(allowed_domains=[])),
            )
        return self._client


def build_http(
    name: str,
    *,
    urls: Collection[str],
    settings: HttpSettings,
    auth: AuthSettings,
    secret: Callable[[str], SecretStr],
    folder: Path,
    clock: Clock | None = None,
    wire_log: WireLog | None = None,
) -> Http:
    """An Http whose allowed hosts are those of the configured `urls` (endpoint, token address, …).

    Files named in `settings.tls` are sought in `folder`; they and secrets are read at first use.
    """
    return Http(
        name,
        urls,
        settings,
        build_auth(auth, secret=secret, clock=clock),
        Breaker(name, settings.breaker, clock=clock),
        tls=lambda: client_context(settings.tls, secret=secret, folder=folder),
        clock=clock,
        wire_log=wire_log,
    )


class _Request:
    """`begun`: something of it, as it is now, may have left this machine."""

    __slots__ = ("begun", "content", "headers", "method", "shown", "url")

    def __init__(
        self,
        method: str,
        url: httpx.URL,
        headers: dict[str, str],
        content: bytes | Callable[[], bytes] | None,
        shown: str,
    ) -> None:
        self.method = method.upper()
        self.url = url
        self.headers = headers
        self.content = content
        self.shown = shown
        self.begun = False

    async def trace(self, event: str, _: object) -> None:
        """Told by the HTTP library of every step of the exchange."""
        if event.endswith(".send_request_headers.started"):
            self.begun = True

    def __str__(self) -> str:
        return f"{self.method} {self.shown}"
