"""A hub with Ana and Ivo in Pregrada, and what a front end sends for them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from itertools import count
from typing import Any
from uuid import UUID

import httpx
import pytest

from tests.support.hub import Api, make_settings, opened
from tests.support.records import ANA, IVO

PDF = b"%PDF-1.7\n1 0 obj\n<< /Type /Catalog >>\nendobj\ntrailer << /Root 1 0 R >>\n%%EOF\n"
PNG = (
    b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00:~\x9bU"
    b"\x00\x00\x00\nIDATx\x9cc`\x00\x00\x00\x02\x00\x01H\xaf\xa4q\x00\x00\x00\x00IEND\xaeB`\x82"
)
CASE = {"title": "Priključak na vodovod", "text": "Molim priključenje kuće u Ulici kralja Tomislava 4."}
PROBLEM = {
    "category": "rasvjeta",
    "text": "Svjetiljka ne radi već tri dana.",
    "place": {"lat": 46.1642, "lon": 15.7508, "address": "Ulica žrtava fašizma 12"},
}
_keys = count(1)


@dataclass
class FrontEnd:
    """Speaks for one person."""

    api: Api
    subject_id: UUID
    headers: dict[str, str]
    city: str = "pregrada"

    async def post(self, path: str, json: Any, key: str | None = None, **headers: str) -> httpx.Response:
        return await self.api.client.post(
            f"/{self.city}/v1/{path}", json=json, headers=self.headers | {"Idempotency-Key": key or new_key()} | headers
        )

    async def patch(self, path: str, json: Any, key: str | None = None) -> httpx.Response:
        return await self.api.client.patch(
            f"/{self.city}/v1/{path}", json=json, headers=self.headers | {"Idempotency-Key": key or new_key()}
        )

    async def get(self, path: str, **headers: str) -> httpx.Response:
        return await self.api.client.get(f"/{self.city}/v1/{path}", headers=self.headers | headers)

    async def upload(
        self,
        content: bytes = PDF,
        name: str = "vlasnički list.pdf",
        media_type: str = "application/pdf",
        key: str | None = None,
    ) -> httpx.Response:
        return await self.api.client.post(
            f"/{self.city}/v1/attachments",
            params={"name": name},
            content=content,
            headers=self.headers | {"Idempotency-Key": key or new_key(), "Content-Type": media_type},
        )


def new_key() -> str:
    return f"key-{next(_keys)}"


def good(answer: httpx.Response, status: int = 200) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    return answer.json()


def refused(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert body["type"] == f"urn:munihub:problem:{code}"
    return body


@pytest.fixture
async def hub(tmp_path, urls, clock) -> AsyncIterator[Api]:
    async with opened(make_settings(tmp_path, urls), urls, clock) as api:
        yield api


@pytest.fixture
async def ana(hub) -> FrontEnd:
    return await _front_end(hub, "Ana Šćrbačić", ANA)


@pytest.fixture
async def ivo(hub) -> FrontEnd:
    return await _front_end(hub, "Ivo Drugi", IVO)


async def _front_end(hub: Api, name: str, oib: str) -> FrontEnd:
    subject_id = await hub.subject("pregrada", name, hr_oib=oib)
    return FrontEnd(hub, subject_id, hub.token("pregrada", subject_id))
