"""Every route, tried without a token, from another town, as another subject, with too little assurance, expired, without
the scope, and as another kind of caller.

The routes come from the application and what each asks for from the table, so that a new one is tried without a word
here. What is refused is refused before anything of the request is looked at: none of these requests has a body.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from starlette.routing import compile_path

from hub.authorisation import HEADER, OPERATIONS, Audience, Role
from hub.kernel.assurance import Assurance
from hub.kernel.ids import new_uuid, public_id
from hub.staff.model import Grant
from portal_api import authorisation
from tests.integration.authorisation.conftest import SCOPES
from tests.support.hub import SECRETS
from tests.support.openapi import APP

ROUTES = [
    (OPERATIONS[name], method, path) for name, method, path in authorisation.operations(APP) if name in OPERATIONS
]
CLOSED = [one for one in ROUTES if one[0].audience is not Audience.ANYONE]
CITIZENS = [one for one in CLOSED if one[0].audience is Audience.CITIZEN]
STAFF = [one for one in CLOSED if one[0].audience is Audience.STAFF]
MACHINES = [one for one in CLOSED if one[0].audience is Audience.MACHINE]
CHALLENGE = 'Bearer error="insufficient_user_authentication", acr_values="http://eidas.europa.eu/LoA/{}"'


async def refused(house, routes, headers, *, status: int, city: str = "pregrada") -> list:
    """Every route answers a problem with this status, to GET and to HEAD alike."""
    assert routes
    answers, given = {}, []
    for _, method, path in routes:
        for how in (method, "HEAD") if method == "GET" else (method,):
            answer = await house.api.client.request(how, house.address(path, city), headers=headers)
            answers[how, path] = answer.status_code
            given.append(answer)
            assert answer.headers["content-type"] == "application/problem+json"
            assert "www-authenticate" in answer.headers or status != 401
    assert answers == dict.fromkeys(answers, status)
    return given


def right(house, rule) -> dict[str, str]:
    """A token with all the rule asks for, and not more."""
    if rule.audience is Audience.STAFF:
        who = {"staff_id": house.staff[min(rule.roles)]}
    elif rule.audience is Audience.CITIZEN:
        who = {"subject_id": house.ana}
    else:
        return {"Authorization": f"Bearer {SECRETS['pregrada-financije-push']}"}
    return house.token(scopes=(rule.scope,), assurance=rule.assurance, **who)


async def test_whoever_may_come_in_comes_in(house):
    """Without this the refusals below would prove nothing. What is wrong then is the request, which is empty."""
    for rule, method, path in CLOSED:
        answer = await house.api.client.request(method, house.address(path), headers=right(house, rule))
        assert answer.status_code not in {401, 403, 405, 500, 503}, (path, answer.text)
        if method == "GET" and answer.status_code == 200:
            empty = await house.api.client.head(house.address(path), headers=right(house, rule))
            assert (empty.status_code, empty.content) == (200, b""), path


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer null"},
        {"Authorization": "Basic YTpi"},
        {"Authorization": f"Bearer {SECRETS['vzorov-ucetnictvi-push']}"},
        {"Cookie": "token=x", "X-Forwarded-User": "ana", "X-Client-Cert": "x"},
    ],
)
async def test_nobody_without_a_token(house, headers):
    await refused(house, CLOSED, headers, status=401)


async def test_a_push_secret_is_no_token(house):
    secret = {"Authorization": f"Bearer {SECRETS['pregrada-financije-push']}"}
    await refused(house, [*CITIZENS, *STAFF], secret, status=401)


async def test_nobody_with_a_token_that_has_ended(house):
    held = [house.token(subject_id=house.ana), house.token(staff_id=house.staff[Role.ADMINISTRATOR])]
    held += [house.api.token("pregrada", house.ana, SCOPES), house.api.token("pregrada", None, SCOPES)]
    for headers in held:
        # It is remembered as valid first, and ends all the same.
        await house.api.client.get("/pregrada/v1/account", headers=headers)
    house.api.clock.move(timedelta(hours=1))
    for headers in held:
        await refused(house, CLOSED, headers, status=401)


async def test_nobody_of_another_town(house):
    stranger = await house.api.subject("vzorov", "Eva Třetí")
    for subject in (stranger, house.ana, None):
        await refused(house, CLOSED, house.token("vzorov", subject_id=subject), status=401)
        await refused(house, CLOSED, house.api.token("vzorov", subject, SCOPES), status=401)
    await refused(house, CLOSED, house.token(subject_id=house.ana), city="vzorov", status=401)
    administrator = house.token("vzorov", staff_id=house.staff[Role.ADMINISTRATOR])
    await refused(house, CLOSED, administrator, status=401)
    # Of the right town by its token, but on the staff of another one alone.
    await refused(house, STAFF, administrator, city="vzorov", status=403)


async def test_in_a_town_that_does_not_exist(house):
    for city in ("nowhere", "PREGRADA", "pregrada%20", "pregrada.", "pregrada%00", "%70regrada%2f..", "__proto__", "*"):
        await refused(house, CLOSED, house.token(subject_id=house.ana), city=city, status=404)


async def test_nobody_without_the_scope(house):
    for rule, method, path in CLOSED:
        others = tuple(scope for scope in SCOPES if scope != rule.scope)
        near = (rule.scope.upper(), f"{rule.scope}s", rule.scope[:-1], f"{rule.scope}:read", "*", "admin")
        for scopes in (others, near, ()):
            for who in ({"subject_id": house.ana}, {"staff_id": house.staff[Role.ADMINISTRATOR]}):
                await refused(house, [(rule, method, path)], house.token(scopes=scopes, **who), status=403)


async def test_nobody_with_too_little_assurance(house):
    tried = 0
    for rule, method, path in CLOSED:
        for level in Assurance:
            if rule.assurance is None or level.satisfies(rule.assurance):
                continue
            tried += 1
            who = (
                {"subject_id": house.ana}
                if rule.audience is Audience.CITIZEN
                else {"staff_id": house.staff[min(rule.roles)]}
            )
            headers = house.token(assurance=level, **who)
            for answer in await refused(house, [(rule, method, path)], headers, status=403):
                assert answer.headers["www-authenticate"] == CHALLENGE.format(rule.assurance)
    assert tried >= len(STAFF)


async def test_nobody_of_another_audience(house):
    """Whatever scopes a token carries: it speaks for one kind of caller, and opens the doors of that one."""
    citizen = [house.token(subject_id=house.ana), house.api.token("pregrada", house.ana, SCOPES)]
    staff = [house.token(staff_id=house.staff[Role.ADMINISTRATOR]), house.api.token("pregrada", None, SCOPES)]
    machine = house.token(client_id="strangers-program")
    for headers in (*staff, machine):
        await refused(house, CITIZENS, headers, status=403)
    for headers in (*citizen, machine):
        await refused(house, STAFF, headers, status=403)
    for headers in (*citizen, *staff, machine):
        await refused(house, MACHINES, headers, status=403)


async def test_no_staff_without_the_role(house):
    for rule, method, path in STAFF:
        for role in set(Role) - rule.roles:
            headers = house.token(staff_id=house.staff[role])
            await refused(house, [(rule, method, path)], headers, status=403)


async def test_no_staff_whose_role_is_for_a_part_of_the_town(house):
    parts = [Grant(role, payee="grad") for role in Role] + [Grant(role, department="financije") for role in Role]
    somebody = await house.employ(*parts)
    whole = [one for one in STAFF if not one[0].partly]
    await refused(house, whole, house.token(staff_id=somebody), status=403)


async def test_nobody_who_never_was_on_the_staff(house):
    await refused(house, STAFF, house.token(staff_id=new_uuid()), status=403)
    await refused(house, STAFF, house.token(staff_id=await house.employ()), status=403)


async def test_nobody_sees_what_is_anothers(house):
    """With Ana's ids Ivo finds nothing; lists show nothing of hers, and the same calls do show it to her."""
    hers = ["Anin", *house.ids.values()]
    shown = set()
    for rule, method, path in CITIZENS:
        headers = house.token(subject_id=house.ivo, scopes=(rule.scope,))
        answer = await house.api.client.request(method, house.address(path), headers=headers)
        assert not any(one in answer.text for one in hers), path
        if any("{" + one + "}" in path for one in house.ids):
            assert answer.status_code == 404, path
            assert answer.json()["type"] == "urn:munihub:problem:not_found"
        if method == "GET":
            own = await house.api.client.request(method, house.address(path), headers=house.token(subject_id=house.ana))
            shown |= {one for one in hers if one in own.text}
    assert shown == set(hers)


