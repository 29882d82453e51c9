"""Who a login is: by proof and by nothing else, and all of it can be taken back."""

from datetime import date, timedelta

import pytest

from hub.kernel.errors import InvalidRequest, LoginRefused, NotFound, TooManyRequests
from hub.logins.claims import Claimed
from hub.ports.eid import Represented
from hub.subjects import service as subjects
from hub.subjects.model import Proof, SubjectKind
from tests.integration.logins.conftest import text_of
from tests.integration.logins.eid import identity
from tests.support.records import ANA, IVO

PARTNER = "pregrada_financije.partner"


async def subject_of(house, said=None, **wanted):
    browser = house.browser()
    arrived = await house.log_in(browser, said, **wanted)
    assert arrived.status_code == 303, text_of(arrived)
    return (await house.session(browser)).subject_id


async def alias(house, subject_id, scheme, value, proof=Proof.REGISTRY):
    async with house.hub.worker.database.town(house.city_id) as connection:
        keys = await house.hub.worker.vault.keys(connection, house.city_id)
        return await subjects.prove(
            connection, keys, subject_id, scheme, value, proof=proof, source="register", now=house.hub.clock.now()
        )


async def owner(house, scheme, value):
    async with house.hub.worker.database.town(house.city_id) as connection:
        keys = await house.hub.worker.vault.keys(connection, house.city_id)
        return await subjects.subject_of(connection, keys, scheme, value)


async def test_a_proven_identifier_leads_to_whom_the_register_knows(house):
    known = await house.hub.subject("pregrada", "ŠĆRBAČIĆ ANA", hr_oib=ANA)
    assert await subject_of(house, identity(identifiers=(("hr.oib", ANA),))) == known
    assert (await house.row("select linked_by from logins"))["linked_by"] == "identifier"
    # The name is the register's.
    assert (await house.row("select name from subjects"))["name"] == "ŠĆRBAČIĆ ANA"


async def test_an_identifier_nobody_had_is_hers_from_now_on(house):
    ana = await subject_of(house, identity(identifiers=(("hr.oib", ANA),)))
    assert await owner(house, "hr.oib", ANA) == ana
    row = await house.row("select proof, source from aliases")
    assert tuple(row) == ("eid", "eid:card")
    # Another eID that proves the same number is hers too.
    assert await subject_of(house, identity(subject="other", identifiers=(("hr.oib", ANA),)), eid="post") == ana


async def test_a_name_and_a_birth_date_decide_nothing(house):
    first = await subject_of(house, identity(birth_date=date(1980, 1, 1)))
    second = await subject_of(house, identity(subject="another", birth_date=date(1980, 1, 1)))
    known = await house.hub.subject("pregrada", "Ana Šćrbačić")
    assert len({first, second, known}) == 3


async def test_the_same_id_at_two_eids_is_two_persons(house):
    assert await subject_of(house) != await subject_of(house, eid="post")


async def test_a_pseudonym_that_later_proves_an_identifier(house):
    """First a login that told nothing more; then the same one tells the number of somebody the register knows."""
    bare = await subject_of(house)
    known = await house.hub.subject("pregrada", hr_oib=ANA)
    assert await subject_of(house, identity(identifiers=(("hr.oib", ANA),))) == known
    merge = await house.row("select merge_id, subject_id, into_id, actor from subject_merges")
    assert tuple(merge)[1:] == (bare, known, "eid:card")
    async with house.hub.worker.database.town(house.city_id) as connection:
        await subjects.undo_merge(
            connection, house.city_id, merge["merge_id"], why="mistake", now=house.hub.clock.now()
        )
    # The login is the bare subject's again; the number stays whose it was.
    assert await subject_of(house) == bare
    assert await owner(house, "hr.oib", ANA) == known


async def refused(house, said, *, because):
    browser = house.browser()
    before = await house.count("subjects"), await house.count("aliases"), await house.count("sessions")
    page = await house.log_in(browser, said)
    assert page.status_code == 403
    assert "bez dvojbe utvrditi" in text_of(page)
    assert (await house.count("subjects"), await house.count("aliases"), await house.count("sessions")) == before
    relay = await house.begin(browser)
    answered = await house.answer(browser, relay, said)
    arrival = answered.headers["location"].split("t=")[1]
    with pytest.raises(LoginRefused) as error:
        await house.hub.hub.logins.arrive(house.town, arrival, browser.cookies["munihub_login_pregrada"])
    assert (error.value.reason, str(error.value)) == ("conflict", because)


