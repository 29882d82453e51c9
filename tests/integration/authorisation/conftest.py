"""A town with Ana, who has an obligation and a case, Ivo, and somebody of every role on the staff."""

from __future__ import annotations

import re
import secrets
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from hub.authorisation import CITIZEN_SCOPES, STAFF_SCOPES, Role
from hub.kernel.assurance import Assurance
from hub.kernel.ids import new_uuid, public_id
from hub.staff import service as staff
from hub.staff.model import Grant
from hub.tokens.service import AccessToken
from portal_api.citizen import refresh
from tests.integration.portal_api.test_account import read
from tests.support.hub import Api, make_settings, opened
from tests.support.records import ANA, IVO, case, obligation

SCOPES = (*CITIZEN_SCOPES, *STAFF_SCOPES, "push")


@dataclass
class House:
    """`ids` names the records of Ana; `staff` has somebody with each role in the whole of Pregrada."""

    api: Api
    ana: UUID
    ivo: UUID
    ids: dict[str, str]
    staff: dict[Role, UUID] = field(default_factory=dict)

    def address(self, path: str, city: str = "pregrada") -> str:
        """The route's path with Ana's ids in it; for what she has none of, an id that does not exist."""
        known = {"city": city, "scheme": "hub3", "form": "svg"} | self.ids
        return re.sub(r"{(\w+)(?::\w+)?}", lambda found: known.get(found[1]) or public_id("xxx", new_uuid()), path)

    def token(self, city: str = "pregrada", scopes: tuple[str, ...] = SCOPES, **known: Any) -> dict[str, str]:
        """Headers with a token as the town's provider gives it, of whatever kind: `known` are fields of AccessToken."""
        town = self.api.hub.towns.by_slug[city].city
        text = secrets.token_urlsafe(32)
        expires_at = self.api.clock.now() + timedelta(minutes=5)
        kind = {"client_id": "portal", "assurance": Assurance.HIGH, "subject_id": None} | known
        token = AccessToken(city_id=town.id, scopes=frozenset(scopes), expires_at=expires_at, **kind)
        # As if it had been verified a moment ago: signatures are tried in the tests of tokens and of the provider.
        self.api.hub.tokens._known[text, town.id] = token
        return {"Authorization": f"Bearer {text}"}

    async def employ(self, *grants: Grant, name: str = "Kata Kancelar") -> UUID:
        town = self.api.worker.towns.by_slug["pregrada"].city
        async with self.api.worker.database.town(town.id) as connection:
            return await staff.add(connection, town, name, grants, by="test", now=self.api.clock.now())


@pytest.fixture
async def hub(tmp_path, urls, clock) -> AsyncIterator[Api]:
    async with opened(make_settings(tmp_path, urls), urls, clock) as api:
        yield api


@pytest.fixture
async def house(hub, monkeypatch) -> House:
    monkeypatch.setattr(refresh, "PATIENCE", 0.05)
    ana = await hub.subject("pregrada", "Ana Prva", hr_oib=ANA)
    ivo = await hub.subject("pregrada", "Ivo Drugi", hr_oib=IVO)
    await read(hub, "obligations", ANA, obligation(title={"hr": "Anina naknada"}))
    await read(hub, "cases", ANA, case(title={"hr": "Anin zahtjev"}))
    await read(hub, "obligations", IVO)
    await read(hub, "cases", IVO)
    ids = {}
    for name, noun in (("obligation_id", "obligations"), ("case_id", "cases")):
        page = (await hub.client.get(f"/pregrada/v1/{noun}", headers=hub.token("pregrada", ana))).json()
        ids[name] = page["items"][0]["id"]
    house = House(hub, ana, ivo, ids)
    for role in Role:
        house.staff[role] = await house.employ(Grant(role), name=role)
    return house
