"""A town's SAML eID from settings to an identity, over providers of its three schemes."""

from __future__ import annotations

import base64
import zlib
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from lxml import etree
from onelogin.saml2.utils import OneLogin_Saml2_Utils
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from hub.kernel.assurance import Assurance
from hub.kernel.errors import ConfigurationError, LoginRefused
from hub.ports.eid import Answer, Represented, Wanted
from identity.providers.eidas.eid import Eidas
from identity.providers.nia.eid import Nia
from identity.providers.nias.eid import Nias
from identity.saml.engine import SamlEid
from tests.support.saml_idp import (
    ACS,
    IDP,
    NOW,
    NS,
    PERSON,
    SP,
    SSO,
    Said,
    assertion,
    changed,
    encrypt,
    key,
    metadata,
    posted,
    response,
    settings,
    sign,
    signed_assertion,
    signed_response,
    surroundings,
)

WANTED = Wanted("relay-1", Assurance.SUBSTANTIAL, "hr", NOW)
STATE = {"request_id": "_request-1", "assurance": "substantial", "force": False, "at": NOW.isoformat()}
NIAS_ATTRIBUTES = {
    "ime": "Ana",
    "prezime": "Horvat",
    "oib": "69435151530",
    "dat_rod": "29.02.1980.",
    "oznaka_drzave_eid": "HR",
    "tid": "tid-4711",
    "nav_token": "secret-of-the-bar",
}
NIAS_ID = "CN=sp, L=PREGRADA, OID.2.5.4.97=HR11111111119, O=Grad Pregrada, C=HR"


def build(kind: type[SamlEid], folder: Path, **how: Any) -> Any:
    live, ours = how.pop("live", False), how.pop("keys", (key("sp"),))
    around = surroundings(folder, *ours, live=live)
    return kind(kind.Settings.model_validate(settings(folder, ours=len(ours), **how)), around)


async def request_of(eid: SamlEid, wanted: Wanted = WANTED) -> tuple[etree._Element, bytes]:
    """The AuthnRequest as sent by POST, and its octets."""
    sent = await eid.begin(wanted)
    assert sent.form is not None
    data = base64.b64decode(sent.form["SAMLRequest"])
    return etree.fromstring(data), data


async def refused(eid: SamlEid, xml: bytes, **state: Any) -> str:
    with pytest.raises(LoginRefused) as caught:
        await eid.finish(posted(xml), STATE | state, NOW)
    return caught.value.reason


# ── Asking ───────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("kind", [Eidas, Nia, Nias])
async def test_a_request_by_post_is_signed_with_our_key_and_keeps_to_the_schema(
    kind: type[SamlEid], tmp_path: Path
) -> None:
    eid = build(kind, tmp_path)
    sent = await eid.begin(WANTED)
    root, data = await request_of(eid)

    assert (sent.url, sent.form["RelayState"]) == (SSO, "relay-1")
    assert OneLogin_Saml2_Utils.validate_sign(
        data, key("sp").certificate.pem, xpath="/samlp:AuthnRequest/ds:Signature", raise_exceptions=True
    )
    assert root.find(".//ds:SignatureMethod", NS).get("Algorithm").endswith("#rsa-sha256")
    copy = etree.fromstring(data)
    for one in copy.iter(f"{{{NS['saml']}}}Condition"):
        one.getparent().remove(one)  # of a type that is NIAS's own
    assert not isinstance(OneLogin_Saml2_XML.validate_xml(copy, "saml-schema-protocol-2.0.xsd"), str)
    assert root.get("AssertionConsumerServiceURL") == ACS
    assert root.get("Destination") == SSO
    assert root.get("ProtocolBinding").endswith("HTTP-POST")


async def test_a_request_by_redirect_is_signed_in_its_query(tmp_path: Path) -> None:
    eid = build(Eidas, tmp_path, binding="redirect", idp=metadata(sso=f"{SSO}?a=1"))
    sent = await eid.begin(WANTED)
    query = urlsplit(sent.url).query
    fields = {name: values[0] for name, values in parse_qs(query).items()}

    assert sent.form is None
    assert sent.url.startswith(f"{SSO}?a=1&SAMLRequest=")
    assert fields["RelayState"] == "relay-1"
    signed = query.partition("&")[2].rpartition("&Signature=")[0]
    assert OneLogin_Saml2_Utils.validate_binary_sign(
        signed, base64.b64decode(fields["Signature"]), key("sp").certificate.pem, fields["SigAlg"]
    )
    root = etree.fromstring(zlib.decompress(base64.b64decode(fields["SAMLRequest"]), -15))
    assert root.get("ID") == sent.state["request_id"]
    assert root.find("ds:Signature", NS) is None


