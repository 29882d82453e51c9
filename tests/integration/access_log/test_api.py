"""GET /v1/access-log, GET /admin/v1/access-log, and the raw bytes of a dead letter."""

import ast
import base64
from datetime import timedelta
from pathlib import Path

import pytest

from hub.access_log.model import Actor, ActorKind
from hub.access_log.service import listed, record
from hub.authorisation import OPERATIONS, Audience, Role
from hub.intake import dead_letters
from hub.intake.model import Fault
from hub.kernel.ids import public_id
from hub.storage.database import NIL
from tests.support.records import ANA, EVA, IVO

PROJECT = Path(__file__).parents[3]
LANGUAGES = ("hr", "cs", "uk", "ro", "sr", "sr-Latn", "en")


@pytest.fixture
async def ana(hub):
    return await hub.subject("pregrada", "Ana Prva", hr_oib=ANA)


async def look(
    hub, subject_id, *, kind=ActorKind.STAFF, actor="stf", role="clerk", department=None, what="read_account"
):
    city_id = hub.worker.towns.by_slug["pregrada"].city.id
    async with hub.worker.database.town(city_id) as connection:
        await record(
            connection,
            actor=Actor(kind, actor, role, department),
            subject_id=subject_id,
            what=what,
            why="KLASA 1",
            at=hub.clock.now(),
        )
    hub.clock.move(timedelta(seconds=1))


async def mine(hub, subject_id, query="", **headers):
    answer = await hub.client.get(
        f"/pregrada/v1/access-log{query}", headers=hub.token("pregrada", subject_id) | headers
    )
    assert answer.status_code == 200, answer.text
    return answer.json()


async def log_of(hub, subject_id):
    async with hub.hub.database.audit(hub.worker.towns.by_slug["pregrada"].city.id) as connection:
        return await listed(connection, subject_id, None, 100)


# ── The citizen ──────────────────────────────────────────────────────────────────────────────────


async def test_her_own_reads_are_not_in_it(hub, ana):
    await hub.client.get("/pregrada/v1/account", headers=hub.token("pregrada", ana))
    assert await mine(hub, ana) == {"items": [], "next_cursor": None}


async def test_what_she_reads(hub, ana):
    ivo = await hub.subject("pregrada", "Ivo Drugi", hr_oib=IVO)
    departments = list(hub.worker.towns.by_slug["pregrada"].city.departments)
    await look(hub, ana, actor="stf_01jd3v9k6cf3rs2k4w5m8q7x1t", department=departments[0])
    await look(hub, ivo)
    await look(hub, ana, kind=ActorKind.SUBJECT, actor=ivo, role=None, what="list_cases")
    await look(
        hub, ana, kind=ActorKind.PROGRAM, actor="root", role="munihub personal-data export", what="something_new"
    )
    program, acting, clerk = (await mine(hub, ana, **{"Accept-Language": "hr"}))["items"]
    assert clerk["who"]["kind"] == "staff"
    assert clerk["who"]["name"] == "Službenik"
    assert clerk["who"]["department"]["id"] == departments[0]
    assert (clerk["what"], clerk["why"], clerk["at"]) == ("Vaš račun", "KLASA 1", "2026-11-21T10:00:00Z")
    assert (acting["who"]["name"], acting["what"]) == ("Osoba koja djeluje u Vaše ime", "Vaši predmeti")
    assert (program["who"]["name"], program["what"]) == ("Tehnički upravitelj sustava", "Vaši podaci")
    # Nobody is named: neither the clerk, nor who acts for her, nor the operator.
    text = str(await mine(hub, ana))
    for name in ("stf_01jd3v9k6cf3rs2k4w5m8q7x1t", "root", str(ivo), public_id("sub", ivo), "Ivo"):
        assert name not in text


async def test_every_text_is_there_in_every_language():
    from portal_api.citizen import access_texts

    wanted = {"hr", "cs", "uk", "ro", "sr-Cyrl", "sr-Latn", "en"}
    every = [access_texts.who(kind, role) for kind in ActorKind for role in [*Role, None]]
    every += [access_texts.what(name) for name in ("", *access_texts._OPERATIONS)]
    for texts in every:
        assert set(texts) == wanted
        assert all(texts.values())
    assert len({access_texts.who(ActorKind.STAFF, role)["en"] for role in [*Role, None]}) == len(Role) + 1


