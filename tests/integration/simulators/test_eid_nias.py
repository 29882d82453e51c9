"""NIAS as it speaks on the wire, judged by python3-saml, signxml and a decryption by hand."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from cryptography import x509
from lxml import etree

from simulators.kit.keys import credential
from simulators.people import STOLARIJA, ZELJKA
from tests.integration.simulators.eid_harness import (
    ENTITY,
    NS,
    PERSISTENT,
    RSA_SHA256,
    Sp,
    attributes,
    moment,
    nias,
    token_in,
    verified,
)

MIN_LEVEL = (
    '<a:Conditions NotBefore="{}" NotOnOrAfter="{}"><a:Condition'
    ' xmlns:q1="http://nias.eid.com.hr/2012/07/saml20Extension"'
    ' xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="q1:NiasConditionType"'
    ' MinAuthenticationSecurityLevel="{}"/><a:OneTimeUse/></a:Conditions>'
)


@pytest.fixture
async def sp() -> AsyncIterator[Sp]:
    async with nias() as one:
        yield one


async def test_metadata_are_those_of_nias(sp: Sp) -> None:
    text = (await sp.simulator.client.get("/metadata")).content
    root = etree.fromstring(text)
    assert root.get("entityID") == "CN=niasaptst, L=ZAGREB, OID.2.5.4.97=HR85821130368, O=FINA, C=HR"
    (role,) = root.findall("md:IDPSSODescriptor", NS)
    assert role.get("WantAuthnRequestsSigned") == "true"
    assert [one.get("use") for one in role.findall("md:KeyDescriptor", NS)] == ["signing", "encryption"]
    base, binding = sp.simulator.url, "urn:oasis:names:tc:SAML:2.0:bindings:"
    for name, wanted in {
        "SingleSignOnService": [("HTTP-Redirect", "/sso-http"), ("HTTP-POST", "/sso-http")],
        "SingleLogoutService": [
            ("HTTP-Redirect", "/ssout-http"),
            ("HTTP-POST", "/ssout-http"),
            ("SOAP", "/ssout-soap"),
        ],
    }.items():
        found = [(one.get("Binding"), one.get("Location")) for one in role.findall(f"md:{name}", NS)]
        assert found == [(binding + kind, base + path) for kind, path in wanted]
    assert [one.text for one in role.findall("md:NameIDFormat", NS)] == [ENTITY, PERSISTENT]
    assert verified(text, sp.idp_certificate).get("entityID") == sp.idp_entity_id
    der = role.findtext("md:KeyDescriptor/ds:KeyInfo/ds:X509Data/ds:X509Certificate", "", NS)
    subject = x509.load_der_x509_certificate(base64.b64decode(der)).subject.rfc4514_string()
    assert "O=munihub simulator" in subject


@pytest.mark.parametrize("binding", ["redirect", "post"])
async def test_a_login_is_signed_encrypted_and_says_exactly_what_nias_says(sp: Sp, binding: str) -> None:
    page = await sp.page(sp.request())
    shown = etree.HTML(page.text)
    people = [one.get("value") for one in shown.iterfind(".//input[@name='person']")]
    assert people == ["zeljka", "duro", "sime", "ciro", "andelka", "zeljka-stolarija", "jurgen"]
    assert shown.find(".//script") is None

    answered = await sp.log_in("zeljka", sp.request(id="_ask-1"), binding=binding)
    assert answered.action == sp.acs
    assert list(answered.fields) == ["SAMLResponse", "RelayState"]
    assert answered.fields["RelayState"] == "relay-1"
    valid, why, response = sp.peer(answered, "_ask-1")
    assert (valid, why) == (True, "")
    assert response.get_nameid_format() == PERSISTENT

    root = verified(answered.text, sp.idp_certificate)
    at = moment(sp.simulator.clock.at)
    assert dict(root.attrib) == {
        "ID": root.get("ID"),
        "Version": "2.0",
        "IssueInstant": at,
        "Destination": sp.acs,
        "InResponseTo": "_ask-1",
    }
    assertion = sp.decrypt(root)
    assert assertion.find("ds:Signature", NS) is None
    found = attributes(assertion)
    assert set(found) == {"ime", "prezime", "oib", "oznaka_drzave_eid", "tid", "nav_token"}
    assert found["ime"] == "Željka"
    assert found["prezime"] == "Đurđević-Šćepan"
    assert found["oib"] == ZELJKA.number == "83100426579"
    assert found["oznaka_drzave_eid"] == "HR"
    assert assertion.findtext("a:Subject/a:NameID", "", NS) == found["tid"]
    conditions = assertion.find("a:Conditions", NS)
    assert conditions.get("NotBefore") == at
    assert conditions.get("NotOnOrAfter") == moment(sp.simulator.clock.at + timedelta(hours=1))
    assert conditions.findtext("a:AudienceRestriction/a:Audience", "", NS) == sp.entity_id
    context = assertion.findtext("a:AuthnStatement/a:AuthnContext/a:AuthnContextClassRef", "", NS)
    assert context == "http://eidas.europa.eu/LoA/high"

    # The pseudonym stays; the token of the navigation bar is new each time.
    again = attributes(sp.decrypt((await sp.log_in("zeljka")).root))
    assert again["tid"] == found["tid"]
    assert again["nav_token"] != found["nav_token"]
    assert attributes(sp.decrypt((await sp.log_in("duro")).root))["tid"] != found["tid"]


async def test_a_company_is_represented(sp: Sp) -> None:
    alone = attributes(sp.decrypt((await sp.log_in("zeljka")).root))
    found = attributes(sp.decrypt((await sp.log_in("zeljka-stolarija")).root))
    assert found["oib"] == ZELJKA.number
    assert found["tid"] == alone["tid"]
    assert (found["pos_oib"], found["pos_naziv"]) == (STOLARIJA.number, STOLARIJA.name)
    assert found["izvor_reg"] == "1"
    assert set(found) - set(alone) == {"pos_oib", "pos_naziv", "pos_id", "ips", "izvor_reg", "sesija_id"}


async def test_somebody_from_another_state_has_no_oib(sp: Sp) -> None:
    found = attributes(sp.decrypt((await sp.log_in("jurgen")).root))
    natural = "http://eidas.europa.eu/attributes/naturalperson/"
    assert found == {
        f"{natural}PersonIdentifier": "DE/HR/L01X00T47-7F3A",
        f"{natural}CurrentFamilyName": "Groß-Weißmüller",
        f"{natural}CurrentGivenName": "Jürgen",
        f"{natural}DateOfBirth": "1979-11-03",
    }


async def test_the_old_flow_has_the_name_id_format_entity(sp: Sp) -> None:
    assertion = sp.decrypt((await sp.log_in("sime", sp.request(policy=ENTITY))).root)
    assert assertion.find("a:Subject/a:NameID", NS).get("Format") == ENTITY


async def test_the_person_gives_up(sp: Sp) -> None:
    root = verified((await sp.log_in("sime", do="cancel")).text, sp.idp_certificate)
    codes = [one.get("Value").rpartition(":")[2] for one in root.iterfind(".//p:StatusCode", NS)]
    assert codes == ["Responder", "AuthnFailed"]
    assert root.find("a:EncryptedAssertion", NS) is None
    assert root.find("a:Assertion", NS) is None


@pytest.mark.parametrize(
    ("scale", "offered"),
    [("1", ["low", "substantial", "high"]), ("3", ["substantial", "high"]), ("4", ["high"])],
)
async def test_the_minimum_level_is_a_condition(sp: Sp, scale: str, offered: list[str]) -> None:
    at = sp.simulator.clock.at
    xml = sp.request(conditions=MIN_LEVEL.format(moment(at), moment(at + timedelta(minutes=5)), scale))
    page = await sp.page(xml)
    levels = [one.get("value") for one in etree.HTML(page.text).iterfind(".//input[@name='level']")]
    assert levels == offered
    if "low" not in offered:
        form = {"token": token_in(page), "person": "sime", "level": "low", "do": "login"}
        answer = await sp.simulator.client.post("/login", data=form)
        assert answer.status_code == 400
        assert f"The service asks for {offered[0]} at least." in answer.text


@pytest.mark.parametrize(
    ("over", "told"),
    [
        ({"issuer": "CN=somebody, C=HR"}, "No service"),
        ({"issuer_format": ""}, "Format must be urn:oasis:names:tc:SAML:2.0:nameid-format:entity"),
        ({"policy": "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"}, "NameIDPolicy"),
        ({"conditions": ""}, "OneTimeUse"),
        ({"destination": "https://nias.gov.hr/sso-http"}, "The Destination must be"),
        ({"flags": 'IsPassive="true"'}, "IsPassive"),
    ],
)
async def test_a_request_that_is_not_as_nias_wants_it_is_refused(sp: Sp, over: dict, told: str) -> None:
    page = await sp.page(sp.request(**over))
    assert page.status_code == 400
    assert told in page.text
    assert (await sp.page(sp.request())).status_code == 200


async def test_a_request_is_good_for_five_minutes(sp: Sp) -> None:
    xml = sp.request()
    sp.simulator.clock.move(minutes=5)
    page = await sp.page(xml)
    assert page.status_code == 400
    assert "do not hold now" in page.text


async def test_signatures_of_requests_are_verified(sp: Sp) -> None:
    client, xml = sp.simulator.client, sp.request()
    url = sp.redirect(sp.sso_url, "SAMLRequest", xml, "relay-1")
    assert (await client.get(url)).status_code == 200
    sha1 = sp.redirect(sp.sso_url, "SAMLRequest", xml, algorithm="http://www.w3.org/2000/09/xmldsig#rsa-sha1")
    for spoilt, told in {
        url.partition("&SigAlg")[0]: "not signed",
        url.replace("relay-1", "relay-2"): "does not match",
        url.replace("rsa-sha256", "rsa-sha512"): "does not match",
        sha1: "is not accepted",
    }.items():
        page = await client.get(spoilt)
        assert page.status_code == 400, spoilt
        assert told in page.text
    good = sp.signed(xml)
    for text, told in {
        good: None,
        xml.encode(): "not signed",
        good.replace(b"IsPassive", b"isPassive"): "does not match",
        good.replace(RSA_SHA256.encode(), b"http://www.w3.org/2000/09/xmldsig#rsa-sha1"): "not accepted",
        b"<!DOCTYPE x [<!ENTITY e 'e'>]>" + good: "document type",
        b"no xml": "not XML",
    }.items():
        page = await client.post("/sso-http", data={"SAMLRequest": base64.b64encode(text).decode()})
        assert page.status_code == (400 if told else 200)
        assert (told or "NIAS") in page.text
    page = await replace(sp, key=credential("stranger").key.decode()).page(xml)
    assert (page.status_code, "does not match" in page.text) == (400, True)


async def test_a_login_is_answered_once(sp: Sp) -> None:
    page = await sp.page(sp.request())
    form = {"token": token_in(page), "person": "sime", "do": "login"}
    assert (await sp.simulator.client.post("/login", data=form)).status_code == 200
    assert (await sp.simulator.client.post("/login", data=form)).status_code == 400
