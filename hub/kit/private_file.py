"""Files of the hub's own that nobody else may read, such as keys."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from hub.kernel.errors import ConfigurationError


def make_once(path: Path, content: str) -> None:
    """Write `path` (mode 0600) where there is none; of several processes that do so at once the first one wins.

    What is there when this returns survives a power cut. Raises ConfigurationError where it cannot be written.
    """
    if path.exists():
        return
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            descriptor = os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            with suppress(FileExistsError):
                os.link(unfinished, path)
        finally:
            unfinished.unlink(missing_ok=True)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError as error:
        raise ConfigurationError(
            f"cannot be written: {error.strerror}", file=str(path), remedy="Let the hub's user write there."
        ) from error
