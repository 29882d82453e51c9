"""Turns what can go wrong on the wire into the hub's errors."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import httpx

from hub.kernel.errors import (
    ConfigurationError,
    RemoteError,
    RemoteFault,
    RemoteGarbage,
    RemoteRefused,
    RemoteTimeout,
    RemoteUnavailable,
)
from hub.kit.durations import format_duration

# Alerts by which a server says that it does not accept the hub's certificate (RFC 8446 §6.2).
_CERTIFICATE_ALERTS = (
    "ACCESS_DENIED", "BAD_CERTIFICATE", "CERTIFICATE_EXPIRED", "CERTIFICATE_REQUIRED", "CERTIFICATE_REVOKED",
    "CERTIFICATE_UNKNOWN", "HANDSHAKE_FAILURE", "UNKNOWN_CA", "UNSUPPORTED_CERTIFICATE",
)  # fmt: skip


@contextmanager
def translated(what: str, read: timedelta) -> Iterator[None]:
    """Around one exchange, which `what` names without secrets. Raises RemoteError, ConfigurationError."""
    try:
        yield
    except httpx.ConnectTimeout as error:
        raise RemoteTimeout(f"{what}: no connection in time.") from error
    except httpx.PoolTimeout as error:
        raise RemoteTimeout(f"{what}: all connections to this back office stayed busy.") from error
    except httpx.TimeoutException as error:
        raise RemoteTimeout(f"{what}: nothing was heard for {format_duration(read)}.") from error
    except (httpx.NetworkError, OSError) as error:
        # An alert of TLS 1.3 arrives with the first answer and comes through httpx as a bare SSLError.
        raise _of_network(what, error) from error
    except httpx.RemoteProtocolError as error:
        text = str(error)
        # h11's two texts for a connection that ended early; everything else is not HTTP.
        if "disconnected" in text or "closed connection" in text:
            raise RemoteUnavailable(f"{what}: the connection was closed before the answer was complete.") from error
        raise RemoteGarbage(f"{what} answered something that is not HTTP: {text[:100]}.") from error
    except (httpx.LocalProtocolError, UnicodeEncodeError):
        # Not chained and not quoted: the header that is refused may be the one with the secret.
        problem = f"{what} cannot be sent: a header holds a character that HTTP does not allow"
        remedy = "Look for line breaks and letters beyond ASCII in headers, user names and secrets."
        raise ConfigurationError(problem, remedy=remedy) from None


def _of_network(what: str, error: Exception) -> RemoteError:
    for cause in _causes(error):
        if isinstance(cause, ssl.SSLError):
            return _of_tls(what, cause)
        if isinstance(cause, socket.gaierror):
            return RemoteUnavailable(f"{what}: the name of the host cannot be resolved ({cause.strerror}).")
        if isinstance(cause, ConnectionRefusedError):
            return RemoteUnavailable(f"{what}: the connection was refused.")
    if isinstance(error, httpx.ConnectError):
        return RemoteUnavailable(f"{what}: no connection could be made.")
    return RemoteUnavailable(f"{what}: the connection broke.")


def _of_tls(what: str, error: ssl.SSLError) -> RemoteError:
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = f"{error.verify_message or error.reason} (tls.ca_file names whom to trust)"
        return RemoteFault(f"{what}: the server's certificate is not accepted: {reason}.")
    if isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError):
        return RemoteUnavailable(f"{what}: the connection broke.")
    reason = error.reason or "no reason given"
    if any(alert in reason.upper() for alert in _CERTIFICATE_ALERTS):
        reason += " (tls.client_certificate)"
        # Also where it comes after the request was sent, as it does in TLS 1.3: nobody reads that before the handshake
        # has ended (RFC 8446 §4.4).
        return RemoteRefused(f"{what}: the server does not accept our certificate: {reason}.", reached=False)
    return RemoteFault(f"{what}: no TLS connection: {reason}.")


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for one in error.exceptions:
                yield from _causes(one)
        error = error.__cause__ or error.__context__
