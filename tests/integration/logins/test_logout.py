"""The end of a session: by the person, by the eID, by the front end; here and there."""

import json

import pytest

from tests.integration.logins.conftest import query_of, text_of
from tests.integration.logins.eid import identity

ANA = {"name_id": "ana@eid", "session_index": "1"}
OIB = ("hr.oib", "87582274224")


async def logged_in(house, logout=ANA, **more):
    browser = house.browser()
    await house.log_in(browser, identity(logout=logout, **more.pop("said", {})), **more)
    return browser, (await house.session(browser)).session_id


async def log_out(browser):
    page = await browser.get("/pregrada/logout")
    token = page.text.split('name="form" value="')[1].split('"')[0]
    return await browser.post("/pregrada/logout", data={"form": token})


async def why(house, session_id):
    row = await house.row("select ended_for from sessions where session_id = $1", session_id)
    return row["ended_for"]


async def test_the_person_is_asked_and_then_signed_out_here_and_at_the_eid(house):
    browser, session_id = await logged_in(house)
    asked = await browser.get("/pregrada/logout")
    assert "Odjava?" in text_of(asked)
    assert await why(house, session_id) is None

    done = await log_out(browser)
    assert done.status_code == 200
    assert "Odjavljeni ste" in text_of(done)
    assert 'munihub_session_pregrada=""' in done.headers["set-cookie"]
    assert await why(house, session_id) == "logout"
    assert house.card.told_by_us == [ANA]
    address = done.text.split('class="button" href="')[1].split('"')[0].replace("&amp;", "&")
    assert address.startswith("http://eid.test/slo?RelayState=")

    back = await browser.get(
        "/pregrada/login/card/slo",
        params={"SAMLRequest": json.dumps({"done": True}), "RelayState": query_of(address)["RelayState"]},
    )
    assert back.status_code == 200
    assert "nije potvrdio" not in text_of(back)
    half = await browser.get("/pregrada/login/card/slo", params={"SAMLRequest": json.dumps({"done": False})})
    assert "e-card nije potvrdio da ste i ondje odjavljeni" in text_of(half)


async def test_an_eid_that_is_told_by_post(house):
    browser, _ = await logged_in(house, eid="post")
    done = await log_out(browser)
    assert '<form id="onward" method="post" action="http://eid.test/slo">' in done.text
    policy = done.headers["content-security-policy"]
    assert "form-action 'self' http://127.0.0.1:8080 http://127.0.0.1:8081 http://eid.test;" in policy


async def test_every_eid_of_a_session_is_told_one_after_the_other(house):
    """She logged in by one eID and stepped up by another: neither is left with a session of hers."""
    browser, session_id = await logged_in(house, said={"identifiers": (OIB,)})
    await house.log_in(browser, identity(logout=ANA, subject="ana-at-post", identifiers=(OIB,)), eid="post")
    session = await house.session(browser)
    assert (session.session_id, session.provider) == (session_id, "post")
    await house.hub.hub.grants.end_session(house.town, session_id, "logout")
    trip = await house.hub.hub.logouts.leave(house.town, session, "https://portal.test/bye")
    assert (trip.eid, trip.form["SAMLRequest"], trip.url) == ("post", "logout", "http://eid.test/slo")
    assert (house.card.told_by_us, house.post.told_by_us) == ([ANA], [ANA])
    kept = await house.row("select count(*), min(onward) as onward from logouts")
    assert kept["count"] == 2
    assert "ana@eid" not in kept["onward"]
    assert "portal.test" not in kept["onward"]

    done = {"SAMLRequest": json.dumps({"done": True})}
    second = await browser.get("/pregrada/login/post/slo", params=done | {"RelayState": trip.form["RelayState"]})
    assert second.status_code == 303
    address = second.headers["location"]
    assert address.startswith("http://eid.test/slo?RelayState=")
    last = await browser.get("/pregrada/login/card/slo", params=done | {"RelayState": query_of(address)["RelayState"]})
    assert (last.status_code, last.headers["location"]) == (303, "https://portal.test/bye")


async def test_an_eid_whose_answer_comes_by_post_leads_to_the_next_by_a_page(house):
    browser, session_id = await logged_in(house, eid="post", said={"identifiers": (OIB,)})
    await house.log_in(browser, identity(logout=ANA, subject="ana-at-card", identifiers=(OIB,)))
    done = await log_out(browser)
    assert await why(house, session_id) == "logout"
    assert "Odjava na e-card" in done.text
    address = done.text.split('class="button" href="')[1].split('"')[0].replace("&amp;", "&")
    said = {"SAMLRequest": json.dumps({"done": True}), "RelayState": query_of(address)["RelayState"]}
    onward = await browser.get("/pregrada/login/card/slo", params=said)
    assert '<form id="onward" method="post" action="http://eid.test/slo">' in onward.text
    assert "Nastavak na e-post" in text_of(onward)


