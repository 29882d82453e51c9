"""The hub's eID providers against the simulated eIDs: who comes in, and why somebody does not."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, get_args
from zoneinfo import ZoneInfo

import pytest
from lxml import etree
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from hub.kernel.assurance import Assurance
from hub.kernel.errors import HubError, LoginRefused
from hub.kit import manifest
from hub.ports.eid import Answer, Eid, EidSurroundings, Identity, LogoutAsked, LogoutDone, Represented, Wanted
from hub.settings import PROJECT
from simulators.kit.keys import certificate
from simulators.kit.oidc_switches import Wrong as OidcWrong
from simulators.kit.saml_switches import Wrong as SamlWrong
from simulators.kit.secrets import secret
from simulators.kit.serve import running
from simulators.people import STOLARIJA, ZELJKA
from tests.integration.simulators.eid_harness import HUB, form_in, query_of, token_in
from tests.integration.simulators.harness import Simulator, start

PROVIDERS = manifest.scan(PROJECT / "identity" / "providers", "identity.providers")
METADATA = {
    "nias": "/metadata",
    "nia": "/fpsts/FederationMetadata/2007-06/FederationMetadata.xml",
    "eidas": "/EidasNode/ServiceMetadata",
}
PERSON = {
    "nias": "zeljka", "nia": "ruzena", "eidas": "jurgen", "oidc": "zeljka", "roeid": "ileana", "eid_rs": "ljiljana",
    "id_gov_ua": "hanna",
}  # fmt: skip


def settings(provider: str, url: str) -> dict[str, Any]:
    if provider in METADATA:
        key = "vzorov-nia-key" if provider == "nia" else "pregrada-nias-key"
        return {"metadata": "idp.xml", "keys": [{"certificate": "sp.crt", "key": {"secret": key}}]}
    if provider == "id_gov_ua":
        return {
            "base_url": url,
            "client_id": "munihub",
            "client_secret": {"secret": "eid-id-gov-ua"},
            "organisations": True,
        }
    root = {"oidc": "/generic", "roeid": "/roeid/affwebservices/CASSO/oidc/munihub", "eid_rs": "/eid_rs"}[provider]
    auth = {"kind": "client_secret_basic", "client_secret": {"secret": "eid-oidc"}}
    more = {"claims": {"identifiers": {"oib": "hr.oib"}, "required": ["oib"]}} if provider == "oidc" else {}
    return {"issuer": url + root, "client_id": "munihub", "client_auth": auth, **more}


@dataclass
class Desk:
    simulator: Simulator
    provider: str
    folder: Path
    eid: Eid

    async def log_in(self, person: str = "", do: str = "login", assurance: Assurance = Assurance.LOW) -> Identity:
        now = datetime.now(UTC)
        self.simulator.clock.at = now
        sent = await self.eid.begin(Wanted("relay-1", assurance, "hr", now))
        client = self.simulator.client
        page = await (client.post(sent.url, data=dict(sent.form)) if sent.form else client.get(sent.url))
        assert page.status_code == 200, page.text
        form = {"token": token_in(page), "person": person or PERSON[self.provider], "do": do}
        back = await client.post(etree.HTML(page.text).find(".//form").get("action"), data=form)
        if back.status_code == 302:
            url = back.headers["location"]
            answer = Answer("callback", "GET", url, query_of(url), {})
        else:
            posted = form_in(back)
            answer = Answer("acs", "POST", posted.action, {}, posted.fields)
        # What the hub keeps of it meanwhile is JSON.
        return await self.eid.finish(answer, json.loads(json.dumps(dict(sent.state))), now)

    async def refused(self, assurance: Assurance = Assurance.SUBSTANTIAL) -> str | None:
        """The reason; None where the login was accepted."""
        try:
            await self.log_in(assurance=assurance)
        except LoginRefused as error:
            return error.reason
        except HubError as error:
            return type(error).__name__
        return None

    def build(self, address: str = "") -> Eid:
        """`address` instead of that of the town's."""
        entry = PROVIDERS[self.provider].load()
        town = "vzorov" if self.provider == "nia" else "pregrada"
        surroundings = EidSurroundings(
            city=town,
            eid=self.provider,
            address=address or f"{HUB}/{town}/login/{self.provider}",
            folder=self.folder,
            timezone=ZoneInfo("Europe/Zagreb"),
            live=False,
            secret=lambda name: SecretStr(secret(name)),
        )
        return entry(entry.Settings.model_validate(settings(self.provider, self.simulator.url)), surroundings)


@asynccontextmanager
async def desk(provider: str, folder: Path) -> AsyncIterator[Desk]:
    name = f"eid_{provider}" if provider in {*METADATA, "id_gov_ua"} else "eid_oidc"
    async with start(name) as simulator:
        one = Desk(simulator, provider, folder, eid=None)  # type: ignore[arg-type]
        if provider in METADATA:
            (folder / "idp.xml").write_bytes((await simulator.client.get(METADATA[provider])).content)
            (folder / "sp.crt").write_bytes(certificate("vzorov-nia" if provider == "nia" else "pregrada-nias"))
        one.eid = one.build()
        try:
            if provider == "eidas":
                told = await one.eid.metadata(datetime.now(UTC))
                await simulator.post("register", metadata=told[1].decode())
            yield one
        finally:
            await one.eid.close()


