"""A town's host leads to that town and to nothing else, however the request is written."""

import asyncio

import pytest

from hub.hub import open_api
from tests.integration.portal_api.serving import connected, serving
from tests.integration.portal_api.test_account import read
from tests.support.hub import SECRETS, make_settings
from tests.support.records import ANA, obligation

HOSTS = {"pregrada": "moja.pregrada.test", "vzorov": "moje.vzorov.test"}


def give_hosts(towns, monkeypatch) -> None:
    """As if each town's configuration named its host."""
    for slug, town in towns.by_slug.items():
        monkeypatch.setitem(town.city.__dict__, "hosts", [HOSTS[slug]])
    towns.__dict__.pop("hosts", None)


@pytest.fixture
async def hosted(hub, monkeypatch):
    give_hosts(hub.hub.towns, monkeypatch)
    hub.ana = await hub.subject("pregrada", hr_oib=ANA)
    await read(hub, "obligations", ANA, obligation())
    hub.eva = await hub.subject("vzorov", "Eva Vzorová")
    return hub


async def status(hub, host: str, path: str, headers: dict[str, str]) -> int:
    return (await hub.client.get(f"http://hub.test{path}", headers=headers | {"Host": host})).status_code


SPELLINGS = [
    "moja.pregrada.test",
    "MOJA.Pregrada.TEST",
    "moja.pregrada.test:8443",
    "moja.pregrada.test.",
    "moja.pregrada.test.:443",
]


async def test_a_host_in_all_its_spellings(hosted):
    for host in SPELLINGS:
        assert await status(hosted, host, "/v1/account", hosted.token("pregrada", hosted.ana)) == 200, host
        assert await status(hosted, host, "/v1/account", hosted.token("vzorov", hosted.eva)) == 401, host


STRANGERS = [
    "",
    "pregrada",
    "pregrada.test",
    "evil.moja.pregrada.test",
    "moja.pregrada.test.evil.test",
    "moja.pregrada.test..",
    "moja.pregrada.test/",
    "moja.pregrada.test@evil.test",
    "evil@moja.pregrada.test",
    "moja.pregrada.test evil",
    "moja.pregrada.test,evil.test",
    "moja.pregrada.test%00",
    "[::1]:80",
    "xn--moja",
]


async def test_other_hosts_are_of_no_town(hosted):
    for host in STRANGERS:
        assert await status(hosted, host, "/v1/account", hosted.token("pregrada", hosted.ana)) == 404, host


PATHS = [
    "/vzorov/v1/account",
    "//vzorov/v1/account",
    "/%2fvzorov/v1/account",
    "/%2e%2e/vzorov/v1/account",
    "/..%2fvzorov%2fv1%2faccount",
    "/pregrada/v1/account",
    "/vzorov%2fv1%2faccount",
    "/\\vzorov/v1/account",
    "/%5cvzorov/v1/account",
    "/;/vzorov/v1/account",
]


async def test_behind_a_host_no_path_leads_to_another_town(hosted):
    """Not with the right token of the other town, and not with this town's."""
    for path in PATHS:
        for headers in (hosted.token("vzorov", hosted.eva), hosted.token("pregrada", hosted.ana)):
            assert await status(hosted, HOSTS["pregrada"], path, headers) == 404, path


async def test_headers_of_a_proxy_name_no_town(hosted):
    tricks = {
        "X-Forwarded-Host": HOSTS["vzorov"],
        "X-Original-URL": "/vzorov/v1/account",
        "X-Rewrite-URL": "/vzorov/v1/account",
    }
    tricks |= {"Forwarded": f"host={HOSTS['vzorov']}", "X-Forwarded-Prefix": "/vzorov", "X-Host": HOSTS["vzorov"]}
    own = hosted.token("pregrada", hosted.ana) | tricks
    assert await status(hosted, HOSTS["pregrada"], "/v1/account", own) == 200
    other = hosted.token("vzorov", hosted.eva) | tricks
    assert await status(hosted, HOSTS["pregrada"], "/v1/account", other) == 401


async def test_a_live_town_is_not_reached_through_another_ones_host(hosted, monkeypatch):
    city = hosted.hub.towns.by_slug["vzorov"].city
    monkeypatch.setitem(city.__dict__, "live", True)
    for host in ("hub.test", HOSTS["pregrada"]):
        assert await status(hosted, host, "/vzorov/v1/account", hosted.token("vzorov", hosted.eva)) == 404


async def test_a_slug_that_begins_with_another(hosted, monkeypatch):
    """`/{slug}{path}` must not become another town by a path without its slash."""
    towns = hosted.hub.towns.by_slug
    monkeypatch.setitem(towns, "pregrada2", towns["vzorov"])
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}

    token = hosted.token("vzorov", hosted.eva)["Authorization"].encode()
    for path in ("2/v1/account", "*", ""):
        sent.clear()
        scope = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http"}
        scope |= {"path": path, "raw_path": path.encode(), "query_string": b"", "root_path": "", "server": ("hub", 80)}
        scope["headers"] = [(b"host", HOSTS["pregrada"].encode()), (b"authorization", token)]
        await hosted.client._transport.app(scope, receive, send)
        assert sent[0]["status"] == 404, path


