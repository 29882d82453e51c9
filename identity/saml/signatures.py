"""XML signatures, verified so that what is read afterwards is exactly what was signed.

The element comes back as a new tree parsed from its canonical octets, whose digest was compared here once more:
whatever the verifier and the reader might see differently (comments, other elements with the same ID, other places of
the document) is not in it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import date

import xmlsec
from lxml import etree
from onelogin.saml2.utils import OneLogin_Saml2_Utils
from xmlsec import constants

from hub.kernel.errors import LoginRefused
from identity.saml.keys import Certificate, Key
from identity.saml.names import CANONICAL, DIGESTS, EC, ENVELOPED, EXCLUSIVE, RSA_SHA1, SHA1, SIGNATURES
from identity.saml.reading import at_most_one, children, identifier, malformed, parse, text
from identity.saml.settings import Kind

_SHA = {"sha1": hashlib.sha1, "sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}


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
    method, digest, prefixes, expected = _profile(signature, uri, name)
    algorithms = (_method_name(method, policy, kind), _digest_name(digest, policy, kind))
    octets = _signed_octets(element, signature, prefixes)
    if not hmac.compare_digest(_SHA[algorithms[1]](octets).digest(), expected):
        raise refused(f"The {name} was changed after it was signed.")
    xmlsec.tree.add_ids(element.getroottree().getroot(), [id_attribute])
    # The key is always one of the identity provider's metadata; a certificate within the message is not looked at.
    if not any(OneLogin_Saml2_Utils.validate_node_sign(signature, element, one.pem) for one in policy.certificates):
        raise refused(f"The signature of the {name} was not made by a key of the identity provider.")
    return Verified(parse(octets, name), algorithms)


def _profile(signature: etree._Element, uri: str, name: str) -> tuple[str, str, list[str], bytes]:
    """Signature method, digest method, inclusive prefixes and digest of a signature of SAML's profile (Core §5.4)."""
    if children(signature, "ds:Object"):
        raise refused(f"The signature of the {name} holds an Object, which SAML does not use.")
    references = children(signature, "ds:SignedInfo/ds:Reference")
    if len(references) != 1:
        raise refused(f"The signature of the {name} must have one reference; it has {len(references)}.")
    reference = references[0]
    if reference.get("URI") != uri:
        raise refused(f"The signature within the {name} is over something else.")
    canonical = [one.get("Algorithm") for one in children(signature, "ds:SignedInfo/ds:CanonicalizationMethod")]
    if len(canonical) != 1 or canonical[0] not in CANONICAL:
        raise weak(f"The signature of the {name} uses a canonicalisation that is not accepted.")
    transforms = children(reference, "ds:Transforms/ds:Transform")
    used = [one.get("Algorithm") for one in transforms]
    if len(used) != 2 or used[0] != ENVELOPED or used[1] not in EXCLUSIVE:
        raise weak(f"The signature of the {name} uses other transforms than enveloped-signature and exclusive c14n.")
    if children(transforms[0], "*"):
        raise weak(f"The signature of the {name} uses a transform with parameters.")
    method = [one.get("Algorithm") or "" for one in children(signature, "ds:SignedInfo/ds:SignatureMethod")]
    digest = [one.get("Algorithm") or "" for one in children(reference, "ds:DigestMethod")]
    values = children(reference, "ds:DigestValue")
    if len(method) != 1 or len(digest) != 1 or len(values) != 1:
        raise malformed(f"The signature of the {name} is not complete.")
    try:
        expected = base64.b64decode("".join(text(values[0]).split()), validate=True)
    except binascii.Error:
        raise malformed(f"The digest in the signature of the {name} is not base64.") from None
    prefixes = [
        prefix
        for one in transforms[1].iterfind(f"{{{EC}}}InclusiveNamespaces")
        for prefix in (one.get("PrefixList") or "").split()
    ]
    return method[0], digest[0], prefixes, expected


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


def _signed_octets(element: etree._Element, signature: etree._Element, prefixes: list[str]) -> bytes:
    """The canonical octets of `element` without the signature: exclusive, without comments.

    Where the signature is over comments too, they count in its digest and not here: there the digests differ and such
    a message is refused only when it has comments, which no identity provider writes.
    """
    path = []
    node = signature
    while node is not element:
        parent = node.getparent()
        assert parent is not None, "the signature stands within the element"
        path.append(parent.index(node))
        node = parent
    copy = deepcopy(element)
    own = copy
    for index in reversed(path):
        own = own[index]
    parent = own.getparent()
    assert parent is not None
    _remove_keeping_tail(parent, own)
    # A root's siblings, such as comments before it, are no part of the element.
    standing = prefixes and [prefix for prefix in prefixes if prefix != "#default"]
    try:
        return etree.tostring(
            copy,
            method="c14n",
            exclusive=True,
            with_comments=False,
            inclusive_ns_prefixes=standing or None,
            with_tail=False,
        )
    except etree.C14NError:  # such as for namespace names that are relative (Canonical XML 1.0 §1.3)
        raise malformed(f"The {etree.QName(element).localname} has no canonical form.") from None


def _remove_keeping_tail(parent: etree._Element, child: etree._Element) -> None:
    tail, before = child.tail, child.getprevious()
    if tail:
        if before is None:
            parent.text = (parent.text or "") + tail
        else:
            before.tail = (before.tail or "") + tail
    child.tail = None
    parent.remove(child)


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
