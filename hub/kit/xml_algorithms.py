"""Names fixed by XML Signature 1.1, XML Encryption 1.1 and Exclusive Canonicalization, and what is accepted of them."""

from __future__ import annotations

DS = "http://www.w3.org/2000/09/xmldsig#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
EC = "http://www.w3.org/2001/10/xml-exc-c14n#"

_MORE = "http://www.w3.org/2001/04/xmldsig-more#"
_PSS = "http://www.w3.org/2007/05/xmldsig-more#"
SIGNATURES = {
    f"{_MORE}rsa-sha256": "rsa-sha256",
    f"{_MORE}rsa-sha384": "rsa-sha384",
    f"{_MORE}rsa-sha512": "rsa-sha512",
    f"{_PSS}sha256-rsa-MGF1": "rsa-pss-sha256",
    f"{_PSS}sha384-rsa-MGF1": "rsa-pss-sha384",
    f"{_PSS}sha512-rsa-MGF1": "rsa-pss-sha512",
    f"{_MORE}ecdsa-sha256": "ecdsa-sha256",
    f"{_MORE}ecdsa-sha384": "ecdsa-sha384",
    f"{_MORE}ecdsa-sha512": "ecdsa-sha512",
}
"""Accepted signature methods (eIDAS Cryptographic Requirements 1.2 §3.2, and RSA PKCS#1 1.5 with SHA-2, which NIAS and
NIA use) by identifier."""
RSA_SHA256 = f"{_MORE}rsa-sha256"
RSA_SHA1 = f"{DS}rsa-sha1"

DIGESTS = {
    f"{XENC}sha256": "sha256",
    f"{_MORE}sha384": "sha384",
    f"{XENC}sha512": "sha512",
}
SHA1 = f"{DS}sha1"

ENVELOPED = f"{DS}enveloped-signature"
EXCLUSIVE = (EC, f"{EC}WithComments")
CANONICAL = (
    *EXCLUSIVE,
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
    "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments",
)
"""What SignedInfo itself may be canonicalised by; the reference is exclusive only (SAML Core §5.4.4)."""
