"""Documents say what is: links lead somewhere, commands exist, the guide's example works, versions agree."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from packaging.requirements import Requirement
from packaging.version import Version

from hub import cli
from hub import settings as hub_settings
from hub.bootstrap.nouns import TARGETS
from hub.bootstrap.towns import open_town
from hub.cities.loader import load_city
from hub.mapping.compile import compile_mapping
from hub.mapping.examples import run_examples
from hub.settings import Settings
from portal_api.openapi import VERSION

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
FOLDERS = ("benchmarks", "connectors", "docs", "simulators")
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(file for folder in FOLDERS for file in (ROOT / folder).rglob("*.md"))])
GUIDE = (ROOT / "docs" / "add-a-back-office.md").read_text("utf-8")
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
TARGETS_OF_MAKE = set(re.findall(r"^([a-z-]+):.* ## ", MAKEFILE, re.MULTILINE))
CI = (ROOT / ".ci" / "run").read_text("utf-8")


def name(file: Path) -> str:
    return file.relative_to(ROOT).as_posix()


def blocks(text: str, *languages: str) -> Iterator[str]:
    """Contents of the fenced blocks in these languages; "" for a block without one."""
    for language, body in re.findall(r"^```(\w*)\n(.*?)^```", text, re.DOTALL | re.MULTILINE):
        if language in languages:
            yield body


# ── Links ────────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("file", DOCUMENTS, ids=name)
def test_links_lead_somewhere(file: Path) -> None:
    text = re.sub(r"^```.*?^```", "", file.read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if link.startswith(("http://", "https://")):
            continue
        path, _, anchor = link.partition("#")
        target = (file.parent / path).resolve() if path else file
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def anchors(file: Path) -> set[str]:
    """As forges make them of headings."""
    headings = re.findall(r"^#+ (.+)$", file.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_the_map_names_every_document() -> None:
    text = (ROOT / "docs" / "README.md").read_text("utf-8")
    inside = [file.relative_to(ROOT / "docs").as_posix() for file in (ROOT / "docs").rglob("*.md")]
    assert [one for one in inside if one != "README.md" and f"({one})" not in text] == []


def test_decisions_are_numbered_dated_and_short() -> None:
    files = sorted((ROOT / "docs" / "adr").glob("*.md"))
    assert [int(file.name[:4]) for file in files] == list(range(1, len(files) + 1))
    for file in files:
        first, _, status, *rest = file.read_text("utf-8").splitlines()
        assert first.startswith(f"# {int(file.name[:4])}. "), file.name
        assert re.fullmatch(r"Status: (accepted|superseded by \d+), \d{4}-\d\d-\d\d", status), file.name
        assert {"## Context", "## Decision", "## Consequences"} <= set(rest), file.name
        assert len(rest) < 90, f"{file.name} is longer than a page"


# ── Commands ─────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("file", DOCUMENTS, ids=name)
def test_documented_targets_of_make_exist(file: Path) -> None:
    assert set(re.findall(r"(?:^|`)make ([a-z][a-z-]*)", file.read_text("utf-8"), re.MULTILINE)) <= TARGETS_OF_MAKE


def test_ci_runs_the_targets_of_the_readme() -> None:
    called = set(re.findall(r"^step make ([a-z-]+)", CI, re.MULTILINE))
    readme = set(re.findall(r"(?:^|`)make ([a-z][a-z-]*)", (ROOT / "README.md").read_text("utf-8"), re.MULTILINE))
    # `make demo` waits for a person; the tour is run by a test, beside others.
    assert '["make", "--no-print-directory", "demo-once"]' in (ROOT / "tests/e2e/test_demo.py").read_text("utf-8")
    assert called == readme - {"demo", "demo-once"} | {"venv"}


def commands_in(text: str) -> Iterator[list[str]]:
    """Every `munihub …` of the text, as words; of a line in a block only what stands before a comment."""
    for body in blocks(text, "sh", ""):
        for line in body.replace("\\\n", " ").splitlines():
            words = line.partition(" #")[0].split()
            for start, word in enumerate(words):
                if word.rpartition("/")[2] == "munihub" and start + 1 < len(words):
                    yield words[start + 1 :]
    for span in re.findall(r"`munihub ([^`\n]+)`", text):
        yield span.replace("…", "").split()


@pytest.mark.parametrize("file", [file for file in DOCUMENTS if "munihub " in file.read_text("utf-8")], ids=name)
def test_documented_commands_exist(file: Path) -> None:
    root: Any = typer.main.get_command(cli.program())
    for words in commands_in(file.read_text("utf-8")):
        command, rest = root, list(words)
        while rest and not rest[0].startswith("-") and getattr(command, "commands", None):
            assert rest[0] in command.commands, f"munihub {' '.join(words)}"
            command = command.commands[rest.pop(0)]
        options = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        used = {word.partition("=")[0].strip("[]") for word in rest if word.lstrip("[").startswith("--")}
        assert used <= options, f"munihub {' '.join(words)}"


# ── The guide ────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def towns(tmp_path: Path) -> Path:
    """The files of the guide, written as it says."""
    files = re.findall(r"^`(our-towns/[^`]+)`:\n\n```\w+\n(.*?)^```", GUIDE, re.DOTALL | re.MULTILINE)
    assert len(files) == 4
    for path, content in files:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(content, "utf-8")
    return tmp_path / "our-towns"


def test_the_guides_town_opens(towns: Path) -> None:
    environment = {"MUNIHUB_VAR": str(towns.parent / "var"), "MUNIHUB_CONFIG_PATH": str(towns)}
    settings = Settings.from_environment(environment)
    settings.secrets.mkdir(parents=True)
    secret = settings.secrets / "lipovec-otpad"
    secret.touch(mode=0o600)
    secret.write_text("made up")
    file = towns / "cities" / "lipovec" / "city.yaml"
    town = open_town(load_city(file), file, settings, connect=True)
    (feed,) = town.feeds()
    assert (feed.back_office, feed.feed, feed.noun, feed.needs) == ("otpad", "obligations", "obligation", "hr.oib")


def test_the_guides_example_holds(towns: Path) -> None:
    file = towns / "mappings" / "lipovec_otpad" / "obligation.yaml"
    zone = load_city(towns / "cities" / "lipovec" / "city.yaml").timezone
    results = run_examples(compile_mapping(file, TARGETS, timezone=zone))
    assert [(one.name, one.differences) for one in results] == [("one open, one paid", ())]


def test_every_variable_is_documented() -> None:
    text = (ROOT / "docs" / "operations.md").read_text("utf-8")
    named = set(re.findall(r"MUNIHUB_[A-Z_]+", hub_settings.__doc__ or ""))
    assert len(named) > 5
    assert {one for one in named if f"`{one}`" not in text} == set()


# ── Versions and the lock ────────────────────────────────────────────────────────────────────────


def test_the_version_is_the_same_everywhere() -> None:
    version = PROJECT["version"]
    published = yaml.safe_load((ROOT / "publiccode.yaml").read_text("utf-8"))
    changes = re.findall(r"^## \[(\d[^]]*)\]", (ROOT / "CHANGELOG.md").read_text("utf-8"), re.MULTILINE)
    assert (VERSION, published["softwareVersion"], changes[0]) == (version, version, version)
    assert published["legal"]["license"] == PROJECT["license"] == "EUPL-1.2"


def locked() -> dict[str, Version]:
    text = (ROOT / "requirements.lock").read_text("utf-8")
    return {found[0]: Version(found[1]) for found in re.findall(r"^([a-z0-9-]+)==([^ ;\\\n]+)", text, re.MULTILINE)}


def test_the_lock_has_hashes_and_no_addresses() -> None:
    text = (ROOT / "requirements.lock").read_text("utf-8")
    assert "://" not in text
    assert not re.findall(r"^-", text, re.MULTILINE), "an option of an installer"
    entries = re.split(r"^(?=[a-z])", re.sub(r"^#.*\n", "", text, flags=re.MULTILINE), flags=re.MULTILINE)[1:]
    assert len(entries) == len(locked())
    assert [entry.splitlines()[0] for entry in entries if "--hash=sha256:" not in entry] == []


def test_the_lock_serves_what_the_project_asks_for() -> None:
    asked = [Requirement(one) for one in (*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"])]
    versions = locked()
    wrong = [
        str(one)
        for one in asked
        if (found := versions.get(one.name.lower().replace("_", "-"))) is None or found not in one.specifier
    ]
    assert wrong == []
