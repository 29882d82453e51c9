"""Front ends of test towns: what they send, and what a browser carries between them and the hub."""

from __future__ import annotations

import base64
import hashlib
import shutil
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from uuid import UUID

import httpx
import yaml
from joserfc import jwt
from joserfc.jwk import KeySet

from hub.kernel.assurance import Assurance
from hub.sessions.model import Session
from hub.settings import PROJECT
from tests.support.hub import Api

ADDRESS = "http://127.0.0.1:8000"
PORTAL = "https://portal.example/callback"
SPA = "https://spa.example/callback"

CLIENTS: dict[str, Any] = {
    "portal": {
        "name": {"hr": "Portal", "en": "Portal"},
        "kind": "confidential",
        "secret": {"secret": "portal-secret"},
        "redirect_uris": [PORTAL, "https://portal.example/callback?tenant=1"],
        "post_logout_redirect_uris": ["https://portal.example/bye"],
        "frontchannel_logout_uri": "https://portal.example/front-logout",
        "backchannel_logout_uri": "http://127.0.0.1:1/back-logout",
        "scopes": ["account", "refresh"],
    },
    "other": {
        "name": {"hr": "Drugi"},
        "kind": "confidential",
        "secret": {"secret": "other-secret"},
        "redirect_uris": ["https://other.example/callback"],
        "scopes": ["account"],
    },
    "spa": {
        "name": {"hr": "Aplikacija"},
        "kind": "public",
        "redirect_uris": [SPA],
        "post_logout_redirect_uris": ["https://spa.example/"],
        "origins": ["https://spa.example"],
        "scopes": ["account"],
    },
    "app": {
        "name": {"hr": "Mobilna"},
        "kind": "public",
        "redirect_uris": ["http://127.0.0.1/callback", "http://[::1]/callback", "hr.pregrada.app:/callback"],
        "scopes": ["account"],
        "assurance": "substantial",
    },
    "console": {
        "name": {"hr": "Konzola"},
        "kind": "confidential",
        "secret": {"secret": "portal-secret"},
        "redirect_uris": ["https://console.example/callback"],
        "scopes": ["messages"],
        "staff": True,
    },
    "robot": {
        "name": {"hr": "Robot"},
        "kind": "machine",
        "secret": {"secret": "machine-secret"},
        "scopes": ["push"],
    },
}


def configured(folder: Path) -> Path:
    """The project's towns, each with these front ends."""
    shutil.copytree(PROJECT / "config", folder)
    (folder / "mappings").symlink_to(PROJECT / "mappings")
    for file in folder.glob("cities/*/city.yaml"):
        content = yaml.safe_load(file.read_text("utf-8"))
        content["clients"] = CLIENTS
        file.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
    return folder


def secret_of(client: str) -> str | None:
    named = CLIENTS[client].get("secret")
    return f"{named['secret']}-0123456789abcdef0123456789abcdef" if named else None


VERIFIER = "v" * 43


def challenge(verifier: str = VERIFIER) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def parameters_of(location: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(location).query, keep_blank_values=True))


@dataclass
class Browser:
    """`cookies` are those of one town."""

    provider: Provider
    city: str = "pregrada"
    cookies: dict[str, str] = field(default_factory=dict)

    async def get(self, path: str, **parameters: str | None) -> httpx.Response:
        given = {name: value for name, value in parameters.items() if value is not None}
        header = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        answer = await self.provider.api.client.get(f"/{self.city}{path}", params=given or None, headers=header)
        self.cookies.update(answer.cookies)
        self.provider.api.client.cookies.clear()
        return answer

    async def authorize(self, client: str = "portal", **changed: str | None) -> httpx.Response:
        """None takes a parameter away."""
        wanted: dict[str, str | None] = {
            "response_type": "code",
            "client_id": client,
            "redirect_uri": CLIENTS[client]["redirect_uris"][0],
            "scope": " ".join(("openid", "profile", *CLIENTS[client]["scopes"])),
            "state": "st-ate",
            "nonce": "n0nce",
            "code_challenge": challenge(),
            "code_challenge_method": "S256",
        }
        return await self.get("/oauth2/authorize", **(wanted | changed))

    async def code(self, client: str = "portal", **changed: str | None) -> str:
        answer = await self.authorize(client, **changed)
        assert answer.status_code == 303, answer.text
        return parameters_of(answer.headers["location"])["code"]


@dataclass
class Provider:
    api: Api

    async def post(self, path: str, form: dict[str, str], *, city: str = "pregrada", **headers: str) -> httpx.Response:
        return await self.api.client.post(f"/{city}/oauth2/{path}", data=form, headers=headers)

    async def login(
        self,
        *,
        city: str = "pregrada",
        subject_id: UUID | None = None,
        staff_id: UUID | None = None,
        assurance: Assurance = Assurance.SUBSTANTIAL,
        methods: tuple[str, ...] = ("pwd", "otp"),
    ) -> tuple[Browser, Session]:
        """A browser in which somebody is logged in, as the login pages leave it."""
        town = self.api.hub.towns.by_slug[city].city
        if subject_id is None and staff_id is None:
            subject_id = await self.api.subject(city, "Ana Šćrbačić")
        async with self.api.hub.database.identity(town.id) as connection:
            keys = await self.api.hub.vault.keys(connection, town.id)
            session, token = await self.api.hub.sessions.open(
                connection,
                keys,
                subject_id=subject_id,
                staff_id=staff_id,
                login_id=None,
                provider="password",
                assurance=assurance,
                methods=methods,
                authenticated_at=self.api.clock.now(),
                logout={},
            )
        return Browser(self, city, {f"munihub_session_{city}": token}), session

    async def redeem(self, code: str, client: str = "portal", **changed: str | None) -> httpx.Response:
        form: dict[str, str | None] = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": CLIENTS[client]["redirect_uris"][0],
            "code_verifier": VERIFIER,
            **self.proof(client),
            **changed,
        }
        return await self.post("token", {name: value for name, value in form.items() if value is not None})

    async def refresh(self, token: str, client: str = "portal", **changed: str) -> httpx.Response:
        form = {"grant_type": "refresh_token", "refresh_token": token, **self.proof(client), **changed}
        return await self.post("token", form)

    @staticmethod
    def proof(client: str) -> dict[str, str]:
        secret = secret_of(client)
        return {"client_id": client, **({"client_secret": secret} if secret else {})}

    async def tokens(
        self, client: str = "portal", browser: Browser | None = None, **changed: str | None
    ) -> dict[str, Any]:
        """All the way: login, code, tokens."""
        if browser is None:
            browser, _ = await self.login()
        answer = await self.redeem(await browser.code(client, **changed), client)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    async def key_set(self, city: str = "pregrada") -> KeySet:
        return KeySet.import_key_set((await self.api.client.get(f"/{city}/oauth2/jwks")).json())

    async def claims(self, token: str, city: str = "pregrada") -> dict[str, Any]:
        """As anybody reads them: verified by the published keys."""
        return dict(jwt.decode(token, await self.key_set(city), algorithms=["RS256"]).claims)
