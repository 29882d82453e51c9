"""WS-Addressing (1.0 of 2005/08, and the submission of 2004/08 that older services still want).

To, Action, MessageID and ReplyTo go out; of a reply only RelatesTo is looked at, where it has one.
"""

from __future__ import annotations

from typing import Any, Literal
from uuid import uuid4

from lxml import etree

from hub.kernel.errors import RemoteGarbage
from hub.kit.soap.description import Port
from hub.kit.soap.names import WSDL

Version = Literal["2005-08", "2004-08"]

NAMESPACES: dict[Version, str] = {
    "2005-08": "http://www.w3.org/2005/08/addressing",
    "2004-08": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
}
_ANONYMOUS: dict[Version, str] = {
    "2005-08": f"{NAMESPACES['2005-08']}/anonymous",
    "2004-08": f"{NAMESPACES['2004-08']}/role/anonymous",
}
_METADATA = "http://www.w3.org/2007/05/addressing/metadata"  # WS-Addressing 1.0 Metadata §3.1
_ASKING: dict[str, Version] = {
    f"{{{_METADATA}}}Addressing": "2005-08",
    "{http://www.w3.org/2006/05/addressing/wsdl}UsingAddressing": "2005-08",
    "{http://schemas.xmlsoap.org/ws/2004/08/addressing/policy}UsingAddressing": "2004-08",
    f"{{{NAMESPACES['2004-08']}}}UsingAddressing": "2004-08",
}


def asked_for(port: Port) -> Version | None:
    """The version the WSDL asks for: by a policy or extension (wsam:Addressing, wsaw:UsingAddressing) in one of its
    bindings or services, or else by naming actions (wsam:Action, wsaw:Action).
    """
    for tree in port.documents.trees.values():
        if tree.tag == f"{{{WSDL}}}definitions":
            for element in tree.iter(*_ASKING):
                return _ASKING[str(element.tag)]
    actions = (operation.abstract.wsa_action for operation in port.binding.all().values())
    return "2005-08" if any(actions) else None


def action_of(operation: Any, port: Port) -> str:
    """wsam:Action, else the SOAPAction, else the default pattern (WS-Addressing 1.0 Metadata §4.4).

    `operation` is zeep's.
    """
    if named := operation.abstract.wsa_action or operation.soapaction:
        return str(named)
    port_type = etree.QName(operation.binding.port_name)
    path = f"{{{WSDL}}}portType[@name='{port_type.localname}']/{{{WSDL}}}operation[@name='{operation.name}']"
    inputs = (tree.find(f"{path}/{{{WSDL}}}input") for tree in port.documents.trees.values())
    name = next((one.get("name") for one in inputs if one is not None), None) or f"{operation.name}Request"
    namespace = port_type.namespace or ""
    # The delimiter is a colon within a URN (§4.4.4).
    slash = ":" if namespace.startswith("urn:") else "/"
    return f"{namespace.removesuffix(slash)}{slash}{port_type.localname}{slash}{name}"


def address(header: etree._Element, version: Version, *, to: str, action: str) -> str:
    """Appends the headers of a request that expects its answer on the same connection; returns its MessageID."""
    namespace = NAMESPACES[version]
    message_id = f"urn:uuid:{uuid4()}"
    for name, text in (("Action", action), ("MessageID", message_id), ("To", to)):
        etree.SubElement(header, f"{{{namespace}}}{name}", nsmap={"wsa": namespace}).text = text
    reply_to = etree.SubElement(header, f"{{{namespace}}}ReplyTo", nsmap={"wsa": namespace})
    etree.SubElement(reply_to, f"{{{namespace}}}Address").text = _ANONYMOUS[version]
    return message_id


def check_relates_to(root: etree._Element, message_id: str, *, required: bool = False) -> None:
    """Raises RemoteGarbage where a reply says that it answers another message than ours (RelatesTo), or does not say
    it although that is `required`.
    """
    header = root.find(f"{{{etree.QName(root).namespace}}}Header")
    related = [
        (one.text or "").strip()
        for namespace in NAMESPACES.values()
        for one in (header.iterchildren(f"{{{namespace}}}RelatesTo") if header is not None else ())
    ]
    if required and not related:
        raise RemoteGarbage(
            "The reply has no signed wsa:RelatesTo, so that it may be the answer to another message "
            "(security.verify.relates_to)."
        )
    if related and message_id not in related:
        raise RemoteGarbage("The reply says that it answers another message than ours (wsa:RelatesTo).")
