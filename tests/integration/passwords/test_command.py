"""`munihub password issue`: how the first administrator gets in."""

from __future__ import annotations

import asyncio

import pytest
import typer
from typer.testing import CliRunner

from hub.kernel.errors import HubError, LoginRefused, NotFound
from hub.kernel.ids import new_uuid, public_id
from hub.passwords import command
from hub.staff import service as staff
from hub.staff.model import Grant, Role
from tests.integration.passwords.conftest import PASSWORD


@pytest.fixture
async def munihub(api):
    """The command, on the worker's hub as the program has it."""
    loop = asyncio.get_running_loop()
    app = typer.Typer()

    def town_of(hub, slug):
        return hub.towns.by_slug[slug]

    command.register(app, lambda work: asyncio.run_coroutine_threadsafe(work(api.worker), loop).result(), town_of)

    async def run(*arguments):
        done = await asyncio.to_thread(CliRunner().invoke, app, ["password", *arguments])
        if isinstance(done.exception, HubError):
            raise done.exception
        assert done.exit_code == 0, done.output
        return [line.split("│")[2].strip() for line in done.output.splitlines() if "│" in line]

    return run


async def test_staff_are_issued_a_password_and_lose_the_one_before(api, passwords, munihub, clock):
    async with api.hub.database.identity(1) as connection:
        staff_id = await staff.add(
            connection, passwords.city, "Petra", [Grant(Role.ADMINISTRATOR)], by="test", now=clock.now()
        )
    username, first, until = await munihub("issue", "--city", "pregrada", public_id("stf", staff_id))
    assert until == "2026-12-05 10:00:00+00:00"
    login = await passwords.service.check(passwords.city, username, first, "192.0.2.1")
    assert (login.staff_id, login.must_change) == (staff_id, True)
    await passwords.service.change(passwords.city, login.login_id, PASSWORD)
    same, second, _ = await munihub("issue", "--city", "pregrada", public_id("stf", staff_id))
    assert same == username
    for old in (first, PASSWORD):
        with pytest.raises(LoginRefused):
            await passwords.service.check(passwords.city, username, old, "192.0.2.1")
    assert (await passwords.service.check(passwords.city, username, second, "192.0.2.1")).staff_id == staff_id
    rows = await passwords.rows("select issued_by, document from password_issues")
    assert all(row["issued_by"].startswith("command line: ") and row["document"] is None for row in rows)


async def test_nobody_else_is_issued_one(api, passwords, munihub):
    subject_id = await api.subject("pregrada")
    for owner in (public_id("stf", new_uuid()), public_id("sub", subject_id), "somebody"):
        with pytest.raises(NotFound):
            await munihub("issue", "--city", "pregrada", owner)
    assert await passwords.rows("select 1 from password_accounts") == []
