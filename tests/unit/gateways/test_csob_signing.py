"""Texts and signatures of eAPI 1.9, against published vectors."""

from __future__ import annotations

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from adapters.payment_gateway.csob import signing
from adapters.payment_gateway.csob.signing import made_by, sign, signed_by, signed_text

# slevomat/csob-gateway, tests/unit/Crypto/CryptoServiceTest.php and tests/keys/client.pub.
PUBLISHED_TEXT = "123|foo|foo product|99|bar product|order description"
PUBLISHED_SIGNATURE = (
    "YlsQZVFnYZTu9oqsRTtPCBz8EDVfvPq52LZs3DxuOP7p3UGQA+Eu2Q9G/xNB4Sb0WwxSrt17yUmvjCa4vxeU5rGc19Pvv+4jznkL7DWdhETSVzCh"
    "omxOwmuZ0mM3yWepMgxjZgo/j31ilv+8JMItvG4270qZ99Vfl4MWo45vI7bqqA6eUaNYk6rL76gFkRNcwTfHmP9iRMOo1N6wtmaedlbqAEvvflVf"
    "LnyyRXhT7B9iJYMGXIh4LxvbLQfC8YuJKbW+D2coVcobeFrO4lX7uLGXSMYP2o0QW6U+WH3NyFtL3Unh2qJCKnoBRVKAsiQLfxk68wfBwrFdC6O5"
    "D+show=="
)
PUBLISHED_KEY = b"""-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAmRsMyI9c728RmT4DO7BK
/QhmWqmwNABKErjGVS3SrWFqX9+EGc39Ut6gthCcb0aS3o60rV8JCvLhE4EG9WCE
OurMI9gCJHswrJ/wDaDxEt1VhoRNROjDnMVTJwvODe2QLxl3HYUNkzIuqzlYnrab
Aii4A/uO0F1lmBlm2M2KfMrD01YMfxOshJ49DaFrE7rYPQYc/1z8FheN7Z3qVf6c
79CR2A5P1KXVoO8spr5qXNsNGLJGnvZmNDiicPzc4xnolaaMX3lENGLPnNfE7lJK
rheHuY3yzE63Yw2mpXjowYZANW8FmYYxdW2Ayne37yVCbkj92/CPwjTSlqErZLws
vwIDAQAB
-----END PUBLIC KEY-----
"""

EXTENDED = {
    "merchantId": "M1MIPS0000",
    "orderNo": "5547",
    "dttm": "20220125131559",
    "payOperation": "payment",
    "payMethod": "card",
    "totalAmount": 123400,
    "currency": "CZK",
    "closePayment": True,
    "returnUrl": "https://shop.example.com/return",
    "returnMethod": "POST",
    "cart": [
        {"name": "Wireless headphones", "quantity": 1, "amount": 123400},
        {"name": "Shipping", "quantity": 1, "amount": 0, "description": "DPL"},
    ],
    "customer": {
        "name": "Jan Novák",
        "email": "jan.novak@example.com",
        "mobilePhone": "+420.800300300",
        "account": {"createdAt": "2022-01-12T12:10:37+01:00", "changedAt": "2022-01-15T15:10:12+01:00"},
        "login": {"auth": "account", "authAt": "2022-01-25T13:10:03+01:00"},
    },
    "order": {
        "type": "purchase",
        "availability": "now",
        "delivery": "shipping",
        "deliveryMode": "1",
        "addressMatch": True,
        "billing": {"address1": "Karlova 1", "city": "Praha", "zip": "11000", "country": "CZE"},
    },
    "merchantData": "c29tZS1iYXNlNjQtZW5jb2RlZC1tZXJjaGFudC1kYXRh",
    "language": "cs",
}
"""The values of csob/paymentgateway examples/eApi v1.9/java/…/config/payment-init-base-extended.json."""


@pytest.fixture(scope="module")
def published():
    key = load_pem_public_key(PUBLISHED_KEY)
    assert isinstance(key, rsa.RSAPublicKey)
    return key


@pytest.fixture(scope="module")
def own():
    return rsa.generate_private_key(65537, 2048)


def test_the_published_signature_is_verified(published):
    message = {
        "id": 123,
        "cart": [{"name": "foo", "description": "foo product"}, {"name": 99, "description": "bar product"}],
        "note": "order description",
        "nothing": None,
        "signature": PUBLISHED_SIGNATURE,
    }
    fields = ("id", ("cart", ("name", "description")), "nothing", "absent", "note")
    assert signed_text(message, fields) == PUBLISHED_TEXT
    assert made_by(PUBLISHED_SIGNATURE, PUBLISHED_TEXT, [published])
    assert signed_by(message, fields, [published])


@pytest.mark.parametrize(
    "text",
    [
        "",
        PUBLISHED_TEXT + "|",
        PUBLISHED_TEXT.replace("99", "98"),
        PUBLISHED_TEXT.replace("foo product|99", "foo product99|"),
        PUBLISHED_TEXT.upper(),
    ],
)
def test_the_published_signature_is_of_no_other_text(published, text):
    assert not made_by(PUBLISHED_SIGNATURE, text, [published])


@pytest.mark.parametrize(
    "signature",
    [
        "",
        "?",
        PUBLISHED_SIGNATURE[:-4],
        PUBLISHED_SIGNATURE.replace("Yls", "yls"),
        PUBLISHED_SIGNATURE.replace("+", " "),
        PUBLISHED_SIGNATURE + "\n",
        "ž" * 10,
        base64.b64encode(b"x").decode(),
    ],
)
def test_another_signature_is_not_accepted(published, signature):
    assert not made_by(signature, PUBLISHED_TEXT, [published])


