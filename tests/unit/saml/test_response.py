"""A response is accepted as an honest identity provider sends it, and refused for every way in which it is not that."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from hub.kernel.errors import LoginRefused
from identity.saml.response import Statement, judge
from identity.saml.signatures import Policy
from identity.saml.validity import Expected
from tests.support.saml_idp import (
    ACS,
    IDP,
    NOW,
    PERSON,
    REQUEST,
    SP,
    Said,
    assertion,
    changed,
    ec_key,
    encrypt,
    encrypt_text,
    key,
    response,
    sign,
    signed_assertion,
    signed_response,
)


def expected(**how: Any) -> Expected:
    sha1 = how.pop("sha1", {})
    certificates = [one.certificate for one in how.pop("trusted", (key("idp"),))]
    values: dict[str, Any] = {
        "issuer": IDP,
        "audience": SP,
        "acs": ACS,
        "request_id": REQUEST,
        "policy": Policy(certificates, NOW.date(), sha1),
        "keys": [key("sp").private],
        "now": NOW,
    }
    return Expected(**values | how)


def reason(data: bytes, **how: Any) -> str:
    with pytest.raises(LoginRefused) as caught:
        judge(data, expected(**how))
    return caught.value.reason


def refusal(data: bytes, **how: Any) -> str:
    with pytest.raises(LoginRefused) as caught:
        judge(data, expected(**how))
    return str(caught.value)


def accepted(data: bytes, **how: Any) -> Statement:
    return judge(data, expected(**how))


@pytest.mark.parametrize("make", [signed_assertion, signed_response])
def test_an_honest_response_is_read_completely(make: Any) -> None:
    statement = accepted(make())

    assert statement.name_id == "ES/CZ/4711"
    assert statement.session_index == "session-1"
    assert statement.authn_context == "http://eidas.europa.eu/LoA/substantial"
    assert statement.authenticated_at == NOW
    assert statement.attributes[f"{PERSON}CurrentFamilyName"] == ("Nováková",)
    assert (statement.assertion_id, statement.response_id) == ("_assertion-1", "_response-1")
    assert statement.not_on_or_after == NOW + timedelta(minutes=5)


def test_which_part_was_signed_and_how_is_told() -> None:
    both = sign(signed_assertion())

    assert accepted(both).signed == {"response": ("rsa-sha256", "sha256"), "assertion": ("rsa-sha256", "sha256")}
    assert accepted(signed_response()).signed == {"response": ("rsa-sha256", "sha256")}


_PSS = "http://www.w3.org/2007/05/xmldsig-more#"


@pytest.mark.parametrize(
    "method", ["RSA_SHA384", "RSA_SHA512", f"{_PSS}sha256-rsa-MGF1", f"{_PSS}sha384-rsa-MGF1", f"{_PSS}sha512-rsa-MGF1"]
)
def test_stronger_methods_are_accepted(method: str) -> None:
    assert accepted(signed_response(method=method)).name_id == "ES/CZ/4711"


def test_keys_on_elliptic_curves_are_accepted() -> None:
    data = signed_response(by=ec_key("idp-ec"), method="ECDSA_SHA256")

    assert accepted(data, trusted=(ec_key("idp-ec"),)).signed == {"response": ("ecdsa-sha256", "sha256")}
    assert reason(data) == "bad_signature"


def test_either_of_several_certificates_will_do_while_they_change_their_key() -> None:
    data = signed_response(by=key("idp-next"))

    assert accepted(data, trusted=(key("idp"), key("idp-next"))).name_id == "ES/CZ/4711"
    assert reason(data) == "bad_signature"


def test_a_time_may_have_an_offset_and_many_decimals() -> None:
    xml = response(Said(), assertion(Said())).replace("10:00:00Z", "12:00:00.123456789+02:00")

    assert accepted(sign(xml)).authenticated_at.isoformat() == "2026-11-21T10:00:00.123456+00:00"


def test_types_of_eidas_and_names_in_two_scripts_are_read() -> None:
    xml = response(Said(), assertion(Said())).replace(
        "<saml:AttributeValue>Nováková</saml:AttributeValue>",
        '<saml:AttributeValue xmlns:n="http://eidas.europa.eu/attributes/naturalperson" '
        'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="n:CurrentFamilyNameType">Onasis'
        "</saml:AttributeValue>"
        '<saml:AttributeValue xmlns:n="http://eidas.europa.eu/attributes/naturalperson" n:LatinScript="false">Ωνάσης'
        "</saml:AttributeValue>",
    )

    assert accepted(sign(xml)).attributes[f"{PERSON}CurrentFamilyName"] == ("Onasis",)


def test_a_value_that_is_xml_is_told_by_name_and_not_read() -> None:
    address = "urn:address"
    said = changed(attributes={**Said().attributes, address: "<x>Street</x>"})

    statement = accepted(signed_response(said))

    assert statement.structured == (address,)
    assert address not in statement.attributes


# ── Who said it ──────────────────────────────────────────────────────────────────────────────────


def test_unsigned_is_refused() -> None:
    assert reason(response(Said(), assertion(Said())).encode()) == "bad_signature"


def test_another_key_is_refused_also_with_its_own_certificate_in_the_message() -> None:
    data = signed_response(by=key("attacker"))

    assert key("attacker").certificate.base64.encode() in data.replace(b"\n", b"")
    assert reason(data) == "bad_signature"
    assert reason(signed_assertion(by=key("attacker"))) == "bad_signature"


def test_a_changed_response_is_refused() -> None:
    for data in (signed_response(), signed_assertion()):
        changed_one = data.replace(b"Nov&#225;kov&#225;", b"Novak", 1)
        assert changed_one != data
        assert reason(changed_one) == "bad_signature"


def test_a_wrong_signature_of_the_assertion_is_not_made_good_by_one_of_the_response() -> None:
    data = sign(signed_assertion(by=key("attacker")))

    assert reason(data) == "bad_signature"


def test_a_wrong_signature_of_the_response_is_not_made_good_by_one_of_the_assertion() -> None:
    data = sign(signed_assertion(), by=key("attacker"))

    assert reason(data) == "bad_signature"


@pytest.mark.parametrize("kind", ["response", "assertion"])
def test_sha1_is_refused_except_for_the_kind_and_until_the_day_of_the_exception(kind: str) -> None:
    make = {"response": signed_response, "assertion": signed_assertion}[kind]
    other = {"response": "assertion", "assertion": "response"}[kind]
    data = make(method="RSA_SHA1", digest="SHA1")

    assert reason(data) == "weak_algorithm"
    assert reason(data, sha1={other: NOW.date()}) == "weak_algorithm"
    assert reason(data, sha1={kind: NOW.date() - timedelta(days=1)}) == "weak_algorithm"
    assert accepted(data, sha1={kind: NOW.date()}).signed == {kind: ("rsa-sha1", "sha1")}


def test_sha1_as_the_digest_alone_is_refused() -> None:
    assert reason(signed_response(digest="SHA1")) == "weak_algorithm"


def test_sha1_as_the_method_alone_is_refused() -> None:
    assert reason(signed_response(method="RSA_SHA1")) == "weak_algorithm"


def test_a_mac_with_the_public_key_is_refused() -> None:
    secret = key("idp").certificate.pem.encode()

    assert reason(signed_response(method="HMAC_SHA256", secret=secret)) == "weak_algorithm"
    assert reason(signed_response(method="HMAC_SHA1", secret=secret), sha1={"response": NOW.date()}) == "weak_algorithm"


def test_no_algorithm_is_refused() -> None:
    method = b'<ds:SignatureMethod Algorithm="http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"/>'
    data = signed_response()
    assert method in data

    assert reason(data.replace(method, b'<ds:SignatureMethod Algorithm=""/>')) == "weak_algorithm"
    assert reason(data.replace(method, b"")) == "malformed"


def test_other_canonicalisations_are_refused() -> None:
    assert reason(signed_response(c14n="C14N")) == "weak_algorithm"
    assert reason(signed_response(canonical="C14N11")) == "weak_algorithm"
    assert accepted(signed_response(canonical="C14N")).name_id == "ES/CZ/4711"


def test_a_transform_more_is_refused() -> None:
    more = b'<ds:Transform Algorithm="http://www.w3.org/2000/09/xmldsig#base64"/></ds:Transforms>'

    assert reason(signed_response().replace(b"</ds:Transforms>", more)) == "weak_algorithm"


# ── What is read is what was signed ──────────────────────────────────────────────────────────────


def test_a_comment_in_the_name_does_not_cut_it() -> None:
    said = changed(name_id="admin@pregrada.hr.evil.test")
    data = signed_response(said).replace(b"admin@pregrada.hr.evil", b"admin@pregrada.hr<!-- -->.evil")

    assert accepted(data).name_id == "admin@pregrada.hr.evil.test"


def test_an_instruction_in_the_name_is_refused() -> None:
    said = changed(name_id="admin@pregrada.hr<?x?>.evil.test")

    assert reason(signed_response(said)) == "malformed"


def test_an_instruction_in_an_attribute_is_refused() -> None:
    said = changed(attributes={**Said().attributes, f"{PERSON}PersonIdentifier": "CZ/CZ/1<?x?>23"})

    assert reason(signed_response(said)) == "malformed"


def test_a_cdata_section_is_text() -> None:
    said = changed(name_id="<![CDATA[ES/CZ/]]>4711")

    assert accepted(signed_response(said)).name_id == "ES/CZ/4711"


def test_a_dtd_is_refused() -> None:
    data = b'<!DOCTYPE x [<!ENTITY e "ES/CZ/1">]>' + signed_response()

    assert reason(data) == "malformed"
    assert "DTD" in refusal(data)


def test_two_elements_with_one_id_are_refused() -> None:
    data = signed_assertion(changed(assertion_id="_same", response_id="_same"), uri="#_same")

    assert "same ID" in refusal(data)


def test_an_enormous_message_is_refused_before_it_is_parsed() -> None:
    assert "at most" in refusal(b"<x>" + b" " * 1_000_000 + b"</x>")


def test_a_message_that_is_nothing_is_refused() -> None:
    for data in (b"", b"{}", b"<Response/>", b"\xff\xfe\x00", signed_response()[:-10]):
        assert reason(data) == "malformed"


def test_a_bare_assertion_is_no_response() -> None:
    assert "not Response" in refusal(sign(assertion(Said())))


# ── How much of it there may be ──────────────────────────────────────────────────────────────────


def test_two_assertions_are_refused_also_when_all_is_signed() -> None:
    other = changed(assertion_id="_assertion-2", name_id="CZ/CZ/somebody-else")
    xml = response(Said(), assertion(Said()) + assertion(other))

    assert "exactly one assertion" in refusal(sign(xml))


def test_no_assertion_is_refused() -> None:
    assert "exactly one assertion" in refusal(sign(response(Said(), "")))


def test_assertions_in_advice_are_not_read() -> None:
    other = changed(assertion_id="_assertion-2", name_id="CZ/CZ/somebody-else")
    said = changed(advice=f"<saml:Advice>{assertion(other)}</saml:Advice>")

    assert accepted(signed_response(said)).name_id == "ES/CZ/4711"


def test_an_assertion_anywhere_else_is_refused() -> None:
    other = assertion(changed(assertion_id="_assertion-2"))
    said = changed(attributes={**Said().attributes, "urn:x": other})

    assert "may be none" in refusal(signed_response(said))


def test_a_message_that_breaks_the_schema_is_refused() -> None:
    xml = response(Said(), assertion(Said())).replace("<samlp:Status>", "<samlp:Nonsense/><samlp:Status>")

    assert "schema" in refusal(sign(xml))


def test_another_version_is_refused_in_either_place() -> None:
    xml = response(Said(), assertion(Said()))
    before, middle, after = xml.split('Version="2.0"')

    assert "version 2.0" in refusal(sign(f'{before}Version="1.1"{middle}Version="2.0"{after}'))
    assert "version 2.0" in refusal(sign(f'{before}Version="2.0"{middle}Version="1.1"{after}'))


def test_a_condition_nobody_knows_is_refused() -> None:
    condition = (
        '<saml:Condition xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:x="urn:x" xsi:type="x:Mine"/>'
    )

    assert reason(signed_response(changed(more=condition))) == "malformed"


def test_a_condition_by_another_name_is_not_passed_over() -> None:
    """The schema lets an AudienceRestriction be written as a Condition of that type."""
    condition = (
        '<saml:Condition xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="saml:AudienceRestrictionType">'
        "<saml:Audience>https://other.example</saml:Audience></saml:Condition>"
    )

    assert "not known" in refusal(signed_response(changed(more=condition)))


def test_encrypted_parts_of_an_assertion_are_refused_with_what_to_do() -> None:
    data = '<xenc:EncryptedData xmlns:xenc="http://www.w3.org/2001/04/xmlenc#"><xenc:CipherData><xenc:CipherValue>AAAA</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>'
    xml = response(Said(), assertion(Said()))
    name = xml[xml.index("<saml:NameID") : xml.index("</saml:NameID>") + len("</saml:NameID>")]
    hidden_name = xml.replace(name, f"<saml:EncryptedID>{data}</saml:EncryptedID>")
    hidden_value = xml.replace(
        "</saml:AttributeStatement>",
        f"<saml:EncryptedAttribute>{data}</saml:EncryptedAttribute></saml:AttributeStatement>",
    )

    assert "whole assertion" in refusal(sign(hidden_name))
    assert "whole assertion" in refusal(sign(hidden_value))


def test_an_empty_name_is_refused() -> None:
    assert reason(signed_response(changed(name_id=" "))) == "missing_attribute"


def test_no_attributes_are_refused() -> None:
    xml = response(Said(), assertion(Said()))
    start, end = xml.index("<saml:AttributeStatement"), xml.index("</saml:AttributeStatement>")
    without = xml[:start] + xml[end + len("</saml:AttributeStatement>") :]

    assert reason(sign(without)) == "missing_attribute"


def test_no_conditions_and_no_authentication_are_refused() -> None:
    xml = response(Said(), assertion(Said()))
    for name in ("Conditions", "AuthnStatement"):
        start, end = xml.index(f"<saml:{name}"), xml.index(f"</saml:{name}>") + len(f"</saml:{name}>")
        assert f"exactly one saml:{name}" in refusal(sign(xml[:start] + xml[end:]))


# ── For whom, from whom, in answer to what ───────────────────────────────────────────────────────


def test_another_audience_is_refused() -> None:
    assert reason(signed_response(changed(audience="https://other.example"))) == "wrong_audience"


def test_every_restriction_must_name_us() -> None:
    other = "<saml:AudienceRestriction><saml:Audience>https://other.example</saml:Audience></saml:AudienceRestriction>"

    assert reason(signed_response(changed(more=other))) == "wrong_audience"


def test_no_audience_is_refused_at_a_login() -> None:
    data = signed_response(changed(audience=None))

    assert reason(data) == "wrong_audience"
    assert accepted(data, audience_required=False).audiences == ()


def test_another_recipient_is_refused_also_when_it_begins_as_ours() -> None:
    for recipient in ("https://other.example/acs", f"{ACS}/more", ACS[:-1], ACS.upper()):
        assert reason(signed_response(changed(recipient=recipient))) == "wrong_recipient"


def test_another_destination_is_refused_also_when_it_begins_as_ours() -> None:
    for destination in ("https://other.example/acs", f"{ACS}?x=1", ""):
        assert reason(signed_response(changed(destination=destination))) == "wrong_recipient"


def test_without_a_destination_the_recipient_decides() -> None:
    assert accepted(signed_response(changed(destination=None))).name_id == "ES/CZ/4711"


def test_only_bearer_confirms_a_subject() -> None:
    xml = response(Said(), assertion(Said())).replace("cm:bearer", "cm:sender-vouches")

    assert reason(sign(xml)) == "wrong_recipient"


def test_a_confirmation_without_end_or_recipient_is_refused() -> None:
    xml = response(Said(), assertion(Said()))

    assert reason(sign(xml.replace(f' Recipient="{ACS}"', ""))) == "malformed"
    assert (
        reason(sign(xml.replace(f'Recipient="{ACS}" NotOnOrAfter="2026-11-21T10:05:00Z"', f'Recipient="{ACS}"')))
        == "malformed"
    )


def test_another_issuer_is_refused_in_either_place() -> None:
    other = "https://other.example"
    xml = response(Said(), assertion(Said()))
    issuer = f"<saml:Issuer>{IDP}</saml:Issuer>"
    first = xml.replace(issuer, f"<saml:Issuer>{other}</saml:Issuer>", 1)
    second = issuer.join(xml.split(issuer)[:2]) + f"<saml:Issuer>{other}</saml:Issuer>" + xml.split(issuer)[2]

    for data in (sign(first), sign(second), signed_response(changed(issuer=other))):
        assert reason(data) == "wrong_issuer"


def test_a_response_without_issuer_is_judged_by_that_of_its_assertion() -> None:
    xml = response(Said(), assertion(Said())).replace(f"<saml:Issuer>{IDP}</saml:Issuer>", "", 1)

    assert accepted(sign(xml, "saml:Assertion")).issuer == IDP


def test_an_answer_to_another_request_or_to_none_is_refused() -> None:
    for data in (
        signed_response(changed(in_response_to="_request-2")),
        signed_response(changed(in_response_to=None)),
        signed_assertion(changed(in_response_to="_request-2")).replace(
            b'InResponseTo="_request-2"', b'InResponseTo="_request-1"', 1
        ),
        signed_assertion(changed(in_response_to=None)).replace(
            b'Version="2.0"', b'Version="2.0" InResponseTo="_request-1"', 1
        ),
    ):
        assert reason(data) == "unsolicited"


def test_the_envelope_and_the_assertion_each_answer_our_request() -> None:
    ours, other = f'InResponseTo="{REQUEST}"', 'InResponseTo="_request-2"'
    xml = response(Said(), assertion(Said()))
    before, middle, after = xml.split(ours)

    assert reason(sign(f"{before}{other}{middle}{ours}{after}")) == "unsolicited"
    assert reason(sign(f"{before}{middle}{ours}{after}")) == "unsolicited"
    assert reason(sign(f"{before}{ours}{middle}{other}{after}")) == "unsolicited"


# ── When ─────────────────────────────────────────────────────────────────────────────────────────


def test_expired_is_refused_beyond_the_skew() -> None:
    data = signed_response()

    assert accepted(data, now=NOW + timedelta(minutes=5, seconds=59)).name_id
    assert reason(data, now=NOW + timedelta(minutes=6)) == "expired"


def test_not_yet_valid_is_refused_beyond_the_skew() -> None:
    data = signed_response(changed(begin=NOW + timedelta(minutes=10), end=NOW + timedelta(minutes=20)))

    assert reason(data) == "not_yet_valid"
    assert reason(signed_response(), now=NOW - timedelta(seconds=61)) == "not_yet_valid"
    assert accepted(signed_response(), now=NOW - timedelta(seconds=60)).name_id


def test_the_end_of_the_confirmation_counts_by_itself() -> None:
    xml = response(Said(), assertion(Said())).replace(
        'NotOnOrAfter="2026-11-21T10:05:00Z"', 'NotOnOrAfter="2026-11-21T09:00:00Z"', 1
    )

    assert reason(sign(xml)) == "expired"


def test_an_authentication_in_the_future_is_refused() -> None:
    assert reason(signed_response(changed(authn_instant=NOW + timedelta(hours=1)))) == "not_yet_valid"


def test_a_response_from_the_future_is_refused() -> None:
    def at(minutes: int) -> bytes:
        return sign(response(changed(at=NOW + timedelta(minutes=minutes)), assertion(Said())))

    assert reason(at(2)) == "not_yet_valid"
    assert accepted(at(1)).name_id == "ES/CZ/4711"


def test_a_session_that_is_over_is_refused() -> None:
    xml = response(Said(), assertion(Said())).replace(
        'SessionIndex="session-1"', 'SessionIndex="session-1" SessionNotOnOrAfter="2026-11-21T09:00:00Z"'
    )

    assert reason(sign(xml)) == "expired"


@pytest.mark.parametrize("text", ["2026-13-21T10:00:00Z", "2026-11-21", "yesterday", "2026-11-21T10:00:00+99:99"])
def test_a_time_that_is_none_is_refused(text: str) -> None:
    xml = response(Said(), assertion(Said())).replace('AuthnInstant="2026-11-21T10:00:00Z"', f'AuthnInstant="{text}"')

    assert reason(sign(xml)) == "malformed"


# ── What they say went wrong ─────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("inner", "because"),
    [
        ("AuthnFailed", "cancelled"),
        ("RequestDenied", "cancelled"),
        ("NoAuthnContext", "too_little_assurance"),
        ("", "failed"),
    ],
)
def test_a_status_of_failure_is_a_refusal_with_its_reason(inner: str, because: str) -> None:
    prefix = "urn:oasis:names:tc:SAML:2.0:status:"
    nested = f'<samlp:StatusCode Value="{prefix}{inner}"/>' if inner else ""
    status = f'<samlp:StatusCode Value="{prefix}Responder">{nested}</samlp:StatusCode>'

    assert reason(response(Said(), "", status).encode()) == because


def test_a_failure_with_an_assertion_is_still_a_failure() -> None:
    status = '<samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Requester"/>'

    assert reason(sign(response(Said(), assertion(Said()), status))) == "failed"


# ── Encrypted ────────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("block", ["AES128_GCM", "AES192_GCM", "AES256_GCM", "AES128", "AES256"])
@pytest.mark.parametrize("whole", [True, False])
def test_an_encrypted_assertion_is_read(block: str, *, whole: bool) -> None:
    statement = accepted(encrypt(signed_assertion(), key("sp"), block=block, whole=whole))

    assert statement.encrypted
    assert statement.name_id == "ES/CZ/4711"


def test_the_key_may_stand_beside_the_data() -> None:
    assert accepted(encrypt(signed_assertion(), key("sp"), sibling=True)).name_id == "ES/CZ/4711"


def test_any_of_our_keys_decrypts() -> None:
    data = encrypt(signed_assertion(), key("sp-next"))

    assert accepted(data, keys=[key("sp").private, key("sp-next").private]).name_id == "ES/CZ/4711"
    assert reason(data) == "bad_signature"
    assert reason(data, keys=[]) == "bad_signature"


def test_a_signed_response_around_an_encrypted_unsigned_assertion_is_enough() -> None:
    data = sign(encrypt(response(Said(), assertion(Said())).encode(), key("sp")))

    assert accepted(data).signed == {"response": ("rsa-sha256", "sha256")}


def test_an_encrypted_assertion_that_nobody_signed_is_refused() -> None:
    assert reason(encrypt(response(Said(), assertion(Said())).encode(), key("sp"))) == "bad_signature"


def test_a_false_signature_within_an_encrypted_assertion_is_refused() -> None:
    assert reason(encrypt(signed_assertion(by=key("attacker")), key("sp"))) == "bad_signature"
    assert reason(sign(encrypt(signed_assertion(by=key("attacker")), key("sp")))) == "bad_signature"


def test_old_padding_and_old_ciphers_are_refused() -> None:
    assert "RSA-OAEP" in refusal(encrypt(signed_assertion(), key("sp"), wrap="RSA_PKCS1"))
    assert "AES" in refusal(encrypt(signed_assertion(), key("sp"), block="DES3"))


def test_whatever_is_wrong_with_a_ciphertext_has_one_reason() -> None:
    data = encrypt(signed_assertion(), key("sp"), block="AES256")
    begin = data.rindex(b"<xenc:CipherValue>") + 200
    reasons = {
        reason(data[:begin] + bytes([letter]) + data[begin + 1 :])
        for letter in b"ABCDEFabcdef0123"
        if letter != data[begin]
    }

    assert reasons == {"bad_signature"}


def test_a_dtd_within_a_ciphertext_is_refused() -> None:
    xml = signed_assertion()
    begin = xml.index(b"<saml:Assertion")
    end = xml.index(b"</saml:Assertion>") + len(b"</saml:Assertion>")
    inside = b"<!DOCTYPE x>" + xml[begin:end]

    assert reason(encrypt_text(xml[:begin], inside, xml[end:], key("sp"))) == "bad_signature"
    assert accepted(encrypt_text(xml[:begin], xml[begin:end], xml[end:], key("sp"))).name_id == "ES/CZ/4711"
    twice = xml[begin:end] + xml[begin:end].replace(b"_assertion-1", b"_assertion-2")
    assert reason(encrypt_text(xml[:begin], twice, xml[end:], key("sp"))) == "bad_signature"
