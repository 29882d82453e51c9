"""Roles of staff: in the whole town or a part of it, given and taken back at once."""

from __future__ import annotations

import json
from uuid import UUID

import pytest

from hub.authorisation import Role
from hub.kernel.errors import Conflict, InvalidRequest, NotFound
from hub.kernel.ids import new_uuid
from hub.staff import service as staff
from hub.staff.model import Grant
from tests.support.hub import SECRETS

LETTERS = "/pregrada/admin/v1/dead-letters"
DRIFT = "/pregrada/admin/v1/drift"


@pytest.fixture
def town(house):
    return house.api.worker.towns.by_slug["pregrada"].city


def within(house):
    return house.api.worker.database.town(1)


async def change(house, what, staff_id: UUID, *given, **named) -> None:
    async with within(house) as connection:
        await what(connection, 1, staff_id, *given, by="test", now=house.api.clock.now(), **named)


async def status(house, staff_id: UUID, path: str = LETTERS, **params) -> int:
    answer = await house.api.client.get(path, headers=house.token(staff_id=staff_id), params=params)
    return answer.status_code


async def test_a_role_taken_back_opens_nothing_from_that_moment_on(house):
    headers = house.token(staff_id=house.staff[Role.SUPPORT])
    assert (await house.api.client.get(LETTERS, headers=headers)).status_code == 200
    await change(house, staff.take, house.staff[Role.SUPPORT], Grant(Role.SUPPORT))
    refused = await house.api.client.get(LETTERS, headers=headers)
    assert refused.status_code == 403
    assert refused.json()["detail"] == "That needs the role administrator or support."
    await change(house, staff.give, house.staff[Role.SUPPORT], Grant(Role.SUPPORT))
    assert (await house.api.client.get(LETTERS, headers=headers)).status_code == 200


async def test_whoever_left_is_let_in_nowhere(house):
    left = house.staff[Role.ADMINISTRATOR]
    assert await status(house, left) == 200
    await change(house, staff.end, left, why="left the office")
    assert await status(house, left) == 403
    with pytest.raises(NotFound):
        await change(house, staff.give, left, Grant(Role.SUPPORT))
    with pytest.raises(NotFound):
        await change(house, staff.end, left, why="again")


async def test_the_refusal_says_where_the_role_must_hold(house):
    clerk = await house.employ(Grant(Role.CLERK, department="financije"))
    answer = await house.api.client.post("/pregrada/admin/v1/mandates", headers=house.token(staff_id=clerk))
    assert answer.json()["detail"] == "That needs the role administrator or clerk of the whole town."


async def push(house, city: str, secret: str) -> None:
    answer = await house.api.client.post(
        f"/{city}/push/v1/events",
        content=b"{broken",
        headers={"Authorization": f"Bearer {SECRETS[secret]}", "Content-Type": "application/cloudevents+json"},
    )
    assert answer.status_code == 400


async def test_a_role_at_a_payee_sees_what_is_that_payees(house):
    """financije is of the payee grad; urudzbeni belongs to nobody in particular."""
    await push(house, "pregrada", "pregrada-financije-push")
    async with within(house) as connection:
        for office in ("financije", "urudzbeni"):
            await connection.execute(
                "insert into drift values (1, $1, 'feed', 'unknown_field', $1, 's', now(), now())", office
            )
    of_grad = await house.employ(Grant(Role.SUPPORT, payee="grad"))
    of_other = await house.employ(Grant(Role.SUPPORT, payee="niskogradnja"), Grant(Role.AUDITOR))
    assert [await status(house, of_grad), await status(house, of_grad, back_office="urudzbeni")] == [403, 403]
    assert await status(house, of_grad, back_office="financije") == 200
    assert await status(house, of_other, back_office="financije") == 403
    assert await status(house, of_grad, back_office="nowhere") == 403
    seen = {}
    for who in (of_grad, of_other, house.staff[Role.SUPPORT]):
        answer = await house.api.client.get(DRIFT, headers=house.token(staff_id=who))
        seen[who] = {one["back_office"] for one in answer.json()["items"]}
    assert list(seen.values()) == [{"financije"}, set(), {"financije", "urudzbeni"}]


