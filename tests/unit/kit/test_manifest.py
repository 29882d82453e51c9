from __future__ import annotations

import sys
from pathlib import Path

import pytest

from hub.kernel.errors import ConfigurationError
from hub.kit.manifest import scan

GOOD = """
id: fax
kind: connector
name: Fax
entry: plugins.fax.connector:FaxConnector
summary: Reads faxes.
"""


def plugin(tmp_path: Path, text: str | None, folder: str = "fax") -> Path:
    home = tmp_path / "plugins" / folder
    home.mkdir(parents=True)
    (home / "__init__.py").write_text("raise RuntimeError('imported')")
    if text is not None:
        (home / "manifest.yaml").write_text(text)
    return tmp_path / "plugins"


def test_manifests_are_read_without_importing(tmp_path):
    plugins = plugin(tmp_path, GOOD)
    (plugins / "__pycache__").mkdir()
    (plugins / "notes.txt").touch()
    found = scan(plugins)
    assert list(found) == ["fax"]
    assert found["fax"].entry == "plugins.fax.connector:FaxConnector"
    assert found["fax"].summary == "Reads faxes."


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "has no manifest"),
        ("id: [", "is not YAML"),
        ("", "valid dictionary"),
        (GOOD.replace("id: fax", "id: telex"), "id: 'telex' is not the folder's name. Write id: fax"),
        (GOOD.replace("id: fax", "id: Fax"), ":2: id: "),
        (GOOD.replace("connector\n", "colour\n"), ":3: kind: "),
        (GOOD + "icon: fax.svg", "icon: Extra inputs are not permitted"),
        (GOOD.replace("plugins.fax.", "os.path."), "entry: os.path.connector:FaxConnector is outside"),
        (GOOD.replace("plugins.fax.", "plugins.telex."), "Write plugins.fax.module:Class"),
        (GOOD.replace(":FaxConnector", ""), "entry: "),
    ],
)
def test_a_wrong_manifest_is_named_with_the_remedy(tmp_path, text, message):
    with pytest.raises(ConfigurationError) as caught:
        scan(plugin(tmp_path, text))
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{tmp_path}/plugins/fax/manifest.yaml")


def test_our_rest_connector_declares_itself_and_loads():
    manifest = scan(Path(__file__).parents[3] / "connectors")["rest"]
    assert (manifest.id, manifest.kind, manifest.name) == ("rest", "connector", "REST")
    entry = manifest.load()
    assert entry is sys.modules["connectors.rest.connector"].RestConnector
