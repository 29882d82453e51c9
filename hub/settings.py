"""Where this installation keeps its things, from the environment. Everything has a default that works.

MUNIHUB_VAR                    data of this installation                         var/
MUNIHUB_CONFIG_PATH            folders with cities/ and mappings/, colon-separated    config/
MUNIHUB_DATABASE_URL           PostgreSQL for the API; absent: a private one under var/
MUNIHUB_WORKER_DATABASE_URL    the same for jobs
MUNIHUB_OWNER_DATABASE_URL     the same for migrations
MUNIHUB_MASTER_KEY_FILE        wraps every town's keys                           var/keys/master.json
MUNIHUB_TOKEN_KEY_FILE         signs development tokens                          var/keys/token.json
MUNIHUB_SECRETS_DIR            one file per secret                               var/secrets/
MUNIHUB_PUBLIC_URL             where towns without a host of their own are found     http://127.0.0.1:8000
MUNIHUB_TRUSTED_PROXIES        addresses or networks of reverse proxies, comma-separated, that tell of client
                               certificates at the push doors                    absent: none
MUNIHUB_CLIENT_CERTIFICATE_HEADER    the header they tell it in                  Client-Cert (RFC 9440)
MUNIHUB_TLS_CERTIFICATE_FILE   the server's own certificate (PEM)                absent: a reverse proxy ends TLS
MUNIHUB_TLS_KEY_FILE           its key
MUNIHUB_TLS_CLIENT_CA_FILE     who may have signed client certificates of back offices
MUNIHUB_SMTP_URL               mail server: smtp://host:587 (STARTTLS), smtps://host:465    absent: no mail is sent
MUNIHUB_SMTP_FROM              the address mail comes from
MUNIHUB_SMTP_USER              who logs in there; the password is the secret smtp-password
MUNIHUB_SMTP_CA_FILE           who may have signed its certificate (PEM)         absent: whom the machine trusts
MUNIHUB_METRICS_FROM           addresses or networks, comma-separated, that may read /metrics without the token in the
                               secret metrics-token                              absent: only with the token
MUNIHUB_SCANNER                command that checks files for viruses, see hub.blobs.scanner    absent: none
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path

from hub.kernel.errors import ConfigurationError
from hub.kit.mail import MailSettings

PROJECT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True, slots=True)
class Settings:
    """See the module's table."""

    var: Path
    config_path: tuple[Path, ...]
    app_url: str | None
    worker_url: str | None
    owner_url: str | None
    master_key: Path
    token_key: Path
    secrets: Path
    public_url: str
    scanner: str = ""
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    client_certificate_header: str = "Client-Cert"
    tls: Mapping[str, str] = field(default_factory=dict)
    mail: MailSettings | None = None
    metrics_from: tuple[IPv4Network | IPv6Network, ...] = ()

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> Settings:
        """Raises ConfigurationError when only some of the three database addresses are given."""
        var = Path(environment.get("MUNIHUB_VAR") or PROJECT / "var").resolve()
        path = environment.get("MUNIHUB_CONFIG_PATH") or str(PROJECT / "config")
        names = ("MUNIHUB_DATABASE_URL", "MUNIHUB_WORKER_DATABASE_URL", "MUNIHUB_OWNER_DATABASE_URL")
        urls = [environment.get(name) or None for name in names]
        if any(urls) and not all(urls):
            missing = ", ".join(name for name, url in zip(names, urls, strict=True) if not url)
            raise ConfigurationError(
                f"{missing} is not set",
                key=missing,
                remedy="Run `munihub database prepare ADMIN_URL --env-file munihub.env`: it makes the three roles and "
                "writes the three addresses.",
            )
        return cls(
            var=var,
            config_path=tuple(Path(part).resolve() for part in path.split(os.pathsep) if part),
            app_url=urls[0],
            worker_url=urls[1],
            owner_url=urls[2],
            master_key=Path(environment.get("MUNIHUB_MASTER_KEY_FILE") or var / "keys" / "master.json"),
            token_key=Path(environment.get("MUNIHUB_TOKEN_KEY_FILE") or var / "keys" / "token.json"),
            secrets=Path(environment.get("MUNIHUB_SECRETS_DIR") or var / "secrets"),
            public_url=(environment.get("MUNIHUB_PUBLIC_URL") or "http://127.0.0.1:8000").rstrip("/"),
            scanner=environment.get("MUNIHUB_SCANNER") or "",
            trusted_proxies=_networks(environment, "MUNIHUB_TRUSTED_PROXIES"),
            client_certificate_header=environment.get("MUNIHUB_CLIENT_CERTIFICATE_HEADER") or "Client-Cert",
            tls=_tls(environment),
            mail=_mail(environment),
            metrics_from=_networks(environment, "MUNIHUB_METRICS_FROM"),
        )

    def address_of(self, slug: str, hosts: Sequence[str]) -> str:
        """Where the public finds a town, without a slash at its end: its first host, else a path of this server."""
        return f"https://{hosts[0]}" if hosts else f"{self.public_url}/{slug}"

    @property
    def embedded(self) -> bool:
        return self.app_url is None


_TLS = {
    "certificate": "MUNIHUB_TLS_CERTIFICATE_FILE",
    "key": "MUNIHUB_TLS_KEY_FILE",
    "client_ca": "MUNIHUB_TLS_CLIENT_CA_FILE",
}


def _mail(environment: Mapping[str, str]) -> MailSettings | None:
    url = environment.get("MUNIHUB_SMTP_URL")
    if not url:
        return None
    file = environment.get("MUNIHUB_SMTP_CA_FILE")
    return MailSettings.of(
        url,
        sender=environment.get("MUNIHUB_SMTP_FROM") or "",
        user=environment.get("MUNIHUB_SMTP_USER"),
        authorities=Path(file) if file else None,
    )


def _networks(environment: Mapping[str, str], name: str) -> tuple[IPv4Network | IPv6Network, ...]:
    text = environment.get(name, "")
    try:
        return tuple(ip_network(part.strip(), strict=False) for part in text.split(",") if part.strip())
    except ValueError as error:
        raise ConfigurationError(
            str(error),
            key=name,
            remedy="Write addresses or networks between commas, such as 127.0.0.1,10.0.0.0/8.",
        ) from None


def _tls(environment: Mapping[str, str]) -> dict[str, str]:
    """Files by `certificate`, `key` and `client_ca`; empty where a reverse proxy ends TLS."""
    found = {name: value for name, variable in _TLS.items() if (value := environment.get(variable))}
    if found and not {"certificate", "key"} <= found.keys():
        missing = next(variable for name, variable in _TLS.items() if name not in found)
        raise ConfigurationError(
            f"{missing} is not set", key=missing, remedy="Give the certificate and its key, or neither."
        )
    return found
