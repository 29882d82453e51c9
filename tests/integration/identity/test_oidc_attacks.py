"""Every answer that is not the right one is refused, for its own reason, and nothing is asked for with it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import OctKey

from hub.kernel.assurance import Assurance
from hub.kernel.errors import LoginRefused, RemoteError, RemoteFault, RemoteGarbage, RemoteRefused, RemoteUnavailable
from tests.integration.identity.oidc_login import ADDRESS, NOW, RELAY, back, begun, relying_party, wanted
from tests.support.http_server import answer, serve
from tests.support.oidc_issuer import (
    CLIENT,
    SECRET,
    Claims,
    Issuer,
    by_hand,
    by_public_key,
    encrypted,
    issuing,
    key,
    signed,
)

SECONDS = int(NOW.timestamp())


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with issuing(NOW) as one:
        yield one


async def refused(issuer: Issuer, **more: Any) -> LoginRefused:
    login = await begun(issuer, **more)
    with pytest.raises(LoginRefused) as caught:
        await login.finish()
    return caught.value


# ── What the id_token says ──


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"iss": "https://issuer.example"}, "wrong_issuer"),
        ({"iss": None}, "wrong_issuer"),
        ({"aud": "another"}, "wrong_audience"),
        ({"aud": []}, "wrong_audience"),
        ({"aud": None}, "wrong_audience"),
        ({"aud": [CLIENT, "another"], "azp": CLIENT}, "wrong_audience"),
        ({"aud": {CLIENT: 1}}, "wrong_audience"),
        ({"azp": "another"}, "wrong_audience"),
        ({"nonce": "of another login"}, "unsolicited"),
        ({"nonce": None}, "unsolicited"),
        ({"nonce": 7}, "unsolicited"),
        ({"exp": SECONDS - 60}, "expired"),
        ({"exp": None}, "malformed"),
        ({"exp": "tomorrow"}, "malformed"),
        ({"exp": True}, "malformed"),
        ({"exp": 10**30}, "malformed"),
        ({"iat": SECONDS + 61}, "not_yet_valid"),
        ({"iat": SECONDS - 61}, "expired"),
        ({"iat": None}, "malformed"),
        ({"nbf": SECONDS + 61}, "not_yet_valid"),
        ({"auth_time": SECONDS + 61}, "not_yet_valid"),
        ({"sub": None}, "malformed"),
        ({"sub": ""}, "malformed"),
        ({"sub": "x" * 256}, "malformed"),
        ({"sub": 7}, "malformed"),
        ({"at_hash": "77QmUPtjPfzWtF2AnpK9RQ"}, "bad_signature"),
        ({"at_hash": 1}, "bad_signature"),
        ({"acr": "platinum"}, "unknown_assurance"),
        ({"acr": ["http://eidas.europa.eu/LoA/high"]}, "unknown_assurance"),
        ({"given_name": ["Ana"]}, "malformed"),
        ({"given_name": "A\x00na"}, "malformed"),
        ({"oib": "87582274225"}, "malformed"),
        ({"oib": None}, "missing_attribute"),
    ],
)
async def test_a_claim_that_is_wrong(issuer: Issuer, changed: Claims, reason: str) -> None:
    issuer.claims["oib"] = "87582274224"
    issuer.change = lambda claims: {name: value for name, value in (claims | changed).items() if value is not None}
    claims = {"identifiers": {"oib": "hr.oib"}, "required": ["oib"]}
    error = await refused(issuer, claims=claims)
    assert error.reason == reason
    assert "8758227422" not in str(error)
    # Whoever is refused by her token is not asked about any further.
    asked_later = reason in ("unknown_assurance", "missing_attribute") or not {"given_name", "oib"}.isdisjoint(changed)
    assert issuer.calls("/userinfo") == int(asked_later)


async def test_the_same_claims_unchanged_are_accepted(issuer: Issuer) -> None:
    issuer.claims |= {"oib": "87582274224", "nbf": SECONDS, "azp": CLIENT, "aud": [CLIENT]}
    claims = {"identifiers": {"oib": "hr.oib"}, "required": ["oib"]}
    assert (await (await begun(issuer, claims=claims)).finish()).subject == "person-1"


async def test_a_second_audience_that_is_trusted_needs_azp(issuer: Issuer) -> None:
    issuer.claims["aud"] = [CLIENT, "console"]
    assert (await refused(issuer, trusted_audiences=["console"])).reason == "wrong_audience"
    issuer.claims["azp"] = CLIENT
    assert (await (await begun(issuer, trusted_audiences=["console"])).finish()).subject == "person-1"


async def test_less_assurance_than_wanted(issuer: Issuer) -> None:
    asked = wanted(assurance=Assurance.HIGH)
    assert (await refused(issuer, asked=asked)).reason == "too_little_assurance"
    issuer.claims["acr"] = "http://eidas.europa.eu/LoA/high"
    assert (await (await begun(issuer, asked=asked)).finish()).assurance == Assurance.HIGH


@pytest.mark.parametrize(
    ("auth_time", "reason"), [(SECONDS - 61, "expired"), (None, "missing_attribute"), (SECONDS - 60, None)]
)
async def test_an_old_session_where_a_new_proof_was_wanted(
    issuer: Issuer, auth_time: int | None, reason: str | None
) -> None:
    issuer.change = lambda claims: {**claims, "auth_time": auth_time}
    login = await begun(issuer, asked=wanted(force=True))
    if reason is None:
        assert (await login.finish()).authenticated_at == NOW - timedelta(seconds=60)
        return
    with pytest.raises(LoginRefused) as caught:
        await login.finish()
    assert caught.value.reason == reason


# ── Who signed it ──


def _none(issuer: Issuer) -> Callable[[Claims], str]:
    return lambda claims: by_hand({"alg": "none", "typ": "JWT"}, claims)


def _none_in_capitals(issuer: Issuer) -> Callable[[Claims], str]:
    return lambda claims: by_hand({"alg": "NoNe"}, claims)


def _public_key_as_secret(issuer: Issuer) -> Callable[[Claims], str]:
    return lambda claims: by_public_key(claims, issuer.signing)


def _client_secret(issuer: Issuer) -> Callable[[Claims], str]:
    return lambda claims: signed(claims, OctKey.import_key(SECRET), "HS256")


def _not_pinned(issuer: Issuer) -> Callable[[Claims], str]:
    issuer.signing = key("RSA", "rsa")
    return lambda claims: signed(claims, issuer.signing, "RS512")


def _other_key_same_name(issuer: Issuer) -> Callable[[Claims], str]:
    return lambda claims: signed(claims, key("P-256", "two"), "ES256", kid="one")


def _unknown_key(issuer: Issuer) -> Callable[[Claims], str]:
    return lambda claims: signed(claims, key("P-256", "two"), "ES256")


def _brings_its_own_key(issuer: Issuer) -> Callable[[Claims], str]:
    own = key("P-256", "two")
    return lambda claims: signed(claims, own, "ES256", jwk=own.as_dict(private=False))


def _points_to_its_own_key(issuer: Issuer) -> Callable[[Claims], str]:
    return lambda claims: signed(claims, key("P-256", "two"), "ES256", jku=f"{issuer.server.url}/keys-of-mallory")


def _no_signature(issuer: Issuer) -> Callable[[Claims], str]:
    return lambda claims: issuer.signature(claims).rpartition(".")[0] + "."


def _changed_after_signing(issuer: Issuer) -> Callable[[Claims], str]:
    def sign(claims: Claims) -> str:
        head, _, signature = issuer.signature(claims).split(".")
        return f"{head}.{by_hand({}, claims | {'sub': 'person-2'}).split('.')[1]}.{signature}"

    return sign


def _critical(issuer: Issuer) -> Callable[[Claims], str]:
    return lambda claims: by_hand({"alg": "ES256", "kid": "one", "crit": ["x"], "x": 1}, claims, b"-" * 64)


def _unencoded(issuer: Issuer) -> Callable[[Claims], str]:
    return lambda claims: by_hand({"alg": "ES256", "kid": "one", "b64": False}, claims, b"-" * 64)


def _other_kind_of_token(issuer: Issuer) -> Callable[[Claims], str]:
    return lambda claims: issuer.signature(claims, typ="logout+jwt")


@pytest.mark.parametrize(
    ("forge", "reason"),
    [
        (_none, "weak_algorithm"),
        (_none_in_capitals, "weak_algorithm"),
        (_public_key_as_secret, "weak_algorithm"),
        (_client_secret, "weak_algorithm"),
        (_not_pinned, "weak_algorithm"),
        (_other_key_same_name, "bad_signature"),
        (_unknown_key, "bad_signature"),
        (_brings_its_own_key, "bad_signature"),
        (_points_to_its_own_key, "bad_signature"),
        (_no_signature, "bad_signature"),
        (_changed_after_signing, "bad_signature"),
        (_critical, "malformed"),
        (_unencoded, "malformed"),
        (_other_kind_of_token, "malformed"),
    ],
)
async def test_a_token_nobody_we_know_has_signed(
    issuer: Issuer, forge: Callable[[Issuer], Callable[[Claims], str]], reason: str
) -> None:
    issuer.sign = forge(issuer)
    assert (await refused(issuer)).reason == reason
    assert issuer.calls("/keys-of-mallory") == 0
    assert issuer.calls("/userinfo") == 0


@pytest.mark.parametrize("token", ["", "a.b", "a.b.c.d", "!.!.!", "é.é.é", by_hand({}, {}), "x" * 100_001, 7, None])
async def test_what_is_no_token(issuer: Issuer, token: Any) -> None:
    issuer.reply["/token"] = answer(
        json.dumps({"access_token": "access-1", "token_type": "Bearer", "id_token": token}).encode()
    )
    assert (await refused(issuer)).reason in ("malformed", "weak_algorithm")


async def test_claims_that_are_no_json_object(issuer: Issuer) -> None:
    issuer.sign = lambda claims: signed_text(b"[1]")
    assert (await refused(issuer)).reason == "malformed"
    issuer.sign = lambda claims: signed_text(b"[" * 60_000)
    assert (await refused(issuer)).reason == "malformed"
    issuer.sign = lambda claims: signed_text(json.dumps(claims | {"exp": float("inf")}).encode())
    assert (await refused(issuer)).reason == "malformed"


def signed_text(payload: bytes) -> str:
    return jws.serialize_compact({"alg": "ES256", "kid": "one"}, payload, key("P-256", "one"))


async def test_rotation_of_keys(issuer: Issuer) -> None:
    party = relying_party(issuer)

    async def login(minutes: float) -> str:
        now = issuer.now = NOW + timedelta(minutes=minutes)
        sent = await party.begin(wanted(now=now))
        query = await issuer.sign_in(sent.url)
        return (await party.finish(back(query), sent.state, now)).subject

    assert await login(0) == "person-1"
    assert issuer.calls("/jwks") == 1
    issuer.signing = key("P-256", "two")
    assert await login(1) == "person-1"
    assert issuer.calls("/jwks") == 2
    # Within the minute nothing is fetched, however many unknown keys are named; after it, once.
    issuer.published = [issuer.signing]
    issuer.sign = lambda claims: issuer.signature(claims, kid="made up")
    for minutes in (1.2, 1.5, 1.9):
        with pytest.raises(LoginRefused) as caught:
            await login(minutes)
        assert caught.value.reason == "bad_signature"
    assert issuer.calls("/jwks") == 2
    with pytest.raises(LoginRefused):
        await login(2)
    assert issuer.calls("/jwks") == 3
    # The old key is gone with the document that named it.
    issuer.sign = lambda claims: signed(claims, key("P-256", "one"), "ES256")
    with pytest.raises(LoginRefused) as caught:
        await login(2.5)
    assert caught.value.reason == "bad_signature"


async def test_a_known_key_with_a_wrong_signature_fetches_nothing(issuer: Issuer) -> None:
    issuer.sign = _other_key_same_name(issuer)
    await refused(issuer)
    assert issuer.calls("/jwks") == 1


@pytest.mark.parametrize("purpose", [{"use": "enc"}, {"key_ops": ["sign"]}, {"alg": "PS256"}])
async def test_a_key_is_used_for_what_it_is_published_for(issuer: Issuer, purpose: Claims) -> None:
    issuer.algorithm, issuer.signing = "RS256", key("RSA", "rsa")
    issuer.published = [issuer.signing.as_dict(private=False) | purpose, key("P-256", "two")]
    assert (await refused(issuer)).reason == "bad_signature"
    issuer.published = [issuer.signing.as_dict(private=False) | {"alg": "RS256", "use": "sig"}]
    assert (await (await begun(issuer)).finish()).subject == "person-1"


async def test_a_short_rsa_key_is_no_key(issuer: Issuer) -> None:
    issuer.algorithm, issuer.signing = "RS256", key("RSA-1024", "short")
    issuer.published = [issuer.signing, key("P-256", "one")]
    assert (await refused(issuer)).reason == "bad_signature"


# ── Encrypted tokens ──


@pytest.mark.parametrize(
    ("wrap", "reason"),
    [
        (lambda token: encrypted(token, key("RSA", "somebody"), "RSA-OAEP-256"), "malformed"),
        (lambda token: encrypted('{"sub": "person-1"}', key("RSA", "opens"), "RSA-OAEP-256"), "bad_signature"),
        (lambda token: encrypted(token, key("RSA", "opens"), "RSA-OAEP"), "weak_algorithm"),
        (lambda token: encrypted(token, key("RSA", "opens"), "RSA-OAEP-256", "A192GCM"), "weak_algorithm"),
        (lambda token: encrypted(token, key("RSA", "opens"), "RSA-OAEP-256", zip="DEF"), "weak_algorithm"),
        (lambda token: encrypted(by_hand({"alg": "none"}, {}), key("RSA", "opens"), "RSA-OAEP-256"), "weak_algorithm"),
    ],
)
async def test_encryption_proves_nothing(issuer: Issuer, wrap: Callable[[str], str], reason: str) -> None:
    issuer.wrap = wrap
    decryption = {"keys": [{"secret": "rsa"}], "algorithms": ["RSA-OAEP-256"]}
    assert (await refused(issuer, decryption=decryption)).reason == reason


async def test_an_encrypted_token_without_a_key_for_it(issuer: Issuer) -> None:
    issuer.wrap = lambda token: encrypted(token, key("RSA", "opens"), "RSA-OAEP-256")
    error = await refused(issuer)
    assert (error.reason, "Write one under decryption." in str(error)) == ("malformed", True)


# ── The way through the browser ──


@pytest.mark.parametrize("iss", ["https://issuer.example", "", f"{ADDRESS}"])
async def test_mix_up_the_answer_is_of_another_issuer(issuer: Issuer, iss: str) -> None:
    login = await begun(issuer)
    with pytest.raises(LoginRefused) as caught:
        await login.finish(iss=iss)
    assert caught.value.reason == "wrong_issuer"
    assert issuer.calls("/token") == 0


async def test_mix_up_an_issuer_that_names_itself_always_does(issuer: Issuer) -> None:
    issuer.discovery["authorization_response_iss_parameter_supported"] = True
    login = await begun(issuer)
    for query in ({"iss": None}, {"iss": None, "error": "access_denied", "code": None}):
        with pytest.raises(LoginRefused) as caught:
            await login.finish(**query)
        assert caught.value.reason == "wrong_issuer"
    assert issuer.calls("/token") == 0
    assert (await login.finish()).subject == "person-1"


async def test_an_issuer_that_never_names_itself_need_not(issuer: Issuer) -> None:
    assert (await (await begun(issuer)).finish(iss=None)).subject == "person-1"


@pytest.mark.parametrize("state", ["relay-of-another-login", "", None, "relay-of-this-logi", "ž"])
async def test_the_state_is_that_of_another_login(issuer: Issuer, state: str | None) -> None:
    login = await begun(issuer)
    with pytest.raises(LoginRefused) as caught:
        await login.finish(state=state)
    assert caught.value.reason == "unsolicited"
    assert issuer.calls("/token") == 0


async def test_a_code_of_another_login(issuer: Issuer) -> None:
    """Mallory puts her own code, with the victim's state, into the victim's browser: PKCE and the nonce tell."""
    party = relying_party(issuer)
    victim, mallory = await party.begin(wanted()), await party.begin(wanted(relay="mallory"))
    stolen = (await issuer.sign_in(mallory.url))["code"]
    query = {"code": stolen, "state": RELAY, "iss": issuer.name}
    with pytest.raises(LoginRefused, match="invalid_grant") as caught:
        await party.finish(back(query), victim.state, NOW)
    assert caught.value.reason == "expired"
    # An issuer that looks at no PKCE: the nonce remains.
    again = (await issuer.sign_in(mallory.url))["code"]
    state = {**victim.state, "verifier": mallory.state["verifier"]}
    with pytest.raises(LoginRefused) as caught:
        await party.finish(back(query | {"code": again}), state, NOW)
    assert caught.value.reason == "unsolicited"


async def test_a_code_is_good_once(issuer: Issuer) -> None:
    login = await begun(issuer)
    await login.finish()
    with pytest.raises(LoginRefused) as caught:
        await login.finish()
    assert caught.value.reason == "expired"
    assert "Ana" not in str(caught.value)


async def test_an_exchange_is_never_repeated(issuer: Issuer) -> None:
    issuer.reply["/token"] = answer(status=503)
    login = await begun(issuer, retries={"attempts": 3, "first_wait": "1s"})
    with pytest.raises(RemoteUnavailable):
        await login.finish()
    assert issuer.calls("/token") == 1


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("access_denied", "cancelled"),
        ("consent_required", "cancelled"),
        ("login_required", "failed"),
        ("interaction_required", "failed"),
        ("account_selection_required", "failed"),
        ("unmet_authentication_requirements", "too_little_assurance"),
        ("temporarily_unavailable", "unavailable"),
        ("server_error", "unavailable"),
        ("invalid_scope", "failed"),
        ("<script>", "failed"),
        ("", "failed"),
    ],
)
async def test_the_issuer_says_no(issuer: Issuer, code: str, reason: str) -> None:
    login = await begun(issuer)
    with pytest.raises(LoginRefused) as caught:
        await login.finish(error=code, error_description="Ana Anić, OIB 87582274224")
    assert caught.value.reason == reason
    assert "Anić" not in str(caught.value)
    assert "<" not in str(caught.value)
    assert issuer.calls("/token") == 0


@pytest.mark.parametrize("code", [None, "", "x" * 4_001, "ž", "a\nb"])
async def test_an_answer_without_a_code(issuer: Issuer, code: str | None) -> None:
    login = await begun(issuer)
    with pytest.raises(LoginRefused) as caught:
        await login.finish(code=code)
    assert caught.value.reason == "malformed"
    assert issuer.calls("/token") == 0


async def test_a_parameter_given_twice(issuer: Issuer) -> None:
    login = await begun(issuer)
    twice = back(login.query, url=f"{back(login.query).url}&code=of-mallory")
    with pytest.raises(LoginRefused) as caught:
        await login.party.finish(twice, login.sent.state, NOW)
    assert caught.value.reason == "malformed"
    form = back({}, method="POST", form=login.query, body=b"a=1&a=2", media_type="application/x-www-form-urlencoded")
    with pytest.raises(LoginRefused) as caught:
        await login.party.finish(form, login.sent.state, NOW)
    assert caught.value.reason == "malformed"
    assert issuer.calls("/token") == 0


async def test_another_endpoint_of_ours_takes_no_answer(issuer: Issuer) -> None:
    login = await begun(issuer)
    with pytest.raises(LoginRefused) as caught:
        await login.party.finish(back(login.query, endpoint="acs"), login.sent.state, NOW)
    assert caught.value.reason == "unsolicited"


# ── Userinfo ──


@pytest.mark.parametrize("sub", ["person-2", None, 7, ""])
async def test_userinfo_about_somebody_else(issuer: Issuer, sub: Any) -> None:
    issuer.userinfo = {"sub": sub, "given_name": "Eva"}
    assert (await refused(issuer)).reason == "bad_signature"


@pytest.mark.parametrize(
    ("changed", "by", "reason"),
    [
        ({"aud": "another"}, "one", "wrong_audience"),
        ({"iss": "https://issuer.example"}, "one", "wrong_issuer"),
        ({"sub": "person-2"}, "one", "bad_signature"),
        ({}, "two", "bad_signature"),
    ],
)
async def test_signed_userinfo_that_is_not_for_us(issuer: Issuer, changed: Claims, by: str, reason: str) -> None:
    claims = {"iss": issuer.name, "aud": CLIENT, "sub": "person-1"} | changed
    token = signed(claims, key("P-256", by), "ES256")
    issuer.reply["/userinfo"] = answer(token.encode(), content_type="application/jwt")
    assert (await refused(issuer)).reason == reason


# ── The issuer itself ──


@pytest.mark.parametrize(
    ("changed", "what"),
    [
        ({"issuer": "https://issuer.example"}, "must be equal letter by letter"),
        ({"token_endpoint": "https://token.example/"}, "has its token_endpoint at https://token.example:443"),
        ({"authorization_endpoint": "https://login.example/"}, "has its authorization_endpoint at"),
        ({"jwks_uri": "https://keys.example/"}, "has its jwks_uri at"),
        ({"userinfo_endpoint": "https://info.example/"}, "has its userinfo_endpoint at"),
        ({"end_session_endpoint": "https://out.example/"}, "has its end_session_endpoint at"),
        ({"token_endpoint": "javascript:alert(1)"}, "has its token_endpoint at something that is no plain URL"),
        ({"token_endpoint": None, "jwks_uri": 7}, "lacks or garbles jwks_uri, token_endpoint."),
    ],
)
async def test_a_discovery_document_that_leads_astray(issuer: Issuer, changed: Claims, what: str) -> None:
    issuer.discovery |= changed
    with pytest.raises(RemoteGarbage) as caught:
        await relying_party(issuer).begin(wanted())
    assert what in str(caught.value)


async def test_another_host_is_allowed_by_the_settings(issuer: Issuer) -> None:
    issuer.discovery["authorization_endpoint"] = "https://login.example/authorize"
    sent = await relying_party(issuer, hosts=["https://login.example"]).begin(wanted())
    assert sent.url.startswith("https://login.example/authorize?response_type=code&")


async def test_discovery_that_redirects_to_another_host_is_not_followed(issuer: Issuer) -> None:
    async with serve(answer(json.dumps(issuer.document()).encode())) as other:
        for target in (other.url, issuer.server.url):
            issuer.reply["/realm/.well-known/openid-configuration"] = answer(status=302, location=f"{target}/x")
            with pytest.raises(RemoteFault, match="redirects are not followed"):
                await relying_party(issuer).begin(wanted())
        assert other.requests == []
    assert issuer.calls("/x") == 0


@pytest.mark.parametrize(
    ("path", "stage"),
    [
        ("/realm/.well-known/openid-configuration", "begin"),
        ("/jwks", "finish"),
        ("/token", "finish"),
        ("/userinfo", "finish"),
    ],
)
@pytest.mark.parametrize(
    ("reply", "error"),
    [
        (answer(b'{"a": "' + b"x" * 500_001 + b'"}', content_type="application/json"), RemoteGarbage),
        (answer(b"<html>maintenance</html>"), RemoteGarbage),
        (answer(b"[1]"), RemoteGarbage),
        (answer(b"[" * 100_000), RemoteGarbage),
        (answer(b'{"a": NaN}'), RemoteGarbage),
        (answer(b"\xff\xfe{"), RemoteGarbage),
        (answer(status=500), RemoteFault),
        (answer(status=503), RemoteUnavailable),
    ],
)
async def test_documents_nobody_can_read(
    issuer: Issuer, path: str, stage: str, reply: Any, error: type[RemoteError]
) -> None:
    issuer.reply[path] = reply
    if stage == "begin":
        with pytest.raises(error):
            await relying_party(issuer).begin(wanted())
        return
    login = await begun(issuer)
    with pytest.raises(error):
        await login.finish()


@pytest.mark.parametrize("keys", [[], [{"kty": "oct", "k": "c2VjcmV0"}], "all of them", [{}] * 101])
async def test_a_key_set_without_keys(issuer: Issuer, keys: Any) -> None:
    issuer.reply["/jwks"] = answer(json.dumps({"keys": keys}).encode())
    login = await begun(issuer)
    with pytest.raises(RemoteGarbage):
        await login.finish()


async def test_a_private_key_somebody_published_is_no_key(issuer: Issuer) -> None:
    issuer.published = [issuer.signing.as_dict(private=True)]
    login = await begun(issuer)
    with pytest.raises(RemoteGarbage):
        await login.finish()


async def test_an_issuer_that_is_down() -> None:
    async with issuing(NOW) as issuer:
        party = relying_party(issuer)
        login = await begun(issuer)
    with pytest.raises(RemoteUnavailable):
        await party.begin(wanted())
    with pytest.raises(RemoteUnavailable):
        await login.finish()
    await party.close()
    await login.party.close()


async def test_what_was_published_serves_for_a_day_while_the_issuer_is_down(issuer: Issuer) -> None:
    party = relying_party(issuer)
    await party.begin(wanted())
    issuer.reply["/realm/.well-known/openid-configuration"] = answer(status=500)
    path = "/realm/.well-known/openid-configuration"
    for after, calls in ((timedelta(minutes=59), 1), (timedelta(hours=1), 2), (timedelta(hours=23), 3)):
        await party.begin(wanted(now=NOW + after))
        assert issuer.calls(path) == calls
    with pytest.raises(RemoteFault):
        await party.begin(wanted(now=NOW + timedelta(hours=24)))


@pytest.mark.parametrize(
    ("status", "body", "error", "text"),
    [
        (
            401,
            b'{"error": "invalid_client"}',
            RemoteRefused,
            "does not accept the client 'pregrada' and its secret: invalid_client.",
        ),
        (400, b'{"error": "unauthorized_client"}', RemoteRefused, "unauthorized_client"),
        (403, b"<html>", RemoteRefused, "no error code"),
        (400, b'{"error": "invalid_request"}', RemoteFault, "answered 400: invalid_request."),
        (400, b'{"error": {"oib": "87582274224"}}', RemoteFault, "no error code"),
        (200, b'{"id_token": "a.b.c", "token_type": "Bearer"}', RemoteGarbage, "without a bearer token"),
        (200, b'{"access_token": "a b", "token_type": "Bearer"}', RemoteGarbage, "without a bearer token"),
        (200, b'{"access_token": "a\\r\\nx: y", "token_type": "Bearer"}', RemoteGarbage, "without a bearer token"),
        (200, b'{"access_token": "a", "token_type": "DPoP"}', RemoteGarbage, "without a bearer token"),
    ],
)
async def test_the_token_endpoint_says_no(
    issuer: Issuer, status: int, body: bytes, error: type[RemoteError], text: str
) -> None:
    issuer.reply["/token"] = answer(body, status)
    login = await begun(issuer)
    with pytest.raises(error) as caught:
        await login.finish()
    assert text in str(caught.value)
    assert "code-0" not in str(caught.value)
    assert SECRET not in str(caught.value)


async def test_many_logins_at_once_fetch_the_documents_once(issuer: Issuer) -> None:
    party = relying_party(issuer)
    await asyncio.gather(*(party.begin(wanted()) for _ in range(20)))
    assert issuer.calls("/realm/.well-known/openid-configuration") == 1
