"""Shows what a delivery file sends of a record of ours, and what it keeps of a reply."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from hub.kernel.errors import ConfigurationError
from hub.kit.yaml_document import YamlDocument
from hub.mapping.block import Block, nearest
from hub.mapping.our_record import Scope, our_path
from hub.mapping.problems import MappingProblem
from hub.mapping.receipt import compile_receipt
from hub.mapping.request import compile_request
from hub.mapping.request_building import Sent


class TriedStep(NamedTuple):
    """One turn of a step: what it would send, key by key. `step` is `document.1` of the first of several."""

    step: str
    request: dict[str, Any]
    rows: list[Sent]

    @property
    def refused(self) -> bool:
        return any(row.error is not None for row in self.rows)


class TriedReceipt(NamedTuple):
    """What a step keeps of a reply, or why it cannot be used."""

    step: str
    receipt: dict[str, str]
    problems: list[dict[str, Any]]


def is_delivery(document: YamlDocument) -> bool:
    return isinstance(document.data, dict) and "steps" in document.data


def try_requests(document: YamlDocument, record: Mapping[str, Any], timezone: ZoneInfo) -> list[TriedStep]:
    """Every step for a record of ours. `{"base64": "…"}` in it stands for a document.

    Where the record brings no `key` and no `receipts`, made-up ones take their place.
    """
    values = _with_bytes(record)
    steps = list(_steps(document))
    receipts = {name: {one: f"<{name}.{one}>" for one in _names(block)} for name, block in steps}
    values = {"key": "<key>", "receipts": receipts, **values}
    tried: list[TriedStep] = []
    for name, block in steps:
        request = block.get("request")
        if request is None:
            raise block.error("has no request", remedy="Add request: { key of the back office: path of ours }.")
        compiled = compile_request(request, file=document.path, timezone=timezone)
        for turn, item in _turns(name, block, values):
            built, rows = compiled.explain({**values, "item": item} if item is not None else values)
            tried.append(TriedStep(turn, built, rows))
    return tried


def try_receipt(document: YamlDocument, step: str | None, reply: Any, timezone: ZoneInfo) -> TriedReceipt:
    """What the step keeps of a reply; the only step with a receipt needs no name."""
    with_receipt = {name: receipt for name, block in _steps(document) if (receipt := block.get("receipt"))}
    name = step or next(iter(with_receipt), "")
    if name not in with_receipt or (step is None and len(with_receipt) > 1):
        said = f"there is no step {name!r} with a receipt" if step else "it is not said of which step this is a reply"
        raise ConfigurationError(said, file=str(document.path), remedy=nearest(name, with_receipt))
    compiled = compile_receipt(with_receipt[name], file=document.path, timezone=timezone)
    try:
        return TriedReceipt(name, compiled.read(reply), [])
    except MappingProblem as problem:
        return TriedReceipt(name, {}, [one._asdict() for one in problem.complaints])


def _steps(document: YamlDocument) -> Iterator[tuple[str, Block]]:
    steps = Block(document, (), document.data).get("steps")
    if steps is None:
        return
    for block in steps.entries("Write a list of steps: [{ name: case, call: …, request: … }]."):
        name = block.get("name") if isinstance(block.value, dict) else None
        if name is None:
            raise block.error("has no name", remedy="Name it by what it does: case, document.")
        yield name.text(), block


def _names(step: Block) -> list[str]:
    receipt = step.get("receipt")
    return list(map(str, receipt.value)) if receipt is not None and isinstance(receipt.value, dict) else []


def _turns(name: str, step: Block, values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    each = step.get("each")
    if each is None:
        yield name, None
        return
    items = our_path(each).read(Scope(values, values))
    for number, item in enumerate(items if isinstance(items, list) else (), 1):
        yield f"{name}.{number}", item


def _with_bytes(value: Any) -> Any:
    if isinstance(value, dict):
        if value.keys() == {"base64"}:
            try:
                return base64.b64decode(value["base64"], validate=True)
            except (binascii.Error, TypeError, ValueError):
                return value
        return {key: _with_bytes(part) for key, part in value.items()}
    return [_with_bytes(part) for part in value] if isinstance(value, list) else value


def shown(value: Any) -> Any:
    """What is sent, as it can be printed: of a document its size."""
    if isinstance(value, bytes):
        return f"<{len(value)} bytes>"
    if isinstance(value, dict):
        return {key: shown(part) for key, part in value.items()}
    return [shown(part) for part in value] if isinstance(value, (list, tuple)) else value