async def test_every_look_that_is_recorded_has_a_text_of_its_own():
    """For another by a mandate: whatever the table allows. By staff and programs: what their code names."""
    from portal_api.citizen import access_texts

    looks = {name for name, rule in OPERATIONS.items() if rule.acting_for}
    for file in [*PROJECT.glob("portal_api/admin/*.py"), *PROJECT.glob("hub/*/*command.py")]:
        texts = [one for one in ast.walk(ast.parse(file.read_text("utf-8"))) if isinstance(one, ast.Constant)]
        looks |= {
            one.value for one in texts if one.value in OPERATIONS and OPERATIONS[one.value].audience is Audience.STAFF
        }
    assert {"read_any_payment", "read_statement_entry", "read_delivery_values", "read_request"} <= looks
    assert sorted(looks - set(access_texts._OPERATIONS)) == []


async def test_pages(hub, ana):
    for _ in range(3):
        await look(hub, ana)
    first = await mine(hub, ana, "?limit=2")
    second = await mine(hub, ana, f"?limit=2&cursor={first['next_cursor']}")
    assert [len(first["items"]), len(second["items"]), second["next_cursor"]] == [2, 1, None]
    assert len({one["id"] for one in first["items"] + second["items"]}) == 3
    answer = await hub.client.get("/pregrada/v1/access-log?cursor=x", headers=hub.token("pregrada", ana))
    assert answer.status_code == 422


# ── The auditor ──────────────────────────────────────────────────────────────────────────────────


async def audit(hub, query=""):
    return await hub.client.get(f"/pregrada/admin/v1/access-log{query}", headers=hub.staff("pregrada"))


async def test_an_auditor_sees_who_it_was_and_is_seen(hub, ana):
    ivo = await hub.subject("pregrada", "Ivo Drugi", hr_oib=IVO)
    await look(hub, ana, actor="stf_01jd3v9k6cf3rs2k4w5m8q7x1t")
    await look(hub, ana, kind=ActorKind.SUBJECT, actor=ivo, role=None)
    answer = await audit(hub)
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    acting, clerk = answer.json()["items"]
    assert clerk["who"] == {
        "kind": "staff", "id": "stf_01jd3v9k6cf3rs2k4w5m8q7x1t", "role": "clerk", "department": None,
    }  # fmt: skip
    assert acting["who"]["id"] == public_id("sub", ivo)
    assert clerk["subject"] == acting["subject"] == public_id("sub", ana)
    assert "Ana" not in answer.text
    latest, *_ = await log_of(hub, ana)
    assert (latest.what, latest.why, latest.role) == ("audit_access_log", "role administrator", "administrator")
    # Two rows were on the page; one read of Ana's data was it.
    assert len(await log_of(hub, ana)) == 3
    assert (await mine(hub, ana, **{"Accept-Language": "en"}))["items"][0][
        "what"
    ] == "The list of who looked at your data"


async def test_looking_for_one_person_needs_a_reason_and_is_recorded_even_in_vain(hub, ana):
    ivo = await hub.subject("pregrada", "Ivo Drugi", hr_oib=IVO)
    await look(hub, ivo)
    one = f"?subject={public_id('sub', ana)}"
    assert (await audit(hub, one)).status_code == 422
    assert await log_of(hub, ana) == []
    assert (await audit(hub, f"{one}&reason=KLASA+2")).json()["items"] == []
    (entry,) = await log_of(hub, ana)
    assert entry.why == "KLASA 2"
    assert (await audit(hub, "?reason=KLASA+2&subject=" + public_id("sub", NIL))).status_code == 404
    for wrong in ("reason=%00%00%00", "reason=ab", "actor=%00", "subject=x"):
        assert (await audit(hub, f"?{wrong}")).status_code in {404, 422}, wrong
    (entry,) = (await audit(hub, "?actor=development")).json()["items"]
    assert entry["what"] == "audit_access_log"


