"""The examples of docs/api.md, "Pushing to the hub", typed as they stand there: curl, PHP's SoapClient, a CSV file."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from hub.hub import open_worker
from hub.settings import PROJECT
from hub.storage.vault import MasterKeys
from tests.integration.portal_api.serving import serving
from tests.support.hub import SECRETS, make_settings

SECTION = (PROJECT / "docs" / "api.md").read_text("utf-8").split("## Pushing to the hub")[1].split("\n## ")[0]


def examples(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", SECTION, re.DOTALL)


def php() -> str:
    """The interpreter, with its SOAP extension."""
    found = shutil.which("php")
    if found is None or "soap" not in subprocess.run([found, "-m"], capture_output=True, text=True, check=True).stdout:
        pytest.skip("needs PHP with its SOAP extension (Debian: apt-get install php-cli php-soap)")
    return found


@pytest.fixture
def served(tmp_path, urls, clock):
    """Address of a served API, and a folder that looks like the demo's to a shell."""
    settings = make_settings(tmp_path / "var" / "demo", urls)
    MasterKeys.load(settings.master_key, create=True)

    async def prepare() -> None:
        await (await open_worker(settings, urls.worker, connect=False)).close()

    asyncio.run(prepare())
    with serving(settings, urls, clock) as (host, port):
        yield f"http://{host}:{port}", tmp_path


def test_php_pushes_by_soap(served):
    address, folder = served
    (folder / "push.php").write_text(examples("php")[0], "utf-8")
    command = [php(), "push.php", f"{address}/pregrada/push/v1/soap", SECRETS["pregrada-financije-push"]]
    for result in ("accepted", "duplicate"):
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
        assert (done.stdout, done.stderr, done.returncode) == (f"2026-000124-1 {result}\n", "", 0)
    # A client of others reads our fault as its own exception, with what to write.
    wrong = examples("php")[0].replace("'kind' => 'fee'", "'kind' => 'naknada'")
    (folder / "push.php").write_text(f"{wrong}", "utf-8")
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60, check=False)
    assert "SoapFault" in done.stdout + done.stderr
    assert "Write tax, fee, fine, invoice, rent, credit or other" in done.stdout + done.stderr


@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl (Debian: apt-get install curl)")
def test_curl_pushes_events_and_files(served):
    address, folder = served
    answers = [_typed(example, address, folder) for example in examples("sh")]
    assert answers[0] == '{"accepted":1,"duplicates":0,"dead_letters":[]}'
    assert '"kind":"stavke","state":"received","known":false' in answers[1]


def _typed(example: str, address: str, folder: Path) -> str:
    done = subprocess.run(
        ["bash", "-c", example], cwd=folder, env={"API": address, "PATH": "/usr/bin:/bin"}, capture_output=True,
        text=True, timeout=60, check=True,
    )  # fmt: skip
    return done.stdout
