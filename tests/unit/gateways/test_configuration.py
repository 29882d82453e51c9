"""What an administrator reads of a wrong `gateways:` block, and what a live town refuses."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from hub.bootstrap.towns import examine_towns
from hub.settings import Settings
from tests.integration.gateways.harness import city


def problem(folder: Path, **changes: Any) -> str:
    said = city("http://127.0.0.1:8120")
    block = said["gateways"]["kartica"]
    del said["gateways"]["voda"]
    for key, value in changes.items():
        if key in {"live", "hosts"}:
            said[key] = value
        elif key == "settings":
            block["settings"] = value
        else:
            block[key] = value
    file = folder / "cities" / "proba" / "city.yaml"
    file.parent.mkdir(parents=True)
    file.write_text(json.dumps(said), "utf-8")
    towns = examine_towns(
        Settings.from_environment({"MUNIHUB_VAR": str(folder), "MUNIHUB_CONFIG_PATH": str(folder)}), connect=False
    )
    return str(towns.broken["proba"]) if towns.broken else ""


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"gateway": "stripe"}, "gateways.kartica.gateway: there is no card gateway 'stripe'. Use one of: "),
        ({"payee": "vrtic"}, "gateways.kartica.payee: there is no payee 'vrtic'. Use one of: grad, voda"),
        ({"logins": ["nias"]}, "gateways.kartica.logins.0: nobody logs in by 'nias'. Use one of: password."),
        ({"settings": {}}, "gateways.kartica.settings.base_url: this key is needed"),
        ({"bank": "x"}, "gateways.kartica.bank: there is no such key here"),
        ({}, ""),
    ],
)
def test_mistakes(tmp_path, changes, words):
    found = problem(tmp_path, **changes)
    assert words in found
    assert bool(found) == bool(words)


def test_a_live_town_takes_no_gateway_without_money(tmp_path):
    found = problem(tmp_path, live=True, hosts=["moja.proba.hr"], settings={
        "base_url": "https://sandbox.proba.hr", "merchant": "x", "secret": {"secret": "x"},
    })  # fmt: skip
    assert "gateways.kartica" in found
    assert "takes no money" in found


def test_a_live_town_refuses_the_simulators_address(tmp_path):
    found = problem(tmp_path, live=True, hosts=["moja.proba.hr"])
    assert "gateways.kartica.settings.base_url" in found
