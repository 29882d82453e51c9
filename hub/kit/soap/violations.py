"""Turns libxml2's schema errors into what an operator can act on: where, why, and apart from that the value."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from lxml import etree

from hub.kit.soap.names import declared_prefixes, line_of, local

_LONGEST_VALUE = 40
_LONGEST_REASON = 300
_LONGEST_PATH = 200
_POSITIONS = re.compile(r"\[\d+\]")
_EXPECTED = re.compile(r"Expected is (?:one of )?\( (.*?) \)")
_SUBJECT = re.compile(r"^Element '[^']*'(?:, attribute '[^']*')?: ")
_PREFIX = re.compile(r"([^/:]+):")
_NAMESPACE = re.compile(r"\{[^{}']*[:/.][^{}']*\}(?=\w)")
# libxml2 quotes what stands in the document; a reason goes to logs, where citizens' data must not be.
_QUOTED = re.compile(
    r"^'.*' (?=is not a valid value)|(?<=value )'.*' (?=(?:is|has|does|of)\b)|(?<=key-sequence )\[.*\] ?", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Violation:
    """One place where a document breaks its schema.

    `path` is dotted and relative to the checked element, as in mappings (`Items.Item[3].Total`, `Item.@id`);
    `line` counts in the received document; `reason` is the schema's and quotes no value, so that it may be logged;
    `value` is what stands there, shortened, or None where there is none: it may be about a citizen and belongs into
    evidence only, redacted. `expected` are the paths, without positions, of what is missing there.
    """

    path: str
    line: int
    reason: str
    value: str | None
    expected: tuple[str, ...] = ()

    @property
    def places(self) -> frozenset[str]:
        """The paths, without positions, by which a configuration may name it."""
        return frozenset({without_positions(self.path), *self.expected})

    def __str__(self) -> str:
        return f"{self.path}: {self.reason} (line {self.line})"


def explain(element: etree._Element, log: Any, limit: int) -> list[Violation]:
    """At most `limit` violations from libxml2's error log, the first for each place; at least one."""
    found: dict[str, Violation] = {}
    prefixes: dict[str, str] | None = None
    for entry in log:
        if prefixes is None:
            prefixes = declared_prefixes(element)
        node, attribute = _place(element, entry, prefixes)
        path = _dotted(element, node, attribute)
        if path not in found:
            found[path] = _violation(element, path, node, attribute, entry)
            if len(found) == limit:
                break
    return list(found.values()) or [Violation(local(element), line_of(element), "does not fit the schema", None)]


def without_positions(path: str) -> str:
    """`Items.Item[3].Total` as `Items.Item.Total`."""
    return _POSITIONS.sub("", path)


def plain(message: str) -> str:
    """libxml2's message without namespaces and full stop."""
    return _NAMESPACE.sub("", message).strip().removesuffix(".")


def _place(element: etree._Element, entry: Any, prefixes: dict[str, str]) -> tuple[etree._Element, str | None]:
    """The element an error is about, and the attribute if it is about one."""
    attribute = re.match(r"Element '[^']*', attribute '([^']*)': ", entry.message)
    path = entry.path or "."
    used = {prefix: prefixes[prefix] for prefix in _PREFIX.findall(path) if prefix in prefixes}
    try:
        nodes: Any = etree.ElementTree(element).xpath(path, namespaces=used)
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


def _expected(root: etree._Element, node: etree._Element, message: str) -> tuple[str, ...]:
    """What is missing within `node`, or before it where it is what comes too early."""
    match = _EXPECTED.search(message)
    if match is None:
        return ()
    parent = node if "Missing child" in message else node.getparent()
    within = "" if parent is None or parent is root else f"{without_positions(_dotted(root, parent, None))}."
    names = (name.strip().rpartition("}")[2] for name in match[1].split(","))
    return tuple(f"{within}{name}" for name in names if name and not name.startswith(("*", "##")))


def _violation(root: etree._Element, path: str, node: etree._Element, attribute: str | None, entry: Any) -> Violation:
    text = node.get(attribute) if attribute else node.text
    reason = _QUOTED.sub("", _SUBJECT.sub("", entry.message))
    for quoted in {text, " ".join((text or "").split())} - {None, ""}:
        reason = reason.replace(f"'{quoted}'", "the value")
    reason = plain(reason)
    value = " ".join(text.split()) if text and (attribute or not len(node)) else None
    shown = _shortened(value) if value else None
    return Violation(path, entry.line, reason[:_LONGEST_REASON], shown, _expected(root, node, entry.message))


def _shortened(value: str) -> str:
    return value if len(value) <= _LONGEST_VALUE else f"{value[:_LONGEST_VALUE]}…"
