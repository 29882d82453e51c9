"""The OpenID eIDs: discovery, code flow, tokens judged by joserfc, logout, and every switch."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, get_args

import httpx
import pytest
from joserfc import jws, jwt
from joserfc.errors import BadSignatureError, JoseError
from joserfc.jwk import KeySet, OctKey
from lxml import etree
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulators.eids import ROMANIA
from simulators.kit.oidc_switches import OidcSwitches, Wrong
from simulators.kit.serve import running
from simulators.people import ZELJKA
from tests.integration.simulators.eid_harness import query_of, token_in
from tests.integration.simulators.harness import Simulator, start

ROOTS = {"oidc": "/generic", "roeid": "/roeid/affwebservices/CASSO/oidc/munihub", "eid_rs": "/eid_rs"}
PERSON = {"oidc": "zeljka", "roeid": "ileana", "eid_rs": "ljiljana"}
SERBIAN = "http://schema.id.rs/claims/"
SECRET = "eid-oidc-secret"
NONCE = "n-0S6_WzA2Mj"


@dataclass
class Rp:
    """A relying party of the tests' own."""

    simulator: Simulator
    flavour: str
    document: dict[str, Any]
    verifier: str = ""

    @property
    def redirect_uri(self) -> str:
        return f"http://127.0.0.1:8000/pregrada/login/{self.flavour}/callback"

    def asked(self, **over: str | None) -> dict[str, str]:
        self.verifier = secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).rstrip(b"=").decode()
        wanted = {
            "response_type": "code",
            "client_id": "munihub",
            "redirect_uri": self.redirect_uri,
            "scope": "openid profile",
            "state": "st-1",
            "nonce": NONCE,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        } | over
        return {name: value for name, value in wanted.items() if value is not None}

    async def authorize(self, **over: str | None) -> httpx.Response:
        return await self.simulator.client.get(self.document["authorization_endpoint"], params=self.asked(**over))

    async def back(
        self, person: str = "", level: str = "high", do: str = "login", **over: str | None
    ) -> dict[str, str]:
        """The query with which the browser comes back."""
        page = await self.authorize(**over)
        assert page.status_code == 200, page.text
        form = {"token": token_in(page), "person": person or PERSON[self.flavour], "level": level, "do": do}
        answer = await self.simulator.client.post(f"/login/{self.flavour}", data=form)
        assert answer.status_code == 302, answer.text
        assert answer.headers["location"].startswith(f"{self.redirect_uri}?")
        return query_of(answer.headers["location"])

    async def exchange(
        self, code: str, auth: tuple[str, str] | None = ("munihub", SECRET), **over: str
    ) -> httpx.Response:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.redirect_uri,
            "code_verifier": self.verifier,
        } | over
        return await self.simulator.client.post(self.document["token_endpoint"], data=form, auth=auth)

    async def tokens(self, person: str = "", level: str = "high", **over: str | None) -> dict[str, Any]:
        answer = await self.exchange((await self.back(person, level, **over))["code"])
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def keys(self) -> KeySet:
        return KeySet.import_key_set((await self.simulator.client.get(self.document["jwks_uri"])).json())

    async def claims(self, tokens: dict[str, Any]) -> dict[str, Any]:
        """Of the ID token, verified as it should be."""
        token = jwt.decode(tokens["id_token"], await self.keys(), algorithms=["RS256"])
        now = int(self.simulator.clock.at.timestamp())
        jwt.JWTClaimsRegistry(
            now=now,
            leeway=30,
            iss={"essential": True, "value": self.document["issuer"]},
            aud={"essential": True, "value": "munihub"},
            exp={"essential": True},
            nonce={"essential": True, "value": NONCE},
        ).validate(token.claims)
        return dict(token.claims)

    async def userinfo(self, tokens: dict[str, Any]) -> httpx.Response:
        headers = {"Authorization": f"Bearer {tokens['access_token']}"}
        return await self.simulator.client.get(self.document["userinfo_endpoint"], headers=headers)


@asynccontextmanager
async def relying_party(flavour: str) -> AsyncIterator[Rp]:
    async with start("eid_oidc") as simulator:
        simulator.clock.at = datetime.now(UTC).replace(microsecond=0)
        document = (await simulator.client.get(f"{ROOTS[flavour]}/.well-known/openid-configuration")).json()
        yield Rp(simulator, flavour, document)


@pytest.fixture
async def rp() -> AsyncIterator[Rp]:
    async with relying_party("oidc") as one:
        yield one


