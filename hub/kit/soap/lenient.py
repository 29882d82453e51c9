"""Checks a reply against its schema where a town has said that some fields need not fit it.

libxml2 tells every violation with a path for which it counts the siblings before: time that grows with the square of
their number where each of many records has the same mistake, which is just what leniency is for. So long lists are
checked piece by piece.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from copy import deepcopy
from dataclasses import replace
from itertools import islice
from typing import Any

from lxml import etree

from hub.kit.soap.names import local
from hub.kit.soap.schema import BodySchema
from hub.kit.soap.violations import Violation

_PIECE = 200
_MANY = 1_000_000
_MOST_FORGIVEN = 20


def judge(
    body: etree._Element, schema: BodySchema, lenient: Collection[str]
) -> tuple[list[Violation], list[Violation]]:
    """Violations that stop the reply (up to 5), and those at the paths of `lenient`, one of each path.

    Where an element is missing or in the wrong place, libxml2 does not look at what follows within the same parent.
    """
    stopping: list[Violation] = []
    forgiven: dict[str, Violation] = {}
    wanted = frozenset(lenient)
    for violation in _all(body, schema):
        if matched := sorted(violation.places & wanted):
            if len(forgiven) < _MOST_FORGIVEN:
                forgiven.setdefault(matched[0], replace(violation, path=matched[0]))
        else:
            stopping.append(violation)
            if len(stopping) == 5:
                break
    return stopping, list(forgiven.values())


def _all(body: etree._Element, schema: BodySchema) -> Iterator[Violation]:
    longest = max(body.iter(etree.Element), key=len)
    if len(longest) <= _PIECE:
        yield from schema.violations(body, limit=_MANY)
        return
    above = frozenset({longest, *longest.iterancestors()})
    for start in range(0, len(longest), _PIECE):
        piece = _copy(body, above, longest, start)
        for violation in schema.violations(piece, limit=_MANY):
            yield _moved(violation, longest[start], start)


def _copy(element: etree._Element, above: Collection[etree._Element], longest: etree._Element, start: int) -> Any:
    """A copy of `element` that has of the children of `longest` only those from `start` on; `above` lead to it."""
    if element not in above:
        return deepcopy(element)
    copy: Any = etree.Element(element.tag, element.attrib, nsmap=element.nsmap)  # type: ignore[arg-type]
    copy.text, copy.tail = element.text, element.tail
    children = islice(element, start, start + _PIECE) if element is longest else element
    copy.extend(_copy(child, above, longest, start) for child in children)
    return copy


def _moved(violation: Violation, first: etree._Element, start: int) -> Violation:
    """With its position in the whole list; `first` is the first child of the piece."""
    if not isinstance(first.tag, str):
        return violation
    pattern = rf"((?:^|\.){re.escape(local(first))})\[(\d+)\]"
    path = re.sub(pattern, lambda match: f"{match[1]}[{int(match[2]) + start}]", violation.path, count=1)
    return replace(violation, path=path)