async def test_each_request_has_an_id_of_its_own_that_its_state_keeps(tmp_path: Path) -> None:
    eid = build(Eidas, tmp_path)
    first, second = await eid.begin(WANTED), await eid.begin(replace(WANTED, force=True))

    assert first.state["request_id"] != second.state["request_id"]
    assert dict(second.state) == {
        "request_id": second.state["request_id"],
        "assurance": "substantial",
        "force": True,
        "at": "2026-11-21T10:00:00+00:00",
    }


async def test_eidas_asks_with_its_extensions_and_a_least_level(tmp_path: Path) -> None:
    root, _ = await request_of(build(Eidas, tmp_path, sp_type="private"))
    eidas = "{http://eidas.europa.eu/saml-extensions}"
    asked = root.findall(f"samlp:Extensions/{eidas}RequestedAttributes/{eidas}RequestedAttribute", NS)

    assert root.findtext(f"samlp:Extensions/{eidas}SPType", None, NS) == "private"
    assert [(one.get("Name"), one.get("isRequired")) for one in asked] == [
        (f"{PERSON}{name}", "true")
        for name in ("PersonIdentifier", "CurrentFamilyName", "CurrentGivenName", "DateOfBirth")
    ]
    context = root.find("samlp:RequestedAuthnContext", NS)
    assert context.get("Comparison") == "minimum"
    assert context.findtext("saml:AuthnContextClassRef", None, NS) == "http://eidas.europa.eu/LoA/substantial"
    assert (root.get("ForceAuthn"), root.get("IsPassive")) == ("true", "false")
    assert root.findtext("saml:Issuer", None, NS) == SP


async def test_eidas_asks_for_legal_persons_where_told(tmp_path: Path) -> None:
    _, data = await request_of(build(Eidas, tmp_path, legal_persons=True))

    assert b"legalperson/LegalPersonIdentifier" in data


async def test_nias_is_asked_by_certificate_name_and_security_level(tmp_path: Path) -> None:
    root, _ = await request_of(build(Nias, tmp_path))
    issuer = root.find("saml:Issuer", NS)
    conditions = root.find("saml:Conditions", NS)
    level = conditions.find("saml:Condition", NS)

    assert issuer.text == NIAS_ID
    assert issuer.get("Format").endswith("nameid-format:entity")
    assert root.find("samlp:NameIDPolicy", NS).get("Format").endswith("nameid-format:persistent")
    assert (conditions.get("NotBefore"), conditions.get("NotOnOrAfter")) == (
        "2026-11-21T10:00:00Z",
        "2026-11-21T10:05:00Z",
    )
    assert conditions.find("saml:OneTimeUse", NS) is not None
    assert level.get("MinAuthenticationSecurityLevel") == "3"
    kind = level.get("{http://www.w3.org/2001/XMLSchema-instance}type")
    assert (kind, level.nsmap["q1"]) == ("q1:NiasConditionType", "http://nias.eid.com.hr/2012/07/saml20Extension")
    assert root.find("samlp:RequestedAuthnContext", NS) is None


async def test_nias_levels_are_the_towns_to_correct(tmp_path: Path) -> None:
    levels = {"low": 1, "substantial": 2, "high": 3}
    root, _ = await request_of(build(Nias, tmp_path, security_levels=levels))

    assert root.find("saml:Conditions/saml:Condition", NS).get("MinAuthenticationSecurityLevel") == "2"
    with pytest.raises(ValueError, match="all three levels"):
        Nias.Settings.model_validate(settings(tmp_path, security_levels={"low": 1}))


async def test_nia_asks_for_contacts_as_optional(tmp_path: Path) -> None:
    _, data = await request_of(build(Nia, tmp_path))

    assert b'Name="http://www.stork.gov.eu/1.0/eMail"' in data
    assert b"moris/2016/identity/claims/phonenumber" in data


# ── Being answered ───────────────────────────────────────────────────────────────────────────────


