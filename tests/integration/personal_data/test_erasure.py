"""A person is erased: what goes, what stays and why, and that nobody else loses anything."""

import json
from datetime import UTC, date, datetime, timedelta

import pytest

from hub.access_log import seals
from hub.access_log.service import listed
from hub.jobs.queue import Job
from hub.kernel.errors import Conflict, NotFound
from hub.kernel.ids import parse_public_id, public_id
from hub.mandates import service as mandates
from hub.mapping.model import PartyRef, Record
from hub.personal_data import erasure, requests
from hub.personal_data.holdings import HOLDINGS
from hub.personal_data.model import Blank, Delete, Keep
from hub.personal_data.requests import Decision, State, months_later
from hub.storage import retention
from hub.storage.database import NIL
from hub.subjects import service as subjects
from hub.subjects.model import Proof
from hub.subjects.service import SubjectProjection
from hub.worker import Work
from tests.integration.personal_data.lives import live, rows_of
from tests.support.records import ANA, IVO, source

OWN = "/pregrada/v1/personal-data/erasure"
ADMIN = "/pregrada/admin/v1/erasures"


@pytest.fixture
async def people(hub):
    ivo = await live(hub, IVO, "Ivo Drugi")
    return await live(hub, ANA, "Ana Prva", ivo.subject_id), ivo


def city_of(hub):
    return hub.worker.towns.by_slug["pregrada"].city


async def erase(hub, life):
    async with hub.worker.database.town(1) as connection:
        return await erasure.erase(connection, 1, life.subject_id, hub.clock.now())


async def everything(hub) -> str:
    """All rows of the town as one text, without what is only mentioned in raw messages."""
    texts = []
    async with hub.worker.database.town(1) as connection:
        tables = await connection.fetch("select table_name from retention where table_name <> 'retention'")
        for row in tables:
            texts += [one["t"] for one in await connection.fetch(f"select t::text as t from {row['table_name']} t")]
    return "\n".join(texts)


# ── What becomes of everything ───────────────────────────────────────────────────────────────────


async def test_every_table_is_as_it_was_decided(hub, people):
    ana, ivo = people
    before, others = await rows_of(hub, ana), await rows_of(hub, ivo)
    report = await erase(hub, ana)
    erased = {one.table: one.rows for one in report.erased}
    kept = {one.table: (one.rows, one.blanked) for one in report.kept}
    for holding in HOLDINGS:
        name, number = holding.table, before[holding.table]
        if name == "identifiers":
            # Those of the login and of the claim are nobody's any more; the OIB stands in records.
            assert (erased.pop(name), kept.pop(name)) == (2, (1, True))
        elif isinstance(holding.erasure, Delete):
            assert erased.pop(name) == number, name
        else:
            assert kept.pop(name) == (number, isinstance(holding.erasure, Blank)), name
    assert (erased, kept) == ({}, {})
    after = await rows_of(hub, ana)
    # Of what she paid the books remain, found by the id that nothing leads to any more.
    books = {one.table for one in HOLDINGS if "from payments" in one.whose} | {"payments"}
    found = {name for name, number in after.items() if number}
    assert found == {"mandates", "erasure_requests", "subjects"} | books
    assert await rows_of(hub, ivo) == others
    for one in report.kept:
        assert one.why


async def test_nothing_tells_any_more_who_she_was(hub, people):
    ana, _ = people
    text = await everything(hub)
    words = ("Ana Prva (2)", f"user{ANA}", "words of Ana Prva", *ana.secrets)
    for word in words:
        assert word in text or word == ana.secrets[0], word
    await erase(hub, ana)
    text = await everything(hub)
    for word in words:
        assert word not in text, word
    # Her id is left in the mandate, in a refused request, in an empty row and in two payments: none says who it is.
    lines = [line for line in text.splitlines() if str(ana.subject_id) in line]
    assert len(lines) == 5
    assert not [line for line in lines if "Ana" in line]


