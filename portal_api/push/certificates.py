"""The certificate a client has shown: to the server itself, or to a reverse proxy that passes it on.

A header is believed only where the connection comes from an address the operator named (MUNIHUB_TRUSTED_PROXIES): from
anybody else it is only a claim. It is the one header that was configured, since a proxy that sets one may let another
through: `Client-Cert` (RFC 9440, a structured field with DER) or another name with PEM in URL encoding, as nginx writes
`$ssl_client_escaped_cert`.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Callable, Iterable
from datetime import datetime
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from fastapi import Request

from hub.back_offices.model import BackOffice, Town
from hub.intake.signatures import NotSigned
from portal_api.server import CERTIFICATE, PEER

Network = ipaddress.IPv4Network | ipaddress.IPv6Network

_LARGEST = 20_000


def shown(request: Request, proxies: Iterable[Network], header: str) -> x509.Certificate | None:
    """The certificate that belongs to this request; None where there is none.

    `proxies` are networks. Raises NotSigned for a certificate in a header from somewhere else, for two, and for what is
    none.
    """
    own: bytes | None = request.scope.get(CERTIFICATE)
    if own is not None:
        return _der(own)
    given = request.headers.getlist(header)
    if not given:
        return None
    if not trusted(request, proxies):
        raise NotSigned("untrusted_proxy", f"{header} is believed only from the town's own proxy.")
    if len(given) > 1 or len(given[0]) > _LARGEST:
        raise NotSigned("malformed_certificate", f"{header} holds one certificate.")
    return _of_header(given[0].strip()) if given[0].strip() else None


def trusted(request: Request, proxies: Iterable[Network]) -> bool:
    """Whether the connection itself comes from a configured proxy, whatever its headers say of whom they speak for."""
    peer = request.scope.get(PEER) or (request.client.host if request.client else "")
    try:
        address = ipaddress.ip_address(peer)
    except ValueError:
        return False
    mapped = getattr(address, "ipv4_mapped", None) or address
    return any(mapped in network for network in proxies)


def owner(certificate: x509.Certificate, town: Town, now: datetime) -> BackOffice:
    """The back office it belongs to. Raises NotSigned."""
    if not certificate.not_valid_before_utc <= now <= certificate.not_valid_after_utc:
        raise NotSigned("expired_certificate", "The client certificate is past its time, or before it.")
    fingerprint = certificate.fingerprint(hashes.SHA256()).hex()
    for office in town.back_offices.values():
        push = office.configuration.push
        for one in push.certificates if push else ():
            if one.sha256 == fingerprint:
                return office
            if one.subject and x509.Name.from_rfc4514_string(one.subject) == certificate.subject:
                return office
    raise NotSigned("wrong_certificate", "No back office of this town has this client certificate.")


def _of_header(value: str) -> x509.Certificate:
    if value.startswith(":") and value.endswith(":") and len(value) > 2:
        try:
            return _der(base64.b64decode(value[1:-1], validate=True))
        except (binascii.Error, ValueError):
            raise NotSigned("malformed_certificate", "The header is no byte sequence (RFC 8941 §3.3.5).") from None
    return _read(x509.load_pem_x509_certificate, unquote(value).encode())


def _der(der: bytes) -> x509.Certificate:
    return _read(x509.load_der_x509_certificate, der)


def _read(load: Callable[[bytes], x509.Certificate], content: bytes) -> x509.Certificate:
    try:
        certificate = load(content)
        _ = certificate.subject  # read when it is asked for, and may be broken by itself
    except (ValueError, x509.InvalidVersion):
        raise NotSigned("malformed_certificate", "This is no certificate.") from None
    return certificate
