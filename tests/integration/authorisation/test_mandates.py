"""Acting for somebody else: by a mandate in force alone, in her name, and written down."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from hub.access_log import service as access_log
from hub.access_log.model import ActorKind
from hub.authorisation import HEADER, Role
from hub.kernel.assurance import Assurance
from hub.kernel.errors import Conflict, InvalidRequest, NotFound
from hub.kernel.ids import new_uuid, public_id
from hub.logins import resolution
from hub.logins.model import Arrived
from hub.mandates import service as mandates
from hub.mandates.model import Mandate, MandateKind, MandateProof
from hub.ports.eid import Represented
from hub.subjects import service as subjects
from hub.subjects.model import Proof, SubjectKind
from portal_api.login import representing
from tests.integration.portal_api.test_account import read
from tests.support.records import ANA, IVO, obligation

ADMIN = "/pregrada/admin/v1/mandates"
COMPANY = "02535697732"
HOURS = timedelta(hours=1)
VINOGRADI = Represented((("hr.oib", COMPANY),), "Vinogradi Bregana d.o.o.", "e-ovlastenja")


@pytest.fixture
async def child(house) -> UUID:
    return await house.api.subject("pregrada", "Mala Anina")


def identity(house, city_id: int = 1):
    return house.api.hub.database.identity(city_id)


async def record(house, holder: UUID, represented: UUID, **changed) -> Mandate:
    now = house.api.clock.now()
    given = {"kind": MandateKind.GUARDIANSHIP, "source": "rodni list", "by": "stf_x", "valid_from": now}
    async with identity(house) as connection:
        return await mandates.record(
            connection, 1, holder, represented, **{**given, "valid_until": None, "now": now, **changed}
        )


async def said(house, subject_id: UUID, represented: Represented = VINOGRADI) -> Mandate | None:
    async with identity(house) as connection:
        keys = await house.api.hub.vault.keys(connection, 1)
        now = house.api.clock.now()
        return await mandates.record_represented(connection, keys, subject_id, represented, "nias", now)


async def account(house, actor: UUID, represented: UUID | None) -> tuple[int, str | None]:
    """Status, and whose account that is."""
    headers = house.token(subject_id=actor)
    if represented is not None:
        headers |= {HEADER: public_id("sub", represented)}
    answer = await house.api.client.get("/pregrada/v1/account", headers=headers)
    return answer.status_code, answer.json().get("subject", {}).get("id")


async def listed(house, actor: UUID) -> list[dict]:
    answer = await house.api.client.get("/pregrada/v1/mandates", headers=house.token(subject_id=actor))
    assert answer.status_code == 200
    return answer.json()["items"]


async def test_by_a_mandate_the_account_is_the_other_ones(house):
    assert await account(house, house.ivo, house.ana) == (404, None)
    mandate = await record(house, house.ivo, house.ana)
    assert await account(house, house.ivo, house.ana) == (200, public_id("sub", house.ana))
    assert await account(house, house.ivo, None) == (200, public_id("sub", house.ivo))
    assert await account(house, house.ana, house.ivo) == (404, None)
    headers = house.token(subject_id=house.ivo) | {HEADER: public_id("sub", house.ana)}
    for path in (f"obligations/{house.ids['obligation_id']}", f"cases/{house.ids['case_id']}"):
        answer = await house.api.client.get(f"/pregrada/v1/{path}", headers=headers)
        assert answer.status_code == 200
        assert HEADER in answer.headers["vary"]
    assert await listed(house, house.ivo) == [
        {
            "id": public_id("man", mandate.mandate_id),
            "represented": {"id": public_id("sub", house.ana), "kind": "person", "name": "Ana Prva"},
            "kind": "guardianship",
            "source": "rodni list",
            "valid_from": "2026-11-21T10:00:00Z",
            "valid_until": None,
        }
    ]
    assert await listed(house, house.ana) == []


async def test_for_oneself_no_mandate_is_needed_and_nothing_is_written_down(house):
    assert await account(house, house.ana, house.ana) == (200, public_id("sub", house.ana))
    async with house.api.worker.database.town(1) as connection:
        assert await connection.fetchval("select count(*) from access_log") == 0


async def test_every_read_for_another_is_written_down_and_shown_to_her(house):
    mandate = await record(house, house.ivo, house.ana)
    await account(house, house.ivo, house.ana)
    await account(house, house.ivo, None)
    await account(house, house.ana, house.ivo)
    async with house.api.hub.database.citizen(1, house.ana) as connection:
        (entry,) = await access_log.listed(connection, house.ana, None, 10)
    assert (entry.actor_kind, entry.what) == (ActorKind.SUBJECT, "read_account")
    assert entry.why == f"guardianship, {public_id('man', mandate.mandate_id)}"
    async with house.api.hub.database.audit(1) as connection:
        (entry,) = await access_log.listed(connection, None, None, 10)
    assert (entry.subject_id, entry.actor_id, entry.at) == (house.ana, house.ivo, house.api.clock.now())


async def test_it_holds_from_its_beginning_until_before_its_end(house):
    now = house.api.clock.now()
    await record(house, house.ivo, house.ana, valid_from=now + HOURS, valid_until=now + 2 * HOURS)
    shown = []
    for _ in range(4):
        shown.append(((await account(house, house.ivo, house.ana))[0], len(await listed(house, house.ivo))))
        house.api.clock.move(timedelta(minutes=59, seconds=59) if len(shown) == 2 else HOURS)
        if len(shown) == 2:
            shown.append(((await account(house, house.ivo, house.ana))[0], len(await listed(house, house.ivo))))
            house.api.clock.move(timedelta(seconds=1))
    assert shown == [(404, 0), (200, 1), (200, 1), (404, 0), (404, 0)]


async def test_it_ends_at_once_and_stays_known(house):
    mandate = await record(house, house.ivo, house.ana)
    assert (await account(house, house.ivo, house.ana))[0] == 200
    async with identity(house) as connection:
        await mandates.end(connection, 1, mandate.mandate_id, by="stf_y", why="odluka", now=house.api.clock.now())
    assert (await account(house, house.ivo, house.ana))[0] == 404
    with pytest.raises(NotFound):
        async with identity(house) as connection:
            await mandates.end(connection, 1, mandate.mandate_id, by="stf_y", why="odluka", now=house.api.clock.now())
    async with house.api.worker.database.town(1) as connection:
        row = await connection.fetchrow("select recorded_by, ended_by, ended_for from mandates")
    assert tuple(row) == ("stf_x", "stf_y", "odluka")
    await record(house, house.ivo, house.ana)
    assert (await account(house, house.ivo, house.ana))[0] == 200


async def test_it_is_not_handed_on(house, child):
    await record(house, house.ana, child)
    await record(house, house.ivo, house.ana)
    assert (await account(house, house.ivo, child))[0] == 404
    assert (await account(house, house.ana, child))[0] == 200


async def test_nor_to_another_town(house):
    await record(house, house.ivo, house.ana)
    headers = house.token("vzorov", subject_id=house.ivo) | {HEADER: public_id("sub", house.ana)}
    assert (await house.api.client.get("/vzorov/v1/account", headers=headers)).status_code == 404


async def test_a_merged_holder_is_one_person_and_again_two_when_it_is_undone(house):
    """Her new login makes a new subject; a clerk joins it with the old one, which holds the mandate."""
    now = house.api.clock.now()
    newer = await house.api.subject("pregrada", "Ivo Drugi")
    await record(house, house.ivo, house.ana)
    assert (await account(house, newer, house.ana))[0] == 404
    async with house.api.worker.database.town(1) as connection:
        merge = await subjects.merge(connection, 1, newer, house.ivo, reason="same", actor="clerk", now=now)
    assert (await account(house, newer, house.ana))[0] == 200
    assert (await account(house, house.ivo, house.ana))[0] == 200
    async with house.api.worker.database.town(1) as connection:
        await subjects.undo_merge(connection, 1, merge, why="not the same", now=now)
    assert [(await account(house, one, house.ana))[0] for one in (newer, house.ivo)] == [404, 200]


async def test_a_merged_ward_is_shown_whole(house, child):
    await record(house, house.ivo, child)
    async with house.api.worker.database.town(1) as connection:
        await subjects.merge(connection, 1, child, house.ana, reason="x", actor="clerk", now=house.api.clock.now())
    assert await account(house, house.ivo, child) == (200, public_id("sub", house.ana))
    assert (await listed(house, house.ivo))[0]["represented"] == {
        "id": public_id("sub", child),
        "kind": "person",
        "name": "Ana Prva",
    }


# ── A company, as the eID says ───────────────────────────────────────────────────────────────────


async def test_a_company_the_eid_names_becomes_a_subject_one_may_act_for(house):
    await read(house.api, "obligations", COMPANY, obligation("of the company", COMPANY, title={"hr": "Vinova naknada"}))
    mandate = await said(house, house.ana)
    assert (mandate.kind, mandate.proof, mandate.source) == (MandateKind.COMPANY, MandateProof.EID, "e-ovlastenja")
    assert mandate.valid_until == house.api.clock.now() + timedelta(hours=12)
    headers = house.token(subject_id=house.ana) | {HEADER: public_id("sub", mandate.represented_id)}
    body = (await house.api.client.get("/pregrada/v1/account", headers=headers)).json()
    assert (body["subject"]["kind"], body["subject"]["name"]) == ("entity", "Vinogradi Bregana d.o.o.")
    assert [one["title"] for one in body["obligations"]["items"]] == ["Vinova naknada"]
    async with identity(house) as connection:
        keys = await house.api.hub.vault.keys(connection, 1)
        assert await subjects.subject_of(connection, keys, "hr.oib", COMPANY) == mandate.represented_id
        assert await connection.fetchval(
            "select proof || ' ' || source from aliases where city_id = 1 and subject_id = $1", mandate.represented_id
        ) == ("eid nias")
    house.api.clock.move(timedelta(hours=12))
    assert (await account(house, house.ana, mandate.represented_id))[0] == 404


async def test_said_again_it_holds_longer_and_after_a_gap_anew(house):
    first = await said(house, house.ana)
    house.api.clock.move(11 * HOURS)
    second = await said(house, house.ana)
    assert (second.mandate_id, second.valid_from) == (first.mandate_id, first.valid_from)
    assert second.valid_until == first.valid_until + 11 * HOURS
    house.api.clock.move(12 * HOURS)
    third = await said(house, house.ana)
    assert third.mandate_id != first.mandate_id
    assert (await said(house, house.ivo)).represented_id == third.represented_id
    # Ended by a clerk, it is the eID's word again at the next login.
    async with identity(house) as connection:
        await mandates.end(connection, 1, third.mandate_id, by="stf_y", why="x", now=house.api.clock.now())
    assert (await said(house, house.ana)).mandate_id not in {first.mandate_id, third.mandate_id}


async def test_a_company_known_before_is_that_company(house):
    async with identity(house) as connection:
        keys = await house.api.hub.vault.keys(connection, 1)
        known = await subjects.create(connection, 1, SubjectKind.ENTITY, "Vinogradi")
        await subjects.prove(
            connection, keys, known, "hr.oib", COMPANY, proof=Proof.REGISTRY, source="sud", now=house.api.clock.now()
        )
    assert (await said(house, house.ana)).represented_id == known


async def clerk_who_is(house, citizen: UUID) -> UUID:
    """She is known by the eID with which she comes in, as a clerk and as a citizen. Returns what `citizen` stands for."""
    clerk = house.staff[Role.CLERK]
    async with identity(house) as connection:
        keys = await house.api.hub.vault.keys(connection, 1)
        (own,) = (await subjects.identify(connection, keys, [("login.nias", "kata")])).values()
        now = house.api.clock.now()
        merged = await subjects.create(connection, 1, SubjectKind.PERSON, "Kata")
        await subjects.merge(connection, 1, merged, citizen, reason="one", actor="test", now=now)
        await resolution.insert(connection, 1, "nias", own, now, by="new", subject_id=merged)
        await resolution.insert(connection, 1, "nias", own, now, by="clerk", staff_id=clerk, staff=True)
    return merged


async def test_no_clerk_decides_her_own_erasure_or_hands_herself_a_password(house):
    merged = await clerk_who_is(house, house.ana)
    api, clerk = house.api, house.token(staff_id=house.staff[Role.CLERK])
    colleague = house.token(staff_id=house.staff[Role.ADMINISTRATOR])
    own = house.token(subject_id=house.ana)
    erasure = (await api.client.post("/pregrada/v1/personal-data/erasure", json={}, headers=own)).json()["id"]
    document = {"kind": "osobna iskaznica", "number": "115501234"}
    person = {"name": "Ana", "identifiers": [{"scheme": "hr.oib", "value": ANA}], "document": document}
    people, erasures = "/pregrada/admin/v1/people", f"/pregrada/admin/v1/erasures/{erasure}/decision"
    wanted = [
        (people, person, 201),
        (f"{people}/{public_id('sub', house.ana)}/password", {"document": document}, 201),
        (f"{people}/{public_id('sub', merged)}/password", {"document": document}, 201),
        (erasures, {"decision": "grant"}, 200),
    ]
    for path, body, done in wanted:
        refused = await api.client.post(path, json=body, headers=clerk)
        assert (refused.status_code, refused.json()["type"].rpartition(":")[2]) == (403, "forbidden"), path
        allowed = await api.client.post(path, json=body, headers=colleague)
        assert allowed.status_code == done, allowed.text
    async with api.worker.database.town(1) as connection:
        by = await connection.fetch(
            "select issued_by as by from password_issues union select decided_by from erasure_requests"
        )
    assert [one["by"] for one in by] == [public_id("stf", house.staff[Role.ADMINISTRATOR])]


async def test_no_clerk_gives_herself_a_mandate(house, child):
    merged = await clerk_who_is(house, house.ivo)
    body = {"represented": public_id("sub", child), "kind": "guardianship", "source": "rodni list"}

    async def add(holder: UUID, role: Role) -> int:
        sent = body | {"holder": public_id("sub", holder)}
        headers = house.token(staff_id=house.staff[role])
        return (await house.api.client.post(ADMIN, json=sent, headers=headers)).status_code

    assert [await add(holder, Role.CLERK) for holder in (house.ivo, merged)] == [403, 403]
    assert await listed(house, house.ivo) == []
    assert await add(house.ana, Role.CLERK) == 201
    assert await add(house.ivo, Role.ADMINISTRATOR) == 201


async def test_a_sole_trader_needs_no_mandate_for_herself(house):
    own = Represented((("hr.oib", ANA),), "Ana Prva, obrt", "nias:pos_oib")
    assert await said(house, house.ana, own) is None
    other = await house.api.subject("pregrada", "Ana P.")
    async with house.api.worker.database.town(1) as connection:
        await subjects.merge(connection, 1, other, house.ana, reason="x", actor="c", now=house.api.clock.now())
    assert await said(house, other, own) is None


async def test_whoever_acts_for_a_sole_trader_does_not_see_her_own_affairs(house):
    """Her trade has her number: what is owed for her home is in the same account."""
    with pytest.raises(Conflict):
        await said(house, house.ivo, Represented((("hr.oib", ANA),), "Ana Prva, obrt", "nias:pos_oib"))
    assert await account(house, house.ivo, house.ana) == (404, None)


async def test_numbers_of_two_subjects_are_for_a_clerk(house):
    torn = Represented((("hr.oib", ANA), ("hr.oib", IVO)), "x", "y")
    with pytest.raises(Conflict, match=r"The numbers of this company \(hr.oib and hr.oib\) belong to several subjects"):
        await said(house, house.ana, torn)
    with pytest.raises(InvalidRequest):
        await said(house, house.ana, Represented((), "x", "y"))
    async with house.api.worker.database.town(1) as connection:
        assert await connection.fetchval("select count(*) from mandates") == 0


async def test_a_login_for_a_company_leaves_its_mandate(house):
    """At the arrival of a browser, whose own login a company with contradicting numbers does not stop."""

    async def arrive(represents: Represented | None) -> list[str]:
        town = house.api.hub.towns.by_slug["pregrada"]
        who = {"subject_id": house.ana, "staff_id": None, "login_id": new_uuid(), "provider": "nias"}
        how = {"assurance": Assurance.HIGH, "methods": (), "authenticated_at": house.api.clock.now(), "logout": {}}
        with capture_logs() as logs:
            await representing.remember(house.api.hub, town, Arrived(None, **who, **how, represents=represents))
        return [f"{one['event']}: {one['because']}" for one in logs]

    assert await arrive(None) == []
    torn = Represented((("hr.oib", ANA), ("hr.oib", IVO)), "x", "y")
    assert await arrive(torn) == [
        "represented_left_out: The numbers of this company (hr.oib and hr.oib) belong to several subjects."
    ]
    assert await listed(house, house.ana) == []
    assert await arrive(VINOGRADI) == []
    assert [one["represented"]["name"] for one in await listed(house, house.ana)] == ["Vinogradi Bregana d.o.o."]


# ── The clerk's door ─────────────────────────────────────────────────────────────────────────────


def body(house, **changed) -> dict:
    wanted = {"holder": public_id("sub", house.ivo), "represented": public_id("sub", house.ana)}
    return wanted | {"kind": "guardianship", "source": " Rješenje Zavoda 12/2026 "} | changed


async def add(house, **changed):
    headers = house.token(staff_id=house.staff[Role.CLERK])
    return await house.api.client.post(ADMIN, json=body(house, **changed), headers=headers)


async def test_a_clerk_records_and_ends_a_mandate(house):
    answer = await add(house, valid_until="2030-01-01T00:00:00+01:00")
    assert answer.status_code == 201
    made = answer.json()
    assert made == body(house) | {
        "id": made["id"],
        "source": "Rješenje Zavoda 12/2026",
        "valid_from": "2026-11-21T10:00:00Z",
        "valid_until": "2029-12-31T23:00:00Z",
    }
    assert (await account(house, house.ivo, house.ana))[0] == 200
    again = await add(house)
    assert again.status_code == 409
    assert made["id"] in again.json()["detail"]
    headers = house.token(staff_id=house.staff[Role.CLERK])
    ended = await house.api.client.delete(f"{ADMIN}/{made['id']}", headers=headers, params={"why": "punoljetna"})
    assert (ended.status_code, ended.content) == (204, b"")
    assert (await account(house, house.ivo, house.ana))[0] == 404
    for wrong in (made["id"], public_id("man", new_uuid()), "man_x"):
        answer = await house.api.client.delete(f"{ADMIN}/{wrong}", headers=headers, params={"why": "x"})
        assert answer.status_code == 404
    async with house.api.worker.database.town(1) as connection:
        row = await connection.fetchrow("select recorded_by, ended_by, ended_for, proof from mandates")
    clerk = public_id("stf", house.staff[Role.CLERK])
    assert tuple(row) == (clerk, clerk, "punoljetna", "clerk")


@pytest.mark.parametrize(
    ("changed", "status"),
    [
        ({"holder": public_id("sub", new_uuid())}, 404),
        ({"represented": public_id("sub", new_uuid())}, 404),
        ({"holder": "sub_x"}, 422),
        ({"kind": "company"}, 422),  # of a person nobody is the representative in that way
        ({"kind": "friendship"}, 422),
        ({"source": "  "}, 422),
        ({"valid_until": "2026-11-21T10:00:00Z"}, 422),
        ({"valid_from": "2027-01-02T00:00:00Z", "valid_until": "2027-01-01T00:00:00Z"}, 422),
        ({"valid_until": "2030-01-01T00:00:00"}, 422),
        ({"because": "x"}, 422),
    ],
)
async def test_what_a_clerk_cannot_record(house, changed, status):
    answer = await add(house, **changed)
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json")


async def test_nobody_is_her_own_guardian_and_no_company_a_ward(house):
    assert (await add(house, represented=public_id("sub", house.ivo))).status_code == 422
    company = (await said(house, house.ana)).represented_id
    assert (await add(house, represented=public_id("sub", company))).status_code == 422
    assert (await add(house, represented=public_id("sub", company), kind="company")).status_code == 201


async def test_a_mandate_for_somebody_of_another_town(house):
    stranger = await house.api.subject("vzorov", "Eva Třetí")
    assert (await add(house, represented=public_id("sub", stranger))).status_code == 404