async def test_a_session_of_an_eid_without_logout(house):
    browser, session_id = await logged_in(house, logout={})
    done = await log_out(browser)
    assert "Možda ste još prijavljeni" not in text_of(done)
    assert house.card.told_by_us == []
    assert await why(house, session_id) == "logout"


async def test_nobody_is_asked_who_is_not_signed_in(house):
    assert "Odjavljeni ste" in text_of(await house.browser().get("/pregrada/logout"))


async def test_where_a_front_end_wants_its_browser_back(house):
    """As the end session endpoint of the provider does it: to the eID, and from there to the registered address."""
    browser, session_id = await logged_in(house)
    session = await house.session(browser)
    ended = await house.hub.hub.grants.end_session(house.town, session_id, "logout")
    assert ended.frontchannel == ()
    trip = await house.hub.hub.logouts.leave(house.town, session, "https://portal.test/bye?state=1")
    answered = {"SAMLRequest": json.dumps({"done": True}), "RelayState": query_of(trip.url)["RelayState"]}
    back = await browser.get("/pregrada/login/card/slo", params=answered)
    assert (back.status_code, back.headers["location"]) == (303, "https://portal.test/bye?state=1")
    # Once.
    again = await browser.get("/pregrada/login/card/slo", params=answered)
    assert again.status_code == 200


# ── By the eID ──


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_the_eid_ends_a_session_by_the_browser(house, method):
    browser, session_id = await logged_in(house)
    _, other = await logged_in(house, {"name_id": "ana@eid", "session_index": "2"}, said={"subject": "other"})
    said = {"SAMLRequest": json.dumps({"id": "_1", **ANA})}
    if method == "GET":
        answer = await browser.get("/pregrada/login/card/slo", params=said)
        assert (answer.status_code, answer.headers["location"]) == (303, "http://eid.test/slo?done=True")
    else:
        answer = await browser.post("/pregrada/login/card/slo", data=said)
        assert answer.status_code == 200
        assert 'id="onward" class="button" href="http://eid.test/slo?done=True"' in answer.text
    assert 'munihub_session_pregrada=""' in answer.headers["set-cookie"]
    assert await why(house, session_id) == "eid"
    assert await why(house, other) is None


async def test_the_eid_ends_every_session_of_a_person_by_soap(house):
    sessions = [(await logged_in(house, ANA | {"session_index": str(number)}))[1] for number in range(3)]
    _, another_person = await logged_in(house, {"name_id": "ivo@eid"}, said={"subject": "ivo"})
    _, another_eid = await logged_in(house, ANA, eid="post")
    body = json.dumps({"id": "_1", "name_id": "ana@eid"})
    done = await house.hub.client.post(
        "/pregrada/login/card/slo-soap", content=body, headers={"Content-Type": "text/xml"}
    )
    assert (done.status_code, done.content) == (200, b"<done>True</done>")
    assert done.headers["content-type"] == "text/xml; charset=utf-8"
    assert [await why(house, one) for one in sessions] == ["eid"] * 3
    assert await why(house, another_person) is None
    assert await why(house, another_eid) is None


async def test_a_logout_of_the_eid_is_heard_once(house):
    _, session_id = await logged_in(house)
    said = {"id": "_1", "name_id": "nobody"}
    for status in (200, 500):
        answer = await house.hub.client.post("/pregrada/login/card/slo-soap", content=json.dumps(said))
        assert answer.status_code == status
    assert await why(house, session_id) is None


async def test_a_forged_logout_ends_nothing(house):
    browser, session_id = await logged_in(house)
    said = {"id": "_1", "forged": True, **ANA}
    by_soap = await house.hub.client.post("/pregrada/login/card/slo-soap", content=json.dumps(said))
    assert by_soap.status_code == 500
    assert by_soap.headers["content-type"] == "text/xml; charset=utf-8"
    assert "<faultcode>soap:Client</faultcode>" in by_soap.text
    assert "signature" not in by_soap.text
    by_browser = await browser.get("/pregrada/login/card/slo", params={"SAMLRequest": json.dumps(said)})
    assert by_browser.status_code == 403
    assert await why(house, session_id) is None


async def test_a_logout_after_the_keys_were_replaced(house):
    """The session was opened under the index key that is gone by now."""
    from hub.subjects import rotation

    _, session_id = await logged_in(house)
    worker = house.hub.worker
    await rotation.rotate(worker.database, worker.vault, house.city_id)
    body = json.dumps({"id": "_1", **ANA})
    assert (await house.hub.client.post("/pregrada/login/card/slo-soap", content=body)).status_code == 200
    assert await why(house, session_id) == "eid"


async def test_what_is_kept_for_a_logout_shows_nobody(house):
    await logged_in(house)
    rows = str(tuple((await house.row("select * from session_eids")).items()))
    assert "ana@eid" not in rows
