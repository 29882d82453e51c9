"""Attacks on the provider: RFC 9700 (OAuth 2.0 Security Best Current Practice), RFC 8725, OpenID Connect Core §16."""

from __future__ import annotations

import asyncio
import base64
import hmac
import json
import re
from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey

from hub.grants import clients
from hub.kernel.errors import Unauthenticated
from hub.kernel.ids import new_uuid
from tests.integration.oauth2.front_ends import ADDRESS, PORTAL, Browser, Provider, challenge, parameters_of, secret_of


async def refused(answer, error: str = "invalid_grant", status: int = 400) -> None:
    assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text
    assert answer.headers["cache-control"] == "no-store"


async def reads(provider: Provider, token: str, city: str = "pregrada") -> int:
    header = {"Authorization": f"Bearer {token}"}
    return (await provider.api.client.get(f"/{city}/v1/account", headers=header)).status_code


# ── Where an answer goes ─────────────────────────────────────────────────────────────────────────

TRICKS = [
    "https://portal.example/callback/",
    "https://portal.example/callback/../evil",
    "https://portal.example/callback/%2e%2e/evil",
    "https://portal.example/callback#fragment",
    "https://portal.example/callback?x=1",
    "https://portal.example/callback?tenant=2",
    "https://portal.example/callback%3Ftenant=1",
    "https://portal.example/Callback",
    "https://PORTAL.example/callback",
    "HTTPS://portal.example/callback",
    "http://portal.example/callback",
    "https://portal.example:443/callback",
    "https://portal.example.evil.example/callback",
    "https://evil.example/callback",
    "https://evil.example/?https://portal.example/callback",
    "https://portal.example@evil.example/callback",
    "https://evil.example#@portal.example/callback",
    "https://evil.example\\@portal.example/callback",
    "https://portal.example/callback\r\nLocation: https://evil.example",
    "https://portal.example/callback ",
    " https://portal.example/callback",
    "https://portal.example/callback\x00",
    "//portal.example/callback",
    "/callback",
    "portal.example/callback",
    "javascript:alert(1)//https://portal.example/callback",
    "data:text/html,https://portal.example/callback",
    "https://portаl.example/callback",  # a Cyrillic a
    "https://portal.example/call%62ack",
    "https://portal.example/callbac",
    "https://other.example/callback",
    "https://portal.example/bye",
    "",
]


async def test_nobody_is_led_to_an_address_that_is_not_the_front_ends(provider):
    browser, _ = await provider.login()
    for uri in TRICKS:
        answer = await browser.authorize(redirect_uri=uri)
        assert (answer.status_code, "location" in answer.headers) == (400, False), uri
        assert answer.headers["content-type"].startswith("text/html")
        # Its links lead to the same page in other languages.
        assert re.findall(r'(?:href|src|action)="(?!\?|#|/pregrada/)[^"]*"', answer.text) == [], uri


APP_TRICKS = [
    "http://localhost:5/callback",
    "http://127.0.0.2:5/callback",
    "http://127.0.0.1:5/callback/",
    "http://127.0.0.1:5/callback?x",
    "http://127.0.0.1:5@evil.example/callback",
    "http://127.0.0.1:5:6/callback",
    "http://127.0.0.1:99999/callback",
    "http://127.0.0.1:/callback",
    "http://127.0.0.1:05/callback",
    "http://127.0.0.1:+5/callback",
    "http://user@127.0.0.1:5/callback",
    "http://127.0.0.1.evil.example:5/callback",
    "https://127.0.0.1:5/callback",
    "http://127.1:5/callback",
    "http://[::1]:5/other",
    "hr.pregrada.app:/callback/",
    "hr.pregrada.app://callback",
]


async def test_a_program_of_the_users_own_machine_may_change_its_port_alone(provider):
    """RFC 8252 §7.3."""
    browser, _ = await provider.login()
    for good in ("http://127.0.0.1:51004/callback", "http://[::1]:5/callback", "hr.pregrada.app:/callback"):
        assert (await browser.authorize("app", redirect_uri=good)).headers["location"].startswith(f"{good}?code=")
    for uri in APP_TRICKS:
        answer = await browser.authorize("app", redirect_uri=uri)
        assert (answer.status_code, "location" in answer.headers) == (400, False), uri