@pytest.fixture(params=ROOTS)
async def each(request) -> AsyncIterator[Rp]:
    async with relying_party(request.param) as one:
        yield one


def unverified(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    part = jws.extract_compact(token.encode())
    return dict(part.headers()), json.loads(part.payload)


async def test_discovery_names_what_there_is(each: Rp) -> None:
    document = each.document
    assert document["issuer"] == each.simulator.url + ROOTS[each.flavour]
    endpoints = [document[f"{name}_endpoint"] for name in ("authorization", "token", "userinfo", "end_session")]
    for endpoint in [*endpoints, document["jwks_uri"]]:
        assert endpoint.startswith(each.simulator.url)
        assert (await each.simulator.client.get(endpoint)).status_code != 404
    acr = [f"http://eidas.europa.eu/LoA/{level}" for level in ("low", "substantial", "high")]
    assert document.get("acr_values_supported") == (acr if each.flavour == "oidc" else None)
    assert document["code_challenge_methods_supported"] == ["S256"]
    (key,) = (await each.simulator.client.get(document["jwks_uri"])).json()["keys"]
    assert (key["kid"], key["alg"], "d" in key) == ("munihub-simulator-1", "RS256", False)


async def test_a_login_gives_tokens_that_hold(each: Rp) -> None:
    back = await each.back()
    assert set(back) == {"code", "state", "iss"}
    assert (back["state"], back["iss"]) == ("st-1", each.document["issuer"])
    answer = await each.exchange(back["code"])
    assert answer.headers["cache-control"] == "no-store"
    tokens = answer.json()
    assert (tokens["token_type"], tokens["expires_in"]) == ("Bearer", 300)
    claims = await each.claims(tokens)
    half = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
    assert claims["at_hash"] == base64.urlsafe_b64encode(half).rstrip(b"=").decode()
    assert claims["exp"] - claims["iat"] == 300
    told = (await each.userinfo(tokens)).json()
    assert told["sub"] == claims["sub"]
    assert len(claims["sub"]) == 36
    # The same person is the same, another one another.
    assert (await each.claims(await each.tokens()))["sub"] == claims["sub"]


async def test_the_generic_one_has_standard_claims_and_eidas_levels(rp: Rp) -> None:
    page = await rp.authorize(acr_values="http://eidas.europa.eu/LoA/substantial")
    levels = [one.get("value") for one in etree.HTML(page.text).iterfind(".//input[@name='level']")]
    assert levels == ["substantial", "high"]
    tokens = await rp.tokens(level="substantial")
    claims = await rp.claims(tokens)
    assert claims["acr"] == "http://eidas.europa.eu/LoA/substantial"
    assert (claims["amr"], claims["oib"]) == (["hwk", "pin"], ZELJKA.number)
    assert "given_name" not in claims
    told = (await rp.userinfo(tokens)).json()
    assert (told["given_name"], told["family_name"]) == ("Željka", "Đurđević-Šćepan")
    assert (told["birthdate"], told["email"], "acr" in told) == ("1974-06-09", "zeljka@citizen.example", False)


async def test_roeid_has_its_own_names() -> None:
    async with relying_party("roeid") as rp:
        assert rp.document["scopes_supported"] == ["openid", "profile", "munihub"]
        claims = await rp.claims(await rp.tokens("ileana", scope="openid profile munihub", code_challenge=None))
        assert claims["cnp"] == ROMANIA["ileana"].number == "2880412401171"
        assert (claims["nume"], claims["prenume"]) == ("Țepeș", "Ileana-Ștefania")
        assert claims["nume complet"] == "Ileana-Ștefania Țepeș"
        assert not {"acr", "amr"} & set(claims)


async def test_serbia_tells_everything_by_userinfo() -> None:
    async with relying_party("eid_rs") as rp:
        tokens = await rp.tokens("ljiljana", "low")
        claims = await rp.claims(tokens)
        assert f"{SERBIAN}umcn" not in claims
        told = (await rp.userinfo(tokens)).json()
        assert told[f"{SERBIAN}umcn"] == "2203985715128"
        assert (told[f"{SERBIAN}givenname"], told[f"{SERBIAN}familyname"]) == ("Љиљана", "Ђорђевић")
        assert (told[f"{SERBIAN}aal"], told[f"{SERBIAN}ial"]) == ("1", "1")
        foreigner = (await rp.userinfo(await rp.tokens("amelie"))).json()
        assert f"{SERBIAN}umcn" not in foreigner
        assert foreigner[f"{SERBIAN}aal"] == "3"


async def test_the_code(rp: Rp) -> None:
    async def refused(answer: httpx.Response, status: int = 400) -> str:
        assert answer.status_code == status, answer.text
        return answer.json()["error"]

    code = (await rp.back())["code"]
    assert (await rp.exchange(code)).status_code == 200
    assert await refused(await rp.exchange(code)) == "invalid_grant"
    assert await refused(await rp.exchange((await rp.back())["code"], code_verifier="x" * 43)) == "invalid_grant"
    assert await refused(await rp.exchange((await rp.back())["code"], redirect_uri="http://else")) == "invalid_grant"
    assert await refused(await rp.exchange((await rp.back())["code"], ("munihub", "guess")), 401) == "invalid_client"
    assert await refused(await rp.exchange((await rp.back())["code"], ("nobody", SECRET)), 401) == "invalid_client"
    in_form = await rp.exchange((await rp.back())["code"], None, client_id="munihub", client_secret=SECRET)
    assert in_form.status_code == 200
    code = (await rp.back())["code"]
    rp.simulator.clock.move(seconds=61)
    assert await refused(await rp.exchange(code)) == "invalid_grant"
    answer = await rp.exchange((await rp.back())["code"], grant_type="password")
    assert await refused(answer) == "unsupported_grant_type"


async def test_another_clients_code_is_refused(rp: Rp) -> None:
    await rp.simulator.post(
        "clients",
        client_id="other",
        client_secret="other-secret",
        redirect_uris=[],
        post_logout_redirect_uris=[],
        backchannel_logout_uri="",
    )
    answer = await rp.exchange((await rp.back())["code"], ("other", "other-secret"))
    assert (answer.status_code, answer.json()["error"]) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("over", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"scope": "profile"}, "invalid_scope"),
        ({"prompt": "none"}, "login_required"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge": None}, "invalid_request"),
    ],
)
async def test_a_wrong_question_goes_back(rp: Rp, over: dict, error: str) -> None:
    answer = await rp.authorize(**over)
    query = query_of(answer.headers["location"])
    assert (query["error"], query["state"], query["iss"]) == (error, "st-1", rp.document["issuer"])


