"""The keys of the simulated eIDs, and of the demonstration's towns as they are known to them.

They are public: whoever has the project has them. Every certificate names `munihub simulator` as its organisation.
"""

from __future__ import annotations

import base64
from dataclasses import dataclass
from functools import cache
from importlib import resources

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key


@dataclass(frozen=True, slots=True)
class Credential:
    """A private key with its certificate, both PEM."""

    key: bytes
    certificate: bytes

    @property
    def private(self) -> RSAPrivateKey:
        private = load_pem_private_key(self.key, None)
        assert isinstance(private, RSAPrivateKey)
        return private

    @property
    def base64(self) -> str:
        """The certificate as it stands in `ds:X509Certificate`."""
        return base64_of(self.certificate)


@cache
def credential(name: str) -> Credential:
    """The pair `simulators/keys/<name>.key` and `.crt`; raises FileNotFoundError."""
    folder = resources.files("simulators").joinpath("keys")
    return Credential(folder.joinpath(f"{name}.key").read_bytes(), certificate(name))


@cache
def certificate(name: str) -> bytes:
    return resources.files("simulators").joinpath("keys", f"{name}.crt").read_bytes()


def base64_of(pem: bytes) -> str:
    """The DER of a PEM certificate in one line of base64. Raises ValueError for what is no certificate."""
    return base64.b64encode(x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)).decode()


def pem_of(text: str) -> bytes:
    """A certificate given as PEM or as base64 of its DER, as PEM. Raises ValueError."""
    if "BEGIN CERTIFICATE" in text:
        return x509.load_pem_x509_certificate(text.encode()).public_bytes(Encoding.PEM)
    return x509.load_der_x509_certificate(base64.b64decode("".join(text.split()))).public_bytes(Encoding.PEM)


def public_key(pem: bytes) -> RSAPublicKey:
    """Raises ValueError for a key that is not RSA: the wire formats here know no other."""
    key = x509.load_pem_x509_certificate(pem).public_key()
    if not isinstance(key, RSAPublicKey):
        raise ValueError("the certificate's key is not RSA")  # noqa: TRY004
    return key
