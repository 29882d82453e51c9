"""Single logout both ways, by redirect, POST and SOAP."""

from __future__ import annotations

import base64
import zlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote_plus, urlsplit

import pytest
from cryptography.hazmat.primitives import hashes
from lxml import etree
from onelogin.saml2.utils import OneLogin_Saml2_Utils

from hub.kernel.errors import LoginRefused
from hub.ports.eid import Answer, LogoutAsked, LogoutDone, Sent
from identity.providers.eidas.eid import Eidas
from identity.providers.nias.eid import Nias
from identity.saml.logout import logout_id
from tests.support.saml_idp import (
    ADDRESS,
    NOW,
    NS,
    SLO,
    deflate,
    key,
    logout_request,
    logout_response,
    metadata,
    posted,
    redirected,
    sign,
)
from tests.unit.saml.test_engine import NIAS_ID, build

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
HANDLE = {"name_id": "ES/CZ/4711", "format": "urn:x:persistent", "session_index": "session-1"}
SHA1 = "http://www.w3.org/2000/09/xmldsig#rsa-sha1"


def enveloped(xml: bytes, *, header: bytes = b"", more: bytes = b"") -> Answer:
    body = b'<s:Envelope xmlns:s="%b">%b<s:Body>%b%b</s:Body></s:Envelope>' % (SOAP.encode(), header, xml, more)
    return Answer("slo-soap", "POST", f"{ADDRESS}/slo-soap", {}, {}, body, "text/xml")


async def refused(eid: Any, answer: Answer, **how: Any) -> str:
    with pytest.raises(LoginRefused) as caught:
        await eid.told(answer, how.get("now", NOW))
    return caught.value.reason


def inflated(url: str, field: str) -> etree._Element:
    packed = parse_qs(urlsplit(url).query)[field][0]
    return etree.fromstring(zlib.decompress(base64.b64decode(packed), -15))


# ── Ours ─────────────────────────────────────────────────────────────────────────────────────────


async def test_our_logout_names_the_session_and_is_answered_by_its_relay(tmp_path: Path) -> None:
    eid = build(Eidas, tmp_path)
    sent = await eid.logout(HANDLE, "relay-9", NOW)
    root = inflated(sent.url, "SAMLRequest")

    assert sent.url.startswith(f"{SLO}?SAMLRequest=")
    assert root.get("ID") == logout_id("relay-9")
    assert root.get("NotOnOrAfter") == "2026-11-21T10:05:00Z"
    assert root.get("Reason") == "urn:oasis:names:tc:SAML:2.0:logout:user"
    assert root.findtext("saml:NameID", None, NS) == "ES/CZ/4711"
    assert root.find("saml:NameID", NS).get("Format") == "urn:x:persistent"
    assert root.findtext("samlp:SessionIndex", None, NS) == "session-1"

    done = await eid.told(redirected(logout_response(root.get("ID")), "SAMLResponse", relay="relay-9"), NOW)
    assert done == LogoutDone("relay-9", complete=True)
    by_post = posted(sign(logout_response(root.get("ID"))), endpoint="slo", relay="relay-9")
    assert await eid.told(by_post, NOW) == LogoutDone("relay-9", complete=True)


async def test_nias_wants_the_subject_of_the_certificate_as_issuer(tmp_path: Path) -> None:
    sent = await build(Nias, tmp_path).logout(HANDLE, "relay-9", NOW)
    issuer = inflated(sent.url, "SAMLRequest").find("saml:Issuer", NS)

    assert (issuer.text, issuer.get("Format")) == (
        NIAS_ID,
        "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName",
    )


async def test_where_they_have_no_logout_there_is_none(tmp_path: Path) -> None:
    assert await build(Eidas, tmp_path, idp=metadata(slo=None)).logout(HANDLE, "relay-9", NOW) is None
    assert await build(Eidas, tmp_path).logout({}, "relay-9", NOW) is None


@pytest.mark.parametrize(
    ("code", "inner"), [("Responder", ""), ("Success", "PartialLogout"), ("Requester", "RequestDenied")]
)
async def test_an_incomplete_logout_is_told_as_such(tmp_path: Path, code: str, inner: str) -> None:
    message = logout_response(logout_id("relay-9"), code=code, inner=inner)

    done = await build(Eidas, tmp_path).told(redirected(message, "SAMLResponse", relay="relay-9"), NOW)
    assert done == LogoutDone("relay-9", complete=False)


async def test_an_answer_to_no_logout_of_ours_is_refused(tmp_path: Path) -> None:
    eid = build(Eidas, tmp_path)
    message = logout_response(logout_id("relay-9"))

    assert await refused(eid, redirected(message, "SAMLResponse", relay="relay-8")) == "unsolicited"
    assert await refused(eid, redirected(message, "SAMLResponse")) == "unsolicited"


# ── Theirs ───────────────────────────────────────────────────────────────────────────────────────


