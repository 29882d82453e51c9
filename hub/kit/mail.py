"""Outgoing mail on a leash: one configured server, TLS verified, explicit timeouts, plain text.

    mailer = Mailer(MailSettings.of("smtp://mail.pregrada.hr:587", sender="hub@pregrada.hr", …), secret=find)
    await mailer.send(Mail(to="it@pregrada.hr", subject="…", text="…", message_id="…"))

Three ways to speak to the server, by the scheme of its address:

smtp://     STARTTLS, without which nothing is said (RFC 3207); port 587 where none is given (RFC 6409)
smtps://    TLS from the first byte (RFC 8314 §3.3); port 465
smtp+plain://   without TLS, for a relay on the same machine or in the same room: never with a password; port 25
"""

from __future__ import annotations

import asyncio
import contextlib
import smtplib
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import SecretStr

from hub.kernel.errors import (
    ConfigurationError,
    RemoteGarbage,
    RemoteRefused,
    RemoteTimeout,
    RemoteUnavailable,
)

_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
_STEP_SECONDS = 15.0
_TOTAL_SECONDS = 60.0
_KEY = "MUNIHUB_SMTP_URL"
_PASSWORD = "smtp-password"  # noqa: S105 - the name of the secret


@dataclass(frozen=True, slots=True)
class MailSettings:
    """The mail server of an installation. `authorities`: a PEM file instead of the machine's own."""

    scheme: str
    host: str
    port: int
    sender: str
    user: str | None = None
    authorities: Path | None = None

    @classmethod
    def of(cls, url: str, *, sender: str, user: str | None = None, authorities: Path | None = None) -> MailSettings:
        """From an address such as `smtp://mail.pregrada.hr:587`. Raises ConfigurationError."""
        remedy = "Write smtp://host:587 (STARTTLS), smtps://host:465 (TLS) or smtp+plain://host:25 (neither)."
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise ConfigurationError("this is not an address of a mail server", key=_KEY, remedy=remedy) from None
        if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/") or parts.query:
            raise ConfigurationError("this is not an address of a mail server", key=_KEY, remedy=remedy)
        if parts.username or parts.password:
            remedy = f"Write the user into MUNIHUB_SMTP_USER and the password into the secret {_PASSWORD}."
            raise ConfigurationError("there are credentials in the address", key=_KEY, remedy=remedy)
        if user and parts.scheme == "smtp+plain":
            remedy = "Use smtp:// or smtps://, or leave MUNIHUB_SMTP_USER out."
            raise ConfigurationError("a password is not sent without TLS", key="MUNIHUB_SMTP_USER", remedy=remedy)
        if not is_address(sender):
            remedy = "Write one such as munihub@pregrada.hr."
            raise ConfigurationError("mail needs an address it comes from", key="MUNIHUB_SMTP_FROM", remedy=remedy)
        port = port or _PORTS[parts.scheme]
        return cls(parts.scheme, parts.hostname, port, sender, user or None, authorities=authorities)


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail to one address. `message_id` stays the same when it is sent again, so that it is shown once."""

    to: str
    subject: str
    text: str
    message_id: str
    at: datetime
    language: str


class Mailer:
    """Sends mail by the server of these settings. `secret` finds the password by its name."""

    def __init__(self, settings: MailSettings, *, secret: Callable[[str], SecretStr]) -> None:
        self._settings, self._secret = settings, secret

    async def send(self, mail: Mail) -> None:
        """Hand it to the server, which has it when this returns.

        Raises RemoteUnavailable (no connection, or the server puts it off: 4xx), RemoteTimeout, RemoteRefused (TLS,
        login, address or mail refused: 5xx), RemoteGarbage (not SMTP) and ConfigurationError (password, authorities).
        """
        exchange = _Exchange(self._settings, self._password(), _message(self._settings, mail), mail.to)
        what = f"The mail server {self._settings.host}:{self._settings.port}"
        try:
            async with asyncio.timeout(_TOTAL_SECONDS):
                await asyncio.to_thread(exchange.run)
        except TimeoutError:
            exchange.abandon()
            raise RemoteTimeout(f"{what} did not answer in time.") from None
        except ssl.SSLError as error:
            raise RemoteRefused(f"{what} cannot be trusted: {error.reason or 'TLS failed'}.") from None
        except smtplib.SMTPNotSupportedError:
            raise RemoteRefused(f"{what} offers no STARTTLS or no login.") from None
        except smtplib.SMTPAuthenticationError as error:
            raise RemoteRefused(f"{what} refuses the login with {error.smtp_code}.") from None
        except smtplib.SMTPRecipientsRefused as error:
            code = next(iter(error.recipients.values()))[0]
            raise _of_code(code, f"{what} refuses the address with {code}.") from None
        except smtplib.SMTPResponseException as error:
            raise _of_code(error.smtp_code, f"{what} refuses the mail with {error.smtp_code}.") from None
        except smtplib.SMTPServerDisconnected:
            raise RemoteUnavailable(f"{what} closed the connection.") from None
        except smtplib.SMTPException:
            raise RemoteGarbage(f"{what} does not speak SMTP.") from None
        except OSError as error:
            raise RemoteUnavailable(f"{what} cannot be reached: {error.strerror or 'no connection'}.") from None

    def _password(self) -> str | None:
        return self._secret(_PASSWORD).get_secret_value() if self._settings.user else None


class _Exchange:
    """One mail by smtplib, in a thread of its own; `abandon` closes its connection from outside."""

    def __init__(self, settings: MailSettings, password: str | None, message: bytes, to: str) -> None:
        self._settings, self._password, self._message, self._to = settings, password, message, to
        self._client: smtplib.SMTP | None = None

    def run(self) -> None:
        settings = self._settings
        context = None if settings.scheme == "smtp+plain" else _context(settings)
        client: smtplib.SMTP
        if settings.scheme == "smtps":
            client = smtplib.SMTP_SSL(settings.host, settings.port, timeout=_STEP_SECONDS, context=context)
        else:
            client = smtplib.SMTP(settings.host, settings.port, timeout=_STEP_SECONDS)
        self._client = client
        try:
            client.ehlo_or_helo_if_needed()
            if settings.scheme == "smtp":
                client.starttls(context=context)
                client.ehlo()
            if settings.user is not None and self._password is not None:
                client.login(settings.user, self._password)
            client.sendmail(settings.sender, [self._to], self._message)
            with contextlib.suppress(smtplib.SMTPException, OSError):
                client.quit()
        finally:
            client.close()

    def abandon(self) -> None:
        if self._client is not None and isinstance(self._client.sock, socket.socket):
            with contextlib.suppress(OSError):
                self._client.sock.shutdown(socket.SHUT_RDWR)


def _context(settings: MailSettings) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=settings.authorities)
    except OSError as error:
        problem = f"these authorities cannot be read: {error.strerror or 'no PEM file'}"
        remedy = "Name a PEM file with the certificates of those who sign for the mail server."
        file = str(settings.authorities)
        raise ConfigurationError(problem, file=file, key="MUNIHUB_SMTP_CA_FILE", remedy=remedy) from None


def _message(settings: MailSettings, mail: Mail) -> bytes:
    message = EmailMessage(policy=SMTP)
    message["From"] = settings.sender
    message["To"] = mail.to
    # What a header may not hold is not a matter for the server: EmailMessage refuses line breaks with a ValueError.
    message["Subject"] = " ".join(mail.subject.split())
    message["Date"] = format_datetime(mail.at)
    message["Message-ID"] = f"<{mail.message_id}@{settings.sender.rpartition('@')[2]}>"
    message["Content-Language"] = mail.language
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834 §5: nobody's holiday answers it
    message.set_content(mail.text, cte="base64")
    return message.as_bytes()


def _of_code(code: int, text: str) -> RemoteUnavailable | RemoteRefused:
    return RemoteUnavailable(text) if 400 <= code < 500 else RemoteRefused(text)


def is_address(text: str) -> bool:
    """Whether it is a plain address of ASCII characters, such as it@pregrada.hr (RFC 5321 §4.1.2, without quoting)."""
    local, _, domain = text.rpartition("@")
    letters = text.isascii() and not any(one in ' <>()[]\\,;:"' or not one.isprintable() for one in text)
    return bool(letters and local and "@" not in local and len(text) <= 254 and "." in domain.strip("."))