async def test_a_front_end_nobody_knows_gets_no_answer(provider):
    browser, _ = await provider.login()
    for client_id in ("nobody", "", "PORTAL", "portal ", "robot", "portal\x00", "__class__", "x" * 3000):
        answer = await browser.authorize(client_id=client_id)
        assert (answer.status_code, "location" in answer.headers) == (400, False), client_id
    twice = await browser.get(
        f"/oauth2/authorize?response_type=code&client_id=portal&client_id=other&redirect_uri={PORTAL}"
        f"&code_challenge={challenge()}&code_challenge_method=S256"
    )
    assert (twice.status_code, "location" in twice.headers) == (400, False)
    evil = "https://evil.example/"
    twice = await browser.get(
        f"/oauth2/authorize?response_type=code&client_id=portal&redirect_uri={evil}&redirect_uri={PORTAL}"
        f"&code_challenge={challenge()}&code_challenge_method=S256"
    )
    assert (twice.status_code, "location" in twice.headers) == (400, False)


async def test_every_answer_says_whose_it_is(provider):
    """RFC 9207: a front end that talks to several providers notices that another one answers (mix-up)."""
    for city in ("pregrada", "vzorov"):
        browser, _ = await provider.login(city=city)
        for asked in ({}, {"response_type": "token"}, {"scope": "nothing"}):
            back = parameters_of((await browser.authorize(**asked)).headers["location"])
            assert back["iss"] == f"{ADDRESS}/{city}"
            assert ("code" in back) is (asked == {})


async def test_what_is_wrong_is_told_to_the_front_end(provider):
    browser, _ = await provider.login()
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_type": None}, "invalid_request"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"response_mode": "form_post"}, "invalid_request"),
        ({"request": "e30.e30."}, "request_not_supported"),
        ({"request_uri": "https://evil.example/r"}, "request_uri_not_supported"),
        ({"registration": "{}"}, "registration_not_supported"),
        ({"prompt": "none login"}, "invalid_request"),
        ({"prompt": "create"}, "invalid_request"),
        ({"max_age": "-1"}, "invalid_request"),
        ({"max_age": "1e9"}, "invalid_request"),
        ({"max_age": "9" * 20}, "invalid_request"),
        ({"scope": "messages"}, "invalid_scope"),
        ({"nonce": "n" * 2001}, "invalid_request"),
        ({"nonce": "n\x00"}, "invalid_request"),
    ]
    for asked, error in wrong:
        answer = await browser.authorize(**asked)
        back = parameters_of(answer.headers["location"])
        assert answer.headers["location"].startswith(PORTAL)
        assert (back["error"], back["state"]) == (error, "st-ate"), asked
        assert "code" not in back
    long = parameters_of((await browser.authorize(state="s" * 2001)).headers["location"])
    assert (long["error"], "state" in long) == ("invalid_request", False)
    for asked in ({}, {"prompt": "login"}):
        nul = parameters_of((await browser.authorize(state="s\x00", **asked)).headers["location"])
        assert (nul["error"], nul["state"]) == ("invalid_request", "s\x00")
    # What nobody here knows changes nothing (RFC 6749 §3.1).
    fine = await browser.authorize(
        claims='{"id_token":{"acr":{"essential":true}}}', display="popup", login_hint="ana@a"
    )
    assert "code" in parameters_of(fine.headers["location"])


async def test_no_parameter_comes_twice(provider):
    browser, _ = await provider.login()
    answer = await browser.get(
        f"/oauth2/authorize?response_type=code&client_id=portal&redirect_uri={PORTAL}&state=a&state=b"
        f"&code_challenge={challenge()}&code_challenge_method=S256"
    )
    back = parameters_of(answer.headers["location"])
    assert (back["error"], "state" in back) == ("invalid_request", False)
    twice = await provider.api.client.post(
        "/pregrada/oauth2/token",
        content="grant_type=refresh_token&grant_type=refresh_token&refresh_token=x&client_id=spa",
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )
    await refused(twice, "invalid_request")


