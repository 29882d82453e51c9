"""NIA with its pseudonyms and its Success that is none, and an eIDAS node."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from lxml import etree
from stdnum.cz import rc

from simulators.eids import ABROAD, CROATIA, CZECHIA, ROMANIA, SERBIA, UKRAINE
from tests.integration.simulators.eid_harness import (
    NATURAL,
    NS,
    PERSISTENT,
    Sp,
    attributes,
    eidas,
    level,
    nia,
    verified,
)

LEGAL = "http://eidas.europa.eu/attributes/legalperson/"
STORK = "http://www.stork.gov.eu/1.0/"
CLAIMS = "http://schemas.eidentita.cz/moris/2016/identity/claims/"


@pytest.fixture
async def point() -> AsyncIterator[Sp]:
    async with nia() as one:
        yield one


@pytest.fixture
async def node() -> AsyncIterator[Sp]:
    async with eidas() as one:
        yield one


async def test_nia_metadata(point: Sp) -> None:
    text = (await point.simulator.client.get("/fpsts/FederationMetadata/2007-06/FederationMetadata.xml")).content
    root = verified(text, point.idp_certificate)
    assert root.get("entityID") == "urn:microsoft:cgg2010:fpsts"
    found = [
        (etree.QName(one).localname, one.get("Binding").rpartition(":")[2], one.get("Location"))
        for one in root.find("md:IDPSSODescriptor", NS)
        if one.get("Location")
    ]
    address = f"{point.simulator.url}/FPSTS/saml2/basic"
    assert found == [
        ("SingleLogoutService", "HTTP-Redirect", address),
        ("SingleSignOnService", "HTTP-Redirect", address),
        ("SingleSignOnService", "HTTP-POST", address),
    ]


@pytest.mark.parametrize("binding", ["redirect", "post"])
async def test_nia_gives_what_was_asked_and_a_pseudonym(point: Sp, binding: str) -> None:
    give = (f"{NATURAL}DateOfBirth", f"{STORK}eMail")
    answered = await point.log_in("ruzena", point.request(id="_ask"), give=give, binding=binding, level="substantial")
    assert answered.action == point.acs
    assert point.peer(answered, "_ask")[:2] == (True, "")
    assertion = point.decrypt(verified(answered.text, point.idp_certificate))
    found = attributes(assertion)
    pseudonym = assertion.findtext("a:Subject/a:NameID", "", NS)
    assert found == {
        f"{NATURAL}PersonIdentifier": pseudonym,
        f"{NATURAL}CurrentFamilyName": "Příhodová",
        f"{NATURAL}CurrentGivenName": "Růžena",
        f"{NATURAL}DateOfBirth": "2005-02-12",
        f"{STORK}eMail": "růžena@vzorov.example",
    }
    assert pseudonym.startswith("CZ/CZ/")
    assert len(pseudonym) == len("CZ/CZ/") + 36
    assert assertion.find("a:Subject/a:NameID", NS).get("Format") == PERSISTENT
    assert assertion.find("a:AuthnStatement", NS).get("SessionIndex")
    context = assertion.findtext(".//a:AuthnContextClassRef", "", NS)
    assert context == "http://eidas.europa.eu/LoA/substantial"
    (typed,) = assertion.findall(".//a:Attribute[@FriendlyName='CurrentGivenName']/a:AttributeValue", NS)
    assert typed.get("{http://www.w3.org/2001/XMLSchema-instance}type") == "tn:CurrentGivenNameType"
    assert typed.nsmap["tn"] == NATURAL.rstrip("/")
    assert b"0572127050" not in etree.tostring(assertion)


async def test_nia_lets_the_person_keep_back_what_is_optional(point: Sp) -> None:
    page = await point.page(point.request())
    boxes = [one.get("value") for one in etree.HTML(page.text).iterfind(".//input[@name='give']")]
    assert boxes == [f"{NATURAL}DateOfBirth", f"{STORK}eMail"]
    found = attributes(point.decrypt((await point.log_in("ruzena", give=(f"{NATURAL}DateOfBirth",))).root))
    assert set(found) == {
        f"{NATURAL}{name}" for name in ("PersonIdentifier", "CurrentFamilyName", "CurrentGivenName", "DateOfBirth")
    }


async def test_nia_knows_its_own_attributes(point: Sp) -> None:
    point.simulator.clock.at = datetime(2027, 2, 11, tzinfo=UTC)
    names = [
        f"{STORK}age",
        f"{STORK}isAgeOver",
        f"{STORK}countryCodeOfBirth",
        f"{CLAIMS}tradresaid",
        f"{CLAIMS}phonenumber",
    ]
    names += [f"{CLAIMS.replace('eidentita', 'eidentity')}phonenumber", f"{NATURAL}CurrentAddress", "urn:nobody:has:it"]
    point.wishes = dict.fromkeys(names, True)
    found = attributes(point.decrypt((await point.log_in("ruzena")).root))
    assert set(found) == set(names) - {"urn:nobody:has:it"}
    assert found[f"{STORK}age"] == "21"  # a day before her birthday
    address = etree.fromstring(base64.b64decode(found[f"{CLAIMS}tradresaid"]))
    assert address.findtext("cisloDomovni") == "196"
    assert etree.fromstring(base64.b64decode(found[f"{NATURAL}CurrentAddress"]))[0].text == "12a"
    assert found[f"{CLAIMS}phonenumber"] == "+420601000001"


async def test_nia_pseudonyms_differ_between_services(point: Sp) -> None:
    async def pseudonym(sp: Sp) -> str:
        return sp.decrypt((await sp.log_in("ruzena")).root).findtext("a:Subject/a:NameID", "", NS)

    other = replace(point, entity_id="https://other.example", acs="https://other.example/acs")
    await point.simulator.post(
        "services",
        entity_id=other.entity_id,
        certificates=[other.certificate],
        acs=[other.acs],
        logout="",
        logout_soap="",
    )
    assert await pseudonym(point) == await pseudonym(point)
    assert await pseudonym(other) != await pseudonym(point)


async def test_nia_says_success_when_the_person_gave_up(point: Sp) -> None:
    for answered in (
        await point.log_in("ruzena", point.request(id="_ask"), do="cancel"),
        await cancelled_by_switch(point),
    ):
        # Whoever looks only at the status and the signatures lets nobody in as somebody.
        assert point.peer(answered, "_ask")[:2] == (True, "")
        assert (
            answered.root.find("p:Status/p:StatusCode", NS).get("Value") == "urn:oasis:names:tc:SAML:2.0:status:Success"
        )
        assert attributes(point.decrypt(answered.root)) == {
            "urn:oasis:names:tc:SAML:2.0:protocol/statuscode": "urn:oasis:names:tc:SAML:2.0:status:AuthnFailed"
        }


async def cancelled_by_switch(sp: Sp):
    await sp.simulator.switch(wrong=["cancelled"])
    return await sp.log_in("ruzena", sp.request(id="_ask"))


@pytest.mark.parametrize(
    ("over", "told"),
    [
        ({"acs": "https://thief.example/acs"}, "is not a registered AssertionConsumerServiceURL"),
        ({"extensions": ""}, "eidas:SPType"),
        ({"level": level("highest")}, "There is no level"),
        ({"level": level("high").replace("minimum", "exact")}, "Comparison minimum"),
    ],
)
async def test_nia_refuses(point: Sp, over: dict, told: str) -> None:
    page = await point.page(point.request(**over))
    assert page.status_code == 400
    assert told in page.text
    assert (await point.page(point.request(level=level("HIGH")))).status_code == 200


async def test_an_eidas_node_signs_the_assertion_too(node: Sp) -> None:
    answered = await node.log_in("jurgen", node.request(id="_ask"))
    assert node.peer(answered, "_ask")[:2] == (True, "")
    assertion = node.decrypt(verified(answered.text, node.idp_certificate))
    assert verified(assertion, node.idp_certificate).get("ID") == assertion.get("ID")
    friendly = [one.get("FriendlyName") for one in assertion.iterfind(".//a:Attribute", NS)]
    assert friendly == ["PersonIdentifier", "FamilyName", "FirstName", "DateOfBirth"]
    assert attributes(assertion) == {
        f"{NATURAL}PersonIdentifier": "DE/HR/L01X00T47-7F3A",
        f"{NATURAL}CurrentFamilyName": "Groß-Weißmüller",
        f"{NATURAL}CurrentGivenName": "Jürgen",
        f"{NATURAL}DateOfBirth": "1979-11-03",
    }


async def test_an_eidas_node_knows_legal_persons(node: Sp) -> None:
    node.wishes |= {f"{LEGAL}LegalPersonIdentifier": True, f"{LEGAL}LegalName": True}
    found = attributes(node.decrypt((await node.log_in("jurgen-firma")).root))
    assert found[f"{LEGAL}LegalName"] == "Groß & Söhne GmbH"
    assert found[f"{LEGAL}LegalPersonIdentifier"] == "DE/HR/DEHRB98765"
    assert f"{LEGAL}LegalName" not in attributes(node.decrypt((await node.log_in("jurgen")).root))


async def test_an_eidas_node_reports_a_refusal(node: Sp) -> None:
    root = (await node.log_in("jurgen", do="cancel")).root
    codes = [one.get("Value").rpartition(":")[2] for one in root.iterfind(".//p:StatusCode", NS)]
    assert codes == ["Responder", "RequestDenied"]


async def test_an_eidas_node_refuses(node: Sp) -> None:
    for over, told in (
        ({"flags": ""}, "ForceAuthn must be true"),
        ({"level": ""}, "RequestedAuthnContext"),
        (
            {
                "extensions": node.request()
                .partition("</a:Issuer>")[2]
                .partition("<p:NameIDPolicy")[0]
                .replace("public", "x")
            },
            "SPType",
        ),
    ):
        page = await node.page(node.request(**over))
        assert (page.status_code, told in page.text) == (400, True), page.text
    node.wishes.pop(f"{NATURAL}DateOfBirth")
    page = await node.page(node.request())
    assert "minimum data set" in page.text


async def test_metadata_that_are_none_are_refused(node: Sp) -> None:
    for given, told in {"": "address or the text", "<x/>": "service provider", "no xml": "not XML"}.items():
        assert told in (await node.simulator.post("register", 422, metadata=given))["refused"]


def test_birth_numbers_tell_the_birth_dates() -> None:
    for holder in CZECHIA.values():
        if len(holder.number) == 10:
            assert rc.get_birth_date(holder.number) == holder.born, holder
    assert CZECHIA["bozena"].born.isoformat()[2:] == "88-11-15"  # 886115: a woman, before 1954


def test_identifiers_have_valid_check_digits() -> None:
    from hub.kit.identifiers import normalise

    for holders, scheme in (
        (CROATIA, "hr.oib"),
        (CZECHIA, "cz.birth_number"),
        (UKRAINE, "ua.rnokpp"),
        (ROMANIA, "ro.cnp"),
        (SERBIA, "rs.jmbg"),
    ):
        for holder in holders.values():
            if holder.number:
                assert normalise(scheme, holder.number) == holder.number
    assert normalise("ua.edrpou", UKRAINE["yevhen-vodokanal"].acts_for.number) == "41003212"
    assert {holder.country for holder in ABROAD.values()} == {"DE", "FR"}
