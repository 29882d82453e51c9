"""An OpenID Connect issuer on loopback, with keys of its own and every misbehaviour a test asks for.

async with issuing(now) as issuer:
    issuer.claims["acr"] = …                    # what the next id_token says besides the protocol's claims
    issuer.change = lambda claims: …            # the id_token's claims just before they are signed
    issuer.sign = lambda claims: "a.b."         # in place of its signature
    issuer.reply["/token"] = answer(b"…", 500)  # in place of an endpoint
    back = await issuer.sign_in(sent.url)       # the person agrees: the query her browser comes back with
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import warnings
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any
from urllib.parse import parse_qsl, unquote_plus, urlencode, urlsplit

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa
from joserfc import jwe, jws, jwt
from joserfc.jwk import ECKey, OKPKey, RSAKey

from tests.support.http_server import Answer, Handler, Request, Server, serve

AnyKey = RSAKey | ECKey | OKPKey
Claims = dict[str, Any]
CLIENT, SECRET = "pregrada", "a secret: ž+/%"


@cache
def key(kind: str, kid: str) -> AnyKey:
    """Made once per run: the making of RSA keys is slow."""
    parameters = {"kid": kid}
    if kind == "RSA":
        return RSAKey.generate_key(2048, parameters)
    if kind == "RSA-1024":
        short = rsa.generate_private_key(public_exponent=65537, key_size=1024)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return RSAKey.import_key(short, parameters)
    if kind == "Ed25519":
        return OKPKey.generate_key("Ed25519", parameters)
    return ECKey.generate_key(kind, parameters)


def signed(claims: Mapping[str, Any], by: Any, algorithm: str, **header: Any) -> str:
    """A compact JWS; header fields that are None are left out."""
    head = {"alg": algorithm, "kid": by.kid, **header}
    registry = jws.JWSRegistry(algorithms=[algorithm], strict_check_header=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # The library calls EdDSA and none deprecated, and so they are.
        return jws.serialize_compact(
            {name: value for name, value in head.items() if value is not None},
            json.dumps(dict(claims)).encode(),
            by,
            registry=registry,
        )


def by_hand(header: Mapping[str, Any], claims: Mapping[str, Any], signature: bytes = b"") -> str:
    parts = (json.dumps(dict(header)).encode(), json.dumps(dict(claims)).encode(), signature)
    return ".".join(base64.urlsafe_b64encode(part).rstrip(b"=").decode() for part in parts)


def encrypted(inner: str, to: Any, algorithm: str, content: str = "A256GCM", **header: Any) -> str:
    registry = jwe.JWERegistry(algorithms=[algorithm, content, "DEF"])
    return jwe.encrypt_compact({"alg": algorithm, "enc": content, **header}, inner.encode(), to, registry=registry)


def left_half(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest[: len(digest) // 2]).rstrip(b"=").decode()


@dataclass
class Issuer:
    server: Server
    now: datetime
    algorithm: str = "ES256"
    signing: AnyKey = field(default_factory=lambda: key("P-256", "one"))
    published: list[Any] = field(default_factory=list)
    claims: Claims = field(default_factory=lambda: {"acr": "http://eidas.europa.eu/LoA/substantial"})
    userinfo: Claims | None = None
    discovery: Claims = field(default_factory=dict)
    change: Callable[[Claims], Claims] = lambda claims: claims
    sign: Callable[[Claims], str] | None = None
    wrap: Callable[[str], str] = lambda token: token
    reply: dict[str, Handler] = field(default_factory=dict)
    auth: str = "client_secret_basic"
    client_key: Any = None
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    asked: list[dict[str, str]] = field(default_factory=list)
    callers: list[Callable[[], Awaitable[None]]] = field(default_factory=list)
    """What to close before the issuer goes away."""

    @property
    def name(self) -> str:
        return f"{self.server.url}/realm"

    def calls(self, path: str) -> int:
        return sum(request.path == path for request in self.server.requests)

    def document(self) -> Claims:
        endpoints = {"authorization_endpoint": "authorize", "token_endpoint": "token", "userinfo_endpoint": "userinfo"}
        base = {name: f"{self.server.url}/{path}" for name, path in endpoints.items()}
        base |= {"end_session_endpoint": f"{self.server.url}/logout", "jwks_uri": f"{self.server.url}/jwks"}
        whole = {"issuer": self.name, **base, "scopes_supported": ["openid"], **self.discovery}
        return {name: value for name, value in whole.items() if value is not None}

    def signature(self, claims: Claims, **header: Any) -> str:
        return signed(claims, self.signing, self.algorithm, **header)

    def protocol_claims(self, nonce: str, access_token: str) -> Claims:
        seconds = int(self.now.timestamp())
        name = "sha512" if self.algorithm == "EdDSA" else f"sha{self.algorithm[2:]}"
        digest = hashlib.new(name, access_token.encode()).digest()
        times = {"iat": seconds, "exp": seconds + 300, "auth_time": seconds}
        who = {"iss": self.name, "sub": "person-1", "aud": CLIENT, "nonce": nonce, "sid": "session-1"}
        return {**who, **times, "at_hash": left_half(digest)}

    async def sign_in(self, url: str) -> dict[str, str]:
        """The browser at the authorization endpoint: the query it is sent back with."""
        async with httpx.AsyncClient(trust_env=False) as browser:
            reply = await browser.get(url)
        assert reply.status_code == 302, reply.text
        return dict(parse_qsl(urlsplit(reply.headers["location"]).query))

    async def handle(self, request: Request) -> Answer | None:
        if other := self.reply.get(request.path):
            return await other(request)
        match request.path:
            case "/realm/.well-known/openid-configuration":
                return _json(self.document())
            case "/jwks":
                listed = self.published or [self.signing]
                return _json(
                    {"keys": [one if isinstance(one, dict | str) else one.as_dict(private=False) for one in listed]}
                )
            case "/authorize":
                return self._authorize(request)
            case "/token":
                return self._token(request)
            case "/userinfo":
                return self._userinfo(request)
        return Answer(status=404)

    def _authorize(self, request: Request) -> Answer:
        asked = dict(parse_qsl(request.query))
        assert asked["response_type"] == "code"
        assert asked["client_id"] == CLIENT
        self.asked.append(asked)
        code = f"code-{len(self.codes)}"
        self.codes[code] = asked
        back = {"code": code, "state": asked["state"], "iss": self.name}
        return Answer(status=302, headers={"location": f"{asked['redirect_uri']}?{urlencode(back)}"})

    def _token(self, request: Request) -> Answer:
        form = dict(parse_qsl(request.body.decode()))
        if not self._is_the_client(request, form):
            return _json({"error": "invalid_client"}, 401)
        asked = self.codes.pop(form["code"], None)
        verifier = hashlib.sha256(form["code_verifier"].encode()).digest()
        challenge = base64.urlsafe_b64encode(verifier).rstrip(b"=").decode()
        if (
            asked is None
            or asked["redirect_uri"] != form["redirect_uri"]
            or asked["code_challenge_method"] != "S256"
            or asked["code_challenge"] != challenge
        ):
            return _json({"error": "invalid_grant", "error_description": "of Ana Anić"}, 400)
        claims = self.change(self.protocol_claims(asked["nonce"], "access-1") | self.claims)
        token = self.wrap(self.sign(claims) if self.sign else self.signature(claims))
        return _json({"access_token": "access-1", "token_type": "Bearer", "expires_in": 60, "id_token": token})

    def _is_the_client(self, request: Request, form: dict[str, str]) -> bool:
        if self.auth == "client_secret_basic":
            scheme, _, pair = request.headers.get("authorization", "").partition(" ")
            client, _, secret = base64.b64decode(pair).decode().partition(":")
            return (scheme, unquote_plus(client), unquote_plus(secret)) == ("Basic", CLIENT, SECRET)
        if "authorization" in request.headers:
            return False
        if self.auth == "client_secret_post":
            return (form.get("client_id"), form.get("client_secret")) == (CLIENT, SECRET)
        proof = jwt.decode(form["client_assertion"], self.client_key, algorithms=["PS256"])
        seconds = int(self.now.timestamp())
        return (
            form["client_assertion_type"] == "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
            and len(proof.claims.pop("jti")) == 43
            and proof.header == {"typ": "JWT", "alg": "PS256", "kid": "ours"}
            and proof.claims
            == {
                "iss": CLIENT,
                "sub": CLIENT,
                "aud": f"{self.server.url}/token",
                "iat": seconds,
                "exp": seconds + 60,
            }
        )

    def _userinfo(self, request: Request) -> Answer:
        if request.headers.get("authorization") != "Bearer access-1":
            return Answer(status=401)
        return _json(self.userinfo if self.userinfo is not None else {"sub": "person-1"})


def by_public_key(claims: Mapping[str, Any], public: AnyKey) -> str:
    """HS256 with the public key, which everybody can download, as the secret: the oldest confusion of algorithms."""
    token = by_hand({"alg": "HS256", "kid": public.kid}, claims).rstrip(".")
    digest = hmac.digest(public.as_pem(private=False), token.encode(), "sha256")
    return f"{token}.{base64.urlsafe_b64encode(digest).rstrip(b'=').decode()}"


@asynccontextmanager
async def issuing(now: datetime) -> AsyncIterator[Issuer]:
    async def handle(request: Request) -> Answer | None:
        return await issuer.handle(request)

    async with serve(handle) as server:
        issuer = Issuer(server, now)
        try:
            yield issuer
        finally:
            for close in issuer.callers:
                await close()


def _json(document: Mapping[str, Any], status: int = 200) -> Answer:
    return Answer(json.dumps(dict(document)).encode(), status, {"content-type": "application/json"})
