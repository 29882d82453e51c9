"""`munihub access-log …` and `munihub personal-data …`, as an operator runs them."""

import asyncio
import json
from datetime import timedelta

import pytest
import typer
from typer.testing import CliRunner

from hub import cli
from hub.access_log import command as access_log
from hub.access_log import seals
from hub.access_log.service import listed
from hub.kernel.errors import HubError
from hub.personal_data import command as personal_data
from tests.integration.personal_data.lives import live, rows_of
from tests.support.records import ANA, EVA

OF_ANA = ("--city", "pregrada", "--identifier", f"hr.oib={ANA}", "--why", "letter 7")


@pytest.fixture
async def munihub(hub, urls, tmp_path):
    """Runs a command; answers its exit code and what it printed."""
    app = typer.Typer()
    for commands in (access_log, personal_data):
        commands.register(app, cli.with_hub, cli.town_of)
    environment = {
        "MUNIHUB_VAR": str(tmp_path),
        "MUNIHUB_DATABASE_URL": urls.app,
        "MUNIHUB_WORKER_DATABASE_URL": urls.worker,
        "MUNIHUB_OWNER_DATABASE_URL": urls.owner,
    }

    async def run(*arguments: str, answer: str = "") -> tuple[int, str]:
        done = await asyncio.to_thread(CliRunner().invoke, app, arguments, env=environment, input=answer)
        if done.exception and not isinstance(done.exception, HubError | SystemExit):
            raise done.exception
        return done.exit_code, done.stdout + str(done.exception if isinstance(done.exception, HubError) else "")

    return run


async def test_seals_are_given_out_and_compared(hub, munihub, owner, tmp_path):
    await live(hub, ANA, "Ana Prva")
    async with hub.worker.database.town(1) as connection:
        made = await seals.seal(connection, 1, hub.clock.now() + timedelta(hours=1))
    code, printed = await munihub("access-log", "seals", "--city", "pregrada")
    (line,) = map(json.loads, printed.splitlines())
    assert (code, line["city"], line["number"], line["rows"], line["seal"]) == (0, 1, 1, 1, made.seal.hex())
    assert (await munihub("access-log", "seals", "--city", "pregrada", "--after", "1")) == (0, "")

    anchor = tmp_path / "kept.seals"
    anchor.write_text(printed)
    verify = ("access-log", "verify", "--city", "pregrada")
    for arguments in (verify, (*verify, "--anchor", str(anchor))):
        code, printed = await munihub(*arguments)
        assert code == 0
        assert printed.startswith("1 batches with 1 rows are as they were sealed; 0 of the batches are past their time")
    await owner.execute("alter table access_log no force row level security")
    await owner.execute("update access_log set why = 'x'")
    code, printed = await munihub(*verify)
    assert code == 1
    span = f"{seals.moment(made.since)} to {seals.moment(made.until)}"
    assert printed.splitlines() == [
        f"Batch 1 ({span}): a row was changed.",
        "The 0 batches before it are as they were sealed.",
    ]
    anchor.write_text("x")
    code, printed = await munihub(*verify, "--anchor", str(anchor))
    assert (code, "does not hold seals" in printed) == (1, True)


async def test_everything_about_somebody_is_printed_and_she_can_see_that(hub, munihub):
    ana = await live(hub, ANA, "Ana Prva")
    code, printed = await munihub("personal-data", "export", *OF_ANA)
    document = json.loads(printed)
    expected = await rows_of(hub, ana)
    assert code == 0
    assert {table: len(rows) for table, rows in document["data"].items()} == expected
    async with hub.hub.database.audit(1) as connection:
        entries = await listed(connection, ana.subject_id, None, 10)
    assert {(entry.what, entry.why, entry.role) for entry in entries} == {
        ("read_account", "KLASA 1", "clerk"),
        ("export_personal_data", "letter 7", "munihub personal-data export"),
    }


async def test_somebody_is_erased_and_it_is_said_what_became_of_everything(hub, munihub):
    ana = await live(hub, ANA, "Ana Prva")
    code, _ = await munihub("personal-data", "erase", *OF_ANA, answer="n\n")
    assert code == 1
    assert (await rows_of(hub, ana))["aliases"] == 1
    code, printed = await munihub("personal-data", "erase", *OF_ANA, "--yes")
    report = json.loads(printed)
    assert code == 0
    assert {"table": "aliases", "rows": 1} in report["erased"]
    assert "obligations" in {one["table"] for one in report["kept"]}
    assert (await rows_of(hub, ana))["aliases"] == 0
    async with hub.worker.database.town(1) as connection:
        row = await connection.fetchrow("select state, reason, decided_by from erasure_requests where state = 'erased'")
    assert (row["state"], row["reason"]) == ("erased", None)
    assert row["decided_by"].endswith(", munihub personal-data erase")
    code, printed = await munihub("personal-data", "erase", *OF_ANA, "--yes")
    assert (code, "Nobody here has proven" in printed) == (1, True)


@pytest.mark.parametrize(
    ("identifier", "message"),
    [(f"hr.oib={EVA}", "Nobody here has proven this hr.oib"), ("hr.oib=1", "is not a hr.oib"), ("x", "SCHEME=VALUE")],
)
async def test_nobody(hub, munihub, identifier, message):
    code, printed = await munihub(
        "personal-data", "export", "--city", "pregrada", "--identifier", identifier, "--why", "r"
    )
    assert (code, message in printed) == (1, True)