async def test_what_belongs_to_two_is_for_a_clerk(house):
    await house.hub.subject("pregrada", hr_oib=ANA)
    ivo = await house.hub.subject("pregrada")
    await alias(house, ivo, "cz.ico", "00262978")
    said = identity(identifiers=(("hr.oib", ANA), ("cz.ico", "00262978")))
    await refused(house, said, because="the identifiers it proves belong to two subjects")


async def test_a_login_whose_number_is_suddenly_anothers_is_for_a_clerk(house):
    await subject_of(house, identity(identifiers=(("hr.oib", ANA),)))
    await house.hub.subject("pregrada", hr_oib=IVO)
    because = "the login is one subject's and an identifier it proves is another's"
    await refused(house, identity(identifiers=(("hr.oib", IVO),)), because=because)


async def test_a_login_whose_number_changed_is_for_a_clerk(house):
    await subject_of(house, identity(identifiers=(("hr.oib", ANA),)))
    because = "its hr.oib is another than the subject has"
    await refused(house, identity(identifiers=(("hr.oib", IVO),)), because=because)


async def test_two_numbers_of_one_scheme_are_for_a_clerk(house):
    because = "the eID states two values of one scheme"
    await refused(house, identity(identifiers=(("hr.oib", ANA), ("hr.oib", IVO))), because=because)


async def test_a_company_is_no_person(house):
    async with house.hub.worker.database.town(house.city_id) as connection:
        company = await subjects.create(connection, house.city_id, SubjectKind.ENTITY, "Niskogradnja d.o.o.")
    await alias(house, company, "hr.oib", ANA)
    because = "the eID says person, the subject is none"
    await refused(house, identity(identifiers=(("hr.oib", ANA),)), because=because)
    assert await subject_of(house, identity(kind="entity", identifiers=(("hr.oib", ANA),))) == company


async def test_a_sole_trader_for_whom_somebody_acted_first_is_herself_when_she_comes(house):
    """A trade has the number of whoever carries it on, and is no person of its own."""
    trade = Represented(identifiers=(("hr.oib", ANA),), name="Cvjećarna Ana, obrt", source="card")
    employee = await subject_of(house, identity(subject="employee", represents=trade))
    known = await owner(house, "hr.oib", ANA)
    assert (await house.row("select kind from subjects where subject_id = $1", known))["kind"] == "entity"
    ana = await subject_of(house, identity(identifiers=(("hr.oib", ANA),)))
    assert ana == known
    row = await house.row("select kind, name from subjects where subject_id = $1", known)
    assert tuple(row) == ("person", "Ana Šćrbačić")
    # Whoever acts for her still does, and the next time her kind is no news.
    mandate = await house.row("select holder_id, represented_id from mandates")
    assert tuple(mandate) == (employee, ana)
    assert await subject_of(house, identity(identifiers=(("hr.oib", ANA),))) == ana


async def test_a_company_the_counter_knows_is_nobody_by_an_eid(house):
    """Also where somebody has acted for it: a clerk has seen that it is one."""
    trade = Represented(identifiers=(("hr.oib", ANA),), name="Niskogradnja d.o.o.", source="card")
    await subject_of(house, identity(subject="employee", represents=trade))
    await alias(house, await owner(house, "hr.oib", ANA), PARTNER, "77", proof=Proof.CLERK)
    because = "the eID says person, the subject is none"
    await refused(house, identity(identifiers=(("hr.oib", ANA),)), because=because)


async def test_a_number_that_is_none_is_refused(house):
    browser = house.browser()
    page = await house.log_in(browser, identity(identifiers=(("hr.oib", "12345678901"),)))
    assert page.status_code == 403
    assert await house.count("subjects") == 0


async def test_identifiers_are_found_after_the_keys_were_replaced(house):
    from hub.subjects import rotation

    ana = await subject_of(house, identity(identifiers=(("hr.oib", ANA),)))
    pseudonym = await subject_of(house, identity(subject="other"))
    worker = house.hub.worker
    await rotation.rotate(worker.database, worker.vault, house.city_id)
    assert await subject_of(house, identity(identifiers=(("hr.oib", ANA),))) == ana
    assert await subject_of(house, identity(subject="other")) == pseudonym


# ── By a clerk ──


