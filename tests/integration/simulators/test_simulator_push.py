"""What the simulators push, received by a tiny server on loopback."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.kit.serve import running
from tests.integration.simulators.harness import Simulator


@dataclass
class Receiver:
    """Stands in for the hub's push door; keeps every request as it came."""

    url: str = ""
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def take(self, request: Request) -> Response:
        self.requests.append((dict(request.headers), await request.body()))
        return JSONResponse({"accepted": 1}, 202)

    def events(self) -> list[dict]:
        """All events received, whichever way they came."""
        found: list[dict] = []
        for headers, body in self.requests:
            if headers["content-type"].startswith("application/cloudevents-batch+json"):
                found += json.loads(body)
            else:
                found += [json.loads(line) for line in body.splitlines()]
        return found


@pytest.fixture
async def hub() -> AsyncIterator[Receiver]:
    receiver = Receiver()
    async with running(Starlette(routes=[Route("/push", receiver.take, methods=["POST"])])) as url:
        receiver.url = f"{url}/push"
        yield receiver


async def test_one_event_in_full(financije: Simulator, hub: Receiver) -> None:
    said = await financije.post("push", hub=hub.url, keys=["2026-KZ-000009"])
    assert said == {"events": 1, "answers": [{"status": 202, "body": '{"accepted":1}'}]}
    ((headers, body),) = hub.requests
    assert headers["content-type"] == "application/cloudevents+json; charset=utf-8"
    assert headers["authorization"] == "Bearer pregrada-financije-push-secret"
    event = json.loads(body)
    data = event.pop("data")
    assert event == {
        "specversion": "1.0",
        "type": "hr.pregrada.financije.stavka",
        "source": "urn:pregrada:financije",
        "id": "2026-KZ-000009@2026-11-18T05:00:00Z",
        "time": "2026-11-18T05:00:00Z",
        "datacontenttype": "application/json",
    }
    assert data["Opis"] == "Kazna komunalnog redara: nepropisno odloženi glomazni otpad"
    assert data["Iznos"] == "132,72"
    assert data["ZadnjaPromjena"] == "18.11.2026 06:00:00"


async def test_every_item_of_vzorov_as_one_batch(ucetnictvi: Simulator, hub: Receiver) -> None:
    said = await ucetnictvi.post("push", hub=hub.url, mode="batch", secret="other")
    assert said["events"] == 14
    ((headers, _),) = hub.requests
    assert headers["authorization"] == "Bearer other"
    events = hub.events()
    assert {event["type"] for event in events} == {"cz.vzorov.predpis"}
    items = (await ucetnictvi.client.get("/_control/items")).json()
    assert sorted(event["data"]["id"] for event in events) == [item["id"] for item in items]


async def test_ndjson_is_one_event_a_line(ucetnictvi: Simulator, hub: Receiver) -> None:
    await ucetnictvi.post("push", hub=hub.url, mode="ndjson", keys=["PES-2026-000032", "KO-2026-000117"])
    ((headers, body),) = hub.requests
    assert headers["content-type"] == "application/x-ndjson; charset=utf-8"
    assert body.endswith(b"}\n")
    assert [event["data"]["id"] for event in hub.events()] == ["PES-2026-000032", "KO-2026-000117"]


@pytest.mark.parametrize(("mode", "requests"), [("single", 4), ("batch", 1), ("ndjson", 1)])
async def test_duplicated(financije: Simulator, hub: Receiver, mode: str, requests: int) -> None:
    keys = ["2026-KZ-000009", "2026-KN-000117"]
    said = await financije.post("push", hub=hub.url, keys=keys, mode=mode, duplicated=True)
    assert said["events"] == 4
    assert len(hub.requests) == requests
    events = hub.events()
    assert [event["data"]["Sifra"] for event in events] == [keys[0]] * 2 + [keys[1]] * 2
    assert events[0] == events[1]
    assert len({event["id"] for event in events}) == 2


async def test_out_of_order_sends_what_is_newest_first(financije: Simulator, hub: Receiver) -> None:
    await financije.post("items", Sifra="2026-KZ-000009", Preostalo="100,00")
    financije.clock.move(minutes=5)
    await financije.post("items", Sifra="2026-KZ-000009", Preostalo="50,00")
    order = {"hub": hub.url, "keys": ["2026-KZ-000009"], "history": True}
    await financije.post("push", **order)
    in_order = hub.events()
    assert [event["data"]["Preostalo"] for event in in_order] == ["132,72", "100,00", "50,00"]
    assert [event["time"] for event in in_order] == [
        "2026-11-18T05:00:00Z",
        "2026-11-21T12:00:00Z",
        "2026-11-21T12:05:00Z",
    ]
    hub.requests.clear()
    await financije.post("push", **order, out_of_order=True)
    assert hub.events() == in_order[::-1]


async def test_a_removal_is_an_event_too(financije: Simulator, ucetnictvi: Simulator, hub: Receiver) -> None:
    await financije.delete("items/2026-KZ-000009")
    await ucetnictvi.delete("items/KO-2026-000117")
    await financije.post("push", hub=hub.url, keys=["2026-KZ-000009"])
    await ucetnictvi.post("push", hub=hub.url, keys=["KO-2026-000117"])
    pregrada, vzorov = hub.events()
    assert pregrada["data"]["Obrisano"] is True
    assert pregrada["data"]["ZadnjaPromjena"] == "21.11.2026 13:00:00"
    assert vzorov["data"]["smazano"] is True
    assert vzorov["data"]["verze"] == 1795262400000
    assert vzorov["time"] == "2026-11-21T12:00:00Z"


@pytest.mark.parametrize("mode", ["single", "batch", "ndjson"])
@pytest.mark.parametrize("garbage", ["truncated", "html", "bytes"])
async def test_garbage_is_no_event(financije: Simulator, hub: Receiver, garbage: str, mode: str) -> None:
    order = {"hub": hub.url, "keys": ["2026-KZ-000009"], "mode": mode, "garbage": garbage}
    await financije.post("push", **order)
    ((headers, body),) = hub.requests
    assert "json" in headers["content-type"]
    assert body
    with pytest.raises(ValueError):  # noqa: PT011 - not UTF-8 or not JSON
        json.loads(body)


async def test_wrong_schema_breaks_the_data(financije: Simulator, ucetnictvi: Simulator, hub: Receiver) -> None:
    await financije.post("push", hub=hub.url, keys=["2026-KZ-000009"], wrong_schema="renamed")
    await ucetnictvi.post("push", hub=hub.url, keys=["KO-2026-000117"], wrong_schema="mistyped")
    pregrada, vzorov = hub.events()
    assert pregrada["data"]["IznosZaPlatiti"] == "132,72"
    assert "Preostalo" not in pregrada["data"]
    assert vzorov["data"]["castka"] == "neuvedeno"


async def test_pushes_that_cannot_be(financije: Simulator, urudzbeni: Simulator, hub: Receiver) -> None:
    unknown = await financije.post("push", expect=422, hub=hub.url, keys=["nothing"])
    assert unknown["refused"].startswith("there is no Sifra 'nothing'")
    assert await urudzbeni.post("push", expect=422, hub=hub.url) == {"refused": "this back office does not push"}
    await financije.post("push", expect=422, hub="file:///etc/passwd")
    nobody = await financije.post("push", expect=502, hub="http://127.0.0.1:9/push", keys=["2026-KZ-000009"])
    assert nobody["refused"].startswith("the hub cannot be reached: ConnectError")
    assert hub.requests == []