def test_empty_slots_as_an_older_library_left_them():
    """ondrakoupil/csob tests/src/Payment.test.phpt: slots for description and merchantData, at their places."""
    message = {
        "merchantId": "aaa",
        "orderNo": 100,
        "dttm": "20150102030405",
        "payOperation": "payment",
        "payMethod": "card",
        "totalAmount": 1000,
        "currency": "EUR",
        "closePayment": False,
        "returnUrl": "eee",
        "returnMethod": "POST",
        "cart": [{"name": "test", "quantity": 1, "amount": 1000}],
        "customerId": "test@example.com",
        "language": "PL",
        "ttlSec": 1000,
        "logoVersion": 3,
        "colorSchemeVersion": 2,
    }
    with_slots = (
        "aaa|100|20150102030405|payment|card|1000|EUR|false|eee|POST|test|1|1000|||test@example.com|PL|1000|3|2"
    )
    assert signed_text(message, signing.INIT, empty_slots=True) == with_slots
    assert signed_text(message, signing.INIT) == with_slots.replace("|||", "|")


def test_everything_nested_stands_in_its_place():
    assert signed_text(EXTENDED, signing.INIT) == (
        "M1MIPS0000|5547|20220125131559|payment|card|123400|CZK|true|https://shop.example.com/return|POST|"
        "Wireless headphones|1|123400|Shipping|1|0|DPL|"
        "Jan Novák|jan.novak@example.com|+420.800300300|2022-01-12T12:10:37+01:00|2022-01-15T15:10:12+01:00|"
        "account|2022-01-25T13:10:03+01:00|purchase|now|shipping|1|true|Karlova 1|Praha|11000|CZE|"
        "c29tZS1iYXNlNjQtZW5jb2RlZC1tZXJjaGFudC1kYXRh|cs"
    )


def test_the_simulator_builds_the_same_text_on_its_own():
    from simulators.gateway_csob.eapi import text_of

    assert text_of("init", EXTENDED) == signed_text(EXTENDED, signing.INIT)


@pytest.mark.parametrize(
    ("fields", "text"),
    [
        (signing.ECHO, "M1|20260102030405"),
        (signing.PAYMENT, "M1|pay|20260102030405"),
        (signing.CLOSE, "M1|pay|20260102030405|700"),
        (signing.REFUND, "M1|pay|20260102030405|500"),
        (signing.ECHO_ANSWER, "20260102030405|0|OK"),
        (signing.INIT_ANSWER, "pay|20260102030405|0|OK|7|A1|C1|detail"),
        (
            signing.ANSWER,
            "pay|20260102030405|0|OK|7|A1|detail|https://acs.example/3ds|POST|v1|v2|https://acs.example/c|GET",
        ),
        (signing.RETURN, "pay|20260102030405|0|OK|7|A1|data|detail"),
    ],
)
def test_the_order_of_each_operation(fields, text):
    message = {
        "statusDetail": "detail",
        "customerCode": "C1",
        "merchantData": "data",
        "authCode": "A1",
        "paymentStatus": 7,
        "resultMessage": "OK",
        "resultCode": 0,
        "amount": 500,
        "totalAmount": 700,
        "dttm": "20260102030405",
        "payId": "pay",
        "merchantId": "M1",
        "actions": {
            "authenticate": {"browserChallenge": {"method": "GET", "url": "https://acs.example/c"}},
            "fingerprint": {
                "browserInit": {"url": "https://acs.example/3ds", "vars": {"z": "v1", "a": "v2"}, "method": "POST"}
            },
        },
        "extensions": [{"extension": "trxDates", "dttm": "1"}],
    }
    assert signed_text(message, fields) == text


def test_own_signatures_are_rsa_sha256_over_utf8(own):
    signature = sign("Příhodová|Kč", own)
    own.public_key().verify(base64.b64decode(signature), "Příhodová|Kč".encode(), PKCS1v15(), SHA256())
    assert made_by(signature, "Příhodová|Kč", [own.public_key()])


def test_either_of_two_keys_of_the_bank(own, published):
    signature = sign("a|b", own)
    assert made_by(signature, "a|b", [published, own.public_key()])
    assert not made_by(signature, "a|b", [published])
    assert not made_by(signature, "a|b", [])


@pytest.mark.parametrize("text", ["pay|20260102030405|0|OK|6", "pay|20260102030405|0|OK|6||"])
def test_a_value_that_is_there_and_empty_is_a_slot_or_none(own, text):
    message = {"payId": "pay", "dttm": "20260102030405", "resultCode": "0", "resultMessage": "OK", "paymentStatus": "6"}
    message |= {"authCode": "", "statusDetail": "", "signature": sign(text, own)}
    assert signed_by(message, signing.RETURN, [own.public_key()])
    assert not signed_by(message | {"authCode": "123456"}, signing.RETURN, [own.public_key()])


@pytest.mark.parametrize("signature", [None, "", 7, ["x"]])
def test_a_message_without_a_signature(own, signature):
    assert not signed_by({"payId": "pay", "signature": signature}, signing.RETURN, [own.public_key()])


@pytest.mark.parametrize("actions", ["x", 7, [1, "x"], {"fingerprint": "x"}, {"fingerprint": {"browserInit": [3]}}])
def test_nonsense_where_an_object_belongs(own, actions):
    message = {"payId": "pay", "actions": actions}
    assert signed_text(message, signing.ANSWER) == "pay"