async def test_the_list_and_its_roles(house, town):
    kata = await house.employ(Grant(Role.CLERK), Grant(Role.SUPPORT, payee="grad"), name="  Kata   Šćukanec ")
    await change(house, staff.end, house.staff[Role.AUDITOR], why="left")
    async with within(house) as connection:
        found = {one.staff_id: one for one in await staff.listed(connection, 1)}
    assert (found[kata].name, [str(one) for one in found[kata].grants], found[kata].ended_at) == (
        "Kata Šćukanec",
        ["clerk", "support@payee=grad"],
        None,
    )
    assert found[house.staff[Role.AUDITOR]].ended_at == house.api.clock.now()
    assert len(found) == len(Role) + 1
    with pytest.raises(InvalidRequest):
        async with within(house) as connection:
            await staff.add(connection, town, " ", [], by="test", now=house.api.clock.now())


async def test_a_role_is_held_once(house):
    clerk = house.staff[Role.CLERK]
    with pytest.raises(Conflict, match="has clerk already"):
        await change(house, staff.give, clerk, Grant(Role.CLERK))
    await change(house, staff.give, clerk, Grant(Role.CLERK, payee="grad"))
    with pytest.raises(NotFound, match="does not have support"):
        await change(house, staff.take, clerk, Grant(Role.SUPPORT))
    with pytest.raises(NotFound):
        await change(house, staff.give, new_uuid(), Grant(Role.CLERK))


@pytest.mark.parametrize(
    ("text", "grant"),
    [
        ("clerk", Grant(Role.CLERK)),
        ("support@payee=niskogradnja", Grant(Role.SUPPORT, payee="niskogradnja")),
        ("auditor@department=financije", Grant(Role.AUDITOR, department="financije")),
    ],
)
def test_roles_as_they_are_written(town, text, grant):
    assert staff.read_grant(text, town) == grant
    assert str(grant) == text


@pytest.mark.parametrize("text", ["", "king", "clerk@", "clerk@payee", "clerk@payee=x", "clerk@town=grad", "CLERK"])
def test_roles_that_are_not(town, text):
    with pytest.raises(InvalidRequest):
        staff.read_grant(text, town)


@pytest.mark.parametrize(
    ("grant", "payee", "department", "covered"),
    [
        (Grant(Role.CLERK), None, None, True),
        (Grant(Role.CLERK), "grad", "financije", True),
        (Grant(Role.CLERK, payee="grad"), "grad", "komunalno", True),
        (Grant(Role.CLERK, payee="grad"), "voda", "financije", False),
        (Grant(Role.CLERK, payee="grad"), None, None, False),
        (Grant(Role.CLERK, department="financije"), "grad", "financije", True),
        (Grant(Role.CLERK, department="financije"), "grad", None, False),
    ],
)
def test_what_a_grant_covers(grant, payee, department, covered):
    assert grant.covers(payee, department) is covered


async def test_what_was_given_and_taken_stays_known(house):
    await change(house, staff.take, house.staff[Role.CLERK], Grant(Role.CLERK))
    async with within(house) as connection:
        row = await connection.fetchrow(
            "select given_by, taken_by, taken_at from staff_roles where city_id = 1 and staff_id = $1",
            house.staff[Role.CLERK],
        )
    assert tuple(row) == ("test", "test", house.api.clock.now())


async def test_a_machine_pushes_for_the_back_office_it_is_bound_to(house, monkeypatch):
    from hub.cities.clients import Client

    town = house.api.hub.towns.by_slug["pregrada"].city
    machine = {"name": {"hr": "Financije"}, "kind": "machine", "scopes": ["push"], "secret": {"secret": "x"}}
    clients = {
        "financije-push": Client.model_validate(machine | {"back_office": "financije"}),
        "unbound": Client.model_validate(machine),
    }
    monkeypatch.setitem(town.__dict__, "clients", clients)
    event = {"specversion": "1.0", "id": "1", "source": "/f", "type": "hr.pregrada.financije.stavka", "data": {}}

    async def push_as(**token) -> int:
        headers = house.token(scopes=("push",), assurance=token.pop("assurance", "low"), **token)
        answer = await house.api.client.post(
            "/pregrada/push/v1/events",
            content=json.dumps(event),
            headers=headers | {"Content-Type": "application/cloudevents+json"},
        )
        return answer.status_code

    assert await push_as(client_id="financije-push") == 202
    async with within(house) as connection:
        assert await connection.fetchval("select back_office from messages") == "financije"
    assert await push_as(client_id="unbound") == 403
    assert await push_as(client_id="somebody") == 403
    # A person who came by that client is no machine.
    assert await push_as(client_id="financije-push", subject_id=house.ana) == 403
    assert await push_as(client_id="financije-push", staff_id=house.staff[Role.ADMINISTRATOR]) == 403
