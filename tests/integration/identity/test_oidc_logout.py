"""Logout both ways: we tell the issuer through the browser, and it tells us from behind."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from hub.kernel.errors import LoginRefused
from hub.ports.eid import Answer, LogoutAsked, LogoutDone
from tests.integration.identity.oidc_login import ADDRESS, NOW, begun, query_of, relying_party
from tests.support.http_server import answer
from tests.support.oidc_issuer import CLIENT, Claims, Issuer, by_hand, by_public_key, encrypted, issuing, key, signed

SECONDS = int(NOW.timestamp())
EVENT = "http://schemas.openid.net/event/backchannel-logout"


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with issuing(NOW) as one:
        yield one


def claims_of(issuer: Issuer) -> Claims:
    who = {"iss": issuer.name, "aud": CLIENT, "sub": "person-1", "sid": "session-1", "jti": "logout-1"}
    return {**who, "iat": SECONDS, "exp": SECONDS + 120, "events": {EVENT: {}}}


def told(token: Any) -> Answer:
    form = {} if token is None else {"logout_token": token}
    return Answer("slo", "POST", f"{ADDRESS}/slo", {}, form)


async def test_the_issuer_is_told_through_the_browser(issuer: Issuer) -> None:
    login = await begun(issuer)
    identity = await login.finish()
    sent = await login.party.logout(identity.logout, "relay-of-logout", NOW)
    assert sent is not None
    assert sent.url.startswith(f"{issuer.server.url}/logout?")
    assert (sent.form, sent.state) == (None, {})
    assert query_of(sent) == {
        "id_token_hint": identity.logout["id_token"],
        "client_id": CLIENT,
        "post_logout_redirect_uri": f"{ADDRESS}/slo",
        "state": "relay-of-logout",
    }
    came_back = Answer("slo", "GET", f"{ADDRESS}/slo?state=relay-of-logout", {"state": "relay-of-logout"}, {})
    assert await login.party.told(came_back, NOW) == LogoutDone("relay-of-logout", complete=True)


async def test_nobody_is_told_where_there_is_nothing_to_tell(issuer: Issuer) -> None:
    logout = {"name_id": "person-1", "id_token": "a.b.c"}
    assert await relying_party(issuer, end_session=False).logout(logout, "r", NOW) is None
    assert await relying_party(issuer).logout({"name_id": "person-1"}, "r", NOW) is None
    assert issuer.server.requests == []
    issuer.discovery["end_session_endpoint"] = None
    assert await relying_party(issuer).logout(logout, "r", NOW) is None


async def test_the_issuer_tells_us(issuer: Issuer) -> None:
    token = signed(claims_of(issuer), issuer.signing, "ES256", typ="logout+jwt")
    said = await relying_party(issuer).told(told(token), NOW)
    assert isinstance(said, LogoutAsked)
    assert (said.name_id, said.session_index) == ("person-1", "session-1")
    assert said.once == (("logout:logout-1", NOW + timedelta(seconds=120 + 60)),)
    assert (said.reply(True), said.reply(False)) == (b"", b'{"error":"invalid_request"}')


@pytest.mark.parametrize(("without", "meant"), [("sid", ("person-1", None)), ("typ", ("person-1", "session-1"))])
async def test_all_sessions_of_a_person_or_one_session(
    issuer: Issuer, without: str, meant: tuple[str, str | None]
) -> None:
    claims = {name: value for name, value in claims_of(issuer).items() if name != without}
    said = await relying_party(issuer).told(told(signed(claims, issuer.signing, "ES256")), NOW)
    assert isinstance(said, LogoutAsked)
    assert (said.name_id, said.session_index) == meant


async def test_a_token_that_lives_for_years_is_remembered_for_a_day(issuer: Issuer) -> None:
    claims = claims_of(issuer) | {"exp": SECONDS + 10**8}
    said = await relying_party(issuer).told(told(signed(claims, issuer.signing, "ES256")), NOW)
    assert isinstance(said, LogoutAsked)
    assert said.once == (("logout:logout-1", NOW + timedelta(days=1, seconds=60)),)
    # So it must be worth nothing any more by then.
    with pytest.raises(LoginRefused) as caught:
        await relying_party(issuer).told(told(signed(claims, issuer.signing, "ES256")), NOW + timedelta(days=1))
    assert caught.value.reason == "expired"


async def test_an_encrypted_logout_token(issuer: Issuer) -> None:
    token = encrypted(signed(claims_of(issuer), issuer.signing, "ES256"), key("P-256", "opens"), "ECDH-ES")
    said = await relying_party(issuer, decryption={"keys": [{"secret": "ec"}]}).told(told(token), NOW)
    assert isinstance(said, LogoutAsked)
    assert said.name_id == "person-1"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"iss": "https://issuer.example"}, "wrong_issuer"),
        ({"aud": "another"}, "wrong_audience"),
        ({"iat": SECONDS - 661}, "expired"),
        ({"iat": SECONDS + 61}, "not_yet_valid"),
        ({"iat": None}, "malformed"),
        ({"exp": SECONDS - 60}, "expired"),
        ({"exp": None}, "malformed"),
        ({"events": None}, "malformed"),
        ({"events": {}}, "malformed"),
        ({"events": {EVENT: "x"}}, "malformed"),
        ({"events": [EVENT]}, "malformed"),
        ({"nonce": "n"}, "malformed"),
        ({"jti": None}, "malformed"),
        ({"jti": ""}, "malformed"),
        ({"sub": None, "sid": None}, "malformed"),
        ({"sub": None}, "missing_attribute"),
        ({"sid": 7}, "malformed"),
        ({"sub": "x" * 256}, "malformed"),
    ],
)
async def test_a_logout_token_that_is_wrong(issuer: Issuer, changed: Claims, reason: str) -> None:
    claims = {name: value for name, value in (claims_of(issuer) | changed).items() if value is not None}
    with pytest.raises(LoginRefused) as caught:
        await relying_party(issuer).told(told(signed(claims, issuer.signing, "ES256")), NOW)
    assert caught.value.reason == reason


async def test_a_logout_token_nobody_we_know_has_signed(issuer: Issuer) -> None:
    claims, party = claims_of(issuer), relying_party(issuer)
    for token, reason in [
        (by_hand({"alg": "none"}, claims), "weak_algorithm"),
        (by_public_key(claims, issuer.signing), "weak_algorithm"),
        (signed(claims, key("P-256", "two"), "ES256", kid="one"), "bad_signature"),
        (signed(claims, issuer.signing, "ES256", typ="at+jwt"), "malformed"),
        (None, "malformed"),
        ("", "malformed"),
    ]:
        with pytest.raises(LoginRefused) as caught:
            await party.told(told(token), NOW)
        assert caught.value.reason == reason


async def test_an_id_token_is_no_logout_token(issuer: Issuer) -> None:
    identity = await (await begun(issuer)).finish()
    with pytest.raises(LoginRefused) as caught:
        await relying_party(issuer).told(told(identity.logout["id_token"]), NOW)
    assert caught.value.reason == "malformed"


async def test_a_logout_does_not_wait_for_an_issuer_that_is_known(issuer: Issuer) -> None:
    login = await begun(issuer)
    identity = await login.finish()
    issuer.reply["/realm/.well-known/openid-configuration"] = answer(status=500)
    assert await login.party.logout(identity.logout, "r", NOW + timedelta(hours=12)) is not None
