"""The pages of passwords over HTTP: the way from the paper to a session, and what must not work."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape
from urllib.parse import urljoin

import httpx
import pyotp
import pytest

from hub.kernel.assurance import Assurance
from hub.staff import service as staff
from hub.staff.model import Grant, Role
from tests.integration.passwords.authenticator import Authenticator
from tests.integration.passwords.conftest import PASSWORD, Passwords

ORIGIN = "http://localhost:8000"
OTHER = "kiša pada na Trakošćan"
OF_STAFF = "This user name is of staff of the town, and this sign-in is for citizens. Use the one for staff."


class Browser:
    """A browser at the town's pages: cookies, forms as they are drawn, redirects followed by hand."""

    def __init__(self, api, slug="pregrada"):
        self.api, self.slug = api, slug
        self.client = httpx.AsyncClient(
            transport=api.client._transport, base_url=ORIGIN, headers={"Accept-Language": "en"}
        )

    async def get(self, path):
        address = path if path.startswith("/" + self.slug) else f"/{self.slug}{path}"
        return await self._follow(await self.client.get(address))

    async def send(self, page, **fields):
        """The page's form with `fields` filled in, and its hidden ones as they are."""
        action = unescape(re.search(r'<form[^>]* action="([^"]+)"', page.text)[1])
        form = page.text[page.text.index("<form") : page.text.index("</form>")]
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', form))
        return await self._follow(await self.client.post(action, data=hidden | fields))

    async def _follow(self, response):
        """As far as the town's own pages go; an address of a front end is where it ends."""
        while response.status_code == 303 and urljoin(ORIGIN, response.headers["location"]).startswith(f"{ORIGIN}/"):
            response = await self.client.get(response.headers["location"])
        return response

    async def begin(self):
        """To the form for user name and password."""
        page = await self.get("/login")
        return await self.get(unescape(re.search(r'href="([^"]*/login/password\?[^"]*)"', page.text)[1]))

    async def log_in(self, username, password):
        return await self.send(await self.begin(), username=username, password=password)

    async def session(self):
        """The session of this browser, or None."""
        token = self.client.cookies.get(f"munihub_session_{self.slug}")
        town = self.api.hub.towns.by_slug[self.slug]
        return await self.api.hub.sessions.find(town.city.id, token) if token else None


def heading(page):
    return unescape(re.search(r"<h1>(.*?)</h1>", page.text)[1])


def faults(page):
    return [unescape(one) for one in re.findall(r'<li><a href="#\w+">(.*?)</a></li>', page.text)]


@pytest.fixture
async def browser(api):
    one = Browser(api)
    yield one
    await one.client.aclose()


@pytest.fixture
async def other(api):
    one = Browser(api)
    yield one
    await one.client.aclose()


async def test_from_the_paper_to_a_session_without_a_second_factor(passwords, browser):
    issued = await passwords.issue()
    page = await browser.log_in(issued.username, issued.password)
    assert heading(page) == "Choose a new password"
    assert await browser.session() is None
    page = await browser.send(page, password=PASSWORD, again=PASSWORD)
    assert heading(page) == "Protect your sign-in with a second step"
    page = await browser.send(page)
    assert heading(page) == "You are signed in"
    session = await browser.session()
    assert (session.provider, session.assurance, session.methods) == ("password", "low", ("pwd",))
    assert session.login_id == issued.account_id
    # The next time the password is enough, and nobody asks for a second factor again.
    again = Browser(passwords.api)
    assert heading(await again.log_in(issued.username, PASSWORD)) == "You are signed in"
    assert heading(await again.log_in(issued.username, issued.password)) == "Sign in with a user name and password"
    await again.client.aclose()