async def test_nobody_is_sent_to_an_address_that_is_not_registered(rp: Rp) -> None:
    for over in (
        {"redirect_uri": "http://thief.example/"},
        {"redirect_uri": f"{rp.redirect_uri}/"},
        {"client_id": "x"},
    ):
        answer = await rp.authorize(**over)
        assert answer.status_code == 400
        assert "location" not in answer.headers


async def test_the_person_gives_up(rp: Rp) -> None:
    back = await rp.back(do="cancel")
    assert (back["error"], back["state"], "code" in back) == ("access_denied", "st-1", False)


async def test_userinfo_ends_with_the_token(rp: Rp) -> None:
    tokens = await rp.tokens()
    assert (await rp.userinfo({"access_token": "guess"})).status_code == 401
    assert (await rp.userinfo(tokens)).status_code == 200
    rp.simulator.clock.move(minutes=5)
    answer = await rp.userinfo(tokens)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer error="invalid_token"')


async def test_keys_rotate_and_the_last_one_stays_for_a_while(rp: Rp) -> None:
    old = await rp.tokens()
    kid = (await rp.simulator.post("rotate"))["kid"]
    assert [key.kid for key in (await rp.keys()).keys] == ["munihub-simulator-1", kid]
    new = await rp.tokens()
    assert unverified(new["id_token"])[0]["kid"] == kid
    for tokens in (old, new):
        await rp.claims(tokens)
    await rp.simulator.post("rotate")
    with pytest.raises((JoseError, ValueError)):
        await rp.claims(old)
    await rp.claims(new)


# What each switch does

FORGED = ("alg_none", "hs256_secret", "hs256_public_key", "wrong_key", "unknown_kid", "tampered")
CLAIMS = ("wrong_nonce", "no_nonce", "wrong_iss", "wrong_aud", "expired", "not_yet_valid")
OTHERS = {
    "wrong_state", "wrong_iss_parameter", "cancelled", "authorize_error", "token_error", "token_error_200",
    "userinfo_error", "more_aud", "wrong_azp", "wrong_at_hash", "wrong_sub", "no_id_token", "low_assurance",
    "no_assurance", "missing_claim", "unknown_claim", "wrong_issuer_in_discovery",
}  # fmt: skip


