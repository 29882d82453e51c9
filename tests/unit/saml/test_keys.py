"""Certificates in every form they come in; keys that cannot be used say why and never what they are."""

from __future__ import annotations

import base64

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID

from hub.kit.certificates import Certificate, read_certificates, read_private_key
from tests.support.saml_idp import ec_key, key, pem


def test_certificates_are_read_in_every_form() -> None:
    one, two = key("idp").certificate, key("sp").certificate
    der = one.parsed.public_bytes(serialization.Encoding.DER)

    assert [found.parsed for found in read_certificates(f"Bag\n{one.pem}\n{two.pem}".encode())] == [
        one.parsed,
        two.parsed,
    ]
    for data in (der, base64.b64encode(der), base64.encodebytes(der), one.pem.encode()):
        assert [found.parsed for found in read_certificates(data)] == [one.parsed]


@pytest.mark.parametrize(
    "data", [b"", b"none", b"\x30\x03abc", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"]
)
def test_what_is_no_certificate_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match=r".+"):
        read_certificates(data)


def test_a_subject_is_written_as_nias_compares_it() -> None:
    assert key("moja_pregrada").certificate.subject == (
        "CN=moja_pregrada, L=PREGRADA, OID.2.5.4.97=HR11111111119, O=Grad Pregrada, C=HR"
    )


def test_a_part_of_a_subject_with_a_comma_is_quoted() -> None:
    private = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.ORGANIZATION_NAME, 'Vodovod, "Zagorje"')])
    parsed = key("sp").certificate.parsed
    builder = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(private.public_key())
    builder = builder.serial_number(1).not_valid_before(parsed.not_valid_before_utc)
    made = builder.not_valid_after(parsed.not_valid_after_utc).sign(private, parsed.signature_hash_algorithm)

    assert Certificate.of(made).subject == 'O="Vodovod, ""Zagorje"""'


def test_a_key_that_cannot_be_used_says_why() -> None:
    locked = key("sp").private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
    )

    assert read_private_key(pem(key("sp").private)).private_numbers() == key("sp").private.private_numbers()
    for data, why in (
        (locked, "passphrase"),
        (pem(ec_key("sp").private), "not an RSA key"),
        (b"none", "not a private key"),
        (key("sp").certificate.pem.encode(), "not a private key"),
    ):
        with pytest.raises(ValueError, match=why):
            read_private_key(data)
