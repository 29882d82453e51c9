"""`munihub staff …`: who works for the town, from the machine of its administrator."""

from __future__ import annotations

import asyncio

import pytest
import typer
from typer.testing import CliRunner

from hub import cli
from hub.staff import command
from tests.integration.cli.conftest import Done, Munihub


@pytest.fixture
def staff(munihub: Munihub):
    program = typer.Typer()
    command.register(program, cli.with_hub, cli.town_of)
    program.command("nothing")(lambda: None)  # with one command alone, typer would take its name for an argument

    async def run(what: str, *arguments: str, columns: int = 200) -> Done:
        line = ["staff", what, "--city", "pregrada", *arguments]
        env = munihub.environment | {"COLUMNS": str(columns)}
        result = await asyncio.to_thread(CliRunner().invoke, program, line, env=env)
        error = result.exception
        if error and not isinstance(error, SystemExit):
            return Done(2, result.stdout, f"{type(error).__name__}: {error}", [])
        return Done(result.exit_code, result.stdout.replace("┃", "│"), result.stderr, [])

    return run


async def roles(staff) -> dict[str, tuple[str, bool]]:
    """Roles, and whether they have left, by name."""
    return {row[1]: (row[2], bool(row[3])) for row in (await staff("list")).rows if row[0].startswith("stf_")}


async def test_staff_come_and_go(staff):
    assert await roles(staff) == {}
    added = await staff("add", "Kata Šćukanec", "--role", "clerk", "--role", "support@payee=grad")
    assert added.code == 0, added.error
    kata = added.out.strip()
    assert (kata[:4], len(kata)) == ("stf_", 30)
    # On a plain terminal the id is whole, too: the other commands ask for it.
    assert (await staff("list", columns=80)).out.splitlines() == [
        kata,
        "  name: Kata Šćukanec",
        "  roles: clerk, support@payee=grad",
    ]
    await staff("add", "Ivo \x1b[31mIvić", "--role", "administrator")
    assert await roles(staff) == {
        "Kata Šćukanec": ("clerk, support@payee=grad", False),
        "Ivo  [31mIvić": ("administrator", False),
    }
    assert (await staff("give", kata, "auditor@department=financije")).code == 0
    assert (await staff("take", kata, "clerk")).code == 0
    assert (await roles(staff))["Kata Šćukanec"] == ("auditor@department=financije, support@payee=grad", False)
    assert (await staff("end", kata, "--why", "left the office")).code == 0
    assert (await roles(staff))["Kata Šćukanec"][1] is True


async def test_what_the_command_refuses(staff):
    kata = (await staff("add", "Kata", "--role", "clerk")).out.strip()
    for arguments, said in (
        (("add", "Ana", "--role", "boss"), "InvalidRequest: There is no role 'boss'"),
        (
            ("add", "Ana", "--role", "clerk@payee=x"),
            "InvalidRequest: There is no payee 'x'; there are: grad, niskogradnja.",
        ),
        (("add", " ", "--role", "clerk"), "InvalidRequest: Give the name"),
        (("give", kata, "clerk"), f"Conflict: {kata} has clerk already."),
        (("take", kata, "auditor"), f"NotFound: {kata} does not have auditor."),
        (("end", "stf_x", "--why", "y"), "NotFound: There is no stf_… with the id 'stf_x'."),
        (
            ("end", kata[:-1] + ("0" if kata[-1] != "0" else "1"), "--why", "y"),
            "NotFound: Nobody on the staff has the id",
        ),
    ):
        done = await staff(*arguments)
        assert done.code == 2
        assert done.error.startswith(said)
    assert await roles(staff) == {"Kata": ("clerk", False)}
    assert (await staff("add", "Ana")).code == 2  # without a role there is nothing for her to do