def proven(identity: Identity) -> dict[str, str]:
    return dict(identity.identifiers)


@pytest.mark.parametrize(
    ("provider", "assurance", "identifiers", "name"),
    [
        ("nias", "high", {"hr.oib": ZELJKA.number}, "Željka Đurđević-Šćepan"),
        ("nia", "high", {}, "Růžena Příhodová"),
        ("eidas", "high", {}, "Jürgen Groß-Weißmüller"),
        ("oidc", "high", {"hr.oib": ZELJKA.number}, "Željka Đurđević-Šćepan"),
        ("roeid", "low", {"ro.cnp": "2880412401171"}, "Ileana-Ștefania Țepeș"),
        ("eid_rs", "low", {"rs.jmbg": "2203985715128"}, "Љиљана Ђорђевић"),
        (
            "id_gov_ua",
            "low",
            {"ua.rnokpp": "3184902042", "ua.unzr": "1987031401234"},
            "Ганна Олексіївна Шевчук-Їжакевич",
        ),
    ],
)
async def test_whoever_logs_in_is_known(
    provider: str, assurance: str, identifiers: Mapping, name: str, tmp_path: Path
) -> None:
    async with desk(provider, tmp_path) as one:
        found = await one.log_in()
        assert (found.assurance, proven(found), found.name) == (assurance, identifiers, name)
        assert (found.provider, found.kind, found.unknown) == (provider, "person", ())
        assert (await one.log_in()).subject == found.subject
        with pytest.raises(LoginRefused) as refused:
            await one.log_in(do="cancel")
        assert refused.value.reason == "cancelled"


async def test_what_else_is_told(tmp_path: Path) -> None:
    async with desk("nia", tmp_path) as one:
        # Nothing optional was ticked, so nothing of it came.
        assert (await one.log_in()).birth_date is None
    async with desk("eidas", tmp_path) as one:
        found = await one.log_in("francoise")
        assert (found.subject, found.birth_date) == ("FR/HR/5e0c9b1a-22d4", date(1993, 2, 28))
    async with desk("nias", tmp_path) as one:
        found = await one.log_in("zeljka-stolarija")
        assert proven(found) == {"hr.oib": ZELJKA.number}
        assert found.represents == Represented((("hr.oib", STOLARIJA.number),), STOLARIJA.name, "nias:pos_oib")
        assert found.unknown == ()
        assert proven(await one.log_in("jurgen")) == {}
    async with desk("id_gov_ua", tmp_path) as one:
        found = await one.log_in("yevhen-vodokanal")
        assert found.represents is not None
        assert found.represents.identifiers == (("ua.edrpou", "41003212"),)
        assert proven(await one.log_in("solomiia"))["ua.rnokpp"] == "СО123456"


SAML = {
    "unsigned": "bad_signature",
    "wrong_key": "bad_signature",
    "next_key": "bad_signature",
    "sha1": "weak_algorithm",
    "tampered": "bad_signature",
    "expired": "expired",
    "not_yet_valid": "not_yet_valid",
    "wrong_audience": "wrong_audience",
    "wrong_recipient": "wrong_recipient",
    "wrong_destination": "wrong_recipient",
    "wrong_issuer": "wrong_issuer",
    "wrong_in_response_to": "unsolicited",
    "unsolicited": "unsolicited",
    "replayed": "unsolicited",  # it answers the request before
    "two_assertions": "malformed",
    "encrypted_rsa15": "weak_algorithm",
    "low_assurance": "too_little_assurance",
    "unknown_assurance": "unknown_assurance",
    "doctype": "malformed",
    "cancelled": "cancelled",
    "broken": "failed",
}
HARMLESS = {
    "wrong_relay",  # the hub finds the login by it, before the engine is asked
    "not_encrypted",
    "encrypted_cbc",
    "unknown_attribute",
    "partial_logout",
}


@pytest.mark.parametrize("provider", METADATA)
async def test_what_a_saml_eid_does_wrong(provider: str, tmp_path: Path) -> None:
    async with desk(provider, tmp_path) as one:
        found: dict[str, str | None] = {}
        for name in SAML:
            if name in {"unsigned", "replayed"}:
                await one.simulator.switch()
                assert await one.refused() is None
            await one.simulator.switch(wrong=[name])
            found[name] = await one.refused()
        assert found == SAML
        # Nothing of all that stays behind.
        await one.simulator.switch()
        assert await one.refused() is None
        for name in HARMLESS:
            await one.simulator.switch(wrong=[name])
            assert await one.refused() is None, name
    assert set(SAML) | HARMLESS | {"missing_attribute", "comment"} == set(get_args(SamlWrong))