async def test_what_she_was_called_once_goes_too(hub, people):
    """An eID's id of a login that was revoked, and a number that turned out not to be hers."""
    ana, ivo = people
    async with hub.worker.database.town(1) as connection:
        keys = await hub.worker.vault.keys(connection, 1)
        await connection.execute("update logins set revoked_at = now() where subject_id = $1", ana.subject_id)
        how = {"proof": Proof.CLERK, "source": "clerk", "now": hub.clock.now()}
        for life in (ana, ivo):
            for scheme, value in (("financije.ugovor", "K-1"), ("financije.ugovor", f"K-{life.oib}")):
                alias = await subjects.prove(connection, keys, life.subject_id, scheme, value, **how)
                await subjects.revoke(connection, 1, alias, why="a mistake", now=hub.clock.now())
    await erase(hub, ana)
    async with hub.worker.database.town(1) as connection:
        rows = await connection.fetch("select identifier_id, value, erased_at from identifiers")
        left = {subjects.value_of(keys, row["identifier_id"], row["value"]): row["erased_at"] for row in rows}
    assert set(left) == {ANA, IVO, f"nias-{IVO}", f"partner-{IVO}", "K-1", f"K-{IVO}"}
    assert [one for one, erased_at in left.items() if erased_at] == [ANA]


async def test_what_somebody_else_claimed_stays_his(hub, people):
    """Her number was his for a while, by the code on a bill."""
    ana, ivo = people
    async with hub.worker.database.town(1) as connection:
        keys = await hub.worker.vault.keys(connection, 1)
        how = {"proof": Proof.CLERK, "source": "clerk", "now": hub.clock.now()}
        await subjects.prove(connection, keys, ana.subject_id, "financije.partner", f"partner-{IVO}", **how)
    before = await rows_of(hub, ivo)
    await erase(hub, ana)
    assert (await rows_of(hub, ivo))["claims"] == before["claims"] == 1


async def test_nobody_acts_for_her_any_more(hub, people):
    ana, ivo = people
    now = hub.clock.now()
    async with hub.worker.database.town(1) as connection:
        assert await mandates.in_force(connection, ana.subject_id, ivo.subject_id, now)
    await erase(hub, ivo)
    async with hub.worker.database.town(1) as connection:
        assert await mandates.in_force(connection, ana.subject_id, ivo.subject_id, now) is None
        assert await connection.fetchval("select ended_for from mandates") == "erased"


async def test_records_of_the_offices_stay_and_are_nobodys(hub, people):
    ana, _ = people
    account = "/pregrada/v1/account"
    assert (
        len((await hub.client.get(account, headers=hub.token("pregrada", ana.subject_id))).json()["cases"]["items"])
        == 1
    )
    await erase(hub, ana)
    body = (await hub.client.get(account, headers=hub.token("pregrada", ana.subject_id))).json()
    assert (body["subject"]["name"], body["obligations"]["items"], body["cases"]["items"]) == (None, None, None)
    async with hub.worker.database.town(1) as connection:
        assert await connection.fetchval("select count(*) from obligations") == 2
        keys = await hub.worker.vault.keys(connection, 1)
        (one,) = await subjects.unassigned(connection, keys)
        # No sweep asks about her: it takes the identifiers that somebody has proven.
        assert len(await subjects.identifiers_in_use(connection, 1, "hr.oib")) == 1
        assert await subjects.subject_of(connection, keys, "hr.oib", ANA) is None
    assert one.records == 2


def _registered(oib: str) -> Record:
    values = {"kind": "person", "name": "Ana Prva"}
    return Record(key=f"r-{oib}", version=7, parties=(PartyRef("self", "hr.oib", oib),), values=values)


async def test_a_register_does_not_bring_her_back_but_she_may_come(hub, people):
    ana, _ = people
    await erase(hub, ana)
    async with hub.worker.database.town(1) as connection:
        keys = await hub.worker.vault.keys(connection, 1)
        told = source(back_office="registr", feed="subjects")
        changed = await SubjectProjection().apply(connection, keys, told, [_registered(ANA)])
        assert changed == set()
        assert await subjects.subject_of(connection, keys, "hr.oib", ANA) is None
        assert await connection.fetchval("select count(*) from subjects where name like 'Ana%'") == 0
    # She logs in again: a new account, with the records that name her, and the register may name her again.
    new = await hub.subject("pregrada", "Ana Prva", hr_oib=ANA)
    assert new != ana.subject_id
    async with hub.worker.database.town(1) as connection:
        changed = await SubjectProjection().apply(connection, keys, told, [_registered(ANA)])
        assert await subjects.subject_of(connection, keys, "hr.oib", ANA) == new
        assert await connection.fetchval("select erased_at from identifiers where erased_at is not null") is None
    body = (await hub.client.get("/pregrada/v1/account", headers=hub.token("pregrada", new))).json()
    assert len(body["obligations"]["items"]) == 1


