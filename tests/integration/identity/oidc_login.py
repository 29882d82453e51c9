"""One town's relying party against an issuer on loopback: what the tests of logins share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from hub.kernel.assurance import Assurance
from hub.kernel.errors import ConfigurationError
from hub.ports.eid import Answer, EidSurroundings, Identity, Sent, Wanted
from identity.oidc.relying_party import RelyingParty
from identity.providers.oidc.eid import Oidc
from tests.support.oidc_issuer import CLIENT, SECRET, Issuer, key

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
ADDRESS = "https://moja.pregrada.hr/login/grad"
RELAY = "relay-of-this-login"


def secrets_of(**more: str) -> Any:
    known = {
        "client": SECRET,
        "signing": key("RSA", "ours").as_pem(private=True).decode(),
        "rsa": key("RSA", "opens").as_pem(private=True).decode(),
        "ec": key("P-256", "opens").as_pem(private=True).decode(),
        **more,
    }

    def find(name: str) -> SecretStr:
        if name not in known:
            raise ConfigurationError(f"the secret {name!r} is nowhere", key="secret")
        return SecretStr(known[name])

    return find


def surroundings(*, live: bool = False, folder: Path = Path("/nowhere"), **secrets: str) -> EidSurroundings:
    return EidSurroundings(
        city="pregrada",
        eid="grad",
        address=ADDRESS,
        folder=folder,
        timezone=ZoneInfo("Europe/Zagreb"),
        live=live,
        secret=secrets_of(**secrets),
    )


def settings(issuer: str, **more: Any) -> dict[str, Any]:
    client_auth = {"kind": "client_secret_basic", "client_secret": {"secret": "client"}}
    once = {"attempts": 1}
    return {"issuer": issuer, "client_id": CLIENT, "client_auth": client_auth, "retries": once, **more}


def relying_party(issuer: Issuer, kind: type[RelyingParty] = Oidc, **more: Any) -> RelyingParty:
    wanted: Any = kind.Settings.model_validate(settings(issuer.name, **more))
    party = kind(wanted, surroundings())
    issuer.callers.append(party.close)
    return party


def wanted(**more: Any) -> Wanted:
    return Wanted(**{"relay": RELAY, "assurance": Assurance.LOW, "language": "hr", "now": NOW, **more})


def back(query: Mapping[str, str], **more: Any) -> Answer:
    """The browser at our callback."""
    url = f"{ADDRESS}/callback?{urlencode(dict(query))}"
    return Answer(**{"endpoint": "callback", "method": "GET", "url": url, "query": query, "form": {}, **more})


def query_of(sent: Sent) -> dict[str, str]:
    pairs = parse_qsl(urlsplit(sent.url).query, keep_blank_values=True)
    assert len(dict(pairs)) == len(pairs)
    return dict(pairs)


@dataclass
class Login:
    party: RelyingParty
    sent: Sent
    query: dict[str, str]

    async def finish(self, **changes: str | None) -> Identity:
        """The answer, with parameters changed or (None) taken away."""
        query = {name: value for name, value in {**self.query, **changes}.items() if value is not None}
        return await self.party.finish(back(query), self.sent.state, NOW)


async def begun(issuer: Issuer, kind: type[RelyingParty] = Oidc, asked: Wanted | None = None, **more: Any) -> Login:
    """Up to the moment at which the browser comes back."""
    party = relying_party(issuer, kind, **more)
    sent = await party.begin(asked or wanted())
    return Login(party, sent, await issuer.sign_in(sent.url))
