"""id.gov.ua against a stand-in that speaks as its document describes, and misbehaves as its clients report."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

import pytest

from hub.kernel.assurance import Assurance
from hub.kernel.errors import (
    ConfigurationError,
    LoginRefused,
    RemoteError,
    RemoteFault,
    RemoteGarbage,
    RemoteUnavailable,
)
from hub.ports.eid import Answer, Identity, Represented, Sent
from identity.providers.id_gov_ua.eid import IdGovUa
from tests.integration.identity.oidc_login import ADDRESS, NOW, RELAY, back, query_of, surroundings, wanted
from tests.support.certificates import Authority
from tests.support.http_server import Answer as Reply
from tests.support.http_server import Handler, Request, Server, answer, serve
from tests.support.oidc_issuer import CLIENT, SECRET

RNOKPP, EDRPOU, UNZR = "1759013776", "32855961", "19480228-01234"
TOKEN = "token/of+her="


@dataclass
class System:
    """`fields` is what get-user-info answers; `reply` replaces an endpoint."""

    server: Server
    fields: dict[str, Any]
    reply: dict[str, Handler] = field(default_factory=dict)
    codes: set[str] = field(default_factory=lambda: {"code-1"})
    parties: list[IdGovUa] = field(default_factory=list)

    def asked(self, path: str) -> list[dict[str, str]]:
        queries = [request.query for request in self.server.requests if request.path == path]
        return [dict(parse_qsl(query, keep_blank_values=True)) for query in queries]

    async def handle(self, request: Request) -> Reply:
        if other := self.reply.get(request.path):
            reply = await other(request)
            assert reply is not None
            return reply
        query = dict(parse_qsl(request.query, keep_blank_values=True))
        match request.path:
            case "/get-access-token":
                whole = {"grant_type": "authorization_code", "client_id": CLIENT, "client_secret": SECRET}
                if query not in [{**whole, "code": code} for code in self.codes]:
                    return _json({"error": "invalid_grant", "error_description": "Код Ганни Шевченко"})
                self.codes.discard(query["code"])
                return _json({"access_token": TOKEN, "token_type": "bearer", "expires_in": 300, "user_id": 77})
            case "/get-user-info":
                assert (query["access_token"], query["user_id"]) == (TOKEN, "77")
                return _json(self.fields)
            case "/get-user-logout":
                assert query == {"access_token": TOKEN, "user_id": "77"}
                return _json({"error": "0", "error_description": "Сесію видалено успішно"})
        return Reply(status=404)

    def party(self, **more: Any) -> IdGovUa:
        folder = more.pop("folder", Path("/nowhere"))
        base = {"base_url": self.server.url, "client_id": CLIENT, "client_secret": {"secret": "client"}}
        chosen: Any = IdGovUa.Settings.model_validate({**base, "retries": {"attempts": 1}, **more})
        party = IdGovUa(chosen, surroundings(folder=folder))
        self.parties.append(party)
        return party

    async def login(self, assurance: Assurance = Assurance.LOW, **more: Any) -> Identity:
        party = self.party(**more)
        sent = await party.begin(wanted(assurance=assurance))
        return await party.finish(back({"code": "code-1", "state": RELAY}), sent.state, NOW)

    async def refused(self, **more: Any) -> LoginRefused:
        with pytest.raises(LoginRefused) as caught:
            await self.login(**more)
        self.codes.add("code-1")
        return caught.value


def _json(document: Any) -> Reply:
    return Reply(json.dumps(document).encode(), headers={"content-type": "application/json"})


@pytest.fixture
async def system() -> AsyncIterator[System]:
    async def handle(request: Request) -> Reply:
        return await one.handle(request)

    person = {"lastname": "Шевченко", "givenname": "Ганна", "middlename": "Іванівна", "drfocode": RNOKPP}
    async with serve(handle) as server:
        one = System(server, {**person, "unzr": UNZR, "auth_type": "dig_sign", "email": "h@example.ua", "phone": ""})
        yield one
        for party in one.parties:
            await party.close()


async def test_a_login_from_beginning_to_end(system: System) -> None:
    system.fields |= {"issuercn": "КНЕДП", "edrpoucode": EDRPOU, "o": "ТОВ Калина", "favourite_colour": "blue"}
    assert await system.login() == Identity(
        provider="grad",
        subject=f"ua.rnokpp:{RNOKPP}",
        assurance=Assurance.LOW,
        kind="person",
        authenticated_at=NOW,
        identifiers=(("ua.rnokpp", RNOKPP), ("ua.unzr", "1948022801234")),
        given_name="Ганна Іванівна",
        family_name="Шевченко",
        email="h@example.ua",
        once=(("code:" + hashlib.sha256(b"code-1").hexdigest(), NOW + timedelta(minutes=10)),),
        logout={"access_token": TOKEN, "user_id": "77"},
        unknown=("favourite_colour",),
    )
    [token] = system.asked("/get-access-token")
    assert token == {
        "grant_type": "authorization_code",
        "client_id": CLIENT,
        "client_secret": SECRET,
        "code": "code-1",
    }
    [info] = system.asked("/get-user-info")
    assert info == {
        "access_token": TOKEN,
        "user_id": "77",
        "fields": "lastname,givenname,middlename,email,phone,drfocode,edrpoucode,unzr,o,isqscd",
        "cert": "",
    }


async def test_where_the_browser_goes(system: System) -> None:
    sent = await system.party().begin(wanted())
    assert sent.url.startswith(f"{system.server.url}/?response_type=code&")
    assert query_of(sent) == {
        "response_type": "code",
        "client_id": CLIENT,
        "auth_type": "dig_sign",
        "state": RELAY,
        "redirect_uri": f"{ADDRESS}/callback",
    }
    assert sent == Sent(sent.url, None, {"relay": RELAY, "assurance": "low"})
    assert system.server.requests == []


async def test_only_ways_that_can_suffice_are_offered(system: System) -> None:
    levels = {"dig_sign": "substantial", "dig_sign_qualified": "high", "mobile_id": "high"}
    party = system.party(auth_types=["bank_id", "dig_sign", "mobile_id"], assurance=levels)
    offered = [query_of(await party.begin(wanted(assurance=level)))["auth_type"] for level in Assurance]
    assert offered == ["bank_id,dig_sign,mobile_id", "dig_sign,mobile_id", "dig_sign,mobile_id"]
    with pytest.raises(LoginRefused, match="in auth_types is valued high") as caught:
        await system.party(auth_types=["bank_id"], assurance=levels).begin(wanted(assurance=Assurance.HIGH))
    assert caught.value.reason == "too_little_assurance"


@pytest.mark.parametrize(
    ("said", "level"),
    [
        ({"auth_type": "dig_sign"}, Assurance.SUBSTANTIAL),
        ({"auth_type": "dig_sign", "isqscd": "1"}, Assurance.HIGH),
        ({"auth_type": "dig_sign", "isqscd": True}, Assurance.HIGH),
        ({"auth_type": "dig_sign", "isqscd": "0"}, Assurance.SUBSTANTIAL),
        ({"auth_type": "bank_id", "isqscd": "1"}, Assurance.LOW),
        ({"auth_type": "mobile_id"}, Assurance.HIGH),
        ({"auth_type": "model_config"}, Assurance.LOW),
        ({"auth_type": None}, Assurance.LOW),
    ],
)
async def test_what_a_login_is_worth(system: System, said: dict[str, Any], level: Assurance) -> None:
    levels = {"dig_sign": "substantial", "dig_sign_qualified": "high", "mobile_id": "high"}
    system.fields |= said
    assert (await system.login()).assurance == Assurance.LOW
    system.codes.add("code-1")
    party = system.party(assurance=levels)
    state = {"relay": RELAY, "assurance": "low"}
    assert (await party.finish(back({"code": "code-1", "state": RELAY}), state, NOW)).assurance == level


async def test_a_login_by_a_lesser_way_than_was_offered(system: System) -> None:
    system.fields["auth_type"] = "bank_id"
    party = system.party(assurance={"dig_sign": "high"})
    sent = await party.begin(wanted(assurance=Assurance.HIGH))
    with pytest.raises(LoginRefused) as caught:
        await party.finish(back({"code": "code-1", "state": RELAY}), sent.state, NOW)
    assert caught.value.reason == "too_little_assurance"


# ── Whose number is where ──


@pytest.mark.parametrize(
    ("fields", "identifiers"),
    [
        ({"drfocode": RNOKPP, "edrpoucode": EDRPOU}, [("ua.rnokpp", RNOKPP)]),
        ({"drfocode": "", "edrpoucode": RNOKPP}, [("ua.rnokpp", RNOKPP)]),
        ({"drfocode": EDRPOU, "edrpoucode": RNOKPP}, [("ua.rnokpp", RNOKPP)]),
        # The employee of a sole trader: the trader's number stands in edrpoucode, and is not hers.
        ({"drfocode": RNOKPP, "edrpoucode": "2233445564"}, [("ua.rnokpp", RNOKPP)]),
        ({"drfocode": "АВ123456"}, [("ua.rnokpp", "АВ123456")]),
        ({"drfocode": "001234567"}, [("ua.rnokpp", "001234567")]),
        ({"drfocode": RNOKPP, "unzr": UNZR}, [("ua.rnokpp", RNOKPP), ("ua.unzr", "1948022801234")]),
        ({"unzr": UNZR, "edrpoucode": EDRPOU}, [("ua.unzr", "1948022801234")]),
        ({"unzr": UNZR, "edrpoucode": "АВ123456"}, [("ua.unzr", "1948022801234")]),
    ],
)
async def test_her_number(system: System, fields: dict[str, str], identifiers: list[tuple[str, str]]) -> None:
    system.fields = {"lastname": "Шевченко", **fields}
    identity = await system.login()
    assert list(identity.identifiers) == identifiers
    assert identity.subject == ":".join(identifiers[0])


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"edrpoucode": EDRPOU}, "missing_attribute"),
        ({"drfocode": EDRPOU}, "missing_attribute"),
        ({"edrpoucode": "1759013770"}, "missing_attribute"),
        ({}, "missing_attribute"),
        ({"drfocode": "1759013770"}, "malformed"),
        ({"drfocode": "1759013770", "edrpoucode": RNOKPP}, "malformed"),
        ({"drfocode": RNOKPP, "unzr": "19481328-01234"}, "malformed"),
        ({"drfocode": int(RNOKPP)}, "malformed"),
        ({"drfocode": RNOKPP, "lastname": ["Шевченко"]}, "malformed"),
    ],
)
async def test_nobody_is_named(system: System, fields: dict[str, Any], reason: str) -> None:
    system.fields = fields
    error = await system.refused()
    assert error.reason == reason
    assert not any(str(value)[:8] in str(error) for value in fields.values())


async def test_an_organisation_only_where_the_town_takes_its_certificate_for_a_mandate(system: System) -> None:
    system.fields |= {"edrpoucode": EDRPOU, "o": "ТОВ Калина"}
    assert (await system.login()).represents is None
    system.codes.add("code-1")
    acting = (await system.login(organisations=True)).represents
    assert acting == Represented((("ua.edrpou", EDRPOU),), "ТОВ Калина", "id_gov_ua:edrpoucode")
    for code in ("32855968", RNOKPP, ""):
        system.codes.add("code-1")
        system.fields["edrpoucode"] = code
        assert (await system.login(organisations=True)).represents is None


# ── Misbehaviour ──


@pytest.mark.parametrize("query", [{"state": "another"}, {"state": ""}, {}])
async def test_the_state_is_that_of_another_login(system: System, query: dict[str, str]) -> None:
    party = system.party()
    sent = await party.begin(wanted())
    with pytest.raises(LoginRefused) as caught:
        await party.finish(back({"code": "code-1", **query}), sent.state, NOW)
    assert caught.value.reason == "unsolicited"
    assert system.server.requests == []


async def test_she_changed_her_mind(system: System) -> None:
    party = system.party()
    sent = await party.begin(wanted())
    for query, reason in (({"error": "access_denied"}, "cancelled"), ({}, "malformed")):
        with pytest.raises(LoginRefused) as caught:
            await party.finish(back({"state": RELAY, **query}), sent.state, NOW)
        assert caught.value.reason == reason
    twice = Answer("callback", "GET", f"{ADDRESS}/callback?code=1&code=2", {"code": "2", "state": RELAY}, {})
    with pytest.raises(LoginRefused) as caught:
        await party.finish(twice, sent.state, NOW)
    assert caught.value.reason == "malformed"
    assert system.server.requests == []


async def test_a_code_is_good_once(system: System) -> None:
    await system.login()
    with pytest.raises(LoginRefused) as caught:
        await system.login()
    assert (caught.value.reason, str(caught.value)) == ("expired", "id.gov.ua gave no token: invalid_grant.")


@pytest.mark.parametrize("path", ["/get-access-token", "/get-user-info"])
@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"error": "server_error", "error_description": "Ганна"}, "failed"),
        ({"error": 7, "message": "Ганна"}, "failed"),
        ({"error": "Не знайдено Ганну"}, "failed"),
        ({"error": "invalid_grant", "access_token": TOKEN, "user_id": 77, "drfocode": RNOKPP}, "expired"),
    ],
)
async def test_an_error_that_comes_with_status_200(system: System, path: str, body: Any, reason: str) -> None:
    system.reply[path] = answer(json.dumps(body).encode())
    error = await system.refused()
    assert (error.reason, "Ганн" in str(error)) == (reason, False)


async def test_error_zero_is_none(system: System) -> None:
    system.fields |= {"error": "0", "message": ""}
    assert (await system.login()).unknown == ()


@pytest.mark.parametrize(
    ("path", "reply", "error"),
    [
        ("/get-access-token", answer(b'{"access_token": "x"}'), RemoteGarbage),
        ("/get-access-token", answer(b'{"access_token": "x", "user_id": true}'), RemoteGarbage),
        ("/get-access-token", answer(b'{"access_token": "", "user_id": 1}'), RemoteGarbage),
        ("/get-access-token", answer(b'{"access_token": "a\\nb", "user_id": 1}'), RemoteGarbage),
        ("/get-access-token", answer(b"<html>"), RemoteGarbage),
        ("/get-access-token", answer(status=500), RemoteFault),
        ("/get-access-token", answer(status=302, location="https://elsewhere.example"), RemoteFault),
        ("/get-user-info", answer(b"[]"), RemoteGarbage),
        ("/get-user-info", answer(b'{"a": "' + b"x" * 500_001 + b'"}'), RemoteGarbage),
        ("/get-user-info", answer(status=503), RemoteUnavailable),
    ],
)
async def test_what_cannot_be_read(system: System, path: str, reply: Handler, error: type[RemoteError]) -> None:
    system.reply[path] = reply
    with pytest.raises(error) as caught:
        await system.login()
    assert SECRET not in str(caught.value)
    assert quote(SECRET, "") not in str(caught.value)
    assert "code-1" not in str(caught.value)
    assert TOKEN not in str(caught.value)


# ── Encrypted data ──


async def test_encrypted_data_that_nobody_here_can_open(system: System) -> None:
    system.fields = {"encryptedUserInfo": base64.b64encode(b"CMS").decode()}
    error = await system.refused()
    assert error.reason == "unavailable"
    assert str(error) == (
        "id.gov.ua encrypts personal data to this client (encryptedUserInfo, DSTU) and no decryptor is configured. "
        "Configure one, or have the operator turn encryption off for the client."
    )


async def test_a_decryptor_of_the_town(system: System, tmp_path: Path) -> None:
    Authority(tmp_path).issue("town")
    plain, opened = system.fields, []

    async def open_it(request: Request) -> Reply:
        opened.append((request.method, request.headers["content-type"], request.body))
        return _json(plain)

    async with serve(open_it) as decryptor:
        chosen = {"url": f"{decryptor.url}/open", "certificate": "town.pem"}
        # Plain data, where encrypted ones were asked for, were changed or readable on the way.
        error = await system.refused(decryptor=chosen, folder=tmp_path)
        assert (error.reason, "unencrypted" in str(error)) == ("malformed", True)
        system.fields = {"encryptedUserInfo": base64.b64encode(b"CMS \xff").decode()}
        party = system.party(decryptor=chosen, folder=tmp_path)
        state = {"relay": RELAY, "assurance": "low"}
        identity = await party.finish(back({"code": "code-1", "state": RELAY}), state, NOW)
        assert identity.subject == f"ua.rnokpp:{RNOKPP}"
        assert opened == [("POST", "application/pkcs7-mime", b"CMS \xff")]
        # The server decodes a query once, and the system behind it once more.
        once = system.asked("/get-user-info")[-1]["cert"]
        sent = unquote(once)
        assert once == quote(sent, "") != sent
        text = (tmp_path / "town.pem").read_text()
        assert f"-----BEGIN CERTIFICATE-----\n{_lines(sent)}" in text
        system.codes.add("code-1")
        system.fields = {"encryptedUserInfo": "!"}
        error = await system.refused(decryptor=chosen, folder=tmp_path)
        assert error.reason == "malformed"
        assert len(opened) == 1


def _lines(text: str) -> str:
    return "\n".join(text[start : start + 64] for start in range(0, len(text), 64))


# ── Logout, check, live ──


async def test_logout_is_between_the_servers(system: System) -> None:
    logout = {"access_token": TOKEN, "user_id": "77"}
    party = system.party()
    assert await party.logout(logout, "r", NOW) is None
    assert len(system.asked("/get-user-logout")) == 1
    assert await party.logout({}, "r", NOW) is None
    assert len(system.asked("/get-user-logout")) == 1
    for body in ({"error": "1"}, {"error": "no_such_session"}, {}):
        system.reply["/get-user-logout"] = answer(json.dumps(body).encode())
        with pytest.raises(RemoteFault):
            await party.logout(logout, "r", NOW)
    system.reply["/get-user-logout"] = answer(b'{"error": 0}')
    assert await party.logout(logout, "r", NOW) is None


async def test_nothing_is_heard_from_it(system: System) -> None:
    with pytest.raises(LoginRefused) as caught:
        await system.party().told(Answer("slo", "GET", f"{ADDRESS}/slo", {}, {}), NOW)
    assert caught.value.reason == "unsolicited"
    assert await system.party().metadata(NOW) is None


async def test_the_check(system: System) -> None:
    steps = await system.party().check()
    assert [(step.name, step.ok, step.detail) for step in steps] == [
        ("settings", True, f"Calls {system.server.url}."),
        ("connection", True, "It answers (404)."),
    ]
    [step] = await system.party(client_secret={"secret": "lost"}).check()
    assert (step.name, step.ok, "'lost' is nowhere" in step.detail) == ("settings", False, True)
    [step] = await system.party(decryptor={"url": "https://d.example", "certificate": "no.pem"}).check()
    assert (step.name, step.ok, "decryptor.certificate: /nowhere/no.pem is not" in step.detail) == (
        "settings",
        False,
        True,
    )


@pytest.mark.parametrize(
    ("more", "place"),
    [
        ({"base_url": "https://test.id.gov.ua"}, "base_url"),
        ({"base_url": "http://id.gov.ua"}, "base_url"),
        ({"decryptor": {"url": "http://d.example", "certificate": "x.pem"}}, "decryptor.url"),
    ],
)
def test_a_live_town_refuses_the_test_system(more: dict[str, Any], place: str) -> None:
    base = {"client_id": CLIENT, "client_secret": {"secret": "client"}}
    good: Any = IdGovUa.Settings.model_validate(base)
    IdGovUa(good, surroundings(live=True))
    bad: Any = IdGovUa.Settings.model_validate(base | more)
    with pytest.raises(ConfigurationError) as caught:
        IdGovUa(bad, surroundings(live=True))
    assert caught.value.key == place
