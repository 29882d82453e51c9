"""Secrets are named in configuration and found outside it: a file, a systemd credential, the environment."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from hub.kernel.errors import ConfigurationError

_NAME = r"[a-z0-9](?:[a-z0-9-]{0,98}[a-z0-9])?"


class SecretRef(BaseModel):
    """A secret by its name: `{ secret: pregrada-financije }`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    secret: Annotated[
        str,
        Field(
            title="Name of the secret",
            description="Lower-case letters, digits and hyphens. The value is kept elsewhere.",
            pattern=f"^{_NAME}$",
        ),
    ]

    @model_validator(mode="before")
    @classmethod
    def _not_the_secret_itself(cls, value: Any) -> Any:
        if isinstance(value, (str, int, float)):
            raise ValueError("a secret is only named here, { secret: its-name }; its value is kept outside")  # noqa: TRY004
        return value


def find_secret(name: str, *, folder: Path, environ: Mapping[str, str] = os.environ) -> SecretStr:
    """The value of the secret `name`, without a newline at its end; the first place that has it wins.

    1. `$CREDENTIALS_DIRECTORY/<name>`  systemd's LoadCredential= (systemd.exec(5), “Credentials”)
    2. `$MUNIHUB_SECRETS_DIR/<name>`    a folder the operator mounts
    3. `<folder>/<name>`                the hub's own `var/secrets`
    4. `$MUNIHUB_SECRET_<NAME>`         upper case, `_` for `-`

    Raises ConfigurationError: nowhere to be found (naming the places), readable by everybody, empty
    or not UTF-8 text.
    """
    if not re.fullmatch(_NAME, name):
        remedy = "Use lower-case letters, digits and hyphens, such as pregrada-financije."
        raise ConfigurationError(f"{name[:40]!r} is not a name of a secret", key="secret", remedy=remedy)
    folders = [Path(environ[key]) for key in ("CREDENTIALS_DIRECTORY", "MUNIHUB_SECRETS_DIR") if environ.get(key)]
    places = [place / name for place in (*folders, folder)]
    for place in places:
        value = _read(place)
        if value is not None:
            return SecretStr(value)
    variable = f"MUNIHUB_SECRET_{name.upper().replace('-', '_')}"
    if value := environ.get(variable, "").rstrip("\r\n"):
        return SecretStr(value)
    searched = ", ".join((*map(str, places), f"${variable}"))
    raise ConfigurationError(
        f"the secret {name!r} is in none of these places: {searched}",
        key="secret",
        remedy=f"Write it to {places[-1]} with mode 600, or set ${variable}.",
    )


def _read(place: Path) -> str | None:
    try:
        with place.open("rb") as file:
            # The open file is examined, not its name, so that it cannot be exchanged in between.
            mode = os.fstat(file.fileno()).st_mode
            content = file.read(1_000_000)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        problem = f"this secret cannot be read: {error.strerror}"
        remedy = "Make it a file that the hub's user may read."
        raise ConfigurationError(problem, file=str(place), remedy=remedy) from error
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        remedy = f"Run: chmod o-rwx {place}"
        raise ConfigurationError("this secret is open to every user of the machine", file=str(place), remedy=remedy)
    try:
        value = content.decode().rstrip("\r\n")
    except UnicodeDecodeError:
        remedy = "Store text; binary keys as PEM."
        raise ConfigurationError("this secret is not UTF-8 text", file=str(place), remedy=remedy) from None
    if not value:
        raise ConfigurationError("this secret is empty", file=str(place), remedy="Write its value into the file.")
    return value
