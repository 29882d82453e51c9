"""Signed and encrypted replies: believed exactly as far as the signature goes."""

from __future__ import annotations

from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from lxml import etree

from hub.kernel.errors import RemoteError, RemoteFault, RemoteGarbage
from hub.kit.reply import Reply
from hub.kit.soap.envelope import Fault
from hub.kit.soap.reply import Reading, open_reply
from hub.kit.soap.verifying import Guard
from hub.kit.soap.wss import Material, Verify
from tests.support.saml_idp import key
from tests.support.soap_signer import (
    AES_CBC,
    AES_GCM,
    DS,
    ENV,
    HMAC_SHA256,
    INCLUSIVE,
    NOW,
    RSA_SHA1,
    SHA1,
    WSSE,
    WSU,
    envelope,
    sealed,
    signed,
    stamp,
)

PEER, OURS, STRANGER = key("registry"), key("munihub"), key("stranger")
PONG = "<d:Pong>yes</d:Pong>"
EVIL = "<d:Pong>evil</d:Pong>"
BODY, HEADER, SECURITY = f"{{{ENV}}}Body", f"{{{ENV}}}Header", f"{{{WSSE}}}Security"


def guard(**verify: Any) -> Guard:
    settings = Verify.model_validate({"certificates": ["registry.pem"], **verify})
    return Guard(settings, Material(None, (PEER.certificate,), None, (OURS.private,)))


def read(message: bytes, *, status: int = 200, **verify: Any) -> etree._Element | Fault | None:
    reply = Reply("POST", "http://dogs.example/", status, {"content-type": "text/xml"}, message, NOW)
    return open_reply(reply, Reading(1_000_000, guard=guard(**verify))).found


def refused(message: bytes, **verify: Any) -> str:
    with pytest.raises(RemoteError) as caught:
        read(message, **verify)
    assert type(caught.value) is RemoteGarbage
    return str(caught.value)


def text(found: Any) -> str | None:
    assert isinstance(found, etree._Element)
    return found.text


class TestSigned:
    def test_the_body(self) -> None:
        assert text(read(signed(envelope(PONG), PEER))) == "yes"

    def test_prefixes_that_stand_in_values_only(self) -> None:
        body = '<d:Pong xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="d:Odd">yes</d:Pong>'
        for prefixes in ("", "d xsi"):
            found = read(signed(envelope(body), PEER, prefixes=prefixes))
            assert isinstance(found, etree._Element)
            assert found.nsmap["d"] == "urn:example:dogs:1"
            assert found.get("{http://www.w3.org/2001/XMLSchema-instance}type") == "d:Odd"

    def test_the_certificate_that_comes_along_is_not_what_is_trusted(self) -> None:
        token = f"<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{STRANGER.certificate.base64}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>"
        assert "made by no key that is trusted" in refused(signed(envelope(PONG), STRANGER, key_info=token))
        assert text(read(signed(envelope(PONG), PEER, key_info=token))) == "yes"

    def test_one_of_several_trusted(self) -> None:
        both = Guard(
            Verify.model_validate({"certificates": ["a", "b"]}),
            Material(None, (STRANGER.certificate, PEER.certificate), None, ()),
        )
        root = etree.fromstring(signed(envelope(PONG), PEER))
        assert both.open(root, NOW)[-1][0].text == "yes"

    def test_what_is_not_signed_is_not_handed_on(self) -> None:
        message = signed(envelope(PONG, header="<d:Session>evil</d:Session>"), PEER)
        opened = guard().open(etree.fromstring(message), NOW)
        assert [child.tag for child in opened[0]] == []
        header = '<d:Session wsu:Id="session">k-1</d:Session>'
        message = signed(envelope(PONG, header=header), PEER, ids=("ts", "body", "session"))
        opened = guard().open(etree.fromstring(message), NOW)
        assert [(child.tag, child.text) for child in opened[0]] == [("{urn:example:dogs:1}Session", "k-1")]

    def test_a_comment_within_a_value_is_gone(self) -> None:
        assert text(read(signed(envelope("<d:Pong>y<!-- evil -->es</d:Pong>"), PEER))) == "yes"

    def test_a_signed_fault_is_a_fault(self) -> None:
        fault = "<s:Fault><faultcode>s:Client.NoSuchDog</faultcode><faultstring>no</faultstring></s:Fault>"
        found = read(signed(envelope(fault), PEER), status=500)
        assert isinstance(found, Fault)
        assert found.codes == ("Client", "NoSuchDog")

    def test_an_unsigned_fault_is_an_error_and_no_answer(self) -> None:
        fault = "<s:Fault><faultcode>s:Client.NoSuchDog</faultcode><faultstring>no</faultstring></s:Fault>"
        with pytest.raises(RemoteFault, match=r"Client\.NoSuchDog, which is not signed") as caught:
            read(envelope(fault), status=500)
        assert caught.value.reached is None


