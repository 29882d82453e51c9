"""`munihub password issue`: how the first administrator gets in."""

from __future__ import annotations

import pytest

from hub.kernel.errors import LoginRefused, NotFound
from hub.kernel.ids import new_uuid, public_id
from hub.passwords import command
from hub.staff import service as staff
from hub.staff.model import Grant, Role
from tests.integration.passwords.conftest import PASSWORD
from tests.support.commands import column, commands_on


@pytest.fixture
async def munihub(api):
    """The command, on the worker's hub as the program has it."""
    run = commands_on(api.worker, command)

    async def answered(*arguments):
        return column(await run("password", *arguments), 2)

    return answered


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
