"""Everything this connector sends and receives."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from lxml import etree

from connectors.soap.call import Call
from connectors.soap.outgoing import Message, Outgoing
from connectors.soap.settings import SoapSettings
from hub.kernel.clock import Clock
from hub.kernel.errors import RemoteError, RemoteFault, RemoteGarbage, RemoteRefused
from hub.kit import xml
from hub.kit.auth import NoAuth, OAuth2Auth, WsseAuth
from hub.kit.http import Http, build_http, origin, raise_for
from hub.kit.redaction import redact
from hub.kit.reply import Reply
from hub.kit.secrets import SecretRef
from hub.kit.soap.documents import Wanted, shown
from hub.kit.soap.envelope import Fault
from hub.kit.soap.names import ENVELOPE_11, ENVELOPE_12, local
from hub.kit.soap.reply import Reading, check_body, error_of, open_reply, read_reply
from hub.kit.soap.verifying import Guard
from hub.kit.soap.wss import Material, load_material
from hub.ports.back_office import Forgiven, Surroundings

# Below this the work of a reply takes less than a thread would cost; above it would hold up other calls.
_IN_A_THREAD = 200_000  # bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply with the verified child of its Body, and where that breaks its schema although it need not."""

    reply: Reply
    body: etree._Element | None
    forgiven: tuple[Forgiven, ...] = ()


