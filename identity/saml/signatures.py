"""XML signatures, verified so that what is read afterwards is exactly what was signed.

The element comes back as a new tree parsed from its canonical octets, whose digest was compared here once more:
whatever the verifier and the reader might see differently (comments, other elements with the same ID, other places of
the document) is not in it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import xmlsec
from lxml import etree
from xmlsec import constants

from hub.kernel.errors import LoginRefused
from hub.kit.certificates import Certificate, Key
from hub.kit.xml_algorithms import CANONICAL, DIGESTS, ENVELOPED, EXCLUSIVE, RSA_SHA1, SHA1, SIGNATURES
from hub.kit.xml_signature import NotAccepted, Reference, canonical_octets, made_by, read_signature
from identity.saml.reading import at_most_one, children, identifier, parse
from identity.saml.settings import Kind


@dataclass(frozen=True, slots=True)
class Policy:
    """What is accepted of signatures. `sha1` holds the last day on which a kind of message may use SHA-1."""

    certificates: Sequence[Certificate]
    today: date
    sha1: Mapping[Kind, date] = field(default_factory=dict)

    def allows_sha1(self, kind: Kind) -> bool:
        until = self.sha1.get(kind)
        return until is not None and self.today <= until


def refused(detail: str) -> LoginRefused:
    return LoginRefused(detail, reason="bad_signature")


def weak(detail: str) -> LoginRefused:
    return LoginRefused(detail, reason="weak_algorithm")


@dataclass(frozen=True, slots=True)
class Verified:
    """`element` is the new tree; `algorithms` such as `("rsa-sha256", "sha256")`."""

    element: etree._Element
    algorithms: tuple[str, str]


def has_signature(element: etree._Element) -> bool:
    return bool(children(element, "ds:Signature"))


def verify(element: etree._Element, policy: Policy, kind: Kind) -> Verified:
    """Verify the signature that `element` carries as its own child over itself.

    Raises LoginRefused: `bad_signature` where there is none, more than one, one over something else, or one that no
    key of the identity provider made; `weak_algorithm` for an algorithm that is not accepted.
    """
    name = etree.QName(element).localname
    signatures = children(element, "ds:Signature")
    if len(signatures) != 1:
        raise refused(f"The {name} must carry exactly one signature; it carries {len(signatures)}.")
    return verify_with(element, signatures[0], f"#{identifier(element)}", "ID", policy, kind)


def verify_with(
    element: etree._Element, signature: etree._Element, uri: str, id_attribute: str, policy: Policy, kind: Kind
) -> Verified:
    """As `verify`, for a signature that stands anywhere within `element`."""
    name = etree.QName(element).localname
    try:
        method, reference = _profile(signature, uri, name)
        algorithms = (_method_name(method, policy, kind), _digest_name(reference.digest, policy, kind))
        octets = canonical_octets(element, reference.prefixes, without=signature)
    except NotAccepted as error:
        raise LoginRefused(error.detail, reason=error.reason) from None
    if not reference.fits(octets, algorithms[1]):
        raise refused(f"The {name} was changed after it was signed.")
    # The key is always one of the identity provider's metadata; a certificate within the message is not looked at.
    # Metadata may be signed as a whole document, without an ID.
    named = [(element, id_attribute, None)] if element.get(id_attribute) else []
    if not made_by(signature, policy.certificates, named):
        raise refused(f"The signature of the {name} was not made by a key of the identity provider.")
    return Verified(parse(octets, name), algorithms)


def _profile(signature: etree._Element, uri: str, name: str) -> tuple[str, Reference]:
    """Signature method and reference of a signature of SAML's profile (Core §5.4)."""
    if children(signature, "ds:Object"):
        raise refused(f"The signature of the {name} holds an Object, which SAML does not use.")
    signed = read_signature(signature, name)
    if len(signed.references) != 1:
        raise refused(f"The signature of the {name} must have one reference; it has {len(signed.references)}.")
    reference = signed.references[0]
    if reference.uri != uri:
        raise refused(f"The signature within the {name} is over something else.")
    if signed.canonicalisation not in CANONICAL:
        raise weak(f"The signature of the {name} uses a canonicalisation that is not accepted.")
    used = reference.used
    if len(used) != 2 or used[0] != ENVELOPED or used[1] not in EXCLUSIVE:
        raise weak(f"The signature of the {name} uses other transforms than enveloped-signature and exclusive c14n.")
    if children(reference.transforms[0], "*"):
        raise weak(f"The signature of the {name} uses a transform with parameters.")
    return signed.method, reference


def _method_name(method: str, policy: Policy, kind: Kind) -> str:
    if method in SIGNATURES:
        return SIGNATURES[method]
    if method == RSA_SHA1 and policy.allows_sha1(kind):
        return "rsa-sha1"
    raise weak(f"The {kind} is signed with {_short(method)}; accepted are {', '.join(SIGNATURES.values())}.")


def _digest_name(digest: str, policy: Policy, kind: Kind) -> str:
    if digest in DIGESTS:
        return DIGESTS[digest]
    if digest == SHA1 and policy.allows_sha1(kind):
        return "sha1"
    raise weak(f"The {kind} is digested with {_short(digest)}; accepted are {', '.join(DIGESTS.values())}.")


def _short(algorithm: str) -> str:
    return repr(algorithm.rpartition("#")[2][:40]) if algorithm else "nothing"


def sign(xml: bytes, key: Key) -> bytes:
    """Enveloped signature over the root, after its Issuer: RSA-SHA256, exclusive canonicalisation, our certificate.

    Not by python3-saml, which removes declarations of namespaces that only a QName in a value needs (`xsi:type`).
    """
    root = parse(xml, "message of ours")
    signature = xmlsec.template.create(root, constants.TransformExclC14N, constants.TransformRsaSha256, ns="ds")
    issuer = at_most_one(root, "saml:Issuer")
    root.insert(0 if issuer is None else root.index(issuer) + 1, signature)
    reference = xmlsec.template.add_reference(signature, constants.TransformSha256, uri=f"#{identifier(root)}")
    xmlsec.template.add_transform(reference, constants.TransformEnveloped)
    xmlsec.template.add_transform(reference, constants.TransformExclC14N)
    xmlsec.template.add_x509_data(xmlsec.template.ensure_key_info(signature))
    xmlsec.tree.add_ids(root, ["ID"])
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(key.pem, constants.KeyDataFormatPem)
    context.key.load_cert_from_memory(key.certificate.pem, constants.KeyDataFormatCertPem)
    context.sign(signature)
    return etree.tostring(root)
