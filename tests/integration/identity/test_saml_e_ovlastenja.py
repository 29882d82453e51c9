"""Acting for a company: NIAS names it, e-Ovlaštenja confirms it over HTTP in a signed answer."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from hub.kernel.errors import ConfigurationError, LoginRefused
from hub.ports.eid import Identity, Represented
from identity.providers.nias.eid import Nias
from tests.support.certificates import Authority
from tests.support.http_server import Answer, Request, Server, serve
from tests.support.saml_idp import NOW, changed, key, posted, settings, sign, signed_response, surroundings

PERSON, COMPANY = "69435151530", "85821130368"
NIAS_ID = "CN=sp, L=PREGRADA, OID.2.5.4.97=HR11111111119, O=Grad Pregrada, C=HR"
STATE = {"request_id": "_request-1", "assurance": "substantial", "force": False, "at": NOW.isoformat()}
API = "http://eovlastenja.fina.hr/RoAuthUnionApi/v2"
FUNCTION = "<r:Function><r:Code>1</r:Code><r:Name>direktor</r:Name><r:Source>1</r:Source></r:Function>"
Make = Callable[[etree._Element], Answer]


def said(request: etree._Element, **how: Any) -> bytes:
    """A SignedAuthorizationUnionPermissionResponse, before it is signed."""
    values = {"person": PERSON, "ips": "080012345", "register": "1", "function": FUNCTION, "errors": "", "to": None}
    values |= how
    representation = (
        "<u:Representation><u:DataEntityFor><u:DataLegal><r:Functions>"
        f"{values['function']}</r:Functions></u:DataLegal></u:DataEntityFor></u:Representation>"
        if values["function"]
        else ""
    )
    errors = (
        f"<b:Error><b:Code>{values['errors']}</b:Code><b:Message>x</b:Message></b:Error>" if values["errors"] else ""
    )
    return (
        f'<SignedAuthorizationUnionPermissionResponse xmlns="{API}" xmlns:u="http://eovlastenja.fina.hr/authunion/v2" '
        'xmlns:b="http://eovlastenja.fina.hr/authorizationbase/v2" '
        f'xmlns:r="http://eovlastenja.fina.hr/representationitems/v2" Id="_answer" '
        f'ForRequestId="{values["to"] or request.get("Id")}">'
        f"<u:Person><b:OIB>{values['person']}</b:OIB><b:FirstName>Ana</b:FirstName><b:LastName>Horvat</b:LastName></u:Person>"
        f"<u:EntityFor><b:Legal><b:Name>Vodovod d.o.o.</b:Name><b:Jips><b:IPS>{values['ips']}</b:IPS>"
        f"<b:IZVOR_REG>{values['register']}</b:IZVOR_REG></b:Jips></b:Legal></u:EntityFor>"
        f"{representation}<u:Errors>{errors}</u:Errors><Signatures/></SignedAuthorizationUnionPermissionResponse>"
    ).encode()


def signed(request: etree._Element, by: str = "fina", **how: Any) -> Answer:
    crypto = {name: how.pop(name) for name in ("method", "digest", "uri") if name in how}
    data = sign(said(request, **how), by=key(by), id_attribute="Id", inside=f"{{{API}}}Signatures", **crypto)
    return Answer(data, headers={"content-type": "application/xml"})


async def login(tmp_path: Path, make: Make, *, plain: bool = False, **how: Any) -> tuple[Identity, Server]:
    """A whole login of somebody who acts for a company; `make` is how e-Ovlaštenja answers."""
    authority = Authority(tmp_path)
    server_certificate, client = authority.issue("127.0.0.1"), authority.issue("pregrada")
    (tmp_path / "fina.pem").write_text(key("fina").certificate.pem)

    async def answer(request: Request) -> Answer:
        return make(etree.fromstring(request.body))

    context = authority.server_context(server_certificate, demand_certificate=True)
    async with serve(answer, tls=None if plain else context) as server:
        around = surroundings(tmp_path)
        secrets = around.secret

        def secret(name: str) -> Any:
            from pydantic import SecretStr

            return SecretStr(client.key_pem) if name == "pregrada-fina" else secrets(name)

        tls = {
            "ca_file": authority.file.name,
            "client_certificate": {"certificate": client.certificate.name, "key": {"secret": "pregrada-fina"}},
        }
        block = {"url": f"{server.url}/api", "signed_by": ["fina.pem"], "tls": tls, "retries": {"attempts": 1}} | how
        wanted = Nias.Settings.model_validate(settings(tmp_path, e_ovlastenja=block))
        from dataclasses import replace

        eid = Nias(wanted, replace(around, secret=secret))
        attributes = {
            "ime": "Ana",
            "prezime": "Horvat",
            "oib": PERSON,
            "tid": "tid-4711",
            "pos_oib": COMPANY,
            "pos_naziv": "Vodovod d.o.o.",
            "ips": "080012345",
            "izvor_reg": "1",
            "sesija_id": "session-of-nias",
        }
        try:
            response = signed_response(changed(audience=NIAS_ID, attributes=attributes))
            return await eid.finish(posted(response), STATE, NOW), server
        finally:
            await eid.close()


async def refused(tmp_path: Path, make: Make, **how: Any) -> str:
    with pytest.raises(LoginRefused) as caught:
        await login(tmp_path, make, **how)
    assert PERSON not in str(caught.value)
    return caught.value.reason


async def test_a_confirmed_right_is_told_with_its_source(tmp_path: Path) -> None:
    identity, server = await login(tmp_path, signed)

    assert identity.represents == Represented((("hr.oib", COMPANY),), "Vodovod d.o.o.", "e-ovlastenja")
    (request,) = server.requests
    asked = etree.fromstring(request.body)
    base = "{http://eovlastenja.fina.hr/authorizationbase/v2}"
    assert asked.tag == f"{{{API}}}AuthorizationUnionPermissionRequest"
    assert asked.findtext(f"{{{API}}}Sesija_Id") == "session-of-nias"
    assert asked.findtext(f"{{{API}}}PersonOIB") == PERSON
    jips = f"{{{API}}}IdentfiersFor/{base}LegalJips"
    assert (asked.findtext(f"{jips}/{base}IPS"), asked.findtext(f"{jips}/{base}IZVOR_REG")) == ("080012345", "1")
    assert (request.method, request.path) == ("POST", "/api")


@pytest.mark.parametrize(
    ("how", "because"),
    [
        ({"function": ""}, "failed"),
        ({"errors": "400"}, "failed"),
        ({"errors": "401", "function": ""}, "failed"),
        ({"errors": "201"}, "expired"),
        ({"errors": "500"}, "unavailable"),
        ({"errors": "100"}, "unavailable"),
        ({"person": "85821130368"}, "malformed"),
        ({"ips": "080099999"}, "malformed"),
        ({"register": "2"}, "malformed"),
        ({"to": "_another"}, "unsolicited"),
        ({"by": "attacker"}, "bad_signature"),
        ({"method": "RSA_SHA1", "digest": "SHA1"}, "weak_algorithm"),
        ({"uri": ""}, "bad_signature"),
    ],
)
async def test_a_right_that_is_not_confirmed_is_no_login(tmp_path: Path, how: dict[str, Any], because: str) -> None:
    assert await refused(tmp_path, lambda request: signed(request, **how)) == because


@pytest.mark.parametrize(
    ("answer", "because"),
    [
        (Answer(b'{"Code":"203","Message":"Sesija je istekla"}', 400), "expired"),
        (Answer(b'{"Code":"401","Message":"Nema prava"}', 400), "failed"),
        (Answer(b'{"Code":"102","Message":"Usluga nije registrirana"}', 400), "unavailable"),
        (Answer(b"{broken", 400), "unavailable"),
        (Answer(b"", 401), "unavailable"),
        (Answer(b"", 503), "unavailable"),
        (Answer(b"<x/>"), "malformed"),
        (Answer(b"<!DOCTYPE x><x/>"), "malformed"),
    ],
)
async def test_an_answer_that_is_none_is_no_login(tmp_path: Path, answer: Answer, because: str) -> None:
    assert await refused(tmp_path, lambda _: answer) == because


async def test_an_unsigned_right_is_none(tmp_path: Path) -> None:
    assert await refused(tmp_path, lambda request: Answer(said(request))) == "bad_signature"


async def test_what_was_changed_after_signing_is_none(tmp_path: Path) -> None:
    def changed_after(request: etree._Element) -> Answer:
        good = signed(request, function="")
        right = f"<u:Representation>{FUNCTION}</u:Representation><u:Errors".encode()
        return Answer(good.body.replace(b"<u:Errors", right, 1))

    assert await refused(tmp_path, changed_after) == "bad_signature"


async def test_sha1_has_an_exception_with_an_end(tmp_path: Path) -> None:
    def old(request: etree._Element) -> Answer:
        return signed(request, digest="SHA1")

    assert await refused(tmp_path, old, sha1_until="2026-11-20") == "weak_algorithm"
    identity, _ = await login(tmp_path, old, sha1_until="2026-11-21")
    assert identity.represents is not None


async def test_the_settings_are_checked_without_asking_anybody(tmp_path: Path) -> None:
    (tmp_path / "fina.pem").write_text(key("fina").certificate.pem)
    around = surroundings(tmp_path)
    block = {"url": "https://roapi.example/api", "signed_by": ["fina.pem"], "sha1_until": "2027-01-31"}
    eid = Nias(Nias.Settings.model_validate(settings(tmp_path, e_ovlastenja=block)), around)

    *_, last = await eid.check()
    assert last.ok
    assert last.detail == "https://roapi.example/api; SHA-1 accepted until 2027-01-31: weak"
    await eid.close()


def test_a_live_town_asks_over_tls_and_knows_who_signs(tmp_path: Path) -> None:
    (tmp_path / "fina.pem").write_text(key("fina").certificate.pem)
    for block, live, at in (
        ({"url": "http://127.0.0.1/api", "signed_by": ["fina.pem"]}, True, "e_ovlastenja.url"),
        ({"url": "https://roapi.example/api", "signed_by": ["none.pem"]}, False, "e_ovlastenja.signed_by"),
    ):
        with pytest.raises(ConfigurationError) as caught:
            Nias(
                Nias.Settings.model_validate(settings(tmp_path, e_ovlastenja=block)), surroundings(tmp_path, live=live)
            )
        assert caught.value.key == at
