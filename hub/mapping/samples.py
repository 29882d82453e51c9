"""Reads a document from a file, as a connector would hand it over."""

from __future__ import annotations

import json
from decimal import Decimal
from pathlib import Path
from typing import Any

from lxml import etree

from hub.kernel.errors import ConfigurationError
from hub.kit import xml
from hub.mapping.mapping import Mapping

_ENVELOPES = frozenset({"http://schemas.xmlsoap.org/soap/envelope/", "http://www.w3.org/2003/05/soap-envelope"})


def load_sample(path: Path) -> Any:
    """The document in an .xml or .json file; of a SOAP envelope the first child of its body.

    Raises ConfigurationError, or RemoteGarbage for content that is not what the name says.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ConfigurationError(
            f"cannot be read: {error.strerror or error}", file=str(path), remedy="Check the name and the rights."
        ) from error
    if path.suffix.lower() == ".json":
        return read_json(content, str(path))
    if path.suffix.lower() == ".xml":
        return read_xml(content, path.name)
    raise ConfigurationError("is neither .xml nor .json", file=str(path), remedy="Rename the file after its content.")


def read_json(content: bytes, name: str) -> Any:
    try:
        return json.loads(content, parse_float=Decimal)
    except ValueError as error:
        raise ConfigurationError(f"is not JSON: {error}", file=name, remedy="Save the reply as received.") from error


def read_xml(content: bytes, name: str) -> etree._Element:
    """The root element; of a SOAP envelope the first child of its body."""
    root = xml.parse(content, what=name)
    tag = etree.QName(root)
    if tag.localname != "Envelope" or tag.namespace not in _ENVELOPES:
        return root
    body = root.find(f"{{{tag.namespace}}}Body")
    children = [] if body is None else list(body.iterchildren("*"))
    if not children:
        raise ConfigurationError("is a SOAP envelope with an empty body", file=name, remedy="Take another reply.")
    return children[0]


def with_detail(mapping: Mapping, path: Path, reply: Path) -> Any:
    """The document at `path` with the one reply as the detail of each of its records.

    Raises ConfigurationError for a mapping without `detail:`, or a reply that does not hold exactly one.
    """
    if mapping.detail is None:
        raise ConfigurationError(
            "has no second call", file=str(mapping.file), key="source.detail", remedy="Leave --detail out."
        )
    document, wanted = mapping.details_wanted(load_sample(path))
    found = mapping.details_found(load_sample(reply))
    if len(found) != 1:
        raise ConfigurationError(
            f"holds {len(found)} records in the place of one", file=str(reply), remedy="Correct source.detail.records."
        )
    for one in wanted:
        mapping.detail.put(one.record, found[0])
    return document