class Line:
    """The way to one service: requests with credentials out, verified bodies back."""

    def __init__(self, settings: SoapSettings, surroundings: Surroundings, clock: Clock) -> None:
        self._settings = settings
        self._folder = surroundings.folder
        self._outgoing = Outgoing(settings, surroundings, clock)
        self._secret = surroundings.secret
        self._origin = origin(settings.endpoint)
        auth = settings.auth
        token = [auth.token_url] if isinstance(auth, OAuth2Auth) else []
        name, folder = surroundings.back_office, surroundings.folder
        self._http = build_http(
            name,
            urls=[settings.endpoint, *token],
            settings=settings,
            auth=auth,
            secret=self._secret,
            folder=folder,
            clock=clock,
        )
        self._foreign: Http | None = None
        if settings.wsdl_hosts:
            # Other hosts may give us documents; they see neither our credentials nor our certificate.
            anonymous = settings.model_copy(
                update={"tls": settings.tls.model_copy(update={"client_certificate": None})}
            )
            self._foreign = build_http(
                f"{name} (wsdl_hosts)",
                urls=settings.wsdl_hosts,
                settings=anonymous,
                auth=NoAuth(),
                secret=self._secret,
                folder=folder,
            )
        self._foreign_origins = frozenset(origin(host) for host in settings.wsdl_hosts)

    def prepare(self) -> None:
        """Looks up secrets and reads certificates without calling anybody. Raises ConfigurationError."""
        self._http.prepare()
        if isinstance(self._settings.auth, WsseAuth):
            self._secret(self._settings.auth.password.secret)
        _ = self._material

    async def close(self) -> None:
        for http in (self._http, self._foreign):
            if http is not None:
                await http.close()

    async def exchange(self, call: Call, parameters: Mapping[str, Any], headers: Mapping[str, Any]) -> Answer:
        """One question and its answer, whose body is None for a fault that means nothing is known.

        Raises ConfigurationError where no valid request can be built, RemoteError for everything else
        that is not an answer.
        """
        message = call.message(parameters, headers, mtom=self._settings.mtom)
        with self._discreet():
            reply = await self._post(message, repeatable=True)
            return await self._answer(call, message, reply)

    async def deliver(
        self, call: Call, values: Mapping[str, Any], headers: Mapping[str, Any], more: Mapping[str, str]
    ) -> Answer:
        """One operation, sent once; `values` may hold bytes, `more` are further HTTP headers.

        The body of the answer is None where the operation declares none. Raises as `exchange` does; the `reached` of
        a RemoteError says whether the service may have acted.
        """

        def written() -> tuple[Message, bytes]:
            message = call.written(values, headers, mtom=self._settings.mtom)
            return message, self._outgoing.content(message, self._material)

        with self._discreet():
            # Documents may be large, so that building and signing them is no work for the event loop.
            message, content = await asyncio.to_thread(written)
            reply = await self._http.send(
                "POST",
                self._settings.endpoint,
                headers=message.headers() | dict(more),
                content=content,
                repeatable=False,
            )
            return await self._answer(call, message, reply)

    async def probe(self, *, soap_12: bool) -> etree._Element | Fault | None:
        """What the service says to a request with our credentials that names no operation and so changes nothing.

        None: an error status without SOAP. Raises RemoteRefused for a refusal, RemoteUnavailable and
        RemoteTimeout, RemoteGarbage for a success that is no SOAP, RemoteFault where no service is at this
        address (3xx, 404, 405, 410).
        """
        namespace = ENVELOPE_12 if soap_12 else ENVELOPE_11
        envelope = etree.Element(f"{{{namespace}}}Envelope", nsmap={"soap": namespace})
        etree.SubElement(envelope, f"{{{namespace}}}Body")
        with self._discreet():
            reply = await self._post(Message(envelope, "", soap_12), repeatable=False)
            if reply.status in {404, 405, 410}:
                raise_for(reply)
            try:
                found = read_reply(reply, max_bytes=self._settings.max_reply_bytes)
            except RemoteFault:
                if 300 <= reply.status < 400:
                    raise
                return None
            if isinstance(found, Fault) and isinstance(error := error_of(found, "The service"), RemoteRefused):
                raise error
            return found

    async def fetch(self, wanted: Wanted) -> bytes:
        """A document of the WSDL, from the endpoint's origin or a configured one only."""
        asked = origin(wanted.location)
        if asked == self._origin:
            http = self._http
        elif self._foreign is not None and asked in self._foreign_origins:
            http = self._foreign
        else:
            raise wanted.error(
                f"{shown(wanted.location)} is on {asked}, from which nothing may be fetched",
                f"Add {asked} to wsdl_hosts, or save the document in the mapping folder and name it under catalogue.",
            )
        reply = await http.send("GET", wanted.location)
        raise_for(reply)
        return reply.content

    async def _post(self, message: Message, *, repeatable: bool) -> Reply:
        return await self._http.send(
            "POST",
            self._settings.endpoint,
            headers=message.headers(),
            content=lambda: self._outgoing.content(message, self._material),
            repeatable=repeatable,
        )

    async def _answer(self, call: Call, message: Message, reply: Reply) -> Answer:
        # References between values and signatures make a small reply much work.
        if len(reply.content) > _IN_A_THREAD or call.operation.encoded or self._guard is not None:
            answer = await asyncio.to_thread(self._read, call, message, reply)
            # What is handed out belongs to the loop, wherever it was read.
            return replace(answer, body=xml.own(answer.body))
        return self._read(call, message, reply)

    @cached_property
    def _material(self) -> Material:
        return load_material(self._settings.security, folder=self._folder, secret=self._secret)

    @cached_property
    def _guard(self) -> Guard | None:
        verify = self._settings.security.verify
        return Guard(verify, self._material) if verify else None

    @contextmanager
    def _discreet(self) -> Iterator[None]:
        """Takes our own secrets out of the evidence, should a service send them back."""
        try:
            yield
        except RemoteError as error:
            references = [value for value in vars(self._settings.auth).values() if isinstance(value, SecretRef)]
            secrets = [self._secret(reference.secret).get_secret_value() for reference in references]
            error.evidence = redact(error.evidence, secrets=secrets) if error.evidence else None
            if any(value in error.detail for value in secrets):
                error.detail = redact(error.detail, secrets=secrets)
                error.args = (error.detail,)
            raise

    def _read(self, call: Call, message: Message, reply: Reply) -> Answer:
        reading = Reading(
            self._settings.max_reply_bytes,
            guard=self._guard,
            message_id=message.message_id,
            encoded=call.reply if call.operation.encoded else None,
            may_be_empty=call.reply is None,
        )
        opened = open_reply(reply, reading)
        found = opened.found
        if isinstance(found, Fault):
            if call.means_nothing_found(found):
                return Answer(reply, None)
            raise error_of(found, call.operation.name, refusals=call.refusals)
        if found is None:
            return Answer(reply, None)
        if call.reply is None:
            if local(found) != f"{call.operation.wire_name}Response":
                raise RemoteGarbage(f"{call.operation.name} declares no reply and answered {str(found.tag)[:150]}.")
            return Answer(reply, found)
        forgiven = check_body(found, call.reply, call.schema, size=opened.size, lenient=call.lenient)
        if opened.attachments is not None:
            opened.attachments.fill_references(found, covered=self._guard is None)
        return Answer(reply, found, tuple(Forgiven(one.path, one.reason) for one in forgiven))
