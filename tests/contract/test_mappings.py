"""Every mapping in mappings/ compiles in every town that uses it, and gives what its examples say."""

from __future__ import annotations

from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from hub.bootstrap.nouns import TARGETS
from hub.cities.loader import load_city, town_files
from hub.kernel.errors import ConfigurationError
from hub.mapping.compile import compile_mapping
from hub.mapping.examples import run_examples

ROOT = Path(__file__).resolve().parents[2]
TOWNS = {slug: load_city(file) for slug, file in town_files([ROOT / "config"]).items()}
DELIVERIES = ".delivery.yaml"  # the other direction: compiled with the deliveries of a town
FILES = sorted(
    path.relative_to(ROOT / "mappings").as_posix()
    for path in ROOT.glob("mappings/*/*.yaml")
    if not path.name.endswith(DELIVERIES)
)


def zones() -> list[tuple[str, str]]:
    """Each mapping with the time zone of each town that uses its folder; a folder in reserve with UTC."""
    users = {
        name: [town for town in TOWNS.values() if any(one.mapping == name for one in town.back_offices.values())]
        for name in {file.partition("/")[0] for file in FILES}
    }
    return [
        (file, zone)
        for file in FILES
        for zone in dict.fromkeys(str(town.timezone) for town in users[file.partition("/")[0]]) or ["UTC"]
    ]


def test_the_mappings_of_the_demo_towns_are_found() -> None:
    assert {"pregrada_financije/obligation.yaml", "vzorov_registr/subject.yaml"} <= set(FILES)


@pytest.mark.parametrize(("name", "zone"), zones())
def test_a_mapping_gives_what_its_examples_say(name: str, zone: str) -> None:
    mapping = compile_mapping(ROOT / "mappings" / name, TARGETS, timezone=ZoneInfo(zone))
    results = run_examples(mapping)
    assert {one.name: one.differences for one in results if not one.ok} == {}
    assert len({one.name for one in results}) == len(results), "two examples have the same name"


@pytest.mark.parametrize("name", FILES)
def test_every_example_beside_a_mapping_is_used(name: str) -> None:
    """A recorded reply that no example names proves nothing."""
    folder = (ROOT / "mappings" / name).parent / "examples"
    named = "".join(file.read_text("utf-8") for file in folder.glob("*.yaml"))
    assert [file.name for file in folder.iterdir() if file.suffix != ".yaml" and file.name not in named] == []


def test_every_mapping_a_town_names_is_there() -> None:
    named = {
        f"{office.mapping}/{one.mapping}"
        for town in TOWNS.values()
        for office in town.back_offices.values()
        for one in (*office.feeds.values(), *(office.push.events.values() if office.push else ()))
        if one.mapping
    }
    assert named <= set(FILES)


def test_a_mapping_without_examples_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "obligation.yaml"
    text = (ROOT / "mappings" / "vzorov_ucetnictvi" / "obligation.event.yaml").read_text("utf-8")
    file.write_text("".join(line for line in text.splitlines(keepends=True) if not line.startswith("examples:")))
    with pytest.raises(ConfigurationError, match="has no examples") as raised:
        run_examples(compile_mapping(file, TARGETS, timezone=ZoneInfo("Europe/Prague")))
    assert raised.value.key == "examples"


def test_an_example_that_does_not_hold_is_told(tmp_path: Path) -> None:
    (tmp_path / "examples").mkdir()
    source = ROOT / "mappings" / "vzorov_ucetnictvi"
    (tmp_path / "m.yaml").write_text((source / "obligation.event.yaml").read_text("utf-8"), "utf-8")
    text = (source / "examples" / "obligation.event.yaml").read_text("utf-8")
    (tmp_path / "examples" / "obligation.event.yaml").write_text(text.replace("CZK", "EUR"), "utf-8")
    for file in source.glob("examples/obligation.event.*.json"):
        (tmp_path / "examples" / file.name).write_bytes(file.read_bytes())
    results = run_examples(compile_mapping(tmp_path / "m.yaml", TARGETS, timezone=ZoneInfo("Europe/Prague")))
    told = [difference for one in results for difference in one.differences]
    assert told
    assert all("EUR" in difference and "CZK" in difference for difference in told)
