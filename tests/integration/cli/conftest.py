"""`munihub …` in this process: real database, real simulators over loopback, an installation of its own."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path

import pytest
import yaml
from rich.console import Console
from structlog.testing import capture_logs
from typer.testing import CliRunner

from hub import cli
from hub.intake import command as dead_letters
from hub.kernel.errors import HubError
from hub.settings import PROJECT, Settings
from hub.storage.embedded import EmbeddedPostgres
from hub.storage.provision import DatabaseUrls
from hub.storage.vault import MasterKeys
from simulators.kit.serve import running
from tests.support.hub import SECRETS
from tests.support.postgres import fresh_database

OFFICES = {"financije": "pregrada_financije", "urudzbeni": "pregrada_urudzbeni"}
GATEWAYS = {"kartica": "gateway_monri", "komunalije": "gateway_sandbox"}


@dataclass(frozen=True)
class Done:
    """What a command came to: its exit code, what it printed, and the error it ended with."""

    code: int
    out: str
    error: str
    logs: list[Mapping[str, object]]

    @property
    def rows(self) -> list[list[str]]:
        """The cells of a printed table, without its head."""
        lines = [line for line in self.out.splitlines() if line.startswith("│")]
        return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]


@dataclass
class Munihub:
    """One installation; call it with the arguments of a command."""

    environment: dict[str, str]
    simulators: dict[str, str] = field(default_factory=dict)

    async def __call__(self, *arguments: str, **environment: str) -> Done:
        return await asyncio.to_thread(self.run, *arguments, **environment)

    def run(self, *arguments: str, **environment: str) -> Done:
        with capture_logs() as logs:
            result = CliRunner().invoke(cli.program(), list(arguments), env=self.environment | environment)
        if result.exception and not isinstance(result.exception, (HubError, SystemExit)):
            raise result.exception
        if isinstance(result.exception, HubError):
            return Done(2, result.stdout, str(result.exception), logs)
        return Done(result.exit_code, result.stdout, result.stderr, logs)

    @property
    def settings(self) -> Settings:
        return Settings.from_environment(self.environment)

    @property
    def town_file(self) -> Path:
        return self.settings.config_path[0] / "cities" / "pregrada" / "city.yaml"

    def configure(self, **changes: object) -> None:
        """Pregrada as we ship it, its back offices where the simulators are, with changes."""
        ours = PROJECT / "config" / "cities" / "pregrada" / "city.yaml"
        content = {"extends": [str(ours)], **changes}
        if self.simulators:
            content["back_offices"] = {
                "financije": {"settings": {"endpoint": f"{self.simulators['financije']}/financije"}},
                "urudzbeni": {"settings": {"base_url": self.simulators["urudzbeni"]}},
            }
            content["gateways"] = {name: {"settings": {"base_url": self.simulators[name]}} for name in GATEWAYS}
        self.town_file.parent.mkdir(parents=True, exist_ok=True)
        self.town_file.write_text(yaml.safe_dump(content), "utf-8")

    def go_live(self) -> None:
        """Pregrada with a host of its own and one back office, real ones as far as can be told from here."""
        content = yaml.safe_load((PROJECT / "config" / "cities" / "pregrada" / "city.yaml").read_text("utf-8"))
        office = content["back_offices"]["urudzbeni"]
        office["settings"] |= {"base_url": "https://urudzbeni.pregrada.hr"}
        content |= {"live": True, "hosts": ["moja.pregrada.hr"], "back_offices": {"urudzbeni": office}}
        for rehearsal in ("eids", "clients", "gateways"):
            content.pop(rehearsal, None)
        self.town_file.parent.mkdir(parents=True, exist_ok=True)
        self.town_file.write_text(yaml.safe_dump(content, allow_unicode=True), "utf-8")
        self.secret("pregrada-urudzbeni", "u" * 32)

    def secret(self, name: str, value: str | None) -> None:
        file = self.settings.secrets / name
        if value is None:
            file.unlink()
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch(0o600)
        file.write_text(value, "utf-8")


@pytest.fixture(autouse=True)
def wide(monkeypatch) -> None:
    """Tables as on a wide screen."""
    monkeypatch.setenv("COLUMNS", "1000")
    monkeypatch.setattr(dead_letters, "out", Console(width=1000))


def installation(folder: Path, urls: DatabaseUrls) -> Munihub:
    """The town of Pregrada, whose back offices do not answer."""
    made = Munihub(
        {
            "MUNIHUB_VAR": str(folder / "var"),
            "MUNIHUB_CONFIG_PATH": str(folder / "config"),
            "MUNIHUB_DATABASE_URL": urls.app,
            "MUNIHUB_WORKER_DATABASE_URL": urls.worker,
            "MUNIHUB_OWNER_DATABASE_URL": urls.owner,
        }
    )
    made.configure()
    for name, value in SECRETS.items():
        made.secret(name, value)
    MasterKeys.load(made.settings.master_key, create=True)
    return made


@pytest.fixture
def munihub(tmp_path: Path, urls: DatabaseUrls) -> Munihub:
    """On a fresh database."""
    return installation(tmp_path, urls)


@pytest.fixture(scope="module")
def unchanged(postgres: EmbeddedPostgres, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Munihub]:
    """One for all tests that change nothing, neither rows nor files."""
    with fresh_database(postgres) as urls:
        yield installation(tmp_path_factory.mktemp("unchanged"), urls)


@pytest.fixture
async def simulated(munihub: Munihub) -> AsyncIterator[Munihub]:
    """The same with its back offices and gateways simulated."""
    async with AsyncExitStack() as stack:
        for name, simulator in {**OFFICES, **GATEWAYS}.items():
            app = import_module(f"simulators.{simulator}").app()
            munihub.simulators[name] = await stack.enter_async_context(running(app))
        munihub.configure()
        yield munihub
