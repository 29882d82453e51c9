"""Reads a record of ours by dotted paths, for what is sent to a back office.

A record is what a noun documents for its kind of delivery: dicts, lists, texts, numbers, booleans, dates, amounts and
bytes; or the same as JSON keeps it, with ISO 8601 texts for dates and `{"minor": 4860, "currency": "EUR"}` for amounts.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from hub.kernel.money import Money
from hub.kernel.references import Reference
from hub.mapping.block import Block
from hub.mapping.paths import parse_path

SHARED = ("key", "receipts")
"""What stands above every record: a path that begins with one of these means it inside `each` too."""


class Scope(NamedTuple):
    """Where paths start: `item` is the record or the current item of a list, found at `place`; `top` is the record."""

    item: Any
    top: Mapping[str, Any]
    place: str = ""


Read = Callable[[Scope], Any]
"""What stands at a path; None where nothing does. Raises ValueError where the path leads through something else."""


class OurPath(NamedTuple):
    names: tuple[str, ...]
    text: str

    @property
    def shared(self) -> bool:
        return bool(self.names) and self.names[0] in SHARED

    def shown(self, scope: Scope) -> str:
        """The path from the record, as staff find it: `documents[1].name`."""
        if self.shared or not scope.place:
            return self.text
        return scope.place if not self.names else f"{scope.place}.{self.text}"

    def read(self, scope: Scope) -> Any:
        value: Any = scope.top if self.shared else scope.item
        for name in self.names:
            if value is None:
                return None
            value = _inside(value, name)
        return value


def our_path(block: Block) -> OurPath:
    """The path that `block` names. Raises ConfigurationError."""
    text = block.text()
    try:
        steps = parse_path(text, {})
    except ValueError as error:
        raise block.error(
            str(error), remedy="Write names of the record with dots between them: applicant.name."
        ) from error
    return OurPath(tuple("@" * step.attribute + step.name for step in steps), text)


def _inside(value: Any, name: str) -> Any:
    if isinstance(value, Mapping):
        return value.get(name)
    if isinstance(value, (Money, Reference)):
        if name in value._fields:
            return getattr(value, name)
        raise ValueError(f"has no {name!r}, only {' and '.join(value._fields)}")
    if isinstance(value, Sequence) and not isinstance(value, (str, bytes)):
        raise ValueError(f"is a list, and {name!r} is looked for in one thing; repeat it with `each`")  # noqa: TRY004
    raise ValueError(f"is a single value, and {name!r} is looked for inside it")


def money_of(value: Any) -> Money:
    """An amount of a record. Raises ValueError for anything else."""
    if isinstance(value, Money):
        return value
    if isinstance(value, Mapping) and value.keys() == {"minor", "currency"}:
        minor, currency = value["minor"], value["currency"]
        if isinstance(minor, int) and not isinstance(minor, bool) and isinstance(currency, str):
            return Money(minor, currency)
    raise ValueError("is not an amount")
