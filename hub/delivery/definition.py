"""Compiles a delivery file: which steps make one delivery to one back office, and how a doubt about each is cleared.

    delivers: open_case
    order: [applicant.id]        # paths of our record: deliveries with the same texts there stay in order
    steps:
      - name: case
        call: { request: POST /cases, key_header: Idempotency-Key }      # the connector's
        request: { Title: subject, Key: key }                            # our record → its input
        receipt: { number: Case.Number }                                 # its reply → named texts
        ask:                                                             # left out where it cannot be asked
          call: { request: "GET /cases?key={key}" }
          request: { key: key }
          found: Cases.Case
          key: OurKey                                                    # where what is found carries our key
          settle: 2m                                                     # it may still be working on it
      - name: document
        each: documents                                                  # once for each, as `item`
        …

What `request:` sees: the noun's record, `key` (ours, of this step), `receipts.<step>.<name>` of the steps before
(`receipts.document.1.id` of the first of several), and in a step with `each` the current one as `item`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

from lxml import etree

from hub.cities.back_offices import DeliveryKind
from hub.kernel.errors import ConfigurationError, InvalidRequest
from hub.kit.durations import parse_duration
from hub.kit.yaml_document import load
from hub.mapping.block import Block, nearest
from hub.mapping.our_record import OurPath, Scope, our_path
from hub.mapping.paths import parse_path
from hub.mapping.receipt import CompiledReceipt, compile_receipt
from hub.mapping.request import CompiledRequest, compile_request
from hub.ports.back_office import Connector, Document, RemoteOperation

SETTLE = timedelta(minutes=1)
"""How long a back office may still be working on what it was sent, unless its file says so."""

_NAME = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_")


@dataclass(frozen=True, slots=True)
class Ask:
    """How a back office is asked what became of our key. `operation` is None in a process without connectors."""

    operation: RemoteOperation | None
    request: CompiledRequest
    receipt: CompiledReceipt
    keys: CompiledReceipt | None
    first: str | None
    settle: timedelta

    def found(self, document: Document | None, key: str) -> list[dict[str, str]] | None:
        """What it has under our key; an empty list where it surely has nothing, None where its reply tells nothing.

        Where the file says at what place a thing there carries our key, one that carries another is not ours, and an
        answer of such things alone tells nothing: a search may look for a part of the key, or not at all.
        "Nothing there" is believed of a reply that has the place where something would be: an empty list, an element
        without children, or (document None) a status that says so. Raises MappingProblem for what cannot be read.
        """
        if document is None:
            return []
        if self.first is not None and not _has(document, self.first):
            return None
        if self.keys is None:
            return self.receipt.read_all(document)
        ours = [one.get("key") == key for one in self.keys.read_all(document)]
        if ours and not any(ours):
            return None
        return [one for one, mine in zip(self.receipt.read_all(document), ours, strict=True) if mine]


@dataclass(frozen=True, slots=True)
class Step:
    """One exchange. `each` is the list of our record it is repeated for, `names` what a receipt of it must hold."""

    name: str
    names: tuple[str, ...]
    operation: RemoteOperation | None
    request: CompiledRequest
    receipt: CompiledReceipt | None
    ask: Ask | None
    each: OurPath | None


@dataclass(frozen=True, slots=True)
class Turn:
    """One step as it is made for one delivery: `name` is `case`, or `document.1` of the first of several."""

    name: str
    step: Step
    item: Any = None


@dataclass(frozen=True, slots=True)
class Definition:
    """A delivery file, compiled. Safe to share between tasks."""

    kind: str
    file: Path
    order: tuple[OurPath, ...]
    steps: tuple[Step, ...]

    def turns(self, values: Mapping[str, Any]) -> Iterator[Turn]:
        """The steps for one record, in order. Raises InvalidRequest where `each` names no list."""
        for step in self.steps:
            if step.each is None:
                yield Turn(step.name, step)
                continue
            items = step.each.read(Scope(values, values))
            if items is not None and (isinstance(items, (str, bytes, Mapping)) or not isinstance(items, Sequence)):
                raise InvalidRequest(f"{step.each.text} is not a list.", field=step.each.text)
            for number, item in enumerate(items or (), 1):
                yield Turn(f"{step.name}.{number}", step, item)

    def step(self, turn: str) -> Step | None:
        """The step of which `turn` is one."""
        name = turn.partition(".")[0]
        return next((one for one in self.steps if one.name == name), None)

    def order_of(self, values: Mapping[str, Any]) -> str | None:
        """The texts that `order` names, together; None where the file names none. Raises ValueError for one missing."""
        if not self.order:
            return None
        texts = []
        for path in self.order:
            value = path.read(Scope(values, values))
            if value is None or isinstance(value, (list, Mapping)):
                raise ValueError(f"{path.text} has no text by which the order could be kept")
            texts.append(str(value))
        return "\0".join(texts)


def compile_delivery(file: Path, kind: str, *, timezone: ZoneInfo, connector: Connector | None) -> Definition:
    """Raises ConfigurationError naming file, line, key, the allowed words and the remedy.

    Without a connector the calls are not looked at, and nothing can be sent by what is returned.
    """
    document = load(file)
    top = Block(document, (), document.data)
    top.keys(("delivers", "order", "steps"))
    delivers = top.get("delivers")
    if delivers is None:
        raise top.error(
            "says not what it delivers", remedy=f"Add delivers: one of {', '.join(get_args(DeliveryKind))}."
        )
    if delivers.text() != kind:
        raise delivers.error(
            f"is not {kind!r}, as which it is configured", remedy=nearest(kind, get_args(DeliveryKind))
        )
    steps = top.get("steps")
    blocks = steps.entries("Write a list of steps: - name: case …") if steps else []
    if not blocks:
        raise top.error("has no steps", remedy="Add steps: a list, each with name, call and request.")
    order = top.get("order")
    compiled: list[Step] = []
    for block in blocks:
        step = _step(block, timezone, connector)
        if any(step.name == other.name for other in compiled):
            raise block.error(f"there is a step {step.name!r} already", at="name", remedy="Name each step differently.")
        compiled.append(step)
    paths = tuple(our_path(one) for one in order.entries("Write a list of paths: [applicant.id].")) if order else ()
    return Definition(kind, file, paths, tuple(compiled))


def _step(block: Block, timezone: ZoneInfo, connector: Connector | None) -> Step:
    block.keys(("name", "call", "request", "receipt", "ask", "each"))
    name, each, receipt, ask = (block.get(key) for key in ("name", "each", "receipt", "ask"))
    if name is None or not set(name.text()) <= _NAME:
        raise block.error("has no name in a-z, 0-9 and _", at="name", remedy="Name it by what it does: case, document.")
    file = block.document.path
    compiled = compile_receipt(receipt, file=file, timezone=timezone) if receipt else None
    return Step(
        name=name.text(),
        names=tuple(str(key) for key, part in receipt.items() if _is_required(part)) if receipt else (),
        operation=_operation(block, connector),
        request=compile_request(_needed(block, "request"), file=file, timezone=timezone),
        receipt=compiled,
        ask=_ask(ask, receipt, timezone, connector) if ask else None,
        each=our_path(each) if each else None,
    )


def _ask(block: Block, of_step: Block | None, timezone: ZoneInfo, connector: Connector | None) -> Ask:
    block.keys(("call", "request", "found", "key", "receipt", "settle"))
    key = block.get("key")
    receipt, found, settle = block.get("receipt") or of_step, block.get("found"), block.get("settle")
    if receipt is None:
        remedy = "Add receipt: { name: path in its reply }; of what is found at least one thing must be told."
        raise block.error("says not what is read of the answer", remedy=remedy)
    if of_step is not None and (missing := [key for key in of_step.value if key not in receipt.value]):
        remedy = "Read the same names as receipt of the step does: the steps after it may need them."
        raise receipt.error(f"{', '.join(missing)} is not among them", remedy=remedy)
    try:
        path = parse_path(found.text(), {}) if found else ()
        wait = SETTLE if settle is None else parse_duration(str(settle.value))
    except ValueError as error:
        raise block.error(
            str(error), remedy="Write found: a path in the reply, and settle: a time such as 2m."
        ) from error
    file = block.document.path
    return Ask(
        operation=_operation(block, connector),
        request=compile_request(_needed(block, "request"), file=file, timezone=timezone),
        receipt=compile_receipt(receipt, file=file, timezone=timezone, found=found),
        keys=compile_receipt(
            replace(block, value={"key": {"from": key.text(), "required": False}}),
            file=file,
            timezone=timezone,
            found=found,
        )
        if key
        else None,
        first=path[0].name if path else None,
        settle=wait,
    )


def _is_required(part: Block) -> bool:
    return not (isinstance(part.value, dict) and part.value.get("required") is False)


def _needed(block: Block, key: str) -> Block:
    found = block.get(key)
    if found is None:
        raise block.error(f"has no {key}", remedy=f"Add {key}: …")
    return found


def _operation(block: Block, connector: Connector | None) -> RemoteOperation | None:
    call = _needed(block, "call")
    if not isinstance(call.value, dict):
        raise call.error(
            "is not a block of keys", remedy="Write what the connector needs, such as request: POST /cases."
        )
    if connector is None:
        return None
    try:
        return connector.operation(call.value)
    except ConfigurationError as error:
        if error.file:
            raise
        key = (error.key or "").split(".")[0] or None
        raise call.error(
            f"{error.key}: {error.problem}" if key else error.problem, at=key, remedy=error.remedy or ""
        ) from error


def _has(document: Document, first: str) -> bool:
    if etree.iselement(document):
        children = [etree.QName(child).localname for child in document.iterchildren("*")]
        return not children or first in children
    if isinstance(document, list):
        return all(isinstance(one, dict) for one in document)
    return isinstance(document, dict) and first in document