class TestRefused:
    @pytest.mark.parametrize(
        ("how", "why"),
        [
            ({"method": RSA_SHA1}, "is by 'rsa-sha1'; accepted are rsa-sha256"),
            ({"digest": SHA1}, "uses the digest 'sha1'; accepted are sha256"),
            ({"method": HMAC_SHA256}, "is by 'hmac-sha256'"),
            ({"transform": INCLUSIVE}, "uses another transform than exclusive c14n"),
            ({"canonical": INCLUSIVE}, "is canonicalised other than by exclusive c14n"),
            ({"transform": f"{DS}enveloped-signature"}, "uses another transform"),
            ({"transform": "http://www.w3.org/TR/1999/REC-xslt-19991116"}, "uses another transform"),
            ({"spoil": b"x"}, "was changed after it was signed"),
            ({"ids": ("ts",)}, "does not cover its Body"),
            ({"ids": ("body",)}, "a Timestamp that is not signed"),
            ({"ids": ("body", "body", "ts")}, "covers one thing twice"),
            ({"inside": "<ds:Object>x</ds:Object>"}, "holds an Object"),
        ],
    )
    def test_by_what_it_is_made_of(self, how: dict[str, Any], why: str) -> None:
        assert why in refused(signed(envelope(PONG), PEER, **how))

    def test_no_signature(self) -> None:
        assert "must carry one signature; it carries 0" in refused(envelope(PONG))
        bare = f'<s:Envelope xmlns:s="{ENV}"><s:Body>{PONG}</s:Body></s:Envelope>'.replace("d:", "")
        assert "has 0 Security headers" in refused(bare.encode())

    def test_another_signers_key(self) -> None:
        assert "made by no key that is trusted" in refused(signed(envelope(PONG), STRANGER))

    def test_a_changed_body(self) -> None:
        message = signed(envelope(PONG), PEER).replace(b">yes<", b">no!<")
        assert "changed after it was signed" in refused(message)

    def test_a_changed_signed_info(self) -> None:
        message = signed(envelope(PONG), PEER)
        other = signed(envelope(EVIL), STRANGER)
        root, evil = etree.fromstring(message), etree.fromstring(other)
        info, evil_info = (one.find(f".//{{{DS}}}SignedInfo") for one in (root, evil))
        root.replace(root.find(BODY), evil.find(BODY))
        info.getparent().replace(info, evil_info)
        assert "made by no key that is trusted" in refused(etree.tostring(root))

    @pytest.mark.parametrize(
        "uri", ["", "#xpointer(/)", "#xpointer(id('body'))", "http://evil.example/x", "cid:x", "body"]
    )
    def test_a_reference_that_is_no_id(self, uri: str) -> None:
        message = signed(envelope(PONG), PEER).replace(b'URI="#body"', f'URI="{uri}"'.encode())
        assert "has no ID in it" in refused(message)


class TestWrapping:
    """The signed Body is moved to where a verifier finds it by its ID, another one put where a reader looks."""

    def honest(self) -> etree._Element:
        return etree.fromstring(signed(envelope(PONG), PEER))

    def evil(self, **attributes: str) -> etree._Element:
        body = etree.fromstring(envelope(EVIL)).find(BODY)
        body.attrib.clear()
        for name, value in attributes.items():
            body.set(name.replace("wsu_", f"{{{WSU}}}"), value)
        return body

    def attack(self, place: str, **attributes: str) -> bytes:
        root = self.honest()
        original = root.find(BODY)
        root.replace(original, self.evil(**attributes))
        header = root.find(HEADER)
        holders = {
            "header": lambda: header,
            "wrapper": lambda: etree.SubElement(header, "{urn:evil}Wrapper"),
            "security": lambda: header.find(SECURITY),
            "signature": lambda: header.find(f"{SECURITY}/{{{DS}}}Signature"),
            "object": lambda: etree.SubElement(header.find(f"{SECURITY}/{{{DS}}}Signature"), f"{{{DS}}}Object"),
            "envelope": lambda: root,
            "envelope-after": lambda: root,
            "body": lambda: root.find(BODY),
            "body-child": lambda: root.find(BODY)[0],
        }
        holder = holders[place]()
        if place == "envelope":
            holder.insert(0, original)
        else:
            holder.append(original)
        return etree.tostring(root)

    @pytest.mark.parametrize(
        "place",
        [
            "header", "wrapper", "security", "signature", "object", "envelope", "envelope-after", "body", "body-child",
        ],
    )  # fmt: skip
    @pytest.mark.parametrize(
        "attributes",
        [{}, {"wsu_Id": "other"}, {"wsu_Id": "body"}, {"Id": "body"}, {"id": "body"}, {"ID": "body"}],
        ids=str,
    )
    def test_of_the_body(self, place: str, attributes: dict[str, str]) -> None:
        refused(self.attack(place, **attributes))

    def test_of_the_timestamp(self) -> None:
        old = stamp(NOW - timedelta(days=1))
        root = etree.fromstring(signed(envelope(PONG, timestamp=old), PEER))
        security = root.find(f"{HEADER}/{SECURITY}")
        fresh = etree.fromstring(envelope(PONG)).find(f"{HEADER}/{SECURITY}")[0]
        fresh.attrib.clear()
        security.insert(0, fresh)
        assert "is too old" in refused(etree.tostring(root))

    def test_two_security_headers(self) -> None:
        root = self.honest()
        root[0].append(deepcopy(root.find(f"{HEADER}/{SECURITY}")))
        assert "has 2 Security headers" in refused(etree.tostring(root))

    def test_two_headers(self) -> None:
        root = self.honest()
        root.insert(0, deepcopy(root[0]))
        assert "has 2 Header elements" in refused(etree.tostring(root))

    def test_two_signatures(self) -> None:
        root = self.honest()
        security = root.find(f"{HEADER}/{SECURITY}")
        security.append(deepcopy(security[-1]))
        assert "must carry one signature; it carries 2" in refused(etree.tostring(root))

    def test_an_envelope_within_the_body(self) -> None:
        inner = signed(envelope(PONG), PEER).decode()
        assert "must carry one signature; it carries 0" in refused(envelope(inner, timestamp="", body_id="outer"))


