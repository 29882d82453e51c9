"""Settings that cannot be right are refused with the key and a remedy."""

from __future__ import annotations

from typing import Any, get_args

import pytest
from pydantic import ValidationError

from hub.kernel.assurance import Assurance
from identity.oidc.settings import OidcSettings, SigningAlgorithm
from identity.providers.eid_rs.eid import EidRsSettings
from identity.providers.id_gov_ua.settings import IdGovUaSettings
from identity.providers.oidc.eid import OidcProviderSettings
from identity.providers.roeid.eid import RoeidSettings

LEAST: dict[str, Any] = {
    "issuer": "https://issuer.example",
    "client_id": "pregrada",
    "client_auth": {"kind": "client_secret_basic", "client_secret": {"secret": "client"}},
}


def test_the_least_that_must_be_written() -> None:
    settings = OidcSettings.model_validate(LEAST)
    assert settings.algorithms == ("RS256", "PS256", "ES256", "EdDSA")
    assert (settings.acr, settings.without_acr, settings.decryption) == ({}, None, None)
    assert settings.timeout.total.total_seconds() == 20
    assert settings.max_reply_bytes == 500_000


def test_no_algorithm_that_anybody_could_have_used_can_be_written() -> None:
    for algorithm in get_args(SigningAlgorithm):
        assert OidcSettings.model_validate(LEAST | {"algorithms": [algorithm]}).algorithms == (algorithm,)
    for algorithm in ("none", "HS256", "HS512", "RS1", "ES256K"):
        with pytest.raises(ValidationError):
            OidcSettings.model_validate(LEAST | {"algorithms": [algorithm]})
    with pytest.raises(ValidationError):
        OidcSettings.model_validate(LEAST | {"algorithms": []})


@pytest.mark.parametrize(
    ("more", "place", "text"),
    [
        ({"issuer": "https://issuer.example?a=1"}, "issuer", "without a query and a fragment"),
        ({"issuer": "https://me:pw@issuer.example"}, "issuer", "is not a plain http or https URL"),
        ({"issuer": "ftp://issuer.example"}, "issuer", "is not a plain http or https URL"),
        ({"scopes": ["profile"]}, "", "scopes must have openid"),
        ({"scopes": ["openid email"]}, "scopes", "a scope is printable ASCII without spaces"),
        ({"scopes": ["openid", 'a"b']}, "scopes", "a scope is printable ASCII without spaces"),
        ({"clock_skew": "6m"}, "clock_skew", "clocks that differ by more than 5m are to be set right"),
        ({"acr": {"gold": "highest"}}, "acr", "should be 'low', 'substantial' or 'high'"),
        ({"client_auth": {"kind": "none"}}, "client_auth", "does not match any of the expected tags"),
        (
            {"client_auth": {"kind": "client_secret_post", "client_secret": "written out"}},
            "client_auth",
            "a secret is only named here",
        ),
        (
            {
                "discovery": "https://issuer.example/d",
                "endpoints": dict.fromkeys(("authorization", "token", "jwks"), "https://issuer.example/"),
            },
            "",
            "write discovery or endpoints",
        ),
        ({"decryption": {"keys": []}}, "decryption", "at least 1 item"),
        ({"decryption": {"keys": [{"secret": "k"}], "algorithms": ["RSA1_5"]}}, "decryption", "'RSA-OAEP'"),
        ({"response_mode": "fragment"}, "response_mode", "'query' or 'form_post'"),
        ({"endpoint": "x"}, "endpoint", "Extra inputs are not permitted"),
    ],
)
def test_what_cannot_be_right(more: dict[str, Any], place: str, text: str) -> None:
    with pytest.raises(ValidationError) as caught:
        OidcSettings.model_validate(LEAST | more)
    error = caught.value.errors()[0]
    assert (str(error["loc"][0]) if error["loc"] else "") == place
    assert text in error["msg"]


def test_claims_are_national_identifiers_that_exist() -> None:
    with pytest.raises(ValidationError, match=r"oib: 'hr\.oibb' is not a national identifier; those are hr\.oib, "):
        OidcProviderSettings.model_validate(LEAST | {"claims": {"identifiers": {"oib": "hr.oibb"}}})


def test_the_scope_of_roeid_is_the_client() -> None:
    assert RoeidSettings.model_validate(LEAST).scopes == ("openid", "profile", "pregrada")
    assert RoeidSettings.model_validate(LEAST | {"scopes": ["openid"]}).scopes == ("openid",)
    with pytest.raises(ValidationError, match="a scope is printable ASCII"):
        RoeidSettings.model_validate(LEAST | {"client_id": "two words"})


def test_a_level_of_eid_rs_says_something() -> None:
    assert EidRsSettings.model_validate(LEAST).levels == ()
    with pytest.raises(ValidationError, match="write aal, ial or both"):
        EidRsSettings.model_validate(LEAST | {"levels": [{"assurance": "high"}]})


def test_id_gov_ua_values_nothing_by_itself() -> None:
    least = {"client_id": "kalynove", "client_secret": {"secret": "client"}}
    settings = IdGovUaSettings.model_validate(least)
    assert (settings.base_url, settings.auth_types) == ("https://id.gov.ua", ("dig_sign",))
    assert {settings.assurance.of(way, qualified=True) for way in ("dig_sign", "bank_id", "mobile_id")} == {
        Assurance.LOW
    }
    assert IdGovUaSettings.model_validate(least | {"base_url": "https://id.gov.ua/"}).base_url == "https://id.gov.ua"
    for more in ({"base_url": "https://id.gov.ua/?a"}, {"auth_types": []}, {"auth_types": ["diia"]}):
        with pytest.raises(ValidationError):
            IdGovUaSettings.model_validate(least | more)