async def test_an_app_set_up_with_the_paper_makes_the_login_substantial(passwords, browser, other, clock):
    issued = await passwords.issue()
    page = await browser.log_in(issued.username, issued.password)
    page = await browser.send(page, password=PASSWORD, again=PASSWORD)
    page = await browser.get(unescape(re.search(r'href="([^"]*/login/totp/enrol[^"]*)"', page.text)[1]))
    assert heading(page) == "Set up an app for codes"
    assert page.text.count("<svg ") == 1
    assert 'style="' not in page.text
    secret = re.search(r'class="copied">([A-Z2-7 ]+)<', page.text)[1].replace(" ", "")
    wrong = await browser.send(page, code="000000")
    assert (wrong.status_code, heading(wrong)) == (422, "Set up an app for codes")
    assert secret == re.search(r'class="copied">([A-Z2-7 ]+)<', wrong.text)[1].replace(" ", "")
    page = await browser.send(page, code=pyotp.TOTP(secret).at(clock.now()))
    assert heading(page) == "Recovery codes"
    codes = re.findall(r"<li>([a-z0-9]{4}-[a-z0-9]{4}-[a-z0-9]{4})</li>", page.text)
    assert len(codes) == 10
    page = await browser.send(page)
    session = await browser.session()
    assert (session.assurance, session.methods) == ("substantial", ("pwd", "otp", "mfa"))
    # Elsewhere: password, then code; without the code there is no session and no other page.
    clock.move(timedelta(minutes=1))
    page = await other.log_in(issued.username, PASSWORD)
    assert heading(page) == "Confirm with a code"
    relay = re.search(r"\?t=([\w-]+)", page.text)[1]
    for path in (
        "/login/password/new",
        "/login/totp/enrol",
        "/login/passkey/enrol",
        "/login/second-factor",
        "/login/passkey",
    ):
        assert heading(await other.get(f"{path}?t={relay}")) == "Confirm with a code"
    assert await other.session() is None
    wrong = await other.send(page, code="000000")
    assert (wrong.status_code, len(faults(wrong))) == (403, 1)
    await other.send(page, code=pyotp.TOTP(secret).at(clock.now()))
    assert (await other.session()).assurance == "substantial"
    # The same code again, in a third browser.
    third = Browser(passwords.api)
    page = await third.log_in(issued.username, PASSWORD)
    page = await third.send(page, code=pyotp.TOTP(secret).at(clock.now()))
    assert faults(page) == ["This code was already used. Wait for the next one."]
    await third.send(page, code=codes[0])
    assert (await third.session()).methods == ("pwd", "otp", "mfa")
    await third.client.aclose()


async def test_an_app_set_up_later_protects_the_account_and_the_login_stays_low(passwords, browser, other, clock):
    issued = await passwords.person()
    await browser.log_in(issued.username, PASSWORD)
    await other.log_in(issued.username, PASSWORD)
    page = await browser.get("/login/totp/enrol")
    secret = re.search(r'class="copied">([A-Z2-7 ]+)<', page.text)[1].replace(" ", "")
    page = await browser.send(page, code=pyotp.TOTP(secret).at(clock.now()))
    assert heading(page) == "Recovery codes"
    # Sessions by the password alone are from before, and hers may now touch no second factor.
    assert await other.session() is None
    assert heading(await browser.get("/login/security")) == "Sign in"
    clock.move(timedelta(minutes=1))
    page = await browser.log_in(issued.username, PASSWORD)
    await browser.send(page, code=pyotp.TOTP(secret).at(clock.now()))
    session = await browser.session()
    assert (session.assurance, session.methods) == ("low", ("pwd", "otp", "mfa"))
    page = await browser.get("/login/security")
    assert heading(page) == "Password and security"
    assert "Unused recovery codes: 10" in page.text
    await browser.send(page)
    assert (await passwords.check(issued)).factors == ()


