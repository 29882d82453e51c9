"""Each switch of the SAML eIDs does what it says: python3-saml refuses for that reason, or the message shows it."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import get_args

import httpx
import pytest
from lxml import etree
from signxml.exceptions import InvalidSignature

from simulators.kit.keys import certificate
from simulators.kit.saml_switches import SamlSwitches, Wrong
from tests.integration.simulators.eid_harness import NS, Sp, attributes, moment, nias, token_in, verified

REFUSED = {
    "unsigned": "The Message of the Response is not signed",
    "wrong_key": "Signature validation failed",
    "next_key": "Signature validation failed",
    "sha1": "Deprecated signature algorithm found: http://www.w3.org/2000/09/xmldsig#rsa-sha1",
    "tampered": "Signature validation failed",
    "expired": "Could not validate timestamp: expired",
    "not_yet_valid": "Could not validate timestamp: not yet valid",
    "wrong_audience": "is not a valid audience",
    "wrong_recipient": "A valid SubjectConfirmation was not found",
    "wrong_destination": "The response was received at",
    "wrong_issuer": "Invalid issuer in the Assertion/Response",
    "wrong_in_response_to": "The InResponseTo of the Response",
    "two_assertions": "SAML Response must contain 1 assertion",
    "not_encrypted": "The assertion of the Response is not encrypted",
    "cancelled": "The status code of the Response was not Success, was Responder",
    "broken": "The status code of the Response was not Success, was Responder -> Internal error (simulated).",
}
SHOWN = {
    "unsolicited",
    "wrong_relay",
    "replayed",
    "encrypted_cbc",
    "encrypted_rsa15",
    "low_assurance",
    "unknown_assurance",
    "missing_attribute",
    "unknown_attribute",
    "comment",
    "doctype",
}


@pytest.fixture
async def sp() -> AsyncIterator[Sp]:
    async with nias() as one:
        yield one


def test_every_switch_is_tried() -> None:
    assert set(REFUSED) | SHOWN | {"partial_logout"} == set(get_args(Wrong))
    told = SamlSwitches.__doc__ or ""
    assert [name for name in get_args(Wrong) if f"`{name}`" not in told] == []


@pytest.mark.parametrize("name", REFUSED)
async def test_python3_saml_refuses_it_for_that_reason(sp: Sp, name: str) -> None:
    await sp.simulator.switch(wrong=[name])
    valid, why, _ = sp.peer(await sp.log_in("zeljka", sp.request(id="_ask")), "_ask")
    assert (valid, REFUSED[name] in why) == (False, True), why
    await sp.simulator.switch()
    assert sp.peer(await sp.log_in("zeljka", sp.request(id="_ask")), "_ask")[:2] == (True, "")


async def test_several_at_once(sp: Sp) -> None:
    await sp.simulator.switch(wrong=["unsigned", "expired", "wrong_audience"])
    root = (await sp.log_in("zeljka")).root
    assert root.find("ds:Signature", NS) is None
    assertion = sp.decrypt(root)
    assert assertion.findtext(".//a:Audience", "", NS) == "https://elsewhere.example"
    until = moment(sp.simulator.clock.at - timedelta(hours=1))
    assert assertion.find("a:Conditions", NS).get("NotOnOrAfter") == until
    assert assertion.find(".//a:SubjectConfirmationData", NS).get("NotOnOrAfter") == until


async def test_the_times_are_two_hours_off(sp: Sp) -> None:
    await sp.simulator.switch(wrong=["not_yet_valid"])
    assertion = sp.decrypt((await sp.log_in("zeljka")).root)
    later = moment(sp.simulator.clock.at + timedelta(hours=2))
    assert assertion.find("a:Conditions", NS).get("NotBefore") == later


async def test_whose_key_signed(sp: Sp) -> None:
    for name, signer in {"wrong_key": "stranger", "next_key": "next"}.items():
        await sp.simulator.switch(wrong=[name])
        text = (await sp.log_in("zeljka")).text
        with pytest.raises(InvalidSignature):
            verified(text, sp.idp_certificate)
        pem = certificate(signer).decode()
        assert verified(text, pem).get("Destination") == sp.acs
        # Its certificate stands beside, for whoever would believe it.
        inside = "".join(etree.fromstring(text).findtext(".//ds:X509Certificate", "", NS).split())
        assert inside == "".join(pem.splitlines()[1:-1])


async def test_the_coming_key_stands_in_the_metadata_while_it_signs(sp: Sp) -> None:
    async def signing() -> list[str]:
        root = etree.fromstring((await sp.simulator.client.get("/metadata")).content)
        found = root.findall(".//md:KeyDescriptor[@use='signing']//ds:X509Certificate", NS)
        return ["".join((one.text or "").split()) for one in found]

    (own,) = await signing()
    await sp.simulator.switch(wrong=["next_key"])
    assert await signing() == [own, "".join(certificate("next").decode().splitlines()[1:-1])]


async def test_a_replay_is_the_same_answer_byte_for_byte(sp: Sp) -> None:
    first = await sp.log_in("zeljka", sp.request(id="_first"))
    await sp.simulator.switch(wrong=["replayed"])
    second = await sp.log_in("sime", sp.request(id="_second"))
    assert second.text == first.text
    assert sp.peer(second, "_first")[:2] == (True, "")
    assert sp.peer(second, "_second")[0] is False
    await sp.simulator.switch()
    assert (await sp.log_in("zeljka")).text != first.text


async def test_where_there_is_nothing_to_replay_the_answer_is_good(sp: Sp) -> None:
    await sp.simulator.switch(wrong=["replayed"])
    assert sp.peer(await sp.log_in("zeljka", sp.request(id="_ask")), "_ask")[0] is True


async def test_an_answer_to_no_request_is_otherwise_good(sp: Sp) -> None:
    await sp.simulator.switch(wrong=["unsolicited"])
    answered = await sp.log_in("zeljka")
    assert answered.root.get("InResponseTo") is None
    assert sp.decrypt(answered.root).find(".//a:SubjectConfirmationData", NS).get("InResponseTo") is None
    assert sp.peer(answered, None)[:2] == (True, "")


@pytest.mark.parametrize(
    ("name", "place", "algorithm"),
    [
        ("encrypted_cbc", "xenc:EncryptedData", "http://www.w3.org/2001/04/xmlenc#aes256-cbc"),
        (
            "encrypted_rsa15",
            "xenc:EncryptedData/ds:KeyInfo/xenc:EncryptedKey",
            "http://www.w3.org/2001/04/xmlenc#rsa-1_5",
        ),
    ],
)
async def test_old_encryption(sp: Sp, name: str, place: str, algorithm: str) -> None:
    await sp.simulator.switch(wrong=[name])
    answered = await sp.log_in("zeljka", sp.request(id="_ask"))
    method = answered.root.find(f"a:EncryptedAssertion/{place}/xenc:EncryptionMethod", NS)
    assert method.get("Algorithm") == algorithm
    assert sp.peer(answered, "_ask")[:2] == (True, "")  # python3-saml opens it; whether it may is the policy of others


async def test_what_is_said_about_the_person(sp: Sp) -> None:
    async def assertion(**switches: object) -> etree._Element:
        await sp.simulator.switch(**switches)
        return sp.decrypt((await sp.log_in("zeljka")).root)

    def context(element: etree._Element) -> str:
        return element.findtext(".//a:AuthnContextClassRef", "", NS)

    good = await assertion()
    assert context(good) == "http://eidas.europa.eu/LoA/high"
    assert context(await assertion(wrong=["low_assurance"])) == "http://eidas.europa.eu/LoA/low"
    assert context(await assertion(wrong=["unknown_assurance"])) == "urn:munihub:simulator:level"
    names = set(attributes(good))
    assert set(attributes(await assertion(wrong=["missing_attribute"]))) == names - {"oib"}
    added = attributes(await assertion(wrong=["unknown_attribute"]))
    assert (set(added) - names, added["urn:munihub:simulator:new"]) == ({"urn:munihub:simulator:new"}, "42")
    assert set(attributes(await assertion(wrong_schema="renamed"))) == names - {"oib"} | {"oib2"}
    assert attributes(await assertion(wrong_schema="mistyped"))["oib"] == "neuvedeno"


async def test_a_comment_cuts_the_identifying_values(sp: Sp) -> None:
    await sp.simulator.switch(wrong=["comment"])
    assertion = sp.decrypt((await sp.log_in("zeljka")).root)
    (oib,) = assertion.findall(".//a:Attribute[@Name='oib']/a:AttributeValue", NS)
    assert (oib.text, oib[0].tail) == ("83100", "426579")
    assert isinstance(oib[0], etree._Comment)
    name_id = assertion.find(".//a:NameID", NS)
    assert len(name_id.text + name_id[0].tail) == 36


async def test_a_document_type(sp: Sp) -> None:
    await sp.simulator.switch(wrong=["doctype"])
    answered = await sp.log_in("zeljka")
    assert answered.text.startswith(b"<!DOCTYPE x [<!ENTITY e 'e'>]><samlp:Response")


async def test_another_relay_state(sp: Sp) -> None:
    await sp.simulator.switch(wrong=["wrong_relay"])
    assert (await sp.log_in("zeljka")).fields["RelayState"] == "another-relay"


async def test_it_is_slow_down_and_garbage_as_every_simulator(sp: Sp) -> None:
    xml = sp.request()
    await sp.simulator.switch(delay=0.3, only_next=1)
    began = time.monotonic()
    assert (await sp.page(xml)).status_code == 200
    assert time.monotonic() - began >= 0.3
    await sp.simulator.switch(down="503", only_next=1)
    assert (await sp.page(xml)).status_code == 503
    await sp.simulator.switch(down="close", only_next=1)
    with pytest.raises(httpx.RemoteProtocolError):
        await sp.page(xml)
    await sp.simulator.switch(garbage="html", only_next=1)
    assert "Nadogradnja" in (await sp.simulator.client.get("/metadata")).text
    await sp.simulator.switch(garbage="truncated", only_next=1)
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring((await sp.simulator.client.get("/metadata")).content)
    await sp.simulator.switch(fault=True, only_next=1)
    assert (await sp.page(xml)).status_code == 500
    assert token_in(await sp.page(xml))


async def test_an_unknown_switch_is_refused(sp: Sp) -> None:
    answer = await sp.simulator.client.post("/_control", json={"wrong": ["sha2"]})
    assert answer.status_code == 422
    assert "'unsigned'" in answer.text
    assert (await sp.simulator.state())["switches"]["wrong"] == []
