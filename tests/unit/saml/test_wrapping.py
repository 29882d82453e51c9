"""Signature wrapping in its eight shapes, and in shapes made for how this engine reads."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from lxml import etree

from hub.kernel.errors import LoginRefused
from identity.saml import signatures
from identity.saml.reading import parse
from identity.saml.response import judge
from identity.saml.signatures import verify
from tests.support.saml_idp import (
    NS,
    Said,
    assertion,
    changed,
    encrypt,
    encrypt_text,
    key,
    response,
    sign,
    signed_assertion,
    signed_response,
)
from tests.support.saml_wrapping import EVIL, OF_ASSERTION, OF_RESPONSE
from tests.unit.saml.test_response import expected

Wrap = Callable[[bytes], bytes]


def _refused(data: bytes) -> str:
    with pytest.raises(LoginRefused) as caught:
        judge(data, expected())
    return caught.value.reason


@pytest.mark.parametrize("wrap", OF_RESPONSE.values(), ids=OF_RESPONSE)
def test_a_wrapped_response_is_refused(wrap: Wrap) -> None:
    data = wrap(signed_response())

    assert EVIL.encode() in data
    assert b"ES/CZ/4711" in data
    assert _refused(data) in {"bad_signature", "malformed"}


@pytest.mark.parametrize("wrap", OF_ASSERTION.values(), ids=OF_ASSERTION)
def test_a_wrapped_assertion_is_refused(wrap: Wrap) -> None:
    data = wrap(signed_assertion())

    assert EVIL.encode() in data
    assert b"ES/CZ/4711" in data
    assert _refused(data) in {"bad_signature", "malformed"}


@pytest.mark.parametrize("wrap", OF_ASSERTION.values(), ids=OF_ASSERTION)
def test_wrapping_within_an_encrypted_assertion_is_refused(wrap: Wrap) -> None:
    """Whoever knows our public key may encrypt what he likes."""
    root = etree.fromstring(wrap(signed_assertion()))
    text = etree.tostring(root)
    inside = b"".join(etree.tostring(one, with_tail=False) for one in root.findall("saml:Assertion", NS))
    begin = text.index(b"<saml:Assertion")
    end = text.rindex(b"</saml:Assertion>") + len(b"</saml:Assertion>")

    assert _refused(encrypt_text(text[:begin], inside, text[end:], key("sp"))) in {"bad_signature", "malformed"}


def test_an_evil_assertion_encrypted_beside_the_signed_one_is_refused() -> None:
    root = etree.fromstring(signed_assertion())
    evil = encrypt(response(Said(), assertion(changed(name_id=EVIL, assertion_id="_evil"))).encode(), key("sp"))
    root.append(etree.fromstring(evil).find("saml:EncryptedAssertion", NS))

    assert _refused(etree.tostring(root)) == "malformed"


def test_a_signed_assertion_in_the_advice_of_an_evil_one_signs_nothing() -> None:
    root = etree.fromstring(signed_assertion())
    honest = root.find("saml:Assertion", NS)
    evil = etree.fromstring(assertion(changed(name_id=EVIL, assertion_id="_evil", advice="<saml:Advice/>")))
    root.replace(honest, evil)
    evil.find("saml:Advice", NS).append(honest)

    assert _refused(etree.tostring(root)) == "bad_signature"


def test_a_signature_over_another_element_signs_nothing() -> None:
    """Over the Subject only, or over the status: the attacker is free in all that is left."""
    data = signed_assertion().replace(b'URI="#_assertion-1"', b'URI="#_response-1"')
    assert _refused(data) == "bad_signature"
    assert _refused(signed_response(uri="")) == "bad_signature"
    xml = response(Said(), assertion(Said())).replace("<saml:Subject>", '<saml:Subject ID="_subject">')
    assert _refused(sign(xml, "saml:Assertion", uri="#_subject")) == "bad_signature"


def test_two_references_sign_nothing() -> None:
    assert _refused(signed_assertion(also="#_assertion-1")) == "bad_signature"


def test_two_signatures_sign_nothing() -> None:
    assert _refused(sign(signed_response())) in {"bad_signature", "malformed"}


def test_what_is_read_is_a_new_tree_of_what_was_signed_only() -> None:
    data = signed_assertion().replace(b"ES/CZ/4711</saml:NameID>", b"ES/<!-- x -->CZ/4711</saml:NameID>")
    root = parse(data, "response")
    verified = verify(root.find("saml:Assertion", NS), expected().policy, "assertion").element

    assert verified.getparent() is None
    assert verified.findtext("saml:Subject/saml:NameID", None, NS) == "ES/CZ/4711"
    assert verified.find("ds:Signature", NS) is None


def test_an_envelope_that_nobody_signed_decides_nothing() -> None:
    """Only the assertion is signed: another destination or request in the envelope can refuse but not persuade."""
    honest = signed_assertion(changed(recipient="https://other.example/acs", in_response_to="_request-2"))
    data = honest.replace(b'InResponseTo="_request-2"', b'InResponseTo="_request-1"', 1)

    assert _refused(data) == "wrong_recipient"


def test_a_signature_carries_no_objects() -> None:
    """The signature itself is not covered by it, so that anybody could put something in."""
    root = etree.fromstring(signed_assertion())
    signature = root.find(".//ds:Signature", NS)
    etree.SubElement(signature, f"{{{NS['ds']}}}Object")

    assert _refused(etree.tostring(root)) == "bad_signature"


def test_what_is_read_has_the_digest_that_was_signed_whatever_the_verifier_looked_at(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A verifier that finds another element by the same name says yes; the octets that are read say no."""
    monkeypatch.setattr(signatures, "made_by", lambda *_: True)
    data = signed_assertion()

    assert judge(data, expected()).name_id == "ES/CZ/4711"
    assert _refused(data.replace(b"ES/CZ/4711<", b"ES/CZ/4712<", 1)) == "bad_signature"


def test_an_assertion_hidden_beside_an_encrypted_one_is_refused() -> None:
    root = etree.fromstring(encrypt(signed_assertion(), key("sp")))
    extensions = etree.Element(f"{{{NS['samlp']}}}Extensions")
    extensions.append(etree.fromstring(assertion(changed(name_id=EVIL, assertion_id="_evil"))))
    root.find("saml:Issuer", NS).addnext(extensions)

    with pytest.raises(LoginRefused, match="may be none"):
        judge(etree.tostring(root), expected())


def test_an_assertion_hidden_within_an_encrypted_one_is_refused() -> None:
    hidden = assertion(changed(name_id=EVIL, assertion_id="_evil"))
    data = encrypt(signed_assertion(changed(attributes={**Said().attributes, "urn:x": hidden})), key("sp"))

    with pytest.raises(LoginRefused, match="may be none"):
        judge(data, expected())


def test_a_message_without_a_canonical_form_is_refused() -> None:
    data = signed_assertion().replace(b"<saml:Subject>", b'<saml:Subject xmlns:x="relative">')

    assert _refused(data) == "malformed"
