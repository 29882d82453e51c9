r"""Dotted paths, the same for XML, JSON and rows.

Items.Item          a child of a child
Total.@currency     an attribute (XML) or the key `@currency` (JSON)
a:Item              the child of that name in the namespace declared as `a`; without a prefix, in any
a\.b                a backslash takes a dot, a colon, an @ or a backslash as a plain character
.                   the element itself: its text (XML), the value itself (JSON)
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

_TOKEN = re.compile(r"\\(.)|([.:])|([^\\.:]+)|(\\)", re.DOTALL)
_SPECIAL = re.compile(r"([.:@\\])")


class Step(NamedTuple):
    """One name on a path. `uri` is its namespace; None stands for any."""

    name: str
    uri: str | None = None
    attribute: bool = False


Path = tuple[Step, ...]
"""Empty for the element itself."""


def parse_path(text: str, namespaces: Mapping[str, str]) -> Path:
    """Steps of a dotted path. Raises ValueError saying what is wrong with it."""
    if text == ".":
        return ()
    steps: list[Step] = []
    prefix: str | None = None
    name, attribute, at_start = "", False, True
    for escaped, mark, plain, stray in _TOKEN.findall(text):
        if stray or (escaped and escaped not in ".:@\\"):
            raise ValueError(rf"{text!r}: a backslash stands before one of . : @ \ only")
        if mark == ".":
            steps.append(Step(_name(text, name), _uri(text, prefix, namespaces), attribute))
            prefix, name, attribute, at_start = None, "", False, True
        elif mark == ":":
            if prefix is not None or not name:
                raise ValueError(rf"{text!r}: a colon stands between a prefix and a name; write \: for a plain one")
            prefix, name = name, ""
        else:
            attribute = attribute or (at_start and plain.startswith("@"))
            name += escaped or (plain[1:] if at_start and attribute else plain)
            at_start = False
    steps.append(Step(_name(text, name), _uri(text, prefix, namespaces), attribute))
    if any(step.attribute for step in steps[:-1]):
        raise ValueError(rf"{text!r}: nothing can stand below an attribute; write \@ for a plain @")
    return tuple(steps)


def _name(text: str, name: str) -> str:
    if not name:
        raise ValueError(f"{text!r}: a name is missing")
    return name


def _uri(text: str, prefix: str | None, namespaces: Mapping[str, str]) -> str | None:
    if prefix is None or prefix in namespaces:
        return None if prefix is None else namespaces[prefix]
    known = ", ".join(namespaces) or "none"
    raise ValueError(
        rf"{text!r}: the prefix {prefix!r} is not declared under namespaces (declared: {known}); "
        rf"write \: for a plain colon"
    )


def show_path(path: Path) -> str:
    """The path as a mapping can name it, without namespaces."""
    return ".".join("@" * step.attribute + _SPECIAL.sub(r"\\\1", step.name) for step in path) or "."


def join_paths(*parts: str) -> str:
    """Shown paths put together; `.` and empty ones add nothing."""
    return ".".join(part for part in parts if part not in ("", ".")) or "."
