"""Metadata (OASIS SAML V2.0 Metadata §2): those of a simulated identity provider, and reading a service provider's."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from lxml import etree

from simulators.kit.keys import Credential, credential
from simulators.kit.saml import METADATA, POST, PROTOCOL, REDIRECT, SOAP, XMLDSIG, ds
from simulators.kit.saml_answer import fresh_id
from simulators.kit.saml_sign import sign
from simulators.kit.soap import parse
from simulators.kit.store import Refused


def md(name: str) -> str:
    return f"{{{METADATA}}}{name}"


def identity_provider(
    *,
    entity_id: str,
    own: Credential,
    name_id_formats: Sequence[str],
    sso: Sequence[tuple[str, str]],
    slo: Sequence[tuple[str, str]],
    wrong: Collection[str],
) -> bytes:
    """Signed metadata; `sso` and `slo` are pairs of binding and address. With `next_key` both keys are listed."""
    root = etree.Element(md("EntityDescriptor"), nsmap={"md": METADATA, "ds": XMLDSIG})
    root.set("ID", fresh_id())
    root.set("entityID", entity_id)
    role = etree.SubElement(
        root, md("IDPSSODescriptor"), WantAuthnRequestsSigned="true", protocolSupportEnumeration=PROTOCOL
    )
    keys = [own, credential("next")] if "next_key" in wrong else [own]
    for use, one in [*(("signing", key) for key in keys), ("encryption", own)]:
        info = etree.SubElement(etree.SubElement(role, md("KeyDescriptor"), use=use), ds("KeyInfo"))
        data = etree.SubElement(info, ds("X509Data"))
        etree.SubElement(data, ds("X509Certificate")).text = one.base64
    for binding, location in slo:
        etree.SubElement(role, md("SingleLogoutService"), Binding=binding, Location=location)
    for form in name_id_formats:
        etree.SubElement(role, md("NameIDFormat")).text = form
    for binding, location in sso:
        etree.SubElement(role, md("SingleSignOnService"), Binding=binding, Location=location)
    # As the schema has it, the signature comes first: there is no Issuer it could follow.
    sign(root, own, {"unsigned", "wrong_key", "sha1"} & set(wrong))
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8")


def service_provider(text: bytes) -> dict[str, Any]:
    """What a service provider's metadata say, as an item of the store of services. Raises Refused."""
    try:
        root = parse(text)
    except ValueError as error:
        raise Refused(f"the metadata are not XML: {error}") from error
    role = root.find(md("SPSSODescriptor"))
    if root.tag != md("EntityDescriptor") or role is None:
        raise Refused("these are not the metadata of a service provider")
    keys = role.findall(md("KeyDescriptor"))
    # Those to encrypt to first; one without `use` is for both.
    keys.sort(key=lambda key: key.get("use") == "signing")
    certificates = [
        "".join((element.text or "").split()) for key in keys for element in key.iter(ds("X509Certificate"))
    ]

    def locations(name: str, *bindings: str) -> list[str]:
        found = [(one.get("Binding"), one.get("Location", "")) for one in role.findall(md(name))]
        return [location for binding in bindings for kind, location in found if kind == binding]

    return {
        "entity_id": root.get("entityID", ""),
        "certificates": list(dict.fromkeys(certificates)),
        "acs": locations("AssertionConsumerService", POST),
        "logout": next(iter(locations("SingleLogoutService", REDIRECT, POST)), ""),
        "logout_soap": next(iter(locations("SingleLogoutService", SOAP)), ""),
    }
