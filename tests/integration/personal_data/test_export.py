"""Everything about a person: all of it, opened, nothing of anybody else, and no secret."""

import pytest

from hub.access_log.service import listed
from hub.kernel.ids import public_id
from hub.personal_data.export import not_given
from hub.personal_data.holdings import HOLDINGS
from hub.personal_data.others import OTHERS
from hub.storage.database import NIL
from hub.subjects import service as subjects
from hub.subjects.model import Proof
from tests.integration.personal_data.lives import live, rows_of
from tests.support.records import ANA, IVO

PATH = "/pregrada/v1/personal-data"


@pytest.fixture
async def people(hub):
    """Ivo, and Ana who is his guardian."""
    ivo = await live(hub, IVO, "Ivo Drugi")
    return await live(hub, ANA, "Ana Prva", ivo.subject_id), ivo


async def given(hub, life, **headers):
    answer = await hub.client.get(PATH, headers=hub.token("pregrada", life.subject_id) | headers)
    assert answer.status_code == 200, answer.text
    return answer


async def test_every_table_gives_what_it_has_of_her(hub, people):
    ana, _ = people
    document = (await given(hub, ana)).json()
    found = {table: len(rows) for table, rows in document["data"].items()}
    assert found == await rows_of(hub, ana)
    assert [table for table, number in found.items() if not number] == []
    assert list(found) == [holding.table for holding in HOLDINGS]


async def test_nothing_of_anybody_else(hub, people):
    ana, ivo = people
    text = (await given(hub, ana)).text
    for word in (*ivo.sealed, "Ivo", f"user{IVO}", f"partner-{IVO}"):
        assert word not in text
    # Whom she may act for is in her mandate, by id.
    assert text.count(str(ivo.subject_id)) == 1


async def test_what_is_kept_encrypted_is_opened_for_her(hub, people):
    ana, _ = people
    document = (await given(hub, ana)).json()
    data = document["data"]
    assert {(one["scheme"], one["value"]) for one in data["identifiers"]} == {
        ("hr.oib", ANA),
        ("login.nias", f"nias-{ANA}"),
    }
    assert [one["number"] for one in data["password_issues"]] == [f"passport-{ANA}"]
    assert {one["name"] for one in data["subjects"]} == {"Ana Prva", "Ana Prva (2)"}
    (owed,) = data["obligations"]
    assert (owed["title"], owed["outstanding"], owed["due_on"]) == ({"hr": "Naknada Ana Prva"}, 12550, "2026-12-15")
    assert document["subject"] == public_id("sub", ana.subject_id)
    assert document["format"] == "munihub.personal-data/1"


async def test_no_secret_and_no_employee(hub, people):
    ana, _ = people
    answer = await given(hub, ana)
    for secret in (*ana.secrets, "stf_clerk"):
        assert secret not in answer.text
    (entry,) = answer.json()["data"]["access_log"]
    assert (entry["actor_kind"], entry["role"], entry["actor"], entry["why"]) == ("staff", "clerk", None, "KLASA 1")
    assert "subject" not in entry
    assert answer.json()["data"]["access_pseudonyms"] == [{"subject_id": str(ana.subject_id)}]


async def test_no_clerk_by_way_of_what_he_proved(hub, people):
    ana, ivo = people
    clerk = "stf_01jd3v9k6cf3rs2k4w5m8q7x1t"
    async with hub.worker.database.town(1) as connection:
        keys = await hub.worker.vault.keys(connection, 1)
        how = {"source": clerk, "now": hub.clock.now()}
        await subjects.prove(connection, keys, ana.subject_id, "financije.ugovor", "K-1", proof=Proof.CLERK, **how)
        await connection.execute(
            "update logins set linked_by = 'clerk', linked_for = $1, revoked_for = 'linked anew by ' || $1", clerk
        )
        # Ivo's number is hers now; that he claimed it once is his.
        how["source"] = "claim"
        number = ("financije.partner", f"partner-{IVO}")
        await subjects.prove(connection, keys, ana.subject_id, *number, proof=Proof.CLAIM, **how)
    answer = await given(hub, ana)
    assert clerk not in answer.text
    assert {one["source"] for one in answer.json()["data"]["aliases"]} == {None, "claim"}
    assert {one["subject_id"] for one in answer.json()["data"]["claims"]} == {str(ana.subject_id)}
    assert str(ivo.subject_id) not in str(answer.json()["data"]["claims"])


async def test_what_is_not_given_is_said_with_the_reason(hub, people):
    reasons = (await given(hub, people[0])).json()["not_given"]
    assert reasons == not_given()
    assert reasons["sessions.token_hash"] == "it is a secret by which somebody could come in as her"
    assert OTHERS.items() <= reasons.items()


@pytest.mark.parametrize(
    ("language", "begins", "served"),
    [
        ("hr", "Ovo su svi Vaši podaci", "hr"),
        ("en", "These are all data about you", "en"),
    ],
)
async def test_as_a_file_in_her_language(hub, people, language, begins, served):
    answer = await given(hub, people[0], **{"Accept-Language": language})
    assert answer.headers["content-disposition"] == 'attachment; filename="pregrada-2026-11-21.json"'
    assert (answer.headers["cache-control"], answer.headers["content-language"]) == ("no-store", served)
    assert answer.json()["note"].startswith(begins)


async def test_her_own_export_is_no_look_of_another(hub, people):
    ana, _ = people
    await given(hub, ana)
    async with hub.hub.database.audit(1) as connection:
        assert [one.what for one in await listed(connection, ana.subject_id, None, 10)] == ["read_account"]


async def test_nobody_gets_nothing(hub, people):
    answer = await hub.client.get(PATH, headers=hub.token("pregrada", NIL))
    assert answer.status_code == 404
    other_town = await hub.client.get("/vzorov/v1/personal-data", headers=hub.token("vzorov", people[0].subject_id))
    assert other_town.status_code == 404


async def test_somebody_merged_gets_the_same(hub, people):
    ana, _ = people
    answer = await hub.client.get(PATH, headers=hub.token("pregrada", ana.merged))
    whole = (await given(hub, ana)).json()
    assert answer.json()["data"].keys() == whole["data"].keys()
    assert len(answer.json()["data"]["obligations"]) == 1
