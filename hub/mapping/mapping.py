"""A compiled mapping: what the hub does with a document of a back office."""

from __future__ import annotations

import collections.abc
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path as File
from types import MappingProxyType
from typing import Any

from lxml import etree

from hub.kernel.errors import RemoteGarbage
from hub.mapping.detail import Detail, Wanted
from hub.mapping.model import Mapped, Target
from hub.mapping.paths import Path, show_path
from hub.mapping.plan import Plan
from hub.mapping.run import Run
from hub.mapping.scalars import outline

_NOBODY: collections.abc.Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where the cursor stands: outside the records, or (with `order`) as the greatest value among them.

    `order` makes something comparable of a text, None of a blank one; raises ValueError.
    """

    path: Path
    order: Callable[[str], Any] | None = None


@dataclass(frozen=True, slots=True)
class CaughtUpTo:
    path: Path
    read: Callable[[str], datetime | None]


@dataclass(frozen=True, slots=True)
class Mapping:
    """One mapping file, compiled. Safe to share between threads and tasks.

    `source_call`  the connector's part of the `source:` block, as it was written.
    `schemes`      the schemes of identifiers its parties use.
    `versions`     what its records' versions are: `integer`, `datetime`, or None where they have none.
    `complete`     whether what is absent from a complete read is gone at the source.
    `examples`     the file of examples, if the mapping names one.
    `detail`       the second call for each record, if there is one.
    """

    file: File
    target: Target
    source_call: collections.abc.Mapping[str, Any]
    schemes: frozenset[str]
    versions: str | None
    complete: bool
    examples: File | None
    xml: Plan
    json: Plan
    cursor_at: Cursor | None
    caught_up_at: CaughtUpTo | None
    detail: Detail | None = None

    @property
    def calls(self) -> list[collections.abc.Mapping[str, Any]]:
        """The connector's parts of all it takes to read the feed."""
        return [self.source_call, *([self.detail.call] if self.detail else [])]

    def details_wanted(self, document: Any) -> tuple[Any, list[Wanted]]:
        """The document, ready for details to be put into it, and its records that need one: not those that `where`
        leaves out, nor those that are gone.
        """
        plan = self.plan(document)
        document = plan.medium.prepare(document)
        return document, plan.details_wanted(document)

    def details_found(self, document: Any) -> list[Any]:
        """What stands in the reply to a second call at the place `detail.records` names."""
        assert self.detail is not None
        plan = self.plan(document)
        return plan.medium.select(plan.medium.prepare(document), self.detail.found, Run({}), ())

    def map(
        self,
        document: Any,
        *,
        asked: collections.abc.Mapping[str, str] = _NOBODY,
        sample: Callable[[str], str] = outline,
    ) -> Mapped:
        """Records, problems and drift of one document: an lxml element or a JSON value.

        `asked` holds the identifiers, by scheme and normalised, of the subject that was asked about.
        A record that cannot be read is among the problems, each of its faults one, and stops no other.
        Drift is told once per path. `sample` makes what drift shows of a value: its outline only, since
        nobody has decided yet what the field holds.
        """
        return self.plan(document).map(document, Run(asked, sample))

    def cursor(self, document: Any, previous: str | None) -> str | None:
        """The cursor after this document; `previous` where it states none.

        Raises RemoteGarbage where an object or a list stands in its place.
        """
        at = self.cursor_at
        if at is None:
            return previous
        plan = self.plan(document)
        document = plan.medium.prepare(document)
        if at.order is None:
            texts = self._texts(plan, document, at.path)
            return texts[0] if texts else previous
        best, rank = previous, self._rank(at.order, previous)
        for element in plan.medium.select(document, plan.records, Run({}), ()):
            for text in self._texts(plan, element, at.path):
                this = self._rank(at.order, text)
                if this is not None and (rank is None or this > rank):
                    best, rank = text, this
        return best

    def caught_up_to(self, document: Any) -> datetime | None:
        """Up to which moment, in UTC, the source says it has counted our own writes; None where it does not.

        Raises RemoteGarbage for something that is no moment: amounts would be wrong without it.
        """
        at = self.caught_up_at
        if at is None:
            return None
        plan = self.plan(document)
        texts = self._texts(plan, plan.medium.prepare(document), at.path)
        if not texts:
            return None
        try:
            return at.read(texts[0])
        except ValueError as error:
            raise RemoteGarbage(f"{show_path(at.path)}: {error}.") from error

    def plan(self, document: Any) -> Plan:
        return self.xml if etree.iselement(document) else self.json

    @staticmethod
    def _texts(plan: Plan, document: Any, path: Path) -> list[str]:
        values = plan.medium.values_at(document, path)
        try:
            texts = [plan.medium.text_of(value).strip() for value in values if value is not None]
        except ValueError as error:
            raise RemoteGarbage(f"{show_path(path)}: {error}.") from error
        return [text for text in texts if text]

    @staticmethod
    def _rank(order: Callable[[str], Any], text: str | None) -> Any:
        """None for what cannot be compared: such a value moves no cursor."""
        try:
            return None if text is None else order(text)
        except ValueError:
            return None
