"""Carries messages: HTTP-Redirect, HTTP-POST and SOAP (Bindings §3.4, §3.5, §3.2)."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Mapping
from urllib.parse import quote, unquote_plus, urlsplit

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from lxml import etree

from hub.kernel.errors import LoginRefused
from hub.kit.certificates import Key
from hub.kit.xml_algorithms import RSA_SHA1, RSA_SHA256, SIGNATURES
from hub.ports.eid import Answer, Sent
from identity.saml.names import POST, SOAP
from identity.saml.reading import NS, malformed, only, parse, unpack_post, unpack_redirect
from identity.saml.signatures import Policy, refused, sign, weak

_HASHES: dict[str, Callable[[], hashes.HashAlgorithm]] = {
    "rsa-sha256": hashes.SHA256,
    "rsa-sha384": hashes.SHA384,
    "rsa-sha512": hashes.SHA512,
}


def send(xml: bytes, url: str, binding: str, *, field: str, relay: str | None, key: Key) -> Sent:
    """A signed message on its way by the browser. `field` is SAMLRequest or SAMLResponse."""
    if binding == POST:
        form = {field: base64.b64encode(sign(xml, key)).decode()}
        if relay is not None:
            form["RelayState"] = relay
        return Sent(url, form)
    return Sent(_redirect(xml, url, field=field, relay=relay, key=key))


def _redirect(xml: bytes, url: str, *, field: str, relay: str | None, key: Key) -> str:
    """The signature is over the query's own octets: field, RelayState, SigAlg (Bindings §3.4.4.1)."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = packer.compress(xml) + packer.flush()
    parts = [(field, base64.b64encode(packed).decode()), ("RelayState", relay), ("SigAlg", RSA_SHA256)]
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in parts if value is not None)
    signature = key.private.sign(query.encode(), padding.PKCS1v15(), hashes.SHA256())
    query += f"&Signature={quote(base64.b64encode(signature).decode(), safe='')}"
    return f"{url}{'&' if '?' in url else '?'}{query}"


def raw_query(url: str) -> dict[str, str]:
    """The parameters of a query as they came, still escaped. Raises LoginRefused for one that is there twice."""
    found: dict[str, str] = {}
    for part in urlsplit(url).query.split("&"):
        name, _, value = part.partition("=")
        if name in found:
            raise malformed("The query has a parameter twice.")
        found[name] = value
    return found


def verify_query(raw: Mapping[str, str], field: str, policy: Policy) -> None:
    """Raises LoginRefused where the query of a HTTP-Redirect message is not signed by the identity provider."""
    if not raw.get("Signature") or not raw.get("SigAlg"):
        raise refused("The message is not signed.")
    algorithm = unquote_plus(raw["SigAlg"])
    digest = _HASHES.get(SIGNATURES.get(algorithm, ""))
    chosen: hashes.HashAlgorithm
    if digest is not None:
        chosen = digest()
    elif algorithm == RSA_SHA1 and policy.allows_sha1("logout"):
        chosen = hashes.SHA1()  # noqa: S303 — by a dated exception of the town's only
    else:
        raise weak(
            f"The message is signed with {algorithm.rpartition('#')[2][:40]!r}; accepted are {', '.join(_HASHES)}."
        )
    signed = "&".join(f"{name}={raw[name]}" for name in (field, "RelayState", "SigAlg") if name in raw)
    signature = unpack_post(unquote_plus(raw["Signature"]), "signature")
    for one in policy.certificates:
        key = one.parsed.public_key()
        if not isinstance(key, rsa.RSAPublicKey):
            continue
        try:
            key.verify(signature, signed.encode(), padding.PKCS1v15(), chosen)
        except InvalidSignature:
            continue
        return
    raise refused("The signature of the message was not made by a key of the identity provider.")


def from_query(raw: Mapping[str, str], field: str) -> bytes:
    if unquote_plus(raw.get("SAMLEncoding", "")) not in {
        "",
        "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE",
    }:
        raise malformed("The message is in an encoding that is not known.")
    return unpack_redirect(unquote_plus(raw[field]), "message")


def response_of(answer: Answer) -> bytes:
    """The XML of a Response at our assertion consumer service, which comes by POST only (Profiles §4.1.2)."""
    packed = answer.form.get("SAMLResponse")
    if answer.method != "POST" or not packed:
        raise LoginRefused("There is no SAMLResponse in what came by POST.", reason="malformed")
    return unpack_post(packed, "response")


def from_envelope(body: bytes) -> etree._Element:
    """The one message in a SOAP 1.1 envelope, as a document of its own."""
    root = parse(body, "envelope")
    if root.tag != f"{{{SOAP}}}Envelope":
        raise malformed("The message is not in a SOAP 1.1 envelope.")
    inside = [one for one in only(root, "soap:Body") if isinstance(one.tag, str)]
    if len(inside) != 1 or root.find("soap:Header/*", NS) is not None:
        raise malformed("The envelope must hold one message and no headers.")
    return parse(etree.tostring(inside[0], with_tail=False), "message")


def to_envelope(xml: bytes, key: Key) -> bytes:
    return (
        b'<?xml version="1.0" encoding="UTF-8"?>'
        b'<soap:Envelope xmlns:soap="%b"><soap:Body>%b</soap:Body></soap:Envelope>' % (SOAP.encode(), sign(xml, key))
    )
