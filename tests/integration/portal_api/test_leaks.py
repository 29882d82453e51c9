"""What leaves the hub beside the answer itself: headers, texts of errors, logs. None of it is about anybody."""

import asyncio
import io
import json
import os
import re
import socket
import sys
from urllib.parse import quote

import asyncpg
import httpx
import pytest
import structlog

from hub import logging as hub_logging
from hub.kernel.clock import SystemClock
from hub.kernel.errors import NotReady
from hub.settings import PROJECT
from portal_api.citizen import refresh
from portal_api.pages import write_cursor
from tests.integration.portal_api.test_account import read
from tests.support.hub import SECRETS
from tests.support.records import ANA, case, obligation

NAME = "Ana Šćrbačić"
FINANCE = {
    "Authorization": f"Bearer {SECRETS['pregrada-financije-push']}",
    "Content-Type": "application/cloudevents+json",
}

INTERNAL = re.compile(
    r"select |insert |city_id|asyncpg|postgres|traceback|file \"|/home/|/root/|/tmp|\.py\b|hub\.|line \d+,",
    re.IGNORECASE,
)
"""What only somebody inside should read."""


@pytest.fixture
async def ana(hub, monkeypatch):
    monkeypatch.setattr(refresh, "PATIENCE", 0.05)
    subject_id = await hub.subject("pregrada", NAME, hr_oib=ANA)
    await read(hub, "obligations", ANA, obligation())
    await read(hub, "cases", ANA, case())
    return subject_id


async def everywhere(hub, ana, *, refreshed: bool = True) -> list:
    """One answer of each kind, good and bad; that of a refresh may take a minute."""
    citizen, staff = hub.token("pregrada", ana), hub.staff("pregrada")
    (item,) = (await hub.client.get("/pregrada/v1/obligations", headers=citizen)).json()["items"]
    transfer = f"/pregrada/v1/obligations/{item['id']}/transfer"
    calls = [
        ("GET", "/healthz", {}),
        ("GET", "/readyz", {}),
        ("GET", "/openapi.json", {}),
        ("GET", "/", {}),
        ("GET", "/pregrada/v1/account", {}),
        ("GET", "/pregrada/v1/account", citizen),
        ("HEAD", "/pregrada/v1/account", citizen),
        ("PUT", "/pregrada/v1/account", citizen),
        ("GET", "/pregrada/v1/obligations", citizen),
        ("GET", "/pregrada/v1/obligations?limit=x", citizen),
        ("GET", f"/pregrada/v1/obligations/{item['id']}", citizen),
        ("GET", transfer, citizen),
        ("GET", f"{transfer}/hub3.svg", citizen),
        ("GET", f"{transfer}/hub3.png", citizen),
        ("GET", f"{transfer}/hub3.txt", citizen),
        ("GET", "/pregrada/v1/cases", citizen),
        ("POST", "/pregrada/v1/refresh", citizen),
        ("GET", "/pregrada/admin/v1/dead-letters", staff),
        ("GET", "/pregrada/admin/v1/drift", staff),
        ("GET", "/pregrada/admin/v1/drift", citizen),
        ("POST", "/pregrada/push/v1/events", FINANCE),
        ("POST", "/pregrada/push/v1/events", {}),
    ]
    return [
        await hub.client.request(method, path, headers=headers)
        for method, path, headers in calls
        if refreshed or path != "/pregrada/v1/refresh"
    ]


