"""Reads what came from outside: base64, DEFLATE, XML, times; bounded, and refused where it is not exactly that."""

from __future__ import annotations

import base64
import binascii
import re
import zlib
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime
from functools import cache
from typing import Any

from lxml import etree

from hub.kernel.errors import LoginRefused, RemoteGarbage
from hub.kit.xml import parse as parse_xml
from hub.kit.xml_algorithms import DS, XENC, XENC11
from identity.saml.names import MD, SAML, SAMLP, SOAP, XSI

NS = {"saml": SAML, "samlp": SAMLP, "md": MD, "ds": DS, "xenc": XENC, "xenc11": XENC11, "soap": SOAP}
LARGEST = 1_000_000
"""Bytes of a message, unpacked. An eIDAS response with addresses and certificates has about 20,000."""

_TIME = re.compile(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9})\d*)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_NCNAME = re.compile(r"[A-Za-z_][A-Za-z0-9._-]{0,255}", re.ASCII)
_ID_ATTRIBUTES = ("ID", "Id", "id", "{http://www.w3.org/XML/1998/namespace}id")


def malformed(detail: str) -> LoginRefused:
    return LoginRefused(detail, reason="malformed")


def parse(data: bytes, what: str) -> etree._Element:
    """The root element: no DTD, no entities, no two elements with the same ID.

    Two elements with one ID are what most signature wrapping lives on: the verifier finds the one and the reader
    the other (Somorovsky et al., “On Breaking SAML”, 2012, §6). Raises LoginRefused.
    """
    try:
        root = parse_xml(data, max_bytes=LARGEST, what=what)
    except RemoteGarbage as error:
        raise malformed(str(error)) from None
    seen: set[str] = set()
    for element in root.iter(etree.Element):
        for name in _ID_ATTRIBUTES:
            value = element.get(name)
            if value is None:
                continue
            if value in seen:
                raise malformed(f"The {what} has two elements with the same ID.")
            seen.add(value)
    return root


def unpack_post(value: str, what: str) -> bytes:
    """Base64 of an HTTP-POST field (Bindings §3.5.4)."""
    if len(value) > LARGEST * 4 // 3 + 100:
        raise malformed(f"The {what} is larger than {LARGEST} bytes.")
    try:
        return base64.b64decode("".join(value.split()), validate=True)
    except (binascii.Error, ValueError):
        raise malformed(f"The {what} is not base64.") from None


def unpack_redirect(value: str, what: str) -> bytes:
    """Base64 of raw DEFLATE (Bindings §3.4.4.1)."""
    packed = unpack_post(value, what)
    inflater = zlib.decompressobj(-15)
    try:
        data = inflater.decompress(packed, LARGEST + 1)
    except zlib.error:
        raise malformed(f"The {what} is not DEFLATE.") from None
    if len(data) > LARGEST:
        raise malformed(f"The {what} is larger than {LARGEST} bytes when unpacked.")
    if not inflater.eof or inflater.unused_data:
        raise malformed(f"The {what} ends too early or too late.")
    return data


def children(element: etree._Element, path: str) -> list[etree._Element]:
    """Direct children, or children of children, by a path such as `saml:Subject/saml:NameID`."""
    return list(element.iterfind(path, NS))


def only(element: etree._Element, path: str, what: str | None = None) -> etree._Element:
    found = children(element, path)
    if len(found) != 1:
        raise malformed(f"There must be exactly one {what or path}, and there are {len(found)}.")
    return found[0]


def at_most_one(element: etree._Element, path: str) -> etree._Element | None:
    found = children(element, path)
    if len(found) > 1:
        raise malformed(f"There must be at most one {path}, and there are {len(found)}.")
    return found[0] if found else None


def text(element: etree._Element) -> str:
    """All text of an element that has nothing but text, without white space around it.

    lxml's `.text` ends at the first comment or processing instruction: `admin@x<!---->.evil.test` would be read as
    `admin@x`. An element with anything but text in it is refused.
    """
    if len(element):
        raise malformed(f"{etree.QName(element).localname} holds a comment, an instruction or an element besides text.")
    return (element.text or "").strip()


def attribute(element: etree._Element, name: str) -> str:
    value = element.get(name)
    if not value:
        raise malformed(f"{etree.QName(element).localname} has no {name}.")
    return value


def identifier(element: etree._Element) -> str:
    value = attribute(element, "ID")
    if not _NCNAME.fullmatch(value):
        raise malformed(f"The ID of {etree.QName(element).localname} is not an XML name of at most 256 letters.")
    return value


def time(value: str, what: str) -> datetime:
    """xs:dateTime; without an offset it is UTC (Core §1.3.3). Also `+00:00` and nine decimals are in use."""
    match = _TIME.fullmatch(value.strip())
    try:
        if match is None:
            raise ValueError
        fraction = (match[2] or "0").ljust(6, "0")[:6]
        moment = datetime.fromisoformat(f"{match[1]}.{fraction}{(match[3] or 'Z').replace('Z', '+00:00')}")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise malformed(f"{what} is not a time.") from None


def time_of(element: etree._Element, name: str) -> datetime | None:
    value = element.get(name)
    return None if value is None else time(value, name)


def check_schema(root: etree._Element, what: str) -> None:
    """Raises LoginRefused where the message breaks the schemas of SAML 2.0.

    `xsi:type` of attribute values is looked away from: eIDAS nodes name types of schemas that are not part of SAML.
    """
    copy = deepcopy(root)
    for value in copy.iter(f"{{{SAML}}}AttributeValue"):
        if value.get(f"{{{XSI}}}type") is not None:
            del value.attrib[f"{{{XSI}}}type"]
    schema = _schema("metadata" if root.tag.startswith(f"{{{MD}}}") else "protocol")
    if not schema.validate(copy):
        place = next(iter(_reasons(schema)), "")
        raise malformed(f"The {what} breaks the schema of SAML 2.0{place}.")


def _reasons(schema: etree.XMLSchema) -> Iterator[str]:
    # The library's message quotes values, which are personal data; the path does not.
    log: Any = schema.error_log  # the stubs do not know that it can be gone through
    for entry in log:
        yield f" at {re.sub(r'{[^}]*}', '', str(entry.path))[:200]} (line {entry.line})"


@cache
def _schema(name: str) -> etree.XMLSchema:
    from importlib.resources import as_file, files

    with as_file(files("onelogin.saml2") / "schemas" / f"saml-schema-{name}-2.0.xsd") as file:
        return etree.XMLSchema(etree.parse(str(file)))
