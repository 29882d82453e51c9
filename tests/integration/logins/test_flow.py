"""A login from the choice of a way to the session, as a browser and an eID make it."""

from datetime import UTC, datetime, timedelta

import pytest

from hub.kernel.assurance import Assurance
from tests.integration.logins.conftest import query_of, text_of
from tests.integration.logins.eid import identity
from tests.support.records import ANA


async def test_by_an_eid_that_is_asked_by_get(house):
    browser = house.browser()
    relay = await house.begin(browser)

    choice = await browser.get("/pregrada/login", params={"t": relay})
    assert choice.status_code == 200
    assert "Moja Pregrada" in choice.text
    assert f'href="/pregrada/login/card/start?t={relay}"' in choice.text

    start = await browser.get("/pregrada/login/card/start", params={"t": relay})
    assert start.status_code == 303
    assert start.headers["location"].startswith("http://eid.test/sso?RelayState=")
    assert house.card.asked.assurance is Assurance.LOW
    assert house.card.asked.language == "hr"

    answered = await house.bring(browser, house.card.answer(identity(methods=("hwk", "pin"))))
    assert answered.status_code == 303
    assert "set-cookie" not in answered.headers
    location = answered.headers["location"]
    assert location.startswith("/pregrada/login/arrive?t=")
    assert relay not in location

    arrived = await browser.get(location)
    assert arrived.status_code == 303
    assert arrived.headers["location"] == "/pregrada/oauth2/authorize?client_id=portal"
    cookie = arrived.headers["set-cookie"]
    assert cookie.startswith("munihub_session_pregrada=")
    assert cookie.endswith("; HttpOnly; Path=/pregrada; SameSite=lax")

    session = await house.session(browser)
    assert (session.provider, session.assurance, session.methods) == ("card", Assurance.SUBSTANTIAL, ("hwk", "pin"))
    assert session.authenticated_at == datetime(2026, 11, 21, 10, 0, tzinfo=UTC)
    assert session.expires_at == datetime(2026, 11, 21, 22, 0, tzinfo=UTC)
    assert session.staff_id is None
    subject = await house.row("select kind, name from subjects where subject_id = $1", session.subject_id)
    assert tuple(subject) == ("person", "Ana Šćrbačić")
    assert await house.count("login_transactions") == 0


async def test_by_an_eid_that_is_asked_by_post(house):
    browser = house.browser()
    relay = await house.begin(browser)
    start = await browser.get("/pregrada/login/post/start", params={"t": relay})
    assert start.status_code == 200
    assert '<form id="onward" method="post" action="http://eid.test/sso">' in start.text
    assert f'<input type="hidden" name="RelayState" value="{relay}">' in start.text
    assert "<button>Nastavi</button>" in start.text
    policy = start.headers["content-security-policy"].split("; ")
    assert (
        "form-action 'self' http://127.0.0.1:8080 http://127.0.0.1:8081 http://eid.test" in policy
    )  # the first two are front ends'
    assert "script-src 'self'" in policy
    assert "default-src 'none'" in policy
    answered = await house.bring(browser, house.post.answer(identity()), eid="post")
    assert (await browser.get(answered.headers["location"])).status_code == 303
    assert (await house.session(browser)).provider == "post"


async def test_without_a_front_end(house):
    """Somebody opens the address of the login herself."""
    browser = house.browser()
    first = await browser.get("/pregrada/login")
    assert first.status_code == 303
    assert "munihub_login_pregrada=" in first.headers["set-cookie"]
    relay = query_of(first.headers["location"])["t"]
    answered = await house.answer(browser, relay)
    arrived = await browser.get(answered.headers["location"])
    assert arrived.headers["location"] == "/pregrada/login/session"
    page = await browser.get("/pregrada/login/session")
    assert "Prijavljeni ste" in text_of(page)
    assert "e-card" in text_of(page)


async def test_the_same_person_is_the_same_subject_again(house):
    one, other = house.browser(), house.browser()
    await house.log_in(one)
    await house.log_in(other)
    first, second = await house.session(one), await house.session(other)
    assert first.subject_id == second.subject_id
    assert first.session_id != second.session_id
    assert await house.count("subjects") == 1
    assert await house.count("logins") == 1


async def test_step_up_goes_on_with_the_session_and_gives_it_a_new_token(house):
    browser = house.browser()
    proven = (("hr.oib", ANA),)
    await house.log_in(browser, identity(assurance=Assurance.LOW, methods=("pwd",), identifiers=proven))
    before, token = await house.session(browser), browser.cookies["munihub_session_pregrada"]

    relay = await house.begin(browser, assurance=Assurance.HIGH)
    choice = await browser.get("/pregrada/login", params={"t": relay})
    assert "potreban pouzdaniji dokaz identiteta" in text_of(choice)
    assert "razina sigurnosti: visoka" in text_of(choice)
    house.hub.clock.move(timedelta(minutes=3))
    said = identity(
        assurance=Assurance.HIGH, methods=("hwk",), authenticated_at=house.hub.clock.now(), identifiers=proven
    )
    answered = await house.answer(browser, relay, said, eid="post")
    await browser.get(answered.headers["location"])

    after = await house.session(browser)
    assert after.session_id == before.session_id
    assert after.expires_at == before.expires_at
    assert (after.assurance, after.methods, after.provider) == (Assurance.HIGH, ("hwk",), "post")
    assert browser.cookies["munihub_session_pregrada"] != token
    assert await house.hub.hub.sessions.find(house.city_id, token) is None


