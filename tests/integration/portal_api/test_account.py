"""The account: everything known, how old it is, and never "none" where it means "could not ask"."""

import socket
from datetime import date, timedelta
from uuid import UUID

import pytest

from hub.back_offices import queries
from hub.cases.projection import CaseProjection
from hub.kernel.money import Money
from hub.obligations.projection import ObligationProjection
from hub.subjects import service as subjects
from portal_api.citizen.account import AccountOut
from tests.support.hub import Api
from tests.support.records import ANA, IVO, case, obligation, source

ACCOUNT = "/pregrada/v1/account"


async def read(hub: Api, feed: str, oib: str, *records, failure: str | None = None, complete: bool = True) -> None:
    """As if a feed had just been read for somebody."""
    back_office = {"obligations": "financije", "cases": "urudzbeni"}[feed]
    projection = {"obligations": ObligationProjection(), "cases": CaseProjection()}[feed]
    now = hub.clock.now()
    async with hub.worker.database.town(1) as connection:
        keys = await hub.worker.vault.keys(connection, 1)
        known = await subjects.identify(connection, keys, [("hr.oib", oib)])
        identifier_id = known["hr.oib", oib]
        await queries.begin_read(connection, 1, back_office, feed, identifier_id, now)
        if failure is not None:
            await queries.fail(
                connection, 1, back_office, feed, identifier_id, began=now, now=now, code=failure, detail="x"
            )
            return
        await projection.apply(
            connection, keys, source(as_of=now, back_office=back_office, feed=feed, payees=frozenset({"grad"})), records
        )
        await queries.succeed(
            connection,
            1,
            back_office,
            feed,
            identifier_id,
            began=now,
            now=now,
            complete=complete,
            caught_up_to=now,
            cursor=None,
            failure=None,
            records=len(records),
            rejected=0,
        )


async def account(hub: Api, subject_id: UUID, **headers: str) -> dict:
    answer = await hub.client.get(ACCOUNT, headers=hub.token("pregrada", subject_id) | headers)
    assert answer.status_code == 200, answer.text
    AccountOut.model_validate_json(answer.content)
    return answer.json()


def freshness(body: dict) -> dict[str, dict]:
    return {one["back_office"]: one["freshness"] for one in body["sources"]}


async def test_somebody_never_read_has_no_list_at_all(hub):
    ana = await hub.subject("pregrada", hr_oib=ANA)
    body = await account(hub, ana)
    assert body["subject"]["name"] == "Ana Šćrbačić"
    assert body["obligations"] == {"knowledge": "unknown", "totals": None, "items": None}
    assert body["cases"] == {"knowledge": "unknown", "by_status": None, "items": None}
    never = {"status": "unavailable", "as_of": None, "since": None, "because": "never_read"}
    assert freshness(body) == {"financije": never, "urudzbeni": never}


async def test_somebody_without_an_identifier_cannot_be_asked_about(hub):
    nobody = await hub.subject("pregrada")
    body = await account(hub, nobody)
    assert {one["because"] for one in freshness(body).values()} == {"no_identifier"}
    assert body["obligations"]["knowledge"] == "unknown"


async def test_nothing_owed_is_an_empty_list_after_a_complete_read(hub):
    ana = await hub.subject("pregrada", hr_oib=ANA)
    await read(hub, "obligations", ANA)
    body = await account(hub, ana)
    assert body["obligations"] == {"knowledge": "complete", "totals": [], "items": []}
    assert body["cases"]["knowledge"] == "unknown"
    assert freshness(body)["financije"] == {
        "status": "fresh",
        "as_of": "2026-11-21T10:00:00Z",
        "since": None,
        "because": None,
    }


async def test_an_incomplete_read_claims_nothing(hub):
    ana = await hub.subject("pregrada", hr_oib=ANA)
    await read(hub, "obligations", ANA, complete=False)
    assert (await account(hub, ana))["obligations"] == {"knowledge": "partial", "totals": [], "items": []}


async def test_a_source_that_fails_is_stale_since_then_and_still_shown(hub):
    ana = await hub.subject("pregrada", hr_oib=ANA)
    await read(hub, "obligations", ANA, obligation())
    hub.clock.move(timedelta(minutes=5))
    await read(hub, "obligations", ANA, failure="back_office_timeout")
    hub.clock.move(timedelta(minutes=5))
    await read(hub, "obligations", ANA, failure="back_office_down")
    body = await account(hub, ana)
    assert freshness(body)["financije"] == {
        "status": "stale",
        "as_of": "2026-11-21T10:00:00Z",
        "since": "2026-11-21T10:05:00Z",
        "because": "back_office_down",
    }
    assert len(body["obligations"]["items"]) == 1
    hub.clock.move(timedelta(minutes=1))
    await read(hub, "obligations", ANA, obligation())
    assert freshness(await account(hub, ana))["financije"]["status"] == "fresh"


async def test_a_source_that_always_failed_says_why(hub):
    ana = await hub.subject("pregrada", hr_oib=ANA)
    await read(hub, "obligations", ANA, failure="back_office_refused")
    assert freshness(await account(hub, ana))["financije"] == {
        "status": "unavailable",
        "as_of": None,
        "since": "2026-11-21T10:00:00Z",
        "because": "back_office_refused",
    }


async def test_what_was_not_read_for_long_is_stale_by_age(hub):
    ana = await hub.subject("pregrada", hr_oib=ANA)
    await read(hub, "obligations", ANA)
    hub.clock.move(timedelta(hours=1, seconds=1))
    assert freshness(await account(hub, ana))["financije"] == {
        "status": "stale",
        "as_of": "2026-11-21T10:00:00Z",
        "since": "2026-11-21T11:00:00Z",
        "because": "too_old",
    }


