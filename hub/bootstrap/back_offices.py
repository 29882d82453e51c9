"""A back office: its connector, with the feeds, events and deliveries that its folder of mappings describes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path

from hub.back_offices.model import BackOffice, Event, Feed
from hub.back_offices.pushing import events_of, push_secret, signing_keys
from hub.bootstrap.feeds import open_feed
from hub.bootstrap.opening import Opening
from hub.bootstrap.plug_ins import open_connector
from hub.cities import back_offices as configured
from hub.delivery.definition import Definition
from hub.kernel.errors import ConfigurationError
from hub.kit.measures import MeasuredConnector, Measures
from hub.mapping.mapping import Mapping as RecordMapping
from hub.ports.back_office import Connector
from hub.settings import PROJECT, Settings


def open_back_offices(town: Opening) -> dict[str, BackOffice]:
    """The town's back offices by name. Raises ConfigurationError."""
    opened: dict[str, BackOffice] = {}
    for name, office in town.city.back_offices.items():
        with town.at("back_offices", name):
            opened[name] = _open_back_office(town, name, office)
    _refuse_shared_push_secrets(town, opened)
    return opened


def _open_back_office(town: Opening, name: str, office: configured.BackOffice) -> BackOffice:
    city = town.city
    folder = mapping_folder(office.mapping, town.file, town.settings)
    connector = open_connector(town, name, office, folder) if town.connect and office.connector is not None else None
    measures = Measures()
    measured = MeasuredConnector(connector, measures) if connector else None

    def mapping(called: str, *place: str) -> RecordMapping:
        if not (folder / called).is_file():
            there = ", ".join(sorted(one.name for one in folder.glob("*.yaml"))) or "none"
            problem, remedy = f"there is no mapping {called!r} in {folder}", f"There are: {there}."
            raise town.fault(("back_offices", name, *place, "mapping"), problem, remedy)
        return town.compiled.mapping(folder / called, city.timezone)

    feeds: dict[str, Feed] = {}
    for feed_name, feed in office.feeds.items():
        pulled = mapping(feed.mapping, "feeds", feed_name) if feed.mapping else None
        pushed = [
            mapping(event.mapping, *place[:-1])
            for _, event, place in events_of(office)
            if event.feed == feed_name and event.mapping
        ]
        if office.payee is None:
            _refuse_nobody_to_pay(town, name, [one for one in (pulled, *pushed) if one is not None])
        feeds[feed_name] = open_feed(city, name, office, feed_name, pulled, pushed, connector, measures)
    return BackOffice(
        back_office=name,
        configuration=office,
        feeds=feeds,
        events={
            kind: Event(feeds[event.feed], mapping(event.mapping) if event.mapping else None)
            for kind, event, _ in events_of(office)
        },
        connector=connector,
        push_secret=push_secret(city, office.push, town.secret) if office.push else None,
        signing_keys=signing_keys(office.push, town.secret) if office.push else (),
        deliveries={
            kind: _open_delivery(town, (name, kind), folder / called, measured)
            for kind, called in office.deliveries.items()
        },
        folder=folder,
        measures=measures,
    )


def _open_delivery(town: Opening, named: tuple[str, str], delivery: Path, connector: Connector | None) -> Definition:
    name, kind = named
    if not delivery.is_file():
        there = ", ".join(sorted(one.name for one in delivery.parent.glob("*.delivery.yaml"))) or "none"
        problem = f"there is no delivery file {delivery.name!r} in {delivery.parent}"
        raise town.fault(("back_offices", name, "deliveries", kind), problem, f"There are: {there}.")
    return town.compiled.delivery(delivery, kind, town.city.timezone, connector)


def _refuse_nobody_to_pay(town: Opening, name: str, mappings: Iterable[RecordMapping]) -> None:
    """Each of their records would be refused when it comes: see ObligationProjection.refusal."""
    for one in mappings:
        if one.target.name == "obligation" and "payee" not in one.xml.fields.values:
            problem = (
                f"{one.file.name} makes obligations, and neither it nor the back office says to whom they are owed"
            )
            remedy = f"Add payee: here, one of {', '.join(town.city.payees)}; or map the field payee."
            raise town.fault(("back_offices", name), problem, remedy)


def _refuse_shared_push_secrets(town: Opening, offices: Mapping[str, BackOffice]) -> None:
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
                raise town.fault(("back_offices", name, "push", key), problem, "Give each one of its own.")


def mapping_folder(name: str, file: Path, settings: Settings) -> Path:
    """Beside the town's own configuration first, then along the path, then ours. Raises ConfigurationError."""
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
