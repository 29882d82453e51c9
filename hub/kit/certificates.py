"""Certificates and RSA keys of XML security: theirs by which signatures are verified, ours that sign and decrypt."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Annotated

from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from hub.kernel.errors import ConfigurationError
from hub.kit.secrets import SecretRef

SMALLEST_RSA = 2048
"""Bits (SOG-IS Agreed Cryptographic Mechanisms 1.3 §4.1: legacy; national eIDs still use it)."""


class OwnKey(BaseModel):
    """One RSA key of the town's with its certificate."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    certificate: Annotated[str, Field(description="PEM file beside the configuration that names it.")]
    key: Annotated[SecretRef, Field(description="Secret with the private key in PEM, without a passphrase.")]


_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----")


@dataclass(frozen=True, slots=True)
class Certificate:
    """`pem` as xmlsec reads it, `parsed` for everything else."""

    parsed: x509.Certificate
    pem: str

    @classmethod
    def of(cls, parsed: x509.Certificate) -> Certificate:
        return cls(parsed, parsed.public_bytes(serialization.Encoding.PEM).decode())

    @property
    def base64(self) -> str:
        return base64.b64encode(self.parsed.public_bytes(serialization.Encoding.DER)).decode()

    @property
    def subject(self) -> str:
        """As .NET writes it and NIAS compares it: `CN=…, L=ZAGREB, OID.2.5.4.97=HR18683136487, O=…, C=HR`."""
        return ", ".join(_dn_part(part) for rdn in reversed(self.parsed.subject.rdns) for part in rdn)


_SHORT = {"2.5.4.3": "CN", "2.5.4.6": "C", "2.5.4.7": "L", "2.5.4.8": "S", "2.5.4.10": "O", "2.5.4.11": "OU",
          "2.5.4.5": "SERIALNUMBER", "2.5.4.4": "SN", "2.5.4.42": "G"}  # fmt: skip


def _dn_part(part: x509.NameAttribute[str | bytes]) -> str:
    value = str(part.value)
    if re.search(r'[,+"<>;=]|^\s|\s$', value):
        value = '"' + value.replace('"', '""') + '"'
    dotted = part.oid.dotted_string
    return f"{_SHORT.get(dotted) or f'OID.{dotted}'}={value}"


def read_certificates(data: bytes) -> list[Certificate]:
    """From PEM (one or several), DER or bare base64. Raises ValueError."""
    blocks = _PEM.findall(data)
    if blocks:
        return [Certificate.of(x509.load_pem_x509_certificate(block)) for block in blocks]
    if not data.startswith(b"\x30"):
        try:
            data = base64.b64decode(b"".join(data.split()), validate=True)
        except binascii.Error:
            raise ValueError("it is neither PEM nor base64 of a certificate") from None
    return [Certificate.of(x509.load_der_x509_certificate(data))]


@dataclass(frozen=True, slots=True)
class Key:
    """One of our keys with its certificate."""

    certificate: Certificate
    private: rsa.RSAPrivateKey

    @property
    def pem(self) -> str:
        return private_pem(self.private)


def private_pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()


# To check that a key is one takes 50 ms, and a town is opened by every process and more than once.
@lru_cache(maxsize=256)
def read_private_key(data: bytes) -> rsa.RSAPrivateKey:
    """Raises ValueError; its text never holds the key."""
    try:
        key = serialization.load_pem_private_key(data, password=None)
    except TypeError:
        raise ValueError("it has a passphrase; decrypt it: openssl pkey -in key.pem -out plain.pem") from None
    except ValueError:
        raise ValueError("it is not a private key in PEM") from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise ValueError("it is not an RSA key") from None  # noqa: TRY004 — the caller reports a value
    return key


def load_keys(wanted: Sequence[OwnKey], *, folder: Path, secret: Callable[[str], SecretStr]) -> tuple[Key, ...]:
    """Raises ConfigurationError naming the entry."""
    return tuple(load_key(one, folder=folder, secret=secret, at=f"keys.{number}") for number, one in enumerate(wanted))


def load_certificates(name: str, *, folder: Path, at: str) -> list[Certificate]:
    """Those of the file `name` in `folder`, at least one; `at` is the key of the settings that names it.

    Raises ConfigurationError.
    """
    file = folder / name
    try:
        return read_certificates(file.read_bytes())
    except OSError as error:
        problem = f"{file} cannot be read: {error.strerror}"
        raise ConfigurationError(problem, key=at, remedy="Put the PEM file there.") from None
    except ValueError:
        raise ConfigurationError(f"{file} is not a certificate", key=at, remedy="Write it in PEM.") from None


def load_public_key(file: Path, *, at: str, remedy: str) -> rsa.RSAPublicKey:
    """Theirs, from PEM: a public key or a certificate; `at` is the key of the settings that names the file.

    Raises ConfigurationError, also for one that is too small.
    """
    try:
        data = file.read_bytes()
        certified = b"BEGIN CERTIFICATE" in data
        key: object = (
            x509.load_pem_x509_certificate(data).public_key() if certified else serialization.load_pem_public_key(data)
        )
    except OSError as error:
        raise ConfigurationError(f"{file} cannot be read: {error.strerror}", key=at, remedy=remedy) from None
    except ValueError:
        raise ConfigurationError(f"{file} is not a public key in PEM", key=at, remedy=remedy) from None
    if not isinstance(key, rsa.RSAPublicKey) or key.key_size < SMALLEST_RSA:
        problem = f"{file} is not an RSA key of {SMALLEST_RSA} bits or more"
        raise ConfigurationError(problem, key=at, remedy=remedy)
    return key


def load_key(wanted: OwnKey, *, folder: Path, secret: Callable[[str], SecretStr], at: str) -> Key:
    """Raises ConfigurationError naming the part of `at` that is wrong."""
    certificate = load_certificates(wanted.certificate, folder=folder, at=f"{at}.certificate")[0]
    name = wanted.key.secret
    try:
        private = read_private_key(secret(name).get_secret_value().encode())
    except ValueError as error:
        problem = f"the secret {name!r} cannot be used: {error}"
        raise ConfigurationError(problem, key=f"{at}.key", remedy="Store an RSA key in PEM.") from None
    if private.public_key() != certificate.parsed.public_key():
        problem = f"the secret {name!r} is not the key of {wanted.certificate}"
        raise ConfigurationError(problem, key=f"{at}.key", remedy="Store the key that belongs to the certificate.")
    return Key(certificate, private)
