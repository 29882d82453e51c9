"""Commands of an administrator, against a real database and simulated back offices."""

from __future__ import annotations

import base64
import getpass
import json
import re
from datetime import UTC, datetime

import httpx
import pytest

from hub.alerts import service as alerts
from hub.back_offices.events import EventInterpreter
from hub.hub import Hub, open_worker
from hub.intake.cloudevents import SINGLE
from hub.watch.letters import catalogues
from tests.integration.cli.conftest import GATEWAYS, OFFICES, Munihub

ANA = "hr.oib=83100426579"
OBLIGATIONS = "financije/obligations"


def claims(token: str) -> dict:
    payload = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))


# ── city check ───────────────────────────────────────────────────────────────────────────────────


async def test_towns_that_are_right(unchanged: Munihub):
    for arguments in ((), ("pregrada",)):
        done = await unchanged("city", "check", *arguments)
        assert (done.code, done.out, done.error) == (0, "ok pregrada\n", "")


async def test_a_town_that_is_wrong(munihub: Munihub):
    """Also in what only the worker would meet: the settings of a connector."""
    broken = munihub.town_file.parents[1] / "gora" / "city.yaml"
    broken.parent.mkdir()
    broken.write_text("id: 9\nslug: gora\n", "utf-8")
    done = await munihub("city", "check")
    assert done.code == 1
    assert done.out.splitlines()[0].startswith(f"wrong gora: {broken}:1: name: this key is needed. Add it")
    assert done.out.splitlines()[1] == "ok pregrada"
    assert (await munihub("city", "check", "pregrada")).code == 0
    assert (await munihub("city", "check", "gora")).code == 1

    munihub.configure(back_offices={"urudzbeni": {"settings": {"base_ulr": "http://127.0.0.1"}}})
    done = await munihub("city", "check", "pregrada")
    assert done.code == 1
    assert done.out.endswith(
        "back_offices.urudzbeni.settings.base_ulr: there is no such key here. Did you mean base_url?\n"
    )


@pytest.mark.parametrize("slug", ["nowhere", "[/x]", "[red]"])
async def test_a_town_that_is_not_there(unchanged: Munihub, slug):
    done = await unchanged("city", "check", slug)
    assert (done.code, done.out, done.error) == (2, "", f"There is no town {slug!r}; there are pregrada.")


async def test_no_folder_with_towns(unchanged: Munihub):
    done = await unchanged("city", "check", MUNIHUB_CONFIG_PATH="/nowhere")
    assert (done.code, done.error) == (
        2,
        "MUNIHUB_CONFIG_PATH: /nowhere has no folder 'cities'. Name folders that hold cities/<slug>/city.yaml.",
    )


async def test_a_command_for_a_town_left_out_says_why(munihub: Munihub):
    broken = munihub.town_file.parents[1] / "gora" / "city.yaml"
    broken.parent.mkdir()
    broken.write_text("slug: [gora\n", "utf-8")
    done = await munihub("unassigned", "--city", "gora")
    assert (done.code, done.out) == (2, "")
    assert done.error.startswith(f"{broken}:1: is not YAML: the list [ that begins here is not closed")


# ── token ────────────────────────────────────────────────────────────────────────────────────────


async def test_tokens_for_a_citizen(munihub: Munihub):
    first = await munihub("token", "--city", "pregrada", "--identifier", ANA, "--name", "Ana", "--hours", "1")
    assert first.code == 0
    told = claims(first.out)
    assert (told["aud"], told["scope"], told["exp"] - told["iat"]) == (
        "munihub:1",
        "account refresh send contact pay",
        3600,
    )
    assert abs(told["iat"] - datetime.now(UTC).timestamp()) < 60
    # Whoever has the identifier, however it is written, is the same subject.
    for written in (ANA, "hr.oib= 83100 426579 "):
        again = await munihub("token", "--city", "pregrada", "--identifier", written)
        assert claims(again.out)["sub"] == told["sub"]
    other = await munihub("token", "--city", "pregrada", "--identifier", "hr.oib=29471603856")
    assert claims(other.out)["sub"] != told["sub"]


