"""The counter over HTTP: who is registered, as whom, and what goes over the counter on paper."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import pytest

from hub.access_log import service as access_log
from hub.authorisation import Role
from hub.kernel.ids import parse_public_id, public_id
from hub.subjects import service as subjects
from tests.integration.passwords.conftest import PASSWORD

DOCUMENT = {"kind": "osobna iskaznica", "number": "115501234"}
ANA = {
    "name": "Ana Šćrbačić",
    "identifiers": [{"scheme": "hr.oib", "value": "87582274224"}],
    "document": DOCUMENT,
}


async def register(api, body=ANA, *, headers=None, accept="application/json"):
    sent = (headers or api.staff("pregrada")) | {"Accept": accept}
    return await api.client.post("/pregrada/admin/v1/people", json=body, headers=sent)


async def recover(api, subject, body=None):
    return await api.client.post(
        f"/pregrada/admin/v1/people/{subject}/password",
        json=body or {"document": DOCUMENT},
        headers=api.staff("pregrada"),
    )


def problem(answer):
    return answer.status_code, answer.json()["type"].rpartition(":")[2]


async def test_a_person_is_registered_and_logs_in_with_what_she_was_handed(api, passwords, clock):
    answer = await register(api)
    assert answer.status_code == 201
    assert answer.headers["cache-control"] == "no-store"
    handed = answer.json()
    assert (handed["name"], handed["created"]) == ("Ana Šćrbačić", True)
    assert handed["expires_at"] == "2026-12-05T10:00:00Z"
    login = await passwords.service.check(passwords.city, handed["username"], handed["password"], "192.0.2.1")
    assert public_id("sub", login.subject_id) == handed["id"]
    assert login.must_change
    (alias,) = await passwords.rows("select subject_id, proof, source from aliases")
    assert tuple(alias) == (login.subject_id, "clerk", "development")
    (issue,) = await passwords.rows("select reason, issued_by, document, number, issued_at from password_issues")
    assert (issue["reason"], issue["issued_by"], issue["document"], issue["issued_at"]) == (
        "registered",
        "development",
        "osobna iskaznica",
        clock.now(),
    )
    assert b"115501234" not in issue["number"]


async def test_the_same_person_is_found_by_her_identifier_and_never_by_her_name(api, passwords):
    subject_id = await api.subject("pregrada", "Ana Š.", hr_oib="87582274224")
    handed = (await register(api)).json()
    assert (handed["id"], handed["name"], handed["created"]) == (public_id("sub", subject_id), "Ana Š.", False)
    other = ANA | {"identifiers": [{"scheme": "hr.oib", "value": "33392005961"}]}
    again = (await register(api, other)).json()
    assert (again["id"] != handed["id"], again["name"], again["created"]) == (True, "Ana Šćrbačić", True)


async def test_further_identifiers_are_proven_for_the_person_found(api, passwords):
    subject_id = await api.subject("pregrada", hr_oib="87582274224")
    both = [*ANA["identifiers"], {"scheme": "financije.ugovor", "value": "K-77"}]
    assert (await register(api, ANA | {"identifiers": both})).status_code == 201
    async with api.worker.database.town(1) as connection:
        keys = await api.worker.vault.keys(connection, 1)
        assert await subjects.subject_of(connection, keys, "financije.ugovor", "K-77") == subject_id


async def test_whoever_knows_the_number_of_a_contract_is_not_whose_it_is(api, passwords):
    """With her own document she is somebody else, whose number nobody had proven."""
    subject_id = await api.subject("pregrada", hr_oib="33392005961", financije_ugovor="K-77")
    both = [*ANA["identifiers"], {"scheme": "financije.ugovor", "value": "K-77"}]
    for identifiers in (both, both[::-1]):
        assert problem(await register(api, ANA | {"identifiers": identifiers})) == (409, "conflict")
    assert await passwords.service.account_of(1, subject_id=subject_id) is None


async def test_she_reads_who_was_shown_her_name_at_the_counter(api, passwords):
    """The number alone is enough for a clerk to be told whose it is."""
    subject_id = await api.subject("pregrada", "Ana Š.", hr_oib="87582274224")
    handed = (await register(api)).json()
    await recover(api, handed["id"])
    async with api.hub.database.audit(1) as connection:
        entries = await access_log.listed(connection, subject_id, None, 10)
    assert [(one.what, one.why) for one in entries] == [
        ("recover_password", "role administrator"),
        ("register_person", "role administrator"),
    ]
    # Of somebody new nothing was there to be looked at.
    other = (await register(api, ANA | {"identifiers": [{"scheme": "hr.oib", "value": "33392005961"}]})).json()
    async with api.hub.database.audit(1) as connection:
        assert await access_log.listed(connection, parse_public_id("sub", other["id"]), None, 10) == []


async def test_who_has_a_password_is_not_registered_again(api, passwords):
    await register(api)
    assert problem(await register(api)) == (409, "conflict")
    assert len(await passwords.rows("select 1 from password_accounts")) == 1


async def test_two_subjects_are_merged_by_a_clerk_first(api, passwords):
    await api.subject("pregrada", hr_oib="87582274224")
    await api.subject("pregrada", financije_ugovor="K-77")
    both = [*ANA["identifiers"], {"scheme": "financije.ugovor", "value": "K-77"}]
    assert problem(await register(api, ANA | {"identifiers": both})) == (409, "conflict")
    assert problem(await register(api, ANA | {"kind": "entity"})) == (409, "conflict")
    assert await passwords.rows("select 1 from password_accounts") == []


async def test_a_merged_person_has_one_password(api, passwords, clock):
    handed = (await register(api)).json()
    first = parse_public_id("sub", handed["id"])
    into = await api.subject("pregrada", "Ana", hr_oib="33392005961")
    async with api.worker.database.town(1) as connection:
        await subjects.merge(connection, 1, first, into, reason="test", actor="test", now=clock.now())
    other = ANA | {"identifiers": [{"scheme": "hr.oib", "value": "33392005961"}]}
    assert problem(await register(api, other)) == (409, "conflict")
    again = await recover(api, public_id("sub", into))
    assert (again.status_code, again.json()["username"]) == (201, handed["username"])
    account = await passwords.service.account_of(1, subject_id=into)
    assert account.subject_id == first


@pytest.mark.parametrize(
    "wrong",
    [
        {"identifiers": []},
        {"identifiers": [{"scheme": "hr.oib", "value": "87582274225"}]},
        {"identifiers": [{"scheme": "hr.oibb", "value": "87582274224"}]},
        {"identifiers": [{"scheme": "login.nias", "value": "somebody"}]},
        {"name": "  "},
        {"document": {"kind": "", "number": "1"}},
        {"document": None},
        {"birth_date": "1984-03-02"},
    ],
)
async def test_what_is_missing_or_wrong_registers_nobody(api, passwords, wrong):
    answer = await register(api, ANA | wrong)
    assert problem(answer) == (422, "invalid_request")
    assert "87582274225" not in answer.text
    assert await passwords.rows("select 1 from subjects") == []


async def test_a_new_password_at_the_counter_replaces_everything_but_the_name(api, passwords, clock):
    handed = (await register(api)).json()
    login = await passwords.service.check(passwords.city, handed["username"], handed["password"], "192.0.2.1")
    await passwords.service.change(passwords.city, login.login_id, PASSWORD, browser=login.browser)
    clock.move(timedelta(days=400))
    again = (await recover(api, handed["id"])).json()
    assert (again["id"], again["username"], again["created"]) == (handed["id"], handed["username"], False)
    from hub.kernel.errors import LoginRefused

    for old, browser in ((handed["password"], None), (PASSWORD, login.browser)):
        with pytest.raises(LoginRefused):
            await passwords.service.check(passwords.city, handed["username"], old, "192.0.2.1", browser)
    login = await passwords.service.check(passwords.city, handed["username"], again["password"], "192.0.2.1")
    assert login.must_change
    rows = await passwords.rows("select reason from password_issues order by issued_at")
    assert [row["reason"] for row in rows] == ["registered", "recovered"]


async def test_second_factors_stay_unless_they_were_lost_too(api, passwords, clock):
    from tests.integration.passwords.test_factors import enrol

    handed = (await register(api)).json()
    account = await passwords.service.account_of(1, subject_id=parse_public_id("sub", handed["id"]))
    await enrol(passwords, account)
    factors = api.hub.second_factors
    await recover(api, handed["id"])
    assert (len(await factors.of(1, account.account_id)), await factors.codes_left(1, account.account_id)) == (1, 10)
    await recover(api, handed["id"], {"document": DOCUMENT, "without_second_factors": True})
    assert (len(await factors.of(1, account.account_id)), await factors.codes_left(1, account.account_id)) == (0, 0)


async def test_nobody_without_a_password_is_given_a_new_one(api, passwords):
    subject_id = await api.subject("pregrada", hr_oib="87582274224")
    assert problem(await recover(api, public_id("sub", subject_id))) == (404, "not_found")
    assert problem(await recover(api, public_id("sub", parse_public_id("sub", "sub_" + "0" * 26)))) == (
        404,
        "not_found",
    )


async def test_the_sheet_is_in_the_towns_language_and_has_the_same_on_it(api, passwords):
    answer = await register(api, accept="text/html")
    assert (answer.status_code, answer.headers["content-type"]) == (201, "text/html; charset=utf-8")
    assert answer.headers["cache-control"] == "no-store"
    assert "script" not in answer.text.replace("script-src", "")
    facts = [unescape(one) for one in re.findall(r"<dd[^>]*>(.*?)</dd>", answer.text)]
    assert facts[0] == "http://localhost:8000/pregrada/login"
    assert facts[3] == "5. prosinca 2026."
    # What must be copied letter by letter, and only that, is in letters made for it.
    typed = re.findall(r'<dd class="typed">(.*?)</dd>', answer.text)
    assert typed == facts[1:3]
    assert '<html lang="hr">' in answer.text
    assert "Ana Šćrbačić" in unescape(answer.text)
    login = await passwords.service.check(passwords.city, facts[1], facts[2], "192.0.2.1")
    assert login.must_change


async def test_only_the_counter_registers(api, passwords):
    citizen = await api.subject("pregrada", "Iva")
    for headers in (
        api.token("pregrada", citizen),
        api.token("pregrada", None, ("messages",)),
        api.staff("vzorov"),
        {"Authorization": "Bearer x"},
    ):
        assert (await register(api, headers=headers)).status_code in {401, 403}
    assert await passwords.rows("select 1 from password_accounts") == []
    from hub.authorisation import OPERATIONS

    for operation in ("register_person", "recover_password"):
        assert OPERATIONS[operation].roles == {Role.ADMINISTRATOR, Role.CLERK}


async def test_a_town_that_gives_no_passwords_registers_nobody(api):
    town = api.hub.towns.by_slug["pregrada"]
    object.__setattr__(town.city, "__dict__", town.city.__dict__ | {"passwords": None})
    assert problem(await register(api)) == (404, "not_found")
