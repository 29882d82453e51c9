"""Somebody who watches the demonstration stops a back office: everything else goes on."""

from __future__ import annotations

import os

import pytest

from hub.demo.stage import Processes, Stage
from hub.demo.tour import look
from hub.kernel.errors import NotReady


@pytest.fixture
def stage(tmp_path) -> Stage:
    return Stage(tmp_path, "http://127.0.0.1:8000", {"bank": "http://127.0.0.1:8131"}, dict(os.environ))


@pytest.fixture
def processes(stage):
    started = Processes(stage.var, stage.environment)
    yield started
    assert started.stop() == []


def test_a_simulator_may_end_and_is_told_once(stage, processes, capsys):
    processes.start("serve", "-c", "import time; time.sleep(60)")
    processes.start("bank", "-c", "import time; time.sleep(60)")
    look(stage, processes)
    assert capsys.readouterr().out == ""
    processes._running["bank"].kill()  # as somebody does who knows its number
    processes._running["bank"].wait()
    look(stage, processes)
    assert capsys.readouterr().out.splitlines() == [
        "bank has ended, everything else goes on. To start it again, with the data of its start:",
        "  .venv/bin/python -m simulators bank --port 8131 --hub http://127.0.0.1:8000",
    ]
    look(stage, processes)
    assert capsys.readouterr().out == ""


def test_without_the_hub_there_is_nothing_to_see(stage, processes):
    processes.start("serve", "-c", "raise SystemExit('no port')")
    processes._running["serve"].wait()
    with pytest.raises(NotReady, match=r"serve ended with 1; the end of .*\nno port"):
        look(stage, processes)
