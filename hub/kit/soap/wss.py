"""Names fixed by WS-Security 1.1.1 and its token profiles (OASIS 2012), and what a town sets of it.

security:
  sign:    { certificate: hub.pem, key: { secret: vzorov-hub-key } }
  verify:  { certificates: [registry-2026.pem] }
  encrypt: { certificate: registry-2026.pem }
  decrypt: [{ certificate: hub.pem, key: { secret: vzorov-hub-key } }]

A UsernameToken is a matter of `auth`; it is signed along where there is a signature.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal, Self

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from lxml import etree
from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from hub.kernel.errors import ConfigurationError
from hub.kit.certificates import SMALLEST_RSA, Certificate, Key, OwnKey, load_certificates, load_key
from hub.kit.durations import Duration

_WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss"
WSSE = f"{_WSS}-wssecurity-secext-1.0.xsd"
WSU = f"{_WSS}-wssecurity-utility-1.0.xsd"
X509_V3 = f"{_WSS}-x509-token-profile-1.0#X509v3"
BASE64 = f"{_WSS}-soap-message-security-1.0#Base64Binary"
SECURITY = f"{{{WSSE}}}Security"
TIMESTAMP = f"{{{WSU}}}Timestamp"
WSU_ID = f"{{{WSU}}}Id"


class _Settings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Sign(OwnKey):
    """Requests are signed: body, timestamp, addressing headers, UsernameToken; RSA-SHA256."""

    token: Annotated[
        Literal["certificate", "issuer_serial"],
        Field(description="How our certificate is named: sent along (BinarySecurityToken), or by issuer and number."),
    ] = "certificate"  # noqa: S105 — no password but a way of naming a certificate


class Verify(_Settings):
    """Replies must be signed with one of these certificates; what the signature does not cover is not read."""

    certificates: Annotated[
        tuple[str, ...],
        Field(min_length=1, max_length=8, description="PEM files in the mapping folder: today's and the next one."),
    ]
    timestamp: Annotated[bool, Field(description="Whether a signed Timestamp must stand in each reply.")] = True
    relates_to: Annotated[
        bool, Field(description="Whether each reply to a request with a MessageID must carry a signed RelatesTo.")
    ] = True
    skew: Annotated[
        Duration,
        Field(le=timedelta(minutes=10), description="By how much clocks may differ, and how old an answer may be."),
    ] = timedelta(minutes=5)


class Encrypt(_Settings):
    """The body of requests is encrypted for this certificate; its key by RSA-OAEP."""

    certificate: Annotated[str, Field(description="PEM file in the mapping folder.")]
    cipher: Literal["aes256-gcm", "aes128-gcm", "aes256-cbc", "aes128-cbc"] = "aes256-gcm"


class SecuritySettings(_Settings):
    """WS-Security of requests and replies."""

    sign: Sign | None = None
    timestamp: Annotated[
        Duration | None,
        Field(
            ge=timedelta(seconds=10),
            le=timedelta(hours=1),
            description="For how long a request is good (wsu:Timestamp). Signed requests have one of 5 minutes.",
        ),
    ] = None
    verify: Verify | None = None
    encrypt: Encrypt | None = None
    decrypt: Annotated[
        tuple[OwnKey, ...], Field(max_length=4, description="Our keys, for replies with an encrypted body.")
    ] = ()

    @model_validator(mode="after")
    def _signed_inside(self) -> Self:
        if self.decrypt and self.verify is None:
            raise ValueError("decrypt needs verify: anybody can encrypt for us, so that alone proves nothing")
        return self

    @property
    def lifetime(self) -> timedelta | None:
        return self.timestamp or (timedelta(minutes=5) if self.sign else None)


@dataclass(frozen=True, slots=True)
class Material:
    """The keys and certificates that settings name. `signing` is None, `trusted` is empty where there are none."""

    signing: Key | None
    trusted: tuple[Certificate, ...]
    recipient: Certificate | None
    decrypting: tuple[rsa.RSAPrivateKey, ...]


def load_material(
    settings: SecuritySettings, *, folder: Path, secret: Callable[[str], SecretStr], key: str = "security"
) -> Material:
    """Raises ConfigurationError naming the key below `key`: a file or secret that is missing or no key, a key too
    small or not RSA.
    """
    signing = load_key(settings.sign, folder=folder, secret=secret, at=f"{key}.sign") if settings.sign else None
    trusted = [
        certificate
        for number, name in enumerate(settings.verify.certificates if settings.verify else ())
        for certificate in load_certificates(name, folder=folder, at=f"{key}.verify.certificates.{number}")
    ]
    at = f"{key}.encrypt.certificate"
    recipient = load_certificates(settings.encrypt.certificate, folder=folder, at=at)[0] if settings.encrypt else None
    if recipient is not None and not isinstance(recipient.parsed.public_key(), rsa.RSAPublicKey):
        raise ConfigurationError("this certificate has no RSA key", key=at, remedy="Ask for one with RSA.")
    for one in (signing.certificate if signing else None, recipient, *trusted):
        public = one.parsed.public_key() if one else None
        if public is not None and not isinstance(public, rsa.RSAPublicKey | ec.EllipticCurvePublicKey):
            raise ConfigurationError("a certificate has another key than RSA or EC", key=key, remedy="Ask for RSA.")
        if isinstance(public, rsa.RSAPublicKey) and public.key_size < SMALLEST_RSA:
            problem = f"a certificate has an RSA key of {public.key_size} bits"
            raise ConfigurationError(problem, key=key, remedy=f"Use one of at least {SMALLEST_RSA} bits.")
    decrypting = tuple(
        load_key(one, folder=folder, secret=secret, at=f"{key}.decrypt.{number}").private
        for number, one in enumerate(settings.decrypt)
    )
    return Material(signing, tuple(trusted), recipient, decrypting)


def security_header(envelope: etree._Element) -> etree._Element:
    """The wsse:Security header of a message of ours, made where there is none; it must be understood."""
    namespace = etree.QName(envelope).namespace
    header = envelope.find(f"{{{namespace}}}Header")
    if header is None:
        header = etree.Element(f"{{{namespace}}}Header")
        envelope.insert(0, header)
    found = header.find(SECURITY)
    if found is None:
        found = etree.Element(SECURITY, nsmap={"wsse": WSSE, "wsu": WSU})
        header.insert(0, found)
        if namespace:
            found.set(f"{{{namespace}}}mustUnderstand", "1" if "schemas.xmlsoap.org" in namespace else "true")
    return found
