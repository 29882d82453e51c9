"""`munihub record` and `munihub contract …` against a simulated back office."""

from __future__ import annotations

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from dataclasses import replace
from types import SimpleNamespace

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from hub import cli
from hub.contracts import command, record_command
from hub.contracts.recording import read
from hub.kernel.errors import RemoteFault
from hub.settings import PROJECT
from simulators.people import ZELJKA
from tests.integration.back_offices.test_simulated_towns import Staged, staged

ALIAS = f"hr.oib={ZELJKA.number}"


@pytest.fixture
async def town(tmp_path, urls) -> AsyncIterator[Staged]:
    """What is written goes to a folder of the test, not among our mappings."""
    async with staged("pregrada", tmp_path, urls) as opened:
        for name, office in opened.town.back_offices.items():
            folder = tmp_path / "mappings" / name
            folder.mkdir(parents=True)
            opened.town.back_offices[name] = replace(office, folder=folder)
        yield opened


async def run(town: Staged, *line: str) -> Result:
    loop, program = asyncio.get_running_loop(), typer.Typer()

    def with_hub(work, *, connect: bool = False):
        assert connect
        return asyncio.run_coroutine_threadsafe(work(town.hub), loop).result()

    command.register(program, with_hub, cli.town_of)
    record_command.register(program, with_hub, cli.town_of)
    return await asyncio.to_thread(CliRunner().invoke, program, line, env={"COLUMNS": "200"})


async def test_a_feed_is_recorded_without_anybody_in_it(town: Staged, tmp_path):
    asked = ("record", "pregrada/financije", "obligations", "--alias", ALIAS, "--keep", "Stavke.Stavka.Opis")
    done = await run(town, *asked)
    assert done.exit_code == 0, done.output
    assert "unsure    Stavke.Stavka.SvrhaDoznake" in done.output
    folder = tmp_path / "mappings" / "financije"
    made = read(folder / "recordings" / "obligation.recorded.yaml")
    assert (len(made.records), len(made.exchanges), made.personal_data) == (12, 1, False)
    assert made.exchanges[0].headers["content-type"] == "text/xml; charset=utf-8"
    written = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    for gone in (
        ZELJKA.number.encode(),
        "Đurđević".encode(),
        "Đurđević".encode("cp1250"),
        b"pregrada-financije-secret",
    ):
        assert gone not in written
    assert b"Komunalna naknada" in written
    examples = (folder / "examples" / "obligation.yaml").read_text("utf-8")
    assert "input: obligation.recorded.1.xml" in examples
    again = await run(town, *asked)
    assert "is there already" in str(again.exception)


async def test_personal_data_is_kept_only_where_nobody_commits_it(town: Staged, tmp_path):
    asked = ("record", "pregrada/urudzbeni", "cases", "--alias", ALIAS, "--keep-personal-data")
    refused = await run(town, *asked, "--out", str(tmp_path / "mappings" / "urudzbeni"))
    assert "folder of mappings" in str(refused.exception)
    assert not list((tmp_path / "mappings" / "urudzbeni").iterdir())
    done = await run(town, *asked)
    folder = town.hub.settings.var / "recordings" / "pregrada" / "urudzbeni"
    assert str(folder) in done.output.replace("\n", "")
    made = read(folder / "recordings" / "case.recorded.yaml")
    assert made.personal_data
    assert ZELJKA.number in made.exchanges[0].target
    assert made.exchanges[0].headers["authorization"] == "Bearer [secret]"


async def test_one_question_is_recorded_without_a_mapping(town: Staged, tmp_path):
    line = ("record", "pregrada/urudzbeni", "--operation", "GET /api/v1/predmeti", "--alias", ALIAS)
    done = await run(town, *line, "--parameter", "oib={hr.oib}", "--parameter", "per_page=2")
    assert done.exit_code == 0, done.exception
    made = read(tmp_path / "mappings" / "urudzbeni" / "recordings" / "get_api_v1_predmeti.recorded.yaml")
    assert made.mapping is None
    assert made.exchanges[0].target == f"/api/v1/predmeti?oib={made.asked['hr.oib']}&per_page=2"
    assert made.asked["hr.oib"] != ZELJKA.number


async def test_the_question_shows_the_texts_it_is_about(town: Staged, tmp_path, monkeypatch):
    asked: list[str] = []
    monkeypatch.setattr(record_command.typer, "confirm", lambda text: asked.append(text) or "Opis" in text)
    monkeypatch.setattr("hub.contracts.record_command.sys", SimpleNamespace(stdin=SimpleNamespace(isatty=lambda: True)))
    done = await run(town, "record", "pregrada/financije", "obligations", "--alias", ALIAS)
    assert done.exit_code == 0, done.exception
    (about,) = [text for text in asked if text.startswith("Stavke.Stavka.Opis: ")]
    assert "Komunalna naknada 2022. | " in about
    assert about.count(" | ") == 2
    assert about.endswith("\n  Do such texts tell of nobody, so that they may stay as they are?")
    reply = (tmp_path / "mappings" / "financije" / "examples" / "obligation.recorded.1.xml").read_bytes()
    assert b"Komunalna naknada" in reply
    recording = (tmp_path / "mappings" / "financije" / "recordings" / "obligation.recorded.yaml").read_text("utf-8")
    assert "unsure_texts" not in recording


async def test_what_the_service_says_instead_is_told(town: Staged):
    await town.control("financije", "", fault=True)
    done = await run(town, "record", "pregrada/financije", "obligations", "--alias", ALIAS)
    assert isinstance(done.exception, RemoteFault)
    said, *rest = done.output.splitlines()
    assert said == f"It said: {done.exception.evidence}"
    assert rest == [record_command.NOT_KNOWN]


async def test_check_and_save(town: Staged, tmp_path):
    check = ("contract", "check", "pregrada/financije", "--alias", ALIAS)
    for sent in (PROJECT / "mappings" / "pregrada_financije").glob("*.delivery.yaml"):
        shutil.copy(sent, tmp_path / "mappings" / "financije")
    fine = await run(town, *check)
    assert (fine.exit_code, "nothing has changed" in fine.output) == (0, True), fine.output
    await town.control("financije", "", interface={"renamed": {"Preostalo": "IznosZaPlatiti"}})
    broken = await run(town, *check)
    assert broken.exit_code == 1
    assert "Preostalo of DohvatiOtvoreneStavke seems to be called Stavke.Stavka.IznosZaPlatiti now" in broken.output
    told = json.loads((await run(town, *check, "--json")).output.splitlines()[-1])
    assert told["findings"][0]["severity"] == "breaks"
    saved = await run(town, "contract", "save", "pregrada/financije")
    file = tmp_path / "mappings" / "financije" / "financije.wsdl"
    assert str(file) in saved.output.replace("\n", "")
    assert "IznosZaPlatiti" in file.read_text("utf-8")


REFUSED = [
    (("contract", "check", "pregrada/nowhere"), "no back office 'pregrada/nowhere'"),
    (("contract", "check", "pregrada", "--alias", "83100426579"), "SCHEME=VALUE"),
    (("record", "pregrada/financije", "nothing"), "no feed 'nothing'"),
    (("record", "pregrada/financije", "--operation", "Nista"), "no operation Nista"),
]


async def test_what_the_commands_refuse(town: Staged):
    for line, said in REFUSED:
        assert said in str((await run(town, *line)).exception), line