async def test_whoever_has_the_password_does_not_see_the_secret_its_owner_sets_up(passwords, browser, other, clock):
    """He has it open before she begins, and again while she types her code: hers is never his."""
    issued = await passwords.person()
    shown = []

    async def enrol(one):
        page = await one.get("/login/totp/enrol")
        shown.append(re.search(r'class="copied">([A-Z2-7 ]+)<', page.text)[1].replace(" ", ""))
        return page

    for one in (other, browser):
        await one.log_in(issued.username, PASSWORD)
    await enrol(other)
    hers = await enrol(browser)
    await enrol(other)
    assert len(set(shown)) == 3
    page = await browser.send(hers, code=pyotp.TOTP(shown[1]).at(clock.now()))
    assert (page.status_code, heading(page)) == (422, "Set up an app for codes")
    new = re.search(r'class="copied">([A-Z2-7 ]+)<', page.text)[1].replace(" ", "")
    assert new not in shown
    page = await browser.send(page, code=pyotp.TOTP(new).at(clock.now()))
    assert heading(page) == "Recovery codes"


async def test_a_passkey_as_second_factor(passwords, browser, other):
    issued = await passwords.issue()
    page = await browser.log_in(issued.username, issued.password)
    page = await browser.send(page, password=PASSWORD, again=PASSWORD)
    page = await browser.get(unescape(re.search(r'href="([^"]*/login/passkey/enrol[^"]*)"', page.text)[1]))
    key = Authenticator()
    page = await browser.send(page, credential=key.create(options(page)), name="Moj telefon")
    assert heading(page) == "Recovery codes"
    await browser.send(page)
    assert (await browser.session()).methods == ("pwd", "hwk", "mfa")
    page = await other.log_in(issued.username, PASSWORD)
    assert heading(page) == "Confirm with a passkey"
    answer = key.get(options(page), origin="https://pregrada.example")
    page = await other.send(page, credential=answer)
    assert (page.status_code, faults(page)) == (403, ["That did not work. Try again, or choose another way."])
    answer = key.get(options(page))
    done = await other.send(page, credential=answer)
    assert heading(done) == "You are signed in"
    assert ((await other.session()).methods, (await other.session()).assurance) == (
        ("pwd", "hwk", "mfa"),
        "substantial",
    )


def options(page):
    return unescape(re.search(r'data-options="([^"]+)"', page.text)[1])


async def test_a_wrong_name_and_a_wrong_password_read_alike(passwords, browser):
    issued = await passwords.person()
    pages = [await browser.log_in(name, "wrong") for name in (issued.username, "zzzz-zzzz")]
    told = [re.sub(r"value=\"[^\"]*\"|t=[\w-]+", "", page.text) for page in pages]
    assert told[0] == told[1]
    assert [page.status_code for page in pages] == [403, 403]
    assert faults(pages[0]) == ["The user name or the password is wrong."]
    assert "<title>Error: Sign in" in pages[0].text
    assert sorted(pages[0].headers) == sorted(pages[1].headers)


async def test_too_many_attempts_say_how_long_to_wait_and_a_known_browser_gets_in(passwords, browser, other):
    issued = await passwords.person()
    await browser.log_in(issued.username, PASSWORD)
    for _ in range(4):
        page = await other.log_in(issued.username, "wrong")
    page = await other.log_in(issued.username, PASSWORD)
    assert (page.status_code, page.headers["retry-after"]) == (429, "1")
    assert faults(page) == ["There were too many attempts. Wait 1 min and try again."]
    assert heading(await browser.log_in(issued.username, PASSWORD)) == "You are signed in"


async def test_a_form_of_another_site_another_page_or_another_browser_is_refused(passwords, browser, other):
    issued = await passwords.person()
    page = await browser.begin()
    action = unescape(re.search(r'action="([^"]+)"', page.text)[1])
    token = re.search(r'name="form" value="(\w+)"', page.text)[1]
    fields = {"username": issued.username, "password": PASSWORD}
    elsewhere = await other.begin()
    theirs = re.search(r'name="form" value="(\w+)"', elsewhere.text)[1]
    for form, headers in (
        ({}, {}),
        ({"form": theirs}, {}),
        ({"form": "0" * 64}, {}),
        ({"form": token}, {"Sec-Fetch-Site": "cross-site"}),
    ):
        answer = await browser.client.post(action, data=fields | form, headers=headers)
        assert answer.status_code == 403, form
        assert await browser.session() is None
    # Another browser with the whole address and form (login CSRF).
    answer = await other.client.post(action, data=fields | {"form": theirs})
    assert answer.status_code == 403
    assert await other.session() is None
    answer = await browser.client.post(action, data=fields | {"form": token})
    assert answer.status_code == 303