async def test_a_clerk_links_a_login_and_takes_it_back(house):
    linking = house.hub.hub.linking
    bare = await subject_of(house)
    known = await house.hub.subject("pregrada", hr_oib=ANA)
    (login,) = await linking.logins_of(house.city_id, bare)
    assert (login.provider, login.linked_by, login.revoked_at) == ("card", "new", None)

    linked = await linking.link(house.city_id, login.login_id, known, by="clerk Marija")
    assert await subject_of(house) == known
    (now,) = await linking.logins_of(house.city_id, known)
    assert (now.login_id, now.linked_by, now.linked_for) == (linked, "clerk", "clerk Marija")
    (old,) = await linking.logins_of(house.city_id, bare)
    assert (old.revoked_at, old.revoked_for) == (house.hub.clock.now(), "linked anew by clerk Marija")

    await linking.link(house.city_id, linked, bare, by="clerk Marija")
    assert await subject_of(house) == bare

    with pytest.raises(NotFound):
        await linking.link(house.city_id, linked, known, by="clerk Marija")  # revoked by now
    with pytest.raises(NotFound):
        await linking.link_staff(house.city_id, login.login_id, known, by="x")


async def test_a_revoked_login_leads_nowhere(house):
    linking = house.hub.hub.linking
    bare = await subject_of(house)
    (login,) = await linking.logins_of(house.city_id, bare)
    await linking.revoke(house.city_id, login.login_id, why="the card was stolen")
    again = await subject_of(house)
    assert again != bare
    with pytest.raises(NotFound):
        await linking.revoke(house.city_id, login.login_id, why="twice")


# ── By a code from a bill ──


async def test_a_contract_is_claimed_and_given_back(house):
    linking = house.hub.hub.linking
    ana = await subject_of(house)
    code = await linking.issue_claim(house.city_id, PARTNER, "K-0042", by="billing")
    assert len(code) == 14
    assert await linking.claim(house.city_id, ana, "k-0042 ", code) is Claimed.WRONG
    assert await linking.claim(house.city_id, ana, "K-0042", code.lower().replace("-", " ")) is Claimed.YES
    assert await owner(house, PARTNER, "K-0042") == ana
    assert (await house.row("select proof from aliases"))["proof"] == "claim"
    # A code is good once.
    ivo = await subject_of(house, identity(subject="ivo"))
    assert await linking.claim(house.city_id, ivo, "K-0042", code) is Claimed.WRONG

    claim = await house.row("select claim_id, subject_id from claims")
    assert claim["subject_id"] == ana
    await linking.undo_claim(house.city_id, claim["claim_id"], why="sent to the wrong house")
    assert await owner(house, PARTNER, "K-0042") is None
    with pytest.raises(NotFound):
        await linking.undo_claim(house.city_id, claim["claim_id"], why="twice")


async def test_a_contract_of_whom_the_register_knows_joins_the_two(house):
    """What the citizen of an eID without a national number has: a pseudonym, and a bill."""
    linking = house.hub.hub.linking
    known = await house.hub.subject("pregrada", hr_oib=ANA)
    await alias(house, known, PARTNER, "K-0042")
    browser = house.browser()
    await house.log_in(browser)
    bare = (await house.session(browser)).subject_id
    code = await linking.issue_claim(house.city_id, PARTNER, "K-0042", by="billing")
    assert await linking.claim(house.city_id, bare, "K-0042", code) is Claimed.YES
    assert await subject_of(house) == known
    # The session she has goes on, and is the known subject's.
    async with house.hub.hub.database.citizen(house.city_id, bare) as connection:
        row = await connection.fetchrow("select count(*) as aliases from aliases")
    assert row["aliases"] == 2

    claim = await house.row("select claim_id from claims")
    await linking.undo_claim(house.city_id, claim["claim_id"], why="mistake")
    assert await subject_of(house) == bare
    assert await owner(house, PARTNER, "K-0042") == known


async def test_a_contract_of_somebody_else_for_certain(house):
    linking = house.hub.hub.linking
    known = await house.hub.subject("pregrada", hr_oib=ANA)
    await alias(house, known, PARTNER, "K-0042")
    ivo = await subject_of(house, identity(identifiers=(("hr.oib", IVO),)))
    code = await linking.issue_claim(house.city_id, PARTNER, "K-0042", by="billing")
    assert await linking.claim(house.city_id, ivo, "K-0042", code) is Claimed.CONFLICT
    assert await house.count("subject_merges") == 0


