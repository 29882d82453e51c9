"""Towns on a search path, what they inherit, and what they become."""

from __future__ import annotations

from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel, ValidationError

from hub.cities import faults
from hub.cities.loader import clashes, load_city, town_files
from hub.cities.model import City
from hub.kernel.errors import ConfigurationError
from hub.kit.auth import AuthSettings
from hub.kit.yaml_document import parse
from hub.settings import PROJECT
from tests.unit.cities.samples import TOWN, changed, write


def test_a_town_is_what_its_file_says(tmp_path):
    text = changed(("every: 15m", "daily: 03:30"), ("languages:", "hosts: [Moja.Dolina.hr]\nlanguages:"))
    city = load_city(write(tmp_path, text))
    assert (city.id, city.slug, city.language, city.live) == (7, "dolina", "hr", False)
    assert city.timezone == ZoneInfo("Europe/Zagreb")
    assert city.hosts == ["moja.dolina.hr"]
    assert city.payees["grad"].account == "HR1723600001101234565"
    office = city.back_offices["porez"]
    assert office.feeds["obligations"].max_age == timedelta(hours=1)
    assert office.feeds["obligations"].refresh is not None
    assert office.feeds["obligations"].refresh.daily == time(3, 30)
    assert office.push is not None
    assert office.push.events["hr.dolina.sve"].says == "complete"
    with pytest.raises(ValidationError, match="frozen"):
        city.id = 8  # type: ignore[misc]


@pytest.mark.parametrize("slug", ["pregrada", "vzorov"])
def test_our_own_towns_are_right(slug):
    assert load_city(town_files([PROJECT / "config"])[slug]).slug == slug


def test_an_earlier_folder_wins(tmp_path):
    ours, theirs = tmp_path / "ours", tmp_path / "theirs"
    mine = write(ours)
    write(theirs)
    other = write(theirs, changed(("slug: dolina", "slug: gora")), "gora")
    assert town_files([ours, theirs]) == {"dolina": mine, "gora": other}
    assert town_files([theirs, ours])["dolina"] == theirs / "cities" / "dolina" / "city.yaml"
    (ours / "cities" / "notes").mkdir()
    assert set(town_files([ours])) == {"dolina"}
    assert town_files([]) == {}


def test_a_folder_without_cities_is_refused(tmp_path):
    with pytest.raises(ConfigurationError) as caught:
        town_files([tmp_path / "nowhere"])
    assert str(caught.value) == (
        f"MUNIHUB_CONFIG_PATH: {tmp_path}/nowhere has no folder 'cities'. "
        "Name folders that hold cities/<slug>/city.yaml."
    )


# ── Blocks ───────────────────────────────────────────────────────────────────────────────────────


def block(folder: Path, name: str, text: str) -> Path:
    file = folder / "shared" / name
    file.parent.mkdir(exist_ok=True)
    file.write_text(text, "utf-8")
    return file


VENDOR = """\
back_offices:
  porez:
    settings: { base_url: "https://vendor.example", headers: { X-Vendor: a } }
    feeds:
      obligations: { max_age: 4h }
languages: [en]
"""


def test_a_town_inherits_and_overrides_key_by_key(tmp_path):
    block(tmp_path, "vendor.yaml", VENDOR)
    head = "extends: [../../shared/vendor.yaml]\n"
    city = load_city(write(tmp_path, head + changed(("        max_age: 1h\n", ""))))
    office = city.back_offices["porez"]
    assert office.settings == {"base_url": "http://127.0.0.1:1", "headers": {"X-Vendor": "a"}}
    assert office.feeds["obligations"].max_age == timedelta(hours=4)
    assert office.feeds["obligations"].mapping == "obligation.yaml"
    # A list is one value.
    assert city.languages == ["hr", "en"]


def test_the_nearer_block_wins(tmp_path):
    block(tmp_path, "base.yaml", "currency: CZK\ncountry: CZ\nlive: true\n")
    block(tmp_path, "one.yaml", "extends: [base.yaml]\ncurrency: EUR\n")
    block(tmp_path, "two.yaml", "currency: HUF\ncountry: HU\n")
    text = "extends: [../../shared/one.yaml, ../../shared/two.yaml]\n" + changed(
        ("country: HR\n", ""), ("currency: EUR\n", "")
    )
    city = load_city(write(tmp_path, text))
    assert (city.currency, city.country, city.live) == ("EUR", "HU", True)


def test_a_fault_is_shown_in_the_block_where_it_was_written(tmp_path):
    file = block(tmp_path, "vendor.yaml", VENDOR.replace("4h", "4"))
    text = "extends: [../../shared/vendor.yaml]\n" + changed(("        max_age: 1h\n", ""))
    with pytest.raises(ConfigurationError) as caught:
        load_city(write(tmp_path, text))
    assert (caught.value.file, caught.value.line) == (str(file), 5)
    assert caught.value.key == "back_offices.porez.feeds.obligations.max_age"


