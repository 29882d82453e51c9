"""Each switch does what it says, to each of the four protocols."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx
import pytest
from lxml import etree

from tests.integration.simulators.harness import Simulator, body_of, start

Ask = Callable[[], Awaitable[httpx.Response]]

NAMES = ("pregrada_financije", "pregrada_urudzbeni", "vzorov_ucetnictvi", "vzorov_registr")


@pytest.fixture(params=NAMES)
async def asked(request) -> AsyncIterator[tuple[Simulator, Ask]]:
    """A simulator, and a good question to it."""
    async with start(request.param) as simulator:
        headers = {"Authorization": "Bearer pregrada-urudzbeni-secret"}
        if request.param == "vzorov_ucetnictvi":
            answer = await simulator.client.post(
                "/oauth/token",
                data={"grant_type": "client_credentials"},
                auth=("munihub", "vzorov-ucetnictvi-secret"),
            )
            headers = {"Authorization": f"Bearer {answer.json()['access_token']}"}

        async def ask() -> httpx.Response:
            match request.param:
                case "pregrada_financije":
                    return await simulator.soap_11("<DohvatiPromjene/>")
                case "vzorov_registr":
                    return await simulator.soap_12("<SeznamOsob/>")
                case "pregrada_urudzbeni":
                    return await simulator.client.get("/api/v1/predmeti", headers=headers)
                case _:
                    return await simulator.client.get("/v1/predpisy", headers=headers)

        yield simulator, ask


def is_whole(answer: httpx.Response) -> bool:
    """Whether the body is a complete document of its media type."""
    try:
        if "json" in answer.headers["content-type"]:
            answer.json()
        else:
            etree.fromstring(answer.content)
    except (ValueError, etree.XMLSyntaxError):
        return False
    return True


async def test_off_is_off(asked: tuple[Simulator, Ask]) -> None:
    simulator, ask = asked
    before = (await simulator.state())["calls"]
    assert is_whole(await ask())
    state = await simulator.state()
    assert state["calls"] == before + 1
    assert state["switches"] == {
        "delay": 0,
        "drip": 0,
        "down": None,
        "garbage": None,
        "fault": False,
        "wrong_schema": None,
        "only_next": None,
        "interface": None,
    }


async def test_down_closes_without_an_answer(asked: tuple[Simulator, Ask]) -> None:
    simulator, ask = asked
    before = await simulator.state()
    await simulator.switch(down="close")
    with pytest.raises(httpx.RemoteProtocolError, match="without sending a response"):
        await ask()
    after = await simulator.state()
    assert after["calls"] == before["calls"] + 1
    assert after["answered"] == before["answered"]
    await simulator.switch()
    assert is_whole(await ask())


async def test_down_503(asked: tuple[Simulator, Ask]) -> None:
    simulator, ask = asked
    await simulator.switch(down="503")
    answer = await ask()
    assert (answer.status_code, answer.content) == (503, b"Service Unavailable")


async def test_only_next_switches_itself_off(asked: tuple[Simulator, Ask]) -> None:
    simulator, ask = asked
    await simulator.switch(down="503", only_next=2)
    assert [(await ask()).status_code for _ in range(4)] == [503, 503, 200, 200]
    assert (await simulator.state())["switches"]["down"] is None


async def test_delay(asked: tuple[Simulator, Ask]) -> None:
    simulator, ask = asked
    await simulator.switch(delay=0.3)
    began = time.monotonic()
    assert is_whole(await ask())
    assert time.monotonic() - began >= 0.3
    # The control door is not delayed.
    began = time.monotonic()
    await simulator.switch()
    assert time.monotonic() - began < 0.3


async def test_drip(asked: tuple[Simulator, Ask]) -> None:
    """The beginning comes at once, the end only after the whole time."""
    simulator, ask = asked
    await simulator.switch(drip=0.6)
    began = time.monotonic()
    seen: list[float] = []

    async def hook(answer: httpx.Response) -> None:
        seen.append(time.monotonic() - began)

    simulator.client.event_hooks["response"].append(hook)
    answer = await ask()
    assert seen[0] < 0.3
    assert time.monotonic() - began >= 0.6
    assert is_whole(answer)


async def test_garbage_html(asked: tuple[Simulator, Ask]) -> None:
    simulator, ask = asked
    await simulator.switch(garbage="html")
    answer = await ask()
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert answer.content.startswith(b"<!DOCTYPE html>")


async def test_garbage_truncated(asked: tuple[Simulator, Ask]) -> None:
    simulator, ask = asked
    whole = await ask()
    await simulator.switch(garbage="truncated")
    cut = await ask()
    assert cut.status_code == 200
    assert cut.headers["content-type"] == whole.headers["content-type"]
    assert cut.content[:50] == whole.content[:50]
    assert len(cut.content) == len(whole.content) // 2
    assert not is_whole(cut)


async def test_garbage_bytes(asked: tuple[Simulator, Ask]) -> None:
    simulator, ask = asked
    media_type = (await ask()).headers["content-type"]
    await simulator.switch(garbage="bytes")
    answer = await ask()
    assert answer.headers["content-type"] == media_type
    assert answer.content == bytes(range(256)) * 4


async def test_fault_speaks_the_protocol(asked: tuple[Simulator, Ask]) -> None:
    simulator, ask = asked
    await simulator.switch(fault=True)
    answer = await ask()
    assert answer.status_code == 500
    if "xml" in answer.headers["content-type"]:
        assert etree.QName(body_of(answer)).localname == "Fault"
    else:
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == "internal_error"
    assert b"(simulated)" in answer.content


RENAMED = {
    "pregrada_financije": ("Preostalo>", "IznosZaPlatiti>"),
    "pregrada_urudzbeni": ('"status":{', '"stanje":{'),
    "vzorov_ucetnictvi": ('"castka":', '"castka_celkem":'),
    "vzorov_registr": ("Druh>", "DruhOsoby>"),
}
MISTYPED = {
    "pregrada_financije": "Iznos>tisuću dvjesto pedeset<",
    "pregrada_urudzbeni": '"status":"neuvedeno"',
    "vzorov_ucetnictvi": '"castka":"neuvedeno"',
    "vzorov_registr": "Zmeneno>včera<",
}


async def test_wrong_schema(asked: tuple[Simulator, Ask], request) -> None:
    simulator, ask = asked
    name = request.node.callspec.params["asked"]
    old, new = RENAMED[name]
    assert old in (await ask()).text
    await simulator.switch(wrong_schema="renamed", only_next=1)
    renamed = await ask()
    assert is_whole(renamed)
    assert new in renamed.text
    assert renamed.text.count(old) < (await ask()).text.count(old)  # Instalments keep theirs.
    await simulator.switch(wrong_schema="mistyped", only_next=1)
    assert MISTYPED[name] in (await ask()).text
    assert old in (await ask()).text


async def test_slow_calls_do_not_hold_up_others(asked: tuple[Simulator, Ask]) -> None:
    simulator, ask = asked
    await simulator.switch(delay=2, only_next=1)
    slow = asyncio.create_task(ask())
    while (await simulator.state())["switches"]["delay"]:
        await asyncio.sleep(0.01)
    assert is_whole(await ask())
    assert not slow.done()
    assert is_whole(await slow)


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({"dely": 3}, "dely"),
        ({"down": True}, "'close' or '503'"),
        ({"delay": -1}, "greater than or equal to 0"),
        ({"only_next": 0}, "greater than or equal to 1"),
        ([], "an object"),
    ],
)
async def test_a_switch_that_does_not_exist_is_refused(urudzbeni: Simulator, body: object, told: str) -> None:
    await urudzbeni.switch(delay=0.01)
    answer = await urudzbeni.client.post("/_control", json=body)
    assert answer.status_code == 422
    assert told in answer.text
    assert (await urudzbeni.state())["switches"]["delay"] == 0.01


async def test_data_can_be_changed_added_removed_and_reset(financije: Simulator) -> None:
    added = await financije.post("items", Sifra="2026-KN-009999", OIB="60582139473", Vrsta="KN", Iznos="1,00")
    assert added["ZadnjaPromjena"] == "21.11.2026 13:00:00"
    changed = await financije.post("items", Sifra="2026-KN-009999", Iznos="2,00")
    assert changed == {**added, "Iznos": "2,00", "ZadnjaPromjena": "21.11.2026 13:00:01"}
    removed = await financije.delete("items/2026-KN-009999")
    assert removed == {**changed, "Obrisano": True, "ZadnjaPromjena": "21.11.2026 13:00:02"}
    history = (await financije.client.get("/_control/items/2026-KN-009999")).json()
    assert history == [added, changed, removed]

    before = {item["Sifra"]: item for item in (await financije.client.get("/_control/items")).json()}
    assert "2026-KN-009999" not in before
    await financije.switch(delay=5)
    financije.clock.move(minutes=1)
    await financije.post("reset")
    after = {item["Sifra"]: item for item in (await financije.client.get("/_control/items")).json()}
    assert after == {key: {**item, "ZadnjaPromjena": "21.11.2026 13:01:00"} for key, item in before.items()}
    assert (await financije.state())["switches"]["delay"] == 0


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("items", {"Sifra": "2026-KN-000117", "Iznso": "1,00"}, "unknown: Iznso"),
        ("items", {"Iznos": "1,00"}, "Sifra is missing"),
        ("items", ["Sifra"], "as a JSON object"),
        ("stavke", {"Sifra": "1"}, "there are: items, people"),
    ],
)
async def test_a_change_that_makes_no_sense_is_refused(financije: Simulator, path: str, body, told: str) -> None:
    answer = await financije.client.post(f"/_control/{path}", json=body)
    assert answer.status_code == 422
    assert told in answer.json()["refused"]


async def test_what_does_not_exist_cannot_be_removed(financije: Simulator) -> None:
    assert (await financije.client.delete("/_control/items/nothing")).status_code == 422
    await financije.delete("items/2026-KN-000117")
    again = await financije.client.delete("/_control/items/2026-KN-000117")
    assert again.json() == {"refused": "Sifra '2026-KN-000117' is removed already"}