async def test_changing_the_password_ends_every_other_session(passwords, browser, other):
    issued = await passwords.person()
    await browser.log_in(issued.username, PASSWORD)
    await other.log_in(issued.username, PASSWORD)
    page = await browser.get("/login/password/change")
    for fields, fault in (
        ({"current": "wrong", "password": OTHER, "again": OTHER}, "The present password is wrong."),
        ({"current": PASSWORD, "password": OTHER, "again": PASSWORD}, "The two passwords are not the same."),
        ({"current": PASSWORD, "password": "short", "again": "short"}, "The password needs at least 15 characters."),
        (
            {"current": PASSWORD, "password": PASSWORD, "again": PASSWORD},
            "This is your present password. Choose another one.",
        ),
    ):
        refused = await browser.send(page, **fields)
        assert (refused.status_code, faults(refused)) == (422, [fault])
    assert await other.session() is not None
    done = await browser.send(page, current=PASSWORD, password=OTHER, again=OTHER)
    assert heading(done) == "The password was changed"
    assert await other.session() is None
    assert (await browser.session()).login_id == issued.account_id
    assert heading(await other.log_in(issued.username, PASSWORD)) == "Sign in with a user name and password"
    assert heading(await other.log_in(issued.username, OTHER)) == "You are signed in"


async def test_a_login_under_way_with_the_old_password_is_over(passwords, browser, other, clock):
    """Somebody else has found it out and waits at the page for the code when it is changed."""
    issued = await passwords.person()
    begun = await passwords.api.hub.second_factors.begin_totp(
        passwords.city.id, issued.account_id, issuer="x", username="x", binds=Assurance.LOW
    )
    codes = pyotp.TOTP(begun.secret)
    await passwords.api.hub.second_factors.confirm_totp(
        passwords.city.id, issued.account_id, begun.factor_id, codes.at(clock.now()), binds=Assurance.LOW
    )
    page = await other.log_in(issued.username, PASSWORD)
    assert heading(page) == "Confirm with a code"
    await passwords.service.change(passwords.city, issued.account_id, OTHER)
    clock.move(timedelta(minutes=1))
    late = await other.send(page, code=codes.at(clock.now()))
    assert late.status_code == 410
    assert await other.session() is None


async def test_a_session_of_before_the_recovery_at_the_counter_is_over(passwords, browser, api):
    issued = await passwords.person()
    await browser.log_in(issued.username, PASSWORD)
    session = await browser.session()
    from hub.kernel.ids import public_id

    answer = await api.client.post(
        f"/pregrada/admin/v1/people/{public_id('sub', session.subject_id)}/password",
        json={"document": {"kind": "osobna iskaznica", "number": "115501234"}},
        headers=api.staff("pregrada"),
    )
    assert answer.status_code == 201
    assert await browser.session() is None


async def test_somebody_logged_in_by_an_eid_sets_a_new_password(passwords, browser, other, clock):
    issued = await passwords.person()
    await other.log_in(issued.username, PASSWORD)
    await eid_session(passwords, browser, issued)
    page = await browser.get("/login/password/change")
    assert 'name="current"' not in page.text
    done = await browser.send(page, password=OTHER, again=OTHER)
    assert heading(done) == "The password was changed"
    assert await other.session() is None
    assert heading(await other.log_in(issued.username, OTHER)) == "You are signed in"
    # Not with an old login.
    clock.move(timedelta(minutes=11))
    assert heading(await browser.send(page, password=PASSWORD, again=PASSWORD)) == "Sign in"


