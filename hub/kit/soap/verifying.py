"""WS-Security of what we receive: decrypted, its signature verified, and of the message only what was signed kept.

Wrapping attacks (McIntosh, Austel, “XML Signature Element Wrapping Attacks”, 2005; Gruschka, Lo Iacono, “Vulnerable
Cloud: SOAP Message Security Validation Revisited”, 2009) live on a verifier that finds the signed element by its ID
and a reader that finds another by its place. Here the place decides: the signed element must be the Body of the
envelope itself (or a direct child of its Header or of the Security header), its ID must occur once under every name an
ID goes by, and what is read afterwards is parsed from the octets whose digest was signed. Nothing else of the message
is handed on.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from xml.sax.saxutils import quoteattr

from lxml import etree

from hub.kernel.errors import RemoteGarbage
from hub.kit import xml, xml_encryption
from hub.kit.soap.envelope import body_of
from hub.kit.soap.names import XML
from hub.kit.soap.wss import SECURITY, TIMESTAMP, WSU, WSU_ID, Material, Verify
from hub.kit.xml_algorithms import DIGESTS, DS, EC, ENVELOPED, SIGNATURES, XENC
from hub.kit.xml_signature import NotAccepted, Reference, canonical_octets, made_by, read_signature

_ID_NAMES = (WSU_ID, "Id", "ID", "id", f"{{{XML}}}id", "AssertionID")
_SIGNATURE = f"{{{DS}}}Signature"
_DATA = f"{{{XENC}}}EncryptedData"
_KEY = f"{{{XENC}}}EncryptedKey"
_NCNAME = re.compile(r"[A-Za-z_][A-Za-z0-9._-]{0,255}", re.ASCII)
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)", re.ASCII)
_MOST_ENCRYPTED = 8
_MOST_KEYS = 4


@dataclass(frozen=True, slots=True)
class Guard:
    """What replies must be like to be believed."""

    settings: Verify
    material: Material

    def open(self, root: etree._Element, now: datetime) -> etree._Element:
        """A new envelope with the signed header blocks and the signed Body of the message, and nothing else.

        `root` is changed where something was encrypted. Raises NotAccepted, RemoteGarbage.
        """
        body = body_of(root)
        security = self._security(root)
        keys = signatures = 0
        signed: dict[str, etree._Element] = {}
        # Its parts are processed in the order they stand in (WS-Security 1.1.1 §5).
        for child in list(security.iterchildren(etree.Element)):
            if child.tag == _KEY:
                keys += 1
                if keys > _MOST_KEYS:
                    raise NotAccepted(f"The reply has more than {_MOST_KEYS} encrypted keys.", "malformed")
                self._decrypt(root, security, child, signed)
            elif child.tag == _SIGNATURE:
                signatures += 1
                signed |= self._verified(root, body, security, child)
        for child in security.iterchildren(_SIGNATURE):
            if signatures == 0:  # It was encrypted itself and has come to light only now.
                signatures += 1
                signed |= self._verified(root, body, security, child)
        if signatures != 1:
            raise NotAccepted(f"The reply must carry one signature; it carries {signatures}.", "bad_signature")
        if body.tag not in signed:
            raise NotAccepted("The signature of the reply does not cover its Body.", "bad_signature")
        self._check_timestamp(security, signed.pop(TIMESTAMP, None), now)
        return _assembled(root, signed.pop(str(body.tag)), signed.values())

    def _security(self, root: etree._Element) -> etree._Element:
        headers = list(root.iterchildren(f"{{{etree.QName(root).namespace}}}Header"))
        if len(headers) > 1:
            raise RemoteGarbage(f"The reply's envelope has {len(headers)} Header elements instead of one.")
        found = [one for header in headers for one in header.iterchildren(SECURITY)]
        if len(found) != 1:
            raise NotAccepted(f"The reply has {len(found)} Security headers; it must be signed.", "bad_signature")
        return found[0]

    def _verified(
        self, root: etree._Element, body: etree._Element, security: etree._Element, signature: etree._Element
    ) -> dict[str, etree._Element]:
        """By tag, what the signature covers, read anew from the octets it is over."""
        info = read_signature(signature, "reply")
        if info.canonicalisation != EC:
            raise _weak("is canonicalised other than by exclusive c14n")
        if info.method not in SIGNATURES:
            raise _weak(f"is by {_short(info.method)}; accepted are {', '.join(SIGNATURES.values())}")
        if signature.find(f"{{{DS}}}Object") is not None:
            raise NotAccepted("The signature of the reply holds an Object.", "bad_signature")
        # Only the Body is a Body; everything else may stand in the Header or the Security header.
        places = {body} | {
            one
            for holder in (security, security.getparent())
            for one in (holder.iterchildren(etree.Element) if holder is not None else ())
            if one.tag not in (body.tag, SECURITY) and one is not signature
        }
        registered: list[tuple[etree._Element, str, str | None]] = []
        octets: list[tuple[etree._Element, bytes]] = []
        named = _by_id(root)
        for reference in info.references:
            element, attribute = _meant(named, reference)
            if element not in places:
                raise NotAccepted("The signature of the reply is over something in an odd place.", "bad_signature")
            if any(element.tag == one.tag for one, _ in octets):
                raise NotAccepted("The signature of the reply covers one thing twice.", "bad_signature")
            octets.append((element, _signed_octets(element, reference)))
            name = etree.QName(attribute)
            registered.append((element, name.localname, name.namespace))
        if not made_by(signature, self.material.trusted, registered):
            raise NotAccepted("The signature of the reply was made by no key that is trusted here.", "bad_signature")
        return {str(element.tag): _reread(content, element) for element, content in octets}

    def _decrypt(
        self, root: etree._Element, security: etree._Element, key: etree._Element, signed: dict[str, etree._Element]
    ) -> None:
        """Puts what an EncryptedKey lists in the place of its EncryptedData: contents of the Body, header blocks."""
        references = list(key.iterfind(f"{{{XENC}}}ReferenceList/{{{XENC}}}DataReference"))
        if len(references) > _MOST_ENCRYPTED:
            raise NotAccepted(f"The reply has {len(references)} encrypted parts.", "malformed")
        body_tag = str(body_of(root).tag)
        for reference in references:
            name = reference.get("URI", "").removeprefix("#")
            # Where the Body was signed when it was encrypted already, the signed one is decrypted, not the received.
            tree = signed.get(body_tag, root)
            found = [one for one in tree.iter(_DATA) if one.get("Id") == name]
            parent = found[0].getparent() if len(found) == 1 else None
            if parent is None or parent.tag not in {body_tag, str(security.tag)}:
                raise NotAccepted("The reply encrypts something in an odd place.", "malformed")
            plain = xml_encryption.decrypt(found[0], [key], self.material.decrypting, what="reply")
            _replace(found[0], parent, plain)

    def _check_timestamp(self, security: etree._Element, stamp: etree._Element | None, now: datetime) -> None:
        present = security.find(TIMESTAMP) is not None
        if stamp is None:
            if present or self.settings.timestamp:
                what = "a Timestamp that is not signed" if present else "no Timestamp"
                raise NotAccepted(f"The reply has {what} (security.verify.timestamp).", "bad_signature")
            return
        skew = self.settings.skew
        created, expires = _moment(stamp, "Created"), _moment(stamp, "Expires")
        if created is None or created > now + skew:
            raise NotAccepted("The reply was made in the future, or does not say when.", "bad_signature")
        # An answer is made when it is asked for. However long its maker calls it good, an old one is somebody's record.
        if min(expires or created + skew, created + skew) <= now - skew:
            raise NotAccepted("The reply is too old: its Timestamp has expired.", "bad_signature")


def _signed_octets(element: etree._Element, reference: Reference) -> bytes:
    # Nothing that may be signed holds the signature, so that the transform that takes it out changes nothing.
    if reference.used not in {(EC,), (ENVELOPED, EC)} or any(len(one) for one in reference.transforms[:-1]):
        raise _weak("uses another transform than exclusive c14n")
    digest = DIGESTS.get(reference.digest)
    if digest is None:
        raise _weak(f"uses the digest {_short(reference.digest)}; accepted are {', '.join(DIGESTS.values())}")
    octets = canonical_octets(element, reference.prefixes)
    if not reference.fits(octets, digest):
        raise NotAccepted("The reply was changed after it was signed.", "bad_signature")
    return octets


def _by_id(root: etree._Element) -> dict[str, list[tuple[etree._Element, str]]]:
    found: dict[str, list[tuple[etree._Element, str]]] = defaultdict(list)
    for element in root.iter(etree.Element):
        if element.attrib:
            for attribute in _ID_NAMES:
                if (value := element.get(attribute)) is not None:
                    found[value].append((element, attribute))
    return found


def _meant(named: dict[str, list[tuple[etree._Element, str]]], reference: Reference) -> tuple[etree._Element, str]:
    uri = reference.uri or ""
    if not uri.startswith("#") or not _NCNAME.fullmatch(uri[1:]):
        raise NotAccepted("The signature of the reply is over something that has no ID in it.", "bad_signature")
    found = named.get(uri[1:], ())
    if len(found) != 1:
        problem = f"The signature of the reply is over an ID that {len(found)} elements have."
        raise NotAccepted(problem, "bad_signature")
    return found[0]


def _reread(octets: bytes, element: etree._Element) -> etree._Element:
    """The element from its octets. Prefixes that stand in values only (xsi:type) are declared around it again, as the
    message declares them: exclusive canonicalisation leaves them out, and nothing but a schema reads them.
    """
    names = " ".join(f"xmlns:{prefix}={quoteattr(uri)}" for prefix, uri in element.nsmap.items() if prefix)
    around = xml.parse(f"<munihub {names}>".encode() + octets + b"</munihub>", max_bytes=2**31, what="signed reply")
    return around[0]


def _replace(data: etree._Element, parent: etree._Element, plain: bytes) -> None:
    try:
        around = xml.parse(xml_encryption.within(plain, parent), max_bytes=2**31, what="decrypted reply")
    except RemoteGarbage:
        raise xml_encryption.failed("reply") from None
    if (around.text or "").strip() or any((one.tail or "").strip() for one in around):
        raise xml_encryption.failed("reply")
    index = parent.index(data)
    parent.remove(data)
    for offset, child in enumerate(list(around)):
        parent.insert(index + offset, child)


def _assembled(root: etree._Element, body: etree._Element, blocks: Iterable[etree._Element]) -> etree._Element:
    envelope = etree.Element(root.tag, nsmap=root.nsmap)  # type: ignore[arg-type]
    header = etree.SubElement(envelope, f"{{{etree.QName(root).namespace}}}Header")
    header.extend(blocks)
    envelope.append(body)
    return envelope


def _moment(stamp: etree._Element, name: str) -> datetime | None:
    found = list(stamp.iterchildren(f"{{{WSU}}}{name}"))
    text = (found[0].text or "").strip() if len(found) == 1 and not len(found[0]) else ""
    if not found:
        return None
    match = _TIME.fullmatch(text)
    try:
        if match is None:
            raise ValueError
        fraction = (match[1] or "")[:7]
        return datetime.fromisoformat(text.replace(match[1] or "", fraction) if match[1] else text)
    except ValueError:
        raise NotAccepted("The reply's Timestamp is no time.", "malformed") from None


def _weak(problem: str) -> NotAccepted:
    return NotAccepted(f"The signature of the reply {problem}.", "weak_algorithm")


def _short(algorithm: str) -> str:
    return repr(algorithm.rpartition("#")[2][:40]) if algorithm else "nothing"
