"""The composition root: the one place that knows which plug-ins and nouns there are.

Plug-ins are found by scanning folders; a town's configuration names them. A town whose configuration is wrong
is left out and its error kept, so that one typing mistake does not stop the other towns of a host.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import structlog
from pydantic import SecretStr, ValidationError

from hub.back_offices.details import DetailReader
from hub.back_offices.model import BackOffice, Event, Feed, Town
from hub.back_offices.pushing import SHORTEST_SECRET, WRITE_INSTEAD, events_of, push_secret, signing_keys
from hub.cases.projection import CaseProjection
from hub.cities import faults
from hub.cities import model as cities
from hub.cities.live import refuse_rehearsal
from hub.cities.loader import clashes, fault_in, home_of, load_city, read_documents, town_files
from hub.cities.logo import open_logo
from hub.cities.signing import check_signing_secrets
from hub.delivery.definition import Definition, compile_delivery
from hub.kernel.errors import ConfigurationError
from hub.kit import manifest
from hub.kit.measures import MeasuredConnector, MeasuredReader, Measures
from hub.kit.parameters import aliases_needed
from hub.kit.secrets import find_secret
from hub.mapping.compile import compile_mapping
from hub.mapping.mapping import Mapping as RecordMapping
from hub.obligations.projection import ObligationProjection
from hub.ports.back_office import Connector, FeedReader, Surroundings
from hub.ports.bank_statement import StatementFormat
from hub.ports.bank_transfer import BankTransferScheme
from hub.ports.eid import Eid, EidSurroundings
from hub.ports.payment_gateway import GatewaySurroundings, PaymentGateway
from hub.ports.projection import Projection
from hub.settings import PROJECT, Settings
from hub.subjects.service import SubjectProjection

log = structlog.get_logger(__name__)

PROJECTIONS: Mapping[str, Projection] = {
    one.target.name: one for one in (ObligationProjection(), CaseProjection(), SubjectProjection())
}
TARGETS = {name: one.target for name, one in PROJECTIONS.items()}


@dataclass(frozen=True)
class Towns:
    """The towns of this installation by slug, and why others on the path are not among them."""

    by_slug: Mapping[str, Town]
    broken: Mapping[str, ConfigurationError]

    @cached_property
    def hosts(self) -> dict[str, str]:
        """Slug by host name."""
        return {host.lower(): slug for slug, town in self.by_slug.items() for host in town.city.hosts}

    async def close(self) -> None:
        for town in self.by_slug.values():
            await town.close()


def open_towns(settings: Settings, *, connect: bool) -> Towns:
    """Every town on the configuration path.

    `connect` builds the connectors (the worker's business; the API only reads what was read). Nothing is called yet.
    Raises ConfigurationError where no town at all can be opened.
    """
    towns = examine_towns(settings, connect=connect)
    for slug, error in towns.broken.items():
        log.error("town_left_out", city=slug, because=str(error))
    if not towns.by_slug:
        if towns.broken:
            raise next(iter(towns.broken.values()))
        raise ConfigurationError(
            "there is no town on the configuration path",
            key="MUNIHUB_CONFIG_PATH",
            remedy="Write cities/<slug>/city.yaml into one of its folders.",
        )
    return towns


def examine_towns(settings: Settings, *, connect: bool) -> Towns:
    """As `open_towns`, for whoever looks what is wrong: it may be everything."""
    files = town_files(settings.config_path)
    loaded: dict[str, cities.City] = {}
    by_slug: dict[str, Town] = {}
    broken: dict[str, ConfigurationError] = {}
    for slug, file in files.items():
        try:
            loaded[slug] = load_city(file)
        except ConfigurationError as error:
            broken[slug] = error
    broken |= clashes(loaded, files)
    compiled = Compiled()
    for slug, city in loaded.items():
        if slug not in broken:
            try:
                by_slug[slug] = open_town(city, files[slug], settings, connect=connect, compiled=compiled)
            except ConfigurationError as error:
                broken[slug] = error
    return Towns(by_slug, {slug: broken[slug] for slug in files if slug in broken})


class Compiled:
    """What was made of files while towns are opened: those that share a file and a time zone share it, too.

    It lives no longer than the opening, so that nobody gets what an older version of a file said.
    """

    def __init__(self) -> None:
        self._mappings: dict[tuple[Path, ZoneInfo], RecordMapping] = {}
        self._deliveries: dict[tuple[Path, ZoneInfo, str], Definition] = {}

    def mapping(self, file: Path, timezone: ZoneInfo) -> RecordMapping:
        key = (file.resolve(), timezone)
        if key not in self._mappings:
            self._mappings[key] = compile_mapping(file, TARGETS, timezone=timezone)
        return self._mappings[key]

    def delivery(self, file: Path, kind: str, timezone: ZoneInfo, connector: Connector | None) -> Definition:
        """With a connector it is one town's: its operations go to that town's back office."""
        if connector is not None:
            return compile_delivery(file, kind, timezone=timezone, connector=connector)
        key = (file.resolve(), timezone, kind)
        if key not in self._deliveries:
            self._deliveries[key] = compile_delivery(file, kind, timezone=timezone, connector=None)
        return self._deliveries[key]


def open_town(
    city: cities.City, file: Path, settings: Settings, *, connect: bool, compiled: Compiled | None = None
) -> Town:
    """Join one town's configuration with connectors, mappings and nouns. `compiled` is what other towns opened."""
    compiled = compiled or Compiled()
    secret = partial(find_secret, folder=settings.secrets)
    refuse_rehearsal(city, file, secret, partial(_mapping_folder, file=file, settings=settings))
    known = bank_transfer_schemes()
    for number, scheme in enumerate(city.bank_transfer):
        if scheme not in known:
            remedy = f"Choose from: {', '.join(known)}."
            raise fault_in(file, ("bank_transfer", number), f"there is no bank transfer scheme {scheme!r}", remedy)
    offices = {}
    for name, office in city.back_offices.items():
        try:
            offices[name] = _open_back_office(city, file, name, office, settings, compiled, connect=connect)
        except ConfigurationError as error:
            if error.file:
                raise
            place = ("back_offices", name, *(error.key or "").split(".")) if error.key else ("back_offices", name)
            raise fault_in(file, place, error.problem, error.remedy) from None
    _refuse_shared_push_secrets(file, offices)
    _check_clients(city, file, secret)
    if connect:
        check_signing_secrets(city, file, secret)
    address = settings.address_of(city.slug, city.hosts)
    schemes = [known[scheme] for scheme in city.bank_transfer]
    eids = _open_eids(city, file, settings, address)
    gateways = _open_gateways(city, file, settings, address)
    return Town(city, offices, schemes, address, eids, open_logo(city, file), gateways)


def _open_eids(city: cities.City, file: Path, settings: Settings, address: str) -> dict[str, Eid]:
    known = manifest.scan(PROJECT / "identity" / "providers", "identity.providers") if city.eids else {}
    opened: dict[str, Eid] = {}
    for name, block in city.eids.items():
        at = ("eids", name)
        entry: type[Eid] = _named(known, block.provider, "eID provider", file, (*at, "provider"))
        surroundings = EidSurroundings(
            city=city.slug,
            eid=name,
            address=f"{address}/login/{name}",
            folder=home_of(file, (*at, "provider")),
            timezone=city.timezone,
            live=city.live,
            secret=partial(find_secret, folder=settings.secrets),
        )
        opened[name] = _made(entry, block.settings, surroundings, file, (*at, "settings"))
    return opened


def _open_gateways(city: cities.City, file: Path, settings: Settings, address: str) -> dict[str, PaymentGateway]:
    folder = PROJECT / "adapters" / "payment_gateway"
    known = manifest.scan(folder, "adapters.payment_gateway") if city.gateways else {}
    opened: dict[str, PaymentGateway] = {}
    for name, block in city.gateways.items():
        at = ("gateways", name)
        entry: type[PaymentGateway] = _named(known, block.gateway, "card gateway", file, (*at, "gateway"))
        if city.live and entry.simulated:
            problem = f"{city.slug} is live, and {block.gateway} takes no money"
            raise fault_in(file, (*at, "gateway"), problem, "Use the gateway that the payee has a contract with.")
        surroundings = GatewaySurroundings(
            city=city.slug,
            gateway=name,
            address=f"{address}/payments/{name}",
            folder=home_of(file, (*at, "gateway")),
            timezone=city.timezone,
            live=city.live,
            secret=partial(find_secret, folder=settings.secrets),
        )
        opened[name] = _made(entry, block.settings, surroundings, file, (*at, "settings"))
        if city.live and (because := opened[name].rehearsal()) is not None:
            raise fault_in(file, (*at, "settings"), because, "Write what the gateway gave the payee for real payments.")
    return opened


def _named(known: Mapping[str, manifest.Manifest], name: str, kind: str, file: Path, place: tuple[str, ...]) -> Any:
    """The class of the plug-in that a block names. Raises ConfigurationError."""
    if name not in known:
        raise fault_in(file, place, f"there is no {kind} {name!r}", f"Use one of: {', '.join(known)}.")
    return known[name].load()


def _made(entry: Any, written: Mapping[str, Any], surroundings: Any, file: Path, place: tuple[str, ...]) -> Any:
    """A plug-in with its settings as written at `place`. Raises ConfigurationError that names the key there."""
    try:
        wanted = entry.Settings.model_validate(written)
    except ValidationError as error:
        # Not its cause: pydantic would show what was written, which may be a secret at a wrong place.
        raise faults.explain(error, read_documents(file), written, entry.Settings, place) from None
    try:
        return entry(wanted, surroundings)
    except ConfigurationError as error:
        if error.file:
            raise
        key = (*place, *(error.key or "").split(".")) if error.key else place
        raise fault_in(file, key, error.problem, error.remedy) from None


def _open_back_office(
    city: cities.City,
    file: Path,
    name: str,
    office: cities.BackOffice,
    settings: Settings,
    compiled: Compiled,
    *,
    connect: bool,
) -> BackOffice:
    folder = _mapping_folder(office.mapping, file, settings)
    secret = partial(find_secret, folder=settings.secrets)
    connector = None
    if connect and office.connector is not None:
        connector = _open_connector(city, file, name, office, folder, secret)
    measures = Measures()
    measured = MeasuredConnector(connector, measures) if connector else None

    def mapping(called: str, *place: str) -> RecordMapping:
        if not (folder / called).is_file():
            there = ", ".join(sorted(one.name for one in folder.glob("*.yaml"))) or "none"
            problem, remedy = f"there is no mapping {called!r} in {folder}", f"There are: {there}."
            raise fault_in(file, ("back_offices", name, *place, "mapping"), problem, remedy)
        return compiled.mapping(folder / called, city.timezone)

    feeds: dict[str, Feed] = {}
    for feed_name, feed in office.feeds.items():
        pulled = mapping(feed.mapping, "feeds", feed_name) if feed.mapping else None
        pushed = [
            mapping(event.mapping, *place[:-1])
            for _, event, place in events_of(office)
            if event.feed == feed_name and event.mapping
        ]
        if office.payee is None:
            _refuse_nobody_to_pay(city, file, name, [one for one in (pulled, *pushed) if one is not None])
        feed_opened = _open_feed(city, name, office, feed_name, pulled, pushed, connector)
        if feed_opened.reader is not None:
            feed_opened = replace(feed_opened, reader=MeasuredReader(feed_opened.reader, measures))
        feeds[feed_name] = feed_opened
    return BackOffice(
        back_office=name,
        configuration=office,
        feeds=feeds,
        events={
            kind: Event(feeds[event.feed], mapping(event.mapping) if event.mapping else None)
            for kind, event, _ in events_of(office)
        },
        connector=connector,
        push_secret=push_secret(city, office.push, secret) if office.push else None,
        signing_keys=signing_keys(office.push, secret) if office.push else (),
        deliveries={
            kind: _open_delivery(city, file, (name, kind), folder / called, measured, compiled)
            for kind, called in office.deliveries.items()
        },
        folder=folder,
        measures=measures,
    )


def _refuse_nobody_to_pay(city: cities.City, file: Path, name: str, mappings: Iterable[RecordMapping]) -> None:
    """Each of their records would be refused when it comes: see ObligationProjection.refusal."""
    for one in mappings:
        if one.target.name == "obligation" and "payee" not in one.xml.fields.values:
            problem = (
                f"{one.file.name} makes obligations, and neither it nor the back office says to whom they are owed"
            )
            remedy = f"Add payee: here, one of {', '.join(city.payees)}; or map the field payee."
            raise fault_in(file, ("back_offices", name), problem, remedy)


def _open_delivery(
    city: cities.City,
    file: Path,
    named: tuple[str, str],
    delivery: Path,
    connector: Connector | None,
    compiled: Compiled,
) -> Definition:
    name, kind = named
    if not delivery.is_file():
        there = ", ".join(sorted(one.name for one in delivery.parent.glob("*.delivery.yaml"))) or "none"
        problem = f"there is no delivery file {delivery.name!r} in {delivery.parent}"
        raise fault_in(file, ("back_offices", name, "deliveries", kind), problem, f"There are: {there}.")
    return compiled.delivery(delivery, kind, city.timezone, connector)


def _refuse_shared_push_secrets(file: Path, offices: Mapping[str, BackOffice]) -> None:
    """The secret says which back office pushes: with one for two of them it would be either."""
    owners: dict[str | bytes, str] = {}
    for name, office in offices.items():
        held: list[tuple[str | bytes, str]] = [(key, "signatures") for key in office.signing_keys]
        if office.push_secret is not None:
            held.append((office.push_secret.get_secret_value(), "secret"))
        for value, key in held:
            other = owners.setdefault(value, name)
            if other != name:
                problem = f"{other} and {name} push with the same secret"
                raise fault_in(file, ("back_offices", name, "push", key), problem, "Give each one of its own.")


def _check_clients(city: cities.City, file: Path, secret: Callable[[str], SecretStr]) -> None:
    """A front end that cannot prove itself is found when the town is opened, not when its first user comes back."""
    for name, client in city.clients.items():
        if client.secret is None:
            continue
        place = ("clients", name, "secret")
        try:
            value = secret(client.secret.secret).get_secret_value()
        except ConfigurationError as error:
            if error.file:
                raise
            raise fault_in(file, place, error.problem, error.remedy) from None
        if city.live and len(value) < SHORTEST_SECRET:
            problem = f"{city.slug} is live, and this secret has less than {SHORTEST_SECRET} characters"
            raise fault_in(file, place, problem, WRITE_INSTEAD)


def _open_feed(
    city: cities.City,
    back_office: str,
    office: cities.BackOffice,
    name: str,
    pulled: RecordMapping | None,
    pushed: list[RecordMapping],
    connector: Connector | None,
) -> Feed:
    every = [one for one in (pulled, *pushed) if one is not None]
    targets = {one.target.name for one in every}
    versions = {one.versions or "no version" for one in every}
    if office.push and (noun := office.push.soap.get(name)):
        # What comes at the SOAP door says when it was changed; that is its version.
        targets, versions = targets | {noun}, versions | {"datetime"}
    if not targets:
        raise ConfigurationError(
            "no mapping says what this feed holds", key=f"feeds.{name}", remedy="Add mapping, here or to a push event."
        )
    if len(targets) > 1:
        found = " and ".join(sorted(targets))
        raise ConfigurationError(
            f"a feed fills one noun; the mappings of this one fill {found}",
            key=f"feeds.{name}",
            remedy="Make a feed of each.",
        )
    if len(versions) > 1:
        raise ConfigurationError(
            f"of two records the newer one is kept, and the mappings of this feed do not compare: they have "
            f"{' and '.join(sorted(versions))}",
            key=f"feeds.{name}",
            remedy="Write the same kind of version: into each, or into none.",
        )
    for one in pushed:
        if one.detail is not None:
            raise ConfigurationError(
                "is for pushed events, and these bring no second call",
                file=str(one.file),
                key="source.detail",
                remedy="Remove it, and map what the event brings.",
            )
    needs = aliases_needed(pulled.calls) if pulled else frozenset()
    if len(needs) > 1:
        raise ConfigurationError(
            f"its call needs several identifiers of a subject: {', '.join(sorted(needs))}",
            key=f"feeds.{name}",
            remedy="Ask by one of them.",
        )
    reader = _open_reader(connector, pulled) if connector and pulled else None
    return Feed(
        city=city,
        office=office,
        back_office=back_office,
        feed=name,
        projection=PROJECTIONS[targets.pop()],
        mapping=pulled,
        reader=reader,
        needs=next(iter(needs), None),
        schemes=frozenset().union(*(one.schemes for one in every)),
    )


def _open_reader(connector: Connector, pulled: RecordMapping) -> FeedReader:
    try:
        reader = connector.feed(pulled.source_call)
        if pulled.detail is None:
            return reader
        return DetailReader(pulled, pulled.detail, reader, connector.feed(pulled.detail.call))
    except ConfigurationError as error:
        if error.file:
            raise
        if (error.key or "").partition(".")[0] in connector.Settings.model_fields:
            # What a mapping asks for shows what is wrong with the settings, such as a WSDL that is not there.
            raise ConfigurationError(error.problem, key=f"settings.{error.key}", remedy=error.remedy) from error
        raise ConfigurationError(error.problem, file=str(pulled.file), key=error.key, remedy=error.remedy) from error


def _open_connector(
    city: cities.City,
    file: Path,
    name: str,
    office: cities.BackOffice,
    folder: Path,
    secret: Callable[[str], SecretStr],
) -> Connector:
    known = manifest.scan(PROJECT / "connectors")
    if office.connector not in known:
        raise ConfigurationError(
            f"there is no connector {office.connector!r}", key="connector", remedy=f"Use one of: {', '.join(known)}."
        )
    entry: type[Connector] = known[office.connector].load()
    try:
        wanted = entry.Settings.model_validate(office.settings)
    except ValidationError as error:
        at = ("back_offices", name, "settings")
        # Not its cause: pydantic would show what was written, which may be a secret at a wrong place.
        raise faults.explain(error, read_documents(file), office.settings, entry.Settings, at) from None
    try:
        return entry(wanted, Surroundings(city.slug, name, folder, city.timezone, secret))
    except ConfigurationError as error:
        key = f"settings.{error.key}" if error.key else "settings"
        raise ConfigurationError(error.problem, file=error.file, key=key, remedy=error.remedy) from error


def _mapping_folder(name: str, file: Path, settings: Settings) -> Path:
    """Beside the town's own configuration first, then along the path, then ours."""
    roots = [file.parents[2], *settings.config_path, PROJECT]
    for root in roots:
        if (folder := root / "mappings" / name).is_dir():
            return folder
    places = dict.fromkeys(root / "mappings" for root in roots)
    known = sorted({one.name for place in places if place.is_dir() for one in place.iterdir() if one.is_dir()})
    meant = "".join(f"Did you mean {near}? " for near in get_close_matches(name, known, n=1))
    raise ConfigurationError(
        f"there is no mapping folder {name!r}",
        key="mapping",
        remedy=f"{meant}Looked in {', '.join(map(str, places))}.",
    )


def bank_transfer_schemes() -> dict[str, BankTransferScheme]:
    """Every module of adapters/bank_transfer that has a SCHEME, by id."""
    package = import_module("adapters.bank_transfer")
    modules = (import_module(f"{package.__name__}.{one.name}") for one in pkgutil.iter_modules(package.__path__))
    schemes: Iterable[BankTransferScheme] = (module.SCHEME for module in modules if hasattr(module, "SCHEME"))
    return {scheme.id: scheme for scheme in schemes}


def bank_statement_formats() -> dict[str, StatementFormat]:
    """Every module or package of adapters/bank_statement that has a FORMAT, by id."""
    package = import_module("adapters.bank_statement")
    modules = (import_module(f"{package.__name__}.{one.name}") for one in pkgutil.iter_modules(package.__path__))
    formats: Iterable[StatementFormat] = (module.FORMAT for module in modules if hasattr(module, "FORMAT"))
    return {one.id: one for one in formats}