@pytest.mark.parametrize("provider", METADATA)
async def test_a_comment_makes_nobody_somebody_else(provider: str, tmp_path: Path) -> None:
    async with desk(provider, tmp_path) as one:
        right = await one.log_in()
        await one.simulator.switch(wrong=["comment"])
        if provider == "eidas":
            # The assertion is signed without its comments, and is read as it was signed: whole.
            found = await one.log_in()
            assert (found.subject, found.identifiers) == (right.subject, right.identifiers)
        else:
            assert await one.refused() == "malformed"


async def test_an_attribute_nobody_announced_is_reported_by_name(tmp_path: Path) -> None:
    async with desk("nias", tmp_path) as one:
        await one.simulator.switch(wrong=["unknown_attribute"])
        assert (await one.log_in()).unknown == ("urn:munihub:simulator:new",)


async def test_the_next_key_is_accepted_once_the_metadata_list_it(tmp_path: Path) -> None:
    async with desk("nias", tmp_path) as one:
        await one.simulator.switch(wrong=["next_key"])
        (tmp_path / "idp.xml").write_bytes((await one.simulator.client.get("/metadata")).content)
        one.eid = one.build()
        assert await one.refused() is None
        await one.simulator.switch()
        assert await one.refused() is None


OIDC = {
    "wrong_state": "unsolicited",
    "wrong_iss_parameter": "wrong_issuer",
    "cancelled": "cancelled",
    "authorize_error": "unavailable",
    "token_error": "expired",
    "token_error_200": "RemoteGarbage",
    "userinfo_error": "RemoteRefused",
    "wrong_nonce": "unsolicited",
    "no_nonce": "unsolicited",
    "wrong_iss": "wrong_issuer",
    "wrong_aud": "wrong_audience",
    "more_aud": "wrong_audience",
    "wrong_azp": "wrong_audience",
    "expired": "expired",
    "not_yet_valid": "not_yet_valid",
    "alg_none": "weak_algorithm",
    "hs256_secret": "weak_algorithm",
    "hs256_public_key": "weak_algorithm",
    "wrong_key": "bad_signature",
    "unknown_kid": "bad_signature",
    "tampered": "bad_signature",
    "wrong_at_hash": "bad_signature",
    "wrong_sub": "bad_signature",
    "no_id_token": "malformed",
    "low_assurance": "too_little_assurance",
    "no_assurance": "unknown_assurance",
    "missing_claim": "missing_attribute",
    "unknown_claim": None,
}


async def test_what_an_openid_provider_does_wrong(tmp_path: Path) -> None:
    async with desk("oidc", tmp_path) as one:
        found = {}
        assert await one.refused() is None
        for name in OIDC:
            await one.simulator.switch(wrong=[name])
            found[name] = await one.refused()
        assert found == OIDC
        await one.simulator.switch()
        assert await one.refused() is None, "nothing of all that stays behind"
        one.eid = one.build()  # it has read no discovery document yet
        await one.simulator.switch(wrong=["wrong_issuer_in_discovery"])
        assert await one.refused() is not None
    assert {*OIDC, "wrong_issuer_in_discovery"} == set(get_args(OidcWrong))


async def test_logging_out_at_nias(tmp_path: Path) -> None:
    async with desk("nias", tmp_path) as one:
        found = await one.log_in()
        sent = await one.eid.logout(found.logout, "relay-2", one.simulator.clock.at)
        assert sent is not None
        client = one.simulator.client
        back = await (client.post(sent.url, data=dict(sent.form)) if sent.form else client.get(sent.url))
        if back.status_code == 302:
            url = back.headers["location"]
            answer = Answer("slo", "GET", url, query_of(url), {})
        else:
            posted = form_in(back)
            answer = Answer("slo", "POST", posted.action, {}, posted.fields)
        assert await one.eid.told(answer, one.simulator.clock.at) == LogoutDone("relay-2", complete=True)
        (session,) = (await client.get("/_control/sessions")).json()
        assert session["ended"] == "by the service"


async def test_nias_ends_a_session_by_soap(tmp_path: Path) -> None:
    async with desk("nias", tmp_path) as one:
        await one.log_in()
        (session,) = (await one.simulator.client.get("/_control/sessions")).json()
        heard: list[LogoutAsked] = []
        ours: list[Eid] = []

        async def door(request: Request) -> Response:
            media_type = request.headers["content-type"]
            answer = Answer("slo-soap", "POST", str(request.url), {}, {}, await request.body(), media_type)
            asked = await ours[0].told(answer, one.simulator.clock.at)
            assert isinstance(asked, LogoutAsked)
            heard.append(asked)
            reply = asked.reply(True)
            assert isinstance(reply, bytes)
            return Response(reply, media_type="text/xml")

        async with running(Starlette(routes=[Route("/slo-soap", door, methods=["POST"])])) as url:
            ours.append(one.build(url))
            (service,) = (await one.simulator.client.get("/_control/services")).json()
            await one.simulator.post("services", entity_id=service["entity_id"], logout_soap=f"{url}/slo-soap")
            told = await one.simulator.post("logout", session=session["session"])
            await ours[0].close()
        assert told == {"status": 200, "said": "Success"}
        assert (heard[0].name_id, heard[0].session_index) == (session["name_id"], session["session"])
