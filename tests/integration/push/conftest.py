from __future__ import annotations

import base64
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from hub.back_offices.events import EventInterpreter
from hub.back_offices.push_jobs import PushJobs
from hub.jobs.queue import Job
from hub.settings import PROJECT, Settings
from tests.support.hub import SECRETS, Api, make_settings, opened

OFFICE = {"Authorization": f"Bearer {SECRETS['pregrada-financije-push']}"}
KEYS = {name: bytes([number]) * 32 for number, name in enumerate(("financije-new", "financije-old", "urudzbeni"), 1)}
"""Signing keys; urudzbeni's is that of another back office."""


def configured(folder: Path, change: dict[str, Any], office: str = "financije") -> Path:
    """The project's configuration with keys of Pregrada's `push:` put in their place."""
    shutil.copytree(PROJECT / "config", folder, dirs_exist_ok=True)
    file = folder / "cities" / "pregrada" / "city.yaml"
    city = yaml.safe_load(file.read_text("utf-8"))
    city["back_offices"][office]["push"] = city["back_offices"][office].get("push", {}) | change
    file.write_text(yaml.safe_dump(city, allow_unicode=True, sort_keys=False), "utf-8")
    mappings = folder / "mappings"
    if not mappings.exists():
        mappings.symlink_to(PROJECT / "mappings")
    return folder


def with_keys(settings: Settings) -> Settings:
    for name, key in KEYS.items():
        file = settings.secrets / name
        file.touch(mode=0o600)
        file.write_text("whsec_" + base64.b64encode(key).decode(), "utf-8")
    return settings


SIGNED = {"signatures": [{"secret": "financije-new"}, {"secret": "financije-old"}]}


@dataclass
class Door:
    """The API of a town, and the worker's jobs behind it, done when a test says so."""

    api: Api
    jobs: PushJobs = field(init=False)

    def __post_init__(self) -> None:
        worker = self.api.worker
        self.jobs = PushJobs(worker.database, worker.vault, worker.clock, worker.files)

    @property
    def town(self):
        return self.api.worker.towns.by_slug["pregrada"]

    async def work(self, *, rounds: int = 4) -> None:
        """Do what the queue holds of the push doors, in order, until there is nothing."""
        for _ in range(rounds):
            rows = await self.api.worker.database.pool.fetch(
                "select id, kind, payload::text as payload from jobs where kind like 'intake.%' order by id"
            )
            if not rows:
                return
            for row in rows:
                job = Job(1, row["id"], row["kind"], None, json.loads(row["payload"]), 1, 5, None)
                await self.do(job)
                await self.api.worker.database.pool.execute("delete from jobs where id = $1", row["id"])

    async def do(self, job: Job) -> None:
        match job.kind:
            case "intake.file":
                await self.jobs.read_file(self.town, job)
            case "intake.folder":
                await self.jobs.look(self.town, job)
            case "intake.replay":
                await self.jobs.replay(self.town, job)
            case _:
                office = job.payload["back_office"]
                await self.api.worker.intake.apply_waiting(1, office, EventInterpreter(self.town))

    async def rows(self, query: str, *arguments: object) -> list[Any]:
        async with self.api.worker.database.town(1) as connection:
            return await connection.fetch(query, *arguments)

    async def value(self, query: str, *arguments: object) -> Any:
        return (await self.rows(query, *arguments))[0][0]

    async def letters(self, **filters: str) -> list[dict[str, Any]]:
        answer = await self.api.client.get(
            "/pregrada/admin/v1/dead-letters", params=filters, headers=self.api.staff("pregrada")
        )
        assert answer.status_code == 200, answer.text
        return answer.json()["items"]

    async def refused(self) -> dict[tuple[str, str], int]:
        """Refused attempts by door and reason."""
        found: dict[tuple[str, str], int] = {}
        for row in await self.rows("select door, reason, times from push_refusals"):
            found[row["door"], row["reason"]] = found.get((row["door"], row["reason"]), 0) + row["times"]
        return found


@pytest.fixture
async def door(tmp_path, urls, clock) -> AsyncIterator[Door]:
    async with opened(make_settings(tmp_path, urls), urls, clock) as api:
        yield Door(api)


@pytest.fixture
def opening(tmp_path, urls, clock):
    """Opens a door with another configuration: `async with opening({…}) as door`."""

    @asynccontextmanager
    async def open_with(change: dict[str, Any], **settings: Any):
        config = configured(tmp_path / "config", change)
        made = replace(with_keys(make_settings(tmp_path, urls, config)), **settings)
        async with opened(made, urls, clock) as api:
            yield Door(api)

    return open_with