async def test_tokens_for_staff(unchanged: Munihub):
    told = claims((await unchanged("token", "--city", "pregrada", "--staff")).out)
    assert (told["scope"], "sub" in told) == ("messages money people mandates audit", False)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "Give either --identifier SCHEME=VALUE or --staff"),
        (("--staff", "--identifier", ANA), "Give either --identifier SCHEME=VALUE or --staff"),
        (("--identifier", "83100426579"), "Write --identifier SCHEME=VALUE, such as hr.oib=87582274224."),
        (("--identifier", "hr.oib=83100426578"), "--identifier is not a hr.oib: the check digit does not match."),
        (("--identifier", "hr.oip=83100426579"), "--identifier 'hr.oip' is not a scheme of identifiers (did you mean hr.oib?)"),
        (("--staff", "--hours", "0"), "Invalid value for '--hours'"),
    ],
)  # fmt: skip
async def test_who_a_token_is_for_must_be_said(unchanged: Munihub, arguments, message):
    done = await unchanged("token", "--city", "pregrada", *arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.error


async def test_a_live_town_has_no_development_tokens(munihub: Munihub):
    munihub.go_live()
    for arguments in (("--staff",), ("--identifier", ANA)):
        done = await munihub("token", "--city", "pregrada", *arguments)
        assert (done.code, done.out) == (2, "")
        assert done.error == "live: pregrada is live: development tokens are not made for it"


# ── doctor ───────────────────────────────────────────────────────────────────────────────────────


async def test_back_offices_that_are_well(simulated: Munihub):
    done = await simulated("doctor", "--city", "pregrada")
    assert done.code == 0
    steps = [("settings", "ok"), ("connection", "ok"), ("credentials", "ok")]
    offices = [(office, *step) for office in ("financije", "urudzbeni") for step in steps]
    nias = [("nias", name, "ok") for name in ("metadata", "their certificate", "our signing key")]
    gateways = [("kartica", "settings", "ok"), ("kartica", "connection", "ok")]
    gateways += [("kartica", "credentials", "ok"), ("komunalije", "connection", "ok")]
    gateways += [("komunalije", "credentials", "ok")]
    assert [tuple(row[:3]) for row in done.rows] == [*offices, *nias, *gateways, ("alerts", "addresses", "ok")]


async def test_a_wrong_password(simulated: Munihub):
    simulated.secret("pregrada-urudzbeni", "wr0ng")
    done = await simulated("doctor", "--city", "pregrada")
    assert done.code == 1
    (failed,) = [row for row in done.rows if row[2] != "ok"]
    assert failed[:3] == ["urudzbeni", "credentials", "fails"]
    assert "401" in failed[3]
    assert "wr0ng" not in done.out + done.error + str(done.logs)


async def test_a_secret_that_is_missing(simulated: Munihub):
    simulated.secret("pregrada-financije", None)
    done = await simulated("doctor", "--city", "pregrada")
    assert done.code == 1
    (failed,) = [row for row in done.rows if row[2] != "ok"]
    assert failed[:3] == ["financije", "settings", "fails"]
    assert "the secret 'pregrada-financije' is in none of these places: " in failed[3]
    assert ["urudzbeni", "credentials", "ok"] in [row[:3] for row in done.rows]


async def test_back_offices_that_do_not_answer(munihub: Munihub):
    munihub.simulators = dict.fromkeys((*OFFICES, *GATEWAYS), "http://127.0.0.1:9")
    munihub.configure()
    done = await munihub("doctor", "--city", "pregrada")
    assert done.code == 1
    assert [row[:3] for row in done.rows if row[2] != "ok"] == [
        ["financije", "connection", "fails"],
        ["urudzbeni", "connection", "fails"],
        ["kartica", "connection", "fails"],
        ["komunalije", "connection", "fails"],
    ]


# ── read, unassigned ─────────────────────────────────────────────────────────────────────────────


async def test_a_feed_is_read_for_one_subject(simulated: Munihub):
    done = await simulated("read", "--city", "pregrada", OBLIGATIONS, "--identifier", ANA)
    assert done.code == 0, done.out + done.error
    ((feed, records, changed, gone, rejected, failure),) = done.rows
    assert (feed, gone, rejected, failure) == (OBLIGATIONS, "0", "0", "")
    assert int(records) == int(changed) > 5
    again = await simulated("read", "--city", "pregrada", OBLIGATIONS, "--identifier", "hr.oib= 83100426579")
    assert again.rows == [[OBLIGATIONS, records, "0", "0", "0", ""]]

    # Nobody has proven the identifier yet.
    listed = await simulated("unassigned", "--city", "pregrada")
    assert listed.code == 0
    assert "83100426579" not in listed.out
    assert ["hr.oib", "********579", records] in listed.rows
    await simulated("token", "--city", "pregrada", "--identifier", ANA)
    assert "********579" not in (await simulated("unassigned", "--city", "pregrada")).out


async def test_all_feeds_are_read_where_none_is_named(simulated: Munihub):
    done = await simulated("read", "--city", "pregrada", "--identifier", ANA)
    assert done.code == 0
    assert [row[0] for row in done.rows] == [OBLIGATIONS, "urudzbeni/cases"]
    without = await simulated("read", "--city", "pregrada")
    assert without.code == 0
    note = "asked about one subject: add --identifier hr.oib=…"
    assert [(row[0], row[1], row[5]) for row in without.rows] == [
        (OBLIGATIONS, "", note),
        ("urudzbeni/cases", "", note),
    ]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((OBLIGATIONS,), f"{OBLIGATIONS} is asked about one subject: add --identifier hr.oib=…"),
        ((OBLIGATIONS, "--identifier", "cz.ico=00006947"), f"{OBLIGATIONS} is asked about one subject"),
        ((OBLIGATIONS, "--identifier", "hr.oib=1"), "--identifier is not a hr.oib: wrong number of characters."),
        (("financije",), f"There is no feed 'financije' to read; there are: {OBLIGATIONS}, urudzbeni/cases."),
    ],
)
async def test_what_cannot_be_read(unchanged: Munihub, arguments, message):
    done = await unchanged("read", "--city", "pregrada", *arguments)
    assert (done.code, done.out) == (2, "")
    assert message in done.error


