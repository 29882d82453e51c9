"""Single logout with the SAML eIDs, asked by the service and by the eID, by browser and by SOAP."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from lxml import etree
from onelogin.saml2.logout_request import OneLogin_Saml2_Logout_Request
from onelogin.saml2.logout_response import OneLogin_Saml2_Logout_Response
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from signxml.exceptions import InvalidDigest, InvalidInput, InvalidSignature
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from simulators.kit.serve import running
from tests.integration.simulators.eid_harness import (
    NS,
    PERSISTENT,
    X509_SUBJECT,
    Sp,
    form_in,
    inflated,
    moment,
    nia,
    nias,
    query_of,
    verified,
)

USER = "urn:oasis:names:tc:SAML:2.0:logout:user"
SUCCESS = "urn:oasis:names:tc:SAML:2.0:status:Success"


@pytest.fixture
async def sp() -> AsyncIterator[Sp]:
    async with nias() as one:
        yield one


async def session_of(sp: Sp, person: str = "zeljka") -> dict:
    before = (await sp.simulator.client.get("/_control/sessions")).json()
    await sp.log_in(person)
    after = (await sp.simulator.client.get("/_control/sessions")).json()
    (session,) = [one for one in after if one not in before]
    assert session == session | {"person": person, "service": sp.entity_id, "ended": ""}
    return session


async def ended(sp: Sp, session: dict) -> str:
    items = (await sp.simulator.client.get("/_control/sessions")).json()
    (item,) = [one for one in items if one["session"] == session["session"]]
    return item["ended"]


def logout_request(sp: Sp, session: dict, path: str, **over: str) -> str:
    parts = {
        "format": f' Format="{X509_SUBJECT}"' if sp.scheme == "nias" else "",
        "reason": f' Reason="{USER}"' if sp.scheme == "nias" else "",
        "until": moment(sp.simulator.clock.at + timedelta(minutes=5)),
        "index": f"<p:SessionIndex>{session['session']}</p:SessionIndex>",
    } | over
    return (
        f'<p:LogoutRequest xmlns:p="{NS["p"]}" xmlns:a="{NS["a"]}" ID="_out" Version="2.0"'
        f' IssueInstant="{moment(sp.simulator.clock.at)}" Destination="{sp.simulator.url}{path}"{parts["reason"]}'
        f' NotOnOrAfter="{parts["until"]}"><a:Issuer{parts["format"]}>{sp.entity_id}</a:Issuer>'
        f'<a:NameID Format="{session["name_id_format"]}">{session["name_id"]}</a:NameID>{parts["index"]}'
        "</p:LogoutRequest>"
    )


async def test_by_redirect(sp: Sp) -> None:
    session = await session_of(sp)
    other = await session_of(sp, "sime")
    url = sp.redirect(
        f"{sp.simulator.url}/ssout-http", "SAMLRequest", logout_request(sp, session, "/ssout-http"), "r-7"
    )
    answer = await sp.simulator.client.get(url)
    assert answer.status_code == 302
    location = answer.headers["location"]
    assert location.startswith("http://127.0.0.1:8000/pregrada/login/nias/slo?SAMLResponse=")
    query = query_of(location)
    assert query["RelayState"] == "r-7"
    assert query["SigAlg"] == "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
    signed = location.partition("?")[2].partition("&Signature=")[0]
    key = x509.load_pem_x509_certificate(sp.idp_certificate.encode()).public_key()
    key.verify(base64.b64decode(query["Signature"]), signed.encode(), padding.PKCS1v15(), hashes.SHA256())
    settings = OneLogin_Saml2_Settings(sp.peer_settings())
    response = OneLogin_Saml2_Logout_Response(settings, query["SAMLResponse"])
    assert response.get_status() == SUCCESS
    root = inflated(query["SAMLResponse"])
    assert root.get("InResponseTo") == "_out"
    assert root.findtext("a:Issuer", "", NS) == sp.idp_entity_id
    assert await ended(sp, session) == "by the service"
    assert await ended(sp, other) == ""


async def test_by_post(sp: Sp) -> None:
    session = await session_of(sp)
    signed = base64.b64encode(sp.signed(logout_request(sp, session, "/ssout-http", index=""))).decode()
    answer = await sp.simulator.client.post("/ssout-http", data={"SAMLRequest": signed, "RelayState": "r"})
    form = form_in(answer)
    assert form.action == "http://127.0.0.1:8000/pregrada/login/nias/slo"
    root = verified(form.text, sp.idp_certificate)
    assert root.find("p:Status/p:StatusCode", NS).get("Value") == SUCCESS
    assert await ended(sp, session) == "by the service"


async def test_by_soap(sp: Sp) -> None:
    session = await session_of(sp)
    envelope = soap(sp.signed(logout_request(sp, session, "/ssout-soap")))
    answer = await sp.simulator.client.post("/ssout-soap", content=envelope, headers={"Content-Type": "text/xml"})
    root = verified(child_of(answer.content), sp.idp_certificate)
    assert root.get("InResponseTo") == "_out"
    assert root.find("p:Status/p:StatusCode", NS).get("Value") == SUCCESS
    assert await ended(sp, session) == "by the service"


@pytest.mark.parametrize(
    ("over", "told"),
    [
        ({"format": ""}, "X509SubjectName"),
        ({"reason": ""}, "The Reason must be"),
        ({"until": "2026-01-01T00:00:00Z"}, "has expired"),
    ],
)
async def test_nias_refuses_a_logout_not_as_it_wants_it(sp: Sp, over: dict, told: str) -> None:
    session = await session_of(sp)
    xml = logout_request(sp, session, "/ssout-http", **over)
    answer = await sp.simulator.client.get(sp.redirect(f"{sp.simulator.url}/ssout-http", "SAMLRequest", xml))
    assert answer.status_code == 400
    assert told in answer.text
    assert await ended(sp, session) == ""


async def test_an_unsigned_logout_ends_nothing(sp: Sp) -> None:
    session = await session_of(sp)
    url = sp.redirect(f"{sp.simulator.url}/ssout-http", "SAMLRequest", logout_request(sp, session, "/ssout-http"))
    answer = await sp.simulator.client.get(url.partition("&SigAlg")[0])
    assert (answer.status_code, "not signed" in answer.text) == (400, True)
    envelope = soap(logout_request(sp, session, "/ssout-soap").encode())
    answer = await sp.simulator.client.post("/ssout-soap", content=envelope)
    assert (answer.status_code, "not signed" in answer.text) == (500, True)
    assert await ended(sp, session) == ""


async def test_wrong_answers_to_a_logout(sp: Sp) -> None:
    async def answer(*wrong: str) -> etree._Element:
        session = await session_of(sp)
        await sp.simulator.switch(wrong=list(wrong))
        signed = base64.b64encode(sp.signed(logout_request(sp, session, "/ssout-http"))).decode()
        form = form_in(await sp.simulator.client.post("/ssout-http", data={"SAMLRequest": signed}))
        await sp.simulator.switch()
        return form.root

    def codes(root: etree._Element) -> list[str]:
        return [one.get("Value").rpartition(":")[2] for one in root.iterfind(".//p:StatusCode", NS)]

    assert codes(await answer()) == ["Success"]
    assert codes(verified(await answer("partial_logout"), sp.idp_certificate)) == ["Responder", "PartialLogout"]
    assert (await answer("wrong_in_response_to")).get("InResponseTo") != "_out"
    assert (await answer("wrong_issuer")).findtext("a:Issuer", "", NS) == "https://elsewhere.example"
    assert (await answer("wrong_destination")).get("Destination") == "https://elsewhere.example/slo"
    assert (await answer("unsigned")).find("ds:Signature", NS) is None
    for name, error in {"wrong_key": InvalidSignature, "tampered": InvalidDigest, "sha1": InvalidInput}.items():
        with pytest.raises(error):
            verified(await answer(name), sp.idp_certificate)


class Service:
    """The service's end of the SOAP back channel."""

    def __init__(self, sp: Sp) -> None:
        self.sp, self.said, self.soap_action, self.sign = sp, [], "", True

    async def answer(self, request: Request) -> Response:
        self.soap_action = request.headers["soapaction"]
        root = child_of(await request.body())
        self.said.append(root)
        xml = (
            f'<p:LogoutResponse xmlns:p="{NS["p"]}" xmlns:a="{NS["a"]}" ID="_done" Version="2.0"'
            f' IssueInstant="{moment(self.sp.simulator.clock.at)}" InResponseTo="{root.get("ID")}">'
            f"<a:Issuer>{self.sp.entity_id}</a:Issuer><p:Status><p:StatusCode"
            f' Value="{SUCCESS}"/></p:Status></p:LogoutResponse>'
        )
        return Response(soap(self.sp.signed(xml) if self.sign else xml.encode()), media_type="text/xml")


