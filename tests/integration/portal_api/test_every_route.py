"""Who may come in where: every route is taken from the application, and one without a rule here fails."""

import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import pytest
from fastapi.routing import iter_route_contexts

from hub.tokens.service import CITIZEN_SCOPES, STAFF_SCOPES
from portal_api.app import create_app
from portal_api.citizen import refresh
from tests.integration.portal_api.test_account import read
from tests.support.hub import SECRETS
from tests.support.records import ANA, IVO, case, obligation

SCOPES = (*CITIZEN_SCOPES, *STAFF_SCOPES)


@dataclass(frozen=True)
class Rule:
    """Who is let in: `scope` where it is somebody with a token. `ids` names the records of Ana it leads to."""

    who: Literal["anyone", "citizen", "staff", "back office"]
    scope: str = ""


ANYONE = Rule("anyone")
READS = Rule("citizen", "account")
STAFF = Rule("staff", "messages")

RULES = {
    ("GET", "/openapi.json"): ANYONE,
    ("GET", "/healthz"): ANYONE,
    ("GET", "/readyz"): ANYONE,
    ("GET", "/{city}/v1/account"): READS,
    ("GET", "/{city}/v1/obligations"): READS,
    ("GET", "/{city}/v1/obligations/{obligation_id}"): READS,
    ("GET", "/{city}/v1/obligations/{obligation_id}/transfer"): READS,
    ("GET", "/{city}/v1/obligations/{obligation_id}/transfer/{scheme}.{form}"): READS,
    ("GET", "/{city}/v1/cases"): READS,
    ("GET", "/{city}/v1/cases/{case_id}"): READS,
    ("POST", "/{city}/v1/refresh"): Rule("citizen", "refresh"),
    ("GET", "/{city}/admin/v1/dead-letters"): STAFF,
    ("GET", "/{city}/admin/v1/drift"): STAFF,
    ("POST", "/{city}/push/v1/events"): Rule("back office"),
}
APP = create_app(None)
ROUTES = {
    (method, context.path)
    for context in iter_route_contexts(APP.routes)
    for method in context.methods - ({"HEAD"} if "GET" in context.methods else set())
}
CLOSED = {route: rule for route, rule in RULES.items() if rule.who != "anyone"}
WITH_TOKEN = {route: rule for route, rule in CLOSED.items() if rule.scope}


@dataclass
class House:
    """Ana has an obligation and a case in Pregrada; `address` fills a route with them."""

    ids: dict[str, str]

    def address(self, path: str, city: str = "pregrada") -> str:
        known = {"city": city, "scheme": "hub3", "form": "svg"} | self.ids
        return re.sub(r"{(\w+)}", lambda found: known[found[1]], path)


@pytest.fixture
async def house(hub, monkeypatch):
    monkeypatch.setattr(refresh, "PATIENCE", 0.05)
    hub.ana = await hub.subject("pregrada", "Ana Prva", hr_oib=ANA)
    hub.ivo = await hub.subject("pregrada", "Ivo Drugi", hr_oib=IVO)
    await read(hub, "obligations", ANA, obligation(title={"hr": "Anina naknada"}))
    await read(hub, "cases", ANA, case(title={"hr": "Anin zahtjev"}))
    await read(hub, "obligations", IVO)
    await read(hub, "cases", IVO)
    ids = {}
    for name, noun in (("obligation_id", "obligations"), ("case_id", "cases")):
        page = (await hub.client.get(f"/pregrada/v1/{noun}", headers=hub.token("pregrada", hub.ana))).json()
        ids[name] = page["items"][0]["id"]
    return House(ids)


async def refused(hub, house, routes, headers, *, city: str = "pregrada", status: int) -> None:
    """Every route answers a problem with this status, to GET and to HEAD alike."""
    answers = {}
    for method, path in routes:
        for how in (method, "HEAD") if method == "GET" else (method,):
            answer = await hub.client.request(how, house.address(path, city), headers=headers)
            answers[how, path] = answer.status_code
            assert answer.headers["content-type"] == "application/problem+json"
            assert ("www-authenticate" in answer.headers) == (status == 401)
    assert answers == dict.fromkeys(answers, status)


def test_every_route_has_a_rule():
    assert set(RULES) == ROUTES


def test_the_document_says_the_same_as_the_rules():
    for (method, path), rule in RULES.items():
        if path != "/openapi.json":
            written = APP.openapi()["paths"][path][method.lower()].get("security", [])
            expected = {"anyone": [], "back office": [{"push": []}]}.get(rule.who, [{"bearer": [rule.scope]}])
            assert written == expected, path