async def test_two_of_one_household_are_not_one_person(house):
    """The bill of this month is opened by the one, that of the next by the other. The eID knows them as two."""
    linking = house.hub.hub.linking
    ana, ivo = await subject_of(house), await subject_of(house, identity(subject="ivo"))
    code = await linking.issue_claim(house.city_id, PARTNER, "K-0042", by="billing")
    assert await linking.claim(house.city_id, ana, "K-0042", code) is Claimed.YES
    code = await linking.issue_claim(house.city_id, PARTNER, "K-0042", by="billing")
    assert await linking.claim(house.city_id, ivo, "K-0042", code) is Claimed.CONFLICT
    assert await house.count("subject_merges") == 0


async def test_whoever_opens_a_companys_bill_is_not_the_company(house):
    linking = house.hub.hub.linking
    async with house.hub.worker.database.town(house.city_id) as connection:
        company = await subjects.create(connection, house.city_id, SubjectKind.ENTITY, "Vinogradi d.o.o.")
    await alias(house, company, PARTNER, "K-0042")
    ana = await subject_of(house)
    code = await linking.issue_claim(house.city_id, PARTNER, "K-0042", by="billing")
    assert await linking.claim(house.city_id, ana, "K-0042", code) is Claimed.CONFLICT
    assert await subject_of(house) == ana


async def test_a_code_is_not_tried_for_ever(house):
    linking = house.hub.hub.linking
    code = await linking.issue_claim(house.city_id, PARTNER, "K-0042", by="billing")
    ana, ivo = await subject_of(house), await subject_of(house, identity(subject="ivo"))
    for _ in range(10):
        assert await linking.claim(house.city_id, ana, "K-0042", "0000-0000-0000") is Claimed.WRONG
    with pytest.raises(TooManyRequests):
        await linking.claim(house.city_id, ana, "K-0042", code)
    # Nor by another one, whom nobody has slowed down: this code is burnt.
    assert await linking.claim(house.city_id, ivo, "K-0042", code) is Claimed.WRONG
    # A new one is not.
    code = await linking.issue_claim(house.city_id, PARTNER, "K-0042", by="billing")
    assert await linking.claim(house.city_id, ivo, "K-0042", code) is Claimed.YES


async def test_a_code_ends(house):
    linking = house.hub.hub.linking
    ana = await subject_of(house)
    first = await linking.issue_claim(house.city_id, PARTNER, "K-0042", by="billing")
    second = await linking.issue_claim(house.city_id, PARTNER, "K-0042", by="billing")
    assert await linking.claim(house.city_id, ana, "K-0042", first) is Claimed.WRONG
    house.hub.clock.move(timedelta(days=60))
    assert await linking.claim(house.city_id, ana, "K-0042", second) is Claimed.WRONG


async def test_no_code_for_a_national_number(house):
    with pytest.raises(InvalidRequest):
        await house.hub.hub.linking.issue_claim(house.city_id, "hr.oib", ANA, by="billing")
    with pytest.raises(InvalidRequest):
        await house.hub.hub.linking.issue_claim(house.city_id, PARTNER, "", by="billing")


async def test_the_page_of_a_claim(house):
    browser = house.browser()
    assert (await browser.get("/pregrada/login/claim")).status_code == 403
    await house.log_in(browser)
    code = await house.hub.hub.linking.issue_claim(house.city_id, PARTNER, "K-0042", by="billing")
    page = await browser.get("/pregrada/login/claim")
    token = page.text.split('name="form" value="')[1].split('"')[0]
    empty = await browser.post("/pregrada/login/claim", data={"form": token, "number": " ", "code": ""})
    assert empty.status_code == 422
    assert "<title>Pogreška: Pridruži ugovor" in empty.text
    assert '<a href="#number">Upišite broj ugovora</a>' in empty.text
    assert 'aria-describedby="number-hint number-fault"' in empty.text
    wrong = await browser.post("/pregrada/login/claim", data={"form": token, "number": '"><b>', "code": code})
    assert wrong.status_code == 422
    assert 'value="&#34;&gt;&lt;b&gt;"' in wrong.text
    right = await browser.post("/pregrada/login/claim", data={"form": token, "number": "K-0042", "code": code})
    assert (right.status_code, right.headers["location"]) == (303, "/pregrada/login/claim/done")
    assert "Ugovor je pridružen" in text_of(await browser.get(right.headers["location"]))
