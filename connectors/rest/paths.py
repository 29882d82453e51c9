r"""Dotted paths to what pagination needs in a reply: `meta.pages`, `links.next`, `Page.@last`.

In JSON a step is a key; in XML it is a child's local name, `@name` an attribute. `\.` is a dot in a key.
"""

from __future__ import annotations

import re
from typing import Any

from lxml import etree

from hub.kernel.errors import RemoteGarbage

_STEPS = re.compile(r"(?:[^\\.]|\\.)+")


def steps(path: str) -> tuple[str, ...]:
    """The steps of `path`. Raises ValueError for an empty one or an empty step."""
    found = _STEPS.findall(path)
    if not found or ".".join(found) != path:
        raise ValueError(f"{path!r} is not a dotted path such as meta.pages")
    return tuple(re.sub(r"\\(.)", r"\1", step) for step in found)


def find(document: Any, path: str) -> Any:
    """The value at `path`; None where it is null or absent.

    The first step must be there where more follow: an API that omits `links.next` on the last page
    still sends `links`, and an API whose `links` was renamed must not look like one with a single page.
    """
    first, *rest = steps(path)
    found = _children(document, first)
    if not found and rest:
        raise RemoteGarbage(f"The reply has no {first!r}, where {path!r} is expected.")
    for step in rest:
        found = [child for value in found[:1] for child in _children(value, step)]
    value = found[0] if found else None
    return (value.text or "").strip() or None if etree.iselement(value) else value


def count(document: Any, path: str) -> int:
    """How many items the list at `path` has; in XML how many elements stand there, which may be none."""
    if etree.iselement(document):
        found = [document]
        for step in steps(path):
            found = [child for element in found for child in _children(element, step)]
        return len(found)
    value: Any = document
    for step in steps(path):
        if not isinstance(value, dict) or step not in value:
            raise RemoteGarbage(f"The reply has no {path!r}, where its items are expected.")
        value = value[step]
    if value is None:
        return 0
    if not isinstance(value, list):
        raise RemoteGarbage(f"{path!r} of the reply is not a list.")
    return len(value)


def whole_number(document: Any, path: str) -> int:
    """The number at `path`, also where it is written as a text."""
    value = find(document, path)
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and len(text) < 16):
        raise RemoteGarbage(f"{path!r} of the reply is not a whole number.")
    return int(text)


def _children(value: Any, step: str) -> list[Any]:
    if etree.iselement(value):
        if step.startswith("@"):
            return [text for text in (value.get(step[1:]),) if text is not None]
        return [child for child in value.iterchildren("*") if etree.QName(child).localname == step]
    return [value[step]] if isinstance(value, dict) and value.get(step) is not None else []