async def test_whoever_may_come_in_comes_in(hub, house):
    """Without this the refusals below would prove nothing."""
    event = b'{"specversion":"1.0","id":"1","source":"/f","type":"t","data":{}}'
    for (method, path), rule in RULES.items():
        if rule.who == "back office":
            headers = {"Authorization": f"Bearer {SECRETS['pregrada-financije-push']}"}
            headers |= {"Content-Type": "application/cloudevents+json"}
            answer = await hub.client.post(house.address(path), content=event, headers=headers)
            assert answer.status_code == 202
            continue
        who = {"anyone": {}, "citizen": hub.token("pregrada", hub.ana, (rule.scope,)), "staff": hub.staff("pregrada")}
        answer = await hub.client.request(method, house.address(path), headers=who[rule.who])
        assert answer.status_code == 200, (path, answer.text)
        if method == "GET":
            empty = await hub.client.head(house.address(path), headers=who[rule.who])
            assert (empty.status_code, empty.content) == (200, b""), path
            assert empty.headers["content-length"] == answer.headers["content-length"]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer null"},
        {"Authorization": "Basic YTpi"},
        {"Authorization": f"Bearer {SECRETS['vzorov-ucetnictvi-push']}"},
        {"Cookie": "token=x", "X-Forwarded-User": "ana", "X-Client-Cert": "x"},
    ],
)
async def test_nobody_without_a_token(hub, house, headers):
    await refused(hub, house, CLOSED, headers, status=401)


async def test_a_push_secret_is_no_token_and_a_token_no_push_secret(hub, house):
    secret = {"Authorization": f"Bearer {SECRETS['pregrada-financije-push']}"}
    await refused(hub, house, WITH_TOKEN, secret, status=401)
    for headers in (hub.token("pregrada", hub.ana, SCOPES), hub.token("pregrada", None, SCOPES)):
        await refused(hub, house, CLOSED.keys() - WITH_TOKEN.keys(), headers, status=401)


async def test_nobody_with_a_token_that_has_ended(hub, house):
    for subject in (hub.ana, None):
        headers = hub.token("pregrada", subject, SCOPES)
        # It is remembered as valid first, and ends all the same.
        await hub.client.get("/pregrada/v1/account", headers=headers)
        hub.clock.move(timedelta(hours=1))
        await refused(hub, house, WITH_TOKEN, headers, status=401)


async def test_nobody_of_another_town(hub, house):
    stranger = await hub.subject("vzorov", "Eva Třetí")
    for headers in (hub.token("vzorov", stranger, SCOPES), hub.token("vzorov", hub.ana, SCOPES), hub.staff("vzorov")):
        await refused(hub, house, WITH_TOKEN, headers, status=401)
    await refused(hub, house, WITH_TOKEN, hub.token("pregrada", hub.ana, SCOPES), city="vzorov", status=401)


async def test_nobody_without_the_scope(hub, house):
    for (method, path), rule in WITH_TOKEN.items():
        others = tuple(scope for scope in SCOPES if scope != rule.scope)
        near = (rule.scope.upper(), f"{rule.scope}s", rule.scope[:-1], f"{rule.scope}:read", "*", "admin")
        for scopes in (others, near, ()):
            await refused(hub, house, [(method, path)], hub.token("pregrada", hub.ana, scopes), status=403)


async def test_staff_are_no_citizens(hub, house):
    """A token without a subject reads nobody's account, whatever its scopes."""
    citizens = [route for route, rule in CLOSED.items() if rule.who == "citizen"]
    await refused(hub, house, citizens, hub.token("pregrada", None, SCOPES), status=403)


async def test_in_a_town_that_does_not_exist(hub, house):
    for city in ("nowhere", "PREGRADA", "pregrada%20", "pregrada.", "pregrada%00", "%70regrada%2f..", "__proto__", "*"):
        await refused(hub, house, CLOSED, hub.token("pregrada", hub.ana, SCOPES), city=city, status=404)


async def test_nobody_sees_what_is_anothers(hub, house):
    """With Ana's ids Ivo finds nothing; lists show nothing of hers, and the same calls do show it to her."""
    ivo, ana = hub.token("pregrada", hub.ivo, CITIZEN_SCOPES), hub.token("pregrada", hub.ana, CITIZEN_SCOPES)
    hers = ["Anin", *house.ids.values()]
    shown = set()
    for (method, path), rule in CLOSED.items():
        if rule.who != "citizen":
            continue
        answer = await hub.client.request(method, house.address(path), headers=ivo)
        assert answer.status_code == (404 if "_id}" in path else 200), path
        if answer.status_code == 200:
            assert not any(one in answer.text for one in hers), path
        else:
            assert answer.json()["type"] == "urn:munihub:problem:not_found"
        own = await hub.client.request(method, house.address(path), headers=ana)
        shown |= {one for one in hers if one in own.text}
    assert shown == set(hers)


async def test_other_methods_are_refused_with_those_there_are(hub, house):
    by_path = {path: {method for method, other in RULES if other == path} for _, path in RULES}
    for path, methods in by_path.items():
        allowed = sorted(methods | ({"HEAD"} if "GET" in methods else set()))
        for method in {"GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND"} - methods:
            answer = await hub.client.request(method, house.address(path), headers=hub.token("pregrada", hub.ana))
            assert answer.status_code == 405, (method, path)
            assert answer.json()["type"] == "urn:munihub:problem:method_not_allowed"
            assert sorted(answer.headers["allow"].split(", ")) == allowed


async def test_an_address_with_more_slashes_is_another_address(hub, house):
    headers = hub.token("pregrada", hub.ana, SCOPES)
    for method, path in RULES:
        address = house.address(path)
        for other in (f"{address}/", f"/{address}", address.replace("/v1/", "/v1//"), f"{address}/x"):
            if other != address:
                answer = await hub.client.request(method, f"http://hub.test{other}", headers=headers)
                assert answer.status_code == 404, other
                assert "location" not in answer.headers
