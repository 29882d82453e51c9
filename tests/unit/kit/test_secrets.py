from __future__ import annotations

import pytest
from pydantic import ValidationError

from hub.kernel.errors import ConfigurationError
from hub.kit.secrets import SecretRef, find_secret


def write(folder, value, name="town-tax", mode=0o600):
    folder.mkdir(exist_ok=True)
    file = folder / name
    file.write_bytes(value)
    file.chmod(mode)
    return file


def test_places_in_their_order(tmp_path):
    environ = {
        "CREDENTIALS_DIRECTORY": str(tmp_path / "systemd"),
        "MUNIHUB_SECRETS_DIR": str(tmp_path / "mounted"),
        "MUNIHUB_SECRET_TOWN_TAX": "from the environment\n",
    }
    files = [write(tmp_path / name, f"from {name}\r\n".encode()) for name in ("systemd", "mounted", "own")]
    found = []
    for file in (*files, None):
        found.append(find_secret("town-tax", folder=tmp_path / "own", environ=environ).get_secret_value())
        if file:
            file.unlink()
    assert found == ["from systemd", "from mounted", "from own", "from the environment"]


def test_only_the_newline_at_the_end_is_cut(tmp_path):
    write(tmp_path, b" line one\nline two \n\n")
    assert find_secret("town-tax", folder=tmp_path, environ={}).get_secret_value() == " line one\nline two "


def test_a_missing_secret_names_every_place_and_what_to_do(tmp_path):
    environ = {"CREDENTIALS_DIRECTORY": "/run/credentials/x", "MUNIHUB_SECRET_TOWN_TAX": ""}
    with pytest.raises(ConfigurationError) as caught:
        find_secret("town-tax", folder=tmp_path, environ=environ)
    assert str(caught.value) == (
        "secret: the secret 'town-tax' is in none of these places: /run/credentials/x/town-tax, "
        f"{tmp_path}/town-tax, $MUNIHUB_SECRET_TOWN_TAX. "
        f"Write it to {tmp_path}/town-tax with mode 600, or set $MUNIHUB_SECRET_TOWN_TAX."
    )


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o644, 0o666])
def test_a_secret_open_to_everybody_is_refused(tmp_path, mode):
    file = write(tmp_path, b"hunter2", mode=mode)
    with pytest.raises(ConfigurationError, match=f"chmod o-rwx {file}") as caught:
        find_secret("town-tax", folder=tmp_path, environ={"MUNIHUB_SECRET_TOWN_TAX": "x"})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(("value", "problem"), [(b"", "empty"), (b"\n", "empty"), (b"\xff\xfe", "not UTF-8")])
def test_unusable_values(tmp_path, value, problem):
    write(tmp_path, value)
    with pytest.raises(ConfigurationError, match=problem):
        find_secret("town-tax", folder=tmp_path, environ={})


def test_a_folder_in_its_place_is_told(tmp_path):
    (tmp_path / "town-tax").mkdir()
    with pytest.raises(ConfigurationError, match="cannot be read: Is a directory"):
        find_secret("town-tax", folder=tmp_path, environ={})


@pytest.mark.parametrize("name", ["../passwd", "a/b", "", "A", "a_b", "-a", "a-", "a\n", "a" * 101])
def test_names_cannot_leave_their_folder(tmp_path, name):
    with pytest.raises(ConfigurationError, match="not a name of a secret"):
        find_secret(name, folder=tmp_path, environ={})
    with pytest.raises(ValidationError):
        SecretRef(secret=name)


def test_a_reference_is_a_name_and_nothing_else():
    assert SecretRef(secret="pregrada-financije").secret == "pregrada-financije"
    with pytest.raises(ValidationError):
        SecretRef.model_validate({"secret": "a", "value": "b"})


def test_the_value_is_not_shown(tmp_path):
    write(tmp_path, b"hunter2")
    assert "hunter2" not in repr(find_secret("town-tax", folder=tmp_path, environ={}))