# ── PKCE ─────────────────────────────────────────────────────────────────────────────────────────


NO_PKCE: list[dict[str, str | None]] = [
    {"code_challenge": None, "code_challenge_method": None},
    {"code_challenge": None},
    {"code_challenge": ""},
    {"code_challenge_method": None},
    {"code_challenge_method": "plain"},
    {"code_challenge_method": "s256"},
    {"code_challenge": "short"},
    {"code_challenge": "c" * 44},
    {"code_challenge": "c" * 42 + "="},
    {"code_challenge": "c" * 43 + "\n"},
]


async def test_no_code_without_pkce(provider):
    """For every client, also one that keeps a secret (RFC 9700 §2.1.1)."""
    browser, _ = await provider.login()
    for client, asked in product(("portal", "spa"), NO_PKCE):
        back = parameters_of((await browser.authorize(client, **asked)).headers["location"])
        assert (back["error"], "code" in back) == ("invalid_request", False), asked


async def test_no_tokens_without_the_verifier(provider):
    browser, _ = await provider.login()
    for verifier in (None, "", "v" * 42, "v" * 129, "v" * 42 + "é"):
        await refused(await provider.redeem(await browser.code(), code_verifier=verifier), "invalid_request")
    # Another one; and the challenge itself, as `plain` would have it.
    for verifier in ("w" * 43, challenge()):
        await refused(await provider.redeem(await browser.code(), code_verifier=verifier))


async def test_a_code_put_into_another_browser_is_worth_nothing(provider):
    """RFC 9700 §4.5: the attacker begins a login of his own and puts the code of somebody else into the answer."""
    victim, _ = await provider.login()
    stolen = await victim.code(code_challenge=challenge("a" * 43))
    await refused(await provider.redeem(stolen, code_verifier="b" * 43))
    # Whoever shows it with the wrong proof has stolen it: it is over for everybody.
    await refused(await provider.redeem(stolen, code_verifier="a" * 43))


# ── Codes ────────────────────────────────────────────────────────────────────────────────────────


async def test_a_code_that_is_shown_again_ends_what_it_gave(provider, clock):
    browser, _ = await provider.login()
    code = await browser.code()
    first = (await provider.redeem(code)).json()
    assert await reads(provider, first["access_token"]) == 200
    await refused(await provider.redeem(code))
    await refused(await provider.refresh(first["refresh_token"]))
    # RFC 6749 §4.1.2: also the access token, here at once, in other processes within half a minute.
    assert await reads(provider, first["access_token"]) == 401


async def test_of_two_that_redeem_a_code_at_once_nobody_keeps_anything(provider):
    browser, _ = await provider.login()
    code = await browser.code()
    answers = await asyncio.gather(*(provider.redeem(code) for _ in range(5)))
    assert sorted(answer.status_code for answer in answers)[1:] == [400] * 4
    for answer in answers:
        if answer.status_code == 200:
            await refused(await provider.refresh(answer.json()["refresh_token"]))


async def test_a_code_fits_one_request_only(provider, clock):
    browser, _ = await provider.login()
    await refused(await provider.redeem(await browser.code(), "other", redirect_uri=PORTAL))
    await refused(await provider.redeem(await browser.code(), redirect_uri=f"{PORTAL}?tenant=1"))
    await refused(await provider.redeem(await browser.code(), redirect_uri=None), "invalid_request")
    await refused(await provider.redeem("", "portal"), "invalid_request")
    await refused(await provider.redeem("x" * 43))
    late = await browser.code()
    clock.move(timedelta(seconds=60))
    await refused(await provider.redeem(late))
    elsewhere = await browser.code()
    form = {
        "grant_type": "authorization_code",
        "code": elsewhere,
        "redirect_uri": PORTAL,
        "code_verifier": "v" * 43,
        **provider.proof("portal"),
    }
    await refused(await provider.post("token", form, city="vzorov"))
    assert (await provider.redeem(elsewhere)).status_code == 200


