"""The towns of `benchmarks.towns`: what is configured, who lives there, and what the one that floods sends."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import orjson

from benchmarks.events import BATCH, event
from benchmarks.installation import Installation
from benchmarks.population import oib
from hub.delivery import offices
from hub.hub import Hub
from hub.settings import PROJECT, Settings
from hub.subjects import service as subjects
from hub.subjects.model import Proof, SubjectKind
from hub.tokens.service import CITIZEN_SCOPES

_FIRST_ID = 2000
_CITY = """\
id: {id}
slug: {slug}
name: {{ hr: Grad {slug} }}
country: HR
currency: EUR
timezone: Europe/Zagreb
languages: [hr]
payees:
  grad: {{ name: {{ hr: Grad {slug} }}, account: HR1723600001101234565 }}
  niskogradnja: {{ name: {{ hr: Niskogradnja }}, account: HR1210010051863000160 }}
departments:
  financije: {{ hr: Financije }}
  komunalno: {{ hr: Komunalno }}
back_offices:
  financije:
    name: {{ hr: Financijska kartica }}
    mapping: shared
    payee: grad
    feeds: {{ obligations: {{ max_age: 1d }} }}
    push:
      secret: {{ secret: "{slug}-push" }}
      events: {{ hr.pregrada.financije.stavka: {{ feed: obligations, mapping: obligation.event.yaml }} }}
  ured:
    name: {{ hr: Ured }}
    connector: rest
    mapping: shared
    settings: {{ base_url: "{url}" }}
    feeds: {{}}
    deliveries: {{ contact_change: contact_change.delivery.yaml }}
"""
_DELIVERY = """\
delivers: contact_change
steps:
  - name: change
    call: { request: POST /contacts, key_header: Idempotency-Key }
    request: { email: email, key: key }
    receipt: { number: number }
"""


def configure(place: Installation, towns: int, url: str) -> Path:
    config = place.folder / "config"
    mappings = config / "mappings" / "shared"
    mappings.mkdir(parents=True)
    ours = PROJECT / "mappings" / "pregrada_financije" / "obligation.event.yaml"
    (mappings / ours.name).write_text(
        "\n".join(line for line in ours.read_text("utf-8").splitlines() if not line.startswith("examples:")), "utf-8"
    )
    (mappings / "contact_change.delivery.yaml").write_text(_DELIVERY, "utf-8")
    for number in range(towns):
        town = config / "cities" / f"grad{number}"
        town.mkdir(parents=True)
        text = _CITY.format(id=_FIRST_ID + number, slug=town.name, url=url)
        (town / "city.yaml").write_text(text, "utf-8")
    return config


def secret(slug: str) -> str:
    return f"{slug}-push-secret-of-a-benchmark"


def write_secrets(settings: Settings, towns: int) -> None:
    for number in range(towns):
        file = settings.secrets / f"grad{number}-push"
        file.touch(mode=0o600)
        file.write_text(secret(f"grad{number}"), "utf-8")


async def citizen(hub: Hub, slug: str, number: int) -> dict[str, Any]:
    """Who has ten debts."""
    city = hub.towns.by_slug[slug].city
    async with hub.database.town(city.id) as connection:
        keys = await hub.vault.keys(connection, city.id)
        subject_id = await subjects.create(connection, city.id, SubjectKind.PERSON, f"Ana {number}")
        await subjects.prove(
            connection, keys, subject_id, "hr.oib", oib(number), proof=Proof.DEVELOPMENT, source="benchmark",
            now=hub.clock.now(),
        )  # fmt: skip
    debts = [event("A", number * 10 + n, number) for n in range(10)]
    await hub.intake.accept(city.id, "financije", orjson.dumps(debts), BATCH, {})
    token = hub.tokens.sign(city, subject_id, CITIZEN_SCOPES, timedelta(hours=2))
    return {"town": slug, "number": number, "headers": {"Authorization": f"Bearer {token}"}}


async def put_in_line(hub: Hub, slug: str, number: int) -> None:
    """So many deliveries in line."""
    town = hub.towns.by_slug[slug]
    async with hub.database.town(town.city.id) as connection:
        keys = await hub.vault.keys(connection, town.city.id)
        for _ in range(number):
            await hub.deliveries.enqueue(
                connection, keys, town=town, kind="contact_change", noun="benchmark", record_id=uuid4(),
                values={"email": "flood@example.org"},
            )  # fmt: skip


async def hold(hub: Hub, slug: str) -> None:
    """Nothing of its line is sent any more; returns when nothing of the town is under way, nor waits to be applied."""
    city_id = hub.towns.by_slug[slug].city.id
    while True:
        async with hub.database.town(city_id) as connection:
            # What is under way goes through and ends the pause, which is made again.
            made = await connection.execute(
                """insert into delivery_offices (city_id, back_office, failures, failing_since, paused_until, last_failure)
                   values ($1, 'ured', 1, now(), now() + interval '1 day', 'benchmark') on conflict do nothing""",
                city_id,
            )
            busy = await connection.fetchval(
                """select exists (select from deliveries where city_id = $1 and state = 'sending')
                       or exists (select from messages where city_id = $1 and state = 'received')""",
                city_id,
            )
        if made == "INSERT 0 0" and not busy:
            return
        await asyncio.sleep(0.3)


async def let_go(hub: Hub, slug: str) -> None:
    """The line goes on."""
    city_id = hub.towns.by_slug[slug].city.id
    async with hub.database.town(city_id) as connection:
        await offices.answered(connection, city_id, "ured", hub.clock.now())


def flood(run: int) -> list[bytes]:
    """Whole requests of 100 events each, none of which another run has."""
    found = []
    for number in range(run * 400, run * 400 + 400):
        body = orjson.dumps([event("F", number * 100 + n, n) for n in range(100)])
        head = (
            f"POST /grad0/push/v1/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {secret('grad0')}\r\n"
            f"Content-Type: {BATCH}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        found.append(head.encode() + body)
    return found
