"""The composition root: the one place that knows which plug-ins and nouns there are.

Plug-ins are found by scanning folders; a town's configuration names them. A town whose configuration is wrong
is left out and its error kept, so that one typing mistake does not stop the other towns of a host.
"""

from __future__ import annotations

import pkgutil
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path
from typing import Any

import structlog
from pydantic import SecretStr, ValidationError

from hub.back_offices.model import BackOffice, Event, Feed, Town
from hub.cases.projection import CaseProjection
from hub.cities import model as cities
from hub.cities.loader import load_city, town_files
from hub.kernel.errors import ConfigurationError
from hub.kit import manifest
from hub.kit.parameters import aliases_needed
from hub.kit.secrets import find_secret
from hub.mapping.compile import compile_mapping
from hub.mapping.mapping import Mapping as RecordMapping
from hub.obligations.projection import ObligationProjection
from hub.ports.back_office import Connector, FeedReader, Surroundings
from hub.ports.bank_transfer import BankTransferScheme
from hub.ports.projection import Projection
from hub.settings import PROJECT, Settings
from hub.storage.database import Database
from hub.storage.vault import Vault
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

    `connect` builds the connectors (the worker's business; the API only reads what was read). Nothing is called yet,
    except where a WSDL is configured by address. Raises ConfigurationError where no town at all can be opened.
    """
    by_slug: dict[str, Town] = {}
    broken: dict[str, ConfigurationError] = {}
    for slug, file in town_files(settings.config_path).items():
        try:
            by_slug[slug] = open_town(load_city(file), file, settings, connect=connect)
        except ConfigurationError as error:
            log.error("town_left_out", city=slug, because=str(error))
            broken[slug] = error
    for slug, clash in _clashes([town.city for town in by_slug.values()]).items():
        log.error("town_left_out", city=slug, because=str(clash))
        broken[slug] = clash
        del by_slug[slug]
    if not by_slug:
        if broken:
            raise next(iter(broken.values()))
        raise ConfigurationError(
            "there is no town on the configuration path",
            key="MUNIHUB_CONFIG_PATH",
            remedy="Write cities/<slug>/city.yaml into one of its folders.",
        )
    return Towns(by_slug, broken)


def open_town(city: cities.City, file: Path, settings: Settings, *, connect: bool) -> Town:
    """Join one town's configuration with connectors, mappings and nouns."""
    known = bank_transfer_schemes()
    for scheme in city.bank_transfer:
        if scheme not in known:
            raise ConfigurationError(
                f"there is no bank transfer scheme {scheme!r}",
                file=str(file),
                key="bank_transfer",
                remedy=f"Use of: {', '.join(known)}.",
            )
    offices = {}
    for name, office in city.back_offices.items():
        try:
            offices[name] = _open_back_office(city, file, name, office, settings, connect=connect)
        except ConfigurationError as error:
            if error.file:
                raise
            key = f"back_offices.{name}.{error.key}" if error.key else f"back_offices.{name}"
            raise ConfigurationError(error.problem, file=str(file), key=key, remedy=error.remedy) from error
    return Town(city, offices, [known[scheme] for scheme in city.bank_transfer])


def _open_back_office(
    city: cities.City, file: Path, name: str, office: cities.BackOffice, settings: Settings, *, connect: bool
) -> BackOffice:
    folder = _mapping_folder(office.mapping, file, settings)
    secret = partial(find_secret, folder=settings.secrets)
    connector = None
    if connect and office.connector is not None:
        connector = _open_connector(city, name, office, folder, secret)
    compiled: dict[str, RecordMapping] = {}

    def mapping(called: str) -> RecordMapping:
        if called not in compiled:
            compiled[called] = compile_mapping(folder / called, TARGETS, timezone=city.timezone)
        return compiled[called]

    feeds: dict[str, Feed] = {}
    for feed_name, feed in office.feeds.items():
        pulled = mapping(feed.mapping) if feed.mapping else None
        pushed = [mapping(one.mapping) for one in _events(office).values() if one.feed == feed_name and one.mapping]
        feeds[feed_name] = _open_feed(city, name, office, feed_name, pulled, pushed, connector)
    return BackOffice(
        back_office=name,
        configuration=office,
        feeds=feeds,
        events={
            kind: Event(feeds[event.feed], mapping(event.mapping) if event.mapping else None)
            for kind, event in _events(office).items()
        },
        connector=connector,
        push_secret=secret(office.push.secret.secret) if office.push else None,
    )


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
    if len(targets) != 1:
        found = ", ".join(sorted(targets)) or "none"
        raise ConfigurationError(
            f"a feed fills one noun; its mappings fill: {found}", key=f"feeds.{name}", remedy="Make a feed of each."
        )
    needs = aliases_needed(pulled.source_call) if pulled else frozenset()
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
        return connector.feed(pulled.source_call)
    except ConfigurationError as error:
        if error.file:
            raise
        raise ConfigurationError(error.problem, file=str(pulled.file), key=error.key, remedy=error.remedy) from error


def _open_connector(
    city: cities.City,
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
        fault = error.errors(include_url=False)[0]
        key = ".".join(str(part) for part in ("settings", *fault["loc"]))
        raise ConfigurationError(str(fault["msg"]).removeprefix("Value error, "), key=key) from error
    return entry(wanted, Surroundings(city.slug, name, folder, city.timezone, secret))


def _mapping_folder(name: str, file: Path, settings: Settings) -> Path:
    """Beside the town's own configuration first, then along the path, then ours."""
    roots = [file.parents[2], *settings.config_path, PROJECT]
    for root in roots:
        if (folder := root / "mappings" / name).is_dir():
            return folder
    searched = ", ".join(dict.fromkeys(str(root / "mappings") for root in roots))
    raise ConfigurationError(f"there is no mapping folder {name!r}", key="mapping", remedy=f"Looked in {searched}.")


def _events(office: cities.BackOffice) -> Mapping[str, cities.PushEvent]:
    return office.push.events if office.push else {}


def _clashes(towns: Iterable[cities.City]) -> dict[str, ConfigurationError]:
    """Towns that share an id or a host with one before them."""
    owners: dict[Any, str] = {}
    found: dict[str, ConfigurationError] = {}
    for city in towns:
        for key, value in (("id", city.id), *(("hosts", host.lower()) for host in city.hosts)):
            if (other := owners.setdefault((key, value), city.slug)) != city.slug:
                found[city.slug] = ConfigurationError(
                    f"{city.slug} has the same {key} as {other}: {value}",
                    key=key,
                    remedy="An id is given once and for all; give the newer town one that nobody had.",
                )
    return found


def bank_transfer_schemes() -> dict[str, BankTransferScheme]:
    """Every module of adapters/bank_transfer that has a SCHEME, by id."""
    package = import_module("adapters.bank_transfer")
    modules = (import_module(f"{package.__name__}.{one.name}") for one in pkgutil.iter_modules(package.__path__))
    schemes: Iterable[BankTransferScheme] = (module.SCHEME for module in modules if hasattr(module, "SCHEME"))
    return {scheme.id: scheme for scheme in schemes}


async def prepare_towns(database: Database, vault: Vault, towns: Iterable[cities.City]) -> None:
    """Give every town its row and first keys; follow a slug that changed. Runs as the worker role."""
    for city in towns:
        async with database.town(city.id) as connection:
            await connection.execute(
                """insert into cities (city_id, slug) values ($1, $2)
                   on conflict (city_id) do update set slug = excluded.slug where cities.slug <> excluded.slug""",
                city.id,
                city.slug,
            )
            await vault.ensure(connection, city.id)
    async with database.pool.acquire() as connection, connection.transaction():
        await connection.execute("select munihub_keep_partitions(now())")