def test_every_switch_is_tried() -> None:
    assert {*FORGED, *CLAIMS} | OTHERS == set(get_args(Wrong))
    assert [name for name in get_args(Wrong) if f"`{name}`" not in (OidcSwitches.__doc__ or "")] == []


@pytest.mark.parametrize("name", [*FORGED, *CLAIMS])
async def test_joserfc_refuses_the_token(rp: Rp, name: str) -> None:
    await rp.simulator.switch(wrong=[name])
    tokens = await rp.tokens()
    with pytest.raises((JoseError, ValueError)):
        await rp.claims(tokens)
    await rp.simulator.switch()
    await rp.claims(await rp.tokens())


async def test_how_tokens_are_forged(rp: Rp) -> None:
    async def token(name: str) -> str:
        await rp.simulator.switch(wrong=[name])
        return (await rp.tokens())["id_token"]

    none = await token("alg_none")
    assert unverified(none)[0] == {"alg": "none", "typ": "JWT"}
    assert none.endswith(".")
    by_secret = jwt.decode(await token("hs256_secret"), OctKey.import_key(SECRET), algorithms=["HS256"])
    assert by_secret.claims["nonce"] == NONCE
    (key,) = (await rp.keys()).keys
    confused = await token("hs256_public_key")
    assert unverified(confused)[0]["kid"] == key.kid

    text, _, signature = confused.rpartition(".")
    mac = hmac.new(key.as_pem(private=False), text.encode(), hashlib.sha256).digest()
    assert base64.urlsafe_b64decode(f"{signature}=") == mac
    assert unverified(await token("wrong_key"))[0]["kid"] == key.kid
    assert unverified(await token("unknown_kid"))[0]["kid"] == "nobody-knows"
    tampered = await token("tampered")
    assert unverified(tampered)[1]["tampered"] is True
    with pytest.raises(BadSignatureError):
        jwt.decode(tampered, key, algorithms=["RS256"])


async def test_what_wrong_claims_say(rp: Rp) -> None:
    async def payload(name: str) -> dict[str, Any]:
        await rp.simulator.switch(wrong=[name])
        return unverified((await rp.tokens())["id_token"])[1]

    now = int(rp.simulator.clock.at.timestamp())
    assert (await payload("wrong_nonce"))["nonce"] == "another-nonce"
    assert "nonce" not in await payload("no_nonce")
    assert (await payload("wrong_iss"))["iss"] == "https://elsewhere.example"
    assert (await payload("wrong_aud"))["aud"] == "another-client"
    assert (await payload("more_aud"))["aud"] == ["munihub", "another-client"]
    assert (await payload("wrong_azp"))["azp"] == "another-client"
    assert (await payload("expired"))["exp"] == now - 7200 + 300
    assert (await payload("not_yet_valid"))["nbf"] == now + 7200
    right = base64.urlsafe_b64encode(hashlib.sha256(b"another").digest()[:16]).rstrip(b"=").decode()
    assert (await payload("wrong_at_hash"))["at_hash"] == right
    assert (await payload("low_assurance"))["acr"] == "http://eidas.europa.eu/LoA/low"
    assert not {"acr", "amr"} & set(await payload("no_assurance"))
    assert "oib" not in await payload("missing_claim")
    assert (await payload("unknown_claim"))["munihub_new"] == "42"


async def test_wrong_answers_on_the_way(rp: Rp) -> None:
    simulator = rp.simulator

    async def back(name: str) -> dict[str, str]:
        await simulator.switch(wrong=[name])
        return await rp.back()

    assert (await back("wrong_state"))["state"] == "another-state"
    assert (await back("wrong_iss_parameter"))["iss"] == "https://elsewhere.example"
    assert (await back("cancelled"))["error"] == "access_denied"
    assert (await back("authorize_error"))["error"] == "server_error"
    for name, status in {"token_error": 400, "token_error_200": 200}.items():
        answer = await rp.exchange((await back(name))["code"])
        assert (answer.status_code, answer.json()["error"]) == (status, "invalid_grant")
    await simulator.switch(wrong=["no_id_token"])
    assert "id_token" not in await rp.tokens()
    await simulator.switch()
    tokens = await rp.tokens()
    await simulator.switch(wrong=["userinfo_error"])
    assert (await rp.userinfo(tokens)).status_code == 401
    await simulator.switch(wrong=["wrong_sub"])
    assert (await rp.userinfo(tokens)).json()["sub"] == "somebody-else"
    await simulator.switch(wrong=["wrong_issuer_in_discovery"])
    document = (await simulator.client.get("/generic/.well-known/openid-configuration")).json()
    assert document["issuer"] == "https://elsewhere.example"