async def test_a_code_of_a_session_that_ended_gives_nothing(provider):
    browser, session = await provider.login()
    code = await browser.code()
    town = provider.api.hub.towns.by_slug["pregrada"]
    await provider.api.hub.grants.end_session(town, session.session_id, "logout")
    await refused(await provider.redeem(code))
    other, session = await provider.login()
    code = await other.code()
    hub = provider.api.hub
    async with hub.database.identity(town.city.id) as connection:
        await hub.sessions.end(connection, town.city.id, session.session_id, "eid")
    await refused(await provider.redeem(code))


async def test_requests_that_wait_for_a_login_do_not_fill_the_database(provider):
    """Anybody may send them: as many as logins may be begun from one network, and no more."""
    answers = [await Browser(provider).authorize() for _ in range(101)]
    assert {one.status_code for one in answers[:100]} == {303}
    assert answers[100].status_code == 429
    assert int(answers[100].headers["retry-after"]) <= 600
    async with provider.api.worker.database.town(1) as connection:
        assert await connection.fetchval("select count(*) from authorization_requests") == 100


# ── Refresh tokens ───────────────────────────────────────────────────────────────────────────────


async def test_a_refresh_token_that_is_used_again_ends_the_family(provider, clock):
    first = await provider.tokens()
    second = (await provider.refresh(first["refresh_token"])).json()
    clock.move(timedelta(seconds=11))
    await refused(await provider.refresh(first["refresh_token"]))
    await refused(await provider.refresh(second["refresh_token"]))
    assert await reads(provider, second["access_token"]) == 401


async def test_an_answer_that_was_lost_is_asked_for_again(provider, clock):
    first = await provider.tokens()
    lost = (await provider.refresh(first["refresh_token"])).json()
    clock.move(timedelta(seconds=10))
    again = (await provider.refresh(first["refresh_token"])).json()
    assert again["refresh_token"] != lost["refresh_token"]
    third = (await provider.refresh(again["refresh_token"])).json()
    # As soon as what it gave is in use, the old one is nobody's any more.
    await refused(await provider.refresh(first["refresh_token"]))
    await refused(await provider.refresh(third["refresh_token"]))


async def test_a_thief_within_the_grace_is_found_too(provider, clock):
    first = await provider.tokens()
    stolen = (await provider.refresh(first["refresh_token"])).json()
    ours = (await provider.refresh(first["refresh_token"])).json()
    used = (await provider.refresh(stolen["refresh_token"])).json()
    clock.move(timedelta(seconds=11))
    await refused(await provider.refresh(stolen["refresh_token"]))
    for one in (used, ours):
        await refused(await provider.refresh(one["refresh_token"]))


async def test_of_two_that_were_given_for_one_token_only_one_is_used(provider, clock):
    """A thief who shows a token within the grace has a successor of his own, beside that of the front end."""
    first = await provider.tokens()
    ours, stolen = [(await provider.refresh(first["refresh_token"])).json() for _ in range(2)]
    ours = (await provider.refresh(ours["refresh_token"])).json()
    await refused(await provider.refresh(stolen["refresh_token"]))
    await refused(await provider.refresh(ours["refresh_token"]))


async def test_two_that_refresh_at_once_stay_in_one_family(provider, clock):
    first = await provider.tokens()
    answers = await asyncio.gather(*(provider.refresh(first["refresh_token"]) for _ in range(4)))
    assert [answer.status_code for answer in answers] == [200] * 4
    clock.move(timedelta(seconds=11))
    await refused(await provider.refresh(first["refresh_token"]))
    for answer in answers:
        await refused(await provider.refresh(answer.json()["refresh_token"]))


async def test_a_refresh_token_is_its_front_ends_alone(provider):
    tokens = await provider.tokens()
    await refused(await provider.refresh(tokens["refresh_token"], "other"))
    await refused(await provider.refresh(tokens["refresh_token"]))  # it has leaked: the family is over
    tokens = await provider.tokens("spa")
    await refused(await provider.refresh(tokens["refresh_token"], "app"))
    tokens = await provider.tokens()
    form = {"grant_type": "refresh_token", "refresh_token": tokens["refresh_token"], **provider.proof("portal")}
    await refused(await provider.post("token", form, city="vzorov"))
    assert (await provider.refresh(tokens["refresh_token"])).status_code == 200
    await refused(await provider.refresh(tokens["access_token"]))
    await refused(await provider.refresh(tokens["id_token"]))


