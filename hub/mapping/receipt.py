"""Receipts: named texts of a reply, such as the number a case was given, kept before the next step.

receipt: { number: Predmet.Broj, urbroj: { from: Predmet.UrBroj, required: false } }
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from lxml import etree

from hub.kit.yaml_document import YamlDocument
from hub.mapping.block import Block
from hub.mapping.context import Context, spec_of
from hub.mapping.group import Complaint, Group
from hub.mapping.layout import Layout
from hub.mapping.medium import JSON, XML, Medium
from hub.mapping.model import Field, Kind
from hub.mapping.paths import Path as StepPath
from hub.mapping.paths import join_paths, show_path
from hub.mapping.problems import MappingProblem
from hub.mapping.run import Run
from hub.mapping.values import compile_value


class _Reader(NamedTuple):
    medium: Medium
    group: Group
    start: Any


@dataclass(frozen=True, slots=True)
class CompiledReceipt:
    """One `receipt:` block. Safe to share between threads and tasks."""

    _xml: _Reader
    _json: _Reader
    _found: StepPath

    def read(self, document: Any) -> dict[str, str]:
        """The named texts of a reply: an lxml element or a JSON value. One that is not required may be absent.

        Raises MappingProblem with the path where one is missing or cannot be read, and where the reply holds several
        things in the place of one.
        """
        receipts = self.read_all(document)
        if len(receipts) != 1:
            said = "is not there" if not receipts else f"stands there {len(receipts)} times, and one was asked about"
            raise MappingProblem([Complaint("receipt", show_path(self._found), None, said)])
        return receipts[0]

    def read_all(self, document: Any) -> list[dict[str, str]]:
        """The same of everything at `found`: an empty list where the reply says that there is nothing.

        Raises MappingProblem for one that cannot be read.
        """
        reader = self._xml if etree.iselement(document) else self._json
        run = Run({})
        elements = reader.medium.select(reader.medium.prepare(document), self._found, run, ())
        return [self._one(reader, element, index, run) for index, element in enumerate(elements)]

    def _one(self, reader: _Reader, element: Any, index: int, run: Run) -> dict[str, str]:
        raw = reader.start(element, run)
        complaints = reader.group.misfits(run.take_misfits()) or reader.group.complaints(raw, run)
        if complaints:
            place = f"{show_path(self._found)}[{index}]" if self._found else ""
            raise MappingProblem([one._replace(path=join_paths(place, one.path)) for one in complaints])
        values = reader.group.make(raw, run)
        return {name: text for name, text in values.items() if text is not None}


def compile_receipt(
    block: Block | Mapping[str, Any], *, file: str | Path, timezone: ZoneInfo, found: Block | str | None = None
) -> CompiledReceipt:
    """Compile a `receipt:` block of `file`; a Block knows its lines, a plain dict is taken as the whole of `file`.

    Paths start at the root of the reply, or at each element that the path `found` names. Every text is required
    unless it says `required: false`. Raises ConfigurationError naming file, line, key, the allowed words and the
    remedy.
    """
    if not isinstance(block, Block):
        block = Block(YamlDocument(Path(file), block), (), block)
    if not isinstance(block.value, dict) or not block.value:
        raise block.error("is not a block of names", remedy="Write { number: path in the reply }.")
    at = Block(block.document, (), found) if isinstance(found, str) else found
    context = Context(Layout(), XML, {}, timezone)
    path = context.path(at) if at is not None else ()
    return CompiledReceipt(_reader(context, XML, block), _reader(context, JSON, block), path)


def _reader(context: Context, medium: Medium, block: Block) -> _Reader:
    layout = Layout()
    context = replace(context, layout=layout, medium=medium)
    values, fields = {}, {}
    for name, part in block.items():
        spec = spec_of(part)
        flag = spec.get("required")
        required = flag.flag() if flag else True
        field = fields[str(name)] = Field(Kind.TEXT, "A text of the reply.", required=required)
        rest = {verb: said for verb, said in spec.value.items() if verb != "required"}
        values[str(name)] = compile_value(context, replace(spec, value=rest), field, strict=required)
    # A reply says much that is no receipt.
    layout.ignore((), subtree=True)
    layout.finish()
    return _Reader(medium, Group(values, fields, layout.paths), medium.starter(layout))