async def test_nobody_acts_for_another_without_a_mandate(house):
    """The same answer for somebody who is there, somebody who is not, and what is no id at all."""
    others = [public_id("sub", house.ana), public_id("sub", new_uuid()), "sub_", "ana", "", public_id("stf", house.ana)]
    told = set()
    for rule, method, path in CITIZENS:
        for other in others:
            headers = house.token(subject_id=house.ivo) | {HEADER: other}
            for answer in await refused(house, [(rule, method, path)], headers, status=404 if rule.acting_for else 403):
                told.add((answer.status_code, answer.content))
    assert {status for status, _ in told} == {403, 404}
    assert len({content for status, content in told if content}) == 2


async def test_other_methods_are_refused_with_those_there_are(house):
    by_path: dict[str, set[str]] = {}
    closed = {path for *_, path in CLOSED}
    for _, method, path in ROUTES:
        if path in closed:
            by_path.setdefault(path, set()).add(method)
    for path, methods in by_path.items():
        allowed = sorted(methods | ({"HEAD"} if "GET" in methods else set()))
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} - methods:
            answer = await house.api.client.request(
                method, house.address(path), headers=house.token(subject_id=house.ana)
            )
            assert answer.status_code == 405, (method, path)
            assert answer.json()["type"] == "urn:munihub:problem:method_not_allowed"
            assert sorted(answer.headers["allow"].split(", ")) == allowed


async def test_an_address_with_more_slashes_is_another_address(house):
    headers = house.token(subject_id=house.ana)
    for _, method, path in CLOSED:
        address = house.address(path)
        for other in (f"{address}/", f"/{address}", address.replace("/v1/", "/v1//"), f"{address}/x"):
            if other != address and not any(compile_path(one)[0].match(other) for _, _, one in ROUTES):
                answer = await house.api.client.request(method, f"http://hub.test{other}", headers=headers)
                assert answer.status_code == 404, other
                assert "location" not in answer.headers
