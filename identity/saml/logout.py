"""Single logout (Profiles §4.4): judges what the identity provider sends to `/slo` and `/slo-soap`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from urllib.parse import unquote_plus

from lxml import etree

from hub.kernel.errors import LoginRefused
from hub.ports.eid import Answer
from identity.saml.bindings import from_envelope, from_query, raw_query, verify_query
from identity.saml.names import SAMLP, SUCCESS
from identity.saml.reading import (
    check_schema,
    children,
    identifier,
    malformed,
    only,
    parse,
    text,
    time_of,
    unpack_post,
)
from identity.saml.signatures import Policy, verify

_FRESH = timedelta(minutes=5)
Carried = Literal["redirect", "post", "soap"]


@dataclass(frozen=True, slots=True)
class Incoming:
    """A verified LogoutRequest or LogoutResponse."""

    message: etree._Element
    carried: Carried
    relay: str | None
    until: datetime

    @property
    def is_request(self) -> bool:
        return bool(self.message.tag == f"{{{SAMLP}}}LogoutRequest")

    @property
    def message_id(self) -> str:
        return identifier(self.message)

    @property
    def name_id(self) -> str:
        name = text(only(self.message, "saml:NameID"))
        if not name:
            raise LoginRefused("The NameID is empty.", reason="missing_attribute")
        return name

    @property
    def session_index(self) -> str | None:
        """None also where several are named: then all sessions of that person end."""
        named: Sequence[str] = [text(one) for one in children(self.message, "samlp:SessionIndex")]
        return named[0] if len(named) == 1 else None

    @property
    def in_response_to(self) -> str | None:
        return self.message.get("InResponseTo")

    @property
    def complete(self) -> bool:
        """The whole logout succeeded: Success, without PartialLogout beneath it."""
        code = only(self.message, "samlp:Status/samlp:StatusCode")
        return code.get("Value") == SUCCESS and not children(code, "samlp:StatusCode")


def logout_id(relay: str) -> str:
    """The ID of our LogoutRequest, from the secret we gave along: an answer is matched without keeping anything."""
    return f"_{hashlib.sha256(f'munihub logout {relay}'.encode()).hexdigest()}"


def receive(answer: Answer, *, issuer: str, address: str, policy: Policy, now: datetime, skew: timedelta) -> Incoming:
    """Raises LoginRefused for a message that is not validly signed, not theirs, not for us, or not of now."""
    message, carried, relay = _verified(answer, policy)
    if message.tag not in {f"{{{SAMLP}}}LogoutRequest", f"{{{SAMLP}}}LogoutResponse"}:
        raise malformed(f"The message is {etree.QName(message).localname}, and not one of a logout.")
    check_schema(message, "message")
    if message.get("Version") != "2.0":
        raise malformed("The message is not of SAML version 2.0.")
    said = text(only(message, "saml:Issuer"))
    if said != issuer:
        raise LoginRefused(f"The issuer is {said[:200]!r}, expected is {issuer!r}.", reason="wrong_issuer")
    destination = message.get("Destination")
    if destination is not None and destination != f"{address}/{answer.endpoint}":
        raise LoginRefused(
            f"The message is for {destination[:200]!r}, and came to {address}/{answer.endpoint}.",
            reason="wrong_recipient",
        )
    return Incoming(message, carried, relay, _until(message, now, skew))


def _verified(answer: Answer, policy: Policy) -> tuple[etree._Element, Carried, str | None]:
    if answer.endpoint == "slo-soap":
        if answer.method != "POST":
            raise malformed("A SOAP message comes by POST.")
        return verify(from_envelope(answer.body), policy, "logout").element, "soap", None
    if answer.method == "POST":
        field = _field(answer.form)
        root = parse(unpack_post(answer.form[field], "message"), "message")
        return verify(root, policy, "logout").element, "post", answer.form.get("RelayState")
    raw = raw_query(answer.url)
    field = _field(raw)
    verify_query(raw, field, policy)
    # What was signed are the octets of the query, of which this message is made: nothing else can be in it.
    relay = raw.get("RelayState")
    return parse(from_query(raw, field), "message"), "redirect", None if relay is None else unquote_plus(relay)


def _field(fields: Mapping[str, str]) -> str:
    named = [name for name in ("SAMLRequest", "SAMLResponse") if fields.get(name)]
    if len(named) != 1:
        raise malformed("There must be either SAMLRequest or SAMLResponse.")
    return named[0]


def _until(message: etree._Element, now: datetime, skew: timedelta) -> datetime:
    """Until when the message could be said again. Raises LoginRefused where it is too old or from the future."""
    issued = time_of(message, "IssueInstant")
    assert issued is not None, "the schema demands it"
    end = min(time_of(message, "NotOnOrAfter") or issued + _FRESH, issued + timedelta(hours=24))
    if issued > now + skew:
        raise LoginRefused("The message was issued in the future.", reason="not_yet_valid")
    if end + skew <= now:
        raise LoginRefused(f"The message held until {end:%Y-%m-%dT%H:%M:%SZ}.", reason="expired")
    return end + skew
