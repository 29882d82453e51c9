"""The keys of both sides: ours from a secret, the bank's from files beside city.yaml."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pydantic import SecretStr

from hub.kernel.errors import ConfigurationError
from hub.kit.certificates import SMALLEST_RSA, load_public_key, read_private_key

_FOR_REHEARSALS = frozenset(
    {
        # mips_iplatebnibrana.csob.cz.pub of the integration environment (csob/paymentgateway, keys/).
        "222c8c9b4dfc3fcdeb6038d2e26a0c5bd12e5723a4b8b92041d7400ac527f411",
        # simulators/keys/csob.crt
        "06de3fc6a9f5f82ba7b2964d286730d4bce6ae9ee47e48a58dfb7b849f6a132a",
    }
)
"""SHA-256 of the DER of public keys by which no real money is moved."""


def own_key(name: str, secret: Callable[[str], SecretStr]) -> RSAPrivateKey:
    """The merchant's key from the secret `name`. Raises ConfigurationError."""
    try:
        key = read_private_key(secret(name).get_secret_value().encode())
    except ValueError as error:
        problem = f"the secret {name!r} cannot be used: {error}"
        raise ConfigurationError(problem, key="key", remedy="Store the merchant's RSA key in PEM.") from None
    if key.key_size < SMALLEST_RSA:
        problem = f"the secret {name!r} is an RSA key of {key.key_size} bits"
        raise ConfigurationError(problem, key="key", remedy=f"Make one of {SMALLEST_RSA} bits in POS Merchant.")
    return key


def bank_keys(names: Sequence[str], folder: Path) -> tuple[RSAPublicKey, ...]:
    """The bank's keys, each a public key or a certificate in PEM. Raises ConfigurationError naming the entry."""
    remedy = "Take mips_platebnibrana.csob.cz.pub from github.com/csob/paymentgateway, folder keys."
    return tuple(
        load_public_key(folder / name, at=f"bank_keys.{number}", remedy=remedy) for number, name in enumerate(names)
    )


def is_for_rehearsals(key: RSAPublicKey) -> bool:
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return sha256(der).hexdigest() in _FOR_REHEARSALS
