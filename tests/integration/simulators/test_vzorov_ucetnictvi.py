"""The accounting of Vzorov, as a caller sees it on the wire."""

from __future__ import annotations

import httpx
import pytest

from simulators.people import EMA, RUZENA, ZAHRADNICTVI
from tests.integration.simulators.harness import Simulator

GRANT = {"grant_type": "client_credentials"}
CLIENT = ("munihub", "vzorov-ucetnictvi-secret")


async def token(ucetnictvi: Simulator) -> dict[str, str]:
    answer = await ucetnictvi.client.post("/oauth/token", data=GRANT, auth=CLIENT)
    assert answer.status_code == 200, answer.text
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


async def page(ucetnictvi: Simulator, headers: dict[str, str], **query: object) -> dict:
    answer = await ucetnictvi.client.get("/v1/predpisy", params=query, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("way", ["basic", "form"])
async def test_a_token_is_given_for_the_client_secret(ucetnictvi: Simulator, way: str) -> None:
    if way == "basic":
        answer = await ucetnictvi.client.post("/oauth/token", data=GRANT, auth=CLIENT)
    else:
        form = {**GRANT, "client_id": CLIENT[0], "client_secret": CLIENT[1]}
        answer = await ucetnictvi.client.post("/oauth/token", data=form)
    body = answer.json()
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert body["token_type"] == "Bearer"
    assert body["expires_in"] == 300
    assert (await page(ucetnictvi, {"Authorization": f"Bearer {body['access_token']}"}))["predpisy"]


@pytest.mark.parametrize(
    ("form", "auth", "status", "error"),
    [
        (GRANT, ("munihub", "wrong"), 401, "invalid_client"),
        (GRANT, ("other", CLIENT[1]), 401, "invalid_client"),
        (GRANT, None, 401, "invalid_client"),
        ({"grant_type": "password"}, CLIENT, 400, "unsupported_grant_type"),
    ],
)
async def test_no_token_for_anything_else(
    ucetnictvi: Simulator, form: dict, auth: httpx._types.AuthTypes | None, status: int, error: str
) -> None:
    answer = await ucetnictvi.client.post("/oauth/token", data=form, auth=auth)
    assert (answer.status_code, answer.json()["error"]) == (status, error)


async def test_a_token_runs_out(ucetnictvi: Simulator) -> None:
    headers = await token(ucetnictvi)
    ucetnictvi.clock.move(minutes=4, seconds=59)
    assert (await page(ucetnictvi, headers))["predpisy"]
    ucetnictvi.clock.move(seconds=1)
    answer = await ucetnictvi.client.get("/v1/predpisy", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert "variabilni_symbol" not in answer.text
    assert (await ucetnictvi.client.get("/v1/predpisy")).status_code == 401


async def test_pages_are_complete_and_changes_follow(ucetnictvi: Simulator) -> None:
    headers = await token(ucetnictvi)
    found: list[str] = []
    query: dict[str, object] = {"limit": 4}
    while True:
        body = await page(ucetnictvi, headers, **query)
        assert len(body["predpisy"]) <= 4
        found += [item["id"] for item in body["predpisy"]]
        if body["dalsi_kurzor"] is None:
            break
        query["kurzor"] = body["dalsi_kurzor"]
    assert len(found) == 14
    assert len(set(found)) == 14
    mark = body["znacka"]
    assert (await page(ucetnictvi, headers, od_znacky=mark))["predpisy"] == []

    await ucetnictvi.post("items", id="POK-2026-000009", zbyva=0.0)
    await ucetnictvi.delete("items/SLU-2026-000210")
    changed = (await page(ucetnictvi, headers, od_znacky=mark))["predpisy"]
    assert [(item["id"], item["zbyva"], item.get("smazano")) for item in changed] == [
        ("POK-2026-000009", 0.0, None),
        ("SLU-2026-000210", 2178.9, True),
    ]
    everything = (await page(ucetnictvi, headers))["predpisy"]
    assert sorted(item["id"] for item in everything) == sorted(set(found) - {"SLU-2026-000210"})


async def test_assessments_of_every_kind(ucetnictvi: Simulator) -> None:
    body = await page(ucetnictvi, await token(ucetnictvi))
    assert body["stav_k"] == "2026-11-21T13:00:00+01:00"
    items = {item["id"]: item for item in body["predpisy"]}
    assert items["KO-2026-000117"] == {
        "id": "KO-2026-000117",
        "druh": "KO",
        "nazev": "Poplatek za komunální odpad 2026",
        "rok": 2026,
        "poplatnik": {"typ": "FO", "rodne_cislo": RUZENA.number, "ico": None},
        "castka": 840.0,
        "zbyva": 840.0,
        "mena": "CZK",
        "vystaveno": "2026-10-27",
        "splatnost": "2026-12-09",
        "prijemce": "MESTO",
        "odbor": "FIN",
        "variabilni_symbol": "0026000117",
        "specificky_symbol": "1340",
        "konstantni_symbol": "1148",
        "zprava": "Komunální odpad Příhodová",
        "stornovano": False,
        "uctoval": "ek07",
        "verze": 1763526600000 + 365 * 86_400_000,
    }
    assert items["KO-2026-000118"]["poplatnik"]["rodne_cislo"] == EMA.number
    assert items["KO-2026-000118"]["zastupce"] == [{"typ": "FO", "rodne_cislo": RUZENA.number, "ico": None}]
    assert items["NAJ-2026-000005"]["poplatnik"] == {"typ": "PO", "rodne_cislo": None, "ico": ZAHRADNICTVI.number}
    assert items["SLU-2026-000210"]["prijemce"] == "TS"
    assert items["PRE-2026-000002"]["castka"] == -150.0
    assert items["POK-2026-000010"]["zbyva"] is None
    assert [part["zbyva"] for part in items["NAJ-2026-000004"]["splatky"]] == [0.0, 0.0, 4200.0, 4200.0]
    assert {item["druh"] for item in items.values()} == {"KO", "PES", "POK", "NAJ", "SLU", "PRE", "SPR"}
    assert all(len(item["variabilni_symbol"]) == 10 for item in items.values())
