"""e-Ovlaštenja, the Croatian register of who may act for whom (RoAuthUnionApi v2, GetAuthorizationUnionPermission).

XML by POST over mutual TLS; the answer is signed within `Signatures`, over the root by its `Id`.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated

from lxml import etree
from pydantic import Field

from hub.kernel.errors import ConfigurationError, LoginRefused, RemoteError
from hub.kit.auth import NoAuth
from hub.kit.certificates import Certificate, read_certificates
from hub.kit.http import HttpSettings, build_http, raise_for
from hub.kit.reply import Reply
from hub.kit.xml_algorithms import DS
from hub.ports.back_office import CheckStep
from hub.ports.eid import EidSurroundings
from identity.saml.building import Maker
from identity.saml.messages import new_id
from identity.saml.reading import malformed, parse
from identity.saml.signatures import Policy, verify_with

_API = "http://eovlastenja.fina.hr/RoAuthUnionApi/v2"
_BASE = "http://eovlastenja.fina.hr/authorizationbase/v2"
_SESSION_OVER = frozenset({"200", "201", "202", "203"})
_NO_RIGHT = frozenset({"400", "401"})
_E = Maker(_API, {None: _API, "b": _BASE})
_B = Maker(_BASE, {"b": _BASE})


class EOvlastenja(HttpSettings):
    """`tls.client_certificate` is the town's application certificate."""

    url: Annotated[str, Field(description="Address of GetAuthorizationUnionPermission.", pattern="^https?://")]
    signed_by: Annotated[
        list[str], Field(min_length=1, description="Files beside city.yaml with the certificates it signs with.")
    ]
    sha1_until: Annotated[
        date | None, Field(description="The last day on which a signature of its with SHA-1 is accepted.")
    ] = None


class Authorisations:
    """The client. Safe for concurrent use within one event loop."""

    def __init__(self, settings: EOvlastenja, surroundings: EidSurroundings) -> None:
        if surroundings.live and not settings.url.startswith("https://"):
            raise ConfigurationError(
                "a live town asks e-Ovlaštenja over TLS only",
                key="e_ovlastenja.url",
                remedy="Write its https:// address.",
            )
        self._settings = settings
        self._certificates = [one for name in settings.signed_by for one in _read(surroundings, name)]
        self._http = build_http(
            "e-ovlastenja",
            urls=[settings.url],
            settings=settings,
            auth=NoAuth(),
            secret=surroundings.secret,
            folder=surroundings.folder,
        )

    async def may_represent(self, session: str, person: str, number: str, register: str, now: datetime) -> bool:
        """Whether the person with this OIB represents the entity `number` (IPS) of the register `register` by law.

        Raises LoginRefused: `expired` where the session at NIAS is over, `unavailable` where the register does not
        answer or does not know us, `bad_signature`, `weak_algorithm` or `malformed` for its answer.
        """
        request_id = new_id()
        body = etree.tostring(
            _request(request_id, session, person, number, register), xml_declaration=True, encoding="UTF-8"
        )
        try:
            reply = await self._http.send(
                "POST", self._settings.url, headers={"content-type": "application/xml; charset=utf-8"}, content=body
            )
            if code := _unsigned_code(reply):
                raise _refusal(code)
            raise_for(reply)
        except RemoteError as error:
            raise LoginRefused(f"e-Ovlaštenja: {error}", reason="unavailable") from error
        return self._read(reply.content, request_id, person, number, register, now)

    def _read(self, content: bytes, request_id: str, person: str, number: str, register: str, now: datetime) -> bool:
        answer = self._verified(content, now)
        if answer.get("ForRequestId") != request_id:
            raise LoginRefused("e-Ovlaštenja answered another question.", reason="unsolicited")
        codes = {_text(one, "Code") for one in _below(answer, "Error")}
        if codes & _NO_RIGHT:
            return False
        if codes:
            raise _refusal(min(codes))
        asked = {"OIB": person, "IPS": number, "IZVOR_REG": register}
        about = [*_below(answer, "Person"), *_below(answer, "EntityFor")]
        told = {name: {_value(one) for part in about for one in _below(part, name)} for name in asked}
        if any(told[name] != {value} for name, value in asked.items()):
            raise LoginRefused("e-Ovlaštenja answered about somebody else.", reason="malformed")
        return any(_below(one, "Function") for one in _below(answer, "Representation"))

    def _verified(self, content: bytes, now: datetime) -> etree._Element:
        root = parse(content, "answer of e-Ovlaštenja")
        if root.tag != f"{{{_API}}}SignedAuthorizationUnionPermissionResponse":
            raise malformed(f"e-Ovlaštenja answered with {etree.QName(root).localname}.")
        signatures = root.findall(f"{{*}}Signatures/{{{DS}}}Signature")
        if len(signatures) != 1 or not root.get("Id"):
            raise LoginRefused("The answer of e-Ovlaštenja is not signed once.", reason="bad_signature")
        until = self._settings.sha1_until
        policy = Policy(self._certificates, now.date(), {} if until is None else {"response": until})
        return verify_with(root, signatures[0], f"#{root.get('Id')}", "Id", policy, "response").element

    def check(self) -> CheckStep:
        """Certificates and secrets, without calling: a question needs the session of a person."""
        try:
            self._http.prepare()
        except ConfigurationError as error:
            return CheckStep("e-Ovlaštenja", ok=False, detail=str(error))
        until = self._settings.sha1_until
        weak = f"; SHA-1 accepted until {until}: weak" if until else ""
        return CheckStep("e-Ovlaštenja", ok=True, detail=f"{self._settings.url}{weak}")

    async def close(self) -> None:
        await self._http.close()


def _request(request_id: str, session: str, person: str, number: str, register: str) -> etree._Element:
    return _E(
        "AuthorizationUnionPermissionRequest",
        _E("Sesija_Id", session),
        _E("PersonOIB", person),
        _E("IdentfiersFor", _B("LegalJips", _B("IPS", number), _B("IZVOR_REG", register))),  # spelt so in the schema
        Id=request_id,
    )


def _unsigned_code(reply: Reply) -> str | None:
    """Some errors come as JSON with status 400, without a signature: they can only refuse."""
    if reply.status != 400 or not reply.content.lstrip().startswith(b"{"):
        return None
    import json

    try:
        found = json.loads(reply.content)
    except ValueError:
        return None
    return str(found.get("Code") or "")[:10] or None


def _refusal(code: str) -> LoginRefused:
    shown = code if code.isalnum() else "a code of its own"
    reason = "expired" if code in _SESSION_OVER else "failed" if code in _NO_RIGHT else "unavailable"
    return LoginRefused(f"e-Ovlaštenja refuses with {shown}.", reason=reason)


def _below(element: etree._Element, name: str) -> list[etree._Element]:
    """By local name: the types of several of its schemas nest."""
    return list(element.iterfind(f".//{{*}}{name}"))


def _text(element: etree._Element, name: str) -> str:
    return (element.findtext(f"{{*}}{name}") or "").strip()


def _value(element: etree._Element) -> str:
    return (element.text or "").strip()


def _read(surroundings: EidSurroundings, name: str) -> list[Certificate]:
    file = surroundings.folder / name
    try:
        return read_certificates(file.read_bytes())
    except (OSError, ValueError):
        problem = f"{file} is not a certificate that can be read"
        remedy = "Put the signing certificate of e-Ovlaštenja there, in PEM."
        raise ConfigurationError(problem, key="e_ovlastenja.signed_by", remedy=remedy) from None
