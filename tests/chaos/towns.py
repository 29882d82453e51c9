"""The two demonstration towns, at the end of wires, and the citizens of this story."""

from __future__ import annotations

import re
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any

import yaml

from hub.authorisation import STAFF_SCOPES
from hub.demo.stage import TOWNS
from hub.hub import open_worker
from hub.settings import PROJECT, Settings
from hub.storage.embedded import EmbeddedPostgres
from hub.storage.provision import WORKER
from hub.subjects import service as subjects
from hub.subjects.model import Proof, SubjectKind
from hub.tokens.service import CITIZEN_SCOPES
from simulators.gateway_netopia.telling import POS
from tests.chaos.wire import Wire

TLS = {"pregrada_urudzbeni", "vzorov_registr"}
"""Simulators behind a wire with TLS."""


def _written_to() -> tuple[dict[str, str], dict[tuple[str, str], list[dict[str, Any]]]]:
    writes: dict[str, str] = {}
    steps: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for town, offices in TOWNS.items():
        configured = yaml.safe_load((PROJECT / "config" / "cities" / town / "city.yaml").read_text("utf-8"))
        for office, simulator in offices.items():
            for kind, name in configured["back_offices"][office].get("deliveries", {}).items():
                file = PROJECT / "mappings" / configured["back_offices"][office]["mapping"] / name
                writes[office] = simulator
                steps[office, kind] = yaml.safe_load(file.read_text("utf-8"))["steps"]
    return writes, steps


WRITES, STEPS = _written_to()
"""Back office → simulator, of those that something is written to; and the steps by (back office, kind)."""
CANNOT_BE_ASKED = {office for (office, _), steps in STEPS.items() if not all("ask" in step for step in steps)}

# What a town may set for itself; the hub's own intervals stay as they are, and the time of the world passes faster.
_QUICK = {
    "timeout": {"connect": "1s", "read": "1s", "total": "1s"},
    "retries": {"attempts": 1},
    "breaker": {"failures": 5, "pause": "1s"},
}


_ONE_DECIDES = {"refunds": {"approval": "one"}}

GATEWAYS = {
    "pregrada": {"kartica": "gateway_monri", "komunalije": "gateway_sandbox", "netopia": "gateway_netopia"},
    "vzorov": {"karta": "gateway_csob", "sluzby": "gateway_sandbox"},
}
"""Card gateway → simulator, by town."""
_BLOCKS: dict[str, dict[str, dict[str, Any]]] = {
    "pregrada": {
        # Nobody here comes by an eID: of this payee they pay at the next block, whose point of sale takes euro.
        "komunalije": {"logins": ["nias"]},
        "netopia": {
            "gateway": "netopia",
            "name": {"hr": "Kreditna kartica", "en": "Credit card"},
            "payee": "niskogradnja",
            "settings": {
                "base_url": "http://127.0.0.1:8123",
                "pos_signature": POS,
                "api_key": {"secret": "netopia-api"},
                "public_keys": [str(PROJECT / "simulators" / "keys" / "netopia.crt")],
            },
        },
    },
    "vzorov": {
        "sluzby": {
            "gateway": "sandbox",
            "name": {"cs": "Karta technickým službám", "en": "Card for technical services"},
            "payee": "technicke_sluzby",
            "settings": {
                "base_url": "http://127.0.0.1:8120",
                "merchant": "vzorov",
                "secret": {"secret": "vzorov-sandbox"},
            },
        },
    },
}
"""What our towns' own blocks do not have, so that each of the four gateways has a payee."""


@dataclass(frozen=True)
class Person:
    """`name` as the back offices know it, `token` hers at the API."""

    city: str
    city_id: int
    scheme: str
    identifier: str
    name: str
    token: str = field(repr=False)


_PEOPLE = (
    ("pregrada", "hr.oib", "83100426579", "Željka Đurđević-Šćepan"),
    ("pregrada", "hr.oib", "29471603856", "Đuro Čavrić"),
    ("pregrada", "hr.oib", "60582139473", "Šime Žnidarčić"),
    ("vzorov", "cz.birth_number", "0572127050", "Růžena Příhodová"),
    ("vzorov", "cz.birth_number", "0423157020", "Jiří Šťastný"),
)


def write_config(folder: Path, wires: dict[str, Wire], authority: Path) -> Path:
    """Our two demonstration towns, at the end of these wires, with short waits."""
    for town, offices in TOWNS.items():
        ours = PROJECT / "config" / "cities" / town / "city.yaml"
        configured = yaml.safe_load(ours.read_text("utf-8"))
        over: dict[str, Any] = {"back_offices": {}, "gateways": deepcopy(_BLOCKS[town])}
        configured["gateways"] = _BLOCKS[town] | configured["gateways"]
        for kind, names in (("back_offices", offices), ("gateways", GATEWAYS[town])):
            for name, simulator in names.items():
                wire = wires[simulator]
                moved = _moved(configured[kind][name]["settings"], wire.url)
                tls = {"tls": {"ca_file": str(authority)}} if wire.tls else {}
                settings = over[kind].setdefault(name, {}).setdefault("settings", {})
                settings |= {**deepcopy(_QUICK), **tls, **moved}
        file = folder / "config" / "cities" / town / "city.yaml"
        file.parent.mkdir(parents=True)
        file.write_text(yaml.safe_dump({"extends": [str(ours)], **_ONE_DECIDES, **over}, allow_unicode=True), "utf-8")
    return folder / "config"


def _moved(settings: dict[str, Any], url: str) -> dict[str, Any]:
    """The addresses among `settings`, moved to `url`."""
    found: dict[str, Any] = {}
    for key, value in settings.items():
        if isinstance(value, str) and (match := re.fullmatch(r"http://127\.0\.0\.1:\d+(/.*)?", value)):
            found[key] = url + (match[1] or "")
        elif isinstance(value, dict) and (inner := _moved(value, url)):
            found[key] = inner
    return found


async def find_people(environment: dict[str, str], server: EmbeddedPostgres) -> list[Person]:
    """The citizens, proven, with tokens for half a day."""
    hub = await open_worker(Settings.from_environment(environment), server.url(WORKER), connect=False)
    found = []
    try:
        for slug, scheme, identifier, name in _PEOPLE:
            city = hub.towns.by_slug[slug].city
            async with hub.database.town(city.id) as connection:
                keys = await hub.vault.keys(connection, city.id)
                subject_id = await subjects.subject_of(connection, keys, scheme, identifier)
                if subject_id is None:
                    subject_id = await subjects.create(connection, city.id, SubjectKind.PERSON, name)
                    await subjects.prove(
                        connection, keys, subject_id, scheme, identifier, proof=Proof.DEVELOPMENT,
                        source="chaos", now=hub.clock.now(),
                    )  # fmt: skip
            token = str(hub.tokens.sign(city, subject_id, CITIZEN_SCOPES, timedelta(hours=12)))
            found.append(Person(slug, city.id, scheme, identifier, name, token))
    finally:
        await hub.close()
    return found


async def find_staff(environment: dict[str, str], server: EmbeddedPostgres) -> dict[str, str]:
    """Town → a token of somebody who may do everything there, for half a day."""
    hub = await open_worker(Settings.from_environment(environment), server.url(WORKER), connect=False)
    try:
        return {
            slug: str(hub.tokens.sign(town.city, None, STAFF_SCOPES, timedelta(hours=12)))
            for slug, town in hub.towns.by_slug.items()
        }
    finally:
        await hub.close()
