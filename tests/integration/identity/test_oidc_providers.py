"""The national tables on the engine, what an operator registers, and what the administrator's check says."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from hub.kernel.assurance import Assurance
from hub.kernel.errors import ConfigurationError, LoginRefused
from hub.kit import manifest
from hub.ports.back_office import CheckStep
from identity.providers.eid_rs.eid import EidRs
from identity.providers.oidc.eid import Oidc
from identity.providers.roeid.eid import Roeid
from tests.integration.identity.oidc_login import ADDRESS, NOW, begun, relying_party, settings, surroundings, wanted
from tests.support.http_server import answer
from tests.support.oidc_issuer import CLIENT, Issuer, issuing, key

CNP, JMBG = "1630615123457", "1501997761033"
RS = "http://schema.id.rs/claims/"


@pytest.fixture
async def issuer() -> AsyncIterator[Issuer]:
    async with issuing(NOW) as one:
        yield one


# ── ROeID ──


async def test_roeid_nume_is_the_family_name(issuer: Issuer) -> None:
    del issuer.claims["acr"]
    issuer.userinfo = {
        "sub": "person-1",
        "cnp": CNP,
        "nume": "Ștefănescu",
        "prenume": "Ioana Mădălina",
        "nume complet": "Ștefănescu Ioana Mădălina",
        "email": "ioana@example.ro",
        "telefon": "+40700000000",
        "judet": "Cluj",
        "datanasterii": "1963-06-15",
        "cetatenie": "RO",
    }
    identity = await (await begun(issuer, Roeid)).finish()
    assert (identity.given_name, identity.family_name) == ("Ioana Mădălina", "Ștefănescu")
    assert identity.identifiers == (("ro.cnp", CNP),)
    assert (identity.email, identity.phone) == ("ioana@example.ro", "+40700000000")
    assert identity.birth_date == date(1963, 6, 15)
    assert (identity.assurance, identity.subject, identity.unknown) == (Assurance.LOW, "person-1", ("cetatenie",))


async def test_roeid_asks_for_the_scope_of_the_client(issuer: Issuer) -> None:
    await begun(issuer, Roeid)
    await begun(issuer, Roeid, scopes=["openid", "special"])
    assert [asked["scope"] for asked in issuer.asked] == [f"openid profile {CLIENT}", "openid special"]


async def test_roeid_without_a_cnp_or_with_a_wrong_one(issuer: Issuer) -> None:
    for cnp, reason in ((None, "missing_attribute"), ("", "missing_attribute"), ("1630615123458", "malformed")):
        issuer.userinfo = {"sub": "person-1", "cnp": cnp}
        with pytest.raises(LoginRefused) as caught:
            await (await begun(issuer, Roeid)).finish()
        assert caught.value.reason == reason
        assert "16306151" not in str(caught.value)


async def test_roeid_ends_its_own_session_only_where_the_town_says_so(issuer: Issuer) -> None:
    logout = {"name_id": "person-1", "id_token": "a.b.c"}
    assert await relying_party(issuer, Roeid).logout(logout, "r", NOW) is None
    assert await relying_party(issuer, Roeid, end_session=True).logout(logout, "r", NOW) is not None


# ── Serbia ──


async def test_eid_rs(issuer: Issuer) -> None:
    issuer.userinfo = {
        "sub": "person-1",
        f"{RS}umcn": JMBG,
        f"{RS}givenname": "Đorđe",
        f"{RS}familyname": "Živković",
        f"{RS}mail": "dj@example.rs",
        f"{RS}city": "Niš",
        f"{RS}country": "RS",
        f"{RS}aal": "3",
        f"{RS}ial": "2",
        f"{RS}phone": "+381",
    }
    identity = await (await begun(issuer, EidRs)).finish()
    assert identity.identifiers == (("rs.jmbg", JMBG),)
    assert (identity.given_name, identity.family_name, identity.email) == ("Đorđe", "Živković", "dj@example.rs")
    # `acr` says substantial here, and the scale of aal and ial is not published: low, until the town says more.
    assert (identity.assurance, identity.unknown) == (Assurance.LOW, (f"{RS}phone",))


@pytest.mark.parametrize(
    ("said", "level"),
    [
        ({"aal": "3", "ial": "3"}, Assurance.HIGH),
        ({"aal": 3, "ial": 3}, Assurance.HIGH),
        ({"aal": "3"}, Assurance.SUBSTANTIAL),
        ({"aal": "3", "ial": "1"}, Assurance.SUBSTANTIAL),
        ({"ial": "3"}, Assurance.LOW),
        ({"aal": True, "ial": ["3"]}, Assurance.LOW),
        ({}, Assurance.LOW),
    ],
)
async def test_eid_rs_levels_by_the_table_of_the_town(issuer: Issuer, said: dict[str, Any], level: Assurance) -> None:
    rows = [{"aal": "3", "ial": "3", "assurance": "high"}, {"aal": "3", "assurance": "substantial"}]
    issuer.userinfo = {"sub": "person-1", **{f"{RS}{name}": value for name, value in said.items()}}
    assert (await (await begun(issuer, EidRs, levels=rows)).finish()).assurance == level


async def test_eid_rs_of_a_foreigner_has_no_number(issuer: Issuer) -> None:
    issuer.userinfo = {"sub": "person-1", f"{RS}umcn": ""}
    assert (await (await begun(issuer, EidRs)).finish()).identifiers == ()
    with pytest.raises(LoginRefused) as caught:
        await (await begun(issuer, EidRs, asked=wanted(assurance=Assurance.SUBSTANTIAL))).finish()
    assert caught.value.reason == "too_little_assurance"


# ── A live town ──


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"issuer": "http://issuer.example"}, "issuer"),
        ({"discovery": "http://issuer.example/x"}, "discovery"),
        ({"hosts": ["https://a.example", "http://b.example"]}, "hosts.1"),
        (
            {
                "endpoints": dict.fromkeys(("authorization", "jwks"), "https://a.example")
                | {"token": "http://a.example"}
            },
            "endpoints.token",
        ),
    ],
)
def test_a_live_town_speaks_https_only(more: dict[str, Any], place: str) -> None:
    wanted: Any = Oidc.Settings.model_validate(settings("https://issuer.example") | more)
    Oidc(wanted, surroundings())
    with pytest.raises(ConfigurationError, match="a live town logs people in over https only") as caught:
        Oidc(wanted, surroundings(live=True))
    assert caught.value.key == place


def test_a_live_town_refuses_the_test_system_of_roeid() -> None:
    for host, refused in (("sso.beta.roeid.ro", True), ("sso.roeid.ro", False)):
        wanted: Any = Roeid.Settings.model_validate(settings(f"https://{host}/affwebservices/CASSO/oidc/x"))
        Roeid(wanted, surroundings())
        if refused:
            with pytest.raises(ConfigurationError, match="the test system of ROeID"):
                Roeid(wanted, surroundings(live=True))
        else:
            Roeid(wanted, surroundings(live=True))


# ── What an operator reads, what an administrator sees ──


async def test_what_the_operator_of_the_issuer_registers(issuer: Issuer) -> None:
    client_auth = {"kind": "private_key_jwt", "key": {"secret": "signing"}, "kid": "ours"}
    party = relying_party(issuer, client_auth=client_auth, decryption={"keys": [{"secret": "ec"}]})
    media_type, body = await party.metadata(NOW)
    document = json.loads(body)
    signing, opening = document.pop("jwks")["keys"]
    assert media_type == "application/json"
    assert document == {
        "client_id": CLIENT,
        "application_type": "web",
        "grant_types": ["authorization_code"],
        "response_types": ["code"],
        "redirect_uris": [f"{ADDRESS}/callback"],
        "post_logout_redirect_uris": [f"{ADDRESS}/slo"],
        "backchannel_logout_uri": f"{ADDRESS}/slo",
        "backchannel_logout_session_required": False,
        "scope": "openid profile email",
        "token_endpoint_auth_method": "private_key_jwt",
    }
    assert signing == key("RSA", "ours").as_dict(private=False, use="sig")
    public = key("P-256", "opens").as_dict(private=False)
    assert opening == {**public, "use": "enc", "kid": key("P-256", "opens").thumbprint()}


async def test_no_keys_are_shown_where_there_are_none(issuer: Issuer) -> None:
    _, body = await relying_party(issuer).metadata(NOW)
    assert "jwks" not in json.loads(body)


async def _seen(party: Any) -> list[tuple[str, bool, str]]:
    steps: list[CheckStep] = await party.check()
    assert all(step.took is None or step.took < timedelta(seconds=10) for step in steps)
    return [(step.name, step.ok, step.detail) for step in steps]


async def test_the_check_of_an_issuer(issuer: Issuer) -> None:
    issuer.discovery["id_token_signing_alg_values_supported"] = ["ES256", "HS256"]
    good = [
        ("settings", True, f"The issuer is {issuer.name}."),
        ("connection", True, "Its discovery document is as it should be."),
        ("keys", True, "1 for signatures."),
    ]
    assert await _seen(relying_party(issuer)) == good
    issuer.discovery["id_token_signing_alg_values_supported"] = ["HS256"]
    words = "It signs with HS256; the settings allow RS256, PS256, ES256, EdDSA."
    assert (await _seen(relying_party(issuer)))[2:] == [("keys", False, words)]
    del issuer.discovery["id_token_signing_alg_values_supported"]
    issuer.reply["/jwks"] = answer(b'{"keys": []}')
    [_, _, (name, ok, detail)] = await _seen(relying_party(issuer))
    assert (name, ok, "has no public key for signatures" in detail) == ("keys", False, True)
    issuer.discovery["issuer"] = "https://issuer.example"
    [_, (name, ok, detail)] = await _seen(relying_party(issuer))
    assert (name, ok, "must be equal letter by letter" in detail) == ("connection", False, True)


@pytest.mark.parametrize(
    ("more", "text"),
    [
        ({"client_auth": {"kind": "client_secret_post", "client_secret": {"secret": "lost"}}}, "'lost' is nowhere"),
        (
            {"client_auth": {"kind": "private_key_jwt", "key": {"secret": "client"}}},
            "client_auth.key: the secret 'client' is not a private key in PEM",
        ),
        (
            {"client_auth": {"kind": "private_key_jwt", "key": {"secret": "ec"}, "algorithm": "RS256"}},
            "client_auth.algorithm: the secret 'ec' is not a key for RS256",
        ),
        ({"decryption": {"keys": [{"secret": "client"}]}}, "decryption.keys: the secret 'client' is not a private key"),
    ],
)
async def test_the_check_finds_wrong_secrets_before_anybody_is_called(
    issuer: Issuer, more: dict[str, Any], text: str
) -> None:
    [(name, ok, detail)] = await _seen(relying_party(issuer, **more))
    assert (name, ok, text in detail) == ("settings", False, True)
    assert issuer.server.requests == []


def test_every_provider_declares_itself() -> None:
    folder = Path(__file__).parents[3] / "identity" / "providers"
    known = manifest.scan(folder, "identity.providers")
    loaded = {name: known[name].load().__name__ for name in ("oidc", "roeid", "eid_rs", "id_gov_ua")}
    assert loaded == {"oidc": "Oidc", "roeid": "Roeid", "eid_rs": "EidRs", "id_gov_ua": "IdGovUa"}
    assert {known[name].kind for name in loaded} == {"eid"}