async def test_a_read_that_fails(simulated: Munihub):
    simulated.secret("pregrada-financije", "wr0ng")
    async with httpx.AsyncClient(trust_env=False) as client:
        await client.post(f"{simulated.simulators['urudzbeni']}/_control", json={"down": "503"})
    done = await simulated("read", "--city", "pregrada", "--identifier", ANA)
    assert done.code == 1
    assert [(row[0], row[5]) for row in done.rows] == [
        (OBLIGATIONS, "back_office_refused"),
        ("urudzbeni/cases", "back_office_down"),
    ]
    assert "wr0ng" not in done.out + str(done.logs)
    # Why, in words, below the table.
    assert f"{OBLIGATIONS}: " in done.out
    assert "dead-letters" not in done.out  # No record was refused.


# ── dead letters ─────────────────────────────────────────────────────────────────────────────────


async def push(munihub: Munihub, **data: object) -> None:
    """One event of the financial card, as the push door keeps it and the worker applies it."""
    event = {"specversion": "1.0", "id": "1", "source": "/financije", "type": "hr.pregrada.financije.stavka"}
    hub = await open_worker(munihub.settings, str(munihub.settings.worker_url), connect=False)
    try:
        body = json.dumps(event | {"data": data}).encode()
        assert (await hub.intake.accept(1, "financije", body, SINGLE, {})).accepted == 1
        await apply(hub)
    finally:
        await hub.close()


async def apply(hub: Hub) -> None:
    await hub.intake.apply_waiting(1, "financije", EventInterpreter(hub.towns.by_slug["pregrada"]))


ITEM = {
    "Sifra": "T-1", "OIB": "83100426579", "Vrsta": "KN", "Opis": "Komunalna naknada", "Godina": 2026, "Strana": "D",
    "Valuta": "EUR", "Iznos": "[bold]ten[/x]\x1b[2J", "Preostalo": "1,00", "Primatelj": "GRAD", "Status": "A",
    "ZadnjaPromjena": "18.11.2026 06:00:01",
}  # fmt: skip


