"""Turns libxml2's schema errors into what an operator can act on: where, why, and apart from that the value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from lxml import etree

from hub.kit.soap.names import line_of, local

_LONGEST_VALUE = 40
_LONGEST_REASON = 300
_LONGEST_PATH = 200
_SUBJECT = re.compile(r"^Element '[^']*'(?:, attribute '[^']*')?: ")
_NAMESPACE = re.compile(r"\{[^{}']*[:/.][^{}']*\}(?=\w)")
# libxml2 quotes what stands in the document; a reason goes to logs, where citizens' data must not be.
_QUOTED = re.compile(
    r"^'.*' (?=is not a valid value)|(?<=value )'.*' (?=(?:is|has|does|of)\b)|(?<=key-sequence )\[.*\] ?", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Violation:
    """One place where a document breaks its schema.

    `path` is dotted and relative to the checked element, as in mappings (`Items.Item[3].Total`, `Item.@id`);
    `line` counts in the received document; `reason` is the schema's and quotes no value; `value` is
    what stands there, shortened, or None where there is none.
    """

    path: str
    line: int
    reason: str
    value: str | None

    def __str__(self) -> str:
        return f"{self.path}: {self.reason} (line {self.line})"


def explain(element: etree._Element, log: Any, limit: int) -> list[Violation]:
    """At most `limit` violations from libxml2's error log, the first for each place; at least one."""
    found: dict[str, Violation] = {}
    for entry in log:
        node, attribute = _place(element, entry)
        path = _dotted(element, node, attribute)
        if path not in found:
            found[path] = _violation(path, node, attribute, entry)
            if len(found) == limit:
                break
    return list(found.values()) or [Violation(local(element), line_of(element), "does not fit the schema", None)]


def plain(message: str) -> str:
    """libxml2's message without namespaces and full stop."""
    return _NAMESPACE.sub("", message).strip().removesuffix(".")


def _place(element: etree._Element, entry: Any) -> tuple[etree._Element, str | None]:
    """The element an error is about, and the attribute if it is about one."""
    attribute = re.match(r"Element '[^']*', attribute '([^']*)': ", entry.message)
    scopes = [node.nsmap.items() for node in element.iter(etree.Element)]
    prefixes = {prefix: uri for scope in scopes for prefix, uri in scope if prefix}
    try:
        nodes: Any = etree.ElementTree(element).xpath(entry.path or ".", namespaces=prefixes)
    except etree.XPathError:  # A prefix with two meanings: the whole is named instead of the place.
        nodes = []
    node = next((node for node in nodes if etree.iselement(node)), element)
    return node, attribute[1] if attribute else None


def _dotted(root: etree._Element, node: etree._Element, attribute: str | None) -> str:
    steps = [f"@{etree.QName(attribute).localname}"] if attribute else []
    while node is not root and (parent := node.getparent()) is not None:
        siblings = list(parent.iterchildren(node.tag))
        position = f"[{siblings.index(node) + 1}]" if len(siblings) > 1 else ""
        steps.insert(0, f"{local(node)}{position}")
        node = parent
    return (".".join(steps) or local(root))[:_LONGEST_PATH]


def _violation(path: str, node: etree._Element, attribute: str | None, entry: Any) -> Violation:
    text = node.get(attribute) if attribute else node.text
    reason = _QUOTED.sub("", _SUBJECT.sub("", entry.message))
    for quoted in {text, " ".join((text or "").split())} - {None, ""}:
        reason = reason.replace(f"'{quoted}'", "the value")
    reason = plain(reason)
    value = " ".join(text.split()) if text and (attribute or not len(node)) else None
    return Violation(path, entry.line, reason[:_LONGEST_REASON], _shortened(value) if value else None)


def _shortened(value: str) -> str:
    return value if len(value) <= _LONGEST_VALUE else f"{value[:_LONGEST_VALUE]}…"