async def test_they_end_a_session_by_redirect_and_are_answered_so(tmp_path: Path) -> None:
    eid = build(Eidas, tmp_path)
    asked = await eid.told(redirected(logout_request(), "SAMLRequest", relay="theirs"), NOW)

    assert isinstance(asked, LogoutAsked)
    assert (asked.name_id, asked.session_index) == ("ES/CZ/4711", "session-1")
    assert asked.once == (("_logout-1", NOW + timedelta(minutes=6)),)
    reply = asked.reply(True)
    assert isinstance(reply, Sent)
    root = inflated(reply.url, "SAMLResponse")
    assert reply.url.startswith(f"{SLO}?")
    assert parse_qs(urlsplit(reply.url).query)["RelayState"] == ["theirs"]
    assert (root.get("InResponseTo"), root.get("Destination")) == ("_logout-1", SLO)
    assert root.find("samlp:Status/samlp:StatusCode", NS).get("Value").endswith(":Success")
    query = urlsplit(reply.url).query
    assert OneLogin_Saml2_Utils.validate_binary_sign(
        query.rpartition("&Signature=")[0],
        base64.b64decode(parse_qs(query)["Signature"][0]),
        key("sp").certificate.pem,
    )


async def test_they_end_a_session_by_post_and_are_answered_so(tmp_path: Path) -> None:
    answer = posted(sign(logout_request()), endpoint="slo", field="SAMLRequest", relay="theirs")
    asked = await build(Eidas, tmp_path).told(answer, NOW)
    reply = asked.reply(False)

    assert (reply.url, reply.form["RelayState"]) == (SLO, "theirs")
    data = base64.b64decode(reply.form["SAMLResponse"])
    assert OneLogin_Saml2_Utils.validate_sign(
        data, key("sp").certificate.pem, xpath="/samlp:LogoutResponse/ds:Signature", raise_exceptions=True
    )
    code = etree.fromstring(data).find("samlp:Status/samlp:StatusCode", NS)
    assert code.get("Value").endswith(":Responder")
    assert code.find("samlp:StatusCode", NS).get("Value").endswith(":PartialLogout")


async def test_nias_ends_a_session_by_soap_and_is_answered_in_the_same_breath(tmp_path: Path) -> None:
    eid = build(Nias, tmp_path, idp=metadata(soap=True))
    asked = await eid.told(enveloped(sign(logout_request(destination=f"{ADDRESS}/slo-soap"))), NOW)
    reply = asked.reply(True)

    assert isinstance(reply, bytes)
    envelope = etree.fromstring(reply)
    inside = envelope.find(f"{{{SOAP}}}Body")[0]
    assert inside.get("InResponseTo") == "_logout-1"
    assert OneLogin_Saml2_Utils.validate_sign(
        reply, key("sp").certificate.pem, xpath="//samlp:LogoutResponse/ds:Signature", raise_exceptions=True
    )


async def test_an_envelope_holds_one_message_and_no_headers(tmp_path: Path) -> None:
    eid = build(Nias, tmp_path)
    message = sign(logout_request(destination=None))

    assert isinstance(await eid.told(enveloped(message), NOW), LogoutAsked)
    assert await refused(eid, enveloped(message, more=b"<x/>")) == "malformed"
    assert await refused(eid, enveloped(message, header=b"<s:Header><x/></s:Header>")) == "malformed"
    assert await refused(eid, Answer("slo-soap", "POST", "", {}, {}, message)) == "malformed"
    assert await refused(eid, replace(enveloped(message), method="GET")) == "malformed"


async def test_all_sessions_end_where_none_or_several_are_named(tmp_path: Path) -> None:
    eid = build(Eidas, tmp_path)
    for sessions in ((), ("session-1", "session-2")):
        asked = await eid.told(redirected(logout_request(sessions=sessions), "SAMLRequest"), NOW)
        assert asked.session_index is None


async def test_the_signature_is_over_the_query_as_it_came(tmp_path: Path) -> None:
    def lower(text: str) -> str:
        return quote_plus(text).replace("%2B", "%2b").replace("%2F", "%2f").replace("%3D", "%3d").replace("%3A", "%3a")

    answer = redirected(logout_request(), "SAMLRequest", relay="a b", escape=lower)

    assert isinstance(await build(Eidas, tmp_path).told(answer, NOW), LogoutAsked)


async def test_a_logout_that_is_not_signed_by_them_is_refused(tmp_path: Path) -> None:
    eid = build(Eidas, tmp_path)
    message = logout_request()
    good = redirected(message, "SAMLRequest", relay="r")

    for answer in (
        redirected(message, "SAMLRequest", by=key("attacker")),
        posted(message, endpoint="slo", field="SAMLRequest"),
        posted(sign(message, by=key("attacker")), endpoint="slo", field="SAMLRequest"),
        enveloped(message),
        Answer("slo", "GET", good.url.partition("&SigAlg")[0], good.query, {}),
        Answer("slo", "GET", good.url.replace("RelayState=r", "RelayState=s"), good.query, {}),
        Answer("slo", "GET", good.url.replace("RelayState=r&", ""), good.query, {}),
    ):
        assert await refused(eid, answer) == "bad_signature"


