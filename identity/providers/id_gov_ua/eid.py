"""id.gov.ua: an authorization code as in OAuth 2, and then requests of its own.

It differs from OpenID Connect in all that follows the code: parameters stand in the query, errors come with status
200, there is no signed token, no nonce and no PKCE. What binds the answer to the login is `state` alone, so the code
is accepted once and the token is fetched over TLS with our secret.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from pydantic import BaseModel

from hub.kernel.assurance import Assurance
from hub.kernel.errors import ConfigurationError, HubError, LoginRefused, RemoteFault, RemoteGarbage
from hub.kit.auth import NoAuth
from hub.kit.http import build_http, raise_for
from hub.kit.redaction import shown_url
from hub.ports.back_office import CheckStep
from hub.ports.eid import Answer, EidSurroundings, Identity, LogoutAsked, LogoutDone, Sent, Wanted
from identity.oidc.answers import read_answer, refuse_duplicates
from identity.oidc.checks import same
from identity.oidc.claims import read_person, text_of
from identity.oidc.client import error_code
from identity.oidc.documents import reply_object
from identity.oidc.settings import refuse_plain_http
from identity.providers.id_gov_ua import person
from identity.providers.id_gov_ua.settings import IdGovUaSettings

_TEST_HOST = "test.id.gov.ua"
_CODE_LIVES = timedelta(minutes=10)
_CERTIFICATE = re.compile(r"-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----")


class IdGovUa:
    """See hub/ports/eid.py for the methods."""

    Settings: type[BaseModel] = IdGovUaSettings

    def __init__(self, settings: IdGovUaSettings, surroundings: EidSurroundings) -> None:
        if surroundings.live:
            decryptor = settings.decryptor.url if settings.decryptor else None
            refuse_plain_http({"base_url": settings.base_url, "decryptor.url": decryptor})
            if urlsplit(settings.base_url).hostname == _TEST_HOST:
                raise ConfigurationError(
                    "this is the test system of id.gov.ua, and the town is live",
                    key="base_url",
                    remedy="Leave base_url out: production is https://id.gov.ua.",
                )
        self.settings = settings
        self._surroundings = surroundings
        urls = [settings.base_url] + ([settings.decryptor.url] if settings.decryptor else [])
        self._http = build_http(
            surroundings.eid,
            urls=urls,
            settings=settings,
            auth=NoAuth(),
            secret=surroundings.secret,
            folder=surroundings.folder,
        )

    async def begin(self, wanted: Wanted) -> Sent:
        """Raises LoginRefused (`too_little_assurance`) where none of the ways offered can come to what is wanted.

        `force` and the language have no parameter there: it asks for the proof at every login.
        """
        ways = [
            way
            for way in self.settings.auth_types
            if any(level.satisfies(wanted.assurance) for level in self.settings.assurance.best(way))
        ]
        if not ways:
            problem = f"No way of id.gov.ua in auth_types is valued {wanted.assurance} under assurance."
            raise LoginRefused(problem, reason="too_little_assurance")
        asked = {
            "response_type": "code",
            "client_id": self.settings.client_id,
            "auth_type": ",".join(ways),
            "state": wanted.relay,
            "redirect_uri": f"{self._surroundings.address}/callback",
        }
        state = {"relay": wanted.relay, "assurance": str(wanted.assurance)}
        return Sent(f"{self.settings.base_url}/?{urlencode(asked)}", state=state)

    async def finish(self, answer: Answer, state: Mapping[str, Any], now: datetime) -> Identity:
        refuse_duplicates(answer)
        if answer.endpoint != "callback" or not same(answer.query.get("state"), str(state["relay"])):
            raise LoginRefused("The answer belongs to no login of ours.", reason="unsolicited")
        code = read_answer(answer.query)
        access_token, user_id = await self._access_token(code)
        fields = await self._user_info(access_token, user_id)
        identity = self._identity(fields, code, now, {"access_token": access_token, "user_id": user_id})
        if not identity.assurance.satisfies(Assurance(state["assurance"])):
            problem = f"The login is of level {identity.assurance}, wanted was {state['assurance']}."
            raise LoginRefused(problem, reason="too_little_assurance")
        return identity

    async def logout(self, logout: Mapping[str, str], relay: str, now: datetime) -> Sent | None:
        """Between the two servers, so there is nothing to send a browser to: always None. Raises RemoteError."""
        if "access_token" in logout:
            query = {name: logout[name] for name in ("access_token", "user_id")}
            answer = await self._ask("/get-user-logout", urlencode(query))
            # "0" says that it worked. Anything else, also nothing, leaves the session there open.
            if str(answer.get("error")) != "0":
                raise RemoteFault(f"id.gov.ua did not end the session: {error_code(answer.get('error'))}.")
        return None

    async def told(self, answer: Answer, now: datetime) -> LogoutAsked | LogoutDone:
        raise LoginRefused("id.gov.ua sends nothing about logouts.", reason="unsolicited")

    async def metadata(self, now: datetime) -> None:
        """There is none: the operator is told the address of return by letter."""

    async def check(self) -> list[CheckStep]:
        """Settings, then connection; whether it accepts our secret only a login can show."""
        try:
            self._http.prepare()
            self._surroundings.secret(self.settings.client_secret.secret)
            self._certificate()
        except ConfigurationError as error:
            return [CheckStep("settings", ok=False, detail=str(error))]
        steps = [CheckStep("settings", ok=True, detail=f"Calls {shown_url(self.settings.base_url)}.")]
        try:
            reply = await self._http.send("GET", f"{self.settings.base_url}/", repeatable=False)
        except HubError as error:
            return [*steps, CheckStep("connection", ok=False, detail=str(error))]
        return [*steps, CheckStep("connection", ok=True, detail=f"It answers ({reply.status}).")]

    async def close(self) -> None:
        await self._http.close()

    async def _access_token(self, code: str) -> tuple[str, str]:
        secret = self._surroundings.secret(self.settings.client_secret.secret).get_secret_value()
        query = {
            "grant_type": "authorization_code",
            "client_id": self.settings.client_id,
            "client_secret": secret,
            "code": code,
        }
        answer = await self._ask("/get-access-token", urlencode(query))
        self._refuse_error(answer, "gave no token")
        token, user_id = answer.get("access_token"), answer.get("user_id")
        user_id = str(user_id) if isinstance(user_id, int) and not isinstance(user_id, bool) else user_id
        if not all(isinstance(one, str) and 0 < len(one) <= 4_000 and one.isprintable() for one in (token, user_id)):
            raise RemoteGarbage("id.gov.ua answered /get-access-token without access_token and user_id.")
        return str(token), str(user_id)

    async def _user_info(self, access_token: str, user_id: str) -> Mapping[str, Any]:
        query = {"access_token": access_token, "user_id": user_id, "fields": ",".join(person.ASKED)}
        # The certificate is encoded twice: a + in it is a space again after the first decoding over there.
        answer = await self._ask(
            "/get-user-info", f"{urlencode(query)}&cert={quote(quote(self._certificate(), ''), '')}"
        )
        self._refuse_error(answer, "gave no data of the person")
        if "encryptedUserInfo" in answer:
            answer = await self._decrypted(answer["encryptedUserInfo"])
            self._refuse_error(answer, "gave no data of the person")
        elif self.settings.decryptor:
            raise LoginRefused("id.gov.ua sent personal data unencrypted although asked otherwise.", reason="malformed")
        return answer

    async def _decrypted(self, envelope: Any) -> Mapping[str, Any]:
        decryptor = self.settings.decryptor
        if decryptor is None:
            problem = "id.gov.ua encrypts personal data to this client (encryptedUserInfo, DSTU) and no decryptor is"
            remedy = "configured. Configure one, or have the operator turn encryption off for the client."
            raise LoginRefused(f"{problem} {remedy}", reason="unavailable")
        try:
            content = base64.b64decode(envelope, validate=True)
        except (ValueError, TypeError):
            raise LoginRefused("encryptedUserInfo of id.gov.ua is not base64.", reason="malformed") from None
        headers = {"content-type": "application/pkcs7-mime", "accept": "application/json"}
        reply = await self._http.send("POST", decryptor.url, headers=headers, content=content)
        raise_for(reply)
        return reply_object(reply)

    def _certificate(self) -> str:
        """Base64 of our certificate for encryption; empty where data come plain. Raises ConfigurationError."""
        if self.settings.decryptor is None:
            return ""
        file = self._surroundings.folder / self.settings.decryptor.certificate
        try:
            found = _CERTIFICATE.search(file.read_text("ascii"))
        except (OSError, ValueError):
            found = None
        if found is None:
            raise ConfigurationError(
                f"{file} is not a certificate in PEM",
                key="decryptor.certificate",
                remedy="Put the certificate there that the operator may encrypt to.",
            )
        return "".join(found[1].split())

    async def _ask(self, path: str, query: str) -> Mapping[str, Any]:
        """Codes and tokens in a query are the operator's choice; they stand in no error text of ours."""
        url = f"{self.settings.base_url}{path}"
        reply = await self._http.send(
            "POST", f"{url}?{query}", headers={"accept": "application/json"}, repeatable=False
        )
        raise_for(reply)
        return reply_object(reply)

    def _refuse_error(self, answer: Mapping[str, Any], what: str) -> None:
        """An `error` comes with status 200, and "0" is none."""
        error = answer.get("error")
        if error is None or str(error) in ("", "0"):
            return
        reason = "expired" if error == "invalid_grant" else "failed"
        raise LoginRefused(f"id.gov.ua {what}: {error_code(error)}.", reason=reason)

    def _identity(self, fields: Mapping[str, Any], code: str, now: datetime, logout: Mapping[str, str]) -> Identity:
        numbers = person.person_of(fields)
        read = read_person(fields, person.TABLE)
        scheme, number = numbers[0]
        given = " ".join(name for name in (read.given_name, text_of(fields, "middlename")) if name) or None
        return Identity(
            provider=self._surroundings.eid,
            # `user_id` is not said to stay the same from login to login; her own number does.
            subject=f"{scheme}:{number}",
            assurance=self.settings.assurance.of(text_of(fields, "auth_type"), qualified=person.is_qualified(fields)),
            kind="person",
            authenticated_at=now,
            identifiers=tuple(numbers),
            given_name=given,
            family_name=read.family_name,
            email=read.email,
            phone=read.phone,
            represents=person.organisation_of(fields) if self.settings.organisations else None,
            once=((f"code:{hashlib.sha256(code.encode()).hexdigest()}", now + _CODE_LIVES),),
            logout=logout,
            unknown=read.unknown,
        )
