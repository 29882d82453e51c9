"""Prepares the input of an operation for zeep: what is nothing, what is binary, what is sent beside the envelope."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from zeep.xsd import ComplexType, Nil
from zeep.xsd.types.builtins import AnyURI, Base64Binary, HexBinary

from hub.kit.soap.attachments import attach
from hub.kit.soap.encoding import item_of

Parts = dict[str, tuple[str, bytes]]


def prepare(values: Any, kind: Any, parts: Parts) -> Any:
    """A copy of `values`, which have the zeep type `kind`, as zeep takes them.

    None becomes xsi:nil. Bytes stay bytes where the type is base64Binary; where it is a reference (`ref:swaRef`,
    xs:anyURI) they are added to `parts` and referred to (WS-I Attachments Profile 1.0 §4.4).
    Raises TypeError for bytes of any other type, which zeep would send as Python writes them.
    """
    if values is None:
        return Nil
    if isinstance(values, bytes | bytearray | memoryview):
        return _binary(bytes(values), kind, parts)
    if isinstance(values, list | tuple):
        item = item_of(kind)
        return [prepare(value, kind if item is None else item, parts) for value in values]
    if isinstance(values, Mapping):
        if not isinstance(kind, ComplexType):  # A message of one value: { value: … }
            return {name: prepare(value, kind, parts) for name, value in values.items()}
        kinds = dict(kind.attributes) | dict(kind.elements)
        return {name: prepare(value, getattr(kinds.get(name), "type", None), parts) for name, value in values.items()}
    return values


def _binary(value: bytes, kind: Any, parts: Parts) -> Any:
    if isinstance(kind, ComplexType):  # A value with attributes, such as xmime:base64Binary.
        inner = dict(kind.elements).get("_value_1")
        return {"_value_1": _binary(value, getattr(inner, "type", None), parts)}
    if isinstance(kind, Base64Binary) or kind is None:
        return value
    if isinstance(kind, HexBinary):
        return value.hex().upper()
    if isinstance(kind, AnyURI):
        return attach(value, parts)
    raise TypeError("bytes are given for a type that is not binary")
