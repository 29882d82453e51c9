"""We at the issuer: exchanging a code for tokens, asking for claims, proving that it is us."""

from __future__ import annotations

import base64
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote_plus, urlencode

from joserfc import jwt
from joserfc.errors import JoseError
from pydantic import SecretStr

from hub.kernel.errors import ConfigurationError, LoginRefused, RemoteFault, RemoteGarbage, RemoteRefused
from hub.kit.http import Http, Reply, raise_for
from identity.oidc.documents import json_object, reply_object
from identity.oidc.issuer import Metadata
from identity.oidc.settings import ClientSecret, OidcSettings, PrivateKeyJwt
from identity.oidc.tokens import SigningRegistry, private_key

_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
_BEARER = re.compile(r"[A-Za-z0-9._~+/-]+=*")  # RFC 6750 §2.1; anything else could break out of the header
_CODE = re.compile(r"[a-z0-9_]{1,60}")


@dataclass(frozen=True, slots=True)
class Tokens:
    """A token reply (OpenID Connect Core 1.0 §3.1.3.3). `id_token` is not yet judged."""

    id_token: Any = field(repr=False)
    access_token: str = field(repr=False)


class Client:
    def __init__(self, settings: OidcSettings, http: Http, secret: Callable[[str], SecretStr]) -> None:
        self._settings = settings
        self._http = http
        self._secret = secret

    async def exchange(
        self, metadata: Metadata, *, code: str, verifier: str, redirect_uri: str, now: datetime
    ) -> Tokens:
        """Tokens for a code, once: a code works once, so the request is never repeated.

        Raises LoginRefused (`expired`: the code is not, or no longer, good), RemoteError, ConfigurationError.
        """
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": verifier,
        }
        headers, proof = self._proof(metadata.token_endpoint, now)
        headers |= {"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
        content = urlencode(form | proof).encode()
        reply = await self._http.send(
            "POST", metadata.token_endpoint, headers=headers, content=content, repeatable=False
        )
        if reply.status in (400, 401, 403):
            raise self._refusal(reply)
        raise_for(reply)
        answer = reply_object(reply)
        token, kind = answer.get("access_token"), str(answer.get("token_type", ""))
        if not isinstance(token, str) or not _BEARER.fullmatch(token) or kind.lower() != "bearer":
            problem = f"{reply.url} answered without a bearer token (OpenID Connect Core 1.0 §3.1.3.3)."
            raise RemoteGarbage(problem, evidence=reply.evidence)
        return Tokens(answer.get("id_token"), token)

    async def userinfo(self, url: str, access_token: str) -> Reply:
        """The claims as they came, JSON or a token (Core §5.3). Raises RemoteError."""
        headers = {"authorization": f"Bearer {access_token}", "accept": "application/json, application/jwt"}
        reply = await self._http.send("GET", url, headers=headers)
        raise_for(reply)
        return reply

    def prepare(self) -> None:
        """Looks up what proves us. Raises ConfigurationError."""
        self._proof(self._settings.issuer, datetime.fromtimestamp(0).astimezone())

    def _proof(self, audience: str, now: datetime) -> tuple[dict[str, str], dict[str, str]]:
        """Headers and form fields that say who we are (Core §9)."""
        ours, client_id = self._settings.client_auth, self._settings.client_id
        if isinstance(ours, PrivateKeyJwt):
            assertion = self._assertion(ours, audience, now)
            return {}, {"client_id": client_id, "client_assertion_type": _ASSERTION, "client_assertion": assertion}
        value = self._secret(ours.client_secret.secret).get_secret_value()
        if ours.kind == "client_secret_post":
            return {}, {"client_id": client_id, "client_secret": value}
        # RFC 6749 §2.3.1: both parts are form-encoded before they are joined.
        pair = f"{quote_plus(client_id)}:{quote_plus(value)}".encode()
        return {"authorization": f"Basic {base64.b64encode(pair).decode()}"}, {}

    def _assertion(self, ours: PrivateKeyJwt, audience: str, now: datetime) -> str:
        parameters = {"kid": ours.kid} if ours.kid else {}
        key = private_key(ours.key, self._secret, place="client_auth.key", **parameters)
        client_id = self._settings.client_id
        claims = {
            "iss": client_id,
            "sub": client_id,
            "aud": audience,
            "jti": secrets.token_urlsafe(32),
            "iat": int(now.timestamp()),
            "exp": int((now + timedelta(minutes=1)).timestamp()),
        }
        registry = SigningRegistry(algorithms=[ours.algorithm])
        try:
            return jwt.encode({"alg": ours.algorithm, **parameters}, claims, key, registry=registry)
        except (JoseError, ValueError, TypeError):
            raise ConfigurationError(
                f"the secret {ours.key.secret!r} is not a key for {ours.algorithm}",
                key="client_auth.algorithm",
                remedy="Write the algorithm of the key: RS or PS for RSA, ES for EC, EdDSA for Ed25519.",
            ) from None

    def _refusal(self, reply: Reply) -> Exception:
        """RFC 6749 §5.2. The issuer's own words may hold anything; only the code is passed on."""
        try:
            code = json_object(reply.content).get("error")
        except ValueError:
            code = None
        shown = error_code(code)
        if code == "invalid_grant":
            text = "The issuer no longer accepts the code (invalid_grant): used before, too old, or not ours."
            return LoginRefused(text, reason="expired")
        if reply.status != 400 or code in ("invalid_client", "unauthorized_client"):
            kind = "secret" if isinstance(self._settings.client_auth, ClientSecret) else "key"
            text = f"{reply.url} does not accept the client {self._settings.client_id!r} and its {kind}: {shown}."
            return RemoteRefused(text)
        return RemoteFault(f"{reply.url} answered {reply.status}: {shown}.")


def error_code(code: Any) -> str:
    """An error code as it may be shown: the issuer's, where it looks like one."""
    return code if isinstance(code, str) and _CODE.fullmatch(code) else "no error code"