async def test_claims_after_an_upgrade_nobody_announced() -> None:
    async with relying_party("roeid") as rp:
        await rp.simulator.switch(wrong_schema="renamed")
        claims = await rp.claims(await rp.tokens())
        assert (claims["cnp2"], "cnp" in claims) == (ROMANIA["ileana"].number, False)
        await rp.simulator.switch(wrong_schema="mistyped")
        assert (await rp.claims(await rp.tokens()))["cnp"] == "neuvedeno"


async def test_it_is_down_and_faulty_as_every_simulator(rp: Rp) -> None:
    for switches, status in (({"down": "503"}, 503), ({"fault": True}, 500)):
        code = (await rp.back())["code"]
        await rp.simulator.switch(**switches)
        assert (await rp.exchange(code)).status_code == status
        await rp.simulator.switch()
    await rp.simulator.switch(garbage="truncated", only_next=1)
    with pytest.raises(ValueError, match=r"Expecting|Unterminated|delimiter"):
        (await rp.simulator.client.get(rp.document["jwks_uri"])).json()


# Logout


async def test_the_client_ends_the_session(each: Rp) -> None:
    tokens = await each.tokens()
    sid = (await each.claims(tokens))["sid"]
    home = f"http://127.0.0.1:8000/pregrada/login/{each.flavour}/logout"
    target = "target" if each.flavour == "roeid" else "post_logout_redirect_uri"
    asked = {"id_token_hint": tokens["id_token"], target: home, "state": "s"}
    answer = await each.simulator.client.get(each.document["end_session_endpoint"], params=asked)
    assert (answer.status_code, answer.headers["location"]) == (302, f"{home}?state=s")
    assert (await each.userinfo(tokens)).status_code == 401
    (login,) = (await each.simulator.client.get("/_control/logins")).json()
    assert (login["session"], login["ended"], login["issuer"]) == (sid, "by the client", each.document["issuer"])
    asked[target] = "http://thief.example/"
    answer = await each.simulator.client.get(each.document["end_session_endpoint"], params=asked)
    assert answer.status_code == 400


async def test_the_provider_ends_the_session(rp: Rp) -> None:
    heard: list[str] = []

    async def told(request: Request) -> Response:
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        heard.append(dict((await request.form()).multi_items())["logout_token"])
        return Response("", 204)

    tokens = await rp.tokens()
    claims = await rp.claims(tokens)
    order = {"session": claims["sid"]}
    assert "no backchannel_logout_uri" in (await rp.simulator.post("logout", 422, **order))["refused"]
    async with running(Starlette(routes=[Route("/bc", told, methods=["POST"])])) as url:
        await rp.simulator.post("clients", client_id="munihub", backchannel_logout_uri=f"{url}/bc")
        assert await rp.simulator.post("logout", **order) == {"status": 204, "body": ""}
        token = jwt.decode(heard[0], await rp.keys(), algorithms=["RS256"])
        assert token.header["typ"] == "logout+jwt"
        said = dict(token.claims)
        assert said["events"] == {"http://schemas.openid.net/event/backchannel-logout": {}}
        assert (said["iss"], said["aud"], said["sub"]) == (rp.document["issuer"], "munihub", claims["sub"])
        assert (said["sid"], "nonce" in said) == (claims["sid"], False)
        assert said["jti"]
        assert (await rp.userinfo(tokens)).status_code == 401
        await rp.simulator.post("logout", **order, subject_only=True)
        assert "sid" not in unverified(heard[1])[1]
        for name, check in {
            "wrong_nonce": lambda header, claims: claims["nonce"] == "there-must-be-none",
            "wrong_iss": lambda header, claims: claims["iss"] == "https://elsewhere.example",
            "wrong_aud": lambda header, claims: claims["aud"] == "another-client",
            "expired": lambda header, claims: claims["exp"] == said["exp"] - 7200,
            "alg_none": lambda header, claims: header["alg"] == "none",
            "unknown_kid": lambda header, claims: header["kid"] == "nobody-knows",
        }.items():
            await rp.simulator.switch(wrong=[name])
            await rp.simulator.post("logout", **order)
            assert check(*unverified(heard[-1])), name
    assert "no session 'x'" in (await rp.simulator.post("logout", 422, session="x"))["refused"]
