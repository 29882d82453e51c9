"""The whole API against its own OpenAPI: requests made from it, well-formed and wrong, over a real server.

What is looked for in every answer: no 5xx, only documented statuses, media types, headers and shapes, wrong values
refused, right ones accepted, no operation that answers without its token.
"""

import asyncio
from copy import deepcopy
from datetime import UTC, datetime, timedelta

import pytest
import schemathesis
from schemathesis.checks import CHECKS
from schemathesis.config import SchemathesisConfig

from hub.kernel.clock import FixedClock
from hub.kernel.money import Money
from portal_api.citizen import refresh
from tests.integration.portal_api.serving import serving
from tests.integration.portal_api.test_account import read
from tests.support.hub import SECRETS, make_settings, opened
from tests.support.openapi import DOCUMENT
from tests.support.postgres import fresh_database
from tests.support.records import ANA, case, obligation

SEED = 20261121
KNOWN = {"obligation_id": "obligations", "case_id": "cases"}
"""Parameters that stand for a record, and where one is found: the document is read before there are any."""


@pytest.fixture(scope="module")
def house(postgres, tmp_path_factory):
    """Address of a served API in which Ana has obligations and a case, and what each kind of caller sends."""
    clock = FixedClock(datetime(2026, 11, 21, 10, 0, tzinfo=UTC))
    with fresh_database(postgres) as urls:
        settings = make_settings(tmp_path_factory.mktemp("house"), urls)
        known = asyncio.run(_furnish(settings, urls, clock))
        patience = pytest.MonkeyPatch()
        patience.setattr(refresh, "PATIENCE", 0.05)
        with serving(settings, urls, clock) as (host, port):
            yield {"url": f"http://{host}:{port}"} | known
        patience.undo()


async def _furnish(settings, urls, clock) -> dict:
    async with opened(settings, urls, clock) as hub:
        ana = await hub.subject("pregrada", hr_oib=ANA)
        parts = tuple(
            {
                "number": n,
                "due_on": (clock.now() + timedelta(days=30 * n)).date(),
                "amount": Money(1000, "EUR"),
                "outstanding": Money(1000, "EUR"),
                "references": (),
            }
            for n in (1, 2)
        )
        owed = [obligation(f"{n}") for n in range(3)]
        owed.append(
            obligation("in parts", original=Money(2000, "EUR"), outstanding=Money(2000, "EUR"), instalments=parts)
        )
        await read(hub, "obligations", ANA, *owed)
        await read(hub, "cases", ANA, case())
        clock.move(timedelta(hours=2))  # so that a refresh has something to ask for, and nobody answers it here
        citizen = hub.token("pregrada", ana)
        ids = {
            name: (await hub.client.get(f"/pregrada/v1/{noun}", headers=citizen)).json()["items"][0]["id"]
            for name, noun in KNOWN.items()
        }
        push = {"Authorization": f"Bearer {SECRETS['pregrada-financije-push']}"}
        await hub.client.post(
            "/pregrada/push/v1/events", content=b"{", headers=push | {"Content-Type": "application/cloudevents+json"}
        )
        return {
            "ids": ids,
            "tokens": {"citizen": citizen, "admin": hub.staff("pregrada"), "push": push, "operators": {}},
        }


def _schema(examples: int, parameters: dict[str, str]):
    config = SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "generation": {"deterministic": True, "max-examples": examples, "database": "none"},
            "parameters": parameters,
            "request-timeout": 10,
        }
    )
    return schemathesis.openapi.from_dict(deepcopy(DOCUMENT), config=config)


inside = _schema(4, {"path.city": "pregrada", "path.scheme": "hub3"} | {f"path.{name}": name for name in KNOWN})
outside = _schema(2, {})


@schemathesis.serializer("application/x-ndjson")
def lines(context, value) -> bytes:
    """The document calls it a text; what is sent is that text."""
    return value if isinstance(value, bytes) else str(value).encode(errors="replace")


def sensible(case) -> list:
    """Checks that say nothing here."""
    checks = []
    if not {"cursor", "instalment"}.isdisjoint(case.query or {}):
        # Any text might be a cursor and any number an instalment: only those there are are accepted.
        checks.append(CHECKS.get_one("positive_data_acceptance"))
    if case.operation.path.endswith(("/attachments", "/requests")):
        # Random bytes are no file anybody takes, and a town has a few categories only.
        checks.append(CHECKS.get_one("positive_data_acceptance"))
    if case.operation.path.endswith(("/push/v1/files", "/push/v1/soap", "/corrections", "/replays")):
        # A town has a few kinds of files, an envelope is XML; one of two keys, which a form of JSON Schema could say
        # but no reader of a document would see.
        checks.append(CHECKS.get_one("positive_data_acceptance"))
    if case.operation.path.endswith("/push/v1/soap"):
        checks.append(CHECKS.get_one("not_a_server_error"))  # SOAP 1.1 section 6.2: every fault has the status 500
    if case.operation.path.endswith(("/payments", "/statement-files")):
        # A town has a few payees, and what is paid is somebody's; a file's name is no path.
        checks.append(CHECKS.get_one("positive_data_acceptance"))
    if case.operation.path.endswith("/statement-entries") and "amount" in (case.query or {}):
        checks.append(
            CHECKS.get_one("positive_data_acceptance")
        )  # three capitals are a currency where ISO 4217 says so
    if case.operation.path.endswith("/people"):
        checks.append(CHECKS.get_one("positive_data_acceptance"))  # numbers of people have check digits
    if not set(case.query or {}) <= {one.name for one in case.operation.query}:
        checks.append(CHECKS.get_one("negative_data_rejection"))  # a parameter that nobody knows is passed over
    if case.operation.tags == ["push"]:
        checks.append(CHECKS.get_one("negative_data_rejection"))  # what is no event is kept as a letter, and accepted
    return checks


@inside.parametrize()
def test_with_a_valid_token_and_existing_records(case, house):
    for name, value in case.path_parameters.items():
        if value in KNOWN:
            case.path_parameters[name] = house["ids"][value]
    case.call_and_validate(
        house["url"], headers=house["tokens"][case.operation.tags[0]], excluded_checks=sensible(case)
    )


@outside.parametrize()
def test_without_a_token_and_with_any_address(case, house):
    case.call_and_validate(house["url"])
