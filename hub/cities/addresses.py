"""Front ends in the configuration: where a browser may be sent, whose scripts may read our answers, by which keys."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, OKPKey, RSAKey

ORIGIN = re.compile(r"https?://[a-z0-9.-]+(?::[0-9]{1,5})?\Z|https?://\[[0-9a-f:]+\](?::[0-9]{1,5})?\Z")
"""As browsers write it in the Origin header (RFC 6454 §6.2), in lower case and without a path."""

_LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})


def unfit(uri: str, *, own_scheme: bool) -> str | None:
    """Why a browser may not be sent to `uri`; None where it may (RFC 9700 §2.1, §4.1; RFC 8252 §7.1, §8.4)."""
    try:
        parts = urlsplit(uri)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return f"{uri[:80]!r} is not an address"
    if not re.match(r"[!-~]+\Z", uri) or not parts.scheme or "#" in uri or "*" in uri or "@" in parts.netloc:
        return f"{uri[:80]!r} must be a whole address without fragment, user name and wildcard"
    if parts.scheme == "https" and host:
        return None
    if parts.scheme == "http":
        return None if host in _LOOPBACK else f"{uri[:80]!r} must be https: http is for this machine only"
    # A name turned round that the maker owns, such as hr.pregrada.portal, is what keeps two applications apart.
    if own_scheme and "." in parts.scheme:
        return None
    return f"{uri[:80]!r} must begin with https://"


def unfit_key(key: Mapping[str, Any]) -> str | None:
    """Why signatures are not verified by `key`, a JWK; None where they are."""
    kinds: dict[object, type[RSAKey | ECKey | OKPKey]] = {"RSA": RSAKey, "EC": ECKey, "OKP": OKPKey}
    if {"d", "k", "p", "q"} & set(key):
        return "this key has a private part, which belongs to the client alone"
    try:
        read = kinds[key.get("kty")].import_key(dict(key))
        public = read.public_key
    except (KeyError, JoseError, ValueError, TypeError):
        return "this is no public key of the kinds RSA, EC and OKP"
    if isinstance(public, RSAPublicKey):
        return None if public.key_size >= 2048 else "this RSA key has less than 2048 bits"
    return None if key.get("crv") in {"P-256", "Ed25519"} else "of curves there are P-256 and Ed25519"