async def eid_session(passwords, browser, issued):
    hub, city = passwords.api.hub, passwords.city
    row = (await passwords.rows("select subject_id from password_accounts where account_id = $1", issued.account_id))[0]
    async with hub.database.identity(city.id) as connection:
        keys = await hub.vault.keys(connection, city.id)
        _, token = await hub.sessions.open(
            connection,
            keys,
            subject_id=row["subject_id"],
            staff_id=None,
            login_id=None,
            provider="nias",
            assurance="high",
            methods=(),
            authenticated_at=hub.clock.now(),
            logout={},
        )
    browser.client.cookies.set("munihub_session_pregrada", token, domain="localhost.local", path="/pregrada")


async def test_where_a_second_factor_is_required_there_is_no_session_without_one(api):
    passwords, browser = Passwords(api, api.hub.towns.by_slug["vzorov"].city), Browser(api, "vzorov")
    issued = await passwords.person()
    page = await browser.log_in(issued.username, PASSWORD)
    assert heading(page) == "Protect your sign-in with a second step"
    assert "Not now" not in page.text
    relay = re.search(r"\?t=([\w-]+)", page.text)[1]
    form = {"form": token_for(browser, "/login/second-factor")}
    answer = await browser.client.post(f"/vzorov/login/second-factor?t={relay}", data=form)
    assert answer.headers["location"].startswith("/vzorov/login/second-factor")
    assert await browser.session() is None
    await browser.client.aclose()


async def test_where_one_is_required_it_is_set_up_before_the_paper_is_replaced(api, clock):
    passwords, browser = Passwords(api, api.hub.towns.by_slug["vzorov"].city), Browser(api, "vzorov")
    issued = await passwords.issue()
    page = await browser.log_in(issued.username, issued.password)
    assert heading(page) == "Protect your sign-in with a second step"
    page = await browser.get(unescape(re.search(r'href="([^"]*/login/totp/enrol[^"]*)"', page.text)[1]))
    secret = re.search(r'class="copied">([A-Z2-7 ]+)<', page.text)[1].replace(" ", "")
    page = await browser.send(await browser.send(page, code=pyotp.TOTP(secret).at(clock.now())))
    assert heading(page) == "Choose a new password"
    # She stops here and begins anew, with the paper and the app.
    clock.move(timedelta(minutes=1))
    page = await browser.log_in(issued.username, issued.password)
    assert heading(page) == "Confirm with a code"
    page = await browser.send(page, code=pyotp.TOTP(secret).at(clock.now()))
    await browser.send(page, password=PASSWORD, again=PASSWORD)
    session = await browser.session()
    assert (session.assurance, session.methods) == ("substantial", ("pwd", "otp", "mfa"))
    await browser.client.aclose()


def token_for(browser, path):
    from portal_api.login.forms import form_token

    return form_token(browser.client.cookies.get(f"munihub_login_{browser.slug}"), path)


async def test_a_step_belongs_to_its_login_and_ends_with_its_time(passwords, browser, other, clock):
    issued = await passwords.issue()
    page = await browser.log_in(issued.username, issued.password)
    address = unescape(re.search(r'action="([^"]+)"', page.text)[1])
    assert (await other.get(address)).status_code == 403
    fresh = await other.begin()
    relay = re.search(r"\?t=([\w-]+)", fresh.text)[1]
    for path in ("password/new", "totp", "totp/enrol", "passkey", "second-factor"):
        assert (await other.get(f"/login/{path}?t={relay}")).status_code == 410
    clock.move(timedelta(minutes=11))
    assert (await browser.send(page, password=PASSWORD, again=PASSWORD)).status_code == 410


