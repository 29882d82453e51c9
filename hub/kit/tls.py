"""TLS for outgoing calls: the server is always verified; the hub shows a certificate where asked for one."""

from __future__ import annotations

import os
import ssl
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, SecretStr

from hub.kernel.errors import ConfigurationError
from hub.kit.secrets import SecretRef


class ClientCertificate(BaseModel):
    """The hub's own certificate; the key is a secret in PEM without a passphrase."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    certificate: Annotated[str, Field(description="PEM file: the certificate, then its intermediate ones.")]
    key: SecretRef


class TlsSettings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    ca_file: Annotated[
        str | None,
        Field(description="PEM file of the only authorities to trust; without it those of the operating system."),
    ] = None
    client_certificate: ClientCertificate | None = None


def client_context(settings: TlsSettings, *, secret: Callable[[str], SecretStr], folder: Path) -> ssl.SSLContext:
    """The TLS context of one back office: TLS 1.2 or later, names and chains verified.

    Relative files are sought in `folder`. Raises ConfigurationError naming the key.
    """
    try:
        context = ssl.create_default_context(cafile=str(folder / settings.ca_file) if settings.ca_file else None)
    except (OSError, ssl.SSLError) as error:
        problem = f"cannot be read as PEM certificates: {_reason(error)}"
        remedy = "Name a PEM file with the certificates of the authorities to trust."
        raise ConfigurationError(
            problem, file=str(folder / str(settings.ca_file)), key="tls.ca_file", remedy=remedy
        ) from None
    if settings.client_certificate:
        _load(context, settings.client_certificate, secret, folder)
    return context


def _load(
    context: ssl.SSLContext, settings: ClientCertificate, secret: Callable[[str], SecretStr], folder: Path
) -> None:
    certificate = folder / settings.certificate
    key = "tls.client_certificate"
    if not certificate.is_file():
        remedy = "Put the PEM file there, or correct the path."
        raise ConfigurationError(
            "there is no such file", file=str(certificate), key=f"{key}.certificate", remedy=remedy
        )
    with _as_file(secret(settings.key.secret).get_secret_value().encode()) as key_file:
        try:
            # Without a callback OpenSSL would ask for the passphrase on the terminal and block.
            context.load_cert_chain(certificate, key_file, password=_no_passphrase)
        except _EncryptedKeyError:
            remedy = "Decrypt it: openssl pkey -in key.pem -out plain.pem"
            raise ConfigurationError(
                f"the secret {settings.key.secret!r} is a key with a passphrase",
                key=f"{key}.key",
                remedy=remedy,
            ) from None
        except (OSError, ssl.SSLError) as error:
            remedy = f"{certificate} must hold the certificate in PEM, the secret the key that belongs to it."
            raise ConfigurationError(
                f"certificate and secret {settings.key.secret!r} do not fit: {_reason(error)}",
                key=key,
                remedy=remedy,
            ) from None


class _EncryptedKeyError(Exception):
    pass


def _no_passphrase() -> str:
    raise _EncryptedKeyError


@contextmanager
def _as_file(content: bytes) -> Iterator[str]:
    """A path to `content` for as long as OpenSSL reads it, because Python's ssl takes keys from files only.

    On Linux the file lives in memory (memfd_create(2)) and never touches a disk. Elsewhere it is a
    temporary file with mode 600, removed as soon as the key is loaded.
    """
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("key", os.MFD_CLOEXEC)
        try:
            os.write(descriptor, content)
            yield f"/proc/self/fd/{descriptor}"
        finally:
            os.close(descriptor)
    else:  # pragma: no cover
        descriptor, name = tempfile.mkstemp()
        try:
            os.write(descriptor, content)
            os.close(descriptor)
            yield name
        finally:
            Path(name).unlink()


def _reason(error: OSError) -> str:
    return str(getattr(error, "reason", None) or error.strerror or type(error).__name__)
