"""What one request is made of, beyond its envelope: addressing, security, attachments; made anew for each attempt."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from lxml import etree
from zeep.wsse.username import UsernameToken

from connectors.soap.settings import SoapSettings
from hub.kernel.clock import Clock
from hub.kernel.errors import ConfigurationError
from hub.kit.auth import WsseAuth
from hub.kit.soap import addressing, multipart
from hub.kit.soap.attachments import take_out
from hub.kit.soap.operation import http_headers
from hub.kit.soap.securing import secure
from hub.kit.soap.wss import Material
from hub.ports.back_office import Surroundings


@dataclass(slots=True)
class Message:
    """A request: an envelope with what it carries beside.

    `binary` are values that may be moved out of the envelope (MTOM), `parts` what it refers to (SOAP with
    Attachments); `addressed` is the version of WS-Addressing. `message_id` is that of the attempt made last.
    """

    envelope: etree._Element
    action: str
    soap_12: bool
    addressed: addressing.Version | None = None
    wsa_action: str = ""
    binary: tuple[bytes, ...] = ()
    parts: Mapping[str, tuple[str, bytes]] = field(default_factory=dict)
    boundary: str = field(default_factory=multipart.new_boundary)
    message_id: str | None = None

    def headers(self) -> dict[str, str]:
        """HTTP headers: MTOM §3.2 and XOP §4.1; SOAP Messages with Attachments §3 where it has parts only."""
        headers = http_headers(self.action, soap_12=self.soap_12)
        if self.binary:
            parameters = f'type="application/xop+xml"; start-info="{self._type}"'
        elif self.parts:
            parameters = f'type="{self._type}"'
        else:
            return headers
        if self.soap_12 and self.action:
            parameters += f'; action="{self.action}"'
        return headers | {"content-type": multipart.content_type(self.boundary, parameters)}

    def packed(self, envelope: etree._Element) -> bytes:
        """`envelope`, which is changed where it holds binary values, and its parts as bytes."""
        # Signatures are over the values themselves, so they are taken out last (XOP §5).
        moved = take_out(envelope, self.binary)
        content = etree.tostring(envelope, xml_declaration=True, encoding="utf-8")
        if not self.binary and not self.parts:
            return content
        kind = f'application/xop+xml; charset=utf-8; type="{self._type}"'
        root_type = kind if self.binary else f"{self._type}; charset=utf-8"
        return multipart.build(content, root_type, {**moved, **self.parts}, boundary=self.boundary)

    @property
    def _type(self) -> str:
        return "application/soap+xml" if self.soap_12 else "text/xml"


class Outgoing:
    """Makes requests of one back office complete."""

    def __init__(self, settings: SoapSettings, surroundings: Surroundings, clock: Clock) -> None:
        self._settings = settings
        self._secret = surroundings.secret
        self._clock = clock

    @property
    def plain(self) -> bool:
        """Whether envelopes are sent as they are."""
        security = self._settings.security
        return not (isinstance(self._settings.auth, WsseAuth) or security.lifetime or security.encrypt)

    def content(self, message: Message, material: Material) -> bytes:
        """The bytes of one attempt: with a new MessageID, nonce, time and signature at each call.

        Raises ConfigurationError.
        """
        envelope = message.envelope
        if not self.plain or message.addressed is not None or message.binary:
            envelope = deepcopy(envelope)
        if message.addressed is not None:
            to, action = self._settings.endpoint, message.wsa_action
            message.message_id = addressing.address(header_of(envelope), message.addressed, to=to, action=action)
        if isinstance(self._settings.auth, WsseAuth):
            self._add_token(envelope, self._settings.auth)
        if not self.plain:
            secure(envelope, self._settings.security, material, now=self._clock.now())
        return message.packed(envelope)

    def _add_token(self, envelope: etree._Element, auth: WsseAuth) -> None:
        password = self._secret(auth.password.secret).get_secret_value()
        username_token: Any = UsernameToken
        try:
            username_token(auth.username, password, use_digest=auth.digest, zulu_timestamp=True).apply(envelope, {})
        except ValueError:
            # lxml's error quotes nothing, but its traceback would hold the password.
            raise ConfigurationError(
                "user name or password holds a character that XML does not allow", key="auth"
            ) from None


def header_of(envelope: etree._Element) -> etree._Element:
    """The Header of an envelope of ours, made where there is none."""
    name = f"{{{etree.QName(envelope).namespace}}}Header"
    header = envelope.find(name)
    if header is None:
        header = etree.Element(name)
        envelope.insert(0, header)
    return header
