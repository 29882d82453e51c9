"""The relying party: authorization code flow with PKCE, logout both ways.

OpenID Connect Core 1.0, RFC 7636 (PKCE), RFC 9207 (`iss` in the answer), Form Post Response Mode 1.0, RP-Initiated
Logout 1.0, Back-Channel Logout 1.0, RFC 9700 (security). A provider inherits from RelyingParty and says which claim
is what, and what its words about assurance are worth.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from joserfc.jwk import ECKey, OKPKey, RSAKey
from pydantic import BaseModel

from hub.kernel.assurance import Assurance
from hub.kernel.errors import LoginRefused
from hub.kit.redaction import shown_url
from hub.ports.back_office import CheckStep
from hub.ports.eid import Answer, EidSurroundings, Identity, LogoutAsked, LogoutDone, Sent, Wanted
from identity.oidc.answers import read_answer, refuse_duplicates
from identity.oidc.checking import check_issuer
from identity.oidc.checks import (
    Asked,
    Expected,
    check_id_token,
    check_logout_token,
    check_parties,
    same,
    subject_of,
)
from identity.oidc.claims import PROTOCOL, ClaimTable, read_person
from identity.oidc.client import Client, Tokens
from identity.oidc.documents import reply_object
from identity.oidc.issuer import Issuer, Metadata
from identity.oidc.settings import OidcSettings, PrivateKeyJwt, refuse_plain_http
from identity.oidc.tokens import Token, TokenReader, private_key

# Until when a code could be offered once more; RFC 6749 §4.1.2 lets a code live ten minutes at most.
_CODE_LIVES = timedelta(minutes=10)
_LOGOUT_TYPES = ("jwt", "logout+jwt")


class RelyingParty:
    """One issuer for one town. See hub/ports/eid.py for the methods."""

    Settings: type[BaseModel] = OidcSettings

    def __init__(self, settings: OidcSettings, surroundings: EidSurroundings) -> None:
        if surroundings.live:
            ours = settings.endpoints.model_dump() if settings.endpoints else {}
            urls = {"issuer": settings.issuer, "discovery": settings.discovery}
            refuse_plain_http(urls | {f"endpoints.{name}": url for name, url in ours.items()})
            refuse_plain_http({f"hosts.{number}": url for number, url in enumerate(settings.hosts)})
        self.settings = settings
        self._surroundings = surroundings
        self._issuer = Issuer(settings, surroundings)
        self._tokens = TokenReader(settings, self._issuer, surroundings.secret)
        self._client = Client(settings, self._issuer.http, surroundings.secret)

    def table(self) -> ClaimTable:
        """Which claim is what."""
        return ClaimTable()

    def assurance(self, claims: Mapping[str, Any]) -> Assurance:
        """What a login is worth, by its `acr`: the settings' table, then the three names of eIDAS.

        Raises LoginRefused (`unknown_assurance`).
        """
        acr = claims.get("acr")
        if acr is None and self.settings.without_acr is not None:
            return self.settings.without_acr
        if isinstance(acr, str) and (level := self.settings.acr.get(acr) or Assurance.from_acr(acr)):
            return level
        shown = repr(acr[:100]) if isinstance(acr, str) and acr.isprintable() else "none"
        problem = f"The id_token's acr is {shown}; write what it is worth under acr, or without_acr for none."
        raise LoginRefused(problem, reason="unknown_assurance")

    async def begin(self, wanted: Wanted) -> Sent:
        settings = self.settings
        metadata = await self._issuer.metadata(wanted.now)
        nonce, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        max_age = timedelta() if wanted.force else settings.max_age
        asked = {
            "response_type": "code",
            "client_id": settings.client_id,
            "redirect_uri": self._redirect_uri,
            "scope": " ".join(settings.scopes),
            "state": wanted.relay,
            "nonce": nonce,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
            "ui_locales": wanted.language,
        }
        if settings.response_mode != "query":
            asked["response_mode"] = settings.response_mode
        if wanted.force:
            asked["prompt"] = "login"
        if max_age is not None:
            asked["max_age"] = str(int(max_age.total_seconds()))
        if enough := self._enough(wanted.assurance):
            asked["acr_values"] = " ".join(enough)
        state = {
            "relay": wanted.relay,
            "nonce": nonce,
            "verifier": verifier,
            "begun": wanted.now.isoformat(),
            "max_age": None if max_age is None else max_age.total_seconds(),
            "assurance": str(wanted.assurance),
        }
        return Sent(_with_query(metadata.authorization_endpoint, asked), state=state)

    async def finish(self, answer: Answer, state: Mapping[str, Any], now: datetime) -> Identity:
        fields = answer.form if self.settings.response_mode == "form_post" else answer.query
        refuse_duplicates(answer)
        if answer.endpoint != "callback" or not same(fields.get("state"), str(state["relay"])):
            raise LoginRefused("The answer belongs to no login of ours.", reason="unsolicited")
        metadata = await self._issuer.metadata(now)
        self._check_issuer_of(fields, metadata)
        code = read_answer(fields)
        tokens = await self._client.exchange(
            metadata, code=code, verifier=str(state["verifier"]), redirect_uri=self._redirect_uri, now=now
        )
        max_age = state["max_age"]
        asked = Asked(
            nonce=str(state["nonce"]),
            begun=datetime.fromisoformat(state["begun"]),
            max_age=None if max_age is None else timedelta(seconds=max_age),
        )
        token = await self._tokens.read(tokens.id_token, now, what="id_token")
        authenticated_at = check_id_token(
            token.claims, self._expected(now), asked, algorithm=token.algorithm, access_token=tokens.access_token
        )
        # What the id_token says is about this login; userinfo adds to it and changes nothing of it.
        claims = {**await self._userinfo(metadata, tokens, token, now), **token.claims}
        identity = self._identity(claims, token, authenticated_at, code, now)
        if not identity.assurance.satisfies(Assurance(state["assurance"])):
            problem = f"The login is of level {identity.assurance}, wanted was {state['assurance']}."
            raise LoginRefused(problem, reason="too_little_assurance")
        return identity

    async def logout(self, logout: Mapping[str, str], relay: str, now: datetime) -> Sent | None:
        if not self.settings.end_session or "id_token" not in logout:
            return None
        metadata = await self._issuer.metadata(now)
        if metadata.end_session_endpoint is None:
            return None
        asked = {
            "id_token_hint": logout["id_token"],
            "client_id": self.settings.client_id,
            "post_logout_redirect_uri": f"{self._surroundings.address}/slo",
            "state": relay,
        }
        return Sent(_with_query(metadata.end_session_endpoint, asked))

    async def told(self, answer: Answer, now: datetime) -> LogoutAsked | LogoutDone:
        """`GET slo`: the browser is back from a logout of ours. `POST slo` with a logout_token: the issuer itself."""
        if answer.method == "GET":
            return LogoutDone(answer.query.get("state"), complete=True)
        token = await self._tokens.read(answer.form.get("logout_token"), now, what="logout token", types=_LOGOUT_TYPES)
        told = check_logout_token(token.claims, self._expected(now))
        return LogoutAsked(
            name_id=told.subject,
            session_index=told.session,
            once=((f"logout:{told.token_id}", told.until),),
            # Back-Channel Logout 1.0 §2.8: the status says it; a body explains a failure.
            reply=lambda done: b"" if done else b'{"error":"invalid_request"}',
        )

    async def metadata(self, now: datetime) -> tuple[str, bytes]:
        """What the issuer's operator registers, as client metadata (RFC 7591 §2)."""
        settings, address = self.settings, self._surroundings.address
        document: dict[str, Any] = {
            "client_id": settings.client_id,
            "application_type": "web",
            "grant_types": ["authorization_code"],
            "response_types": ["code"],
            "redirect_uris": [self._redirect_uri],
            "post_logout_redirect_uris": [f"{address}/slo"],
            "backchannel_logout_uri": f"{address}/slo",
            "backchannel_logout_session_required": False,
            "scope": " ".join(settings.scopes),
            "token_endpoint_auth_method": settings.client_auth.kind,
        }
        if keys := self._public_keys():
            document["jwks"] = {"keys": keys}
        return "application/json", json.dumps(document, indent=2).encode()

    async def check(self) -> list[CheckStep]:
        return await check_issuer(self.settings, self._issuer, (self._client.prepare, self._tokens.prepare))

    async def close(self) -> None:
        await self._issuer.close()

    @property
    def _redirect_uri(self) -> str:
        return f"{self._surroundings.address}/callback"

    def _expected(self, now: datetime) -> Expected:
        settings = self.settings
        return Expected(settings.issuer, settings.client_id, settings.trusted_audiences, settings.clock_skew, now)

    def _enough(self, wanted: Assurance) -> list[str]:
        """The issuer's names of levels that satisfy `wanted`, the lowest first, which is preferred (Core §3.1.2.1)."""
        order = list(Assurance)
        enough = [acr for acr, level in self.settings.acr.items() if level.satisfies(wanted)]
        return sorted(enough, key=lambda acr: order.index(self.settings.acr[acr]))

    def _check_issuer_of(self, fields: Mapping[str, str], metadata: Metadata) -> None:
        """RFC 9207 §2.4: an answer of another issuer must not make us send its code to this one."""
        given = fields.get("iss")
        if given is None and not metadata.authorization_response_iss_parameter_supported:
            return
        if not same(given, metadata.issuer):
            shown = repr(shown_url(given)[:100]) if given else "none"
            raise LoginRefused(f"The answer names the issuer {shown}.", reason="wrong_issuer")

    async def _userinfo(self, metadata: Metadata, tokens: Tokens, token: Token, now: datetime) -> Mapping[str, Any]:
        """Claims of userinfo, about the same person (Core §5.3.2); signed or plain."""
        if not self.settings.userinfo or metadata.userinfo_endpoint is None:
            return {}
        reply = await self._client.userinfo(metadata.userinfo_endpoint, tokens.access_token)
        claims: Mapping[str, Any]
        if reply.media_type == "application/jwt":
            signed = await self._tokens.read(reply.content.decode("latin-1"), now, what="userinfo token")
            claims = signed.claims
            check_parties(claims, self._expected(now), "userinfo token")
        else:
            claims = reply_object(reply)
        if not same(claims.get("sub"), subject_of(token.claims, "id_token")):
            raise LoginRefused("Userinfo is about somebody else than the id_token.", reason="bad_signature")
        return {name: value for name, value in claims.items() if name not in PROTOCOL}

    def _identity(
        self, claims: Mapping[str, Any], token: Token, authenticated_at: datetime, code: str, now: datetime
    ) -> Identity:
        person = read_person(claims, self.table())
        subject = subject_of(token.claims, "id_token")
        session, methods = token.claims.get("sid"), token.claims.get("amr")
        logout = {"name_id": subject, "id_token": token.compact}
        if isinstance(session, str) and 0 < len(session) <= 255:
            logout["session_index"] = session
        return Identity(
            provider=self._surroundings.eid,
            subject=subject,
            assurance=self.assurance(claims),
            kind="person",
            authenticated_at=authenticated_at,
            identifiers=person.identifiers,
            given_name=person.given_name,
            family_name=person.family_name,
            birth_date=person.birth_date,
            email=person.email,
            phone=person.phone,
            methods=tuple(one for one in methods if isinstance(one, str)) if isinstance(methods, list) else (),
            once=((f"code:{hashlib.sha256(code.encode()).hexdigest()}", now + _CODE_LIVES),),
            logout=logout,
            unknown=person.unknown,
        )

    def _public_keys(self) -> list[Any]:
        settings, found = self.settings, list[RSAKey | ECKey | OKPKey]()
        secret = self._surroundings.secret
        if isinstance(settings.client_auth, PrivateKeyJwt):
            named = {"use": "sig"} | ({"kid": settings.client_auth.kid} if settings.client_auth.kid else {})
            found.append(private_key(settings.client_auth.key, secret, place="client_auth.key", **named))
        if settings.decryption:
            for reference in settings.decryption.keys:
                found.append(private_key(reference, secret, place="decryption.keys", use="enc"))
        return [key.as_dict(private=False, kid=key.kid or key.thumbprint()) for key in found]


def _with_query(url: str, fields: Mapping[str, str]) -> str:
    return f"{url}{'&' if '?' in url else '?'}{urlencode(fields)}"
