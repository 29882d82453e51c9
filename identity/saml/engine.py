"""A SAML eID of a town. A provider is a subclass with its table of claims and its ways."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

from lxml import etree
from pydantic import BaseModel

from hub.kernel.assurance import Assurance
from hub.kernel.clock import SystemClock
from hub.kernel.errors import ConfigurationError, LoginRefused
from hub.kit.certificates import load_keys
from hub.ports.back_office import CheckStep
from hub.ports.eid import Answer, EidSurroundings, Identity, LogoutAsked, LogoutDone, Represented, Sent, Wanted
from identity.saml import checks, messages
from identity.saml.bindings import response_of, send, to_envelope
from identity.saml.claims import EIDAS, Claims, Table, read_claims
from identity.saml.logout import Incoming, logout_id, receive
from identity.saml.messages import Asking, Name
from identity.saml.metadata import IdentityProvider, MetadataFile
from identity.saml.names import POST, REDIRECT
from identity.saml.response import Statement, judge
from identity.saml.settings import SamlSettings
from identity.saml.signatures import Policy, sign
from identity.saml.validity import Expected

_LOGOUT_HOLDS = timedelta(minutes=5)
_LONGEST_ONCE = timedelta(hours=24)
"""For how long an answer is remembered as said. The request it answers is long gone by then, so that a repetition is
refused as unsolicited."""


class SamlEid:
    """Common to all; implements hub.ports.eid.Eid. Keeps nothing of a login."""

    Settings: type[BaseModel] = SamlSettings
    provider: ClassVar[str]
    """Name of the folder in identity/providers/, for texts."""
    table: ClassVar[Table] = EIDAS
    asking: ClassVar[Asking] = Asking()
    binding: ClassVar[Literal["redirect", "post"]] = "post"
    logout_issuer_format: ClassVar[str | None] = None
    logout_by_soap: ClassVar[bool] = False

    def __init__(self, settings: SamlSettings, surroundings: EidSurroundings) -> None:
        """Reads keys and metadata. Raises ConfigurationError naming the key in settings."""
        self.settings = settings
        self.surroundings = surroundings
        self.keys = load_keys(settings.keys, folder=surroundings.folder, secret=surroundings.secret)
        self._metadata = MetadataFile(surroundings.folder / settings.metadata, settings.idp)
        self._private = [key.private for key in self.keys]
        self.entity_id = settings.entity_id or self._own_entity_id()
        self.acs = f"{surroundings.address}/acs"
        provider = self._metadata.provider
        if not {POST, REDIRECT} & provider.login.keys():
            problem = f"{provider.entity_id} has no SingleSignOnService by HTTP-Redirect or HTTP-POST"
            raise ConfigurationError(problem, key="metadata", remedy="Use the metadata it publishes.")
        open_ones = [one.url for one in provider.login.values() if not one.url.startswith("https://")]
        if surroundings.live and open_ones:
            raise ConfigurationError(
                f"a live town sends nobody to {open_ones[0]}, which is without TLS",
                key="metadata",
                remedy="Use the production metadata of the eID.",
            )

    # ── What a provider may say otherwise ────────────────────────────────────────────────────────

    def _own_entity_id(self) -> str:
        return f"{self.surroundings.address}/metadata"

    def _conditions(self, wanted: Wanted) -> etree._Element | None:
        """`saml:Conditions` of the AuthnRequest."""
        return None

    def _ask(self) -> Asking:
        return self.asking

    def _assurance(self, statement: Statement) -> Assurance | None:
        """None for a level that is not known."""
        return Assurance.from_acr(statement.authn_context or "")

    def _refused(self, statement: Statement) -> None:
        """Raises LoginRefused for a success that is none."""

    def _subject(self, statement: Statement, claims: Claims) -> str:
        return claims.need("person_identifier", "PersonIdentifier")

    def _identifiers(self, claims: Claims) -> tuple[tuple[str, str], ...]:
        return ()

    def _kind(self, claims: Claims) -> Literal["person", "entity"]:
        return "person"

    async def _represents(self, claims: Claims, statement: Statement, now: datetime) -> Represented | None:
        return None

    # ── The port ─────────────────────────────────────────────────────────────────────────────────

    async def begin(self, wanted: Wanted) -> Sent:
        provider = self._provider(wanted.now)
        binding = {"redirect": REDIRECT, "post": POST}[self.settings.binding or self.binding]
        found = provider.endpoint(provider.login, binding)
        assert found is not None, "looked at when the metadata was read"
        binding, endpoint = found
        request_id = messages.new_id()
        request = messages.authn_request(
            request_id,
            now=wanted.now,
            destination=endpoint.url,
            acs=self.acs,
            issuer=self.entity_id,
            asking=self._ask(),
            assurance=wanted.assurance,
            force=wanted.force,
            conditions=self._conditions(wanted),
        )
        sent = send(request, endpoint.url, binding, field="SAMLRequest", relay=wanted.relay, key=self.keys[0])
        state = {
            "request_id": request_id,
            "assurance": str(wanted.assurance),
            "force": wanted.force,
            "at": wanted.now.isoformat(),
        }
        return Sent(sent.url, sent.form, state)

    async def finish(self, answer: Answer, state: Mapping[str, Any], now: datetime) -> Identity:
        request_id = state.get("request_id")
        if not isinstance(request_id, str) or not request_id:
            raise LoginRefused("No login of ours is being answered.", reason="unsolicited")
        statement = self._judged(response_of(answer), request_id, now)
        self._refused(statement)
        assurance = self._sufficient(statement, Assurance(state["assurance"]))
        asked_at = datetime.fromisoformat(state["at"])
        if state.get("force") and statement.authenticated_at < asked_at - self.settings.skew:
            raise LoginRefused("The person was not authenticated anew, which was asked for.", reason="expired")
        claims = read_claims(statement, self.table)
        return Identity(
            provider=self.surroundings.eid,
            subject=self._subject(statement, claims),
            assurance=assurance,
            kind=self._kind(claims),
            authenticated_at=statement.authenticated_at,
            identifiers=self._identifiers(claims),
            given_name=claims.get("given_name"),
            family_name=claims.get("family_name"),
            birth_date=claims.date("birth_date"),
            email=claims.get("email"),
            phone=claims.get("phone"),
            represents=await self._represents(claims, statement, now),
            once=self._once(statement, now),
            logout=_handle(statement),
            unknown=claims.unknown,
        )

    def _judged(self, data: bytes, request_id: str, now: datetime) -> Statement:
        expected = Expected(
            issuer=self._provider(now).entity_id,
            audience=self.entity_id,
            acs=self.acs,
            request_id=request_id,
            policy=self._policy(now),
            keys=self._private,
            now=now,
            skew=self.settings.skew,
        )
        return judge(data, expected)

    def _sufficient(self, statement: Statement, wanted: Assurance) -> Assurance:
        assurance = self._assurance(statement)
        if assurance is None:
            said = (statement.authn_context or "nothing")[:200]
            raise LoginRefused(f"The level of assurance is not known: {said!r}.", reason="unknown_assurance")
        if not assurance.satisfies(wanted):
            raise LoginRefused(f"The level is {assurance}, needed is {wanted}.", reason="too_little_assurance")
        return assurance

    def _once(self, statement: Statement, now: datetime) -> tuple[tuple[str, datetime], ...]:
        """Both ids: either may be put into another envelope."""
        until = min(statement.not_on_or_after, now + _LONGEST_ONCE) + self.settings.skew
        return ((statement.assertion_id, until), (statement.response_id, until))

    async def logout(self, logout: Mapping[str, str], relay: str, now: datetime) -> Sent | None:
        provider = self._metadata.provider
        found = provider.endpoint(provider.logout, REDIRECT)
        if found is None or not logout.get("name_id"):
            return None
        binding, endpoint = found
        request = messages.logout_request(
            logout_id(relay),
            Name(logout["name_id"], logout["format"], logout.get("session_index")),
            now=now,
            end=now + _LOGOUT_HOLDS,
            destination=endpoint.url,
            issuer=self.entity_id,
            issuer_format=self.logout_issuer_format,
        )
        return send(request, endpoint.url, binding, field="SAMLRequest", relay=relay, key=self.keys[0])

    async def told(self, answer: Answer, now: datetime) -> LogoutAsked | LogoutDone:
        provider = self._provider(now)
        incoming = receive(
            answer,
            issuer=provider.entity_id,
            address=self.surroundings.address,
            policy=self._policy(now),
            now=now,
            skew=self.settings.skew,
        )
        if incoming.is_request:
            return LogoutAsked(
                name_id=incoming.name_id,
                session_index=incoming.session_index,
                once=((incoming.message_id, incoming.until),),
                reply=lambda done: self._reply(incoming, provider, now, done=done),
            )
        relay = incoming.relay
        if not relay or incoming.in_response_to != logout_id(relay):
            raise LoginRefused("The answer is to no logout of ours.", reason="unsolicited")
        return LogoutDone(relay, incoming.complete)

    def _reply(self, incoming: Incoming, provider: IdentityProvider, now: datetime, *, done: bool) -> Sent | bytes:
        found = provider.endpoint(provider.logout, POST if incoming.carried == "post" else REDIRECT)
        destination = found[1].reply if found else provider.entity_id
        response = messages.logout_response(
            incoming.message_id,
            now=now,
            destination=destination,
            issuer=self.entity_id,
            issuer_format=self.logout_issuer_format,
            done=done,
        )
        if incoming.carried == "soap":
            return to_envelope(response, self.keys[0])
        if found is None:
            raise LoginRefused("The identity provider has nowhere to answer its logout to.", reason="malformed")
        return send(response, destination, found[0], field="SAMLResponse", relay=incoming.relay, key=self.keys[0])

    async def metadata(self, now: datetime) -> tuple[str, bytes] | None:
        address = self.surroundings.address
        ours = messages.metadata(
            entity_id=self.entity_id,
            certificates=[key.certificate for key in self.keys],
            valid_until=self.keys[0].certificate.parsed.not_valid_after_utc,
            name_id_format=self.asking.name_id_format,
            acs=self.acs,
            slo=f"{address}/slo",
            slo_soap=f"{address}/slo-soap" if self.logout_by_soap else None,
        )
        return "application/samlmetadata+xml", sign(ours, self.keys[0])

    async def check(self) -> list[CheckStep]:
        return list(checks.steps(self._metadata, self.keys, self.settings.sha1, SystemClock().now()))

    async def close(self) -> None:
        """Nothing is open."""

    def _policy(self, now: datetime) -> Policy:
        return Policy(self._metadata.provider.certificates, now.date(), self.settings.sha1)

    def _provider(self, now: datetime) -> IdentityProvider:
        """Metadata is not used beyond its end (Metadata §2.3.2)."""
        provider = self._metadata.provider
        if provider.valid_until and provider.valid_until <= now:
            ended = f"{provider.valid_until:%Y-%m-%d}"
            raise LoginRefused(f"The metadata of {provider.entity_id} ended on {ended}.", reason="unavailable")
        return provider


def _handle(statement: Statement) -> dict[str, str]:
    """What our LogoutRequest will need."""
    handle = {"name_id": statement.name_id, "format": statement.name_id_format}
    if statement.session_index:
        handle["session_index"] = statement.session_index
    return handle