async def test_eidas_gives_an_identity(tmp_path: Path) -> None:
    identity = await build(Eidas, tmp_path).finish(
        posted(encrypt(signed_assertion(), key("sp")), relay="relay-1"), STATE, NOW
    )

    assert identity.provider == "eid"
    assert identity.subject == "ES/CZ/4711"
    assert identity.assurance is Assurance.SUBSTANTIAL
    assert (identity.given_name, identity.family_name, identity.birth_date) == ("Jana", "Nováková", date(1980, 2, 29))
    assert identity.identifiers == ()
    assert identity.kind == "person"
    assert identity.authenticated_at == NOW
    assert identity.logout == {
        "name_id": "ES/CZ/4711",
        "format": "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
        "session_index": "session-1",
    }
    assert identity.unknown == ()


async def test_both_ids_may_be_said_once(tmp_path: Path) -> None:
    eid = build(Eidas, tmp_path)
    until = NOW + timedelta(minutes=6)

    first = await eid.finish(posted(signed_response()), STATE, NOW)
    again = await eid.finish(posted(signed_response()), STATE, NOW)

    assert first.once == again.once == (("_assertion-1", until), ("_response-1", until))


async def test_an_answer_that_holds_for_years_is_remembered_for_a_day(tmp_path: Path) -> None:
    said = changed(end=NOW + timedelta(days=9000))
    identity = await build(Eidas, tmp_path).finish(posted(signed_response(said)), STATE, NOW)

    assert {until for _, until in identity.once} == {NOW + timedelta(hours=24, seconds=60)}


async def test_without_a_login_of_ours_nothing_is_accepted(tmp_path: Path) -> None:
    eid = build(Eidas, tmp_path)

    for state in ({"request_id": None}, {"request_id": ""}, {"request_id": "_request-2"}):
        assert await refused(eid, signed_response(), **state) == "unsolicited"


async def test_an_answer_comes_by_post_only(tmp_path: Path) -> None:
    eid = build(Eidas, tmp_path)
    packed = base64.b64encode(signed_response()).decode()
    for answer in (
        Answer("acs", "GET", ACS, {"SAMLResponse": packed}, {}),
        Answer("acs", "GET", ACS, {}, {"SAMLResponse": packed}),
        Answer("acs", "POST", ACS, {}, {}),
        Answer("acs", "POST", ACS, {}, {"SAMLResponse": "%%%"}),
    ):
        with pytest.raises(LoginRefused) as caught:
            await eid.finish(answer, STATE, NOW)
        assert caught.value.reason == "malformed"


@pytest.mark.parametrize(
    ("said", "wanted", "because"),
    [
        ("low", "substantial", "too_little_assurance"),
        ("substantial", "high", "too_little_assurance"),
        ("LOW", "low", None),
        ("high", "low", None),
        ("high", "high", None),
    ],
)
async def test_assurance_is_ordered_by_us(tmp_path: Path, said: str, wanted: str, because: str | None) -> None:
    eid = build(Eidas, tmp_path)
    data = signed_response(changed(context=f"http://eidas.europa.eu/LoA/{said}"))

    if because:
        assert await refused(eid, data, assurance=wanted) == because
    else:
        assert (await eid.finish(posted(data), STATE | {"assurance": wanted}, NOW)).assurance == said.lower()


async def test_an_unknown_level_is_refused(tmp_path: Path) -> None:
    for context in ("urn:oasis:names:tc:SAML:2.0:ac:classes:Password", "http://eidas.europa.eu/LoA/higher", "3"):
        data = signed_response(changed(context=context))
        assert await refused(build(Eidas, tmp_path), data, assurance="low") == "unknown_assurance"


async def test_a_person_is_authenticated_anew_where_that_was_asked_for(tmp_path: Path) -> None:
    eid = build(Eidas, tmp_path)
    old = signed_response(changed(authn_instant=NOW - timedelta(hours=1)))

    assert await refused(eid, old, force=True) == "expired"
    assert (await eid.finish(posted(old), STATE, NOW)).subject == "ES/CZ/4711"
    assert (await eid.finish(posted(signed_response()), STATE | {"force": True}, NOW)).subject == "ES/CZ/4711"


async def test_unknown_attributes_are_told_by_name_and_never_by_value(tmp_path: Path) -> None:
    said = changed(attributes={**Said().attributes, "urn:new\u202e": "private", "urn:tree": "<x>private</x>"})
    identity = await build(Eidas, tmp_path).finish(posted(signed_response(said)), STATE, NOW)

    assert set(identity.unknown) == {"urn:new?", "urn:tree"}
    assert "private" not in repr(identity)


async def test_different_values_for_one_thing_are_refused(tmp_path: Path) -> None:
    xml = response(Said(), assertion(Said())).replace(
        "<saml:AttributeValue>Jana<", "<saml:AttributeValue>Jana</saml:AttributeValue><saml:AttributeValue>Eva<"
    )

    assert await refused(build(Eidas, tmp_path), sign(xml)) == "malformed"


