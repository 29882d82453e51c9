"""Metadata of the identity provider, from a local file; read anew when the file changes (SAML Metadata 2.0)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric import rsa
from lxml import etree

from hub.kernel.errors import ConfigurationError, LoginRefused
from hub.kit.certificates import SMALLEST_RSA, Certificate, read_certificates
from identity.saml.names import MD, POST, REDIRECT, SOAP_BINDING
from identity.saml.reading import children, parse, text, time_of

_REMEDY = "Put the metadata there as the identity provider publishes it."


@dataclass(frozen=True, slots=True)
class Endpoint:
    """`reply` is where answers go, if elsewhere (ResponseLocation)."""

    url: str
    reply: str


@dataclass(frozen=True, slots=True)
class IdentityProvider:
    """What we need of an identity provider. Endpoints by binding; several certificates while it changes its key."""

    entity_id: str
    certificates: tuple[Certificate, ...]
    login: Mapping[str, Endpoint]
    logout: Mapping[str, Endpoint]
    valid_until: datetime | None

    def endpoint(self, endpoints: Mapping[str, Endpoint], binding: str) -> tuple[str, Endpoint] | None:
        """The endpoint for `binding`, else for the other one a browser can carry."""
        for one in (binding, POST, REDIRECT):
            if one in endpoints:
                return one, endpoints[one]
        return None


def read_metadata(data: bytes, entity_id: str | None = None) -> IdentityProvider:
    """The identity provider in an EntityDescriptor or, by `entity_id`, in an EntitiesDescriptor. Raises ValueError."""
    try:
        root = parse(data, "metadata")
        return _provider(root, entity_id)
    except LoginRefused as error:
        raise ValueError(str(error)) from None


def _provider(root: etree._Element, entity_id: str | None) -> IdentityProvider:
    if root.tag not in {f"{{{MD}}}EntityDescriptor", f"{{{MD}}}EntitiesDescriptor"}:
        raise ValueError(f"its root is {etree.QName(root).localname}, and not EntityDescriptor of SAML 2.0 metadata")
    entities = [one for one in root.iter(f"{{{MD}}}EntityDescriptor") if children(one, "md:IDPSSODescriptor")]
    known = [one.get("entityID") or "" for one in entities]
    if entity_id is not None:
        entities = [one for one in entities if one.get("entityID") == entity_id]
    if len(entities) != 1:
        there = ", ".join(repr(one) for one in known) or "none"
        asked = f" with the entityID {entity_id!r}" if entity_id else ""
        raise ValueError(f"it must describe one identity provider{asked}; there are: {there}")
    entity = entities[0]
    role = children(entity, "md:IDPSSODescriptor")[0]
    name = entity.get("entityID")
    certificates = [
        certificate
        for one in children(role, "md:KeyDescriptor")
        if one.get("use") in {None, "signing"}
        for holder in children(one, "ds:KeyInfo/ds:X509Data/ds:X509Certificate")
        for certificate in read_certificates(text(holder).encode())
    ]
    if not name or not certificates:
        raise ValueError("it names no entityID or no signing certificate of the identity provider")
    ends = [end for one in (root, entity, role) if (end := time_of(one, "validUntil"))]
    return IdentityProvider(
        entity_id=name,
        certificates=tuple(dict.fromkeys(certificates)),
        login=_endpoints(role, "md:SingleSignOnService"),
        logout=_endpoints(role, "md:SingleLogoutService"),
        valid_until=min(ends, default=None),
    )


def _endpoints(role: etree._Element, path: str) -> dict[str, Endpoint]:
    """The first of each binding; NIAS lists the same one in three languages."""
    found: dict[str, Endpoint] = {}
    for one in children(role, path):
        binding, url = one.get("Binding") or "", one.get("Location") or ""
        if binding in {REDIRECT, POST, SOAP_BINDING} and url.startswith(("https://", "http://")):
            found.setdefault(binding, Endpoint(url, one.get("ResponseLocation") or url))
    return found


class MetadataFile:
    """The file as it is now: a look at its time and size per use, parsed again only when they changed.

    A changed file that cannot be read leaves the last good one in force; `problem` says so until it is mended. One that
    cannot be opened at all is tried again at the next use: what hinders that, such as its mode, changes neither time
    nor size.
    """

    def __init__(self, file: Path, entity_id: str | None) -> None:
        self.file = file
        self.problem: str | None = None
        self._entity_id = entity_id
        self._stamp: tuple[int, int] | None = self._now()
        try:
            self._provider = self._usable(self._read())
        except ValueError as error:
            raise ConfigurationError(f"{file} cannot be used: {error}", key="metadata", remedy=_REMEDY) from None

    @property
    def provider(self) -> IdentityProvider:
        try:
            stamp = self._now()
            if stamp != self._stamp:
                data = self._read()
                self._stamp = stamp
                self._provider = self._usable(data)
                self.problem = None
        except ConfigurationError as error:
            self._stamp, self.problem = None, str(error)
        except ValueError as error:
            self.problem = str(error)
        return self._provider

    def _usable(self, data: bytes) -> IdentityProvider:
        """What is in force is believed for every login, so that it may not rest on a key that can be broken."""
        provider = read_metadata(data, self._entity_id)
        for one in provider.certificates:
            key = one.parsed.public_key()
            if isinstance(key, rsa.RSAPublicKey) and key.key_size < SMALLEST_RSA:
                raise ValueError(f"{one.subject} signs with RSA of {key.key_size} bits, needed are {SMALLEST_RSA}")
        return provider

    def _now(self) -> tuple[int, int]:
        try:
            found = self.file.stat()
        except OSError as error:
            problem = f"{self.file} cannot be read: {error.strerror}"
            raise ConfigurationError(problem, key="metadata", remedy=_REMEDY) from None
        return found.st_mtime_ns, found.st_size

    def _read(self) -> bytes:
        try:
            return self.file.read_bytes()
        except OSError as error:
            problem = f"{self.file} cannot be read: {error.strerror}"
            raise ConfigurationError(problem, key="metadata", remedy=_REMEDY) from None
