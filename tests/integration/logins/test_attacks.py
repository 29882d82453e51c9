"""What somebody tries who is not the person at the browser: nobody comes in, and nothing is left open by the attempt."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from hub.grants.model import Ended
from hub.kernel.assurance import Assurance
from hub.kernel.errors import InvalidRequest, LoginRefused, TooManyRequests
from tests.integration.logins.conftest import add_eids, query_of, text_of
from tests.integration.logins.eid import identity
from tests.support.hub import make_settings, opened
from tests.support.records import ANA

BEGIN = {
    "continue_to": "/login/session",
    "assurance": Assurance.LOW,
    "client_name": None,
    "staff": False,
    "force": False,
    "language": None,
}


async def nobody_is_in(house, *browsers: httpx.AsyncClient) -> None:
    assert await house.count("sessions") == 0
    for browser in browsers:
        assert "munihub_session_pregrada" not in browser.cookies


def other_browser(house) -> httpx.AsyncClient:
    """One that was here before, with a cookie of its own."""
    browser = house.browser()
    browser.cookies.set("munihub_login_pregrada", "o" * 43, domain="hub.test", path="/pregrada")
    return browser


# ── Login CSRF, and its mirror ──


@pytest.mark.parametrize("known", [True, False])
async def test_an_answer_that_another_browser_brings_logs_nobody_in(house, known):
    """Login CSRF: the attacker's own answer is put into the victim's browser, which would work in his account."""
    attacker = house.browser()
    victim = other_browser(house) if known else house.browser()
    answered = await house.answer(attacker, await house.begin(attacker), identity(subject="attacker"))
    refused = await victim.get(answered.headers["location"])
    assert refused.status_code == 403
    assert "započeta u drugom pregledniku" in text_of(refused)
    # Neither does the attacker come in by it any more.
    again = await attacker.get(answered.headers["location"])
    assert again.status_code == 410
    await nobody_is_in(house, attacker, victim)
    assert await house.count("subjects") == 0


async def test_whoever_sent_somebody_else_through_the_eid_does_not_come_in_as_her(house):
    """He begins, she follows his link to the eID and logs in there; her browser has what he would need."""
    attacker, victim = house.browser(), other_browser(house)
    relay = await house.begin(attacker)
    start = await attacker.get("/pregrada/login/card/start", params={"t": relay})
    assert query_of(start.headers["location"])["RelayState"] == relay
    answered = await house.bring(victim, house.card.answer(identity(subject="victim")))
    assert (await victim.get(answered.headers["location"])).status_code == 403
    # All he has: the relay value, and his cookie.
    for guess in (relay, "", "x" * 43):
        assert (await attacker.get("/pregrada/login/arrive", params={"t": guess})).status_code == 410
    await nobody_is_in(house, attacker, victim)


async def test_a_login_cannot_be_handed_to_another_browser_before_the_eid(house):
    attacker, victim = house.browser(), other_browser(house)
    relay = await house.begin(attacker)
    for path in ("/pregrada/login", "/pregrada/login/card/start"):
        refused = await victim.get(path, params={"t": relay})
        assert refused.status_code == 403
        assert "započeta u drugom pregledniku" in text_of(refused)
    assert house.card.asked is None


# ── Fixation ──


async def test_a_planted_session_is_not_the_one_that_gets_logged_in(house):
    attacker, victim = house.browser(), house.browser()
    await house.log_in(attacker, identity(subject="attacker"))
    planted = attacker.cookies["munihub_session_pregrada"]
    victim.cookies.set("munihub_session_pregrada", planted, domain="hub.test", path="/pregrada")
    await house.log_in(victim, identity(subject="victim"))
    tokens = {cookie.value for cookie in victim.cookies.jar if cookie.name == "munihub_session_pregrada"}
    assert planted not in tokens
    assert await house.hub.hub.sessions.find(house.city_id, planted) is None


async def test_a_token_overheard_before_the_step_up_is_worth_nothing_after(house):
    browser = house.browser()
    await house.log_in(browser)
    overheard = browser.cookies["munihub_session_pregrada"]
    await house.log_in(browser, identity(assurance=Assurance.HIGH), assurance=Assurance.HIGH)
    assert await house.hub.hub.sessions.find(house.city_id, overheard) is None
    assert (await house.session(browser)).assurance is Assurance.HIGH


# ── Replay ──


async def test_an_answer_is_judged_once(house):
    browser = house.browser()
    relay = await house.begin(browser)
    await browser.get("/pregrada/login/card/start", params={"t": relay})
    fields = house.card.answer(identity())
    first = await house.bring(browser, fields)
    second = await house.bring(browser, fields)
    assert (first.status_code, second.status_code) == (303, 403)
    assert "već iskorištena" in text_of(second)
    assert (await browser.get(first.headers["location"])).status_code == 303
    third = await house.bring(browser, fields)
    assert third.status_code == 410
    assert await house.count("sessions") == 1


async def test_a_message_is_accepted_once_in_whichever_process(house, tmp_path, urls, clock):
    """Two hubs on one database; the message is brought to both at once, in two logins."""
    async with opened(make_settings(tmp_path, urls), urls, clock) as second:
        add_eids(second.hub, card=house.card, post=house.post)
        said = identity(once=(("assertion-1", clock.now() + timedelta(minutes=5)),))
        browsers = [house.browser(), other_browser(house)]
        brought = []
        for browser, client in zip(browsers, (house.hub.client, second.client), strict=True):
            relay = await house.begin(browser)
            await browser.get("/pregrada/login/card/start", params={"t": relay})
            fields = house.card.answer(said)
            brought.append((client, fields))
        # Without cookies: as two clients that know neither browser.
        answers = await asyncio.gather(
            *(
                httpx.AsyncClient(transport=client._transport, base_url="http://hub.test").post(
                    "/pregrada/login/card/acs", data=fields
                )
                for client, fields in brought
            )
        )
    assert sorted(answer.status_code for answer in answers) == [303, 403]
    refused = next(answer for answer in answers if answer.status_code == 403)
    assert "već iskorištena" in text_of(refused)
    assert await house.count("login_transactions", "identity is not null") == 1


async def test_an_arrival_is_used_once_also_at_the_same_moment(house):
    browser = house.browser()
    answered = await house.answer(browser, await house.begin(browser))
    # Twice the same browser: what one gets must not be in the other's way.
    twin = house.browser()
    for cookie in browser.cookies.jar:
        twin.cookies.jar.set_cookie(cookie)
    answers = await asyncio.gather(*(one.get(answered.headers["location"]) for one in (browser, twin)))
    assert sorted(answer.status_code for answer in answers) == [303, 410]
    assert await house.count("sessions") == 1
    assert await house.count("subjects") == 1


async def test_one_person_who_logs_in_twice_at_once_is_one_subject(house):
    browsers = [house.browser() for _ in range(4)]
    arrivals = []
    for number, browser in enumerate(browsers):
        said = identity(subject=f"pseudonym-{number % 2}", identifiers=(("hr.oib", ANA),))
        arrivals.append((await house.answer(browser, await house.begin(browser), said)).headers["location"])
    answers = await asyncio.gather(*(browser.get(arrival) for browser, arrival in zip(browsers, arrivals, strict=True)))
    assert [answer.status_code for answer in answers] == [303] * 4
    assert await house.count("subjects") == 1
    assert await house.count("logins") == 2


# ── What belongs elsewhere ──


async def test_a_login_of_another_town(house):
    """Its relay, its arrival and its session are unknown here."""
    town = house.hub.hub.towns.by_slug["vzorov"]
    browser = house.browser()
    for slug in ("pregrada", "vzorov"):
        browser.cookies.set(f"munihub_login_{slug}", "b" * 43, domain="hub.test", path=f"/{slug}")
    relay = await house.hub.hub.logins.begin(town.city.id, **BEGIN, browser="b" * 43)
    assert (await browser.get("/vzorov/login", params={"t": relay})).status_code == 200
    for path in ("/pregrada/login", "/pregrada/login/card/start", "/pregrada/login/arrive"):
        assert (await browser.get(path, params={"t": relay})).status_code == 410, path

    await house.log_in(browser)
    token = browser.cookies["munihub_session_pregrada"]
    browser.cookies.set("munihub_session_vzorov", token, domain="hub.test", path="/vzorov")
    assert "Nejste přihlášeni" in text_of(await browser.get("/vzorov/login/session"))
    assert await house.hub.hub.sessions.find(town.city.id, token) is None
    session = await house.session(browser)
    assert await house.hub.hub.sessions.get(town.city.id, session.session_id) is None
    assert await house.hub.hub.grants.end_session(town, session.session_id, "attack") == Ended()
    assert (await house.session(browser)).session_id == session.session_id


async def test_an_answer_of_another_eid_than_was_asked(house):
    browser = house.browser()
    relay = await house.begin(browser)
    await browser.get("/pregrada/login/card/start", params={"t": relay})
    refused = await house.bring(browser, house.card.answer(identity()), eid="post")
    assert refused.status_code == 403
    assert "ne pripada nijednoj prijavi" in text_of(refused)
    await nobody_is_in(house, browser)


async def test_an_answer_to_no_question(house):
    browser = house.browser()
    relay = await house.begin(browser)
    await browser.get("/pregrada/login/card/start", params={"t": relay})
    good = house.card.answer(identity())
    for fields, status in [
        ({"SAMLResponse": good["SAMLResponse"]}, 403),
        (good | {"RelayState": "x" * 43}, 410),
        (good | {"RelayState": ""}, 403),
    ]:
        assert (await house.bring(browser, fields)).status_code == status
    # The question still stands.
    assert (await house.bring(browser, good)).status_code == 303


async def test_a_login_that_took_too_long(house):
    browser = house.browser()
    relay = await house.begin(browser)
    await browser.get("/pregrada/login/card/start", params={"t": relay})
    fields = house.card.answer(identity())
    house.hub.clock.move(timedelta(minutes=9, seconds=59))
    answered = await house.bring(browser, fields)
    assert answered.status_code == 303
    house.hub.clock.move(timedelta(seconds=1))
    for path in (answered.headers["location"], f"/pregrada/login?t={relay}", f"/pregrada/login/card/start?t={relay}"):
        over = await browser.get(path)
        assert over.status_code == 410
        assert "trajala predugo" in text_of(over)
    await nobody_is_in(house, browser)


# ── Too little ──


async def test_an_eid_that_proves_less_than_was_asked(house):
    browser = house.browser()
    relay = await house.begin(browser, assurance=Assurance.HIGH)
    refused = await house.answer(browser, relay, identity(assurance=Assurance.SUBSTANTIAL))
    assert refused.status_code == 403
    assert "nije dovoljno pouzdan" in text_of(refused)
    assert f'href="/pregrada/login?t={relay}"' in refused.text
    await nobody_is_in(house, browser)
    # She can go on with a surer one.
    answered = await house.answer(browser, relay, identity(assurance=Assurance.HIGH))
    assert answered.status_code == 303


async def test_an_eid_that_did_not_ask_again_where_it_had_to(house):
    browser = house.browser()
    house.hub.clock.move(timedelta(minutes=10))
    relay = await house.begin(browser, force=True)
    old = identity(authenticated_at=house.hub.clock.now() - timedelta(minutes=3, seconds=1))
    assert (await house.answer(browser, relay, old)).status_code == 403
    assert house.card.asked.force
    new = identity(authenticated_at=house.hub.clock.now() - timedelta(minutes=3))
    assert (await house.answer(browser, relay, new)).status_code == 303


# ── Open redirect ──


@pytest.mark.parametrize(
    "address",
    [
        "https://evil.test/",
        "//evil.test/",
        "///evil.test",
        "/\\evil.test",
        "\\\\evil.test",
        "/a/../../vzorov/v1",
        "/a/%2e%2e/b",
        "/%2E%2E/vzorov",
        "/./a",
        "/%2fevil.test",
        "/%5cevil.test",
        "/a//b",
        "/login\r\nSet-Cookie: a=b",
        "/\tevil.test",
        "/a b",
        "/č",
        "/a#fragment",
        "javascript:alert(1)",
        "login",
        "",
        "/" + "a" * 4096,
    ],
)
async def test_a_login_leads_nowhere_else(house, address):
    with pytest.raises(InvalidRequest):
        await house.begin(house.browser(), continue_to=address)
    assert await house.count("login_transactions") == 0


@pytest.mark.parametrize(
    "path", ["/", "/login/session", "/oauth2/authorize?redirect_uri=https%3A%2F%2Fa.test%2F&x=/../"]
)
async def test_it_leads_to_a_path_of_ours(house, path):
    browser = house.browser()
    arrived = await house.log_in(browser, continue_to=path)
    assert arrived.headers["location"] == f"/pregrada{path}"


async def test_nothing_in_the_address_says_where_it_leads(house):
    browser = house.browser()
    relay = await house.begin(browser)
    answered = await house.answer(browser, relay)
    arrived = await browser.get(answered.headers["location"] + "&continue_to=https://evil.test/&next=//evil.test")
    assert arrived.headers["location"] == "/pregrada/oauth2/authorize?client_id=portal"


# ── Forms ──


async def test_a_logout_that_another_site_sends(house):
    browser = house.browser()
    await house.log_in(browser)
    page = await browser.get("/pregrada/logout")
    token = page.text.split('name="form" value="')[1].split('"')[0]
    own = {"form": token}
    for fields, headers in [
        ({"a": "b"}, {}),
        ({"form": ""}, {}),
        ({"form": "0" * 64}, {}),
        (own, {"Sec-Fetch-Site": "cross-site"}),
        (own, {"Sec-Fetch-Site": "same-site"}),
    ]:
        refused = await browser.post("/pregrada/logout", data=fields, headers=headers)
        assert refused.status_code == 403, (fields, headers)
    # The token of another form of ours.
    claim = await browser.get("/pregrada/login/claim")
    other = claim.text.split('name="form" value="')[1].split('"')[0]
    assert (await browser.post("/pregrada/logout", data={"form": other})).status_code == 403
    assert await house.session(browser) is not None
    assert (
        await browser.post("/pregrada/logout", data=own, headers={"Sec-Fetch-Site": "same-origin"})
    ).status_code == 200
    assert await house.session(browser) is None


async def test_a_form_that_is_none(house):
    browser = house.browser()
    await house.log_in(browser)
    for content, media_type, status in [
        (b"a=1&a=2", "application/x-www-form-urlencoded", 400),
        (b"&".join(b"f%d=1" % number for number in range(60)), "application/x-www-form-urlencoded", 400),
        (b"a=" + b"x" * 20_000, "application/x-www-form-urlencoded", 413),
        (b"{}", "application/json", 415),
        (b"", "", 415),
    ]:
        answer = await browser.post("/pregrada/logout", content=content, headers={"Content-Type": media_type})
        assert answer.status_code == status
        assert answer.headers["content-type"] == "text/html; charset=utf-8"
    large = b"SAMLResponse=" + b"x" * 600_000
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert (await browser.post("/pregrada/login/card/acs", content=large, headers=headers)).status_code == 413
    assert await house.session(browser) is not None


async def test_another_site_does_not_take_a_browsers_login_away(house):
    """Its POST comes without our cookie, and its answer must not replace the one the browser has. Nor must that of the
    eID itself, after which somebody tries another way.
    """
    browser = house.browser()
    relay = await house.begin(browser)
    for path, status in (("card/acs", 410), ("card/acs?x=1&x=2", 400), ("claim", 403)):
        refused = await house.hub.client.post(f"/pregrada/login/{path}", data={"SAMLResponse": "x", "RelayState": "x"})
        assert refused.status_code == status, path
        assert "set-cookie" not in refused.headers, path
    await browser.get("/pregrada/login/card/start", params={"t": relay})
    cancelled = await house.bring(browser, house.card.answer(None, refused="cancelled"))
    assert cancelled.status_code == 403
    browser.cookies.extract_cookies(cancelled)
    assert (await browser.get("/pregrada/login", params={"t": relay})).status_code == 200


async def test_a_text_that_the_database_has_no_place_for_is_the_callers_mistake(house):
    browser = house.browser()
    page = await browser.get("/pregrada/login", params={"lang": "h\0"})
    assert page.status_code == 303
    relay = query_of(page.headers["location"])["t"]
    page = await browser.get("/pregrada/login/password", params={"t": relay})
    token = page.text.split('name="form" value="')[1].split('"')[0]
    fields = {"form": token, "username": "a\0b", "password": "x"}
    answer = await browser.post("/pregrada/login/password", params={"t": relay}, data=fields)
    assert answer.status_code == 400


# ── Too many ──


async def test_one_address_begins_a_hundred_logins_in_ten_minutes(house):
    logins = house.hub.hub.logins
    for _ in range(100):
        await logins.begin(house.city_id, **BEGIN, browser="b", address="192.0.2.1")
    with pytest.raises(TooManyRequests) as refused:
        await logins.begin(house.city_id, **BEGIN, browser="b", address="192.0.2.1")
    assert refused.value.retry_after == 600
    # Another one may. Of IPv6 a whole /64 is one.
    await logins.begin(house.city_id, **BEGIN, browser="b", address="192.0.2.2")
    for number in range(100):
        await logins.begin(house.city_id, **BEGIN, browser="b", address=f"2001:db8::{number:x}")
    with pytest.raises(TooManyRequests):
        await logins.begin(house.city_id, **BEGIN, browser="b", address="2001:db8::ffff")
    await logins.begin(house.city_id, **BEGIN, browser="b", address="2001:db8:0:1::1")
    # A socket for both kinds writes an IPv4 address within IPv6: one of them is not all of them.
    await logins.begin(house.city_id, **BEGIN, browser="b", address="::ffff:192.0.2.3")
    with pytest.raises(TooManyRequests):
        await logins.begin(house.city_id, **BEGIN, browser="b", address="::ffff:192.0.2.1")
    house.hub.clock.move(timedelta(minutes=10))
    await logins.begin(house.city_id, **BEGIN, browser="b", address="192.0.2.1")


async def test_whoever_is_slowed_down_reads_so(house):
    browser = house.browser()
    answers = [await browser.get("/pregrada/login") for _ in range(101)]
    assert [answer.status_code for answer in answers] == [303] * 100 + [429]
    assert answers[-1].headers["retry-after"] == "600"
    assert "Pokušajte za deset minuta" in text_of(answers[-1])


async def test_a_cookie_of_any_length_is_none(house):
    browser = house.browser()
    relay = await house.begin(browser)
    for value in ("", "x" * 101, "x" * 5000):
        answer = await house.hub.client.get(
            "/pregrada/login", params={"t": relay}, headers={"Cookie": f"munihub_login_pregrada={value}"}
        )
        assert answer.status_code == 403
    assert (await house.hub.client.get("/pregrada/login", params={"t": "x" * 101})).status_code == 422


async def test_the_walls_hold_where_the_service_forgets(house):
    """Nobody sees a login, a session or a claim by the doors of citizens and of the town."""
    browser = house.browser()
    await house.log_in(browser)
    await house.begin(browser)
    subject_id = (await house.session(browser)).subject_id
    database = house.hub.hub.database
    for table in ("sessions", "session_eids", "logins", "login_transactions", "login_once", "claims", "logouts"):
        async with database.town(house.city_id) as connection:
            assert await connection.fetchval(f"select count(*) from {table}") == 0, table
        async with database.citizen(house.city_id, subject_id) as connection:
            assert await connection.fetchval(f"select count(*) from {table}") == 0, table
        async with database.identity(house.city_id + 1) as connection:
            assert await connection.fetchval(f"select count(*) from {table}") == 0, table
    async with database.identity(house.city_id) as connection:
        assert await connection.fetchval("select count(*) from sessions") == 1


async def test_find_without_a_browser_is_for_services(house):
    """The door always names the browser; the service can be asked without, and says `expired` for what is not there."""
    browser = house.browser()
    relay = await house.begin(browser)
    logins = house.hub.hub.logins
    assert (await logins.find(house.city_id, relay)).assurance is Assurance.LOW
    with pytest.raises(LoginRefused) as refused:
        await logins.find(house.city_id, relay, "another")
    assert refused.value.reason == "other_browser"
    with pytest.raises(LoginRefused) as refused:
        await logins.find(house.city_id, "no such relay")
    assert refused.value.reason == "expired"
