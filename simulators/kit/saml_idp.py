"""A simulated SAML 2.0 identity provider: signing in (Profiles §4.1). What schemes do differently, they override."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar
from urllib.parse import parse_qsl

import httpx
from lxml import etree
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from simulators.kit import pages
from simulators.kit.control import simulator
from simulators.kit.keys import Credential, credential
from simulators.kit.pages import NotAccepted
from simulators.kit.saml import (
    EIDAS,
    PERSISTENT,
    POST,
    REDIRECT,
    SOAP,
    Message,
    Service,
    check_signature,
    saml,
    samlp,
)
from simulators.kit.saml_answer import Attribute, Issuing, failure, form_value, fresh_id, good_or_wrong
from simulators.kit.saml_asked import LEVELS, Asked, Wish, base_url, received, spoilt, switches_of
from simulators.kit.saml_metadata import identity_provider, service_provider
from simulators.kit.saml_switches import SamlSwitches
from simulators.kit.store import Refused, Store
from simulators.kit.switches import CONTROL, Switchboard

_MOST_WAITING = 1000


class IdentityProvider:
    """One scheme. `clock` tells the time; the services known at the start come from `services`."""

    title: ClassVar[str]
    language: ClassVar[str] = "en"
    entity_id: ClassVar[str]
    key: ClassVar[str]
    """Its pair in `simulators/keys`."""
    metadata_path: ClassVar[str]
    sso_path: ClassVar[str]
    slo_path: ClassVar[str]
    slo_soap_path: ClassVar[str] = ""
    slo_bindings: ClassVar[Sequence[str]] = (REDIRECT, POST)
    name_id_formats: ClassVar[Sequence[str]] = (PERSISTENT,)
    signs_assertion: ClassVar[bool] = False
    people: ClassVar[Mapping[str, str]]
    """Who can sign in: key → as the page names them."""

    def __init__(self, clock: Callable[[], datetime], services: Sequence[Mapping[str, Any]]) -> None:
        self.clock = clock
        self.board = Switchboard(SamlSwitches)
        self.services = Store(
            key="entity_id",
            fields=Service.FIELDS,
            initial=lambda: [(dict(one), clock()) for one in services],
            clock=clock,
        )
        self.sessions = Store(
            key="session",
            fields=("session", "service", "person", "name_id", "name_id_format", "ended"),
            initial=list,
            clock=clock,
        )
        self._waiting: dict[str, Asked] = {}
        self._last: dict[str, bytes] = {}

    # What a scheme says for itself

    def check(self, message: Message) -> None:
        """Rules of the scheme for an AuthnRequest; raises NotAccepted."""

    def minimum(self, root: etree._Element) -> str:
        """The level asked for: RequestedAuthnContext with Comparison `minimum` (eIDAS Message Format)."""
        wanted = root.find(samlp("RequestedAuthnContext"))
        if wanted is None:
            return LEVELS[0]
        text = (wanted.findtext(saml("AuthnContextClassRef")) or "").strip().lower()
        level = text.rpartition("/")[2]
        if wanted.get("Comparison") != "minimum" or text != f"http://eidas.europa.eu/loa/{level}":
            raise NotAccepted("RequestedAuthnContext must name one eIDAS level with Comparison minimum.")
        if level not in LEVELS:
            raise NotAccepted(f"There is no level {level!r}.")
        return level

    def context(self, level: str) -> str:
        """What the answer's AuthnContextClassRef says."""
        return f"http://eidas.europa.eu/LoA/{level}"

    def name_id(self, person: str, asked: Asked) -> tuple[str, str]:
        """Value and format."""
        raise NotImplementedError

    def attributes(self, person: str, asked: Asked) -> list[Attribute]:
        raise NotImplementedError

    def refusable(self, asked: Asked) -> Mapping[str, str]:
        """Attributes the person may keep back: name → as the page names them."""
        return {}

    def cancelled(self, issuing: Issuing, wrong: Collection[str]) -> bytes:
        """The answer when the person gave up."""
        return failure(issuing, wrong, "Responder", "AuthnFailed")

    # Doors

    def routes(self) -> list[Route]:
        return [
            Route(self.metadata_path, self._metadata, methods=["GET"]),
            Route(self.sso_path, self._sso, methods=["GET", "POST"]),
            Route("/login", self._login, methods=["POST"]),
            Route(f"{CONTROL}/register", self._register, methods=["POST"]),
        ]

    def app(self, more: Sequence[Route] = ()) -> Starlette:
        stores = {"services": self.services, "sessions": self.sessions}
        return simulator(routes=[*self.routes(), *more], board=self.board, stores=stores)

    @property
    def own(self) -> Credential:
        return credential(self.key)

    def service(self, entity_id: str) -> Service:
        """Raises NotAccepted for one that is not registered."""
        for item in self.services.items():
            if item["entity_id"] == entity_id:
                return Service.of(item)
        raise NotAccepted(f"No service {entity_id!r} is registered here.")

    async def _metadata(self, request: Request) -> Response:
        base = base_url(request)
        soap = [(SOAP, base + self.slo_soap_path)] if self.slo_soap_path else []
        body = identity_provider(
            entity_id=self.entity_id,
            own=self.own,
            name_id_formats=self.name_id_formats,
            sso=[(REDIRECT, base + self.sso_path), (POST, base + self.sso_path)],
            slo=[*((binding, base + self.slo_path) for binding in self.slo_bindings), *soap],
            wrong=switches_of(request).wrong,
        )
        return Response(body, media_type="application/samlmetadata+xml")

    async def _register(self, request: Request) -> Response:
        """`{"metadata": address or text of a service provider's metadata}`."""
        body = await request.json()
        given = str(body.get("metadata") or "") if isinstance(body, dict) else ""
        if given.startswith("http"):
            async with httpx.AsyncClient(timeout=10, trust_env=False) as client:
                given = (await client.get(given)).raise_for_status().text
        if not given:
            raise Refused("send the address or the text of the metadata as `metadata`")
        return JSONResponse(self.services.put(service_provider(given.encode())).data)

    async def _sso(self, request: Request) -> Response:
        try:
            if switches_of(request).fault:
                return pages.page(self.title, "<p>Internal error (simulated).</p>", 500, self.language)
            message = await received(request)
            asked = self._accept(message, base_url(request) + self.sso_path)
        except NotAccepted as error:
            return pages.refusal(self.title, error)
        token = secrets.token_urlsafe(16)
        while len(self._waiting) >= _MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]
        self._waiting[token] = asked
        self.board.answered["sso"] += 1
        return self._page(token, asked)

    def _page(self, token: str, asked: Asked) -> Response:
        levels = {level: level for level in LEVELS[LEVELS.index(asked.minimum) :]}
        return pages.login(self.title, "/login", token, self.people, levels, self.language, self.refusable(asked))

    def _accept(self, message: Message, address: str) -> Asked:
        root = message.root
        if root.tag != samlp("AuthnRequest"):
            raise NotAccepted("This is not an AuthnRequest.")
        service = self.service(message.issuer)
        check_signature(message, service.certificates)
        if root.get("Version") != "2.0" or not root.get("ID"):
            raise NotAccepted("The request needs Version 2.0 and an ID.")
        if root.get("Destination") != address:
            raise NotAccepted(f"The Destination must be {address}.")
        if root.get("IsPassive") in {"true", "1"}:
            raise NotAccepted("IsPassive is not possible here.")
        if root.get("ProtocolBinding", POST) != POST:
            raise NotAccepted("The answer is given by HTTP-POST only.")
        self.check(message)
        acs = root.get("AssertionConsumerServiceURL") or next(iter(service.acs), "")
        if not acs or (service.acs and acs not in service.acs):
            raise NotAccepted(f"{acs!r} is not a registered AssertionConsumerServiceURL.")
        wishes = tuple(
            Wish(one.get("Name", ""), one.get("isRequired") == "true")
            for one in root.iter(f"{{{EIDAS}}}RequestedAttribute")
        )
        policy = root.find(samlp("NameIDPolicy"))
        name_id_format = "" if policy is None else policy.get("Format", "")
        return Asked(root.get("ID", ""), service, acs, message.relay, self.minimum(root), wishes, name_id_format)

    async def _login(self, request: Request) -> Response:
        pairs = parse_qsl((await request.body()).decode(), keep_blank_values=True)
        form = dict(pairs)
        switches = switches_of(request)
        try:
            asked = self._waiting.pop(form.get("token", ""), None)
            if asked is None:
                raise NotAccepted("Nobody asked for this login, or it was answered already.")
            person, level = form.get("person", ""), form.get("level", LEVELS[-1])
            if person not in self.people or level not in LEVELS:
                raise NotAccepted("There is no such person or level.")
            if LEVELS.index(level) < LEVELS.index(asked.minimum):
                raise NotAccepted(f"The service asks for {asked.minimum} at least.")
            given = {value for name, value in pairs if name == "give"}
            kept_back = set(self.refusable(asked)) - given
            body = self._answer(asked, person, level, kept_back, switches, gave_up=form.get("do") == "cancel")
        except NotAccepted as error:
            return pages.refusal(self.title, error)
        relay = "another-relay" if "wrong_relay" in switches.wrong else asked.relay
        fields = {"SAMLResponse": form_value(body)} | ({"RelayState": relay} if relay else {})
        self.board.answered["login"] += 1
        return pages.post_form(self.title, asked.acs, fields)

    def _answer(
        self,
        asked: Asked,
        person: str,
        level: str,
        kept_back: Collection[str],
        switches: SamlSwitches,
        *,
        gave_up: bool,
    ) -> bytes:
        wrong, service = switches.wrong, asked.service
        if "replayed" in wrong and service.entity_id in self._last:
            return self._last[service.entity_id]
        name_id, name_id_format = self.name_id(person, asked)
        attributes = [one for one in self.attributes(person, asked) if one.name not in kept_back]
        issuing = Issuing(
            issuer=self.entity_id,
            own=self.own,
            service=service,
            acs=asked.acs,
            in_response_to=asked.request_id,
            name_id=name_id,
            name_id_format=name_id_format,
            attributes=[spoilt(one, switches.wrong_schema) for one in attributes],
            context=self.context(level),
            session_index=fresh_id(),
            at=self.clock(),
            signs_assertion=self.signs_assertion,
        )
        if "broken" in wrong:
            return failure(issuing, wrong, "Responder", text="Internal error (simulated).")
        if gave_up or "cancelled" in wrong:
            return self.cancelled(issuing, wrong)
        body = good_or_wrong(issuing, wrong)
        self._last[service.entity_id] = body
        self.sessions.put(
            {
                "session": issuing.session_index,
                "service": service.entity_id,
                "person": person,
                "name_id": name_id,
                "name_id_format": name_id_format,
                "ended": "",
            }
        )
        return body
