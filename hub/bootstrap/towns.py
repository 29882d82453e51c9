"""Opens the towns of an installation: each is its configuration joined with plug-ins, mappings, nouns and secrets.

A town whose configuration is wrong is left out and its error kept, so that one typing mistake does not stop the other
towns of a host.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import structlog

from hub.back_offices.model import Town
from hub.back_offices.pushing import SHORTEST_SECRET, WRITE_INSTEAD
from hub.bootstrap.back_offices import mapping_folder, open_back_offices
from hub.bootstrap.opening import Compiled, Opening
from hub.bootstrap.plug_ins import bank_transfer_schemes, open_eids, open_gateways
from hub.cities.live import refuse_rehearsal
from hub.cities.loader import clashes, load_city, town_files
from hub.cities.logo import open_logo
from hub.cities.model import City
from hub.cities.signing import check_signing_secrets
from hub.kernel.errors import ConfigurationError
from hub.ports.bank_transfer import BankTransferScheme
from hub.settings import Settings

log = structlog.get_logger(__name__)


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
    loaded: dict[str, City] = {}
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


def open_town(city: City, file: Path, settings: Settings, *, connect: bool, compiled: Compiled | None = None) -> Town:
    """Join one town's configuration with what it names. `compiled` is what other towns opened."""
    town = Opening(city, file, settings, compiled or Compiled(), connect)
    refuse_rehearsal(city, file, town.secret, partial(mapping_folder, file=file, settings=settings))
    schemes = _bank_transfer(town)
    offices = open_back_offices(town)
    _check_clients(town)
    if connect:
        check_signing_secrets(city, file, town.secret)
    address = settings.address_of(city.slug, city.hosts)
    eids, gateways = open_eids(town, address), open_gateways(town, address)
    return Town(city, offices, schemes, address, eids, open_logo(city, file), gateways)


def _bank_transfer(town: Opening) -> list[BankTransferScheme]:
    known = bank_transfer_schemes()
    for number, scheme in enumerate(town.city.bank_transfer):
        if scheme not in known:
            remedy = f"Choose from: {', '.join(known)}."
            raise town.fault(("bank_transfer", number), f"there is no bank transfer scheme {scheme!r}", remedy)
    return [known[scheme] for scheme in town.city.bank_transfer]


def _check_clients(town: Opening) -> None:
    """A front end that cannot prove itself is found when the town is opened, not when its first user comes back."""
    for name, client in town.city.clients.items():
        if client.secret is None:
            continue
        place = ("clients", name, "secret")
        try:
            value = town.secret(client.secret.secret).get_secret_value()
        except ConfigurationError as error:
            if error.file:
                raise
            raise town.fault(place, error.problem, error.remedy) from None
        if town.city.live and len(value) < SHORTEST_SECRET:
            problem = f"{town.city.slug} is live, and this secret has less than {SHORTEST_SECRET} characters"
            raise town.fault(place, problem, WRITE_INSTEAD)
