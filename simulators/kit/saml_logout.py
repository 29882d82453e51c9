"""Single logout of a simulated SAML identity provider, both ways (SAML V2.0 Profiles §4.4)."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import suppress
from datetime import timedelta
from html import escape
from typing import Any, ClassVar, Literal
from urllib.parse import urlencode

import httpx
from lxml import etree
from pydantic import BaseModel, ConfigDict
from starlette.requests import Request
from starlette.responses import JSONResponse, RedirectResponse, Response
from starlette.routing import Route

from simulators.kit import pages
from simulators.kit.pages import NotAccepted
from simulators.kit.saml import (
    ASSERTION,
    POST,
    PROTOCOL,
    REDIRECT,
    SOAP,
    STATUS,
    Message,
    Service,
    check_signature,
    moment,
    moment_of,
    saml,
    samlp,
)
from simulators.kit.saml_answer import Issuing, bent_time, finished, form_value, fresh_id, status_response
from simulators.kit.saml_asked import base_url, received, switches_of
from simulators.kit.saml_idp import IdentityProvider
from simulators.kit.saml_sign import redirect_url
from simulators.kit.saml_switches import SamlSwitches
from simulators.kit.soap import SOAP_11, parse
from simulators.kit.store import Item, Refused
from simulators.kit.switches import CONTROL

_BROWSER_LOGOUT = "/end-session"
_LIFE = timedelta(minutes=5)
_ENVELOPE = f"{{{SOAP_11.namespace}}}"


class LogoutOrder(BaseModel):
    """Which session ends, and how its service is told: by SOAP now, or by a browser that opens the page told."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    session: str
    way: Literal["soap", "redirect", "post"] = "soap"


