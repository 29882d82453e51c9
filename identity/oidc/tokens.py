"""Tokens: who signed them (JWS, RFC 7515) and, where they come encrypted, what is in them (JWE, RFC 7516).

The algorithm is ours to choose and never the token's: one that is not in the settings is refused before any key
is looked at (RFC 8725 §3.1). Libraries keep to the letter of the formats; the policy stands here.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc import jwe, jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwe import JWERegistry
from joserfc.jwk import ECKey, OKPKey, RSAKey
from joserfc.jws import JWSRegistry
from pydantic import SecretStr

from hub.kernel.errors import ConfigurationError, LoginRefused
from hub.kit.secrets import SecretRef
from identity.oidc.documents import json_object
from identity.oidc.issuer import Issuer, PublicKey
from identity.oidc.settings import Decryption, OidcSettings

_LONGEST = 100_000
_KEY_TYPES = {"RS": "RSA", "PS": "RSA", "ES": "EC", "Ed": "OKP"}
_FOREIGN_HEADERS = ("crit", "b64")


class SigningRegistry(JWSRegistry):
    """Exactly the pinned algorithms. The library warns at `EdDSA`, which RFC 9864 renames; issuers write it."""

    max_header_length = 16_000  # a certificate chain (x5c) may stand in it
    max_payload_length = _LONGEST

    def get_alg(self, name: str) -> Any:
        if name not in (self.allowed or ()) or name not in self.algorithms:
            raise UnsupportedAlgorithmError(f"Algorithm of {name!r} is not allowed")
        return self.algorithms[name]


@dataclass(frozen=True, slots=True)
class Token:
    """A token whose signature is right. `compact` is the signed one, without the encryption around it."""

    header: Mapping[str, Any]
    claims: Mapping[str, Any]
    compact: str

    @property
    def algorithm(self) -> str:
        return str(self.header["alg"])


class TokenReader:
    """Opens tokens of one issuer."""

    def __init__(self, settings: OidcSettings, issuer: Issuer, secret: Callable[[str], SecretStr]) -> None:
        self._settings = settings
        self._issuer = issuer
        self._secret = secret
        self._registry = SigningRegistry(algorithms=list(settings.algorithms), strict_check_header=False)

    async def read(self, text: Any, now: datetime, *, what: str, types: Collection[str] = ("jwt",)) -> Token:
        """A token signed by the issuer. `types` are what its `typ` may say, should it say anything.

        Raises LoginRefused: `malformed`, `weak_algorithm`, `bad_signature`; RemoteError where keys must be fetched
        and cannot; ConfigurationError where a key of ours is missing.
        """
        if not isinstance(text, str) or not text.isascii() or not 0 < len(text) <= _LONGEST:
            raise LoginRefused(f"The issuer's {what} is missing, too long or not text.", reason="malformed")
        if text.count(".") == 4:
            text = self._decrypted(text, what)
        header = _header(text, what)
        algorithm = header.get("alg")
        if algorithm not in self._settings.algorithms:
            shown = algorithm[:20] if isinstance(algorithm, str) else "none at all"
            pinned = ", ".join(self._settings.algorithms)
            raise LoginRefused(f"The {what} is signed by {shown!r}; allowed: {pinned}.", reason="weak_algorithm")
        if any(name in header for name in _FOREIGN_HEADERS):
            raise LoginRefused(f"The {what} has critical extensions nobody asked for.", reason="malformed")
        kind = header.get("typ")
        if kind is not None and str(kind).lower().removeprefix("application/") not in types:
            raise LoginRefused(f"The {what} says it is another kind of token.", reason="malformed")
        claims = await self._verified(text, header, now, what)
        return Token(header, claims, text)

    async def _verified(self, text: str, header: Mapping[str, Any], now: datetime, what: str) -> Mapping[str, Any]:
        fitting = _fitting(await self._issuer.keys(now), header)
        payload = self._payload(text, fitting)
        # A key id nobody knows is a sign of new keys; so is a wrong signature where no id says which key it was.
        if payload is None and (not fitting or header.get("kid") is None):
            renewed = await self._issuer.renewed_keys(now)
            fitting = _fitting(renewed, header) if renewed is not None else []
            payload = self._payload(text, fitting)
        if payload is None:
            problem = "is not that of its key" if fitting else "names a key the issuer does not publish"
            raise LoginRefused(f"The signature of the {what} {problem}.", reason="bad_signature")
        try:
            return json_object(payload)
        except ValueError as error:
            raise LoginRefused(f"The {what} cannot be read: {error}.", reason="malformed") from None

    def _payload(self, text: str, keys: Sequence[PublicKey]) -> bytes | None:
        for key in keys:
            try:
                return jws.deserialize_compact(text, key, registry=self._registry).payload
            except (JoseError, ValueError, TypeError):
                continue
        return None

    def _decrypted(self, text: str, what: str) -> str:
        ours = self._settings.decryption
        if ours is None:
            problem = f"The {what} is encrypted and the settings have no key for that."
            raise LoginRefused(f"{problem} Write one under decryption.", reason="malformed")
        header = _header(text, what)
        # Compressed plaintext may be a thousand times larger than what came; RFC 8725 §3.6 advises against it.
        if header.get("alg") not in ours.algorithms or header.get("enc") not in ours.encryptions or "zip" in header:
            raise LoginRefused(f"The {what} is encrypted in a way that is not allowed.", reason="weak_algorithm")
        registry = JWERegistry(algorithms=[*ours.algorithms, *ours.encryptions], strict_check_header=False)
        for key in self._private_keys(ours):
            try:
                opened = jwe.decrypt_compact(text, key, registry=registry).plaintext or b""
                inner = opened.decode("ascii")
            except Exception:  # noqa: BLE001, S112 - a made-up header brings out errors of every kind (KeyError, …)
                continue
            if inner.count(".") == 2:
                return inner
            problem = f"The encrypted {what} has no signed token in it; anybody can encrypt to us."
            raise LoginRefused(problem, reason="bad_signature")
        raise LoginRefused(f"The {what} is not encrypted to a key of ours.", reason="malformed")

    def _private_keys(self, ours: Decryption) -> list[RSAKey | ECKey | OKPKey]:
        return [private_key(reference, self._secret, place="decryption.keys") for reference in ours.keys]

    def prepare(self) -> None:
        """Looks up and reads our keys. Raises ConfigurationError."""
        if self._settings.decryption:
            self._private_keys(self._settings.decryption)


def private_key(
    reference: SecretRef, secret: Callable[[str], SecretStr], *, place: str, **parameters: str
) -> RSAKey | ECKey | OKPKey:
    """The PEM key in a secret. Raises ConfigurationError naming `place`, never the key."""
    pem = secret(reference.secret).get_secret_value()
    try:
        return _parsed(pem, tuple(sorted(parameters.items())))
    except (ValueError, TypeError, JoseError):
        raise ConfigurationError(
            f"the secret {reference.secret!r} is not a private key in PEM without a passphrase",
            key=place,
            remedy="Store an RSA, EC or Ed25519 key, such as openssl genpkey writes.",
        ) from None


@lru_cache(maxsize=32)
def _parsed(pem: str, parameters: tuple[tuple[str, str], ...]) -> RSAKey | ECKey | OKPKey:
    """Kept, because reading an RSA key takes 50 ms, in which nobody else is served. A new secret is a new entry."""
    raw = load_pem_private_key(pem.encode(), password=None)
    if isinstance(raw, RSAPrivateKey):
        return RSAKey.import_key(raw, dict(parameters))  # type: ignore[arg-type]
    if isinstance(raw, EllipticCurvePrivateKey):
        return ECKey.import_key(raw, dict(parameters))  # type: ignore[arg-type]
    return OKPKey.import_key(raw, dict(parameters))  # type: ignore[arg-type]


def _header(text: str, what: str) -> Mapping[str, Any]:
    first = text.partition(".")[0]
    try:
        return json_object(base64.b64decode(first + "=" * (-len(first) % 4), altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        raise LoginRefused(f"The {what} is not a token (RFC 7515 §7.1).", reason="malformed") from None


def _fitting(keys: Sequence[PublicKey], header: Mapping[str, Any]) -> list[PublicKey]:
    """Keys of the algorithm's type; by their id where the token names one."""
    algorithm, kid = str(header["alg"]), header.get("kid")
    return [
        key
        for key in keys
        if key.key_type == _KEY_TYPES[algorithm[:2]]
        and key.alg in (None, algorithm)
        and (kid is None or key.kid == kid)
    ]
