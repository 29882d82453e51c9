"""ČSOB's settings and keys: what is refused, and what a live town must not use."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from pydantic import SecretStr, ValidationError

from adapters.payment_gateway.csob import keys
from adapters.payment_gateway.csob.gateway import Csob
from adapters.payment_gateway.csob.keys import is_for_rehearsals
from adapters.payment_gateway.csob.settings import CsobSettings
from hub.kernel.errors import ConfigurationError
from simulators.kit.keys import credential
from tests.support.gateways.csob import Driver
from tests.support.gateways.driver import SECRETS, surroundings

DRIVER = Driver()


def opened(
    folder: Path, key: str = SECRETS["vzorov-csob-key"], address: str = "https://a.cz/payments/k", **more: Any
) -> Csob:
    given = {"merchant": "M1", "key": {"secret": "k"}, "bank_keys": ["bank.pem"]} | more
    around = surroundings(DRIVER, address, {})
    around = replace(around, folder=folder, secret=lambda _: SecretStr(key))
    return Csob(CsobSettings.model_validate(given), around)


def pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("keys")
    bank = rsa.generate_private_key(65537, 2048).public_key()
    (folder / "bank.pem").write_bytes(bank.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    (folder / "simulated.crt").write_bytes(credential("csob").certificate)
    (folder / "weak.pem").write_bytes(
        rsa.generate_private_key(65537, 1024).public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    (folder / "text.pem").write_text("-----BEGIN PUBLIC KEY-----\nnot one\n-----END PUBLIC KEY-----\n")
    return folder


def test_production_may_be_used_by_a_live_town(folder):
    assert opened(folder).rehearsal() is None


@pytest.mark.parametrize(
    ("settings", "why"),
    [
        ({"base_url": "https://iapi.iplatebnibrana.csob.cz/api/v1.9"}, "base_url: iapi.iplatebnibrana.csob.cz"),
        ({"base_url": "http://api.platebnibrana.csob.cz/api/v1.9"}, "base_url: "),
        ({"base_url": "http://127.0.0.1:8121/api/v1.9"}, "base_url: 127.0.0.1"),
        ({"bank_keys": ["bank.pem", "simulated.crt"]}, "bank_keys.1: "),
    ],
)
def test_what_rehearses(folder, settings, why):
    assert str(opened(folder, **settings).rehearsal()).startswith(why)


def test_the_published_test_key_is_known(folder):
    """By its digest: mips_iplatebnibrana.csob.cz.pub is the bank's file and not kept here."""
    assert "222c8c9b4dfc3fcdeb6038d2e26a0c5bd12e5723a4b8b92041d7400ac527f411" in keys._FOR_REHEARSALS
    simulated = x509.load_pem_x509_certificate(credential("csob").certificate).public_key()
    assert isinstance(simulated, rsa.RSAPublicKey)
    der = simulated.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert sha256(der).hexdigest() in keys._FOR_REHEARSALS
    assert is_for_rehearsals(simulated)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"bank_keys": ["none.pem"]}, "bank_keys.0: "),
        ({"bank_keys": ["bank.pem", "text.pem"]}, "bank_keys.1: "),
        ({"bank_keys": ["weak.pem"]}, "is not an RSA key of 2048 bits"),
        ({"key_": "not a key"}, "key: the secret 'k' cannot be used: it is not a private key in PEM"),
        ({"address": "https://a.cz/" + "x" * 300}, "has more than 300 characters"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(folder, more, message):
    key = more.pop("key_", SECRETS["vzorov-csob-key"])
    with pytest.raises(ConfigurationError) as caught:
        opened(folder, key, **more)
    assert message in str(caught.value)
    assert caught.value.remedy


def test_a_short_key_of_our_own(folder):
    with pytest.raises(ConfigurationError, match="RSA key of 1024 bits"):
        opened(folder, pem(rsa.generate_private_key(65537, 1024)))


@pytest.mark.parametrize(
    "more",
    [
        {"merchant": "M 1"},
        {"merchant": ""},
        {"bank_keys": []},
        {"captured_from": 5},
        {"close": "never"},
        {"key": "the key itself"},
        {"base_url": "https://api.platebnibrana.csob.cz/api/v1.9?x=1"},
        {"surprise": 1},
    ],
)
def test_settings_that_are_none(more):
    given = {"merchant": "M1", "key": {"secret": "k"}, "bank_keys": ["bank.pem"]} | more
    with pytest.raises(ValidationError):
        CsobSettings.model_validate(given)
