"""Plug-ins, found by scanning folders and opened with the settings of a town that names them."""

from __future__ import annotations

import pkgutil
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hub.bootstrap.opening import Opening
from hub.cities import back_offices as configured
from hub.cities import faults
from hub.cities.loader import home_of, read_documents
from hub.kit import manifest
from hub.ports.back_office import Connector, Surroundings
from hub.ports.bank_statement import StatementFormat
from hub.ports.bank_transfer import BankTransferScheme
from hub.ports.eid import Eid, EidSurroundings
from hub.ports.payment_gateway import GatewaySurroundings, PaymentGateway
from hub.settings import PROJECT


def bank_transfer_schemes() -> dict[str, BankTransferScheme]:
    """Every module of adapters/bank_transfer that has a SCHEME, by id."""
    schemes: Iterable[BankTransferScheme] = _constants("adapters.bank_transfer", "SCHEME")
    return {one.id: one for one in schemes}


def bank_statement_formats() -> dict[str, StatementFormat]:
    """Every module or package of adapters/bank_statement that has a FORMAT, by id."""
    formats: Iterable[StatementFormat] = _constants("adapters.bank_statement", "FORMAT")
    return {one.id: one for one in formats}


def _constants(package: str, name: str) -> Iterable[Any]:
    folder = import_module(package)
    modules = (import_module(f"{package}.{one.name}") for one in pkgutil.iter_modules(folder.__path__))
    return (getattr(module, name) for module in modules if hasattr(module, name))


def open_connector(town: Opening, name: str, office: configured.BackOffice, folder: Path) -> Connector:
    """The connector that the back office `name` says it has; `folder` holds its mappings. Raises ConfigurationError."""
    at = ("back_offices", name)
    known = manifest.scan(PROJECT / "connectors")
    entry: type[Connector] = _named(known, office.connector or "", "connector", town, (*at, "connector"))
    surroundings = Surroundings(town.city.slug, name, folder, town.city.timezone, town.secret)
    connector: Connector = _made(entry, office.settings, surroundings, town, (*at, "settings"))
    return connector


def open_eids(town: Opening, address: str) -> dict[str, Eid]:
    """The town's eIDs by name; `address` is where the public finds the town. Raises ConfigurationError."""
    city = town.city
    known = manifest.scan(PROJECT / "identity" / "providers", "identity.providers") if city.eids else {}
    opened: dict[str, Eid] = {}
    for name, block in city.eids.items():
        at = ("eids", name)
        entry: type[Eid] = _named(known, block.provider, "eID provider", town, (*at, "provider"))
        surroundings = EidSurroundings(
            city=city.slug,
            eid=name,
            address=f"{address}/login/{name}",
            folder=home_of(town.file, (*at, "provider")),
            timezone=city.timezone,
            live=city.live,
            secret=town.secret,
        )
        opened[name] = _made(entry, block.settings, surroundings, town, (*at, "settings"))
    return opened


def open_gateways(town: Opening, address: str) -> dict[str, PaymentGateway]:
    """The town's card gateways by name; a live town has none that takes no money. As `open_eids`."""
    city = town.city
    folder = PROJECT / "adapters" / "payment_gateway"
    known = manifest.scan(folder, "adapters.payment_gateway") if city.gateways else {}
    opened: dict[str, PaymentGateway] = {}
    for name, block in city.gateways.items():
        at = ("gateways", name)
        entry: type[PaymentGateway] = _named(known, block.gateway, "card gateway", town, (*at, "gateway"))
        if city.live and entry.simulated:
            problem = f"{city.slug} is live, and {block.gateway} takes no money"
            raise town.fault((*at, "gateway"), problem, "Use the gateway that the payee has a contract with.")
        surroundings = GatewaySurroundings(
            city=city.slug,
            gateway=name,
            address=f"{address}/payments/{name}",
            folder=home_of(town.file, (*at, "gateway")),
            timezone=city.timezone,
            live=city.live,
            secret=town.secret,
        )
        opened[name] = _made(entry, block.settings, surroundings, town, (*at, "settings"))
        if city.live and (because := opened[name].rehearsal()) is not None:
            raise town.fault((*at, "settings"), because, "Write what the gateway gave the payee for real payments.")
    return opened


def _named(known: Mapping[str, manifest.Manifest], name: str, kind: str, town: Opening, place: tuple[str, ...]) -> Any:
    """The class of the plug-in that a block names. Raises ConfigurationError."""
    if name not in known:
        raise town.fault(place, f"there is no {kind} {name!r}", f"Use one of: {', '.join(known)}.")
    return known[name].load()


def _made(entry: Any, written: Mapping[str, Any], surroundings: Any, town: Opening, place: tuple[str, ...]) -> Any:
    """A plug-in with its settings as written at `place`. Raises ConfigurationError that names the key there."""
    try:
        wanted = entry.Settings.model_validate(written)
    except ValidationError as error:
        # Not its cause: pydantic would show what was written, which may be a secret at a wrong place.
        raise faults.explain(error, read_documents(town.file), written, entry.Settings, place) from None
    with town.at(*place):
        return entry(wanted, surroundings)