async def test_letters_are_listed_and_replayed(munihub: Munihub):
    nothing = await munihub("dead-letters", "list", "--city", "pregrada")
    assert (nothing.code, nothing.rows) == (0, [])
    await push(munihub, **ITEM)

    done = await munihub("dead-letters", "list", "--city", "pregrada")
    assert done.code == 0
    ((letter, office, origin, times, last, reason, where, detail, settled),) = done.rows
    assert (office, origin, times, reason, where) == ("financije", "push", "1", "unreadable_record", "[0].Iznos")
    assert settled == ""
    assert re.fullmatch(r"dlt_[0-9a-z]{26}", letter)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d", last)
    # What a source wrote is neither our markup nor a command to the terminal.
    assert "[bold]ten[/x]" in detail
    assert "\x1b" not in done.out

    # Narrow as a plain terminal nothing is cut off: the id is what `replay` is told.
    narrow = (await munihub("dead-letters", "list", "--city", "pregrada", COLUMNS="80")).out.splitlines()
    assert narrow == [
        letter,
        "  back office: financije",
        "  from: push",
        "  times: 1",
        f"  last: {last}",
        "  reason: unreadable_record",
        "  where: [0].Iznos",
        f"  detail: {detail}",
    ]

    (line,) = (await munihub("dead-letters", "list", "--city", "pregrada", "--json")).out.splitlines()
    told = json.loads(line)
    assert (told["id"], told["back_office"], told["path"], told["reason"]) == (letter, "financije", "[0].Iznos", reason)

    for asked in (letter, "all"):
        replayed = await munihub("dead-letters", "replay", "--city", "pregrada", asked)
        assert (replayed.code, replayed.out) == (0, "1 to be interpreted again\n")
        hub = await open_worker(munihub.settings, str(munihub.settings.worker_url), connect=False)
        await apply(hub)
        await hub.close()
    assert (await munihub("dead-letters", "replay", "--city", "pregrada", letter)).code == 0
    # It waits to be interpreted already.
    again = await munihub("dead-letters", "replay", "--city", "pregrada", letter)
    assert (again.code, again.error) == (2, f"There is no message of {letter} that waits here to be interpreted again.")


@pytest.mark.parametrize("letter", ["dlt_x", "obl_00000000000000000000000000", "dlt_00000000000000000000000000"])
async def test_a_letter_that_is_not_there(unchanged: Munihub, letter):
    done = await unchanged("dead-letters", "replay", "--city", "pregrada", letter)
    assert (done.code, done.out) == (2, "")
    assert done.error.startswith("There is no ")
    assert (await unchanged("dead-letters", "replay", "--city", "pregrada", "all")).out == "0 to be interpreted again\n"


# ── alerts ───────────────────────────────────────────────────────────────────────────────────────


async def test_an_alert_says_what_happened_and_what_to_do_in_the_towns_language(munihub: Munihub):
    """Also on a plain terminal, and also one whose detail has no text of its own."""
    assert (await munihub("alerts", "list", "--city", "pregrada")).out == "Nothing.\n"
    at = datetime(2026, 11, 18, 8, tzinfo=UTC)
    detail = {"back_office": "financije", "reason": "wrong_secret", "since": at.isoformat()}
    hub = await open_worker(munihub.settings, str(munihub.settings.worker_url), connect=False)
    try:
        async with hub.database.town(1) as connection:
            await alerts.raise_alert(connection, 1, kind="push_refused", about="financije", detail=detail, now=at)
    finally:
        await hub.close()
    (told,) = (await munihub("alerts", "list", "--city", "pregrada", "--json")).out.splitlines()
    name = json.loads(told)["id"]
    assert (await munihub("alerts", "acknowledge", "--city", "pregrada", name)).code == 0
    lines = (await munihub("alerts", "list", "--city", "pregrada", COLUMNS="80")).out.splitlines()
    texts = catalogues()["hr"]
    assert lines == [
        f"{name}  push_refused, {getpass.getuser()} sees to it",
        "  " + texts.kinds["push_refused"]["title"].format(name="Financijska kartica"),
        "  " + texts.texts["since"].format(since="18. 11. 2026. 09:00", times=1),
        "  " + texts.texts["reason"].format(reason="wrong_secret"),
        "  " + texts.texts["do"].format(do=texts.kinds["push_refused"]["do"]),
    ]


# ── keys, migrate ────────────────────────────────────────────────────────────────────────────────


async def test_a_database_is_brought_to_the_present_schema(munihub: Munihub):
    munihub.settings.master_key.unlink()
    for _ in range(2):
        done = await munihub("migrate")
        assert (done.code, done.out) == (0, "Ready: pregrada\n")
    assert munihub.settings.master_key.stat().st_mode & 0o777 == 0o600


