"""A feed: the mappings that fill it have to agree, and its reader calls the back office by one of them."""

from __future__ import annotations

from hub.back_offices.details import DetailReader
from hub.back_offices.model import Feed
from hub.bootstrap.nouns import PROJECTIONS
from hub.cities import back_offices as configured
from hub.cities.model import City
from hub.kernel.errors import ConfigurationError
from hub.kit.measures import MeasuredReader, Measures
from hub.kit.parameters import aliases_needed
from hub.mapping.mapping import Mapping as RecordMapping
from hub.ports.back_office import Connector, FeedReader


def open_feed(
    city: City,
    back_office: str,
    office: configured.BackOffice,
    name: str,
    pulled: RecordMapping | None,
    pushed: list[RecordMapping],
    connector: Connector | None,
    measures: Measures,
) -> Feed:
    """The feed `name`, which is read by the mapping `pulled` and pushed by events of the mappings `pushed`.

    Raises ConfigurationError, with a key below the back office's block where it names no file.
    """
    every = [one for one in (pulled, *pushed) if one is not None]
    noun = _one_noun(office, name, every)
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
    return Feed(
        city=city,
        office=office,
        back_office=back_office,
        feed=name,
        projection=PROJECTIONS[noun],
        mapping=pulled,
        reader=MeasuredReader(_open_reader(connector, pulled), measures) if connector and pulled else None,
        needs=next(iter(needs), None),
        schemes=frozenset().union(*(one.schemes for one in every)),
    )


def _one_noun(office: configured.BackOffice, name: str, mappings: list[RecordMapping]) -> str:
    """The noun that all of a feed's mappings fill, with versions that can be compared. Raises ConfigurationError."""
    targets = {one.target.name for one in mappings}
    versions = {one.versions or "no version" for one in mappings}
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
    return targets.pop()


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