async def test_a_relay_state_that_was_not_signed_is_not_repeated(tmp_path: Path) -> None:
    """Escaped otherwise, its name is not the one the signature is looked for under, and decodes to it."""
    eid = build(Eidas, tmp_path)
    good = redirected(logout_request(), "SAMLRequest")
    added = replace(good, url=f"{good.url}&RelaySt%61te=evil", query={**good.query, "RelayState": "evil"})
    asked = await eid.told(added, NOW)
    assert isinstance(asked, LogoutAsked)
    reply = asked.reply(True)
    assert isinstance(reply, Sent)
    assert "RelayState" not in parse_qs(urlsplit(reply.url).query)


async def test_a_query_with_a_parameter_twice_is_refused(tmp_path: Path) -> None:
    eid = build(Eidas, tmp_path)
    good = redirected(logout_request(), "SAMLRequest")
    other = parse_qs(urlsplit(redirected(logout_request(name_id="x"), "SAMLRequest").url).query)["SAMLRequest"][0]

    assert (
        await refused(eid, Answer("slo", "GET", f"{good.url}&SAMLRequest={quote_plus(other)}", good.query, {}))
        == "malformed"
    )
    assert await refused(eid, Answer("slo", "GET", f"{good.url}&SAMLResponse=x", good.query, {})) == "malformed"


async def test_sha1_in_a_logout_needs_its_own_exception(tmp_path: Path) -> None:
    query = redirected(logout_request(), "SAMLRequest", algorithm=SHA1, digest=hashes.SHA1)
    form = posted(sign(logout_request(), method="RSA_SHA1", digest="SHA1"), endpoint="slo", field="SAMLRequest")
    without = build(Eidas, tmp_path, sha1={"response": "2026-12-31"})
    excepted = build(Eidas, tmp_path, sha1={"logout": "2026-11-21"})

    for answer in (query, form):
        assert await refused(without, answer) == "weak_algorithm"
        assert await refused(excepted, answer, now=NOW + timedelta(days=1)) == "weak_algorithm"
        assert isinstance(await excepted.told(answer, NOW), LogoutAsked)
    unknown = redirected(logout_request(), "SAMLRequest", algorithm="http://www.w3.org/2000/09/xmldsig#hmac-sha1")
    assert await refused(excepted, unknown) == "weak_algorithm"


@pytest.mark.parametrize(
    ("message", "because"),
    [
        (logout_request(issuer="https://other.example"), "wrong_issuer"),
        (logout_request(destination="https://other.example/slo"), "wrong_recipient"),
        (logout_request(destination=f"{ADDRESS}/slo-soap"), "wrong_recipient"),
        (logout_request(at=NOW - timedelta(minutes=6)), "expired"),
        (logout_request(end=NOW - timedelta(minutes=1)), "expired"),
        (logout_request(at=NOW + timedelta(minutes=2)), "not_yet_valid"),
        (logout_request(name_id=" "), "missing_attribute"),
        (logout_request(name_id="a<?x?>b"), "malformed"),
        (logout_request().replace(b"<saml:NameID>", b"<saml:Nonsense/><saml:NameID>"), "malformed"),
        (logout_request().replace(b'Version="2.0"', b'Version="1.1"'), "malformed"),
        (b"<x/>", "malformed"),
        (b"<!DOCTYPE x>" + logout_request(), "malformed"),
        (b"<x>" + b" " * 2_000_000 + b"</x>", "malformed"),
    ],
)
async def test_a_logout_that_does_not_fit_is_refused(tmp_path: Path, message: bytes, because: str) -> None:
    assert await refused(build(Eidas, tmp_path), redirected(message, "SAMLRequest")) == because


async def test_a_logout_in_deflate_that_is_none_is_refused(tmp_path: Path) -> None:
    good = deflate(logout_request())
    eid = build(Eidas, tmp_path)

    assert isinstance(await eid.told(redirected(b"", "SAMLRequest", packed=good), NOW), LogoutAsked)
    for packed in (good[:-5], good + b"more", b"text"):
        assert await refused(eid, redirected(b"", "SAMLRequest", packed=packed)) == "malformed"
    unending = zlib.compressobj(9, zlib.DEFLATED, -15)
    unended = unending.compress(logout_request()) + unending.flush(zlib.Z_SYNC_FLUSH)
    assert await refused(eid, redirected(b"", "SAMLRequest", packed=unended)) == "malformed"


async def test_a_message_that_unpacks_to_too_much_is_refused_before_it_is_parsed(tmp_path: Path) -> None:
    eid = build(Eidas, tmp_path)
    with pytest.raises(LoginRefused, match="when unpacked"):
        await eid.told(redirected(b"<x>" + b" " * 50_000_000 + b"</x>", "SAMLRequest"), NOW)
