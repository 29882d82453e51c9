"""Signing and encrypting what a simulated SAML identity provider sends, rightly or wrongly."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Collection
from urllib.parse import quote_plus, urlencode

import xmlsec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from lxml import etree
from xmlsec import constants

from simulators.kit.keys import Credential, credential
from simulators.kit.saml import RSA_SHA1, RSA_SHA256, saml


def signer(own: Credential, wrong: Collection[str]) -> Credential:
    if "wrong_key" in wrong:
        return credential("stranger")
    return credential("next") if "next_key" in wrong else own


def sign(element: etree._Element, own: Credential, wrong: Collection[str]) -> None:
    """One enveloped signature over `element`, right after its Issuer where the schemas want it (Core §5.4)."""
    if "unsigned" in wrong:
        return
    sha1 = "sha1" in wrong
    used = signer(own, wrong)
    signature = xmlsec.template.create(
        element,
        constants.TransformExclC14N,
        constants.TransformRsaSha1 if sha1 else constants.TransformRsaSha256,
        ns="ds",
    )
    issuer = element.find(saml("Issuer"))
    element.insert(0 if issuer is None else element.index(issuer) + 1, signature)
    reference = xmlsec.template.add_reference(
        signature, constants.TransformSha1 if sha1 else constants.TransformSha256, uri=f"#{element.get('ID')}"
    )
    xmlsec.template.add_transform(reference, constants.TransformEnveloped)
    xmlsec.template.add_transform(reference, constants.TransformExclC14N)
    xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(signature))
    xmlsec.tree.add_ids(element, ["ID"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(used.key, constants.KeyDataFormatPem, None)
    context.key.load_cert_from_memory(used.certificate, constants.KeyDataFormatCertPem)
    context.sign(signature)


def redirect_url(url: str, name: str, message: bytes, relay: str, own: Credential, wrong: Collection[str]) -> str:
    """`url` with the message deflated and the query signed (Bindings §3.4.4.1). `name`: SAMLRequest, SAMLResponse."""
    packer = zlib.compressobj(wbits=-15)
    packed = base64.b64encode(packer.compress(message) + packer.flush()).decode()
    fields = {name: packed} | ({"RelayState": relay} if relay else {})
    joint = "&" if "?" in url else "?"
    if "unsigned" in wrong:
        return f"{url}{joint}{urlencode(fields)}"
    algorithm, digest = (RSA_SHA1, hashes.SHA1()) if "sha1" in wrong else (RSA_SHA256, hashes.SHA256())  # noqa: S303
    query = urlencode(fields | {"SigAlg": algorithm})
    signature = signer(own, wrong).private.sign(query.encode(), PKCS1v15(), digest)
    if "tampered" in wrong:
        signature = bytes([signature[0] ^ 1]) + signature[1:]
    return f"{url}{joint}{query}&Signature={quote_plus(base64.b64encode(signature))}"


def encrypted(assertion: etree._Element, certificate: bytes, wrong: Collection[str]) -> etree._Element:
    """The assertion as `saml:EncryptedAssertion`: AES-256-GCM (XML Encryption 1.1), its key under RSA-OAEP."""
    outer = etree.Element(saml("EncryptedAssertion"), nsmap={"saml": saml("")[1:-1]})
    cbc, rsa15 = "encrypted_cbc" in wrong, "encrypted_rsa15" in wrong
    template = xmlsec.template.encrypted_data_create(
        outer,
        constants.TransformAes256Cbc if cbc else constants.TransformAes256Gcm,
        type=constants.TypeEncElement,
        ns="xenc",
    )
    xmlsec.template.encrypted_data_ensure_cipher_value(template)
    info = xmlsec.template.encrypted_data_ensure_key_info(template, ns="ds")
    key = xmlsec.template.add_encrypted_key(info, constants.TransformRsaPkcs1 if rsa15 else constants.TransformRsaOaep)
    xmlsec.template.encrypted_data_ensure_cipher_value(key)
    manager = xmlsec.KeysManager()
    manager.add_key(xmlsec.Key.from_memory(certificate, constants.KeyDataFormatCertPem, None))
    context = xmlsec.EncryptionContext(manager)
    context.key = xmlsec.Key.generate(constants.KeyDataAes, 256, constants.KeyDataTypeSession)
    # As text of its own, which has all its namespaces; as a child it would leave them to its parent.
    outer.append(context.encrypt_binary(template, etree.tostring(assertion)))
    return outer