def test_a_block_that_goes_round_in_circles(tmp_path):
    block(tmp_path, "a.yaml", "extends: [b.yaml]\n")
    block(tmp_path, "b.yaml", "extends: [a.yaml]\n")
    file = write(tmp_path, "extends: [../../shared/a.yaml]\n" + TOWN)
    with pytest.raises(
        ConfigurationError, match=r"extends: the blocks extend each other without end\. Break the circle"
    ):
        load_city(file)


@pytest.mark.parametrize(
    ("head", "message"),
    [
        ("extends: vendor.yaml", ":1: extends: extends is a list of files. Write extends: [../../shared/block.yaml]."),
        ("extends: [1]", ":1: extends: extends is a list of files. Write extends: [../../shared/block.yaml]."),
        (
            "extends:\n  - vendor.yaml",
            ":2: extends: there is no file {}/vendor.yaml. Write its path as seen from this file's folder.",
        ),
    ],
)
def test_a_block_that_cannot_be_found(tmp_path, head, message):
    file = write(tmp_path, f"{head}\n{TOWN}")
    with pytest.raises(ConfigurationError) as caught:
        load_city(file)
    assert str(caught.value) == str(file) + message.format(file.parent)


def test_without_blocks_extends_may_be_empty(tmp_path):
    assert load_city(write(tmp_path, f"extends:\n{TOWN}")).id == 7


# ── Clashes ──────────────────────────────────────────────────────────────────────────────────────


def towns(folder: Path, **texts: str) -> tuple[dict[str, City], dict[str, Path]]:
    files = {slug: write(folder, text.replace("slug: dolina", f"slug: {slug}"), slug) for slug, text in texts.items()}
    return {slug: load_city(file) for slug, file in files.items()}, files


def test_towns_with_one_id_are_both_left_out(tmp_path):
    """Nobody here knows which of them is older: a copy that keeps the id would get the other one's citizens."""
    loaded, files = towns(tmp_path, bistra=TOWN, dolina=TOWN, gora=changed(("id: 7", "id: 8")))
    found = clashes(loaded, files)
    assert set(found) == {"bistra", "dolina"}
    assert str(found["bistra"]) == (
        f"{files['bistra']}:1: id: 7 is also that of dolina. "
        "An id is given once and for all: give the newer town one that nobody had."
    )


def test_towns_with_one_host_are_both_left_out(tmp_path):
    def hosts(number: int, names: str) -> str:
        return changed(("id: 7", f"id: {number}"), ("languages:", f"hosts: [{names}]\nlanguages:"))

    loaded, files = towns(tmp_path, a=hosts(1, "a.hr, x.hr"), b=hosts(2, "b.hr, X.hr"), c=hosts(3, "c.hr, C.hr"))
    found = clashes(loaded, files)
    assert set(found) == {"a", "b"}
    assert found["b"].problem == "x.hr is also that of a"
    assert (found["b"].line, found["b"].key) == (7, "hosts")


# ── Faults of settings ───────────────────────────────────────────────────────────────────────────


class Settings(BaseModel):
    auth: AuthSettings
    size: int = 1


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("auth: { kind: basc }", "1: auth: there is no such 'kind'. Use one of: 'none', 'basic', 'bearer', 'api_key',"),
        ("auth: { name: a }", "1: auth: the key 'kind' is needed. Write it first: it says which other keys there are."),
        ("auth: { kind: basic }", "1: auth.username: this key is needed. Add it. One more fault follows."),
        (
            "auth:\n  kind: basic\n  user: a\n  password: { secret: b }",
            "3: auth.user: there is no such key here. Did you mean username?",
        ),
        ("auth: { kind: basic, username: 'a:b' }", "1: auth.username: a user name of HTTP Basic has no colon"),
        ("auth: { kind: none }\nsize: 1.5", "2: size: a number stands where a whole number is needed. Write digits"),
        ("- a", "1: a list stands where a block of keys is needed. Write a line `key: value` for each, indented."),
    ],
)
def test_faults_of_a_connectors_settings(text, message):
    document = parse(text, "t")
    with pytest.raises(ValidationError) as caught:
        Settings.model_validate(document.data)
    assert str(faults.explain(caught.value, [document], document.data, Settings)).startswith(f"t:{message}")


def test_a_place_that_nobody_wrote_is_shown_at_the_key_around_it():
    own, inherited = parse("a:\n  b: 1\n", "own"), parse("x: 1\na:\n  c: 2\n", "inherited")
    assert faults.locate([own, inherited], ("a", "c")) == ("inherited", 3)
    assert faults.locate([own, inherited], ("a", "d", "e")) == ("own", 1)
    assert faults.locate([own, inherited], ("z",)) == ("own", 1)
    assert faults.locate([parse("", "empty")], ("z",)) == ("empty", 1)
