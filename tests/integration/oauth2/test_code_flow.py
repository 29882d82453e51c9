"""A front end gets tokens for somebody who is logged in, and renews them: RFC 6749 §4.1, OpenID Connect Core 1.0 §3.1."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta

from joserfc import jws

from hub.kernel.assurance import Assurance
from hub.kernel.ids import public_id
from tests.integration.oauth2.front_ends import ADDRESS, PORTAL, parameters_of

HIGH = "http://eidas.europa.eu/LoA/high"
SUBSTANTIAL = "http://eidas.europa.eu/LoA/substantial"


async def test_a_code_and_its_tokens(provider, clock):
    ana = await provider.api.subject("pregrada", "Ana Šćrbačić")
    browser, session = await provider.login(subject_id=ana)
    answer = await browser.authorize()
    assert answer.status_code == 303
    location = answer.headers["location"]
    assert location.startswith(f"{PORTAL}?code=")
    back = parameters_of(location)
    assert (back["state"], back["iss"]) == ("st-ate", f"{ADDRESS}/pregrada")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["referrer-policy"] == "no-referrer"

    answer = await provider.redeem(back["code"])
    assert answer.status_code == 200
    assert (answer.headers["cache-control"], answer.headers["pragma"]) == ("no-store", "no-cache")
    body = answer.json()
    assert set(body) == {"access_token", "token_type", "expires_in", "refresh_token", "id_token", "scope"}
    assert (body["token_type"], body["expires_in"]) == ("Bearer", 300)
    assert body["scope"] == "openid profile account refresh"

    now, sub = int(clock.now().timestamp()), public_id("sub", ana)
    identity = await provider.claims(body["id_token"])
    assert identity.pop("jti")
    assert identity == {
        "iss": f"{ADDRESS}/pregrada",
        "sub": sub,
        "aud": "portal",
        "iat": now,
        "exp": now + 600,
        "auth_time": now,
        "nonce": "n0nce",
        "acr": SUBSTANTIAL,
        "amr": ["pwd", "otp"],
        "sid": public_id("ses", session.session_id),
        "at_hash": base64.urlsafe_b64encode(hashlib.sha256(body["access_token"].encode()).digest()[:16])
        .decode()
        .rstrip("="),
    }
    access = await provider.claims(body["access_token"])
    assert access.pop("jti")
    assert access.pop("grant").startswith("grt_")
    assert access == {
        "iss": f"{ADDRESS}/pregrada",
        "aud": f"{ADDRESS}/pregrada",
        "sub": sub,
        "client_id": "portal",
        "iat": now,
        "exp": now + 300,
        "auth_time": now,
        "acr": SUBSTANTIAL,
        "amr": ["pwd", "otp"],
        "sid": public_id("ses", session.session_id),
        "scope": "account openid profile refresh",
    }
    header = jws.extract_compact(body["access_token"].encode()).headers()
    assert (header["typ"], header["alg"]) == ("at+jwt", "RS256")
    assert jws.extract_compact(body["id_token"].encode()).headers()["typ"] == "JWT"

    bearer = {"Authorization": f"Bearer {body['access_token']}"}
    account = await provider.api.client.get("/pregrada/v1/account", headers=bearer)
    assert account.status_code == 200
    assert account.json()["subject"]["id"] == sub
    userinfo = await provider.api.client.get("/pregrada/oauth2/userinfo", headers=bearer)
    assert userinfo.json() == {"sub": sub, "name": "Ana Šćrbačić"}


async def test_only_what_was_asked_for_and_is_the_front_ends(provider):
    body = await provider.tokens("other", scope="openid account refresh email offline_access")
    assert body["scope"] == "openid account"
    bearer = {"Authorization": f"Bearer {body['access_token']}"}
    assert set((await provider.api.client.get("/pregrada/oauth2/userinfo", headers=bearer)).json()) == {"sub"}
    refused = await provider.api.client.post("/pregrada/v1/refresh", headers=bearer)
    assert refused.status_code == 403
    plain = await provider.tokens("other", scope="account")
    assert "id_token" not in plain
    bearer = {"Authorization": f"Bearer {plain['access_token']}"}
    answer = await provider.api.client.get("/pregrada/oauth2/userinfo", headers=bearer)
    assert answer.status_code == 403
    assert answer.headers["www-authenticate"] == 'Bearer error="insufficient_scope", scope="openid"'


async def test_without_a_session_one_logs_in_first(provider):
    browser, _ = await provider.login()
    browser.cookies.clear()
    answer = await browser.authorize(ui_locales="de en", acr_values=HIGH)
    assert answer.status_code == 303
    address, relay = answer.headers["location"].split("?t=")
    assert address == f"{ADDRESS}/pregrada/login"
    town = provider.api.hub.towns.by_slug["pregrada"].city
    begun = await provider.api.hub.logins.find(town.id, relay, browser.cookies["munihub_login_pregrada"])
    assert (begun.assurance, begun.staff, begun.force, begun.language) == (Assurance.HIGH, False, False, "en")
    assert begun.client_name == {"hr": "Portal", "en": "Portal"}
    path, _, name = begun.continue_to.partition("?resume=")
    assert path == "/oauth2/authorize"

    # Somebody who comes back without having logged in is sent to log in again.
    again = await browser.get(path, resume=name)
    assert again.headers["location"].startswith(f"{ADDRESS}/pregrada/login?t=")
    logged_in, _ = await provider.login(assurance=Assurance.HIGH)
    browser.cookies |= logged_in.cookies
    done = await browser.get(path, resume=name)
    back = parameters_of(done.headers["location"])
    assert back["state"] == "st-ate"
    assert (await provider.redeem(back["code"])).json()["scope"] == "openid profile account refresh"
    once_more = await browser.get(path, resume=name)
    assert once_more.status_code == 410


async def test_a_session_that_is_too_weak_is_raised_or_refused(provider, clock):
    browser, session = await provider.login(assurance=Assurance.LOW)
    answer = await browser.authorize(acr_values=HIGH)
    assert "/login?t=" in answer.headers["location"]
    name = await resumed(provider, browser, answer)
    clock.move(timedelta(minutes=4))
    town = provider.api.hub.towns.by_slug["pregrada"].city

    async def step_up(level: Assurance) -> None:
        async with provider.api.hub.database.identity(town.id) as connection:
            browser.cookies["munihub_session_pregrada"] = await provider.api.hub.sessions.step_up(
                connection, session.session_id, assurance=level, methods=("hwk",), authenticated_at=clock.now()
            )

    await step_up(Assurance.SUBSTANTIAL)
    refused = await browser.get("/oauth2/authorize", resume=name)
    assert parameters_of(refused.headers["location"]) == {
        "error": "unmet_authentication_requirements",
        "error_description": "This needs a login of assurance high.",
        "state": "st-ate",
        "iss": f"{ADDRESS}/pregrada",
    }
    await step_up(Assurance.HIGH)
    done = await browser.get("/oauth2/authorize", resume=name)
    body = (await provider.redeem(parameters_of(done.headers["location"])["code"])).json()
    claims = await provider.claims(body["id_token"])
    assert (claims["acr"], claims["amr"], claims["auth_time"]) == (HIGH, ["hwk"], int(clock.now().timestamp()))


async def resumed(provider, browser, answer) -> str:
    town = provider.api.hub.towns.by_slug[browser.city].city
    relay = parameters_of(answer.headers["location"])["t"]
    begun = await provider.api.hub.logins.find(town.id, relay)
    return begun.continue_to.partition("?resume=")[2]


async def test_the_configuration_of_a_front_end_asks_for_assurance_too(provider):
    browser, _ = await provider.login(assurance=Assurance.LOW)
    assert (
        "/login?t=" in (await browser.authorize("app", redirect_uri="http://127.0.0.1:5/callback")).headers["location"]
    )
    raised, _ = await provider.login(assurance=Assurance.SUBSTANTIAL)
    answer = await raised.authorize("app", redirect_uri="http://127.0.0.1:51004/callback", acr_values="whatever")
    assert answer.headers["location"].startswith("http://127.0.0.1:51004/callback?code=")


async def test_prompt_and_max_age(provider, clock):
    browser, session = await provider.login()
    nobody, _ = await provider.login()
    nobody.cookies.clear()

    async def error(browser, **asked: str) -> str:
        return parameters_of((await browser.authorize(**asked)).headers["location"])["error"]

    assert await error(nobody, prompt="none") == "login_required"
    assert await error(browser, prompt="none", acr_values=HIGH) == "login_required"
    assert "code" in parameters_of((await browser.authorize(prompt="none")).headers["location"])
    assert "code" in parameters_of((await browser.authorize(prompt="consent", max_age="60")).headers["location"])
    clock.move(timedelta(seconds=61))
    assert await error(browser, prompt="none", max_age="60") == "login_required"
    for asked in ({"prompt": "login"}, {"prompt": "select_account"}, {"max_age": "60"}, {"max_age": "0"}):
        answer = await browser.authorize(**asked)
        name = await resumed(provider, browser, answer)
        town = provider.api.hub.towns.by_slug["pregrada"].city
        begun = await provider.api.hub.logins.find(town.id, parameters_of(answer.headers["location"])["t"])
        assert begun.force
        clock.move(timedelta(minutes=5))
        # The session of before does not do, whatever is written into the address.
        assert "/login?t=" in (await browser.get("/oauth2/authorize", resume=name, prompt="none")).headers["location"]
        async with provider.api.hub.database.identity(town.id) as connection:
            browser.cookies["munihub_session_pregrada"] = await provider.api.hub.sessions.step_up(
                connection,
                session.session_id,
                assurance=Assurance.SUBSTANTIAL,
                methods=("pwd",),
                authenticated_at=clock.now(),
            )
        done = await browser.get("/oauth2/authorize", resume=name)
        assert "code" in parameters_of(done.headers["location"]), asked
        clock.move(timedelta(seconds=61))


async def test_a_login_in_another_browser_proves_nothing_of_this_one(provider, clock):
    """Somebody at an unlocked screen: the login that was asked for is his own, done elsewhere, and its way back is
    taken to the browser in which somebody else is logged in since long.
    """
    victim, _ = await provider.login()
    clock.move(timedelta(minutes=5))
    elsewhere, _ = await provider.login()
    for asked in ({"prompt": "login"}, {"max_age": "0"}):
        clock.move(timedelta(seconds=1))
        name = await resumed(provider, elsewhere, await elsewhere.authorize(**asked))
        answer = await victim.get("/oauth2/authorize", resume=name)
        assert "/login?t=" in answer.headers["location"], asked
    clock.move(timedelta(seconds=1))
    nobody, _ = await provider.login()
    nobody.cookies.clear()
    name = await resumed(provider, nobody, await nobody.authorize(prompt="login"))
    assert "/login?t=" in (await victim.get("/oauth2/authorize", resume=name)).headers["location"]
    fresh, _ = await provider.login()
    assert "code=" in (await fresh.get("/oauth2/authorize", resume=name)).headers["location"]


async def test_by_post_it_becomes_a_get(provider):
    form = {
        "response_type": "code",
        "client_id": "portal",
        "redirect_uri": PORTAL,
        "scope": "openid",
        "state": "ö&=\u2028",
        "code_challenge": "c" * 43,
        "code_challenge_method": "S256",
    }
    answer = await provider.post("authorize", form)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith(f"{ADDRESS}/pregrada/oauth2/authorize?response_type=code&")
    assert parameters_of(answer.headers["location"]) == form
    assert (await provider.post("authorize", form | {"client_id": "nobody"})).status_code == 400


async def test_state_and_nonce_come_back_as_they_went(provider):
    browser, _ = await provider.login()
    for odd in ("a b+c%20&=#?/\\\"'<>", "šč \u2028\U0001f600", "x" * 2000):
        answer = await browser.authorize(state=odd, nonce=odd)
        back = parameters_of(answer.headers["location"])
        assert back["state"] == odd
        body = (await provider.redeem(back["code"])).json()
        assert (await provider.claims(body["id_token"]))["nonce"] == odd
    back = parameters_of((await browser.authorize(state=None, nonce=None)).headers["location"])
    assert set(back) == {"code", "iss"}
    assert "nonce" not in await provider.claims((await provider.redeem(back["code"])).json()["id_token"])


async def test_staff_and_citizens_have_front_ends_of_their_own(provider):
    citizen, _ = await provider.login()
    assert "/login?t=" in (await citizen.authorize("console")).headers["location"]
    refused = await citizen.authorize("console", prompt="none")
    assert parameters_of(refused.headers["location"])["error"] == "login_required"


async def test_refresh_gives_new_tokens(provider, clock):
    first = await provider.tokens()
    clock.move(timedelta(minutes=20))
    second = (await provider.refresh(first["refresh_token"])).json()
    assert set(second) == set(first)
    assert second["refresh_token"] != first["refresh_token"]
    before, after = await provider.claims(first["id_token"]), await provider.claims(second["id_token"])
    assert {name for name in before if before[name] != after.get(name)} == {"iat", "exp", "jti", "at_hash", "nonce"}
    assert "nonce" not in after
    narrow = (await provider.refresh(second["refresh_token"], scope="account")).json()
    assert (narrow["scope"], "id_token" in narrow) == ("account", False)
    wide = (await provider.refresh(narrow["refresh_token"])).json()
    assert wide["scope"] == first["scope"]
    more = await provider.refresh(wide["refresh_token"], scope="account messages")
    assert (more.status_code, more.json()["error"]) == (400, "invalid_scope")


async def test_nothing_outlives_the_session(provider, clock):
    """Twelve hours, and half an hour without use."""
    tokens = await provider.tokens()
    began = clock.now()
    while clock.now() - began < timedelta(hours=12) - timedelta(minutes=3):
        clock.move(timedelta(minutes=29))
        if clock.now() - began >= timedelta(hours=12) - timedelta(minutes=3):
            clock.at = began + timedelta(hours=12) - timedelta(minutes=3)
        tokens = (await provider.refresh(tokens["refresh_token"])).json()
    assert tokens["expires_in"] == 180
    clock.move(timedelta(minutes=3))
    assert (await provider.refresh(tokens["refresh_token"])).json()["error"] == "invalid_grant"

    idle = await provider.tokens()
    clock.move(timedelta(minutes=30))
    assert (await provider.refresh(idle["refresh_token"])).json()["error"] == "invalid_grant"


async def test_a_machine_speaks_for_itself(provider):
    answer = await provider.post("token", {"grant_type": "client_credentials", **provider.proof("robot")})
    body = answer.json()
    assert set(body) == {"access_token", "token_type", "expires_in", "scope"}
    claims = await provider.claims(body["access_token"])
    assert (claims["sub"], claims["client_id"], claims["scope"]) == ("robot", "robot", "push")
    town = provider.api.hub.towns.by_slug["pregrada"].city
    token = await provider.api.hub.tokens.check(body["access_token"], town)
    assert (token.client_id, token.subject_id, token.staff_id, token.scopes) == ("robot", None, None, {"push"})
    for client in ("portal", "spa"):
        refused = await provider.post("token", {"grant_type": "client_credentials", **provider.proof(client)})
        assert refused.json()["error"] == "unauthorized_client"
    wide = await provider.post(
        "token", {"grant_type": "client_credentials", "scope": "account", **provider.proof("robot")}
    )
    assert wide.json()["error"] == "invalid_scope"