async def test_totals_by_currency_with_what_is_overdue_and_credits(hub):
    ana = await hub.subject("pregrada", hr_oib=ANA)
    await read(
        hub,
        "obligations",
        ANA,
        obligation("due", due_on=date(2026, 12, 1), outstanding=Money(1000, "EUR")),
        obligation("today", due_on=date(2026, 11, 21), outstanding=Money(200, "EUR")),
        obligation("late", due_on=date(2026, 11, 20), outstanding=Money(30, "EUR")),
        obligation("unsaid", original=Money(4, "EUR"), outstanding=None, due_on=None),
        obligation("paid", outstanding=Money(0, "EUR")),
        obligation("cancelled", cancelled=True),
        obligation("credit", original=Money(-500, "EUR"), outstanding=Money(-500, "EUR")),
        obligation("old", original=Money(7500, "HRK"), outstanding=Money(7500, "HRK"), due_on=date(2022, 1, 1)),
    )
    body = await account(hub, ana, **{"Accept-Language": "hr"})
    assert body["obligations"]["totals"] == [
        {
            "due": {"minor": 1234, "currency": "EUR", "text": "12,34\xa0€"},
            "overdue": {"minor": 30, "currency": "EUR", "text": "0,30\xa0€"},
            "credit": {"minor": 500, "currency": "EUR", "text": "5,00\xa0€"},
            "paid_here": {"minor": 0, "currency": "EUR", "text": "0,00\xa0€"},
            "open": 4,
        },
        {
            "due": {"minor": 7500, "currency": "HRK", "text": "75,00\xa0kn"},
            "overdue": {"minor": 7500, "currency": "HRK", "text": "75,00\xa0kn"},
            "credit": {"minor": 0, "currency": "HRK", "text": "0,00\xa0kn"},
            "paid_here": {"minor": 0, "currency": "HRK", "text": "0,00\xa0kn"},
            "open": 1,
        },
    ]
    states = {
        one["outstanding"]["minor"] if one["outstanding"] else None: one["state"]
        for one in body["obligations"]["items"]
    }
    assert states == {7500: "overdue", 30: "overdue", 200: "open", 1000: "open", -500: "credit", None: "open"}


async def test_an_answer_is_in_the_readers_language_and_cached_by_content(hub):
    ana = await hub.subject("pregrada", hr_oib=ANA)
    await read(hub, "obligations", ANA, obligation())
    token = hub.token("pregrada", ana)
    answers = {
        language: await hub.client.get(ACCOUNT, headers=token | {"Accept-Language": language})
        for language in ("hr", "en-GB,en;q=0.9", "de", "xx;q=broken")
    }
    titles = {key: one.json()["obligations"]["items"][0]["title"] for key, one in answers.items()}
    assert titles == {
        "hr": "Komunalna naknada",
        "en-GB,en;q=0.9": "Municipal fee",
        "de": "Komunalna naknada",
        "xx;q=broken": "Komunalna naknada",
    }
    assert [one.headers["content-language"] for one in answers.values()] == ["hr", "en", "hr", "hr"]
    tag = answers["hr"].headers["etag"]
    assert answers["de"].headers["etag"] == tag != answers["en-GB,en;q=0.9"].headers["etag"]
    assert "Authorization" in answers["hr"].headers["vary"]
    again = await hub.client.get(ACCOUNT, headers=token | {"If-None-Match": f'"x", {tag}'})
    assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)


async def test_an_account_read_calls_nobody(hub, monkeypatch):
    ana = await hub.subject("pregrada", hr_oib=ANA)
    await read(hub, "obligations", ANA, obligation())
    calls = []
    real = socket.socket.connect

    def watched(self, address):
        calls.append(address)
        return real(self, address)

    monkeypatch.setattr(socket.socket, "connect", watched)
    for path in (ACCOUNT, "/pregrada/v1/obligations", "/pregrada/v1/cases"):
        assert (await hub.client.get(path, headers=hub.token("pregrada", ana))).status_code == 200
    assert [address for address in calls if not isinstance(address, str)] == []
    # The API has no connector it could call by.
    assert all(
        office.connector is None for town in hub.hub.towns.by_slug.values() for office in town.back_offices.values()
    )


async def test_merged_subjects_see_one_account(hub):
    ana = await hub.subject("pregrada", hr_oib=ANA)
    double = await hub.subject("pregrada", "A. Šćrbačić", hr_oib=IVO)
    await read(hub, "obligations", ANA, obligation("a", ANA))
    await read(hub, "obligations", IVO, obligation("b", IVO))
    async with hub.worker.database.town(1) as connection:
        await subjects.merge(connection, 1, double, ana, reason="r", actor="clerk", now=hub.clock.now())
    for one in (ana, double):
        body = await account(hub, one)
        assert body["subject"]["name"] == "Ana Šćrbačić"
        assert len(body["obligations"]["items"]) == 2


@pytest.mark.parametrize(
    ("case_status", "shown"),
    [("waiting_for_office", 1), ("needs_you", 1), ("decided", 1), ("closed", 0), ("withdrawn", 0)],
)
async def test_cases_that_are_over_are_counted_but_not_listed(hub, case_status, shown):
    ana = await hub.subject("pregrada", hr_oib=ANA)
    await read(hub, "cases", ANA, case(status=case_status))
    body = await account(hub, ana)
    assert body["cases"]["by_status"] == {case_status: 1}
    assert len(body["cases"]["items"]) == shown