async def test_links_are_those_of_the_host_that_was_asked(hosted):
    """With the town in the path or behind the host, and never with what the Host header claims."""
    headers = hosted.token("pregrada", hosted.ana)
    for host, prefix in ((HOSTS["pregrada"], ""), ("evil.test", "/pregrada")):
        at = {"Host": host} | headers
        (item,) = (await hosted.client.get(f"{prefix}/v1/obligations", headers=at)).json()["items"]
        address = f"{prefix}/v1/obligations/{item['id']}/transfer"
        codes = (await hosted.client.get(address, headers=at)).json()["codes"]
        assert [code["svg"] for code in codes] == [f"{address}/{scheme}.svg" for scheme in ("hub3", "epc")]
        for code in codes:
            for form in ("svg", "png", "text"):
                assert (await hosted.client.get(code[form], headers=at)).status_code == 200


async def test_addresses_of_all_towns_answer_at_every_host(hosted):
    for host in (*HOSTS.values(), "hub.test"):
        for path in ("/healthz", "/readyz", "/openapi.json"):
            assert await status(hosted, host, path, {}) == 200


async def test_a_push_goes_to_the_town_whose_host_and_secret_it_is(hosted):
    headers = {"Content-Type": "application/cloudevents+json"}
    secret = {"Authorization": f"Bearer {SECRETS['pregrada-financije-push']}"} | headers
    event = b'{"specversion":"1.0","id":"1","source":"/f","type":"t","data":{}}'
    for host, expected in ((HOSTS["vzorov"], 401), (HOSTS["pregrada"], 202)):
        answer = await hosted.client.post("/push/v1/events", content=event, headers=secret | {"Host": host})
        assert answer.status_code == expected


_ODD = [
    b"/../vzorov/v1/account",
    b"/pregrada/../vzorov/v1/account",
    b"/v1/../../vzorov/v1/account",
    b"/./v1/account",
    b"/%2e%2e/vzorov/v1/account",
    b"/%2fvzorov%2fv1%2faccount",
    b"/v1/account%00",
    b"/v1/account/",
    b"/%zz",
    b"/v1/acc%ff",
    b"/v1/acc%ed%a0%80",
]


async def raw(address, request: bytes) -> bytes:
    """The status line of the answer to exactly these bytes."""
    async with connected(address) as (reader, writer):
        writer.write(request)
        return (await asyncio.wait_for(reader.readline(), 10)).strip()


async def test_request_lines_that_no_client_library_writes(hub, urls, clock, tmp_path, monkeypatch):
    ana = await hub.subject("pregrada", hr_oib=ANA)
    eva = await hub.subject("vzorov", "Eva Vzorová")
    own, other = (hub.token(*who)["Authorization"].encode() for who in (("pregrada", ana), ("vzorov", eva)))
    opened = []

    async def open_hub(settings, url, *, clock):
        found = await open_api(settings, url, clock=clock)
        give_hosts(found.towns, monkeypatch)
        opened.append(found)
        return found

    monkeypatch.setattr("tests.integration.portal_api.serving.open_api", open_hub)
    with serving(make_settings(tmp_path, urls), urls, clock) as address:

        async def ask(target: bytes, token: bytes, *hosts: bytes, method: bytes = b"GET") -> bytes:
            lines = [method + b" " + target + b" HTTP/1.1", *(b"Host: " + host for host in hosts)]
            lines += [b"Authorization: " + token, b"Connection: close", b"", b""]
            return (await raw(address, b"\r\n".join(lines))).removeprefix(b"HTTP/1.1 ")[:3]

        here, there = (HOSTS[slug].encode() for slug in ("pregrada", "vzorov"))
        assert await ask(b"/v1/account", own, here) == b"200"
        assert await ask(b"/v1/account", other, here) == b"401"
        # The absolute form names a host of its own, which a proxy would have followed.
        assert await ask(b"http://" + there + b"/v1/account", other, here) == b"401"
        assert await ask(b"/v1/account", other, here, there) == b"401"
        assert await ask(b"//" + there + b"/vzorov/v1/account", other, here) == b"404"
        for target in _ODD:
            assert await ask(target, other, here) == b"404", target
        for target in (b"2/v1/account", b"/v1/acc\xc5\xa1", b"\\v1\\account"):
            assert await ask(target, other, here) == b"400"
        assert await ask(b"*", own, here, method=b"OPTIONS") == b"404"
        assert await ask(b"moje.vzorov.test:443", own, here, method=b"CONNECT") in {b"400", b"404", b"405"}
        assert await ask(b"/vzorov/v1/account", own) == b"401"  # without a Host the path names the town
    assert opened