async def test_a_missing_identifier_is_refused(tmp_path: Path) -> None:
    left = {name: value for name, value in Said().attributes.items() if not name.endswith("PersonIdentifier")}

    assert await refused(build(Eidas, tmp_path), signed_response(changed(attributes=left))) == "missing_attribute"


async def test_a_birth_date_that_is_none_is_left_out_and_reported(tmp_path: Path) -> None:
    said = changed(attributes={**Said().attributes, f"{PERSON}DateOfBirth": "1980"})
    identity = await build(Eidas, tmp_path).finish(posted(signed_response(said)), STATE, NOW)

    assert identity.birth_date is None
    assert identity.unknown == (f"{PERSON}DateOfBirth",)


async def test_eidas_tells_a_company_and_who_acts_for_one(tmp_path: Path) -> None:
    legal = "http://eidas.europa.eu/attributes/legalperson/"
    company = {f"{legal}LegalPersonIdentifier": "ES/CZ/B1", f"{legal}LegalName": "Firma SA"}
    eid = build(Eidas, tmp_path)

    alone = await eid.finish(posted(signed_response(changed(attributes=company))), STATE, NOW)
    both = await eid.finish(posted(signed_response(changed(attributes={**Said().attributes, **company}))), STATE, NOW)

    assert (alone.kind, alone.subject, alone.represents) == ("entity", "ES/CZ/B1", None)
    assert (both.kind, both.subject) == ("person", "ES/CZ/4711")
    assert both.represents == Represented((("eidas.legal_person", "ES/CZ/B1"),), "Firma SA", "eidas")


# ── NIA ──────────────────────────────────────────────────────────────────────────────────────────

NIA_STATUS = "urn:oasis:names:tc:SAML:2.0:protocol/statuscode"


@pytest.mark.parametrize(("code", "because"), [("AuthnFailed", "cancelled"), ("Responder", "failed")])
async def test_a_success_of_nia_that_is_a_failure_is_refused(tmp_path: Path, code: str, because: str) -> None:
    attributes = {NIA_STATUS: f"urn:oasis:names:tc:SAML:2.0:status:{code}"}

    assert await refused(build(Nia, tmp_path), signed_response(changed(attributes=attributes))) == because


async def test_a_success_of_nia_that_says_so_is_one(tmp_path: Path) -> None:
    attributes = {**Said().attributes, NIA_STATUS: "urn:oasis:names:tc:SAML:2.0:status:Success"}
    identity = await build(Nia, tmp_path).finish(posted(signed_response(changed(attributes=attributes))), STATE, NOW)

    assert identity.subject == "ES/CZ/4711"


@pytest.mark.parametrize("host", ["eidentita.cz", "eidentity.cz", "identitaobcana.cz"])
async def test_the_phone_of_nia_is_read_in_every_spelling(tmp_path: Path, host: str) -> None:
    phone = {f"http://schemas.{host}/moris/2016/identity/claims/phonenumber": "+420601234567"}
    attributes = {**Said().attributes, **phone, "http://www.stork.gov.eu/1.0/eMail": "jana@example.cz"}
    identity = await build(Nia, tmp_path).finish(posted(signed_response(changed(attributes=attributes))), STATE, NOW)

    assert (identity.phone, identity.email) == ("+420601234567", "jana@example.cz")
    assert identity.identifiers == ()
    assert identity.unknown == ()


async def test_the_pseudonym_of_nia_may_be_the_name_alone(tmp_path: Path) -> None:
    left = {name: value for name, value in Said().attributes.items() if not name.endswith("PersonIdentifier")}
    eid = build(Nia, tmp_path)
    named = changed(attributes=left, name_id="CZ/CZ/1c2d")
    transient = changed(named, name_format="urn:oasis:names:tc:SAML:2.0:nameid-format:transient")

    assert (await eid.finish(posted(signed_response(named)), STATE, NOW)).subject == "CZ/CZ/1c2d"
    assert await refused(eid, signed_response(transient)) == "missing_attribute"


# ── NIAS ─────────────────────────────────────────────────────────────────────────────────────────


def nias_said(**more: str) -> Said:
    return changed(audience=NIAS_ID, attributes={**NIAS_ATTRIBUTES, **more})


