"""The registry of cases of Pregrada, as a caller sees it on the wire."""

from __future__ import annotations

import pytest

from simulators.people import ANDELKA, CIRO, DURO, SIME, STOLARIJA, ZELJKA
from tests.integration.simulators.harness import Simulator

TOKEN = {"Authorization": "Bearer pregrada-urudzbeni-secret"}


async def cases(urudzbeni: Simulator, **query: object) -> dict:
    answer = await urudzbeni.client.get("/api/v1/predmeti", params=query, headers=TOKEN)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "application/json"
    return answer.json()


async def test_pages_are_complete(urudzbeni: Simulator) -> None:
    found = []
    for page in range(1, 5):
        body = await cases(urudzbeni, page=page, per_page=2)
        assert body["meta"] == {
            "page": page,
            "per_page": 2,
            "total": 7,
            "last_page": 4,
            "stanje_na": "2026-11-21T13:00:00+01:00",
        }
        found += [case["id"] for case in body["data"]]
    assert found == [40017, 40058, 40112, 40131, 40140, 40152, 40155]
    assert (await cases(urudzbeni, page=5, per_page=2))["data"] == []
    assert (await cases(urudzbeni, page="x", per_page="0"))["meta"]["per_page"] == 20


@pytest.mark.parametrize(
    ("person", "expected"),
    [
        (ZELJKA, [40017, 40058, 40112, 40131, 40152]),
        (DURO, [40017, 40131]),
        (SIME, [40140]),
        (STOLARIJA, [40152]),
        (ANDELKA, [40155]),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
async def test_the_cases_of_a_person(urudzbeni: Simulator, person, expected: list[int]) -> None:
    body = await cases(urudzbeni, oib=person.number)
    assert [case["id"] for case in body["data"]] == expected


async def test_one_case_in_full(urudzbeni: Simulator) -> None:
    case = (await cases(urudzbeni, oib=ZELJKA.number))["data"][2]
    assert case == {
        "id": 40112,
        "klasa": "403-02/26-01/112",
        "urbroj": "2140-5-02/1-26-3",
        "naziv": "Zahtjev za obročnu otplatu komunalnog doprinosa",
        "vrsta": {"sifra": "ZAHTJEV", "naziv": "Zahtjev građana"},
        "status": {"sifra": "CEKA_STRANKU", "naziv": "Čeka se dopuna stranke"},
        "ustrojstvena_jedinica": {"sifra": "02", "naziv": "Odsjek za financije"},
        "zaprimljeno": "2026-11-01",
        "rok": "2026-11-30",
        "zavrseno": None,
        "ishod": None,
        "stranke": {
            "podnositelji": [{"oib": ZELJKA.number}],
            "ostale_stranke": [],
            "opunomocenici": [],
            "roditelji": [],
        },
        "dogadaji": [
            {
                "vrijeme": "2026-11-01T09:15:00+01:00",
                "status": "ZAPRIMLJENO",
                "opis": "Zahtjev je predan elektronički.",
            },
            {"vrijeme": "2026-11-06T10:15:00+01:00", "status": "U_RADU", "opis": "U obradi."},
            {
                "vrijeme": "2026-11-15T11:15:00+01:00",
                "status": "CEKA_STRANKU",
                "opis": "Molimo dostavite presliku vlasničkog lista do kraja mjeseca.",
            },
        ],
        "referent": "I. Habek",
        "promijenjeno": "2026-11-15T16:15:00+01:00",
    }


async def test_all_statuses_occur(urudzbeni: Simulator) -> None:
    statuses = {case["status"]["sifra"] for case in (await cases(urudzbeni))["data"]}
    assert statuses == {"ZAPRIMLJENO", "U_RADU", "CEKA_STRANKU", "RIJESENO", "ARHIVIRANO", "ODUSTANAK"}


async def test_who_is_unknown_is_not_found(urudzbeni: Simulator) -> None:
    answer = await urudzbeni.client.get("/api/v1/predmeti", params={"oib": CIRO.number}, headers=TOKEN)
    assert answer.status_code == 404
    assert answer.json()["code"] == "nepoznata_stranka"
    await urudzbeni.post("people", oib=CIRO.number, naziv=CIRO.full_name)
    assert (await cases(urudzbeni, oib=CIRO.number))["data"] == []


@pytest.mark.parametrize(
    ("headers", "challenge"),
    [
        ({}, "Bearer"),
        ({"Authorization": "Basic bXVuaWh1Yg=="}, "Bearer"),
        ({"Authorization": "Bearer wrong"}, 'Bearer error="invalid_token"'),
    ],
)
async def test_without_the_token_nothing_is_told(urudzbeni: Simulator, headers: dict, challenge: str) -> None:
    answer = await urudzbeni.client.get("/api/v1/predmeti", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == challenge
    assert "klasa" not in answer.text
