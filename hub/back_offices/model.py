"""A town's back offices as they run: configuration joined with connectors, mappings and nouns by bootstrap."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from pydantic import SecretStr

from hub.cities import back_offices as configured
from hub.cities.logo import Logo
from hub.cities.model import City
from hub.delivery.definition import Definition
from hub.kit.measures import Measures
from hub.mapping.mapping import Mapping as RecordMapping
from hub.ports.back_office import Connector, FeedReader
from hub.ports.bank_transfer import BankTransferScheme
from hub.ports.eid import Eid
from hub.ports.payment_gateway import PaymentGateway
from hub.ports.projection import Projection, Source

READ = "feed.read"
SWEEP = "feed.sweep"


@dataclass(frozen=True, slots=True)
class Feed:
    """One kind of record read from a back office.

    `needs`    the scheme of the identifier a question must name; None: the feed is read for everybody at once.
    `schemes`  the schemes by which its records name their parties.
    `mapping`  None where the feed is only pushed; `reader` also where this process does not call back offices.
    """

    city: City
    office: configured.BackOffice
    back_office: str
    feed: str
    projection: Projection
    mapping: RecordMapping | None = None
    reader: FeedReader | None = None
    needs: str | None = None
    schemes: frozenset[str] = frozenset()

    @property
    def noun(self) -> str:
        return self.projection.target.name

    @property
    def configuration(self) -> configured.Feed:
        return self.office.feeds[self.feed]

    def source(self, as_of: datetime, *, asked: bool, caught_up_to: datetime | None = None) -> Source:
        return Source(
            city_id=self.city.id,
            back_office=self.back_office,
            feed=self.feed,
            as_of=as_of,
            caught_up_to=caught_up_to or as_of,
            asked=asked,
            language=self.city.language,
            payee=self.office.payee,
            department=self.office.department,
            payees=frozenset(self.city.payees),
            departments=frozenset(self.city.departments),
        )


@dataclass(frozen=True, slots=True)
class Event:
    """What one CloudEvents type means: records of a feed, or (mapping None) that the feed is complete."""

    feed: Feed
    mapping: RecordMapping | None


@dataclass(frozen=True)
class BackOffice:
    """One configured system of a city. `at_once` keeps the hub from asking it more than a few things at a time;
    `folder` holds its mappings and what was recorded of its interface.
    """

    back_office: str
    configuration: configured.BackOffice
    feeds: Mapping[str, Feed]
    events: Mapping[str, Event]
    connector: Connector | None = None
    push_secret: SecretStr | None = None
    signing_keys: tuple[bytes, ...] = field(default=(), repr=False)
    deliveries: Mapping[str, Definition] = field(default_factory=dict)
    at_once: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(8))
    folder: Path = Path()
    measures: Measures = field(default_factory=Measures)


@dataclass(frozen=True)
class Town:
    """A city with its back offices, eIDs and card gateways. `address` is where the public finds it, without a slash at
    its end.
    """

    city: City
    back_offices: Mapping[str, BackOffice]
    bank_transfer: Sequence[BankTransferScheme] = ()
    address: str = ""
    eids: Mapping[str, Eid] = field(default_factory=dict)
    logo: Logo | None = None
    gateways: Mapping[str, PaymentGateway] = field(default_factory=dict)

    def feeds(self, noun: str | None = None) -> Iterator[Feed]:
        for office in self.back_offices.values():
            for feed in office.feeds.values():
                if noun is None or feed.noun == noun:
                    yield feed

    async def close(self) -> None:
        for office in self.back_offices.values():
            if office.connector is not None:
                await office.connector.close()
        for eid in self.eids.values():
            await eid.close()
        for gateway in self.gateways.values():
            await gateway.close()
