"""One exchange with a back office, judged: what surely happened, what surely did not, and what is in doubt.

Nothing here touches the database: the intent is written before, the outcome after.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog

from hub.delivery.definition import Ask, Step, Turn
from hub.jobs.failures import describe
from hub.kernel.errors import ConfigurationError, HubError, InvalidRequest, RemoteError, RemoteRefused
from hub.kit.breaker import BreakerOpen
from hub.kit.retry import AskedToWait
from hub.mapping.problems import MappingProblem
from hub.ports.back_office import Page, RemoteOperation

log = structlog.get_logger(__name__)


LONGEST_WAIT = timedelta(hours=1)
"""A back office that asks to be left alone for longer is tried after this all the same: some mean milliseconds."""


@dataclass(frozen=True, slots=True)
class Happened:
    """`receipts` are the named texts of its reply, or of the answer to our question."""

    receipts: dict[str, str]


@dataclass(frozen=True, slots=True)
class NotReached:
    """Surely nothing was done. `tried`: something was sent at all; `wait`: for how long it asks to be left alone."""

    reason: str
    detail: str
    tried: bool = True
    wait: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Held:
    """Surely nothing was done, and nothing will be before somebody corrects our configuration or credentials."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Refused:
    """Surely nothing was done: it is not wanted as it is."""

    reason: str
    detail: str
    field: str | None


@dataclass(frozen=True, slots=True)
class Doubt:
    """It may have happened."""

    reason: str
    detail: str


@dataclass(frozen=True, slots=True)
class Absent:
    """The back office, asked, surely has nothing under our key."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """The back office, asked, tells nothing that could be relied on."""

    reason: str
    detail: str


Sent = Happened | NotReached | Held | Refused | Doubt
Asked = Happened | NotReached | Held | Absent | Unclear


def build(turn: Turn, request: Any, values: Mapping[str, Any], key: str, receipts: Mapping[str, Any]) -> Any:
    """The input of `turn`'s operation, by the compiled `request` of the step or of its question.

    Raises MappingProblem naming the field.
    """
    scope: dict[str, Any] = {**values, "key": key, "receipts": _nested(receipts)}
    if turn.step.each is not None:
        scope["item"] = turn.item
    return request.build(scope)


async def send(step: Step, content: Mapping[str, Any], key: str) -> Sent:
    """Send a step once."""
    try:
        page = await _operation(step.operation).send(content, key=key)
    except RemoteError as error:
        return _of_failure(error)
    except ConfigurationError as error:
        return Held(error.code, str(error))
    except InvalidRequest as error:
        return Refused(error.code, error.detail, error.field)
    except Exception as error:  # noqa: BLE001 - whatever it is, it may have been sent
        log.error("delivery_raised", error=describe(error))
        return Doubt("hub_error", describe(error))
    try:
        return Happened(_receipts(step, page))
    except MappingProblem as error:
        return Doubt("unreadable_receipt", str(error))


def _of_failure(error: RemoteError) -> Sent:
    detail = _told(error)
    if isinstance(error, RemoteRefused) and error.reached is not None:
        # They do not want us, which says nothing of what we wanted to say.
        return Held(error.code, detail)
    if error.reached is None:
        return Doubt(error.code, detail)
    if error.reached:
        return Refused(error.code, detail, getattr(error, "field", None))
    return _not_reached(error)


async def ask(ask_for: Ask, content: Mapping[str, Any], key: str) -> Asked:
    """Ask what became of `key`; a question changes nothing and may be asked as often as one likes."""
    try:
        page = await _operation(ask_for.operation).send(content, key=key)
        found = ask_for.found(page.document, key)
    except RemoteError as error:
        if isinstance(error, RemoteRefused):
            return Held(error.code, _told(error))
        return _not_reached(error) if error.transient or error.reached is False else Unclear(error.code, _told(error))
    except ConfigurationError as error:
        return Held(error.code, str(error))
    except HubError as error:
        return Unclear("unreadable_answer", str(error))
    if found is None:
        told = "Its answer has no place for what was asked about, or only things under other keys."
        return Unclear("unreadable_answer", told)
    if len(found) > 1:
        return Unclear("several_found", f"It has {len(found)} things under one key of ours.")
    return Happened(found[0]) if found else Absent()


def _not_reached(error: RemoteError) -> NotReached:
    wait = min(error.retry_after, LONGEST_WAIT) if isinstance(error, AskedToWait) else None
    return NotReached(error.code, _told(error), tried=not isinstance(error, BreakerOpen), wait=wait)


def _receipts(step: Step, page: Page) -> dict[str, str]:
    if step.receipt is None:
        return {}
    return step.receipt.read({} if page.document is None else page.document)


def _operation(operation: RemoteOperation | None) -> RemoteOperation:
    if operation is None:
        raise ConfigurationError("this process calls no back offices", remedy="Start a worker.")
    return operation


def _told(error: RemoteError) -> str:
    return f"{error.detail} {error.evidence}" if error.evidence else error.detail


def _nested(receipts: Mapping[str, Any]) -> dict[str, Any]:
    """`{"document.1": …}` as `{"document": {"1": …}}`, so that a dotted path leads to it."""
    nested: dict[str, Any] = {}
    for name, texts in receipts.items():
        step, _, number = name.partition(".")
        if number:
            nested.setdefault(step, {})[number] = texts
        else:
            nested[step] = texts
    return nested