async def test_the_log_stays_whole_and_leads_to_nobody(hub, people):
    ana, _ = people
    hub.clock.move(timedelta(hours=1))
    async with hub.worker.database.town(1) as connection:
        assert (await seals.seal(connection, 1, hub.clock.now())).rows == 2
    async with hub.hub.database.audit(1) as connection:
        before = {one.entry_id: one for one in await listed(connection, None, None, 10)}
    await erase(hub, ana)
    async with hub.hub.database.audit(1) as connection:
        after = await listed(connection, None, None, 10)
        assert await listed(connection, ana.subject_id, None, 10) == []
    assert [one.subject for one in after] == [before[one.entry_id].subject for one in after]
    assert sorted(one.subject_id is None for one in after) == [False, True]
    async with hub.worker.database.town(1) as connection:
        assert await seals.verify(connection, 1, hub.clock.now()) == seals.Verdict(1, 0, 2, 0, None)


async def test_an_identifier_that_somebody_else_needs_stays(hub, people):
    """The clerk's own login at an eID: the same account is a citizen's and a member of staff's."""
    ana, _ = people
    async with hub.worker.database.town(1) as connection:
        staff_id = ana.merged  # any id
        await connection.execute(
            """insert into logins (city_id, login_id, provider, identifier_id, staff, staff_id, linked_by, created_at, used_at)
               select 1, gen_random_uuid(), 'nias', identifier_id, true, $2, 'clerk', now(), now() from logins
               where city_id = 1 and subject_id = $1""",
            ana.subject_id,
            staff_id,
        )
    report = await erase(hub, ana)
    assert [one.rows for one in report.erased if one.table == "logins"] == [1]
    assert [one.rows for one in report.erased if one.table == "identifiers"] == [1]  # that of the claim
    async with hub.worker.database.town(1) as connection:
        assert await connection.fetchval("select count(*) from logins where staff_id = $1", staff_id) == 1


async def test_nobody_of_this_town(hub, people):
    async with hub.worker.database.town(2) as connection:
        with pytest.raises(NotFound):
            await erasure.erase(connection, 2, people[0].subject_id, hub.clock.now())
    assert (await rows_of(hub, people[0]))["aliases"] == 1


def test_everything_kept_has_a_reason():
    for holding in HOLDINGS:
        if isinstance(holding.erasure, Keep | Blank):
            assert len(holding.erasure.why) > 20


# ── Requests ─────────────────────────────────────────────────────────────────────────────────────


async def ask(hub, subject_id, **body):
    answer = await hub.client.post(OWN, json=body, headers=hub.token("pregrada", subject_id))
    assert answer.status_code == 200, answer.text
    return answer.json()


async def decide(hub, name, decision, reason=None):
    content = {"decision": decision, "reason": reason}
    return await hub.client.post(f"{ADMIN}/{name}/decision", json=content, headers=hub.staff("pregrada"))


async def do_jobs(hub) -> int:
    work = Work(hub.worker)
    rows = await hub.worker.database.pool.fetch("delete from jobs where kind = 'personal_data.erase' returning *")
    for row in rows:
        job = Job(row["city_id"], row["id"], row["kind"], row["key"], json.loads(row["payload"]), 1, 5, NIL)
        await work.handlers()[row["kind"]].run(job)
    return len(rows)


@pytest.fixture
async def ana(hub):
    return await hub.subject("pregrada", "Ana Prva", hr_oib=ANA)


async def test_from_the_request_to_the_report(hub, people):
    ana, _ = people
    asked = await ask(hub, ana.subject_id, words="Odselila sam.")
    assert (asked["state"], asked["due_on"], asked["extended"]) == ("open", "2026-12-21", False)
    assert (await ask(hub, ana.subject_id))["id"] == asked["id"]
    (seen,) = (await hub.client.get(ADMIN, headers=hub.staff("pregrada"))).json()["items"]
    assert (seen["id"], seen["words"], seen["subject"]) == (
        asked["id"],
        "Odselila sam.",
        public_id("sub", ana.subject_id),
    )

    granted = await decide(hub, asked["id"], "grant", "Ana Prva moved to Zagreb")
    assert (granted.status_code, granted.json()["state"], granted.json()["decided_by"]) == (
        200,
        "granted",
        "development",
    )
    assert (await decide(hub, asked["id"], "refuse", "no")).status_code == 409
    own = (await hub.client.get(OWN, headers=hub.token("pregrada", ana.subject_id))).json()["items"]
    assert [one["state"] for one in own] == ["granted", "refused"]
    async with hub.hub.database.audit(1) as connection:
        looks = [one.what for one in await listed(connection, ana.subject_id, None, 10)]
    assert set(looks) == {"read_account", "list_erasures", "decide_erasure"}

    assert await do_jobs(hub) == 1
    done = (await hub.client.get(f"{ADMIN}/{asked['id']}", headers=hub.staff("pregrada"))).json()
    assert (done["state"], done["subject"], done["words"], done["reason"]) == ("erased", None, None, None)
    report = done["report"]
    assert {"table": "aliases", "rows": 1} in report["erased"]
    assert {one["table"] for one in report["kept"]} >= {"obligations", "cases", "access_log"}
    assert all(one["why"] for one in report["kept"])
    assert (await hub.client.get(ADMIN, headers=hub.staff("pregrada"))).json() == {"items": []}
    # The job that runs a second time finds it done.
    async with hub.worker.database.town(1) as connection:
        again = await requests.carry_out(connection, city_of(hub), parse_public_id("era", asked["id"]), hub.clock.now())
    assert again is None


