"""A live town serves real people: what rehearses, and whatever everybody knows, is refused at its start.

Looked for in everything the town's configuration says and names: addresses of this machine and of tests, connections
without TLS, certificates and keys of the simulators, secrets that are published with the project. What is looked at is
the text of the settings, so that a plug-in need not know of this, and a new one is looked at without a word here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path
from socket import inet_aton
from typing import Any
from urllib.parse import urlsplit

from cryptography import x509
from pydantic import SecretStr

from hub.cities.loader import fault_in, home_of
from hub.cities.model import City
from hub.cities.published import PUBLISHED
from hub.kernel.errors import ConfigurationError
from hub.kit.yaml_document import YamlPath

SIMULATORS = "munihub simulator"
"""The organisation that certificates of simulators name; compared without case."""

_NAMES = frozenset({"acr", "catalogue", "entity_id", "headers", "idp", "namespaces", "parameters"})
"""Keys of settings whose values look like addresses and are names: nobody connects to them."""

_ENTITIES = ("localhost", "test", "example", "invalid", "example.com", "example.net", "example.org")
"""Names that are nobody's by RFC 2606 and RFC 6761, with everything below them."""

_LARGEST = 2_000_000
_ADDRESS = re.compile(r"https?://", re.IGNORECASE)
_LOCATION = re.compile(rb"""\b(?:Response)?Location\s*=\s*["'](https?://[^"']+)["']""")
_CERTIFICATE = re.compile(rb"<(?:\w+:)?X509Certificate\b[^>]*>([A-Za-z0-9+/=\s]+)<")
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")
_ONLY_FOR_REHEARSALS = "Write what the real system's operator gave you; simulators are for towns with live: false."


def refuse_rehearsal(
    city: City, file: Path, secret: Callable[[str], SecretStr], folder_of: Callable[[str], Path]
) -> None:
    """For a live town; others may rehearse as they like.

    `secret` finds a secret by its name, `folder_of` the mapping folder of a back office. Raises ConfigurationError with
    file, line, key and remedy for the first thing found. A secret or a file that is not there, or not for this process,
    is not looked at: whoever needs it says so.
    """
    if not city.live:
        return
    look = _Look(file, secret)
    if not city.hosts:
        problem = "a live town has a host of its own: cookies, passkeys and logins are bound to it"
        raise fault_in(
            file, ("live",), problem, "Write hosts: with its name, such as moja.pregrada.hr; or live: false."
        )
    for number, host in enumerate(city.hosts):
        if _of_nobody(host):
            raise fault_in(
                file, ("hosts", number), f"nobody outside finds {host}", "Write the town's public host name."
            )
    for name, office in city.back_offices.items():
        place = ("back_offices", name)
        look.at(office.settings, (*place, "settings"), [file.parent, *_folder(folder_of, office.mapping)])
        if office.push:
            look.at(office.push.model_dump(include={"secret", "signatures"}), (*place, "push"), [])
    # A citizen's browser goes to eIDs and card gateways too, so that they cannot be inside the town's own network.
    plug_ins = [("eids", "provider", name, eid.settings) for name, eid in city.eids.items()]
    plug_ins += [("gateways", "gateway", name, one.settings) for name, one in city.gateways.items()]
    for block, plug_in, name, settings in plug_ins:
        home = home_of(file, (block, name, plug_in))
        look.at(settings, (block, name, "settings"), [home], public=True)
    for name, client in city.clients.items():
        # A program on the citizen's own device is come back to on that device (RFC 8252 §7.3), without TLS.
        returns = {"redirect_uris", "post_logout_redirect_uris"} if client.kind == "public" else set()
        look.at(client.model_dump(exclude={"name", *returns}), ("clients", name), [])
    if city.alerts:
        look.at(city.alerts.model_dump(include={"webhook"}), ("alerts",), [])


def _folder(folder_of: Callable[[str], Path], mapping: str) -> list[Path]:
    try:
        return [folder_of(mapping)]
    except ConfigurationError:
        return []


