"""Everything this connector sends and receives."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from copy import deepcopy
from typing import Any

from lxml import etree
from zeep.wsse.username import UsernameToken

from connectors.soap.call import Call
from connectors.soap.settings import SoapSettings
from hub.kernel.errors import ConfigurationError, RemoteError, RemoteFault, RemoteRefused
from hub.kit.auth import NoAuth, OAuth2Auth, WsseAuth
from hub.kit.http import Http, build_http, origin, raise_for
from hub.kit.redaction import redact
from hub.kit.reply import Reply
from hub.kit.secrets import SecretRef
from hub.kit.soap.documents import Wanted, shown
from hub.kit.soap.envelope import Fault
from hub.kit.soap.names import ENVELOPE_11, ENVELOPE_12
from hub.kit.soap.operation import http_headers
from hub.kit.soap.reply import check_body, error_of, read_reply
from hub.ports.back_office import Surroundings

# Below this the work of a reply takes less than a thread would cost; above it would hold up other calls.
_IN_A_THREAD = 200_000  # bytes


class Line:
    """The way to one service: requests with credentials out, verified bodies back."""

    def __init__(self, settings: SoapSettings, surroundings: Surroundings) -> None:
        self._settings = settings
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

    async def close(self) -> None:
        for http in (self._http, self._foreign):
            if http is not None:
                await http.close()

    async def exchange(
        self, call: Call, parameters: Mapping[str, Any], headers: Mapping[str, Any]
    ) -> tuple[Reply, etree._Element | None]:
        """One request and its reply: the verified child of the Body; None for a fault that means nothing is known.

        Raises ConfigurationError where no valid request can be built, RemoteError for everything else
        that is not an answer.
        """
        endpoint = self._settings.endpoint
        envelope = call.operation.request(parameters, headers, endpoint=endpoint)
        call.check_request(envelope)
        with self._discreet():
            reply = await self._post(envelope, call.operation.http_headers(), repeatable=True)
            if len(reply.content) > _IN_A_THREAD:
                return reply, await asyncio.to_thread(self._read, call, reply)
            return reply, self._read(call, reply)

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
            reply = await self._post(envelope, http_headers("", soap_12=soap_12), repeatable=False)
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

    async def _post(self, envelope: etree._Element, headers: Mapping[str, str], *, repeatable: bool) -> Reply:
        return await self._http.send(
            "POST",
            self._settings.endpoint,
            headers=headers,
            content=lambda: self._secured(envelope),
            repeatable=repeatable,
        )

    @contextmanager
    def _discreet(self) -> Iterator[None]:
        """Takes our own secrets out of the evidence, should a service send them back."""
        try:
            yield
        except RemoteError as error:
            references = [value for value in vars(self._settings.auth).values() if isinstance(value, SecretRef)]
            secrets = [self._secret(reference.secret).get_secret_value() for reference in references]
            error.evidence = redact(error.evidence, secrets=secrets) if error.evidence else None
            raise

    def _secured(self, envelope: etree._Element) -> bytes:
        """The request as bytes; where a UsernameToken is configured, with a new nonce and time at each call."""
        auth = self._settings.auth
        if isinstance(auth, WsseAuth):
            envelope = deepcopy(envelope)
            password = self._secret(auth.password.secret).get_secret_value()
            username_token: Any = UsernameToken
            try:
                username_token(auth.username, password, use_digest=auth.digest, zulu_timestamp=True).apply(envelope, {})
            except ValueError:
                # lxml's error quotes nothing, but its traceback would hold the password.
                raise ConfigurationError(
                    "user name or password holds a character that XML does not allow", key="auth"
                ) from None
        return etree.tostring(envelope, xml_declaration=True, encoding="utf-8")

    def _read(self, call: Call, reply: Reply) -> etree._Element | None:
        found = read_reply(reply, max_bytes=self._settings.max_reply_bytes)
        if isinstance(found, Fault):
            if call.means_nothing_found(found):
                return None
            raise error_of(found, call.operation.name)
        check_body(found, call.reply, call.schema, size=len(reply.content))
        return found