async def test_headers_of_every_answer(hub, ana):
    for answer in await everywhere(hub, ana):
        headers, where = answer.headers, f"{answer.request.method} {answer.request.url.path} {answer.status_code}"
        assert headers["x-content-type-options"] == "nosniff", where
        assert headers["referrer-policy"] == "no-referrer", where
        assert headers["content-security-policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox", where
        assert headers["cache-control"] in {"no-store", "private, no-cache"}, where
        assert (headers["cache-control"] == "private, no-cache") <= (answer.status_code == 200 and "/v1/" in where), (
            where
        )
        assert "set-cookie" not in headers, where
        assert "access-control-allow-origin" not in headers, where
        assert "server" not in headers, where
        assert len(headers.get_list("cache-control")) == 1, where


async def test_a_picture_holds_no_script(hub, ana):
    await read(hub, "obligations", ANA, obligation("x", title={"hr": "<script>alert(1)</script>\"'><x onload=1>&lt;"}))
    headers = hub.token("pregrada", ana)
    for item in (await hub.client.get("/pregrada/v1/obligations", headers=headers)).json()["items"]:
        svg = await hub.client.get(f"/pregrada/v1/obligations/{item['id']}/transfer/hub3.svg", headers=headers)
        assert svg.headers["content-type"] == "image/svg+xml"
        assert re.fullmatch(
            rb'<svg [\w\s="/:.-]+><path fill="#fff" d="[\w ]+"/><path d="[\w\s-]+"/></svg>\n', svg.content
        )


def test_the_pattern_of_what_is_internal_finds_it():
    for text in ('relation "x": select 1', 'File "/a.py", line 3, in x', "asyncpg.exceptions", "city_id = 1"):
        assert INTERNAL.search(text)


UNFORESEEN = [
    asyncpg.UndefinedTableError('relation "obligations" does not exist: select * from obligations'),
    asyncpg.UniqueViolationError(f"Key (value)=({ANA}) already exists"),
    ValueError(f"{NAME} {ANA}"),
    KeyError(ANA),
    RecursionError(NAME),
    ExceptionGroup(NAME, [ValueError(ANA)]),
    TimeoutError(NAME),
    MemoryError(),
]


@pytest.fixture
def log(monkeypatch):
    """What the envelope logs, as a process set up by `hub.logging` writes it."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    hub_logging.set_up()
    structlog.configure(cache_logger_on_first_use=False)
    yield written
    structlog.reset_defaults()


async def test_an_unforeseen_error_tells_nothing(hub, ana, monkeypatch, log):
    """Neither to the caller nor to the log, which only learns where it was and of what type."""
    for error in UNFORESEEN:
        log.seek(0)
        log.truncate()

        async def broken(*_, error=error):
            raise error

        monkeypatch.setattr(hub.hub.accounts.__class__, "read", broken)
        answer = await hub.client.get("/pregrada/v1/account", headers=hub.token("pregrada", ana))
        assert answer.status_code == 500
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.json() == {
            "type": "urn:munihub:problem:hub_error",
            "title": "The hub made a mistake",
            "status": 500,
            "detail": "The hub could not answer. Its operator can see why.",
        }
        (line,) = [json.loads(one) for one in log.getvalue().splitlines() if one.startswith("{")]
        assert (line["event"], line["error"]) == ("request_failed", type(error).__name__)
        assert " broken" in line["exception"], "where it was"
        for secret in (ANA, NAME, "obligations does"):
            assert secret not in json.dumps(line, ensure_ascii=False)


async def test_a_wrong_argument_of_ours_is_not_taken_for_a_database_that_is_away(hub, ana, monkeypatch, log):
    """asyncpg says InterfaceError of both."""

    async def broken(self, *_):
        await hub.hub.database.pool.fetchval("select $1::int", ANA)

    monkeypatch.setattr(hub.hub.accounts.__class__, "read", broken)
    answer = await hub.client.get("/pregrada/v1/account", headers=hub.token("pregrada", ana))
    assert (answer.status_code, ANA in answer.text) == (500, False)
    assert "DataError" in log.getvalue()
    assert ANA not in log.getvalue()


async def test_a_stream_that_breaks_says_nothing_more(hub, ana, monkeypatch, log):
    async def broken(*_, **__):
        raise ValueError(NAME)

    monkeypatch.setattr(hub.hub.accounts.__class__, "sources", broken)
    answer = await hub.client.post("/pregrada/v1/refresh", headers=hub.token("pregrada", ana))
    assert NAME not in answer.text
    assert "ValueError" in log.getvalue()
    assert NAME not in log.getvalue()


HOSTILE = [
    "'",
    "' or '1'='1",
    "'; drop table obligations; --",
    "1) or 1=1 --",
    "\0",
    "\ud800".encode("utf-16", "surrogatepass").decode("latin-1"),
    "%00",
    "${jndi:ldap://x}",
    "{{7*7}}",
    "<script>",
    "../../etc/passwd",
    "\r\nX-Injected: 1",
    "infinity",
    "NaN",
    "-1",
    "1e400",
    "9" * 400,
    "１２",
    "true",
    "[]",
    "",
    "𝔘" * 100,
    "\u202e",
]


async def test_every_parameter_with_everything(hub, ana):
    """Refused or searched for as a text, never understood: no 500, no internals, no row more or less."""
    queries = {
        "/pregrada/v1/obligations": (
            "state",
            "kind",
            "payee",
            "year",
            "currency",
            "due_from",
            "due_to",
            "sort",
            "cursor",
            "limit",
        ),
        "/pregrada/v1/cases": ("status", "cursor", "limit"),
        "/pregrada/admin/v1/dead-letters": ("back_office", "cursor", "limit"),
        "/pregrada/v1/obligations/{id}/transfer": ("instalment",),
        "/pregrada/v1/obligations/{id}/transfer/hub3.png": ("instalment", "scale"),
    }
    citizen = hub.token("pregrada", ana)
    (item,) = (await hub.client.get("/pregrada/v1/obligations", headers=citizen)).json()["items"]
    for path, names in queries.items():
        headers = hub.staff("pregrada") if "/admin/" in path else citizen
        for name in names:
            for value in HOSTILE:
                answer = await hub.client.get(path.replace("{id}", item["id"]), params={name: value}, headers=headers)
                assert answer.status_code in {200, 404, 422}, (path, name, value, answer.text)
                assert not INTERNAL.search(answer.text), (path, name, value, answer.text)
                assert "x-injected" not in answer.headers
                if answer.status_code == 200 and "items" in answer.text and "/admin/" not in path:
                    assert len(answer.json()["items"]) <= 1
    for value in HOSTILE:
        for path in (
            "/{v}/v1/account",
            "/pregrada/v1/obligations/{v}",
            "/pregrada/v1/cases/{v}",
            "/pregrada/v1/obligations/{id}/transfer/{v}.svg",
        ):
            address = path.replace("{v}", quote(value, safe="")).replace("{id}", item["id"])
            answer = await hub.client.get(address, headers=citizen)
            # An empty part leads to the list, or nowhere.
            assert answer.status_code == 404, (address, answer.text)
            assert not INTERNAL.search(answer.text.replace(value, "")), answer.text
    for name in (
        "Accept-Language",
        "If-None-Match",
        "Accept",
        "Content-Type",
        "Range",
        "Cookie",
        "X-Forwarded-For",
        "traceparent",
    ):
        for value in HOSTILE:
            raw = value.encode().replace(b"\0", b"").replace(b"\r\n", b" ")
            answer = await hub.client.get("/pregrada/v1/account", headers=citizen | {name: raw})
            assert answer.status_code == 200, (name, value)
    assert len((await hub.client.get("/pregrada/v1/obligations", headers=citizen)).json()["items"]) == 1


async def test_a_filter_has_only_so_many_values(hub, ana):
    headers = hub.token("pregrada", ana)
    for name, value in (("state", "open"), ("kind", "fee"), ("payee", "grad"), ("year", "2026"), ("currency", "EUR")):
        for number, expected in ((20, 200), (21, 422), (3_000, 422)):
            answer = await hub.client.get(
                "/pregrada/v1/obligations?" + "&".join([f"{name}={value}"] * number), headers=headers
            )
            assert answer.status_code == expected, (name, number)
    answer = await hub.client.get("/pregrada/v1/cases?" + "&".join(["status=closed"] * 3_000), headers=headers)
    assert answer.status_code == 422


async def test_cursors_that_somebody_wrote(hub, ana):
    other = "01a2007f-d6ae-7efc-8570-120aecde27fd"
    keys = [
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-14:00",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "now",
        "\0",
        "'",
        "x" * 90,
    ]
    forged = [write_cursor(key, last) for key in keys for last in (other, "x", "", "\0")]
    forged += [write_cursor("due_on", key, other) for key in (*keys, "-infinity", "5874897-12-31", "epoch")]
    forged += [
        write_cursor(sort, key, other) for sort in ("-amount", "-changed_at", "-due_on") for key in (*keys, "9" * 30)
    ]
    forged += [
        write_cursor(),
        write_cursor(1),
        write_cursor(*range(9)),
        "e30",
        "W10",
        "bnVsbA",
        "é",
        "=",
        "A",
        "[" * 290,
    ]
    headers, staff = hub.token("pregrada", ana), hub.staff("pregrada")
    for cursor in forged:
        for path, who in (("v1/obligations", headers), ("v1/cases", headers), ("admin/v1/dead-letters", staff)):
            for sort in ("due_on", "-amount", "-changed_at", "-due_on"):
                params = {"cursor": cursor} | ({"sort": sort} if path == "v1/obligations" else {})
                answer = await hub.client.get(f"/pregrada/{path}", params=params, headers=who)
                assert answer.status_code in {200, 422}, (path, cursor, answer.text)
                assert not INTERNAL.search(answer.text), answer.text
                if path != "v1/obligations":
                    break


async def test_what_the_process_writes_names_nobody(hub, urls, tmp_path):
    """`munihub api` at its most talkative, asked for everything; then a table goes away under it."""
    hub.clock.at = SystemClock().now()
    ana = await hub.subject("pregrada", NAME, hr_oib=ANA)
    await read(hub, "obligations", ANA, obligation())
    await read(hub, "cases", ANA, case())
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    environment = {"PATH": os.environ["PATH"], "MUNIHUB_VAR": str(tmp_path), "MUNIHUB_DATABASE_URL": urls.app}
    environment |= {"MUNIHUB_WORKER_DATABASE_URL": urls.worker, "MUNIHUB_OWNER_DATABASE_URL": urls.owner}
    arguments = [sys.executable, "-m", "hub.cli", "api", "--port", str(port), "--log-level", "debug"]
    with (tmp_path / "log").open("w+") as log:
        process = await asyncio.create_subprocess_exec(
            *arguments, env=environment, stdout=log, stderr=asyncio.subprocess.STDOUT, cwd=PROJECT
        )
        try:
            async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=70) as client:
                await _listening(client, process)
                hub.client = client
                answers = await everywhere(hub, ana, refreshed=False)
                citizen = hub.token("pregrada", ana)
                async with client.stream("POST", "/pregrada/v1/refresh", headers=citizen) as begun:
                    assert await anext(begun.aiter_lines()) != ""
                body = json.dumps({"OIB": ANA})
                answers.append(await client.post("/pregrada/push/v1/events", content=body, headers=FINANCE))
                guess = {"Authorization": "Bearer wrong.token.here"}
                answers.append(await client.get(f"/pregrada/v1/account?oib={ANA}", headers=guess))
                owner = await asyncpg.connect(urls.owner)
                await owner.execute("alter table cases rename to gone")
                await owner.close()
                answers.append(await client.get("/pregrada/v1/cases", headers=citizen))
        finally:
            process.terminate()
            await asyncio.wait_for(process.wait(), 30)
        log.seek(0)
        text = log.read()
    assert [one.status_code for one in answers[-3:]] == [202, 401, 500]
    assert sum(one.status_code == 200 for one in answers) > 10
    assert not any(INTERNAL.search(one.text) for one in answers if one.status_code >= 400)
    assert "UndefinedTableError: 42P01" in text
    token = citizen["Authorization"].removeprefix("Bearer ")
    for secret in (
        ANA,
        NAME,
        token,
        token.split(".")[2],
        "wrong.token.here",
        FINANCE["Authorization"][7:],
        "oib=",
        "obl_",
    ):
        assert secret not in text, secret


async def _listening(client, process) -> None:
    for _ in range(300):
        assert process.returncode is None, "the API ended"
        try:
            if (await client.get("/healthz")).status_code == 200:
                return
        except httpx.TransportError:
            await asyncio.sleep(0.1)
    raise AssertionError("the API did not listen within 30 seconds")


async def test_the_hubs_own_errors_keep_their_text_in_the_log():
    try:
        try:
            raise ValueError(ANA)
        except ValueError as error:
            raise NotReady("the operator's text") from error
    except NotReady:
        text = hub_logging.where(sys.exc_info())
    assert "NotReady: the operator's text" in text
    assert text.index("ValueError") < text.index("NotReady")
    assert "test_the_hubs_own_errors_keep_their_text_in_the_log" in text
    assert ANA not in text


async def test_asking_whether_it_is_ready_costs_one_query_however_many_towns(hub, monkeypatch):
    """Nobody shows a token for it."""
    await hub.client.get("/readyz")

    def town(*_):
        raise AssertionError("asked again")

    monkeypatch.setattr(hub.hub.database.__class__, "town", town)
    assert (await hub.client.get("/readyz")).status_code == 200
