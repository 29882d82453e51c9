"""XML signatures (XML Signature 1.1) as WS-Security and SAML share them: read, recomputed, verified.

What is read afterwards must be exactly what was signed. So the caller takes the element from its canonical octets,
whose digest is compared here once more: whatever the verifier and the reader might see differently (comments, other
elements with the same ID, other places of the document) is not in them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Iterable
from copy import deepcopy
from dataclasses import dataclass
from typing import Literal

import xmlsec
from lxml import etree
from xmlsec import constants

from hub.kit.certificates import Certificate
from hub.kit.xml_algorithms import DS, EC

_SHA = {"sha1": hashlib.sha1, "sha256": hashlib.sha256, "sha384": hashlib.sha384, "sha512": hashlib.sha512}
_MOST_REFERENCES = 32
_MOST_ATTRIBUTES = 500


class NotAccepted(Exception):
    """A signature or an encryption that is not accepted; the text quotes nothing that was received but names."""

    def __init__(self, detail: str, reason: Literal["bad_signature", "weak_algorithm", "malformed"]) -> None:
        super().__init__(detail)
        self.detail = detail
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Reference:
    """One ds:Reference. `transforms` are the elements, `digest` the algorithm's identifier, `expected` the digest."""

    uri: str | None
    transforms: tuple[etree._Element, ...]
    digest: str
    expected: bytes

    @property
    def used(self) -> tuple[str, ...]:
        """The identifiers of the transforms."""
        return tuple(one.get("Algorithm", "") for one in self.transforms)

    @property
    def prefixes(self) -> list[str]:
        """The PrefixList of the last transform (Exclusive XML Canonicalization 1.0 §2.1)."""
        return [
            prefix
            for one in (self.transforms[-1].iterfind(f"{{{EC}}}InclusiveNamespaces") if self.transforms else ())
            for prefix in (one.get("PrefixList") or "").split()
        ]

    def fits(self, octets: bytes, digest: str) -> bool:
        """Whether `octets` have the expected digest; `digest` is the short name, such as `sha256`."""
        return hmac.compare_digest(_SHA[digest](octets).digest(), self.expected)


@dataclass(frozen=True, slots=True)
class SignedInfo:
    """What a ds:Signature says of itself; identifiers as they stand there, empty where they are missing."""

    canonicalisation: str
    method: str
    references: tuple[Reference, ...]


def read_signature(signature: etree._Element, name: str) -> SignedInfo:
    """`name` says in errors what is signed. Raises NotAccepted (`malformed`)."""
    refuse_crowded(signature)
    infos = _children(signature, "SignedInfo")
    if len(infos) != 1:
        raise _incomplete(name)
    canonical = _children(infos[0], "CanonicalizationMethod")
    methods = _children(infos[0], "SignatureMethod")
    references = _children(infos[0], "Reference")
    if len(canonical) != 1 or len(methods) != 1 or len(references) > _MOST_REFERENCES:
        raise _incomplete(name)
    return SignedInfo(
        canonical[0].get("Algorithm", ""),
        methods[0].get("Algorithm", ""),
        tuple(_reference(one, name) for one in references),
    )


def canonical_octets(
    element: etree._Element, prefixes: Iterable[str], *, without: etree._Element | None = None
) -> bytes:
    """Exclusive canonical form without comments, as it stands in its document; `without` one of its descendants.

    Where a signature is over comments too, they count in its digest and not here: there the digests differ and such a
    message is refused only when it has comments. Raises NotAccepted (`malformed`).
    """
    refuse_crowded(element)
    if without is not None:
        element = _copy_without(element, without)
    standing = [prefix for prefix in prefixes if prefix != "#default"]
    try:
        # A root's siblings, such as comments before it, are no part of the element.
        return etree.tostring(
            element,
            method="c14n",
            exclusive=True,
            with_comments=False,
            inclusive_ns_prefixes=standing or None,
            with_tail=False,
        )
    except etree.C14NError:  # such as for namespace names that are relative (Canonical XML 1.0 §1.3)
        raise NotAccepted(f"The {etree.QName(element).localname} has no canonical form.", "malformed") from None


def refuse_crowded(element: etree._Element) -> None:
    """Raises NotAccepted (`malformed`) where an element within has more attributes than anybody writes.

    libxml2 sorts them for the canonical form in a time that grows with their square: 0.4 MB take a minute.
    """
    if any(len(one.attrib) > _MOST_ATTRIBUTES for one in element.iter(etree.Element)):
        problem = f"The {etree.QName(element).localname} has an element of more than {_MOST_ATTRIBUTES} attributes."
        raise NotAccepted(problem, "malformed")


def made_by(
    signature: etree._Element,
    certificates: Iterable[Certificate],
    signed: Iterable[tuple[etree._Element, str, str | None]],
) -> bool:
    """Whether one of `certificates` made `signature` and all its references hold.

    `signed` are the elements its references may mean, each with the name and namespace of the attribute that is its
    ID; no other element can be found by the verifier. A key or certificate within the message is not looked at.
    """
    signed = list(signed)
    for certificate in certificates:
        context = xmlsec.SignatureContext()
        try:
            # With the key given, KeyInfo is not read at all.
            context.key = xmlsec.Key.from_memory(certificate.pem, constants.KeyDataFormatCertPem)
            for element, name, namespace in signed:
                context.register_id(element, name, namespace)
            context.verify(signature)
        except xmlsec.Error:
            continue
        return True
    return False


def _incomplete(name: str) -> NotAccepted:
    return NotAccepted(f"The signature of the {name} is not complete.", "malformed")


def _reference(reference: etree._Element, name: str) -> Reference:
    digests, values = _children(reference, "DigestMethod"), _children(reference, "DigestValue")
    if len(digests) != 1 or len(values) != 1 or len(values[0]):
        raise _incomplete(name)
    try:
        expected = base64.b64decode("".join((values[0].text or "").split()), validate=True)
    except (binascii.Error, ValueError):
        raise NotAccepted(f"The digest in the signature of the {name} is not base64.", "malformed") from None
    transforms = tuple(reference.iterfind(f"{{{DS}}}Transforms/{{{DS}}}Transform"))
    return Reference(reference.get("URI"), transforms, digests[0].get("Algorithm", ""), expected)


def _children(element: etree._Element, name: str) -> list[etree._Element]:
    return list(element.iterchildren(f"{{{DS}}}{name}"))


def _copy_without(element: etree._Element, descendant: etree._Element) -> etree._Element:
    path = []
    node = descendant
    while node is not element:
        parent = node.getparent()
        assert parent is not None, "what is left out stands within the element"
        path.append(parent.index(node))
        node = parent
    copy = deepcopy(element)
    own = copy
    for index in reversed(path):
        own = own[index]
    parent = own.getparent()
    assert parent is not None
    _remove_keeping_tail(parent, own)
    return copy


def _remove_keeping_tail(parent: etree._Element, child: etree._Element) -> None:
    tail, before = child.tail, child.getprevious()
    if tail:
        if before is None:
            parent.text = (parent.text or "") + tail
        else:
            before.tail = (before.tail or "") + tail
    child.tail = None
    parent.remove(child)