@asynccontextmanager
async def listening(sp: Sp) -> AsyncIterator[Service]:
    service = Service(sp)
    async with running(Starlette(routes=[Route("/slo-soap", service.answer, methods=["POST"])])) as url:
        await sp.simulator.post("services", entity_id=sp.entity_id, logout_soap=f"{url}/slo-soap")
        yield service


async def test_nias_tells_the_service_by_soap(sp: Sp) -> None:
    session = await session_of(sp)
    async with listening(sp) as service:
        told = await sp.simulator.post("logout", session=session["session"])
        assert told == {"status": 200, "said": "Success"}
        assert await ended(sp, session) == "service said Success"
        (asked,) = service.said
        assert service.soap_action == '"http://www.oasis-open.org/committees/security"'
        root = verified(asked, sp.idp_certificate)
        assert root.findtext("a:Issuer", "", NS) == sp.idp_entity_id
        name_id = root.find("a:NameID", NS)
        assert (name_id.text, name_id.get("Format")) == (session["name_id"], PERSISTENT)
        assert root.findtext("p:SessionIndex", "", NS) == session["session"]
        assert root.get("NotOnOrAfter") == moment(sp.simulator.clock.at + timedelta(minutes=5))

        service.sign = False
        told = await sp.simulator.post("logout", session=session["session"])
        assert told["refused"] == "The message is not signed."
        service.sign = True
        await sp.simulator.switch(wrong=["unsigned", "expired"])
        await sp.simulator.post("logout", session=session["session"])
        assert service.said[-1].find("ds:Signature", NS) is None
        assert service.said[-1].get("NotOnOrAfter") == moment(sp.simulator.clock.at - timedelta(minutes=115))