async def test_nias_gives_an_oib_and_its_own_pseudonym(tmp_path: Path) -> None:
    identity = await build(Nias, tmp_path).finish(posted(signed_response(nias_said())), STATE, NOW)

    assert identity.subject == "tid-4711"
    assert identity.identifiers == (("hr.oib", "69435151530"),)
    assert (identity.name, identity.birth_date) == ("Ana Horvat", date(1980, 2, 29))
    assert identity.represents is None
    assert identity.unknown == ()
    assert "secret-of-the-bar" not in repr(identity)


async def test_a_foreigner_at_nias_has_no_oib(tmp_path: Path) -> None:
    identity = await build(Nias, tmp_path).finish(posted(signed_response(changed(audience=NIAS_ID))), STATE, NOW)

    assert (identity.subject, identity.identifiers) == ("ES/CZ/4711", ())


async def test_an_oib_that_is_none_is_refused_without_being_told(tmp_path: Path) -> None:
    eid = build(Nias, tmp_path)
    with pytest.raises(LoginRefused) as caught:
        await eid.finish(posted(signed_response(nias_said(oib="69435151531"))), STATE, NOW)

    assert caught.value.reason == "malformed"
    assert "69435151531" not in str(caught.value)


async def test_nias_says_for_whom_a_person_acts(tmp_path: Path) -> None:
    said = nias_said(pos_oib="85821130368", pos_naziv="Vodovod d.o.o.")
    identity = await build(Nias, tmp_path).finish(posted(signed_response(said)), STATE, NOW)

    assert identity.represents == Represented((("hr.oib", "85821130368"),), "Vodovod d.o.o.", "nias:pos_oib")


async def test_levels_of_nias_are_what_the_town_says(tmp_path: Path) -> None:
    said = changed(nias_said(), context="3")
    other = changed(nias_said(), context="urn:nias:three")

    plain, told = build(Nias, tmp_path), build(Nias, tmp_path, contexts={"urn:nias:three": "high"})

    assert (await plain.finish(posted(signed_response(said)), STATE, NOW)).assurance is Assurance.SUBSTANTIAL
    assert await refused(plain, signed_response(other)) == "unknown_assurance"
    assert (await told.finish(posted(signed_response(other)), STATE, NOW)).assurance is Assurance.HIGH
    assert await refused(told, signed_response(said)) == "unknown_assurance"


# ── Settings ─────────────────────────────────────────────────────────────────────────────────────


async def test_sha1_is_an_exception_per_kind_with_an_end(tmp_path: Path) -> None:
    data = signed_response(method="RSA_SHA1", digest="SHA1")

    assert await refused(build(Eidas, tmp_path), data) == "weak_algorithm"
    assert await refused(build(Eidas, tmp_path, sha1={"response": "2026-11-20"}), data) == "weak_algorithm"
    assert await refused(build(Eidas, tmp_path, sha1={"logout": "2026-11-21"}), data) == "weak_algorithm"
    excepted = build(Eidas, tmp_path, sha1={"response": "2026-11-21"})
    assert (await excepted.finish(posted(data), STATE, NOW)).subject == "ES/CZ/4711"


def test_the_skew_is_bounded(tmp_path: Path) -> None:
    assert Eidas.Settings.model_validate(settings(tmp_path)).skew == timedelta(seconds=60)
    assert Eidas.Settings.model_validate(settings(tmp_path, skew="180s")).skew == timedelta(seconds=180)
    with pytest.raises(ValueError, match="less than or equal"):
        Eidas.Settings.model_validate(settings(tmp_path, skew="181s"))


@pytest.mark.parametrize(
    ("spoil", "at"),
    [
        (lambda folder: (folder / "idp.xml").unlink(), "metadata"),
        (lambda folder: (folder / "idp.xml").write_text("<x/>"), "metadata"),
        (lambda folder: (folder / "own-0.pem").unlink(), "keys.0.certificate"),
        (lambda folder: (folder / "own-0.pem").write_text("none"), "keys.0.certificate"),
        (lambda folder: (folder / "own-0.pem").write_text(key("idp").certificate.pem), "keys.0.key"),
    ],
)
def test_a_wrong_file_is_named_with_its_key(tmp_path: Path, spoil: Any, at: str) -> None:
    around = surroundings(tmp_path)
    wanted = Eidas.Settings.model_validate(settings(tmp_path))
    spoil(tmp_path)

    with pytest.raises(ConfigurationError) as caught:
        Eidas(wanted, around)
    assert caught.value.key == at
    assert caught.value.remedy
    assert "BEGIN" not in str(caught.value)