async def test_the_paper_of_staff_is_not_used_up_at_the_citizens_door(passwords, browser, clock):
    async with passwords.api.worker.database.town(passwords.city.id) as connection:
        staff_id = await staff.add(connection, passwords.city, "Marko", [Grant(Role.CLERK)], by="t", now=clock.now())
    issued = await passwords.issue(staff_id=staff_id)
    wrong = await browser.log_in(issued.username, "wrong")
    assert faults(wrong) == ["The user name or the password is wrong."]
    refused = await browser.log_in(issued.username, issued.password)
    assert (refused.status_code, faults(refused)) == (403, [OF_STAFF])
    # She takes the sign-in for staff, and comes to where she was going.
    page = await browser.get("/login/security")
    page = await browser.get(unescape(re.search(r'href="([^"]*/login[^"]*staff=[^"]*)"', page.text)[1]))
    assert "This sign-in is for staff of the town." in page.text
    assert "staff=" not in page.text
    form = await browser.get(unescape(re.search(r'href="([^"]*/login/password[^"]*)"', page.text)[1]))
    page = await browser.send(form, username=issued.username, password=issued.password)
    assert heading(page) == "Protect your sign-in with a second step"
    page = await browser.get(unescape(re.search(r'href="([^"]*/login/totp/enrol[^"]*)"', page.text)[1]))
    secret = re.search(r'class="copied">([A-Z2-7 ]+)<', page.text)[1].replace(" ", "")
    page = await browser.send(await browser.send(page, code=pyotp.TOTP(secret).at(clock.now())))
    page = await browser.send(page, password=PASSWORD, again=PASSWORD)
    assert heading(page) == "Password and security"


async def test_the_page_of_a_session_says_whose_it_is(passwords, browser):
    issued = await passwords.person("Ana <b>Šćrbačić</b>")
    page = await browser.log_in(issued.username, PASSWORD)
    assert "<dt>Name</dt>\n<dd>Ana &lt;b&gt;Šćrbačić&lt;/b&gt;</dd>" in page.text
    async with passwords.api.worker.database.town(passwords.city.id) as connection:
        await connection.execute("update subjects set name = null")
    assert "<dt>Name</dt>" not in (await browser.get("/login/session")).text


async def test_a_code_of_ones_own_account_is_no_second_factor_of_anothers(passwords, browser, clock):
    """He knows her password and has an account of his own. The form with his code waits for its last octets while the
    same login goes on with her name.
    """
    hers, his = await passwords.person(), await passwords.person("Ivan Horvat")
    secrets = {}
    for issued in (hers, his):
        begun = await passwords.api.hub.second_factors.begin_totp(
            passwords.city.id, issued.account_id, issuer="x", username="x", binds=Assurance.SUBSTANTIAL
        )
        secrets[issued.account_id] = pyotp.TOTP(begun.secret)
        code = secrets[issued.account_id].at(clock.now())
        await passwords.api.hub.second_factors.confirm_totp(
            passwords.city.id, issued.account_id, begun.factor_id, code, binds=Assurance.SUBSTANTIAL
        )
    clock.move(timedelta(seconds=60))
    start = await browser.begin()
    page = await browser.send(start, username=his.username, password=PASSWORD)
    assert heading(page) == "Confirm with a code"
    action = unescape(re.search(r'<form[^>]* action="([^"]+)"', page.text)[1])
    form = re.search(r'name="form" value="([^"]*)"', page.text)[1]
    between = []

    async def slowly():
        yield f"form={form}&".encode()
        between.append(await browser.send(start, username=hers.username, password=PASSWORD))
        yield f"code={secrets[his.account_id].at(clock.now())}".encode()

    headers = {"content-type": "application/x-www-form-urlencoded"}
    answer = await browser.client.post(action, content=slowly(), headers=headers)
    assert heading(between[0]) == "Confirm with a code"
    assert await browser.session() is None
    assert answer.status_code == 410
    # Her own code goes on with her login.
    page = await browser.send(between[0], code=secrets[hers.account_id].at(clock.now()))
    assert (await browser.session()).login_id == hers.account_id


