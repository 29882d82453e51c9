"""A connector speaks one protocol (SOAP, REST, …) to one configured back office.

The hub hands it a compiled call and arguments and gets pages of documents; the mapping engine turns
documents into records. A connector never sees a record, a database or another plug-in.

    connector = SoapConnector(settings, surroundings)        once per back office
    feed = connector.feed(source)                            once per feed; configuration errors appear here
    async for page in feed.read(Arguments(aliases={"hr.oib": "…"})): …
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple, Protocol
from zoneinfo import ZoneInfo

from pydantic import BaseModel, SecretStr

Document = Any
"""What a mapping reads: an `lxml.etree._Element` (SOAP: the verified child of the Body) or a JSON value."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a back office's connector may know of where it runs.

    `secret` turns a secret's name into its value (raises ConfigurationError with the places searched).
    `folder` is the back office's mapping folder: WSDLs and schemas named in settings are found there.
    """

    city: str
    back_office: str
    folder: Path
    timezone: ZoneInfo
    secret: Callable[[str], SecretStr]


@dataclass(frozen=True, slots=True)
class Arguments:
    """What one read is about.

    `aliases` holds the identifiers of the subject asked about, by scheme; empty for a bulk read.
    `cursor` is what the last complete read of this feed returned, or None for a first or full read.
    `record` is, for a second call about one record of a list, what that call names of it, by its path.
    """

    now: datetime
    aliases: Mapping[str, str] = field(default_factory=dict)
    cursor: str | None = None
    record: Mapping[str, str] = field(default_factory=dict)


class Forgiven(NamedTuple):
    """A place where a reply breaks its contract although the town has said that it may.

    `path` as the configuration names it; `sample` is the reason, which quotes nothing of the document.
    """

    path: str
    sample: str


@dataclass(frozen=True, slots=True)
class Page:
    """One reply. `raw` are the bytes as received, `source_time` what the reply says it is true for.

    `forgiven` becomes drift beside what the mapping finds.
    """

    document: Document
    raw: bytes
    media_type: str
    source_time: datetime | None = None
    forgiven: tuple[Forgiven, ...] = ()


@dataclass(frozen=True, slots=True)
class CheckStep:
    """One line of a connector's check: settings, then connection, then credentials."""

    name: str
    ok: bool
    detail: str
    took: timedelta | None = None


class FeedReader(Protocol):
    """One configured question to a back office."""

    def read(self, arguments: Arguments) -> AsyncIterator[Page]:
        """All pages of the answer, in order.

        Raises a hub.kernel.errors.RemoteError; pages yielded before the error are good, but the read
        is then not complete and nothing may be concluded from what is absent.
        """


class RemoteOperation(Protocol):
    """One operation of a back office that changes something there, or a question about one that did."""

    async def send(self, values: Mapping[str, Any], *, key: str) -> Page:
        """Send it once; nothing is repeated here. `values` are its input as the mapping's `request:` built it,
        `key` is our own key of this step, for a connector that is told where to put it.

        Raises ConfigurationError where no valid request can be built, a hub.kernel.errors.RemoteError otherwise, whose
        `reached` says whether the back office may have acted.
        """


class Connector(Protocol):
    """One back office behind one protocol. Built by `connectors.<id>` from its manifest's entry."""

    Settings: type[BaseModel]

    def __init__(self, settings: Any, surroundings: Surroundings) -> None: ...

    def feed(self, source: Mapping[str, Any]) -> FeedReader:
        """Compile the connector's part of a mapping's `source:` block.

        Raises ConfigurationError naming the key, and for an unknown operation or parameter the ones
        that exist.
        """

    def operation(self, call: Mapping[str, Any]) -> RemoteOperation:
        """Compile the connector's part of a delivery's step (`call:`).

        Raises ConfigurationError naming the key, and for an unknown operation the ones that exist.
        """

    async def check(self) -> list[CheckStep]:
        """Settings, connection, credentials, in this order, changing nothing; stops at the first failure."""

    async def close(self) -> None: ...