# ── Clients ──────────────────────────────────────────────────────────────────────────────────────


async def test_a_front_end_proves_itself(provider):
    good = secret_of("portal")
    form = {"grant_type": "refresh_token", "refresh_token": "x"}

    def basic(user: str, password: str) -> dict[str, str]:
        return {"Authorization": "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()}

    await refused(await provider.post("token", form, **basic("portal", good)))
    await refused(await provider.post("token", form | {"client_id": "portal"}, **basic("portal", good)))
    wrong = [
        (form, basic("portal", "")),
        (form, basic("portal", good + "x")),
        (form, basic("portal", good[:-1])),
        (form, basic("nobody", good)),
        (form, basic("other", good)),
        (form, basic("spa", "anything")),
        (form, {"Authorization": "Basic !!!"}),
        (form, {"Authorization": "Basic cG9ydGFs"}),
        (form, {"Authorization": "Bearer x"}),
        (form, {}),
        (form | {"client_id": "portal"}, {}),
        (form | {"client_id": "portal", "client_secret": ""}, {}),
        (form | {"client_id": "spa", "client_secret": "x"}, {}),
        (form | {"client_id": "nobody"}, {}),
    ]
    details = set()
    for sent, headers in wrong:
        answer = await provider.post("token", sent, **headers)
        await refused(answer, "invalid_client", 401)
        assert answer.headers["www-authenticate"].startswith("Basic realm=")
        details.add(answer.json()["error_description"])
    assert len(details) == 3  # unreadable header, another scheme, and one text for everything that could tell names
    both = await provider.post("token", form | {"client_secret": good}, **basic("portal", good))
    await refused(both, "invalid_request")
    two = await provider.post("token", form | {"client_id": "other"}, **basic("portal", good))
    await refused(two, "invalid_request")


async def test_secrets_are_compared_in_constant_time_whoever_asks(provider, monkeypatch):
    compared: list[tuple[bytes, bytes]] = []

    def spy(given: bytes, wanted: bytes) -> bool:
        compared.append((given, wanted))
        return hmac_compare(given, wanted)

    hmac_compare = hmac.compare_digest
    monkeypatch.setattr(clients.hmac, "compare_digest", spy)
    for client_id in ("portal", "nobody", "spa"):
        compared.clear()
        form = {"grant_type": "client_credentials", "client_id": client_id, "client_secret": "guess"}
        await refused(await provider.post("token", form), "invalid_client", 401)
        assert [given for given, _ in compared] == [b"guess"], client_id


async def test_a_form_is_a_form(provider):
    address = "/pregrada/oauth2/token"
    client = provider.api.client
    await refused(await client.post(address, json={"grant_type": "client_credentials"}), "invalid_request")
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    await refused(await client.post(address, content=b"a=" + b"x" * 70_000, headers=kind), "invalid_request")
    await refused(await client.post(address, content=b"&".join([b"a=1"] * 60), headers=kind), "invalid_request")
    await refused(await client.post(address, content=b"a=\xff", headers=kind), "invalid_request")
    assert (await client.get(address, params={"grant_type": "client_credentials"})).status_code == 405
    unknown = await provider.post("token", {"grant_type": "password", **provider.proof("portal")})
    await refused(unknown, "unsupported_grant_type")
    machine = await provider.post(
        "token", {"grant_type": "refresh_token", "refresh_token": "x", **provider.proof("robot")}
    )
    await refused(machine, "unauthorized_client")


# ── Tokens at the API ────────────────────────────────────────────────────────────────────────────


def b64(data: bytes | dict[str, Any]) -> str:
    data = json.dumps(data).encode() if isinstance(data, dict) else data
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


async def test_a_token_is_for_one_town_and_one_purpose(provider, clock):
    tokens = await provider.tokens()
    assert await reads(provider, tokens["access_token"]) == 200
    assert await reads(provider, tokens["access_token"], "vzorov") == 401
    assert await reads(provider, tokens["id_token"]) == 401
    assert await reads(provider, tokens["refresh_token"]) == 401
    machine = await provider.post("token", {"grant_type": "client_credentials", **provider.proof("robot")})
    assert await reads(provider, machine.json()["access_token"]) == 403
    clock.move(timedelta(minutes=5))
    assert await reads(provider, tokens["access_token"]) == 401


async def test_what_others_sign_or_change_is_refused(provider):
    api = provider.api
    tokens = await provider.tokens()
    token = tokens["access_token"]
    town, other = (api.hub.towns.by_slug[city].city for city in ("pregrada", "vzorov"))
    ring = await api.hub.tokens.provider.of(town.id)
    key = ring.current(api.clock.now())
    claims = await provider.claims(token)
    head, payload, signature = token.split(".")
    header = {"alg": "RS256", "typ": "at+jwt", "kid": key.kid}
    own = RSAKey.generate_key(2048, {"kid": key.kid})
    elsewhere = (await api.hub.tokens.provider.of(other.id)).current(api.clock.now())
    public = key.key.as_pem(private=False)
    forged = [
        f"{b64({'alg': 'none', 'typ': 'at+jwt', 'kid': key.kid})}.{payload}.",
        f"{head}.{payload}.",
        f"{head}.{payload}.{signature[:-4]}AAAA",
        f"{head}.{b64(claims | {'sub': 'sub_' + '0' * 26})}.{signature}",
        jwt.encode(header, claims, own, algorithms=["RS256"]),
        jwt.encode(header | {"kid": elsewhere.kid}, claims, elsewhere.key, algorithms=["RS256"]),
        jwt.encode(header, claims, elsewhere.key, algorithms=["RS256"]),
        jwt.encode(header | {"jwk": own.as_dict(private=False)}, claims, own, algorithms=["RS256"]),
        jwt.encode(header | {"alg": "RS512"}, claims, key.key, algorithms=["RS512"]),
        jwt.encode(header | {"alg": "PS256"}, claims, key.key, algorithms=["PS256"]),
        jwt.encode(header | {"typ": "JWT"}, claims, key.key, algorithms=["RS256"]),
        jwt.encode(header, claims | {"iss": f"{ADDRESS}/vzorov"}, key.key, algorithms=["RS256"]),
        jwt.encode(header, claims | {"aud": "portal"}, key.key, algorithms=["RS256"]),
        jwt.encode(header, claims | {"aud": [claims["aud"]]}, key.key, algorithms=["RS256"]),
        jwt.encode(header, {k: v for k, v in claims.items() if k != "sid"}, key.key, algorithms=["RS256"]),
        jwt.encode(header, {k: v for k, v in claims.items() if k != "exp"}, key.key, algorithms=["RS256"]),
        jwt.encode(header, claims | {"exp": claims["iat"]}, key.key, algorithms=["RS256"]),
    ]
    content = f"{b64({'alg': 'HS256', 'typ': 'at+jwt', 'kid': key.kid})}.{payload}"
    secrets = (public, json.dumps(key.public).encode(), key.public["n"].encode(), b"")
    forged += [f"{content}.{b64(hmac.digest(secret, content.encode(), 'sha256'))}" for secret in secrets]
    forged.append(
        jwt.encode({"alg": "HS256", "kid": key.kid}, claims, OctKey.import_key("x" * 32), algorithms=["HS256"])
    )
    for number, one in enumerate(forged):
        assert await reads(provider, one) == 401, number
    assert await reads(provider, jwt.encode(header, claims, key.key, algorithms=["RS256"])) == 200


async def test_unknown_keys_do_not_keep_the_database_busy(provider, monkeypatch):
    api = provider.api
    town = api.hub.towns.by_slug["pregrada"].city
    await provider.tokens()
    asked = 0
    read = api.hub.tokens.provider._read

    async def counted(city_id: int):
        nonlocal asked
        asked += 1
        return await read(city_id)

    monkeypatch.setattr(api.hub.tokens.provider, "_read", counted)
    for number in range(50):
        with pytest.raises(Unauthenticated):
            await api.hub.tokens.check(f"{b64({'alg': 'RS256', 'kid': str(number)})}.e30.AA", town)
    assert asked <= 1


# ── What a token is worth ────────────────────────────────────────────────────────────────────────


async def test_introspection_tells_a_front_end_about_its_own_tokens(provider, clock):
    tokens = await provider.tokens()

    async def about(token: str, client: str = "portal") -> dict[str, Any]:
        answer = await provider.post("introspect", {"token": token, **provider.proof(client)})
        assert answer.status_code == 200
        return dict(answer.json())

    access = await about(tokens["access_token"])
    assert (access["active"], access["client_id"], access["scope"]) == (
        True,
        "portal",
        "account openid profile refresh",
    )
    refresh = await about(tokens["refresh_token"])
    assert (refresh["active"], refresh["client_id"]) == (True, "portal")
    inactive = {"active": False}
    for token in (tokens["access_token"], tokens["refresh_token"]):
        assert await about(token, "other") == inactive
        assert await about(token + "x") == inactive
    assert await about(tokens["id_token"]) == inactive
    await refused(
        await provider.post("introspect", {"token": tokens["access_token"], **provider.proof("spa")}),
        "invalid_client",
        401,
    )
    await refused(await provider.post("introspect", {"token": tokens["access_token"]}), "invalid_client", 401)
    after = (await provider.refresh(tokens["refresh_token"])).json()
    assert await about(tokens["refresh_token"]) == inactive
    await provider.post("revoke", {"token": after["refresh_token"], **provider.proof("portal")})
    assert await about(after["access_token"]) == inactive
    assert await about(after["refresh_token"]) == inactive


@pytest.mark.parametrize("kind", ["access_token", "refresh_token"])
async def test_a_front_end_gives_back_what_is_its_own(provider, kind):
    tokens = await provider.tokens()
    form = {"token": tokens[kind], "token_type_hint": "whatever"}
    assert (await provider.post("revoke", form | provider.proof("other"))).status_code == 200
    assert await reads(provider, tokens["access_token"]) == 200
    await refused(await provider.post("revoke", form), "invalid_client", 401)
    answer = await provider.post("revoke", form | provider.proof("portal"))
    assert (answer.status_code, answer.json()) == (200, {})
    assert await reads(provider, tokens["access_token"]) == 401
    await refused(await provider.refresh(tokens["refresh_token"]))
    assert (await provider.post("revoke", {"token": "nothing", **provider.proof("portal")})).status_code == 200


async def test_another_process_refuses_what_was_revoked_within_half_a_minute(provider, clock):
    tokens = await provider.tokens()
    town = provider.api.hub.towns.by_slug["pregrada"]
    elsewhere = provider.api.worker.tokens
    verified = await elsewhere.check(tokens["access_token"], town.city)
    await provider.api.hub.grants.end_session(town, verified.session_id, "logout")
    clock.move(timedelta(seconds=29))
    await elsewhere.check(tokens["access_token"], town.city)
    clock.move(timedelta(seconds=1))
    with pytest.raises(Unauthenticated, match="revoked"):
        await elsewhere.check(tokens["access_token"], town.city)


async def test_a_request_that_waited_is_judged_by_the_configuration_of_now(provider):
    browser, _ = await provider.login()
    browser.cookies.clear()
    answer = await browser.authorize()
    town = provider.api.hub.towns.by_slug["pregrada"]
    begun = await provider.api.hub.logins.find(town.city.id, parameters_of(answer.headers["location"])["t"])
    name = begun.continue_to.partition("?resume=")[2]
    client = town.city.clients.pop("portal")
    try:
        assert (await browser.get("/oauth2/authorize", resume=name)).status_code == 400
    finally:
        town.city.clients["portal"] = client
    for other in (name[:-1] + "x", "", str(new_uuid())):
        assert (await browser.get("/oauth2/authorize", resume=other)).status_code == 410
    elsewhere = await provider.login(city="vzorov")
    assert (await elsewhere[0].get("/oauth2/authorize", resume=name)).status_code == 410
