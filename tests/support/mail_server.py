"""A real SMTP server on loopback, whose every answer a test decides.

async with mail_server() as server:
    …
    assert [mail["Subject"] for mail in server.mails] == ["…"]
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session


@dataclass
class MailServer:
    """`refusals` are the answers to the next mails instead of taking them; `secure`: whether each came over TLS."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    secure: list[bool] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    refusals: list[str] = field(default_factory=list)

    async def handle_RCPT(self, server: SMTP, session: Session, envelope: Envelope, address: str, _: Any) -> str:  # noqa: N802
        if self.refusals and self.refusals[0].startswith("RCPT "):
            return self.refusals.pop(0).removeprefix("RCPT ")
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        if self.refusals:
            return self.refusals.pop(0)
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        self.recipients += envelope.rcpt_tos
        self.secure.append(bool(session.ssl or server.transport.get_extra_info("ssl_object")))
        return "250 OK"

    def authenticate(self, server: SMTP, session: Session, envelope: Envelope, mechanism: str, data: Any) -> AuthResult:
        good = isinstance(data, LoginPassword) and (data.login, data.password) == (b"hub", b"open sesame")
        self.users.append(data.login.decode())
        return AuthResult(success=good, handled=good)


@asynccontextmanager
async def mail_server(
    *, starttls: ssl.SSLContext | None = None, tls: ssl.SSLContext | None = None, login: bool = False, port: int = 0
) -> AsyncIterator[MailServer]:
    """`starttls` and `tls` are the server's side of one of both; `login`: nobody else may send."""
    server = MailServer()
    loop = asyncio.get_running_loop()
    sessions: list[SMTP] = []

    def session() -> SMTP:
        one = SMTP(
            server,
            hostname="mail.test",
            tls_context=starttls,
            require_starttls=starttls is not None,
            authenticator=server.authenticate if login else None,
            auth_required=login,
            auth_require_tls=login,
            loop=loop,
        )
        sessions.append(one)
        return one

    listener = await loop.create_server(session, "127.0.0.1", port, ssl=tls)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for one in sessions:
            if one.transport is not None:
                one.transport.close()
        await listener.wait_closed()
        await asyncio.sleep(0)