async def test_keys_are_rotated_and_everybody_is_found(munihub: Munihub):
    before = claims((await munihub("token", "--city", "pregrada", "--identifier", ANA)).out)
    done = await munihub("keys", "rotate", "--city", "pregrada")
    assert (done.code, done.out) == (0, "1 identifiers under new keys\n")
    assert claims((await munihub("token", "--city", "pregrada", "--identifier", ANA)).out)["sub"] == before["sub"]


async def test_another_installations_master_key_writes_nothing(munihub: Munihub):
    """Not even the keys of a new town, which nobody could open once the right master key is back."""
    path = munihub.settings.master_key
    await munihub("migrate")
    ours = path.read_bytes()
    path.unlink()
    new = munihub.town_file.parents[1] / "bistra" / "city.yaml"
    new.parent.mkdir()
    new.write_text(munihub.town_file.read_text("utf-8") + "id: 3\nslug: bistra\n", "utf-8")
    done = await munihub("migrate")
    assert done.code == 2
    assert "the master key does not open this town's keys" in done.error
    path.write_bytes(ours)
    assert (await munihub("migrate")).out == "Ready: bistra, pregrada\n"


@pytest.mark.parametrize("command", ["doctor", "unassigned", "read", "token", "dead-letters list", "keys rotate"])
async def test_every_command_needs_a_town_that_is_there(unchanged: Munihub, command):
    extra = ["--staff"] if command == "token" else []
    done = await unchanged(*command.split(), "--city", "nowhere", *extra)
    assert (done.code, done.out, done.error) == (2, "", "There is no town 'nowhere'; there are pregrada.")


async def test_a_letter_is_looked_into_corrected_and_given_up(munihub: Munihub, tmp_path):
    await push(munihub, **(ITEM | {"Opis": "=1+1"}))
    (line,) = (await munihub("dead-letters", "list", "--city", "pregrada", "--json")).out.splitlines()
    letter = json.loads(line)["id"]
    table = (await munihub("dead-letters", "list", "--city", "pregrada", "--csv")).out.splitlines()
    assert table[0] == "id,back office,from,times,last,reason,where,detail,settled"
    assert table[1].startswith(f"{letter},financije,push,1,")

    shown = await munihub("dead-letters", "show", "--city", "pregrada", letter, "--why", "KLASA 1")
    assert (shown.code, "\x1b" in shown.out) == (0, False)
    assert "is not an amount" in " ".join(shown.out.split())
    raw = await munihub("dead-letters", "show", "--city", "pregrada", letter, "--why", "KLASA 1", "--raw")
    affected = await munihub("dead-letters", "affected", "--city", "pregrada", "--why", "KLASA 1")
    assert (affected.code, affected.out, affected.error) == (0, "", "")
    event = json.loads(raw.out)
    event["data"]["Iznos"] = "10,00"
    file = tmp_path / "right.json"
    file.write_text(json.dumps(event), "utf-8")
    kept = await munihub("dead-letters", "correct", "--city", "pregrada", letter, str(file), "--why", "as on paper")
    assert (kept.code, kept.out) == (0, "Kept. Replay it now.\n")
    assert (await munihub("dead-letters", "replay", "--city", "pregrada", letter)).out == "1 to be interpreted again\n"
    hub = await open_worker(munihub.settings, str(munihub.settings.worker_url), connect=False)
    try:
        await apply(hub)
        async with hub.database.town(1) as connection:
            assert await connection.fetchval("select original from obligations where source_key = 'T-1'") == 1000
            looks = await connection.fetch("select what, why, role from access_log order by entry_id")
    finally:
        await hub.close()
    assert {row["role"] for row in looks} == {"munihub dead-letters"}
    assert [row["what"] for row in looks].count("read_dead_letter") >= 2
    assert looks[0]["why"] == f"KLASA 1, {letter}"

    gone = await munihub("dead-letters", "discard", "--city", "pregrada", letter, "--why", "a test of the vendor")
    # It came through already, which the list of all tells.
    assert (gone.code, gone.error.partition(":")[0]) == (2, "None of these is here and open")
    (line,) = (await munihub("dead-letters", "list", "--city", "pregrada", "--all", "--json")).out.splitlines()
    assert json.loads(line)["settled_by"] == "replayed"
