"""Single records of a document as bytes, for whoever keeps what could not be used."""

from __future__ import annotations

import json
from collections.abc import Collection
from decimal import Decimal
from typing import Any

from lxml import etree

from hub.mapping.mapping import Mapping
from hub.mapping.run import Run


def fragments(mapping: Mapping, document: Any, wanted: Collection[int | str]) -> tuple[dict[int | str, bytes], str]:
    """The wanted records, by their position among all or by their key, and the media type of their bytes.

    A record is written anew in UTF-8, with every field and digit it has in the document. One that shares its element
    with others (`each`) comes with the whole of it.
    """
    plan, run = mapping.plan(document), Run({})
    document = plan.medium.prepare(document)
    elements = plan.medium.select(document, plan.records, Run({}), ())
    found: dict[int | str, bytes] = {}
    for position, index, raw, _ in plan.rows(document, run):
        if position in wanted:
            found[position] = _written(elements[index])
        try:
            key = plan.key.build(raw, run)
        except ValueError:
            continue
        if key in wanted:
            found[key] = _written(elements[index])
    return found, "application/xml" if etree.iselement(document) else "application/json"


def _written(element: Any) -> bytes:
    if etree.iselement(element):
        return etree.tostring(element, encoding="utf-8", with_tail=False)
    return _json(element).encode("utf-8", "surrogatepass")


def _json(value: Any) -> str:
    """As json.dumps, with decimals as the numbers they were."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_json(str(key))}: {_json(part)}" for key, part in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_json, value)) + "]"
    return str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False)
