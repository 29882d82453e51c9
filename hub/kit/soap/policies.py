"""What a WSDL demands of its callers by WS-Policy, in words: security, addressing, MTOM.

Policies stand inside bindings, ports and operations, or are referred to from there (WS-PolicyAttachment
1.5 section 4). They are told and not obeyed: what is sent is what the settings say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from lxml import etree

from hub.kit.soap.names import WSDL, local

_POLICY = frozenset({"http://schemas.xmlsoap.org/ws/2004/09/policy", "http://www.w3.org/ns/ws-policy",
                     "http://www.w3.org/2006/07/ws-policy"})  # fmt: skip
_ID = "{http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd}Id"
_SECURITY = "securitypolicy"
_MEANINGS = {
    "UsernameToken": "WS-Security: user name token",
    "HashPassword": "WS-Security: password as digest",
    "X509Token": "WS-Security: X.509 certificate",
    "SamlToken": "WS-Security: SAML token",
    "IssuedToken": "WS-Security: token of a security token service",
    "KerberosToken": "WS-Security: Kerberos token",
    "SecureConversationToken": "WS-SecureConversation",
    "SignedParts": "WS-Security: signed parts",
    "SignedElements": "WS-Security: signed parts",
    "EncryptedParts": "WS-Security: encrypted parts",
    "EncryptedElements": "WS-Security: encrypted parts",
    "IncludeTimestamp": "WS-Security: timestamp",
    "TransportBinding": "WS-Security: HTTPS",
    "HttpsToken": "WS-Security: HTTPS",
    "Addressing": "WS-Addressing",
    "UsingAddressing": "WS-Addressing",
    "OptimizedMimeSerialization": "MTOM",
    "MTOM": "MTOM",
    "RMAssertion": "WS-ReliableMessaging",
}


def policies(element: etree._Element | None, trees: Mapping[str, etree._Element]) -> list[str]:
    """What applies to a binding, port or operation with all inside it, sorted; `(optional)` where it need not."""
    found = (
        {text for policy in _policies(element, trees) for text in _demands(policy)} if element is not None else set()
    )
    if element is not None:
        found |= {_MEANINGS[local(child)] for child in element.iterchildren(etree.Element) if _is_assertion(child)}
    return sorted(found)


def _policies(element: etree._Element, trees: Mapping[str, etree._Element]) -> Iterator[etree._Element]:
    seen: set[str] = set()
    waiting = [element]
    while waiting:
        for one in waiting.pop().iter(etree.Element):
            if etree.QName(one).namespace not in _POLICY:
                continue
            if local(one) == "Policy":
                yield one
            elif local(one) == "PolicyReference" and (name := one.get("URI", "").partition("#")[2]) not in seen:
                seen.add(name)
                waiting += _named(name, trees)


def _named(name: str, trees: Mapping[str, etree._Element]) -> list[etree._Element]:
    return [
        policy
        for tree in trees.values()
        if tree.tag == f"{{{WSDL}}}definitions"
        for policy in tree.iter(*(f"{{{namespace}}}Policy" for namespace in _POLICY))
        if name
        and name in {policy.get(_ID), policy.get("Name"), policy.get("{http://www.w3.org/XML/1998/namespace}id")}
    ]


def _demands(policy: etree._Element) -> Iterator[str]:
    for assertion in policy.iter(etree.Element):
        if _is_assertion(assertion):
            optional = any(assertion.get(f"{{{namespace}}}Optional") == "true" for namespace in _POLICY)
            yield _MEANINGS[local(assertion)] + (" (optional)" if optional else "")


def _is_assertion(element: etree._Element) -> bool:
    namespace = str(etree.QName(element).namespace or "").lower()
    known = any(
        part in namespace for part in (_SECURITY, "addressing", "optimizedmimeserialization", "soap-mtom", "/rm")
    )
    return known and local(element) in _MEANINGS