async def test_somebody_else_in_the_same_browser_ends_the_session_before(house):
    browser = house.browser()
    await house.log_in(browser)
    before = await house.session(browser)
    await house.log_in(browser, identity(subject="pseudonym-of-ivo"))
    after = await house.session(browser)
    assert after.subject_id != before.subject_id
    assert await house.hub.hub.sessions.get(house.city_id, before.session_id) is None
    row = await house.row("select ended_for from sessions where session_id = $1", before.session_id)
    assert row["ended_for"] == "replaced"


async def test_a_session_that_lies_idle_ends(house):
    browser = house.browser()
    await house.log_in(browser)
    house.hub.clock.move(timedelta(minutes=29, seconds=59))
    session = await house.session(browser)
    assert session is not None
    # Seen just now, it lasts from now on.
    house.hub.clock.move(timedelta(minutes=29, seconds=59))
    assert await house.session(browser) is not None
    house.hub.clock.move(timedelta(minutes=30))
    assert await house.session(browser) is None
    assert await house.hub.hub.sessions.get(house.city_id, session.session_id) is not None
    assert "Niste prijavljeni" in text_of(await browser.get("/pregrada/login/session"))


async def test_a_session_ends_after_twelve_hours_however_busy(house):
    browser = house.browser()
    await house.log_in(browser)
    session_id = (await house.session(browser)).session_id
    for _ in range(35):
        house.hub.clock.move(timedelta(minutes=20))
        assert await house.session(browser) is not None
    house.hub.clock.move(timedelta(minutes=20))
    assert await house.session(browser) is None
    assert await house.hub.hub.sessions.get(house.city_id, session_id) is None


async def test_the_language_goes_along(house):
    browser = house.browser(**{"Accept-Language": "uk-UA, en;q=0.5"})
    relay = await house.begin(browser, language="de cs")
    page = await browser.get("/pregrada/login", params={"t": relay})
    assert '<html lang="cs">' in page.text
    assert page.headers["content-language"] == "cs"
    switched = await browser.get("/pregrada/login", params={"t": relay, "lang": "sr-Latn"})
    assert '<html lang="sr-Latn">' in switched.text
    await browser.get("/pregrada/login/card/start", params={"t": relay})
    assert house.card.asked.language == "sr-Latn"

    for asked, language in [(None, "uk"), ("hu", "uk"), ("sr", "sr-Cyrl"), ("sh", "sr-Latn")]:
        relay = await house.begin(browser, language=asked)
        page = await browser.get("/pregrada/login", params={"t": relay})
        assert f'<html lang="{language}">' in page.text, asked


async def test_what_an_eid_says_that_nobody_knows_is_noted_by_name(house):
    for _ in range(2):
        await house.log_in(house.browser(), identity(unknown=("neobično", "another", "a\0b")))
    names = "('neobično', 'another', 'a?b')"
    rows = await house.count("eid_drift", f"provider = 'card' and times = 2 and attribute in {names}")
    assert rows == 3


async def test_what_is_kept_of_a_login_shows_nobody(house):
    """The row of a login under way, as somebody with a copy of the database sees it."""
    browser = house.browser()
    relay = await house.begin(browser)
    await house.answer(browser, relay, identity(subject="very-own-pseudonym"))
    row = str(tuple((await house.row("select * from login_transactions")).items()))
    for secret in ("very-own-pseudonym", "Šćrbačić", relay, browser.cookies["munihub_login_pregrada"], "request-1"):
        assert secret not in row, secret


@pytest.mark.parametrize("staff", [True, False])
async def test_who_works_for_the_town_is_linked_by_an_administrator(house, staff):
    """The same eID of the same person is a citizen's login and, once linked, a clerk's."""
    from hub.kernel.ids import new_uuid

    browser, staff_id = house.browser(), new_uuid()
    if not staff:
        await house.log_in(browser)
        assert (await house.session(browser)).staff_id is None
        return
    relay = await house.begin(browser, staff=True)
    answered = await house.answer(browser, relay)
    refused = await browser.get(answered.headers["location"])
    assert refused.status_code == 403
    assert "niste upisani kao zaposlenik" in text_of(refused)
    login = await house.row("select login_id, subject_id, staff from logins")
    assert (login["subject_id"], login["staff"]) == (None, True)
    await house.hub.hub.linking.link_staff(house.city_id, login["login_id"], staff_id, by="administrator")
    await house.log_in(browser, staff=True)
    session = await house.session(browser)
    assert (session.staff_id, session.subject_id) == (staff_id, None)
    house.hub.clock.move(timedelta(minutes=15))
    assert await house.session(browser) is None
    assert await house.count("subjects") == 0
