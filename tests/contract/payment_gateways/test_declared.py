"""What a gateway says of itself before it serves anybody: its powers, its states, whether it is fit for use."""

from __future__ import annotations

import pytest

from hub.ports.payment_gateway import Outcome
from tests.support.gateways.driver import MANIFESTS, Driving, Stage, made

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def test_every_published_state_has_a_meaning(driver: Driving) -> None:
    assert driver.states
    assert {word: driver.outcome_of(word) for word in driver.states} == dict(driver.states)
    assert Outcome.UNKNOWN not in {outcome for outcome in driver.states.values() if outcome}
    assert {driver.outcome_of(word) for word in ("unheard-of", "99")} == {Outcome.UNKNOWN}


async def test_doctor(stage: Stage) -> None:
    steps = await stage.gateway.check()
    assert steps
    assert [step.name for step in steps if not step.ok] == []

    assert stage.driver.wrong_secrets, "say with which secrets the gateway accepts nothing"
    wrong = made(stage.driver, stage.url, stage.shop.address, stage.driver.wrong_secrets)
    refused = await wrong.check()
    await wrong.close()
    assert [step.name for step in refused if not step.ok] == ["credentials"]
    said = " ".join(step.detail for step in refused)
    assert not [value for value in stage.driver.wrong_secrets.values() if value in said]

    gone = made(stage.driver, "http://127.0.0.1:9", stage.shop.address)
    unreachable = await gone.check()
    await gone.close()
    assert [step.name for step in unreachable if not step.ok] == ["connection"]


async def test_a_live_town_must_not_use_a_simulator(stage: Stage) -> None:
    assert stage.gateway.simulated or stage.gateway.rehearsal()


async def test_every_gateway_says_what_it_can(driver: Driving) -> None:
    plugin = MANIFESTS[driver.id].load()
    assert MANIFESTS[driver.id].kind == "payment_gateway"
    assert {type(getattr(plugin, name)) for name in ("simulated", "lists", "refund_is_asked")} == {bool}