async def test_looking_for_what_one_person_did_needs_a_reason_too(hub, ana):
    ivo = await hub.subject("pregrada", "Ivo Drugi", hr_oib=IVO)
    await look(hub, ana, kind=ActorKind.SUBJECT, actor=ivo, role=None)
    await look(hub, ivo)
    (pseudonym,) = {one.subject for one in await log_of(hub, ivo)}
    for written in (str(pseudonym), str(pseudonym).upper(), pseudonym.hex):
        assert (await audit(hub, f"?actor={written}")).status_code == 422
    (entry,) = (await audit(hub, f"?actor={pseudonym}&reason=KLASA+2")).json()["items"]
    assert entry["who"]["id"] == public_id("sub", ivo)
    # He is told of it as she is.
    for one in (ana, ivo):
        assert (await log_of(hub, one))[0].why == "KLASA 2"


async def test_an_empty_page_is_recorded_too(hub):
    assert (await audit(hub)).json() == {"items": [], "next_cursor": None}
    (entry,) = await log_of(hub, None)
    assert (entry.what, entry.subject) == ("audit_access_log", None)


async def test_pages_of_the_audit(hub, ana):
    for _ in range(3):
        await look(hub, ana)
    first = (await audit(hub, "?limit=2")).json()
    second = (await audit(hub, f"?limit=2&cursor={first['next_cursor']}")).json()
    assert [len(first["items"]), len(second["items"]), second["next_cursor"]] == [2, 1, None]


# ── Dead letters ─────────────────────────────────────────────────────────────────────────────────


async def letter(hub, body: bytes, back_office="financije") -> str:
    city_id = hub.worker.towns.by_slug["pregrada"].city.id
    async with hub.worker.database.town(city_id) as connection:
        keys = await hub.worker.vault.keys(connection, city_id)
        found = await dead_letters.write(
            connection, keys, back_office, "push", "e1", Fault("unreadable_record", "no amount"), body, "application/json",
            now=hub.clock.now(),
        )  # fmt: skip
    return public_id("dlt", found)


async def opened(hub, name, query=""):
    return await hub.client.get(f"/pregrada/admin/v1/dead-letters/{name}/body{query}", headers=hub.staff("pregrada"))


async def test_opening_a_letter_tells_everybody_in_it(hub, ana):
    ivo = await hub.subject("pregrada", "Ivo Drugi", hr_oib=IVO)
    name = await letter(hub, f'{{"data": {{"oib": "{ANA}", "iznos": "12,5o"}}}}'.encode())
    answer = await opened(hub, name, "?reason=KLASA+3")
    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-store")
    assert answer.json() == {
        "id": name, "media_type": "application/json", "base64": None,
        "text": f'{{"data": {{"oib": "{ANA}", "iznos": "12,5o"}}}}',
    }  # fmt: skip
    (entry,) = await log_of(hub, ana)
    assert (entry.what, entry.why, entry.actor) == ("read_dead_letter_body", f"KLASA 3, {name}", "development")
    assert await log_of(hub, ivo) == []
    assert len(await log_of(hub, None)) == 1
    (seen,) = (await mine(hub, ana, **{"Accept-Language": "cs"}))["items"]
    assert seen["what"] == "Nezpracovaná zpráva, která se Vás možná týká"


@pytest.mark.parametrize(
    "body", [f"<r><o>{ANA}</o></r>", f"x;{ANA};y", f"garbage {ANA}, and more", f'["{ANA}"', f"HR{ANA} OIB:{ANA}"]
)
async def test_in_whatever_form_the_number_stands(hub, ana, body):
    await opened(hub, await letter(hub, body.encode()))
    assert len(await log_of(hub, ana)) == 1


async def test_somebody_nobody_knows_is_recorded_without_a_subject(hub, ana):
    name = await letter(hub, f"\xff{EVA}".encode("latin-1"))
    answer = (await opened(hub, name)).json()
    assert (answer["text"], base64.b64decode(answer["base64"])) == (None, f"\xff{EVA}".encode("latin-1"))
    (entry,) = await log_of(hub, None)
    assert (entry.subject, entry.why) == (None, f"role administrator, {name}")


async def test_no_such_letter(hub, ana):
    assert (await opened(hub, public_id("dlt", NIL))).status_code == 404
    assert await log_of(hub, None) == []


async def test_not_for_citizens(hub, ana):
    name = await letter(hub, ANA.encode())
    for path in ("access-log", f"dead-letters/{name}/body"):
        answer = await hub.client.get(f"/pregrada/admin/v1/{path}", headers=hub.token("pregrada", ana))
        assert answer.status_code == 403
    assert await log_of(hub, None) == []