class _Look:
    """Looks at one town's settings; `file` is where faults are."""

    def __init__(self, file: Path, secret: Callable[[str], SecretStr]) -> None:
        self._file, self._secret = file, secret

    def at(self, settings: Any, place: YamlPath, folders: Sequence[Path], *, public: bool = False) -> None:
        for at, value in _leaves(settings, place):
            if isinstance(value, dict):
                self.at_secret(value["secret"], at)
            elif _ADDRESS.match(value):
                self._at_address(value, at, public=public)
            else:
                self._at_text(value.encode(), at, "this")
                for folder in folders:
                    self._at_file(folder / value, at, public=public)

    def at_secret(self, name: str, place: YamlPath) -> None:
        try:
            value = self._secret(name).get_secret_value()
        except ConfigurationError:
            return
        if fingerprint(value) in PUBLISHED:
            problem = f"the secret {name!r} has a value that is published with this project: everybody knows it"
            raise fault_in(self._file, place, problem, "Give it a new one, such as `openssl rand -hex 32` makes.")
        self._at_text(value.encode(), place, f"the secret {name!r}")

    def _at_address(self, url: str, place: YamlPath, within: str = "", *, public: bool) -> None:
        try:
            parts = urlsplit(url)
        except ValueError:  # whoever uses it says what is wrong with it
            return
        host = parts.hostname or ""
        where = f"{within}{host} " if within else f"{host} "
        if _of_nobody(host):
            raise fault_in(self._file, place, f"{where}is this machine, or a name for tests", _ONLY_FOR_REHEARSALS)
        if public and _private(host):
            raise fault_in(self._file, place, f"{where}is in a private network", "Write its public address.")
        if parts.scheme.lower() != "https":
            problem = f"{where}is called without TLS: whoever stands in between reads and changes everything"
            raise fault_in(self._file, place, problem, "Write its https:// address.")

    def _at_file(self, path: Path, place: YamlPath, *, public: bool) -> None:
        try:
            if not path.is_file():
                return
            with path.open("rb") as opened:
                content = opened.read(_LARGEST)
        except (OSError, ValueError):  # ValueError: a text with a NUL is no path
            return
        self._at_text(content, place, path.name)
        for url in _LOCATION.findall(content) if b"EntityDescriptor" in content else ():
            self._at_address(url.decode(errors="replace"), place, f"{path.name}: ", public=public)

    def _at_text(self, content: bytes, place: YamlPath, what: str) -> None:
        if fingerprint(content.decode(errors="replace")) in PUBLISHED:
            raise fault_in(self._file, place, f"{what} is published with this project", _ONLY_FOR_REHEARSALS)
        for encoded in (*_CERTIFICATE.findall(content), *_PEM.findall(content)):
            lines = b"-----BEGIN CERTIFICATE-----\n" + encoded.strip() + b"\n-----END CERTIFICATE-----\n"
            try:
                certificate = x509.load_pem_x509_certificate(lines)
                names = f"{certificate.subject.rfc4514_string()} {certificate.issuer.rfc4514_string()}"
            except ValueError:  # whoever uses it says what is wrong with it
                continue
            if SIMULATORS in names.lower():
                problem = f"{what} has a certificate of a simulator, whose key everybody knows"
                raise fault_in(self._file, place, problem, _ONLY_FOR_REHEARSALS)


def fingerprint(value: str) -> str:
    """What the list of published secrets has of one: SHA-256 of its value, without the newline at its end."""
    return sha256(value.rstrip("\r\n").encode()).hexdigest()


def _leaves(value: Any, place: YamlPath) -> Iterator[tuple[YamlPath, Any]]:
    """Every text and every named secret below `value`, with its place."""
    if isinstance(value, dict):
        if set(value) == {"secret"} and isinstance(value["secret"], str):
            yield place, value
            return
        for key, below in value.items():
            if key not in _NAMES:
                yield from _leaves(below, (*place, key))
    elif isinstance(value, list | tuple):
        for number, below in enumerate(value):
            yield from _leaves(below, (*place, number))
    elif isinstance(value, str):
        yield place, value


def _of_nobody(host: str) -> bool:
    """This machine, or a name that leads nowhere in the world."""
    name, address = host.lower().rstrip("."), _address(host)
    if address is None:
        return not name or any(name == one or name.endswith(f".{one}") for one in _ENTITIES)
    return address.is_loopback or address.is_unspecified or address.is_link_local


def _private(host: str) -> bool:
    address = _address(host)
    return "." not in host.rstrip(".") if address is None else address.is_private


def _address(host: str) -> IPv4Address | IPv6Address | None:
    """The address that a host is, also in the words in which resolvers take IPv4 (`127.1`, `0x7f000001`) and as IPv4 in
    IPv6 (RFC 4291 §2.5.5.2); None for a name.
    """
    name = host.rstrip(".")
    try:
        address = ip_address(name)
    except ValueError:
        try:
            return IPv4Address(inet_aton(name))
        except (OSError, ValueError):
            return None
    return (address.ipv4_mapped if isinstance(address, IPv6Address) else None) or address
