"""A back office that is dead for an hour: what citizens send meanwhile is kept, told of, and arrives once and in order."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from tests.integration.submissions.conftest import CASE, FrontEnd, good
from tests.integration.submissions.sending import Sending, sending

ZELJKA = "83100426579"
MINUTE = timedelta(minutes=1)
NOT_ANSWERING = (
    "Sustav gradske uprave „Urudžbeni zapisnik” ne odgovara od {since}. Vaša je poruka sačuvana i poslat ćemo je čim "
    "proradi. Ne trebate ništa učiniti."
)


@pytest.fixture
async def pregrada(tmp_path, urls, clock) -> AsyncIterator[Sending]:
    async with sending(tmp_path, urls, clock, "pregrada", urudzbeni=("pregrada_urudzbeni", "base_url")) as town:
        yield town


class Her:
    """Željka, with a token of now whenever she asks: the clock moves by an hour."""

    def __init__(self, town: Sending, front_end: FrontEnd) -> None:
        self._town, self._front_end = town, front_end

    def _now(self) -> FrontEnd:
        self._front_end.headers = self._town.api.token("pregrada", self._front_end.subject_id)
        return self._front_end

    async def sends(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        return good(await self._now().post(path, body), 201)

    async def moves(self, email: str) -> str:
        changes = good(await self._now().patch("contact-details", {"email": email}))["changes"]
        return str(changes[0]["id"])

    async def sees(self) -> dict[str, dict[str, Any]]:
        """Everything she has sent, by id."""
        sent = good(await self._now().get("submissions?limit=100"))["items"]
        changes = good(await self._now().get("contact-details"))["changes"]
        return {one["id"]: one for one in (*sent, *changes)}


async def test_a_back_office_dead_for_an_hour(pregrada, clock):
    subject_id = await pregrada.api.subject("pregrada", "Željka Đurđević-Šćepan", hr_oib=ZELJKA)
    her = Her(pregrada, FrontEnd(pregrada.api, subject_id, {}))
    await pregrada.read("urudzbeni", "cases", "hr.oib", ZELJKA)
    case = good(await her._now().get("cases"))["items"][0]["id"]
    office = pregrada.offices["urudzbeni"]

    await office.switch(down="close")
    died_at = clock.now()
    cases, answers, changes = [], [], []
    for minute in range(60):
        clock.move(MINUTE)
        match minute % 12:
            case 0:
                cases.append((await her.sends("submissions", CASE | {"title": f"Zahtjev {minute}"}))["id"])
            case 4:
                answers.append((await her.sends(f"cases/{case}/answers", {"text": f"Odgovor {minute}"}))["id"])
            case 8:
                changes.append(await her.moves(f"z{minute}@example.hr"))
        await pregrada.send()
        # At every step: everything is there, nothing is said to have arrived, and she is told what is going on.
        seen = await her.sees()
        assert seen.keys() == {*cases, *answers, *changes}
        assert all(one["status"] == "waiting_for_office" for one in seen.values())
        assert {registry(one)["state"] for one in seen.values()} == {"waiting"}
        assert {registry(one)["number"] for one in seen.values()} == {None}
        first = registry(seen[cases[0]])
        assert first["not_answering_since"] == (died_at + MINUTE).isoformat().replace("+00:00", "Z")
        local = (died_at + MINUTE).astimezone(pregrada.town.city.timezone)
        assert first["text"] == NOT_ANSWERING.format(since=f"{local:%d. %m. %Y.} {local:%H:%M}")
    assert (await pregrada.ledger("urudzbeni"))["entries"] == []
    # An office that fails is left alone: tried now and then, and not by everything that waits.
    calls = (await office.state())["calls"]
    assert 10 < calls < 40

    await office.switch()
    for _ in range(20):
        await pregrada.send(after=MINUTE)
    seen = await her.sees()
    assert {registry(one)["state"] for one in seen.values()} == {"delivered"}
    assert {registry(one)["not_answering_since"] for one in seen.values()} == {None}
    assert {seen[one]["state"] for one in (*cases, *answers)} == {"registered"}
    ledger = await pregrada.ledger("urudzbeni")
    assert set(ledger["counts"].values()) == {1}
    arrived = {"predmet": [], "podnesak": [], "kontakt": []}
    for entry in ledger["entries"]:
        arrived[entry["operation"]].append(entry)
    assert [len(found) for found in arrived.values()] == [5, 5, 5]
    # What has an order came in it: the answers on one case, and how one person is reached.
    texts = [one["opis"] for one in (await _items(office))[arrived["podnesak"][0]["about"]]["dogadaji"][-5:]]
    assert texts == [f"Zaprimljen podnesak: Odgovor {minute}" for minute in (4, 16, 28, 40, 52)]
    person = next(one for one in await _people(office) if one["oib"] == ZELJKA)
    assert person["eposta"] == "z56@example.hr"
    versions = [int(entry["number"]) for entry in arrived["kontakt"]]
    assert versions == sorted(versions)
    # What happened is told, too: each was sent, and arrived when the office was back.
    events = good(await her._now().get(f"submissions/{cases[0]}"))["events"]
    assert [one["event"] for one in events] == ["sent", "received", "registered"]


def registry(item: dict[str, Any]) -> dict[str, Any]:
    """What the registry of cases made of it; how somebody is reached may go to other back offices as well."""
    return next(one for one in item["offices"] if one["back_office"] == "urudzbeni")


async def _items(office: Any) -> dict[str, dict[str, Any]]:
    return {str(one["id"]): one for one in (await office.client.get("/_control/items")).json()}


async def _people(office: Any) -> list[dict[str, Any]]:
    return list((await office.client.get("/_control/people")).json())