async def test_the_reasons_of_earlier_decisions_go_with_her(hub, people):
    ana, ivo = people
    asked = await ask(hub, ana.subject_id)
    await decide(hub, asked["id"], "refuse", "Ana Prva owes the rent of Trg 1")
    again = await ask(hub, ana.subject_id)
    await decide(hub, again["id"], "grant")
    assert await do_jobs(hub) == 1
    async with hub.worker.database.town(1) as connection:
        rows = await connection.fetch("select subject_id, state, reason from erasure_requests")
    hers = {(row["state"], row["reason"]) for row in rows if row["subject_id"] != ivo.subject_id}
    assert hers == {("refused", None), ("erased", None)}
    assert [row["reason"] for row in rows if row["subject_id"] == ivo.subject_id] == ["You owe us."]


async def test_front_ends_hear_that_an_erased_persons_sessions_are_over(hub, people):
    """By the job and by the command alike: it is told in the transaction that erases her."""
    ana, ivo = people
    asked = await ask(hub, ana.subject_id)
    await decide(hub, asked["id"], "grant")
    city = city_of(hub)
    portal = city.clients["portal"].model_copy(update={"backchannel_logout_uri": "https://portal.test/bye"})
    told = city.model_copy(update={"clients": {**city.clients, "portal": portal}})
    async with hub.worker.database.town(1) as connection:
        hers = await connection.fetchval("select session_id from sessions where subject_id = $1", ana.subject_id)
        await requests.carry_out(connection, told, parse_public_id("era", asked["id"]), hub.clock.now())
    rows = await hub.worker.database.pool.fetch("select payload::text from jobs where kind = 'grants.logout'")
    assert [json.loads(row["payload"]) for row in rows] == [{"client": "portal", "session": str(hers)}]
    assert (await rows_of(hub, ivo))["sessions"] == 1


async def test_a_refusal_says_why_and_where_to_complain(hub, ana):
    asked = await ask(hub, ana)
    assert (await decide(hub, asked["id"], "refuse")).status_code == 422
    assert (await decide(hub, asked["id"], "refuse", " ")).status_code == 422
    assert (await decide(hub, asked["id"], "refuse", "Postupak je u tijeku.")).status_code == 200
    headers = hub.token("pregrada", ana) | {"Accept-Language": "hr"}
    (own,) = (await hub.client.get(OWN, headers=headers)).json()["items"]
    assert (own["state"], own["reason"]) == ("refused", "Postupak je u tijeku.")
    assert "nadzornom tijelu" in own["text"]
    assert await do_jobs(hub) == 0
    async with hub.worker.database.town(1) as connection:
        assert await connection.fetchval("select name from subjects where subject_id = $1", ana) == "Ana Prva"
    # She may ask again.
    assert (await ask(hub, ana))["id"] != asked["id"]


async def test_the_clock_can_be_extended_once_within_the_month(hub, ana):
    asked = await ask(hub, ana)
    assert (await decide(hub, asked["id"], "extend")).status_code == 422
    extended = (await decide(hub, asked["id"], "extend", "Mnogo zapisa.")).json()
    assert (extended["state"], extended["due_on"], extended["extended"]) == ("open", "2027-02-21", True)
    assert (await decide(hub, asked["id"], "extend", "Još.")).status_code == 409
    ivo = await hub.subject("pregrada", "Ivo Drugi", hr_oib=IVO)
    late = await ask(hub, ivo)
    hub.clock.move(timedelta(days=31))
    assert (await decide(hub, late["id"], "extend", "Mnogo.")).status_code == 422
    # The soonest due comes first.
    items = (await hub.client.get(ADMIN, headers=hub.staff("pregrada"))).json()["items"]
    assert [one["id"] for one in items] == [late["id"], asked["id"]]