async def test_staff_have_no_session_without_a_second_factor_and_citizens_no_staff_login(passwords, browser, clock):
    api, city = passwords.api, passwords.city
    async with api.hub.database.identity(city.id) as connection:
        staff_id = await staff.add(connection, city, "Petra", [Grant(Role.CLERK)], by="test", now=clock.now())
    issued = await passwords.issue(staff_id=staff_id)
    await passwords.service.change(city, issued.account_id, PASSWORD)
    citizen = await passwords.person()

    async def staff_form():
        await browser.get("/login")
        relay = await api.hub.logins.begin(
            city.id,
            continue_to="/login/session",
            assurance="low",
            client_name=None,
            staff=True,
            force=False,
            language=None,
            browser=browser.client.cookies.get("munihub_login_pregrada"),
        )
        return await browser.get(f"/login/password?t={relay}")

    for page, username, said in (
        (await browser.begin(), issued.username, OF_STAFF),
        (
            await staff_form(),
            citizen.username,
            "This user name is of a citizen; this sign-in is for staff of the town.",
        ),
    ):
        answer = await browser.send(page, username=username, password="wrong")
        assert (answer.status_code, faults(answer)) == (403, ["The user name or the password is wrong."])
        answer = await browser.send(page, username=username, password=PASSWORD)
        assert (answer.status_code, faults(answer)) == (403, [said])
    page = await browser.send(await staff_form(), username=issued.username, password=PASSWORD)
    assert heading(page) == "Protect your sign-in with a second step"
    assert await browser.session() is None
    page = await browser.get(unescape(re.search(r'href="([^"]*/login/totp/enrol[^"]*)"', page.text)[1]))
    secret = re.search(r'class="copied">([A-Z2-7 ]+)<', page.text)[1].replace(" ", "")
    await browser.send(await browser.send(page, code=pyotp.TOTP(secret).at(clock.now())))
    session = await browser.session()
    assert (session.staff_id, session.subject_id, session.methods) == (staff_id, None, ("pwd", "otp", "mfa"))
    # The last one is not taken away from staff, neither by the page nor by a form it does not show.
    page = await browser.get("/login/security")
    assert "The account needs a second step" in page.text
    (factor,) = await api.hub.second_factors.of(city.id, issued.account_id)
    assert 'name="factor"' in page.text
    form = {"form": token_for(browser, "/login/security"), "factor": str(factor.factor_id)}
    assert (await browser.client.post("/pregrada/login/security", data=form)).status_code == 409
    assert await api.hub.second_factors.of(city.id, issued.account_id) == [factor]


@pytest.mark.parametrize("language", ["hr", "cs", "uk", "ro", "sr", "sr-Latn", "en"])
async def test_every_page_can_be_read_in_every_language(passwords, browser, language, clock):
    browser.client.headers["Accept-Language"] = language
    issued = await passwords.issue()
    page = await browser.log_in(issued.username, "wrong")
    page = await browser.log_in(issued.username, issued.password)
    page = await browser.send(page, password="short", again="short")
    page = await browser.send(page, password=PASSWORD, again=PASSWORD)
    relay = re.search(r"\?t=([\w-]+)", page.text)[1]
    await browser.get(f"/login/passkey/enrol?t={relay}")
    page = await browser.get(f"/login/totp/enrol?t={relay}")
    secret = re.search(r'class="copied">([A-Z2-7 ]+)<', page.text)[1].replace(" ", "")
    page = await browser.send(page, code=pyotp.TOTP(secret).at(clock.now()))
    await browser.send(page)
    for path in ("/login/security", "/login/password/change"):
        page = await browser.get(path)
        assert page.status_code == 200
        assert page.headers["content-language"].startswith(language)


async def test_a_town_that_gives_no_passwords_has_none_of_these_pages(api, config, tmp_path):
    town = api.hub.towns.by_slug["pregrada"]
    object.__setattr__(town.city, "__dict__", town.city.__dict__ | {"passwords": None})
    for path in (
        "password",
        "password/new",
        "password/change",
        "totp",
        "passkey",
        "security",
        "second-factor",
        "totp/enrol",
    ):
        assert (await api.client.get(f"/pregrada/login/{path}")).status_code == 404, path