class LogoutProvider(IdentityProvider):
    """An identity provider with single logout. `issuer_format` is the Format its logout requests must have, if any."""

    issuer_format: ClassVar[str] = ""
    reason: ClassVar[str] = ""

    def routes(self) -> list[Route]:
        more = [
            # Where one address serves both, that of logging in looks what came.
            Route(self.slo_path, self._slo, methods=["GET", "POST"]),
            Route(_BROWSER_LOGOUT, self._end_in_browser, methods=["GET"]),
            Route(f"{CONTROL}/logout", self._order, methods=["POST"]),
        ]
        if self.slo_soap_path:
            more.append(Route(self.slo_soap_path, self._slo_by_soap, methods=["POST"]))
        return [*super().routes(), *more]

    async def _sso(self, request: Request) -> Response:
        if self.slo_path == self.sso_path:
            with suppress(NotAccepted):
                if (await received(request)).root.tag != samlp("AuthnRequest"):
                    return await self._slo(request)
        return await super()._sso(request)

    # A service asks, or answers

    async def _slo(self, request: Request) -> Response:
        switches = switches_of(request)
        try:
            message = await received(request)
            if message.root.tag == samlp("LogoutResponse"):
                return self._told(message)
            address = base_url(request) + self.slo_path
            service = self._end(message, address)
            if not service.logout:
                raise NotAccepted("The service has no address for logouts.")
        except NotAccepted as error:
            return pages.refusal(self.title, error)
        body = self._response(message, service, switches)
        self.board.answered["slo"] += 1
        relay = "another-relay" if "wrong_relay" in switches.wrong else message.relay
        return self._send(service.logout, "SAMLResponse", body, relay, message.binding, switches.wrong)

    async def _slo_by_soap(self, request: Request) -> Response:
        try:
            message = Message(unwrapped(await request.body()), SOAP, "")
            service = self._end(message, base_url(request) + self.slo_soap_path)
        except NotAccepted as error:
            return Response(str(error), 500, media_type="text/plain")
        self.board.answered["slo"] += 1
        return Response(wrapped(self._response(message, service, switches_of(request))), media_type="text/xml")

    def _end(self, message: Message, address: str) -> Service:
        """End what a LogoutRequest names; raises NotAccepted."""
        root = message.root
        if root.tag != samlp("LogoutRequest"):
            raise NotAccepted("This is no LogoutRequest.")
        service = self.service(message.issuer)
        check_signature(message, service.certificates)
        if root.get("Destination") not in {None, address}:
            raise NotAccepted(f"The Destination must be {address}.")
        if (until := root.get("NotOnOrAfter")) and moment_of(until) <= self.clock():
            raise NotAccepted("The LogoutRequest has expired.")
        issuer = root.find(saml("Issuer"))
        if self.issuer_format and (issuer is None or issuer.get("Format") != self.issuer_format):
            raise NotAccepted(f"The Issuer's Format must be {self.issuer_format}.")
        if self.reason and root.get("Reason") != self.reason:
            raise NotAccepted(f"The Reason must be {self.reason}.")
        name_id = root.find(saml("NameID"))
        index = root.findtext(samlp("SessionIndex"))
        for item in self.sessions.items():
            if (
                name_id is not None
                and (item["name_id"], item["name_id_format"]) == (name_id.text, name_id.get("Format"))
                and item["service"] == service.entity_id
                and index in {None, item["session"]}
                and not item["ended"]
            ):
                self.sessions.put({"session": item["session"], "ended": "by the service"})
        return service

    def _response(self, message: Message, service: Service, switches: SamlSwitches) -> bytes:
        wrong = switches.wrong
        issuing = Issuing(
            issuer="https://elsewhere.example" if "wrong_issuer" in wrong else self.entity_id,
            own=self.own,
            service=service,
            acs="https://elsewhere.example/slo" if "wrong_destination" in wrong else service.logout,
            in_response_to=fresh_id() if "wrong_in_response_to" in wrong else message.root.get("ID", ""),
            name_id="",
            name_id_format="",
            attributes=(),
            context="",
            session_index="",
            at=bent_time(self.clock(), wrong),
        )
        codes = ("Responder", "PartialLogout") if "partial_logout" in wrong else ("Success",)
        response = status_response("LogoutResponse", issuing, *codes)
        if message.binding == REDIRECT:  # signed in the address
            return etree.tostring(response)
        return finished(response, self.own, wrong)

    def _told(self, message: Message) -> Response:
        service = self.service(message.issuer)
        check_signature(message, service.certificates)
        code = message.root.find(f"{samlp('Status')}/{samlp('StatusCode')}")
        value = "" if code is None else code.get("Value", "").removeprefix(STATUS)
        for item in self.sessions.items():
            if item["ended"] == f"asked {message.root.get('InResponseTo')}":
                self.sessions.put({"session": item["session"], "ended": f"service said {value}"})
                return pages.page(self.title, f"<p>Logged out. The service said {escape(value)}.</p>")
        raise NotAccepted("Nobody asked for this logout.")

    # We ask

    async def _order(self, request: Request) -> Response:
        order = LogoutOrder.model_validate_json(await request.body() or b"{}")
        item = self._session(order.session)
        if order.way != "soap":
            query = urlencode({"session": order.session, "way": order.way})
            return JSONResponse({"open": f"{base_url(request)}{_BROWSER_LOGOUT}?{query}"})
        service = self.service(item["service"])
        if not service.logout_soap:
            raise Refused("the service has no address for logouts by SOAP")
        switches = self.board.take()
        assert isinstance(switches, SamlSwitches)
        asking = self._request(item, service.logout_soap, switches.wrong)
        body = wrapped(finished(asking, self.own, switches.wrong))
        headers = {
            "Content-Type": "text/xml; charset=utf-8",
            "SOAPAction": '"http://www.oasis-open.org/committees/security"',
        }
        async with httpx.AsyncClient(timeout=20, trust_env=False) as client:
            answer = await client.post(service.logout_soap, content=body, headers=headers)
        told = self._judged(answer, service, asking.get("ID", ""))
        self.sessions.put({"session": order.session, "ended": f"service said {told.get('said')}"})
        return JSONResponse(told)

    def _judged(self, answer: httpx.Response, service: Service, request_id: str) -> dict[str, Any]:
        """What the service's LogoutResponse says: `said` (the status code), or `refused`, why it is not acceptable."""
        told: dict[str, Any] = {"status": answer.status_code}
        try:
            root = unwrapped(answer.content)
            if root.tag != samlp("LogoutResponse") or root.get("InResponseTo") != request_id:
                raise NotAccepted("This is not the LogoutResponse asked for.")
            check_signature(Message(root, SOAP, ""), service.certificates)
            code = root.find(f"{samlp('Status')}/{samlp('StatusCode')}")
            return told | {"said": "" if code is None else code.get("Value", "").removeprefix(STATUS)}
        except NotAccepted as error:
            return told | {"refused": str(error), "body": answer.text[:2000]}

    async def _end_in_browser(self, request: Request) -> Response:
        switches = switches_of(request)
        try:
            item = self._session(request.query_params.get("session", ""))
            service = self.service(item["service"])
        except (NotAccepted, Refused) as error:
            return pages.refusal(self.title, NotAccepted(str(error)))
        asking = self._request(item, service.logout, switches.wrong)
        self.sessions.put({"session": item["session"], "ended": f"asked {asking.get('ID')}"})
        binding = REDIRECT if request.query_params.get("way") == "redirect" else POST
        body = etree.tostring(asking) if binding == REDIRECT else finished(asking, self.own, switches.wrong)
        return self._send(service.logout, "SAMLRequest", body, "", binding, switches.wrong)

    def _request(self, item: Item, destination: str, wrong: Collection[str]) -> etree._Element:
        at = bent_time(self.clock(), wrong)
        root = etree.Element(samlp("LogoutRequest"), nsmap={"samlp": PROTOCOL, "saml": ASSERTION})
        root.set("ID", fresh_id())
        root.set("Version", "2.0")
        root.set("IssueInstant", moment(at))
        root.set("Destination", "https://elsewhere.example/slo" if "wrong_destination" in wrong else destination)
        root.set("NotOnOrAfter", moment(at + _LIFE))
        issuer = etree.SubElement(root, saml("Issuer"))
        issuer.text = "https://elsewhere.example" if "wrong_issuer" in wrong else self.entity_id
        name_id = etree.SubElement(root, saml("NameID"), Format=item["name_id_format"])
        name_id.text = item["name_id"]
        etree.SubElement(root, samlp("SessionIndex")).text = item["session"]
        return root

    def _session(self, index: str) -> Item:
        for item in self.sessions.items():
            if item["session"] == index:
                return item
        raise Refused(f"there is no session {index!r}")

    def _send(self, url: str, name: str, body: bytes, relay: str, binding: str, wrong: Collection[str]) -> Response:
        if binding == REDIRECT:
            return RedirectResponse(redirect_url(url, name, body, relay, self.own, wrong), 302)
        return pages.post_form(self.title, url, {name: form_value(body)} | ({"RelayState": relay} if relay else {}))


def wrapped(message: bytes) -> bytes:
    """In a SOAP 1.1 envelope (Bindings §3.2). The message stays as it is, or its signature would not."""
    return f'<s:Envelope xmlns:s="{SOAP_11.namespace}"><s:Body>'.encode() + message + b"</s:Body></s:Envelope>"


def unwrapped(body: bytes) -> etree._Element:
    """The one message in an envelope's Body, as a document of its own. Raises NotAccepted."""
    try:
        envelope = parse(body)
    except ValueError as error:
        raise NotAccepted(f"This is not XML: {error}") from error
    children = envelope.findall(f"{_ENVELOPE}Body/*")
    if envelope.tag != f"{_ENVELOPE}Envelope" or len(children) != 1:
        raise NotAccepted("This is not a SOAP 1.1 envelope with one message.")
    return parse(etree.tostring(children[0], with_tail=False))