async def test_only_her_own(hub, ana):
    asked = await ask(hub, ana, words="Odselila sam.")
    ivo = await hub.subject("pregrada", "Ivo Drugi", hr_oib=IVO)
    assert (await hub.client.get(OWN, headers=hub.token("pregrada", ivo))).json() == {"items": []}
    for method, path in (
        ("GET", ADMIN),
        ("GET", f"{ADMIN}/{asked['id']}"),
        ("POST", f"{ADMIN}/{asked['id']}/decision"),
    ):
        content = {"decision": "grant"} if method == "POST" else None
        answer = await hub.client.request(method, path, json=content, headers=hub.token("pregrada", ana))
        assert answer.status_code == 403
    assert (await hub.client.get(f"{ADMIN}/{public_id('era', NIL)}", headers=hub.staff("pregrada"))).status_code == 404
    async with hub.hub.database.citizen(1, ivo) as connection:
        assert await connection.fetch("select * from erasure_requests") == []
    async with hub.hub.database.town(1) as connection:
        assert await connection.fetch("select * from erasure_requests") == []


@pytest.mark.parametrize(
    "body",
    [{"words": "x" * 2001}, {"subject_id": "sub_x"}, {"words": 1}, {"words": "a\x00b"}, {"words": "\ud800"}, []],
)
async def test_what_is_not_a_request(hub, ana, body):
    headers = hub.token("pregrada", ana) | {"Content-Type": "application/json"}
    answer = await hub.client.post(OWN, content=json.dumps(body), headers=headers)
    assert answer.status_code == 422
    assert (await hub.client.get(OWN, headers=hub.token("pregrada", ana))).json() == {"items": []}


async def test_what_was_not_granted_is_not_carried_out(hub, ana):
    asked = parse_public_id("era", (await ask(hub, ana))["id"])
    async with hub.worker.database.town(1) as connection:
        with pytest.raises(Conflict):
            await requests.carry_out(connection, city_of(hub), asked, hub.clock.now())
        with pytest.raises(NotFound):
            await requests.carry_out(connection, city_of(hub), NIL, hub.clock.now())
        assert await connection.fetchval("select name from subjects where subject_id = $1", ana) == "Ana Prva"


async def test_the_api_itself_cannot_erase(hub, people):
    """Its role has no right to: the decision is all it can write."""
    import asyncpg

    async with hub.hub.database.identity(1) as connection:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await erasure.erase(connection, 1, people[0].subject_id, hub.clock.now())


async def test_a_decision_is_kept_five_years(hub, ana):
    asked = await ask(hub, ana)
    await decide(hub, asked["id"], "grant")
    await do_jobs(hub)
    town = [1]
    await retention.keep(hub.worker.database, town, hub.clock.now() + timedelta(days=5 * 365 - 1))
    async with hub.worker.database.town(1) as connection:
        assert await connection.fetchval("select count(*) from erasure_requests") == 1
    await retention.keep(hub.worker.database, town, hub.clock.now() + timedelta(days=5 * 365 + 3))
    async with hub.worker.database.town(1) as connection:
        assert await connection.fetchval("select count(*) from erasure_requests") == 0


@pytest.mark.parametrize(
    ("day", "months", "expected"),
    [
        (date(2026, 11, 21), 1, date(2026, 12, 21)),
        (date(2026, 12, 31), 1, date(2027, 1, 31)),
        (date(2027, 1, 31), 1, date(2027, 2, 28)),
        (date(2028, 1, 31), 1, date(2028, 2, 29)),
        (date(2026, 11, 30), 3, date(2027, 2, 28)),
        (date(2026, 12, 1), 12, date(2027, 12, 1)),
    ],
)
def test_a_month_later(day, months, expected):
    assert months_later(day, months) == expected


async def test_the_day_is_counted_in_the_town(hub, ana):
    """Half past midnight in Zagreb, still yesterday in UTC."""
    hub.clock.at = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    assert (await ask(hub, ana))["due_on"] == "2027-02-01"


def test_states_and_decisions():
    assert set(requests.MOVES) == {("open", "granted"), ("open", "refused"), ("granted", "erased")}
    assert {State(one) for one in State} == set(State)
    assert set(Decision) == {"grant", "refuse", "extend"}


async def test_texts_are_there_in_every_language():
    from portal_api.citizen import personal_data_texts as texts

    wanted = {"hr", "cs", "uk", "ro", "sr-Cyrl", "sr-Latn", "en"}
    assert set(texts.STATES) == set(State)
    for one in (texts.NOTE, *texts.STATES.values()):
        assert set(one) == wanted
        assert all(one.values())
