"""Talking to a simulator over real HTTP, at a moment that stands still until a test moves it."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module

import httpx
from lxml import etree

from simulators.kit.serve import running

OASIS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE = f"{OASIS}wssecurity-secext-1.0.xsd"
SOAP_11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"


class Clock:
    def __init__(self) -> None:
        self.at = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def move(self, **by: float) -> None:
        self.at += timedelta(**by)


@dataclass
class Simulator:
    url: str
    client: httpx.AsyncClient
    clock: Clock

    async def switch(self, **switches: object) -> dict:
        answer = await self.client.post("/_control", json=switches)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def state(self) -> dict:
        return (await self.client.get("/_control")).json()

    async def post(self, path: str, expect: int = 200, **body: object) -> dict:
        answer = await self.client.post(f"/_control/{path}", json=body)
        assert answer.status_code == expect, answer.text
        return answer.json()

    async def delete(self, path: str) -> dict:
        answer = await self.client.delete(f"/_control/{path}")
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def soap_11(self, body: str, **token: object) -> httpx.Response:
        """Call the financial card; `token` overrides what `username_token` writes."""
        envelope = (
            f'<s:Envelope xmlns:s="{SOAP_11}"><s:Header>{username_token(self.clock.at, **token)}</s:Header>'
            f'<s:Body xmlns="urn:pregrada:financije:1">{body}</s:Body></s:Envelope>'
        )
        return await self.client.post(
            "/financije", content=envelope, headers={"Content-Type": "text/xml; charset=utf-8"}
        )

    async def soap_12(
        self, body: str, auth: tuple[str, str] | None = ("munihub", "vzorov-registr-secret")
    ) -> httpx.Response:
        envelope = f'<s:Envelope xmlns:s="{SOAP_12}"><s:Body xmlns="urn:vzorov:registr:1">{body}</s:Body></s:Envelope>'
        return await self.client.post(
            "/registr",
            content=envelope,
            auth=auth,
            headers={"Content-Type": "application/soap+xml; charset=utf-8"},
        )


def username_token(
    now: datetime,
    *,
    username: str = "munihub",
    password: str = "pregrada-financije-secret",
    nonce: bytes | None = None,
    created: str | None = None,
    kind: str = "PasswordDigest",
) -> str:
    nonce = os.urandom(16) if nonce is None else nonce
    created = created or now.strftime("%Y-%m-%dT%H:%M:%SZ")
    digest = base64.b64encode(hashlib.sha1(nonce + created.encode() + password.encode()).digest()).decode()
    return (
        f'<w:Security xmlns:w="{WSSE}" xmlns:u="{OASIS}wssecurity-utility-1.0.xsd"><w:UsernameToken>'
        f"<w:Username>{username}</w:Username>"
        f'<w:Password Type="{OASIS}username-token-profile-1.0#{kind}">{digest}</w:Password>'
        f"<w:Nonce>{base64.b64encode(nonce).decode()}</w:Nonce><u:Created>{created}</u:Created>"
        "</w:UsernameToken></w:Security>"
    )


def body_of(answer: httpx.Response) -> etree._Element:
    """The child of the Body of a SOAP answer of either version."""
    envelope = etree.fromstring(answer.content)
    namespace = etree.QName(envelope).namespace
    (child,) = envelope.find(f"{{{namespace}}}Body")
    return child


@asynccontextmanager
async def start(name: str) -> AsyncIterator[Simulator]:
    clock = Clock()
    app = import_module(f"simulators.{name}").app(clock)
    async with running(app) as url, httpx.AsyncClient(base_url=url, timeout=20, trust_env=False) as client:
        yield Simulator(url, client, clock)
