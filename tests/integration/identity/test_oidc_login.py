"""A login by OpenID Connect, as the issuer sees it and as the hub gets it."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from urllib.parse import parse_qsl, urlencode

import pytest

from hub.kernel.assurance import Assurance
from hub.kernel.errors import LoginRefused
from hub.ports.eid import Answer, Identity
from tests.integration.identity.oidc_login import ADDRESS, NOW, RELAY, back, begun, query_of, relying_party, wanted
from tests.support.http_server import Answer as Reply
from tests.support.http_server import Request
from tests.support.oidc_issuer import CLIENT, Issuer, encrypted, issuing, key


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with issuing(NOW) as one:
        yield one


async def test_a_login_from_beginning_to_end(issuer: Issuer) -> None:
    issuer.claims |= {"amr": ["pwd", "otp"], "given_name": "Željka", "family_name": "Kovačić", "oib": "87582274224"}
    issuer.userinfo = {"sub": "person-1", "birthdate": "1974-06-09", "email": "z@example.hr", "phone_number": "+3851"}
    login = await begun(issuer, claims={"identifiers": {"oib": "hr.oib"}})
    id_token_hint = (identity := await login.finish()).logout["id_token"]
    assert identity == Identity(
        provider="grad",
        subject="person-1",
        assurance=Assurance.SUBSTANTIAL,
        kind="person",
        authenticated_at=NOW,
        identifiers=(("hr.oib", "87582274224"),),
        given_name="Željka",
        family_name="Kovačić",
        birth_date=date(1974, 6, 9),
        email="z@example.hr",
        phone="+3851",
        methods=("pwd", "otp"),
        once=(("code:" + hashlib.sha256(b"code-0").hexdigest(), NOW + timedelta(minutes=10)),),
        logout={"name_id": "person-1", "session_index": "session-1", "id_token": id_token_hint},
        unknown=(),
    )
    assert id_token_hint.count(".") == 2


async def test_what_the_issuer_is_asked(issuer: Issuer) -> None:
    login = await begun(issuer)
    asked = issuer.asked[0]
    verifier = str(login.sent.state["verifier"])
    assert asked == {
        "response_type": "code",
        "client_id": CLIENT,
        "redirect_uri": f"{ADDRESS}/callback",
        "scope": "openid profile email",
        "state": RELAY,
        "nonce": login.sent.state["nonce"],
        "code_challenge": asked["code_challenge"],
        "code_challenge_method": "S256",
        "ui_locales": "hr",
    }
    # The verifier itself never goes through the browser; the issuer compares it with the challenge.
    assert len(verifier) == 64
    assert verifier not in login.sent.url
    await login.finish()
    [exchange] = [request for request in issuer.server.requests if request.path == "/token"]
    assert dict(parse_qsl(exchange.body.decode())) == {
        "grant_type": "authorization_code",
        "code": "code-0",
        "redirect_uri": f"{ADDRESS}/callback",
        "code_verifier": verifier,
    }


async def test_every_login_has_its_own_nonce_and_verifier(issuer: Issuer) -> None:
    party = relying_party(issuer)
    states = [(await party.begin(wanted())).state for _ in range(3)]
    assert len({one["nonce"] for one in states}) == 3
    assert len({one["verifier"] for one in states}) == 3
    assert issuer.calls("/realm/.well-known/openid-configuration") == 1


async def test_levels_that_suffice_are_asked_for_the_lowest_first(issuer: Issuer) -> None:
    acr = {"gold": "high", "bronze": "low", "silver": "substantial"}
    party = relying_party(issuer, acr=acr)
    asked = [query_of(await party.begin(wanted(assurance=level)))["acr_values"] for level in Assurance]
    assert asked == ["bronze silver gold", "silver gold", "gold"]
    assert "acr_values" not in query_of(await relying_party(issuer).begin(wanted()))


async def test_the_settings_say_what_an_acr_is_worth(issuer: Issuer) -> None:
    for acr, level in {"gold": Assurance.HIGH, "http://eidas.europa.eu/LoA/low": Assurance.LOW}.items():
        issuer.claims["acr"] = acr
        login = await begun(issuer, acr={"gold": "high"})
        assert (await login.finish()).assurance == level


async def test_a_token_without_acr_is_worth_what_the_settings_say(issuer: Issuer) -> None:
    del issuer.claims["acr"]
    assert (await (await begun(issuer, without_acr="low")).finish()).assurance == Assurance.LOW
    with pytest.raises(LoginRefused, match="acr is none; write what it is worth under acr") as caught:
        await (await begun(issuer)).finish()
    assert caught.value.reason == "unknown_assurance"


async def test_an_acr_of_userinfo_is_not_that_of_the_login(issuer: Issuer) -> None:
    del issuer.claims["acr"]
    issuer.userinfo = {"sub": "person-1", "acr": "http://eidas.europa.eu/LoA/high"}
    assert (await (await begun(issuer, without_acr="low")).finish()).assurance == Assurance.LOW


async def test_whoever_must_prove_it_anew_is_asked_to(issuer: Issuer) -> None:
    login = await begun(issuer, asked=wanted(force=True))
    assert (issuer.asked[0]["prompt"], issuer.asked[0]["max_age"]) == ("login", "0")
    assert (await login.finish()).authenticated_at == NOW


async def test_an_older_proof_is_good_enough_within_max_age(issuer: Issuer) -> None:
    issuer.claims["auth_time"] = int((NOW - timedelta(minutes=15)).timestamp())
    login = await begun(issuer, max_age="15m")
    assert issuer.asked[0]["max_age"] == "900"
    assert "prompt" not in issuer.asked[0]
    assert (await login.finish()).authenticated_at == NOW - timedelta(minutes=15)


@pytest.mark.parametrize(
    ("algorithm", "kind"), [("RS256", "RSA"), ("PS256", "RSA"), ("ES256", "P-256"), ("EdDSA", "Ed25519")]
)
async def test_signatures_that_are_accepted(issuer: Issuer, algorithm: str, kind: str) -> None:
    issuer.algorithm, issuer.signing = algorithm, key(kind, "one")
    assert (await (await begun(issuer)).finish()).subject == "person-1"


async def test_keys_that_are_not_for_this_are_passed_over(issuer: Issuer) -> None:
    good, weak = key("P-256", "one").as_dict(private=False), key("P-256", "two").as_dict(private=False)
    issuer.published = [
        {"kty": "AKP", "kid": "one"},
        {"kty": "oct", "k": "c2VjcmV0", "kid": "one"},
        {**weak, "kid": "one", "use": "enc"},
        {**weak, "kid": "one", "x": "!"},
        {"kid": "one"},
        "no key at all",
        good,
    ]
    assert (await (await begun(issuer)).finish()).subject == "person-1"


async def test_a_token_without_a_key_id_is_tried_with_every_fitting_key(issuer: Issuer) -> None:
    issuer.published = [key("RSA", "rsa"), key("P-256", "two"), key("P-256", "one")]
    issuer.sign = lambda claims: issuer.signature(claims, kid=None)
    assert (await (await begun(issuer)).finish()).subject == "person-1"
    assert issuer.calls("/jwks") == 1


@pytest.mark.parametrize("kind", ["client_secret_basic", "client_secret_post"])
async def test_we_prove_ourselves_by_a_secret(issuer: Issuer, kind: str) -> None:
    issuer.auth = kind
    login = await begun(issuer, client_auth={"kind": kind, "client_secret": {"secret": "client"}})
    assert (await login.finish()).subject == "person-1"


async def test_we_prove_ourselves_by_a_key(issuer: Issuer) -> None:
    issuer.auth, issuer.client_key = "private_key_jwt", key("RSA", "ours")
    login = await begun(issuer, client_auth={"kind": "private_key_jwt", "key": {"secret": "signing"}, "kid": "ours"})
    assert (await login.finish()).subject == "person-1"


async def test_the_answer_comes_back_as_a_form(issuer: Issuer) -> None:
    login = await begun(issuer, response_mode="form_post")
    assert issuer.asked[0]["response_mode"] == "form_post"
    body = urlencode(login.query).encode()
    answer = Answer(
        "callback", "POST", f"{ADDRESS}/callback", {}, login.query, body, "application/x-www-form-urlencoded"
    )
    # In the address, where a form was asked for, is not where the issuer would put it.
    with pytest.raises(LoginRefused) as caught:
        await login.party.finish(back(login.query), login.sent.state, NOW)
    assert caught.value.reason == "unsolicited"
    assert (await login.party.finish(answer, login.sent.state, NOW)).subject == "person-1"


@pytest.mark.parametrize(
    ("algorithm", "secret", "kind"),
    [
        ("RSA-OAEP", "rsa", "RSA"),
        ("RSA-OAEP-256", "rsa", "RSA"),
        ("ECDH-ES", "ec", "P-256"),
        ("ECDH-ES+A256KW", "ec", "P-256"),
    ],
)
async def test_an_encrypted_id_token(issuer: Issuer, algorithm: str, secret: str, kind: str) -> None:
    inner = []

    def wrap(token: str) -> str:
        inner.append(token)
        return encrypted(token, key(kind, "opens"), algorithm, cty="JWT")

    issuer.wrap = wrap
    # The first key is not the one: keys are replaced one after the other.
    keys = [{"secret": "signing"}, {"secret": secret}]
    identity = await (await begun(issuer, decryption={"keys": keys})).finish()
    assert identity.subject == "person-1"
    # The hint of a logout is the signed token, which the issuer can read (RP-Initiated Logout 1.0 §4).
    assert identity.logout["id_token"] == inner[0]


async def test_signed_userinfo(issuer: Issuer) -> None:
    async def userinfo(_: Request) -> Reply:
        claims = {"iss": issuer.name, "aud": CLIENT, "sub": "person-1", "given_name": "Ana"}
        seconds = int(NOW.timestamp())
        body = issuer.signature(claims | {"iat": seconds, "exp": seconds + 60}).encode()
        return Reply(body, headers={"content-type": "application/jwt"})

    issuer.reply["/userinfo"] = userinfo
    identity = await (await begun(issuer)).finish()
    assert (identity.given_name, identity.unknown) == ("Ana", ())


async def test_userinfo_is_left_alone_where_the_settings_say_so(issuer: Issuer) -> None:
    await (await begun(issuer, userinfo=False)).finish()
    assert issuer.calls("/userinfo") == 0


async def test_what_nobody_expected_is_named_and_left_out(issuer: Issuer) -> None:
    issuer.claims |= {"shoe_size": "43", "nickname": "Žele"}
    issuer.userinfo = {"sub": "person-1", "pension": {"eur": 700}, "badge": "x"}
    identity = await (await begun(issuer, claims={"ignored": ["badge"]})).finish()
    assert identity.unknown == ("pension", "shoe_size")


async def test_an_address_the_issuer_has_not_verified_is_left_out(issuer: Issuer) -> None:
    issuer.claims |= {"email": "a@example.hr", "email_verified": False, "phone_number": "+3851"}
    identity = await (await begun(issuer)).finish()
    assert (identity.email, identity.phone) == (None, "+3851")


async def test_the_id_token_wins_over_userinfo(issuer: Issuer) -> None:
    issuer.claims["given_name"] = "Ana"
    issuer.userinfo = {"sub": "person-1", "given_name": "Eva", "auth_time": 1, "sid": "another"}
    identity = await (await begun(issuer)).finish()
    assert (identity.given_name, identity.authenticated_at, identity.logout["session_index"]) == (
        "Ana",
        NOW,
        "session-1",
    )


@pytest.mark.parametrize(
    ("written", "kept"), [("1974", None), ("0000-06-09", None), ("1974-02-30", None), ("1974-06-09", date(1974, 6, 9))]
)
async def test_birth_dates(issuer: Issuer, written: str, kept: date | None) -> None:
    issuer.claims["birthdate"] = written
    assert (await (await begun(issuer)).finish()).birth_date == kept


async def test_an_issuer_without_a_discovery_document(issuer: Issuer) -> None:
    base = issuer.server.url
    endpoints = {"authorization": f"{base}/authorize", "token": f"{base}/token", "jwks": f"{base}/jwks"}
    login = await begun(issuer, endpoints=endpoints)
    assert (await login.finish()).subject == "person-1"
    assert issuer.calls("/realm/.well-known/openid-configuration") == 0
    assert issuer.calls("/userinfo") == 0


async def test_a_query_in_the_authorization_endpoint_stays(issuer: Issuer) -> None:
    issuer.discovery["authorization_endpoint"] = f"{issuer.server.url}/authorize?tenant=7"
    sent = await relying_party(issuer).begin(wanted())
    assert query_of(sent)["tenant"] == "7"
    assert (await issuer.sign_in(sent.url))["state"] == RELAY


async def test_clocks_may_differ_by_a_minute(issuer: Issuer) -> None:
    issuer.now = NOW + timedelta(seconds=60)
    assert (await (await begun(issuer)).finish()).authenticated_at == datetime(2026, 11, 22, 9, 31, tzinfo=UTC)
    issuer.now = NOW + timedelta(seconds=61)
    with pytest.raises(LoginRefused) as caught:
        await (await begun(issuer)).finish()
    assert caught.value.reason == "not_yet_valid"
