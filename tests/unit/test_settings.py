"""Where an installation keeps its things: from the environment, with defaults that work."""

from __future__ import annotations

from pathlib import Path

import pytest

from hub.kernel.errors import ConfigurationError
from hub.settings import PROJECT, Settings

URLS = {
    "MUNIHUB_DATABASE_URL": "postgresql://app@h/d",
    "MUNIHUB_WORKER_DATABASE_URL": "postgresql://worker@h/d",
    "MUNIHUB_OWNER_DATABASE_URL": "postgresql://owner@h/d",
}


@pytest.mark.parametrize("environment", [{}, dict.fromkeys([*URLS, "MUNIHUB_VAR", "MUNIHUB_CONFIG_PATH"], "")])
def test_without_an_environment_everything_lies_in_the_project(environment):
    settings = Settings.from_environment(environment)
    var = PROJECT / "var"
    assert (settings.var, settings.config_path) == (var, (PROJECT / "config",))
    assert (settings.app_url, settings.worker_url, settings.owner_url) == (None, None, None)
    assert settings.embedded
    assert settings.master_key == var / "keys" / "master.json"
    assert settings.token_key == var / "keys" / "token.json"
    assert settings.secrets == var / "secrets"


def test_everything_can_be_elsewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = Settings.from_environment(
        {
            "MUNIHUB_VAR": "data",
            "MUNIHUB_CONFIG_PATH": f"towns:{tmp_path}/vendor::",
            "MUNIHUB_MASTER_KEY_FILE": "/run/keys/master",
            "MUNIHUB_TOKEN_KEY_FILE": "/run/keys/token",
            "MUNIHUB_SECRETS_DIR": "/run/secrets",
            **URLS,
        }
    )
    assert settings.var == tmp_path / "data"
    assert settings.config_path == (tmp_path / "towns", tmp_path / "vendor")
    assert (settings.app_url, settings.worker_url, settings.owner_url) == tuple(URLS.values())
    assert not settings.embedded
    assert (settings.master_key, settings.token_key) == (Path("/run/keys/master"), Path("/run/keys/token"))
    assert settings.secrets == Path("/run/secrets")


@pytest.mark.parametrize("given", [1, 2])
@pytest.mark.parametrize("first", [0, 1, 2])
def test_some_of_the_three_addresses_are_not_enough(given, first):
    names = list(URLS)
    chosen = [names[(first + number) % 3] for number in range(given)]
    missing = ", ".join(name for name in names if name not in chosen)
    with pytest.raises(ConfigurationError) as caught:
        Settings.from_environment({name: URLS[name] for name in chosen})
    assert str(caught.value) == (
        f"{missing}: {missing} is not set. Run `munihub database prepare ADMIN_URL --env-file munihub.env`: "
        "it makes the three roles and writes the three addresses."
    )