@pytest.mark.parametrize("way", ["redirect", "post"])
async def test_the_eid_asks_by_the_browser(sp: Sp, way: str) -> None:
    session = await session_of(sp)
    opened = (await sp.simulator.post("logout", session=session["session"], way=way))["open"]
    answer = await sp.simulator.client.get(opened)
    settings = OneLogin_Saml2_Settings(sp.peer_settings())
    if way == "redirect":
        query = query_of(answer.headers["location"])
        data = {
            "http_host": "127.0.0.1:8000",
            "script_name": "/pregrada/login/nias/slo",
            "https": "off",
            "get_data": query,
            "query_string": answer.headers["location"].partition("?")[2],
            "validate_signature_from_qs": True,
        }
        asked = OneLogin_Saml2_Logout_Request(settings, query["SAMLRequest"])
        assert asked.is_valid(data), asked.get_error()
        root = inflated(query["SAMLRequest"])
    else:
        form = form_in(answer)
        assert form.action == "http://127.0.0.1:8000/pregrada/login/nias/slo"
        root = verified(base64.b64decode(form.fields["SAMLRequest"]), sp.idp_certificate)
    assert OneLogin_Saml2_Logout_Request.get_session_indexes(etree.tostring(root)) == [session["session"]]

    xml = (
        f'<p:LogoutResponse xmlns:p="{NS["p"]}" xmlns:a="{NS["a"]}" ID="_done" Version="2.0"'
        f' IssueInstant="{moment(sp.simulator.clock.at)}" InResponseTo="{root.get("ID")}">'
        f"<a:Issuer>{sp.entity_id}</a:Issuer><p:Status><p:StatusCode"
        f' Value="{SUCCESS}"/></p:Status></p:LogoutResponse>'
    )
    back = await sp.simulator.client.get(sp.redirect(f"{sp.simulator.url}/ssout-http", "SAMLResponse", xml))
    assert (back.status_code, "The service said Success." in back.text) == (200, True)
    assert await ended(sp, session) == "service said Success"
    again = await sp.simulator.client.get(sp.redirect(f"{sp.simulator.url}/ssout-http", "SAMLResponse", xml))
    assert again.status_code == 400


async def test_nia_logs_out_at_the_address_it_logs_in() -> None:
    async with nia() as sp:
        await sp.log_in("ruzena")
        (session,) = (await sp.simulator.client.get("/_control/sessions")).json()
        xml = logout_request(sp, session, "/FPSTS/saml2/basic")
        answer = await sp.simulator.client.get(sp.redirect(sp.sso_url, "SAMLRequest", xml))
        assert answer.headers["location"].startswith("http://127.0.0.1:8000/vzorov/login/nia/slo?SAMLResponse=")
        assert await ended(sp, session) == "by the service"


async def test_an_order_that_makes_no_sense_is_refused(sp: Sp) -> None:
    assert "no session 'x'" in (await sp.simulator.post("logout", 422, session="x"))["refused"]
    assert (await sp.simulator.post("logout", 422, session="x", way="fax"))["refused"][0]["loc"] == ["way"]


def soap(message: bytes) -> bytes:
    return f'<S:Envelope xmlns:S="{NS["s"]}"><S:Body>'.encode() + message + b"</S:Body></S:Envelope>"


def child_of(body: bytes) -> etree._Element:
    (child,) = etree.fromstring(body).find("s:Body", NS)
    return etree.fromstring(etree.tostring(child))
