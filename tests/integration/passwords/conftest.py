"""A hub of two towns that give passwords, with a hash that costs little: what is counted is calls, not time."""

from __future__ import annotations

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path
from uuid import UUID

import pytest

from hub.cities.model import City
from hub.kernel.clock import FixedClock
from hub.passwords.hashing import Hasher
from hub.passwords.model import Issued
from hub.settings import PROJECT
from hub.storage.provision import DatabaseUrls
from tests.support.hub import Api, make_settings, opened

ADDRESS = "192.0.2.7"
PASSWORD = "tri zelene jabuke padaju"


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """The project's towns at an address that browsers have passkeys for; Vzorov always wants a second factor."""
    folder = tmp_path / "config"
    shutil.copytree(PROJECT / "config", folder)
    for slug, factor in (("pregrada", "offered"), ("vzorov", "required")):
        file = folder / "cities" / slug / "city.yaml"
        lines = [line for line in file.read_text("utf-8").splitlines() if not line.startswith("passwords:")]
        file.write_text("\n".join([*lines, f"passwords: {{ second_factor: {factor} }}", ""]), "utf-8")
    return folder


@dataclass
class Passwords:
    """The towns' passwords, in front of the real API and database."""

    api: Api
    city: City

    @property
    def service(self):
        return self.api.hub.passwords

    async def issue(self, name: str = "Ana Šćrbačić", *, staff_id: UUID | None = None) -> Issued:
        """A first password of a new person, or of a member of staff."""
        subject_id = None if staff_id else await self.api.subject(self.city.slug, name)
        hub = self.api.hub
        async with hub.database.identity(self.city.id) as connection:
            keys = await hub.vault.keys(connection, self.city.id)
            return await self.service.issue_first_password(
                connection, keys, subject_id=subject_id, staff_id=staff_id, by="test"
            )

    async def person(self, name: str = "Ana Šćrbačić", password: str = PASSWORD) -> Issued:
        """Somebody who has changed her first password; known in no browser."""
        issued = await self.issue(name)
        await self.service.change(self.city, issued.account_id, password)
        return issued

    async def check(
        self, issued: Issued, password: str = PASSWORD, *, address: str = ADDRESS, browser: str | None = None
    ):
        return await self.service.check(self.city, issued.username, password, address, browser)

    async def rows(self, query: str, *values: object):
        hub = self.api.worker
        async with hub.database.town(self.city.id) as connection:
            return await connection.fetch(query, *values)


@pytest.fixture
async def api(tmp_path: Path, urls: DatabaseUrls, clock: FixedClock, config: Path, monkeypatch) -> AsyncIterator[Api]:
    cheap = {"time_cost": 1, "memory_cost": 8, "parallelism": 1}
    monkeypatch.setattr("hub.passwords.service.Hasher", lambda: Hasher(**cheap))
    # Browsers have passkeys for names, not for IP addresses.
    settings = replace(make_settings(tmp_path / "var", urls, config), public_url="http://localhost:8000")
    async with opened(settings, urls, clock) as opened_api:
        yield opened_api


@pytest.fixture
def passwords(api: Api) -> Passwords:
    return Passwords(api, api.hub.towns.by_slug["pregrada"].city)
