"""Forms of failure that a loopback of one address cannot bring about."""

from __future__ import annotations

import errno
import ssl
from datetime import timedelta
from itertools import pairwise

import httpx
import pytest

from hub.kernel.errors import RemoteFault, RemoteRefused, RemoteUnavailable
from hub.kit.http_errors import translated


def chain(*errors: Exception) -> Exception:
    for outer, inner in pairwise(errors):
        outer.__cause__ = inner
    return errors[0]


def tls(kind: type[ssl.SSLError], reason: str) -> ssl.SSLError:
    error = kind(1, "x")
    error.reason = reason
    return error


def refused() -> ConnectionRefusedError:
    return ConnectionRefusedError(errno.ECONNREFUSED, "x")


@pytest.mark.parametrize(
    ("error", "expected", "text"),
    [
        # Both addresses of a host with IPv4 and IPv6 refuse: anyio reports a group.
        (
            chain(httpx.ConnectError("x"), OSError("x"), ExceptionGroup("x", [refused(), refused()])),
            RemoteUnavailable,
            "GET /a: the connection was refused.",
        ),
        (
            chain(httpx.ConnectError("x"), OSError(errno.EHOSTUNREACH, "x")),
            RemoteUnavailable,
            "GET /a: no connection could be made.",
        ),
        (
            chain(httpx.ReadError("x"), tls(ssl.SSLEOFError, "UNEXPECTED_EOF")),
            RemoteUnavailable,
            "GET /a: the connection broke.",
        ),
        (httpx.ReadError("x"), RemoteUnavailable, "GET /a: the connection broke."),
        (
            tls(ssl.SSLError, "CERTIFICATE_EXPIRED"),
            RemoteRefused,
            "GET /a: the server does not accept our certificate: CERTIFICATE_EXPIRED (tls.client_certificate).",
        ),
        (
            chain(httpx.ConnectError("x"), tls(ssl.SSLError, "UNSUPPORTED_PROTOCOL")),
            RemoteFault,
            "GET /a: no TLS connection: UNSUPPORTED_PROTOCOL.",
        ),
    ],
)
def test_each_form_has_its_error(error, expected, text):
    with pytest.raises(expected) as caught, translated("GET /a", timedelta(seconds=1)):
        raise error
    assert type(caught.value) is expected
    assert str(caught.value) == text