def test_a_live_town_sends_nobody_to_an_address_without_tls(tmp_path: Path) -> None:
    plain = metadata(sso="http://127.0.0.1:8111/sso")

    assert build(Eidas, tmp_path, idp=plain)
    with pytest.raises(ConfigurationError, match="without TLS"):
        build(Eidas, tmp_path, idp=plain, live=True)


def test_metadata_without_a_way_to_log_in_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="SingleSignOnService"):
        build(Eidas, tmp_path, idp=metadata(bindings=("SOAP",)))


async def test_metadata_beyond_its_end_is_not_used(tmp_path: Path) -> None:
    eid = build(Eidas, tmp_path, idp=metadata(valid_until=NOW))

    assert await refused(eid, signed_response()) == "unavailable"
    with pytest.raises(LoginRefused) as caught:
        await eid.begin(WANTED)
    assert caught.value.reason == "unavailable"
    assert await eid.begin(replace(WANTED, now=NOW - timedelta(seconds=1)))


async def test_changed_metadata_is_in_force_without_a_restart(tmp_path: Path) -> None:
    eid = build(Eidas, tmp_path)
    data = signed_response(by=key("idp-next"))
    assert await refused(eid, data) == "bad_signature"

    (tmp_path / "idp.xml").write_bytes(metadata(key("idp"), key("idp-next")))
    assert (await eid.finish(posted(data), STATE, NOW)).subject == "ES/CZ/4711"

    (tmp_path / "idp.xml").write_bytes(b"<broken")
    assert (await eid.finish(posted(data), STATE, NOW)).subject == "ES/CZ/4711"
    first, *_ = await eid.check()
    assert (first.name, first.ok) == ("metadata", False)


async def test_the_next_key_of_ours_decrypts_before_it_signs(tmp_path: Path) -> None:
    eid = build(Eidas, tmp_path, keys=(key("sp"), key("sp-next")))
    _, data = await request_of(eid)

    assert key("sp").certificate.base64 in "".join(data.decode().split())
    for one in ("sp", "sp-next"):
        answer = posted(encrypt(signed_assertion(), key(one)))
        assert (await eid.finish(answer, STATE, NOW)).subject == "ES/CZ/4711"


async def test_our_metadata_names_every_key_and_every_address(tmp_path: Path) -> None:
    eid = build(Nias, tmp_path, keys=(key("sp"), key("sp-next")))
    kind, data = await eid.metadata(NOW)
    root = etree.fromstring(data)
    role = root.find("md:SPSSODescriptor", NS)
    published = [
        (one.get("use"), "".join(one.findtext(".//ds:X509Certificate", "", NS).split()))
        for one in role.findall("md:KeyDescriptor", NS)
    ]

    assert kind == "application/samlmetadata+xml"
    assert root.get("entityID") == NIAS_ID
    assert published == [
        (use, key(name).certificate.base64) for use in ("signing", "encryption") for name in ("sp", "sp-next")
    ]
    assert role.find("md:AssertionConsumerService", NS).get("Location") == ACS
    assert [one.get("Location") for one in role.findall("md:SingleLogoutService", NS)] == [
        f"{ACS[:-4]}/slo-soap",
        f"{ACS[:-4]}/slo",
        f"{ACS[:-4]}/slo",
    ]
    assert OneLogin_Saml2_Utils.validate_metadata_sign(data, key("sp").certificate.pem, raise_exceptions=True)
    assert not isinstance(OneLogin_Saml2_XML.validate_xml(root, "saml-schema-metadata-2.0.xsd"), str)


async def test_only_nias_logs_out_by_soap(tmp_path: Path) -> None:
    _, data = await build(Eidas, tmp_path).metadata(NOW)

    assert b"bindings:SOAP" not in data
    assert f'entityID="{SP}"'.encode() in data


def test_of_several_identity_providers_one_is_named(tmp_path: Path) -> None:
    other = metadata(entity_id="https://other.example")
    both = b'<md:EntitiesDescriptor xmlns:md="%b">%b%b</md:EntitiesDescriptor>' % (NS["md"].encode(), metadata(), other)
    around = surroundings(tmp_path)

    chosen = settings(tmp_path, idp=both) | {"idp": IDP}
    assert Eidas(Eidas.Settings.model_validate(chosen), around)
    for wanted in (None, "https://third.example"):
        unclear = settings(tmp_path, idp=both) | {"idp": wanted}
        with pytest.raises(ConfigurationError, match=r"https://other\.example"):
            Eidas(Eidas.Settings.model_validate(unclear), around)