class TestTimestamps:
    def test_within_the_skew(self) -> None:
        early, late = stamp(NOW + timedelta(minutes=4)), stamp(NOW - timedelta(minutes=9))
        for timestamp in (early, late):
            assert text(read(signed(envelope(PONG, timestamp=timestamp), PEER))) == "yes"

    @pytest.mark.parametrize(
        ("timestamp", "why"),
        [
            (stamp(NOW + timedelta(minutes=6)), "in the future"),
            (stamp(NOW - timedelta(minutes=11)), "is too old"),
            ('<wsu:Timestamp wsu:Id="ts"/>', "does not say when"),
            ('<wsu:Timestamp wsu:Id="ts"><wsu:Created>yesterday</wsu:Created></wsu:Timestamp>', "is no time"),
            (
                '<wsu:Timestamp wsu:Id="ts"><wsu:Created>2026-11-21T11:40:00Z</wsu:Created></wsu:Timestamp>',
                "is too old",
            ),
        ],
    )
    def test_outside(self, timestamp: str, why: str) -> None:
        assert why in refused(signed(envelope(PONG, timestamp=timestamp), PEER))

    def test_none(self) -> None:
        message = signed(envelope(PONG, timestamp=""), PEER, ids=("body",))
        assert "has no Timestamp" in refused(message)
        assert text(read(message, timestamp=False)) == "yes"


class TestEncrypted:
    @pytest.mark.parametrize("cipher", [AES_GCM, AES_CBC])
    def test_signed_then_encrypted(self, cipher: str) -> None:
        root = etree.fromstring(signed(envelope(PONG), PEER))
        body = root.find(BODY)
        data, wrapped = sealed(etree.tostring(body[0]), OURS, cipher=cipher)
        body.replace(body[0], etree.fromstring(data))
        root.find(f"{HEADER}/{SECURITY}").insert(0, etree.fromstring(wrapped))
        assert text(read(etree.tostring(root))) == "yes"

    def test_encrypted_then_signed(self) -> None:
        content = b'<d:Pong xmlns:d="urn:example:dogs:1">yes</d:Pong>'
        data, wrapped = sealed(content, OURS)
        root = etree.fromstring(signed(envelope(data), PEER))
        root.find(f"{HEADER}/{SECURITY}").append(etree.fromstring(wrapped))
        assert text(read(etree.tostring(root))) == "yes"

    def test_encrypted_only(self) -> None:
        data, wrapped = sealed(b'<Pong xmlns="urn:example:dogs:1">evil</Pong>', OURS)
        root = etree.fromstring(envelope(data))
        root.find(f"{HEADER}/{SECURITY}").insert(0, etree.fromstring(wrapped))
        assert "must carry one signature" in refused(etree.tostring(root))

    @pytest.mark.parametrize("content", [b"no <xml", b"text", b"<!DOCTYPE x><x/>"])
    def test_every_failure_sounds_the_same(self, content: bytes) -> None:
        for to in (OURS, STRANGER):
            data, wrapped = sealed(content, to)
            root = etree.fromstring(signed(envelope(data), PEER))
            root.find(f"{HEADER}/{SECURITY}").append(etree.fromstring(wrapped))
            assert refused(etree.tostring(root)) == "The reply cannot be decrypted with any of our keys."

    def test_old_padding(self) -> None:
        data, wrapped = sealed(b"<x/>", OURS, rsa_1_5=True)
        root = etree.fromstring(signed(envelope(data), PEER))
        root.find(f"{HEADER}/{SECURITY}").append(etree.fromstring(wrapped))
        assert "accepted is RSA-OAEP" in refused(etree.tostring(root))

    def test_something_in_an_odd_place(self) -> None:
        data, wrapped = sealed(b"<x/>", OURS)
        root = etree.fromstring(signed(envelope(PONG, header=f"<d:Session>{data}</d:Session>"), PEER))
        root.find(f"{HEADER}/{SECURITY}").append(etree.fromstring(wrapped))
        assert "in an odd place" in refused(etree.tostring(root))
