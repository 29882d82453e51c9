"""NETOPIA, version 2: published answers, the token of a notification, the tables, settings."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from typing import Any

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from adapters.payment_gateway.netopia import documents, statuses
from adapters.payment_gateway.netopia.api import start_body
from adapters.payment_gateway.netopia.countries import NUMERIC
from adapters.payment_gateway.netopia.gateway import Netopia
from adapters.payment_gateway.netopia.settings import NetopiaSettings, rehearsed
from hub.kernel.clock import FixedClock
from hub.kernel.errors import ConfigurationError
from hub.kernel.money import Money
from hub.ports.payment_gateway import REASONS, Forged, Incoming, Order, Outcome, Payer, Unreadable
from simulators.kit.keys import certificate, credential
from tests.support.gateways.driver import SECRETS, surroundings
from tests.support.gateways.netopia import Driver

NOW = datetime(2026, 11, 22, 9, 0, tzinfo=UTC)
POS = "MUNI-HUBS-IMUL-ATOR-POS1"
ADDRESS = "https://moja.primaria.ro/payments/card"
ORDER = Order(
    number="1000000001",
    amount=Money(20_010, "RON"),
    title="Impozit pe clădiri 2026",
    language="ro",
    now=NOW,
    expires_at=NOW + timedelta(minutes=20),
    payer=Payer(name="Ileana-Ștefania Maria Țepeș", email="ileana@example.com", country="ro", ip="198.51.100.7"),
)

# doc.netopia-payments.com "Start response example", each as it is printed, numbers and nesting included.
PAID = """{"customerAction": {}, "error": {"code": "00", "message": "Approved"}, "payment": {"amount": 200,
"currency": "RON", "data": {"AuthCode": "24od", "BIN": "990000", "ISSUER": "Netopia GB", "ISSUER_COUNTRY": "642",
"RRN": "hYnY8zpdcNo-"}, "ntpID": "1309088", "status": 3, "token": "MjMyMjqqdx3XTbYC78OoidTk6DTtEvHcrqcz91Pr4PQqXf/"}}"""
ASKED_3DS = """{"customerAction": {"authenticationToken": "iNPqJWDRoRXsd77StNELrvBiGr_ihsLd", "formData": {"backUrl":
"http://yourdomain.com/example/backUrl.php", "paReq": "AT5ewtLVDsEgB5lcRjeEoSMF6RZ4A3sPWhsU3IiSy8X0XdrQ49D7b"},
"type": "Authentication3D", "url": "https://secure.sandbox.netopia-payments.com/sandbox/authorize"}, "error": {"code":
"100", "message": "Approved"}, "payment": {"amount": 200, "currency": "RON", "ntpID": "1310396", "status": 15}}"""
DUPLICATE = """{"customerAction": {}, "error": {"code": "56", "message": "Order closed"}, "payment": {"amount": 200,
"currency": "RON", "ntpID": "1309088", "status": 5}}"""


def settings(**changes: Any) -> NetopiaSettings:
    given = {"pos_signature": POS, "api_key": {"secret": "netopia-api"}, "public_keys": ["netopia.crt"]}
    return NetopiaSettings.model_validate(given | changes)


def gateway(at: datetime = NOW, **changes: Any) -> Netopia:
    return Netopia(settings(**changes), surroundings(Driver(), ADDRESS, SECRETS), FixedClock(at))


# ── What is published ──


@pytest.mark.parametrize(
    ("published", "outcome", "word", "reference", "approval"),
    [
        (PAID, Outcome.CAPTURED, "3 paid", "1309088", "24od"),
        (ASKED_3DS, Outcome.PENDING, "15 3d_auth 100", "1310396", None),
        (DUPLICATE, Outcome.CAPTURED, "5 confirmed 56", "1309088", None),
    ],
)
def test_published_answers(published: str, outcome: Outcome, word: str, reference: str, approval: str | None):
    report = documents.report_of(documents.read_object(published.encode()), number="4694")
    assert (report.number, report.outcome, report.word) == ("4694", outcome, word)
    assert (report.reference, report.approval) == (reference, approval)
    assert (report.amount, report.reason) == (Money(20_000, "RON"), None)
    assert "token" not in str(report)


def test_what_is_sent_to_start():
    body = json.loads(start_body(ORDER, settings(buyer={"city": "Cluj-Napoca", "state": "Cluj"}), address=ADDRESS))
    assert body == {
        "config": {
            "emailTemplate": "",
            "emailSubject": "",
            "notifyUrl": f"{ADDRESS}/notify",
            "redirectUrl": f"{ADDRESS}/return?order=1000000001",
            "language": "ro",
        },
        "payment": {
            "options": {"installments": 0, "bonus": 0},
            "instrument": {"type": "card"},
            "data": {"IP_ADDRESS": "198.51.100.7"},
        },
        "order": {
            "ntpID": "",
            "posSignature": POS,
            "dateTime": "2026-11-22T09:00:00+00:00",
            "description": "Impozit pe clădiri 2026",
            "orderID": "1000000001",
            "amount": 200.1,
            "currency": "RON",
            "billing": {
                "email": "ileana@example.com",
                "phone": "",
                "firstName": "Ileana-Ștefania Maria",
                "lastName": "Țepeș",
                "city": "Cluj-Napoca",
                "country": 642,
                "state": "Cluj",
                "postalCode": "",
                "details": "",
            },
            "products": [],
            "installments": {"selected": 0, "available": [0]},
            "data": {},
        },
    }


@given(minor=st.integers(1, 9_999_999))
def test_an_amount_leaves_and_comes_back_to_the_last_ban(minor: int):
    amount = Money(minor, "RON")
    written = documents.with_amount({"ntpID": "1"}, amount)
    read = documents.read_object(written.encode())
    assert Decimal(written.rpartition(" ")[2].rstrip("}")) * 100 == minor
    assert documents.amount_of({"amount": read["amount"], "currency": "RON"}) == amount


# ── The token ──

BODY = json.dumps(
    {
        "order": {"orderID": "1000000001", "posSignature": POS},
        "payment": {"ntpID": "3022507", "status": 3, "amount": 200.10, "currency": "RON", "code": "00"},
    }
).encode()


def encoded(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def claims(body: bytes = BODY, **changes: Any) -> dict[str, Any]:
    at = int(NOW.timestamp())
    said = {
        "iss": "NETOPIA Payments",
        "aud": [POS],
        "sub": base64.b64encode(hashlib.sha512(body).digest()).decode(),
        "iat": at,
        "nbf": at,
        "exp": at + 300,
    }
    return {name: value for name, value in (said | changes).items() if value is not None}


def token(said: dict[str, Any], *, by: str = "netopia", alg: str = "RS512", typ: str = "JWT") -> str:
    text = f"{encoded(json.dumps({'alg': alg, 'typ': typ}).encode())}.{encoded(json.dumps(said).encode())}"
    if alg == "none":
        return f"{text}."
    if alg.startswith("HS"):
        # Algorithm confusion: what everybody may know, the public key, as the secret.
        return f"{text}.{encoded(hmac.digest(certificate('netopia'), text.encode(), 'sha512'))}"
    algorithm = {"RS256": hashes.SHA256(), "RS512": hashes.SHA512()}[alg]
    return f"{text}.{encoded(private(by).sign(text.encode(), PKCS1v15(), algorithm))}"


@cache
def private(name: str) -> RSAPrivateKey:
    """To read a key takes longer than to sign."""
    return credential(name).private


def notified(said: str, body: bytes = BODY) -> Incoming:
    return Incoming("POST", f"{ADDRESS}/notify", {"verification-token": said}, body, {}, {})


@pytest.mark.parametrize("audience", [POS, [POS], ["ANOT-HERP-OINT-OFSA-LE01", POS]])
async def test_a_notification(audience: Any):
    report = await gateway().read_notification(notified(token(claims(aud=audience))))
    assert (report.number, report.reference) == ("1000000001", "3022507")
    assert (report.outcome, report.word, report.believed) == (Outcome.CAPTURED, "3 paid", True)
    assert report.amount == Money(20_010, "RON")
    assert report.message_id == hashlib.sha256(BODY).hexdigest()


@pytest.mark.parametrize(
    "said",
    [
        "",
        "a.b.c",
        "x" * 9_000,
        token(claims(), by="stranger"),
        token(claims(), alg="RS256"),
        token(claims(), alg="HS512"),
        token(claims(), alg="none"),
        token(claims(), typ="at+jwt"),
        token(claims(iss="somebody")),
        token(claims(iss=None)),
        token(claims(aud="ANOT-HERP-OINT-OFSA-LE01")),
        token(claims(aud=None)),
        token(claims(body=BODY + b" ")),
        token(claims(sub=None)),
        token(claims(sub=hashlib.sha512(BODY).hexdigest())),
        token(claims(exp=int(NOW.timestamp()) - 600)),
        token(claims(exp=(int(NOW.timestamp()) - 600) * 1000)),
        token(claims(nbf=int(NOW.timestamp()) + 600)),
        token(claims(exp="tomorrow")),
        token(claims(exp=10**40)),
    ],
)
async def test_a_notification_that_is_not_netopias_is_forged(said: str):
    with pytest.raises(Forged):
        await gateway().read_notification(notified(said))


async def test_another_body_under_a_good_token_is_forged():
    with pytest.raises(Forged):
        await gateway().read_notification(notified(token(claims()), BODY.replace(b"200.1", b"2.001")))


@pytest.mark.parametrize("factor", [1, 1000])
async def test_times_are_in_seconds_or_milliseconds_and_may_be_ignored(factor: int):
    at = int(NOW.timestamp()) * factor
    fresh = token(claims(iat=at, nbf=at, exp=at + 300 * factor))
    assert (await gateway().read_notification(notified(fresh))).number == "1000000001"
    later = NOW + timedelta(days=1)
    with pytest.raises(Forged, match="expired"):
        await gateway(later).read_notification(notified(fresh))
    assert (await gateway(later, times="ignored").read_notification(notified(fresh))).believed


async def test_the_next_key_of_netopia_may_be_there_already():
    both = gateway(public_keys=["next.crt", "netopia.crt"])
    assert (await both.read_notification(notified(token(claims())))).believed
    assert (await both.read_notification(notified(token(claims(), by="next")))).believed


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"{",
        b'{"payment": {"status": 3}}',
        b'{"order": {"orderID": "R973"}, "payment": {"status": 3}}',
        b'{"order": {"orderID": "1"}, "payment": {"status": "3"}}',
        b'{"order": {"orderID": "1"}, "payment": {"status": true}}',
        b'{"order": {"orderID": "1"}, "payment": {"status": 3, "amount": 1.001, "currency": "RON"}}',
        b'{"order": {"orderID": "1"}, "payment": {"status": 3, "amount": NaN, "currency": "RON"}}',
        b'{"order": {"orderID": "1"}, "payment": {"status": 3, "amount": 1e999999, "currency": "RON"}}',
        b'{"order": {"orderID": "1"}, "payment": {"status": 3, "amount": -1, "currency": "RON"}}',
        b'{"order": {"orderID": "1"}, "payment": {"status": 3, "amount": 1, "currency": "LEI"}}',
        b'{"order": {"orderID": "1"}, "payment": {"status": 3, "ntpID": "<script>"}}',
        b'{"order": {"orderID": "1", "posSignature": "ANOT-HERP-OINT-OFSA-LE01"}, "payment": {"status": 3}}',
    ],
)
async def test_a_signed_notification_that_makes_no_sense_is_unreadable(body: bytes):
    with pytest.raises(Unreadable):
        await gateway().read_notification(notified(token(claims(body)), body))


# ── What follows from it ──


@pytest.mark.parametrize("query", ["?order=1000000001", "?order=1000000001&orderId=1000000001", "?orderId=1000000001"])
async def test_the_browser_proves_nothing(query: str):
    report = await gateway().read_return(Incoming("GET", f"{ADDRESS}/return{query}", {}, b"", {}, {}))
    assert (report.number, report.outcome, report.believed) == ("1000000001", Outcome.PENDING, False)


@pytest.mark.parametrize("query", ["", "?order=x", "?order=1&orderId=2"])
async def test_a_return_about_no_order_is_unreadable(query: str):
    with pytest.raises(Unreadable):
        await gateway().read_return(Incoming("GET", f"{ADDRESS}/return{query}", {}, b"", {}, {}))


def test_acknowledgements():
    taken, refused = gateway().acknowledge(accepted=True), gateway().acknowledge(accepted=False)
    assert (taken.status, taken.media_type) == (200, "application/json")
    assert json.loads(taken.body) == {"errorType": 0, "errorCode": 0, "errorMessage": ""}
    assert json.loads(refused.body) == {
        "errorType": 1,
        "errorCode": 0x10000101,
        "errorMessage": "the message was not accepted",
    }


# ── Tables ──


def test_the_table_of_statuses_is_total():
    assert set(statuses.STATUSES) == set(statuses.NAMES) == set(range(1, 24))
    # Somebody must be told of these; nothing here could act on them.
    unknown = {status for status, outcome in statuses.STATUSES.items() if outcome is Outcome.UNKNOWN}
    assert unknown == {7, 9, 16, 19, 20, 21, 22}
    assert statuses.outcome_of(24, authorised=True) is Outcome.UNKNOWN
    assert {reason for reason in statuses.REASONS.values() if reason} <= REASONS


def test_a_cancellation_after_an_authorisation_is_a_reversal():
    assert statuses.outcome_of(4, authorised=False) is Outcome.CANCELLED
    assert statuses.outcome_of(4, authorised=True) is Outcome.REVERSED
    assert statuses.outcome_of(3, authorised=True) is Outcome.CAPTURED


async def test_an_expired_card_leaves_the_page_open():
    """The sandbox answers an expired card with status 1 and code 19."""
    body = b'{"order": {"orderID": "1"}, "payment": {"status": 1, "code": "19", "message": "Expired card"}}'
    report = await gateway().read_notification(notified(token(claims(body)), body))
    assert (report.outcome, report.word, report.reason) == (Outcome.OPEN, "1 new 19", "expired_card")


def test_countries():
    assert (NUMERIC["RO"], NUMERIC["MD"], NUMERIC["AL"], len(NUMERIC)) == (642, 498, 8, len(set(NUMERIC.values())))


# ── Settings ──


@pytest.mark.parametrize(
    "wrong",
    [{"api_key": None}, {"public_keys": []}, {"pos_signature": "x"}, {"protocol": "v3"}, {"protocol": "v1"},
     {"seal": {"certificate": "netopia.crt", "private_key": {"secret": "netopia-pos-key"}}}],
)  # fmt: skip
def test_wrong_settings_are_refused(wrong: dict[str, Any]):
    with pytest.raises(ValidationError):
        settings(**wrong)


@pytest.mark.parametrize("name", ["missing.crt", "README.md"])
def test_a_key_that_is_none_is_refused_at_the_start(name: str):
    with pytest.raises(ConfigurationError) as caught:
        gateway(public_keys=[name])
    assert caught.value.key == "public_keys.0"


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({}, None),
        ({"base_url": "https://secure.netopia-payments.com/api"}, None),
        ({"base_url": "https://secure.sandbox.netopia-payments.com"}, "test system"),
        ({"base_url": "https://secure-sandbox.netopia-payments.com/"}, "test system"),
        ({"base_url": "http://secure.mobilpay.ro/pay"}, "not https"),
    ],
)
def test_what_moves_no_money(changes: dict[str, Any], why: str | None):
    said = rehearsed(settings(**changes))
    assert (said is None) if why is None else (why in str(said))


def test_payer_without_a_family_name():
    body = json.loads(start_body(replace(ORDER, payer=Payer(name="Ana")), settings(), address=ADDRESS))
    assert (body["order"]["billing"]["firstName"], body["order"]["billing"]["lastName"]) == ("Ana", "Ana")
