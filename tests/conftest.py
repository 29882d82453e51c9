"""Fixtures every test may use: a real PostgreSQL, a fresh database, a clock that stands still."""

import os
import pickle
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import hypothesis
import pytest

from hub.bootstrap import opening
from hub.kernel.clock import FixedClock
from hub.kit import yaml_document
from hub.settings import PROJECT
from hub.storage.database import Database
from hub.storage.embedded import EmbeddedPostgres
from hub.storage.provision import DatabaseUrls
from tests.support.postgres import fresh_database, postgres_server

# A test that says nothing else tries so many examples; `MUNIHUB_EXAMPLES=1000` by hand, when its subject changed.
# None fails for taking long: that says how busy the machine is. With `CI` set the examples are the same each time, so that
# a change is judged by what it changed; everybody else's runs look for new ones.
hypothesis.settings.register_profile(
    "munihub",
    max_examples=int(os.environ.get("MUNIHUB_EXAMPLES", "40")),
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("munihub")

_LONG = ("tests/e2e/", "tests/integration/cli/test_processes.py")
"""What takes minutes in all, most of which it waits."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What takes long begins first, whatever the random order, so that nobody waits for it alone at the end."""
    items.sort(key=lambda item: not item.nodeid.startswith(_LONG))


@pytest.fixture(scope="session", autouse=True)
def compiled_once() -> Iterator[None]:
    """Our own mappings do not change while tests run, and thousands of tests open the demo towns: reading and compiling
    is most of that. A test's own files are compiled each time, and what is read of a text is given anew to each.
    """
    patch = pytest.MonkeyPatch()
    patch.setattr(yaml_document, "_built", _read_once(yaml_document._built))
    for name in ("compile_mapping", "compile_delivery"):
        patch.setattr(opening, name, _remembering(getattr(opening, name)))
    yield
    patch.undo()


def _read_once(built: Callable[..., Any]) -> Callable[..., Any]:
    @lru_cache(maxsize=400)
    def kept(text: str, path: Path, loader: Any) -> tuple[bytes, Any]:
        builder = built(text, path, loader)
        return pickle.dumps(builder.root), builder.lines

    def again(text: str, path: Path, loader: Any) -> Any:
        root, lines = kept(text, path, loader)
        return SimpleNamespace(root=pickle.loads(root), lines=lines)

    return again


def _remembering(compile_file: Callable[..., Any]) -> Callable[..., Any]:
    made: dict[tuple[Any, ...], Any] = {}

    def remembered(file: Path, *more: Any, **options: Any) -> Any:
        if options.get("connector") or not file.is_relative_to(PROJECT / "mappings"):
            return compile_file(file, *more, **options)
        key = (file, options["timezone"], *(one for one in more if isinstance(one, str)))
        if key not in made:
            made[key] = compile_file(file, *more, **options)
        return made[key]

    return remembered


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    with postgres_server() as server:
        yield server


@pytest.fixture
def urls(postgres: EmbeddedPostgres) -> Iterator[DatabaseUrls]:
    with fresh_database(postgres) as fresh:
        yield fresh


@pytest.fixture
async def worker(urls: DatabaseUrls) -> AsyncIterator[Database]:
    database = await Database.open(urls.worker, size=4)
    yield database
    await database.close()


@pytest.fixture
async def api(urls: DatabaseUrls) -> AsyncIterator[Database]:
    database = await Database.open(urls.app, size=4)
    yield database
    await database.close()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 21, 10, 0, tzinfo=UTC))
