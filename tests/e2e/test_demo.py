"""`make demo-once`: the tour ends by itself, satisfied, and leaves nothing running."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from hub.settings import PROJECT


def _processes_naming(text: str) -> list[str]:
    found = []
    for cmdline in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = cmdline.read_bytes().replace(b"\0", b" ").decode("utf-8", "replace")
        except OSError:
            continue
        if text in line:
            found.append(line)
    return found


@pytest.fixture
def folder() -> Iterator[Path]:
    """Where this tour alone keeps what is temporary: other tours, or one that was killed, may have left something."""
    with tempfile.TemporaryDirectory(prefix="tour-") as made:
        Path(made).chmod(0o711)  # a private PostgreSQL started by root runs as another user
        yield Path(made)


@pytest.mark.timeout(300)
def test_the_tour_ends_satisfied_and_leaves_nothing_running(folder):
    done = subprocess.run(
        ["make", "--no-print-directory", "demo-once"],
        cwd=PROJECT,
        env=os.environ | {"TMPDIR": str(folder)},
        check=False,
        capture_output=True,
        text=True,
        timeout=280,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "everything ended, nothing left behind" in done.stdout
    for sign in ("hub3", "epc", "spayd", "null", "stale", "sent twice, kept once", "dead letter"):
        assert sign in done.stdout
    assert _processes_naming(str(folder)) == []
    assert list(folder.iterdir()) == []
