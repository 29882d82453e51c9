"""The server in front of the application: uvicorn, with a limit on what a caller may send before it is a request.

uvicorn's parser keeps whatever comes before a request is complete and waits for the rest as long as it takes: measured,
a head of 100 MB in small fields cost 1.3 GB of memory, from a caller who has shown no token. A reverse proxy in front
has such limits of its own; a door that ends TLS itself has these.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Mapping
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

LARGEST_HEAD = 64 * 1024
"""Bytes of request line and fields, and of anything else around a body; a chunk of the network more is let through."""

PATIENCE = 20.0
"""Seconds in which the head of a request must come."""

PEER = "munihub.peer"
"""Key of a request's scope: the address at the other end of the connection itself."""

CERTIFICATE = "munihub.certificate"
"""Key of a request's scope: the certificate (DER) the client showed and the server has verified; None without one."""

_TOO_LARGE = b"HTTP/1.1 431 Request Header Fields Too Large\r\ncontent-length: 0\r\nconnection: close\r\n\r\n"


class BoundedProtocol(HttpToolsProtocol):
    """One connection that neither hoards nor is waited for. RFC 6585 §5 names the answer: 431."""

    _unread = 0
    _certificate: bytes | None = None
    _timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override] # as uvicorn's
        super().connection_made(transport)
        if (tls := transport.get_extra_info("ssl_object")) is not None:
            self._certificate = tls.getpeercert(binary_form=True)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        # What follows an answered request is the next one, or the rest of a body nobody reads.
        if self._timer is None and (self.cycle is None or self.cycle.response_complete):
            self._wait()
        self._unread += len(data)
        super().data_received(data)
        if self._unread > LARGEST_HEAD and not self.transport.is_closing():
            if self.cycle is None or self.cycle.response_complete:
                self.transport.write(_TOO_LARGE)
            self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        scope: Any = self.scope
        # A middleware may put somebody else into `client`, for whom a proxy speaks.
        scope[PEER] = self.client[0] if self.client else ""
        scope[CERTIFICATE] = self._certificate

    def on_headers_complete(self) -> None:
        self._unread = 0
        self._stop_waiting()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._unread = 0
        super().on_body(body)

    def _wait(self) -> None:
        self._timer = self.loop.call_later(PATIENCE, self.timeout_keep_alive_handler)

    def _stop_waiting(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


def server(app: ASGIApp, *, tls: Mapping[str, str] | None = None, **settings: Any) -> uvicorn.Server:
    """Serves `app`; `settings` are uvicorn's. Addresses asked for are not logged: they name whose data they are.

    `tls`: files of the server's `certificate` and `key`, and (`client_ca`) of who may have signed client certificates,
    which are asked for then and need not be shown.
    """
    if tls:
        settings |= {"ssl_certfile": tls["certificate"], "ssl_keyfile": tls["key"]}
        if "client_ca" in tls:
            settings |= {"ssl_ca_certs": tls["client_ca"], "ssl_cert_reqs": ssl.CERT_OPTIONAL}
    return uvicorn.Server(
        uvicorn.Config(app, http=BoundedProtocol, ws="none", access_log=False, server_header=False, **settings)
    )
