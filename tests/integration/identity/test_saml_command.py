"""The program finds the commands of eID engines in their folders."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.support.saml_idp import ACS, SP, metadata, signed_response


def test_munihub_saml_verify_is_there(tmp_path: Path) -> None:
    (tmp_path / "idp.xml").write_bytes(metadata())
    (tmp_path / "response.xml").write_bytes(signed_response())
    program = [sys.executable, "-c", "from hub.cli import main; main()", "saml", "verify"]

    def run(*, at: str) -> subprocess.CompletedProcess[str]:
        options = ["--idp", "idp.xml", "--audience", SP, "--acs", ACS, "--at", at]
        return subprocess.run(
            [*program, "response.xml", *options], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
        )

    good = run(at="2026-11-21T10:00:00Z")
    late = run(at="2026-11-22T10:00:00Z")

    assert (good.returncode, good.stdout.splitlines()[0], good.stderr) == (0, "accepted", "")
    assert (late.returncode, late.stdout.splitlines()[0], late.stderr) == (1, "refused: expired", "")
    assert run(at="soon").returncode == 2
